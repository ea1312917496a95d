//! How sessions begin and end, and what they leave: nothing.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use offing_tests::process::{
    ConnectionFile, Home, Offing, Running, Signal, Terminal, require_tools,
};
use offing_tests::{Error, Result, soon};
use rustix::process::{Pid, kill_process};

use super::{OFFING, Session, look_until};

/// A session whose command is a shell's script.
fn run_script(script: &str) -> Result<Offing> {
    Offing::run(OFFING, &["--", "sh", "-c", script])
}

/// Writes its number into a file, and stays.
const STAY: &str = "echo $$ >number; exec sleep 1000";

/// Waits until the command of [`STAY`] has written its number, and returns where it is told.
fn process_of_command(home: &Home) -> Result<PathBuf> {
    let number = look_until("the command's number", || {
        let text = fs::read_to_string(home.path().join("number")).unwrap_or_default();
        Ok(text.strip_suffix('\n').map(str::to_owned))
    })?;
    Ok(Path::new("/proc").join(number))
}

#[test]
fn the_exit_code_is_the_commands() -> Result {
    for (script, code) in [("exit 7", 7), ("kill -TERM $$", 128 + 15), ("exit 0", 0)] {
        let home = Home::new()?;
        let mut command = home.command(OFFING);
        command.args(["run", "--listen", "127.0.0.1:0", "--", "sh", "-c", script]);
        let finished = Running::start(command)?.finish(soon())?;
        assert_eq!(finished.status.code(), Some(code), "{script}");
    }
    Ok(())
}

#[test]
fn a_signal_ends_the_session_and_its_command() -> Result {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut session = run_script(STAY)?;
        let command = process_of_command(&session.home)?;
        assert!(command.exists());
        session.process.signal(signal)?;
        assert_eq!(
            session.process.wait(soon())?.code(),
            Some(128 + 15),
            "{signal:?}"
        );
        assert!(!command.exists(), "{signal:?} leaves the command behind");
        assert!(!session.connection_file.exists());
    }
    Ok(())
}

#[test]
fn a_command_may_end_as_it_likes_when_asked() -> Result {
    let mut session =
        run_script("trap 'kill $!; exit 5' TERM; sleep 1000 & echo $$ >number; wait")?;
    process_of_command(&session.home)?;
    assert_eq!(session.stop()?.code(), Some(5));
    Ok(())
}

#[test]
fn a_command_that_does_not_end_is_killed() -> Result {
    let mut session = run_script(&format!("trap '' TERM; {STAY}"))?;
    let command = process_of_command(&session.home)?;
    assert_eq!(session.stop()?.code(), Some(128 + 9));
    assert!(!command.exists());
    Ok(())
}

#[test]
fn what_a_command_leaves_behind_ends_with_the_session() -> Result {
    let home = Home::new()?;
    let mut command = home.command(OFFING);
    // One does not end when it is asked; a daemon, and what is in no session, are left alone.
    let script = "sh -c 'echo $$ >>left; exec sleep 1000' &
        sh -c 'trap \"\" TERM; echo $$ >>left; exec sleep 1000' &
        setsid sh -c 'echo $$ >>strangers; exec sleep 1000' >/dev/null 2>&1 &
        env -u WAYLAND_DISPLAY sh -c 'echo $$ >>strangers; exec sleep 1000' >/dev/null 2>&1 &
        touch left strangers
        while [ $(cat left strangers | wc -l) -lt 4 ]; do sleep 0.05; done
        exit 3";
    command.args(["run", "--listen", "none", "--", "sh", "-c", script]);
    let finished = Running::start(command)?.finish(soon())?;
    let running = |name: &str| -> Result<Vec<i32>> {
        let text = fs::read_to_string(home.path().join(name))?;
        let runs = |number: &&str| Path::new("/proc").join(number).exists();
        let numbers = text.lines().filter(runs).map(str::parse);
        Ok(numbers.filter_map(std::result::Result::ok).collect())
    };
    let strangers = running("strangers")?;
    for pid in strangers.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        kill_process(pid, Signal::TERM)?;
    }
    assert_eq!(finished.status.code(), Some(3), "{}", finished.stderr);
    assert_eq!(strangers.len(), 2);
    look_until("the end of what was left", || {
        Ok(running("left")?.is_empty().then_some(()))
    })
}

#[test]
fn control_c_ends_the_session() -> Result {
    let home = Home::new()?;
    let arguments = ["run", "--listen", "127.0.0.1:0", "--", "sh", "-c", STAY];
    let mut terminal = Terminal::start(&home, OFFING, &arguments)?;
    let text = terminal
        .output
        .wait_until(soon(), "the password", |text| text.contains("password  "))?;
    assert!(text.contains("connect   vnc://127.0.0.1:"), "{text}");
    let command = process_of_command(&home)?;
    terminal.type_text("\x03")?;
    // The terminal sends the signal to the command as well.
    assert_eq!(terminal.process.wait(soon())?.code(), Some(128 + 2));
    assert!(!command.exists());
    Ok(())
}

