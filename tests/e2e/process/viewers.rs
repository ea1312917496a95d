//! Viewers that others wrote get exactly what is on the screen.

use std::time::{Duration, Instant};

use offing_tests::picture::{Picture, Rect};
use offing_tests::process::{Offing, Running, Terminal, require_tools};
use offing_tests::vnc_client::VncClient;
use offing_tests::{Error, ErrorKind, PATIENCE, Result, soon};

use super::{OFFING, SHOW_PALETTE, Session, done, keep, look_until, shows_palette};

const WIDTH: usize = 800;
const HEIGHT: usize = 600;

/// The cursor is no part of a screenshot, but is drawn for viewers that cannot draw it: so the
/// pointer is put into the lower right corner, where at most these pixels are the cursor's.
const CURSOR: Rect = Rect {
    x: WIDTH - 32,
    y: HEIGHT - 32,
    width: 32,
    height: 32,
};

/// A session where nothing moves.
struct Still {
    session: Offing,
    /// Holds the pointer where it is.
    _viewer: VncClient,
}

impl Still {
    /// A terminal with all its colours; none without foot and the other tools.
    fn start(tools: &[&str]) -> Result<Option<Self>> {
        if !require_tools(&[&["foot"], tools].concat())? {
            return Ok(None);
        }
        let size = format!("{WIDTH}x{HEIGHT}");
        let script = format!("{SHOW_PALETTE}; exec sleep 1000");
        let terminal = ["foot", "-o", "cursor.blink=no", "-e", "sh", "-c", &script];
        let arguments = [&["--size", &size, "--"][..], &terminal].concat();
        let session = Offing::run(OFFING, &arguments)?;
        session.wait_for_screen("all colours", shows_palette)?;

        // This viewer knows no cursors either: when it sees all but the corner, the pointer is
        // where it was sent.
        let mut viewer = session.viewer()?;
        viewer.pointer(WIDTH as u16 - 1, HEIGHT as u16 - 1, 0)?;
        look_until("the pointer in the corner", || {
            let screen = session.screenshot()?;
            let moment = Instant::now() + Duration::from_millis(200);
            let seen = viewer.wait_until(moment, "the pointer in the corner", |viewer| {
                viewer.picture().diff(&screen, 0, &[CURSOR]).is_none()
            });
            match seen {
                Err(error) if error.kind() == ErrorKind::Stalled => Ok(None),
                seen => seen.map(Some),
            }
        })?;
        Ok(Some(Self {
            session,
            _viewer: viewer,
        }))
    }

    fn port(&self) -> Result<u16> {
        let port = self.session.connection.port();
        port.ok_or_else(|| Error::other("the session has no port"))
    }

    fn password(&self) -> &str {
        self.session.connection.password.as_deref().unwrap_or("")
    }

    /// Compares the pixels that `capture` saves in a file, in the session's home, with those of
    /// the screen before and after: again if the screen changed meanwhile.
    fn compare(&self, file: &str, mut capture: impl FnMut() -> Result) -> Result {
        look_until("a screen that stands still", || {
            let before = self.session.screenshot()?;
            capture()?;
            let picture = Picture::load_png(self.session.home.path().join(file))?;
            if self.session.screenshot()? != before {
                return Ok(None);
            }
            keep(&picture, file.trim_end_matches(".png"))?;
            picture.expect_near(&before, 0, &[CURSOR]).map(Some)
        })
    }
}

#[test]
fn gvnccapture_gets_every_pixel() -> Result {
    let Some(still) = Still::start(&["gvnccapture", "setsid"])? else {
        return Ok(());
    };
    // It counts displays from port 5900, and asks for the password on a terminal.
    let display = format!("127.0.0.1:{}", still.port()? - 5900);
    let arguments = [display.as_str(), "gvnccapture.png"];
    still.compare("gvnccapture.png", || {
        let mut terminal = Terminal::start(&still.session.home, "gvnccapture", &arguments)?;
        let output = terminal.output.clone();
        output.wait_until(soon(), "a question", |text| text.contains("Password:"))?;
        // What is typed before it has hidden the password is lost: so it is typed again.
        let line = format!("{}\n", still.password());
        let status = look_until("the end of gvnccapture", || {
            terminal.type_text(&line)?;
            let moment = Instant::now() + Duration::from_millis(500);
            terminal.process.wait_exit(moment)
        })?;
        assert!(status.success(), "{}", output.text());
        Ok(())
    })
}

#[test]
fn vncdotool_gets_every_pixel() -> Result {
    let Some(still) = Still::start(&["vncdo"])? else {
        return Ok(());
    };
    let server = format!("127.0.0.1::{}", still.port()?);
    still.compare("vncdotool.png", || {
        let mut command = still.session.home.command("vncdo");
        command.args(["-s", &server, "-p", still.password()]);
        command.args(["capture", "vncdotool.png"]);
        // A busy machine takes long to load all of its Python.
        let deadline = Instant::now() + 3 * PATIENCE;
        done(Running::start(command)?.finish(deadline)?)?;
        Ok(())
    })
}
