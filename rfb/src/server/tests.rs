use std::time::Duration;

use super::*;
use crate::encoding::Encoding;
use crate::geometry::Rect;

const SIZE: Size = Size::new(200, 100);
const CHALLENGE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/// The answer to it of one who knows "password": see `security/vnc_auth.rs` for its
/// origin.
const RESPONSE: [u8; 16] = 0xb866_9241_25c8_eebb_9deb_c1db_61c5_38e2_u128.to_be_bytes();
/// A version, security type None, and a shared desktop.
const HELLO: &[u8] = b"RFB 003.008\n\x01\x01";
/// A version, VncAuth, its response is missing.
const HELLO_AUTH: &[u8] = b"RFB 003.008\n\x02";

const RED: [u8; 4] = [0, 0, 255, 0];
const GREEN: [u8; 4] = [0, 255, 0, 0];

/// A server, and all that it said.
struct Desk {
    server: Server,
    now: Instant,
}

impl Desk {
    fn new() -> Self {
        Self {
            server: Server::new("desk", SIZE),
            now: Instant::now(),
        }
    }

    fn connect(&mut self) -> ViewerId {
        self.server.connect(self.now, CHALLENGE).unwrap()
    }

    /// A viewer that is in, and whose output is read.
    fn join(&mut self) -> ViewerId {
        let id = self.connect();
        self.send(id, HELLO);
        self.read(id);
        self.events();
        id
    }

    fn send(&mut self, id: ViewerId, bytes: &[u8]) {
        let taken = self.server.receive(id, self.now, bytes);
        assert_eq!(taken, Ok(bytes.len()));
    }

    /// All that a viewer is sent now.
    fn read(&mut self, id: ViewerId) -> Vec<u8> {
        let mut read = Vec::new();
        loop {
            self.server.update(self.now);
            let output = self.server.output(id);
            let count = output.len();
            if count == 0 {
                return read;
            }
            read.extend_from_slice(output);
            self.server.consume(id, self.now, count);
        }
    }

    /// The pixels of an update that is asked for: their area, and the one colour of it.
    fn look(&mut self, id: ViewerId) -> Option<(Rect, [u8; 4])> {
        self.send(id, &[3, 1, 0, 0, 0, 0, 255, 255, 255, 255]);
        let update = self.read(id);
        let (head, rectangles) = update.split_at_checked(4)?;
        assert_eq!(head[0], 0, "an update");
        let mut reader = crate::wire::Reader::new(rectangles);
        let mut seen: Option<(Rect, [u8; 4])> = None;
        for _ in 0..head[3] {
            let rect = reader.rect().unwrap();
            assert_eq!(reader.u32(), Ok(0), "Raw");
            let pixels = reader.take(rect.area() as usize * 4).unwrap();
            let colour = pixels[..4].try_into().unwrap();
            assert!(pixels.chunks(4).all(|pixel| pixel == colour));
            let (area, before) = seen.unwrap_or((rect, colour));
            assert_eq!(before, colour);
            seen = Some((area.bounds(rect), colour));
        }
        seen
    }

    fn events(&mut self) -> Vec<ServerEvent> {
        std::iter::from_fn(|| self.server.poll_event()).collect()
    }
}

fn all() -> Region {
    SIZE.rect().into()
}

// Who is let in.

