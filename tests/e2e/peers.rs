//! Peers that misbehave harm only themselves, and sessions know nothing of each other.

use std::io::{Read, Write};
use std::os::fd::AsFd;

use offing_tests::picture::Picture;
use offing_tests::vnc_client::{Login, PixelFormat, VncClient, Wire, button, log_in};
use offing_tests::wayland_client::protocol::wl_compositor::WlCompositor;
use offing_tests::wayland_client::protocol::{ConstraintAdjustment, ResizeEdge};
use offing_tests::wayland_client::{Content, Positioner, Surface, WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_client::protocol::wl_shm::{Format, WlShm};

use crate::fixture::{Fixture, WITH_CURSOR, expect_equal, sync, wait_for_buttons, wait_for_focus};
use crate::raw::{Own, RawWindow, bind, memory};

const LEFT: u32 = 0x110;

/// A session with a well-behaved client and viewer, to see whether it goes on.
pub(crate) struct Scene {
    pub(crate) fixture: Fixture,
    pub(crate) client: WaylandClient,
    pub(crate) window: Surface,
    pub(crate) viewer: VncClient,
    drawn: u32,
}

impl Scene {
    pub(crate) fn new() -> Result<Self> {
        Self::start(Fixture::new()?, &Login::new())
    }

    /// In this session, which has a screen of the usual size.
    pub(crate) fn start(fixture: Fixture, login: &Login) -> Result<Self> {
        let mut client = fixture.client()?;
        let window = client.open(Window::new("good", 100, 80).content(Content::Pattern(0)))?;
        let mut viewer = fixture.viewer_with(login)?;
        viewer.set_encodings(&WITH_CURSOR)?;
        Ok(Self {
            fixture,
            client,
            window,
            viewer,
            drawn: 0,
        })
    }

    /// Checks that the good ones are alone, and are served as ever.
    pub(crate) fn goes_on(&mut self) -> Result {
        wait_for_focus(&mut self.client, Some(self.window))?;
        self.drawn += 1;
        self.client
            .draw(self.window, Content::Pattern(self.drawn))?;
        let picture = Picture::pattern(100, 80, self.drawn);
        let expected = self.fixture.empty().with(&picture, 110, 80);
        self.viewer.wait_for_picture(soon(), &expected)?;
        self.client.forget_input();
        self.viewer.click(120, 90, button::LEFT)?;
        wait_for_buttons(&mut self.client, &[(LEFT, true), (LEFT, false)])?;
        self.viewer.type_text("x")?;
        self.client
            .dispatch_until(soon(), "the text", |client| client.typed_text() == "x")
    }
}

/// A client with a window over that of the good one, which is on the screen.
fn bad_client(scene: &mut Scene) -> Result<(WaylandClient, Surface)> {
    let mut bad = scene.fixture.client()?;
    let window = bad.open(Window::new("bad", 160, 120).content(Content::Pattern(99)))?;
    wait_for_focus(&mut bad, Some(window))?;
    wait_for_focus(&mut scene.client, None)?;
    let shown = |it: &VncClient| it.shows(80, 60, &Picture::pattern(160, 120, 99));
    scene
        .viewer
        .wait_until(soon(), "the bad client's window", shown)?;
    Ok((bad, window))
}

#[test]
fn sessions_in_one_process_are_strangers() -> Result {
    let (mut one, mut two) = (Scene::new()?, Scene::new()?);
    let mut other = two.fixture.client()?;
    let red = other.open(Window::new("red", 320, 240).content([200, 0, 0]))?;
    two.viewer
        .wait_for_picture(soon(), &Picture::solid(320, 240, [200, 0, 0]))?;
    one.goes_on()?;
    two.viewer.type_text("for two")?;
    other.dispatch_until(soon(), "the text", |client| {
        client.typed_text() == "for two"
    })?;
    expect_equal("windows of the one", one.fixture.windows()?.len(), 1)?;
    expect_equal("windows of the other", two.fixture.windows()?.len(), 2)?;
    other.destroy(red)?;
    two.goes_on()?;
    drop(two);
    one.goes_on()
}

#[test]
fn a_session_starts_and_ends_often() -> Result {
    for _ in 0..20 {
        let fixture = Fixture::new()?;
        let mut client = fixture.client()?;
        client.open(Window::new("short", 100, 80).content(Content::Pattern(1)))?;
        let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
        let expected = fixture.empty().with(&Picture::pattern(100, 80, 1), 110, 80);
        viewer.wait_for_picture(soon(), &expected)?;
        drop(fixture);
        viewer.wire().expect_closed(soon())?;
    }
    Ok(())
}

#[test]
fn a_client_may_die_at_any_time() -> Result {
    let mut scene = Scene::new()?;
    type Act = fn(&mut Scene, &mut WaylandClient, Surface) -> Result;
    fn press(scene: &mut Scene, bad: &mut WaylandClient) -> Result {
        scene.viewer.pointer(90, 70, 0)?;
        scene.viewer.pointer(90, 70, button::LEFT)?;
        wait_for_buttons(bad, &[(LEFT, true)])
    }
    let acts: [(&str, Act); 8] = [
        ("with a window", |_, _, _| Ok(())),
        ("with a button pressed on it", |scene, bad, _| {
            press(scene, bad)
        }),
        ("while its window is moved", |scene, bad, window| {
            press(scene, bad)?;
            bad.start_move(window)?;
            bad.roundtrip()?;
            scene.viewer.pointer(100, 80, button::LEFT)
        }),
        ("while its window is resized", |scene, bad, window| {
            press(scene, bad)?;
            bad.start_resize(window, ResizeEdge::TopLeft)?;
            bad.roundtrip()?;
            scene.viewer.pointer(100, 80, button::LEFT)
        }),
        ("with menus open", |scene, bad, window| {
            press(scene, bad)?;
            let menu = Positioner::below((10, 10, 20, 10), 60, 40);
            let outer = bad.open_grabbing_popup(window, &menu, [0, 200, 0])?;
            let inner = bad.open_grabbing_popup(outer, &menu, [0, 0, 200])?;
            assert!(!bad.surface(inner).dismissed);
            scene.viewer.pointer(95, 75, 0)
        }),
        ("fullscreen", |_, bad, window| {
            bad.set_fullscreen(window, true)?;
            bad.dispatch_until(soon(), "the whole screen", |client| {
                client.surface(window).size == (320, 240)
            })?;
            bad.draw(window, [0, 200, 0])?;
            bad.roundtrip()
        }),
        ("with subsurfaces and a cursor", |scene, bad, window| {
            scene.viewer.pointer(90, 70, 0)?;
            bad.dispatch_until(soon(), "the pointer", |client| {
                client.pointer().focus == Some(window)
            })?;
            bad.set_cursor((10, 10), (0, 0), [0, 0, 200])?;
            let child = bad.add_subsurface(window, (5, 5), (30, 30), [0, 200, 0], false)?;
            bad.add_subsurface(child, (5, 5), (10, 10), [0, 0, 200], true)?;
            bad.commit(window)
        }),
        ("with a key pressed", |scene, bad, _| {
            scene.viewer.key('q'.into(), true)?;
            bad.dispatch_until(soon(), "the key", |client| {
                !client.keyboard().keys().is_empty()
            })
        }),
    ];
    for (when, act) in acts {
        let died = (|| {
            let (mut bad, window) = bad_client(&mut scene)?;
            act(&mut scene, &mut bad, window)?;
            drop(bad);
            scene.viewer.pointer(90, 70, 0)?;
            scene.viewer.key('q'.into(), false)?;
            scene.goes_on()
        })();
        died.map_err(|error| error.context(format!("a client died {when}")))?;
    }
    Ok(())
}

#[test]
fn a_protocol_error_ends_only_its_client() -> Result {
    let mut scene = Scene::new()?;
    type Act = fn(&mut WaylandClient, Surface) -> Result;
    let acts: [(&str, Act); 5] = [
        ("a buffer scale of zero", |bad, window| {
            bad.wl_surface(window).set_buffer_scale(0);
            bad.commit(window)
        }),
        ("a popup of no size", |bad, window| {
            let nothing = Positioner::below((0, 0, 0, 0), 0, 0);
            bad.open_popup(window, &nothing, [0, 0, 0]).map(drop)
        }),
        ("a viewport of a negative size", |bad, window| {
            bad.set_viewport(window, None, Some((-5, 0)))?;
            bad.commit(window)
        }),
        ("a pool of a negative size", |bad, _| {
            let shm = bind::<WlShm>(bad, 1, &Own::default())?;
            shm.create_pool(
                memory(&[0; 4])?.as_fd(),
                -1,
                &bad.queue_handle(),
                Own::default(),
            );
            bad.flush()
        }),
        ("a buffer that is larger than its pool", |bad, _| {
            let handle = bad.queue_handle();
            let own = Own::default();
            let file = memory(&[0; 400])?;
            let pool =
                bind::<WlShm>(bad, 1, &own)?.create_pool(file.as_fd(), 400, &handle, own.clone());
            pool.create_buffer(0, 10, 11, 40, Format::Xrgb8888, &handle, own.clone());
            bad.flush()
        }),
    ];
    for (what, act) in acts {
        let (mut bad, window) = bad_client(&mut scene)?;
        // The error may come while the client still speaks.
        let _ = act(&mut bad, window);
        bad.expect_protocol_error(soon())
            .map_err(|error| error.context(what))?;
        scene.goes_on().map_err(|error| error.context(what))?;
    }
    Ok(())
}

#[test]
fn extreme_numbers_harm_nobody() -> Result {
    const MAX: i32 = i32::MAX;
    const MIN: i32 = i32::MIN;
    let mut scene = Scene::new()?;
    type Act = fn(&mut WaylandClient, &RawWindow) -> Result;
    let acts: [(&str, Act); 9] = [
        ("damage", |bad, window| {
            let surface = bad.wl_surface(window.surface);
            for (x, y, width, height) in [
                (MAX, MAX, MAX, MAX),
                (MIN, MIN, MAX, MAX),
                (MIN, MIN, MIN, MIN),
                (0, 0, -5, -5),
                (-1, -1, MAX, MAX),
            ] {
                surface.damage(x, y, width, height);
                surface.damage_buffer(x, y, width, height);
            }
            bad.commit(window.surface)
        }),
        ("an offset", |bad, window| {
            bad.wl_surface(window.surface).offset(MAX, MIN);
            bad.draw(window.surface, [0, 0, 200])?;
            bad.wl_surface(window.surface).offset(MAX, MIN);
            bad.draw(window.surface, [0, 0, 200])
        }),
        ("regions", |bad, window| {
            let own = Own::default();
            let handle = bad.queue_handle();
            let compositor: WlCompositor = bind(bad, 6, &own)?;
            let region = compositor.create_region(&handle, own.clone());
            region.add(MIN, MIN, MAX, MAX);
            region.add(MAX, MAX, MAX, MAX);
            region.subtract(-7, -7, -7, -7);
            region.subtract(MIN, 5, MAX, MAX);
            let surface = bad.wl_surface(window.surface);
            surface.set_input_region(Some(&region));
            surface.set_opaque_region(Some(&region));
            bad.commit(window.surface)
        }),
        ("geometry", |bad, window| {
            for (x, y, width, height) in
                [(MAX, MAX, MAX, MAX), (MIN, MIN, MAX, MAX), (5, 5, -5, -5)]
            {
                window.xdg_surface.set_window_geometry(x, y, width, height);
                bad.draw(window.surface, [0, 0, 200])?;
                bad.roundtrip()?;
            }
            Ok(())
        }),
        ("the smallest size", |bad, window| {
            window.toplevel.set_min_size(MAX, MAX);
            window.toplevel.set_max_size(1, 1);
            bad.commit(window.surface)
        }),
        ("the largest size", |bad, window| {
            window.toplevel.set_min_size(-1, -1);
            window.toplevel.set_max_size(MIN, MIN);
            bad.commit(window.surface)
        }),
        ("a place of a subsurface", |bad, window| {
            for (x, y) in [(MAX, MAX), (MIN, MIN), (MAX, MIN)] {
                let child = bad.add_subsurface(window.surface, (x, y), (9, 9), [0; 3], true)?;
                bad.commit(window.surface)?;
                bad.add_subsurface(child, (x, y), (9, 9), [0; 3], true)?;
                bad.commit(child)?;
                bad.commit(window.surface)?;
            }
            bad.roundtrip()
        }),
        ("a buffer scale", |bad, window| {
            bad.wl_surface(window.surface).set_buffer_scale(MAX);
            bad.commit(window.surface)
        }),
        ("a viewport", |bad, window| {
            bad.set_viewport(window.surface, None, Some((MAX, MAX)))?;
            bad.draw(window.surface, [0, 0, 200])?;
            bad.roundtrip()?;
            let part = Some((8e6, 8e6, 8e6, 8e6));
            bad.set_viewport(window.surface, part, Some((1, MAX)))?;
            bad.draw(window.surface, [0, 0, 200])
        }),
    ];
    for (what, act) in acts {
        let mut bad = scene.fixture.client()?;
        let window = RawWindow::open(&mut bad, "bad", (160, 120), None)?;
        bad.draw(window.surface, Content::Pattern(99))?;
        wait_for_focus(&mut bad, Some(window.surface))?;
        // The client may be told off, or be taken at its word.
        let _ = act(&mut bad, &window);
        let survived = (|| {
            for place in [(90, 70), (0, 0), (160, 120)] {
                sync(&mut scene.viewer)?;
                scene.viewer.pointer(place.0, place.1, 0)?;
            }
            let _ = bad.roundtrip();
            drop(bad);
            scene.goes_on()
        })();
        survived.map_err(|error| error.context(what))?;
    }
    Ok(())
}

#[test]
fn extreme_popups_harm_nobody() -> Result {
    let mut scene = Scene::new()?;
    let (min, max) = (i32::MIN, i32::MAX);
    for (anchor_rect, size, offset) in [
        ((0, 0, 1, 1), (max, max), (0, 0)),
        ((max, max, max, max), (10, 10), (max, max)),
        ((min, min, 1, 1), (10, 10), (min, min)),
        ((0, 0, max, max), (max, max), (max, min)),
    ] {
        for adjustment in [ConstraintAdjustment::empty(), ConstraintAdjustment::all()] {
            let mut bad = scene.fixture.client()?;
            let window = RawWindow::open(&mut bad, "bad", (160, 120), None)?;
            bad.draw(window.surface, Content::Pattern(99))?;
            let mut positioner = Positioner::below(anchor_rect, size.0, size.1);
            (positioner.offset, positioner.adjustment) = (offset, adjustment);
            // The client may be told off, or be taken at its word.
            let _ = window.open_popup(&mut bad, &positioner);
            sync(&mut scene.viewer)?;
            drop(bad);
            scene
                .goes_on()
                .map_err(|error| error.context(format!("{positioner:?}")))?;
        }
    }
    Ok(())
}

#[test]
fn nonsense_ends_only_who_speaks_it() -> Result {
    let mut scene = Scene::new()?;
    let mut noise = vec![0u8; 4096];
    for (at, byte) in noise.iter_mut().enumerate() {
        *byte = (at * 131 + at / 7) as u8;
    }
    let requests: [&[u8]; 4] = [
        // No such object; a size of nothing; a size beyond all; noise.
        &[9, 0, 0, 0, 0, 0, 12, 0, 1, 0, 0, 0],
        &[1, 0, 0, 0, 0, 0, 0, 0],
        &[1, 0, 0, 0, 0, 0, 255, 255],
        &noise,
    ];
    for request in requests {
        let mut socket = scene.fixture.client_socket()?;
        socket.write_all(request)?;
        // One message that never ends is waited for, but not for ever by the others.
        socket.shutdown(std::net::Shutdown::Write)?;
        let _ = socket.read_to_end(&mut Vec::new());
        scene.goes_on()?;
    }
    let head = |kind: u8| vec![kind, 0, 0, 0];
    let format = |format: PixelFormat| [head(0), format.to_bytes().to_vec()].concat();
    let of_24_bits = PixelFormat {
        bits_per_pixel: 24,
        ..PixelFormat::BGRX
    };
    let beyond = PixelFormat {
        shift: [31, 8, 0],
        ..PixelFormat::BGRX
    };
    let messages = [
        head(99),
        format(of_24_bits),
        format(beyond),
        [head(1), noise.clone()].concat(),
        noise.clone(),
    ];
    for message in messages {
        let mut wire = Wire::new(scene.fixture.viewer_socket()?);
        log_in(&mut wire, &Login::new())?;
        // It may be cut off before it has said everything.
        let _ = wire.send(&message);
        wire.expect_closed(soon())?;
        scene.goes_on()?;
    }
    // Before the handshake is over.
    for start in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"RFB 003.008\n\x63",
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
    ] {
        let mut wire = Wire::new(scene.fixture.viewer_socket()?);
        wire.send(start)?;
        wire.expect_closed(soon())?;
        scene.goes_on()?;
    }
    // Half a message, and gone.
    for message in [
        &[6, 0, 0, 0, 0, 15, 0, 0, b'x'][..],
        &[2, 0, 255, 255, 0],
        &[3],
        &[251, 0],
    ] {
        let mut wire = Wire::new(scene.fixture.viewer_socket()?);
        log_in(&mut wire, &Login::new())?;
        wire.send(message)?;
        drop(wire);
        scene.goes_on()?;
    }
    sync(&mut scene.viewer)
}

