//! Viewers see and reach a part of the desktop, or one window.

use offing::config::{Config, Share};
use offing_tests::picture::{Picture, Rect, Rgb};
use offing_tests::vnc_client::{VncClient, button, encoding};
use offing_tests::wayland_client::protocol::{
    ConstraintAdjustment as Adjust, KeyboardInteractivity, Layer, PanelAnchor, ResizeEdge,
};
use offing_tests::wayland_client::{Content, Panel, Positioner, Surface, WaylandClient, Window};
use offing_tests::{Result, soon};

use crate::cursor::{drawn, multiplied, opaque};
use crate::fixture::{
    Fixture, Frame, HEIGHT, WIDTH, WITH_CURSOR, config, expect_equal, sync, wait_for_buttons,
    wait_for_focus, wait_for_keys, wait_for_pointer,
};

const LEFT: u32 = 0x110;
const KEY_A: u32 = 30;
const KEY_B: u32 = 48;
/// The app id of what is shared.
const APP: &str = "org.example.shared";

/// A session with a screen of 320 × 240 logical units.
fn sharing(share: Share, scale: f64) -> Config {
    let pixels = |logical: usize| (logical as f64 * scale) as usize;
    let mut config = config(pixels(WIDTH), pixels(HEIGHT));
    config.scale = scale;
    config.share = share;
    config
}

fn window() -> Share {
    Share::Window(APP.to_owned())
}

fn isolated() -> Share {
    Share::Isolated(APP.to_owned())
}

fn rect(x: u16, y: u16, width: u16, height: u16) -> Share {
    Share::Rect(rfb::Rect::new(x, y, width, height))
}

/// The window that is shared at (110, 80), 100 × 80, below a stranger's at (142, 112).
struct Scene {
    fixture: Fixture,
    client: WaylandClient,
    shared: Surface,
    stranger: WaylandClient,
    other: Surface,
}

impl Scene {
    fn new(share: Share) -> Result<Self> {
        Self::at_scale(share, 1.0)
    }

    fn at_scale(share: Share, scale: f64) -> Result<Self> {
        let fixture = Fixture::start(sharing(share, scale))?;
        let (mut client, mut stranger) = (fixture.client()?, fixture.client()?);
        let shared = Window::new("shared", 100, 80).app_id(APP);
        let shared = client.open(shared.content(Content::Pattern(1)))?;
        let other = Window::new("other", 100, 80).content(Content::Pattern(2));
        let other = stranger.open(other)?;
        wait_for_focus(&mut stranger, Some(other))?;
        Ok(Self {
            fixture,
            client,
            shared,
            stranger,
            other,
        })
    }

    /// A subsurface that stands out on the left, at places that scale 1.5 rounds.
    fn add_subsurface(&mut self) -> Result {
        let (at, size) = ((-15, 41), (31, 21));
        let content = Content::Pattern(3);
        self.client
            .add_subsurface(self.shared, at, size, content, true)?;
        self.client.commit(self.shared)?;
        self.client.roundtrip()
    }

    /// A popup at this place in the window, which must not be moved elsewhere.
    fn add_popup(&mut self, (x, y): (i32, i32), (width, height): (i32, i32)) -> Result<Surface> {
        let positioner = Positioner::below((x, y - 1, 1, 1), width, height);
        self.client
            .open_popup(self.shared, &positioner, Content::Pattern(4))
    }

    /// What the shared window looks like.
    fn alone(&self) -> Picture {
        Picture::pattern(100, 80, 1)
    }
}

/// What the whole desktop looks like with a scene on it.
fn desktop(scale: f64, change: impl Fn(&mut Scene) -> Result) -> Result<Picture> {
    let mut scene = Scene::at_scale(Share::Desktop, scale)?;
    change(&mut scene)?;
    scene.fixture.screenshot()
}

