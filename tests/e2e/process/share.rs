//! A terminal that is shared alone.

use offing_tests::process::{Offing, require_tools};
use offing_tests::{Result, soon};

use super::{OFFING, SHOW_PALETTE, Session, keep, look_until, shows_palette};

const APP: &str = "org.example.shared";

/// A session in which foot shows a palette and then waits for a line.
fn run_foot(share: &str) -> Result<Offing> {
    let script = format!("{SHOW_PALETTE}; read line; echo \"$line\" >line");
    let arguments = ["--share", share, "--indicator", "--"];
    let command = ["foot", "--app-id", APP, "sh", "-c", &script];
    Offing::run(OFFING, &[&arguments[..], &command[..]].concat())
}

#[test]
fn a_terminal_is_shared_as_it_is_on_a_desktop() -> Result {
    if !require_tools(&["foot"])? {
        return Ok(());
    }
    let desktop = run_foot("desktop")?;
    let window = desktop.wait_for_window()?;
    desktop.wait_for_screen("the palette", shows_palette)?;
    let mut expected = desktop.screenshot()?.crop(window.rect());
    for kind in ["window", "isolated"] {
        let session = run_foot(&format!("{kind}:{APP}"))?;
        session.wait_for_window()?;
        // Neither terminal may have drawn its last.
        let mut seen = None;
        let same = look_until("the same terminal", || {
            expected = desktop.screenshot()?.crop(window.rect());
            let picture = session.screenshot()?;
            let same = picture.diff(&expected, 0, &[]).is_none();
            seen = Some(picture);
            Ok(same.then_some(()))
        });
        if let (Err(error), Some(seen)) = (same, seen) {
            seen.expect(&expected)?;
            return Err(error);
        }
        let mut viewer = session.viewer()?;
        viewer.set_usual_encodings()?;
        viewer.wait_until(soon(), "the terminal", |viewer| {
            viewer.size() == (expected.width, expected.height) && shows_palette(&viewer.picture())
        })?;
        keep(&viewer.picture(), &format!("foot-{kind}"))?;
        viewer.type_text("shared\n")?;
        let line = session.home.path().join("line");
        look_until("the line that was typed", || {
            let text = std::fs::read_to_string(&line).unwrap_or_default();
            Ok((text == "shared\n").then_some(()))
        })?;
    }
    Ok(())
}
