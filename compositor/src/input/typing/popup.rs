//! What an input method shows at the text cursor: the characters to choose from.

use smithay::reexports::wayland_protocols_misc::zwp_input_method_v2::server::zwp_input_method_v2::ZwpInputMethodV2;
use smithay::reexports::wayland_protocols_misc::zwp_input_method_v2::server::zwp_input_popup_surface_v2::ZwpInputPopupSurfaceV2;
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Rectangle, Size};

use super::Typing;
use crate::desktop::has_buffer;
use crate::state::Offing;
use crate::tree::Tree;
use crate::window::surface_size;

/// How many of them an input method has at most: all are drawn.
const MAX_POPUPS: usize = 4;

/// One of them.
pub(super) struct Popup {
    object: ZwpInputPopupSurfaceV2,
    surface: WlSurface,
    /// Where it was told that the cursor is, from its own corner.
    told: Option<Rectangle<i32, Logical>>,
}

impl Typing {
    pub(super) fn has_popups(&self) -> bool {
        let method = self.method.as_ref();
        method.is_some_and(|method| !method.popups.is_empty())
    }
}

impl Offing {
    /// The input method wants to show a surface at the text cursor.
    pub(crate) fn add_input_popup(
        &mut self,
        client: &ClientId,
        method: &ZwpInputMethodV2,
        object: ZwpInputPopupSurfaceV2,
        surface: WlSurface,
    ) {
        let Some(method) = self.typing.method_mut(method) else {
            return;
        };
        if method.popups.len() >= MAX_POPUPS {
            let reason = format!("more than {MAX_POPUPS} popups of an input method");
            self.expel(client, &reason);
            return;
        }
        method.popups.push(Popup {
            object,
            surface,
            told: None,
        });
        self.clock.queue();
    }

    /// A popup is gone.
    pub(crate) fn remove_input_popup(&mut self, object: &ZwpInputPopupSurfaceV2) {
        if let Some(method) = &mut self.typing.method {
            method.popups.retain(|popup| popup.object != *object);
            self.clock.queue();
        }
    }

    /// Finds places for the input method's popups: below the text cursor, or above it where there is
    /// no room; nowhere, if nobody types.
    pub(crate) fn place_input_popups(&mut self) {
        let shown = self.input_popups();
        for (surface, _) in self.desktop.set_input_popups(shown) {
            self.screen.leave(&surface);
        }
    }

    fn input_popups(&mut self) -> Vec<(WlSurface, Point<i32, Logical>)> {
        let screen = self.screen.logical_size();
        let cursor = self.text_cursor();
        let (Some(cursor), Some(method)) = (cursor, &mut self.typing.method) else {
            return Vec::new();
        };
        let mut shown = Vec::new();
        for popup in &mut method.popups {
            if !has_buffer(&popup.surface) {
                continue;
            }
            let size = surface_size(&popup.surface).unwrap_or_default();
            let place = beside(cursor, size, screen);
            let mut seen = cursor;
            seen.loc -= place;
            if popup.told.replace(seen) != Some(seen) {
                let (at, size) = (seen.loc, seen.size);
                popup
                    .object
                    .text_input_rectangle(at.x, at.y, size.w, size.h);
            }
            shown.push((popup.surface.clone(), place));
        }
        shown
    }

    /// Where on the screen the text cursor is, if something can be typed.
    fn text_cursor(&self) -> Option<Rectangle<i32, Logical>> {
        let input = self.typing.active_input()?;
        let focus = input.entered.as_ref()?;
        let mut surfaces = self.desktop.trees().flat_map(|tree: Tree| tree.surfaces());
        let (_, origin) = surfaces.find(|(surface, _)| surface == focus)?;
        // A client may say any number.
        let screen = self.screen.logical_size();
        let cursor = input.current.cursor.unwrap_or_default();
        let at = |origin: i32, at: i32, side: i32| origin.saturating_add(at).clamp(0, side);
        let length = |length: i32, side: i32| length.clamp(0, side);
        Some(Rectangle::new(
            Point::from((
                at(origin.x, cursor.loc.x, screen.w),
                at(origin.y, cursor.loc.y, screen.h),
            )),
            Size::from((
                length(cursor.size.w, screen.w),
                length(cursor.size.h, screen.h),
            )),
        ))
    }
}

/// The place of something of this size below the cursor, or above it where that leaves the screen.
fn beside(
    cursor: Rectangle<i32, Logical>,
    size: Size<i32, Logical>,
    screen: Size<i32, Logical>,
) -> Point<i32, Logical> {
    let below = cursor.loc.y + cursor.size.h;
    let above = cursor.loc.y.saturating_sub(size.h);
    let fits_below = below.saturating_add(size.h) <= screen.h;
    let y = if fits_below || above < 0 {
        below
    } else {
        above
    };
    let x = cursor.loc.x.min(screen.w.saturating_sub(size.w)).max(0);
    (x, y).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(x: i32, y: i32, size: (i32, i32)) -> (i32, i32) {
        let cursor = Rectangle::new((x, y).into(), (2, 20).into());
        let place = beside(cursor, size.into(), (320, 240).into());
        (place.x, place.y)
    }

    #[test]
    fn popups_are_beside_the_cursor_and_on_the_screen() {
        assert_eq!(place(30, 40, (100, 50)), (30, 60));
        assert_eq!(place(300, 200, (100, 50)), (220, 150));
        assert_eq!(place(10, 100, (400, 200)), (0, 120));
        assert_eq!(place(10, 100, (i32::MAX, i32::MAX)), (0, 120));
    }
}
