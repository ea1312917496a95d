//! What clients of the session copy of the screen: a picture when they ask, or a film, picture by
//! picture as the screen changes.
//!
//! A copy is taken of the frame that was drawn last, so a client that waits for one wants a frame
//! as a viewer does. It is served when the clock draws, which bounds how often: each client gets
//! one copy of each frame at most. One that waits for a change costs nothing until there is one.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_shm::Format;
use smithay::utils::{Logical, Rectangle};
use smithay::wayland::shm::{BufferAccessError, with_buffer_contents};
use tracing::debug;

use crate::lock::lock;
use crate::render::write_rows;
use crate::state::Offing;

/// The only format of a copy: what frames are in.
pub(crate) const FORMAT: Format = Format::Xrgb8888;
/// How many copies one client waits for at most.
const MAX_WAITING: usize = 16;

/// The copies that clients wait for, the oldest first.
#[derive(Default)]
pub(crate) struct Captures {
    waiting: Vec<Copy>,
    /// How often the cursor has changed.
    cursor: u64,
    /// The last frame was not copied, as a text was still missing.
    put_off: bool,
}

/// A copy that a client wants.
pub(crate) struct Copy {
    pub(crate) recipient: Box<dyn Recipient>,
    pub(crate) buffer: WlBuffer,
    pub(crate) subject: Subject,
    /// Not before something has changed since the last copy of the series.
    pub(crate) when_changed: bool,
    pub(crate) series: Arc<Series>,
}

/// What is to be on a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The screen's size when the client was told how large a copy is.
    screen: rfb::Size,
    /// This part of the screen, in pixels.
    pub(crate) area: rfb::Rect,
    pub(crate) with_cursor: bool,
}

/// Who gets a copy, and is told of it in the words of its protocol.
pub(crate) trait Recipient {
    /// The client, as long as it still wants the copy.
    fn client(&self) -> Option<ClientId>;

    /// The copy is in the buffer. Since the last one of the series it has changed there, in pixels
    /// of the copy.
    fn copied(&self, damage: &[rfb::Rect], time: Duration);

    /// There is no copy: the buffer does not fit, or no longer.
    fn failed(&self);
}

/// Copies that follow each other: how the screen looked on the last one.
#[derive(Default)]
pub(crate) struct Series(Mutex<Seen>);

/// How the screen looked.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The number of the frame; 0 for none.
    frame: u64,
    /// Where the cursor was, and how often it had changed, if it was on the copy.
    cursor: Option<(rfb::Rect, u64)>,
}

/// What can be copied now.
struct Scene {
    frame: rfb::Frame,
    cursor: Option<Pointer>,
    time: Duration,
}

/// The cursor where it is.
struct Pointer {
    picture: Arc<rfb::Cursor>,
    at: rfb::Point,
    /// How often it has changed.
    changes: u64,
}

impl Captures {
    /// Whether some client waits for a frame.
    pub(crate) fn are_wanted(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn waiting_of(&self, client: &ClientId) -> usize {
        let clients = self.waiting.iter().map(|copy| copy.recipient.client());
        clients.filter(|it| it.as_ref() == Some(client)).count()
    }
}

impl Subject {
    /// Whether a buffer has the size and the format of the copy.
    pub(crate) fn fits(&self, buffer: &WlBuffer) -> bool {
        let size = (i32::from(self.area.width), i32::from(self.area.height));
        with_buffer_contents(buffer, |_, _, data| {
            (data.width, data.height) == size && data.format == FORMAT
        })
        .unwrap_or(false)
    }
}

impl Copy {
    /// Whether the client is to get it now.
    fn is_due(&self, scene: &Scene) -> bool {
        !self.when_changed || !self.damage(scene).is_empty()
    }

    /// Where the screen looks other than on the last copy, in pixels of the screen.
    fn damage(&self, scene: &Scene) -> rfb::Region {
        let seen = *lock(&self.series.0);
        let area = self.subject.area;
        let mut damage = scene.frame.changes_since(seen.frame, area);
        let now = self.seen(scene);
        if seen.cursor != now.cursor {
            let areas = [seen.cursor, now.cursor].into_iter().flatten();
            let areas = areas.filter_map(|(it, _)| it.intersection(area));
            areas.for_each(|it| damage.add(it));
        }
        damage
    }

    /// How the screen looks on the copy.
    fn seen(&self, scene: &Scene) -> Seen {
        let cursor = self.cursor(scene);
        Seen {
            frame: scene.frame.number(),
            cursor: cursor.map(|it| (it.picture.area(it.at), it.changes)),
        }
    }

