//! Programs that type.

use std::os::fd::AsFd;

use offing_tests::vnc_client::{VncClient, encoding, led};
use offing_tests::wayland_client::{WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_manager_v1::ZwpVirtualKeyboardManagerV1;
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1;

use crate::fixture::{Fixture, expect_equal, sync, wait_for_focus, wait_for_keys};
use crate::raw::{Own, bind, memory};

/// The mask of Shift, and of Ctrl, in every keymap.
const SHIFT: u32 = 1;
/// See [`SHIFT`].
const CTRL: u32 = 4;
/// Keys of the seat (linux/input-event-codes.h).
mod key {
    pub(super) const TAB: u32 = 15;
    pub(super) const LEFT_CTRL: u32 = 29;
    pub(super) const LEFT_SHIFT: u32 = 42;
    pub(super) const C: u32 = 46;
}
/// Keysyms (X11's keysymdef.h).
const CAPS_LOCK: u32 = 0xffe5;
/// `wl_keyboard.keymap_format.xkb_v1`.
const XKB: u32 = 1;

/// A keymap whose keys have these symbols: the first one is evdev's 1.
pub(crate) fn keymap(symbols: &[&str]) -> String {
    let (mut codes, mut keys) = (String::new(), String::new());
    for (symbol, code) in symbols.iter().zip(9..) {
        codes += &format!("<K{code}> = {code}; ");
        keys += &format!("key <K{code}> {{[{symbol}]}}; ");
    }
    format!(
        "xkb_keymap {{
            xkb_keycodes \"(unnamed)\" {{ minimum = 8; maximum = 255; {codes} }};
            xkb_types \"(unnamed)\" {{ include \"complete\" }};
            xkb_compatibility \"(unnamed)\" {{ include \"complete\" }};
            xkb_symbols \"(unnamed)\" {{ {keys} }};
        }};"
    )
}

/// A virtual keyboard of a client.
pub(crate) fn virtual_keyboard(client: &WaylandClient) -> Result<ZwpVirtualKeyboardV1> {
    let own = Own::default();
    let manager: ZwpVirtualKeyboardManagerV1 = bind(client, 1, &own)?;
    let seat: WlSeat = bind(client, 1, &own)?;
    Ok(manager.create_virtual_keyboard(&seat, &client.queue_handle(), own))
}

/// Gives it a keymap.
pub(crate) fn set_keymap(keyboard: &ZwpVirtualKeyboardV1, text: &str) -> Result {
    let file = memory(&[text.as_bytes(), &[0]].concat())?;
    keyboard.keymap(XKB, file.as_fd(), text.len() as u32 + 1);
    Ok(())
}

/// Presses and releases a key.
pub(crate) fn tap(keyboard: &ZwpVirtualKeyboardV1, code: u32) {
    keyboard.key(0, code, 1);
    keyboard.key(0, code, 0);
}

/// A session, a client with a window that has the keyboard, one that types, and a viewer.
struct Scene {
    fixture: Fixture,
    client: WaylandClient,
    typist: WaylandClient,
    keyboard: ZwpVirtualKeyboardV1,
    viewer: VncClient,
}

impl Scene {
    fn new(symbols: &[&str]) -> Result<Self> {
        let fixture = Fixture::new()?;
        let mut client = fixture.client()?;
        let window = client.open(Window::new("target", 120, 80).content([90; 3]))?;
        wait_for_focus(&mut client, Some(window))?;
        client.forget_input();
        let typist = fixture.client()?;
        let keyboard = virtual_keyboard(&typist)?;
        set_keymap(&keyboard, &keymap(symbols))?;
        let viewer = fixture.viewer_knowing(&[encoding::QEMU_LED_STATE])?;
        Ok(Self {
            fixture,
            client,
            typist,
            keyboard,
            viewer,
        })
    }

    fn wait_for_text(&mut self, text: &str) -> Result {
        self.client
            .dispatch_until(soon(), text, |client| client.typed_text() == text)
    }
}

