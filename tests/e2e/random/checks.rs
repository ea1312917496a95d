use std::time::{Duration, Instant};

use offing_tests::picture::{Picture, Rect};
use offing_tests::vnc_client::VncClient;
use offing_tests::wayland_client::protocol::State;
use offing_tests::{Error, ErrorKind, Result, soon};

use super::Crowd;
use super::lists::Known;
use super::program::Program;

/// What is seen to now and then.
impl Crowd {
    /// Sees, once everything has come to rest, that all is as it should be.
    pub(super) fn check(&mut self) -> Result {
        let mut rounds = 0;
        loop {
            let mut moving = false;
            for program in &mut self.programs {
                program.client.roundtrip()?;
                moving |= program.react(true)?;
            }
            if !moving {
                break;
            }
            rounds += 1;
            if rounds > 50 {
                return Err(Error::other("programs are told other sizes without an end"));
            }
        }
        for viewer in &mut self.viewers {
            viewer.sync()?;
        }
        self.fixture.settle()?;
        self.check_consistency()?;
        for program in &mut self.programs {
            program.client.roundtrip()?;
        }
        self.check_told()?;
        self.check_lists()?;
        self.check_lock()?;
        self.check_pictures()?;
        self.programs
            .iter_mut()
            .try_for_each(Program::finish_copies)
    }

    pub(super) fn check_consistency(&self) -> Result {
        match self.fixture.with(|offing| offing.inconsistency())? {
            None => Ok(()),
            Some(fault) => Err(Error::other(fault)),
        }
    }

    /// What programs were told is what is.
    fn check_told(&self) -> Result {
        let windows = self.fixture.with(|offing| offing.windows())?;
        let titled = |title: &str| {
            let mut windows = windows.iter();
            windows.find(|window| window.title.as_deref() == Some(title))
        };
        let mut focused = 0;
        let mut shown = 0;
        for program in &self.programs {
            let focus = program.focus();
            focused += usize::from(focus.is_some());
            if focus.is_some_and(|it| !program.client.surface(it).is_drawn()) {
                return Err(Error::other("what has the keyboard shows nothing"));
            }
            for thing in program.things.iter().filter(|it| !it.title.is_empty()) {
                let (title, found) = (&thing.title, titled(&thing.title));
                let (Some(drawn), Some(found)) = (thing.drawn, found) else {
                    if thing.drawn.is_some() != found.is_some() {
                        return Err(Error::other(format!("{title:?} is {found:?}")));
                    }
                    continue;
                };
                shown += 1;
                if (found.width, found.height) != drawn {
                    let message = format!("{title:?} is {found:?} and was drawn {drawn:?}");
                    return Err(Error::other(message));
                }
                let last = program.client.surface(thing.surface).configures.last();
                if last.is_some_and(|last| last.is(State::Activated)) != found.active {
                    let message = format!("{title:?} is {found:?} and was told {last:?}");
                    return Err(Error::other(message));
                }
            }
        }
        match (shown == windows.len(), focused) {
            (false, _) => Err(Error::other(format!(
                "{shown} windows are drawn and {} are there",
                windows.len()
            ))),
            (_, 0 | 1) => Ok(()),
            (_, focused) => Err(Error::other(format!(
                "{focused} programs have the keyboard"
            ))),
        }
    }

    /// Lists of windows say what is.
    fn check_lists(&self) -> Result {
        let windows = self.fixture.with(|offing| {
            let windows = offing.windows().into_iter().map(|window| Known {
                title: window.title,
                active: window.active,
                minimized: window.minimized,
            });
            windows.collect::<Vec<_>>()
        })?;
        let fault = |program: &Program| program.lists_at_fault(&windows);
        if let Some(fault) = self.programs.iter().find_map(fault) {
            return Err(Error::other(fault));
        }
        let constraints = self.programs.iter().map(Program::count_constraints);
        match constraints.sum::<usize>() {
            0 | 1 => Ok(()),
            count => Err(Error::other(format!("{count} constraints hold at once"))),
        }
    }

    /// What locks the session is as large as the screen, and nothing else is seen.
    fn check_lock(&self) -> Result {
        let is_drawn = |program: &Program| program.locks_with();
        let Some(size) = self.programs.iter().find_map(is_drawn) else {
            return Ok(());
        };
        let screen = self.fixture.with(|offing| {
            let (size, scale) = (offing.size(), offing.scale());
            let logical = |side: u16| (f64::from(side) / scale).round() as i32;
            (logical(size.width), logical(size.height))
        })?;
        if size != screen {
            let message = format!("the lock is {size:?} on a screen of {screen:?}");
            return Err(Error::other(message));
        }
        if self.sees_one {
            return Ok(());
        }
        // Where it is scaled, its edge is blended with what is behind it: black.
        let picture = self.fixture.screenshot()?;
        let inner = Rect::new(2, 2, picture.width - 4, picture.height - 4);
        let picture = picture.crop(inner);
        let only = Picture::solid(inner.width, inner.height, picture.pixel(0, 0));
        picture.expect(&only)
    }

    /// All viewers see what a screenshot shows.
    fn check_pictures(&mut self) -> Result {
        let deadline = soon();
        for viewer in &mut self.viewers {
            loop {
                let now = self.fixture.screenshot()?;
                let short = Instant::now() + Duration::from_millis(50);
                let sees = |client: &VncClient| client.diff(&now).is_none();
                match viewer.client.wait_until(short, "the picture", sees) {
                    Err(error) if error.kind() == ErrorKind::Stalled => {
                        if Instant::now() >= deadline {
                            return viewer.client.wait_for_picture(short, &now);
                        }
                    }
                    result => break result?,
                }
            }
        }
        Ok(())
    }
}
