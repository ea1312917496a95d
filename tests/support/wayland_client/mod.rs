//! A Wayland client that does what a test tells it, and records what it is told.
//!
//! ```no_run
//! use offing_tests::wayland_client::{WaylandClient, Window};
//! use offing_tests::{Result, soon};
//!
//! fn a_window_is_shown(socket: std::os::unix::net::UnixStream) -> Result {
//!     let mut client = WaylandClient::connect(socket)?;
//!     let window = client.open(Window::new("a window", 200, 100).content([255, 0, 0]))?;
//!     client.dispatch_until(soon(), "a frame callback", |client| {
//!         client.surface(window).frames > 0
//!     })
//! }
//! ```
//!
//! Every call that sends something has sent it when it returns. Nothing is received but inside
//! [`WaylandClient::roundtrip`], [`WaylandClient::dispatch_until`] and the calls that say that
//! they wait.

use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use wayland_client::backend::WaylandError;
use wayland_client::backend::protocol::ProtocolError;
use wayland_client::protocol::wl_callback::WlCallback;
use wayland_client::protocol::wl_registry::WlRegistry;
use wayland_client::{Connection, DispatchError, EventQueue, QueueHandle};

use crate::error::Context;
use crate::{Error, ErrorKind, Result, soon, time_left};

mod constraint;
mod content;
mod cursor;
mod globals;
mod lock;
mod panel;
mod popup;
mod seat;
mod selection;
mod surface;
mod window;

pub use constraint::{Constraint, ConstraintState, Piece};
pub use content::Content;
pub use globals::{Advertised, OutputState};
pub use lock::{Lock, LockState};
pub use panel::Panel;
pub use popup::{Placement, Positioner};
pub use seat::{KeyboardEvent, KeyboardState, PointerEvent, PointerState};
pub use selection::{Clipboard, SelectionState};
pub use surface::{Surface, SurfaceState};
pub use window::{Configure, Window};

/// The objects and constants of the protocols, as `wayland-client` and `wayland-protocols` give
/// them.
pub mod protocol {
    pub use wayland_client::protocol::{
        wl_compositor, wl_data_device_manager, wl_keyboard, wl_output, wl_pointer, wl_region,
        wl_seat, wl_shm, wl_shm_pool, wl_subsurface, wl_surface,
    };
    pub use wayland_protocols::wp::cursor_shape::v1::client::wp_cursor_shape_device_v1::Shape;
    pub use wayland_protocols::wp::pointer_constraints::zv1::client::zwp_pointer_constraints_v1::Lifetime;
    pub use wayland_protocols::xdg::decoration::zv1::client::zxdg_toplevel_decoration_v1::Mode;
    pub use wayland_protocols::xdg::shell::client::xdg_positioner::{
        Anchor, ConstraintAdjustment, Gravity,
    };
    pub use wayland_protocols::xdg::shell::client::xdg_toplevel::{ResizeEdge, State};
    pub use wayland_protocols::xdg::shell::client::{
        xdg_popup, xdg_surface, xdg_toplevel, xdg_wm_base,
    };
    pub use wayland_protocols_wlr::layer_shell::v1::client::zwlr_layer_shell_v1::Layer;
    pub use wayland_protocols_wlr::layer_shell::v1::client::zwlr_layer_surface_v1::{
        Anchor as PanelAnchor, KeyboardInteractivity,
    };
}

/// A connected client.
pub struct WaylandClient {
    connection: Connection,
    queue: EventQueue<Client>,
    registry: WlRegistry,
    client: Client,
}

/// What the events of a [`WaylandClient`] go to. Tests can have it dispatch further objects by
/// implementing `Dispatch<Interface, TheirData>` for it.
pub struct Client {
    globals: globals::Globals,
    surfaces: Vec<SurfaceState>,
    keyboard: KeyboardState,
    pointer: PointerState,
    constraints: Vec<ConstraintState>,
    locks: Vec<LockState>,
    selections: selection::Selections,
    outputs: Vec<OutputState>,
    /// The serial of the last input event.
    serial: u32,
    syncs_done: u32,
    /// The last events, for the error of a wait in vain.
    recent: VecDeque<String>,
}

