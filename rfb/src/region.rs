//! A set of pixels as a list of rectangles.

use crate::geometry::{Rect, Size};

/// A set of pixels: rectangles that do not overlap.
///
/// It is made for damage, where more than needed is allowed and less is not, and
/// it is bounded: an operation that would end with more than
/// [`Region::MAX_RECTS`] rectangles joins some of them, and the region then
/// covers more than it was asked to, but never leaves the bounds of what went
/// in. Below that number every operation is exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    rects: Vec<Rect>,
}

impl Region {
    /// The most rectangles a region consists of.
    pub const MAX_RECTS: usize = 64;

    /// The region without a pixel.
    pub const fn new() -> Self {
        Self { rects: Vec::new() }
    }

    /// The rectangles, in no order. None is empty and no two overlap.
    pub fn rects(&self) -> &[Rect] {
        &self.rects
    }

    /// Whether there is no pixel in it.
    pub fn is_empty(&self) -> bool {
        self.rects.is_empty()
    }

    /// The smallest rectangle around all of it; empty if the region is.
    pub fn bounds(&self) -> Rect {
        self.rects
            .iter()
            .fold(Rect::default(), |bounds, rect| bounds.bounds(*rect))
    }

    /// The number of pixels.
    pub fn area(&self) -> u64 {
        self.rects.iter().map(|rect| u64::from(rect.area())).sum()
    }

    /// Whether any pixel of `rect` belongs to the region.
    pub fn intersects(&self, rect: Rect) -> bool {
        self.rects
            .iter()
            .any(|own| own.intersection(rect).is_some())
    }

    /// Removes every pixel.
    pub fn clear(&mut self) {
        self.rects.clear();
    }

    /// Adds the pixels of `rect`, as far as they lie in the largest picture there
    /// can be (65,535 × 65,535 pixels).
    pub fn add(&mut self, rect: Rect) {
        let Some(mut rect) = rect.clip(Size::new(u16::MAX, u16::MAX)) else {
            return;
        };
        // Neighbours that form one rectangle with it become part of it, and what
        // it covers goes away; both may let it swallow more.
        let mut index = 0;
        while let Some(&own) = self.rects.get(index) {
            if own.contains(rect) {
                return;
            }
            match join(own, rect) {
                Some(joined) => {
                    self.rects.swap_remove(index);
                    rect = joined;
                    index = 0;
                }
                None => index += 1,
            }
        }
        let mut parts = vec![rect];
        for own in &self.rects {
            if own.intersection(rect).is_some() {
                parts = parts
                    .into_iter()
                    .flat_map(|part| difference(part, *own))
                    .collect();
            }
        }
        if self.rects.len() + parts.len() <= Self::MAX_RECTS {
            self.rects.append(&mut parts);
        } else {
            self.add_coarsely(rect);
        }
    }

    /// Adds the pixels of `other`.
    pub fn union(&mut self, other: &Region) {
        if self.is_empty() {
            self.rects.clone_from(&other.rects);
            return;
        }
        for rect in &other.rects {
            self.add(*rect);
        }
    }

    /// Removes the pixels of `rect`.
    pub fn subtract(&mut self, rect: Rect) {
        if !self.intersects(rect) {
            return;
        }
        let parts: Vec<Rect> = self
            .rects
            .iter()
            .flat_map(|own| difference(*own, rect))
            .collect();
        self.replace(parts);
    }

    /// Removes the pixels outside `rect`.
    pub fn intersect(&mut self, rect: Rect) {
        self.rects.retain_mut(|own| match own.intersection(rect) {
            Some(part) => {
                *own = part;
                true
            }
            None => false,
        });
    }

    /// The pixels that belong to both regions.
    pub fn intersection(&self, other: &Region) -> Region {
        let mut both = Region::new();
        let parts = self.rects.iter().flat_map(|own| {
            other
                .rects
                .iter()
                .filter_map(|rect| own.intersection(*rect))
        });
        both.replace(parts.collect());
        both
    }

