//! PNG, as TightPNG has it (rfbproto "Tight PNG Encoding").

use png::ColorType;

use super::framebuffer::{Area, Framebuffer};
use super::pixel_format::PixelFormat;
use super::wire::broken;
use crate::Result;
use crate::picture::Picture;

/// The chunk that ends a file (PNG §11.2.5): its length, name and check sum.
const END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

/// Paints `area`, which was checked, with a picture of its size, opaque and without loss.
pub(super) fn paint(
    file: &[u8],
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    if !format.true_colour {
        return Err(broken("a PNG for a viewer with a colour map"));
    }
    if !file.ends_with(END) {
        return Err(broken("a PNG that does not end with its end"));
    }
    let wrong = |error: String| broken(format!("a wrong PNG: {error}"));
    let header = png::Decoder::new(std::io::Cursor::new(file)).read_info();
    let header = header.map_err(|error| wrong(error.to_string()))?;
    let opaque = matches!(
        header.info().color_type,
        ColorType::Grayscale | ColorType::Rgb | ColorType::Indexed
    );
    if !opaque || header.info().trns.is_some() {
        return Err(broken("a PNG with an alpha channel"));
    }
    let picture = Picture::from_png(file).map_err(|error| wrong(error.to_string()))?;
    let (width, height) = (picture.width, picture.height);
    if (width, height) != (area.width, area.height) {
        return Err(broken(format!(
            "a PNG of {width}x{height} pixels for {}x{}",
            area.width, area.height
        )));
    }
    let colours = picture.rgb.as_chunks::<3>().0.iter();
    framebuffer.paint(area, colours.map(|colour| format.nearest(*colour)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(format: PixelFormat, (width, height): (u16, u16), file: &[u8]) -> String {
        let area = Area {
            x: 0,
            y: 0,
            width: width.into(),
            height: height.into(),
        };
        let mut framebuffer = Framebuffer::new(width, height);
        let painted = paint(file, format, &mut framebuffer, area);
        painted.unwrap_err().to_string()
    }

    #[test]
    fn a_picture_is_whole_opaque_and_as_large_as_its_rectangle() -> Result {
        let file = Picture::pattern(3, 2, 1).to_png()?;
        let format = PixelFormat::BGRX;
        let map = message(PixelFormat::COLOUR_MAP, (3, 2), &file);
        assert_eq!(map, "a PNG for a viewer with a colour map");
        assert_eq!(
            message(format, (2, 3), &file),
            "a PNG of 3x2 pixels for 2x3"
        );
        let longer = [&file[..], &[0]].concat();
        assert_eq!(
            message(format, (3, 2), &longer),
            "a PNG that does not end with its end"
        );
        let mut damaged = file.clone();
        damaged[20] ^= 1;
        assert!(message(format, (3, 2), &damaged).starts_with("a wrong PNG: "));

        let mut alpha = Vec::new();
        let mut encoder = png::Encoder::new(&mut alpha, 1, 1);
        encoder.set_color(ColorType::Rgba);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&[1, 2, 3, 255])?;
        writer.finish()?;
        assert_eq!(
            message(format, (1, 1), &alpha),
            "a PNG with an alpha channel"
        );
        Ok(())
    }
}
