//! The cursor's picture: a built-in shape or a client's surface, drawn alone for viewers to show,
//! and the icon of a drag, which is part of the screen's picture.

mod shapes;

use std::sync::{Arc, Mutex};

use smithay::desktop::utils::bbox_from_surface_tree;
use smithay::input::pointer::{CursorImageAttributes, CursorImageStatus, CursorImageSurfaceData};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{IsAlive, Logical, Point, Rectangle};
use smithay::wayland::compositor::{SurfaceAttributes, with_states};
use tracing::debug;

use crate::lock::lock;
use crate::render::{Alone, SceneElement, surface_elements};
use crate::state::Offing;

pub use shapes::built_in_cursor;

/// The largest cursor that is shown, in pixels; viewers have limits of their own above it.
const MAX_SIDE: u16 = 256;
/// The icon of a drag is no further from the pointer, in either direction: no screen is wider.
const FARTHEST: i32 = 1 << 15;

/// What the pointer looks like.
pub(crate) struct Cursor {
    image: CursorImageStatus,
    /// What viewers were given last; none if it is hidden.
    picture: Option<Arc<rfb::Cursor>>,
    /// The icon of a drag under way.
    drag: Option<DragIcon>,
}

struct DragIcon {
    surface: WlSurface,
    /// Where it is, from the pointer.
    offset: Point<i32, Logical>,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            image: CursorImageStatus::default_named(),
            picture: None,
            drag: None,
        }
    }
}

impl Cursor {
    /// Whether a drag shows an icon that follows the pointer.
    pub(crate) fn is_dragging(&self) -> bool {
        self.drag.is_some()
    }

    /// How it looks, in pixels; none if it is hidden.
    pub(crate) fn picture(&self) -> Option<Arc<rfb::Cursor>> {
        self.picture.clone()
    }

    /// The clients' surfaces that it consists of.
    pub(crate) fn surfaces(&self) -> impl Iterator<Item = &WlSurface> {
        let image = match &self.image {
            CursorImageStatus::Surface(surface) => Some(surface),
            _ => None,
        };
        image
            .into_iter()
            .chain(self.drag.as_ref().map(|icon| &icon.surface))
            .filter(|surface| surface.alive())
    }
}

impl Offing {
    /// A client, or the lack of one, decides how the pointer looks.
    pub(crate) fn set_cursor_image(&mut self, image: CursorImageStatus) {
        // With the same surface another of its pixels may point.
        let is_surface = matches!(image, CursorImageStatus::Surface(_));
        if is_surface || self.cursor.image != image {
            self.cursor.image = image;
            self.announce_cursor();
        }
    }

    /// The icon that follows the pointer while something is dragged.
    pub(crate) fn set_drag_icon(&mut self, icon: Option<WlSurface>) {
        self.cursor.drag = icon.map(|surface| DragIcon {
            surface,
            offset: Point::default(),
        });
        self.clock.queue();
    }

    /// A surface that may be the cursor's, or that of a drag's icon, has a new state.
    pub(crate) fn cursor_committed(&mut self, surface: &WlSurface) {
        if let Some(icon) = &mut self.cursor.drag
            && icon.surface == *surface
        {
            icon.move_by(take_offset(surface));
        }
        if matches!(&self.cursor.image, CursorImageStatus::Surface(cursor) if cursor == surface) {
            move_hotspot(surface, take_offset(surface));
            self.announce_cursor();
        }
    }

    /// Gives viewers the cursor's picture.
    pub(crate) fn announce_cursor(&mut self) {
        let picture = match self.cursor.image.clone() {
            CursorImageStatus::Hidden => None,
            CursorImageStatus::Named(icon) => Some(shapes::picture(icon, self.screen.scale())),
            CursorImageStatus::Surface(surface) => self.draw_cursor(&surface).map(Arc::new),
        };
        self.cursor.picture.clone_from(&picture);
        self.remote.set_cursor(picture);
        self.cursor_changed();
    }

    fn draw_cursor(&mut self, surface: &WlSurface) -> Option<rfb::Cursor> {
        if !surface.alive() {
            return None;
        }
        let scale = self.screen.scale();
        let bounds = bbox_from_surface_tree(surface, (0, 0));
        // Rounded as what is drawn is.
        let pixels = |logical: i32| {
            let pixels = (f64::from(logical) * scale).round();
            pixels.clamp(0.0, f64::from(MAX_SIDE)) as u16
        };
        let size = rfb::Size::new(pixels(bounds.size.w), pixels(bounds.size.h));
        if size.width == 0 || size.height == 0 {
            return None;
        }
        // There may be subsurfaces left of it, or above.
        let origin = Point::default() - bounds.loc;
        let hotspot = hotspot(surface) + origin;
        let area = Rectangle::from_size((i32::from(size.width), i32::from(size.height)).into());
        let elements = surface_elements(self.renderer.painter(), surface, origin, scale);
        match self.renderer.draw_alone(&Alone::new(elements, area, scale)) {
            Ok(picture) => Some(rfb::Cursor {
                size,
                hotspot: rfb::Point {
                    x: pixels(hotspot.x).min(size.width - 1),
                    y: pixels(hotspot.y).min(size.height - 1),
                },
                pixels: picture,
            }),
            Err(error) => {
                debug!("a client's cursor could not be drawn: {error}");
                None
            }
        }
    }

    /// The icon of a drag, at the pointer.
    pub(crate) fn drag_icon_elements(&mut self, scale: f64) -> Vec<SceneElement> {
        let drag = self.cursor.drag.as_ref();
        let Some(icon) = drag.filter(|icon| icon.surface.alive()) else {
            return Vec::new();
        };
        let pointer = self.input.pointer.current_location().to_i32_round();
        let origin = pointer + icon.offset;
        surface_elements(self.renderer.painter(), &icon.surface, origin, scale)
    }
}

impl DragIcon {
    /// Its content has moved, and so does its place (wl_data_device.start_drag).
    fn move_by(&mut self, offset: Point<i32, Logical>) {
        let moved = |from: i32, by: i32| from.saturating_add(by).clamp(-FARTHEST, FARTHEST);
        self.offset.x = moved(self.offset.x, offset.x);
        self.offset.y = moved(self.offset.y, offset.y);
    }
}

/// The place of a cursor's surface that points.
fn hotspot(surface: &WlSurface) -> Point<i32, Logical> {
    with_hotspot(surface, |hotspot| *hotspot).unwrap_or_default()
}

/// A cursor's content has moved, and what it points at has not (wl_pointer.set_cursor).
fn move_hotspot(surface: &WlSurface, offset: Point<i32, Logical>) {
    with_hotspot(surface, |hotspot| {
        hotspot.x = hotspot.x.saturating_sub(offset.x);
        hotspot.y = hotspot.y.saturating_sub(offset.y);
    });
}

fn with_hotspot<T>(
    surface: &WlSurface,
    act: impl FnOnce(&mut Point<i32, Logical>) -> T,
) -> Option<T> {
    with_states(surface, |states| {
        let data: &Mutex<CursorImageAttributes> =
            states.data_map.get::<CursorImageSurfaceData>()?;
        Some(act(&mut lock(data).hotspot))
    })
}

/// How far the last commit moved a surface's content, by wl_surface.offset or wl_surface.attach.
/// It is told once.
fn take_offset(surface: &WlSurface) -> Point<i32, Logical> {
    with_states(surface, |states| {
        let mut attributes = states.cached_state.get::<SurfaceAttributes>();
        attributes.current().buffer_delta.take().unwrap_or_default()
    })
}
