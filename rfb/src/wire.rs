//! Big-endian fields, as every message of RFB has them (RFC 6143 §7).

use crate::geometry::{Rect, Size};

/// Reads the fields of a message whose end may not have arrived yet.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The message is longer than the bytes at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incomplete {
    /// How many bytes there must be, from the message's first one on, before it is
    /// worth trying again. Always more than there were.
    pub(crate) needed: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `length` bytes. To ask for a whole body at once, and to read its
    /// fields from the result, keeps the number of attempts at a message small.
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Incomplete> {
        let needed = self.at.saturating_add(length);
        let taken = self
            .bytes
            .get(self.at..needed)
            .ok_or(Incomplete { needed })?;
        self.at = needed;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Incomplete> {
        let needed = self.at.saturating_add(N);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.first_chunk().ok_or(Incomplete { needed })?;
        self.at = needed;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Incomplete> {
        let [value] = self.array()?;
        Ok(value)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Incomplete> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Incomplete> {
        self.array().map(u32::from_be_bytes)
    }

    /// A width and a height.
    pub(crate) fn size(&mut self) -> Result<Size, Incomplete> {
        Ok(Size::new(self.u16()?, self.u16()?))
    }

    /// x, y, width and height.
    pub(crate) fn rect(&mut self) -> Result<Rect, Incomplete> {
        let (x, y) = (self.u16()?, self.u16()?);
        Ok(Rect::new(x, y, self.u16()?, self.u16()?))
    }
}

pub(crate) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(crate) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(crate) fn put_i32(out: &mut Vec<u8>, value: i32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// x, y, width and height.
pub(crate) fn put_rect(out: &mut Vec<u8>, rect: Rect) {
    put_u16(out, rect.x);
    put_u16(out, rect.y);
    put_u16(out, rect.width);
    put_u16(out, rect.height);
}

/// The length in 32 bits, then the bytes. What lies past 4 GiB is left out.
pub(crate) fn put_string(out: &mut Vec<u8>, string: &[u8]) {
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    put_u32(out, length);
    out.extend(string.iter().take(length as usize));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_in_order() {
        let mut reader = Reader::new(&[1, 2, 3, 0, 0, 0, 4, 255, 255, 255, 17]);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16(), Ok(0x0203));
        assert_eq!(reader.u32(), Ok(4));
        assert_eq!(reader.u32(), Ok(-239_i32 as u32));
        assert_eq!(reader.u8(), Err(Incomplete { needed: 12 }));
    }

    #[test]
    fn says_how_much_is_needed_and_takes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.take(10), Err(Incomplete { needed: 11 }));
        assert_eq!(reader.array::<4>(), Err(Incomplete { needed: 5 }));
        assert_eq!(
            reader.take(usize::MAX),
            Err(Incomplete { needed: usize::MAX })
        );
        assert_eq!(reader.take(2), Ok(&[2, 3][..]));
    }

    #[test]
    fn puts_what_it_reads() {
        let rect = Rect::new(1, 2, 300, 65_535);
        let mut out = Vec::new();
        put_rect(&mut out, rect);
        put_i32(&mut out, -223);
        put_string(&mut out, b"abc");
        let mut reader = Reader::new(&out);
        assert_eq!(reader.rect(), Ok(rect));
        assert_eq!(reader.u32(), Ok(-223_i32 as u32));
        assert_eq!(reader.u32(), Ok(3));
        assert_eq!(reader.take(3), Ok(&b"abc"[..]));
    }
}
