//! Pictures to be shown, which change.

use offing_tests::picture::{Picture, Rgb, pattern};
use rfb::{Diff, Frame, Rect, Region, Size};

/// A picture that is drawn over and over.
pub(crate) struct Canvas {
    pub(crate) size: Size,
    /// Width × height pixels of 4 bytes: blue, green, red and 0.
    pixels: Vec<u8>,
    diff: Diff,
}

/// What pictures look like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// Dark strokes on a light ground, here and there in colour.
    Text,
    /// Colours that change slowly.
    Gradient,
    /// No two pixels are alike.
    Noise,
    /// One colour.
    Solid,
}

impl Canvas {
    /// A black one.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            size,
            pixels: vec![0; size.area() as usize * 4],
            diff: Diff::new(),
        }
    }

    /// One that shows a [`pattern`].
    pub(crate) fn pattern(size: Size, seed: u32) -> Self {
        let mut canvas = Self::new(size);
        canvas.draw(size.rect(), |x, y| pattern(seed, x, y));
        canvas
    }

    /// Draws inside a rectangle, which must lie inside the picture.
    pub(crate) fn draw(&mut self, rect: Rect, mut colour: impl FnMut(usize, usize) -> Rgb) {
        for y in rect.y.into()..rect.bottom() as usize {
            for x in rect.x.into()..rect.right() as usize {
                let at = (y * usize::from(self.size.width) + x) * 4;
                let [red, green, blue] = colour(x, y);
                self.pixels[at..at + 3].copy_from_slice(&[blue, green, red]);
            }
        }
    }

    /// The next frame of the picture, of which only `damage` changed, and what differs.
    pub(crate) fn frame(&mut self, damage: &[Rect]) -> Option<(Frame, Region)> {
        let stride = usize::from(self.size.width) * 4;
        let pixels = &self.pixels;
        let row = |y: u16| &pixels[usize::from(y) * stride..][..stride];
        self.diff.update(self.size, row, damage)
    }

    pub(crate) fn picture(&self) -> Picture {
        let (pixels, _) = self.pixels.as_chunks();
        let rgb = pixels
            .iter()
            .flat_map(|[blue, green, red, _]| [*red, *green, *blue]);
        Picture {
            width: self.size.width.into(),
            height: self.size.height.into(),
            rgb: rgb.collect(),
        }
    }
}

impl Content {
    pub(crate) const ALL: [Self; 4] = [Self::Text, Self::Gradient, Self::Noise, Self::Solid];

    /// The colour at (`x`, `y`) of picture number `seed`.
    pub(crate) fn colour(self, seed: u32, x: usize, y: usize) -> Rgb {
        match self {
            Self::Text => {
                let letter = pattern(seed, x / 7, y / 13);
                let stroke = letter[0] >> (((x % 7) + (y % 13) / 2) % 8) & 1;
                match (stroke, letter[1]) {
                    (0, _) => [250, 250, 245],
                    (_, 0..=25) => letter,
                    _ => [20, 20, 30],
                }
            }
            Self::Gradient => {
                let at = |step: usize| (x / 3 + y / 2 + step + seed as usize * 7) as u8;
                [at(0), at(x / 5), at(y / 4)]
            }
            Self::Noise => pattern(seed, x, y),
            Self::Solid => pattern(seed, 0, 0),
        }
    }
}

/// xorshift64: random enough, and the same in every run. Begins with any number but 0.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    /// A number from 0 to before `limit`.
    pub(crate) fn below(&mut self, limit: u16) -> u16 {
        (self.next() % u64::from(limit)) as u16
    }

    /// A rectangle inside a picture, with sides of at most `part` of the picture's.
    pub(crate) fn rect(&mut self, size: Size, part: u16) -> Rect {
        let (x, y) = (self.below(size.width), self.below(size.height));
        let side = |random: &mut Self, room: u16, whole: u16| {
            1 + random.below(room.min(whole / part).max(1))
        };
        let width = side(self, size.width - x, size.width);
        let height = side(self, size.height - y, size.height);
        Rect::new(x, y, width, height)
    }

    /// A rectangle inside a picture that has this pixel.
    pub(crate) fn rect_around(&mut self, size: Size, x: u16, y: u16) -> Rect {
        let (left, top) = (self.below(x + 1), self.below(y + 1));
        let width = x - left + 1 + self.below(size.width - x);
        let height = y - top + 1 + self.below(size.height - y);
        Rect::new(left, top, width, height)
    }
}
