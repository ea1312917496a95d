//! `rfb::Session` behind a socket: the loop of the library's documentation, with a thread
//! that reads and one that encodes and writes.

use std::collections::VecDeque;
use std::io::{IoSlice, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use offing_tests::vnc_client::{Login, VncClient};
use offing_tests::{Error, ErrorKind, Result, soon};
use rfb::encoding::Cache;
use rfb::{Config, Credentials, Event, Job, Rights, Security, Segment, Session, Size};

/// The password of those who may do everything.
pub(crate) const PASSWORD: &str = "secret";
/// The password of those who may only look.
pub(crate) const VIEW_ONLY: &str = "looking";
/// Why others are kept out.
pub(crate) const REASON: &str = "wrong password";
/// The name of the desktop.
pub(crate) const NAME: &str = "a désk";

/// One viewer's session. Dropping it closes the connection and fails if a thread of it
/// panicked.
pub(crate) struct Server {
    shared: Arc<Shared>,
    stream: UnixStream,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    encoder: Arc<Encoder>,
}

struct State {
    session: Session,
    now: Instant,
    events: VecDeque<Event>,
    error: Option<rfb::Error>,
    sent: Vec<u8>,
    /// The viewer sends nothing more.
    hung_up: bool,
    /// Everything is written, and the connection closed.
    ended: bool,
}

/// Runs jobs unless the result is known.
pub(crate) struct Encoder {
    cache: Mutex<Cache>,
    runs: AtomicUsize,
}

/// What a session starts with.
pub(crate) fn config(size: Size, security: &[Security]) -> Config {
    Config {
        name: NAME.into(),
        size,
        security: security.to_vec(),
        encodings: Vec::new(),
        without: Vec::new(),
        challenge: *b"0123456789abcdef",
    }
}

/// A session that offers None, and a viewer in it that knows these encodings.
pub(crate) fn viewer(size: Size, encodings: &[i32]) -> Result<(Server, VncClient)> {
    viewer_with(size, encodings, Encoder::new(0))
}

/// The same with an encoder that may serve others as well: those that are shown the frames of
/// the same canvas.
pub(crate) fn viewer_with(
    size: Size,
    encodings: &[i32],
    encoder: Arc<Encoder>,
) -> Result<(Server, VncClient)> {
    let (server, stream) = Server::start(config(size, &[Security::NONE]), encoder)?;
    let mut viewer = VncClient::connect(stream, &Login::new())?;
    assert_eq!(server.event()?, Event::Ready { shared: true });
    viewer.set_encodings(encodings)?;
    Ok((server, viewer))
}

impl Server {
    /// A session, and the viewer's end of its connection.
    pub(crate) fn start(config: Config, encoder: Arc<Encoder>) -> Result<(Self, UnixStream)> {
        let (stream, theirs) = UnixStream::pair()?;
        let now = Instant::now();
        let state = State {
            session: Session::new(config, now),
            now,
            events: VecDeque::new(),
            error: None,
            sent: Vec::new(),
            hung_up: false,
            ended: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            encoder,
        });
        let (reader, writer) = (stream.try_clone()?, stream.try_clone()?);
        let (for_reader, for_writer) = (shared.clone(), shared.clone());
        let threads = vec![
            std::thread::spawn(move || for_reader.read(reader)),
            std::thread::spawn(move || for_writer.write(writer)),
        ];
        let server = Self {
            shared,
            stream,
            threads,
        };
        Ok((server, theirs))
    }

    /// Does something with the session.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Session) -> T) -> T {
        let mut state = lock(&self.shared.state);
        let result = act(&mut state.session);
        state.drain();
        self.shared.changed.notify_all();
        result
    }

    /// Waits until a condition of the session holds.
    pub(crate) fn wait_until(&self, what: &str, is: impl Fn(&Session) -> bool) -> Result {
        self.wait(what, |state| is(&state.session).then_some(()))
    }

    /// Waits until an update that was asked for is being encoded, or written.
    pub(crate) fn wait_until_busy(&self) -> Result {
        self.wait_until("work", |session| !session.wants_frame())
    }

    /// Lets time go by, as far as the session can tell.
    pub(crate) fn pass(&self, time: Duration) {
        let mut state = lock(&self.shared.state);
        state.now += time;
        let now = state.now;
        if let Err(error) = state.session.handle_timeout(now) {
            state.error.get_or_insert(error);
        }
        self.shared.changed.notify_all();
    }

    /// The next event, but for those of the login, which are answered.
    pub(crate) fn event(&self) -> Result<Event> {
        self.wait("an event", |state| state.events.pop_front())
    }

    /// The events up to now, of all that the viewer has sent.
    pub(crate) fn events_of(&self, viewer: &mut VncClient) -> Result<Vec<Event>> {
        const LAST: u32 = 0x00ff_ffff;
        viewer.key(LAST, false)?;
        let mut events = Vec::new();
        loop {
            match self.event()? {
                Event::Key { keysym: LAST, .. } => return Ok(events),
                event => events.push(event),
            }
        }
    }

    /// The events that nobody waited for.
    pub(crate) fn events(&self) -> Vec<Event> {
        lock(&self.shared.state).events.drain(..).collect()
    }

    /// All that was sent, once there is nothing more to send.
    pub(crate) fn sent(&self) -> Result<Vec<u8>> {
        self.wait("the output to be written", |state| {
            (!state.session.has_output()).then(|| state.sent.clone())
        })
    }

    /// Waits for the end of the session: why it ended, if not by the viewer's will.
    pub(crate) fn end(&self) -> Result<Option<rfb::Error>> {
        self.wait("the end", |state| state.ended.then(|| state.error.clone()))
    }

    fn wait<T>(&self, what: &str, mut found: impl FnMut(&mut State) -> Option<T>) -> Result<T> {
        let deadline = soon();
        let mut state = lock(&self.shared.state);
        loop {
            if let Some(found) = found(&mut state) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let message = format!("the server waited in vain for {what}");
                return Err(Error::new(ErrorKind::Stalled, message));
            }
            let result = self.shared.changed.wait_timeout(state, left);
            state = result.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.stream.shutdown(Shutdown::Both);
        for thread in self.threads.drain(..) {
            let result = thread.join();
            assert!(
                result.is_ok() || std::thread::panicking(),
                "the session panicked"
            );
        }
    }
}

