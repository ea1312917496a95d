//! What a stranger does who has read three lines of the README: `make run`, and a viewer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use offing_tests::picture::{Picture, Rect};
use offing_tests::process::{Home, Running, Terminal, Xvfb, require_tools};
use offing_tests::{Error, Result, soon};

use super::{OFFING, Session, Size, done, keep, look_until, main_colour};

/// The X server of the stranger's desktop, with room for the viewer's window.
const SCREEN: (usize, usize) = (1400, 900);

#[test]
fn a_stranger_types_into_a_terminal_and_resizes_it() -> Result {
    let tools = [
        "Xvfb",
        "env",
        "foot",
        "make",
        "setsid",
        "xdotool",
        "xtigervncviewer",
    ];
    if !require_tools(&tools)? {
        return Ok(());
    }
    let mut session = MakeRun::start()?;
    let viewer = Viewer::log_in(&session)?;

    // The terminal: a dark sheet of paper below a title bar of ours, on the desktop.
    let window = session.wait_for_window()?.rect();
    let before = viewer.wait_for_the_screen(&session)?;
    keep(&before, "stranger-begin")?;
    let (paper, share) = main_colour(&before.crop(window));
    assert!(share > 80, "{share} % of the terminal are {paper:?}");
    assert_ne!(before.pixel(0, 0), paper, "the desktop");
    let middle = window.x + window.width / 2;
    let above = (0..window.y).rev();
    let title = above.take_while(|&y| before.pixel(middle, y) != before.pixel(0, y));
    let title = title.count();
    assert!((10..60).contains(&title), "a title bar of {title} rows");

    // Under the prompt, what was typed says "offing", and there is another prompt.
    let margin = Rect { width: 9, ..window };
    let is_answered = |screen: &Picture| {
        let letters = letters(&screen.crop(margin), paper);
        matches!(&letters[..], [.., prompt, text, again] if prompt == again && prompt != text)
    };
    assert!(!is_answered(&before));
    viewer.x.xdotool(&["type", "echo offing | tee said"])?;
    viewer.x.xdotool(&["key", "Return"])?;
    let typed = look_until("an answer", || {
        Ok(Some(viewer.wait_for_the_screen(&session)?).filter(is_answered))
    })?;
    keep(&typed, "stranger-typed")?;
    let said = fs::read_to_string(session.home.path().join("said"))?;
    assert_eq!(said, "offing\n");

    // The screen becomes as large as the viewer's window, and the text stays.
    let size = Size {
        width: 1000,
        height: 700,
    };
    assert_ne!(session.state()?.size, size);
    viewer
        .x
        .xdotool(&["windowsize", &viewer.window, "1000", "700"])?;
    look_until("the new size", || {
        Ok((session.state()?.size == size).then_some(()))
    })?;
    let resized = viewer.wait_for_the_screen(&session)?;
    assert_eq!((resized.width, resized.height), (size.width, size.height));
    let moved = session.wait_for_window()?.rect();
    let text_of = |screen: &Picture, window: Rect| {
        screen.crop(Rect {
            width: 300,
            height: 90,
            ..window
        })
    };
    text_of(&resized, moved).expect(&text_of(&typed, window))?;
    keep(&viewer.x.picture()?, "stranger-resized")?;

    // The session ends with the terminal, and the terminal with its shell.
    viewer.x.xdotool(&["type", "exit"])?;
    viewer.x.xdotool(&["key", "Return"])?;
    assert_eq!(session.terminal.process.wait(soon())?.code(), Some(0));
    Ok(())
}

/// The first letters of the lines of a text, from its left margin: the rows that are not all of
/// the paper's colour, line by line.
fn letters(margin: &Picture, paper: [u8; 3]) -> Vec<Picture> {
    let is_blank = |y: &usize| (0..margin.width).all(|x| margin.pixel(x, *y) == paper);
    let rows: Vec<usize> = (0..margin.height).collect();
    rows.split(is_blank)
        .filter(|line| !line.is_empty())
        .map(|line| margin.crop(Rect::new(0, line[0], margin.width, line.len())))
        .collect()
}

/// What `make run` starts, on a terminal, by a user without privileges whose environment is
/// nothing but PATH and HOME.
struct MakeRun {
    terminal: Terminal,
    home: Home,
    /// What the terminal says.
    name: String,
    address: String,
    password: String,
}

