//! wl_data_device_manager (Wayland core, version 3) and zwp_primary_selection_device_manager_v1
//! (unstable, version 1): copy and paste, drag and drop.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use smithay::input::Seat;
use smithay::reexports::wayland_protocols::wp::primary_selection::zv1::server::zwp_primary_selection_device_manager_v1::{self, ZwpPrimarySelectionDeviceManagerV1};
use smithay::reexports::wayland_protocols::wp::primary_selection::zv1::server::zwp_primary_selection_device_v1::{self, ZwpPrimarySelectionDeviceV1};
use smithay::reexports::wayland_protocols::wp::primary_selection::zv1::server::zwp_primary_selection_source_v1::{
    self, ZwpPrimarySelectionSourceV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_data_device::{self, WlDataDevice};
use smithay::reexports::wayland_server::protocol::wl_data_device_manager::{self, WlDataDeviceManager};
use smithay::reexports::wayland_server::protocol::wl_data_source::{self, WlDataSource};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, Resource, delegate_global_dispatch,
};
use smithay::wayland::selection::data_device::{
    ClientDndGrabHandler, DataDeviceHandler, DataDeviceState, DataDeviceUserData,
    DataSourceUserData, ServerDndGrabHandler,
};
use smithay::wayland::selection::primary_selection::{
    PrimaryDeviceManagerGlobalData, PrimaryDeviceUserData, PrimarySelectionHandler,
    PrimarySelectionState, PrimarySourceUserData,
};
use smithay::wayland::selection::{SelectionHandler, SelectionSource, SelectionTarget};

use crate::clients::devices::Device;
use crate::clipboard::Copied;
use crate::state::Offing;

impl SelectionHandler for Offing {
    type SelectionUserData = Arc<Copied>;

    fn new_selection(
        &mut self,
        target: SelectionTarget,
        source: Option<SelectionSource>,
        _seat: Seat<Self>,
    ) {
        let names = source.map(|source| source.mime_types());
        self.client_copied(target, &names.unwrap_or_default());
    }

    fn send_selection(
        &mut self,
        _target: SelectionTarget,
        mime_type: String,
        fd: OwnedFd,
        _seat: Seat<Self>,
        copied: &Arc<Copied>,
    ) {
        self.client_pastes(copied, &mime_type, fd);
    }
}

impl DataDeviceHandler for Offing {
    fn data_device_state(&self) -> &DataDeviceState {
        &self.protocols.data_device
    }
}

impl ClientDndGrabHandler for Offing {
    fn started(
        &mut self,
        _source: Option<WlDataSource>,
        icon: Option<WlSurface>,
        _seat: Seat<Self>,
    ) {
        // What locks the session has nothing to drag.
        self.set_drag_icon(icon.filter(|_| !self.is_locked()));
    }

    fn dropped(&mut self, _target: Option<WlSurface>, _validated: bool, _seat: Seat<Self>) {
        self.set_drag_icon(None);
    }
}

impl ServerDndGrabHandler for Offing {}

impl PrimarySelectionHandler for Offing {
    fn primary_selection_state(&self) -> &PrimarySelectionState {
        &self.protocols.primary_selection
    }
}

impl Offing {
    /// Whether the client that has the keyboard reads so little that it had better not be told of
    /// what others copy, however often they do.
    pub(super) fn focused_client_is_full(&self) -> bool {
        let focus = self.input.keyboard.current_focus();
        let client = focus.and_then(|surface| surface.client());
        client.is_some_and(|client| self.gate.is_full(&client))
    }
}

/// Sources of data, whose types a client names one by one.
macro_rules! dispatch_source {
    ($source:ty, $request:ident, $data:ty, $to:ty) => {
        impl Dispatch<$source, $data> for Offing {
            fn request(
                state: &mut Self,
                client: &Client,
                source: &$source,
                request: $request::Request,
                data: &$data,
                display: &DisplayHandle,
                init: &mut DataInit<'_, Self>,
            ) {
                if let $request::Request::Offer { mime_type } = &request {
                    state.leave_in(client, source, size_of::<String>() + mime_type.len());
                }
                <$to as Dispatch<_, _, Self>>::request(
                    state, client, source, request, data, display, init,
                );
            }

            fn destroyed(state: &mut Self, client: ClientId, source: &$source, data: &$data) {
                state.cleared(client.clone(), source);
                <$to as Dispatch<_, _, Self>>::destroyed(state, client, source, data);
            }
        }
    };
}

dispatch_source!(
    WlDataSource,
    wl_data_source,
    DataSourceUserData,
    DataDeviceState
);
dispatch_source!(
    ZwpPrimarySelectionSourceV1,
    zwp_primary_selection_source_v1,
    PrimarySourceUserData,
    PrimarySelectionState
);

/// Devices, which get an offer for each copy, and what makes them.
macro_rules! dispatch_device {
    (
        $manager:ty,
        $make:ident::$get:ident,
        $made:ty,
        $device:ty,
        $request:ident::{$($set:ident),+},
        $data:ty,
        $to:ty
    ) => {
        impl Dispatch<$manager, $made> for Offing {
            fn request(
                state: &mut Self,
                client: &Client,
                manager: &$manager,
                request: $make::Request,
                data: &$made,
                display: &DisplayHandle,
                init: &mut DataInit<'_, Self>,
            ) {
                let makes_device = matches!(request, $make::Request::$get { .. });
                <$to as Dispatch<_, _, Self>>::request(
                    state, client, manager, request, data, display, init,
                );
                if makes_device {
                    state.device_made(client, Device::Data);
                }
            }
        }

        impl Dispatch<$device, $data> for Offing {
            fn request(
                state: &mut Self,
                client: &Client,
                device: &$device,
                request: $request::Request,
                data: &$data,
                display: &DisplayHandle,
                init: &mut DataInit<'_, Self>,
            ) {
                if let $($request::Request::$set { source, .. })|+ = &request {
                    if state.focused_client_is_full() {
                        // It is not to wait to be asked for what nobody can paste.
                        if let Some(source) = source {
                            source.cancelled();
                        }
                        return;
                    }
                    state.offers_made(client);
                }
                <$to as Dispatch<_, _, Self>>::request(
                    state, client, device, request, data, display, init,
                );
            }

            fn destroyed(state: &mut Self, client: ClientId, device: &$device, data: &$data) {
                state.device_destroyed(client.clone(), Device::Data);
                <$to as Dispatch<_, _, Self>>::destroyed(state, client, device, data);
            }
        }
    };
}

dispatch_device!(
    WlDataDeviceManager,
    wl_data_device_manager::GetDataDevice,
    (),
    WlDataDevice,
    wl_data_device::{SetSelection},
    DataDeviceUserData,
    DataDeviceState
);
dispatch_device!(
    ZwpPrimarySelectionDeviceManagerV1,
    zwp_primary_selection_device_manager_v1::GetDevice,
    (),
    ZwpPrimarySelectionDeviceV1,
    zwp_primary_selection_device_v1::{SetSelection},
    PrimaryDeviceUserData,
    PrimarySelectionState
);

delegate_global_dispatch!(Offing: [WlDataDeviceManager: ()] => DataDeviceState);
delegate_global_dispatch!(
    Offing: [ZwpPrimarySelectionDeviceManagerV1: PrimaryDeviceManagerGlobalData] => PrimarySelectionState
);

pub(super) use {dispatch_device, dispatch_source};
