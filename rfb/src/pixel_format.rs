//! How a viewer wants its pixels (RFC 6143 §7.4), and the conversion into it.

use std::fmt;

/// The layout of a pixel on the wire. Every value can be converted into: `parse`
/// refuses the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelFormat {
    bits_per_pixel: u8,
    depth: u8,
    big_endian: bool,
    true_colour: bool,
    red: Channel,
    green: Channel,
    blue: Channel,
}

/// One colour of a pixel: values from 0 to `max`, `shift` bits above the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Channel {
    max: u16,
    shift: u8,
}

impl PixelFormat {
    /// The format of a [`Frame`](crate::frame::Frame), and what a server announces:
    /// 4 bytes, blue, green, red and one without meaning; depth 24.
    pub const BGRX: Self = Self {
        bits_per_pixel: 32,
        depth: 24,
        big_endian: false,
        true_colour: true,
        red: Channel::new(255, 16),
        green: Channel::new(255, 8),
        blue: Channel::new(255, 0),
    };

    /// One byte: 2 bits of blue, 3 of green and 3 of red, the lowest.
    pub const BGR233: Self = Self {
        bits_per_pixel: 8,
        depth: 8,
        big_endian: false,
        true_colour: true,
        red: Channel::new(7, 0),
        green: Channel::new(7, 3),
        blue: Channel::new(3, 6),
    };

    /// One byte that indexes a colour map. The pixels are those of
    /// [`PixelFormat::BGR233`]; the viewer has to be sent [`bgr233_palette`].
    pub const COLOUR_MAP: Self = Self {
        true_colour: false,
        ..Self::BGR233
    };

    /// Reads the 16 bytes of PIXEL_FORMAT (RFC 6143 §7.4), padding included.
    ///
    /// Of a colour map only 8 bits a pixel are taken, and become
    /// [`PixelFormat::COLOUR_MAP`].
    ///
    /// # Errors
    ///
    /// [`InvalidPixelFormat`] for other bits per pixel than 8, 16 and 32, for a
    /// colour without values, and for colours that overlap or do not fit into the
    /// pixel.
    pub fn parse(bytes: [u8; 16]) -> Result<Self, InvalidPixelFormat> {
        let [
            bits_per_pixel,
            depth,
            big_endian,
            true_colour,
            red_high,
            red_low,
            green_high,
            green_low,
            blue_high,
            blue_low,
            red_shift,
            green_shift,
            blue_shift,
            ..,
        ] = bytes;
        if !matches!(bits_per_pixel, 8 | 16 | 32) {
            return Err(InvalidPixelFormat::BitsPerPixel(bits_per_pixel));
        }
        if true_colour == 0 {
            return match bits_per_pixel {
                8 => Ok(Self::COLOUR_MAP),
                bits => Err(InvalidPixelFormat::ColourMap(bits)),
            };
        }
        let format = Self {
            bits_per_pixel,
            depth,
            big_endian: big_endian != 0,
            true_colour: true,
            red: Channel::new(u16::from_be_bytes([red_high, red_low]), red_shift),
            green: Channel::new(u16::from_be_bytes([green_high, green_low]), green_shift),
            blue: Channel::new(u16::from_be_bytes([blue_high, blue_low]), blue_shift),
        };
        let mut used = 0;
        for channel in [format.red, format.green, format.blue] {
            let mask = channel
                .mask(bits_per_pixel)
                .ok_or(InvalidPixelFormat::Channel)?;
            if used & mask != 0 {
                return Err(InvalidPixelFormat::Channel);
            }
            used |= mask;
        }
        Ok(format)
    }

    /// The 16 bytes of PIXEL_FORMAT (RFC 6143 §7.4).
    pub fn write(&self) -> [u8; 16] {
        let [red_high, red_low] = self.red.max.to_be_bytes();
        let [green_high, green_low] = self.green.max.to_be_bytes();
        let [blue_high, blue_low] = self.blue.max.to_be_bytes();
        [
            self.bits_per_pixel,
            self.depth,
            self.big_endian.into(),
            self.true_colour.into(),
            red_high,
            red_low,
            green_high,
            green_low,
            blue_high,
            blue_low,
            self.red.shift,
            self.green.shift,
            self.blue.shift,
            0,
            0,
            0,
        ]
    }

