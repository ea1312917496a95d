use super::decode::unpack;
use super::framebuffer::Area;
use super::pixel_format::PixelFormat;
use super::tight::tpixel;
use super::wire::{Wire, broken};
use crate::Result;

/// What was done to pixels before they were compressed (rfbproto "Tight Encoding").
pub(super) enum Filter {
    /// Nothing.
    Copy,
    /// They are numbers of these 2 to 256 colours.
    Palette(Vec<u32>),
    /// They are differences from what their neighbours let expect.
    Gradient,
}

impl Filter {
    /// Reads which one it is, and its palette.
    pub(super) fn read(wire: &mut Wire, format: PixelFormat) -> Result<Self> {
        match wire.u8("the filter of Tight")? {
            0 => Ok(Self::Copy),
            1 => {
                let size = usize::from(wire.u8("the size of a palette")?) + 1;
                if size < 2 {
                    return Err(broken("a palette of one colour in Tight"));
                }
                let colours = (0..size).map(|_| tpixel(wire, format));
                Ok(Self::Palette(colours.collect::<Result<_>>()?))
            }
            2 if format.bits_per_pixel == 8 || !format.true_colour => {
                Err(broken("the gradient filter of Tight with 8 bits per pixel"))
            }
            2 => Ok(Self::Gradient),
            other => Err(broken(format!("the filter {other} of Tight"))),
        }
    }

    /// How many bytes the pixels of `area` are.
    pub(super) fn length(&self, format: PixelFormat, area: Area) -> usize {
        match self {
            Self::Copy | Self::Gradient => area.pixels() * format.bytes_per_tpixel(),
            Self::Palette(colours) => (area.width * bits(colours)).div_ceil(8) * area.height,
        }
    }

    /// The pixel values in these bytes, which are [`Filter::length`] many.
    pub(super) fn values(
        &self,
        data: &[u8],
        format: PixelFormat,
        width: usize,
    ) -> Result<Vec<u32>> {
        let tpixels = data.chunks_exact(format.bytes_per_tpixel());
        let tpixels = tpixels.map(|bytes| format.tpixel(bytes));
        match self {
            Self::Copy => Ok(tpixels.collect()),
            Self::Palette(colours) => unpack(data, bits(colours), width)
                .map(|number| {
                    let value = colours.get(usize::from(number)).copied();
                    value.ok_or_else(|| {
                        let size = colours.len();
                        broken(format!("colour {number} of a palette of {size} colours"))
                    })
                })
                .collect(),
            Self::Gradient => Ok(undo_gradient(tpixels, format, width)),
        }
    }
}

/// How many bits the number of a colour has.
fn bits(colours: &[u32]) -> usize {
    match colours.len() {
        2 => 1,
        _ => 8,
    }
}

