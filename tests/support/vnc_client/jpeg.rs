//! JPEG (rfbproto "JPEG Encoding", and what Tight has of it).

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::framebuffer::{Area, Framebuffer};
use super::pixel_format::PixelFormat;
use super::wire::{Source, Wire, broken};
use crate::Result;

// Markers (ITU-T T.81, table B.1), each behind a byte of 0xff.
const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const FIRST_RESTART: u8 = 0xd0;
const LAST_RESTART: u8 = 0xd7;

/// Reads the body of a JPEG rectangle and paints it. It must be a whole file: the encoding lets
/// tables of the one before be used again, which not all viewers do.
pub(super) fn decode(
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    if !format.true_colour {
        return Err(broken("a JPEG for a viewer with a colour map"));
    }
    paint(&read(wire)?, format, framebuffer, area)
}

/// Reads a file, whose end nothing but its own segments tells.
pub(super) fn read(source: &mut impl Source) -> Result<Vec<u8>> {
    let mut file = source.take(2, "the start of a JPEG")?.to_vec();
    if file != [0xff, START_OF_IMAGE] {
        return Err(broken("no JPEG"));
    }
    let mut marker = read_marker(source, &mut file)?;
    loop {
        marker = match marker {
            END_OF_IMAGE => return Ok(file),
            0..=1 | FIRST_RESTART..=START_OF_IMAGE => {
                return Err(broken(format!(
                    "the marker {marker:#04x} between a JPEG's segments"
                )));
            }
            _ => {
                read_segment(source, &mut file)?;
                match marker {
                    START_OF_SCAN => read_scan(source, &mut file)?,
                    _ => read_marker(source, &mut file)?,
                }
            }
        }
    }
}

fn read_marker(source: &mut impl Source, file: &mut Vec<u8>) -> Result<u8> {
    match source.byte("a marker of a JPEG")? {
        0xff => {
            file.push(0xff);
            read_marker_rest(source, file)
        }
        other => Err(broken(format!(
            "{other:#04x} where a JPEG's marker should be"
        ))),
    }
}

/// What is behind the first byte of a marker, which may be repeated.
fn read_marker_rest(source: &mut impl Source, file: &mut Vec<u8>) -> Result<u8> {
    loop {
        let byte = source.byte("a marker of a JPEG")?;
        file.push(byte);
        if byte != 0xff {
            return Ok(byte);
        }
    }
}

/// What is behind a marker: a length, which counts its own 2 bytes, and as much.
fn read_segment(source: &mut impl Source, file: &mut Vec<u8>) -> Result {
    let length = source.take(2, "the length of a JPEG's segment")?;
    file.extend(length);
    let rest = u16::from_be_bytes([length[0], length[1]]).checked_sub(2);
    let rest = rest.ok_or_else(|| broken("a JPEG's segment that is shorter than its length"))?;
    file.extend(source.take(rest.into(), "a JPEG's segment")?);
    Ok(())
}

/// Reads compressed data, and returns the marker behind it. In the data a 0 is put behind each
/// 0xff, and there are restart markers.
fn read_scan(source: &mut impl Source, file: &mut Vec<u8>) -> Result<u8> {
    loop {
        let byte = source.byte("the data of a JPEG")?;
        file.push(byte);
        if byte != 0xff {
            continue;
        }
        match read_marker_rest(source, file)? {
            0 | FIRST_RESTART..=LAST_RESTART => {}
            marker => return Ok(marker),
        }
    }
}

/// Whether a file is JFIF (ITU-T T.871 §10.1): it says so in its first segment.
pub(super) fn is_jfif(file: &[u8]) -> bool {
    file.get(2..4) == Some(&[0xff, 0xe0]) && file.get(6..11) == Some(b"JFIF\0")
}

