//! What viewers type and point at reaches the right client, exactly.

use offing_tests::picture::Picture;
use offing_tests::vnc_client::{Login, button, encoding};
use offing_tests::wayland_client::protocol::wl_pointer::{Axis, AxisSource};
use offing_tests::wayland_client::{Clipboard, KeyboardEvent, PointerEvent, WaylandClient, Window};
use offing_tests::{Error, ErrorKind, Result, soon};

use crate::fixture::{
    Fixture, config, expect_equal, sync, wait_for_buttons, wait_for_focus, wait_for_keys,
    wait_for_pointer,
};
use crate::scene::Scene;

/// Keysyms (X11's keysymdef.h).
mod sym {
    pub(super) const SHIFT: u32 = 0xffe1;
    pub(super) const CONTROL: u32 = 0xffe3;
    pub(super) const ALT: u32 = 0xffe9;
    pub(super) const RETURN: u32 = 0xff0d;
    pub(super) const F4: u32 = 0xffc1;
    pub(super) const LEFT: u32 = 0xff51;
}

/// Keys (linux/input-event-codes.h).
mod key {
    pub(super) const CONTROL: u32 = 29;
    pub(super) const A: u32 = 30;
    pub(super) const C: u32 = 46;
    pub(super) const ALT: u32 = 56;
    pub(super) const F4: u32 = 62;
    pub(super) const RETURN: u32 = 28;
    pub(super) const LEFT: u32 = 105;
    pub(super) const SHIFT: u32 = 42;
}

const LEFT: u32 = 0x110;
const RIGHT: u32 = 0x111;
const MIDDLE: u32 = 0x112;
const SIDE: u32 = 0x113;
const EXTRA: u32 = 0x114;

/// The bit of Control in the masks of wl_keyboard.modifiers.
const CONTROL_MASK: u32 = 4;

impl Scene {
    /// Moves the pointer off the window.
    fn leave(&mut self) -> Result {
        self.viewer.pointer(0, 0, 0)?;
        self.wait_for_leave()
    }

    fn wait_for_leave(&mut self) -> Result {
        let gone = |client: &WaylandClient| client.pointer().focus.is_none();
        self.client
            .dispatch_until(soon(), "the pointer to leave", gone)
    }
}

#[test]
fn the_pointer_is_where_the_viewer_points() -> Result {
    let mut scene = Scene::new()?;
    let frame = scene.fixture.frame("target")?;
    expect_equal("the place", (frame.x, frame.y), (100, 80))?;
    // A pointer that nobody has moved yet is in the middle of the screen.
    wait_for_pointer(&mut scene.client, scene.window, (60.0, 40.0))?;
    scene.leave()?;
    scene.client.forget_input();
    for (x, y) in [(100, 80), (219, 159), (101, 80), (150, 100), (100, 159)] {
        scene.viewer.pointer(x, y, 0)?;
        let place = (f64::from(x) - 100.0, f64::from(y) - 80.0);
        wait_for_pointer(&mut scene.client, scene.window, place)?;
    }
    let events = &scene.client.pointer().events;
    let (surface, x, y) = (Some(scene.window), 0.0, 0.0);
    assert_eq!(events[0], PointerEvent::Enter { surface, x, y });
    let places = events.iter().filter_map(|event| match event {
        PointerEvent::Motion { x, y, .. } => Some((*x, *y)),
        _ => None,
    });
    let expected = [(119.0, 79.0), (1.0, 0.0), (50.0, 20.0), (0.0, 79.0)];
    assert_eq!(places.collect::<Vec<_>>(), expected);
    for pair in events.chunks(2) {
        assert_eq!(pair.get(1), Some(&PointerEvent::Frame), "{pair:?}");
    }
    for (x, y) in [(99, 80), (220, 100), (150, 79), (150, 160)] {
        scene.viewer.pointer(x, y, 0)?;
        scene.wait_for_leave()?;
        scene.viewer.pointer(110, 90, 0)?;
        wait_for_pointer(&mut scene.client, scene.window, (10.0, 10.0))?;
    }
    Ok(())
}

