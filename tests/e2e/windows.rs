//! Windows: focus, order, moving, resizing, filling the screen, dialogs, kiosk.

use offing_tests::picture::{Picture, Rect};
use offing_tests::vnc_client::{VncClient, button};
use offing_tests::wayland_client::protocol::{Mode, ResizeEdge, State};
use offing_tests::wayland_client::{
    Configure, Content, KeyboardEvent, Surface, WaylandClient, Window,
};
use offing_tests::{Result, soon};

use crate::fixture::{
    Fixture, Frame, HEIGHT, WIDTH, config, expect_equal, sync, wait_for_buttons, wait_for_focus,
    wait_for_pointer,
};
use crate::raw::RawWindow;

/// linux/input-event-codes.h.
pub(crate) const LEFT: u32 = 0x110;

/// Waits until the last configuration of `window` is as `condition` wants it.
fn wait_for_configure(
    client: &mut WaylandClient,
    window: Surface,
    what: &str,
    condition: impl Fn(&Configure) -> bool,
) -> Result {
    client.dispatch_until(soon(), &format!("a configuration: {what}"), |client| {
        client
            .surface(window)
            .configures
            .last()
            .is_some_and(&condition)
    })
}

/// Presses the left button at (`x`, `y`), and waits until the client knows.
pub(crate) fn press(
    viewer: &mut VncClient,
    client: &mut WaylandClient,
    (x, y): (u16, u16),
) -> Result {
    client.forget_input();
    viewer.pointer(x, y, 0)?;
    viewer.pointer(x, y, button::LEFT)?;
    wait_for_buttons(client, &[(LEFT, true)])
}

#[test]
fn the_keyboard_comes_with_the_first_picture() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("slow", 100, 80))?;
    client.roundtrip()?;
    expect_equal("the focus", client.keyboard().focus, None)?;
    let entered = |event: &KeyboardEvent| matches!(event, KeyboardEvent::Enter { .. });
    assert!(!client.keyboard().events.iter().any(entered));
    expect_equal("the windows", fixture.windows()?.len(), 0)?;

    client.draw(window, [200, 0, 0])?;
    wait_for_focus(&mut client, Some(window))?;
    wait_for_configure(&mut client, window, "active", |it| it.is(State::Activated))?;
    expect_equal(
        "the active window",
        fixture.active()?.as_deref(),
        Some("slow"),
    )
}

#[test]
fn a_window_is_in_the_middle_and_the_next_beside_it() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    for (title, frame) in [
        ("one", Frame::new(110, 80, 100, 80)),
        ("two", Frame::new(142, 112, 100, 80)),
        ("three", Frame::new(174, 144, 100, 80)),
    ] {
        client.open(Window::new(title, 100, 80).content([200, 0, 0]))?;
        expect_equal(title, fixture.frame(title)?, frame)?;
    }
    // One that is larger than the screen begins on it.
    client.open(Window::new("large", 400, 300).content([200, 0, 0]))?;
    expect_equal("large", fixture.frame("large")?, Frame::new(0, 0, 400, 300))
}

#[test]
fn a_click_raises_and_focuses() -> Result {
    let fixture = Fixture::new()?;
    let (mut below, mut above) = (fixture.client()?, fixture.client()?);
    let first = below.open(Window::new("below", 100, 80).content(Content::Pattern(1)))?;
    let second = above.open(Window::new("above", 100, 80).content(Content::Pattern(2)))?;
    let mut viewer = fixture.viewer()?;
    let (one, two) = (Picture::pattern(100, 80, 1), Picture::pattern(100, 80, 2));
    let expected = fixture.empty().with(&one, 110, 80).with(&two, 142, 112);
    viewer.wait_for_picture(soon(), &expected)?;
    wait_for_focus(&mut above, Some(second))?;
    wait_for_configure(&mut below, first, "not active", |it| {
        !it.is(State::Activated)
    })?;

    viewer.click(115, 85, button::LEFT)?;
    wait_for_focus(&mut below, Some(first))?;
    wait_for_focus(&mut above, None)?;
    // The click is for the window, too.
    wait_for_buttons(&mut below, &[(LEFT, true), (LEFT, false)])?;
    wait_for_configure(&mut below, first, "active", |it| it.is(State::Activated))?;
    wait_for_configure(&mut above, second, "not active", |it| {
        !it.is(State::Activated)
    })?;
    let expected = fixture.empty().with(&two, 142, 112).with(&one, 110, 80);
    viewer.wait_for_picture(soon(), &expected)?;
    expect_equal(
        "the active window",
        fixture.active()?.as_deref(),
        Some("below"),
    )?;

    // A click beside all windows changes nothing.
    viewer.click(5, 5, button::LEFT)?;
    sync(&mut viewer)?;
    viewer.wait_for_picture(soon(), &expected)?;
    fixture.settle()?;
    below.roundtrip()?;
    expect_equal("the focus", below.keyboard().focus, Some(first))
}

