//! TRLE (RFC 6143 §7.7.5): tiles of 16 × 16 pixels, each in the shortest of a few ways:
//! one colour, indices into a palette, runs of one colour, or raw. [ZRLE](super::zrle)
//! has the same tiles, but larger.
//!
//! No tile takes over the palette of the one before, as it may in TRLE alone: that
//! saves less than a hundredth of web pages and source text.

use std::ops::Range;
use std::slice;

use super::palette::Palette;
use super::source::Source;
use crate::frame::PIXEL;
use crate::pixel_format::CompactTranslator;

/// The side of a tile in pixels.
pub(crate) const SIDE: usize = 16;

/// The side of the largest tiles, those of ZRLE.
pub(crate) const LARGEST_SIDE: usize = 64;

/// The most pixels in a tile.
const AREA: usize = LARGEST_SIDE * LARGEST_SIDE;

// The subencodings. The number of colours is that of packed pixels, and is added for
// runs of the colours of a palette.
const RAW: u8 = 0;
const SOLID: u8 = 1;
const RUNS: u8 = 128;

/// The bit of a palette's index that says that the length of a run follows.
const LENGTH_FOLLOWS: u8 = 128;

/// Indices are written in pieces of this many bytes.
const SPLAT: usize = 16;

/// Appends the tiles of a rectangle, of up to `side` × `side` pixels.
pub(crate) fn encode(
    source: &Source<'_>,
    translator: &CompactTranslator,
    side: usize,
    out: &mut Vec<u8>,
) {
    let rows: Vec<&[u8]> = source.rows().collect();
    let mut tile = Tile::new();
    for rows in rows.chunks(side) {
        for left in (0..source.width()).step_by(side) {
            let right = source.width().min(left + side);
            tile.load(rows, left..right, translator);
            tile.put(translator, out);
        }
    }
}

/// A tile, and what is found out about it.
struct Tile {
    width: usize,
    height: usize,
    /// The pixels as numbers, row after row, behind one without meaning. Behind the last
    /// more like it follow, up to a multiple of 64.
    pixels: Box<[u32; 1 + AREA]>,
    /// The pixels that differ from the one before, and so begin a run: a bit for each,
    /// 64 to a word, the lowest first. Runs do not end with the row.
    beginnings: Vec<u64>,
    /// Where each run begins, and the end of the last.
    starts: Vec<u16>,
    /// The colours, if they are few enough; otherwise none.
    palette: Palette,
    /// The place of each run's colour in the palette.
    indices: Vec<u8>,
    /// The same for each pixel, with some room behind the last.
    unpacked: Box<[u8; AREA + SPLAT]>,
}

#[derive(Clone, Copy)]
enum Subencoding {
    Raw,
    /// As indices into the palette, so many to a byte.
    Packed(usize),
    Runs,
    PaletteRuns,
}

impl Tile {
    fn new() -> Self {
        Self {
            width: 0,
            height: 0,
            pixels: Box::new([0; 1 + AREA]),
            beginnings: Vec::with_capacity(AREA / 64),
            starts: Vec::with_capacity(AREA + 1),
            palette: Palette::new(),
            indices: Vec::with_capacity(AREA),
            unpacked: Box::new([0; AREA + SPLAT]),
        }
    }

    fn area(&self) -> usize {
        self.width * self.height
    }

    fn pixels(&self) -> &[u32] {
        &self.pixels[1..=self.area()]
    }

    /// Takes the pixels in some columns of the rows, and finds out where runs begin.
    fn load(&mut self, rows: &[&[u8]], columns: Range<usize>, translator: &CompactTranslator) {
        self.width = columns.len();
        self.height = rows.len();
        let lines = self.pixels[1..].chunks_exact_mut(self.width);
        for (row, line) in rows.iter().zip(lines) {
            translator.translate(&row[columns.start * PIXEL..columns.end * PIXEL], line);
        }
        let area = self.area();
        let last = self.pixels[area];
        self.pixels[1 + area..=area.next_multiple_of(64)].fill(last);

        let (before, _) = self.pixels.as_chunks();
        let (pixels, _) = self.pixels[1..].as_chunks();
        let words = before.iter().zip(pixels).take(area.div_ceil(64));
        self.beginnings.clear();
        self.beginnings
            .extend(words.map(|(before, pixels)| differing(before, pixels)));
        self.beginnings[0] |= 1;
    }

