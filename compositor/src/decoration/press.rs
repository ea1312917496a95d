//! What the pointer does with decorations.

use std::time::{Duration, Instant};

use smithay::input::pointer::{CursorImageStatus, GrabStartData};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Serial};

use super::{Button, Part, cursor};
use crate::state::Offing;
use crate::tree::At;

/// Two clicks on a title in this time are a double click.
const DOUBLE: Duration = Duration::from_millis(400);
/// The left button's code in linux/input-event-codes.h.
const LEFT: u32 = 0x110;

/// What the pointer has to do with decorations.
#[derive(Default)]
pub(crate) struct Pointed {
    /// Where it is.
    at: Option<(WlSurface, Part)>,
    /// When it last clicked on which title.
    clicked: Option<(WlSurface, Instant)>,
    /// The button that it was pressed on, and has been released now.
    released: Option<(WlSurface, Button)>,
}

impl Pointed {
    /// The button in a window's title bar that the pointer is on.
    pub(super) fn button_of(&self, window: &WlSurface) -> Option<Button> {
        match &self.at {
            Some((surface, Part::Button(button))) if surface == window => Some(*button),
            _ => None,
        }
    }

    /// The pointer drags what it has pressed, which was no click.
    pub(crate) fn drag(&mut self) {
        self.clicked = None;
    }

    /// The pointer is released that was pressed on a button. What follows is done after smithay has
    /// done its part.
    pub(crate) fn release(&mut self, window: &WlSurface, button: Button) {
        self.released = Some((window.clone(), button));
    }
}

impl Offing {
    /// The pointer has moved, or what is under it has.
    pub(crate) fn point_at_decorations(&mut self, location: Point<f64, Logical>) {
        let at = self.decoration_at(location);
        if at == self.desktop.pointed.at {
            return;
        }
        let looks = |at: &Option<(WlSurface, Part)>| at.as_ref().map(|(_, part)| cursor(*part));
        let (before, now) = (looks(&self.desktop.pointed.at), looks(&at));
        self.desktop.pointed.at = at;
        if before != now && (now.is_some() || self.input.pointer.current_focus().is_none()) {
            self.set_cursor_image(CursorImageStatus::Named(now.unwrap_or_default()));
        }
        self.clock.queue();
    }

    fn decoration_at(&self, location: Point<f64, Logical>) -> Option<(WlSurface, Part)> {
        let hit = self.reachable_under(location)?;
        match hit.at {
            At::Decoration(part) => Some((hit.root, part)),
            At::Surface(..) => None,
        }
    }

    /// A button is pressed, and no client has it.
    pub(crate) fn press_decoration(&mut self, button: u32, serial: Serial) {
        let location = self.input.pointer.current_location();
        let Some((window, part)) = self.decoration_at(location) else {
            return;
        };
        if button != LEFT {
            return;
        }
        let start = GrabStartData {
            focus: None,
            button,
            location,
        };
        match part {
            Part::Title if self.is_double_click(&window) => self.toggle_maximized(&window),
            Part::Title => self.hold_window(&window, serial, start, None),
            Part::Edge(edges) => self.hold_window(&window, serial, start, Some(edges)),
            Part::Button(button) => self.hold_button(&window, serial, start, button),
        }
    }

    fn is_double_click(&mut self, window: &WlSurface) -> bool {
        let now = Instant::now();
        let before = self.desktop.pointed.clicked.take();
        let is_double = before.is_some_and(|(title, then)| title == *window && now - then < DOUBLE);
        if !is_double {
            self.desktop.pointed.clicked = Some((window.clone(), now));
        }
        is_double
    }

    /// If the pointer was released on the button in a title bar on which it was pressed, that acts.
    pub(crate) fn finish_release(&mut self) {
        let Some((window, button)) = self.desktop.pointed.released.take() else {
            return;
        };
        let location = self.input.pointer.current_location();
        if self.decoration_at(location) != Some((window.clone(), Part::Button(button))) {
            return;
        }
        let Some(toplevel) = self.desktop.window(&window).map(|it| it.toplevel.clone()) else {
            return;
        };
        match button {
            Button::Close => toplevel.send_close(),
            Button::Minimize => self.minimize(&window),
            Button::Maximize => self.toggle_maximized(&window),
        }
    }
}