#[test]
fn the_pointer_is_where_the_viewer_points_at_other_scales() -> Result {
    for scale in [1.5, 2.0] {
        let mut config = config(480, 360);
        config.scale = scale;
        let fixture = Fixture::start(config)?;
        let mut client = fixture.client()?;
        let window = client.open(Window::new("target", 120, 80).content([90; 3]))?;
        let frame = fixture.frame("target")?;
        let mut viewer = fixture.viewer()?;
        for (x, y) in [(180, 170), (200, 180), (201, 179), (223, 167), (239, 199)] {
            viewer.pointer(x, y, 0)?;
            // As wl_fixed has it: 256 steps.
            let near = |found: f64, pixel: u16, origin: i32| {
                (found - (f64::from(pixel) / scale - f64::from(origin))).abs() <= 1.0 / 256.0
            };
            let what = format!("the pointer at ({x}, {y}), scale {scale}");
            client.dispatch_until(soon(), &what, |client| {
                let pointer = client.pointer();
                let (left, top) = pointer.position;
                pointer.focus == Some(window) && near(left, x, frame.x) && near(top, y, frame.y)
            })?;
        }
        viewer.click(200, 180, button::LEFT)?;
        wait_for_buttons(&mut client, &[(LEFT, true), (LEFT, false)])?;
    }
    Ok(())
}

#[test]
fn every_button_has_its_code() -> Result {
    let mut scene = Scene::new()?;
    let buttons = [
        (button::LEFT, LEFT),
        (button::MIDDLE, MIDDLE),
        (button::RIGHT, RIGHT),
        (0x80, SIDE),
    ];
    for (mask, code) in buttons {
        scene.client.forget_input();
        scene.viewer.click(150, 120, mask)?;
        wait_for_buttons(&mut scene.client, &[(code, true), (code, false)])?;
    }
    // Together, and one after the other.
    scene.client.forget_input();
    for mask in [1, 1 | 4, 4, 0, 1 | 2 | 4, 2, 0] {
        scene.viewer.pointer(150, 120, mask)?;
    }
    let expected = [
        (LEFT, true),
        (RIGHT, true),
        (LEFT, false),
        (RIGHT, false),
        (LEFT, true),
        (MIDDLE, true),
        (RIGHT, true),
        (LEFT, false),
        (RIGHT, false),
        (MIDDLE, false),
    ];
    wait_for_buttons(&mut scene.client, &expected)
}

#[test]
fn viewers_with_more_buttons_go_back_and_forward() -> Result {
    let mut scene = Scene::new()?;
    let listed = [encoding::EXTENDED_MOUSE_BUTTONS];
    let mut viewer = scene.fixture.viewer_knowing(&listed)?;
    viewer.wait_until(soon(), "more buttons", |it| it.confirmed == listed)?;
    viewer.extended_pointer(150, 120, 0, 0)?;
    let (back, forward) = (button::extended::BACK, button::extended::FORWARD);
    let others = !(back | forward);
    for (low, high) in [
        (0, back),
        (button::LEFT, back | forward),
        (button::LEFT, forward),
        (0, others),
        (0, 0),
    ] {
        viewer.extended_pointer(150, 120, low, high)?;
    }
    let expected = [
        (SIDE, true),
        (LEFT, true),
        (EXTRA, true),
        (SIDE, false),
        (LEFT, false),
        (EXTRA, false),
    ];
    wait_for_buttons(&mut scene.client, &expected)?;
    // The others were neither buttons nor wheels.
    sync(&mut viewer)?;
    scene.settle()?;
    let pointer = scene.client.pointer();
    expect_equal("the buttons", pointer.buttons().as_slice(), &expected)?;
    let is_axis = |event: &PointerEvent| matches!(event, PointerEvent::Axis { .. });
    assert!(!pointer.events.iter().any(is_axis), "{:?}", pointer.events);
    Ok(())
}

#[test]
fn a_press_keeps_the_pointer_on_its_surface() -> Result {
    let mut scene = Scene::new()?;
    scene.viewer.pointer(150, 120, 0)?;
    scene.viewer.pointer(150, 120, button::LEFT)?;
    scene.viewer.pointer(10, 230, button::LEFT)?;
    wait_for_pointer(&mut scene.client, scene.window, (-90.0, 150.0))?;
    scene.viewer.pointer(10, 230, 0)?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])?;
    scene.wait_for_leave()
}

