//! wl_data_device_manager (Wayland core, version 3) and zwp_primary_selection_device_manager_v1
//! (unstable, version 1): copy and paste, drag and drop.

use std::os::fd::OwnedFd;

use smithay::input::Seat;
use smithay::reexports::wayland_server::protocol::wl_data_source::WlDataSource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::selection::data_device::{
    ClientDndGrabHandler, DataDeviceHandler, DataDeviceState, ServerDndGrabHandler,
};
use smithay::wayland::selection::primary_selection::{
    PrimarySelectionHandler, PrimarySelectionState,
};
use smithay::wayland::selection::{SelectionHandler, SelectionSource, SelectionTarget};
use smithay::{delegate_data_device, delegate_primary_selection};

use crate::clipboard::ViewerText;
use crate::state::Offing;

impl SelectionHandler for Offing {
    type SelectionUserData = ViewerText;

    fn new_selection(
        &mut self,
        target: SelectionTarget,
        source: Option<SelectionSource>,
        _seat: Seat<Self>,
    ) {
        if target == SelectionTarget::Clipboard {
            self.client_copied(source.map(|source| source.mime_types()).unwrap_or_default());
        }
    }

    fn send_selection(
        &mut self,
        _target: SelectionTarget,
        _mime_type: String,
        fd: OwnedFd,
        _seat: Seat<Self>,
        text: &ViewerText,
    ) {
        self.send_text(text.clone(), fd);
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
        self.set_drag_icon(icon);
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

delegate_data_device!(Offing);
delegate_primary_selection!(Offing);
