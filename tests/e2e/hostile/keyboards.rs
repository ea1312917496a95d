//! Wayland clients that type, make keymaps, and wait for idleness, too much.

use std::fs::File;
use std::os::fd::AsFd;

use offing_tests::{Result, soon};
use rustix::pipe::pipe;

use super::Argument::{Int, Text, Uint};
use super::Peer;
use crate::fixture::{expect_equal, sync};
use crate::peers::Scene;
use crate::raw::memory;
use crate::virtual_keyboard::keymap;

/// Requests of zwp_virtual_keyboard_v1.
const KEYMAP: u16 = 0;
const KEY: u16 = 1;
/// Its error.
const NO_KEYMAP: u32 = 0;

/// A client with a virtual keyboard.
struct Typist {
    peer: Peer,
    seat: u32,
    manager: u32,
    keyboard: u32,
}

impl Typist {
    fn new(scene: &Scene) -> Result<Self> {
        let mut peer = Peer::connect(scene.fixture.client_socket()?)?;
        let seat = peer.bind("wl_seat", 1)?;
        let manager = peer.bind("zwp_virtual_keyboard_manager_v1", 1)?;
        let keyboard = peer.new_number();
        peer.ask(manager, 0, &[Uint(seat), Uint(keyboard)]);
        peer.sync()?;
        Ok(Self {
            peer,
            seat,
            manager,
            keyboard,
        })
    }

    fn set_keymap(&mut self, file: impl AsFd, size: usize) -> Result {
        self.peer
            .ask(self.keyboard, KEYMAP, &[Uint(1), Uint(size as u32)]);
        self.peer.send_with(&[file.as_fd()])
    }

    fn tap(&mut self, code: u32) {
        for pressed in [1, 0] {
            let arguments = [Uint(0), Uint(code), Uint(pressed)];
            self.peer.ask(self.keyboard, KEY, &arguments);
        }
    }
}

#[test]
fn keymaps_that_are_none_are_not_taken() -> Result {
    let mut scene = Scene::new()?;
    let good = keymap(&["a"]);
    let huge = good.replace("= 9;", "= 4000000000;");
    let elsewhere = good.replace("complete", "../../../../../../dev/stdin");
    let texts = [
        "nonsense",
        "",
        "\u{0}",
        &huge,
        &elsewhere,
        &good[..good.len() / 2],
    ];
    let mut files = Vec::new();
    for text in texts {
        files.push((memory(text.as_bytes())?, text.len()));
    }
    // Shorter than it says, longer than any, without an end, and not yet written.
    files.push((memory(good.as_bytes())?, good.len() + 1));
    files.push((memory(&vec![b' '; 1 << 20])?, 1 << 20));
    files.push((File::open("/dev/zero")?, 4096));
    let (reader, _writer) = pipe()?;
    files.push((File::from(reader), 4096));
    for (file, size) in files {
        let mut bad = Typist::new(&scene)?;
        bad.set_keymap(file, size)?;
        bad.peer.sync()?;
        bad.tap(1);
        bad.peer.send()?;
        let error = bad.peer.ended()?.map(|(object, code, _)| (object, code));
        expect_equal("the error", error, Some((bad.keyboard, NO_KEYMAP)))?;
    }
    scene.goes_on()
}

#[test]
fn keymaps_and_keyboards_of_a_client_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Typist::new(&scene)?;
    for _ in 0..4 {
        let keyboard = bad.peer.new_number();
        bad.peer
            .ask(bad.manager, 0, &[Uint(bad.seat), Uint(keyboard)]);
    }
    bad.peer.send()?;
    bad.peer.expect_no_memory("more than 4 virtual keyboards")?;

    // Those that are refused are read as well.
    let others: [fn(u32) -> String; 3] = [
        |code| keymap(&[&format!("U{:x}", 0x4e00 + code)]),
        |_| keymap(&["a"]),
        |_| "nonsense ".repeat(10_000),
    ];
    for text in others {
        let mut bad = Typist::new(&scene)?;
        for code in 0..100 {
            let text = text(code);
            if bad
                .set_keymap(memory(text.as_bytes())?, text.len())
                .is_err()
            {
                break;
            }
        }
        bad.peer.expect_no_memory("more than 8 keymaps")?;
    }
    scene.goes_on()
}

