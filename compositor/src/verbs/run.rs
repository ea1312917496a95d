//! `offing run`: starts a session and serves it until it ends.

use crate::{
    auth::{Passwords, Security},
    cli::{KeyboardOptions, RunOptions},
    connection::Connection,
    control::{self, Control},
    failure::Failure,
    listen::{Bound, Socket, bind_all, bind_unix},
    own_file::OwnFile,
    picture::Picture,
    runtime_dir::{RuntimeDir, SessionName},
    say, signals,
    spawn::{self, Environment, Process, exit_code},
};
use offing::{Config, KeyboardConfig, Offing, Server, remote};
use serde_json::{Value, json};
use std::{
    env,
    ffi::OsString,
    fmt::Display,
    io::{self, IsTerminal},
    path::Path,
    time::{Duration, Instant},
};

/// How long the command may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(3);

/// Runs a session; returns the exit code of its command.
///
/// # Errors
/// The session cannot be started.
pub(crate) fn run(options: RunOptions) -> Result<u8, Failure> {
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        tracing::warn!(
            "running as root: whoever connects has all its rights: run offing as another user"
        );
    }
    let runtime_dir = RuntimeDir::find()?;
    let sessions = runtime_dir.sessions()?;
    let name = SessionName::take(&sessions, options.name.as_deref())?;
    let file = |extension| sessions.join(format!("{}.{extension}", name.as_str()));

    let bound = bind_all(&options.listen)?;
    options.auth.check(&public_addresses(&bound), is_root)?;
    let passwords = options.auth.passwords()?;
    let endpoints = bound.iter().map(|bound| bound.endpoint.clone()).collect();
    let (listeners, _socket_files) = take_apart(bound);

    let config = configure(&options, name.as_str(), &passwords, listeners)?;
    let mut server = Server::new(config).map_err(failed)?;
    let wayland_display = server.listen_wayland(runtime_dir.path()).map_err(failed)?;
    let control_file = serve_control(&server, &file("sock"))?;
    signals::watch(&server.handle(), Offing::stop).map_err(failed)?;

    let connection = Connection {
        version: 1,
        pid: std::process::id().cast_signed(),
        name: name.as_str().to_owned(),
        wayland_display,
        xdg_runtime_dir: runtime_dir.path().to_owned(),
        control: control_file.path().to_owned(),
        endpoints,
        auth: names(&options.auth.auth),
        password: passwords.full,
        view_only_password: passwords.view_only,
    };
    // Always where the other verbs look for it, and where it is wanted besides.
    let _published = std::iter::once(&file("json"))
        .chain(&options.connection_file)
        .map(|path| connection.publish(path))
        .collect::<Result<Vec<OwnFile>, String>>()?;

    spawn::check(&options.command)?;
    // Before the command starts, which may write to the same terminal.
    say(&banner(&connection, &file("json"), passwords.made));
    let process = start(&options.command, &connection, &server)?;
    let served = server.run();
    let code = end(process, server)?;
    served.map_err(|error| format!("the session has ended early: {error}"))?;
    // Without a command the session ends when it is told to, and that is no failure.
    Ok(if options.command.is_empty() { 0 } else { code })
}

fn failed(error: impl Display) -> String {
    format!("cannot start the session: {error}")
}

impl Control for Offing {
    fn state(&mut self) -> Value {
        let size = self.size();
        json!({
            "size": {"width": size.width, "height": size.height},
            "scale": self.scale(),
            "viewers": self.viewers(),
            "windows": self.windows(),
        })
    }

    fn resize(&mut self, width: u16, height: u16) -> Result<(), String> {
        Offing::resize(self, rfb::Size::new(width, height))
    }

    fn disconnect(&mut self, viewer: Option<u64>) {
        Offing::disconnect(self, viewer.map(remote::ViewerId));
    }

    fn screenshot(&mut self) -> Box<dyn Picture> {
        Box::new(Offing::screenshot(self))
    }

    fn quit(&mut self) {
        self.stop();
    }
}

fn public_addresses(bound: &[Bound]) -> Vec<String> {
    bound
        .iter()
        .filter(|bound| bound.is_public())
        .map(|bound| bound.endpoint.to_string())
        .collect()
}

