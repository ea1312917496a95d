//! Drawing with pixman into one image that persists: the only place that names the renderer's
//! kind. What is drawn is what changed; where, the damage tracker tells.

mod pixels;

use smithay::backend::allocator::Fourcc;
use smithay::backend::renderer::damage::OutputDamageTracker;
use smithay::backend::renderer::element::Kind;
use smithay::backend::renderer::element::surface::{
    WaylandSurfaceRenderElement, render_elements_from_surface_tree,
};
use smithay::backend::renderer::pixman::PixmanRenderer;
use smithay::backend::renderer::{Bind, Color32F, Offscreen};
use smithay::reexports::pixman::Image;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Buffer, Logical, Physical, Point, Rectangle, Size, Transform};

use crate::server::ServerError;

/// The plain background, behind all windows.
const BACKGROUND: Color32F = Color32F::new(0.13, 0.19, 0.25, 1.0);

/// A surface to draw.
pub(crate) type SurfaceElement = WaylandSurfaceRenderElement<PixmanRenderer>;

/// The master image and what draws into it.
pub(crate) struct Renderer {
    pixman: PixmanRenderer,
    image: Image<'static, 'static>,
    tracker: OutputDamageTracker,
    size: rfb::Size,
    scale: f64,
    /// The image holds the last frame whole: only damage is drawn.
    valid: bool,
}

impl Renderer {
    pub(crate) fn new(size: rfb::Size, scale: f64) -> Result<Self, ServerError> {
        let failed = |error| ServerError::Renderer(error);
        let mut pixman = PixmanRenderer::new().map_err(|e| failed(e.to_string()))?;
        let image = new_image(&mut pixman, Fourcc::Xrgb8888, size).map_err(failed)?;
        Ok(Self {
            pixman,
            image,
            tracker: new_tracker(size, scale),
            size,
            scale,
            valid: false,
        })
    }

    pub(crate) fn pixman(&mut self) -> &mut PixmanRenderer {
        &mut self.pixman
    }

    /// The image's size in pixels.
    pub(crate) fn size(&self) -> rfb::Size {
        self.size
    }

    /// A new image of this size; the next frame is drawn whole.
    pub(crate) fn resize(&mut self, size: rfb::Size) -> Result<(), String> {
        self.image = new_image(&mut self.pixman, Fourcc::Xrgb8888, size)?;
        self.tracker = new_tracker(size, self.scale);
        self.size = size;
        self.valid = false;
        Ok(())
    }

    /// Draws what changed since the last time; returns where, in pixels. After an error the next
    /// frame is drawn whole.
    pub(crate) fn draw(&mut self, elements: &[SurfaceElement]) -> Result<Vec<rfb::Rect>, String> {
        let age = usize::from(self.valid);
        self.valid = false;
        let mut target = self
            .pixman
            .bind(&mut self.image)
            .map_err(|e| e.to_string())?;
        let drawn = self
            .tracker
            .render_output(&mut self.pixman, &mut target, age, elements, BACKGROUND)
            .map_err(|e| e.to_string())?;
        let damage = drawn.damage.map(Vec::as_slice).unwrap_or_default();
        self.valid = true;
        Ok(damage
            .iter()
            .filter_map(|rect| to_rfb(*rect, self.size))
            .collect())
    }

    /// One row of the image: blue, green, red and an unused byte for each pixel.
    pub(crate) fn row(&self, y: u16) -> &[u8] {
        pixels::row(&self.image, y)
    }

    /// Draws one surface tree alone on nothing: its size, and pixels as blue, green, red and alpha,
    /// multiplied by alpha.
    pub(crate) fn draw_alone(
        &mut self,
        surface: &WlSurface,
        size: rfb::Size,
        scale: f64,
    ) -> Result<Vec<u8>, String> {
        let mut image = new_image(&mut self.pixman, Fourcc::Argb8888, size)?;
        let elements = surface_elements(&mut self.pixman, surface, (0, 0).into(), scale);
        {
            let mut target = self.pixman.bind(&mut image).map_err(|e| e.to_string())?;
            new_tracker(size, scale)
                .render_output(
                    &mut self.pixman,
                    &mut target,
                    0,
                    &elements,
                    Color32F::TRANSPARENT,
                )
                .map_err(|e| e.to_string())?;
        }
        Ok((0..size.height)
            .flat_map(|y| pixels::row(&image, y).iter().copied())
            .collect())
    }
}

/// A surface and its subsurfaces at `origin`, topmost first.
pub(crate) fn surface_elements(
    renderer: &mut PixmanRenderer,
    surface: &WlSurface,
    origin: Point<i32, Logical>,
    scale: f64,
) -> Vec<SurfaceElement> {
    let location: Point<i32, Physical> = origin.to_physical_precise_round(scale);
    render_elements_from_surface_tree(renderer, surface, location, scale, 1.0, Kind::Unspecified)
}

fn new_tracker(size: rfb::Size, scale: f64) -> OutputDamageTracker {
    OutputDamageTracker::new(
        (i32::from(size.width), i32::from(size.height)),
        scale,
        Transform::Normal,
    )
}

fn new_image(
    renderer: &mut PixmanRenderer,
    format: Fourcc,
    size: rfb::Size,
) -> Result<Image<'static, 'static>, String> {
    let size: Size<i32, Buffer> = (i32::from(size.width), i32::from(size.height)).into();
    renderer
        .create_buffer(format, size)
        .map_err(|error| error.to_string())
}

/// The part of a rectangle that is on a screen of this size; `None` if nothing is.
fn to_rfb(rect: Rectangle<i32, Physical>, size: rfb::Size) -> Option<rfb::Rect> {
    let screen = Rectangle::from_size((i32::from(size.width), i32::from(size.height)).into());
    let rect = rect.intersection(screen).filter(|rect| !rect.is_empty())?;
    let side = |value: i32| u16::try_from(value).ok();
    Some(rfb::Rect::new(
        side(rect.loc.x)?,
        side(rect.loc.y)?,
        side(rect.size.w)?,
        side(rect.size.h)?,
    ))
}
