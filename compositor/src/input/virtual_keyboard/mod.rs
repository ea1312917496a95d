//! Virtual keyboards: programs that type, such as keyboards on the screen.
//!
//! Each brings a keymap of its own. That is not given to the seat: it would be in the way of
//! viewers' keys, and programs of X know no more than one. Instead it only says which symbol a key
//! is, and the symbol is typed as a viewer's is.

mod keymap;

use std::collections::{HashMap, VecDeque};
use std::os::fd::OwnedFd;
use std::time::Instant;

use smithay::backend::input::KeyState;
use smithay::input::keyboard::{Keycode, SerializedMods};
use smithay::reexports::wayland_protocols_misc::zwp_virtual_keyboard_v1::server::zwp_virtual_keyboard_v1::{
    Error, ZwpVirtualKeyboardV1,
};
use smithay::reexports::wayland_server::{Client, Resource};
use smithay::utils::SERIAL_COUNTER;
use tracing::debug;
use xkbcommon::xkb;

use crate::keymap::Key;
use crate::state::{Offing, REQUESTS_TIME};

/// How many keys it can hold: no keyboard has more.
const MAX_HELD: usize = 256;
/// The keycodes that the seat has.
const KEYCODES: std::ops::RangeInclusive<u32> = 9..=255;
/// Modifiers that are pressed as keys; others only choose the symbol.
const MODIFIERS: [(&str, u32); 4] = [
    (xkb::MOD_NAME_SHIFT, 0xffe1),
    (xkb::MOD_NAME_CTRL, 0xffe3),
    (xkb::MOD_NAME_ALT, 0xffe9),
    (xkb::MOD_NAME_LOGO, 0xffeb),
];
/// Numbers of viewers that are virtual keyboards: from here down. Nobody else has such a number.
const NUMBERS: u64 = u64::MAX - 1;

/// A key that a virtual keyboard holds, as it is pressed on the seat.
#[derive(Clone, Copy)]
enum Held {
    /// A key that gives this symbol.
    Symbol(u32),
    /// This very key: the keyboard has the seat's keymap.
    Code(u32),
}

/// One of them.
struct VirtualKeyboard {
    object: ZwpVirtualKeyboardV1,
    /// As who its keys are held; its modifiers, by the number below.
    number: u64,
    keymap: Option<(String, xkb::State)>,
    held: HashMap<u32, Held>,
    /// Which of [`MODIFIERS`] are held.
    modifiers: [bool; MODIFIERS.len()],
}

/// What is to be typed.
enum Action {
    /// A symbol, by whom.
    Symbol {
        number: u64,
        keysym: u32,
        pressed: bool,
    },
    /// A key of the seat, that an input method gives back.
    Code { code: u32, pressed: bool },
    /// What the window is told of modifiers along with such keys.
    Modifiers(SerializedMods),
    /// This keyboard is gone.
    Gone { number: u64 },
}

/// All virtual keyboards, and what they still have to type.
#[derive(Default)]
pub(crate) struct VirtualKeyboards {
    keyboards: Vec<VirtualKeyboard>,
    /// How many there have been.
    count: u64,
    /// What to do, and whether an input method does it itself.
    queue: VecDeque<(Action, bool)>,
}

impl VirtualKeyboards {
    fn find(&mut self, object: &ZwpVirtualKeyboardV1) -> Option<&mut VirtualKeyboard> {
        self.keyboards.iter_mut().find(|it| it.object == *object)
    }
}

impl Offing {
    /// A client got a virtual keyboard.
    pub(crate) fn add_virtual_keyboard(&mut self, object: ZwpVirtualKeyboardV1) {
        let number = NUMBERS - 2 * self.virtual_keyboards.count;
        self.virtual_keyboards.count += 1;
        self.virtual_keyboards.keyboards.push(VirtualKeyboard {
            object,
            number,
            keymap: None,
            held: HashMap::new(),
            modifiers: [false; MODIFIERS.len()],
        });
    }

    /// A virtual keyboard says which symbols its keys have.
    pub(crate) fn set_virtual_keymap(
        &mut self,
        client: &Client,
        object: &ZwpVirtualKeyboardV1,
        fd: OwnedFd,
        size: u32,
    ) {
        // Before it is read, which takes time as well.
        self.keymap_made(client);
        let Some(text) = keymap::read(fd, size) else {
            debug!("the keymap of a virtual keyboard is not taken");
            return;
        };
        let Some(keyboard) = self.virtual_keyboards.find(object) else {
            return;
        };
        if keyboard.keymap.as_ref().is_some_and(|(it, _)| *it == text) {
            return;
        }
        match self.input.compile(&text) {
            Some(state) => keyboard.keymap = Some((text, state)),
            None => debug!("the keymap of a virtual keyboard does not compile"),
        }
    }

