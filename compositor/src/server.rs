//! The event loop, and the Wayland display that it serves.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use calloop::generic::Generic;
use calloop::{EventLoop, Interest, LoopHandle, Mode, PostAction};
use smithay::reexports::wayland_server::Display;
use smithay::reexports::wayland_server::backend::ClientId;

use crate::config::Config;
use crate::state::Offing;

/// How long Wayland clients are served before the loop goes on.
const CLIENTS_TIME: Duration = Duration::from_millis(4);

/// Why a [`Server`] did not start, or stopped by itself.
#[derive(Debug)]
pub enum ServerError {
    /// What was being done.
    Io(&'static str, io::Error),
    /// The keyboard's layout does not compile; the text says what to do.
    Keymap(String),
    /// The software renderer refused to work.
    Renderer(String),
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(what, error) => write!(f, "{what}: {error}"),
            Self::Keymap(text) => f.write_str(text),
            Self::Renderer(text) => write!(f, "the renderer failed: {text}"),
        }
    }
}

impl std::error::Error for ServerError {}

/// A session: the compositor's state, its event loop and its Wayland display.
///
/// The display is dispatched once in each turn of the loop; calloop only watches a duplicate of
/// its descriptor, so that the state can be lent to both.
pub struct Server {
    event_loop: EventLoop<'static, Offing>,
    display: Display<Offing>,
    /// The compositor's state, for those who drive it from the same thread.
    pub state: Offing,
}

impl Server {
    /// Makes a session; nothing runs before [`run`](Self::run) or [`turn`](Self::turn), but
    /// viewers can connect.
    pub fn new(config: Config) -> Result<Self, ServerError> {
        let event_loop =
            EventLoop::try_new().map_err(|e| ServerError::Io("making the event loop", e.into()))?;
        let mut display = Display::new()
            .map_err(|e| ServerError::Io("making the wayland display", io::Error::other(e)))?;
        let poll_fd = display
            .backend()
            .poll_fd()
            .try_clone_to_owned()
            .map_err(|e| ServerError::Io("watching the wayland display", e))?;
        event_loop
            .handle()
            .insert_source(
                Generic::new(poll_fd, Interest::READ, Mode::Level),
                |_, _, _| Ok(PostAction::Continue),
            )
            .map_err(|e| ServerError::Io("watching the wayland display", e.error.into()))?;
        let state = Offing::new(config, display.handle(), event_loop.handle())?;
        Ok(Self {
            event_loop,
            display,
            state,
        })
    }

    /// The loop's handle, to add sources of events that get the state.
    pub fn handle(&self) -> LoopHandle<'static, Offing> {
        self.event_loop.handle()
    }

    /// Listens for Wayland clients on the first free `wayland-N` in `runtime_dir`; returns that
    /// name, which is what clients expect in `WAYLAND_DISPLAY`.
    pub fn listen_wayland(&mut self, runtime_dir: &Path) -> Result<String, ServerError> {
        self.state
            .listen(runtime_dir)
            .map_err(|e| ServerError::Io("listening for wayland clients", e))
    }

    /// Adds a Wayland client that is connected already; returns its name.
    pub fn insert_client(&mut self, stream: UnixStream) -> io::Result<ClientId> {
        self.state.insert_client(stream)
    }

    /// Runs until [`Offing::stop`].
    pub fn run(&mut self) -> Result<(), ServerError> {
        while self.state.is_running() {
            self.turn(None)?;
        }
        Ok(())
    }

    /// Waits for something to do, at most for `timeout`, and does it: one turn of the loop.
    pub fn turn(&mut self, timeout: Option<Duration>) -> Result<(), ServerError> {
        self.event_loop
            .dispatch(timeout, &mut self.state)
            .map_err(|e| ServerError::Io("waiting for events", e.into()))?;
        self.serve_clients()?;
        self.state.end_turn();
        self.flush_clients()
    }

    /// Serves Wayland clients until they have no more requests, or until the loop has to see what
    /// else there is: viewers' input, above all.
    fn serve_clients(&mut self) -> Result<(), ServerError> {
        let start = Instant::now();
        let mut passed = self.state.gate.pass_requests();
        loop {
            // Also without requests: clients that are gone are forgotten here.
            self.display
                .dispatch_clients(&mut self.state)
                .map_err(|e| ServerError::Io("serving wayland clients", e))?;
            self.state.bound_clients(&passed);
            if passed.is_empty() || start.elapsed() >= CLIENTS_TIME {
                return Ok(());
            }
            passed = self.state.gate.pass_requests();
            if !passed.is_empty() {
                // There is room for what a piece of requests brings about, but not for much more.
                self.flush_clients()?;
            }
        }
    }

    fn flush_clients(&mut self) -> Result<(), ServerError> {
        self.display
            .flush_clients()
            .map_err(|e| ServerError::Io("writing to wayland clients", e))?;
        self.state.gate.pass_events();
        Ok(())
    }
}
