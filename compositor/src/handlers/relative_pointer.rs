//! zwp_relative_pointer_manager_v1 (unstable, version 1).

use smithay::reexports::wayland_protocols::wp::relative_pointer::zv1::server::zwp_relative_pointer_manager_v1::{
    self, ZwpRelativePointerManagerV1,
};
use smithay::reexports::wayland_protocols::wp::relative_pointer::zv1::server::zwp_relative_pointer_v1::{
    self, ZwpRelativePointerV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, delegate_global_dispatch,
};
use smithay::wayland::relative_pointer::{RelativePointerManagerState, RelativePointerUserData};

use crate::clients::devices::Device;
use crate::state::Offing;

impl Dispatch<ZwpRelativePointerManagerV1, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        manager: &ZwpRelativePointerManagerV1,
        request: zwp_relative_pointer_manager_v1::Request,
        data: &(),
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        let makes_pointer = matches!(
            request,
            zwp_relative_pointer_manager_v1::Request::GetRelativePointer { .. }
        );
        <RelativePointerManagerState as Dispatch<_, _, Self>>::request(
            state, client, manager, request, data, display, init,
        );
        if makes_pointer {
            state.device_made(client, Device::RelativePointer);
        }
    }
}

impl Dispatch<ZwpRelativePointerV1, RelativePointerUserData<Self>> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        pointer: &ZwpRelativePointerV1,
        request: zwp_relative_pointer_v1::Request,
        data: &RelativePointerUserData<Self>,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        <RelativePointerManagerState as Dispatch<_, _, Self>>::request(
            state, client, pointer, request, data, display, init,
        );
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        pointer: &ZwpRelativePointerV1,
        data: &RelativePointerUserData<Self>,
    ) {
        state.device_destroyed(client.clone(), Device::RelativePointer);
        <RelativePointerManagerState as Dispatch<_, _, Self>>::destroyed(
            state, client, pointer, data,
        );
    }
}

delegate_global_dispatch!(Offing: [ZwpRelativePointerManagerV1: ()] => RelativePointerManagerState);
