use super::*;

fn cursor() -> Arc<Cursor> {
    Arc::new(Cursor {
        size: Size::new(4, 2),
        hotspot: Point::new(1, 1),
        pixels: [1, 2, 3, 255].repeat(8),
    })
}

#[test]
fn a_cursor_is_sent_ahead_of_the_pixels() {
    let mut peer = Peer::watching(&[Encoding::CURSOR]);
    let update = peer.next().unwrap();
    assert!(all_pixels(&update, BLUE), "nothing is known of a cursor");

    peer.session.set_cursor(Some(cursor()));
    damaged(&mut peer, &[Rect::new(0, 0, 1, 1)]);
    let update = peer.next().unwrap();
    let [image, pixels] = update.as_slice() else {
        panic!("{update:?}");
    };
    assert_eq!((image.encoding, image.rect), (-239, Rect::new(1, 1, 4, 2)));
    assert_eq!(image.data[..32], [1, 2, 3, 0].repeat(8));
    assert_eq!(image.data[32..], [0xf0, 0xf0]);
    assert!(pixels.is_pixels());

    // Once, and it is nothing to draw.
    peer.session
        .set_pointer(Point::new(20, 20), Mover::ThisViewer);
    assert_eq!(peer.next(), None);
    peer.session.set_cursor(None);
    let update = peer.update().unwrap();
    assert_eq!(rects(&update), [Rect::default()]);
    assert_eq!(update[0].encoding, -239);
}

#[test]
fn a_cursor_follows_the_pixel_format() {
    let mut peer = Peer::watching(&[Encoding::CURSOR]);
    peer.next();
    peer.session.set_cursor(Some(cursor()));
    peer.send(&set_pixel_format(PixelFormat::BGR233));
    let update = peer.next().unwrap();
    assert_eq!(update[0].data, [[0; 8].as_slice(), &[0xf0, 0xf0]].concat());
}

#[test]
fn a_cursor_is_drawn_for_a_viewer_that_cannot() {
    let mut peer = Peer::watching(&[]);
    peer.session.set_cursor(Some(cursor()));
    peer.session
        .set_pointer(Point::new(11, 11), Mover::ThisViewer);
    peer.send(&request(true, ALL));
    let plan = peer.session.plan_update(peer.now).unwrap();
    let keys: Vec<bool> = plan.jobs().iter().map(|job| job.key().is_some()).collect();
    assert_eq!(
        keys,
        [false, true],
        "only the first band is this viewer's own"
    );
    let segments = run(&plan);
    peer.session.finish_update(plan, segments);
    peer.read();
    let update = read_update(&mut Reader::new(&peer.output), PixelFormat::BGRX);
    peer.output.clear();
    let at = |x: usize, y: usize| &update[0].data[(y * 200 + x) * 4..][..4];
    assert_eq!(at(10, 10), [1, 2, 3, 0]);
    assert_eq!(at(13, 11), [1, 2, 3, 0]);
    assert_eq!(at(14, 11), BLUE);
    assert_eq!(at(9, 10), BLUE);

    // It moves: its old place and its new one.
    peer.session
        .set_pointer(Point::new(101, 41), Mover::ThisViewer);
    let update = peer.next().unwrap();
    assert_eq!(
        rects(&update),
        [Rect::new(10, 10, 4, 2), Rect::new(100, 40, 4, 2)]
    );
    assert!(update[0].is_all(BLUE) && update[1].is_all([1, 2, 3, 0]));
    // It stays, or changes, or goes.
    peer.session
        .set_pointer(Point::new(101, 41), Mover::ThisViewer);
    assert_eq!(peer.next(), None);
    peer.session.set_cursor(None);
    let update = peer.update().unwrap();
    assert_eq!(rects(&update), [Rect::new(100, 40, 4, 2)]);
    assert!(update[0].is_all(BLUE));
}

#[test]
fn who_draws_the_cursor_may_change() {
    let mut peer = Peer::watching(&[]);
    peer.session.set_cursor(Some(cursor()));
    peer.next();
    let drawn = Rect::new(0, 0, 3, 1);
    peer.send(&set_encodings(&[Encoding::CURSOR]));
    let update = peer.next().unwrap();
    assert_eq!(rects(&update), [Rect::new(1, 1, 4, 2), drawn]);
    assert!(update[1].is_all(BLUE));
    peer.send(&set_encodings(&[]));
    let update = peer.next().unwrap();
    assert_eq!(rects(&update), [drawn]);
    assert!(update[0].is_all([1, 2, 3, 0]));
}

