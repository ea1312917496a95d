//! The primary selection, and which ways both clipboards go.

use offing::config::Exchange;
use offing_tests::vnc_client::ClipboardData::{Html, Rtf};
use offing_tests::vnc_client::clipboard::{HTML, RTF, TEXT};
use offing_tests::wayland_client::Clipboard::{self, Primary, Selection};
use offing_tests::{Result, soon};

use super::viewer::ExtendedViewer;
use super::{Scene, UTF8, offered};
use crate::fixture::{HEIGHT, WIDTH, config, expect_equal, sync};

const TO_VIEWERS: Exchange = Exchange {
    to_viewers: true,
    from_viewers: false,
};
const FROM_VIEWERS: Exchange = Exchange {
    to_viewers: false,
    from_viewers: true,
};

fn scene(clipboard: Exchange, primary: Exchange) -> Result<(Scene, ExtendedViewer)> {
    let mut config = config(WIDTH, HEIGHT);
    config.clipboard = clipboard;
    config.primary = primary;
    let scene = Scene::start(config)?;
    let viewer = ExtendedViewer::new(&scene.fixture)?;
    Ok((scene, viewer))
}

/// The viewer copies a text, which the client pastes from these clipboards only.
fn expect_from_viewer(
    scene: &mut Scene,
    viewer: &mut ExtendedViewer,
    clipboards: &[Clipboard],
) -> Result {
    let last = clipboards.last().copied().unwrap_or(Selection);
    viewer.copy(TEXT, &mut scene.client, last)?;
    for (number, clipboard) in clipboards.iter().enumerate() {
        let pipe = scene.client.begin_paste(*clipboard, UTF8)?;
        if number == 0 {
            viewer.expect_request(TEXT)?;
            viewer.provide_text("text")?;
        }
        let pasted = scene.client.finish_paste(pipe)?;
        expect_equal("the text", pasted, b"text".to_vec())?;
    }
    for clipboard in [Selection, Primary] {
        if !clipboards.contains(&clipboard) {
            expect_equal("what is offered", offered(&scene.client, clipboard), vec![])?;
        }
    }
    Ok(())
}

#[test]
fn what_is_marked_stays_in_the_session_by_default() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    scene.client.copy(Primary, &[(UTF8, b"marked")])?;
    scene.client.roundtrip()?;
    viewer.expect_nothing_new(0)?;
    scene.client.copy(Selection, &[("text/html", b"<b>")])?;
    viewer.expect_notify(HTML)?;
    let changes = scene.client.clipboard(Primary).changes;
    viewer.copy(TEXT, &mut scene.client, Selection)?;
    let found = scene.client.clipboard(Primary).changes;
    expect_equal("the changes", found, changes)
}

#[test]
fn viewers_share_the_primary_selection_if_they_may() -> Result {
    let (mut scene, mut viewer) = scene(Exchange::BOTH, Exchange::BOTH)?;
    expect_from_viewer(&mut scene, &mut viewer, &[Selection, Primary])?;
    for clipboard in [Primary, Selection] {
        let text = format!("{clipboard:?} für 10 €");
        scene.client.copy(clipboard, &[(UTF8, text.as_bytes())])?;
        viewer.expect_notify(TEXT)?;
        viewer.request(TEXT)?;
        scene.wait_to_be_asked(clipboard, 1)?;
        viewer.expect_text(&text)?;
    }
    Ok(())
}

#[test]
fn what_is_marked_leaves_what_a_viewer_copied() -> Result {
    let (mut scene, mut viewer) = scene(Exchange::BOTH, Exchange::BOTH)?;
    scene.viewer.cut_text("copied")?;
    viewer.expect_notify(TEXT)?;
    scene.client.roundtrip()?;
    scene.client.copy(Primary, &[("text/html", b"marked")])?;
    viewer.expect_notify(HTML)?;
    let pasted = scene.client.paste(Selection, UTF8)?;
    expect_equal("the text", pasted, b"copied".to_vec())
}

#[test]
fn what_is_marked_leaves_what_a_viewer_was_not_asked_for_yet() -> Result {
    let (mut scene, mut viewer) = scene(Exchange::BOTH, Exchange::BOTH)?;
    viewer.copy(HTML, &mut scene.client, Primary)?;
    scene.client.copy(Primary, &[("text/rtf", b"marked")])?;
    // It is asked as long as it has it.
    viewer.expect_request(HTML)?;
    viewer.expect_notify(RTF)?;
    let pipe = scene.client.begin_paste(Selection, "text/html")?;
    viewer.provide(&[Html(b"copied".to_vec())])?;
    let pasted = scene.client.finish_paste(pipe)?;
    expect_equal("the HTML", pasted, b"copied".to_vec())?;
    // It stays when the viewer is gone, and when something else is marked.
    drop(viewer);
    scene.client.copy(Primary, &[("text/rtf", b"other")])?;
    let pasted = scene.client.paste(Selection, "text/html")?;
    expect_equal("the HTML", pasted, b"copied".to_vec())
}