impl Client {
    fn note(&mut self, event: &impl std::fmt::Debug) {
        if self.recent.len() == 12 {
            self.recent.pop_front();
        }
        // What every object prints of itself beside its name.
        let noise = ", data: Some(ObjectData { .. }), backend: \
            WeakBackend { inner: WeakInnerBackend { state: (Weak) } }";
        let event = format!("{event:?}").replace(noise, "");
        self.recent.push_back(event.chars().take(160).collect());
    }
}

/// What a `wl_callback` is for.
#[derive(Clone, Copy)]
enum Callback {
    Sync,
    Frame(Surface),
}

wayland_client::delegate_dispatch!(Client: [WlCallback: Callback] => Callback);

impl wayland_client::Dispatch<WlCallback, Callback, Client> for Callback {
    fn event(
        client: &mut Client,
        _: &WlCallback,
        event: wayland_client::protocol::wl_callback::Event,
        callback: &Callback,
        _: &Connection,
        _: &QueueHandle<Client>,
    ) {
        match callback {
            Callback::Sync => client.syncs_done += 1,
            Callback::Frame(surface) => {
                client.note(&event);
                client.surfaces[surface.0].frames += 1;
            }
        }
    }
}

impl WaylandClient {
    /// Starts a client on a connected socket, and binds the globals it knows.
    pub fn connect(socket: UnixStream) -> Result<Self> {
        let connection =
            Connection::from_socket(socket).map_err(|e| Error::other(e.to_string()))?;
        let queue = connection.new_event_queue();
        let registry = connection.display().get_registry(&queue.handle(), ());
        let client = Client {
            globals: globals::Globals::default(),
            surfaces: Vec::new(),
            keyboard: KeyboardState::default(),
            pointer: PointerState::default(),
            constraints: Vec::new(),
            locks: Vec::new(),
            selections: selection::Selections::default(),
            outputs: Vec::new(),
            serial: 0,
            syncs_done: 0,
            recent: VecDeque::new(),
        };
        let mut this = Self {
            connection,
            queue,
            registry,
            client,
        };
        this.roundtrip()?;
        this.bind_globals();
        // Once for the events of the globals, and once for those of the seat's devices.
        this.roundtrip()?;
        this.roundtrip()?;
        Ok(this)
    }

    /// The serial of the last input event.
    pub fn input_serial(&self) -> u32 {
        self.client.serial
    }

    /// Waits until the compositor has dealt with all that was sent, and takes in what it sent.
    pub fn roundtrip(&mut self) -> Result {
        let wanted = self.client.syncs_done + 1;
        self.connection
            .display()
            .sync(&self.queue.handle(), Callback::Sync);
        self.dispatch_until(soon(), "a round trip", |this| {
            this.client.syncs_done >= wanted
        })
    }

    /// Takes in events until `condition` holds. `what` says in the error what did not come before
    /// `deadline`.
    pub fn dispatch_until(
        &mut self,
        deadline: Instant,
        what: &str,
        mut condition: impl FnMut(&Self) -> bool,
    ) -> Result {
        self.flush()?;
        while !condition(self) {
            if !self
                .dispatch(deadline, None)
                .map_err(|e| e.context(format!("awaiting {what}")))?
            {
                let recent = self.client.recent.make_contiguous().join("\n  ");
                let message = format!("waited in vain for {what}; the last events:\n  {recent}");
                return Err(Error::new(ErrorKind::Stalled, message));
            }
        }
        Ok(())
    }

    /// Waits until the compositor ends the connection with a protocol error.
    pub fn expect_protocol_error(&mut self, deadline: Instant) -> Result<ProtocolError> {
        let ended = self.dispatch_until(deadline, "a protocol error", |_| false);
        match (self.connection.protocol_error(), ended) {
            (Some(error), _) => Ok(error),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(Error::other(
                "the wait for a protocol error ended without one",
            )),
        }
    }

