//! Pointers that programs move in the place of a person: tests, remote help, keys as a mouse. What
//! a program says takes effect when it says that this belongs together.

use std::collections::BTreeSet;

use smithay::input::pointer::AxisFrame;
use smithay::utils::{Logical, Point};

use crate::remote::MovedBy;
use crate::state::Offing;

/// More than this does not wait: it is done before its time.
const MAX_WAITING: usize = 64;
/// No pointer has more buttons than these at a time.
const MAX_BUTTONS: usize = 32;

/// What a program does with its pointer.
pub(crate) enum Act {
    /// By so much, in logical units.
    MoveBy(Point<f64, Logical>),
    /// To a place: shares of the screen's width and height.
    MoveTo(f64, f64),
    /// A button, by its code in linux/input-event-codes.h, goes down or up.
    Button(u32, bool),
}

/// One program's pointer.
#[derive(Default)]
pub(crate) struct VirtualPointer {
    waiting: Vec<Act>,
    turned: Option<AxisFrame>,
    held: BTreeSet<u32>,
    /// Where it is, if the client that has the pointer was too busy to be told.
    missed: Option<Point<f64, Logical>>,
}

impl Offing {
    /// A program does something with its pointer.
    pub(crate) fn act(&mut self, pointer: &mut VirtualPointer, act: Act) {
        if pointer.waiting.len() == MAX_WAITING {
            self.finish_acts(pointer);
        }
        pointer.waiting.push(act);
    }

    /// A program turns a wheel, or what else there is.
    pub(crate) fn turn(
        &mut self,
        pointer: &mut VirtualPointer,
        turn: impl FnOnce(AxisFrame) -> AxisFrame,
    ) {
        let time = self.clock.millis();
        let before = pointer.turned.take();
        pointer.turned = Some(turn(before.unwrap_or_else(|| AxisFrame::new(time))));
    }

    /// What a program did belongs together, and takes effect.
    pub(crate) fn finish_acts(&mut self, virtual_pointer: &mut VirtualPointer) {
        self.notice_input();
        let pointer = self.input.pointer.clone();
        let mut is_told = false;
        for act in std::mem::take(&mut virtual_pointer.waiting) {
            let place = virtual_pointer.missed;
            let place = place.unwrap_or_else(|| pointer.current_location());
            match act {
                Act::MoveBy(delta) => is_told |= self.move_virtually(virtual_pointer, delta),
                Act::MoveTo(x, y) => {
                    let screen = self.screen.logical_size().to_f64();
                    let target = Point::from((x * screen.w, y * screen.h));
                    is_told |= self.move_virtually(virtual_pointer, target - place);
                }
                Act::Button(button, pressed) => {
                    let held = &mut virtual_pointer.held;
                    let changes = match pressed {
                        true => held.len() < MAX_BUTTONS && held.insert(button),
                        false => held.remove(&button),
                    };
                    if changes {
                        // It goes down and up where it is.
                        if virtual_pointer.missed.take().is_some() {
                            let delta = place - pointer.current_location();
                            self.moved(MovedBy::Program, place, delta);
                        }
                        self.button(button, pressed);
                        is_told = true;
                    }
                }
            }
        }
        if let Some(frame) = virtual_pointer.turned.take() {
            pointer.axis(self, frame);
            is_told = true;
        }
        if is_told {
            pointer.frame(self);
        }
    }

    /// A program's pointer is gone: what it held is released.
    pub(crate) fn release_virtual(&mut self, virtual_pointer: &mut VirtualPointer) {
        for button in std::mem::take(&mut virtual_pointer.held) {
            self.button(button, false);
        }
        let pointer = self.input.pointer.clone();
        pointer.frame(self);
    }

    /// Moves a program's pointer. Returns false if that is left out.
    fn move_virtually(
        &mut self,
        virtual_pointer: &mut VirtualPointer,
        delta: Point<f64, Logical>,
    ) -> bool {
        let screen = self.screen.logical_size().to_f64();
        let location = self.input.pointer.current_location();
        let missed = virtual_pointer.missed.take();
        let target = missed.unwrap_or(location) + delta;
        let target = Point::from((
            target.x.clamp(0.0, screen.w - 1.0),
            target.y.clamp(0.0, screen.h - 1.0),
        ));
        if self.is_left_out(Some(target)) {
            virtual_pointer.missed = Some(target);
            return false;
        }
        let late = missed.map(|missed| missed - location);
        self.moved(MovedBy::Program, target, delta + late.unwrap_or_default());
        true
    }
}
