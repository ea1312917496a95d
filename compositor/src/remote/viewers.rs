//! The thread that serves viewers: it accepts connections, tells every session what is new, and
//! gives each of them its turn. Nothing wakes it while nothing happens.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use calloop::ping::{PingSource, make_ping};
use calloop::{EventLoop, LoopHandle, Readiness};

use super::admission::Admission;
use super::encoder::Encoder;
use super::known::Known;
use super::link::Link;
use super::listeners::Listeners;
use super::mailbox::Outbox;
use super::policy::Policy;
use super::viewer::{End, Services, Viewer};
use super::watch::Watch;
use super::{Config, ViewerId};
use crate::lock::lock;

/// Input is read in pieces of this size, in bytes.
const SCRATCH: usize = 64 * 1024;

/// What the loop's sources report in one turn.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) viewers: Vec<(ViewerId, Readiness)>,
    /// Connections wait at some listener.
    pub(super) incoming: bool,
}

/// Serves viewers until [`Link::over`]; tells `report` first whether it could begin.
pub(super) fn run(
    link: &Link,
    config: Config,
    mail: PingSource,
    report: &SyncSender<io::Result<()>>,
) {
    let (mut event_loop, mut viewers) = match begin(link, config, mail) {
        Ok(begun) => begun,
        Err(error) => {
            let _ = report.send(Err(error));
            return;
        }
    };
    let _ = report.send(Ok(()));
    let mut ready = Ready::default();
    while !link.over.load(Ordering::SeqCst) {
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
    link: &'a Link,
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
        listeners: Listeners::new(&handle, config.listeners)?,
        handle,
        services: Services {
            link,
            policy: Policy::new(config.auth),
            encoder: Encoder::start(done)?,
            scratch: vec![0; SCRATCH],
            now: Instant::now(),
        },
        admission: Admission::new(config.encodings, config.without),
        connections: BTreeMap::new(),
        known: Known::new(config.name, config.size),
    };
    Ok((event_loop, viewers))
}

/// What the thread knows.
pub(super) struct Viewers<'a> {
    pub(super) handle: LoopHandle<'static, Ready>,
    listeners: Listeners,
    pub(super) services: Services<'a>,
    pub(super) admission: Admission,
    pub(super) connections: BTreeMap<ViewerId, Connection>,
    pub(super) known: Known,
}

pub(super) struct Connection {
    pub(super) viewer: Viewer,
    pub(super) watch: Watch<OwnedFd>,
}

impl Viewers<'_> {
    /// One turn of the loop. Input comes first: it must never wait for pixels.
    fn turn(&mut self, ready: &mut Ready, now: Instant) -> io::Result<()> {
        self.services.now = now;
        self.read(ready);
        let mail = lock(&self.services.link.outbox).take();
        self.show(&mail);
        self.services.policy.change(mail.auth, mail.connections);
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
        self.advance();
        let wants_frame = self.connections.values().any(|c| c.viewer.wants_frame());
        self.services.link.set_wants_frame(wants_frame);
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
    fn read(&mut self, ready: &mut Ready) {
        let mut ended = Vec::new();
        for (id, readiness) in ready.viewers.drain(..) {
            let Some(connection) = self.connections.get_mut(&id) else {
                continue;
            };
            if readiness.writable {
                connection.viewer.set_writable();
            }
            if readiness.readable
                && let Err(end) = connection.viewer.read(&mut self.services)
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
        self.known.remember(mail);
    }

    /// Hands out what the workers have encoded.
    fn deliver(&mut self) {
        let mut ended = Vec::new();
        for result in self.services.encoder.results() {
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
    fn advance(&mut self) {
        let joined = self
            .connections
            .values()
            .filter(|c| c.viewer.has_joined())
            .count();
        self.services.encoder.set_sharing(joined > 1);
        let mut ended = Vec::new();
        for (&id, connection) in &mut self.connections {
            if let Err(end) = connection.viewer.advance(&mut self.services) {
                ended.push((id, end));
            } else if let Err(error) = connection.watch.set(connection.viewer.wishes()) {
                tracing::error!("viewer {id} cannot be watched: {error}");
                ended.push((id, End::Disconnected));
            }
        }
        self.end(ended);
    }

    pub(super) fn end(&mut self, ended: Vec<(ViewerId, End)>) {
        for (id, end) in ended {
            let Some(Connection { mut viewer, .. }) = self.connections.remove(&id) else {
                continue;
            };
            viewer.leave(self.services.link);
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

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use rfb::Size;

    use super::*;
    use crate::remote::listeners::Incoming;
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
        let link = Link::new(to_viewers, to_compositor);
        let old = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = old.local_addr().unwrap();
        let config = Config {
            listeners: vec![Listener::Tcp(old)],
            ..config()
        };
        let (mut event_loop, mut viewers) = begin(&link, config, mail).unwrap();
        // A file is always ready, so that it cannot be watched.
        let file = OwnedFd::from(tempfile::tempfile().unwrap());
        lock(&link.outbox).listeners = Some(vec![Listener::Tcp(file.into())]);
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
        let link = Link::new(to_viewers, to_compositor);
        let (_event_loop, mut viewers) = begin(&link, config(), mail).unwrap();
        let mut ready = Ready::default();
        let now = Instant::now();
        assert_eq!(viewers.deadline(), None);
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        lock(&link.outbox).incoming.push(Incoming::unix(theirs));
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
