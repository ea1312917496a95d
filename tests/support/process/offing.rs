use std::fs;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{Home, Running};
use crate::error::Context;
use crate::vnc_client::{Login, VncClient};
use crate::wayland_client::WaylandClient;
use crate::{Error, ErrorKind, Result, soon};

/// A session: `offing run` in a home of its own.
pub struct Offing {
    /// The process.
    pub process: Running,
    /// What it says about itself.
    pub connection: ConnectionFile,
    /// Where it says so.
    pub connection_file: PathBuf,
    /// Where it runs. Removed last.
    pub home: Home,
}

/// The connection file. Fields that do not apply are absent.
#[derive(Clone, Debug, Deserialize)]
pub struct ConnectionFile {
    /// Of the file's format.
    pub version: u32,
    /// The process's number.
    pub pid: u32,
    /// The session's name.
    pub name: String,
    /// The name of the Wayland socket, or its path.
    pub wayland_display: String,
    /// The folder of the Wayland socket.
    pub xdg_runtime_dir: PathBuf,
    /// The X11 display.
    pub x_display: Option<String>,
    /// The path of the control socket.
    pub control: Option<PathBuf>,
    /// Where viewers can connect.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// The security types offered, by name.
    #[serde(default)]
    pub auth: Vec<String>,
    /// The password.
    pub password: Option<String>,
    /// The password of those who may only look.
    pub view_only_password: Option<String>,
    /// The fingerprint of the certificate.
    pub fingerprint: Option<String>,
}

/// Where viewers can connect.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Endpoint {
    /// `vnc`, `unix` or `web`.
    pub kind: String,
    /// The address, for `vnc`.
    pub address: Option<String>,
    /// The port, for `vnc`.
    pub port: Option<u16>,
    /// The path, for `unix`.
    pub path: Option<PathBuf>,
    /// The address of the page, for `web`.
    pub url: Option<String>,
}

impl Offing {
    /// Starts `binary run ARGUMENTS` in a new home, and waits until viewers can be served. Adds
    /// `--connection-file`, and `--listen 127.0.0.1:0` unless the arguments name a listener.
    pub fn run(binary: &str, arguments: &[&str]) -> Result<Self> {
        Self::run_in(Home::new()?, binary, arguments)
    }

    /// As [`Offing::run`], in this home and as its user.
    pub fn run_in(home: Home, binary: &str, arguments: &[&str]) -> Result<Self> {
        let connection_file = home.path().join("connection.json");
        let mut command = home.command(binary);
        command
            .arg("run")
            .arg("--connection-file")
            .arg(&connection_file);
        // What follows "--" is not ours.
        let mut options = arguments.iter().take_while(|argument| **argument != "--");
        if !options.any(|option| *option == "--listen" || option.starts_with("--listen=")) {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(arguments);
        Self::start(home, command, connection_file)
    }

    /// Starts a command that runs a session and will write this connection file.
    pub fn start(home: Home, command: Command, connection_file: PathBuf) -> Result<Self> {
        let mut process = Running::start(command)?;
        let connection = await_connection_file(&mut process, &connection_file, soon())?;
        Ok(Self {
            process,
            connection,
            connection_file,
            home,
        })
    }

    /// A viewer that has logged in, with the session's password if it has one, at its first TCP
    /// listener or else its first Unix socket.
    pub fn viewer(&self) -> Result<VncClient> {
        self.viewer_with(&match &self.connection.password {
            Some(password) => Login::with_password(password),
            None => Login::new(),
        })
    }

    /// As [`Offing::viewer`], with a login of one's own.
    pub fn viewer_with(&self, login: &Login) -> Result<VncClient> {
        match self.connection.port() {
            Some(_) => VncClient::connect(self.tcp_stream()?, login),
            None => VncClient::connect(self.unix_stream()?, login),
        }
    }

    /// A connection to its first TCP listener.
    pub fn tcp_stream(&self) -> Result<TcpStream> {
        let endpoint = self
            .connection
            .endpoints
            .iter()
            .find(|endpoint| endpoint.port.is_some());
        let Some(Endpoint {
            address: Some(address),
            port: Some(port),
            ..
        }) = endpoint
        else {
            return Err(Error::other("the session has no TCP listener"));
        };
        let stream = TcpStream::connect((address.as_str(), *port))
            .context(|| format!("cannot connect to {address} port {port}"))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// A connection to its first Unix socket for viewers.
    pub fn unix_stream(&self) -> Result<UnixStream> {
        let path = self
            .connection
            .endpoints
            .iter()
            .find_map(|endpoint| endpoint.path.as_ref());
        let path = path.ok_or_else(|| Error::other("the session has no Unix socket"))?;
        UnixStream::connect(path).context(|| format!("cannot connect to {}", path.display()))
    }

    /// A Wayland client in the session.
    pub fn wayland_client(&self) -> Result<WaylandClient> {
        let path = self
            .connection
            .xdg_runtime_dir
            .join(&self.connection.wayland_display);
        let socket = UnixStream::connect(&path)
            .context(|| format!("cannot connect to {}", path.display()))?;
        WaylandClient::connect(socket)
    }

    /// A command that will run in the session.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.home.command(program);
        command.env("XDG_RUNTIME_DIR", &self.connection.xdg_runtime_dir);
        command.env("WAYLAND_DISPLAY", &self.connection.wayland_display);
        if let Some(display) = &self.connection.x_display {
            command.env("DISPLAY", display);
        }
        command
    }

    /// Asks it to end, and waits for that.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.process.stop(soon())
    }
}

