//! Colours by number.

use super::band::{Band, colour};
use crate::geometry::Rect;

/// The most colours of a palette.
pub(super) const MOST: usize = 256;

/// Different colours, in the order in which they came, and a table to find them.
#[derive(Clone)]
pub(super) struct Palette {
    colours: Vec<u32>,
    /// The numbers of colours, counted from 1 (0 is free), each at its hash or in the
    /// next free place behind.
    slots: Box<[u16; SLOTS]>,
}

/// So many that a search ends soon, and that there is always a free one: more colours
/// than [`MOST`] come together only until the end of a row.
const SLOTS: usize = 4 * MOST;

impl Palette {
    pub(super) fn new() -> Self {
        Self {
            colours: Vec::with_capacity(MOST),
            slots: Box::new([0; SLOTS]),
        }
    }

    /// Just one colour.
    pub(super) fn single(colour: u32) -> Self {
        let mut palette = Self::new();
        palette.insert(colour);
        palette
    }

    /// The colours of an area not wider than a word of the band's masks, unless they are
    /// more than `limit`, which is at most [`MOST`].
    pub(super) fn of(band: &Band, area: Rect, limit: usize) -> Option<Self> {
        let mut palette = Self::new();
        for y in area.y..area.y + area.height {
            let row = band.row(area, y);
            band.new_pixels(area, y)
                .for_each(|x| palette.insert(colour(row[x])));
            if palette.colours.len() > limit {
                return None;
            }
        }
        Some(palette)
    }

    pub(super) fn colours(&self) -> &[u32] {
        &self.colours
    }

    /// Whether this and another one have no more colours together than `limit`.
    pub(super) fn fits(&self, other: &Self, limit: usize) -> bool {
        let is_new = |colour: &&u32| self.slots[self.slot(**colour)] == 0;
        self.colours.len() + other.colours.iter().filter(is_new).count() <= limit
    }

    /// Takes the colours of one that [fits](Self::fits).
    pub(super) fn join(&mut self, other: &Self) {
        for colour in &other.colours {
            self.insert(*colour);
        }
    }

    /// The number of a colour, which has to be one of the palette's.
    pub(super) fn index(&self, colour: u32) -> u8 {
        (self.slots[self.slot(colour)].saturating_sub(1)) as u8
    }

    /// Adds a colour, if it is new. There may be a few more than [`MOST`].
    pub(super) fn insert(&mut self, colour: u32) {
        let slot = self.slot(colour);
        if self.slots[slot] == 0 {
            self.colours.push(colour);
            self.slots[slot] = self.colours.len() as u16;
        }
    }

    /// The place of a colour in the table: its own, or a free one.
    fn slot(&self, colour: u32) -> usize {
        let mut slot = (colour.wrapping_mul(0x9e37_79b1) >> 22) as usize;
        loop {
            let number = usize::from(self.slots[slot % SLOTS]);
            if number == 0 || self.colours[number - 1] == colour {
                return slot % SLOTS;
            }
            slot += 1;
        }
    }
}
