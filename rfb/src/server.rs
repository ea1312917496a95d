//! All viewers of one picture.

mod event;
mod input;
mod properties;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

use crate::clipboard::{ClipboardContents, ClipboardFormat, ClipboardFormats};
use crate::encoding::{Cache, Cursor, Encoding, Segment};
use crate::error::Error;
use crate::frame::Frame;
use crate::geometry::{Point, Size};
use crate::region::Region;
use crate::security::{Credentials, Rights, Security};
use crate::session::{Config, Event, Session};
use crate::update::{Job, Move, Mover, ResizeStatus};
use input::Input;

pub use event::{ServerEvent, ServerState, ViewerId};
pub use input::Modifiers;

/// A VNC server without its socket: one picture, and everyone who sees it.
///
/// It keeps a [`Session`] for each viewer, lets them in by password, shows all of
/// them the same picture, and says who they are and what they do. Everything about
/// it can be changed at any time. Around it goes this loop, as in `examples/`:
///
/// 1. Bind a socket, and say so: [`Server::listening`], or [`Server::failed`].
/// 2. For each connection that it accepts, [`Server::connect`].
/// 3. Bytes of a viewer go to [`Server::receive`]; what it does not take, again
///    after step 4. At the end of the connection, [`Server::disconnect`].
/// 4. [`Server::poll_event`] until there is none. [`ServerEvent::SetDesktopSize`]
///    wants an answer.
/// 5. When the picture changes, [`Server::show`].
/// 6. After any of this, [`Server::update`]. Then [`Server::output`] of each viewer
///    goes to its connection, what was written to [`Server::consume`], and step 6
///    again.
/// 7. When a viewer has no output and [`Server::is_closing`], close its connection.
/// 8. At the time of [`Server::poll_timeout`], [`Server::handle_timeout`].
///
/// It encodes in [`Server::update`], and knows passwords only as they are typed. A
/// program that wants more (encoding on threads, locking out who guesses passwords,
/// other rights for some) drives [`Session`]s itself, as Offing does.
///
/// ```
/// use std::time::Instant;
/// use rfb::{Server, ServerEvent, ServerState, Size};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut server = Server::new("two pixels", Size::new(2, 1));
/// server.listening(5900);
/// # server.poll_event();
/// let challenge = [0; 16]; // 16 random bytes
/// let viewer = server.connect(Instant::now(), challenge).ok_or("not now")?;
/// // From its connection: a version, the security type None, and ClientInit.
/// server.receive(viewer, Instant::now(), b"RFB 003.008\n\x01\x01")?;
/// assert_eq!(server.poll_event(), Some(ServerEvent::Joined(viewer)));
/// assert_eq!(server.state(), ServerState::Connected);
/// // To its connection, up to the name that ends ServerInit.
/// assert!(server.output(viewer).ends_with(b"two pixels"));
/// # Ok(())
/// # }
/// ```
pub struct Server {
    name: String,
    password: Option<String>,
    view_only_password: Option<String>,
    encodings: Vec<Encoding>,
    is_connection_enabled: bool,
    is_input_enabled: bool,
    frame: Frame,
    /// None until the caller names one.
    cursor: Option<Option<Arc<Cursor>>>,
    pointer: Point,
    /// Who moved the pointer last.
    last_mover: Option<ViewerId>,
    /// The text that viewers were told of last.
    text: Option<String>,
    listener: ServerState,
    port: Option<u16>,
    /// The state that events tell of.
    told: ServerState,
    viewers: BTreeMap<ViewerId, Viewer>,
    connections: u64,
    events: VecDeque<ServerEvent>,
    cache: Cache,
}

struct Viewer {
    session: Session,
    input: Input,
    has_joined: bool,
}

/// The bytes of encoded rectangles that are kept while there are other viewers.
const CACHE: usize = 64 << 20;
/// How many events may wait before nobody new is let in.
const MAX_EVENTS: usize = 64;

