//! The verbs beside `run`: `demo`, `screenshot` and `msg`.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use offing_tests::picture::Picture;
use offing_tests::process::{Finished, Home, Offing, Running, Terminal};
use offing_tests::vnc_client::VncClient;
use offing_tests::wayland_client::WaylandClient;
use offing_tests::{Error, ErrorKind, Result, soon};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use super::{OFFING, Session, Size, done, keep, look_until};

fn session() -> Result<Offing> {
    Offing::run(OFFING, &["--size", "640x480", "--", "sleep", "1000"])
}

/// Waits until the server closes the viewer's connection.
fn expect_end(viewer: &mut VncClient) {
    let end = viewer.wait_until(soon(), "the end", |_| false);
    assert_eq!(end.map_err(|error| error.kind()), Err(ErrorKind::Closed));
}

#[test]
fn demo_needs_nothing_but_itself() -> Result {
    let home = Home::new()?;
    let mut command = home.command(OFFING);
    command
        .env_clear()
        .args(["demo", "-o", "demo.png", "--size", "640x400"]);
    let finished = done(Running::start(command)?.finish(soon())?)?;
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("", "")
    );
    let picture = Picture::load_png(home.path().join("demo.png"))?;
    assert_eq!((picture.width, picture.height), (640, 400));
    assert!(picture.colours() > 1000, "{picture:?}");
    keep(&picture, "demo")
}

#[test]
fn a_screenshot_goes_to_a_file_or_to_standard_output() -> Result {
    let session = session()?;
    let picture = session.screenshot()?;
    assert_eq!((picture.width, picture.height), (640, 480));

    let mut command = session.home.command("sh");
    command.args(["-c", "\"$0\" screenshot -o - >piped.png", OFFING]);
    done(Running::start(command)?.finish(soon())?)?;
    Picture::load_png(session.home.path().join("piped.png"))?.expect(&picture)?;

    // It has a name where none is given.
    done(session.verb("screenshot", &[])?)?;
    Picture::load_png(session.home.path().join("screenshot.png"))?.expect(&picture)?;

    let mut terminal = Terminal::start(&session.home, OFFING, &["screenshot", "-o", "-"])?;
    assert_eq!(terminal.process.wait(soon())?.code(), Some(1));
    let said = "standard output is a terminal: send it to a file or use -o";
    terminal
        .output
        .wait_until(soon(), said, |text| text.contains(said))?;

    let refused = session.verb("screenshot", &["-o", "/does/not/exist/a.png"])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stderr.ends_with("choose another -o\n"),
        "{}",
        refused.stderr
    );
    Ok(())
}

#[test]
fn a_session_is_resized() -> Result {
    let session = session()?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    done(session.verb("msg", &["resize", "500x300"])?)?;
    let size = Size {
        width: 500,
        height: 300,
    };
    assert_eq!(session.state()?.size, size);
    viewer.wait_until(soon(), "the new size", |viewer| viewer.size() == (500, 300))?;
    let refused = session.verb("msg", &["resize", "10x10"])?;
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(session.state()?.size, size);

    let text = done(session.verb("msg", &["state"])?)?.stdout;
    assert!(
        text.contains("size:\n  height: 300\n  width: 500\n"),
        "{text}"
    );
    Ok(())
}

#[test]
fn viewers_are_disconnected_one_by_one_or_all() -> Result {
    let session = session()?;
    let mut first = session.viewer()?;
    let id = session.state()?.viewers[0].id;
    let mut second = session.viewer()?;
    let mut third = session.viewer()?;
    done(session.verb("msg", &["disconnect", &id.to_string()])?)?;
    expect_end(&mut first);
    look_until("the end of one viewer", || {
        Ok((session.state()?.viewers.len() == 2).then_some(()))
    })?;
    done(session.verb("msg", &["disconnect", "all"])?)?;
    expect_end(&mut second);
    expect_end(&mut third);
    look_until("the end of all viewers", || {
        Ok(session.state()?.viewers.is_empty().then_some(()))
    })
}

#[test]
fn a_session_quits_and_its_viewers_are_gone() -> Result {
    let mut session = session()?;
    let mut viewer = session.viewer()?;
    done(session.verb("msg", &["quit"])?)?;
    // Its command was asked to end: SIGTERM.
    assert_eq!(session.process.wait(soon())?.code(), Some(128 + 15));
    expect_end(&mut viewer);
    Ok(())
}

