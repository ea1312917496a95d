//! gvnccapture: writes the first picture that it gets as a PNG, and ends.

use std::time::{Duration, Instant};

use offing_tests::picture::Picture;
use offing_tests::process::{Home, Terminal};
use offing_tests::{Error, Result, soon};

use super::programs::display_of;
use super::{Door, Viewer};
use crate::process::look_until;

const FILE: &str = "seen.png";

pub(super) struct Capture {
    home: Home,
    terminal: Terminal,
}

impl Capture {
    pub(super) fn start(door: Door) -> Result<Self> {
        let home = Home::new()?;
        let arguments = [display_of(door), FILE.to_owned()];
        let arguments = arguments.each_ref().map(String::as_str);
        let terminal = Terminal::start(&home, "gvnccapture", &arguments)?;
        Ok(Self { home, terminal })
    }
}

impl Viewer for Capture {
    fn log_in(&mut self, password: Option<&str>) -> Result {
        let Some(password) = password else {
            return Ok(());
        };
        let output = self.terminal.output.clone();
        output.wait_until(soon(), "a question", |text| text.contains("Password:"))?;
        // What is typed before it has hidden the password is lost: so it is typed again.
        look_until("the end of gvnccapture", || {
            self.terminal.type_text(&format!("{password}\n"))?;
            let moment = Instant::now() + Duration::from_millis(500);
            self.terminal.process.wait_exit(moment)
        })?;
        Ok(())
    }

    fn screen(&mut self) -> Result<Picture> {
        let status = self.terminal.process.wait(soon())?;
        match status.success() {
            true => Picture::load_png(self.home.path().join(FILE)),
            false => Err(Error::other(self.terminal.output.text())),
        }
    }
}
