//! Accepts connections.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use calloop::LoopHandle;
use rustix::net::sockopt;

use super::Listener;
use super::policy::Peer;
use super::viewers::Ready;
use super::watch::{Watch, Wishes};
use crate::descriptors;

/// Connections accepted from one listener before the viewers get their turn.
const BATCH: usize = 16;
/// How long nothing is accepted after accepting failed for want of resources.
const PAUSE: Duration = Duration::from_millis(500);
/// A TCP peer that is silent for this long is asked whether it still lives …
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
/// … so often, at this interval, and then given up.
const KEEPALIVE_PROBES: u32 = 4;
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// So is one that does not acknowledge, or does not read, what is sent to it, after the same time:
/// keepalives do not count then, and the kernel would go on for a quarter of an hour, while what
/// the viewer held stays pressed for all others. A change of the network takes less; who puts a
/// laptop to sleep for longer connects again, and finds the session as it was.
const PATIENCE: Duration =
    KEEPALIVE_IDLE.saturating_add(KEEPALIVE_INTERVAL.saturating_mul(KEEPALIVE_PROBES));

/// A new connection.
pub(super) struct Incoming {
    pub(super) socket: OwnedFd,
    pub(super) peer: Peer,
}

/// The listening sockets, watched.
pub(super) struct Listeners {
    watches: Vec<Watch<Listener>>,
    paused_until: Option<Instant>,
    /// The last try failed for want of resources, and that was logged.
    is_short: bool,
}

impl Listeners {
    pub(super) fn new(
        handle: &LoopHandle<'static, Ready>,
        listeners: Vec<Listener>,
    ) -> io::Result<Self> {
        let watch = |listener: Listener| {
            match &listener {
                Listener::Tcp(listener) => listener.set_nonblocking(true)?,
                Listener::Unix(listener) => listener.set_nonblocking(true)?,
            }
            Watch::new(handle, Rc::new(listener), |ready, _| ready.incoming = true)
        };
        Ok(Self {
            watches: listeners
                .into_iter()
                .map(watch)
                .collect::<io::Result<_>>()?,
            paused_until: None,
            is_short: false,
        })
    }

    /// When accepting goes on, if it is paused.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Goes on accepting if the pause is over.
    pub(super) fn resume(&mut self, now: Instant) -> io::Result<()> {
        if self.paused_until.is_some_and(|until| until <= now) {
            self.paused_until = None;
            self.watch(true)?;
        }
        Ok(())
    }

    /// Takes the connections that wait.
    pub(super) fn accept(&mut self, now: Instant) -> io::Result<Vec<Incoming>> {
        let mut incoming = Vec::new();
        let mut shortage =
            descriptors::are_short().then(|| "hardly any descriptors are left".to_owned());
        for watch in &self.watches {
            let listener = watch.socket();
            for _ in 0..BATCH {
                if shortage.is_some() {
                    break;
                }
                match listener.accept() {
                    Ok(connection) => incoming.push(connection),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if descriptors::is_shortage(&error) => {
                        shortage = Some(error.to_string())
                    }
                    // The connection broke before it was taken: on with the next one.
                    Err(error) => {
                        tracing::debug!("a connection was lost before it was accepted: {error}")
                    }
                }
            }
        }
        let was_short = std::mem::replace(&mut self.is_short, shortage.is_some());
        if let Some(shortage) = shortage {
            if !was_short {
                tracing::warn!(
                    "no viewer is accepted: {shortage}: close programs, or raise the limit"
                );
            }
            self.paused_until = Some(now + PAUSE);
            self.watch(false)?;
        }
        Ok(incoming)
    }

    fn watch(&mut self, read: bool) -> io::Result<()> {
        self.watches
            .iter_mut()
            .try_for_each(|watch| watch.set(Wishes { read, write: false }))
    }
}

impl Incoming {
    pub(super) fn unix(stream: UnixStream) -> Self {
        Self {
            socket: stream.into(),
            peer: Peer::Unix,
        }
    }

    /// A viewer that needs no login.
    pub(super) fn attached(stream: UnixStream) -> Self {
        Self {
            socket: stream.into(),
            peer: Peer::Attached,
        }
    }

    /// `None`: the connection is broken already.
    fn tcp(stream: TcpStream, peer: Peer) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        sockopt::set_socket_keepalive(&stream, true)?;
        sockopt::set_tcp_keepidle(&stream, KEEPALIVE_IDLE)?;
        sockopt::set_tcp_keepintvl(&stream, KEEPALIVE_INTERVAL)?;
        sockopt::set_tcp_keepcnt(&stream, KEEPALIVE_PROBES)?;
        sockopt::set_tcp_user_timeout(&stream, PATIENCE.as_millis() as u32)?;
        Ok(Self {
            socket: stream.into(),
            peer,
        })
    }
}

impl Listener {
    fn accept(&self) -> io::Result<Incoming> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                Incoming::tcp(stream, Peer::Tcp(address))
            }
            Listener::Unix(listener) => listener.accept().map(|(stream, _)| Incoming::unix(stream)),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Tcp(listener) => listener.as_fd(),
            Listener::Unix(listener) => listener.as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_tcp_viewer_that_vanished_is_given_up_whether_or_not_something_is_on_its_way() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _viewer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = Listener::Tcp(listener).accept().unwrap().socket;
        let idle = sockopt::tcp_keepidle(&socket).unwrap();
        let interval = sockopt::tcp_keepintvl(&socket).unwrap();
        let silent = idle + interval * sockopt::tcp_keepcnt(&socket).unwrap();
        let unacknowledged = sockopt::tcp_user_timeout(&socket).unwrap();
        assert!(sockopt::socket_keepalive(&socket).unwrap());
        assert_eq!(silent, Duration::from_secs(120));
        assert_eq!(Duration::from_millis(unacknowledged.into()), silent);
    }
}
