//! Encodes once what several viewers need.

use std::collections::HashMap;
use std::io;
use std::thread;

use calloop::ping::Ping;
use rfb::encoding::{Cache, Key, Segment};
use rfb::{Job, Plan};

use super::ViewerId;
use crate::workers::Workers;

/// Up to this many pixels are encoded at once, on the viewers' thread: handing them over to
/// another one would take longer.
const INLINE_AREA: u64 = 64 * 1024;
/// Bytes of encoded rectangles that are kept for other viewers.
const CACHE_BYTES: usize = 32 << 20;
const MAX_THREADS: usize = 8;

/// Runs encoding jobs, each of them once however many viewers need it: what has a key is looked
/// up among what is encoded already and what is being encoded.
pub(super) struct Encoder {
    cache: Cache,
    workers: Workers<Segment>,
    tasks: HashMap<u64, Task>,
    /// The tasks that have a key.
    by_key: HashMap<Key, u64>,
    next_task: u64,
    /// Whether there are several viewers, so that keeping what was encoded is of use.
    sharing: bool,
}

/// A job that a worker has.
struct Task {
    key: Option<Key>,
    /// The viewers that need it, and the job's place in their plans.
    needed_by: Vec<(ViewerId, usize)>,
}

/// What became of a plan.
pub(super) enum Encoded {
    Now(Vec<Segment>),
    /// Some jobs are with the workers: see [`Encoder::results`].
    Later(Pending),
}

/// The segments of a plan, as far as they have come.
pub(super) struct Pending {
    segments: Vec<Option<Segment>>,
}

impl Pending {
    /// Puts in the segment of the plan's job number `index`.
    pub(super) fn put(&mut self, index: usize, segment: Segment) {
        if let Some(place) = self.segments.get_mut(index) {
            *place = Some(segment);
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.segments.iter().all(Option::is_some)
    }

    /// The segments, in the order of the jobs.
    pub(super) fn into_segments(self) -> Vec<Segment> {
        self.segments.into_iter().flatten().collect()
    }
}

/// The segment of a viewer's job, or `None` if encoding it failed.
pub(super) struct JobResult {
    pub(super) viewer: ViewerId,
    pub(super) index: usize,
    pub(super) segment: Option<Segment>,
}

impl Encoder {
    /// `done` is pinged when there are results.
    pub(super) fn start(done: Ping) -> io::Result<Self> {
        let threads = thread::available_parallelism()
            .map_or(1, usize::from)
            .min(MAX_THREADS);
        Ok(Self {
            cache: Cache::new(CACHE_BYTES),
            workers: Workers::start("encode", threads, done)?,
            tasks: HashMap::new(),
            by_key: HashMap::new(),
            next_task: 0,
            sharing: false,
        })
    }

    /// Keeps encoded rectangles for other viewers, or not, if there are none.
    pub(super) fn set_sharing(&mut self, sharing: bool) {
        if self.sharing && !sharing {
            self.cache.clear();
        }
        self.sharing = sharing;
    }

    /// Encodes a plan of this viewer: small ones at once, larger ones on the workers.
    pub(super) fn encode(&mut self, viewer: ViewerId, plan: &Plan) -> Encoded {
        let jobs = plan.jobs();
        let mut pending = Pending {
            segments: jobs.iter().map(|job| self.cache.get(&job.key()?)).collect(),
        };
        let missing: Vec<usize> = (0..)
            .zip(&pending.segments)
            .filter(|(_, s)| s.is_none())
            .map(|(i, _)| i)
            .collect();
        let missing = missing
            .into_iter()
            .filter_map(|index| Some((index, jobs.get(index)?)));
        let area: u64 = missing.clone().map(|(_, job)| u64::from(job.area())).sum();
        let shares =
            |(_, job): (usize, &Job)| job.key().is_some_and(|key| self.by_key.contains_key(&key));
        if area <= INLINE_AREA && !missing.clone().any(shares) {
            for (index, job) in missing {
                let segment = job.run();
                self.remember(job.key(), &segment);
                pending.put(index, segment);
            }
            return Encoded::Now(pending.into_segments());
        }
        for (index, job) in missing {
            self.submit(viewer, index, job);
        }
        Encoded::Later(pending)
    }

