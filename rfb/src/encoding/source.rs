//! The pixels of a rectangle as a viewer is to see them.

use super::cursor::Cursor;
use crate::frame::{Frame, PIXEL};
use crate::geometry::{Point, Rect};

/// The rows of a rectangle of a frame: black beyond it, and with a cursor drawn
/// over them. A rectangle that needs neither is read from the frame itself.
pub(crate) struct Source<'a> {
    frame: &'a Frame,
    rect: Rect,
    /// The pixels, where they are not just those of the frame.
    composed: Option<Vec<u8>>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(frame: &'a Frame, rect: Rect, cursor: Option<(&Cursor, Point)>) -> Self {
        let mut source = Self {
            frame,
            rect,
            composed: None,
        };
        let cursor = cursor.filter(|(cursor, at)| cursor.area(*at).intersection(rect).is_some());
        if cursor.is_some() || !frame.size().rect().contains(rect) {
            let stride = source.width() * PIXEL;
            let mut pixels = Vec::with_capacity(rect.area() as usize * PIXEL);
            for row in 0..rect.height {
                pixels.extend_from_slice(source.part_of_frame(row));
                pixels.resize((usize::from(row) + 1) * stride, 0);
            }
            if let Some((cursor, at)) = cursor {
                cursor.draw(at, rect, &mut pixels);
            }
            source.composed = Some(pixels);
        }
        source
    }

    /// The width in pixels.
    pub(crate) fn width(&self) -> usize {
        self.rect.width.into()
    }

    /// The rows, from the top: width × 4 bytes each.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.rect.height).map(|row| self.row(row))
    }

    /// The rows of a part, which counts from the rectangle's corner and lies inside it.
    pub(crate) fn part(&self, part: Rect) -> impl Iterator<Item = &[u8]> + Clone {
        let (start, end) = (usize::from(part.x) * PIXEL, part.right() as usize * PIXEL);
        (part.y..part.y + part.height).map(move |row| &self.row(row)[start..end])
    }

    fn row(&self, row: u16) -> &[u8] {
        let stride = self.width() * PIXEL;
        match &self.composed {
            Some(pixels) => {
                let start = usize::from(row) * stride;
                &pixels[start..start + stride]
            }
            None => self.part_of_frame(row),
        }
    }

    /// The part of row `row` of the rectangle that lies in the frame.
    fn part_of_frame(&self, row: u16) -> &'a [u8] {
        let Some(y) = self.rect.y.checked_add(row) else {
            return &[];
        };
        let line = self.frame.row(y);
        let start = (usize::from(self.rect.x) * PIXEL).min(line.len());
        let end = (self.rect.right() as usize * PIXEL).min(line.len());
        &line[start..end]
    }
}
