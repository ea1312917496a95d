//! The thread that serves viewers: it accepts connections, tells every session what is new, and
//! gives each of them its turn. Nothing wakes it while nothing happens.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use calloop::ping::{PingSource, make_ping};
use calloop::{EventLoop, LoopHandle, Readiness};
use rfb::{ClipboardFormats, Cursor, Encoding, Frame, Leds, Mover, Point, Region, Session, Size};
use rustix::net::{SendFlags, send};

use super::encoder::Encoder;
use super::listeners::{Incoming, Listeners};
use super::mailbox::Outbox;
use super::policy::Policy;
use super::shared::Shared;
use super::viewer::{End, Services, Viewer};
use super::watch::Watch;
use super::{Config, MAX_VIEWERS, MovedBy, ViewerId};
use crate::lock::lock;

/// At most so many connections that have not logged in.
const MAX_STRANGERS: usize = 32;
/// Input is read in pieces of this size, in bytes.
const SCRATCH: usize = 64 * 1024;

/// What the loop's sources report in one turn.
#[derive(Default)]
pub(super) struct Ready {
    viewers: Vec<(ViewerId, Readiness)>,
    /// Connections wait at some listener.
    pub(super) incoming: bool,
}

/// Serves viewers until [`Shared::over`]; tells `report` first whether it could begin.
pub(super) fn run(
    shared: &Shared,
    config: Config,
    mail: PingSource,
    report: &SyncSender<io::Result<()>>,
) {
    let (mut event_loop, mut viewers) = match begin(shared, config, mail) {
        Ok(begun) => begun,
        Err(error) => {
            let _ = report.send(Err(error));
            return;
        }
    };
    let _ = report.send(Ok(()));
    let mut ready = Ready::default();
    while !shared.over.load(Ordering::SeqCst) {
        let turn = viewers.turn(&mut ready, Instant::now()).and_then(|()| {
            let timeout = viewers
                .deadline()
                .map(|d| d.saturating_duration_since(Instant::now()));
            Ok(event_loop.dispatch(timeout, &mut ready)?)
        });
        if let Err(error) = turn {
            tracing::error!("viewers are not served any more: {error}");
            return;
        }
    }
}

fn begin<'a>(
    shared: &'a Shared,
    config: Config,
    mail: PingSource,
) -> io::Result<(EventLoop<'static, Ready>, Viewers<'a>)> {
    let event_loop = EventLoop::try_new()?;
    let handle = event_loop.handle();
    let (done, results) = make_ping()?;
    // Pings only end the wait: what they announce is looked for in every turn.
    for ping in [mail, results] {
        handle
            .insert_source(ping, |(), (), _| ())
            .map_err(|e| e.error)?;
    }
    let viewers = Viewers {
        shared,
        listeners: Listeners::new(&handle, config.listeners)?,
        handle,
        policy: Policy::new(config.auth),
        encodings: config.encodings,
        without: config.without,
        encoder: Encoder::start(done)?,
        connections: BTreeMap::new(),
        screen: Screen {
            name: config.name,
            size: config.size,
            frame: None,
            cursor: None,
            pointer: None,
            relative_pointer: false,
            leds: None,
            offered: ClipboardFormats::NONE,
        },
        last_id: 0,
        turning_away: false,
        crowded: false,
        scratch: vec![0; SCRATCH],
    };
    Ok((event_loop, viewers))
}

struct Viewers<'a> {
    shared: &'a Shared,
    handle: LoopHandle<'static, Ready>,
    listeners: Listeners,
    policy: Policy,
    /// The encodings of pixels to use, the best first.
    encodings: Vec<Encoding>,
    /// What viewers list and is not used.
    without: Vec<Encoding>,
    encoder: Encoder,
    connections: BTreeMap<ViewerId, Connection>,
    screen: Screen,
    last_id: u64,
    /// The last connection was one too many, and that was logged.
    turning_away: bool,
    /// The last connection displaced another one, and that was logged.
    crowded: bool,
    scratch: Vec<u8>,
}

struct Connection {
    viewer: Viewer,
    watch: Watch<OwnedFd>,
}

/// What a new viewer is to know.
struct Screen {
    name: String,
    size: Size,
    frame: Option<Frame>,
    /// `None`: the compositor has not said yet; `Some(None)`: hidden.
    cursor: Option<Option<Arc<Cursor>>>,
    pointer: Option<(Point, MovedBy)>,
    relative_pointer: bool,
    leds: Option<Leds>,
    /// The formats in which what was copied can be had.
    offered: ClipboardFormats,
}

