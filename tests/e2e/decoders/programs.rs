//! What decodes: the tests' own client, and viewers that others wrote.

use std::fmt;
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use offing_tests::picture::Picture;
use offing_tests::tap::Tap;
use offing_tests::vnc_client::{Login, VncClient, encoding};
use offing_tests::{Error, ErrorKind, PATIENCE, Result};

use crate::foreign::{self, Door, programs};
use crate::process::look_until;

/// What decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// The tests' own client, which shares no code with the server.
    Own,
    Libvncclient,
    /// It knows Zlib only.
    Asyncvnc,
    Xtightvncviewer,
    /// At its best quality.
    Remmina,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.foreign().map_or("the tests' client", |it| it.name))
    }
}

impl Program {
    /// The program, if others wrote it.
    fn foreign(self) -> Option<&'static foreign::Program> {
        match self {
            Self::Own => None,
            Self::Libvncclient => Some(&programs::LIBVNCCLIENT_ZLIB),
            Self::Asyncvnc => Some(&programs::ASYNCVNC),
            Self::Xtightvncviewer => Some(&programs::XTIGHTVNCVIEWER_ZLIB),
            Self::Remmina => Some(&programs::REMMINA_BEST),
        }
    }

    /// Whether it can be started here.
    pub(super) fn is_installed(self) -> Result<bool> {
        self.foreign()
            .map_or(Ok(true), foreign::Program::is_installed)
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
        match self.foreign() {
            None => Ok(Viewer::Own(thread::spawn(move || watch(port)))),
            Some(program) => {
                let password = None;
                Ok(Viewer::Foreign(program.start(Door { port, password })?))
            }
        }
    }
}

/// A viewer that runs.
pub(super) enum Viewer {
    /// In this process: it returns when the connection ends.
    Own(JoinHandle<Result<VncClient>>),
    Foreign(Box<dyn foreign::Viewer>),
}

impl Viewer {
    /// Fails unless this is what it sees in the end, pixel by pixel.
    pub(super) fn expect(self, tap: &Tap, picture: &Picture) -> Result {
        match self {
            Self::Own(thread) => {
                tap.hang_up();
                let viewer = thread.join().map_err(|_| Error::other("it panicked"))??;
                viewer.picture().expect(picture)
            }
            Self::Foreign(mut viewer) => {
                let shown = look_until("the picture", || Ok(viewer.screen()?.find(picture)));
                match shown {
                    Err(error) if error.kind() == ErrorKind::Stalled => {
                        // This keeps both for a look.
                        let screen = viewer.screen()?;
                        screen.expect(picture).map_err(|it| it.context(error))
                    }
                    shown => shown.map(drop),
                }
            }
        }
    }
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
