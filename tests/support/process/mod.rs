//! Processes that end with the test that started them: `offing`, programs, X servers, viewers.
//!
//! ```no_run
//! use offing_tests::picture::Picture;
//! use offing_tests::process::{Offing, require_tools};
//! use offing_tests::{Result, soon};
//!
//! fn a_terminal_is_shown(binary: &str) -> Result {
//!     if !require_tools(&["foot"])? {
//!         return Ok(());
//!     }
//!     let session = Offing::run(binary, &["--size", "640x480", "--", "foot"])?;
//!     let mut viewer = session.viewer()?;
//!     viewer.wait_until(soon(), "a terminal", |viewer| viewer.picture().colours() > 2)
//! }
//! ```

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::error::Context;
use crate::{Error, Result};

mod offing;
mod running;
mod terminal;
mod xvfb;

pub use offing::{ConnectionFile, Endpoint, Offing};
pub use running::{Finished, Output, Running, Signal};
pub use terminal::Terminal;
pub use xvfb::Xvfb;

/// The user and group of those who own nothing.
const NOBODY: u32 = 65534;

/// What is kept of this process's environment: what finds programs, and what developers set to
/// look into them.
const INHERITED: [&str; 6] = [
    "PATH",
    "LD_LIBRARY_PATH",
    "LLVM_PROFILE_FILE",
    "NODE_PATH",
    "RUST_BACKTRACE",
    "RUST_LOG",
];

/// A private home: a folder of mode 0700 that is HOME, and one inside for XDG_RUNTIME_DIR. It is
/// removed in the end.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    unprivileged: bool,
}

impl Home {
    /// A home of this process's user.
    pub fn new() -> Result<Self> {
        Self::create(false)
    }

    /// A home of a user without privileges: of `nobody` where this process runs as root, else of
    /// its own user.
    pub fn unprivileged() -> Result<Self> {
        Self::create(rustix::process::geteuid().is_root())
    }

    fn create(unprivileged: bool) -> Result<Self> {
        // A short name: the path of a Unix socket has at most 107 bytes.
        let folder = tempfile::Builder::new()
            .prefix("offing-")
            .tempdir()
            .context(|| "cannot make a home".into())?;
        let home = Self {
            folder,
            unprivileged,
        };
        fs::create_dir(home.runtime_dir())?;
        for path in [home.path(), &home.runtime_dir()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
            if unprivileged {
                chown(path, Some(NOBODY), Some(NOBODY))?;
            }
        }
        Ok(home)
    }

    /// The folder that is HOME.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that is XDG_RUNTIME_DIR.
    pub fn runtime_dir(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// A command that will run in this home, as its user, with little else in its environment: in
    /// particular with no display. It heeds signals, even where the tests run in the background of
    /// a script, which makes them ignore some: `env` of coreutils sees to that, and becomes the
    /// program.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(ENV);
        command
            .arg(HEED_SIGNALS)
            .arg(program)
            .env_clear()
            .envs(
                INHERITED
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .env("LANG", "C.UTF-8")
            .env("SHELL", "/bin/sh")
            .env("HOME", self.path())
            .env("XDG_RUNTIME_DIR", self.runtime_dir())
            .current_dir(self.path());
        if self.unprivileged {
            use std::os::unix::process::CommandExt;
            command.gid(NOBODY).uid(NOBODY);
        }
        command
    }
}

/// By its path: the environment of a command may have another PATH, or none.
const ENV: &str = "/usr/bin/env";
/// The option of `env` that undoes what a parent has ignored.
const HEED_SIGNALS: &str = "--default-signal=HUP,INT,TERM";

/// Whether all these programs are installed. If not, prints which is missing, so that a test can
/// return; with CI=true that is an error instead.
pub fn require_tools(names: &[&str]) -> Result<bool> {
    all_there(&missing_tools(names))
}

/// As [`require_tools`], for something that is no program: says whether it was found.
pub fn require(name: &str, found: bool) -> Result<bool> {
    match found {
        true => Ok(true),
        false => all_there(&[name]),
    }
}

fn all_there(missing: &[&str]) -> Result<bool> {
    if missing.is_empty() {
        return Ok(true);
    }
    let message = format!(
        "this test needs {}: please install it",
        missing.join(" and ")
    );
    if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
        return Err(Error::other(message));
    }
    // On stderr itself: what a test prints with a macro is shown only if it fails.
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(std::io::stderr(), "skipped {test}: {message}")?;
    Ok(false)
}

/// Those of the programs that PATH does not lead to.
fn missing_tools<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_program = |path: PathBuf| {
        fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    };
    let is_missing =
        |name: &str| !std::env::split_paths(&path).any(|dir| is_program(dir.join(name)));
    names
        .iter()
        .copied()
        .filter(|name| is_missing(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soon;

    #[test]
    fn a_missing_tool_is_noticed() {
        assert_eq!(
            missing_tools(&["sh", "no-such-tool", "cat"]),
            ["no-such-tool"]
        );
    }

    #[test]
    fn a_command_runs_in_its_home_as_its_user() -> Result {
        let home = Home::unprivileged()?;
        let mut command = home.command("sh");
        command.args([
            "-c",
            "umask 077; echo hello >f; id -u; env; echo $$ >&2; exit 3",
        ]);
        let finished = Running::start(command)?.finish(soon())?;
        assert_eq!(finished.status.code(), Some(3));
        assert_ne!(finished.stdout.lines().next(), Some("0"));
        assert!(
            finished
                .stdout
                .contains(&format!("HOME={}\n", home.path().display()))
        );
        assert!(!finished.stdout.contains("DISPLAY"));
        assert_eq!(
            finished.stderr.trim_end().parse::<u32>().ok(),
            Some(finished.pid)
        );
        assert_eq!(fs::read_to_string(home.path().join("f"))?, "hello\n");
        Ok(())
    }
}
