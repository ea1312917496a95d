//! Wayland clients that make an xdg_surface of what cannot be one.

use offing_tests::Result;

use super::Argument::{Int, Uint};
use super::Peer;
use crate::fixture::expect_equal;
use crate::peers::Scene;
use crate::raw::memory;

/// Errors of xdg_wm_base.
const ROLE: u32 = 0;
const INVALID_SURFACE_STATE: u32 = 4;

/// What is done to a surface, given it, wl_compositor and a buffer.
type Act = fn(&mut Peer, u32, u32, u32) -> Result;

#[test]
fn a_surface_becomes_an_xdg_surface_while_it_is_nothing_else() -> Result {
    let acts: [(&str, u32, Act); 4] = [
        ("a window", ROLE, |peer, surface, _, _| {
            let wm_base = peer.bind("xdg_wm_base", 3)?;
            let xdg_surface = peer.make(wm_base, 2, &[Uint(surface)]);
            peer.make(xdg_surface, 1, &[]);
            Ok(())
        }),
        ("a subsurface", ROLE, |peer, surface, compositor, _| {
            let parent = peer.make(compositor, 0, &[]);
            let subcompositor = peer.bind("wl_subcompositor", 1)?;
            peer.make(subcompositor, 1, &[Uint(surface), Uint(parent)]);
            Ok(())
        }),
        (
            "attached to",
            INVALID_SURFACE_STATE,
            |peer, surface, _, buffer| {
                peer.ask(surface, 1, &[Uint(buffer), Int(0), Int(0)]);
                Ok(())
            },
        ),
        (
            "drawn",
            INVALID_SURFACE_STATE,
            |peer, surface, _, buffer| {
                peer.ask(surface, 1, &[Uint(buffer), Int(0), Int(0)]);
                peer.ask(surface, 6, &[]);
                Ok(())
            },
        ),
    ];
    let mut scene = Scene::new()?;
    for (what, error, act) in acts {
        let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
        let compositor = bad.bind("wl_compositor", 6)?;
        let surface = bad.make(compositor, 0, &[]);
        let shm = bad.bind("wl_shm", 1)?;
        let pool = bad.pool(shm, memory(&[0; 4])?, 4)?;
        let buffer = bad.make(pool, 0, &[Int(0), Int(1), Int(1), Int(4), Uint(1)]);
        act(&mut bad, surface, compositor, buffer)?;
        bad.sync()?;
        let wm_base = bad.bind("xdg_wm_base", 3)?;
        bad.make(wm_base, 2, &[Uint(surface)]);
        bad.send()?;
        let ended = bad.ended()?.map(|(object, error, _)| (object, error));
        expect_equal(what, ended, Some((wm_base, error)))?;
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn a_popup_may_belong_to_a_point() -> Result {
    let mut scene = Scene::new()?;
    let mut peer = Peer::connect(scene.fixture.client_socket()?)?;
    let wm_base = peer.bind("xdg_wm_base", 3)?;
    let positioner = peer.make(wm_base, 1, &[]);
    peer.ask(positioner, 2, &[Int(5), Int(5), Int(0), Int(0)]);
    peer.sync()?;
    peer.ask(positioner, 2, &[Int(5), Int(5), Int(-1), Int(0)]);
    peer.send()?;
    let ended = peer.ended()?.map(|(object, error, _)| (object, error));
    expect_equal("the error", ended, Some((positioner, 0)))?;
    scene.goes_on()
}

#[test]
fn sizes_are_sizes() -> Result {
    let mut scene = Scene::new()?;
    // Requests of xdg_surface and xdg_toplevel, and the error invalid_size of each.
    let geometry = [Int(0), Int(0), Int(10), Int(0)];
    let of_surface = (3, &geometry[..], 5);
    let limit = [Int(-1), Int(10)];
    let of_toplevel = [(7, &limit[..], 2), (8, &limit[..], 2)];
    for (is_surface, (request, arguments, error)) in [
        (true, of_surface),
        (false, of_toplevel[0]),
        (false, of_toplevel[1]),
    ] {
        let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
        let compositor = bad.bind("wl_compositor", 6)?;
        let surface = bad.make(compositor, 0, &[]);
        let wm_base = bad.bind("xdg_wm_base", 6)?;
        let xdg_surface = bad.make(wm_base, 2, &[Uint(surface)]);
        let toplevel = bad.make(xdg_surface, 1, &[]);
        let object = if is_surface { xdg_surface } else { toplevel };
        bad.ask(object, request, arguments);
        bad.send()?;
        let ended = bad.ended()?.map(|(object, error, _)| (object, error));
        expect_equal("the error", ended, Some((object, error)))?;
        scene.goes_on()?;
    }
    Ok(())
}
