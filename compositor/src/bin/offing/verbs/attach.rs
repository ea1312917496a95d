//! `offing attach --stdio`: makes standard input and output a viewer's connection to a session, as
//! `ssh` and viewers' tunnels want it.

use super::{find_session, pass_on};
use crate::{
    cli::AttachOptions,
    control::{Request, client},
    failure::{Failure, reason},
};
use std::{
    io::{self, IsTerminal},
    net::Shutdown,
    thread,
};

/// Passes bytes on until the session ends or the viewer has gone; returns the exit code.
///
/// # Errors
/// No such session, or it was lost.
pub(crate) fn attach(options: &AttachOptions) -> Result<u8, Failure> {
    if io::stdout().is_terminal() {
        return Err(Failure::from(
            "standard output is a terminal, not a viewer: have a viewer or socat start this, over \
             ssh if need be",
        ));
    }
    let session = find_session(&options.session.options())?;
    let (_, from_session) = client::call(&session.control, &Request::Attach)?;
    let failed =
        |error: io::Error| format!("the connection was lost ({}): attach again", reason(&error));
    let stream = from_session.get_ref();
    stream.set_read_timeout(None).map_err(failed)?;
    stream.set_write_timeout(None).map_err(failed)?;
    let to_session = stream.try_clone().map_err(failed)?;
    thread::spawn(move || {
        let _ = pass_on(io::stdin().lock(), &to_session);
        // The session ends the connection then, and with it the copy below.
        let _ = to_session.shutdown(Shutdown::Write);
    });
    match pass_on(from_session, io::stdout()) {
        // The viewer has gone, which is the usual end.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(error).into()),
        _ => Ok(0),
    }
}
