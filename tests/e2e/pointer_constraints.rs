//! Clients that lock or confine the pointer, and viewers that tell how far they move it.

use offing_tests::vnc_client::{VncClient, button, encoding};
use offing_tests::wayland_client::protocol::Lifetime;
use offing_tests::wayland_client::{Constraint, PointerEvent, WaylandClient, Window};
use offing_tests::{Result, soon};

use crate::fixture::{expect_equal, sync, wait_for_buttons, wait_for_pointer};
use crate::scene::Scene;

const LEFT: u32 = 0x110;
/// Where the window is.
const ORIGIN: (u16, u16) = (100, 80);

/// A scene whose client is told of motions.
fn start() -> Result<Scene> {
    let mut scene = Scene::pointed()?;
    scene.client.watch_motion()?;
    scene.client.roundtrip()?;
    Ok(scene)
}

impl Scene {
    /// Another viewer, which moves the pointer by motions when that is wanted.
    fn mover(&self) -> Result<VncClient> {
        self.fixture
            .viewer_knowing(&[encoding::QEMU_POINTER_MOTION])
    }

    fn lock(&mut self, lifetime: Lifetime) -> Result<Constraint> {
        let lock = self.client.lock_pointer(self.window, &[], lifetime)?;
        self.wait_for_begin(lock)?;
        Ok(lock)
    }

    fn wait_for_begin(&mut self, constraint: Constraint) -> Result {
        let is_active = |client: &WaylandClient| client.constraint(constraint).is_active;
        self.client
            .dispatch_until(soon(), "the constraint to hold", is_active)
    }

    fn wait_for_end(&mut self, constraint: Constraint) -> Result {
        let has_ended = |client: &WaylandClient| client.constraint(constraint).ends > 0;
        self.client
            .dispatch_until(soon(), "the constraint to end", has_ended)
    }

    /// How often a lock or a confinement began to hold, after all that was done.
    fn activations(&mut self, constraint: Constraint) -> Result<usize> {
        self.settle()?;
        Ok(self.client.constraint(constraint).activations)
    }

    /// Waits for these motions, and no others.
    fn wait_for_motions(&mut self, expected: &[(f64, f64)]) -> Result {
        let what = format!("the motions {expected:?}");
        self.client
            .dispatch_until(soon(), &what, |client| motions(client) == expected)
    }

    /// Points at a place of the window, and expects the pointer at another one.
    fn expect_kept(&mut self, (x, y): (u16, u16), kept: (u16, u16)) -> Result {
        self.viewer.pointer(ORIGIN.0 + x, ORIGIN.1 + y, 0)?;
        let kept = (f64::from(kept.0), f64::from(kept.1));
        wait_for_pointer(&mut self.client, self.window, kept)
    }
}

/// The relative motions that a client was told.
fn motions(client: &WaylandClient) -> Vec<(f64, f64)> {
    let motion = |event: &PointerEvent| match event {
        PointerEvent::Relative { dx, dy, .. } => Some((*dx, *dy)),
        _ => None,
    };
    client.pointer().events.iter().filter_map(motion).collect()
}

/// Whether a client was told that the pointer is in another place.
fn has_moved(client: &WaylandClient) -> bool {
    let moves = |event: &PointerEvent| {
        matches!(
            event,
            PointerEvent::Motion { .. } | PointerEvent::Enter { .. }
        )
    };
    client.pointer().events.iter().any(moves)
}

