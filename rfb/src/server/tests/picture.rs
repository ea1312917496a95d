//! What viewers are shown.

use super::*;

#[test]
fn everyone_sees_the_picture() {
    let mut desk = Desk::new();
    let early = desk.join();
    assert_eq!(desk.look(early), Some((SIZE.rect(), [0; 4])), "black");
    desk.server.show(&Frame::solid(SIZE, RED), &all(), &[]);
    assert_eq!(desk.server.frame().row(0)[..4], RED);
    let late = desk.join();
    for id in [early, late] {
        assert_eq!(desk.look(id), Some((SIZE.rect(), RED)));
        assert_eq!(desk.look(id), None, "nothing is new");
    }
    // A request that waits is answered by the next picture.
    let part = Rect::new(10, 70, 20, 20);
    desk.server
        .show(&Frame::solid(SIZE, GREEN), &part.into(), &[]);
    assert_eq!(desk.look(early), Some((part, GREEN)));
}

/// All of them have the number 1.
#[test]
fn frames_of_different_origin_are_told_apart() {
    let mut desk = Desk::new();
    let (one, two) = (desk.join(), desk.join());
    for value in 1..5 {
        let pixel = [value, value, value, 0];
        let frame = Frame::solid(SIZE, pixel);
        desk.server.show(&frame, &all(), &[]);
        for id in [one, two] {
            assert_eq!(desk.look(id), Some((SIZE.rect(), pixel)));
        }
    }
}

#[test]
fn viewers_share_what_is_encoded() {
    let mut desk = Desk::new();
    let ids = [desk.join(), desk.join()];
    for id in ids {
        desk.send(id, &[3, 1, 0, 0, 0, 0, 255, 255, 255, 255]);
    }
    desk.server.update(desk.now);
    let [one, two] = ids.map(|id| {
        let mut slices = [IoSlice::new(&[]); 8];
        let count = desk.server.output_vectored(id, &mut slices);
        slices[..count]
            .iter()
            .map(|s| s.as_ptr())
            .collect::<Vec<_>>()
    });
    assert_eq!(one.len(), 3, "a head, and two bands");
    assert_eq!(one[1..], two[1..]);
    assert_ne!(one[0], two[0]);
}

#[test]
fn nothing_is_kept_for_one_viewer() {
    let mut desk = Desk::new();
    let (one, _stranger) = (desk.join(), desk.connect());
    desk.look(one);
    assert_eq!(desk.server.cache.bytes(), 0);
    let two = desk.join();
    desk.look(two);
    assert!(desk.server.cache.bytes() > 0);
    desk.server.disconnect(two);
    assert_eq!(desk.server.cache.bytes(), 0);
}

#[test]
fn encodings_are_preferred() {
    let mut desk = Desk::new();
    desk.server
        .set_encodings(&[Encoding::TIGHT, Encoding::HEXTILE]);
    assert_eq!(desk.server.encodings().len(), 2);
    let id = desk.join();
    // Raw, Hextile.
    desk.send(id, &[2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5]);
    let found: Vec<_> = desk.server.viewers().map(|(_, s)| s.encoding()).collect();
    assert_eq!(found, [Encoding::HEXTILE]);
}

#[test]
fn a_new_name_and_cursor_reach_everyone() {
    let mut desk = Desk::new();
    let early = desk.join();
    let cursor = Cursor {
        size: Size::new(1, 1),
        hotspot: Point::default(),
        pixels: vec![9, 9, 9, 255],
    };
    desk.server.set_cursor(Some(Arc::new(cursor)));
    desk.server.set_name("other");
    assert_eq!(desk.server.name(), "other");
    let late = desk.connect();
    desk.send(late, HELLO);
    assert!(desk.read(late).ends_with(b"\0\0\0\x05other"));
    // Cursor and DesktopName.
    let known = [
        &[2, 0, 0, 2][..],
        &Encoding::CURSOR.0.to_be_bytes(),
        &Encoding::DESKTOP_NAME.0.to_be_bytes(),
    ]
    .concat();
    for (id, name) in [(early, true), (late, false)] {
        desk.send(id, &known);
        desk.send(id, &[3, 1, 0, 0, 0, 0, 255, 255, 255, 255]);
        let update = desk.read(id);
        let has = |bytes: &[u8]| update.windows(bytes.len()).any(|found| found == bytes);
        assert!(has(&[9, 9, 9, 0, 0x80]), "the cursor");
        assert_eq!(has(b"other"), name);
    }
}

#[test]
fn the_pointer_is_drawn_where_it_is() {
    let mut desk = Desk::new();
    let early = desk.join();
    desk.look(early);
    let cursor = Cursor {
        size: Size::new(3, 2),
        hotspot: Point::new(1, 1),
        pixels: [0, 0, 255, 255].repeat(6),
    };
    desk.server.set_pointer(Point::new(50, 40));
    desk.server.set_cursor(Some(Arc::new(cursor)));
    let late = desk.join();
    assert_eq!(desk.look(early), Some((Rect::new(49, 39, 3, 2), RED)));
    desk.server.set_cursor(None);
    assert_eq!(desk.look(early), Some((Rect::new(49, 39, 3, 2), [0; 4])));
    assert_eq!(desk.look(late), Some((SIZE.rect(), [0; 4])));
}

#[test]
fn texts_and_bells_reach_those_who_are_in() {
    let mut desk = Desk::new();
    let (joined, stranger) = (desk.join(), desk.connect());
    desk.read(stranger);
    desk.server.cut_text("hi");
    desk.server.bell();
    assert_eq!(desk.read(joined), b"\x03\0\0\0\0\0\0\x02hi\x02");
    desk.send(stranger, HELLO);
    let output = desk.read(stranger);
    assert!(output.ends_with(b"desk"), "nothing after ServerInit");
}
