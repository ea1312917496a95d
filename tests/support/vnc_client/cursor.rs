use super::decode::{decode, unpack};
use super::framebuffer::{Area, Fidelity, Framebuffer};
use super::wire::broken;
use super::{PixelFormat, UpdateRect, VncClient, encoding};
use crate::Result;
use crate::picture::Rgb;

/// A colour with its opacity: red, green, blue, alpha. The colour is not multiplied by alpha.
pub type Rgba = [u8; 4];

/// What is not there.
pub const TRANSPARENT: Rgba = [0; 4];

/// A cursor for the viewer to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The pseudo-encoding that it came in. See [`encoding`].
    pub encoding: i32,
    /// Pixels in a row; 0 for one way to hide a cursor.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// The place in it, from its upper left, that points.
    pub hotspot: (usize, usize),
    /// Its pixels, row by row: those that cannot be seen are all [`TRANSPARENT`].
    pub pixels: Vec<Rgba>,
}

impl Cursor {
    /// Whether anything of it can be seen.
    pub fn is_visible(&self) -> bool {
        self.pixels.iter().any(|pixel| *pixel != TRANSPARENT)
    }
}

/// 32 bits, bytes red, green, blue and alpha: with a depth of 32, so that no encoding leaves alpha
/// out.
const RGBA: PixelFormat = PixelFormat {
    depth: 32,
    ..PixelFormat::RGBX
};

/// The cursor, and where the server says that the pointer is.
impl VncClient {
    /// Any of the four sorts of cursor.
    pub(super) fn read_cursor(&mut self, rect: UpdateRect) -> Result {
        let hidden = rect.width == 0 || rect.height == 0;
        if !hidden && (rect.x >= rect.width || rect.y >= rect.height) {
            return Err(broken("a cursor that points beside itself"));
        }
        let pixels = match rect.encoding {
            encoding::X_CURSOR if hidden => vec![],
            encoding::X_CURSOR => self.read_two_colours(rect)?,
            encoding::CURSOR_WITH_ALPHA if hidden => self.read_no_pixels()?,
            encoding::CURSOR_WITH_ALPHA => self.read_premultiplied(rect)?,
            encoding::VMWARE_CURSOR => self.read_vmware(rect)?,
            _ => self.read_masked(rect)?,
        };
        self.cursor = Some(Cursor {
            encoding: rect.encoding,
            width: rect.width.into(),
            height: rect.height.into(),
            hotspot: (rect.x.into(), rect.y.into()),
            pixels,
        });
        self.cursors += 1;
        Ok(())
    }

    /// Cursor (RFC 6143 §7.8.1): pixels, then a mask of bits, its rows filled up to bytes.
    fn read_masked(&mut self, rect: UpdateRect) -> Result<Vec<Rgba>> {
        let colours = self.read_colours(rect, "the pixels of a cursor")?;
        let mask = self.read_bits(rect, "the mask of a cursor")?;
        let pixels = colours.into_iter().zip(mask);
        Ok(pixels.map(|(colour, seen)| pixel(colour, seen)).collect())
    }

    /// XCursor (rfbproto "X Cursor Pseudo-encoding"): two colours, bits that choose one, and a mask.
    fn read_two_colours(&mut self, rect: UpdateRect) -> Result<Vec<Rgba>> {
        let primary = self.wire.array("the first colour of a cursor")?;
        let secondary = self.wire.array("the second colour of a cursor")?;
        let chosen = self.read_bits(rect, "the bits of a cursor")?;
        let mask = self.read_bits(rect, "the mask of a cursor")?;
        let colour = |first| if first { primary } else { secondary };
        let pixels = chosen.into_iter().map(colour).zip(mask);
        Ok(pixels.map(|(colour, seen)| pixel(colour, seen)).collect())
    }

