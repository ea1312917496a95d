//! zwp_idle_inhibit_manager_v1 (unstable, version 1). smithay 0.7 says nothing of the inhibitors of
//! a client that is gone.

use smithay::reexports::wayland_protocols::wp::idle_inhibit::zv1::server::zwp_idle_inhibit_manager_v1::{
    Request, ZwpIdleInhibitManagerV1,
};
use smithay::reexports::wayland_protocols::wp::idle_inhibit::zv1::server::zwp_idle_inhibitor_v1::{
    self, ZwpIdleInhibitorV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New,
};

use crate::clients::devices::Device;
use crate::state::Offing;

/// Offers the protocol.
pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwpIdleInhibitManagerV1, ()>(1, ());
}

impl GlobalDispatch<ZwpIdleInhibitManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ZwpIdleInhibitManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }
}

impl Dispatch<ZwpIdleInhibitManagerV1, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        _manager: &ZwpIdleInhibitManagerV1,
        request: Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let Request::CreateInhibitor { id, surface } = request {
            let inhibitor = init.init(id, ());
            state.inhibit_idleness(inhibitor, surface);
            state.device_made(client, Device::IdleInhibitor);
        }
    }
}

impl Dispatch<ZwpIdleInhibitorV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _inhibitor: &ZwpIdleInhibitorV1,
        _request: zwp_idle_inhibitor_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
    }

    fn destroyed(state: &mut Self, client: ClientId, inhibitor: &ZwpIdleInhibitorV1, _data: &()) {
        state.device_destroyed(client, Device::IdleInhibitor);
        state.end_inhibition(inhibitor);
    }
}