#[test]
fn the_connection_file_is_private_and_goes_with_the_session() -> Result {
    let mut session = run_script(STAY)?;
    let connection = session.connection.clone();
    let folder = session.home.runtime_dir().join("offing");
    let default = folder.join("offing-1.json");
    assert_eq!(
        (connection.version, connection.name.as_str()),
        (1, "offing-1")
    );
    assert_eq!(connection.pid, session.process.pid());
    assert_eq!(connection.auth, ["vncauth"]);
    assert_eq!(connection.password.as_deref().map(str::len), Some(8));
    assert_eq!(fs::read(&default)?, fs::read(&session.connection_file)?);
    for path in [&default, &session.connection_file] {
        assert_eq!(fs::metadata(path)?.permissions().mode() & 0o777, 0o600);
    }
    let control = connection
        .control
        .ok_or_else(|| Error::other("no control socket"))?;
    let metadata = fs::metadata(&control)?;
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&folder)?.permissions().mode() & 0o777, 0o700);

    session.stop()?;
    assert!(!session.connection_file.exists());
    let left = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
        entries.collect()
    };
    assert_eq!(left(&folder)?, [""; 0].map(PathBuf::from));
    assert_eq!(left(&session.home.runtime_dir())?, [folder]);
    Ok(())
}

#[test]
fn a_missing_runtime_directory_is_made_for_all_verbs() -> Result {
    let home = Home::new()?;
    let mut command = home.command(OFFING);
    let script = "echo $XDG_RUNTIME_DIR >folder; exec sleep 1000";
    command.args(["run", "--listen", "127.0.0.1:0", "--", "sh", "-c", script]);
    command
        .env_remove("XDG_RUNTIME_DIR")
        .env("TMPDIR", home.path());
    let user = rustix::process::geteuid().as_raw();
    let folder = home.path().join(format!("offing-{user}"));
    let session = Offing::start(home, command, folder.join("offing/offing-1.json"))?;
    assert_eq!(session.connection.xdg_runtime_dir, folder);
    assert_eq!(fs::metadata(&folder)?.permissions().mode() & 0o777, 0o700);
    let told = look_until("the command's variable", || {
        let path = session.home.path().join("folder");
        let text = fs::read_to_string(path).unwrap_or_default();
        Ok(text.strip_suffix('\n').map(PathBuf::from))
    })?;
    assert_eq!(told, folder);

    let mut command = session.home.command(OFFING);
    command.args(["msg", "state"]);
    command
        .env_remove("XDG_RUNTIME_DIR")
        .env("TMPDIR", session.home.path());
    let finished = Running::start(command)?.finish(soon())?;
    assert!(finished.status.success(), "{}", finished.stderr);
    Ok(())
}

#[test]
fn the_command_has_the_sessions_environment() -> Result {
    let home = Home::new()?;
    let connection_file = home.runtime_dir().join("offing/desk.json");
    let mut command = home.command(OFFING);
    let script = "env >env.new; mv env.new env; exec sleep 1000";
    command.args(["run", "--name", "desk", "--listen", "127.0.0.1:0", "--"]);
    command.args(["sh", "-c", script]);
    command
        .env("DISPLAY", ":7")
        .env("SHELL", "/usr/sbin/nologin");
    let session = Offing::start(home, command, connection_file)?;
    let path = session.home.path().join("env");
    let text = look_until("the environment", || Ok(fs::read_to_string(&path).ok()))?;
    let connection = &session.connection;
    for line in [
        format!("WAYLAND_DISPLAY={}", connection.wayland_display),
        format!("XDG_RUNTIME_DIR={}", connection.xdg_runtime_dir.display()),
        "XDG_SESSION_TYPE=wayland".to_owned(),
        "XDG_CURRENT_DESKTOP=offing".to_owned(),
        "OFFING_SESSION=desk".to_owned(),
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no {line} in {text}"
        );
    }
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    assert_eq!(value("DISPLAY="), None);
    assert!(value("SHELL=").is_some_and(|shell| !shell.ends_with("nologin")));
    session.wayland_client()?;
    Ok(())
}

#[test]
fn what_is_said_tells_how_to_connect_but_no_secret_to_a_file() -> Result {
    let home = Home::new()?;
    let connection_file = home.runtime_dir().join("offing/offing-1.json");
    let mut command = home.command(OFFING);
    command.args(["run", "--listen", "127.0.0.1:0", "--", "sleep", "1000"]);
    command.env("SSH_CONNECTION", "198.51.100.1 50000 192.0.2.7 22");
    let session = Offing::start(home, command, connection_file.clone())?;
    let said = session.process.stderr();
    let text = said.wait_until(soon(), "the password's place", |text| {
        text.contains("password") && text.ends_with('\n')
    })?;
    let port = session.connection.port().unwrap_or_default();
    for line in [
        "offing: offing-1 is ready".to_owned(),
        format!("  connect   vnc://127.0.0.1:{port}"),
        format!("  from afar ssh -L {port}:127.0.0.1:{port} 192.0.2.7"),
        format!("  password  in {}", connection_file.display()),
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no {line:?} in {text}"
        );
    }
    let password = session.connection.password.clone().unwrap_or_default();
    assert!(!password.is_empty() && !text.contains(&password), "{text}");
    Ok(())
}

