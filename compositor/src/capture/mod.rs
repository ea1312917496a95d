//! What clients of the session copy of the screen or of a window: a picture when they ask, or a
//! film, picture by picture as it changes.
//!
//! A copy of the screen is taken of the frame that was drawn last, so a client that waits for one
//! wants a frame as a viewer does. It is served when the clock draws, which bounds how often: each
//! client gets one copy at most with each frame. One that waits for a change costs nothing until
//! there is one.

mod window;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_shm::Format;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle};
use smithay::wayland::shm::{BufferAccessError, with_buffer_contents};
use tracing::debug;

use crate::lock::lock;
use crate::render::{Look, write_rows};
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

/// What can be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Screen,
    /// The window of this surface, wherever it is and whatever covers it.
    Window(WlSurface),
}

/// What is to be on a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    source: Source,
    /// The source's size when the client was told how large a copy is.
    whole: rfb::Size,
    /// This part of the source, in pixels.
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

    /// There is no copy.
    fn failed(&self, why: Failure);
}

/// Why there is no copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The buffer does not fit, or no longer.
    Buffer,
    /// What was to be copied is gone.
    Gone,
}

/// Copies that follow each other: how their source looked on the last one.
#[derive(Default)]
pub(crate) struct Series(Mutex<Seen>);

/// How a source looked.
#[derive(Default)]
struct Seen {
    /// The number of the screen's frame; 0 for none.
    frame: u64,
    window: Look,
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
    /// Where the screen looks other than on the last copy, in pixels of the screen.
    fn damage(&self, scene: &Scene) -> rfb::Region {
        let mut damage = scene
            .frame
            .changes_since(lock(&self.series.0).frame, self.subject.area);
        self.damage_cursor(scene.cursor.as_ref(), &mut damage);
        damage
    }

    /// Adds where the cursor was and is, unless it is as on the last copy.
    fn damage_cursor(&self, cursor: Option<&Pointer>, damage: &mut rfb::Region) {
        let (seen, now) = (lock(&self.series.0).cursor, self.seen(cursor));
        if seen != now {
            let areas = [seen, now].into_iter().flatten();
            let areas = areas.filter_map(|(it, _)| it.intersection(self.subject.area));
            areas.for_each(|it| damage.add(it));
        }
    }

    /// How the cursor looks on the copy.
    fn seen(&self, cursor: Option<&Pointer>) -> Option<(rfb::Rect, u64)> {
        let cursor = cursor.filter(|_| self.subject.with_cursor);
        cursor.map(|it| (it.picture.area(it.at), it.changes))
    }

    /// Whether what is to be copied still has the size that the client knows, and the buffer has
    /// it too.
    fn fits(&self, whole: rfb::Size) -> bool {
        let subject = &self.subject;
        whole == subject.whole && self.buffer.is_alive() && subject.fits(&self.buffer)
    }

    /// Copies, and tells the client where it is other than before.
    fn serve(self, scene: &Scene, damage: &rfb::Region) {
        if !self.fits(scene.frame.size()) {
            return self.recipient.failed(Failure::Buffer);
        }
        if let Err(error) = self.write(scene) {
            debug!("nothing could be copied into a buffer: {error}");
            return self.recipient.failed(Failure::Buffer);
        }
        let area = self.subject.area;
        let in_copy = damage.rects().iter().map(|rect| {
            let (x, y) = (rect.x - area.x, rect.y - area.y);
            rfb::Rect::new(x, y, rect.width, rect.height)
        });
        let in_copy: Vec<rfb::Rect> = in_copy.collect();
        let cursor = self.seen(scene.cursor.as_ref());
        let mut seen = lock(&self.series.0);
        (seen.frame, seen.cursor) = (scene.frame.number(), cursor);
        drop(seen);
        self.recipient.copied(&in_copy, scene.time);
    }

