//! zwp_keyboard_shortcuts_inhibit_manager_v1 (unstable, version 1). smithay 0.7 looks through all
//! inhibitors of all clients for each; here each surface knows of its own.

use smithay::reexports::wayland_protocols::wp::keyboard_shortcuts_inhibit::zv1::server::zwp_keyboard_shortcuts_inhibit_manager_v1::{
    Error, Request, ZwpKeyboardShortcutsInhibitManagerV1,
};
use smithay::reexports::wayland_protocols::wp::keyboard_shortcuts_inhibit::zv1::server::zwp_keyboard_shortcuts_inhibitor_v1::{
    self, ZwpKeyboardShortcutsInhibitorV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource,
};

use crate::input::shortcuts;
use crate::state::Offing;

/// Offers the protocol.
pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwpKeyboardShortcutsInhibitManagerV1, ()>(1, ());
}

impl GlobalDispatch<ZwpKeyboardShortcutsInhibitManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ZwpKeyboardShortcutsInhibitManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }
}

impl Dispatch<ZwpKeyboardShortcutsInhibitManagerV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        manager: &ZwpKeyboardShortcutsInhibitManagerV1,
        request: Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let Request::InhibitShortcuts { id, surface, .. } = request {
            let inhibitor = init.init(id, surface.clone());
            if shortcuts::inhibit(&surface, true) {
                manager.post_error(Error::AlreadyInhibited, "the surface has an inhibitor");
            } else {
                inhibitor.active();
            }
        }
    }
}

impl Dispatch<ZwpKeyboardShortcutsInhibitorV1, WlSurface> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _inhibitor: &ZwpKeyboardShortcutsInhibitorV1,
        _request: zwp_keyboard_shortcuts_inhibitor_v1::Request,
        _surface: &WlSurface,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
    }

    fn destroyed(
        _state: &mut Self,
        _client: ClientId,
        _inhibitor: &ZwpKeyboardShortcutsInhibitorV1,
        surface: &WlSurface,
    ) {
        shortcuts::inhibit(surface, false);
    }
}
