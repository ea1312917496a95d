//! RRE (RFC 6143 §7.7.3) and CoRRE (rfbproto "CoRRE Encoding"): rectangles of one colour each on
//! a background.

use super::decode::pixel;
use super::framebuffer::{Area, Framebuffer};
use super::pixel_format::PixelFormat;
use super::wire::{Wire, broken};
use crate::Result;

/// RRE, whose subrectangles have numbers of 2 bytes.
pub(super) fn rre(
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    subrects(wire, format, framebuffer, area, |wire| {
        let mut number = || wire.u16("an RRE subrectangle").map(usize::from);
        Ok([number()?, number()?, number()?, number()?])
    })
}

/// CoRRE, whose subrectangles have numbers of 1 byte: rectangles are not wider or higher than
/// these can tell.
pub(super) fn corre(
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    if area.width.max(area.height) > 255 {
        return Err(broken("a CoRRE rectangle of more than 255 pixels a side"));
    }
    subrects(wire, format, framebuffer, area, |wire| {
        Ok(wire.array("a CoRRE subrectangle")?.map(|it: u8| it.into()))
    })
}

/// The background, and on it subrectangles whose x, y, width and height `place` reads. None may be
/// empty or have the colour of the background, which would be of no use.
fn subrects(
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
    place: impl Fn(&mut Wire) -> Result<[usize; 4]>,
) -> Result {
    let count = wire.u32("the number of subrectangles")? as usize;
    if count > area.pixels() {
        return Err(broken(format!(
            "{count} subrectangles in {} pixels",
            area.pixels()
        )));
    }
    let background = pixel(wire, format, "the background")?;
    framebuffer.fill(area, background);
    for _ in 0..count {
        let value = pixel(wire, format, "the colour of a subrectangle")?;
        if value == background {
            return Err(broken("a subrectangle of the background's colour"));
        }
        let [x, y, width, height] = place(wire)?;
        if width == 0 || height == 0 {
            return Err(broken("an empty subrectangle"));
        }
        framebuffer.fill(
            area.piece((x, y), (width, height), "a subrectangle")?,
            value,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::decode::tests::painted;
    use super::super::encoding::{CORRE, RRE};
    use super::*;

    #[test]
    fn subrectangles_lie_on_the_background() -> Result {
        // RFC 6143 §7.7.3: how many (4 bytes), the background, then pixel, x, y, width, height.
        let format = PixelFormat::RGB565.big_endian();
        let header = [0, 0, 0, 2, 0x12, 0x34];
        let wide = [
            0x56, 0x78, 0, 1, 0, 0, 0, 2, 0, 1, 0x9a, 0xbc, 0, 0, 0, 1, 0, 1, 0, 1,
        ];
        let short = [0x56, 0x78, 1, 0, 2, 1, 0x9a, 0xbc, 0, 1, 1, 1];
        let expected = [0x1234, 0x5678, 0x5678, 0x9abc, 0x1234, 0x1234];
        let rre = painted(&[RRE], format, (3, 2), &[&header[..], &wide].concat())?;
        assert_eq!(rre.pixels, expected);
        let corre = painted(&[CORRE], format, (3, 2), &[&header[..], &short].concat())?;
        assert_eq!(corre.pixels, expected);
        Ok(())
    }

    #[test]
    fn what_the_specification_forbids_is_an_error() {
        let cases: [(&str, (u16, u16), &[u8]); 5] = [
            (
                "a subrectangle of 2x1 at (1, 0) in 2x1 pixels",
                (2, 1),
                &[0, 0, 0, 1, 7, 8, 1, 0, 2, 1],
            ),
            (
                "a subrectangle of the background's colour",
                (2, 1),
                &[0, 0, 0, 1, 7, 7, 0, 0, 1, 1],
            ),
            (
                "an empty subrectangle",
                (2, 1),
                &[0, 0, 0, 1, 7, 8, 0, 0, 1, 0],
            ),
            ("3 subrectangles in 2 pixels", (2, 1), &[0, 0, 0, 3, 7]),
            (
                "a CoRRE rectangle of more than 255 pixels a side",
                (256, 1),
                &[0, 0, 0, 0, 7],
            ),
        ];
        for (message, size, bytes) in cases {
            let error = painted(&[CORRE], PixelFormat::BGR233, size, bytes).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
