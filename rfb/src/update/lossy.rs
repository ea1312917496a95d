//! What a viewer has with loss, to be sent again without when nothing changes there any
//! more.

use std::time::{Duration, Instant};

use super::Move;
use crate::geometry::Rect;
use crate::region::Region;

/// The parts of the viewer's picture that are only similar to the frame.
#[derive(Debug, Default)]
pub(crate) struct Lossy {
    /// Sent since the last tick.
    young: Region,
    /// Sent before it.
    old: Region,
    /// To be sent again.
    due: Region,
    next_tick: Option<Instant>,
}

/// Between two ticks. What is left alone for one to two of them is sent again.
const TICK: Duration = Duration::from_millis(50);
/// The most pixels that are sent again at a time: what changes meanwhile waits for them.
const MAX_AREA: u64 = 64 * 1024;

impl Lossy {
    /// The viewer was sent a rectangle, a part of it with loss.
    pub(crate) fn sent(&mut self, rect: Rect, lossy: &Region, now: Instant) {
        self.forget(rect);
        if !lossy.is_empty() {
            self.young.union(lossy);
            self.next_tick.get_or_insert(now + TICK);
        }
    }

    /// The viewer moved pixels, and what they lost with them.
    pub(crate) fn moved(&mut self, copy: Move, now: Instant) {
        let to = copy.destination();
        let mut parts = Vec::new();
        for region in [&self.young, &self.old, &self.due] {
            let lost = region.rects().iter();
            parts.extend(lost.filter_map(|rect| {
                let part = rect.intersection(copy.from)?;
                let (x, y) = (part.x - copy.from.x + to.x, part.y - copy.from.y + to.y);
                Some(Rect::new(x, y, part.width, part.height))
            }));
        }
        self.forget(to);
        for part in parts {
            self.young.add(part);
            self.next_tick.get_or_insert(now + TICK);
        }
    }

    /// The viewer's picture is another one.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// When to tick. Never while there is nothing with loss.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next_tick
    }

    /// Sees what has been left alone.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.next_tick.is_none_or(|tick| tick > now) {
            return;
        }
        let aged = std::mem::take(&mut self.young);
        let quiet = std::mem::replace(&mut self.old, aged);
        self.due.union(&quiet);
        self.next_tick = (!self.old.is_empty()).then(|| now + TICK);
    }

    /// Takes some of what is to be sent again, inside `wanted`.
    pub(crate) fn take_due(&mut self, wanted: &Region) -> Region {
        let mut taken = Region::new();
        for rect in self.due.intersection(wanted).rects() {
            let rows = MAX_AREA.saturating_sub(taken.area()) / u64::from(rect.width);
            let height = u16::try_from(rows).unwrap_or(u16::MAX).min(rect.height);
            taken.add(Rect::new(rect.x, rect.y, rect.width, height));
        }
        for rect in taken.rects() {
            self.due.subtract(*rect);
        }
        taken
    }

    /// What was taken could not be sent.
    pub(crate) fn put_back(&mut self, taken: &Region) {
        self.due.union(taken);
    }

    fn forget(&mut self, rect: Rect) {
        for region in [&mut self.young, &mut self.old, &mut self.due] {
            region.subtract(rect);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, Size};

    const ALL: Rect = Size::new(1000, 1000).rect();
    const PART: Rect = Rect::new(100, 100, 50, 50);

    /// The pixels that become due after so many ticks.
    fn due(lossy: &mut Lossy, ticks: u32) -> Region {
        for _ in 0..ticks {
            if let Some(tick) = lossy.deadline() {
                lossy.handle_timeout(tick - Duration::from_millis(1));
                lossy.handle_timeout(tick);
            }
        }
        lossy.take_due(&ALL.into())
    }

    #[test]
    fn what_is_left_alone_is_due_and_then_nothing_ticks() {
        let now = Instant::now();
        let mut lossy = Lossy::default();
        assert_eq!(lossy.deadline(), None);
        lossy.sent(PART, &PART.into(), now);
        assert!(due(&mut lossy, 1).is_empty());
        assert_eq!(due(&mut lossy, 1), PART.into());
        assert_eq!(lossy.deadline(), None);
        assert!(due(&mut lossy, 5).is_empty());
    }

    #[test]
    fn what_goes_on_changing_is_not() {
        let now = Instant::now();
        let mut lossy = Lossy::default();
        for _ in 0..10 {
            lossy.sent(PART, &PART.into(), now);
            assert!(due(&mut lossy, 1).is_empty());
        }
        // It was sent without loss.
        lossy.sent(PART, &Region::new(), now);
        assert!(due(&mut lossy, 5).is_empty());
    }

    #[test]
    fn only_the_lossy_part_is_sent_again() {
        let now = Instant::now();
        let mut lossy = Lossy::default();
        lossy.sent(PART, &PART.into(), now);
        let part = Rect { height: 10, ..PART };
        lossy.sent(PART, &part.into(), now);
        assert_eq!(due(&mut lossy, 2), part.into());
    }

    #[test]
    fn loss_moves_along() {
        let now = Instant::now();
        let mut lossy = Lossy::default();
        lossy.sent(PART, &PART.into(), now);
        let copy = Move {
            from: Rect::new(90, 90, 30, 30),
            to: Point::new(500, 500),
        };
        lossy.moved(copy, now);
        let mut expected = Region::from(PART);
        expected.add(Rect::new(510, 510, 20, 20));
        assert_eq!(due(&mut lossy, 2), expected);
        // Onto what has no loss, and away from what has.
        lossy.sent(PART, &PART.into(), now);
        lossy.moved(
            Move {
                from: Rect::new(0, 0, 50, 50),
                to: PART.origin(),
            },
            now,
        );
        assert!(due(&mut lossy, 5).is_empty());
    }

    #[test]
    fn little_is_sent_again_at_a_time() {
        let mut lossy = Lossy::default();
        lossy.sent(ALL, &ALL.into(), Instant::now());
        let mut rest = Region::from(ALL);
        let mut first = due(&mut lossy, 2);
        lossy.put_back(&first);
        first = due(&mut lossy, 0);
        let mut turns = 0;
        while !first.is_empty() {
            assert!(first.area() <= MAX_AREA);
            first.rects().iter().for_each(|rect| rest.subtract(*rect));
            first = due(&mut lossy, 0);
            turns += 1;
        }
        assert!(rest.is_empty() && turns < 20);
    }
}
