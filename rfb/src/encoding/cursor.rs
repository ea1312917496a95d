//! The pointer's picture: sent to viewers that draw it themselves (the Cursor
//! pseudo-encoding, RFC 6143 §7.8.1), and drawn over the pixels for the others.

use super::{Encoding, Segment, put_header};
use crate::geometry::{Point, Rect, Size};
use crate::pixel_format::PixelFormat;

/// The picture of a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The width and height in pixels.
    pub size: Size,
    /// The pixel that points.
    pub hotspot: Point,
    /// Width × height pixels of 4 bytes, row after row: blue, green, red (each
    /// multiplied by alpha) and alpha. Pixels that are missing are transparent.
    pub pixels: Vec<u8>,
}

impl Cursor {
    /// What it covers when it points at `at`, as far as that is not left of or
    /// above the picture. Empty if nothing remains.
    pub fn area(&self, at: Point) -> Rect {
        let edges = |at: u16, hotspot: u16, length: u16| {
            let end = u32::from(at) + u32::from(length);
            (
                u32::from(at.saturating_sub(hotspot)),
                end.saturating_sub(hotspot.into()),
            )
        };
        let (left, right) = edges(at.x, self.hotspot.x, self.size.width);
        let (top, bottom) = edges(at.y, self.hotspot.y, self.size.height);
        Rect::between(left, top, right, bottom).unwrap_or_default()
    }

    /// Draws it, pointing at `at`, over the pixels of `rect`: rows of width × 4
    /// bytes (blue, green, red and one without meaning).
    pub(crate) fn draw(&self, at: Point, rect: Rect, pixels: &mut [u8]) {
        let Some(part) = self.area(at).intersection(rect) else {
            return;
        };
        // The part lies inside the cursor, so this is not negative.
        let own_x = usize::from(part.x) + usize::from(self.hotspot.x) - usize::from(at.x);
        let own_y = usize::from(part.y) + usize::from(self.hotspot.y) - usize::from(at.y);
        let (pixels, _) = pixels.as_chunks_mut::<4>();
        let rows = pixels
            .chunks_mut(rect.width.into())
            .skip((part.y - rect.y).into());
        for (row, y) in rows.zip(own_y..).take(part.height.into()) {
            let under = row.iter_mut().skip((part.x - rect.x).into());
            let over = self.row(y).skip(own_x);
            for (under, over) in under.zip(over).take(part.width.into()) {
                *under = blend(*under, over);
            }
        }
    }

    /// The pixels of a row.
    fn row(&self, y: usize) -> impl Iterator<Item = [u8; 4]> {
        let width = usize::from(self.size.width);
        let (pixels, _) = self.pixels.as_chunks::<4>();
        let start = (y * width).min(pixels.len());
        let present = pixels[start..].iter().copied();
        present.chain(std::iter::repeat([0; 4])).take(width)
    }
}

/// A pixel with another one, multiplied by its alpha, over it.
fn blend(under: [u8; 4], [blue, green, red, alpha]: [u8; 4]) -> [u8; 4] {
    let shine = u32::from(255 - alpha);
    let mix = |under: u8, over: u8| {
        let through = (u32::from(under) * shine + 127) / 255;
        over.saturating_add(through as u8)
    };
    let [under_blue, under_green, under_red, rest] = under;
    [
        mix(under_blue, blue),
        mix(under_green, green),
        mix(under_red, red),
        rest,
    ]
}

/// The Cursor pseudo-rectangle: its hotspot as the position, its pixels, and a bit
/// for each that is at least half opaque. Without a cursor it is empty, which hides
/// the viewer's.
pub fn encode(cursor: Option<&Cursor>, format: &PixelFormat) -> Segment {
    let mut bytes = Vec::new();
    let Some(cursor) = cursor.filter(|cursor| !cursor.size.is_empty()) else {
        put_header(&mut bytes, Rect::default(), Encoding::CURSOR);
        return Segment::new(bytes, 1, false);
    };
    let Size { width, height } = cursor.size;
    // Viewers do not all check that it lies inside.
    let hotspot = Point::new(
        cursor.hotspot.x.min(width - 1),
        cursor.hotspot.y.min(height - 1),
    );
    let rect = Rect::new(hotspot.x, hotspot.y, width, height);
    put_header(&mut bytes, rect, Encoding::CURSOR);

    let translator = format.translator();
    let mut mask = Vec::new();
    for y in 0..height {
        let mut bits = 0;
        for (pixel, x) in cursor.row(y.into()).zip(0..width) {
            let [blue, green, red, alpha] = pixel;
            let mut colour = 0;
            if alpha >= 128 {
                bits |= 0x80 >> (x % 8);
                let [blue, green, red] = [blue, green, red].map(|value| full(value, alpha));
                colour = u32::from_le_bytes([blue, green, red, 0]);
            }
            translator.put(translator.pixel(colour), &mut bytes);
            if x % 8 == 7 || x == width - 1 {
                mask.push(std::mem::take(&mut bits));
            }
        }
    }
    bytes.append(&mut mask);
    Segment::new(bytes, 1, false)
}

