//! Viewers that break the rules, and viewers that stretch them: the first are left, the second
//! are borne, and nothing panics.

use std::io::Write;

use offing_tests::picture::pattern;
use offing_tests::vnc_client::{
    Login, PixelFormat, Screen, VncClient, Wire, encoding, log_in, vnc_auth_response,
};
use offing_tests::{Result, soon};
use rfb::{Event, InvalidPixelFormat, Rect, Security, Size};

use crate::canvas::Canvas;
use crate::server::{Encoder, PASSWORD, Server, config, viewer};

const SIZE: Size = Size::new(40, 30);

fn key(keysym: u32) -> Event {
    Event::Key {
        keysym,
        keycode: None,
        pressed: true,
    }
}

/// Shows what is new in a canvas.
fn show(server: &Server, canvas: &mut Canvas) {
    if let Some((frame, region)) = canvas.frame(&[canvas.size.rect()]) {
        server.with(|session| session.show(&frame, &region, &[]));
    }
}

/// Fails unless the session still works: a picture that is shown now arrives.
fn still_works(server: &Server, viewer: &mut VncClient) -> Result {
    let mut canvas = Canvas::pattern(server.with(|session| session.size()), 99);
    show(server, &mut canvas);
    viewer.wait_for_picture(soon(), &canvas.picture())
}

// Illegal.

#[test]
fn who_does_not_speak_rfb() -> Result {
    for bytes in [
        b"GET / HTTP/1.1\r\n\r\n".as_slice(),
        b"RFB 003.008\r\n",
        b"RFB 3.8\n\n\n\n\n\n",
        b"RFB 00x.008\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00",
        &[0; 12],
        &[255; 100],
    ] {
        let (server, stream) = Server::start(config(SIZE, &[Security::NONE]), Encoder::new(0))?;
        let mut wire = Wire::new(stream);
        wire.send(bytes)?;
        assert_eq!(wire.expect_closed(soon())?, b"RFB 003.008\n");
        assert_eq!(server.end()?, Some(rfb::Error::NotRfb));
    }
    Ok(())
}

#[test]
fn messages_that_make_no_sense() -> Result {
    let valid = PixelFormat::BGRX;
    let bits = |bits_per_pixel| PixelFormat {
        bits_per_pixel,
        ..PixelFormat::BGR233
    };
    let map = |bits_per_pixel| PixelFormat {
        bits_per_pixel,
        ..PixelFormat::COLOUR_MAP
    };
    let max = |max| PixelFormat { max, ..valid };
    let shift = |shift| PixelFormat { shift, ..valid };
    let formats = [
        (bits(0), InvalidPixelFormat::BitsPerPixel(0)),
        (bits(7), InvalidPixelFormat::BitsPerPixel(7)),
        (bits(24), InvalidPixelFormat::BitsPerPixel(24)),
        (bits(33), InvalidPixelFormat::BitsPerPixel(33)),
        (bits(255), InvalidPixelFormat::BitsPerPixel(255)),
        (map(16), InvalidPixelFormat::ColourMap(16)),
        (map(32), InvalidPixelFormat::ColourMap(32)),
        (map(0), InvalidPixelFormat::BitsPerPixel(0)),
        (max([0, 255, 255]), InvalidPixelFormat::Channel),
        (max([255, 255, 0]), InvalidPixelFormat::Channel),
        (max([255, 511, 255]), InvalidPixelFormat::Channel),
        (max([255, 255, 257]), InvalidPixelFormat::Channel),
        (shift([32, 8, 0]), InvalidPixelFormat::Channel),
        (shift([25, 8, 0]), InvalidPixelFormat::Channel),
        (shift([16, 8, 255]), InvalidPixelFormat::Channel),
        (shift([8, 8, 0]), InvalidPixelFormat::Channel),
    ];
    let formats = formats.map(|(format, error)| {
        let message = [&[0; 4], format.to_bytes().as_slice()].concat();
        (message, rfb::Error::PixelFormat(error))
    });
    let unknown = [1, 7, 8, 9, 127, 252, 254];
    let unknown = unknown.map(|number| (vec![number; 30], rfb::Error::UnknownMessage(number)));
    let qemu = [
        (vec![255; 30], rfb::Error::UnknownQemuMessage(255)),
        (vec![255, 1, 1, 0], rfb::Error::UnknownAudioOperation(256)),
    ];
    let unknown = unknown.into_iter().chain(qemu);
    for (message, error) in formats.into_iter().chain(unknown) {
        let (server, mut viewer) = viewer(SIZE, &[])?;
        // What comes before it counts, and what comes after it does not.
        let (before, after) = ([4, 1, 0, 0, 0, 0, 0, 1], [4, 1, 0, 0, 0, 0, 0, 2]);
        viewer.send(&[&before, message.as_slice(), &after].concat())?;
        assert_eq!(viewer.wire().expect_closed(soon())?, b"");
        assert_eq!(server.end()?, Some(error));
        assert_eq!(server.events(), [key(1)]);
    }
    Ok(())
}

