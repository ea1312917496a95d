//! Zlib (rfbproto "zlib Encoding"), and the streams of other encodings. The inflater is not the
//! one of the server's library.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::wire::{Source, Wire, broken};
use crate::Result;

/// A zlib stream that comes in pieces.
pub(super) struct ZlibStream(Box<InflateState>);

impl Default for ZlibStream {
    fn default() -> Self {
        Self(InflateState::new_boxed(DataFormat::Zlib))
    }
}

impl ZlibStream {
    /// Reads the next piece of a stream that never ends, behind its length, and returns what is
    /// in it: at most `limit` bytes.
    pub(super) fn read(&mut self, wire: &mut Wire, limit: usize) -> Result<Vec<u8>> {
        let length = wire.u32("the length of zlib data")? as usize;
        self.inflate(wire.take(length, "zlib data")?, limit)
    }

    /// Inflates the next piece of a stream that never ends.
    pub(super) fn inflate(&mut self, input: &[u8], limit: usize) -> Result<Vec<u8>> {
        match self.run(input, limit)? {
            (output, false) => Ok(output),
            // Some viewers fail even when such a stream is begun anew with the next piece.
            (_, true) => Err(broken("zlib data that ends its stream")),
        }
    }

    /// Inflates a whole stream, ended or only flushed, of at most `limit` bytes.
    pub(super) fn inflate_all(input: &[u8], limit: usize) -> Result<Vec<u8>> {
        Self::default().run(input, limit).map(|(output, _)| output)
    }

    /// What is in `input`, and whether it ends the stream.
    fn run(&mut self, mut input: &[u8], limit: usize) -> Result<(Vec<u8>, bool)> {
        // One byte more, so that too much data is noticed.
        let mut output = vec![0; limit + 1];
        let (mut filled, mut ended) = (0, false);
        loop {
            let result = inflate(&mut self.0, input, &mut output[filled..], MZFlush::Sync);
            input = &input[result.bytes_consumed..];
            filled += result.bytes_written;
            match result.status {
                Ok(MZStatus::StreamEnd) => ended = true,
                Ok(_) if result.bytes_consumed + result.bytes_written > 0 => continue,
                // There is nothing more to come.
                Ok(_) | Err(MZError::Buf) => {}
                Err(error) => return Err(broken(format!("wrong zlib data: {error:?}"))),
            }
            break;
        }
        if filled > limit || !input.is_empty() {
            return Err(broken(format!(
                "zlib data of {filled} bytes where {limit} have room, and {} left over",
                input.len()
            )));
        }
        output.truncate(filled);
        Ok((output, ended))
    }
}

/// What was inflated, to be read.
pub(super) struct Inflated {
    bytes: Vec<u8>,
    taken: usize,
}

impl Inflated {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, taken: 0 }
    }

    /// Fails unless all was read.
    pub(super) fn end(self) -> Result {
        match self.bytes.len() - self.taken {
            0 => Ok(()),
            left => Err(broken(format!("{left} inflated bytes are left over"))),
        }
    }
}

impl Source for Inflated {
    fn take(&mut self, count: usize, what: &str) -> Result<&[u8]> {
        let taken = self.bytes[self.taken..].get(..count);
        let taken = taken.ok_or_else(|| broken(format!("the inflated bytes end before {what}")))?;
        self.taken += count;
        Ok(taken)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::*;

    /// A piece of a zlib stream with these bytes in a stored block (RFC 1951 §3.2.4), behind a
    /// header (RFC 1950 §2.2) if it is the first.
    pub(in super::super) fn stored(first: bool, bytes: &[u8]) -> Vec<u8> {
        let header: &[u8] = if first { &[0x78, 0x01] } else { &[] };
        let length = (bytes.len() as u16).to_le_bytes();
        let inverted = length.map(|byte| !byte);
        [header, &[0], &length, &inverted, bytes].concat()
    }

    /// "hello", stored: RFC 1950 §2.2 (0x78 0x01) and RFC 1951 §3.2.4 (not the last block, stored,
    /// 5 bytes), then an empty stored block, which is what flushes.
    const HELLO: &[u8] = b"\x78\x01\x00\x05\x00\xfa\xffhello\x00\x00\x00\xff\xff";

    #[test]
    fn pieces_continue_a_stream() -> Result {
        let mut stream = ZlibStream::default();
        assert_eq!(stream.inflate(HELLO, 5)?, b"hello");
        assert_eq!(stream.inflate(&HELLO[2..], 9)?, b"hello");
        let error = stream.inflate(&HELLO[2..], 4).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("zlib data of 5 bytes where 4 have room")
        );
        Ok(())
    }

    #[test]
    fn only_a_whole_stream_may_end() -> Result {
        let whole = compress_to_vec_zlib(b"hello", 6);
        assert_eq!(ZlibStream::inflate_all(&whole, 5)?, b"hello");
        assert_eq!(ZlibStream::inflate_all(HELLO, 5)?, b"hello");
        let error = ZlibStream::default().inflate(&whole, 5).unwrap_err();
        assert_eq!(error.to_string(), "zlib data that ends its stream");
        let error = ZlibStream::inflate_all(&[&whole[..], b"x"].concat(), 5).unwrap_err();
        assert!(error.to_string().ends_with("and 1 left over"), "{error}");
        Ok(())
    }

    #[test]
    fn inflated_bytes_are_read_to_their_end() -> Result {
        let mut inflated = Inflated::new(vec![1, 2, 3]);
        assert_eq!(inflated.take(2, "two")?, [1, 2]);
        let error = inflated.take(2, "two more").unwrap_err();
        assert_eq!(error.to_string(), "the inflated bytes end before two more");
        let error = Inflated::new(vec![1]).end().unwrap_err();
        assert_eq!(error.to_string(), "1 inflated bytes are left over");
        Inflated::new(vec![]).end()
    }
}