impl Viewers<'_> {
    /// One turn of the loop. Input comes first: it must never wait for pixels.
    fn turn(&mut self, ready: &mut Ready, now: Instant) -> io::Result<()> {
        self.read(ready, now);
        let mail = lock(&self.shared.outbox).take();
        self.show(&mail);
        self.policy.change(mail.auth, mail.connections);
        if let Some(listeners) = mail.listeners {
            match Listeners::new(&self.handle, listeners) {
                Ok(listeners) => self.listeners = listeners,
                Err(error) => tracing::warn!(
                    "viewers connect where they did before, for the new sockets cannot be watched \
                     ({error}): close programs and try again"
                ),
            }
        }
        self.deliver();
        self.listeners.resume(now)?;
        let mut incoming = mail.incoming;
        if std::mem::take(&mut ready.incoming) {
            incoming.extend(self.listeners.accept(now)?);
        }
        for connection in incoming {
            self.add(connection, now);
        }
        self.advance(now);
        let wants_frame = self.connections.values().any(|c| c.viewer.wants_frame(now));
        self.shared.set_wants_frame(wants_frame);
        Ok(())
    }

    /// When to take a turn even if nothing happens.
    fn deadline(&self) -> Option<Instant> {
        let sessions = self
            .connections
            .values()
            .filter_map(|c| c.viewer.session.poll_timeout());
        sessions.chain(self.listeners.deadline()).min()
    }

    /// Reads from the viewers that have sent something.
    fn read(&mut self, ready: &mut Ready, now: Instant) {
        let mut ended = Vec::new();
        for (id, readiness) in ready.viewers.drain(..) {
            let Some(connection) = self.connections.get_mut(&id) else {
                continue;
            };
            if readiness.writable {
                connection.viewer.set_writable();
            }
            let mut services = Services {
                shared: self.shared,
                policy: &mut self.policy,
                encoder: &mut self.encoder,
                scratch: &mut self.scratch,
                now,
            };
            if readiness.readable
                && let Err(end) = connection.viewer.read(&mut services)
            {
                ended.push((id, end));
            }
        }
        self.end(ended);
    }

    /// Tells all sessions what the compositor has left.
    fn show(&mut self, mail: &Outbox) {
        for (&id, Connection { viewer, .. }) in &mut self.connections {
            let session = &mut viewer.session;
            // Ahead of the frame, which may have a newer size than the one that was granted.
            for (_, status) in mail
                .resize_answers
                .iter()
                .filter(|(viewer, _)| *viewer == id)
            {
                session.answer_resize(*status);
            }
            if let Some(new) = &mail.frame {
                session.show(&new.frame, &new.damage, &new.moves);
            }
            if let Some(cursor) = &mail.cursor {
                session.set_cursor(cursor.clone());
            }
            if let Some((at, moved_by)) = mail.pointer {
                session.set_pointer(at, moved_by.seen_by(id));
            }
            if let Some(relative) = mail.relative_pointer {
                session.set_relative_pointer(relative);
            }
            if let Some(leds) = mail.leds {
                session.set_leds(leds);
            }
            if mail.failed_xvp.contains(&id) {
                session.fail_xvp();
            }
            if let Some(name) = &mail.name {
                session.set_name(name);
            }
            if mail.bell {
                session.bell();
            }
            viewer.update_clipboard(mail);
        }
        let disconnected = self
            .connections
            .keys()
            .filter(|id| mail.disconnect.includes(**id));
        let disconnected = disconnected.map(|&id| (id, End::Disconnected)).collect();
        self.end(disconnected);
        self.screen.remember(mail);
    }

    /// Hands out what the workers have encoded.
    fn deliver(&mut self) {
        let mut ended = Vec::new();
        for result in self.encoder.results() {
            let id = result.viewer;
            if let Some(connection) = self.connections.get_mut(&id)
                && let Err(end) = connection.viewer.take_result(result)
            {
                ended.push((id, end));
            }
        }
        self.end(ended);
    }

    /// Gives every viewer its turn.
    fn advance(&mut self, now: Instant) {
        let joined = self
            .connections
            .values()
            .filter(|c| c.viewer.has_joined())
            .count();
        self.encoder.set_sharing(joined > 1);
        let mut ended = Vec::new();
        for (&id, connection) in &mut self.connections {
            let mut services = Services {
                shared: self.shared,
                policy: &mut self.policy,
                encoder: &mut self.encoder,
                scratch: &mut self.scratch,
                now,
            };
            if let Err(end) = connection.viewer.advance(&mut services) {
                ended.push((id, end));
            } else if let Err(error) = connection.watch.set(connection.viewer.wishes()) {
                tracing::error!("viewer {id} cannot be watched: {error}");
                ended.push((id, End::Disconnected));
            }
        }
        self.end(ended);
    }

    /// Begins a session with a new connection, if it is welcome.
    fn add(&mut self, incoming: Incoming, now: Instant) {
        let peer = incoming.peer;
        if let Some(reason) = self.policy.refusal(peer, now) {
            return refuse(&incoming, &reason);
        }
        self.make_room();
        if self.connections.len() >= MAX_VIEWERS {
            if !self.turning_away {
                tracing::warn!(
                    "{} viewers are connected: others are turned away, as of {peer}",
                    self.connections.len()
                );
            }
            self.turning_away = true;
            return refuse(&incoming, "too many viewers: try again later");
        }
        self.turning_away = false;
        self.last_id += 1;
        let id = ViewerId(self.last_id);
        match self.begin_session(id, incoming, now) {
            Ok(connection) => {
                tracing::debug!("viewer {id} connected from {peer}");
                self.connections.insert(id, connection);
            }
            Err(error) => tracing::error!("a viewer at {peer} cannot be served: {error}"),
        }
    }

    /// Ends a connection that has not logged in if there are too many of them: the oldest of those
    /// from the address that has the most. Else silent connections could keep everybody out.
    fn make_room(&mut self) {
        let mut strangers = BTreeMap::<_, Vec<ViewerId>>::new();
        for (&id, connection) in &self.connections {
            if !connection.viewer.has_joined() {
                let address = connection.viewer.peer().network();
                strangers.entry(address).or_default().push(id);
            }
        }
        if strangers.values().map(Vec::len).sum::<usize>() < MAX_STRANGERS {
            self.crowded = false;
            return;
        }
        if !self.crowded {
            tracing::warn!(
                "{MAX_STRANGERS} connections have not logged in: for new ones the oldest are closed"
            );
        }
        self.crowded = true;
        let most = strangers.into_values().max_by_key(Vec::len);
        if let Some(&oldest) = most.as_ref().and_then(|ids| ids.first()) {
            self.end(vec![(oldest, End::Displaced)]);
        }
    }

    fn begin_session(
        &self,
        id: ViewerId,
        incoming: Incoming,
        now: Instant,
    ) -> io::Result<Connection> {
        let mut challenge = [0; 16];
        getrandom::fill(&mut challenge).map_err(io::Error::other)?;
        let config = rfb::Config {
            name: self.screen.name.clone(),
            size: self.screen.size,
            security: self.policy.security(incoming.peer),
            encodings: self.encodings.clone(),
            without: self.without.clone(),
            challenge,
        };
        let session = Session::new(config, now);
        let socket = Rc::new(incoming.socket);
        let watch = Watch::new(&self.handle, socket.clone(), move |ready, readiness| {
            ready.viewers.push((id, readiness));
        })?;
        let mut viewer = Viewer::new(id, incoming.peer, socket, session, now);
        self.screen.introduce(id, &mut viewer);
        Ok(Connection { viewer, watch })
    }

    fn end(&mut self, ended: Vec<(ViewerId, End)>) {
        for (id, end) in ended {
            let Some(Connection { mut viewer, .. }) = self.connections.remove(&id) else {
                continue;
            };
            viewer.leave(self.shared);
            let peer = viewer.peer();
            match end {
                End::Protocol(error) => {
                    tracing::warn!("viewer {id} from {peer} was disconnected: {error}");
                }
                end if viewer.has_joined() => tracing::info!("viewer {id} left: {end}"),
                end => tracing::debug!("viewer {id} ({peer}) left before it was logged in: {end}"),
            }
        }
    }
}

