//! What viewers do.

use super::*;

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
