//! The windows and panels: which there are, their order, which is active, and what follows from a
//! commit, a click or a new size of the screen.

mod activation;
mod filling;
mod minimize;
mod panels;
mod placement;
mod popups;
mod stacking;
mod tiles;

use std::collections::HashMap;

use smithay::backend::renderer::utils::with_renderer_surface_state;
use smithay::desktop::{PopupGrab, PopupManager};
use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::Mode;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{IsAlive, Logical, Point, Rectangle, SERIAL_COUNTER, Size};
use smithay::wayland::compositor::get_parent;
use smithay::wayland::shell::wlr_layer::{KeyboardInteractivity, Layer};
use smithay::wayland::shell::xdg::ToplevelSurface;

pub(crate) use placement::keep_in_reach;
pub(crate) use tiles::{Drop, Tile, drop_at};

use crate::decoration::Pointed;
use crate::panel::Panel;
use crate::share::Content;
use crate::state::Offing;
use crate::tree::{Hit, Tree};
use crate::window::{Fill, Summary, Window, WindowInfo};

/// All windows, panels and popups.
pub(crate) struct Desktop {
    /// Bottom first.
    windows: Vec<Window>,
    /// How many windows there have been.
    count: u64,
    /// The window that has the keyboard, unless a panel has it.
    active: Option<WlSurface>,
    /// In each layer, what came later is above.
    panels: Vec<Panel>,
    /// The panel that was clicked, or came, after a window was.
    focused_panel: Option<WlSurface>,
    /// What panels leave of the screen to windows.
    work: Rectangle<i32, Logical>,
    pub(crate) popups: PopupManager,
    /// The topmost grabbing popup has the keyboard.
    popup_grab: Option<PopupGrab<Offing>>,
    /// What an input method shows at the text cursor, and where.
    input_popups: Vec<(WlSurface, Point<i32, Logical>)>,
    kiosk: bool,
    /// We draw what is around windows whose clients want that.
    decorates: bool,
    pub(crate) pointed: Pointed,
    pub(crate) drop: Drop,
}

impl Desktop {
    /// `decorates`: what is around windows is drawn if their clients want that.
    pub(crate) fn new(kiosk: bool, decorates: bool, screen: Size<i32, Logical>) -> Self {
        Self {
            windows: Vec::new(),
            count: 0,
            active: None,
            panels: Vec::new(),
            focused_panel: None,
            work: Rectangle::from_size(screen),
            popups: PopupManager::default(),
            popup_grab: None,
            input_popups: Vec::new(),
            kiosk,
            decorates,
            pointed: Pointed::default(),
            drop: Drop::default(),
        }
    }

    /// Adds a window that has no buffer yet.
    pub(crate) fn add(&mut self, toplevel: ToplevelSurface) {
        self.count += 1;
        self.windows.push(Window::new(toplevel, self.count));
    }

