//! Bands of colour behind everything, without a picture that would take up memory: what is damaged
//! of a band is filled.

use smithay::backend::renderer::element::{Element, Id, Kind, RenderElement, UnderlyingStorage};
use smithay::backend::renderer::pixman::PixmanRenderer;
use smithay::backend::renderer::utils::{CommitCounter, OpaqueRegions};
use smithay::backend::renderer::{Frame, RendererSuper};
use smithay::utils::{Buffer, Physical, Rectangle, Scale, Size};

use super::colour;
use crate::canvas::Rgb;

/// The height of a band in pixels. Tiles of ZRLE are as high, and those of Hextile a part of it, so
/// that each is plain.
const BAND: i32 = 64;
/// Of the uppermost band. The lowest differs so little that the steps are hardly to be seen.
const TOP: Rgb = [0x1f, 0x2e, 0x47];
/// Of the lowest band.
const BOTTOM: Rgb = [0x29, 0x3e, 0x5f];

/// The bands on a screen.
pub(crate) struct GradientElement {
    id: Id,
    size: Size<i32, Physical>,
}

impl GradientElement {
    /// `id`: the same as long as the screen is.
    pub(crate) fn new(id: Id, size: Size<i32, Physical>) -> Self {
        Self { id, size }
    }
}

/// The colour of a row, from the top of a screen so high.
fn row(y: i32, height: i32) -> Rgb {
    let last = ((height - 1) / BAND).max(1);
    let band = (y / BAND).clamp(0, last);
    let mut colour = TOP;
    for (part, bottom) in colour.iter_mut().zip(BOTTOM) {
        let (from, to) = (i32::from(*part), i32::from(bottom));
        // Between two bytes, so a byte.
        *part = (from + ((to - from) * band + last / 2) / last) as u8;
    }
    colour
}

impl Element for GradientElement {
    fn id(&self) -> &Id {
        &self.id
    }

    fn current_commit(&self) -> CommitCounter {
        CommitCounter::default()
    }

    fn src(&self) -> Rectangle<f64, Buffer> {
        Rectangle::from_size((f64::from(self.size.w), f64::from(self.size.h)).into())
    }

    fn geometry(&self, _scale: Scale<f64>) -> Rectangle<i32, Physical> {
        Rectangle::from_size(self.size)
    }

    fn opaque_regions(&self, _scale: Scale<f64>) -> OpaqueRegions<i32, Physical> {
        OpaqueRegions::from_slice(&[Rectangle::from_size(self.size)])
    }

    fn kind(&self) -> Kind {
        Kind::Unspecified
    }
}

impl RenderElement<PixmanRenderer> for GradientElement {
    fn draw(
        &self,
        frame: &mut <PixmanRenderer as RendererSuper>::Frame<'_, '_>,
        _src: Rectangle<f64, Buffer>,
        dst: Rectangle<i32, Physical>,
        damage: &[Rectangle<i32, Physical>],
        _opaque_regions: &[Rectangle<i32, Physical>],
    ) -> Result<(), <PixmanRenderer as RendererSuper>::Error> {
        for top in (0..self.size.h).step_by(BAND as usize) {
            let band = Rectangle::new((0, top).into(), (self.size.w, BAND).into());
            let parts = damage.iter().filter_map(|rect| rect.intersection(band));
            let parts: Vec<_> = parts.collect();
            if !parts.is_empty() {
                frame.draw_solid(dst, &parts, colour(row(top, self.size.h)))?;
            }
        }
        Ok(())
    }

    fn underlying_storage(&self, _renderer: &mut PixmanRenderer) -> Option<UnderlyingStorage<'_>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_from_the_one_colour_to_the_other() {
        for height in [64, 100, 1080, 2160, 16384] {
            assert_eq!(row(0, height), TOP, "{height}");
            let bottom = if height <= BAND { TOP } else { BOTTOM };
            assert_eq!(row(height - 1, height), bottom, "{height}");
        }
    }

    #[test]
    fn steps_are_small() {
        for height in [1080, 1440, 2160, 16384] {
            for y in 1..height {
                let pairs = row(y - 1, height).into_iter().zip(row(y, height));
                for (above, below) in pairs {
                    assert!((above..=above + 2).contains(&below), "{y} of {height}");
                }
            }
        }
    }
}