#[test]
fn what_is_marked_no_longer_leaves_what_was_copied() -> Result {
    let (mut scene, mut viewer) = scene(Exchange::BOTH, Exchange::BOTH)?;
    scene.client.copy(Selection, &[("text/rtf", b"copied")])?;
    viewer.expect_notify(RTF)?;
    scene.client.copy(Primary, &[("text/html", b"marked")])?;
    viewer.expect_notify(HTML)?;
    scene.client.clear(Primary)?;
    viewer.expect_notify(RTF)?;
    viewer.request(RTF)?;
    scene.wait_to_be_asked(Selection, 1)?;
    let provided = viewer.expect_provide()?;
    expect_equal("the RTF", provided, vec![Rtf(b"copied".to_vec())])?;
    // What viewers do not have goes without a word.
    scene.client.copy(Primary, &[("text/html", b"marked")])?;
    viewer.expect_notify(HTML)?;
    scene.client.clear(Selection)?;
    scene.client.roundtrip()?;
    viewer.expect_nothing_new(HTML)?;
    scene.client.clear(Primary)?;
    viewer.expect_notify(0)
}

#[test]
fn what_is_marked_no_longer_leaves_what_a_viewer_copied() -> Result {
    let (mut scene, mut viewer) = scene(Exchange::BOTH, Exchange::BOTH)?;
    let mut other = ExtendedViewer::new(&scene.fixture)?;
    viewer.copy(HTML, &mut scene.client, Primary)?;
    other.expect_notify(HTML)?;
    scene.client.clear(Primary)?;
    scene.client.roundtrip()?;
    viewer.expect_nothing_new(0)?;
    other.expect_nothing_new(HTML)
}

#[test]
fn a_viewer_that_leaves_takes_along_only_what_it_copied() -> Result {
    let (mut scene, mut viewer) = scene(Exchange::BOTH, Exchange::BOTH)?;
    viewer.copy(HTML, &mut scene.client, Primary)?;
    scene.client.copy(Primary, &[("text/rtf", b"marked")])?;
    viewer.expect_request(HTML)?;
    let pipe = scene.client.begin_paste(Selection, "text/html")?;
    drop(viewer);
    expect_equal("the HTML", scene.client.finish_paste(pipe)?, vec![])?;
    scene
        .client
        .dispatch_until(soon(), "nothing to paste", |client| {
            client.clipboard(Selection).offered.is_none()
        })?;
    let mut other = ExtendedViewer::new(&scene.fixture)?;
    other.expect_notify(RTF)
}

#[test]
fn a_clipboard_can_go_one_way() -> Result {
    let (mut scene, mut viewer) = scene(TO_VIEWERS, FROM_VIEWERS)?;
    scene.client.copy(Selection, &[("text/rtf", b"rtf")])?;
    viewer.expect_notify(RTF)?;
    scene.client.copy(Primary, &[(UTF8, b"marked")])?;
    scene.client.roundtrip()?;
    viewer.expect_nothing_new(RTF)?;
    let mut other = ExtendedViewer::new(&scene.fixture)?;
    other.expect_notify(RTF)?;
    let before = scene.client.clipboard(Selection).changes;
    viewer.copy(TEXT, &mut scene.client, Primary)?;
    let pipe = scene.client.begin_paste(Primary, UTF8)?;
    viewer.expect_request(TEXT)?;
    viewer.provide_text("text")?;
    expect_equal(
        "the text",
        scene.client.finish_paste(pipe)?,
        b"text".to_vec(),
    )?;
    let after = scene.client.clipboard(Selection).changes;
    expect_equal("the changes", after, before)?;
    // Other viewers do not get it, nor what was there before.
    other.expect_notify(0)?;
    other.request(RTF | TEXT)?;
    other.expect_nothing_new(0)
}

#[test]
fn a_clipboard_can_be_off() -> Result {
    let (mut scene, mut viewer) = scene(Exchange::OFF, Exchange::OFF)?;
    for clipboard in [Selection, Primary] {
        scene.client.copy(clipboard, &[(UTF8, b"text")])?;
    }
    scene.client.roundtrip()?;
    viewer.expect_nothing_new(0)?;
    let changes = [Selection, Primary].map(|it| scene.client.clipboard(it).changes);
    viewer.notify(TEXT)?;
    scene.viewer.cut_text("text")?;
    sync(&mut scene.viewer)?;
    viewer.expect_nothing_new(0)?;
    scene.fixture.settle()?;
    scene.client.roundtrip()?;
    let found = [Selection, Primary].map(|it| scene.client.clipboard(it).changes);
    expect_equal("the changes", found, changes)?;
    expect_equal("the texts", scene.viewer.cut_texts.len(), 0)
}
