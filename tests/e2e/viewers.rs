//! Viewers beside each other, slow ones among them, and none at all.

use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use offing_tests::picture::{Picture, Rgb};
use offing_tests::vnc_client::{Login, PixelFormat, VncClient, encoding};
use offing_tests::wayland_client::{Clipboard, Content, Surface, WaylandClient, Window};
use offing_tests::{Result, soon};

use crate::fixture::{
    Fixture, HEIGHT, WIDTH, WITH_CURSOR, config, expect_equal, listener, sync, wait_for_focus,
    wait_for_pointer,
};

/// The colour of frame `number`: each channel differs by at least 8 from the frame before.
fn colour(number: usize) -> Rgb {
    [number * 37, number * 101, number * 59].map(|part| (part % 251) as u8)
}

/// The colour that the whole screen shows, if it is one.
fn whole_colour(viewer: &VncClient) -> Option<Rgb> {
    let pixels = &viewer.framebuffer.pixels;
    let first = *pixels.first()?;
    let same = pixels
        .iter()
        .all(|pixel| pixel & 0xff_ffff == first & 0xff_ffff);
    same.then(|| viewer.pixel(0, 0))
}

/// Opens a window over the whole screen.
fn open_whole(client: &mut WaylandClient, content: impl Into<Content>) -> Result<Surface> {
    client.open(Window::new("whole", 100, 80).fullscreen().content(content))
}

#[test]
fn viewers_of_different_formats_see_the_same() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, Content::Pattern(1))?;
    let mut fine = fixture.viewer_knowing(&WITH_CURSOR)?;
    let mut coarse = fixture.viewer_knowing(&[encoding::RAW, encoding::CURSOR])?;
    coarse.set_pixel_format(PixelFormat::RGB565.big_endian())?;
    for seed in 2..10 {
        client.draw(window, Content::Pattern(seed))?;
        let picture = Picture::pattern(WIDTH, HEIGHT, seed);
        fine.wait_for_picture(soon(), &picture)?;
        coarse.wait_for_picture(soon(), &picture)?;
    }
    Ok(())
}

#[test]
fn a_viewer_that_joins_later_gets_everything() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut first = fixture.viewer()?;
    let window = open_whole(&mut client, Content::Pattern(1))?;
    first.wait_for_picture(soon(), &Picture::pattern(WIDTH, HEIGHT, 1))?;
    first.pointer(10, 10, 0)?;
    wait_for_pointer(&mut client, window, (10.0, 10.0))?;
    let cursor = client.set_cursor((9, 7), (1, 2), Content::Pattern(3))?;
    first.wait_until(soon(), "the cursor", |viewer| {
        viewer
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.width == 9)
    })?;
    first.set_desktop_size(400, 300)?;
    client.dispatch_until(soon(), "the new size", |client| {
        client.surface(window).size == (400, 300)
    })?;
    client.draw(window, Content::Pattern(2))?;
    let picture = Picture::pattern(400, 300, 2);
    first.wait_for_picture(soon(), &picture)?;

    for _ in 0..3 {
        let mut late = fixture.viewer()?;
        expect_equal(
            "the size",
            (late.welcome.width, late.welcome.height),
            (400, 300),
        )?;
        expect_equal("the name", late.welcome.name.as_str(), "test")?;
        late.wait_for_picture(soon(), &picture)?;
        let size = late
            .cursor
            .as_ref()
            .map(|it| (it.width, it.height, it.hotspot));
        expect_equal("the cursor", size, Some((9, 7, (1, 2))))?;
    }
    assert!(client.surface(cursor).is_drawn());
    Ok(())
}

#[test]
fn the_name_is_the_sessions() -> Result {
    for name in [
        "offing-7",
        "Grüße",
        "a name of many words, longer than most names are",
    ] {
        let config = offing::Config::new(name, rfb::Size::new(100, 80));
        let fixture = Fixture::start(config)?;
        let viewer = fixture.viewer()?;
        expect_equal("the name", viewer.welcome.name.as_str(), name)?;
        expect_equal("the name", viewer.name.as_str(), name)?;
    }
    Ok(())
}

