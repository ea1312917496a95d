//! A picture of ours in a frame.

use smithay::backend::allocator::Fourcc;
use smithay::backend::renderer::RendererSuper;
use smithay::backend::renderer::element::memory::{
    MemoryRenderBuffer, MemoryRenderBufferRenderElement,
};
use smithay::backend::renderer::element::{Element, Id, Kind, RenderElement, UnderlyingStorage};
use smithay::backend::renderer::pixman::PixmanRenderer;
use smithay::backend::renderer::utils::{CommitCounter, DamageSet, OpaqueRegions};
use smithay::utils::{Buffer, Physical, Point, Rectangle, Scale, Transform};

/// A picture in pixels of the screen, whatever its scale. Copies share the pixels.
#[derive(Clone, Debug)]
pub(crate) struct Picture(MemoryRenderBuffer);

/// A picture at a place.
pub(crate) struct PictureElement(MemoryRenderBufferRenderElement<PixmanRenderer>);

/// What is drawn counts pixels, not logical units.
const PIXELS: Scale<f64> = Scale { x: 1.0, y: 1.0 };

impl Picture {
    /// `pixels`: red, green, blue and alpha of each, row by row, multiplied by alpha.
    pub(crate) fn new(pixels: &[u8], width: i32, height: i32) -> Self {
        Self(MemoryRenderBuffer::from_slice(
            pixels,
            Fourcc::Abgr8888,
            (width, height),
            1,
            Transform::Normal,
            None,
        ))
    }

    /// The same without alpha, which says nothing: what is below is not drawn.
    pub(crate) fn opaque(pixels: &[u8], width: i32, height: i32) -> Self {
        Self(MemoryRenderBuffer::from_slice(
            pixels,
            Fourcc::Xbgr8888,
            (width, height),
            1,
            Transform::Normal,
            Some(vec![Rectangle::from_size((width, height).into())]),
        ))
    }

    /// The picture with its upper left corner at a pixel.
    pub(crate) fn at(
        &self,
        renderer: &mut PixmanRenderer,
        place: Point<i32, Physical>,
    ) -> Result<PictureElement, String> {
        MemoryRenderBufferRenderElement::from_buffer(
            renderer,
            place.to_f64(),
            &self.0,
            None,
            None,
            None,
            Kind::Unspecified,
        )
        .map(PictureElement)
        .map_err(|error| error.to_string())
    }
}

impl Element for PictureElement {
    fn id(&self) -> &Id {
        self.0.id()
    }

    fn current_commit(&self) -> CommitCounter {
        self.0.current_commit()
    }

    fn src(&self) -> Rectangle<f64, Buffer> {
        self.0.src()
    }

    fn transform(&self) -> Transform {
        self.0.transform()
    }

    fn geometry(&self, _scale: Scale<f64>) -> Rectangle<i32, Physical> {
        self.0.geometry(PIXELS)
    }

    fn damage_since(
        &self,
        _scale: Scale<f64>,
        commit: Option<CommitCounter>,
    ) -> DamageSet<i32, Physical> {
        self.0.damage_since(PIXELS, commit)
    }

    fn opaque_regions(&self, _scale: Scale<f64>) -> OpaqueRegions<i32, Physical> {
        self.0.opaque_regions(PIXELS)
    }

    fn kind(&self) -> Kind {
        self.0.kind()
    }
}

impl RenderElement<PixmanRenderer> for PictureElement {
    fn draw(
        &self,
        frame: &mut <PixmanRenderer as RendererSuper>::Frame<'_, '_>,
        src: Rectangle<f64, Buffer>,
        dst: Rectangle<i32, Physical>,
        damage: &[Rectangle<i32, Physical>],
        opaque_regions: &[Rectangle<i32, Physical>],
    ) -> Result<(), <PixmanRenderer as RendererSuper>::Error> {
        self.0.draw(frame, src, dst, damage, opaque_regions)
    }

    fn underlying_storage(&self, renderer: &mut PixmanRenderer) -> Option<UnderlyingStorage<'_>> {
        self.0.underlying_storage(renderer)
    }
}