#[test]
fn the_next_window_gets_the_keyboard_when_one_closes() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let colours = [[200, 0, 0], [0, 200, 0], [0, 0, 200], [200, 200, 0]];
    let mut windows = Vec::new();
    for (number, colour) in colours.into_iter().enumerate() {
        let window = Window::new(&number.to_string(), 60, 40).content(colour);
        windows.push(client.open(window)?);
    }
    // 0 comes to the front, so the order is 1, 2, 3, 0.
    let frame = fixture.frame("0")?;
    viewer.click(frame.x as u16, frame.y as u16, button::LEFT)?;
    wait_for_focus(&mut client, Some(windows[0]))?;
    client.destroy(windows[0])?;
    wait_for_focus(&mut client, Some(windows[3]))?;
    // One that is not active goes unnoticed.
    client.destroy(windows[2])?;
    client.roundtrip()?;
    expect_equal("the focus", client.keyboard().focus, Some(windows[3]))?;
    // One that takes its picture away is closed as well, until it shows again.
    client.unmap(windows[3])?;
    wait_for_focus(&mut client, Some(windows[1]))?;
    expect_equal("the windows", fixture.windows()?.len(), 1)?;
    client.destroy(windows[1])?;
    wait_for_focus(&mut client, None)?;
    viewer.wait_for_picture(soon(), &fixture.empty())
}

#[test]
fn a_window_shows_again_after_it_was_hidden() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("shy", 100, 80).content(Content::Pattern(1)))?;
    wait_for_focus(&mut client, Some(window))?;
    let shown = fixture.empty().with(&Picture::pattern(100, 80, 1), 110, 80);
    for _ in 0..3 {
        viewer.wait_for_picture(soon(), &shown)?;
        let configures = client.surface(window).configures.len();
        client.unmap(window)?;
        viewer.wait_for_picture(soon(), &fixture.empty())?;
        wait_for_focus(&mut client, None)?;
        // As at first: a commit without a picture, a configuration, a picture.
        client.commit(window)?;
        client.dispatch_until(soon(), "a new configuration", |client| {
            client.surface(window).configures.len() > configures
        })?;
        client.resize(window, 100, 80);
        client.draw(window, Content::Pattern(1))?;
        wait_for_focus(&mut client, Some(window))?;
    }
    Ok(())
}

#[test]
fn a_hidden_window_comes_back_to_where_it_was() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let shy = client.open(Window::new("shy", 100, 80).content([200, 0, 0]))?;
    let place = fixture.frame("shy")?;
    client.open(Window::new("other", 100, 80).content([0, 200, 0]))?;
    client.unmap(shy)?;
    client.roundtrip()?;
    client.open(Window::new("in its place", 100, 80).content([0, 0, 200]))?;
    expect_equal("the place", fixture.frame("in its place")?, place)?;
    client.commit(shy)?;
    client.roundtrip()?;
    client.draw(shy, [200, 0, 0])?;
    client.roundtrip()?;
    expect_equal("the place", fixture.frame("shy")?, place)
}

