//! Wayland clients.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use offing_tests::picture::Picture;
use offing_tests::vnc_client::VncClient;
use offing_tests::wayland_client::{Clipboard, Content, Window};
use offing_tests::{Error, ErrorKind, Result, soon};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};

use super::Argument::{Int, Text, Uint};
use super::{DISPLAY, Meanwhile, Peer};
use crate::fixture::{expect_equal, sync, wait_for_focus};
use crate::peers::Scene;
use crate::raw::memory;

/// A million: of what nobody needs so many.
const MILLION: usize = 1_000_000;
/// `wl_shm.format.xrgb8888`.
const XRGB: u32 = 1;

fn peer(scene: &Scene) -> Result<Peer> {
    Peer::connect(scene.fixture.client_socket()?)
}

/// A peer, a surface of its and wl_compositor.
fn peer_with_surface(scene: &Scene) -> Result<(Peer, u32, u32)> {
    let mut peer = peer(scene)?;
    let compositor = peer.bind("wl_compositor", 6)?;
    let surface = peer.make(compositor, 0, &[]);
    Ok((peer, surface, compositor))
}

/// A window whose first configure is acknowledged.
struct Toplevel {
    surface: u32,
    xdg_surface: u32,
    toplevel: u32,
    wm_base: u32,
    compositor: u32,
}

impl Toplevel {
    fn open(peer: &mut Peer) -> Result<Self> {
        let compositor = peer.bind("wl_compositor", 6)?;
        let wm_base = peer.bind("xdg_wm_base", 3)?;
        let surface = peer.make(compositor, 0, &[]);
        let xdg_surface = peer.make(wm_base, 2, &[Uint(surface)]);
        let toplevel = peer.make(xdg_surface, 1, &[]);
        peer.ask(surface, 6, &[]);
        let events = peer.sync()?;
        let configure = events
            .iter()
            .rev()
            .find(|event| event.object == xdg_surface);
        let serial = configure.map(|event| event.uint(0));
        peer.ask(xdg_surface, 4, &[Uint(serial.ok_or_else(no_configure)?)]);
        Ok(Self {
            surface,
            xdg_surface,
            toplevel,
            wm_base,
            compositor,
        })
    }

    /// Shows a buffer.
    fn show(&self, peer: &mut Peer, buffer: u32) {
        peer.ask(self.surface, 1, &[Uint(buffer), Int(0), Int(0)]);
        peer.ask(self.surface, 9, &[Int(0), Int(0), Int(9999), Int(9999)]);
        peer.ask(self.surface, 6, &[]);
    }

    fn xdg_surface_of_another(&self, peer: &mut Peer) -> (u32, u32) {
        let surface = peer.make(self.compositor, 0, &[]);
        (surface, peer.make(self.wm_base, 2, &[Uint(surface)]))
    }

    fn positioner(&self, peer: &mut Peer) -> u32 {
        let positioner = peer.make(self.wm_base, 1, &[]);
        peer.ask(positioner, 1, &[Int(9), Int(9)]);
        peer.ask(positioner, 2, &[Int(0), Int(0), Int(1), Int(1)]);
        positioner
    }
}

fn no_configure() -> Error {
    Error::other("there was no configure")
}

/// A buffer of 160 × 120 grey pixels, in a pool of a file of this many bytes.
fn grey_buffer(peer: &mut Peer, bytes: usize) -> Result<(u32, u32)> {
    let shm = peer.bind("wl_shm", 1)?;
    let file = memory(&vec![200; bytes])?;
    let pool = peer.pool(shm, file, 160 * 120 * 4)?;
    let arguments = [Int(0), Int(160), Int(120), Int(640), Uint(XRGB)];
    Ok((pool, peer.make(pool, 0, &arguments)))
}

/// Checks that the good ones are served, whatever is shown over the client's window.
fn served(scene: &mut Scene) -> Result {
    scene.client.roundtrip()?;
    sync(&mut scene.viewer)
}

// Too much.

#[test]
fn a_flood_of_requests_starves_nobody() -> Result {
    let mut scene = Scene::new()?;
    // As much as this client can say, from two threads, and it never reads.
    let floods = (0..2).map(|_| {
        let (mut peer, surface, _) = peer_with_surface(&scene)?;
        peer.sync()?;
        Ok(Meanwhile::repeat(move || {
            for _ in 0..2000 {
                peer.ask(surface, 9, &[Int(1), Int(2), Int(3), Int(4)]);
            }
            peer.send()
        }))
    });
    let floods = floods.collect::<Result<Vec<Meanwhile>>>()?;
    for _ in 0..10 {
        scene.goes_on()?;
    }
    let mut late = scene.fixture.client()?;
    late.roundtrip()?;
    drop(late);
    for flood in floods {
        assert!(flood.end()? > 0);
    }
    Ok(())
}

#[test]
fn who_does_not_read_its_events_is_disconnected() -> Result {
    let mut scene = Scene::new()?;
    let mut deaf = peer(&scene)?;
    let flood = Meanwhile::repeat(move || {
        deaf.repeat(1000, |peer| {
            peer.make(DISPLAY, 0, &[]);
        })?;
        match deaf.is_closed_for_writing() {
            true => Err(Error::new(ErrorKind::Closed, "it was disconnected")),
            false => Ok(()),
        }
    });
    while !flood.is_over() {
        scene.goes_on()?;
    }
    expect_equal(
        "the end",
        flood.end().map_err(|e| e.kind()),
        Err(ErrorKind::Closed),
    )
}