#[test]
fn passwords_decide() {
    use Rights::{Full, ViewOnly};
    let is = Some("password");
    let other = Some("other");
    for (password, view_only, rights) in [
        (None, None, Some(Full)),
        (Some(""), Some(""), Some(Full)),
        (is, None, Some(Full)),
        (is, is, Some(Full)),
        (other, is, Some(ViewOnly)),
        (None, is, Some(ViewOnly)),
        (other, None, None),
        (other, other, None),
        (None, other, None),
    ] {
        let mut desk = Desk::new();
        desk.server.set_password(password);
        desk.server.set_view_only_password(view_only);
        let is_open = password.or(view_only).unwrap_or("").is_empty();
        let id = desk.connect();
        if is_open {
            desk.send(id, HELLO);
            assert_eq!(desk.server.password(), None);
        } else {
            desk.send(id, HELLO_AUTH);
            let offer = [&[1, 2], &CHALLENGE[..]].concat();
            assert!(desk.read(id).ends_with(&offer), "only VncAuth");
            desk.send(id, &RESPONSE);
            assert_eq!(desk.server.password(), password);
            assert_eq!(desk.server.view_only_password(), view_only);
        }
        if rights.is_some() && !is_open {
            assert_eq!(desk.read(id), [0; 4]);
            desk.send(id, &[1]);
        }
        let found: Vec<_> = desk.server.viewers().map(|(_, s)| s.rights()).collect();
        if rights.is_some() {
            assert_eq!(found, [rights]);
            assert!(desk.events().contains(&ServerEvent::Joined(id)));
        } else {
            assert_eq!(found, []);
            assert!(desk.server.is_closing(id));
            assert!(desk.read(id).ends_with(b"wrong password"));
            assert_eq!(desk.events(), []);
        }
    }
}

#[test]
fn a_new_password_sends_away_who_is_logging_in() {
    let set: [fn(&mut Server, Option<&str>); 2] =
        [Server::set_password, Server::set_view_only_password];
    for set in set {
        let mut desk = Desk::new();
        let (joined, accepted, early) = (desk.join(), desk.connect(), desk.connect());
        // All but the last byte of it.
        desk.send(accepted, &HELLO[..HELLO.len() - 1]);
        set(&mut desk.server, Some("password"));
        for gone in [accepted, early] {
            assert!(desk.server.is_closing(gone));
            desk.send(gone, &[1]);
        }
        assert!(!desk.server.is_closing(joined));
        let authenticating = desk.connect();
        desk.send(authenticating, HELLO_AUTH);
        set(&mut desk.server, Some("password"));
        assert!(!desk.server.is_closing(authenticating), "nothing changed");
        set(&mut desk.server, None);
        assert!(desk.server.is_closing(authenticating));
        assert_eq!(desk.events(), []);
        assert_eq!(desk.server.viewers().count(), 1);
    }
}

#[test]
fn connections_can_be_off() {
    let mut desk = Desk::new();
    desk.server.listening(5901);
    let (id, other, stranger) = (desk.join(), desk.join(), desk.connect());
    desk.server.set_connection_enabled(false);
    assert!(!desk.server.is_connection_enabled());
    let off = ServerEvent::StateChanged(ServerState::NotStarted);
    let left = ServerEvent::Left;
    assert_eq!(desk.events(), [left(id), left(other), off]);
    for gone in [id, other, stranger] {
        assert!(desk.server.is_closing(gone));
        assert_eq!(desk.read(gone), b"");
        desk.send(gone, b"anything");
        desk.server.disconnect(gone);
    }
    assert_eq!(desk.server.connect(desk.now, CHALLENGE), None);
    desk.server.set_connection_enabled(true);
    let on = ServerEvent::StateChanged(ServerState::Listening);
    assert_eq!(desk.events(), [on]);
    assert_ne!(desk.join(), id, "numbers are not used twice");
}

#[test]
fn the_state_is_told() {
    use ServerState::{Connected, Failed, Listening, NotStarted};
    let mut desk = Desk::new();
    assert_eq!(desk.server.state(), NotStarted);
    desk.server.failed();
    assert_eq!(desk.server.port(), None);
    desk.server.listening(5900);
    desk.server.listening(5901);
    assert_eq!(desk.server.port(), Some(5901));
    let changed = ServerEvent::StateChanged;
    assert_eq!(desk.events(), [changed(Failed), changed(Listening)]);

    let (one, two) = (desk.connect(), desk.connect());
    assert_eq!(desk.events(), [], "nobody has logged in");
    desk.send(one, HELLO);
    desk.send(two, HELLO);
    assert_eq!(desk.server.state(), Connected);
    let joined = ServerEvent::Joined;
    assert_eq!(
        desk.events(),
        [joined(one), changed(Connected), joined(two)]
    );
    desk.server.disconnect(one);
    desk.server.disconnect(two);
    let left = ServerEvent::Left;
    assert_eq!(desk.events(), [left(one), left(two), changed(Listening)]);
}

