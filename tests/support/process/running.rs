use std::fmt;
use std::fs;
use std::io::Read;
use std::iter;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, kill_process, kill_process_group, pidfd_open};

pub use rustix::process::Signal;

use super::{ENV, HEED_SIGNALS};
use crate::error::Context;
use crate::{Error, ErrorKind, Result, time_left};

/// A process in a group of its own. When it is dropped, the whole group is killed, and what it
/// wrote to its standard error is printed, where the test harness shows it if the test fails.
pub struct Running {
    name: String,
    child: Child,
    status: Option<ExitStatus>,
    stdout: Output,
    stderr: Output,
}

/// What a process left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The number it had.
    pub pid: u32,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl Running {
    /// Starts a command with nothing to read.
    pub fn start(mut command: Command) -> Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.process_group(0);
        Self::spawn(command)
    }

    /// Starts a command whose standard input and output are the other end of the socket.
    pub fn connected(mut command: Command) -> Result<(Self, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        command
            .stdin(OwnedFd::from(theirs.try_clone()?))
            .stdout(OwnedFd::from(theirs))
            .stderr(Stdio::piped());
        command.process_group(0);
        Ok((Self::spawn(command)?, ours))
    }

    /// Starts a command whose standard streams are set, and which will lead a process group.
    pub(super) fn spawn(mut command: Command) -> Result<Self> {
        let words = iter::once(command.get_program()).chain(command.get_args());
        let name = words
            .map(|word| word.to_string_lossy())
            .find(|word| word != ENV && word != HEED_SIGNALS)
            .unwrap_or_default()
            .into_owned();
        let mut child = command.spawn().context(|| format!("cannot start {name}"))?;
        let stdout = child
            .stdout
            .take()
            .map(Output::read_from)
            .unwrap_or_default();
        let stderr = child
            .stderr
            .take()
            .map(Output::read_from)
            .unwrap_or_default();
        Ok(Self {
            name,
            child,
            status: None,
            stdout,
            stderr,
        })
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The processor time that its threads have taken, as far as they still run.
    pub fn cpu_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text.split_whitespace().next();
            let first = first.and_then(|number| number.parse::<u64>().ok());
            nanoseconds += first.ok_or_else(|| Error::other("no processor time is told"))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// What it writes to its standard output.
    pub fn stdout(&self) -> &Output {
        &self.stdout
    }

    /// What it writes to its standard error.
    pub fn stderr(&self) -> &Output {
        &self.stderr
    }

    /// Sends it a signal: to it alone, not to its group.
    pub fn signal(&self, signal: Signal) -> Result {
        if self.status.is_some() {
            return Err(Error::other(format!("{} has ended already", self.name)));
        }
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// How it ended, if it did so before `deadline`. What is left of its group then is killed.
    pub fn wait_exit(&mut self, deadline: Instant) -> Result<Option<ExitStatus>> {
        if self.status.is_some() {
            return Ok(self.status);
        }
        let pid = Pid::from_child(&self.child);
        let fd = pidfd_open(pid, PidfdFlags::empty())?;
        let mut fds = [PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)];
        if poll(&mut fds, Some(&time_left(deadline)))? == 0 {
            return Ok(None);
        }
        // The group's number cannot be another's as long as its leader is not waited for.
        let _ = kill_process_group(pid, Signal::KILL);
        self.status = Some(self.child.wait()?);
        Ok(self.status)
    }

    /// Waits for its end.
    pub fn wait(&mut self, deadline: Instant) -> Result<ExitStatus> {
        match self.wait_exit(deadline)? {
            Some(status) => Ok(status),
            None => Err(self.failure(ErrorKind::Stalled, "has not ended")),
        }
    }

    /// Waits for its end and for all that it wrote.
    pub fn finish(mut self, deadline: Instant) -> Result<Finished> {
        let status = self.wait(deadline)?;
        for output in [&self.stdout, &self.stderr] {
            output.wait_end(deadline)?;
        }
        let (stdout, stderr) = (self.stdout.text(), self.stderr.text());
        Ok(Finished {
            pid: self.pid(),
            status,
            stdout,
            stderr,
        })
    }

    /// Asks it to end (SIGTERM), and waits for that.
    pub fn stop(&mut self, deadline: Instant) -> Result<ExitStatus> {
        if self.status.is_none() {
            self.signal(Signal::TERM)?;
        }
        self.wait(deadline)
    }

    /// What it wrote last to its standard error: all of it, if it has ended.
    fn last_words(&self) -> String {
        if self.status.is_some() {
            // A process that left its group could keep the pipe open: no reason to wait for it.
            let _ = self
                .stderr
                .wait_end(Instant::now() + Duration::from_secs(1));
        }
        self.stderr.tail()
    }

    /// An error that tells what the process did, and what it wrote last.
    pub(super) fn failure(&self, kind: ErrorKind, what: impl fmt::Display) -> Error {
        let stderr = self.last_words();
        Error::new(
            kind,
            format!("{} {what}; its standard error:\n{stderr}", self.name),
        )
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.kill();
            self.status = self.child.wait().ok();
        }
        let stderr = self.last_words();
        if !stderr.is_empty() {
            println!("--- standard error of {self:?}:\n{stderr}");
        }
    }
}

