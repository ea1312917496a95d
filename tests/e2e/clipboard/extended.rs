//! Viewers with the extended clipboard.

use offing::remote::ViewerId;
use offing_tests::vnc_client::ClipboardData::{Dib, Html, Rtf, Text};
use offing_tests::vnc_client::clipboard::{DIB, HTML, RTF, TEXT};
use offing_tests::vnc_client::{Login, clipboard_provide_message, keysym};
use offing_tests::wayland_client::Clipboard::Selection;
use offing_tests::{Error, Result, soon};

use super::viewer::ExtendedViewer;
use super::{Scene, UTF8, offered};
use crate::fixture::{HEIGHT, WIDTH, config, expect_equal};

const TEXTS: [&str; 3] = ["Grüße, señor", "10 € für 你 🦀", "one\ntwo\n\nthree"];

/// Ten million letters that hardly compress.
fn long_text(seed: u32) -> String {
    let mut state = seed;
    let letter = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b' ' + (state >> 24) as u8 % 90)
    };
    (0..10_000_000).map(letter).collect()
}

/// A PNG of 2x1 pixels, and the same as a viewer's clipboard has it.
fn pictures(alpha: u8) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 2, 1);
    encoder.set_color(png::ColorType::Rgba);
    let failed = |error: png::EncodingError| Error::other(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    let pixels = [1, 2, 3, alpha, 4, 5, 6, 255];
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    let dib = if alpha == 255 {
        let mut dib = vec![40, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0];
        dib.extend([0, 0, 0, 0, 8, 0, 0, 0]);
        dib.resize(40, 0);
        dib.extend([3, 2, 1, 6, 5, 4, 0, 0]);
        dib
    } else {
        let mut dib = vec![124, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 32, 0];
        dib.extend([3, 0, 0, 0, 8, 0, 0, 0]);
        dib.resize(40, 0);
        dib.extend([0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255]);
        dib.extend(b"BGRs");
        dib.resize(124, 0);
        dib.extend([3, 2, 1, alpha, 6, 5, 4, 255]);
        dib
    };
    Ok((file, dib))
}

/// The pixels of a PNG file: with or without alpha.
fn png_pixels(file: &[u8]) -> Result<Vec<u8>> {
    let failed = |error: png::DecodingError| Error::other(error.to_string());
    let decoder = png::Decoder::new(std::io::Cursor::new(file));
    let mut reader = decoder.read_info().map_err(failed)?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
    reader.next_frame(&mut pixels).map_err(failed)?;
    Ok(pixels)
}

#[test]
fn every_character_passes_both_ways() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    for (number, text) in TEXTS.into_iter().enumerate() {
        viewer.copy(TEXT, &mut scene.client, Selection)?;
        let pipe = scene.client.begin_paste(Selection, UTF8)?;
        viewer.expect_request(TEXT)?;
        viewer.provide_text(text)?;
        let pasted = String::from_utf8(scene.client.finish_paste(pipe)?)?;
        expect_equal("what is pasted", pasted.as_str(), text)?;

        let data = [(UTF8, text.as_bytes())];
        scene.client.copy(Selection, &data)?;
        viewer.expect_notify(TEXT)?;
        viewer.request(TEXT)?;
        // The viewer that knows only Latin-1 may have asked before.
        scene.wait_to_be_asked(Selection, number + 1)?;
        viewer.expect_text(text)?;
    }
    Ok(())
}

#[test]
fn nothing_is_read_before_somebody_asks() -> Result {
    let Scene {
        fixture,
        mut client,
        viewer,
        ..
    } = Scene::new()?;
    drop(viewer);
    fixture.wait_until("the viewer's end", |offing| offing.viewers().is_empty())?;
    let mut viewers = [
        ExtendedViewer::new(&fixture)?,
        ExtendedViewer::new(&fixture)?,
    ];
    client.copy(Selection, &[(UTF8, b"text"), ("x/y", b"-")])?;
    for viewer in &mut viewers {
        viewer.expect_notify(TEXT)?;
        viewer.expect_nothing_new(TEXT)?;
    }
    fixture.settle()?;
    client.roundtrip()?;
    let asked_for = |client: &offing_tests::wayland_client::WaylandClient| {
        client.clipboard(Selection).asked_for.clone()
    };
    expect_equal("what was asked for", asked_for(&client), vec![])?;
    // All that ask share what is read once.
    for _ in 0..2 {
        for viewer in &mut viewers {
            viewer.request(TEXT)?;
            client.dispatch_until(soon(), "to be asked", |client| {
                !client.clipboard(Selection).asked_for.is_empty()
            })?;
        }
        for viewer in &mut viewers {
            viewer.expect_text("text")?;
        }
    }
    expect_equal(
        "what was asked for",
        asked_for(&client),
        vec![UTF8.to_owned()],
    )
}

