//! xdg_activation_v1 (staging, version 1): who has been used lately may pass the keyboard on.

use std::time::Duration;

use smithay::delegate_xdg_activation;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::xdg_activation::{
    XdgActivationHandler, XdgActivationState, XdgActivationToken, XdgActivationTokenData,
};

use crate::state::Offing;

/// How long a program may take to start.
const LIFETIME: Duration = Duration::from_secs(30);
/// The most tokens at a time.
const MAX_TOKENS: usize = 64;

impl XdgActivationHandler for Offing {
    fn activation_state(&mut self) -> &mut XdgActivationState {
        &mut self.protocols.activation
    }

    fn token_created(&mut self, _token: XdgActivationToken, data: XdgActivationTokenData) -> bool {
        let tokens = &mut self.protocols.activation;
        tokens.retain_tokens(|_, data| data.timestamp.elapsed() < LIFETIME);
        // Input is why the user expects another window.
        let focus = self.input.keyboard.current_focus();
        let client = focus.and_then(|surface| surface.client());
        let is_used = client.is_some_and(|client| data.client_id == Some(client.id()));
        is_used && data.serial.is_some() && tokens.tokens().count() < MAX_TOKENS
    }

    fn request_activation(
        &mut self,
        token: XdgActivationToken,
        data: XdgActivationTokenData,
        surface: WlSurface,
    ) {
        self.protocols.activation.remove_token(&token);
        if data.timestamp.elapsed() < LIFETIME {
            self.activate(&surface);
        }
    }
}

delegate_xdg_activation!(Offing);
