//! `offing run`: starts a session and serves it until it ends.

use super::detach::{self, Log};
use crate::{
    auth::Passwords,
    background,
    cli::{KeyboardOptions, RunOptions},
    connection::Connection,
    control,
    failure::{Failure, reason, remedy},
    leftovers::Leftovers,
    listen::{Socket, bind_all, bind_unix},
    locker::Locker,
    own_file::OwnFile,
    programs::Programs,
    runtime_dir::{RuntimeDir, SessionName},
    say,
    session::{Session, Start, check_safety, listeners, remote_auth},
    signals,
    spawn::{self, Environment, Process, exit_code},
};
use offing::{Config, KeyboardConfig, Limits, Offing, Server, ServerError, remote};
use std::{
    cell::RefCell,
    env,
    ffi::OsString,
    io::{self, ErrorKind, IsTerminal},
    os::unix::net::UnixListener,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};

/// How long programs may take to end once they were asked to.
const GRACE: Duration = Duration::from_secs(3);

/// Runs a session; returns the exit code of its command.
///
/// # Errors
/// The session cannot be started.
pub(crate) fn run(options: RunOptions) -> Result<u8, Failure> {
    if options.detach {
        return detach::detach();
    }
    if options.detached.is_some() {
        detach::leave()?;
    }
    if rustix::process::geteuid().is_root() {
        tracing::warn!(
            "running as root: whoever connects has all its rights: run offing as another user"
        );
    }
    let runtime_dir = RuntimeDir::find()?;
    let sessions = runtime_dir.sessions()?;
    let name = SessionName::take(&sessions, options.name.as_deref())?;
    let file = |extension| sessions.join(format!("{}.{extension}", name.as_str()));

    let bound = bind_all(&options.listen, &[])?;
    check_safety(&options.auth, &bound)?;
    let passwords = options.auth.passwords()?;
    let listeners = listeners(&bound).map_err(failed)?;
    let config = configure(&options, name.as_str(), &passwords, listeners)?;
    let mut server = Server::new(config).map_err(refused)?;
    let wayland_display = server.listen_wayland(runtime_dir.path()).map_err(refused)?;
    let (control, control_file) = bind_control(&file("sock"))?;
    // Before there is a connection file, which a signal must not leave behind.
    signals::watch(&server.handle(), Offing::stop).map_err(failed)?;

    let connection = Connection {
        version: 1,
        pid: std::process::id().cast_signed(),
        name: name.as_str().to_owned(),
        wayland_display,
        xdg_runtime_dir: runtime_dir.path().to_owned(),
        control: control_file.path().to_owned(),
        endpoints: bound.iter().map(|bound| bound.endpoint.clone()).collect(),
        auth: options.auth.names(),
        password: passwords.full,
        view_only_password: passwords.view_only,
    };
    let start = Start::now(&options.command, options.detached.is_some());
    let mut session = Session::new(connection, bound, &options.auth, options.view_only, start);
    // Always where the other verbs look for it, and where it is wanted besides.
    let files = std::iter::once(file("json")).chain(options.connection_file.clone());
    session.publish(&files.collect::<Vec<_>>())?;
    let session = Rc::new(RefCell::new(session));
    control::serve(&server.handle(), control, session.clone()).map_err(failed)?;

    spawn::check(&options.command)?;
    let log = options.detached.map(|_| Log::create(&file("log")));
    let log = log.transpose()?;
    let banner = banner(&session.borrow(), &options, &file("json"), &log);
    serve(server, &session, &options, &banner, log)
}

