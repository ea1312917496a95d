//! Deflate (RFC 1951) without a search for repetitions: each byte becomes a code that
//! is the shorter the more often the byte occurs. Of what a filter leaves of a
//! photograph this makes fewer bytes than a search does, in a fraction of its time.

use super::deflate::deflate;

/// The codes: those of the bytes, then the one that ends a block.
const CODES: usize = 257;
const END_OF_BLOCK: usize = 256;

/// The longest code in bits. Four codes and what is left of a byte fit into 64 bits.
const LONGEST: u8 = 12;

/// What stands ahead of the codes' lengths, in groups of bits: their number and value.
const HEADER: [(u32, u64); 6] = [
    (1, 0),                      // more blocks follow
    (2, 2),                      // with codes of their own
    (5, 0),                      // of 257 literals,
    (5, 1),                      // and of 2 distances
    (4, 15),                     // all of the codes for lengths have a length:
    (57, 0o4444444444444444000), // the 3 for repetitions none, the others 4 bits
];

/// The size of a block's header and of what stands behind the block, in bits.
const OVERHEAD: u64 = 3 + 5 + 5 + 4 + 57 + 4 * (CODES as u64 + 2) + 3 + 7 + 32;

/// Appends a piece with all of `bytes`: like one of [`deflate`] it depends on nothing
/// before it, and ends with a sync flush.
pub(crate) fn huffman(bytes: &[u8], out: &mut Vec<u8>) {
    let counts = counts(bytes);
    let lengths = lengths(counts);
    let pairs = counts.iter().zip(lengths);
    let bits: u64 = pairs
        .map(|(count, length)| u64::from(*count) * u64::from(length))
        .sum();
    let size = (bits + OVERHEAD) as usize / 8;
    if size >= bytes.len() {
        return deflate(0, out, |writer| writer.write(bytes));
    }
    let codes = codes(&lengths);
    let mut writer = BitWriter::new(out, size);
    for (count, value) in HEADER {
        writer.put(value, count);
        writer.flush();
    }
    for length in lengths.iter().chain(&[1, 1]) {
        // Codes are written from their highest bit.
        writer.put(u64::from(length.reverse_bits() >> 4), 4);
        writer.flush();
    }
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

/// The lengths of the best codes of at most [`LONGEST`] bits, or nearly the best.
fn lengths(mut counts: [u32; CODES]) -> [u8; CODES] {
    loop {
        let lengths = unbounded_lengths(&counts);
        if lengths.iter().all(|length| *length <= LONGEST) {
            return lengths;
        }
        // Closer together, they get codes of closer lengths.
        for count in &mut counts {
            *count = count.div_ceil(2);
        }
    }
}

/// The lengths of Huffman's codes: the two least frequent become one, again and again.
fn unbounded_lengths(counts: &[u32; CODES]) -> [u8; CODES] {
    let mut lengths = [0; CODES];
    let mut symbols: Vec<usize> = (0..CODES).filter(|symbol| counts[*symbol] > 0).collect();
    symbols.sort_unstable_by_key(|symbol| counts[*symbol]);
    let leaves = symbols.len();
    // The leaves, then the pairs, both in the order of their weights.
    let mut weights: Vec<u32> = symbols.iter().map(|symbol| counts[*symbol]).collect();
    let mut parents = vec![0; leaves];
    let (mut leaf, mut pair) = (0, leaves);
    while weights.len() < 2 * leaves - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let is_leaf = leaf < leaves && weights.get(pair).is_none_or(|w| weights[leaf] <= *w);
            let least = if is_leaf { &mut leaf } else { &mut pair };
            weight += weights[*least];
            parents[*least] = weights.len();
            *least += 1;
        }
        weights.push(weight);
        parents.push(0);
    }
    let mut depths = vec![0_u8; weights.len()];
    for node in (0..weights.len() - 1).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    for (symbol, depth) in symbols.into_iter().zip(depths) {
        lengths[symbol] = depth;
    }
    lengths
}

/// A code with its first bit lowest, and its length.
type Code = (u16, u8);

/// The codes of these lengths (RFC 1951 §3.2.2).
fn codes(lengths: &[u8; CODES]) -> [Code; CODES] {
    let mut codes = [(0, 0); CODES];
    let mut next = 0_u16;
    for length in 1..=LONGEST {
        for (code, _) in codes
            .iter_mut()
            .zip(lengths)
            .filter(|(_, own)| **own == length)
        {
            *code = (next.reverse_bits() >> (16 - length), length);
            next += 1;
        }
        next <<= 1;
    }
    codes
}

/// Appends bits, the lowest first.
struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Where the next byte goes.
    at: usize,
    bits: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    /// Makes room for `size` bytes.
    fn new(out: &'a mut Vec<u8>, size: usize) -> Self {
        let at = out.len();
        out.resize(at + size + 8, 0);
        Self {
            out,
            at,
            bits: 0,
            count: 0,
        }
    }

    /// Takes up to 57 bits after a flush.
    fn put(&mut self, value: u64, count: u32) {
        self.bits |= value << self.count;
        self.count += count;
    }

    fn put_code(&mut self, (code, length): Code) {
        self.put(code.into(), length.into());
    }

    /// Writes the whole bytes.
    fn flush(&mut self) {
        self.out[self.at..self.at + 8].copy_from_slice(&self.bits.to_le_bytes());
        self.at += self.count as usize / 8;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }

    /// Ends with an empty stored block, as a sync flush does.
    fn sync(mut self) {
        self.put(0, 3);
        self.count = self.count.next_multiple_of(8);
        self.put(0xffff_0000, 32);
        self.flush();
        self.out.truncate(self.at);
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress, Status};

    use super::*;
    use crate::geometry::random::Random;

    /// Compresses bytes behind others, checks what came of them, and gives its length.
    fn check(bytes: &[u8]) -> usize {
        let mut out = vec![1, 2, 3];
        huffman(bytes, &mut out);
        assert_eq!(out[..3], [1, 2, 3]);
        let piece = &out[3..];
        assert!(piece.ends_with(&[0, 0, 0xff, 0xff]), "no sync flush");
        let with_header = false;
        let mut inflate = Decompress::new(with_header);
        let mut inflated = Vec::with_capacity(bytes.len() + 1);
        let status = inflate.decompress_vec(piece, &mut inflated, FlushDecompress::Sync);
        assert_eq!(status.unwrap(), Status::Ok, "not finished");
        assert_eq!(inflate.total_in(), piece.len() as u64);
        assert_eq!(inflated, bytes);
        assert!(piece.len() <= bytes.len() + bytes.len() / 1000 + 80);
        piece.len()
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
    fn no_code_is_longer_than_allowed() {
        // Each is nearly as frequent as all before it together, so that codes without a
        // bound would be up to 23 bits.
        let (mut last, mut next) = (1_u32, 1);
        let mut counts = [0; CODES];
        for count in counts.iter_mut().take(24) {
            *count = last;
            (last, next) = (next, last + next);
        }
        counts[END_OF_BLOCK] = 1;
        assert!(
            unbounded_lengths(&counts)
                .iter()
                .any(|length| *length > LONGEST)
        );
        let bytes: Vec<u8> = (0..24)
            .flat_map(|byte| vec![byte; counts[usize::from(byte)] as usize])
            .collect();
        check(&bytes);
    }

    #[test]
    fn what_cannot_be_shortened_is_stored() {
        let mut random = Random(9);
        let bytes: Vec<u8> = (0..5000).map(|_| random.next() as u8).collect();
        assert!(check(&bytes) <= bytes.len() + 20);
    }
}
