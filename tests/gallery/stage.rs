//! A session to be looked at, with what is in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use offing_tests::picture::Rgb;
use offing_tests::process::{Home, Offing, Running};
use offing_tests::vnc_client::{VncClient, button};
use offing_tests::{Error, ErrorKind, Result, soon};
use serde::Deserialize;

/// A terminal, which is the session's program in most pictures.
pub(crate) const TERMINAL: [&str; 3] = ["foot", "--title", "Terminal"];

/// How long nothing must have changed: programs animate what they show first.
const QUIET: Duration = Duration::from_secs(1);
/// From where a window is dragged: so far into its title bar.
const GRIP: (usize, usize) = (60, 14);

const BAR_CONFIG: &str = r#"{
    "height": 28,
    "modules-left": ["wlr/taskbar"],
    "modules-right": ["clock"],
    "wlr/taskbar": { "format": "{icon} {title}", "icon-size": 16, "tooltip": false },
    "clock": { "format": "{:%H:%M}" }
}"#;
const BAR_STYLE: &str = "
    * { border: none; border-radius: 0; min-height: 0; font: 13px 'DejaVu Sans'; }
    window { background: rgba(20, 30, 50, 0.8); color: white; }
    button { background: none; color: white; padding: 0 12px; }
    button.active { background: rgba(255, 255, 255, 0.2); }
    #clock { padding: 0 12px; }
";
/// A cursor that does not blink; what is in the environment comes last.
const TERMINAL_CONFIG: &str = "
font=DejaVu Sans Mono:size=10
[cursor]
blink=no
[environment]
";

/// What the editor shows.
const LETTER: &str = "
    Dear reader,

    this is a session without a screen:
    nobody sees it but with a VNC viewer.

    Yours,
    Offing
";

/// A session, a viewer of it, and the programs in it.
pub(crate) struct Stage {
    pub(crate) viewer: VncClient,
    programs: Vec<Running>,
    session: Offing,
    binary: PathBuf,
}

/// A window as `offing msg state` tells of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Window {
    title: String,
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

#[derive(Deserialize)]
struct State {
    windows: Vec<Window>,
}

impl Stage {
    /// Starts a session with these options for a program.
    pub(crate) fn start(binary: &Path, options: &[&str], program: &[&str]) -> Result<Self> {
        let home = Home::new()?;
        let config = home.path().join(".config/foot");
        fs::create_dir_all(&config)?;
        // So that `offing` is found in the terminal.
        let path = std::env::var("PATH").unwrap_or_default();
        let folder = binary.parent().unwrap_or(Path::new("/"));
        let path = format!("PATH={}:{path}", folder.display());
        // What a shell reads first: the usual prompt, also for root.
        let start = home.path().join("start");
        fs::write(&start, "PS1='$ '")?;
        let text = format!("{TERMINAL_CONFIG}{path}\nENV={}\n", start.display());
        fs::write(config.join("foot.ini"), text)?;
        fs::write(home.path().join("letter"), LETTER)?;
        let arguments = [&["--name", "desk"], options, &["--"], program].concat();
        let session = Offing::run_in(home, &binary.to_string_lossy(), &arguments)?;
        let mut viewer = session.viewer()?;
        viewer.set_usual_encodings()?;
        Ok(Self {
            viewer,
            programs: Vec::new(),
            session,
            binary: binary.to_owned(),
        })
    }

    /// Starts another program.
    pub(crate) fn add(&mut self, program: &str, arguments: &[&str]) -> Result {
        let mut command = self.session.command(program);
        command.args(arguments);
        self.programs.push(Running::start(command)?);
        Ok(())
    }

    /// Adds a bar.
    pub(crate) fn add_bar(&mut self) -> Result {
        let home = self.session.home.path();
        fs::write(home.join("bar.json"), BAR_CONFIG)?;
        fs::write(home.join("bar.css"), BAR_STYLE)?;
        self.add("waybar", &["-c", "bar.json", "-s", "bar.css"])?;
        self.settle()
    }

    fn windows(&self) -> Result<Vec<Window>> {
        let mut command = self.session.home.command(&self.binary);
        command.args(["msg", "state", "--json"]);
        let finished = Running::start(command)?.finish(soon())?;
        Ok(serde_json::from_str::<State>(&finished.stdout)?.windows)
    }

    /// Waits until there are so many windows.
    pub(crate) fn wait_for_windows(&mut self, count: usize) -> Result<Vec<Window>> {
        let deadline = soon();
        loop {
            let windows = self.windows()?;
            if windows.len() >= count {
                return Ok(windows);
            }
            if Instant::now() > deadline {
                return Err(Error::other(format!("there are only {windows:?}")));
            }
            self.read_until(Instant::now() + QUIET / 10)?;
        }
    }

    /// Waits until this colour is on half of the screen.
    pub(crate) fn wait_for_colour(&mut self, colour: Rgb) -> Result {
        self.viewer.wait_until(soon(), "a colour", |viewer| {
            let (width, height) = viewer.size();
            viewer.picture().count(colour) > width * height / 2
        })
    }

    /// Reads updates until there are none for a while.
    pub(crate) fn settle(&mut self) -> Result {
        let deadline = soon();
        while self.read_until(Instant::now() + QUIET)? && Instant::now() < deadline {}
        Ok(())
    }

    /// Whether an update comes before `deadline`.
    fn read_until(&mut self, deadline: Instant) -> Result<bool> {
        let seen = self.viewer.updates.len();
        let more = self
            .viewer
            .wait_until(deadline, "an update", |viewer| viewer.updates.len() > seen);
        match more {
            Err(error) if error.kind() == ErrorKind::Stalled => Ok(false),
            more => more.map(|()| true),
        }
    }

    /// Types a command into the terminal that has the keyboard.
    pub(crate) fn type_line(&mut self, line: &str) -> Result {
        self.settle()?;
        self.viewer.type_text(line)?;
        self.viewer.type_text("\n")?;
        self.settle()
    }

    /// Drags a window, so that its title bar is at a place.
    pub(crate) fn drag_window(&mut self, title: &str, place: (usize, usize)) -> Result {
        self.drop_window(title, (place.0 + GRIP.0, place.1 + GRIP.1))
    }

    /// Drags a window by its title bar until the pointer is at a place.
    pub(crate) fn drop_window(&mut self, title: &str, place: (usize, usize)) -> Result {
        let windows = self.windows()?;
        let window = windows
            .iter()
            .find(|window| window.title.starts_with(title));
        let window = window.ok_or_else(|| Error::other(format!("no {title}: {windows:?}")))?;
        // The title bar is above the window.
        let from = ((window.x + GRIP.0) as u16, (window.y - GRIP.1) as u16);
        let to = (place.0 as u16, place.1 as u16);
        self.viewer.drag(from, to, button::LEFT)?;
        self.settle()
    }
}
