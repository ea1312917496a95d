//! A VNC client written from RFC 6143 and the rfbproto extensions alone, for tests.
//!
//! [`VncClient`] is a viewer that keeps its picture of the screen and remembers what else it was
//! told. Below it lies [`Wire`], for tests that send bytes no viewer would, and the steps of the
//! handshake ([`log_in`] and what it is made of).

use std::time::Instant;

use crate::picture::{Difference, Picture, Rect, Rgb, near};
use crate::{Error, ErrorKind, Result};

mod asked;
mod audio;
mod cursor;
mod decode;
mod desktop;
pub mod encoding;
mod extended_clipboard;
mod fences;
mod framebuffer;
mod handshake;
mod hextile;
mod input;
mod input_extensions;
mod jpeg;
mod machine;
mod message;
mod pending;
mod pixel_format;
mod png;
mod rre;
mod tight;
mod tight_filter;
mod tiles;
mod update;
mod vnc_auth;
mod wire;
mod zlib;

use asked::Asked;
pub use audio::{Audio, sample};
pub use cursor::{Cursor, Rgba, TRANSPARENT};
use decode::Decoders;
pub use desktop::{Resize, Screen};
use extended_clipboard::ClipboardState;
pub use extended_clipboard::{
    ClipboardCaps, ClipboardData, ClipboardMessage, clipboard, clipboard_provide_message,
};
pub use fences::{Fence, fence};
pub use framebuffer::{Fidelity, Framebuffer};
pub use handshake::{
    Login, Version, Welcome, agree_on_security, exchange_versions, log_in, read_security_result,
    security,
};
pub use input::{button, keysym};
pub use input_extensions::led;
pub use machine::{GiiVersions, xvp};
use pending::Pending;
pub use pixel_format::PixelFormat;
pub use update::{Update, UpdateRect};
pub use vnc_auth::vnc_auth_response;
pub use wire::{Stream, Wire};

/// A viewer.
pub struct VncClient {
    wire: Wire,
    /// What the server said until the session began.
    pub welcome: Welcome,
    /// The picture, as pixel values.
    pub framebuffer: Framebuffer,
    /// The name of the desktop: the last one heard.
    pub name: String,
    /// The updates received.
    pub updates: Vec<Update>,
    /// The changes of size received, and the server's answers to [`VncClient::set_desktop_size`].
    pub resizes: Vec<Resize>,
    /// The cursor to draw: none before the first is received, and one that
    /// is not visible when it is hidden.
    pub cursor: Option<Cursor>,
    /// How many cursors were received.
    pub cursors: usize,
    /// Where the server said that the pointer is, each time: x and y.
    pub pointer_places: Vec<(u16, u16)>,
    /// Whether the server wants motions of the pointer, not places: each time it said so.
    pub pointer_is_relative: Vec<bool>,
    /// The lock keys that are on, each time the server said so: bits of [`led`].
    pub leds: Vec<u8>,
    /// The extensions that the server has confirmed with an empty rectangle, each time.
    pub confirmed: Vec<i32>,
    /// The fences received: questions and answers.
    pub fences: Vec<Fence>,
    /// The server's questions are answered by themselves. True at first.
    pub answers_fences: bool,
    /// How often continuous updates have ended: the first time, and thereafter when disabled.
    pub ends_of_continuous_updates: usize,
    /// The codes of the xvp messages received: see [`xvp`].
    pub xvp: Vec<u8>,
    /// The versions of gii that the server knows.
    pub gii: Option<GiiVersions>,
    /// The sound received.
    pub audio: Audio,
    /// The messages of the extended clipboard received.
    pub clipboard: Vec<ClipboardMessage>,
    /// The entries of the colour map set so far.
    pub colour_map: Vec<Rgb>,
    /// How often the bell rang.
    pub bells: usize,
    /// The texts cut in the session.
    pub cut_texts: Vec<String>,
    format: PixelFormat,
    asked: Asked,
    pending: Pending,
    clipboard_state: ClipboardState,
    decoders: Decoders,
    /// The next request asks for everything.
    all_wanted: bool,
}

