//! What is drawn around windows whose clients do not do it themselves.

use offing_tests::picture::{Picture, Rect, Rgb};
use offing_tests::vnc_client::{VncClient, button};
use offing_tests::wayland_client::protocol::{Mode, State};
use offing_tests::wayland_client::{Configure, Surface, WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_protocols::xdg::decoration::zv1::client::zxdg_decoration_manager_v1::ZxdgDecorationManagerV1;
use wayland_protocols_misc::server_decoration::client::org_kde_kwin_server_decoration as kde;
use wayland_protocols_misc::server_decoration::client::org_kde_kwin_server_decoration_manager::OrgKdeKwinServerDecorationManager;

use crate::fixture::{Fixture, Frame, expect_equal, sync, wait_for_focus};
use crate::raw::{Own, RawWindow, bind};

const RED: Rgb = [200, 0, 0];
/// Of title bars and edges.
const ACTIVE: Rgb = [0x2f, 0x5d, 0x8a];
const INACTIVE: Rgb = [0x3a, 0x45, 0x52];
/// The height of a title bar.
const TITLE: i32 = 28;

/// A session with a decorated window of 200x100 and a viewer.
struct Decorated {
    fixture: Fixture,
    client: WaylandClient,
    window: Surface,
    viewer: VncClient,
}

fn decorated(title: &str, mode: Mode) -> Window {
    Window::new(title, 200, 100).decoration(mode).content(RED)
}

impl Decorated {
    fn new() -> Result<Self> {
        let fixture = Fixture::new()?;
        let mut client = fixture.client()?;
        let window = client.open(decorated("a title", Mode::ServerSide))?;
        wait_for_focus(&mut client, Some(window))?;
        let viewer = fixture.viewer()?;
        let mut this = Self {
            fixture,
            client,
            window,
            viewer,
        };
        this.wait_for(60, 83, 200, 100)?;
        this.settle()?;
        Ok(this)
    }

    fn frame(&self) -> Result<Frame> {
        self.fixture.frame("a title")
    }

    /// Waits until the window is here.
    fn wait_for(&self, x: i32, y: i32, width: i32, height: i32) -> Result {
        let frame = Frame::new(x, y, width, height);
        self.fixture.wait_for_frame("a title", frame)
    }

    fn settle(&mut self) -> Result {
        sync(&mut self.viewer)?;
        self.fixture.settle()?;
        self.client.roundtrip()
    }

    /// Presses here, moves there, and releases.
    fn drag(&mut self, from: (u16, u16), to: (u16, u16)) -> Result {
        self.viewer.pointer(from.0, from.1, 0)?;
        self.viewer.pointer(from.0, from.1, button::LEFT)?;
        self.viewer.pointer(to.0, to.1, button::LEFT)?;
        self.viewer.pointer(to.0, to.1, 0)?;
        self.settle()
    }

    /// The window follows its configurations until one of them is like this.
    fn follow(&mut self, what: &str, is_it: impl Fn(&Configure) -> bool) -> Result {
        let window = self.window;
        let last = |client: &WaylandClient| client.surface(window).configures.last().cloned();
        self.client.dispatch_until(soon(), what, |client| {
            last(client).is_some_and(|it| is_it(&it))
        })?;
        self.client.draw(window, RED)?;
        self.settle()
    }
}

/// The right end of the title bar at this place, at the middle of a button; 0 is the rightmost.
fn button_at(frame: Frame, button: i32) -> (u16, u16) {
    let right = frame.x + frame.width + 1;
    let x = right - 17 - 34 * button;
    (x as u16, (frame.y - TITLE / 2) as u16)
}

#[test]
fn a_window_has_a_title_bar_and_edges() -> Result {
    let mut it = Decorated::new()?;
    let picture = it.fixture.screenshot()?;
    // An edge of one pixel, the corners below, and no more.
    for at in [
        (59, 100),
        (260, 100),
        (160, 183),
        (59, 183),
        (260, 183),
        (59, 80),
        (260, 80),
    ] {
        expect_equal(
            &format!("the pixel at {at:?}"),
            picture.pixel(at.0, at.1),
            ACTIVE,
        )?;
    }
    let desktop = it.fixture.background;
    for at in [(58, 100), (261, 100), (160, 184), (160, 54)] {
        expect_equal(
            &format!("the pixel at {at:?}"),
            picture.pixel(at.0, at.1),
            desktop,
        )?;
    }
    // Round corners above, and letters on the left.
    expect_equal("the corner", picture.pixel(59, 55), desktop)?;
    let title = picture.crop(Rect::new(65, 56, 80, 26));
    assert!(title.count([255; 3]) > 10, "no title");
    let elsewhere = picture.crop(Rect::new(120, 56, 30, 26));
    expect_equal("the bar", elsewhere.count(ACTIVE), 30 * 26)?;

    // It is another colour when another window is active, and another title is another picture.
    it.client.set_title(it.window, "a title and more of it")?;
    let mut other = it.fixture.client()?;
    let above = other.open(Window::new("above", 20, 20).content(RED))?;
    wait_for_focus(&mut other, Some(above))?;
    it.settle()?;
    let picture = it.fixture.screenshot()?;
    expect_equal("the edge", picture.pixel(59, 100), INACTIVE)?;
    let more = picture.crop(Rect::new(120, 56, 30, 26));
    assert!(more.count(INACTIVE) < 30 * 26, "the old title");
    Ok(())
}

#[test]
fn clients_that_draw_their_own_decorations_do_so() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(decorated("its own", Mode::ClientSide))?;
    client.roundtrip()?;
    let told = client.surface(window).decorations.last().copied();
    expect_equal("who draws decorations", told, Some(Mode::ClientSide))?;
    let expected = fixture.empty().with(&Picture::solid(200, 100, RED), 60, 70);
    fixture.screenshot()?.expect(&expected)
}

