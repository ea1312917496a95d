//! Viewers with a window, on an X server of their own, without a window manager.

use std::fs;
use std::process::Command;

use offing_tests::picture::Picture;
use offing_tests::process::{Running, Xvfb};
use offing_tests::{Result, soon};

use super::Viewer;
use crate::process::look_until;

/// The X server's screen, with room for more than the picture.
const SCREEN: (usize, usize) = (1024, 768);
/// Makes the text on standard input a selection: the one for what is copied, as a program of today
/// does, and the one for what is marked, as an old program does.
const COPY: &str = "xclip -quiet -in -selection clipboard -target UTF8_STRING";
const MARK: &str = "xsel --nodetach --input --primary";
/// Says on standard output what the selection of the first argument is: as Unicode if its owner
/// can give that.
const PASTE: &str = "get() { xclip -out -selection \"$1\" -target \"$2\"; }
    if get \"$1\" TARGETS | grep -qx UTF8_STRING; then get \"$1\" UTF8_STRING
    else get \"$1\" STRING | iconv -f latin1 -t utf-8; fi 2>/dev/null";

/// What is known of a program's windows. They are found by regular expressions for their titles.
#[derive(Clone, Copy, Default)]
pub(super) struct Windows {
    /// Its window that shows the session.
    pub(super) main: &'static str,
    /// Those that come before it in this order if a password is needed; it is typed into the last.
    pub(super) login: &'static [&'static str],
    /// The size that it is given, if its own has no room for the picture.
    pub(super) size: Option<(usize, usize)>,
}

pub(super) struct Window {
    _process: Running,
    x: Xvfb,
    windows: Windows,
    /// The number of the main window.
    window: String,
    /// Who owns the selections.
    owners: Vec<Running>,
}

impl Window {
    /// Starts the command that is made for an X server.
    pub(super) fn start(
        windows: Windows,
        command: impl FnOnce(&Xvfb) -> Result<Command>,
    ) -> Result<Self> {
        let x = Xvfb::start(SCREEN.0, SCREEN.1)?;
        let process = Running::start(command(&x)?)?;
        let mut window = Self {
            _process: process,
            x,
            windows,
            window: String::new(),
            owners: Vec::new(),
        };
        // The pointer is in the middle.
        window.leave()?;
        Ok(window)
    }

    /// Makes these bytes a selection, by a shell's command that has them as its input.
    fn own(&mut self, selection: &str, command: &str, text: &[u8]) -> Result {
        let mut shell = self.x.command("sh");
        let home = shell.get_current_dir().unwrap_or(".".as_ref());
        let file = home.join(selection);
        fs::write(&file, text)?;
        let script = format!("exec {command} <\"$1\"");
        shell.args(["-c", &script, "sh"]).arg(file);
        self.owners.push(Running::start(shell)?);
        look_until("a selection", || {
            Ok((!self.paste(selection)?.is_empty()).then_some(()))
        })
    }

    fn paste(&self, selection: &str) -> Result<String> {
        let command = self
            .x
            .start_program("sh", &["-c", PASTE, "sh", selection])?;
        Ok(command.finish(soon())?.stdout)
    }
}

impl Viewer for Window {
    fn log_in(&mut self, password: Option<&str>) -> Result {
        if let (Some(password), Some((dialog, before))) =
            (password, self.windows.login.split_last())
        {
            for title in before {
                self.x.wait_for_window(title)?;
            }
            let dialog = self.x.wait_for_window(dialog)?;
            // Without a window manager nobody gives the keyboard to a window.
            self.x
                .xdotool(&["windowfocus", &dialog, "type", password])?;
            self.x.xdotool(&["key", "Return"])?;
        }
        self.window = self.x.wait_for_window(self.windows.main)?;
        self.x.xdotool(&["windowfocus", &self.window])?;
        self.windows
            .size
            .map_or(Ok(()), |(width, height)| self.resize(width, height))
    }

    fn screen(&mut self) -> Result<Picture> {
        self.x.picture()
    }

    fn type_letter(&mut self, letter: char) -> Result {
        self.x.xdotool(&["key", &letter.to_string()]).map(drop)
    }

    fn point(&mut self, x: usize, y: usize) -> Result {
        let place = [x, y].map(|number| number.to_string());
        self.x
            .xdotool(&["mousemove", &place[0], &place[1]])
            .map(drop)
    }

    fn leave(&mut self) -> Result {
        self.point(SCREEN.0 - 1, SCREEN.1 - 1)
    }

    fn click(&mut self) -> Result {
        self.x.xdotool(&["click", "1"]).map(drop)
    }

    /// In both selections. Old programs ask for Latin-1 in what was marked.
    fn copy(&mut self, text: &str) -> Result {
        let latin1 = text.chars().map(|it| u8::try_from(it).unwrap_or(b'?'));
        self.owners.clear();
        self.own("primary", MARK, &latin1.collect::<Vec<u8>>())?;
        self.own("clipboard", COPY, text.as_bytes())
    }

    fn clipboard(&mut self) -> Result<String> {
        self.owners.clear();
        match self.paste("clipboard")? {
            text if text.is_empty() => self.paste("primary"),
            text => Ok(text),
        }
    }

    fn resize(&mut self, width: usize, height: usize) -> Result {
        let size = [width, height].map(|number| number.to_string());
        let arguments = ["windowsize", &self.window, &size[0], &size[1]];
        self.x.xdotool(&arguments).map(drop)
    }
}
