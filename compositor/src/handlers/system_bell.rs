//! xdg_system_bell_v1 (staging, version 1).

use smithay::delegate_xdg_system_bell;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::xdg_system_bell::XdgSystemBellHandler;

use crate::state::Offing;

impl XdgSystemBellHandler for Offing {
    fn ring(&mut self, _surface: Option<WlSurface>) {
        self.remote.bell();
    }
}

delegate_xdg_system_bell!(Offing);
