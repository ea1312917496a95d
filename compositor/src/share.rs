//! What viewers see of the session, and what of it they reach: the desktop, a part of it, or one
//! window. Everything that viewers get is in pixels of the shared part, whose upper left corner
//! is their (0, 0).

use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Physical, Point, Rectangle, Size};

use crate::config::MAX_SIDE;
use crate::desktop::Desktop;
use crate::render::{Picture, SceneElement, mark};
use crate::screen::pixels;
use crate::state::Offing;
use crate::window::Window;

/// What viewers see of the session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Share {
    /// The whole desktop.
    #[default]
    Desktop,
    /// This part of the desktop, in pixels of the screen, with whatever is there.
    Rect(rfb::Rect),
    /// The part of the desktop that the topmost window with this app id covers with its popups,
    /// as it is on the desktop. Viewers reach this window only.
    Window(String),
    /// The topmost window with this app id and its popups alone, whatever covers it and wherever
    /// it is. Viewers reach this window only.
    Isolated(String),
}

/// What is shared, and what of it viewers see now.
pub(crate) struct Shared {
    what: Share,
    shown: View,
    /// The sign that somebody watches.
    indicator: Option<Picture>,
}

/// What viewers see at one time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    /// Where it is on the screen, or beside it, in pixels. Never empty.
    pub(crate) area: Rectangle<i32, Physical>,
    pub(crate) content: Content,
}

/// What is in the area that viewers see.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// The desktop, which viewers reach.
    Desktop,
    /// The desktop, of which viewers reach one window.
    Window(WlSurface),
    /// One window.
    Isolated(WlSurface),
    /// The background, as what is shared is not there.
    Nothing,
}

impl Shared {
    /// `screen` in pixels.
    pub(crate) fn new(what: Share, indicator: bool, screen: rfb::Size, scale: f64) -> Self {
        let screen = pixels(screen);
        let shown = what.of_desktop(screen).unwrap_or(View {
            area: screen,
            content: Content::Nothing,
        });
        Self {
            what,
            shown,
            indicator: indicator.then(|| mark::picture(scale)),
        }
    }

    /// What viewers see since the last frame.
    pub(crate) fn shown(&self) -> &View {
        &self.shown
    }

    /// Viewers see the screen, and so may resize it.
    pub(crate) fn is_desktop(&self) -> bool {
        self.what == Share::Desktop
    }

    /// Windows are drawn wherever they are, on the screen or beside it.
    pub(crate) fn is_isolated(&self) -> bool {
        matches!(self.what, Share::Isolated(_))
    }

    fn find<'a>(&self, desktop: &'a Desktop) -> Option<&'a Window> {
        match &self.what {
            Share::Desktop | Share::Rect(_) => None,
            Share::Window(app_id) | Share::Isolated(app_id) => desktop
                .shown()
                .rev()
                .find(|window| window.app_id().as_ref() == Some(app_id)),
        }
    }
}

impl Share {
    /// What is seen if no window is asked for.
    fn of_desktop(&self, screen: Rectangle<i32, Physical>) -> Option<View> {
        let area = match self {
            Share::Desktop => screen,
            Share::Rect(rect) => {
                let [x, y, w, h] = [rect.x, rect.y, rect.width, rect.height].map(i32::from);
                part_of(Rectangle::new((x, y).into(), (w, h).into()), screen)?
            }
            Share::Window(_) | Share::Isolated(_) => return None,
        };
        Some(View {
            area,
            content: Content::Desktop,
        })
    }
}

impl View {
    /// The size in pixels.
    pub(crate) fn size(&self) -> rfb::Size {
        let side = |pixels: i32| u16::try_from(pixels).unwrap_or(u16::MAX);
        rfb::Size::new(side(self.area.size.w), side(self.area.size.h))
    }

    /// The only window that viewers reach, if there is one.
    pub(crate) fn window(&self) -> Option<&WlSurface> {
        match &self.content {
            Content::Window(window) | Content::Isolated(window) => Some(window),
            Content::Desktop | Content::Nothing => None,
        }
    }
}

