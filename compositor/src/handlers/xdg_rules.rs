//! What smithay does not see to in xdg_wm_base: what a surface must not have or be before it
//! becomes an xdg_surface, sizes that are none, and anchor rectangles of no size.

use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_popup::XdgPopup;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_positioner::{
    self, XdgPositioner,
};
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_surface::{self, XdgSurface};
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::{self, XdgToplevel};
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_wm_base::{self, XdgWmBase};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, Resource, delegate_dispatch,
    delegate_global_dispatch,
};
use smithay::wayland::compositor::{BufferAssignment, SurfaceAttributes, get_role, with_states};
use smithay::wayland::shell::xdg::{
    XDG_POPUP_ROLE, XDG_TOPLEVEL_ROLE, XdgPositionerUserData, XdgShellState,
    XdgShellSurfaceUserData, XdgSurfaceUserData, XdgWmBaseUserData,
};

use crate::desktop::has_buffer;
use crate::state::Offing;

impl Dispatch<XdgWmBase, XdgWmBaseUserData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        wm_base: &XdgWmBase,
        request: xdg_wm_base::Request,
        data: &XdgWmBaseUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let xdg_wm_base::Request::GetXdgSurface { surface, .. } = &request {
            if state.is_something(surface) {
                let error = xdg_wm_base::Error::Role;
                wm_base.post_error(error, "the surface has a role already");
            } else if is_attached(surface) || has_buffer(surface) {
                let error = xdg_wm_base::Error::InvalidSurfaceState;
                wm_base.post_error(error, "the surface has a buffer already");
            }
        }
        // Also after an error: the new object has to be made.
        <XdgShellState as Dispatch<_, _, Self>>::request(
            state, client, wm_base, request, data, display, init,
        );
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        wm_base: &XdgWmBase,
        data: &XdgWmBaseUserData,
    ) {
        <XdgShellState as Dispatch<_, _, Self>>::destroyed(state, client, wm_base, data);
    }
}

impl Offing {
    /// Whether a surface is in use. One that was a window or a popup may be one again.
    fn is_something(&self, surface: &WlSurface) -> bool {
        match get_role(surface) {
            None => false,
            Some(XDG_TOPLEVEL_ROLE) => self.desktop.window(surface).is_some(),
            Some(XDG_POPUP_ROLE) => self.desktop.popups.find_popup(surface).is_some(),
            Some(_) => true,
        }
    }
}

/// Whether the next commit shows a buffer.
pub(super) fn is_attached(surface: &WlSurface) -> bool {
    with_states(surface, |states| {
        let mut attributes = states.cached_state.get::<SurfaceAttributes>();
        let buffer = &attributes.pending().buffer;
        matches!(buffer, Some(BufferAssignment::NewBuffer(_)))
    })
}

impl Dispatch<XdgPositioner, XdgPositionerUserData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        positioner: &XdgPositioner,
        mut request: xdg_positioner::Request,
        data: &XdgPositionerUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        // A point is allowed; smithay wants a pixel.
        if let xdg_positioner::Request::SetAnchorRect { width, height, .. } = &mut request {
            for side in [width, height] {
                if *side == 0 {
                    *side = 1;
                }
            }
        }
        <XdgShellState as Dispatch<_, _, Self>>::request(
            state, client, positioner, request, data, display, init,
        );
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        positioner: &XdgPositioner,
        data: &XdgPositionerUserData,
    ) {
        <XdgShellState as Dispatch<_, _, Self>>::destroyed(state, client, positioner, data);
    }
}

impl Dispatch<XdgSurface, XdgSurfaceUserData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        surface: &XdgSurface,
        request: xdg_surface::Request,
        data: &XdgSurfaceUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let xdg_surface::Request::SetWindowGeometry { width, height, .. } = request
            && (width <= 0 || height <= 0)
        {
            let error = xdg_surface::Error::InvalidSize;
            return surface.post_error(error, "a window geometry has a size");
        }
        <XdgShellState as Dispatch<_, _, Self>>::request(
            state, client, surface, request, data, display, init,
        );
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        surface: &XdgSurface,
        data: &XdgSurfaceUserData,
    ) {
        <XdgShellState as Dispatch<_, _, Self>>::destroyed(state, client, surface, data);
    }
}

impl Dispatch<XdgToplevel, XdgShellSurfaceUserData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        toplevel: &XdgToplevel,
        request: xdg_toplevel::Request,
        data: &XdgShellSurfaceUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let xdg_toplevel::Request::SetMinSize { width, height }
        | xdg_toplevel::Request::SetMaxSize { width, height } = request
            && (width < 0 || height < 0)
        {
            let error = xdg_toplevel::Error::InvalidSize;
            return toplevel.post_error(error, "a size is not negative");
        }
        <XdgShellState as Dispatch<_, _, Self>>::request(
            state, client, toplevel, request, data, display, init,
        );
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        toplevel: &XdgToplevel,
        data: &XdgShellSurfaceUserData,
    ) {
        <XdgShellState as Dispatch<_, _, Self>>::destroyed(state, client, toplevel, data);
    }
}

delegate_global_dispatch!(Offing: [XdgWmBase: ()] => XdgShellState);
delegate_dispatch!(Offing: [XdgPopup: XdgShellSurfaceUserData] => XdgShellState);
