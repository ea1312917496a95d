use std::fmt;

use super::VncClient;
use super::decode::decode;
use super::framebuffer::{Area, Framebuffer};
use super::wire::broken;
use crate::Result;
use crate::picture::Rgb;

/// Numbers of encodings and pseudo-encodings (RFC 6143 §7.7, §7.8, and rfbproto).
pub mod encoding {
    /// Pixels as they are.
    pub const RAW: i32 = 0;
    /// A copy of another place of the framebuffer.
    pub const COPY_RECT: i32 = 1;
    /// Tiles of 16 × 16 pixels.
    pub const HEXTILE: i32 = 5;
    /// Raw pixels in one zlib stream.
    pub const ZLIB: i32 = 6;
    /// The size can change.
    pub const DESKTOP_SIZE: i32 = -223;
    /// An update can end before its announced number of rectangles.
    pub const LAST_RECT: i32 = -224;
    /// The viewer draws the cursor.
    pub const CURSOR: i32 = -239;
    /// The name can change.
    pub const DESKTOP_NAME: i32 = -307;
    /// The size can change, and the viewer can ask for that.
    pub const EXTENDED_DESKTOP_SIZE: i32 = -308;
}

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

/// A DesktopSize or ExtendedDesktopSize rectangle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resize {
    /// It was an ExtendedDesktopSize; a DesktopSize has no reason, status or screens.
    pub extended: bool,
    /// 0: the server's side, 1: this viewer asked, 2: another viewer asked.
    pub reason: u16,
    /// 0: done, 1: prohibited, 2: out of resources, 3: invalid layout.
    pub status: u16,
    /// The width of the framebuffer in pixels.
    pub width: u16,
    /// The height of the framebuffer in pixels.
    pub height: u16,
    /// The layout.
    pub screens: Vec<Screen>,
}

/// A screen of the desktop's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Chosen by whoever made the screen.
    pub id: u32,
    /// Left edge in pixels.
    pub x: u16,
    /// Upper edge in pixels.
    pub y: u16,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Unused by the protocol.
    pub flags: u32,
}

impl Screen {
    /// A screen without flags.
    pub fn new(id: u32, x: u16, y: u16, width: u16, height: u16) -> Self {
        Self {
            id,
            x,
            y,
            width,
            height,
            flags: 0,
        }
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let place = [self.x, self.y, self.width, self.height];
        let mut bytes = self.id.to_be_bytes().to_vec();
        bytes.extend(place.iter().flat_map(|number| number.to_be_bytes()));
        bytes.extend(self.flags.to_be_bytes());
        bytes
    }
}

/// A cursor for the viewer to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Pixels in a row; 0 for a hidden cursor.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// The place in it, from its upper left, that points.
    pub hotspot: (usize, usize),
    /// Its pixels, row by row: none is transparent.
    pub pixels: Vec<Option<Rgb>>,
}

/// What a server sends (RFC 6143 §7.6).
impl VncClient {
    /// Waits for the next message and takes it in.
    pub fn read_message(&mut self) -> Result {
        match self.wire.u8("a message")? {
            0 => self.read_update(),
            1 => self.read_colour_map(),
            2 => {
                self.bells += 1;
                Ok(())
            }
            3 => self.read_cut_text(),
            other => Err(broken(format!("message type {other}"))),
        }
    }

    fn read_update(&mut self) -> Result {
        let start = self.wire.position() - 1;
        self.wire.u8("the padding of an update")?;
        let count = self.wire.u16("the number of rectangles")?;
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
        self.requested = false;
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
        // A server may use what the viewer listed, and Raw.
        if rect.encoding != encoding::RAW && !self.encodings.contains(&rect.encoding) {
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
            encoding::DESKTOP_SIZE => {
                let UpdateRect { width, height, .. } = rect;
                let (extended, screens) = (false, vec![]);
                self.resize(Resize {
                    extended,
                    reason: 0,
                    status: 0,
                    width,
                    height,
                    screens,
                });
                Ok(())
            }
            encoding::EXTENDED_DESKTOP_SIZE => self.read_layout(rect),
            encoding::DESKTOP_NAME => {
                self.name = self.wire.string("the desktop's name")?;
                Ok(())
            }
            encoding::CURSOR => self.read_cursor(rect),
            other => {
                let (x, y) = (rect.x.into(), rect.y.into());
                let area = Area {
                    x,
                    y,
                    width: rect.width.into(),
                    height: rect.height.into(),
                };
                decode(
                    &mut self.decoders,
                    other,
                    &mut self.wire,
                    self.format,
                    &mut self.framebuffer,
                    area,
                )
            }
        }
    }

