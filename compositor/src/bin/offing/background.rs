//! What is behind all windows: the option, and the picture that it may name.

use crate::failure::reason;
use offing::config::{Background, Image};
use std::{
    ffi::OsString,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

/// The most pixels of a picture: 8K has as many.
const MAX_PIXELS: usize = 7680 * 4320;
/// What reading a picture may take up besides its pixels, in bytes.
const MAX_DECODER: usize = 64 << 20;

/// What the option says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Plain([u8; 3]),
    File(PathBuf),
}

/// Reads the option.
pub(crate) fn parse(text: OsString) -> Result<Choice, String> {
    let Some(digits) = text.to_str().and_then(|text| text.strip_prefix('#')) else {
        return Ok(Choice::File(text.into()));
    };
    let is_colour = digits.len() == 6 && digits.bytes().all(|it| it.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_colour);
    match number.map(u32::to_be_bytes) {
        Some([_, red, green, blue]) => Ok(Choice::Plain([red, green, blue])),
        None => Err(
            "use '#rrggbb' with hexadecimal digits, such as '#203040', or the path of a PNG \
             picture (./ goes before a name with #)"
                .to_owned(),
        ),
    }
}

/// The background that was chosen; by default a gradient, or one colour in a kiosk, where a window
/// fills the screen.
///
/// # Errors
/// A sentence: the picture cannot be read.
pub(crate) fn read(choice: Option<&Choice>, kiosk: bool) -> Result<Background, String> {
    match choice {
        None if kiosk => Ok(Background::Plain(Background::COLOUR)),
        None => Ok(Background::Gradient),
        Some(Choice::Plain(colour)) => Ok(Background::Plain(*colour)),
        Some(Choice::File(path)) => read_png(path).map(Background::Picture).map_err(|error| {
            let path = path.display();
            format!("cannot use {path} as the background ({error}): use a PNG picture or '#rrggbb'")
        }),
    }
}

fn read_png(path: &Path) -> Result<Image, String> {
    let file = File::open(path).map_err(|error| reason(&error))?;
    let failed = |error: png::DecodingError| match error {
        png::DecodingError::IoError(error) => reason(&error),
        png::DecodingError::Format(_) => "it is no PNG, or damaged".to_owned(),
        error => error.to_string().to_lowercase(),
    };
    let limits = png::Limits { bytes: MAX_DECODER };
    let mut decoder = png::Decoder::new_with_limits(BufReader::new(file), limits);
    decoder.set_transformations(
        png::Transformations::normalize_to_color8() | png::Transformations::ALPHA,
    );
    let mut reader = decoder.read_info().map_err(failed)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let area = width.saturating_mul(height);
    if area > MAX_PIXELS {
        return Err(format!(
            "{width}x{height} pixels are too many, 7680x4320 are not"
        ));
    }
    let length = reader.output_buffer_size().unwrap_or(usize::MAX);
    let mut bytes = vec![0; length.min(4 * MAX_PIXELS)];
    let colours = reader.next_frame(&mut bytes).map_err(failed)?.color_type;
    let rgb = match colours {
        png::ColorType::GrayscaleAlpha => {
            let pixels = bytes.as_chunks::<2>().0.iter();
            pixels
                .map(|[grey, alpha]| over([*grey; 3], *alpha))
                .collect()
        }
        _ => {
            let pixels = bytes.as_chunks::<4>().0.iter();
            pixels
                .map(|[red, green, blue, alpha]| over([*red, *green, *blue], *alpha))
                .collect()
        }
    };
    Image::new(width, height, rgb).ok_or_else(|| "it has no pixels".to_owned())
}

/// What is seen of a pixel over the plain background.
fn over(colour: [u8; 3], alpha: u8) -> [u8; 3] {
    let alpha = u32::from(alpha);
    let mut seen = Background::COLOUR;
    for (below, above) in seen.iter_mut().zip(colour) {
        let sum = u32::from(*below) * (255 - alpha) + u32::from(above) * alpha;
        *below = ((sum + 127) / 255) as u8;
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_begin_with_a_hash() {
        let plain = |text: &str| parse(text.into());
        assert_eq!(plain("#203040"), Ok(Choice::Plain([0x20, 0x30, 0x40])));
        assert_eq!(plain("#FFffFf"), Ok(Choice::Plain([0xff; 3])));
        assert_eq!(plain("203040"), Ok(Choice::File("203040".into())));
        assert_eq!(plain("./#203040"), Ok(Choice::File("./#203040".into())));
        for bad in ["#", "#fff", "#+23456", "#2030400", "#20304g", "#20304é"] {
            assert!(plain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_kiosk_has_one_colour() {
        assert!(matches!(read(None, true), Ok(Background::Plain(_))));
        assert!(matches!(read(None, false), Ok(Background::Gradient)));
    }

    #[test]
    fn what_is_behind_a_picture_is_the_plain_background() {
        assert_eq!(over([1, 2, 3], 255), [1, 2, 3]);
        assert_eq!(over([1, 2, 3], 0), Background::COLOUR);
    }
}
