//! One viewer's connection: its socket and its RFB session.

use std::fmt;
use std::io::IoSlice;
use std::mem;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Instant;

use rfb::{ClipboardFormat, ClipboardFormats, Credentials, Event, Plan, Rights, Session};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, sendmsg};

use super::encoder::{Encoded, Encoder, JobResult, Pending};
use super::link::{Joined, Link};
use super::mailbox::{Offer, Outbox};
use super::policy::{Peer, Policy};
use super::watch::Wishes;
use super::{Answer, Request, ViewerId, Wanted};

/// Bytes written to one viewer before the others get their turn.
const WRITE_BUDGET: usize = 1 << 20;
/// A larger buffer for input is given back once it is empty, in bytes.
const USUAL_INPUT: usize = 4096;
/// Pieces of output in one call to the kernel.
const SLICES: usize = 64;

/// What viewers need of the thread that serves them, one after the other.
pub(super) struct Services<'a> {
    pub(super) link: &'a Link,
    pub(super) policy: Policy,
    pub(super) encoder: Encoder,
    /// Where input is read into, for one viewer at a time.
    pub(super) scratch: Vec<u8>,
    /// When the thread's turn began.
    pub(super) now: Instant,
}

/// A connection. The driving loop: [`read`](Self::read) when there is input, and
/// [`advance`](Self::advance) after anything has changed.
pub(super) struct Viewer {
    id: ViewerId,
    peer: Peer,
    socket: Rc<OwnedFd>,
    /// The session, for what concerns all viewers (frames, cursor, bell, …).
    pub(super) session: Session,
    /// Read, but not yet taken by the session.
    input: Vec<u8>,
    /// The session's events wait until the compositor has room for them.
    waits_for_room: bool,
    /// The kernel takes output, as far as we know.
    writable: bool,
    /// The peer takes no output any more; what it sent before that is still read.
    write_closed: bool,
    in_flight: Option<(Plan, Pending)>,
    joined: bool,
    /// A text was copied. The compositor is asked for it, unless the viewer can do so itself.
    wants_text: bool,
    since: Instant,
    bytes_sent: u64,
    /// The value of `bytes_sent` when the viewer was last reported.
    reported: Option<u64>,
}

/// Why a connection has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The peer closed it.
    Left,
    /// We turned it away; it has been told why.
    Refused,
    /// Someone disconnected it.
    Disconnected,
    /// It did not log in while too many others wanted to.
    Displaced,
    Io(Errno),
    Protocol(rfb::Error),
    /// A bug of ours.
    Encoding,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Left => f.write_str("it closed the connection"),
            End::Refused => f.write_str("its login was refused"),
            End::Disconnected => f.write_str("it was disconnected"),
            End::Displaced => f.write_str("too many connections that have not logged in"),
            End::Io(errno) => write!(f, "the connection broke: {errno}"),
            End::Protocol(error) => error.fmt(f),
            End::Encoding => f.write_str("its picture could not be encoded"),
        }
    }
}

impl Viewer {
    /// A new connection, before its handshake.
    pub(super) fn new(
        id: ViewerId,
        peer: Peer,
        socket: Rc<OwnedFd>,
        session: Session,
        now: Instant,
    ) -> Self {
        Self {
            id,
            peer,
            socket,
            session,
            input: Vec::new(),
            waits_for_room: false,
            writable: true,
            write_closed: false,
            in_flight: None,
            joined: false,
            wants_text: false,
            since: now,
            bytes_sent: 0,
            reported: None,
        }
    }

    pub(super) fn peer(&self) -> Peer {
        self.peer
    }

    /// Whether it is past the handshake.
    pub(super) fn has_joined(&self) -> bool {
        self.joined
    }

    /// What to wait for at its socket.
    pub(super) fn wishes(&self) -> Wishes {
        Wishes {
            read: self.input.is_empty() && !self.waits_for_room,
            write: !self.write_closed && self.session.has_output(),
        }
    }

    /// Whether a new frame would be sent at once.
    pub(super) fn wants_frame(&self) -> bool {
        self.in_flight.is_none() && !self.write_closed && self.session.wants_frame()
    }

    /// The kernel has room for output again.
    pub(super) fn set_writable(&mut self) {
        self.writable = true;
    }

