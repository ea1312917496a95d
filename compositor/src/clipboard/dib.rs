//! Device-independent bitmaps: pictures as viewers' clipboards have them, and BMP files, which are
//! the same behind 14 bytes. See "Bitmap Storage" and "BITMAPV5HEADER structure" in Microsoft's
//! documentation. Numbers are little-endian.

use super::picture::{Picture, area};

/// The longest bitmap that is made, in bytes: viewers' clipboards hold no more.
const MAX_BYTES: usize = 16 << 20;
/// The bytes in front of the bitmap in a BMP file.
const FILE_HEADER: usize = 14;
/// BITMAPINFOHEADER, and BITMAPV5HEADER, which can say where alpha is.
const INFO: usize = 40;
const V5: usize = 124;
/// Compressions: none; none, but where colours are is said; the same with alpha.
const RGB: u32 = 0;
const BITFIELDS: u32 = 3;
const ALPHA_BITFIELDS: u32 = 6;
/// Where red, green, blue and alpha are in a pixel.
const MASKS: [u32; 4] = [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0xff00_0000];
/// The colour space "sRGB".
const SRGB: u32 = 0x7352_4742;

/// The bytes of a bitmap.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], String> {
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk());
        bytes
            .copied()
            .ok_or_else(|| "a bitmap without its end".to_owned())
    }

    fn u16(&self, at: usize) -> Result<usize, String> {
        Ok(u16::from_le_bytes(self.array(at)?).into())
    }

    fn u32(&self, at: usize) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array(at)?))
    }

    fn i32(&self, at: usize) -> Result<i32, String> {
        Ok(i32::from_le_bytes(self.array(at)?))
    }
}

/// Where and how the pixels of a bitmap are.
struct Layout {
    width: usize,
    height: usize,
    /// The first row is the uppermost one.
    is_top_down: bool,
    /// Bits in a pixel.
    bits: usize,
    colours: Colours,
    /// Where the first row is.
    start: usize,
}

enum Colours {
    /// By their numbers.
    Palette(Vec<[u8; 4]>),
    /// Where red, green, blue and alpha are in a pixel.
    Masks([u32; 4]),
}

/// Whether a bitmap may have so many bytes.
pub(super) fn check_length(bytes: usize) -> Result<(), String> {
    match bytes <= MAX_BYTES {
        true => Ok(()),
        false => Err(format!("a bitmap of more than {MAX_BYTES} bytes")),
    }
}

/// Reads a bitmap.
pub(super) fn read(dib: &[u8]) -> Result<Picture, String> {
    Layout::of(&Bytes(dib))?.read(&Bytes(dib))
}

/// Reads a BMP file.
pub(super) fn read_bmp(file: &[u8]) -> Result<Picture, String> {
    let header = Bytes(file);
    if header.array(0)? != *b"BM" {
        return Err("no BMP file".to_owned());
    }
    let start = (header.u32(10)? as usize).checked_sub(FILE_HEADER);
    let dib = Bytes(file.get(FILE_HEADER..).unwrap_or_default());
    let mut layout = Layout::of(&dib)?;
    layout.start = start.ok_or("a BMP file whose pixels are in its header")?;
    layout.read(&dib)
}

/// Makes a bitmap: with alpha if the picture is not opaque.
pub(super) fn write(picture: &Picture) -> Result<Vec<u8>, String> {
    let is_opaque = picture.is_opaque();
    let (header, bits) = if is_opaque { (INFO, 24) } else { (V5, 32) };
    let stride = stride(picture.width, bits);
    let pixels = stride * picture.height;
    check_length(header + pixels)?;
    let mut dib = Vec::with_capacity(header + pixels);
    let compression = if is_opaque { RGB } else { BITFIELDS };
    for number in [header, picture.width, picture.height, 1 | bits << 16] {
        dib.extend((number as u32).to_le_bytes());
    }
    for number in [compression, pixels as u32, 0, 0, 0, 0] {
        dib.extend(number.to_le_bytes());
    }
    if !is_opaque {
        for number in MASKS.into_iter().chain([SRGB]) {
            dib.extend(number.to_le_bytes());
        }
        dib.resize(V5, 0);
    }
    for row in picture.pixels.chunks_exact(picture.width).rev() {
        let end = dib.len() + stride;
        for [red, green, blue, alpha] in row {
            dib.extend([*blue, *green, *red]);
            if !is_opaque {
                dib.push(*alpha);
            }
        }
        dib.resize(end, 0);
    }
    Ok(dib)
}

