//! Real programs in a session: they are drawn, react, open popups, and close.

use std::fs;

use offing_tests::picture::{Picture, Rect};
use offing_tests::process::{Offing, require_tools};
use offing_tests::vnc_client::{VncClient, button};
use offing_tests::{Result, soon};

use super::{OFFING, SHOW_PALETTE, Session, Window, keep, look_until, main_colour, shows_palette};

/// Ends as the program does, and notes how.
const RUN_AND_NOTE: &str = r#""$@"; code=$?; echo $code >code; exit $code"#;

/// A program in a session of its own, with a viewer.
struct App {
    name: String,
    session: Offing,
    viewer: VncClient,
    window: Window,
}

impl App {
    /// Starts a program and waits until its window has the keyboard: none if it is not installed.
    fn start(name: &str) -> Result<Option<Self>> {
        if !require_tools(&[name])? {
            return Ok(None);
        }
        let arguments = ["--", "sh", "-c", RUN_AND_NOTE, "sh", name];
        let session = Offing::run(OFFING, &arguments)?;
        let mut viewer = session.viewer()?;
        viewer.set_usual_encodings()?;
        let window = session.wait_for_window()?;
        Ok(Some(Self {
            name: name.to_owned(),
            session,
            viewer,
            window,
        }))
    }

    /// Waits until `offing screenshot` has a picture that satisfies `condition`, and the viewer
    /// sees it as well.
    fn wait_until_drawn(&mut self, condition: impl Fn(&Picture) -> bool) -> Result {
        let picture = self.session.wait_for_screen("the window", &condition)?;
        keep(&picture, &format!("{}-drawn", self.name))?;
        self.wait("seen", |viewer| condition(&viewer.picture()))
    }

    /// Waits until the viewer sees what satisfies `condition`, and keeps its picture.
    fn wait(&mut self, what: &str, condition: impl FnMut(&VncClient) -> bool) -> Result {
        self.viewer.wait_until(soon(), what, condition)?;
        keep(&self.viewer.picture(), &format!("{}-{what}", self.name))
    }

    /// Types a command that writes a file, and waits for the file and for the text on the screen.
    fn run_a_command(&mut self) -> Result {
        let text = Rect {
            height: 120,
            ..self.window.rect()
        };
        let before = piece(&self.viewer, text);
        self.viewer.type_text("echo offing | tee said\n")?;
        let said = self.session.home.path().join("said");
        look_until("the command's file", || {
            let text = fs::read_to_string(&said).unwrap_or_default();
            Ok((text == "offing\n").then_some(()))
        })?;
        self.wait("typed", |viewer| piece(viewer, text) != before)
    }

    /// Clicks where a popup comes up, and waits until it is seen in `place`. Returns what was
    /// there before.
    fn open_popup(&mut self, at: (u16, u16), button: u8, place: Rect) -> Result<Picture> {
        let before = piece(&self.viewer, place);
        self.viewer.click(at.0, at.1, button)?;
        self.wait("popup", |viewer| piece(viewer, place) != before)?;
        Ok(before)
    }

    /// Opens a popup, clicks `elsewhere`, and waits until `place` is as it was.
    fn open_and_leave_popup(
        &mut self,
        at: (u16, u16),
        button: u8,
        place: Rect,
        elsewhere: (u16, u16),
    ) -> Result {
        let before = self.open_popup(at, button, place)?;
        self.viewer.click(elsewhere.0, elsewhere.1, button::LEFT)?;
        self.wait("left", |viewer| piece(viewer, place) == before)
    }

    /// Closes the window with Alt+F4. The session must end with the program, and with its exit
    /// code, which is returned.
    fn close(mut self) -> Result<i32> {
        const ALT: u32 = 0xffe9;
        const F4: u32 = 0xffc1;
        self.viewer.key(ALT, true)?;
        // Nobody may be there any more to be told that the keys are released.
        self.viewer.key(F4, true)?;
        let status = self.session.process.wait(soon())?;
        let noted = fs::read_to_string(self.session.home.path().join("code"))?;
        let code = status.code().unwrap_or(-1);
        assert_eq!(noted.trim_end(), code.to_string());
        Ok(code)
    }
}

/// What a viewer sees in a place.
fn piece(viewer: &VncClient, place: Rect) -> Picture {
    Picture::draw(place.width, place.height, |x, y| {
        viewer.pixel(place.x + x, place.y + y)
    })
}

