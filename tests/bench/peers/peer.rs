//! The servers that are compared.

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use offing_tests::process::{Home, Running, require_tools};
use offing_tests::vnc_client::{Login, VncClient};
use offing_tests::{Error, ErrorKind, Result, soon};

use crate::SIZE;
use crate::painter::Painter;
use crate::wayland::WaylandPainter;
use crate::x11::X11Painter;

/// A server that runs, with a window in it that fills its screen.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) painter: Box<dyn Painter>,
    /// All processes whose time counts, in the order they were started.
    processes: Vec<Running>,
    port: u16,
    /// Removed last.
    _home: Home,
}

/// Between two looks at whether something is there.
const RETRY: Duration = Duration::from_millis(10);

impl Peer {
    /// Starts those that are installed, `offing` first. Says which are missing.
    pub(crate) fn start_all(offing: &str) -> Result<Vec<Self>> {
        let mut peers = vec![Self::offing(offing)?];
        if require_tools(&["Xtigervnc"])? {
            peers.push(Self::xvnc()?);
        }
        if require_tools(&["sway", "wayvnc"])? {
            peers.push(Self::wayvnc()?);
        }
        Ok(peers)
    }

    fn offing(binary: &str) -> Result<Self> {
        let (home, port) = (Home::new()?, free_port()?);
        let mut command = home.command(binary);
        command.args(["run", "--auth", "none", "--size", &size()]);
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        command.args(["--no-xwayland", "--", "sleep", "1000000"]);
        let process = Running::start(command)?;
        let painter = WaylandPainter::new(&wayland_socket(&home)?)?;
        Ok(Self {
            name: "offing",
            painter: Box::new(painter),
            processes: vec![process],
            port,
            _home: home,
        })
    }

    fn xvnc() -> Result<Self> {
        let (home, port) = (Home::new()?, free_port()?);
        let mut command = home.command("Xtigervnc");
        command.args(["-displayfd", "1", "-geometry", &size(), "-depth", "24"]);
        command.args(["-SecurityTypes", "None", "-localhost", "-nolisten", "tcp"]);
        command.args(["-rfbport", &port.to_string(), "-s", "0"]);
        let process = Running::start(command)?;
        let number = process
            .stdout()
            .wait_until(soon(), "a display", |text| text.ends_with('\n'))?;
        let painter = X11Painter::new(&format!(":{}", number.trim()))?;
        Ok(Self {
            name: "Xvnc",
            painter: Box::new(painter),
            processes: vec![process],
            port,
            _home: home,
        })
    }

    /// Both run as a user without privileges: sway does not run as root.
    fn wayvnc() -> Result<Self> {
        let (home, port) = (Home::unprivileged()?, free_port()?);
        let settings = home.path().join("sway");
        let output = format!("output HEADLESS-1 resolution {}\n", size());
        std::fs::write(&settings, output + "xwayland disable\n")?;
        let mut command = home.command("sway");
        command.arg("-c").arg(settings).envs([
            ("WLR_BACKENDS", "headless"),
            ("WLR_RENDERER", "pixman"),
            ("WLR_LIBINPUT_NO_DEVICES", "1"),
        ]);
        let sway = Running::start(command)?;
        let socket = wayland_socket(&home)?;
        let painter = WaylandPainter::new(&socket)?;
        let mut command = home.command("wayvnc");
        // Without input there is no pointer, whose picture would be among the pixels.
        command.args(["--config=/dev/null", "--disable-input", "127.0.0.1"]);
        command.arg(port.to_string()).env("WAYLAND_DISPLAY", socket);
        let wayvnc = Running::start(command)?;
        Ok(Self {
            name: "wayvnc",
            painter: Box::new(painter),
            processes: vec![sway, wayvnc],
            port,
            _home: home,
        })
    }

    /// A viewer that has logged in.
    pub(crate) fn viewer(&self) -> Result<VncClient> {
        let address = ("127.0.0.1", self.port);
        let stream = wait_for("the server's port", || TcpStream::connect(address).ok())?;
        stream.set_nodelay(true)?;
        VncClient::connect(stream, &Login::new())
    }

    /// The processor time that its processes have taken so far.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        self.processes.iter().map(Running::cpu_time).sum()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The last first, and with time to remove its sockets and to end what it started.
        for process in self.processes.iter_mut().rev() {
            let _ = process.stop(Instant::now() + Duration::from_secs(5));
        }
    }
}

/// The screen's size as all of them take it.
fn size() -> String {
    format!("{}x{}", SIZE.0, SIZE.1)
}

/// Free a moment ago; nobody else is asked to take it in between.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The socket of the compositor that was started in this home, when it answers.
fn wayland_socket(home: &Home) -> Result<PathBuf> {
    let is_socket = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("wayland-") && !name.ends_with(".lock")
    };
    wait_for("the compositor's socket", || {
        let entries = std::fs::read_dir(home.runtime_dir()).ok()?.flatten();
        let path = entries.map(|it| it.path()).find(|path| is_socket(path))?;
        UnixStream::connect(&path).ok().map(|_| path)
    })
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = soon();
    loop {
        match look() {
            Some(found) => return Ok(found),
            None if Instant::now() < deadline => thread::sleep(RETRY),
            None => {
                let message = format!("waited in vain for {what}");
                return Err(Error::new(ErrorKind::Stalled, message));
            }
        }
    }
}
