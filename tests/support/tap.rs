//! Looks over the shoulder of a viewer that others wrote: a [`Tap`] is put between it and the
//! server, and a [`Witness`] decodes what it is sent.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::error::Context;
use crate::vnc_client::{
    Login, PixelFormat, Stream, UpdateRect, Version, VncClient, Wire, log_in, security,
};
use crate::{Error, ErrorKind, PATIENCE, Result, soon, time_left};

/// Passes on what a viewer and a server say to each other, and keeps it.
pub struct Tap {
    recording: Arc<Recording>,
    viewer: TcpStream,
    server: TcpStream,
}

impl Tap {
    /// Waits for a viewer to connect to `listener`, and connects it with `server`.
    pub fn between(listener: &TcpListener, server: SocketAddr, deadline: Instant) -> Result<Self> {
        let mut fds = [PollFd::new(listener, PollFlags::IN)];
        if poll(&mut fds, Some(&time_left(deadline)))? == 0 {
            return Err(Error::new(ErrorKind::Stalled, "no viewer connected"));
        }
        let (viewer, _) = listener.accept()?;
        let server = TcpStream::connect(server)?;
        viewer.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let recording = Arc::new(Recording::default());
        let ours = recording.clone();
        pass_on(&server, &viewer, move |bytes| ours.sent(bytes))?;
        let ours = recording.clone();
        pass_on(&viewer, &server, move |bytes| ours.said(bytes))?;
        Ok(Self {
            recording,
            viewer,
            server,
        })
    }

    /// What the viewer has asked for until now.
    pub fn asked(&self) -> Result<Asked> {
        Asked::from_bytes(&self.recording.lock().said)
    }

    /// A client that sees what the viewer is sent from the start, once that has asked for it. There
    /// can be one only.
    pub fn witness(&self) -> Result<Witness> {
        let deadline = soon();
        let mut kept = self.recording.lock();
        let asked = loop {
            let asked = Asked::from_bytes(&kept.said)?;
            if asked.updates > 0 {
                break asked;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let message = format!("the viewer asked for no update: {asked:?}");
                return Err(Error::new(ErrorKind::Stalled, message));
            }
            kept = self.recording.wait(kept, left);
        };
        drop(kept);
        let mut wire = Wire::new(Replay {
            recording: self.recording.clone(),
            position: 0,
            timeout: Mutex::new(PATIENCE),
        });
        // What it would answer to a challenge goes nowhere.
        let login = Login::new().version(asked.version).picking(asked.security);
        let welcome = log_in(&mut wire, &login)?;
        let mut client = VncClient::new(wire, welcome);
        client.assume_asked();
        if let Some(format) = asked.format {
            client.assume_pixel_format(format);
        }
        client.set_encodings(&asked.encodings)?;
        Ok(Witness {
            client,
            recording: self.recording.clone(),
        })
    }

    /// Ends the connection as a server does: the viewer can still read all that was sent.
    pub fn hang_up(&self) {
        // Either end may be gone already.
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let _ = self.server.shutdown(Shutdown::Both);
        let _ = self.viewer.shutdown(Shutdown::Both);
    }
}

/// Passes bytes on until there are no more, in the background; they are recorded before.
fn pass_on(
    from: &TcpStream,
    to: &TcpStream,
    record: impl Fn(Option<&[u8]>) + Send + 'static,
) -> Result {
    let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
    std::thread::Builder::new()
        .name("tap".to_owned())
        .spawn(move || {
            let mut chunk = [0; 64 << 10];
            loop {
                match from.read(&mut chunk) {
                    Ok(count @ 1..) => {
                        record(Some(&chunk[..count]));
                        // One who has gone still has said what is recorded.
                        let _ = to.write_all(&chunk[..count]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) => {
                        record(None);
                        let _ = to.shutdown(Shutdown::Write);
                        return;
                    }
                }
            }
        })?;
    Ok(())
}

/// What a viewer asks for (RFC 6143 §7.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The dialect it speaks.
    pub version: Version,
    /// The security type it picked. See [`security`].
    pub security: u8,
    /// The format it set last: none leaves the server's own.
    pub format: Option<PixelFormat>,
    /// The encodings that it listed last, as it did.
    pub encodings: Vec<i32>,
    /// How many updates it requested.
    pub updates: usize,
}

