//! The pointer's picture: sent to viewers that draw it themselves, in the form that they
//! know ([`Kind`]), and drawn over the pixels for the others.

mod kind;

use crate::geometry::{Point, Rect, Size};

pub use kind::{Kind, encode};

/// The picture of a pointer. Some viewers leave at one of more than 256 pixels a side.
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
    pub fn draw(&self, at: Point, rect: Rect, pixels: &mut [u8]) {
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

    /// All pixels, row after row.
    fn all_pixels(&self) -> impl Iterator<Item = [u8; 4]> {
        (0..self.size.height).flat_map(|y| self.row(y.into()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{self, Encoding};
    use crate::frame::Frame;
    use crate::pixel_format::PixelFormat;

    /// 9 × 2 pixels: half transparent red, then opaque green; alternating.
    pub(super) fn stripes() -> Cursor {
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
        let red = [75, 75, 139, 0];
        let green = [0, 255, 0, 0];
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
                    (false, _, false) => [100, 100, 100, 0],
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