#[test]
fn memory_that_is_taken_back_harms_only_its_client() -> Result {
    let mut scene = Scene::new()?;
    // Taken back before the compositor could look, or after it did.
    for shown in [false, true] {
        let mut bad = scene.fixture.client()?;
        let window = bad.open(Window::new("bad", 160, 120))?;
        let (handle, own) = (bad.queue_handle(), Own::default());
        let (width, height) = (160, 120);
        let file = memory(&vec![200; width * height * 4])?;
        let (width, height) = (width as i32, height as i32);
        let pool = bind::<WlShm>(&bad, 1, &own)?.create_pool(
            file.as_fd(),
            width * height * 4,
            &handle,
            own.clone(),
        );
        let buffer = pool.create_buffer(
            0,
            width,
            height,
            width * 4,
            Format::Xrgb8888,
            &handle,
            own.clone(),
        );
        let surface = bad.wl_surface(window).clone();
        surface.attach(Some(&buffer), 0, 0);
        surface.damage_buffer(0, 0, width, height);
        if shown {
            bad.commit(window)?;
            let grey = Picture::solid(160, 120, [200; 3]);
            scene
                .viewer
                .wait_until(soon(), "the bad client's window", |it| {
                    it.shows(80, 60, &grey)
                })?;
            surface.attach(Some(&buffer), 0, 0);
            surface.damage_buffer(0, 0, width, height);
        }
        file.set_len(0)?;
        // The connection may be ended at any time from here on.
        let _ = bad.commit(window);
        // Drawn and drawn again, with the good one above and below it.
        for seed in 100..110 {
            scene.client.draw(scene.window, Content::Pattern(seed))?;
            sync(&mut scene.viewer)?;
            scene.fixture.screenshot()?;
        }
        drop(bad);
        scene
            .goes_on()
            .map_err(|error| error.context(format!("shown before: {shown}")))?;
    }
    Ok(())
}
