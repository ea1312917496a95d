//! Zlib (rfbproto "Zlib Encoding").

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush};

use super::wire::{Wire, broken};
use crate::Result;

/// The zlib stream that lives as long as the connection. Its inflater is not the one of the
/// server's library.
pub(super) struct ZlibStream(Box<InflateState>);

impl Default for ZlibStream {
    fn default() -> Self {
        Self(InflateState::new_boxed(DataFormat::Zlib))
    }
}

impl ZlibStream {
    /// Reads the next piece of the stream, behind its length, and returns what is in it: exactly
    /// `length` bytes.
    pub(super) fn read(&mut self, wire: &mut Wire, length: usize) -> Result<Vec<u8>> {
        let count = wire.u32("the length of zlib data")? as usize;
        let input = wire.bytes(count, "zlib data")?;
        let mut input = input.as_slice();
        // One byte more, so that too much data is noticed.
        let mut output = vec![0; length + 1];
        let mut filled = 0;
        loop {
            let result = inflate(&mut self.0, input, &mut output[filled..], MZFlush::Sync);
            input = &input[result.bytes_consumed..];
            filled += result.bytes_written;
            match result.status {
                Ok(_) if result.bytes_consumed + result.bytes_written > 0 => {}
                // There is nothing more to come.
                Ok(_) | Err(MZError::Buf) => break,
                Err(error) => return Err(broken(format!("wrong zlib data: {error:?}"))),
            }
        }
        if filled != length || !input.is_empty() {
            return Err(broken(format!(
                "zlib data of {filled} bytes for {length} bytes of pixels, and {} left over",
                input.len()
            )));
        }
        output.truncate(length);
        Ok(output)
    }
}
