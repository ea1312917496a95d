//! Panels: where they go, what they leave to the windows, and when they have the keyboard.

use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle, Serial, Size};
use smithay::wayland::shell::wlr_layer::{
    ExclusiveZone, KeyboardInteractivity, Layer, LayerSurface,
};

use super::{Desktop, has_buffer};
use crate::panel::Panel;
use crate::state::Offing;

/// The order of layers, topmost first.
const LAYERS: [Layer; 4] = [Layer::Overlay, Layer::Top, Layer::Bottom, Layer::Background];

impl Desktop {
    /// Adds a panel that has no buffer yet.
    pub(crate) fn add_panel(&mut self, role: LayerSurface) {
        self.panels.push(Panel::new(role));
    }

    pub(super) fn panel(&self, surface: &WlSurface) -> Option<&Panel> {
        self.panels.iter().find(|panel| panel.is(surface))
    }

    pub(super) fn panel_mut(&mut self, surface: &WlSurface) -> Option<&mut Panel> {
        self.panels.iter_mut().find(|panel| panel.is(surface))
    }

    /// How many panels there are of the client that this one is of.
    pub(crate) fn panels_of_client(&self, surface: &WlSurface) -> usize {
        let client = surface.id();
        let panels = self.panels.iter().map(|panel| panel.surface().id());
        panels.filter(|id| id.same_client_as(&client)).count()
    }

    /// How many panels there are, shown or not.
    pub(crate) fn count_panels(&self) -> usize {
        self.panels.len()
    }

    /// The panels of a layer that are shown, topmost first.
    pub(super) fn panels_in(&self, layer: Layer) -> impl Iterator<Item = &Panel> {
        let shown = self.panels.iter().rev().filter(|panel| panel.mapped);
        shown.filter(move |panel| panel.layer() == layer)
    }

    /// A panel's client has acknowledged a configure.
    pub(crate) fn panel_acknowledged(&mut self, surface: &WlSurface, serial: Serial) {
        if let Some(panel) = self.panel_mut(surface) {
            panel.acknowledged(serial);
        }
    }

    /// Whether a panel is hidden by a window that fills the screen.
    fn is_covered(&self, panel: &Panel) -> bool {
        panel.layer() == Layer::Top && self.covers_panels()
    }

    /// The panel that has the keyboard in place of the active window.
    pub(super) fn panel_with_keyboard(&self) -> Option<&WlSurface> {
        let is_exclusive =
            |panel: &&Panel| panel.interactivity() == KeyboardInteractivity::Exclusive;
        let above = [Layer::Overlay, Layer::Top].into_iter();
        let exclusive = above
            .flat_map(|layer| self.panels_in(layer))
            .find(is_exclusive);
        let chosen = || {
            let panel = self.panel(self.focused_panel.as_ref()?)?;
            let can = panel.mapped && panel.interactivity() != KeyboardInteractivity::None;
            (can && !self.is_covered(panel)).then_some(panel)
        };
        exclusive.or_else(chosen).map(Panel::surface)
    }

    /// Finds places for all panels, those that reserve some room first, and returns what these
    /// leave to the windows.
    pub(super) fn arrange_panels(&mut self, screen: Size<i32, Logical>) -> Rectangle<i32, Logical> {
        let whole = Rectangle::from_size(screen);
        let mut room = whole;
        for layer in LAYERS {
            for panel in &mut self.panels {
                if panel.layer() == layer && matches!(panel.zone(), ExclusiveZone::Exclusive(_)) {
                    room = panel.arrange(room);
                }
            }
        }
        for panel in &mut self.panels {
            match panel.zone() {
                ExclusiveZone::Exclusive(_) => {}
                ExclusiveZone::Neutral => _ = panel.arrange(room),
                ExclusiveZone::DontCare => _ = panel.arrange(whole),
            }
        }
        for panel in self.panels.iter_mut().filter(|panel| panel.configured) {
            panel.configure();
        }
        room
    }
}

impl Offing {
    pub(super) fn panel_committed(&mut self, surface: &WlSurface) {
        let has_buffer = has_buffer(surface);
        let Some(panel) = self.desktop.panel_mut(surface) else {
            return;
        };
        let was_mapped = std::mem::replace(&mut panel.mapped, has_buffer);
        let (mapped, asks) = (panel.mapped, !panel.configured);
        let keyboard = panel.interactivity();
        let wants_keyboard = mapped
            && keyboard != KeyboardInteractivity::None
            && (!was_mapped || panel.keyboard != keyboard)
            && panel.is_above_windows();
        panel.keyboard = keyboard;
        if was_mapped && !mapped {
            // To be shown again it asks for a configure again.
            panel.configured = false;
            self.screen.leave(surface);
        }
        self.fit_panels();
        if asks && let Some(panel) = self.desktop.panel_mut(surface) {
            panel.configure();
        }
        let is_seen = |panel: &Panel| !self.desktop.is_covered(panel);
        if wants_keyboard && self.desktop.panel(surface).is_some_and(is_seen) {
            self.desktop.focused_panel = Some(surface.clone());
        }
        self.refresh_keyboard();
    }

    pub(crate) fn remove_panel(&mut self, surface: &WlSurface) {
        self.desktop.panels.retain(|panel| !panel.is(surface));
        self.fit_panels();
        self.refresh_keyboard();
        self.clock.queue();
    }

    /// Finds places for all panels, and brings windows to where there is room left, if that has
    /// changed.
    pub(super) fn fit_panels(&mut self) {
        let room = self.desktop.arrange_panels(self.screen.logical_size());
        if std::mem::replace(&mut self.desktop.work, room) != room {
            self.fit_windows();
        }
    }
}