/// Pixels from their differences to what is expected: each channel that of the pixel to the left
/// plus that above, minus that above the left one, but not beyond what it can be. Outside of the
/// rectangle all are 0.
fn undo_gradient(
    differences: impl Iterator<Item = u32>,
    format: PixelFormat,
    width: usize,
) -> Vec<u32> {
    // The row above, with a pixel to the left of the first; overwritten as this row proceeds.
    let mut above = vec![[0_u32; 3]; width + 1];
    let mut values = Vec::new();
    let (mut left, mut above_left) = ([0_u32; 3], [0_u32; 3]);
    for (at, difference) in differences.enumerate() {
        let x = 1 + at % width;
        if x == 1 {
            (left, above_left) = ([0; 3], [0; 3]);
        }
        let difference = format.channels(difference);
        let channels: [u32; 3] = std::array::from_fn(|c| {
            let max = u32::from(format.max[c]);
            let expected = (left[c] + above[x][c])
                .saturating_sub(above_left[c])
                .min(max);
            (expected + difference[c]) & max
        });
        values.push(format.with_channels(channels));
        above_left = std::mem::replace(&mut above[x], channels);
        left = channels;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::super::decode::tests::painted;
    use super::super::encoding::{TIGHT, TIGHT_WITHOUT_ZLIB};
    use super::*;

    const FORMAT: PixelFormat = PixelFormat::BGRX;

    fn pixels(format: PixelFormat, size: (u16, u16), bytes: &[u8]) -> Result<Vec<u32>> {
        let encodings = [TIGHT, TIGHT_WITHOUT_ZLIB];
        painted(&encodings, format, size, bytes).map(|framebuffer| framebuffer.pixels)
    }

    #[test]
    fn two_colours_take_a_bit_and_more_take_a_byte() -> Result {
        let colours = [1, 1, 1, 2, 2, 2, 3, 3, 3];
        // Control: basic with a filter. 10 pixels in two rows.
        let two = [&[0x40, 1, 1], &colours[..6], &[0b0100_1000, 0b1000_0000]].concat();
        let (one, other) = (0x01_0101, 0x02_0202);
        let expected = [one, other, one, one, other, other, one, one, one, one];
        assert_eq!(pixels(FORMAT, (5, 2), &two)?, expected);
        let three = [&[0x40, 1, 2], &colours[..], &[2, 0, 1]].concat();
        assert_eq!(pixels(FORMAT, (3, 1), &three)?, [0x03_0303, one, other]);
        // In 8 bits, and in 16.
        assert_eq!(
            pixels(PixelFormat::COLOUR_MAP, (2, 1), &[0x40, 1, 1, 7, 8, 0x40])?,
            [7, 8]
        );
        let short = PixelFormat::RGB565.big_endian();
        assert_eq!(
            pixels(short, (2, 1), &[0x40, 1, 1, 1, 2, 3, 4, 0x40])?,
            [0x0102, 0x0304]
        );
        Ok(())
    }

    #[test]
    fn a_large_palette_has_a_length_like_any_data() -> Result {
        // 256 colours of 8 bits; 12 pixels, without zlib.
        let colours: Vec<u8> = (0..=255).rev().collect();
        let numbers: Vec<u8> = (244..=255).collect();
        let bytes = [&[0xe0, 1, 255], &colours[..], &[12], &numbers].concat();
        let expected: Vec<u32> = (0..12).rev().collect();
        assert_eq!(pixels(PixelFormat::BGR233, (12, 1), &bytes)?, expected);
        Ok(())
    }

    /// rfbproto "Tight Encoding", GradientFilter: D = V - P, by hand for 2 × 2 pixels.
    #[test]
    fn gradients_are_undone() -> Result {
        // V: (10, 250, 0) (20, 255, 1)
        //    (5, 250, 255) (15, 0, 255)
        // P of the second row's second pixel: 20+5-10 = 15, 255+250-250 = 255, 1+255-0 > 255.
        let differences = [
            10, 250, 0, 10, 5, 1, //
            251, 0, 255, 0, 1, 0,
        ];
        let bytes = [&[0xe0, 2, 12][..], &differences].concat();
        let expected = [0x0a_fa00, 0x14_ff01, 0x05_faff, 0x0f_00ff];
        assert_eq!(pixels(FORMAT, (2, 2), &bytes)?, expected);
        // P below 0 is 0: V is 0 and 0 above 9 and 0, whose P is 0 + 0 - 9.
        let values = undo_gradient([9, 247, 247, 0].into_iter(), FORMAT, 2);
        assert_eq!(values, [9, 0, 0, 0]);
        // 16 bits, big-endian: V of red 31 then 0, whose P is 31.
        let short = PixelFormat::RGB565.big_endian();
        assert_eq!(
            pixels(short, (2, 1), &[0x40, 2, 0xf8, 0, 0x08, 0])?,
            [0xf800, 0x0000]
        );
        Ok(())
    }

    #[test]
    fn what_the_specification_forbids_is_an_error() {
        let eight = PixelFormat::BGR233;
        let cases: [(&str, PixelFormat, &[u8]); 4] = [
            ("the filter 3 of Tight", FORMAT, &[0x40, 3]),
            ("a palette of one colour in Tight", eight, &[0x40, 1, 0]),
            (
                "colour 3 of a palette of 3 colours",
                eight,
                &[0x40, 1, 2, 7, 8, 9, 3],
            ),
            (
                "the gradient filter of Tight with 8 bits per pixel",
                eight,
                &[0x40, 2, 0],
            ),
        ];
        for (message, format, bytes) in cases {
            let error = pixels(format, (1, 1), bytes).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