/// Starts the command and serves until the session ends; returns the exit code.
fn serve(
    mut server: Server,
    session: &RefCell<Session>,
    options: &RunOptions,
    banner: &str,
    log: Option<Log>,
) -> Result<u8, Failure> {
    let command = &options.command;
    if log.is_none() {
        // Before the command starts, which may write to the same terminal.
        say(banner);
    }
    let mut programs = Programs::new(&server).map_err(failed)?;
    let process = {
        let session = session.borrow();
        let environment = environment(session.connection(), log.as_ref());
        programs.start_in_shell(&options.also, &environment, &server)?;
        start(command, session.connection(), &environment, &server)?
    };
    let mut locker = Locker::new(options.lock.clone());
    let handed_over = match &log {
        Some(log) => {
            say(banner);
            log.take_over()
        }
        None => Ok(()),
    };
    let is_awaited = handed_over.is_ok();
    let served = handed_over.and_then(|()| {
        while server.state.is_running() {
            let turn = server.turn(locker.wait(&server.state));
            turn.map_err(|error| format!("the session has ended early ({error}): start it again"))?;
            session.borrow_mut().announce(&server.state);
            let session = session.borrow();
            let environment = environment(session.connection(), log.as_ref());
            locker.look(&server, &environment);
            programs.look(&mut server, &environment);
            if !server.state.is_serving() {
                let error = "the session has ended early: viewers cannot be served any more";
                return Err(format!("{error}: start it again"));
            }
        }
        Ok(())
    });
    let has_ended = |process: &Process| process.ends_within(Duration::ZERO);
    // A session without a command goes on without its terminal.
    let by_itself = !command.is_empty() && process.as_ref().is_some_and(has_ended);
    let ended = {
        let session = session.borrow();
        let environment = environment(session.connection(), log.as_ref());
        end(process, programs, &environment, server)
    };
    let has_failed = served.is_err() || by_itself && !matches!(ended, Ok(0));
    if let Some(log) = log
        && is_awaited
        && has_failed
    {
        log.keep();
    }
    let code = ended?;
    served?;
    // Without a command the session ends when it is told to, and that is no failure.
    Ok(if command.is_empty() { 0 } else { code })
}

fn failed(error: io::Error) -> String {
    let (reason, remedy) = (reason(&error), remedy(&error));
    format!("cannot start the session ({reason}): {remedy}")
}

/// As [`failed`], for what the session itself says.
fn refused(error: ServerError) -> String {
    match error {
        ServerError::Io(what, error) => {
            let remedy = match error.kind() {
                ErrorKind::AddrInUse => "end other sessions, or set another XDG_RUNTIME_DIR",
                _ => remedy(&error),
            };
            let reason = reason(&error);
            format!("cannot start the session ({what}: {reason}): {remedy}")
        }
        // It says what to do.
        ServerError::Keymap(text) => format!("cannot start the session: {text}"),
        ServerError::Renderer(text) => {
            format!("cannot draw the screen ({text}): choose a smaller --size")
        }
    }
}

fn configure(
    options: &RunOptions,
    name: &str,
    passwords: &Passwords,
    listeners: Vec<remote::Listener>,
) -> Result<Config, String> {
    let (width, height) = options.size;
    Ok(Config {
        name: name.to_owned(),
        size: rfb::Size::new(width, height),
        fixed_size: options.fixed_size,
        scale: options.scale,
        share: options.share.clone(),
        indicator: options.indicator,
        background: background::read(options.background.as_ref(), options.kiosk)?,
        kiosk: options.kiosk,
        shortcuts: !options.no_shortcuts,
        view_only: options.view_only,
        clipboard: options.clipboard,
        primary: options.primary,
        encodings: options.pixels.encodings()?,
        diff: options.pixels.diff(),
        keyboard: keyboard(&options.keyboard),
        keys: options.keys,
        auth: remote_auth(&options.auth, passwords),
        listeners,
        detached: options.detached.is_some(),
        limits: Limits::default(),
    })
}

fn keyboard(options: &KeyboardOptions) -> KeyboardConfig {
    let choose = |option: &Option<String>, variable: &str, default: String| {
        let variable = || env::var(variable).ok().filter(|text| !text.is_empty());
        option.clone().or_else(variable).unwrap_or(default)
    };
    let default = KeyboardConfig::default();
    KeyboardConfig {
        rules: choose(&None, "XKB_DEFAULT_RULES", default.rules),
        model: choose(&options.xkb_model, "XKB_DEFAULT_MODEL", default.model),
        layout: choose(&options.xkb_layout, "XKB_DEFAULT_LAYOUT", default.layout),
        variant: choose(&options.xkb_variant, "XKB_DEFAULT_VARIANT", default.variant),
        options: options
            .xkb_options
            .clone()
            .or_else(|| env::var("XKB_DEFAULT_OPTIONS").ok())
            .or(default.options),
    }
}

