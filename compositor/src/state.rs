//! The compositor's state: one field for each thing that a file of this crate owns.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use calloop::LoopHandle;
use calloop::ping::{Ping, make_ping};
use smithay::reexports::wayland_server::DisplayHandle;

use crate::background::Backdrop;
use crate::capture::Captures;
use crate::chooser::Chooser;
use crate::clients::gate::Gate;
use crate::clients::limits::Limits;
use crate::clients::socket::Listening;
use crate::clipboard::Clipboard;
use crate::config::Config;
use crate::cursor::Cursor;
use crate::desktop::Desktop;
use crate::frame_clock::FrameClock;
use crate::handlers::Protocols;
use crate::input::Input;
use crate::input::idle::Idle;
use crate::input::typing::Typing;
use crate::input::virtual_keyboard::VirtualKeyboards;
use crate::keymap::{Key, Keys};
use crate::pacing::Pacing;
use crate::remote::{self, Auth, Listener, Remote, Request, ViewerId, ViewerInfo};
use crate::render::Renderer;
use crate::screen::Screen;
use crate::server::ServerError;
use crate::session_lock::SessionLock;
use crate::share::{Share, Shared};
use crate::text::Texts;
use crate::toplevels::Toplevels;
use crate::window::WindowInfo;

/// Viewers' requests that are served before the loop goes on …
const REQUESTS: usize = 256;
/// … and for how long: a symbol that the layout lacks takes milliseconds, and a descriptor for each
/// keyboard of a client until clients are written to.
pub(crate) const REQUESTS_TIME: Duration = Duration::from_millis(4);

/// The state that Wayland requests, viewers' input and timers act on.
pub struct Offing {
    pub(crate) display: DisplayHandle,
    pub(crate) handle: LoopHandle<'static, Offing>,
    pub(crate) gate: Gate,
    pub(crate) listening: Listening,
    /// How many sandboxes have a socket.
    pub(crate) sandboxes: usize,
    pub(crate) limits: Limits,
    pub(crate) protocols: Protocols,
    pub(crate) desktop: Desktop,
    pub(crate) toplevels: Toplevels,
    pub(crate) screen: Screen,
    pub(crate) shared: Shared,
    pub(crate) input: Input,
    pub(crate) cursor: Cursor,
    pub(crate) clipboard: Clipboard,
    pub(crate) backdrop: Backdrop,
    pub(crate) renderer: Renderer,
    pub(crate) texts: Texts,
    pub(crate) chooser: Chooser,
    pub(crate) clock: FrameClock,
    pub(crate) idle: Idle,
    pub(crate) typing: Typing,
    pub(crate) virtual_keyboards: VirtualKeyboards,
    pub(crate) pacing: Pacing,
    pub(crate) session_lock: SessionLock,
    pub(crate) captures: Captures,
    pub(crate) remote: Remote,
    /// Brings about another turn of the loop: viewers' requests do.
    pub(crate) wake: Ping,
    detached: bool,
    running: bool,
}

impl Offing {
    pub(crate) fn new(
        config: Config,
        display: DisplayHandle,
        handle: LoopHandle<'static, Offing>,
    ) -> Result<Self, ServerError> {
        let (wake, woken) = make_ping().map_err(|e| ServerError::Io("making the event loop", e))?;
        handle
            .insert_source(woken, |(), (), state| state.serve_viewers())
            .map_err(|e| ServerError::Io("making the event loop", e.error.into()))?;
        let gate =
            Gate::new(&handle).map_err(|e| ServerError::Io("watching wayland clients", e))?;
        let screen = Screen::new(&display, &config);
        let mut protocols = Protocols::new(&display);
        let input = Input::new(&mut protocols.seat, &display, &config)?;
        let clipboard = Clipboard::new(&handle, config.clipboard, config.primary)
            .map_err(|e| ServerError::Io("starting the clipboard", e))?;
        let shows_windows = matches!(config.share, Share::Desktop | Share::Rect(_));
        let decorates = shows_windows && !config.kiosk;
        let shared = Shared::new(config.share, config.indicator, config.size, config.scale);
        let backdrop = Backdrop::new(config.background);
        let renderer = Renderer::new(shared.shown().area, config.scale, backdrop.plain())?;
        let clock = FrameClock::new(config.detached || !config.listeners.is_empty());
        let without = match config.keys {
            Keys::Keysym => vec![rfb::Encoding::QEMU_EXTENDED_KEY_EVENT],
            Keys::Auto | Keys::Scancode => Vec::new(),
        };
        let remote = Remote::start(
            remote::Config {
                name: config.name,
                size: shared.shown().size(),
                auth: config.auth,
                view_only: config.view_only,
                listeners: config.listeners,
                encodings: config.encodings,
                without,
                diff: config.diff,
            },
            wake.clone(),
        )
        .map_err(|e| ServerError::Io("starting the VNC server", e))?;
        let mut state = Self {
            display,
            handle,
            gate,
            listening: Listening::default(),
            sandboxes: 0,
            limits: config.limits,
            protocols,
            desktop: Desktop::new(config.kiosk, decorates, screen.logical_size()),
            toplevels: Toplevels::default(),
            screen,
            shared,
            input,
            cursor: Cursor::default(),
            clipboard,
            backdrop,
            renderer,
            texts: Texts::default(),
            chooser: Chooser::default(),
            clock,
            idle: Idle::default(),
            typing: Typing::default(),
            virtual_keyboards: VirtualKeyboards::default(),
            pacing: Pacing::default(),
            session_lock: SessionLock::default(),
            captures: Captures::default(),
            remote,
            wake,
            detached: config.detached,
            running: true,
        };
        state.announce_cursor();
        state.centre_pointer();
        state.tell_leds();
        Ok(state)
    }