#[test]
fn connections_that_end_too_early() -> Result {
    let config = config(SIZE, &[Security::VNC_AUTH]);
    let response = vnc_auth_response(PASSWORD, config.challenge);
    let script = [
        b"RFB 003.008\n\x02".as_slice(),
        &response,
        &[1],
        &[&[0; 4], PixelFormat::RGB565.to_bytes().as_slice()].concat(),
        &[2, 0, 0, 2, 0, 0, 0, 5, 255, 255, 254, 0xcc],
        &[3, 0, 0, 0, 0, 0, 0, 40, 0, 30],
        &[6, 0, 0, 0, 0, 0, 0, 3, b'a', b'b', b'c'],
        &[5, 1, 0, 1, 0, 1],
        &[251, 0, 0, 50, 0, 50, 1, 0],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 0, 50, 0, 0, 0, 0],
        &[4, 1, 0, 0, 0, 0, 0, 1],
    ]
    .concat();
    for length in 0..=script.len() {
        let (server, mut stream) = Server::start(config.clone(), Encoder::new(0))?;
        stream.write_all(&script[..length])?;
        let mut wire = Wire::new(stream);
        wire.finish()?;
        wire.expect_closed(soon())?;
        assert_eq!(server.end()?, None);
        let events = server.events();
        assert_eq!(events.contains(&key(1)), length == script.len());
    }
    Ok(())
}

#[test]
fn random_bytes() -> Result {
    let mut random = crate::canvas::Random(5);
    for _ in 0..100 {
        let (server, stream) = Server::start(config(SIZE, &[Security::NONE]), Encoder::new(0))?;
        let mut wire = Wire::new(stream);
        log_in(&mut wire, &Login::new())?;
        // Mostly of the types that there are.
        let mut bytes: Vec<u8> = (0..300).map(|_| random.next() as u8).collect();
        for at in (0..300).step_by(10) {
            bytes[at] = [0, 2, 3, 4, 5, 6, 251][usize::from(random.below(7))];
            bytes[at + 1..at + 4].fill(0);
        }
        // It may be left before it has said all.
        let _ = wire.send(&bytes).and_then(|()| wire.finish());
        wire.expect_closed(soon())?;
        server.end()?;
    }
    Ok(())
}

// Excessive.

#[test]
fn as_many_encodings_as_can_be_listed() -> Result {
    let (server, mut viewer) = viewer(SIZE, &[])?;
    let mut encodings: Vec<i32> = (100_000..165_535).collect();
    encodings[65_000] = encoding::HEXTILE;
    encodings[65_534] = encoding::DESKTOP_NAME;
    viewer.set_encodings(&encodings)?;
    assert_eq!(server.events_of(&mut viewer)?, []);
    assert_eq!(
        server.with(|session| session.encoding().0),
        encoding::HEXTILE
    );
    server.with(|session| session.set_name("heard"));
    still_works(&server, &mut viewer)?;
    viewer.wait_until(soon(), "the name", |viewer| viewer.name == "heard")
}

