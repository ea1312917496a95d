//! The built-in cursors, drawn at any scale from paths in a text.

use std::str::SplitWhitespace;
use std::sync::Arc;

use smithay::input::pointer::CursorIcon;
use tiny_skia::{Path, PathBuilder, Transform};

use crate::canvas::{Canvas, Rgb};

const SHAPES: &str = include_str!("shapes.txt");
const DARK: Rgb = [0x10, 0x10, 0x10];
const LIGHT: Rgb = [0xff, 0xff, 0xff];
/// The width of the rim around what is dark, in logical units.
const RIM: f32 = 1.0;

/// The built-in cursor of a name as in CSS, such as `ns-resize`, at a scale; one of those without a
/// picture of their own is the nearest in meaning. None: there is no such name.
pub fn built_in_cursor(name: &str, scale: f64) -> Option<Arc<rfb::Cursor>> {
    Some(picture(name.parse().ok()?, scale))
}

/// The picture for a shape. Shapes without one of their own get the nearest in meaning.
pub(super) fn picture(icon: CursorIcon, scale: f64) -> Arc<rfb::Cursor> {
    let shape = find(picture_name(icon)).or_else(|| find("default"));
    let shape = shape.unwrap_or_default();
    Arc::new(shape.draw(scale as f32))
}

fn picture_name(icon: CursorIcon) -> &'static str {
    match icon {
        CursorIcon::Cell => "crosshair",
        CursorIcon::AllScroll | CursorIcon::AllResize => "move",
        CursorIcon::NResize | CursorIcon::SResize | CursorIcon::RowResize => "ns-resize",
        CursorIcon::EResize | CursorIcon::WResize | CursorIcon::ColResize => "ew-resize",
        CursorIcon::NwResize | CursorIcon::SeResize => "nwse-resize",
        CursorIcon::NeResize | CursorIcon::SwResize => "nesw-resize",
        CursorIcon::NoDrop => "not-allowed",
        CursorIcon::DndAsk => "copy",
        icon => icon.name(),
    }
}

/// What is drawn, in logical units.
#[derive(Default)]
struct Shape {
    hotspot: [f32; 2],
    parts: Vec<Part>,
}

struct Part {
    colour: Rgb,
    /// Of a line along the path; else that is filled.
    width: Option<f32>,
    path: Path,
}

fn find(name: &str) -> Option<Shape> {
    let texts = SHAPES.split("\n@").skip(1);
    let texts = texts.filter_map(|text| text.split_once('\n'));
    let (head, parts) = texts
        .map(|(head, parts)| (head.split_whitespace(), parts))
        .find_map(|(mut head, parts)| (head.next()? == name).then_some((head, parts)))?;
    let lines = parts.lines().filter(|line| !line.is_empty());
    Some(Shape {
        hotspot: numbers(&mut { head })?,
        parts: lines.map(part).collect::<Option<_>>()?,
    })
}

fn part(line: &str) -> Option<Part> {
    let mut words = line.split_whitespace();
    let colour = match words.next()? {
        "dark" => DARK,
        "light" => LIGHT,
        _ => return None,
    };
    let mut rest = words.clone();
    let width = rest.next()?.parse().ok();
    if width.is_some() {
        words = rest;
    }
    Some(Part {
        colour,
        width,
        path: path(words)?,
    })
}

fn path(mut words: SplitWhitespace) -> Option<Path> {
    let mut path = PathBuilder::new();
    while let Some(word) = words.next() {
        match word {
            "M" => numbers(&mut words).map(|[x, y]| path.move_to(x, y))?,
            "L" => numbers(&mut words).map(|[x, y]| path.line_to(x, y))?,
            "C" => numbers(&mut words)
                .map(|[x1, y1, x2, y2, x, y]| path.cubic_to(x1, y1, x2, y2, x, y))?,
            "O" => numbers(&mut words).map(|[x, y, radius]| path.push_circle(x, y, radius))?,
            "Z" => path.close(),
            _ => return None,
        }
    }
    path.finish()
}

fn numbers<const N: usize>(words: &mut SplitWhitespace) -> Option<[f32; N]> {
    let mut numbers = [0.0; N];
    for number in &mut numbers {
        *number = words.next()?.parse().ok()?;
    }
    Some(numbers)
}

impl Shape {
    fn draw(&self, scale: f32) -> rfb::Cursor {
        let dark = || self.parts.iter().filter(|part| part.colour == DARK);
        let (right, bottom) = dark().map(Part::end).fold((0.0, 0.0), |(x, y), end| {
            (f32::max(x, end.0), f32::max(y, end.1))
        });
        let side = |length: f32| ((length + RIM) * scale).ceil().max(1.0) as u16;
        let size = rfb::Size::new(side(right), side(bottom));
        let mut pixels = Vec::new();
        if let Some(mut canvas) = Canvas::new((size.width.into(), size.height.into()).into()) {
            for part in dark() {
                let width = part.width.unwrap_or(0.0) + 2.0 * RIM;
                canvas.outline(part.scaled(scale), width * scale, LIGHT);
            }
            for part in &self.parts {
                let path = part.scaled(scale);
                match part.width {
                    Some(width) => canvas.outline(path, width * scale, part.colour),
                    None => canvas.fill(path, part.colour),
                }
            }
            let rgba = canvas.pixels().as_chunks::<4>().0.iter();
            pixels.extend(rgba.flat_map(|[red, green, blue, alpha]| [blue, green, red, alpha]));
        }
        let [x, y] = self.hotspot.map(|at| (at * scale) as u16);
        rfb::Cursor {
            size,
            hotspot: rfb::Point { x, y },
            pixels,
        }
    }
}

