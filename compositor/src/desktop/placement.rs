//! Where windows go.

use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Rectangle};

use super::Desktop;

/// How far a new window is moved away from one that is exactly where it would go.
const CASCADE: i32 = 32;
/// How much of a window stays on the screen in each direction, in logical units.
const REACH: i32 = 48;

impl Desktop {
    /// Where a window's frame goes when it is shown: over its parent, or in the middle of the room for
    /// windows, beside those that are there already. One that was hidden comes back to where it
    /// was.
    pub(super) fn place(&self, surface: &WlSurface) -> Point<i32, Logical> {
        let Some(window) = self.window(surface) else {
            return Point::default();
        };
        if window.placed {
            return keep_in_reach(window.frame(), self.work);
        }
        let size = window.frame().size;
        let parent = window
            .toplevel
            .parent()
            .and_then(|parent| self.window(&parent));
        let around = match parent {
            Some(parent) if parent.is_shown() => parent.frame(),
            _ => self.work,
        };
        let mut position =
            around.loc + Point::from(((around.size.w - size.w) / 2, (around.size.h - size.h) / 2));
        let end = self.work.loc + self.work.size;
        if parent.is_none() {
            while self
                .shown()
                .any(|other| !other.is(surface) && other.frame().loc == position)
                && position.x + CASCADE < end.x
                && position.y + CASCADE < end.y
            {
                position += Point::from((CASCADE, CASCADE));
            }
        }
        position.x = position.x.max(self.work.loc.x);
        position.y = position.y.max(self.work.loc.y);
        keep_in_reach(Rectangle::new(position, size), self.work)
    }
}

/// The position nearest to a window's own at which it can be taken hold of: its top edge in the
/// room for windows, and a part of it left and right.
pub(crate) fn keep_in_reach(
    frame: Rectangle<i32, Logical>,
    work: Rectangle<i32, Logical>,
) -> Point<i32, Logical> {
    let reach = REACH.min(frame.size.w);
    let left = work.loc.x + reach - frame.size.w;
    let right = (work.loc.x + work.size.w - reach).max(left);
    let top = work.loc.y;
    let bottom = (top + work.size.h - REACH).max(top);
    (
        frame.loc.x.clamp(left, right),
        frame.loc.y.clamp(top, bottom),
    )
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(x: i32, y: i32, w: i32, h: i32) -> (i32, i32) {
        let frame = Rectangle::new((x, y).into(), (w, h).into());
        keep_in_reach(frame, Rectangle::from_size((800, 600).into())).into()
    }

    #[test]
    fn a_window_on_the_screen_stays() {
        assert_eq!(reach(100, 100, 300, 200), (100, 100));
        assert_eq!(reach(-200, 0, 300, 200), (-200, 0));
    }

    #[test]
    fn a_window_off_the_screen_comes_back() {
        assert_eq!(reach(-900, -50, 300, 200), (-252, 0));
        assert_eq!(reach(2000, 2000, 300, 200), (752, 552));
    }

    #[test]
    fn a_window_smaller_than_the_reach_is_whole() {
        assert_eq!(reach(-100, 10, 20, 20), (0, 10));
        assert_eq!(reach(900, 10, 20, 20), (780, 10));
    }
}
