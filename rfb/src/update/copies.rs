//! Moves of pixels that a viewer makes by itself, by CopyRect (RFC 6143 §7.7.2).

use super::Move;
use crate::geometry::Rect;
use crate::region::Region;

/// Moves that a viewer has still to make, in this order and before any pixel that is
/// pending.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    queue: Vec<Move>,
}

/// The most moves that wait: what comes after them is sent as pixels.
const MAX: usize = 16;

impl Move {
    /// Where the pixels are now.
    pub fn destination(&self) -> Rect {
        Rect::new(self.to.x, self.to.y, self.from.width, self.from.height)
    }
}

impl Copies {
    /// Takes a move, whose source the viewer has as it was. Returns whether there was
    /// room.
    pub(crate) fn push(&mut self, copy: Move) -> bool {
        let has_room = self.queue.len() < MAX;
        if has_room {
            self.queue.push(copy);
        }
        has_room
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes those away that need something of `lost`, which the viewer does not have any
    /// more. Returns what has to be sent as pixels for that.
    pub(crate) fn spoil(&mut self, lost: &[Rect]) -> Vec<Rect> {
        let mut lost = lost.to_vec();
        let known = lost.len();
        self.queue.retain(|copy| {
            let is_spoilt = lost.iter().any(|it| it.intersection(copy.from).is_some());
            if is_spoilt {
                lost.push(copy.destination());
            }
            !is_spoilt
        });
        lost.split_off(known)
    }

    /// Takes all away that change something outside of `wanted`, and what needs them.
    /// Returns what has to be sent as pixels for that.
    pub(crate) fn restrict(&mut self, wanted: &Region) -> Vec<Rect> {
        let is_wanted = |copy: &Move| {
            let to = copy.destination();
            wanted.rects().iter().any(|rect| rect.contains(to))
        };
        let mut lost = Vec::new();
        self.queue.retain(|copy| {
            let is_kept = is_wanted(copy)
                && lost
                    .iter()
                    .all(|it: &Rect| it.intersection(copy.from).is_none());
            if !is_kept {
                lost.push(copy.destination());
            }
            is_kept
        });
        lost
    }

    /// Takes all of them.
    pub(crate) fn take(&mut self) -> Vec<Move> {
        std::mem::take(&mut self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    fn copy(from: u16, to: u16) -> Move {
        Move {
            from: Rect::new(from, 0, 10, 10),
            to: Point::new(to, 0),
        }
    }

    fn at(x: u16) -> Rect {
        Rect::new(x, 0, 10, 10)
    }

    #[test]
    fn what_builds_on_something_lost_is_lost() {
        let mut copies = Copies::default();
        for (from, to) in [(0, 100), (100, 200), (50, 60), (205, 300)] {
            assert!(copies.push(copy(from, to)));
        }
        assert_eq!(copies.spoil(&[at(9)]), [at(100), at(200), at(300)]);
        assert_eq!(copies.take(), [copy(50, 60)]);
        assert!(copies.is_empty());
    }

    #[test]
    fn only_what_is_wanted_is_left() {
        let mut copies = Copies::default();
        for (from, to) in [(0, 100), (100, 20), (50, 60)] {
            copies.push(copy(from, to));
        }
        let wanted = Rect::new(0, 0, 105, 10).into();
        assert_eq!(copies.restrict(&wanted), [at(100), at(20)]);
        assert_eq!(copies.take(), [copy(50, 60)]);
    }

    #[test]
    fn they_are_bounded() {
        let mut copies = Copies::default();
        let taken = (0..100).filter(|_| copies.push(copy(0, 20)));
        assert_eq!(taken.count(), MAX);
    }
}
