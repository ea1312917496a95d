//! What a viewer is still to be sent, and the updates made of it (RFC 6143 §7.5.3,
//! §7.6.1).
//!
//! An update answers a request, so whatever is committed uses up the requests that
//! it was planned for. It brings either news of the desktop's size, alone, or the
//! cursor, the name and pixels.

mod commit;
mod copies;
mod desktop;
mod features;
mod head;
mod lossy;
mod plan;
mod pointer;

use std::sync::Arc;
use std::time::Instant;

use crate::client_message::Layout;
use crate::encoding::{Cursor, Encoding};
use crate::frame::Frame;
use crate::geometry::{Point, Rect, Size};
use crate::output::Output;
use crate::pixel_format::PixelFormat;
use crate::region::Region;
use crate::server_message;
use copies::Copies;
use desktop::{Desktop, Resizing};
use features::Features;
use head::Head;
use lossy::Lossy;
use pointer::Pointer;

pub use desktop::ResizeStatus;
pub use head::Leds;
pub use plan::{Job, Plan};
pub use pointer::Mover;

/// Pixels that were moved within the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where they were.
    pub from: Rect,
    /// Where their top left corner is now.
    pub to: Point,
}

/// One viewer's view of the desktop.
#[derive(Debug)]
pub(crate) struct Updates {
    desktop: Desktop,
    frame: Option<Frame>,
    pointer: Pointer,
    head: Head,
    format: Format,
    wishes: Wishes,
    features: Features,
    /// The encodings whose stream the viewer has been sent the start of.
    primed: Vec<Encoding>,
    /// What the viewer can move by itself, before it is sent what is pending.
    copies: Copies,
    /// What the viewer has not been sent, inside its framebuffer.
    pending: Region,
    lossy: Lossy,
    /// What it asks for: nothing, or a region, maybe an empty one.
    requested: Option<Region>,
    /// The part that it is sent without asking.
    continuous: Option<Rect>,
    planned: Option<Planned>,
    /// The number of the last plan.
    plans: u64,
}

/// What the caller wants of the encodings that a viewer lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// The encodings of pixels to choose from first, the best first; none leaves it to the
    /// viewer.
    pub(crate) preferred: Vec<Encoding>,
    /// What is not used.
    pub(crate) without: Vec<Encoding>,
}

/// How the viewer wants its pixels.
#[derive(Debug)]
struct Format {
    pixels: PixelFormat,
    /// The viewer has to be sent the colours that they index.
    is_map_news: bool,
}

/// The plan that is being carried out.
#[derive(Debug)]
struct Planned {
    number: u64,
    /// Taken from what was pending.
    damage: Region,
    /// Taken from what can be moved.
    copies: Vec<Move>,
    /// The requests that it answers.
    requested: Option<Region>,
    kind: Kind,
    /// When it was planned.
    at: Instant,
    /// Something changed that makes its result useless.
    is_stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The desktop's size, and answers to wishes for another one.
    Size,
    Pixels,
    /// Pixels that the viewer has, but with loss.
    Refresh,
}

/// The most jobs in a plan. What is left stays pending.
const MAX_JOBS: usize = 4096;

impl Updates {
    pub(crate) fn new(size: Size, name: String, wishes: Wishes) -> Self {
        Self {
            desktop: Desktop::new(size),
            frame: None,
            pointer: Pointer::default(),
            head: Head::new(name),
            format: Format {
                pixels: PixelFormat::BGRX,
                is_map_news: false,
            },
            features: Features::of(&[], &wishes),
            wishes,
            primed: Vec::new(),
            copies: Copies::default(),
            pending: Region::new(),
            lossy: Lossy::default(),
            requested: None,
            continuous: None,
            planned: None,
            plans: 0,
        }
    }

    /// The encoding of pixels in use.
    pub(crate) fn encoding(&self) -> Encoding {
        self.features.method.encoding
    }

    /// What the viewer can do.
    pub(crate) fn features(&self) -> &Features {
        &self.features
    }

    pub(crate) fn pixel_format(&self) -> PixelFormat {
        self.format.pixels
    }

    /// The size of the viewer's framebuffer.
    pub(crate) fn size(&self) -> Size {
        self.desktop.known()
    }

    /// Appends ServerInit. From here on the viewer knows size and name, and has
    /// seen no pixel.
    pub(crate) fn introduce(&mut self, output: &mut Output) {
        let size = self.desktop.introduce();
        self.head.introduced();
        self.pending = size.rect().into();
        output.write(|out| server_message::server_init(out, size, self.head.name()));
    }

