//! What a viewer that is in sees and does.

use std::sync::Arc;

use offing_tests::picture::{Picture, Rgb, pattern};
use offing_tests::vnc_client::{
    self, PixelFormat, Resize, TRANSPARENT, VncClient, button, encoding,
};
use offing_tests::{Result, soon};
use rfb::{Cursor, Event, Mover, Point, Rect, ResizeStatus, Size};

use crate::canvas::Canvas;
use crate::server::{Encoder, NAME, Server, viewer, viewer_with};

const SIZE: Size = Size::new(70, 90);

/// Shows all of a canvas that changed anywhere.
fn show(server: &Server, canvas: &mut Canvas) {
    if let Some((frame, region)) = canvas.frame(&[canvas.size.rect()]) {
        server.with(|session| session.show(&frame, &region, &[]));
    }
}

/// A viewer that knows these encodings and sees a picture.
fn watching(size: Size, encodings: &[i32]) -> Result<(Server, VncClient, Canvas)> {
    let (server, mut viewer) = viewer(size, encodings)?;
    let mut canvas = Canvas::pattern(size, 1);
    show(&server, &mut canvas);
    viewer.wait_for_picture(soon(), &canvas.picture())?;
    Ok((server, viewer, canvas))
}

// Requests.

#[test]
fn a_request_waits_for_a_change() -> Result {
    let (server, mut viewer, mut canvas) = watching(SIZE, &[])?;
    viewer.request_update()?;
    assert_eq!(server.events_of(&mut viewer)?, []);
    let sent = server.sent()?.len();
    let changed = Rect::new(10, 20, 30, 5);
    canvas.draw(changed, |x, y| pattern(2, x, y));
    show(&server, &mut canvas);
    let rects = viewer.update()?;
    let found: Vec<_> = rects
        .iter()
        .map(|r| (r.x, r.y, r.width, r.height))
        .collect();
    assert_eq!(found, [(10, 20, 30, 5)]);
    assert_eq!(server.sent()?.len(), sent + 4 + 12 + 30 * 5 * 4);
    viewer.wait_for_picture(soon(), &canvas.picture())
}

#[test]
fn what_was_sent_is_not_sent_again() -> Result {
    let (server, mut viewer, mut canvas) = watching(SIZE, &[])?;
    canvas.draw(SIZE.rect(), |x, y| pattern(2, x, y));
    show(&server, &mut canvas);
    for (x, y, width, height) in [(10, 10, 30, 20), (0, 0, 70, 50), (0, 50, 70, 40)] {
        let before = viewer.updates.len();
        viewer.request(true, x, y, width, height)?;
        viewer.update()?;
        let rects = viewer.updates[before..]
            .iter()
            .flat_map(|update| &update.rects);
        let area: u32 = rects
            .map(|r| u32::from(r.width) * u32::from(r.height))
            .sum();
        let known = if width == 70 && y == 0 { 30 * 20 } else { 0 };
        assert_eq!(area + known, u32::from(width) * u32::from(height));
    }
    assert_eq!(viewer.diff(&canvas.picture()), None);
    let sent = server.sent()?.len();
    viewer.request_update()?;
    assert_eq!(server.events_of(&mut viewer)?, []);
    assert_eq!(server.sent()?.len(), sent);
    Ok(())
}

/// While an update is encoded, everything else goes on.
#[test]
fn what_happens_during_encoding_counts() -> Result {
    let encoder = Encoder::new(0);
    let (server, mut viewer) = viewer_with(SIZE, &[encoding::HEXTILE], encoder.clone())?;
    let mut canvas = Canvas::pattern(SIZE, 1);
    show(&server, &mut canvas);
    for (seed, format) in (2..).zip([PixelFormat::RGB565, PixelFormat::BGR233]) {
        let hold = encoder.hold();
        viewer.request_everything()?;
        assert_eq!(server.events_of(&mut viewer)?, []);
        server.wait_until_busy()?;
        // The update is thrown away, and made anew.
        viewer.send(&[&[0; 4], format.to_bytes().as_slice()].concat())?;
        viewer.assume_pixel_format(format);
        assert_eq!(server.events_of(&mut viewer)?, []);
        drop(hold);
        viewer.update()?;
        assert_eq!(viewer.diff(&canvas.picture()), None);

        canvas.draw(Rect::new(10, 10, 9, 9), |x, y| pattern(seed, x, y));
        show(&server, &mut canvas);
        let hold = encoder.hold();
        viewer.request_update()?;
        assert_eq!(server.events_of(&mut viewer)?, []);
        server.wait_until_busy()?;
        // This comes with the next one.
        canvas.draw(Rect::new(15, 15, 9, 9), |x, y| pattern(seed, y, x));
        show(&server, &mut canvas);
        drop(hold);
        viewer.wait_for_picture(soon(), &canvas.picture())?;
    }
    Ok(())
}

