//! Bits, and what all blocks are made of (RFC 1951 §3.2).

use super::codes::Code;

/// Appends bits, the lowest first.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Where the next byte goes.
    at: usize,
    bits: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let at = out.len();
        Self {
            out,
            at,
            bits: 0,
            count: 0,
        }
    }

    /// Makes room for so many bytes, and for the sync flush.
    pub(super) fn reserve(&mut self, size: usize) {
        self.out.resize(self.at + size + 16, 0);
    }

    /// Takes up to 56 bits after a flush.
    pub(super) fn put(&mut self, value: u64, count: u32) {
        self.bits |= value << self.count;
        self.count += count;
    }

    pub(super) fn put_code(&mut self, (code, length): Code) {
        self.put(code.into(), length.into());
    }

    /// Writes the whole bytes.
    pub(super) fn flush(&mut self) {
        self.out[self.at..self.at + 8].copy_from_slice(&self.bits.to_le_bytes());
        self.at += self.count as usize / 8;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }

    /// Begins a block with dynamic codes, of these lengths, that others follow. To write
    /// each length in 4 bits takes little more than to find the best way.
    pub(super) fn begin_block(&mut self, literals: &[u8], distances: &[u8]) {
        self.put(0b100, 3);
        self.put((literals.len() - 257) as u64, 5);
        self.put((distances.len() - 1) as u64, 5);
        // Of the 19 codes for lengths, the 3 for repetitions have none, the others 4 bits.
        self.put(15, 4);
        self.put(0, 9);
        self.flush();
        self.put(0o4444_4444_4444_4444, 48);
        self.flush();
        for length in literals.iter().chain(distances) {
            // Codes are written from their highest bit.
            self.put(u64::from(length.reverse_bits() >> 4), 4);
            self.flush();
        }
    }

    /// Writes a stored block, of up to 65,535 bytes.
    pub(super) fn put_stored(&mut self, bytes: &[u8]) {
        self.begin_stored(bytes.len() as u16);
        self.out[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    fn begin_stored(&mut self, length: u16) {
        self.put(0, 3);
        self.count = self.count.next_multiple_of(8);
        self.put(length.into(), 16);
        self.put((!length).into(), 16);
        self.flush();
    }

    /// Ends with an empty stored block, as a sync flush does.
    pub(super) fn sync(mut self) {
        self.begin_stored(0);
        self.out.truncate(self.at);
    }
}

/// The size of a block in bits but for its codes, with lengths for so many.
pub(super) const fn overhead(lengths: usize) -> usize {
    3 + 5 + 5 + 4 + 57 + 4 * lengths
}
