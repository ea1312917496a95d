//! The windows: which there are, their order, which is active, and what follows from a commit, a
//! click or a new size of the screen.

mod placement;
mod popups;

use smithay::backend::renderer::utils::with_renderer_surface_state;
use smithay::desktop::{PopupGrab, PopupManager};
use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::Mode;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{IsAlive, Logical, Point, SERIAL_COUNTER};
use smithay::wayland::compositor::get_parent;
use smithay::wayland::shell::xdg::ToplevelSurface;

pub(crate) use placement::keep_in_reach;

use crate::share::Content;
use crate::state::Offing;
use crate::window::{Fill, Window, WindowInfo, may_configure};

/// All windows and popups.
pub(crate) struct Desktop {
    /// Bottom first.
    windows: Vec<Window>,
    /// The window that has the keyboard.
    active: Option<WlSurface>,
    pub(crate) popups: PopupManager,
    /// The topmost grabbing popup has the keyboard.
    popup_grab: Option<PopupGrab<Offing>>,
    kiosk: bool,
}

impl Desktop {
    pub(crate) fn new(kiosk: bool) -> Self {
        Self {
            windows: Vec::new(),
            active: None,
            popups: PopupManager::default(),
            popup_grab: None,
            kiosk,
        }
    }

    /// Adds a window that has no buffer yet.
    pub(crate) fn add(&mut self, toplevel: ToplevelSurface) {
        self.windows.push(Window::new(toplevel));
    }

    /// The windows that are shown, bottom first.
    pub(crate) fn shown(&self) -> impl DoubleEndedIterator<Item = &Window> {
        self.windows.iter().filter(|window| window.mapped)
    }

    pub(crate) fn window(&self, surface: &WlSurface) -> Option<&Window> {
        self.windows.iter().find(|window| window.is(surface))
    }

    pub(crate) fn window_mut(&mut self, surface: &WlSurface) -> Option<&mut Window> {
        self.windows.iter_mut().find(|window| window.is(surface))
    }

    pub(crate) fn active(&self) -> Option<&Window> {
        self.active
            .as_ref()
            .and_then(|surface| self.window(surface))
    }

    /// The topmost window at a point, with the surface there and its origin.
    pub(crate) fn under(
        &self,
        point: Point<f64, Logical>,
    ) -> Option<(&Window, WlSurface, Point<i32, Logical>)> {
        self.shown().rev().find_map(|window| {
            window
                .surface_under(point)
                .map(|(surface, origin)| (window, surface, origin))
        })
    }

    pub(crate) fn info(&self) -> Vec<WindowInfo> {
        self.shown()
            .map(|window| window.info(self.active.as_ref() == Some(window.surface())))
            .collect()
    }

    /// How many windows there are of the client that this one is of.
    pub(crate) fn count_of_client(&self, surface: &WlSurface) -> usize {
        let client = surface.id();
        let windows = self.windows.iter().map(|window| window.surface().id());
        windows.filter(|id| id.same_client_as(&client)).count()
    }

    fn set_active(&self, surface: &WlSurface, active: bool) {
        if let Some(window) = self.window(surface) {
            window.set_active(active);
            window.send_changes();
        }
    }

    /// Above all others of its kind; its dialogs stay above it.
    fn raise(&mut self, surface: &WlSurface) {
        let is_above = |window: &Window| {
            window.is(surface) || window.toplevel.parent().as_ref() == Some(surface)
        };
        let (above, below): (Vec<_>, Vec<_>) = self.windows.drain(..).partition(is_above);
        let (parent, dialogs): (Vec<_>, Vec<_>) =
            above.into_iter().partition(|window| window.is(surface));
        self.windows = below.into_iter().chain(parent).chain(dialogs).collect();
    }
}

impl Offing {
    /// A surface has a new state.
    pub(crate) fn surface_committed(&mut self, surface: &WlSurface) {
        self.clock.surface_committed(surface);
        self.desktop.popups.commit(surface);
        let root = root(surface);
        if self.desktop.window(&root).is_some() {
            self.window_committed(&root);
        } else {
            self.popup_committed(&root);
            self.cursor_committed(&root);
        }
    }

    fn window_committed(&mut self, surface: &WlSurface) {
        let kiosk = self.desktop.kiosk;
        let screen = self.screen.logical_size();
        let Some(window) = self.desktop.window_mut(surface) else {
            return;
        };
        if !window.toplevel.is_initial_configure_sent() {
            if kiosk && window.toplevel.parent().is_none() {
                window.set_fill(Fill::Fullscreen, true);
            }
            window.configure(screen);
            window.toplevel.send_configure();
            return;
        }
        let has_buffer =
            with_renderer_surface_state(surface, |state| state.buffer().is_some()).unwrap_or(false);
        match (window.mapped, has_buffer) {
            (false, true) => self.map(surface),
            (true, false) => self.unmap(surface),
            _ => window.committed(),
        }
    }

    fn map(&mut self, surface: &WlSurface) {
        let position = self.desktop.place(surface, self.screen.logical_size());
        if let Some(window) = self.desktop.window_mut(surface) {
            window.mapped = true;
            if window.fill().is_none() {
                window.position = position;
            }
        }
        // Only now: a client may not cope with the keyboard before it has drawn.
        self.focus_window(surface);
    }

    fn unmap(&mut self, surface: &WlSurface) {
        if let Some(window) = self.desktop.window_mut(surface) {
            window.mapped = false;
        }
        self.screen.leave(surface);
        self.focus_another(surface);
    }

    pub(crate) fn remove_window(&mut self, surface: &WlSurface) {
        self.desktop.windows.retain(|window| !window.is(surface));
        self.focus_another(surface);
    }

