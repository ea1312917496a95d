//! Panels (the layer shell): bars, wallpapers, launchers.

use offing_tests::picture::Picture;
use offing_tests::vnc_client::button;
use offing_tests::wayland_client::protocol::{
    ConstraintAdjustment, KeyboardInteractivity, Layer, PanelAnchor, State,
};
use offing_tests::wayland_client::{
    Content, KeyboardEvent, Panel, Positioner, Surface, WaylandClient, Window,
};
use offing_tests::{Result, soon};

use crate::fixture::{
    Fixture, Frame, HEIGHT, WIDTH, config, expect_equal, wait_for_buttons, wait_for_focus,
    wait_for_pointer,
};

const LEFT: u32 = 0x110;

const RED: [u8; 3] = [200, 0, 0];
const GREEN: [u8; 3] = [0, 200, 0];
const BLUE: [u8; 3] = [0, 0, 200];

/// A bar at the top, 24 high, that reserves its place.
fn bar() -> Panel {
    Panel::new(Layer::Top, top(), 0, 24).zone(24).content(RED)
}

fn top() -> PanelAnchor {
    PanelAnchor::Top | PanelAnchor::Left | PanelAnchor::Right
}

/// A picture of a bar.
fn bar_picture(width: usize) -> Picture {
    Picture::solid(width, 24, RED)
}

/// Waits until the last configuration of `surface` asks for this size.
fn wait_for_size(client: &mut WaylandClient, surface: Surface, size: (i32, i32)) -> Result {
    client.dispatch_until(soon(), &format!("a configuration of {size:?}"), |client| {
        let last = client.surface(surface).configures.last();
        last.is_some_and(|last| (last.width, last.height) == size)
    })
}

#[test]
fn windows_keep_off_what_a_bar_reserves() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let maximized = client.open(Window::new("all", 100, 80).maximized().content(GREEN))?;
    expect_equal(
        "the place",
        fixture.frame("all")?,
        Frame::new(0, 0, 320, 240),
    )?;

    let bar = client.open_panel(bar())?;
    let configure = &client.surface(bar).configures[0];
    expect_equal("its size", (configure.width, configure.height), (320, 24))?;
    wait_for_size(&mut client, maximized, (320, 216))?;
    client.draw(maximized, GREEN)?;
    let expected = Picture::solid(WIDTH, HEIGHT, GREEN).with(&bar_picture(WIDTH), 0, 0);
    viewer.wait_for_picture(soon(), &expected)?;
    expect_equal(
        "the place",
        fixture.frame("all")?,
        Frame::new(0, 24, 320, 216),
    )?;
    let last = client.surface(maximized).configures.last();
    expect_equal("the bounds", last.map(|last| last.bounds), Some((320, 216)))?;

    // A new one is in the middle of what is left, and cannot be dragged below the bar.
    let new = client.open(Window::new("new", 100, 80).content(BLUE))?;
    expect_equal(
        "the place",
        fixture.frame("new")?,
        Frame::new(110, 92, 100, 80),
    )?;

    client.forget_input();
    viewer.pointer(160, 130, 0)?;
    viewer.pointer(160, 130, button::LEFT)?;
    wait_for_buttons(&mut client, &[(LEFT, true)])?;
    client.start_move(new)?;
    client.roundtrip()?;
    viewer.pointer(160, 0, button::LEFT)?;
    fixture.wait_for_frame("new", Frame::new(110, 24, 100, 80))?;
    viewer.pointer(160, 0, 0)?;

    client.destroy(bar)?;
    wait_for_size(&mut client, maximized, (320, 240))?;
    expect_equal("the place", fixture.frame("all")?.y, 0)
}

#[test]
fn layers_lie_below_and_above_windows() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let all = PanelAnchor::Top | PanelAnchor::Bottom | PanelAnchor::Left | PanelAnchor::Right;
    client.open_panel(bar())?;
    let wallpaper = Panel::new(Layer::Background, all, 0, 0).zone(-1);
    client.open_panel(wallpaper.content(Content::Pattern(1)))?;
    let below = Panel::new(Layer::Bottom, PanelAnchor::Bottom, 200, 150);
    client.open_panel(below.content(GREEN))?;
    client.open(Window::new("window", 100, 200).content(BLUE))?;
    let corner = PanelAnchor::Bottom | PanelAnchor::Right;
    let notice = Panel::new(Layer::Overlay, corner, 150, 40);
    client.open_panel(notice.content(Content::Pattern(2)))?;

    let wallpaper = Picture::pattern(WIDTH, HEIGHT, 1);
    let notice = Picture::pattern(150, 40, 2);
    let desktop = wallpaper
        .with(&bar_picture(WIDTH), 0, 0)
        .with(&Picture::solid(200, 150, GREEN), 60, 90)
        .with(&Picture::solid(100, 200, BLUE), 110, 32)
        .with(&notice, 170, 200);
    viewer.wait_for_picture(soon(), &desktop)?;

    // A window that fills the screen hides all but the topmost layer.
    let full = client.open(Window::new("full", 10, 10).fullscreen().content(GREEN))?;
    let expected = Picture::solid(WIDTH, HEIGHT, GREEN).with(&notice, 170, 200);
    viewer.wait_for_picture(soon(), &expected)?;
    client.destroy(full)?;
    viewer.wait_for_picture(soon(), &desktop)
}