    /// The handle to create objects with.
    pub fn queue_handle(&self) -> QueueHandle<Client> {
        self.queue.handle()
    }

    /// The connection, to be used at will.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The registry, to bind further globals.
    pub fn registry(&self) -> &WlRegistry {
        &self.registry
    }

    /// Sends what is queued. What the compositor sent is received first, so that a protocol error
    /// is not hidden by the broken pipe that it leads to.
    pub fn flush(&mut self) -> Result {
        if let Some(guard) = self.queue.prepare_read() {
            match guard.read() {
                Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => drop(result.map_err(|error| self.ended(error))?),
            }
        }
        while !self.try_flush()? {
            let fd = self.connection.backend();
            let mut fds = [PollFd::from_borrowed_fd(fd.poll_fd(), PollFlags::OUT)];
            if poll(&mut fds, Some(&time_left(soon())))? == 0 {
                return Err(Error::new(
                    ErrorKind::Stalled,
                    "the compositor reads no requests",
                ));
            }
        }
        Ok(())
    }

    /// Dispatches what was received, or waits for something. False if nothing comes before
    /// `deadline`. Also returns when `other` can be read.
    fn dispatch(&mut self, deadline: Instant, other: Option<BorrowedFd<'_>>) -> Result<bool> {
        loop {
            let dispatched = self.queue.dispatch_pending(&mut self.client);
            if dispatched.map_err(|error| self.dispatch_ended(error))? > 0 {
                // The events may have been answered: with an acknowledgement, say.
                self.flush()?;
                return Ok(true);
            }
            let flushed = self.try_flush()?;
            let Some(guard) = self.queue.prepare_read() else {
                continue;
            };
            let wanted = if flushed {
                PollFlags::IN
            } else {
                PollFlags::IN | PollFlags::OUT
            };
            let readiness = {
                let mut fds = vec![PollFd::from_borrowed_fd(guard.connection_fd(), wanted)];
                fds.extend(other.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
                if poll(&mut fds, Some(&time_left(deadline)))? == 0 {
                    return Ok(false);
                }
                (
                    fds[0].revents(),
                    fds.get(1).is_some_and(|fd| !fd.revents().is_empty()),
                )
            };
            match guard.read() {
                Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => drop(result.map_err(|error| self.ended(error))?),
            }
            if readiness.1 {
                return Ok(true);
            }
        }
    }

    /// Sends what the socket takes: true if that was everything.
    fn try_flush(&self) -> Result<bool> {
        match self.connection.flush() {
            Ok(()) => Ok(true),
            Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(self.ended(error)),
        }
    }

    fn dispatch_ended(&self, error: DispatchError) -> Error {
        match error {
            DispatchError::Backend(error) => self.ended(error),
            error => Error::new(ErrorKind::Protocol, error.to_string()),
        }
    }

    /// The error of a connection that ended: the protocol error, if there was one.
    fn ended(&self, error: WaylandError) -> Error {
        match self.connection.protocol_error() {
            Some(error) => Error::new(
                ErrorKind::Refused,
                format!(
                    "protocol error {} on {}: {}",
                    error.code, error.object_interface, error.message
                ),
            ),
            None => {
                Error::new(ErrorKind::Closed, "the compositor ended the connection").context(error)
            }
        }
    }
}

/// What the compositor must offer for a call to make sense.
fn required<T: Clone>(global: &Option<T>, name: &str) -> Result<T> {
    global
        .clone()
        .ok_or_else(|| Error::other(format!("the compositor offers no {name}")))
}

/// A pipe whose read end does not block.
fn pipe() -> Result<(std::fs::File, std::os::fd::OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .context(|| "cannot make a pipe".into())?;
    rustix::io::ioctl_fionbio(&read, true)?;
    Ok((read.into(), write))
}
