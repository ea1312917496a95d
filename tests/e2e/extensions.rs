//! Extensions of RFB that concern the session as a whole.

use offing_tests::picture::Picture;
use offing_tests::vnc_client::{VncClient, encoding, xvp};
use offing_tests::wayland_client::{Content, Window};
use offing_tests::{ErrorKind, Result, soon};

use crate::fixture::{Fixture, WITH_CURSOR};

/// A viewer that has been told that its wishes to the machine are heard.
fn commander(fixture: &Fixture) -> Result<VncClient> {
    let mut viewer = fixture.viewer_knowing(&[encoding::RAW, encoding::XVP])?;
    viewer.wait_until(soon(), "xvp", |viewer| viewer.xvp == [xvp::INIT])?;
    Ok(viewer)
}

#[test]
fn a_viewer_that_shuts_the_machine_down_ends_the_session() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = commander(&fixture)?;
    viewer.xvp(xvp::SHUTDOWN)?;
    let end = viewer.wait_until(soon(), "the end", |_| false);
    assert_eq!(end.unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn there_is_nothing_to_boot() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = commander(&fixture)?;
    for action in [xvp::REBOOT, xvp::RESET] {
        let failures = viewer.xvp.len();
        viewer.xvp(action)?;
        viewer.wait_until(soon(), "a failure", |viewer| {
            viewer.xvp.len() > failures && viewer.xvp.ends_with(&[xvp::FAIL])
        })?;
    }
    Ok(())
}

#[test]
fn who_only_watches_cannot_end_the_session() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = commander(&fixture)?;
    fixture.with(|offing| offing.set_view_only(true))?;
    viewer.xvp(xvp::SHUTDOWN)?;
    viewer.wait_until(soon(), "a failure", |viewer| {
        viewer.xvp.ends_with(&[xvp::FAIL])
    })?;
    fixture.settle()
}

#[test]
fn updates_come_without_requests_as_programs_draw() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let all = [
        encoding::TIGHT,
        encoding::FENCE,
        encoding::CONTINUOUS_UPDATES,
    ];
    let mut viewer = fixture.viewer_knowing(&[&all, WITH_CURSOR.as_slice()].concat())?;
    viewer.wait_until(soon(), "continuous updates", |viewer| {
        viewer.ends_of_continuous_updates == 1
    })?;
    let (width, height) = viewer.size();
    viewer.enable_continuous_updates(0, 0, width as u16, height as u16)?;
    let window = client.open(Window::new("drawn", 100, 80).content(Content::Pattern(1)))?;
    for seed in 1..20 {
        client.draw(window, Content::Pattern(seed))?;
        let picture = Picture::pattern(100, 80, seed);
        viewer.wait_for_picture(soon(), &fixture.empty().with(&picture, 110, 80))?;
    }
    assert!(viewer.fences.len() > 10, "each update is followed by one");
    Ok(())
}
