//! Sessions that go on in the background, and how they are found and ended.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use offing_tests::process::{ConnectionFile, Finished, Home, Running, Signal, Terminal};
use offing_tests::vnc_client::{Login, VncClient};
use offing_tests::{Error, Result, soon};
use rustix::process::{Pid, kill_process};
use serde::Deserialize;

use super::{OFFING, done, look_until};

/// A home whose sessions end with it.
struct Background(Home);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.offing(&["stop", "--all"]);
    }
}

impl Background {
    fn new() -> Result<Self> {
        Ok(Self(Home::new()?))
    }

    /// Runs `offing ARGUMENTS` until it ends.
    fn offing(&self, arguments: &[&str]) -> Result<Finished> {
        let mut command = self.0.command(OFFING);
        command.args(arguments);
        Running::start(command)?.finish(soon())
    }

    /// Starts a session in the background.
    fn detach(&self, arguments: &[&str]) -> Result<Finished> {
        let start = ["run", "--detach", "--listen", "127.0.0.1:0"];
        self.offing(&[&start[..], arguments].concat())
    }

    fn list(&self) -> Result<Vec<Listed>> {
        let finished = done(self.offing(&["list", "--json"])?)?;
        Ok(serde_json::from_str(&finished.stdout)?)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.runtime_dir().join("offing").join(name)
    }

