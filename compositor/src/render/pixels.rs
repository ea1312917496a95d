//! Reading an image's rows, and reading and writing rows of a client's memory. The only unsafe code of the
//! compositor.
#![allow(
    unsafe_code,
    reason = "pixman has no safe way to read an image, and memory that a client shares has none"
)]

use smithay::reexports::pixman::Image;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::wayland::shm::{
    BufferAccessError, BufferData, with_buffer_contents, with_buffer_contents_mut,
};

/// The bytes of a pixel.
const PIXEL: usize = 4;

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

/// Writes rows of pixels of 32 bits into a client's buffer in shared memory, from this place on;
/// what lies beyond the buffer, or its memory, is left out. The error tells that the client's
/// memory is not there, for which the client is disconnected.
pub(crate) fn write_rows<'a>(
    buffer: &WlBuffer,
    place: rfb::Point,
    rows: impl Iterator<Item = &'a [u8]>,
) -> Result<(), BufferAccessError> {
    with_buffer_contents_mut(buffer, |memory, length, data| {
        for (y, row) in (usize::from(place.y)..).zip(rows) {
            let Some((start, bytes)) = room(&data, length, place.x.into(), y) else {
                return;
            };
            let bytes = bytes.min(row.len());
            // SAFETY: the pool's memory is mapped for writing from `memory` on for `length` bytes
            // as long as this closure runs, and `start + bytes` is no more than `length` (`room`).
            // `row` is ours and no part of it, and no reference to it is made: the client may
            // write there meanwhile. If the client has made its file shorter, smithay catches the
            // signal, and puts other memory there.
            unsafe {
                std::ptr::copy_nonoverlapping(row.as_ptr(), memory.add(start), bytes);
            }
        }
    })
}

/// Copies these rows of pixels of 32 bits from a client's buffer in shared memory, one after the
/// other; it ends before the first that is beyond the buffer, or its memory. The error tells that
/// the client's memory is not there, for which the client is disconnected.
pub(crate) fn read_rows(
    buffer: &WlBuffer,
    rows: impl Iterator<Item = usize>,
) -> Result<Vec<u8>, BufferAccessError> {
    let mut pixels = Vec::new();
    with_buffer_contents(buffer, |memory, length, data| {
        for y in rows {
            let Some((start, bytes)) = room(&data, length, 0, y) else {
                return;
            };
            let end = pixels.len();
            pixels.resize(end + bytes, 0);
            let Some(row) = pixels.get_mut(end..) else {
                return;
            };
            // SAFETY: the pool's memory is mapped for reading from `memory` on for `length` bytes
            // as long as this closure runs, and `start + bytes` is no more than `length` (`room`).
            // `row` is ours, `bytes` long and no part of it, and no reference to it is made: the
            // client may write there meanwhile. If the client has made its file shorter, smithay
            // catches the signal, and puts other memory there.
            unsafe {
                std::ptr::copy_nonoverlapping(memory.add(start), row.as_mut_ptr(), bytes);
            }
        }
    })?;
    Ok(pixels)
}

/// Where row `y` of a buffer goes on from column `x` in its pool of `length` bytes, and how many
/// bytes there are until it ends; none outside of the buffer or the pool.
fn room(data: &BufferData, length: usize, x: usize, y: usize) -> Option<(usize, usize)> {
    let number = |value: i32| usize::try_from(value).ok();
    let (offset, stride) = (number(data.offset)?, number(data.stride)?);
    let (width, height) = (number(data.width)?, number(data.height)?);
    if y >= height {
        return None;
    }
    let bytes = width.checked_sub(x)?.checked_mul(PIXEL)?;
    let start = offset.checked_add(y.checked_mul(stride)?)?;
    let start = start.checked_add(x.checked_mul(PIXEL)?)?;
    let end = start.checked_add(bytes)?;
    (end <= length).then_some((start, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use smithay::reexports::pixman::{Color, FormatCode, Operation, Rectangle16};
    use smithay::reexports::wayland_server::protocol::wl_shm::Format;

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

    /// 3 by 2 pixels, 8 bytes into the pool, with 4 bytes beside each row.
    const BUFFER: BufferData = BufferData {
        offset: 8,
        width: 3,
        height: 2,
        stride: 16,
        format: Format::Xrgb8888,
    };

    #[test]
    fn a_buffer_has_room_for_its_pixels_only() {
        assert_eq!(room(&BUFFER, 36, 0, 0), Some((8, 12)));
        assert_eq!(room(&BUFFER, 36, 0, 1), Some((24, 12)));
        assert_eq!(room(&BUFFER, 36, 2, 1), Some((32, 4)));
        assert_eq!(room(&BUFFER, 36, 0, 2), None, "below it");
        assert_eq!(room(&BUFFER, 36, 4, 0), None, "right of it");
        assert_eq!(room(&BUFFER, 35, 0, 1), None, "the pool is too small");
        assert_eq!(room(&BUFFER, 0, 0, 0), None, "the pool is gone");
    }

    #[test]
    fn absurd_buffers_have_no_room() {
        for absurd in [
            BufferData {
                offset: -1,
                ..BUFFER
            },
            BufferData {
                stride: -16,
                ..BUFFER
            },
            BufferData {
                width: i32::MAX,
                ..BUFFER
            },
            BufferData {
                stride: i32::MAX,
                ..BUFFER
            },
        ] {
            assert_eq!(room(&absurd, 1 << 20, 0, 1), None, "{absurd:?}");
        }
    }

    #[test]
    fn there_is_nothing_below_the_image() {
        let image = Image::new(FormatCode::X8R8G8B8, 3, 2, true).unwrap();
        assert!(row(&image, 2).is_empty());
    }
}
