//! What a viewer is still to be sent, and the updates made of it (RFC 6143 §7.5.3,
//! §7.6.1).
//!
//! An update answers a request, so whatever is committed uses up the requests that
//! it was planned for. It brings either news of the desktop's size, alone, or the
//! cursor, the name and pixels.

mod desktop;
mod plan;
mod pointer;

use std::sync::Arc;

use crate::client_message::Layout;
use crate::encoding::{self, Cursor, Encoding, Jpeg, Method, Segment, cursor};
use crate::frame::Frame;
use crate::geometry::{Point, Rect, Size};
use crate::output::Output;
use crate::pixel_format::PixelFormat;
use crate::region::Region;
use crate::server_message;
use desktop::{Desktop, Resizing};
use pointer::Pointer;

pub use desktop::ResizeStatus;
pub use plan::{Job, Plan};

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
    name: Name,
    format: Format,
    /// The encodings to choose from first, the best first; none leaves it to the viewer.
    preferred: Vec<Encoding>,
    features: Features,
    /// The encodings whose stream the viewer has been sent the start of.
    primed: Vec<Encoding>,
    /// What the viewer has not been sent, inside its framebuffer.
    pending: Region,
    /// What it asks for: nothing, or a region, maybe an empty one.
    requested: Option<Region>,
    planned: Option<Planned>,
    /// The number of the last plan.
    plans: u64,
}

/// The desktop's name.
#[derive(Debug)]
struct Name {
    text: String,
    /// The viewer knows another one.
    is_news: bool,
}

/// How the viewer wants its pixels.
#[derive(Debug)]
struct Format {
    pixels: PixelFormat,
    /// The viewer has to be sent the colours that they index.
    is_map_news: bool,
}

/// What matters of the viewer's list of encodings.
#[derive(Clone, Copy, Debug)]
struct Features {
    method: Method,
    resizing: Resizing,
    draws_cursor: bool,
    shows_name: bool,
}

/// The plan that is being carried out.
#[derive(Debug)]
struct Planned {
    number: u64,
    /// Taken from what was pending.
    damage: Region,
    /// The requests that it answers.
    requested: Region,
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
    pub(crate) fn new(size: Size, name: String, preferred: Vec<Encoding>) -> Self {
        Self {
            desktop: Desktop::new(size),
            frame: None,
            pointer: Pointer::default(),
            name: Name {
                text: name,
                is_news: false,
            },
            format: Format {
                pixels: PixelFormat::BGRX,
                is_map_news: false,
            },
            features: Features::of(&[], &preferred),
            preferred,
            primed: Vec::new(),
            pending: Region::new(),
            requested: None,
            planned: None,
            plans: 0,
        }
    }

    /// The encoding of pixels in use.
    pub(crate) fn encoding(&self) -> Encoding {
        self.features.method.encoding
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
        self.name.is_news = false;
        self.pending = size.rect().into();
        output.write(|out| server_message::server_init(out, size, &self.name.text));
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
        let before =
            std::mem::replace(&mut self.features, Features::of(encodings, &self.preferred));
        let features = self.features;
        if features.resizing == Resizing::Extended && before.resizing != Resizing::Extended {
            self.desktop.owe();
        }
        let undrawn = self.pointer.set_remote(features.draws_cursor);
        self.add_damage(&[undrawn]);
        self.make_stale();
    }

    /// FramebufferUpdateRequest.
    pub(crate) fn request(&mut self, incremental: bool, area: Rect) {
        self.requested.get_or_insert_default().add(area);
        if incremental {
            return;
        }
        self.add_damage(&[area]);
        if self.features.resizing == Resizing::Extended {
            self.desktop.owe();
        }
    }

    /// SetDesktopSize. Returns whether the caller has to be asked.
    pub(crate) fn wish(&mut self, layout: Layout, is_allowed: bool) -> bool {
        // A viewer that does not know the answer's encoding cannot be answered, and
        // must not ask.
        self.features.resizing == Resizing::Extended && self.desktop.wish(layout, is_allowed)
    }

    // What the caller says.

    pub(crate) fn show(&mut self, frame: &Frame, damage: &Region, moves: &[Move]) {
        let size = frame.size();
        let before = self.frame.replace(frame.clone());
        if before.is_none_or(|before| before.size() != size) {
            self.desktop.resize(size);
            self.add_damage(&[self.size().rect()]);
            self.make_stale();
            return;
        }
        self.desktop.resize(size);
        self.pending.union(damage);
        self.pending.intersect(self.size().rect());
        for Move { from, to } in moves {
            self.add_damage(&[Rect::new(to.x, to.y, from.width, from.height)]);
        }
    }

    pub(crate) fn set_cursor(&mut self, cursor: Option<Arc<Cursor>>) {
        let damage = self.pointer.set_cursor(cursor);
        self.add_damage(&damage);
    }

    pub(crate) fn set_pointer(&mut self, at: Point) {
        let damage = self.pointer.move_to(at);
        self.add_damage(&damage);
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        if name != self.name.text {
            self.name = Name {
                text: name.to_owned(),
                is_news: true,
            };
        }
    }

    pub(crate) fn answer_resize(&mut self, status: ResizeStatus) {
        self.desktop.answer(status);
    }

    // What comes of it.

