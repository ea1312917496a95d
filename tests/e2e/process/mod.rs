//! `offing` as a process, with real programs in the session and real viewers outside.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use offing_tests::picture::{ARTIFACTS, Picture, Rect, Rgb};
use offing_tests::process::{Finished, Offing, Running};
use offing_tests::{Error, ErrorKind, Result, soon};
use serde::Deserialize;

mod apps;
mod attach;
mod browsers;
mod capture;
mod cli;
mod clipboard;
mod detach;
mod idle;
mod keys;
mod launchers;
mod lifetime;
mod lock;
mod media;
mod panels;
mod pixels;
mod programs;
mod properties;
mod share;
mod stranger;
mod typing;
mod verbs;
mod viewers;

/// The program under test.
pub(crate) const OFFING: &str = env!("CARGO_BIN_EXE_offing");

/// A session that `offing`'s other verbs can talk to.
trait Session {
    /// A command that runs one of the verbs as the session's user.
    fn verb_command(&self, verb: &str) -> Command;

    /// Runs a verb until it ends.
    fn verb(&self, verb: &str, arguments: &[&str]) -> Result<Finished> {
        let mut command = self.verb_command(verb);
        command.args(arguments);
        Running::start(command)?.finish(soon())
    }

    /// What `offing msg state` says.
    fn state(&self) -> Result<State> {
        let finished = done(self.verb("msg", &["state", "--json"])?)?;
        Ok(serde_json::from_str(&finished.stdout)?)
    }

    /// What `offing screenshot` writes.
    fn screenshot(&self) -> Result<Picture> {
        done(self.verb("screenshot", &["-o", "screenshot.png"])?)?;
        let command = self.verb_command("screenshot");
        Picture::load_png(
            command
                .get_current_dir()
                .unwrap_or(".".as_ref())
                .join("screenshot.png"),
        )
    }

    /// Waits until the session's first window is shown and has the keyboard.
    fn wait_for_window(&self) -> Result<Window> {
        look_until("an active window", || {
            let mut windows = self.state()?.windows.into_iter();
            Ok(windows.next().filter(|window| window.active))
        })
    }

    /// Waits until the screen satisfies `condition`.
    fn wait_for_screen(&self, what: &str, condition: impl Fn(&Picture) -> bool) -> Result<Picture> {
        look_until(what, || Ok(Some(self.screenshot()?).filter(&condition)))
    }
}

impl Session for Offing {
    fn verb_command(&self, verb: &str) -> Command {
        let mut command = self.home.command(OFFING);
        command.arg(verb);
        command
    }
}

/// What is read of a session's state.
#[derive(Debug, Deserialize)]
struct State {
    name: String,
    state: String,
    connections: bool,
    input: bool,
    size: Size,
    viewers: Vec<Viewer>,
    windows: Vec<Window>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
struct Size {
    width: usize,
    height: usize,
}

#[derive(Debug, Deserialize)]
struct Viewer {
    id: u64,
    encoding: String,
    peer: String,
    view_only: bool,
}

#[derive(Debug, Deserialize)]
struct Window {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    active: bool,
}

impl Window {
    fn rect(&self) -> Rect {
        Rect::new(self.x, self.y, self.width, self.height)
    }

    fn centre(&self) -> (u16, u16) {
        let middle = |start, length| (start + length / 2) as u16;
        (middle(self.x, self.width), middle(self.y, self.height))
    }
}

/// A process that must have ended well.
fn done(finished: Finished) -> Result<Finished> {
    match finished.status.success() {
        true => Ok(finished),
        false => Err(Error::other(format!(
            "it ended with {}: {}",
            finished.status, finished.stderr
        ))),
    }
}

/// Looks again and again until there is something to see. `what` says in the error what did not
/// come in time.
pub(crate) fn look_until<T>(what: &str, look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    look_before(soon(), look)?.ok_or_else(|| {
        let message = format!("waited in vain for {what}");
        Error::new(ErrorKind::Stalled, message)
    })
}

/// Looks again and again until there is something to see, or until `deadline`.
pub(crate) fn look_before<T>(
    deadline: Instant,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    loop {
        let seen = look()?;
        if seen.is_some() || Instant::now() >= deadline {
            return Ok(seen);
        }
        // What other processes do, nobody tells.
        thread::sleep(Duration::from_millis(20));
    }
}

/// The colour that most of the picture has, and how many of 100 pixels have it.
fn main_colour(picture: &Picture) -> (Rgb, usize) {
    let mut counts = std::collections::HashMap::<Rgb, usize>::new();
    for pixel in picture.rgb.as_chunks().0 {
        *counts.entry(*pixel).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or(([0; 3], 0), |(colour, count)| {
        (colour, 100 * count / (picture.width * picture.height))
    })
}

/// A shell's command that shows the 256 colours of a terminal.
const SHOW_PALETTE: &str = "printf '\\033[48;5;%dm ' $(seq 0 255)";

/// Whether the screen shows what [`SHOW_PALETTE`] prints: six corners of the colour cube, which
/// are the same in every terminal.
fn shows_palette(screen: &Picture) -> bool {
    let (none, full) = (0, 255);
    let corners = [
        [full, none, none],
        [none, full, none],
        [none, none, full],
        [full, full, none],
        [full, none, full],
        [none, full, full],
    ];
    corners.iter().all(|colour| screen.count(*colour) >= 20)
}

/// Keeps a picture for people to look at, where [`ARTIFACTS`] names a folder.
fn keep(picture: &Picture, name: &str) -> Result {
    let Some(folder) = std::env::var_os(ARTIFACTS) else {
        return Ok(());
    };
    std::fs::create_dir_all(&folder)?;
    picture.save_png(std::path::Path::new(&folder).join(format!("{name}.png")))
}
