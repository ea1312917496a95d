//! What real viewers said, as `vectors/README.md` tells.

use std::io::Write;

use offing_tests::Result;
use offing_tests::vnc_client::{PixelFormat, Wire};
use rfb::{Event, Frame, Region, Security, Size, Version};

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
