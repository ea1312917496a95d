//! Text of viewers that know nothing else: in Latin-1, and at once.

use offing_tests::vnc_client::VncClient;
use offing_tests::vnc_client::clipboard::TEXT;
use offing_tests::wayland_client::Clipboard;
use offing_tests::{Result, soon};

use super::viewer::ExtendedViewer;
use super::{Scene, UTF8};
use crate::fixture::{expect_equal, sync, wait_for_focus};

/// The longest text that viewers are given, in Latin-1 bytes.
const LIMIT: usize = 1 << 20;
/// The longest text that is taken from them.
const LIMIT_OF_VIEWERS: usize = 16 << 20;

/// What is done with texts.
impl Scene {
    /// The viewer cuts a text, and the client pastes it.
    fn paste(&mut self, text: &str) -> Result<Vec<u8>> {
        let changes = self.client.clipboard(Clipboard::Selection).changes;
        self.viewer.cut_text(text)?;
        self.client.dispatch_until(soon(), "an offer", |client| {
            client.clipboard(Clipboard::Selection).changes > changes
        })?;
        self.client.paste(Clipboard::Selection, UTF8)
    }

    /// The client copies a text, and the viewer gets it.
    fn copy(&mut self, text: &str) -> Result<String> {
        let count = self.viewer.cut_texts.len();
        self.copy_data(&[(UTF8, text.as_bytes())])?;
        self.wait_for_text(count + 1)
    }

    /// The client copies something, and is asked for it.
    fn copy_data(&mut self, data: &[(&str, &[u8])]) -> Result {
        let count = self.client.clipboard(Clipboard::Selection).asked_for.len();
        self.client.copy(Clipboard::Selection, data)?;
        self.wait_to_be_asked(Clipboard::Selection, count + 1)
    }

    /// Waits until the viewer has got `count` texts: the last of them.
    fn wait_for_text(&mut self, count: usize) -> Result<String> {
        let viewer = &mut self.viewer;
        viewer.wait_until(soon(), &format!("text number {count}"), |viewer| {
            viewer.cut_texts.len() >= count
        })?;
        expect_equal("the number of texts", viewer.cut_texts.len(), count)?;
        Ok(viewer.cut_texts.last().cloned().unwrap_or_default())
    }
}