/// The control socket, and its file.
fn bind_control(path: &Path) -> Result<(UnixListener, Rc<OwnFile>), String> {
    let bound = bind_unix(path)?;
    match (bound.socket, bound.file) {
        (Socket::Unix(listener), Some(file)) => Ok((listener, file)),
        _ => Err("cannot start the session (its control socket is none): try again".to_owned()),
    }
}

/// What programs need to know of the session.
fn environment<'a>(connection: &'a Connection, log: Option<&'a Log>) -> Environment<'a> {
    Environment {
        session: &connection.name,
        runtime_dir: &connection.xdg_runtime_dir,
        wayland_display: &connection.wayland_display,
        log: log.map(|log| &log.file),
    }
}

/// Starts the command, or a terminal where none is given and one is installed.
fn start(
    command: &[OsString],
    connection: &Connection,
    environment: &Environment,
    server: &Server,
) -> Result<Option<Process>, Failure> {
    if !command.is_empty() {
        let process = Process::spawn(command, environment)?;
        process
            .watch(&server.handle(), Offing::stop)
            .map_err(failed)?;
        return Ok(Some(process));
    }
    let Some(terminal) = spawn::default_command() else {
        say(&format!(
            "offing: no terminal is installed: install foot, or start programs with \
             XDG_RUNTIME_DIR={} WAYLAND_DISPLAY={}",
            connection.xdg_runtime_dir.display(),
            connection.wayland_display
        ));
        return Ok(None);
    };
    let process = Process::spawn(&terminal, environment)?;
    process
        .watch(&server.handle(), |session| {
            if session.is_running() {
                say(
                    "offing: the terminal has ended, the session goes on: stop it with \
                     `offing stop` or Ctrl-C",
                );
            }
        })
        .map_err(failed)?;
    Ok(Some(process))
}

/// Ends the command, if it has not ended, and what else was started; returns the command's exit
/// code. They are served meanwhile, so that they can end as they like.
fn end(
    process: Option<Process>,
    programs: Programs,
    environment: &Environment,
    mut server: Server,
) -> Result<u8, String> {
    programs.terminate();
    process.iter().for_each(Process::terminate);
    let has_ended = |process: &Process| process.ends_within(Duration::ZERO);
    serve_until(&mut server, || {
        process.as_ref().is_none_or(has_ended) && programs.have_ended()
    });
    // Only now: they may end what they have started themselves.
    let leftovers = Leftovers::find(environment);
    leftovers.terminate(&server);
    serve_until(&mut server, || leftovers.have_ended());
    drop(server);
    let code = process.map_or(Ok(0), |process| process.finish().map(exit_code));
    code.map_err(|error| format!("cannot wait for the command: {error}"))
}

/// Serves until all of something have ended, but no longer than [`GRACE`].
fn serve_until(server: &mut Server, have_ended: impl Fn() -> bool) {
    let deadline = Instant::now() + GRACE;
    let left = || deadline.saturating_duration_since(Instant::now());
    while !have_ended() && !left().is_zero() && server.turn(Some(left())).is_ok() {}
}

/// What is said when the session is ready: how to connect, and how to go on.
fn banner(session: &Session, options: &RunOptions, file: &Path, log: &Option<Log>) -> String {
    let connection = session.connection();
    let ssh = env::var("SSH_CONNECTION").unwrap_or_default();
    let host = ssh.split(' ').nth(2);
    let tell = options
        .detached
        .unwrap_or_else(|| io::stderr().is_terminal());
    // Who has chosen it knows it.
    let made = options.auth.password_file.is_none();
    let password = match &connection.password {
        Some(password) if made && tell => Some(password.clone()),
        Some(_) if made => Some(format!("in {}", file.display())),
        _ => None,
    };
    let mut text = describe(connection, host, password.as_deref());
    if let Some(log) = log {
        let stop = format!("offing stop {}", connection.name);
        for (name, value) in [("stop", stop), ("log", log.path().display().to_string())] {
            text += &entry(name, &value);
        }
    }
    text
}

