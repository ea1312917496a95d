//! What really changed between the last frame and the picture as it is now.

use std::borrow::Cow;
use std::sync::Arc;

use crate::frame::{Band, CELL, Frame, PIXEL, cells_in, heights};
use crate::geometry::{Rect, Size};
use crate::region::Region;

/// Makes frames from a picture that is drawn over and over.
///
/// It compares the picture with the last frame, inside the damage only, and copies
/// what differs: a new frame shares every band of 64 rows that did not change. The
/// comparison goes along rows, the way memory is read fastest.
#[derive(Debug)]
pub struct Diff {
    last: Option<Frame>,
    number: u64,
    enabled: bool,
    /// Bands of earlier frames, to be used again once nobody holds these.
    spares: Vec<Band>,
}

impl Default for Diff {
    fn default() -> Self {
        Self::new()
    }
}

impl Diff {
    /// A diff without a last frame.
    pub fn new() -> Self {
        Self {
            last: None,
            number: 0,
            enabled: true,
            spares: Vec::new(),
        }
    }

    /// Whether pixels are compared, as they are from the start. If not, all damage
    /// counts as changed.
    pub fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    /// The last frame made.
    pub fn frame(&self) -> Option<&Frame> {
        self.last.as_ref()
    }

    /// Makes the next frame of the picture and the region in which it differs from
    /// the last one; nothing if it does not.
    ///
    /// `row` gives the pixels of a row in
    /// [`PixelFormat::BGRX`](crate::pixel_format::PixelFormat::BGRX), at least
    /// width × 4 bytes (of a shorter row, the rest counts as black). Outside of
    /// `damage` the picture must be as it was. The first frame, and one of another
    /// size, is new as a whole, whatever the damage.
    pub fn update<'a>(
        &mut self,
        size: Size,
        row: impl Fn(u16) -> &'a [u8],
        damage: &[Rect],
    ) -> Option<(Frame, Region)> {
        let number = self.number + 1;
        let last = self.last.take().filter(|last| last.size() == size);
        let (frame, changed) = match last {
            None => {
                self.spares.clear();
                (whole(size, number, row), Region::from(size.rect()))
            }
            Some(last) => match self.next(&last, number, row, damage) {
                Some(next) => next,
                None => {
                    self.last = Some(last);
                    return None;
                }
            },
        };
        self.number = number;
        self.last = Some(frame.clone());
        Some((frame, changed))
    }

    /// The frame after `last`, if there is a change.
    fn next<'a>(
        &mut self,
        last: &Frame,
        number: u64,
        row: impl Fn(u16) -> &'a [u8],
        damage: &[Rect],
    ) -> Option<(Frame, Region)> {
        let size = last.size();
        let damage: Region = damage.iter().filter_map(|rect| rect.clip(size)).collect();
        let mut bands = Vec::with_capacity(last.bands().len());
        let mut cells = last.cells().to_vec();
        let mut changed = Vec::new();
        for (band, top) in last.bands().iter().zip((0..).step_by(CELL.height.into())) {
            let area = Rect::new(0, top, size.width, CELL.height);
            let damage = damage.rects().iter().filter_map(|r| r.intersection(area));
            let mut damage: Vec<Rect> = damage.collect();
            let mut parts = match self.enabled {
                true => compare(last, &row, &damage),
                false => damage.clone(),
            };
            if parts.is_empty() {
                bands.push(band.clone());
                continue;
            }
            // All of the damage is copied, which is in fewer pieces than what changed in it.
            damage.sort_unstable_by_key(|rect| rect.x);
            bands.push(self.patched(band, size, top, &row, &damage));
            for index in parts.iter().flat_map(|part| cells_in(size, *part)) {
                cells[index] = number;
            }
            changed.append(&mut parts);
        }
        if changed.is_empty() {
            return None;
        }
        let frame = last.next(number, bands, cells);
        Some((frame, joined(changed)))
    }

    /// A copy of a band with the pixels of the picture in `parts`, which are disjoint and
    /// in the order of their columns.
    fn patched<'a>(
        &mut self,
        band: &Band,
        size: Size,
        top: u16,
        row: &impl Fn(u16) -> &'a [u8],
        parts: &[Rect],
    ) -> Band {
        let mut pixels = self.spare(band.len());
        let stride = usize::from(size.width) * PIXEL;
        for (old, y) in band.chunks_exact(stride).zip(top..) {
            let new = row(y);
            let mut done = 0;
            for part in parts {
                if y < part.y || u32::from(y) >= part.bottom() {
                    continue;
                }
                let start = usize::from(part.x) * PIXEL;
                let end = part.right() as usize * PIXEL;
                pixels.extend_from_slice(&old[done..start]);
                pixels.extend_from_slice(&part_of(new, start, end));
                done = end;
            }
            pixels.extend_from_slice(&old[done..]);
        }
        // Twice the bands of a frame: one that viewers hold and one that they let go.
        if self.spares.len() >= 2 * usize::from(size.height.div_ceil(CELL.height)) {
            self.spares.remove(0);
        }
        self.spares.push(band.clone());
        Arc::new(pixels)
    }

    /// An empty buffer with room for `length` bytes: the oldest spare band that
    /// nobody else holds, or a new one.
    fn spare(&mut self, length: usize) -> Vec<u8> {
        let free = self
            .spares
            .iter()
            .position(|band| Arc::strong_count(band) == 1);
        let buffer = free.and_then(|index| Arc::into_inner(self.spares.remove(index)));
        let mut buffer = buffer.unwrap_or_default();
        buffer.clear();
        buffer.reserve_exact(length);
        buffer
    }
}