    /// Activates the topmost window if `surface` was the active one.
    fn focus_another(&mut self, surface: &WlSurface) {
        self.clock.queue();
        if self.desktop.active.as_ref() != Some(surface) {
            return;
        }
        self.desktop.active = None;
        self.desktop.set_active(surface, false);
        let next = self
            .desktop
            .shown()
            .next_back()
            .map(|window| window.surface().clone());
        match next {
            Some(next) => self.focus_window(&next),
            None => self.focus_keyboard(None),
        }
    }

    /// Raises a window and gives it the keyboard.
    pub(crate) fn focus_window(&mut self, surface: &WlSurface) {
        self.desktop.raise(surface);
        let before = self.desktop.active.replace(surface.clone());
        // Only these two: there may be many others.
        if let Some(before) = before.filter(|before| before != surface) {
            self.desktop.set_active(&before, false);
        }
        self.desktop.set_active(surface, true);
        self.focus_keyboard(Some(surface.clone()));
        self.clock.queue();
    }

    fn focus_keyboard(&mut self, surface: Option<WlSurface>) {
        let keyboard = self.input.keyboard.clone();
        keyboard.set_focus(self, surface, SERIAL_COUNTER.next_serial());
    }

    /// The window at a point of the screen among those that viewers reach, with the surface there
    /// and its origin.
    pub(crate) fn reachable_under(
        &self,
        point: Point<f64, Logical>,
    ) -> Option<(&Window, WlSurface, Point<i32, Logical>)> {
        match &self.shared.shown().content {
            Content::Desktop => self.desktop.under(point),
            Content::Window(only) | Content::Isolated(only) => {
                let window = self.desktop.window(only).filter(|window| window.mapped)?;
                let (surface, origin) = window.surface_under(point)?;
                Some((window, surface, origin))
            }
            Content::Nothing => None,
        }
    }

    /// A key is typed: if viewers reach one window only, it is for that one.
    pub(crate) fn focus_shared(&mut self) {
        let Some(shared) = self.shared.shown().window().cloned() else {
            return;
        };
        self.leave_popups_of_others(&shared);
        if self.desktop.active.as_ref() != Some(&shared) {
            self.focus_window(&shared);
        }
    }

    /// A click lands at `point`: what is there comes to the front.
    pub(crate) fn focus_at(&mut self, point: Point<f64, Logical>) {
        let hit = self
            .reachable_under(point)
            .map(|(window, ..)| window.surface().clone());
        if let Some(surface) = hit
            && self.desktop.active.as_ref() != Some(&surface)
        {
            self.focus_window(&surface);
        }
    }

    /// Asks the active window to close.
    pub(crate) fn close_active(&mut self) {
        if let Some(window) = self.desktop.active() {
            window.toplevel.send_close();
        }
    }

    /// A client, or a move, wants a window to fill something or no longer to.
    pub(crate) fn fill(&mut self, toplevel: &ToplevelSurface, fill: Fill, on: bool) {
        let screen = self.screen.logical_size();
        let kiosk = self.desktop.kiosk && toplevel.parent().is_none();
        let Some(window) = self.desktop.window_mut(toplevel.wl_surface()) else {
            return;
        };
        // A kiosk's window does not leave its screen.
        window.set_fill(fill, on || (kiosk && fill == Fill::Fullscreen));
        if window.toplevel.is_initial_configure_sent() {
            window.configure(screen);
            // Even when nothing changes, as xdg_toplevel asks.
            window.answer();
            self.clock.queue();
        }
    }

    /// Who draws a window's decorations: its client, as there are no title bars here; nobody in a
    /// kiosk.
    pub(crate) fn decorate(&mut self, toplevel: &ToplevelSurface) {
        let mode = if self.desktop.kiosk {
            Mode::ServerSide
        } else {
            Mode::ClientSide
        };
        toplevel.with_pending_state(|state| state.decoration_mode = Some(mode));
        if toplevel.is_initial_configure_sent() && may_configure(toplevel) {
            toplevel.send_pending_configure();
        }
    }

    /// A window's client has acknowledged a configure: there may be newer changes that were not
    /// sent because it had too many to acknowledge.
    pub(crate) fn configure_acknowledged(&mut self, surface: &WlSurface) {
        if let Some(window) = self.desktop.window(surface) {
            window.send_changes();
        }
    }

    /// The screen has a new size: windows that fill it follow, the others stay in reach.
    pub(crate) fn arrange(&mut self) {
        let screen = self.screen.logical_size();
        for window in &mut self.desktop.windows {
            if window.fill().is_some() {
                window.configure(screen);
            } else {
                window
                    .toplevel
                    .with_pending_state(|state| state.bounds = Some(screen));
                window.position = keep_in_reach(window.frame(), screen);
            }
            window.send_changes();
        }
        self.clock.queue();
    }

    /// Brings what depends on the windows up to date, once a turn.
    pub(crate) fn refresh_desktop(&mut self) {
        if !self.clock.scene_changed() {
            return;
        }
        self.desktop.popups.cleanup();
        self.refresh_popup_grab();
        self.screen.refresh(&self.desktop);
        self.refresh_pointer();
        let keyboard = &self.input.keyboard;
        let lost =
            !keyboard.is_grabbed() && keyboard.current_focus().is_none_or(|focus| !focus.alive());
        if lost && let Some(active) = self.desktop.active.clone().filter(IsAlive::alive) {
            self.focus_keyboard(Some(active));
        }
    }
}

/// The surface at the top of a tree of subsurfaces.
fn root(surface: &WlSurface) -> WlSurface {
    let mut root = surface.clone();
    while let Some(parent) = get_parent(&root) {
        root = parent;
    }
    root
}
