//! A viewer with the extended clipboard (rfbproto "Extended Clipboard Pseudo-Encoding").

use offing_tests::vnc_client::clipboard::{ACTIONS, FORMATS};
use offing_tests::vnc_client::{ClipboardData, ClipboardMessage, Login, VncClient, encoding};
use offing_tests::wayland_client::{Clipboard, WaylandClient};
use offing_tests::{Error, Result, soon};

use crate::fixture::Fixture;

/// Asks for no updates, so that all that comes is about clipboards.
pub(super) struct ExtendedViewer(pub(super) VncClient);

impl ExtendedViewer {
    pub(super) fn new(fixture: &Fixture) -> Result<Self> {
        Self::with(fixture, &Login::new())
    }

    /// Logs in, and waits until the server knows that it is one.
    pub(super) fn with(fixture: &Fixture, login: &Login) -> Result<Self> {
        let mut viewer = Self(fixture.viewer_with(login)?);
        viewer.0.set_encodings(&[encoding::EXTENDED_CLIPBOARD])?;
        match viewer.next()? {
            ClipboardMessage::Caps(caps) if caps.flags == ACTIONS | FORMATS => {}
            other => return Err(Error::other(format!("{other:x?}, not all formats"))),
        }
        // It takes everything, but only what it asks for.
        viewer.0.clipboard_caps(ACTIONS | FORMATS, &[0; 4])?;
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
        self.0.clipboard_notify(formats)
    }

    /// Asks for what is on the clipboard.
    pub(super) fn request(&mut self, formats: u32) -> Result {
        self.0.clipboard_request(formats)
    }

    /// Gives these formats, in the order of their bits.
    pub(super) fn provide(&mut self, data: &[ClipboardData]) -> Result {
        self.0.clipboard_provide(data)
    }

    /// Gives a text.
    pub(super) fn provide_text(&mut self, text: &str) -> Result {
        self.provide(&[ClipboardData::Text(text.to_owned())])
    }

    /// Waits to be told that there is something new.
    pub(super) fn expect_notify(&mut self, formats: u32) -> Result {
        self.expect(ClipboardMessage::Notify(formats))
    }

    /// Waits to be asked for these formats.
    pub(super) fn expect_request(&mut self, formats: u32) -> Result {
        self.expect(ClipboardMessage::Request(formats))
    }

    /// Waits for what is on the clipboard, in the order of the formats.
    pub(super) fn expect_provide(&mut self) -> Result<Vec<ClipboardData>> {
        match self.next()? {
            ClipboardMessage::Provide(data) => Ok(data),
            other => Err(Error::other(format!("{other:x?} came, and no contents"))),
        }
    }

    /// Waits for a text, and nothing beside it.
    pub(super) fn expect_text(&mut self, text: &str) -> Result {
        // Not with expect_equal(), as texts may be long.
        match &self.expect_provide()?[..] {
            [ClipboardData::Text(found)] if found == text => Ok(()),
            _ => Err(Error::other("the viewer got another text")),
        }
    }

    /// Returns when the server has read all that was sent, and has sent nothing but that these
    /// formats are on its clipboard.
    pub(super) fn expect_nothing_new(&mut self, formats: u32) -> Result {
        self.0.clipboard_peek()?;
        self.expect_notify(formats)
    }

    fn expect(&mut self, expected: ClipboardMessage) -> Result {
        let found = self.next()?;
        match found == expected {
            true => Ok(()),
            false => Err(Error::other(format!("{found:x?} came, not {expected:x?}"))),
        }
    }

    /// The next message.
    fn next(&mut self) -> Result<ClipboardMessage> {
        let before = self.0.clipboard.len();
        self.0.read_message()?;
        let message = self.0.clipboard.get(before).cloned();
        message.ok_or_else(|| Error::other("what came is not about the clipboard"))
    }
}