/// Makes a BMP file.
pub(super) fn write_bmp(picture: &Picture) -> Result<Vec<u8>, String> {
    let dib = write(picture)?;
    let header = if picture.is_opaque() { INFO } else { V5 };
    let mut file = b"BM".to_vec();
    for number in [FILE_HEADER + dib.len(), 0, FILE_HEADER + header] {
        file.extend((number as u32).to_le_bytes());
    }
    file.extend(dib);
    Ok(file)
}

/// The bytes of a row: a multiple of four.
fn stride(width: usize, bits: usize) -> usize {
    (width * bits).div_ceil(32) * 4
}

impl Layout {
    fn of(dib: &Bytes) -> Result<Self, String> {
        let header = dib.u32(0)? as usize;
        if !(INFO..=V5).contains(&header) {
            return Err(format!("a bitmap with a header of {header} bytes"));
        }
        let (width, height) = (dib.i32(4)?, dib.i32(8)?);
        let is_top_down = height < 0;
        let width = usize::try_from(width).unwrap_or(0);
        let height = height.unsigned_abs() as usize;
        area(width, height)?;
        let (bits, compression) = (dib.u16(14)?, dib.u32(16)?);
        let masks = match (compression, bits) {
            (RGB, 1 | 4 | 8) => None,
            (RGB, 16) => Some([0x7c00, 0x03e0, 0x001f, 0]),
            (RGB, 24 | 32) => Some([MASKS[0], MASKS[1], MASKS[2], 0]),
            (BITFIELDS | ALPHA_BITFIELDS, 16 | 32) => {
                let has_alpha = header > INFO + 12 || compression == ALPHA_BITFIELDS;
                let alpha = if has_alpha { dib.u32(52)? } else { 0 };
                Some([dib.u32(40)?, dib.u32(44)?, dib.u32(48)?, alpha])
            }
            _ => {
                return Err(format!(
                    "a bitmap of {bits} bits, compressed by {compression}"
                ));
            }
        };
        // The masks are behind the shortest header, and inside of the others.
        let palette = header
            + match (header, compression) {
                (INFO, BITFIELDS) => 12,
                (INFO, ALPHA_BITFIELDS) => 16,
                _ => 0,
            };
        let used = dib.u32(32)? as usize;
        let count = match bits {
            1..=8 if used == 0 || used > 1 << bits => 1 << bits,
            _ => used,
        };
        let start = count.checked_mul(4).and_then(|it| it.checked_add(palette));
        let colours = match masks {
            Some(masks) => Colours::Masks(masks),
            None => {
                let entry = |number| dib.array(palette + 4 * number);
                let entries = (0..count).map(entry).collect::<Result<Vec<[u8; 4]>, _>>()?;
                let colours = entries.into_iter().map(|[b, g, r, _]| [r, g, b, 255]);
                Colours::Palette(colours.collect())
            }
        };
        Ok(Self {
            width,
            height,
            is_top_down,
            bits,
            colours,
            start: start.ok_or("a bitmap with a huge palette")?,
        })
    }

