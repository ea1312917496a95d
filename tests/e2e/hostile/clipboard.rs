//! Clients that copy and paste without measure.

use std::os::fd::AsFd;

use offing_tests::wayland_client::{Clipboard, Window};
use offing_tests::{Error, ErrorKind, Result, soon};

use super::Argument::{Text, Uint};
use super::wayland::{MILLION, Toplevel, grey_buffer, peer, served};
use super::{Event, Meanwhile};
use crate::fixture::{expect_equal, wait_for_focus};
use crate::peers::Scene;

#[test]
fn offers_count_as_objects() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = peer(&scene)?;
    let window = Toplevel::open(&mut bad)?;
    let seat = bad.bind("wl_seat", 5)?;
    let manager = bad.bind("wl_data_device_manager", 3)?;
    let devices = (0..16).map(|_| bad.make(manager, 1, &[Uint(seat)]));
    let devices: Vec<u32> = devices.collect();
    bad.make(seat, 1, &[]);
    let (_, buffer) = grey_buffer(&mut bad, 160 * 120 * 4)?;
    window.show(&mut bad, buffer);
    bad.sync()?;
    wait_for_focus(&mut scene.client, None)?;
    let source = bad.make(manager, 0, &[]);
    // It reads all events, so that only the objects are too many.
    let end = (0..2000).find_map(|serial| {
        bad.ask(devices[0], 1, &[Uint(source), Uint(serial)]);
        bad.sync().err()
    });
    let end = end.map(|error| error.to_string()).unwrap_or_default();
    let told = bad.ended()?.map(|(.., text)| text);
    let told = told.unwrap_or(end);
    assert!(
        told.contains("objects") || told.contains("told off"),
        "{told}"
    );
    drop(bad);
    scene.goes_on()
}

#[test]
fn who_pastes_often_holds_nothing() -> Result {
    let mut scene = Scene::new()?;
    scene.viewer.cut_text("text")?;
    let mut busy = peer(&scene)?;
    let window = Toplevel::open(&mut busy)?;
    let seat = busy.bind("wl_seat", 5)?;
    let manager = busy.bind("wl_data_device_manager", 3)?;
    let device = busy.make(manager, 1, &[Uint(seat)]);
    busy.make(seat, 1, &[]);
    let (_, buffer) = grey_buffer(&mut busy, 160 * 120 * 4)?;
    window.show(&mut busy, buffer);
    let offer = std::iter::from_fn(|| Some(busy.sync()))
        .take(1000)
        .find_map(|events| {
            let events = events.ok()?;
            let offer = events
                .iter()
                .rev()
                .find(|it| (it.object, it.number) == (device, 0));
            offer.map(|it| it.uint(0))
        });
    let offer = offer.ok_or_else(|| Error::other("nothing is offered"))?;
    for _ in 0..1500 {
        let (mut text, end) = std::io::pipe()?;
        busy.ask(offer, 1, &[Text("text/plain;charset=utf-8")]);
        busy.send_with(&[end.as_fd()])?;
        drop(end);
        let mut pasted = String::new();
        std::io::Read::read_to_string(&mut text, &mut pasted)?;
        expect_equal("the text", pasted.as_str(), "text")?;
    }
    busy.sync()?;
    drop(busy);
    scene.goes_on()
}