impl Server {
    /// A server without a socket, whose picture is black.
    pub fn new(name: &str, size: Size) -> Self {
        Self {
            name: name.to_owned(),
            password: None,
            view_only_password: None,
            encodings: Vec::new(),
            is_connection_enabled: true,
            is_input_enabled: true,
            frame: Frame::solid(size, [0; 4]),
            cursor: None,
            pointer: Point::default(),
            last_mover: None,
            text: None,
            listener: ServerState::NotStarted,
            port: None,
            told: ServerState::NotStarted,
            viewers: BTreeMap::new(),
            connections: 0,
            events: VecDeque::new(),
            cache: Cache::new(CACHE),
        }
    }

    // The socket.

    /// Notes that connections are accepted at a TCP port.
    pub fn listening(&mut self, port: u16) {
        self.listener = ServerState::Listening;
        self.port = Some(port);
        self.tell_state();
    }

    /// Notes that there is no socket to listen on.
    pub fn failed(&mut self) {
        self.listener = ServerState::Failed;
        self.port = None;
        self.tell_state();
    }

    /// Begins with a viewer that has just connected. `challenge` are 16
    /// unpredictable bytes for it alone. There is output at once. None if nobody may
    /// connect, or the caller fetches no events: then close the connection.
    pub fn connect(&mut self, now: Instant, challenge: [u8; 16]) -> Option<ViewerId> {
        if !self.is_connection_enabled || self.events.len() >= MAX_EVENTS {
            return None;
        }
        let security = if self.has_passwords() {
            Security::VNC_AUTH
        } else {
            Security::NONE
        };
        let config = Config {
            name: self.name.clone(),
            size: self.size(),
            security: vec![security],
            encodings: self.encodings.clone(),
            // Nothing would come of them.
            without: vec![Encoding::QEMU_EXTENDED_KEY_EVENT, Encoding::XVP],
            challenge,
        };
        self.connections += 1;
        let id = ViewerId(self.connections);
        let mut session = Session::new(config, now);
        session.show(&self.frame, &Region::new(), &[]);
        session.set_pointer(self.pointer, mover(self.last_mover, id));
        if let Some(cursor) = &self.cursor {
            session.set_cursor(cursor.clone());
        }
        let viewer = Viewer {
            session,
            input: Input::default(),
            has_joined: false,
        };
        self.viewers.insert(id, viewer);
        Some(id)
    }

    /// Takes bytes that came from a viewer, and returns how many. If these are not
    /// all, fetch the events and offer the rest again.
    ///
    /// # Errors
    ///
    /// Any error is fatal to this viewer: write its output, then close the
    /// connection.
    pub fn receive(&mut self, id: ViewerId, now: Instant, bytes: &[u8]) -> Result<usize, Error> {
        let mut taken = 0;
        while let Some(viewer) = self.viewers.get_mut(&id) {
            let result = viewer
                .session
                .receive(now, bytes.get(taken..).unwrap_or_default());
            let event = match viewer.has_joined {
                true => None,
                false => viewer.session.poll_event(),
            };
            match event {
                Some(Event::Authenticate(credentials)) => self.decide(id, &credentials),
                Some(Event::Ready { .. }) => self.join(id),
                _ => return result.map(|count| taken + count),
            }
            taken += result?;
        }
        Ok(bytes.len())
    }

    /// Forgets a viewer: its connection is closed, or will be.
    pub fn disconnect(&mut self, id: ViewerId) {
        self.remove(id);
        self.tell_state();
    }

