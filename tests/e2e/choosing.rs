//! What is chosen from: windows while Alt is held, and the menu of the desktop.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use offing::config::Share;
use offing::{Application, Config};
use offing_tests::picture::Rgb;
use offing_tests::vnc_client::{VncClient, button};
use offing_tests::wayland_client::protocol::State;
use offing_tests::wayland_client::{Surface, WaylandClient, Window};
use offing_tests::{Result, soon};

use crate::fixture::{
    Fixture, HEIGHT, WIDTH, config, expect_equal, sync, wait_for_focus, wait_for_keys,
};

const SHIFT: u32 = 0xffe1;
const ALT: u32 = 0xffe9;
const SUPER: u32 = 0xffeb;
const TAB: u32 = 0xff09;
const BACK_TAB: u32 = 0xfe20;
const SPACE: u32 = 0x20;
const ESCAPE: u32 = 0xff1b;
const RETURN: u32 = 0xff0d;
const LEFT: u32 = 0xff51;
const UP: u32 = 0xff52;
const DOWN: u32 = 0xff54;
/// Alt and Tab in linux/input-event-codes.h.
const ALT_KEY: u32 = 56;
const TAB_KEY: u32 = 15;

/// Behind what is chosen, and behind the rest of a list.
const CHOSEN: Rgb = [0x2f, 0x5d, 0x8a];
const LIST: Rgb = [0x26, 0x2f, 0x3a];
/// Around a list.
const FRAME: Rgb = [0x4a, 0x58, 0x68];

/// A session with three windows, the last of which has the keyboard.
struct Three {
    fixture: Fixture,
    client: WaylandClient,
    viewer: VncClient,
    windows: Vec<Surface>,
}

impl Three {
    fn new() -> Result<Self> {
        let fixture = Fixture::new()?;
        let mut client = fixture.client()?;
        let titles = ["one", "two", "three"].into_iter();
        let windows = titles.map(|title| client.open(Window::new(title, 60, 40).content([0; 3])));
        let windows: Vec<_> = windows.collect::<Result<_>>()?;
        wait_for_focus(&mut client, Some(windows[2]))?;
        let viewer = fixture.viewer()?;
        client.forget_input();
        Ok(Self {
            fixture,
            client,
            viewer,
            windows,
        })
    }

    fn strike(&mut self, keys: &[(u32, bool)]) -> Result {
        keys.iter()
            .try_for_each(|(key, pressed)| self.viewer.key(*key, *pressed))
    }

    fn settle(&mut self) -> Result {
        sync(&mut self.viewer)?;
        self.fixture.settle()?;
        self.client.roundtrip()
    }
}

#[test]
fn alt_tab_goes_to_the_window_that_was_used_before() -> Result {
    let mut it = Three::new()?;
    // There and back again.
    for expected in [1, 2, 1] {
        it.strike(&[(ALT, true), (TAB, true), (TAB, false), (ALT, false)])?;
        wait_for_focus(&mut it.client, Some(it.windows[expected]))?;
    }
    // Two further, with Tab pressed twice.
    it.strike(&[
        (ALT, true),
        (TAB, true),
        (TAB, false),
        (TAB, true),
        (TAB, false),
    ])?;
    it.strike(&[(ALT, false)])?;
    wait_for_focus(&mut it.client, Some(it.windows[0]))?;
    // The last one, with Shift: after 0, 1 and 2 that is 2.
    it.strike(&[
        (ALT, true),
        (SHIFT, true),
        (BACK_TAB, true),
        (BACK_TAB, false),
    ])?;
    it.strike(&[(SHIFT, false), (ALT, false)])?;
    wait_for_focus(&mut it.client, Some(it.windows[2]))
}

#[test]
fn alt_tab_shows_what_it_does_and_escape_ends_it() -> Result {
    let mut it = Three::new()?;
    it.strike(&[(ALT, true), (TAB, true), (TAB, false)])?;
    it.viewer.wait_until(soon(), "a list", |viewer| {
        let picture = viewer.picture();
        picture.count(LIST) > 1000 && picture.count(CHOSEN) > 1000
    })?;
    // The second row of three is the chosen one: that is the middle of the screen.
    let picture = it.viewer.picture();
    let is_lit = |y: usize| {
        (0..WIDTH)
            .filter(|x| picture.pixel(*x, y) == CHOSEN)
            .count()
            > 100
    };
    assert!(is_lit(120) && !is_lit(92) && !is_lit(148));
    it.strike(&[(ESCAPE, true), (ESCAPE, false), (ALT, false)])?;
    it.viewer.wait_until(soon(), "no list", |viewer| {
        viewer.picture().count(LIST) == 0
    })?;
    it.settle()?;
    expect_equal(
        "the keyboard",
        it.client.keyboard().focus,
        Some(it.windows[2]),
    )?;
    // Programs have not seen the keys.
    wait_for_keys(&mut it.client, &[(ALT_KEY, true), (ALT_KEY, false)])
}

