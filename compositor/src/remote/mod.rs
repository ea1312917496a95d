//! The viewers' side of the session: a VNC server on a thread of its own.
//!
//! [`Remote`] is what the compositor's thread holds. It leaves frames and what else viewers should
//! see in one box, takes viewers' requests out of another, and never waits for either: not for the
//! network, not for an encoder.
//!
//! How frames flow: the compositor draws when [`Remote::wants_frame`] says that some viewer would
//! get the result at once, and calls [`Remote::capture`]. If it has something new to draw while
//! nobody wants a frame, it calls [`Remote::mark_stale`] instead, and nothing more: the next viewer
//! that asks rouses it, and waits for the capture instead of getting an old picture.

mod admission;
mod capture;
mod config;
mod encoder;
mod known;
mod link;
mod listeners;
mod lockout;
mod mailbox;
mod policy;
mod request;
mod viewer;
mod viewers;
mod watch;

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use calloop::ping::{Ping, make_ping};
use rfb::{ClipboardFormats, Cursor, Frame, Leds, Move, Point, Rect, ResizeStatus, Size};

use capture::Capture;
use link::{Joined, Link};
use listeners::Incoming;
use mailbox::{Offer, Outbox};

use crate::lock::lock;

pub use config::{Auth, Config, Listener};
pub use request::{Answer, MovedBy, Request, ViewerId, ViewerInfo, Wanted};

/// At most so many viewers at a time.
pub const MAX_VIEWERS: usize = 256;

/// The VNC server, as the compositor's thread sees it. No call waits for anything but for the
/// other thread to be done with a few assignments. Dropping it closes all connections and waits
/// for the threads to end.
pub struct Remote {
    link: Arc<Link>,
    capture: Capture,
    view_only: bool,
    thread: Option<JoinHandle<()>>,
}

impl Remote {
    /// Starts serving viewers. `wake` is pinged when there are requests, and when a frame becomes
    /// wanted.
    pub fn start(config: Config, wake: Ping) -> io::Result<Remote> {
        let (ping, mail) = make_ping()?;
        let link = Arc::new(Link::new(ping, wake));
        let capture = Capture::new(config.diff);
        let view_only = config.view_only;
        let (report, started) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name("viewers".to_owned()).spawn({
            let link = link.clone();
            move || {
                let _end = End(&link);
                viewers::run(&link, config, mail, &report);
            }
        })?;
        let remote = Remote {
            link,
            capture,
            view_only,
            thread: Some(thread),
        };
        started.recv().map_err(io::Error::other)??;
        Ok(remote)
    }

    /// Adds a viewer that is connected already, with the RFB handshake before it.
    pub fn insert(&self, stream: UnixStream) -> io::Result<()> {
        self.put_in(Incoming::unix(stream))
    }

    /// Adds a viewer as [`insert`](Self::insert) does, but one that needs no password: whoever
    /// calls this knows who it is. It is offered no other security type than None.
    pub fn attach(&self, stream: UnixStream) -> io::Result<()> {
        self.put_in(Incoming::attached(stream))
    }

    fn put_in(&self, incoming: Incoming) -> io::Result<()> {
        let mut outbox = lock(&self.link.outbox);
        if outbox.incoming.len() >= MAX_VIEWERS {
            return Err(io::Error::other("too many viewers at once: try again"));
        }
        outbox.incoming.push(incoming);
        drop(outbox);
        self.link.to_viewers.ping();
        Ok(())
    }

    /// Changes who may connect. Viewers that are logged in stay.
    pub fn set_auth(&self, auth: Auth) {
        self.post(|outbox| outbox.auth = Some(auth));
    }

    /// Changes where viewers connect, to sockets that are bound already. Those that are connected
    /// stay.
    pub fn set_listeners(&self, listeners: Vec<Listener>) {
        self.post(|outbox| outbox.listeners = Some(listeners));
    }

    /// Lets viewers connect, or disconnects them all and tells new ones why they may not.
    pub fn set_connections(&self, on: bool) {
        self.post(|outbox| {
            outbox.connections = Some(on);
            if !on {
                outbox.disconnect.add(None);
            }
        });
    }

