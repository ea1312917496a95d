//! From the compositor's master image to the viewers' frames, on the compositor's thread.

use rfb::{Diff, Frame, Move, Rect, Size, find_moves};

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
    /// `size.width * 4` bytes, BGRX. `hints` are moves that may have happened.
    pub(super) fn update<'a>(
        &mut self,
        size: Size,
        row: impl Fn(u16) -> &'a [u8],
        damage: &[Rect],
        hints: &[Move],
    ) -> Option<NewFrame> {
        let last = self.frame().filter(|last| last.size() == size).cloned();
        let (frame, mut damage) = self.diff.update(size, row, damage)?;
        let moves = last.map(|last| find_moves(&last, &frame, &mut damage, hints));
        Some(NewFrame {
            frame,
            damage,
            moves: moves.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rfb::Point;

    const SIZE: Size = Size::new(200, 100);

    /// Pixels of 4 bytes, as [`row`] gives them.
    fn picture(colour: impl Fn(u16, u16) -> u32) -> &'static [u8] {
        let places = (0..100).flat_map(|y| (0..200).map(move |x| (x, y)));
        let pixels = places.flat_map(|(x, y)| colour(x, y).to_le_bytes());
        pixels.collect::<Vec<u8>>().leak()
    }

    fn row(pixels: &'static [u8]) -> impl Fn(u16) -> &'static [u8] {
        move |y| &pixels[usize::from(y) * 800..][..800]
    }

    #[test]
    fn only_what_changed_is_damage() {
        let mut capture = Capture::new(true);
        let first = picture(|_, _| 0);
        let new = capture
            .update(SIZE, row(first), &[SIZE.rect()], &[])
            .expect("a first frame");
        assert_eq!(new.damage.area(), 200 * 100);
        let again = capture.update(SIZE, row(first), &[SIZE.rect()], &[]);
        assert!(again.is_none(), "nothing changed");

        let second = picture(|x, y| u32::from((x, y) == (50, 60)));
        let new = capture
            .update(SIZE, row(second), &[SIZE.rect()], &[])
            .expect("a change");
        assert_eq!(new.damage, Rect::new(50, 60, 1, 1).into());
        assert_eq!(new.frame.row(60)[200], 1);
        assert_eq!(capture.frame().map(Frame::number), Some(new.frame.number()));
    }

    #[test]
    fn moves_that_did_happen_are_told() {
        let window = |left: u16| {
            picture(move |x, y| match (left..left + 60).contains(&x) {
                true => u32::from(x - left) << 8 | u32::from(y),
                false => 0xffff_ffff,
            })
        };
        let mut capture = Capture::new(true);
        capture.update(SIZE, row(window(10)), &[SIZE.rect()], &[]);
        let hint = |x| Move {
            from: Rect::new(10, 0, 60, 100),
            to: Point::new(x, 0),
        };
        let new = capture
            .update(SIZE, row(window(35)), &[SIZE.rect()], &[hint(90), hint(35)])
            .expect("a change");
        assert_eq!(new.moves, [hint(35)]);
        assert_eq!(new.damage, Rect::new(10, 0, 25, 100).into());
    }

    #[test]
    fn a_frame_of_another_size_has_no_moves() {
        let pixels = picture(|x, y| u32::from(x) << 8 | u32::from(y));
        let mut capture = Capture::new(true);
        capture.update(SIZE, row(pixels), &[SIZE.rect()], &[]);
        let smaller = Size::new(100, 100);
        let hint = Move {
            from: Rect::new(0, 0, 50, 50),
            to: Point::new(50, 50),
        };
        let new = capture
            .update(smaller, row(pixels), &[smaller.rect()], &[hint])
            .expect("a frame");
        assert!(new.moves.is_empty());
        assert_eq!(new.frame.size(), smaller);
    }
}