/// A colour as it was before it was multiplied by alpha.
fn full(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha.max(1)));
    ((value * 255 + alpha / 2) / alpha).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding;
    use crate::frame::Frame;

    /// 9 × 2 pixels: half transparent red, then opaque green; alternating.
    fn stripes() -> Cursor {
        let red = [0, 0, 64, 64];
        let green = [0, 255, 0, 255];
        let pixels = (0..18).flat_map(|index| if index % 2 == 0 { red } else { green });
        Cursor {
            size: Size::new(9, 2),
            hotspot: Point::new(4, 1),
            pixels: pixels.collect(),
        }
    }

    #[test]
    fn pixels_and_mask() {
        let segment = encode(Some(&stripes()), &PixelFormat::BGRX);
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
        let segment = encode(Some(&cursor), &PixelFormat::BGRX);
        let bytes = segment.bytes();
        assert_eq!(bytes[..4], [0, 2, 0, 0], "the hotspot is moved inside");
        assert_eq!(bytes[12..24], [128, 64, 255, 0, 0, 0, 0, 0, 255, 0, 0, 0]);
        assert_eq!(bytes[24..], [0b1010_0000]);
    }

    #[test]
    fn no_cursor_is_empty() {
        let mut header = vec![0; 8];
        header.extend((-239_i32).to_be_bytes());
        assert_eq!(encode(None, &PixelFormat::BGR233).bytes(), header);
        let mut cursor = stripes();
        cursor.size.width = 0;
        assert_eq!(encode(Some(&cursor), &PixelFormat::BGRX).bytes(), header);
    }

    #[test]
    fn missing_pixels_are_transparent() {
        let mut cursor = stripes();
        cursor.pixels.truncate(9 * 4 + 2);
        let segment = encode(Some(&cursor), &PixelFormat::BGR233);
        assert_eq!(segment.bytes().len(), 12 + 18 + 4);
        assert_eq!(segment.bytes()[12 + 18 + 2..], [0, 0]);
    }

    #[test]
    fn area_ends_at_the_left_and_the_top() {
        let cursor = stripes();
        assert_eq!(cursor.area(Point::new(10, 10)), Rect::new(6, 9, 9, 2));
        assert_eq!(cursor.area(Point::new(1, 0)), Rect::new(0, 0, 6, 1));
        let far = Cursor {
            hotspot: Point::new(100, 0),
            ..cursor
        };
        assert!(far.area(Point::new(5, 5)).is_empty());
    }

    #[test]
    fn drawn_over_the_pixels() {
        let frame = Frame::solid(Size::new(20, 20), [100, 100, 100, 7]);
        let red = [75, 75, 139, 7];
        let green = [0, 255, 0, 7];
        let cursor = stripes();
        // Each pixel on its own, so that every cut through the cursor is tried.
        for at in [Point::new(10, 10), Point::new(1, 0), Point::new(19, 19)] {
            let left = i32::from(at.x) - 4;
            let top = i32::from(at.y) - 1;
            for (x, y) in (0..24).flat_map(|y| (0..24).map(move |x| (x, y))) {
                let (own_x, own_y) = (i32::from(x) - left, i32::from(y) - top);
                let inside = (0..9).contains(&own_x) && (0..2).contains(&own_y);
                let beyond = x >= 20 || y >= 20;
                let expected = match (inside, (own_y * 9 + own_x) % 2, beyond) {
                    (false, _, false) => [100, 100, 100, 7],
                    (false, _, true) => [0; 4],
                    (true, 0, false) => red,
                    (true, 0, true) => [0, 0, 64, 0],
                    (true, _, false) => green,
                    (true, _, true) => [0, 255, 0, 0],
                };
                let segment = encoding::encode(
                    Encoding::RAW.into(),
                    &frame,
                    Rect::new(x, y, 1, 1),
                    &PixelFormat::BGRX,
                    Some((&cursor, at)),
                );
                assert_eq!(segment.bytes()[12..], expected, "{x}, {y}, {at:?}");
            }
        }
        let whole = encoding::encode(
            Encoding::RAW.into(),
            &frame,
            Rect::new(5, 8, 11, 4),
            &PixelFormat::BGRX,
            Some((&cursor, Point::new(10, 10))),
        );
        let row: Vec<[u8; 4]> = (0..9)
            .map(|x| if x % 2 == 0 { red } else { green })
            .collect();
        assert_eq!(whole.bytes()[12 + 48..12 + 84], row.as_flattened()[..]);
    }
}
