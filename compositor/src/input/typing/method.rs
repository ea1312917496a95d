//! The input method: it sees what there is to type into, and types. There is one at a time.

use smithay::reexports::wayland_protocols_misc::zwp_input_method_v2::server::zwp_input_method_v2::ZwpInputMethodV2;

use super::grab::Grab;
use super::popup::Popup;
use super::{Field, Typing};
use crate::state::Offing;

/// What an input method wants to be done to the text.
#[derive(Default)]
pub(crate) struct Edit {
    /// What is inserted.
    pub(crate) text: Option<String>,
    /// What is shown at the cursor without being inserted, and the cursor's begin and end in it.
    pub(crate) preedit: Option<(String, i32, i32)>,
    /// How many bytes before and after the cursor are deleted.
    pub(crate) delete: Option<(u32, u32)>,
}

/// The input method.
pub(super) struct Method {
    pub(super) object: ZwpInputMethodV2,
    /// How often it was told that all is said.
    done: u32,
    /// There is something to type into.
    pub(super) active: bool,
    edit: Edit,
    pub(super) grab: Option<Grab>,
    pub(super) popups: Vec<Popup>,
}

impl Method {
    /// Tells of the text field, and that it is another one.
    pub(super) fn tell(&mut self, field: &Field, activate: bool) {
        if activate {
            self.object.activate();
            self.edit = Edit::default();
            self.active = true;
        }
        if let Some((text, cursor, anchor)) = &field.surrounding {
            let (cursor, anchor) = (cursor.cast_unsigned(), anchor.cast_unsigned());
            self.object.surrounding_text(text.clone(), cursor, anchor);
        }
        self.object.text_change_cause(field.cause);
        if let Some((hint, purpose)) = field.content {
            self.object.content_type(hint, purpose);
        }
        self.say_done();
    }

    pub(super) fn deactivate(&mut self) {
        if std::mem::take(&mut self.active) {
            self.edit = Edit::default();
            self.object.deactivate();
            self.say_done();
        }
    }

    fn say_done(&mut self) {
        self.object.done();
        self.done = self.done.wrapping_add(1);
    }
}

impl Typing {
    pub(super) fn method_mut(&mut self, object: &ZwpInputMethodV2) -> Option<&mut Method> {
        let method = self.method.as_mut();
        method.filter(|method| method.object == *object)
    }

    /// An input method wants something done when it commits next.
    pub(crate) fn edit(&mut self, object: &ZwpInputMethodV2, change: impl FnOnce(&mut Edit)) {
        if let Some(method) = self.method_mut(object) {
            change(&mut method.edit);
        }
    }

    /// An input method commits what it wants. `serial`: how often it had been told all by then.
    pub(crate) fn commit_edit(&mut self, object: &ZwpInputMethodV2, serial: u32) {
        let Some(method) = self.method_mut(object) else {
            return;
        };
        let edit = std::mem::take(&mut method.edit);
        let is_current = method.done == serial;
        if !method.active {
            return;
        }
        let Some(input) = self.active_input() else {
            return;
        };
        let field = &input.object;
        if let Some((text, begin, end)) = edit.preedit {
            field.preedit_string(Some(text), begin, end);
        }
        if let Some((before, after)) = edit.delete {
            field.delete_surrounding_text(before, after);
        }
        if let Some(text) = edit.text {
            field.commit_string(Some(text));
        }
        // By a number that does not fit, the field knows that this was meant for an older text.
        field.done(if is_current { input.serial } else { 0 });
    }
}

impl Offing {
    /// An input method comes; if there is one, it is told that it is too late.
    pub(crate) fn add_input_method(&mut self, object: ZwpInputMethodV2) {
        if self.typing.method.is_some() {
            object.unavailable();
            return;
        }
        self.typing.method = Some(Method {
            object,
            done: 0,
            active: false,
            edit: Edit::default(),
            grab: None,
            popups: Vec::new(),
        });
        self.typing.tell_method(true);
    }

    /// An input method is gone. What it showed without inserting it goes, too.
    pub(crate) fn remove_input_method(&mut self, object: &ZwpInputMethodV2) {
        if self.typing.method_mut(object).is_none() {
            return;
        }
        let method = self.typing.method.take();
        if method.is_some_and(|method| method.grab.is_some()) {
            self.tell_modifiers();
        }
        if let Some(input) = self.typing.active_input() {
            input.object.done(input.serial);
        }
        self.clock.queue();
    }
}
