//! Hextile (RFC 6143 §7.7.4): tiles of 16 × 16 pixels, each a background and the
//! rectangles on it, or raw.

use super::source::Source;
use crate::pixel_format::Translator;

/// The side of a tile in pixels.
const SIDE: usize = 16;

const RAW: u8 = 1;
const BACKGROUND_SPECIFIED: u8 = 2;
const FOREGROUND_SPECIFIED: u8 = 4;
const ANY_SUBRECTS: u8 = 8;
const SUBRECTS_COLOURED: u8 = 16;

/// Appends the body of a rectangle.
pub(crate) fn encode(source: &Source<'_>, translator: &Translator, out: &mut Vec<u8>) {
    let width = source.width();
    let rows: Vec<&[u8]> = source.rows().collect();
    let mut strip = vec![0; width * SIDE];
    let mut tile = Tile::default();
    let mut encoder = Encoder {
        translator,
        out,
        background: None,
        foreground: None,
    };
    for rows in rows.chunks(SIDE) {
        for (row, pixels) in rows.iter().zip(strip.chunks_exact_mut(width.max(1))) {
            translator.translate(row, pixels);
        }
        for left in (0..width).step_by(SIDE) {
            let right = width.min(left + SIDE);
            let pixels = strip.chunks_exact(width).take(rows.len());
            let pixels = pixels.map(|row| &row[left..right]);
            let first = strip[left];
            if pixels.clone().all(|row| is_solid(row, first)) {
                encoder.head(0, first, None);
                continue;
            }
            tile.load(pixels);
            if !encoder.subrects(&tile) {
                encoder.raw(&tile);
            }
        }
    }
}

/// Appends tiles, and knows what a tile may take over from the one before.
struct Encoder<'a> {
    translator: &'a Translator,
    out: &'a mut Vec<u8>,
    background: Option<u32>,
    foreground: Option<u32>,
}

impl Encoder<'_> {
    /// Appends a tile of several colours as subrectangles. Where these would take
    /// as many bytes as the pixels it appends nothing and returns false.
    fn subrects(&mut self, tile: &Tile) -> bool {
        let most = tile.width * tile.height * self.translator.bytes_per_pixel();
        let coloured = 2 + self.translator.bytes_per_pixel();
        let Some(colours) = tile.colours(most / coloured) else {
            return false;
        };
        let start = self.out.len();
        self.head(ANY_SUBRECTS, colours.background, colours.foreground);
        let at = self.out.len();
        self.out.push(0);
        // At most 170 subrectangles (of 6 bytes, in 1,024) fit, so that their number
        // fits into its byte.
        let mut count = 0;
        let mut todo = tile.other_than(colours.background);
        for y in 0..tile.height {
            while todo[y] != 0 {
                let x = todo[y].trailing_zeros() as usize;
                let (width, height) = tile.take_subrect(&mut todo, x, y);
                if colours.foreground.is_none() {
                    self.translator.put(tile.pixels[y][x], self.out);
                }
                let place = (x << 4 | y) as u8;
                let size = ((width - 1) << 4 | (height - 1)) as u8;
                self.out.extend_from_slice(&[place, size]);
                if self.out.len() > start + most {
                    self.out.truncate(start);
                    return false;
                }
                count += 1;
            }
        }
        self.out[at] = count;
        true
    }

    /// Appends what stands before the subrectangles. Without a foreground each of
    /// these, if there is any, has its own colour.
    fn head(&mut self, subrects: u8, background: u32, foreground: Option<u32>) {
        let mut mask = subrects;
        let at = self.out.len();
        self.out.push(0);
        if self.background != Some(background) {
            self.background = Some(background);
            mask |= BACKGROUND_SPECIFIED;
            self.translator.put(background, self.out);
        }
        match foreground {
            Some(colour) if self.foreground != foreground => {
                self.foreground = foreground;
                mask |= FOREGROUND_SPECIFIED;
                self.translator.put(colour, self.out);
            }
            None if subrects != 0 => {
                self.foreground = None;
                mask |= SUBRECTS_COLOURED;
            }
            _ => {}
        }
        self.out[at] = mask;
    }

    fn raw(&mut self, tile: &Tile) {
        self.out.push(RAW);
        for row in &tile.pixels[..tile.height] {
            self.translator.put_row(&row[..tile.width], self.out);
        }
        self.background = None;
        self.foreground = None;
    }
}