    /// Ends the session after this turn of the loop.
    pub fn stop(&mut self) {
        self.running = false;
    }

    /// A viewer wants something done to the machine: the session is all that it can end.
    fn xvp(&mut self, viewer: ViewerId, action: rfb::Xvp) {
        match action {
            rfb::Xvp::Shutdown => {
                tracing::info!("viewer {viewer} ends the session");
                self.stop();
            }
            rfb::Xvp::Reboot | rfb::Xvp::Reset => self.remote.fail_xvp(viewer),
        }
    }

    /// Whether [`stop`](Self::stop) has not been called yet.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Adds a viewer that is connected already, with its RFB handshake before it.
    pub fn insert_viewer(&mut self, stream: UnixStream) -> io::Result<()> {
        self.remote.insert(stream)
    }

    /// Adds a viewer that is connected already and needs no password.
    pub fn attach_viewer(&mut self, stream: UnixStream) -> io::Result<()> {
        self.remote.attach(stream)
    }

    /// Changes the desktop's name, as viewers show it.
    pub fn set_name(&mut self, name: &str) {
        self.remote.set_name(name);
    }

    /// Changes who may connect from now on.
    pub fn set_auth(&mut self, auth: Auth) {
        self.remote.set_auth(auth);
    }

    /// Changes where viewers connect from now on, to sockets that are bound already.
    pub fn set_listeners(&mut self, listeners: Vec<Listener>) {
        let reachable = self.detached || !listeners.is_empty();
        self.clock.set_reachable(reachable);
        self.remote.set_listeners(listeners);
    }

    /// Lets viewers connect, or disconnects them all and lets no new ones in.
    pub fn set_connections(&mut self, on: bool) {
        self.remote.set_connections(on);
    }

    /// Whether all viewers only watch. What they hold pressed is released.
    pub fn set_view_only(&mut self, view_only: bool) {
        self.remote.set_view_only(view_only);
        if view_only {
            for viewer in self.viewers() {
                self.release_viewer(viewer.id);
                self.viewer_withdraws(viewer.id);
            }
            self.stop_choosing();
        }
    }

    /// Whether viewers are served; if not, something has failed for good.
    pub fn is_serving(&self) -> bool {
        self.remote.is_serving()
    }

    /// The viewers that are logged in.
    pub fn viewers(&self) -> Vec<ViewerInfo> {
        self.remote.viewers()
    }

    /// Closes the connection of one viewer, or of all.
    pub fn disconnect(&mut self, viewer: Option<ViewerId>) {
        self.remote.disconnect(viewer);
    }

    /// The windows that are shown, bottom first.
    pub fn windows(&self) -> Vec<WindowInfo> {
        self.desktop.info()
    }

    /// The screen's size in pixels.
    pub fn size(&self) -> rfb::Size {
        self.screen.size()
    }

    /// The screen's pixels per logical unit.
    pub fn scale(&self) -> f64 {
        self.screen.scale()
    }

    /// The picture of what is shared as it is now, without the cursor.
    pub fn screenshot(&mut self) -> rfb::Frame {
        self.draw();
        if self.wait_for_texts() {
            self.clock.queue();
            self.draw();
        }
        let nothing = || rfb::Frame::solid(self.shared.shown().size(), [0; 4]);
        self.remote.frame().unwrap_or_else(nothing)
    }

    /// What viewers asked since the last turn.
    fn serve_viewers(&mut self) {
        let start = Instant::now();
        for _ in 0..REQUESTS {
            if start.elapsed() >= REQUESTS_TIME {
                break;
            }
            let Some(request) = self.remote.next_request() else {
                return;
            };
            match request {
                Request::Joined { .. } => self.update_indicator(),
                Request::Left { viewer } => {
                    self.release_viewer(viewer);
                    self.viewer_withdraws(viewer);
                    self.update_indicator();
                    if self.viewers().is_empty() {
                        // Nobody is left to choose.
                        self.stop_choosing();
                    }
                }
                Request::Key {
                    viewer,
                    keysym,
                    keycode: scancode,
                    pressed,
                } => self.key(viewer, Key { keysym, scancode }, pressed),
                Request::Pointer {
                    viewer,
                    x,
                    y,
                    buttons,
                } => self.pointer(viewer, x, y, buttons),
                Request::Motion {
                    viewer,
                    dx,
                    dy,
                    buttons,
                } => self.motion(viewer, dx, dy, buttons),
                Request::Xvp { viewer, action } => self.xvp(viewer, action),
                Request::CutText { viewer, text } => self.viewer_copied_text(viewer, text),
                Request::ClipboardNotify { viewer, formats } => self.viewer_copied(viewer, formats),
                Request::ClipboardProvide { viewer, contents } => {
                    self.viewer_gives(viewer, contents);
                }
                Request::ClipboardRequest { viewer, wanted } => self.viewer_asks(viewer, wanted),
                Request::Resize { viewer, size } => self.request_resize(viewer, size),
            }
        }
        // There may be more, and will be as long as a viewer does not pause: in the next turn.
        self.wake.ping();
    }

    /// What is owed at the end of a turn: the desktop is brought up to date, and drawn if it is
    /// time.
    pub(crate) fn end_turn(&mut self) {
        self.serve_virtual_keyboards();
        self.refresh_popup_grab();
        self.refresh_desktop();
        self.tell_toplevels();
        self.refresh_constraint();
        self.tick();
    }
}
