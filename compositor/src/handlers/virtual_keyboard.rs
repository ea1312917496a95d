//! zwp_virtual_keyboard_manager_v1 (virtual-keyboard-unstable-v1, version 1). smithay 0.7 has one
//! keymap for all virtual keyboards, and reads it from memory that its client can take away.

use smithay::reexports::wayland_protocols_misc::zwp_virtual_keyboard_v1::server::zwp_virtual_keyboard_manager_v1::{
    self, ZwpVirtualKeyboardManagerV1,
};
use smithay::reexports::wayland_protocols_misc::zwp_virtual_keyboard_v1::server::zwp_virtual_keyboard_v1::{
    Request, ZwpVirtualKeyboardV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_keyboard::KeymapFormat;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New,
};

use crate::clients::devices::Device;
use crate::clients::socket::is_trusted;
use crate::state::Offing;

/// Offers the protocol.
pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwpVirtualKeyboardManagerV1, ()>(1, ());
}

impl GlobalDispatch<ZwpVirtualKeyboardManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ZwpVirtualKeyboardManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ZwpVirtualKeyboardManagerV1, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        _manager: &ZwpVirtualKeyboardManagerV1,
        request: zwp_virtual_keyboard_manager_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let zwp_virtual_keyboard_manager_v1::Request::CreateVirtualKeyboard { id, .. } = request
        {
            let keyboard = init.init(id, ());
            state.add_virtual_keyboard(keyboard);
            state.device_made(client, Device::VirtualKeyboard);
        }
    }
}

impl Dispatch<ZwpVirtualKeyboardV1, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        keyboard: &ZwpVirtualKeyboardV1,
        request: Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        match request {
            Request::Keymap { format, fd, size } if format == KeymapFormat::XkbV1 as u32 => {
                state.set_virtual_keymap(client, keyboard, fd, size);
            }
            Request::Key {
                key,
                state: pressed,
                ..
            } => state.press_virtual_key(client, keyboard, key, pressed != 0),
            Request::Modifiers {
                mods_depressed,
                mods_latched,
                mods_locked,
                group,
            } => {
                let masks = (mods_depressed, mods_latched, mods_locked);
                state.set_virtual_modifiers(client, keyboard, masks, group);
            }
            _ => {}
        }
    }

    fn destroyed(state: &mut Self, client: ClientId, keyboard: &ZwpVirtualKeyboardV1, _data: &()) {
        state.device_destroyed(client, Device::VirtualKeyboard);
        state.remove_virtual_keyboard(keyboard);
    }
}
