//! Locks the session when its last viewer has left, with a command of the user's. If that ends
//! without unlocking, which leaves nothing to unlock with, it is started again.

use crate::spawn::{Environment, Process};
use offing::Offing;
use std::{
    ffi::OsString,
    mem,
    time::{Duration, Instant},
};

/// How long it is not started again.
const PAUSE: Duration = Duration::from_secs(5);

/// What locks the session.
pub(crate) struct Locker {
    /// Run in a shell; none if viewers leave the session as it is.
    command: Option<OsString>,
    /// Viewers were there when it was looked last.
    watched: bool,
    process: Option<Process>,
    started: Option<Instant>,
}

impl Locker {
    /// One that runs this command.
    pub(crate) fn new(command: Option<OsString>) -> Self {
        Self {
            command,
            watched: false,
            process: None,
            started: None,
        }
    }

    /// Starts the command if the last viewer has left since the last call, unless the session is
    /// locked already, or is being locked; and if it is locked for good.
    pub(crate) fn look(&mut self, offing: &Offing, environment: &Environment) {
        let Some(command) = &self.command else {
            return;
        };
        let watched = !offing.viewers().is_empty();
        let is_left = mem::replace(&mut self.watched, watched) && !watched;
        let is_late = self.started.is_none_or(|it| it.elapsed() >= PAUSE);
        let is_wanted = match offing.is_locked() {
            true => offing.is_lock_abandoned() && is_late,
            false => is_left,
        };
        if !is_wanted {
            return;
        }
        let is_running = |process: &Process| !process.ends_within(Duration::ZERO);
        if self.process.as_ref().is_some_and(is_running) {
            return;
        }
        let shell = ["/bin/sh".into(), "-c".into(), command.clone()];
        match Process::spawn(&shell, environment) {
            Ok(process) => (self.process, self.started) = (Some(process), Some(Instant::now())),
            Err(failure) => tracing::warn!("the session is not locked: {}", failure.message),
        }
    }
}
