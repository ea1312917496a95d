//! Objects of which a client has no more than a few.

use smithay::reexports::wayland_server::Client;
use smithay::reexports::wayland_server::backend::ClientId;

use super::socket::ClientState;
use crate::state::Offing;

/// More devices of a kind than these nobody needs, and each is told everything, or looked at for it.
const MAX_DEVICES: usize = 16;
/// More virtual keyboards than these nobody needs, and each has a keymap.
const MAX_KEYBOARDS: usize = 4;

/// A kind of object of which a client has no more than a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Device {
    /// wl_data_device, and that of the primary selection. Each copy makes an offer for each.
    Data,
    /// zwp_relative_pointer_v1.
    RelativePointer,
    /// A list of windows.
    Toplevels,
    /// zwlr_virtual_pointer_v1.
    VirtualPointer,
    /// wl_output. Each is told which surfaces are on it, and which were shown on it.
    Output,
    /// ext_image_copy_capture_session_v1.
    CaptureSession,
    /// zwlr_output_manager_v1.
    OutputManager,
    /// zwp_text_input_v3.
    TextInput,
    /// ext_idle_notification_v1.
    IdleNotification,
    /// zwp_idle_inhibitor_v1.
    IdleInhibitor,
    /// zwp_virtual_keyboard_v1.
    VirtualKeyboard,
}

impl Offing {
    /// A client got one more of the objects of which it has no more than a few.
    pub(crate) fn device_made(&mut self, client: &Client, device: Device) {
        let Some(state) = client.get_data::<ClientState>() else {
            return;
        };
        let mut ledger = state.ledger();
        let devices = ledger.devices.entry(device).or_default();
        *devices += 1;
        let most = match device {
            Device::VirtualKeyboard => MAX_KEYBOARDS,
            _ => MAX_DEVICES,
        };
        let too_much = *devices > most;
        drop(ledger);
        if too_much {
            let kind = match device {
                Device::Data => "data devices",
                Device::RelativePointer => "relative pointers",
                Device::Toplevels => "lists of windows",
                Device::VirtualPointer => "virtual pointers",
                Device::Output => "outputs",
                Device::CaptureSession => "sessions that copy the screen",
                Device::OutputManager => "output managers",
                Device::TextInput => "text inputs",
                Device::IdleNotification => "idle notifications",
                Device::IdleInhibitor => "idle inhibitors",
                Device::VirtualKeyboard => "virtual keyboards",
            };
            self.expel(&client.id(), &format!("more than {most} {kind}"));
        }
    }

    /// A client has one less of them.
    pub(crate) fn device_destroyed(&self, client: ClientId, device: Device) {
        if let Some(state) = self.state_of(client)
            && let Some(devices) = state.ledger().devices.get_mut(&device)
        {
            *devices = devices.saturating_sub(1);
        }
    }
}
