//! The viewers: how each is started, and how it shows what it has decoded.

use std::fmt;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use offing_tests::picture::Picture;
use offing_tests::process::{Home, Running, Xvfb, require, require_tools};
use offing_tests::tap::Tap;
use offing_tests::vnc_client::{Login, VncClient, encoding};
use offing_tests::{Error, ErrorKind, PATIENCE, Result, soon};

use crate::film::{HEIGHT, WIDTH};

/// The X server of a viewer with a window, with room for more than the picture.
const SCREEN: (usize, usize) = (800, 600);
/// Where viewers without a window write what they see, in their home.
const FILE: &str = "seen.ppm";
/// The sources of those that are small programs.
const LIBVNCCLIENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/viewers/libvncclient.c"
);
const ASYNCVNC: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/viewers/asyncvnc_viewer.py"
);
/// Compiles the first argument.
const COMPILE: &str = "cc -o viewer \"$1\" $(pkg-config --cflags --libs libvncclient)";
/// A connection of Remmina: its best quality, not scaled, in a window with room for the picture.
const REMMINA: &str = "[remmina]
name=film
protocol=VNC
quality=9
colordepth=32
viewonly=1
viewmode=1
scale=0
window_width=790
window_height=590
window_maximize=0
";

/// What decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// The tests' own client, which shares no code with the server.
    Own,
    /// A small program on libvncclient.
    Libvncclient,
    /// A small program on asyncvnc, which knows Zlib only.
    Asyncvnc,
    Xtightvncviewer,
    /// At its best quality.
    Remmina,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "the tests' client",
            Self::Libvncclient => "libvncclient",
            Self::Asyncvnc => "asyncvnc",
            Self::Xtightvncviewer => "xtightvncviewer",
            Self::Remmina => "Remmina",
        })
    }
}

impl Program {
    /// Whether it can be started here. See [`require_tools`].
    pub(super) fn is_installed(self) -> Result<bool> {
        match self {
            Self::Own => Ok(true),
            Self::Libvncclient => {
                let exists = ["--exists", "libvncclient"];
                Ok(require_tools(&["cc", "pkg-config"])?
                    && require("libvncclient", finds("pkg-config", &exists)?)?)
            }
            Self::Asyncvnc => {
                let import = ["-c", "import asyncvnc"];
                Ok(
                    require_tools(&["python3"])?
                        && require("asyncvnc", finds("python3", &import)?)?,
                )
            }
            Self::Xtightvncviewer => require_tools(&["Xvfb", "xdotool", "xtightvncviewer"]),
            Self::Remmina => require_tools(&["Xvfb", "xdotool", "dbus-run-session", "remmina"]),
        }
    }

    /// The encodings of pixels that it asks for.
    pub(super) fn encodings(self) -> &'static [i32] {
        match self {
            Self::Own | Self::Asyncvnc | Self::Xtightvncviewer => &[encoding::ZLIB],
            Self::Libvncclient | Self::Remmina => &[
                encoding::COPY_RECT,
                encoding::ZLIB,
                encoding::HEXTILE,
                encoding::RAW,
            ],
        }
    }

    /// Starts it, to connect to this port.
    pub(super) fn start(self, port: u16) -> Result<Viewer> {
        match self {
            Self::Own => Ok(Viewer::Own(thread::spawn(move || watch(port)))),
            Self::Libvncclient => {
                let home = Home::new()?;
                let mut compiler = home.command("sh");
                compiler.args(["-c", COMPILE, "sh", LIBVNCCLIENT]);
                succeed(compiler)?;
                let mut command = home.command(home.path().join("viewer"));
                command.args([&port.to_string(), "copyrect zlib hextile raw", FILE]);
                Viewer::writing(home, command)
            }
            Self::Asyncvnc => {
                let home = Home::new()?;
                let mut command = home.command("python3");
                command.args([ASYNCVNC, &port.to_string(), FILE]);
                Viewer::writing(home, command)
            }
            Self::Xtightvncviewer => Viewer::showing(|x| {
                let mut command = x.command("xtightvncviewer");
                command.args(["-viewonly", "-encodings", "zlib"]);
                command.arg(format!("127.0.0.1::{port}"));
                Ok(command)
            }),
            Self::Remmina => Viewer::showing(|x| {
                let mut command = x.command("dbus-run-session");
                let home = command.get_current_dir().unwrap_or(".".as_ref());
                let profile = home.join("film.remmina");
                fs::write(&profile, format!("{REMMINA}server=127.0.0.1:{port}\n"))?;
                command.args(["--", "remmina", "-c"]).arg(profile);
                command.env("NO_AT_BRIDGE", "1");
                Ok(command)
            }),
        }
    }
}

