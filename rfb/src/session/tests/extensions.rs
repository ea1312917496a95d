//! Fences, continuous updates, and what a viewer is told to be understood here.

use super::*;

const REQUEST: u32 = 1 << 31;
const SYNC_NEXT: u32 = 4;

fn fence(flags: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![248, 0, 0, 0];
    bytes.extend(flags.to_be_bytes());
    bytes.push(payload.len() as u8);
    bytes.extend(payload);
    bytes
}

fn continuous(enable: bool, area: Rect) -> Vec<u8> {
    let mut bytes = vec![150, enable.into()];
    crate::wire::put_rect(&mut bytes, area);
    bytes
}

/// Takes a fence of the session off the front of what it said, and answers it.
fn answer(said: &[u8]) -> Vec<u8> {
    assert_eq!(said[..4], [248, 0, 0, 0]);
    assert_eq!(said.len(), 17, "nothing but a fence with a number");
    let flags = u32::from_be_bytes([said[4], said[5], said[6], said[7]]);
    assert_eq!(flags, REQUEST | 1, "a request that waits for all before it");
    fence(flags & !REQUEST, &said[9..])
}

/// A viewer with both extensions, past the greetings.
fn streaming() -> Peer {
    let mut peer = Peer::ready();
    peer.send(&set_encodings(&[
        Encoding::FENCE,
        Encoding::CONTINUOUS_UPDATES,
    ]));
    let said = peer.said();
    let (ping, end) = said.split_at(17);
    assert_eq!(end, [150], "continuous updates are known");
    peer.send(&answer(ping));
    peer.show(SIZE, BLUE);
    peer.send(&continuous(true, ALL));
    assert_eq!(peer.said(), b"");
    peer
}

#[test]
fn what_is_understood_is_said_once() {
    let all = [
        Encoding::FENCE,
        Encoding::CONTINUOUS_UPDATES,
        Encoding::XVP,
        Encoding::QEMU_EXTENDED_KEY_EVENT,
        Encoding::EXTENDED_MOUSE_BUTTONS,
        Encoding::QEMU_AUDIO,
        Encoding::GII,
    ];
    let mut peer = Peer::watching(&all);
    let said = peer.said();
    assert_eq!(said[17..], [150, 250, 0, 1, 1]);
    let update = peer.next().unwrap();
    let encodings: Vec<i32> = update.iter().map(|it| it.encoding).collect();
    assert_eq!(encodings, [-258, -316, 0, 0], "and neither sound nor gii");
    peer.send(&set_encodings(&[]));
    peer.send(&set_encodings(&all));
    assert_eq!(peer.said(), b"");
    assert_eq!(peer.next(), None);
}

#[test]
fn what_is_not_to_be_used_is_as_if_it_were_not_listed() {
    let mut peer = Peer::new(&[Security::NONE]);
    let config = Config {
        name: String::new(),
        size: SIZE,
        security: vec![Security::NONE],
        encodings: Vec::new(),
        without: vec![
            Encoding::XVP,
            Encoding::QEMU_EXTENDED_KEY_EVENT,
            Encoding::ZRLE,
        ],
        challenge: CHALLENGE,
    };
    peer.session = Session::new(config, peer.now);
    peer.send(&hello());
    peer.output.clear();
    peer.send(&set_encodings(&[
        Encoding::XVP,
        Encoding::QEMU_EXTENDED_KEY_EVENT,
        Encoding::ZRLE,
    ]));
    assert_eq!(peer.said(), b"");
    assert_eq!(peer.session.encoding(), Encoding::RAW);
    peer.show(SIZE, BLUE);
    assert!(all_pixels(&peer.next().unwrap(), BLUE));
}

#[test]
fn fences_come_back_once_with_the_flags_that_are_known() {
    let mut peer = Peer::ready();
    peer.send(&fence(REQUEST | 0x7fff_fff3, b"payload"));
    assert_eq!(peer.said(), fence(3, b"payload"));
    peer.send(&fence(REQUEST, &[7; 64]));
    assert_eq!(peer.said(), fence(0, &[7; 64]));
    // Too long, or an answer to nothing.
    peer.send(&fence(REQUEST, &[7; 65]));
    peer.send(&fence(0, b""));
    peer.send(&fence(3, &[0; 8]));
    assert_eq!(peer.said(), b"");
}

