use super::*;

const EXTENDED: &[Encoding] = &[Encoding::EXTENDED_DESKTOP_SIZE, Encoding::DESKTOP_SIZE];
const OTHER: Size = Size::new(300, 150);

fn rgbx() -> PixelFormat {
    let mut bytes = PixelFormat::BGRX.write();
    bytes[10..13].copy_from_slice(&[0, 8, 16]);
    PixelFormat::parse(bytes).unwrap()
}

// Requests.

#[test]
fn everything_then_what_changes() {
    let mut peer = Peer::watching(&[]);
    assert_eq!(peer.update(), None, "nobody asked");
    let update = peer.next().unwrap();
    assert!(all_pixels(&update, BLUE));
    assert_eq!(
        rects(&update),
        [Rect::new(0, 0, 200, 64), Rect::new(0, 64, 200, 36)]
    );

    assert_eq!(peer.next(), None, "nothing changed");
    assert!(peer.session.wants_frame(), "the request waits");
    let changed = [Rect::new(10, 10, 5, 5), Rect::new(50, 50, 10, 5)];
    damaged(&mut peer, &changed);
    let update = peer.update().unwrap();
    assert!(all_pixels(&update, GREEN));
    assert_eq!(rects(&update), changed);
    assert!(!peer.session.wants_frame(), "one update each request");
    damaged(&mut peer, &changed);
    assert_eq!(peer.update(), None);
}

#[test]
fn no_frame_no_pixels() {
    let mut peer = Peer::ready();
    assert_eq!(peer.next(), None);
    peer.show(SIZE, BLUE);
    assert_eq!(area(&peer.update().unwrap()), SIZE.area());
}

#[test]
fn only_what_is_asked_for() {
    let mut peer = Peer::watching(&[]);
    let left = Rect::new(0, 0, 50, 100);
    peer.send(&request(true, left));
    let update = peer.update().unwrap();
    assert_eq!(area(&update), left.area());
    assert!(rects(&update).iter().all(|rect| left.contains(*rect)));
    peer.send(&request(true, left));
    assert_eq!(peer.update(), None);
    let update = peer.next().unwrap();
    assert_eq!(area(&update), SIZE.area() - left.area());
}

#[test]
fn requests_merge() {
    let mut peer = Peer::watching(&[]);
    peer.next();
    let (a, b) = (Rect::new(0, 0, 10, 10), Rect::new(20, 20, 10, 10));
    peer.send(&request(false, a));
    peer.send(&request(false, b));
    peer.send(&request(true, Rect::new(5, 5, 1, 1)));
    assert_eq!(rects(&peer.update().unwrap()), [a, b]);
    assert_eq!(peer.update(), None);
}

#[test]
fn requests_are_clipped() {
    let mut peer = Peer::watching(&[]);
    peer.next();
    for (area, sent) in [
        (
            Rect::new(190, 90, 65_535, 65_535),
            Some(Rect::new(190, 90, 10, 10)),
        ),
        (Rect::new(200, 0, 10, 10), None),
        (Rect::new(65_535, 65_535, 65_535, 65_535), None),
        (Rect::new(10, 10, 0, 5), None),
    ] {
        peer.send(&request(false, area));
        let update = peer.update();
        assert_eq!(update.map(|update| update[0].rect), sent);
    }
}

#[test]
fn moves_are_damage_where_they_end() {
    let mut peer = Peer::watching(&[]);
    peer.next();
    let moved = |from, to| Move { from, to };
    let moves = [
        moved(Rect::new(0, 0, 10, 10), Point::new(30, 30)),
        moved(Rect::new(0, 0, 10, 10), Point::new(195, 95)),
        moved(Rect::new(0, 0, 10, 10), Point::new(65_535, 65_535)),
    ];
    let frame = Frame::solid(SIZE, GREEN);
    peer.session.show(&frame, &Region::new(), &moves);
    let expected = [Rect::new(30, 30, 10, 10), Rect::new(195, 95, 5, 5)];
    assert_eq!(rects(&peer.next().unwrap()), expected);
}