#[test]
fn a_window_is_moved_with_the_pointer() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    // Of one size, so that it is not dropped into any part of the screen.
    let window = Window::new("moved", 100, 80).min_size(100, 80);
    let window = window.max_size(100, 80).content(Content::Pattern(1));
    let window = client.open(window)?;
    let picture = Picture::pattern(100, 80, 1);
    press(&mut viewer, &mut client, (120, 90))?;
    client.start_move(window)?;
    client.roundtrip()?;
    // To where the window goes: a part of it stays within reach, and its top on the screen.
    let ways = [
        ((140, 85), Frame::new(130, 75, 100, 80)),
        ((10, 90), Frame::new(0, 80, 100, 80)),
        ((0, 0), Frame::new(-10, 0, 100, 80)),
        ((319, 239), Frame::new(272, 192, 100, 80)),
        ((150, 120), Frame::new(140, 110, 100, 80)),
    ];
    for ((x, y), frame) in ways {
        viewer.pointer(x, y, button::LEFT)?;
        fixture.wait_for_frame("moved", frame)?;
        if frame.x >= 0 {
            let (x, y) = (frame.x as usize, frame.y as usize);
            viewer.wait_for_picture(soon(), &fixture.empty().with(&picture, x, y))?;
        }
    }
    viewer.pointer(150, 120, 0)?;
    viewer.pointer(20, 20, 0)?;
    viewer.request_everything()?;
    let expected = fixture.empty().with(&picture, 140, 110);
    viewer.wait_for_picture(soon(), &expected)?;
    fixture.settle()?;
    expect_equal(
        "the place",
        fixture.frame("moved")?,
        Frame::new(140, 110, 100, 80),
    )?;
    // The client has the pointer again.
    client.forget_input();
    viewer.click(150, 120, button::LEFT)?;
    wait_for_buttons(&mut client, &[(LEFT, true), (LEFT, false)])
}

#[test]
fn a_viewer_that_leaves_lets_go_of_the_window() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("moved", 100, 80).content(Content::Pattern(1)))?;
    press(&mut viewer, &mut client, (120, 90))?;
    client.start_move(window)?;
    client.roundtrip()?;
    viewer.pointer(140, 85, button::LEFT)?;
    fixture.wait_for_frame("moved", Frame::new(130, 75, 100, 80))?;
    drop(viewer);
    // The window is where the pointer is.
    client.forget_input();
    client.dispatch_until(soon(), "the pointer", |client| {
        client.pointer().focus == Some(window)
    })?;
    let mut viewer = fixture.viewer()?;
    viewer.pointer(150, 100, 0)?;
    wait_for_pointer(&mut client, window, (20.0, 25.0))?;
    expect_equal(
        "the place",
        fixture.frame("moved")?,
        Frame::new(130, 75, 100, 80),
    )
}

#[test]
fn a_move_needs_a_button_that_is_held() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut other) = (fixture.client()?, fixture.client()?);
    let mut viewer = fixture.viewer()?;
    let elsewhere = other.open(Window::new("other", 60, 40).content([0, 200, 0]))?;
    let window = client.open(Window::new("still", 100, 80).content([200, 0, 0]))?;
    let frame = Frame::new(110, 80, 100, 80);
    expect_equal("the place", fixture.frame("still")?, frame)?;
    press(&mut viewer, &mut client, (120, 90))?;
    // Of another client, which knows no serial of a button.
    other.start_move(elsewhere)?;
    other.roundtrip()?;
    viewer.pointer(120, 90, 0)?;
    wait_for_buttons(&mut client, &[(LEFT, true), (LEFT, false)])?;
    // Too late.
    client.start_move(window)?;
    client.start_resize(window, ResizeEdge::BottomRight)?;
    client.roundtrip()?;
    let before = (fixture.frame("still")?, fixture.frame("other")?);
    client.forget_input();
    viewer.pointer(150, 120, 0)?;
    wait_for_pointer(&mut client, window, (40.0, 40.0))?;
    expect_equal(
        "the places",
        (fixture.frame("still")?, fixture.frame("other")?),
        before,
    )?;
    let resizing = |client: &WaylandClient| {
        let configures = &client.surface(window).configures;
        configures
            .iter()
            .any(|configure| configure.is(State::Resizing))
    };
    assert!(!resizing(&client));
    Ok(())
}