#[test]
fn the_pixel_format_may_change_at_any_time() -> Result {
    let formats = [
        PixelFormat::RGB565,
        PixelFormat::COLOUR_MAP,
        PixelFormat::BGRX,
        PixelFormat::BGR233,
        PixelFormat::COLOUR_MAP,
        PixelFormat::RGB222,
        PixelFormat::RGB555.big_endian(),
        PixelFormat::RGBX,
    ];
    for encoding in [encoding::RAW, encoding::HEXTILE, encoding::ZLIB] {
        let (server, mut viewer, mut canvas) = watching(SIZE, &[encoding])?;
        for (seed, format) in (2..).zip(formats) {
            viewer.set_pixel_format(format)?;
            viewer.wait_for_picture(soon(), &canvas.picture())?;
            canvas.draw(Rect::new(0, 0, 40, 80), |x, y| pattern(seed, x, y));
            show(&server, &mut canvas);
            viewer.wait_for_picture(soon(), &canvas.picture())?;
        }
    }
    Ok(())
}

#[test]
fn a_waiting_request_is_answered_in_the_latest_format() -> Result {
    let (server, mut viewer, mut canvas) = watching(SIZE, &[encoding::HEXTILE])?;
    viewer.request_update()?;
    let format = PixelFormat::RGB565.big_endian();
    viewer.send(&[&[0; 4], format.to_bytes().as_slice()].concat())?;
    viewer.assume_pixel_format(format);
    assert_eq!(server.events_of(&mut viewer)?, []);
    canvas.draw(SIZE.rect(), |x, y| pattern(2, x, y));
    show(&server, &mut canvas);
    viewer.update()?;
    assert_eq!(viewer.diff(&canvas.picture()), None);
    Ok(())
}

#[test]
fn the_first_encoding_that_is_known_is_used() -> Result {
    let (server, mut viewer, mut canvas) = watching(SIZE, &[encoding::HEXTILE])?;
    let lists: [(&[i32], i32); 5] = [
        (&[encoding::RAW, encoding::HEXTILE], encoding::RAW),
        // Ultra, ZYWRLE, and a number that means nothing.
        (&[9, 17, 4711, encoding::HEXTILE], encoding::HEXTILE),
        (&[9, 17], encoding::RAW),
        (&[encoding::HEXTILE, encoding::RAW], encoding::HEXTILE),
        (&[], encoding::RAW),
    ];
    for (seed, (list, expected)) in (2..).zip(lists) {
        viewer.set_encodings(list)?;
        canvas.draw(SIZE.rect(), |x, y| pattern(seed, x / 20, y));
        show(&server, &mut canvas);
        let rects = viewer.update()?;
        assert!(!rects.is_empty() && rects.iter().all(|rect| rect.encoding == expected));
        viewer.wait_for_picture(soon(), &canvas.picture())?;
        assert_eq!(server.with(|session| session.encoding().0), expected);
    }
    Ok(())
}

// The size.

const OTHER_SIZES: [Size; 4] = [
    Size::new(100, 120),
    Size::new(30, 20),
    Size::new(20, 130),
    Size::new(150, 16),
];

