use std::fmt;

use super::decode::{decode, is_pixels};
use super::framebuffer::Area;
use super::wire::broken;
use super::{VncClient, encoding};
use crate::Result;

/// A FramebufferUpdate.
#[derive(Clone, Debug)]
pub struct Update {
    /// Its rectangles, but for a closing LastRect.
    pub rects: Vec<UpdateRect>,
    /// The length of the whole message in bytes.
    pub bytes: u64,
}

impl fmt::Display for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "of {} bytes with", self.bytes)?;
        for rect in self.rects.iter().take(4) {
            write!(f, " [{rect}]")?;
        }
        match self.rects.len().saturating_sub(4) {
            0 => Ok(()),
            more => write!(f, " and {more} more rectangles"),
        }
    }
}

/// A rectangle of an update. Pseudo-encodings give the numbers their own meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateRect {
    /// The encoding's number. See [`encoding`].
    pub encoding: i32,
    /// Left edge in pixels.
    pub x: u16,
    /// Upper edge in pixels.
    pub y: u16,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Length in bytes, header included.
    pub bytes: u64,
}

impl fmt::Display for UpdateRect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            encoding,
            x,
            y,
            width,
            height,
            bytes,
        } = self;
        write!(
            f,
            "encoding {encoding}, {width}x{height}+{x}+{y}, {bytes} bytes"
        )
    }
}

/// Updates (RFC 6143 §7.6.1).
impl VncClient {
    pub(super) fn read_update(&mut self) -> Result {
        let start = self.wire.position() - 1;
        self.wire.u8("the padding of an update")?;
        let count = self.wire.u16("the number of rectangles")?;
        self.pending.updated()?;
        let mut rects = Vec::new();
        for number in 1..=count {
            let context = |error: crate::Error| {
                error.context(format!("rectangle {number} of {count} of an update"))
            };
            let rect = self.read_rect().map_err(context)?;
            if rect.encoding == encoding::LAST_RECT {
                break;
            }
            rects.push(rect);
        }
        let has_size = rects.iter().any(|rect| is_size(rect.encoding));
        if has_size && rects.iter().any(|rect| is_pixels(rect.encoding)) {
            return Err(broken("an update with a size and with pixels"));
        }
        if !self.pending.awaits_update() {
            self.asked.forget_before();
        }
        self.updates.push(Update {
            rects,
            bytes: self.wire.position() - start,
        });
        Ok(())
    }

    fn read_rect(&mut self) -> Result<UpdateRect> {
        let start = self.wire.position();
        let mut rect = UpdateRect {
            x: self.wire.u16("its header")?,
            y: self.wire.u16("its header")?,
            width: self.wire.u16("its header")?,
            height: self.wire.u16("its header")?,
            encoding: self.wire.i32("its header")?,
            bytes: 0,
        };
        if !self.asked.allows(rect.encoding) {
            return Err(broken(format!(
                "encoding {} was not asked for",
                rect.encoding
            )));
        }
        let name = |error: crate::Error| error.context(rect);
        self.read_body(rect).map_err(name)?;
        rect.bytes = self.wire.position() - start;
        Ok(rect)
    }

    fn read_body(&mut self, rect: UpdateRect) -> Result {
        match rect.encoding {
            encoding::LAST_RECT => Ok(()),
            encoding::DESKTOP_SIZE => self.read_size(rect),
            encoding::EXTENDED_DESKTOP_SIZE => self.read_layout(rect),
            encoding::DESKTOP_NAME => self.read_name(rect),
            encoding::CURSOR
            | encoding::X_CURSOR
            | encoding::CURSOR_WITH_ALPHA
            | encoding::VMWARE_CURSOR => self.read_cursor(rect),
            encoding::POINTER_POS | encoding::VMWARE_CURSOR_POSITION => self.read_pointer(rect),
            encoding::QEMU_POINTER_MOTION => self.read_pointer_motion(rect),
            encoding::QEMU_LED_STATE | encoding::VMWARE_LED_STATE => self.read_leds(rect),
            encoding::QEMU_EXTENDED_KEY
            | encoding::QEMU_AUDIO
            | encoding::EXTENDED_MOUSE_BUTTONS => self.read_confirmation(rect),
            other => decode(
                &mut self.decoders,
                &self.asked,
                other,
                &mut self.wire,
                self.format,
                &mut self.framebuffer,
                Area {
                    x: rect.x.into(),
                    y: rect.y.into(),
                    width: rect.width.into(),
                    height: rect.height.into(),
                },
            ),
        }
    }
}

