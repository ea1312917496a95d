use super::wire::broken;
use super::{UpdateRect, VncClient, encoding};
use crate::{Error, Result};

/// Bits of the lock keys (rfbproto "QEMU LED State Pseudo-encoding").
pub mod led {
    /// Scroll Lock.
    pub const SCROLL_LOCK: u8 = 1;
    /// Num Lock.
    pub const NUM_LOCK: u8 = 2;
    /// Caps Lock.
    pub const CAPS_LOCK: u8 = 4;

    /// The other bits are reserved.
    pub(in super::super) const ALL: u8 = SCROLL_LOCK | NUM_LOCK | CAPS_LOCK;
}

/// What x and y are in a relative pointer event without motion.
const NO_MOTION: i32 = 0x7fff;

/// The bit of a pointer event that says that there is a byte more.
const EXTENDED: u8 = 0x80;

/// Keys and pointers beyond those of RFC 6143.
impl VncClient {
    /// Presses or releases a key, as a keysym and as a keycode of XT (rfbproto "QEMU Extended Key
    /// Event Message"). The server must have confirmed that it knows them.
    pub fn extended_key(&mut self, keysym: u32, keycode: u32, pressed: bool) -> Result {
        self.expect_confirmed(encoding::QEMU_EXTENDED_KEY)?;
        let mut message = vec![255, 0, 0, pressed.into()];
        message.extend(keysym.to_be_bytes());
        message.extend(keycode.to_be_bytes());
        self.wire.send(&message)
    }

    /// Moves the pointer to (`x`, `y`), with these buttons held: of the seven of
    /// [`button`](super::button), and of those in [`button::extended`](super::button::extended).
    /// The server must have confirmed that it knows them.
    pub fn extended_pointer(&mut self, x: u16, y: u16, buttons: u8, extended: u8) -> Result {
        self.expect_confirmed(encoding::EXTENDED_MOUSE_BUTTONS)?;
        self.pointer(x, y, buttons | EXTENDED)?;
        self.wire.send(&[extended])
    }

    /// Moves the pointer by `x` and `y`, at most 32767, with these buttons held (rfbproto "QEMU
    /// Pointer Motion Change Pseudo-encoding"). The server must have asked for such motions.
    pub fn pointer_by(&mut self, x: i16, y: i16, buttons: u8) -> Result {
        if self.pointer_is_relative.last() != Some(&true) {
            return Err(Error::other(
                "the server has not asked for relative motions",
            ));
        }
        let wire = |delta: i16| (NO_MOTION + i32::from(delta)) as u16;
        self.pointer(wire(x), wire(y), buttons)
    }

    /// Fails unless the server has confirmed that it knows an extension.
    pub(super) fn expect_confirmed(&self, encoding: i32) -> Result {
        match self.confirmed.contains(&encoding) {
            true => Ok(()),
            false => Err(Error::other(format!(
                "the server has not said that it knows extension {encoding}: use send()"
            ))),
        }
    }

    /// An empty rectangle, which says that the server knows an extension.
    pub(super) fn read_confirmation(&mut self, rect: UpdateRect) -> Result {
        if (rect.width, rect.height) != (0, 0) {
            return Err(broken("a confirmation that is not empty"));
        }
        self.confirmed.push(rect.encoding);
        Ok(())
    }

    /// QEMU Pointer Motion Change (rfbproto): x is 1 for places and 0 for motions.
    pub(super) fn read_pointer_motion(&mut self, rect: UpdateRect) -> Result {
        self.pointer_is_relative.push(match rect.x {
            0 => true,
            1 => false,
            other => return Err(broken(format!("{other} for a motion of the pointer"))),
        });
        Ok(())
    }

    /// QEMU LED State, or VMware LED State (rfbproto): bits that are the same, in 1 or 4 bytes.
    pub(super) fn read_leds(&mut self, rect: UpdateRect) -> Result {
        let state = match rect.encoding {
            encoding::QEMU_LED_STATE => self.wire.u8("the lock keys")?.into(),
            _ => self.wire.u32("the lock keys")?,
        };
        let leds = u8::try_from(state).ok().filter(|it| it & !led::ALL == 0);
        let leds = leds.ok_or_else(|| broken(format!("the lock keys {state:#x}")))?;
        self.leds.push(leds);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rect, script, script_and_sent, update_of};
    use super::super::{PixelFormat, button};
    use super::*;

