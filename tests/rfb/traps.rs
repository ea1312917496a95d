//! The traps of RFB that servers have fallen into, one test for each. The client is strict:
//! most of what could be wrong fails while it decodes.

use std::io::Write;
use std::time::Duration;

use offing_tests::picture::{Picture, pattern};
use offing_tests::vnc_client::{
    ClipboardData, ClipboardMessage, Login, PixelFormat, Version, VncClient, button, clipboard,
    encoding, fence, vnc_auth_response,
};
use offing_tests::{Error, ErrorKind, Result, soon};
use rfb::{
    ClipboardFormat, ClipboardFormats, Cursor, Event, Mover, Point, Rect, Region, ResizeStatus,
    Security, Size,
};

use crate::canvas::{Canvas, Content};
use crate::server::{Encoder, PASSWORD, Server, config, viewer};

const SIZE: Size = Size::new(150, 90);

/// Shows what is new in a canvas.
fn show(server: &Server, canvas: &mut Canvas) -> Result {
    let change = canvas.frame(&[canvas.size.rect()]);
    let (frame, region) = change.ok_or_else(|| Error::other("the picture did not change"))?;
    server.with(|session| session.show(&frame, &region, &[]));
    Ok(())
}

/// Draws content number `seed`, and shows it.
fn draw(server: &Server, canvas: &mut Canvas, content: Content, seed: u32) -> Result {
    canvas.draw(canvas.size.rect(), |x, y| content.colour(seed, x, y));
    show(server, canvas)
}

/// Whether the viewer has the whole canvas, exactly.
fn expect(viewer: &mut VncClient, canvas: &Canvas) -> Result {
    viewer.wait_for_picture(soon(), &canvas.picture())
}

#[test]
fn trap_1_zlib_streams_live_for_the_connection() -> Result {
    use encoding::{CORRE, HEXTILE, RAW, RRE, TIGHT, TRLE, ZLIB, ZRLE};
    let (server, mut viewer) = viewer(SIZE, &[])?;
    let mut canvas = Canvas::new(SIZE);
    let formats = [PixelFormat::BGRX, PixelFormat::RGB565, PixelFormat::RGBX];
    let mut seed = 0;
    for format in formats {
        viewer.set_pixel_format(format)?;
        for encoding in [
            ZLIB, ZRLE, TIGHT, ZLIB, RAW, ZRLE, TIGHT, HEXTILE, ZRLE, TRLE, ZLIB, RRE, CORRE, TIGHT,
        ] {
            viewer.set_encodings(&[encoding, encoding::compression(seed as u8 % 10)])?;
            draw(&server, &mut canvas, Content::ALL[seed as usize % 4], seed)?;
            expect(&mut viewer, &canvas)?;
            seed += 1;
        }
    }
    Ok(())
}