    /// The windows that are shown, bottom first.
    pub(crate) fn shown(&self) -> impl DoubleEndedIterator<Item = &Window> {
        self.windows.iter().filter(|window| window.is_shown())
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

    /// All that is drawn, topmost first.
    pub(crate) fn trees(&self) -> impl Iterator<Item = Tree> {
        let is_covered = self.covers_panels();
        let panels = |layer, drawn: bool| {
            let panels = drawn.then(|| self.panels_in(layer)).into_iter().flatten();
            panels.map(Panel::tree)
        };
        let input_popups = self.input_popups.iter().map(|(surface, place)| Tree {
            surface: surface.clone(),
            origin: *place,
            position: *place,
            worn: None,
        });
        input_popups
            .chain(panels(Layer::Overlay, true))
            .chain(panels(Layer::Top, !is_covered))
            .chain(self.shown().rev().map(Window::tree))
            .chain(panels(Layer::Top, is_covered))
            .chain(panels(Layer::Bottom, true))
            .chain(panels(Layer::Background, true))
    }

    /// The window or panel of this surface, with its popups.
    fn tree(&self, surface: &WlSurface) -> Option<Tree> {
        let window = self.window(surface).map(Window::tree);
        window.or_else(|| self.panel(surface).map(Panel::tree))
    }

    /// Moves a window or panel, and nothing else.
    pub(crate) fn set_position(&mut self, surface: &WlSurface, position: Point<i32, Logical>) {
        if let Some(window) = self.window_mut(surface) {
            window.position = position;
        } else if let Some(panel) = self.panel_mut(surface) {
            panel.set_position(position);
        }
    }

    /// What an input method shows from now on; returns what it shows no longer.
    pub(crate) fn set_input_popups(
        &mut self,
        shown: Vec<(WlSurface, Point<i32, Logical>)>,
    ) -> Vec<(WlSurface, Point<i32, Logical>)> {
        let before = std::mem::replace(&mut self.input_popups, shown);
        let is_shown = |surface: &WlSurface| self.input_popups.iter().any(|(it, _)| it == surface);
        before
            .into_iter()
            .filter(|(surface, _)| !is_shown(surface))
            .collect()
    }

    /// What panels leave of the screen to windows.
    pub(crate) fn work(&self) -> Rectangle<i32, Logical> {
        self.work
    }

    /// Whether this is a window or a panel that is shown.
    fn is_shown(&self, surface: &WlSurface) -> bool {
        let window = self.window(surface).is_some_and(Window::is_shown);
        window || self.panel(surface).is_some_and(|panel| panel.mapped)
    }

    /// The windows that are shown or minimized, bottom first.
    fn mapped(&self) -> impl DoubleEndedIterator<Item = &Window> {
        self.windows.iter().filter(|window| window.mapped)
    }

    fn is_active(&self, window: &Window) -> bool {
        self.active.as_ref() == Some(window.surface())
    }

    pub(crate) fn info(&self) -> Vec<WindowInfo> {
        let windows = self.mapped();
        windows
            .map(|window| window.info(self.is_active(window)))
            .collect()
    }

    /// What the clients that list windows are told.
    pub(crate) fn summaries(&self) -> Vec<Summary> {
        let numbers: HashMap<_, _> = self
            .mapped()
            .map(|it| (it.surface(), it.number()))
            .collect();
        let windows = self.mapped().map(|window| {
            let parent = window.toplevel.parent();
            let parent = parent.and_then(|parent| numbers.get(&parent).copied());
            window.summary(self.is_active(window), parent)
        });
        windows.collect()
    }

    /// Who draws decorations if a client wants this: what it wants, but nobody in a kiosk.
    pub(crate) fn decorated_by(&self, wanted: Mode) -> Mode {
        match self.kiosk {
            true => Mode::ServerSide,
            false => wanted,
        }
    }

    /// Whether windows are managed by whoever sees them: they have title bars, and there is a menu.
    pub(crate) fn decorates(&self) -> bool {
        self.decorates
    }

    /// How many windows there are of the client that this one is of.
    pub(crate) fn count_of_client(&self, surface: &WlSurface) -> usize {
        let client = surface.id();
        let windows = self.windows.iter().map(|window| window.surface().id());
        windows.filter(|id| id.same_client_as(&client)).count()
    }

    /// How many windows there are, shown or not.
    pub(crate) fn count_windows(&self) -> usize {
        self.windows.len()
    }

    fn set_active(&self, surface: &WlSurface, active: bool) {
        if let Some(window) = self.window(surface) {
            window.set_active(active);
            window.send_changes();
        }
    }
}

impl Offing {
    /// A surface has a new state.
    pub(crate) fn surface_committed(&mut self, surface: &WlSurface) {
        self.clock.surface_committed(surface);
        if self.pacing.surface_committed(surface) {
            self.clock.expect_callbacks();
        }
        self.desktop.popups.commit(surface);
        let root = root(surface);
        if self.lock_committed(&root) {
            return;
        }
        if self.desktop.window(&root).is_some() {
            self.window_committed(&root);
        } else if self.desktop.panel(&root).is_some() {
            self.panel_committed(&root);
        } else {
            self.popup_committed(&root);
            self.cursor_committed(&root);
        }
    }

    fn window_committed(&mut self, surface: &WlSurface) {
        let kiosk = self.desktop.kiosk;
        let (screen, work) = (self.screen.logical_size(), self.desktop.work);
        if let Some(window) = self.desktop.window(surface).filter(|it| it.undecorated) {
            self.decorate(&window.toplevel.clone(), Mode::ClientSide);
        }
        let Some(window) = self.desktop.window_mut(surface) else {
            return;
        };
        if !window.toplevel.is_initial_configure_sent() {
            if kiosk && window.toplevel.parent().is_none() {
                window.set_fill(Fill::Fullscreen, true);
            }
            window.configure(screen, work);
            window.toplevel.send_configure();
        }
        // A buffer before the first configure is against the rules, but does no harm.
        let has_changed = window.committed();
        match (window.mapped, has_buffer(surface)) {
            (false, true) => self.map(surface),
            (true, false) => self.unmap(surface),
            (true, true) if has_changed && window.fill().is_none() => {
                window.move_to(keep_in_reach(window.frame(), work));
            }
            _ => {}
        }
    }

    fn map(&mut self, surface: &WlSurface) {
        let (position, work) = (self.desktop.place(surface), self.desktop.work);
        if let Some(window) = self.desktop.window_mut(surface) {
            if !window.placed {
                window.fit(work);
            }
            window.mapped = true;
            if window.fill().is_none() {
                window.move_to(position);
            }
            window.placed = true;
        }
        // A menu would hide it, or what is behind the menu.
        self.leave_popups_of_others(surface);
        // Only now: a client may not cope with the keyboard before it has drawn.
        self.focus_window(surface);
        self.serve_hidden();
    }