#[test]
fn all_viewers_share_whatever_they_ask_for() -> Result {
    let fixture = Fixture::new()?;
    let mut first = fixture.viewer_with(&Login::new().exclusive())?;
    let mut second = fixture.viewer_with(&Login::new().exclusive())?;
    for viewer in [&mut first, &mut second] {
        viewer.set_encodings(&WITH_CURSOR)?;
        viewer.wait_for_picture(soon(), &fixture.empty())?;
    }
    expect_equal(
        "the viewers",
        fixture.with(|offing| offing.viewers().len())?,
        2,
    )
}

#[test]
fn viewers_are_disconnected() -> Result {
    let fixture = Fixture::new()?;
    let mut viewers = [fixture.viewer()?, fixture.viewer()?, fixture.viewer()?];
    for viewer in &mut viewers {
        sync(viewer)?;
    }
    let ids = fixture.with(|offing| offing.viewers())?;
    let [one, _, _] = &ids[..] else {
        return expect_equal("the viewers", ids.len(), 3);
    };
    let id = one.id;
    fixture.with(move |offing| offing.disconnect(Some(id)))?;
    viewers[0].wire().expect_closed(soon())?;
    fixture.wait_until("one viewer less", |offing| offing.viewers().len() == 2)?;
    sync(&mut viewers[1])?;
    fixture.with(|offing| offing.disconnect(None))?;
    viewers[1].wire().expect_closed(soon())?;
    viewers[2].wire().expect_closed(soon())?;
    fixture.wait_until("no viewers", |offing| offing.viewers().is_empty())?;
    let mut again = fixture.viewer_knowing(&WITH_CURSOR)?;
    again.wait_for_picture(soon(), &fixture.empty())
}

/// The side of the screen that a viewer stalls on: a whole update in Raw is larger than what the
/// kernel takes for a socket that nobody reads.
const LARGE: usize = 800;
/// The bytes of a whole update in Raw, about.
const WHOLE: u64 = (LARGE * LARGE * 4) as u64;

/// A viewer that asked for everything and does not read. The server is in the middle of the
/// update and cannot write the rest.
fn stalled(fixture: &Fixture) -> Result<VncClient> {
    let mut viewer = fixture.viewer_knowing(&[encoding::RAW, encoding::CURSOR])?;
    let known = fixture.with(|offing| offing.viewers())?;
    let id = known.iter().map(|it| it.id).max();
    viewer.request_everything()?;
    // What the server reports, it reports after it wrote all that the kernel took.
    let stuck = move |offing: &mut offing::Offing| {
        let viewers = offing.viewers();
        let own = viewers.iter().find(|it| Some(it.id) == id);
        own.is_some_and(|it| (16 << 10..WHOLE / 2).contains(&it.bytes_sent))
    };
    fixture.wait_until("a viewer to be stuck", stuck)?;
    Ok(viewer)
}

#[test]
fn a_stalled_viewer_holds_up_nobody() -> Result {
    const FRAMES: usize = 60;
    let mut config = config(LARGE, LARGE);
    // So that programs are not driven at the full rate when no viewer waits for a frame.
    config.listeners.push(listener()?);
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, colour(0))?;
    let mut stalled = stalled(&fixture)?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    viewer.wait_until(soon(), "the first frame", |it| {
        whole_colour(it) == Some(colour(0))
    })?;

    let mut seen = vec![colour(0)];
    for number in 1..=FRAMES {
        // Only after the callback of the frame before.
        client.dispatch_until(
            soon(),
            &format!("the callback of frame {number}"),
            |client| client.surface(window).frames >= number,
        )?;
        client.draw(window, colour(number))?;
        // It keeps asking: its requests must not pile up answers.
        stalled.request(number % 2 == 0, 0, 0, LARGE as u16, LARGE as u16)?;
        viewer.wait_until(soon(), &format!("frame {number}"), |viewer| {
            if let Some(colour) = whole_colour(viewer)
                && seen.last() != Some(&colour)
            {
                seen.push(colour);
            }
            seen.len() > number
        })?;
    }
    let expected: Vec<Rgb> = (0..=FRAMES).map(colour).collect();
    expect_equal("the frames", seen, expected)?;

    // It wakes: the rest of the update in which it was stuck, and then what is there now. None
    // of the frames between was kept for it.
    let mut woken = Vec::new();
    stalled.wait_until(soon(), "the last frame", |viewer| {
        if !viewer.updates.is_empty()
            && let Some(colour) = whole_colour(viewer)
        {
            woken.push(colour);
        }
        woken.last() == Some(&colour(FRAMES))
    })?;
    woken.dedup();
    expect_equal("what it sees", woken, vec![colour(0), colour(FRAMES)])?;
    let bytes: u64 = stalled.updates.iter().map(|update| update.bytes).sum();
    assert!(bytes < 2 * WHOLE + (64 << 10), "it was sent {bytes} bytes");
    // It is a viewer like any other now.
    client.draw(window, colour(FRAMES + 1))?;
    for viewer in [&mut stalled, &mut viewer] {
        let last = Some(colour(FRAMES + 1));
        viewer.wait_until(soon(), "another frame", |it| whole_colour(it) == last)?;
    }
    Ok(())
}

