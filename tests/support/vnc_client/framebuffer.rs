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
    /// How far each of them can be trusted.
    pub fidelity: Vec<Fidelity>,
}

/// How far a pixel can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// It was not painted yet.
    Undefined,
    /// It is what the server has.
    Exact,
    /// It is near what the server has: it came as JPEG.
    Lossy,
}

/// A rectangle of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Area {
    /// How many pixels there are.
    pub(super) fn pixels(self) -> usize {
        self.width * self.height
    }

    /// The tiles, of `side` × `side` pixels where there is room, row by row.
    pub(super) fn tiles(self, side: usize) -> impl Iterator<Item = Area> {
        let (right, bottom) = (self.x + self.width, self.y + self.height);
        (self.y..bottom).step_by(side).flat_map(move |y| {
            (self.x..right).step_by(side).map(move |x| Area {
                x,
                y,
                width: side.min(right - x),
                height: side.min(bottom - y),
            })
        })
    }

    /// The piece at (`x`, `y`) in it, called `what` in the error if it reaches beyond.
    pub(super) fn piece(
        self,
        (x, y): (usize, usize),
        (width, height): (usize, usize),
        what: &str,
    ) -> Result<Area> {
        if x + width > self.width || y + height > self.height {
            return Err(broken(format!(
                "{what} of {width}x{height} at ({x}, {y}) in {}x{} pixels",
                self.width, self.height
            )));
        }
        Ok(Area {
            x: self.x + x,
            y: self.y + y,
            width,
            height,
        })
    }
}

impl Framebuffer {
    /// One in which nothing is painted.
    pub(super) fn new(width: u16, height: u16) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self {
            width,
            height,
            pixels: vec![UNDEFINED; width * height],
            fidelity: vec![Fidelity::Undefined; width * height],
        }
    }

    /// How many pixels are of this fidelity.
    pub fn count(&self, fidelity: Fidelity) -> usize {
        self.fidelity.iter().filter(|it| **it == fidelity).count()
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
        for row in self.rows(area) {
            self.pixels[row.clone()].fill(value);
            self.fidelity[row].fill(Fidelity::Exact);
        }
    }

    /// Paints `area`, which was checked, with `values`, row by row.
    pub(super) fn paint(&mut self, area: Area, values: impl Iterator<Item = u32>) {
        self.paint_as(area, values.map(|value| (value, Fidelity::Exact)));
    }

    /// The same with values that are only near what the server has.
    pub(super) fn paint_lossy(&mut self, area: Area, values: impl Iterator<Item = u32>) {
        self.paint_as(area, values.map(|value| (value, Fidelity::Lossy)));
    }

    /// Copies what is at (`x`, `y`) to `area`; both were checked and may overlap. Fails if there
    /// is something undefined.
    pub(super) fn copy(&mut self, x: usize, y: usize, area: Area) -> Result {
        let rows = self.rows(Area { x, y, ..area });
        let source: Vec<_> = rows
            .flatten()
            .map(|at| (self.pixels[at], self.fidelity[at]))
            .collect();
        if source.iter().any(|(_, it)| *it == Fidelity::Undefined) {
            return Err(broken(format!(
                "a copy of {}x{} pixels at ({x}, {y}), some of which were never sent",
                area.width, area.height
            )));
        }
        self.paint_as(area, source.into_iter());
        Ok(())
    }

    fn paint_as(&mut self, area: Area, mut values: impl Iterator<Item = (u32, Fidelity)>) {
        for at in self.rows(area).flatten() {
            let value = values.next().unwrap_or((UNDEFINED, Fidelity::Undefined));
            (self.pixels[at], self.fidelity[at]) = value;
        }
    }

    /// Where the rows of `area`, which was checked, are among the pixels.
    fn rows(&self, area: Area) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let width = self.width;
        (area.y..area.y + area.height).map(move |y| {
            let start = y * width + area.x;
            start..start + area.width
        })
    }
}