/// The pixels of a tile, and which of them equal their neighbours: a bit for each
/// column, the lowest for the leftmost. What lies outside of the width and height
/// has no meaning.
#[derive(Default)]
struct Tile {
    width: usize,
    height: usize,
    pixels: [[u32; SIDE]; SIDE],
    like_left: [u16; SIDE],
    like_above: [u16; SIDE],
}

/// The colours to encode a tile with. `foreground` is the other colour if there are
/// just two.
struct Colours {
    background: u32,
    foreground: Option<u32>,
}

impl Tile {
    fn load<'p>(&mut self, rows: impl Iterator<Item = &'p [u32]>) {
        self.height = 0;
        for (to, from) in self.pixels.iter_mut().zip(rows) {
            self.width = from.len();
            self.height += 1;
            to[..from.len()].copy_from_slice(from);
        }
        let columns = self.columns();
        let mut above = None;
        for (y, row) in self.pixels[..self.height].iter().enumerate() {
            let mut shifted = [0; SIDE];
            shifted[1..].copy_from_slice(&row[..SIDE - 1]);
            self.like_left[y] = equal(row, &shifted) & columns & !1;
            self.like_above[y] = above.map_or(0, |above| equal(row, above)) & columns;
            above = Some(row);
        }
    }

    /// The bits of the columns that the tile has.
    fn columns(&self) -> u16 {
        u16::MAX >> (SIDE - self.width)
    }

    /// The pixels of another colour.
    fn other_than(&self, colour: u32) -> [u16; SIDE] {
        let mut others = [0; SIDE];
        for (bits, row) in others.iter_mut().zip(&self.pixels[..self.height]) {
            *bits = !equal(row, &[colour; SIDE]) & self.columns();
        }
        others
    }

    /// The pixels that differ from the left and from above. Each begins a
    /// subrectangle, if it is not of the background.
    fn corners(&self) -> impl Iterator<Item = u16> {
        let alike = self.like_left.iter().zip(&self.like_above);
        alike
            .map(|(left, above)| !(left | above) & self.columns())
            .take(self.height)
    }

    /// Finds the colours. Gives up if it is likely that more than `limit`
    /// subrectangles are needed.
    fn colours(&self, limit: usize) -> Option<Colours> {
        /// How many colours are considered as the background.
        const MOST: usize = 8;
        let corners: u32 = self.corners().map(u16::count_ones).sum();
        let few = if corners as usize > limit { 2 } else { MOST };
        let mut colours = [0; MOST];
        let mut counts = [0; MOST];
        let mut known = 0;
        for (y, mut corners) in self.corners().enumerate() {
            while corners != 0 {
                let x = corners.trailing_zeros();
                corners &= corners - 1;
                let colour = self.pixels[y][x as usize];
                let at = match colours[..known].iter().position(|known| *known == colour) {
                    Some(at) => at,
                    None if known < few => {
                        colours[known] = colour;
                        known += 1;
                        known - 1
                    }
                    None if few < MOST => return None,
                    None => continue,
                };
                counts[at] += 1 + (u32::from(self.like_left[y]) >> x >> 1).trailing_ones();
            }
        }
        let most = (0..known).max_by_key(|at| counts[*at])?;
        Some(Colours {
            background: colours[most],
            foreground: (known == 2).then_some(colours[1 - most.min(1)]),
        })
    }

    /// Takes the subrectangle that begins at a pixel out of those still to do: as
    /// wide as the colour goes on, then as high. Returns its width and height.
    fn take_subrect(&self, todo: &mut [u16; SIDE], x: usize, y: usize) -> (usize, usize) {
        let like = (u32::from(self.like_left[y] & todo[y]) >> x >> 1).trailing_ones();
        let width = 1 + like as usize;
        let span = u16::MAX >> (SIDE - width) << x;
        todo[y] &= !span;
        let mut height = 1;
        let below = todo[y + 1..].iter_mut().zip(&self.like_above[y + 1..]);
        for (bits, like_above) in below {
            if *bits & like_above & span != span {
                break;
            }
            *bits &= !span;
            height += 1;
        }
        (width, height)
    }
}

