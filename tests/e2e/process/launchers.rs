//! Programs that start programs: a name is typed, and what has that name starts.

use std::fs;

use offing_tests::picture::Rect;
use offing_tests::process::{Home, Offing, require_tools};
use offing_tests::vnc_client::VncClient;
use offing_tests::{Result, soon};

use super::{OFFING, Session, keep};

const RETURN: u32 = 0xff0d;

/// What a launcher fills its window, and the row that Return would start, with.
const PAPER: [u8; 3] = [0x20, 0x40, 0x60];
const CHOSEN: [u8; 3] = [0x20, 0xa0, 0x40];

/// A program as launchers find it.
const ENTRY: &str = "[Desktop Entry]
Type=Application
Name=Zinnia
Exec=weston-flower
";

/// Whether a launcher is there, and below the chosen entry there is none: some, if there is room
/// for others.
fn is_alone(viewer: &VncClient) -> Option<bool> {
    let screen = viewer.picture();
    let is_chosen = |at: &usize| screen.pixel(at % screen.width, at / screen.width) == CHOSEN;
    let mut pixels = (0..screen.width * screen.height).filter(is_chosen);
    let (first, last) = (pixels.next()?, pixels.next_back()?);
    let (left, right) = (first % screen.width, last % screen.width);
    let below = Rect::new(left, last / screen.width + 1, right.checked_sub(left)?, 60);
    let paper = screen.crop(below).count(PAPER);
    (paper > 5000).then_some(paper == below.width * below.height)
}

/// Starts a launcher, types the name of a program and Return, and waits for the program.
fn launch(command: &str) -> Result {
    let name = command.split(' ').next().unwrap_or_default();
    if !require_tools(&[name, "weston-flower", "foot"])? {
        return Ok(());
    }
    let home = Home::new()?;
    let entries = home.path().join("data/applications");
    fs::create_dir_all(&entries)?;
    fs::write(entries.join("flower.desktop"), ENTRY)?;
    fs::write(home.path().join("style.css"), STYLE)?;
    // Not all of them go by HOME.
    let programs = format!("XDG_DATA_HOME=$HOME/data {command}; exec sleep 1000");
    let arguments = ["--size", "800x600", "--", "sh", "-c", &programs];
    let session = Offing::run_in(home, OFFING, &arguments)?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    // Others are listed as well, foot among them.
    viewer.wait_until(soon(), "the launcher", |viewer| {
        is_alone(viewer) == Some(false)
    })?;
    keep(&viewer.picture(), name)?;
    viewer.type_text("Zinnia")?;
    viewer.wait_until(soon(), "one entry alone", |viewer| {
        is_alone(viewer) == Some(true)
    })?;
    keep(&viewer.picture(), &format!("{name}-typed"))?;
    viewer.tap(RETURN)?;
    session.wait_for_window()?;
    viewer.wait_until(soon(), "a flower alone", |viewer| {
        let screen = viewer.picture();
        screen.colours() > 50 && screen.count(PAPER) == 0
    })
}

#[test]
fn fuzzel() -> Result {
    launch("fuzzel --background-color=204060ff --selection-color=20a040ff --no-icons")
}

/// For GTK.
const STYLE: &str = "
    * { transition: none; background-image: none; box-shadow: none; }
    window { background-color: #204060; color: white; }
    flowboxchild:selected { background-color: #20a040; }
";

#[test]
fn wofi() -> Result {
    launch("wofi --show drun --style style.css --cache-file cache")
}
