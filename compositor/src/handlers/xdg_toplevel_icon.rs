//! xdg_toplevel_icon_manager_v1 (staging, version 1). Icons are pictures: there is no theme to look
//! a name up in.
//!
//! By hand: smithay's disconnects clients that destroy a picture after its icon.

use std::sync::{Arc, Mutex};

use smithay::reexports::wayland_protocols::xdg::toplevel_icon::v1::server::xdg_toplevel_icon_manager_v1::{
    self, XdgToplevelIconManagerV1,
};
use smithay::reexports::wayland_protocols::xdg::toplevel_icon::v1::server::xdg_toplevel_icon_v1::{
    self, XdgToplevelIconV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource,
};

use crate::clients::limits::Part;
use crate::icon::{Draft, Icon, Misuse, SIDE, set_icon};
use crate::lock::lock;
use crate::state::Offing;

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, XdgToplevelIconManagerV1, ()>(1, ());
}

impl GlobalDispatch<XdgToplevelIconManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<XdgToplevelIconManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        let manager = init.init(manager, ());
        manager.icon_size(SIDE);
        manager.done();
    }
}

impl Dispatch<XdgToplevelIconManagerV1, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        _manager: &XdgToplevelIconManagerV1,
        request: xdg_toplevel_icon_manager_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        use xdg_toplevel_icon_manager_v1::Request;
        match request {
            Request::CreateIcon { id } => drop(init.init(id, Mutex::default())),
            Request::SetIcon { toplevel, icon } => {
                let shown = icon.and_then(|icon| state.fix_icon(client, &icon));
                if let Some(window) = state.protocols.xdg_shell.get_toplevel(&toplevel) {
                    set_icon(window.wl_surface(), shown);
                }
            }
            _ => {}
        }
    }
}

impl Dispatch<XdgToplevelIconV1, Mutex<Draft>> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        icon: &XdgToplevelIconV1,
        request: xdg_toplevel_icon_v1::Request,
        draft: &Mutex<Draft>,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        use xdg_toplevel_icon_v1::Request;
        let done = match request {
            Request::SetName { .. } => lock(draft).check_mutable(),
            Request::AddBuffer { buffer, .. } => lock(draft).add(&buffer, state.icon_side()),
            _ => Ok(()),
        };
        if let Err(misuse) = done {
            refuse(icon, misuse);
        }
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        icon: &XdgToplevelIconV1,
        _draft: &Mutex<Draft>,
    ) {
        state.cleared(client, icon);
    }
}

fn refuse(icon: &XdgToplevelIconV1, misuse: Misuse) {
    use xdg_toplevel_icon_v1::Error;
    match misuse {
        Misuse::Immutable => icon.post_error(Error::Immutable, "a window has it already"),
        Misuse::InvalidBuffer => icon.post_error(
            Error::InvalidBuffer,
            "a picture is square, and in shared memory",
        ),
        Misuse::NoBuffer => icon.post_error(Error::NoBuffer, "its picture is gone"),
    }
}

impl Offing {
    /// A window gets an icon: what is to be shown.
    fn fix_icon(&mut self, client: &Client, icon: &XdgToplevelIconV1) -> Option<Arc<Icon>> {
        let draft = icon.data::<Mutex<Draft>>()?;
        match lock(draft).fix(self.icon_side()) {
            Ok(shown) => {
                let bytes = shown.as_ref().map_or(0, |shown| shown.pixels.len());
                self.set_left(client, icon, Part::Own, bytes);
                shown
            }
            Err(misuse) => {
                refuse(icon, misuse);
                None
            }
        }
    }

    /// The width and height of icons, in pixels.
    fn icon_side(&self) -> i32 {
        (f64::from(SIDE) * self.screen.scale()).round() as i32
    }
}