/// Waits until a viewer sees this and a new viewer and a screenshot as well.
fn all_see(scene: &Scene, viewer: &mut VncClient, expected: &Picture) -> Result {
    viewer.wait_for_picture(soon(), expected)?;
    scene.fixture.screenshot()?.expect(expected)?;
    scene.fixture.viewer()?.wait_for_picture(soon(), expected)
}

/// Returns when the session has acted on all that the viewer sent.
fn settle(scene: &mut Scene, viewer: &mut VncClient) -> Result {
    sync(viewer)?;
    scene.fixture.settle()?;
    scene.client.roundtrip()?;
    scene.stranger.roundtrip()
}

/// No input has come to the stranger since it was forgotten.
fn expect_untouched(scene: &Scene) -> Result {
    let pointer = scene.stranger.pointer();
    expect_equal("the stranger's pointer", pointer.focus, None)?;
    expect_equal("the stranger's buttons", pointer.buttons(), vec![])?;
    expect_equal(
        "the stranger's keys",
        scene.stranger.keyboard().keys(),
        vec![],
    )
}

#[test]
fn a_rectangle_shows_what_is_there() -> Result {
    let add = |scene: &mut Scene| {
        scene.add_subsurface()?;
        scene.add_popup((61, 11), (31, 21)).map(drop)
    };
    for scale in [1.0, 1.5, 2.0] {
        let whole = desktop(scale, add)?;
        // Inside, cut to the screen, and all of it.
        for (x, y, width, height) in [(121, 95, 111, 77), (160, 100, 999, 999), (0, 0, 999, 999)] {
            let mut scene = Scene::at_scale(rect(x, y, width, height), scale)?;
            let mut viewer = scene.fixture.viewer()?;
            add(&mut scene)?;
            let part = Rect::new(x.into(), y.into(), width.into(), height.into());
            let part = whole.crop(part);
            expect_equal("the first size", viewer.size(), (part.width, part.height))?;
            all_see(&scene, &mut viewer, &part)
                .map_err(|error| error.context(format!("{x},{y} at scale {scale}")))?;
        }
    }
    Ok(())
}

/// Opens a subsurface and a popup of 31 × 21 at each of some places, and compares what is seen of
/// a window with the same part of the whole desktop, which `prepare` makes look the same.
fn compare(share: &Share, prepare: fn(&mut Scene) -> Result) -> Result {
    let places = [(61, 11), (-21, 40), (81, -11), (91, 71)];
    for scale in [1.0, 1.5, 2.0] {
        for (x, y) in places {
            let add = |scene: &mut Scene| {
                scene.add_subsurface()?;
                scene.add_popup((x, y), (31, 21)).map(drop)
            };
            let whole = desktop(scale, |scene| {
                prepare(scene)?;
                add(scene)
            })?;
            // Places are rounded to pixels, and then sizes.
            let edges = |at: i32, size: i32| {
                let start = (f64::from(at) * scale).round();
                (start, (start + f64::from(size) * scale).round())
            };
            let both = |(from, to): (f64, f64), (also, until): (f64, f64)| {
                let start = from.min(also);
                (start as usize, (to.max(until) - start) as usize)
            };
            let (left, width) = both(edges(110, 100), edges(110 + x, 31));
            let (top, height) = both(edges(80, 80), edges(80 + y, 21));
            let part = whole.crop(Rect::new(left, top, width, height));
            let mut scene = Scene::at_scale(share.clone(), scale)?;
            let mut viewer = scene.fixture.viewer()?;
            add(&mut scene)?;
            all_see(&scene, &mut viewer, &part)
                .map_err(|error| error.context(format!("({x}, {y}) at scale {scale}")))?;
        }
    }
    Ok(())
}

#[test]
fn a_window_is_seen_as_it_is_on_the_desktop() -> Result {
    compare(&window(), |_| Ok(()))
}

#[test]
fn an_isolated_window_is_seen_alone() -> Result {
    compare(&isolated(), |scene| {
        scene.stranger.destroy(scene.other)?;
        scene.stranger.roundtrip()
    })
}