    /// A virtual keyboard's key goes down or up. `code` is evdev's.
    pub(crate) fn press_virtual_key(
        &mut self,
        client: &Client,
        object: &ZwpVirtualKeyboardV1,
        code: u32,
        pressed: bool,
    ) {
        let is_method = self.typing.is_grabbed_by(&client.id());
        let seat = self.input.keymap_text();
        let Some(keyboard) = self.virtual_keyboards.find(object) else {
            return;
        };
        let Some((text, state)) = &keyboard.keymap else {
            object.post_error(Error::NoKeymap, "a key before the keymap");
            return;
        };
        let number = keyboard.number;
        let code = code.saturating_add(8);
        let held = if pressed {
            let keysym = state.key_get_one_sym(code.into()).raw();
            let held = match is_method && text == seat {
                true if KEYCODES.contains(&code) => Held::Code(code),
                true => return,
                false if keysym == 0 => return,
                false => Held::Symbol(keysym),
            };
            if keyboard.held.len() >= MAX_HELD {
                return;
            }
            // Pressed again, it is what it was.
            *keyboard.held.entry(code).or_insert(held)
        } else if let Some(held) = keyboard.held.remove(&code) {
            held
        } else {
            return;
        };
        let action = match held {
            Held::Code(code) => Action::Code { code, pressed },
            Held::Symbol(keysym) => Action::Symbol {
                number,
                keysym,
                pressed,
            },
        };
        self.queue_virtual(client, action, is_method);
    }

    /// A virtual keyboard's modifiers are these: masks as in `wl_keyboard.modifiers`.
    pub(crate) fn set_virtual_modifiers(
        &mut self,
        client: &Client,
        object: &ZwpVirtualKeyboardV1,
        (depressed, latched, locked): (u32, u32, u32),
        group: u32,
    ) {
        let is_method = self.typing.is_grabbed_by(&client.id());
        let Some(keyboard) = self.virtual_keyboards.find(object) else {
            return;
        };
        let Some((text, state)) = &mut keyboard.keymap else {
            object.post_error(Error::NoKeymap, "modifiers before the keymap");
            return;
        };
        state.update_mask(depressed, latched, locked, 0, 0, group);
        if is_method && text == self.input.keymap_text() {
            // In order with the keys, whatever viewers hold by now.
            let told = SerializedMods {
                depressed,
                latched,
                locked,
                layout_effective: group,
            };
            self.queue_virtual(client, Action::Modifiers(told), is_method);
            return;
        }
        let number = keyboard.number - 1;
        let mut actions = Vec::new();
        for ((name, keysym), held) in MODIFIERS.into_iter().zip(&mut keyboard.modifiers) {
            let pressed = state.mod_name_is_active(name, xkb::STATE_MODS_EFFECTIVE);
            if std::mem::replace(held, pressed) != pressed {
                actions.push(Action::Symbol {
                    number,
                    keysym,
                    pressed,
                });
            }
        }
        for action in actions {
            self.queue_virtual(client, action, is_method);
        }
    }

    /// A virtual keyboard is gone: what it held is released once the rest is typed.
    pub(crate) fn remove_virtual_keyboard(&mut self, object: &ZwpVirtualKeyboardV1) {
        let keyboards = &mut self.virtual_keyboards.keyboards;
        let Some(at) = keyboards.iter().position(|it| it.object == *object) else {
            return;
        };
        let keyboard = keyboards.swap_remove(at);
        let queue = &mut self.virtual_keyboards.queue;
        for held in keyboard.held.into_values() {
            if let Held::Code(code) = held {
                let pressed = false;
                queue.push_back((Action::Code { code, pressed }, true));
            }
        }
        let number = keyboard.number;
        queue.push_back((Action::Gone { number }, true));
    }

    /// A symbol that the layout lacks takes milliseconds, so there is a queue; its client is not
    /// served as long as there is something in it.
    fn queue_virtual(&mut self, client: &Client, action: Action, is_method: bool) {
        self.virtual_keyboards.queue.push_back((action, is_method));
        self.gate.hold_up(client);
    }

    /// Types what virtual keyboards have to type, as far as there is time in this turn.
    pub(crate) fn serve_virtual_keyboards(&mut self) {
        if self.virtual_keyboards.queue.is_empty() {
            return;
        }
        let start = Instant::now();
        while let Some((action, is_method)) = self.virtual_keyboards.queue.pop_front() {
            if !matches!(action, Action::Gone { .. }) {
                self.notice_input();
            }
            self.type_virtually(&action, is_method);
            if start.elapsed() >= REQUESTS_TIME {
                self.wake.ping();
                break;
            }
        }
        if self.virtual_keyboards.queue.is_empty() {
            self.gate.let_go_on();
        }
    }

    fn type_virtually(&mut self, action: &Action, is_method: bool) {
        match *action {
            Action::Symbol {
                number,
                keysym,
                pressed,
            } => {
                let key = Key {
                    keysym,
                    scancode: None,
                };
                self.virtual_key(number, key, pressed, is_method);
            }
            Action::Code { code, pressed } => {
                let keyboard = self.input.keyboard.clone();
                let state = match pressed {
                    true => KeyState::Pressed,
                    false => KeyState::Released,
                };
                let (serial, time) = (SERIAL_COUNTER.next_serial(), self.clock.millis());
                let code = Keycode::new(code);
                keyboard.input_forward(self, code, state, serial, time, false);
            }
            Action::Modifiers(serialized) => {
                let mut modifiers = self.input.keyboard.modifier_state();
                modifiers.serialized = serialized;
                self.tell_these_modifiers(modifiers);
            }
            Action::Gone { number } => {
                self.release_keys(number);
                self.release_keys(number - 1);
            }
        }
    }
}
