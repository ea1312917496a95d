//! The encodings of pixels. A new one gets a function (a file of its own if it is long) and a line
//! in [`decode`]; a stream that lives as long as the connection goes into [`Decoders`].

use super::asked::Asked;
use super::encoding;
use super::framebuffer::{Area, Framebuffer};
use super::pixel_format::PixelFormat;
use super::tight::Tight;
use super::wire::{Source, Wire, broken};
use super::zlib::ZlibStream;
use super::{hextile, jpeg, rre, tiles};
use crate::Result;

/// What the encodings keep from one rectangle to the next.
#[derive(Default)]
pub(super) struct Decoders {
    zlib: ZlibStream,
    zrle: ZlibStream,
    tight: Tight,
}

/// Reads the body of a rectangle of pixels and paints it.
pub(super) fn decode(
    decoders: &mut Decoders,
    asked: &Asked,
    encoding: i32,
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    if area.pixels() == 0 {
        return Err(broken("a rectangle without pixels"));
    }
    framebuffer.check(area)?;
    match encoding {
        encoding::RAW => raw(wire, format, framebuffer, area),
        encoding::COPY_RECT => copy_rect(wire, framebuffer, area),
        encoding::RRE => rre::rre(wire, format, framebuffer, area),
        encoding::CORRE => rre::corre(wire, format, framebuffer, area),
        encoding::HEXTILE => hextile::decode(wire, format, framebuffer, area),
        encoding::ZLIB => zlib(&mut decoders.zlib, wire, format, framebuffer, area),
        encoding::TIGHT | encoding::TIGHT_PNG => {
            (decoders.tight).decode(encoding, asked, wire, format, framebuffer, area)
        }
        encoding::TRLE => tiles::trle(wire, format, framebuffer, area),
        encoding::ZRLE => tiles::zrle(&mut decoders.zrle, wire, format, framebuffer, area),
        encoding::JPEG => jpeg::decode(wire, format, framebuffer, area),
        other => Err(broken(format!(
            "encoding {other}, which this client cannot decode"
        ))),
    }
}

/// Whether rectangles of this encoding are pixels of the screen.
pub(super) fn is_pixels(encoding: i32) -> bool {
    (0..=255).contains(&encoding) || encoding == encoding::TIGHT_PNG
}

/// Raw (RFC 6143 §7.7.1), also for raw tiles of other encodings.
pub(super) fn raw(
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    let size = format.bytes_per_pixel();
    let bytes = wire.take(area.pixels() * size, "raw pixels")?;
    paint(bytes, format, framebuffer, area);
    Ok(())
}

fn paint(bytes: &[u8], format: PixelFormat, framebuffer: &mut Framebuffer, area: Area) {
    let pixels = bytes.chunks_exact(format.bytes_per_pixel());
    framebuffer.paint(area, pixels.map(|bytes| format.value(bytes)));
}

/// A pixel value, as most encodings have it.
pub(super) fn pixel(source: &mut impl Source, format: PixelFormat, what: &str) -> Result<u32> {
    Ok(format.value(source.take(format.bytes_per_pixel(), what)?))
}

/// Zlib (rfbproto "zlib Encoding").
fn zlib(
    stream: &mut ZlibStream,
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    let length = area.pixels() * format.bytes_per_pixel();
    let pixels = stream.read(wire, length)?;
    if pixels.len() != length {
        return Err(broken(format!(
            "zlib data of {} bytes for {length} bytes of pixels",
            pixels.len()
        )));
    }
    paint(&pixels, format, framebuffer, area);
    Ok(())
}

/// CopyRect (RFC 6143 §7.7.2).
fn copy_rect(wire: &mut Wire, framebuffer: &mut Framebuffer, area: Area) -> Result {
    let x = wire.u16("the source of a CopyRect")?.into();
    let y = wire.u16("the source of a CopyRect")?.into();
    framebuffer.check(Area { x, y, ..area })?;
    framebuffer.copy(x, y, area)
}