impl Offing {
    /// What viewers are to see, as windows are now.
    pub(crate) fn view(&self) -> View {
        let screen = self.screen.area();
        // A shared window is not to be seen while the session is locked.
        let window = self.shared.find(&self.desktop);
        let view = match window.filter(|_| !self.is_locked()) {
            Some(window) => self.view_of(window, screen),
            None => self.shared.what.of_desktop(screen),
        };
        view.unwrap_or_else(|| View {
            area: Rectangle::from_size(self.shared.shown.area.size),
            content: Content::Nothing,
        })
    }

    fn view_of(&self, window: &Window, screen: Rectangle<i32, Physical>) -> Option<View> {
        let (frame, covered) = window.covers(self.screen.scale());
        let surface = window.surface().clone();
        let (limits, content) = if self.shared.is_isolated() {
            // A client can make a huge window out of nothing.
            (around(frame.loc, screen.size), Content::Isolated(surface))
        } else {
            (screen, Content::Window(surface))
        };
        let area = part_of(covered, limits)?;
        Some(View { area, content })
    }

    /// Makes what is drawn next what viewers are to see now.
    pub(crate) fn follow_view(&mut self) -> Result<(), String> {
        let view = self.view();
        if view == self.shared.shown {
            return Ok(());
        }
        let looked = self.renderer.look_at(view.area);
        looked.map_err(|error| error.to_string())?;
        self.shared.shown = view;
        // The pointer stays where it is on the desktop, but is elsewhere for viewers, and may
        // reach other windows.
        self.tell_pointer();
        self.refresh_pointer();
        // Panels have it only where viewers reach them.
        self.refresh_keyboard();
        Ok(())
    }

    /// What to draw for viewers, topmost first.
    pub(crate) fn elements(&mut self) -> Vec<SceneElement> {
        let scale = self.screen.scale();
        let trees: Vec<_> = self.trees().collect();
        let mut elements = self.drag_icon_elements(scale);
        elements.extend(self.chooser_element());
        elements.extend(self.drop_element());
        let painter = self.renderer.painter();
        match &self.shared.shown.content {
            Content::Desktop | Content::Window(_) => {
                for tree in trees {
                    elements.extend(tree.elements(painter, scale));
                }
            }
            Content::Isolated(surface) => {
                let window = self.desktop.window(surface);
                elements.extend(
                    window
                        .into_iter()
                        .flat_map(|it| it.tree().elements(painter, scale)),
                );
            }
            Content::Nothing => elements.clear(),
        }
        elements.extend(self.backdrop_element());
        elements
    }

    /// The sign that somebody watches, if it is to be seen.
    pub(crate) fn indicator(&self) -> Option<&Picture> {
        let indicator = self.shared.indicator.as_ref();
        indicator.filter(|_| self.remote.viewer_count() > 0)
    }

    /// A viewer joined or left: the sign may have to come or go.
    pub(crate) fn update_indicator(&mut self) {
        if self.shared.indicator.is_some() {
            self.clock.queue();
        }
    }

    /// The part of the screen that viewers see, in logical units.
    pub(crate) fn seen(&self) -> Rectangle<i32, Logical> {
        let area = self.view().area.to_f64();
        area.to_logical(self.screen.scale()).to_i32_down()
    }

    /// Whether viewers' input has somewhere to go.
    pub(crate) fn takes_input(&self) -> bool {
        match &self.shared.shown.content {
            Content::Desktop => true,
            Content::Window(window) | Content::Isolated(window) => {
                self.desktop.window(window).is_some_and(Window::is_shown)
            }
            Content::Nothing => false,
        }
    }

    /// Where a viewer's pixel is on the desktop; none if there is nothing to point at.
    pub(crate) fn locate(&self, x: u16, y: u16) -> Option<Point<f64, Logical>> {
        if !self.takes_input() {
            return None;
        }
        let area = self.shared.shown.area;
        let pixel = area.loc
            + Point::from((
                i32::from(x).min(area.size.w - 1),
                i32::from(y).min(area.size.h - 1),
            ));
        Some(pixel.to_f64().to_logical(self.screen.scale()))
    }

