//! One viewer's connection, from the first byte to the last.
//!
//! Its parts take their turns: the [`Handshake`] until the viewer is in, then
//! [`ClientMessage`]s, each with a method of its own here, which go to [`Updates`]
//! (what the viewer is to see) or to the caller (what it did).

mod events;

use std::io::IoSlice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client_message::{ClientMessage, Layout, Screen};
use crate::clipboard;
use crate::encoding::{Cursor, Encoding, Segment};
use crate::error::Error;
use crate::frame::Frame;
use crate::geometry::{Point, Rect, Size};
use crate::handshake::{Handshake, Progress, Version};
use crate::inbox::Inbox;
use crate::output::Output;
use crate::pixel_format::PixelFormat;
use crate::region::Region;
use crate::security::{Credentials, Rights, Security};
use crate::server_message;
use crate::update::{Job, Move, Plan, ResizeStatus, Updates};
use events::Events;

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
    /// Unpredictable bytes for this session alone: the challenge of VncAuth.
    pub challenge: [u8; 16],
}

/// What a viewer did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It shows who it is. Answer with [`Session::accept`] or [`Session::reject`],
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
        /// The X11 keysym of what is on the key (RFC 6143 §7.5.4).
        keysym: u32,
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
        /// and the wheel up, down, left and right (RFC 6143 §7.5.5).
        buttons: u16,
    },
    /// It has a new text in its clipboard. Lines end with LF.
    CutText(String),
    /// It wants another size. Answer with [`Session::answer_resize`].
    SetDesktopSize {
        /// The size.
        size: Size,
        /// One screen, as the viewer places it. It will cover the desktop.
        screens: Vec<Screen>,
    },
    /// It wants its pixels in another format. This event and the next two only come
    /// after [`Session::report_requests`], as the session does what they ask for.
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
    /// A text in Latin-1 for the viewer's clipboard.
    text: Option<Vec<u8>>,
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
        Self {
            started: now,
            handshake: Handshake::new(config.security, config.challenge, &mut output),
            inbox: Inbox::default(),
            events: Events::default(),
            updates: Updates::new(config.size, config.name, config.encodings),
            output,
            text: None,
            bell: false,
            reports_requests: false,
            is_closing: false,
        }
    }

    // From the viewer.

    /// Takes bytes that came from the viewer, and returns how many. If these are not
    /// all, drain the events (or answer [`Event::Authenticate`]) and offer the rest
    /// again. A session that is closing takes everything and heeds nothing.
    ///
    /// # Errors
    ///
    /// Any error is fatal: write the output, then close the connection. The events
    /// before it are still there.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<usize, Error> {
        self.handle_timeout(now)?;
        let mut taken = 0;
        while !self.is_closing && !self.events.are_full() && !self.handshake.is_undecided() {
            let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) else {
                return Ok(taken);
            };
            taken += self.take(rest).inspect_err(|_| self.is_closing = true)?;
        }
        Ok(if self.is_closing { bytes.len() } else { taken })
    }

    /// Takes bytes up to the end of a message, and does what it says.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.handshake.is_done() {
            let (taken, message) = self.inbox.take(bytes, ClientMessage::decode)?;
            if let Some(message) = message {
                self.handle(message);
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

    fn handle(&mut self, message: ClientMessage) {
        match message {
            ClientMessage::SetPixelFormat(format) => {
                self.updates.set_pixel_format(format);
                self.report_request(Event::SetPixelFormat(format));
            }
            ClientMessage::SetEncodings(encodings) => {
                self.updates.set_encodings(&encodings);
                self.report_request(Event::SetEncodings(encodings));
            }
            ClientMessage::FramebufferUpdateRequest { incremental, area } => {
                self.updates.request(incremental, area);
                self.report_request(Event::FramebufferUpdateRequest { incremental, area });
            }
            ClientMessage::KeyEvent { keysym, pressed } => {
                self.report_input(Event::Key { keysym, pressed });
            }
            ClientMessage::PointerEvent { x, y, buttons } => self.handle_pointer(x, y, buttons),
            ClientMessage::ClientCutText(text) => self.report_input(Event::CutText(text)),
            ClientMessage::UnwantedCutText { length } => self.inbox.skip(length),
            ClientMessage::SetDesktopSize(layout) => self.handle_set_desktop_size(layout),
        }
    }

    fn handle_pointer(&mut self, x: u16, y: u16, buttons: u8) {
        let size = self.updates.size();
        self.report_input(Event::Pointer {
            x: x.min(size.width.saturating_sub(1)),
            y: y.min(size.height.saturating_sub(1)),
            buttons: buttons.into(),
        });
    }

    fn handle_set_desktop_size(&mut self, layout: Layout) {
        let Layout { size, screens } = layout.clone();
        if self.updates.wish(layout, self.has_full_rights()) {
            self.events.push(Event::SetDesktopSize { size, screens });
        }
    }

    fn report_input(&mut self, event: Event) {
        if self.has_full_rights() {
            self.events.push(event);
        }
    }

    fn report_request(&mut self, event: Event) {
        if self.reports_requests {
            self.events.push(event);
        }
    }

    fn has_full_rights(&self) -> bool {
        self.rights() == Some(Rights::Full)
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

    /// When [`Session::handle_timeout`] is to be called, if nothing else happens. Not
    /// any more once the viewer is in.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.is_closing || self.handshake.is_done() {
            return None;
        }
        let time = match self.handshake.version() {
            None => VERSION_TIME,
            Some(_) => HANDSHAKE_TIME,
        };
        Some(self.started + time)
    }

    /// Sees whether the viewer takes too long.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], if it does.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.is_closing = true;
            return Err(Error::Timeout);
        }
        Ok(())
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

    /// Says where the pointer's hotspot is, for viewers that do not draw it
    /// themselves.
    pub fn set_pointer(&mut self, at: Point) {
        self.updates.set_pointer(at);
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

    /// Gives the viewer a text for its clipboard, in place of one that was not sent
    /// yet. RFB knows Latin-1 only: other characters become `?`. A text of more than
    /// 1 MiB is dropped.
    pub fn cut_text(&mut self, text: &str) {
        if let Some(text) = clipboard::to_latin1(text) {
            self.text = Some(text);
            self.flush();
        }
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
        if let Some(text) = self.text.take() {
            self.output
                .write(|out| server_message::server_cut_text(out, &text));
        }
    }

    /// Whether to plan an update: the viewer asks for one, the output has been
    /// written, and no plan is on its way.
    pub fn wants_frame(&self, _now: Instant) -> bool {
        !self.is_closing
            && self.handshake.is_done()
            && self.output.is_empty()
            && self.updates.is_wanted()
    }

    /// Plans an update, if one is wanted and there is something to tell. Run its
    /// jobs, then hand it to [`Session::finish_update`]. Until then nothing is
    /// committed, and no other plan is made.
    pub fn plan_update(&mut self, now: Instant) -> Option<Plan> {
        if !self.wants_frame(now) {
            return None;
        }
        self.updates.plan()
    }

    /// Puts the results of a plan's jobs, in the order of the jobs, into the output.
    /// If they are not as many as the jobs, or if the viewer meanwhile asked for
    /// another format or the size changed, the result is dropped, and what it was to
    /// show stays to be planned anew.
    pub fn finish_update(&mut self, plan: Plan, segments: Vec<Segment>) {
        self.updates.finish(plan, segments, &mut self.output);
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
    pub fn consume(&mut self, _now: Instant, count: usize) {
        self.output.consume(count);
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