#[test]
fn a_resize_leaves_the_opposite_edge() -> Result {
    // The edge, and how a drag by (20, 10) changes left, top, width and height.
    let cases = [
        (ResizeEdge::Right, [0, 0, 20, 0]),
        (ResizeEdge::Bottom, [0, 0, 0, 10]),
        (ResizeEdge::BottomRight, [0, 0, 20, 10]),
        (ResizeEdge::Left, [20, 0, -20, 0]),
        (ResizeEdge::Top, [0, 10, 0, -10]),
        (ResizeEdge::TopLeft, [20, 10, -20, -10]),
        (ResizeEdge::TopRight, [0, 10, 20, -10]),
        (ResizeEdge::BottomLeft, [20, 0, -20, 10]),
    ];
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    for (edge, [dx, dy, dw, dh]) in cases {
        let window = client.open(Window::new("sized", 100, 80).content(Content::Pattern(1)))?;
        press(&mut viewer, &mut client, (150, 120))?;
        client.start_resize(window, edge)?;
        client.roundtrip()?;
        // There and back and there again, as a hand does.
        for (x, y) in [(170, 130), (140, 115), (170, 130)] {
            viewer.pointer(x, y, button::LEFT)?;
            let part = |change: i32| change * (i32::from(x) - 150) / 20;
            let (width, height) = (100 + part(dw), 80 + part(dh));
            let what = format!("{width}x{height}, by {edge:?}");
            wait_for_configure(&mut client, window, &what, |it| {
                (it.width, it.height) == (width, height) && it.is(State::Resizing)
            })?;
            client.draw(window, Content::Pattern(2))?;
            let frame = Frame::new(110 + part(dx), 80 + part(dy), width, height);
            fixture.wait_for_frame("sized", frame)?;
            let picture = Picture::pattern(width as usize, height as usize, 2);
            let (x, y) = (frame.x as usize, frame.y as usize);
            viewer.wait_for_picture(soon(), &fixture.empty().with(&picture, x, y))?;
        }
        viewer.pointer(170, 130, 0)?;
        wait_for_configure(&mut client, window, "no longer resizing", |it| {
            !it.is(State::Resizing) && (it.width, it.height) == (100 + dw, 80 + dh)
        })?;
        client.draw(window, Content::Pattern(3))?;
        client.roundtrip()?;
        let frame = Frame::new(110 + dx, 80 + dy, 100 + dw, 80 + dh);
        expect_equal("the place in the end", fixture.frame("sized")?, frame)?;
        // From now on its own changes of size leave the upper left corner.
        client.resize(window, 50, 30);
        client.draw(window, Content::Pattern(3))?;
        client.roundtrip()?;
        let frame = Frame::new(110 + dx, 80 + dy, 50, 30);
        expect_equal("the place afterwards", fixture.frame("sized")?, frame)?;
        client.destroy(window)?;
    }
    Ok(())
}

#[test]
fn a_client_that_draws_another_size_keeps_the_edge() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    // As a terminal does: whole cells of 7x13.
    let window = client.open(Window::new("cells", 98, 78).content([200, 0, 0]))?;
    let frame = fixture.frame("cells")?;
    let (right, bottom) = (frame.x + 98, frame.y + 78);
    press(&mut viewer, &mut client, (150, 120))?;
    client.start_resize(window, ResizeEdge::TopLeft)?;
    client.roundtrip()?;
    for (dx, dy) in [(-10, -20), (5, -3), (-33, 20)] {
        viewer.pointer((150 + dx) as u16, (120 + dy) as u16, button::LEFT)?;
        wait_for_configure(&mut client, window, "the drag's size", |it| {
            (it.width, it.height) == (98 - dx, 78 - dy)
        })?;
        let (width, height) = ((98 - dx) / 7 * 7, (78 - dy) / 13 * 13);
        client.resize(window, width, height);
        client.draw(window, [200, 0, 0])?;
        let frame = Frame::new(right - width, bottom - height, width, height);
        fixture.wait_for_frame("cells", frame)?;
    }
    Ok(())
}

#[test]
fn a_resize_respects_the_limits() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = Window::new("limited", 100, 80)
        .min_size(70, 60)
        .max_size(120, 90)
        .content([200, 0, 0]);
    let window = client.open(window)?;
    press(&mut viewer, &mut client, (150, 120))?;
    client.start_resize(window, ResizeEdge::BottomRight)?;
    client.roundtrip()?;
    for ((x, y), size) in [
        ((0, 0), (70, 60)),
        ((319, 239), (120, 90)),
        ((151, 0), (101, 60)),
        ((0, 121), (70, 81)),
    ] {
        viewer.pointer(x, y, button::LEFT)?;
        wait_for_configure(&mut client, window, &format!("{size:?}"), |it| {
            (it.width, it.height) == size
        })?;
    }
    Ok(())
}

