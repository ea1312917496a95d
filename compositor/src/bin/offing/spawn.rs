//! The program that a session runs: its environment, its end, its exit code.

use crate::failure::{Failure, reason, remedy};
use calloop::{Interest, LoopHandle, Mode, PostAction, generic::Generic};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, ErrorKind},
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt, process::ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// What runs where no command is given: the first of these that is installed.
const TERMINALS: [&[&str]; 7] = [
    &["foot"],
    &["weston-terminal"],
    &["alacritty"],
    &["kitty"],
    &["konsole"],
    &["gnome-terminal", "--wait"],
    &["xfce4-terminal", "--disable-server"],
];

/// Variables that belong to another session or to our own start.
const FOREIGN: [&str; 6] = [
    "DISPLAY",
    "WAYLAND_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "NOTIFY_SOCKET",
];

/// What a program needs to know about the session that it runs in.
#[derive(Debug)]
pub(crate) struct Environment<'a> {
    pub(crate) session: &'a str,
    pub(crate) runtime_dir: &'a Path,
    pub(crate) wayland_display: &'a str,
    /// Where it writes what it would write to the terminal, if there is none. Then it reads
    /// nothing.
    pub(crate) log: Option<&'a File>,
}

/// A running program. It is killed when the value is dropped: it does not outlive the session that
/// it runs in, not even if that fails.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pidfd: OwnedFd,
}

impl Process {
    /// Starts a command: a program, found in PATH, and its arguments.
    ///
    /// # Errors
    /// A sentence, with exit code 127 if there is no such program.
    pub(crate) fn spawn(
        command: &[OsString],
        environment: &Environment,
    ) -> Result<Process, Failure> {
        let (program, arguments) = command.split_first().ok_or("no command is given")?;
        let shown = program.to_string_lossy();
        let mut command = prepare(program, arguments, environment);
        if let Some(log) = environment.log {
            let copy = || log.try_clone().map_err(|error| cannot_run(program, &error));
            command.stdin(Stdio::null());
            command.stdout(copy()?).stderr(copy()?);
        }
        let mut child = command
            .spawn()
            .map_err(|error| cannot_run(program, &error))?;
        // The number cannot have gone to another process: we have not waited.
        match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Process { child, pidfd }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                let error = io::Error::from(error);
                let remedy = match error.kind() {
                    ErrorKind::Unsupported => "Linux 5.3 or newer is needed",
                    _ => remedy(&error),
                };
                let reason = reason(&error);
                Err(Failure::from(format!(
                    "cannot watch {shown} ({reason}): {remedy}"
                )))
            }
        }
    }

    /// Has `ended` called in the loop once the program has ended.
    ///
    /// # Errors
    /// The system has no descriptor to spare.
    pub(crate) fn watch<S: 'static>(
        &self,
        handle: &LoopHandle<'static, S>,
        ended: impl FnMut(&mut S) + 'static,
    ) -> io::Result<()> {
        watch(&self.pidfd, handle, ended)
    }

    /// Asks the program to end. It may have ended already.
    pub(crate) fn terminate(&self) {
        let _ = pidfd_send_signal(&self.pidfd, Signal::TERM);
    }

    /// Whether the program has ended, or does so within this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        ends_within(&self.pidfd, time)
    }

    /// Kills the program, if it has not ended, and waits for its end.
    ///
    /// # Errors
    /// The system does not let us wait for our own child.
    pub(crate) fn finish(mut self) -> io::Result<ExitStatus> {
        self.kill()
    }

    fn kill(&mut self) -> io::Result<ExitStatus> {
        if !self.ends_within(Duration::ZERO) {
            let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        }
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What has been waited for already is not waited for again.
        let _ = self.kill();
    }
}

/// Has `ended` called in the loop once a process has ended.
///
/// # Errors
/// The system has no descriptor to spare.
pub(crate) fn watch<S: 'static>(
    pidfd: &OwnedFd,
    handle: &LoopHandle<'static, S>,
    mut ended: impl FnMut(&mut S) + 'static,
) -> io::Result<()> {
    let source = Generic::new(pidfd.try_clone()?, Interest::READ, Mode::Level);
    handle
        .insert_source(source, move |_, _, state| {
            ended(state);
            Ok(PostAction::Remove)
        })
        .map(|_| ())
        .map_err(|error| io::Error::other(error.error))
}

/// Whether a process has ended, or does so within this time.
pub(crate) fn ends_within(pidfd: &OwnedFd, time: Duration) -> bool {
    let deadline = Instant::now() + time;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], timeout.as_ref()) {
            Err(Errno::INTR) => {}
            found => return found == Ok(1),
        }
    }
}