    /// The size of a pixel: 1, 2 or 4 bytes.
    pub fn bytes_per_pixel(&self) -> usize {
        usize::from(self.bits_per_pixel / 8)
    }

    /// The number of bits that carry colour, as the viewer named it.
    pub fn depth(&self) -> u8 {
        self.depth
    }

    /// Whether pixels are indices into a colour map, which the viewer then has to
    /// be sent.
    pub fn is_colour_map(&self) -> bool {
        !self.true_colour
    }

    /// Whether a TPIXEL is three bytes, red, green and blue, wherever these are in the
    /// pixel (rfbproto "Tight Encoding").
    pub(crate) fn has_short_tpixels(&self) -> bool {
        let channels = [self.red, self.green, self.blue];
        self.true_colour
            && self.bits_per_pixel == 32
            && self.depth == 24
            && channels.iter().all(|channel| channel.max == 255)
    }

    /// The converter from [`PixelFormat::BGRX`] into this format.
    pub fn translator(&self) -> Translator {
        Translator::new(self)
    }

    /// The converter from [`PixelFormat::BGRX`] into CPIXELs of this format.
    pub(crate) fn compact_translator(&self) -> CompactTranslator {
        CompactTranslator {
            translator: self.translator(),
            below: self.below_compact(),
        }
    }

    /// Where a CPIXEL has 3 bytes: how many bits of the pixel, read as a little-endian
    /// number, are left out below them.
    fn below_compact(&self) -> Option<u32> {
        if self.bits_per_pixel != 32 || self.depth > 24 || !self.true_colour {
            return None;
        }
        let used = [self.red, self.green, self.blue]
            .iter()
            .filter_map(|channel| channel.mask(self.bits_per_pixel))
            .fold(0, |used, mask| used | mask);
        // If both the highest and the lowest byte are without a colour, the highest goes.
        let is_first = match (used >> 24, used & 0xff) {
            (0, _) => self.big_endian,
            (_, 0) => !self.big_endian,
            _ => return None,
        };
        Some(if is_first { 8 } else { 0 })
    }
}

/// Such as `16 bits a pixel, depth 16, big-endian, red 31 << 11, green 63 << 5, blue
/// 31 << 0`: the largest value of each colour, and where it lies.
impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bits a pixel, depth {}",
            self.bits_per_pixel, self.depth
        )?;
        if self.is_colour_map() {
            return f.write_str(", colour map");
        }
        if self.bits_per_pixel > 8 {
            let end = if self.big_endian { "big" } else { "little" };
            write!(f, ", {end}-endian")?;
        }
        let channels = [self.red, self.green, self.blue];
        for (name, channel) in ["red", "green", "blue"].iter().zip(channels) {
            write!(f, ", {name} {} << {}", channel.max, channel.shift)?;
        }
        Ok(())
    }
}

/// The colours of [`PixelFormat::COLOUR_MAP`], in the order of their indices: red,
/// green and blue from 0 to 65,535, as SetColourMapEntries has them (RFC 6143
/// §7.6.2).
pub fn bgr233_palette() -> [[u16; 3]; 256] {
    let scale = |value: usize, max: usize| (value * 65_535 / max) as u16;
    std::array::from_fn(|index| {
        [
            scale(index & 7, 7),
            scale(index >> 3 & 7, 7),
            scale(index >> 6, 3),
        ]
    })
}

impl Channel {
    const fn new(max: u16, shift: u8) -> Self {
        Self { max, shift }
    }

    /// The bits that it takes in a pixel, if it has any and they fit.
    fn mask(self, bits_per_pixel: u8) -> Option<u32> {
        let width = 16 - self.max.leading_zeros();
        if width == 0 || u32::from(self.shift) + width > bits_per_pixel.into() {
            return None;
        }
        Some((u32::MAX >> (32 - width)) << self.shift)
    }