#[test]
fn who_comes_later_is_told_of_what_was_copied_before() -> Result {
    let mut scene = Scene::new()?;
    scene.client.copy(Selection, &[("text/html", b"<b>")])?;
    scene.client.roundtrip()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    viewer.expect_notify(HTML)?;
    // There is nothing for viewers in what is copied now.
    scene.client.copy(Selection, &[("x/y", b"-")])?;
    viewer.expect_notify(0)
}

#[test]
fn of_requests_in_a_row_none_is_forgotten() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    let data = [(UTF8, &b"text"[..]), ("text/html", b"<b>")];
    scene.client.copy(Selection, &data)?;
    viewer.expect_notify(TEXT | HTML)?;
    viewer.request(TEXT)?;
    viewer.request(HTML)?;
    scene.wait_to_be_asked(Selection, 2)?;
    let mut provided = [viewer.expect_provide()?, viewer.expect_provide()?].concat();
    // In whichever order they were read.
    provided.sort_by_key(|it| matches!(it, Html(_)));
    match &provided[..] {
        [Text(text), Html(_)] if text == "text" => Ok(()),
        other => Err(Error::other(format!("the viewer got {other:?}"))),
    }
}

#[test]
fn html_and_rtf_pass_both_ways() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    let (html, rtf) = ("<b>Grüße</b>", br"{\rtf1 hi}");
    let data = [
        ("application/rtf", &rtf[..]),
        ("text/html", html.as_bytes()),
    ];
    scene.client.copy(Selection, &data)?;
    viewer.expect_notify(RTF | HTML)?;
    viewer.request(RTF | HTML)?;
    scene.wait_to_be_asked(Selection, 2)?;
    let wrapped = match &viewer.expect_provide()?[..] {
        [Rtf(found), Html(wrapped)] if found == rtf => String::from_utf8(wrapped.clone())?,
        other => return Err(Error::other(format!("the viewer got {other:?}"))),
    };
    let fragment = format!("<!--StartFragment-->{html}<!--EndFragment-->");
    assert!(
        wrapped.starts_with("Version:") && wrapped.ends_with(&fragment),
        "{wrapped}"
    );

    viewer.copy(RTF | HTML, &mut scene.client, Selection)?;
    let pipe = scene.client.begin_paste(Selection, "text/rtf")?;
    viewer.expect_request(RTF)?;
    viewer.provide(&[Rtf(rtf.to_vec())])?;
    let pasted = scene.client.finish_paste(pipe)?;
    expect_equal("the RTF", pasted.as_slice(), rtf)?;
    let pipe = scene.client.begin_paste(Selection, "text/html")?;
    viewer.expect_request(HTML)?;
    viewer.provide(&[Html(wrapped.into_bytes())])?;
    let pasted = String::from_utf8(scene.client.finish_paste(pipe)?)?;
    expect_equal("the HTML", pasted.as_str(), html)?;
    // What has come once is not asked for again.
    let pasted = scene.client.paste(Selection, "application/rtf")?;
    expect_equal("the RTF", pasted.as_slice(), rtf)?;
    viewer.expect_nothing_new(RTF | HTML)
}

#[test]
fn pictures_pass_both_ways() -> Result {
    for alpha in [255, 100] {
        let mut scene = Scene::new()?;
        let mut viewer = ExtendedViewer::new(&scene.fixture)?;
        let (file, dib) = pictures(alpha)?;
        scene.client.copy(Selection, &[("image/png", &file)])?;
        viewer.expect_notify(DIB)?;
        viewer.request(DIB)?;
        scene.wait_to_be_asked(Selection, 1)?;
        let provided = viewer.expect_provide()?;
        expect_equal("the bitmap", provided, vec![Dib(dib.clone())])?;

        viewer.copy(DIB, &mut scene.client, Selection)?;
        let pipe = scene.client.begin_paste(Selection, "image/png")?;
        viewer.expect_request(DIB)?;
        viewer.provide(&[Dib(dib.clone())])?;
        let pasted = png_pixels(&scene.client.finish_paste(pipe)?)?;
        let expected = match alpha {
            255 => vec![1, 2, 3, 4, 5, 6],
            _ => vec![1, 2, 3, alpha, 4, 5, 6, 255],
        };
        expect_equal("the picture", pasted, expected)?;
        let pasted = scene.client.paste(Selection, "image/bmp")?;
        expect_equal("the bitmap", &pasted[14..], dib.as_slice())?;

        scene.client.copy(Selection, &[("image/bmp", &pasted)])?;
        viewer.expect_notify(DIB)?;
        viewer.request(DIB)?;
        scene.wait_to_be_asked(Selection, 2)?;
        expect_equal("the bitmap", viewer.expect_provide()?, vec![Dib(dib)])?;
    }
    Ok(())
}