#[test]
fn a_window_is_never_resized_to_nothing() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("small", 100, 80).content([200, 0, 0]))?;
    press(&mut viewer, &mut client, (200, 150))?;
    client.start_resize(window, ResizeEdge::BottomRight)?;
    client.roundtrip()?;
    viewer.pointer(0, 0, button::LEFT)?;
    wait_for_configure(&mut client, window, "1x1", |it| {
        (it.width, it.height) == (1, 1)
    })
}

/// What fills the screen, and how a client asks for it and is told.
#[derive(Clone, Copy, Debug)]
enum Fill {
    Maximized,
    Fullscreen,
}

impl Fill {
    fn ask(self, client: &mut WaylandClient, window: Surface, on: bool) -> Result {
        match self {
            Self::Maximized => client.set_maximized(window, on),
            Self::Fullscreen => client.set_fullscreen(window, on),
        }
    }

    fn state(self) -> State {
        match self {
            Self::Maximized => State::Maximized,
            Self::Fullscreen => State::Fullscreen,
        }
    }
}

#[test]
fn a_window_fills_the_screen_and_returns() -> Result {
    let whole = Frame::new(0, 0, WIDTH as i32, HEIGHT as i32);
    for fill in [Fill::Maximized, Fill::Fullscreen] {
        let fixture = Fixture::new()?;
        let mut client = fixture.client()?;
        let mut viewer = fixture.viewer()?;
        let window = client.open(Window::new("filling", 100, 80).content(Content::Pattern(1)))?;
        let before = fixture.frame("filling")?;
        for _ in 0..2 {
            fill.ask(&mut client, window, true)?;
            wait_for_configure(&mut client, window, "the whole screen", |it| {
                it.is(fill.state()) && (it.width, it.height) == (WIDTH as i32, HEIGHT as i32)
            })?;
            client.draw(window, Content::Pattern(2))?;
            viewer.wait_for_picture(soon(), &Picture::pattern(WIDTH, HEIGHT, 2))?;
            expect_equal("the place", fixture.frame("filling")?, whole)?;

            fill.ask(&mut client, window, false)?;
            wait_for_configure(&mut client, window, "its own size", |it| {
                !it.is(fill.state()) && (it.width, it.height) == (100, 80)
            })?;
            client.draw(window, Content::Pattern(3))?;
            let expected = fixture.empty().with(&Picture::pattern(100, 80, 3), 110, 80);
            viewer.wait_for_picture(soon(), &expected)?;
            expect_equal("the place", fixture.frame("filling")?, before)?;
        }
    }
    Ok(())
}

#[test]
fn fullscreen_returns_to_maximised_and_that_to_the_old_place() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("twice", 100, 80).content([200, 0, 0]))?;
    let whole = (WIDTH as i32, HEIGHT as i32);
    let steps = [
        (Fill::Maximized, true, whole),
        (Fill::Fullscreen, true, whole),
        (Fill::Fullscreen, false, whole),
        (Fill::Maximized, false, (100, 80)),
    ];
    for (fill, on, size) in steps {
        fill.ask(&mut client, window, on)?;
        wait_for_configure(&mut client, window, &format!("{fill:?} {on}"), |it| {
            it.is(fill.state()) == on && (it.width, it.height) == size
        })?;
        client.draw(window, [200, 0, 0])?;
        client.roundtrip()?;
    }
    expect_equal(
        "the place",
        fixture.frame("twice")?,
        Frame::new(110, 80, 100, 80),
    )
}

#[test]
fn a_window_that_opens_filling_chooses_its_own_size_later() -> Result {
    for (fill, window) in [
        (Fill::Maximized, Window::new("filling", 100, 80).maximized()),
        (
            Fill::Fullscreen,
            Window::new("filling", 100, 80).fullscreen(),
        ),
    ] {
        let fixture = Fixture::new()?;
        let mut client = fixture.client()?;
        let window = client.open(window.content(Content::Pattern(1)))?;
        let first = &client.surface(window).configures[0];
        expect_equal("the first size", (first.width, first.height), (320, 240))?;
        assert!(first.is(fill.state()), "{first:?}");
        fixture
            .viewer()?
            .wait_for_picture(soon(), &Picture::pattern(WIDTH, HEIGHT, 1))?;
        fill.ask(&mut client, window, false)?;
        wait_for_configure(&mut client, window, "any size", |it| {
            !it.is(fill.state()) && (it.width, it.height) == (0, 0)
        })?;
        client.resize(window, 100, 80);
        client.draw(window, Content::Pattern(1))?;
        client.roundtrip()?;
        let frame = fixture.frame("filling")?;
        expect_equal("the size", (frame.width, frame.height), (100, 80))?;
        assert!(frame.x + 100 <= 320 && frame.y + 80 <= 240, "{frame:?}");
    }
    Ok(())
}

