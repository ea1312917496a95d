//! Bytes of the specification, and what they mean.

use super::*;
use crate::clipboard::{ClipboardFormat, ClipboardMessage};
use crate::pixel_format::InvalidPixelFormat;

/// The types of messages that are understood.
const KNOWN: [u8; 12] = [0, 2, 3, 4, 5, 6, 150, 248, 250, 251, 253, 255];

/// All extensions that change messages.
const EXTENDED: Dialect = Dialect {
    extended_mouse_buttons: true,
    extended_clipboard: true,
};

fn complete(bytes: &[u8]) -> ClientMessage {
    complete_in(Dialect::default(), bytes)
}

fn complete_in(dialect: Dialect, bytes: &[u8]) -> ClientMessage {
    match ClientMessage::decode(bytes, dialect) {
        Ok(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn set_pixel_format() {
    let mut bytes = vec![0, 9, 9, 9];
    bytes.extend(PixelFormat::BGRX.write());
    assert_eq!(
        complete(&bytes),
        ClientMessage::SetPixelFormat(PixelFormat::BGRX)
    );
    bytes[4] = 24;
    let fault = ClientMessage::decode(&bytes, Dialect::default());
    let expected = Error::PixelFormat(InvalidPixelFormat::BitsPerPixel(24));
    assert!(matches!(fault, Err(Fault::Fatal(error)) if error == expected));
}

#[test]
fn set_encodings() {
    let bytes = [2, 0, 0, 3, 0, 0, 0, 5, 255, 255, 255, 0x11, 0, 0, 0, 0];
    assert_eq!(
        complete(&bytes),
        ClientMessage::SetEncodings(vec![Encoding(5), Encoding(-239), Encoding(0)])
    );
    assert_eq!(
        complete(&[2, 0, 0, 0]),
        ClientMessage::SetEncodings(Vec::new())
    );
}

#[test]
fn fixed_sizes() {
    assert_eq!(
        complete(&[3, 1, 0, 1, 0, 2, 1, 0, 2, 0]),
        ClientMessage::FramebufferUpdateRequest {
            incremental: true,
            area: Rect::new(1, 2, 256, 512),
        }
    );
    assert_eq!(
        complete(&[4, 1, 0, 0, 0, 0, 255, 13]),
        ClientMessage::KeyEvent {
            keysym: 0xff0d,
            keycode: None,
            pressed: true,
        }
    );
    assert_eq!(
        complete(&[5, 0b1000_0001, 1, 0, 2, 3]),
        ClientMessage::PointerEvent {
            x: 256,
            y: 515,
            buttons: 129,
        }
    );
}

#[test]
fn cut_text() {
    assert_eq!(
        complete(&[6, 0, 0, 0, 0, 0, 0, 2, b'a', 0xe9]),
        ClientMessage::ClientCutText("a\u{e9}".into())
    );
    assert_eq!(
        complete(&[6, 0, 0, 0, 0, 0, 0, 0]),
        ClientMessage::ClientCutText(String::new())
    );
    for (length, unwanted) in [
        ([1, 0, 0, 1], MAX_CONTENTS + 1),
        ([0x7f, 255, 255, 255], 0x7fff_ffff),
        ([255, 255, 255, 252], 4),
        ([0x80, 0, 0, 0], 0x8000_0000),
    ] {
        let [a, b, c, d] = length;
        assert_eq!(
            complete(&[6, 0, 0, 0, a, b, c, d]),
            ClientMessage::Unwanted { rest: unwanted }
        );
    }
}

#[test]
fn set_desktop_size() {
    let screen = [0, 0, 0, 7, 0, 1, 0, 2, 2, 128, 1, 224, 0, 0, 0, 9];
    let mut bytes = vec![251, 0, 2, 128, 1, 224, 1, 0];
    bytes.extend(screen);
    let layout = Layout {
        size: Size::new(640, 480),
        screens: vec![Screen {
            id: 7,
            area: Rect::new(1, 2, 640, 480),
            flags: 9,
        }],
    };
    assert_eq!(complete(&bytes), ClientMessage::SetDesktopSize(layout));
}

#[test]
fn unknown_messages_are_fatal() {
    for number in (0..=255).filter(|number| !KNOWN.contains(number)) {
        let fault = ClientMessage::decode(&[number; 40], Dialect::default());
        let expected = Error::UnknownMessage(number);
        assert!(matches!(fault, Err(Fault::Fatal(error)) if error == expected));
    }
}

/// Every shorter piece of a message asks for more, a few times at most.
#[test]
fn asks_for_more_and_not_too_often() {
    let mut encodings = vec![2, 0, 255, 255];
    encodings.resize(4 + 65_535 * 4, 1);
    let mut desktop = vec![251, 0, 2, 128, 1, 224, 255, 0];
    desktop.resize(8 + 255 * SCREEN, 1);
    let mut text = vec![6, 0, 0, 0, 1, 0, 0, 0];
    text.resize(8 + MAX_CONTENTS, b'a');
    for message in [
        vec![0; 20],
        encodings,
        vec![3; 10],
        vec![4; 8],
        vec![5; 6],
        text,
        desktop,
    ] {
        let mut length = 0;
        let mut attempts = 0;
        loop {
            match ClientMessage::decode(&message[..length], Dialect::default()) {
                Err(Fault::Incomplete(incomplete)) => {
                    assert!(incomplete.needed > length);
                    length = incomplete.needed;
                    attempts += 1;
                }
                // All zeros are no pixel format.
                Ok(_) | Err(Fault::Fatal(Error::PixelFormat(_))) => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(length, message.len());
        assert!(attempts <= 3, "{attempts} attempts");
    }
}

#[test]
fn the_highest_button_may_announce_more_of_them() {
    let pointer = |buttons| ClientMessage::PointerEvent {
        x: 256,
        y: 515,
        buttons,
    };
    // Without the extension it is a button, and the message as long as ever.
    assert_eq!(complete(&[5, 0x81, 1, 0, 2, 3]), pointer(0x81));
    assert_eq!(complete_in(EXTENDED, &[5, 0x01, 1, 0, 2, 3]), pointer(1));
    let forward = [5, 0x81, 1, 0, 2, 3, 0b10];
    assert_eq!(complete_in(EXTENDED, &forward), pointer(1 | 1 << 8));
    let back = [5, 0x80, 1, 0, 2, 3, 0b1];
    assert_eq!(complete_in(EXTENDED, &back), pointer(1 << 7));
    let all = [5, 0xff, 1, 0, 2, 3, 0xff];
    assert_eq!(complete_in(EXTENDED, &all), pointer(0x7fff));
}

#[test]
fn keys_with_their_place() {
    // XK_Right, whose scancode is E0 4D.
    let bytes = [255, 0, 0, 1, 0, 0, 0xff, 0x53, 0, 0, 0, 0xcd];
    let key = |keycode| ClientMessage::KeyEvent {
        keysym: 0xff53,
        keycode,
        pressed: true,
    };
    assert_eq!(complete(&bytes), key(Some(0xcd)));
    let unknown = [255, 0, 0, 1, 0, 0, 0xff, 0x53, 0, 0, 0, 0];
    assert_eq!(complete(&unknown), key(None));
}

#[test]
fn continuous_updates_fences_and_xvp() {
    assert_eq!(
        complete(&[150, 1, 0, 1, 0, 2, 1, 0, 2, 0]),
        ClientMessage::EnableContinuousUpdates {
            enable: true,
            area: Rect::new(1, 2, 256, 512),
        }
    );
    let fence = Fence::new(0x8000_0005, b"abc").unwrap();
    let bytes = [248, 0, 0, 0, 0x80, 0, 0, 5, 3, b'a', b'b', b'c'];
    assert_eq!(complete(&bytes), ClientMessage::ClientFence(fence));
    let mut long = vec![248, 0, 0, 0, 0x80, 0, 0, 0, 65];
    long.resize(9 + 65, 1);
    assert_eq!(complete(&long), ClientMessage::Unwanted { rest: 0 });
    let (version, code) = (1, 2);
    assert_eq!(
        complete(&[250, 0, 1, 2]),
        ClientMessage::Xvp { version, code }
    );
}

#[test]
fn what_is_not_used_is_read_past() {
    for (bytes, rest) in [
        (&[253, 129, 0, 2][..], 2), // gii, big-endian
        (&[253, 1, 2, 1], 0x102),   // gii, little-endian
        (&[255, 1, 0, 0], 0),       // QEMU audio: on
        (&[255, 1, 0, 1], 0),
        (&[255, 1, 0, 2, 3, 2, 0, 0, 0xac, 0x44], 0), // its format
    ] {
        assert_eq!(complete(bytes), ClientMessage::Unwanted { rest });
    }
    for (bytes, expected) in [
        ([255, 2, 0, 0], Error::UnknownQemuMessage(2)),
        ([255, 1, 0, 3], Error::UnknownAudioOperation(3)),
    ] {
        let fault = ClientMessage::decode(&bytes, EXTENDED);
        assert!(matches!(fault, Err(Fault::Fatal(error)) if error == expected));
    }
}

#[test]
fn a_negative_length_is_the_extended_clipboard() {
    let notify = [6, 0, 0, 0, 255, 255, 255, 252, 8, 0, 0, 1];
    let formats = [ClipboardFormat::Text].into_iter().collect();
    assert_eq!(
        complete_in(EXTENDED, &notify),
        ClientMessage::Clipboard(ClipboardMessage::Notify(formats))
    );
    // What makes no sense is no error.
    let nonsense = [6, 0, 0, 0, 255, 255, 255, 252, 0xff, 0, 0, 1];
    assert_eq!(
        complete_in(Dialect::default(), &nonsense[..8]),
        ClientMessage::Unwanted { rest: 4 }
    );
    let nothing = [6, 0, 0, 0, 255, 255, 255, 255, 0xff];
    assert_eq!(
        complete_in(EXTENDED, &nothing),
        ClientMessage::Unwanted { rest: 0 }
    );
    let endless = [6, 0, 0, 0, 0x80, 0, 0, 0];
    let rest = 0x8000_0000;
    assert_eq!(
        complete_in(EXTENDED, &endless),
        ClientMessage::Unwanted { rest }
    );
}
