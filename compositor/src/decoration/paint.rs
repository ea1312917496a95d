//! Painting title bars.

use std::sync::Arc;

use smithay::backend::renderer::Color32F;
use smithay::utils::{Physical, Size};
use tiny_skia::{
    Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform,
};

use super::{BUTTON, BUTTONS, Button, INDENT};
use crate::render::Picture;
use crate::text::Ink;

/// The radius of the upper corners, in logical units.
const RADIUS: f32 = 6.0;
/// The width and height of the sign on a button, in logical units.
const SIGN: f32 = 10.0;
/// The width of a sign's lines, in logical units.
const LINE: f32 = 1.3;

/// Red, green and blue.
type Rgb = [u8; 3];

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
        let [red, green, blue] = self.colours().0.map(|part| f32::from(part) / 255.0);
        Color32F::new(red, green, blue, 1.0)
    }
}

/// A title bar, unless it has no size.
pub(super) fn bar(look: &Look) -> Option<Picture> {
    let side = |side: i32| u32::try_from(side).ok();
    let mut pixmap = Pixmap::new(side(look.size.w)?, side(look.size.h)?)?;
    let (ground, ink) = look.colours();
    let (width, height) = (pixmap.width() as f32, pixmap.height() as f32);
    let scale = look.scale as f32;
    let radius = if look.is_floating {
        RADIUS * scale
    } else {
        0.0
    };
    fill(
        &mut pixmap,
        &rounded(width, height, radius.min(width / 2.0))?,
        ground,
    );
    for (at, button) in BUTTONS.into_iter().enumerate() {
        let right = width - at as f32 * BUTTON as f32 * scale;
        let place = Rect::from_xywh(
            right - BUTTON as f32 * scale,
            0.0,
            BUTTON as f32 * scale,
            height,
        );
        let Some(place) = place.filter(|place| place.left() >= 0.0) else {
            continue;
        };
        let is_pointed = look.pointed == Some(button);
        if is_pointed {
            let colour = if button == Button::Close {
                POINTED_CLOSE
            } else {
                POINTED
            };
            // Not beyond the corner.
            let rounding = if at == 0 { radius } else { 0.0 };
            fill(&mut pixmap, &right_rounded(place, rounding)?, colour);
        }
        let colour = if is_pointed { ACTIVE.1 } else { ink };
        draw(
            &mut pixmap,
            &sign(button, look.is_maximized, place, scale)?,
            colour,
            LINE * scale,
        );
    }
    if let Some(title) = &look.title {
        let left = (f64::from(INDENT) * look.scale).round() as usize;
        write(&mut pixmap, title, left, ink);
    }
    let (width, height) = (look.size.w, look.size.h);
    Some(Picture::new(pixmap.data(), width, height))
}

fn paint([red, green, blue]: Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(red, green, blue, 255));
    paint
}

fn fill(pixmap: &mut Pixmap, path: &Path, colour: Rgb) {
    pixmap.fill_path(
        path,
        &paint(colour),
        FillRule::Winding,
        Transform::identity(),
        None,
    );
}

fn draw(pixmap: &mut Pixmap, path: &Path, colour: Rgb, width: f32) {
    let line_cap = LineCap::Round;
    let stroke = Stroke {
        width,
        line_cap,
        ..Stroke::default()
    };
    pixmap.stroke_path(path, &paint(colour), &stroke, Transform::identity(), None);
}

/// All of a title bar, with round upper corners.
fn rounded(width: f32, height: f32, radius: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(0.0, height);
    path.line_to(0.0, radius);
    path.quad_to(0.0, 0.0, radius, 0.0);
    path.line_to(width - radius, 0.0);
    path.quad_to(width, 0.0, width, radius);
    path.line_to(width, height);
    path.close();
    path.finish()
}

/// A rectangle with a round upper right corner.
fn right_rounded(place: Rect, radius: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(place.left(), place.top());
    path.line_to(place.right() - radius, place.top());
    path.quad_to(
        place.right(),
        place.top(),
        place.right(),
        place.top() + radius,
    );
    path.line_to(place.right(), place.bottom());
    path.line_to(place.left(), place.bottom());
    path.close();
    path.finish()
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

/// Text, in the middle between above and below.
fn write(pixmap: &mut Pixmap, ink: &Ink, left: usize, colour: Rgb) {
    let (width, height) = (pixmap.width() as usize, pixmap.height() as usize);
    let top = height.saturating_sub(ink.height) / 2;
    if ink.width == 0 {
        return;
    }
    for (y, row) in ink.cover.chunks_exact(ink.width).enumerate() {
        for (x, cover) in row.iter().enumerate() {
            let (x, y) = (left + x, top + y);
            if *cover == 0 || x >= width || y >= height {
                continue;
            }
            let at = (y * width + x) * 4;
            let Some(pixel) = pixmap.data_mut().get_mut(at..at + 4) else {
                continue;
            };
            let blend = |below: u8, above: u8| {
                let cover = u32::from(*cover);
                ((u32::from(below) * (255 - cover) + u32::from(above) * cover + 127) / 255) as u8
            };
            let [red, green, blue] = colour;
            for (part, above) in pixel.iter_mut().zip([red, green, blue, 255]) {
                *part = blend(*part, above);
            }
        }
    }
}
