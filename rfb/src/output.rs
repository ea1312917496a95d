//! The bytes on their way to the viewer.

use std::collections::VecDeque;
use std::io::IoSlice;

use crate::encoding::Segment;

/// A queue of messages, and of encoded rectangles that are shared with other
/// viewers and therefore not copied.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// None is empty.
    chunks: VecDeque<Chunk>,
    /// How much of the first chunk is gone.
    consumed: usize,
}

#[derive(Debug)]
enum Chunk {
    Own(Vec<u8>),
    Shared(Segment),
}

impl Output {
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Appends what `write` appends to the vector that it is given.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(Chunk::Own(bytes)) = self.chunks.back_mut() {
            write(bytes);
            return;
        }
        let mut bytes = Vec::new();
        write(&mut bytes);
        if !bytes.is_empty() {
            self.chunks.push_back(Chunk::Own(bytes));
        }
    }

    /// Appends encoded rectangles.
    pub(crate) fn push(&mut self, segment: Segment) {
        if !segment.bytes().is_empty() {
            self.chunks.push_back(Chunk::Shared(segment));
        }
    }

    /// The first bytes, as many as lie together. Empty only if the output is.
    pub(crate) fn first(&self) -> &[u8] {
        self.slices().next().unwrap_or_default()
    }

    /// Fills `slices` with all that there is, as far as they last.
    pub(crate) fn vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        slices
            .iter_mut()
            .zip(self.slices())
            .map(|(slice, bytes)| *slice = IoSlice::new(bytes))
            .count()
    }

    /// Drops the first `count` bytes, or all if there are fewer.
    pub(crate) fn consume(&mut self, mut count: usize) {
        while count > 0 {
            let Some(chunk) = self.chunks.front() else {
                return;
            };
            let left = chunk.bytes().len() - self.consumed;
            let taken = count.min(left);
            count -= taken;
            self.consumed += taken;
            if taken == left {
                self.chunks.pop_front();
                self.consumed = 0;
            }
        }
    }

    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut skip = self.consumed;
        self.chunks.iter().map(move |chunk| {
            let bytes = chunk.bytes().get(skip..).unwrap_or_default();
            skip = 0;
            bytes
        })
    }
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Shared(segment) => segment.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Output {
        let mut output = Output::default();
        output.write(|out| out.extend_from_slice(b"ab"));
        output.write(|out| out.extend_from_slice(b"cd"));
        output.push(Segment::new(b"efg".to_vec(), 1, false));
        output.push(Segment::new(Vec::new(), 0, false));
        output.write(|_| {});
        output.write(|out| out.push(b'h'));
        output
    }

    #[test]
    fn keeps_the_order() {
        let mut output = filled();
        let mut all = Vec::new();
        while !output.is_empty() {
            let first = output.first();
            assert!(!first.is_empty());
            all.extend_from_slice(first);
            output.consume(first.len());
        }
        assert_eq!(all, b"abcdefgh");
        assert!(output.first().is_empty());
    }

    #[test]
    fn consumes_any_part() {
        for count in 0..=8 {
            let mut output = filled();
            output.consume(count);
            let mut slices = [IoSlice::new(&[]); 5];
            let filled = output.vectored(&mut slices);
            let rest: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
            assert_eq!(rest, b"abcdefgh"[count..]);
            assert!(slices[..filled].iter().all(|slice| !slice.is_empty()));
            assert_eq!(output.is_empty(), count == 8);
        }
        let mut output = filled();
        output.consume(usize::MAX);
        assert!(output.is_empty());
    }

    #[test]
    fn fills_only_the_slices_there_are() {
        let output = filled();
        let mut one = [IoSlice::new(&[])];
        assert_eq!(output.vectored(&mut one), 1);
        assert_eq!(&*one[0], b"abcd");
        assert_eq!(output.vectored(&mut []), 0);
    }

    #[test]
    fn shares_the_bytes_of_a_segment() {
        let segment = Segment::new(vec![1; 100], 1, false);
        let mut output = Output::default();
        output.push(segment.clone());
        assert_eq!(output.first().as_ptr(), segment.bytes().as_ptr());
    }
}