    /// The names of the files of sessions.
    fn files(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(self.file(""))?;
        let mut names = entries
            .map(|entry| Ok(entry?.file_name().display().to_string()))
            .collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    fn connection(&self, name: &str) -> Result<ConnectionFile> {
        ConnectionFile::read(&self.file(&format!("{name}.json")))
    }
}

/// What `offing list --json` tells.
#[derive(Debug, Deserialize)]
struct Listed {
    name: String,
    pid: u32,
    endpoints: Vec<offing_tests::process::Endpoint>,
    state: Option<String>,
    viewers: Option<usize>,
    command: Option<Vec<String>>,
    started: Option<u64>,
    detached: Option<bool>,
}

fn lives(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // One that nobody has waited for is gone as well.
    !state.is_empty() && !state.contains(") Z ")
}

#[test]
fn a_session_outlives_the_terminal_that_started_it() -> Result {
    let home = Background::new()?;
    let arguments = ["run", "--detach", "--listen", "127.0.0.1:0", "--"];
    let arguments = [&arguments[..], &["sleep", "1000"]].concat();
    let mut terminal = Terminal::start(&home.0, OFFING, &arguments)?;
    assert_eq!(terminal.process.wait(soon())?.code(), Some(0));
    let connection = home.connection("offing-1")?;
    let password = connection.password.clone().unwrap_or_default();
    let port = connection.port().unwrap_or_default();
    let log = home.file("offing-1.log");
    for line in [
        "offing: offing-1 is ready".to_owned(),
        format!("  connect   vnc://127.0.0.1:{port}"),
        format!("  password  {password}"),
        "  stop      offing stop offing-1".to_owned(),
        format!("  log       {}", log.display()),
    ] {
        terminal
            .output
            .wait_until(soon(), &line, |text| text.lines().any(|l| l == line))?;
    }
    // The terminal's end: those that have it get a SIGHUP.
    drop(terminal);
    let stat = fs::read_to_string(format!("/proc/{}/stat", connection.pid))?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let pid = connection.pid.to_string();
    assert_eq!(fields[3], pid, "it leads a session of its own: {stat}");
    assert_eq!(fields[4], "0", "it has a terminal: {stat}");

    let stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    let mut viewer = VncClient::connect(stream, &Login::with_password(&password))?;
    viewer.update()?;
    let stopped = done(home.offing(&["stop", "offing-1"])?)?;
    assert_eq!(stopped.stdout, "offing-1 has ended\n");
    assert!(!lives(connection.pid));
    assert_eq!(home.files()?, [""; 0]);
    Ok(())
}

#[test]
fn a_pipe_has_an_end_although_the_session_goes_on() -> Result {
    let home = Background::new()?;
    let mut command = home.0.command("sh");
    let script = "\"$0\" run --detach --listen none -- sleep 1000 2>&1 | cat";
    command.args(["-c", script, OFFING]);
    let finished = done(Running::start(command)?.finish(soon())?)?;
    assert!(finished.stdout.contains("offing: offing-1 is ready"));
    // It is not told to whoever may read the pipe.
    let connection = home.connection("offing-1")?;
    let password = connection.password.unwrap_or_default();
    assert!(!finished.stdout.contains(&password), "{}", finished.stdout);
    assert!(lives(connection.pid));
    Ok(())
}

#[test]
fn what_cannot_start_is_told_by_the_one_who_started_it() -> Result {
    let home = Background::new()?;
    done(home.detach(&["--name", "desk", "--", "sleep", "1000"])?)?;
    let desk = home.connection("desk")?;
    for (arguments, code, sentence) in [
        (
            ["--name", "desk", "--", "sleep", "1000"],
            1,
            "offing: a session named desk is running: choose another --name\n",
        ),
        (
            ["--name", "other", "--", "no-such-program", ""],
            127,
            "offing: command not found: no-such-program: install it or give its path\n",
        ),
        (
            ["--auth", "none", "--password-file=x", "--", "true"],
            1,
            "offing: --password-file has no effect with --auth none: drop one of them\n",
        ),
    ] {
        let refused = home.detach(&arguments)?;
        assert_eq!(refused.status.code(), Some(code), "{}", refused.stderr);
        assert!(refused.stderr.ends_with(sentence), "{}", refused.stderr);
        assert_eq!(refused.stderr.matches("offing: ").count(), 1);
    }
    let files = ["desk.json", "desk.lock", "desk.log", "desk.sock"];
    assert_eq!(home.files()?, files);
    assert!(lives(desk.pid));
    Ok(())
}

#[test]
fn the_log_is_private_and_stays_only_after_a_failure() -> Result {
    let home = Background::new()?;
    let log = home.file("desk.log");
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let script = "echo out; echo err >&2; exec sleep 1000";
    done(home.detach(&["--name", "desk", "--", "sh", "-c", script])?)?;
    look_until("what the command says", || {
        Ok((read(&log) == "out\nerr\n").then_some(()))
    })?;
    assert_eq!(fs::metadata(&log)?.permissions().mode() & 0o777, 0o600);
    done(home.offing(&["stop"])?)?;
    assert_eq!(home.files()?, [""; 0]);

    // It waits until it has been told to fail, so that it was ready.
    let script = "echo before >&2; read line <go; exit 3";
    let made = home.0.command("mkfifo").arg("go").status()?;
    assert!(made.success());
    done(home.detach(&["--name", "desk", "--", "sh", "-c", script])?)?;
    let desk = home.connection("desk")?;
    fs::write(home.0.path().join("go"), "\n")?;
    look_until("the end", || Ok((!lives(desk.pid)).then_some(())))?;
    assert_eq!(home.files()?, ["desk.log"]);
    assert_eq!(read(&log), "before\n");

    // The next one has a log of its own.
    done(home.detach(&["--name", "desk", "--", "sleep", "1000"])?)?;
    assert_eq!(read(&log), "");
    Ok(())
}

#[test]
fn a_session_that_was_told_to_end_has_nothing_to_explain() -> Result {
    let home = Background::new()?;
    let foot = home.0.path().join("foot");
    fs::write(&foot, "#!/bin/sh\necho failed\nexit 3\n")?;
    fs::set_permissions(&foot, fs::Permissions::from_mode(0o700))?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = home.0.command(OFFING);
    command.args(["run", "--detach", "--name", "desk", "--listen", "none"]);
    command.env("PATH", format!("{}:{path}", home.0.path().display()));
    done(Running::start(command)?.finish(soon())?)?;
    look_until("the terminal's end", || {
        let log = fs::read_to_string(home.file("desk.log"))?;
        Ok(log.contains("the terminal has ended").then_some(()))
    })?;
    done(home.offing(&["stop"])?)?;
    assert_eq!(home.files()?, [""; 0]);
    Ok(())
}

#[test]
fn a_session_that_nobody_waits_for_leaves_nothing() -> Result {
    let home = Background::new()?;
    let sessions = home.file("");
    let made = home.0.command("mkfifo").arg("password").status()?;
    assert!(made.success());
    fs::set_permissions(
        home.0.path().join("password"),
        fs::Permissions::from_mode(0o600),
    )?;
    let mut command = home.0.command(OFFING);
    let start = ["run", "--detach", "--listen", "none"];
    command.args(start).args(["--password-file", "password"]);
    command.args(["--", "sleep", "1000"]);
    // It waits for its password, and whoever waits for it is killed: it alone, not its group.
    let mut starter = Running::start(command)?;
    let mut fifo = fs::OpenOptions::new()
        .write(true)
        .open(home.0.path().join("password"))?;
    starter.signal(Signal::KILL)?;
    starter.wait(soon())?;
    fifo.write_all(b"secret\n")?;
    drop(fifo);
    look_until("the end", || {
        let none = fs::read_dir(&sessions)?.next().is_none();
        Ok(none.then_some(()))
    })
}

#[test]
fn a_password_may_come_from_standard_input() -> Result {
    let home = Background::new()?;
    let mut command = home.0.command("sh");
    let script = "echo secret | \"$0\" run --detach --listen 127.0.0.1:0 --name desk \
                  --password-file /dev/stdin -- sh -c 'cat >said; exec sleep 1000'";
    command.args(["-c", script, OFFING]);
    done(Running::start(command)?.finish(soon())?)?;
    assert_eq!(home.connection("desk")?.password.as_deref(), Some("secret"));
    // The command reads nothing, as before.
    let said = look_until("the command's input", || {
        Ok(fs::read(home.0.path().join("said")).ok())
    })?;
    assert_eq!(said, b"");
    Ok(())
}

#[test]
fn sessions_are_listed_with_what_runs_in_them() -> Result {
    let home = Background::new()?;
    let none = done(home.offing(&["list"])?)?;
    let sentence = "offing: no session is running: start one with `offing run`\n";
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", sentence));
    assert_eq!(done(home.offing(&["list", "--json"])?)?.stdout, "[]\n");

    done(home.detach(&["--name", "desk", "--auth", "none", "--", "sleep", "1000"])?)?;
    let mut command = home.0.command(OFFING);
    command.args(["run", "--listen", "none", "--", "sleep", "1001"]);
    let mut other = Running::start(command)?;
    other
        .stderr()
        .wait_until(soon(), "a session", |text| text.contains("is ready"))?;
    let connection = home.connection("desk")?;
    let port = connection.port().unwrap_or_default();
    let stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    let _viewer = VncClient::connect(stream, &Login::new())?;

    let listed = look_until("a viewer", || {
        Ok(Some(home.list()?).filter(|listed| listed[0].viewers == Some(1)))
    })?;
    let [desk, second] = &listed[..] else {
        return Err(Error::other(format!("{listed:?}")));
    };
    assert_eq!((desk.name.as_str(), desk.pid), ("desk", connection.pid));
    assert_eq!(desk.endpoints, connection.endpoints);
    assert_eq!(desk.state.as_deref(), Some("connected"));
    assert_eq!(
        desk.command.as_deref(),
        Some(&["sleep", "1000"].map(str::to_owned)[..])
    );
    assert!(desk.started.is_some_and(|started| started > 1_700_000_000));
    assert_eq!(desk.detached, Some(true));
    assert_eq!(
        (second.name.as_str(), second.pid),
        ("offing-1", other.pid())
    );
    assert_eq!(second.state.as_deref(), Some("not-started"));
    assert_eq!((second.viewers, second.detached), (Some(0), Some(false)));

    let text = done(home.offing(&["list"])?)?.stdout;
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        [
            "NAME", "PID", "CONNECT", "SIZE", "VIEWERS", "FOR", "COMMAND"
        ]
    );
    let address = format!("vnc://127.0.0.1:{port}");
    assert_eq!(
        lines[1][2..5],
        [address.as_str(), "1280x800", "1"],
        "{text}"
    );
    assert_eq!(lines[1][7..], ["sleep", "1000", "(detached)"], "{text}");
    assert_eq!(lines[2][7..], ["sleep", "1001"], "{text}");
    other.stop(soon())?;
    Ok(())
}

