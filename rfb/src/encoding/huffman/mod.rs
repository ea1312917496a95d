//! Deflate (RFC 1951) for photographs, in pieces like those of [`deflate`]: they depend
//! on nothing before them, and end with a sync flush.
//!
//! [`huffman`] searches for no repetitions: each byte becomes a code that is the shorter
//! the more often the byte occurs. Of what a filter leaves of a photograph this makes
//! fewer bytes than a search does, in a fraction of its time. [`search`] is for pixels as
//! they are.

mod bits;
mod block;
mod codes;
mod search;

use super::deflate::deflate;
use bits::{BitWriter, overhead};
use codes::{codes, lengths, size};
pub(crate) use search::search;

/// The codes: those of the bytes, then the one that ends a block.
const CODES: usize = 257;
const END_OF_BLOCK: usize = 256;

/// Appends a piece with all of `bytes`.
pub(crate) fn huffman(bytes: &[u8], out: &mut Vec<u8>) {
    let counts = counts(bytes);
    let lengths = lengths(counts);
    let size = (size(&counts, &lengths) + overhead(CODES + 2)) / 8;
    if size >= bytes.len() {
        return deflate(0, out, |writer| writer.write(bytes));
    }
    let codes = codes(&lengths);
    let mut writer = BitWriter::new(out);
    writer.reserve(size);
    writer.begin_block(&lengths, &[1, 1]);
    let (fours, rest) = bytes.as_chunks::<4>();
    for bytes in fours {
        for byte in bytes {
            writer.put_code(codes[usize::from(*byte)]);
        }
        writer.flush();
    }
    for byte in rest {
        writer.put_code(codes[usize::from(*byte)]);
    }
    writer.put_code(codes[END_OF_BLOCK]);
    writer.flush();
    writer.sync();
}

/// How often each code is needed.
fn counts(bytes: &[u8]) -> [u32; CODES] {
    // Neighbours are often equal: one table would wait for itself.
    let mut tables = [[0_u32; 256]; 4];
    let (fours, rest) = bytes.as_chunks::<4>();
    for bytes in fours {
        for (table, byte) in tables.iter_mut().zip(bytes) {
            table[usize::from(*byte)] += 1;
        }
    }
    for byte in rest {
        tables[0][usize::from(*byte)] += 1;
    }
    let mut counts = [0; CODES];
    counts[END_OF_BLOCK] = 1;
    for table in tables {
        for (count, part) in counts.iter_mut().zip(table) {
            *count += part;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress, Status};

    use super::*;
    use crate::geometry::random::Random;

    /// Compresses bytes behind others, checks what came of them, and returns it.
    pub(super) fn compressed(compress: fn(&[u8], &mut Vec<u8>), bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![1, 2, 3];
        compress(bytes, &mut out);
        assert_eq!(out[..3], [1, 2, 3]);
        let piece = out.split_off(3);
        assert!(piece.ends_with(&[0, 0, 0xff, 0xff]), "no sync flush");
        assert!(piece.len() <= bytes.len() + bytes.len() / 1000 + 80);
        inflates_to(&piece, bytes);
        piece
    }

    /// Checks what a piece inflates to.
    pub(super) fn inflates_to(piece: &[u8], bytes: &[u8]) {
        let with_header = false;
        let mut inflate = Decompress::new(with_header);
        let mut inflated = Vec::with_capacity(bytes.len() + 1);
        let status = inflate.decompress_vec(piece, &mut inflated, FlushDecompress::Sync);
        assert_eq!(status.unwrap(), Status::Ok, "not finished");
        assert_eq!(inflate.total_in(), piece.len() as u64);
        assert!(inflated == bytes);
    }

    fn check(bytes: &[u8]) -> usize {
        compressed(huffman, bytes).len()
    }

    #[test]
    fn bytes_come_back() {
        let mut random = Random(6);
        for round in 0..200 {
            let length = random.below(1 << (round % 14)) + 1;
            let spread = 1 + random.below(256);
            // The lower, the more frequent.
            let skewed = |random: &mut Random| {
                let below = 1 + random.below(spread);
                random.below(below) as u8
            };
            let bytes: Vec<u8> = (0..length).map(|_| skewed(&mut random)).collect();
            check(&bytes);
        }
        for length in 0..10 {
            check(&vec![7; length]);
        }
    }

    #[test]
    fn frequent_bytes_are_short() {
        // One bit each.
        let length = check(&[9; 80_000]);
        assert!((10_000..10_200).contains(&length), "{length}");
        // One, two and three bits.
        let length = check(&[[1, 1, 2, 3]; 20_000].concat());
        assert!((17_500..17_700).contains(&length), "{length}");
    }

    #[test]
    fn what_cannot_be_shortened_is_stored() {
        let mut random = Random(9);
        let bytes: Vec<u8> = (0..5000).map(|_| random.next() as u8).collect();
        assert!(check(&bytes) <= bytes.len() + 20);
    }
}