#[test]
fn the_buttons_do_what_they_show() -> Result {
    let mut it = Decorated::new()?;
    let (x, y) = button_at(it.frame()?, 0);
    it.viewer.click(x, y, button::LEFT)?;
    let window = it.window;
    it.client
        .dispatch_until(soon(), "a wish to close", |client| {
            client.surface(window).close_requests == 1
        })?;

    let (x, y) = button_at(it.frame()?, 1);
    it.viewer.click(x, y, button::LEFT)?;
    it.follow("a maximized window", |it| {
        it.is(State::Maximized) && (it.width, it.height) == (320, 240 - TITLE)
    })?;
    it.wait_for(0, TITLE, 320, 240 - TITLE)?;
    let picture = it.fixture.screenshot()?;
    expect_equal("its corner", picture.pixel(0, 0), ACTIVE)?;
    let (x, y) = button_at(it.frame()?, 1);
    it.viewer.click(x - 1, y, button::LEFT)?;
    it.follow("a floating window", |it| {
        (it.width, it.height) == (200, 100)
    })?;
    it.wait_for(60, 83, 200, 100)?;

    let (x, y) = button_at(it.frame()?, 2);
    it.viewer.click(x, y, button::LEFT)?;
    wait_for_focus(&mut it.client, None)?;
    it.fixture.screenshot()?.expect(&it.fixture.empty())
}

#[test]
fn a_button_that_the_pointer_leaves_does_nothing() -> Result {
    let mut it = Decorated::new()?;
    let from = button_at(it.frame()?, 0);
    it.drag(from, (from.0 - 40, from.1))?;
    it.drag(from, (from.0, from.1 + 60))?;
    // It shows that it is pointed at, and only then.
    let (x, y) = (usize::from(from.0) - 14, usize::from(from.1));
    it.viewer.pointer(from.0, from.1, 0)?;
    it.viewer.wait_until(soon(), "a lit button", |viewer| {
        viewer.picture().pixel(x, y) != ACTIVE
    })?;
    it.viewer.pointer(from.0, from.1 + 60, 0)?;
    it.viewer.wait_until(soon(), "a dark button", |viewer| {
        viewer.picture().pixel(x, y) == ACTIVE
    })?;
    it.settle()?;
    let closed = it.client.surface(it.window).close_requests;
    expect_equal("wishes to close", closed, 0)
}