#[test]
fn a_launcher_takes_the_keys_and_gives_them_back() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("window", 100, 80).content(BLUE))?;
    wait_for_focus(&mut client, Some(window))?;

    let launcher = Panel::new(Layer::Overlay, PanelAnchor::empty(), 80, 40)
        .keyboard(KeyboardInteractivity::Exclusive);
    let launcher = client.open_panel(launcher)?;
    client.roundtrip()?;
    let entered = |event: &KeyboardEvent| matches!(event, KeyboardEvent::Enter { surface, .. } if *surface == Some(launcher));
    assert!(
        !client.keyboard().events.iter().any(entered),
        "nothing is drawn yet"
    );
    client.draw(launcher, GREEN)?;
    wait_for_focus(&mut client, Some(launcher))?;

    // Neither a click nor another window takes them away.
    viewer.click(115, 85, button::LEFT)?;
    wait_for_pointer(&mut client, window, (5.0, 5.0))?;
    let another = client.open(Window::new("another", 100, 80).content(RED))?;
    client.roundtrip()?;
    expect_equal("the keyboard", client.keyboard().focus, Some(launcher))?;
    expect_equal(
        "the active one",
        fixture.active()?.as_deref(),
        Some("another"),
    )?;

    client.destroy(launcher)?;
    wait_for_focus(&mut client, Some(another))
}

#[test]
fn a_panel_that_may_have_the_keys_gets_them_by_a_click() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let bar = client.open_panel(bar().keyboard(KeyboardInteractivity::OnDemand))?;
    let corner = PanelAnchor::Bottom | PanelAnchor::Left;
    let quiet = client.open_panel(Panel::new(Layer::Top, corner, 50, 50).content(GREEN))?;
    let window = client.open(Window::new("window", 100, 80).content(BLUE))?;
    wait_for_focus(&mut client, Some(window))?;

    viewer.click(10, 10, button::LEFT)?;
    wait_for_focus(&mut client, Some(bar))?;
    viewer.click(160, 130, button::LEFT)?;
    wait_for_focus(&mut client, Some(window))?;
    // One that wants no keys leaves them where they are.
    viewer.click(10, 230, button::LEFT)?;
    wait_for_pointer(&mut client, quiet, (10.0, 40.0))?;
    client.roundtrip()?;
    expect_equal("the keyboard", client.keyboard().focus, Some(window))?;
    // Nor does one get them that no longer wants any.
    viewer.click(10, 10, button::LEFT)?;
    wait_for_focus(&mut client, Some(bar))?;
    let role = client.panel(bar)?;
    role.set_keyboard_interactivity(KeyboardInteractivity::None);
    client.commit(bar)?;
    wait_for_focus(&mut client, Some(window))
}

#[test]
fn panels_follow_the_screen() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let bar = client.open_panel(bar())?;
    let window = client.open(Window::new("all", 9, 9).maximized().content(GREEN))?;
    wait_for_size(&mut client, window, (320, 216))?;
    fixture
        .with(|offing| offing.resize(rfb::Size::new(400, 300)))?
        .map_err(offing_tests::Error::other)?;
    wait_for_size(&mut client, bar, (400, 24))?;
    wait_for_size(&mut client, window, (400, 276))?;
    client.draw(bar, RED)?;
    client.draw(window, GREEN)?;
    client.roundtrip()?;
    let expected = Picture::solid(400, 300, GREEN).with(&bar_picture(400), 0, 0);
    fixture.screenshot()?.expect(&expected)
}

#[test]
fn a_panel_shows_again_after_it_was_hidden() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let bar = client.open_panel(bar())?;
    let window = client.open(Window::new("all", 9, 9).maximized().content(GREEN))?;
    wait_for_size(&mut client, window, (320, 216))?;
    client.unmap(bar)?;
    wait_for_size(&mut client, window, (320, 240))?;
    client.draw(window, GREEN)?;
    viewer.wait_for_picture(soon(), &Picture::solid(WIDTH, HEIGHT, GREEN))?;
    client.configured(bar)?;
    client.draw(bar, RED)?;
    wait_for_size(&mut client, window, (320, 216))
}

#[test]
fn a_panel_has_popups() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let dock = PanelAnchor::Bottom | PanelAnchor::Left | PanelAnchor::Right;
    let dock = Panel::new(Layer::Top, dock, 0, 24).zone(24).content(RED);
    let dock = client.open_panel(dock)?;
    let mut menu = Positioner::below((40, 0, 20, 24), 60, 50);
    menu.adjustment = ConstraintAdjustment::FlipY;
    let menu = client.open_popup(dock, &menu, Content::Pattern(1))?;
    let expected = fixture.empty().with(&bar_picture(WIDTH), 0, 216).with(
        &Picture::pattern(60, 50, 1),
        40,
        166,
    );
    viewer.wait_for_picture(soon(), &expected)?;
    viewer.pointer(45, 170, 0)?;
    wait_for_pointer(&mut client, menu, (5.0, 4.0))
}

#[test]
fn a_panel_is_as_sharp_as_the_screen() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.scale = 2.0;
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    let corner = PanelAnchor::Bottom | PanelAnchor::Right;
    let panel = client.open_panel(Panel::new(Layer::Top, corner, 30, 20))?;
    client.set_buffer_scale(panel, 2);
    client.draw(panel, Content::Pattern(1))?;
    client.roundtrip()?;
    let expected = fixture.empty().with(&Picture::pattern(60, 40, 1), 260, 200);
    fixture.screenshot()?.expect(&expected)
}

#[test]
fn who_maximises_is_told_of_it() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    client.open_panel(bar())?;
    let window = client.open(Window::new("window", 100, 80).content(BLUE))?;
    let before = fixture.frame("window")?;
    client.set_maximized(window, true)?;
    wait_for_size(&mut client, window, (320, 216))?;
    let last = client.surface(window).configures.last();
    assert!(last.is_some_and(|last| last.is(State::Maximized)));
    client.set_maximized(window, false)?;
    wait_for_size(&mut client, window, (100, 80))?;
    client.draw(window, BLUE)?;
    client.roundtrip()?;
    fixture.wait_for_frame("window", before)
}