#[test]
fn a_viewer_that_knows_resizes_follows() -> Result {
    let known = [encoding::EXTENDED_DESKTOP_SIZE, encoding::DESKTOP_SIZE];
    for (encodings, extended) in [(&known[..], true), (&known[1..], false)] {
        let (server, mut viewer, _) = watching(SIZE, encodings)?;
        let told = if extended {
            vec![layout(SIZE, 0, 0)]
        } else {
            vec![]
        };
        assert_eq!(viewer.resizes, told);
        for (seed, size) in (2..).zip(OTHER_SIZES) {
            viewer.resizes.clear();
            let mut canvas = Canvas::pattern(size, seed);
            show(&server, &mut canvas);
            viewer.wait_for_picture(soon(), &canvas.picture())?;
            let expected = match extended {
                true => layout(size, 0, 0),
                false => Resize {
                    extended,
                    screens: vec![],
                    ..layout(size, 0, 0)
                },
            };
            assert_eq!(viewer.resizes, [expected]);
        }
        // A new size comes alone.
        for update in &viewer.updates {
            let news = update.rects.iter().any(|rect| rect.encoding < 0);
            assert!(!news || update.rects.len() == 1, "{update}");
        }
    }
    Ok(())
}

#[test]
fn a_viewer_that_learns_of_resizes_is_told_the_layout() -> Result {
    let (_server, mut viewer, _) = watching(SIZE, &[])?;
    for _ in 0..2 {
        viewer.set_encodings(&[encoding::EXTENDED_DESKTOP_SIZE])?;
        viewer.update()?;
        assert_eq!(viewer.resizes.pop(), Some(layout(SIZE, 0, 0)));
        viewer.set_encodings(&[])?;
    }
    Ok(())
}

/// An ExtendedDesktopSize of one screen.
fn layout(size: Size, reason: u16, status: u16) -> Resize {
    let Size { width, height } = size;
    Resize {
        extended: true,
        reason,
        status,
        width,
        height,
        screens: vec![vnc_client::Screen::new(1, 0, 0, width, height)],
    }
}

#[test]
fn a_viewer_that_knows_no_resizes_keeps_its_size() -> Result {
    for encoding in [encoding::RAW, encoding::HEXTILE, encoding::ZLIB] {
        let (server, mut viewer, first) = watching(SIZE, &[encoding])?;
        let black = Picture::solid(SIZE.width.into(), SIZE.height.into(), [0; 3]);
        for (seed, size) in (2..).zip(OTHER_SIZES) {
            let mut canvas = Canvas::pattern(size, seed);
            show(&server, &mut canvas);
            // Cut, and black beyond.
            let expected = black.clone().with(&canvas.picture(), 0, 0);
            viewer.wait_for_picture(soon(), &expected)?;
            canvas.draw(size.rect(), |x, y| pattern(seed, y, x));
            show(&server, &mut canvas);
            let expected = black.clone().with(&canvas.picture(), 0, 0);
            viewer.wait_for_picture(soon(), &expected)?;
        }
        let mut canvas = Canvas::pattern(SIZE, 1);
        show(&server, &mut canvas);
        viewer.wait_for_picture(soon(), &first.picture())?;
    }
    Ok(())
}

#[test]
fn a_viewer_asks_for_another_size() -> Result {
    let (server, mut viewer, canvas) = watching(SIZE, &[encoding::EXTENDED_DESKTOP_SIZE])?;
    for (status, code) in [
        (ResizeStatus::Prohibited, 1),
        (ResizeStatus::OutOfResources, 2),
        (ResizeStatus::InvalidLayout, 3),
    ] {
        viewer.set_desktop_size(100, 50)?;
        assert_eq!(server.event()?, wish(Size::new(100, 50)));
        server.with(|session| session.answer_resize(status));
        viewer.update()?;
        assert_eq!(viewer.resizes.pop(), Some(layout(SIZE, 1, code)));
        viewer.wait_for_picture(soon(), &canvas.picture())?;
    }
    for (seed, size) in (2..).zip(OTHER_SIZES) {
        viewer.set_desktop_size(size.width, size.height)?;
        assert_eq!(server.event()?, wish(size));
        let mut canvas = Canvas::pattern(size, seed);
        server.with(|session| session.answer_resize(ResizeStatus::Done));
        show(&server, &mut canvas);
        viewer.wait_for_picture(soon(), &canvas.picture())?;
        assert_eq!(viewer.resizes.last(), Some(&layout(size, 1, 0)));
    }
    Ok(())
}