impl VncClient {
    /// Logs in over a connected stream.
    pub fn connect(stream: impl Stream + 'static, login: &Login) -> Result<Self> {
        let mut wire = Wire::new(stream);
        let welcome = log_in(&mut wire, login)?;
        Ok(Self::new(wire, welcome))
    }

    /// A viewer on a connection that has logged in.
    pub fn new(wire: Wire, welcome: Welcome) -> Self {
        Self {
            wire,
            framebuffer: Framebuffer::new(welcome.width, welcome.height),
            name: welcome.name.clone(),
            format: welcome.format,
            welcome,
            asked: Asked::default(),
            pending: Pending::default(),
            clipboard_state: ClipboardState::default(),
            decoders: Decoders::default(),
            updates: Vec::new(),
            resizes: Vec::new(),
            cursor: None,
            cursors: 0,
            pointer_places: Vec::new(),
            pointer_is_relative: Vec::new(),
            leds: Vec::new(),
            confirmed: Vec::new(),
            fences: Vec::new(),
            answers_fences: true,
            ends_of_continuous_updates: 0,
            xvp: Vec::new(),
            gii: None,
            audio: Audio::default(),
            clipboard: Vec::new(),
            colour_map: Vec::new(),
            bells: 0,
            cut_texts: Vec::new(),
            all_wanted: true,
        }
    }

    /// The bytes of the connection, to send and to read anything.
    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// The pixel format in use.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// The encodings asked for.
    pub fn encodings(&self) -> &[i32] {
        &self.asked.listed
    }

    /// The size of the framebuffer.
    pub fn size(&self) -> (usize, usize) {
        (self.framebuffer.width, self.framebuffer.height)
    }

    /// Waits until `condition` holds, asking for updates all the while. `what` says in the error
    /// what did not come before `deadline`.
    pub fn wait_until(
        &mut self,
        deadline: Instant,
        what: &str,
        mut condition: impl FnMut(&Self) -> bool,
    ) -> Result {
        while !condition(self) {
            self.step(deadline, what)?;
        }
        Ok(())
    }

    /// Waits until the whole screen looks like `expected`, in the viewer's pixel format. With
    /// [`crate::picture::ARTIFACTS`] set, keeps both pictures when it does not.
    pub fn wait_for_picture(&mut self, deadline: Instant, expected: &Picture) -> Result {
        self.wait_for(deadline, "the picture", expected, |viewer| {
            viewer.diff(expected)
        })
    }

    /// Waits until the whole screen is near `expected`: pixels that came with loss may be off by
    /// `tolerance` in each channel, and all others are right. See
    /// [`VncClient::wait_for_picture`].
    pub fn wait_for_near_picture(
        &mut self,
        deadline: Instant,
        expected: &Picture,
        tolerance: u8,
    ) -> Result {
        self.wait_for(deadline, "the picture", expected, |viewer| {
            viewer.diff_near(expected, tolerance)
        })
    }

    /// Waits until the piece of the screen with its upper left pixel at (`x`, `y`) looks like
    /// `expected`. See [`VncClient::wait_for_picture`].
    pub fn wait_for_piece(
        &mut self,
        deadline: Instant,
        x: usize,
        y: usize,
        expected: &Picture,
    ) -> Result {
        let what = format!(
            "the {}x{} pixels at ({x}, {y})",
            expected.width, expected.height
        );
        self.wait_for(deadline, &what, expected, |viewer| {
            viewer.diff_at(x, y, expected)
        })
    }

