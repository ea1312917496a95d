//! Viewers that others wrote: how each is started, and how it is driven without a person.

use std::process::Command;

use offing_tests::picture::{Picture, Rect};
use offing_tests::process::{Home, Running, require, require_tools};
use offing_tests::{Error, Result, soon};

mod capture;
pub(crate) mod programs;
mod script;
mod window;

/// A viewer that runs. Places are those in the picture of [`Viewer::screen`].
pub(crate) trait Viewer {
    /// Answers the questions that it has once it is connected, until it shows something.
    fn log_in(&mut self, password: Option<&str>) -> Result;

    /// All that it shows: the session's screen, and what is around it.
    fn screen(&mut self) -> Result<Picture>;

    /// Types a letter.
    fn type_letter(&mut self, _letter: char) -> Result {
        only_looks()
    }

    /// Moves the pointer.
    fn point(&mut self, _x: usize, _y: usize) -> Result {
        only_looks()
    }

    /// Moves the pointer away from where it is seen.
    fn leave(&mut self) -> Result {
        Ok(())
    }

    /// Clicks with the left button where the pointer is.
    fn click(&mut self) -> Result {
        only_looks()
    }

    /// Copies a text on the viewer's side.
    fn copy(&mut self, _text: &str) -> Result {
        only_looks()
    }

    /// The text that would be pasted on the viewer's side.
    fn clipboard(&mut self) -> Result<String> {
        only_looks()
    }

    /// Makes its window as large as this, or asks for a screen of this size if it has no window.
    fn resize(&mut self, _width: usize, _height: usize) -> Result {
        only_looks()
    }

    /// The cursor, of which the upper left pixel is drawn at (`x`, `y`), of this size.
    fn cursor(&mut self, x: usize, y: usize, (width, height): (usize, usize)) -> Result<Picture> {
        Ok(self.screen()?.crop(Rect::new(x, y, width, height)))
    }
}

/// What becomes of those that take a picture and end, if more is asked of them.
fn only_looks<T>() -> Result<T> {
    Err(Error::other("this viewer only looks"))
}

/// How a viewer is started.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    installed: fn() -> Result<bool>,
    start: fn(Door) -> Result<Box<dyn Viewer>>,
}

/// Where a viewer is to connect, on this machine.
#[derive(Clone, Copy)]
pub(crate) struct Door<'a> {
    pub(crate) port: u16,
    /// What it has to know, if anything.
    pub(crate) password: Option<&'a str>,
}

impl Program {
    /// Whether it can be started here. See [`require_tools`].
    pub(crate) fn is_installed(&self) -> Result<bool> {
        (self.installed)()
    }

    /// Starts it. It connects soon, and then [`Viewer::log_in`] must be called.
    pub(crate) fn start(&self, door: Door) -> Result<Box<dyn Viewer>> {
        (self.start)(door).map_err(|error| error.context(self.name))
    }
}

/// Runs a command to its end, which must be a good one.
fn succeed(command: Command) -> Result {
    let finished = Running::start(command)?.finish(soon())?;
    match finished.status.success() {
        true => Ok(()),
        false => Err(Error::other(finished.stderr)),
    }
}

/// Whether a program is there and finds what it is asked for.
fn finds(name: &str, program: &str, arguments: &[&str]) -> Result<bool> {
    if !require_tools(&[program])? {
        return Ok(false);
    }
    let home = Home::new()?;
    let mut command = home.command(program);
    command.args(arguments);
    let finished = Running::start(command)?.finish(soon())?;
    require(name, finished.status.success())
}
