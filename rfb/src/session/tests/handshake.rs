use super::*;
use crate::handshake::Version;

const VERSION: &[u8] = b"RFB 003.008\n";

fn server_init() -> Vec<u8> {
    let mut bytes = vec![0, 200, 0, 100];
    bytes.extend([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
    bytes.extend([0, 0, 0, 4]);
    bytes.extend(b"desk");
    bytes
}

fn reason(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u32).to_be_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

#[test]
fn the_version_is_announced_at_once() {
    let mut peer = Peer::new(&[Security::NONE]);
    assert_eq!(peer.session.output(), VERSION);
    peer.settle();
    assert_eq!(peer.output, VERSION);
    assert_eq!(peer.session.version(), None);
}

#[test]
fn none() {
    for (version, offer, choice, result) in [
        (Version::V3_3, &[0, 0, 0, 1][..], &[][..], &[][..]),
        (Version::V3_7, &[1, 1], &[1], &[]),
        (Version::V3_8, &[1, 1], &[1], &[0, 0, 0, 0]),
    ] {
        let mut peer = Peer::new(&[Security::NONE]);
        peer.send(format!("RFB 003.00{}\n", &version.to_string()[2..]).as_bytes());
        peer.send(choice);
        assert_eq!(peer.session.version(), Some(version));
        assert_eq!(peer.session.security(), Some(Security::NONE));
        peer.send(&[0]);
        let expected = [VERSION, offer, result, &server_init()].concat();
        assert_eq!(peer.output, expected, "{version}");
        assert_eq!(
            peer.events,
            [
                Event::Authenticate(Credentials::None),
                Event::Ready { shared: false }
            ]
        );
    }
}

#[test]
fn vnc_auth() {
    for (version, offer, choice) in [
        ("RFB 003.003\n", &[0, 0, 0, 2][..], &[][..]),
        ("RFB 003.007\n", &[1, 2], &[2]),
        ("RFB 003.008\n", &[1, 2], &[2]),
    ] {
        for rights in [Rights::Full, Rights::ViewOnly] {
            let mut peer = Peer::new(&[Security::VNC_AUTH]);
            peer.rights = rights;
            peer.send(version.as_bytes());
            peer.send(choice);
            assert_eq!(peer.output, [VERSION, offer, &CHALLENGE].concat());
            assert_eq!(peer.session.rights(), None);
            peer.output.clear();
            peer.send(&RESPONSE);
            assert_eq!(peer.session.rights(), Some(rights));
            peer.send(&[1]);
            let expected = [&[0, 0, 0, 0][..], &server_init()].concat();
            assert_eq!(peer.output, expected, "{version}");
            assert_eq!(peer.events[1..], [Event::Ready { shared: true }]);
        }
    }
}

#[test]
fn wrong_password() {
    for (version, choice, failure) in [
        ("RFB 003.003\n", &[][..], vec![0, 0, 0, 1]),
        ("RFB 003.007\n", &[2], vec![0, 0, 0, 1]),
        (
            "RFB 003.008\n",
            &[2],
            [vec![0, 0, 0, 1], reason("wrong password")].concat(),
        ),
    ] {
        let mut peer = Peer::new(&[Security::VNC_AUTH]);
        peer.send(version.as_bytes());
        peer.send(choice);
        peer.output.clear();
        // The ClientInit after it must not be heeded.
        peer.send(&[&[0; 16][..], &[1], &key(97, true)].concat());
        assert_eq!(peer.output, failure, "{version}");
        assert_eq!(peer.events.len(), 1, "{version}");
        assert!(peer.session.is_closing());
        assert_eq!(peer.session.rights(), None);
        peer.session.accept(Rights::Full);
        assert!(!peer.session.has_output());
    }
}

#[test]
fn rejected_without_a_password() {
    for (version, choice, failure) in [
        ("RFB 003.003\n", &[][..], vec![]),
        ("RFB 003.007\n", &[1], vec![]),
        (
            "RFB 003.008\n",
            &[1],
            [vec![0, 0, 0, 1], reason("full")].concat(),
        ),
    ] {
        let mut peer = Peer::new(&[Security::NONE]);
        let bytes = [version.as_bytes(), choice].concat();
        assert_eq!(peer.session.receive(peer.now, &bytes), Ok(bytes.len()));
        peer.read();
        peer.output.clear();
        peer.session.reject("full");
        peer.read();
        assert_eq!(peer.output, failure, "{version}");
        assert!(peer.session.is_closing());
    }
}

#[test]
fn versions_nobody_published() {
    for (text, version) in [
        ("RFB 003.889\n", Version::V3_8),
        ("RFB 004.001\n", Version::V3_8),
        ("RFB 005.000\n", Version::V3_8),
        ("RFB 003.006\n", Version::V3_3),
    ] {
        let mut peer = Peer::new(&[Security::NONE]);
        peer.send(text.as_bytes());
        assert_eq!(peer.session.version(), Some(version), "{text}");
    }
    let mut peer = Peer::new(&[Security::NONE]);
    assert_eq!(peer.try_send(b"GET / HTTP/1.1\r\n"), Err(Error::NotRfb));
    assert!(peer.session.is_closing());
    assert_eq!(peer.output, VERSION);
}

#[test]
fn a_type_that_was_not_offered() {
    for (version, has_reason) in [("RFB 003.007\n", false), ("RFB 003.008\n", true)] {
        for choice in [0, 1, 16, 255] {
            let mut peer = Peer::new(&[Security::VNC_AUTH]);
            peer.send(version.as_bytes());
            peer.output.clear();
            let error = Error::SecurityTypeNotOffered(Security(choice));
            assert_eq!(peer.try_send(&[choice, 1]), Err(error.clone()));
            let text = match has_reason {
                true => reason(&error.to_string()),
                false => vec![],
            };
            assert_eq!(peer.output, [&[0, 0, 0, 1][..], &text].concat());
            assert_eq!(peer.events, []);
            assert!(peer.session.is_closing());
        }
    }
}

#[test]
fn only_what_is_implemented_is_offered_in_its_order() {
    let offered = [
        Security::VENCRYPT,
        Security::VNC_AUTH,
        Security(77),
        Security::NONE,
    ];
    let mut peer = Peer::new(&offered);
    peer.send(VERSION);
    assert_eq!(peer.output, [VERSION, &[2, 2, 1]].concat());
    assert_eq!(
        peer.try_send(&[19]),
        Err(Error::SecurityTypeNotOffered(Security::VENCRYPT))
    );
    let mut peer = Peer::new(&offered);
    peer.send(b"RFB 003.003\n");
    let expected = [VERSION, &[0, 0, 0, 2], &CHALLENGE].concat();
    assert_eq!(peer.output, expected);
}

#[test]
fn nothing_to_offer() {
    for (text, version, head) in [
        ("RFB 003.003\n", Version::V3_3, &[0, 0, 0, 0][..]),
        ("RFB 003.008\n", Version::V3_8, &[0]),
    ] {
        let mut peer = Peer::new(&[Security::VENCRYPT]);
        let error = Error::NoSecurityType(version);
        assert_eq!(peer.try_send(text.as_bytes()), Err(error.clone()));
        let expected = [VERSION, head, &reason(&error.to_string())].concat();
        assert_eq!(peer.output, expected);
    }
}

#[test]
fn nothing_is_taken_before_the_decision() {
    let mut peer = Peer::new(&[Security::NONE]);
    let now = peer.now;
    let bytes = [&hello()[..], &key(97, true)].concat();
    assert_eq!(peer.session.receive(now, &bytes), Ok(13));
    assert_eq!(peer.session.receive(now, &bytes[13..]), Ok(0));
    assert_eq!(
        peer.session.poll_event(),
        Some(Event::Authenticate(Credentials::None))
    );
    // Fetched, but not answered.
    assert_eq!(peer.session.receive(now, &bytes[13..]), Ok(0));
    peer.session.accept(Rights::Full);
    peer.send(&bytes[13..]);
    assert_eq!(peer.events.len(), 2);
}

#[test]
fn decisions_at_other_times_do_nothing() {
    let mut peer = Peer::new(&[Security::NONE]);
    peer.session.accept(Rights::Full);
    peer.session.reject("no");
    peer.send(&hello());
    peer.session.reject("no");
    peer.session.accept(Rights::ViewOnly);
    assert!(!peer.session.has_output() && !peer.session.is_closing());
    assert_eq!(peer.session.rights(), Some(Rights::Full));
}

#[test]
fn slow_viewers_are_left() {
    let second = Duration::from_secs(1);
    let mut peer = Peer::new(&[Security::NONE]);
    let start = peer.now;
    assert_eq!(peer.session.poll_timeout(), Some(start + 10 * second));
    assert_eq!(peer.session.handle_timeout(start + 9 * second), Ok(()));
    assert_eq!(
        peer.session.handle_timeout(start + 10 * second),
        Err(Error::Timeout)
    );
    assert!(peer.session.is_closing());
    assert_eq!(peer.session.poll_timeout(), None);

    let mut peer = Peer::new(&[Security::NONE]);
    let start = peer.now;
    peer.send(VERSION);
    assert_eq!(peer.session.poll_timeout(), Some(start + 120 * second));
    // A caller that does not watch the clock notices when bytes come.
    assert_eq!(
        peer.session.receive(start + 120 * second, &[1]),
        Err(Error::Timeout)
    );

    let mut peer = Peer::ready();
    let start = peer.now;
    assert_eq!(peer.session.poll_timeout(), None);
    assert_eq!(peer.session.handle_timeout(start + 900 * second), Ok(()));
    peer.now = start + 900 * second;
    peer.send(&key(97, true));
}

#[test]
fn the_size_shown_before_is_the_one_announced() {
    let mut peer = Peer::new(&[Security::NONE]);
    peer.show(Size::new(3, 2), BLUE);
    peer.session.set_name("new");
    peer.send(&hello());
    assert_eq!(peer.session.size(), Size::new(3, 2));
    assert!(peer.output.ends_with(b"\0\0\0\x03new"));
    peer.output.clear();
    peer.send(&set_encodings(&[Encoding::DESKTOP_NAME]));
    let update = peer.next().unwrap();
    assert_eq!(update.len(), 1, "the name is known: {update:?}");
    assert_eq!(update[0].rect, Rect::new(0, 0, 3, 2));
}
