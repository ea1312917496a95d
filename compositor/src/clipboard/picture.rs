//! Pictures that are copied, and the files in which Wayland clients have them.

use std::io::Cursor;

use super::dib;

/// The most pixels that a picture may have: a small file can be a huge picture.
pub(super) const MAX_PIXELS: usize = 1 << 24;
/// What reading a PNG file may take up besides its pixels, in bytes.
const MAX_DECODER: usize = 64 << 20;

/// A file that holds a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    Png,
    Bmp,
}

/// A picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// In pixels, as the height; neither is 0.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Red, green, blue and alpha, row by row from the top. Colours are not multiplied by alpha.
    pub(super) pixels: Vec<[u8; 4]>,
}

impl Picture {
    /// Reads a file.
    pub(super) fn read(file: File, bytes: &[u8]) -> Result<Self, String> {
        match file {
            File::Png => read_png(bytes),
            File::Bmp => dib::read_bmp(bytes),
        }
    }

    /// Makes a file of it.
    pub(super) fn write(&self, file: File) -> Result<Vec<u8>, String> {
        match file {
            File::Png => self.write_png().map_err(|error| error.to_string()),
            File::Bmp => dib::write_bmp(self),
        }
    }

    pub(super) fn is_opaque(&self) -> bool {
        self.pixels.iter().all(|[.., alpha]| *alpha == u8::MAX)
    }

    fn write_png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side(self.width), side(self.height));
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        if self.is_opaque() {
            encoder.set_color(png::ColorType::Rgb);
            let rgb = self.pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]);
            encoder
                .write_header()?
                .write_image_data(&rgb.collect::<Vec<_>>())?;
        } else {
            encoder.set_color(png::ColorType::Rgba);
            let rgba = self.pixels.as_flattened();
            encoder.write_header()?.write_image_data(rgba)?;
        }
        Ok(file)
    }
}

/// The number of pixels, if there are some, and not too many.
pub(super) fn area(width: usize, height: usize) -> Result<usize, String> {
    let area = width.checked_mul(height).filter(|area| *area <= MAX_PIXELS);
    match area {
        Some(area) if area > 0 => Ok(area),
        _ => Err(format!("a picture of {width}x{height} pixels")),
    }
}

fn read_png(bytes: &[u8]) -> Result<Picture, String> {
    let broken = |error: png::DecodingError| error.to_string();
    let limits = png::Limits { bytes: MAX_DECODER };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    // At least as long as a DIB with three bytes a pixel.
    dib::check_length(area(width, height)?.saturating_mul(3))?;
    let length = reader.output_buffer_size().unwrap_or(usize::MAX);
    // Four bytes a pixel at most, of which there are not too many.
    let mut bytes = vec![0; length.min(4 * MAX_PIXELS)];
    let colours = reader.next_frame(&mut bytes).map_err(broken)?.color_type;
    let pixels: Vec<[u8; 4]> = match colours {
        png::ColorType::Grayscale => bytes.iter().map(|y| [*y, *y, *y, 255]).collect(),
        png::ColorType::GrayscaleAlpha => {
            let pixels = bytes.as_chunks::<2>().0.iter();
            pixels.map(|[y, a]| [*y, *y, *y, *a]).collect()
        }
        png::ColorType::Rgba => bytes.as_chunks::<4>().0.to_vec(),
        png::ColorType::Rgb | png::ColorType::Indexed => {
            let pixels = bytes.as_chunks::<3>().0.iter();
            pixels.map(|[r, g, b]| [*r, *g, *b, 255]).collect()
        }
    };
    Ok(Picture {
        width,
        height,
        pixels,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A picture whose pixels all differ a bit.
    pub(in super::super) fn picture(width: usize, height: usize, opaque: bool) -> Picture {
        let pixel = |at: usize| {
            let [a, b, ..] = (at * 37).to_le_bytes();
            [a, b, a ^ b, if opaque { 255 } else { a }]
        };
        Picture {
            width,
            height,
            pixels: (0..width * height).map(pixel).collect(),
        }
    }

    #[test]
    fn files_keep_every_pixel() {
        for file in [File::Png, File::Bmp] {
            for opaque in [true, false] {
                // Rows of all lengths, as they are filled up in a BMP.
                for width in 1..=5 {
                    let picture = picture(width, 3, opaque);
                    let bytes = picture.write(file).unwrap();
                    assert_eq!(Picture::read(file, &bytes), Ok(picture));
                }
            }
        }
    }

    #[test]
    fn all_kinds_of_png_are_read() {
        use png::{BitDepth, ColorType};
        for (colours, depth, data, pixel) in [
            (ColorType::Grayscale, BitDepth::One, &[0x80][..], [255; 4]),
            (ColorType::Grayscale, BitDepth::Eight, &[7], [7, 7, 7, 255]),
            (
                ColorType::GrayscaleAlpha,
                BitDepth::Eight,
                &[7, 9],
                [7, 7, 7, 9],
            ),
            (
                ColorType::Rgb,
                BitDepth::Sixteen,
                &[1, 9, 2, 9, 3, 9],
                [1, 2, 3, 255],
            ),
            (ColorType::Indexed, BitDepth::Two, &[0x40], [4, 5, 6, 8]),
        ] {
            let mut file = Vec::new();
            let mut encoder = png::Encoder::new(&mut file, 1, 1);
            encoder.set_color(colours);
            encoder.set_depth(depth);
            if colours == ColorType::Indexed {
                encoder.set_palette(vec![1, 2, 3, 4, 5, 6]);
                encoder.set_trns(vec![7, 8]);
            }
            encoder
                .write_header()
                .unwrap()
                .write_image_data(data)
                .unwrap();
            let read = Picture::read(File::Png, &file).unwrap();
            assert_eq!(read.pixels, [pixel], "{colours:?} {depth:?}");
        }
    }

    #[test]
    fn a_file_that_is_a_huge_picture_is_refused() {
        for (side, reason) in [(4000, "more than 16777216 bytes"), (5000, "5000x5000")] {
            let mut file = Vec::new();
            let mut encoder = png::Encoder::new(&mut file, side, side);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.set_depth(png::BitDepth::One);
            let mut writer = encoder.write_header().unwrap();
            let row = (side as usize).div_ceil(8);
            let rows = vec![0; row * side as usize];
            writer.write_image_data(&rows).unwrap();
            writer.finish().unwrap();
            assert!(file.len() < 64 << 10);
            let error = Picture::read(File::Png, &file).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_broken_file_is_an_error() {
        for file in [File::Png, File::Bmp] {
            let whole = picture(3, 3, false).write(file).unwrap();
            for length in 0..whole.len() - 20 {
                assert!(Picture::read(file, &whole[..length]).is_err());
            }
        }
    }
}
