//! The sizes of windows that fill nothing: the client's choice, within the room that there is.

use offing_tests::Result;
use offing_tests::soon;
use offing_tests::wayland_client::protocol::{Layer, Mode, PanelAnchor, State};
use offing_tests::wayland_client::{Panel, Surface, WaylandClient, Window};

use crate::fixture::{Fixture, Frame, expect_equal, wait_for_focus};

const RED: [u8; 3] = [200, 0, 0];
const BLUE: [u8; 3] = [0, 0, 200];

/// The size that `window` was asked for last; 0 leaves the choice to it.
fn asked(client: &WaylandClient, window: Surface) -> (i32, i32) {
    let last = client.surface(window).configures.last();
    last.map_or((0, 0), |last| (last.width, last.height))
}

/// Opens a window and waits until it has been told that it is active.
fn open(client: &mut WaylandClient, window: Window) -> Result<Surface> {
    let window = client.open(window.content(RED))?;
    wait_for_focus(client, Some(window))?;
    client.dispatch_until(soon(), "an active window", |client| {
        let last = client.surface(window).configures.last();
        last.is_some_and(|last| last.is(State::Activated))
    })?;
    Ok(window)
}

#[test]
fn a_new_window_larger_than_the_room_is_asked_to_fit() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = open(&mut client, Window::new("large", 400, 100))?;
    expect_equal("the size", asked(&client, window), (320, 100))?;
    client.draw(window, RED)?;
    fixture.wait_for_frame("large", Frame::new(0, 70, 320, 100))?;

    // Below a bar, and with a title bar of its own.
    let top = PanelAnchor::Top | PanelAnchor::Left | PanelAnchor::Right;
    client.open_panel(Panel::new(Layer::Top, top, 0, 24).zone(24).content(BLUE))?;
    let larger = Window::new("larger", 800, 600).decoration(Mode::ServerSide);
    let window = open(&mut client, larger)?;
    let size = (320 - 2, 240 - 24 - 28 - 1);
    expect_equal("the size", asked(&client, window), size)?;
    client.draw(window, RED)?;
    fixture.wait_for_frame("larger", Frame::new(1, 24 + 28, size.0, size.1))
}

#[test]
fn a_window_is_not_asked_for_a_size_that_it_does_not_take() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let wide = Window::new("wide", 500, 300).min_size(400, 100);
    let wide = open(&mut client, wide)?;
    expect_equal("the size", asked(&client, wide), (400, 240))?;

    let fixed = Window::new("fixed", 400, 300);
    let fixed = fixed.min_size(400, 300).max_size(400, 300);
    let fixed = open(&mut client, fixed)?;
    expect_equal("the size", asked(&client, fixed), (0, 0))?;

    let small = open(&mut client, Window::new("small", 320, 240))?;
    expect_equal("the size", asked(&client, small), (0, 0))
}

#[test]
fn a_client_may_stay_larger_than_the_room() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = open(&mut client, Window::new("large", 400, 100))?;
    // It does not do as it was asked.
    client.resize(window, 400, 100);
    client.draw(window, RED)?;
    fixture.wait_for_frame("large", Frame::new(0, 70, 400, 100))
}

#[test]
fn a_size_that_a_client_chooses_is_not_taken_back() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = open(&mut client, Window::new("grows", 120, 80))?;
    for (maximized, size) in [(true, (320, 240)), (false, (120, 80))] {
        client.set_maximized(window, maximized)?;
        client.dispatch_until(soon(), "another size", |client| {
            asked(client, window) == size
        })?;
        client.draw(window, RED)?;
    }
    client.resize(window, 200, 150);
    client.draw(window, RED)?;
    client.roundtrip()?;

    // Another one becomes active.
    open(&mut client, Window::new("other", 50, 50))?;
    client.dispatch_until(soon(), "a window that is not active", |client| {
        let last = client.surface(window).configures.last();
        last.is_some_and(|last| !last.is(State::Activated))
    })?;
    expect_equal("the size", asked(&client, window), (200, 150))
}
