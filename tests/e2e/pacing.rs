//! What programs wait for that draw again and again: barriers, and to be seen.

use std::time::Duration;

use offing::Config;
use offing_tests::picture::Picture;
use offing_tests::wayland_client::{Content, Surface, WaylandClient, Window};
use offing_tests::{Result, soon};
use rustix::time::{ClockId, clock_gettime};
use wayland_protocols::wp::commit_timing::v1::client::wp_commit_timing_manager_v1::WpCommitTimingManagerV1;
use wayland_protocols::wp::fifo::v1::client::wp_fifo_manager_v1::WpFifoManagerV1;
use wayland_protocols::wp::fifo::v1::client::wp_fifo_v1::WpFifoV1;
use wayland_protocols::wp::presentation_time::client::wp_presentation::WpPresentation;

use crate::capture::Copier;
use crate::fixture::{Fixture, HEIGHT, WIDTH, config, expect_equal, listener};
use crate::raw::{Feedback, Own, bind};

/// X11's keysymdef.h.
const ALT: u32 = 0xffe9;
/// See [`ALT`].
const TAB: u32 = 0xff09;

/// A program with a window that says when it is to be told that it was seen.
struct Program {
    client: WaylandClient,
    window: Surface,
    own: Own,
    presentation: WpPresentation,
    fifo: WpFifoV1,
}

impl Program {
    fn new(fixture: &Fixture) -> Result<Self> {
        let mut client = fixture.client()?;
        let own = Own::default();
        let presentation = bind(&client, 2, &own)?;
        let manager: WpFifoManagerV1 = bind(&client, 1, &own)?;
        let window = client.open(Window::new("film", 100, 80).content(Content::Pattern(0)))?;
        let surface = client.wl_surface(window);
        let fifo = manager.get_fifo(surface, &client.queue_handle(), own.clone());
        client.roundtrip()?;
        Ok(Self {
            client,
            window,
            own,
            presentation,
            fifo,
        })
    }

    /// Draws, and asks to be told when that is seen.
    fn draw(&mut self, seed: u32) -> Result {
        let (surface, handle) = (
            self.client.wl_surface(self.window),
            self.client.queue_handle(),
        );
        self.presentation
            .feedback(surface, &handle, self.own.clone());
        self.client.draw(self.window, Content::Pattern(seed))
    }

    /// Draws five pictures at once, each to be seen for a frame at least: what it was told.
    fn queue_five(&mut self) -> Result<Vec<Feedback>> {
        for seed in 1..=5 {
            self.fifo.set_barrier();
            self.fifo.wait_barrier();
            self.draw(seed)?;
        }
        self.feedback(5)
    }

    /// Waits until it was told so often.
    fn feedback(&mut self, count: usize) -> Result<Vec<Feedback>> {
        let own = self.own.clone();
        self.client
            .dispatch_until(soon(), "feedback", |_| own.told().feedback.len() >= count)?;
        Ok(own.told().feedback.clone())
    }
}

/// The time of the clock that programs are told.
fn now() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn film(fixture: &Fixture, seed: u32) -> Picture {
    let picture = Picture::pattern(100, 80, seed);
    fixture.empty().with(&picture, 110, 80)
}

#[test]
fn programs_are_told_when_they_were_seen() -> Result {
    let fixture = Fixture::start(reachable()?)?;
    let mut viewer = fixture.viewer()?;
    let mut program = Program::new(&fixture)?;
    viewer.wait_for_picture(soon(), &film(&fixture, 0))?;
    expect_equal("the clock", program.own.told().clock, Some(1))?;
    // A viewer that is held up sees a picture later than it counts.
    for seed in 1..=10 {
        let before = now();
        viewer.request_update()?;
        program.draw(seed)?;
        viewer.wait_for_picture(soon(), &film(&fixture, seed))?;
        let feedback = program.feedback(seed as usize)?;
        let after = now();
        if let Some(Feedback::Presented {
            time,
            refresh,
            sequence,
            flags,
        }) = feedback.last()
        {
            let nanoseconds = Duration::from_secs(1).as_nanos() as u32 / 60;
            let rest = (*refresh, *sequence, *flags);
            expect_equal("the rest", rest, (nanoseconds, 0, 0))?;
            return expect_equal("the time is right", (before..=after).contains(time), true);
        }
    }
    Err(offing_tests::Error::other("nothing was seen"))
}

#[test]
fn where_nobody_looks_nothing_was_seen() -> Result {
    let fixture = Fixture::new()?;
    let mut program = Program::new(&fixture)?;
    program.draw(1)?;
    expect_equal("feedback", program.feedback(1)?, vec![Feedback::Discarded])?;
    // Nor where a viewer is there and does not look.
    let _viewer = fixture.viewer()?;
    fixture.wait_until("the viewer", |it| it.viewers().len() == 1)?;
    program.draw(2)?;
    let expected = vec![Feedback::Discarded; 2];
    expect_equal("feedback", program.feedback(2)?, expected)
}