    fn read(&self, dib: &Bytes) -> Result<Picture, String> {
        let stride = stride(self.width, self.bits);
        let end = self.start.checked_add(stride * self.height);
        let rows = end.and_then(|end| dib.0.get(self.start..end));
        let rows = rows
            .ok_or("a bitmap without all of its rows")?
            .chunks_exact(stride);
        let mut pixels = Vec::with_capacity(self.width * self.height);
        let mut read_row = |row| pixels.extend((0..self.width).map(|x| self.pixel(row, x)));
        match self.is_top_down {
            true => rows.for_each(&mut read_row),
            false => rows.rev().for_each(&mut read_row),
        }
        // Nobody copies what cannot be seen: it is a program that left alpha alone.
        if pixels.iter().all(|[.., alpha]| *alpha == 0) {
            pixels.iter_mut().for_each(|[.., alpha]| *alpha = u8::MAX);
        }
        Ok(Picture {
            width: self.width,
            height: self.height,
            pixels,
        })
    }

    fn pixel(&self, row: &[u8], x: usize) -> [u8; 4] {
        let at = x * self.bits;
        let byte = |number: usize| u32::from(row.get(at / 8 + number).copied().unwrap_or(0));
        match &self.colours {
            Colours::Palette(palette) => {
                // The first pixel is in the highest bits.
                let shift = 8 - self.bits - at % 8;
                let number = byte(0) >> shift & ((1 << self.bits) - 1);
                palette
                    .get(number as usize)
                    .copied()
                    .unwrap_or([0, 0, 0, 255])
            }
            Colours::Masks([red, green, blue, alpha]) => {
                let value = (0..self.bits / 8).fold(0, |value, it| value | byte(it) << (8 * it));
                let [red, green, blue] = [red, green, blue].map(|mask| part(value, *mask, 0));
                [red, green, blue, part(value, *alpha, u8::MAX)]
            }
        }
    }
}

