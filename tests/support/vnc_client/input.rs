use super::encoding;
use super::framebuffer::Framebuffer;
use super::pixel_format::PixelFormat;
use super::{UpdateRect, VncClient};
use crate::{Error, Result};

/// Bits of the buttons in a pointer event (RFC 6143 §7.5.5).
pub mod button {
    /// The left button.
    pub const LEFT: u8 = 1;
    /// The middle button.
    pub const MIDDLE: u8 = 2;
    /// The right button.
    pub const RIGHT: u8 = 4;
    /// The wheel, away from the user.
    pub const WHEEL_UP: u8 = 8;
    /// The wheel, towards the user.
    pub const WHEEL_DOWN: u8 = 16;
    /// The wheel, to the left.
    pub const WHEEL_LEFT: u8 = 32;
    /// The wheel, to the right.
    pub const WHEEL_RIGHT: u8 = 64;
    /// The button at the side that goes back, as long as there is no byte for more buttons.
    pub const BACK: u8 = 128;

    /// Bits of the byte for more buttons (rfbproto "PointerEvent").
    pub mod extended {
        /// The button at the side that goes back.
        pub const BACK: u8 = 1;
        /// The button at the side that goes forward.
        pub const FORWARD: u8 = 2;
    }
}

/// The keysym of a character (RFC 6143 §7.5.4): Latin-1 as it is, control characters as function
/// keys, the rest as Unicode plus 0x01000000.
pub fn keysym(character: char) -> u32 {
    match character {
        '\n' | '\r' => 0xff0d,
        '\t' => 0xff09,
        '\u{8}' => 0xff08,
        '\u{1b}' => 0xff1b,
        ' '..='~' | '\u{a0}'..='\u{ff}' => character.into(),
        other => 0x0100_0000 | u32::from(other),
    }
}

/// What a viewer sends (RFC 6143 §7.5).
impl VncClient {
    /// Sends any bytes. What they ask for is not known here: see [`VncClient::assume_asked`].
    pub fn send(&mut self, bytes: &[u8]) -> Result {
        self.assume_asked();
        self.wire.send(bytes)
    }

    /// Changes the pixel format, and asks for everything with the next request. An update on its
    /// way could be in either format, so the one asked for must have come. The format must be
    /// valid: send others with [`VncClient::send`].
    pub fn set_pixel_format(&mut self, format: PixelFormat) -> Result {
        if self.pending.awaits_update() {
            return Err(Error::other(
                "an update may be on its way: read it with update() before changing the format, \
                 or use set_pixel_format_in_step()",
            ));
        }
        self.send_pixel_format(format)?;
        self.assume_pixel_format(format);
        Ok(())
    }

    /// SetPixelFormat.
    pub(super) fn send_pixel_format(&mut self, format: PixelFormat) -> Result {
        if !format.is_valid() {
            return Err(Error::other(format!("{format:?} is not valid: use send()")));
        }
        let mut message = vec![0; 4];
        message.extend(format.to_bytes());
        self.wire.send(&message)
    }

    /// Takes what comes as being in `format`, without telling the server.
    pub fn assume_pixel_format(&mut self, format: PixelFormat) {
        let (width, height) = (
            self.framebuffer.width as u16,
            self.framebuffer.height as u16,
        );
        self.framebuffer = Framebuffer::new(width, height);
        self.format = format;
        self.all_wanted = true;
    }

    /// Says which encodings are understood, the best first. See [`encoding`].
    pub fn set_encodings(&mut self, encodings: &[i32]) -> Result {
        let mut message = vec![2, 0];
        message.extend((encodings.len() as u16).to_be_bytes());
        message.extend(encodings.iter().flat_map(|encoding| encoding.to_be_bytes()));
        self.wire.send(&message)?;
        self.asked.list(encodings, self.pending.awaits_update());
        Ok(())
    }

    /// Asks for what changed; the first time, and after a change of the pixel format, for
    /// everything. While there are continuous updates what changed comes by itself.
    pub fn request_update(&mut self) -> Result {
        if self.pending.continuous && !self.all_wanted {
            return Ok(());
        }
        let (width, height) = (
            self.framebuffer.width as u16,
            self.framebuffer.height as u16,
        );
        self.request(!self.all_wanted, 0, 0, width, height)?;
        self.all_wanted = false;
        Ok(())
    }

    /// Asks for everything, changed or not.
    pub fn request_everything(&mut self) -> Result {
        self.all_wanted = true;
        self.request_update()
    }

    /// Asks for a piece of the screen: what changed, or all of it.
    pub fn request(
        &mut self,
        incremental: bool,
        x: u16,
        y: u16,
        width: u16,
        height: u16,
    ) -> Result {
        let mut message = vec![3, incremental.into()];
        message.extend(
            [x, y, width, height]
                .iter()
                .flat_map(|number| number.to_be_bytes()),
        );
        self.pending.request();
        self.wire.send(&message)
    }

    /// Presses or releases the key with this keysym.
    pub fn key(&mut self, keysym: u32, pressed: bool) -> Result {
        let mut message = vec![4, pressed.into(), 0, 0];
        message.extend(keysym.to_be_bytes());
        self.wire.send(&message)
    }

