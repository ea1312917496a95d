//! Copies of one window: what its program draws, and its popups as far as they lie inside of it,
//! but nothing that we draw around it. So a film of it keeps its size when a menu opens, and shows
//! what the window has to say. It is drawn apart from the screen, whether or not it is seen there,
//! when a copy is due.

use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Physical, Point, Rectangle};
use tracing::debug;

use super::{Copy, Failure, Pointer, Scene, Source};
use crate::config::MAX_SIDE;
use crate::lock::lock;
use crate::render::{Alone, covered};
use crate::state::Offing;
use crate::tree::Tree;
use crate::window::Window;

impl Offing {
    /// The part of a window that is copied, in pixels from where its surface begins. A client can
    /// make a huge window out of nothing: then it is cut at twice the screen's size.
    fn copied_area(&self, window: &Window) -> Rectangle<i32, Physical> {
        let screen = self.screen.area().size;
        let most = |side: i32| side.saturating_mul(2).min(MAX_SIDE.into());
        let mut area = covered(Point::default(), window.geometry(), self.screen.scale());
        area.size.w = area.size.w.min(most(screen.w));
        area.size.h = area.size.h.min(most(screen.h));
        area
    }

    /// A window that is there to be copied, minimized or not.
    fn copied_window(&self, surface: &WlSurface) -> Option<&Window> {
        self.desktop.window(surface).filter(|it| it.mapped)
    }

    /// How large a copy of a window is, in pixels; none if it is gone, or nothing of it.
    pub(super) fn size_of_window(&self, surface: &WlSurface) -> Option<rfb::Size> {
        let window = self.copied_window(surface)?;
        size_of(self.copied_area(window))
    }

    /// The window as it is drawn for a copy, and how large that is.
    fn draft(&mut self, surface: &WlSurface) -> Option<(Alone, rfb::Size)> {
        let window = self.copied_window(surface)?;
        let (area, scale) = (self.copied_area(window), self.screen.scale());
        let size = size_of(area)?;
        // Where it is on the screen does not matter.
        let origin = window.origin();
        let tree = Tree {
            position: window.position - origin,
            origin: Point::default(),
            worn: None,
            ..window.tree()
        };
        let elements = tree.elements(self.renderer.painter(), scale);
        Some((Alone::new(elements, area, scale), size))
    }

    /// The cursor, if it is over a window and nothing else is there.
    fn pointer_over(&self, surface: &WlSurface, size: rfb::Size) -> Option<Pointer> {
        let location = self.input.pointer.current_location();
        let hit = self.reachable_under(location)?;
        let window = self
            .desktop
            .window(surface)
            .filter(|_| hit.root == *surface)?;
        let inside = location - window.position.to_f64();
        let pixel: Point<i32, Physical> = inside.to_physical(self.screen.scale()).to_i32_round();
        let side = |at: i32, side: u16| u16::try_from(at).ok().filter(|at| *at < side);
        let at = rfb::Point::new(side(pixel.x, size.width)?, side(pixel.y, size.height)?);
        self.pointer_at(at)
    }

    /// Serves one that waits for a copy of a window, if it looks other than on the last; returns it
    /// if it waits on. While the session is locked it does: that ends no recording, and shows
    /// nothing.
    pub(super) fn serve_window_copy(&mut self, copy: Copy, surface: &WlSurface) -> Option<Copy> {
        if self.is_locked() {
            return Some(copy);
        }
        let Some((draft, size)) = self.draft(surface) else {
            copy.recipient.failed(Failure::Gone);
            return None;
        };
        if !copy.fits(size) {
            copy.recipient.failed(Failure::Buffer);
            return None;
        }
        let cursor = match copy.subject.with_cursor {
            true => self.pointer_over(surface, size),
            false => None,
        };
        let mut damage = rfb::Region::default();
        let changes = draft.changes(&mut lock(&copy.series.0).window);
        changes.into_iter().for_each(|rect| damage.add(rect));
        copy.damage_cursor(cursor.as_ref(), &mut damage);
        if damage.is_empty() {
            return Some(copy);
        }
        match self.renderer.draw_alone(&draft) {
            Ok(pixels) => {
                let (frame, time) = (rfb::Frame::from_pixels(size, &pixels), self.clock.now());
                let scene = Scene {
                    frame,
                    cursor,
                    time,
                };
                copy.serve(&scene, &damage);
            }
            Err(error) => {
                debug!("a window could not be drawn for a copy: {error}");
                lock(&copy.series.0).window = Default::default();
                copy.recipient.failed(Failure::Buffer);
            }
        }
        None
    }

    /// Fails the copies that wait for a window that is gone.
    pub(crate) fn end_copies_of_gone(&mut self) {
        let waiting = std::mem::take(&mut self.captures.waiting);
        let (stay, gone) = waiting.into_iter().partition(|copy| {
            let source = &copy.subject.source;
            *source == Source::Screen || self.size_of_source(source).is_some()
        });
        self.captures.waiting = stay;
        let gone: Vec<Copy> = gone;
        gone.iter()
            .for_each(|copy| copy.recipient.failed(Failure::Gone));
    }

    /// The windows that are copied, but not on the screen: as long as somebody waits for their next
    /// frame their programs are to draw it.
    pub(crate) fn trees_copied_unseen(&self) -> impl Iterator<Item = Tree> {
        let waiting = self.captures.waiting.iter().filter(|_| !self.is_locked());
        let windows = waiting.filter_map(|copy| match &copy.subject.source {
            Source::Screen => None,
            Source::Window(surface) => self.copied_window(surface),
        });
        windows.filter(|it| it.minimized).map(Window::tree)
    }
}

/// None if it is empty.
fn size_of(area: Rectangle<i32, Physical>) -> Option<rfb::Size> {
    let side = |side: i32| u16::try_from(side).ok().filter(|side| *side > 0);
    Some(rfb::Size::new(side(area.size.w)?, side(area.size.h)?))
}
