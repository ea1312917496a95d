//! Segments kept for other viewers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::{Method, Segment};
use crate::geometry::Rect;
use crate::pixel_format::PixelFormat;

/// What the bytes of a segment depend on. It holds for the frames of one
/// [`Diff`](crate::diff::Diff), so a cache must not be shared between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The rectangle of the screen.
    pub rect: Rect,
    /// The frame that last changed it:
    /// [`Frame::last_change`](crate::frame::Frame::last_change).
    pub change: u64,
    /// The layout of the pixels.
    pub format: PixelFormat,
    /// How they are encoded.
    pub method: Method,
}

/// Segments by what they depend on, up to a number of bytes, where each counts as
/// 128 more than it has. Those that have not been asked for lately make room for
/// new ones.
#[derive(Debug)]
pub struct Cache {
    /// The most bytes in one generation: half of the limit.
    share: usize,
    young: Generation,
    /// What was young before. It is dropped when the young are full.
    old: Generation,
}

/// Segments and what they cost. The hash is not seeded: the library
/// draws no random numbers.
#[derive(Debug, Default)]
struct Generation {
    segments: HashMap<Key, Segment, BuildHasherDefault<DefaultHasher>>,
    bytes: usize,
}

/// The bytes that a segment takes in memory. What it needs besides its content
/// counts, as there may be very many very short ones.
fn cost(segment: &Segment) -> usize {
    segment.bytes().len() + 128
}

impl Cache {
    /// An empty cache for up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            share: limit / 2,
            young: Generation::default(),
            old: Generation::default(),
        }
    }

    /// The segment with this key, if it is still kept.
    pub fn get(&mut self, key: &Key) -> Option<Segment> {
        if let Some(segment) = self.young.segments.get(key) {
            return Some(segment.clone());
        }
        let segment = self.old.segments.remove(key)?;
        self.old.bytes -= cost(&segment);
        self.insert(*key, segment.clone());
        Some(segment)
    }

    /// Keeps a segment. One of more than half of the limit is not kept.
    pub fn insert(&mut self, key: Key, segment: Segment) {
        let cost_of_new = cost(&segment);
        if cost_of_new > self.share {
            return;
        }
        if self.young.bytes + cost_of_new > self.share {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.bytes += cost_of_new;
        if let Some(previous) = self.young.segments.insert(key, segment) {
            self.young.bytes -= cost(&previous);
        }
    }

    /// The number of bytes kept now, counted as for the limit.
    pub fn bytes(&self) -> usize {
        self.young.bytes + self.old.bytes
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.young = Generation::default();
        self.old = Generation::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;
    use crate::region::Region;

    fn key(change: u64) -> Key {
        Key {
            rect: Rect::new(0, 0, 16, 16),
            change,
            format: PixelFormat::BGRX,
            method: Encoding::RAW.into(),
        }
    }

    fn segment(length: usize) -> Segment {
        Segment::new(vec![0; length], 1, Region::new())
    }

    #[test]
    fn finds_only_the_same_key() {
        let mut cache = Cache::new(2000);
        let kept = segment(10);
        cache.insert(key(1), kept.clone());
        let found = cache.get(&key(1)).unwrap();
        assert_eq!(found.bytes().as_ptr(), kept.bytes().as_ptr());
        assert!(cache.get(&key(2)).is_none());
        let format = PixelFormat::BGR233;
        assert!(cache.get(&Key { format, ..key(1) }).is_none());
        let method = Encoding::HEXTILE.into();
        assert!(cache.get(&Key { method, ..key(1) }).is_none());
        cache.clear();
        assert!(cache.get(&key(1)).is_none());
    }

    #[test]
    fn bounded_and_keeps_what_is_used() {
        let mut cache = Cache::new(2000);
        for change in 0..200 {
            cache.insert(key(change), segment(50));
            assert!(cache.bytes() <= 2000);
            assert!(cache.get(&key(0)).is_some(), "used all the time");
            assert!(cache.get(&key(change)).is_some());
        }
        assert!(cache.get(&key(100)).is_none());
        for change in 300..310 {
            cache.insert(key(change), segment(872));
            assert!(cache.bytes() <= 2000);
            assert!(cache.get(&key(change)).is_some());
        }
        cache.insert(key(1000), segment(873));
        assert!(cache.get(&key(1000)).is_none());
    }

    #[test]
    fn a_key_may_be_kept_twice() {
        let mut cache = Cache::new(2000);
        for _ in 0..100 {
            cache.insert(key(1), segment(20));
            assert!(cache.bytes() <= 2000);
        }
        cache.insert(key(2), segment(30));
        assert_eq!(cache.get(&key(1)).unwrap().bytes().len(), 20);
        assert_eq!(cache.bytes(), 20 + 30 + 2 * 128);
    }
}