#[test]
fn a_popup_beyond_the_screen_is_cut_if_the_window_is_on_it() -> Result {
    for (share, size) in [(window(), (210, 160)), (isolated(), (220, 170))] {
        let mut scene = Scene::new(share)?;
        let mut viewer = scene.fixture.viewer()?;
        scene.stranger.destroy(scene.other)?;
        scene.add_popup((190, 150), (30, 20))?;
        let expected = Picture::solid(size.0, size.1, scene.fixture.background)
            .with(&scene.alone(), 0, 0)
            .with(&Picture::pattern(30, 20, 4), 190, 150);
        all_see(&scene, &mut viewer, &expected)?;
    }
    Ok(())
}

#[test]
fn an_immense_window_is_cut() -> Result {
    let mut scene = Scene::new(isolated())?;
    let mut viewer = scene.fixture.viewer()?;
    viewer.wait_for_picture(soon(), &scene.alone())?;
    let (client, shared) = (&mut scene.client, scene.shared);
    client.set_viewport(shared, None, Some((20_000, 16_000)))?;
    client.draw(shared, [1, 2, 3])?;
    viewer.wait_until(soon(), "more than the screen", |viewer| {
        viewer.size() == (480, 360) && viewer.pixel(300, 200) == [1, 2, 3]
    })
}

#[test]
fn what_is_beside_the_screen_is_plain() -> Result {
    let mut scene = Scene::new(rect(120, 90, 80, 70))?;
    let mut viewer = scene.fixture.viewer()?;
    let whole = desktop(1.0, |_| Ok(()))?;
    all_see(&scene, &mut viewer, &whole.crop(Rect::new(120, 90, 80, 70)))?;
    let resize = |scene: &Scene, width, height| {
        let size = rfb::Size::new(width, height);
        let resized = scene.fixture.with(move |offing| offing.resize(size))?;
        resized.map_err(offing_tests::Error::other)
    };
    resize(&scene, 130, 240)?;
    viewer.wait_until(soon(), "10x70", |viewer| viewer.size() == (10, 70))?;
    resize(&scene, 100, 240)?;
    let plain = Picture::solid(10, 70, scene.fixture.background);
    all_see(&scene, &mut viewer, &plain)?;
    scene.client.forget_input();
    scene.stranger.forget_input();
    viewer.click(5, 5, button::LEFT)?;
    viewer.tap(u32::from('a'))?;
    settle(&mut scene, &mut viewer)?;
    expect_equal("the buttons", scene.client.pointer().buttons(), vec![])?;
    expect_untouched(&scene)
}

#[test]
fn a_rectangle_passes_all_input_on() -> Result {
    for scale in [1.0, 2.0] {
        let (x, y) = (120 * scale as u16, 90 * scale as u16);
        let mut scene = Scene::at_scale(rect(x, y, 80, 70), scale)?;
        let mut viewer = scene.fixture.viewer()?;
        viewer.pointer(4, 6, 0)?;
        let place = (10.0 + 4.0 / scale, 10.0 + 6.0 / scale);
        wait_for_pointer(&mut scene.client, scene.shared, place)?;
        viewer.tap(u32::from('a'))?;
        wait_for_keys(&mut scene.stranger, &[(KEY_A, true), (KEY_A, false)])?;
        viewer.pointer(79, 69, 0)?;
        let last = |from: f64, length: f64| from + (length - 1.0) / scale;
        let place = (last(-22.0, 80.0), last(-22.0, 70.0));
        wait_for_pointer(&mut scene.stranger, scene.other, place)?;
    }
    Ok(())
}

