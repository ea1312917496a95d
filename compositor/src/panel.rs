//! A panel: a surface of the layer shell, such as a bar, a wallpaper, a notification or a
//! launcher. Where it goes follows from the edges that it is anchored to.

use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Rectangle, Serial};
use smithay::wayland::compositor::with_states;
use smithay::wayland::shell::wlr_layer::{
    Anchor, ExclusiveZone, KeyboardInteractivity, Layer, LayerSurface, LayerSurfaceCachedState,
};

use crate::tree::Tree;
use crate::window::MAX_CONFIGURES;

/// Farther than any screen reaches, in logical units.
const FAR: i32 = 1 << 20;

/// A surface of the layer shell.
pub(crate) struct Panel {
    role: LayerSurface,
    /// It has a buffer.
    pub(crate) mapped: bool,
    /// It has had its first configure.
    pub(crate) configured: bool,
    /// Where it is on the screen, and how large it is to be.
    place: Rectangle<i32, Logical>,
    /// The configures that its client has not acknowledged.
    waiting: Vec<Serial>,
    /// How it took the keyboard when it was committed last.
    pub(crate) keyboard: KeyboardInteractivity,
}

impl Panel {
    pub(crate) fn new(role: LayerSurface) -> Self {
        Self {
            role,
            mapped: false,
            configured: false,
            place: Rectangle::default(),
            waiting: Vec::new(),
            keyboard: KeyboardInteractivity::None,
        }
    }

    pub(crate) fn surface(&self) -> &WlSurface {
        self.role.wl_surface()
    }

    pub(crate) fn is(&self, surface: &WlSurface) -> bool {
        self.surface() == surface
    }

    /// What its client committed.
    fn state(&self) -> LayerSurfaceCachedState {
        with_states(self.surface(), |states| {
            let mut cached = states.cached_state.get::<LayerSurfaceCachedState>();
            *cached.current()
        })
    }

    pub(crate) fn layer(&self) -> Layer {
        self.state().layer
    }

    pub(crate) fn zone(&self) -> ExclusiveZone {
        self.state().exclusive_zone
    }

    /// How it takes the keyboard.
    pub(crate) fn interactivity(&self) -> KeyboardInteractivity {
        self.state().keyboard_interactivity
    }

    /// It is where input belongs that is not meant for a window.
    pub(crate) fn is_above_windows(&self) -> bool {
        matches!(self.layer(), Layer::Top | Layer::Overlay)
    }

    /// Its surface with popups.
    pub(crate) fn tree(&self) -> Tree {
        Tree {
            surface: self.surface().clone(),
            origin: self.place.loc,
            position: self.place.loc,
            worn: None,
        }
    }

    /// Moves it until it is arranged again.
    pub(crate) fn set_position(&mut self, position: Point<i32, Logical>) {
        self.place.loc = position;
    }

    /// Finds its place in `room`, and returns what it leaves of it.
    pub(crate) fn arrange(&mut self, room: Rectangle<i32, Logical>) -> Rectangle<i32, Logical> {
        let state = self.state();
        self.place = place(&state, room);
        let size = self.place.size;
        self.role
            .with_pending_state(|pending| pending.size = Some(size));
        match self.mapped {
            true => left_by(&state, room),
            false => room,
        }
    }

    /// Sends its first configure, or what has changed since the last one.
    pub(crate) fn configure(&mut self) {
        if self.waiting.len() >= MAX_CONFIGURES {
            // Made up for when the client acknowledges some.
            return;
        }
        let sent = match self.configured {
            true => self.role.send_pending_configure(),
            false => Some(self.role.send_configure()),
        };
        self.configured = true;
        self.waiting.extend(sent);
    }

    pub(crate) fn acknowledged(&mut self, serial: Serial) {
        self.waiting.retain(|waiting| *waiting > serial);
        if self.configured {
            self.configure();
        }
    }
}

/// Where a panel goes in a room.
fn place(
    state: &LayerSurfaceCachedState,
    room: Rectangle<i32, Logical>,
) -> Rectangle<i32, Logical> {
    let (anchor, margin) = (state.anchor, state.margin);
    let (x, width) = Axis {
        start: room.loc.x,
        length: room.size.w,
        wanted: state.size.w,
        anchors: (
            anchor.contains(Anchor::LEFT),
            anchor.contains(Anchor::RIGHT),
        ),
        margins: (margin.left, margin.right),
    }
    .place();
    let (y, height) = Axis {
        start: room.loc.y,
        length: room.size.h,
        wanted: state.size.h,
        anchors: (
            anchor.contains(Anchor::TOP),
            anchor.contains(Anchor::BOTTOM),
        ),
        margins: (margin.top, margin.bottom),
    }
    .place();
    Rectangle::new((x, y).into(), (width, height).into())
}

/// One direction of a place: the first of each pair is left, or above.
struct Axis {
    start: i32,
    length: i32,
    /// 0: as long as there is room between the margins.
    wanted: i32,
    anchors: (bool, bool),
    margins: (i32, i32),
}

impl Axis {
    /// Where it begins and how long it is.
    fn place(self) -> (i32, i32) {
        let before = self.margins.0.clamp(-FAR, FAR);
        let behind = self.margins.1.clamp(-FAR, FAR);
        let wanted = self.wanted.clamp(0, FAR);
        if wanted == 0 {
            return (self.start + before, (self.length - before - behind).max(1));
        }
        let start = match self.anchors {
            (true, false) => self.start + before,
            (false, true) => self.start + self.length - wanted - behind,
            _ => self.start + (self.length - wanted) / 2,
        };
        (start, wanted)
    }
}

