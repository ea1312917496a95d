//! The forms in which viewers take the pointer's picture.

use super::Cursor;
use crate::encoding::{Encoding, Segment, put_header};
use crate::geometry::{Point, Rect, Size};
use crate::pixel_format::PixelFormat;
use crate::region::Region;
use crate::wire::put_i32;

/// A form in which a viewer takes the pointer's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Colours and how opaque they are (rfbproto "Cursor With Alpha Pseudo-encoding").
    Alpha,
    /// The same (rfbproto "VMware Cursor Pseudo-encoding", an alpha cursor).
    Vmware,
    /// Pixels that are there or not (RFC 6143 §7.8.1).
    Plain,
    /// Two colours, or nothing (rfbproto "X Cursor Pseudo-encoding").
    TwoColours,
}

/// A pixel before it was multiplied by alpha: red, green, blue; and alpha.
type Rgba = [u8; 4];

impl Kind {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Alpha, Self::Vmware, Self::Plain, Self::TwoColours];

    /// The pseudo-encoding by which a viewer asks for it.
    pub fn encoding(self) -> Encoding {
        match self {
            Self::Alpha => Encoding::CURSOR_WITH_ALPHA,
            Self::Vmware => Encoding::VMWARE_CURSOR,
            Self::Plain => Encoding::CURSOR,
            Self::TwoColours => Encoding::X_CURSOR,
        }
    }

    /// What hides a viewer's pointer.
    fn nothing(self) -> Cursor {
        let size = match self {
            // Not all viewers take one without pixels.
            Self::Alpha | Self::Vmware => Size::new(1, 1),
            Self::Plain | Self::TwoColours => Size::default(),
        };
        Cursor {
            size,
            hotspot: Point::default(),
            pixels: Vec::new(),
        }
    }
}

/// The pseudo-rectangle with a cursor, whose position is the hotspot. Without a cursor it
/// hides the viewer's. The pixel format matters for [`Kind::Plain`] only.
pub fn encode(kind: Kind, cursor: Option<&Cursor>, format: &PixelFormat) -> Segment {
    let nothing = kind.nothing();
    let cursor = cursor.filter(|cursor| !cursor.size.is_empty());
    let cursor = cursor.unwrap_or(&nothing);
    let Size { width, height } = cursor.size;
    // Viewers do not all check that it lies inside.
    let hotspot = Point::new(
        cursor.hotspot.x.min(width.saturating_sub(1)),
        cursor.hotspot.y.min(height.saturating_sub(1)),
    );
    let rect = Rect::new(hotspot.x, hotspot.y, width, height);
    let mut bytes = Vec::new();
    put_header(&mut bytes, rect, kind.encoding());
    if !rect.is_empty() || kind == Kind::Alpha || kind == Kind::Vmware {
        match kind {
            Kind::Alpha => put_alpha(cursor, &mut bytes),
            Kind::Vmware => put_vmware(cursor, &mut bytes),
            Kind::Plain => put_plain(cursor, format, &mut bytes),
            Kind::TwoColours => put_two_colours(cursor, &mut bytes),
        }
    }
    Segment::new(bytes, 1, Region::new())
}

/// Raw pixels of red, green and blue, multiplied by alpha, and alpha.
fn put_alpha(cursor: &Cursor, out: &mut Vec<u8>) {
    put_i32(out, Encoding::RAW.0);
    for [blue, green, red, alpha] in cursor.all_pixels() {
        let colours = [red, green, blue].map(|value| value.min(alpha));
        out.extend_from_slice(&colours);
        out.push(alpha);
    }
}

/// The type of cursor, padding, and pixels as they were before alpha.
fn put_vmware(cursor: &Cursor, out: &mut Vec<u8>) {
    const ALPHA: [u8; 2] = [1, 0];
    out.extend_from_slice(&ALPHA);
    for pixel in cursor.all_pixels() {
        out.extend_from_slice(&full(pixel));
    }
}

