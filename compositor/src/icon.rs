//! The icons that programs give to their windows: of the pictures that a program has the one that
//! suits best, scaled to the size that icons are shown at.

use std::sync::Arc;

use fast_image_resize::PixelType;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_shm::Format;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{DisplayHandle, Resource, Weak};
use smithay::wayland::compositor::{Cacheable, with_states};
use smithay::wayland::shm::with_buffer_contents;

use crate::render::read_rows;
use crate::scaling::cover;

/// The width and height that icons are shown at, in logical units.
pub(crate) const SIDE: i32 = 24;
/// Larger pictures are passed over, in pixels.
const MAX_SIDE: i32 = 512;

/// An icon as it is shown.
pub(crate) struct Icon {
    /// Its width and height, in pixels.
    pub(crate) side: u32,
    /// Red, green, blue and alpha of each, row by row, multiplied by alpha.
    pub(crate) pixels: Vec<u8>,
}

/// An icon that a client puts together.
#[derive(Default)]
pub(crate) struct Draft {
    /// The picture that suits best so far, and its width and height.
    best: Option<(i32, Weak<WlBuffer>)>,
    /// What is shown of it, once a window has it: then it does not change any more.
    fixed: Option<Option<Arc<Icon>>>,
}

/// What must not be done with an icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// It is changed after a window got it.
    Immutable,
    /// A picture is not square, or not in shared memory.
    InvalidBuffer,
    /// The picture is gone before a window gets it.
    NoBuffer,
}

/// The icon of a window, which it gets and loses with a commit.
#[derive(Clone, Default)]
struct Worn(Option<Arc<Icon>>);

impl Cacheable for Worn {
    fn commit(&mut self, _display: &DisplayHandle) -> Self {
        self.clone()
    }

    fn merge_into(self, into: &mut Self, _display: &DisplayHandle) {
        *into = self;
    }
}

/// The icon that a window has.
pub(crate) fn icon_of(window: &WlSurface) -> Option<Arc<Icon>> {
    with_states(window, |states| {
        states.cached_state.get::<Worn>().current().0.clone()
    })
}

/// Gives a window this icon, or none, with its next commit.
pub(crate) fn set_icon(window: &WlSurface, icon: Option<Arc<Icon>>) {
    with_states(window, |states| {
        states.cached_state.get::<Worn>().pending().0 = icon;
    });
}

impl Draft {
    /// An error if it must not be changed any more.
    pub(crate) fn check_mutable(&self) -> Result<(), Misuse> {
        match self.fixed {
            Some(_) => Err(Misuse::Immutable),
            None => Ok(()),
        }
    }

    /// One more picture of it. `wanted`: the width and height that suits best.
    pub(crate) fn add(&mut self, buffer: &WlBuffer, wanted: i32) -> Result<(), Misuse> {
        self.check_mutable()?;
        let size = with_buffer_contents(buffer, |_, _, data| (data.width, data.height));
        let Some((side, _)) = size.ok().filter(|(width, height)| width == height) else {
            return Err(Misuse::InvalidBuffer);
        };
        let before = self.best.as_ref().map(|(side, _)| *side);
        // Of two of the same size the later one counts.
        let is_best = before.is_none_or(|it| unfitness(side, wanted) <= unfitness(it, wanted));
        if side <= MAX_SIDE && is_best {
            self.best = Some((side, buffer.downgrade()));
        }
        Ok(())
    }

    /// A window gets it: what is to be shown, this wide and high; none if it has no picture. The
    /// pixels are copied, so that nothing of the client's memory is kept.
    pub(crate) fn fix(&mut self, wanted: i32) -> Result<Option<Arc<Icon>>, Misuse> {
        if let Some(fixed) = &self.fixed {
            return Ok(fixed.clone());
        }
        let icon = match &self.best {
            Some((_, buffer)) => {
                let buffer = buffer.upgrade().map_err(|_| Misuse::NoBuffer)?;
                read(&buffer, wanted).map(Arc::new)
            }
            None => None,
        };
        self.fixed = Some(icon.clone());
        Ok(icon)
    }
}

/// The less the better: the next larger one looks best, then the largest.
fn unfitness(side: i32, wanted: i32) -> (bool, i32) {
    match side >= wanted {
        true => (false, side),
        false => (true, -side),
    }
}

/// Copies a square picture from a client's memory, this wide and high; none if that is not there.
fn read(buffer: &WlBuffer, wanted: i32) -> Option<Icon> {
    let look = |_, _, data: smithay::wayland::shm::BufferData| (data.width, data.format);
    let (side, format) = with_buffer_contents(buffer, look).ok()?;
    let (side, to) = (usize::try_from(side).ok()?, u32::try_from(wanted).ok()?);
    let bytes = read_rows(buffer, 0..side).ok()?;
    let pixels = bytes.as_chunks::<4>().0.iter();
    let pixels: Vec<u8> = pixels
        .flat_map(|pixel| premultiplied(*pixel, format))
        .collect();
    let scaled = (to as usize, to as usize);
    Some(Icon {
        side: to,
        pixels: cover(&pixels, PixelType::U8x4, (side, side), scaled)?,
    })
}

/// A pixel of a client as red, green, blue and alpha. No colour is more than its alpha, whatever
/// the client says.
fn premultiplied([blue, green, red, alpha]: [u8; 4], format: Format) -> [u8; 4] {
    let alpha = match format {
        Format::Xrgb8888 => u8::MAX,
        _ => alpha,
    };
    [red.min(alpha), green.min(alpha), blue.min(alpha), alpha]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_larger_picture_suits_best() {
        let mut sides = [16, 23, 24, 25, 48, 512];
        sides.sort_by_key(|side| unfitness(*side, 24));
        assert_eq!(sides, [24, 25, 48, 512, 23, 16]);
    }

    #[test]
    fn no_colour_is_more_than_its_alpha() {
        let pixel = [250, 10, 100, 50];
        let shown = premultiplied(pixel, Format::Argb8888);
        assert_eq!(shown, [50, 10, 50, 50]);
        assert_eq!(premultiplied(pixel, Format::Xrgb8888), [100, 10, 250, 255]);
    }
}