#[test]
fn nothing_is_planned_before_the_output_is_written() {
    let mut peer = Peer::watching(&[]);
    peer.send(&request(true, ALL));
    peer.session.bell();
    assert!(!peer.session.wants_frame());
    assert!(peer.session.plan_update(peer.now).is_none());
    peer.session.consume(peer.now, 1);
    assert!(peer.session.send_frame(peer.now));
    let request = request(false, ALL);
    assert_eq!(peer.session.receive(peer.now, &request), Ok(10));
    peer.session.consume(peer.now, 1);
    assert!(!peer.session.wants_frame());
    peer.read();
    assert!(peer.session.wants_frame());
}

// Plans.

#[test]
fn two_viewers_in_step_share_their_jobs() {
    let mut peers = [Peer::watching(&[]), Peer::watching(&[])];
    let frame = Frame::solid(SIZE, BLUE);
    let damage: Region = [Rect::new(3, 3, 5, 5), Rect::new(90, 60, 20, 20)]
        .into_iter()
        .collect();
    let plans = peers.each_mut().map(|peer| {
        peer.next();
        peer.session.show(&frame, &damage, &[]);
        peer.send(&request(true, ALL));
        peer.session.plan_update(peer.now).unwrap()
    });
    let keys = plans.each_ref().map(|plan| {
        let keys = plan.jobs().iter().map(|job| job.key().unwrap());
        keys.collect::<Vec<_>>()
    });
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0].len(), 3, "cut at row 64");
    for (peer, plan) in peers.iter_mut().zip(plans) {
        assert_eq!(plan.jobs()[0].area(), 25);
        assert_eq!(plan.jobs()[0].rect(), Rect::new(3, 3, 5, 5));
        let segments = run(&plan);
        peer.session.finish_update(plan, segments);
        peer.read();
    }
    assert_eq!(peers[0].output, peers[1].output);
}

#[test]
fn one_plan_at_a_time_and_it_commits_nothing() {
    let mut peer = Peer::watching(&[]);
    peer.send(&request(true, ALL));
    let plan = peer.session.plan_update(peer.now).unwrap();
    assert!(!peer.session.has_output());
    peer.send(&request(false, ALL));
    assert!(!peer.session.wants_frame());
    assert!(peer.session.plan_update(peer.now).is_none());
    let segments = run(&plan);
    peer.session.finish_update(plan, segments);
    assert!(peer.session.has_output());
    peer.read();
    peer.output.clear();
    // The second request came after the plan, so it gets an update of its own.
    assert_eq!(area(&peer.update().unwrap()), SIZE.area());
}

#[test]
fn damage_during_a_plan_comes_after_it() {
    let mut peer = Peer::watching(&[]);
    peer.send(&request(true, ALL));
    let plan = peer.session.plan_update(peer.now).unwrap();
    let changed = Rect::new(10, 10, 5, 5);
    damaged(&mut peer, &[changed]);
    let segments = run(&plan);
    peer.session.finish_update(plan, segments);
    peer.read();
    let update = read_update(&mut Reader::new(&peer.output), PixelFormat::BGRX);
    assert!(all_pixels(&update, BLUE), "the frame it was planned for");
    peer.output.clear();
    assert_eq!(rects(&peer.next().unwrap()), [changed]);
}

#[test]
fn a_result_that_does_not_fit_any_more_is_dropped() {
    for change in ["format", "encodings", "size", "too few segments"] {
        let mut peer = Peer::watching(&[]);
        peer.next();
        let changed = [Rect::new(10, 10, 5, 5), Rect::new(50, 50, 5, 5)];
        damaged(&mut peer, &changed);
        peer.send(&request(true, ALL));
        let plan = peer.session.plan_update(peer.now).unwrap();
        let mut segments = run(&plan);
        match change {
            "format" => peer.send(&set_pixel_format(rgbx())),
            "encodings" => peer.send(&set_encodings(&[Encoding::RAW])),
            "size" => peer.show(OTHER, BLUE),
            _ => segments.truncate(1),
        }
        peer.session.finish_update(plan, segments);
        assert!(!peer.session.has_output(), "{change}");
        // The request still stands, and so does the damage.
        let update = peer.update().unwrap();
        match change {
            "format" => {
                assert_eq!(rects(&update), changed);
                assert!(update[0].is_all([0, 255, 0, 0]));
            }
            "size" => assert_eq!(area(&update), SIZE.area()),
            _ => assert_eq!(rects(&update), changed, "{change}"),
        }
        assert_eq!(peer.update(), None, "{change}");
    }
}

