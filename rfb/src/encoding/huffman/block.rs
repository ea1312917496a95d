//! Blocks of literals and matches (RFC 1951 §3.2.3), each with codes that suit it.

use super::END_OF_BLOCK;
use super::bits::{BitWriter, overhead};
use super::codes::{codes, lengths, size};

/// The codes for literals, the end of a block and lengths, and those for distances.
const LITERALS: usize = 286;
const DISTANCES: usize = 30;
const FIRST_LENGTH: usize = 257;

const SHORTEST: usize = 3;
pub(super) const LONGEST: usize = 258;
pub(super) const FARTHEST: usize = 32 * 1024;

/// A literal, or a match: by how much it is longer than the shortest, and its distance.
#[derive(Clone, Copy)]
enum Token {
    Literal(u8),
    Match(u8, u16),
}

/// What is to be written, and how often it needs each code.
pub(super) struct Block {
    tokens: Vec<Token>,
    literals: [u32; LITERALS],
    distances: [u32; DISTANCES],
    extra_bits: usize,
}

impl Block {
    pub(super) fn new() -> Self {
        Self {
            tokens: Vec::new(),
            literals: [0; LITERALS],
            distances: [0; DISTANCES],
            extra_bits: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.literals.fill(0);
        self.literals[END_OF_BLOCK] = 1;
        self.distances.fill(0);
        // One code alone would have no bits.
        self.distances[..2].fill(1);
        self.extra_bits = 0;
    }

    pub(super) fn add_literal(&mut self, byte: u8) {
        self.literals[usize::from(byte)] += 1;
        self.tokens.push(Token::Literal(byte));
    }

    pub(super) fn add_match(&mut self, length: usize, distance: usize) {
        let (longer, distance) = ((length - SHORTEST) as u8, distance as u16);
        let codes = (Code::of_length(longer), Code::of_distance(distance));
        self.literals[FIRST_LENGTH + codes.0.index] += 1;
        self.distances[codes.1.index] += 1;
        self.extra_bits += (codes.0.extra_bits + codes.1.extra_bits) as usize;
        self.tokens.push(Token::Match(longer, distance));
    }

    /// Writes itself, or `bytes` as they are if that is shorter.
    pub(super) fn put(&self, bytes: &[u8], writer: &mut BitWriter<'_>) {
        let lengths = (lengths(self.literals), lengths(self.distances));
        let size = size(&self.literals, &lengths.0) + size(&self.distances, &lengths.1);
        let size = (size + self.extra_bits + overhead(LITERALS + DISTANCES)) / 8;
        writer.reserve(size.min(bytes.len()));
        if size >= bytes.len() {
            return writer.put_stored(bytes);
        }
        writer.begin_block(&lengths.0, &lengths.1);
        let literals = codes(&lengths.0);
        let distances = codes(&lengths.1);
        for token in &self.tokens {
            match *token {
                Token::Literal(byte) => writer.put_code(literals[usize::from(byte)]),
                Token::Match(longer, distance) => {
                    let code = Code::of_length(longer);
                    writer.put_code(literals[FIRST_LENGTH + code.index]);
                    writer.put(code.extra, code.extra_bits);
                    let code = Code::of_distance(distance);
                    writer.put_code(distances[code.index]);
                    writer.put(code.extra, code.extra_bits);
                }
            }
            writer.flush();
        }
        writer.put_code(literals[END_OF_BLOCK]);
        writer.flush();
    }
}

/// The code of a length or distance, from 0, and the bits behind it (RFC 1951 §3.2.5).
struct Code {
    index: usize,
    extra: u64,
    extra_bits: u32,
}

impl Code {
    /// Of a length that is by so much longer than the shortest.
    fn of_length(longer: u8) -> Self {
        if usize::from(longer) == LONGEST - SHORTEST {
            return Self {
                index: 28,
                extra: 0,
                extra_bits: 0,
            };
        }
        Self::new(longer.into(), 2)
    }

    fn of_distance(distance: u16) -> Self {
        Self::new(usize::from(distance) - 1, 1)
    }

    /// After the first few, so many bits of a number behind its highest one are in its
    /// code, and those below are extra.
    fn new(number: usize, bits: u32) -> Self {
        let extra_bits = (number >> bits | 1).ilog2();
        Self {
            index: ((extra_bits as usize) << bits) + (number >> extra_bits),
            extra: (number & ((1 << extra_bits) - 1)) as u64,
            extra_bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::inflates_to;
    use super::*;
    use crate::geometry::random::Random;

    /// The first of the lengths or distances that each code is for, by how many codes
    /// there are for each number of extra bits (RFC 1951 §3.2.5).
    fn bases(first: usize, codes_each: usize, groups: usize) -> Vec<(usize, u32)> {
        let mut bases = Vec::new();
        let mut base = first;
        for group in 0..groups {
            let extra_bits = group.saturating_sub(1) as u32;
            for _ in 0..codes_each {
                bases.push((base, extra_bits));
                base += 1 << extra_bits;
            }
        }
        bases
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        let lengths = bases(3, 4, 7);
        assert_eq!(lengths[25..], [(163, 5), (195, 5), (227, 5)]);
        let distances = bases(1, 2, 15);
        assert_eq!(distances[28..], [(16385, 13), (24577, 13)]);
        let check = |code: Code, number, bases: &[(usize, u32)]| {
            let (base, extra_bits) = bases[code.index];
            assert_eq!(code.extra_bits, extra_bits, "{number}");
            assert_eq!(base + code.extra as usize, number);
            assert!(code.extra < 1 << extra_bits);
        };
        for length in SHORTEST..LONGEST {
            check(Code::of_length((length - SHORTEST) as u8), length, &lengths);
        }
        let longest = Code::of_length((LONGEST - SHORTEST) as u8);
        assert_eq!((longest.index, longest.extra_bits), (28, 0));
        for distance in 1..=FARTHEST {
            check(Code::of_distance(distance as u16), distance, &distances);
        }
    }

    #[test]
    fn every_length_and_distance_is_written() {
        let mut random = Random(5);
        let mut bytes: Vec<u8> = (0..FARTHEST).map(|_| random.below(64) as u8).collect();
        let mut block = Block::new();
        block.clear();
        for byte in &bytes {
            block.add_literal(*byte);
        }
        let mut put = |length, distance| {
            block.add_match(length, distance);
            for _ in 0..length {
                bytes.push(bytes[bytes.len() - distance]);
            }
        };
        (SHORTEST..=LONGEST).for_each(|length| put(length, 7 * length));
        for (base, extra_bits) in bases(1, 2, 15) {
            put(SHORTEST, base);
            put(LONGEST, base + (1 << extra_bits) - 1);
        }
        let mut piece = Vec::new();
        let mut writer = BitWriter::new(&mut piece);
        block.put(&bytes, &mut writer);
        writer.sync();
        assert!(piece.len() < bytes.len() / 2, "stored");
        inflates_to(&piece, &bytes);
    }
}
