//! Painting title bars.

use std::sync::Arc;

use smithay::backend::renderer::Color32F;
use smithay::utils::{Physical, Size};
use tiny_skia::{Path, PathBuilder, Rect};

use super::{BUTTON, Button, INDENT, buttons};
use crate::canvas::{Canvas, Rgb, round};
use crate::render::{Picture, colour};
use crate::text::Ink;

/// The radius of the upper corners, in logical units.
const RADIUS: f32 = 6.0;
/// The width and height of the sign on a button, in logical units.
const SIGN: f32 = 10.0;
/// The width of a sign's lines, in logical units.
const LINE: f32 = 1.3;

/// Of the active window's title bar, and of what is on it.
const ACTIVE: (Rgb, Rgb) = ([0x2f, 0x5d, 0x8a], [0xff, 0xff, 0xff]);
/// Of the others'.
const INACTIVE: (Rgb, Rgb) = ([0x3a, 0x45, 0x52], [0xa9, 0xb4, 0xc0]);
/// Behind a button that is pointed at.
const POINTED: Rgb = [0x4f, 0x7f, 0xb0];
/// Behind the one that closes.
const POINTED_CLOSE: Rgb = [0xd0, 0x3c, 0x3c];

/// All that a title bar's picture depends on.
#[derive(Clone)]
pub(super) struct Look {
    pub(super) size: Size<i32, Physical>,
    pub(super) scale: f64,
    pub(super) is_active: bool,
    pub(super) is_floating: bool,
    pub(super) is_maximized: bool,
    pub(super) can_maximize: bool,
    /// The button that the pointer is on.
    pub(super) pointed: Option<Button>,
    pub(super) title: Option<Arc<Ink>>,
}

impl PartialEq for Look {
    fn eq(&self, other: &Self) -> bool {
        let parts = |it: &Self| {
            let (is_active, is_floating) = (it.is_active, it.is_floating);
            let title = it.title.as_ref().map(Arc::as_ptr);
            let sizes = (it.size, it.scale);
            (
                sizes,
                is_active,
                is_floating,
                it.is_maximized,
                it.can_maximize,
                it.pointed,
                title,
            )
        };
        parts(self) == parts(other)
    }
}

impl Look {
    fn colours(&self) -> (Rgb, Rgb) {
        if self.is_active { ACTIVE } else { INACTIVE }
    }

    /// The colour of the edges.
    pub(super) fn edge(&self) -> Color32F {
        colour(self.colours().0)
    }
}

/// A title bar, unless it has no size.
pub(super) fn bar(look: &Look) -> Option<Picture> {
    let mut canvas = Canvas::new(look.size)?;
    let (ground, ink) = look.colours();
    let scale = look.scale as f32;
    let whole = Rect::from_xywh(0.0, 0.0, look.size.w as f32, look.size.h as f32)?;
    let radius = if look.is_floating {
        RADIUS * scale
    } else {
        0.0
    };
    canvas.fill(round(whole, radius, 0.0), ground);
    for (at, button) in buttons(look.can_maximize).iter().copied().enumerate() {
        let width = BUTTON as f32 * scale;
        let left = whole.right() - (at + 1) as f32 * width;
        let place = Rect::from_xywh(left, 0.0, width, whole.height());
        let Some(place) = place.filter(|place| place.left() >= 0.0) else {
            continue;
        };
        let mut colour = ink;
        if look.pointed == Some(button) {
            let lit = match button {
                Button::Close => POINTED_CLOSE,
                Button::Maximize | Button::Minimize => POINTED,
            };
            // Not beyond the bar's corner.
            let radius = if at == 0 { radius } else { 0.0 };
            canvas.fill(round(place, radius, 0.0), lit);
            colour = ACTIVE.1;
        }
        canvas.draw(
            sign(button, look.is_maximized, place, scale),
            LINE * scale,
            colour,
        );
    }
    if let Some(title) = &look.title {
        canvas.write(title, whole, INDENT as f32 * scale, ink);
    }
    Some(canvas.finish())
}

/// The sign in the middle of a button.
fn sign(button: Button, is_maximized: bool, place: Rect, scale: f32) -> Option<Path> {
    let half = (SIGN * scale / 2.0).round();
    // On the middle of pixels, so that straight lines are crisp.
    let middle = |from: f32, to: f32| ((from + to) / 2.0).floor() + 0.5;
    let (x, y) = (
        middle(place.left(), place.right()),
        middle(place.top(), place.bottom()),
    );
    let mut path = PathBuilder::new();
    match button {
        Button::Close => {
            path.move_to(x - half, y - half);
            path.line_to(x + half, y + half);
            path.move_to(x + half, y - half);
            path.line_to(x - half, y + half);
        }
        Button::Maximize if is_maximized => {
            let off = (half / 2.0).round();
            let near = Rect::from_ltrb(x - half, y - half + off, x + half - off, y + half)?;
            path.push_rect(near);
            path.move_to(x - half + off, y - half + off);
            path.line_to(x - half + off, y - half);
            path.line_to(x + half, y - half);
            path.line_to(x + half, y + half - off);
            path.line_to(x + half - off, y + half - off);
        }
        Button::Maximize => {
            path.push_rect(Rect::from_ltrb(x - half, y - half, x + half, y + half)?);
        }
        Button::Minimize => {
            path.move_to(x - half, y);
            path.line_to(x + half, y);
        }
    }
    path.finish()
}
