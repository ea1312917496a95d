//! Clients whose states pile up.

use offing_tests::picture::Picture;
use offing_tests::{Result, soon};

use super::Argument::{Int, Uint};
use super::wayland::{MILLION, Toplevel, XRGB, grey_buffer, no_configure, peer, served};
use crate::fixture::expect_equal;
use crate::peers::Scene;
use crate::raw::memory;

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
