//! What a server tells the program around it.

use super::Modifiers;
use crate::geometry::{Point, Size};

/// One viewer, as long as the server lives. No other gets the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewerId(pub u64);

/// What a server is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// Nobody can connect: no socket was announced, or connections are off.
    NotStarted,
    /// It waits for viewers.
    Listening,
    /// At least one viewer has logged in.
    Connected,
    /// There is no socket to listen on.
    Failed,
}

/// What happened to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// [`Server::state`](crate::Server::state) changed.
    StateChanged(ServerState),
    /// A viewer logged in.
    Joined(ViewerId),
    /// A viewer that had logged in is gone. What it held down has been released by
    /// events before this one.
    Left(ViewerId),
    /// A key went down (or is held) or up. Of a viewer that holds 256 keys no other
    /// goes down.
    Key {
        /// Whose.
        viewer: ViewerId,
        /// The X11 keysym of what is on the key (RFC 6143 §7.5.4).
        keysym: u32,
        /// Whether it is down.
        pressed: bool,
        /// What is held, with this key.
        modifiers: Modifiers,
    },
    /// The pointer moved, or its buttons changed.
    Pointer {
        /// Whose.
        viewer: ViewerId,
        /// The pixel.
        at: Point,
        /// The buttons that are down, from the lowest bit: left, middle, right. The
        /// wheel is left out.
        buttons: u16,
        /// Those that went down or up just now: none if it moved.
        changed: u16,
        /// What is held.
        modifiers: Modifiers,
    },
    /// A wheel turned: one step up, down, left or right, which RFB knows as a press
    /// of the buttons 4 to 7 (RFC 6143 §7.5.5).
    Wheel {
        /// Whose.
        viewer: ViewerId,
        /// The pixel.
        at: Point,
        /// Steps to the right: 1, 0 or −1.
        x: i8,
        /// Steps down: 1, 0 or −1.
        y: i8,
        /// What is held.
        modifiers: Modifiers,
    },
    /// A viewer has a new text in its clipboard. Lines end with LF.
    CutText {
        /// Whose.
        viewer: ViewerId,
        /// The text.
        text: String,
    },
    /// A viewer wants another size. Answer with [`answer_resize`](crate::Server::answer_resize).
    SetDesktopSize {
        /// Who.
        viewer: ViewerId,
        /// The size.
        size: Size,
    },
}
