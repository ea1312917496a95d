//! Touching the screen with one finger. No viewer can, so the seat has no touch before somebody
//! adds it: programs look otherwise where there is one.

use smithay::backend::input::TouchSlot;
use smithay::input::touch::{DownEvent, MotionEvent, TouchHandle, UpEvent};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, SERIAL_COUNTER};

use crate::state::Offing;

impl Offing {
    /// Gives the seat a touchscreen, if it has none.
    pub fn add_touch(&mut self) {
        self.touch();
    }

    fn touch(&mut self) -> TouchHandle<Self> {
        let seat = &mut self.input.seat;
        seat.get_touch().unwrap_or_else(|| seat.add_touch())
    }

    /// A finger touches the screen, in logical units: what is there comes to the front.
    pub fn touch_down(&mut self, x: i32, y: i32) {
        self.notice_input();
        let location = Point::from((x, y)).to_f64();
        self.focus_at(location);
        let focus = self.touched_at(location);
        self.input.touched = focus.as_ref().map(|(surface, _)| surface.clone());
        let event = DownEvent {
            slot: finger(),
            location,
            serial: SERIAL_COUNTER.next_serial(),
            time: self.clock.millis(),
        };
        let touch = self.touch();
        touch.down(self, focus, &event);
        touch.frame(self);
    }

    /// The finger moves.
    pub fn touch_move(&mut self, x: i32, y: i32) {
        self.notice_input();
        let location = Point::from((x, y)).to_f64();
        let event = MotionEvent {
            slot: finger(),
            location,
            time: self.clock.millis(),
        };
        let focus = self.touched_at(location);
        let touch = self.touch();
        touch.motion(self, focus, &event);
        touch.frame(self);
    }

    /// The finger leaves the screen.
    pub fn touch_up(&mut self) {
        self.notice_input();
        self.lift_finger();
    }

    fn lift_finger(&mut self) {
        self.input.touched = None;
        let event = UpEvent {
            slot: finger(),
            serial: SERIAL_COUNTER.next_serial(),
            time: self.clock.millis(),
        };
        let touch = self.touch();
        touch.up(self, &event);
        touch.frame(self);
    }

    /// A surface is gone: its client is told that nothing touches it any more.
    pub(crate) fn touched_surface_gone(&mut self, surface: &WlSurface) {
        if self.input.touched.as_ref() == Some(surface) {
            self.lift_finger();
        }
    }

    fn touched_at(
        &self,
        location: Point<f64, Logical>,
    ) -> Option<(WlSurface, Point<f64, Logical>)> {
        self.reachable_under(location)?.surface()
    }
}

fn finger() -> TouchSlot {
    Some(0).into()
}