/// A viewer that runs.
pub(super) enum Viewer {
    /// In this process: it returns when the connection ends.
    Own(JoinHandle<Result<VncClient>>),
    /// One without a window: it writes [`FILE`] when the connection ends.
    Writing { process: Running, home: Home },
    /// One with a window.
    Showing { _process: Running, x: Xvfb },
}

impl Viewer {
    fn writing(home: Home, command: Command) -> Result<Self> {
        let process = Running::start(command)?;
        Ok(Self::Writing { process, home })
    }

    fn showing(command: impl FnOnce(&Xvfb) -> Result<Command>) -> Result<Self> {
        let (width, height) = SCREEN;
        let x = Xvfb::start(width, height)?;
        // The pointer would be seen, and is in the middle.
        let corner = [width - 1, height - 1].map(|it| it.to_string());
        x.xdotool(&["mousemove", &corner[0], &corner[1]])?;
        let _process = Running::start(command(&x)?)?;
        Ok(Self::Showing { _process, x })
    }

    /// Fails unless this is what it sees in the end, pixel by pixel.
    pub(super) fn expect(self, tap: &Tap, picture: &Picture) -> Result {
        match self {
            Self::Own(thread) => {
                tap.hang_up();
                let viewer = thread.join().map_err(|_| Error::other("it panicked"))??;
                viewer.picture().expect(picture)
            }
            Self::Writing { process, home } => {
                tap.hang_up();
                let finished = process.finish(soon())?;
                if !finished.status.success() {
                    let message = format!("it ended with {}: {}", finished.status, finished.stderr);
                    return Err(Error::other(message));
                }
                load_ppm(&home.path().join(FILE))?.expect(picture)
            }
            Self::Showing { x, .. } => {
                let is_shown = |screen: &Picture| screen.find(picture).is_some();
                match x.wait_until(soon(), "the picture", is_shown) {
                    Err(error) if error.kind() == ErrorKind::Stalled => {
                        // This keeps both for a look.
                        x.picture()?.expect(picture).map_err(|it| it.context(error))
                    }
                    shown => shown.map(drop),
                }
            }
        }
    }
}

/// Whether this program finds what it is asked for.
fn finds(program: &str, arguments: &[&str]) -> Result<bool> {
    let home = Home::new()?;
    let mut command = home.command(program);
    command.args(arguments);
    let finished = Running::start(command)?.finish(soon())?;
    Ok(finished.status.success())
}

/// Looks on until the connection ends.
fn watch(port: u16) -> Result<VncClient> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    let mut viewer = VncClient::connect(stream, &Login::new())?;
    viewer.set_encodings(&[encoding::ZLIB, encoding::CURSOR])?;
    // Nothing is shown while others start.
    let deadline = Instant::now() + 30 * PATIENCE;
    match viewer.wait_until(deadline, "the end", |_| false) {
        Err(error) if error.kind() == ErrorKind::Closed => Ok(viewer),
        result => result.map(|()| viewer),
    }
}

/// Runs a command to its end, which must be a good one.
fn succeed(command: Command) -> Result {
    let finished = Running::start(command)?.finish(soon())?;
    match finished.status.success() {
        true => Ok(()),
        false => Err(Error::other(finished.stderr)),
    }
}

/// Reads what the small programs write: the header of [`WIDTH`] × [`HEIGHT`] pixels, and those.
fn load_ppm(path: &Path) -> Result<Picture> {
    let bytes = fs::read(path)?;
    let header = format!("P6\n{WIDTH} {HEIGHT}\n255\n");
    match bytes.strip_prefix(header.as_bytes()) {
        Some(rgb) if rgb.len() == WIDTH * HEIGHT * 3 => Ok(Picture {
            width: WIDTH,
            height: HEIGHT,
            rgb: rgb.to_vec(),
        }),
        _ => Err(Error::other(format!(
            "{} is no such picture",
            path.display()
        ))),
    }
}
