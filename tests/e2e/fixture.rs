//! A session with its clients and viewers, all in this process.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use calloop::channel::{self, Sender};
use offing::config::Background;
use offing::remote::Listener;
use offing::{Config, Offing, Server};
use offing_tests::picture::{Picture, Rgb};
use offing_tests::vnc_client::{Login, VncClient, encoding};
use offing_tests::wayland_client::{Surface, WaylandClient};
use offing_tests::{Error, ErrorKind, PATIENCE, Result, soon};

/// The screen of most tests.
pub(crate) const WIDTH: usize = 320;
/// See [`WIDTH`].
pub(crate) const HEIGHT: usize = 240;

type Command = Box<dyn FnOnce(&mut Offing) + Send>;

/// A running session. It ends with the value, and fails the test if it panicked or does not end.
pub(crate) struct Fixture {
    commands: Sender<Command>,
    /// Hangs up when the session's thread ends.
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
    /// The colour of the empty desktop.
    pub(crate) background: Rgb,
}

/// Where a window is, in logical units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

impl Frame {
    pub(crate) const fn new(x: i32, y: i32, width: i32, height: i32) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }
}

/// The colour of the empty desktop.
const BACKGROUND: Rgb = [33, 48, 64];

/// The settings of a session with a screen of this size and a plain background, which has no
/// listener.
pub(crate) fn config(width: usize, height: usize) -> Config {
    let size = rfb::Size::new(width as u16, height as u16);
    Config {
        background: Background::Plain(BACKGROUND),
        ..Config::new("test", size)
    }
}

/// A listener, for sessions that behave as those that viewers can reach.
pub(crate) fn listener() -> Result<Listener> {
    Ok(Listener::Tcp(TcpListener::bind("127.0.0.1:0")?))
}

impl Fixture {
    /// A session with a screen of [`WIDTH`] × [`HEIGHT`].
    pub(crate) fn new() -> Result<Self> {
        Self::start(config(WIDTH, HEIGHT))
    }

    pub(crate) fn start(config: Config) -> Result<Self> {
        let (report, started) = mpsc::sync_channel(1);
        let (ending, ended) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("session".to_owned())
            .spawn(move || {
                let _ending = ending;
                let begun = begin(config);
                let mut server = match begun {
                    Ok((server, commands)) => {
                        let _ = report.send(Ok(commands));
                        server
                    }
                    Err(error) => {
                        let _ = report.send(Err(error));
                        return;
                    }
                };
                server
                    .run()
                    .expect("the session goes on until it is told to end");
            })?;
        let commands = started
            .recv_timeout(PATIENCE)
            .map_err(|error| Error::other(format!("the session did not start: {error}")))??;
        Ok(Self {
            commands,
            ended,
            thread: Some(thread),
            background: BACKGROUND,
        })
    }

