//! Clients that copy one window, wherever it is and whatever covers it.

use offing::config::Share;
use offing_tests::picture::{Picture, Rect};
use offing_tests::wayland_client::protocol::{Mode, State};
use offing_tests::wayland_client::{Content, Positioner, Surface, WaylandClient, Window};
use offing_tests::{Error, Result, soon};
use wayland_protocols::ext::foreign_toplevel_list::v1::client::ext_foreign_toplevel_handle_v1::ExtForeignToplevelHandleV1;
use wayland_protocols::ext::foreign_toplevel_list::v1::client::ext_foreign_toplevel_list_v1::ExtForeignToplevelListV1;
use wayland_protocols::ext::image_capture_source::v1::client::ext_foreign_toplevel_image_capture_source_manager_v1::ExtForeignToplevelImageCaptureSourceManagerV1;
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_frame_v1::{
    ExtImageCopyCaptureFrameV1, FailureReason,
};

use crate::capture::{Buffer, Session, bounds};
use crate::fixture::{Fixture, HEIGHT, WIDTH, config, expect_equal, listener, wait_for_pointer};
use crate::raw::{Own, bind};
use crate::toplevels::Taskbar;

/// The size of most windows here.
const SIZE: (usize, usize) = (100, 80);

/// A client that copies windows by their titles.
pub(crate) struct Copier {
    pub(crate) client: WaylandClient,
    taskbar: Taskbar,
    _list: ExtForeignToplevelListV1,
    sources: ExtForeignToplevelImageCaptureSourceManagerV1,
}

/// A film of a window: a session, and a buffer of the size that it wants.
pub(crate) struct Film {
    session: Session,
    buffer: Buffer,
    frame: Option<ExtImageCopyCaptureFrameV1>,
}

impl Copier {
    fn new(fixture: &Fixture) -> Result<Self> {
        Self::of(fixture.client()?)
    }

    pub(crate) fn of(client: WaylandClient) -> Result<Self> {
        let taskbar = Taskbar::default();
        Ok(Self {
            _list: taskbar.bind(&client, 1)?,
            sources: bind(&client, 1, &Own::default())?,
            client,
            taskbar,
        })
    }

    fn handle(&mut self, title: &str) -> Result<ExtForeignToplevelHandleV1> {
        let row = self.taskbar.wait_for(&mut self.client, title, |_| true)?;
        row.ext().cloned().ok_or_else(|| Error::other("no handle"))
    }

    fn session(&mut self, title: &str, with_cursor: bool) -> Result<Session> {
        let (window, own) = (self.handle(title)?, Own::default());
        let handle = self.client.queue_handle();
        let source = self.sources.create_source(&window, &handle, own.clone());
        Session::of(&mut self.client, &source, &own, with_cursor)
    }

    pub(crate) fn film(&mut self, title: &str, with_cursor: bool) -> Result<Film> {
        let session = self.session(title, with_cursor)?;
        Ok(Film {
            buffer: session.buffer(&self.client)?,
            session,
            frame: None,
        })
    }

    /// A picture of a window as it is now.
    pub(crate) fn copy(&mut self, title: &str) -> Result<Picture> {
        let mut film = self.film(title, false)?;
        film.ask(&mut self.client)?;
        film.next(&mut self.client)
    }
}

impl Film {
    /// Asks for the next picture.
    pub(crate) fn ask(&mut self, client: &mut WaylandClient) -> Result {
        if let Some(before) = self.frame.take() {
            before.destroy();
        }
        self.frame = Some(self.session.capture(client, &self.buffer));
        client.roundtrip()
    }

    /// Waits for what was asked for.
    pub(crate) fn next(&mut self, client: &mut WaylandClient) -> Result<Picture> {
        let own = &self.session.own;
        client.dispatch_until(soon(), "a copy", |_| own.told().capture.ready > 0)?;
        own.told().capture.ready = 0;
        self.buffer.picture()
    }

    fn is_ready(&self) -> bool {
        self.session.own.told().capture.ready > 0
    }

    fn wait_for_failure(&self, client: &mut WaylandClient, reason: FailureReason) -> Result {
        let own = &self.session.own;
        client.dispatch_until(soon(), "a failure", |_| {
            own.told().capture.reason == Some(reason)
        })
    }