#[test]
fn the_wheel_turns_in_notches() -> Result {
    let mut scene = Scene::new()?;
    let wheels = [
        (button::WHEEL_UP, Axis::VerticalScroll, -1),
        (button::WHEEL_DOWN, Axis::VerticalScroll, 1),
        (button::WHEEL_LEFT, Axis::HorizontalScroll, -1),
        (button::WHEEL_RIGHT, Axis::HorizontalScroll, 1),
    ];
    scene.viewer.pointer(150, 120, 0)?;
    wait_for_pointer(&mut scene.client, scene.window, (50.0, 40.0))?;
    for (mask, axis, direction) in wheels {
        scene.client.forget_input();
        for notches in 1..=3 {
            scene.viewer.pointer(150, 120, mask)?;
            scene.viewer.pointer(150, 120, 0)?;
            let what = format!("{notches} notches of {axis:?}");
            scene.client.dispatch_until(soon(), &what, |client| {
                let events = client.pointer().events.iter();
                let notch = |event: &&PointerEvent| {
                    **event
                        == PointerEvent::AxisValue120 {
                            axis,
                            value: 120 * direction,
                        }
                };
                events.filter(notch).count() == notches
            })?;
        }
        scene.settle()?;
        let events = &scene.client.pointer().events;
        let frames: Vec<_> = events
            .split(|event| *event == PointerEvent::Frame)
            .filter(|frame| !frame.is_empty())
            .collect();
        assert_eq!(frames.len(), 3, "{events:?}");
        for frame in frames {
            assert_eq!(frame.len(), 3, "{frame:?}");
            assert!(frame.contains(&PointerEvent::AxisSource(AxisSource::Wheel)));
            let scrolled = |event: &PointerEvent| {
                matches!(event, PointerEvent::Axis { axis: found, value, .. }
                    if *found == axis && *value == 15.0 * f64::from(direction))
            };
            assert!(frame.iter().any(scrolled), "{frame:?}");
        }
    }
    Ok(())
}

#[test]
fn any_text_can_be_typed() -> Result {
    let mut scene = Scene::new()?;
    let text = "aé α €你A@z The quick; {brown} ~fox| ß½ñÆ ЖдΩ日本語 😀!\n";
    scene.viewer.type_text(text)?;
    scene.client.dispatch_until(soon(), "the text", |client| {
        client.typed_text().chars().count() >= text.chars().count()
    })?;
    expect_equal("the text", scene.client.typed_text().as_str(), text)?;
    // Everything was released.
    scene.settle()?;
    let keys = scene.client.keyboard().keys();
    for code in keys.iter().map(|(code, _)| *code) {
        let last = keys.iter().rev().find(|(other, _)| *other == code);
        assert_eq!(last, Some(&(code, false)));
    }
    Ok(())
}

#[test]
fn text_is_the_same_with_shift_held() -> Result {
    let mut scene = Scene::new()?;
    scene.viewer.key(sym::SHIFT, true)?;
    scene.viewer.type_text("A@b€")?;
    scene.viewer.key(sym::SHIFT, false)?;
    scene.viewer.type_text("c")?;
    scene.client.dispatch_until(soon(), "the text", |client| {
        client.typed_text().ends_with('c')
    })?;
    expect_equal("the text", scene.client.typed_text().as_str(), "A@b€c")
}

#[test]
fn shortcuts_arrive_as_keys_with_modifiers() -> Result {
    let mut scene = Scene::new()?;
    scene.viewer.key(sym::CONTROL, true)?;
    scene.viewer.tap('c'.into())?;
    scene.viewer.tap(sym::LEFT)?;
    scene.viewer.key(sym::CONTROL, false)?;
    scene.viewer.tap(sym::RETURN)?;
    let (down, up) = (true, false);
    let expected = [
        (key::CONTROL, down),
        (key::C, down),
        (key::C, up),
        (key::LEFT, down),
        (key::LEFT, up),
        (key::CONTROL, up),
        (key::RETURN, down),
        (key::RETURN, up),
    ];
    wait_for_keys(&mut scene.client, &expected)?;
    // Each key's modifiers are those told last before it.
    let mut depressed = 0;
    let mut held = Vec::new();
    for event in &scene.client.keyboard().events {
        match event {
            KeyboardEvent::Modifiers { depressed: now, .. } => depressed = *now,
            KeyboardEvent::Key { code, .. } => held.push((*code, depressed & CONTROL_MASK != 0)),
            _ => {}
        }
    }
    let expected = [
        (key::CONTROL, false),
        (key::C, true),
        (key::C, true),
        (key::LEFT, true),
        (key::LEFT, true),
        (key::CONTROL, true),
        (key::RETURN, false),
        (key::RETURN, false),
    ];
    expect_equal(
        "the keys with Control",
        held.as_slice(),
        expected.as_slice(),
    )
}

#[test]
fn a_viewer_repeats_keys_itself() -> Result {
    let mut scene = Scene::new()?;
    for _ in 0..4 {
        scene.viewer.key('a'.into(), true)?;
    }
    scene.viewer.key('a'.into(), false)?;
    let press_and_release = [(key::A, true), (key::A, false)];
    wait_for_keys(&mut scene.client, &press_and_release.repeat(4))?;
    expect_equal("the text", scene.client.typed_text().as_str(), "aaaa")?;
    // The client must not repeat by itself as well.
    let repeat = scene.client.keyboard().repeat;
    expect_equal("repeats a second", repeat.map(|(rate, _)| rate), Some(0))?;
    // A repeated modifier stays down.
    scene.client.forget_input();
    for _ in 0..3 {
        scene.viewer.key(sym::SHIFT, true)?;
    }
    scene.viewer.key(sym::SHIFT, false)?;
    wait_for_keys(
        &mut scene.client,
        &[(key::SHIFT, true), (key::SHIFT, false)],
    )
}