#[test]
fn a_million_objects_are_too_many() -> Result {
    let mut scene = Scene::new()?;
    type Make = fn(&mut Peer, [u32; 4]);
    let kinds: [(&str, Make); 5] = [
        ("regions", |peer, [compositor, ..]| {
            peer.make(compositor, 1, &[]);
        }),
        ("surfaces", |peer, [compositor, ..]| {
            peer.make(compositor, 0, &[]);
        }),
        ("callbacks", |peer, [_, surface, ..]| {
            peer.make(surface, 3, &[]);
        }),
        ("callbacks of commits", |peer, [_, surface, ..]| {
            peer.make(surface, 3, &[]);
            peer.ask(surface, 6, &[]);
        }),
        ("buffers", |peer, [_, _, pool, _]| {
            peer.make(pool, 0, &[Int(0), Int(1), Int(1), Int(4), Uint(XRGB)]);
        }),
    ];
    for (what, make) in kinds {
        let reason = match what {
            "surfaces" => "more than 4096 surfaces",
            _ => "more than 16384 objects",
        };
        let (mut bad, surface, compositor) = peer_with_surface(&scene)?;
        let shm = bad.bind("wl_shm", 1)?;
        let pool = bad.pool(shm, memory(&[0; 4])?, 4)?;
        let objects = [compositor, surface, pool, shm];
        bad.repeat(MILLION, |peer| make(peer, objects))?;
        bad.expect_no_memory(reason)
            .and_then(|()| scene.goes_on())
            .map_err(|error| error.context(what))?;
    }
    Ok(())
}

#[test]
fn objects_that_are_gone_do_not_count() -> Result {
    let mut scene = Scene::new()?;
    let (mut busy, surface, compositor) = peer_with_surface(&scene)?;
    let shm = busy.bind("wl_shm", 1)?;
    let file = memfd_create("offing-tests", MemfdFlags::CLOEXEC)?;
    ftruncate(&file, 1 << 30)?;
    for _ in 0..1000 {
        for _ in 0..10 {
            let region = busy.make(compositor, 1, &[]);
            busy.ask(region, 1, &[Int(0), Int(0), Int(9), Int(9)]);
            busy.ask(surface, 4, &[Uint(region)]);
            busy.ask(surface, 5, &[Uint(region)]);
            busy.ask(region, 0, &[]);
        }
        // One after the other, pools of more bytes than one client may have.
        let pool = busy.pool(shm, &file, 1 << 30)?;
        let buffer = busy.make(pool, 0, &[Int(0), Int(1), Int(1), Int(4), Uint(XRGB)]);
        busy.ask(pool, 1, &[]);
        busy.ask(buffer, 0, &[]);
        busy.sync()?;
    }
    scene.goes_on()
}

#[test]
fn a_million_rectangles_of_regions_are_too_many() -> Result {
    let mut scene = Scene::new()?;
    type Make = fn(&mut Peer, [u32; 3]);
    let acts: [(&str, Make); 3] = [
        ("in one region", |peer, [_, _, region]| {
            peer.ask(region, 1, &[Int(1), Int(2), Int(3), Int(4)]);
        }),
        ("in many regions", |peer, [compositor, ..]| {
            let region = peer.make(compositor, 1, &[]);
            for x in 0..1000 {
                peer.ask(region, 2, &[Int(x), Int(2), Int(3), Int(4)]);
            }
        }),
        ("in many surfaces", |peer, [compositor, _, region]| {
            if peer.next.is_multiple_of(1000) {
                peer.ask(region, 1, &[Int(1), Int(2), Int(3), Int(4)]);
            }
            let surface = peer.make(compositor, 0, &[]);
            peer.ask(surface, 4, &[Uint(region)]);
            peer.ask(surface, 5, &[Uint(region)]);
            for _ in 0..100 {
                peer.ask(region, 1, &[Int(1), Int(2), Int(3), Int(4)]);
            }
        }),
    ];
    for (what, make) in acts {
        let (mut bad, surface, compositor) = peer_with_surface(&scene)?;
        let region = bad.make(compositor, 1, &[]);
        bad.repeat(MILLION, |peer| make(peer, [compositor, surface, region]))?;
        bad.expect_no_memory("bytes of rectangles")
            .and_then(|()| scene.goes_on())
            .map_err(|error| error.context(what))?;
    }
    Ok(())
}

#[test]
fn copies_of_regions_in_states_that_wait_are_too_many() -> Result {
    let mut scene = Scene::new()?;
    let (mut bad, parent, compositor) = peer_with_surface(&scene)?;
    let subcompositor = bad.bind("wl_subcompositor", 1)?;
    let region = bad.make(compositor, 1, &[]);
    for _ in 0..50_000 {
        bad.ask(region, 1, &[Int(1), Int(2), Int(3), Int(4)]);
    }
    let child = bad.make(compositor, 0, &[]);
    bad.make(subcompositor, 1, &[Uint(child), Uint(parent)]);
    bad.sync()?;
    bad.repeat(64, |peer| {
        peer.ask(child, 5, &[Uint(region)]);
        peer.ask(child, 6, &[]);
        // It is not to come, but what waits still has it.
        peer.ask(child, 5, &[Uint(0)]);
    })?;
    bad.expect_no_memory("bytes of rectangles")?;
    scene.goes_on()
}

