//! The programs whose window is seen. They are in this process: their time is not counted.

use std::fs::File;

use offing_tests::Result;
use offing_tests::picture::Picture;
use rustix::fs::{MemfdFlags, memfd_create};

use crate::SIZE;

/// The bytes of a row of pixels.
pub(crate) const STRIDE: usize = SIZE.0 as usize * 4;
/// The bytes of a picture.
pub(crate) const BYTES: usize = STRIDE * SIZE.1 as usize;

/// A window that fills the screen.
pub(crate) trait Painter {
    /// Shows a picture in it. The server knows of that when this returns.
    fn paint(&mut self, picture: &Picture) -> Result;
}

/// Memory to share.
pub(crate) fn memory(bytes: usize) -> Result<File> {
    let memory = File::from(memfd_create("bench", MemfdFlags::CLOEXEC)?);
    memory.set_len(bytes as u64)?;
    Ok(memory)
}

/// The pixels of a picture: blue, green, red and a byte for nothing.
pub(crate) fn bgrx(picture: &Picture) -> Vec<u8> {
    let pixels = picture.rgb.chunks_exact(3);
    pixels.flat_map(|rgb| [rgb[2], rgb[1], rgb[0], 0]).collect()
}
