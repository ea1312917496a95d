//! A session that shows a film to one viewer.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use offing::remote::{Auth, Listener};
use offing_tests::Result;
use offing_tests::picture::{Picture, Rect, Rgb};
use offing_tests::tap::{Tap, Witness};
use offing_tests::vnc_client::{Login, VncClient};
use offing_tests::wayland_client::{Surface, WaylandClient, Window};

use crate::film::{self, Film};
use crate::fixture::{Fixture, WITH_CURSOR, config, wait_for_pointer};
use crate::foreign::{Door, Program, Viewer};
use crate::process::look_until;

/// What is shown at first, and whenever the size changes: it tells where a viewer shows the
/// picture. Lossy encodings leave a single colour almost as it is.
const SHEET: Rgb = [0xd0, 0x20, 0x90];
const NEAR_SHEET: u8 = 6;

/// How long a program may take to start: a busy machine takes long to load all of its Python.
const START: Duration = Duration::from_secs(60);

pub(super) struct Stage {
    pub(super) fixture: Fixture,
    pub(super) client: WaylandClient,
    pub(super) window: Surface,
    film: Film,
    address: SocketAddr,
    /// Holds the pointer.
    _usher: VncClient,
}

/// The viewer.
pub(super) struct Guest {
    pub(super) viewer: Box<dyn Viewer>,
    pub(super) tap: Tap,
    pub(super) witness: Witness,
    /// Where it shows the picture.
    pub(super) place: Rect,
}

impl Stage {
    /// A session that asks for this password, if any. It shows a sheet of one colour.
    pub(super) fn open(password: Option<&str>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let mut config = config(film::WIDTH, film::HEIGHT);
        config.listeners.push(Listener::Tcp(listener));
        let mut login = Login::new();
        if let Some(password) = password {
            config.auth = Auth {
                security: vec![rfb::Security::VNC_AUTH],
                password: Some(password.to_owned()),
                view_only_password: None,
            };
            login = Login::with_password(password);
        }
        let fixture = Fixture::start(config)?;
        let mut client = fixture.client()?;
        let window = Window::new("film", 100, 100).fullscreen();
        let window = client.open(window.content(SHEET))?;
        // Where viewers cannot draw the cursor, the server paints it over the picture.
        let mut usher = fixture.viewer_with(&login)?;
        usher.set_encodings(&WITH_CURSOR)?;
        usher.pointer(9, 9, 0)?;
        wait_for_pointer(&mut client, window, (9.0, 9.0))?;
        client.hide_cursor()?;
        client.roundtrip()?;
        Ok(Self {
            fixture,
            client,
            window,
            film: Film::new(),
            address,
            _usher: usher,
        })
    }

    /// Starts a viewer, and waits until it is logged in.
    pub(super) fn admit(&self, program: &Program, password: Option<&str>) -> Result<Guest> {
        let door = TcpListener::bind("127.0.0.1:0")?;
        let port = door.local_addr()?.port();
        let mut viewer = program.start(Door { port, password })?;
        let tap = Tap::between(&door, self.address, Instant::now() + START)?;
        viewer.log_in(password)?;
        Ok(Guest {
            viewer,
            witness: tap.witness()?,
            tap,
            place: Rect::new(0, 0, film::WIDTH, film::HEIGHT),
        })
    }

    /// Shows the sheet.
    pub(super) fn show_sheet(&mut self) -> Result {
        self.client.draw(self.window, SHEET)?;
        self.client.roundtrip()
    }

    /// Shows the next frame.
    pub(super) fn show_next_frame(&mut self) -> Result {
        self.film.advance();
        self.client.draw(self.window, self.film.picture.clone())?;
        self.client.roundtrip()
    }

    /// What is shown with the last frame: beyond it the window is black.
    pub(super) fn picture(&self) -> Picture {
        let (width, height) = self.client.surface(self.window).size;
        let black = Picture::solid(width as usize, height as usize, [0; 3]);
        black.with(&self.film.picture, 0, 0)
    }

    /// Waits until the guest was sent the last frame. It gets one only if it asks for it, and so
    /// has decoded the one before.
    pub(super) fn wait_for(&self, guest: &mut Guest) -> Result {
        let film = &self.film;
        let frame = format!("frame {}", film.number);
        let sent = guest.witness.watch_until(&frame, |it| film.is_shown(it));
        sent.map(drop)
    }
}

impl Guest {
    /// Waits until the sheet is shown with this size: then the picture's place is known.
    pub(super) fn find_sheet(&mut self, (width, height): (usize, usize)) -> Result {
        let viewer = &mut self.viewer;
        self.place = look_until(&format!("a sheet of {width}x{height}"), || {
            let found = find_sheet(&viewer.screen()?);
            Ok(found.filter(|it| (it.width, it.height) == (width, height)))
        })?;
        Ok(())
    }

    /// What it shows where the picture is.
    pub(super) fn picture(&mut self) -> Result<Picture> {
        Ok(self.viewer.screen()?.crop(self.place))
    }
}

/// The smallest rectangle around all that has the sheet's colour, if it has it everywhere.
fn find_sheet(screen: &Picture) -> Option<Rect> {
    let is_sheet = |pixel: &[u8]| {
        pixel
            .iter()
            .zip(SHEET)
            .all(|(a, b)| a.abs_diff(b) <= NEAR_SHEET)
    };
    let found = screen
        .rgb
        .chunks_exact(3)
        .enumerate()
        .filter(|(_, pixel)| is_sheet(pixel));
    let places = found.map(|(at, _)| (at % screen.width, at / screen.width));
    let mut count = 0;
    let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
    for (x, y) in places {
        (left, top) = (left.min(x), top.min(y));
        (right, bottom) = (right.max(x + 1), bottom.max(y + 1));
        count += 1;
    }
    let (width, height) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
    (count == width * height).then(|| Rect::new(left, top, width, height))
}
