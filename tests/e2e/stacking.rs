//! What is above what: dialogs and their parents, and bars where a window fills the screen.

use offing_tests::picture::Picture;
use offing_tests::vnc_client::button;
use offing_tests::wayland_client::protocol::{KeyboardInteractivity, Layer, PanelAnchor};
use offing_tests::wayland_client::{
    Content, Panel, Positioner, Surface, WaylandClient, Window, protocol,
};
use offing_tests::{Result, soon};

use crate::fixture::{Fixture, Frame, HEIGHT, WIDTH, expect_equal, wait_for_focus};

const RED: [u8; 3] = [200, 0, 0];
const GREEN: [u8; 3] = [0, 200, 0];
const BLUE: [u8; 3] = [0, 0, 200];

/// A window of 60x40, or a dialog of 40x20.
fn open(client: &mut WaylandClient, title: &str, parent: Option<Surface>) -> Result<Surface> {
    let (width, height) = if parent.is_some() { (40, 20) } else { (60, 40) };
    let window = client.open(Window::new(title, width, height))?;
    if let Some(parent) = parent {
        let parent = client.toplevel(parent)?;
        client.toplevel(window)?.set_parent(Some(parent));
    }
    client.draw(window, RED)?;
    wait_for_focus(client, Some(window))?;
    Ok(window)
}

/// The titles of all windows, the lowest first.
fn stack(fixture: &Fixture) -> Result<Vec<String>> {
    let windows = fixture.windows()?.into_iter();
    Ok(windows.map(|(title, _)| title).collect())
}

/// A bar at the top, 24 high.
fn bar(layer: Layer, keyboard: KeyboardInteractivity) -> Panel {
    let top = PanelAnchor::Top | PanelAnchor::Left | PanelAnchor::Right;
    Panel::new(layer, top, 0, 24)
        .zone(24)
        .keyboard(keyboard)
        .content(BLUE)
}

#[test]
fn dialogs_of_dialogs_come_along() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut stranger) = (fixture.client()?, fixture.client()?);
    let window = open(&mut client, "window", None)?;
    let dialog = open(&mut client, "dialog", Some(window))?;
    open(&mut client, "question", Some(dialog))?;
    open(&mut stranger, "stranger", None)?;
    let Frame { x, y, .. } = fixture.frame("window")?;
    let mut viewer = fixture.viewer()?;
    viewer.click(x as u16, y as u16, button::LEFT)?;
    wait_for_focus(&mut client, Some(window))?;
    let all = ["stranger", "window", "dialog", "question"];
    expect_equal("the stack", stack(&fixture)?, all.map(str::to_owned).into())
}

#[test]
fn a_window_is_put_above_its_new_parent() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let dialog = open(&mut client, "dialog", None)?;
    let window = open(&mut client, "window", None)?;
    open(&mut client, "other", None)?;
    let parent = client.toplevel(window)?;
    client.toplevel(dialog)?.set_parent(Some(parent));
    client.roundtrip()?;
    let all = ["window", "dialog", "other"];
    expect_equal("the stack", stack(&fixture)?, all.map(str::to_owned).into())
}

#[test]
fn a_dialog_brings_back_what_it_belongs_to() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = open(&mut client, "window", None)?;
    let dialog = open(&mut client, "dialog", Some(window))?;
    client.toplevel(window)?.set_minimized();
    client.roundtrip()?;
    wait_for_focus(&mut client, None)?;
    // The dialog is the first in the list.
    let mut viewer = fixture.viewer()?;
    viewer.key(0xffe9, true)?;
    viewer.tap(0xff09)?;
    viewer.key(0xffe9, false)?;
    wait_for_focus(&mut client, Some(dialog))?;
    let shown = fixture.with(|offing| {
        let windows = offing.windows().into_iter();
        windows.filter(|it| !it.minimized).count()
    })?;
    expect_equal("the windows that are shown", shown, 2)
}

