//! The session is locked by a real program.

use std::fs;

use offing_tests::picture::Picture;
use offing_tests::process::{Offing, require_tools};
use offing_tests::{Error, Result, soon};
use rustix::process::{Pid, Signal, kill_process};

use super::{OFFING, Session, keep, look_until};

/// What swaylock fills the screen with.
const COLOUR: [u8; 3] = [0x22, 0x44, 0x88];

fn is_locked(screen: &Picture) -> bool {
    screen.count(COLOUR) == screen.width * screen.height
}

#[test]
fn a_session_is_locked_when_the_last_viewer_leaves() -> Result {
    if !require_tools(&["swaylock", "weston-flower"])? {
        return Ok(());
    }
    let lock = "echo $$ >lock.pid; exec swaylock -u -c 224488";
    let arguments = ["--lock", lock, "--", "weston-flower"];
    let session = Offing::run(OFFING, &arguments)?;
    session.wait_for_window()?;
    let is_flower = |screen: &Picture| screen.colours() > 50;
    let (mut one, mut two) = (session.viewer()?, session.viewer()?);
    for viewer in [&mut one, &mut two] {
        viewer.set_usual_encodings()?;
        viewer.wait_until(soon(), "the flower", |it| is_flower(&it.picture()))?;
    }
    drop(one);
    look_until("one viewer", || {
        Ok((session.state()?.viewers.len() == 1).then_some(()))
    })?;
    let file = session.home.path().join("lock.pid");
    if file.exists() {
        return Err(Error::other("it is locked with a viewer there"));
    }
    drop(two);
    session.wait_for_screen("the lock", is_locked)?;

    let mut next = session.viewer()?;
    next.set_usual_encodings()?;
    next.wait_until(soon(), "the lock", |it| is_locked(&it.picture()))?;
    keep(&next.picture(), "swaylock")?;
    let number = || -> Result<i32> {
        let number = fs::read_to_string(&file)?.trim().parse::<i32>();
        number.map_err(|error| Error::other(error.to_string()))
    };
    let signal = |number: i32, signal: Signal| -> Result {
        let process = Pid::from_raw(number).ok_or_else(|| Error::other("no process"))?;
        Ok(kill_process(process, signal)?)
    };
    // One that dies leaves nothing to unlock with, and another one takes over.
    let first = number()?;
    signal(first, Signal::KILL)?;
    let is_plain = |screen: &Picture| !is_locked(screen) && !is_flower(screen);
    next.wait_until(soon(), "no lock, and no flower", |it| {
        is_plain(&it.picture())
    })?;
    next.wait_until(soon(), "another lock", |it| is_locked(&it.picture()))?;
    let second = number()?;
    assert_ne!(first, second);
    // That is how swaylock is told to unlock.
    signal(second, Signal::USR1)?;
    next.wait_until(soon(), "the flower", |it| is_flower(&it.picture()))
}
