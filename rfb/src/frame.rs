//! An immutable picture that is cheap to hand around.

use std::fmt;
use std::sync::Arc;

use crate::geometry::{Point, Rect, Size};
use crate::region::Region;

/// The grid on which a frame remembers when a part of it last changed, in pixels
/// from the top left. Its height is also that of the bands that frames share.
pub const CELL: Size = Size::new(128, 64);

/// One picture of the screen, which never changes. A clone copies a pointer.
///
/// The pixels are in [`PixelFormat::BGRX`](crate::pixel_format::PixelFormat::BGRX):
/// 4 bytes each (blue, green, red and one without meaning), row after row from the
/// top. A frame and the ones made from it by a [`Diff`](crate::diff::Diff) share
/// the bands of 64 rows in which they do not differ.
#[derive(Clone)]
pub struct Frame(Arc<Picture>);

struct Picture {
    size: Size,
    number: u64,
    bands: Vec<Band>,
    /// The number of the frame that last changed each cell, row after row.
    cells: Vec<u64>,
    /// The same for all frames that were made one from the other.
    origin: Arc<()>,
}

/// 64 whole rows (the last band: the rest), shared.
pub(crate) type Band = Arc<Vec<u8>>;

/// The size of a pixel in bytes.
pub(crate) const PIXEL: usize = 4;

impl Frame {
    /// A frame of one colour (blue, green, red and a byte without meaning), with
    /// the number 1.
    pub fn solid(size: Size, colour: [u8; 4]) -> Self {
        let bands = heights(size).map(|rows| {
            let pixels = usize::from(rows) * usize::from(size.width);
            Arc::new(vec![colour; pixels].into_flattened())
        });
        Self::first(size, 1, bands.collect())
    }

    /// A frame of the given pixels, width × height × 4 bytes, with the number 1.
    /// Pixels that are missing are black.
    pub fn from_pixels(size: Size, pixels: &[u8]) -> Self {
        let stride = usize::from(size.width) * PIXEL;
        let mut rest = pixels;
        let bands = heights(size).map(|rows| {
            let length = usize::from(rows) * stride;
            let (part, after) = rest.split_at(length.min(rest.len()));
            rest = after;
            let mut band = part.to_vec();
            band.resize(length, 0);
            Arc::new(band)
        });
        Self::first(size, 1, bands.collect())
    }

    /// A frame of the bands of a picture of this size that is made from no other.
    pub(crate) fn first(size: Size, number: u64, bands: Vec<Band>) -> Self {
        Self(Arc::new(Picture {
            size,
            number,
            bands,
            cells: vec![number; cell_count(size)],
            origin: Arc::default(),
        }))
    }

    /// The frame after this one, of the same size.
    pub(crate) fn next(&self, number: u64, bands: Vec<Band>, cells: Vec<u64>) -> Self {
        Self(Arc::new(Picture {
            size: self.0.size,
            number,
            bands,
            cells,
            origin: self.0.origin.clone(),
        }))
    }

    /// Whether one of the two was made from the other, or both from a third. Only
    /// then do the numbers of the one mean anything to the other.
    pub(crate) fn is_kin(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.origin, &other.0.origin)
    }

    /// The width and height in pixels.
    pub fn size(&self) -> Size {
        self.0.size
    }

    /// Its number. A later frame of the same [`Diff`](crate::diff::Diff) has a
    /// higher one, and the first has 1.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The pixels of row `y`, width × 4 bytes; nothing below the picture.
    pub fn row(&self, y: u16) -> &[u8] {
        let stride = usize::from(self.0.size.width) * PIXEL;
        let start = usize::from(y % CELL.height) * stride;
        self.0
            .bands
            .get(usize::from(y / CELL.height))
            .and_then(|band| band.get(start..start + stride))
            .unwrap_or_default()
    }

    /// The number of the newest frame that changed anything in the cells (see
    /// [`CELL`]) that `rect` touches; 0 if it lies outside. So as long as it stays
    /// the same, the pixels in `rect` do.
    pub fn last_change(&self, rect: Rect) -> u64 {
        cells_in(self.0.size, rect)
            .filter_map(|index| self.0.cells.get(index).copied())
            .max()
            .unwrap_or(0)
    }

    /// Where in `rect` pixels may differ from those of the frame with this number, of the
    /// same [`Diff`](crate::diff::Diff): whole cells (see [`CELL`]), as far as they lie in
    /// it. All of it for the number 0, or if the size has changed since.
    pub fn changes_since(&self, number: u64, rect: Rect) -> Region {
        let mut changes = Region::new();
        let Some(rect) = rect.clip(self.0.size).filter(|_| number < self.0.number) else {
            return changes;
        };
        let (left, top) = (rect.x / CELL.width, rect.y / CELL.height);
        let columns = u32::from(left)..rect.right().div_ceil(CELL.width.into());
        let rows = u32::from(top)..rect.bottom().div_ceil(CELL.height.into());
        for (row, column) in rows.flat_map(|row| columns.clone().map(move |it| (row, it))) {
            // Both are below the 16 bits of the picture's size.
            let (x, y) = (column as u16 * CELL.width, row as u16 * CELL.height);
            let cell = Rect::new(x, y, CELL.width, CELL.height).intersection(rect);
            if let Some(cell) = cell.filter(|cell| self.last_change(*cell) > number) {
                changes.add(cell);
            }
        }
        changes
    }

    pub(crate) fn bands(&self) -> &[Band] {
        &self.0.bands
    }

    pub(crate) fn cells(&self) -> &[u64] {
        &self.0.cells
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("size", &self.0.size)
            .field("number", &self.0.number)
            .finish_non_exhaustive()
    }
}

