//! What viewers ask of the compositor, and how both sides speak of viewers.

use std::fmt;
use std::sync::Arc;

use rfb::{ClipboardContents, ClipboardFormats, Size, Xvp};
use serde::Serialize;

/// Names a viewer, as long as the session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ViewerId(pub u64);

impl fmt::Display for ViewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a viewer asks of the compositor. Viewers that may only watch ask for nothing but what was
/// copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A viewer has logged in.
    Joined {
        /// Who.
        viewer: ViewerId,
    },
    /// A viewer is gone: whatever it held pressed is to be released.
    Left {
        /// Who.
        viewer: ViewerId,
    },
    /// A key was pressed or released (RFC 6143 §7.5.4).
    Key {
        /// Whose.
        viewer: ViewerId,
        /// The X11 keysym; 0 if the viewer does not know it.
        keysym: u32,
        /// Which key it is, if the viewer tells: its XT scancode, with the high bit set where that
        /// begins with E0 (rfbproto, QEMU Extended Key Event Message).
        keycode: Option<u32>,
        /// Pressed, or released.
        pressed: bool,
    },
    /// The pointer moved, or its buttons changed (RFC 6143 §7.5.5).
    Pointer {
        /// Whose.
        viewer: ViewerId,
        /// Pixels from the left, inside the screen as the viewer knows it.
        x: u16,
        /// Pixels from the top.
        y: u16,
        /// Bit n: button n + 1 is down.
        buttons: u16,
    },
    /// The pointer moved, or its buttons changed, after
    /// [`Remote::set_relative_pointer`](super::Remote::set_relative_pointer).
    Motion {
        /// Whose.
        viewer: ViewerId,
        /// Pixels to the right.
        dx: i32,
        /// Pixels down.
        dy: i32,
        /// Bit n: button n + 1 is down.
        buttons: u16,
    },
    /// A viewer's clipboard has new text (RFC 6143 §7.5.6).
    CutText {
        /// Whose.
        viewer: ViewerId,
        /// The text. Lines end with LF.
        text: String,
    },
    /// A viewer's clipboard has something new (rfbproto, Extended Clipboard Pseudo-Encoding):
    /// [`Remote::request_clipboard`](super::Remote::request_clipboard) gets it.
    ClipboardNotify {
        /// Whose.
        viewer: ViewerId,
        /// In these formats; none if there is nothing any more.
        formats: ClipboardFormats,
    },
    /// The answer to [`Remote::request_clipboard`](super::Remote::request_clipboard).
    ClipboardProvide {
        /// Whose.
        viewer: ViewerId,
        /// What is in its clipboard.
        contents: ClipboardContents,
    },
    /// A viewer wants what [`Remote::offer_clipboard`](super::Remote::offer_clipboard) told of. If
    /// it can be had, answer with [`Remote::answer_clipboard`](super::Remote::answer_clipboard).
    ClipboardRequest {
        /// Who.
        viewer: ViewerId,
        /// What of it.
        wanted: Wanted,
    },
    /// A viewer wants the screen to have another size (rfbproto, SetDesktopSize). Every such
    /// request has to be answered with [`Remote::answer_resize`](super::Remote::answer_resize).
    Resize {
        /// Whose.
        viewer: ViewerId,
        /// In pixels, neither side zero.
        size: Size,
    },
    /// A viewer wants the session to end or to begin anew (rfbproto, xvp Client Message). What
    /// cannot be done is to be answered with [`Remote::fail_xvp`](super::Remote::fail_xvp).
    Xvp {
        /// Whose.
        viewer: ViewerId,
        /// What it wants.
        action: Xvp,
    },
}

/// What a viewer wants of what was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Its text, as the viewer knows nothing else.
    Text,
    /// All of it, in these formats.
    Contents(ClipboardFormats),
}

/// What a viewer gets of what was copied.
#[derive(Clone, Debug)]
pub enum Answer {
    /// What it wants by [`Wanted::Text`]: see [`rfb::Session::cut_text`].
    Text(Arc<str>),
    /// What it wants by [`Wanted::Contents`]: see [`rfb::Session::provide_clipboard`].
    Contents(ClipboardContents),
}

/// Who moved the pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MovedBy {
    /// Nobody yet.
    #[default]
    Nobody,
    /// A viewer, which knows where it is.
    Viewer(ViewerId),
    /// A program.
    Program,
}

/// What is known of a viewer that has logged in.
#[derive(Clone, Debug, Serialize)]
pub struct ViewerInfo {
    /// Its name.
    pub id: ViewerId,
    /// Its address and port, `unix`, or `attached`.
    pub peer: String,
    /// It may not do anything but watch.
    pub view_only: bool,
    /// The encoding of its pixels.
    pub encoding: String,
    /// The format of its pixels.
    pub pixel_format: String,
    /// Bytes sent to it.
    pub bytes_sent: u64,
    /// Seconds since it connected.
    pub connected: u64,
}
