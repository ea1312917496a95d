//! What a viewer is still to be sent, and the updates made of it (RFC 6143 §7.5.3,
//! §7.6.1).
//!
//! An update answers a request, so whatever is committed uses up the requests that
//! it was planned for. It brings either news of the desktop's size, alone, or the
//! cursor, the name and pixels.

mod copies;
mod desktop;
mod features;
mod head;
mod plan;
mod pointer;

use std::sync::Arc;

use crate::client_message::Layout;
use crate::encoding::{self, Cursor, Encoding, Segment, cursor};
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
use pointer::{Picture, Pointer};

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
    /// Something changed that makes its result useless.
    is_stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of the desktop's size.
    News,
    Pixels,
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
    }

    pub(crate) fn is_continuous(&self) -> bool {
        self.continuous.is_some()
    }

    /// SetDesktopSize. Returns whether the caller has to be asked.
    pub(crate) fn wish(&mut self, layout: Layout, is_allowed: bool) -> bool {
        // A viewer that does not know the answer's encoding cannot be answered, and
        // must not ask.
        self.features.resizing == Resizing::Extended && self.desktop.wish(layout, is_allowed)
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

    pub(crate) fn plan(&mut self) -> Option<Plan> {
        if !self.is_wanted() {
            return None;
        }
        let (kind, damage) = if self.desktop.has_news(self.features.resizing) {
            (Kind::News, Region::new())
        } else {
            (Kind::Pixels, self.next_damage()?)
        };
        let requested = self.requested.take();
        let copies = match kind {
            Kind::News => Vec::new(),
            Kind::Pixels => self.copies.take(),
        };
        let jobs = self.make_jobs(&damage);
        self.plans += 1;
        self.planned = Some(Planned {
            number: self.plans,
            damage,
            copies,
            requested,
            kind,
            is_stale: false,
        });
        Some(Plan {
            number: self.plans,
            jobs,
        })
    }

    /// Commits what came of a plan. A result that does not fit any more is dropped,
    /// and everything is as if it had not been planned. Returns whether an update was
    /// appended.
    pub(crate) fn finish(
        &mut self,
        plan: Plan,
        segments: Vec<Segment>,
        output: &mut Output,
    ) -> bool {
        let Some(planned) = self.planned.take_if(|own| own.number == plan.number) else {
            return false;
        };
        let is_complete = segments.len() == plan.jobs.len();
        let is_sent = !planned.is_stale
            && is_complete
            && match planned.kind {
                Kind::News => self.commit_news(output),
                Kind::Pixels => self.commit_pixels(&plan, &planned.copies, segments, output),
            };
        if is_sent {
            return true;
        }
        self.add_damage(planned.damage.rects());
        let unmoved: Vec<Rect> = planned.copies.iter().map(Move::destination).collect();
        self.add_damage(&unmoved);
        if let Some(requested) = planned.requested {
            self.requested.get_or_insert_default().union(&requested);
        }
        false
    }

    /// What is to be encoded next: what is pending, as far as it was asked for. None
    /// if there is nothing to send at all.
    fn next_damage(&mut self) -> Option<Region> {
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
            && self.pointer.place_news().is_none()
            && !self.head.has_news(&self.features);
        (!is_empty).then_some(damage)
    }

    /// Takes the damage out of what is pending, and cuts it into jobs.
    fn make_jobs(&mut self, damage: &Region) -> Vec<Job> {
        let Some(frame) = &self.frame else {
            return Vec::new();
        };
        if *damage == self.pending {
            self.pending.clear();
        }
        for rect in damage.rects() {
            self.pending.subtract(*rect);
        }
        let mut jobs = Vec::new();
        for rect in damage.rects().iter().flat_map(|rect| plan::cut(*rect)) {
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
                method: self.features.method,
                cursor: cursor.map(|(cursor, at)| (cursor.clone(), at)),
            });
        }
        jobs
    }

    /// Returns whether there was anything to tell.
    fn commit_news(&mut self, output: &mut Output) -> bool {
        let before = self.size();
        let mut news = Vec::new();
        let rectangles = self.desktop.write_news(self.features.resizing, &mut news);
        if rectangles == 0 {
            return false;
        }
        if self.size() != before {
            self.pending = self.size().rect().into();
        }
        output.write(|out| {
            server_message::framebuffer_update(out, rectangles);
            out.append(&mut news);
        });
        true
    }

    /// Returns whether there was anything to send.
    fn commit_pixels(
        &mut self,
        plan: &Plan,
        copies: &[Move],
        segments: Vec<Segment>,
        output: &mut Output,
    ) -> bool {
        let mut head = Vec::new();
        let mut rectangles = self.write_head(&mut head);
        for copy in copies {
            server_message::copy_rect(&mut head, *copy);
            rectangles += 1;
        }
        rectangles += self.prime(plan, &mut head);
        let mut sent = Vec::new();
        for (segment, job) in segments.into_iter().zip(&plan.jobs) {
            match rectangles.checked_add(segment.rectangles()) {
                Some(sum) => {
                    rectangles = sum;
                    sent.push(segment);
                }
                None => self.add_damage(&[job.rect]),
            }
        }
        if rectangles == 0 {
            return false;
        }
        output.write(|out| {
            if std::mem::take(&mut self.format.is_map_news) {
                server_message::set_colour_map_entries(out);
            }
            server_message::framebuffer_update(out, rectangles);
            out.append(&mut head);
        });
        for segment in sent {
            output.push(segment.into_bytes());
        }
        true
    }

    /// Appends the rectangles that come ahead of the pixels. Returns their number.
    fn write_head(&mut self, out: &mut Vec<u8>) -> u16 {
        let mut rectangles = 0;
        if let Some(Picture { kind, cursor }) = self.pointer.news() {
            let segment = cursor::encode(kind, cursor, &self.format.pixels);
            out.extend_from_slice(segment.bytes());
            rectangles += segment.rectangles();
        }
        if let Some(at) = self.pointer.place_news() {
            let encoding = match self.features.pointer_position {
                true => Encoding::POINTER_POS,
                false => Encoding::VMWARE_CURSOR_POSITION,
            };
            server_message::pointer_position(out, encoding, at);
            rectangles += 1;
        }
        self.pointer.told();
        rectangles + self.head.write(&self.features, out)
    }

    /// Appends the start of the viewer's stream, if the plan needs one that the viewer
    /// does not have. Returns the number of rectangles.
    fn prime(&mut self, plan: &Plan, out: &mut Vec<u8>) -> u16 {
        let Some(job) = plan.jobs.first() else {
            return 0;
        };
        // All jobs of a plan have the same encoding.
        let encoding = job.method.encoding;
        if self.primed.contains(&encoding) {
            return 0;
        }
        self.primed.push(encoding);
        let primer = encoding::prime(encoding, &job.frame, job.rect, &job.format);
        primer.map_or(0, |primer| {
            out.extend_from_slice(primer.bytes());
            primer.rectangles()
        })
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
