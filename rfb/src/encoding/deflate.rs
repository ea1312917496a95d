//! Deflate (RFC 1951), in pieces of which none depends on another.
//!
//! A piece begins with an empty window, so it refers to nothing before it, and ends
//! with a sync flush, so it ends with a byte. Such pieces continue the zlib stream
//! (RFC 1950) of any viewer, behind the two bytes that begin it: [`STREAM_HEADER`].

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress};

use super::huffman::search;
use crate::wire::put_u32;

/// The start of a stream: deflate with a window of 32 KiB. Some viewers take no
/// smaller one.
pub(crate) const STREAM_HEADER: [u8; 2] = [0x78, 0x01];

/// The room that output is given at a time, in bytes.
const ROOM: usize = 32 * 1024;

/// What grows by more than this many bytes is stored instead: noise becomes larger at
/// the quick levels.
const SLACK: usize = 64;

/// Of what has at least this many bytes a sample is tried first, one part of so many.
const LONG: usize = 64 * 1024;
pub(crate) const SAMPLE_STEP: usize = 16;

thread_local! {
    /// The compressor of this thread and its level: making one takes longer than
    /// compressing a small rectangle.
    static COMPRESSOR: RefCell<Option<(u8, Compress)>> = const { RefCell::new(None) };
}

/// Takes what is to be compressed.
pub(crate) struct Writer<'a> {
    compressor: &'a mut Compress,
    out: &'a mut Vec<u8>,
}

/// Appends the body of a rectangle in Zlib or ZRLE: a piece behind its length in bytes
/// (U32). It has all that `write` gives to what it is called with, maybe twice.
pub(crate) fn put_body(way: Way, out: &mut Vec<u8>, write: impl Fn(&mut dyn FnMut(&[u8]))) {
    let length_at = out.len();
    put_u32(out, 0);
    let start = out.len();
    match way {
        Way::Zlib(level) => deflate(level, out, |writer| write(&mut |part| writer.write(part))),
        Way::Search => {
            let mut bytes = Vec::new();
            write(&mut |part| bytes.extend_from_slice(part));
            search(&bytes, out);
        }
    }
    let length = (out.len() - start) as u32;
    out[length_at..start].copy_from_slice(&length.to_be_bytes());
}

/// Appends a body that [`put_body`] has made, with the start of the stream put into it:
/// the first one that a viewer is sent.
pub(crate) fn put_first_body(body: &[u8], out: &mut Vec<u8>) {
    let piece = &body[size_of::<u32>()..];
    put_u32(out, (STREAM_HEADER.len() + piece.len()) as u32);
    out.extend_from_slice(&STREAM_HEADER);
    out.extend_from_slice(piece);
}

/// The level of zlib for a compression level, where little is left to compress, so that a
/// higher one costs little time. Level 1 has fixed codes, which do not suit numbers of
/// colours.
pub(crate) fn zlib_level(level: u8) -> u8 {
    const LEVELS: [u8; 10] = [0, 2, 5, 5, 6, 6, 7, 7, 8, 9];
    LEVELS[usize::from(level.min(9))]
}

/// What to do with bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// To have zlib compress them at a level, or store them at level 0.
    Zlib(u8),
    /// To [search](search()) them for repetitions as pixels.
    Search,
}

impl Way {
    /// For `length` bytes, what makes the fewest bytes of a sample, where it is worth a
    /// try: of what is long, and not mostly like its neighbours. To store noise takes a
    /// tenth of the time that it takes to find out that it is noise, so it must become
    /// smaller by a sixteenth. The search is quicker than zlib, so it may make a little
    /// more, but at the highest level. At level 1 zlib is quicker.
    pub(crate) fn of(level: u8, length: usize, sample: impl FnOnce() -> Vec<u8>) -> Self {
        if level == 0 || length < LONG {
            return Self::Zlib(level);
        }
        let sample = sample();
        let pairs = sample.iter().zip(sample.get(4..).unwrap_or_default());
        if pairs.filter(|(a, b)| a == b).count() > sample.len() / 2 {
            return Self::Zlib(level);
        }
        let most = sample.len() - sample.len() / 16;
        let mut by_zlib = Vec::new();
        deflate_at(level, &mut by_zlib, |writer| writer.write(&sample));
        if level == 1 {
            return Self::Zlib(if by_zlib.len() > most { 0 } else { level });
        }
        let mut by_search = Vec::new();
        search(&sample, &mut by_search);
        let spare = match level {
            9 => 0,
            _ => by_zlib.len() / 64,
        };
        if by_zlib.len().min(by_search.len()) > most {
            Self::Zlib(0)
        } else if by_search.len() <= by_zlib.len() + spare {
            Self::Search
        } else {
            Self::Zlib(level)
        }
    }
}

/// Appends a piece with all that `write` writes, compressed at a level from 0 to 9. It
/// may be called twice.
pub(crate) fn deflate(level: u8, out: &mut Vec<u8>, write: impl Fn(&mut Writer<'_>)) {
    let start = out.len();
    let taken = deflate_at(level, out, &write);
    if level > 0 && out.len() - start > taken + SLACK {
        out.truncate(start);
        deflate_at(0, out, &write);
    }
}

/// Returns how many bytes were written.
fn deflate_at(level: u8, out: &mut Vec<u8>, write: impl Fn(&mut Writer<'_>)) -> usize {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = fresh(slot, level);
        let mut writer = Writer { compressor, out };
        write(&mut writer);
        writer.compress(&[], FlushCompress::Sync);
        writer.compressor.total_in() as usize
    })
}