#[test]
fn a_plan_of_another_time_is_ignored() {
    let mut peer = Peer::watching(&[]);
    peer.send(&request(true, ALL));
    let old = peer.session.plan_update(peer.now).unwrap();
    let other = Plan {
        number: 77,
        jobs: Vec::new(),
    };
    peer.session.finish_update(other, Vec::new());
    assert!(!peer.session.has_output());
    assert!(!peer.session.wants_frame(), "still on its way");
    peer.session.finish_update(old, Vec::new());
    assert!(peer.session.wants_frame());
}

#[test]
fn plans_are_bounded() {
    let mut peer = Peer::ready();
    // The viewer keeps the size that it was told, so this needs no such frame.
    peer.show(Size::new(u16::MAX, u16::MAX), BLACK);
    assert_eq!(peer.session.size(), SIZE);

    let now = peer.now;
    let config = Config {
        name: String::new(),
        size: Size::new(u16::MAX, u16::MAX),
        security: vec![Security::NONE],
        encodings: Vec::new(),
        without: Vec::new(),
        challenge: CHALLENGE,
    };
    peer.session = Session::new(config, now);
    peer.send(&hello());
    peer.show(SIZE, BLUE);
    let everything = Rect::new(0, 0, u16::MAX, u16::MAX);
    let mut pixels = 0;
    for jobs in [
        4096,
        4096,
        4096,
        4096,
        4096,
        4096,
        4096,
        4096,
        35_840 - 8 * 4096,
    ] {
        peer.send(&request(true, everything));
        let plan = peer.session.plan_update(now).unwrap();
        assert_eq!(plan.jobs().len(), jobs);
        pixels += plan
            .jobs()
            .iter()
            .map(|job| u64::from(job.area()))
            .sum::<u64>();
        let segments = plan
            .jobs()
            .iter()
            .map(|_| Segment::new(vec![0], 1, Region::new()));
        let segments = segments.collect();
        peer.session.finish_update(plan, segments);
        peer.read();
    }
    assert_eq!(pixels, 65_535 * 65_535);
    peer.send(&request(true, everything));
    assert!(peer.session.plan_update(now).is_none());
}

#[test]
fn rectangles_that_cannot_be_counted_wait() {
    let mut peer = Peer::watching(&[]);
    peer.send(&request(true, ALL));
    let plan = peer.session.plan_update(peer.now).unwrap();
    let second = plan.jobs()[1].rect();
    let many = Segment::new(vec![0], 40_000, Region::new());
    peer.session.finish_update(plan, vec![many.clone(), many]);
    peer.read();
    assert_eq!(peer.output, [0, 0, 0x9c, 0x40, 0]);
    peer.output.clear();
    assert_eq!(rects(&peer.next().unwrap()), [second]);
}

#[test]
fn work_can_go_to_other_threads() {
    fn is_sendable<T: Send + 'static>() {}
    is_sendable::<Job>();
    is_sendable::<Plan>();
    is_sendable::<Segment>();
    is_sendable::<Session>();
}

// The desktop's size.

#[test]
fn a_plain_viewer_is_told_a_new_size_alone_and_first() {
    let mut peer = Peer::watching(&[Encoding::DESKTOP_SIZE]);
    peer.send(&request(false, ALL));
    let update = peer.update().unwrap();
    assert!(all_pixels(&update, BLUE), "no news without a change");

    peer.show(OTHER, GREEN);
    assert_eq!(peer.session.size(), SIZE);
    let update = peer.next().unwrap();
    assert_eq!(update.len(), 1);
    assert_eq!((update[0].encoding, update[0].rect), (-223, OTHER.rect()));
    assert_eq!(peer.session.size(), OTHER);

    // The viewer asks for the old size first: it did not know.
    let update = peer.next().unwrap();
    assert!(all_pixels(&update, GREEN));
    assert_eq!(area(&update), SIZE.area());
    peer.send(&request(true, OTHER.rect()));
    let update = peer.update().unwrap();
    assert_eq!(area(&update), OTHER.area() - SIZE.area());
}