#[test]
fn alt_tab_brings_back_what_is_minimized() -> Result {
    let mut it = Three::new()?;
    it.client.toplevel(it.windows[2])?.set_minimized();
    it.client.roundtrip()?;
    wait_for_focus(&mut it.client, Some(it.windows[1]))?;
    it.client.toplevel(it.windows[0])?.set_minimized();
    it.client.toplevel(it.windows[1])?.set_minimized();
    it.client.roundtrip()?;
    wait_for_focus(&mut it.client, None)?;
    // First the one that was used last.
    it.strike(&[(ALT, true), (TAB, true), (TAB, false), (ALT, false)])?;
    wait_for_focus(&mut it.client, Some(it.windows[1]))?;
    it.strike(&[(ALT, true), (TAB, true), (TAB, false), (ALT, false)])?;
    wait_for_focus(&mut it.client, Some(it.windows[2]))
}

#[test]
fn alt_tab_leaves_a_window_below_its_dialog() -> Result {
    let mut it = Three::new()?;
    let dialog = it.client.open(Window::new("dialog", 10, 10))?;
    let parent = it.client.toplevel(it.windows[2])?;
    it.client.toplevel(dialog)?.set_parent(Some(parent));
    it.client.draw(dialog, [0; 3])?;
    wait_for_focus(&mut it.client, Some(dialog))?;
    let frame = it.fixture.frame("three")?;
    it.viewer
        .click(frame.x as u16 + 1, frame.y as u16 + 1, button::LEFT)?;
    wait_for_focus(&mut it.client, Some(it.windows[2]))?;
    it.strike(&[(ALT, true), (TAB, true), (TAB, false), (ALT, false)])?;
    wait_for_focus(&mut it.client, Some(it.windows[1]))
}

#[test]
fn in_a_kiosk_alt_tab_is_for_programs() -> Result {
    let mut config = config(WIDTH, 240);
    config.kiosk = true;
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("kiosk", 60, 40).content([0; 3]))?;
    wait_for_focus(&mut client, Some(window))?;
    let mut viewer = fixture.viewer()?;
    client.forget_input();
    for (key, pressed) in [(ALT, true), (TAB, true), (TAB, false), (ALT, false)] {
        viewer.key(key, pressed)?;
    }
    let keys = [
        (ALT_KEY, true),
        (TAB_KEY, true),
        (TAB_KEY, false),
        (ALT_KEY, false),
    ];
    wait_for_keys(&mut client, &keys)
}

#[test]
fn super_and_arrows_arrange_the_active_window() -> Result {
    let mut it = Three::new()?;
    let window = it.windows[2];
    let follow = |it: &mut Three, key, what: &str, size, states: &[State]| -> Result {
        it.strike(&[(SUPER, true), (key, true), (key, false), (SUPER, false)])?;
        it.client.dispatch_until(soon(), what, |client| {
            let last = client.surface(window).configures.last();
            last.is_some_and(|it| {
                (it.width, it.height) == size && states.iter().all(|state| it.is(*state))
            })
        })?;
        it.client.draw(window, [0; 3])?;
        // What comes sooner is the same key, held.
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(30) {
            it.settle()?;
        }
        Ok(())
    };
    follow(
        &mut it,
        LEFT,
        "the left half",
        (160, 240),
        &[State::TiledLeft],
    )?;
    follow(&mut it, UP, "all", (320, 240), &[State::Maximized])?;
    follow(
        &mut it,
        DOWN,
        "the left half",
        (160, 240),
        &[State::TiledLeft],
    )?;
    follow(&mut it, DOWN, "its own size", (60, 40), &[])?;
    it.strike(&[(SUPER, true), (DOWN, true), (DOWN, false), (SUPER, false)])?;
    wait_for_focus(&mut it.client, Some(it.windows[1]))
}

fn application(name: &str, category: &str) -> Application {
    Application {
        name: name.to_owned(),
        category: category.to_owned(),
        command: vec![OsString::from("run"), OsString::from(name)],
    }
}

/// Waits until a list of so many rows is there, of which this one is lit; -1 is none.
fn wait_for_list(viewer: &mut VncClient, rows: usize, lit: i32) -> Result {
    wait_for_height(viewer, rows * 28, lit)
}

