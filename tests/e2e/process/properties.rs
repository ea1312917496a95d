//! What can be changed while a session runs: `offing msg set`, `listen` and `events`.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use offing_tests::process::{ConnectionFile, Finished, Home, Offing, Output, Running, Terminal};
use offing_tests::vnc_client::{Login, VncClient, Wire, encoding, security};
use offing_tests::{Error, ErrorKind, Result, soon};
use serde_json::{Value, json};

use super::{OFFING, Session, done, look_until};

fn session(options: &[&str]) -> Result<Offing> {
    let command = ["--", "sleep", "1000"];
    Offing::run(
        OFFING,
        &[&["--size", "320x240"], options, &command].concat(),
    )
}

fn msg(session: &Offing, arguments: &[&str]) -> Result<Finished> {
    session.verb("msg", arguments)
}

/// Runs `offing msg set ARGUMENTS` with this line to read.
fn set_with_input(session: &Offing, arguments: &[&str], input: &str) -> Result<Finished> {
    let mut command = session.home.command("sh");
    let script = "printf '%s\\n' \"$1\" | { shift; exec \"$@\"; }";
    command.args(["-c", script, "sh", input, OFFING, "msg", "set"]);
    command.args(arguments);
    Running::start(command)?.finish(soon())
}

fn expect_refusal(finished: &Finished, part: &str) {
    let said = &finished.stderr;
    assert_eq!(finished.status.code(), Some(1), "{said}");
    assert!(said.contains(part), "no {part:?} in {said}");
}

/// The connection file as it is now.
fn now(session: &Offing) -> Result<ConnectionFile> {
    let paths = [
        session.connection_file.clone(),
        session.home.runtime_dir().join("offing/offing-1.json"),
    ];
    assert_eq!(fs::read(&paths[0])?, fs::read(&paths[1])?);
    for path in &paths {
        assert_eq!(fs::metadata(path)?.permissions().mode() & 0o777, 0o600);
    }
    ConnectionFile::read(&paths[0])
}

fn login(session: &Offing, password: &str) -> Result<VncClient> {
    session.viewer_with(&Login::with_password(password))
}

fn expect_wrong_password(session: &Offing, password: &str) {
    match login(session, password) {
        Ok(_) => panic!("{password} is let in"),
        Err(error) => assert!(error.to_string().contains("wrong password"), "{error}"),
    }
}

/// Waits until the server closes the viewer's connection.
fn expect_end(viewer: &mut VncClient) {
    let end = viewer.wait_until(soon(), "the end", |_| false);
    assert_eq!(end.map_err(|error| error.kind()), Err(ErrorKind::Closed));
}

#[test]
fn the_desktop_is_renamed_and_the_session_is_not() -> Result {
    let session = session(&[])?;
    let mut viewer = session.viewer()?;
    assert_eq!(viewer.welcome.name, "offing-1");
    viewer.set_encodings(&[encoding::RAW, encoding::DESKTOP_NAME, encoding::CURSOR])?;
    viewer.update()?;
    done(msg(&session, &["set", "name", "Zoë's desk"])?)?;
    viewer.wait_until(soon(), "the name", |viewer| viewer.name == "Zoë's desk")?;
    assert_eq!(session.viewer()?.welcome.name, "Zoë's desk");
    assert_eq!(session.state()?.name, "Zoë's desk");
    assert_eq!(now(&session)?.name, "offing-1");
    expect_refusal(&msg(&session, &["set", "name", "a\nb"])?, "on one line");
    Ok(())
}

#[test]
fn passwords_are_changed_for_viewers_that_come() -> Result {
    let session = session(&[])?;
    let old = session.connection.password.clone().unwrap_or_default();
    let mut viewer = session.viewer()?;

    let set = set_with_input(&session, &["password"], "longer than 8")?;
    assert!(set.stderr.contains("only the first 8"), "{}", set.stderr);
    done(set)?;
    assert_eq!(now(&session)?.password.as_deref(), Some("longer than 8"));
    expect_wrong_password(&session, &old);
    login(&session, "longer t")?;
    viewer.update()?;

    let file = session.home.path().join("password");
    fs::write(&file, "watch\n")?;
    let arguments = ["set", "view-only-password", "--file", "password"];
    expect_refusal(&msg(&session, &arguments)?, "chmod 600");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    done(msg(&session, &arguments)?)?;
    assert_eq!(now(&session)?.view_only_password.as_deref(), Some("watch"));
    let _watcher = login(&session, "watch")?;
    look_until("a viewer that only watches", || {
        let viewers = session.state()?.viewers;
        Ok(viewers.iter().any(|viewer| viewer.view_only).then_some(()))
    })?;
    done(msg(&session, &["set", "view-only-password", "--none"])?)?;
    assert_eq!(now(&session)?.view_only_password, None);
    expect_wrong_password(&session, "watch");

    let alike = set_with_input(&session, &["view-only-password"], "longer text")?;
    expect_refusal(&alike, "first 8 characters");
    let empty = set_with_input(&session, &["password"], "")?;
    expect_refusal(&empty, "standard input is empty");
    login(&session, "longer t")?;

    // What is written where everyone can read it is no password.
    let told = msg(&session, &["set", "password", "secret"])?;
    assert_eq!(told.status.code(), Some(2), "{}", told.stderr);
    Ok(())
}