impl MakeRun {
    fn start() -> Result<Self> {
        let home = Home::unprivileged()?;
        // That user may not be able to reach it where it is.
        let binary = Self::binary(&home);
        fs::copy(OFFING, &binary)?;
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755))?;

        let mut arguments = Self::environment(&home);
        arguments.push(binary.display().to_string());
        arguments.extend(arguments_of_make_run()?);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let terminal = Terminal::start(&home, "env", &arguments)?;
        // What it says comes first and in one piece, whatever the program says after it.
        let text = terminal.output.wait_until(soon(), "three lines", |text| {
            text.matches('\n').count() >= 3
        })?;
        let mut lines = text.lines().map(str::trim);
        let mut rest = |start: &str| {
            let line = lines.next().unwrap_or_default();
            let rest = line.strip_prefix(start).map(str::to_owned);
            rest.ok_or_else(|| Error::other(format!("no {start:?} in its place in {text}")))
        };
        let ready = rest("offing: ")?;
        Ok(Self {
            name: ready.trim_end_matches(" is ready").to_owned(),
            address: rest("connect   vnc://")?,
            password: rest("password  ")?,
            terminal,
            home,
        })
    }

    fn binary(home: &Home) -> PathBuf {
        home.path().join("offing")
    }

    /// The arguments of `env` that leave no other variables.
    fn environment(home: &Home) -> Vec<String> {
        let path = std::env::var("PATH").unwrap_or_default();
        let home = home.path().display();
        vec![
            "-i".to_owned(),
            format!("PATH={path}"),
            format!("HOME={home}"),
        ]
    }
}

impl Session for MakeRun {
    fn verb_command(&self, verb: &str) -> Command {
        let mut command = self.home.command("env");
        command.args(Self::environment(&self.home));
        command.arg(Self::binary(&self.home)).arg(verb);
        // The user may have other sessions.
        command.args(["--session", &self.name]);
        command
    }
}

/// The arguments that the Makefile starts `offing` with. Read as the user who tests: the
/// stranger may not be able to reach the Makefile where it is.
fn arguments_of_make_run() -> Result<Vec<String>> {
    let home = Home::new()?;
    let mut command = home.command("make");
    command.args([
        "-n",
        "-C",
        concat!(env!("CARGO_MANIFEST_DIR"), "/.."),
        "run",
    ]);
    command.arg("--no-print-directory");
    let commands = done(Running::start(command)?.finish(soon())?)?.stdout;
    let last = commands.lines().last().unwrap_or_default();
    let arguments = last.split_once(" -- ").map(|(cargo, arguments)| {
        assert!(cargo.starts_with("cargo run "), "{last}");
        arguments.split_whitespace().map(str::to_owned).collect()
    });
    arguments.ok_or_else(|| Error::other(format!("make run starts nothing: {last}")))
}

/// TigerVNC's viewer, logged in, on a desktop of its own.
struct Viewer {
    _process: Running,
    x: Xvfb,
    /// The window's number.
    window: String,
}

impl Viewer {
    fn log_in(session: &MakeRun) -> Result<Self> {
        let x = Xvfb::start(SCREEN.0, SCREEN.1)?;
        let process = x.start_program("xtigervncviewer", &[&session.address])?;
        // Without a window manager nobody gives the keyboard to a window.
        let dialog = x.wait_for_window("^VNC authentication$")?;
        x.xdotool(&["windowfocus", &dialog, "type", &session.password])?;
        x.xdotool(&["key", "Return"])?;
        let window = x.wait_for_window(&format!("^{} - TigerVNC$", session.name))?;
        x.xdotool(&["windowfocus", &window])?;
        // The pointer is beside it.
        let corner = (SCREEN.0 - 1, SCREEN.1 - 1);
        x.xdotool(&["mousemove", &corner.0.to_string(), &corner.1.to_string()])?;
        Ok(Self {
            _process: process,
            x,
            window,
        })
    }

    /// Waits until the viewer's window shows the session's screen, pixel by pixel, and returns
    /// what it shows.
    fn wait_for_the_screen(&self, session: &MakeRun) -> Result<Picture> {
        look_until("the session's screen in the viewer's window", || {
            let wanted = session.screenshot()?;
            let shown = self.x.picture()?.crop(self.place()?);
            Ok((shown == wanted).then_some(shown))
        })
    }

    /// Where the viewer's window is on its screen.
    fn place(&self) -> Result<Rect> {
        let text = self
            .x
            .xdotool(&["getwindowgeometry", "--shell", &self.window])?;
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.strip_prefix('=')?.parse().ok());
            number.ok_or_else(|| Error::other(format!("no {name} in {text}")))
        };
        Ok(Rect::new(
            number("X")?,
            number("Y")?,
            number("WIDTH")?,
            number("HEIGHT")?,
        ))
    }
}