impl Screen {
    fn remember(&mut self, mail: &Outbox) {
        if let Some(new) = &mail.frame {
            self.size = new.frame.size();
            self.frame = Some(new.frame.clone());
        }
        if let Some(cursor) = &mail.cursor {
            self.cursor = Some(cursor.clone());
        }
        if let Some(name) = &mail.name {
            self.name.clone_from(name);
        }
        self.pointer = mail.pointer.or(self.pointer);
        self.relative_pointer = mail.relative_pointer.unwrap_or(self.relative_pointer);
        self.leds = mail.leds.or(self.leds);
        self.offered = mail.offer.map_or(self.offered, |offer| offer.formats);
    }

    fn introduce(&self, id: ViewerId, viewer: &mut Viewer) {
        let session = &mut viewer.session;
        if let Some(frame) = &self.frame {
            session.show(frame, &Region::from(frame.size().rect()), &[]);
        }
        if let Some(cursor) = &self.cursor {
            session.set_cursor(cursor.clone());
        }
        if let Some((at, moved_by)) = self.pointer {
            session.set_pointer(at, moved_by.seen_by(id));
        }
        session.set_relative_pointer(self.relative_pointer);
        if let Some(leds) = self.leds {
            session.set_leds(leds);
        }
        if !self.offered.is_empty() {
            viewer.offer_clipboard(self.offered);
        }
    }
}