#[test]
fn what_a_viewer_held_is_released_when_it_leaves() -> Result {
    let mut scene = Scene::new()?;
    let mut other = scene.fixture.viewer()?;
    other.key(sym::CONTROL, true)?;
    other.pointer(150, 120, button::LEFT)?;
    wait_for_keys(&mut scene.client, &[(key::CONTROL, true)])?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true)])?;
    drop(other);
    wait_for_keys(
        &mut scene.client,
        &[(key::CONTROL, true), (key::CONTROL, false)],
    )?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])?;
    // Not Control and c.
    scene.viewer.type_text("c")?;
    scene
        .client
        .dispatch_until(soon(), "the text", |client| client.typed_text() == "c")
}

#[test]
fn two_viewers_hold_the_same() -> Result {
    let mut scene = Scene::new()?;
    let mut other = scene.fixture.viewer()?;
    scene.viewer.pointer(150, 120, button::LEFT)?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true)])?;
    scene.viewer.key(sym::CONTROL, true)?;
    wait_for_keys(&mut scene.client, &[(key::CONTROL, true)])?;
    other.key(sym::CONTROL, true)?;
    other.pointer(150, 120, button::LEFT)?;
    sync(&mut other)?;
    scene.fixture.settle()?;
    // One lets go: it is still held.
    scene.viewer.key(sym::CONTROL, false)?;
    scene.viewer.pointer(150, 120, 0)?;
    scene.settle()?;
    expect_equal(
        "the keys",
        scene.client.keyboard().keys(),
        vec![(key::CONTROL, true)],
    )?;
    expect_equal(
        "the buttons",
        scene.client.pointer().buttons(),
        vec![(LEFT, true)],
    )?;
    // The other does.
    other.key(sym::CONTROL, false)?;
    other.pointer(150, 120, 0)?;
    wait_for_keys(
        &mut scene.client,
        &[(key::CONTROL, true), (key::CONTROL, false)],
    )?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])
}

#[test]
fn two_viewers_hold_the_same_letter() -> Result {
    let mut scene = Scene::new()?;
    let mut other = scene.fixture.viewer()?;
    scene.viewer.key('a'.into(), true)?;
    wait_for_keys(&mut scene.client, &[(key::A, true)])?;
    // To the client that is a repetition.
    other.key('a'.into(), true)?;
    let mut expected = vec![(key::A, true), (key::A, false), (key::A, true)];
    wait_for_keys(&mut scene.client, &expected)?;
    scene.viewer.key('a'.into(), false)?;
    scene.settle()?;
    expect_equal("the keys", scene.client.keyboard().keys(), expected.clone())?;
    other.key('a'.into(), false)?;
    expected.push((key::A, false));
    wait_for_keys(&mut scene.client, &expected)
}

#[test]
fn alt_f4_asks_the_window_to_close() -> Result {
    let mut scene = Scene::new()?;
    scene.viewer.key(sym::ALT, true)?;
    scene.viewer.key(sym::F4, true)?;
    // In either order.
    scene.viewer.key(sym::ALT, false)?;
    scene.viewer.key(sym::F4, false)?;
    let window = scene.window;
    scene
        .client
        .dispatch_until(soon(), "the request to close", |client| {
            client.surface(window).close_requests == 1
        })?;
    wait_for_keys(&mut scene.client, &[(key::ALT, true), (key::ALT, false)])?;
    scene.settle()?;
    let keys = scene.client.keyboard().keys();
    expect_equal("the keys", keys, vec![(key::ALT, true), (key::ALT, false)])?;
    // Alone it is a key like any other.
    scene.client.forget_input();
    scene.viewer.tap(sym::F4)?;
    wait_for_keys(&mut scene.client, &[(key::F4, true), (key::F4, false)])?;
    expect_equal(
        "requests to close",
        scene.client.surface(window).close_requests,
        1,
    )
}

#[test]
fn alt_f4_held_closes_one_window() -> Result {
    let mut scene = Scene::new()?;
    scene.viewer.key(sym::ALT, true)?;
    for _ in 0..3 {
        scene.viewer.key(sym::F4, true)?;
    }
    scene.viewer.key(sym::F4, false)?;
    scene.viewer.key(sym::ALT, false)?;
    scene.settle()?;
    let requests = scene.client.surface(scene.window).close_requests;
    expect_equal("requests to close", requests, 1)?;
    let keys = scene.client.keyboard().keys();
    expect_equal("the keys", keys, vec![(key::ALT, true), (key::ALT, false)])
}

