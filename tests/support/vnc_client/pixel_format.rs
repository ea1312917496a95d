use crate::picture::{Picture, Rgb};

/// How far a channel may be off in a picture seen through a colour map: the server chooses the
/// map, and the coarsest in use has 4 steps of blue.
pub(super) const COLOUR_MAP_TOLERANCE: u8 = 43;

/// How pixels are sent (RFC 6143 §7.4). Any value can be made, right or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelFormat {
    /// 8, 16 or 32.
    pub bits_per_pixel: u8,
    /// How many of them mean something.
    pub depth: u8,
    /// The most significant byte comes first.
    pub big_endian: bool,
    /// Pixels are colours, not numbers of entries in a colour map.
    pub true_colour: bool,
    /// The greatest value of red, green and blue.
    pub max: [u16; 3],
    /// By how many bits red, green and blue are shifted to the left.
    pub shift: [u8; 3],
}

impl PixelFormat {
    /// 32 bits, bytes blue, green, red, unused: the commonest.
    pub const BGRX: Self = Self::rgb888([16, 8, 0]);
    /// 32 bits, bytes red, green, blue, unused.
    pub const RGBX: Self = Self::rgb888([0, 8, 16]);
    /// 16 bits: 5 of red, 6 of green, 5 of blue.
    pub const RGB565: Self = Self::small(16, 16, [31, 63, 31], [11, 5, 0]);
    /// 16 bits: 1 unused, 5 of each colour.
    pub const RGB555: Self = Self::small(16, 15, [31, 31, 31], [10, 5, 0]);
    /// 8 bits: 2 of blue, 3 of green, 3 of red.
    pub const BGR233: Self = Self::small(8, 8, [7, 7, 3], [0, 3, 6]);
    /// 8 bits of which 6 are used: 2 of each colour.
    pub const RGB222: Self = Self::small(8, 6, [3, 3, 3], [4, 2, 0]);
    /// 8 bits: entries of a colour map.
    pub const COLOUR_MAP: Self = Self {
        true_colour: false,
        ..Self::small(8, 8, [0, 0, 0], [0, 0, 0])
    };

    /// All of these, and some with the most significant byte first.
    pub const ALL: [Self; 9] = [
        Self::BGRX,
        Self::RGBX,
        Self::BGRX.big_endian(),
        Self::RGB565,
        Self::RGB555,
        Self::RGB565.big_endian(),
        Self::BGR233,
        Self::RGB222,
        Self::COLOUR_MAP,
    ];

    const fn rgb888(shift: [u8; 3]) -> Self {
        Self::small(32, 24, [255; 3], shift)
    }

    const fn small(bits_per_pixel: u8, depth: u8, max: [u16; 3], shift: [u8; 3]) -> Self {
        Self {
            bits_per_pixel,
            depth,
            big_endian: false,
            true_colour: true,
            max,
            shift,
        }
    }

    /// The same with the most significant byte first.
    #[must_use]
    pub const fn big_endian(mut self) -> Self {
        self.big_endian = true;
        self
    }

    /// The format in which the server means the pixel values: it numbers the entries of its colour
    /// map as the `rfb` library documents it.
    #[must_use]
    pub fn with_values_as_colours(self) -> Self {
        match self.true_colour {
            true => self,
            false => Self::BGR233,
        }
    }