    /// Does something with the session's state, between two turns of its loop.
    pub(crate) fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Offing) -> T + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = mpsc::sync_channel(1);
        let command: Command = Box::new(move |offing| {
            let _ = reply.send(act(offing));
        });
        let gone = || Error::new(ErrorKind::Closed, "the session has ended");
        self.commands.send(command).map_err(|_| gone())?;
        answer.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Disconnected => gone(),
            RecvTimeoutError::Timeout => {
                Error::new(ErrorKind::Stalled, "the session's loop does not turn")
            }
        })
    }

    /// Waits until `condition` holds for the session's state.
    pub(crate) fn wait_until(
        &self,
        what: &str,
        condition: impl Fn(&mut Offing) -> bool + Clone + Send + 'static,
    ) -> Result {
        let deadline = soon();
        while !self.with(condition.clone())? {
            if Instant::now() >= deadline {
                let message = format!("waited in vain for {what}");
                return Err(Error::new(ErrorKind::Stalled, message));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Returns when the session has acted on the input that viewers sent before, provided that
    /// the answer to something they sent after it has come.
    pub(crate) fn settle(&self) -> Result {
        // The input's wake-up is in the loop already. Two turns would be enough to see it all, but
        // a turn is short, and the session's thread may have to wait for a processor in each.
        (0..16).try_for_each(|_| self.with(|_| ()))
    }

    /// A new Wayland client.
    pub(crate) fn client(&self) -> Result<WaylandClient> {
        WaylandClient::connect(self.client_socket()?)
    }

    /// A connection for a Wayland client.
    pub(crate) fn client_socket(&self) -> Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        self.with(|offing| offing.insert_client(theirs))??;
        Ok(ours)
    }

    /// A new viewer that knows the usual encodings.
    pub(crate) fn viewer(&self) -> Result<VncClient> {
        let mut viewer = self.viewer_with(&Login::new())?;
        viewer.set_usual_encodings()?;
        Ok(viewer)
    }

    /// A new viewer that has said nothing yet about encodings.
    pub(crate) fn viewer_with(&self, login: &Login) -> Result<VncClient> {
        VncClient::connect(self.viewer_socket()?, login)
    }

    /// A new viewer with these encodings.
    pub(crate) fn viewer_knowing(&self, encodings: &[i32]) -> Result<VncClient> {
        let mut viewer = self.viewer_with(&Login::new())?;
        viewer.set_encodings(encodings)?;
        Ok(viewer)
    }

    /// A connection for a viewer.
    pub(crate) fn viewer_socket(&self) -> Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        self.with(|offing| offing.insert_viewer(theirs))??;
        Ok(ours)
    }

    /// The windows' titles and places, bottom first.
    pub(crate) fn windows(&self) -> Result<Vec<(String, Frame)>> {
        let windows = self.with(|offing| offing.windows())?;
        let named = windows.into_iter().map(|window| {
            let frame = Frame::new(window.x, window.y, window.width, window.height);
            (window.title.unwrap_or_default(), frame)
        });
        Ok(named.collect())
    }

    /// Where the window with this title is.
    pub(crate) fn frame(&self, title: &str) -> Result<Frame> {
        let windows = self.windows()?;
        let found = windows.iter().find(|(found, _)| found == title);
        found
            .map(|(_, frame)| *frame)
            .ok_or_else(|| Error::other(format!("no window \"{title}\" is shown")))
    }

    /// Waits until the window with this title is at `frame`.
    pub(crate) fn wait_for_frame(&self, title: &str, frame: Frame) -> Result {
        let deadline = soon();
        loop {
            let found = self.frame(title)?;
            if found == frame {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let message = format!("\"{title}\" is at {found:?}, not at {frame:?}");
                return Err(Error::new(ErrorKind::Stalled, message));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The title of the active window.
    pub(crate) fn active(&self) -> Result<Option<String>> {
        self.with(|offing| {
            let active = offing.windows().into_iter().find(|window| window.active);
            active.and_then(|window| window.title)
        })
    }

    /// The empty desktop, [`WIDTH`] × [`HEIGHT`].
    pub(crate) fn empty(&self) -> Picture {
        Picture::solid(WIDTH, HEIGHT, self.background)
    }

    /// What is on the screen, whether a viewer looks or not.
    pub(crate) fn screenshot(&self) -> Result<Picture> {
        let frame = self.with(|offing| offing.screenshot())?;
        let size = frame.size();
        Ok(Picture::draw(
            size.width.into(),
            size.height.into(),
            |x, y| {
                let row = frame.row(y as u16);
                [row[x * 4 + 2], row[x * 4 + 1], row[x * 4]]
            },
        ))
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = self.commands.send(Box::new(|offing| offing.stop()));
        let stuck = self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
        let panicked = !stuck && self.thread.take().is_some_and(|it| it.join().is_err());
        if !thread::panicking() {
            assert!(!stuck, "the session does not end");
            assert!(!panicked, "the session panicked");
        }
    }
}

fn begin(config: Config) -> Result<(Server, Sender<Command>)> {
    let other = |error: &dyn std::fmt::Display| Error::other(error.to_string());
    let server = Server::new(config).map_err(|error| other(&error))?;
    let (commands, inbox) = channel::channel::<Command>();
    let inserted = server.handle().insert_source(inbox, |event, (), offing| {
        if let channel::Event::Msg(command) = event {
            command(offing);
        }
    });
    inserted.map_err(|error| other(&error))?;
    Ok((server, commands))
}

/// Returns when the server has read all that `viewer` sent. No update may be asked for.
pub(crate) fn sync(viewer: &mut VncClient) -> Result {
    viewer.request_everything()?;
    viewer.update().map(drop)
}

/// Waits until the whole screen looks like `expected`, give or take `tolerance` in each channel.
pub(crate) fn wait_for_near(viewer: &mut VncClient, expected: &Picture, tolerance: u8) -> Result {
    let near = |viewer: &VncClient| viewer.picture().diff(expected, tolerance, &[]).is_none();
    match viewer.wait_until(soon(), "the picture", near) {
        Err(error) if error.kind() == ErrorKind::Stalled => {
            viewer.picture().expect_near(expected, tolerance, &[])?;
            Err(error)
        }
        result => result,
    }
}

/// Waits until the pointer is at (`x`, `y`) of `surface`.
pub(crate) fn wait_for_pointer(
    client: &mut WaylandClient,
    surface: Surface,
    (x, y): (f64, f64),
) -> Result {
    let what = format!("the pointer at ({x}, {y}) of {surface:?}");
    client.dispatch_until(soon(), &what, |client| {
        let pointer = client.pointer();
        pointer.focus == Some(surface) && pointer.position == (x, y)
    })
}

/// Waits until these buttons were pressed and released, and no others.
pub(crate) fn wait_for_buttons(client: &mut WaylandClient, buttons: &[(u32, bool)]) -> Result {
    client.dispatch_until(soon(), &format!("the buttons {buttons:x?}"), |client| {
        client.pointer().buttons() == buttons
    })
}

/// Waits until these keys were pressed and released, and no others.
pub(crate) fn wait_for_keys(client: &mut WaylandClient, keys: &[(u32, bool)]) -> Result {
    client.dispatch_until(soon(), &format!("the keys {keys:?}"), |client| {
        client.keyboard().keys() == keys
    })
}

/// Waits until `surface` has the keyboard, or nothing of this client has.
pub(crate) fn wait_for_focus(client: &mut WaylandClient, surface: Option<Surface>) -> Result {
    client.dispatch_until(soon(), &format!("the keyboard on {surface:?}"), |client| {
        client.keyboard().focus == surface
    })
}

/// Fails, naming both, unless they are equal.
pub(crate) fn expect_equal<T: PartialEq + std::fmt::Debug>(
    what: &str,
    found: T,
    expected: T,
) -> Result {
    match found == expected {
        true => Ok(()),
        false => Err(Error::other(format!("{what}: {found:?}, not {expected:?}"))),
    }
}

/// The encodings that a viewer needs to draw the cursor itself.
pub(crate) const WITH_CURSOR: [i32; 4] = [
    encoding::HEXTILE,
    encoding::RAW,
    encoding::CURSOR,
    encoding::POINTER_POS,
];
