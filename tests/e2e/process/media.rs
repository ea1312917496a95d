//! Programs that draw all the time, and the demonstration programs of Weston.

use std::path::Path;

use offing_tests::picture::Picture;
use offing_tests::process::{Offing, Running, require_tools};
use offing_tests::{Error, Result};

use super::{OFFING, Session, keep, look_until};

/// Weston's programs that open a window and need no device. Of the others weston-presentation-shm
/// ends where windows are told their bounds, weston-editor wants text-input v1, and
/// weston-content_protection a screen that protects films.
const DEMOS: [&str; 18] = [
    "weston-calibrator",
    "weston-clickdot",
    "weston-cliptest",
    "weston-confine",
    "weston-dnd",
    "weston-eventdemo",
    "weston-flower",
    "weston-fullscreen",
    "weston-multi-resource",
    "weston-resizor",
    "weston-scaler",
    "weston-simple-damage",
    "weston-simple-shm",
    "weston-simple-touch",
    "weston-smoke",
    "weston-stacking",
    "weston-subsurfaces",
    "weston-transformed",
];

/// A session for programs that are started one by one.
fn session() -> Result<Offing> {
    Offing::run(OFFING, &["--size", "800x600", "--", "sleep", "1000"])
}

/// Starts a program, waits until its window is drawn, and ends it.
fn see(session: &Offing, program: &str, arguments: &[&str]) -> Result<Picture> {
    let empty = session.screenshot()?;
    let mut command = session.command(program);
    command.args(arguments);
    let running = Running::start(command)?;
    session.wait_for_window()?;
    let is_drawn = |screen: &Picture| screen.diff(&empty, 0, &[]).is_some();
    let drawn = session.wait_for_screen("what it draws", is_drawn)?;
    let name = Path::new(program).file_name().unwrap_or_default();
    keep(&drawn, &name.to_string_lossy())?;
    drop(running);
    look_until("the end of its window", || {
        Ok(session.state()?.windows.is_empty().then_some(drawn.clone()))
    })
}

#[test]
fn the_programs_of_weston_are_drawn() -> Result {
    if !require_tools(&["weston-flower"])? {
        return Ok(());
    }
    let session = session()?;
    // Not every version of Weston has all of them.
    let is_installed = |program: &&str| Path::new("/usr/bin").join(program).exists();
    let mut seen = 0;
    for program in DEMOS.into_iter().filter(is_installed) {
        see(&session, program, &[]).map_err(|error| error.context(program))?;
        seen += 1;
    }
    if is_installed(&"weston-image") {
        let path = session.home.path().join("picture.png");
        Picture::pattern(300, 200, 1).save_png(&path)?;
        let path = path.to_string_lossy();
        let screen = see(&session, "weston-image", &[&path])?;
        assert!(screen.colours() > 100, "no picture");
    }
    match seen {
        0 => Err(Error::other("none of them is in /usr/bin")),
        _ => Ok(()),
    }
}

#[test]
fn mpv_plays() -> Result {
    if !require_tools(&["mpv"])? {
        return Ok(());
    }
    let session = session()?;
    let clip = "av://lavfi:testsrc=size=320x240:rate=30";
    let arguments = ["--no-config", "--vo=wlshm", "--ao=null", clip];
    let picture = see(&session, "mpv", &arguments)?;
    // The bars of the test picture.
    for colour in [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]] {
        let near = |pixel: &[u8; 3]| pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 24);
        let count = picture
            .rgb
            .as_chunks()
            .0
            .iter()
            .filter(|it| near(it))
            .count();
        if count < 500 {
            let message = format!("{count} pixels like {colour:?}");
            return Err(Error::other(message));
        }
    }
    Ok(())
}
