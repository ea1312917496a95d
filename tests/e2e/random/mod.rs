//! Programs and viewers that do anything that the rules allow, in any order: nothing panics or gets
//! stuck, no window gets out of reach, all see the same, and nothing is left behind.
//!
//! A seed decides what they do. Each acts when the one before has been heard, so that a seed does
//! much the same again; only the time that passes is another. It is printed, and where something
//! fails the last acts are as well.

use std::collections::VecDeque;
use std::process::Command;
use std::str::FromStr;
use std::time::{Duration, Instant};
use std::{env, thread};

use offing::config::Share;
use offing_tests::vnc_client::encoding;
use offing_tests::{Error, Result, soon};

mod chance;
mod checks;
mod constraints;
mod copies;
mod devices;
mod lists;
mod locks;
mod program;
mod texts;
mod things;
mod used;
mod viewer;
mod windows;

use chance::Chance;
use program::Program;
use used::Used;
use viewer::{SIZES, Viewer};

use crate::fixture::{Fixture, Frame, config};

/// How many programs there are at a time.
const PROGRAMS: usize = 8;
/// The encodings that the viewers like best.
const LIKES: [i32; 2] = [encoding::HEXTILE, encoding::ZRLE];
/// The app id of all windows.
const APP: &str = "org.example.offing-tests";
/// The scale of a session, and what viewers see of it. The seed decides which it is.
const SETTINGS: [(f64, fn() -> Share); 6] = [
    (1.0, || Share::Desktop),
    (1.5, || Share::Desktop),
    (1.0, || Share::Window(APP.to_owned())),
    (2.0, || Share::Desktop),
    (1.25, || Share::Isolated(APP.to_owned())),
    (1.25, || Share::Desktop),
];
/// After so many acts there is another session, with other settings.
const SESSION: usize = 10_000;
/// After so many acts it is seen that all is well.
const CHECK: usize = 100;
/// After so many acts somebody unlocks the session.
const LOCKED: usize = 40;
/// After so many acts all programs and viewers go.
const ROUND: usize = 2000;
/// The last acts that are told when something fails.
const TOLD: usize = 60;
/// What a variable of the environment says.
fn variable<T: FromStr>(name: &str) -> Option<T> {
    env::var(name).ok()?.parse().ok()
}

/// A session with everybody in it.
struct Crowd {
    fixture: Fixture,
    chance: Chance,
    /// Viewers see one window only.
    sees_one: bool,
    programs: Vec<Program>,
    viewers: Vec<Viewer>,
    /// How many programs there have been.
    count: usize,
    /// For how many acts the session has been locked.
    locked: usize,
    /// What was done last.
    told: VecDeque<String>,
}

impl Crowd {
    fn new(seed: u64) -> Result<Self> {
        let (scale, share) = SETTINGS[(seed % SETTINGS.len() as u64) as usize];
        let mut settings = config(320, 240);
        settings.listeners = vec![crate::fixture::listener()?];
        settings.scale = scale;
        settings.share = share();
        Ok(Self {
            sees_one: settings.share != Share::Desktop,
            fixture: Fixture::start(settings)?,
            chance: Chance::new(seed),
            programs: Vec::new(),
            viewers: Vec::new(),
            count: 0,
            locked: 0,
            told: VecDeque::new(),
        })
    }

    /// All come that are not there.
    fn come(&mut self) -> Result {
        for likes in &LIKES[self.viewers.len()..] {
            self.viewers.push(Viewer::join(&self.fixture, *likes)?);
        }
        while self.programs.len() < PROGRAMS {
            self.count += 1;
            let name = format!("program {}", self.count);
            self.programs.push(Program::start(&self.fixture, name)?);
        }
        Ok(())
    }

    /// Where viewers see windows, in pixels, without what is around them.
    fn frames(&self) -> Result<Vec<(String, Frame)>> {
        let (scale, windows) = self.fixture.with(|it| (it.scale(), it.windows()))?;
        let shown = windows.into_iter().filter(|window| !window.minimized);
        let mut frames = shown.map(|it| {
            let pixels = |side: i32| (f64::from(side) * scale).round() as i32;
            let [x, y, width, height] = [it.x, it.y, it.width, it.height].map(pixels);
            let frame = Frame::new(x, y, width, height);
            (it.title.unwrap_or_default(), frame)
        });
        if !self.sees_one {
            return Ok(frames.collect());
        }
        let only = frames.next_back().map(|(title, frame)| {
            let at_corner = Frame::new(0, 0, frame.width, frame.height);
            (title, at_corner)
        });
        Ok(only.into_iter().collect())
    }