/// Whether more than 50 colours are on the screen: the edges of letters and curves.
fn is_drawn(screen: &Picture) -> bool {
    screen.colours() > 50
}

/// Where the dark letters of a text on light paper end.
fn text_width(picture: &Picture) -> usize {
    let is_dark = |x: &usize| {
        let mut column = (0..picture.height).map(|y| picture.pixel(*x, y));
        column.any(|pixel| pixel.iter().all(|channel| *channel < 100))
    };
    (0..picture.width).rfind(is_dark).map_or(0, |x| x + 1)
}

#[test]
fn foot() -> Result {
    let Some(mut app) = App::start("foot")? else {
        return Ok(());
    };
    // It is flat, but for a few letters: look for its two colours.
    let window = app.window.rect();
    let inside = Rect::new(window.x, window.y + 40, window.width, window.height - 40);
    let title = Rect::new(window.x + 100, window.y - 24, window.width - 250, 20);
    // Of a few rows, which have one colour.
    let desktop = Rect::new(0, 0, window.x - 1, 20);
    app.wait_until_drawn(|screen| {
        let inside = main_colour(&screen.crop(inside));
        let title = main_colour(&screen.crop(title));
        let desktop = main_colour(&screen.crop(desktop));
        let different = inside.0 != title.0 && inside.0 != desktop.0 && title.0 != desktop.0;
        different
            && [inside, title, desktop]
                .iter()
                .all(|(_, share)| *share > 90)
    })?;
    app.run_a_command()?;
    app.viewer.type_text(SHOW_PALETTE)?;
    app.viewer.type_text("\n")?;
    app.wait("colourful", |viewer| shows_palette(&viewer.picture()))?;
    // Its shell was hung up: what it makes of that is its own affair.
    app.close()?;
    Ok(())
}

#[test]
fn weston_terminal() -> Result {
    let Some(mut app) = App::start("weston-terminal")? else {
        return Ok(());
    };
    app.wait_until_drawn(is_drawn)?;
    app.run_a_command()?;
    let (x, y) = app.window.centre();
    let menu = Rect::new(x.into(), y.into(), 100, 60);
    app.open_and_leave_popup((x, y), button::RIGHT, menu, (x - 100, y))?;
    assert_eq!(app.close()?, 0);
    Ok(())
}

#[test]
fn weston_flower() -> Result {
    let Some(mut app) = App::start("weston-flower")? else {
        return Ok(());
    };
    app.wait_until_drawn(is_drawn)?;
    // The flower is another each time it is drawn: look for the menu beside it.
    let window = app.window.rect();
    let centre = app.window.centre();
    let menu = Rect::new(window.x + window.width + 5, centre.1.into(), 60, 10);
    app.open_and_leave_popup(centre, button::RIGHT, menu, (20, 20))?;
    let before = piece(&app.viewer, window);
    app.viewer.click(centre.0, centre.1, button::MIDDLE)?;
    app.wait("another", |viewer| piece(viewer, window) != before)?;
    assert_eq!(app.close()?, 0);
    Ok(())
}

#[test]
fn gtk4_widget_factory() -> Result {
    const DOWN: u32 = 0xff54;
    const RETURN: u32 = 0xff0d;
    let Some(mut app) = App::start("gtk4-widget-factory")? else {
        return Ok(());
    };
    assert_eq!((app.window.x, app.window.y), (0, 0));
    app.wait_until_drawn(|screen| screen.colours() > 1000)?;
    // The box that says "Andrea", and what is below it. Where it begins depends on what the
    // program has loaded when it is shown: at 406 or more. It is opened once only: GTK 4.8 commits
    // no buffer to about one in a hundred second popups.
    let label = Rect::new(410, 240, 110, 20);
    let below = Rect::new(445, 280, 120, 110);
    let andrea = text_width(&piece(&app.viewer, label));
    let before = app.open_popup((505, 250), button::LEFT, below)?;
    // The next one is "Otto", which is shorter.
    app.viewer.tap(DOWN)?;
    app.viewer.tap(RETURN)?;
    app.wait("chosen", |viewer| {
        let width = text_width(&piece(viewer, label));
        piece(viewer, below) == before && (1..andrea - 9).contains(&width)
    })?;
    assert_eq!(app.close()?, 0);
    Ok(())
}