#[test]
fn regions_that_surfaces_keep_count() -> Result {
    let mut scene = Scene::new()?;
    let (mut bad, _, compositor) = peer_with_surface(&scene)?;
    let region = bad.make(compositor, 1, &[]);
    for _ in 0..10_000 {
        bad.ask(region, 1, &[Int(1), Int(2), Int(3), Int(4)]);
    }
    bad.repeat(100, |peer| {
        let surface = peer.make(compositor, 0, &[]);
        peer.ask(surface, 5, &[Uint(region)]);
        peer.ask(surface, 6, &[]);
        peer.ask(surface, 5, &[Uint(0)]);
    })?;
    bad.expect_no_memory("bytes of rectangles")?;
    scene.goes_on()
}

#[test]
fn data_devices_are_few() -> Result {
    let mut scene = Scene::new()?;
    for manager in [
        "wl_data_device_manager",
        "zwp_primary_selection_device_manager_v1",
    ] {
        let mut bad = peer(&scene)?;
        let is_core = manager == "wl_data_device_manager";
        let manager = bad.bind(manager, if is_core { 2 } else { 1 })?;
        let seat = bad.bind("wl_seat", 5)?;
        for _ in 0..50 {
            let device = bad.make(manager, 1, &[Uint(seat)]);
            bad.ask(device, if is_core { 2 } else { 1 }, &[]);
        }
        for _ in 0..16 {
            bad.make(manager, 1, &[Uint(seat)]);
        }
        bad.sync()?;
        bad.make(manager, 1, &[Uint(seat)]);
        bad.send()?;
        bad.expect_no_memory("more than 16 data devices")?;
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn relative_pointers_are_few() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = peer(&scene)?;
    let manager = bad.bind("zwp_relative_pointer_manager_v1", 1)?;
    let seat = bad.bind("wl_seat", 5)?;
    let pointer = bad.make(seat, 0, &[]);
    for _ in 0..50 {
        let relative = bad.make(manager, 1, &[Uint(pointer)]);
        bad.ask(relative, 0, &[]);
    }
    for _ in 0..16 {
        bad.make(manager, 1, &[Uint(pointer)]);
    }
    bad.sync()?;
    bad.make(manager, 1, &[Uint(pointer)]);
    bad.send()?;
    bad.expect_no_memory("more than 16 relative pointers")?;
    scene.goes_on()
}

#[test]
fn constraints_outlive_what_they_constrain() -> Result {
    let mut scene = Scene::new()?;
    for first_gone in ["surface", "pointer", "client"] {
        let mut bad = peer(&scene)?;
        let window = Toplevel::open(&mut bad)?;
        let (_, buffer) = grey_buffer(&mut bad, 160 * 120 * 4)?;
        window.show(&mut bad, buffer);
        bad.sync()?;
        wait_for_focus(&mut scene.client, None)?;
        let manager = bad.bind("zwp_pointer_constraints_v1", 1)?;
        let seat = bad.bind("wl_seat", 5)?;
        let pointer = bad.make(seat, 0, &[]);
        // The pointer is in the middle of the screen, where the window is.
        let persistent = 2;
        let arguments = [window.surface, pointer, 0, persistent].map(Uint);
        let lock = bad.make(manager, 1, &arguments);
        bad.send()?;
        while bad.event()?.object != lock {}
        match first_gone {
            "surface" => {
                bad.ask(window.toplevel, 0, &[]);
                bad.ask(window.xdg_surface, 0, &[]);
                bad.ask(window.surface, 0, &[]);
            }
            "pointer" => bad.ask(pointer, 1, &[]),
            _ => continue,
        }
        bad.ask(lock, 1, &[Int(i32::MAX), Int(i32::MIN)]);
        bad.ask(lock, 2, &[Uint(0)]);
        bad.ask(lock, 0, &[]);
        bad.sync()?;
    }
    scene.goes_on()
}

#[test]
fn offers_count_as_objects() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = peer(&scene)?;
    let window = Toplevel::open(&mut bad)?;
    let seat = bad.bind("wl_seat", 5)?;
    let manager = bad.bind("wl_data_device_manager", 3)?;
    let devices = (0..16).map(|_| bad.make(manager, 1, &[Uint(seat)]));
    let devices: Vec<u32> = devices.collect();
    bad.make(seat, 1, &[]);
    let (_, buffer) = grey_buffer(&mut bad, 160 * 120 * 4)?;
    window.show(&mut bad, buffer);
    bad.sync()?;
    wait_for_focus(&mut scene.client, None)?;
    let source = bad.make(manager, 0, &[]);
    // It reads all events, so that only the objects are too many.
    let end = (0..2000).find_map(|serial| {
        bad.ask(devices[0], 1, &[Uint(source), Uint(serial)]);
        bad.sync().err()
    });
    let end = end.map(|error| error.to_string()).unwrap_or_default();
    let told = bad.ended()?.map(|(.., text)| text);
    let told = told.unwrap_or(end);
    assert!(
        told.contains("objects") || told.contains("told off"),
        "{told}"
    );
    drop(bad);
    scene.goes_on()
}

#[test]
fn windows_of_a_client_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = peer(&scene)?;
    let window = Toplevel::open(&mut bad)?;
    let more = |bad: &mut Peer| {
        let (surface, xdg_surface) = window.xdg_surface_of_another(bad);
        bad.make(xdg_surface, 1, &[]);
        bad.ask(surface, 6, &[]);
    };
    for _ in 1..512 {
        more(&mut bad);
    }
    bad.sync()?;
    more(&mut bad);
    bad.send()?;
    bad.expect_no_memory("more than 512 windows")?;
    scene.goes_on()
}

