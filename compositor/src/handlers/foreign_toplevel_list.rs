//! ext_foreign_toplevel_list_v1 (staging, version 1).

use smithay::reexports::wayland_protocols::ext::foreign_toplevel_list::v1::server::ext_foreign_toplevel_handle_v1::{
    self, ExtForeignToplevelHandleV1,
};
use smithay::reexports::wayland_protocols::ext::foreign_toplevel_list::v1::server::ext_foreign_toplevel_list_v1::{
    self, ExtForeignToplevelListV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New,
};

use crate::clients::devices::Device;
use crate::clients::socket::is_trusted;
use crate::state::Offing;
use crate::toplevels::Manager;

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ExtForeignToplevelListV1, ()>(1, ());
}

impl GlobalDispatch<ExtForeignToplevelListV1, ()> for Offing {
    fn bind(
        state: &mut Self,
        _display: &DisplayHandle,
        client: &Client,
        list: New<ExtForeignToplevelListV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        let list = init.init(list, ());
        state.device_made(client, Device::Toplevels);
        state.list_toplevels(client, Manager::Ext(list));
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ExtForeignToplevelListV1, ()> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        list: &ExtForeignToplevelListV1,
        request: ext_foreign_toplevel_list_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        if let ext_foreign_toplevel_list_v1::Request::Stop = request {
            state.toplevels.stop(list);
            list.finished();
        }
    }

    fn destroyed(state: &mut Self, client: ClientId, _list: &ExtForeignToplevelListV1, _data: &()) {
        state.device_destroyed(client, Device::Toplevels);
    }
}

impl Dispatch<ExtForeignToplevelHandleV1, WlSurface> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _handle: &ExtForeignToplevelHandleV1,
        _request: ext_foreign_toplevel_handle_v1::Request,
        _window: &WlSurface,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        // It can only be destroyed.
    }
}
