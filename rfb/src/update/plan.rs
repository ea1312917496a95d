//! The work for one update, cut into pieces that know nothing of each other.

use std::sync::Arc;

use crate::encoding::{Cursor, Key, Method, Segment, encode};
use crate::frame::Frame;
use crate::geometry::{Point, Rect};
use crate::pixel_format::PixelFormat;

/// One update of one session: its jobs have to be run, wherever and in whatever
/// order, before [`Session::finish_update`](crate::Session::finish_update).
#[derive(Debug)]
#[must_use = "the session waits until the plan is handed back to finish_update"]
pub struct Plan {
    /// Tells this plan from the session's others.
    pub(crate) number: u64,
    pub(crate) jobs: Vec<Job>,
}

/// A rectangle to be encoded. It holds all that it needs, so it can be sent to
/// another thread.
#[derive(Clone, Debug)]
pub struct Job {
    pub(crate) frame: Frame,
    pub(crate) rect: Rect,
    pub(crate) format: PixelFormat,
    pub(crate) method: Method,
    /// Drawn over the pixels, at the point.
    pub(crate) cursor: Option<(Arc<Cursor>, Point)>,
}

/// The width of the largest rectangle of a job.
const MAX_WIDTH: u16 = 1920;

impl Plan {
    /// The jobs, in the order in which `finish_update` wants their results. There
    /// may be none: then the update tells a size, a cursor or a name.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }
}

impl Job {
    /// The rectangle, in pixels of the viewer's framebuffer.
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// The number of pixels: a measure of the work.
    pub fn area(&self) -> u32 {
        self.rect.area()
    }

    /// What the result depends on, for a [`Cache`](crate::encoding::Cache) that
    /// serves the sessions that are shown the frames of the same
    /// [`Diff`](crate::diff::Diff). None if the result is for this viewer alone.
    pub fn key(&self) -> Option<Key> {
        if self.cursor.is_some() {
            return None;
        }
        Some(Key {
            rect: self.rect,
            change: self.frame.last_change(self.rect),
            format: self.format,
            method: self.method,
        })
    }

    /// Encodes the rectangle. The same job gives the same result each time.
    pub fn run(&self) -> Segment {
        let cursor = self.cursor.as_ref().map(|(cursor, at)| (&**cursor, *at));
        encode(self.method, &self.frame, self.rect, &self.format, cursor)
    }
}

/// Cuts a rectangle along a grid, whose cells have the size of the largest job. So viewers
/// that need the same part of a frame often share jobs, also when they need different
/// parts besides.
pub(crate) fn cut(rect: Rect, method: Method) -> impl Iterator<Item = Rect> {
    let max_height = method.piece_height();
    let lines = |first: u16, end: u32, step: u16| {
        let start = u32::from(first - first % step);
        (start..end).step_by(step.into())
    };
    let columns = lines(rect.x, rect.right(), MAX_WIDTH);
    lines(rect.y, rect.bottom(), max_height).flat_map(move |top| {
        columns.clone().filter_map(move |left| {
            let (right, bottom) = (left + u32::from(MAX_WIDTH), top + u32::from(max_height));
            Rect::between(left, top, right, bottom)?.intersection(rect)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{Encoding, Jpeg};
    use crate::geometry::Size;

    #[test]
    fn pieces_cover_the_rectangle_exactly() {
        let rects = [
            Rect::new(0, 0, 1920, 1080),
            Rect::new(1, 63, 1920, 2),
            Rect::new(1919, 100, 3841, 200),
            Rect::new(65_000, 65_530, 535, 5),
            Rect::new(7, 7, 1, 1),
            Rect::new(0, 0, 0, 9),
        ];
        let tight = Method::from(Encoding::TIGHT);
        let jpeg = Some(Jpeg::USUAL);
        for (method, height, count) in [
            (Encoding::RAW.into(), 64, 17),
            (Method { jpeg, ..tight }, 192, 6),
            (tight, 1088, 1),
        ] {
            for rect in rects {
                let pieces: Vec<Rect> = cut(rect, method).collect();
                let area: u32 = pieces.iter().map(|piece| piece.area()).sum();
                assert_eq!(area, rect.area());
                for (index, piece) in pieces.iter().enumerate() {
                    assert!(rect.contains(*piece) && !piece.is_empty());
                    assert!(piece.width <= 1920 && piece.height <= height);
                    let height = u32::from(height);
                    assert_eq!(u32::from(piece.y) / height, (piece.bottom() - 1) / height);
                    let mut others = pieces[index + 1..].iter();
                    assert!(others.all(|other| other.intersection(*piece).is_none()));
                }
            }
            assert_eq!(cut(Size::new(1920, 1080).rect(), method).count(), count);
        }
    }
}
