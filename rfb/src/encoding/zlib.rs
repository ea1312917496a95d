//! Zlib (rfbproto "Zlib Encoding"): the pixels of Raw, compressed, behind their
//! compressed length.
//!
//! What a viewer is sent forms one zlib stream (RFC 1950) for the whole connection.
//! Each rectangle here is a [piece](super::deflate) that continues the stream of any
//! viewer.

use super::deflate::{SAMPLE_STEP, Way, put_body};
use super::source::Source;
use crate::pixel_format::Translator;

/// Appends the body of a rectangle.
pub(crate) fn encode(source: &Source<'_>, translator: &Translator, level: u8, out: &mut Vec<u8>) {
    let width = source.width() * translator.bytes_per_pixel();
    let way = Way::of(level, width * source.rows().count(), || {
        let mut sample = Vec::new();
        for row in source.rows().step_by(SAMPLE_STEP) {
            translator.append(row, &mut sample);
        }
        sample
    });
    put_body(way, out, |put| {
        let mut pixels = Vec::with_capacity(width);
        for row in source.rows() {
            pixels.clear();
            translator.append(row, &mut pixels);
            put(&pixels);
        }
    });
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use crate::encoding::deflate::STREAM_HEADER;
    use crate::encoding::testing::noise;
    use crate::encoding::{self, Encoding, Method};
    use crate::frame::Frame;
    use crate::geometry::{Rect, Size};
    use crate::pixel_format::PixelFormat;

    /// What is in a rectangle, by the stream that the viewer has.
    fn inflate(stream: &mut Decompress, rectangle: &[u8], length: usize) -> Vec<u8> {
        let body = &rectangle[12..];
        let (announced, compressed) = body.split_at(4);
        assert_eq!(announced, (compressed.len() as u32).to_be_bytes());
        let mut pixels = Vec::with_capacity(length + 1);
        stream
            .decompress_vec(compressed, &mut pixels, FlushDecompress::Sync)
            .unwrap();
        assert_eq!(pixels.len(), length);
        pixels
    }

    #[test]
    fn rectangles_in_any_order_continue_any_stream() {
        let frame = noise(Size::new(300, 200));
        for format in [PixelFormat::BGRX, PixelFormat::BGR233] {
            let rects = [
                Rect::new(0, 0, 300, 64),
                Rect::new(17, 64, 1, 1),
                Rect::new(3, 100, 200, 100),
                Rect::new(250, 150, 100, 100), // beyond the frame
            ];
            for first in 0..rects.len() {
                let mut stream = Decompress::new(true);
                let at = rects[first];
                let primer = encoding::prime(Encoding::ZLIB, &frame, at, &format).unwrap();
                assert_eq!(primer.bytes()[16..18], STREAM_HEADER);
                let pixel = encoding::encode(
                    Encoding::RAW.into(),
                    &frame,
                    Rect::new(at.x, at.y, 1, 1),
                    &format,
                    None,
                );
                let length = format.bytes_per_pixel();
                assert_eq!(
                    inflate(&mut stream, primer.bytes(), length),
                    pixel.bytes()[12..]
                );
                for step in 0..2 * rects.len() {
                    let rect = rects[(first + step) % rects.len()];
                    let level = [0, 1, 6, 9][step % 4];
                    let encoded = |encoding| {
                        let method = Method {
                            level,
                            ..Method::from(encoding)
                        };
                        encoding::encode(method, &frame, rect, &format, None)
                    };
                    let (zlib, raw) = (encoded(Encoding::ZLIB), encoded(Encoding::RAW));
                    let pixels = &raw.bytes()[12..];
                    assert_eq!(inflate(&mut stream, zlib.bytes(), pixels.len()), pixels);
                    let most = raw.bytes().len() + raw.bytes().len() / 1000 + 80;
                    assert!(zlib.bytes().len() <= most);
                }
            }
        }
    }

    #[test]
    fn a_rectangle_is_the_same_bytes_whatever_came_before() {
        let frame = noise(Size::new(64, 64));
        let made = || {
            let method = Encoding::ZLIB.into();
            encoding::encode(
                method,
                &frame,
                Rect::new(0, 0, 64, 64),
                &PixelFormat::BGRX,
                None,
            )
        };
        let first = made();
        let other = Rect::new(5, 5, 9, 9);
        encoding::encode(
            Encoding::ZLIB.into(),
            &frame,
            other,
            &PixelFormat::BGR233,
            None,
        );
        assert_eq!(first.bytes(), made().bytes());
    }

    #[test]
    fn a_plain_area_is_short() {
        let frame = Frame::solid(Size::new(1920, 64), [10, 20, 30, 0]);
        let rect = Rect::new(0, 0, 1920, 64);
        let segment = encoding::encode(
            Encoding::ZLIB.into(),
            &frame,
            rect,
            &PixelFormat::BGRX,
            None,
        );
        assert!(segment.bytes().len() < 6000, "{}", segment.bytes().len());
    }
}
