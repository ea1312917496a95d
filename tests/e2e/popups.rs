//! Popups: where they go, and how a click elsewhere ends them.

use offing_tests::picture::Picture;
use offing_tests::vnc_client::{VncClient, button};
use offing_tests::wayland_client::protocol::{Anchor, ConstraintAdjustment as Adjust, Gravity};
use offing_tests::wayland_client::{
    Content, PointerEvent, Positioner, Surface, WaylandClient, Window,
};
use offing_tests::{Result, soon};

use crate::fixture::{
    Fixture, Frame, HEIGHT, WIDTH, expect_equal, sync, wait_for_buttons, wait_for_focus,
    wait_for_pointer,
};

const LEFT: u32 = 0x110;

/// A popup to be placed: the rectangle it belongs to, anchor, gravity, its size, what may be
/// adjusted, and where it goes then, with its size.
type Case = (
    (i32, i32, i32, i32),
    Anchor,
    Gravity,
    (i32, i32),
    Adjust,
    (i32, i32, i32, i32),
);

/// Opens a popup for each case, and looks where it is: what is told, and what is drawn with the
/// parent's upper left corner at `origin`.
fn check(window: Window, title: &str, cases: &[Case]) -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(window.content([60, 70, 80]))?;
    let frame = fixture.frame(title)?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    let parent = Picture::solid(width, height, [60, 70, 80]);
    let below = fixture
        .empty()
        .with(&parent, frame.x as usize, frame.y as usize);
    for (number, (anchor_rect, anchor, gravity, size, adjustment, expected)) in
        cases.iter().copied().enumerate()
    {
        let positioner = Positioner {
            size,
            anchor_rect,
            anchor,
            gravity,
            adjustment,
            offset: (0, 0),
            reactive: false,
        };
        let popup = client.open_popup(window, &positioner, Content::Pattern(1))?;
        let placement = client.surface(popup).placements[0];
        let found = (placement.x, placement.y, placement.width, placement.height);
        expect_equal(&format!("case {number}, {adjustment:?}"), found, expected)?;
        let (x, y, width, height) = expected;
        let drawn = Picture::pattern(width as usize, height as usize, 1);
        let (x, y) = ((x + frame.x) as usize, (y + frame.y) as usize);
        viewer
            .wait_for_picture(soon(), &below.clone().with(&drawn, x, y))
            .map_err(|error| error.context(format!("case {number}")))?;
        client.destroy(popup)?;
        viewer.wait_for_picture(soon(), &below)?;
    }
    Ok(())
}