    // What the viewer says.

    pub(crate) fn set_pixel_format(&mut self, format: PixelFormat) {
        self.format = Format {
            pixels: format,
            is_map_news: format.is_colour_map(),
        };
        self.make_stale();
    }

    pub(crate) fn set_encodings(&mut self, encodings: &[Encoding]) {
        let features = Features::of(encodings, &self.wishes);
        let before = std::mem::replace(&mut self.features, features);
        let features = &self.features;
        if features.resizing == Resizing::Extended && before.resizing != Resizing::Extended {
            self.desktop.owe();
        }
        self.head.set_features(&before, features);
        let undrawn = self.pointer.set_features(features);
        self.add_damage(&undrawn);
        if !self.features.copies {
            let lost: Vec<Rect> = self.copies.take().iter().map(Move::destination).collect();
            self.add_damage(&lost);
        }
        self.make_stale();
    }

    /// FramebufferUpdateRequest.
    pub(crate) fn request(&mut self, incremental: bool, area: Rect) {
        if incremental && self.continuous.is_some() {
            return;
        }
        self.requested.get_or_insert_default().add(area);
        if incremental {
            return;
        }
        self.add_damage(&[area]);
        if self.features.resizing == Resizing::Extended {
            self.desktop.owe();
        }
    }

    /// EnableContinuousUpdates; None ends them.
    pub(crate) fn set_continuous(&mut self, area: Option<Rect>) {
        self.continuous = area;
        if area.is_none()
            && let Some(planned) = &mut self.planned
        {
            // After they ended, only what was requested may come.
            planned.is_stale |= planned.requested.is_none();
        }
    }

    pub(crate) fn is_continuous(&self) -> bool {
        self.continuous.is_some()
    }

    /// SetDesktopSize. Returns what the caller has to be asked for.
    pub(crate) fn wish(&mut self, layout: Layout, is_allowed: bool) -> Option<Layout> {
        // A viewer that does not know the answer's encoding cannot be answered, and
        // must not ask.
        match self.features.resizing {
            Resizing::Extended => self.desktop.wish(layout, is_allowed),
            Resizing::Never | Resizing::Plain => None,
        }
    }

    /// The viewer moved the pointer.
    pub(crate) fn take_pointer(&mut self) {
        let damage = self.pointer.take_over();
        self.add_damage(&damage);
    }

    // What the caller says.

    pub(crate) fn show(&mut self, frame: &Frame, damage: &Region, moves: &[Move]) {
        let size = frame.size();
        let before = self.frame.replace(frame.clone());
        if before.is_none_or(|before| before.size() != size) {
            self.desktop.resize(size);
            self.copies.take();
            self.add_damage(&[self.size().rect()]);
            self.make_stale();
            return;
        }
        self.desktop.resize(size);
        self.take_moves(moves);
        // Copies are made before it is sent, from the pixels that the viewer has.
        self.pending.union(damage);
        self.pending.intersect(self.size().rect());
    }

    /// Lets the viewer make moves itself as far as it can; the others become damage.
    fn take_moves(&mut self, moves: &[Move]) {
        let whole = self.size().rect();
        let drawn = self.pointer.area();
        let mut changed: Vec<Rect> = Vec::new();
        for &copy in moves {
            let to = copy.destination();
            let is_unchanged = |rect: &Rect| rect.intersection(copy.from).is_none();
            let can_copy = self.features.copies
                && whole.contains(copy.from)
                && whole.contains(to)
                && is_unchanged(&drawn)
                && changed.iter().all(is_unchanged)
                && !self.pending.intersects(copy.from)
                && self.copies.push(copy);
            changed.push(to);
            if !can_copy {
                self.add_damage(&[to]);
                continue;
            }
            self.pending.subtract(to);
            if let Some(covered) = drawn.intersection(to) {
                // The cursor that was drawn there is gone.
                self.pending.add(covered);
            }
        }
    }

    pub(crate) fn set_cursor(&mut self, cursor: Option<Arc<Cursor>>) {
        let damage = self.pointer.set_cursor(cursor);
        self.add_damage(&damage);
    }

    pub(crate) fn set_pointer(&mut self, at: Point, mover: Mover) {
        let damage = self.pointer.move_to(at, mover);
        self.add_damage(&damage);
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        self.head.set_name(name);
    }

    pub(crate) fn set_leds(&mut self, leds: Leds) {
        self.head.set_leds(leds);
    }