    /// The 16 bytes of the protocol.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[0] = self.bits_per_pixel;
        bytes[1] = self.depth;
        bytes[2] = self.big_endian.into();
        bytes[3] = self.true_colour.into();
        for channel in 0..3 {
            bytes[4 + 2 * channel..][..2].copy_from_slice(&self.max[channel].to_be_bytes());
            bytes[10 + channel] = self.shift[channel];
        }
        bytes
    }

    /// The format of 16 bytes of the protocol.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self {
            bits_per_pixel: bytes[0],
            depth: bytes[1],
            big_endian: bytes[2] != 0,
            true_colour: bytes[3] != 0,
            max: std::array::from_fn(|c| u16::from_be_bytes([bytes[4 + 2 * c], bytes[5 + 2 * c]])),
            shift: [bytes[10], bytes[11], bytes[12]],
        }
    }

    /// Whether pixels of this format can be made sense of (RFC 6143 §7.4).
    pub fn is_valid(self) -> bool {
        let bits = u32::from(self.bits_per_pixel);
        let fits = |(max, shift): (&u16, &u8)| {
            *max > 0 && u32::from(*shift) + (u16::BITS - max.leading_zeros()) <= bits
        };
        let channels_fit = self.max.iter().zip(&self.shift).all(fits);
        matches!(bits, 8 | 16 | 32) && (!self.true_colour || channels_fit)
    }

    /// 1, 2 or 4.
    pub fn bytes_per_pixel(self) -> usize {
        usize::from(self.bits_per_pixel / 8)
    }

    /// The pixel value in `bytes`, which are [`PixelFormat::bytes_per_pixel`] many.
    pub fn value(self, bytes: &[u8]) -> u32 {
        let append = |value, byte: &u8| value << 8 | u32::from(*byte);
        match self.big_endian {
            true => bytes.iter().fold(0, append),
            false => bytes.iter().rev().fold(0, append),
        }
    }

    /// The bytes of a `CPIXEL` (RFC 6143 §7.7.5): the 3 that mean something, of 4, if they do.
    pub(super) fn bytes_per_cpixel(self) -> usize {
        match self.cpixel_shift() {
            Some(_) => 3,
            None => self.bytes_per_pixel(),
        }
    }

    /// The pixel value in the [`PixelFormat::bytes_per_cpixel`] bytes of a `CPIXEL`.
    pub(super) fn cpixel(self, bytes: &[u8]) -> u32 {
        self.value(bytes) << self.cpixel_shift().unwrap_or_default()
    }

    /// By how many bits the 3 bytes of a short `CPIXEL` are shifted: the least significant are
    /// sent, if the others are not used.
    fn cpixel_shift(self) -> Option<u32> {
        if !self.true_colour || self.bits_per_pixel != 32 || self.depth > 24 {
            return None;
        }
        match self.mask() {
            low if low >> 24 == 0 => Some(0),
            high if high & 0xff == 0 => Some(8),
            _ => None,
        }
    }

    /// The bytes of a `TPIXEL` (rfbproto "Tight Encoding"): red, green and blue if each has 8
    /// bits of 32.
    pub(super) fn bytes_per_tpixel(self) -> usize {
        match self.has_short_tpixels() {
            true => 3,
            false => self.bytes_per_pixel(),
        }
    }

    /// The pixel value in the [`PixelFormat::bytes_per_tpixel`] bytes of a `TPIXEL`.
    pub(super) fn tpixel(self, bytes: &[u8]) -> u32 {
        match bytes {
            [red, green, blue] => self.with_channels([*red, *green, *blue].map(u32::from)),
            _ => self.value(bytes),
        }
    }

    fn has_short_tpixels(self) -> bool {
        self.true_colour && (self.bits_per_pixel, self.depth) == (32, 24) && self.max == [255; 3]
    }

    /// Red, green and blue of a pixel value, each up to its greatest value.
    pub(super) fn channels(self, value: u32) -> [u32; 3] {
        std::array::from_fn(|c| value >> self.shift[c] & u32::from(self.max[c]))
    }

    /// The pixel value of red, green and blue, each up to its greatest value.
    pub(super) fn with_channels(self, channels: [u32; 3]) -> u32 {
        (0..3).fold(0, |value, c| value | channels[c] << self.shift[c])
    }

    /// The bits of a pixel that mean something: the rest may be anything.
    pub fn mask(self) -> u32 {
        if !self.true_colour {
            return 0xff;
        }
        (0..3).fold(0, |mask, c| mask | u32::from(self.max[c]) << self.shift[c])
    }

    /// The pixel value nearest to `colour`: each channel v becomes v·max/255, rounded.
    pub fn nearest(self, colour: Rgb) -> u32 {
        self.with_channels(std::array::from_fn(|c| {
            (u32::from(colour[c]) * u32::from(self.max[c]) + 127) / 255
        }))
    }

    /// The colour that a pixel value stands for: each channel v is v·255/max, rounded.
    pub fn colour(self, value: u32) -> Rgb {
        let channels = self.channels(value);
        std::array::from_fn(|c| {
            let max = u32::from(self.max[c]);
            ((channels[c] * 255 + max / 2) / max.max(1)) as u8
        })
    }

    /// Whether `value` is a right pixel for `colour`. The protocol does not say how a colour is
    /// reduced: each channel may be v·max/255 rounded down or to the nearest.
    pub fn allows(self, value: u32, colour: Rgb) -> bool {
        let channels = self.channels(value);
        (0..3).all(|c| {
            let scaled = u32::from(colour[c]) * u32::from(self.max[c]);
            channels[c] == scaled / 255 || channels[c] == (scaled + 127) / 255
        })
    }

    /// What `picture` looks like in this format: every colour goes to the nearest there is.
    pub fn reduce(self, picture: &Picture) -> Picture {
        Picture::draw(picture.width, picture.height, |x, y| {
            self.colour(self.nearest(picture.pixel(x, y)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_is_that_of_the_specification() {
        // RFC 6143 §7.4: bpp, depth, big-endian, true-colour, 3 maxima, 3 shifts, 3 of padding.
        let bytes = [16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0];
        assert_eq!(PixelFormat::RGB565.big_endian().to_bytes(), bytes);
        assert_eq!(
            PixelFormat::from_bytes(bytes),
            PixelFormat::RGB565.big_endian()
        );
    }

    #[test]
    fn formats_without_sense_are_noticed() {
        let valid = PixelFormat::RGB565;
        let of_24_bits = PixelFormat {
            bits_per_pixel: 24,
            ..valid
        };
        let without_red = PixelFormat {
            max: [0, 63, 31],
            ..valid
        };
        let beyond = PixelFormat {
            shift: [12, 5, 0],
            ..valid
        };
        let far_beyond = PixelFormat {
            shift: [255, 5, 0],
            ..valid
        };
        for format in [of_24_bits, without_red, beyond, far_beyond] {
            assert!(!format.is_valid(), "{format:?}");
        }
        assert!(PixelFormat::BGRX.is_valid() && PixelFormat::COLOUR_MAP.is_valid());
        assert!(valid.is_valid());
    }

    #[test]
    fn values_follow_the_byte_order() {
        assert_eq!(PixelFormat::BGRX.value(&[1, 2, 3, 4]), 0x0403_0201);
        assert_eq!(
            PixelFormat::BGRX.big_endian().value(&[1, 2, 3, 4]),
            0x0102_0304
        );
        assert_eq!(PixelFormat::RGB565.value(&[0x1f, 0xf8]), 0xf81f);
        assert_eq!(
            PixelFormat::RGB565.big_endian().value(&[0x1f, 0xf8]),
            0x1ff8
        );
        assert_eq!(PixelFormat::BGR233.value(&[0xc7]), 0xc7);
    }

    /// RFC 6143 §7.7.5 and rfbproto "ZRLE Encoding".
    #[test]
    fn a_cpixel_has_the_three_bytes_that_are_used() {
        let high = PixelFormat {
            shift: [24, 16, 8],
            ..PixelFormat::BGRX
        };
        assert_eq!(PixelFormat::BGRX.cpixel(&[1, 2, 3]), 0x0003_0201);
        assert_eq!(
            PixelFormat::BGRX.big_endian().cpixel(&[1, 2, 3]),
            0x0001_0203
        );
        assert_eq!(high.cpixel(&[1, 2, 3]), 0x0302_0100);
        assert_eq!(high.big_endian().cpixel(&[1, 2, 3]), 0x0102_0300);
        // 16 bits in the middle could be either: the least significant 3 bytes are sent.
        let middle = PixelFormat {
            depth: 16,
            shift: [19, 13, 8],
            ..PixelFormat::RGB565
        };
        let middle = PixelFormat {
            bits_per_pixel: 32,
            ..middle
        };
        assert_eq!(
            (middle.bytes_per_cpixel(), middle.cpixel(&[0, 2, 3])),
            (3, 0x0003_0200)
        );
        let wide = PixelFormat {
            shift: [24, 8, 0],
            ..PixelFormat::BGRX
        };
        let deep = PixelFormat {
            depth: 32,
            ..PixelFormat::BGRX
        };
        for long in [wide, deep] {
            assert_eq!(long.bytes_per_cpixel(), 4);
            assert_eq!(long.cpixel(&[1, 2, 3, 4]), 0x0403_0201);
        }
        assert_eq!(PixelFormat::RGB565.bytes_per_cpixel(), 2);
        assert_eq!(PixelFormat::COLOUR_MAP.bytes_per_cpixel(), 1);
    }

    /// rfbproto "Tight Encoding".
    #[test]
    fn a_tpixel_is_red_green_and_blue_in_any_order_of_bytes() {
        for format in [PixelFormat::BGRX, PixelFormat::BGRX.big_endian()] {
            assert_eq!(format.bytes_per_tpixel(), 3);
            assert_eq!(format.tpixel(&[1, 2, 3]), 0x0001_0203);
        }
        assert_eq!(PixelFormat::RGBX.tpixel(&[1, 2, 3]), 0x0003_0201);
        let deep = PixelFormat {
            depth: 32,
            ..PixelFormat::BGRX
        };
        assert_eq!(deep.bytes_per_tpixel(), 4);
        assert_eq!(deep.tpixel(&[1, 2, 3, 4]), 0x0403_0201);
        assert_eq!(PixelFormat::RGB565.tpixel(&[1, 2]), 0x0201);
        assert_eq!(PixelFormat::BGR233.tpixel(&[7]), 7);
    }

    #[test]
    fn colours_go_to_pixels_and_back() {
        assert_eq!(PixelFormat::BGRX.nearest([1, 2, 3]), 0x01_0203);
        assert_eq!(PixelFormat::RGBX.nearest([1, 2, 3]), 0x03_0201);
        assert_eq!(
            PixelFormat::RGB565.nearest([255, 128, 0]),
            31 << 11 | 32 << 5
        );
        assert_eq!(
            PixelFormat::RGB565.colour(31 << 11 | 32 << 5),
            [255, 130, 0]
        );
        assert_eq!(PixelFormat::BGR233.nearest([255, 0, 255]), 0xc7);
        assert_eq!(PixelFormat::RGB222.mask(), 0x3f);
        let everything = Picture::draw(256, 1, |x, _| [x as u8; 3]);
        assert_eq!(PixelFormat::BGRX.reduce(&everything), everything);
    }

    #[test]
    fn a_reduced_channel_may_be_rounded_or_cut() {
        let format = PixelFormat::RGB555;
        // 100 · 31 / 255 = 12.16 and 103 · 31 / 255 = 12.52.
        assert!(format.allows(12 << 10, [100, 0, 0]));
        assert!(!format.allows(13 << 10, [100, 0, 0]));
        assert!(format.allows(12 << 10, [103, 0, 0]));
        assert!(format.allows(13 << 10, [103, 0, 0]));
        assert!(!format.allows(11 << 10, [103, 0, 0]));
    }
}