    /// Appends the tile.
    fn put(&mut self, translator: &CompactTranslator, out: &mut Vec<u8>) {
        if self.count_runs() == 1 {
            out.push(SOLID);
            translator.put(self.pixels[1], out);
            return;
        }
        let subencoding = self.shortest(translator.bytes_per_pixel());
        let colours = self.palette.colours();
        match subencoding {
            Subencoding::Raw => {
                out.push(RAW);
                translator.put_row(self.pixels(), out);
            }
            Subencoding::Packed(per_byte) => {
                out.push(colours.len() as u8);
                translator.put_row(colours, out);
                self.put_packed(per_byte, out);
            }
            Subencoding::Runs => {
                out.push(RUNS);
                for run in runs(&self.starts) {
                    translator.put(self.pixels()[run.start], out);
                    put_length(run.len(), out);
                }
            }
            Subencoding::PaletteRuns => {
                out.push(RUNS + colours.len() as u8);
                translator.put_row(colours, out);
                self.put_palette_runs(out);
            }
        }
    }

    /// In which subencoding the tile, of more than one colour, takes the fewest bytes if
    /// each pixel takes `pixel`. The runs are found on the way, and the palette.
    fn shortest(&mut self, pixel: usize) -> Subencoding {
        let raw = self.area() * pixel;
        if !self.find_palette() {
            if self.count_runs() * (pixel + 1) >= raw {
                return Subencoding::Raw;
            }
            self.find_starts();
        }
        let (mut singles, mut lengths) = (0, 0);
        for run in runs(&self.starts) {
            singles += usize::from(run.len() == 1);
            lengths += length_bytes(run.len());
        }
        let count = self.starts.len() - 1;
        let colours = self.palette.colours().len();
        let per_byte = match colours {
            2 => Some(8),
            3..=4 => Some(4),
            5..=16 => Some(2),
            _ => None,
        };
        let packed = per_byte.map(|per_byte| {
            let row = self.width.div_ceil(per_byte);
            let bytes = colours * pixel + self.height * row;
            (bytes, Subencoding::Packed(per_byte))
        });
        let palette_runs = (colours > 0).then(|| {
            let bytes = colours * pixel + count + lengths - singles;
            (bytes, Subencoding::PaletteRuns)
        });
        let runs = (count * pixel + lengths, Subencoding::Runs);
        [packed, palette_runs, Some(runs)]
            .into_iter()
            .flatten()
            .min_by_key(|(bytes, _)| *bytes)
            .filter(|(bytes, _)| *bytes < raw)
            .map_or(Subencoding::Raw, |(_, subencoding)| subencoding)
    }

    fn count_runs(&self) -> usize {
        let counts = self.beginnings.iter().map(|word| word.count_ones());
        counts.sum::<u32>() as usize
    }

    /// Finds the runs and their colours. Where there are too many colours it stops,
    /// leaves the palette empty and returns false.
    fn find_palette(&mut self) -> bool {
        self.starts.clear();
        self.indices.clear();
        self.palette.clear();
        for start in Bits::of(&self.beginnings) {
            let colour = self.pixels[1 + usize::from(start)];
            let Some(index) = self.palette.index(colour) else {
                self.palette.clear();
                return false;
            };
            self.starts.push(start);
            self.indices.push(index);
        }
        self.starts.push(self.area() as u16);
        true
    }

    /// Finds the runs alone.
    fn find_starts(&mut self) {
        self.starts.clear();
        self.starts.extend(Bits::of(&self.beginnings));
        self.starts.push(self.area() as u16);
    }

    /// Appends the runs, with the places of their colours.
    fn put_palette_runs(&self, out: &mut Vec<u8>) {
        for (run, index) in runs(&self.starts).zip(&self.indices) {
            if run.len() == 1 {
                out.push(*index);
            } else {
                out.push(LENGTH_FOLLOWS | index);
                put_length(run.len(), out);
            }
        }
    }

