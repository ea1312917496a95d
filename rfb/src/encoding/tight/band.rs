//! The pixels of a piece of a picture, and which of them differ from their neighbours.

use crate::geometry::{Rect, Size};

/// The pixels in a word of a mask.
pub(super) const WORD: u16 = 64;

/// Pixels as numbers, `0x00RRGGBB`, with two masks: words of 64 pixels of a row, the
/// lowest bit for the leftmost. All rectangles here count from the band's own corner.
pub(super) struct Band {
    size: Size,
    /// The pixels of a row in memory: whole words. Those beyond the width are like the
    /// last one in it.
    stride: usize,
    pixels: Vec<u32>,
    /// Those that differ from the one left of them.
    unlike_left: Vec<u64>,
    /// Those that differ from the one above.
    unlike_above: Vec<u64>,
}

impl Band {
    /// A band of these rows, each of width × 4 bytes: blue, green, red and one without
    /// meaning.
    pub(super) fn new<'a>(size: Size, rows: impl Iterator<Item = &'a [u8]>) -> Self {
        let width = usize::from(size.width);
        let words = width.div_ceil(WORD.into());
        let height = usize::from(size.height);
        let stride = words * usize::from(WORD);
        let mut band = Self {
            size,
            stride,
            pixels: Vec::with_capacity(stride * height),
            unlike_left: Vec::with_capacity(words * height),
            unlike_above: Vec::with_capacity(words * height),
        };
        for row in rows.take(height) {
            let (pixels, _) = row.as_chunks::<4>();
            let pixels = pixels
                .iter()
                .map(|pixel| u32::from_le_bytes(*pixel) & 0x00ff_ffff);
            band.pixels.extend(pixels.take(width));
            let last = band.pixels.last().copied().unwrap_or(0);
            band.pixels
                .resize(band.pixels.len().next_multiple_of(stride), last);
            band.compare_last_row();
        }
        band
    }

    /// Appends the words of the masks for the row that came last.
    fn compare_last_row(&mut self) {
        let start = self.pixels.len() - self.stride;
        let (before, row) = self.pixels.split_at(start);
        let above = &before[start.saturating_sub(self.stride)..];
        let (words, _) = row.as_chunks::<{ WORD as usize }>();
        let (words_above, _) = above.as_chunks();
        let mut left = row[0];
        for (index, word) in words.iter().enumerate() {
            let mut shifted = *word;
            shifted.copy_within(..word.len() - 1, 1);
            shifted[0] = left;
            left = word[word.len() - 1];
            self.unlike_left.push(unlike(word, &shifted));
            let above = words_above.get(index).unwrap_or(word);
            self.unlike_above.push(unlike(word, above));
        }
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// The pixels of an area, row after row.
    pub(super) fn rows(&self, area: Rect) -> impl Iterator<Item = &[u32]> {
        lines(area).map(move |y| self.row(area, y))
    }

    /// The pixels of an area in row `y` of the band.
    pub(super) fn row(&self, area: Rect, y: u16) -> &[u32] {
        let start = usize::from(y) * self.stride + usize::from(area.x);
        &self.pixels[start..start + usize::from(area.width)]
    }

    /// The colour of an area of one colour.
    pub(super) fn solid(&self, area: Rect) -> Option<u32> {
        let is_solid = self.solid_rows_at_top(area) == area.height;
        is_solid.then(|| self.row(area, area.y)[0])
    }

    /// How many rows of an area, from its top, are of one colour together.
    pub(super) fn solid_rows_at_top(&self, area: Rect) -> u16 {
        if !self.is_one_run(area, area.y) {
            return 0;
        }
        let like = lines(area)
            .skip(1)
            .take_while(|y| self.is_like_above(area, *y));
        1 + like.count() as u16
    }

    /// How many rows of an area, from its bottom, are of one colour together.
    pub(super) fn solid_rows_at_bottom(&self, area: Rect) -> u16 {
        if !self.is_one_run(area, area.y + area.height - 1) {
            return 0;
        }
        let like = lines(area)
            .skip(1)
            .rev()
            .take_while(|y| self.is_like_above(area, *y));
        1 + like.count() as u16
    }

    /// The columns of the band in which an area, which lies in one word, is of one
    /// colour.
    pub(super) fn plain_columns(&self, area: Rect) -> impl Iterator<Item = u16> {
        let rows = lines(area).skip(1).flat_map(|y| self.words(area, y));
        let varied = rows.fold(0, |varied, word| varied | word.unlike_above);
        // In its first row all pixels of an area are unlike the ones above.
        let all = self.words(area, area.y).take(1);
        let plain = all.flat_map(move |word| columns(area, word.x, word.unlike_above & !varied));
        plain.map(move |x| area.x + x as u16)
    }

    /// Whether row `y` of an area is of one colour.
    pub(super) fn is_one_run(&self, area: Rect, y: u16) -> bool {
        self.run_starts(area, y).nth(1).is_none()
    }

    /// Whether row `y` of an area, not its first, is as the one above.
    pub(super) fn is_like_above(&self, area: Rect, y: u16) -> bool {
        self.words(area, y).all(|word| word.unlike_above == 0)
    }

    /// The columns, counted from the area's, in which a run of one colour begins in row
    /// `y` of the band.
    pub(super) fn run_starts(&self, area: Rect, y: u16) -> impl Iterator<Item = usize> {
        let words = self.words(area, y);
        words.flat_map(move |word| columns(area, word.x, word.unlike_left))
    }

    /// The columns, counted from the area's, of the pixels in row `y` of the band that
    /// are neither as the one left of them nor as the one above, in the area.
    pub(super) fn new_pixels(&self, area: Rect, y: u16) -> impl Iterator<Item = usize> {
        let words = self.words(area, y);
        words.flat_map(move |word| columns(area, word.x, word.new_pixels()))
    }

    /// How many [new pixels](Self::new_pixels) an area has.
    pub(super) fn count_new(&self, area: Rect) -> u32 {
        let words = lines(area).flat_map(|y| self.words(area, y));
        words.map(|word| word.new_pixels().count_ones()).sum()
    }

    /// The words of the masks for the part of row `y` that lies in an area. Pixels
    /// differ from what lies outside.
    fn words(&self, area: Rect, y: u16) -> impl Iterator<Item = Word> {
        let row = usize::from(y) * (self.stride / usize::from(WORD));
        let words = area.x / WORD..=((area.right() - 1) / u32::from(WORD)) as u16;
        words.map(move |index| {
            let x = index * WORD;
            let at = row + usize::from(index);
            let before = u32::from(area.x.saturating_sub(x));
            let behind = (u32::from(x) + u32::from(WORD)).saturating_sub(area.right());
            let inside = (u64::MAX << before) & (u64::MAX >> behind);
            let edge = if x <= area.x { 1 << before } else { 0 };
            let above = if y == area.y {
                u64::MAX
            } else {
                self.unlike_above[at]
            };
            Word {
                x,
                unlike_left: (self.unlike_left[at] | edge) & inside,
                unlike_above: above & inside,
            }
        })
    }
}

/// 64 bits of the masks, as an area sees them.
struct Word {
    /// The column of the lowest bit.
    x: u16,
    unlike_left: u64,
    unlike_above: u64,
}

impl Word {
    fn new_pixels(&self) -> u64 {
        self.unlike_left & self.unlike_above
    }
}

/// The rows of an area.
fn lines(area: Rect) -> impl DoubleEndedIterator<Item = u16> + ExactSizeIterator {
    area.y..area.y + area.height
}

/// The columns, counted from the area's, of the bits that are set in a word for the
/// columns from `x`.
fn columns(area: Rect, x: u16, mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(usize::from(x) + bit - usize::from(area.x))
    })
}

/// The places where two words of pixels differ.
fn unlike(a: &[u32; 64], b: &[u32; 64]) -> u64 {
    if a == b {
        return 0;
    }
    let mut bytes = [0; 64];
    for x in 0..64 {
        bytes[x] = u8::from(a[x] != b[x]);
    }
    let (eights, _) = bytes.as_chunks();
    // The product has the lowest bits of the eight bytes in its highest byte.
    let bits = eights
        .iter()
        .map(|eight| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56);
    bits.rev().fold(0, |word, bits| word << 8 | bits)
}
