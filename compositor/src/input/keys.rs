//! Keys, on their way to the seat.

use std::time::Instant;

use smithay::backend::input::KeyState;
use smithay::input::keyboard::{FilterResult, KeyboardTarget, Keycode, Layout, ModifiersState};
use smithay::utils::SERIAL_COUNTER;
use tracing::error;

use crate::input::shortcuts::{self, Meaning};
use crate::input::typing::Stroke;
use crate::keymap::{self, Key, Modifiers, Strokes};
use crate::remote::ViewerId;
use crate::state::Offing;

impl Offing {
    /// A viewer pressed or released a key.
    pub(crate) fn key(&mut self, viewer: ViewerId, key: Key, pressed: bool) {
        self.notice_input();
        if pressed {
            if !self.takes_input() {
                return;
            }
            self.focus_shared();
        }
        let keymap = &mut self.input.keymap;
        let strokes = if pressed {
            keymap.press(viewer.0, key)
        } else {
            keymap.release(viewer.0, key)
        };
        self.strike(strokes);
    }

    /// A virtual keyboard pressed or released a key, for whoever has the keyboard. `number`: as who.
    /// `is_method`: it is an input method's, which gives the key back to the window.
    pub(crate) fn virtual_key(&mut self, number: u64, key: Key, pressed: bool, is_method: bool) {
        let keymap = &mut self.input.keymap;
        let strokes = match (pressed, is_method) {
            (true, true) => keymap.give_back(number, key),
            (true, false) => keymap.press(number, key),
            (false, _) => keymap.release(number, key),
        };
        self.strike(strokes);
    }

    fn strike(&mut self, strokes: Strokes) {
        if let Some(locked) = strokes.keymap_changed {
            self.change_keymap(locked);
        }
        // A repetition, which is a release and a press, is one moment.
        let now = Instant::now();
        for stroke in strokes.keys {
            self.stroke(stroke, now);
        }
        self.tell_leds();
    }

    /// Tells viewers which lights of the keyboard are on, if these are others than before.
    pub(crate) fn tell_leds(&mut self) {
        let leds = self.input.keymap.leds();
        if self.input.leds.replace(leds) != Some(leds) {
            self.remote.set_leds(leds);
        }
    }

    fn stroke(&mut self, stroke: keymap::Stroke, now: Instant) {
        let keymap::Stroke {
            keycode: code,
            pressed,
            given_back,
        } = stroke;
        let keyboard = self.input.keyboard.clone();
        let state = if pressed {
            KeyState::Pressed
        } else {
            KeyState::Released
        };
        let (serial, time) = (SERIAL_COUNTER.next_serial(), self.clock.millis());
        let focus = keyboard.current_focus();
        let are_inhibited = focus.is_some_and(|surface| shortcuts::are_inhibited(&surface));
        let intercepted = keyboard.input(
            self,
            Keycode::new(code),
            state,
            serial,
            time,
            |state, modifiers, key| {
                let shortcut = state.shortcut(modifiers, key.modified_sym(), are_inhibited);
                let shortcuts = &mut state.input.shortcuts;
                match shortcuts.read(code, pressed, shortcut.is_some(), now) {
                    Meaning::Input => {
                        let stroke = Stroke {
                            code,
                            pressed,
                            time,
                            modifiers,
                        };
                        match !given_back && state.typing.takes(&stroke) {
                            true => FilterResult::Intercept(None),
                            false => FilterResult::Forward,
                        }
                    }
                    Meaning::Shortcut => FilterResult::Intercept(shortcut),
                    Meaning::Repetition => {
                        FilterResult::Intercept(shortcut.filter(|it| it.repeats()))
                    }
                    Meaning::Rest => FilterResult::Intercept(None),
                }
            },
        );
        if let Some(shortcut) = intercepted.flatten() {
            self.act_on(shortcut);
        }
        if !pressed {
            self.finish_switching();
        }
    }

    /// Tells whoever has the keyboard the modifiers as they are.
    pub(crate) fn tell_modifiers(&mut self) {
        self.tell_these_modifiers(self.input.keyboard.modifier_state());
    }

    /// Tells whoever has the keyboard these modifiers, which need not be those of the seat.
    pub(crate) fn tell_these_modifiers(&mut self, modifiers: ModifiersState) {
        let keyboard = self.input.keyboard.clone();
        if let Some(focus) = keyboard.current_focus() {
            let (seat, serial) = (self.input.seat.clone(), SERIAL_COUNTER.next_serial());
            KeyboardTarget::modifiers(&focus, &seat, self, modifiers, serial);
        }
    }

    /// Gives the seat the keymap as it is now, and the locks and layout that it forgets with the
    /// old one.
    fn change_keymap(&mut self, locked: Modifiers) {
        let keyboard = self.input.keyboard.clone();
        let text = self.input.keymap.text().to_owned();
        if keyboard.set_keymap_from_string(self, text).is_err() {
            error!("the keymap with a spare key does not compile");
            return;
        }
        let mut modifiers = keyboard.modifier_state();
        modifiers.caps_lock = locked.caps_lock;
        modifiers.num_lock = locked.num_lock;
        keyboard.set_modifier_state(modifiers);
        keyboard.with_xkb_state(self, |mut xkb| xkb.set_layout(Layout(locked.layout)));
        self.tell_modifiers();
        let modifiers = keyboard.modifier_state();
        self.typing
            .tell_keymap(self.input.keymap.text(), &modifiers);
    }

    /// Releases the keys that are held as this number.
    pub(crate) fn release_keys(&mut self, number: u64) {
        let strokes = self.input.keymap.release_all(number);
        self.strike(strokes);
    }
}
