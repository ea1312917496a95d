//! zwp_input_method_manager_v2 (input-method-unstable-v2, version 1). smithay 0.7 takes the input
//! method that is there for the one that comes too late, and may wait for itself when the keyboard
//! is grabbed.

use smithay::reexports::wayland_protocols_misc::zwp_input_method_v2::server::zwp_input_method_keyboard_grab_v2::{
    self, ZwpInputMethodKeyboardGrabV2,
};
use smithay::reexports::wayland_protocols_misc::zwp_input_method_v2::server::zwp_input_method_manager_v2::{
    self, ZwpInputMethodManagerV2,
};
use smithay::reexports::wayland_protocols_misc::zwp_input_method_v2::server::zwp_input_method_v2::{
    Request, ZwpInputMethodV2,
};
use smithay::reexports::wayland_protocols_misc::zwp_input_method_v2::server::zwp_input_popup_surface_v2::{
    self, ZwpInputPopupSurfaceV2,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource,
};
use smithay::wayland::compositor::give_role;

use crate::clients::socket::is_trusted;
use crate::state::Offing;

/// The role of the surfaces that an input method shows at the text cursor.
const POPUP_ROLE: &str = "zwp_input_popup_surface_v2";
/// `zwp_input_method_v2.error.role`, which has no name in the bindings.
const ROLE: u32 = 0;

/// Offers the protocol.
pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwpInputMethodManagerV2, ()>(1, ());
}

impl GlobalDispatch<ZwpInputMethodManagerV2, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ZwpInputMethodManagerV2>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ZwpInputMethodManagerV2, ()> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        _manager: &ZwpInputMethodManagerV2,
        request: zwp_input_method_manager_v2::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let zwp_input_method_manager_v2::Request::GetInputMethod { input_method, .. } = request {
            let method = init.init(input_method, ());
            state.add_input_method(method);
        }
    }
}

impl Dispatch<ZwpInputMethodV2, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        object: &ZwpInputMethodV2,
        request: Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        match request {
            Request::CommitString { text } => {
                state.typing.edit(object, |edit| edit.text = Some(text));
            }
            Request::SetPreeditString {
                text,
                cursor_begin,
                cursor_end,
            } => state.typing.edit(object, |edit| {
                edit.preedit = Some((text, cursor_begin, cursor_end));
            }),
            Request::DeleteSurroundingText {
                before_length,
                after_length,
            } => state.typing.edit(object, |edit| {
                edit.delete = Some((before_length, after_length));
            }),
            Request::Commit { serial } => state.typing.commit_edit(object, serial),
            Request::GetInputPopupSurface { id, surface } => {
                let popup = init.init(id, ());
                if give_role(&surface, POPUP_ROLE).is_err() {
                    object.post_error(ROLE, "the surface has another role");
                } else {
                    state.add_input_popup(&client.id(), object, popup, surface);
                }
            }
            Request::GrabKeyboard { keyboard } => {
                let grab = init.init(keyboard, ());
                state.grab_keyboard(object, grab);
            }
            _ => {}
        }
    }

    fn destroyed(state: &mut Self, _client: ClientId, object: &ZwpInputMethodV2, _data: &()) {
        state.remove_input_method(object);
    }
}

impl Dispatch<ZwpInputPopupSurfaceV2, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _popup: &ZwpInputPopupSurfaceV2,
        _request: zwp_input_popup_surface_v2::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
    }

    fn destroyed(state: &mut Self, _client: ClientId, popup: &ZwpInputPopupSurfaceV2, _data: &()) {
        state.remove_input_popup(popup);
    }
}

impl Dispatch<ZwpInputMethodKeyboardGrabV2, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _grab: &ZwpInputMethodKeyboardGrabV2,
        _request: zwp_input_method_keyboard_grab_v2::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
    }

    fn destroyed(
        state: &mut Self,
        _client: ClientId,
        grab: &ZwpInputMethodKeyboardGrabV2,
        _data: &(),
    ) {
        state.release_keyboard(grab);
    }
}
