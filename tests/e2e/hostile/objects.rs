//! Clients that make more than anybody needs.

use offing_tests::Result;
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};

use super::Argument::{Int, Text, Uint};
use super::Peer;
use super::wayland::{MILLION, Toplevel, XRGB, grey_buffer, peer, peer_with_surface};
use crate::fixture::wait_for_focus;
use crate::peers::Scene;
use crate::raw::memory;

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
fn names_in_tokens_that_are_not_made_are_too_many() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = peer(&scene)?;
    let activation = bad.bind("xdg_activation_v1", 1)?;
    let name = "a".repeat(4000);
    bad.repeat(2000, |peer| {
        let token = peer.make(activation, 1, &[]);
        peer.ask(token, 1, &[Text(&name)]);
    })?;
    bad.expect_no_memory("names of types and programs")?;
    // Those that are made keep nothing.
    let mut good = peer(&scene)?;
    let activation = good.bind("xdg_activation_v1", 1)?;
    for _ in 0..2000 {
        let token = good.make(activation, 1, &[]);
        good.ask(token, 1, &[Text(&name)]);
        good.ask(token, 3, &[]);
        good.sync()?;
    }
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