    /// Takes what the workers have finished.
    pub(super) fn results(&mut self) -> Vec<JobResult> {
        let mut results = Vec::new();
        for (number, segment) in self.workers.finished() {
            let Some(task) = self.tasks.remove(&number) else {
                continue;
            };
            if let Some(key) = &task.key {
                self.by_key.remove(key);
            }
            if let Some(segment) = &segment {
                self.remember(task.key, segment);
            }
            results.extend(task.needed_by.into_iter().map(|(viewer, index)| JobResult {
                viewer,
                index,
                segment: segment.clone(),
            }));
        }
        results
    }

    fn submit(&mut self, viewer: ViewerId, index: usize, job: &Job) {
        let key = job.key();
        if let Some(task) = key
            .as_ref()
            .and_then(|key| self.tasks.get_mut(self.by_key.get(key)?))
        {
            task.needed_by.push((viewer, index));
            return;
        }
        let number = self.next_task;
        self.next_task += 1;
        if let Some(key) = key {
            self.by_key.insert(key, number);
        }
        self.tasks.insert(
            number,
            Task {
                key,
                needed_by: vec![(viewer, index)],
            },
        );
        let job = job.clone();
        self.workers.submit(number, move || job.run());
    }

    fn remember(&mut self, key: Option<Key>, segment: &Segment) {
        if self.sharing
            && let Some(key) = key
        {
            self.cache.insert(key, segment.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rfb::{Event, Frame, Region, Rights, Security, Session, Size};

    use super::*;
    use crate::workers::tests::Pinged;

    const A: ViewerId = ViewerId(1);
    const B: ViewerId = ViewerId(2);
    const C: ViewerId = ViewerId(3);

    fn start() -> (Encoder, Pinged) {
        let (ping, pinged) = Pinged::new();
        (Encoder::start(ping).unwrap(), pinged)
    }

    /// The plan of a viewer that has asked for all of this frame.
    fn plan(frame: &Frame) -> Plan {
        let now = Instant::now();
        let config = rfb::Config {
            name: String::new(),
            size: frame.size(),
            security: vec![Security::NONE],
            encodings: Vec::new(),
            without: Vec::new(),
            challenge: [0; 16],
        };
        let mut session = Session::new(config, now);
        session.receive(now, b"RFB 003.008\n\x01").unwrap();
        assert!(matches!(session.poll_event(), Some(Event::Authenticate(_))));
        session.accept(Rights::Full);
        session
            .receive(now, b"\x01\x03\x00\x00\x00\x00\x00\xff\xff\xff\xff")
            .unwrap();
        session.show(frame, &Region::from(frame.size().rect()), &[]);
        session.consume(now, usize::MAX);
        session.plan_update(now).expect("a plan")
    }

    #[test]
    fn viewers_in_step_share_what_is_being_encoded_and_what_is_kept() {
        let (mut encoder, mut pinged) = start();
        encoder.set_sharing(true);
        let frame = Frame::solid(Size::new(1920, 1080), [1, 2, 3, 4]);
        let first = plan(&frame);
        let jobs = first.jobs().len();
        assert!(matches!(encoder.encode(A, &first), Encoded::Later(_)));
        assert!(matches!(
            encoder.encode(B, &plan(&frame)),
            Encoded::Later(_)
        ));
        assert_eq!(encoder.tasks.len(), jobs, "each job is run once");
        let results = pinged.collect(2 * jobs, || encoder.results());
        assert_eq!(results.len(), 2 * jobs);
        for index in 0..jobs {
            let place = |viewer| {
                let result = results
                    .iter()
                    .find(|r| r.viewer == viewer && r.index == index);
                result
                    .and_then(|r| r.segment.as_ref())
                    .expect("a segment")
                    .bytes()
                    .as_ptr()
            };
            assert_eq!(place(A), place(B));
        }
        assert!(encoder.tasks.is_empty() && encoder.by_key.is_empty());
        assert!(matches!(encoder.encode(C, &plan(&frame)), Encoded::Now(s) if s.len() == jobs));
    }

    #[test]
    fn nothing_is_kept_for_one_viewer_and_small_plans_need_no_worker() {
        let (mut encoder, mut pinged) = start();
        let large = Frame::solid(Size::new(1920, 1080), [0; 4]);
        let plan_of_large = plan(&large);
        assert!(matches!(
            encoder.encode(A, &plan_of_large),
            Encoded::Later(_)
        ));
        pinged.collect(plan_of_large.jobs().len(), || encoder.results());
        assert_eq!(encoder.cache.bytes(), 0);
        let small = Frame::solid(Size::new(256, 256), [0; 4]);
        assert!(matches!(encoder.encode(A, &plan(&small)), Encoded::Now(s) if !s.is_empty()));
        assert!(encoder.tasks.is_empty());
    }
}
