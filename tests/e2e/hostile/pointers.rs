//! Wayland clients that move the pointer without a pause, and those that do not hear of it.

use offing_tests::wayland_client::{Content, Window};
use offing_tests::{Result, soon};

use super::Argument::{Int, Uint};
use super::Peer;
use crate::fixture::{HEIGHT, WIDTH, wait_for_buttons, wait_for_pointer};
use crate::peers::Scene;

/// Requests of zwlr_virtual_pointer_v1.
const MOTION_ABSOLUTE: u16 = 1;
const BUTTON: u16 = 2;
const FRAME: u16 = 4;
/// linux/input-event-codes.h.
const LEFT: u32 = 0x110;

#[test]
fn motions_of_programs_do_not_flood_who_is_busy() -> Result {
    let mut scene = Scene::new()?;
    // Over the middle of the other window.
    let mut other = scene.fixture.client()?;
    let small = other.open(Window::new("small", 20, 20).content(Content::Pattern(7)))?;
    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    let manager = bad.bind("zwlr_virtual_pointer_manager_v1", 1)?;
    let pointer = bad.new_number();
    bad.ask(manager, 0, &[Uint(0), Uint(pointer)]);
    let place = |peer: &mut Peer, x: u32, y: u32| {
        let screen = [Uint(WIDTH as u32), Uint(HEIGHT as u32)];
        let [width, height] = screen;
        let arguments = [Uint(0), Uint(x), Uint(y), width, height];
        peer.ask(pointer, MOTION_ABSOLUTE, &arguments);
        peer.ask(pointer, FRAME, &[]);
    };
    // Meanwhile the client of the window reads nothing.
    let mut x = 115;
    bad.repeat(60_000, |peer| {
        x = 231 - x;
        place(peer, x, 85);
    })?;
    place(&mut bad, 130, 100);
    bad.sync()?;
    // Nobody else has to wait for it.
    scene.viewer.pointer(160, 120, 0)?;
    wait_for_pointer(&mut other, small, (10.0, 10.0))?;
    place(&mut bad, 130, 100);
    // What it presses it presses where it is.
    for pressed in [1, 0] {
        bad.ask(pointer, BUTTON, &[Uint(0), Uint(LEFT), Int(pressed)]);
        bad.ask(pointer, FRAME, &[]);
    }
    bad.sync()?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])?;
    wait_for_pointer(&mut scene.client, scene.window, (20.0, 20.0))?;
    other.destroy(small)?;
    other.dispatch_until(soon(), "the pointer to leave", |client| {
        client.pointer().focus.is_none()
    })?;
    drop(bad);
    scene.goes_on()
}
