//! zwp_tablet_manager_v2 (tablet-v2, stable, version 1): there for programs that want to know of
//! drawing tablets. Viewers have none, so the seat never gets one.

use smithay::reexports::wayland_protocols::wp::tablet::zv2::server::zwp_tablet_manager_v2::{
    Request, ZwpTabletManagerV2,
};
use smithay::reexports::wayland_protocols::wp::tablet::zv2::server::zwp_tablet_seat_v2::{
    self, ZwpTabletSeatV2,
};
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New,
};

use crate::state::Offing;

/// Offers the protocol.
pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwpTabletManagerV2, ()>(1, ());
}

impl GlobalDispatch<ZwpTabletManagerV2, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ZwpTabletManagerV2>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }
}

impl Dispatch<ZwpTabletManagerV2, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _manager: &ZwpTabletManagerV2,
        request: Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let Request::GetTabletSeat { tablet_seat, .. } = request {
            init.init(tablet_seat, ());
        }
    }
}

impl Dispatch<ZwpTabletSeatV2, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _seat: &ZwpTabletSeatV2,
        _request: zwp_tablet_seat_v2::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
    }
}