#[test]
fn a_pointer_that_moves_also_tells_how_far() -> Result {
    let mut scene = start()?;
    scene.viewer.pointer(157, 117, 0)?;
    scene.settle()?;
    match &scene.client.pointer().events[..] {
        [
            PointerEvent::Relative { dx, dy, .. },
            PointerEvent::Motion { x, y, .. },
            PointerEvent::Frame,
        ] => expect_equal("the motion", (*dx, *dy, *x, *y), (7.0, -3.0, 57.0, 37.0)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_locked_pointer_stays_and_tells_how_far_it_would_move() -> Result {
    let mut scene = start()?;
    let mut viewer = scene.mover()?;
    viewer.wait_until(soon(), "the usual places", |it| {
        it.pointer_is_relative == [false]
    })?;
    let lock = scene.lock(Lifetime::Persistent)?;
    viewer.wait_until(soon(), "a wish for motions", |it| {
        it.pointer_is_relative == [false, true]
    })?;
    for (dx, dy, buttons) in [(30, -20, 0), (0, 0, button::LEFT), (-500, 1, button::LEFT)] {
        viewer.pointer_by(dx, dy, buttons)?;
    }
    scene.wait_for_motions(&[(30.0, -20.0), (-500.0, 1.0)])?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true)])?;
    assert!(!has_moved(&scene.client));
    assert_eq!(scene.client.pointer().focus, Some(scene.window));
    // What it holds goes up when it leaves.
    drop(viewer);
    wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])?;

    // A viewer that comes now is asked for motions at once, until the lock ends.
    let mut viewer = scene.mover()?;
    viewer.wait_until(soon(), "a wish for motions", |it| {
        it.pointer_is_relative == [true]
    })?;
    scene.client.destroy_constraint(lock)?;
    viewer.wait_until(soon(), "a wish for places", |it| {
        it.pointer_is_relative == [true, false]
    })?;
    viewer.pointer(110, 90, 0)?;
    wait_for_pointer(&mut scene.client, scene.window, (10.0, 10.0))
}

#[test]
fn places_become_motions_while_the_pointer_is_locked() -> Result {
    let mut scene = start()?;
    let lock = scene.lock(Lifetime::Persistent)?;
    let mut expected = Vec::new();
    for (place, motion) in [
        ((160, 100), (10.0, -20.0)),
        ((0, 239), (-160.0, 139.0)),
        ((5, 239), (5.0, 0.0)),
    ] {
        scene.viewer.pointer(place.0, place.1, 0)?;
        expected.push(motion);
        scene.wait_for_motions(&expected)?;
    }
    scene.viewer.pointer(5, 239, button::LEFT)?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true)])?;
    scene.viewer.pointer(5, 239, 0)?;
    // Another viewer's first place is no motion.
    let mut other = scene.fixture.viewer()?;
    other.pointer(200, 100, 0)?;
    sync(&mut other)?;
    other.pointer(203, 100, 0)?;
    expected.push((3.0, 0.0));
    scene.wait_for_motions(&expected)?;
    assert!(!has_moved(&scene.client));
    scene.client.destroy_constraint(lock)?;
    scene.client.roundtrip()?;
    other.pointer(110, 90, 0)?;
    wait_for_pointer(&mut scene.client, scene.window, (10.0, 10.0))
}

#[test]
fn a_motion_after_the_lock_moves_the_pointer() -> Result {
    let mut scene = start()?;
    let mut viewer = scene.mover()?;
    let lock = scene.lock(Lifetime::Persistent)?;
    viewer.wait_until(soon(), "a wish for motions", |it| {
        it.pointer_is_relative.last() == Some(&true)
    })?;
    scene.client.destroy_constraint(lock)?;
    scene.client.roundtrip()?;
    // It does not know yet.
    viewer.pointer_by(7, -3, 0)?;
    wait_for_pointer(&mut scene.client, scene.window, (57.0, 37.0))?;
    // Not beyond what viewers see.
    viewer.pointer_by(-8000, -8000, 0)?;
    let has_left = |client: &WaylandClient| client.pointer().focus.is_none();
    scene
        .client
        .dispatch_until(soon(), "the pointer to leave", has_left)?;
    viewer.pointer_by(105, 85, 0)?;
    wait_for_pointer(&mut scene.client, scene.window, (5.0, 5.0))
}

