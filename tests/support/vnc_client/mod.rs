//! A VNC client written from RFC 6143 and the rfbproto extensions alone, for tests.
//!
//! [`VncClient`] is a viewer that keeps its picture of the screen and remembers what else it was
//! told. Below it lies [`Wire`], for tests that send bytes no viewer would, and the steps of the
//! handshake ([`log_in`] and what it is made of).

use std::time::Instant;

use crate::picture::{Difference, Picture, Rect, Rgb};
use crate::{Error, ErrorKind, Result};

mod decode;
mod framebuffer;
mod handshake;
mod hextile;
mod input;
mod pixel_format;
mod update;
mod vnc_auth;
mod wire;
mod zlib;

use decode::Decoders;
pub use framebuffer::Framebuffer;
pub use handshake::{
    Login, Version, Welcome, agree_on_security, exchange_versions, log_in, read_security_result,
    security,
};
pub use input::{button, keysym};
pub use pixel_format::PixelFormat;
pub use update::{Cursor, Resize, Screen, Update, UpdateRect, encoding};
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
    /// The cursor to draw: none before the first is received, and an empty one when hidden.
    pub cursor: Option<Cursor>,
    /// How many cursors were received.
    pub cursors: usize,
    /// The entries of the colour map set so far.
    pub colour_map: Vec<Rgb>,
    /// How often the bell rang.
    pub bells: usize,
    /// The texts cut in the session.
    pub cut_texts: Vec<String>,
    format: PixelFormat,
    encodings: Vec<i32>,
    decoders: Decoders,
    /// Update requests not answered yet.
    requested: bool,
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
            encodings: Vec::new(),
            decoders: Decoders::default(),
            updates: Vec::new(),
            resizes: Vec::new(),
            cursor: None,
            cursors: 0,
            colour_map: Vec::new(),
            bells: 0,
            cut_texts: Vec::new(),
            requested: false,
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
        &self.encodings
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
        if !self.requested {
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
        let (width, height) = self.size();
        if (expected.width, expected.height) == (width, height) {
            return self.diff_at(0, 0, expected);
        }
        let found = self.picture();
        found
            .diff(expected, 0, &[])
            .map(|difference| (found, difference))
    }

    /// How the piece of the screen at (`x`, `y`) differs from `expected`. See
    /// [`VncClient::diff`].
    pub fn diff_at(&self, x: usize, y: usize, expected: &Picture) -> Option<(Picture, Difference)> {
        let found = self.piece(Rect::new(x, y, expected.width, expected.height));
        let difference = match self.format.true_colour {
            false => found.diff(expected, pixel_format::COLOUR_MAP_TOLERANCE, &[]),
            true => found.diff_by(expected, |column, row| {
                let value =
                    self.framebuffer.pixels[(y + row) * self.framebuffer.width + x + column];
                self.format.allows(value, expected.pixel(column, row))
            }),
        };
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
