//! The session's lock: a program holds it, and nothing else is seen or reached meanwhile.

use offing::config::Share;
use offing_tests::picture::Picture;
use offing_tests::vnc_client::button;
use offing_tests::wayland_client::{
    Clipboard::Selection, Content, Lock, Positioner, Surface, WaylandClient, Window,
};
use offing_tests::{Result, soon};

use crate::fixture::{
    Fixture, HEIGHT, WIDTH, config, expect_equal, sync, wait_for_buttons, wait_for_focus,
    wait_for_keys, wait_for_pointer,
};

const LEFT: u32 = 0x110;
const KEY_A: u32 = 30;
const ALT: u32 = 56;
const F4: u32 = 62;
/// Keysyms of the same.
const ALT_SYM: u32 = 0xffe9;
const F4_SYM: u32 = 0xffc1;
const APP: &str = "org.example.shared";
const UTF8: &str = "text/plain;charset=utf-8";

const WINDOW: [u8; 3] = [0, 200, 0];
const SHIELD: [u8; 3] = [0, 0, 200];

/// A session with a window in the middle.
struct Scene {
    fixture: Fixture,
    client: WaylandClient,
    window: Surface,
}

impl Scene {
    fn new() -> Result<Self> {
        Self::sharing(Share::Desktop)
    }

    fn sharing(share: Share) -> Result<Self> {
        let mut config = config(WIDTH, HEIGHT);
        config.share = share;
        let fixture = Fixture::start(config)?;
        let mut client = fixture.client()?;
        let window = Window::new("window", 100, 80).app_id(APP).content(WINDOW);
        let window = client.open(window)?;
        wait_for_focus(&mut client, Some(window))?;
        Ok(Self {
            fixture,
            client,
            window,
        })
    }

    /// What is seen while nothing is locked.
    fn open(&self) -> Picture {
        let window = Picture::solid(100, 80, WINDOW);
        self.fixture.empty().with(&window, 110, 80)
    }

    /// A program that has locked the session and shows that.
    fn lock(&self) -> Result<(WaylandClient, Lock, Surface)> {
        let mut locker = self.fixture.client()?;
        let lock = locker.locked()?;
        let shield = locker.open_lock(lock)?;
        locker.draw(shield, SHIELD)?;
        wait_for_focus(&mut locker, Some(shield))?;
        Ok((locker, lock, shield))
    }
}

fn shield() -> Picture {
    Picture::solid(WIDTH, HEIGHT, SHIELD)
}

#[test]
fn nothing_but_the_lock_is_seen_and_reached() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = scene.fixture.viewer()?;
    viewer.wait_for_picture(soon(), &scene.open())?;
    viewer.pointer(160, 120, 0)?;
    wait_for_pointer(&mut scene.client, scene.window, (50.0, 40.0))?;

    let mut locker = scene.fixture.client()?;
    let lock = locker.locked()?;
    expect_equal(
        "the screenshot",
        scene.fixture.screenshot()?,
        scene.fixture.empty(),
    )?;
    viewer.wait_for_picture(soon(), &scene.fixture.empty())?;
    wait_for_focus(&mut scene.client, None)?;
    expect_equal("the pointer", scene.client.pointer().focus, None)?;

    let shown = locker.open_lock(lock)?;
    expect_equal("its size", locker.surface(shown).size, (320, 240))?;
    locker.draw(shown, SHIELD)?;
    viewer.wait_for_picture(soon(), &shield())?;
    wait_for_focus(&mut locker, Some(shown))?;
    wait_for_pointer(&mut locker, shown, (160.0, 120.0))?;

    // Programs that start or draw meanwhile are not seen either.
    scene.client.forget_input();
    let late = scene.client.open(Window::new("late", 200, 200))?;
    scene.client.draw(late, Content::Pattern(1))?;
    scene.client.draw(scene.window, Content::Pattern(2))?;
    scene.client.roundtrip()?;
    viewer.click(160, 120, button::LEFT)?;
    viewer.type_text("a")?;
    wait_for_buttons(&mut locker, &[(LEFT, true), (LEFT, false)])?;
    wait_for_keys(&mut locker, &[(KEY_A, true), (KEY_A, false)])?;
    expect_equal("the screenshot", scene.fixture.screenshot()?, shield())?;
    scene.client.roundtrip()?;
    expect_equal("keys", scene.client.keyboard().keys(), vec![])?;
    expect_equal("buttons", scene.client.pointer().buttons(), vec![])?;
    let frames = scene.client.surface(late).frames;

    locker.unlock(lock)?;
    locker.roundtrip()?;
    let open = scene.fixture.empty();
    let open = open.with(&Picture::pattern(100, 80, 2), 110, 80);
    let open = open.with(&Picture::pattern(200, 200, 1), 60, 20);
    viewer.wait_for_picture(soon(), &open)?;
    wait_for_focus(&mut scene.client, Some(late))?;
    scene
        .client
        .dispatch_until(soon(), "the frame callback", |client| {
            client.surface(late).frames > frames
        })
}