    /// Appends the places of the pixels' colours, so many to a byte. A row ends with a
    /// byte.
    fn put_packed(&mut self, per_byte: usize, out: &mut Vec<u8>) {
        for (run, index) in runs(&self.starts).zip(&self.indices) {
            // What is too much is overwritten by the next run.
            for at in run.step_by(SPLAT) {
                self.unpacked[at..at + SPLAT].fill(*index);
            }
        }
        for row in self.unpacked[..self.area()].chunks_exact(self.width) {
            let mut padded = [0; LARGEST_SIDE];
            padded[..row.len()].copy_from_slice(row);
            match per_byte {
                8 => pack::<8>(&padded, row.len(), out),
                4 => pack::<4>(&padded, row.len(), out),
                _ => pack::<2>(&padded, row.len(), out),
            }
        }
    }
}

/// The pixels of each run.
fn runs(starts: &[u16]) -> impl Iterator<Item = Range<usize>> {
    let ends = starts.iter().skip(1);
    let runs = starts.iter().zip(ends);
    runs.map(|(start, end)| usize::from(*start)..usize::from(*end))
}

/// How many bytes the length of a run takes.
fn length_bytes(length: usize) -> usize {
    1 + (length - 1) / 255
}

/// Appends the length of a run: bytes with the sum of one less, of which only the last
/// is not 255.
fn put_length(length: usize, out: &mut Vec<u8>) {
    for _ in 1..length_bytes(length) {
        out.push(255);
    }
    out.push(((length - 1) % 255) as u8);
}

/// Appends the first `width` indices of a row, so many to a byte, the first in its
/// highest bits.
fn pack<const PER_BYTE: usize>(row: &[u8; LARGEST_SIDE], width: usize, out: &mut Vec<u8>) {
    let (groups, _) = row.as_chunks::<PER_BYTE>();
    let bytes = groups.iter().map(|group| {
        let indices = group.iter();
        indices.fold(0, |byte, index| byte << (8 / PER_BYTE) | index)
    });
    out.extend(bytes.take(width.div_ceil(PER_BYTE)));
}

/// The places where two rows of pixels differ, as bits, the lowest first.
fn differing(a: &[u32; 64], b: &[u32; 64]) -> u64 {
    let mut bytes = [0; 64];
    for (byte, (a, b)) in bytes.iter_mut().zip(a.iter().zip(b)) {
        *byte = u8::from(a != b);
    }
    let (groups, _) = bytes.as_chunks();
    groups.iter().rev().fold(0, |word, group| {
        // The product has the lowest bits of all eight bytes in its highest byte.
        let bits = u64::from_le_bytes(*group).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word << 8 | bits
    })
}

/// The places of the bits that are set in words, 64 in each, the lowest first.
struct Bits<'a> {
    words: slice::Iter<'a, u64>,
    word: u64,
    /// The place of the next word's first bit.
    next: u16,
}

impl<'a> Bits<'a> {
    fn of(words: &'a [u64]) -> Self {
        Self {
            words: words.iter(),
            word: 0,
            next: 0,
        }
    }
}