impl Part {
    /// Its right and lower edge.
    fn end(&self) -> (f32, f32) {
        let (bounds, beside) = (self.path.bounds(), self.width.unwrap_or(0.0) / 2.0);
        (bounds.right() + beside, bounds.bottom() + beside)
    }

    fn scaled(&self, scale: f32) -> Option<Path> {
        self.path
            .clone()
            .transform(Transform::from_scale(scale, scale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 34] = [
        "default",
        "context-menu",
        "help",
        "pointer",
        "progress",
        "wait",
        "cell",
        "crosshair",
        "text",
        "vertical-text",
        "alias",
        "copy",
        "move",
        "no-drop",
        "not-allowed",
        "grab",
        "grabbing",
        "e-resize",
        "n-resize",
        "ne-resize",
        "nw-resize",
        "s-resize",
        "se-resize",
        "sw-resize",
        "w-resize",
        "ew-resize",
        "ns-resize",
        "nesw-resize",
        "nwse-resize",
        "col-resize",
        "row-resize",
        "all-scroll",
        "zoom-in",
        "zoom-out",
    ];
    const SCALES: [f64; 6] = [0.5, 1.0, 1.25, 1.5, 2.0, 3.0];
    const NOTHING: [u8; 4] = [0; 4];

    fn pixel(cursor: &rfb::Cursor, x: u16, y: u16) -> [u8; 4] {
        let at = usize::from(y) * usize::from(cursor.size.width) + usize::from(x);
        cursor.pixels.as_chunks::<4>().0[at]
    }

    fn opaque([red, green, blue]: Rgb) -> [u8; 4] {
        [blue, green, red, 255]
    }

    #[test]
    fn every_shape_can_be_read_and_has_room_for_its_rim() {
        for name in NAMES {
            let icon = name.parse().unwrap();
            let shape = find(picture_name(icon)).unwrap_or_else(|| panic!("no picture of {name}"));
            for part in shape.parts.iter().filter(|part| part.colour == DARK) {
                let (bounds, beside) = (part.path.bounds(), part.width.unwrap_or(0.0) / 2.0);
                let start = bounds.left().min(bounds.top()) - beside;
                assert!(start > RIM - 1e-3, "{name} begins at {start}");
            }
        }
        assert!(built_in_cursor("pirate", 1.0).is_none());
    }

    #[test]
    fn every_shape_points_with_a_pixel_that_is_seen() {
        for name in NAMES {
            for scale in SCALES {
                let cursor = built_in_cursor(name, scale).unwrap();
                let (size, hotspot) = (cursor.size, cursor.hotspot);
                let area = usize::from(size.width) * usize::from(size.height);
                assert_eq!(cursor.pixels.len(), 4 * area, "{name} at {scale}");
                let [.., alpha] = pixel(&cursor, hotspot.x, hotspot.y);
                assert!(alpha >= 128, "{name} at {scale}: {alpha}");
                let one = built_in_cursor(name, 1.0).unwrap();
                let grown = (f64::from(one.size.width) - 1.0) * scale
                    ..=f64::from(one.size.width) * scale + 1.0;
                assert!(
                    grown.contains(&size.width.into()),
                    "{name} at {scale}: {size:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_dark_is_nowhere_beside_nothing() {
        for (name, scale) in NAMES
            .into_iter()
            .flat_map(|name| SCALES.map(|scale| (name, scale)))
        {
            let cursor = built_in_cursor(name, scale).unwrap();
            let rfb::Size { width, height } = cursor.size;
            for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                if pixel(&cursor, x, y) != opaque(DARK) {
                    continue;
                }
                assert!(
                    x > 0 && y > 0 && x + 1 < width && y + 1 < height,
                    "{name} at {scale}"
                );
                for (x, y) in [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)] {
                    assert_ne!(pixel(&cursor, x, y), NOTHING, "{name} at {scale}: {x}, {y}");
                }
            }
        }
    }

    #[test]
    fn straight_edges_are_crisp_at_whole_scales() {
        for scale in [1, 2, 3] {
            let cursor = built_in_cursor("text", f64::from(scale)).unwrap();
            let row: Vec<_> = (0..cursor.size.width)
                .map(|x| pixel(&cursor, x, 8 * scale))
                .collect();
            let side = [NOTHING].repeat(3 * usize::from(scale));
            let [dark, light] = [DARK, LIGHT].map(|it| [opaque(it)].repeat(scale.into()));
            assert_eq!(row, [&side[..], &light, &dark, &light, &side].concat());
        }
    }
}