#[test]
fn a_maximised_window_is_taken_off_by_a_drag() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("dragged", 100, 80).content([200, 0, 0]))?;
    client.set_maximized(window, true)?;
    wait_for_configure(&mut client, window, "maximised", |it| {
        it.is(State::Maximized)
    })?;
    client.draw(window, [200, 0, 0])?;
    client.roundtrip()?;
    press(&mut viewer, &mut client, (160, 5))?;
    client.start_move(window)?;
    client.roundtrip()?;
    // Not by a click.
    viewer.pointer(164, 8, button::LEFT)?;
    sync(&mut viewer)?;
    fixture.settle()?;
    client.roundtrip()?;
    let last = client.surface(window).configures.last();
    assert!(last.is_some_and(|it| it.is(State::Maximized)));
    viewer.pointer(160, 20, button::LEFT)?;
    wait_for_configure(&mut client, window, "its own size", |it| {
        !it.is(State::Maximized) && (it.width, it.height) == (100, 80)
    })?;
    client.draw(window, [200, 0, 0])?;
    client.roundtrip()?;
    // Still under the pointer, at the same share of its width.
    expect_equal(
        "the place",
        fixture.frame("dragged")?,
        Frame::new(110, 15, 100, 80),
    )?;
    viewer.pointer(170, 40, button::LEFT)?;
    fixture.wait_for_frame("dragged", Frame::new(120, 35, 100, 80))
}

#[test]
fn dialogs_stay_above_their_parents() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut stranger) = (fixture.client()?, fixture.client()?);
    let mut viewer = fixture.viewer()?;
    let parent = client.open(Window::new("parent", 160, 120).content(Content::Pattern(1)))?;
    let dialog = client.open(Window::new("dialog", 60, 40))?;
    client
        .toplevel(dialog)?
        .set_parent(Some(client.toplevel(parent)?));
    client.draw(dialog, Content::Pattern(2))?;
    client.roundtrip()?;
    // Over the middle of its parent.
    expect_equal(
        "the place",
        fixture.frame("dialog")?,
        Frame::new(130, 100, 60, 40),
    )?;
    let (below, above) = (Picture::pattern(160, 120, 1), Picture::pattern(60, 40, 2));
    let expected = fixture.empty().with(&below, 80, 60).with(&above, 130, 100);
    viewer.wait_for_picture(soon(), &expected)?;
    viewer.click(85, 65, button::LEFT)?;
    wait_for_focus(&mut client, Some(parent))?;
    sync(&mut viewer)?;
    viewer.wait_for_picture(soon(), &expected)?;
    // Another window comes between them and the screen, and both come back together.
    stranger.open(Window::new("stranger", 320, 100).content(Content::Pattern(3)))?;
    let covered = expected.clone().with(&Picture::pattern(320, 100, 3), 0, 70);
    viewer.wait_for_picture(soon(), &covered)?;
    viewer.click(85, 65, button::LEFT)?;
    let all = fixture.empty().with(&Picture::pattern(320, 100, 3), 0, 70);
    let all = all.with(&below, 80, 60).with(&above, 130, 100);
    viewer.wait_for_picture(soon(), &all)
}

