//! One viewer's connection, from the first byte to the last.
//!
//! Its parts take their turns: the [`Handshake`] until the viewer is in, then
//! [`ClientMessage`]s, which go to [`Updates`] (what the viewer is to see) or to the
//! caller (what it did): see `messages`.

mod clipboard;
mod events;
mod messages;

use std::io::IoSlice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client_message::ClientMessage;
use crate::encoding::{Cursor, Encoding, Segment};
use crate::error::Error;
use crate::flow::Flow;
use crate::frame::Frame;
use crate::geometry::{Point, Size};
use crate::handshake::{Handshake, Progress, Version};
use crate::inbox::Inbox;
use crate::output::Output;
use crate::pixel_format::PixelFormat;
use crate::region::Region;
use crate::security::{Rights, Security};
use crate::server_message;
use crate::update::{Job, Leds, Move, Mover, Plan, ResizeStatus, Updates, Wishes};
use clipboard::Clipboard;
use events::Events;
use messages::Replies;

pub use events::{Event, Xvp};

/// What a session starts with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The desktop's name, which viewers show in their title.
    pub name: String,
    /// The desktop's size, as long as no frame is shown.
    pub size: Size,
    /// The security types to offer, in this order. Viewers often take the first one
    /// that they know. Those that are not implemented
    /// ([`Security::is_implemented`]) are left out.
    pub security: Vec<Security>,
    /// The encodings of pixels to use, the best first: the first of them that the
    /// viewer knows too is used, whatever the viewer's own order, and Raw if there is
    /// none. Those that are not implemented ([`Encoding::PIXELS`]) are left out. An
    /// empty list leaves the choice to the viewer.
    pub encodings: Vec<Encoding>,
    /// What viewers list and is not to be used, such as
    /// [`Encoding::QEMU_EXTENDED_KEY_EVENT`] where only the names of keys matter, or
    /// [`Encoding::XVP`] where nobody could act on [`Event::Xvp`].
    pub without: Vec<Encoding>,
    /// Unpredictable bytes for this session alone: the challenge of VncAuth.
    pub challenge: [u8; 16],
}

/// The server's end of one RFB connection.
///
/// It does no I/O and knows no time of its own: see the [crate's
/// description](crate) for the loop around it. After any call write the output,
/// drain the events, then plan if a frame is wanted.
#[derive(Debug)]
pub struct Session {
    started: Instant,
    handshake: Handshake,
    inbox: Inbox,
    events: Events,
    updates: Updates,
    output: Output,
    replies: Replies,
    flow: Flow,
    clipboard: Clipboard,
    /// The viewer has said which encodings it knows, or that it will not.
    has_said_encodings: bool,
    /// The viewer is to ring.
    bell: bool,
    /// Requests make events too.
    reports_requests: bool,
    /// Nothing comes after the output.
    is_closing: bool,
}

/// How long a viewer may take to name its version.
const VERSION_TIME: Duration = Duration::from_secs(10);
/// How long it may take until it is in: people type passwords.
const HANDSHAKE_TIME: Duration = Duration::from_secs(120);

impl Session {
    /// A session with a viewer that has just connected, at `now`. There is output
    /// at once.
    pub fn new(config: Config, now: Instant) -> Self {
        let mut output = Output::default();
        let wishes = Wishes {
            preferred: config.encodings,
            without: config.without,
        };
        Self {
            started: now,
            handshake: Handshake::new(config.security, config.challenge, &mut output),
            inbox: Inbox::default(),
            events: Events::default(),
            updates: Updates::new(config.size, config.name, wishes),
            output,
            replies: Replies::default(),
            flow: Flow::default(),
            clipboard: Clipboard::default(),
            has_said_encodings: false,
            bell: false,
            reports_requests: false,
            is_closing: false,
        }
    }

    // From the viewer.

