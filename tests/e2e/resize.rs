//! Viewers change the size of the screen.

use offing_tests::picture::{Picture, Rect};
use offing_tests::vnc_client::{Resize, Screen, VncClient, encoding};
use offing_tests::wayland_client::protocol::State;
use offing_tests::wayland_client::protocol::wl_output::WlOutput;
use offing_tests::wayland_client::{Content, Surface, WaylandClient, Window};
use offing_tests::{Error, Result, soon};
use wayland_protocols::xdg::xdg_output::zv1::client::zxdg_output_manager_v1::ZxdgOutputManagerV1;

use crate::fixture::{
    Fixture, Frame, HEIGHT, WIDTH, WITH_CURSOR, config, expect_equal, sync, wait_for_pointer,
};
use crate::raw::{Own, bind};

/// The reason in an answer to this viewer's own request.
const ASKED: u16 = 1;

/// The answers to this viewer's own requests.
fn answers(viewer: &VncClient) -> Vec<&Resize> {
    let resizes = viewer.resizes.iter();
    resizes
        .filter(|it| it.extended && it.reason == ASKED)
        .collect()
}

/// Asks for a size, and waits for the answer to the request: its status.
fn ask(viewer: &mut VncClient, width: u16, height: u16) -> Result<u16> {
    let before = answers(viewer).len();
    viewer.set_desktop_size(width, height)?;
    answer(viewer, before)
}

fn answer(viewer: &mut VncClient, before: usize) -> Result<u16> {
    viewer.wait_until(soon(), "the answer", |viewer| {
        answers(viewer).len() > before
    })?;
    let answers = answers(viewer);
    expect_equal("the number of answers", answers.len(), before + 1)?;
    Ok(answers[before].status)
}

/// Opens a maximised window, and draws it at the size it is given.
fn open_maximised(client: &mut WaylandClient, seed: u32) -> Result<Surface> {
    let window = Window::new("maximised", 100, 80).maximized();
    client.open(window.content(Content::Pattern(seed)))
}

/// Follows the xdg_output of the only output: see [`crate::raw::Told::logical_size`].
fn follow_logical_size(client: &mut WaylandClient) -> Result<Own> {
    let own = Own::default();
    let output: WlOutput = bind(client, 4, &own)?;
    let manager: ZxdgOutputManagerV1 = bind(client, 3, &own)?;
    manager.get_xdg_output(&output, &client.queue_handle(), own.clone());
    client.roundtrip()?;
    Ok(own)
}

#[test]
fn a_viewer_resizes_the_screen() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let logical = follow_logical_size(&mut client)?;
    expect_equal(
        "the logical size",
        logical.told().logical_size,
        (WIDTH as i32, HEIGHT as i32),
    )?;
    let window = open_maximised(&mut client, 1)?;
    let (mut viewer, mut other) = (fixture.viewer()?, fixture.viewer()?);
    let before = Picture::pattern(WIDTH, HEIGHT, 1);
    viewer.wait_for_picture(soon(), &before)?;
    other.wait_for_picture(soon(), &before)?;

    // Larger, smaller, one side only, and the smallest.
    for (seed, (width, height)) in (2..).zip([(500, 400), (200, 150), (200, 300), (16, 16)]) {
        expect_equal("the status", ask(&mut viewer, width, height)?, 0)?;
        let size = (usize::from(width), usize::from(height));
        expect_equal("the viewer's size", viewer.size(), size)?;
        let last = viewer.resizes.last().map(|it| it.screens.clone());
        let screen = Screen::new(1, 0, 0, width, height);
        expect_equal("the screens", last, Some(vec![screen]))?;
        let now = fixture.with(|offing| offing.size())?;
        expect_equal("the screen", now, rfb::Size::new(width, height))?;

        let (width, height) = (i32::from(width), i32::from(height));
        client.dispatch_until(soon(), "the new size", |client| {
            let last = client.surface(window).configures.last();
            client.outputs()[0].mode == (width, height)
                && client.outputs()[0].is_preferred
                && logical.told().logical_size == (width, height)
                && last.is_some_and(|it| {
                    (it.width, it.height) == (width, height) && it.is(State::Maximized)
                })
        })?;
        client.draw(window, Content::Pattern(seed))?;
        let picture = Picture::pattern(size.0, size.1, seed);
        viewer.wait_for_picture(soon(), &picture)?;
        other.wait_for_picture(soon(), &picture)?;
        let told = other.resizes.last().map(|it| (it.extended, it.status));
        expect_equal("what the other was told", told, Some((true, 0)))?;
        assert!(answers(&other).is_empty(), "the other asked for nothing");
    }
    Ok(())
}