    fn damage(&self) -> Option<Rect> {
        bounds(&self.session.own.told().capture.damage)
    }
}

fn window(title: &str, seed: u32) -> Window {
    let (width, height) = (SIZE.0 as i32, SIZE.1 as i32);
    Window::new(title, width, height).content(Content::Pattern(seed))
}

fn pattern(seed: u32) -> Picture {
    Picture::pattern(SIZE.0, SIZE.1, seed)
}

/// Waits for a frame callback of what is drawn.
fn draw(client: &mut WaylandClient, window: Surface, seed: u32) -> Result {
    let frames = client.surface(window).frames;
    client.draw(window, Content::Pattern(seed))?;
    client.dispatch_until(soon(), "a frame callback", |client| {
        client.surface(window).frames > frames
    })
}

#[test]
fn a_copy_is_the_window_alone_wherever_it_is() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    client.open(window("covered", 1))?;
    let large = Window::new("larger than the screen", 400, 300).content(Content::Pattern(2));
    client.open(large)?;
    client.open(window("decorated", 3).decoration(Mode::ServerSide))?;
    let mut copier = Copier::new(&fixture)?;
    copier.copy("covered")?.expect(&pattern(1))?;
    copier
        .copy("larger than the screen")?
        .expect(&Picture::pattern(400, 300, 2))?;
    // What we draw around it is not its own.
    copier.copy("decorated")?.expect(&pattern(3))
}

#[test]
fn a_copy_has_the_pixels_of_the_screen() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.scale = 1.5;
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    client.open(window("window", 1))?;
    let at = fixture.frame("window")?;
    let pixels = |logical: i32| (f64::from(logical) * 1.5).round() as usize;
    let place = Rect::new(pixels(at.x), pixels(at.y), 150, 120);
    let screen = fixture.screenshot()?;
    Copier::new(&fixture)?
        .copy("window")?
        .expect(&screen.crop(place))
}

#[test]
fn what_viewers_see_does_not_matter() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.share = Share::Window("another".to_owned());
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    client.open(window("window", 1))?;
    Copier::new(&fixture)?.copy("window")?.expect(&pattern(1))
}

#[test]
fn a_menu_is_copied_as_far_as_it_is_inside_of_its_window() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let parent = client.open(window("window", 1))?;
    let menu = Positioner::below((70, 10, 10, 10), 60, 30);
    client.open_popup(parent, &menu, Content::Pattern(2))?;
    client.roundtrip()?;
    let menu = Picture::pattern(30, 30, 2);
    let expected = pattern(1).with(&menu, 70, 20);
    Copier::new(&fixture)?.copy("window")?.expect(&expected)
}

#[test]
fn a_film_of_a_covered_window_goes_on_as_it_changes() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    // A session that viewers can reach, which hurries for nobody else.
    config.listeners = vec![listener()?];
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    let covered = client.open(window("covered", 1))?;
    let cover = client.open(window("cover", 2))?;
    let mut copier = Copier::new(&fixture)?;
    let mut film = copier.film("covered", false)?;
    film.ask(&mut copier.client)?;
    film.next(&mut copier.client)?.expect(&pattern(1))?;
    let whole = Rect::new(0, 0, SIZE.0, SIZE.1);
    expect_equal("the damage", film.damage(), Some(whole))?;

    // What others draw is no change of it.
    film.ask(&mut copier.client)?;
    draw(&mut client, cover, 3)?;
    fixture.screenshot()?;
    copier.client.roundtrip()?;
    expect_equal("a copy", film.is_ready(), false)?;
    client.draw_damaging(covered, Content::Pattern(4), Rect::new(10, 20, 30, 40))?;
    film.next(&mut copier.client)?;
    expect_equal("the damage", film.damage(), Some(Rect::new(10, 20, 30, 40)))?;

    for seed in 5..9 {
        film.ask(&mut copier.client)?;
        draw(&mut client, covered, seed)?;
        film.next(&mut copier.client)?.expect(&pattern(seed))?;
    }
    Ok(())
}