    /// Reads once, if nothing that was read before is left, and passes on what comes of it.
    pub(super) fn read(&mut self, services: &mut Services) -> Result<(), End> {
        if !self.wishes().read {
            return Ok(());
        }
        match recv(
            &*self.socket,
            services.scratch.as_mut_slice(),
            RecvFlags::DONTWAIT,
        ) {
            Ok((_, 0)) => return Err(End::Left),
            Ok((_, count)) => {
                let bytes = services.scratch.get(..count).unwrap_or_default();
                self.input.extend_from_slice(bytes);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::CONNRESET | Errno::PIPE) => return Err(End::Left),
            Err(errno) => return Err(End::Io(errno)),
        }
        self.feed(services).map(drop)
    }

    /// Goes on as far as possible: takes what was read, writes what there is to write, and plans
    /// and encodes an update if one is wanted.
    pub(super) fn advance(&mut self, services: &mut Services) -> Result<(), End> {
        if self
            .session
            .poll_timeout()
            .is_some_and(|deadline| deadline <= services.now)
            && let Err(error) = self.session.handle_timeout(services.now)
        {
            return Err(self.failed(error, services.now));
        }
        self.waits_for_room = false;
        let mut budget = WRITE_BUDGET;
        loop {
            let fed = self.feed(services)?;
            let had_output = self.session.has_output();
            self.write(&mut budget, services.now)?;
            if self.session.is_closing() {
                return Err(End::Refused);
            }
            // What was written may have been what kept the session from taking more.
            let written = had_output && !self.session.has_output() && !self.input.is_empty();
            if !self.update(services) && !fed && !written {
                break;
            }
        }
        self.write(&mut budget, services.now)?;
        self.report(services);
        Ok(())
    }

    /// Tells it what is new about clipboards.
    pub(super) fn update_clipboard(&mut self, mail: &Outbox) {
        // Ahead of the offer, as viewers may take that in place of what they have.
        if let Some((viewer, formats)) = mail.clipboard_request
            && viewer == self.id
        {
            self.session.request_clipboard(formats);
        }
        if let Some(Offer { formats, from }) = mail.offer
            && from != Some(self.id)
        {
            self.offer_clipboard(formats);
        }
        for (_, answer) in mail.answers.iter().filter(|(id, _)| *id == self.id) {
            match answer {
                Answer::Text(text) => self.session.cut_text(text),
                Answer::Contents(contents) => self.session.provide_clipboard(contents),
            }
        }
    }

    /// Tells it that something can be had in these formats.
    pub(super) fn offer_clipboard(&mut self, formats: ClipboardFormats) {
        self.session.offer_clipboard(formats);
        self.wants_text = formats.contains(ClipboardFormat::Text);
    }

    /// Takes a segment that a worker has made for this viewer.
    pub(super) fn take_result(&mut self, result: JobResult) -> Result<(), End> {
        let Some((_, pending)) = &mut self.in_flight else {
            return Ok(());
        };
        pending.put(result.index, result.segment.ok_or(End::Encoding)?);
        if pending.is_complete()
            && let Some((plan, pending)) = self.in_flight.take()
        {
            self.session.finish_update(plan, pending.into_segments());
        }
        Ok(())
    }

    /// Says goodbye to the compositor.
    pub(super) fn leave(&mut self, link: &Link) {
        if self.joined {
            link.joined().remove(&self.id);
            link.request(Request::Left { viewer: self.id });
        }
    }

    /// Gives the session what was read and passes its events on, until it takes no more or the
    /// compositor has no room. Returns whether anything was done.
    fn feed(&mut self, services: &mut Services) -> Result<bool, End> {
        let mut fed = false;
        loop {
            let events = self.pass_events_on(services);
            if self.waits_for_room {
                return Ok(fed || events);
            }
            let taken = match self.session.receive(services.now, &self.input) {
                Ok(taken) => taken,
                Err(error) => {
                    self.pass_events_on(services);
                    return Err(self.failed(error, services.now));
                }
            };
            self.input.drain(..taken);
            if self.input.is_empty() {
                self.input.shrink_to(USUAL_INPUT);
            }
            if taken == 0 && !events {
                return Ok(fed);
            }
            fed = true;
        }
    }

    /// Passes events on while the compositor has room. Returns whether there was one.
    fn pass_events_on(&mut self, services: &mut Services) -> bool {
        let mut any = false;
        loop {
            if !services.link.has_room() {
                self.waits_for_room = true;
                return any;
            }
            if self.joined
                && self.session.has_said_encodings()
                && mem::take(&mut self.wants_text)
                && !self.session.has_extended_clipboard()
            {
                services.link.request(Request::ClipboardRequest {
                    viewer: self.id,
                    wanted: Wanted::Text,
                });
                any = true;
                continue;
            }
            let Some(event) = self.session.poll_event() else {
                return any;
            };
            any = true;
            self.pass_on(event, services);
        }
    }

