//! Text fields, and input methods that type into them.

use std::os::fd::{AsFd, OwnedFd};

use offing_tests::wayland_client::{Surface, WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols::wp::text_input::zv3::client::zwp_text_input_manager_v3::ZwpTextInputManagerV3;
use wayland_protocols::wp::text_input::zv3::client::zwp_text_input_v3::{
    ChangeCause, ContentHint, ContentPurpose, ZwpTextInputV3,
};
use wayland_protocols_misc::zwp_input_method_v2::client::zwp_input_method_manager_v2::ZwpInputMethodManagerV2;
use wayland_protocols_misc::zwp_input_method_v2::client::zwp_input_method_v2::ZwpInputMethodV2;

use crate::fixture::{Fixture, expect_equal, wait_for_focus, wait_for_keys};
use crate::raw::{Own, bind};
use crate::virtual_keyboard::{keymap, set_keymap, virtual_keyboard};
use offing_tests::picture::Picture;

/// linux/input-event-codes.h.
const KEY_A: u32 = 30;
/// See [`KEY_A`].
const KEY_LEFT_SHIFT: u32 = 42;
/// X11's keysymdef.h.
const SHIFT: u32 = 0xffe1;

/// A program with a window and a text field in it.
struct Editor {
    client: WaylandClient,
    window: Surface,
    field: ZwpTextInputV3,
    own: Own,
}

impl Editor {
    fn new(fixture: &Fixture) -> Result<Self> {
        let mut client = fixture.client()?;
        let own = Own::default();
        let manager: ZwpTextInputManagerV3 = bind(&client, 1, &own)?;
        let seat: WlSeat = bind(&client, 1, &own)?;
        let field = manager.get_text_input(&seat, &client.queue_handle(), own.clone());
        let window = client.open(Window::new("editor", 120, 80).content([200; 3]))?;
        wait_for_focus(&mut client, Some(window))?;
        client.forget_input();
        Ok(Self {
            client,
            window,
            field,
            own,
        })
    }

    /// Says that something can be typed, with a text around the cursor, which is at this place.
    fn enable(&mut self, (x, y): (i32, i32)) -> Result {
        self.field.enable();
        self.field.set_surrounding_text("before".to_owned(), 6, 6);
        self.field
            .set_content_type(ContentHint::Spellcheck, ContentPurpose::Name);
        self.field.set_text_change_cause(ChangeCause::Other);
        self.field.set_cursor_rectangle(x, y, 2, 10);
        self.field.commit();
        self.client.roundtrip()
    }

    fn wait_for(&mut self, events: &[&str]) -> Result {
        wait_for(&mut self.client, &self.own, events)
    }
}

/// A program that is an input method.
struct Method {
    client: WaylandClient,
    method: ZwpInputMethodV2,
    own: Own,
}

impl Method {
    fn new(fixture: &Fixture) -> Result<Self> {
        let mut client = fixture.client()?;
        let own = Own::default();
        let manager: ZwpInputMethodManagerV2 = bind(&client, 1, &own)?;
        let seat: WlSeat = bind(&client, 1, &own)?;
        let method = manager.get_input_method(&seat, &client.queue_handle(), own.clone());
        client.roundtrip()?;
        Ok(Self {
            client,
            method,
            own,
        })
    }

    fn wait_for(&mut self, events: &[&str]) -> Result {
        wait_for(&mut self.client, &self.own, events)
    }

    /// Types a text, having been told so often that all is said.
    fn type_text(&mut self, text: &str, serial: u32) -> Result {
        self.method.commit_string(text.to_owned());
        self.method.commit(serial);
        self.client.roundtrip()
    }
}

/// Waits until these were all events: how each begins.
fn wait_for(client: &mut WaylandClient, own: &Own, events: &[&str]) -> Result {
    client.dispatch_until(soon(), &format!("{events:?}"), |_| {
        let told = &own.told().events;
        let begins = |(event, start): (&String, &&str)| event.starts_with(start);
        told.len() == events.len() && told.iter().zip(events).all(begins)
    })
}

#[test]
fn text_fields_are_told_of_the_keyboard_without_an_input_method() -> Result {
    let fixture = Fixture::new()?;
    let mut editor = Editor::new(&fixture)?;
    editor.wait_for(&["Enter"])?;
    let mut other = Editor::new(&fixture)?;
    other.wait_for(&["Enter"])?;
    editor.wait_for(&["Enter", "Leave"])?;
    other.client.destroy(other.window)?;
    editor.wait_for(&["Enter", "Leave", "Enter"])?;
    // What is typed comes as keys.
    editor.enable((0, 0))?;
    fixture.viewer()?.type_text("é")?;
    let typed = |client: &WaylandClient| client.typed_text() == "é";
    editor.client.dispatch_until(soon(), "the key", typed)?;
    editor.wait_for(&["Enter", "Leave", "Enter"])
}

#[test]
fn an_input_method_that_comes_later_types() -> Result {
    let fixture = Fixture::new()?;
    let mut editor = Editor::new(&fixture)?;
    editor.enable((0, 0))?;
    let mut method = Method::new(&fixture)?;
    let told = [
        "Activate",
        "SurroundingText { text: \"before\", cursor: 6, anchor: 6 }",
        "TextChangeCause { cause: Value(Other) }",
        "ContentType { hint: Value(ContentHint(Spellcheck)), purpose: Value(Name) }",
        "Done",
    ];
    method.wait_for(&told)?;
    method.method.set_preedit_string("ha".to_owned(), 0, 2);
    method.method.delete_surrounding_text(1, 0);
    method.type_text("漢", 1)?;
    let mut typed = vec![
        "Enter",
        "PreeditString { text: Some(\"ha\"), cursor_begin: 0, cursor_end: 2 }",
        "DeleteSurroundingText { before_length: 1, after_length: 0 }",
        "CommitString { text: Some(\"漢\") }",
        "Done { serial: 1 }",
    ];
    editor.wait_for(&typed)?;
    // Meant for an older text.
    method.type_text("late", 0)?;
    typed.extend([
        "CommitString { text: Some(\"late\") }",
        "Done { serial: 0 }",
    ]);
    editor.wait_for(&typed)?;
    // The next one is too late as long as this one is there.
    let mut second = Method::new(&fixture)?;
    second.wait_for(&["Unavailable"])?;
    second.type_text("mine", 0)?;
    drop(second);
    method.type_text("still", 1)?;
    typed.extend([
        "CommitString { text: Some(\"still\") }",
        "Done { serial: 1 }",
    ]);
    editor.wait_for(&typed)?;
    // Nobody types where nothing can be typed.
    editor.field.disable();
    editor.field.commit();
    editor.client.roundtrip()?;
    method.wait_for(&[&told[..], &["Deactivate", "Done"]].concat())?;
    method.type_text("no more", 2)?;
    editor.client.roundtrip()?;
    editor.wait_for(&typed)?;
    drop(method);
    editor.enable((0, 0))?;
    Method::new(&fixture)?.wait_for(&told)
}

#[test]
fn a_field_that_loses_the_keyboard_is_left() -> Result {
    let fixture = Fixture::new()?;
    let mut editor = Editor::new(&fixture)?;
    let mut method = Method::new(&fixture)?;
    editor.enable((0, 0))?;
    let told = [
        "Activate",
        "SurroundingText",
        "TextChangeCause",
        "ContentType",
        "Done",
    ];
    method.wait_for(&told)?;
    let mut other = Editor::new(&fixture)?;
    method.wait_for(&[&told[..], &["Deactivate", "Done"]].concat())?;
    method.own.told().events.clear();
    // Only the window in use is typed into.
    editor.enable((0, 0))?;
    other.enable((0, 0))?;
    method.wait_for(&told)?;
    method.type_text("text", 3)?;
    other.wait_for(&["Enter", "CommitString", "Done"])?;
    // A field that goes away while it is typed into.
    other.field.destroy();
    other.client.roundtrip()?;
    method.wait_for(&[&told[..], &["Deactivate", "Done"]].concat())?;
    method.type_text("text", 4)?;
    editor.wait_for(&["Enter", "Leave"])
}

#[test]
fn what_is_secret_stays_so_whatever_else_is_said_of_a_field() -> Result {
    let fixture = Fixture::new()?;
    let mut editor = Editor::new(&fixture)?;
    let mut method = Method::new(&fixture)?;
    let secret = ContentHint::HiddenText | ContentHint::SensitiveData;
    let of_later_versions = ContentHint::from_bits_retain(1 << 20);
    editor.field.enable();
    editor
        .field
        .set_content_type(secret | of_later_versions, ContentPurpose::Password);
    editor.field.commit();
    editor.client.roundtrip()?;
    let hint = "ContentType { hint: Value(ContentHint(HiddenText | SensitiveData))";
    method.wait_for(&["Activate", "TextChangeCause", hint, "Done"])
}

#[test]
fn keys_that_an_input_method_gives_back_by_a_keymap_of_its_own_go_up() -> Result {
    const KEY_X: u32 = 45;
    let fixture = Fixture::new()?;
    let mut editor = Editor::new(&fixture)?;
    let mut viewer = fixture.viewer()?;
    let mut method = Method::new(&fixture)?;
    let grab = Own::default();
    let handle = method.client.queue_handle();
    let _keyboard = method.method.grab_keyboard(&handle, grab.clone());
    let back = virtual_keyboard(&method.client)?;
    set_keymap(&back, &keymap(&["x"]))?;
    method.client.roundtrip()?;
    let (down, up) = ((KEY_X, true), (KEY_X, false));
    let wait_for_grab = |method: &mut Method, keys: &[(u32, bool)]| {
        let what = format!("the keys {keys:?} of the grab");
        let told = |_: &WaylandClient| grab.told().keys == keys;
        method.client.dispatch_until(soon(), &what, told)
    };
    let give_back = |method: &mut Method, pressed: bool| {
        back.key(0, 1, pressed.into());
        method.client.roundtrip()
    };
    // It lets go of the key before the viewer does.
    viewer.key('x'.into(), true)?;
    wait_for_grab(&mut method, &[down])?;
    give_back(&mut method, true)?;
    wait_for_keys(&mut editor.client, &[down])?;
    give_back(&mut method, false)?;
    wait_for_keys(&mut editor.client, &[down, up])?;
    viewer.key('x'.into(), false)?;
    wait_for_grab(&mut method, &[down, up])?;
    // And after it.
    viewer.key('x'.into(), true)?;
    wait_for_grab(&mut method, &[down, up, down])?;
    give_back(&mut method, true)?;
    viewer.key('x'.into(), false)?;
    wait_for_grab(&mut method, &[down, up, down, up])?;
    wait_for_keys(&mut editor.client, &[down, up, down])?;
    give_back(&mut method, false)?;
    wait_for_keys(&mut editor.client, &[down, up, down, up])?;
    // With its program, a key goes up that it held, whatever the viewer holds.
    viewer.key('x'.into(), true)?;
    wait_for_grab(&mut method, &[down, up, down, up, down])?;
    give_back(&mut method, true)?;
    drop(method);
    wait_for_keys(&mut editor.client, &[down, up, down, up, down, up])
}

#[test]
fn an_input_method_takes_keys_and_gives_some_back() -> Result {
    let fixture = Fixture::new()?;
    let mut editor = Editor::new(&fixture)?;
    let mut viewer = fixture.viewer()?;
    let mut method = Method::new(&fixture)?;
    let grab = Own::default();
    let handle = method.client.queue_handle();
    let keyboard = method.method.grab_keyboard(&handle, grab.clone());
    let told = |count: usize| {
        let grab = grab.clone();
        move |_: &WaylandClient| grab.told().keys.len() == count
    };
    method.client.roundtrip()?;
    let keymap = grab.told().keymap.take();
    let (file, size) = keymap.expect("the grab comes with a keymap");
    let file: OwnedFd = file;
    let back = virtual_keyboard(&method.client)?;
    back.keymap(1, file.as_fd(), size);
    viewer.key(SHIFT, true)?;
    viewer.key('A'.into(), true)?;
    method.client.dispatch_until(soon(), "two keys", told(2))?;
    expect_equal(
        "the keys",
        grab.told().keys.clone(),
        vec![(KEY_LEFT_SHIFT, true), (KEY_A, true)],
    )?;
    editor.client.roundtrip()?;
    expect_equal(
        "what the window got",
        editor.client.keyboard().keys(),
        vec![],
    )?;
    // It has no use for this one, while the viewer still holds it.
    let give_back = |method: &mut Method| {
        back.modifiers(1, 0, 0, 0);
        back.key(0, KEY_A, 1);
        back.key(0, KEY_A, 0);
        back.modifiers(0, 0, 0, 0);
        method.client.roundtrip()
    };
    give_back(&mut method)?;
    let tapped = vec![(KEY_A, true), (KEY_A, false)];
    wait_for_keys(&mut editor.client, &tapped)?;
    expect_equal("the text", editor.client.typed_text(), "A".to_owned())?;
    expect_equal("its own keys", grab.told().keys.len(), 2)?;
    // The next one it gives back when it is released already.
    viewer.key('A'.into(), false)?;
    viewer.tap('A'.into())?;
    viewer.key(SHIFT, false)?;
    method.client.dispatch_until(soon(), "six keys", told(6))?;
    give_back(&mut method)?;
    editor
        .client
        .dispatch_until(soon(), "AA", |it| it.typed_text() == "AA")?;
    // A new symbol is a new keymap, for it as well.
    viewer.type_text("漢")?;
    method
        .client
        .dispatch_until(soon(), "eight keys", told(8))?;
    assert!(grab.told().keymap.is_some());
    // The end of the grab, while a key is held.
    viewer.key('a'.into(), true)?;
    method.client.dispatch_until(soon(), "a key", told(9))?;
    keyboard.release();
    method.client.roundtrip()?;
    viewer.key('a'.into(), false)?;
    viewer.tap('a'.into())?;
    let keys = [&tapped[..], &tapped[..], &tapped[..]].concat();
    wait_for_keys(&mut editor.client, &keys)
}

#[test]
fn candidates_are_shown_at_the_text_cursor() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    let mut editor = Editor::new(&fixture)?;
    let empty = fixture
        .empty()
        .with(&Picture::solid(120, 80, [200; 3]), 100, 80);
    viewer.wait_for_picture(soon(), &empty)?;
    let mut method = Method::new(&fixture)?;
    let popup = method.client.create_surface(60, 40)?;
    let own = Own::default();
    let handle = method.client.queue_handle();
    let wl_surface = method.client.wl_surface(popup).clone();
    let object = method
        .method
        .get_input_popup_surface(&wl_surface, &handle, own.clone());
    method.client.draw(popup, [250, 0, 0])?;
    let candidates = Picture::solid(60, 40, [250, 0, 0]);
    let said = |x: i32, y: i32| format!("TextInputRectangle {{ x: {x}, y: {y}, width: 2");
    // Below the cursor; above it near the lower edge of the screen; on the screen.
    for (cursor, place, from_there) in [
        ((20, 10), (120, 100), (0, -10)),
        ((20, 130), (120, 170), (0, 40)),
        ((200, 10), (260, 100), (40, -10)),
    ] {
        editor.enable(cursor)?;
        let expected = empty.clone().with(&candidates, place.0, place.1);
        viewer.wait_for_picture(soon(), &expected)?;
        method.client.roundtrip()?;
        let last = own.told().events.last().cloned().unwrap_or_default();
        assert!(
            last.starts_with(&said(from_there.0, from_there.1)),
            "{last}"
        );
    }
    // A click on it leaves the keyboard where it is.
    viewer.click(270, 110, 1)?;
    wait_for_buttons(&mut method.client)?;
    expect_equal("the window", fixture.active()?.as_deref(), Some("editor"))?;
    wait_for_focus(&mut editor.client, Some(editor.window))?;
    editor.field.disable();
    editor.field.commit();
    editor.client.roundtrip()?;
    viewer.wait_for_picture(soon(), &empty)?;
    editor.enable((20, 10))?;
    viewer.wait_for_picture(soon(), &empty.clone().with(&candidates, 120, 100))?;
    object.destroy();
    method.client.flush()?;
    viewer.wait_for_picture(soon(), &empty)?;
    drop(method);
    viewer.wait_for_picture(soon(), &empty)
}

fn wait_for_buttons(client: &mut WaylandClient) -> Result {
    let buttons = [(0x110, true), (0x110, false)];
    crate::fixture::wait_for_buttons(client, &buttons)
}