#[test]
fn a_minimized_window_draws_on_while_somebody_waits_for_it() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let put_away = client.open(window("window", 1))?;
    client.toplevel(put_away)?.set_minimized();
    client.roundtrip()?;
    let mut copier = Copier::new(&fixture)?;
    let mut film = copier.film("window", false)?;
    film.ask(&mut copier.client)?;
    film.next(&mut copier.client)?.expect(&pattern(1))?;
    for seed in 2..6 {
        film.ask(&mut copier.client)?;
        client.draw(put_away, Content::Pattern(seed))?;
        film.next(&mut copier.client)?.expect(&pattern(seed))?;
        // The program goes on when the next picture is asked for.
        let frames = client.surface(put_away).frames;
        film.ask(&mut copier.client)?;
        client.dispatch_until(soon(), "a frame callback", |client| {
            client.surface(put_away).frames > frames
        })?;
    }
    Ok(())
}

#[test]
fn a_window_that_is_copied_is_to_draw_though_it_is_minimized() -> Result {
    let is_suspended = |client: &WaylandClient, window: Surface| {
        let last = client.surface(window).configures.last();
        last.is_some_and(|it| it.is(State::Suspended))
    };
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let put_away = client.open(window("window", 1))?;
    client.toplevel(put_away)?.set_minimized();
    client.dispatch_until(soon(), "to be suspended", |client| {
        is_suspended(client, put_away)
    })?;
    let mut copier = Copier::new(&fixture)?;
    let mut film = copier.film("window", false)?;
    film.ask(&mut copier.client)?;
    client.dispatch_until(soon(), "to draw", |client| !is_suspended(client, put_away))?;

    // Also one that is put away while somebody waits for its next picture.
    let other = client.open(window("other", 2))?;
    let mut film = copier.film("other", false)?;
    film.ask(&mut copier.client)?;
    film.next(&mut copier.client)?.expect(&pattern(2))?;
    film.ask(&mut copier.client)?;
    copier.client.roundtrip()?;
    client.toplevel(other)?.set_minimized();
    client.dispatch_until(soon(), "not to be active", |client| {
        let last = client.surface(other).configures.last();
        last.is_some_and(|it| !it.is(State::Activated))
    })?;
    client.roundtrip()?;
    expect_equal("suspended", is_suspended(&client, other), false)
}

#[test]
fn another_size_of_the_window_is_told() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let grows = client.open(window("window", 1))?;
    let mut copier = Copier::new(&fixture)?;
    let mut film = copier.film("window", false)?;
    film.ask(&mut copier.client)?;
    film.next(&mut copier.client)?.expect(&pattern(1))?;

    // What waits for the old size fails.
    film.ask(&mut copier.client)?;
    client.resize(grows, 120, 90);
    client.draw(grows, Content::Pattern(2))?;
    film.wait_for_failure(&mut copier.client, FailureReason::BufferConstraints)?;
    expect_equal("the size", film.session.size(), (120, 90))?;
    // So does a buffer of the old size.
    film.session.own.told().capture.reason = None;
    film.ask(&mut copier.client)?;
    film.wait_for_failure(&mut copier.client, FailureReason::BufferConstraints)?;
    film.buffer = film.session.buffer(&copier.client)?;
    film.ask(&mut copier.client)?;
    let picture = film.next(&mut copier.client)?;
    picture.expect(&Picture::pattern(120, 90, 2))?;
    let whole = Rect::new(0, 0, 120, 90);
    expect_equal("the damage", film.damage(), Some(whole))
}

#[test]
fn a_window_that_is_huge_is_copied_in_part() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let huge = client.open(window("window", 1))?;
    client.set_viewport(huge, None, Some((20_000, 30_000)))?;
    client.draw(huge, [200, 0, 0])?;
    client.roundtrip()?;
    let picture = Copier::new(&fixture)?.copy("window")?;
    let size = (picture.width, picture.height);
    expect_equal("its size", size, (2 * WIDTH, 2 * HEIGHT))?;
    // Its edges are stretched, too.
    let far = picture.pixel(2 * WIDTH - 1, 2 * HEIGHT - 1);
    expect_equal("its colour", far, [200, 0, 0])
}