fn wish(size: Size) -> Event {
    let screen = rfb::Screen {
        id: 1,
        area: size.rect(),
        flags: 0,
    };
    Event::SetDesktopSize {
        size,
        screens: vec![screen],
    }
}

// The cursor.

const RED: Rgb = [255, 0, 0];
const WHITE: Rgb = [255; 3];

/// A picture of 9 × 3 pixels, every third of which is clear, that points at (2, 1).
fn cursor(colour: Rgb) -> (Arc<Cursor>, vnc_client::Cursor) {
    let [red, green, blue] = colour;
    let pixels = (0..27).map(|at| match at % 3 {
        1 => TRANSPARENT,
        _ => [red, green, blue, 255],
    });
    let pixels: Vec<_> = pixels.collect();
    let bgra = pixels
        .iter()
        .flat_map(|[red, green, blue, alpha]| [*blue, *green, *red, *alpha]);
    let cursor = Cursor {
        size: Size::new(9, 3),
        hotspot: Point::new(2, 1),
        pixels: bgra.collect(),
    };
    let expected = vnc_client::Cursor {
        encoding: encoding::CURSOR,
        width: 9,
        height: 3,
        hotspot: (2, 1),
        pixels,
    };
    (Arc::new(cursor), expected)
}

#[test]
fn a_viewer_draws_the_cursor() -> Result {
    for format in [
        PixelFormat::BGRX,
        PixelFormat::RGBX,
        PixelFormat::RGB565.big_endian(),
        PixelFormat::BGR233,
        PixelFormat::COLOUR_MAP,
    ] {
        let (server, mut viewer, canvas) = watching(SIZE, &[encoding::CURSOR])?;
        viewer.set_pixel_format(format)?;
        for (count, colour) in (1..).zip([RED, WHITE]) {
            let (cursor, expected) = cursor(colour);
            server.with(|session| session.set_cursor(Some(cursor)));
            viewer.wait_until(soon(), "a cursor", |viewer| viewer.cursors == count)?;
            assert_eq!(viewer.cursor, Some(expected));
        }
        server.with(|session| session.set_cursor(None));
        viewer.wait_until(soon(), "no cursor", |viewer| viewer.cursors == 3)?;
        let hidden = viewer.cursor.as_ref().map(|cursor| cursor.pixels.len());
        assert_eq!(hidden, Some(0));
        server.with(|session| session.set_pointer(Point::new(40, 40), Mover::ThisViewer));
        viewer.wait_for_picture(soon(), &canvas.picture())?;
    }
    Ok(())
}

/// A picture with the cursor drawn at `at`.
fn with_cursor(canvas: &Canvas, cursor: &vnc_client::Cursor, at: Point) -> Picture {
    let picture = canvas.picture();
    Picture::draw(picture.width, picture.height, |x, y| {
        let column = (x + cursor.hotspot.0).checked_sub(at.x.into());
        let row = (y + cursor.hotspot.1).checked_sub(at.y.into());
        let over = match (column, row) {
            (Some(column), Some(row)) if column < cursor.width && row < cursor.height => {
                cursor.pixels[row * cursor.width + column]
            }
            _ => TRANSPARENT,
        };
        match over {
            [red, green, blue, 255] => [red, green, blue],
            _ => picture.pixel(x, y),
        }
    })
}

#[test]
fn the_cursor_is_drawn_for_a_viewer_that_cannot() -> Result {
    for encoding in [encoding::RAW, encoding::HEXTILE, encoding::ZLIB] {
        let (server, mut viewer, mut canvas) = watching(SIZE, &[encoding])?;
        for colour in [RED, WHITE] {
            let (cursor, expected) = cursor(colour);
            server.with(|session| session.set_cursor(Some(cursor)));
            // Anywhere, over two bands, at every edge, and outside.
            for (x, y) in [(30, 40), (33, 63), (0, 0), (69, 89), (68, 1), (75, 95)] {
                let at = Point::new(x, y);
                server.with(|session| session.set_pointer(at, Mover::ThisViewer));
                viewer.wait_for_picture(soon(), &with_cursor(&canvas, &expected, at))?;
                canvas.draw(Rect::new(25, 35, 30, 40), |x, y| pattern(at.x.into(), x, y));
                show(&server, &mut canvas);
                viewer.wait_for_picture(soon(), &with_cursor(&canvas, &expected, at))?;
            }
            server.with(|session| session.set_cursor(None));
            viewer.wait_for_picture(soon(), &canvas.picture())?;
        }
    }
    Ok(())
}