#[test]
fn the_connection_file_leads_to_its_session() -> Result {
    let mut session = session()?;
    let path = session.connection_file.display().to_string();
    let elsewhere = Home::new()?;
    let ask = |arguments: &[&str]| -> Result<Finished> {
        let mut command = elsewhere.command(OFFING);
        command
            .args(["msg", "state", "--connection-file"])
            .args(arguments);
        Running::start(command)?.finish(soon())
    };
    done(ask(&[&path])?)?;

    let text = fs::read(&path)?;
    let old = elsewhere.path().join("old.json");
    fs::write(&old, text)?;
    session.stop()?;
    let refused = ask(&[&path])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stderr.contains("name the connection file"),
        "{}",
        refused.stderr
    );
    let refused = ask(&[&old.display().to_string()])?;
    assert!(
        refused.stderr.contains("start one with `offing run`"),
        "{}",
        refused.stderr
    );
    Ok(())
}

#[test]
fn a_crowd_at_the_control_socket_is_logged_once() -> Result {
    let mut session = session()?;
    let path = session.connection.control.clone();
    let path = path.ok_or_else(|| Error::other("no control socket"))?;
    let clients = || -> Result<Vec<UnixStream>> {
        let connect = |_| Ok(UnixStream::connect(&path)?);
        (0..16).map(connect).collect()
    };
    let turn_away = || -> Result {
        for mut further in clients()? {
            further.set_read_timeout(Some(Duration::from_secs(20)))?;
            assert_eq!(further.read(&mut [0])?, 0);
        }
        Ok(())
    };
    let crowd = clients()?;
    turn_away()?;
    drop(crowd);
    // As soon as one comes in again it is another crowd.
    look_until("room", || {
        let state = session.verb("msg", &["state"])?;
        Ok(state.status.success().then_some(()))
    })?;
    let _crowd = clients()?;
    turn_away()?;
    session.stop()?;
    let said = session.process.stderr();
    let warnings = |text: &str| text.matches("turned away: 16 are connected").count();
    let text = said.wait_until(soon(), "warnings", |text| warnings(text) >= 2)?;
    assert_eq!(warnings(&text), 2, "{text}");
    Ok(())
}

#[test]
fn a_shortage_of_descriptors_is_logged_once() -> Result {
    let mut session = session()?;
    // Once it answers it has started all that it starts.
    session.state()?;
    let pid = Pid::from_raw(session.connection.pid.cast_signed());
    let usual = getrlimit(Resource::Nofile);
    let limit = |current| {
        let limits = Rlimit { current, ..usual };
        prlimit(pid, Resource::Nofile, limits)
    };
    let runtime_dir = session.connection.xdg_runtime_dir.clone();
    let display = runtime_dir.join(&session.connection.wayland_display);
    let control = session.connection.control.clone();
    let control = control.ok_or_else(|| Error::other("no control socket"))?;
    let complaints = [
        "no viewer is accepted",
        "wayland clients are turned away",
        "clients of the control socket are turned away",
    ];
    for times in 1..=2 {
        limit(Some(8))?;
        let mut viewer = session.tcp_stream()?;
        let client = UnixStream::connect(&display)?;
        let mut asker = UnixStream::connect(&control)?;
        for complaint in complaints {
            let told = |text: &str| text.matches(complaint).count() >= times;
            let said = session.process.stderr();
            said.wait_until(soon(), complaint, told)?;
        }
        // All this time it tries again.
        viewer.set_read_timeout(Some(Duration::from_millis(1500)))?;
        let silence = viewer.read(&mut [0]).map_err(|error| error.kind());
        assert_eq!(silence, Err(io::ErrorKind::WouldBlock));
        limit(usual.current)?;
        viewer.set_read_timeout(Some(Duration::from_secs(20)))?;
        viewer.read_exact(&mut [0; 12])?;
        WaylandClient::connect(client)?.roundtrip()?;
        asker.set_read_timeout(Some(Duration::from_secs(20)))?;
        asker.write_all(b"{\"method\":\"state\"}\n")?;
        asker.read_exact(&mut [0])?;
    }
    session.stop()?;
    let text = session.process.stderr().text();
    for complaint in complaints {
        assert_eq!(text.matches(complaint).count(), 2, "{complaint}: {text}");
    }
    Ok(())
}
