//! RRE (RFC 6143 §7.7.3): a background and the rectangles on it. CoRRE (rfbproto
//! "CoRRE Encoding") has shorter numbers for these, and so smaller rectangles.

use super::palette::Palette;
use super::source::Source;
use super::{Encoding, put_header, raw};
use crate::geometry::Rect;
use crate::pixel_format::Translator;
use crate::wire::put_u32;

/// The longest side of a rectangle in CoRRE, in pixels.
const MOST: u32 = 255;

/// Cuts a rectangle into some that CoRRE can have.
pub(crate) fn cut(rect: Rect) -> impl Iterator<Item = Rect> {
    let steps = |first: u16, end: u32| (first.into()..end).step_by(MOST as usize);
    let columns = steps(rect.x, rect.right());
    steps(rect.y, rect.bottom()).flat_map(move |top| {
        let pieces = columns
            .clone()
            .map(move |left| Rect::between(left, top, left + MOST, top + MOST)?.intersection(rect));
        pieces.flatten()
    })
}

/// Appends a rectangle with its header, in RRE or CoRRE. It becomes one in Raw if that
/// is shorter.
pub(crate) fn put_rectangle(
    encoding: Encoding,
    rect: Rect,
    source: &Source<'_>,
    translator: &Translator,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    put_header(out, rect, encoding);
    if !put_body(encoding, source, translator, out) {
        out.truncate(start);
        put_header(out, rect, Encoding::RAW);
        raw::encode(source, translator, out);
    }
}

/// Returns false, and stops, if the body becomes longer than that of Raw.
fn put_body(
    encoding: Encoding,
    source: &Source<'_>,
    translator: &Translator,
    out: &mut Vec<u8>,
) -> bool {
    let mut picture = Picture::of(source, translator);
    let start = out.len();
    let end_of_raw = start + picture.pixels.len() * translator.bytes_per_pixel();
    put_u32(out, 0);
    translator.put(picture.background, out);
    let mut count = 0_u32;
    while out.len() <= end_of_raw {
        let Some((colour, area)) = picture.take_subrect() else {
            out[start..start + size_of::<u32>()].copy_from_slice(&count.to_be_bytes());
            return true;
        };
        translator.put(colour, out);
        match encoding {
            Encoding::CORRE => out.extend(area.map(|number| number as u8)),
            _ => out.extend_from_slice(area.map(u16::to_be_bytes).as_flattened()),
        }
        count += 1;
    }
    false
}

/// What is still to be encoded. All else is background.
struct Picture {
    width: usize,
    /// The pixels as numbers, row after row.
    pixels: Vec<u32>,
    background: u32,
    /// Only background lies before this pixel.
    next: usize,
}

impl Picture {
    fn of(source: &Source<'_>, translator: &Translator) -> Self {
        let width = source.width();
        let mut pixels = vec![0; width * source.rows().count()];
        for (row, line) in source.rows().zip(pixels.chunks_exact_mut(width.max(1))) {
            translator.translate(row, line);
        }
        Self {
            width,
            background: most_frequent(&pixels),
            pixels,
            next: 0,
        }
    }

    /// Takes out the next subrectangle: as wide as the colour goes on, then as high.
    /// Returns its colour, x, y, width and height.
    fn take_subrect(&mut self) -> Option<(u32, [u16; 4])> {
        let mut rest = self.pixels[self.next..].iter();
        let start = self.next + rest.position(|pixel| *pixel != self.background)?;
        let colour = self.pixels[start];
        let (x, y) = (start % self.width, start / self.width);
        let row = self.pixels[start..(y + 1) * self.width].iter();
        let width = row.take_while(|pixel| **pixel == colour).count();
        let mut height = 0;
        for row in self.pixels[start..].chunks_mut(self.width) {
            let below = &mut row[..width];
            if below.iter().any(|pixel| *pixel != colour) {
                break;
            }
            below.fill(self.background);
            height += 1;
        }
        self.next = start + width;
        Some((colour, [x, y, width, height].map(|number| number as u16)))
    }
}