#[test]
fn the_best_form_that_a_viewer_knows_is_used() {
    let all = [
        Encoding::X_CURSOR,
        Encoding::CURSOR,
        Encoding::VMWARE_CURSOR,
        Encoding::CURSOR_WITH_ALPHA,
    ];
    for known in 1..=all.len() {
        let mut peer = Peer::watching(&all[..known]);
        peer.session.set_cursor(Some(cursor()));
        let update = peer.next().unwrap();
        assert_eq!(update[0].encoding, all[known - 1].0);
        // Another form, the same picture.
        peer.send(&set_encodings(&all[..1]));
        match known {
            1 => assert_eq!(peer.next(), None),
            _ => assert_eq!(peer.next().unwrap()[0].encoding, all[0].0),
        }
    }
}

#[test]
fn who_watches_sees_the_pointer_of_who_moves_it() {
    let mut peer = Peer::watching(&[Encoding::CURSOR]);
    peer.session.set_cursor(Some(cursor()));
    peer.next();
    peer.send(&pointer(0, 10, 10));
    let at = |x| Point::new(x, 41);
    peer.session.set_pointer(at(10), Mover::ThisViewer);
    assert_eq!(peer.next(), None);

    // Another one moves it: it is hidden in the viewer, and drawn.
    peer.session.set_pointer(at(101), Mover::OtherViewer);
    let update = peer.update().unwrap();
    assert_eq!(
        (update[0].encoding, update[0].rect),
        (-239, Rect::default())
    );
    assert_eq!(rects(&update[1..]), [Rect::new(100, 40, 4, 2)]);
    assert!(update[1].is_all([1, 2, 3, 0]));
    peer.session.set_pointer(at(151), Mover::OtherViewer);
    let update = peer.next().unwrap();
    assert_eq!(
        rects(&update),
        [Rect::new(100, 40, 4, 2), Rect::new(150, 40, 4, 2)]
    );

    // The viewer moves it again, and draws it at once.
    peer.send(&pointer(0, 20, 20));
    let update = peer.next().unwrap();
    assert_eq!(update[0].rect, Rect::new(1, 1, 4, 2));
    assert_eq!(rects(&update[1..]), [Rect::new(150, 40, 4, 2)]);
    assert!(update[1].is_all(BLUE));
}

#[test]
fn who_can_follow_the_pointer_is_told_its_place() {
    let mut peer = Peer::watching(&[Encoding::CURSOR, Encoding::POINTER_POS]);
    peer.session.set_cursor(Some(cursor()));
    peer.next();
    peer.session
        .set_pointer(Point::new(30, 40), Mover::OtherViewer);
    let update = peer.next().unwrap();
    assert_eq!(rects(&update), [Rect::new(30, 40, 0, 0)]);
    assert_eq!(update[0].encoding, -232);
    // Not if it does not want that any more.
    peer.session
        .set_pointer(Point::new(50, 60), Mover::OtherViewer);
    peer.send(&set_encodings(&[Encoding::COPY_RECT]));
    let update = peer.next().unwrap();
    assert!(update.iter().all(Rectangle::is_pixels), "{update:?}");
    peer.send(&set_encodings(&[Encoding::CURSOR, Encoding::POINTER_POS]));
    peer.next();
    // Its own moves it knows.
    peer.send(&pointer(0, 9, 9));
    peer.session
        .set_pointer(Point::new(9, 9), Mover::ThisViewer);
    assert_eq!(peer.next(), None);
}

#[test]
fn a_place_of_a_larger_picture_is_told_with_that_picture() {
    let mut peer = Peer::watching(&[Encoding::DESKTOP_SIZE, Encoding::POINTER_POS]);
    peer.next();
    let far = Point::new(SIZE.width + 5, 10);
    peer.session.set_pointer(far, Mover::OtherViewer);
    assert_eq!(peer.next(), None);
    peer.show(Size::new(SIZE.width * 2, SIZE.height), BLUE);
    let size = peer.update().unwrap();
    assert_eq!(size[0].encoding, Encoding::DESKTOP_SIZE.0);
    let update = peer.next().unwrap();
    assert_eq!(rects(&update[..1]), [Rect::new(far.x, far.y, 0, 0)]);
    assert_eq!(update[0].encoding, Encoding::POINTER_POS.0);
}

