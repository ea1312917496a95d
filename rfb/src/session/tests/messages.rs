use super::*;
use crate::clipboard::{MAX_CONTENTS, MAX_TEXT};
use crate::encoding::{Jpeg, Method};
use crate::pixel_format::InvalidPixelFormat;

#[test]
fn input_is_reported() {
    let mut peer = Peer::ready();
    peer.send(&key(0xff0d, true));
    peer.send(&key(0xff0d, false));
    peer.send(&pointer(0b101, 10, 20));
    peer.send(&pointer(0x80, 200, 65_535));
    peer.send(&cut_text(b"caf\xe9\r\n"));
    let pressed = |pressed| Event::Key {
        keysym: 0xff0d,
        keycode: None,
        pressed,
    };
    let at = |x, y, buttons| Event::Pointer { x, y, buttons };
    assert_eq!(
        peer.events,
        [
            pressed(true),
            pressed(false),
            at(10, 20, 5),
            at(199, 99, 128),
            Event::CutText("caf\u{e9}\n".into()),
        ]
    );
}

#[test]
fn a_viewer_may_only_view() {
    let mut peer = Peer::ready_with(Rights::ViewOnly);
    peer.send(&set_encodings(&[Encoding::EXTENDED_DESKTOP_SIZE]));
    peer.send(&key(97, true));
    peer.send(&pointer(1, 10, 20));
    peer.send(&cut_text(b"text"));
    peer.send(&set_desktop_size(SIZE, &[ALL]));
    assert_eq!(peer.events, []);
    let update = peer.next().unwrap();
    assert_eq!(update[0].rect, Rect::new(1, 1, 200, 100), "prohibited");
}

#[test]
fn pixel_formats() {
    let mut peer = Peer::watching(&[]);
    peer.send(&set_pixel_format(PixelFormat::BGR233));
    assert_eq!(peer.session.pixel_format(), PixelFormat::BGR233);
    let update = peer.next().unwrap();
    assert_eq!(area(&update), SIZE.area());
    for rectangle in &update {
        assert!(rectangle.data.iter().all(|pixel| *pixel == 0b1100_0000));
    }

    let mut bytes = set_pixel_format(PixelFormat::BGRX);
    bytes[4] = 24;
    assert_eq!(
        peer.try_send(&bytes),
        Err(Error::PixelFormat(InvalidPixelFormat::BitsPerPixel(24)))
    );
    assert!(peer.session.is_closing());
}

#[test]
fn a_colour_map_is_sent_ahead_of_the_pixels_once() {
    let mut peer = Peer::watching(&[]);
    peer.send(&set_pixel_format(PixelFormat::COLOUR_MAP));
    peer.send(&request(true, ALL));
    assert!(peer.session.send_frame(peer.now));
    peer.read();
    let mut map = Vec::new();
    server_message::set_colour_map_entries(&mut map);
    assert!(peer.output.starts_with(&map));
    let mut reader = Reader::new(&peer.output[map.len()..]);
    let update = read_update(&mut reader, PixelFormat::COLOUR_MAP);
    assert_eq!(area(&update), SIZE.area());

    // The next update is one, not a colour map again.
    peer.output.clear();
    peer.show(SIZE, GREEN);
    assert!(peer.next().is_some());

    let mut bytes = set_pixel_format(PixelFormat::COLOUR_MAP);
    bytes[4] = 16;
    assert_eq!(
        peer.try_send(&bytes),
        Err(Error::PixelFormat(InvalidPixelFormat::ColourMap(16)))
    );
}

#[test]
fn the_viewers_order_of_encodings_counts() {
    let mut peer = Peer::ready();
    assert_eq!(peer.session.encoding(), Encoding::RAW);
    for (encodings, expected) in [
        (
            &[Encoding(12_345), Encoding::HEXTILE, Encoding::RAW][..],
            Encoding::HEXTILE,
        ),
        (&[Encoding::RAW, Encoding::HEXTILE], Encoding::RAW),
        (&[Encoding::OPEN_H264, Encoding(12_345)], Encoding::RAW),
        (&[], Encoding::RAW),
    ] {
        peer.send(&set_encodings(encodings));
        assert_eq!(peer.session.encoding(), expected);
    }
}

