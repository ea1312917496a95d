//! ZRLE (RFC 6143 §7.7.6): the tiles of [TRLE](super::trle), but of 64 × 64 pixels, and
//! compressed, behind their compressed length.
//!
//! As with [Zlib](super::zlib) there is one stream for the whole connection, and each
//! rectangle continues that of any viewer.

use super::deflate::{SAMPLE_STEP, Way, put_body, zlib_level};
use super::source::Source;
use super::trle;
use crate::pixel_format::CompactTranslator;

/// The parts of a sample have this many bytes.
const PART: usize = 1024;

/// Appends the body of a rectangle.
pub(crate) fn encode(
    source: &Source<'_>,
    translator: &CompactTranslator,
    level: u8,
    out: &mut Vec<u8>,
) {
    let mut tiles = Vec::new();
    trle::encode(source, translator, trle::LARGEST_SIDE, &mut tiles);
    let way = Way::of(zlib_level(level), tiles.len(), || {
        let parts: Vec<&[u8]> = tiles.chunks(PART).step_by(SAMPLE_STEP).collect();
        parts.concat()
    });
    put_body(way, out, |put| put(&tiles));
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use crate::encoding::testing::{frame, noise, random_picture};
    use crate::encoding::trle::tests::{check_tiles, formats};
    use crate::encoding::{self, Encoding, Method};
    use crate::frame::Frame;
    use crate::geometry::{Rect, Size, random::Random};
    use crate::pixel_format::PixelFormat;

    /// A viewer's end of the stream.
    struct Stream(Decompress);

    impl Stream {
        /// Begins with a primer for this rectangle.
        fn begin(frame: &Frame, rect: Rect, format: &PixelFormat) -> Self {
            let mut stream = Self(Decompress::new(true));
            let primer = encoding::prime(Encoding::ZRLE, frame, rect, format).unwrap();
            assert_eq!(primer.rectangles(), 1);
            let pixel = Rect::new(rect.x, rect.y, 1, 1);
            stream.check(primer.bytes(), frame, pixel, format);
            stream
        }

        /// What is in a rectangle.
        fn inflate(&mut self, rectangle: &[u8]) -> Vec<u8> {
            let (header, body) = rectangle.split_at(12);
            assert_eq!(header[8..], [0, 0, 0, 16]);
            let (length, compressed) = body.split_at(4);
            assert_eq!(length, (compressed.len() as u32).to_be_bytes());
            let mut tiles = Vec::with_capacity(1 << 20);
            let flush = FlushDecompress::Sync;
            self.0
                .decompress_vec(compressed, &mut tiles, flush)
                .unwrap();
            assert!(tiles.len() < tiles.capacity());
            tiles
        }

        /// Checks a rectangle, and returns the subencodings of its tiles.
        fn check(
            &mut self,
            rectangle: &[u8],
            frame: &Frame,
            rect: Rect,
            format: &PixelFormat,
        ) -> Vec<u8> {
            let tiles = self.inflate(rectangle);
            check_tiles(&tiles, 64, frame, rect, format)
        }
    }

    fn made(level: u8, frame: &Frame, rect: Rect, format: &PixelFormat) -> encoding::Segment {
        let method = Method {
            level,
            ..Encoding::ZRLE.into()
        };
        encoding::encode(method, frame, rect, format, None)
    }

    /// The tiles of a picture and their subencodings.
    fn tiles(picture: &Frame) -> (Vec<u8>, Vec<u8>) {
        let rect = picture.size().rect();
        let format = PixelFormat::BGRX;
        let rectangle = made(1, picture, rect, &format);
        let tiles = Stream::begin(picture, rect, &format).inflate(rectangle.bytes());
        let subencodings = check_tiles(&tiles, 64, picture, rect, &format);
        (tiles, subencodings)
    }

    #[test]
    fn random_pictures_come_back_from_one_stream() {
        let mut random = Random(31);
        for format in formats() {
            let first = noise(Size::new(5, 5));
            let mut stream = Stream::begin(&first, first.size().rect(), &format);
            for round in 0..18 {
                let size = Size::new(1 + random.below(150), 1 + random.below(100));
                let picture = random_picture(&mut random, size, round);
                for rect in [size.rect(), random.rect(size, 80)] {
                    let level = [0, 1, 2, 9][usize::from(random.below(4))];
                    let rectangle = made(level, &picture, rect, &format);
                    stream.check(rectangle.bytes(), &picture, rect, &format);
                }
            }
        }
    }

    #[test]
    fn rectangles_in_any_order_continue_any_stream() {
        let picture = noise(Size::new(300, 200));
        let format = PixelFormat::BGRX;
        let rects = [
            Rect::new(0, 0, 300, 64),
            Rect::new(17, 64, 1, 1),
            Rect::new(3, 100, 200, 100),
            Rect::new(250, 150, 100, 100), // beyond the frame
        ];
        let made = rects.map(|rect| (rect, made(1, &picture, rect, &format)));
        for first in 0..rects.len() {
            let mut stream = Stream::begin(&picture, rects[first], &format);
            for step in 0..2 * rects.len() {
                let (rect, rectangle) = &made[(first + step * 3) % rects.len()];
                stream.check(rectangle.bytes(), &picture, *rect, &format);
            }
        }
    }

    #[test]
    fn a_rectangle_is_the_same_bytes_whatever_came_before() {
        let picture = noise(Size::new(200, 100));
        let text = frame(Size::new(200, 100), |x, y| [(x * y % 7) as u8; 3]);
        let rect = Rect::new(0, 0, 200, 100);
        let format = PixelFormat::BGRX;
        for frame in [&picture, &text] {
            let first = made(2, frame, rect, &format);
            made(1, &picture, Rect::new(5, 5, 90, 90), &PixelFormat::BGR233);
            assert_eq!(made(2, frame, rect, &format).bytes(), first.bytes());
        }
    }

    #[test]
    fn long_runs() {
        // One pixel, and 4,095: 1 + 16 × 255 + 14.
        let picture = frame(Size::new(64, 64), |x, y| [u8::from((x, y) == (0, 0)); 3]);
        let expected = [&[128, 1, 1, 1, 0, 0, 0, 0][..], &[255; 16], &[14]].concat();
        assert_eq!(tiles(&picture).0, expected);
    }

    #[test]
    fn subencodings_go_by_the_number_of_colours() {
        for (colours, expected) in [
            (1, 1),
            (2, 2),
            (16, 16),
            (17, 128 + 17),
            (127, 128 + 127),
            (128, 0),
        ] {
            let picture = frame(Size::new(64, 64), |x, y| {
                [((u32::from(y) * 64 + u32::from(x)) * 7 % colours) as u8; 3]
            });
            assert_eq!(tiles(&picture).1, [expected], "{colours}");
        }
        // Of many colours, but with long runs.
        let stripes = frame(Size::new(64, 64), |x, y| [y as u8, (x / 16) as u8, 0]);
        assert_eq!(tiles(&stripes).1, [128]);
    }

    #[test]
    fn noise_takes_no_more_than_in_raw() {
        let size = Size::new(640, 64);
        let rectangle = made(1, &noise(size), size.rect(), &PixelFormat::BGRX);
        let pixels = 640 * 64 * 3;
        assert!(rectangle.bytes().len() < pixels + pixels / 1000 + 100);
    }

    #[test]
    fn a_plain_area_is_short() {
        let frame = Frame::solid(Size::new(1920, 64), [10, 20, 30, 0]);
        let rectangle = made(1, &frame, frame.size().rect(), &PixelFormat::BGRX);
        assert!(rectangle.bytes().len() < 60, "{}", rectangle.bytes().len());
    }
}