#[test]
fn who_draws_the_cursor_may_change() -> Result {
    let (server, mut viewer, canvas) = watching(SIZE, &[])?;
    let at = Point::new(30, 40);
    let (cursor, expected) = cursor(RED);
    server.with(|session| {
        session.set_cursor(Some(cursor));
        session.set_pointer(at, Mover::ThisViewer);
    });
    let drawn = with_cursor(&canvas, &expected, at);
    for count in 1..=2 {
        viewer.wait_for_picture(soon(), &drawn)?;
        viewer.set_encodings(&[encoding::CURSOR, encoding::HEXTILE])?;
        viewer.wait_for_picture(soon(), &canvas.picture())?;
        viewer.wait_until(soon(), "a cursor", |viewer| viewer.cursors == count)?;
        assert_eq!(viewer.cursor.as_ref(), Some(&expected));
        viewer.set_encodings(&[])?;
    }
    Ok(())
}

// The rest.

#[test]
fn the_name_may_change() -> Result {
    let (server, mut viewer, mut canvas) = watching(SIZE, &[encoding::DESKTOP_NAME])?;
    assert_eq!(viewer.name, NAME);
    for name in ["ein Büro ☃", "", &"x".repeat(100_000)] {
        server.with(|session| session.set_name(name));
        viewer.wait_until(soon(), "the name", |viewer| viewer.name == name)?;
    }
    viewer.set_encodings(&[])?;
    server.with(|session| session.set_name("unheard"));
    canvas.draw(SIZE.rect(), |x, y| pattern(2, x, y));
    show(&server, &mut canvas);
    viewer.wait_for_picture(soon(), &canvas.picture())?;
    assert_eq!(viewer.name.len(), 100_000);
    Ok(())
}

#[test]
fn texts_and_the_bell_reach_the_viewer() -> Result {
    let (server, mut viewer, _) = watching(SIZE, &[])?;
    let longest = "é".repeat(1 << 20);
    let longer = longest.clone() + "e";
    server.with(|session| session.cut_text("Grüße\r\nan ☃\n"));
    viewer.read_message()?;
    server.with(|session| session.cut_text(&longest));
    viewer.read_message()?;
    // It is too long, so the bell comes next.
    server.with(|session| session.cut_text(&longer));
    server.with(|session| session.bell());
    viewer.read_message()?;
    assert_eq!(viewer.cut_texts, ["Grüße\nan ?\n", &longest]);
    assert_eq!(viewer.bells, 1);
    Ok(())
}

#[test]
fn input_arrives_in_order() -> Result {
    let (server, mut viewer, _) = watching(SIZE, &[])?;
    viewer.key(0xffe1, true)?;
    viewer.pointer(69, 89, button::LEFT | button::WHEEL_RIGHT)?;
    viewer.cut_text("a\r\nb\rcé")?;
    viewer.pointer(70, 65_535, 0)?;
    viewer.key(0x0100_20ac, true)?;
    viewer.key(0xffe1, false)?;
    let expected = [
        key(0xffe1, true),
        Event::Pointer {
            x: 69,
            y: 89,
            buttons: 0b100_0001,
        },
        Event::CutText("a\nb\ncé".into()),
        // Inside the picture.
        Event::Pointer {
            x: 69,
            y: 89,
            buttons: 0,
        },
        key(0x0100_20ac, true),
        key(0xffe1, false),
    ];
    assert_eq!(server.events_of(&mut viewer)?, expected);
    Ok(())
}

fn key(keysym: u32, pressed: bool) -> Event {
    Event::Key {
        keysym,
        keycode: None,
        pressed,
    }
}
