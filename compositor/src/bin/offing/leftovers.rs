//! What the session's programs started and left behind: it ends with the session.

use crate::spawn::{Environment, ends_within, watch};
use offing::Server;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::{fs, os::fd::OwnedFd, os::unix::ffi::OsStrExt, time::Duration};

/// Processes that run in the session, whoever started them.
pub(crate) struct Leftovers(Vec<OwnedFd>);

impl Leftovers {
    /// Those that have the session's environment and have not gone their own way: a daemon is in a
    /// process session of its own, and so is a terminal's shell, which the terminal ends.
    pub(crate) fn find(environment: &Environment) -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let ours = process_session("self");
        let found = numbers.filter_map(|number: i32| {
            let name = number.to_string();
            if ours.is_none() || process_session(&name) != ours {
                return None;
            }
            // Before the rest is looked at: the number may go to another process.
            let pidfd = pidfd_open(Pid::from_raw(number)?, PidfdFlags::empty()).ok()?;
            let variables = fs::read(format!("/proc/{name}/environ")).ok()?;
            is_inside(&variables, environment).then_some(pidfd)
        });
        Self(found.collect())
    }

    /// Asks all of them to end; the server's loop turns when one does.
    pub(crate) fn terminate(&self, server: &Server) {
        for pidfd in &self.0 {
            if let Err(error) = watch(pidfd, &server.handle(), |_| {}) {
                tracing::debug!("the end of a process is noticed later: {error}");
            }
            let _ = pidfd_send_signal(pidfd, Signal::TERM);
        }
    }

    /// Whether all of them have ended.
    pub(crate) fn have_ended(&self) -> bool {
        self.0.iter().all(|it| ends_within(it, Duration::ZERO))
    }
}

impl Drop for Leftovers {
    /// Those that have not ended are killed.
    fn drop(&mut self) {
        for pidfd in &self.0 {
            let _ = pidfd_send_signal(pidfd, Signal::KILL);
        }
    }
}

/// The process session of a process (proc_pid_stat(5)): 0 if it is none of this PID namespace.
fn process_session(process: &str) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the name, which may be anything: state, parent, group, session.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(3)?.parse().ok()
}

/// Whether a process with these variables (proc_pid_environ(5)) is in the session.
fn is_inside(variables: &[u8], environment: &Environment) -> bool {
    let has = |name: &str, value: &[u8]| {
        variables
            .split(|byte| *byte == 0)
            .any(|variable| variable.strip_prefix(name.as_bytes()) == Some(value))
    };
    has("OFFING_SESSION=", environment.session.as_bytes())
        && has("WAYLAND_DISPLAY=", environment.wayland_display.as_bytes())
        && has(
            "XDG_RUNTIME_DIR=",
            environment.runtime_dir.as_os_str().as_bytes(),
        )
}
