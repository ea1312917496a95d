//! Keys of which viewers tell the place, and the keyboard's lights.

use offing::config::Keys;
use offing_tests::wayland_client::{WaylandClient, Window};
use offing_tests::{Result, soon};

use crate::fixture::{Fixture, HEIGHT, WIDTH, config, expect_equal, wait_for_focus, wait_for_keys};
use crate::told::{Told, encoding};

/// Keysyms (X11's keysymdef.h).
mod sym {
    pub(super) const CAPS_LOCK: u32 = 0xffe5;
    pub(super) const NUM_LOCK: u32 = 0xff7f;
    pub(super) const SHIFT: u32 = 0xffe1;
}

/// The place of a US keyboard's Q, as XT's scancode.
const Q_PLACE: u32 = 0x10;
/// Keys (linux/input-event-codes.h).
const KEY_Q: u32 = 16;
/// See [`KEY_Q`].
const KEY_A: u32 = 30;

/// The lights (rfbproto, QEMU LED State Pseudo-encoding).
const CAPS: u8 = 4;
/// See [`CAPS`].
const NUM: u8 = 2;

/// A session that goes by places like this, and a client with a window that has the keyboard.
fn start(keys: Keys) -> Result<(Fixture, WaylandClient)> {
    let mut config = config(WIDTH, HEIGHT);
    config.keys = keys;
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("target", 120, 80).content([90; 3]))?;
    wait_for_focus(&mut client, Some(window))?;
    client.forget_input();
    Ok((fixture, client))
}

#[test]
fn a_key_is_found_by_symbol_or_by_place() -> Result {
    for (keys, symbol, found) in [
        (Keys::Auto, 'q', KEY_Q),
        // As on a French keyboard.
        (Keys::Auto, 'a', KEY_A),
        (Keys::Auto, '\0', KEY_Q),
        (Keys::Keysym, 'a', KEY_A),
        (Keys::Scancode, 'a', KEY_Q),
    ] {
        let (fixture, mut client) = start(keys)?;
        let mut viewer = Told::connect(&fixture, &[encoding::QEMU_EXTENDED_KEY])?;
        viewer.key(symbol.into(), Q_PLACE, true)?;
        viewer.key(symbol.into(), Q_PLACE, false)?;
        wait_for_keys(&mut client, &[(found, true), (found, false)])?;
    }
    Ok(())
}

#[test]
fn a_release_may_name_another_symbol() -> Result {
    let (fixture, mut client) = start(Keys::Auto)?;
    let mut viewer = Told::connect(&fixture, &[encoding::QEMU_EXTENDED_KEY])?;
    viewer.key('a'.into(), Q_PLACE, true)?;
    viewer.key('€'.into(), Q_PLACE, false)?;
    wait_for_keys(&mut client, &[(KEY_A, true), (KEY_A, false)])?;
    // Pressed by place, and the viewer leaves.
    viewer.key(0, Q_PLACE, true)?;
    let mut expected = vec![(KEY_A, true), (KEY_A, false), (KEY_Q, true)];
    wait_for_keys(&mut client, &expected)?;
    drop(viewer);
    expected.push((KEY_Q, false));
    wait_for_keys(&mut client, &expected)
}

#[test]
fn places_are_not_asked_for_where_symbols_count() -> Result {
    for (keys, confirmed) in [
        (Keys::Auto, vec![encoding::QEMU_EXTENDED_KEY]),
        (Keys::Scancode, vec![encoding::QEMU_EXTENDED_KEY]),
        (Keys::Keysym, vec![]),
    ] {
        let (fixture, _client) = start(keys)?;
        let mut viewer = Told::connect(&fixture, &[encoding::QEMU_EXTENDED_KEY])?;
        viewer.sync()?;
        expect_equal("what is known", viewer.confirmed, confirmed)?;
    }
    Ok(())
}

#[test]
fn viewers_are_told_which_locks_are_on() -> Result {
    let (fixture, mut client) = start(Keys::Auto)?;
    let mut typist = fixture.viewer()?;
    let mut viewer = Told::connect(&fixture, &[encoding::QEMU_LED_STATE])?;
    viewer.wait_until("the lights", |it| it.leds == [0])?;
    typist.tap(sym::CAPS_LOCK)?;
    viewer.wait_until("Caps Lock", |it| it.leds == [0, CAPS])?;
    typist.tap(sym::NUM_LOCK)?;
    viewer.wait_until("Num Lock", |it| it.leds == [0, CAPS, CAPS | NUM])?;
    // The second needs a change of the keymap. Nothing new is told.
    typist.key(sym::SHIFT, true)?;
    typist.type_text("A你1")?;
    typist.key(sym::SHIFT, false)?;
    client.dispatch_until(soon(), "the text", |it| it.typed_text() == "A你1")?;
    fixture.settle()?;
    viewer.sync()?;
    expect_equal("the lights", viewer.leds.len(), 3)?;
    let mut late = Told::connect(&fixture, &[encoding::QEMU_LED_STATE])?;
    late.wait_until("the lights", |it| it.leds == [CAPS | NUM])?;
    typist.tap(sym::CAPS_LOCK)?;
    for viewer in [&mut viewer, &mut late] {
        viewer.wait_until("Num Lock alone", |it| it.leds.last() == Some(&NUM))?;
    }
    Ok(())
}
