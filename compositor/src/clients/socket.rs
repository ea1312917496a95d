//! The listening Wayland socket, and what is kept for each client.

use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use calloop::generic::Generic;
use calloop::timer::{TimeoutAction, Timer};
use calloop::{Interest, Mode, PostAction, RegistrationToken};
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use smithay::reexports::wayland_server::backend::{ClientData, ClientId, DisconnectReason};
use smithay::reexports::wayland_server::{BindError, Client, ListeningSocket};
use smithay::wayland::compositor::CompositorClientState;
use tracing::{debug, warn};

use crate::clients::gate::Ended;
use crate::clients::limits::Ledger;
use crate::descriptors;
use crate::state::Offing;

/// How many names are tried before giving up.
const NAMES: u32 = 100;
/// Clients accepted before the others get their turn.
pub(crate) const BATCH: usize = 16;
/// How long nobody is accepted after accepting failed.
const PAUSE: Duration = Duration::from_millis(500);

/// What smithay and we keep for each Wayland client.
pub(crate) struct ClientState {
    pub(crate) compositor: CompositorClientState,
    /// It came through the socket of a sandbox.
    sandboxed: bool,
    name: Name,
    /// It went by itself.
    has_left: AtomicBool,
    /// Where to say that it was disconnected.
    ended: Ended,
    ledger: Mutex<Ledger>,
}

/// What a client is called in the log.
#[derive(Clone, Copy)]
struct Name {
    number: u64,
    /// Its process, as far as is known: another may have connected for it.
    process: Option<i32>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wayland client {}", self.number)?;
        match self.process {
            Some(process) => write!(f, " (process {process})"),
            None => Ok(()),
        }
    }
}

impl ClientState {
    pub(crate) fn number(&self) -> u64 {
        self.name.number
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its connection is over, or nothing more can be read from it.
    pub(crate) fn leave(&self, errno: Errno) {
        self.has_left.store(true, Ordering::Relaxed);
        match errno {
            Errno::PIPE | Errno::CONNRESET => debug!("{} left", self.name),
            Errno::MFILE => warn!(
                "{} was disconnected: it passed more than 28 descriptors at once, or none are left: \
                 close programs, or raise the limit",
                self.name
            ),
            errno => warn!("{} was disconnected: {errno}", self.name),
        }
    }
}

impl ClientData for ClientState {
    fn disconnected(&self, _: ClientId, reason: DisconnectReason) {
        self.ended.add(self.number());
        let has_left = self.has_left.load(Ordering::Relaxed);
        match reason {
            DisconnectReason::ConnectionClosed if has_left => {}
            DisconnectReason::ConnectionClosed => warn!(
                "{} was disconnected: it sent what is no request, or did not read its events",
                self.name
            ),
            DisconnectReason::ProtocolError(error) => {
                warn!("{} was disconnected: {error}", self.name)
            }
        }
    }
}

/// Whether a client may see and use what can spy on the session or take it over: all but those
/// that came through the socket of a sandbox. This is the filter of the globals that do so.
pub(crate) fn is_trusted(client: &Client) -> bool {
    let state = client.get_data::<ClientState>();
    state.is_some_and(|state| !state.sandboxed)
}

impl Offing {
    /// Adds a Wayland client that is connected already; returns its name.
    pub fn insert_client(&mut self, stream: UnixStream) -> io::Result<ClientId> {
        self.insert(stream, false)
    }