    /// Writes the pixels into the client's buffer, and then the cursor over them.
    fn write(&self, scene: &Scene) -> Result<(), BufferAccessError> {
        let area = self.subject.area;
        let corner = rfb::Point::new(0, 0);
        write_rows(&self.buffer, corner, rows(&scene.frame, area))?;
        let cursor = scene.cursor.as_ref().filter(|_| self.subject.with_cursor);
        let Some(Pointer { picture, at, .. }) = cursor else {
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
    /// How large a copy of all of it is, in pixels; none if there is nothing to copy. Of the screen
    /// only the part that is shared is drawn: where viewers see less than the desktop the rest
    /// could only be made up.
    pub(crate) fn size_of_source(&self, source: &Source) -> Option<rfb::Size> {
        match source {
            Source::Screen => self.shared.is_desktop().then(|| self.screen.size()),
            Source::Window(surface) => self.size_of_window(surface),
        }
    }

    /// What a copy of all of it is to show; none if there is nothing to show.
    pub(crate) fn subject(&self, source: Source, with_cursor: bool) -> Option<Subject> {
        let whole = self.size_of_source(&source)?;
        Some(Subject {
            source,
            whole,
            area: whole.rect(),
            with_cursor,
        })
    }

    /// What a copy of a part of the screen, in logical units, is to show; none if there is nothing
    /// to show.
    pub(crate) fn subject_in(
        &self,
        part: Rectangle<i32, Logical>,
        with_cursor: bool,
    ) -> Option<Subject> {
        let screen = self.subject(Source::Screen, with_cursor)?;
        let area = self.screen.pixels_of(part)?;
        Some(Subject { area, ..screen })
    }

    /// A client wants a copy.
    pub(crate) fn request_copy(&mut self, copy: Copy) {
        // A client may take its wishes back between two frames.
        let is_wanted = |copy: &Copy| copy.recipient.client().is_some();
        self.captures.waiting.retain(is_wanted);
        if let Some(client) = copy.recipient.client()
            && self.captures.waiting_of(&client) >= MAX_WAITING
        {
            let reason = format!("more than {MAX_WAITING} copies of the screen at once");
            self.expel(&client, &reason);
        }
        if let Source::Window(surface) = &copy.subject.source {
            // Its program may wait for the next frame, too, where nobody sees it.
            self.desktop.rouse(surface);
            self.clock.expect_callbacks();
        }
        self.captures.waiting.push(copy);
        self.clock.redraw();
    }

    /// Whether some client waits for a frame. While the session is locked none of a window comes.
    pub(crate) fn are_copies_wanted(&self) -> bool {
        let mut waiting = self.captures.waiting.iter();
        waiting.any(|copy| copy.subject.source == Source::Screen || !self.is_locked())
    }

    /// The cursor looks or is elsewhere than before.
    pub(crate) fn cursor_changed(&mut self) {
        self.captures.cursor += 1;
        let mut waiting = self.captures.waiting.iter();
        if waiting.any(|copy| copy.subject.with_cursor) {
            self.clock.redraw();
        }
    }

    /// Serves those that wait for a copy, with the frame that has just been drawn.
    pub(crate) fn serve_copies(&mut self) {
        if !self.are_copies_wanted() {
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
            cursor: self.pointer_at(self.pointed_pixel()),
            time: self.clock.now(),
        };
        let mut served = HashSet::new();
        let mut are_due = false;
        for copy in std::mem::take(&mut self.captures.waiting) {
            let Some(client) = copy.recipient.client() else {
                continue;
            };
            let waits = if served.contains(&client) {
                // Whether it is due is seen with the next frame.
                are_due = true;
                Some(copy)
            } else {
                self.serve_copy(copy, &scene)
            };
            match waits {
                Some(copy) => self.captures.waiting.push(copy),
                None => drop(served.insert(client)),
            }
        }
        if are_due {
            self.clock.redraw();
        }
    }

    /// Serves one that waits for a copy; returns it if it waits on.
    fn serve_copy(&mut self, copy: Copy, scene: &Scene) -> Option<Copy> {
        if let Source::Window(surface) = &copy.subject.source {
            let surface = surface.clone();
            return self.serve_window_copy(copy, &surface);
        }
        let damage = copy.damage(scene);
        if copy.when_changed && damage.is_empty() {
            return Some(copy);
        }
        copy.serve(scene, &damage);
        None
    }

    /// The cursor at a pixel of a copy.
    fn pointer_at(&self, at: rfb::Point) -> Option<Pointer> {
        Some(Pointer {
            picture: self.cursor.picture()?,
            at,
            changes: self.captures.cursor,
        })
    }
}
