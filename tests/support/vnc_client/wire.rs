use std::io::{self, ErrorKind as Io, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::{Error, ErrorKind, PATIENCE, Result};

/// A connection whose reads and writes can be told to give up.
pub trait Stream: Read + Write + Send {
    /// Makes each later read and write fail with `WouldBlock` or `TimedOut` after `timeout`,
    /// which is never zero.
    fn set_timeout(&self, timeout: Duration) -> io::Result<()>;

    /// Says that nothing more will be sent, if the stream can say that.
    fn finish(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for TcpStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))?;
        self.set_write_timeout(Some(timeout))
    }

    fn finish(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Stream for UnixStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))?;
        self.set_write_timeout(Some(timeout))
    }

    fn finish(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// The bytes of a connection: whatever is read is waited for, for [`PATIENCE`], and named in the
/// error if it does not come. Numbers are big-endian, as everywhere in RFB.
pub struct Wire {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    taken: usize,
    received: u64,
}

impl Wire {
    /// Takes over a connected stream.
    pub fn new(stream: impl Stream + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            buffer: Vec::new(),
            taken: 0,
            received: 0,
        }
    }

    /// Sends any bytes.
    pub fn send(&mut self, bytes: &[u8]) -> Result {
        let result = self
            .stream
            .set_timeout(PATIENCE)
            .and_then(|()| self.stream.write_all(bytes));
        result.map_err(|error| match error.kind() {
            Io::WouldBlock | Io::TimedOut => Error::new(
                ErrorKind::Stalled,
                format!(
                    "the server did not read {} bytes in {PATIENCE:?}",
                    bytes.len()
                ),
            ),
            Io::BrokenPipe | Io::ConnectionReset => {
                Error::new(ErrorKind::Closed, "the server closed the connection")
            }
            _ => error.into(),
        })
    }

    /// Says that nothing more will be sent; what the server still sends can be read.
    pub fn finish(&mut self) -> Result {
        Ok(self.stream.finish()?)
    }

    /// Bytes received and read so far.
    pub fn position(&self) -> u64 {
        self.received - (self.buffer.len() - self.taken) as u64
    }

    /// The next `count` bytes, called `what` in errors.
    pub fn bytes(&mut self, count: usize, what: &str) -> Result<Vec<u8>> {
        self.take(count, what).map(<[u8]>::to_vec)
    }

    /// The same without a copy.
    pub(super) fn take(&mut self, count: usize, what: &str) -> Result<&[u8]> {
        let deadline = Instant::now() + PATIENCE;
        while self.buffer.len() - self.taken < count {
            if !self.fill(deadline).map_err(|error| error.context(what))? {
                let got = self.buffer.len() - self.taken;
                return Err(Error::new(
                    ErrorKind::Stalled,
                    format!("{what}: only {got} of {count} bytes came in {PATIENCE:?}"),
                ));
            }
        }
        let bytes = &self.buffer[self.taken..][..count];
        self.taken += count;
        Ok(bytes)
    }

    /// The next `N` bytes. See [`Wire::bytes`].
    pub fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, what)?);
        Ok(array)
    }

    /// The next byte.
    pub fn u8(&mut self, what: &str) -> Result<u8> {
        Ok(u8::from_be_bytes(self.array(what)?))
    }

    /// The next 2 bytes as a number.
    pub fn u16(&mut self, what: &str) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array(what)?))
    }

    /// The next 4 bytes as a number.
    pub fn u32(&mut self, what: &str) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array(what)?))
    }

    /// The next 4 bytes as a signed number.
    pub fn i32(&mut self, what: &str) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array(what)?))
    }

    /// A 4-byte length of at most 1 MiB, and as many bytes of UTF-8.
    pub fn string(&mut self, what: &str) -> Result<String> {
        let length = self.u32(what)? as usize;
        if length > 1 << 20 {
            return Err(broken(format!("{what}: a text of {length} bytes")));
        }
        let bytes = self.bytes(length, what)?;
        String::from_utf8(bytes).map_err(|error| broken(format!("{what}: {error}")))
    }

    /// Waits until something can be read. False if nothing comes before `deadline`.
    pub fn wait_readable(&mut self, deadline: Instant) -> Result<bool> {
        while self.buffer.len() == self.taken {
            if !self.fill(deadline)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Fails unless these very bytes come next.
    pub fn expect(&mut self, expected: &[u8], what: &str) -> Result {
        let found = self.bytes(expected.len(), what)?;
        if found == expected {
            return Ok(());
        }
        Err(broken(format!(
            "{what}: {} came, not {}",
            found.escape_ascii(),
            expected.escape_ascii()
        )))
    }

    /// Fails unless the server closes the connection before `deadline`. Returns what it sent
    /// before that.
    pub fn expect_closed(&mut self, deadline: Instant) -> Result<Vec<u8>> {
        loop {
            match self.fill(deadline) {
                Ok(true) => {}
                Ok(false) => {
                    let unread = self.buffer.len() - self.taken;
                    let message = format!(
                        "the server should have closed the connection, but sent {unread} bytes"
                    );
                    return Err(Error::new(ErrorKind::Stalled, message));
                }
                Err(error) if error.kind() == ErrorKind::Closed => {
                    return Ok(self.buffer.split_off(std::mem::take(&mut self.taken)));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Fails if the server sends anything, or closes, within `duration`: it waits that long, so
    /// prefer to ask for something else and to see that the answer comes next.
    pub fn expect_silence(&mut self, duration: Duration) -> Result {
        if self.wait_readable(Instant::now() + duration)? {
            let unread = self.buffer.len() - self.taken;
            return Err(broken(format!("{unread} bytes came where nothing should")));
        }
        Ok(())
    }

    /// Reads what there is into the buffer, waiting for the first byte. False at `deadline`.
    fn fill(&mut self, deadline: Instant) -> Result<bool> {
        self.buffer.drain(..std::mem::take(&mut self.taken));
        let mut chunk = [0; 64 << 10];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Zero would mean "for ever".
            self.stream
                .set_timeout(left.max(Duration::from_millis(1)))?;
            let result = self.stream.read(&mut chunk);
            match result.as_ref().map_err(io::Error::kind) {
                Ok(0) | Err(Io::ConnectionReset | Io::UnexpectedEof) => {
                    return Err(Error::new(
                        ErrorKind::Closed,
                        "the server closed the connection",
                    ));
                }
                Ok(&count) => {
                    self.buffer.extend_from_slice(&chunk[..count]);
                    self.received += count as u64;
                    return Ok(true);
                }
                Err(Io::Interrupted) => {}
                Err(Io::WouldBlock | Io::TimedOut) if left.is_zero() => return Ok(false),
                Err(Io::WouldBlock | Io::TimedOut) => {}
                Err(_) => return result.map(|_| false).map_err(Error::from),
            }
        }
    }
}

/// Where an encoding is read from: the connection, or what was inflated.
pub(super) trait Source {
    /// The next `count` bytes, called `what` in errors.
    fn take(&mut self, count: usize, what: &str) -> Result<&[u8]>;

    /// The next byte.
    fn byte(&mut self, what: &str) -> Result<u8> {
        self.take(1, what).map(|bytes| bytes[0])
    }
}

impl Source for Wire {
    fn take(&mut self, count: usize, what: &str) -> Result<&[u8]> {
        Self::take(self, count, what)
    }
}

/// An error of the server against the protocol.
pub(super) fn broken(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Protocol, message)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A server that has said all it will say.
    pub(in super::super) struct Script {
        says: io::Cursor<Vec<u8>>,
        hears: Sent,
    }

    /// What was sent to a [`Script`].
    #[derive(Clone, Default)]
    pub(in super::super) struct Sent(Arc<Mutex<Vec<u8>>>);

    impl Sent {
        /// What was sent since this was called last.
        pub(in super::super) fn take(&self) -> Vec<u8> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    impl Script {
        pub(in super::super) fn wire(bytes: &[u8]) -> Wire {
            Self::wire_and_sent(bytes).0
        }

        pub(in super::super) fn wire_and_sent(bytes: &[u8]) -> (Wire, Sent) {
            let sent = Sent::default();
            let script = Self {
                says: io::Cursor::new(bytes.to_vec()),
                hears: sent.clone(),
            };
            (Wire::new(script), sent)
        }
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.says.read(buffer)
        }
    }

    impl Write for Script {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.hears.0.lock().unwrap().write(buffer)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Stream for Script {
        fn set_timeout(&self, _timeout: Duration) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_end_in_the_middle_names_what_was_read() {
        let error = Script::wire(&[1, 2, 3]).u32("the number").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert_eq!(
            error.to_string(),
            "the number: the server closed the connection"
        );
    }

    #[test]
    fn silence_is_told_from_a_close_and_from_bytes() -> Result {
        let (ours, mut theirs) = UnixStream::pair()?;
        let mut wire = Wire::new(ours);
        wire.expect_silence(Duration::from_millis(1))?;
        assert!(!wire.wait_readable(Instant::now())?);
        theirs.write_all(&[7])?;
        let error = wire.expect_silence(PATIENCE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        drop(theirs);
        assert_eq!(wire.expect_closed(crate::soon())?, [7]);
        assert_eq!(
            wire.expect_silence(PATIENCE).unwrap_err().kind(),
            ErrorKind::Closed
        );
        Ok(())
    }
}
