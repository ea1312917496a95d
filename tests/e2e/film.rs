//! An animation to show to viewers. A fault in any of its pictures is still to be seen in the last.

use offing_tests::picture::{Picture, Rgb, pattern};
use offing_tests::vnc_client::VncClient;

/// The screen.
pub(crate) const WIDTH: usize = 640;
pub(crate) const HEIGHT: usize = 480;

/// The side of a cell. There are 40 × 27: one for each frame, painted once.
const CELL: usize = 16;
const COLUMNS: usize = WIDTH / CELL;
const CELLS: usize = COLUMNS * (TEXT / CELL);

/// Where the bands begin that move with each frame.
const TEXT: usize = 432;
const GRADIENT: usize = 456;
const NOISE: usize = 472;

/// The block that moves over the gradient: its side, and how far it goes with each frame.
const BLOCK: usize = NOISE - GRADIENT;
const STEP: usize = 6;

/// The frame's number in the noise, one square for each bit, black or white: to be read even
/// after a lossy compression.
const BITS: usize = 12;
const SQUARE: usize = HEIGHT - NOISE;

/// An animation.
pub(crate) struct Film {
    /// The frame's number.
    pub(crate) number: usize,
    pub(crate) picture: Picture,
}

impl Film {
    /// Begins with frame 0: no cell is painted.
    pub(crate) fn new() -> Self {
        let mut film = Self {
            number: 0,
            picture: Picture::draw(WIDTH, HEIGHT, gradient),
        };
        film.move_bands();
        film
    }

    /// Goes on to the next frame.
    pub(crate) fn advance(&mut self) {
        self.number += 1;
        self.move_bands();
        // The cells are scattered: no two neighbours come one after the other.
        let cell = self.number * 389 % CELLS;
        let (left, top) = (cell % COLUMNS * CELL, cell / COLUMNS * CELL);
        let number = self.number;
        self.paint(left, top, CELL, CELL, |x, y| match number % 5 {
            0 => text(number, x, y),
            1 => gradient(7 * number + 9 * x, 5 * y),
            2 => pattern(number as u32, x, y),
            // Eleven colours.
            3 => pattern(number as u32 % 7, x * y % 11, 0),
            _ => pattern(number as u32, 0, 0),
        });
    }

    /// Whether a viewer sees this frame, by its number.
    pub(crate) fn is_shown(&self, viewer: &VncClient) -> bool {
        let (width, height) = viewer.size();
        let is_right = |bit: usize| {
            let [_, green, _] = viewer.pixel(bit * SQUARE + SQUARE / 2, NOISE + SQUARE / 2);
            (green > 127) == self.bit(bit)
        };
        width >= BITS * SQUARE && height >= HEIGHT && (0..BITS).all(is_right)
    }

    /// A bit of the frame's number.
    fn bit(&self, bit: usize) -> bool {
        self.number >> bit & 1 == 1
    }

    fn move_bands(&mut self) {
        let number = self.number;
        self.paint(0, TEXT, WIDTH, GRADIENT - TEXT, |x, y| {
            text(0, x + 3 * number, y)
        });
        self.paint(0, GRADIENT, WIDTH, NOISE - GRADIENT, |x, y| {
            gradient(x + 5 * number, y)
        });
        let left = STEP * number % (WIDTH - BLOCK);
        self.paint(left, GRADIENT, BLOCK, BLOCK, |x, y| pattern(0, x, y));
        self.paint(0, NOISE, WIDTH, HEIGHT - NOISE, |x, y| {
            pattern(number as u32, x, y)
        });
        for bit in 0..BITS {
            let colour = [[0; 3], [255; 3]][usize::from(self.bit(bit))];
            self.paint(bit * SQUARE, NOISE, SQUARE, SQUARE, |_, _| colour);
        }
    }

    fn paint(
        &mut self,
        left: usize,
        top: usize,
        width: usize,
        height: usize,
        pixel: impl Fn(usize, usize) -> Rgb,
    ) {
        for y in 0..height {
            let start = ((top + y) * WIDTH + left) * 3;
            let row = self.picture.rgb[start..][..width * 3].as_chunks_mut().0;
            for (x, place) in row.iter_mut().enumerate() {
                *place = pixel(x, y);
            }
        }
    }
}

/// Letters of 8 × 12 dots, out of an alphabet of 16, dark on light paper.
fn text(seed: usize, x: usize, y: usize) -> Rgb {
    let [letter, ..] = pattern(seed as u32, x / 8, y / 12);
    let [dot, ..] = pattern(u32::from(letter % 16), x % 8 / 2, y % 12 / 2);
    match (x % 8 < 6 && y % 12 < 10, dot % 2) {
        (true, 0) => [0x20; 3],
        _ => [0xee, 0xee, 0xe0],
    }
}

fn gradient(x: usize, y: usize) -> Rgb {
    [x, x / 2 + y, 2 * y].map(|part| (part % 256) as u8)
}
