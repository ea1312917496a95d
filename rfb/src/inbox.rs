//! The bytes of the message that is arriving.

use crate::error::Error;
use crate::wire::Incomplete;

/// Collects one message at a time. It never holds more than that message, and
/// never makes room for bytes that have not come.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    buffer: Vec<u8>,
    /// How many bytes the decoder asked for last. Zero: no attempt yet.
    needed: usize,
    /// How many bytes to read past.
    skip: usize,
}

/// Why the bytes of a message do not make a value.
#[derive(Debug)]
pub(crate) enum Fault {
    Incomplete(Incomplete),
    Fatal(Error),
}

impl Inbox {
    /// A buffer that grew beyond this is given back after its message.
    const USUAL: usize = 4096;

    /// Takes bytes off the front of `bytes` until `decode` is content with what
    /// there is. Returns how many, and the value if they completed it.
    pub(crate) fn take<T>(
        &mut self,
        bytes: &[u8],
        mut decode: impl FnMut(&[u8]) -> Result<T, Fault>,
    ) -> Result<(usize, Option<T>), Error> {
        let mut taken = self.skip.min(bytes.len());
        self.skip -= taken;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let missing = self.needed.max(1).saturating_sub(self.buffer.len());
            let part = rest.get(..missing).unwrap_or(rest);
            self.buffer.extend_from_slice(part);
            taken += part.len();
            if part.len() < missing {
                break;
            }
            match decode(&self.buffer) {
                Ok(value) => {
                    self.clear();
                    return Ok((taken, Some(value)));
                }
                Err(Fault::Incomplete(Incomplete { needed })) => self.needed = needed,
                Err(Fault::Fatal(error)) => return Err(error),
            }
        }
        Ok((taken, None))
    }

    /// Reads past the next `count` bytes.
    pub(crate) fn skip(&mut self, count: usize) {
        self.skip = count;
    }

    fn clear(&mut self) {
        self.needed = 0;
        self.buffer.clear();
        self.buffer.shrink_to(Self::USUAL);
    }
}

impl From<Incomplete> for Fault {
    fn from(incomplete: Incomplete) -> Self {
        Self::Incomplete(incomplete)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Reader;

    /// A message of a length and as many bytes.
    fn decode(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut reader = Reader::new(bytes);
        let length = reader.u8()?;
        if length == 255 {
            return Err(Error::UnknownMessage(length).into());
        }
        Ok(reader.take(length.into())?.to_vec())
    }

    #[test]
    fn takes_one_message_and_no_more() {
        let mut inbox = Inbox::default();
        let bytes = [2, 7, 8, 0, 1, 9];
        assert_eq!(inbox.take(&bytes, decode), Ok((3, Some(vec![7, 8]))));
        assert_eq!(inbox.take(&bytes[3..], decode), Ok((1, Some(vec![]))));
        assert_eq!(inbox.take(&bytes[4..], decode), Ok((2, Some(vec![9]))));
        assert_eq!(inbox.take(&[], decode), Ok((0, None)));
    }

    #[test]
    fn waits_for_the_rest() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.take(&[3], decode), Ok((1, None)));
        assert_eq!(inbox.take(&[1, 2], decode), Ok((2, None)));
        assert_eq!(inbox.take(&[3, 4], decode), Ok((1, Some(vec![1, 2, 3]))));
    }

    #[test]
    fn skips_and_goes_on() {
        let mut inbox = Inbox::default();
        inbox.skip(3);
        assert_eq!(inbox.take(&[1, 1], decode), Ok((2, None)));
        assert_eq!(inbox.take(&[1, 1, 5], decode), Ok((3, Some(vec![5]))));
    }

    #[test]
    fn errors_pass() {
        let mut inbox = Inbox::default();
        let error = Error::UnknownMessage(255);
        assert_eq!(inbox.take(&[255], decode), Err(error));
    }
}
