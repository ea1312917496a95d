//! The pixels of a piece of a picture, and which of them differ from their neighbours.

use crate::geometry::{Rect, Size};

/// The pixels in a word of a mask.
pub(super) const WORD: u16 = 64;

/// A pixel in memory: blue, green, red and a byte without meaning.
pub(super) type Pixel = [u8; 4];

/// Pixels, with two masks: words of 64 pixels of a row, the lowest bit for the leftmost.
/// All rectangles here count from the band's own corner.
pub(super) struct Band<'a> {
    size: Size,
    rows: Vec<&'a [Pixel]>,
    /// The words of a row.
    words: usize,
    /// Those that differ from the one left of them.
    unlike_left: Vec<u64>,
    /// Those that differ from the one above.
    unlike_above: Vec<u64>,
}

impl<'a> Band<'a> {
    /// A band of these rows, each of width × 4 bytes.
    pub(super) fn new(size: Size, rows: impl Iterator<Item = &'a [u8]>) -> Self {
        let rows = rows.take(size.height.into());
        let rows: Vec<_> = rows.map(|row| row.as_chunks().0).collect();
        let words = usize::from(size.width.div_ceil(WORD));
        let mut band = Self {
            size,
            words,
            unlike_left: Vec::with_capacity(words * rows.len()),
            unlike_above: Vec::with_capacity(words * rows.len()),
            rows: Vec::new(),
        };
        // Nothing is above the first row: it is compared with itself.
        let above = rows.iter().take(1).chain(&rows);
        for (row, above) in rows.iter().zip(above) {
            band.compare(row, above);
        }
        band.rows = rows;
        band
    }

    /// Appends the words of the masks for a row.
    fn compare(&mut self, row: &[Pixel], above: &[Pixel]) {
        let pixels = row.chunks(WORD.into()).zip(above.chunks(WORD.into()));
        for (start, (pixels, above)) in (0..).step_by(WORD.into()).zip(pixels) {
            let before = start.max(1) - 1;
            // Most of what is drawn goes on from the row above: then all but the first bit
            // is known.
            if pixels == above
                && let Some(at) = self.unlike_left.len().checked_sub(self.words)
            {
                let first = u64::from(colour(row[before]) != colour(pixels[0]));
                self.unlike_left.push(self.unlike_left[at] & !1 | first);
                self.unlike_above.push(0);
                continue;
            }
            let own = word(pixels);
            let left = match start {
                0 => word_behind(&own),
                _ => word(&row[before..before + pixels.len()]),
            };
            self.unlike_left.push(unlike(&own, &left));
            self.unlike_above.push(unlike(&own, &word(above)));
        }
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// The pixels of an area, row after row.
    pub(super) fn rows(&self, area: Rect) -> impl Iterator<Item = &[Pixel]> {
        lines(area).map(move |y| self.row(area, y))
    }

    /// The pixels of an area in row `y` of the band.
    pub(super) fn row(&self, area: Rect, y: u16) -> &[Pixel] {
        &self.rows[usize::from(y)][usize::from(area.x)..area.right() as usize]
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
        let row = usize::from(y) * self.words;
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

/// A pixel as a number, `0x00RRGGBB`.
pub(super) fn colour(pixel: Pixel) -> u32 {
    u32::from_le_bytes(pixel) & 0x00ff_ffff
}

/// Up to 64 pixels as numbers. Those that are missing are like the last one.
fn word(pixels: &[Pixel]) -> [u32; WORD as usize] {
    if let Ok(pixels) = <&[Pixel; WORD as usize]>::try_from(pixels) {
        return pixels.map(colour);
    }
    let mut word = [pixels.last().copied().map_or(0, colour); WORD as usize];
    for (to, pixel) in word.iter_mut().zip(pixels) {
        *to = colour(*pixel);
    }
    word
}

/// The pixels left of those of a row's first word. The first is like itself.
fn word_behind(word: &[u32; WORD as usize]) -> [u32; WORD as usize] {
    std::array::from_fn(|x| word[x.saturating_sub(1)])
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
    let bits = eights.iter().map(|eight| bits(*eight));
    bits.rev().fold(0, |word, bits| word << 8 | u64::from(bits))
}

/// Eight bytes, each 0 or 1, as bits: the lowest for the first.
pub(super) fn bits(bytes: [u8; 8]) -> u8 {
    // The product has all of them in its highest byte.
    (u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}