#[test]
fn a_session_ends_with_its_window() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let (closed, hidden) = (
        client.open(window("closed", 1))?,
        client.open(window("hidden", 2))?,
    );
    let mut copier = Copier::new(&fixture)?;
    for (title, seed) in [("closed", 1), ("hidden", 2)] {
        let handle = copier.handle(title)?;
        let mut film = copier.film(title, false)?;
        film.ask(&mut copier.client)?;
        film.next(&mut copier.client)?.expect(&pattern(seed))?;
        film.ask(&mut copier.client)?;
        match title {
            "closed" => client.destroy(closed)?,
            _ => client.unmap(hidden)?,
        }
        film.wait_for_failure(&mut copier.client, FailureReason::Stopped)?;
        copier.client.roundtrip()?;
        assert!(film.session.own.told().capture.stopped, "{title}");
        // Nothing comes of it any more.
        film.session.own.told().capture.reason = None;
        film.ask(&mut copier.client)?;
        film.wait_for_failure(&mut copier.client, FailureReason::Stopped)?;
        // Neither of a new session by the old handle.
        let own = Own::default();
        let queue = copier.client.queue_handle();
        let source = copier.sources.create_source(&handle, &queue, own.clone());
        let late = Session::of(&mut copier.client, &source, &own, false)?;
        assert!(late.own.told().capture.stopped, "{title}");
    }
    Ok(())
}

#[test]
fn a_locked_session_shows_nothing_of_its_windows() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let secret = client.open(window("window", 1))?;
    let mut copier = Copier::new(&fixture)?;
    let mut film = copier.film("window", false)?;
    film.ask(&mut copier.client)?;
    film.next(&mut copier.client)?.expect(&pattern(1))?;

    film.ask(&mut copier.client)?;
    let mut locker = fixture.client()?;
    let lock = locker.locked()?;
    let shield = locker.open_lock(lock)?;
    locker.draw(shield, [0, 0, 200])?;
    client.draw(secret, Content::Pattern(2))?;
    client.roundtrip()?;
    fixture.screenshot()?;
    let mut late = copier.film("window", false)?;
    late.ask(&mut copier.client)?;
    fixture.screenshot()?;
    copier.client.roundtrip()?;
    expect_equal("copies", (film.is_ready(), late.is_ready()), (false, false))?;

    locker.unlock(lock)?;
    locker.roundtrip()?;
    film.next(&mut copier.client)?.expect(&pattern(2))?;
    late.next(&mut copier.client)?.expect(&pattern(2))
}

#[test]
fn the_cursor_is_on_the_window_that_it_is_over() -> Result {
    const CURSOR: [u8; 3] = [0, 0, 200];
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let covered = client.open(window("covered", 1))?;
    let mut viewer = fixture.viewer()?;
    let at = fixture.frame("covered")?;
    viewer.pointer(at.x as u16 + 40, at.y as u16 + 30, 0)?;
    wait_for_pointer(&mut client, covered, (40.0, 30.0))?;
    client.set_cursor((16, 12), (4, 3), CURSOR)?;
    client.roundtrip()?;
    let mut copier = Copier::new(&fixture)?;
    let cursor = Picture::solid(16, 12, CURSOR);
    let mut film = copier.film("covered", true)?;
    film.ask(&mut copier.client)?;
    let expected = pattern(1).with(&cursor, 36, 27);
    film.next(&mut copier.client)?.expect(&expected)?;
    copier.copy("covered")?.expect(&pattern(1))?;

    film.ask(&mut copier.client)?;
    viewer.pointer(at.x as u16 + 50, at.y as u16 + 40, 0)?;
    let expected = pattern(1).with(&cursor, 46, 37);
    film.next(&mut copier.client)?.expect(&expected)?;
    expect_equal("the damage", film.damage(), Some(Rect::new(36, 27, 26, 22)))?;

    film.ask(&mut copier.client)?;
    client.open(Window::new("cover", 100, 80).content([0, 200, 0]))?;
    viewer.pointer(at.x as u16 + 51, at.y as u16 + 40, 0)?;
    film.next(&mut copier.client)?.expect(&pattern(1))
}
