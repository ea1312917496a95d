//! Programs that run in the session beside its command: those that are chosen from its menu, and
//! those that start with it.

use crate::{
    applications,
    failure::Failure,
    spawn::{Environment, Process},
};
use calloop::channel::{Event, Sender, channel};
use offing::{Application, Server};
use std::{
    ffi::OsString,
    io,
    thread::{self, JoinHandle},
    time::Duration,
};

/// Those that run, and those that the menu offers.
pub(crate) struct Programs {
    running: Vec<Process>,
    /// Where it is told what is installed.
    installed: Sender<Vec<Application>>,
    /// Looks for what is installed: files may be slow to read, and the session goes on meanwhile.
    search: Option<JoinHandle<()>>,
}

impl Programs {
    /// # Errors
    /// The system has no descriptor to spare.
    pub(crate) fn new(server: &Server) -> io::Result<Self> {
        let (installed, found) = channel();
        let inserted = server.handle().insert_source(found, |event, (), offing| {
            if let Event::Msg(applications) = event {
                offing.set_applications(applications);
            }
        });
        inserted.map_err(|error| io::Error::other(error.error))?;
        Ok(Self {
            running: Vec::new(),
            installed,
            search: None,
        })
    }

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
        self.running.push(process);
        Ok(())
    }

    /// Starts what was chosen from the menu since the last call, looks for what it is to offer, and
    /// forgets what has ended.
    pub(crate) fn look(&mut self, server: &mut Server, environment: &Environment) {
        self.running
            .retain(|program| !program.ends_within(Duration::ZERO));
        let is_searching = self.search.as_ref().is_some_and(|it| !it.is_finished());
        if server.state.wants_applications() && !is_searching {
            let installed = self.installed.clone();
            // Fails when the session has ended meanwhile.
            let search = move || _ = installed.send(applications::installed());
            let thread = thread::Builder::new().name("applications".to_owned());
            match thread.spawn(search) {
                Ok(search) => self.search = Some(search),
                Err(error) => tracing::warn!("the menu offers no programs: {error}"),
            }
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
        self.running.iter().for_each(Process::terminate);
    }

    /// Whether all of them have ended.
    pub(crate) fn have_ended(&self) -> bool {
        self.running
            .iter()
            .all(|program| program.ends_within(Duration::ZERO))
    }
}