/// What a panel leaves of a room to others.
fn left_by(
    state: &LayerSurfaceCachedState,
    room: Rectangle<i32, Logical>,
) -> Rectangle<i32, Logical> {
    let ExclusiveZone::Exclusive(zone) = state.exclusive_zone else {
        return room;
    };
    let Some(edge) = edge(state.anchor) else {
        return room;
    };
    let margin = match edge {
        Anchor::TOP => state.margin.top,
        Anchor::BOTTOM => state.margin.bottom,
        Anchor::LEFT => state.margin.left,
        _ => state.margin.right,
    };
    let zone = i32::try_from(zone).unwrap_or(FAR).min(FAR) + margin.clamp(-FAR, FAR);
    let mut left = room;
    if edge == Anchor::TOP || edge == Anchor::BOTTOM {
        let taken = zone.clamp(0, (room.size.h - 1).max(0));
        left.size.h -= taken;
        left.loc.y += if edge == Anchor::TOP { taken } else { 0 };
    } else {
        let taken = zone.clamp(0, (room.size.w - 1).max(0));
        left.size.w -= taken;
        left.loc.x += if edge == Anchor::LEFT { taken } else { 0 };
    }
    left
}

/// The edge that an exclusive zone is at: the only one, or the one between two others.
fn edge(anchor: Anchor) -> Option<Anchor> {
    let (columns, rows) = (Anchor::LEFT | Anchor::RIGHT, Anchor::TOP | Anchor::BOTTOM);
    let edges = [
        (Anchor::TOP, columns),
        (Anchor::BOTTOM, columns),
        (Anchor::LEFT, rows),
        (Anchor::RIGHT, rows),
    ];
    let found = edges
        .into_iter()
        .find(|(edge, sides)| anchor == *edge || anchor == *edge | *sides);
    found.map(|(edge, _)| edge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smithay::wayland::shell::wlr_layer::Margins;

    const TOP_BAR: Anchor = Anchor::TOP.union(Anchor::LEFT).union(Anchor::RIGHT);

    fn state(anchor: Anchor, width: i32, height: i32, zone: i32) -> LayerSurfaceCachedState {
        LayerSurfaceCachedState {
            size: (width, height).into(),
            anchor,
            exclusive_zone: zone.into(),
            ..Default::default()
        }
    }

    fn room() -> Rectangle<i32, Logical> {
        rect(0, 20, 800, 580)
    }

    fn rect(x: i32, y: i32, w: i32, h: i32) -> Rectangle<i32, Logical> {
        Rectangle::new((x, y).into(), (w, h).into())
    }

    #[test]
    fn a_place_follows_from_anchors_and_size() {
        for (anchor, size, expected) in [
            (Anchor::empty(), (100, 80), rect(350, 270, 100, 80)),
            (Anchor::TOP, (100, 80), rect(350, 20, 100, 80)),
            (TOP_BAR, (0, 30), rect(0, 20, 800, 30)),
            (TOP_BAR, (200, 30), rect(300, 20, 200, 30)),
            (
                Anchor::BOTTOM | Anchor::RIGHT,
                (100, 80),
                rect(700, 520, 100, 80),
            ),
            (Anchor::all(), (0, 0), room()),
        ] {
            let state = state(anchor, size.0, size.1, 0);
            assert_eq!(place(&state, room()), expected, "{anchor:?}");
        }
    }

    #[test]
    fn margins_count_at_the_edges_that_a_panel_is_anchored_to() {
        let margin = Margins {
            top: 1,
            right: 2,
            bottom: 3,
            left: 4,
        };
        for (anchor, size, expected) in [
            (Anchor::all(), (0, 0), rect(4, 21, 794, 576)),
            (Anchor::TOP | Anchor::LEFT, (10, 10), rect(4, 21, 10, 10)),
            (
                Anchor::BOTTOM | Anchor::RIGHT,
                (10, 10),
                rect(788, 587, 10, 10),
            ),
            (Anchor::empty(), (10, 10), rect(395, 305, 10, 10)),
        ] {
            let mut state = state(anchor, size.0, size.1, 0);
            state.margin = margin;
            assert_eq!(place(&state, room()), expected, "{anchor:?}");
        }
    }

    #[test]
    fn a_zone_counts_at_one_edge_only() {
        for (anchor, expected) in [
            (Anchor::TOP, rect(0, 50, 800, 550)),
            (TOP_BAR, rect(0, 50, 800, 550)),
            (Anchor::BOTTOM, rect(0, 20, 800, 550)),
            (Anchor::LEFT, rect(30, 20, 770, 580)),
            (Anchor::RIGHT, rect(0, 20, 770, 580)),
            (Anchor::TOP | Anchor::LEFT, room()),
            (Anchor::all(), room()),
            (Anchor::empty(), room()),
        ] {
            assert_eq!(left_by(&state(anchor, 9, 9, 30), room()), expected);
        }
        assert_eq!(left_by(&state(Anchor::TOP, 9, 9, -1), room()), room());
    }

    #[test]
    fn senseless_numbers_leave_some_room() {
        let mut wild = state(TOP_BAR, i32::MIN, i32::MAX, i32::MAX);
        let extreme = Margins {
            top: i32::MAX,
            right: i32::MIN,
            bottom: i32::MIN,
            left: i32::MAX,
        };
        wild.margin = extreme;
        let place = place(&wild, room());
        assert!(place.size.w >= 1 && place.size.h >= 1);
        assert_eq!(left_by(&wild, room()).size, (800, 1).into());
    }
}
