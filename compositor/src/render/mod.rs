//! Drawing with pixman into one image that persists: the only place that names the renderer's
//! kind. What is drawn is what changed; where, the damage tracker tells.

mod alone;
mod gradient;
pub(crate) mod mark;
mod picture;
mod pixels;
mod surface;

use std::collections::HashMap;

use smithay::backend::allocator::Fourcc;
use smithay::backend::renderer::damage::OutputDamageTracker;
use smithay::backend::renderer::element::solid::SolidColorRenderElement;
use smithay::backend::renderer::element::surface::{
    WaylandSurfaceRenderElement, render_elements_from_surface_tree,
};
use smithay::backend::renderer::element::utils::{Relocate, RelocateRenderElement};
use smithay::backend::renderer::element::{Element, Id, Kind, render_elements};
use smithay::backend::renderer::pixman::PixmanRenderer;
use smithay::backend::renderer::{Bind, Color32F, Offscreen};
use smithay::reexports::pixman::Image;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Buffer, Logical, Physical, Point, Rectangle, Scale, Size, Transform};

use crate::canvas::Rgb;
use crate::server::ServerError;

pub(crate) use alone::{Alone, Look};
pub(crate) use gradient::GradientElement;
pub(crate) use picture::{Picture, PictureElement};
pub(crate) use pixels::{read_rows, write_rows};
use surface::SurfaceElement;

/// Farther than any pixel that is drawn.
const FAR: f64 = 1e6;

/// What surfaces are made into elements with.
pub(crate) type Painter = PixmanRenderer;

render_elements! {
    /// What the desktop consists of, in pixels of the screen.
    pub(crate) SceneElement<=PixmanRenderer>;
    Surface=SurfaceElement,
    Picture=PictureElement,
    Gradient=GradientElement,
    Plain=SolidColorRenderElement,
}

render_elements! {
    /// What a frame consists of.
    FrameElement<=PixmanRenderer>;
    Scene=RelocateRenderElement<SceneElement>,
    Mark=PictureElement,
}

impl From<WaylandSurfaceRenderElement<PixmanRenderer>> for SceneElement {
    fn from(surface: WaylandSurfaceRenderElement<PixmanRenderer>) -> Self {
        Self::Surface(surface.into())
    }
}

/// The master image and what draws into it.
pub(crate) struct Renderer {
    pixman: PixmanRenderer,
    image: Image<'static, 'static>,
    tracker: OutputDamageTracker,
    /// What the image shows, in pixels of the screen.
    area: Rectangle<i32, Physical>,
    scale: f64,
    /// The colour where no element is.
    plain: Color32F,
    /// The image holds the last frame whole: only damage is drawn.
    valid: bool,
    /// Where each element is in the image.
    places: HashMap<Id, Rectangle<i32, Physical>>,
}

/// What drawing a frame did.
pub(crate) struct Drawn {
    /// Where, in pixels of the image.
    pub(crate) damage: Vec<rfb::Rect>,
    /// Elements that are now elsewhere, and may look as they did.
    pub(crate) moved: Vec<rfb::Move>,
}

impl Renderer {
    /// `area`: what is drawn, in pixels of the screen. `plain`: the colour where nothing else is.
    pub(crate) fn new(
        area: Rectangle<i32, Physical>,
        scale: f64,
        plain: Rgb,
    ) -> Result<Self, ServerError> {
        let failed = |error| ServerError::Renderer(error);
        let mut pixman = PixmanRenderer::new().map_err(|e| failed(e.to_string()))?;
        let image = new_image(&mut pixman, Fourcc::Xrgb8888, area.size).map_err(failed)?;
        Ok(Self {
            pixman,
            image,
            tracker: new_tracker(area.size, scale),
            area,
            scale,
            plain: colour(plain),
            valid: false,
            places: HashMap::new(),
        })
    }

    pub(crate) fn painter(&mut self) -> &mut Painter {
        &mut self.pixman
    }

    /// Draws this part from now on, in pixels of the screen; the next frame is drawn whole.
    pub(crate) fn look_at(&mut self, area: Rectangle<i32, Physical>) -> Result<(), String> {
        if area.size != self.area.size {
            self.image = new_image(&mut self.pixman, Fourcc::Xrgb8888, area.size)?;
            self.tracker = new_tracker(area.size, self.scale);
        }
        self.area = area;
        self.valid = false;
        Ok(())
    }