#[test]
fn pools_that_only_surfaces_hold_count() -> Result {
    let mut scene = Scene::new()?;
    let (mut bad, _, compositor) = peer_with_surface(&scene)?;
    let shm = bad.bind("wl_shm", 1)?;
    let file = memory(&[0; 4])?;
    for n in 0..1200 {
        if n == 500 || n == 1000 {
            // So that its events do not pile up.
            bad.sync()?;
        }
        let surface = bad.make(compositor, 0, &[]);
        let Ok(pool) = bad.pool(shm, &file, 4) else {
            break;
        };
        let pixel = bad.make(pool, 0, &[Int(0), Int(1), Int(1), Int(4), Uint(XRGB)]);
        bad.ask(surface, 1, &[Uint(pixel), Int(0), Int(0)]);
        bad.ask(surface, 6, &[]);
        bad.ask(pool, 1, &[]);
        bad.ask(pixel, 0, &[]);
    }
    let _ = bad.send();
    bad.expect_no_memory("more than 1088 descriptors")?;
    scene.goes_on()
}

#[test]
fn who_pastes_often_holds_nothing() -> Result {
    let mut scene = Scene::new()?;
    scene.viewer.cut_text("text")?;
    let mut busy = peer(&scene)?;
    let window = Toplevel::open(&mut busy)?;
    let seat = busy.bind("wl_seat", 5)?;
    let manager = busy.bind("wl_data_device_manager", 3)?;
    let device = busy.make(manager, 1, &[Uint(seat)]);
    busy.make(seat, 1, &[]);
    let (_, buffer) = grey_buffer(&mut busy, 160 * 120 * 4)?;
    window.show(&mut busy, buffer);
    let offer = std::iter::from_fn(|| Some(busy.sync()))
        .take(1000)
        .find_map(|events| {
            let events = events.ok()?;
            let offer = events
                .iter()
                .rev()
                .find(|it| (it.object, it.number) == (device, 0));
            offer.map(|it| it.uint(0))
        });
    let offer = offer.ok_or_else(|| Error::other("nothing is offered"))?;
    for _ in 0..1500 {
        let (mut text, end) = std::io::pipe()?;
        busy.ask(offer, 1, &[Text("text/plain;charset=utf-8")]);
        busy.send_with(&[end.as_fd()])?;
        drop(end);
        let mut pasted = String::new();
        std::io::Read::read_to_string(&mut text, &mut pasted)?;
        expect_equal("the text", pasted.as_str(), "text")?;
    }
    busy.sync()?;
    drop(busy);
    scene.goes_on()
}