/// The exit code that a shell would give: the program's own, or 128 and the
/// number of the signal that killed it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The terminal that a session without a command starts, if one is installed.
pub(crate) fn default_command() -> Option<Vec<OsString>> {
    let path = env::var_os("PATH").unwrap_or_default();
    TERMINALS
        .iter()
        .find(|command| command.first().is_some_and(|name| is_in(&path, name)))
        .map(|command| command.iter().map(OsString::from).collect())
}

/// Looks for a command as execvp(3) does, so that one that is not there is told
/// before there is a session to talk of.
///
/// # Errors
/// A sentence, with the exit code 127 if there is no such file.
pub(crate) fn check(command: &[OsString]) -> Result<(), Failure> {
    let (Some(program), Some(path)) = (command.first(), env::var_os("PATH")) else {
        return Ok(());
    };
    let files: Vec<PathBuf> = match program.as_encoded_bytes().contains(&b'/') {
        true => vec![program.into()],
        false => env::split_paths(&path)
            .map(|directory| directory.join(program))
            .collect(),
    };
    if files.iter().any(|file| is_executable(file)) {
        return Ok(());
    }
    let kind = match files.iter().any(|file| file.exists()) {
        true => ErrorKind::PermissionDenied,
        false => ErrorKind::NotFound,
    };
    Err(cannot_run(program, &kind.into()))
}

fn cannot_run(program: &OsStr, error: &io::Error) -> Failure {
    let shown = program.to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => Failure::with_code(
            127,
            format!("command not found: {shown}: install it or give its path"),
        ),
        _ => Failure::from(format!(
            "cannot run {shown} ({}): name a program that you may run",
            reason(error)
        )),
    }
}

fn is_in(path: &OsStr, program: &str) -> bool {
    env::split_paths(path).any(|directory| is_executable(&directory.join(program)))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn prepare(program: &OsStr, arguments: &[OsString], environment: &Environment) -> Command {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = rustix::process::getuid().as_raw();
    let mut command = Command::new(program);
    command.args(arguments);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
        .env("XDG_RUNTIME_DIR", environment.runtime_dir)
        .env("WAYLAND_DISPLAY", environment.wayland_display)
        .env("XDG_SESSION_TYPE", "wayland")
        .env("XDG_CURRENT_DESKTOP", "offing")
        .env("OFFING_SESSION", environment.session)
        .env("SHELL", shell(env::var_os("SHELL"), &users, user));
    command
}

/// The shell that terminals start: the one of the environment, else the
/// account's, else `/bin/sh`. Accounts of services have none that can be used.
fn shell(given: Option<OsString>, users: &str, user: u32) -> OsString {
    let user = user.to_string();
    let account = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&user.as_str()))
        .and_then(|fields| fields.get(6).map(OsString::from));
    [given, account]
        .into_iter()
        .flatten()
        .find(|shell| is_shell(Path::new(shell)))
        .unwrap_or_else(|| "/bin/sh".into())
}