    /// Where on the desktop a motion of so many pixels takes the pointer, which stays in what
    /// viewers see; none if there is nothing to point at.
    pub(crate) fn displaced(&self, delta: Point<f64, Physical>) -> Option<Point<f64, Logical>> {
        if !self.takes_input() {
            return None;
        }
        let (area, scale) = (self.shared.shown().area.to_f64(), self.screen.scale());
        let pixel = self.input.pointer.current_location().to_physical(scale) + delta;
        let inside = Point::<f64, Physical>::from((
            pixel.x.clamp(area.loc.x, area.loc.x + area.size.w - 1.0),
            pixel.y.clamp(area.loc.y, area.loc.y + area.size.h - 1.0),
        ));
        Some(inside.to_logical(scale))
    }

    /// Where the pointer is, in pixels of what is shared.
    pub(crate) fn pointed_pixel(&self) -> rfb::Point {
        let area = self.shared.shown.area;
        let location = self.input.pointer.current_location();
        let pixel: Point<i32, Physical> = location.to_physical(self.screen.scale()).to_i32_round();
        let side = |pixel: i32, size: i32| pixel.clamp(0, size - 1).try_into().unwrap_or(u16::MAX);
        rfb::Point {
            x: side(pixel.x - area.loc.x, area.size.w),
            y: side(pixel.y - area.loc.y, area.size.h),
        }
    }

    /// Tells viewers where the pointer is.
    pub(crate) fn tell_pointer(&mut self) {
        let at = self.pointed_pixel();
        self.remote.set_pointer(at, self.input.moved_by());
        self.cursor_changed();
    }
}

/// How far a window that is at this place is followed beyond the screen.
fn around(window: Point<i32, Physical>, screen: Size<i32, Physical>) -> Rectangle<i32, Physical> {
    let side = |side: i32| side.saturating_mul(2).min(MAX_SIDE.into());
    let size = Size::from((side(screen.w), side(screen.h)));
    Rectangle::new(window - screen.downscale(2).to_point(), size)
}

/// The part of a rectangle that is within limits; none if nothing is.
fn part_of(
    rect: Rectangle<i32, Physical>,
    limits: Rectangle<i32, Physical>,
) -> Option<Rectangle<i32, Physical>> {
    rect.intersection(limits).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: rfb::Size = rfb::Size::new(320, 240);

    fn shown(what: Share) -> View {
        Shared::new(what, false, SCREEN, 1.0).shown
    }

    fn rect(x: u16, y: u16, width: u16, height: u16) -> Share {
        Share::Rect(rfb::Rect::new(x, y, width, height))
    }

    #[test]
    fn a_rectangle_is_cut_to_the_screen() {
        for (share, area) in [
            (rect(10, 20, 30, 40), (10, 20, 30, 40)),
            (rect(300, 200, 100, 100), (300, 200, 20, 40)),
            (rect(0, 0, u16::MAX, u16::MAX), (0, 0, 320, 240)),
        ] {
            let view = shown(share);
            let (x, y, w, h) = area;
            assert_eq!(view.area, Rectangle::new((x, y).into(), (w, h).into()));
            assert_eq!(view.content, Content::Desktop);
        }
    }

    #[test]
    fn an_isolated_window_is_no_larger_than_a_screen_can_be() {
        let most = i32::from(MAX_SIDE);
        for (screen, expected) in [((320, 240), (640, 480)), ((most, 9), (most, 18))] {
            assert_eq!(around((0, 0).into(), screen.into()).size, expected.into());
        }
    }

    #[test]
    fn what_is_not_there_is_as_large_as_the_screen_at_first() {
        let far = u16::MAX;
        for share in [
            rect(320, 0, 10, 10),
            rect(far, far, far, far),
            Share::Window("a".to_owned()),
            Share::Isolated("a".to_owned()),
        ] {
            let view = shown(share);
            assert_eq!(view.content, Content::Nothing);
            assert_eq!(view.size(), SCREEN);
        }
    }
}
