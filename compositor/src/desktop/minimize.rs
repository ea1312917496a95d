//! Windows that are put away, and come back.

use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::State;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;

use super::Desktop;
use crate::state::Offing;
use crate::window::{Fill, Window};

impl Desktop {
    /// Notes that windows are put away, or not any more, which their clients learn with the next
    /// change. Returns whether that is new for any of them.
    pub(super) fn set_minimized(&mut self, family: &[WlSurface], minimized: bool) -> bool {
        let mut is_new = false;
        for surface in family {
            if let Some(window) = self.window_mut(surface) {
                let minimized = minimized && window.mapped;
                is_new |= std::mem::replace(&mut window.minimized, minimized) != minimized;
                // Its client can save the work of drawing.
                window.toplevel.with_pending_state(|state| match minimized {
                    true => state.states.set(State::Suspended),
                    false => state.states.unset(State::Suspended),
                });
            }
        }
        is_new
    }

    /// A window is to draw, minimized or not, as somebody copies it.
    pub(crate) fn rouse(&self, surface: &WlSurface) {
        if let Some(window) = self.window(surface) {
            window.toplevel.with_pending_state(|state| {
                state.states.unset(State::Suspended);
            });
            window.send_changes();
        }
    }

    fn send_changes(&self, surface: &WlSurface) {
        if let Some(window) = self.window(surface) {
            window.send_changes();
        }
    }
}

impl Offing {
    /// Puts a window away, with its dialogs. The only one that viewers see stays.
    pub(crate) fn minimize(&mut self, surface: &WlSurface) {
        let stays = self.desktop.kiosk || self.shared.shown().window() == Some(surface);
        let is_shown = self.desktop.window(surface).is_some_and(Window::is_shown);
        if stays || !is_shown {
            return;
        }
        self.leave_popups();
        let family = self.desktop.family(surface);
        self.desktop.set_minimized(&family, true);
        for tree in self.trees_copied_unseen() {
            self.desktop.rouse(&tree.surface);
        }
        for surface in family {
            self.screen.leave(&surface);
            self.focus_another(&surface);
            self.desktop.send_changes(&surface);
        }
    }

    /// Brings a window to the front, also one that is minimized, and gives it the keyboard.
    pub(crate) fn activate(&mut self, surface: &WlSurface) {
        if self.desktop.window(surface).is_some_and(|it| it.mapped) {
            // A dialog comes back with what it is a dialog of.
            let eldest = self.desktop.eldest(surface);
            let family = self.desktop.family(&eldest);
            if self.desktop.set_minimized(&family, false) {
                self.desktop.raise(&eldest);
            }
            self.leave_popups_of_others(surface);
            self.focus_window(surface);
            for surface in &family {
                self.desktop.send_changes(surface);
            }
            self.serve_hidden();
        }
    }

    /// A window is to fill something, and to be seen.
    pub(crate) fn show_filling(&mut self, surface: &WlSurface, fill: Fill) {
        let Some(window) = self.desktop.window(surface) else {
            return;
        };
        let (toplevel, is_minimized) = (window.toplevel.clone(), window.minimized);
        self.fill(&toplevel, fill, true);
        if is_minimized {
            self.activate(surface);
        }
    }
}