#[test]
fn popups_are_adjusted_at_the_edges_of_the_screen() -> Result {
    use {Anchor as A, Gravity as G};
    let none = Adjust::empty();
    let slide = Adjust::SlideX | Adjust::SlideY;
    let flip = Adjust::FlipX | Adjust::FlipY;
    let resize = Adjust::ResizeX | Adjust::ResizeY;
    let right = (300, 100, 10, 10);
    let bottom = (100, 220, 10, 10);
    let left = (5, 100, 10, 10);
    let top = (100, 5, 10, 10);
    let corner = (300, 220, 10, 10);
    let (small, wide) = ((60, 40), (310, 40));
    check(
        Window::new("whole", WIDTH as i32, HEIGHT as i32),
        "whole",
        &[
            // Room enough: nothing is adjusted.
            (
                (50, 50, 10, 10),
                A::BottomLeft,
                G::BottomRight,
                small,
                slide | flip | resize,
                (50, 60, 60, 40),
            ),
            (
                (50, 50, 10, 10),
                A::TopRight,
                G::TopRight,
                small,
                slide | flip | resize,
                (60, 10, 60, 40),
            ),
            (
                (150, 150, 10, 20),
                A::None,
                G::None,
                small,
                slide | flip | resize,
                (125, 140, 60, 40),
            ),
            (
                (150, 150, 10, 10),
                A::Left,
                G::Left,
                small,
                slide | flip | resize,
                (90, 135, 60, 40),
            ),
            // To the right.
            (
                right,
                A::BottomLeft,
                G::BottomRight,
                small,
                none,
                (300, 110, 60, 40),
            ),
            (
                right,
                A::BottomLeft,
                G::BottomRight,
                small,
                Adjust::SlideX,
                (260, 110, 60, 40),
            ),
            (
                right,
                A::BottomLeft,
                G::BottomRight,
                small,
                Adjust::FlipX,
                (250, 110, 60, 40),
            ),
            (
                right,
                A::BottomLeft,
                G::BottomRight,
                small,
                Adjust::ResizeX,
                (300, 110, 20, 40),
            ),
            (
                right,
                A::BottomLeft,
                G::BottomRight,
                small,
                Adjust::SlideY,
                (300, 110, 60, 40),
            ),
            // Flipping is tried first, then sliding, then resizing.
            (
                right,
                A::BottomLeft,
                G::BottomRight,
                small,
                slide | flip,
                (250, 110, 60, 40),
            ),
            (
                right,
                A::BottomLeft,
                G::BottomRight,
                small,
                slide | resize,
                (260, 110, 60, 40),
            ),
            (
                (200, 100, 10, 10),
                A::BottomLeft,
                G::BottomRight,
                wide,
                slide | flip,
                (10, 110, 310, 40),
            ),
            // Down.
            (
                bottom,
                A::BottomLeft,
                G::BottomRight,
                small,
                none,
                (100, 230, 60, 40),
            ),
            (
                bottom,
                A::BottomLeft,
                G::BottomRight,
                small,
                Adjust::SlideY,
                (100, 200, 60, 40),
            ),
            (
                bottom,
                A::BottomLeft,
                G::BottomRight,
                small,
                Adjust::FlipY,
                (100, 180, 60, 40),
            ),
            (
                bottom,
                A::BottomLeft,
                G::BottomRight,
                small,
                Adjust::ResizeY,
                (100, 230, 60, 10),
            ),
            (
                bottom,
                A::BottomLeft,
                G::BottomRight,
                small,
                Adjust::FlipX,
                (100, 230, 60, 40),
            ),
            // To the left, and up.
            (
                left,
                A::TopLeft,
                G::BottomLeft,
                small,
                Adjust::SlideX,
                (0, 100, 60, 40),
            ),
            (
                left,
                A::TopLeft,
                G::BottomLeft,
                small,
                Adjust::FlipX,
                (15, 100, 60, 40),
            ),
            (
                top,
                A::TopLeft,
                G::TopRight,
                small,
                Adjust::SlideY,
                (100, 0, 60, 40),
            ),
            (
                top,
                A::TopLeft,
                G::TopRight,
                small,
                Adjust::FlipY,
                (100, 15, 60, 40),
            ),
            // Both ways at once.
            (
                corner,
                A::BottomRight,
                G::BottomRight,
                small,
                slide,
                (260, 200, 60, 40),
            ),
            (
                corner,
                A::BottomRight,
                G::BottomRight,
                small,
                flip,
                (240, 180, 60, 40),
            ),
            (
                corner,
                A::BottomRight,
                G::BottomRight,
                small,
                resize,
                (310, 230, 10, 10),
            ),
            (
                corner,
                A::BottomRight,
                G::BottomRight,
                small,
                Adjust::SlideX | Adjust::FlipY,
                (260, 180, 60, 40),
            ),
        ],
    )
}

#[test]
fn the_edges_are_those_of_the_screen_not_of_the_window() -> Result {
    use {Anchor as A, Gravity as G};
    let slide = Adjust::SlideX | Adjust::SlideY;
    // The window is at (110, 80), so the screen reaches from (-110, -80) to (210, 160).
    check(
        Window::new("middle", 100, 80),
        "middle",
        &[
            (
                (90, 70, 10, 10),
                A::BottomRight,
                G::BottomRight,
                (90, 60),
                slide,
                (100, 80, 90, 60),
            ),
            (
                (90, 70, 10, 10),
                A::BottomRight,
                G::BottomRight,
                (150, 100),
                slide,
                (60, 60, 150, 100),
            ),
            (
                (0, 0, 10, 10),
                A::TopLeft,
                G::TopLeft,
                (150, 100),
                slide,
                (-110, -80, 150, 100),
            ),
            (
                (0, 0, 10, 10),
                A::TopLeft,
                G::TopLeft,
                (150, 60),
                Adjust::FlipX,
                (10, -60, 150, 60),
            ),
        ],
    )
}