    /// The next thing that happened. Fetch all after any call.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let (id, event) = self.viewers.iter_mut().find_map(|(id, viewer)| {
                let joined = viewer.has_joined.then_some(&mut viewer.session)?;
                Some((*id, joined.poll_event()?))
            })?;
            self.report(id, event);
        }
    }

    /// When [`Server::handle_timeout`] is to be called, if nothing else happens.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let viewers = self.viewers.values();
        viewers.filter_map(|v| v.session.poll_timeout()).min()
    }

    /// Sees who takes too long to log in: their sessions are closing then.
    pub fn handle_timeout(&mut self, now: Instant) {
        // The error is in `is_closing`.
        self.each(|session| _ = session.handle_timeout(now));
    }

    /// Plans and encodes updates for all viewers that want one. Who needs the same
    /// rectangles shares them: while at least two viewers are in, up to 64 MiB of them
    /// are kept for that.
    pub fn update(&mut self, now: Instant) {
        let is_shared = self.is_shared();
        for viewer in self.viewers.values_mut() {
            if let Some(plan) = viewer.session.plan_update(now) {
                let jobs = plan.jobs().iter();
                let segments = jobs.map(|job| match is_shared {
                    true => run(&mut self.cache, job),
                    false => job.run(),
                });
                let segments = segments.collect();
                viewer.session.finish_update(plan, segments);
            }
        }
    }

    /// What to write next to a viewer: the first bytes, as many as lie together.
    pub fn output(&self, id: ViewerId) -> &[u8] {
        let viewer = self.viewers.get(&id);
        viewer.map_or(&[], |viewer| viewer.session.output())
    }

    /// What to write next to a viewer, for a vectored write. Fills `slices` as far as
    /// there is output, and returns how many it filled.
    pub fn output_vectored<'a>(&'a self, id: ViewerId, slices: &mut [IoSlice<'a>]) -> usize {
        let viewer = self.viewers.get(&id);
        viewer.map_or(0, |viewer| viewer.session.output_vectored(slices))
    }

    /// Notes that the first `count` bytes of a viewer's output are written.
    pub fn consume(&mut self, id: ViewerId, now: Instant, count: usize) {
        if let Some(viewer) = self.viewers.get_mut(&id) {
            viewer.session.consume(now, count);
        }
    }

    /// Whether nothing comes after the output of a viewer. So it is for one that the
    /// server does not know (any more).
    pub fn is_closing(&self, id: ViewerId) -> bool {
        let viewer = self.viewers.get(&id);
        viewer.is_none_or(|viewer| viewer.session.is_closing())
    }

    // The picture, and what else viewers are told.

    /// Shows a picture: what changed in it since the last one is `damage` and the
    /// destinations of `moves`. In one of another size everything changed.
    pub fn show(&mut self, frame: &Frame, damage: &Region, moves: &[Move]) {
        if !frame.is_kin(&self.frame) {
            // Its numbers mean something else.
            self.cache.clear();
        }
        self.frame = frame.clone();
        self.each(|session| session.show(frame, damage, moves));
    }

    /// Gives the pointer another picture; None hides it. Without any call viewers
    /// show one of their own.
    pub fn set_cursor(&mut self, cursor: Option<Arc<Cursor>>) {
        self.each(|session| session.set_cursor(cursor.clone()));
        self.cursor = Some(cursor);
    }

    /// Says where the pointer's hotspot is: where the last [`ServerEvent::Pointer`] was, say.
    /// Its viewer draws the pointer itself; the others see it there.
    pub fn set_pointer(&mut self, at: Point) {
        self.pointer = at;
        for (id, viewer) in &mut self.viewers {
            viewer.session.set_pointer(at, mover(self.last_mover, *id));
        }
    }

    /// Gives the viewers that have logged in a text for their clipboards (see
    /// [`Session::cut_text`]). Those that know the extended clipboard fetch it when they
    /// want it, in full.
    pub fn cut_text(&mut self, text: &str) {
        self.text = Some(text.to_owned());
        let formats = ClipboardFormats::from_iter([ClipboardFormat::Text]);
        self.each_joined(|session| match session.has_extended_clipboard() {
            true => session.offer_clipboard(formats),
            false => session.cut_text(text),
        });
    }

    /// Rings the bells of the viewers that have logged in.
    pub fn bell(&mut self) {
        self.each_joined(Session::bell);
    }

    /// Answers the viewer's oldest [`ServerEvent::SetDesktopSize`] that has no
    /// answer. After [`ResizeStatus::Done`], [`Server::show`] has to bring a frame of
    /// that size.
    pub fn answer_resize(&mut self, id: ViewerId, status: ResizeStatus) {
        if let Some(viewer) = self.viewers.get_mut(&id) {
            viewer.session.answer_resize(status);
        }
    }

    // Inside.

    fn each(&mut self, mut act: impl FnMut(&mut Session)) {
        let viewers = self.viewers.values_mut();
        viewers.for_each(|viewer| act(&mut viewer.session));
    }

    fn each_joined(&mut self, mut act: impl FnMut(&mut Session)) {
        let joined = self.viewers.values_mut().filter(|v| v.has_joined);
        joined.for_each(|viewer| act(&mut viewer.session));
    }

    fn has_passwords(&self) -> bool {
        self.password.is_some() || self.view_only_password.is_some()
    }

    /// Lets a viewer in, or keeps it out, by the passwords as they are now.
    fn decide(&mut self, id: ViewerId, credentials: &Credentials) {
        let is = |password: &Option<String>| match (password, credentials) {
            (Some(password), Credentials::Vnc(response)) => response.matches(password.as_bytes()),
            _ => false,
        };
        let rights = if !self.has_passwords() || is(&self.password) {
            Some(Rights::Full)
        } else {
            is(&self.view_only_password).then_some(Rights::ViewOnly)
        };
        let Some(viewer) = self.viewers.get_mut(&id) else {
            return;
        };
        match rights {
            Some(rights) => viewer.session.accept(rights),
            None => viewer.session.reject("wrong password"),
        }
    }

    fn join(&mut self, id: ViewerId) {
        if let Some(viewer) = self.viewers.get_mut(&id) {
            viewer.has_joined = true;
            self.events.push_back(ServerEvent::Joined(id));
            self.tell_state();
        }
    }

    /// Forgets a viewer, and tells it if the viewer was in, but not the state.
    fn remove(&mut self, id: ViewerId) {
        if let Some(mut gone) = self.viewers.remove(&id).filter(|v| v.has_joined) {
            self.events.extend(gone.input.release(id));
            self.events.push_back(ServerEvent::Left(id));
            if !self.is_shared() {
                self.cache.clear();
            }
        }
    }

    /// Whether at least two viewers look.
    fn is_shared(&self) -> bool {
        self.viewers().nth(1).is_some()
    }

    fn tell_state(&mut self) {
        let state = self.state();
        if state != self.told {
            self.told = state;
            self.events.push_back(ServerEvent::StateChanged(state));
        }
    }

    /// Passes on what a viewer did.
    fn report(&mut self, viewer: ViewerId, event: Event) {
        let Some(Viewer { session, input, .. }) = self.viewers.get_mut(&viewer) else {
            return;
        };
        match &event {
            Event::ClipboardNotify(formats) if self.is_input_enabled => {
                session.request_clipboard(*formats);
            }
            Event::ClipboardRequest(_) => {
                let text = self.text.as_deref().unwrap_or_default();
                let text = [(ClipboardFormat::Text, text.as_bytes())];
                session.provide_clipboard(&ClipboardContents::new(&text));
            }
            Event::SetDesktopSize { .. } if !self.is_input_enabled => {
                session.answer_resize(ResizeStatus::Prohibited);
            }
            Event::Pointer { .. } if self.is_input_enabled => self.last_mover = Some(viewer),
            _ => {}
        }
        if self.is_input_enabled {
            self.events.extend(input.translate(viewer, event));
        } else {
            // Also of what is dropped, the input knows what is held.
            input.note(&event);
        }
    }
}

/// Who moved the pointer, for this viewer.
fn mover(last: Option<ViewerId>, viewer: ViewerId) -> Mover {
    match last {
        Some(other) if other != viewer => Mover::OtherViewer,
        _ => Mover::ThisViewer,
    }
}

/// Runs a job, unless the result is known.
fn run(cache: &mut Cache, job: &Job) -> Segment {
    let key = job.key();
    if let Some(segment) = key.and_then(|key| cache.get(&key)) {
        return segment;
    }
    let segment = job.run();
    if let Some(key) = key {
        cache.insert(key, segment.clone());
    }
    segment
}

/// Leaves the passwords out.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("name", &self.name)
            .field("state", &self.state())
            .field("port", &self.port)
            .field("size", &self.size())
            .field("viewers", &self.viewers.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