impl Iterator for Bits<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        while self.word == 0 {
            self.word = *self.words.next()?;
            self.next += 64;
        }
        let place = self.next - 64 + self.word.trailing_zeros() as u16;
        self.word &= self.word - 1;
        Some(place)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::encoding::testing::{RGB565, frame, noise, random_picture, random_rectangles};
    use crate::encoding::{self, Encoding};
    use crate::frame::Frame;
    use crate::geometry::{Rect, Size, random::Random};
    use crate::pixel_format::PixelFormat;

    /// The bytes of a pixel.
    type Pixel = Vec<u8>;

    /// Reads tiles as the specification says a viewer has to, and is strict about what
    /// would be of no use.
    struct Decoder<'a> {
        bytes: &'a [u8],
        /// The bytes of a CPIXEL.
        pixel: usize,
    }

    impl Decoder<'_> {
        fn take(&mut self, length: usize) -> Pixel {
            let (taken, rest) = self.bytes.split_at(length);
            self.bytes = rest;
            taken.to_vec()
        }

        fn byte(&mut self) -> usize {
            self.take(1)[0].into()
        }

        fn pixels(&mut self, count: usize) -> Vec<Pixel> {
            (0..count).map(|_| self.take(self.pixel)).collect()
        }

        fn palette(&mut self, colours: usize) -> Vec<Pixel> {
            let palette = self.pixels(colours);
            assert_eq!(count_colours(&palette), colours);
            palette
        }

        /// The length of a run.
        fn length(&mut self) -> usize {
            let mut length = 1;
            loop {
                let byte = self.byte();
                length += byte;
                if byte < 255 {
                    return length;
                }
            }
        }

        /// The indices of a row, and padding of zeros.
        fn packed(&mut self, width: usize, colours: usize) -> Vec<usize> {
            let bits = match colours {
                2 => 1,
                3 | 4 => 2,
                _ => 4,
            };
            let mut indices = Vec::new();
            for byte in self.take((width * bits).div_ceil(8)) {
                let shifts = (0..8).step_by(bits).rev();
                indices.extend(shifts.map(|shift| usize::from(byte >> shift) % (1 << bits)));
            }
            assert!(indices.split_off(width).iter().all(|index| *index == 0));
            indices
        }

        /// The pixels of a tile, row after row, and its subencoding.
        fn tile(&mut self, width: usize, height: usize) -> (Vec<Pixel>, u8) {
            let subencoding = self.take(1)[0];
            let colours = usize::from(subencoding % 128);
            let area = width * height;
            let mut pixels = Vec::new();
            match subencoding {
                0 => pixels = self.pixels(area),
                1 => pixels = vec![self.take(self.pixel); area],
                2..=16 => {
                    let palette = self.palette(colours);
                    for _ in 0..height {
                        let row = self.packed(width, colours).into_iter();
                        pixels.extend(row.map(|index| palette[index].clone()));
                    }
                }
                128 => {
                    while pixels.len() < area {
                        let pixel = self.take(self.pixel);
                        pixels.extend(vec![pixel; self.length()]);
                    }
                }
                130.. => {
                    let palette = self.palette(colours);
                    while pixels.len() < area {
                        let index = self.byte();
                        let length = if index < 128 { 1 } else { self.length() };
                        pixels.extend(vec![palette[index % 128].clone(); length]);
                    }
                }
                _ => panic!("subencoding {subencoding}"),
            }
            assert_eq!(pixels.len(), area);
            (pixels, subencoding)
        }
    }

    fn count_colours(pixels: &[Pixel]) -> usize {
        pixels.iter().collect::<HashSet<_>>().len()
    }

    /// The fewest bytes that a tile can take.
    fn shortest(pixels: &[Pixel], width: usize) -> usize {
        let (pixel, height) = (pixels[0].len(), pixels.len() / width);
        let colours = count_colours(pixels);
        if colours == 1 {
            return 1 + pixel;
        }
        let mut sizes = vec![pixels.len() * pixel];
        let runs = || pixels.chunk_by(|a, b| a == b).map(|run| run.len());
        let lengths = runs().map(|run| 1 + (run - 1) / 255);
        sizes.push(lengths.map(|length| pixel + length).sum());
        if colours <= 127 {
            let runs = runs().map(|run| if run == 1 { 1 } else { 2 + (run - 1) / 255 });
            sizes.push(colours * pixel + runs.sum::<usize>());
        }
        if colours <= 16 {
            let bits = colours.next_power_of_two().ilog2().next_power_of_two() as usize;
            sizes.push(colours * pixel + height * (width * bits).div_ceil(8));
        }
        1 + sizes.into_iter().min().unwrap()
    }

    /// The CPIXEL of a pixel, as the specification describes it.
    fn cpixel(format: &PixelFormat, pixel: &[u8]) -> Pixel {
        let format = format.write();
        let used: u32 = [(4, 10), (6, 11), (8, 12)]
            .iter()
            .map(|(at, shift)| {
                u32::from(u16::from_be_bytes([format[*at], format[at + 1]])) << format[*shift]
            })
            .sum();
        let [bits, depth, big_endian, true_colour, ..] = format;
        let mut bytes = pixel.to_vec();
        if bits != 32 || depth > 24 || true_colour == 0 {
            return bytes;
        }
        if big_endian == 0 {
            bytes.reverse();
        }
        if used < 1 << 24 {
            bytes.remove(0);
        } else if used.trailing_zeros() >= 8 {
            bytes.pop();
        }
        if big_endian == 0 {
            bytes.reverse();
        }
        bytes
    }

    /// Checks that tiles show what is in a rectangle, and that each is as short as it
    /// can be. Returns their subencodings.
    pub(crate) fn check_tiles(
        tiles: &[u8],
        side: usize,
        frame: &Frame,
        rect: Rect,
        format: &PixelFormat,
    ) -> Vec<u8> {
        let raw = encoding::encode(Encoding::RAW.into(), frame, rect, format, None);
        let pixels = raw.bytes()[12..].chunks(format.bytes_per_pixel());
        let pixels: Vec<Pixel> = pixels.map(|pixel| cpixel(format, pixel)).collect();
        let mut decoder = Decoder {
            bytes: tiles,
            pixel: pixels.first().map_or(0, Vec::len),
        };
        let (width, height) = (usize::from(rect.width), usize::from(rect.height));
        let mut subencodings = Vec::new();
        for top in (0..height).step_by(side) {
            for left in (0..width).step_by(side) {
                let (width_of_tile, height) = (side.min(width - left), side.min(height - top));
                let before = decoder.bytes.len();
                let (tile, subencoding) = decoder.tile(width_of_tile, height);
                let expected = (top..top + height).flat_map(|y| {
                    let row = &pixels[y * width..][..width];
                    &row[left..left + width_of_tile]
                });
                assert!(tile.iter().eq(expected), "{rect:?} {format:?}");
                let length = before - decoder.bytes.len();
                assert_eq!(length, shortest(&tile, width_of_tile), "{subencoding}");
                subencodings.push(subencoding);
            }
        }
        assert!(decoder.bytes.is_empty(), "bytes left over");
        subencodings
    }

    /// Encodes a rectangle and checks the result. Returns the body and the subencodings.
    fn check(frame: &Frame, rect: Rect, format: &PixelFormat) -> (Vec<u8>, Vec<u8>) {
        let trle = encoding::encode(Encoding::TRLE.into(), frame, rect, format, None);
        let (header, body) = trle.bytes().split_at(12);
        assert_eq!(header[11], 15);
        let subencodings = check_tiles(body, SIDE, frame, rect, format);
        (body.to_vec(), subencodings)
    }

    /// Formats with all kinds of CPIXELs.
    pub(crate) fn formats() -> Vec<PixelFormat> {
        let of_32_bits = |depth, big_endian, shifts: [u8; 3]| {
            let [red, green, blue] = shifts;
            [
                32, depth, big_endian, 1, 0, 255, 0, 255, 0, 255, red, green, blue, 0, 0, 0,
            ]
        };
        let mut formats = vec![PixelFormat::BGR233, PixelFormat::COLOUR_MAP];
        for bytes in [
            RGB565,
            of_32_bits(24, 0, [16, 8, 0]),
            of_32_bits(24, 1, [16, 8, 0]),
            of_32_bits(24, 0, [8, 16, 24]),
            of_32_bits(24, 1, [8, 16, 24]),
            of_32_bits(24, 0, [0, 8, 24]),
            of_32_bits(32, 0, [0, 8, 16]),
        ] {
            formats.push(PixelFormat::parse(bytes).unwrap());
        }
        formats
    }

    #[test]
    fn random_pictures_come_back() {
        let mut random = Random(21);
        for round in 0..45 {
            let size = Size::new(1 + random.below(60), 1 + random.below(40));
            let picture = random_picture(&mut random, size, round);
            for format in formats() {
                check(&picture, size.rect(), &format);
                check(&picture, random.rect(size, 40), &format);
            }
        }
    }

    #[test]
    fn random_rectangles_come_back() {
        let mut random = Random(22);
        for _ in 0..60 {
            let size = Size::new(1 + random.below(60), 1 + random.below(60));
            let picture = random_rectangles(&mut random, size);
            check(&picture, size.rect(), &PixelFormat::BGRX);
        }
    }

    /// The body of a picture of these colours, row after row.
    fn body(size: Size, colours: &[u8]) -> Vec<u8> {
        let width = usize::from(size.width);
        let picture = frame(size, |x, y| {
            let colour = colours[usize::from(y) * width + usize::from(x)];
            [colour, colour + 1, colour + 2]
        });
        check(&picture, size.rect(), &PixelFormat::BGRX).0
    }

    // In these the colour n is the CPIXEL n, n + 1, n + 2. The bytes were worked out by
    // hand from the specification.

    #[test]
    fn one_colour() {
        assert_eq!(body(Size::new(3, 2), &[5; 6]), [1, 5, 6, 7]);
    }

    #[test]
    fn raw_pixels() {
        // 9 bytes; as runs 12.
        let expected = [0, 10, 11, 12, 20, 21, 22, 30, 31, 32];
        assert_eq!(body(Size::new(3, 1), &[10, 20, 30]), expected);
    }

    #[test]
    fn packed_pixels() {
        // Rows of one bit for each pixel, 01 and 10, and six of padding.
        let expected = [2, 10, 11, 12, 20, 21, 22, 0b0100_0000, 0b1000_0000];
        assert_eq!(body(Size::new(2, 2), &[10, 20, 20, 10]), expected);
        // Of two bits: 0 1 2 0 and 0, and 2 2 1 0 and 2.
        let colours = [10, 20, 30, 10, 10, 30, 30, 20, 10, 30];
        let palette = [3, 10, 11, 12, 20, 21, 22, 30, 31, 32];
        let rows = [0b0001_1000, 0, 0b1010_0100, 0b1000_0000];
        assert_eq!(
            body(Size::new(5, 2), &colours),
            [&palette[..], &rows].concat()
        );
        // Of four bits: 0 to 4 and 0 to 2, then 0 all the way but for the last.
        let colours = [0, 10, 20, 30, 40, 0, 10, 20].into_iter().chain([0; 7]);
        let colours: Vec<u8> = colours.chain([10]).collect();
        let palette = [5, 0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42];
        let rows = [0x01, 0x23, 0x40, 0x12, 0, 0, 0, 0x01];
        assert_eq!(
            body(Size::new(8, 2), &colours),
            [&palette[..], &rows].concat()
        );
    }

    #[test]
    fn runs_of_one_colour() {
        // One pixel, and 255: 1 + 254.
        let colours = [&[10][..], &[20; 255]].concat();
        let expected = [128, 10, 11, 12, 0, 20, 21, 22, 254];
        assert_eq!(body(Size::new(16, 16), &colours), expected);
    }

    #[test]
    fn runs_of_the_colours_of_a_palette() {
        // 100, 1, 100, 1 and 54 pixels.
        let colours = [&[10; 100][..], &[20], &[10; 100], &[20], &[10; 54]].concat();
        let expected = [130, 10, 11, 12, 20, 21, 22, 128, 99, 1, 128, 99, 1, 128, 53];
        assert_eq!(body(Size::new(16, 16), &colours), expected);
    }

    #[test]
    fn tiles_go_from_left_to_right_and_then_down() {
        let picture = frame(Size::new(33, 17), |x, y| [(x / 16 + y / 16 * 3) as u8; 3]);
        let rect = Rect::new(0, 0, 33, 17);
        let (body, _) = check(&picture, rect, &PixelFormat::BGRX);
        let tiles: Vec<[u8; 4]> = (0..6).map(|colour| [1, colour, colour, colour]).collect();
        assert_eq!(body, tiles.as_flattened());
    }

    #[test]
    fn noise_is_raw() {
        let picture = noise(Size::new(40, 40));
        let (_, subencodings) = check(&picture, Rect::new(0, 0, 40, 40), &PixelFormat::BGRX);
        assert_eq!(subencodings, [0; 9]);
    }

    #[test]
    fn the_fourth_byte_has_no_meaning() {
        let pixels: Vec<u8> = (0..=255).flat_map(|noise| [1, 2, 3, noise]).collect();
        let picture = Frame::from_pixels(Size::new(16, 16), &pixels);
        let rect = Rect::new(0, 0, 16, 16);
        for format in formats() {
            let (_, subencodings) = check(&picture, rect, &format);
            assert_eq!(subencodings, [1]);
        }
    }

    #[test]
    fn nothing_comes_of_an_empty_rectangle() {
        let picture = Frame::solid(Size::new(8, 8), [0; 4]);
        for (width, height) in [(0, 0), (0, 5), (5, 0)] {
            let rect = Rect::new(1, 1, width, height);
            let (body, _) = check(&picture, rect, &PixelFormat::BGRX);
            assert!(body.is_empty());
        }
    }
}
