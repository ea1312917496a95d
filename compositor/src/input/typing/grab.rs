//! The input method's grab of the keyboard: it gets the keys in place of the window, to make
//! characters of them, and gives those that it does not need back by a virtual keyboard.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use smithay::input::keyboard::ModifiersState;
use smithay::reexports::wayland_protocols_misc::zwp_input_method_v2::server::zwp_input_method_keyboard_grab_v2::ZwpInputMethodKeyboardGrabV2;
use smithay::reexports::wayland_protocols_misc::zwp_input_method_v2::server::zwp_input_method_v2::ZwpInputMethodV2;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_keyboard::{KeyState, KeymapFormat};
use smithay::utils::SERIAL_COUNTER;
use tracing::error;

use super::Typing;
use crate::state::Offing;

/// Modifiers as they are told: depressed, latched, locked, layout.
type Told = (u32, u32, u32, u32);

/// Who gets the keys.
pub(super) struct Grab {
    object: ZwpInputMethodKeyboardGrabV2,
    told: Told,
}

impl Grab {
    fn tell_keymap(&self, text: &str) {
        match keymap_file(text) {
            Ok((file, size)) => {
                self.object.keymap(KeymapFormat::XkbV1, file.as_fd(), size);
            }
            Err(error) => error!("an input method cannot be told the keymap: {error}"),
        }
    }

    fn tell_modifiers(&mut self, modifiers: &ModifiersState) {
        let serialized = modifiers.serialized;
        let told = (
            serialized.depressed,
            serialized.latched,
            serialized.locked,
            serialized.layout_effective,
        );
        if std::mem::replace(&mut self.told, told) != told {
            let serial = SERIAL_COUNTER.next_serial().into();
            self.object
                .modifiers(serial, told.0, told.1, told.2, told.3);
        }
    }
}

/// A key on its way to the window.
pub(crate) struct Stroke<'a> {
    /// xkb's code: 8 above evdev's.
    pub(crate) code: u32,
    /// It goes down.
    pub(crate) pressed: bool,
    /// In milliseconds.
    pub(crate) time: u32,
    /// The modifiers after it.
    pub(crate) modifiers: &'a ModifiersState,
}

impl Typing {
    /// Whether an input method has the keyboard, which is of this client.
    pub(crate) fn is_grabbed_by(&self, client: &ClientId) -> bool {
        let grab = self.method.as_ref().and_then(|method| method.grab.as_ref());
        grab.and_then(|grab| grab.object.client())
            .is_some_and(|it| it.id() == *client)
    }

    /// Gives a key to the input method, if it is to have it. A key goes up where it went down.
    pub(crate) fn takes(&mut self, stroke: &Stroke) -> bool {
        let grab = self.method.as_mut().and_then(|it| it.grab.as_mut());
        let before = self.taken.iter().position(|code| *code == stroke.code);
        match (stroke.pressed, before) {
            (true, None) if grab.is_some() => self.taken.push(stroke.code),
            (true, None) => return false,
            (true, Some(_)) => {}
            (false, Some(at)) => _ = self.taken.swap_remove(at),
            (false, None) => {
                if let Some(grab) = grab {
                    grab.tell_modifiers(stroke.modifiers);
                }
                return false;
            }
        }
        if let Some(grab) = grab {
            let state = match stroke.pressed {
                true => KeyState::Pressed,
                false => KeyState::Released,
            };
            let (serial, code) = (SERIAL_COUNTER.next_serial(), stroke.code.saturating_sub(8));
            grab.object.key(serial.into(), stroke.time, code, state);
            grab.tell_modifiers(stroke.modifiers);
        }
        true
    }

    /// The seat has another keymap.
    pub(crate) fn tell_keymap(&mut self, text: &str, modifiers: &ModifiersState) {
        if let Some(grab) = self.method.as_mut().and_then(|it| it.grab.as_mut()) {
            grab.tell_keymap(text);
            grab.tell_modifiers(modifiers);
        }
    }
}

impl Offing {
    /// A grab ends. The window knew the modifiers only as far as the input method told it.
    pub(crate) fn release_keyboard(&mut self, object: &ZwpInputMethodKeyboardGrabV2) {
        if let Some(method) = &mut self.typing.method
            && method.grab.as_ref().is_some_and(|it| it.object == *object)
        {
            method.grab = None;
            self.tell_modifiers();
        }
    }

    /// The input method wants the keys. Of several grabs the last one has them.
    pub(crate) fn grab_keyboard(
        &mut self,
        method: &ZwpInputMethodV2,
        object: ZwpInputMethodKeyboardGrabV2,
    ) {
        let modifiers = self.input.keyboard.modifier_state();
        let Some(method) = self.typing.method_mut(method) else {
            return;
        };
        let mut grab = Grab {
            object,
            told: Told::default(),
        };
        // Viewers repeat keys themselves.
        grab.object.repeat_info(0, 0);
        grab.tell_keymap(self.input.keymap_text());
        grab.tell_modifiers(&modifiers);
        method.grab = Some(grab);
    }
}

/// A file in memory that holds a keymap and cannot be changed; its size with the zero at the end.
fn keymap_file(text: &str) -> io::Result<(File, u32)> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = File::from(memfd_create("offing-keymap", flags)?);
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    file.write_all_at(&bytes, 0)?;
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    fcntl_add_seals(&file, seals)?;
    let size = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    Ok((file, size))
}