    /// Takes `parts`, which do not overlap, as the rectangles.
    fn replace(&mut self, parts: Vec<Rect>) {
        if parts.len() <= Self::MAX_RECTS {
            self.rects = parts;
            return;
        }
        self.rects.clear();
        for part in parts {
            self.add(part);
        }
    }

    /// Adds `rect` without growing the list: joined with the rectangle that
    /// wastes the fewest pixels, and with all that both together then overlap.
    fn add_coarsely(&mut self, rect: Rect) {
        let waste = |own: &Rect| {
            u64::from(own.bounds(rect).area())
                .saturating_sub(u64::from(own.area()) + u64::from(rect.area()))
        };
        let nearest = (0..self.rects.len()).min_by_key(|index| waste(&self.rects[*index]));
        let mut rect = match nearest {
            Some(index) => self.rects.swap_remove(index).bounds(rect),
            None => rect,
        };
        let mut index = 0;
        while let Some(&own) = self.rects.get(index) {
            if own.intersection(rect).is_some() {
                rect = self.rects.swap_remove(index).bounds(rect);
                index = 0;
            } else {
                index += 1;
            }
        }
        self.rects.push(rect);
    }
}

impl From<Rect> for Region {
    fn from(rect: Rect) -> Self {
        let mut region = Self::new();
        region.add(rect);
        region
    }
}

impl FromIterator<Rect> for Region {
    fn from_iter<T: IntoIterator<Item = Rect>>(rects: T) -> Self {
        let mut region = Self::new();
        for rect in rects {
            region.add(rect);
        }
        region
    }
}

/// The rectangle that two rectangles form together, if they form one.
fn join(a: Rect, b: Rect) -> Option<Rect> {
    let meet_in_x = u32::from(a.x.max(b.x)) <= a.right().min(b.right());
    let meet_in_y = u32::from(a.y.max(b.y)) <= a.bottom().min(b.bottom());
    let one = b.contains(a)
        || (a.x == b.x && a.width == b.width && meet_in_y)
        || (a.y == b.y && a.height == b.height && meet_in_x);
    one.then(|| a.bounds(b))
}