/// What a process writes: read all the while, so that it never blocks, and kept.
#[derive(Clone, Debug, Default)]
pub struct Output(Arc<(Mutex<Written>, Condvar)>);

#[derive(Debug, Default)]
struct Written {
    bytes: Vec<u8>,
    ended: bool,
}

impl Output {
    /// Reads until the end, or an error such as that of a terminal nobody has open.
    pub(super) fn read_from(mut source: impl Read + Send + 'static) -> Self {
        let output = Self::default();
        let ours = output.clone();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                let count = source.read(&mut chunk).unwrap_or(0);
                let mut written = ours.lock();
                written.bytes.extend_from_slice(&chunk[..count]);
                written.ended = count == 0;
                drop(written);
                ours.0.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        output
    }

    /// All that was written so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock().bytes).into_owned()
    }

    /// Waits until what was written satisfies `condition`, and returns it. `what` says in the
    /// error what did not come before `deadline`, or before the end.
    pub fn wait_until(
        &self,
        deadline: Instant,
        what: &str,
        condition: impl Fn(&str) -> bool,
    ) -> Result<String> {
        let mut written = self.lock();
        loop {
            let text = String::from_utf8_lossy(&written.bytes).into_owned();
            let left = deadline.saturating_duration_since(Instant::now());
            if condition(&text) {
                return Ok(text);
            }
            if written.ended || left.is_zero() {
                let kind = if written.ended {
                    ErrorKind::Closed
                } else {
                    ErrorKind::Stalled
                };
                let message = format!("waited in vain for {what}; written was:\n{text}");
                return Err(Error::new(kind, message));
            }
            written = self.sleep(written, left);
        }
    }

    /// Waits until nothing more will be written.
    fn wait_end(&self, deadline: Instant) -> Result {
        let mut written = self.lock();
        while !written.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::Stalled,
                    "the output of a process has no end",
                ));
            }
            written = self.sleep(written, left);
        }
        Ok(())
    }

    /// The last of what was written.
    pub(super) fn tail(&self) -> String {
        let bytes = &self.lock().bytes;
        String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(4096)..]).into_owned()
    }

    fn sleep<'a>(
        &self,
        written: MutexGuard<'a, Written>,
        left: Duration,
    ) -> MutexGuard<'a, Written> {
        self.0
            .1
            .wait_timeout(written, left)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::soon;

    fn shell(script: &str) -> Result<Running> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Running::start(command)
    }

    #[test]
    fn the_whole_group_ends_with_the_test() -> Result {
        let process = shell("sleep 1000 & echo $!; exec sleep 1000")?;
        let text = process
            .stdout()
            .wait_until(soon(), "a number", |text| text.ends_with('\n'))?;
        let child: i32 = text
            .trim()
            .parse()
            .map_err(|_| Error::other(text.clone()))?;
        let child = pidfd_open(
            Pid::from_raw(child).ok_or_else(|| Error::other(text))?,
            PidfdFlags::empty(),
        )?;
        drop(process);
        let mut fds = [PollFd::new(&child, PollFlags::IN)];
        assert_eq!(poll(&mut fds, Some(&time_left(soon())))?, 1);
        Ok(())
    }

    #[test]
    fn a_socket_is_its_input_and_its_output() -> Result {
        let (mut process, mut socket) = Running::connected(Command::new("cat"))?;
        socket.write_all(b"hello")?;
        socket.shutdown(std::net::Shutdown::Write)?;
        let mut text = String::new();
        socket.read_to_string(&mut text)?;
        assert_eq!(text, "hello");
        assert!(process.wait(soon())?.success());
        Ok(())
    }

    #[test]
    fn processor_time_passes_only_for_who_works() -> Result {
        let (idle, busy) = (shell("exec sleep 1000")?, shell("while :; do :; done")?);
        let deadline = soon();
        while busy.cpu_time()? < Duration::from_millis(200) {
            assert!(Instant::now() < deadline, "no time has passed");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(idle.cpu_time()? < Duration::from_millis(200));
        Ok(())
    }

    #[test]
    fn ends_and_stalls_are_told_apart() -> Result {
        let mut process = shell("echo up; exec sleep 1000")?;
        process
            .stdout()
            .wait_until(soon(), "the start", |text| text == "up\n")?;
        assert_eq!(
            process.wait(Instant::now()).unwrap_err().kind(),
            ErrorKind::Stalled
        );
        let in_vain = process
            .stdout()
            .wait_until(Instant::now(), "more", |text| text.len() > 3);
        assert_eq!(in_vain.unwrap_err().kind(), ErrorKind::Stalled);
        process.signal(Signal::KILL)?;
        assert_eq!(process.wait(soon())?.code(), None);
        let after_the_end = process
            .stdout()
            .wait_until(soon(), "more", |text| text.len() > 3);
        assert_eq!(after_the_end.unwrap_err().kind(), ErrorKind::Closed);
        let mut process = shell("echo to be read >&2; exit 4")?;
        assert_eq!(process.wait(soon())?.code(), Some(4));
        assert!(process.signal(Signal::KILL).is_err());
        assert_eq!(process.finish(soon())?.stderr, "to be read\n");
        Ok(())
    }
}