#[test]
fn levels_count_where_the_encoding_knows_them() {
    let (hard, good) = (Encoding(-247), Encoding(-23));
    let best = Jpeg::wanted(&[good]);
    for (encoding, level, jpeg) in [
        (Encoding::TIGHT, 9, best),
        (Encoding::ZLIB, 9, None),
        (Encoding::JPEG, Method::USUAL_LEVEL, best),
        (Encoding::HEXTILE, Method::USUAL_LEVEL, None),
    ] {
        let mut peer = Peer::watching(&[encoding, hard, good]);
        peer.send(&request(false, ALL));
        let plan = peer.session.plan_update(peer.now).unwrap();
        let method = plan.jobs()[0].key().unwrap().method;
        let expected = Method {
            encoding,
            level,
            jpeg,
        };
        assert_eq!(method, expected);
    }
}

#[test]
fn a_viewer_of_tight_may_get_a_variant() {
    for (more, expected) in [
        (&[][..], Encoding::TIGHT),
        (&[Encoding::TIGHT_PNG], Encoding::TIGHT_PNG),
        (
            &[Encoding::TIGHT_WITHOUT_ZLIB, Encoding(-256)],
            Encoding::TIGHT_WITHOUT_ZLIB,
        ),
    ] {
        let mut peer = Peer::ready();
        peer.send(&set_encodings(&[&[Encoding::TIGHT], more].concat()));
        assert_eq!(peer.session.encoding(), expected);
    }
}

#[test]
fn as_many_encodings_as_can_be_listed() {
    let mut encodings: Vec<Encoding> = (0..65_535)
        .map(|number| Encoding(number + 100_000))
        .collect();
    encodings[65_533] = Encoding::HEXTILE;
    encodings[65_534] = Encoding::CURSOR;
    let mut peer = Peer::ready();
    peer.send(&set_encodings(&encodings));
    assert_eq!(peer.session.encoding(), Encoding::HEXTILE);
    peer.send(&key(97, true));
    assert_eq!(peer.events.len(), 1);
}