    /// Draws what changed since the last time. After an error the next frame is drawn whole.
    pub(crate) fn draw(
        &mut self,
        elements: Vec<SceneElement>,
        mark: Option<&Picture>,
    ) -> Result<Drawn, String> {
        let age = usize::from(self.valid);
        self.valid = false;
        let mark = mark.map(|mark| self.mark_element(mark)).transpose()?;
        // Moved once they are rounded to pixels: they look the same in every area.
        let offset = Point::default() - self.area.loc;
        let elements: Vec<FrameElement> = mark
            .into_iter()
            .map(FrameElement::from)
            .chain(elements.into_iter().map(|element| {
                RelocateRenderElement::from_element(element, offset, Relocate::Relative).into()
            }))
            .collect();
        let scale = Scale::from(self.scale);
        let places = elements
            .iter()
            .map(|it| (it.id().clone(), it.geometry(scale)));
        let places: HashMap<_, _> = places.collect();
        let mut target = self
            .pixman
            .bind(&mut self.image)
            .map_err(|e| e.to_string())?;
        let drawn = self
            .tracker
            .render_output(&mut self.pixman, &mut target, age, &elements, self.plain)
            .map_err(|e| e.to_string())?;
        let damage = drawn.damage.map(Vec::as_slice).unwrap_or_default();
        self.valid = true;
        let damage = damage.iter();
        let damage = damage.filter_map(|rect| to_rfb(*rect, self.area.size));
        let damage = damage.collect();
        let before = std::mem::replace(&mut self.places, places);
        let moved = self.places.iter().filter_map(|(id, now)| {
            let before = before.get(id)?;
            moved(*before, *now, self.area.size)
        });
        Ok(Drawn {
            damage,
            moved: moved.collect(),
        })
    }

    /// In the upper right corner.
    fn mark_element(&mut self, mark: &Picture) -> Result<PictureElement, String> {
        let pixels = |logical: i32| (f64::from(logical) * self.scale).round() as i32;
        let margin = pixels(mark::MARGIN);
        let left = self.area.size.w - margin - pixels(mark::SIDE);
        mark.at(&mut self.pixman, (left, margin).into())
    }

    /// One row of the image: blue, green, red and an unused byte for each pixel.
    pub(crate) fn row(&self, y: u16) -> &[u8] {
        pixels::row(&self.image, y)
    }
}

/// An opaque colour.
pub(crate) fn colour(rgb: Rgb) -> Color32F {
    let [red, green, blue] = rgb.map(|part| f32::from(part) / 255.0);
    Color32F::new(red, green, blue, 1.0)
}

/// Where a part of a surface at `origin` is drawn, in pixels: what [`surface_elements`] covers.
pub(crate) fn covered(
    origin: Point<i32, Logical>,
    part: Rectangle<i32, Logical>,
    scale: f64,
) -> Rectangle<i32, Physical> {
    let origin: Point<i32, Physical> = origin.to_physical_precise_round(scale);
    let edge = |origin: i32, at: i32, size: i32| {
        let edge = f64::from(origin) + (f64::from(at) + f64::from(size)) * scale;
        edge.round().clamp(-FAR, FAR) as i32
    };
    let (at, size) = (part.loc, part.size);
    Rectangle::from_extremities(
        (edge(origin.x, at.x, 0), edge(origin.y, at.y, 0)),
        (edge(origin.x, at.x, size.w), edge(origin.y, at.y, size.h)),
    )
}

/// A surface and its subsurfaces at `origin`, topmost first.
pub(crate) fn surface_elements(
    renderer: &mut Painter,
    surface: &WlSurface,
    origin: Point<i32, Logical>,
    scale: f64,
) -> Vec<SceneElement> {
    let location: Point<i32, Physical> = origin.to_physical_precise_round(scale);
    render_elements_from_surface_tree(renderer, surface, location, scale, 1.0, Kind::Unspecified)
}

fn new_tracker(size: Size<i32, Physical>, scale: f64) -> OutputDamageTracker {
    OutputDamageTracker::new(size, scale, Transform::Normal)
}

fn new_image(
    renderer: &mut PixmanRenderer,
    format: Fourcc,
    size: Size<i32, Physical>,
) -> Result<Image<'static, 'static>, String> {
    let size: Size<i32, Buffer> = (size.w, size.h).into();
    renderer
        .create_buffer(format, size)
        .map_err(|error| error.to_string())
}

/// The move of what is seen of an element in an image of this size both before and after.
fn moved(
    before: Rectangle<i32, Physical>,
    now: Rectangle<i32, Physical>,
    size: Size<i32, Physical>,
) -> Option<rfb::Move> {
    if before.size != now.size || before.loc == now.loc {
        return None;
    }
    let distance = now.loc - before.loc;
    let image = Rectangle::from_size(size);
    let mut seen = now.intersection(image)?;
    seen.loc -= distance;
    let from = seen.intersection(before.intersection(image)?)?;
    let to = to_rfb(Rectangle::new(from.loc + distance, from.size), size)?;
    Some(rfb::Move {
        from: to_rfb(from, size)?,
        to: to.origin(),
    })
}

/// The part of a rectangle that is in an image of this size; `None` if nothing is.
fn to_rfb(rect: Rectangle<i32, Physical>, size: Size<i32, Physical>) -> Option<rfb::Rect> {
    let image = Rectangle::from_size(size);
    let rect = rect.intersection(image).filter(|rect| !rect.is_empty())?;
    let side = |value: i32| u16::try_from(value).ok();
    Some(rfb::Rect::new(
        side(rect.loc.x)?,
        side(rect.loc.y)?,
        side(rect.size.w)?,
        side(rect.size.h)?,
    ))
}