    /// CursorWithAlpha (rfbproto): pixels in any encoding without loss that the viewer has listed,
    /// multiplied by alpha. The streams are those of the screen.
    fn read_premultiplied(&mut self, rect: UpdateRect) -> Result<Vec<Rgba>> {
        let encoding = self.wire.i32("the encoding of a cursor")?;
        if !self.asked.allows(encoding) {
            return Err(broken(format!("encoding {encoding} was not asked for")));
        }
        let mut picture = Framebuffer::new(rect.width, rect.height);
        let all = Area {
            x: 0,
            y: 0,
            width: rect.width.into(),
            height: rect.height.into(),
        };
        decode(
            &mut self.decoders,
            &self.asked,
            encoding,
            &mut self.wire,
            RGBA,
            &mut picture,
            all,
        )?;
        if picture.count(Fidelity::Exact) != all.pixels() {
            return Err(broken("a cursor with loss"));
        }
        let pixels = picture.pixels.into_iter();
        pixels.map(|value| divided(value.to_le_bytes())).collect()
    }

    /// The same without pixels, which must be Raw: others have bytes even then.
    fn read_no_pixels(&mut self) -> Result<Vec<Rgba>> {
        match self.wire.i32("the encoding of a cursor")? {
            encoding::RAW => Ok(vec![]),
            other => Err(broken(format!("a hidden cursor in encoding {other}"))),
        }
    }

    /// VMware's cursor (rfbproto): of colours and a mask, or with alpha that nothing is multiplied
    /// by.
    fn read_vmware(&mut self, rect: UpdateRect) -> Result<Vec<Rgba>> {
        let [kind, _] = self.wire.array("the kind of a cursor")?;
        match kind {
            0 => self.read_and_xor(rect),
            1 => {
                let bytes = usize::from(rect.width) * usize::from(rect.height) * 4;
                let pixels = self.wire.take(bytes, "the pixels of a cursor")?;
                let pixels = pixels.as_chunks().0.iter();
                Ok(pixels.map(|it| seen(*it)).collect())
            }
            other => Err(broken(format!("the kind {other} of a cursor"))),
        }
    }

    /// What is below is kept where the AND mask is set, and the other mask is XORed with it. Both
    /// at once would turn colours around, which no picture of colours and alpha can tell.
    fn read_and_xor(&mut self, rect: UpdateRect) -> Result<Vec<Rgba>> {
        let and = self.read_values(rect, "the AND mask of a cursor")?;
        let xor = self.read_values(rect, "the XOR mask of a cursor")?;
        let all = self.format.mask();
        let masks = and.into_iter().zip(xor);
        let pixels = masks.map(|(and, xor)| match (and & all, xor & all) {
            (0, _) => Ok(pixel(self.colour(xor), true)),
            (kept, 0) if kept == all => Ok(TRANSPARENT),
            _ => Err(broken("a cursor that changes what is below it")),
        });
        pixels.collect()
    }

    fn read_colours(&mut self, rect: UpdateRect, what: &str) -> Result<Vec<Rgb>> {
        let values = self.read_values(rect, what)?;
        Ok(values.into_iter().map(|value| self.colour(value)).collect())
    }

    fn read_values(&mut self, rect: UpdateRect, what: &str) -> Result<Vec<u32>> {
        let size = self.format.bytes_per_pixel();
        let bytes = usize::from(rect.width) * usize::from(rect.height) * size;
        let pixels = self.wire.take(bytes, what)?.chunks_exact(size);
        Ok(pixels.map(|bytes| self.format.value(bytes)).collect())
    }

    /// A bit for each pixel, the rows filled up to bytes.
    fn read_bits(&mut self, rect: UpdateRect, what: &str) -> Result<Vec<bool>> {
        let width = usize::from(rect.width);
        let bytes = width.div_ceil(8) * usize::from(rect.height);
        let bits = unpack(self.wire.take(bytes, what)?, 1, width);
        Ok(bits.map(|bit| bit == 1).collect())
    }

    /// PointerPos (rfbproto lists it without a text: the place is all there is) and VMware's cursor
    /// position.
    pub(super) fn read_pointer(&mut self, rect: UpdateRect) -> Result {
        let (width, height) = self.size();
        if usize::from(rect.x) >= width || usize::from(rect.y) >= height {
            return Err(broken(format!(
                "a pointer at ({}, {}) in a framebuffer of {width}x{height}",
                rect.x, rect.y
            )));
        }
        self.pointer_places.push((rect.x, rect.y));
        Ok(())
    }
}

