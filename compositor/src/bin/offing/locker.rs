//! Locks the session when its last viewer has left, with a command of the user's.

use crate::spawn::{Environment, Process};
use offing::Offing;
use std::{ffi::OsString, mem, time::Duration};

/// What locks the session.
pub(crate) struct Locker {
    /// Run in a shell; none if viewers leave the session as it is.
    command: Option<OsString>,
    /// Viewers were there when it was looked last.
    watched: bool,
    process: Option<Process>,
}

impl Locker {
    /// One that runs this command.
    pub(crate) fn new(command: Option<OsString>) -> Self {
        Self {
            command,
            watched: false,
            process: None,
        }
    }

    /// Starts the command if the last viewer has left since the last call, unless the session is
    /// locked already, or is being locked.
    pub(crate) fn look(&mut self, offing: &Offing, environment: &Environment) {
        let Some(command) = &self.command else {
            return;
        };
        let watched = !offing.viewers().is_empty();
        if !mem::replace(&mut self.watched, watched) || watched || offing.is_locked() {
            return;
        }
        let is_running = |process: &Process| !process.ends_within(Duration::ZERO);
        if self.process.as_ref().is_some_and(is_running) {
            return;
        }
        let shell = ["/bin/sh".into(), "-c".into(), command.clone()];
        match Process::spawn(&shell, environment) {
            Ok(process) => self.process = Some(process),
            Err(failure) => tracing::warn!("the session is not locked: {}", failure.message),
        }
    }
}