    fn unmap(&mut self, surface: &WlSurface) {
        if let Some(window) = self.desktop.window_mut(surface) {
            window.mapped = false;
        }
        self.desktop
            .set_minimized(std::slice::from_ref(surface), false);
        self.screen.leave(surface);
        self.forget_choice(surface);
        self.focus_another(surface);
    }

    pub(crate) fn remove_window(&mut self, surface: &WlSurface) {
        self.desktop.windows.retain(|window| !window.is(surface));
        self.forget_choice(surface);
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
            None => self.refresh_keyboard(),
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
        self.desktop.focused_panel = None;
        self.refresh_keyboard();
        self.clock.queue();
    }

    /// Who is to have the keyboard: the active window, or a panel that takes it; the lock alone
    /// while the session is locked.
    pub(crate) fn keyboard_owner(&self) -> Option<WlSurface> {
        if self.is_locked() {
            return self.lock_with_keyboard().cloned();
        }
        // Viewers that reach one window type into that one.
        let desktop = self.shared.shown().window().is_none();
        let panel = desktop
            .then(|| self.desktop.panel_with_keyboard())
            .flatten();
        let owner = panel.or(self.desktop.active.as_ref());
        owner.filter(|surface| surface.alive()).cloned()
    }

    /// Gives the keyboard to whom it belongs.
    pub(crate) fn refresh_keyboard(&mut self) {
        let (keyboard, owner) = (self.input.keyboard.clone(), self.keyboard_owner());
        if keyboard.current_focus() != owner {
            keyboard.set_focus(self, owner, SERIAL_COUNTER.next_serial());
        }
    }

    /// What viewers reach at a point of the screen: nothing while they choose from a list.
    pub(crate) fn reachable_under(&self, point: Point<f64, Logical>) -> Option<Hit> {
        if self.is_choosing() {
            return None;
        }
        match &self.shared.shown().content {
            Content::Desktop => self.trees().find_map(|tree| tree.under(point)),
            Content::Window(only) | Content::Isolated(only) => {
                let window = self
                    .desktop
                    .window(only)
                    .filter(|window| window.is_shown())?;
                window.tree().under(point)
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

    /// A click lands at `point`: a window there comes to the front, and what is there gets the
    /// keyboard, if it wants it.
    pub(crate) fn focus_at(&mut self, point: Point<f64, Logical>) {
        if self.is_locked() {
            return;
        }
        let Some(Hit { root, .. }) = self.reachable_under(point) else {
            return;
        };
        if self.desktop.input_popups.iter().any(|(it, _)| *it == root) {
            return;
        }
        match self.desktop.panel(&root) {
            Some(panel) if panel.interactivity() == KeyboardInteractivity::None => {}
            Some(_) => {
                self.desktop.focused_panel = Some(root);
                self.refresh_keyboard();
            }
            None if self.keyboard_owner().as_ref() != Some(&root) => self.focus_window(&root),
            None => {}
        }
    }

    /// Asks the active window to close.
    pub(crate) fn close_active(&mut self) {
        if let Some(window) = self.desktop.active() {
            window.toplevel.send_close();
        }
    }

    /// A window's client has acknowledged a configure: there may be newer changes that were not
    /// sent because it had too many to acknowledge.
    pub(crate) fn configure_acknowledged(&mut self, surface: &WlSurface) {
        if let Some(window) = self.desktop.window(surface) {
            window.send_changes();
        }
    }

    /// The screen has a new size.
    pub(crate) fn arrange(&mut self) {
        self.desktop.work = self.desktop.arrange_panels(self.screen.logical_size());
        self.fit_windows();
        self.fit_popups();
        self.fit_chooser();
        self.fit_lock();
    }

    /// Brings what depends on the windows up to date, once a turn.
    pub(crate) fn refresh_desktop(&mut self) {
        if !self.clock.scene_changed() {
            return;
        }
        self.desktop.popups.cleanup();
        self.refresh_popup_grab();
        self.place_input_popups();
        self.screen.show(self.trees());
        self.tell_capture_sessions();
        self.refresh_inhibition();
        self.refresh_pointer();
        if !self.input.pointer.is_grabbed() {
            self.point_at_decorations(self.input.pointer.current_location());
        }
        let keyboard = &self.input.keyboard;
        let lost =
            !keyboard.is_grabbed() && keyboard.current_focus().is_none_or(|focus| !focus.alive());
        if lost {
            self.refresh_keyboard();
        }
    }
}

/// Whether a surface has something to show.
pub(crate) fn has_buffer(surface: &WlSurface) -> bool {
    with_renderer_surface_state(surface, |state| state.buffer().is_some()).unwrap_or(false)
}

/// The surface at the top of a tree of subsurfaces.
pub(crate) fn root(surface: &WlSurface) -> WlSurface {
    let mut root = surface.clone();
    while let Some(parent) = get_parent(&root) {
        root = parent;
    }
    root
}