#[test]
fn a_popup_is_placed_anew() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("parent", 100, 80).content([60, 70, 80]))?;
    let popup = client.open_popup(
        window,
        &Positioner::below((10, 10, 20, 10), 60, 40),
        Content::Pattern(1),
    )?;
    let parent = Picture::solid(100, 80, [60, 70, 80]);
    let below = fixture.empty().with(&parent, 110, 80);
    let menu = Picture::pattern(60, 40, 1);
    viewer.wait_for_picture(soon(), &below.clone().with(&menu, 120, 100))?;
    // Elsewhere, elsewhere with another size, and beyond the edge.
    let mut beyond = Positioner::below((90, 70, 10, 10), 150, 30);
    beyond.adjustment = Adjust::SlideX;
    let steps = [
        (
            Positioner::below((50, 30, 20, 10), 60, 40),
            (50, 40, 60, 40),
        ),
        (Positioner::below((0, 0, 20, 10), 80, 30), (0, 10, 80, 30)),
        (beyond, (60, 80, 150, 30)),
    ];
    for (token, (positioner, expected)) in (7..).zip(steps) {
        client.reposition(popup, &positioner, token)?;
        client.dispatch_until(soon(), "the new place", |client| {
            let last = client.surface(popup).placements.last();
            last.is_some_and(|placement| placement.token == Some(token))
        })?;
        let Some(placement) = client.surface(popup).placements.last() else {
            unreachable!("the wait was for it");
        };
        let found = (placement.x, placement.y, placement.width, placement.height);
        expect_equal(&format!("the place number {token}"), found, expected)?;
        client.draw(popup, Content::Pattern(token))?;
        let (x, y, width, height) = expected;
        let menu = Picture::pattern(width as usize, height as usize, token);
        let (x, y) = ((x + 110) as usize, (y + 80) as usize);
        viewer.wait_for_picture(soon(), &below.clone().with(&menu, x, y))?;
    }
    Ok(())
}

/// A window of 120x80 at (100, 80), and how its menu comes.
struct Menu {
    fixture: Fixture,
    client: WaylandClient,
    viewer: VncClient,
    window: Surface,
}

impl Menu {
    fn new() -> Result<Self> {
        let fixture = Fixture::new()?;
        let mut client = fixture.client()?;
        let viewer = fixture.viewer()?;
        let window = client.open(Window::new("parent", 120, 80).content([60, 70, 80]))?;
        wait_for_focus(&mut client, Some(window))?;
        Ok(Self {
            fixture,
            client,
            viewer,
            window,
        })
    }

    /// Clicks at (150, 100) and opens a menu of 60x50 below that, which grabs: at (150, 110).
    fn open(&mut self) -> Result<Surface> {
        self.client.forget_input();
        self.viewer.click(150, 100, button::LEFT)?;
        wait_for_buttons(&mut self.client, &[(LEFT, true), (LEFT, false)])?;
        let positioner = Positioner::below((50, 20, 20, 10), 60, 50);
        let content = Content::Pattern(1);
        let popup = self
            .client
            .open_grabbing_popup(self.window, &positioner, content)?;
        assert!(!self.client.surface(popup).dismissed);
        wait_for_focus(&mut self.client, Some(popup))?;
        self.client.forget_input();
        Ok(popup)
    }

    /// Waits until `popup` was dismissed and the window has the keyboard.
    fn wait_for_the_end(&mut self, popup: Surface) -> Result {
        self.client
            .dispatch_until(soon(), "the end of the popup", |client| {
                client.surface(popup).dismissed
            })?;
        self.client.destroy(popup)?;
        wait_for_focus(&mut self.client, Some(self.window))?;
        // It is typed into, and clicked on, as before.
        self.client.forget_input();
        self.viewer.type_text("x")?;
        self.client
            .dispatch_until(soon(), "the text", |client| client.typed_text() == "x")?;
        self.viewer.click(210, 90, button::LEFT)?;
        wait_for_pointer(&mut self.client, self.window, (110.0, 10.0))?;
        wait_for_buttons(&mut self.client, &[(LEFT, true), (LEFT, false)])
    }
}

