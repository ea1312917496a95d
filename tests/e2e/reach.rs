//! Windows can always be taken hold of, whatever moves them or the edges of the screen.

use offing_tests::vnc_client::button;
use offing_tests::wayland_client::protocol::{ResizeEdge, State};
use offing_tests::wayland_client::{WaylandClient, Window};
use offing_tests::{Result, soon};

use crate::fixture::{Fixture, Frame, expect_equal, wait_for_buttons};
use crate::windows::{LEFT, press};

#[test]
fn a_window_that_changes_its_size_stays_within_reach() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    // Of one size, so that it is not dropped into any part of the screen.
    let window = Window::new("wide", 200, 100).min_size(200, 100);
    let window = client.open(window.max_size(200, 100).content([200, 0, 0]))?;
    press(&mut viewer, &mut client, (250, 120))?;
    client.start_move(window)?;
    client.roundtrip()?;
    viewer.pointer(0, 120, button::LEFT)?;
    fixture.wait_for_frame("wide", Frame::new(-152, 70, 200, 100))?;
    viewer.pointer(0, 120, 0)?;
    client.resize(window, 100, 100);
    client.draw(window, [200, 0, 0])?;
    fixture.wait_for_frame("wide", Frame::new(-52, 70, 100, 100))
}

#[test]
fn a_window_returns_to_where_it_can_be_reached() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("full", 100, 80).content([200, 0, 0]))?;
    fixture.wait_for_frame("full", Frame::new(110, 80, 100, 80))?;
    client.set_fullscreen(window, true)?;
    client.roundtrip()?;
    fixture.wait_for_frame("full", Frame::new(0, 0, 100, 80))?;
    let resized = fixture.with(|offing| offing.resize(rfb::Size::new(100, 100)))?;
    assert_eq!(resized, Ok(()));
    client.set_fullscreen(window, false)?;
    client.roundtrip()?;
    fixture.wait_for_frame("full", Frame::new(52, 52, 100, 80))
}

#[test]
fn a_window_that_is_dragged_far_off_what_it_fills_stays_within_reach() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("full", 100, 80).content([200, 0, 0]))?;
    client.set_maximized(window, true)?;
    client.roundtrip()?;
    client.draw(window, [200, 0, 0])?;
    fixture.wait_for_frame("full", Frame::new(0, 0, 320, 240))?;
    fixture.with(|offing| offing.move_pointer_to(160, 5, 1))?;
    wait_for_buttons(&mut client, &[(LEFT, true)])?;
    client.start_move(window)?;
    client.roundtrip()?;
    // It is let go where it gets at once.
    fixture.with(|offing| {
        offing.move_pointer_to(160, 239, 1);
        offing.move_pointer_to(160, 239, 0);
    })?;
    // Where its title is, before its program has drawn it in the size that it gets back.
    fixture.wait_for_frame("full", Frame::new(110, 192, 320, 240))
}

#[test]
fn an_edge_that_is_held_takes_its_window_nowhere_out_of_reach() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("held", 100, 80).content([200, 0, 0]))?;
    fixture.wait_for_frame("held", Frame::new(110, 80, 100, 80))?;
    press(&mut viewer, &mut client, (150, 85))?;
    client.start_resize(window, ResizeEdge::Top)?;
    client.roundtrip()?;
    viewer.pointer(150, 84, button::LEFT)?;
    client.dispatch_until(soon(), "a resize", |client: &WaylandClient| {
        let last = client.surface(window).configures.last();
        last.is_some_and(|it| it.is(State::Resizing) && it.height == 81)
    })?;
    client.draw(window, [200, 0, 0])?;
    fixture.wait_for_frame("held", Frame::new(110, 79, 100, 81))?;
    // Its lower edge, which stays where it is, is outside now.
    let resized = fixture.with(|offing| offing.resize(rfb::Size::new(320, 100)))?;
    assert_eq!(resized, Ok(()));
    client.draw(window, [0, 0, 200])?;
    client.roundtrip()?;
    let frame = fixture.frame("held")?;
    expect_equal("the place", frame, Frame::new(110, 52, 100, 81))
}