#[test]
fn a_session_that_nobody_looks_at_can_be_locked() -> Result {
    let scene = Scene::new()?;
    let (mut locker, lock, _) = scene.lock()?;
    expect_equal("the screenshot", scene.fixture.screenshot()?, shield())?;
    locker.unlock(lock)?;
    locker.roundtrip()?;
    expect_equal("the screenshot", scene.fixture.screenshot()?, scene.open())
}

#[test]
fn who_dies_leaves_the_session_locked_for_another() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = scene.fixture.viewer()?;
    let (locker, _, _) = scene.lock()?;
    viewer.wait_for_picture(soon(), &shield())?;
    drop(locker);
    viewer.wait_for_picture(soon(), &scene.fixture.empty())?;
    expect_equal("locked", scene.fixture.with(|it| it.is_locked())?, true)?;
    scene.client.forget_input();
    viewer.type_text("a")?;
    viewer.click(160, 120, button::LEFT)?;

    let (mut next, lock, _) = scene.lock()?;
    viewer.wait_for_picture(soon(), &shield())?;
    next.unlock(lock)?;
    viewer.wait_for_picture(soon(), &scene.open())?;
    wait_for_focus(&mut scene.client, Some(scene.window))?;
    expect_equal("keys", scene.client.keyboard().keys(), vec![])
}

#[test]
fn a_second_lock_is_refused_and_cannot_unlock() -> Result {
    let scene = Scene::new()?;
    let (mut locker, lock, _) = scene.lock()?;
    let mut second = scene.fixture.client()?;
    let refused = second.lock()?;
    second.dispatch_until(soon(), "a refusal", |client| {
        client.lock_state(refused).finished
    })?;
    second.unlock(refused)?;
    let error = second.expect_protocol_error(soon())?;
    expect_equal("the error", error.code, 1)?;
    expect_equal("the screenshot", scene.fixture.screenshot()?, shield())?;
    locker.unlock(lock)?;
    locker.roundtrip()?;
    expect_equal("the screenshot", scene.fixture.screenshot()?, scene.open())
}

#[test]
fn a_lock_follows_the_size_of_the_screen() -> Result {
    let scene = Scene::new()?;
    let mut viewer = scene.fixture.viewer()?;
    let (mut locker, _, shown) = scene.lock()?;
    viewer.wait_for_picture(soon(), &shield())?;
    let resized = scene
        .fixture
        .with(|it| it.resize(rfb::Size::new(400, 300)))?;
    resized.map_err(offing_tests::Error::other)?;
    locker.dispatch_until(soon(), "a configuration", |client| {
        client.surface(shown).size == (400, 300)
    })?;
    locker.draw(shown, SHIELD)?;
    locker.roundtrip()?;
    let expected = Picture::solid(400, 300, SHIELD);
    expect_equal("the screenshot", scene.fixture.screenshot()?, expected)
}

#[test]
fn shared_windows_are_not_seen_while_the_session_is_locked() -> Result {
    for share in [
        Share::Window(APP.to_owned()),
        Share::Isolated(APP.to_owned()),
    ] {
        let mut scene = Scene::sharing(share)?;
        let mut viewer = scene.fixture.viewer()?;
        let window = Picture::solid(100, 80, WINDOW);
        viewer.wait_for_picture(soon(), &window)?;
        let mut locker = scene.fixture.client()?;
        let lock = locker.locked()?;
        viewer.wait_for_picture(soon(), &Picture::solid(100, 80, scene.fixture.background))?;
        scene.client.forget_input();
        viewer.type_text("a")?;
        viewer.click(50, 40, button::LEFT)?;
        locker.unlock(lock)?;
        viewer.wait_for_picture(soon(), &window)?;
        wait_for_focus(&mut scene.client, Some(scene.window))?;
        expect_equal("keys", scene.client.keyboard().keys(), vec![])?;
        expect_equal("buttons", scene.client.pointer().buttons(), vec![])?;
    }
    Ok(())
}