#[test]
fn what_cannot_be_written_changes_nothing_and_loses_nothing() -> Result {
    let home = Home::new()?;
    let folder = home.path().join("folder");
    fs::create_dir(&folder)?;
    let path = folder.join("connection.json");
    let mut command = home.command(OFFING);
    command.args(["run", "--listen", "127.0.0.1:0", "--connection-file"]);
    command.arg(&path).args(["--", "sleep", "1000"]);
    let session = Offing::start(home, command, path.clone())?;
    let main = session.home.runtime_dir().join("offing/offing-1.json");
    let before = fs::read(&main)?;

    // Once it answers, it is done with writing the files.
    session.screenshot()?;
    fs::remove_dir_all(&folder)?;
    let refused = set_with_input(&session, &["password"], "secret")?;
    expect_refusal(&refused, "cannot write the connection file");
    assert_eq!(fs::read(&main)?, before);
    expect_wrong_password(&session, "secret");
    session.viewer()?;

    // When there is room again, all files follow.
    fs::create_dir(&folder)?;
    done(set_with_input(&session, &["password"], "secret")?)?;
    assert_eq!(now(&session)?.password.as_deref(), Some("secret"));
    Ok(())
}

#[test]
fn a_password_is_asked_for_on_a_terminal_and_not_shown() -> Result {
    let session = session(&[])?;
    let mut terminal = Terminal::start(&session.home, OFFING, &["msg", "set", "password"])?;
    let output = terminal.output.clone();
    output.wait_until(soon(), "a question", |text| text.contains("new password: "))?;
    // What is typed before it has hidden the password is lost: so it is typed again.
    let status = look_until("the end", || {
        terminal.type_text("hidden78\n")?;
        let moment = std::time::Instant::now() + std::time::Duration::from_millis(200);
        terminal.process.wait_exit(moment)
    })?;
    assert!(status.success(), "{}", output.text());
    login(&session, "hidden78")?;
    Ok(())
}

#[test]
fn who_gives_up_typing_a_password_has_the_terminal_back() -> Result {
    let session = session(&[])?;
    let script = "tty; \"$0\" msg set password; echo code $?; stty -a; exec cat";
    let mut terminal = Terminal::start(&session.home, "sh", &["-c", script, OFFING])?;
    let output = terminal.output.clone();
    let text = output.wait_until(soon(), "a question", |text| text.contains("new password: "))?;
    let name = text.lines().next().unwrap_or_default().to_owned();
    // Before the password is hidden, Ctrl-C ends the shell as well.
    look_until("the hidden password", || {
        let mut command = session.home.command("stty");
        command.args(["-a", "-F", &name]);
        let modes = done(Running::start(command)?.finish(soon())?)?;
        Ok(modes.stdout.contains("-isig").then_some(()))
    })?;
    terminal.type_text("half\x03")?;
    let text = output.wait_until(soon(), "the modes", |text| text.contains("-extproc"))?;
    assert!(text.contains("code 130"), "{text}");
    assert!(!text.contains("half"), "{text}");
    assert!(text.contains("eol = <undef>"), "{text}");
    for mode in ["isig", "icanon", "echo"] {
        let is_on = text.split_whitespace().any(|word| word == mode);
        assert!(is_on, "no {mode} in {text}");
    }
    assert_eq!(now(&session)?.password, session.connection.password);
    Ok(())
}

#[test]
fn no_password_is_needed_where_nobody_else_can_connect() -> Result {
    let session = session(&[])?;
    done(msg(&session, &["set", "password", "--none"])?)?;
    assert_eq!(now(&session)?.auth, ["none"]);
    assert_eq!(now(&session)?.password, None);
    let viewer = session.viewer_with(&Login::new())?;
    assert_eq!(viewer.welcome.security_types, [security::NONE]);
    let needless = set_with_input(&session, &["view-only-password"], "watch")?;
    expect_refusal(&needless, "use `offing msg set password` first");
    expect_refusal(&msg(&session, &["listen", "0.0.0.0:0"])?, "is refused");

    done(set_with_input(&session, &["password"], "secret")?)?;
    assert_eq!(now(&session)?.auth, ["vncauth"]);
    assert_eq!(
        login(&session, "secret")?.welcome.security_types,
        [security::VNC_AUTH]
    );
    Ok(())
}

