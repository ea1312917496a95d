//! `offing run --detach`: the session goes on when this process, and the terminal or connection
//! that it has, are gone.
//!
//! This process starts itself again, in a session of its own (of setsid(2), that is), and passes
//! on what that says until viewers can be served.

use super::pass_on;
use crate::{
    failure::{Failure, reason},
    own_file::OwnFile,
    spawn::exit_code,
};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use std::{
    env,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Command, Stdio},
};

/// What the detached process writes to its standard output once all is well.
const READY: &str = "ready\n";

/// Starts the detached process and waits until it is ready; returns the exit code.
///
/// # Errors
/// It cannot be started. Whatever it fails at itself, it has told, and the exit code is its own.
pub(crate) fn detach() -> Result<u8, Failure> {
    let failed = |error: io::Error| format!("cannot detach ({}): try again", reason(&error));
    let (mut report, ready) = io::pipe().map_err(failed)?;
    let (said, says) = io::pipe().map_err(failed)?;
    let mut command = Command::new(env::current_exe().map_err(failed)?);
    command
        .args(arguments(
            env::args_os().skip(1),
            io::stderr().is_terminal(),
        ))
        // A password may be read from it.
        .stdin(Stdio::inherit())
        .stdout(ready)
        .stderr(says);
    let mut child = command.spawn().map_err(failed)?;
    // Our copies of the other ends, or there would never be an end to read.
    drop(command);
    // Whoever reads what we say may be gone; the session is wanted nevertheless.
    let _ = pass_on(said, io::stderr());
    let mut word = String::new();
    let _ = report.read_to_string(&mut word);
    if word == READY {
        return Ok(0);
    }
    let status = child.wait().map_err(failed)?;
    Ok(exit_code(status))
}

/// Our arguments, with the option that makes a session detached in the place of the one that
/// detaches it. `tell`: a password that is made may be shown.
fn arguments(given: impl Iterator<Item = OsString>, tell: bool) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = given.collect();
    let ours = arguments
        .iter_mut()
        .take_while(|argument| *argument != "--");
    for argument in ours.filter(|argument| *argument == "--detach") {
        *argument = format!("--detached={tell}").into();
    }
    arguments
}

/// Leaves the session, and the terminal, of whoever started this process.
///
/// # Errors
/// A sentence.
pub(crate) fn leave() -> Result<(), String> {
    rustix::process::setsid().map(drop).map_err(|error| {
        format!(
            "cannot leave the terminal ({}): use --detach",
            reason(&error.into())
        )
    })
}

/// Where a detached session and its command write what others write to the terminal. It goes with
/// the session, unless that is to be looked into.
pub(crate) struct Log {
    pub(crate) file: File,
    path: OwnFile,
}

impl Log {
    /// A new file, which only this user can read.
    ///
    /// # Errors
    /// A sentence with the path.
    pub(crate) fn create(path: &Path) -> Result<Log, String> {
        let create = || -> io::Result<Log> {
            // Of a session that failed.
            if fs::symlink_metadata(path).is_ok() {
                fs::remove_file(path)?;
            }
            let mut options = OpenOptions::new();
            // Whoever truncates it meanwhile gets no file with a hole.
            let file = options
                .append(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?;
            let path = OwnFile::adopt(path)?;
            Ok(Log { file, path })
        };
        create().map_err(|error| {
            let shown = path.display();
            format!(
                "cannot write the log {shown} ({}): remove it",
                reason(&error)
            )
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.path.path()
    }

    /// Tells the process that waits for it that all is well, and writes to the log from now on.
    /// What was standard input is left to others.
    ///
    /// # Errors
    /// A sentence: nobody waits any more.
    pub(crate) fn take_over(&self) -> Result<(), String> {
        let switch = || -> io::Result<()> {
            dup2_stdin(File::open("/dev/null")?)?;
            let mut stdout = io::stdout();
            stdout.write_all(READY.as_bytes())?;
            stdout.flush()?;
            dup2_stdout(&self.file)?;
            dup2_stderr(&self.file)?;
            Ok(())
        };
        switch().map_err(|error| {
            format!(
                "whoever started the session did not wait for it ({}): start it again",
                reason(&error)
            )
        })
    }

    /// Leaves the file where it is.
    pub(crate) fn keep(self) {
        self.path.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn only_our_own_option_is_replaced() {
        let words = |text: &str| -> Vec<OsString> { text.split(' ').map(OsString::from).collect() };
        let given = words("run --name a --detach -- sh --detach");
        let expected = words("run --name a --detached=true -- sh --detach");
        assert_eq!(arguments(given.into_iter(), true), expected);
    }

    #[test]
    fn a_log_is_private_and_goes_unless_it_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let log = Log::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        log.keep();
        assert!(path.exists());
        fs::write(&path, "old").unwrap();
        let log = Log::create(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
        drop(log);
        assert!(!path.exists());
        let error = Log::create(Path::new("/does/not/exist/a.log")).err();
        assert!(error.is_some_and(|error| error.contains("no such file")));
    }
}