#[test]
fn shortcuts_are_keys_for_the_lock() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = scene.fixture.viewer()?;
    let (mut locker, _, _) = scene.lock()?;
    for (key, pressed) in [
        (ALT_SYM, true),
        (F4_SYM, true),
        (F4_SYM, false),
        (ALT_SYM, false),
    ] {
        viewer.key(key, pressed)?;
    }
    let keys = [(ALT, true), (F4, true), (F4, false), (ALT, false)];
    wait_for_keys(&mut locker, &keys)?;
    scene.client.roundtrip()?;
    let closed = scene.client.surface(scene.window).close_requests;
    expect_equal("requests to close", closed, 0)
}

#[test]
fn menus_end_where_a_lock_begins() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = scene.fixture.viewer()?;
    viewer.click(160, 120, button::LEFT)?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])?;
    let menu = Positioner::below((0, 0, 10, 10), 40, 30);
    let menu = scene
        .client
        .open_grabbing_popup(scene.window, &menu, Content::Pattern(3))?;
    wait_for_focus(&mut scene.client, Some(menu))?;
    let (mut locker, _, _) = scene.lock()?;
    scene
        .client
        .dispatch_until(soon(), "the end of the menu", |client| {
            client.surface(menu).dismissed
        })?;
    viewer.type_text("a")?;
    wait_for_keys(&mut locker, &[(KEY_A, true), (KEY_A, false)])
}

#[test]
fn what_was_copied_stays_inside_while_the_session_is_locked() -> Result {
    let mut scene = Scene::new()?;
    let mut before = scene.fixture.viewer()?;
    scene.client.copy(Selection, &[(UTF8, b"a secret")])?;
    scene
        .client
        .dispatch_until(soon(), "to be asked", |client| {
            !client.clipboard(Selection).asked_for.is_empty()
        })?;
    before.wait_until(soon(), "what is copied", |viewer| {
        viewer
            .cut_texts
            .last()
            .is_some_and(|text| text == "a secret")
    })?;
    let (mut locker, lock, _) = scene.lock()?;
    let mut viewer = scene.fixture.viewer()?;
    viewer.wait_for_picture(soon(), &shield())?;
    expect_equal("texts", viewer.cut_texts.len(), 0)?;

    // What a viewer copies can be pasted into the lock.
    viewer.cut_text("a password")?;
    sync(&mut viewer)?;
    scene.fixture.settle()?;
    locker.roundtrip()?;
    let pasted = locker.paste(Selection, UTF8)?;
    expect_equal("what is pasted", pasted, b"a password".to_vec())?;
    locker.unlock(lock)?;
    before.wait_until(soon(), "what is copied", |viewer| {
        viewer
            .cut_texts
            .last()
            .is_some_and(|text| text == "a password")
    })
}

#[test]
fn what_is_dragged_is_let_go_where_a_lock_begins() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = scene.fixture.viewer()?;
    viewer.pointer(160, 120, button::LEFT)?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true)])?;
    let icon = scene.client.create_surface(16, 12)?;
    scene.client.drag(scene.window, icon)?;
    scene.client.draw(icon, Content::Pattern(7))?;
    let dragged = scene.open().with(&Picture::pattern(16, 12, 7), 160, 120);
    viewer.wait_for_picture(soon(), &dragged)?;

    let (mut locker, lock, shown) = scene.lock()?;
    viewer.wait_for_picture(soon(), &shield())?;
    // The button is still held.
    viewer.pointer(20, 30, button::LEFT)?;
    wait_for_pointer(&mut locker, shown, (20.0, 30.0))?;
    viewer.pointer(20, 30, 0)?;
    locker.unlock(lock)?;
    viewer.wait_for_picture(soon(), &scene.open())
}

#[test]
fn what_locks_the_session_shows_nothing_that_it_drags() -> Result {
    let scene = Scene::new()?;
    let (mut locker, _lock, surface) = scene.lock()?;
    let mut viewer = scene.fixture.viewer()?;
    viewer.wait_for_picture(soon(), &shield())?;
    viewer.pointer(150, 120, button::LEFT)?;
    wait_for_buttons(&mut locker, &[(LEFT, true)])?;
    let icon = locker.create_surface(20, 20)?;
    locker.drag(surface, icon)?;
    locker.draw(icon, WINDOW)?;
    locker.roundtrip()?;
    expect_equal("the screen", scene.fixture.screenshot()?, shield())
}