#[test]
fn keys_go_to_the_active_window_alone() -> Result {
    let mut scene = Scene::new()?;
    let mut other = scene.fixture.client()?;
    let window = other.open(Window::new("other", 60, 40).content([200, 0, 0]))?;
    wait_for_focus(&mut other, Some(window))?;
    wait_for_focus(&mut scene.client, None)?;
    scene.client.forget_input();
    scene.viewer.type_text("secret")?;
    other.dispatch_until(soon(), "the text", |client| client.typed_text() == "secret")?;
    scene.client.roundtrip()?;
    expect_equal(
        "the keys of the other",
        scene.client.keyboard().keys(),
        vec![],
    )
}

#[test]
fn a_focused_window_learns_which_keys_are_down() -> Result {
    let mut scene = Scene::new()?;
    scene.viewer.key(sym::CONTROL, true)?;
    wait_for_keys(&mut scene.client, &[(key::CONTROL, true)])?;
    let mut other = scene.fixture.client()?;
    let window = other.open(Window::new("other", 60, 40).content([200, 0, 0]))?;
    wait_for_focus(&mut other, Some(window))?;
    let held = |event: &KeyboardEvent| match event {
        KeyboardEvent::Enter { keys, .. } => Some(keys.clone()),
        _ => None,
    };
    let keys = other.keyboard().events.iter().find_map(held);
    expect_equal("the keys that are down", keys, Some(vec![key::CONTROL]))?;
    scene.viewer.tap('c'.into())?;
    scene.viewer.key(sym::CONTROL, false)?;
    let expected = [(key::C, true), (key::C, false), (key::CONTROL, false)];
    wait_for_keys(&mut other, &expected)?;
    expect_equal("the text", other.typed_text().as_str(), "\u{3}")
}

#[test]
fn those_who_may_only_watch_do_nothing() -> Result {
    for whole_session in [false, true] {
        let mut config = config(320, 240);
        config.auth.security = vec![rfb::Security::VNC_AUTH];
        config.auth.password = Some("secret".to_owned());
        config.auth.view_only_password = Some("watch".to_owned());
        config.view_only = whole_session;
        let fixture = Fixture::start(config)?;
        let wrong = fixture.viewer_with(&Login::with_password("wrong"));
        let refusal = wrong.err().map(|error| (error.kind(), error.to_string()));
        let (kind, text) = refusal.ok_or_else(|| Error::other("any password is taken"))?;
        expect_equal("the refusal", kind, ErrorKind::Refused)?;
        assert!(text.contains("wrong password"), "{text}");

        let mut client = fixture.client()?;
        let window = client.open(Window::new("target", 320, 240).content([90; 3]))?;
        wait_for_focus(&mut client, Some(window))?;
        client.forget_input();
        let changes = client.clipboard(Clipboard::Selection).changes;
        let password = if whole_session { "secret" } else { "watch" };
        let mut watcher = fixture.viewer_with(&Login::with_password(password))?;
        watcher.set_encodings(&[encoding::CURSOR, encoding::EXTENDED_DESKTOP_SIZE])?;
        watcher.click(100, 100, button::LEFT)?;
        watcher.type_text("text")?;
        watcher.cut_text("text")?;
        watcher.set_desktop_size(640, 480)?;
        watcher.wait_until(soon(), "the answer", |viewer| {
            viewer
                .resizes
                .iter()
                .any(|resize| (resize.reason, resize.status) == (1, 1))
        })?;
        watcher.wait_for_picture(soon(), &Picture::solid(320, 240, [90; 3]))?;
        fixture.settle()?;
        client.roundtrip()?;
        expect_equal("the keys", client.keyboard().keys(), vec![])?;
        expect_equal("the pointer", client.pointer().events.clone(), vec![])?;
        let clipboard = client.clipboard(Clipboard::Selection);
        expect_equal("the texts", clipboard.changes, changes)?;
        let rights = fixture.with(|offing| offing.viewers())?;
        expect_equal(
            "who only watches",
            rights.iter().all(|viewer| viewer.view_only),
            true,
        )?;
        if !whole_session {
            let mut viewer = fixture.viewer_with(&Login::with_password("secret"))?;
            viewer.type_text("text")?;
            client.dispatch_until(soon(), "the text", |client| client.typed_text() == "text")?;
        }
    }
    Ok(())
}
