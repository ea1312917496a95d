//! Painting lists.

use std::sync::Arc;

use smithay::utils::{Physical, Size};
use tiny_skia::Rect;

use super::{INDENT, PADDING, ROW};
use crate::canvas::{Canvas, Rgb, round};
use crate::render::Picture;
use crate::text::Ink;

/// The radius of the corners, in logical units.
const RADIUS: f32 = 8.0;
const GROUND: Rgb = [0x26, 0x2f, 0x3a];
const FRAME: Rgb = [0x4a, 0x58, 0x68];
const CHOSEN: Rgb = [0x2f, 0x5d, 0x8a];
const TEXT: Rgb = [0xf0, 0xf3, 0xf6];
const FAINT: Rgb = [0x94, 0xa1, 0xae];

/// All that a list's picture depends on.
pub(super) struct Look {
    pub(super) size: Size<i32, Physical>,
    pub(super) scale: f64,
    /// Among those that are shown.
    pub(super) chosen: Option<usize>,
    /// The texts of rows, none in lines between others, and inside none while they are being drawn;
    /// and whether a row is less important.
    pub(super) rows: Vec<(Option<Option<Arc<Ink>>>, bool)>,
}

impl PartialEq for Look {
    fn eq(&self, other: &Self) -> bool {
        let text = |(text, is_faint): &(Option<Option<Arc<Ink>>>, bool)| {
            (
                text.as_ref().map(|ink| ink.as_ref().map(Arc::as_ptr)),
                *is_faint,
            )
        };
        (self.size, self.scale, self.chosen) == (other.size, other.scale, other.chosen)
            && self.rows.iter().map(text).eq(other.rows.iter().map(text))
    }
}

/// A list, unless it has no size.
pub(super) fn list(look: &Look) -> Option<Picture> {
    let mut canvas = Canvas::new(look.size)?;
    let scale = look.scale as f32;
    let (width, height) = (look.size.w as f32, look.size.h as f32);
    let whole = Rect::from_xywh(0.0, 0.0, width, height)?;
    canvas.fill(round(whole, RADIUS * scale, RADIUS * scale), FRAME);
    let edge = scale.max(1.0).floor();
    let inner = Rect::from_ltrb(edge, edge, width - edge, height - edge)?;
    let radius = RADIUS * scale - edge;
    canvas.fill(round(inner, radius, radius), GROUND);
    let padding = PADDING as f32 * scale;
    for (at, (text, is_faint)) in look.rows.iter().enumerate() {
        let top = (padding + at as f32 * ROW as f32 * scale).round();
        let place = Rect::from_xywh(padding, top, width - 2.0 * padding, ROW as f32 * scale)?;
        if look.chosen == Some(at) {
            let radius = RADIUS * scale / 2.0;
            canvas.fill(round(place, radius, radius), CHOSEN);
        }
        match text {
            None => {
                let middle = (place.top() + place.bottom()) / 2.0;
                let line = Rect::from_xywh(place.left(), middle.floor(), place.width(), edge)?;
                canvas.fill(round(line, 0.0, 0.0), FRAME);
            }
            Some(ink) => {
                let colour = if *is_faint { FAINT } else { TEXT };
                if let Some(ink) = ink {
                    canvas.write(ink, place, INDENT as f32 * scale, colour);
                }
            }
        }
    }
    Some(canvas.finish())
}
