//! What a viewer did, and how much of it waits for the caller.

use std::collections::VecDeque;

use crate::client_message::Screen;
use crate::clipboard::{self, ClipboardContents, ClipboardFormats};
use crate::encoding::Encoding;
use crate::geometry::{Rect, Size};
use crate::pixel_format::PixelFormat;
use crate::security::Credentials;

/// What a viewer did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It shows who it is. Answer with [`Session::accept`](crate::Session::accept) or [`Session::reject`](crate::Session::reject),
    /// whenever that is known; until then nothing more is taken.
    Authenticate(Credentials),
    /// It is in. From here on it can be sent updates, and its input comes.
    Ready {
        /// Whether other viewers may stay (RFC 6143 §7.3.1). Many viewers say no
        /// without having been told to, so this is best ignored.
        shared: bool,
    },
    /// A key went down (or is held) or up.
    Key {
        /// The X11 keysym of what is on the key (RFC 6143 §7.5.4); 0 if the viewer does
        /// not know it.
        keysym: u32,
        /// Which key it is, if the viewer tells: its XT scancode, with the high bit set
        /// where that begins with E0 (rfbproto "QEMU Extended Key Event Message").
        keycode: Option<u32>,
        /// Whether it is down.
        pressed: bool,
    },
    /// The pointer moved, or one of its buttons changed.
    Pointer {
        /// The column, inside the viewer's framebuffer.
        x: u16,
        /// The row, inside the viewer's framebuffer.
        y: u16,
        /// The buttons that are down, from the lowest bit: left, middle, right,
        /// the wheel up, down, left and right (RFC 6143 §7.5.5), back, forward, and six
        /// without a name (rfbproto "PointerEvent").
        buttons: u16,
    },
    /// The pointer moved, or one of its buttons changed, after
    /// [`Session::set_relative_pointer`](crate::Session::set_relative_pointer).
    Motion {
        /// Pixels to the right.
        dx: i16,
        /// Pixels down.
        dy: i16,
        /// The buttons that are down, as in [`Event::Pointer`].
        buttons: u16,
    },
    /// It has a new text in its clipboard. Lines end with LF.
    CutText(String),
    /// It has something new in its clipboard, in these formats: whoever wants it calls
    /// [`Session::request_clipboard`](crate::Session::request_clipboard).
    ClipboardNotify(ClipboardFormats),
    /// It wants what [`Session::offer_clipboard`](crate::Session::offer_clipboard) has told of,
    /// in these formats. Answer with
    /// [`Session::provide_clipboard`](crate::Session::provide_clipboard).
    ClipboardRequest(ClipboardFormats),
    /// What is in its clipboard: the answer to [`Session::request_clipboard`](crate::Session::request_clipboard).
    ClipboardProvide(ClipboardContents),
    /// It wants the machine behind the desktop to do this. Where that cannot be done,
    /// [`Session::fail_xvp`](crate::Session::fail_xvp) says so.
    Xvp(Xvp),
    /// It wants another size. Answer with [`Session::answer_resize`](crate::Session::answer_resize).
    SetDesktopSize {
        /// The size.
        size: Size,
        /// One screen, as the viewer places it.
        screens: Vec<Screen>,
    },
    /// It wants its pixels in another format. This event and the next two only come
    /// after [`Session::report_requests`](crate::Session::report_requests), as the session does what they ask for.
    SetPixelFormat(PixelFormat),
    /// It knows these encodings, the best first.
    SetEncodings(Vec<Encoding>),
    /// It asks for an update.
    FramebufferUpdateRequest {
        /// Only of what changed.
        incremental: bool,
        /// The part that it asks for, which may reach beyond its framebuffer.
        area: Rect,
    },
}

/// What a viewer wants done to the machine behind the desktop (rfbproto "xvp Client
/// Message").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Xvp {
    /// An orderly end.
    Shutdown,
    /// An orderly end, and another start.
    Reboot,
    /// An end and another start, at once.
    Reset,
}

/// What the caller has not fetched yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    queue: VecDeque<Event>,
    /// The bytes of all texts and lists in it.
    bytes: usize,
}

impl Events {
    /// The most events that wait.
    const MAX: usize = 64;

    pub(super) fn are_full(&self) -> bool {
        self.queue.len() >= Self::MAX || self.bytes >= clipboard::MAX_TEXT
    }

    pub(super) fn push(&mut self, event: Event) {
        self.bytes += event.bytes();
        self.queue.push_back(event);
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        let event = self.queue.pop_front()?;
        self.bytes -= event.bytes();
        Some(event)
    }
}

impl Event {
    /// The bytes that it takes besides its own size.
    fn bytes(&self) -> usize {
        match self {
            Self::CutText(text) => text.len(),
            Self::ClipboardProvide(contents) => contents.compressed_len(),
            Self::SetEncodings(encodings) => size_of_val(encodings.as_slice()),
            _ => 0,
        }
    }
}
