//! Pointer constraints: a client locks the pointer in its place, or confines it to a region, as long
//! as its window has both the pointer and the keyboard.

use smithay::input::pointer::PointerHandle;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Rectangle};
use smithay::wayland::compositor::{RectangleKind, RegionAttributes};
use smithay::wayland::pointer_constraints::{PointerConstraint, with_pointer_constraint};

use crate::state::Offing;
use crate::tree::Hit;
use crate::window::surface_size;

impl Offing {
    /// Begins or ends what the surface under the pointer has asked for. While it is locked, viewers
    /// tell how far they move the pointer, not where to.
    pub(crate) fn refresh_constraint(&mut self) {
        let focus = self.input.pointer.current_focus();
        let is_locked = focus.is_some_and(|surface| self.constrain(&surface));
        let location = self.input.pointer.current_location();
        match (self.input.locked, is_locked) {
            (None, true) => {
                self.input.locked = Some(location);
                self.remote.set_relative_pointer(true);
            }
            (Some(before), false) => {
                self.input.locked = None;
                self.remote.set_relative_pointer(false);
                if location != before {
                    self.warp_pointer(location);
                }
            }
            _ => {}
        }
    }

    /// Begins or ends what this surface, which has the pointer, has asked for. Returns whether the
    /// pointer is locked then.
    fn constrain(&self, surface: &WlSurface) -> bool {
        let pointer = &self.input.pointer;
        if !with_pointer_constraint(surface, pointer, |constraint| constraint.is_some()) {
            return false;
        }
        let place = self.place_in_focus(surface);
        with_pointer_constraint(surface, pointer, |constraint| {
            let Some(constraint) = constraint else {
                return false;
            };
            let is_lock = matches!(*constraint, PointerConstraint::Locked(_));
            let holds = place.is_some_and(|place| {
                let region = constraint.region();
                // A lock's region says only where it begins.
                is_lock && constraint.is_active() || region.is_none_or(|it| it.contains(place))
            });
            match (constraint.is_active(), holds) {
                (false, true) => constraint.activate(),
                (true, false) => constraint.deactivate(),
                _ => {}
            }
            is_lock && holds
        })
    }

    /// Whether this surface locks the pointer now.
    pub(crate) fn locks_pointer(&self, surface: &WlSurface) -> bool {
        with_pointer_constraint(surface, &self.input.pointer, |constraint| {
            let active = constraint.filter(|constraint| constraint.is_active());
            active.is_some_and(|it| matches!(*it, PointerConstraint::Locked(_)))
        })
    }

    /// Where on this surface the pointer is, if it is there and the window has the keyboard.
    fn place_in_focus(&self, surface: &WlSurface) -> Option<Point<i32, Logical>> {
        let location = self.input.pointer.current_location();
        let hit = self.reachable_under(location)?;
        let has_keyboard = self.keyboard_owner().as_ref() == Some(&hit.root);
        let (at, origin) = hit.surface()?;
        (has_keyboard && at == *surface).then(|| (location - origin).to_i32_floor())
    }

    /// The client that has locked the pointer draws it at this place of its surface: there it is
    /// when the lock ends.
    pub(crate) fn hint_pointer(&mut self, surface: &WlSurface, place: Point<f64, Logical>) {
        let pointer = &self.input.pointer;
        if self.input.locked.is_none() || pointer.current_focus().as_ref() != Some(surface) {
            return;
        }
        let hit = self.reachable_under(pointer.current_location());
        let Some((_, origin)) = hit.and_then(Hit::surface) else {
            return;
        };
        let location = origin + place;
        if self.is_at(location, surface) {
            pointer.set_location(location);
        }
    }

    /// Whether this surface is what viewers reach at a point of the screen.
    fn is_at(&self, location: Point<f64, Logical>, surface: &WlSurface) -> bool {
        let at = self.reachable_under(location).and_then(Hit::surface);
        at.is_some_and(|(at, _)| at == *surface)
    }

    /// How far a confined pointer gets towards a point of the screen; none if it is free.
    pub(crate) fn confined(&self, target: Point<f64, Logical>) -> Option<Point<f64, Logical>> {
        let pointer = &self.input.pointer;
        let surface = pointer.current_focus()?;
        let region = confinement(&surface, pointer)?;
        let location = pointer.current_location();
        let (_, origin) = self.reachable_under(location)?.surface()?;
        let in_region = |point: Point<f64, Logical>| {
            region.contains((point - origin).to_i32_floor::<i32>()) && self.is_at(point, &surface)
        };
        if in_region(target) {
            return Some(target);
        }
        // To the nearest point of some part, or along an edge.
        let parts = region.rects.iter();
        let parts = parts.filter(|(kind, _)| matches!(kind, RectangleKind::Add));
        let mut nearer: Vec<_> = parts
            .map(|(_, part)| nearest(target - origin, *part) + origin)
            .chain([(target.x, location.y).into(), (location.x, target.y).into()])
            .collect();
        nearer.sort_by(|a, b| distance(*a, target).total_cmp(&distance(*b, target)));
        let allowed = nearer.into_iter().find(|point| in_region(*point));
        Some(allowed.unwrap_or(location))
    }
}

/// The region of a surface that the pointer is confined to now.
fn confinement(surface: &WlSurface, pointer: &PointerHandle<Offing>) -> Option<RegionAttributes> {
    let region = with_pointer_constraint(surface, pointer, |constraint| {
        let constraint = constraint.filter(|constraint| constraint.is_active())?;
        match &*constraint {
            PointerConstraint::Confined(confined) => Some(confined.region().cloned()),
            PointerConstraint::Locked(_) => None,
        }
    });
    let all = || RegionAttributes {
        rects: surface_size(surface)
            .map(|size| (RectangleKind::Add, Rectangle::from_size(size)))
            .into_iter()
            .collect(),
    };
    Some(region?.unwrap_or_else(all))
}

/// The point of a rectangle that is nearest to another point, to the last whole unit.
fn nearest(point: Point<f64, Logical>, rect: Rectangle<i32, Logical>) -> Point<f64, Logical> {
    let rect = rect.to_f64();
    // A client can make rectangles whose end is before their start.
    let along = |at: f64, start: f64, length: f64| at.min(start + length - 1.0).max(start);
    Point::from((
        along(point.x, rect.loc.x, rect.size.w),
        along(point.y, rect.loc.y, rect.size.h),
    ))
}

/// The square of the distance of two points.
fn distance(a: Point<f64, Logical>, b: Point<f64, Logical>) -> f64 {
    let Point { x, y, .. } = a - b;
    x * x + y * y
}