#[test]
fn rectangles_that_are_empty_or_reach_too_far() -> Result {
    let max = u16::MAX;
    for incremental in [false, true] {
        for encodings in [
            &[][..],
            &[encoding::HEXTILE, encoding::EXTENDED_DESKTOP_SIZE],
        ] {
            let (server, mut viewer) = viewer(SIZE, encodings)?;
            still_works(&server, &mut viewer)?;
            for (x, y, width, height) in [
                (0, 0, 0, 0),
                (max, max, max, max),
                (0, 0, max, max),
                (39, 29, 1, 1),
                (39, 29, max, max),
                (40, 30, 1, 1),
                (5, 5, 0, max),
                (max, 0, 1, 1),
            ] {
                viewer.request(incremental, x, y, width, height)?;
            }
            assert_eq!(server.events_of(&mut viewer)?, []);
            still_works(&server, &mut viewer)?;
        }
    }
    Ok(())
}

#[test]
fn texts_that_are_too_long() -> Result {
    let (server, mut viewer) = viewer(SIZE, &[])?;
    let text = |length: u32, sent: usize| {
        let mut message = [&[6, 0, 0, 0], length.to_be_bytes().as_slice()].concat();
        // Were these messages, they would be unknown.
        message.resize(8 + sent, 9);
        message
    };
    let (longest, longer) = (16 << 20, (16 << 20) + 1);
    viewer.send(&text(longest, longest as usize))?;
    viewer.key(1, true)?;
    viewer.send(&text(longer, longer as usize))?;
    viewer.key(2, true)?;
    viewer.send(&text(20 << 20, 20 << 20))?;
    viewer.key(3, true)?;
    // The extended clipboard, which was not agreed on.
    viewer.send(&text(-70_000_i32 as u32, 70_000))?;
    viewer.key(4, true)?;
    let expected = [
        Event::CutText("\t".repeat(longest as usize)),
        key(1),
        key(2),
        key(3),
        key(4),
    ];
    assert!(server.events_of(&mut viewer)? == expected);

    // Almost 2 GiB are announced. What comes is read past, whatever it looks like, and what
    // the viewer asked for before is not forgotten.
    still_works(&server, &mut viewer)?;
    viewer.request_update()?;
    viewer.key(5, true)?;
    viewer.send(&text(i32::MAX as u32, 3 << 20))?;
    viewer.key(6, true)?;
    let mut canvas = Canvas::pattern(SIZE, 3);
    show(&server, &mut canvas);
    viewer.wait_for_picture(soon(), &canvas.picture())?;
    viewer.wire().finish()?;
    assert_eq!(server.end()?, None);
    assert_eq!(server.events(), [key(5)]);
    Ok(())
}

#[test]
fn floods_of_input_arrive_whole() -> Result {
    const COUNT: u16 = 30_000;
    let (server, mut viewer) = viewer(Size::new(COUNT, 1), &[])?;
    let flood: Vec<u8> = (0..COUNT)
        .flat_map(|x| {
            let [high, low] = x.to_be_bytes();
            [5, 0, high, low, 0, 0, 4, 1, 0, 0, 0, 0, high, low]
        })
        .collect();
    viewer.send(&flood)?;
    let expected = (0..COUNT).flat_map(|x| {
        let (y, buttons) = (0, 0);
        [Event::Pointer { x, y, buttons }, key(x.into())]
    });
    assert!(server.events_of(&mut viewer)?.into_iter().eq(expected));
    Ok(())
}

