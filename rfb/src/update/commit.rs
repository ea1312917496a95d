//! What comes of a plan: the rectangles of an update.

use super::pointer::Picture;
use super::{Kind, Move, Plan, Planned, Updates};
use crate::encoding::{self, Encoding, Segment, cursor};
use crate::geometry::Rect;
use crate::output::Output;
use crate::server_message;

impl Updates {
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
                Kind::Size => self.commit_size(output),
                Kind::Pixels | Kind::Refresh => {
                    self.commit_pixels(&plan, &planned, segments, output)
                }
            };
        if is_sent {
            return true;
        }
        match planned.kind {
            Kind::Refresh => self.lossy.put_back(&planned.damage),
            Kind::Size | Kind::Pixels => self.add_damage(planned.damage.rects()),
        }
        let unmoved: Vec<Rect> = planned.copies.iter().map(Move::destination).collect();
        self.add_damage(&unmoved);
        if let Some(requested) = planned.requested {
            self.requested.get_or_insert_default().union(&requested);
        }
        false
    }

    /// Returns whether there was anything to tell.
    fn commit_size(&mut self, output: &mut Output) -> bool {
        let mut news = Vec::new();
        let told = self.desktop.write_news(self.features.resizing, &mut news);
        if told.rectangles == 0 {
            return false;
        }
        if told.is_resized {
            self.pending = self.size().rect().into();
            self.copies.take();
            self.lossy.clear();
        }
        output.write(|out| {
            server_message::framebuffer_update(out, told.rectangles);
            out.append(&mut news);
        });
        true
    }

    /// Returns whether there was anything to send.
    fn commit_pixels(
        &mut self,
        plan: &Plan,
        planned: &Planned,
        segments: Vec<Segment>,
        output: &mut Output,
    ) -> bool {
        let mut head = Vec::new();
        let mut rectangles = self.write_head(&mut head);
        for copy in &planned.copies {
            server_message::copy_rect(&mut head, *copy);
            self.lossy.moved(*copy, planned.at);
            rectangles += 1;
        }
        rectangles += self.prime(plan, &mut head);
        let mut sent = Vec::new();
        for (segment, job) in segments.into_iter().zip(&plan.jobs) {
            match rectangles.checked_add(segment.rectangles()) {
                Some(sum) => {
                    rectangles = sum;
                    self.lossy.sent(job.rect, segment.lossy(), planned.at);
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
        if let Some(at) = self.pointer.place_news(self.size()) {
            let encoding = match self.features.pointer_position {
                true => Encoding::POINTER_POS,
                false => Encoding::VMWARE_CURSOR_POSITION,
            };
            server_message::pointer_position(out, encoding, at);
            rectangles += 1;
        }
        self.pointer.told(self.size());
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
}
