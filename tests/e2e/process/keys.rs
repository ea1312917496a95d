//! What viewers type arrives in programs as text.

use std::fs;

use offing_tests::process::{Offing, require_tools};
use offing_tests::vnc_client::VncClient;
use offing_tests::{Result, soon};

use super::{OFFING, Session, look_until};

const RETURN: u32 = 0xff0d;
const CONTROL: u32 = 0xffe3;

/// A session whose terminal writes what is typed into a file; none without foot.
fn start() -> Result<Option<Offing>> {
    if !require_tools(&["foot"])? {
        return Ok(None);
    }
    let session = Offing::run(OFFING, &["--", "foot", "-e", "sh", "-c", "cat >typed"])?;
    session.wait_for_window()?;
    Ok(Some(session))
}

/// Ends the input, and returns what was typed.
fn end(mut session: Offing, viewer: &mut VncClient) -> Result<Vec<u8>> {
    viewer.key(CONTROL, true)?;
    viewer.tap('d'.into())?;
    viewer.key(CONTROL, false)?;
    assert_eq!(session.process.wait(soon())?.code(), Some(0));
    Ok(fs::read(session.home.path().join("typed"))?)
}

#[test]
fn letters_of_all_the_world_arrive_byte_for_byte() -> Result {
    let Some(session) = start()? else {
        return Ok(());
    };
    let mut viewer = session.viewer()?;
    // a é α € by the names that X gives them; 你 as X gives it and as some viewers do; A @ z.
    for keysym in [
        0x61, 0xe9, 0x7e1, 0x20ac, 0x100_4f60, 0x4f60, 0x41, 0x40, 0x7a, RETURN,
    ] {
        viewer.tap(keysym)?;
    }
    let typed = end(session, &mut viewer)?;
    assert_eq!(String::from_utf8_lossy(&typed), "aéα€你你A@z\n");
    Ok(())
}

#[test]
fn a_viewer_that_leaves_holds_no_key() -> Result {
    let Some(session) = start()? else {
        return Ok(());
    };
    let mut leaving = session.viewer()?;
    leaving.key(CONTROL, true)?;
    leaving.tap('a'.into())?;
    drop(leaving);
    look_until("the viewer's end", || {
        Ok(session.state()?.viewers.is_empty().then_some(()))
    })?;

    let mut viewer = session.viewer()?;
    // With Ctrl it would end the input.
    viewer.tap('d'.into())?;
    viewer.tap(RETURN)?;
    let typed = end(session, &mut viewer)?;
    assert_eq!(String::from_utf8_lossy(&typed), "\u{1}d\n");
    Ok(())
}
