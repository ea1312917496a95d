//! Pictures of the screen, and PNG files made from them.

use std::io::{self, BufRead};

/// A picture of a screen.
pub(crate) trait Picture {
    /// Width and height in pixels.
    fn size(&self) -> (u16, u16);
    /// Row `y`, from the top: four bytes a pixel, blue, green, red and one that
    /// says nothing.
    fn row(&self, y: u16) -> &[u8];
}

impl Picture for rfb::Frame {
    fn size(&self) -> (u16, u16) {
        let size = self.size();
        (size.width, size.height)
    }

    fn row(&self, y: u16) -> &[u8] {
        self.row(y)
    }
}

/// Reads the rows of a picture, top to bottom and in the form of
/// [`Picture::row`], and makes a PNG file of them (ISO/IEC 15948), 8-bit RGB.
///
/// # Errors
/// The rows end too early, or the size is 0.
pub(crate) fn png_from(mut rows: impl BufRead, (width, height): (u16, u16)) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width.into(), height.into());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    let mut stream = writer.stream_writer()?;
    let mut row = vec![0; usize::from(width) * 4];
    let mut rgb = Vec::with_capacity(usize::from(width) * 3);
    for _ in 0..height {
        rows.read_exact(&mut row)?;
        rgb.clear();
        for pixel in row.as_chunks::<4>().0 {
            let [blue, green, red, _] = *pixel;
            rgb.extend([red, green, blue]);
        }
        io::Write::write_all(&mut stream, &rgb)?;
    }
    stream.finish()?;
    writer.finish()?;
    Ok(file)
}

/// Makes a PNG file of a picture.
///
/// # Errors
/// The size is 0.
pub(crate) fn png_of(picture: &dyn Picture) -> io::Result<Vec<u8>> {
    let (_, height) = picture.size();
    let rows: Vec<u8> = (0..height).flat_map(|y| picture.row(y)).copied().collect();
    png_from(&rows[..], picture.size())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(file: &[u8]) -> ((u32, u32), Vec<u8>) {
        let mut reader = png::Decoder::new(io::Cursor::new(file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        ((info.width, info.height), pixels)
    }

    #[test]
    fn colours_and_rows_keep_their_places() {
        let rows = [
            1, 2, 3, 0, 4, 5, 6, 255, //
            7, 8, 9, 9, 10, 11, 12, 0, //
            13, 14, 15, 1, 16, 17, 18, 2,
        ];
        let (size, pixels) = decode(&png_from(&rows[..], (2, 3)).unwrap());
        assert_eq!(size, (2, 3));
        assert_eq!(
            pixels,
            [
                3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10, 15, 14, 13, 18, 17, 16
            ]
        );
    }

    #[test]
    fn missing_rows_and_empty_pictures_are_errors() {
        png_from(&[0; 23][..], (2, 3)).unwrap_err();
        png_from(&[][..], (0, 0)).unwrap_err();
    }

    #[test]
    fn a_frame_is_a_picture() {
        let size = rfb::Size::new(3, 2);
        let (size, pixels) = decode(&png_of(&rfb::Frame::solid(size, [1, 2, 3, 0])).unwrap());
        assert_eq!(size, (3, 2));
        assert_eq!(pixels, [3, 2, 1].repeat(6));
    }
}