/// Pixels, and a bit for each that is there.
fn put_plain(cursor: &Cursor, format: &PixelFormat, out: &mut Vec<u8>) {
    let translator = format.translator();
    for pixel in cursor.all_pixels() {
        let [red, green, blue, alpha] = full(pixel);
        let colour = match is_there(alpha) {
            true => u32::from_le_bytes([blue, green, red, 0]),
            false => 0,
        };
        translator.put(translator.pixel(colour), out);
    }
    put_bits(cursor, out, |[.., alpha]| is_there(alpha));
}

/// A light and a dark colour, a bit for each pixel that is light, and one for each that is
/// there.
fn put_two_colours(cursor: &Cursor, out: &mut Vec<u8>) {
    let is_light = |[red, green, blue, _]: Rgba| {
        2 * u32::from(red) + 5 * u32::from(green) + u32::from(blue) >= 4 * 255
    };
    let pixels = cursor.all_pixels().map(full);
    let (light, dark): (Vec<_>, Vec<_>) = pixels
        .filter(|[.., alpha]| is_there(*alpha))
        .partition(|pixel| is_light(*pixel));
    out.extend_from_slice(&average(&light).unwrap_or([255; 3]));
    out.extend_from_slice(&average(&dark).unwrap_or([0; 3]));
    put_bits(cursor, out, |pixel| is_there(pixel[3]) && is_light(pixel));
    put_bits(cursor, out, |[.., alpha]| is_there(alpha));
}

/// Appends a bit for each pixel, the leftmost highest. A row ends with a byte.
fn put_bits(cursor: &Cursor, out: &mut Vec<u8>, bit: impl Fn(Rgba) -> bool) {
    for y in 0..cursor.size.height {
        let row: Vec<bool> = cursor.row(y.into()).map(|pixel| bit(full(pixel))).collect();
        let byte = |bits: &[bool]| {
            let bits = bits.iter().zip(0..);
            bits.fold(0, |byte, (bit, x)| byte | u8::from(*bit) << (7 - x))
        };
        out.extend(row.chunks(8).map(byte));
    }
}

/// Whether a pixel is there for viewers that know nothing between.
fn is_there(alpha: u8) -> bool {
    alpha >= 128
}

/// A pixel as it was before it was multiplied by alpha.
fn full([blue, green, red, alpha]: [u8; 4]) -> Rgba {
    let full = |value: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha.max(1)));
        ((value * 255 + alpha / 2) / alpha).min(255) as u8
    };
    match alpha {
        0 => [0; 4],
        _ => [full(red), full(green), full(blue), alpha],
    }
}

