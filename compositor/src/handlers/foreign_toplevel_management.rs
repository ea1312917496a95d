//! zwlr_foreign_toplevel_manager_v1 (unstable, version 3).

use smithay::reexports::wayland_protocols_wlr::foreign_toplevel::v1::server::zwlr_foreign_toplevel_handle_v1::{
    self, ZwlrForeignToplevelHandleV1,
};
use smithay::reexports::wayland_protocols_wlr::foreign_toplevel::v1::server::zwlr_foreign_toplevel_manager_v1::{
    self, ZwlrForeignToplevelManagerV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource,
};

use crate::clients::devices::Device;
use crate::clients::socket::is_trusted;
use crate::state::Offing;
use crate::toplevels::Manager;
use crate::window::Fill;

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwlrForeignToplevelManagerV1, ()>(3, ());
}

impl GlobalDispatch<ZwlrForeignToplevelManagerV1, ()> for Offing {
    fn bind(
        state: &mut Self,
        _display: &DisplayHandle,
        client: &Client,
        manager: New<ZwlrForeignToplevelManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        let manager = init.init(manager, ());
        state.device_made(client, Device::Toplevels);
        state.list_toplevels(client, Manager::Wlr(manager));
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ZwlrForeignToplevelManagerV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        manager: &ZwlrForeignToplevelManagerV1,
        request: zwlr_foreign_toplevel_manager_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        if let zwlr_foreign_toplevel_manager_v1::Request::Stop = request {
            // It is gone with that.
            manager.finished();
        }
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        _manager: &ZwlrForeignToplevelManagerV1,
        _data: &(),
    ) {
        state.device_destroyed(client, Device::Toplevels);
    }
}

impl Dispatch<ZwlrForeignToplevelHandleV1, WlSurface> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        handle: &ZwlrForeignToplevelHandleV1,
        request: zwlr_foreign_toplevel_handle_v1::Request,
        surface: &WlSurface,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        use zwlr_foreign_toplevel_handle_v1::Request;
        // A handle may be of a window that is gone.
        let Some(toplevel) = state.desktop.window(surface).map(|it| it.toplevel.clone()) else {
            return;
        };
        match request {
            Request::SetMaximized => state.show_filling(surface, Fill::Maximized),
            Request::UnsetMaximized => state.fill(&toplevel, Fill::Maximized, false),
            Request::SetFullscreen { .. } => state.show_filling(surface, Fill::Fullscreen),
            Request::UnsetFullscreen => state.fill(&toplevel, Fill::Fullscreen, false),
            Request::SetMinimized => state.minimize(surface),
            Request::UnsetMinimized | Request::Activate { .. } => state.activate(surface),
            Request::Close => toplevel.send_close(),
            Request::SetRectangle { width, height, .. } if width < 0 || height < 0 => {
                let error = zwlr_foreign_toplevel_handle_v1::Error::InvalidRectangle;
                handle.post_error(error, "a rectangle of less than no size");
            }
            // Windows do not fly.
            Request::SetRectangle { .. } => {}
            _ => {}
        }
    }
}