    /// Whether the viewer asks for an update that nobody makes yet.
    pub(crate) fn is_wanted(&self) -> bool {
        self.requested.is_some() && self.planned.is_none()
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
        let requested = self.requested.take()?;
        let jobs = self.make_jobs(&damage);
        self.plans += 1;
        self.planned = Some(Planned {
            number: self.plans,
            damage,
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
    /// and everything is as if it had not been planned.
    pub(crate) fn finish(&mut self, plan: Plan, segments: Vec<Segment>, output: &mut Output) {
        let Some(planned) = self.planned.take_if(|own| own.number == plan.number) else {
            return;
        };
        let is_complete = segments.len() == plan.jobs.len();
        let is_sent = !planned.is_stale
            && is_complete
            && match planned.kind {
                Kind::News => self.commit_news(output),
                Kind::Pixels => self.commit_pixels(&plan, segments, output),
            };
        if !is_sent {
            self.pending.union(&planned.damage);
            let requested = self.requested.get_or_insert_default();
            requested.union(&planned.requested);
        }
    }

    /// What is to be encoded next: what is pending, as far as it was asked for. None
    /// if there is nothing to send at all.
    fn next_damage(&self) -> Option<Region> {
        let frame = self.frame.as_ref()?;
        let can_resize = self.features.resizing != Resizing::Never;
        if can_resize && frame.size() != self.size() {
            // A size was agreed on that no frame has yet.
            return None;
        }
        let requested = self.requested.as_ref()?;
        let bounds = self.pending.bounds();
        let damage = if requested.rects().iter().any(|rect| rect.contains(bounds)) {
            // Viewers in step keep the same rectangles, and so share jobs.
            self.pending.clone()
        } else {
            self.pending.intersection(requested)
        };
        let is_empty = damage.is_empty() && self.pointer.news().is_none() && !self.has_new_name();
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
    fn commit_pixels(&mut self, plan: &Plan, segments: Vec<Segment>, output: &mut Output) -> bool {
        let mut head = Vec::new();
        let mut rectangles = self.write_head(&mut head) + self.prime(plan, &mut head);
        let mut sent = Vec::new();
        for (segment, job) in segments.into_iter().zip(&plan.jobs) {
            match rectangles.checked_add(segment.rectangles()) {
                Some(sum) => {
                    rectangles = sum;
                    sent.push(segment);
                }
                None => self.pending.add(job.rect),
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
            output.push(segment);
        }
        true
    }

    /// Appends the rectangles that come ahead of the pixels. Returns their number.
    fn write_head(&mut self, out: &mut Vec<u8>) -> u16 {
        let mut rectangles = 0;
        if let Some(cursor) = self.pointer.news() {
            let segment = cursor::encode(cursor, &self.format.pixels);
            out.extend_from_slice(segment.bytes());
            rectangles += segment.rectangles();
            self.pointer.told();
        }
        if self.has_new_name() {
            server_message::desktop_name(out, &self.name.text);
            rectangles += 1;
            self.name.is_news = false;
        }
        rectangles
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

    fn has_new_name(&self) -> bool {
        self.features.shows_name && self.name.is_news
    }

    /// Marks what lies inside the viewer's framebuffer.
    fn add_damage(&mut self, rects: &[Rect]) {
        let size = self.size();
        for rect in rects.iter().filter_map(|rect| rect.clip(size)) {
            self.pending.add(rect);
        }
    }

    fn make_stale(&mut self) {
        if let Some(planned) = &mut self.planned {
            planned.is_stale = true;
        }
    }
}

impl Features {
    fn of(encodings: &[Encoding], preferred: &[Encoding]) -> Self {
        let has = |encoding| encodings.contains(&encoding);
        let encoding = match choose(encodings, preferred) {
            Encoding::TIGHT => encoding::tight_variant(encodings),
            other => other,
        };
        // Viewers with different levels share what has none.
        let level = match encoding {
            Encoding::ZLIB | Encoding::TIGHT | Encoding::TIGHT_PNG => {
                encodings.iter().find_map(|e| e.compression_level())
            }
            _ => None,
        };
        let jpeg = match encoding {
            Encoding::TIGHT
            | Encoding::TIGHT_WITHOUT_ZLIB
            | Encoding::TIGHT_PNG
            | Encoding::JPEG => Jpeg::wanted(encodings),
            _ => None,
        };
        let resizing = if has(Encoding::EXTENDED_DESKTOP_SIZE) {
            Resizing::Extended
        } else if has(Encoding::DESKTOP_SIZE) {
            Resizing::Plain
        } else {
            Resizing::Never
        };
        Self {
            method: Method {
                encoding,
                level: level.unwrap_or(Method::USUAL_LEVEL),
                jpeg,
            },
            resizing,
            draws_cursor: has(Encoding::CURSOR),
            shows_name: has(Encoding::DESKTOP_NAME),
        }
    }
}

/// The encoding of pixels for a viewer that lists `encodings`: the first of
/// `preferred` that it lists too, or without preferences the first that it lists
/// itself, as far as there is an encoder. Raw is taken by every viewer.
fn choose(encodings: &[Encoding], preferred: &[Encoding]) -> Encoding {
    let is_possible = |encoding: &&Encoding| {
        **encoding == Encoding::RAW
            || Encoding::PIXELS.contains(encoding) && encodings.contains(encoding)
    };
    let order = if preferred.is_empty() {
        encodings
    } else {
        preferred
    };
    order
        .iter()
        .find(is_possible)
        .copied()
        .unwrap_or(Encoding::RAW)
}