/// The heights of the bands of a picture.
pub(crate) fn heights(size: Size) -> impl Iterator<Item = u16> {
    (0..size.height)
        .step_by(CELL.height.into())
        .map(move |top| CELL.height.min(size.height - top))
}

/// The number of cells in a picture.
pub(crate) fn cell_count(size: Size) -> usize {
    let columns = usize::from(size.width.div_ceil(CELL.width));
    columns * usize::from(size.height.div_ceil(CELL.height))
}

/// The index of the cell that has a pixel.
pub(crate) fn cell_at(size: Size, point: Point) -> usize {
    let columns = usize::from(size.width.div_ceil(CELL.width));
    usize::from(point.y / CELL.height) * columns + usize::from(point.x / CELL.width)
}

/// The indices of the cells that a rectangle touches.
pub(crate) fn cells_in(size: Size, rect: Rect) -> impl Iterator<Item = usize> {
    let rect = rect.clip(size).unwrap_or_default();
    let rows = (rect.y / CELL.height)..rect.bottom().div_ceil(CELL.height.into()) as u16;
    let columns = (rect.x / CELL.width)..rect.right().div_ceil(CELL.width.into()) as u16;
    rows.flat_map(move |row| {
        let first = cell_at(size, Point::new(0, row * CELL.height));
        columns
            .clone()
            .map(move |column| first + usize::from(column))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_all_bands() {
        let size = Size::new(5, 130);
        let pixels: Vec<u8> = (0..size.area())
            .flat_map(|index| index.to_le_bytes())
            .collect();
        let frame = Frame::from_pixels(size, &pixels);
        for y in 0..130 {
            let start = usize::from(y) * 20;
            assert_eq!(frame.row(y), &pixels[start..start + 20], "row {y}");
        }
        assert!(frame.row(130).is_empty());
        assert!(frame.row(u16::MAX).is_empty());
        assert_eq!(frame.number(), 1);
    }

    #[test]
    fn missing_pixels_are_black() {
        let frame = Frame::from_pixels(Size::new(2, 70), &[7; 9]);
        assert_eq!(frame.row(0), [7; 8]);
        assert_eq!(frame.row(1), [7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(frame.row(69), [0; 8]);
    }

    #[test]
    fn solid_and_empty() {
        let frame = Frame::solid(Size::new(3, 65), [1, 2, 3, 4]);
        assert_eq!(frame.row(64), [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
        let empty = Frame::solid(Size::new(0, 0), [0; 4]);
        assert!(empty.row(0).is_empty());
        assert_eq!(empty.last_change(Rect::new(0, 0, 10, 10)), 0);
        let line = Frame::from_pixels(Size::new(0, 100), &[]);
        assert!(line.row(99).is_empty());
    }

    #[test]
    fn changes_since_another_frame() {
        let size = Size::new(300, 130);
        let first = Frame::solid(size, [0; 4]);
        // Three columns and three rows of cells.
        let frame = first.next(9, first.bands().to_vec(), (1..=9).collect());
        assert_eq!(frame.changes_since(0, size.rect()), size.rect().into());
        assert!(frame.changes_since(9, size.rect()).is_empty());
        let last = frame.changes_since(8, size.rect());
        assert_eq!(last, Rect::new(256, 128, 44, 2).into());
        let part = Rect::new(250, 60, 20, 10);
        assert_eq!(
            frame.changes_since(5, part),
            Rect::new(256, 64, 14, 6).into()
        );
        assert!(frame.changes_since(0, Rect::new(300, 0, 9, 9)).is_empty());
    }

    #[test]
    fn last_change_of_the_cells_touched() {
        let size = Size::new(300, 130);
        let first = Frame::solid(size, [0; 4]);
        // Three columns and three rows of cells.
        let frame = first.next(9, first.bands().to_vec(), (1..=9).collect());
        assert_eq!(frame.last_change(size.rect()), 9);
        assert_eq!(frame.last_change(Rect::new(0, 0, 128, 64)), 1);
        assert_eq!(frame.last_change(Rect::new(0, 0, 129, 64)), 2);
        assert_eq!(frame.last_change(Rect::new(127, 63, 2, 2)), 5);
        assert_eq!(frame.last_change(Rect::new(299, 129, 500, 500)), 9);
        assert_eq!(frame.last_change(Rect::new(300, 0, 10, 10)), 0);
        assert_eq!(frame.last_change(Rect::new(10, 10, 0, 10)), 0);
    }

    #[test]
    fn only_frames_made_one_from_the_other_are_kin() {
        let first = Frame::solid(Size::new(1, 1), [0; 4]);
        let next = first.next(2, first.bands().to_vec(), vec![2]);
        assert!(next.is_kin(&first) && first.clone().is_kin(&next));
        assert!(!first.is_kin(&Frame::solid(Size::new(1, 1), [0; 4])));
    }
}
