use super::wire::broken;
use crate::Result;

/// What an undefined pixel holds: after a new size or format all of them are, until painted.
pub(super) const UNDEFINED: u32 = 0x5a5a_5a5a;

/// The viewer's copy of the screen: pixel values as they came, row by row.
#[derive(Clone, Debug)]
pub struct Framebuffer {
    /// Pixels in a row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// `width * height` values, in the format they were sent in.
    pub pixels: Vec<u32>,
}

/// A rectangle of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Framebuffer {
    /// One in which nothing is painted.
    pub(super) fn new(width: u16, height: u16) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self {
            width,
            height,
            pixels: vec![UNDEFINED; width * height],
        }
    }

    /// Fails if `area` reaches beyond the framebuffer.
    pub(super) fn check(&self, area: Area) -> Result {
        if area.x + area.width <= self.width && area.y + area.height <= self.height {
            return Ok(());
        }
        Err(broken(format!(
            "a rectangle of {}x{} at ({}, {}) in a framebuffer of {}x{}",
            area.width, area.height, area.x, area.y, self.width, self.height
        )))
    }

    /// Paints `area`, which was checked, with `value`.
    pub(super) fn fill(&mut self, area: Area, value: u32) {
        for y in area.y..area.y + area.height {
            self.pixels[y * self.width + area.x..][..area.width].fill(value);
        }
    }

    /// Paints `area`, which was checked, with `values`, row by row.
    pub(super) fn paint(&mut self, area: Area, mut values: impl Iterator<Item = u32>) {
        for y in area.y..area.y + area.height {
            for pixel in &mut self.pixels[y * self.width + area.x..][..area.width] {
                *pixel = values.next().unwrap_or(UNDEFINED);
            }
        }
    }

    /// Copies what is at (`x`, `y`) to `area`; both were checked and may overlap.
    pub(super) fn copy(&mut self, x: usize, y: usize, area: Area) {
        let row = |at: usize| {
            let start = (y + at) * self.width + x;
            self.pixels[start..start + area.width].to_vec()
        };
        let source: Vec<u32> = (0..area.height).flat_map(row).collect();
        self.paint(area, source.into_iter());
    }
}