/// Requests that come faster than the viewer reads are merged, and what it sends besides is
/// heard all the while.
#[test]
fn floods_of_requests_are_merged() -> Result {
    const COUNT: usize = 20_000;
    let size = Size::new(300, 200);
    let (server, mut viewer) = viewer(size, &[encoding::EXTENDED_DESKTOP_SIZE])?;
    still_works(&server, &mut viewer)?;
    let before = viewer.updates.len();
    let whole = [3, 0, 0, 0, 0, 0, 1, 44, 0, 200];
    viewer.send(&whole.repeat(COUNT))?;
    assert_eq!(server.events_of(&mut viewer)?, []);
    still_works(&server, &mut viewer)?;
    let updates = viewer.updates.len() - before;
    assert!(updates < 20, "{updates} updates of all, though nobody read");
    Ok(())
}

#[test]
fn floods_of_wishes_are_bounded() -> Result {
    let (server, mut viewer) = viewer(SIZE, &[encoding::EXTENDED_DESKTOP_SIZE])?;
    let illegal = [
        vec![],
        vec![Screen::new(1, 0, 0, 40, 30); 2],
        vec![Screen::new(1, 0, 0, 40, 30); 255],
    ];
    for _ in 0..100 {
        for screens in &illegal {
            viewer.set_desktop_layout(40, 30, screens)?;
        }
        viewer.set_desktop_layout(0, 0, &[Screen::new(0, 0, 0, 0, 0)])?;
    }
    assert_eq!(server.events_of(&mut viewer)?, []);
    viewer.update()?;
    let (last, answers) = viewer
        .resizes
        .split_last()
        .ok_or("no answer")
        .map_err(offing_tests::Error::other)?;
    assert_eq!((last.reason, last.status), (0, 0));
    assert!(!answers.is_empty() && answers.len() <= 64);
    assert!(
        answers
            .iter()
            .all(|answer| (answer.reason, answer.status) == (1, 3))
    );
    still_works(&server, &mut viewer)
}

/// A session with a viewer that does not read, and output that cannot all be written.
fn clogged() -> Result<(Server, VncClient, Canvas)> {
    let size = Size::new(2000, 1000);
    let (server, mut viewer) = viewer(size, &[])?;
    let mut canvas = Canvas::new(size);
    show(&server, &mut canvas);
    viewer.request_update()?;
    assert_eq!(server.events_of(&mut viewer)?, []);
    server.wait_until("output", |session| session.has_output())?;
    Ok((server, viewer, canvas))
}

#[test]
fn what_is_for_a_viewer_that_does_not_read_is_bounded() -> Result {
    let (server, mut viewer, mut canvas) = clogged()?;
    for seed in 1..=5 {
        canvas.draw(Rect::new(0, 0, 20, 20), |x, y| pattern(seed, x, y));
        show(&server, &mut canvas);
        server.with(|session| {
            session.cut_text(&format!("text {seed}"));
            session.bell();
        });
        viewer.request(true, 0, 0, 2000, 1000)?;
    }
    // Its input is heard, but it gets no more before it reads.
    viewer.tap(0x61)?;
    assert_eq!(server.events_of(&mut viewer)?.len(), 2);
    assert!(server.with(|session| session.has_output() && !session.wants_frame()));
    // Of the texts it gets the last, and of the pictures.
    viewer.update()?;
    viewer.update()?;
    assert_eq!(viewer.updates[1].bytes, 4 + 12 + 20 * 20 * 4);
    assert_eq!(
        (viewer.bells, viewer.cut_texts.as_slice()),
        (1, ["text 5".into()].as_slice())
    );
    let expected = canvas
        .picture()
        .crop(offing_tests::picture::Rect::new(0, 0, 40, 40));
    viewer.wait_for_piece(soon(), 0, 0, &expected)
}

#[test]
fn who_goes_away_without_reading_is_let_go() -> Result {
    let (server, viewer, _) = clogged()?;
    drop(viewer);
    assert_eq!(server.end()?, None);
    Ok(())
}
