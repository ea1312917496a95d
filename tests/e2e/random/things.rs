use offing_tests::wayland_client::protocol::{
    Anchor, ConstraintAdjustment, Gravity, KeyboardInteractivity, Layer, PanelAnchor, ResizeEdge,
};
use offing_tests::wayland_client::{Positioner, Surface};

use super::chance::Chance;

/// A surface with its role.
pub(super) struct Thing {
    pub(super) surface: Surface,
    pub(super) kind: Kind,
    pub(super) parent: Option<Surface>,
    pub(super) title: String,
    pub(super) drawn: Option<(i32, i32)>,
    pub(super) colour: [u8; 3],
    /// How its buffer becomes what is seen, if that was ever said.
    pub(super) view: Option<View>,
}

/// A part of a buffer: left, top, width, height.
type Part = (f64, f64, f64, f64);

/// Which part of a buffer is shown at a surface's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// All of it, as it is.
    Plain,
    /// All of it, twice as large as the surface.
    Sharp,
    /// The middle of it.
    Middle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Window { asks_for_decoration: bool },
    Panel,
    Popup { grabs: bool },
    Child,
}

/// What a viewer's press on a window leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hold {
    Move,
    Resize(ResizeEdge),
    Drag,
    DragIcon,
    Menu,
}

const VIEWS: [View; 3] = [View::Plain, View::Sharp, View::Middle];
const EDGES: [ResizeEdge; 8] = [
    ResizeEdge::Top,
    ResizeEdge::Bottom,
    ResizeEdge::Left,
    ResizeEdge::Right,
    ResizeEdge::TopLeft,
    ResizeEdge::TopRight,
    ResizeEdge::BottomLeft,
    ResizeEdge::BottomRight,
];
pub(super) const LAYERS: [Layer; 4] =
    [Layer::Background, Layer::Bottom, Layer::Top, Layer::Overlay];
pub(super) const KEYBOARDS: [KeyboardInteractivity; 4] = [
    KeyboardInteractivity::None,
    KeyboardInteractivity::None,
    KeyboardInteractivity::OnDemand,
    KeyboardInteractivity::Exclusive,
];

impl Thing {
    pub(super) fn is_window(&self) -> bool {
        matches!(self.kind, Kind::Window { .. })
    }

    pub(super) fn is_popup(&self) -> bool {
        matches!(self.kind, Kind::Popup { .. })
    }
}

impl View {
    pub(super) fn any(chance: &mut Chance) -> Self {
        chance.pick(&VIEWS).copied().unwrap_or(Self::Plain)
    }

    /// The scale of the buffer, which part of it is shown, and how large, for a surface of this
    /// size.
    pub(super) fn of(self, (width, height): (i32, i32)) -> (i32, Part, (i32, i32)) {
        let (w, h) = (f64::from(width), f64::from(height));
        match self {
            // -1 takes back what was said.
            Self::Plain => (1, (-1.0, -1.0, -1.0, -1.0), (-1, -1)),
            Self::Sharp => (2, (-1.0, -1.0, -1.0, -1.0), (width, height)),
            Self::Middle => (1, (w / 4.0, h / 4.0, w / 2.0, h / 2.0), (width, height)),
        }
    }
}

impl Hold {
    pub(super) fn any(chance: &mut Chance) -> Self {
        match chance.below(5) {
            0 => Self::Move,
            1 => Self::Resize(chance.pick(&EDGES).copied().unwrap_or(ResizeEdge::Top)),
            2 => Self::Drag,
            3 => Self::DragIcon,
            _ => Self::Menu,
        }
    }
}

/// Where a popup of something so large is to be.
pub(super) fn somewhere(chance: &mut Chance, (width, height): (i32, i32)) -> Positioner {
    let x = chance.between(0, width);
    let y = chance.between(0, height);
    let anchors = [Anchor::BottomLeft, Anchor::TopRight, Anchor::None];
    let gravities = [Gravity::BottomRight, Gravity::TopLeft, Gravity::None];
    let adjustments = [
        ConstraintAdjustment::empty(),
        ConstraintAdjustment::all(),
        ConstraintAdjustment::SlideX | ConstraintAdjustment::SlideY,
    ];
    Positioner {
        size: (chance.between(1, 80), chance.between(1, 60)),
        anchor_rect: (x, y, (width - x).clamp(1, 20), (height - y).clamp(1, 20)),
        anchor: *chance.pick(&anchors).unwrap_or(&Anchor::None),
        gravity: *chance.pick(&gravities).unwrap_or(&Gravity::None),
        adjustment: *chance.pick(&adjustments).unwrap_or(&adjustments[0]),
        offset: (chance.between(-5, 6), chance.between(-5, 6)),
        reactive: chance.flip(),
    }
}

/// The size and edges of a panel.
pub(super) fn shape(chance: &mut Chance) -> (PanelAnchor, u32, u32) {
    use PanelAnchor as At;
    let all = At::Top | At::Bottom | At::Left | At::Right;
    match chance.below(6) {
        0 => (At::Top | At::Left | At::Right, 0, 14),
        1 => (At::Bottom | At::Left | At::Right, 0, 20),
        2 => (At::Left | At::Top | At::Bottom, 12, 0),
        3 => (At::Right, 20, 50),
        4 => (At::empty(), 60, 40),
        _ => (all, 0, 0),
    }
}