/// What is left of `rect` without `hole`: above, left, right and below it.
fn difference(rect: Rect, hole: Rect) -> impl Iterator<Item = Rect> {
    let (left, top) = (u32::from(rect.x), u32::from(rect.y));
    let (right, bottom) = (rect.right(), rect.bottom());
    let parts = match rect.intersection(hole) {
        None => [Some(rect), None, None, None],
        Some(cut) => {
            let (cut_x, cut_y) = (u32::from(cut.x), u32::from(cut.y));
            [
                Rect::between(left, top, right, cut_y),
                Rect::between(left, cut_y, cut_x, cut.bottom()),
                Rect::between(cut.right(), cut_y, right, cut.bottom()),
                Rect::between(left, cut.bottom(), right, bottom),
            ]
        }
    };
    parts.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, random::Random};

    const SIDE: u16 = 40;
    const SIZE: Size = Size::new(SIDE, SIDE);

    fn points() -> impl Iterator<Item = Point> {
        (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| Point::new(x, y)))
    }

    /// How many of the rectangles have each point.
    fn bitmap(rects: &[Rect]) -> Vec<usize> {
        let mut bits = vec![0; SIZE.area() as usize];
        for rect in rects {
            change(&mut bits, *rect, |bit| bit + 1);
        }
        bits
    }

    fn change(bits: &mut [usize], rect: Rect, new: impl Fn(usize) -> usize) {
        for y in usize::from(rect.y)..rect.bottom() as usize {
            let row = &mut bits[y * usize::from(SIDE)..][..usize::from(SIDE)];
            for bit in &mut row[rect.x.into()..rect.right() as usize] {
                *bit = new(*bit);
            }
        }
    }

    #[test]
    fn agrees_with_a_bitmap() {
        for seed in 1..200 {
            let mut random = Random(seed);
            let mut region = Region::new();
            let mut bits = bitmap(&[]);
            // Few enough steps that nothing has to be joined coarsely.
            for _ in 0..12 {
                let rect = random.rect(SIZE, SIDE / 2);
                if random.below(3) == 0 {
                    region.subtract(rect);
                    change(&mut bits, rect, |_| 0);
                } else {
                    region.add(rect);
                    change(&mut bits, rect, |_| 1);
                }
                assert_eq!(bitmap(region.rects()), bits, "seed {seed}");
                assert!(region.rects().len() < Region::MAX_RECTS);
                assert_eq!(region.area(), bits.iter().sum::<usize>() as u64);
                assert_eq!(region.is_empty(), !bits.contains(&1));
                let probe = random.rect(SIZE, 5);
                let hit = points()
                    .zip(&bits)
                    .any(|(p, bit)| *bit == 1 && probe.contains_point(p));
                assert_eq!(region.intersects(probe), hit);
            }
            let other: Region = (0..6).map(|_| random.rect(SIZE, SIDE / 2)).collect();
            let both: Vec<usize> = bitmap(other.rects())
                .iter()
                .zip(&bits)
                .map(|(a, b)| a & b)
                .collect();
            assert_eq!(bitmap(region.intersection(&other).rects()), both);
            let either: Vec<usize> = bitmap(other.rects())
                .iter()
                .zip(&bits)
                .map(|(a, b)| a | b)
                .collect();
            let mut union = region.clone();
            union.union(&other);
            assert_eq!(bitmap(union.rects()), either);
            let window = random.rect(SIZE, SIDE);
            region.intersect(window);
            for (bit, point) in bits.iter_mut().zip(points()) {
                *bit &= usize::from(window.contains_point(point));
            }
            assert_eq!(bitmap(region.rects()), bits);
        }
    }

    #[test]
    fn is_bounded_and_never_loses_a_pixel() {
        for seed in 1..40 {
            let mut random = Random(seed);
            let mut region = Region::new();
            let mut bits = bitmap(&[]);
            let mut bounds = Rect::default();
            for _ in 0..400 {
                let rect = random.rect(SIZE, 3);
                region.add(rect);
                change(&mut bits, rect, |_| 1);
                bounds = bounds.bounds(rect);
                assert!(region.rects().len() <= Region::MAX_RECTS);
                assert_eq!(region.bounds(), bounds);
            }
            let counts = bitmap(region.rects());
            assert!(
                counts.iter().all(|count| *count <= 1),
                "overlap, seed {seed}"
            );
            assert!(counts.iter().zip(&bits).all(|(has, wanted)| has >= wanted));
        }
    }

    #[test]
    fn a_checkerboard_times_stripes_stays_bounded() {
        let column: Region = (0..60).map(|x| Rect::new(x * 4, 0, 2, 400)).collect();
        let row: Region = (0..60).map(|y| Rect::new(0, y * 4, 400, 2)).collect();
        let both = column.intersection(&row);
        assert!(both.rects().len() <= Region::MAX_RECTS);
        for x in 0..60 {
            assert!(both.intersects(Rect::new(x * 4, x * 4, 1, 1)));
        }
        let mut holes = Region::from(Rect::new(0, 0, 1000, 1000));
        for i in 0..100 {
            holes.subtract(Rect::new(i * 7, (i * 37) % 500, 3, 3));
            assert!(holes.rects().len() <= Region::MAX_RECTS);
        }
    }

    #[test]
    fn neighbours_become_one() {
        let mut region = Region::new();
        for y in 0..10 {
            for x in 0..10 {
                region.add(Rect::new(x * 128, y * 64, 128, 64));
            }
        }
        assert_eq!(region.rects(), [Rect::new(0, 0, 1280, 640)]);
    }

    #[test]
    fn what_lies_past_the_largest_picture_is_dropped() {
        let region = Region::from(Rect::new(65_000, 10, 65_535, 10));
        assert_eq!(region.rects(), [Rect::new(65_000, 10, 535, 10)]);
        assert!(Region::from(Rect::new(u16::MAX, 0, 1, 1)).is_empty());
    }
}
