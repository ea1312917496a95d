//! The encodings of pixels. A new one gets a function (a file of its own if it is long) and a line
//! in [`decode`]; a stream that lives as long as the connection goes into [`Decoders`].

use super::encoding;
use super::framebuffer::{Area, Framebuffer};
use super::hextile;
use super::pixel_format::PixelFormat;
use super::wire::{Wire, broken};
use super::zlib::ZlibStream;
use crate::Result;

/// What the encodings keep from one rectangle to the next.
#[derive(Default)]
pub(super) struct Decoders {
    zlib: ZlibStream,
}

/// Reads the body of a rectangle of pixels and paints it.
pub(super) fn decode(
    decoders: &mut Decoders,
    encoding: i32,
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    framebuffer.check(area)?;
    match encoding {
        encoding::RAW => raw(wire, format, framebuffer, area),
        encoding::COPY_RECT => copy_rect(wire, framebuffer, area),
        encoding::HEXTILE => hextile::decode(wire, format, framebuffer, area),
        encoding::ZLIB => {
            let bytes = area.width * area.height * format.bytes_per_pixel();
            let pixels = decoders.zlib.read(wire, bytes)?;
            paint(&pixels, format, framebuffer, area);
            Ok(())
        }
        other => Err(broken(format!(
            "encoding {other}, which this client cannot decode"
        ))),
    }
}

/// Raw (RFC 6143 §7.7.1), also for raw tiles of other encodings.
pub(super) fn raw(
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    let size = format.bytes_per_pixel();
    let bytes = wire.bytes(area.width * area.height * size, "raw pixels")?;
    paint(&bytes, format, framebuffer, area);
    Ok(())
}

fn paint(bytes: &[u8], format: PixelFormat, framebuffer: &mut Framebuffer, area: Area) {
    let pixels = bytes.chunks_exact(format.bytes_per_pixel());
    framebuffer.paint(area, pixels.map(|bytes| format.value(bytes)));
}

/// CopyRect (RFC 6143 §7.7.2).
fn copy_rect(wire: &mut Wire, framebuffer: &mut Framebuffer, area: Area) -> Result {
    let x = wire.u16("the source of a CopyRect")?.into();
    let y = wire.u16("the source of a CopyRect")?.into();
    framebuffer.check(Area { x, y, ..area })?;
    framebuffer.copy(x, y, area);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::wire::tests::Script;
    use super::*;

    #[test]
    fn raw_pixels_and_overlapping_copies_are_painted() -> Result {
        let mut framebuffer = Framebuffer::new(4, 2);
        let all = Area {
            x: 0,
            y: 0,
            width: 4,
            height: 2,
        };
        let mut wire = Script::wire(&[1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0]);
        decode(
            &mut Decoders::default(),
            encoding::RAW,
            &mut wire,
            PixelFormat::BGR233,
            &mut framebuffer,
            all,
        )?;
        assert_eq!(framebuffer.pixels, [1, 2, 3, 4, 5, 6, 7, 8]);
        let right = Area {
            x: 1,
            y: 0,
            width: 3,
            height: 2,
        };
        decode(
            &mut Decoders::default(),
            encoding::COPY_RECT,
            &mut wire,
            PixelFormat::BGR233,
            &mut framebuffer,
            right,
        )?;
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
}