#[test]
fn of_a_shared_window_viewers_reach_nothing_else() -> Result {
    for share in [window(), isolated()] {
        for scale in [1.0, 2.0] {
            let mut scene = Scene::at_scale(share.clone(), scale)?;
            let mut viewer = scene.fixture.viewer()?;
            let side = |logical: f64| (logical * scale) as u16;
            viewer.wait_until(soon(), "the window", |viewer| {
                viewer.size() == (side(100.0).into(), side(80.0).into())
            })?;
            scene.stranger.forget_input();
            // Where the other window covers it.
            viewer.pointer(side(50.0), side(60.0), 0)?;
            wait_for_pointer(&mut scene.client, scene.shared, (50.0, 60.0))?;
            expect_equal(
                "the active one",
                scene.fixture.active()?.as_deref(),
                Some("other"),
            )?;
            viewer.click(side(50.0), side(60.0), button::LEFT)?;
            wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])?;
            wait_for_focus(&mut scene.client, Some(scene.shared))?;
            viewer.tap(u32::from('a'))?;
            wait_for_keys(&mut scene.client, &[(KEY_A, true), (KEY_A, false)])?;
            settle(&mut scene, &mut viewer)?;
            expect_untouched(&scene)?;
            // The click has raised it.
            let windows = scene.fixture.windows()?;
            expect_equal("the topmost", windows[1].0.as_str(), "shared")?;
        }
    }
    Ok(())
}

#[test]
fn a_key_activates_the_shared_window_first() -> Result {
    for share in [window(), isolated()] {
        let mut scene = Scene::new(share)?;
        let mut viewer = scene.fixture.viewer()?;
        viewer.wait_until(soon(), "the window", |viewer| viewer.size() == (100, 80))?;
        scene.stranger.forget_input();
        viewer.type_text("ab")?;
        let typed = [(KEY_A, true), (KEY_A, false), (KEY_B, true), (KEY_B, false)];
        wait_for_keys(&mut scene.client, &typed)?;
        viewer.wait_for_picture(soon(), &scene.alone())?;
        scene.stranger.roundtrip()?;
        expect_untouched(&scene)?;
        expect_equal(
            "the active one",
            scene.fixture.active()?.as_deref(),
            Some("shared"),
        )?;
    }
    Ok(())
}

#[test]
fn a_window_closes_and_opens_again() -> Result {
    for share in [window(), isolated()] {
        let fixture = Fixture::start(sharing(share, 1.0))?;
        let (mut client, mut stranger) = (fixture.client()?, fixture.client()?);
        let mut viewer = fixture.viewer()?;
        // As large as the screen until it is there.
        viewer.wait_for_picture(soon(), &fixture.empty())?;
        let other = Window::new("other", 100, 80).content(Content::Pattern(2));
        let other = stranger.open(other)?;
        wait_for_focus(&mut stranger, Some(other))?;
        for (seed, (width, height)) in [(1, (90, 60)), (5, (110, 40))] {
            let before = viewer.size();
            let shared = Window::new("shared", width, height).app_id(APP);
            let shared = client.open(shared.content(Content::Pattern(seed)))?;
            let (width, height) = (width as usize, height as usize);
            viewer.wait_for_picture(soon(), &Picture::pattern(width, height, seed))?;
            assert_ne!(viewer.size(), before);
            viewer.pointer(3, 4, button::LEFT)?;
            wait_for_pointer(&mut client, shared, (3.0, 4.0))?;
            wait_for_focus(&mut client, Some(shared))?;

            client.destroy(shared)?;
            viewer.wait_for_picture(soon(), &Picture::solid(width, height, fixture.background))?;
            stranger.forget_input();
            viewer.click(3, 4, button::LEFT)?;
            viewer.click(70, 30, button::LEFT)?;
            viewer.tap(u32::from('a'))?;
            sync(&mut viewer)?;
            fixture.settle()?;
            stranger.roundtrip()?;
            expect_equal("the pointer", stranger.pointer().focus, None)?;
            expect_equal("the buttons", stranger.pointer().buttons(), vec![])?;
            expect_equal("the keys", stranger.keyboard().keys(), vec![])?;
        }
    }
    Ok(())
}