    /// The bits for each of 256 intensities, rounded to the nearest.
    fn table(self) -> [u32; 256] {
        std::array::from_fn(|value| {
            ((value as u32 * u32::from(self.max) + 127) / 255) << self.shift
        })
    }
}

/// Converts pixels from [`PixelFormat::BGRX`] into another format.
#[derive(Clone, Debug)]
pub struct Translator {
    bytes_per_pixel: usize,
    method: Method,
}

#[derive(Clone, Debug)]
enum Method {
    /// The same format.
    Copy,
    /// Four bytes in another order: the bit at which each colour begins when the
    /// pixel is read as a little-endian number.
    Shuffle { red: u32, green: u32, blue: u32 },
    /// The bits of each intensity of red, green and blue, to be combined, in the
    /// byte order of the viewer.
    Tables(Box<[[u32; 256]; 3]>),
}

impl Translator {
    fn new(format: &PixelFormat) -> Self {
        let bytes_per_pixel = format.bytes_per_pixel();
        let channels = [format.red, format.green, format.blue];
        let whole_bytes = format.bits_per_pixel == 32
            && channels
                .iter()
                .all(|channel| channel.max == 255 && channel.shift % 8 == 0);
        let method = if whole_bytes {
            let [red, green, blue] = channels.map(|channel| match format.big_endian {
                true => 24 - u32::from(channel.shift),
                false => channel.shift.into(),
            });
            match (red, green, blue) {
                (16, 8, 0) => Method::Copy,
                _ => Method::Shuffle { red, green, blue },
            }
        } else {
            let mut tables = channels.map(Channel::table);
            if format.big_endian {
                let unused = 32 - u32::from(format.bits_per_pixel);
                for bits in tables.as_flattened_mut() {
                    *bits = bits.swap_bytes() >> unused;
                }
            }
            Method::Tables(Box::new(tables))
        };
        Self {
            bytes_per_pixel,
            method,
        }
    }

    /// The size of a converted pixel: 1, 2 or 4 bytes.
    pub fn bytes_per_pixel(&self) -> usize {
        self.bytes_per_pixel
    }

    /// Converts one pixel, given as the little-endian number of its bytes (so
    /// `0x00RRGGBB`). The result's low bytes, in little-endian order, are the
    /// pixel on the wire: see [`Translator::put`].
    pub fn pixel(&self, bgrx: u32) -> u32 {
        match &self.method {
            Method::Copy => bgrx & 0x00ff_ffff,
            Method::Shuffle { red, green, blue } => shuffle(bgrx, *red, *green, *blue),
            Method::Tables(tables) => look_up(tables, bgrx.to_le_bytes()),
        }
    }

    /// Converts pixels of 4 bytes each to numbers, as [`Translator::pixel`] does
    /// with one. The shorter of the two slices is the one that counts.
    pub fn translate(&self, bgrx: &[u8], pixels: &mut [u32]) {
        let (from, _) = bgrx.as_chunks::<4>();
        let pairs = pixels.iter_mut().zip(from);
        let pairs = pairs.map(|(to, from)| (to, u32::from_le_bytes(*from)));
        match &self.method {
            Method::Copy => pairs.for_each(|(to, from)| *to = from & 0x00ff_ffff),
            Method::Shuffle { red, green, blue } => {
                pairs.for_each(|(to, from)| *to = shuffle(from, *red, *green, *blue));
            }
            Method::Tables(tables) => {
                pairs.for_each(|(to, from)| *to = look_up(tables, from.to_le_bytes()));
            }
        }
    }

    /// Appends a pixel that has been converted to a number.
    pub fn put(&self, pixel: u32, out: &mut Vec<u8>) {
        let bytes = pixel.to_le_bytes();
        match self.bytes_per_pixel {
            1 => out.push(bytes[0]),
            2 => out.extend_from_slice(&bytes[..2]),
            _ => out.extend_from_slice(&bytes),
        }
    }

