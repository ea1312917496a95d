//! TRLE (RFC 6143 §7.7.5) and ZRLE (§7.7.6): tiles with palettes and runs. ZRLE has larger tiles,
//! comes in a zlib stream, and cannot use a palette again.

use super::decode::unpack;
use super::framebuffer::{Area, Framebuffer};
use super::pixel_format::PixelFormat;
use super::wire::{Source, Wire, broken};
use super::zlib::{Inflated, ZlibStream};
use crate::Result;

/// The greatest palette whose numbers are packed into bytes.
const MOST_PACKED: usize = 16;

/// TRLE: tiles of 16 × 16 pixels.
pub(super) fn trle(
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    let mut palette = None;
    for tile in area.tiles(16) {
        palette = paint_tile(wire, format, framebuffer, tile, palette)?;
    }
    Ok(())
}

/// ZRLE: tiles of 64 × 64 pixels, all in one piece of a zlib stream.
pub(super) fn zrle(
    stream: &mut ZlibStream,
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    // In the worst case each pixel is a run of its own, and there is a large palette besides.
    let bytes = format.bytes_per_cpixel();
    let most = |tile: Area| 1 + 127 * bytes + tile.pixels() * (bytes + 1);
    let most = area.tiles(64).map(most).sum();
    let mut inflated = Inflated::new(stream.read(wire, most)?);
    for tile in area.tiles(64) {
        paint_tile(&mut inflated, format, framebuffer, tile, None)?;
        // The palette is forgotten: 127 and 129 are unused.
    }
    inflated.end()
}

/// Paints a tile, and returns its palette if it has one.
///
/// `last` is that of the tile before. The specification speaks both of "the previous tile" and of
/// "the last tile that had a palette": this holds for each of them.
fn paint_tile(
    source: &mut impl Source,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    tile: Area,
    last: Option<Vec<u32>>,
) -> Result<Option<Vec<u32>>> {
    let subencoding = source.byte("a tile")?;
    let palette = match subencoding {
        0 => {
            let pixels = cpixels(source, format, tile.pixels())?;
            framebuffer.paint(tile, pixels.into_iter());
            return Ok(None);
        }
        1 => {
            framebuffer.fill(tile, cpixel(source, format)?);
            return Ok(None);
        }
        128 => {
            let run = |source: &mut _| Ok((cpixel(source, format)?, run_length(source)?));
            paint_runs(source, framebuffer, tile, run)?;
            return Ok(None);
        }
        2..=16 => cpixels(source, format, subencoding.into())?,
        130..=255 => cpixels(source, format, usize::from(subencoding) - 128)?,
        127 | 129 => last.ok_or_else(|| broken("no palette to use again"))?,
        17..=126 => {
            return Err(broken(format!(
                "subencoding {subencoding}, which is unused"
            )));
        }
    };
    match subencoding & 128 {
        0 => paint_packed(source, framebuffer, tile, &palette)?,
        _ => {
            let run = |source: &mut _| palette_run(source, &palette);
            paint_runs(source, framebuffer, tile, run)?;
        }
    }
    Ok(Some(palette))
}

/// Numbers of palette entries of 1, 2 or 4 bits each, in rows that are filled up to bytes.
fn paint_packed(
    source: &mut impl Source,
    framebuffer: &mut Framebuffer,
    tile: Area,
    palette: &[u32],
) -> Result {
    let bits = match palette.len() {
        0..=2 => 1,
        3..=4 => 2,
        5..=MOST_PACKED => 4,
        size => return Err(broken(format!("a packed palette of {size} colours"))),
    };
    let bytes = (tile.width * bits).div_ceil(8) * tile.height;
    let numbers = unpack(source.take(bytes, "packed pixels")?, bits, tile.width);
    let values: Vec<u32> = numbers
        .map(|number| entry(palette, number))
        .collect::<Result<_>>()?;
    framebuffer.paint(tile, values.into_iter());
    Ok(())
}

/// Runs of pixels until the tile is full; they go on in the next row.
fn paint_runs<S: Source>(
    source: &mut S,
    framebuffer: &mut Framebuffer,
    tile: Area,
    run: impl Fn(&mut S) -> Result<(u32, usize)>,
) -> Result {
    let mut values = Vec::with_capacity(tile.pixels());
    while values.len() < tile.pixels() {
        let (value, length) = run(source)?;
        let room = tile.pixels() - values.len();
        if length > room {
            return Err(broken(format!(
                "a run of {length} pixels where {room} are left"
            )));
        }
        values.extend(std::iter::repeat_n(value, length));
    }
    framebuffer.paint(tile, values.into_iter());
    Ok(())
}