#[test]
fn the_size_it_has_already_is_granted() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    viewer.wait_for_picture(soon(), &fixture.empty())?;
    for _ in 0..3 {
        expect_equal("the status", ask(&mut viewer, 320, 240)?, 0)?;
    }
    sync(&mut viewer)?;
    viewer.wait_for_picture(soon(), &fixture.empty())
}

#[test]
fn windows_stay_within_reach_on_a_smaller_screen() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("floating", 100, 80).content(Content::Pattern(1)))?;
    let mut viewer = fixture.viewer()?;
    expect_equal("the status", ask(&mut viewer, 150, 100)?, 0)?;
    expect_equal(
        "the place",
        fixture.frame("floating")?,
        Frame::new(102, 52, 100, 80),
    )?;
    let expected = Picture::solid(150, 100, fixture.background);
    let expected = expected.with(&Picture::pattern(100, 80, 1), 102, 52);
    viewer.wait_for_picture(soon(), &expected)?;
    // The pointer comes along.
    viewer.pointer(149, 99, 0)?;
    wait_for_pointer(&mut client, window, (47.0, 47.0))?;
    expect_equal("the status", ask(&mut viewer, 110, 60)?, 0)?;
    let frame = fixture.frame("floating")?;
    let inside = (f64::from(109 - frame.x), f64::from(59 - frame.y));
    wait_for_pointer(&mut client, window, inside)
}

#[test]
fn every_request_of_a_burst_is_answered() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = open_maximised(&mut client, 1)?;
    let (mut viewer, mut other) = (fixture.viewer()?, fixture.viewer()?);
    viewer.wait_for_picture(soon(), &Picture::pattern(WIDTH, HEIGHT, 1))?;
    other.wait_for_picture(soon(), &Picture::pattern(WIDTH, HEIGHT, 1))?;
    for step in 1..=20 {
        viewer.set_desktop_size(320 + step * 5, 240 + step * 3)?;
    }
    viewer.wait_until(soon(), "20 answers", |viewer| answers(viewer).len() == 20)?;
    let statuses: Vec<_> = answers(&viewer).iter().map(|it| it.status).collect();
    expect_equal("the statuses", statuses, vec![0; 20])?;
    viewer.wait_until(soon(), "the last size", |viewer| {
        viewer.size() == (420, 300)
    })?;
    let now = fixture.with(|offing| offing.size())?;
    expect_equal("the screen", now, rfb::Size::new(420, 300))?;
    client.dispatch_until(soon(), "the last size", |client| {
        client.surface(window).size == (420, 300)
    })?;
    client.draw(window, Content::Pattern(2))?;
    viewer.wait_for_picture(soon(), &Picture::pattern(420, 300, 2))?;
    other.wait_for_picture(soon(), &Picture::pattern(420, 300, 2))?;
    expect_equal("the number of answers", answers(&viewer).len(), 20)
}

#[test]
fn two_viewers_that_want_different_sizes_agree_in_the_end() -> Result {
    let fixture = Fixture::new()?;
    let (mut one, mut two) = (fixture.viewer()?, fixture.viewer()?);
    for viewer in [&mut one, &mut two] {
        viewer.wait_for_picture(soon(), &fixture.empty())?;
    }
    for step in 0..8 {
        one.set_desktop_size(300 + step * 5, 200)?;
        two.set_desktop_size(200, 300 + step * 3)?;
    }
    for viewer in [&mut one, &mut two] {
        viewer.wait_until(soon(), "8 answers", |viewer| answers(viewer).len() == 8)?;
    }
    let size = fixture.with(|offing| offing.size())?;
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let expected = Picture::solid(width, height, fixture.background);
    for (viewer, wish) in [(&mut one, (335, 200)), (&mut two, (200, 321))] {
        viewer.wait_for_picture(soon(), &expected)?;
        // Only who got the size that it asked for last is told so.
        let granted = answers(viewer).last().map(|it| it.status == 0);
        expect_equal("the last answer", granted, Some(wish == (width, height)))?;
    }
    Ok(())
}

