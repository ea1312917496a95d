//! What each viewer is put through.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use offing_tests::picture::{Picture, Rect};
use offing_tests::wayland_client::Clipboard;
use offing_tests::{Error, ErrorKind, Result, soon};
use rfb::Encoding;

use super::expected::{Acts, Cursor, Expected, TEXT};
use super::stage::{Guest, Stage};
use crate::film;
use crate::process::{look_before, look_until};

const FRAMES: usize = 48;
const PASSWORD: &str = "secret12";
const UTF8: &str = "text/plain;charset=utf-8";
const LEFT_BUTTON: u32 = 0x110;
/// Where the pointer is put.
const POINT: (usize, usize) = (200, 150);
/// How long is waited for what should not come.
const MOMENT: Duration = Duration::from_millis(1500);

/// The sizes that the session and the viewer's window are given.
const LARGER: (usize, usize) = (700, 500);
const WINDOW: (usize, usize) = (800, 600);

/// The cursor, and the pixel of it that points.
const CURSOR: (usize, usize) = (12, 12);
const HOTSPOT: (usize, usize) = (3, 4);
const CURSORS: [Encoding; 4] = [
    Encoding::CURSOR,
    Encoding::X_CURSOR,
    Encoding::CURSOR_WITH_ALPHA,
    Encoding::VMWARE_CURSOR,
];

/// What a viewer was seen to do. See [`Expected`].
pub(super) struct Seen {
    /// The security types by which it logged in.
    pub(super) security: Vec<String>,
    pub(super) asks_for: String,
    pub(super) is_sent: String,
    pub(super) acts: Option<SeenActs>,
}

/// See [`Acts`].
pub(super) struct SeenActs {
    pub(super) gives: Option<String>,
    pub(super) takes: Option<String>,
    pub(super) follows: bool,
    pub(super) leads: bool,
    pub(super) cursor: Cursor,
}

/// Shows the film to a viewer that logs in with a password, and puts it to use; and sees that it
/// gets in without a password where none is needed.
pub(super) fn see(expected: &Expected) -> Result<Seen> {
    let mut seen = match &expected.acts {
        Some(acts) => see_all(expected, acts)?,
        None => see_picture(expected)?,
    };
    let stage = Stage::open(None)?;
    let mut guest = stage.admit(&expected.program, None)?;
    guest.find_sheet((film::WIDTH, film::HEIGHT))?;
    seen.security.push(security_of(&guest)?);
    Ok(seen)
}

/// Shows the film, and then its last frame to a viewer that takes one picture.
fn see_picture(expected: &Expected) -> Result<Seen> {
    let mut stage = Stage::open(Some(PASSWORD))?;
    for _ in 0..FRAMES {
        stage.show_next_frame()?;
    }
    let guest = stage.admit(&expected.program, Some(PASSWORD))?;
    let mut visit = Visit { stage, guest };
    visit.wait_for_frame()?;
    visit.expect_picture()?;
    visit.conclude(None)
}

fn see_all(expected: &Expected, acts: &Acts) -> Result<Seen> {
    let stage = Stage::open(Some(PASSWORD))?;
    let mut guest = stage.admit(&expected.program, Some(PASSWORD))?;
    guest.find_sheet((film::WIDTH, film::HEIGHT))?;
    let mut visit = Visit { stage, guest };
    for _ in 0..FRAMES {
        visit.show_next_frame()?;
    }
    visit.expect_picture()?;
    visit.see_input()?;
    let cursor = visit.see_cursor()?;
    let follows = visit.see_following(acts.follows.is_there())?;
    let leads = visit.see_leading(acts.leads.is_there())?;
    // These come last: asyncvnc does not survive them.
    let gives = visit.see_given_text(acts.gives.arrives())?;
    let takes = visit.see_taken_text(acts.takes.arrives())?;
    let acts = SeenActs {
        gives,
        takes,
        follows,
        leads,
        cursor,
    };
    visit.conclude(Some(acts))
}

/// A viewer at work.
struct Visit {
    stage: Stage,
    guest: Guest,
}

impl Visit {
    /// Waits until the viewer was sent the last frame.
    fn wait_for_frame(&mut self) -> Result {
        self.stage.wait_for(&mut self.guest)
    }

    /// Shows another frame, and waits until the viewer was sent it.
    fn show_next_frame(&mut self) -> Result {
        self.stage.show_next_frame()?;
        self.wait_for_frame()
    }