#[test]
fn an_unmapped_window_is_not_there() -> Result {
    let mut scene = Scene::new(isolated())?;
    let mut viewer = scene.fixture.viewer()?;
    viewer.wait_for_picture(soon(), &scene.alone())?;
    scene.client.unmap(scene.shared)?;
    let plain = Picture::solid(100, 80, scene.fixture.background);
    all_see(&scene, &mut viewer, &plain)
}

#[test]
fn the_topmost_window_with_the_app_id_is_shared() -> Result {
    let mut scene = Scene::new(isolated())?;
    let mut viewer = scene.fixture.viewer()?;
    viewer.wait_for_picture(soon(), &scene.alone())?;
    let named = |client: &mut WaylandClient, surface, name: &str| -> Result {
        client.toplevel(surface)?.set_app_id(name.to_owned());
        client.flush()
    };
    // The stranger's, which is above, takes the name, gives it back, and takes it again.
    let above = Picture::pattern(100, 80, 2);
    named(&mut scene.stranger, scene.other, APP)?;
    viewer.wait_for_picture(soon(), &above)?;
    named(&mut scene.stranger, scene.other, "another")?;
    viewer.wait_for_picture(soon(), &scene.alone())?;
    named(&mut scene.client, scene.shared, "another")?;
    let plain = Picture::solid(100, 80, scene.fixture.background);
    viewer.wait_for_picture(soon(), &plain)?;
    named(&mut scene.stranger, scene.other, APP)?;
    viewer.wait_for_picture(soon(), &above)?;
    viewer.pointer(7, 8, 0)?;
    wait_for_pointer(&mut scene.stranger, scene.other, (7.0, 8.0))?;
    scene.client.roundtrip()?;
    expect_equal("the other's pointer", scene.client.pointer().focus, None)
}

#[test]
fn viewers_follow_the_windows_size() -> Result {
    for share in [window(), isolated()] {
        let mut scene = Scene::new(share)?;
        scene.stranger.destroy(scene.other)?;
        let mut extended = scene.fixture.viewer()?;
        let knowing = [encoding::RAW, encoding::CURSOR, encoding::DESKTOP_SIZE];
        let mut simple = scene.fixture.viewer_knowing(&knowing)?;
        // This one can only keep the size that it began with.
        let mut fixed = scene.fixture.viewer_knowing(&WITH_CURSOR)?;
        expect_equal("the first size", fixed.size(), (100, 80))?;
        for (seed, (width, height)) in (10..).zip([(130, 90), (60, 95), (100, 80)]) {
            scene.client.resize(scene.shared, width, height);
            scene.client.draw(scene.shared, Content::Pattern(seed))?;
            let picture = Picture::pattern(width as usize, height as usize, seed);
            extended.wait_for_picture(soon(), &picture)?;
            simple.wait_for_picture(soon(), &picture)?;
            let both = Rect::new(0, 0, 100, 80);
            fixed.wait_for_piece(soon(), 0, 0, &picture.crop(both))?;
            expect_equal("the size that stays", fixed.size(), (100, 80))?;
        }
        let told = extended.resizes.last().map(|it| it.extended);
        expect_equal("the extended message", told, Some(true))?;
        let told = simple.resizes.last().map(|it| it.extended);
        expect_equal("the simple message", told, Some(false))?;
    }
    Ok(())
}

#[test]
fn only_the_whole_desktop_is_resized_by_viewers() -> Result {
    for share in [window(), isolated(), rect(0, 0, 320, 240)] {
        let scene = Scene::new(share)?;
        let mut viewer = scene.fixture.viewer()?;
        viewer.wait_until(soon(), "a picture", |viewer| !viewer.updates.is_empty())?;
        viewer.set_desktop_size(200, 150)?;
        viewer.wait_until(soon(), "the answer", |viewer| {
            let answer = viewer.resizes.last();
            // To its own request, prohibited.
            answer.is_some_and(|it| (it.reason, it.status) == (1, 1))
        })?;
        let size = scene.fixture.with(|offing| offing.size())?;
        expect_equal("the screen", size, rfb::Size::new(320, 240))?;
    }
    Ok(())
}

