//! Reading an image's rows. The only unsafe code of the compositor.
#![allow(unsafe_code, reason = "pixman has no safe way to read an image")]

use smithay::reexports::pixman::Image;

/// The pixels of row `y` of an image with 32 bits per pixel, 4 bytes each; empty below the image.
pub(super) fn row<'a>(image: &'a Image<'static, 'static>, y: u16) -> &'a [u8] {
    let (width, height, stride) = (image.width() * 4, image.height(), image.stride());
    if usize::from(y) >= height || width > stride {
        return &[];
    }
    // SAFETY: the image was made by pixman with its own memory of `height` rows of `stride` bytes,
    // initialised to zero (`Image::new` with `clear`). It lives as long as the borrow of the image,
    // and drawing into it needs the image mutably. The row is below `height`, and `width` bytes of
    // it are within its stride, as checked above.
    unsafe {
        let start = image.data().cast::<u8>().add(usize::from(y) * stride);
        std::slice::from_raw_parts(start, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smithay::reexports::pixman::{Color, FormatCode, Operation, Rectangle16};

    #[test]
    fn rows_hold_what_was_drawn() {
        let mut image = Image::new(FormatCode::X8R8G8B8, 3, 2, true).unwrap();
        let red = Color::new(0xffff, 0, 0, 0xffff);
        let second = Rectangle16 {
            x: 1,
            y: 1,
            width: 2,
            height: 1,
        };
        image
            .fill_rectangles(Operation::Src, red, &[second])
            .unwrap();
        assert_eq!(row(&image, 0), [0; 12]);
        assert_eq!(row(&image, 1)[..4], [0; 4]);
        assert_eq!(row(&image, 1)[4..7], [0, 0, 0xff]);
        assert_eq!(row(&image, 1)[8..11], [0, 0, 0xff]);
    }

    #[test]
    fn there_is_nothing_below_the_image() {
        let image = Image::new(FormatCode::X8R8G8B8, 3, 2, true).unwrap();
        assert!(row(&image, 2).is_empty());
    }
}