/// The colour of most of the pixels. Of very many colours only some are counted.
fn most_frequent(pixels: &[u32]) -> u32 {
    let mut palette = Palette::new();
    let mut counts = [0; Palette::MOST];
    for run in pixels.chunk_by(|a, b| a == b) {
        if let Some(index) = palette.index(run[0]) {
            counts[usize::from(index)] += run.len();
        }
    }
    let counted = palette.colours().iter().zip(counts);
    counted
        .max_by_key(|(_, count)| *count)
        .map_or(0, |(colour, _)| *colour)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{for_random_pictures, frame, noise, random_rectangles};
    use crate::encoding::{Segment, encode};
    use crate::frame::Frame;
    use crate::geometry::{Size, random::Random};
    use crate::pixel_format::PixelFormat;

    /// Reads rectangles as the specification says a viewer has to, and is strict about
    /// what would be of no use.
    struct Decoder<'a> {
        bytes: &'a [u8],
        pixel: usize,
    }

    impl<'a> Decoder<'a> {
        fn take(&mut self, length: usize) -> &'a [u8] {
            let (taken, rest) = self.bytes.split_at(length);
            self.bytes = rest;
            taken
        }

        fn number(&mut self, bytes: usize) -> usize {
            let bytes = self.take(bytes).iter();
            bytes.fold(0, |number, byte| number << 8 | usize::from(*byte))
        }

        /// The place, size and encoding of a rectangle, and its pixels, row after row.
        fn rectangle(&mut self) -> (Rect, i32, Vec<&'a [u8]>) {
            let [x, y, width, height] = [(); 4].map(|()| self.number(2));
            let rect = Rect::new(x as u16, y as u16, width as u16, height as u16);
            let encoding = self.number(4) as i32;
            let pixels = match encoding {
                0 => self
                    .take(width * height * self.pixel)
                    .chunks(self.pixel)
                    .collect(),
                2 => self.subrects(width, height, 2),
                4 => {
                    assert!(width <= 255 && height <= 255);
                    self.subrects(width, height, 1)
                }
                other => panic!("encoding {other}"),
            };
            (rect, encoding, pixels)
        }

        fn subrects(&mut self, width: usize, height: usize, bytes: usize) -> Vec<&'a [u8]> {
            let count = self.number(4);
            let background = self.take(self.pixel);
            let mut pixels = vec![background; width * height];
            for _ in 0..count {
                let colour = self.take(self.pixel);
                assert_ne!(colour, background);
                let [left, top, wide, high] = [(); 4].map(|()| self.number(bytes));
                assert!(wide > 0 && left + wide <= width && high > 0);
                for y in top..top + high {
                    for pixel in &mut pixels[y * width + left..][..wide] {
                        assert_eq!(*pixel, background, "painted twice");
                        *pixel = colour;
                    }
                }
            }
            pixels
        }
    }

    /// Checks that a segment shows what is in a rectangle. Returns the encodings of its
    /// rectangles.
    fn check_segment(
        segment: &Segment,
        frame: &Frame,
        rect: Rect,
        format: &PixelFormat,
    ) -> Vec<i32> {
        let mut decoder = Decoder {
            bytes: segment.bytes(),
            pixel: format.bytes_per_pixel(),
        };
        let mut area = 0;
        let mut encodings = Vec::new();
        for _ in 0..segment.rectangles() {
            let before = decoder.bytes.len();
            let (piece, encoding, pixels) = decoder.rectangle();
            let raw = encode(Encoding::RAW.into(), frame, piece, format, None);
            assert!(pixels.concat() == raw.bytes()[12..], "{piece:?} {format:?}");
            assert!(before - decoder.bytes.len() <= raw.bytes().len());
            assert!(rect.contains(piece));
            area += piece.area();
            encodings.push(encoding);
        }
        assert!(decoder.bytes.is_empty(), "bytes left over");
        assert_eq!(area, rect.area());
        encodings
    }

    /// Encodes a rectangle in both ways, and checks the results.
    fn check(frame: &Frame, rect: Rect, format: &PixelFormat) -> [Vec<i32>; 2] {
        [Encoding::RRE, Encoding::CORRE].map(|encoding| {
            let segment = encode(encoding.into(), frame, rect, format, None);
            check_segment(&segment, frame, rect, format)
        })
    }

    #[test]
    fn random_pictures_come_back() {
        for_random_pictures(41, |picture, rect, format| {
            check(picture, rect, format);
        });
    }

    #[test]
    fn large_rectangles_are_cut_for_short_numbers() {
        let mut random = Random(42);
        let size = Size::new(600, 300);
        let picture = random_rectangles(&mut random, size);
        let [rre, corre] = check(&picture, Rect::new(20, 30, 520, 256), &PixelFormat::BGRX);
        assert_eq!((rre, corre), (vec![2], vec![4; 6]));
        let [_, corre] = check(&picture, Rect::new(1, 2, 255, 255), &PixelFormat::BGRX);
        assert_eq!(corre, [4]);
    }

    // The bytes were worked out by hand from the specification: 1, 2, 3 all around, and
    // 4, 5, 6 twice, from the second pixel of the second row.
    const BODY: [u8; 12] = [0, 0, 0, 1, 1, 2, 3, 0, 4, 5, 6, 0];

    fn made(encoding: Encoding) -> Vec<u8> {
        let size = Size::new(3, 3);
        let picture = frame(size, |x, y| match (x, y) {
            (1 | 2, 1) => [4, 5, 6],
            _ => [1, 2, 3],
        });
        let format = PixelFormat::BGRX;
        let segment = encode(encoding.into(), &picture, size.rect(), &format, None);
        check_segment(&segment, &picture, size.rect(), &format);
        segment.bytes().to_vec()
    }

    #[test]
    fn a_subrectangle_in_rre() {
        let header = [0, 0, 0, 0, 0, 3, 0, 3, 0, 0, 0, 2];
        let area = [0, 1, 0, 1, 0, 2, 0, 1];
        assert_eq!(made(Encoding::RRE), [&header[..], &BODY, &area].concat());
    }

    #[test]
    fn a_subrectangle_in_corre() {
        let header = [0, 0, 0, 0, 0, 3, 0, 3, 0, 0, 0, 4];
        let area = [1, 1, 2, 1];
        assert_eq!(made(Encoding::CORRE), [&header[..], &BODY, &area].concat());
    }

    #[test]
    fn what_most_pixels_have_is_the_background() {
        // A third and two thirds; the first colour comes first.
        let picture = frame(Size::new(9, 3), |x, _| [u8::from(x >= 4 || x == 1); 3]);
        let format = PixelFormat::BGRX;
        let rect = Rect::new(0, 0, 9, 3);
        let segment = encode(Encoding::RRE.into(), &picture, rect, &format, None);
        assert_eq!(segment.bytes()[12..20], [0, 0, 0, 2, 1, 1, 1, 0]);
    }

    #[test]
    fn a_rectangle_is_the_same_bytes_whatever_came_before() {
        let mut random = Random(43);
        let picture = random_rectangles(&mut random, Size::new(90, 90));
        let rect = Rect::new(0, 0, 90, 90);
        for encoding in [Encoding::RRE, Encoding::CORRE] {
            let made = || encode(encoding.into(), &picture, rect, &PixelFormat::BGRX, None);
            let first = made();
            check(&noise(Size::new(30, 30)), rect, &PixelFormat::BGR233);
            assert_eq!(made().bytes(), first.bytes());
        }
    }

    #[test]
    fn noise_becomes_raw() {
        let picture = noise(Size::new(300, 20));
        let rect = Rect::new(0, 0, 300, 20);
        let [rre, corre] = check(&picture, rect, &PixelFormat::BGRX);
        assert_eq!((rre, corre), (vec![0], vec![0; 2]));
    }

    #[test]
    fn nothing_comes_of_an_empty_rectangle() {
        let picture = Frame::solid(Size::new(8, 8), [0; 4]);
        for (width, height) in [(0, 0), (0, 5), (5, 0)] {
            let rect = Rect::new(1, 1, width, height);
            let [rre, corre] = check(&picture, rect, &PixelFormat::BGRX);
            assert_eq!((rre, corre), (vec![0], vec![]));
        }
    }
}
