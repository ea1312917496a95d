//! The sockets of sandboxes (Flatpak and its like), where clients connect that are not trusted.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::rc::Rc;

use calloop::generic::Generic;
use calloop::{Interest, Mode, PostAction, RegistrationToken};
use rustix::net::AddressFamily;
use rustix::net::sockopt::{socket_acceptconn, socket_domain};
use smithay::reexports::wayland_server::Client;
use tracing::{debug, warn};

use crate::clients::socket::BATCH;
use crate::descriptors;
use crate::state::Offing;

/// How many sandboxes there may be at the same time: each keeps two descriptors.
const MAX_SANDBOXES: usize = 256;

/// Whether clients can connect to this descriptor.
pub(crate) fn is_listening(socket: impl AsFd) -> bool {
    let is_unix = socket_domain(socket.as_fd()) == Ok(AddressFamily::UNIX);
    is_unix && socket_acceptconn(socket) == Ok(true)
}

impl Offing {
    /// Accepts clients of a sandbox at this socket, until the other end of `close` is closed.
    pub(crate) fn listen_for_sandbox(&mut self, client: &Client, listen: OwnedFd, close: OwnedFd) {
        if self.sandboxes >= MAX_SANDBOXES {
            let reason = format!("more than {MAX_SANDBOXES} sandboxes");
            return self.expel(&client.id(), &reason);
        }
        if let Err(error) = self.watch_sandbox(listen, close) {
            warn!("a sandbox's socket is not served: {error}");
        }
    }

    fn watch_sandbox(&mut self, listen: OwnedFd, close: OwnedFd) -> io::Result<()> {
        let listener = UnixListener::from(listen);
        listener.set_nonblocking(true)?;
        let listener = Generic::new(listener, Interest::READ, Mode::Level);
        let token = Rc::new(Cell::new(None));
        let own_token = token.clone();
        let listening = self
            .handle
            .insert_source(listener, move |_, listener, state: &mut Offing| {
                state.accept_sandboxed(listener, own_token.get())
            })
            .map_err(|error| io::Error::from(error.error))?;
        token.set(Some(listening));
        // That it was closed is told whether or not it is asked for.
        let close = Generic::new(close, Interest::EMPTY, Mode::Level);
        let closed = move |_, _: &mut _, state: &mut Offing| {
            state.handle.remove(listening);
            state.sandboxes -= 1;
            Ok(PostAction::Remove)
        };
        match self.handle.insert_source(close, closed) {
            Ok(_) => {
                self.sandboxes += 1;
                debug!("a sandbox's socket is served");
                Ok(())
            }
            Err(error) => {
                self.handle.remove(listening);
                Err(error.error.into())
            }
        }
    }

    fn accept_sandboxed(
        &mut self,
        listener: &UnixListener,
        token: Option<RegistrationToken>,
    ) -> io::Result<PostAction> {
        for _ in 0..BATCH {
            match listener.accept() {
                Ok((stream, _)) => self.add_sandboxed(stream),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if descriptors::is_shortage(&error) => {
                    self.accepted(Err(io::Error::other(format!(
                        "{error}: close programs, or raise the limit"
                    ))));
                    return self.pause_accepting(token);
                }
                Err(error) => {
                    warn!("a sandbox's socket is not served any more: {error}");
                    return Ok(PostAction::Remove);
                }
            }
        }
        Ok(PostAction::Continue)
    }
}