    /// Waits until the viewer shows the last frame.
    fn expect_picture(&mut self) -> Result {
        let guest = &mut self.guest;
        let Rect { width, height, .. } = guest.place;
        let wanted = self.stage.picture().crop(Rect::new(0, 0, width, height));
        let shown = look_until("the picture", || {
            Ok((guest.picture()? == wanted).then_some(()))
        });
        match shown {
            Err(error) if error.kind() == ErrorKind::Stalled => {
                // This keeps both for a look.
                let expected = guest.picture()?.expect(&wanted);
                expected.map_err(|it| it.context(error))
            }
            shown => shown,
        }
    }

    /// Puts the pointer on the picture.
    fn point(&mut self) -> Result {
        let Rect { x, y, .. } = self.guest.place;
        self.guest.viewer.point(x + POINT.0, y + POINT.1)
    }

    /// Clicks and types, and waits until both arrive, the click where it should.
    fn see_input(&mut self) -> Result {
        self.stage.client.forget_input();
        self.point()?;
        // A click gives some the keyboard.
        self.guest.viewer.click()?;
        self.guest.viewer.type_letter('k')?;
        let clicks = [(LEFT_BUTTON, true), (LEFT_BUTTON, false)];
        let place = (POINT.0 as f64, POINT.1 as f64);
        let client = &mut self.stage.client;
        client.dispatch_until(soon(), "a click and a key", |client| {
            let pointer = client.pointer();
            client.typed_text() == "k" && pointer.buttons() == clicks && pointer.position == place
        })
    }

    /// Shows a cursor, which must be seen where the pointer is, and hides it again: who drew it.
    fn see_cursor(&mut self) -> Result<Cursor> {
        let (width, height) = CURSOR;
        let picture = Picture::pattern(width, height, 99);
        let size = (width as i32, height as i32);
        let hotspot = (HOTSPOT.0 as i32, HOTSPOT.1 as i32);
        let client = &mut self.stage.client;
        client.set_cursor(size, hotspot, picture.clone())?;
        client.roundtrip()?;
        let Guest { viewer, place, .. } = &mut self.guest;
        let (x, y) = (place.x + POINT.0 - HOTSPOT.0, place.y + POINT.1 - HOTSPOT.1);
        look_until("the cursor", || {
            let seen = viewer.cursor(x, y, CURSOR)?;
            Ok(is_mostly(&seen, &picture).then_some(()))
        })?;
        viewer.leave()?;
        client.hide_cursor()?;
        self.show_next_frame()?;
        let mut sent = self.encodings_sent();
        Ok(match sent.find(|it| CURSORS.contains(it)) {
            Some(encoding) => Cursor::Sent(encoding),
            None => Cursor::Painted,
        })
    }

    /// What arrives in the session of a text that is copied on the viewer's side.
    fn see_given_text(&mut self, expected: Option<&str>) -> Result<Option<String>> {
        let deadline = until(expected.is_some());
        let mut changes = self.stage.client.clipboard(Clipboard::Selection).changes;
        self.guest.viewer.copy(TEXT)?;
        // Some send it when the pointer comes back to them.
        self.point()?;
        let client = &mut self.stage.client;
        let mut text = None;
        while text.is_none() || text.as_deref() != expected {
            let changed = client.dispatch_until(deadline, "a text", |client| {
                client.clipboard(Clipboard::Selection).changes > changes
            });
            if !came(changed)? {
                break;
            }
            changes = client.clipboard(Clipboard::Selection).changes;
            if client.clipboard(Clipboard::Selection).offered.is_some() {
                let pasted = client.paste(Clipboard::Selection, UTF8)?;
                text = Some(String::from_utf8(pasted)?);
            }
        }
        Ok(text)
    }

    /// What arrives on the viewer's side of a text that is copied in the session.
    fn see_taken_text(&mut self, expected: Option<&str>) -> Result<Option<String>> {
        let deadline = until(expected.is_some());
        let mut text = None;
        // Again, as Remmina takes no text in the second after it has given one.
        while (text.is_none() || text.as_deref() != expected) && Instant::now() < deadline {
            self.copy_in_session()?;
            look_before(Instant::now() + MOMENT, || {
                // Some give it when the pointer leaves them.
                self.point()?;
                self.guest.viewer.leave()?;
                text = match self.guest.viewer.clipboard() {
                    Err(error) if error.kind() == ErrorKind::Closed => None,
                    text => Some(text?).filter(|text| !text.is_empty()),
                };
                Ok((text.is_some() && text.as_deref() == expected).then_some(()))
            })?;
        }
        Ok(text)
    }