#[test]
fn a_window_is_moved_by_its_title_and_stays_in_reach() -> Result {
    let mut it = Decorated::new()?;
    it.drag((100, 70), (130, 60))?;
    it.wait_for(90, 73, 200, 100)?;
    // Its title does not leave the screen above.
    it.drag((130, 60), (130, 20))?;
    it.wait_for(90, 33, 200, 100)?;
    it.drag((130, 20), (140, 12))?;
    it.wait_for(100, TITLE, 200, 100)?;
    // Nor does it when the screen shrinks.
    it.drag((140, 12), (250, 200))?;
    it.fixture
        .with(|offing| offing.resize(rfb::Size::new(150, 100)))?
        .map_err(offing_tests::Error::other)?;
    let frame = it.frame()?;
    assert!(frame.x < 150 && frame.y <= 100 - 20, "{frame:?}");
    Ok(())
}

#[test]
fn a_double_click_on_the_title_maximizes() -> Result {
    let mut it = Decorated::new()?;
    for _ in 0..2 {
        it.viewer.click(120, 70, button::LEFT)?;
    }
    it.follow("a maximized window", |it| it.is(State::Maximized))?;
    for _ in 0..2 {
        it.viewer.click(120, 10, button::LEFT)?;
    }
    it.follow("a floating window", |it| !it.is(State::Maximized))?;
    it.wait_for(60, 83, 200, 100)
}

#[test]
fn a_window_is_resized_by_its_edges() -> Result {
    let mut it = Decorated::new()?;
    // From a little outside.
    for (from, to, size) in [
        ((264, 186), (284, 196), (220, 110)),
        ((57, 120), (47, 150), (230, 110)),
        ((150, 52), (90, 42), (230, 120)),
    ] {
        it.drag(from, to)?;
        let is_it = |it: &Configure| (it.width, it.height) == size && !it.is(State::Resizing);
        it.follow(&format!("{size:?}"), is_it)?;
    }
    it.wait_for(50, 73, 230, 120)
}

#[test]
fn the_pointer_shows_what_an_edge_does() -> Result {
    let mut it = Decorated::new()?;
    it.viewer.pointer(150, 120, 0)?;
    it.settle()?;
    let cursors = it.viewer.cursors;
    it.viewer.pointer(262, 120, 0)?;
    it.viewer
        .wait_until(soon(), "another cursor", |viewer| viewer.cursors > cursors)
}

#[test]
fn a_window_dropped_at_an_edge_fills_a_half() -> Result {
    let mut it = Decorated::new()?;
    it.viewer.pointer(100, 70, 0)?;
    it.viewer.pointer(100, 70, button::LEFT)?;
    it.viewer.pointer(2, 120, button::LEFT)?;
    // It shows where it goes.
    let background = it.fixture.background;
    it.viewer.wait_until(soon(), "where it goes", |viewer| {
        viewer.picture().pixel(150, 230) != background
    })?;
    it.viewer.pointer(2, 120, 0)?;
    let half = |it: &Configure| {
        it.is(State::TiledLeft)
            && !it.is(State::TiledRight)
            && (it.width, it.height) == (158, 240 - TITLE - 1)
    };
    it.follow("the left half", half)?;
    it.wait_for(1, TITLE, 158, 240 - TITLE - 1)?;
    expect_equal(
        "the rest",
        it.fixture.screenshot()?.pixel(162, 230),
        it.fixture.background,
    )?;

    // It follows the screen, and comes off with the size that it had.
    it.fixture
        .with(|offing| offing.resize(rfb::Size::new(400, 300)))?
        .map_err(offing_tests::Error::other)?;
    it.follow("the left half of more", |it| {
        (it.width, it.height) == (198, 300 - TITLE - 1)
    })?;
    it.drag((50, 10), (150, 100))?;
    it.follow("a floating window", |it| {
        (it.width, it.height) == (200, 100)
    })?;
    it.wait_for(1, 90 + TITLE, 200, 100)
}

#[test]
fn a_window_can_be_decorated_later() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(decorated("later", Mode::ClientSide))?;
    client.set_decoration(window, Mode::ServerSide)?;
    client.roundtrip()?;
    expect_equal(
        "its place",
        fixture.frame("later")?,
        Frame::new(60, 70, 200, 100),
    )?;
    expect_equal("the bar", fixture.screenshot()?.pixel(160, 50), ACTIVE)?;
    client.set_decoration(window, Mode::ClientSide)?;
    client.roundtrip()?;
    let expected = fixture.empty().with(&Picture::solid(200, 100, RED), 60, 70);
    fixture.screenshot()?.expect(&expected)
}

