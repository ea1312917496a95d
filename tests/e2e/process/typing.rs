//! Programs that type, and those that wait until nobody does.

use std::fs;

use offing_tests::process::{Offing, Running, require_tools};
use offing_tests::{Result, soon};

use super::{OFFING, Session, done, look_until};

/// Runs wtype until it has typed.
fn wtype(session: &Offing, arguments: &[&str]) -> Result {
    let mut command = session.command("wtype");
    command.args(arguments);
    done(Running::start(command)?.finish(soon())?).map(drop)
}

#[test]
fn wtype_and_viewers_type_in_turn() -> Result {
    if !require_tools(&["foot", "wtype"])? {
        return Ok(());
    }
    let mut session = Offing::run(OFFING, &["--", "foot", "-e", "sh", "-c", "cat >typed"])?;
    session.wait_for_window()?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    let typed = session.home.path().join("typed");
    let wait_for = |text: &str| {
        look_until(text, || {
            let found = fs::read_to_string(&typed).unwrap_or_default();
            Ok((found == text).then_some(()))
        })
    };
    wtype(&session, &["Aé漢€\n"])?;
    wait_for("Aé漢€\n")?;
    viewer.type_text("Bé字€\n")?;
    wait_for("Aé漢€\nBé字€\n")?;
    wtype(&session, &["c", "-k", "Return"])?;
    wait_for("Aé漢€\nBé字€\nc\n")?;
    // The end of the input.
    wtype(&session, &["-M", "ctrl", "d", "-m", "ctrl"])?;
    assert_eq!(session.process.wait(soon())?.code(), Some(0));
    Ok(())
}

#[test]
fn swayidle_runs_commands_when_nobody_is_there_and_when_somebody_comes_back() -> Result {
    if !require_tools(&["swayidle"])? {
        return Ok(());
    }
    let session = Offing::run(OFFING, &["--", "sleep", "1000"])?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    let mut command = session.command("swayidle");
    command.args([
        "timeout",
        "1",
        "echo away >>log",
        "resume",
        "echo back >>log",
    ]);
    let _swayidle = Running::start(command)?;
    let log = session.home.path().join("log");
    let wait_for = |text: &str| {
        look_until(text, || {
            let found = fs::read_to_string(&log).unwrap_or_default();
            Ok((found == text).then_some(()))
        })
    };
    wait_for("away\n")?;
    viewer.pointer(9, 9, 0)?;
    wait_for("away\nback\n")?;
    wait_for("away\nback\naway\n")
}
