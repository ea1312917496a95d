//! Popups: where they go, and their grabs.

use smithay::desktop::{
    PopupKeyboardGrab, PopupKind, PopupPointerGrab, PopupUngrabStrategy, find_popup_root_surface,
    get_popup_toplevel_coords,
};
use smithay::input::pointer::Focus;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{IsAlive, Rectangle, SERIAL_COUNTER, Serial};
use smithay::wayland::shell::xdg::{PopupSurface, PositionerState};
use tracing::debug;

use crate::state::Offing;

impl Offing {
    pub(crate) fn add_popup(&mut self, popup: PopupSurface, positioner: PositionerState) {
        self.place_popup(&popup, positioner);
        if self
            .desktop
            .popups
            .track_popup(PopupKind::Xdg(popup))
            .is_err()
        {
            debug!("a popup's parent is gone");
        }
    }

    /// Finds a place for a popup that keeps it on the screen, as far as its positioner allows.
    pub(crate) fn place_popup(&mut self, popup: &PopupSurface, positioner: PositionerState) {
        let kind = PopupKind::Xdg(popup.clone());
        let window = find_popup_root_surface(&kind).ok();
        let window = window.as_ref().and_then(|root| self.desktop.window(root));
        let geometry = match window {
            Some(window) => {
                // The screen, as the popup's parent sees it.
                let origin = window.position + get_popup_toplevel_coords(&kind);
                let screen = Rectangle::new((0, 0).into(), self.screen.logical_size());
                let target = Rectangle::new(screen.loc - origin, screen.size);
                positioner.get_unconstrained_geometry(target)
            }
            None => positioner.get_geometry(),
        };
        popup.with_pending_state(|state| {
            state.geometry = geometry;
            state.positioner = positioner;
        });
    }

    /// A popup's first commit gets its configure.
    pub(super) fn popup_committed(&mut self, surface: &WlSurface) {
        if let Some(PopupKind::Xdg(popup)) = self.desktop.popups.find_popup(surface)
            && !popup.is_initial_configure_sent()
            && let Err(error) = popup.send_configure()
        {
            debug!("a popup could not be configured: {error}");
        }
    }

    /// A popup takes the keyboard and the pointer until it is dismissed.
    pub(crate) fn grab_popup(&mut self, popup: PopupSurface, serial: Serial) {
        let kind = PopupKind::Xdg(popup);
        let Ok(root) = find_popup_root_surface(&kind) else {
            return;
        };
        let seat = self.input.seat.clone();
        let Ok(mut grab) = self.desktop.popups.grab_popup(root, kind, &seat, serial) else {
            return;
        };
        let before = grab.previous_serial().unwrap_or(serial);
        let (keyboard, pointer) = (self.input.keyboard.clone(), self.input.pointer.clone());
        let keyboard_taken =
            keyboard.is_grabbed() && !(keyboard.has_grab(serial) || keyboard.has_grab(before));
        let pointer_taken =
            pointer.is_grabbed() && !(pointer.has_grab(serial) || pointer.has_grab(before));
        if keyboard_taken || pointer_taken {
            grab.ungrab(PopupUngrabStrategy::All);
            return;
        }
        keyboard.set_focus(self, grab.current_grab(), serial);
        keyboard.set_grab(self, PopupKeyboardGrab::new(&grab), serial);
        pointer.set_grab(self, PopupPointerGrab::new(&grab), serial, Focus::Keep);
        self.desktop.popup_grab = Some(grab);
    }

    /// Once a grabbing popup is gone, the one below it gets the keyboard, or the active window
    /// after the last one. smithay's grabs notice that only with the next input.
    pub(super) fn refresh_popup_grab(&mut self) {
        let Some(grab) = self.desktop.popup_grab.take() else {
            return;
        };
        let (keyboard, pointer) = (self.input.keyboard.clone(), self.input.pointer.clone());
        let serial = SERIAL_COUNTER.next_serial();
        if !grab.has_ended() {
            keyboard.set_focus(self, grab.current_grab(), serial);
            self.desktop.popup_grab = Some(grab);
            return;
        }
        if keyboard.has_grab(grab.serial()) {
            keyboard.unset_grab(self);
        }
        if pointer.has_grab(grab.serial()) {
            pointer.unset_grab(self, serial, self.clock.millis());
        }
        let active = self.desktop.active.clone().filter(IsAlive::alive);
        keyboard.set_focus(self, active, serial);
    }
}
