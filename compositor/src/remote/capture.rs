//! From the compositor's master image to the viewers' frames, on the compositor's thread.

use rfb::{Diff, Frame, Move, Rect, Size};

use super::mailbox::NewFrame;

/// Keeps the last frame and finds what really changed since.
pub(super) struct Capture {
    diff: Diff,
}

impl Capture {
    /// `compare`: unchanged pixels inside the damage are found and left out.
    pub(super) fn new(compare: bool) -> Self {
        let mut diff = Diff::new();
        diff.set_enabled(compare);
        Self { diff }
    }

    /// The latest frame.
    pub(super) fn frame(&self) -> Option<&Frame> {
        self.diff.frame()
    }

    /// Makes the next frame, if anything changed. `row` gives the pixels of a row, at least
    /// `size.width * 4` bytes, BGRX. Places that pixels were moved to need not be in `damage`.
    pub(super) fn update<'a>(
        &mut self,
        size: Size,
        row: impl Fn(u16) -> &'a [u8],
        damage: &[Rect],
        moves: &[Move],
    ) -> Option<NewFrame> {
        let resized = self.frame().is_none_or(|frame| frame.size() != size);
        let (frame, changed) = if moves.is_empty() {
            self.diff.update(size, row, damage)?
        } else {
            let damage: Vec<Rect> = damage
                .iter()
                .copied()
                .chain(moves.iter().map(Move::destination))
                .collect();
            self.diff.update(size, row, &damage)?
        };
        let moves = if resized { Vec::new() } else { moves.to_vec() };
        Some(NewFrame {
            frame,
            damage: changed,
            moves,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rfb::Point;

    const SIZE: Size = Size::new(200, 100);

    #[test]
    fn only_what_changed_is_damage_and_moves_need_no_damage() {
        let mut pixels = vec![0u8; 200 * 100 * 4];
        let mut capture = Capture::new(true);
        let row = |pixels: &'static [u8]| move |y: u16| &pixels[usize::from(y) * 800..][..800];
        let first: &'static [u8] = pixels.clone().leak();
        let new = capture
            .update(SIZE, row(first), &[SIZE.rect()], &[])
            .expect("a first frame");
        assert_eq!(new.damage.area(), 200 * 100);
        assert!(
            capture
                .update(SIZE, row(first), &[SIZE.rect()], &[])
                .is_none(),
            "nothing changed"
        );

        pixels[(60 * 200 + 50) * 4] = 9;
        let second: &'static [u8] = pixels.clone().leak();
        let moved = Move {
            from: Rect::new(0, 0, 10, 10),
            to: Point::new(45, 55),
        };
        let new = capture
            .update(SIZE, row(second), &[], &[moved])
            .expect("a change");
        assert_eq!(new.moves.len(), 1);
        assert!(new.damage.intersects(Rect::new(50, 60, 1, 1)));
        assert_eq!(new.frame.row(60)[200], 9);
        assert_eq!(capture.frame().map(Frame::number), Some(new.frame.number()));
    }

    #[test]
    fn a_frame_of_another_size_has_no_moves() {
        let pixels: &'static [u8] = vec![0u8; 200 * 100 * 4].leak();
        let mut capture = Capture::new(true);
        let row = |y: u16| &pixels[usize::from(y) * 800..][..800];
        capture.update(SIZE, row, &[SIZE.rect()], &[]);
        let moved = Move {
            from: Rect::new(0, 0, 10, 10),
            to: Point::new(45, 55),
        };
        let smaller = Size::new(100, 100);
        let new = capture
            .update(smaller, row, &[smaller.rect()], &[moved])
            .expect("a frame");
        assert!(new.moves.is_empty());
        assert_eq!(new.frame.size(), smaller);
    }
}