#[test]
fn who_is_slow_or_wrong_is_closed() {
    let mut desk = Desk::new();
    let (slow, wrong, joined) = (desk.connect(), desk.connect(), desk.join());
    let error = desk.server.receive(wrong, desk.now, b"GET / HTTP/1.1\r\n");
    assert_eq!(error, Err(Error::NotRfb));
    assert!(desk.server.is_closing(wrong));
    let timeout = desk.server.poll_timeout().unwrap();
    assert_eq!(timeout, desk.now + Duration::from_secs(10));
    desk.server
        .handle_timeout(timeout - Duration::from_nanos(1));
    assert!(!desk.server.is_closing(slow));
    desk.server.handle_timeout(timeout);
    assert!(desk.server.is_closing(slow));
    assert!(!desk.server.is_closing(joined));
    assert_eq!(desk.server.poll_timeout(), None);

    // One that was in, and then says what nobody understands.
    assert!(desk.server.receive(joined, desk.now, &[77]).is_err());
    assert!(desk.server.is_closing(joined));
    assert_eq!(desk.events(), []);
    desk.server.disconnect(joined);
    assert_eq!(desk.events()[0], ServerEvent::Left(joined));
}

#[test]
fn events_are_bounded() {
    let mut desk = Desk::new();
    let mut joined = 0;
    while let Some(id) = desk.server.connect(desk.now, CHALLENGE) {
        desk.send(id, HELLO);
        joined += 1;
        assert!(joined < 100);
    }
    // And the change of the state.
    assert_eq!(desk.events().len(), joined + 1);
    let id = desk.connect();
    desk.send(id, HELLO);
    let keys = [4, 1, 0, 0, 0, 0, 0, 0x61].repeat(1000);
    let (mut rest, mut seen) = (&keys[..], 0);
    while !rest.is_empty() {
        let taken = desk.server.receive(id, desk.now, rest).unwrap();
        assert!(taken <= 64 * 8);
        rest = &rest[taken..];
        seen += desk.events().len();
    }
    assert_eq!(seen, 1 + 1000);
}

// What viewers do.