impl Drop for Offing {
    fn drop(&mut self) {
        // So that it can end what it started: programs need not be in its process group.
        let _ = self.process.stop(Instant::now() + Duration::from_secs(5));
    }
}

impl ConnectionFile {
    /// Reads a connection file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        serde_json::from_str(&text).context(|| format!("{} holds {text:?}", path.display()))
    }

    /// The port of the first TCP listener.
    pub fn port(&self) -> Option<u16> {
        self.endpoints.iter().find_map(|endpoint| endpoint.port)
    }
}

/// Waits until the process has written its connection file, or ended.
fn await_connection_file(
    process: &mut Running,
    path: &Path,
    deadline: Instant,
) -> Result<ConnectionFile> {
    while !path.exists() {
        let now = Instant::now();
        if now >= deadline {
            return Err(process.failure(ErrorKind::Stalled, "wrote no connection file"));
        }
        if let Some(status) = process.wait_exit(now + Duration::from_millis(10))? {
            let what = format!("ended, with {status}, before it served viewers");
            return Err(process.failure(ErrorKind::Closed, what));
        }
    }
    // It is written at once, under another name: what exists is whole.
    ConnectionFile::read(path).map_err(|error| process.failure(error.kind(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"version":1,"pid":7,"name":"offing-1","wayland_display":"wayland-1",
        "xdg_runtime_dir":"/run/x","endpoints":[{"kind":"unix","path":"/run/x/vnc"},
        {"kind":"vnc","address":"127.0.0.1","port":5907}],"auth":["vncauth"],"password":"p","new":0}"#;

    /// A stand-in that does what the session does when it starts.
    fn stand_in(home: &Home, script: &str) -> (Command, PathBuf) {
        let path = home.path().join("connection.json");
        let mut command = home.command("sh");
        command.args(["-c", script, "sh"]).arg(&path).arg(FILE);
        (command, path)
    }

    #[test]
    fn the_connection_file_is_awaited_and_read() -> Result {
        let home = Home::new()?;
        let script = r#"echo "$2" >"$1.new"; sleep 0.1; mv "$1.new" "$1"; exec sleep 1000"#;
        let (command, path) = stand_in(&home, script);
        let mut session = Offing::start(home, command, path)?;
        assert_eq!(session.connection.port(), Some(5907));
        assert_eq!(session.connection.endpoints[0].kind, "unix");
        assert_eq!(session.connection.password.as_deref(), Some("p"));
        assert_eq!(session.connection.fingerprint, None);
        assert_eq!(session.stop()?.code(), None);
        Ok(())
    }

    #[test]
    fn an_early_end_tells_why() -> Result {
        let home = Home::new()?;
        let (command, path) = stand_in(&home, "echo no such option >&2; exit 2");
        let error = Offing::start(home, command, path).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Closed);
        let message = error.to_string();
        assert!(
            message.contains("exit status: 2") && message.contains("no such option"),
            "{message}"
        );
        Ok(())
    }
}
