//! zwlr_layer_shell_v1 (wlr-layer-shell-unstable-v1, version 4).

use smithay::delegate_layer_shell;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_output::WlOutput;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::shell::wlr_layer::{
    Layer, LayerSurface, LayerSurfaceConfigure, WlrLayerShellHandler, WlrLayerShellState,
};
use smithay::wayland::shell::xdg::PopupSurface;

use crate::state::Offing;

/// How many panels one client has at most: each is looked at whenever one changes.
const MAX_PANELS: usize = 64;

impl WlrLayerShellHandler for Offing {
    fn shell_state(&mut self) -> &mut WlrLayerShellState {
        &mut self.protocols.layer_shell
    }

    fn new_layer_surface(
        &mut self,
        surface: LayerSurface,
        _output: Option<WlOutput>,
        _layer: Layer,
        _namespace: String,
    ) {
        if self.desktop.panels_of_client(surface.wl_surface()) >= MAX_PANELS
            && let Some(client) = surface.wl_surface().client()
        {
            let reason = format!("more than {MAX_PANELS} surfaces of the layer shell");
            self.expel(&client.id(), &reason);
        }
        self.desktop.add_panel(surface);
    }

    fn new_popup(&mut self, _parent: LayerSurface, popup: PopupSurface) {
        let positioner = popup.with_pending_state(|state| state.positioner);
        self.place_popup(&popup, positioner);
    }

    fn ack_configure(&mut self, surface: WlSurface, configure: LayerSurfaceConfigure) {
        self.desktop.panel_acknowledged(&surface, configure.serial);
    }

    fn layer_destroyed(&mut self, surface: LayerSurface) {
        self.remove_panel(surface.wl_surface());
    }
}

delegate_layer_shell!(Offing);
