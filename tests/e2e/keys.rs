//! Keys of which viewers tell the place, and the keyboard's lights.

use offing::Config;
use offing::config::Keys;
use offing_tests::vnc_client::{VncClient, encoding, led};
use offing_tests::wayland_client::{KeyboardEvent, WaylandClient, Window};
use offing_tests::{Error, Result, soon};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols::wp::keyboard_shortcuts_inhibit::zv1::client::zwp_keyboard_shortcuts_inhibit_manager_v1::ZwpKeyboardShortcutsInhibitManagerV1;

use crate::fixture::{
    Fixture, HEIGHT, WIDTH, config, expect_equal, sync, wait_for_focus, wait_for_keys,
};
use crate::raw::{Own, bind};

/// Keysyms (X11's keysymdef.h).
mod sym {
    pub(super) const CAPS_LOCK: u32 = 0xffe5;
    pub(super) const NUM_LOCK: u32 = 0xff7f;
    pub(super) const SHIFT: u32 = 0xffe1;
    pub(super) const ALT: u32 = 0xffe9;
    pub(super) const F4: u32 = 0xffc1;
    pub(super) const TAB: u32 = 0xff09;
}

/// The place of a US keyboard's Q, as XT's scancode.
const Q_PLACE: u32 = 0x10;
/// Keys (linux/input-event-codes.h).
const KEY_Q: u32 = 16;
/// See [`KEY_Q`].
const KEY_A: u32 = 30;

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

/// A viewer that tells the places of keys, and does not wait to hear that they are wanted.
fn viewer(fixture: &Fixture) -> Result<VncClient> {
    let mut viewer = fixture.viewer_knowing(&[encoding::QEMU_EXTENDED_KEY])?;
    viewer.confirmed.push(encoding::QEMU_EXTENDED_KEY);
    Ok(viewer)
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
        let mut viewer = viewer(&fixture)?;
        viewer.extended_key(symbol.into(), Q_PLACE, true)?;
        viewer.extended_key(symbol.into(), Q_PLACE, false)?;
        wait_for_keys(&mut client, &[(found, true), (found, false)])?;
    }
    Ok(())
}

#[test]
fn a_release_may_name_another_symbol() -> Result {
    let (fixture, mut client) = start(Keys::Auto)?;
    let mut viewer = viewer(&fixture)?;
    viewer.extended_key('a'.into(), Q_PLACE, true)?;
    viewer.extended_key('€'.into(), Q_PLACE, false)?;
    wait_for_keys(&mut client, &[(KEY_A, true), (KEY_A, false)])?;
    // Pressed by place, and the viewer leaves.
    viewer.extended_key(0, Q_PLACE, true)?;
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
        let mut viewer = fixture.viewer_knowing(&[encoding::QEMU_EXTENDED_KEY])?;
        sync(&mut viewer)?;
        expect_equal("what is known", viewer.confirmed, confirmed)?;
    }
    Ok(())
}

#[test]
fn many_new_symbols_hold_up_nobody() -> Result {
    let (fixture, mut client) = start(Keys::Auto)?;
    let mut typist = fixture.viewer()?;
    let text: String = ('\u{4e00}'..'\u{4e40}').collect();
    typist.type_text(&text)?;
    // Each symbol takes a keymap, and clients are told of the first before the last is made.
    let keymaps = |client: &WaylandClient| {
        let events = client.keyboard().events.iter();
        events
            .filter(|event| matches!(event, KeyboardEvent::Keymap(_)))
            .count()
    };
    client.dispatch_until(soon(), "a keymap", |client| keymaps(client) > 0)?;
    client.roundtrip()?;
    let told = keymaps(&client);
    if told == text.chars().count() {
        return Err(Error::other("all keymaps came at once"));
    }
    client.dispatch_until(soon(), "the text", |it| it.typed_text() == text)
}

