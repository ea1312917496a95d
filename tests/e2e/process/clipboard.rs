//! Which ways clipboards go, as the options say.

use std::time::Instant;

use offing_tests::process::{Offing, Running, require_tools};
use offing_tests::wayland_client::{Clipboard, Window};
use offing_tests::{Error, Result, soon};

use super::OFFING;
use crate::fixture::wait_for_focus;

#[test]
fn options_say_which_ways_clipboards_go() -> Result {
    let options = ["--clipboard", "from-viewers", "--primary", "to-viewers"];
    let session = Offing::run(OFFING, &[&options[..], &["--", "sleep", "1000"]].concat())?;
    let mut client = session.wayland_client()?;
    let window = client.open(Window::new("editor", 100, 80).content([200; 3]))?;
    wait_for_focus(&mut client, Some(window))?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    let changes = client.clipboard(Clipboard::Primary).changes;
    viewer.cut_text("text")?;
    client.dispatch_until(soon(), "an offer", |client| {
        client.clipboard(Clipboard::Selection).offered.is_some()
    })?;
    assert_eq!(client.clipboard(Clipboard::Primary).changes, changes);
    for (clipboard, text) in [
        (Clipboard::Selection, "copied"),
        (Clipboard::Primary, "marked"),
    ] {
        client.copy(clipboard, &[("text/plain", text.as_bytes())])?;
    }
    client.dispatch_until(soon(), "to be asked", |client| {
        !client.clipboard(Clipboard::Primary).asked_for.is_empty()
    })?;
    viewer.wait_until(soon(), "a text", |viewer| !viewer.cut_texts.is_empty())?;
    assert_eq!(viewer.cut_texts, ["marked"]);
    assert!(client.clipboard(Clipboard::Selection).asked_for.is_empty());
    Ok(())
}

/// Runs `wl-paste` until it prints `text`.
fn wait_for_paste(session: &Offing, arguments: &[&str], text: &str) -> Result {
    let deadline = soon();
    loop {
        let mut command = session.command("wl-paste");
        command.arg("--no-newline").args(arguments);
        let finished = Running::start(command)?.finish(deadline)?;
        if finished.stdout == text {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let found = finished.stdout + &finished.stderr;
            return Err(Error::other(format!(
                "wl-paste says \"{found}\", not {text}"
            )));
        }
    }
}

#[test]
fn programs_without_a_window_copy_and_paste() -> Result {
    if !require_tools(&["wl-copy", "wl-paste"])? {
        return Ok(());
    }
    let session = Offing::run(OFFING, &["--", "sleep", "1000"])?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    let copy = |arguments: &[&str]| {
        let mut command = session.command("wl-copy");
        command.arg("--foreground").args(arguments);
        Running::start(command)
    };
    let _copied = copy(&["from a program"])?;
    viewer.wait_until(soon(), "a text", |viewer| !viewer.cut_texts.is_empty())?;
    assert_eq!(viewer.cut_texts, ["from a program"]);
    wait_for_paste(&session, &[], "from a program")?;
    let _marked = copy(&["--primary", "marked"])?;
    wait_for_paste(&session, &["--primary"], "marked")?;
    wait_for_paste(&session, &[], "from a program")?;
    viewer.cut_text("from a viewer")?;
    wait_for_paste(&session, &[], "from a viewer")
}