    /// Copies the text in the session, and waits until that has it.
    fn copy_in_session(&mut self) -> Result {
        let client = &mut self.stage.client;
        let asked = client.clipboard(Clipboard::Selection).asked_for.len();
        client.copy(Clipboard::Selection, &[(UTF8, TEXT.as_bytes())])?;
        client.dispatch_until(soon(), "to be asked for the text", |client| {
            client.clipboard(Clipboard::Selection).asked_for.len() > asked
        })?;
        client.roundtrip()
    }

    /// Whether the viewer's picture becomes as large as the screen: it must, if that is expected,
    /// and must not, if not.
    fn see_following(&mut self, expected: bool) -> Result<bool> {
        let (window, (width, height)) = (self.stage.window, LARGER);
        let size = rfb::Size::new(width as u16, height as u16);
        let resized = self.stage.fixture.with(move |offing| offing.resize(size))?;
        resized.map_err(Error::other)?;
        let client = &mut self.stage.client;
        client.dispatch_until(soon(), "the new size", |client| {
            let mut configures = client.surface(window).configures.iter();
            configures.any(|it| (it.width, it.height) == (width as i32, height as i32))
        })?;
        self.show_at_size(match expected {
            true => LARGER,
            false => (film::WIDTH, film::HEIGHT),
        })?;
        Ok(expected)
    }

    /// Whether the screen becomes as large as the viewer's window.
    fn see_leading(&mut self, expected: bool) -> Result<bool> {
        let (window, client) = (self.stage.window, &mut self.stage.client);
        let before = client.surface(window).size;
        self.guest.viewer.resize(WINDOW.0, WINDOW.1)?;
        let resized = client.dispatch_until(until(expected), "another size", |client| {
            client.surface(window).size != before
        });
        if !came(resized)? {
            return Ok(false);
        }
        let (width, height) = client.surface(window).size;
        self.show_at_size((width as usize, height as usize))?;
        Ok(true)
    }

    /// Shows the sheet, which the viewer must show in this size, and a frame.
    fn show_at_size(&mut self, size: (usize, usize)) -> Result {
        self.stage.show_sheet()?;
        self.guest.find_sheet(size)?;
        self.show_next_frame()?;
        self.expect_picture()
    }

    /// The encodings of all rectangles that the viewer was sent.
    fn encodings_sent(&self) -> impl Iterator<Item = Encoding> {
        let updates = self.guest.witness.client().updates.iter();
        let rects = updates.flat_map(|update| &update.rects);
        rects.map(|rect| Encoding(rect.encoding))
    }

    /// What the connection tells in the end.
    fn conclude(&self, acts: Option<SeenActs>) -> Result<Seen> {
        let asked = self.guest.tap.asked()?.encodings;
        let sent: BTreeSet<Encoding> = self.encodings_sent().collect();
        Ok(Seen {
            security: vec![security_of(&self.guest)?],
            asks_for: names_of_pixels(asked.into_iter().map(Encoding)),
            is_sent: names_of_pixels(sent.into_iter()),
            acts,
        })
    }
}

fn security_of(guest: &Guest) -> Result<String> {
    let security = rfb::Security(guest.tap.asked()?.security);
    Ok(format!("{security:?}"))
}

/// The names of those encodings whose rectangles are pixels.
fn names_of_pixels(encodings: impl Iterator<Item = Encoding>) -> String {
    let is_pixels = |it: &Encoding| (0..=0xff).contains(&it.0) || *it == Encoding::TIGHT_PNG;
    let names: Vec<String> = encodings
        .filter(is_pixels)
        .map(|it| it.to_string())
        .collect();
    names.join(" ")
}

/// Whether almost all pixels are the same. Some viewers draw a dot over a cursor.
fn is_mostly(seen: &Picture, wanted: &Picture) -> bool {
    let pixels = seen.rgb.chunks_exact(3).zip(wanted.rgb.chunks_exact(3));
    let same = pixels.filter(|(a, b)| a == b).count();
    5 * same >= 4 * wanted.width * wanted.height
}

/// Until when is waited for what should come, or should not.
fn until(is_expected: bool) -> Instant {
    match is_expected {
        true => soon(),
        false => Instant::now() + MOMENT,
    }
}

/// Whether something came before its deadline.
fn came(result: Result) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Stalled => Ok(false),
        Err(error) => Err(error),
    }
}
