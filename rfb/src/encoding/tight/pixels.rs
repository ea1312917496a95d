//! Pixels as the Tight encoding has them.

use super::band::{Pixel, colour};
use super::filter::{put_colours, put_rgb};
use crate::pixel_format::{PixelFormat, Translator};

/// Writes pixels as TPIXELs of a format (rfbproto "Tight Encoding").
pub(super) enum Pixels {
    /// Three bytes: red, green and blue, whatever their places in the format.
    Rgb,
    /// As they are in the format.
    Whole(Translator),
}

impl Pixels {
    pub(super) fn of(format: &PixelFormat) -> Self {
        match format.has_short_tpixels() {
            true => Self::Rgb,
            false => Self::Whole(format.translator()),
        }
    }

    /// Appends colours, `0x00RRGGBB`.
    pub(super) fn put_colours(&self, colours: &[u32], out: &mut Vec<u8>) {
        match self {
            Self::Rgb => put_colours(colours, out),
            Self::Whole(translator) => {
                for colour in colours {
                    translator.put(translator.pixel(*colour), out);
                }
            }
        }
    }

    /// Appends pixels.
    pub(super) fn put(&self, pixels: &[Pixel], out: &mut Vec<u8>) {
        match self {
            Self::Rgb => put_rgb(pixels, out),
            Self::Whole(translator) => {
                for pixel in pixels {
                    translator.put(translator.pixel(colour(*pixel)), out);
                }
            }
        }
    }
}
