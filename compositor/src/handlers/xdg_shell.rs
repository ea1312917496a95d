//! xdg_wm_base (stable, version 6). Its requests come through `xdg_rules`.

use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::ResizeEdge;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_output::WlOutput;
use smithay::reexports::wayland_server::protocol::wl_seat::WlSeat;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::Serial;
use smithay::wayland::shell::xdg::{
    Configure, PopupSurface, PositionerState, ToplevelSurface, XdgShellHandler, XdgShellState,
};

use crate::state::Offing;
use crate::window::Fill;

/// How many windows one client has at most: each change of focus looks through them.
const MAX_WINDOWS: usize = 512;

impl XdgShellHandler for Offing {
    fn xdg_shell_state(&mut self) -> &mut XdgShellState {
        &mut self.protocols.xdg_shell
    }

    fn new_toplevel(&mut self, surface: ToplevelSurface) {
        let client = surface.wl_surface().client();
        if self.desktop.count_of_client(surface.wl_surface()) >= MAX_WINDOWS
            && let Some(client) = client
        {
            self.expel(&client.id(), &format!("more than {MAX_WINDOWS} windows"));
        }
        self.desktop.add(surface.clone());
        self.grant_wish(surface.wl_surface());
    }

    fn toplevel_destroyed(&mut self, surface: ToplevelSurface) {
        self.remove_window(surface.wl_surface());
    }

    fn move_request(&mut self, surface: ToplevelSurface, _seat: WlSeat, serial: Serial) {
        self.start_move(surface.wl_surface(), serial);
    }

    fn resize_request(
        &mut self,
        surface: ToplevelSurface,
        _seat: WlSeat,
        serial: Serial,
        edges: ResizeEdge,
    ) {
        self.start_resize(surface.wl_surface(), serial, edges);
    }

    fn maximize_request(&mut self, surface: ToplevelSurface) {
        self.fill(&surface, Fill::Maximized, true);
    }

    fn unmaximize_request(&mut self, surface: ToplevelSurface) {
        self.fill(&surface, Fill::Maximized, false);
    }

    fn fullscreen_request(&mut self, surface: ToplevelSurface, _output: Option<WlOutput>) {
        self.fill(&surface, Fill::Fullscreen, true);
    }

    fn unfullscreen_request(&mut self, surface: ToplevelSurface) {
        self.fill(&surface, Fill::Fullscreen, false);
    }

    fn minimize_request(&mut self, surface: ToplevelSurface) {
        self.minimize(surface.wl_surface());
    }

    fn app_id_changed(&mut self, _surface: ToplevelSurface) {
        self.clock.queue();
    }

    fn title_changed(&mut self, _surface: ToplevelSurface) {
        self.clock.queue();
    }

    fn parent_changed(&mut self, surface: ToplevelSurface) {
        self.desktop.put_above_parent(surface.wl_surface());
        self.clock.queue();
    }

    fn new_popup(&mut self, surface: PopupSurface, positioner: PositionerState) {
        self.add_popup(surface, positioner);
    }

    fn grab(&mut self, surface: PopupSurface, _seat: WlSeat, serial: Serial) {
        self.grab_popup(surface, serial);
    }

    fn reposition_request(
        &mut self,
        surface: PopupSurface,
        positioner: PositionerState,
        token: u32,
    ) {
        self.reposition_popup(&surface, positioner, token);
    }

    fn ack_configure(&mut self, surface: WlSurface, _configure: Configure) {
        self.configure_acknowledged(&surface);
    }

    fn popup_destroyed(&mut self, _surface: PopupSurface) {
        self.clock.queue();
        // Its surface, which may be destroyed next, can still be told that the pointer leaves.
        self.refresh_pointer();
    }
}