/// The same for rows that are so high all together; the one that is lit is counted as if all were
/// rows to choose from.
fn wait_for_height(viewer: &mut VncClient, rows: usize, lit: i32) -> Result {
    viewer.wait_until(
        soon(),
        &format!("rows of {rows} pixels, {lit} lit"),
        |viewer| {
            let picture = viewer.picture();
            // At the left edge inside of the frame there is no text.
            let column: Vec<_> = (0..picture.height).map(|y| picture.pixel(20, y)).collect();
            let list = column
                .iter()
                .filter(|it| [LIST, CHOSEN].contains(it))
                .count();
            let first = column.iter().position(|it| *it == CHOSEN);
            let row = first.map_or(-1, |y| (y as i32 - 16) / 28);
            // Rows, and the padding without the frame.
            list.abs_diff(rows + 10) <= 4 && row == lit
        },
    )
}

fn launched(fixture: &Fixture) -> Result<Option<Vec<OsString>>> {
    fixture.with(|offing| offing.take_launch())
}

#[test]
fn the_menu_starts_programs() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    viewer.pointer(10, 10, 0)?;
    viewer.click(10, 10, button::RIGHT)?;
    // There is nothing in it yet.
    sync(&mut viewer)?;
    fixture.settle()?;
    assert!(fixture.with(|offing| offing.wants_applications())?);
    let few = ["b", "a", "c"].map(|name| application(name, "Some"));
    let all = few.to_vec();
    fixture.with(|offing| offing.set_applications(all))?;
    wait_for_list(&mut viewer, 3, -1)?;
    viewer.pointer(60, 16 + 28 + 14, 0)?;
    wait_for_list(&mut viewer, 3, 1)?;
    viewer.click(60, 16 + 28 + 14, button::LEFT)?;
    viewer.wait_until(soon(), "no list", |viewer| {
        viewer.picture().count(LIST) == 0
    })?;
    expect_equal(
        "what is started",
        launched(&fixture)?,
        Some(few[0].command.clone()),
    )?;
    expect_equal("what is started", launched(&fixture)?, None)
}

#[test]
fn the_menu_goes_away_without_a_choice() -> Result {
    let mut it = Three::new()?;
    let few = vec![application("a", "Some")];
    it.fixture.with(|offing| offing.set_applications(few))?;
    it.viewer.click(10, 10, button::RIGHT)?;
    // Two headings, three windows, a line and a program.
    let height = 2 * 22 + 3 * 28 + 9 + 28;
    wait_for_height(&mut it.viewer, height, -1)?;
    // Headings and the line cannot be chosen.
    for (y, lit) in [
        (16 + 11, -1),
        (16 + 22 + 14, 0),
        (16 + 22 + 3 * 28 + 4, 0),
        (16 + height - 14, 4),
    ] {
        it.viewer.pointer(60, y as u16, 0)?;
        wait_for_height(&mut it.viewer, height, lit)?;
    }
    it.viewer.click(310, 230, button::LEFT)?;
    let is_gone = |viewer: &VncClient| viewer.picture().count(LIST) == 0;
    it.viewer.wait_until(soon(), "no list", is_gone)?;
    it.viewer.click(10, 10, button::RIGHT)?;
    wait_for_height(&mut it.viewer, height, -1)?;
    it.strike(&[(ESCAPE, true), (ESCAPE, false)])?;
    it.viewer.wait_until(soon(), "no list", is_gone)?;
    // On a window the click is the program's.
    it.viewer.click(160, 120, button::RIGHT)?;
    it.settle()?;
    assert!(is_gone(&it.viewer));
    expect_equal("clicks on windows", it.client.pointer().buttons().len(), 2)
}

#[test]
fn the_menu_brings_windows_back_by_keys() -> Result {
    let mut it = Three::new()?;
    it.client.toplevel(it.windows[0])?.set_minimized();
    it.client.roundtrip()?;
    it.viewer.click(10, 10, button::RIGHT)?;
    wait_for_list(&mut it.viewer, 3, -1)?;
    it.client.forget_input();
    for row in 0..3 {
        it.strike(&[(DOWN, true), (DOWN, false)])?;
        wait_for_list(&mut it.viewer, 3, row)?;
    }
    it.strike(&[(RETURN, true), (RETURN, false)])?;
    wait_for_focus(&mut it.client, Some(it.windows[0]))?;
    it.settle()?;
    expect_equal("keys for programs", it.client.keyboard().keys(), vec![])
}

