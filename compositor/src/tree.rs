//! What is drawn, and pointed at, as one: a surface with its subsurfaces and popups, at a place.

use smithay::desktop::utils::under_from_surface_tree;
use smithay::desktop::{PopupManager, WindowSurfaceType};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point};
use smithay::wayland::compositor::with_states;
use smithay::wayland::shell::xdg::XdgPopupSurfaceData;

use crate::decoration::{Part, Worn};
use crate::render::{Painter, SceneElement, surface_elements};

/// A window or panel with its popups, in logical units of the screen.
pub(crate) struct Tree {
    /// The surface at the root.
    pub(crate) surface: WlSurface,
    /// Where that surface's origin is.
    pub(crate) origin: Point<i32, Logical>,
    /// Where the geometry begins, from which popups are placed.
    pub(crate) position: Point<i32, Logical>,
    /// What we draw around it.
    pub(crate) worn: Option<Worn>,
}

/// What is at a point of the screen.
pub(crate) struct Hit {
    /// The surface at the root of the tree: the window's, or the panel's.
    pub(crate) root: WlSurface,
    pub(crate) at: At,
}

/// What of a tree is at a point.
pub(crate) enum At {
    /// A popup, a subsurface, or the root, and where its origin is.
    Surface(WlSurface, Point<i32, Logical>),
    /// What we draw around it.
    Decoration(Part),
}

impl Hit {
    /// The surface, and where its origin is.
    pub(crate) fn surface(self) -> Option<(WlSurface, Point<f64, Logical>)> {
        match self.at {
            At::Surface(surface, origin) => Some((surface, origin.to_f64())),
            At::Decoration(_) => None,
        }
    }
}

impl Tree {
    /// Where the popups' surfaces are, topmost first.
    pub(crate) fn popups(&self) -> impl Iterator<Item = (WlSurface, Point<i32, Logical>)> + use<> {
        let position = self.position;
        PopupManager::popups_for_surface(&self.surface).map(move |(popup, offset)| {
            let surface = popup.wl_surface().clone();
            let origin = position + offset + told(&surface) - popup.geometry().loc;
            (surface, origin)
        })
    }

    /// All roots of surface trees and where they are, topmost first.
    pub(crate) fn surfaces(
        &self,
    ) -> impl Iterator<Item = (WlSurface, Point<i32, Logical>)> + use<> {
        let root = (self.surface.clone(), self.origin);
        self.popups().chain([root])
    }

    /// What to draw, topmost first.
    pub(crate) fn elements(&self, renderer: &mut Painter, scale: f64) -> Vec<SceneElement> {
        let surfaces = self.surfaces();
        let mut elements: Vec<_> = surfaces
            .flat_map(|(surface, origin)| surface_elements(renderer, &surface, origin, scale))
            .collect();
        if let Some(worn) = &self.worn {
            elements.extend(worn.elements(renderer, scale));
        }
        elements
    }

    /// What is at a point, popups, subsurfaces and what is around it included.
    pub(crate) fn under(&self, point: Point<f64, Logical>) -> Option<Hit> {
        let mut surfaces = self.surfaces();
        let surface = surfaces.find_map(|(surface, origin)| {
            under_from_surface_tree(&surface, point, origin, WindowSurfaceType::ALL)
        });
        let at = match surface {
            Some((surface, origin)) => At::Surface(surface, origin),
            None => At::Decoration(self.worn.as_ref()?.part_at(point)?),
        };
        let root = self.surface.clone();
        Some(Hit { root, at })
    }
}

/// Where a popup was told to be, as long as it has not been committed as it was told; smithay takes
/// it to be at its parent's corner then.
fn told(popup: &WlSurface) -> Point<i32, Logical> {
    with_states(popup, |states| {
        let role = states.data_map.get::<XdgPopupSurfaceData>()?.lock().ok()?;
        if role.current_serial.is_some() {
            return None;
        }
        let last = role.pending_configures().last();
        let state = last.map(|configure| configure.state).or(role.last_acked)?;
        Some(state.geometry.loc)
    })
    .unwrap_or_default()
}
