//! Programs beside the session's command: those of its menu, and those that start with it.

use std::fs;

use offing_tests::Result;
use offing_tests::process::{Home, Offing, Signal};
use offing_tests::soon;
use offing_tests::vnc_client::button;

use super::{OFFING, look_until};

const RETURN: u32 = 0xff0d;
const DOWN: u32 = 0xff54;

#[test]
fn the_menu_starts_what_is_installed() -> Result {
    let home = Home::new()?;
    let entries = home.path().join("data/applications");
    fs::create_dir_all(&entries)?;
    let entry = "[Desktop Entry]\nType=Application\nName=A file\nExec=touch chosen %f\n";
    fs::write(entries.join("file.desktop"), entry)?;
    let connection_file = home.path().join("connection.json");
    let mut command = home.command(OFFING);
    command.args(["run", "--listen", "127.0.0.1:0", "--auth", "none"]);
    command.arg("--connection-file").arg(&connection_file);
    command.args(["--", "sleep", "1000"]);
    command.env("XDG_DATA_HOME", home.path().join("data"));
    command.env("XDG_DATA_DIRS", home.path().join("nothing"));
    let session = Offing::start(home, command, connection_file)?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    viewer.click(10, 10, button::RIGHT)?;
    viewer.wait_until(soon(), "the menu", |viewer| {
        let (picture, corner) = (viewer.picture(), viewer.picture().pixel(900, 700));
        corner != [0; 3] && picture.pixel(20, 24) != corner
    })?;
    for key in [DOWN, RETURN] {
        viewer.tap(key)?;
    }
    let chosen = session.home.path().join("chosen");
    look_until("the file", || Ok(chosen.exists().then_some(())))?;
    // What has ended is waited for.
    let process = session.connection.pid;
    look_until("no zombie", || {
        let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
        let is_zombie = |pid: &str| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.contains(") Z ")
        };
        Ok((!children.split_whitespace().any(is_zombie)).then_some(()))
    })
}

#[test]
fn programs_that_start_with_the_session_end_with_it() -> Result {
    let arguments = [
        "--auth",
        "none",
        "--also",
        "echo $WAYLAND_DISPLAY > also; exec sleep 1000",
        "--also",
        "touch another",
        "--",
        "sleep",
        "1000",
    ];
    let mut session = Offing::run(OFFING, &arguments)?;
    let also = session.home.path().join("also");
    look_until("what was started", || {
        let display = fs::read_to_string(&also).unwrap_or_default();
        let another = session.home.path().join("another").exists();
        Ok((display.trim() == session.connection.wayland_display && another).then_some(()))
    })?;
    let process = session.connection.pid;
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let children: Vec<String> = children.split_whitespace().map(str::to_owned).collect();
    assert!(children.len() >= 2, "{children:?}");
    session.process.signal(Signal::TERM)?;
    session.process.wait(soon())?;
    let lives = |pid: &&String| fs::exists(format!("/proc/{pid}")).unwrap_or(true);
    look_until("the end of all", || {
        Ok((!children.iter().any(|it| lives(&it))).then_some(()))
    })
}
