//! wl_output (Wayland core, version 4) and zxdg_output_manager_v1 (unstable, version 3).

use smithay::output::Output;
use smithay::reexports::wayland_protocols::xdg::xdg_output::zv1::server::zxdg_output_manager_v1::ZxdgOutputManagerV1;
use smithay::reexports::wayland_protocols::xdg::xdg_output::zv1::server::zxdg_output_v1::ZxdgOutputV1;
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_output::{self, WlOutput};
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, Resource, delegate_dispatch,
    delegate_global_dispatch,
};
use smithay::wayland::output::{
    OutputHandler, OutputManagerState, OutputUserData, WlOutputData, XdgOutputUserData,
};

use crate::clients::devices::Device;
use crate::state::Offing;

impl OutputHandler for Offing {
    fn output_bound(&mut self, _output: Output, bound: WlOutput) {
        if let Some(client) = bound.client() {
            self.device_made(&client, Device::Output);
        }
        self.toplevels.output_bound();
    }
}

impl Dispatch<WlOutput, OutputUserData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        output: &WlOutput,
        request: wl_output::Request,
        data: &OutputUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        <OutputManagerState as Dispatch<_, _, Self>>::request(
            state, client, output, request, data, display, init,
        );
    }

    fn destroyed(state: &mut Self, client: ClientId, output: &WlOutput, data: &OutputUserData) {
        state.device_destroyed(client.clone(), Device::Output);
        <OutputManagerState as Dispatch<_, _, Self>>::destroyed(state, client, output, data);
    }
}

delegate_global_dispatch!(Offing: [WlOutput: WlOutputData] => OutputManagerState);
delegate_global_dispatch!(Offing: [ZxdgOutputManagerV1: ()] => OutputManagerState);
delegate_dispatch!(Offing: [ZxdgOutputManagerV1: ()] => OutputManagerState);
delegate_dispatch!(Offing: [ZxdgOutputV1: XdgOutputUserData] => OutputManagerState);
