//! Viewers that are small programs on a library, in `tests/viewers`. They are told what to do in
//! lines, and answer each with a line:
//!
//! | line | answer | |
//! |---|---|---|
//! | `save FILE` | `ok` | writes what it shows as a PPM |
//! | `key NUMBER` | `ok` | presses and releases a key, given as keysym |
//! | `pointer X Y BUTTONS` | `ok` | |
//! | `copy TEXT` | `ok` | sends a text |
//! | `text` | the last text that came | |
//! | `resize WIDTH HEIGHT` | `ok` | asks for a screen of this size |
//! | `cursor FILE` | `ok` | writes the colours of the last cursor as a PPM |
//!
//! What a library cannot do is answered with `no`.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use offing_tests::picture::{Picture, Rect};
use offing_tests::process::{Home, Running};
use offing_tests::vnc_client::{button, keysym};
use offing_tests::{Error, ErrorKind, PATIENCE, Result};

use super::Viewer;

/// Where pictures are written, in the program's home.
const FILE: &str = "seen.ppm";
/// The answer to what it cannot do.
const NO: &str = "no";

pub(super) struct Script {
    home: Home,
    _process: Running,
    lines: BufReader<UnixStream>,
    pointer: (usize, usize),
}

impl Script {
    /// Starts a program that runs in `home`.
    pub(super) fn start(home: Home, command: Command) -> Result<Self> {
        let (process, socket) = Running::connected(command)?;
        // A busy machine takes long to load all of its Python.
        socket.set_read_timeout(Some(3 * PATIENCE))?;
        Ok(Self {
            home,
            _process: process,
            lines: BufReader::new(socket),
            pointer: (0, 0),
        })
    }

    /// Says a line, and returns the answer.
    fn ask(&mut self, line: &str) -> Result<String> {
        let context = |error: Error| error.context(format!("\"{line}\""));
        let mut answer = String::new();
        let said = self
            .lines
            .get_mut()
            .write_all(format!("{line}\n").as_bytes());
        said.and_then(|()| self.lines.read_line(&mut answer))
            .map_err(|error| context(error.into()))?;
        match answer.strip_suffix('\n') {
            Some(answer) => Ok(answer.to_owned()),
            None => Err(context(Error::new(
                ErrorKind::Closed,
                "the viewer has ended",
            ))),
        }
    }

    /// Tells it to do something, if it can.
    fn tell(&mut self, line: &str) -> Result<bool> {
        match self.ask(line)?.as_str() {
            "ok" => Ok(true),
            NO => Ok(false),
            other => Err(Error::other(format!("\"{line}\" was answered \"{other}\""))),
        }
    }

    fn point_with(&mut self, buttons: u8) -> Result {
        let (x, y) = self.pointer;
        self.tell(&format!("pointer {x} {y} {buttons}")).map(drop)
    }
}

impl Viewer for Script {
    fn log_in(&mut self, _: Option<&str>) -> Result {
        // It knows all already.
        Ok(())
    }

    fn screen(&mut self) -> Result<Picture> {
        self.tell(&format!("save {FILE}"))?;
        load_ppm(&self.home.path().join(FILE))
    }

    fn type_letter(&mut self, letter: char) -> Result {
        self.tell(&format!("key {}", keysym(letter))).map(drop)
    }

    fn point(&mut self, x: usize, y: usize) -> Result {
        self.pointer = (x, y);
        self.point_with(0)
    }

    fn click(&mut self) -> Result {
        self.point_with(button::LEFT)?;
        self.point_with(0)
    }

    fn copy(&mut self, text: &str) -> Result {
        self.tell(&format!("copy {text}")).map(drop)
    }

    fn clipboard(&mut self) -> Result<String> {
        self.ask("text")
    }

    fn resize(&mut self, width: usize, height: usize) -> Result {
        self.tell(&format!("resize {width} {height}")).map(drop)
    }

    fn cursor(&mut self, x: usize, y: usize, (width, height): (usize, usize)) -> Result<Picture> {
        if self.tell(&format!("cursor {FILE}"))? {
            return load_ppm(&self.home.path().join(FILE));
        }
        Ok(self.screen()?.crop(Rect::new(x, y, width, height)))
    }
}

/// Reads a PPM of 8 bits a channel: "P6", the size and the largest value, each on a line.
fn load_ppm(path: &Path) -> Result<Picture> {
    let bytes = std::fs::read(path)?;
    let wrong = || Error::other(format!("{} is no PPM", path.display()));
    let mut parts = bytes.splitn(4, |byte| *byte == b'\n');
    let mut line = || parts.next().and_then(|line| std::str::from_utf8(line).ok());
    let (kind, size, depth) = (line(), line().unwrap_or_default(), line());
    let numbers = size.split(' ').map(|number| number.parse().ok());
    let [Some(width), Some(height)] = numbers.collect::<Vec<_>>()[..] else {
        return Err(wrong());
    };
    let rgb = parts.next().unwrap_or_default().to_vec();
    match (kind, depth) == (Some("P6"), Some("255")) && rgb.len() == width * height * 3 {
        true => Ok(Picture { width, height, rgb }),
        false => Err(wrong()),
    }
}