#[test]
fn what_is_recorded_was_seen() -> Result {
    let fixture = Fixture::new()?;
    let mut program = Program::new(&fixture)?;
    let mut recorder = Copier::new(&fixture)?;
    recorder.copy(None, false)?;
    let _film = recorder.follow(false)?;
    program.draw(1)?;
    recorder.wait(1)?;
    match program.feedback(1)?[..] {
        [Feedback::Presented { .. }] => Ok(()),
        ref other => Err(offing_tests::Error::other(format!("{other:?}"))),
    }
}

#[test]
fn a_window_that_comes_back_gets_what_it_waits_for() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    let mut program = Program::new(&fixture)?;
    viewer.wait_for_picture(soon(), &film(&fixture, 0))?;
    program.client.toplevel(program.window)?.set_minimized();
    program.client.roundtrip()?;
    viewer.wait_for_picture(soon(), &fixture.empty())?;
    let frames = program.client.surface(program.window).frames;
    program.draw(1)?;
    program.client.roundtrip()?;
    // Those who are shown are told meanwhile.
    let mut other = fixture.client()?;
    let small = other.open(Window::new("small", 20, 20).content([200, 0, 0]))?;
    other.dispatch_until(soon(), "a frame callback", |client| {
        client.surface(small).frames > 0
    })?;
    other.destroy(small)?;
    viewer.wait_for_picture(soon(), &fixture.empty())?;
    program.client.roundtrip()?;
    let surface = program.client.surface(program.window);
    expect_equal("frame callbacks", surface.frames, frames)?;
    expect_equal("feedback", program.own.told().feedback.len(), 0)?;

    viewer.request_update()?;
    viewer.key(ALT, true)?;
    viewer.tap(TAB)?;
    viewer.key(ALT, false)?;
    viewer.wait_for_picture(soon(), &film(&fixture, 1))?;
    let window = program.window;
    program
        .client
        .dispatch_until(soon(), "the frame callback", |client| {
            client.surface(window).frames > frames
        })?;
    program.feedback(1).map(drop)
}

/// Settings of a session that viewers can reach, where hidden programs run slowly.
fn reachable() -> Result<Config> {
    Ok(Config {
        listeners: vec![listener()?],
        ..config(WIDTH, HEIGHT)
    })
}

#[test]
fn pictures_behind_barriers_are_seen_one_by_one() -> Result {
    let fixture = Fixture::start(reachable()?)?;
    let mut viewer = fixture.viewer()?;
    let mut program = Program::new(&fixture)?;
    viewer.wait_for_picture(soon(), &film(&fixture, 0))?;
    let viewer = std::thread::spawn({
        let last = film(&fixture, 5);
        move || viewer.wait_for_picture(soon(), &last)
    });
    let feedback = program.queue_five()?;
    let time = |it: &Feedback| match it {
        Feedback::Presented { time, .. } => Some(*time),
        Feedback::Discarded => None,
    };
    // A viewer that is held up for a tenth of a second misses one; without barriers all but the
    // last would be missed.
    let times: Vec<_> = feedback.iter().filter_map(time).collect();
    assert!(times.len() >= 3, "{feedback:?}");
    assert!(times.is_sorted_by(|a, b| a < b), "{feedback:?}");
    let seen = viewer.join();
    seen.unwrap_or_else(|_| Err(offing_tests::Error::other("the viewer panicked")))
}

#[test]
fn barriers_fall_where_nobody_looks() -> Result {
    for config in [config(WIDTH, HEIGHT), reachable()?] {
        let fixture = Fixture::start(config)?;
        let mut program = Program::new(&fixture)?;
        let feedback = program.queue_five()?;
        expect_equal("feedback", feedback, vec![Feedback::Discarded; 5])?;
        expect_equal("the screen", fixture.screenshot()?, film(&fixture, 5))?;
    }
    Ok(())
}

#[test]
fn pictures_with_a_time_are_not_seen_before_it() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    let mut program = Program::new(&fixture)?;
    viewer.wait_for_picture(soon(), &film(&fixture, 0))?;
    let manager: WpCommitTimingManagerV1 = bind(&program.client, 1, &program.own)?;
    let surface = program.client.wl_surface(program.window);
    let timer = manager.get_timer(surface, &program.client.queue_handle(), program.own.clone());
    let time = now() + Duration::from_millis(150);
    timer.set_timestamp(0, time.as_secs() as u32, time.subsec_nanos());
    program.draw(1)?;
    viewer.wait_for_picture(soon(), &film(&fixture, 1))?;
    match program.feedback(1)?[0] {
        Feedback::Presented { time: seen, .. } if seen >= time => Ok(()),
        other => Err(offing_tests::Error::other(format!(
            "{other:?}, not at {time:?}"
        ))),
    }
}