/// A run of palette RLE: a number of 7 bits, with a length behind it if the eighth is set.
fn palette_run(source: &mut impl Source, palette: &[u32]) -> Result<(u32, usize)> {
    let number = source.byte("a run")?;
    let length = match number & 128 {
        0 => 1,
        _ => run_length(source)?,
    };
    Ok((entry(palette, number & 127)?, length))
}

/// One more than the sum of the bytes, up to one that is not 255.
fn run_length(source: &mut impl Source) -> Result<usize> {
    let mut length = 1;
    loop {
        let byte = source.byte("the length of a run")?;
        length += usize::from(byte);
        if byte != 255 {
            return Ok(length);
        }
    }
}

fn entry(palette: &[u32], number: u8) -> Result<u32> {
    let value = palette.get(usize::from(number)).copied();
    value.ok_or_else(|| {
        broken(format!(
            "colour {number} of a palette of {} colours",
            palette.len()
        ))
    })
}

fn cpixel(source: &mut impl Source, format: PixelFormat) -> Result<u32> {
    Ok(format.cpixel(source.take(format.bytes_per_cpixel(), "a colour")?))
}

fn cpixels(source: &mut impl Source, format: PixelFormat, count: usize) -> Result<Vec<u32>> {
    let size = format.bytes_per_cpixel();
    let bytes = source.take(count * size, "colours")?;
    Ok(bytes
        .chunks_exact(size)
        .map(|it| format.cpixel(it))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::decode::Decoders;
    use super::super::decode::tests::{painted, painted_with};
    use super::super::encoding::{TRLE, ZRLE};
    use super::super::zlib::tests::stored;
    use super::*;

    const FORMAT: PixelFormat = PixelFormat::BGR233;

    /// ZRLE data: a length, and a piece of a zlib stream with these tiles.
    fn zrle_data(first: bool, tiles: &[u8]) -> Vec<u8> {
        let data = stored(first, tiles);
        [(data.len() as u32).to_be_bytes().as_slice(), &data].concat()
    }

    /// RFC 6143 §7.7.5, subencodings in order.
    #[test]
    fn every_subencoding_paints_its_tile() -> Result {
        let size = (3, 2);
        let cases: [(&[u8], &[u32]); 8] = [
            (&[0, 1, 2, 3, 4, 5, 6], &[1, 2, 3, 4, 5, 6]),
            (&[1, 9], &[9; 6]),
            // Two colours: one bit each, rows filled up.
            (&[2, 8, 9, 0b0101_1111, 0b1000_0000], &[8, 9, 8, 9, 8, 8]),
            // Three: two bits each.
            (&[3, 7, 8, 9, 0b0001_1000, 0b1000_0000], &[7, 8, 9, 9, 7, 7]),
            // Five: four bits each.
            (
                &[5, 5, 6, 7, 8, 9, 0x41, 0x20, 0x03, 0x00],
                &[9, 6, 7, 5, 8, 5],
            ),
            // Runs of 1 and 5 go over the end of a row.
            (&[128, 7, 0, 8, 4], &[7, 8, 8, 8, 8, 8]),
            // A palette of two: single pixels, and a run of 4.
            (&[130, 7, 8, 1, 0, 128 | 1, 3], &[8, 7, 8, 8, 8, 8]),
            (&[133, 1, 2, 3, 4, 5, 4, 3, 128, 3], &[5, 4, 1, 1, 1, 1]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(painted(&[TRLE], FORMAT, size, bytes)?.pixels, expected);
            let data = zrle_data(true, bytes);
            assert_eq!(painted(&[ZRLE], FORMAT, size, &data)?.pixels, expected);
        }
        Ok(())
    }

    /// The lengths that RFC 6143 §7.7.5 gives as examples.
    #[test]
    fn lengths_of_runs_are_sums_of_bytes() -> Result {
        let cases: [(usize, &[u8]); 6] = [
            (1, &[0]),
            (255, &[254]),
            (256, &[255, 0]),
            (257, &[255, 1]),
            (510, &[255, 254]),
            (511, &[255, 255, 0]),
        ];
        for (length, bytes) in cases {
            assert_eq!(run_length(&mut Inflated::new(bytes.to_vec()))?, length);
        }
        Ok(())
    }

    #[test]
    fn tiles_come_row_by_row_and_are_cut_at_the_edges() -> Result {
        // 17 × 17 pixels: tiles of 16x16, 1x16, 16x1 and 1x1.
        let tiles = [1, 1, 1, 2, 1, 3, 1, 4];
        let pixels = painted(&[TRLE], FORMAT, (17, 17), &tiles)?.pixels;
        let at = |x: usize, y: usize| pixels[y * 17 + x];
        assert_eq!(
            [at(15, 15), at(16, 15), at(15, 16), at(16, 16)],
            [1, 2, 3, 4]
        );
        // The same with 65 × 65 in ZRLE.
        let pixels = painted(&[ZRLE], FORMAT, (65, 65), &zrle_data(true, &tiles))?.pixels;
        let at = |x: usize, y: usize| pixels[y * 65 + x];
        assert_eq!(
            [at(63, 63), at(64, 63), at(63, 64), at(64, 64)],
            [1, 2, 3, 4]
        );
        Ok(())
    }

    #[test]
    fn colours_are_as_long_as_the_format_needs() -> Result {
        let size = (2, 1);
        let long = painted(&[TRLE], PixelFormat::BGRX, size, &[0, 1, 2, 3, 4, 5, 6])?;
        assert_eq!(long.pixels, [0x03_0201, 0x06_0504]);
        let big_endian = PixelFormat::BGRX.big_endian();
        assert_eq!(
            painted(&[TRLE], big_endian, size, &[1, 1, 2, 3])?.pixels,
            [0x01_0203; 2]
        );
        let short = PixelFormat::RGB565.big_endian();
        assert_eq!(
            painted(&[TRLE], short, size, &[1, 1, 2])?.pixels,
            [0x0102; 2]
        );
        let map = PixelFormat::COLOUR_MAP;
        assert_eq!(painted(&[TRLE], map, size, &[1, 200])?.pixels, [200; 2]);
        Ok(())
    }

    #[test]
    fn a_palette_is_used_again_only_in_trle_and_only_at_once() -> Result {
        // Two tiles, of 16x1 and 2x1 pixels.
        let size = (18, 1);
        let packed = [2, 8, 9, 0, 0, 127, 0b0100_0000];
        assert_eq!(
            painted(&[TRLE], FORMAT, size, &packed)?.pixels[16..],
            [8, 9]
        );
        let runs = [2, 8, 9, 0, 0, 129, 128 | 1, 1];
        assert_eq!(painted(&[TRLE], FORMAT, size, &runs)?.pixels[16..], [9, 9]);
        for lost in [&[1, 8, 127, 0][..], &[129, 0], &[128, 8, 15, 129, 0, 0]] {
            let error = painted(&[TRLE], FORMAT, size, lost).unwrap_err();
            assert_eq!(error.to_string(), "no palette to use again");
        }
        let error = painted(
            &[ZRLE],
            FORMAT,
            (65, 1),
            &zrle_data(true, &[130, 8, 9, 128, 63, 129, 0]),
        );
        assert_eq!(error.unwrap_err().to_string(), "no palette to use again");
        // A palette that runs have may be too large to be packed.
        let mut large = vec![128 | 17];
        large.extend(1..=17);
        large.extend([128, 15, 127, 0]);
        let error = painted(&[TRLE], FORMAT, size, &large).unwrap_err();
        assert_eq!(error.to_string(), "a packed palette of 17 colours");
        Ok(())
    }

    #[test]
    fn what_the_specification_forbids_is_an_error() {
        let cases: [(&str, &[u8]); 6] = [
            ("subencoding 17, which is unused", &[17]),
            ("subencoding 126, which is unused", &[126]),
            (
                "colour 3 of a palette of 3 colours",
                &[3, 1, 2, 3, 0b1100_0000],
            ),
            ("colour 2 of a palette of 2 colours", &[130, 1, 2, 2]),
            ("a run of 4 pixels where 3 are left", &[128, 1, 3]),
            ("the inflated bytes end before a run", &[130, 1, 2, 0, 0]),
        ];
        for (message, tile) in cases {
            let data = zrle_data(true, tile);
            let error = painted(&[ZRLE], FORMAT, (3, 1), &data).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let error = painted(&[ZRLE], FORMAT, (3, 1), &zrle_data(true, &[1, 2, 3])).unwrap_err();
        assert_eq!(error.to_string(), "1 inflated bytes are left over");
    }

    #[test]
    fn zrle_has_one_stream_for_all_rectangles() -> Result {
        let mut decoders = Decoders::default();
        for (first, value) in [(true, 7), (false, 8)] {
            let data = zrle_data(first, &[1, value as u8]);
            let painted = painted_with(&mut decoders, &[ZRLE], FORMAT, (2, 1), &data)?;
            assert_eq!(painted.pixels, [value; 2]);
        }
        Ok(())
    }
}