/// Whether all pixels are of a colour. It looks at all in any case, which is faster
/// than to stop at the first that is not.
fn is_solid(row: &[u32], colour: u32) -> bool {
    row.iter().fold(0, |other, pixel| other | (pixel ^ colour)) == 0
}

/// The places where two rows are equal.
fn equal(a: &[u32; SIDE], b: &[u32; SIDE]) -> u16 {
    let mut bits = [0_u8; SIDE];
    for x in 0..SIDE {
        bits[x] = if a[x] == b[x] { 1 << (x % 8) } else { 0 };
    }
    // Each byte has another bit, so the sum of all, which the product has in its
    // highest byte, has them all.
    let [low, high] = [&bits[..8], &bits[8..]].map(|half| {
        let half = half
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
        (half.wrapping_mul(0x0101_0101_0101_0101) >> 56) as u16
    });
    high << 8 | low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{for_random_pictures, frame};
    use crate::encoding::{self, Encoding};
    use crate::frame::Frame;
    use crate::geometry::{Rect, Size, random::Random};
    use crate::pixel_format::PixelFormat;

    /// Reads the body of a rectangle as the specification says a viewer has to, and
    /// is strict about what may be carried over.
    struct Decoder<'a> {
        bytes: &'a [u8],
        pixel: usize,
        background: Option<Vec<u8>>,
        foreground: Option<Vec<u8>>,
        /// The subencoding of each tile.
        masks: Vec<u8>,
    }

    impl Decoder<'_> {
        fn take(&mut self, length: usize) -> Vec<u8> {
            let (taken, rest) = self.bytes.split_at(length);
            self.bytes = rest;
            taken.to_vec()
        }

        fn byte(&mut self) -> usize {
            self.take(1)[0].into()
        }

        /// The pixels of a tile, row after row.
        fn tile(&mut self, width: usize, height: usize) -> Vec<Vec<u8>> {
            let mask = self.take(1)[0];
            self.masks.push(mask);
            if mask & RAW != 0 {
                self.background = None;
                self.foreground = None;
                return (0..width * height).map(|_| self.take(self.pixel)).collect();
            }
            if mask & BACKGROUND_SPECIFIED != 0 {
                self.background = Some(self.take(self.pixel));
            }
            if mask & FOREGROUND_SPECIFIED != 0 {
                assert_eq!(mask & SUBRECTS_COLOURED, 0);
                self.foreground = Some(self.take(self.pixel));
            }
            let background = self
                .background
                .clone()
                .expect("no background to carry over");
            let mut pixels = vec![background; width * height];
            if mask & ANY_SUBRECTS != 0 {
                let count = self.byte();
                assert!(count > 0);
                for _ in 0..count {
                    let colour = match mask & SUBRECTS_COLOURED {
                        0 => self
                            .foreground
                            .clone()
                            .expect("no foreground to carry over"),
                        _ => self.take(self.pixel),
                    };
                    let (place, size) = (self.byte(), self.byte());
                    let (x, y) = (place >> 4, place & 15);
                    for row in y..=y + (size & 15) {
                        for column in x..=x + (size >> 4) {
                            assert!(column < width, "wider than the tile");
                            pixels[row * width + column] = colour.clone();
                        }
                    }
                }
            }
            if mask & SUBRECTS_COLOURED != 0 {
                self.foreground = None;
            }
            pixels
        }
    }

    /// The pixels of a rectangle and the subencodings of its tiles.
    fn decode(body: &[u8], size: Size, pixel: usize) -> (Vec<u8>, Vec<u8>) {
        let (width, height) = (usize::from(size.width), usize::from(size.height));
        let mut pixels = vec![Vec::new(); width * height];
        let mut decoder = Decoder {
            bytes: body,
            pixel,
            background: None,
            foreground: None,
            masks: Vec::new(),
        };
        for top in (0..height).step_by(16) {
            for left in (0..width).step_by(16) {
                let tile_width = 16.min(width - left);
                let tile = decoder.tile(tile_width, 16.min(height - top));
                for (index, pixel) in tile.into_iter().enumerate() {
                    let (x, y) = (index % tile_width, index / tile_width);
                    pixels[(top + y) * width + left + x] = pixel;
                }
            }
        }
        assert!(decoder.bytes.is_empty(), "bytes left over");
        (pixels.concat(), decoder.masks)
    }

    /// Encodes a rectangle, checks the result, and gives its length and the
    /// subencodings of its tiles.
    fn check(frame: &Frame, rect: Rect, format: &PixelFormat) -> (usize, Vec<u8>) {
        let made =
            |encoding: Encoding| encoding::encode(encoding.into(), frame, rect, format, None);
        let hextile = made(Encoding::HEXTILE);
        let raw = made(Encoding::RAW);
        let pixel = format.bytes_per_pixel();
        let (pixels, masks) = decode(&hextile.bytes()[12..], rect.size(), pixel);
        assert_eq!(pixels, raw.bytes()[12..], "{rect:?} {format:?}");
        let length = hextile.bytes().len();
        assert!(length <= raw.bytes().len() + masks.len());
        assert_eq!(hextile.bytes()[..11], raw.bytes()[..11]);
        assert_eq!(hextile.bytes()[11], 5);
        (length, masks)
    }

    #[test]
    fn random_pictures_come_back() {
        for_random_pictures(11, |picture, rect, format| {
            check(picture, rect, format);
        });
    }

    #[test]
    fn colours_are_carried_over_where_they_may_be() {
        // Six tiles: solid, the same, two colours, the same two, noise, solid.
        let mut random = Random(3);
        let picture = frame(Size::new(96, 16), |x, y| match (x / 16, x % 16, y) {
            (0 | 1 | 5, ..) => [9, 9, 9],
            (2 | 3, 4, 2..9) => [200, 0, 0],
            (2 | 3, ..) => [9, 9, 9],
            _ => {
                let [blue, green, red, ..] = random.next().to_le_bytes();
                [blue, green, red]
            }
        });
        let rect = Rect::new(0, 0, 96, 16);
        let (length, masks) = check(&picture, rect, &PixelFormat::BGRX);
        assert_eq!(
            masks,
            [
                BACKGROUND_SPECIFIED,
                0,
                FOREGROUND_SPECIFIED | ANY_SUBRECTS,
                ANY_SUBRECTS,
                RAW,
                BACKGROUND_SPECIFIED,
            ]
        );
        let bodies = [4, 0, 4 + 1 + 2, 1 + 2, 1024, 4];
        assert_eq!(length, 12 + 6 + bodies.iter().sum::<usize>());
    }

    #[test]
    fn the_fourth_byte_has_no_meaning() {
        let pixels: Vec<u8> = (0..=255).flat_map(|noise| [1, 2, 3, noise]).collect();
        let picture = Frame::from_pixels(Size::new(16, 16), &pixels);
        let rect = Rect::new(0, 0, 16, 16);
        let segment = encoding::encode(
            Encoding::HEXTILE.into(),
            &picture,
            rect,
            &PixelFormat::BGRX,
            None,
        );
        assert_eq!(segment.bytes()[12..], [BACKGROUND_SPECIFIED, 1, 2, 3, 0]);
    }

    #[test]
    fn as_many_subrectangles_as_there_can_be() {
        let size = Size::new(16, 16);
        let picture = frame(size, |x, y| [u8::from((x + y) % 2 == 0); 3]);
        let (_, masks) = check(&picture, size.rect(), &PixelFormat::BGRX);
        assert_eq!(
            masks,
            [BACKGROUND_SPECIFIED | FOREGROUND_SPECIFIED | ANY_SUBRECTS]
        );
        let picture = frame(size, |x, y| [((x + y) % 2 * 3 + (x * y) % 2) as u8; 3]);
        check(&picture, size.rect(), &PixelFormat::BGRX);
    }

    #[test]
    fn nothing_comes_of_an_empty_rectangle() {
        let picture = Frame::solid(Size::new(8, 8), [0; 4]);
        for rect in [
            Rect::default(),
            Rect::new(1, 1, 0, 5),
            Rect::new(1, 1, 5, 0),
        ] {
            let (length, masks) = check(&picture, rect, &PixelFormat::BGRX);
            assert_eq!((length, masks), (12, vec![]));
        }
    }
}