impl Asked {
    /// Reads what a viewer said, as far as that is complete.
    fn from_bytes(said: &[u8]) -> Result<Self> {
        let version = match said.get(..11) {
            Some(b"RFB 003.003") => Version::V3_3,
            Some(b"RFB 003.007") => Version::V3_7,
            _ => Version::V3_8,
        };
        // The version, the security type and what belongs to it, and the shared flag. With
        // version 3.3 the server picks, and only None is known here.
        let (security, picked) = match (version, said.get(12)) {
            (Version::V3_3, _) => (security::NONE, 0),
            (_, picked) => (*picked.unwrap_or(&security::NONE), 1),
        };
        let proof = match security {
            security::NONE => 0,
            security::VNC_AUTH => 16,
            other => {
                let message = format!("the viewer logs in with security type {other}");
                return Err(Error::other(message));
            }
        };
        let mut asked = Self {
            version,
            security,
            format: None,
            encodings: Vec::new(),
            updates: 0,
        };
        let mut rest = said.get(12 + picked + proof + 1..).unwrap_or_default();
        while let Some(length) = message_length(rest)? {
            let Some((message, others)) = rest.split_at_checked(length) else {
                break;
            };
            rest = others;
            match message[0] {
                0 => {
                    let mut format = [0; 16];
                    format.copy_from_slice(&message[4..]);
                    asked.format = Some(PixelFormat::from_bytes(format));
                }
                2 => {
                    let numbers = message[4..].as_chunks().0.iter();
                    asked.encodings = numbers.map(|bytes| i32::from_be_bytes(*bytes)).collect();
                }
                3 => asked.updates += 1,
                _ => {}
            }
        }
        Ok(asked)
    }
}

/// The length of the message that `bytes` begin with, if enough of it is there to tell.
fn message_length(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(kind) = bytes.first() else {
        return Ok(None);
    };
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 4)?;
        Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    };
    let byte = |at: usize| bytes.get(at).map(|byte| usize::from(*byte));
    Ok(match kind {
        0 => Some(20),
        2 => number(0).map(|count| 4 + 4 * (count & 0xffff)),
        3 => Some(10),
        4 => Some(8),
        5 => Some(6),
        // A negative length is one of the extended clipboard.
        6 => number(4).map(|length| 8 + (length as i32).unsigned_abs() as usize),
        150 => Some(10),
        248 => byte(8).map(|length| 9 + length),
        250 => Some(4),
        251 => number(4).map(|count| 8 + 16 * (count >> 8 & 0xff)),
        // QEMU's: a key, or about audio, where only a format has more.
        255 => match (byte(1), byte(3)) {
            (Some(0), _) => Some(12),
            (Some(1), Some(2)) => Some(10),
            (Some(1), operation) => operation.map(|_| 4),
            (submessage, _) => {
                return submessage.map_or(Ok(None), |it| Err(unknown(&format!("255, {it}"))));
            }
        },
        other => return Err(unknown(&other.to_string())),
    })
}

fn unknown(kind: &str) -> Error {
    let message = format!("the viewer sent a message of type {kind}");
    Error::new(ErrorKind::Protocol, message)
}

/// Decodes what a viewer is sent, beside that viewer.
pub struct Witness {
    client: VncClient,
    recording: Arc<Recording>,
}

/// A rectangle of an update, header included, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRect {
    /// What its header says.
    pub rect: UpdateRect,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

impl Witness {
    /// What a viewer sees that decodes without a fault.
    pub fn client(&self) -> &VncClient {
        &self.client
    }