#[test]
fn programs_and_viewers_type_in_turn() -> Result {
    let mut scene = Scene::new(&["eacute", "U6f22", "EuroSign", "a", "A"])?;
    let mut text = String::new();
    for _ in 0..3 {
        scene.viewer.type_text("x漢")?;
        text += "x漢";
        scene.wait_for_text(&text)?;
        for code in 1..=5 {
            tap(&scene.keyboard, code);
        }
        scene.typist.roundtrip()?;
        text += "é漢€aA";
        scene.wait_for_text(&text)?;
    }
    // Both hold keys at once.
    scene.viewer.key('b'.into(), true)?;
    text.push('b');
    scene.wait_for_text(&text)?;
    tap(&scene.keyboard, 1);
    scene.typist.roundtrip()?;
    text.push('é');
    scene.wait_for_text(&text)?;
    scene.viewer.key('b'.into(), false)?;
    scene.viewer.type_text("Z")?;
    text.push('Z');
    scene.wait_for_text(&text)
}

#[test]
fn locks_stay_as_they_are() -> Result {
    let mut scene = Scene::new(&["a", "A", "U6f22"])?;
    scene
        .viewer
        .wait_until(soon(), "the lights", |it| it.leds == [0])?;
    scene.viewer.tap(CAPS_LOCK)?;
    let leds = [0, led::CAPS_LOCK];
    scene
        .viewer
        .wait_until(soon(), "Caps Lock", |it| it.leds == leds)?;
    for code in 1..=3 {
        tap(&scene.keyboard, code);
    }
    scene.typist.roundtrip()?;
    scene.wait_for_text("aA漢")?;
    scene.viewer.type_text("bB")?;
    scene.wait_for_text("aA漢bB")?;
    scene.fixture.settle()?;
    sync(&mut scene.viewer)?;
    expect_equal("the last light", scene.viewer.leds.last(), leds.last())
}

#[test]
fn modifiers_of_programs_are_pressed() -> Result {
    let mut scene = Scene::new(&["c", "Tab"])?;
    for (mask, code) in [(CTRL, 1), (SHIFT, 2)] {
        scene.keyboard.modifiers(mask, 0, 0, 0);
        tap(&scene.keyboard, code);
        scene.keyboard.modifiers(0, 0, 0, 0);
    }
    scene.typist.roundtrip()?;
    let tapped = |modifier, key| {
        [
            (modifier, true),
            (key, true),
            (key, false),
            (modifier, false),
        ]
    };
    let keys = [
        tapped(key::LEFT_CTRL, key::C),
        tapped(key::LEFT_SHIFT, key::TAB),
    ];
    wait_for_keys(&mut scene.client, &keys.concat())
}

#[test]
fn what_a_program_holds_is_released_when_it_ends() -> Result {
    let mut scene = Scene::new(&["c"])?;
    scene.keyboard.modifiers(CTRL, 0, 0, 0);
    scene.keyboard.key(0, 1, 1);
    scene.typist.roundtrip()?;
    let mut keys = vec![(key::LEFT_CTRL, true), (key::C, true)];
    wait_for_keys(&mut scene.client, &keys)?;
    drop(scene.typist);
    keys.extend([(key::C, false), (key::LEFT_CTRL, false)]);
    wait_for_keys(&mut scene.client, &keys)
}

#[test]
fn all_is_typed_before_its_program_is_gone() -> Result {
    let symbols: Vec<String> = (0x4e00..0x4e28).map(|code| format!("U{code:x}")).collect();
    let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
    let mut scene = Scene::new(&symbols)?;
    for code in 1..=40 {
        tap(&scene.keyboard, code);
    }
    scene.typist.flush()?;
    drop(scene.keyboard);
    drop(scene.typist);
    let text: String = ('\u{4e00}'..'\u{4e28}').collect();
    scene
        .client
        .dispatch_until(soon(), &text, |client| client.typed_text() == text)
}
