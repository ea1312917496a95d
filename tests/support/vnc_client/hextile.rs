use super::decode::{pixel, raw};
use super::framebuffer::{Area, Framebuffer};
use super::pixel_format::PixelFormat;
use super::wire::{Wire, broken};
use crate::Result;

const RAW: u8 = 1;
const BACKGROUND_SPECIFIED: u8 = 2;
const FOREGROUND_SPECIFIED: u8 = 4;
const ANY_SUBRECTS: u8 = 8;
const SUBRECTS_COLOURED: u8 = 16;

const COLOUR: &str = "a Hextile colour";

/// Hextile (RFC 6143 §7.7.4): tiles of 16 × 16 pixels, row by row. It is stricter than viewers
/// are: no colour may be carried over a raw tile, nor a foreground over a coloured one, since some
/// viewers lose it there.
pub(super) fn decode(
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    let mut carried = Carried {
        background: None,
        foreground: None,
    };
    for tile in area.tiles(16) {
        carried.tile(wire, format, framebuffer, tile)?;
    }
    Ok(())
}

/// The colours that the next tile may use without naming them.
struct Carried {
    background: Option<u32>,
    foreground: Option<u32>,
}

impl Carried {
    fn tile(
        &mut self,
        wire: &mut Wire,
        format: PixelFormat,
        framebuffer: &mut Framebuffer,
        tile: Area,
    ) -> Result {
        let flags = wire.u8("a Hextile tile")?;
        if flags & RAW != 0 {
            (self.background, self.foreground) = (None, None);
            return raw(wire, format, framebuffer, tile);
        }
        if flags >= SUBRECTS_COLOURED << 1 {
            return Err(broken(format!("Hextile flags {flags:#04x}")));
        }
        if flags & FOREGROUND_SPECIFIED != 0 && flags & SUBRECTS_COLOURED != 0 {
            return Err(broken(
                "a Hextile tile with a foreground and coloured subrectangles",
            ));
        }
        if flags & BACKGROUND_SPECIFIED != 0 {
            self.background = Some(pixel(wire, format, COLOUR)?);
        }
        if flags & FOREGROUND_SPECIFIED != 0 {
            self.foreground = Some(pixel(wire, format, COLOUR)?);
        }
        let background = self
            .background
            .ok_or_else(|| broken("no Hextile background"))?;
        framebuffer.fill(tile, background);
        if flags & ANY_SUBRECTS != 0 {
            let coloured = flags & SUBRECTS_COLOURED != 0;
            self.subrects(wire, format, framebuffer, tile, coloured)?;
        }
        Ok(())
    }

    fn subrects(
        &mut self,
        wire: &mut Wire,
        format: PixelFormat,
        framebuffer: &mut Framebuffer,
        tile: Area,
        coloured: bool,
    ) -> Result {
        if coloured {
            self.foreground = None;
        }
        for _ in 0..wire.u8("the number of Hextile subrectangles")? {
            let value = match coloured {
                true => pixel(wire, format, COLOUR)?,
                false => self
                    .foreground
                    .ok_or_else(|| broken("no Hextile foreground"))?,
            };
            let [place, size] = wire.array("a Hextile subrectangle")?;
            let (x, y) = (usize::from(place >> 4), usize::from(place & 15));
            let (width, height) = (usize::from(size >> 4) + 1, usize::from(size & 15) + 1);
            let area = tile.piece((x, y), (width, height), "a Hextile subrectangle")?;
            framebuffer.fill(area, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::tests::Script;
    use super::*;
    use crate::ErrorKind;

    fn try_decode(width: u16, height: u16, format: PixelFormat, bytes: &[u8]) -> Result<Vec<u32>> {
        let mut framebuffer = Framebuffer::new(width, height);
        let area = Area {
            x: 0,
            y: 0,
            width: width.into(),
            height: height.into(),
        };
        let mut wire = Script::wire(bytes);
        decode(&mut wire, format, &mut framebuffer, area)?;
        assert_eq!(wire.position(), bytes.len() as u64);
        Ok(framebuffer.pixels)
    }

    #[test]
    fn tiles_are_cut_at_the_edges_and_carry_colours() -> Result {
        // 17 × 17 pixels of 8 bits: tiles of 16x16, 1x16, 16x1 and 1x1.
        let bytes = [
            2,
            9, // background 9
            2 | 4 | 8,
            7,
            5,
            2,
            0x00,
            0x00,
            0x03,
            0x01, // 7; 5 at (0, 0) and at (0, 3), 1x2
            8,
            1,
            0x40,
            0x20, // 7 and 5 carried: 3x1 at (4, 0)
            1,
            3, // raw
        ];
        let pixels = try_decode(17, 17, PixelFormat::BGR233, &bytes)?;
        let mut expected = vec![9; 17 * 17];
        (0..16).for_each(|y| expected[y * 17 + 16] = 7);
        [0, 3, 4].iter().for_each(|y| expected[y * 17 + 16] = 5);
        expected[16 * 17..][..16].fill(7);
        expected[16 * 17 + 4..][..3].fill(5);
        expected[17 * 17 - 1] = 3;
        assert_eq!(pixels, expected);
        Ok(())
    }

    #[test]
    fn coloured_subrectangles_follow_the_byte_order() -> Result {
        let bytes = [
            2 | 8 | 16,
            0,
            1,
            2, // background 1, then two pixels of their own colour
            0x12,
            0x34,
            0x10,
            0x00, // 1x1 at (1, 0)
            0x56,
            0x78,
            0x01,
            0x10, // 2x1 at (0, 1)
        ];
        let pixels = try_decode(2, 2, PixelFormat::RGB565.big_endian(), &bytes)?;
        assert_eq!(pixels, [1, 0x1234, 0x5678, 0x5678]);
        Ok(())
    }

    #[test]
    fn what_the_specification_forbids_is_an_error() {
        let cases: [(&str, &[u8]); 6] = [
            ("no Hextile background", &[0]),
            ("no Hextile foreground", &[2 | 8, 1, 1, 0, 0]),
            (
                "no Hextile background",
                &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            ),
            (
                "a Hextile tile with a foreground and coloured subrectangles",
                &[4 | 16],
            ),
            (
                "a Hextile subrectangle of 2x1 at (15, 0) in 16x1 pixels",
                &[2 | 4 | 8, 1, 2, 1, 0xf0, 0x10],
            ),
            ("Hextile flags 0x42", &[0x42]),
        ];
        for (message, bytes) in cases {
            let error = try_decode(32, 1, PixelFormat::BGR233, bytes).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (ErrorKind::Protocol, message)
            );
        }
        let lost = [2 | 8 | 16, 1, 0, 8, 1, 0x00, 0x00];
        let error = try_decode(32, 1, PixelFormat::BGR233, &lost).unwrap_err();
        assert_eq!(error.to_string(), "no Hextile foreground");
    }
}
