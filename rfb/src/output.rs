//! The bytes on their way to the viewer.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

/// A queue of messages, and of bytes that are shared with other viewers and therefore not
/// copied.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// None is empty.
    chunks: VecDeque<Chunk>,
    /// How much of the first chunk is gone.
    consumed: usize,
    /// The number of bytes that were ever appended.
    end: u64,
    /// The number of bytes that are gone.
    written: u64,
}

#[derive(Debug)]
enum Chunk {
    Own(Vec<u8>),
    Shared(Arc<Vec<u8>>),
}

impl Output {
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The number of bytes that were ever appended.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// How many of them are gone.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Appends what `write` appends to the vector that it is given. Returns how many bytes
    /// that was.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        if !matches!(self.chunks.back(), Some(Chunk::Own(_))) {
            self.chunks.push_back(Chunk::Own(Vec::new()));
        }
        let Some(Chunk::Own(bytes)) = self.chunks.back_mut() else {
            return 0;
        };
        let before = bytes.len();
        write(bytes);
        let (after, count) = (bytes.len(), bytes.len() - before);
        if after == 0 {
            self.chunks.pop_back();
        }
        self.end += count as u64;
        count
    }

    /// Appends bytes without copying them.
    pub(crate) fn push(&mut self, bytes: Arc<Vec<u8>>) {
        if !bytes.is_empty() {
            self.end += bytes.len() as u64;
            self.chunks.push_back(Chunk::Shared(bytes));
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
            self.written += taken as u64;
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
            Self::Shared(bytes) => bytes,
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
        output.push(Arc::new(b"efg".to_vec()));
        output.push(Arc::default());
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
            assert_eq!((output.end(), output.written()), (8, count as u64));
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
    fn shared_bytes_are_not_copied() {
        let bytes = Arc::new(vec![1; 100]);
        let mut output = Output::default();
        output.push(bytes.clone());
        assert_eq!(output.first().as_ptr(), bytes.as_ptr());
    }
}
