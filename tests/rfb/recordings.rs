//! What real viewers said, as `vectors/README.md` tells.

use std::io::Write;
use std::time::Instant;

use offing_tests::Result;
use offing_tests::vnc_client::{PixelFormat, Wire};
use rfb::{Event, Frame, Region, Rights, Security, Session, Size, Version};

use crate::server::{Encoder, Server, config};

/// The size of the desktop that they saw.
const SIZE: Size = Size::new(64, 48);

struct Recording {
    bytes: &'static [u8],
    security: Security,
    shared: bool,
    format: PixelFormat,
    encoding: rfb::Encoding,
    /// Where the button was pressed.
    at: (u16, u16),
}

#[test]
fn tigervnc() -> Result {
    let full = Recording {
        bytes: include_bytes!("vectors/tigervnc-1.12.0.bin"),
        security: Security::VNC_AUTH,
        shared: false,
        format: PixelFormat::BGRX,
        encoding: rfb::Encoding::TIGHT,
        at: (20, 20),
    };
    full.play()?;
    let few_colours = Recording {
        bytes: include_bytes!("vectors/tigervnc-1.12.0-64-colours.bin"),
        format: PixelFormat::RGB222,
        ..full
    };
    few_colours.play()
}

#[test]
fn tightvnc() -> Result {
    let recording = Recording {
        bytes: include_bytes!("vectors/tightvnc-1.3.10-bgr233.bin"),
        security: Security::VNC_AUTH,
        shared: true,
        format: PixelFormat::BGR233,
        encoding: rfb::Encoding::HEXTILE,
        at: (20, 20),
    };
    recording.play()
}

#[test]
fn gtk_vnc() -> Result {
    let recording = Recording {
        bytes: include_bytes!("vectors/gtk-vnc-1.3.1.bin"),
        security: Security::NONE,
        shared: false,
        format: PixelFormat::BGRX,
        encoding: rfb::Encoding::TIGHT,
        at: (10, 6),
    };
    recording.play()
}

#[test]
fn vncdotool() -> Result {
    let recording = Recording {
        bytes: include_bytes!("vectors/vncdotool-1.4.2.bin"),
        security: Security::VNC_AUTH,
        shared: true,
        format: PixelFormat::BGRX,
        encoding: rfb::Encoding::RAW,
        at: (20, 20),
    };
    recording.play()
}

/// All recordings, with the security type that was chosen.
const ALL: [(&[u8], Security); 5] = [
    (
        include_bytes!("vectors/tigervnc-1.12.0.bin"),
        Security::VNC_AUTH,
    ),
    (
        include_bytes!("vectors/tigervnc-1.12.0-64-colours.bin"),
        Security::VNC_AUTH,
    ),
    (
        include_bytes!("vectors/tightvnc-1.3.10-bgr233.bin"),
        Security::VNC_AUTH,
    ),
    (include_bytes!("vectors/gtk-vnc-1.3.1.bin"), Security::NONE),
    (
        include_bytes!("vectors/vncdotool-1.4.2.bin"),
        Security::VNC_AUTH,
    ),
];

/// Says it piece by piece to a session, and asks that for an update in the end: what came of
/// it, and what the viewer was sent.
fn converse(pieces: &[&[u8]], security: Security) -> (Vec<Event>, Vec<u8>) {
    let now = Instant::now();
    let mut session = Session::new(config(SIZE, &[security]), now);
    session.report_requests();
    session.show(&Frame::solid(SIZE, [1, 2, 3, 0]), &Region::new(), &[]);
    let (mut events, mut sent) = (Vec::new(), Vec::new());
    let mut settle = |session: &mut Session| {
        while let Some(event) = session.poll_event() {
            if let Event::Authenticate(_) = event {
                session.accept(Rights::Full);
            }
            events.push(event);
        }
        while session.has_output() {
            let output = session.output();
            let count = output.len();
            sent.extend_from_slice(output);
            session.consume(now, count);
        }
    };
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            let taken = session.receive(now, piece).expect("no error");
            piece = &piece[taken..];
            settle(&mut session);
        }
    }
    session.send_frame(now);
    settle(&mut session);
    (events, sent)
}

#[test]
fn however_their_bytes_are_cut_the_conversation_is_the_same() {
    for (bytes, security) in ALL {
        let whole = converse(&[bytes], security);
        assert!(whole.0.len() > 5, "{:?}", whole.0);
        assert!(whole.1.len() > 80, "{:?}", whole.1);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert!(converse(&single, security) == whole);
        for at in 1..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert!(converse(&[head, tail], security) == whole, "split at {at}");
        }
    }
}

impl Recording {
    /// Says it all to a session, which has to understand every byte of it.
    fn play(&self) -> Result {
        let (server, mut stream) = Server::start(config(SIZE, &[self.security]), Encoder::new(0))?;
        let frame = Frame::solid(SIZE, [1, 2, 3, 0]);
        server.with(|session| session.show(&frame, &Region::new(), &[]));
        stream.write_all(self.bytes)?;
        let mut wire = Wire::new(stream);
        wire.finish()?;
        wire.expect_closed(offing_tests::soon())?;
        assert_eq!(server.end()?, None);

        let shared = self.shared;
        let mut events = server.events().into_iter();
        assert_eq!(events.next(), Some(Event::Ready { shared }));
        let (keys, pointer): (Vec<_>, Vec<_>) =
            events.partition(|event| matches!(event, Event::Key { .. }));
        let key = |pressed| Event::Key {
            keysym: 0x61,
            keycode: None,
            pressed,
        };
        assert_eq!(keys, [key(true), key(false)]);
        let (x, y) = self.at;
        let click = [1, 0].map(|buttons| Event::Pointer { x, y, buttons });
        assert!(pointer.windows(2).any(|pair| pair == click), "{pointer:?}");

        server.with(|session| {
            assert_eq!(session.version(), Some(Version::V3_8));
            assert_eq!(session.security(), Some(self.security));
            assert_eq!(session.pixel_format().write(), self.format.to_bytes());
            assert_eq!(session.encoding(), self.encoding);
        });
        Ok(())
    }
}