    fn wait_for(
        &mut self,
        deadline: Instant,
        what: &str,
        expected: &Picture,
        diff: impl Fn(&Self) -> Option<(Picture, Difference)>,
    ) -> Result {
        while let Some((found, difference)) = diff(self) {
            match self.step(deadline, what) {
                Err(error) if error.kind() == ErrorKind::Stalled => {
                    let difference = difference.into_error(&found, expected);
                    return Err(difference.context(error));
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// Waits for one message, having asked for an update.
    fn step(&mut self, deadline: Instant, what: &str) -> Result {
        let context = |error: Error| error.context(format!("while waiting for {what}"));
        if !self.pending.requested {
            self.request_update().map_err(context)?;
        }
        if self.wire.wait_readable(deadline).map_err(context)? {
            return self.read_message().map_err(context);
        }
        let message = format!("waited in vain for {what}; seen: {}", self.seen());
        Err(Error::new(ErrorKind::Stalled, message))
    }

    /// What was received so far, in a line.
    fn seen(&self) -> String {
        let (width, height) = self.size();
        let last = self
            .updates
            .last()
            .map(|update| format!(", the last {update}"));
        format!(
            "a framebuffer of {width}x{height}, {} updates{}, {} resizes, {} cursors, {} bells, \
             {} cut texts",
            self.updates.len(),
            last.unwrap_or_default(),
            self.resizes.len(),
            self.cursors,
            self.bells,
            self.cut_texts.len(),
        )
    }

    /// The colour shown at (`x`, `y`), with the loss of the pixel format. Pixels never painted
    /// have some colour that no test should expect.
    pub fn pixel(&self, x: usize, y: usize) -> Rgb {
        let (width, height) = self.size();
        assert!(
            x < width && y < height,
            "the screen of {width}x{height} has no ({x}, {y})"
        );
        self.colour(self.framebuffer.pixels[y * width + x])
    }

    /// What the screen looks like, with the loss of the pixel format, without the cursor.
    pub fn picture(&self) -> Picture {
        let (width, height) = self.size();
        self.piece(Rect::new(0, 0, width, height))
    }

    /// How the screen differs from `expected`, if it does: then also what it looks like. Each
    /// pixel may be any that [`PixelFormat::allows`]; those of a colour map only have to be near.
    pub fn diff(&self, expected: &Picture) -> Option<(Picture, Difference)> {
        self.diff_near(expected, 0)
    }

    /// The same, but pixels that came with loss may be off by `tolerance` in each channel.
    pub fn diff_near(&self, expected: &Picture, tolerance: u8) -> Option<(Picture, Difference)> {
        if (expected.width, expected.height) == self.size() {
            return self.diff_near_at((0, 0), expected, tolerance);
        }
        let found = self.picture();
        found
            .diff(expected, 0, &[])
            .map(|difference| (found, difference))
    }

    /// How the piece of the screen at (`x`, `y`) differs from `expected`. See
    /// [`VncClient::diff`].
    pub fn diff_at(&self, x: usize, y: usize, expected: &Picture) -> Option<(Picture, Difference)> {
        self.diff_near_at((x, y), expected, 0)
    }

    fn diff_near_at(
        &self,
        (x, y): (usize, usize),
        expected: &Picture,
        tolerance: u8,
    ) -> Option<(Picture, Difference)> {
        let found = self.piece(Rect::new(x, y, expected.width, expected.height));
        let difference = found.diff_by(expected, |column, row| {
            let at = (y + row) * self.framebuffer.width + x + column;
            let (pixel, wanted) = (found.pixel(column, row), expected.pixel(column, row));
            let right = match self.format.true_colour {
                true => self.format.allows(self.framebuffer.pixels[at], wanted),
                false => near(pixel, wanted, pixel_format::COLOUR_MAP_TOLERANCE),
            };
            let lossy = self.framebuffer.fidelity[at] == Fidelity::Lossy;
            right || lossy && near(pixel, wanted, tolerance)
        });
        difference.map(|difference| (found, difference))
    }

    /// Whether the piece of the screen at (`x`, `y`) looks like `expected`.
    pub fn shows(&self, x: usize, y: usize, expected: &Picture) -> bool {
        self.diff_at(x, y, expected).is_none()
    }

    /// What `rect`, cut at the edges of the screen, looks like.
    fn piece(&self, rect: Rect) -> Picture {
        let width = rect
            .width
            .min(self.framebuffer.width.saturating_sub(rect.x));
        let height = rect
            .height
            .min(self.framebuffer.height.saturating_sub(rect.y));
        Picture::draw(width, height, |x, y| self.pixel(rect.x + x, rect.y + y))
    }

    /// The colour of a pixel value.
    fn colour(&self, value: u32) -> Rgb {
        match self.format.true_colour {
            true => self.format.colour(value),
            false => {
                let entry = (value & self.format.mask()) as usize;
                self.colour_map.get(entry).copied().unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::jpeg::tests::grey_200;
    use super::wire::tests::Script;
    pub(super) use super::wire::tests::Sent;
    use super::*;

    /// A viewer of a screen of this size that has listed these encodings. The server sends these
    /// messages, whatever it is told.
    pub(super) fn script(
        format: PixelFormat,
        size: (u16, u16),
        encodings: &[i32],
        messages: &[u8],
    ) -> Result<VncClient> {
        script_and_sent(format, size, encodings, messages).map(|(viewer, _)| viewer)
    }

    /// The same, and what it sends from now on.
    pub(super) fn script_and_sent(
        format: PixelFormat,
        (width, height): (u16, u16),
        encodings: &[i32],
        messages: &[u8],
    ) -> Result<(VncClient, Sent)> {
        let welcome = Welcome {
            server_version: String::new(),
            security_types: vec![],
            security: security::NONE,
            width,
            height,
            format,
            name: "old".into(),
        };
        let (wire, sent) = Script::wire_and_sent(messages);
        let mut viewer = VncClient::new(wire, welcome);
        viewer.set_encodings(encodings)?;
        sent.take();
        Ok((viewer, sent))
    }

    /// A rectangle (RFC 6143 §7.6.1): x, y, width, height, the encoding and the body.
    pub(super) fn rect(place: [u16; 4], encoding: i32, body: &[u8]) -> Vec<u8> {
        let place = place.iter().flat_map(|number| number.to_be_bytes());
        place
            .chain(encoding.to_be_bytes())
            .chain(body.iter().copied())
            .collect()
    }

    /// An update with these rectangles.
    pub(super) fn update_of(rects: &[Vec<u8>]) -> Vec<u8> {
        let [high, low] = (rects.len() as u16).to_be_bytes();
        [&[0, 0, high, low], rects.concat().as_slice()].concat()
    }

    #[test]
    fn only_what_came_with_loss_may_be_near() -> Result {
        let jpeg = rect([0, 0, 8, 8], encoding::JPEG, &grey_200());
        let raw = rect([0, 0, 1, 1], encoding::RAW, &[200, 200, 200, 0]);
        let copy = rect([1, 0, 1, 1], encoding::COPY_RECT, &[0, 7, 0, 7]);
        let update = update_of(&[jpeg, raw, copy]);
        let listed = [encoding::JPEG, encoding::COPY_RECT];
        let mut viewer = script(PixelFormat::BGRX, (8, 8), &listed, &update)?;
        viewer.update()?;
        let counts = [Fidelity::Lossy, Fidelity::Exact].map(|it| viewer.framebuffer.count(it));
        assert_eq!(counts, [63, 1]);
        let brighter = Picture::solid(8, 8, [203; 3]);
        let exact_there = brighter.clone().with(&Picture::solid(1, 1, [200; 3]), 0, 0);
        assert!(viewer.diff(&exact_there).is_some());
        assert!(viewer.diff_near(&exact_there, 2).is_some());
        assert_eq!(viewer.diff_near(&exact_there, 3), None);
        let (_, difference) = viewer.diff_near(&brighter, 3).expect("one pixel is exact");
        let message = "1 of 64 pixels differ, inside 1x1+0+0: the first, (0, 0), is #c8c8c8";
        assert!(difference.to_string().starts_with(message), "{difference}");
        Ok(())
    }
}
