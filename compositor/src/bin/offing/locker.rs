//! Locks the session when its last viewer has left, with a command of the user's. If that ends
//! without unlocking, which leaves nothing to unlock with, it is started again.

use crate::spawn::{Environment, Process};
use offing::{Offing, Server};
use std::{
    ffi::OsString,
    mem,
    time::{Duration, Instant},
};

/// How long a command that does not unlock is not started again.
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

    /// How long the loop may wait until the command is to be started again, if it is.
    pub(crate) fn wait(&self, offing: &Offing) -> Option<Duration> {
        let is_wanted = self.command.is_some() && offing.is_lock_abandoned();
        let started = self.started.filter(|_| is_wanted)?;
        // Later it only waits for the end of the process, with which the loop turns.
        let left = PAUSE.saturating_sub(started.elapsed());
        (!left.is_zero()).then_some(left)
    }

    /// Starts the command if the last viewer has left since the last call, unless the session is
    /// locked already, or is being locked; and if it is locked and nobody can unlock it.
    pub(crate) fn look(&mut self, server: &Server, environment: &Environment) {
        let offing = &server.state;
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
            Ok(process) => {
                if let Err(error) = process.watch(&server.handle(), |_| {}) {
                    tracing::debug!("the end of what locks is noticed later: {error}");
                }
                (self.process, self.started) = (Some(process), Some(Instant::now()));
            }
            Err(failure) => tracing::warn!("the session is not locked: {}", failure.message),
        }
    }
}
