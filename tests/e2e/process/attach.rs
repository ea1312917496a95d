//! A viewer whose connection is the standard input and output of `offing attach`.

use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use offing_tests::process::{Offing, Running, Terminal};
use offing_tests::vnc_client::{Login, VncClient, Wire, encoding};
use offing_tests::{Result, soon};

use super::{OFFING, Session, done, look_until};

/// A session that has no listener, and a password.
fn session() -> Result<Offing> {
    Offing::run(
        OFFING,
        &[
            "--listen", "none", "--size", "640x480", "--", "sleep", "1000",
        ],
    )
}

fn attach(session: &Offing, arguments: &[&str]) -> Result<(Running, UnixStream)> {
    let mut command = session.verb_command("attach");
    command.arg("--stdio").args(arguments);
    Running::connected(command)
}

#[test]
fn an_attached_viewer_needs_neither_listener_nor_password() -> Result {
    let session = session()?;
    assert!(session.connection.password.is_some());
    let (mut process, stream) = attach(&session, &["offing-1"])?;
    let hang_up = stream.try_clone()?;
    let mut viewer = VncClient::connect(stream, &Login::new())?;
    viewer.set_encodings(&[encoding::HEXTILE, encoding::CURSOR])?;
    viewer.wait_for_picture(soon(), &session.screenshot()?)?;
    let told = &session.state()?.viewers[0];
    assert_eq!((told.peer.as_str(), told.view_only), ("attached", false));

    // It says no more: both are gone then.
    hang_up.shutdown(Shutdown::Write)?;
    assert_eq!(process.wait(soon())?.code(), Some(0));
    look_until("the viewer's end", || {
        Ok(session.state()?.viewers.is_empty().then_some(()))
    })
}

#[test]
fn many_pixels_get_through() -> Result {
    let session = session()?;
    let (_process, stream) = attach(&session, &[])?;
    let mut viewer = VncClient::connect(stream, &Login::new())?;
    viewer.set_encodings(&[encoding::RAW, encoding::CURSOR])?;
    let screen = session.screenshot()?;
    for _ in 0..10 {
        viewer.request_everything()?;
        viewer.update()?;
        viewer.wait_for_picture(soon(), &screen)?;
    }
    Ok(())
}

#[test]
fn pipes_on_both_sides_hold_nothing_back() -> Result {
    let session = session()?;
    let mut command = session.home.command("sh");
    command.args(["-c", "cat | \"$0\" attach --stdio | cat", OFFING]);
    let (_process, stream) = Running::connected(command)?;
    let mut viewer = VncClient::connect(stream, &Login::new())?;
    viewer.set_encodings(&[encoding::RAW, encoding::CURSOR])?;
    viewer.wait_for_picture(soon(), &session.screenshot()?)
}

#[test]
fn it_ends_with_the_session() -> Result {
    let mut session = session()?;
    let (mut process, stream) = attach(&session, &["--session", "offing-1"])?;
    let mut viewer = VncClient::connect(stream.try_clone()?, &Login::new())?;
    viewer.update()?;
    session.stop()?;
    // Its standard input is still open.
    assert_eq!(process.wait(soon())?.code(), Some(0));
    Ok(())
}

#[test]
fn nothing_to_read_is_the_end() -> Result {
    let session = session()?;
    let (mut process, mut stream) = attach(&session, &[])?;
    stream.shutdown(Shutdown::Write)?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said)?;
    assert!(b"RFB 003.008\n".starts_with(&said[..]), "{said:?}");
    assert_eq!(process.wait(soon())?.code(), Some(0));
    Ok(())
}

#[test]
fn a_viewer_is_told_why_it_is_not_let_in() -> Result {
    let session = session()?;
    done(session.verb("msg", &["set", "connections", "off"])?)?;
    let (mut process, stream) = attach(&session, &[])?;
    let mut wire = Wire::new(stream);
    wire.expect(b"RFB 003.003\n\0\0\0\0", "the version and security type 0")?;
    let reason = wire.string("the reason")?;
    assert!(reason.contains("switched off"), "{reason}");
    wire.expect_closed(soon())?;
    assert_eq!(process.wait(soon())?.code(), Some(0));
    Ok(())
}

#[test]
fn a_terminal_is_no_viewer() -> Result {
    let session = session()?;
    let mut terminal = Terminal::start(&session.home, OFFING, &["attach", "--stdio"])?;
    assert_eq!(terminal.process.wait(soon())?.code(), Some(1));
    let said = "standard output is a terminal, not a viewer";
    terminal
        .output
        .wait_until(soon(), said, |text| text.contains(said))?;
    let refused = session.verb("attach", &["--stdio", "nobody"])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("no session named nobody"));
    Ok(())
}
