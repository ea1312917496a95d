//! The listening Wayland socket, and what is kept for each client.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use calloop::generic::Generic;
use calloop::{Interest, LoopHandle, Mode, PostAction};
use smithay::reexports::wayland_server::backend::{ClientData, ClientId, DisconnectReason};
use smithay::reexports::wayland_server::{BindError, ListeningSocket};
use smithay::wayland::compositor::CompositorClientState;
use tracing::{debug, warn};

use crate::state::Offing;

/// How many names are tried before giving up.
const NAMES: u32 = 100;

/// What smithay and we keep for each Wayland client.
#[derive(Default)]
pub(crate) struct ClientState {
    pub(crate) compositor: CompositorClientState,
}

impl ClientData for ClientState {
    fn disconnected(&self, client: ClientId, reason: DisconnectReason) {
        match reason {
            DisconnectReason::ConnectionClosed => debug!(?client, "wayland client left"),
            DisconnectReason::ProtocolError(error) => {
                warn!(?client, "wayland client was disconnected: {error}")
            }
        }
    }
}

impl Offing {
    /// Adds a Wayland client that is connected already.
    pub fn insert_client(&mut self, stream: UnixStream) -> io::Result<()> {
        self.display
            .insert_client(stream, Arc::new(ClientState::default()))
            .map(drop)
    }
}

/// Binds the first free `wayland-N` in `runtime_dir` and accepts clients on it.
pub(crate) fn listen(
    handle: &LoopHandle<'static, Offing>,
    runtime_dir: &Path,
) -> io::Result<String> {
    let (socket, name) = bind(runtime_dir)?;
    handle
        .insert_source(
            Generic::new(socket, Interest::READ, Mode::Level),
            |_, socket, state| {
                while let Some(stream) = socket.accept()? {
                    if let Err(error) = state.insert_client(stream) {
                        warn!("a wayland client could not be accepted: {error}");
                    }
                }
                Ok(PostAction::Continue)
            },
        )
        .map_err(|error| io::Error::from(error.error))?;
    Ok(name)
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
    Err(io::Error::other(format!(
        "all of wayland-0 to wayland-{} are taken",
        NAMES - 1
    )))
}
