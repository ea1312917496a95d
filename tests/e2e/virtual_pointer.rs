//! Programs that move the pointer in the place of a person.

use offing_tests::wayland_client::protocol::wl_pointer::{Axis, AxisSource, ButtonState};
use offing_tests::wayland_client::{PointerEvent, WaylandClient};
use offing_tests::{ErrorKind, Result, soon};
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_manager_v1::ZwlrVirtualPointerManagerV1;
use wayland_protocols_wlr::virtual_pointer::v1::client::zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1;

use crate::fixture::{
    HEIGHT, WIDTH, expect_equal, wait_for_buttons, wait_for_focus, wait_for_pointer,
};
use crate::raw::{Own, bind};
use crate::scene::Scene;

const LEFT: u32 = 0x110;
/// A button that no viewer has.
const TASK: u32 = 0x117;

/// A virtual pointer of a client.
pub(crate) fn pointer(client: &WaylandClient) -> Result<ZwlrVirtualPointerV1> {
    let own = Own::default();
    let manager: ZwlrVirtualPointerManagerV1 = bind(client, 2, &own)?;
    Ok(manager.create_virtual_pointer(None, &client.queue_handle(), own))
}

#[test]
fn a_program_points_and_clicks_when_it_says_that_this_is_all() -> Result {
    let mut scene = Scene::new()?;
    let mut program = scene.fixture.client()?;
    let pointer = pointer(&program)?;
    // The window is at (100, 80).
    pointer.motion_absolute(0, 110, 90, WIDTH as u32, HEIGHT as u32);
    pointer.motion(0, 20.0, 10.0);
    pointer.button(0, LEFT, ButtonState::Pressed);
    program.roundtrip()?;
    scene.settle()?;
    expect_equal(
        "what came before the end",
        &scene.client.pointer().buttons(),
        &vec![],
    )?;
    pointer.button(0, LEFT, ButtonState::Released);
    pointer.button(0, TASK, ButtonState::Pressed);
    pointer.frame();
    program.roundtrip()?;
    wait_for_pointer(&mut scene.client, scene.window, (30.0, 20.0))?;
    wait_for_buttons(
        &mut scene.client,
        &[(LEFT, true), (LEFT, false), (TASK, true)],
    )?;
    wait_for_focus(&mut scene.client, Some(scene.window))?;

    // It stays on the screen.
    pointer.button(0, TASK, ButtonState::Released);
    pointer.motion(0, 1e6, -1e6);
    pointer.frame();
    pointer.motion(0, -200.0, 100.0);
    pointer.frame();
    program.roundtrip()?;
    wait_for_pointer(&mut scene.client, scene.window, (19.0, 20.0))
}

#[test]
fn a_program_turns_the_wheel() -> Result {
    let mut scene = Scene::pointed()?;
    let mut program = scene.fixture.client()?;
    let pointer = pointer(&program)?;
    pointer.axis_source(AxisSource::Wheel);
    pointer.axis_discrete(0, Axis::VerticalScroll, 30.0, 2);
    pointer.frame();
    program.roundtrip()?;
    let is_turn = |event: &PointerEvent| matches!(event, PointerEvent::Axis { axis: Axis::VerticalScroll, value, .. } if *value == 30.0);
    let is_steps = |event: &PointerEvent| {
        let vertical = Axis::VerticalScroll;
        *event
            == PointerEvent::AxisValue120 {
                axis: vertical,
                value: 240,
            }
            || *event
                == PointerEvent::AxisDiscrete {
                    axis: vertical,
                    steps: 2,
                }
    };
    scene
        .client
        .dispatch_until(soon(), "two notches", |client| {
            let events = &client.pointer().events;
            events.contains(&PointerEvent::AxisSource(AxisSource::Wheel))
                && events.iter().any(is_turn)
                && events.iter().any(is_steps)
        })
}

#[test]
fn a_button_goes_up_when_the_last_who_holds_it_lets_go() -> Result {
    let mut scene = Scene::pointed()?;
    let mut program = scene.fixture.client()?;
    let pointer = pointer(&program)?;
    scene.viewer.pointer(150, 120, 1)?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true)])?;
    for button in [LEFT, TASK] {
        pointer.button(0, button, ButtonState::Pressed);
        // Pressed twice is pressed.
        pointer.button(0, button, ButtonState::Pressed);
    }
    pointer.frame();
    program.roundtrip()?;
    wait_for_buttons(&mut scene.client, &[(LEFT, true), (TASK, true)])?;
    scene.viewer.pointer(150, 120, 0)?;
    scene.settle()?;
    // With its program, what the pointer held is released.
    drop(program);
    let expected = [(LEFT, true), (TASK, true), (LEFT, false), (TASK, false)];
    wait_for_buttons(&mut scene.client, &expected)
}

#[test]
fn a_program_that_never_says_that_this_is_all_does_not_fill_memory() -> Result {
    let mut scene = Scene::pointed()?;
    let mut program = scene.fixture.client()?;
    let pointer = pointer(&program)?;
    for _ in 0..10_000 {
        pointer.motion(0, 1.0, 0.0);
    }
    program.roundtrip()?;
    // Done before its time.
    scene
        .client
        .dispatch_until(soon(), "the pointer to leave", |client| {
            client.pointer().focus.is_none()
        })
}

#[test]
fn a_program_with_too_many_pointers_is_disconnected() -> Result {
    let mut scene = Scene::new()?;
    let mut program = scene.fixture.client()?;
    let pointers: Result<Vec<_>> = (0..17).map(|_| pointer(&program)).collect();
    pointers?;
    let told = program
        .roundtrip()
        .expect_err("it is told that it is too much");
    expect_equal("what it is told", told.kind(), ErrorKind::Refused)?;
    assert!(told.to_string().contains("virtual pointers"), "{told}");
    scene.settle()
}