    /// Whether all viewers only watch. What they do then is not among the
    /// [requests](Self::next_request), whatever they hold pressed: it is for the caller to release
    /// it.
    pub fn set_view_only(&mut self, view_only: bool) {
        self.view_only = view_only;
    }

    /// Whether viewers are served. If not, something has failed for good, and was logged.
    pub fn is_serving(&self) -> bool {
        !self.link.ended.load(Ordering::SeqCst)
    }

    /// The oldest request that was not taken yet. Take all whenever the ping of
    /// [`start`](Self::start) came: there is no further ping for those that are left. While many
    /// wait, viewers are not read.
    pub fn next_request(&self) -> Option<Request> {
        loop {
            let (request, unblock) = lock(&self.link.inbox).pop();
            if unblock {
                self.link.to_viewers.ping();
            }
            match request {
                Some(Request::Resize { viewer, .. }) if self.view_only => {
                    self.answer_resize(viewer, ResizeStatus::Prohibited);
                }
                Some(Request::Xvp { viewer, .. }) if self.view_only => self.fail_xvp(viewer),
                Some(
                    Request::Key { .. }
                    | Request::Pointer { .. }
                    | Request::Motion { .. }
                    | Request::CutText { .. }
                    | Request::ClipboardNotify { .. }
                    | Request::ClipboardProvide { .. },
                ) if self.view_only => {}
                request => return request,
            }
        }
    }

    /// Whether some viewer would be sent a new frame at once.
    pub fn wants_frame(&self) -> bool {
        self.link.wants_frame.load(Ordering::SeqCst)
    }

    /// Tells that there is something new to draw that is not in the last captured frame, because
    /// nobody wanted one: viewers wait for the next [`capture`](Self::capture).
    pub fn mark_stale(&self) {
        self.link.stale.store(true, Ordering::SeqCst);
    }

    /// How many viewers are logged in.
    pub fn viewer_count(&self) -> usize {
        self.link.joined().len()
    }