#[test]
fn an_extended_viewer_is_told_at_once_and_for_each_full_request() {
    let mut peer = Peer::watching(EXTENDED);
    let is_layout = |update: &[Rectangle], size: Size| {
        assert_eq!(update.len(), 1, "alone");
        let expected = Rect::new(0, 0, size.width, size.height);
        (update[0].encoding, update[0].rect) == (-308, expected)
    };
    assert!(is_layout(&peer.next().unwrap(), SIZE));
    assert!(all_pixels(&peer.next().unwrap(), BLUE));
    // To list it again is no news.
    peer.send(&set_encodings(EXTENDED));
    assert_eq!(peer.next(), None);

    peer.send(&request(false, Rect::new(0, 0, 10, 10)));
    assert!(is_layout(&peer.update().unwrap(), SIZE));
    assert_eq!(peer.update(), None, "one update each request");
    assert_eq!(rects(&peer.next().unwrap()), [Rect::new(0, 0, 10, 10)]);

    peer.show(OTHER, GREEN);
    assert!(is_layout(&peer.next().unwrap(), OTHER));
    peer.send(&request(true, OTHER.rect()));
    let update = peer.update().unwrap();
    assert!(all_pixels(&update, GREEN));
    assert_eq!(area(&update), OTHER.area());
}

#[test]
fn a_viewer_that_knows_no_resize_keeps_its_size() {
    let mut peer = Peer::watching(&[]);
    peer.next();
    peer.show(Size::new(300, 50), GREEN);
    let update = peer.next().unwrap();
    assert_eq!(area(&update), SIZE.area());
    let [top, bottom] = update.as_slice() else {
        panic!("two bands");
    };
    // Cropped at the right, black below row 50.
    assert!(
        top.data
            .chunks(4)
            .take(50 * 200)
            .all(|pixel| pixel == GREEN)
    );
    assert!(
        top.data
            .chunks(4)
            .skip(50 * 200)
            .all(|pixel| pixel == BLACK)
    );
    assert!(bottom.is_all(BLACK));
    assert_eq!(peer.session.size(), SIZE);
    peer.send(&pointer(0, 250, 80));
    assert_eq!(
        peer.events,
        [Event::Pointer {
            x: 199,
            y: 80,
            buttons: 0
        }]
    );
    // What changes beyond is not for it.
    let frame = Frame::solid(Size::new(300, 50), BLUE);
    let damage = Rect::new(190, 10, 60, 20).into();
    peer.session.show(&frame, &damage, &[]);
    peer.send(&request(true, Rect::new(0, 0, u16::MAX, u16::MAX)));
    let update = peer.update().unwrap();
    assert_eq!(rects(&update), [Rect::new(190, 10, 10, 20)]);
    // It may learn it later.
    peer.send(&set_encodings(&[Encoding::DESKTOP_SIZE]));
    let update = peer.next().unwrap();
    assert_eq!(rects(&update), [Rect::new(0, 0, 300, 50)]);
}

#[test]
fn wishes_are_answered() {
    for (status, code) in [
        (ResizeStatus::Prohibited, 1),
        (ResizeStatus::OutOfResources, 2),
        (ResizeStatus::InvalidLayout, 3),
    ] {
        let mut peer = Peer::watching(EXTENDED);
        peer.next();
        peer.send(&set_desktop_size(OTHER, &[OTHER.rect()]));
        let screen = Screen {
            id: 7,
            area: OTHER.rect(),
            flags: 9,
        };
        let expected = Event::SetDesktopSize {
            size: OTHER,
            screens: vec![screen],
        };
        assert_eq!(peer.events, [expected]);
        peer.session.answer_resize(status);
        let update = peer.next().unwrap();
        assert_eq!(rects(&update), [Rect::new(1, code, 200, 100)]);
        assert_eq!(peer.session.size(), SIZE);
        assert!(all_pixels(&peer.next().unwrap(), BLUE));
    }
}

