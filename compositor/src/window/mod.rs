//! A window: an xdg toplevel, where it is and what it fills.
//!
//! Our own element rather than smithay's, so that other kinds of window can stand beside xdg's.

mod summary;

use smithay::backend::renderer::utils::with_renderer_surface_state;
use smithay::desktop::utils::bbox_from_surface_tree;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::{ResizeEdge, State};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Physical, Point, Rectangle, Size};
use smithay::wayland::compositor::with_states;
use smithay::wayland::shell::xdg::{SurfaceCachedState, ToplevelSurface, XdgToplevelSurfaceData};

use crate::decoration::{Decoration, Margins, Takes, Worn};
use crate::desktop::{Tile, has_buffer, keep_in_reach};
use crate::render::covered;
use crate::tree::Tree;

pub(crate) use summary::{Summary, WindowInfo};

/// The states of a window that touches something.
const TILED: [State; 4] = [
    State::TiledLeft,
    State::TiledRight,
    State::TiledTop,
    State::TiledBottom,
];
/// So many configures may be unacknowledged.
pub(crate) const MAX_CONFIGURES: usize = 128;

/// What a window can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    Maximized,
    Fullscreen,
    Tiled(Tile),
}

/// A toplevel window.
pub(crate) struct Window {
    pub(crate) toplevel: ToplevelSurface,
    /// Its own: no other window of the session has or had it.
    number: u64,
    /// Where the top left corner of its geometry is, in logical units of the screen.
    pub(crate) position: Point<i32, Logical>,
    /// It has a buffer, and has been placed.
    pub(crate) mapped: bool,
    /// It has been shown before.
    pub(crate) placed: bool,
    /// It is put away until somebody brings it back.
    pub(crate) minimized: bool,
    /// We draw what is around it, unless it fills the screen.
    pub(crate) decorated: bool,
    pub(crate) decoration: Option<Decoration>,
    /// With the next commit it is decorated no longer.
    pub(crate) undecorated: bool,
    maximized: bool,
    fullscreen: bool,
    tile: Option<Tile>,
    /// Where it was, and how large, before it filled anything: without what is around it.
    floating: Option<Rectangle<i32, Logical>>,
    /// Edges that stay where they are while it is resized by its left or top edge.
    anchor: Option<Anchor>,
    /// Since the last commit.
    geometry: Rectangle<i32, Logical>,
}

/// The right and bottom edges that a resize keeps in place.
#[derive(Clone, Copy)]
struct Anchor {
    right: Option<i32>,
    bottom: Option<i32>,
}

impl Window {
    pub(crate) fn new(toplevel: ToplevelSurface, number: u64) -> Self {
        Self {
            toplevel,
            number,
            position: Point::default(),
            mapped: false,
            placed: false,
            minimized: false,
            decorated: false,
            decoration: None,
            undecorated: false,
            maximized: false,
            fullscreen: false,
            tile: None,
            floating: None,
            anchor: None,
            geometry: Rectangle::default(),
        }
    }

