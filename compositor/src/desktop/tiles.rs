//! Halves and quarters of the room for windows, to which windows are taken by dragging them to an
//! edge or corner of it.

use smithay::backend::renderer::Color32F;
use smithay::backend::renderer::element::solid::SolidColorRenderElement;
use smithay::backend::renderer::element::{Id, Kind};
use smithay::backend::renderer::utils::CommitCounter;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::State;
use smithay::utils::{Logical, Point, Rectangle};

use crate::render::{SceneElement, covered};
use crate::state::Offing;
use crate::window::Fill;

/// How near to an edge the pointer has to be, in logical units.
const NEAR: f64 = 10.0;
/// The share of an edge next to a corner that counts as the corner.
const CORNER: f64 = 0.25;

/// What shows where a window goes; multiplied by alpha.
const VEIL: Color32F = Color32F::new(0.12, 0.21, 0.3, 0.35);

/// A part of the room for windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    horizontal: Side,
    /// None: from above to below.
    vertical: Option<Side>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Left, or above.
    Start,
    /// Right, or below.
    End,
}

impl Tile {
    pub(crate) const LEFT: Self = Self {
        horizontal: Side::Start,
        vertical: None,
    };
    pub(crate) const RIGHT: Self = Self {
        horizontal: Side::End,
        vertical: None,
    };

    /// Its part of the room.
    pub(crate) fn of(self, room: Rectangle<i32, Logical>) -> Rectangle<i32, Logical> {
        let (left, width) = half(room.loc.x, room.size.w, self.horizontal);
        let (top, height) = match self.vertical {
            Some(side) => half(room.loc.y, room.size.h, side),
            None => (room.loc.y, room.size.h),
        };
        Rectangle::new((left, top).into(), (width, height).into())
    }

    /// The sides at which it touches something, as clients are told.
    pub(crate) fn states(self) -> impl Iterator<Item = State> {
        let horizontal = match self.horizontal {
            Side::Start => State::TiledLeft,
            Side::End => State::TiledRight,
        };
        let above = self.vertical != Some(Side::End);
        let below = self.vertical != Some(Side::Start);
        let vertical = [
            above.then_some(State::TiledTop),
            below.then_some(State::TiledBottom),
        ];
        vertical.into_iter().flatten().chain([horizontal])
    }
}

/// Where a window that is dragged goes if it is dropped now.
pub(crate) struct Drop {
    pub(crate) fill: Option<Fill>,
    /// Of what shows it.
    id: Id,
}

impl Default for Drop {
    fn default() -> Self {
        Self {
            fill: None,
            id: Id::new(),
        }
    }
}

impl Offing {
    /// Shows where a window that is dragged goes.
    pub(crate) fn drop_element(&self) -> Option<SceneElement> {
        let room = self.desktop.work();
        let place = match self.desktop.drop.fill? {
            Fill::Tiled(tile) => tile.of(room),
            Fill::Maximized | Fill::Fullscreen => room,
        };
        let place = covered(Point::default(), place, self.screen.scale());
        let (id, kind) = (self.desktop.drop.id.clone(), Kind::Unspecified);
        let commit = CommitCounter::default();
        Some(SolidColorRenderElement::new(id, place, commit, VEIL, kind).into())
    }
}

/// Where one half begins, and how long it is.
fn half(start: i32, length: i32, side: Side) -> (i32, i32) {
    match side {
        Side::Start => (start, length / 2),
        Side::End => (start + length / 2, length - length / 2),
    }
}

/// What a window fills that is dropped with the pointer here.
pub(crate) fn drop_at(pointer: Point<f64, Logical>, room: Rectangle<i32, Logical>) -> Option<Fill> {
    let from = pointer - room.loc.to_f64();
    let size = room.size.to_f64();
    let side = |at: f64, length: f64, near: f64| {
        if at < near {
            Some(Side::Start)
        } else if at >= length - near {
            Some(Side::End)
        } else {
            None
        }
    };
    if let Some(horizontal) = side(from.x, size.w, NEAR) {
        let vertical = side(from.y, size.h, size.h * CORNER);
        return Some(Fill::Tiled(Tile {
            horizontal,
            vertical,
        }));
    }
    (from.y < NEAR).then_some(Fill::Maximized)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(x: f64, y: f64) -> Option<(i32, i32, i32, i32)> {
        let room = Rectangle::new((0, 30).into(), (801, 600).into());
        let place = match drop_at((x, y).into(), room)? {
            Fill::Tiled(tile) => tile.of(room),
            _ => room,
        };
        Some((place.loc.x, place.loc.y, place.size.w, place.size.h))
    }

    #[test]
    fn edges_are_halves_corners_are_quarters_and_above_is_all() {
        assert_eq!(dropped(400.0, 300.0), None);
        assert_eq!(dropped(400.0, 629.0), None);
        assert_eq!(dropped(400.0, 0.0), Some((0, 30, 801, 600)));
        assert_eq!(dropped(0.0, 330.0), Some((0, 30, 400, 600)));
        assert_eq!(dropped(800.0, 330.0), Some((400, 30, 401, 600)));
        assert_eq!(dropped(0.0, 40.0), Some((0, 30, 400, 300)));
        assert_eq!(dropped(800.0, 620.0), Some((400, 330, 401, 300)));
    }
}
