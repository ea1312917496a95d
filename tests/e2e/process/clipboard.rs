//! Which ways clipboards go, as the options say.

use offing_tests::process::Offing;
use offing_tests::wayland_client::{Clipboard, Window};
use offing_tests::{Result, soon};

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