    const FORMAT: PixelFormat = PixelFormat::BGR233;

    #[test]
    fn keys_and_buttons_wait_for_a_confirmation() -> Result {
        let (key, mouse) = (
            encoding::QEMU_EXTENDED_KEY,
            encoding::EXTENDED_MOUSE_BUTTONS,
        );
        let update = update_of(&[rect([0; 4], key, &[]), rect([0; 4], mouse, &[])]);
        let (mut viewer, sent) = script_and_sent(FORMAT, (2, 1), &[key, mouse], &update)?;
        assert!(viewer.extended_key(0xff53, 0xcd, true).is_err());
        assert!(viewer.extended_pointer(1, 0, 0, 0).is_err());
        viewer.update()?;
        assert_eq!(viewer.confirmed, [key, mouse]);
        sent.take();
        // rfbproto: type, 0, pressed (2 bytes), keysym, keycode.
        viewer.extended_key(0xff53, 0xcd, true)?;
        assert_eq!(sent.take(), [255, 0, 0, 1, 0, 0, 0xff, 0x53, 0, 0, 0, 0xcd]);
        // rfbproto: type, buttons with the highest bit set, x, y, more buttons.
        viewer.extended_pointer(1, 258, button::RIGHT, button::extended::FORWARD)?;
        assert_eq!(sent.take(), [5, 0x84, 0, 1, 1, 2, 2]);
        Ok(())
    }

    #[test]
    fn motions_are_relative_while_the_server_wants_it() -> Result {
        let motion = encoding::QEMU_POINTER_MOTION;
        let mode = |x| update_of(&[rect([x, 0, 2, 1], motion, &[])]);
        let updates = [mode(0), mode(1), mode(2)].concat();
        let (mut viewer, sent) = script_and_sent(FORMAT, (2, 1), &[motion], &updates)?;
        assert!(viewer.pointer_by(1, 1, 0).is_err());
        viewer.update()?;
        sent.take();
        // rfbproto: 0x7fff is no motion.
        viewer.pointer_by(-1, 2, button::LEFT)?;
        viewer.pointer_by(0, i16::MIN, 0)?;
        assert_eq!(
            sent.take(),
            [5, 1, 0x7f, 0xfe, 0x80, 0x01, 5, 0, 0x7f, 0xff, 0xff, 0xff]
        );
        viewer.update()?;
        assert!(viewer.pointer_by(1, 1, 0).is_err());
        assert!(viewer.update().is_err(), "x is 0 or 1");
        Ok(())
    }

    #[test]
    fn lock_keys_are_three_bits() -> Result {
        let cases: [(i32, &[u8], &[u8]); 2] = [
            (encoding::QEMU_LED_STATE, &[5], &[8]),
            (encoding::VMWARE_LED_STATE, &[0, 0, 0, 5], &[0, 0, 1, 0]),
        ];
        for (encoding, right, wrong) in cases {
            let update = |state| update_of(&[rect([0; 4], encoding, state)]);
            let updates = [update(right), update(wrong)].concat();
            let mut viewer = script(FORMAT, (2, 1), &[encoding], &updates)?;
            viewer.update()?;
            assert_eq!(viewer.leds, [led::SCROLL_LOCK | led::CAPS_LOCK]);
            assert!(viewer.update().is_err());
        }
        Ok(())
    }

    #[test]
    fn a_confirmation_is_empty() -> Result {
        let audio = encoding::QEMU_AUDIO;
        let update = update_of(&[rect([0, 0, 2, 1], audio, &[])]);
        let mut viewer = script(FORMAT, (2, 1), &[audio], &update)?;
        let error = viewer.update().unwrap_err().to_string();
        assert!(
            error.ends_with("a confirmation that is not empty"),
            "{error}"
        );
        Ok(())
    }
}