    /// Somebody does something.
    fn act(&mut self, number: usize) -> Result {
        let frames = self.frames()?;
        let (chance, fixture) = (&mut self.chance, &self.fixture);
        self.locked = match fixture.with(|offing| offing.is_locked())? {
            true => self.locked + 1,
            false => 0,
        };
        let who = chance.below(PROGRAMS);
        let program = &mut self.programs[who];
        let seen = chance.below(LIKES.len());
        let viewer = &mut self.viewers[seen];
        if self.told.len() == TOLD {
            self.told.pop_front();
        }
        let (who, did) = if self.locked > LOCKED {
            (
                format!("program {who}"),
                relieve(&mut self.programs, chance)?,
            )
        } else if chance.once_in(400) {
            self.count += 1;
            let name = format!("program {}", self.count);
            let kills = format!("is replaced by {name}");
            *program = Program::start(fixture, name)?;
            (format!("program {who}"), kills)
        } else if chance.once_in(60) {
            let (width, height) = chance.pick(&SIZES).copied().unwrap_or((320, 240));
            let size = rfb::Size::new(width, height);
            let resized = fixture.with(move |offing| offing.resize(size))?;
            resized.map_err(Error::other)?;
            let did = format!("resizes the screen to {width}x{height}");
            ("the user".to_owned(), did)
        } else if chance.once_in(16) {
            self.told
                .push_back(format!("{number} program {who} and viewer {seen} …"));
            let did = program.hold(chance, fixture, &frames, viewer)?;
            (format!("program {who}, viewer {seen}"), did)
        } else if chance.once_in(3) {
            self.told.push_back(format!("{number} viewer {seen} …"));
            let did = viewer.act(chance, fixture, &frames)?;
            fixture.with(|_| ())?;
            (format!("viewer {seen}"), did)
        } else {
            self.told.push_back(format!("{number} program {who} …"));
            (format!("program {who}"), program.act(chance)?)
        };
        self.told.push_back(format!("{number} {who} {did}"));
        Ok(())
    }

    /// All go, and leave nothing behind.
    fn go(&mut self) -> Result {
        // Perhaps only since the last act.
        if self.fixture.with(|offing| offing.is_locked())? {
            relieve(&mut self.programs, &mut self.chance)?;
        }
        self.programs.clear();
        self.viewers.clear();
        self.locked = 0;
        let deadline = soon();
        loop {
            let left = self.fixture.with(|offing| offing.holdings())?;
            let locked = self.fixture.with(|offing| offing.is_locked())?;
            if !locked && left.iter().all(|(_, count)| *count == 0) {
                return self.check_consistency();
            }
            if Instant::now() >= deadline {
                let message = format!("there is left: {left:?}; locked: {locked}");
                return Err(Error::other(message));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Does `acts` things, or less if that takes longer than `time`. Returns how many.
    fn run(&mut self, acts: usize, time: Duration) -> Result<usize> {
        let start = Instant::now();
        let mut used = Vec::new();
        let mut number = 0;
        while number < acts && start.elapsed() < time {
            if number % ROUND == 0 {
                self.go()?;
                used.push(Used::now()?);
                self.come()?;
            }
            self.act(number)?;
            number += 1;
            if number % CHECK == 0 {
                self.check()?;
            }
        }
        self.go()?;
        // The first rounds warm up.
        if let [_, second, third, ..] = used[..] {
            let before = Used {
                descriptors: third.descriptors.min(second.descriptors),
                ..third
            };
            before.expect_no_more()?;
        }
        Ok(number)
    }
}

/// Some program, that which locked the session if there is one, unlocks it.
fn relieve(programs: &mut [Program], chance: &mut Chance) -> Result<String> {
    let holder = programs.iter_mut().find(|it| it.holds_lock());
    match holder {
        Some(holder) => holder.unlock(),
        None => match programs.first_mut() {
            Some(program) => program.relieve(chance),
            None => Ok("nobody is there".to_owned()),
        },
    }
}

/// In a process of its own: what that takes up is measured, and other tests run beside this one.
#[test]
fn anything_in_any_order() -> Result {
    let mut command = Command::new(env::current_exe()?);
    command.args([
        "--exact",
        "random::session",
        "--include-ignored",
        "--nocapture",
    ]);
    if variable::<u64>("OFFING_TEST_SECONDS").is_none() {
        command.env("OFFING_TEST_SECONDS", "60");
    }
    match command.status()?.success() {
        true => Ok(()),
        false => Err(Error::other("see above, and try the same seed again")),
    }
}

#[test]
#[ignore = "in a process of its own, or with a seed and a number of acts, by hand"]
fn session() -> Result {
    let seed = variable("OFFING_TEST_SEED").unwrap_or_else(rand_seed);
    let acts = variable("OFFING_TEST_OPERATIONS").unwrap_or(100_000);
    let time = variable("OFFING_TEST_SECONDS").map_or(Duration::MAX, Duration::from_secs);
    let start = Instant::now();
    let mut done = 0;
    for seed in seed.. {
        let left = (acts - done).min(SESSION);
        let time = match time {
            Duration::MAX => time,
            time => (time / SETTINGS.len() as u32).min(time.saturating_sub(start.elapsed())),
        };
        if left == 0 || time.is_zero() {
            break;
        }
        done += one_session(seed, left, time)?;
    }
    println!("random: {done} acts in {:?}", start.elapsed());
    Ok(())
}

/// Returns how many of the acts were done in this time.
fn one_session(seed: u64, acts: usize, time: Duration) -> Result<usize> {
    println!("random: OFFING_TEST_SEED={seed} OFFING_TEST_OPERATIONS={acts}");
    let start = Instant::now();
    let mut crowd = Crowd::new(seed)?;
    let result = crowd.run(acts, time);
    match &result {
        Ok(done) => println!("random: {done} acts in {:?}", start.elapsed()),
        Err(error) => {
            println!("random: {error}");
            for line in &crowd.told {
                println!("  {line}");
            }
            println!("random: OFFING_TEST_SEED={seed}");
        }
    }
    result
}

/// Another one each time.
fn rand_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_nanos() as u64 % 1_000_000_007)
}
