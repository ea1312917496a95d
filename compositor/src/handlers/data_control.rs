//! ext_data_control_manager_v1 (staging, version 1) and zwlr_data_control_manager_v1
//! (wlr-data-control-unstable-v1, version 2): copy and paste for programs without a window.

use smithay::reexports::wayland_protocols::ext::data_control::v1::server::ext_data_control_device_v1::{
    self, ExtDataControlDeviceV1,
};
use smithay::reexports::wayland_protocols::ext::data_control::v1::server::ext_data_control_manager_v1::{
    self, ExtDataControlManagerV1,
};
use smithay::reexports::wayland_protocols::ext::data_control::v1::server::ext_data_control_source_v1::{
    self, ExtDataControlSourceV1,
};
use smithay::reexports::wayland_protocols_wlr::data_control::v1::server::zwlr_data_control_device_v1::{
    self, ZwlrDataControlDeviceV1,
};
use smithay::reexports::wayland_protocols_wlr::data_control::v1::server::zwlr_data_control_manager_v1::{
    self, ZwlrDataControlManagerV1,
};
use smithay::reexports::wayland_protocols_wlr::data_control::v1::server::zwlr_data_control_source_v1::{
    self, ZwlrDataControlSourceV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, delegate_global_dispatch,
};
use smithay::wayland::selection::ext_data_control::{
    self as ext, ExtDataControlDeviceUserData, ExtDataControlManagerGlobalData,
    ExtDataControlManagerUserData, ExtDataControlSourceUserData,
};
use smithay::wayland::selection::wlr_data_control::{
    self as wlr, DataControlDeviceUserData, DataControlManagerGlobalData,
    DataControlManagerUserData, DataControlSourceUserData,
};

use super::selection::{dispatch_device, dispatch_source};
use crate::clients::devices::Device;
use crate::state::Offing;

impl ext::DataControlHandler for Offing {
    fn data_control_state(&self) -> &ext::DataControlState {
        &self.protocols.ext_data_control
    }
}

impl wlr::DataControlHandler for Offing {
    fn data_control_state(&self) -> &wlr::DataControlState {
        &self.protocols.wlr_data_control
    }
}

dispatch_source!(
    ExtDataControlSourceV1,
    ext_data_control_source_v1,
    ExtDataControlSourceUserData,
    ext::DataControlState
);
dispatch_source!(
    ZwlrDataControlSourceV1,
    zwlr_data_control_source_v1,
    DataControlSourceUserData,
    wlr::DataControlState
);

dispatch_device!(
    ExtDataControlManagerV1,
    ext_data_control_manager_v1::GetDataDevice,
    ExtDataControlManagerUserData,
    ExtDataControlDeviceV1,
    ext_data_control_device_v1::{SetSelection, SetPrimarySelection},
    ExtDataControlDeviceUserData,
    ext::DataControlState
);
dispatch_device!(
    ZwlrDataControlManagerV1,
    zwlr_data_control_manager_v1::GetDataDevice,
    DataControlManagerUserData,
    ZwlrDataControlDeviceV1,
    zwlr_data_control_device_v1::{SetSelection, SetPrimarySelection},
    DataControlDeviceUserData,
    wlr::DataControlState
);

delegate_global_dispatch!(
    Offing: [ExtDataControlManagerV1: ExtDataControlManagerGlobalData] => ext::DataControlState
);
delegate_global_dispatch!(
    Offing: [ZwlrDataControlManagerV1: DataControlManagerGlobalData] => wlr::DataControlState
);