#[test]
fn a_stalled_viewer_can_still_type() -> Result {
    let fixture = Fixture::start(config(LARGE, LARGE))?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, colour(0))?;
    wait_for_focus(&mut client, Some(window))?;
    let mut stalled = stalled(&fixture)?;
    stalled.type_text("help")?;
    client.dispatch_until(soon(), "the text", |client| client.typed_text() == "help")
}

#[test]
fn many_texts_and_cursors_do_not_pile_up_for_a_stalled_viewer() -> Result {
    const TEXT: usize = 256 << 10;
    let fixture = Fixture::start(config(LARGE, LARGE))?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, colour(0))?;
    wait_for_focus(&mut client, Some(window))?;
    let mut stalled = stalled(&fixture)?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let text = |number: u8| char::from(b'a' + number).to_string().repeat(TEXT);
    for number in 0..20 {
        let copied = text(number);
        let data = [("text/plain;charset=utf-8", copied.as_bytes())];
        client.copy(Clipboard::Selection, &data)?;
        client.dispatch_until(soon(), "to be asked for the text", |client| {
            let clipboard = client.clipboard(Clipboard::Selection);
            clipboard.asked_for.len() > usize::from(number)
        })?;
        viewer.wait_until(soon(), "the text", |viewer| {
            viewer.cut_texts.last() == Some(&copied)
        })?;
    }
    let last = text(19);
    stalled.wait_until(soon(), "the last text", |viewer| {
        viewer.cut_texts.last() == Some(&last)
    })?;
    // The one that was on its way, perhaps, and the last.
    assert!(
        stalled.cut_texts.len() <= 2,
        "{} texts came",
        stalled.cut_texts.len()
    );
    Ok(())
}

#[test]
fn a_viewer_that_vanishes_in_an_update_is_forgotten() -> Result {
    let fixture = Fixture::start(config(LARGE, LARGE))?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, colour(0))?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    for number in 1..=3 {
        drop(stalled(&fixture)?);
        fixture.wait_until("the viewer to be gone", |offing| {
            offing.viewers().len() == 1
        })?;
        client.draw(window, colour(number))?;
        viewer.wait_until(soon(), "a frame", |it| {
            whole_colour(it) == Some(colour(number))
        })?;
    }
    Ok(())
}

/// Draws these frames, each after the callback of the one before: how long each callback took.
fn draw_frames(
    client: &mut WaylandClient,
    window: Surface,
    numbers: Range<usize>,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for number in numbers {
        let start = Instant::now();
        let frames = client.surface(window).frames;
        client.draw(window, colour(number))?;
        client.dispatch_until(
            soon(),
            &format!("the callback of frame {number}"),
            |client| client.surface(window).frames > frames,
        )?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// Whether some callback came much sooner than at ten a second. A busy machine may delay most.
fn is_fast(times: &[Duration]) -> bool {
    times.iter().any(|time| *time < Duration::from_millis(60))
}

#[test]
fn without_viewers_callbacks_come_ten_times_a_second() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.listeners.push(listener()?);
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, colour(0))?;
    draw_frames(&mut client, window, 1..2)?;
    let times = draw_frames(&mut client, window, 2..12)?;
    let time: Duration = times.iter().sum();
    assert!(
        time >= Duration::from_millis(900),
        "10 callbacks in {times:?}"
    );
    // With a viewer that waits for a frame, faster.
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    viewer.wait_until(soon(), "a frame", |it| whole_colour(it) == Some(colour(11)))?;
    let mut times = Vec::new();
    for number in 12..52 {
        viewer.request_update()?;
        times.extend(draw_frames(&mut client, window, number..number + 1)?);
        viewer.update()?;
    }
    assert!(is_fast(&times), "{times:?}");
    // And again without.
    drop(viewer);
    fixture.wait_until("no viewers", |offing| offing.viewers().is_empty())?;
    draw_frames(&mut client, window, 52..53)?;
    let times = draw_frames(&mut client, window, 53..58)?;
    let time: Duration = times.iter().sum();
    assert!(
        time >= Duration::from_millis(400),
        "5 callbacks in {times:?}"
    );
    Ok(())
}

