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
use std::{env, fs, thread};

use offing_tests::vnc_client::{VncClient, encoding};
use offing_tests::wayland_client::protocol::State;
use offing_tests::{Error, ErrorKind, Result, soon};

mod chance;
mod program;
mod things;
mod viewer;
mod windows;

use chance::Chance;
use program::Program;
use viewer::Viewer;

use crate::fixture::{Fixture, config};

/// How many programs there are at a time.
const PROGRAMS: usize = 8;
/// The encodings that the viewers like best.
const LIKES: [i32; 2] = [encoding::HEXTILE, encoding::ZRLE];
/// After so many acts it is seen that all is well.
const CHECK: usize = 100;
/// After so many acts somebody unlocks the session.
const LOCKED: usize = 40;
/// After so many acts all programs and viewers go.
const ROUND: usize = 2000;
/// The last acts that are told when something fails.
const TOLD: usize = 60;
/// How much more memory may be in use after many rounds than after two, in bytes: allocators keep
/// what they had.
const MORE_MEMORY: usize = 48 << 20;

/// What a variable of the environment says.
fn variable<T: FromStr>(name: &str) -> Option<T> {
    env::var(name).ok()?.parse().ok()
}

/// A session with everybody in it.
struct Crowd {
    fixture: Fixture,
    chance: Chance,
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
        let mut settings = config(320, 240);
        settings.listeners = vec![crate::fixture::listener()?];
        Ok(Self {
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

    /// Somebody does something.
    fn act(&mut self, number: usize) -> Result {
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
        } else if chance.once_in(16) {
            self.told
                .push_back(format!("{number} program {who} and viewer {seen} …"));
            let did = program.hold(chance, fixture, viewer)?;
            (format!("program {who}, viewer {seen}"), did)
        } else if chance.once_in(3) {
            self.told.push_back(format!("{number} viewer {seen} …"));
            let windows = fixture.windows()?;
            let frames: Vec<_> = windows.into_iter().map(|(_, frame)| frame).collect();
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

    /// Sees, once everything has come to rest, that all is as it should be.
    fn check(&mut self) -> Result {
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
        self.check_pictures()
    }

    fn check_consistency(&self) -> Result {
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

    /// All go, and leave nothing behind.
    fn go(&mut self) -> Result {
        if self.locked > 0 {
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

/// What this process takes up.
#[derive(Clone, Copy, Debug)]
struct Used {
    descriptors: usize,
    memory: usize,
}

impl Used {
    fn now() -> Result<Self> {
        let pages = fs::read_to_string("/proc/self/statm")?;
        let pages = pages.split_whitespace().nth(1);
        let pages = pages.and_then(|pages| pages.parse::<usize>().ok());
        Ok(Self {
            descriptors: fs::read_dir("/proc/self/fd")?.count(),
            memory: pages.ok_or_else(|| Error::other("no pages in statm"))? * 4096,
        })
    }

    /// No more is used now than was, some memory aside.
    fn expect_no_more(self) -> Result {
        let deadline = soon();
        loop {
            let now = Self::now()?;
            let memory = now.memory.saturating_sub(self.memory);
            if now.descriptors <= self.descriptors && memory <= MORE_MEMORY {
                println!("random: {self:?} became {now:?}");
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Error::other(format!("{self:?} became {now:?}")));
            }
            thread::sleep(Duration::from_millis(10));
        }
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
    result.map(drop)
}

/// Another one each time.
fn rand_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_nanos() as u64 % 1_000_000_007)
}