#[test]
fn a_dialog_over_a_fullscreen_window_brings_no_bars_back() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    client.open_panel(bar(Layer::Top, KeyboardInteractivity::None))?;
    let full = client.open(Window::new("full", 10, 10).fullscreen().content(GREEN))?;
    let dialog = open(&mut client, "dialog", Some(full))?;
    let whole = Picture::solid(WIDTH, HEIGHT, GREEN);
    let expected = whole.with(&Picture::solid(40, 20, RED), 140, 110);
    viewer.wait_for_picture(soon(), &expected)?;
    // A window of its own does.
    client.toplevel(dialog)?.set_parent(None);
    let expected = expected.with(&Picture::solid(WIDTH, 24, BLUE), 0, 0);
    client.draw(dialog, RED)?;
    viewer.wait_for_picture(soon(), &expected)
}

#[test]
fn a_panel_that_is_hidden_has_no_keyboard() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    let window = client.open(Window::new("window", 100, 80).content(GREEN))?;
    let panel = client.open_panel(bar(Layer::Top, KeyboardInteractivity::OnDemand))?;
    wait_for_focus(&mut client, Some(panel))?;
    client.set_fullscreen(window, true)?;
    wait_for_focus(&mut client, Some(window))?;
    client.set_fullscreen(window, false)?;
    wait_for_focus(&mut client, Some(panel))?;

    // Nor does one that comes while it is hidden; what takes all keys is shown instead.
    client.destroy(panel)?;
    client.set_fullscreen(window, true)?;
    client.roundtrip()?;
    client.draw(window, GREEN)?;
    let panel = client.open_panel(bar(Layer::Top, KeyboardInteractivity::OnDemand))?;
    client.roundtrip()?;
    wait_for_focus(&mut client, Some(window))?;
    let whole = Picture::solid(WIDTH, HEIGHT, GREEN);
    viewer.wait_for_picture(soon(), &whole)?;
    client.destroy(panel)?;
    let launcher = client.open_panel(bar(Layer::Top, KeyboardInteractivity::Exclusive))?;
    wait_for_focus(&mut client, Some(launcher))?;
    viewer.wait_for_picture(soon(), &whole.with(&Picture::solid(WIDTH, 24, BLUE), 0, 0))
}

#[test]
fn menus_of_windows_keep_off_bars() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let bottom = PanelAnchor::Bottom | PanelAnchor::Left | PanelAnchor::Right;
    client.open_panel(Panel::new(Layer::Top, bottom, 0, 40).zone(40).content(BLUE))?;
    let window = client.open(Window::new("window", 100, 100).content(GREEN))?;
    fixture.wait_for_frame("window", Frame::new(110, 50, 100, 100))?;
    let positioner = Positioner {
        adjustment: protocol::ConstraintAdjustment::SlideY,
        ..Positioner::below((10, 60, 10, 10), 30, 100)
    };
    let popup = client.open_popup(window, &positioner, Content::Pattern(1))?;
    let placement = client.surface(popup).placements[0];
    // Its lower edge is where the bar begins.
    expect_equal("the place", (placement.x, placement.y), (10, 50))
}

#[test]
fn popups_that_want_to_follow_the_screen() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("window", 100, 100).content(GREEN))?;
    let positioner = Positioner {
        adjustment: protocol::ConstraintAdjustment::SlideX,
        reactive: true,
        ..Positioner::below((80, 10, 10, 10), 100, 30)
    };
    let popup = client.open_popup(window, &positioner, Content::Pattern(1))?;
    let x = |client: &WaylandClient| client.surface(popup).placements.last().map(|it| it.x);
    expect_equal("the place", x(&client), Some(80))?;
    fixture
        .with(|offing| offing.resize(rfb::Size::new(250, 240)))?
        .map_err(offing_tests::Error::other)?;
    // The window stays at 110.
    client.dispatch_until(soon(), "another place", |client| x(client) == Some(40))
}
