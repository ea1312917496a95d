//! A browser, which is too large to be installed for the other tests.

use std::fs;

use offing_tests::picture::Rgb;
use offing_tests::process::{Home, Offing, require_tools};
use offing_tests::vnc_client::{VncClient, button};
use offing_tests::{Result, soon};

use super::{OFFING, Session, keep};

/// The page before its button is pressed, and after.
const BEFORE: Rgb = [0xc0, 0x40, 0x20];
const AFTER: Rgb = [0x20, 0x40, 0xc0];

/// The field below the button has the keyboard when the button has been pressed.
const PAGE: &str = r#"<!DOCTYPE html><title>a page</title>
<body style="margin: 0; background: rgb(192, 64, 32)">
<button style="position: fixed; left: 25%; top: 25%; width: 50%; height: 50%"
    onclick="document.body.style.background = 'rgb(32, 64, 192)'; field.focus()">Press</button>
<input id="field" style="position: fixed; bottom: 0"
    oninput="if (value == 'grün') document.body.style.background = 'rgb(32, 192, 64)'">
"#;
const TYPED: Rgb = [0x20, 0xc0, 0x40];

/// Waits until the page has this background.
fn wait_for_colour(viewer: &mut VncClient, colour: Rgb) -> Result {
    viewer.wait_until(soon(), &format!("a page in {colour:?}"), |viewer| {
        let (width, height) = viewer.size();
        viewer.picture().count(colour) > width * height / 3
    })
}

#[test]
#[ignore = "needs Chromium: see `make test-viewers`"]
fn chromium() -> Result {
    if !require_tools(&["chromium"])? {
        return Ok(());
    }
    let home = Home::new()?;
    fs::write(home.path().join("page.html"), PAGE)?;
    let app = format!("--app=file://{}/page.html", home.path().display());
    let browser = [
        "chromium",
        "--ozone-platform=wayland",
        "--disable-gpu",
        "--user-data-dir=profile",
        "--no-first-run",
        // What runs as root has no sandbox; and then it warns of that, but not in tests.
        "--no-sandbox",
        "--test-type",
        &app,
    ];
    let arguments = [&["--size", "800x600", "--"], &browser[..]].concat();
    let mut session = Offing::run_in(home, OFFING, &arguments)?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    let window = session.wait_for_window()?;
    wait_for_colour(&mut viewer, BEFORE)?;
    keep(&viewer.picture(), "chromium")?;
    let (x, y) = window.centre();
    viewer.click(x, y, button::LEFT)?;
    wait_for_colour(&mut viewer, AFTER)?;
    viewer.type_text("grün")?;
    wait_for_colour(&mut viewer, TYPED)?;
    keep(&viewer.picture(), "chromium-typed")?;
    viewer.key(0xffe9, true)?;
    viewer.key(0xffc1, true)?;
    assert!(session.process.wait(soon())?.success());
    Ok(())
}