#[test]
fn who_types_without_a_pause_holds_up_nobody() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Typist::new(&scene)?;
    // More than there are spare keys.
    let symbols: Vec<String> = (0..120)
        .map(|code| format!("U{:x}", 0x4e00 + code))
        .collect();
    let text = keymap(&symbols.iter().map(String::as_str).collect::<Vec<_>>());
    bad.set_keymap(memory(text.as_bytes())?, text.len())?;
    bad.peer.sync()?;
    for code in 1..=120 {
        bad.tap(code);
    }
    bad.tap(u32::MAX);
    bad.peer.send()?;
    // It is heard long before all that is typed.
    for _ in 0..3 {
        sync(&mut scene.viewer)?;
    }
    let text: String = ('\u{4e00}'..'\u{4e78}').collect();
    let typed = |client: &offing_tests::wayland_client::WaylandClient| client.typed_text();
    assert_ne!(typed(&scene.client), text);
    scene
        .client
        .dispatch_until(soon(), "all of it", |client| typed(client) == text)?;
    scene.goes_on()
}

#[test]
fn who_waits_for_idleness_is_bounded() -> Result {
    let mut scene = Scene::new()?;
    for (interface, what) in [
        ("ext_idle_notifier_v1", "idle notifications"),
        ("zwp_idle_inhibit_manager_v1", "idle inhibitors"),
        ("zwp_text_input_manager_v3", "text inputs"),
    ] {
        let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
        let seat = bad.bind("wl_seat", 1)?;
        let compositor = bad.bind("wl_compositor", 1)?;
        let surface = bad.make(compositor, 0, &[]);
        let global = bad.bind(interface, 1)?;
        for _ in 0..17 {
            match interface {
                "ext_idle_notifier_v1" => bad.make(global, 1, &[Uint(0), Uint(seat)]),
                "zwp_idle_inhibit_manager_v1" => bad.make(global, 1, &[Uint(surface)]),
                _ => bad.make(global, 1, &[Uint(seat)]),
            };
        }
        bad.send()?;
        bad.expect_no_memory(what)?;
    }
    scene.goes_on()
}

#[test]
fn shortcuts_are_inhibited_once_by_a_surface() -> Result {
    const ALREADY_INHIBITED: u32 = 0;
    let mut scene = Scene::new()?;
    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    let seat = bad.bind("wl_seat", 1)?;
    let compositor = bad.bind("wl_compositor", 1)?;
    let surface = bad.make(compositor, 0, &[]);
    let manager = bad.bind("zwp_keyboard_shortcuts_inhibit_manager_v1", 1)?;
    let inhibitor = bad.make(manager, 1, &[Uint(surface), Uint(seat)]);
    bad.ask(inhibitor, 0, &[]);
    bad.make(manager, 1, &[Uint(surface), Uint(seat)]);
    bad.sync()?;
    bad.make(manager, 1, &[Uint(surface), Uint(seat)]);
    bad.send()?;
    let error = bad.ended()?.map(|(object, code, _)| (object, code));
    expect_equal("the error", error, Some((manager, ALREADY_INHIBITED)))?;
    scene.goes_on()
}

#[test]
fn text_fields_that_talk_nonsense() -> Result {
    /// Requests of zwp_text_input_v3.
    const ENABLE: u16 = 1;
    const SET_SURROUNDING_TEXT: u16 = 3;
    const SET_TEXT_CHANGE_CAUSE: u16 = 4;
    const SET_CONTENT_TYPE: u16 = 5;
    const SET_CURSOR_RECTANGLE: u16 = 6;
    const COMMIT: u16 = 7;
    let mut scene = Scene::new()?;
    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    let seat = bad.bind("wl_seat", 1)?;
    let methods = bad.bind("zwp_input_method_manager_v2", 1)?;
    let number = bad.new_number();
    bad.ask(methods, 0, &[Uint(seat), Uint(number)]);
    let manager = bad.bind("zwp_text_input_manager_v3", 1)?;
    let input = bad.make(manager, 1, &[Uint(seat)]);
    let (min, max) = (i32::MIN, i32::MAX);
    for _ in 0..1000 {
        bad.ask(input, ENABLE, &[]);
        bad.ask(
            input,
            SET_SURROUNDING_TEXT,
            &[Text("a"), Int(max), Int(min)],
        );
        bad.ask(input, SET_TEXT_CHANGE_CAUSE, &[Uint(u32::MAX)]);
        bad.ask(input, SET_CONTENT_TYPE, &[Uint(u32::MAX), Uint(u32::MAX)]);
        bad.ask(
            input,
            SET_CURSOR_RECTANGLE,
            &[Int(max), Int(min), Int(max), Int(max)],
        );
        bad.ask(input, COMMIT, &[]);
        // What an input method says when nobody types.
        bad.ask(number, 0, &[Text("text")]);
        bad.ask(number, 3, &[Uint(0)]);
    }
    bad.sync()?;
    scene.goes_on()
}
