//! xdg_activation_v1 (staging, version 1).

use smithay::reexports::wayland_protocols::xdg::activation::v1::server::xdg_activation_token_v1::{
    Request, XdgActivationTokenV1,
};
use smithay::reexports::wayland_protocols::xdg::activation::v1::server::xdg_activation_v1::XdgActivationV1;
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, delegate_dispatch, delegate_global_dispatch,
};
use smithay::wayland::xdg_activation::{
    ActivationTokenData, XdgActivationHandler, XdgActivationState, XdgActivationToken,
    XdgActivationTokenData,
};

use crate::clients::limits::Part;
use crate::state::Offing;

impl XdgActivationHandler for Offing {
    fn activation_state(&mut self) -> &mut XdgActivationState {
        &mut self.protocols.activation
    }

    fn token_created(&mut self, _token: XdgActivationToken, data: XdgActivationTokenData) -> bool {
        self.may_pass_on(&data)
    }

    fn request_activation(
        &mut self,
        token: XdgActivationToken,
        data: XdgActivationTokenData,
        surface: WlSurface,
    ) {
        self.pass_on(&token, &data, &surface);
    }
}

/// A token keeps what it is told of until it is committed, however many there are.
impl Dispatch<XdgActivationTokenV1, ActivationTokenData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        token: &XdgActivationTokenV1,
        request: Request,
        data: &ActivationTokenData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        match &request {
            Request::SetAppId { app_id } => {
                state.set_left(client, token, Part::Own, app_id.len());
            }
            Request::Commit => state.set_left(client, token, Part::Own, 0),
            _ => {}
        }
        <XdgActivationState as Dispatch<_, _, Self>>::request(
            state, client, token, request, data, display, init,
        );
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        token: &XdgActivationTokenV1,
        data: &ActivationTokenData,
    ) {
        state.cleared(client.clone(), token);
        <XdgActivationState as Dispatch<_, _, Self>>::destroyed(state, client, token, data);
    }
}

delegate_dispatch!(Offing: [XdgActivationV1: ()] => XdgActivationState);
delegate_global_dispatch!(Offing: [XdgActivationV1: ()] => XdgActivationState);