#[test]
fn what_is_no_picture_is_not_given() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    let data = [("text/rtf", &b"rtf"[..]), ("image/png", b"\x89PNG or so")];
    scene.client.copy(Selection, &data)?;
    viewer.expect_notify(RTF | DIB)?;
    viewer.request(RTF | DIB)?;
    scene.wait_to_be_asked(Selection, 2)?;
    let provided = viewer.expect_provide()?;
    expect_equal("the RTF", provided, vec![Rtf(b"rtf".to_vec())])?;

    viewer.copy(DIB, &mut scene.client, Selection)?;
    let pipe = scene.client.begin_paste(Selection, "image/png")?;
    viewer.expect_request(DIB)?;
    viewer.provide(&[Dib(b"no bitmap".to_vec())])?;
    expect_equal("the picture", scene.client.finish_paste(pipe)?, vec![])
}

#[test]
fn viewers_copy_and_paste_among_themselves() -> Result {
    let mut scene = Scene::new()?;
    let mut from = ExtendedViewer::new(&scene.fixture)?;
    let mut to = ExtendedViewer::new(&scene.fixture)?;
    from.notify(TEXT | HTML)?;
    to.expect_notify(TEXT | HTML)?;
    // The one that knows only Latin-1 wants the text at once.
    from.expect_request(TEXT)?;
    from.provide_text("für 10 €")?;
    scene.viewer.wait_until(soon(), "the text", |viewer| {
        viewer.cut_texts == ["für 10 ?"]
    })?;
    to.request(TEXT | HTML)?;
    from.expect_request(HTML)?;
    from.provide(&[Html(b"<b>".to_vec())])?;
    let provided = to.expect_provide()?;
    let text = Text("für 10 €".to_owned());
    expect_equal("the text", provided.first(), Some(&text))?;

    scene.viewer.cut_text("für dich")?;
    for viewer in [&mut from, &mut to] {
        viewer.expect_notify(TEXT)?;
        viewer.request(TEXT)?;
        viewer.expect_text("für dich")?;
    }
    // Nobody got what it copied itself.
    expect_equal("the texts", scene.viewer.cut_texts.len(), 1)
}

#[test]
fn what_is_copied_last_takes_the_place_of_all_before() -> Result {
    let mut scene = Scene::new()?;
    let mut first = ExtendedViewer::new(&scene.fixture)?;
    let mut second = ExtendedViewer::new(&scene.fixture)?;
    first.copy(HTML, &mut scene.client, Selection)?;
    second.expect_notify(HTML)?;
    let pipe = scene.client.begin_paste(Selection, "text/html")?;
    first.expect_request(HTML)?;
    second.copy(RTF, &mut scene.client, Selection)?;
    first.expect_notify(RTF)?;
    // Too late.
    first.provide(&[Html(b"<b>".to_vec())])?;
    expect_equal("the HTML", scene.client.finish_paste(pipe)?, vec![])?;
    let pipe = scene.client.begin_paste(Selection, "text/rtf")?;
    second.expect_request(RTF)?;
    second.provide(&[Rtf(b"rtf".to_vec())])?;
    expect_equal("the RTF", scene.client.finish_paste(pipe)?, b"rtf".to_vec())?;
    // Only its owner can take it back.
    first.notify(0)?;
    first.expect_nothing_new(RTF)?;
    second.notify(0)?;
    second.expect_nothing_new(HTML)?;
    let pasted = scene.client.paste(Selection, "text/rtf")?;
    expect_equal("the RTF that has come", pasted, b"rtf".to_vec())?;
    second.notify(TEXT)?;
    first.expect_notify(TEXT)?;
    second.notify(0)?;
    first.expect_notify(0)?;
    scene
        .client
        .dispatch_until(soon(), "nothing to paste", |client| {
            client.clipboard(Selection).offered.is_none()
        })
}

#[test]
fn a_viewer_that_leaves_takes_along_what_has_not_come() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    viewer.copy(TEXT, &mut scene.client, Selection)?;
    let pipe = scene.client.begin_paste(Selection, UTF8)?;
    viewer.expect_request(TEXT)?;
    drop(viewer);
    expect_equal("the text", scene.client.finish_paste(pipe)?, vec![])?;
    scene
        .client
        .dispatch_until(soon(), "nothing to paste", |client| {
            client.clipboard(Selection).offered.is_none()
        })
}

