//! Both clipboards.

use super::*;
use crate::clipboard::ClipboardFormat::{Dib, Html, Rtf, Text};
use crate::clipboard::{ClipboardContents, ClipboardFormat, ClipboardFormats};

const CAPS: [u8; 28] = [
    3, 0, 0, 0, 255, 255, 255, 236, // ServerCutText, −20 bytes
    0x1f, 0, 0, 0x0f, // all actions and formats
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// A message of the viewer.
fn message(flags: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![6, 0, 0, 0];
    bytes.extend((-(4 + body.len() as i32)).to_be_bytes());
    bytes.extend(flags.to_be_bytes());
    bytes.extend(body);
    bytes
}

/// What the session says.
fn said(flags: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = message(flags, body);
    bytes[0] = 3;
    bytes
}

fn formats(formats: &[ClipboardFormat]) -> ClipboardFormats {
    formats.iter().copied().collect()
}

fn extended() -> Peer {
    let mut peer = Peer::watching(&[Encoding::EXTENDED_CLIPBOARD]);
    assert_eq!(peer.said(), CAPS);
    assert!(peer.session.has_extended_clipboard());
    peer
}

#[test]
fn capabilities_are_said_for_each_list() {
    let mut peer = extended();
    peer.send(&set_encodings(&[Encoding::EXTENDED_CLIPBOARD]));
    assert_eq!(peer.said(), CAPS);
    peer.send(&set_encodings(&[]));
    assert_eq!(peer.said(), b"");
    assert!(!peer.session.has_extended_clipboard());
}

#[test]
fn what_a_viewer_does_not_know_shows_before_its_first_update() {
    for message in [set_encodings(&[]), request(true, ALL)] {
        let mut peer = Peer::ready();
        assert!(!peer.session.has_said_encodings());
        peer.send(&message);
        assert!(peer.session.has_said_encodings());
    }
}

#[test]
fn a_viewer_fetches_what_it_is_told_of() {
    let mut peer = extended();
    peer.session.offer_clipboard(formats(&[Text, Html]));
    peer.read();
    assert_eq!(peer.said(), said(1 << 27 | 0b101, &[]));
    peer.send(&message(1 << 26, &[]));
    assert_eq!(peer.said(), said(1 << 27 | 0b101, &[]), "as peek asks");
    // It wants what there is, and something that there is not.
    peer.send(&message(1 << 25 | 0b11, &[]));
    assert_eq!(peer.events, [Event::ClipboardRequest(formats(&[Text]))]);
    let contents = ClipboardContents::new(&[(Text, b"text")]);
    peer.session.provide_clipboard(&contents);
    peer.read();
    assert_eq!(peer.said(), said(1 << 28 | 1, contents.compressed()));
    // That was all.
    peer.session.provide_clipboard(&contents);
    peer.read();
    assert_eq!(peer.said(), b"");
}

#[test]
fn of_requests_in_a_row_each_is_answered() {
    let text = ClipboardContents::new(&[(Text, b"text")]);
    let html = ClipboardContents::new(&[(Html, b"<b>")]);
    let mut peer = extended();
    peer.session.offer_clipboard(formats(&[Text, Html]));
    peer.read();
    peer.said();
    let requests = [1 << 25 | 1, 1 << 25 | 0b100].map(|flags| message(flags, &[]));
    peer.send(&requests.concat());
    let all = [formats(&[Text]), formats(&[Html])].map(Event::ClipboardRequest);
    assert_eq!(peer.events, all);
    // The viewer does not read yet. What waits for it is not fetched again.
    peer.session.bell();
    peer.session.provide_clipboard(&html);
    peer.session.provide_clipboard(&text);
    for request in &requests {
        peer.session.receive(peer.now, request).unwrap();
        assert_eq!(peer.session.poll_event(), None);
    }
    peer.session.provide_clipboard(&text);
    peer.read();
    let html = said(1 << 28 | 0b100, html.compressed());
    let text = said(1 << 28 | 1, text.compressed());
    assert_eq!(peer.said(), [vec![2], html, text].concat());
}

#[test]
fn nobody_gets_the_old_for_the_new() {
    let mut peer = extended();
    peer.session.offer_clipboard(formats(&[Text]));
    peer.send(&message(1 << 25 | 1, &[]));
    peer.session.offer_clipboard(formats(&[Text]));
    peer.session
        .provide_clipboard(&ClipboardContents::new(&[(Text, b"old")]));
    peer.read();
    let notify = said(1 << 27 | 1, &[]);
    assert_eq!(peer.said(), notify.repeat(2));
}

#[test]
fn a_viewer_is_asked_for_what_it_tells_of() {
    let mut peer = extended();
    peer.send(&message(1 << 27 | 0b111, &[]));
    let all = formats(&[Text, Rtf, Html]);
    assert_eq!(peer.events, [Event::ClipboardNotify(all)]);
    peer.session.request_clipboard(formats(&[Html]));
    peer.read();
    assert_eq!(peer.said(), said(1 << 25 | 0b100, &[]));
    let contents = ClipboardContents::new(&[(Html, b"<b>")]);
    peer.send(&message(1 << 28 | 0b100, contents.compressed()));
    let Some(Event::ClipboardProvide(found)) = peer.events.last() else {
        panic!("{:?}", peer.events);
    };
    assert_eq!(found.unpack(), [(Html, b"<b>".to_vec())]);
}

#[test]
fn a_viewer_is_asked_for_what_it_has_before_it_is_told_of_something_else() {
    let mut peer = extended();
    peer.send(&message(1 << 27 | 1, &[]));
    peer.session.bell();
    peer.session.offer_clipboard(formats(&[Html]));
    peer.session.request_clipboard(formats(&[Text]));
    peer.read();
    let [request, notify] = [1 << 25 | 1, 1 << 27 | 0b100].map(|flags| said(flags, &[]));
    assert_eq!(peer.said(), [vec![2], request, notify].concat());
}

#[test]
fn only_what_a_viewer_understands_is_said() {
    let mut peer = extended();
    // It takes texts, but no notifications.
    let caps = 1 << 24 | 1 << 25 | 1 << 28 | 1;
    peer.send(&message(caps, &[0; 4]));
    peer.session.offer_clipboard(formats(&[Text]));
    peer.read();
    assert_eq!(peer.said(), b"");
    let caps = 1 << 24 | 1 << 27 | 1;
    peer.send(&message(caps, &[0; 4]));
    peer.session.offer_clipboard(formats(&[Text, Html]));
    peer.session.request_clipboard(formats(&[Text]));
    peer.read();
    assert_eq!(peer.said(), said(1 << 27 | 1, &[]));
}

#[test]
fn what_a_viewer_says_that_it_takes_it_is_told_of() {
    let mut peer = extended();
    peer.session.offer_clipboard(formats(&[Text, Dib]));
    peer.read();
    assert_eq!(peer.said(), said(1 << 27 | 1, &[]), "as viewers usually do");
    let caps = 1 << 24 | 1 << 25 | 1 << 27 | 1 << 28 | 0b1001;
    peer.send(&message(caps, &[0; 8]));
    assert_eq!(peer.said(), said(1 << 27 | 0b1001, &[]));
    // To say it again is no news.
    peer.send(&message(caps, &[0; 8]));
    assert_eq!(peer.said(), b"");
}

#[test]
fn nonsense_ends_nothing() {
    let mut peer = extended();
    for flags in [0, 1, u32::MAX, 3 << 25, 1 << 28 | 0x8000, 1 << 29] {
        peer.send(&message(flags, b"\0\0\0\x05"));
    }
    peer.send(&[6, 0, 0, 0, 255, 255, 255, 255, 7]);
    peer.send(&message(1 << 28 | 1, b"no zlib"));
    peer.send(&key(97, true));
    let [Event::ClipboardProvide(contents), Event::Key { .. }] = peer.events.as_slice() else {
        panic!("{:?}", peer.events);
    };
    assert_eq!(contents.unpack(), []);
}

#[test]
fn who_only_watches_may_read_but_not_write() {
    let mut peer = Peer::ready_with(Rights::ViewOnly);
    peer.send(&set_encodings(&[Encoding::EXTENDED_CLIPBOARD]));
    peer.session.offer_clipboard(formats(&[Text]));
    peer.send(&message(1 << 27 | 1, &[]));
    let contents = ClipboardContents::new(&[(Text, b"text")]);
    peer.send(&message(1 << 28 | 1, contents.compressed()));
    assert_eq!(peer.events, []);
    peer.send(&message(1 << 25 | 1, &[]));
    assert_eq!(peer.events, [Event::ClipboardRequest(formats(&[Text]))]);
}