#[test]
fn sessions_are_stopped_by_name_alone_or_all() -> Result {
    let home = Background::new()?;
    let stop = |arguments: &[&str]| home.offing(&[&["stop"], arguments].concat());
    let refused = stop(&[])?;
    assert_eq!(refused.status.code(), Some(1));
    let sentence = "offing: no session is running: start one with `offing run`\n";
    assert_eq!(refused.stderr, sentence);
    let nothing = done(stop(&["--all"])?)?;
    assert_eq!(nothing.stderr, "offing: no session is running\n");

    for name in ["a", "b", "c"] {
        // One that does not end when it is asked to is killed, and is waited for.
        let script = "trap '' TERM; echo up >\"$0\"; while :; do sleep 1; done";
        done(home.detach(&["--name", name, "--", "sh", "-c", script, name])?)?;
        let path = home.0.path().join(name);
        look_until("the command", || Ok(path.exists().then_some(())))?;
    }
    let refused = stop(&[])?;
    assert_eq!(refused.status.code(), Some(1));
    let sentence = "offing: several sessions are running: choose one with --session: a, b, c\n";
    assert_eq!(refused.stderr, sentence);

    let pid = home.connection("b")?.pid;
    assert_eq!(done(stop(&["b"])?)?.stdout, "b has ended\n");
    assert!(!lives(pid));
    let twice = stop(&["b"])?;
    assert_eq!(twice.status.code(), Some(1));
    let sentence = "offing: no session named b is running: `offing list` shows those that are\n";
    assert_eq!(twice.stderr, sentence);
    assert_eq!(
        done(stop(&["--all"])?)?.stdout,
        "a has ended\nc has ended\n"
    );
    assert_eq!(home.files()?, [""; 0]);
    Ok(())
}

