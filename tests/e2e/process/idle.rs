//! Nothing runs when nothing changes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use offing_tests::process::{Offing, Running, Signal, require_tools};
use offing_tests::vnc_client::VncClient;
use offing_tests::{Error, ErrorKind, Result, soon};

use super::{OFFING, Session, look_until};

/// How long nothing may happen.
const WATCHED: Duration = Duration::from_secs(10);

/// How long nothing must have happened before.
const QUIET: Duration = Duration::from_secs(1);

#[test]
fn a_quiet_session_sleeps_while_a_viewer_watches() -> Result {
    let Some(session) = start()? else {
        return Ok(());
    };
    let watch = Watch::start(&session)?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    viewer.wait_until(soon(), "a terminal", |viewer| {
        viewer.picture().colours() > 2
    })?;
    let seen = read_until_quiet(&mut viewer)?;
    watch.expect_sleep(|| viewer.pointer(10, 10, 0))?;
    // It had asked for what changes: the request was pending all the while.
    viewer.wait_until(soon(), "a change", |viewer| viewer.updates.len() > seen)
}

#[test]
fn a_quiet_session_sleeps_alone() -> Result {
    let Some(session) = start()? else {
        return Ok(());
    };
    let watch = Watch::start(&session)?;
    watch.expect_sleep(|| session.viewer().map(|_| ()))
}

/// A session with a terminal that has nothing to draw once it is shown: its cursor does not blink.
fn start() -> Result<Option<Offing>> {
    if !require_tools(&["foot"])? {
        return Ok(None);
    }
    let terminal = ["foot", "-o", "cursor.blink=no", "-e", "sleep", "1000"];
    let session = Offing::run(OFFING, &[&["--"], &terminal[..]].concat())?;
    session.wait_for_window()?;
    Ok(Some(session))
}

/// Reads updates until there are none for a while, with a request pending. Returns how many there
/// were.
fn read_until_quiet(viewer: &mut VncClient) -> Result<usize> {
    let deadline = soon();
    loop {
        let seen = viewer.updates.len();
        let more = viewer.wait_until(Instant::now() + QUIET, "more", |viewer| {
            viewer.updates.len() > seen
        });
        match more {
            Err(error) if error.kind() == ErrorKind::Stalled => return Ok(seen),
            Ok(()) if Instant::now() < deadline => {}
            Ok(()) => return Err(Error::other("there is always another update")),
            Err(error) => return Err(error),
        }
    }
}

/// Notes when the threads of a session wake up, and what system calls they make then.
struct Watch {
    pid: u32,
    strace: Option<Running>,
    trace: PathBuf,
}

impl Watch {
    /// Notes no system calls where that is not permitted, unless CI=true: that is an error then.
    fn start(session: &Offing) -> Result<Self> {
        let pid = session.process.pid();
        let trace = session.home.path().join("trace");
        let mut watch = Self {
            pid,
            strace: None,
            trace,
        };
        if !require_tools(&["strace"])? {
            return Ok(watch);
        }
        let mut command = session.home.command("strace");
        command.args(["-f", "-ttt", "-p", &pid.to_string(), "-o"]);
        command.arg(&watch.trace);
        let strace = Running::start(command)?;
        let attached = strace
            .stderr()
            .wait_until(soon(), "strace", |text| text.contains(" attached"));
        match attached {
            Ok(_) => watch.strace = Some(strace),
            Err(error) if std::env::var_os("CI").is_some_and(|ci| ci == "true") => {
                return Err(error);
            }
            Err(_) => writeln!(
                std::io::stderr(),
                "skipped in part: strace may not watch processes here"
            )?,
        }
        Ok(watch)
    }

    /// Waits until the session sleeps, and expects that it goes on sleeping, until `wake`.
    fn expect_sleep(mut self, wake: impl FnOnce() -> Result) -> Result {
        self.wait_for_sleep()?;
        let (before, start) = (self.switches()?, now());
        thread::sleep(WATCHED);
        let (after, end) = (self.switches()?, now());
        assert_eq!(before, after, "these threads were woken up, so often");

        wake()?;
        look_until("threads that wake up", || {
            Ok((self.switches()? != after).then_some(()))
        })?;
        let Some(strace) = &mut self.strace else {
            return Ok(());
        };
        // It notes them a little later. Once it has, it has noted all that were before.
        let trace = look_until("a system call", || {
            let trace = fs::read_to_string(&self.trace)?;
            let has_woken = calls(&trace, end, f64::MAX).next().is_some();
            Ok(has_woken.then_some(trace))
        })?;
        strace.signal(Signal::INT)?;
        strace.wait(soon())?;
        let made: Vec<&str> = calls(&trace, start, end).collect();
        assert_eq!(made, [""; 0], "these system calls were made");
        Ok(())
    }

    /// Waits until nothing happens for a while.
    fn wait_for_sleep(&self) -> Result {
        let (mut last, mut since) = (self.switches()?, Instant::now());
        look_until("a quiet session", || {
            let now = self.switches()?;
            if now != last {
                (last, since) = (now, Instant::now());
            }
            Ok((since.elapsed() >= QUIET).then_some(()))
        })
    }

    /// How often each thread began and ceased to run, by its number and name.
    fn switches(&self) -> Result<BTreeMap<String, u64>> {
        let mut switches = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            let task = task?;
            let status = fs::read_to_string(task.path().join("status"))?;
            let field = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_default().trim_start_matches(':').trim()
            };
            let counts = ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"];
            let count = counts
                .iter()
                .filter_map(|name| field(name).parse::<u64>().ok());
            let name = format!("{} {}", task.file_name().display(), field("Name"));
            switches.insert(name, count.sum());
        }
        Ok(switches)
    }
}

/// Seconds since 1970, as strace counts.
fn now() -> f64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    time.unwrap_or_default().as_secs_f64()
}

/// The lines of a trace about system calls of this time.
fn calls(trace: &str, from: f64, to: f64) -> impl Iterator<Item = &str> {
    let inside = move |time: f64| (from..=to).contains(&time);
    trace
        .lines()
        .filter(move |line| time_of(line).is_some_and(inside))
}

/// When the system call on a line of the trace was made: after the thread's number.
fn time_of(line: &str) -> Option<f64> {
    line.split_whitespace().nth(1)?.parse().ok()
}