#[test]
fn viewers_give_text_to_clients() -> Result {
    let mut scene = Scene::new()?;
    for (text, expected) in [
        ("plain", "plain"),
        ("Grüße, señor: ½ ÿ\u{a0}", "Grüße, señor: ½ ÿ\u{a0}"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("x", "x"),
        ("", ""),
    ] {
        let pasted = scene.paste(text)?;
        expect_equal(text, String::from_utf8(pasted)?.as_str(), expected)?;
    }
    let offered = scene.client.clipboard(Clipboard::Selection).offered.clone();
    let offered = offered.unwrap_or_default();
    for name in [UTF8, "UTF8_STRING", "text/plain", "TEXT"] {
        assert!(
            offered.iter().any(|it| it == name),
            "{name} is not among {offered:?}"
        );
        scene.client.paste(Clipboard::Selection, name)?;
    }
    // The text outlives the viewer, and a client that comes later gets it too.
    scene.paste("kept")?;
    let (mut other, _) = scene.other()?;
    other.dispatch_until(soon(), "an offer", |client| {
        client.clipboard(Clipboard::Selection).offered.is_some()
    })?;
    expect_equal(
        "the text",
        other.paste(Clipboard::Selection, UTF8)?,
        b"kept".to_vec(),
    )
}

#[test]
fn clients_give_text_to_viewers() -> Result {
    let mut scene = Scene::new()?;
    let mut other = scene.fixture.viewer()?;
    for (text, expected) in [
        ("plain", "plain"),
        ("Grüße, señor: ½ ÿ", "Grüße, señor: ½ ÿ"),
        // Latin-1 is all that RFB knows.
        ("10 € für 你", "10 ? für ?"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
    ] {
        expect_equal(text, scene.copy(text)?.as_str(), expected)?;
    }
    let last = |viewer: &VncClient| viewer.cut_texts.last().cloned();
    other.wait_until(soon(), "the last text", |viewer| {
        last(viewer).as_deref() == Some("one\ntwo\nthree\n")
    })
}

#[test]
fn who_comes_later_gets_the_text_that_was_copied_before() -> Result {
    let mut scene = Scene::new()?;
    scene.copy("before")?;
    let mut later = scene.fixture.viewer()?;
    later.wait_until(soon(), "the text", |viewer| viewer.cut_texts == ["before"])?;
    // One that can ask for it is not given it unasked.
    let mut extended = ExtendedViewer::new(&scene.fixture)?;
    extended.expect_notify(TEXT)?;
    expect_equal("the text", scene.copy("after")?.as_str(), "after")?;
    extended.expect_notify(TEXT)?;
    extended.expect_nothing_new(TEXT)?;
    later.wait_until(soon(), "the text", |viewer| {
        viewer.cut_texts == ["before", "after"]
    })
}

#[test]
fn any_name_of_plain_text_will_do() -> Result {
    let mut scene = Scene::new()?;
    let names = [UTF8, "UTF8_STRING", "text/plain", "TEXT"];
    for (number, name) in names.into_iter().enumerate() {
        let text = format!("by {name}");
        scene.copy_data(&[("image/png", b"\x89PNG"), (name, text.as_bytes())])?;
        expect_equal(
            name,
            scene.wait_for_text(number + 1)?.as_str(),
            text.as_str(),
        )?;
        let asked_for = &scene.client.clipboard(Clipboard::Selection).asked_for;
        expect_equal(
            "what was asked for",
            asked_for.last().map(String::as_str),
            Some(name),
        )?;
    }
    Ok(())
}

#[test]
fn a_megabyte_passes_each_way() -> Result {
    let mut scene = Scene::new()?;
    let long = |seed: usize| -> String {
        let letters =
            (0..LIMIT).map(|at| char::from(b'a' + ((at * 7 + at / 26 + seed) % 26) as u8));
        letters.collect()
    };
    let text = long(0);
    assert!(
        scene.paste(&text)? == text.as_bytes(),
        "the client got another text"
    );
    let text = long(1);
    assert!(scene.copy(&text)? == text, "the viewer got another text");
    // Viewers may give more: of two bytes each for the client.
    let text = "é".repeat(LIMIT_OF_VIEWERS);
    assert!(
        scene.paste(&text)? == text.as_bytes(),
        "the client got another text"
    );
    Ok(())
}

#[test]
fn longer_texts_are_dropped_without_harm() -> Result {
    let mut scene = Scene::new()?;
    expect_equal("the text", scene.paste("before")?, b"before".to_vec())?;
    scene.viewer.cut_text(&"x".repeat(LIMIT_OF_VIEWERS + 1))?;
    sync(&mut scene.viewer)?;
    scene.fixture.settle()?;
    scene.client.roundtrip()?;
    let text = scene.client.paste(Clipboard::Selection, UTF8)?;
    expect_equal("the text", text, b"before".to_vec())?;
    expect_equal("the text", scene.paste("after")?, b"after".to_vec())?;

    expect_equal("the text", scene.copy("before")?.as_str(), "before")?;
    let too_long = "x".repeat(LIMIT + 1);
    scene.copy_data(&[(UTF8, too_long.as_bytes())])?;
    expect_equal("the text", scene.copy("after")?.as_str(), "after")
}

#[test]
fn what_is_not_text_stays_in_the_session() -> Result {
    let mut scene = Scene::new()?;
    scene
        .client
        .copy(Clipboard::Selection, &[("image/png", b"\x89PNG")])?;
    scene.client.roundtrip()?;
    let asked_for = scene
        .client
        .clipboard(Clipboard::Selection)
        .asked_for
        .clone();
    expect_equal("what was asked for", asked_for, vec![])?;
    // Clients have it among themselves.
    let (mut other, window) = scene.other()?;
    other.dispatch_until(soon(), "an offer", |client| {
        client.clipboard(Clipboard::Selection).offered.is_some()
    })?;
    let offered = other.clipboard(Clipboard::Selection).offered.clone();
    expect_equal(
        "what is on offer",
        offered,
        Some(vec!["image/png".to_owned()]),
    )?;
    other.destroy(window)?;
    wait_for_focus(&mut scene.client, Some(scene.window))?;
    // The first text that the viewer gets is the next one.
    expect_equal("the text", scene.copy("text")?.as_str(), "text")?;
    expect_equal("the texts", scene.viewer.cut_texts.len(), 1)
}

#[test]
fn clients_copy_and_paste_among_themselves() -> Result {
    for clipboard in [Clipboard::Selection, Clipboard::Primary] {
        let mut scene = Scene::new()?;
        scene
            .client
            .copy(clipboard, &[(UTF8, b"between us"), ("x/y", &[0, 255, 7])])?;
        scene.client.roundtrip()?;
        let (mut other, _) = scene.other()?;
        other.dispatch_until(soon(), "an offer", |client| {
            client.clipboard(clipboard).offered.is_some()
        })?;
        // The one gives while the other waits.
        let paste = std::thread::spawn(move || -> Result<_> {
            Ok((
                other.paste(clipboard, UTF8)?,
                other.paste(clipboard, "x/y")?,
            ))
        });
        let other_asked = if clipboard == Clipboard::Primary {
            2
        } else {
            3
        };
        scene
            .client
            .dispatch_until(soon(), "to be asked", |client| {
                client.clipboard(clipboard).asked_for.len() == other_asked
            })?;
        let pasted = paste
            .join()
            .map_err(|_| offing_tests::Error::other("panicked"))??;
        expect_equal(
            "the data",
            pasted,
            (b"between us".to_vec(), vec![0, 255, 7]),
        )?;
    }
    Ok(())
}

#[test]
fn a_text_replaces_the_one_before() -> Result {
    let mut scene = Scene::new()?;
    expect_equal(
        "the text",
        scene.copy("the client's")?.as_str(),
        "the client's",
    )?;
    expect_equal(
        "the text",
        scene.paste("the viewer's")?,
        b"the viewer's".to_vec(),
    )?;
    scene
        .client
        .dispatch_until(soon(), "to be replaced", |client| {
            client.clipboard(Clipboard::Selection).cancelled == 1
        })?;
    // It does not come back to the viewer.
    expect_equal("the text", scene.copy("again")?.as_str(), "again")
}

#[test]
fn a_client_that_copies_and_dies_is_no_harm() -> Result {
    let mut scene = Scene::new()?;
    for _ in 0..3 {
        let (mut other, _) = scene.other()?;
        other.copy(Clipboard::Selection, &[(UTF8, b"never read")])?;
        drop(other);
        wait_for_focus(&mut scene.client, Some(scene.window))?;
    }
    expect_equal("the text", scene.copy("text")?.as_str(), "text")
}