#[test]
fn who_moves_its_pointer_for_programs_is_told_so() {
    let mut peer = Peer::watching(&[Encoding::CURSOR, Encoding::VMWARE_CURSOR_POSITION]);
    peer.session.set_cursor(Some(cursor()));
    peer.next();
    peer.session.set_pointer(Point::new(30, 40), Mover::Program);
    let update = peer.next().unwrap();
    assert_eq!(rects(&update), [Rect::new(30, 40, 0, 0)]);
    assert_eq!(update[0].encoding, 0x574d_5666);
    // For a viewer that has no such thing, its own place counts.
    let mut plain = Peer::watching(&[Encoding::CURSOR]);
    plain.next();
    plain
        .session
        .set_pointer(Point::new(30, 40), Mover::Program);
    assert_eq!(plain.next(), None);
}

#[test]
fn motion_in_place_of_places() {
    let mut peer = Peer::watching(&[Encoding::QEMU_POINTER_MOTION_CHANGE]);
    let update = peer.next().unwrap();
    assert_eq!((update[0].encoding, update[0].rect.x), (-257, 1), "places");
    peer.session.set_relative_pointer(true);
    // Until it is told, it sends places.
    peer.send(&pointer(0, 10, 20));
    let update = peer.next().unwrap();
    assert_eq!((update[0].encoding, update[0].rect.x), (-257, 0), "motion");
    peer.events.clear();
    peer.send(&pointer(1, 0x7fff, 0x7fff));
    peer.send(&pointer(0, 0x7fff + 5, 0x7fff - 3));
    // These are a place of before, with a button that is held and let go.
    peer.send(&pointer(1, 10, 20));
    peer.send(&pointer(0, 10, 20));
    let motion = |dx, dy, buttons| Event::Motion { dx, dy, buttons };
    let buttons = [motion(0, 0, 1), motion(0, 0, 0)];
    let expected = [motion(0, 0, 1), motion(5, -3, 0)];
    assert_eq!(peer.events, [expected, buttons.clone()].concat());
    peer.session.set_relative_pointer(false);
    peer.next();
    // Motion of before is no place in the corner.
    peer.events.clear();
    peer.send(&pointer(1, 0x7fff + 5, 0x7fff - 3));
    peer.send(&pointer(0, 0x7fff, 0x7fff));
    assert_eq!(peer.events, buttons);
    peer.send(&pointer(0, 10, 20));
    assert!(matches!(peer.events.last(), Some(Event::Pointer { .. })));
    // One that lists it no more sends places.
    peer.session.set_relative_pointer(true);
    peer.next();
    peer.send(&set_encodings(&[]));
    peer.send(&pointer(0, 10, 20));
    assert!(matches!(peer.events.last(), Some(Event::Pointer { .. })));
    // Others never learn of it.
    let mut plain = Peer::watching(&[]);
    plain.next();
    plain.session.set_relative_pointer(true);
    assert_eq!(plain.next(), None);
}

#[test]
fn who_joins_is_told_where_another_one_has_the_pointer() {
    let mut peer = Peer::ready();
    peer.session.set_cursor(None);
    peer.session
        .set_pointer(Point::new(30, 40), Mover::OtherViewer);
    peer.show(SIZE, BLUE);
    peer.send(&set_encodings(&[
        Encoding::COPY_RECT,
        Encoding::CURSOR,
        Encoding::POINTER_POS,
        Encoding::EXTENDED_DESKTOP_SIZE,
        Encoding::XVP,
        Encoding::QEMU_EXTENDED_KEY_EVENT,
    ]));
    peer.said();
    peer.send(&request(false, ALL));
    let size = peer.update().unwrap();
    assert_eq!(size[0].encoding, -308);
    let update = peer.next().unwrap();
    let encodings: Vec<i32> = update.iter().map(|it| it.encoding).collect();
    assert_eq!(encodings, [-239, -232, -258, 0, 0]);
    assert_eq!(update[1].rect, Rect::new(30, 40, 0, 0));
}