#[test]
fn a_lock_begins_when_the_window_has_pointer_and_keyboard() -> Result {
    let mut scene = start()?;
    scene.viewer.pointer(0, 0, 0)?;
    scene.settle()?;
    let window = scene.window;
    let lock = scene
        .client
        .lock_pointer(window, &[(0, 0, 20, 20)], Lifetime::Persistent)?;
    assert_eq!(scene.activations(lock)?, 0, "the pointer is elsewhere");
    scene.viewer.pointer(150, 120, 0)?;
    assert_eq!(scene.activations(lock)?, 0, "it is not in the region");
    scene.viewer.pointer(110, 90, 0)?;
    scene.wait_for_begin(lock)?;

    // Another window takes the keyboard.
    let mut other = scene.fixture.client()?;
    let above = other.open(Window::new("above", 9, 9).content([0; 3]))?;
    scene.wait_for_end(lock)?;
    assert_eq!(scene.activations(lock)?, 1);
    other.destroy(above)?;
    scene.wait_for_begin(lock)?;
    assert_eq!(scene.client.constraint(lock).activations, 2);
    Ok(())
}

#[test]
fn a_lock_for_once_does_not_begin_again() -> Result {
    let mut scene = start()?;
    let lock = scene.lock(Lifetime::Oneshot)?;
    let mut other = scene.fixture.client()?;
    let above = other.open(Window::new("above", 9, 9).content([0; 3]))?;
    scene.wait_for_end(lock)?;
    other.destroy(above)?;
    other.roundtrip()?;
    assert_eq!(scene.activations(lock)?, 1);
    // Another one may follow.
    scene.client.destroy_constraint(lock)?;
    scene.lock(Lifetime::Oneshot)?;
    Ok(())
}

#[test]
fn a_lock_ends_with_its_window_or_its_client() -> Result {
    for ends_client in [false, true] {
        let mut scene = start()?;
        let mut viewer = scene.mover()?;
        scene.lock(Lifetime::Persistent)?;
        viewer.wait_until(soon(), "a wish for motions", |it| {
            it.pointer_is_relative.last() == Some(&true)
        })?;
        match ends_client {
            false => scene.client.destroy(scene.window)?,
            true => drop(scene.client),
        }
        viewer.wait_until(soon(), "a wish for places", |it| {
            it.pointer_is_relative.last() == Some(&false)
        })?;
        let mut client = scene.fixture.client()?;
        let window = client.open(Window::new("next", 320, 240).content([90; 3]))?;
        viewer.pointer(110, 90, 0)?;
        client.dispatch_until(soon(), "the pointer", |it| {
            it.pointer().focus == Some(window)
        })?;
    }
    Ok(())
}

#[test]
fn when_a_lock_ends_the_pointer_is_where_the_client_drew_it() -> Result {
    let mut scene = start()?;
    let encodings = [
        encoding::QEMU_POINTER_MOTION,
        encoding::VMWARE_CURSOR_POSITION,
    ];
    let mut viewer = scene.fixture.viewer_knowing(&encodings)?;
    let lock = scene.lock(Lifetime::Persistent)?;
    scene.client.hint_cursor(lock, 30.0, 20.0)?;
    scene.client.commit(scene.window)?;
    // Not committed, and not on the surface.
    scene.client.hint_cursor(lock, 31.0, 21.0)?;
    scene.settle()?;
    sync(&mut viewer)?;
    assert!(!has_moved(&scene.client));
    expect_equal("the places told", viewer.pointer_places.len(), 0)?;
    scene.client.destroy_constraint(lock)?;
    wait_for_pointer(&mut scene.client, scene.window, (30.0, 20.0))?;
    viewer.wait_until(soon(), "the place", |it| it.pointer_places == [(130, 100)])?;
    // A hint beyond the surface does not count.
    let lock = scene.lock(Lifetime::Persistent)?;
    scene.client.hint_cursor(lock, 500.0, 20.0)?;
    scene.client.commit(scene.window)?;
    scene.client.destroy_constraint(lock)?;
    scene.settle()?;
    sync(&mut viewer)?;
    expect_equal("the places told", viewer.pointer_places, vec![(130, 100)])?;
    expect_equal("the place", scene.client.pointer().position, (30.0, 20.0))
}