/// What a popup is shown in: the frame of the shared window, if it can be.
#[test]
fn popups_stay_in_the_frame_of_the_shared_window() -> Result {
    let slide = Adjust::SlideX | Adjust::SlideY;
    let flip = Adjust::FlipX | Adjust::FlipY;
    // Its size and what may be adjusted, and where it goes then in a window and isolated.
    let cases = [
        ((60, 40), slide, (40, 40), (40, 40)),
        ((60, 40), flip, (30, 20), (30, 20)),
        ((60, 40), Adjust::empty(), (80, 70), (80, 70)),
        // Too large for the frame: on the screen, or beside the frame.
        ((150, 120), slide, (60, 40), (0, 0)),
    ];
    for (size, adjustment, in_window, alone) in cases {
        for (share, (x, y)) in [(window(), in_window), (isolated(), alone)] {
            let mut scene = Scene::new(share)?;
            let positioner = Positioner {
                adjustment,
                ..Positioner::below((80, 60, 10, 10), size.0, size.1)
            };
            let shared = scene.shared;
            let popup = scene
                .client
                .open_popup(shared, &positioner, Content::Pattern(4))?;
            let placement = scene.client.surface(popup).placements[0];
            let what = format!("{size:?} with {adjustment:?}");
            expect_equal(&what, (placement.x, placement.y), (x, y))?;
        }
    }
    Ok(())
}

#[test]
fn popups_stay_in_what_is_seen_of_the_shared_window() -> Result {
    for (share, place) in [(window(), (260, 200)), (isolated(), (340, 260))] {
        let fixture = Fixture::start(sharing(share, 1.0))?;
        let mut client = fixture.client()?;
        let large = Window::new("larger than the screen", 400, 300).app_id(APP);
        let large = client.open(large.content(Content::Pattern(1)))?;
        let positioner = Positioner {
            adjustment: Adjust::SlideX | Adjust::SlideY,
            ..Positioner::below((370, 280, 10, 10), 60, 40)
        };
        let popup = client.open_popup(large, &positioner, Content::Pattern(4))?;
        let placement = client.surface(popup).placements[0];
        expect_equal("the place", (placement.x, placement.y), place)?;
    }
    Ok(())
}

#[test]
fn a_menu_that_stands_out_works() -> Result {
    for share in [window(), isolated()] {
        let mut scene = Scene::new(share)?;
        let mut viewer = scene.fixture.viewer()?;
        scene.stranger.destroy(scene.other)?;
        viewer.wait_for_picture(soon(), &scene.alone())?;
        viewer.pointer(10, 10, 0)?;
        viewer.pointer(10, 10, button::LEFT)?;
        wait_for_pointer(&mut scene.client, scene.shared, (10.0, 10.0))?;
        wait_for_buttons(&mut scene.client, &[(LEFT, true)])?;
        let positioner = Positioner::below((-30, 10, 1, 1), 50, 90);
        let content = Content::Pattern(4);
        let shared = scene.shared;
        let menu = scene
            .client
            .open_grabbing_popup(shared, &positioner, content)?;
        let menu_picture = Picture::pattern(50, 90, 4);
        let expected = Picture::solid(130, 101, scene.fixture.background)
            .with(&scene.alone(), 30, 0)
            .with(&menu_picture, 0, 11);
        viewer.wait_for_picture(soon(), &expected)?;
        // The button goes up where it went down, although the picture has moved.
        viewer.pointer(10, 10, 0)?;
        wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])?;
        // An item outside of the window's frame.
        scene.client.forget_input();
        viewer.click(5, 95, button::LEFT)?;
        wait_for_pointer(&mut scene.client, menu, (5.0, 84.0))?;
        wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])?;
        // Beside both: the menu is left.
        viewer.click(2, 3, button::LEFT)?;
        let client = &mut scene.client;
        client.dispatch_until(soon(), "the end of the menu", |client| {
            client.surface(menu).dismissed
        })?;
        client.destroy(menu)?;
        viewer.wait_for_picture(soon(), &scene.alone())?;
        expect_untouched(&scene)?;
    }
    Ok(())
}

