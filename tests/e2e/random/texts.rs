use std::os::fd::AsFd;

use offing_tests::Result;
use offing_tests::wayland_client::{Surface, WaylandClient};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols::wp::text_input::zv3::client::zwp_text_input_manager_v3::ZwpTextInputManagerV3;
use wayland_protocols::wp::text_input::zv3::client::zwp_text_input_v3::{
    ContentHint, ContentPurpose, ZwpTextInputV3,
};
use wayland_protocols_misc::zwp_input_method_v2::client::zwp_input_method_keyboard_grab_v2::ZwpInputMethodKeyboardGrabV2;
use wayland_protocols_misc::zwp_input_method_v2::client::zwp_input_method_manager_v2::ZwpInputMethodManagerV2;
use wayland_protocols_misc::zwp_input_method_v2::client::zwp_input_method_v2::ZwpInputMethodV2;
use wayland_protocols_misc::zwp_input_method_v2::client::zwp_input_popup_surface_v2::ZwpInputPopupSurfaceV2;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1;

use super::chance::Chance;
use super::program::Program;
use crate::raw::{Own, bind};
use crate::virtual_keyboard::virtual_keyboard;

/// A program's text field, and the input method that it is.
#[derive(Default)]
pub(super) struct Texts {
    field: Option<ZwpTextInputV3>,
    method: Option<Method>,
    own: Own,
}

/// An input method.
struct Method {
    object: ZwpInputMethodV2,
    popup: Option<(Surface, ZwpInputPopupSurfaceV2)>,
    grab: Option<Grab>,
    own: Own,
}

/// The keys that an input method takes, and what gives them back.
struct Grab {
    object: ZwpInputMethodKeyboardGrabV2,
    back: ZwpVirtualKeyboardV1,
    own: Own,
}

impl Method {
    fn new(client: &mut WaylandClient) -> Result<Self> {
        let own = Own::default();
        let manager: ZwpInputMethodManagerV2 = bind(client, 1, &own)?;
        let seat: WlSeat = bind(client, 1, &own)?;
        Ok(Self {
            object: manager.get_input_method(&seat, &client.queue_handle(), own.clone()),
            popup: None,
            grab: None,
            own,
        })
    }

    fn show(&mut self, client: &mut WaylandClient, chance: &mut Chance) -> Result<&'static str> {
        if let Some((surface, object)) = self.popup.take() {
            if chance.flip() {
                client.resize(surface, chance.between(1, 90), chance.between(1, 60));
                client.draw(surface, chance.colour())?;
                self.popup = Some((surface, object));
                return Ok("draws its candidates");
            }
            object.destroy();
            client.destroy(surface)?;
            return Ok("no longer shows candidates");
        }
        let surface = client.create_surface(chance.between(1, 90), chance.between(1, 60))?;
        let (handle, own) = (client.queue_handle(), self.own.clone());
        let wl_surface = client.wl_surface(surface);
        let object = self
            .object
            .get_input_popup_surface(wl_surface, &handle, own);
        client.draw(surface, chance.colour())?;
        self.popup = Some((surface, object));
        Ok("shows candidates")
    }

    /// Takes keys, or no longer.
    fn grab(&mut self, client: &mut WaylandClient) -> Result<&'static str> {
        if let Some(grab) = self.grab.take() {
            grab.object.release();
            grab.back.destroy();
            return Ok("takes no keys any more");
        }
        let own = Own::default();
        let handle = client.queue_handle();
        let object = self.object.grab_keyboard(&handle, own.clone());
        let back = virtual_keyboard(client)?;
        client.roundtrip()?;
        let keymap = own.told().keymap.take();
        if let Some((file, size)) = keymap {
            back.keymap(1, file.as_fd(), size);
            // The file must live until it is sent.
            client.flush()?;
            self.grab = Some(Grab { object, back, own });
            return Ok("takes keys");
        }
        object.release();
        back.destroy();
        Ok("gets no keys")
    }

    /// Gives back a key that it took.
    fn give_back(&self) -> &'static str {
        let Some(grab) = &self.grab else {
            return "has no keys to give back";
        };
        let keys = std::mem::take(&mut grab.own.told().keys);
        for (code, is_pressed) in keys {
            grab.back.key(0, code, is_pressed.into());
        }
        "gives back its keys"
    }

    fn destroy(mut self, client: &mut WaylandClient) -> Result {
        self.object.destroy();
        if let Some(grab) = self.grab.take() {
            grab.object.release();
            grab.back.destroy();
        }
        if let Some((surface, popup)) = self.popup.take() {
            popup.destroy();
            client.destroy(surface)?;
        }
        Ok(())
    }
}

/// What a program does with texts.
impl Program {
    pub(super) fn edit(&mut self, chance: &mut Chance) -> Result<String> {
        self.texts.own.told().events.clear();
        let handle = self.client.queue_handle();
        let field = match &self.texts.field {
            Some(field) => field,
            None => {
                let own = self.texts.own.clone();
                let manager: ZwpTextInputManagerV3 = bind(&self.client, 1, &own)?;
                let seat: WlSeat = bind(&self.client, 1, &own)?;
                let field = manager.get_text_input(&seat, &handle, own);
                self.texts.field.insert(field)
            }
        };
        let did = match chance.below(6) {
            0 => {
                field.destroy();
                self.texts.field = None;
                self.client.flush()?;
                return Ok("gives up its text field".to_owned());
            }
            1 => {
                field.disable();
                "leaves its text field".to_owned()
            }
            _ => {
                let (x, y) = (chance.between(-20, 300), chance.between(-20, 300));
                field.enable();
                field.set_surrounding_text("text".to_owned(), 2, 4);
                field.set_content_type(ContentHint::None, ContentPurpose::Name);
                field.set_cursor_rectangle(x, y, 2, chance.between(0, 30));
                format!("has a text cursor at ({x}, {y})")
            }
        };
        field.commit();
        self.client.flush()?;
        Ok(did)
    }

    pub(super) fn be_input_method(&mut self, chance: &mut Chance) -> Result<String> {
        let client = &mut self.client;
        let Some(method) = &mut self.texts.method else {
            self.texts.method = Some(Method::new(client)?);
            client.roundtrip()?;
            return Ok("wants to be the input method".to_owned());
        };
        let events = std::mem::take(&mut method.own.told().events);
        let is_late = events.iter().any(|event| event.starts_with("Unavailable"));
        let choice = chance.below(12);
        let did = match choice {
            _ if is_late || choice == 0 => {
                if let Some(method) = self.texts.method.take() {
                    method.destroy(client)?;
                }
                "is no input method any more"
            }
            1..5 => method.show(client, chance)?,
            5 | 6 => method.grab(client)?,
            7..9 => method.give_back(),
            _ => {
                method.object.set_preedit_string("ha".to_owned(), 0, 2);
                method.object.delete_surrounding_text(1, 0);
                method.object.commit_string("漢".to_owned());
                method.object.commit(chance.below(3) as u32);
                "types into a text field"
            }
        };
        client.flush()?;
        Ok(did.to_owned())
    }
}