impl Shared {
    /// Hands what comes to the session, until the viewer's end.
    fn read(&self, mut stream: UnixStream) {
        let mut buffer = [0; 16 << 10];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let mut rest = &buffer[..count];
            while !rest.is_empty() {
                let mut state = lock(&self.state);
                rest = &rest[state.receive(rest)..];
                self.changed.notify_all();
            }
        }
        lock(&self.state).hung_up = true;
        self.changed.notify_all();
    }

    /// Encodes and writes, neither with the session locked, until its end.
    fn write(&self, mut stream: UnixStream) {
        let mut state = lock(&self.state);
        while !state.hung_up || state.session.has_output() {
            let now = state.now;
            if let Some(plan) = state.session.plan_update(now) {
                self.changed.notify_all();
                drop(state);
                let segments = plan
                    .jobs()
                    .iter()
                    .map(|job| self.encoder.run(job))
                    .collect();
                state = lock(&self.state);
                state.session.finish_update(plan, segments);
                self.changed.notify_all();
                continue;
            }
            let output = state.output();
            if !output.is_empty() {
                drop(state);
                let result = stream.write(&output);
                state = lock(&self.state);
                let Ok(count) = result else { break };
                state.sent.extend_from_slice(&output[..count]);
                state.session.consume(now, count);
                self.changed.notify_all();
            } else if state.session.is_closing() {
                break;
            } else {
                let result = self.changed.wait(state);
                state = result.unwrap_or_else(PoisonError::into_inner);
            }
        }
        // The viewer may have closed it already.
        let _ = stream.shutdown(Shutdown::Both);
        state.ended = true;
        self.changed.notify_all();
    }
}

impl State {
    /// Gives bytes to the session and settles what comes of it. Returns how many it took.
    fn receive(&mut self, bytes: &[u8]) -> usize {
        match self.session.receive(self.now, bytes) {
            Ok(taken) => {
                assert!(taken > 0 || self.drain(), "the session takes nothing");
                self.drain();
                taken
            }
            Err(error) => {
                assert!(self.session.is_closing(), "{error} is fatal");
                self.drain();
                self.error.get_or_insert(error);
                bytes.len()
            }
        }
    }

    /// Fetches the events. Returns whether there were any.
    fn drain(&mut self) -> bool {
        let mut any = false;
        while let Some(event) = self.session.poll_event() {
            any = true;
            match event {
                Event::Authenticate(credentials) => self.decide(&credentials),
                other => self.events.push_back(other),
            }
        }
        any
    }

    fn decide(&mut self, credentials: &Credentials) {
        match credentials {
            Credentials::Vnc(response) if response.matches(VIEW_ONLY.as_bytes()) => {
                self.session.accept(Rights::ViewOnly);
            }
            Credentials::Vnc(response) if !response.matches(PASSWORD.as_bytes()) => {
                self.session.reject(REASON);
            }
            _ => self.session.accept(Rights::Full),
        }
    }

    /// The first bytes to write.
    fn output(&self) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 16];
        let count = self.session.output_vectored(&mut slices);
        slices[..count].iter().fold(Vec::new(), |mut all, slice| {
            all.extend_from_slice(slice);
            all
        })
    }
}

impl Encoder {
    /// An encoder that keeps up to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            cache: Mutex::new(Cache::new(limit)),
            runs: AtomicUsize::new(0),
        })
    }

    /// How many jobs were really run.
    pub(crate) fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    /// Holds all jobs up as long as the result lives.
    pub(crate) fn hold(&self) -> impl Sized + '_ {
        lock(&self.cache)
    }

    fn run(&self, job: &Job) -> Segment {
        let key = job.key();
        if let Some(segment) = key.and_then(|key| lock(&self.cache).get(&key)) {
            return segment;
        }
        let segment = job.run();
        self.runs.fetch_add(1, Ordering::SeqCst);
        if let Some(key) = key {
            lock(&self.cache).insert(key, segment.clone());
        }
        segment
    }
}

/// Whoever panicked holding it is noticed by [`Server`]'s drop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
