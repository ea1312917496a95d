//! Popups: where they go, and their grabs.

use smithay::desktop::{
    PopupGrab, PopupKeyboardGrab, PopupKind, PopupManager, PopupPointerGrab, PopupUngrabStrategy,
    find_popup_root_surface, get_popup_toplevel_coords,
};
use smithay::input::pointer::Focus;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle, SERIAL_COUNTER, Serial};
use smithay::wayland::compositor::{get_role, with_states};
use smithay::wayland::shell::xdg::{
    PopupSurface, PositionerState, XDG_POPUP_ROLE, XdgPopupSurfaceData,
};
use tracing::debug;

use crate::share::Content;
use crate::state::Offing;
use crate::window::{MAX_CONFIGURES, Window};

/// How deep popups can be nested: smithay goes through them by recursion, and in circles if a
/// client hangs them up that way.
const MAX_DEPTH: usize = 32;

impl Offing {
    pub(crate) fn add_popup(&mut self, popup: PopupSurface, positioner: PositionerState) {
        let above = std::iter::successors(popup.get_parent_surface(), parent_of_popup);
        if above.take(MAX_DEPTH + 1).count() > MAX_DEPTH {
            if let Some(client) = popup.wl_surface().client() {
                let reason = format!("popups nested deeper than {MAX_DEPTH}");
                self.expel(&client.id(), &reason);
            }
            return;
        }
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

    /// Finds a place for a popup that keeps it on the screen, or inside the frame of the window
    /// that is shared, as far as its positioner allows.
    pub(crate) fn place_popup(&mut self, popup: &PopupSurface, positioner: PositionerState) {
        let kind = PopupKind::Xdg(popup.clone());
        let root = find_popup_root_surface(&kind).ok();
        let geometry = match root.and_then(|root| self.desktop.tree(&root)) {
            Some(tree) => {
                let (room, more) = self.room_for_popups(&tree.surface);
                // As the popup's parent sees it.
                let origin = tree.position + get_popup_toplevel_coords(&kind);
                let seen =
                    |room: Rectangle<i32, Logical>| Rectangle::new(room.loc - origin, room.size);
                let geometry = positioner.get_unconstrained_geometry(seen(room));
                if seen(room).contains_rect(geometry) {
                    geometry
                } else {
                    positioner.get_unconstrained_geometry(seen(more))
                }
            }
            None => positioner.get_geometry(),
        };
        popup.with_pending_state(|state| {
            state.geometry = geometry;
            state.positioner = positioner;
        });
    }

    /// There is another screen: popups that want to find another place.
    pub(super) fn fit_popups(&mut self) {
        let trees = self.desktop.trees();
        let popups = trees.flat_map(|tree| PopupManager::popups_for_surface(&tree.surface));
        for (popup, _) in popups.collect::<Vec<_>>() {
            let PopupKind::Xdg(popup) = popup else {
                continue;
            };
            let positioner = popup.with_pending_state(|state| state.positioner);
            if !positioner.reactive || !popup.is_initial_configure_sent() {
                continue;
            }
            self.place_popup(&popup, positioner);
            if waiting(&popup) < MAX_CONFIGURES
                && let Err(error) = popup.send_pending_configure()
            {
                debug!("a popup could not be configured: {error}");
            }
        }
    }

    /// Where on the screen the popups of a window or panel go, and those for which there is no
    /// room.
    fn room_for_popups(
        &self,
        root: &WlSurface,
    ) -> (Rectangle<i32, Logical>, Rectangle<i32, Logical>) {
        let screen = Rectangle::from_size(self.screen.logical_size());
        let frame = self.desktop.window(root).map(Window::frame);
        match (self.view().content, frame) {
            (Content::Window(shared), Some(frame)) if shared == *root => {
                (frame.intersection(screen).unwrap_or(screen), screen)
            }
            (Content::Isolated(shared), Some(frame)) if shared == *root => (frame, frame),
            // Not below bars, which are above windows.
            (_, Some(_)) if !self.desktop.covers_panels() => (self.desktop.work, screen),
            _ => (screen, screen),
        }
    }

    /// A client wants a popup elsewhere. Of many such requests all but the last may be skipped, and
    /// are if it does not even acknowledge what it got.
    pub(crate) fn reposition_popup(
        &mut self,
        popup: &PopupSurface,
        positioner: PositionerState,
        token: u32,
    ) {
        self.place_popup(popup, positioner);
        if waiting(popup) < MAX_CONFIGURES {
            popup.send_repositioned(token);
        }
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

    /// A popup takes the keyboard and the pointer until it is dismissed: at once, if somebody else
    /// has them.
    pub(crate) fn grab_popup(&mut self, popup: PopupSurface, serial: Serial) {
        self.refresh_popup_grab();
        // smithay ends the connection of who comes second, and dismisses only what it shows.
        if self.is_locked() || self.holds_input_for_another(popup.wl_surface(), serial) {
            return popup.send_popup_done();
        }
        let kind = PopupKind::Xdg(popup.clone());
        let Ok(root) = find_popup_root_surface(&kind) else {
            return;
        };
        if !self.desktop.is_shown(&root) {
            return popup.send_popup_done();
        }
        let seat = self.input.seat.clone();
        let Ok(grab) = self.desktop.popups.grab_popup(root, kind, &seat, serial) else {
            // Its parent was dismissed.
            return popup.send_popup_done();
        };
        let (keyboard, pointer) = (self.input.keyboard.clone(), self.input.pointer.clone());
        // The pointer first: if the menu above was opened with the same serial, that one's end takes
        // the keyboard's along.
        pointer.set_grab(self, PopupPointerGrab::new(&grab), serial, Focus::Keep);
        keyboard.set_focus(self, grab.current_grab(), serial);
        keyboard.set_grab(self, PopupKeyboardGrab::new(&grab), serial);
        self.desktop.popup_grab = Some(grab);
    }

    /// Whether the keyboard or the pointer is held by something else than the button with this
    /// serial, or than popups of the client of this surface.
    fn holds_input_for_another(&self, surface: &WlSurface, serial: Serial) -> bool {
        let grab = self.desktop.popup_grab.as_ref();
        let topmost = grab.and_then(PopupGrab::current_grab);
        if topmost.is_some_and(|it| !it.id().same_client_as(&surface.id())) {
            return true;
        }
        let before = grab.map_or(serial, PopupGrab::serial);
        let (keyboard, pointer) = (&self.input.keyboard, &self.input.pointer);
        let is_free = |held: bool, by: &dyn Fn(Serial) -> bool| !held || by(serial) || by(before);
        !is_free(keyboard.is_grabbed(), &|serial| keyboard.has_grab(serial))
            || !is_free(pointer.is_grabbed(), &|serial| pointer.has_grab(serial))
    }

    /// Dismisses the popups that hold the keyboard, unless they are of this window.
    pub(super) fn leave_popups_of_others(&mut self, window: &WlSurface) {
        let Some(grab) = self.desktop.popup_grab.take() else {
            return;
        };
        let popup = grab.current_grab();
        let root = popup
            .and_then(|popup| self.desktop.popups.find_popup(&popup))
            .and_then(|popup| find_popup_root_surface(&popup).ok());
        self.desktop.popup_grab = Some(grab);
        if root.as_ref() != Some(window) {
            self.leave_popups();
        }
    }

    /// Dismisses the popups that hold the keyboard.
    pub(crate) fn leave_popups(&mut self) {
        if let Some(mut grab) = self.desktop.popup_grab.take() {
            grab.ungrab(PopupUngrabStrategy::All);
            // Whether or not the client takes its popups away.
            self.end_popup_grab(&grab);
        }
    }

    /// Once a grabbing popup is gone, or dismissed, the one below it gets the keyboard, or the active
    /// window after the last one. smithay's grabs notice that only with the next input, and last
    /// until the client has destroyed what was dismissed.
    pub(crate) fn refresh_popup_grab(&mut self) {
        let Some(grab) = self.desktop.popup_grab.take() else {
            return;
        };
        let topmost = grab.current_grab();
        let topmost = topmost.filter(|it| get_role(it) == Some(XDG_POPUP_ROLE));
        let root = std::iter::successors(topmost.clone(), parent_of_popup).last();
        if grab.has_ended() || topmost.is_none() {
            self.end_popup_grab(&grab);
        } else if !self.input.keyboard.has_grab(grab.serial())
            || !root.is_some_and(|root| self.desktop.is_shown(&root))
        {
            // A window is moved or something dragged instead, or it is hidden.
            self.desktop.popup_grab = Some(grab);
            self.leave_popups();
        } else {
            let (keyboard, serial) = (self.input.keyboard.clone(), SERIAL_COUNTER.next_serial());
            keyboard.set_focus(self, grab.current_grab(), serial);
            self.desktop.popup_grab = Some(grab);
        }
    }

    fn end_popup_grab(&mut self, grab: &PopupGrab<Self>) {
        let (keyboard, pointer) = (self.input.keyboard.clone(), self.input.pointer.clone());
        let serial = SERIAL_COUNTER.next_serial();
        if keyboard.has_grab(grab.serial()) {
            keyboard.unset_grab(self);
        }
        if pointer.has_grab(grab.serial()) {
            pointer.unset_grab(self, serial, self.clock.millis());
        }
        let owner = self.keyboard_owner();
        keyboard.set_focus(self, owner, serial);
    }
}

/// How many configures a popup's client has not acknowledged.
fn waiting(popup: &PopupSurface) -> usize {
    with_states(popup.wl_surface(), |states| {
        let role = states.data_map.get::<XdgPopupSurfaceData>();
        role.and_then(|role| role.lock().ok())
            .map_or(0, |role| role.pending_configures().len())
    })
}

/// The parent of a surface that is a popup.
fn parent_of_popup(surface: &WlSurface) -> Option<WlSurface> {
    if get_role(surface) != Some(XDG_POPUP_ROLE) {
        return None;
    }
    with_states(surface, |states| {
        let role = states.data_map.get::<XdgPopupSurfaceData>()?;
        role.lock().ok()?.parent.clone()
    })
}
