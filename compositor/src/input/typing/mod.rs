//! Text fields, and the input method that types into the one that has the keyboard: what a program
//! says of its field is kept, so that an input method that comes later knows of it.

mod grab;
mod method;
mod popup;

use smithay::reexports::wayland_protocols::wp::text_input::zv3::server::zwp_text_input_v3::{
    ChangeCause, ContentHint, ContentPurpose, ZwpTextInputV3,
};
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle};

use crate::state::Offing;
pub(crate) use grab::Stroke;
use method::Method;

/// What a program says of a text field.
#[derive(Clone)]
pub(crate) struct Field {
    /// Something can be typed.
    enabled: bool,
    /// That was said since the last commit.
    was_enabled: bool,
    /// The text around the cursor, and where in it cursor and anchor are, in bytes.
    pub(crate) surrounding: Option<(String, i32, i32)>,
    /// Why that is another text now.
    pub(crate) cause: ChangeCause,
    /// What sort of text it is.
    pub(crate) content: Option<(ContentHint, ContentPurpose)>,
    /// Where the cursor is on the surface.
    pub(crate) cursor: Option<Rectangle<i32, Logical>>,
}

impl Default for Field {
    fn default() -> Self {
        Self {
            enabled: false,
            was_enabled: false,
            surrounding: None,
            cause: ChangeCause::InputMethod,
            content: None,
            cursor: None,
        }
    }
}

impl Field {
    /// Something can be typed; what was said of the field before is void.
    pub(crate) fn enable(&mut self) {
        *self = Self {
            enabled: true,
            was_enabled: true,
            ..Self::default()
        };
    }

    /// Nothing can be typed any more.
    pub(crate) fn disable(&mut self) {
        *self = Self::default();
    }
}

/// A program's text input.
struct TextInput {
    object: ZwpTextInputV3,
    /// How often it was committed.
    serial: u32,
    /// The surface that it was told to be on.
    entered: Option<WlSurface>,
    pending: Field,
    current: Field,
}

/// All text inputs, and the input method.
#[derive(Default)]
pub(crate) struct Typing {
    inputs: Vec<TextInput>,
    /// The surface that has the keyboard.
    focus: Option<WlSurface>,
    /// The text input that the input method types into.
    active: Option<ZwpTextInputV3>,
    method: Option<Method>,
    /// Keys whose press an input method took for itself.
    taken: Vec<u32>,
}

impl Typing {
    fn input_mut(&mut self, object: &ZwpTextInputV3) -> Option<&mut TextInput> {
        self.inputs.iter_mut().find(|input| input.object == *object)
    }

    /// What is said of a text input before its next commit.
    pub(crate) fn pending(&mut self, object: &ZwpTextInputV3) -> Option<&mut Field> {
        self.input_mut(object).map(|input| &mut input.pending)
    }

    fn active_input(&self) -> Option<&TextInput> {
        let active = self.active.as_ref()?;
        self.inputs.iter().find(|input| input.object == *active)
    }

    /// Nobody types into the active text input any more.
    fn deactivate(&mut self) {
        if self.active.take().is_some()
            && let Some(method) = &mut self.method
        {
            method.deactivate();
        }
    }

    /// Tells the text inputs of whoever has the keyboard that they have it.
    fn enter(&mut self) {
        let Some(focus) = &self.focus else {
            return;
        };
        let theirs = |input: &&mut TextInput| input.object.id().same_client_as(&focus.id());
        for input in self.inputs.iter_mut().filter(theirs) {
            if input.entered.as_ref() != Some(focus) {
                input.object.enter(focus);
                input.entered = Some(focus.clone());
            }
        }
    }

    /// Another surface has the keyboard, or none.
    fn set_focus(&mut self, focus: Option<&WlSurface>) {
        if self.focus.as_ref() == focus {
            return;
        }
        self.deactivate();
        for input in &mut self.inputs {
            if let Some(surface) = input.entered.take() {
                input.object.leave(&surface);
                // Until it says so again there is nothing to type into.
                (input.pending, input.current) = (Field::default(), Field::default());
            }
        }
        self.focus = focus.cloned();
        self.enter();
    }

    /// What was said of a text input holds from now on.
    fn commit(&mut self, object: &ZwpTextInputV3) {
        let active = self.active.clone();
        let Some(input) = self.input_mut(object) else {
            return;
        };
        input.serial = input.serial.wrapping_add(1);
        if input.entered.is_none() {
            input.pending = Field::default();
            return;
        }
        input.current = input.pending.clone();
        input.pending.was_enabled = false;
        input.pending.cause = ChangeCause::InputMethod;
        let (enabled, restarts) = (input.current.enabled, input.current.was_enabled);
        let is_active = active.as_ref() == Some(object);
        match (enabled, is_active) {
            (false, true) => self.deactivate(),
            (true, false) if active.is_none() => {
                self.active = Some(object.clone());
                self.tell_method(true);
            }
            (true, true) => self.tell_method(restarts),
            // One at a time.
            _ => {}
        }
    }

    /// Tells the input method of the active text input.
    fn tell_method(&mut self, activate: bool) {
        let Some(input) = self.active_input() else {
            return;
        };
        let field = input.current.clone();
        if let Some(method) = &mut self.method {
            method.tell(&field, activate);
        }
    }
}

impl Offing {
    /// A client got a text input.
    pub(crate) fn add_text_input(&mut self, object: ZwpTextInputV3) {
        self.typing.inputs.push(TextInput {
            object,
            serial: 0,
            entered: None,
            pending: Field::default(),
            current: Field::default(),
        });
        self.typing.enter();
    }

    /// A text input is gone, and with it what could be typed into.
    pub(crate) fn remove_text_input(&mut self, object: &ZwpTextInputV3) {
        if self.typing.active.as_ref() == Some(object) {
            self.typing.deactivate();
            self.clock.queue();
        }
        self.typing.inputs.retain(|input| input.object != *object);
    }

    /// What was said of a text input holds from now on.
    pub(crate) fn text_input_committed(&mut self, object: &ZwpTextInputV3) {
        self.typing.commit(object);
        if self.typing.has_popups() {
            self.clock.queue();
        }
    }

    /// Another surface has the keyboard, or none.
    pub(crate) fn text_focus_changed(&mut self, focus: Option<&WlSurface>) {
        self.typing.set_focus(focus);
        if self.typing.has_popups() {
            self.clock.queue();
        }
    }
}
