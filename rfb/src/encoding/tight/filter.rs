//! What pixels are made into before they are compressed.

use super::band::{Band, Pixel, bits, colour};
use super::palette::Palette;
use crate::geometry::Rect;

/// Appends colours, `0x00RRGGBB`, as three bytes each: red, green and blue.
pub(super) fn put_colours(colours: &[u32], out: &mut Vec<u8>) {
    for colour in colours {
        let [_, rgb @ ..] = colour.to_be_bytes();
        out.extend_from_slice(&rgb);
    }
}

/// The same of pixels.
pub(super) fn put_rgb(pixels: &[Pixel], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 3 * pixels.len(), 0);
    copy_rgb(pixels, &mut out[start..]);
}

fn copy_rgb(pixels: &[Pixel], bytes: &mut [u8]) {
    let (to, _) = bytes.as_chunks_mut::<3>();
    for (to, [blue, green, red, _]) in to.iter_mut().zip(pixels.iter().copied()) {
        *to = [red, green, blue];
    }
}

/// A bit for each pixel that is not of the first colour: the highest for the leftmost,
/// each row in bytes of its own.
pub(super) fn mono(band: &Band, area: Rect, first: u32) -> Vec<u8> {
    let width = usize::from(area.width).div_ceil(8);
    let mut data: Vec<u8> = Vec::with_capacity(width * usize::from(area.height));
    for y in area.y..area.y + area.height {
        if y > area.y && band.is_like_above(area, y) {
            data.extend_from_within(data.len() - width..);
            continue;
        }
        let is_other = |pixel: Pixel| u8::from(colour(pixel) != first);
        let (eights, rest) = band.row(area, y).as_chunks::<8>();
        data.extend(
            eights
                .iter()
                .map(|eight| bits(eight.map(is_other)).reverse_bits()),
        );
        if !rest.is_empty() {
            let mut eight = [0; 8];
            for (to, pixel) in eight.iter_mut().zip(rest) {
                *to = is_other(*pixel);
            }
            data.push(bits(eight).reverse_bits());
        }
    }
    data
}

/// A byte for each pixel: the number of its colour.
pub(super) fn indices(band: &Band, area: Rect, palette: &Palette) -> Vec<u8> {
    let width = usize::from(area.width);
    let mut data: Vec<u8> = Vec::with_capacity(area.area() as usize);
    for y in area.y..area.y + area.height {
        let start = data.len();
        if y > area.y && band.is_like_above(area, y) {
            data.extend_from_within(start - width..);
            continue;
        }
        data.resize(start + width, 0);
        let (row, line) = (band.row(area, y), &mut data[start..]);
        let (mut from, mut index) = (0, 0);
        band.run_starts(area, y).for_each(|x| {
            line[from..x].fill(index);
            (from, index) = (x, palette.index(colour(row[x])));
        });
        line[from..].fill(index);
    }
    data
}

/// What the gradient filter leaves: for each channel the difference from left + above −
/// left above, as far as that is a possible value. Outside of the area all is black.
pub(super) fn gradient(band: &Band, area: Rect) -> Vec<u8> {
    /// A pixel to the left of each row.
    const MARGIN: usize = 3;
    let length = usize::from(area.width) * 3;
    let mut data = Vec::with_capacity(area.area() as usize * 3);
    let mut above = vec![0; MARGIN + length];
    let mut own = above.clone();
    for row in band.rows(area) {
        copy_rgb(row, &mut own[MARGIN..]);
        let known = own.iter().zip(&above[MARGIN..]).zip(&above);
        data.extend(
            own[MARGIN..]
                .iter()
                .zip(known)
                .map(|(own, ((left, above), corner))| {
                    let expected = i16::from(*left) + i16::from(*above) - i16::from(*corner);
                    own.wrapping_sub(expected.clamp(0, 255) as u8)
                }),
        );
        std::mem::swap(&mut own, &mut above);
    }
    data
}