    /// No other window of the session has or had it.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn surface(&self) -> &WlSurface {
        self.toplevel.wl_surface()
    }

    pub(crate) fn is(&self, surface: &WlSurface) -> bool {
        self.surface() == surface
    }

    /// Whether it is on the desktop.
    pub(crate) fn is_shown(&self) -> bool {
        self.mapped && !self.minimized
    }

    /// The part of its surface that is the window proper (shadows are outside), relative to the
    /// surface. What the client set, as far as there is something; else the surface without
    /// subsurfaces, which must not shift the window.
    pub(crate) fn geometry(&self) -> Rectangle<i32, Logical> {
        self.geometry
    }

    /// The place of its geometry on the screen.
    fn place(&self) -> Rectangle<i32, Logical> {
        Rectangle::new(self.position, self.geometry().size)
    }

    /// How much of the screen it takes up around its geometry.
    pub(crate) fn margins(&self) -> Margins {
        match self.decorated {
            true => Margins::of(self.fill()),
            false => Margins::default(),
        }
    }

    /// Its place on the screen, with what is around it.
    pub(crate) fn frame(&self) -> Rectangle<i32, Logical> {
        self.margins().around(self.place())
    }

    /// Puts the upper left corner of its frame here.
    pub(crate) fn move_to(&mut self, corner: Point<i32, Logical>) {
        self.position = corner + self.margins().offset();
    }

    /// Whether something is drawn around it now.
    pub(crate) fn is_decorated(&self) -> bool {
        self.margins() != Margins::default()
    }

    /// What is around it.
    pub(crate) fn worn(&self) -> Worn {
        Worn {
            margins: self.margins(),
            frame: self.frame(),
            origin: self.origin(),
            takes: Takes {
                resize: self.fill().is_none() && self.is_resizable(),
                maximize: self.is_resizable(),
            },
            decoration: self.decoration.clone(),
        }
    }

    /// Where its surface's origin is on the screen.
    pub(crate) fn origin(&self) -> Point<i32, Logical> {
        self.position - self.geometry().loc
    }

    /// Its surface with popups.
    pub(crate) fn tree(&self) -> Tree {
        Tree {
            surface: self.surface().clone(),
            origin: self.origin(),
            position: self.position,
            worn: self.is_decorated().then(|| self.worn()),
        }
    }

    /// The pixels that its frame covers, and those that its popups cover as well, in one rectangle.
    pub(crate) fn covers(
        &self,
        scale: f64,
    ) -> (Rectangle<i32, Physical>, Rectangle<i32, Physical>) {
        let frame = covered(self.origin(), self.geometry(), scale);
        let popups = self.tree().popups().filter_map(|(popup, origin)| {
            let size = surface_size(&popup)?;
            let part = set_geometry(&popup).unwrap_or_else(|| Rectangle::from_size(size));
            Some(covered(origin, part, scale))
        });
        (frame, popups.fold(frame, Rectangle::merge))
    }

    /// The smallest and largest size that its client takes; 0 is no limit.
    pub(crate) fn size_limits(&self) -> (Size<i32, Logical>, Size<i32, Logical>) {
        with_states(self.surface(), |states| {
            let mut cached = states.cached_state.get::<SurfaceCachedState>();
            let current = cached.current();
            (current.min_size, current.max_size)
        })
    }

    /// The size nearest to this one that its client takes.
    pub(crate) fn within_limits(&self, size: Size<i32, Logical>) -> Size<i32, Logical> {
        let (min, max) = self.size_limits();
        let limit = |side: i32, min: i32, max: i32| {
            let least = side.max(min).max(1);
            if max > 0 {
                least.min(max.max(min).max(1))
            } else {
                least
            }
        };
        (limit(size.w, min.w, max.w), limit(size.h, min.h, max.h)).into()
    }

    /// Whether its client takes more than one size.
    pub(crate) fn is_resizable(&self) -> bool {
        let (min, max) = self.size_limits();
        max.w == 0 || max.h == 0 || min != max
    }

    /// What it fills now.
    pub(crate) fn fill(&self) -> Option<Fill> {
        if self.fullscreen {
            Some(Fill::Fullscreen)
        } else if self.maximized {
            Some(Fill::Maximized)
        } else {
            self.tile.map(Fill::Tiled)
        }
    }

    /// Where its geometry belongs if it fills something: all of the screen, or a part of what panels
    /// leave of it.
    pub(crate) fn filled(
        &self,
        screen: Size<i32, Logical>,
        work: Rectangle<i32, Logical>,
    ) -> Option<Rectangle<i32, Logical>> {
        let outer = match self.fill()? {
            Fill::Maximized => work,
            Fill::Fullscreen => Rectangle::from_size(screen),
            Fill::Tiled(tile) => tile.of(work),
        };
        Some(self.margins().inside(outer))
    }

    /// Notes what it shall fill, or not any more. Takes effect with [`configure`](Self::configure).
    pub(crate) fn set_fill(&mut self, fill: Fill, on: bool) {
        if on && self.fill().is_none() && self.mapped {
            self.floating = Some(self.place());
        }
        match fill {
            Fill::Maximized => self.maximized = on,
            Fill::Fullscreen => self.fullscreen = on,
            Fill::Tiled(tile) => {
                self.tile = on.then_some(tile);
                self.maximized = false;
            }
        }
    }

    /// Puts the size and states into the next configure, and moves the window to where it belongs
    /// then: all of the screen, or what panels leave of it.
    pub(crate) fn configure(&mut self, screen: Size<i32, Logical>, work: Rectangle<i32, Logical>) {
        let (fill, margins) = (self.fill(), self.margins());
        let place = self.filled(screen, work);
        let tiled = match fill {
            Some(Fill::Tiled(tile)) => Some(tile),
            _ => None,
        };
        let filled = self.toplevel.with_pending_state(|state| {
            let filling = [State::Maximized, State::Fullscreen]
                .into_iter()
                .chain(TILED);
            let filled = filling.into_iter().any(|it| state.states.contains(it));
            state.bounds = Some(margins.inside(work).size);
            match (place.or(self.floating), filled) {
                (Some(place), _) => state.size = Some(place.size),
                // It filled the screen from its start: its client chooses.
                (None, true) => state.size = None,
                (None, false) => {}
            }
            set(
                &mut state.states,
                State::Maximized,
                fill == Some(Fill::Maximized),
            );
            set(
                &mut state.states,
                State::Fullscreen,
                fill == Some(Fill::Fullscreen),
            );
            for side in TILED {
                let is_at = tiled.is_some_and(|tile| tile.states().any(|it| it == side));
                set(&mut state.states, side, is_at);
            }
            filled
        });
        match (place, self.floating) {
            (Some(place), _) => self.position = place.loc,
            (None, Some(floating)) => {
                // There may be less room than when it was there.
                self.move_to(keep_in_reach(margins.around(floating), work));
                self.floating = None;
            }
            (None, None) if filled => {
                self.move_to(work.loc + Point::from((work.size.w / 10, work.size.h / 10)));
            }
            (None, None) => {}
        }
        self.anchor = None;
    }

    /// Tells the client whether the window is the active one, with the next configure.
    pub(crate) fn set_active(&self, active: bool) {
        self.toplevel
            .with_pending_state(|state| set(&mut state.states, State::Activated, active));
    }

    /// Sends what [`configure`](Self::configure) and others changed, if the client has had its
    /// first configure.
    pub(crate) fn send_changes(&self) {
        if self.toplevel.is_initial_configure_sent() && may_configure(&self.toplevel) {
            self.toplevel.send_pending_configure();
        }
    }

    /// Answers a request of the client with a configure, changed or not.
    pub(crate) fn answer(&self) {
        if may_configure(&self.toplevel) {
            self.toplevel.send_configure();
        }
    }

    /// Begins a resize by `edges`: the opposite ones stay in place from now on.
    pub(crate) fn start_resize(&mut self, edges: ResizeEdge) {
        let frame = self.place();
        let left = matches!(
            edges,
            ResizeEdge::Left | ResizeEdge::TopLeft | ResizeEdge::BottomLeft
        );
        let top = matches!(
            edges,
            ResizeEdge::Top | ResizeEdge::TopLeft | ResizeEdge::TopRight
        );
        self.anchor = Some(Anchor {
            right: left.then_some(frame.loc.x + frame.size.w),
            bottom: top.then_some(frame.loc.y + frame.size.h),
        });
    }

    /// Asks the client for a size, while it is being resized or at its end.
    pub(crate) fn resize(&self, size: Size<i32, Logical>, ended: bool) {
        self.toplevel.with_pending_state(|state| {
            state.size = Some(size);
            set(&mut state.states, State::Resizing, !ended);
        });
        self.send_changes();
    }

    /// It is shown for the first time: one that is larger than the room for windows is asked to
    /// fit, if its client takes other sizes.
    pub(crate) fn fit(&self, work: Rectangle<i32, Logical>) {
        let (size, room) = (self.geometry().size, self.margins().inside(work).size);
        let wanted = self.within_limits((size.w.min(room.w), size.h.min(room.h)).into());
        if self.fill().is_none() && (wanted.w < size.w || wanted.h < size.h) {
            self.toplevel
                .with_pending_state(|state| state.size = Some(wanted));
        }
    }

    /// Its client committed a new state: a window resized by its left or top edge moves. Returns
    /// whether it takes up another place than before.
    pub(crate) fn committed(&mut self) -> bool {
        let (before, position) = (self.geometry.size, self.position);
        self.geometry = geometry(self.surface());
        let size = self.geometry.size;
        let is_resized = before != size;
        if let Some(anchor) = self.anchor.filter(|_| has_buffer(self.surface())) {
            self.keep_edges(anchor, size);
        }
        if is_resized {
            self.follow(size);
        }
        is_resized || self.position != position
    }

    /// A client that has done all that it was asked chose this size: it is told no other one with
    /// the next change of its states.
    fn follow(&self, size: Size<i32, Logical>) {
        let is_asked = self.fill().is_some()
            || self
                .toplevel
                .current_state()
                .states
                .contains(State::Resizing)
            || count_configures(&self.toplevel) > 0;
        if !is_asked {
            self.toplevel.with_pending_state(|state| {
                state.size = state.size.map(|_| size);
            });
        }
    }

    fn keep_edges(&mut self, anchor: Anchor, size: Size<i32, Logical>) {
        if let Some(right) = anchor.right {
            self.position.x = right - size.w;
        }
        if let Some(bottom) = anchor.bottom {
            self.position.y = bottom - size.h;
        }
        if !self
            .toplevel
            .current_state()
            .states
            .contains(State::Resizing)
            && !self.toplevel.has_pending_changes()
        {
            self.anchor = None;
        }
    }

    /// Forgets a resize that keeps edges in place: the window is moved by other means.
    pub(crate) fn release_anchor(&mut self) {
        self.anchor = None;
    }
}