impl MovedBy {
    /// As a viewer sees it.
    fn seen_by(self, viewer: ViewerId) -> Mover {
        match self {
            Self::Viewer(other) if other != viewer => Mover::OtherViewer,
            Self::Nobody | Self::Viewer(_) => Mover::ThisViewer,
            Self::Program => Mover::Program,
        }
    }
}

/// Turns a connection away with a reason. As an RFB 3.3 server speaks first and decides alone (RFC
/// 6143 §7.1.2), everything can be said at once, and there is nobody to wait for.
fn refuse(incoming: &Incoming, reason: &str) {
    let mut message = b"RFB 003.003\n\0\0\0\0".to_vec();
    message.extend_from_slice(&(reason.len() as u32).to_be_bytes());
    message.extend_from_slice(reason.as_bytes());
    tracing::debug!(
        "a connection from {} was turned away: {reason}",
        incoming.peer
    );
    // If the kernel does not take it, the viewer just sees a closed connection.
    let _ = send(
        incoming.socket.as_fd(),
        &message,
        SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
    );
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;
    use crate::remote::{Auth, Listener};

    fn config() -> Config {
        Config {
            name: "desk".to_owned(),
            size: Size::new(16, 16),
            auth: Auth {
                security: vec![rfb::Security::NONE],
                password: None,
                view_only_password: None,
            },
            view_only: false,
            encodings: Vec::new(),
            without: Vec::new(),
            listeners: Vec::new(),
            diff: true,
        }
    }

    #[test]
    fn listeners_that_cannot_be_watched_do_not_replace_the_old_ones() {
        let (to_viewers, mail) = make_ping().unwrap();
        let (to_compositor, _compositor) = make_ping().unwrap();
        let shared = Shared::new(to_viewers, to_compositor);
        let old = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = old.local_addr().unwrap();
        let config = Config {
            listeners: vec![Listener::Tcp(old)],
            ..config()
        };
        let (mut event_loop, mut viewers) = begin(&shared, config, mail).unwrap();
        // A file is always ready, so that it cannot be watched.
        let file = OwnedFd::from(tempfile::tempfile().unwrap());
        lock(&shared.outbox).listeners = Some(vec![Listener::Tcp(file.into())]);
        let mut ready = Ready::default();
        viewers.turn(&mut ready, Instant::now()).unwrap();
        let _viewer = TcpStream::connect(address).unwrap();
        let patience = Some(Duration::from_secs(20));
        event_loop.dispatch(patience, &mut ready).unwrap();
        viewers.turn(&mut ready, Instant::now()).unwrap();
        assert_eq!(viewers.connections.len(), 1);
    }

    #[test]
    fn a_silent_stranger_is_closed_in_time_and_then_there_is_no_deadline() {
        let (to_viewers, mail) = make_ping().unwrap();
        let (to_compositor, _compositor) = make_ping().unwrap();
        let shared = Shared::new(to_viewers, to_compositor);
        let (_event_loop, mut viewers) = begin(&shared, config(), mail).unwrap();
        let mut ready = Ready::default();
        let now = Instant::now();
        assert_eq!(viewers.deadline(), None);
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        lock(&shared.outbox).incoming.push(Incoming::unix(theirs));
        viewers.turn(&mut ready, now).unwrap();
        let deadline = viewers.deadline().expect("a deadline for the handshake");
        viewers
            .turn(&mut ready, deadline - Duration::from_millis(1))
            .unwrap();
        assert_eq!(viewers.connections.len(), 1);
        viewers.turn(&mut ready, deadline).unwrap();
        assert!(viewers.connections.is_empty());
        assert_eq!(viewers.deadline(), None);
        let mut said = Vec::new();
        ours.read_to_end(&mut said).unwrap();
        assert!(said.starts_with(b"RFB 003.008\n"));
    }
}