#[test]
fn offers_of_who_has_no_window_count_as_objects() -> Result {
    for (manager, primary) in [
        ("zwlr_data_control_manager_v1", 2),
        ("ext_data_control_manager_v1", 2),
        ("ext_data_control_manager_v1", 0),
    ] {
        let mut scene = Scene::new()?;
        let mut bad = peer(&scene)?;
        let seat = bad.bind("wl_seat", 5)?;
        let manager = bad.bind(manager, 1 + u32::from(manager.starts_with("zwlr")))?;
        let devices = (0..16).map(|_| bad.make(manager, 1, &[Uint(seat)]));
        let devices: Vec<u32> = devices.collect();
        bad.sync()?;
        let mut end = None;
        for _ in 0..2000 {
            let source = bad.make(manager, 0, &[]);
            bad.ask(devices[0], primary, &[Uint(source)]);
            end = bad.sync().err();
            if end.is_some() {
                break;
            }
            scene.client.roundtrip()?;
        }
        let end = end.map(|error| error.to_string()).unwrap_or_default();
        let told = bad.ended()?.map_or(end, |(.., text)| text);
        assert!(
            told.contains("objects") || told.contains("told off"),
            "{told}"
        );
        drop(bad);
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn who_copies_in_a_loop_does_not_flood_others() -> Result {
    /// An event of ext_data_control_source_v1.
    const CANCELLED: u16 = 1;
    let mut scene = Scene::new()?;
    let mut busy = peer(&scene)?;
    let seat = busy.bind("wl_seat", 5)?;
    let manager = busy.bind("ext_data_control_manager_v1", 1)?;
    let device = busy.make(manager, 1, &[Uint(seat)]);
    // Meanwhile the client that has the keyboard, and so is told of each, reads nothing.
    for _ in 0..4000 {
        let source = busy.make(manager, 0, &[]);
        busy.ask(source, 0, &[Text("text/plain")]);
        busy.ask(device, 0, &[Uint(source)]);
        busy.ask(source, 1, &[]);
        busy.sync()?;
    }
    // It is told that nobody can paste that.
    let source = busy.make(manager, 0, &[]);
    busy.ask(device, 0, &[Uint(source)]);
    let told = busy.sync()?;
    let is_cancelled = |it: &Event| (it.object, it.number) == (source, CANCELLED);
    expect_equal("cancelled", told.iter().any(is_cancelled), true)?;
    drop(busy);
    scene.goes_on()
}

#[test]
fn a_million_names_of_types_are_too_many() -> Result {
    let mut scene = Scene::new()?;
    for manager in [
        "wl_data_device_manager",
        "zwp_primary_selection_device_manager_v1",
    ] {
        let mut bad = peer(&scene)?;
        let manager = bad.bind(manager, 1)?;
        let source = bad.make(manager, 0, &[]);
        bad.repeat(MILLION, |peer| peer.ask(source, 0, &[Text("text/plain")]))?;
        bad.expect_no_memory("names of types")?;
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn who_copies_and_never_gives_or_gives_for_ever() -> Result {
    let mut scene = Scene::new()?;
    for for_ever in [false, true] {
        let mut bad = peer(&scene)?;
        let window = Toplevel::open(&mut bad)?;
        let seat = bad.bind("wl_seat", 5)?;
        let manager = bad.bind("wl_data_device_manager", 3)?;
        let device = bad.make(manager, 1, &[Uint(seat)]);
        bad.make(seat, 1, &[]);
        let (_, buffer) = grey_buffer(&mut bad, 160 * 120 * 4)?;
        window.show(&mut bad, buffer);
        bad.sync()?;
        wait_for_focus(&mut scene.client, None)?;
        let source = bad.make(manager, 0, &[]);
        bad.ask(source, 0, &[Text("text/plain;charset=utf-8")]);
        bad.ask(device, 1, &[Uint(source), Uint(1)]);
        // The descriptor to write to.
        let mut pipe = bad.sync_for_descriptor()?;
        let writing = for_ever.then(|| {
            Meanwhile::repeat(move || {
                std::io::Write::write_all(&mut pipe, &[b'x'; 4096])
                    .map_err(|_| Error::new(ErrorKind::Closed, "nobody reads"))
            })
        });
        served(&mut scene)?;
        if let Some(writing) = writing {
            while !writing.is_over() {
                served(&mut scene)?;
            }
            let ended = writing.end().map_err(|error| error.kind());
            expect_equal("the end of writing", ended, Err(ErrorKind::Closed))?;
        }
        // Another text passes, though the one before has not come.
        let mut other = scene.fixture.client()?;
        let window = other.open(Window::new("other", 50, 40).content([0, 0, 200]))?;
        wait_for_focus(&mut other, Some(window))?;
        let text = format!("after {for_ever}");
        let copied = [("text/plain;charset=utf-8", text.as_bytes())];
        other.copy(Clipboard::Selection, &copied)?;
        other.dispatch_until(soon(), "to be asked", |client| {
            !client.clipboard(Clipboard::Selection).asked_for.is_empty()
        })?;
        other.roundtrip()?;
        scene.viewer.wait_until(soon(), "the text", |viewer| {
            viewer.cut_texts.last() == Some(&text)
        })?;
        drop((bad, other));
        scene.goes_on()?;
    }
    Ok(())
}
