//! `offing stop`: ends sessions, and waits until they are gone.

use super::find_session;
use crate::{
    cli::StopOptions,
    connection::Connection,
    control::{Request, client},
    failure::{Failure, reason},
    runtime_dir::{RuntimeDir, SessionName},
    say,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use std::{
    io::{self, Write},
    os::fd::OwnedFd,
    path::Path,
    time::{Duration, Instant},
};

/// How long a session may take to end. Its command has 3 seconds of these.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends the sessions that are meant; returns the exit code.
///
/// # Errors
/// No such session, or one does not end.
pub(crate) fn stop(options: &StopOptions) -> Result<u8, Failure> {
    if !options.all {
        end(&find_session(&options.session.options())?)?;
        return Ok(0);
    }
    let running = Connection::running(&RuntimeDir::find()?.sessions()?);
    if running.is_empty() {
        say("offing: no session is running");
    }
    let mut ends = running.iter().map(end);
    // One that does not end keeps no other from ending.
    let first_error = ends.by_ref().find_map(Result::err);
    ends.filter_map(Result::err)
        .for_each(|error| say(&format!("offing: {error}")));
    first_error.map_or(Ok(0), |error| Err(error.into()))
}

/// Ends one session and says so.
fn end(session: &Connection) -> Result<(), String> {
    let name = &session.name;
    let number = Pid::from_raw(session.pid);
    let process = match number.map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
        Some(Ok(process)) => Some(process),
        None | Some(Err(Errno::SRCH)) => None,
        Some(Err(error)) => {
            return Err(format!(
                "cannot watch the session {name} ({}): Linux 5.3 or newer is needed",
                reason(&error.into())
            ));
        }
    };
    if let Some(process) = process {
        if let Err(error) = client::call(&session.control, &Request::Quit) {
            // Its number may be another process's by now; its lock cannot be.
            let sessions = session.control.parent().unwrap_or(Path::new("."));
            if !SessionName::is_taken(sessions, name) {
                return Err(error);
            }
            let _ = pidfd_send_signal(&process, Signal::TERM);
        }
        if !ends_in_time(&process) {
            return Err(format!(
                "the session {name} has not ended for {} seconds: end it with `kill -KILL {}`",
                PATIENCE.as_secs(),
                session.pid
            ));
        }
    }
    let _ = writeln!(io::stdout(), "{name} has ended");
    Ok(())
}

fn ends_in_time(process: &OwnedFd) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(process, PollFlags::IN)], timeout.as_ref()) {
            Err(Errno::INTR) => {}
            found => return found == Ok(1),
        }
    }
}
