//! Painting lists.

use std::sync::Arc;

use smithay::utils::{Physical, Size};
use tiny_skia::Rect;

use super::{INDENT, PADDING};
use crate::canvas::{Canvas, Rgb, round};
use crate::icon::Icon;
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
#[derive(PartialEq)]
pub(super) struct Look {
    pub(super) size: Size<i32, Physical>,
    pub(super) scale: f64,
    pub(super) rows: Vec<Painted>,
}

/// A row as it is to look.
pub(super) struct Painted {
    /// How far below the list's upper edge it begins, in logical units.
    pub(super) top: i32,
    /// In logical units.
    pub(super) height: i32,
    /// A line between others, without a text.
    pub(super) is_line: bool,
    pub(super) is_chosen: bool,
    /// Less important than others.
    pub(super) is_faint: bool,
    pub(super) icon: Option<Arc<Icon>>,
    /// How far right its text begins, in logical units.
    pub(super) indent: i32,
    /// None while it is being drawn.
    pub(super) text: Option<Arc<Ink>>,
}

impl PartialEq for Painted {
    fn eq(&self, other: &Self) -> bool {
        let parts = |it: &Self| {
            let signs = (it.is_line, it.is_chosen, it.is_faint);
            let icon = it.icon.as_ref().map(Arc::as_ptr);
            let text = it.text.as_ref().map(Arc::as_ptr);
            (it.top, it.height, signs, icon, it.indent, text)
        };
        parts(self) == parts(other)
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
    for row in &look.rows {
        let top = (row.top as f32 * scale).round();
        let height = row.height as f32 * scale;
        let place = Rect::from_xywh(padding, top, width - 2.0 * padding, height)?;
        if row.is_chosen {
            let radius = RADIUS * scale / 2.0;
            canvas.fill(round(place, radius, radius), CHOSEN);
        }
        if let Some(icon) = &row.icon {
            canvas.put(icon, place, INDENT as f32 * scale);
        }
        if row.is_line {
            let middle = (place.top() + place.bottom()) / 2.0;
            let line = Rect::from_xywh(place.left(), middle.floor(), place.width(), edge)?;
            canvas.fill(round(line, 0.0, 0.0), FRAME);
        } else if let Some(text) = &row.text {
            let colour = if row.is_faint { FAINT } else { TEXT };
            canvas.write(text, place, row.indent as f32 * scale, colour);
        }
    }
    Some(canvas.finish())
}