    /// Appends pixels that have been converted to numbers.
    pub fn put_row(&self, pixels: &[u32], out: &mut Vec<u8>) {
        match self.bytes_per_pixel {
            1 => fill(out, pixels, |pixel| [pixel as u8]),
            2 => fill(out, pixels, |pixel| (pixel as u16).to_le_bytes()),
            _ => fill(out, pixels, u32::to_le_bytes),
        }
    }

    /// Converts pixels of 4 bytes each (a rest of fewer is ignored) and appends
    /// them. A byte without meaning becomes 0: it may be what a program left in its memory.
    pub fn append(&self, bgrx: &[u8], out: &mut Vec<u8>) {
        let (pixels, _) = bgrx.as_chunks::<4>();
        match &self.method {
            Method::Copy => fill(out, pixels, |[blue, green, red, _]| [blue, green, red, 0]),
            Method::Shuffle { red, green, blue } => {
                fill(out, pixels, |pixel| {
                    shuffle(u32::from_le_bytes(pixel), *red, *green, *blue).to_le_bytes()
                });
            }
            Method::Tables(tables) => match self.bytes_per_pixel {
                1 => fill(out, pixels, |pixel| {
                    let [low, ..] = look_up(tables, pixel).to_le_bytes();
                    [low]
                }),
                2 => fill(out, pixels, |pixel| {
                    let [low, high, ..] = look_up(tables, pixel).to_le_bytes();
                    [low, high]
                }),
                _ => fill(out, pixels, |pixel| look_up(tables, pixel).to_le_bytes()),
            },
        }
    }
}

/// Converts pixels into CPIXELs (RFC 6143 §7.7.5): pixels without the one byte of four
/// that has no colour, if there is one.
#[derive(Clone, Debug)]
pub(crate) struct CompactTranslator {
    translator: Translator,
    /// See [`PixelFormat::below_compact`].
    below: Option<u32>,
}

impl CompactTranslator {
    /// The size of a CPIXEL: 1, 2, 3 or 4 bytes.
    pub(crate) fn bytes_per_pixel(&self) -> usize {
        match self.below {
            Some(_) => 3,
            None => self.translator.bytes_per_pixel,
        }
    }

    /// Converts pixels to numbers, as [`Translator::translate`] does.
    pub(crate) fn translate(&self, bgrx: &[u8], pixels: &mut [u32]) {
        self.translator.translate(bgrx, pixels);
    }

    /// Appends a pixel that has been converted to a number.
    pub(crate) fn put(&self, pixel: u32, out: &mut Vec<u8>) {
        match self.below {
            Some(below) => out.extend_from_slice(&three_bytes(pixel >> below)),
            None => self.translator.put(pixel, out),
        }
    }

    /// Appends pixels that have been converted to numbers.
    pub(crate) fn put_row(&self, pixels: &[u32], out: &mut Vec<u8>) {
        match self.below {
            Some(below) => fill(out, pixels, |pixel| three_bytes(pixel >> below)),
            None => self.translator.put_row(pixels, out),
        }
    }
}

/// The lowest bytes, the lowest first.
fn three_bytes(pixel: u32) -> [u8; 3] {
    let [first, second, third, _] = pixel.to_le_bytes();
    [first, second, third]
}

fn shuffle(bgrx: u32, red: u32, green: u32, blue: u32) -> u32 {
    (bgrx >> 16 & 0xff) << red | (bgrx >> 8 & 0xff) << green | (bgrx & 0xff) << blue
}

fn look_up([reds, greens, blues]: &[[u32; 256]; 3], [blue, green, red, _]: [u8; 4]) -> u32 {
    reds[usize::from(red)] | greens[usize::from(green)] | blues[usize::from(blue)]
}

/// Appends `convert` of every pixel. The room is made first, so that the loop has
/// no check and can be vectorised.
fn fill<T: Copy, const BYTES: usize>(
    out: &mut Vec<u8>,
    pixels: &[T],
    convert: impl Fn(T) -> [u8; BYTES],
) {
    let start = out.len();
    out.resize(start + pixels.len() * BYTES, 0);
    let (converted, _) = out[start..].as_chunks_mut::<BYTES>();
    for (to, from) in converted.iter_mut().zip(pixels) {
        *to = convert(*from);
    }
}

