//! How pixels are sent, as the command line and variables say, those of Qt VNC Server included.

use offing_tests::picture::Picture;
use offing_tests::process::{Home, Offing, Running};
use offing_tests::vnc_client::{VncClient, encoding};
use offing_tests::wayland_client::Window;
use offing_tests::{Result, soon};

use super::{OFFING, Session, look_until};

const WIDTH: usize = 320;
const HEIGHT: usize = 240;

/// A session with these options and variables.
fn start(options: &[&str], variables: &[(&str, &str)]) -> Result<Offing> {
    let home = Home::new()?;
    let connection_file = home.runtime_dir().join("offing/offing-1.json");
    let mut command = home.command(OFFING);
    let size = format!("{WIDTH}x{HEIGHT}");
    command.args(["run", "--kiosk", "--size", &size]);
    command.args(["--listen", "127.0.0.1:0"]).args(options);
    command.args(["--", "sleep", "1000"]);
    command.envs(variables.iter().copied());
    Offing::start(home, command, connection_file)
}

/// A viewer that knows all encodings, Hextile best.
fn viewer(session: &Offing) -> Result<VncClient> {
    let mut viewer = session.viewer()?;
    viewer.set_encodings(&[
        encoding::HEXTILE,
        encoding::ZLIB,
        encoding::RAW,
        encoding::CURSOR,
    ])?;
    viewer.request_everything()?;
    Ok(viewer)
}

/// The encodings of the pixels that a viewer has got.
fn used(viewer: &VncClient) -> Vec<i32> {
    let rects = viewer.updates.iter().flat_map(|update| &update.rects);
    let mut used: Vec<i32> = rects
        .map(|rect| rect.encoding)
        .filter(|encoding| *encoding >= 0)
        .collect();
    used.sort_unstable();
    used.dedup();
    used
}

#[test]
fn a_preferred_encoding_overrides_the_order_of_viewers() -> Result {
    const OURS: &str = "OFFING_ENCODINGS";
    const QT: &str = "QT_VNCSERVER_PREFERRED_ENCODING";
    let option = |list| vec!["--encodings", list];
    for (options, variables, expected) in [
        (vec![], vec![(OURS, "")], "hextile"),
        (option("ZLIB;raw"), vec![(OURS, "raw"), (QT, "raw")], "zlib"),
        (vec![], vec![(OURS, "raw"), (QT, "zlib")], "raw"),
        (vec![], vec![(QT, "Fancy;Zlib;Raw")], "zlib"),
        (vec![], vec![(QT, "Fancy")], "hextile"),
    ] {
        let what = format!("{options:?} {variables:?}");
        let session = start(&options, &variables)?;
        let mut viewer = viewer(&session)?;
        viewer.update()?;
        let expected_number = match expected {
            "raw" => encoding::RAW,
            "zlib" => encoding::ZLIB,
            _ => encoding::HEXTILE,
        };
        viewer.wait_until(soon(), &what, |viewer| !used(viewer).is_empty())?;
        assert_eq!(used(&viewer), [expected_number], "{what}");
        // It is told a moment after the pixels have been sent.
        look_until(&format!("{expected} with {what}"), || {
            let told = session.state()?.viewers.pop().map(|viewer| viewer.encoding);
            Ok((told.as_deref() == Some(expected)).then_some(()))
        })?;
        let warned = || session.process.stderr().text().contains("Fancy is passed");
        match what.contains("Fancy") {
            true => look_until("a warning", || Ok(warned().then_some(())))?,
            false => assert!(!warned(), "{what}"),
        }
    }
    Ok(())
}

#[test]
fn an_unknown_encoding_is_an_error_in_our_variable() -> Result {
    let home = Home::new()?;
    let mut command = home.command(OFFING);
    command.args(["run", "--listen", "none", "--", "true"]);
    command.env("OFFING_ENCODINGS", "raw;fancy");
    let finished = Running::start(command)?.finish(soon())?;
    assert_eq!(finished.status.code(), Some(1), "{}", finished.stderr);
    let sentence = "offing: OFFING_ENCODINGS is raw;fancy: use one or more of ";
    assert!(finished.stderr.contains(sentence), "{}", finished.stderr);
    Ok(())
}

#[test]
fn without_the_comparison_all_that_is_redrawn_is_sent() -> Result {
    let everything = (WIDTH * HEIGHT) as u64;
    for (options, variables, expected) in [
        (vec![], vec![("OFFING_NO_DIFF", "0")], 1),
        (vec!["--no-diff"], vec![], everything),
        (vec![], vec![("OFFING_NO_DIFF", "1")], everything),
        (vec![], vec![("QT_VNC_NO_DIRTYMAP", "1")], everything),
    ] {
        let session = start(&options, &variables)?;
        let mut client = session.wayland_client()?;
        let first = Picture::pattern(WIDTH, HEIGHT, 1);
        let window = Window::new("redrawn", WIDTH as i32, HEIGHT as i32);
        let window = client.open(window.content(first.clone()))?;
        let mut viewer = viewer(&session)?;
        viewer.wait_for_picture(soon(), &first)?;

        let before = viewer.updates.len();
        let second = first.with(&Picture::solid(1, 1, [255, 0, 0]), 100, 100);
        client.draw(window, second.clone())?;
        viewer.wait_for_picture(soon(), &second)?;
        let rects = viewer.updates[before..].iter().flat_map(|u| &u.rects);
        let area: u64 = rects
            .map(|rect| u64::from(rect.width) * u64::from(rect.height))
            .sum();
        assert_eq!(area, expected, "{options:?} {variables:?}");
    }
    Ok(())
}