#[test]
fn keys_come_with_modifiers() {
    let mut desk = Desk::new();
    let (id, other) = (desk.join(), desk.join());
    let mut key = |id, keysym: u32, pressed: bool| {
        let mut message = vec![4, pressed.into(), 0, 0];
        message.extend(keysym.to_be_bytes());
        desk.send(id, &message);
        match desk.events()[..] {
            [ServerEvent::Key { modifiers, .. }] => format!("{modifiers:?}"),
            ref events => panic!("{events:?}"),
        }
    };
    assert_eq!(key(id, 0xffe1, true), r#"{"shift"}"#);
    assert_eq!(key(id, 0xffe2, true), r#"{"shift"}"#);
    assert_eq!(key(id, 0xffe1, false), r#"{"shift"}"#, "the right one");
    assert_eq!(key(other, 0x61, true), "{}", "it holds nothing");
    assert_eq!(key(id, 0xffe2, false), "{}");
    for (keysym, name) in [
        (0xffe3, "control"),
        (0xffe4, "control"),
        (0xffe7, "alt"),
        (0xffe8, "alt"),
        (0xffe9, "alt"),
        (0xffea, "alt"),
        (0xffeb, "logo"),
        (0xffec, "logo"),
        (0xfe03, "alt_gr"),
        (0xff7e, "alt_gr"),
    ] {
        assert_eq!(key(id, keysym, true), format!("{{{name:?}}}"));
        assert_eq!(key(id, 0x61, true), format!("{{{name:?}}}"));
        assert_eq!(key(id, keysym, false), "{}");
    }
}

#[test]
fn pointers_and_wheels() {
    let mut desk = Desk::new();
    let viewer = desk.join();
    let modifiers = Modifiers::default();
    let mut point = |buttons: u8, x: u8, y: u8| {
        desk.send(viewer, &[5, buttons, 0, x, 0, y]);
        desk.events()
    };
    let pointer = |x, y, buttons, changed| ServerEvent::Pointer {
        viewer,
        at: Point::new(x, y),
        buttons,
        changed,
        modifiers,
    };
    let wheel = |x, y| ServerEvent::Wheel {
        viewer,
        at: Point::new(10, 20),
        x,
        y,
        modifiers,
    };
    assert_eq!(point(0, 10, 20), [pointer(10, 20, 0, 0)]);
    assert_eq!(point(0, 10, 20), [], "nothing is new");
    assert_eq!(point(1, 10, 20), [pointer(10, 20, 1, 1)]);
    assert_eq!(point(5, 11, 20), [pointer(11, 20, 5, 4)]);
    assert_eq!(point(4, 11, 20), [pointer(11, 20, 4, 1)]);
    assert_eq!(point(0, 10, 20), [pointer(10, 20, 0, 4)]);
    for (bit, x, y) in [(8, 0, -1), (16, 0, 1), (32, -1, 0), (64, 1, 0)] {
        assert_eq!(point(bit, 10, 20), [wheel(x, y)]);
        assert_eq!(point(bit, 10, 20), [], "held is not turned");
        assert_eq!(point(0, 10, 20), []);
    }
    // With a button held, and from elsewhere.
    assert_eq!(point(17, 30, 20), {
        let turned = ServerEvent::Wheel {
            viewer,
            at: Point::new(30, 20),
            x: 0,
            y: 1,
            modifiers,
        };
        [pointer(30, 20, 1, 1), turned]
    });
}

#[test]
fn a_pointer_that_begins_in_the_corner_is_told() {
    let mut desk = Desk::new();
    let viewer = desk.join();
    desk.send(viewer, &[5, 0, 0, 0, 0, 0]);
    let pointer = ServerEvent::Pointer {
        viewer,
        at: Point::default(),
        buttons: 0,
        changed: 0,
        modifiers: Modifiers::default(),
    };
    assert_eq!(desk.events(), [pointer]);
}

/// Shift, "a" (twice, as it is held) and "b" go down, "b" goes up, and a button with
/// the wheel goes down.
const HOLD: &[u8] = b"\x04\x01\0\0\0\0\xff\xe1\x04\x01\0\0\0\0\0a\x04\x01\0\0\0\0\0a\
    \x04\x01\0\0\0\0\0b\x04\0\0\0\0\0\0b\x05\x09\0\x07\0\x08";

/// Fails unless these events release what [`HOLD`] leaves down.
fn expect_released(events: &[ServerEvent], id: ViewerId) {
    let told = events.iter().map(|event| match event {
        ServerEvent::Key {
            viewer,
            keysym,
            pressed: false,
            modifiers,
        } if *viewer == id => format!("{keysym:#x} {modifiers:?}"),
        ServerEvent::Pointer {
            viewer,
            at: Point { x: 7, y: 8 },
            buttons: 0,
            changed: 1,
            modifiers,
        } if *viewer == id => format!("button {modifiers:?}"),
        other => panic!("{other:?}"),
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told, [r#"0x61 {"shift"}"#, "0xffe1 {}", "button {}"]);
}

#[test]
fn who_leaves_lets_go() {
    let mut desk = Desk::new();
    let (id, other) = (desk.join(), desk.join());
    desk.send(id, HOLD);
    desk.send(other, &[4, 1, 0, 0, 0, 0, 0, b'a']);
    desk.events();
    desk.server.disconnect(id);
    let mut events = desk.events();
    assert_eq!(events.pop(), Some(ServerEvent::Left(id)));
    expect_released(&events, id);
}

#[test]
fn without_input_nothing_stays_down() {
    let mut desk = Desk::new();
    let viewer = desk.join();
    desk.send(viewer, HOLD);
    desk.events();
    desk.server.set_input_enabled(false);
    expect_released(&desk.events(), viewer);
    desk.server.disconnect(viewer);
    assert_eq!(desk.events()[0], ServerEvent::Left(viewer), "all is up");
}

#[test]
fn what_is_held_is_bounded() {
    let mut desk = Desk::new();
    let (id, _other) = (desk.join(), desk.join());
    let mut told = 0;
    for keysym in 0..1000_u32 {
        desk.send(id, &[&[4, 1, 0, 0][..], &keysym.to_be_bytes()].concat());
        told += desk.events().len();
    }
    desk.server.disconnect(id);
    assert_eq!(told, 256);
    assert_eq!(desk.events().len(), told + 1);
}

#[test]
fn texts_and_wishes() {
    let mut desk = Desk::new();
    let viewer = desk.join();
    let wish = desktop_size(300, 150);
    let text = [6, 0, 0, 0, 0, 0, 0, 2, b'h', b'i'];
    desk.send(viewer, &[extended(), wish.clone(), text.to_vec()].concat());
    let size = Size::new(300, 150);
    assert_eq!(
        desk.events(),
        [
            ServerEvent::SetDesktopSize { viewer, size },
            ServerEvent::CutText {
                viewer,
                text: "hi".into()
            }
        ]
    );
    desk.server
        .answer_resize(viewer, ResizeStatus::OutOfResources);
    assert_eq!(answer(&mut desk, viewer), 2);

    desk.send(viewer, &wish);
    desk.events();
    desk.server.answer_resize(viewer, ResizeStatus::Done);
    desk.server
        .show(&Frame::solid(size, RED), &Region::new(), &[]);
    assert_eq!(answer(&mut desk, viewer), 0);
    assert_eq!(desk.server.size(), size);
    assert_eq!(desk.look(viewer), Some((size.rect(), RED)));
}

#[test]
fn input_can_be_off() {
    let mut desk = Desk::new();
    let id = desk.join();
    desk.server.set_input_enabled(false);
    assert!(!desk.server.is_input_enabled());
    let everything = [
        extended(),
        vec![4, 1, 0, 0, 0, 0, 0xff, 0xe1],
        vec![5, 1, 0, 1, 0, 1],
        vec![6, 0, 0, 0, 0, 0, 0, 1, b'a'],
        desktop_size(300, 150),
    ];
    desk.send(id, &everything.concat());
    assert_eq!(desk.events(), []);
    assert_eq!(answer(&mut desk, id), 1, "prohibited");
    desk.server.set_input_enabled(true);
    desk.send(id, &[4, 1, 0, 0, 0, 0, 0, 0x61]);
    let events = desk.events();
    let [ServerEvent::Key { modifiers, .. }] = events[..] else {
        panic!("{events:?}");
    };
    assert!(modifiers.shift(), "it was pressed all the while");
}

/// SetEncodings with ExtendedDesktopSize.
fn extended() -> Vec<u8> {
    let number = Encoding::EXTENDED_DESKTOP_SIZE.0.to_be_bytes();
    [&[2, 0, 0, 1], number.as_slice()].concat()
}

fn desktop_size(width: u16, height: u16) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    [&[251, 0], &size[..], &[1, 0], &[0; 8], &size, &[0; 4]].concat()
}

/// The status of the first answer to a SetDesktopSize.
fn answer(desk: &mut Desk, id: ViewerId) -> u8 {
    desk.send(id, &[3, 1, 0, 0, 0, 0, 255, 255, 255, 255]);
    let update = desk.read(id);
    let news = update[4..].chunks(12 + 4 + 16);
    let mut answers = news.filter(|rectangle| rectangle[1] == 1);
    answers.next().expect("an answer")[3]
}

// What viewers are shown.

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
        let frame = Frame::solid(SIZE, [value; 4]);
        desk.server.show(&frame, &all(), &[]);
        for id in [one, two] {
            assert_eq!(desk.look(id), Some((SIZE.rect(), [value; 4])));
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

#[test]
fn debug_tells_no_password() {
    let mut server = Server::new("desk", SIZE);
    server.set_password(Some("secret"));
    server.set_view_only_password(Some("secret"));
    assert!(!format!("{server:?}").contains("secret"));
}