#[test]
fn the_menu_comes_by_keys_over_what_covers_the_desktop() -> Result {
    let mut it = Three::new()?;
    it.client
        .open(Window::new("all", 60, 40).maximized().content([0; 3]))?;
    it.strike(&[(SUPER, true), (SPACE, true), (SPACE, false), (SUPER, false)])?;
    it.viewer.wait_until(soon(), "a list", |viewer| {
        viewer.picture().count(LIST) > 1000
    })?;
    it.strike(&[(UP, true), (UP, false), (SPACE, true), (SPACE, false)])?;
    wait_for_focus(&mut it.client, Some(it.windows[0]))
}

#[test]
fn a_list_follows_the_screen_and_the_windows() -> Result {
    let mut it = Three::new()?;
    it.viewer.click(200, 10, button::RIGHT)?;
    it.viewer.wait_until(soon(), "a list", |viewer| {
        viewer.picture().count(LIST) > 1000
    })?;
    it.fixture
        .with(|offing| offing.resize(rfb::Size::new(150, 110)))?
        .map_err(offing_tests::Error::other)?;
    // Three rows and the padding.
    let has_rows = |rows: usize| {
        move |viewer: &VncClient| {
            let picture = viewer.picture();
            let frame = (0..picture.height).filter(|y| picture.pixel(75, *y) == FRAME);
            let frame: Vec<_> = frame.collect();
            picture.width == 150
                && frame.len() == 2
                && frame[1] - frame[0] + 1 == rows * 28 + 12
                && frame[1] < 110
        }
    };
    it.viewer.wait_until(soon(), "three rows", has_rows(3))?;
    it.client.destroy(it.windows[1])?;
    it.viewer.wait_until(soon(), "two rows", has_rows(2))?;
    it.client.destroy(it.windows[0])?;
    it.client.destroy(it.windows[2])?;
    it.viewer.wait_until(soon(), "no list", |viewer| {
        viewer.picture().count(LIST) == 0
    })
}

#[test]
fn a_menu_goes_with_the_last_viewer() -> Result {
    let mut it = Three::new()?;
    it.viewer.click(10, 10, button::RIGHT)?;
    wait_for_list(&mut it.viewer, 3, -1)?;
    drop(it.viewer);
    it.fixture
        .wait_until("no viewers", |offing| offing.viewers().is_empty())?;
    let mut viewer = it.fixture.viewer()?;
    viewer.wait_until(soon(), "no list", |viewer| {
        viewer.picture().count(LIST) == 0
    })
}

#[test]
fn lists_are_where_viewers_see_them() -> Result {
    let fixture = Fixture::start(Config {
        share: Share::Rect(rfb::Rect::new(100, 50, 200, 150)),
        ..config(WIDTH, HEIGHT)
    })?;
    let mut client = fixture.client()?;
    client.open(Window::new("one", 60, 40).content([0; 3]))?;
    let mut viewer = fixture.viewer()?;
    viewer.key(SUPER, true)?;
    viewer.tap(SPACE)?;
    viewer.key(SUPER, false)?;
    // As wide as there is room, and a quarter below the upper edge.
    let top = 150 / 4;
    viewer.wait_until(soon(), "a menu", |viewer| {
        let picture = viewer.picture();
        [(100, top), (0, top + 20), (199, top + 20), (100, top + 39)]
            .into_iter()
            .all(|(x, y)| picture.pixel(x, y) == FRAME)
    })
}

#[test]
fn many_programs_are_in_categories() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    let names = (0..40).map(|number| {
        let category = if number % 2 == 0 { "Even" } else { "Odd" };
        application(&format!("{number:02}"), category)
    });
    let many: Vec<_> = names.chain([application("first", "")]).collect();
    fixture.with(|offing| offing.set_applications(many))?;
    viewer.click(10, 10, button::RIGHT)?;
    wait_for_list(&mut viewer, 3, -1)?;
    // The last row; then twenty and a way back, of which eight have room.
    viewer.click(60, 16 + 2 * 28 + 14, button::LEFT)?;
    viewer.wait_until(soon(), "a list as high as the screen", |viewer| {
        let picture = viewer.picture();
        picture.pixel(20, 8) == LIST && picture.pixel(20, 225) == LIST
    })?;
    // By the wheel to the end.
    for _ in 0..9 {
        viewer.click(60, 100, 1 << 4)?;
    }
    viewer.click(60, 210, button::LEFT)?;
    viewer.wait_until(soon(), "no list", |viewer| {
        viewer.picture().count(LIST) == 0
    })?;
    let expected = ["run", "39"].map(OsString::from).to_vec();
    expect_equal("what is started", launched(&fixture)?, Some(expected))
}