    /// Takes in updates until what they show satisfies `condition`, and returns their rectangles.
    /// `what` says in the error what did not come.
    pub fn watch_until(
        &mut self,
        what: &str,
        condition: impl Fn(&VncClient) -> bool,
    ) -> Result<Vec<SentRect>> {
        let mut rects = Vec::new();
        while !condition(&self.client) {
            let (start, updates) = (self.client.wire().position(), self.client.updates.len());
            self.client
                .read_message()
                .context(|| format!("while waiting for {what}"))?;
            let end = self.client.wire().position();
            let mut bytes = self.recording.take(start, end)?.into_iter();
            let Some(update) = self.client.updates.get(updates) else {
                continue;
            };
            // The message's own header.
            bytes.by_ref().take(4).for_each(drop);
            rects.extend(update.rects.iter().map(|rect| SentRect {
                rect: *rect,
                bytes: bytes.by_ref().take(rect.bytes as usize).collect(),
            }));
        }
        Ok(rects)
    }
}

/// What both sides said.
#[derive(Default)]
struct Recording {
    kept: Mutex<Kept>,
    more: Condvar,
}

#[derive(Default)]
struct Kept {
    /// What the server sent, but for the first bytes.
    sent: Vec<u8>,
    /// How many bytes of it are not kept any more.
    dropped: u64,
    /// The server sends no more.
    ended: bool,
    /// What the viewer said.
    said: Vec<u8>,
}

impl Recording {
    fn sent(&self, bytes: Option<&[u8]>) {
        let mut kept = self.lock();
        match bytes {
            Some(bytes) => kept.sent.extend_from_slice(bytes),
            None => kept.ended = true,
        }
        self.more.notify_all();
    }

    fn said(&self, bytes: Option<&[u8]>) {
        self.lock()
            .said
            .extend_from_slice(bytes.unwrap_or_default());
        self.more.notify_all();
    }

