//! The other side of the control socket: one request, one answer.

use super::{Request, protocol::LONGEST_REQUEST};
use crate::{failure::reason, picture::png_from};
use serde_json::Value;
use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

/// How long a session may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer that is read, in bytes, pixels not counted.
const LONGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// Asks a session, and returns its answer and what may follow it.
///
/// # Errors
/// The session's own sentence, or one about how it cannot be reached.
pub(crate) fn call(
    socket: &Path,
    request: &Request,
) -> Result<(Value, BufReader<UnixStream>), String> {
    call_within(socket, request, PATIENCE)
}

/// As [`call`], with no more patience than this.
///
/// # Errors
/// As for [`call`].
pub(crate) fn call_within(
    socket: &Path,
    request: &Request,
    patience: Duration,
) -> Result<(Value, BufReader<UnixStream>), String> {
    let exchange = || -> io::Result<(Vec<u8>, BufReader<UnixStream>)> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        stream.write_all(&request.encode())?;
        let mut reader = BufReader::with_capacity(LONGEST_REQUEST, stream);
        let mut line = Vec::new();
        (&mut reader)
            .take(LONGEST_ANSWER)
            .read_until(b'\n', &mut line)?;
        Ok((line, reader))
    };
    let (line, reader) = exchange().map_err(|error| unreachable_session(socket, &error))?;
    let mut answer: Value = serde_json::from_slice(&line).map_err(|_| {
        let error = ErrorKind::UnexpectedEof.into();
        unreachable_session(socket, &error)
    })?;
    match answer.get("error").and_then(Value::as_str) {
        Some(sentence) => Err(sentence.to_owned()),
        None => Ok((
            answer.get_mut("ok").map(Value::take).unwrap_or_default(),
            reader,
        )),
    }
}

/// Asks a session for a picture of its screen: its width and height in pixels,
/// and a PNG file.
///
/// # Errors
/// As for [`call`].
pub(crate) fn screenshot(socket: &Path) -> Result<((u16, u16), Vec<u8>), String> {
    let (header, pixels) = call(socket, &Request::Screenshot)?;
    let side = |name| {
        header
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|side| u16::try_from(side).ok())
            .unwrap_or_default()
    };
    let size = (side("width"), side("height"));
    match png_from(pixels, size) {
        Ok(file) => Ok((size, file)),
        Err(error) => Err(unreachable_session(socket, &error)),
    }
}

fn unreachable_session(socket: &Path, error: &io::Error) -> String {
    let shown = socket.display();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            format!("no session answers at {shown}: start one with `offing run`")
        }
        ErrorKind::WouldBlock => format!(
            "the session at {shown} has not answered for {} seconds: try again, or end its process",
            PATIENCE.as_secs()
        ),
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
            format!("the session at {shown} ended or turned us away: try again")
        }
        _ => format!(
            "cannot talk to the session at {shown} ({}): try again",
            reason(error)
        ),
    }
}
