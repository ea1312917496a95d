//! What windows fill, who decorates them, and how they follow the room that there is.

use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::Mode;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::shell::xdg::ToplevelSurface;

use super::{Tile, keep_in_reach};
use crate::state::Offing;
use crate::window::{Fill, may_configure};

impl Offing {
    /// A client, or a move, wants a window to fill something or no longer to.
    pub(crate) fn fill(&mut self, toplevel: &ToplevelSurface, fill: Fill, on: bool) {
        let (screen, work) = (self.screen.logical_size(), self.desktop.work);
        let kiosk = self.desktop.kiosk && toplevel.parent().is_none();
        let Some(window) = self.desktop.window_mut(toplevel.wl_surface()) else {
            return;
        };
        // A kiosk's window does not leave its screen.
        window.set_fill(fill, on || (kiosk && fill == Fill::Fullscreen));
        if window.toplevel.is_initial_configure_sent() {
            window.configure(screen, work);
            // Even when nothing changes, as xdg_toplevel asks.
            window.answer();
            self.clock.queue();
        }
        // Panels are hidden now, or seen again.
        self.refresh_keyboard();
    }

    /// A window that is maximized, or in a tile, gets its own size back.
    pub(crate) fn float(&mut self, toplevel: &ToplevelSurface) {
        // Under a maximized one there may be the tile that it was in before.
        for fill in [Fill::Maximized, Fill::Tiled(Tile::LEFT)] {
            if let Some(window) = self.desktop.window_mut(toplevel.wl_surface()) {
                window.set_fill(fill, false);
            }
        }
        self.fill(toplevel, Fill::Maximized, false);
    }

    /// The active window fills something, if it takes any size.
    pub(crate) fn fill_active(&mut self, fill: Fill) {
        let active = self.desktop.active().filter(|it| it.is_resizable());
        if let Some(toplevel) = active.map(|window| window.toplevel.clone()) {
            self.fill(&toplevel, fill, true);
        }
    }

    /// The active window gets its own size back; if it has that, it is minimized.
    pub(crate) fn shrink_active(&mut self) {
        let Some(window) = self.desktop.active() else {
            return;
        };
        let toplevel = window.toplevel.clone();
        match window.fill() {
            Some(fill) => self.fill(&toplevel, fill, false),
            None => self.minimize(toplevel.wl_surface()),
        }
    }

    /// A window is maximized, or no longer.
    pub(crate) fn toggle_maximized(&mut self, surface: &WlSurface) {
        let Some(window) = self.desktop.window(surface) else {
            return;
        };
        let (toplevel, fill) = (window.toplevel.clone(), window.fill());
        let on = fill != Some(Fill::Maximized);
        if !on || window.is_resizable() {
            self.fill(&toplevel, Fill::Maximized, on);
        }
    }

    /// Who draws a window's decorations: its client, if it wants that; else we do, or nobody where
    /// one program is all that is seen.
    pub(crate) fn decorate(&mut self, toplevel: &ToplevelSurface, wanted: Mode) {
        let decorates = self.desktop.decorates;
        let by = self.desktop.decorated_by(wanted);
        toplevel.with_pending_state(|state| state.decoration_mode = Some(by));
        if let Some(window) = self.desktop.window_mut(toplevel.wl_surface()) {
            window.undecorated = false;
            window.decorated = decorates && by == Mode::ServerSide;
            if window.decorated {
                // Fonts are read while the client makes its window.
                self.texts.prepare(&self.handle);
            }
        }
        self.fit_window(toplevel.wl_surface());
        if toplevel.is_initial_configure_sent() && may_configure(toplevel) {
            toplevel.send_pending_configure();
        }
    }

    /// Nobody but the client decorates a window, from its next commit on
    /// (zxdg_toplevel_decoration_v1.destroy): there is none if it is about to go.
    pub(crate) fn undecorate(&mut self, toplevel: &ToplevelSurface) {
        if let Some(window) = self.desktop.window_mut(toplevel.wl_surface()) {
            window.undecorated = true;
        }
    }

    /// A window takes up more or less room than before.
    fn fit_window(&mut self, surface: &WlSurface) {
        let (screen, work) = (self.screen.logical_size(), self.desktop.work);
        let Some(window) = self.desktop.window_mut(surface).filter(|it| it.mapped) else {
            return;
        };
        match window.fill() {
            Some(_) => window.configure(screen, work),
            None => window.move_to(keep_in_reach(window.frame(), work)),
        }
        self.clock.queue();
    }

    /// There is other room for windows: those that fill it follow, the others stay in reach.
    pub(super) fn fit_windows(&mut self) {
        let (screen, work) = (self.screen.logical_size(), self.desktop.work);
        for window in &mut self.desktop.windows {
            if window.fill().is_some() {
                window.configure(screen, work);
            } else {
                let bounds = window.margins().inside(work).size;
                window
                    .toplevel
                    .with_pending_state(|state| state.bounds = Some(bounds));
                window.move_to(keep_in_reach(window.frame(), work));
            }
            window.send_changes();
        }
        self.clock.queue();
    }
}