/// Paints `area`, which was checked, with a picture of its size.
pub(super) fn paint(
    file: &[u8],
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(u16::MAX.into())
        .set_max_height(u16::MAX.into())
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    let rgb = decoder.decode();
    let rgb = rgb.map_err(|error| broken(format!("a wrong JPEG: {error}")))?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    if (width, height) != (area.width, area.height) {
        return Err(broken(format!(
            "a JPEG of {width}x{height} pixels for {}x{}",
            area.width, area.height
        )));
    }
    let colours = rgb.as_chunks::<3>().0.iter();
    framebuffer.paint_lossy(area, colours.map(|colour| format.nearest(*colour)));
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::decode::tests::painted;
    use super::super::encoding::JPEG;
    use super::super::wire::tests::Script;
    use super::super::zlib::Inflated;
    use super::*;
    use crate::vnc_client::Fidelity;

    /// 8 × 8 pixels of (200, 200, 200), worked out from ITU-T T.81: one block of one component,
    /// whose average is 72 above the middle, and nothing else.
    pub(in super::super) fn grey_200() -> Vec<u8> {
        let parts: [&[u8]; 13] = [
            b"\xff\xd8",
            // APP0: JFIF 1.1, density 1:1, no thumbnail.
            b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0",
            // DQT: table 0, all 8, so that steps of an average are steps of a pixel.
            &[0xff, 0xdb, 0, 67, 0],
            &[8; 64],
            // SOF0: 8 bits, 8 × 8, one component without subsampling, table 0.
            &[0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0],
            // DHT, averages: "0" is size 0, "10" is size 7.
            &[0xff, 0xc4, 0, 21, 0x00, 1, 1],
            &[0; 14],
            &[0, 7],
            // DHT, the rest: "0" is the end of the block.
            &[0xff, 0xc4, 0, 20, 0x10, 1],
            &[0; 16],
            // SOS: component 1, tables 0 and 0, all of the spectrum.
            &[0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0],
            // "10", 72 in 7 bits, "0", and padding.
            &[0b1010_0100, 0b0011_1111],
            b"\xff\xd9",
        ];
        parts.concat()
    }

    /// Where the JFIF segment and the table of quantization are in it.
    pub(in super::super) const JFIF: std::ops::Range<usize> = 2..20;
    const TABLE: std::ops::Range<usize> = 20..89;

    #[test]
    fn a_picture_is_near_what_it_was() -> Result {
        let framebuffer = painted(&[JPEG], PixelFormat::RGBX, (8, 8), &grey_200())?;
        assert_eq!(framebuffer.pixels, [0xc8_c8c8; 64]);
        assert_eq!(framebuffer.count(Fidelity::Lossy), 64);
        Ok(())
    }

    #[test]
    fn the_end_is_behind_segments_and_scans() -> Result {
        // A comment with what looks like an end; two scans with a stuffed byte, a restart marker
        // and a filled up marker.
        let file =
            b"\xff\xd8\xff\xfe\0\x04\xff\xd9\xff\xda\0\x02a\xff\0\xff\xd0b\xff\xff\xda\0\x02\
            c\xff\xff\xd9";
        let bytes = [file.as_slice(), b"next"].concat();
        let mut wire = Script::wire(&bytes);
        assert_eq!(read(&mut wire)?, file);
        wire.expect(b"next", "what is behind")
    }

    #[test]
    fn what_is_no_file_is_an_error() {
        let cases: [(&str, &[u8]); 5] = [
            ("no JPEG", b"\xff\xd9"),
            ("0x00 where a JPEG's marker should be", b"\xff\xd8\0"),
            (
                "the marker 0xd0 between a JPEG's segments",
                b"\xff\xd8\xff\xd0",
            ),
            (
                "a JPEG's segment that is shorter than its length",
                b"\xff\xd8\xff\xfe\0\x01",
            ),
            (
                "the inflated bytes end before the data of a JPEG",
                b"\xff\xd8\xff\xda\0\x02a",
            ),
        ];
        for (message, bytes) in cases {
            let error = read(&mut Inflated::new(bytes.to_vec())).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_picture_is_whole_and_as_large_as_its_rectangle() {
        let message = |format, size, bytes: &[u8]| {
            painted(&[JPEG], format, size, bytes)
                .unwrap_err()
                .to_string()
        };
        let format = PixelFormat::BGRX;
        assert_eq!(
            message(format, (8, 9), &grey_200()),
            "a JPEG of 8x8 pixels for 8x9"
        );
        let map = message(PixelFormat::COLOUR_MAP, (8, 8), &grey_200());
        assert_eq!(map, "a JPEG for a viewer with a colour map");
        let mut bare = grey_200();
        bare.drain(TABLE);
        assert!(message(format, (8, 8), &bare).starts_with("a wrong JPEG: "));
    }
}
