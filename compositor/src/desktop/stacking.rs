//! What is above what: windows, their dialogs, and panels.

use std::collections::{HashMap, HashSet};

use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::shell::wlr_layer::{KeyboardInteractivity, Layer};

use super::Desktop;
use crate::panel::Panel;
use crate::window::{Fill, Window};

/// Of dialogs of dialogs that are looked at to find the first.
const MAX_GENERATIONS: usize = 64;

impl Desktop {
    /// Above all others of its kind; its dialogs, and theirs, stay above it.
    pub(super) fn raise(&mut self, surface: &WlSurface) {
        let family = self.take_family(surface);
        self.windows.extend(family);
    }

    /// A window has another parent, which it is above from now on (xdg_toplevel.set_parent).
    pub(crate) fn put_above_parent(&mut self, surface: &WlSurface) {
        let place = |it: &WlSurface| self.windows.iter().position(|window| window.is(it));
        let parent = self.window(surface).and_then(|it| it.toplevel.parent());
        let Some(parent) = parent.filter(|parent| place(surface) < place(parent)) else {
            return;
        };
        let family = self.take_family(surface);
        let place = self.windows.iter().position(|window| window.is(&parent));
        let above = place.map_or(self.windows.len(), |place| place + 1);
        self.windows.splice(above..above, family);
    }

    /// Takes a window out of the stack, and its dialogs, and theirs, in their order above it.
    fn take_family(&mut self, surface: &WlSurface) -> Vec<Window> {
        let family: HashSet<_> = self.family(surface).into_iter().collect();
        let windows = self.windows.drain(..);
        let (mut family, others): (Vec<_>, Vec<_>) =
            windows.partition(|window| family.contains(window.surface()));
        family.sort_by_key(|window| !window.is(surface));
        self.windows = others;
        family
    }

    /// A window with its dialogs, and theirs.
    pub(super) fn family(&self, surface: &WlSurface) -> Vec<WlSurface> {
        let mut dialogs = HashMap::<_, Vec<_>>::new();
        for window in &self.windows {
            if let Some(parent) = window.toplevel.parent() {
                dialogs.entry(parent).or_default().push(window.surface());
            }
        }
        let mut family = vec![surface.clone()];
        let mut next = 0;
        while let Some(parent) = family.get(next) {
            // Taken out: nobody is listed twice.
            let more = dialogs.remove(parent).unwrap_or_default();
            family.extend(more.into_iter().cloned());
            next += 1;
        }
        family
    }

    /// The window that this one is a dialog of, or a dialog's dialog, and that is none itself.
    pub(super) fn eldest(&self, surface: &WlSurface) -> WlSurface {
        let parent = |it: &WlSurface| {
            let parent = self.window(it)?.toplevel.parent()?;
            self.window(&parent).is_some().then_some(parent)
        };
        let ancestors = std::iter::successors(Some(surface.clone()), parent);
        // They may be parents of each other, and many.
        let eldest = ancestors.take(MAX_GENERATIONS).last();
        eldest.unwrap_or_else(|| surface.clone())
    }

    /// Whether a window that fills the screen hides panels but for those that lie over everything:
    /// with its dialogs it is above all others. What is to have every key is seen nevertheless.
    pub(super) fn covers_panels(&self) -> bool {
        let is_fullscreen = |window: &Window| window.fill() == Some(Fill::Fullscreen);
        let takes_keys = |panel: &Panel| panel.interactivity() == KeyboardInteractivity::Exclusive;
        // Mostly there is nothing more to look at.
        if !self.shown().any(is_fullscreen) || self.panels_in(Layer::Top).any(takes_keys) {
            return false;
        }
        let shown: HashSet<_> = self.shown().map(Window::surface).collect();
        let is_dialog = |window: &&Window| {
            let parent = window.toplevel.parent();
            parent.is_some_and(|parent| shown.contains(&parent))
        };
        let top = self.shown().rev().find(|window| !is_dialog(window));
        top.is_some_and(is_fullscreen)
    }
}
