//! A viewer's part, which shares no code with the encoder.

use flate2::{Decompress, FlushDecompress, Status};

use crate::encoding::{Encoding, Method};
use crate::geometry::{Rect, Size};
use crate::pixel_format::PixelFormat;

/// What a rectangle was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Fill,
    Mono,
    Indexed,
    Full,
    Gradient,
    Jpeg,
    Png,
}

/// A rectangle as it was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) rect: Rect,
    /// The compression-control byte.
    pub(super) control: u8,
    pub(super) kind: Kind,
    pub(super) bytes: usize,
}

/// Reads rectangles as the specification says a viewer has to, and is strict.
pub(super) struct Decoder<'a> {
    pub(super) bytes: &'a [u8],
    method: Method,
    format: PixelFormat,
    /// What was encoded.
    rect: Rect,
    /// Its pixels: red, green and blue from JPEG and PNG, else as they were sent.
    pub(super) pixels: Vec<Option<Pixel>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pixel {
    Exact(Vec<u8>),
    Rgb([u8; 3]),
    Lossy([u8; 3]),
}

impl<'a> Decoder<'a> {
    /// For what was made of `rect`.
    pub(super) fn new(bytes: &'a [u8], method: Method, format: PixelFormat, rect: Rect) -> Self {
        Self {
            bytes,
            method,
            format,
            rect,
            pixels: vec![None; rect.area() as usize],
        }
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// A length in the compact form, which has to be the shortest.
    fn length(&mut self) -> usize {
        let mut length = 0;
        for (shift, mask) in [(0, 0x7f), (7, 0x7f), (14, 0xff)] {
            let byte = self.byte();
            length |= usize::from(byte & mask) << shift;
            if byte <= mask && mask == 0x7f || mask == 0xff {
                assert!(shift == 0 || length >> shift > 0, "longer than needed");
                break;
            }
        }
        length
    }

    /// The size of a TPIXEL.
    pub(super) fn pixel(&self) -> usize {
        let format = self.format.write();
        let is_short = format[0] == 32 && format[1] == 24 && format[3] != 0;
        match is_short && format[4..10] == [0, 255, 0, 255, 0, 255] {
            true => 3,
            false => self.format.bytes_per_pixel(),
        }
    }

    pub(super) fn rectangle(&mut self) -> Sent {
        let before = self.bytes.len();
        let rect = Rect::new(self.number(), self.number(), self.number(), self.number());
        let encoding = Encoding(i32::from_be_bytes(self.take(4).try_into().unwrap()));
        match self.method.encoding {
            Encoding::TIGHT_PNG => assert_eq!(encoding, Encoding::TIGHT_PNG),
            _ => assert_eq!(encoding, Encoding::TIGHT),
        }
        assert!(!rect.is_empty() && rect.width <= 2048 && self.rect.contains(rect));
        let control = self.bytes[0];
        let (kind, pixels) = self.body(rect.size());
        assert_eq!(pixels.len(), rect.area() as usize);
        for (index, pixel) in pixels.into_iter().enumerate() {
            let (x, y) = (
                index % usize::from(rect.width),
                index / usize::from(rect.width),
            );
            let x = usize::from(rect.x - self.rect.x) + x;
            let y = usize::from(rect.y - self.rect.y) + y;
            let place = &mut self.pixels[y * usize::from(self.rect.width) + x];
            assert!(place.replace(pixel).is_none(), "painted twice");
        }
        let bytes = before - self.bytes.len();
        Sent {
            rect,
            control,
            kind,
            bytes,
        }
    }

    fn body(&mut self, size: Size) -> (Kind, Vec<Pixel>) {
        let control = self.byte();
        let is_png = self.method.encoding == Encoding::TIGHT_PNG;
        let is_without_zlib = self.method.encoding == Encoding::TIGHT_WITHOUT_ZLIB;
        match control {
            0x80 => {
                let colour = Pixel::Exact(self.take(self.pixel()).to_vec());
                (Kind::Fill, vec![colour; size.area() as usize])
            }
            0x90 => {
                assert!(self.method.jpeg.is_some() && self.format.bytes_per_pixel() > 1);
                let length = self.length();
                let pixels = jpeg_pixels(self.take(length), size);
                (Kind::Jpeg, pixels.into_iter().map(Pixel::Lossy).collect())
            }
            0xa0 if is_png => {
                let length = self.length();
                let pixels = png_pixels(self.take(length), size);
                (Kind::Png, pixels.into_iter().map(Pixel::Rgb).collect())
            }
            0xa0 | 0xe0 if is_without_zlib => self.basic(control & 0x40 != 0, None, size),
            0x00..0x80 if !is_png && !is_without_zlib => {
                let stream = control >> 4 & 3;
                assert_eq!(control & 0x0f, 1 << stream, "resets the stream it uses");
                self.basic(control & 0x40 != 0, Some(stream), size)
            }
            _ => panic!("compression-control {control:#x}"),
        }
    }

    fn basic(&mut self, has_filter: bool, stream: Option<u8>, size: Size) -> (Kind, Vec<Pixel>) {
        let (pixel, area) = (self.pixel(), size.area() as usize);
        let filter = if has_filter { self.byte() } else { 0 };
        match filter {
            0 => {
                let data = self.data(stream, area * pixel);
                (Kind::Full, exact(data.chunks(pixel)))
            }
            1 => {
                let count = usize::from(self.byte()) + 1;
                assert!(count >= 2);
                let palette: Vec<&[u8]> = self.take(count * pixel).chunks(pixel).collect();
                if count > 2 {
                    let data = self.data(stream, area);
                    let colours = data.iter().map(|index| palette[usize::from(*index)]);
                    return (Kind::Indexed, exact(colours));
                }
                let width = usize::from(size.width);
                let stride = width.div_ceil(8);
                let data = self.data(stream, stride * usize::from(size.height));
                let bits = data
                    .chunks(stride)
                    .flat_map(|row| (0..width).map(|x| usize::from(row[x / 8] >> (7 - x % 8) & 1)));
                (Kind::Mono, exact(bits.map(|bit| palette[bit])))
            }
            2 => {
                assert_eq!(pixel, 3, "only for pixels of three bytes here");
                let data = self.data(stream, area * 3);
                (Kind::Gradient, gradient_pixels(&data, size.width.into()))
            }
            other => panic!("filter {other}"),
        }
    }

    /// The data that a filter has made, `length` bytes.
    fn data(&mut self, stream: Option<u8>, length: usize) -> Vec<u8> {
        if length < 12 {
            return self.take(length).to_vec();
        }
        let compressed = self.length();
        let compressed = self.take(compressed);
        if stream.is_none() {
            assert!(compressed.len() == length && length <= 307_200);
            return compressed.to_vec();
        }
        assert!(compressed.ends_with(&[0, 0, 0xff, 0xff]), "no sync flush");
        let mut inflate = Decompress::new(true);
        let mut data = Vec::with_capacity(length + 1);
        let status = inflate.decompress_vec(compressed, &mut data, FlushDecompress::Sync);
        assert_eq!(status.unwrap(), Status::Ok, "not finished");
        assert_eq!(inflate.total_in(), compressed.len() as u64);
        assert_eq!(data.len(), length);
        data
    }
}

fn exact<'a>(pixels: impl Iterator<Item = &'a [u8]>) -> Vec<Pixel> {
    pixels.map(|pixel| Pixel::Exact(pixel.to_vec())).collect()
}