/// A frame with all pixels of a picture.
fn whole<'a>(size: Size, number: u64, row: impl Fn(u16) -> &'a [u8]) -> Frame {
    let stride = usize::from(size.width) * PIXEL;
    let mut y = 0;
    let bands = heights(size).map(|height| {
        let mut band = Vec::with_capacity(usize::from(height) * stride);
        for _ in 0..height {
            band.extend_from_slice(&part_of(row(y), 0, stride));
            y += 1;
        }
        Arc::new(band)
    });
    Frame::first(size, number, bands.collect())
}

/// The bytes from `start` to before `end` of a row, zeros where it is too short.
fn part_of(row: &[u8], start: usize, end: usize) -> Cow<'_, [u8]> {
    match row.get(start..end) {
        Some(part) => Cow::Borrowed(part),
        None => {
            let mut part = row.get(start..).unwrap_or_default().to_vec();
            part.resize(end - start, 0);
            Cow::Owned(part)
        }
    }
}

/// What differs inside the damage, which lies in one band: at most one rectangle in
/// each cell, in the order of the columns, and no larger than it has to be.
fn compare<'a>(last: &Frame, row: &impl Fn(u16) -> &'a [u8], damage: &[Rect]) -> Vec<Rect> {
    let columns = last.size().width.div_ceil(CELL.width);
    let mut cells = vec![Bounds::default(); columns.into()];
    for rect in damage {
        let start = usize::from(rect.x) * PIXEL;
        let end = rect.right() as usize * PIXEL;
        let first = usize::from(rect.x / CELL.width);
        for y in outside_in(rect.y, rect.height) {
            let old = &last.row(y)[start..end];
            let new = &part_of(row(y), start, end)[..];
            let mut done = 0;
            for (cell, bounds) in cells.iter_mut().enumerate().skip(first) {
                let cell_end = (cell + 1) * usize::from(CELL.width) * PIXEL;
                let until = cell_end.min(end) - start;
                bounds.cover(
                    y.into(),
                    (start + done) / PIXEL,
                    &old[done..until],
                    &new[done..until],
                );
                done = until;
                if cell_end >= end {
                    break;
                }
            }
        }
    }
    let cells = cells.into_iter();
    cells
        .filter_map(|b| Rect::between(b.left as u32, b.top, b.right as u32, b.bottom))
        .collect()
}

/// The rows from `top` on: the first and the last, and on from both sides. Of what changed all
/// over, the outermost rows tell nearly all there is to know.
fn outside_in(top: u16, height: u16) -> impl Iterator<Item = u16> {
    let last = top + height.saturating_sub(1);
    (0..height).map(move |n| match n % 2 {
        0 => top + n / 2,
        _ => last - n / 2,
    })
}

/// The bounds of the pixels that differ in a cell; empty without any.
#[derive(Clone, Default)]
struct Bounds {
    left: usize,
    right: usize,
    top: u32,
    bottom: u32,
}

