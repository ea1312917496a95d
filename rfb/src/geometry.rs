//! Sizes, points and rectangles in pixels, as they travel in RFB: 16 bits, the
//! origin at the top left.

/// A width and a height in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// A place in a picture, in pixels from its top left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Point {
    /// Pixels from the left edge.
    pub x: u16,
    /// Rows from the top edge.
    pub y: u16,
}

/// A rectangle of pixels. Its right and bottom edges may lie past 65,535, so
/// they are computed as 32-bit numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rect {
    /// The leftmost column.
    pub x: u16,
    /// The topmost row.
    pub y: u16,
    /// Pixels in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Size {
    /// A size of `width` × `height` pixels.
    pub const fn new(width: u16, height: u16) -> Self {
        Self { width, height }
    }

    /// The number of pixels.
    pub const fn area(self) -> u32 {
        self.width as u32 * self.height as u32
    }

    /// Whether there is no pixel.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The whole of a picture of this size.
    pub const fn rect(self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }
}

impl Point {
    /// The point in column `x` of row `y`.
    pub const fn new(x: u16, y: u16) -> Self {
        Self { x, y }
    }
}

impl Rect {
    /// The rectangle of `width` × `height` pixels with its top left pixel at
    /// (`x`, `y`).
    pub const fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// The first column to the right of the rectangle.
    pub const fn right(self) -> u32 {
        self.x as u32 + self.width as u32
    }

    /// The first row below the rectangle.
    pub const fn bottom(self) -> u32 {
        self.y as u32 + self.height as u32
    }

    /// The top left pixel.
    pub const fn origin(self) -> Point {
        Point::new(self.x, self.y)
    }

    /// The width and height.
    pub const fn size(self) -> Size {
        Size::new(self.width, self.height)
    }

    /// Whether there is no pixel in it.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The number of pixels.
    pub const fn area(self) -> u32 {
        self.width as u32 * self.height as u32
    }

    /// What both rectangles cover, if that is anything.
    pub fn intersection(self, other: Rect) -> Option<Rect> {
        Self::between(
            self.x.max(other.x).into(),
            self.y.max(other.y).into(),
            self.right().min(other.right()),
            self.bottom().min(other.bottom()),
        )
    }

    /// The part inside a picture of the given size, if there is one.
    pub fn clip(self, size: Size) -> Option<Rect> {
        self.intersection(size.rect())
    }

    /// Whether `other` lies wholly inside. An empty rectangle lies inside every
    /// other one.
    pub fn contains(self, other: Rect) -> bool {
        other.is_empty()
            || (self.x <= other.x
                && self.y <= other.y
                && other.right() <= self.right()
                && other.bottom() <= self.bottom())
    }

    /// Whether the pixel at `point` belongs to the rectangle.
    pub fn contains_point(self, point: Point) -> bool {
        self.contains(Rect::new(point.x, point.y, 1, 1))
    }

    /// The smallest rectangle around both; an empty one does not count. Its
    /// width and height are cut at 65,535, which no two rectangles inside one
    /// picture reach.
    pub fn bounds(self, other: Rect) -> Rect {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self::between(
            self.x.min(other.x).into(),
            self.y.min(other.y).into(),
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        )
        .unwrap_or(self)
    }

    /// The rectangle from (`left`, `top`) to before (`right`, `bottom`), or
    /// nothing if that is empty or begins past 65,535.
    pub(crate) fn between(left: u32, top: u32, right: u32, bottom: u32) -> Option<Rect> {
        if left >= right || top >= bottom {
            return None;
        }
        Some(Rect {
            x: u16::try_from(left).ok()?,
            y: u16::try_from(top).ok()?,
            width: u16::try_from(right - left).unwrap_or(u16::MAX),
            height: u16::try_from(bottom - top).unwrap_or(u16::MAX),
        })
    }
}

/// Numbers for the tests of this crate.
#[cfg(test)]
pub(crate) mod random {
    use super::{Rect, Size};

    /// xorshift64: random enough, and the same in every run. Begins with any number
    /// but 0.
    pub(crate) struct Random(pub(crate) u64);

    impl Random {
        pub(crate) fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 >> 16
        }

        pub(crate) fn below(&mut self, limit: u16) -> u16 {
            (self.next() % u64::from(limit)) as u16
        }

        /// A rectangle inside a picture, with sides of 1 to `most`.
        pub(crate) fn rect(&mut self, size: Size, most: u16) -> Rect {
            let (x, y) = (self.below(size.width), self.below(size.height));
            let width = 1 + self.below(most.min(size.width - x));
            let height = 1 + self.below(most.min(size.height - y));
            Rect::new(x, y, width, height)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_do_not_overflow() {
        let rect = Rect::new(u16::MAX, u16::MAX, u16::MAX, u16::MAX);
        assert_eq!(rect.right(), 131_070);
        assert_eq!(rect.bottom(), 131_070);
        assert_eq!(rect.area(), 65_535 * 65_535);
        assert_eq!(rect.clip(Size::new(1920, 1080)), None);
        assert_eq!(
            rect.intersection(Size::new(u16::MAX, u16::MAX).rect()),
            None
        );
        assert_eq!(rect.bounds(Rect::new(0, 0, 1, 1)).size().width, u16::MAX);
    }

    #[test]
    fn intersection_is_what_both_cover() {
        let a = Rect::new(10, 20, 30, 40);
        assert_eq!(
            a.intersection(Rect::new(0, 0, 15, 25)),
            Some(Rect::new(10, 20, 5, 5))
        );
        assert_eq!(
            a.intersection(Rect::new(12, 22, 2, 2)),
            Some(Rect::new(12, 22, 2, 2))
        );
        // Rectangles that only touch share nothing.
        assert_eq!(a.intersection(Rect::new(40, 20, 5, 5)), None);
        assert_eq!(a.intersection(Rect::new(15, 25, 0, 5)), None);
        assert_eq!(a.clip(Size::new(20, 100)), Some(Rect::new(10, 20, 10, 40)));
    }

    #[test]
    fn containing() {
        let a = Rect::new(10, 20, 30, 40);
        assert!(a.contains(a));
        assert!(a.contains(Rect::new(39, 59, 1, 1)));
        assert!(!a.contains(Rect::new(39, 59, 2, 1)));
        assert!(a.contains(Rect::default()));
        assert!(a.contains_point(Point::new(10, 20)));
        assert!(!a.contains_point(Point::new(40, 20)));
        assert!(!a.contains_point(Point::new(39, 60)));
    }

    #[test]
    fn bounds_ignore_the_empty() {
        let a = Rect::new(10, 20, 30, 40);
        assert_eq!(a.bounds(Rect::new(0, 0, 0, 9)), a);
        assert_eq!(Rect::default().bounds(a), a);
        assert_eq!(a.bounds(Rect::new(50, 10, 1, 1)), Rect::new(10, 10, 41, 50));
    }
}
