//! PNG files as pictures to share.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use rfb::{Frame, Size};

/// The picture in a PNG file, over white where it is transparent.
pub(crate) fn load(path: &Path) -> Result<Frame, Box<dyn Error>> {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(path)?));
    let rgba = png::Transformations::normalize_to_color8() | png::Transformations::ALPHA;
    decoder.set_transformations(rgba);
    let mut reader = decoder.read_info()?;
    let mut samples = vec![0; reader.output_buffer_size().ok_or("it is too large")?];
    let info = reader.next_frame(&mut samples)?;
    let size = Size::new(info.width.try_into()?, info.height.try_into()?);
    let over_white = |c: u8, alpha: u8| 255 - (u16::from(255 - c) * u16::from(alpha) / 255) as u8;
    let pixels = samples.chunks_exact(info.color_type.samples());
    let bgrx = pixels.flat_map(|pixel| match *pixel {
        [red, green, blue, alpha] => [blue, green, red, 255].map(|c| over_white(c, alpha)),
        [grey, alpha] => [over_white(grey, alpha); 4],
        _ => [0; 4],
    });
    Ok(Frame::from_pixels(size, &bgrx.collect::<Vec<_>>()))
}