/// The listeners, and the files that must go when the session ends.
fn take_apart(bound: Vec<Bound>) -> (Vec<remote::Listener>, Vec<Option<OwnFile>>) {
    bound
        .into_iter()
        .map(|bound| {
            let listener = match bound.socket {
                Socket::Tcp(listener) => remote::Listener::Tcp(listener),
                Socket::Unix(listener) => remote::Listener::Unix(listener),
            };
            (listener, bound.file)
        })
        .unzip()
}

fn configure(
    options: &RunOptions,
    name: &str,
    passwords: &Passwords,
    listeners: Vec<remote::Listener>,
) -> Result<Config, String> {
    let security = options.auth.auth.iter().map(|security| match security {
        Security::None => rfb::Security::NONE,
        Security::VncAuth => rfb::Security::VNC_AUTH,
    });
    let (width, height) = options.size;
    Ok(Config {
        name: name.to_owned(),
        size: rfb::Size::new(width, height),
        fixed_size: options.fixed_size,
        scale: options.scale,
        kiosk: options.kiosk,
        view_only: options.view_only,
        encodings: options.pixels.encodings()?,
        diff: options.pixels.diff(),
        keyboard: keyboard(&options.keyboard),
        auth: remote::Auth {
            security: security.collect(),
            password: passwords.full.clone(),
            view_only_password: passwords.view_only.clone(),
        },
        listeners,
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

fn names(security: &[Security]) -> Vec<String> {
    security
        .iter()
        .map(|security| security.name().to_owned())
        .collect()
}

/// Serves the control socket at `path`; its file goes with the returned value.
fn serve_control(server: &Server, path: &Path) -> Result<OwnFile, String> {
    let bound = bind_unix(path)?;
    match (bound.socket, bound.file) {
        (Socket::Unix(listener), Some(file)) => {
            control::serve(&server.handle(), listener).map_err(failed)?;
            Ok(file)
        }
        _ => Err(failed("the control socket is none")),
    }
}

/// Starts the command, or a terminal where none is given and one is installed.
fn start(
    command: &[OsString],
    connection: &Connection,
    server: &Server,
) -> Result<Option<Process>, Failure> {
    let environment = Environment {
        session: &connection.name,
        runtime_dir: &connection.xdg_runtime_dir,
        wayland_display: &connection.wayland_display,
    };
    if !command.is_empty() {
        let process = Process::spawn(command, &environment)?;
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
    let process = Process::spawn(&terminal, &environment)?;
    process
        .watch(&server.handle(), |session| {
            if session.is_running() {
                say(
                    "offing: the terminal has ended, the session goes on: stop it with \
                     `offing msg quit` or Ctrl-C",
                );
            }
        })
        .map_err(failed)?;
    Ok(Some(process))
}

/// Ends the command, if it has not ended, and returns its exit code. It is served
/// meanwhile, so that it can end as it likes.
fn end(process: Option<Process>, mut server: Server) -> Result<u8, String> {
    let Some(process) = process else {
        return Ok(0);
    };
    process.terminate();
    let deadline = Instant::now() + GRACE;
    let left = || deadline.saturating_duration_since(Instant::now());
    while !process.ends_within(Duration::ZERO)
        && !left().is_zero()
        && server.turn(Some(left())).is_ok()
    {}
    drop(server);
    process
        .finish()
        .map(exit_code)
        .map_err(|error| format!("cannot wait for the command: {error}"))
}

/// What is said when the session is ready: how to connect.
fn banner(connection: &Connection, file: &Path, made: bool) -> String {
    let ssh = env::var("SSH_CONNECTION").unwrap_or_default();
    let host = ssh.split(' ').nth(2);
    let password = match (&connection.password, made) {
        (Some(password), true) if io::stderr().is_terminal() => Some(password.clone()),
        (Some(_), true) => Some(format!("in {}", file.display())),
        _ => None,
    };
    describe(connection, host, password.as_deref())
}

fn describe(connection: &Connection, host: Option<&str>, password: Option<&str>) -> String {
    let mut lines = vec![format!("offing: {} is ready", connection.name)];
    let mut add = |name: &str, value: &str| lines.push(format!("  {name:<10}{value}"));
    for endpoint in &connection.endpoints {
        add("connect", &endpoint.to_string());
        if let Some(tunnel) = host.and_then(|host| endpoint.tunnel(host)) {
            add("from afar", &tunnel);
        }
    }
    if let Some(password) = password.filter(|_| !connection.endpoints.is_empty()) {
        add("password", password);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Endpoint;

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