#[test]
fn a_menu_is_used_and_ended_by_a_click_elsewhere() -> Result {
    // On the desktop, and on another client's window, which is in the lower right corner.
    for (x, y) in [(5, 5), (300, 220)] {
        let mut menu = Menu::new()?;
        let mut other = menu.fixture.client()?;
        let elsewhere = other.open(Window::new("other", 60, 40).content([0, 200, 0]))?;
        let frame = menu.fixture.frame("other")?;
        let corner = (frame.x as u16 + 1, frame.y as u16 + 1);
        menu.viewer.pointer(corner.0, corner.1, 0)?;
        menu.viewer.pointer(corner.0, corner.1, button::LEFT)?;
        wait_for_buttons(&mut other, &[(LEFT, true)])?;
        other.start_move(elsewhere)?;
        other.roundtrip()?;
        menu.viewer.pointer(261, 191, button::LEFT)?;
        menu.viewer.pointer(261, 191, 0)?;
        menu.fixture
            .wait_for_frame("other", Frame::new(260, 190, 60, 40))?;

        let popup = menu.open()?;
        // Inside: it stays, and gets what is typed and clicked.
        menu.viewer.click(160, 120, button::LEFT)?;
        wait_for_pointer(&mut menu.client, popup, (10.0, 10.0))?;
        wait_for_buttons(&mut menu.client, &[(LEFT, true), (LEFT, false)])?;
        menu.viewer.type_text("menu")?;
        menu.client
            .dispatch_until(soon(), "the text", |client| client.typed_text() == "menu")?;
        // Its client's other surfaces get their clicks as ever: what they mean it knows best.
        menu.client.forget_input();
        menu.viewer.click(210, 90, button::LEFT)?;
        wait_for_pointer(&mut menu.client, menu.window, (110.0, 10.0))?;
        wait_for_buttons(&mut menu.client, &[(LEFT, true), (LEFT, false)])?;
        assert!(!menu.client.surface(popup).dismissed);
        expect_equal("the focus", menu.client.keyboard().focus, Some(popup))?;
        // Elsewhere.
        menu.viewer.click(x, y, button::LEFT)?;
        menu.wait_for_the_end(popup)
            .map_err(|error| error.context(format!("after a click at ({x}, {y})")))?;
    }
    Ok(())
}

#[test]
fn a_menu_opens_while_the_button_is_held() -> Result {
    let mut menu = Menu::new()?;
    menu.client.forget_input();
    menu.viewer.pointer(150, 100, 0)?;
    menu.viewer.pointer(150, 100, button::LEFT)?;
    wait_for_buttons(&mut menu.client, &[(LEFT, true)])?;
    let positioner = Positioner::below((50, 20, 20, 10), 60, 50);
    let popup = menu
        .client
        .open_grabbing_popup(menu.window, &positioner, Content::Pattern(1))?;
    wait_for_focus(&mut menu.client, Some(popup))?;
    // Dragged into it and let go there, as one does with menus.
    menu.viewer.pointer(160, 120, button::LEFT)?;
    wait_for_pointer(&mut menu.client, popup, (10.0, 10.0))?;
    menu.viewer.pointer(160, 120, 0)?;
    wait_for_buttons(&mut menu.client, &[(LEFT, true), (LEFT, false)])?;
    assert!(!menu.client.surface(popup).dismissed);
    menu.viewer.click(5, 5, button::LEFT)?;
    menu.wait_for_the_end(popup)
}

#[test]
fn a_client_ends_its_menu() -> Result {
    let mut menu = Menu::new()?;
    for _ in 0..3 {
        let popup = menu.open()?;
        menu.client.destroy(popup)?;
        wait_for_focus(&mut menu.client, Some(menu.window))?;
        let parent = Picture::solid(120, 80, [60, 70, 80]);
        let expected = menu.fixture.empty().with(&parent, 100, 80);
        menu.viewer.wait_for_picture(soon(), &expected)?;
    }
    Ok(())
}