    /// Takes bytes that came from the viewer, and returns how many. If these are not
    /// all, write the output, drain the events (or answer [`Event::Authenticate`]) and
    /// offer the rest again. A session that is closing takes everything and heeds nothing.
    ///
    /// # Errors
    ///
    /// Any error is fatal: write the output, then close the connection. The events
    /// before it are still there.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<usize, Error> {
        self.handle_timeout(now)?;
        let mut taken = 0;
        while !self.is_closing && self.takes_more() {
            let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) else {
                return Ok(taken);
            };
            taken += self
                .take(rest, now)
                .inspect_err(|_| self.is_closing = true)?;
        }
        Ok(if self.is_closing { bytes.len() } else { taken })
    }

    fn takes_more(&self) -> bool {
        !self.events.are_full() && !self.replies.are_full() && !self.handshake.is_undecided()
    }

    /// Takes bytes up to the end of a message, and does what it says.
    fn take(&mut self, bytes: &[u8], now: Instant) -> Result<usize, Error> {
        if self.handshake.is_done() {
            let dialect = self.dialect();
            let decode = |bytes: &[u8]| ClientMessage::decode(bytes, dialect);
            let (taken, message) = self.inbox.take(bytes, decode)?;
            if let Some(message) = message {
                self.handle(message, now);
            }
            return Ok(taken);
        }
        let (handshake, output) = (&mut self.handshake, &mut self.output);
        let (taken, progress) = self
            .inbox
            .take(bytes, |bytes| handshake.receive(bytes, output))?;
        match progress {
            None | Some(Progress::Going) => {}
            Some(Progress::Authenticate(credentials)) => {
                self.events.push(Event::Authenticate(credentials));
            }
            Some(Progress::Ready { shared }) => {
                self.updates.introduce(&mut self.output);
                self.events.push(Event::Ready { shared });
            }
        }
        Ok(taken)
    }

    /// From here on makes events also of what the session does by itself: what a
    /// log of the conversation wants.
    pub fn report_requests(&mut self) {
        self.reports_requests = true;
    }

    /// The next thing that the viewer did.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// When [`Session::handle_timeout`] is to be called, if nothing else happens.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.is_closing {
            return None;
        }
        let time = match self.handshake.version() {
            _ if self.handshake.is_done() => {
                let deadlines = [self.flow.deadline(), self.updates.deadline()];
                return deadlines.into_iter().flatten().min();
            }
            None => VERSION_TIME,
            Some(_) => HANDSHAKE_TIME,
        };
        Some(self.started + time)
    }

    /// Sees whether the viewer takes too long.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], if it does so to log in.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.poll_timeout().is_none_or(|deadline| deadline > now) {
            return Ok(());
        }
        if self.handshake.is_done() {
            self.flow.handle_timeout(now);
            self.updates.handle_timeout(now);
            return Ok(());
        }
        self.is_closing = true;
        Err(Error::Timeout)
    }

    // To the viewer.

    /// Lets the viewer in: the answer to [`Event::Authenticate`]. At any other time
    /// it does nothing.
    pub fn accept(&mut self, rights: Rights) {
        if !self.is_closing {
            self.handshake.accept(rights, &mut self.output);
        }
    }

    /// Keeps the viewer out: the other answer to [`Event::Authenticate`]. At any
    /// other time it does nothing. A viewer of RFB 3.8 is told the reason. Write the
    /// output, then close the connection.
    pub fn reject(&mut self, reason: &str) {
        if !self.is_closing && self.handshake.reject(reason, &mut self.output) {
            self.is_closing = true;
        }
    }

    /// Whether nothing comes after the output: after [`Session::reject`], and after
    /// any error.
    pub fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Shows a picture: what changed in it since the last one is `damage` and the
    /// destinations of `moves`. With the first picture, and with one of another
    /// size, everything changed.
    pub fn show(&mut self, frame: &Frame, damage: &Region, moves: &[Move]) {
        self.updates.show(frame, damage, moves);
    }

    /// Gives the pointer another picture; None hides it. Without any call viewers
    /// show one of their own.
    pub fn set_cursor(&mut self, cursor: Option<Arc<Cursor>>) {
        self.updates.set_cursor(cursor);
    }

    /// Says where the pointer's hotspot is, and who moved it there. A viewer that draws the
    /// pointer itself does so where its own mouse is: when another one moves the pointer, it
    /// sees that one's.
    pub fn set_pointer(&mut self, at: Point, mover: Mover) {
        self.updates.set_pointer(at, mover);
    }

    /// Wants to know from now on how far the viewer moves the pointer ([`Event::Motion`]),
    /// or again where to ([`Event::Pointer`]). Viewers that do not know this (rfbproto "QEMU
    /// Pointer Motion Change Pseudo-encoding") go on to say where.
    pub fn set_relative_pointer(&mut self, relative: bool) {
        self.updates.set_relative(relative);
    }

    /// Says which locks of the keyboard are on, for viewers that can be told.
    pub fn set_leds(&mut self, leds: Leds) {
        self.updates.set_leds(leds);
    }

    /// Tells the viewer that what it asked for by [`Event::Xvp`] cannot be done.
    pub fn fail_xvp(&mut self) {
        if !self.is_closing && self.handshake.is_done() {
            self.reply(|out| server_message::xvp(out, server_message::Xvp::Fail));
        }
    }

    /// Gives the desktop another name, for viewers that can be told (rfbproto
    /// "DesktopName Pseudo-encoding").
    pub fn set_name(&mut self, name: &str) {
        self.updates.set_name(name);
    }

    /// Answers the oldest [`Event::SetDesktopSize`] that has no answer. With
    /// [`ResizeStatus::Done`] the desktop has the size and the screens that were
    /// asked for, and [`Session::show`] has to bring a frame of that size; until
    /// then the viewer gets no pixels.
    pub fn answer_resize(&mut self, status: ResizeStatus) {
        self.updates.answer_resize(status);
    }

    /// Rings the viewer's bell.
    pub fn bell(&mut self) {
        self.bell = true;
        self.flush();
    }

    /// Moves to the output what waited for it to be empty, so that it stays bounded.
    fn flush(&mut self) {
        if self.is_closing || !self.handshake.is_done() || !self.output.is_empty() {
            return;
        }
        if std::mem::take(&mut self.bell) {
            self.output.write(server_message::bell);
        }
        self.flush_clipboard();
    }

    /// Whether to plan an update: the viewer asks for one or wants them all, the output has
    /// been written and is not still on its way, and no plan is being carried out.
    pub fn wants_frame(&self) -> bool {
        !self.is_closing
            && self.handshake.is_done()
            && self.output.is_empty()
            && self.updates.is_wanted()
            && (!self.updates.is_continuous() || self.flow.has_room(self.output.end()))
    }

    /// Plans an update, if one is wanted and there is something to tell. Run its
    /// jobs, then hand it to [`Session::finish_update`]. Until then nothing is
    /// committed, and no other plan is made.
    pub fn plan_update(&mut self, now: Instant) -> Option<Plan> {
        if !self.wants_frame() {
            return None;
        }
        self.updates.plan(now)
    }

    /// Puts the results of a plan's jobs, in the order of the jobs, into the output.
    /// If they are not as many as the jobs, or if the viewer meanwhile asked for
    /// another format or the size changed, the result is dropped, and what it was to
    /// show stays to be planned anew.
    pub fn finish_update(&mut self, plan: Plan, segments: Vec<Segment>) {
        if self.is_closing {
            return;
        }
        let is_sent = self.updates.finish(plan, segments, &mut self.output);
        if is_sent && self.updates.is_continuous() && self.updates.features().fences {
            self.ping();
        }
    }

    /// Plans an update and does all the work for it here and now. Returns whether
    /// there is output for it.
    pub fn send_frame(&mut self, now: Instant) -> bool {
        let Some(plan) = self.plan_update(now) else {
            return false;
        };
        let segments = plan.jobs().iter().map(Job::run).collect();
        self.finish_update(plan, segments);
        self.has_output()
    }

    /// Whether there is anything to write.
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// What to write next: the first bytes, as many as lie together. Empty only if
    /// there is nothing.
    pub fn output(&self) -> &[u8] {
        self.output.first()
    }

    /// What to write next, for a vectored write. Fills `slices` as far as there is
    /// output, and returns how many it filled.
    pub fn output_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.output.vectored(slices)
    }

    /// Notes that the first `count` bytes of the output are written.
    pub fn consume(&mut self, now: Instant, count: usize) {
        self.output.consume(count);
        self.flow.written(now, self.output.written());
        if self.output.is_empty() {
            self.replies.written();
        }
        self.flush();
    }

    // About the viewer.

    /// The version of the protocol, once the viewer has chosen it.
    pub fn version(&self) -> Option<Version> {
        self.handshake.version()
    }

    /// The security type, once it is chosen.
    pub fn security(&self) -> Option<Security> {
        self.handshake.security()
    }

    /// What the viewer may do, once it was accepted.
    pub fn rights(&self) -> Option<Rights> {
        self.handshake.rights()
    }

    /// Whether the viewer has said which encodings it knows (RFC 6143 §7.5.2), or asked for
    /// an update without: what it has not listed then, it does not know.
    pub fn has_said_encodings(&self) -> bool {
        self.has_said_encodings
    }

    /// The encoding of pixels in use: see [`Config::encodings`].
    pub fn encoding(&self) -> Encoding {
        self.updates.encoding()
    }

    /// The layout of the viewer's pixels.
    pub fn pixel_format(&self) -> PixelFormat {
        self.updates.pixel_format()
    }

    /// The size of the viewer's framebuffer.
    pub fn size(&self) -> Size {
        self.updates.size()
    }
}

#[cfg(test)]
mod tests;
