//! A quick search for repetitions among pixels.
//!
//! Where a colour of a photograph occurs again, it often does so alone: three bytes in a
//! row are all that repeats, fewer than quick levels of zlib look for.

use std::ops::Range;

use super::bits::BitWriter;
use super::block::{Block, FARTHEST, LONGEST};

/// The bytes of a block: the fewer, the closer its codes suit them; their lengths take
/// 158 bytes.
const BLOCK: usize = 32 * 1024;

/// Appends a piece with all of `bytes`.
pub(crate) fn search(bytes: &[u8], out: &mut Vec<u8>) {
    let mut writer = BitWriter::new(out);
    writer.reserve(0);
    let (mut one, mut two) = (Heads::new(), Heads::new());
    let mut block = Block::new();
    for start in (0..bytes.len()).step_by(BLOCK) {
        let range = start..bytes.len().min(start + BLOCK);
        block.clear();
        fill(&mut block, bytes, range.clone(), &mut one, &mut two);
        block.put(&bytes[range], &mut writer);
    }
    writer.sync();
}

/// Where bytes occurred last, by the hash of the first `BYTES` of them: the lower half of
/// a position. What is found there may be anything.
struct Heads<const BYTES: u32>(Box<[u16; 1 << 16]>);

impl<const BYTES: u32> Heads<BYTES> {
    fn new() -> Self {
        Self(Box::new([0; 1 << 16]))
    }

    /// Notes that `next` are the bytes at a position, and returns the distance to where
    /// such bytes may have been before.
    fn insert(&mut self, next: u64, at: usize) -> usize {
        let hash = (next << (64 - 8 * BYTES)).wrapping_mul(0x9e37_79b1_85eb_ca87) >> 48;
        let head = &mut self.0[usize::from(hash as u16)];
        let distance = (at as u16).wrapping_sub(*head);
        *head = at as u16;
        distance.into()
    }
}

/// Puts a part of `bytes` into a block: at each position the match that begins with the
/// last two pixels like these, or with the last one, or else a literal.
fn fill(
    block: &mut Block,
    bytes: &[u8],
    range: Range<usize>,
    one: &mut Heads<3>,
    two: &mut Heads<6>,
) {
    let bytes = &bytes[..range.end];
    let mut at = range.start;
    while let Some(next) = eight(bytes, at) {
        let distances = (two.insert(next, at), one.insert(next, at));
        let differences = (
            difference(bytes, at, distances.0),
            difference(bytes, at, distances.1),
        );
        let (distance, difference) = match differences.0 << 16 {
            0 => (distances.0, differences.0),
            _ => (distances.1, differences.1),
        };
        if difference << 40 != 0 {
            block.add_literal(next as u8);
            at += 1;
            continue;
        }
        let length = match difference {
            0 => common(bytes, at, distance),
            _ => difference.trailing_zeros() as usize / 8,
        };
        block.add_match(length, distance);
        for at in at + 1..at + length {
            if let Some(next) = eight(bytes, at) {
                two.insert(next, at);
                one.insert(next, at);
            }
        }
        at += length;
    }
    for byte in &bytes[at..] {
        block.add_literal(*byte);
    }
}

/// The eight bytes at a position, the first lowest.
fn eight(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*eight))
}

/// Of which bits the eight bytes at a position differ from those so far ahead of them;
/// of all if that is too far.
fn difference(bytes: &[u8], at: usize, distance: usize) -> u64 {
    if !(1..=FARTHEST).contains(&distance) {
        return u64::MAX;
    }
    match (eight(bytes, at - distance), eight(bytes, at)) {
        (Some(a), Some(b)) => a ^ b,
        _ => u64::MAX,
    }
}

/// How many bytes are the same as those so far ahead of them, up to the longest match.
fn common(bytes: &[u8], at: usize, distance: usize) -> usize {
    let most = LONGEST.min(bytes.len() - at);
    for same in (0..most).step_by(8) {
        match difference(bytes, at + same, distance) {
            0 => {}
            difference => return most.min(same + difference.trailing_zeros() as usize / 8),
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::super::tests::compressed;
    use super::*;
    use crate::geometry::random::Random;

    fn check(bytes: &[u8]) -> usize {
        compressed(search, bytes).len()
    }

    /// Bytes of six bits each, of which hardly three in a row come again.
    fn mixed(random: &mut Random, length: usize) -> Vec<u8> {
        (0..length).map(|_| random.below(64) as u8).collect()
    }

    #[test]
    fn short_ones_and_runs_come_back() {
        for length in (0..40).chain(250..270).chain(510..530) {
            check(&vec![7; length]);
            check(&[[1, 2, 3], [4, 5, 6]].concat().repeat(length));
        }
        let all: Vec<u8> = (0..=255).collect();
        check(&all);
        check(&all.repeat(3));
        assert!(check(&[9; 300_000]) < 4000);
    }

    #[test]
    fn mixtures_come_back() {
        let mut random = Random(8);
        for round in 0..150 {
            let length = usize::from(random.below(1 << (round % 16))) * 3;
            let mut bytes = mixed(&mut random, 10);
            while bytes.len() < length {
                let back = 1 + usize::from(random.below(40_000)) % bytes.len();
                let count = 1 << random.below(10);
                match random.below(3) {
                    0 => bytes.extend(mixed(&mut random, count / 8)),
                    _ => (0..count).for_each(|_| bytes.push(bytes[bytes.len() - back])),
                }
            }
            check(&bytes);
        }
    }

    #[test]
    fn matches_reach_as_far_as_the_window() {
        let mut random = Random(3);
        for (distance, reaches) in [
            (FARTHEST - 1, true),
            (FARTHEST, true),
            (FARTHEST + 1, false),
        ] {
            let first = mixed(&mut random, distance);
            let once = check(&first);
            let twice = check(&first.repeat(2));
            assert_eq!(twice < once + once / 10, reaches, "{distance}");
        }
    }

    #[test]
    fn noise_is_stored() {
        let mut random = Random(4);
        let noise: Vec<u8> = (0..100_000).map(|_| random.next() as u8).collect();
        // Blocks of it stand beside others.
        let length = check(&[&noise[..], &[0; 100_000]].concat());
        assert!(
            (noise.len()..noise.len() + 3000).contains(&length),
            "{length}"
        );
    }
}