/// The `width` numbers in each row of `bytes`, of 1, 2, 4 or 8 bits each, the most significant
/// first; rows are filled up to bytes.
pub(super) fn unpack(bytes: &[u8], bits: usize, width: usize) -> impl Iterator<Item = u8> {
    let stride = (width * bits).div_ceil(8).max(1);
    let number = move |row: &[u8], at: usize| row[at / 8] << (at % 8) >> (8 - bits);
    let rows = bytes.chunks_exact(stride);
    rows.flat_map(move |row| (0..width).map(move |x| number(row, x * bits)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::wire::tests::Script;
    use super::*;

    /// What a rectangle of these bytes, at the upper left of a framebuffer of its size, paints
    /// for a viewer that has listed these encodings. It must have these bytes and no more.
    pub(in super::super) fn painted(
        encodings: &[i32],
        format: PixelFormat,
        (width, height): (u16, u16),
        bytes: &[u8],
    ) -> Result<Framebuffer> {
        let mut decoders = Decoders::default();
        painted_with(&mut decoders, encodings, format, (width, height), bytes)
    }

    /// The same with the first of the encodings, and with streams that may have begun before.
    pub(in super::super) fn painted_with(
        decoders: &mut Decoders,
        encodings: &[i32],
        format: PixelFormat,
        (width, height): (u16, u16),
        bytes: &[u8],
    ) -> Result<Framebuffer> {
        let mut asked = Asked::default();
        asked.list(encodings, false);
        let mut framebuffer = Framebuffer::new(width, height);
        let area = whole(&framebuffer);
        let mut wire = Script::wire(bytes);
        let encoding = encodings[0];
        decode(
            decoders,
            &asked,
            encoding,
            &mut wire,
            format,
            &mut framebuffer,
            area,
        )?;
        assert_eq!(wire.position(), bytes.len() as u64, "not all was read");
        Ok(framebuffer)
    }

    fn whole(framebuffer: &Framebuffer) -> Area {
        Area {
            x: 0,
            y: 0,
            width: framebuffer.width,
            height: framebuffer.height,
        }
    }

    #[test]
    fn raw_pixels_and_overlapping_copies_are_painted() -> Result {
        let format = PixelFormat::BGR233;
        let mut framebuffer = painted(&[encoding::RAW], format, (4, 2), &[1, 2, 3, 4, 5, 6, 7, 8])?;
        assert_eq!(framebuffer.pixels, [1, 2, 3, 4, 5, 6, 7, 8]);
        let right = Area {
            x: 1,
            y: 0,
            width: 3,
            height: 2,
        };
        copy_rect(&mut Script::wire(&[0; 4]), &mut framebuffer, right)?;
        assert_eq!(framebuffer.pixels, [1, 1, 2, 3, 5, 5, 6, 7]);
        Ok(())
    }

    #[test]
    fn nothing_reaches_beyond_the_framebuffer() {
        let beyond = Area {
            x: 1,
            y: 0,
            width: 4,
            height: 2,
        };
        let inside = Area {
            x: 0,
            y: 0,
            width: 3,
            height: 2,
        };
        let mut framebuffer = Framebuffer::new(4, 2);
        let mut decode = |encoding, area| {
            let mut wire = Script::wire(&[0, 2, 0, 0]);
            decode(
                &mut Decoders::default(),
                &Asked::default(),
                encoding,
                &mut wire,
                PixelFormat::BGR233,
                &mut framebuffer,
                area,
            )
            .unwrap_err()
        };
        let message = "a rectangle of 4x2 at (1, 0) in a framebuffer of 4x2";
        assert_eq!(decode(encoding::RAW, beyond).to_string(), message);
        let message = "a rectangle of 3x2 at (2, 0) in a framebuffer of 4x2";
        assert_eq!(decode(encoding::COPY_RECT, inside).to_string(), message);
    }

    #[test]
    fn there_are_pixels() {
        let empty = painted(&[encoding::RAW], PixelFormat::BGRX, (0, 1), &[]);
        assert_eq!(empty.unwrap_err().to_string(), "a rectangle without pixels");
    }

    #[test]
    fn what_was_never_sent_is_not_copied() {
        let copy = painted(&[encoding::COPY_RECT], PixelFormat::BGRX, (2, 1), &[0; 4]);
        let message = "a copy of 2x1 pixels at (0, 0), some of which were never sent";
        assert_eq!(copy.unwrap_err().to_string(), message);
    }

    #[test]
    fn zlib_data_has_as_many_bytes_as_the_pixels() -> Result {
        // A stored block (RFC 1951 §3.2.4) of 4 bytes.
        let data = b"\0\0\0\x0b\x78\x01\x00\x04\x00\xfb\xff\x01\x02\x03\x04";
        let painted = |size| painted(&[encoding::ZLIB], PixelFormat::RGB565, size, data);
        assert_eq!(painted((1, 2))?.pixels, [0x0201, 0x0403]);
        for size in [(1, 1), (3, 1)] {
            assert!(painted(size).is_err(), "{size:?}");
        }
        Ok(())
    }

    #[test]
    fn packed_numbers_begin_with_the_most_significant_bits() {
        let bytes = [0b1010_0101, 0b1100_0000, 0xff, 0b0100_0000];
        let unpacked = |bits, width| unpack(&bytes, bits, width).collect::<Vec<_>>();
        assert_eq!(
            unpacked(1, 10),
            [1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1]
        );
        assert_eq!(unpacked(2, 5), [2, 2, 1, 1, 3, 3, 3, 3, 3, 1]);
        assert_eq!(unpacked(4, 3), [10, 5, 12, 15, 15, 4]);
        assert_eq!(unpacked(8, 2), bytes);
        assert_eq!(unpack(&[], 1, 0).count(), 0);
    }
}