#[test]
fn a_menu_in_a_menu_ends_with_it() -> Result {
    let mut menu = Menu::new()?;
    let outer = menu.open()?;
    menu.viewer.click(160, 120, button::LEFT)?;
    wait_for_buttons(&mut menu.client, &[(LEFT, true), (LEFT, false)])?;
    // Beside the upper right corner of the outer one, which is at (150, 110).
    let mut beside = Positioner::below((60, 0, 1, 1), 40, 30);
    beside.anchor = Anchor::TopRight;
    let inner = menu
        .client
        .open_grabbing_popup(outer, &beside, Content::Pattern(2))?;
    assert!(!menu.client.surface(inner).dismissed);
    wait_for_focus(&mut menu.client, Some(inner))?;
    let placement = menu.client.surface(inner).placements[0];
    expect_equal("the inner place", (placement.x, placement.y), (61, 0))?;
    let parent = Picture::solid(120, 80, [60, 70, 80]);
    let window = menu.fixture.empty().with(&parent, 100, 80);
    let one = window.clone().with(&Picture::pattern(60, 50, 1), 150, 110);
    let both = one.clone().with(&Picture::pattern(40, 30, 2), 211, 110);
    menu.viewer.wait_for_picture(soon(), &both)?;

    // A click into the outer one is for that, and ends nothing by itself.
    menu.client.forget_input();
    menu.viewer.click(160, 150, button::LEFT)?;
    wait_for_buttons(&mut menu.client, &[(LEFT, true), (LEFT, false)])?;
    wait_for_pointer(&mut menu.client, outer, (10.0, 40.0))?;
    assert!(!menu.client.surface(outer).dismissed);

    // The client ends the inner one: the outer one gets the keyboard.
    menu.client.destroy(inner)?;
    wait_for_focus(&mut menu.client, Some(outer))?;
    menu.viewer.wait_for_picture(soon(), &one)?;

    // A click elsewhere ends all.
    let inner = menu
        .client
        .open_grabbing_popup(outer, &beside, Content::Pattern(2))?;
    wait_for_focus(&mut menu.client, Some(inner))?;
    menu.viewer.click(5, 5, button::LEFT)?;
    menu.client
        .dispatch_until(soon(), "the end of the inner menu", |client| {
            client.surface(inner).dismissed
        })?;
    menu.client.destroy(inner)?;
    menu.wait_for_the_end(outer)?;
    menu.viewer.wait_for_picture(soon(), &window)
}

#[test]
fn a_tooltip_does_not_take_the_keyboard() -> Result {
    let mut menu = Menu::new()?;
    let positioner = Positioner::below((50, 20, 20, 10), 60, 50);
    let tip = menu
        .client
        .open_popup(menu.window, &positioner, Content::Pattern(1))?;
    menu.client.forget_input();
    menu.viewer.type_text("x")?;
    menu.client
        .dispatch_until(soon(), "the text", |client| client.typed_text() == "x")?;
    expect_equal("the focus", menu.client.keyboard().focus, Some(menu.window))?;
    menu.viewer.click(5, 5, button::LEFT)?;
    sync(&mut menu.viewer)?;
    menu.fixture.settle()?;
    menu.client.roundtrip()?;
    assert!(!menu.client.surface(tip).dismissed);
    expect_equal("the focus", menu.client.keyboard().focus, Some(menu.window))
}

#[test]
fn a_menu_ends_when_a_window_comes() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("window", 100, 80).content([60, 70, 80]))?;
    viewer.click(120, 90, button::LEFT)?;
    wait_for_buttons(&mut client, &[(LEFT, true), (LEFT, false)])?;
    let menu = Positioner::below((10, 10, 20, 20), 50, 30);
    let menu = client.open_grabbing_popup(window, &menu, Content::Pattern(1))?;
    wait_for_focus(&mut client, Some(menu))?;
    let other = client.open(Window::new("other", 100, 80).content([0, 200, 0]))?;
    client.dispatch_until(soon(), "the menu's end", |client| {
        client.surface(menu).dismissed
    })?;
    wait_for_focus(&mut client, Some(other))
}

#[test]
fn the_pointer_leaves_a_popup_before_it_is_gone() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("window", 100, 80).content([60, 70, 80]))?;
    let menu = Positioner::below((10, 10, 20, 20), 50, 30);
    let menu = client.open_popup(window, &menu, Content::Pattern(1))?;
    viewer.pointer(125, 115, 0)?;
    wait_for_pointer(&mut client, menu, (5.0, 5.0))?;
    client.forget_input();
    client.destroy(menu)?;
    wait_for_pointer(&mut client, window, (15.0, 35.0))?;
    let first = client.pointer().events.first();
    let is_left = matches!(first, Some(PointerEvent::Leave { .. }));
    assert!(is_left, "{first:?}");
    Ok(())
}

#[test]
fn a_menu_beside_that_of_another_program_is_dismissed() -> Result {
    let mut menu = Menu::new()?;
    let mut other = menu.fixture.client()?;
    let elsewhere = other.open(Window::new("other", 20, 20).content([0, 200, 0]))?;
    wait_for_focus(&mut other, Some(elsewhere))?;
    let first = menu.open()?;
    let positioner = Positioner::below((0, 0, 5, 5), 10, 10);
    let second = other.open_grabbing_popup(elsewhere, &positioner, [200, 0, 0])?;
    assert!(other.surface(second).dismissed);
    other.destroy(second)?;
    other.roundtrip()?;
    // The first one goes on.
    menu.viewer.type_text("menu")?;
    menu.client
        .dispatch_until(soon(), "the text", |client| client.typed_text() == "menu")?;
    assert!(!menu.client.surface(first).dismissed);
    Ok(())
}