/// A channel of a pixel, as 0 to 255; `missing` if there is none.
fn part(value: u32, mask: u32, missing: u8) -> u8 {
    if mask == 0 {
        return missing;
    }
    let shift = mask.trailing_zeros();
    let (value, most) = (u64::from((value & mask) >> shift), u64::from(mask >> shift));
    u8::try_from((value * 255 + most / 2) / most).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::picture::tests::picture;
    use super::*;

    /// A bitmap of two pixels in one row.
    fn bitmap(header: usize, bits: u32, compression: u32, used: u32, rest: &[u8]) -> Vec<u8> {
        let numbers = [
            header as u32,
            2,
            1,
            1 | bits << 16,
            compression,
            0,
            0,
            0,
            used,
            0,
        ];
        let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
        numbers.chain(rest.iter().copied()).collect()
    }

    #[test]
    fn bitmaps_are_laid_out_as_microsoft_says() {
        let mut expected = vec![40, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0];
        expected.extend([0, 0, 0, 0, 8, 0, 0, 0]);
        expected.extend([0; 16]);
        expected.extend([3, 2, 1, 6, 5, 4, 0, 0]);
        let mut two = Picture {
            width: 2,
            height: 1,
            pixels: vec![[1, 2, 3, 255], [4, 5, 6, 255]],
        };
        assert_eq!(write(&two), Ok(expected));
        two.pixels[0][3] = 9;
        let dib = write(&two).unwrap();
        assert_eq!(dib.len(), 124 + 8);
        assert_eq!(
            dib[40..56],
            [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255]
        );
        assert_eq!(dib[124..], [3, 2, 1, 9, 6, 5, 4, 255]);
        let file = write_bmp(&two).unwrap();
        assert_eq!(
            file[..14],
            [b'B', b'M', 146, 0, 0, 0, 0, 0, 0, 0, 138, 0, 0, 0]
        );
        assert_eq!(file[14..], dib);
    }

    #[test]
    fn all_depths_are_read() {
        let (red, blue) = ([255, 0, 0, 255], [0, 0, 255, 255]);
        let palette = [0, 0, 255, 0, 255, 0, 0, 0];
        let with_palette = |row: &[u8]| [&palette[..], row].concat();
        let masks = |masks: [u32; 3]| masks.map(u32::to_le_bytes).concat();
        let fields = [masks([0xf800, 0x07e0, 0x001f]), vec![0, 0xf8, 0x1f, 0]].concat();
        let v5 = |alpha: u8| {
            let mut rest = MASKS.map(u32::to_le_bytes).concat();
            rest.resize(V5 - INFO, 0);
            [rest, vec![0, 0, 255, alpha, 255, 0, 0, alpha]].concat()
        };
        for (dib, alpha) in [
            (
                bitmap(INFO, 1, RGB, 2, &with_palette(&[0x40, 0, 0, 0])),
                255,
            ),
            (
                bitmap(INFO, 4, RGB, 2, &with_palette(&[0x01, 0, 0, 0])),
                255,
            ),
            (bitmap(INFO, 8, RGB, 2, &with_palette(&[0, 1, 0, 0])), 255),
            (bitmap(INFO, 16, RGB, 0, &[0, 0x7c, 0x1f, 0]), 255),
            (bitmap(INFO, 16, BITFIELDS, 0, &fields), 255),
            (bitmap(INFO, 24, RGB, 0, &[0, 0, 255, 255, 0, 0, 0, 0]), 255),
            (bitmap(INFO, 32, RGB, 0, &[0, 0, 255, 7, 255, 0, 0, 8]), 255),
            (bitmap(V5, 32, BITFIELDS, 0, &v5(9)), 9),
            (bitmap(V5, 32, BITFIELDS, 0, &v5(0)), 255),
        ] {
            let pixels = [red, blue].map(|[r, g, b, _]| [r, g, b, alpha]);
            assert_eq!(read(&dib).unwrap().pixels, pixels);
        }
    }

    #[test]
    fn rows_go_up_or_down() {
        let picture = picture(3, 4, true);
        let mut dib = write(&picture).unwrap();
        assert_eq!(read(&dib), Ok(picture));
        let upside_down = read(&dib).unwrap().pixels;
        dib[8..12].copy_from_slice(&(-4_i32).to_le_bytes());
        let rows = upside_down.chunks(3).rev();
        assert_eq!(
            read(&dib).unwrap().pixels,
            rows.collect::<Vec<_>>().concat()
        );
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        let row = [0, 0, 255, 255, 0, 0, 0, 0];
        read(&bitmap(INFO, 24, RGB, 0, &row)).unwrap();
        for bad in [
            bitmap(12, 24, RGB, 0, &row),
            bitmap(usize::MAX, 24, RGB, 0, &row),
            bitmap(INFO, 23, RGB, 0, &row),
            bitmap(INFO, 0, RGB, 0, &row),
            bitmap(INFO, 8, 1, 0, &row),
            bitmap(INFO, 24, RGB, u32::MAX, &row),
            bitmap(INFO, 8, RGB, 0, &row),
            bitmap(INFO, 24, RGB, 0, &row[..7]),
            vec![],
        ] {
            assert!(read(&bad).is_err(), "{bad:?}");
        }
        let side = |at: usize, side: i32| {
            let mut dib = bitmap(INFO, 24, RGB, 0, &row);
            dib[at..at + 4].copy_from_slice(&side.to_le_bytes());
            read(&dib)
        };
        for (at, bad) in [
            (4, 0),
            (4, -2),
            (4, i32::MIN),
            (4, i32::MAX),
            (8, 0),
            (8, i32::MIN),
        ] {
            assert!(side(at, bad).is_err(), "{bad} at {at}");
        }
    }

    #[test]
    fn what_viewers_cannot_hold_is_not_made() {
        let pixels = vec![[0, 0, 0, 255]; 4096 * 2048];
        let (width, height) = (4096, 2048);
        let large = Picture {
            width,
            height,
            pixels,
        };
        assert!(write(&large).is_err());
    }
}