    /// The cursor, if it belongs on the copy.
    fn cursor<'a>(&self, scene: &'a Scene) -> Option<&'a Pointer> {
        scene.cursor.as_ref().filter(|_| self.subject.with_cursor)
    }

    /// Copies, and tells the client.
    fn serve(self, scene: &Scene) {
        let is_outdated = scene.frame.size() != self.subject.screen;
        if is_outdated || !self.buffer.is_alive() || !self.subject.fits(&self.buffer) {
            return self.recipient.failed();
        }
        if let Err(error) = self.write(scene) {
            debug!("the screen could not be copied: {error}");
            return self.recipient.failed();
        }
        let damage = self.damage(scene);
        let area = self.subject.area;
        let in_copy = damage.rects().iter().map(|rect| {
            let (x, y) = (rect.x - area.x, rect.y - area.y);
            rfb::Rect::new(x, y, rect.width, rect.height)
        });
        let in_copy: Vec<rfb::Rect> = in_copy.collect();
        *lock(&self.series.0) = self.seen(scene);
        self.recipient.copied(&in_copy, scene.time);
    }

    /// Writes the pixels into the client's buffer, and then the cursor over them.
    fn write(&self, scene: &Scene) -> Result<(), BufferAccessError> {
        let area = self.subject.area;
        let corner = rfb::Point::new(0, 0);
        write_rows(&self.buffer, corner, rows(&scene.frame, area))?;
        let Some(Pointer { picture, at, .. }) = self.cursor(scene) else {
            return Ok(());
        };
        let Some(covered) = picture.area(*at).intersection(area) else {
            return Ok(());
        };
        let mut pixels = rows(&scene.frame, covered).collect::<Vec<_>>().concat();
        picture.draw(*at, covered, &mut pixels);
        let corner = rfb::Point::new(covered.x - area.x, covered.y - area.y);
        let drawn = pixels.chunks(usize::from(covered.width) * 4);
        write_rows(&self.buffer, corner, drawn)
    }
}

/// The rows of a part of a frame.
fn rows(frame: &rfb::Frame, part: rfb::Rect) -> impl Iterator<Item = &[u8]> {
    let start = usize::from(part.x) * 4;
    let columns = start..start + usize::from(part.width) * 4;
    let rows = part.y..part.y.saturating_add(part.height);
    rows.map(move |y| frame.row(y).get(columns.clone()).unwrap_or_default())
}

impl Offing {
    /// What a copy of the screen, or of this part of it in logical units, is to show. None if there
    /// is nothing to show: only the part that is shared is drawn, and where viewers see less than
    /// the desktop the rest could only be made up.
    pub(crate) fn subject(
        &self,
        part: Option<Rectangle<i32, Logical>>,
        with_cursor: bool,
    ) -> Option<Subject> {
        if !self.shared.is_desktop() {
            return None;
        }
        let screen = self.screen.size();
        let area = match part {
            Some(part) => self.screen.pixels_of(part)?,
            None => screen.rect(),
        };
        Some(Subject {
            screen,
            area,
            with_cursor,
        })
    }

    /// A client wants a copy.
    pub(crate) fn request_copy(&mut self, copy: Copy) {
        if let Some(client) = copy.recipient.client()
            && self.captures.waiting_of(&client) >= MAX_WAITING
        {
            let reason = format!("more than {MAX_WAITING} copies of the screen at once");
            self.expel(&client, &reason);
        }
        self.captures.waiting.push(copy);
        self.clock.redraw();
    }

    /// The cursor looks or is elsewhere than before.
    pub(crate) fn cursor_changed(&mut self) {
        self.captures.cursor += 1;
        let mut waiting = self.captures.waiting.iter();
        if waiting.any(|copy| copy.subject.with_cursor) {
            self.clock.redraw();
        }
    }

    /// Copies the frame that has just been drawn for those that wait for it.
    pub(crate) fn serve_copies(&mut self) {
        if !self.captures.are_wanted() {
            return;
        }
        // The next frame comes when the text is there. Texts can be missing again and again, so
        // none but that is waited for.
        self.captures.put_off = self.are_texts_coming() && !self.captures.put_off;
        if self.captures.put_off {
            return;
        }
        let Some(frame) = self.remote.frame() else {
            return;
        };
        let scene = Scene {
            frame,
            cursor: self.cursor.picture().map(|picture| Pointer {
                picture,
                at: self.pointed_pixel(),
                changes: self.captures.cursor,
            }),
            time: self.clock.now(),
        };
        let mut served = HashSet::new();
        let mut are_due = false;
        for copy in std::mem::take(&mut self.captures.waiting) {
            let Some(client) = copy.recipient.client() else {
                continue;
            };
            if !copy.is_due(&scene) {
                self.captures.waiting.push(copy);
            } else if served.insert(client) {
                copy.serve(&scene);
            } else {
                are_due = true;
                self.captures.waiting.push(copy);
            }
        }
        if are_due {
            self.clock.redraw();
        }
    }
}
