//! Programs that pass the keyboard on: who has been used lately may say which window is next.

use std::time::Duration;

use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::xdg_activation::{XdgActivationToken, XdgActivationTokenData};

use crate::state::Offing;

/// How long a program may take to start.
const LIFETIME: Duration = Duration::from_secs(30);
/// The most tokens at a time.
const MAX_TOKENS: usize = 64;

impl Offing {
    /// Whether a token that a client makes is to count: the user has to use that client.
    pub(crate) fn may_pass_on(&mut self, data: &XdgActivationTokenData) -> bool {
        let tokens = &mut self.protocols.activation;
        tokens.retain_tokens(|_, data| data.timestamp.elapsed() < LIFETIME);
        let is_of = |surface: WlSurface| {
            let client = surface.client();
            client.is_some_and(|client| data.client_id == Some(client.id()))
        };
        let types = self.input.keyboard.current_focus().is_some_and(is_of);
        // What has no keyboard, as a notification, is used with the pointer alone.
        let serial = data.serial.as_ref().map(|(serial, _)| *serial);
        let clicks = self.input.clicked(serial).is_some_and(is_of);
        (types || clicks) && data.serial.is_some() && tokens.tokens().count() < MAX_TOKENS
    }

    /// A window comes to the front by a token, which counts once. One that is not shown yet gets
    /// the keyboard when it is.
    pub(crate) fn pass_on(
        &mut self,
        token: &XdgActivationToken,
        data: &XdgActivationTokenData,
        surface: &WlSurface,
    ) {
        self.protocols.activation.remove_token(token);
        let is_shown = self.desktop.window(surface).is_some_and(|it| it.mapped);
        if is_shown && data.timestamp.elapsed() < LIFETIME {
            self.activate(surface);
        }
    }
}