#[test]
fn a_fence_marks_where_the_pixels_change() {
    let mut peer = streaming();
    peer.session.send_frame(peer.now);
    peer.read();
    let said = peer.said();
    peer.send(&answer(&said[said.len() - 17..]));
    // An update is being made when the fence comes.
    damaged(&mut peer, &[Rect::new(0, 0, 8, 8)]);
    let plan = peer.session.plan_update(peer.now).unwrap();
    peer.send(&fence(REQUEST | SYNC_NEXT, b"mark"));
    assert_eq!(peer.said(), b"", "it waits for the next message");
    peer.send(&set_pixel_format(PixelFormat::BGR233));
    assert_eq!(peer.said(), fence(SYNC_NEXT, b"mark"));
    // The update was for the old format, and is made anew.
    let segments = run(&plan);
    peer.session.finish_update(plan, segments);
    peer.read();
    assert_eq!(peer.said(), b"");
    assert!(peer.session.send_frame(peer.now));
    peer.read();
    let said = peer.said();
    let mut reader = Reader::new(&said);
    let update = read_update(&mut reader, PixelFormat::BGR233);
    assert_eq!(rects(&update), [Rect::new(0, 0, 8, 8)]);
}

#[test]
fn the_effects_of_a_message_come_behind_its_fence() {
    let mut peer = streaming();
    peer.send(&fence(REQUEST | SYNC_NEXT, b"mark"));
    peer.send(&continuous(false, ALL));
    assert_eq!(peer.said(), [fence(SYNC_NEXT, b"mark"), vec![150]].concat());
}

#[test]
fn nothing_that_was_not_requested_comes_behind_the_end_of_continuous_updates() {
    let mut peer = streaming();
    let plan = peer.session.plan_update(peer.now).unwrap();
    peer.send(&continuous(false, ALL));
    assert_eq!(peer.said(), [150]);
    let segments = run(&plan);
    peer.session.finish_update(plan, segments);
    assert!(!peer.session.has_output());
    assert!(all_pixels(&peer.next().unwrap(), BLUE), "it is not lost");
}

#[test]
fn updates_come_without_requests() {
    let mut peer = streaming();
    for colour in [BLUE, GREEN] {
        peer.show(SIZE, colour);
        assert!(peer.session.send_frame(peer.now));
        peer.read();
        let said = peer.said();
        let (update, ping) = said.split_at(said.len() - 17);
        let update = read_update(&mut Reader::new(update), PixelFormat::BGRX);
        assert!(all_pixels(&update, colour));
        peer.send(&answer(ping));
        assert!(peer.session.wants_frame());
        assert!(!peer.session.send_frame(peer.now), "nothing changed");
    }
    // Requests for changes do not count meanwhile, but those for everything do.
    peer.send(&request(true, ALL));
    peer.send(&continuous(false, ALL));
    assert_eq!(peer.said(), [150]);
    assert!(!peer.session.wants_frame());
    peer.send(&continuous(false, ALL));
    assert_eq!(peer.said(), [150], "always");
    peer.send(&continuous(true, Rect::new(0, 0, 10, 10)));
    let part = Rect::new(100, 50, 20, 20);
    peer.send(&request(false, part));
    assert!(peer.session.send_frame(peer.now));
    peer.read();
    let update = read_update(&mut Reader::new(&peer.said()), PixelFormat::BGRX);
    assert_eq!(area(&update), part.area());
    assert_eq!(Region::from_iter(rects(&update)).bounds(), part);
}

#[test]
fn only_the_part_that_was_named_is_sent_without_a_request() {
    let mut peer = streaming();
    let part = Rect::new(0, 0, 100, 50);
    peer.send(&continuous(true, part));
    peer.session.send_frame(peer.now);
    peer.read();
    let update = read_update(&mut Reader::new(&peer.said()), PixelFormat::BGRX);
    assert_eq!(rects(&update), [part]);
    // The rest waits.
    peer.send(&continuous(false, ALL));
    peer.said();
    let update = peer.next().unwrap();
    assert_eq!(area(&update), ALL.area() - part.area());
}