#[test]
fn a_public_session_keeps_its_password() -> Result {
    let open = ["--insecure", "--allow-vncauth", "--allow-root"];
    let listen = ["--listen", "0.0.0.0:0"];
    let session = session(&[&open[..], &listen].concat())?;
    let before = now(&session)?.password;
    let refused = msg(&session, &["set", "password", "--none"])?;
    expect_refusal(&refused, "without a password is refused");
    assert!(!refused.stderr.contains("--auth"), "{}", refused.stderr);
    assert_eq!(now(&session)?.password, before);
    assert!(session.viewer_with(&Login::new()).is_err());
    login(&session, &before.unwrap_or_default())?;
    Ok(())
}

#[test]
fn connections_are_switched_off_and_on() -> Result {
    let session = session(&[])?;
    let mut viewer = session.viewer()?;
    done(msg(&session, &["set", "connections", "off"])?)?;
    expect_end(&mut viewer);
    let mut wire = Wire::new(session.tcp_stream()?);
    wire.expect(b"RFB 003.003\n\0\0\0\0", "the version and security type 0")?;
    let reason = wire.string("the reason")?;
    assert!(reason.contains("switched off"), "{reason}");
    let state = look_until("no viewer", || {
        Ok(Some(session.state()?).filter(|state| state.viewers.is_empty()))
    })?;
    assert_eq!(
        (state.state.as_str(), state.connections),
        ("not-started", false)
    );

    done(msg(&session, &["set", "connections", "on"])?)?;
    let state = session.state()?;
    assert_eq!(
        (state.state.as_str(), state.connections),
        ("listening", true)
    );
    let _viewer = session.viewer()?;
    look_until("a viewer", || {
        Ok((session.state()?.state == "connected").then_some(()))
    })
}

#[test]
fn input_is_switched_off_and_on() -> Result {
    use offing_tests::wayland_client::{KeyboardEvent, Window};
    let session = session(&["--kiosk"])?;
    let mut client = session.wayland_client()?;
    let window = Window::new("typed into", 320, 240).content([0, 0, 255]);
    client.open(window)?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    viewer.update()?;
    client.dispatch_until(soon(), "the focus", |client| {
        client.keyboard().focus.is_some()
    })?;
    let mut until = |what: &str, condition: fn(&[(u32, bool)]) -> bool| {
        client.dispatch_until(soon(), what, |client| {
            let keys = client
                .keyboard()
                .events
                .iter()
                .filter_map(|event| match event {
                    KeyboardEvent::Key { code, pressed, .. } => Some((*code, *pressed)),
                    _ => None,
                });
            condition(&keys.collect::<Vec<_>>())
        })
    };
    let a = u32::from(b'a');
    viewer.key(a, true)?;
    until("a key", |keys| matches!(keys, [(30, true)]))?;
    done(msg(&session, &["set", "input", "off"])?)?;
    until("its release", |keys| {
        matches!(keys, [(30, true), (30, false)])
    })?;
    let state = session.state()?;
    assert!(!state.input && state.viewers[0].view_only, "{state:?}");
    viewer.tap(u32::from(b'b'))?;
    // What it asks for now is answered when that has arrived.
    viewer.set_desktop_size(100, 100)?;
    viewer.wait_until(soon(), "an answer", |viewer| {
        viewer.resizes.iter().any(|resize| resize.status == 1)
    })?;
    done(msg(&session, &["set", "input", "on"])?)?;
    assert!(session.state()?.input);
    viewer.tap(u32::from(b'c'))?;
    until("another key", |keys| {
        matches!(keys, [.., (46, true), (46, false)]) && keys.len() == 4
    })
}