    fn pass_on(&mut self, event: Event, services: &mut Services) {
        let viewer = self.id;
        services.link.request(match event {
            Event::Authenticate(credentials) => return self.authenticate(&credentials, services),
            // Every viewer shares: the usual ones ask for exclusive access without meaning it.
            Event::Ready { .. } => {
                self.joined = true;
                self.report(services);
                tracing::info!("viewer {viewer} joined from {}", self.peer);
                Request::Joined { viewer }
            }
            Event::Key {
                keysym,
                keycode,
                pressed,
            } => Request::Key {
                viewer,
                keysym,
                keycode,
                pressed,
            },
            Event::Pointer { x, y, buttons } => Request::Pointer {
                viewer,
                x,
                y,
                buttons,
            },
            Event::Motion { dx, dy, buttons } => Request::Motion {
                viewer,
                dx: dx.into(),
                dy: dy.into(),
                buttons,
            },
            Event::Xvp(action) => Request::Xvp { viewer, action },
            Event::CutText(text) => Request::CutText { viewer, text },
            Event::ClipboardNotify(formats) => Request::ClipboardNotify { viewer, formats },
            Event::ClipboardProvide(contents) => Request::ClipboardProvide { viewer, contents },
            Event::ClipboardRequest(formats) => Request::ClipboardRequest {
                viewer,
                wanted: Wanted::Contents(formats),
            },
            Event::SetDesktopSize { size, .. } => Request::Resize { viewer, size },
            other => return tracing::error!("viewer {viewer} did what nobody handles: {other:?}"),
        });
    }

    fn authenticate(&mut self, credentials: &Credentials, services: &mut Services) {
        match services.policy.judge(credentials, self.peer, services.now) {
            Ok(rights) => self.session.accept(rights),
            Err(reason) => self.session.reject(&reason),
        }
    }

    /// Writes until the output is gone, the kernel takes no more, or the budget is spent.
    fn write(&mut self, budget: &mut usize, now: Instant) -> Result<(), End> {
        while self.writable && *budget > 0 && self.session.has_output() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = self.session.output_vectored(&mut slices);
            let slices = slices.get(..filled).unwrap_or_default();
            let mut control = SendAncillaryBuffer::new(&mut []);
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            let sent = match sendmsg(&*self.socket, slices, &mut control, flags) {
                Ok(sent) => sent,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => {
                    self.writable = false;
                    return Ok(());
                }
                Err(Errno::PIPE | Errno::CONNRESET) => {
                    self.write_closed = true;
                    break;
                }
                Err(errno) => return Err(End::Io(errno)),
            };
            self.session.consume(now, sent);
            self.bytes_sent += sent as u64;
            *budget = budget.saturating_sub(sent);
        }
        if self.write_closed {
            // Nobody reads it; but input that came before the end still counts.
            self.session.consume(now, usize::MAX);
        }
        Ok(())
    }

    /// Plans an update if one is wanted, and encodes it or has it encoded. Returns whether there
    /// is new output.
    fn update(&mut self, services: &mut Services) -> bool {
        if !self.wants_frame() || services.link.is_stale() {
            return false;
        }
        let Some(plan) = self.session.plan_update(services.now) else {
            return false;
        };
        match services.encoder.encode(self.id, &plan) {
            Encoded::Now(segments) => {
                self.session.finish_update(plan, segments);
                self.session.has_output()
            }
            Encoded::Later(pending) => {
                self.in_flight = Some((plan, pending));
                false
            }
        }
    }

    /// The end for an error of the session, which may have something to say about it.
    fn failed(&mut self, error: rfb::Error, now: Instant) -> End {
        let mut budget = WRITE_BUDGET;
        self.write(&mut budget, now)
            .err()
            .unwrap_or(End::Protocol(error))
    }

    /// Leaves what others may want to know about this viewer where they find it.
    fn report(&mut self, services: &Services) {
        if !self.joined || self.reported == Some(self.bytes_sent) {
            return;
        }
        self.reported = Some(self.bytes_sent);
        let joined = Joined {
            peer: self.peer,
            since: self.since,
            view_only: self.session.rights() == Some(Rights::ViewOnly),
            encoding: self.session.encoding(),
            format: self.session.pixel_format(),
            bytes_sent: self.bytes_sent,
        };
        services.link.joined().insert(self.id, joined);
    }
}
