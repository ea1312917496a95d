//! What is in a clipboard, as it travels: compressed, in all its formats (rfbproto
//! "Extended Clipboard Pseudo-Encoding", *provide*).

use std::sync::Arc;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::format::{ClipboardFormat, ClipboardFormats};
use super::{html, with_line_feeds};
use crate::wire::{Reader, put_u32};

/// What is in a clipboard. It is compressed when it is made, and decompressed when it is
/// [unpacked](Self::unpack): both take time for long texts, and can be done on any thread.
/// A clone shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipboardContents {
    formats: ClipboardFormats,
    /// A zlib stream (RFC 1950).
    compressed: Arc<Vec<u8>>,
}

/// The most bytes that a clipboard may hold, in all formats together: 16 MiB.
pub(crate) const MAX_CONTENTS: usize = 16 << 20;

/// The room that output is given at a time, in bytes.
const ROOM: usize = 64 << 10;

impl ClipboardContents {
    /// Compresses data. What does not fit into 16 MiB is left out; so is a text that is
    /// no UTF-8.
    pub fn new(data: &[(ClipboardFormat, &[u8])]) -> Self {
        let mut plain = Vec::new();
        let mut formats = Vec::new();
        // They travel in the order of their bits.
        for format in ClipboardFormat::ALL {
            let own = data.iter().find(|(own, _)| *own == format);
            let Some(bytes) = own.and_then(|(_, bytes)| to_wire(format, bytes)) else {
                continue;
            };
            if plain.len() + 4 + bytes.len() <= MAX_CONTENTS {
                put_u32(&mut plain, bytes.len() as u32);
                plain.extend_from_slice(&bytes);
                formats.push(format);
            }
        }
        Self {
            formats: formats.into_iter().collect(),
            compressed: Arc::new(compress(&plain)),
        }
    }

    /// What a peer has sent.
    pub(super) fn received(formats: ClipboardFormats, compressed: &[u8]) -> Self {
        Self {
            formats,
            compressed: Arc::new(compressed.to_vec()),
        }
    }

    /// The formats that it is in.
    pub fn formats(&self) -> ClipboardFormats {
        self.formats
    }

    /// The bytes that it takes up, compressed as it is.
    pub fn compressed_len(&self) -> usize {
        self.compressed.len()
    }

    /// The compressed bytes.
    pub(crate) fn compressed(&self) -> &[u8] {
        &self.compressed
    }

    /// The compressed bytes, without a copy.
    pub(crate) fn into_compressed(self) -> Arc<Vec<u8>> {
        self.compressed
    }

    /// Decompresses it. What is broken or passes 16 MiB ends what there is: formats may be
    /// missing.
    pub fn unpack(&self) -> Vec<(ClipboardFormat, Vec<u8>)> {
        let plain = decompress(&self.compressed);
        let mut reader = Reader::new(&plain);
        let mut next = |format| {
            let length = reader.u32().ok()?;
            let bytes = reader.take(length as usize).ok()?;
            Some((format, from_wire(format, bytes)))
        };
        self.formats.iter().map_while(&mut next).collect()
    }
}

/// Data as it travels. None if it cannot.
fn to_wire(format: ClipboardFormat, bytes: &[u8]) -> Option<Vec<u8>> {
    match format {
        ClipboardFormat::Text => {
            let text = str::from_utf8(bytes).ok()?;
            // Nobody looks past a NUL.
            let text = text.split('\0').next().unwrap_or_default();
            let mut wire = String::with_capacity(text.len() + 1);
            for character in with_line_feeds(text.chars()) {
                match character {
                    '\n' => wire.push_str("\r\n"),
                    other => wire.push(other),
                }
            }
            wire.push('\0');
            Some(wire.into_bytes())
        }
        ClipboardFormat::Html => Some(html::wrap(bytes)),
        ClipboardFormat::Rtf | ClipboardFormat::Dib => Some(bytes.to_vec()),
    }
}

/// Data as it is without the wire's conventions.
fn from_wire(format: ClipboardFormat, bytes: &[u8]) -> Vec<u8> {
    match format {
        ClipboardFormat::Text => {
            // The NUL at the end may be missing.
            let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
            let text = String::from_utf8_lossy(text);
            let text: String = with_line_feeds(text.chars()).collect();
            text.into_bytes()
        }
        ClipboardFormat::Html => html::unwrap(bytes).to_vec(),
        ClipboardFormat::Rtf | ClipboardFormat::Dib => bytes.to_vec(),
    }
}

