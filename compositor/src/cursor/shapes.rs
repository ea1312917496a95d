//! The built-in cursors, drawn in text.

use std::sync::Arc;

use smithay::input::pointer::CursorIcon;

const SHAPES: &str = include_str!("shapes.txt");
const DARK: [u8; 4] = [0x10, 0x10, 0x10, 0xff];
const LIGHT: [u8; 4] = [0xff, 0xff, 0xff, 0xff];
const NOTHING: [u8; 4] = [0; 4];

/// The picture for a shape, magnified by a whole number. Shapes without one of their own get the
/// nearest in meaning.
pub(super) fn picture(icon: CursorIcon, magnify: u16) -> Arc<rfb::Cursor> {
    let shape = find(picture_name(icon)).unwrap_or_default();
    Arc::new(shape.magnified(magnify.max(1)))
}

fn picture_name(icon: CursorIcon) -> &'static str {
    match icon {
        CursorIcon::Text | CursorIcon::VerticalText => "text",
        CursorIcon::Pointer | CursorIcon::Grab | CursorIcon::Grabbing => "pointer",
        CursorIcon::Crosshair | CursorIcon::Cell => "crosshair",
        CursorIcon::Move | CursorIcon::AllScroll => "move",
        CursorIcon::NResize
        | CursorIcon::SResize
        | CursorIcon::NsResize
        | CursorIcon::RowResize => "ns-resize",
        CursorIcon::EResize
        | CursorIcon::WResize
        | CursorIcon::EwResize
        | CursorIcon::ColResize => "ew-resize",
        CursorIcon::NwResize | CursorIcon::SeResize | CursorIcon::NwseResize => "nwse-resize",
        CursorIcon::NeResize | CursorIcon::SwResize | CursorIcon::NeswResize => "nesw-resize",
        CursorIcon::NotAllowed | CursorIcon::NoDrop => "not-allowed",
        CursorIcon::Wait => "wait",
        _ => "default",
    }
}

/// A picture in text: rows of `X`, `.` and blanks.
#[derive(Default)]
struct Shape {
    hotspot: (u16, u16),
    rows: Vec<&'static str>,
}

fn find(name: &str) -> Option<Shape> {
    let (_, shape) = SHAPES
        .split("\n@")
        .skip(1)
        .filter_map(|text| text.split_once('\n').map(parse))
        .find(|(it, _)| *it == name)?;
    Some(shape)
}

fn parse((head, picture): (&'static str, &'static str)) -> (&'static str, Shape) {
    let mut words = head.split(' ');
    let name = words.next().unwrap_or_default();
    let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let hotspot = (number(), number());
    (
        name,
        Shape {
            hotspot,
            rows: picture.trim_end().lines().collect(),
        },
    )
}

impl Shape {
    fn magnified(&self, by: u16) -> rfb::Cursor {
        let width = self.rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let factor = usize::from(by);
        let mut pixels = Vec::with_capacity(width * self.rows.len() * factor * factor * 4);
        for row in &self.rows {
            let colours =
                row.bytes()
                    .chain(std::iter::repeat(b' '))
                    .take(width)
                    .map(|dot| match dot {
                        b'X' => DARK,
                        b'.' => LIGHT,
                        _ => NOTHING,
                    });
            let line: Vec<u8> = colours.flat_map(|colour| colour.repeat(factor)).collect();
            pixels.extend(line.repeat(factor));
        }
        let side = |dots: usize| u16::try_from(dots * factor).unwrap_or(0);
        rfb::Cursor {
            size: rfb::Size::new(side(width), side(self.rows.len())),
            hotspot: rfb::Point {
                x: self.hotspot.0 * by,
                y: self.hotspot.1 * by,
            },
            pixels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 11] = [
        "default",
        "text",
        "pointer",
        "crosshair",
        "move",
        "ns-resize",
        "ew-resize",
        "nwse-resize",
        "nesw-resize",
        "not-allowed",
        "wait",
    ];

    #[test]
    fn every_picture_is_there_and_whole() {
        for name in NAMES {
            let cursor = find(name)
                .unwrap_or_else(|| panic!("no picture of {name}"))
                .magnified(1);
            let (width, height) = (cursor.size.width, cursor.size.height);
            assert!(width >= 10 && height >= 15, "{name} is {width}x{height}");
            assert_eq!(
                cursor.pixels.len(),
                usize::from(width) * usize::from(height) * 4,
                "{name}"
            );
            assert!(
                cursor.hotspot.x < width && cursor.hotspot.y < height,
                "{name}"
            );
            assert!(cursor.pixels.chunks(4).any(|pixel| pixel == DARK), "{name}");
            assert!(
                cursor.pixels.chunks(4).any(|pixel| pixel == LIGHT),
                "{name}"
            );
        }
    }

    #[test]
    fn magnified_twice_each_dot_is_four_pixels() {
        let (small, large) = (
            picture(CursorIcon::Default, 1),
            picture(CursorIcon::Default, 2),
        );
        assert_eq!(large.size.width, small.size.width * 2);
        let at = |cursor: &rfb::Cursor, x: usize, y: usize| {
            let start = (y * usize::from(cursor.size.width) + x) * 4;
            cursor.pixels[start..start + 4].to_vec()
        };
        for (x, y) in [(0, 0), (3, 7), (10, 12)] {
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                assert_eq!(at(&large, 2 * x + dx, 2 * y + dy), at(&small, x, y));
            }
        }
    }
}