    /// Shows the viewers what has been drawn. `row` gives the pixels of each row from the top, at
    /// least `size.width * 4` bytes in the order blue, green, red, anything. `damage`: where
    /// pixels may differ from the last capture (all of them if the size does). `hints`: what may
    /// have been moved as a whole since then. Returns whether anything had changed. Without damage
    /// it only tells that the last frame is up to date.
    pub fn capture<'a>(
        &mut self,
        size: Size,
        row: impl Fn(u16) -> &'a [u8],
        damage: &[Rect],
        hints: &[Move],
    ) -> bool {
        let new = self.capture.update(size, row, damage, hints);
        let changed = new.is_some();
        if let Some(new) = new {
            lock(&self.link.outbox).show(new);
        }
        let was_stale = self.link.stale.swap(false, Ordering::SeqCst);
        if changed || was_stale {
            self.link.to_viewers.ping();
        }
        changed
    }

    /// The frame that was captured last.
    pub fn frame(&self) -> Option<Frame> {
        self.capture.frame().cloned()
    }

    /// Shows a cursor, or none.
    pub fn set_cursor(&self, cursor: Option<Arc<Cursor>>) {
        self.post(|outbox| outbox.cursor = Some(cursor));
    }

    /// Tells where the pointer is, and who moved it: the others see it there.
    pub fn set_pointer(&self, position: Point, moved_by: MovedBy) {
        self.post(|outbox| outbox.pointer = Some((position, moved_by)));
    }

    /// Wants viewers to tell how far they move the pointer ([`Request::Motion`]), or again where
    /// to. Those that cannot go on to say where.
    pub fn set_relative_pointer(&self, relative: bool) {
        self.post(|outbox| outbox.relative_pointer = Some(relative));
    }

    /// Tells which locks of the keyboard are on.
    pub fn set_leds(&self, leds: Leds) {
        self.post(|outbox| outbox.leds = Some(leds));
    }

    /// Tells a viewer that what it asked for by [`Request::Xvp`] cannot be done.
    pub fn fail_xvp(&self, viewer: ViewerId) {
        self.post(|outbox| outbox.failed_xvp.push(viewer));
    }

    /// Changes the desktop's name.
    pub fn set_name(&self, name: &str) {
        self.post(|outbox| outbox.name = Some(name.to_owned()));
    }

    /// Tells the viewers, and those that come later, that something new can be had in these
    /// formats; none if there is nothing any more. The one that it is from is not told. Viewers
    /// with the extended clipboard ask for it when they want it; for the others it is asked for as
    /// soon as they have said that they are such, if there is text ([`Request::ClipboardRequest`]).
    pub fn offer_clipboard(&self, formats: ClipboardFormats, from: Option<ViewerId>) {
        self.post(|outbox| outbox.offer(Offer { formats, from }));
    }

    /// Answers a viewer's [`Request::ClipboardRequest`].
    pub fn answer_clipboard(&self, viewer: ViewerId, answer: Answer) {
        self.post(|outbox| outbox.answers.push((viewer, answer)));
    }

    /// Asks a viewer for what [`Request::ClipboardNotify`] told of, in these formats. The answer is
    /// a [`Request::ClipboardProvide`], and may never come. A request that was not sent yet is
    /// replaced, whoever it was for.
    pub fn request_clipboard(&self, viewer: ViewerId, formats: ClipboardFormats) {
        self.post(|outbox| outbox.clipboard_request = Some((viewer, formats)));
    }

    /// Rings the viewers' bells.
    pub fn bell(&self) {
        self.post(|outbox| outbox.bell = true);
    }

    /// Answers the oldest [`Request::Resize`] of this viewer that was not answered yet. After a
    /// successful one, capture a frame of the new size.
    pub fn answer_resize(&self, viewer: ViewerId, status: ResizeStatus) {
        self.post(|outbox| outbox.resize_answers.push((viewer, status)));
    }

    /// Disconnects one viewer, or all.
    pub fn disconnect(&self, viewer: Option<ViewerId>) {
        self.post(|outbox| outbox.disconnect.add(viewer));
    }

    /// The viewers that are logged in.
    pub fn viewers(&self) -> Vec<ViewerInfo> {
        let joined = self.link.joined();
        let info = |(&id, viewer): (&ViewerId, &Joined)| {
            let mut info = viewer.info(id);
            info.view_only |= self.view_only;
            info
        };
        joined.iter().map(info).collect()
    }

    fn post(&self, put: impl FnOnce(&mut Outbox)) {
        put(&mut lock(&self.link.outbox));
        self.link.to_viewers.ping();
    }
}

/// Tells the compositor, when it is dropped, that nobody is served any more: a panic does so, too.
struct End<'a>(&'a Link);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::SeqCst);
        self.0.to_compositor.ping();
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.link.over.store(true, Ordering::SeqCst);
        self.link.to_viewers.ping();
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the viewers' thread panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calloop::EventLoop;
    use std::panic;
    use std::time::Duration;

    #[test]
    fn the_compositor_learns_that_the_viewers_thread_has_panicked() {
        let (to_viewers, _mail) = make_ping().unwrap();
        let (to_compositor, woken) = make_ping().unwrap();
        let link = Arc::new(Link::new(to_viewers, to_compositor));
        let thread = thread::spawn({
            let link = link.clone();
            move || {
                let _end = End(&link);
                panic::resume_unwind(Box::new("without a message in the test's output"));
            }
        });
        assert!(thread.join().is_err());
        assert!(link.ended.load(Ordering::SeqCst));
        let mut event_loop = EventLoop::<bool>::try_new().unwrap();
        let handle = event_loop.handle();
        handle
            .insert_source(woken, |(), (), is_awake| *is_awake = true)
            .unwrap();
        let mut is_awake = false;
        let patience = Some(Duration::from_secs(20));
        event_loop.dispatch(patience, &mut is_awake).unwrap();
        assert!(is_awake);
    }
}