#[test]
fn where_no_viewer_can_come_callbacks_have_the_full_rate() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, colour(0))?;
    let times = draw_frames(&mut client, window, 1..61)?;
    assert!(is_fast(&times), "{times:?}");
    let time: Duration = times.iter().sum();
    assert!(
        time >= Duration::from_millis(950),
        "60 callbacks in {time:?}"
    );
    Ok(())
}

#[test]
fn a_detached_session_does_not_drive_programs_for_nobody() -> Result {
    let mut detached = config(WIDTH, HEIGHT);
    detached.detached = true;
    let fixture = Fixture::start(detached)?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, colour(0))?;
    draw_frames(&mut client, window, 1..2)?;
    let times = draw_frames(&mut client, window, 2..7)?;
    let time: Duration = times.iter().sum();
    assert!(
        time >= Duration::from_millis(400),
        "5 callbacks in {times:?}"
    );
    Ok(())
}

#[test]
fn the_rate_is_capped_with_a_viewer_that_takes_all() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, colour(0))?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    viewer.wait_until(soon(), "a frame", |it| whole_colour(it) == Some(colour(0)))?;
    let start = Instant::now();
    for number in 1..=30 {
        client.draw(window, colour(number))?;
        viewer.wait_until(soon(), "a frame", |it| {
            whole_colour(it) == Some(colour(number))
        })?;
    }
    let time = start.elapsed();
    assert!(time >= Duration::from_millis(450), "30 frames in {time:?}");
    Ok(())
}

#[test]
fn a_viewer_that_comes_after_a_long_time_sees_the_latest() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.listeners.push(listener()?);
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    let window = open_whole(&mut client, Content::Pattern(1))?;
    for seed in 2..5 {
        let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
        // What was drawn while nobody looked is never shown in parts.
        client.draw(window, Content::Pattern(seed))?;
        client.roundtrip()?;
        viewer.update()?;
        while viewer
            .updates
            .iter()
            .flat_map(|it| &it.rects)
            .all(|it| it.encoding < 0)
        {
            viewer.update()?;
        }
        let picture = Picture::pattern(WIDTH, HEIGHT, seed);
        assert!(
            viewer.shows(0, 0, &picture),
            "the first picture is not the latest"
        );
    }
    Ok(())
}

#[test]
fn a_hundred_viewers_come_and_go() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    open_whole(&mut client, Content::Pattern(1))?;
    let picture = Picture::pattern(WIDTH, HEIGHT, 1);
    for _ in 0..10 {
        let viewers: Result<Vec<VncClient>> = (0..10)
            .map(|_| fixture.viewer_knowing(&WITH_CURSOR))
            .collect();
        for viewer in &mut viewers? {
            viewer.wait_for_picture(soon(), &picture)?;
        }
    }
    fixture.wait_until("no viewers", |offing| offing.viewers().is_empty())
}

#[test]
fn a_connection_that_says_nothing_harms_nobody() -> Result {
    let fixture = Fixture::new()?;
    let silent: Result<Vec<UnixStream>> = (0..20).map(|_| fixture.viewer_socket()).collect();
    let silent = silent?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    viewer.wait_for_picture(soon(), &fixture.empty())?;
    expect_equal(
        "the viewers",
        fixture.with(|offing| offing.viewers().len())?,
        1,
    )?;
    drop(silent);
    sync(&mut viewer)
}
