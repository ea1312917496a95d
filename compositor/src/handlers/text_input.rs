//! zwp_text_input_manager_v3 (unstable, version 1). smithay 0.7 forgets what a text field says as
//! long as there is no input method, and fails on numbers that it does not know.

use smithay::reexports::wayland_protocols::wp::text_input::zv3::server::zwp_text_input_manager_v3::{
    self, ZwpTextInputManagerV3,
};
use smithay::reexports::wayland_protocols::wp::text_input::zv3::server::zwp_text_input_v3::{
    ChangeCause, ContentHint, ContentPurpose, Request, ZwpTextInputV3,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, WEnum,
};
use smithay::utils::Rectangle;

use crate::clients::devices::Device;
use crate::state::Offing;

/// Offers the protocol.
pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwpTextInputManagerV3, ()>(1, ());
}

impl GlobalDispatch<ZwpTextInputManagerV3, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ZwpTextInputManagerV3>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }
}

impl Dispatch<ZwpTextInputManagerV3, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        _manager: &ZwpTextInputManagerV3,
        request: zwp_text_input_manager_v3::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let zwp_text_input_manager_v3::Request::GetTextInput { id, .. } = request {
            let text_input = init.init(id, ());
            state.add_text_input(text_input);
            state.device_made(client, Device::TextInput);
        }
    }
}

impl Dispatch<ZwpTextInputV3, ()> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        object: &ZwpTextInputV3,
        request: Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        if let Request::Commit = request {
            state.text_input_committed(object);
            return;
        }
        let Some(field) = state.typing.pending(object) else {
            return;
        };
        match request {
            Request::Enable => field.enable(),
            Request::Disable => field.disable(),
            Request::SetSurroundingText {
                text,
                cursor,
                anchor,
            } => field.surrounding = Some((text, cursor, anchor)),
            Request::SetTextChangeCause { cause } => {
                field.cause = cause.into_result().unwrap_or(ChangeCause::Other);
            }
            Request::SetContentType { hint, purpose } => {
                let hint = match hint {
                    WEnum::Value(hint) => hint,
                    // Later versions may have more of them. What is secret stays so.
                    WEnum::Unknown(bits) => ContentHint::from_bits_truncate(bits),
                };
                let purpose = purpose.into_result().unwrap_or(ContentPurpose::Normal);
                field.content = Some((hint, purpose));
            }
            Request::SetCursorRectangle {
                x,
                y,
                width,
                height,
            } => field.cursor = Some(Rectangle::new((x, y).into(), (width, height).into())),
            _ => {}
        }
    }

    fn destroyed(state: &mut Self, client: ClientId, object: &ZwpTextInputV3, _data: &()) {
        state.device_destroyed(client, Device::TextInput);
        state.remove_text_input(object);
    }
}