    fn insert(&mut self, stream: UnixStream, sandboxed: bool) -> io::Result<ClientId> {
        let most = self.limits.clients;
        let of_sandboxes = || self.gate.states().filter(|it| it.sandboxed).count();
        // A sandbox keeps nobody else out.
        if self.gate.clients().len() >= most || sandboxed && of_sandboxes() >= most / 2 {
            return Err(io::Error::other("there are too many: close programs"));
        }
        if descriptors::are_short() {
            let reason = "hardly any descriptors are left: close programs, or raise the limit";
            return Err(io::Error::other(reason));
        }
        let (number, ended) = self.gate.next_client();
        let name = Name {
            number,
            process: socket_peercred(&stream)
                .ok()
                .map(|peer| peer.pid.as_raw_pid()),
        };
        let state = Arc::new(ClientState {
            compositor: CompositorClientState::default(),
            sandboxed,
            name,
            has_left: AtomicBool::new(false),
            ended,
            ledger: Mutex::default(),
        });
        let (ours, theirs) = UnixStream::pair()?;
        let client = self.display.insert_client(theirs, state.clone())?;
        debug!("{name} connected");
        self.gate.add(stream, ours, client.id(), state)?;
        Ok(client.id())
    }
}

/// The socket that clients connect to.
#[derive(Default)]
pub(crate) struct Listening {
    token: Option<RegistrationToken>,
    /// The last connection was one too many, and that was logged.
    turning_away: bool,
}

impl Offing {
    /// Binds the first free `wayland-N` in `runtime_dir` and accepts clients on it.
    pub(crate) fn listen(&mut self, runtime_dir: &Path) -> io::Result<String> {
        let (socket, name) = bind(runtime_dir)?;
        let token = self
            .handle
            .insert_source(
                Generic::new(socket, Interest::READ, Mode::Level),
                |_, socket, state: &mut Offing| state.accept_clients(socket),
            )
            .map_err(|error| io::Error::from(error.error))?;
        self.listening.token = Some(token);
        Ok(name)
    }

    fn accept_clients(&mut self, socket: &ListeningSocket) -> io::Result<PostAction> {
        for _ in 0..BATCH {
            match socket.accept() {
                Ok(Some(stream)) => {
                    let inserted = self.insert_client(stream);
                    self.accepted(inserted.map(drop));
                }
                Ok(None) => break,
                Err(error) => {
                    self.accepted(Err(io::Error::other(format!(
                        "{error}: close programs, or raise the limit"
                    ))));
                    return self.pause_accepting(self.listening.token);
                }
            }
        }
        Ok(PostAction::Continue)
    }

    /// A client of a sandbox comes in.
    pub(crate) fn add_sandboxed(&mut self, stream: UnixStream) {
        let inserted = self.insert(stream, true);
        self.accepted(inserted.map(drop));
    }

    /// A client has come in, or could not. Of those that cannot the first alone is logged.
    pub(crate) fn accepted(&mut self, result: io::Result<()>) {
        if let Err(error) = &result
            && !self.listening.turning_away
        {
            warn!("wayland clients are turned away: {error}");
        }
        self.listening.turning_away = result.is_err();
    }

    /// Accepts nobody for a while at this socket: who waits would be reported again and again.
    pub(crate) fn pause_accepting(
        &mut self,
        socket: Option<RegistrationToken>,
    ) -> io::Result<PostAction> {
        let resume = move |_, (): &mut (), state: &mut Offing| {
            // That of a sandbox may have ended meanwhile.
            if let Some(token) = &socket
                && let Err(error) = state.handle.enable(token)
            {
                debug!("wayland clients are not accepted at a socket any more: {error}");
            }
            TimeoutAction::Drop
        };
        self.handle
            .insert_source(Timer::from_duration(PAUSE), resume)
            .map_err(|error| io::Error::from(error.error))?;
        Ok(PostAction::Disable)
    }
}

fn bind(runtime_dir: &Path) -> io::Result<(ListeningSocket, String)> {
    for number in 0..NAMES {
        let name = format!("wayland-{number}");
        match ListeningSocket::bind_absolute(runtime_dir.join(&name)) {
            Ok(socket) => return Ok((socket, name)),
            Err(BindError::AlreadyInUse) => {}
            Err(BindError::Io(error)) => return Err(error),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    let taken = format!("all of wayland-0 to wayland-{} are taken", NAMES - 1);
    Err(io::Error::new(ErrorKind::AddrInUse, taken))
}