#[test]
fn what_cannot_be_is_refused_and_the_session_goes_on() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer()?;
    viewer.wait_for_picture(soon(), &fixture.empty())?;
    for (width, height) in [(1, 1), (15, 200), (200, 15), (20000, 100), (100, 65535)] {
        let status = ask(&mut viewer, width, height)?;
        assert_ne!(status, 0, "{width}x{height}");
    }
    let half = |x| Screen::new(u32::from(x), x, 0, 160, 240);
    let layouts: [&[Screen]; 2] = [&[half(0), half(160)], &[]];
    for layout in layouts {
        let before = answers(&viewer).len();
        viewer.set_desktop_layout(320, 240, layout)?;
        expect_equal(&format!("{layout:?}"), answer(&mut viewer, before)?, 3)?;
    }
    for (width, height) in [(0, 0), (0, 240), (320, 0)] {
        let before = answers(&viewer).len();
        viewer.set_desktop_layout(width, height, &[Screen::new(0, 0, 0, width, height)])?;
        expect_equal("the status", answer(&mut viewer, before)?, 3)?;
    }
    let now = fixture.with(|offing| offing.size())?;
    expect_equal("the screen", now, rfb::Size::new(320, 240))?;
    expect_equal("the viewer's size", viewer.size(), (WIDTH, HEIGHT))?;
    client.open(Window::new("after all", 100, 80).content(Content::Pattern(1)))?;
    let expected = fixture.empty().with(&Picture::pattern(100, 80, 1), 110, 80);
    viewer.wait_for_picture(soon(), &expected)?;
    expect_equal("a good request", ask(&mut viewer, 400, 300)?, 0)
}

#[test]
fn a_fixed_size_stays() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.fixed_size = true;
    let fixture = Fixture::start(config)?;
    let mut viewer = fixture.viewer()?;
    viewer.wait_for_picture(soon(), &fixture.empty())?;
    for (width, height) in [(400, 300), (20000, 20000), (320, 240)] {
        expect_equal("the status", ask(&mut viewer, width, height)?, 1)?;
    }
    let now = fixture.with(|offing| offing.size())?;
    expect_equal("the screen", now, rfb::Size::new(320, 240))?;
    sync(&mut viewer)?;
    viewer.wait_for_picture(soon(), &fixture.empty())
}

#[test]
fn viewers_that_know_less_cope() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = open_maximised(&mut client, 1)?;
    let mut asking = fixture.viewer()?;
    let mut plain =
        fixture.viewer_knowing(&[encoding::HEXTILE, encoding::CURSOR, encoding::DESKTOP_SIZE])?;
    let mut fixed = fixture.viewer_knowing(&WITH_CURSOR)?;
    for viewer in [&mut asking, &mut plain, &mut fixed] {
        viewer.wait_for_picture(soon(), &Picture::pattern(WIDTH, HEIGHT, 1))?;
    }
    let black = Picture::solid(WIDTH, HEIGHT, [0; 3]);
    for (seed, (width, height)) in (2..).zip([(400, 300), (200, 150), (400, 150), (320, 240)]) {
        expect_equal("the status", ask(&mut asking, width, height)?, 0)?;
        client.dispatch_until(soon(), "the new size", |client| {
            client.surface(window).size == (i32::from(width), i32::from(height))
        })?;
        client.draw(window, Content::Pattern(seed))?;
        let (width, height) = (usize::from(width), usize::from(height));
        let picture = Picture::pattern(width, height, seed);
        plain.wait_for_picture(soon(), &picture)?;
        let told = plain
            .resizes
            .last()
            .map(|it| (it.extended, it.width, it.height));
        expect_equal(
            "DesktopSize",
            told,
            Some((false, width as u16, height as u16)),
        )?;
        // Cut at the right and the lower edge, black beyond them.
        let cut = picture.crop(Rect::new(0, 0, WIDTH, HEIGHT));
        fixed.wait_for_picture(soon(), &black.clone().with(&cut, 0, 0))?;
        expect_equal("its size", fixed.size(), (WIDTH, HEIGHT))?;
        assert!(fixed.resizes.is_empty());
    }
    Ok(())
}

#[test]
fn the_session_resizes_the_screen_itself() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    viewer.wait_for_picture(soon(), &fixture.empty())?;
    fixture
        .with(|offing| offing.resize(rfb::Size::new(333, 222)))?
        .map_err(Error::other)?;
    let larger = Picture::solid(333, 222, fixture.background);
    viewer.wait_for_picture(soon(), &larger)?;
    assert!(answers(&viewer).is_empty());
    let refusal = fixture.with(|offing| offing.resize(rfb::Size::new(8, 222)))?;
    let text = refusal.err().unwrap_or_default();
    assert!(text.contains("16 to 16384"), "{text}");
    Ok(())
}
