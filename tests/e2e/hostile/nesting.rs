//! Clients that nest surfaces, or let them bite their tails.

use offing_tests::Result;

use super::Argument::Uint;
use super::Peer;
use super::wayland::{Toplevel, peer, peer_with_surface};
use crate::peers::Scene;

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
