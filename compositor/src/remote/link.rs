//! What the compositor's thread and the viewers' thread share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use calloop::ping::Ping;
use rfb::{Encoding, PixelFormat};

use super::mailbox::{Inbox, Outbox};
use super::policy::Peer;
use super::{Request, ViewerId, ViewerInfo};
use crate::lock::lock;

/// What the compositor's thread and the viewers' thread share.
pub(super) struct Link {
    pub(super) outbox: Mutex<Outbox>,
    pub(super) inbox: Mutex<Inbox>,
    joined: Mutex<BTreeMap<ViewerId, Joined>>,
    pub(super) wants_frame: AtomicBool,
    /// The compositor has something that the last frame does not show.
    pub(super) stale: AtomicBool,
    /// The viewers' thread is to end.
    pub(super) over: AtomicBool,
    /// The viewers' thread serves nobody any more.
    pub(super) ended: AtomicBool,
    pub(super) to_viewers: Ping,
    pub(super) to_compositor: Ping,
}

impl Link {
    pub(super) fn new(to_viewers: Ping, to_compositor: Ping) -> Self {
        Self {
            outbox: Mutex::default(),
            inbox: Mutex::default(),
            joined: Mutex::default(),
            wants_frame: AtomicBool::new(false),
            stale: AtomicBool::new(false),
            over: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            to_viewers,
            to_compositor,
        }
    }

    /// The viewers that are logged in.
    pub(super) fn joined(&self) -> MutexGuard<'_, BTreeMap<ViewerId, Joined>> {
        lock(&self.joined)
    }

    pub(super) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::SeqCst)
    }

    /// Whether the compositor can be left a request; if not, the viewers' thread is pinged when
    /// it can.
    pub(super) fn has_room(&self) -> bool {
        lock(&self.inbox).has_room()
    }

    /// Leaves a request for the compositor.
    pub(super) fn request(&self, request: Request) {
        let rouse = lock(&self.inbox).push(request);
        if rouse {
            self.to_compositor.ping();
        }
    }

    /// Tells the compositor whether frames are wanted.
    pub(super) fn set_wants_frame(&self, wants: bool) {
        if self.wants_frame.swap(wants, Ordering::SeqCst) != wants && wants {
            self.to_compositor.ping();
        }
    }
}

/// A viewer that is logged in, as its thread last reported it.
pub(super) struct Joined {
    pub(super) peer: Peer,
    pub(super) since: Instant,
    pub(super) view_only: bool,
    pub(super) encoding: Encoding,
    pub(super) format: PixelFormat,
    pub(super) bytes_sent: u64,
}

impl Joined {
    pub(super) fn info(&self, id: ViewerId) -> ViewerInfo {
        ViewerInfo {
            id,
            peer: self.peer.to_string(),
            view_only: self.view_only,
            encoding: self.encoding.to_string(),
            pixel_format: format_text(&self.format),
            bytes_sent: self.bytes_sent,
            connected: self.since.elapsed().as_secs(),
        }
    }
}

fn format_text(format: &PixelFormat) -> String {
    let kind = if format.is_colour_map() {
        "colour map"
    } else {
        "true colour"
    };
    format!(
        "{} bits, depth {}, {kind}",
        format.bytes_per_pixel() * 8,
        format.depth()
    )
}
