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
