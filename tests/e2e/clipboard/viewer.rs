//! A viewer with the extended clipboard (rfbproto "Extended Clipboard Pseudo-Encoding").

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib;
use offing_tests::vnc_client::{Login, VncClient};
use offing_tests::wayland_client::{Clipboard, WaylandClient};
use offing_tests::{Error, Result, soon};

use crate::fixture::{Fixture, expect_equal};

pub(super) const TEXT: u32 = 1;
pub(super) const RTF: u32 = 2;
pub(super) const HTML: u32 = 4;
pub(super) const DIB: u32 = 8;
const FORMATS: u32 = TEXT | RTF | HTML | DIB;

const CAPS: u32 = 1 << 24;
const REQUEST: u32 = 1 << 25;
const PEEK: u32 = 1 << 26;
const NOTIFY: u32 = 1 << 27;
const PROVIDE: u32 = 1 << 28;

const ENCODING: i32 = 0xc0a1_e5ce_u32.cast_signed();

/// Asks for no updates, so that all that comes is about clipboards.
pub(super) struct ExtendedViewer(pub(super) VncClient);

impl ExtendedViewer {
    pub(super) fn new(fixture: &Fixture) -> Result<Self> {
        Self::with(fixture, &Login::new())
    }

    /// Logs in, and waits until the server knows that it is one.
    pub(super) fn with(fixture: &Fixture, login: &Login) -> Result<Self> {
        let mut viewer = fixture.viewer_with(login)?;
        viewer.set_encodings(&[ENCODING])?;
        let mut viewer = Self(viewer);
        viewer.expect(CAPS | REQUEST | PEEK | NOTIFY | PROVIDE | FORMATS)?;
        // It takes everything, but only what it asks for.
        let flags = CAPS | REQUEST | PEEK | NOTIFY | PROVIDE | FORMATS;
        viewer.send(flags, &[0; 16])?;
        Ok(viewer)
    }

    /// Says that it has something new, and waits until that is on offer to a client.
    pub(super) fn copy(
        &mut self,
        formats: u32,
        client: &mut WaylandClient,
        clipboard: Clipboard,
    ) -> Result {
        // It may not know yet of what it copied itself.
        client.roundtrip()?;
        let changes = client.clipboard(clipboard).changes;
        self.notify(formats)?;
        client.dispatch_until(soon(), "an offer", |client| {
            client.clipboard(clipboard).changes > changes
        })
    }

    /// Says that it has something new.
    pub(super) fn notify(&mut self, formats: u32) -> Result {
        self.send(NOTIFY | formats, &[])
    }

    /// Asks for what is on the clipboard.
    pub(super) fn request(&mut self, formats: u32) -> Result {
        self.send(REQUEST | formats, &[])
    }

    /// Gives these formats, in the order of their bits.
    pub(super) fn provide(&mut self, data: &[(u32, &[u8])]) -> Result {
        let message = provide_message(data);
        self.0.send(&message)
    }

    /// Waits to be told that there is something new.
    pub(super) fn expect_notify(&mut self, formats: u32) -> Result {
        self.expect(NOTIFY | formats).map(drop)
    }

    /// Waits to be asked for these formats.
    pub(super) fn expect_request(&mut self, formats: u32) -> Result {
        self.expect(REQUEST | formats).map(drop)
    }

    /// Waits for these formats.
    pub(super) fn expect_provide(&mut self, formats: u32) -> Result<Vec<Vec<u8>>> {
        let body = self.expect(PROVIDE | formats)?;
        let plain = decompress_to_vec_zlib(&body).map_err(|error| {
            Error::other(format!("the contents cannot be decompressed: {error:?}"))
        })?;
        let mut rest = plain.as_slice();
        let mut data = Vec::new();
        for _ in 0..formats.count_ones() {
            let (length, behind) = rest.split_first_chunk().ok_or_else(too_short)?;
            let length = u32::from_be_bytes(*length) as usize;
            let (bytes, behind) = behind.split_at_checked(length).ok_or_else(too_short)?;
            data.push(bytes.to_vec());
            rest = behind;
        }
        expect_equal("the bytes that are left", rest.len(), 0)?;
        Ok(data)
    }

    /// Asks for a text, and waits for it.
    pub(super) fn expect_text(&mut self, text: &str) -> Result {
        let data = self.expect_provide(TEXT)?;
        // Not with expect_equal(), as texts may be long.
        match data == [wire_text(text)] {
            true => Ok(()),
            false => Err(Error::other("the viewer got another text")),
        }
    }

    /// Returns when the server has read all that was sent, and has sent nothing but that these
    /// formats are on its clipboard.
    pub(super) fn expect_nothing_new(&mut self, formats: u32) -> Result {
        self.send(PEEK, &[])?;
        self.expect_notify(formats)
    }

    /// The next message, if it has these flags.
    fn expect(&mut self, flags: u32) -> Result<Vec<u8>> {
        let wire = self.0.wire();
        wire.expect(&[3], "a message about the clipboard")?;
        wire.bytes(3, "its padding")?;
        let length = wire.i32("its length")?;
        let length = usize::try_from(-i64::from(length))
            .map_err(|_| Error::other(format!("a text in Latin-1 of {length} bytes")))?;
        let found = wire.u32("its flags")?;
        let body = wire.bytes(length.checked_sub(4).ok_or_else(too_short)?, "its body")?;
        match found == flags {
            true => Ok(body),
            false => Err(Error::other(format!(
                "the flags are {found:#x}, not {flags:#x}"
            ))),
        }
    }

    fn send(&mut self, flags: u32, body: &[u8]) -> Result {
        self.0.send(&message(flags, body))
    }
}

/// The whole message by which a viewer gives these formats.
pub(super) fn provide_message(data: &[(u32, &[u8])]) -> Vec<u8> {
    let flags = data
        .iter()
        .fold(PROVIDE, |flags, (format, _)| flags | format);
    let mut plain = Vec::new();
    for (_, bytes) in data {
        plain.extend((bytes.len() as u32).to_be_bytes());
        plain.extend_from_slice(bytes);
    }
    message(flags, &compress_to_vec_zlib(&plain, 1))
}

/// A text as it is in messages.
pub(super) fn wire_text(text: &str) -> Vec<u8> {
    format!("{}\0", text.replace('\n', "\r\n")).into_bytes()
}

/// ClientCutText with a negative length.
fn message(flags: u32, body: &[u8]) -> Vec<u8> {
    let length = -4 - body.len() as i32;
    let length = length.to_be_bytes();
    [&[6, 0, 0, 0], &length[..], &flags.to_be_bytes(), body].concat()
}

fn too_short() -> Error {
    Error::other("a message about the clipboard is too short")
}