#[test]
fn a_unix_socket_is_private_replaces_a_stale_one_and_goes() -> Result {
    let home = Home::new()?;
    let path = home.path().join("vnc");
    // A listener that is closed leaves its file.
    drop(std::os::unix::net::UnixListener::bind(&path)?);
    let address = format!("unix:{}", path.display());
    let arguments = ["--listen", &address, "--", "sleep", "1000"];
    let mut session = Offing::run_in(home, OFFING, &arguments)?;
    assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
    session.viewer()?;
    session.stop()?;
    assert!(!path.exists());
    Ok(())
}

#[test]
fn without_a_terminal_there_is_only_a_session() -> Result {
    let home = Home::new()?;
    let connection_file = home.runtime_dir().join("offing/offing-1.json");
    let mut command = home.command(OFFING);
    command
        .args(["run", "--listen", "none"])
        .env("PATH", home.path());
    let mut session = Offing::start(home, command, connection_file)?;
    let said = session.process.stderr();
    said.wait_until(soon(), "a sentence", |text| {
        text.contains("no terminal is installed: install foot, or start programs with ")
    })?;
    assert_eq!(session.connection.endpoints, []);
    session.wayland_client()?;
    let quit = session.verb("msg", &["quit"])?;
    assert!(quit.status.success(), "{}", quit.stderr);
    assert_eq!(session.process.wait(soon())?.code(), Some(0));
    Ok(())
}

#[test]
fn sessions_of_one_user_have_names_of_their_own() -> Result {
    let mut first = run_script(STAY)?;
    let mut command = first.verb_command("run");
    command.args(["--listen", "127.0.0.1:0", "--", "sleep", "1000"]);
    let mut second = Running::start(command)?;
    let path = first.home.runtime_dir().join("offing/offing-2.json");
    let connection = look_until("a second session", || {
        path.exists()
            .then(|| ConnectionFile::read(&path))
            .transpose()
    })?;
    assert_eq!(first.connection.name, "offing-1");
    assert_eq!(
        (connection.name.as_str(), connection.pid),
        ("offing-2", second.pid())
    );
    assert_ne!(connection.wayland_display, first.connection.wayland_display);

    let taken = first.verb("run", &["--name", "offing-2", "--", "sleep", "1000"])?;
    assert_eq!(taken.status.code(), Some(1));
    let sentence = "offing: a session named offing-2 is running: choose another --name\n";
    assert!(taken.stderr.ends_with(sentence), "{}", taken.stderr);

    let which = first.verb("msg", &["state"])?;
    assert_eq!(which.status.code(), Some(1));
    let sentence = "several sessions are running: choose one with --session: offing-1, offing-2\n";
    assert!(which.stderr.ends_with(sentence), "{}", which.stderr);

    let quit = first.verb("msg", &["quit", "--session", "offing-2"])?;
    assert!(quit.status.success(), "{}", quit.stderr);
    second.wait(soon())?;
    // Now there is no doubt which one is meant.
    assert!(first.verb("msg", &["quit"])?.status.success());
    first.process.wait(soon())?;

    let none = first.verb("msg", &["state"])?;
    assert_eq!(none.status.code(), Some(1));
    assert_eq!(
        none.stderr,
        "offing: no session is running: start one with `offing run`\n"
    );
    let none = first.verb("msg", &["state", "--session", "desk"])?;
    assert!(
        none.stderr.contains("no session named desk is running"),
        "{}",
        none.stderr
    );
    Ok(())
}

#[test]
fn a_session_that_nobody_can_see_any_more_ends() -> Result {
    if !require_tools(&["strace"])? {
        return Ok(());
    }
    let mut session = run_script(STAY)?;
    let command = process_of_command(&session.home)?;
    // Its thread for viewers is told that it cannot wait for anything.
    let tasks = format!("/proc/{}/task", session.process.pid());
    let mut thread = None;
    for task in fs::read_dir(tasks)? {
        let task = task?;
        if fs::read_to_string(task.path().join("comm"))? == "viewers\n" {
            thread = Some(task.file_name().display().to_string());
        }
    }
    let thread = thread.ok_or_else(|| Error::other("no thread for viewers"))?;
    let mut strace = session.home.command("strace");
    let calls = "epoll_wait,epoll_pwait,epoll_pwait2";
    strace.args(["-p", &thread, "-e", &format!("trace={calls}")]);
    strace.args(["-e", &format!("inject={calls}:error=EBADF")]);
    let strace = Running::start(strace)?;
    let attached = strace
        .stderr()
        .wait_until(soon(), "strace", |text| text.contains(" attached"));
    if let Err(error) = attached {
        if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
            return Err(error);
        }
        writeln!(
            std::io::stderr(),
            "skipped: strace may not watch processes here"
        )?;
        return Ok(());
    }
    // It waits until something happens.
    drop(session.tcp_stream());
    assert_eq!(session.process.wait(soon())?.code(), Some(1));
    let stderr = session.process.stderr();
    stderr.wait_until(soon(), "the reason", |said| {
        said.contains("viewers cannot be served any more")
    })?;
    assert!(!command.exists());
    Ok(())
}