/// Undoes the gradient filter, with the words of the specification.
fn gradient_pixels(data: &[u8], width: usize) -> Vec<Pixel> {
    let mut values = vec![0_u8; data.len()];
    for at in 0..data.len() {
        let (x, y) = (at / 3 % width, at / 3 / width);
        let value = |is_inside: bool, back: usize| match is_inside {
            true => i32::from(values[at - back]),
            false => 0,
        };
        let left = value(x > 0, 3);
        let above = value(y > 0, 3 * width);
        let corner = value(x > 0 && y > 0, 3 * width + 3);
        let expected = (left + above - corner).clamp(0, 255) as u8;
        values[at] = expected.wrapping_add(data[at]);
    }
    exact(values.chunks(3))
}

fn jpeg_pixels(file: &[u8], size: Size) -> Vec<[u8; 3]> {
    let mut decoder = jpeg_decoder::Decoder::new(file);
    let pixels = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    assert_eq!((info.width, info.height), (size.width, size.height));
    match info.pixel_format {
        jpeg_decoder::PixelFormat::L8 => pixels.iter().map(|grey| [*grey; 3]).collect(),
        jpeg_decoder::PixelFormat::RGB24 => pixels.as_chunks().0.to_vec(),
        other => panic!("{other:?}"),
    }
}

fn png_pixels(file: &[u8], size: Size) -> Vec<[u8; 3]> {
    let mut decoder = ::png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(::png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, ::png::ColorType::Rgb);
    assert_eq!(
        (info.width, info.height),
        (size.width.into(), size.height.into())
    );
    pixels.as_chunks().0.to_vec()
}
