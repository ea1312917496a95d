use offing_tests::Result;
use offing_tests::wayland_client::protocol::wl_pointer::{Axis, ButtonState};
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1;
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1;

use super::chance::Chance;
use super::program::Program;
use crate::virtual_keyboard::{keymap, set_keymap, virtual_keyboard};
use crate::virtual_pointer::pointer;

/// linux/input-event-codes.h.
const BUTTONS: [u32; 3] = [0x110, 0x111, 0x117];
const SYMBOLS: [&str; 7] = ["a", "eacute", "Tab", "Escape", "U6f22", "F4", "Return"];
/// Nothing, Shift, Ctrl, Alt, Super: the masks of every keymap.
const MODIFIERS: [u32; 6] = [0, 0, 1, 4, 8, 64];
/// What absolute motions are shares of.
const EXTENT: u32 = 1000;

/// The pointer and the keyboard that a program uses in the place of a person.
#[derive(Default)]
pub(super) struct Devices {
    pointer: Option<ZwlrVirtualPointerV1>,
    keyboard: Option<ZwpVirtualKeyboardV1>,
}

/// What a program does in the place of a person.
impl Program {
    pub(super) fn point(&mut self, chance: &mut Chance) -> Result<String> {
        let pointer = match &self.devices.pointer {
            Some(pointer) => pointer,
            None => self.devices.pointer.insert(pointer(&self.client)?),
        };
        let button = chance.pick(&BUTTONS).copied().unwrap_or_default();
        let did = match chance.below(12) {
            0 => {
                pointer.destroy();
                self.devices.pointer = None;
                self.client.flush()?;
                return Ok("gives up its pointer".to_owned());
            }
            1..4 => {
                let (x, y) = (chance.below(1000) as u32, chance.below(1000) as u32);
                pointer.motion_absolute(0, x, y, EXTENT, EXTENT);
                format!("points at ({x}, {y}) of {EXTENT}")
            }
            4..6 => {
                let (dx, dy) = (chance.between(-200, 200), chance.between(-200, 200));
                pointer.motion(0, dx.into(), dy.into());
                format!("moves the pointer by ({dx}, {dy})")
            }
            6..8 => {
                pointer.button(0, button, ButtonState::Pressed);
                format!("presses the button {button:#x}")
            }
            8 => {
                pointer.axis(0, Axis::VerticalScroll, 15.0);
                "turns its wheel".to_owned()
            }
            _ => {
                for button in BUTTONS {
                    pointer.button(0, button, ButtonState::Released);
                }
                "releases its buttons".to_owned()
            }
        };
        if !chance.once_in(4) {
            pointer.frame();
        }
        self.client.flush()?;
        Ok(did)
    }

    pub(super) fn type_something(&mut self, chance: &mut Chance) -> Result<String> {
        let keyboard = match &self.devices.keyboard {
            Some(keyboard) => keyboard,
            None => {
                let keyboard = virtual_keyboard(&self.client)?;
                set_keymap(&keyboard, &keymap(&SYMBOLS))?;
                // Its file must live until it is sent.
                self.client.flush()?;
                self.devices.keyboard.insert(keyboard)
            }
        };
        let (index, modifiers) = (chance.below(SYMBOLS.len()), chance.pick(&MODIFIERS));
        let (symbol, modifiers) = (SYMBOLS[index], modifiers.copied().unwrap_or_default());
        let (code, holds) = (index as u32 + 1, chance.once_in(4));
        if chance.once_in(8) {
            keyboard.destroy();
            self.devices.keyboard = None;
            self.client.flush()?;
            return Ok("gives up its keyboard".to_owned());
        }
        keyboard.modifiers(modifiers, 0, 0, 0);
        keyboard.key(0, code, 1);
        if !holds {
            keyboard.key(0, code, 0);
            keyboard.modifiers(0, 0, 0, 0);
        }
        self.client.flush()?;
        Ok(format!(
            "types {symbol} with the modifiers {modifiers}, and holds it: {holds}"
        ))
    }
}