impl Bounds {
    /// Grows to cover all that differs in a part of row `y` that begins in column `x`.
    fn cover(&mut self, y: u32, x: usize, old: &[u8], new: &[u8]) {
        let end = x + old.len() / PIXEL;
        if !(self.top..self.bottom).contains(&y) {
            if old == new {
                return;
            }
            if self.left >= self.right {
                // Empty: everything lies outside of these bounds.
                (self.left, self.right) = (end, x);
                (self.top, self.bottom) = (y, y + 1);
            }
            self.top = self.top.min(y);
            self.bottom = self.bottom.max(y + 1);
        }
        // Only what lies outside of the columns known so far has to be looked at.
        let left = self.left.clamp(x, end);
        let before = ..(left - x) * PIXEL;
        if let Some(at) = differing(&old[before], &new[before]).next() {
            self.left = x + at;
        }
        let right = self.right.clamp(x, end);
        let after = (right - x) * PIXEL..;
        if let Some(at) = differing(&old[after.clone()], &new[after]).next_back() {
            self.right = right + at + 1;
        }
    }
}

/// Which pixels of two rows differ.
fn differing(old: &[u8], new: &[u8]) -> impl DoubleEndedIterator<Item = usize> {
    // Equal bytes are compared the fastest all at once; of none, no memory is to be touched.
    let is_equal = old.is_empty() || old == new;
    let length = if is_equal { 0 } else { old.len() };
    let (old, _) = old[..length].as_chunks::<PIXEL>();
    let (new, _) = new[..length].as_chunks::<PIXEL>();
    (0..old.len()).filter(move |at| old[*at] != new[*at])
}

/// The region of the given rectangles, with those joined that lie so close together
/// that a rectangle around both costs less than two.
fn joined(rects: Vec<Rect>) -> Region {
    /// How many of the latest are looked at: more than the cells in a row.
    const RECENT: usize = 64;
    let mut done: Vec<Rect> = Vec::new();
    for mut rect in rects {
        loop {
            let recent = done.len().saturating_sub(RECENT)..done.len();
            let Some(near) = recent.rev().find(|at| is_worth_joining(done[*at], rect)) else {
                break;
            };
            rect = rect.bounds(done.remove(near));
        }
        done.push(rect);
    }
    done.into_iter().collect()
}

