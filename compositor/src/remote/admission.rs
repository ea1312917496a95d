//! Which connections are taken on, and what becomes of the others.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Instant;

use rfb::{Encoding, Session};
use rustix::net::{SendFlags, send};

use super::listeners::Incoming;
use super::viewer::{End, Viewer};
use super::viewers::{Connection, Viewers};
use super::watch::Watch;
use super::{MAX_VIEWERS, ViewerId};

/// At most so many connections that have not logged in.
const MAX_STRANGERS: usize = 32;

/// What is known of the connections that have come so far, and of sessions to begin.
pub(super) struct Admission {
    /// The encodings of pixels to use, the best first.
    encodings: Vec<Encoding>,
    /// What viewers list and is not used.
    without: Vec<Encoding>,
    last_id: u64,
    /// The last connection was one too many, and that was logged.
    turning_away: bool,
    /// The last connection displaced another one, and that was logged.
    crowded: bool,
}

impl Admission {
    pub(super) fn new(encodings: Vec<Encoding>, without: Vec<Encoding>) -> Self {
        Self {
            encodings,
            without,
            last_id: 0,
            turning_away: false,
            crowded: false,
        }
    }
}

impl Viewers<'_> {
    /// Begins a session with a new connection, if it is welcome.
    pub(super) fn add(&mut self, incoming: Incoming, now: Instant) {
        let peer = incoming.peer;
        if let Some(reason) = self.services.policy.refusal(peer, now) {
            return refuse(&incoming, &reason);
        }
        self.make_room();
        if self.connections.len() >= MAX_VIEWERS {
            if !self.admission.turning_away {
                tracing::warn!(
                    "{} viewers are connected: others are turned away, as of {peer}",
                    self.connections.len()
                );
            }
            self.admission.turning_away = true;
            return refuse(&incoming, "too many viewers: try again later");
        }
        self.admission.turning_away = false;
        self.admission.last_id += 1;
        let id = ViewerId(self.admission.last_id);
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
            self.admission.crowded = false;
            return;
        }
        if !self.admission.crowded {
            tracing::warn!(
                "{MAX_STRANGERS} connections have not logged in: for new ones the oldest are closed"
            );
        }
        self.admission.crowded = true;
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
            name: self.known.name.clone(),
            size: self.known.size,
            security: self.services.policy.security(incoming.peer),
            encodings: self.admission.encodings.clone(),
            without: self.admission.without.clone(),
            challenge,
        };
        let session = Session::new(config, now);
        let socket = Rc::new(incoming.socket);
        let watch = Watch::new(&self.handle, socket.clone(), move |ready, readiness| {
            ready.viewers.push((id, readiness));
        })?;
        let mut viewer = Viewer::new(id, incoming.peer, socket, session, now);
        self.known.introduce(id, &mut viewer);
        Ok(Connection { viewer, watch })
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
