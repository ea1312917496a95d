//! The colours of a part of a picture.

/// The number of slots in the hash table. Most are free, so that few colours meet.
const SLOTS: usize = 512;

/// Colours, each once, in the order in which they came.
pub(crate) struct Palette {
    colours: [u32; Palette::MOST],
    length: usize,
    /// Where each colour is, plus 1, in the slot that its hash says or one behind it.
    slots: [u8; SLOTS],
}

impl Palette {
    /// The most colours that there can be.
    pub(crate) const MOST: usize = 127;

    pub(crate) fn new() -> Self {
        Self {
            colours: [0; Self::MOST],
            length: 0,
            slots: [0; SLOTS],
        }
    }

    pub(crate) fn clear(&mut self) {
        self.length = 0;
        self.slots = [0; SLOTS];
    }

    pub(crate) fn colours(&self) -> &[u32] {
        &self.colours[..self.length]
    }

    /// Where a colour is; one that is new is added. None if there is no room for it.
    pub(crate) fn index(&mut self, colour: u32) -> Option<u8> {
        // The golden ratio's digits spread colours that are close over all slots.
        let mut slot = colour.wrapping_mul(0x9e37_79b9) as usize >> 23;
        loop {
            let place = self.slots[slot];
            if place == 0 {
                break;
            }
            if self.colours[usize::from(place) - 1] == colour {
                return Some(place - 1);
            }
            slot = (slot + 1) % SLOTS;
        }
        let index = self.length;
        *self.colours.get_mut(index)? = colour;
        self.length += 1;
        self.slots[slot] = self.length as u8;
        Some(index as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_found_again_until_there_is_no_room() {
        let mut palette = Palette::new();
        for step in [1, 0x0001_0000, 0x0101_0101, 0x7fff_ffff] {
            palette.clear();
            let colours = || (0..Palette::MOST as u32).map(|number| number.wrapping_mul(step));
            for _ in 0..2 {
                for (index, colour) in (0..).zip(colours()) {
                    assert_eq!(palette.index(colour), Some(index));
                }
            }
            assert!(palette.colours().iter().copied().eq(colours()));
            assert_eq!(palette.index(0x00ab_cdef), None);
            assert_eq!(palette.index(0), Some(0));
        }
    }
}