#[test]
fn a_shared_window_does_not_run_away_from_the_pointer() -> Result {
    for share in [window(), isolated()] {
        let mut scene = Scene::new(share)?;
        let mut viewer = scene.fixture.viewer()?;
        scene.stranger.destroy(scene.other)?;
        viewer.wait_for_picture(soon(), &scene.alone())?;
        let grab = |scene: &mut Scene, viewer: &mut VncClient, edge: Option<ResizeEdge>| {
            viewer.pointer(50, 40, 0)?;
            scene.client.forget_input();
            viewer.pointer(50, 40, button::LEFT)?;
            wait_for_buttons(&mut scene.client, &[(LEFT, true)])?;
            match edge {
                None => scene.client.start_move(scene.shared)?,
                Some(edge) => scene.client.start_resize(scene.shared, edge)?,
            }
            scene.client.roundtrip()
        };
        // It is not moved, nor resized by an edge that would move it.
        for edge in [None, Some(ResizeEdge::TopLeft), Some(ResizeEdge::Left)] {
            grab(&mut scene, &mut viewer, edge)?;
            let configures = scene.client.surface(scene.shared).configures.len();
            for x in (20..60).step_by(5) {
                viewer.pointer(x, x, button::LEFT)?;
                let place = (f64::from(x), f64::from(x));
                wait_for_pointer(&mut scene.client, scene.shared, place)?;
                let frame = scene.fixture.frame("shared")?;
                expect_equal("the place", frame, Frame::new(110, 80, 100, 80))?;
            }
            viewer.pointer(50, 40, 0)?;
            wait_for_buttons(&mut scene.client, &[(LEFT, true), (LEFT, false)])?;
            let surface = scene.client.surface(scene.shared);
            expect_equal("configurations", surface.configures.len(), configures)?;
        }
        // By other edges it is as large as the pointer wants it, however often that tells.
        grab(&mut scene, &mut viewer, Some(ResizeEdge::BottomRight))?;
        for side in [30, 31, 31, 31, 40, 20, 20, 20] {
            viewer.pointer(side, side, button::LEFT)?;
            let (shared, wanted) = (scene.shared, i32::from(side));
            let (width, height) = (50 + wanted, 40 + wanted);
            let client = &mut scene.client;
            client.dispatch_until(soon(), &format!("{width}x{height}"), |client| {
                let last = client.surface(shared).configures.last();
                last.is_some_and(|it| (it.width, it.height) == (width, height))
            })?;
            client.draw(shared, Content::Pattern(1))?;
            let picture = Picture::pattern(width as usize, height as usize, 1);
            viewer.wait_for_picture(soon(), &picture)?;
            let frame = scene.fixture.frame("shared")?;
            expect_equal("the place", frame, Frame::new(110, 80, width, height))?;
        }
    }
    Ok(())
}

#[test]
fn the_cursor_is_where_viewers_point() -> Result {
    let arrow = multiplied("default", 1.0)?;
    for share in [window(), isolated(), rect(110, 80, 100, 80)] {
        let mut scene = Scene::new(share)?;
        let mut viewer = scene.fixture.viewer_knowing(&[encoding::RAW])?;
        viewer.wait_until(soon(), "the window", |viewer| viewer.size() == (100, 80))?;
        scene.stranger.destroy(scene.other)?;
        for (x, y) in [(5, 6), (60, 50), (99, 79)] {
            viewer.pointer(x, y, 0)?;
            let expected = drawn(&scene.alone(), &arrow, (x.into(), y.into()));
            viewer.wait_for_picture(soon(), &expected)?;
        }
        // The window's own.
        wait_for_pointer(&mut scene.client, scene.shared, (99.0, 79.0))?;
        let own = Picture::solid(8, 8, [250, 0, 0]);
        scene
            .client
            .set_cursor((8, 8), (4, 4), Content::Picture(own.clone()))?;
        let own = opaque(&own, (4, 4));
        viewer.pointer(40, 41, 0)?;
        viewer.wait_for_picture(soon(), &drawn(&scene.alone(), &own, (40, 41)))?;
    }
    Ok(())
}

