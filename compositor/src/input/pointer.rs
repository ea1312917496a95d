//! Motions, buttons and wheels, on their way to the seat.

use smithay::backend::input::{Axis, AxisSource, ButtonState};
use smithay::input::pointer::{AxisFrame, ButtonEvent, MotionEvent, RelativeMotionEvent};
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Physical, Point, SERIAL_COUNTER};

use super::ViewerPointer;
use crate::remote::{MovedBy, ViewerId};
use crate::state::Offing;

/// RFB's buttons that are buttons, and their codes in linux/input-event-codes.h.
const BUTTONS: [(u16, u32); 5] = [
    (1 << 0, 0x110),
    (1 << 1, 0x112),
    (1 << 2, 0x111),
    (1 << 7, 0x113),
    (1 << 8, 0x114),
];
/// RFB's buttons that are a wheel: axis, and direction.
const WHEELS: [(u16, Axis, i32); 4] = [
    (1 << 3, Axis::Vertical, -1),
    (1 << 4, Axis::Vertical, 1),
    (1 << 5, Axis::Horizontal, -1),
    (1 << 6, Axis::Horizontal, 1),
];
/// One notch of a wheel in wl_pointer.axis_value120 and in wl_pointer.axis.
const NOTCH: (i32, f64) = (120, 15.0);

impl Offing {
    /// A viewer's pointer is at a pixel of what is shared, with these buttons held.
    pub(crate) fn pointer(&mut self, viewer: ViewerId, x: u16, y: u16, buttons: u16) {
        self.notice_input();
        let last = self.input.last_of(viewer);
        let target = self.locate(x, y);
        if buttons == last.buttons && self.is_left_out(target) {
            return;
        }
        let pixel = Some((x, y));
        // A menu may have moved the picture since the button went down: it goes up where it was.
        let still =
            self.shared.shown().window().is_some() && last.pixel == pixel && last.buttons != 0;
        if let Some(target) = target.filter(|_| !still) {
            let delta = last.pixel.map(|from| self.between(from, (x, y)));
            self.moved(MovedBy::Viewer(viewer), target, delta.unwrap_or_default());
        }
        self.hold(viewer, ViewerPointer { pixel, buttons }, target.is_some());
    }

    /// A viewer moved its pointer by so many pixels, with these buttons held.
    pub(crate) fn motion(&mut self, viewer: ViewerId, dx: i32, dy: i32, buttons: u16) {
        self.notice_input();
        let delta = Point::<i32, Physical>::from((dx, dy)).to_f64();
        let target = self.displaced(delta);
        let moves_only = buttons == self.input.last_of(viewer).buttons;
        if moves_only && self.is_left_out(target) {
            return;
        }
        if let Some(target) = target {
            let delta = delta.to_logical(self.screen.scale());
            self.moved(MovedBy::Viewer(viewer), target, delta);
        }
        let pixel = None;
        self.hold(viewer, ViewerPointer { pixel, buttons }, target.is_some());
    }

    /// How far it is from one pixel to another.
    fn between(&self, from: (u16, u16), to: (u16, u16)) -> Point<f64, Logical> {
        let pixel = |(x, y)| Point::<f64, Physical>::from((f64::from(x), f64::from(y)));
        (pixel(to) - pixel(from)).to_logical(self.screen.scale())
    }

    /// Somebody moved the pointer by `delta`, which takes it to `target`, unless a client keeps it.
    pub(crate) fn moved(
        &mut self,
        by: MovedBy,
        target: Point<f64, Logical>,
        delta: Point<f64, Logical>,
    ) {
        let pointer = self.input.pointer.clone();
        if delta != Point::default() {
            let event = RelativeMotionEvent {
                delta,
                delta_unaccel: delta,
                utime: self.clock.micros(),
            };
            pointer.relative_motion(self, self.input.under.clone(), &event);
        }
        let location = match self.input.locked {
            Some(_) => return,
            None => self.confined(target).unwrap_or(target),
        };
        if location != pointer.current_location() {
            // Where it was kept the viewer does not know.
            self.input.moved_by = match location == target {
                true => by,
                false => MovedBy::Program,
            };
            self.move_pointer(location);
            self.point_at_chooser(location);
            self.tell_pointer();
        }
    }

    /// A viewer's pointer is like this now. If there is nothing to press, buttons only go up.
    fn hold(&mut self, viewer: ViewerId, mut now: ViewerPointer, can_press: bool) {
        let mine = self.input.last_of(viewer).buttons;
        if !can_press {
            now.buttons &= mine;
        }
        self.input.pointers.insert(viewer, now);
        self.change_buttons(mine, now.buttons);
        self.turn_wheels(now.buttons & !mine);
        let pointer = self.input.pointer.clone();
        pointer.frame(self);
    }

    /// Whether a motion to `target` is better left out, as long as no button changes: the client
    /// that has the pointer, and keeps it then, reads so little that it would be disconnected for
    /// all that waits for it. Out of its window the pointer gets.
    pub(crate) fn is_left_out(&self, target: Option<Point<f64, Logical>>) -> bool {
        let pointer = &self.input.pointer;
        let Some(focus) = pointer.current_focus() else {
            return false;
        };
        let client = focus.client();
        if !client.is_some_and(|client| self.gate.is_full(&client)) {
            return false;
        }
        let is_kept = self.input.locked.is_some() || pointer.is_grabbed();
        is_kept
            || target.is_none_or(|target| {
                let target = self.confined(target).unwrap_or(target);
                self.under(target).is_some_and(|(under, _)| under == focus)
            })
    }