/// The colour in the middle of all, if there is any.
fn average(pixels: &[Rgba]) -> Option<[u8; 3]> {
    let count = u32::try_from(pixels.len()).ok().filter(|it| *it > 0)?;
    let sum = |channel: usize| {
        pixels
            .iter()
            .map(|pixel| u32::from(pixel[channel]))
            .sum::<u32>()
    };
    Some([0, 1, 2].map(|channel| (sum(channel) / count) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::cursor::tests::stripes;

    fn plain(cursor: Option<&Cursor>, format: &PixelFormat) -> Segment {
        encode(Kind::Plain, cursor, format)
    }

    #[test]
    fn pixels_and_mask() {
        let segment = plain(Some(&stripes()), &PixelFormat::BGRX);
        let bytes = segment.bytes();
        assert_eq!(bytes[..8], [0, 4, 0, 1, 0, 9, 0, 2]);
        assert_eq!(bytes[8..12], (-239_i32).to_be_bytes());
        assert_eq!(bytes[12..20], [0, 0, 0, 0, 0, 255, 0, 0]);
        assert_eq!(bytes.len(), 12 + 18 * 4 + 4);
        let mask = [0b0101_0101, 0, 0b1010_1010, 0b1000_0000];
        assert_eq!(bytes[12 + 72..], mask);
        assert_eq!(segment.rectangles(), 1);
    }

    #[test]
    fn colours_are_those_before_alpha() {
        let cursor = Cursor {
            size: Size::new(3, 1),
            hotspot: Point::new(9, 9),
            // The last one is brighter than its alpha allows.
            pixels: vec![64, 32, 128, 128, 255, 255, 255, 127, 200, 0, 0, 128],
        };
        let segment = plain(Some(&cursor), &PixelFormat::BGRX);
        let bytes = segment.bytes();
        assert_eq!(bytes[..4], [0, 2, 0, 0], "the hotspot is moved inside");
        assert_eq!(bytes[12..24], [128, 64, 255, 0, 0, 0, 0, 0, 255, 0, 0, 0]);
        assert_eq!(bytes[24..], [0b1010_0000]);
    }

    #[test]
    fn alpha_is_kept_where_viewers_know_it() {
        let cursor = Cursor {
            size: Size::new(2, 1),
            hotspot: Point::new(1, 0),
            pixels: vec![64, 32, 128, 128, 200, 0, 0, 100],
        };
        let made = |kind| encode(kind, Some(&cursor), &PixelFormat::BGR233);
        let alpha = [
            0, 1, 0, 0, 0, 2, 0, 1, 255, 255, 254, 0xc6, // -314
            0, 0, 0, 0, // Raw
            128, 32, 64, 128, 0, 0, 100, 100,
        ];
        assert_eq!(made(Kind::Alpha).bytes(), alpha);
        let vmware = [
            0, 1, 0, 0, 0, 2, 0, 1, 0x57, 0x4d, 0x56, 0x64, // the encoding
            1, 0, // with alpha, and padding
            255, 64, 128, 128, 0, 0, 255, 100,
        ];
        assert_eq!(made(Kind::Vmware).bytes(), vmware);
    }

    #[test]
    fn two_colours_stand_for_light_and_dark() {
        let cursor = Cursor {
            size: Size::new(4, 1),
            hotspot: Point::default(),
            // Nearly white, dark blue, nothing, and pure green, which is light.
            pixels: [
                [240, 250, 240, 255],
                [90, 0, 0, 255],
                [0; 4],
                [0, 255, 0, 255],
            ]
            .concat(),
        };
        let segment = encode(Kind::TwoColours, Some(&cursor), &PixelFormat::BGRX);
        assert_eq!(segment.bytes()[8..12], (-240_i32).to_be_bytes());
        assert_eq!(segment.bytes()[12..18], [120, 252, 120, 0, 0, 90]);
        assert_eq!(segment.bytes()[18..], [0b1001_0000, 0b1101_0000]);
    }

    #[test]
    fn no_cursor_is_empty_or_transparent() {
        let mut empty = stripes();
        empty.size.width = 0;
        for (kind, number, size, rest) in [
            (Kind::Plain, -239_i32, 0, &[][..]),
            (Kind::TwoColours, -240, 0, &[]),
            (Kind::Alpha, -314, 1, &[0; 8]),
            (Kind::Vmware, 0x574d_5664, 1, &[1, 0, 0, 0, 0, 0]),
        ] {
            let mut expected = vec![0, 0, 0, 0, 0, size, 0, size];
            expected.extend(number.to_be_bytes());
            expected.extend(rest);
            for cursor in [None, Some(&empty)] {
                assert_eq!(encode(kind, cursor, &PixelFormat::BGR233).bytes(), expected);
            }
        }
    }

    #[test]
    fn missing_pixels_are_transparent() {
        let mut cursor = stripes();
        cursor.pixels.truncate(9 * 4 + 2);
        let segment = plain(Some(&cursor), &PixelFormat::BGR233);
        assert_eq!(segment.bytes().len(), 12 + 18 + 4);
        assert_eq!(segment.bytes()[12 + 18 + 2..], [0, 0]);
    }
}
