//! PngCompression (rfbproto "Tight PNG Encoding"): whole PNG files.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, EncodingError, Filter};

use super::band::Band;
use super::content::Content;
use super::filter::{indices, put_colours, put_rgb};
use super::palette::Palette;
use crate::geometry::Rect;

/// The file of an area that has more than one colour.
pub(super) fn file(band: &Band, area: Rect, content: &Content, level: u8) -> Vec<u8> {
    let mut file = Vec::new();
    // Nothing here can fail: the numbers fit together, and it is written to memory.
    let _ = write(band, area, content, level, &mut file);
    file
}

fn write(
    band: &Band,
    area: Rect,
    content: &Content,
    level: u8,
    file: &mut Vec<u8>,
) -> Result<(), EncodingError> {
    let mut encoder = Encoder::new(file, area.width.into(), area.height.into());
    let compression = match level {
        0 => DeflateCompression::NoCompression,
        _ => DeflateCompression::Level(level),
    };
    let pixels = match content {
        Content::Palette(palette) => {
            let (depth, bits) = depth(palette);
            let mut colours = Vec::new();
            put_colours(palette.colours(), &mut colours);
            encoder.set_color(ColorType::Indexed);
            encoder.set_depth(depth);
            encoder.set_palette(colours);
            encoder.set_filter(Filter::NoFilter);
            encoder.set_deflate_compression(compression);
            packed(&indices(band, area, palette), area.width.into(), bits)
        }
        _ => {
            let (filter, compression) = match content {
                Content::Picture if level > 0 => {
                    (Filter::Paeth, DeflateCompression::FdeflateUltraFast)
                }
                _ => (Filter::NoFilter, compression),
            };
            encoder.set_color(ColorType::Rgb);
            encoder.set_filter(filter);
            encoder.set_deflate_compression(compression);
            let mut pixels = Vec::with_capacity(area.area() as usize * 3);
            for row in band.rows(area) {
                put_rgb(row, &mut pixels);
            }
            pixels
        }
    };
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()
}

/// The bits for each number of a colour.
fn depth(palette: &Palette) -> (BitDepth, usize) {
    match palette.colours().len() {
        ..=2 => (BitDepth::One, 1),
        3..=4 => (BitDepth::Two, 2),
        5..=16 => (BitDepth::Four, 4),
        _ => (BitDepth::Eight, 8),
    }
}

/// Numbers with so many bits each, the leftmost in the highest, each row in bytes of its
/// own.
fn packed(numbers: &[u8], width: usize, bits: usize) -> Vec<u8> {
    let bytes = numbers.chunks(width).flat_map(|row| {
        row.chunks(8 / bits).map(|numbers| {
            let places = numbers.iter().zip((0..8).step_by(bits));
            places.fold(0, |byte, (number, place)| {
                byte | number << (8 - bits) >> place
            })
        })
    });
    bytes.collect()
}