#[test]
fn a_wish_that_is_granted() {
    let mut peer = Peer::watching(EXTENDED);
    peer.next();
    peer.next();
    peer.send(&set_desktop_size(OTHER, &[OTHER.rect()]));
    peer.session.answer_resize(ResizeStatus::Done);
    let update = peer.next().unwrap();
    assert_eq!(rects(&update), [Rect::new(1, 0, 300, 150)]);
    // The number of screens, and the screen just as the viewer named it.
    let data = [
        1, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 1, 44, 0, 150, 0, 0, 0, 9,
    ];
    assert_eq!(update[0].data, data);
    assert_eq!(peer.session.size(), OTHER);
    // Pixels of the old size would be wrong.
    peer.send(&request(true, OTHER.rect()));
    assert_eq!(peer.update(), None);
    peer.show(OTHER, GREEN);
    let update = peer.update().unwrap();
    assert!(all_pixels(&update, GREEN));
    assert_eq!(area(&update), OTHER.area());
}

#[test]
fn another_size_and_back_in_one_update_costs_all_pixels() {
    let mut peer = Peer::watching(EXTENDED);
    peer.next();
    assert!(all_pixels(&peer.next().unwrap(), BLUE));
    for size in [OTHER, SIZE] {
        peer.send(&set_desktop_size(size, &[size.rect()]));
        peer.session.answer_resize(ResizeStatus::Done);
    }
    let update = peer.next().unwrap();
    let sizes = update.iter().map(|told| told.rect.size());
    assert_eq!(sizes.collect::<Vec<_>>(), [OTHER, SIZE]);
    // The viewer may have cleared its framebuffer at each.
    assert_eq!(area(&peer.next().unwrap()), SIZE.area());
}

#[test]
fn illegal_wishes_are_answered_without_the_caller() {
    for screens in [vec![], vec![ALL, ALL]] {
        let mut peer = Peer::watching(EXTENDED);
        peer.next();
        peer.send(&set_desktop_size(SIZE, &screens));
        peer.send(&set_desktop_size(Size::new(0, 0), &[Rect::default()]));
        assert_eq!(peer.events, []);
        let update = peer.next().unwrap();
        assert_eq!(rects(&update), [Rect::new(1, 3, 200, 100); 2]);
    }
}

#[test]
fn a_wish_of_a_viewer_that_cannot_be_answered_is_ignored() {
    let mut peer = Peer::watching(&[Encoding::DESKTOP_SIZE]);
    peer.send(&set_desktop_size(OTHER, &[OTHER.rect()]));
    assert_eq!(peer.events, []);
    assert!(all_pixels(&peer.next().unwrap(), BLUE));
}

#[test]
fn news_that_are_no_more_use_up_no_request() {
    let mut peer = Peer::watching(EXTENDED);
    peer.send(&request(true, ALL));
    let plan = peer.session.plan_update(peer.now).unwrap();
    assert!(plan.jobs().is_empty());
    peer.send(&set_encodings(&[]));
    peer.session.finish_update(plan, Vec::new());
    assert!(!peer.session.has_output());
    assert!(all_pixels(&peer.update().unwrap(), BLUE));
}

#[test]
fn a_new_name() {
    let mut peer = Peer::watching(&[]);
    peer.next();
    peer.session.set_name("caf\u{e9}");
    assert_eq!(peer.next(), None, "this viewer cannot be told");
    peer.send(&set_encodings(&[Encoding::DESKTOP_NAME]));
    let update = peer.update().unwrap();
    assert_eq!((update.len(), update[0].encoding), (1, -307));
    assert_eq!(update[0].data, "caf\u{e9}".as_bytes());
    peer.session.set_name("caf\u{e9}");
    assert_eq!(peer.next(), None);
}