#[test]
fn what_is_on_its_way_is_bounded() {
    let mut peer = streaming();
    let large = Size::new(400, 400);
    let mut sent = 0;
    let mut pings = Vec::new();
    for step in 0..50 {
        peer.show(large, [step; 4]);
        if !peer.session.wants_frame() {
            break;
        }
        peer.session.send_frame(peer.now);
        peer.read();
        let said = peer.said();
        sent += said.len();
        pings.push(said[said.len() - 17..].to_vec());
    }
    assert!(pings.len() < 10, "{} updates, {sent} bytes", pings.len());
    peer.send(&answer(pings.last().unwrap()));
    assert!(peer.session.wants_frame());
    // One that does not answer is sent more some day.
    peer.session.send_frame(peer.now);
    peer.read();
    let deadline = peer.session.poll_timeout().unwrap();
    peer.session.handle_timeout(deadline).unwrap();
    assert!(peer.session.wants_frame());
    assert_eq!(peer.session.poll_timeout(), None);
}

#[test]
fn who_cannot_fence_gets_continuous_updates_all_the_same() {
    let mut peer = Peer::watching(&[Encoding::CONTINUOUS_UPDATES]);
    assert_eq!(peer.said(), [150]);
    peer.send(&continuous(true, ALL));
    for colour in [BLUE, GREEN, BLACK] {
        peer.show(SIZE, colour);
        assert!(all_pixels(&peer.update().unwrap(), colour));
    }
}

#[test]
fn answers_that_nobody_reads_stop_the_viewer() {
    let mut peer = streaming();
    let flood = [fence(REQUEST, &[1; 64]), continuous(false, ALL)].concat();
    let flood = flood.repeat(10_000);
    let taken = peer.session.receive(peer.now, &flood).unwrap();
    assert!(taken < 10_000, "{taken} bytes taken");
    assert_eq!(peer.session.receive(peer.now, &flood[taken..]), Ok(0));
    let count = peer.session.output().len();
    assert!(count < 10_000, "{count} bytes of answers");
    peer.session.consume(peer.now, count);
    assert!(peer.session.receive(peer.now, &flood[taken..]).unwrap() > 0);
}

#[test]
fn lights_of_the_keyboard() {
    let leds = |caps_lock| Leds {
        caps_lock,
        num_lock: true,
        scroll_lock: false,
    };
    for (encoding, expected) in [
        (Encoding::QEMU_LED_STATE, [&[0b110][..], &[0b010]]),
        (
            Encoding::VMWARE_LED_STATE,
            [&[0, 0, 0, 0b110], &[0, 0, 0, 0b010]],
        ),
    ] {
        let mut peer = Peer::watching(&[]);
        peer.next();
        peer.session.set_leds(leds(true));
        assert_eq!(peer.next(), None, "this viewer cannot be told");
        peer.send(&set_encodings(&[encoding]));
        for (caps_lock, expected) in [true, false].into_iter().zip(expected) {
            peer.session.set_leds(leds(caps_lock));
            let update = peer.next().unwrap();
            assert_eq!(update.len(), 1);
            assert_eq!(update[0].encoding, encoding.0);
            assert_eq!(update[0].data, expected);
            peer.session.set_leds(leds(caps_lock));
            assert_eq!(peer.next(), None);
        }
    }
}

#[test]
fn xvp_is_for_those_who_may_do_everything() {
    let message = |version, code| [250, 0, version, code];
    let fail = [250, 0, 1, 0];
    let mut peer = Peer::watching(&[Encoding::XVP]);
    peer.said();
    for code in [2, 3, 4] {
        peer.send(&message(1, code));
    }
    assert_eq!(
        peer.events,
        [Xvp::Shutdown, Xvp::Reboot, Xvp::Reset].map(Event::Xvp)
    );
    assert_eq!(peer.said(), b"");
    peer.session.fail_xvp();
    peer.read();
    assert_eq!(peer.said(), fail);
    // What nobody knows.
    for unknown in [message(1, 0), message(1, 5), message(2, 2)] {
        peer.send(&unknown);
        assert_eq!(peer.said(), fail);
    }
    assert_eq!(peer.events.len(), 3);
    let mut watcher = Peer::ready_with(Rights::ViewOnly);
    watcher.send(&set_encodings(&[Encoding::XVP]));
    watcher.said();
    watcher.send(&message(1, 2));
    assert_eq!(watcher.said(), fail);
    assert_eq!(watcher.events, []);
}
