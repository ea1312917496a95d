//! `offing stop`: ends sessions, and waits until they are gone.

use super::find_session;
use crate::{
    cli::StopOptions,
    connection::Connection,
    control::{Request, client},
    failure::{Failure, reason},
    runtime_dir::{RuntimeDir, SessionName},
    say,
    spawn::ends_within,
};
use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use std::{
    io::{self, Write},
    os::fd::OwnedFd,
    path::Path,
    time::Duration,
};

/// How long a session may take to end. Its command has 3 seconds of these.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends the sessions that are meant; returns the exit code.
///
/// # Errors
/// No such session, or one does not end.
pub(crate) fn stop(options: &StopOptions) -> Result<u8, Failure> {
    let sessions = match options.all {
        true => Connection::running(&RuntimeDir::find()?.sessions()?),
        false => vec![find_session(&options.session.options())?],
    };
    if sessions.is_empty() {
        say("offing: no session is running");
    }
    // All are asked before any is waited for.
    let asked: Vec<_> = sessions.iter().map(ask).collect();
    let ends = sessions
        .iter()
        .zip(asked)
        .map(|(session, asked)| asked.and_then(|process| await_end(session, process.as_ref())));
    let mut errors: Vec<String> = ends.filter_map(Result::err).collect();
    let last = errors.pop();
    for error in errors {
        say(&format!("offing: {error}"));
    }
    last.map_or(Ok(0), |error| Err(error.into()))
}

/// Asks a session to end. Returns its process, unless it has gone.
fn ask(session: &Connection) -> Result<Option<OwnedFd>, String> {
    let number = Pid::from_raw(session.pid);
    let process = match number.map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
        Some(Ok(process)) => process,
        None | Some(Err(Errno::SRCH)) => return Ok(None),
        Some(Err(error)) => {
            return Err(format!(
                "cannot watch the session {} ({}): Linux 5.3 or newer is needed",
                session.name,
                reason(&error.into())
            ));
        }
    };
    if let Err(error) = client::call(&session.control, &Request::Quit) {
        // Its number may be another process's by now; its lock cannot be.
        let sessions = session.control.parent().unwrap_or(Path::new("."));
        if !SessionName::is_taken(sessions, &session.name) {
            return Err(error);
        }
        let _ = pidfd_send_signal(&process, Signal::TERM);
    }
    Ok(Some(process))
}

/// Waits for a session's end, and tells it.
fn await_end(session: &Connection, process: Option<&OwnedFd>) -> Result<(), String> {
    let name = &session.name;
    if process.is_some_and(|process| !ends_within(process, PATIENCE)) {
        return Err(format!(
            "the session {name} has not ended for {} seconds: end it with `kill -KILL {}`",
            PATIENCE.as_secs(),
            session.pid
        ));
    }
    let _ = writeln!(io::stdout(), "{name} has ended");
    Ok(())
}