#[test]
fn a_session_whose_control_socket_is_gone_is_stopped_by_a_signal() -> Result {
    let home = Background::new()?;
    done(home.detach(&["--name", "desk", "--", "sleep", "1000"])?)?;
    let pid = home.connection("desk")?.pid;
    fs::remove_file(home.file("desk.sock"))?;
    let [listed] = &home.list()?[..] else {
        return Err(Error::other("one session runs"));
    };
    assert_eq!((listed.pid, listed.viewers), (pid, None));
    let text = done(home.offing(&["list"])?)?.stdout;
    assert!(text.contains("does not answer"), "{text}");
    assert_eq!(done(home.offing(&["stop"])?)?.stdout, "desk has ended\n");
    assert!(!lives(pid));
    Ok(())
}

#[test]
fn another_process_with_the_number_of_a_killed_session_is_left_alone() -> Result {
    let home = Background::new()?;
    done(home.detach(&["--name", "desk", "--", "sleep", "1000"])?)?;
    let text = fs::read_to_string(home.file("desk.json"))?;
    let pid = home.connection("desk")?.pid;
    let session = Pid::from_raw(pid.cast_signed()).ok_or_else(|| Error::other("no number"))?;
    kill_process(session, Signal::KILL)?;
    look_until("the end", || Ok((!lives(pid)).then_some(())))?;
    assert_eq!(home.list()?.len(), 0);

    let mut command = home.0.command("sleep");
    command.arg("1000");
    let mut other = Running::start(command)?;
    let text = text.replace(
        &format!("\"pid\":{pid}"),
        &format!("\"pid\":{}", other.pid()),
    );
    fs::write(home.file("desk.json"), text)?;
    let refused = home.offing(&["stop", "desk"])?;
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("no session named desk"),
        "{}",
        refused.stderr
    );
    assert_eq!(other.wait_exit(std::time::Instant::now())?, None);
    Ok(())
}