#[test]
fn in_a_kiosk_windows_fill_the_screen_and_dialogs_float() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.kiosk = true;
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = Window::new("kiosk", 100, 80)
        .decoration(Mode::ClientSide)
        .content(Content::Pattern(1));
    let window = client.open(window)?;
    let whole = (WIDTH as i32, HEIGHT as i32);
    let filling = |it: &Configure| (it.width, it.height) == whole && it.is(State::Fullscreen);
    assert!(filling(&client.surface(window).configures[0]));
    viewer.wait_for_picture(soon(), &Picture::pattern(WIDTH, HEIGHT, 1))?;
    // Nobody draws decorations.
    let modes = &client.surface(window).decorations;
    assert!(
        !modes.is_empty() && modes.iter().all(|mode| *mode == Mode::ServerSide),
        "{modes:?}"
    );
    // It cannot leave.
    for fill in [Fill::Fullscreen, Fill::Maximized] {
        let configures = client.surface(window).configures.len();
        fill.ask(&mut client, window, false)?;
        client.dispatch_until(soon(), "an answer", |client| {
            client.surface(window).configures.len() > configures
        })?;
        wait_for_configure(&mut client, window, "the whole screen", filling)?;
    }

    let dialog = RawWindow::open(&mut client, "dialog", (60, 40), Some(window))?;
    let surface = dialog.surface;
    let (width, height, _) = dialog.own.told().configures[0];
    expect_equal("the dialog's first size", (width, height), (0, 0))?;
    assert!(!dialog.is(State::Fullscreen));
    client.draw(surface, Content::Pattern(2))?;
    client.roundtrip()?;
    expect_equal(
        "the dialog",
        fixture.frame("dialog")?,
        Frame::new(130, 100, 60, 40),
    )?;
    let expected = Picture::pattern(WIDTH, HEIGHT, 1);
    let expected = expected.with(&Picture::pattern(60, 40, 2), 130, 100);
    viewer.wait_for_picture(soon(), &expected)?;
    wait_for_focus(&mut client, Some(surface))
}

#[test]
fn shadows_are_no_part_of_a_window() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    // 20 pixels to the left, 10 above, 30 to the right and 40 below.
    let window = RawWindow::open(&mut client, "shadowed", (150, 130), None)?;
    window.xdg_surface.set_window_geometry(20, 10, 100, 80);
    client.draw(window.surface, Content::Pattern(1))?;
    client.roundtrip()?;
    expect_equal(
        "the place",
        fixture.frame("shadowed")?,
        Frame::new(110, 80, 100, 80),
    )?;
    let picture = Picture::pattern(150, 130, 1);
    viewer.wait_for_picture(soon(), &fixture.empty().with(&picture, 90, 70))?;
    viewer.pointer(110, 80, 0)?;
    wait_for_pointer(&mut client, window.surface, (20.0, 10.0))?;

    window.toplevel.set_maximized();
    client.dispatch_until(soon(), "the whole screen", |_| {
        window.is(State::Maximized)
            && window
                .own
                .told()
                .configures
                .last()
                .is_some_and(|it| (it.0, it.1) == (320, 240))
    })?;
    client.resize(window.surface, 370, 290);
    window.xdg_surface.set_window_geometry(20, 10, 320, 240);
    client.draw(window.surface, Content::Pattern(2))?;
    let picture = Picture::pattern(370, 290, 2).crop(Rect::new(20, 10, WIDTH, HEIGHT));
    viewer.wait_for_picture(soon(), &picture)?;
    expect_equal(
        "the place",
        fixture.frame("shadowed")?,
        Frame::new(0, 0, 320, 240),
    )
}

#[test]
fn a_window_is_no_larger_than_what_it_shows() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = RawWindow::open(&mut client, "small", (20, 20), None)?;
    window
        .xdg_surface
        .set_window_geometry(10, -500_000, 1_000_000, 1_000_000);
    client.draw(window.surface, Content::Pattern(1))?;
    client.roundtrip()?;
    expect_equal(
        "the place",
        fixture.frame("small")?,
        Frame::new(155, 110, 10, 20),
    )
}

#[test]
fn a_window_that_fills_the_screen_is_not_resized_any_more() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("held", 100, 80).content([200, 0, 0]))?;
    press(&mut viewer, &mut client, (150, 120))?;
    client.start_resize(window, ResizeEdge::BottomRight)?;
    client.set_maximized(window, true)?;
    wait_for_configure(&mut client, window, "the whole screen", |it| {
        it.is(State::Maximized) && (it.width, it.height) == (320, 240)
    })?;
    viewer.pointer(160, 130, button::LEFT)?;
    viewer.pointer(160, 130, 0)?;
    sync(&mut viewer)?;
    fixture.settle()?;
    client.roundtrip()?;
    let last = client.surface(window).configures.last();
    let last = last.map(|it| (it.width, it.height, it.is(State::Resizing)));
    expect_equal("the size", last, Some((320, 240, false)))
}