/// The size of a surface that has a buffer, without subsurfaces.
pub(crate) fn surface_size(surface: &WlSurface) -> Option<Size<i32, Logical>> {
    with_renderer_surface_state(surface, |state| state.surface_size()).flatten()
}

/// A window's geometry: what its client set, in the bounds of all that it shows.
fn geometry(surface: &WlSurface) -> Rectangle<i32, Logical> {
    let whole = Rectangle::from_size(surface_size(surface).unwrap_or_default());
    let Some(set) = set_geometry(surface) else {
        return whole;
    };
    let bounds = bbox_from_surface_tree(surface, (0, 0));
    let inside = set.intersection(bounds);
    inside.filter(|it| !it.is_empty()).unwrap_or(whole)
}

/// The window geometry that a client set for a surface.
fn set_geometry(surface: &WlSurface) -> Option<Rectangle<i32, Logical>> {
    with_states(surface, |states| {
        states
            .cached_state
            .get::<SurfaceCachedState>()
            .current()
            .geometry
    })
}

/// Whether the client has acknowledged so many configures that it can be sent another one. Those
/// that are not sent are made up for when it does.
pub(crate) fn may_configure(toplevel: &ToplevelSurface) -> bool {
    count_configures(toplevel) < MAX_CONFIGURES
}

/// How many configures the client has not acknowledged.
fn count_configures(toplevel: &ToplevelSurface) -> usize {
    with_states(toplevel.wl_surface(), |states| {
        let role = states.data_map.get::<XdgToplevelSurfaceData>();
        role.and_then(|role| role.lock().ok())
            .map_or(0, |role| role.pending_configures().len())
    })
}

fn set(states: &mut smithay::wayland::shell::xdg::ToplevelStateSet, state: State, on: bool) {
    if on {
        states.set(state);
    } else {
        states.unset(state);
    }
}