fn is_size(encoding: i32) -> bool {
    matches!(
        encoding,
        encoding::DESKTOP_SIZE | encoding::EXTENDED_DESKTOP_SIZE
    )
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::tests::script;
    use super::super::{Cursor, PixelFormat, Resize, Screen};
    use super::*;
    use crate::ErrorKind;
    use crate::picture::Picture;

    fn viewer(messages: &[&[u8]], encodings: &[i32]) -> Result<VncClient> {
        script(PixelFormat::BGR233, (2, 1), encodings, &messages.concat())
    }

    #[test]
    fn an_update_is_taken_in_and_reported() -> Result {
        let everything = [
            encoding::CURSOR,
            encoding::DESKTOP_NAME,
            encoding::LAST_RECT,
            encoding::EXTENDED_DESKTOP_SIZE,
        ];
        let messages: [&[u8]; 8] = [
            &[2, 3, 0, 0, 0, 0, 0, 0, 1, 0xe9, 0, 0, 255, 255], // bell, "é", an update
            b"\0\x01\0\0\0\x02\0\x02\xff\xff\xff\x11\x07\x38\xc0\xff\x40\x80", // cursor 2x2, hotspot (1, 0)
            b"\0\0\0\0\0\0\0\0\xff\xff\xfe\xcd\0\0\0\x03new",
            &[0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0xc7, 7], // raw 2x1
            &[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x20], // LastRect
            &[
                0, 0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 2, 0xff, 0xff, 0xfe, 0xcc, 1, 0, 0, 0,
            ],
            &[0, 0, 0, 9, 0, 0, 0, 0, 0, 3, 0, 2, 0, 0, 0, 0],
            &[1, 0, 0, 1, 0, 1, 255, 255, 128, 0, 1, 0],
        ];
        let mut viewer = viewer(&messages, &everything)?;
        let rects = viewer.update()?;
        let found: Vec<_> = rects
            .iter()
            .map(|rect| (rect.encoding, rect.bytes))
            .collect();
        assert_eq!(
            found,
            [
                (encoding::CURSOR, 18),
                (encoding::DESKTOP_NAME, 19),
                (0, 14)
            ]
        );
        assert_eq!(viewer.updates[0].bytes, 4 + 18 + 19 + 14 + 12);
        assert_eq!((viewer.bells, viewer.name.as_str()), (1, "new"));
        assert_eq!(viewer.cut_texts, ["é"]);
        let (red, green, blue) = ([255, 0, 0], [0, 255, 0, 255], [0, 0, 255, 255]);
        let pixels = vec![[0; 4], green, blue, [0; 4]];
        let cursor = Cursor {
            encoding: encoding::CURSOR,
            width: 2,
            height: 2,
            hotspot: (1, 0),
            pixels,
        };
        assert_eq!(viewer.cursor, Some(cursor));
        assert_eq!(
            (viewer.pixel(0, 0), viewer.pixel(1, 0)),
            ([255, 0, 255], red)
        );

        viewer.update()?;
        let screens = vec![Screen::new(9, 0, 0, 3, 2)];
        let (reason, status, width, height) = (2, 0, 3, 2);
        let resize = Resize {
            extended: true,
            reason,
            status,
            width,
            height,
            screens,
        };
        assert_eq!(
            (viewer.resizes.as_slice(), viewer.size()),
            ([resize].as_slice(), (3, 2))
        );
        viewer.read_message()?;
        assert_eq!(viewer.colour_map, [[0; 3], [255, 128, 1]]);
        assert_eq!(viewer.read_message().unwrap_err().kind(), ErrorKind::Closed);
        Ok(())
    }

    #[test]
    fn an_encoding_not_asked_for_is_an_error() -> Result {
        let update: &[u8] = &[0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 5];
        let error = viewer(&[update], &[encoding::RAW])?.update().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        let message = "rectangle 1 of 1 of an update: encoding 5 was not asked for";
        assert_eq!(error.to_string(), message);
        Ok(())
    }

    #[test]
    fn a_wait_in_vain_says_what_was_seen() -> Result {
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair()?;
        let mut viewer = viewer(&[], &[])?;
        viewer.wire = super::super::Wire::new(ours);
        std::io::Write::write_all(
            &mut theirs,
            &[2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0xc7, 7],
        )?;
        viewer.wait_until(crate::soon(), "an update", |viewer| {
            viewer.updates.len() == 1
        })?;
        let error = viewer
            .wait_until(Instant::now(), "rain", |_| false)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stalled);
        assert_eq!(
            error.to_string(),
            "waited in vain for rain; seen: a framebuffer of 2x1, 1 updates, the last of 18 bytes \
             with [encoding 0, 2x1+0+0, 14 bytes], 0 resizes, 0 cursors, 1 bells, 0 cut texts"
        );
        let white = Picture::solid(2, 1, [255; 3]);
        let error = viewer.wait_for_picture(Instant::now(), &white).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Picture);
        assert!(
            error
                .to_string()
                .ends_with("the first, (0, 0), is #ff00ff, not #ffffff"),
            "{error}"
        );
        Ok(())
    }
}