/// Whether a rectangle around both has few pixels that neither has: up to a tile's,
/// or up to a quarter.
fn is_worth_joining(a: Rect, b: Rect) -> bool {
    let together = u64::from(a.area()) + u64::from(b.area());
    let bounds = u64::from(a.bounds(b).area());
    bounds <= together + (together / 4).max(256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::random::Random;

    /// A picture that is drawn over and over.
    #[derive(Clone)]
    struct Canvas {
        size: Size,
        pixels: Vec<u8>,
    }

    impl Canvas {
        fn new(size: Size) -> Self {
            let pixels = vec![0; size.area() as usize * PIXEL];
            Self { size, pixels }
        }

        fn stride(&self) -> usize {
            usize::from(self.size.width) * PIXEL
        }

        fn row(&self, y: u16) -> &[u8] {
            &self.pixels[usize::from(y) * self.stride()..][..self.stride()]
        }

        /// Gives some pixels of a rectangle a new colour.
        fn scribble(&mut self, random: &mut Random, rect: Rect) {
            let stride = self.stride();
            for _ in 0..=random.below(6) {
                let x = usize::from(rect.x + random.below(rect.width));
                let y = usize::from(rect.y + random.below(rect.height));
                self.pixels[y * stride + x * PIXEL + usize::from(random.below(4))] =
                    random.below(256) as u8;
            }
        }

        fn fill(&mut self, rect: Rect, value: u8) {
            let stride = self.stride();
            for y in usize::from(rect.y)..rect.bottom() as usize {
                let start = y * stride + usize::from(rect.x) * PIXEL;
                self.pixels[start..start + usize::from(rect.width) * PIXEL].fill(value);
            }
        }

        fn update(&self, diff: &mut Diff, damage: &[Rect]) -> Option<(Frame, Region)> {
            diff.update(self.size, |y| self.row(y), damage)
        }

        fn is(&self, frame: &Frame) -> bool {
            (0..self.size.height).all(|y| frame.row(y) == self.row(y))
        }

        /// Copies a region of a frame into it.
        fn apply(&mut self, frame: &Frame, region: &Region) {
            let stride = self.stride();
            for rect in region.rects() {
                let columns = usize::from(rect.x) * PIXEL..rect.right() as usize * PIXEL;
                for y in rect.y..rect.bottom() as u16 {
                    let row = &mut self.pixels[usize::from(y) * stride..][..stride];
                    row[columns.clone()].copy_from_slice(&frame.row(y)[columns.clone()]);
                }
            }
        }
    }

    #[test]
    fn the_region_turns_the_old_frame_into_the_new_one() {
        for seed in 1..150 {
            let mut random = Random(seed);
            let size = Size::new(1 + random.below(400), 1 + random.below(300));
            let mut canvas = Canvas::new(size);
            let mut diff = Diff::new();
            diff.set_enabled(seed % 4 != 0);
            let (mut last, region) = canvas.update(&mut diff, &[]).unwrap();
            assert_eq!(region.rects(), [size.rect()]);
            let mut viewer = canvas.clone();
            let mut history = vec![(last.clone(), canvas.clone())];
            for _ in 0..8 {
                let damage: Vec<Rect> = (0..random.below(4))
                    .map(|_| random.rect(size, 200))
                    .collect();
                for rect in &damage {
                    canvas.scribble(&mut random, *rect);
                }
                let Some((frame, region)) = canvas.update(&mut diff, &damage) else {
                    assert!(canvas.is(&last));
                    continue;
                };
                assert!(canvas.is(&frame), "seed {seed}");
                viewer.apply(&frame, &region);
                assert_eq!(viewer.pixels, canvas.pixels, "seed {seed}");
                assert!(region.rects().iter().all(|r| size.rect().contains(*r)));
                assert_eq!(frame.number(), last.number() + 1);
                assert!(frame.is_kin(&last));
                assert_eq!(frame.last_change(size.rect()), frame.number());
                // A cell whose pixels changed knows it.
                for y in (0..size.height).step_by(64) {
                    for x in (0..size.width).step_by(128) {
                        let cell = Rect::new(x, y, 128, 64).clip(size).unwrap();
                        let kept = frame.last_change(cell) == last.last_change(cell);
                        let columns = usize::from(cell.x) * 4..cell.right() as usize * 4;
                        let same = (cell.y..cell.bottom() as u16)
                            .all(|y| frame.row(y)[columns.clone()] == last.row(y)[columns.clone()]);
                        assert!(same || !kept);
                        assert!(same == kept || seed % 4 == 0);
                    }
                }
                history.push((frame.clone(), canvas.clone()));
                last = frame;
            }
            for (frame, canvas) in history {
                assert!(canvas.is(&frame), "an older frame changed, seed {seed}");
            }
        }
    }

    #[test]
    fn the_region_is_tight() {
        let size = Size::new(1000, 500);
        let mut canvas = Canvas::new(size);
        let mut diff = Diff::new();
        canvas.update(&mut diff, &[]).unwrap();
        assert_eq!(diff.frame().unwrap().number(), 1);
        // Through two cells and two bands, near their edges, and in one pixel.
        for rect in [
            Rect::new(120, 60, 16, 9),
            Rect::new(127, 63, 1, 1),
            Rect::new(128, 64, 1, 1),
            Rect::new(999, 499, 1, 1),
            Rect::new(0, 0, 1000, 500),
            Rect::new(3, 100, 900, 300),
        ] {
            canvas.fill(rect, rect.x as u8 ^ 0x55);
            let (_, region) = canvas.update(&mut diff, &[size.rect()]).unwrap();
            assert_eq!(region.rects(), [rect]);
            assert!(canvas.update(&mut diff, &[size.rect()]).is_none());
        }
        // Two places far from each other.
        let places = [Rect::new(10, 10, 3, 3), Rect::new(600, 300, 40, 2)];
        for place in places {
            canvas.fill(place, 9);
        }
        let (_, region) = canvas.update(&mut diff, &[size.rect()]).unwrap();
        assert_eq!(region.rects(), places);
    }

    #[test]
    fn what_differs_in_each_cell_is_found_exactly() {
        for seed in 1..200 {
            let mut random = Random(seed);
            let size = Size::new(1 + random.below(400), 1 + random.below(64));
            let mut canvas = Canvas::new(size);
            let (last, _) = canvas.update(&mut Diff::new(), &[]).unwrap();
            let damage: Vec<Rect> = (0..3).map(|_| random.rect(size, 300)).collect();
            for rect in &damage {
                match random.below(3) {
                    0 => canvas.fill(*rect, random.below(256) as u8),
                    _ => canvas.scribble(&mut random, *rect),
                }
            }
            let differs = |x: u16, y: u16| {
                let pixel = usize::from(x) * PIXEL..usize::from(x + 1) * PIXEL;
                last.row(y)[pixel.clone()] != canvas.row(y)[pixel]
            };
            let lefts = (0..size.width).step_by(CELL.width.into());
            let wanted = lefts.filter_map(|left| {
                let columns = (left..size.width).take(CELL.width.into());
                let places = columns.flat_map(|x| (0..size.height).map(move |y| (x, y)));
                let places = places.filter(|(x, y)| differs(*x, *y));
                let pixels = places.map(|(x, y)| Rect::new(x, y, 1, 1));
                pixels.reduce(Rect::bounds)
            });
            let wanted: Vec<Rect> = wanted.collect();
            let found = compare(&last, &|y| canvas.row(y), &damage);
            assert_eq!(found, wanted, "seed {seed}");
        }
    }

    #[test]
    fn only_the_damage_is_looked_at() {
        let size = Size::new(300, 200);
        let mut canvas = Canvas::new(size);
        let mut diff = Diff::new();
        canvas.update(&mut diff, &[]).unwrap();
        canvas.fill(Rect::new(10, 10, 10, 10), 1);
        assert!(
            canvas
                .update(&mut diff, &[Rect::new(20, 0, 280, 200)])
                .is_none()
        );
        assert!(canvas.update(&mut diff, &[]).is_none());
        let beyond = Rect::new(15, 12, u16::MAX, u16::MAX);
        let (_, region) = canvas.update(&mut diff, &[beyond]).unwrap();
        assert_eq!(region.rects(), [Rect::new(15, 12, 5, 8)]);
    }

    #[test]
    fn without_comparing_all_damage_has_changed() {
        let size = Size::new(300, 200);
        let canvas = Canvas::new(size);
        let mut diff = Diff::new();
        diff.set_enabled(false);
        canvas.update(&mut diff, &[]).unwrap();
        let damage = [Rect::new(7, 60, 100, 10), Rect::new(50, 65, 2, 2)];
        let (frame, region) = canvas.update(&mut diff, &damage).unwrap();
        assert_eq!(region.rects(), [damage[0]]);
        assert_eq!(frame.number(), 2);
        assert!(
            canvas
                .update(&mut diff, &[Rect::new(300, 0, 9, 9)])
                .is_none()
        );
    }

    #[test]
    fn a_new_size_is_a_new_picture() {
        let mut diff = Diff::new();
        Canvas::new(Size::new(300, 200))
            .update(&mut diff, &[])
            .unwrap();
        for size in [
            Size::new(301, 200),
            Size::new(0, 0),
            Size::new(5, 0),
            Size::new(2, 2),
        ] {
            let canvas = Canvas::new(size);
            let before = diff.frame().unwrap().number();
            let (frame, region) = canvas.update(&mut diff, &[]).unwrap();
            assert_eq!(frame.size(), size);
            assert_eq!(frame.number(), before + 1);
            assert_eq!(region.area(), u64::from(size.area()));
            assert!(canvas.update(&mut diff, &[Rect::new(0, 0, 9, 9)]).is_none());
        }
    }

    #[test]
    fn short_rows_end_in_black() {
        let mut diff = Diff::new();
        let size = Size::new(2, 2);
        let line = [9; 8];
        diff.update(size, |_| &line, &[]).unwrap();
        let (frame, region) = diff.update(size, |_| &line[..5], &[size.rect()]).unwrap();
        assert_eq!(frame.row(1), [9, 9, 9, 9, 9, 0, 0, 0]);
        assert_eq!(region.rects(), [Rect::new(1, 0, 1, 2)]);
    }

    #[test]
    fn unchanged_bands_are_shared_and_old_ones_used_again() {
        let size = Size::new(64, 256);
        let mut canvas = Canvas::new(size);
        let mut diff = Diff::new();
        let (first, _) = canvas.update(&mut diff, &[]).unwrap();
        canvas.fill(Rect::new(0, 70, 1, 1), 1);
        let (second, _) = canvas.update(&mut diff, &[size.rect()]).unwrap();
        let shared = |y| first.row(y).as_ptr() == second.row(y).as_ptr();
        assert!(shared(0) && !shared(64) && shared(128) && shared(192));
        let freed = first.row(64).as_ptr();
        drop(first);
        canvas.fill(Rect::new(0, 70, 1, 1), 2);
        let (third, _) = canvas.update(&mut diff, &[size.rect()]).unwrap();
        assert_eq!(third.row(64).as_ptr(), freed);
        // However many frames are held, the spares are bounded.
        let mut held = vec![second, third];
        for value in 3..50 {
            canvas.fill(size.rect(), value);
            held.push(canvas.update(&mut diff, &[size.rect()]).unwrap().0);
            assert!(diff.spares.len() <= 8);
        }
        assert_eq!(held[20].row(0)[0], 21);
    }
}