fn pixel([red, green, blue]: Rgb, seen: bool) -> Rgba {
    match seen {
        true => [red, green, blue, 255],
        false => TRANSPARENT,
    }
}

/// A pixel whose colour means nothing if it cannot be seen.
fn seen(pixel: Rgba) -> Rgba {
    match pixel[3] {
        0 => TRANSPARENT,
        _ => pixel,
    }
}

/// A pixel whose colour was multiplied by alpha, which no channel can then exceed.
fn divided(pixel: Rgba) -> Result<Rgba> {
    let [red, green, blue, alpha] = pixel;
    if red.max(green).max(blue) > alpha {
        return Err(broken(format!(
            "{pixel:?} in a cursor, which is not multiplied by alpha"
        )));
    }
    let divide = |channel: u8| {
        let (channel, alpha) = (u32::from(channel), u32::from(alpha).max(1));
        ((channel * 255 + alpha / 2) / alpha) as u8
    };
    Ok([divide(red), divide(green), divide(blue), alpha])
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rect, script, update_of};
    use super::*;

    /// What a cursor with this body is, of 2 × 2 pixels that points at (1, 0).
    fn cursor(format: PixelFormat, encodings: &[i32], body: &[u8]) -> Result<Cursor> {
        let update = update_of(&[rect([1, 0, 2, 2], encodings[0], body)]);
        let mut viewer = script(format, (8, 8), encodings, &update)?;
        viewer.update()?;
        assert_eq!(viewer.wire.position(), update.len() as u64);
        assert_eq!(viewer.cursors, 1);
        Ok(viewer.cursor.unwrap())
    }

    fn message(format: PixelFormat, encodings: &[i32], body: &[u8]) -> String {
        cursor(format, encodings, body).unwrap_err().to_string()
    }

    const FORMAT: PixelFormat = PixelFormat::BGR233;
    const RED: Rgba = [255, 0, 0, 255];
    const GREEN: Rgba = [0, 255, 0, 255];
    const BLUE: Rgba = [0, 0, 255, 255];

    #[test]
    fn a_mask_hides_pixels() -> Result {
        // RFC 6143 §7.8.1: pixels, then bits. Red, green, blue, white in BGR233.
        let found = cursor(FORMAT, &[encoding::CURSOR], b"\x07\x38\xc0\xff\x40\x80")?;
        let expected = Cursor {
            encoding: encoding::CURSOR,
            width: 2,
            height: 2,
            hotspot: (1, 0),
            pixels: vec![TRANSPARENT, GREEN, BLUE, TRANSPARENT],
        };
        assert_eq!(found, expected);
        assert!(found.is_visible());
        Ok(())
    }

    #[test]
    fn an_x_cursor_has_two_colours() -> Result {
        // rfbproto: primary, secondary, bitmap, bitmask.
        let body = b"\xff\0\0\0\xff\0\x80\x40\xc0\x80";
        let found = cursor(FORMAT, &[encoding::X_CURSOR], body)?;
        assert_eq!(found.pixels, [RED, GREEN, GREEN, TRANSPARENT]);
        Ok(())
    }

    #[test]
    fn alpha_is_divided_out_in_any_encoding() -> Result {
        // Red, half a green, a bit of blue and nothing, multiplied by alpha.
        let pixels = [255, 0, 0, 255, 0, 128, 0, 128, 0, 0, 1, 2, 0, 0, 0, 0];
        let expected = [RED, [0, 255, 0, 128], [0, 0, 128, 2], TRANSPARENT];
        let listed = [encoding::CURSOR_WITH_ALPHA, encoding::TRLE];
        let raw = [&[0; 4], &pixels[..]].concat();
        assert_eq!(cursor(FORMAT, &listed, &raw)?.pixels, expected);
        // Raw in TRLE: all 4 bytes of each pixel.
        let trle = [&[0, 0, 0, 15, 0], &pixels[..]].concat();
        assert_eq!(cursor(FORMAT, &listed, &trle)?.pixels, expected);

        let rre = message(FORMAT, &listed, &[0, 0, 0, 2]);
        assert!(rre.ends_with("encoding 2 was not asked for"), "{rre}");
        let bright = [&[0; 4], &[129, 0, 0, 128][..], &[0; 12]].concat();
        let bright = message(FORMAT, &listed, &bright);
        assert!(
            bright.ends_with("which is not multiplied by alpha"),
            "{bright}"
        );
        let copied = [encoding::CURSOR_WITH_ALPHA, encoding::COPY_RECT];
        let copied = message(FORMAT, &copied, &[0, 0, 0, 1, 0, 0, 0, 0]);
        assert!(
            copied.ends_with("some of which were never sent"),
            "{copied}"
        );
        Ok(())
    }

    #[test]
    fn vmware_has_a_cursor_with_masks_and_one_with_alpha() -> Result {
        let listed = [encoding::VMWARE_CURSOR];
        // rfbproto: kind 0 and padding, AND mask, XOR mask.
        let classic = [0, 0, 0, 0, 0xff, 0, 0x07, 0x38, 0, 0xc0];
        let expected = [RED, GREEN, TRANSPARENT, BLUE];
        assert_eq!(cursor(FORMAT, &listed, &classic)?.pixels, expected);
        let turned = message(FORMAT, &listed, &[0, 0, 0xff, 0, 0, 0, 1, 0, 0, 0]);
        assert!(
            turned.ends_with("a cursor that changes what is below it"),
            "{turned}"
        );
        let alpha = [
            1, 0, 255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 2, 9, 9, 9, 0,
        ];
        let expected = [RED, GREEN, [0, 0, 255, 2], TRANSPARENT];
        assert_eq!(cursor(FORMAT, &listed, &alpha)?.pixels, expected);
        let other = message(FORMAT, &listed, &[2, 0]);
        assert!(other.ends_with("the kind 2 of a cursor"), "{other}");
        Ok(())
    }

    #[test]
    fn a_hidden_cursor_has_no_pixels() -> Result {
        let cases: [(i32, &[u8]); 4] = [
            (encoding::CURSOR, &[]),
            (encoding::X_CURSOR, &[]),
            (encoding::CURSOR_WITH_ALPHA, &[0; 4]),
            (encoding::VMWARE_CURSOR, &[1, 0]),
        ];
        for (encoding, body) in cases {
            let update = update_of(&[rect([0; 4], encoding, body)]);
            let mut viewer = script(FORMAT, (2, 1), &[encoding], &update)?;
            viewer.update()?;
            assert_eq!(viewer.wire.position(), update.len() as u64);
            assert!(!viewer.cursor.expect("a cursor").is_visible());
        }
        Ok(())
    }

    #[test]
    fn a_cursor_points_with_one_of_its_pixels() -> Result {
        let update = update_of(&[rect([1, 0, 1, 1], encoding::CURSOR, &[7, 0x80])]);
        let mut viewer = script(FORMAT, (2, 1), &[encoding::CURSOR], &update)?;
        let error = viewer.update().unwrap_err().to_string();
        assert!(
            error.ends_with("a cursor that points beside itself"),
            "{error}"
        );
        Ok(())
    }

    #[test]
    fn the_pointer_is_on_the_screen() -> Result {
        for encoding in [encoding::POINTER_POS, encoding::VMWARE_CURSOR_POSITION] {
            let place = |x| update_of(&[rect([x, 0, 0, 0], encoding, &[])]);
            let updates = [place(1), place(2)].concat();
            let mut viewer = script(FORMAT, (2, 1), &[encoding], &updates)?;
            viewer.update()?;
            assert_eq!(viewer.pointer_places, [(1, 0)]);
            let error = viewer.update().unwrap_err().to_string();
            assert!(
                error.ends_with("a pointer at (2, 0) in a framebuffer of 2x1"),
                "{error}"
            );
        }
        Ok(())
    }
}