#[test]
fn who_only_watches_gets_what_is_copied_and_sets_nothing() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.auth.security = vec![rfb::Security::VNC_AUTH];
    config.auth.password = Some("secret".to_owned());
    config.auth.view_only_password = Some("watch".to_owned());
    let fixture = crate::fixture::Fixture::start(config)?;
    let mut client = fixture.client()?;
    let window = offing_tests::wayland_client::Window::new("editor", 100, 80);
    let window = client.open(window.content([200; 3]))?;
    crate::fixture::wait_for_focus(&mut client, Some(window))?;
    let mut watcher = ExtendedViewer::with(&fixture, &Login::with_password("watch"))?;
    let mut viewer = ExtendedViewer::with(&fixture, &Login::with_password("secret"))?;
    watcher.notify(TEXT)?;
    watcher.expect_nothing_new(0)?;
    fixture.settle()?;
    client.roundtrip()?;
    expect_equal("what is offered", offered(&client, Selection), vec![])?;

    viewer.copy(TEXT | HTML, &mut client, Selection)?;
    watcher.expect_notify(TEXT | HTML)?;
    watcher.request(TEXT)?;
    viewer.expect_request(TEXT)?;
    viewer.provide_text("text")?;
    watcher.expect_text("text")?;
    // Now all of them only watch: what has come stays.
    let pipe = client.begin_paste(Selection, "text/html")?;
    viewer.expect_request(HTML)?;
    fixture.with(|offing| offing.set_view_only(true))?;
    viewer.provide(&[Html(b"<b>".to_vec())])?;
    expect_equal("the HTML", client.finish_paste(pipe)?, vec![])?;
    expect_equal("the text", client.paste(Selection, UTF8)?, b"text".to_vec())?;
    let changes = client.clipboard(Selection).changes;
    viewer.notify(RTF)?;
    viewer.expect_nothing_new(0)?;
    fixture.settle()?;
    client.roundtrip()?;
    expect_equal("the changes", client.clipboard(Selection).changes, changes)?;
    client.copy(Selection, &[("text/rtf", b"rtf")])?;
    viewer.expect_notify(RTF)
}

#[test]
fn ten_megabytes_hold_nobody_up() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    let text = long_text(1);
    scene.client.copy(Selection, &[(UTF8, text.as_bytes())])?;
    viewer.expect_notify(TEXT)?;
    viewer.request(TEXT)?;
    scene.wait_to_be_asked(Selection, 1)?;
    // It is read, packed and sent; the viewer does not take it yet.
    for (number, letter) in ('a'..='z').enumerate() {
        scene.goes_on(letter, number)?;
    }
    viewer.expect_text(&text)?;

    let text = long_text(2);
    viewer.copy(TEXT, &mut scene.client, Selection)?;
    let pipe = scene.client.begin_paste(Selection, UTF8)?;
    viewer.expect_request(TEXT)?;
    let message = clipboard_provide_message(&[Text(text.clone())]);
    let (half, rest) = message.split_at(message.len() / 2);
    viewer.0.send(half)?;
    scene.goes_on('1', 26)?;
    viewer.0.send(rest)?;
    for (number, letter) in ('2'..='9').enumerate() {
        scene.goes_on(letter, 27 + number)?;
    }
    let pasted = scene.client.finish_paste(pipe)?;
    assert!(pasted == text.as_bytes(), "another text was pasted");
    Ok(())
}

impl Scene {
    /// The other viewer types a letter, and sees what the client draws then.
    fn goes_on(&mut self, letter: char, number: usize) -> Result {
        self.viewer.tap(keysym(letter))?;
        self.client.dispatch_until(soon(), "a letter", |client| {
            client.typed_text().ends_with(letter)
        })?;
        let colour = [number as u8 * 5, 100, 200];
        self.client.draw(self.window, colour)?;
        let frame = self.fixture.frame("editor")?;
        let place = (frame.x as usize + 50, frame.y as usize + 40);
        self.viewer.wait_until(soon(), "a frame", |viewer| {
            viewer.pixel(place.0, place.1) == colour
        })
    }
}

#[test]
fn who_asks_without_end_holds_nobody_up() -> Result {
    let mut scene = Scene::new()?;
    let mut busy = ExtendedViewer::new(&scene.fixture)?;
    let mut viewer = ExtendedViewer::new(&scene.fixture)?;
    let data = [
        (UTF8, &b"text"[..]),
        ("text/rtf", b"rtf"),
        ("text/html", b"<b>"),
    ];
    scene.client.copy(Selection, &data)?;
    for viewer in [&mut busy, &mut viewer] {
        viewer.expect_notify(TEXT | RTF | HTML)?;
    }
    for formats in (1..8).cycle().take(2000) {
        busy.request(formats)?;
    }
    viewer.request(TEXT)?;
    scene.wait_to_be_asked(Selection, 3)?;
    viewer.expect_text("text")?;
    let id = ViewerId(2);
    scene
        .fixture
        .with(move |offing| offing.disconnect(Some(id)))?;
    busy.0.wire().expect_closed(soon())?;
    // Each format was read once.
    scene.client.roundtrip()?;
    let asked_for = scene.client.clipboard(Selection).asked_for.len();
    expect_equal("how often it was asked", asked_for, 3)
}