#[test]
fn trap_2_zrle_pixels_have_three_bytes_where_they_can() -> Result {
    // 32 bits with all colours in the lower or in the upper three bytes, in neither, or
    // in few bits.
    let shifted = |shift| PixelFormat {
        shift,
        ..PixelFormat::BGRX
    };
    let small = PixelFormat {
        depth: 16,
        max: [31, 63, 31],
        shift: [11, 5, 0],
        ..PixelFormat::BGRX
    };
    let formats = [
        PixelFormat::BGRX,
        PixelFormat::RGBX,
        shifted([24, 16, 8]),
        shifted([8, 16, 24]),
        shifted([24, 8, 0]),
        PixelFormat {
            depth: 32,
            ..PixelFormat::BGRX
        },
        small,
        PixelFormat {
            shift: [21, 15, 10],
            ..small
        },
    ];
    for encoding in [encoding::ZRLE, encoding::TRLE] {
        for format in formats {
            for format in [format, format.big_endian()] {
                let (server, mut viewer) = viewer(SIZE, &[encoding])?;
                viewer.set_pixel_format(format)?;
                let mut canvas = Canvas::new(SIZE);
                for (seed, content) in (1..).zip(Content::ALL) {
                    draw(&server, &mut canvas, content, seed)?;
                    expect(&mut viewer, &canvas)
                        .map_err(|error| error.context(format!("{format:?} {content:?}")))?;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn trap_3_tight_has_its_own_pixels_lengths_and_limits() -> Result {
    for size in [Size::new(1, 1), Size::new(3, 1), Size::new(2049, 70)] {
        for format in [
            PixelFormat::BGRX,
            PixelFormat::RGBX.big_endian(),
            PixelFormat::RGB565,
            PixelFormat::BGR233,
        ] {
            let (server, mut viewer) = viewer(size, &[encoding::TIGHT])?;
            viewer.set_pixel_format(format)?;
            let mut canvas = Canvas::new(size);
            for (seed, content) in (1..).zip(Content::ALL) {
                draw(&server, &mut canvas, content, seed)?;
                expect(&mut viewer, &canvas)?;
            }
        }
    }
    Ok(())
}

#[test]
fn trap_4_the_depth_that_is_announced_is_24() -> Result {
    let (_server, viewer) = viewer(SIZE, &[])?;
    let format = viewer.welcome.format;
    assert_eq!((format.bits_per_pixel, format.depth), (32, 24));
    Ok(())
}

#[test]
fn trap_5_odd_pixel_formats_are_served_or_refused() -> Result {
    for format in [
        PixelFormat::RGB222,
        PixelFormat::BGR233,
        PixelFormat::RGBX,
        PixelFormat::RGB555.big_endian(),
        PixelFormat::COLOUR_MAP,
    ] {
        for encoding in [
            encoding::TIGHT,
            encoding::ZRLE,
            encoding::HEXTILE,
            encoding::RRE,
        ] {
            let (server, mut viewer) = viewer(SIZE, &[encoding])?;
            viewer.set_pixel_format(format)?;
            let mut canvas = Canvas::new(SIZE);
            draw(&server, &mut canvas, Content::Text, 1)?;
            expect(&mut viewer, &canvas)?;
        }
    }
    for refused in [
        PixelFormat {
            max: [0, 255, 255],
            ..PixelFormat::BGRX
        },
        PixelFormat {
            shift: [40, 8, 0],
            ..PixelFormat::BGRX
        },
        PixelFormat {
            bits_per_pixel: 24,
            ..PixelFormat::BGRX
        },
    ] {
        let (server, mut viewer) = viewer(SIZE, &[])?;
        viewer.send(&[&[0; 4], refused.to_bytes().as_slice()].concat())?;
        assert!(matches!(server.end()?, Some(rfb::Error::PixelFormat(_))));
    }
    Ok(())
}

#[test]
fn trap_6_the_pixel_format_may_change_while_updates_are_on_their_way() -> Result {
    let encodings = [
        encoding::TIGHT,
        encoding::FENCE,
        encoding::CONTINUOUS_UPDATES,
    ];
    let (server, mut viewer) = viewer(SIZE, &encodings)?;
    viewer.wait_until(soon(), "continuous updates", |viewer| {
        viewer.ends_of_continuous_updates == 1
    })?;
    viewer.enable_continuous_updates(0, 0, SIZE.width, SIZE.height)?;
    let mut canvas = Canvas::new(SIZE);
    let formats = [PixelFormat::BGR233, PixelFormat::RGB565, PixelFormat::RGBX];
    for seed in 0..30 {
        draw(&server, &mut canvas, Content::ALL[seed as usize % 4], seed)?;
        // What comes before the fence is of the old format, and what comes after it of the
        // new one.
        viewer.set_pixel_format_in_step(formats[seed as usize % 3])?;
        draw(&server, &mut canvas, Content::Noise, 100 + seed)?;
        if seed % 5 == 0 {
            expect(&mut viewer, &canvas)?;
        }
    }
    expect(&mut viewer, &canvas)
}

/// A cursor of one colour.
fn cursor(size: u16, colour: [u8; 4]) -> Cursor {
    Cursor {
        size: Size::new(size, size),
        hotspot: Point::default(),
        pixels: colour.repeat(usize::from(size) * usize::from(size)),
    }
}

#[test]
fn trap_7_every_viewer_sees_one_pointer() -> Result {
    let red = Picture::solid(8, 8, [255, 0, 0]);
    let place = Point::new(40, 30);
    // Those that cannot draw it see it in the picture; the others get it as they can, and
    // see that of another viewer who moves it.
    for (kind, may_draw) in [
        (encoding::RAW, false),
        (encoding::X_CURSOR, true),
        (encoding::CURSOR, true),
        (encoding::VMWARE_CURSOR, true),
        (encoding::CURSOR_WITH_ALPHA, true),
    ] {
        let (server, mut viewer) = viewer(SIZE, &[encoding::HEXTILE, kind])?;
        let mut canvas = Canvas::pattern(SIZE, 1);
        server.with(|session| {
            session.set_cursor(Some(cursor(8, [0, 0, 255, 255]).into()));
            session.set_pointer(place, Mover::ThisViewer);
        });
        show(&server, &mut canvas)?;
        let (x, y) = (place.x.into(), place.y.into());
        let drawn = canvas.picture().with(&red, x, y);
        let expected = if may_draw {
            canvas.picture()
        } else {
            drawn.clone()
        };
        viewer.wait_for_picture(soon(), &expected)?;
        assert_eq!(viewer.cursors, usize::from(may_draw));
        server.with(|session| session.set_pointer(place, Mover::OtherViewer));
        viewer.wait_for_picture(soon(), &drawn)?;
        viewer.pointer(1, 1, 0)?;
        server.with(|session| session.set_pointer(Point::new(1, 1), Mover::ThisViewer));
        if may_draw {
            viewer.wait_for_picture(soon(), &canvas.picture())?;
            viewer.wait_until(soon(), "its own cursor", |viewer| viewer.cursors == 3)?;
        }
    }
    Ok(())
}

#[test]
fn trap_8_a_new_size_comes_alone_and_every_wish_is_answered() -> Result {
    let encodings = [encoding::TIGHT, encoding::EXTENDED_DESKTOP_SIZE];
    let (server, mut viewer) = viewer(SIZE, &encodings)?;
    let mut canvas = Canvas::pattern(SIZE, 1);
    show(&server, &mut canvas)?;
    expect(&mut viewer, &canvas)?;
    let told = viewer.resizes.len();
    assert_eq!(told, 1, "on the first request");
    viewer.request_everything()?;
    expect(&mut viewer, &canvas)?;
    viewer.wait_until(soon(), "the size once more", |viewer| {
        viewer.resizes.len() > told
    })?;
    // A burst of wishes, as when a window is dragged: each has an answer, in order.
    let told = viewer.resizes.len();
    for step in 1..=10 {
        viewer.set_desktop_size(SIZE.width + step, SIZE.height)?;
        let Event::SetDesktopSize { size, .. } = server.event()? else {
            return Err(Error::other("no wish"));
        };
        let status = match step % 2 {
            0 => ResizeStatus::Done,
            _ => ResizeStatus::OutOfResources,
        };
        server.with(|session| session.answer_resize(status));
        if status == ResizeStatus::Done {
            canvas = Canvas::pattern(size, step.into());
            show(&server, &mut canvas)?;
        }
    }
    expect(&mut viewer, &canvas)?;
    let answers = &viewer.resizes[told..];
    let answers: Vec<(u16, u16)> = answers.iter().map(|it| (it.reason, it.status)).collect();
    let answers: Vec<(u16, u16)> = answers.into_iter().filter(|it| it.0 == 1).collect();
    assert_eq!(answers, [(1, 2), (1, 0)].repeat(5));
    for update in &viewer.updates {
        let resizes = update.rects.iter();
        let resizes = resizes.filter(|it| it.encoding == encoding::EXTENDED_DESKTOP_SIZE);
        let count = resizes.count();
        assert!(count == 0 || count == update.rects.len(), "{update}");
    }
    Ok(())
}

#[test]
fn trap_9_continuous_updates_are_announced_once_and_ended_always() -> Result {
    let encodings = [
        encoding::ZRLE,
        encoding::CONTINUOUS_UPDATES,
        encoding::FENCE,
    ];
    let (server, mut viewer) = viewer(SIZE, &encodings)?;
    let ends = |viewer: &mut VncClient, count: usize| {
        viewer.wait_until(soon(), "an end of continuous updates", |viewer| {
            viewer.ends_of_continuous_updates == count
        })
    };
    ends(&mut viewer, 1)?;
    viewer.set_encodings(&encodings)?;
    // Twice, as noVNC does.
    for _ in 0..2 {
        viewer.enable_continuous_updates(0, 0, SIZE.width, SIZE.height)?;
    }
    let mut canvas = Canvas::new(SIZE);
    for seed in 1..5 {
        draw(&server, &mut canvas, Content::Text, seed)?;
        expect(&mut viewer, &canvas)?;
    }
    viewer.disable_continuous_updates()?;
    ends(&mut viewer, 2)?;
    viewer.disable_continuous_updates()?;
    ends(&mut viewer, 3)
}

#[test]
fn trap_10_fences_come_back_once_and_as_far_as_they_are_known() -> Result {
    let (_server, mut viewer) = viewer(SIZE, &[encoding::FENCE])?;
    viewer.wait_until(soon(), "fences", |viewer| !viewer.fences.is_empty())?;
    let payload = [7; 64];
    viewer.fence(fence::REQUEST | fence::BLOCK_AFTER | 1 << 20, &payload)?;
    viewer.fence(fence::REQUEST, b"last")?;
    viewer.wait_until(soon(), "the last fence", |viewer| {
        viewer.fences.iter().any(|it| it.payload == b"last")
    })?;
    let answers: Vec<_> = viewer
        .fences
        .iter()
        .filter(|it| it.flags & fence::REQUEST == 0)
        .collect();
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0].flags, fence::BLOCK_AFTER);
    assert_eq!(answers[0].payload, payload);
    Ok(())
}

#[test]
fn trap_11_no_clipboard_ends_a_session_or_fills_it() -> Result {
    let (server, mut viewer) = viewer(SIZE, &[encoding::EXTENDED_CLIPBOARD])?;
    viewer.wait_until(soon(), "capabilities", |viewer| {
        matches!(viewer.clipboard.first(), Some(ClipboardMessage::Caps(_)))
    })?;
    // No length, no end, no sense.
    for body in [
        &[][..],
        &[0, 0, 0, 1],
        &[0xff; 30],
        &[0x10, 0, 0, 1, 1, 2, 3],
    ] {
        let length = -(body.len() as i32);
        viewer.send(&[&[6, 0, 0, 0], &length.to_be_bytes()[..], body].concat())?;
    }
    // One that grows a thousandfold.
    let bomb = "a".repeat(40 << 20);
    viewer.clipboard_provide(&[ClipboardData::Text(bomb)])?;
    viewer.clipboard_notify(clipboard::TEXT)?;
    let events = server.events_of(&mut viewer)?;
    let formats = ClipboardFormats::from_iter([ClipboardFormat::Text]);
    assert_eq!(events.last(), Some(&Event::ClipboardNotify(formats)));
    for event in events {
        if let Event::ClipboardProvide(contents) = event {
            let unpacked = contents.unpack();
            assert!(unpacked.iter().all(|(_, data)| data.len() <= 16 << 20));
        }
    }
    Ok(())
}

#[test]
fn trap_12_vnc_authentication_counts_eight_bytes_and_tells_reasons_in_3_8_only() -> Result {
    for (version, tells) in [
        (Version::V3_3, false),
        (Version::V3_7, false),
        (Version::V3_8, true),
    ] {
        let security = [Security::VNC_AUTH];
        let login = |password: &str| Login::with_password(password).version(version);
        let (_server, stream) = Server::start(config(SIZE, &security), Encoder::new(0))?;
        let long = format!("{PASSWORD:\0<8} and more");
        VncClient::connect(stream, &login(&long[..8]))?;
        let (_server, stream) = Server::start(config(SIZE, &security), Encoder::new(0))?;
        let refused = VncClient::connect(stream, &login("wrong"));
        let error = refused.err().ok_or_else(|| Error::other("let in"))?;
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.to_string().contains(crate::server::REASON), tells);
    }
    // Every byte of the response counts.
    let config = config(SIZE, &[Security::VNC_AUTH]);
    let mut response = vnc_auth_response(PASSWORD, config.challenge);
    response[15] ^= 1;
    let (server, mut stream) = Server::start(config, Encoder::new(0))?;
    stream.write_all(&[b"RFB 003.008\n".as_slice(), &[2], &response, &[1]].concat())?;
    assert_eq!(server.end()?, None);
    assert_eq!(server.events(), []);
    Ok(())
}

#[test]
fn trap_13_a_type_that_was_not_offered_is_not_taken() -> Result {
    for chosen in [0, 1, 16, 19, 30, 255] {
        let config = config(SIZE, &[Security::VNC_AUTH]);
        let (server, mut stream) = Server::start(config, Encoder::new(0))?;
        stream.write_all(&[b"RFB 003.008\n".as_slice(), &[chosen, 1]].concat())?;
        let error = server.end()?;
        assert_eq!(
            error,
            Some(rfb::Error::SecurityTypeNotOffered(Security(chosen)))
        );
        assert_eq!(server.events(), []);
    }
    Ok(())
}

#[test]
fn trap_14_versions_that_nobody_published_are_understood() -> Result {
    for (told, meant) in [
        ("003.889", rfb::Version::V3_8),
        ("004.000", rfb::Version::V3_8),
        ("004.001", rfb::Version::V3_8),
        ("005.000", rfb::Version::V3_8),
        ("003.007", rfb::Version::V3_7),
        ("003.006", rfb::Version::V3_3),
        ("003.005", rfb::Version::V3_3),
    ] {
        let config = config(SIZE, &[Security::NONE]);
        let (server, mut stream) = Server::start(config, Encoder::new(0))?;
        stream.write_all(format!("RFB {told}\n").as_bytes())?;
        server.wait_until("the version", |session| session.version() == Some(meant))?;
    }
    Ok(())
}

#[test]
fn trap_17_a_pointer_event_grows_only_for_those_who_asked() -> Result {
    let (server, mut viewer) = viewer(SIZE, &[])?;
    viewer.pointer(1, 2, button::BACK)?;
    let at = |buttons| Event::Pointer {
        x: 1,
        y: 2,
        buttons,
    };
    assert_eq!(server.events_of(&mut viewer)?, [at(1 << 7)]);
    viewer.set_encodings(&[encoding::RAW, encoding::EXTENDED_MOUSE_BUTTONS])?;
    let mut canvas = Canvas::pattern(SIZE, 1);
    show(&server, &mut canvas)?;
    viewer.wait_until(soon(), "an acknowledgement", |viewer| {
        viewer.confirmed.contains(&encoding::EXTENDED_MOUSE_BUTTONS)
    })?;
    viewer.extended_pointer(1, 2, 0, button::extended::FORWARD)?;
    assert_eq!(server.events_of(&mut viewer)?, [at(1 << 8)]);
    Ok(())
}

#[test]
fn trap_19_who_does_not_want_to_share_sends_nobody_away() -> Result {
    let mut server = rfb::Server::new("shared", SIZE);
    let now = std::time::Instant::now();
    for shared in [1, 0, 0] {
        let id = server
            .connect(now, [0; 16])
            .ok_or_else(|| Error::other("not let in"))?;
        let hello = [b"RFB 003.008\n".as_slice(), &[1, shared]].concat();
        server
            .receive(id, now, &hello)
            .map_err(|error| Error::other(error.to_string()))?;
        while server.poll_event().is_some() {}
    }
    assert_eq!(server.viewers().count(), 3);
    Ok(())
}

#[test]
fn trap_20_lists_of_encodings_may_be_as_long_as_they_can() -> Result {
    let (server, mut viewer) = viewer(SIZE, &[])?;
    let mut all: Vec<i32> = (100_000..165_534).collect();
    all.push(encoding::ZRLE);
    viewer.set_encodings(&all)?;
    let mut canvas = Canvas::pattern(SIZE, 1);
    show(&server, &mut canvas)?;
    expect(&mut viewer, &canvas)?;
    server.with(|session| assert_eq!(session.encoding(), rfb::Encoding::ZRLE));
    server.pass(Duration::from_secs(1));
    let everything = Rect::new(0, 0, u16::MAX, u16::MAX);
    viewer.request(false, 0, 0, everything.width, everything.height)?;
    canvas.draw(SIZE.rect(), |x, y| pattern(9, x, y));
    server.with(|session| {
        let pixels = Region::from(SIZE.rect());
        assert!(session.size() == SIZE && !pixels.is_empty());
    });
    show(&server, &mut canvas)?;
    expect(&mut viewer, &canvas)
}
