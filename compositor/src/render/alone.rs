//! Drawing something by itself, into a picture of its own.

use smithay::backend::allocator::Fourcc;
use smithay::backend::renderer::damage::OutputDamageTracker;
use smithay::backend::renderer::element::utils::{Relocate, RelocateRenderElement};
use smithay::backend::renderer::{Bind, Color32F};
use smithay::utils::{Physical, Point, Rectangle, Size};

use super::{Renderer, SceneElement, new_image, new_tracker, pixels, to_rfb};

/// What is drawn by itself.
pub(crate) struct Alone {
    elements: Vec<RelocateRenderElement<SceneElement>>,
    size: Size<i32, Physical>,
    scale: f64,
}

/// How something looked at one time, to tell what has changed since.
#[derive(Default)]
pub(crate) struct Look(Option<(Size<i32, Physical>, OutputDamageTracker)>);

impl Alone {
    /// The part of these elements, topmost first, that is in `area`.
    pub(crate) fn new(
        elements: Vec<SceneElement>,
        area: Rectangle<i32, Physical>,
        scale: f64,
    ) -> Self {
        let offset = Point::default() - area.loc;
        let elements = elements.into_iter().map(|element| {
            RelocateRenderElement::from_element(element, offset, Relocate::Relative)
        });
        Self {
            elements: elements.collect(),
            size: area.size,
            scale,
        }
    }

    /// Where it looks other than when this was asked last, in pixels of its picture: everywhere at
    /// first, and when its size is another one.
    pub(crate) fn changes(&self, look: &mut Look) -> Vec<rfb::Rect> {
        let before = look.0.take().filter(|(size, _)| *size == self.size);
        let tracker = before.map(|(_, tracker)| tracker);
        let mut tracker = tracker.unwrap_or_else(|| new_tracker(self.size, self.scale));
        // Fails only for an output without a size.
        let damage = tracker.damage_output(1, &self.elements).ok();
        let damage = damage.and_then(|(damage, _)| damage).into_iter().flatten();
        let damage = damage.filter_map(|rect| to_rfb(*rect, self.size)).collect();
        look.0 = Some((self.size, tracker));
        damage
    }
}

impl Renderer {
    /// Draws it on nothing: pixels as blue, green, red and alpha, multiplied by alpha.
    pub(crate) fn draw_alone(&mut self, alone: &Alone) -> Result<Vec<u8>, String> {
        let mut image = new_image(&mut self.pixman, Fourcc::Argb8888, alone.size)?;
        {
            let mut target = self.pixman.bind(&mut image).map_err(|e| e.to_string())?;
            new_tracker(alone.size, alone.scale)
                .render_output(
                    &mut self.pixman,
                    &mut target,
                    0,
                    &alone.elements,
                    Color32F::TRANSPARENT,
                )
                .map_err(|e| e.to_string())?;
        }
        Ok((0..image.height() as u16)
            .flat_map(|y| pixels::row(&image, y).iter().copied())
            .collect())
    }
}