fn compress(plain: &[u8]) -> Vec<u8> {
    let mut compressor = Compress::new(Compression::fast(), true);
    let mut out = Vec::new();
    loop {
        out.reserve(ROOM);
        let taken = compressor.total_in() as usize;
        let rest = plain.get(taken..).unwrap_or_default();
        match compressor.compress_vec(rest, &mut out, FlushCompress::Finish) {
            Ok(Status::Ok | Status::BufError) => {}
            Ok(Status::StreamEnd) | Err(_) => return out,
        }
    }
}

/// As much as there is, up to [`MAX_CONTENTS`]: peers need not end the stream.
fn decompress(compressed: &[u8]) -> Vec<u8> {
    let mut decompressor = Decompress::new(true);
    let mut out = Vec::new();
    while out.len() < MAX_CONTENTS {
        out.reserve(ROOM);
        let (taken, length) = (decompressor.total_in() as usize, out.len());
        let rest = compressed.get(taken..).unwrap_or_default();
        match decompressor.decompress_vec(rest, &mut out, FlushDecompress::Sync) {
            Ok(Status::StreamEnd) | Err(_) => break,
            // Nothing came of it, and nothing will.
            Ok(_) if out.len() == length && decompressor.total_in() as usize == taken => break,
            Ok(_) => {}
        }
    }
    out.truncate(MAX_CONTENTS);
    out
}

#[cfg(test)]
mod tests {
    use super::ClipboardFormat::{Dib, Html, Rtf, Text};
    use super::*;

    #[test]
    fn comes_back_as_it_was() {
        let long = "a line\n".repeat(1_500_000);
        let contents = ClipboardContents::new(&[
            (Dib, &[1, 2, 3]),
            (Text, long.as_bytes()),
            (Html, "<b>käse</b>".as_bytes()),
        ]);
        assert_eq!(contents.formats(), [Text, Html, Dib].into_iter().collect());
        assert_eq!(
            contents.unpack(),
            [
                (Text, long.into_bytes()),
                (Html, "<b>käse</b>".into()),
                (Dib, vec![1, 2, 3])
            ]
        );
    }

    #[test]
    fn text_travels_as_the_protocol_says() {
        let contents = ClipboardContents::new(&[(Text, "käse\r\n€\n".as_bytes())]);
        let plain = decompress(contents.compressed());
        let mut expected = vec![0, 0, 0, 13];
        expected.extend("käse\r\n€\r\n\0".as_bytes());
        assert_eq!(plain, expected);
        assert_eq!(contents.unpack(), [(Text, "käse\n€\n".into())]);
    }

    #[test]
    fn a_text_may_lack_its_end() {
        for (sent, text) in [("", ""), ("\0", ""), ("a\r\nb", "a\nb"), ("a\0b", "a")] {
            let mut plain = (sent.len() as u32).to_be_bytes().to_vec();
            plain.extend(sent.as_bytes());
            let formats = [Text].into_iter().collect();
            let contents = ClipboardContents::received(formats, &compress(&plain));
            assert_eq!(contents.unpack(), [(Text, text.into())]);
        }
    }

    #[test]
    fn what_is_broken_ends_early() {
        let formats = [Text, Rtf].into_iter().collect();
        let whole = compress(&[0, 0, 0, 2, b'a', 0, 0, 0, 0, 1, b'r']);
        let received = |bytes: &[u8]| ClipboardContents::received(formats, bytes).unpack();
        let (text, rtf) = ((Text, b"a".to_vec()), (Rtf, b"r".to_vec()));
        assert_eq!(received(&whole), [text.clone(), rtf.clone()]);
        // Without the checksum there is all the same.
        assert_eq!(received(&whole[..whole.len() - 4]), [text.clone(), rtf]);
        let missing = compress(&[0, 0, 0, 2, b'a', 0, 255, 255, 255, 255, b'r']);
        assert_eq!(received(&missing), [text]);
        assert_eq!(received(b"no zlib at all"), []);
        assert_eq!(received(b""), []);
    }

    #[test]
    fn a_bomb_does_no_harm() {
        let bomb = compress(&vec![0; MAX_CONTENTS + (1 << 20)]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(decompress(&bomb).len(), MAX_CONTENTS);
    }

    #[test]
    fn what_is_too_long_is_left_out() {
        let long = vec![b'a'; MAX_CONTENTS];
        let contents = ClipboardContents::new(&[(Text, &long), (Rtf, b"r")]);
        assert_eq!(contents.unpack(), [(Rtf, b"r".to_vec())]);
        let contents = ClipboardContents::new(&[(Text, b"\xff")]);
        assert!(contents.formats().is_empty());
    }
}