    pub(crate) fn set_relative(&mut self, relative: bool) {
        self.head.set_relative(relative);
    }

    /// Whether the viewer was told to send how far the pointer moves.
    pub(crate) fn is_relative(&self) -> bool {
        self.head.is_relative()
    }

    pub(crate) fn answer_resize(&mut self, status: ResizeStatus) {
        self.desktop.answer(status);
    }

    // What comes of it.

    /// Whether the viewer asks for an update that nobody makes yet.
    pub(crate) fn is_wanted(&self) -> bool {
        (self.requested.is_some() || self.continuous.is_some()) && self.planned.is_none()
    }

    /// When to call [`Updates::handle_timeout`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.lossy.deadline()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.lossy.handle_timeout(now);
    }

    pub(crate) fn plan(&mut self, now: Instant) -> Option<Plan> {
        if !self.is_wanted() {
            return None;
        }
        let (kind, damage) = if self.desktop.has_news(self.features.resizing) {
            (Kind::Size, Region::new())
        } else {
            self.next_damage()?
        };
        let requested = self.requested.take();
        let copies = match kind {
            Kind::Pixels => self.copies.take(),
            Kind::Size | Kind::Refresh => Vec::new(),
        };
        let jobs = self.make_jobs(&damage, kind);
        self.plans += 1;
        self.planned = Some(Planned {
            number: self.plans,
            damage,
            copies,
            requested,
            kind,
            at: now,
            is_stale: false,
        });
        Some(Plan {
            number: self.plans,
            jobs,
        })
    }

    /// What is to be encoded next: what is pending, as far as it was asked for, or else what
    /// the viewer has with loss. None if there is nothing to send at all.
    fn next_damage(&mut self) -> Option<(Kind, Region)> {
        let frame = self.frame.as_ref()?;
        let can_resize = self.features.resizing != Resizing::Never;
        if can_resize && frame.size() != self.size() {
            // A size was agreed on that no frame has yet.
            return None;
        }
        let mut wanted = self.requested.clone().unwrap_or_default();
        wanted.add(self.continuous.unwrap_or_default());
        let lost = self.copies.restrict(&wanted);
        self.add_damage(&lost);
        let bounds = self.pending.bounds();
        let damage = if wanted.rects().iter().any(|rect| rect.contains(bounds)) {
            // Viewers in step keep the same rectangles, and so share jobs.
            self.pending.clone()
        } else {
            self.pending.intersection(&wanted)
        };
        let is_empty = damage.is_empty()
            && self.copies.is_empty()
            && self.pointer.news().is_none()
            && self.pointer.place_news(self.size()).is_none()
            && !self.head.has_news(&self.features);
        if !is_empty {
            return Some((Kind::Pixels, damage));
        }
        let again = self.lossy.take_due(&wanted);
        (!again.is_empty()).then_some((Kind::Refresh, again))
    }

    /// Takes the damage out of what is pending, and cuts it into jobs.
    fn make_jobs(&mut self, damage: &Region, kind: Kind) -> Vec<Job> {
        let Some(frame) = &self.frame else {
            return Vec::new();
        };
        if *damage == self.pending {
            self.pending.clear();
        }
        for rect in damage.rects() {
            self.pending.subtract(*rect);
        }
        let method = match kind {
            Kind::Refresh => self.features.exact,
            Kind::Size | Kind::Pixels => self.features.method,
        };
        let mut jobs = Vec::new();
        let cut = |rect: &Rect| plan::cut(*rect, method);
        for rect in damage.rects().iter().flat_map(cut) {
            if jobs.len() == MAX_JOBS {
                self.pending.add(rect);
                continue;
            }
            let cursor = self
                .pointer
                .drawn()
                .filter(|(cursor, at)| cursor.area(*at).intersection(rect).is_some());
            jobs.push(Job {
                frame: frame.clone(),
                rect,
                format: self.format.pixels,
                method,
                cursor: cursor.map(|(cursor, at)| (cursor.clone(), at)),
            });
        }
        jobs
    }

    /// Marks what lies inside the viewer's framebuffer: it does not have these pixels, and
    /// can move none of them.
    fn add_damage(&mut self, rects: &[Rect]) {
        let size = self.size();
        let spoilt = self.copies.spoil(rects);
        let all = rects.iter().chain(&spoilt);
        for rect in all.filter_map(|rect| rect.clip(size)) {
            self.pending.add(rect);
        }
    }

    fn make_stale(&mut self) {
        if let Some(planned) = &mut self.planned {
            planned.is_stale = true;
        }
    }
}