    /// Presses and releases a key.
    pub fn tap(&mut self, keysym: u32) -> Result {
        self.key(keysym, true)?;
        self.key(keysym, false)
    }

    /// Types a text. Shift is not pressed for capitals, as with viewers on a touch screen.
    pub fn type_text(&mut self, text: &str) -> Result {
        text.chars()
            .try_for_each(|character| self.tap(keysym(character)))
    }

    /// Moves the pointer to (`x`, `y`), with these of the [`button`]s held.
    pub fn pointer(&mut self, x: u16, y: u16, buttons: u8) -> Result {
        let mut message = vec![5, buttons];
        message.extend([x, y].iter().flat_map(|number| number.to_be_bytes()));
        self.wire.send(&message)
    }

    /// Moves the pointer to (`x`, `y`), and presses and releases a [`button`] there.
    pub fn click(&mut self, x: u16, y: u16, button: u8) -> Result {
        self.pointer(x, y, 0)?;
        self.pointer(x, y, button)?;
        self.pointer(x, y, 0)
    }

    /// Moves the pointer to `from`, holds a [`button`], moves it to `to` in ten steps, and lets go.
    pub fn drag(&mut self, from: (u16, u16), to: (u16, u16), button: u8) -> Result {
        let between = |from: u16, to: u16, step: i32| {
            (i32::from(from) + (i32::from(to) - i32::from(from)) * step / 10) as u16
        };
        self.pointer(from.0, from.1, 0)?;
        for step in 0..=10 {
            self.pointer(
                between(from.0, to.0, step),
                between(from.1, to.1, step),
                button,
            )?;
        }
        self.pointer(to.0, to.1, 0)
    }

    /// Cuts a text, which is sent as Latin-1: other characters as `?`.
    pub fn cut_text(&mut self, text: &str) -> Result {
        let latin1: Vec<u8> = text
            .chars()
            .map(|c| u8::try_from(c).unwrap_or(b'?'))
            .collect();
        let mut message = vec![6, 0, 0, 0];
        message.extend((latin1.len() as u32).to_be_bytes());
        message.extend(latin1);
        self.wire.send(&message)
    }

    /// Asks for an update if none is asked for, and reads until one has come: its rectangles.
    pub fn update(&mut self) -> Result<Vec<UpdateRect>> {
        if !self.pending.requested {
            self.request_update()?;
        }
        let before = self.updates.len();
        while self.updates.len() == before {
            self.read_message()?;
        }
        Ok(self.updates[before].rects.clone())
    }

    /// Says that the viewer understands resizes, names and cursors, and Hextile, CopyRect and Raw.
    pub fn set_usual_encodings(&mut self) -> Result {
        self.set_encodings(&[
            encoding::HEXTILE,
            encoding::COPY_RECT,
            encoding::RAW,
            encoding::CURSOR,
            encoding::POINTER_POS,
            encoding::EXTENDED_DESKTOP_SIZE,
            encoding::DESKTOP_SIZE,
            encoding::DESKTOP_NAME,
            encoding::LAST_RECT,
        ])
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::super::handshake::Welcome;
    use super::super::wire::Wire;
    use super::*;

    #[test]
    fn messages_are_laid_out_as_in_the_specification() -> Result {
        let (ours, mut theirs) = UnixStream::pair()?;
        let welcome = Welcome {
            server_version: String::new(),
            security_types: vec![],
            security: 1,
            width: 300,
            height: 200,
            format: PixelFormat::BGRX,
            name: String::new(),
        };
        let mut viewer = VncClient::new(Wire::new(ours), welcome);
        viewer.set_pixel_format(PixelFormat::RGB565)?;
        viewer.set_encodings(&[encoding::HEXTILE, encoding::CURSOR])?;
        viewer.request_update()?;
        viewer.request_update()?;
        assert!(viewer.set_pixel_format(PixelFormat::BGRX).is_err());
        viewer.key(keysym('€'), true)?;
        viewer.pointer(258, 3, button::LEFT | button::RIGHT)?;
        viewer.cut_text("é€")?;
        viewer.set_desktop_size(640, 480)?;
        drop(viewer);
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent)?;
        let expected: [&[u8]; 9] = [
            &[
                0, 0, 0, 0, 16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0,
            ],
            &[2, 0, 0, 2, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0x11],
            &[3, 0, 0, 0, 0, 0, 1, 44, 0, 200],
            &[3, 1, 0, 0, 0, 0, 1, 44, 0, 200],
            &[4, 1, 0, 0, 0x01, 0x00, 0x20, 0xac],
            &[5, 5, 1, 2, 0, 3],
            &[6, 0, 0, 0, 0, 0, 0, 2, 0xe9, b'?'],
            &[251, 0, 2, 128, 1, 224, 1, 0],
            &[0, 0, 0, 1, 0, 0, 0, 0, 2, 128, 1, 224, 0, 0, 0, 0],
        ];
        assert_eq!(sent, expected.concat());
        Ok(())
    }
}