/// A PIXEL_FORMAT that cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidPixelFormat {
    /// These bits per pixel are not 8, 16 or 32.
    BitsPerPixel(u8),
    /// A colour map for this many bits per pixel.
    ColourMap(u8),
    /// A colour has no values, overlaps another one or does not fit into the pixel.
    Channel,
}

impl fmt::Display for InvalidPixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BitsPerPixel(bits) => {
                write!(f, "{bits} bits per pixel asked for: use 8, 16 or 32")
            }
            Self::ColourMap(bits) => write!(
                f,
                "colour map of {bits} bits per pixel asked for: use 8 bits or true colour"
            ),
            Self::Channel => f.write_str(
                "pixel format asked for whose colours overlap or do not fit into a pixel: \
                 use maxima and shifts that fit",
            ),
        }
    }
}

impl std::error::Error for InvalidPixelFormat {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::random::Random;

    /// bits per pixel, depth, big endian, the maxima and the shifts.
    fn bytes(bits: u8, depth: u8, big: bool, max: [u16; 3], shift: [u8; 3]) -> [u8; 16] {
        let mut bytes = [
            bits,
            depth,
            big.into(),
            1,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        for index in 0..3 {
            bytes[4 + 2 * index..6 + 2 * index].copy_from_slice(&max[index].to_be_bytes());
            bytes[10 + index] = shift[index];
        }
        bytes
    }

    /// The pixel as the specification describes it: a number made of the scaled
    /// colours, in the byte order asked for.
    fn reference(format: [u8; 16], [blue, green, red]: [u8; 3]) -> Vec<u8> {
        let value = |colour: u8, index: usize| {
            let max = u16::from_be_bytes([format[4 + 2 * index], format[5 + 2 * index]]);
            let scaled = (f64::from(colour) / 255.0 * f64::from(max)).round() as u64;
            scaled << format[10 + index]
        };
        let pixel = value(red, 0) | value(green, 1) | value(blue, 2);
        let length = usize::from(format[0] / 8);
        match format[2] {
            0 => pixel.to_le_bytes()[..length].to_vec(),
            _ => pixel.to_be_bytes()[8 - length..].to_vec(),
        }
    }

    /// Whether conversion gives what the reference does, by every way there is.
    fn check(format: [u8; 16], random: &mut Random) {
        let parsed = PixelFormat::parse(format).unwrap();
        let translator = parsed.translator();
        let mut pixels = vec![
            [0, 0, 0, 0],
            [255, 255, 255, 0],
            [255, 0, 0, 0],
            [0, 0, 255, 0],
        ];
        pixels.extend((0..60).map(|_| {
            let [blue, green, red, meaningless, ..] = random.next().to_le_bytes();
            [blue, green, red, meaningless]
        }));
        let expected: Vec<u8> = pixels
            .iter()
            .flat_map(|[blue, green, red, _]| reference(format, [*blue, *green, *red]))
            .collect();
        let mut row = vec![7];
        translator.append(pixels.as_flattened(), &mut row);
        assert_eq!(row[1..], expected, "{parsed:?}");
        let mut numbers = vec![0; pixels.len()];
        translator.translate(pixels.as_flattened(), &mut numbers);
        let mut put = Vec::new();
        for (number, pixel) in numbers.iter().zip(&pixels) {
            let meaningless = u32::from_le_bytes(*pixel) | 0xab00_0000;
            assert_eq!(*number, translator.pixel(meaningless), "{parsed:?}");
            translator.put(*number, &mut put);
        }
        assert_eq!(put, expected, "{parsed:?}");
        assert_eq!(expected.len(), pixels.len() * parsed.bytes_per_pixel());
    }

    #[test]
    fn formats_are_readable() {
        let text = "32 bits a pixel, depth 24, little-endian, red 255 << 16, green 255 << 8, \
                    blue 255 << 0";
        assert_eq!(PixelFormat::BGRX.to_string(), text);
        let text = "8 bits a pixel, depth 8, red 7 << 0, green 7 << 3, blue 3 << 6";
        assert_eq!(PixelFormat::BGR233.to_string(), text);
        let text = "8 bits a pixel, depth 8, colour map";
        assert_eq!(PixelFormat::COLOUR_MAP.to_string(), text);
        let big = PixelFormat {
            big_endian: true,
            ..PixelFormat::BGRX
        };
        assert!(big.to_string().contains("big-endian"));
    }

    #[test]
    fn usual_formats() {
        let mut random = Random(1);
        let max_565 = [31, 63, 31];
        for big in [false, true] {
            for format in [
                bytes(32, 24, big, [255; 3], [16, 8, 0]),
                bytes(32, 24, big, [255; 3], [0, 8, 16]),
                bytes(32, 24, big, [255; 3], [24, 16, 8]),
                bytes(32, 32, big, [255; 3], [8, 16, 24]),
                bytes(32, 30, big, [1023; 3], [20, 10, 0]),
                bytes(16, 16, big, max_565, [11, 5, 0]),
                bytes(16, 15, big, [31; 3], [10, 5, 0]),
                bytes(8, 8, big, [7, 7, 3], [0, 3, 6]),
                bytes(8, 6, big, [3; 3], [4, 2, 0]),
                bytes(8, 3, big, [1; 3], [2, 1, 0]),
                bytes(32, 24, big, [65_535, 255, 255], [0, 16, 24]),
            ] {
                check(format, &mut random);
            }
        }
    }

    #[test]
    fn random_formats_convert_exactly_or_are_refused() {
        let mut random = Random(2);
        let mut taken = 0;
        for round in 0..20_000 {
            let words = [random.next(), random.next()].map(u64::to_le_bytes);
            let mut format: [u8; 16] = words.as_flattened().try_into().unwrap();
            // Mostly near what could be right, and sometimes just anything.
            if round % 8 != 0 {
                format[0] = [8, 16, 32][usize::from(format[0] % 3)];
                format[3] = 1;
                for index in 0..3 {
                    let max =
                        (1_u32 << (format[4 + 2 * index] % 9)) - 1 + u32::from(round % 5 == 0);
                    format[4 + 2 * index..6 + 2 * index]
                        .copy_from_slice(&(max as u16).to_be_bytes());
                    format[10 + index] %= 34;
                }
            }
            if PixelFormat::parse(format).is_ok() && format[3] != 0 {
                taken += 1;
                check(format, &mut random);
            }
        }
        assert!(taken > 300, "{taken}");
    }

    #[test]
    fn compact_pixels() {
        let max = [255; 3];
        let max_565 = [31, 63, 31];
        let red_green_blue = [0xf8, 0x40, 0x08];
        // A CPIXEL is the number that the format gives these, less its highest or lowest
        // byte, in the format's byte order.
        let cases: [([u8; 16], &[u8]); 14] = [
            // 0x00f84008, and the other way round.
            (bytes(32, 24, false, max, [16, 8, 0]), &[0x08, 0x40, 0xf8]),
            (bytes(32, 24, true, max, [16, 8, 0]), &[0xf8, 0x40, 0x08]),
            (bytes(32, 24, false, max, [0, 8, 16]), &[0xf8, 0x40, 0x08]),
            (bytes(32, 24, true, max, [0, 8, 16]), &[0x08, 0x40, 0xf8]),
            // 0xf8400800: the lowest byte has no colour.
            (bytes(32, 24, false, max, [24, 16, 8]), &[0x08, 0x40, 0xf8]),
            (bytes(32, 24, true, max, [24, 16, 8]), &[0xf8, 0x40, 0x08]),
            // 0x00f20100: both have none, and the lower three count.
            (bytes(32, 16, false, max_565, [19, 13, 8]), &[0, 0x01, 0xf2]),
            (bytes(32, 16, true, max_565, [19, 13, 8]), &[0xf2, 0x01, 0]),
            // Too deep, though a byte is free; more bits; and all four bytes have some.
            (
                bytes(32, 32, false, max, [16, 8, 0]),
                &[0x08, 0x40, 0xf8, 0],
            ),
            (
                bytes(32, 30, true, [1023; 3], [20, 10, 0]),
                &[0x3e, 0x34, 0x04, 0x20],
            ),
            (
                bytes(32, 24, false, max, [24, 12, 0]),
                &[0x08, 0, 0x04, 0xf8],
            ),
            // Short ones stay as they are.
            (bytes(16, 16, false, max_565, [11, 5, 0]), &[0x01, 0xf2]),
            (bytes(16, 16, true, max_565, [11, 5, 0]), &[0xf2, 0x01]),
            (bytes(8, 8, false, [7, 7, 3], [0, 3, 6]), &[0x17]),
        ];
        let [red, green, blue] = red_green_blue;
        let bgrx = [blue, green, red, 0xee].repeat(21);
        for (format, expected) in cases {
            let format = PixelFormat::parse(format).unwrap();
            let translator = format.compact_translator();
            assert_eq!(translator.bytes_per_pixel(), expected.len());
            let mut pixels = [0; 21];
            translator.translate(&bgrx, &mut pixels);
            let mut put = Vec::new();
            translator.put(pixels[20], &mut put);
            assert_eq!(put, expected, "{format}");
            translator.put_row(&pixels, &mut put);
            assert_eq!(put, expected.repeat(22), "{format}");
        }
        let palette = PixelFormat::COLOUR_MAP.compact_translator();
        assert_eq!(palette.bytes_per_pixel(), 1);
    }

    #[test]
    fn refuses_what_cannot_be_a_pixel() {
        let good = bytes(16, 16, false, [31, 63, 31], [11, 5, 0]);
        assert!(PixelFormat::parse(good).is_ok());
        for bits in [0, 1, 24, 15, 64, 255] {
            let mut format = good;
            format[0] = bits;
            let error = PixelFormat::parse(format).unwrap_err();
            assert_eq!(error, InvalidPixelFormat::BitsPerPixel(bits));
        }
        for (max, shift) in [
            ([0, 63, 31], [11, 5, 0]),
            ([31, 63, 31], [12, 5, 0]),
            ([31, 63, 31], [255, 5, 0]),
            ([31, 63, 31], [32, 5, 0]),
            ([31, 63, 31], [11, 4, 0]),
            ([31, 63, 65_535], [11, 5, 1]),
        ] {
            let format = bytes(16, 16, false, max, shift);
            let error = PixelFormat::parse(format).unwrap_err();
            assert_eq!(error, InvalidPixelFormat::Channel);
            assert!(error.to_string().contains("use maxima and shifts that fit"));
        }
    }

    #[test]
    fn colour_maps_have_8_bits() {
        let mut format = [0; 16];
        format[0] = 8;
        let parsed = PixelFormat::parse(format).unwrap();
        assert_eq!(parsed, PixelFormat::COLOUR_MAP);
        assert!(parsed.is_colour_map());
        assert!(!PixelFormat::BGR233.is_colour_map());
        format[0] = 16;
        let error = PixelFormat::parse(format).unwrap_err();
        assert_eq!(error, InvalidPixelFormat::ColourMap(16));
        // Each index has the colour that is converted into it.
        let translator = parsed.translator();
        for (index, [red, green, blue]) in bgr233_palette().into_iter().enumerate() {
            let [red, green, blue] = [red, green, blue].map(|c| u32::from(c) / 257);
            assert_eq!(
                translator.pixel(red << 16 | green << 8 | blue),
                index as u32
            );
        }
        assert_eq!(bgr233_palette()[255], [65_535; 3]);
    }

    #[test]
    fn written_as_read() {
        let announced = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
        assert_eq!(PixelFormat::BGRX.write(), announced);
        assert_eq!(PixelFormat::parse(announced), Ok(PixelFormat::BGRX));
        let odd = bytes(32, 30, true, [1023, 511, 6], [20, 10, 0]);
        assert_eq!(PixelFormat::parse(odd).unwrap().write(), odd);
        assert_eq!(PixelFormat::parse(odd).unwrap().depth(), 30);
        assert_eq!(PixelFormat::COLOUR_MAP.write()[3], 0);
    }
}