#[test]
fn viewers_are_told_which_locks_are_on() -> Result {
    let (fixture, mut client) = start(Keys::Auto)?;
    let both = led::CAPS_LOCK | led::NUM_LOCK;
    let mut typist = fixture.viewer()?;
    let mut viewer = fixture.viewer_knowing(&[encoding::QEMU_LED_STATE])?;
    viewer.wait_until(soon(), "the lights", |it| it.leds == [0])?;
    typist.tap(sym::CAPS_LOCK)?;
    viewer.wait_until(soon(), "Caps Lock", |it| it.leds == [0, led::CAPS_LOCK])?;
    typist.tap(sym::NUM_LOCK)?;
    viewer.wait_until(soon(), "Num Lock", |it| {
        it.leds == [0, led::CAPS_LOCK, both]
    })?;
    // The second needs a change of the keymap. Nothing new is told.
    typist.key(sym::SHIFT, true)?;
    typist.type_text("A你1")?;
    typist.key(sym::SHIFT, false)?;
    client.dispatch_until(soon(), "the text", |it| it.typed_text() == "A你1")?;
    fixture.settle()?;
    sync(&mut viewer)?;
    expect_equal("the lights", viewer.leds.len(), 3)?;
    let mut late = fixture.viewer_knowing(&[encoding::QEMU_LED_STATE])?;
    late.wait_until(soon(), "the lights", |it| it.leds == [both])?;
    typist.tap(sym::CAPS_LOCK)?;
    for viewer in [&mut viewer, &mut late] {
        viewer.wait_until(soon(), "Num Lock alone", |it| {
            it.leds.last() == Some(&led::NUM_LOCK)
        })?;
    }
    Ok(())
}

#[test]
fn without_shortcuts_all_keys_are_for_programs() -> Result {
    let fixture = Fixture::start(Config {
        shortcuts: false,
        ..config(WIDTH, HEIGHT)
    })?;
    let mut client = fixture.client()?;
    let windows = ["one", "two"].map(|title| Window::new(title, 120, 80).content([90; 3]));
    let windows = windows.map(|window| client.open(window));
    let [_, Ok(window)] = windows else {
        return Err(Error::other("no windows"));
    };
    wait_for_focus(&mut client, Some(window))?;
    let mut viewer = fixture.viewer()?;
    client.forget_input();
    viewer.key(sym::ALT, true)?;
    viewer.tap(sym::F4)?;
    viewer.tap(sym::TAB)?;
    viewer.key(sym::ALT, false)?;
    let strokes = [(56, true), (62, true), (62, false), (15, true), (15, false)];
    wait_for_keys(&mut client, &[&strokes[..], &[(56, false)]].concat())?;
    expect_equal("the keyboard", client.keyboard().focus, Some(window))?;
    expect_equal("closed", client.surface(window).close_requests, 0)
}

#[test]
fn shortcuts_are_for_the_window_that_wants_them() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("machine", 120, 80).content([90; 3]))?;
    wait_for_focus(&mut client, Some(window))?;
    let (own, handle) = (Own::default(), client.queue_handle());
    let seat: WlSeat = bind(&client, 1, &own)?;
    let manager: ZwpKeyboardShortcutsInhibitManagerV1 = bind(&client, 1, &own)?;
    let wl_surface = client.wl_surface(window);
    let inhibitor = manager.inhibit_shortcuts(wl_surface, &seat, &handle, own.clone());
    client.roundtrip()?;
    expect_equal(
        "what is told",
        own.told().events.clone(),
        vec!["Active".to_owned()],
    )?;
    let mut viewer = fixture.viewer()?;
    viewer.key(sym::ALT, true)?;
    viewer.tap(sym::F4)?;
    viewer.key(sym::ALT, false)?;
    let (alt, f4) = (56, 62);
    let keys = [(alt, true), (f4, true), (f4, false), (alt, false)];
    wait_for_keys(&mut client, &keys)?;
    expect_equal("closed", client.surface(window).close_requests, 0)?;
    // Another window has not asked for them.
    let other = client.open(Window::new("other", 120, 80).content([90; 3]))?;
    wait_for_focus(&mut client, Some(other))?;
    viewer.key(sym::ALT, true)?;
    viewer.tap(sym::F4)?;
    viewer.key(sym::ALT, false)?;
    client.dispatch_until(soon(), "to be closed", |it| {
        it.surface(other).close_requests == 1
    })?;
    client.destroy(other)?;
    wait_for_focus(&mut client, Some(window))?;
    inhibitor.destroy();
    client.roundtrip()?;
    // Else it would be taken for a repetition.
    viewer.tap(sym::F4)?;
    viewer.key(sym::ALT, true)?;
    viewer.tap(sym::F4)?;
    client.dispatch_until(soon(), "to be closed", |it| {
        it.surface(window).close_requests == 1
    })
}
