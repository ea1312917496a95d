//! Programs that run in the session beside its command: those that are chosen from its menu, and
//! those that start with it.

use crate::{
    applications,
    failure::Failure,
    spawn::{Environment, Process},
};
use offing::Server;
use std::{ffi::OsString, time::Duration};

/// Those that run.
#[derive(Default)]
pub(crate) struct Programs(Vec<Process>);

impl Programs {
    /// Starts a command: a program, found in PATH, and its arguments.
    ///
    /// # Errors
    /// A sentence, where it cannot be started.
    pub(crate) fn start(
        &mut self,
        command: &[OsString],
        environment: &Environment,
        server: &Server,
    ) -> Result<(), Failure> {
        let process = Process::spawn(command, environment)?;
        // The loop turns when it ends, so that it can be waited for.
        if let Err(error) = process.watch(&server.handle(), |_| {}) {
            tracing::debug!("the end of a program is noticed later: {error}");
        }
        self.0.push(process);
        Ok(())
    }

    /// Starts what was chosen from the menu since the last call, and forgets what has ended.
    pub(crate) fn look(&mut self, server: &mut Server, environment: &Environment) {
        self.0
            .retain(|program| !program.ends_within(Duration::ZERO));
        if server.state.wants_applications() {
            server.state.set_applications(applications::installed());
        }
        if let Some(command) = server.state.take_launch()
            && let Err(failure) = self.start(&command, environment, server)
        {
            tracing::warn!("{}", failure.message);
        }
    }

    /// Starts commands of the shell.
    ///
    /// # Errors
    /// A sentence, where the shell cannot be started.
    pub(crate) fn start_in_shell(
        &mut self,
        commands: &[OsString],
        environment: &Environment,
        server: &Server,
    ) -> Result<(), Failure> {
        commands.iter().try_for_each(|command| {
            let shell = ["/bin/sh".into(), "-c".into(), command.clone()];
            self.start(&shell, environment, server)
        })
    }

    /// Asks all of them to end.
    pub(crate) fn terminate(&self) {
        self.0.iter().for_each(Process::terminate);
    }

    /// Whether all of them have ended.
    pub(crate) fn have_ended(&self) -> bool {
        self.0
            .iter()
            .all(|program| program.ends_within(Duration::ZERO))
    }
}
