//! What our own pictures are painted on: title bars, lists and cursors.

use smithay::utils::{Physical, Size};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapPaint, PixmapRef,
    Rect, Stroke, Transform,
};

use crate::config::MAX_SIDE;
use crate::icon::Icon;
use crate::render::Picture;
use crate::text::Ink;

/// Red, green and blue.
pub(crate) type Rgb = [u8; 3];

/// A picture that is being painted; at first one sees through it. All lengths are in pixels.
pub(crate) struct Canvas(Pixmap);

impl Canvas {
    /// None: it has no size, or is larger than any screen, as a client can make its window.
    pub(crate) fn new(size: Size<i32, Physical>) -> Option<Self> {
        let side = |side: i32| u16::try_from(side).ok().filter(|side| *side <= MAX_SIDE);
        Pixmap::new(side(size.w)?.into(), side(size.h)?.into()).map(Self)
    }

    /// Red, green, blue and alpha of each pixel, row by row, multiplied by alpha.
    pub(crate) fn pixels(&self) -> &[u8] {
        self.0.data()
    }

    pub(crate) fn finish(&self) -> Picture {
        // Both were i32.
        let side = |side: u32| side.cast_signed();
        Picture::new(self.0.data(), side(self.0.width()), side(self.0.height()))
    }

    /// Fills a shape; one that could not be made is left out.
    pub(crate) fn fill(&mut self, path: Option<Path>, colour: Rgb) {
        if let Some(path) = path {
            let (paint, whole) = (paint(colour), Transform::identity());
            self.0
                .fill_path(&path, &paint, FillRule::Winding, whole, None);
        }
    }

    /// Draws along a shape, with pointed corners; one that could not be made is left out.
    pub(crate) fn draw(&mut self, path: Option<Path>, width: f32, colour: Rgb) {
        self.stroke(path, width, colour, LineJoin::Miter);
    }

    /// As [`draw`](Self::draw), with round corners: all that is as near as half the width.
    pub(crate) fn outline(&mut self, path: Option<Path>, width: f32, colour: Rgb) {
        self.stroke(path, width, colour, LineJoin::Round);
    }

    fn stroke(&mut self, path: Option<Path>, width: f32, colour: Rgb, line_join: LineJoin) {
        if let Some(path) = path {
            let line_cap = LineCap::Round;
            let stroke = Stroke {
                width,
                line_cap,
                line_join,
                ..Stroke::default()
            };
            self.0
                .stroke_path(&path, &paint(colour), &stroke, Transform::identity(), None);
        }
    }

    /// Puts an icon in the middle between the upper and the lower edge of a place, from this far
    /// right of its left edge.
    pub(crate) fn put(&mut self, icon: &Icon, place: Rect, indent: f32) {
        let Some(picture) = PixmapRef::from_bytes(&icon.pixels, icon.side, icon.side) else {
            return;
        };
        let free = (place.height() - icon.side as f32) / 2.0;
        let (left, top) = (place.left() + indent, place.top() + free);
        let (left, top) = (left.round() as i32, top.round() as i32);
        let (paint, whole) = (PixmapPaint::default(), Transform::identity());
        self.0.draw_pixmap(left, top, picture, &paint, whole, None);
    }

    /// Writes in the middle between the upper and the lower edge of a place, from this far right of
    /// its left edge.
    pub(crate) fn write(&mut self, ink: &Ink, place: Rect, indent: f32, colour: Rgb) {
        if ink.width == 0 {
            return;
        }
        let (width, height) = (self.0.width() as usize, self.0.height() as usize);
        let left = (place.left() + indent).round().max(0.0) as usize;
        let free = (place.height() - ink.height as f32) / 2.0;
        let top = (place.top() + free).round().max(0.0) as usize;
        for (y, row) in ink.cover.chunks_exact(ink.width).enumerate() {
            for (x, cover) in row.iter().enumerate() {
                let (x, y) = (left + x, top + y);
                if *cover == 0 || x >= width || y >= height {
                    continue;
                }
                let at = (y * width + x) * 4;
                if let Some(pixel) = self.0.data_mut().get_mut(at..at + 4) {
                    blend(pixel, colour, *cover);
                }
            }
        }
    }
}

/// A rectangle whose upper and lower corners have these radii.
pub(crate) fn round(place: Rect, upper: f32, lower: f32) -> Option<Path> {
    let most = place.width().min(place.height()) / 2.0;
    let (upper, lower) = (upper.clamp(0.0, most), lower.clamp(0.0, most));
    let (left, top, right, bottom) = (place.left(), place.top(), place.right(), place.bottom());
    let mut path = PathBuilder::new();
    path.move_to(left, bottom - lower);
    path.line_to(left, top + upper);
    path.quad_to(left, top, left + upper, top);
    path.line_to(right - upper, top);
    path.quad_to(right, top, right, top + upper);
    path.line_to(right, bottom - lower);
    path.quad_to(right, bottom, right - lower, bottom);
    path.line_to(left + lower, bottom);
    path.quad_to(left, bottom, left, bottom - lower);
    path.close();
    path.finish()
}

fn paint([red, green, blue]: Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(red, green, blue, 255));
    paint
}

/// `pixel`: red, green, blue and alpha, multiplied by alpha. `cover`: of 255.
fn blend(pixel: &mut [u8], [red, green, blue]: Rgb, cover: u8) {
    let cover = u32::from(cover);
    for (below, above) in pixel.iter_mut().zip([red, green, blue, 255]) {
        let sum = u32::from(*below) * (255 - cover) + u32::from(above) * cover;
        *below = ((sum + 127) / 255) as u8;
    }
}