#[test]
fn long_texts_are_taken() {
    let mut peer = Peer::ready();
    peer.send(&cut_text(&vec![b'a'; MAX_CONTENTS]));
    peer.send(&cut_text(&vec![b'b'; MAX_CONTENTS + 1]));
    peer.send(&cut_text(b""));
    // The extended clipboard was not agreed on: its length is negative.
    peer.send(&[6, 0, 0, 0, 255, 255, 255, 251, 1, 2, 3, 4, 5]);
    peer.send(&key(97, true));
    let texts: Vec<usize> = peer
        .events
        .iter()
        .filter_map(|event| match event {
            Event::CutText(text) => Some(text.len()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, [MAX_CONTENTS, 0]);
    assert_eq!(peer.events.len(), 3);
}

#[test]
fn what_is_read_past_can_be_long() {
    let mut peer = Peer::ready();
    peer.send(&[6, 0, 0, 0, 0x80, 0, 0, 0]);
    let piece = vec![0; 1 << 20];
    for _ in 0..2048 {
        assert_eq!(peer.session.receive(peer.now, &piece), Ok(piece.len()));
    }
    peer.send(&key(97, true));
    assert_eq!(peer.events.len(), 1);
}

#[test]
fn unknown_messages_end_the_session_after_the_events_before() {
    let mut peer = Peer::ready();
    let bytes = [&key(97, true)[..], &[7, 0, 0, 0], &key(98, true)].concat();
    assert_eq!(peer.try_send(&bytes), Err(Error::UnknownMessage(7)));
    assert_eq!(peer.events.len(), 1);
    assert!(peer.session.is_closing());
    peer.send(&key(99, true));
    peer.session.bell();
    assert_eq!(peer.events.len(), 1);
    assert!(!peer.session.has_output());
}

#[test]
fn events_that_nobody_fetches_stop_the_viewer() {
    let mut peer = Peer::ready();
    let script: Vec<u8> = (0..200).flat_map(|keysym| key(keysym, true)).collect();
    let taken = peer.session.receive(peer.now, &script).unwrap();
    assert_eq!(taken, 64 * 8);
    assert_eq!(peer.session.receive(peer.now, &script[taken..]), Ok(0));
    assert!(peer.session.poll_event().is_some());
    assert_eq!(peer.session.receive(peer.now, &script[taken..]), Ok(8));
    peer.send(&script[taken + 8..]);
    assert_eq!(peer.events.len(), 199);
}

#[test]
fn texts_that_nobody_fetches_are_bounded() {
    let mut peer = Peer::ready();
    let text = cut_text(&vec![b'a'; MAX_TEXT / 2]);
    let script = text.repeat(5);
    let taken = peer.session.receive(peer.now, &script).unwrap();
    assert_eq!(taken, text.len() * 2);
    peer.send(&script[taken..]);
    assert_eq!(peer.events.len(), 5);
}

#[test]
fn bell_and_text_wait_for_the_output() {
    let mut peer = Peer::ready();
    peer.session.cut_text("one");
    peer.session.cut_text("two");
    peer.session.bell();
    peer.session.cut_text("thr\u{20ac}e");
    peer.session.bell();
    peer.session.cut_text(&"x".repeat(MAX_TEXT + 1));
    assert_eq!(peer.session.output(), b"\x03\0\0\0\0\0\0\x03one");
    // As long as a byte is left, nothing follows.
    peer.session.consume(peer.now, 10);
    assert_eq!(peer.session.output(), b"e");
    peer.session.consume(peer.now, 1);
    peer.read();
    assert_eq!(peer.output, b"\x02\x03\0\0\0\0\0\0\x05thr?e");
}

#[test]
fn a_text_before_the_viewer_is_in_comes_after() {
    let mut peer = Peer::new(&[Security::NONE]);
    peer.session.cut_text("early");
    peer.session.bell();
    peer.send(&hello());
    let end = b"desk\x02\x03\0\0\0\0\0\0\x05early";
    assert!(peer.output.ends_with(end));
}

#[test]
fn requests_are_reported_if_that_is_wanted() {
    let list = [Encoding::HEXTILE, Encoding(4711), Encoding::CURSOR];
    let script = [
        set_pixel_format(PixelFormat::BGR233),
        set_encodings(&list),
        request(true, Rect::new(1, 2, 300, 4)),
        request(false, ALL),
        key(97, true),
    ]
    .concat();
    let mut peer = Peer::ready_with(Rights::ViewOnly);
    peer.send(&script);
    assert_eq!(peer.events, []);
    peer.session.report_requests();
    peer.send(&script);
    let asked = |incremental, area| Event::FramebufferUpdateRequest { incremental, area };
    assert_eq!(
        peer.events,
        [
            Event::SetPixelFormat(PixelFormat::BGR233),
            Event::SetEncodings(list.to_vec()),
            asked(true, Rect::new(1, 2, 300, 4)),
            asked(false, ALL),
        ]
    );
    assert_eq!(peer.session.encoding(), Encoding::HEXTILE);
}

#[test]
fn reported_lists_are_bounded() {
    let mut peer = Peer::ready();
    peer.session.report_requests();
    let list = set_encodings(&[Encoding::RAW; u16::MAX as usize]);
    let lists = list.repeat(20);
    let taken = peer.session.receive(peer.now, &lists).unwrap();
    assert_eq!(taken, list.len() * 5, "more than 1 MiB after the fifth");
    peer.send(&lists[taken..]);
    assert_eq!(peer.events.len(), 20);
}