    /// Where the pointer is before a viewer moves it.
    pub(crate) fn centre_pointer(&mut self) {
        let screen = self.screen.logical_size().to_f64();
        self.input
            .pointer
            .set_location((screen.w / 2.0, screen.h / 2.0).into());
        self.tell_pointer();
    }

    fn move_pointer(&mut self, location: Point<f64, Logical>) {
        self.place_pointer(location);
        self.refresh_constraint();
    }

    /// A program moves the pointer.
    pub(crate) fn warp_pointer(&mut self, location: Point<f64, Logical>) {
        self.input.moved_by = MovedBy::Program;
        self.place_pointer(location);
        let pointer = self.input.pointer.clone();
        pointer.frame(self);
        self.tell_pointer();
    }

    fn place_pointer(&mut self, location: Point<f64, Logical>) {
        let pointer = self.input.pointer.clone();
        let under = self.under(location);
        self.input.under.clone_from(&under);
        let event = MotionEvent {
            location,
            serial: SERIAL_COUNTER.next_serial(),
            time: self.clock.millis(),
        };
        pointer.motion(self, under, &event);
        if !pointer.is_grabbed() {
            self.point_at_decorations(location);
        }
        if self.cursor.is_dragging() {
            self.clock.queue();
        }
    }

    /// The surface at a point of the screen that viewers reach, and its origin.
    fn under(&self, location: Point<f64, Logical>) -> Option<(WlSurface, Point<f64, Logical>)> {
        self.reachable_under(location)?.surface()
    }

    /// The surface that viewers reach where the pointer is.
    pub(crate) fn pointed(&self) -> Option<WlSurface> {
        let under = self.under(self.input.pointer.current_location());
        under.map(|(surface, _)| surface)
    }

    /// A viewer holds other buttons than before.
    pub(super) fn change_buttons(&mut self, before: u16, now: u16) {
        for (bit, button) in BUTTONS {
            if (before ^ now) & bit != 0 {
                self.button(button, now & bit != 0);
            }
        }
    }

    /// Somebody presses or releases a button that they did not hold, or held. Clients are told when
    /// the first one presses it and the last one releases it.
    pub(crate) fn button(&mut self, button: u32, pressed: bool) {
        let pointer = self.input.pointer.clone();
        let before = self.input.held.get(&button).copied().unwrap_or(0);
        let now = if pressed {
            before + 1
        } else {
            before.saturating_sub(1)
        };
        match now {
            0 => _ = self.input.held.remove(&button),
            now => _ = self.input.held.insert(button, now),
        }
        let state = match (before, now) {
            (0, 1) => ButtonState::Pressed,
            (1, 0) => ButtonState::Released,
            _ => return,
        };
        let is_chosen = match pressed {
            true => !pointer.is_grabbed() && self.press_chooser(button),
            false => self.release_chooser(button),
        };
        if is_chosen {
            return;
        }
        let event = ButtonEvent {
            button,
            state,
            serial: SERIAL_COUNTER.next_serial(),
            time: self.clock.millis(),
        };
        if pressed && !pointer.is_grabbed() {
            self.focus_at(pointer.current_location());
            self.press_decoration(button, event.serial);
        }
        if pressed {
            let surface = pointer.current_focus();
            self.input.clicked = surface.map(|surface| (surface, event.serial));
        }
        pointer.button(self, &event);
        // It may have dismissed popups.
        self.refresh_popup_grab();
        self.finish_release();
        if self.input.held.is_empty() {
            self.release_pointer();
        }
    }

    /// The last button went up: the surface that had the pointer as long as a button was held has
    /// it no longer, unless it is there.
    fn release_pointer(&mut self) {
        let pointer = self.input.pointer.clone();
        if pointer.current_focus() != self.pointed() {
            self.move_pointer(pointer.current_location());
        }
    }

    fn turn_wheels(&mut self, turned: u16) {
        for (_, axis, direction) in WHEELS.into_iter().filter(|(bit, ..)| turned & bit != 0) {
            if self.is_choosing() {
                self.scroll_chooser(axis, direction);
                continue;
            }
            let frame = AxisFrame::new(self.clock.millis())
                .source(AxisSource::Wheel)
                .v120(axis, NOTCH.0 * direction)
                .value(axis, NOTCH.1 * f64::from(direction));
            let pointer = self.input.pointer.clone();
            pointer.axis(self, frame);
        }
    }

    /// Windows moved under a still pointer, or a grab ended that had kept it from them: whoever is
    /// under it now gets it.
    pub(crate) fn refresh_pointer(&mut self) {
        let pointer = self.input.pointer.clone();
        let location = pointer.current_location();
        let under = self.under(location);
        let focus = under.as_ref().map(|(surface, _)| surface.clone());
        let is_elsewhere = !pointer.is_grabbed() && pointer.current_focus() != focus;
        if under != self.input.under || is_elsewhere {
            self.move_pointer(location);
            pointer.frame(self);
        }
    }

    /// The screen became smaller.
    pub(crate) fn keep_pointer_on_screen(&mut self) {
        if self.shared.is_isolated() {
            // The window may be beside the screen, and the pointer is where the window is.
            return;
        }
        let screen = self.screen.logical_size().to_f64();
        let location = self.input.pointer.current_location();
        let inside = Point::from((
            location.x.min(screen.w - 1.0),
            location.y.min(screen.h - 1.0),
        ));
        if inside != location {
            self.move_pointer(inside);
            let pointer = self.input.pointer.clone();
            pointer.frame(self);
        }
    }
}