#[test]
fn a_menu_of_a_window_that_is_not_shown_gets_no_keyboard() -> Result {
    let mut menu = Menu::new()?;
    let mut other = menu.fixture.client()?;
    let behind = other.open(Window::new("other", 140, 30).content([0, 200, 0]))?;
    wait_for_focus(&mut other, Some(behind))?;
    other.toplevel(behind)?.set_minimized();
    other.roundtrip()?;
    wait_for_focus(&mut menu.client, Some(menu.window))?;
    let positioner = Positioner::below((0, 0, 5, 5), 10, 10);
    let popup = other.open_grabbing_popup(behind, &positioner, [200, 0, 0])?;
    assert!(other.surface(popup).dismissed);
    // Nor does one whose window is hidden afterwards keep it.
    let second = other.open(Window::new("second", 20, 20).content([0, 0, 200]))?;
    wait_for_focus(&mut other, Some(second))?;
    let popup = menu.open()?;
    menu.client.unmap(menu.window)?;
    wait_for_focus(&mut other, Some(second))?;
    menu.client
        .dispatch_until(soon(), "the end of the menu", |client| {
            client.surface(popup).dismissed
        })
}

#[test]
fn a_menu_ends_when_its_button_moves_the_window_instead() -> Result {
    let mut menu = Menu::new()?;
    let popup = menu.open()?;
    // A press on the window itself, which the program may use as it likes.
    menu.viewer.pointer(205, 90, 0)?;
    menu.viewer.pointer(205, 90, button::LEFT)?;
    wait_for_buttons(&mut menu.client, &[(LEFT, true)])?;
    let second = Positioner::below((0, 0, 5, 5), 10, 10);
    let second = menu
        .client
        .open_grabbing_popup(popup, &second, [200, 0, 0])?;
    wait_for_focus(&mut menu.client, Some(second))?;
    menu.client.start_move(menu.window)?;
    menu.client
        .dispatch_until(soon(), "the end of the menus", |client| {
            client.surface(popup).dismissed && client.surface(second).dismissed
        })?;
    wait_for_focus(&mut menu.client, Some(menu.window))
}

#[test]
fn a_submenu_may_have_the_serial_of_its_menu() -> Result {
    let mut menu = Menu::new()?;
    let mut other = menu.fixture.client()?;
    menu.client.forget_input();
    menu.viewer.click(150, 100, button::LEFT)?;
    wait_for_buttons(&mut menu.client, &[(LEFT, true), (LEFT, false)])?;
    let below = Positioner::below((0, 0, 5, 5), 30, 30);
    let first = menu
        .client
        .open_grabbing_popup(menu.window, &below, [200, 0, 0])?;
    let serial = menu.client.serial();
    wait_for_focus(&mut menu.client, Some(first))?;
    menu.client.set_serial(serial);
    let second = menu
        .client
        .open_grabbing_popup(first, &below, [0, 200, 0])?;
    wait_for_focus(&mut menu.client, Some(second))?;
    // Nobody else gets the keyboard meanwhile.
    other.open(Window::new("behind", 10, 10))?;
    menu.fixture.settle()?;
    menu.client.roundtrip()?;
    assert!(!menu.client.surface(second).dismissed);
    menu.viewer.type_text("sub")?;
    menu.client
        .dispatch_until(soon(), "the text", |client| client.typed_text() == "sub")
}

#[test]
fn a_program_that_keeps_a_dismissed_menu_does_not_keep_the_keyboard() -> Result {
    let mut menu = Menu::new()?;
    let mut other = menu.fixture.client()?;
    // At (90, 105): it sticks out left and right of the menu's window.
    let around = other.open(Window::new("other", 140, 30).content([0, 200, 0]))?;
    wait_for_focus(&mut other, Some(around))?;
    let popup = menu.open()?;
    menu.viewer.click(5, 5, button::LEFT)?;
    menu.client
        .dispatch_until(soon(), "the end of the menu", |client| {
            client.surface(popup).dismissed
        })?;
    menu.viewer.click(95, 120, button::LEFT)?;
    wait_for_focus(&mut other, Some(around))?;
    other.draw(around, [0, 0, 200])?;
    other.roundtrip()?;
    menu.fixture.settle()?;
    menu.viewer.type_text("x")?;
    other.dispatch_until(soon(), "the text", |client| client.typed_text() == "x")
}