/// Whether a red dot is in the upper right corner of a picture that is `plain` else.
fn has_dot(picture: &Picture, plain: &Picture, scale: usize) -> bool {
    let (side, margin) = (12 * scale, 8 * scale);
    let place = Rect::new(picture.width - margin - side, margin, side, side);
    let [red, green, blue]: Rgb = picture.pixel(place.x + side / 2, place.y + side / 2);
    let corner = picture.pixel(place.x, place.y);
    picture.diff(plain, 0, &[place]).is_none()
        && (red > 200 && green < 60 && blue < 60)
        && corner == plain.pixel(place.x, place.y)
}

#[test]
fn the_indicator_is_there_while_somebody_watches() -> Result {
    for (share, scale) in [
        (Share::Desktop, 1.0),
        (Share::Desktop, 2.0),
        (rect(150, 10, 100, 150), 1.0),
        (window(), 1.0),
        (isolated(), 2.0),
    ] {
        let mut config = sharing(share, scale);
        config.indicator = true;
        let fixture = Fixture::start(config)?;
        let mut client = fixture.client()?;
        let shared = Window::new("shared", 100, 80).app_id(APP);
        client.open(shared.content([10, 20, 30]))?;
        let plain = fixture.screenshot()?;
        let sees = |viewer: &VncClient| has_dot(&viewer.picture(), &plain, scale as usize);
        for _ in 0..2 {
            let mut first = fixture.viewer()?;
            first.wait_until(soon(), "the dot", |viewer| {
                viewer.size() == (plain.width, plain.height) && sees(viewer)
            })?;
            let mut second = fixture.viewer_knowing(&WITH_CURSOR)?;
            second.wait_until(soon(), "the dot", sees)?;
            drop(first);
            fixture.wait_until("one viewer", |offing| offing.viewers().len() == 1)?;
            sync(&mut second)?;
            assert!(sees(&second), "one still watches");
            drop(second);
            fixture.wait_until("no viewer", |offing| offing.viewers().is_empty())?;
            let after = plain.clone();
            fixture.wait_until("no dot", move |offing| {
                let frame = offing.screenshot();
                let (x, y) = (after.width - 14 * scale as usize, 14 * scale as usize);
                let row = frame.row(y as u16);
                [row[x * 4 + 2], row[x * 4 + 1], row[x * 4]] == after.pixel(x, y)
            })?;
            fixture.screenshot()?.expect(&plain)?;
        }
    }
    Ok(())
}

#[test]
fn a_panel_has_the_keyboard_only_while_no_window_is_shared() -> Result {
    for share in [window(), isolated()] {
        let fixture = Fixture::start(sharing(share, 1.0))?;
        let (mut bar, mut client) = (fixture.client()?, fixture.client()?);
        let top = PanelAnchor::Top | PanelAnchor::Left | PanelAnchor::Right;
        let panel = Panel::new(Layer::Top, top, 0, 20).keyboard(KeyboardInteractivity::Exclusive);
        let panel = bar.open_panel(panel.content([0, 0, 200]))?;
        wait_for_focus(&mut bar, Some(panel))?;
        let shared = Window::new("shared", 100, 80).app_id(APP);
        let shared = client.open(shared.content(Content::Pattern(1)))?;
        wait_for_focus(&mut client, Some(shared))?;
        wait_for_focus(&mut bar, None)?;
        client.destroy(shared)?;
        wait_for_focus(&mut bar, Some(panel))?;
    }
    Ok(())
}
