//! The region in which two frames differ, and the moves between them, lead from the one to
//! the other.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use offing_rfb_fuzz::Area;
use rfb::{Diff, Move, Point, Rect, Size, find_moves};

/// How a picture changes.
#[derive(Arbitrary, Debug)]
enum Change {
    Fill(Area, u8),
    Text(Area, u8),
    Move(Area, u8, u8),
}

#[derive(Arbitrary, Debug)]
struct Input {
    size: (u8, u8),
    frames: Vec<(Vec<Change>, Vec<(Area, u8, u8)>)>,
}

/// A picture of one byte for each pixel.
#[derive(Clone)]
struct Canvas {
    size: Size,
    pixels: Vec<[u8; 4]>,
}

impl Canvas {
    fn places(&self, rect: Rect) -> Vec<usize> {
        let rect = rect.clip(self.size).unwrap_or_default();
        let rows = usize::from(rect.y)..rect.bottom() as usize;
        let columns = usize::from(rect.x)..rect.right() as usize;
        let width = usize::from(self.size.width);
        rows.flat_map(|y| columns.clone().map(move |x| y * width + x))
            .collect()
    }

    fn copy(&mut self, copy: Move, before: &Canvas) {
        let whole = self.size.rect();
        if !whole.contains(copy.from) || !whole.contains(copy.destination()) {
            return;
        }
        let (from, to) = (self.places(copy.from), self.places(copy.destination()));
        for (from, to) in from.into_iter().zip(to) {
            self.pixels[to] = before.pixels[from];
        }
    }

    fn change(&mut self, change: &Change) -> Rect {
        match *change {
            Change::Fill(area, colour) => {
                for at in self.places(area.rect()) {
                    self.pixels[at] = [colour, 0, 0, 0];
                }
                area.rect()
            }
            Change::Text(area, seed) => {
                for at in self.places(area.rect()) {
                    let mixed = (at as u32 ^ u32::from(seed)).wrapping_mul(0x9e37_79b1);
                    self.pixels[at] = [(mixed >> 24) as u8, 0, 0, 0];
                }
                area.rect()
            }
            Change::Move(area, x, y) => {
                let to = Point::new(x.into(), y.into());
                let copy = Move {
                    from: area.rect(),
                    to,
                };
                let before = self.clone();
                self.copy(copy, &before);
                copy.destination()
            }
        }
    }
}

fuzz_target!(|input: Input| {
    let size = Size::new(input.size.0.into(), input.size.1.into());
    let mut canvas = Canvas {
        size,
        pixels: vec![[0; 4]; size.area() as usize],
    };
    let mut diff = Diff::new();
    let mut seen = canvas.clone();
    let stride = usize::from(size.width) * 4;
    for (changes, hints) in input.frames.iter().take(8) {
        let damage: Vec<Rect> = changes.iter().map(|it| canvas.change(it)).collect();
        let last = diff.frame().cloned();
        let pixels = canvas.pixels.as_flattened();
        let row = |y: u16| &pixels[usize::from(y) * stride..][..stride];
        let Some((frame, mut changed)) = diff.update(size, row, &damage) else {
            assert!(seen.pixels == canvas.pixels);
            continue;
        };
        for y in 0..size.height {
            assert_eq!(frame.row(y), row(y));
        }
        if let Some(last) = last {
            let hints: Vec<Move> = hints
                .iter()
                .map(|(from, x, y)| Move {
                    from: from.rect(),
                    to: Point::new((*x).into(), (*y).into()),
                })
                .collect();
            for copy in find_moves(&last, &frame, &mut changed, &hints) {
                let before = seen.clone();
                seen.copy(copy, &before);
            }
        }
        for rect in changed.rects() {
            for at in seen.places(*rect) {
                seen.pixels[at] = canvas.pixels[at];
            }
        }
        assert!(seen.pixels == canvas.pixels);
    }
});