#[test]
fn viewers_connect_elsewhere_and_those_that_are_connected_stay() -> Result {
    let session = session(&[])?;
    let mut viewer = session.viewer()?;
    let old = session.connection.endpoints.clone();
    let old_port = session.connection.port().unwrap_or_default();
    let listen = |addresses: &[&str]| msg(&session, &[&["listen"], addresses].concat());

    done(listen(&["127.0.0.1:0", "unix:vnc"])?)?;
    let connection = now(&session)?;
    let (port, path) = (
        connection.port().unwrap_or_default(),
        session.home.path().join("vnc"),
    );
    assert_ne!(port, old_port);
    assert_eq!(connection.endpoints[1].path.as_ref(), Some(&path));
    assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
    look_until("the old port's end", || {
        Ok(TcpStream::connect(("127.0.0.1", old_port))
            .is_err()
            .then_some(()))
    })?;
    let password = connection.password.unwrap_or_default();
    let login = Login::with_password(&password);
    VncClient::connect(TcpStream::connect(("127.0.0.1", port))?, &login)?;
    let unix = || -> Result<VncClient> {
        let stream = std::os::unix::net::UnixStream::connect(&path)?;
        VncClient::connect(stream, &login)
    };
    unix()?;
    viewer.update()?;

    // What is asked for again stays; what cannot be had changes nothing.
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    expect_refusal(&listen(&["unix:vnc", &address])?, "choose another port");
    expect_refusal(&listen(&["0.0.0.0:0"])?, "use `offing run --");
    let both = listen(&["127.0.0.1:0", "none"])?;
    expect_refusal(&both, "offing: none goes with no other address");
    expect_refusal(&listen(&["fd:3"])?, "offing run --listen");
    unix()?;
    assert_eq!(now(&session)?.endpoints.len(), 2);

    done(listen(&["none"])?)?;
    assert_eq!(now(&session)?.endpoints, []);
    assert!(!path.exists());
    assert_eq!(session.state()?.state, "connected");
    viewer.request_everything()?;
    viewer.update()?;
    done(listen(&["127.0.0.1:-1"])?)?;
    let port = now(&session)?.port().unwrap_or_default();
    assert!((5900..=5999).contains(&port), "{port}");
    assert_eq!(old.len(), 1);
    Ok(())
}

/// `offing msg events`, and how many of its lines were looked at.
struct Events {
    _process: Running,
    output: Output,
    seen: usize,
}

impl Events {
    fn of(session: &Offing) -> Result<Self> {
        let mut command: Command = session.verb_command("msg");
        command.arg("events");
        let process = Running::start(command)?;
        let output = process.stdout().clone();
        Ok(Self {
            _process: process,
            output,
            seen: 0,
        })
    }

    fn next(&mut self) -> Result<Value> {
        let number = self.seen;
        let line = |text: &str| -> Option<String> {
            let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
            whole.lines().nth(number).map(str::to_owned)
        };
        let text = self
            .output
            .wait_until(soon(), "an event", |text| line(text).is_some())?;
        self.seen += 1;
        let line = line(&text).ok_or_else(|| Error::other("no line"))?;
        Ok(serde_json::from_str(&line)?)
    }
}

#[test]
fn what_happens_is_told() -> Result {
    let mut session = session(&[])?;
    let mut events = Events::of(&session)?;
    let state = |state: &str| json!({"event": "state", "state": state});
    assert_eq!(events.next()?, state("listening"));

    let viewer = session.viewer()?;
    let joined = events.next()?;
    assert_eq!(joined["event"], "joined");
    let peer = joined["viewer"]["peer"].as_str().unwrap_or_default();
    assert!(peer.starts_with("127.0.0.1:"), "{joined}");
    assert_eq!(events.next()?, state("connected"));
    let mut late = Events::of(&session)?;
    assert_eq!(late.next()?, state("connected"));

    done(msg(&session, &["resize", "400x300"])?)?;
    done(msg(&session, &["set", "name", "other"])?)?;
    for events in [&mut events, &mut late] {
        let size = json!({"event": "size", "width": 400, "height": 300});
        assert_eq!(events.next()?, size);
        assert_eq!(events.next()?, json!({"event": "name", "name": "other"}));
    }
    drop(viewer);
    let left = events.next()?;
    assert_eq!(left["event"], "left");
    assert_eq!(left["viewer"]["id"], joined["viewer"]["id"]);
    assert_eq!(events.next()?, state("listening"));
    done(msg(&session, &["set", "connections", "off"])?)?;
    assert_eq!(events.next()?, state("not-started"));

    session.stop()?;
    let end = events._process.wait(soon())?;
    assert_eq!(end.code(), Some(0));
    Ok(())
}

#[test]
fn who_does_not_read_events_is_disconnected() -> Result {
    let session = session(&[])?;
    let path = session.connection.control.clone();
    let path = path.ok_or_else(|| Error::other("no control socket"))?;
    let mut deaf = std::os::unix::net::UnixStream::connect(&path)?;
    deaf.write_all(b"{\"method\":\"events\"}\n")?;
    let mut asking = std::os::unix::net::UnixStream::connect(&path)?;
    let mut wire = Wire::new(asking.try_clone()?);
    let name = "n".repeat(200);
    let mut number = 0;
    // What the kernel keeps for it is full at some time; others are answered all the while.
    look_until("the end of who does not read", || {
        for _ in 0..500 {
            number += 1;
            let request = json!({"method": "set", "params": {"name": format!("{name}{number}")}});
            asking.write_all(format!("{request}\n").as_bytes())?;
            wire.expect(b"{\"ok\":{}}\n", "an answer")?;
        }
        let warned = session.process.stderr().text();
        Ok(warned.contains("does not read its events").then_some(()))
    })
}
