//! zxdg_decoration_manager_v1 (unstable, version 1).

use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_decoration_manager_v1::ZxdgDecorationManagerV1;
use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::{
    self, Mode, ZxdgToplevelDecorationV1,
};
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, delegate_dispatch, delegate_global_dispatch,
};
use smithay::wayland::shell::xdg::ToplevelSurface;
use smithay::wayland::shell::xdg::decoration::{
    XdgDecorationHandler, XdgDecorationManagerGlobalData, XdgDecorationState,
};

use crate::state::Offing;

impl XdgDecorationHandler for Offing {
    fn new_decoration(&mut self, toplevel: ToplevelSurface) {
        self.decorate(&toplevel, Mode::ServerSide);
    }

    fn request_mode(&mut self, toplevel: ToplevelSurface, mode: Mode) {
        self.decorate(&toplevel, mode);
    }

    fn unset_mode(&mut self, toplevel: ToplevelSurface) {
        self.decorate(&toplevel, Mode::ServerSide);
    }
}

impl Dispatch<ZxdgToplevelDecorationV1, ToplevelSurface> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        decoration: &ZxdgToplevelDecorationV1,
        request: zxdg_toplevel_decoration_v1::Request,
        toplevel: &ToplevelSurface,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        // smithay says nothing of it.
        if matches!(request, zxdg_toplevel_decoration_v1::Request::Destroy) {
            state.undecorate(toplevel);
        }
        <XdgDecorationState as Dispatch<_, _, Self>>::request(
            state, client, decoration, request, toplevel, display, init,
        );
    }
}

delegate_global_dispatch!(Offing: [ZxdgDecorationManagerV1: XdgDecorationManagerGlobalData] => XdgDecorationState);
delegate_dispatch!(Offing: [ZxdgDecorationManagerV1: ()] => XdgDecorationState);
