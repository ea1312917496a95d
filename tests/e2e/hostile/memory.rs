//! Shared memory that is too much, or not what it should be.

use offing_tests::Result;
use offing_tests::wayland_client::Content;
use rustix::fs::{MemfdFlags, memfd_create};

use super::Argument::{Int, Uint};
use super::Peer;
use super::wayland::{Toplevel, XRGB, grey_buffer, peer, peer_with_surface, served};
use crate::fixture::expect_equal;
use crate::peers::Scene;
use crate::raw::memory;

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