#[test]
fn a_window_that_gives_its_decoration_back_has_none() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let own = Own::default();
    let manager: ZxdgDecorationManagerV1 = bind(&client, 1, &own)?;
    let window = RawWindow::open(&mut client, "bare", (200, 100), None)?;
    let handle = client.queue_handle();
    let decoration = manager.get_toplevel_decoration(&window.toplevel, &handle, own.clone());
    client.draw(window.surface, RED)?;
    client.roundtrip()?;
    let Frame { x, y, .. } = fixture.frame("bare")?;
    let (x, y) = (x as usize + 100, y as usize - 10);
    let above = || Ok::<_, offing_tests::Error>(fixture.screenshot()?.pixel(x, y));
    expect_equal("a title bar", above()?, ACTIVE)?;
    // With the next commit.
    decoration.destroy();
    client.roundtrip()?;
    expect_equal("a title bar", above()?, ACTIVE)?;
    client.draw(window.surface, RED)?;
    client.roundtrip()?;
    expect_equal("what is above", above()?, fixture.background)
}

#[test]
fn a_window_of_one_size_is_not_maximized_by_its_title() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = decorated("fixed", Mode::ServerSide);
    let window = client.open(window.min_size(200, 100).max_size(200, 100))?;
    wait_for_focus(&mut client, Some(window))?;
    let frame = fixture.frame("fixed")?;
    let mut viewer = fixture.viewer()?;
    for _ in 0..2 {
        viewer.click(frame.x as u16 + 50, frame.y as u16 - 10, button::LEFT)?;
    }
    // The button after the one that closes minimizes.
    let (x, y) = button_at(frame, 1);
    viewer.click(x, y, button::LEFT)?;
    wait_for_focus(&mut client, None)?;
    let maximized = |it: &Configure| it.is(State::Maximized);
    let configures = &client.surface(window).configures;
    expect_equal("maximized", configures.iter().any(maximized), false)
}

#[test]
fn a_maximized_window_comes_off_with_its_own_size_whatever_it_was_before() -> Result {
    let mut it = Decorated::new()?;
    const SUPER: u32 = 0xffeb;
    for key in [0xff51, 0xff52] {
        it.viewer.key(SUPER, true)?;
        it.viewer.tap(key)?;
        it.viewer.key(SUPER, false)?;
        it.settle()?;
    }
    it.follow("a maximized window", |it| it.is(State::Maximized))?;
    it.drag((100, 10), (110, 20))?;
    it.follow("a floating window", |it| {
        !it.is(State::Maximized) && !it.is(State::TiledLeft) && (it.width, it.height) == (200, 100)
    })
}

#[test]
fn the_pointer_is_no_longer_that_of_an_edge_that_is_gone() -> Result {
    let mut it = Decorated::new()?;
    it.viewer.pointer(150, 120, 0)?;
    it.settle()?;
    let cursors = it.viewer.cursors;
    it.viewer.pointer(262, 120, 0)?;
    it.viewer
        .wait_until(soon(), "another cursor", |viewer| viewer.cursors > cursors)?;
    it.client.destroy(it.window)?;
    it.viewer.wait_until(soon(), "the usual cursor", |viewer| {
        viewer.cursors > cursors + 1
    })
}

#[test]
fn a_window_of_kde_s_protocol_has_a_title_bar_too() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let own = Own::default();
    let manager: OrgKdeKwinServerDecorationManager = bind(&client, 1, &own)?;
    for (title, mode, expected) in [
        ("ours", kde::Mode::Server, ACTIVE),
        ("its own", kde::Mode::Client, fixture.background),
    ] {
        let window = RawWindow::open(&mut client, title, (200, 100), None)?;
        let surface = client.wl_surface(window.surface);
        let decoration = manager.create(surface, &client.queue_handle(), own.clone());
        decoration.request_mode(mode);
        client.draw(window.surface, RED)?;
        client.roundtrip()?;
        let Frame { x, y, .. } = fixture.frame(title)?;
        let above = fixture
            .screenshot()?
            .pixel(x as usize + 100, y as usize - 10);
        expect_equal(title, above, expected)?;
        client.unmap(window.surface)?;
    }
    Ok(())
}
