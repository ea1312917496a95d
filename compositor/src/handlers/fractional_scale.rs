//! wp_fractional_scale_manager_v1 (staging, version 1).

use smithay::delegate_fractional_scale;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::compositor::with_states;
use smithay::wayland::fractional_scale::{FractionalScaleHandler, with_fractional_scale};

use crate::state::Offing;

impl FractionalScaleHandler for Offing {
    fn new_fractional_scale(&mut self, surface: WlSurface) {
        let scale = self.screen.scale();
        with_states(&surface, |states| {
            with_fractional_scale(states, |it| it.set_preferred_scale(scale))
        });
    }
}

delegate_fractional_scale!(Offing);