    /// The bytes sent between these positions; those before are kept no longer.
    fn take(&self, start: u64, end: u64) -> Result<Vec<u8>> {
        let mut kept = self.lock();
        let place = |position: u64| position.checked_sub(kept.dropped).map(|it| it as usize);
        let range = place(start).zip(place(end));
        let bytes = range.and_then(|(start, end)| kept.sent.get(start..end).map(<[u8]>::to_vec));
        let bytes = bytes.ok_or_else(|| Error::other("these bytes are kept no longer"))?;
        let dropped = (end - kept.dropped) as usize;
        kept.sent.drain(..dropped);
        kept.dropped = end;
        Ok(bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, kept: MutexGuard<'a, Kept>, timeout: Duration) -> MutexGuard<'a, Kept> {
        self.more
            .wait_timeout(kept, timeout)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

/// What the server sent, to be read once more. What is written goes nowhere.
struct Replay {
    recording: Arc<Recording>,
    position: u64,
    timeout: Mutex<Duration>,
}

impl Read for Replay {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let timeout = *self.timeout.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + timeout;
        let mut kept = self.recording.lock();
        loop {
            let start = (self.position - kept.dropped) as usize;
            let count = buffer.len().min(kept.sent.len() - start);
            let left = deadline.saturating_duration_since(Instant::now());
            if count > 0 || kept.ended {
                buffer[..count].copy_from_slice(&kept.sent[start..start + count]);
                self.position += count as u64;
                return Ok(count);
            }
            if left.is_zero() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            kept = self.recording.wait(kept, left);
        }
    }
}

impl Write for Replay {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Replay {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        *self.timeout.lock().unwrap_or_else(PoisonError::into_inner) = timeout;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Picture;
    use crate::vnc_client::encoding;

    const HELLO: &[u8] = b"RFB 003.008\n\x01\x01\0\0\0\0";
    const INIT: &[u8] =
        b"\x00\x02\x00\x01\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\0\0\0\0\0\0\x02hi";
    /// An update of one rectangle: Raw, 2x1, of 8 bits a pixel.
    const UPDATE: &[u8] = &[0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0xc7, 7];

    #[test]
    fn a_witness_sees_what_the_viewer_is_sent() -> Result {
        let (door, far) = (
            TcpListener::bind("127.0.0.1:0")?,
            TcpListener::bind("127.0.0.1:0")?,
        );
        let address = door.local_addr()?;
        let viewer = std::thread::spawn(move || {
            let mut viewer = VncClient::connect(TcpStream::connect(address)?, &Login::new())?;
            viewer.set_pixel_format(PixelFormat::BGR233)?;
            viewer.set_encodings(&[encoding::ZLIB, encoding::RAW])?;
            viewer.update()?;
            let ended = viewer.wait_until(soon(), "the end", |_| false);
            Result::Ok((viewer.picture(), ended.unwrap_err().kind()))
        });
        let tap = Tap::between(&door, far.local_addr()?, soon())?;
        let (mut server, _) = far.accept()?;
        // Pieces of any size.
        for byte in [HELLO, INIT].concat() {
            server.write_all(&[byte])?;
        }
        let mut witness = tap.witness()?;
        assert_eq!(
            tap.asked()?,
            Asked {
                version: Version::V3_8,
                security: security::NONE,
                format: Some(PixelFormat::BGR233),
                encodings: vec![encoding::ZLIB, encoding::RAW],
                updates: 1,
            }
        );
        // A bell comes first.
        server.write_all(&[2])?;
        server.write_all(UPDATE)?;
        let picture = Picture::draw(2, 1, |x, _| [[255, 0, 255], [255, 0, 0]][x]);
        let rects = witness.watch_until("the picture", |it| it.picture() == picture)?;
        assert_eq!(rects.len(), 1);
        assert_eq!(rects[0].bytes, UPDATE[4..]);
        tap.hang_up();
        let seen = viewer.join().map_err(|_| Error::other("it panicked"))??;
        assert_eq!(seen, (picture, ErrorKind::Closed));
        let error = witness.watch_until("more", |_| false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        Ok(())
    }

    #[test]
    fn messages_of_viewers_are_told_apart() -> Result {
        let messages: [&[u8]; 14] = [
            b"RFB 003.003\n\x01",
            &[6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 1, 0, 0, 1],
            &[150, 1, 0, 0, 0, 0, 0, 9, 0, 9],
            &[248, 0, 0, 0, 0, 0, 0, 1, 2, 3, 3],
            &[250, 0, 1, 2],
            &[255, 0, 0, 1, 0, 0, 0, 97, 0, 0, 0, 30],
            &[255, 1, 0, 2, 3, 2, 0, 0, 0xac, 0x44, 255, 1, 0, 0],
            &[4, 1, 0, 0, 0, 0, 0, 97],
            &[5, 0, 0, 1, 0, 1],
            &[6, 0, 0, 0, 0, 0, 0, 2, 3, 3],
            &[
                251, 0, 0, 9, 0, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 9, 0, 0, 0, 0,
            ],
            &[2, 0, 0, 2, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0x11],
            &[3, 0, 0, 0, 0, 0, 0, 9, 0, 9],
            // One that is not complete.
            &[2, 0, 0, 1, 0, 0],
        ];
        let asked = Asked::from_bytes(&messages.concat())?;
        let expected = Asked {
            version: Version::V3_3,
            security: security::NONE,
            format: None,
            encodings: vec![encoding::HEXTILE, encoding::CURSOR],
            updates: 1,
        };
        assert_eq!(asked, expected);
        assert!(Asked::from_bytes(b"RFB 003.008\n\x01\x01\x63").is_err());
        assert!(Asked::from_bytes(b"RFB 003.008\n\x01\x01\xff\x02").is_err());
        assert!(Asked::from_bytes(b"RFB 003.008\n\x05\x01").is_err());
        let request = &[3, 0, 0, 0, 0, 0, 0, 9, 0, 9];
        let messages: [&[u8]; 4] = [b"RFB 003.008\n\x02", &[5; 16], &[1], request];
        let asked = Asked::from_bytes(&messages.concat())?;
        assert_eq!((asked.security, asked.updates), (security::VNC_AUTH, 1));
        Ok(())
    }
}