    fn read_layout(&mut self, rect: UpdateRect) -> Result {
        let [count, ..] = self.wire.array::<4>("the number of screens")?;
        let mut screens = Vec::new();
        for _ in 0..count {
            screens.push(Screen {
                id: self.wire.u32("a screen")?,
                x: self.wire.u16("a screen")?,
                y: self.wire.u16("a screen")?,
                width: self.wire.u16("a screen")?,
                height: self.wire.u16("a screen")?,
                flags: self.wire.u32("a screen")?,
            });
        }
        let UpdateRect {
            x: reason,
            y: status,
            width,
            height,
            ..
        } = rect;
        self.resize(Resize {
            extended: true,
            reason,
            status,
            width,
            height,
            screens,
        });
        Ok(())
    }

    /// Takes a size on. All pixels are undefined then, unless it is the old size, and so are
    /// those of a request that failed (rfbproto, ExtendedDesktopSize).
    fn resize(&mut self, resize: Resize) {
        let size = (usize::from(resize.width), usize::from(resize.height));
        if resize.status == 0 && size != self.size() {
            self.framebuffer = Framebuffer::new(resize.width, resize.height);
        }
        self.resizes.push(resize);
    }

    /// Cursor (RFC 6143 §7.8.1): pixels, then a mask of bits, its rows filled up to bytes.
    fn read_cursor(&mut self, rect: UpdateRect) -> Result {
        let (width, height) = (usize::from(rect.width), usize::from(rect.height));
        let size = self.format.bytes_per_pixel();
        let pixels = self
            .wire
            .bytes(width * height * size, "the pixels of a cursor")?;
        let stride = width.div_ceil(8);
        let mask = self.wire.bytes(stride * height, "the mask of a cursor")?;
        let pixels = (0..width * height).map(|at| {
            let (x, y) = (at % width, at / width);
            let opaque = mask[y * stride + x / 8] & (0x80 >> (x % 8)) != 0;
            opaque.then(|| self.colour(self.format.value(&pixels[at * size..][..size])))
        });
        let pixels = pixels.collect();
        let hotspot = (rect.x.into(), rect.y.into());
        self.cursor = Some(Cursor {
            width,
            height,
            hotspot,
            pixels,
        });
        self.cursors += 1;
        Ok(())
    }

    /// SetColourMapEntries (RFC 6143 §7.6.2): 16 bits a channel, of which the upper 8 are kept.
    fn read_colour_map(&mut self) -> Result {
        self.wire.u8("the padding of a colour map")?;
        let first = usize::from(self.wire.u16("the first colour")?);
        let count = usize::from(self.wire.u16("the number of colours")?);
        if first + count > 256 {
            return Err(broken(format!("{count} colours from number {first} on")));
        }
        let colours = self.wire.bytes(count * 6, "the colours")?;
        self.colour_map
            .resize(self.colour_map.len().max(first + count), [0; 3]);
        for (entry, colour) in self.colour_map[first..]
            .iter_mut()
            .zip(colours.chunks_exact(6))
        {
            *entry = [colour[0], colour[2], colour[4]];
        }
        Ok(())
    }

    fn read_cut_text(&mut self) -> Result {
        self.wire.bytes(3, "the padding of a cut text")?;
        let length = self.wire.i32("the length of a cut text")?;
        let Some(length) = usize::try_from(length)
            .ok()
            .filter(|length| *length <= 16 << 20)
        else {
            return Err(broken(format!("a cut text of {length} bytes")));
        };
        let text = self.wire.bytes(length, "a cut text")?;
        self.cut_texts
            .push(text.into_iter().map(char::from).collect());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::wire::tests::Script;
    use super::super::{PixelFormat, Welcome};
    use super::*;
    use crate::ErrorKind;
    use crate::picture::Picture;

    fn viewer(messages: &[&[u8]], encodings: &[i32]) -> Result<VncClient> {
        let welcome = Welcome {
            server_version: String::new(),
            security_types: vec![],
            security: 1,
            width: 2,
            height: 1,
            format: PixelFormat::BGR233,
            name: "old".into(),
        };
        let mut viewer = VncClient::new(Script::wire(&messages.concat()), welcome);
        viewer.set_encodings(encodings)?;
        Ok(viewer)
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
                0, 0, 0, 1, 0, 1, 0, 0, 0, 3, 0, 2, 0xff, 0xff, 0xfe, 0xcc, 1, 0, 0, 0,
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
        let (red, green, blue) = ([255, 0, 0], [0, 255, 0], [0, 0, 255]);
        let pixels = vec![None, Some(green), Some(blue), None];
        let cursor = Cursor {
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
        let (reason, status, width, height) = (1, 0, 3, 2);
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