#[test]
fn offers_of_who_has_no_window_count_as_objects() -> Result {
    for (manager, primary) in [
        ("zwlr_data_control_manager_v1", 2),
        ("ext_data_control_manager_v1", 2),
        ("ext_data_control_manager_v1", 0),
    ] {
        let mut scene = Scene::new()?;
        let mut bad = peer(&scene)?;
        let seat = bad.bind("wl_seat", 5)?;
        let manager = bad.bind(manager, 1 + u32::from(manager.starts_with("zwlr")))?;
        let devices = (0..16).map(|_| bad.make(manager, 1, &[Uint(seat)]));
        let devices: Vec<u32> = devices.collect();
        bad.sync()?;
        let mut end = None;
        for _ in 0..2000 {
            let source = bad.make(manager, 0, &[]);
            bad.ask(devices[0], primary, &[Uint(source)]);
            end = bad.sync().err();
            if end.is_some() {
                break;
            }
            scene.client.roundtrip()?;
        }
        let end = end.map(|error| error.to_string()).unwrap_or_default();
        let told = bad.ended()?.map_or(end, |(.., text)| text);
        assert!(
            told.contains("objects") || told.contains("told off"),
            "{told}"
        );
        drop(bad);
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn who_copies_in_a_loop_does_not_flood_others() -> Result {
    let mut scene = Scene::new()?;
    let mut busy = peer(&scene)?;
    let seat = busy.bind("wl_seat", 5)?;
    let manager = busy.bind("ext_data_control_manager_v1", 1)?;
    let device = busy.make(manager, 1, &[Uint(seat)]);
    // Meanwhile the client that has the keyboard, and so is told of each, reads nothing.
    for _ in 0..4000 {
        let source = busy.make(manager, 0, &[]);
        busy.ask(source, 0, &[Text("text/plain")]);
        busy.ask(device, 0, &[Uint(source)]);
        busy.ask(source, 1, &[]);
        busy.sync()?;
    }
    drop(busy);
    scene.goes_on()
}

#[test]
fn a_million_names_of_types_are_too_many() -> Result {
    let mut scene = Scene::new()?;
    for manager in [
        "wl_data_device_manager",
        "zwp_primary_selection_device_manager_v1",
    ] {
        let mut bad = peer(&scene)?;
        let manager = bad.bind(manager, 1)?;
        let source = bad.make(manager, 0, &[]);
        bad.repeat(MILLION, |peer| peer.ask(source, 0, &[Text("text/plain")]))?;
        bad.expect_no_memory("names of types")?;
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn a_million_rectangles_of_damage_are_united() -> Result {
    let mut scene = Scene::new()?;
    let mut busy = peer(&scene)?;
    let window = Toplevel::open(&mut busy)?;
    let (_, buffer) = grey_buffer(&mut busy, 160 * 120 * 4)?;
    for request in [2, 9] {
        for n in 0..MILLION as i32 / 10 {
            busy.ask(
                window.surface,
                request,
                &[Int(n % 160), Int(n % 120), Int(1), Int(1)],
            );
        }
        busy.send()?;
        served(&mut scene)?;
    }
    busy.ask(window.surface, 1, &[Uint(buffer), Int(0), Int(0)]);
    busy.ask(window.surface, 6, &[]);
    busy.sync()?;
    let grey = Picture::solid(160, 120, [200; 3]);
    scene
        .viewer
        .wait_until(soon(), "the window", |it| it.shows(80, 60, &grey))?;
    drop(busy);
    scene.goes_on()
}

#[test]
fn shared_memory_is_bounded() -> Result {
    let mut scene = Scene::new()?;
    let file = memfd_create("offing-tests", MemfdFlags::CLOEXEC)?;
    let large = i32::MAX;
    // So much that two are fine, and four are not, whatever is in them.
    for (what, keep_pools, buffers, grow) in [
        ("pools", true, false, false),
        ("pools with buffers", true, true, false),
        ("buffers without pools", false, true, false),
        ("pools that grow", true, false, true),
    ] {
        let mut bad = peer(&scene)?;
        let shm = bad.bind("wl_shm", 1)?;
        let more = |bad: &mut Peer| -> Result {
            let pool = bad.pool(shm, &file, if grow { 4 } else { large })?;
            if grow {
                bad.ask(pool, 2, &[Int(large)]);
            }
            if buffers {
                bad.make(pool, 0, &[Int(0), Int(1), Int(1), Int(4), Uint(XRGB)]);
            }
            if !keep_pools {
                bad.ask(pool, 1, &[]);
            }
            Ok(())
        };
        for _ in 0..2 {
            more(&mut bad)?;
        }
        bad.sync().map_err(|error| error.context(what))?;
        // It may be ended before it has said all.
        let _ = (0..2).try_for_each(|_| more(&mut bad).and_then(|()| bad.send()));
        bad.expect_no_memory("bytes in them")
            .and_then(|()| scene.goes_on())
            .map_err(|error| error.context(what))?;
    }
    let mut bad = peer(&scene)?;
    let shm = bad.bind("wl_shm", 1)?;
    for _ in 0..1025 {
        if bad.pool(shm, &file, 4).is_err() {
            break;
        }
    }
    bad.expect_no_memory("more than 1024 pools")?;
    scene.goes_on()
}

#[test]
fn configures_nobody_acknowledges_do_not_pile_up() -> Result {
    let mut scene = Scene::new()?;
    let mut busy = peer(&scene)?;
    let window = Toplevel::open(&mut busy)?;
    let (mut configures, mut last) = (0, None);
    for _ in 0..1000 {
        for request in [9, 10] {
            busy.ask(window.toplevel, request, &[]);
        }
        for event in busy.sync()? {
            if event.object == window.xdg_surface {
                configures += 1;
                last = Some(event.uint(0));
            }
        }
    }
    assert!((64..=130).contains(&configures), "{configures} configures");
    // What it missed it gets once it has caught up.
    busy.ask(window.toplevel, 9, &[]);
    busy.sync()?;
    let serial = last.ok_or_else(no_configure)?;
    busy.ask(window.xdg_surface, 4, &[Uint(serial)]);
    let events = busy.sync()?;
    let sizes: Vec<(u32, u32)> = events
        .iter()
        .filter(|event| (event.object, event.number) == (window.toplevel, 0))
        .map(|event| (event.uint(0), event.uint(4)))
        .collect();
    expect_equal("the configures since", sizes, vec![(320, 240)])?;
    scene.goes_on()
}

#[test]
fn popups_moved_a_thousand_times_do_not_pile_up() -> Result {
    let mut scene = Scene::new()?;
    let mut busy = peer(&scene)?;
    let window = Toplevel::open(&mut busy)?;
    let (surface, xdg_surface) = window.xdg_surface_of_another(&mut busy);
    let positioner = window.positioner(&mut busy);
    let popup = busy.make(
        xdg_surface,
        2,
        &[Uint(window.xdg_surface), Uint(positioner)],
    );
    busy.ask(surface, 6, &[]);
    busy.sync()?;
    let mut moved = 0;
    for token in 0..1000 {
        busy.ask(popup, 2, &[Uint(positioner), Uint(token)]);
        let events = busy.sync()?;
        moved += events
            .iter()
            .filter(|it| (it.object, it.number) == (popup, 2))
            .count();
    }
    assert!((64..=128).contains(&moved), "moved {moved} times");
    scene.goes_on()
}

#[test]
fn states_that_wait_for_a_parent_do_not_pile_up() -> Result {
    let mut scene = Scene::new()?;
    let mut busy = peer(&scene)?;
    let window = Toplevel::open(&mut busy)?;
    let subcompositor = busy.bind("wl_subcompositor", 1)?;
    let (_, buffer) = grey_buffer(&mut busy, 160 * 120 * 4)?;
    window.show(&mut busy, buffer);
    let child = busy.make(window.compositor, 0, &[]);
    busy.make(subcompositor, 1, &[Uint(child), Uint(window.surface)]);
    // Large, so that each of a million copies would count.
    let region = busy.make(window.compositor, 1, &[]);
    for _ in 0..1000 {
        busy.ask(region, 1, &[Int(0), Int(0), Int(9), Int(9)]);
    }
    busy.ask(child, 5, &[Uint(region)]);
    busy.repeat(MILLION / 20, |peer| peer.ask(child, 6, &[]))?;
    busy.sync()?;
    served(&mut scene)?;
    // The last one counts, once the parent is committed.
    let shm = busy.bind("wl_shm", 1)?;
    let pool = busy.pool(shm, memory(&[0; 40 * 40 * 4])?, 40 * 40 * 4)?;
    let black = busy.make(pool, 0, &[Int(0), Int(40), Int(40), Int(160), Uint(XRGB)]);
    busy.ask(child, 1, &[Uint(black), Int(0), Int(0)]);
    busy.ask(child, 9, &[Int(0), Int(0), Int(40), Int(40)]);
    busy.ask(child, 6, &[]);
    busy.ask(window.surface, 6, &[]);
    busy.sync()?;
    let expected = Picture::solid(160, 120, [200; 3]).with(&Picture::solid(40, 40, [0; 3]), 0, 0);
    scene
        .viewer
        .wait_until(soon(), "both", |it| it.shows(80, 60, &expected))?;
    drop(busy);
    scene.goes_on()
}

#[test]
fn descriptors_come_in_small_numbers_only() -> Result {
    let mut scene = Scene::new()?;
    let (mut bad, surface, _) = peer_with_surface(&scene)?;
    bad.sync()?;
    let file = memory(&[0; 4])?;
    bad.ask(surface, 6, &[]);
    let _ = bad.send_with(&[file.as_fd(); 200]);
    expect_equal("the error", bad.ended()?, None)?;
    scene.goes_on()
}

#[test]
fn many_clients_are_turned_away_and_the_first_stay() -> Result {
    let mut scene = Scene::new()?;
    let mut clients: Vec<UnixStream> = Vec::new();
    while let Ok(client) = scene.fixture.client_socket() {
        clients.push(client);
        assert!(clients.len() < 1000);
    }
    expect_equal("the clients", clients.len(), 255)?;
    scene.goes_on()?;
    drop(clients);
    scene.client.roundtrip()?;
    let mut late = scene.fixture.client()?;
    late.roundtrip()?;
    drop(late);
    scene.goes_on()
}

// Nesting.

#[test]
fn subsurfaces_nest_only_so_deep() -> Result {
    let mut scene = Scene::new()?;
    for top_down in [true, false] {
        let (mut bad, root, compositor) = peer_with_surface(&scene)?;
        let subcompositor = bad.bind("wl_subcompositor", 1)?;
        let mut last = root;
        let mut nest = |peer: &mut Peer| {
            let other = peer.make(compositor, 0, &[]);
            let (child, parent) = if top_down {
                (other, last)
            } else {
                (last, other)
            };
            peer.make(subcompositor, 1, &[Uint(child), Uint(parent)]);
            peer.ask(child, 6, &[]);
            peer.ask(parent, 6, &[]);
            last = other;
        };
        for _ in 1..64 {
            nest(&mut bad);
        }
        bad.sync()?;
        bad.repeat(5000, nest)?;
        bad.expect_no_memory("subsurfaces nested deeper than 64")?;
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn subsurfaces_in_a_circle() -> Result {
    let mut scene = Scene::new()?;
    for length in 1..5 {
        let (mut bad, first, compositor) = peer_with_surface(&scene)?;
        let subcompositor = bad.bind("wl_subcompositor", 1)?;
        let mut last = first;
        for _ in 1..length {
            let child = bad.make(compositor, 0, &[]);
            bad.make(subcompositor, 1, &[Uint(child), Uint(last)]);
            last = child;
        }
        bad.sync()?;
        bad.make(subcompositor, 1, &[Uint(first), Uint(last)]);
        bad.send()?;
        let error = bad.ended()?;
        assert!(
            matches!(error, Some((object, ..)) if object == subcompositor),
            "{error:?}"
        );
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn popups_nest_only_so_deep() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = peer(&scene)?;
    let window = Toplevel::open(&mut bad)?;
    let positioner = window.positioner(&mut bad);
    let mut last = window.xdg_surface;
    let mut nest = |peer: &mut Peer| {
        let (surface, xdg_surface) = window.xdg_surface_of_another(peer);
        peer.make(xdg_surface, 2, &[Uint(last), Uint(positioner)]);
        peer.ask(surface, 6, &[]);
        last = xdg_surface;
    };
    for _ in 0..32 {
        nest(&mut bad);
    }
    bad.sync()?;
    bad.repeat(5000, nest)?;
    bad.expect_no_memory("popups nested deeper than 32")?;
    scene.goes_on()
}

#[test]
fn popups_in_a_circle() -> Result {
    let mut scene = Scene::new()?;
    for length in 1..5 {
        let mut bad = peer(&scene)?;
        let window = Toplevel::open(&mut bad)?;
        let positioner = window.positioner(&mut bad);
        let others = (0..length).map(|_| window.xdg_surface_of_another(&mut bad).1);
        let others: Vec<u32> = others.collect();
        for (n, popup) in others.iter().enumerate() {
            let parent = others[(n + 1) % length];
            bad.make(*popup, 2, &[Uint(parent), Uint(positioner)]);
        }
        bad.send()?;
        let error = bad.ended()?;
        assert!(error.is_some(), "{length} popups");
        scene.goes_on()?;
    }
    Ok(())
}

// Shared memory that is not what it should be.

#[test]
fn a_pool_larger_than_its_file_harms_only_its_client() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = peer(&scene)?;
    let window = Toplevel::open(&mut bad)?;
    let (_, buffer) = grey_buffer(&mut bad, 4096)?;
    window.show(&mut bad, buffer);
    bad.send()?;
    served(&mut scene)?;
    let error = bad.ended()?;
    let text = error.map(|(_, _, text)| text);
    expect_equal("the error", text.as_deref(), Some("Bad pool size."))?;
    scene.goes_on()
}

#[test]
fn buffers_that_do_not_fit_their_pool() -> Result {
    let mut scene = Scene::new()?;
    let (max, min) = (i32::MAX, i32::MIN);
    for (offset, width, height, stride) in [
        (0, 10, 11, 40),
        (4, 10, 10, 40),
        (400, 1, 1, 4),
        (-4, 10, 10, 40),
        (min, 10, 10, 40),
        (max, 10, 10, 40),
        (0, 0, 10, 40),
        (0, 10, 0, 40),
        (0, -10, -10, 40),
        (0, 10, 10, 39),
        (0, 10, 10, 0),
        (0, 10, 10, -40),
        (0, 10, 10, min),
        (0, max, max, max),
        (0, 65_535, 65_535, 262_140),
        (0, 0x1000_0000, 16, 0x4000_0000),
        (max, max, 1, max),
    ] {
        let mut bad = peer(&scene)?;
        let shm = bad.bind("wl_shm", 1)?;
        let pool = bad.pool(shm, memory(&[0; 400])?, 400)?;
        let arguments = [
            Int(offset),
            Int(width),
            Int(height),
            Int(stride),
            Uint(XRGB),
        ];
        bad.make(pool, 0, &arguments);
        bad.send()?;
        let error = bad.ended()?;
        let what = format!("{width} × {height} at {offset}, {stride} bytes a row: {error:?}");
        assert!(
            matches!(error, Some((object, ..)) if object == pool),
            "{what}"
        );
    }
    scene.goes_on()
}

#[test]
fn pools_resized_to_nonsense() -> Result {
    let mut scene = Scene::new()?;
    for size in [0, -1, i32::MIN, 399] {
        let mut bad = peer(&scene)?;
        let shm = bad.bind("wl_shm", 1)?;
        let pool = bad.pool(shm, memory(&[0; 400])?, 400)?;
        bad.ask(pool, 2, &[Int(size)]);
        bad.send()?;
        let error = bad.ended()?;
        assert!(
            matches!(error, Some((object, ..)) if object == pool),
            "{size}: {error:?}"
        );
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn a_buffer_destroyed_while_it_is_shown() -> Result {
    let mut scene = Scene::new()?;
    for destroys_the_pool in [false, true] {
        let mut careless = peer(&scene)?;
        let window = Toplevel::open(&mut careless)?;
        let (pool, buffer) = grey_buffer(&mut careless, 160 * 120 * 4)?;
        window.show(&mut careless, buffer);
        if destroys_the_pool {
            careless.ask(pool, 1, &[]);
        }
        careless.ask(buffer, 0, &[]);
        careless.sync()?;
        for seed in 50..60 {
            scene.client.draw(scene.window, Content::Pattern(seed))?;
            served(&mut scene)?;
        }
        // It is not told off, and can go on.
        window.show(&mut careless, 0);
        careless.sync()?;
        drop(careless);
        scene.goes_on()?;
    }
    Ok(())
}

// Nonsense of other kinds.

#[test]
fn absurd_sizes() -> Result {
    let mut scene = Scene::new()?;
    const BYTES: i32 = 65_535 * 4;
    type Act = fn(&mut Peer, &Toplevel, u32);
    let acts: [(&str, Act); 7] = [
        ("a long row", |peer, window, pool| {
            let row = [Int(0), Int(65_535), Int(1), Int(BYTES), Uint(XRGB)];
            let buffer = peer.make(pool, 0, &row);
            window.show(peer, buffer);
        }),
        ("a long column", |peer, window, pool| {
            let column = [Int(0), Int(1), Int(65_535), Int(4), Uint(XRGB)];
            let buffer = peer.make(pool, 0, &column);
            window.show(peer, buffer);
        }),
        ("a large scale", |peer, window, pool| {
            let buffer = peer.make(pool, 0, &[Int(0), Int(9), Int(9), Int(36), Uint(XRGB)]);
            peer.ask(window.surface, 8, &[Int(1 << 30)]);
            window.show(peer, buffer);
        }),
        ("negative least sizes", |peer, window, _| {
            peer.ask(window.toplevel, 8, &[Int(-1), Int(i32::MIN)]);
            peer.ask(window.surface, 6, &[]);
        }),
        ("a least size above the largest", |peer, window, _| {
            peer.ask(window.toplevel, 8, &[Int(500), Int(500)]);
            peer.ask(window.toplevel, 7, &[Int(5), Int(5)]);
            peer.ask(window.surface, 6, &[]);
        }),
        ("a geometry far away", |peer, window, pool| {
            let buffer = peer.make(pool, 0, &[Int(0), Int(9), Int(9), Int(36), Uint(XRGB)]);
            let far = [Int(i32::MIN), Int(i32::MIN), Int(i32::MAX), Int(i32::MAX)];
            peer.ask(window.xdg_surface, 3, &far);
            window.show(peer, buffer);
        }),
        ("a parent of itself", |peer, window, _| {
            peer.ask(window.toplevel, 1, &[Uint(window.toplevel)]);
        }),
    ];
    for (what, act) in acts {
        let mut bad = peer(&scene)?;
        let window = Toplevel::open(&mut bad)?;
        let shm = bad.bind("wl_shm", 1)?;
        let pool = bad.pool(shm, memory(&vec![99; BYTES as usize])?, BYTES)?;
        act(&mut bad, &window, pool);
        // It may be told off, or be taken at its word.
        let _ = bad.sync();
        let result = served(&mut scene).and_then(|()| {
            drop(bad);
            scene.goes_on()
        });
        result.map_err(|error| error.context(what))?;
    }
    Ok(())
}

#[test]
fn stretched_beyond_what_can_be_drawn() -> Result {
    let mut scene = Scene::new()?;
    for (width, height) in [(100_000, 100_000), (1, i32::MAX), (i32::MAX, i32::MAX)] {
        let mut bad = peer(&scene)?;
        let window = Toplevel::open(&mut bad)?;
        let viewporter = bad.bind("wp_viewporter", 1)?;
        let viewport = bad.make(viewporter, 1, &[Uint(window.surface)]);
        bad.ask(viewport, 2, &[Int(width), Int(height)]);
        let shm = bad.bind("wl_shm", 1)?;
        let pool = bad.pool(shm, memory(&[99; 4])?, 4)?;
        let pixel = bad.make(pool, 0, &[Int(0), Int(1), Int(1), Int(4), Uint(XRGB)]);
        window.show(&mut bad, pixel);
        bad.sync()?;
        // It is there, and all others are seen.
        for seed in [70, 71] {
            scene.client.draw(scene.window, Content::Pattern(seed))?;
            let expected = Picture::pattern(100, 80, seed);
            let seen = |viewer: &VncClient| viewer.shows(110, 80, &expected);
            let what = format!("a frame beside {width} x {height}");
            scene.viewer.wait_until(soon(), &what, seen)?;
        }
        bad.sync()?;
        drop(bad);
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn long_titles() -> Result {
    let mut scene = Scene::new()?;
    // As long as a message can be, and longer: libwayland's limit is the same.
    for (length, fits) in [(4000, true), (4096, false), (65_000, false)] {
        let mut peer = peer(&scene)?;
        let window = Toplevel::open(&mut peer)?;
        let (_, buffer) = grey_buffer(&mut peer, 160 * 120 * 4)?;
        window.show(&mut peer, buffer);
        peer.sync()?;
        let title = "title".repeat(length / 5);
        for request in [2, 3] {
            peer.ask(window.toplevel, request, &[Text(&title)]);
        }
        if fits {
            peer.sync()?;
            let titles: Vec<String> = scene
                .fixture
                .windows()?
                .into_iter()
                .map(|(it, _)| it)
                .collect();
            assert!(titles.contains(&title), "{titles:?}");
        } else {
            let _ = peer.send();
            expect_equal("the error", peer.ended()?, None)?;
        }
        drop(peer);
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn who_copies_and_never_gives_or_gives_for_ever() -> Result {
    let mut scene = Scene::new()?;
    for for_ever in [false, true] {
        let mut bad = peer(&scene)?;
        let window = Toplevel::open(&mut bad)?;
        let seat = bad.bind("wl_seat", 5)?;
        let manager = bad.bind("wl_data_device_manager", 3)?;
        let device = bad.make(manager, 1, &[Uint(seat)]);
        bad.make(seat, 1, &[]);
        let (_, buffer) = grey_buffer(&mut bad, 160 * 120 * 4)?;
        window.show(&mut bad, buffer);
        bad.sync()?;
        wait_for_focus(&mut scene.client, None)?;
        let source = bad.make(manager, 0, &[]);
        bad.ask(source, 0, &[Text("text/plain;charset=utf-8")]);
        bad.ask(device, 1, &[Uint(source), Uint(1)]);
        // The descriptor to write to.
        let mut pipe = bad.sync_for_descriptor()?;
        let writing = for_ever.then(|| {
            Meanwhile::repeat(move || {
                std::io::Write::write_all(&mut pipe, &[b'x'; 4096])
                    .map_err(|_| Error::new(ErrorKind::Closed, "nobody reads"))
            })
        });
        served(&mut scene)?;
        if let Some(writing) = writing {
            while !writing.is_over() {
                served(&mut scene)?;
            }
            let ended = writing.end().map_err(|error| error.kind());
            expect_equal("the end of writing", ended, Err(ErrorKind::Closed))?;
        }
        // Another text passes, though the one before has not come.
        let mut other = scene.fixture.client()?;
        let window = other.open(Window::new("other", 50, 40).content([0, 0, 200]))?;
        wait_for_focus(&mut other, Some(window))?;
        let text = format!("after {for_ever}");
        let copied = [("text/plain;charset=utf-8", text.as_bytes())];
        other.copy(Clipboard::Selection, &copied)?;
        other.dispatch_until(soon(), "to be asked", |client| {
            !client.clipboard(Clipboard::Selection).asked_for.is_empty()
        })?;
        other.roundtrip()?;
        scene.viewer.wait_until(soon(), "the text", |viewer| {
            viewer.cut_texts.last() == Some(&text)
        })?;
        drop((bad, other));
        scene.goes_on()?;
    }
    Ok(())
}