fn is_shell(path: &Path) -> bool {
    let refuses = ["nologin", "false"].map(OsStr::new);
    path.is_absolute()
        && path
            .file_name()
            .is_some_and(|name| !refuses.contains(&name))
        && is_executable(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calloop::EventLoop;

    fn environment() -> Environment<'static> {
        Environment {
            session: "test",
            runtime_dir: Path::new("/run/test"),
            wayland_display: "wayland-7",
            log: None,
        }
    }

    fn spawn(command: &[&str]) -> Result<Process, Failure> {
        let command: Vec<OsString> = command.iter().map(OsString::from).collect();
        Process::spawn(&command, &environment())
    }

    fn code_of(script: &str) -> u8 {
        let process = spawn(&["sh", "-c", script]).unwrap();
        assert!(process.ends_within(Duration::from_secs(20)));
        exit_code(process.finish().unwrap())
    }

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        assert_eq!(code_of("exit 0"), 0);
        assert_eq!(code_of("exit 7"), 7);
        assert_eq!(code_of("exit 255"), 255);
        assert_eq!(code_of("kill -TERM $$"), 143);
        assert_eq!(code_of("kill -KILL $$"), 137);
    }

    #[test]
    fn what_cannot_run_is_told() {
        let error = spawn(&["no-such-program-here"]).unwrap_err();
        assert_eq!(error.code, 127);
        assert_eq!(
            error.message,
            "command not found: no-such-program-here: install it or give its path"
        );
        let error = spawn(&["/etc/passwd"]).unwrap_err();
        assert_eq!(error.code, 1);
        assert!(error.message.contains("permission denied"), "{error:?}");
        assert_eq!(spawn(&[]).unwrap_err().code, 1);
    }

    #[test]
    fn what_cannot_run_is_told_before_there_is_a_session() {
        let check = |program: &str| check(&[program.into()]);
        for good in ["sh", "/bin/sh"] {
            check(good).unwrap();
        }
        for bad in ["no-such-program-here", "/no/such/program", "/etc/passwd"] {
            assert_eq!(check(bad), spawn(&[bad]).map(drop));
        }
    }

    #[test]
    fn the_environment_is_the_sessions() {
        let script = r#"
            test "$WAYLAND_DISPLAY" = wayland-7 &&
            test "$XDG_RUNTIME_DIR" = /run/test &&
            test "$XDG_SESSION_TYPE" = wayland &&
            test "$XDG_CURRENT_DESKTOP" = offing &&
            test "$OFFING_SESSION" = test &&
            test -x "$SHELL""#;
        assert_eq!(code_of(script), 0);

        let command = prepare(OsStr::new("true"), &[], &environment());
        let removed: Vec<_> = command
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .collect();
        assert_eq!(removed.len(), FOREIGN.len());
        assert!(removed.contains(&(OsStr::new("DISPLAY"), None)));
    }

    #[test]
    fn the_end_wakes_the_loop() {
        let mut event_loop = EventLoop::<bool>::try_new().unwrap();
        let process = spawn(&["sh", "-c", "exit 3"]).unwrap();
        process
            .watch(&event_loop.handle(), |ended| *ended = true)
            .unwrap();
        let mut ended = false;
        let deadline = Instant::now() + Duration::from_secs(20);
        while !ended {
            assert!(Instant::now() < deadline);
            event_loop
                .dispatch(Some(Duration::from_secs(1)), &mut ended)
                .unwrap();
        }
        assert_eq!(exit_code(process.finish().unwrap()), 3);
    }

    #[test]
    fn a_program_ends_when_asked_and_is_killed_when_it_does_not() {
        let polite = spawn(&["sleep", "1000"]).unwrap();
        polite.terminate();
        assert!(polite.ends_within(Duration::from_secs(20)));
        let status = polite.finish().unwrap();
        assert_eq!(exit_code(status), 143);

        // Ignored signals stay ignored in the program that a shell becomes.
        let dir = tempfile::tempdir().unwrap();
        let ready = dir.path().join("ready");
        let script = format!("trap '' TERM; : > {}; exec sleep 1000", ready.display());
        let stubborn = spawn(&["sh", "-c", &script]).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !ready.exists() {
            assert!(Instant::now() < deadline);
            std::thread::yield_now();
        }
        stubborn.terminate();
        assert!(!stubborn.ends_within(Duration::from_millis(1)));
        let status = stubborn.finish().unwrap();
        assert_eq!(exit_code(status), 137);
    }

    #[test]
    fn a_program_ends_with_its_value() {
        let process = spawn(&["sleep", "1000"]).unwrap();
        let pidfd = process.pidfd.try_clone().unwrap();
        assert!(!ends_within(&pidfd, Duration::ZERO));
        drop(process);
        assert!(ends_within(&pidfd, Duration::ZERO));
        // Nothing is left of it to be waited for.
        assert_eq!(pidfd_send_signal(&pidfd, Signal::TERM), Err(Errno::SRCH));
    }

    #[test]
    fn accounts_without_a_shell_get_one() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\
                     broken line\n\
                     daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
                     sync:x:4:65534:sync:/bin:/bin/false\n\
                     env:x:5:5:env:/:/usr/bin/env\n";
        let shell = |given: Option<&str>, user| shell(given.map(Into::into), users, user);
        assert_eq!(shell(Some("/usr/bin/env"), 0), "/usr/bin/env");
        assert_eq!(shell(None, 0), "/bin/sh");
        assert_eq!(shell(None, 5), "/usr/bin/env");
        assert_eq!(shell(Some("/usr/sbin/nologin"), 5), "/usr/bin/env");
        assert_eq!(shell(None, 1), "/bin/sh");
        assert_eq!(shell(Some("/bin/false"), 4), "/bin/sh");
        assert_eq!(shell(Some("sh"), 4711), "/bin/sh");
        assert_eq!(shell(Some("/no/such/shell"), 4711), "/bin/sh");
    }

    #[test]
    fn terminals_are_looked_for_in_path() {
        assert!(is_in(OsStr::new("/nowhere:/bin"), "sh"));
        assert!(!is_in(OsStr::new("/nowhere"), "sh"));
        assert!(!is_in(OsStr::new("/etc"), "passwd"));
    }
}
