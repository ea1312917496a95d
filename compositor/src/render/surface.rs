//! A client's surface in a frame.

use smithay::backend::renderer::RendererSuper;
use smithay::backend::renderer::element::surface::WaylandSurfaceRenderElement;
use smithay::backend::renderer::element::{Element, Id, Kind, RenderElement, UnderlyingStorage};
use smithay::backend::renderer::pixman::PixmanRenderer;
use smithay::backend::renderer::utils::{CommitCounter, DamageSet, OpaqueRegions};
use smithay::utils::{Buffer, Physical, Point, Rectangle, Scale, Transform};
use tracing::debug;

type Inner = WaylandSurfaceRenderElement<PixmanRenderer>;

/// A surface that cannot spoil a frame: where pixman cannot draw it, as its client asks for a
/// scale that is out of pixman's reach or its memory is gone, the rest is drawn without it.
pub(crate) struct SurfaceElement(Inner);

impl From<Inner> for SurfaceElement {
    fn from(surface: Inner) -> Self {
        Self(surface)
    }
}

impl Element for SurfaceElement {
    fn id(&self) -> &Id {
        self.0.id()
    }

    fn current_commit(&self) -> CommitCounter {
        self.0.current_commit()
    }

    fn location(&self, scale: Scale<f64>) -> Point<i32, Physical> {
        self.0.location(scale)
    }

    fn src(&self) -> Rectangle<f64, Buffer> {
        self.0.src()
    }

    fn transform(&self) -> Transform {
        self.0.transform()
    }

    fn geometry(&self, scale: Scale<f64>) -> Rectangle<i32, Physical> {
        self.0.geometry(scale)
    }

    fn damage_since(
        &self,
        scale: Scale<f64>,
        commit: Option<CommitCounter>,
    ) -> DamageSet<i32, Physical> {
        self.0.damage_since(scale, commit)
    }

    /// What is below is drawn too where it is not sure that the surface can be.
    fn opaque_regions(&self, scale: Scale<f64>) -> OpaqueRegions<i32, Physical> {
        let (source, drawn) = (self.src().size, self.geometry(scale).size);
        if (source.w, source.h) == (drawn.w.into(), drawn.h.into()) {
            self.0.opaque_regions(scale)
        } else {
            OpaqueRegions::default()
        }
    }

    fn alpha(&self) -> f32 {
        self.0.alpha()
    }

    fn kind(&self) -> Kind {
        self.0.kind()
    }
}

impl RenderElement<PixmanRenderer> for SurfaceElement {
    fn draw(
        &self,
        frame: &mut <PixmanRenderer as RendererSuper>::Frame<'_, '_>,
        src: Rectangle<f64, Buffer>,
        dst: Rectangle<i32, Physical>,
        damage: &[Rectangle<i32, Physical>],
        opaque_regions: &[Rectangle<i32, Physical>],
    ) -> Result<(), <PixmanRenderer as RendererSuper>::Error> {
        if let Err(error) = self.0.draw(frame, src, dst, damage, opaque_regions) {
            debug!("a surface is not drawn: {error}");
        }
        Ok(())
    }

    fn underlying_storage(&self, renderer: &mut PixmanRenderer) -> Option<UnderlyingStorage<'_>> {
        self.0.underlying_storage(renderer)
    }
}