/// The compressor in `slot`, with an empty window and this level.
fn fresh(slot: &mut Option<(u8, Compress)>, level: u8) -> &mut Compress {
    if slot.as_ref().is_some_and(|(kept, _)| *kept != level) {
        *slot = None;
    }
    let (_, compressor) = slot.get_or_insert_with(|| {
        let with_header = false;
        (
            level,
            Compress::new(Compression::new(level.into()), with_header),
        )
    });
    compressor.reset();
    compressor
}

impl Writer<'_> {
    /// Takes bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.compress(bytes, FlushCompress::None);
    }

    /// Compresses all of `input`, and all that is held back if `flush` says so.
    fn compress(&mut self, input: &[u8], flush: FlushCompress) {
        let Self { compressor, out } = self;
        let taken_before = compressor.total_in();
        loop {
            out.reserve(ROOM);
            let taken = (compressor.total_in() - taken_before) as usize;
            // The only error is one of a stream that was finished, which these never are.
            let _ = compressor.compress_vec(&input[taken..], out, flush);
            let is_taken = compressor.total_in() - taken_before == input.len() as u64;
            // With room left, everything has come out.
            if is_taken && out.len() < out.capacity() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use super::*;
    use crate::geometry::random::Random;

    /// The body of these bytes, which are written in parts.
    fn body(level: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_body(way(level, bytes), &mut out, |put| {
            bytes.chunks(1000).for_each(put);
        });
        out
    }

    /// What to do with bytes whose sample is a part of them.
    fn way(level: u8, bytes: &[u8]) -> Way {
        let sample = || bytes[..bytes.len().min(10_000)].to_vec();
        Way::of(level, bytes.len(), sample)
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut random = Random(9);
        (0..length).map(|_| random.next() as u8).collect()
    }

    /// The pixels of a picture with little noise, 400 in a row.
    fn photograph() -> Vec<u8> {
        let mut random = Random(7);
        let mut pixel = |index: u16| {
            let shade = index % 400 / 9 + index / 4000 + random.below(6);
            [20, 50, 90].map(|colour| (colour + shade + random.below(4)) as u8)
        };
        (0..60_000).flat_map(&mut pixel).collect()
    }

    #[test]
    fn photographs_are_searched_for_pixels() {
        let photograph = photograph();
        assert_eq!(way(6, &photograph), Way::Search);
        let mut by_zlib = Vec::new();
        deflate(6, &mut by_zlib, |writer| writer.write(&photograph));
        assert!(body(6, &photograph).len() < by_zlib.len() * 97 / 100);
        // Two colours that are mixed at edges.
        let mut random = Random(7);
        let mut edge = || [random.below(9) as u8; 3];
        let text: Vec<u8> = (0..60_000)
            .flat_map(|index| match index % 7 {
                0 => edge(),
                _ => [40; 3],
            })
            .collect();
        assert_eq!(way(6, &text), Way::Zlib(6));
    }

    #[test]
    fn bodies_come_back_behind_the_first_one() {
        let pieces = [
            noise(100_000),
            vec![7; 100_000],
            noise(10),
            Vec::new(),
            photograph(),
        ];
        let mut stream = Decompress::new(true);
        for round in 0..3 {
            for (index, piece) in pieces.iter().enumerate() {
                let mut made = body([1, 2, 9][round], piece);
                if (round, index) == (0, 0) {
                    let mut first = Vec::new();
                    put_first_body(&made, &mut first);
                    made = first;
                }
                let (length, compressed) = made.split_at(4);
                assert_eq!(length, (compressed.len() as u32).to_be_bytes());
                let mut back = Vec::with_capacity(piece.len() + 1);
                stream
                    .decompress_vec(compressed, &mut back, FlushDecompress::Sync)
                    .unwrap();
                assert!(back == *piece);
            }
        }
    }

    #[test]
    fn long_pieces_that_become_hardly_smaller_are_stored() {
        // 210 values take 7.7 bits each, 128 values 7.
        let mut random = Random(9);
        let [much, less] = [210, 128].map(|values| {
            let bytes = (0..10_000).map(|_| random.below(values) as u8);
            bytes.collect::<Vec<_>>()
        });
        for level in [2, 6] {
            assert_eq!(Way::of(level, LONG, || much.clone()), Way::Zlib(0));
            assert_eq!(Way::of(level, LONG - 1, || much.clone()), Way::Zlib(level));
            assert_ne!(Way::of(level, LONG, || less.clone()), Way::Zlib(0));
        }
        assert_eq!(Way::of(0, LONG, || less.clone()), Way::Zlib(0));
        let partly = || [vec![7; 3000], noise(7000)].concat();
        assert_ne!(Way::of(1, LONG, partly), Way::Zlib(0));
        let mostly = || [vec![7; 6000], noise(4000)].concat();
        assert_eq!(Way::of(1, LONG, mostly), Way::Zlib(1));
    }
}
