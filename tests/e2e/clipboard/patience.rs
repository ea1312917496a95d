//! Those who neither give nor take.

use std::os::fd::AsFd;

use offing_tests::vnc_client::ClipboardData::Html;
use offing_tests::vnc_client::clipboard::{HTML, TEXT};
use offing_tests::wayland_client::Clipboard::Selection;
use offing_tests::wayland_client::WaylandClient;
use offing_tests::{Error, ErrorKind, PATIENCE, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::viewer::ExtendedViewer;
use super::{Scene, UTF8};
use crate::fixture::expect_equal;

/// Waits until the other end of a pipe is closed.
fn wait_for_end(pipe: impl AsFd) -> Result {
    let mut polled = [PollFd::new(&pipe, PollFlags::empty())];
    let patience = Timespec::try_from(PATIENCE).map_err(|error| Error::other(error.to_string()))?;
    match poll(&mut polled, Some(&patience))? {
        0 => Err(Error::new(ErrorKind::Stalled, "the pipe is not closed")),
        _ => Ok(()),
    }
}

/// The viewer copies, and the client pastes as usual.
fn expect_paste(client: &mut WaylandClient, viewer: &mut ExtendedViewer, text: &str) -> Result {
    viewer.copy(TEXT, client, Selection)?;
    let pipe = client.begin_paste(Selection, UTF8)?;
    viewer.expect_request(TEXT)?;
    viewer.provide_text(text)?;
    expect_equal(
        "the text",
        client.finish_paste(pipe)?,
        text.as_bytes().to_vec(),
    )
}

#[test]
fn a_client_that_never_reads_is_given_up() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    let long = "long ".repeat(200_000);
    viewer.copy(TEXT, &mut scene.client, Selection)?;
    let unread = scene.client.begin_paste(Selection, UTF8)?;
    viewer.expect_request(TEXT)?;
    viewer.provide_text(&long)?;
    let text = scene.client.paste(Selection, UTF8)?;
    assert!(text == long.as_bytes(), "another text was pasted");
    expect_paste(&mut scene.client, &mut viewer, "another")?;
    wait_for_end(&unread)?;
    let read = scene.client.finish_paste(unread)?;
    assert!(
        !read.is_empty() && read.len() < long.len(),
        "{} bytes",
        read.len()
    );
    Ok(())
}

#[test]
fn a_client_that_never_gives_is_given_up() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    scene.client.copy_in_vain(Selection, "text/html")?;
    viewer.expect_notify(HTML)?;
    viewer.request(HTML)?;
    scene.wait_to_be_asked(Selection, 1)?;
    viewer.expect_nothing_new(HTML)?;
    let pipe = scene.client.kept_pipes().first();
    wait_for_end(pipe.ok_or_else(|| Error::other("no pipe came"))?)?;
    // It can be asked again, and anything else can be copied.
    viewer.request(HTML)?;
    scene.wait_to_be_asked(Selection, 2)?;
    expect_paste(&mut scene.client, &mut viewer, "another")
}

#[test]
fn a_viewer_that_never_gives_is_given_up() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    let mut other = ExtendedViewer::new(&scene.fixture)?;
    viewer.copy(HTML, &mut scene.client, Selection)?;
    other.expect_notify(HTML)?;
    let pipe = scene.client.begin_paste(Selection, "text/html")?;
    viewer.expect_request(HTML)?;
    wait_for_end(&pipe)?;
    expect_equal("what was pasted", scene.client.finish_paste(pipe)?, vec![])?;
    // What comes late is there for others.
    viewer.provide(&[Html(b"<b>".to_vec())])?;
    other.request(HTML)?;
    other.expect_provide()?;
    let pasted = scene.client.paste(Selection, "text/html")?;
    expect_equal("what was pasted", pasted, b"<b>".to_vec())?;
    expect_paste(&mut scene.client, &mut other, "another")
}