fn describe(connection: &Connection, host: Option<&str>, password: Option<&str>) -> String {
    let mut text = format!("offing: {} is ready", connection.name);
    let mut add = |name: &str, value: &str| text += &entry(name, value);
    for endpoint in &connection.endpoints {
        add("connect", &endpoint.to_string());
        if let Some(tunnel) = host.and_then(|host| endpoint.tunnel(host)) {
            add("from afar", &tunnel);
        }
    }
    if let Some(password) = password.filter(|_| !connection.endpoints.is_empty()) {
        add("password", password);
    }
    text
}

fn entry(name: &str, value: &str) -> String {
    format!("\n  {name:<10}{value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Endpoint;
    use rustix::io::Errno;

    fn connection(endpoints: Vec<Endpoint>) -> Connection {
        Connection {
            version: 1,
            pid: 1,
            name: "desk".to_owned(),
            wayland_display: "wayland-0".to_owned(),
            xdg_runtime_dir: "/run/user/1".into(),
            control: "/run/user/1/offing/desk.sock".into(),
            endpoints,
            auth: vec!["vncauth".to_owned()],
            password: Some("secret".to_owned()),
            view_only_password: None,
        }
    }

    fn vnc(address: &str, port: u16) -> Endpoint {
        Endpoint::Vnc {
            address: address.parse().unwrap(),
            port,
        }
    }

    #[test]
    fn the_banner_says_how_to_connect() {
        let connection = connection(vec![
            vnc("127.0.0.1", 5901),
            Endpoint::Unix {
                path: "/tmp/s".into(),
            },
        ]);
        assert_eq!(
            describe(&connection, None, Some("abcd2345")),
            "offing: desk is ready\n\
             \x20 connect   vnc://127.0.0.1:5901\n\
             \x20 connect   unix:/tmp/s\n\
             \x20 password  abcd2345"
        );
        assert_eq!(
            describe(&connection, Some("192.0.2.7"), None),
            "offing: desk is ready\n\
             \x20 connect   vnc://127.0.0.1:5901\n\
             \x20 from afar ssh -L 5901:127.0.0.1:5901 192.0.2.7\n\
             \x20 connect   unix:/tmp/s\n\
             \x20 from afar ssh -L 5900:/tmp/s 192.0.2.7"
        );
    }

    #[test]
    fn a_password_that_nobody_can_type_is_not_told() {
        let told = describe(&connection(Vec::new()), None, Some("abcd2345"));
        assert_eq!(told, "offing: desk is ready");
    }

    #[test]
    fn what_keeps_a_session_from_starting_is_told_with_a_remedy() {
        let error = |errno: Errno| io::Error::from(errno);
        assert_eq!(
            refused(ServerError::Io(
                "making the event loop",
                error(Errno::MFILE)
            )),
            "cannot start the session (making the event loop: too many open files): \
             close programs, or raise the limit of open files"
        );
        let taken = io::Error::new(
            ErrorKind::AddrInUse,
            "all of wayland-0 to wayland-9 are taken",
        );
        assert_eq!(
            refused(ServerError::Io("listening", taken)),
            "cannot start the session (listening: all of wayland-0 to wayland-9 are taken): \
             end other sessions, or set another XDG_RUNTIME_DIR"
        );
        assert_eq!(
            failed(error(Errno::IO)),
            "cannot start the session (input/output error): try again"
        );
    }

    #[test]
    fn options_come_before_variables() {
        let options = KeyboardOptions {
            xkb_layout: Some("de,us".to_owned()),
            xkb_variant: Some("neo".to_owned()),
            xkb_options: Some("compose:menu".to_owned()),
            xkb_model: Some("pc104".to_owned()),
        };
        let keyboard = keyboard(&options);
        assert_eq!(keyboard.layout, "de,us");
        assert_eq!(keyboard.variant, "neo");
        assert_eq!(keyboard.options.as_deref(), Some("compose:menu"));
        assert_eq!(keyboard.model, "pc104");
    }
}