#[test]
fn a_client_moves_the_pointer_by_a_lock_of_a_moment() -> Result {
    let mut scene = start()?;
    let window = scene.window;
    // Nothing is awaited in between.
    let lock = scene.client.lock_pointer(window, &[], Lifetime::Oneshot)?;
    scene.client.hint_cursor(lock, 3.0, 4.0)?;
    scene.client.commit(window)?;
    scene.client.destroy_constraint(lock)?;
    wait_for_pointer(&mut scene.client, window, (3.0, 4.0))
}

#[test]
fn a_confined_pointer_stays_in_its_region() -> Result {
    let mut scene = start()?;
    let mut viewer = scene
        .fixture
        .viewer_knowing(&[encoding::VMWARE_CURSOR_POSITION])?;
    let window = scene.window;
    // Two pieces that touch: an L.
    let pieces = [(20, 10, 40, 40), (20, 50, 90, 20)];
    let confinement = scene
        .client
        .confine_pointer(window, &pieces, Lifetime::Persistent)?;
    scene.wait_for_begin(confinement)?;
    scene.expect_kept((59, 10), (59, 10))?;
    scene.expect_kept((0, 0), (20, 10))?;
    viewer.wait_until(soon(), "the place", |it| {
        it.pointer_places.last() == Some(&(120, 90))
    })?;
    scene.expect_kept((70, 15), (59, 15))?;
    scene.expect_kept((118, 60), (109, 60))?;
    scene.expect_kept((118, 159), (109, 69))?;
    // It is not locked: viewers go on to say where.
    expect_equal("ends", scene.client.constraint(confinement).ends, 0)?;
    scene.client.destroy_constraint(confinement)?;
    scene.client.roundtrip()?;
    scene.expect_kept((0, 0), (0, 0))
}

#[test]
fn a_pointer_is_confined_to_the_surface_if_to_nothing_else() -> Result {
    let mut scene = start()?;
    let window = scene.window;
    let lifetime = Lifetime::Persistent;
    let confinement = scene.client.confine_pointer(window, &[], lifetime)?;
    scene.wait_for_begin(confinement)?;
    scene.expect_kept((219, 159), (119, 79))?;
    // Too many pieces are taken for all.
    let pieces = [(0, 0, 10, 10); 17];
    scene.client.set_constraint_region(confinement, &pieces)?;
    scene.client.commit(window)?;
    scene.settle()?;
    expect_equal("ends", scene.client.constraint(confinement).ends, 0)?;
    scene.expect_kept((50, 50), (50, 50))?;
    // Outside of its new region it is free until it is inside.
    let few = &pieces[..16];
    scene.client.set_constraint_region(confinement, few)?;
    scene.client.commit(window)?;
    scene.wait_for_end(confinement)?;
    scene.expect_kept((5, 5), (5, 5))?;
    scene.wait_for_begin(confinement)?;
    scene.expect_kept((50, 50), (9, 9))
}

#[test]
fn a_region_without_sense_keeps_the_pointer_where_it_is() -> Result {
    let mut scene = start()?;
    let window = scene.window;
    let (min, max) = (i32::MIN, i32::MAX);
    let pieces = [
        (0, 0, -5, -5),
        (min, min, max, max),
        (50, 40, 1, 1),
        (max, max, max, max),
        (max, 0, -9, 0),
    ];
    let lifetime = Lifetime::Persistent;
    let confinement = scene.client.confine_pointer(window, &pieces, lifetime)?;
    scene.wait_for_begin(confinement)?;
    for (x, y) in [(0, 0), (119, 79), (219, 159)] {
        scene.viewer.pointer(ORIGIN.0 + x, ORIGIN.1 + y, 0)?;
    }
    scene.settle()?;
    expect_equal("the place", scene.client.pointer().position, (50.0, 40.0))
}
