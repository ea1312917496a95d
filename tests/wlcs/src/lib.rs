//! The compositor as WLCS drives it: a library that WLCS loads, which starts a session for each
//! test, makes clients' sockets, places windows, moves the pointer and touches the screen.
//!
//! All that WLCS asks for has been done, and clients have been told, when it gets an answer.

mod session;

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use offing::ClientId;
use wayland_sys::client::{wayland_client_handle, wl_display, wl_proxy};
use wayland_sys::common::{wl_fixed_t, wl_fixed_to_double};
use wlcs::ffi_display_server_api::{
    WlcsExtensionDescriptor, WlcsIntegrationDescriptor, WlcsServerIntegration,
};
use wlcs::ffi_wrappers::wlcs_server;
use wlcs::{Pointer, Touch, Wlcs, extension_list, wlcs_server_integration};

use session::Session;

wlcs_server_integration!(Compositor);

/// The globals that WLCS tests: what is not here it skips.
static EXTENSIONS: &[WlcsExtensionDescriptor] = extension_list!(
    ("wl_compositor", 6),
    ("wl_data_device_manager", 3),
    ("wl_output", 4),
    ("wl_seat", 9),
    ("wl_shm", 2),
    ("wl_subcompositor", 1),
    ("wp_viewporter", 1),
    ("xdg_wm_base", 6),
    ("zwlr_foreign_toplevel_manager_v1", 3),
    ("zwlr_layer_shell_v1", 4),
    ("zwlr_virtual_pointer_manager_v1", 2),
    ("zwp_input_method_manager_v2", 1),
    ("zwp_pointer_constraints_v1", 1),
    ("zwp_primary_selection_device_manager_v1", 1),
    ("zwp_relative_pointer_manager_v1", 1),
    ("zwp_text_input_manager_v3", 1),
    ("zxdg_output_manager_v1", 3),
);

static DESCRIPTOR: WlcsIntegrationDescriptor = WlcsIntegrationDescriptor {
    version: 1,
    num_extensions: EXTENSIONS.len(),
    supported_extensions: EXTENSIONS.as_ptr(),
};

/// RFB's buttons, and their codes in linux/input-event-codes.h.
const BUTTONS: [(i32, u16); 3] = [(0x110, 1 << 0), (0x112, 1 << 1), (0x111, 1 << 2)];

/// One test's session.
struct Compositor {
    session: Option<Arc<Session>>,
    /// Clients by the descriptor that WLCS has of them.
    clients: Mutex<HashMap<RawFd, ClientId>>,
}

impl Compositor {
    fn session(&self) -> &Arc<Session> {
        self.session.as_ref().expect("WLCS has started it")
    }
}

impl Wlcs for Compositor {
    type Pointer = SessionPointer;
    type Touch = SessionTouch;

    fn new() -> Self {
        Self {
            session: None,
            clients: Mutex::default(),
        }
    }

    fn start(&mut self) {
        self.session = Some(Arc::new(Session::start()));
    }

    fn stop(&mut self) {
        self.session().stop();
    }

    fn create_client_socket(&self) -> io::Result<OwnedFd> {
        let (theirs, ours) = UnixStream::pair()?;
        let client = self
            .session()
            .act(move |offing| offing.insert_client(ours))?;
        let mut clients = self.clients.lock().expect("no test panics with it");
        clients.insert(theirs.as_raw_fd(), client);
        Ok(theirs.into())
    }

    fn position_window_absolute(
        &self,
        display: *mut wl_display,
        surface: *mut wl_proxy,
        x: i32,
        y: i32,
    ) {
        // SAFETY: WLCS passes a connected display and a live surface of libwayland-client.
        #[allow(unsafe_code, reason = "the objects are those of libwayland-client")]
        let (descriptor, surface) = unsafe {
            let library = wayland_client_handle();
            (
                (library.wl_display_get_fd)(display),
                (library.wl_proxy_get_id)(surface),
            )
        };
        let clients = self.clients.lock().expect("no test panics with it");
        let client = clients.get(&descriptor).expect("a client of this session");
        let client = client.clone();
        self.session()
            .act(move |offing| offing.place(&client, surface, x, y));
    }

    fn create_pointer(&mut self) -> Option<SessionPointer> {
        Some(SessionPointer {
            session: self.session().clone(),
            at: (0, 0),
            buttons: 0,
        })
    }

    fn create_touch(&mut self) -> Option<SessionTouch> {
        Some(SessionTouch {
            session: self.session().clone(),
        })
    }

    fn get_descriptor(&self) -> &WlcsIntegrationDescriptor {
        &DESCRIPTOR
    }
}

/// The pointer, as viewers move it.
struct SessionPointer {
    session: Arc<Session>,
    at: (u16, u16),
    buttons: u16,
}

impl SessionPointer {
    fn hold(&mut self, code: i32, pressed: bool) {
        let button = BUTTONS.iter().find(|(known, _)| *known == code);
        let bit = button.map_or(0, |(_, bit)| *bit);
        match pressed {
            true => self.buttons |= bit,
            false => self.buttons &= !bit,
        }
        let buttons = self.buttons;
        self.session
            .act(move |offing| offing.move_pointer_by(0, 0, buttons));
    }
}

impl Pointer for SessionPointer {
    fn move_absolute(&mut self, x: wl_fixed_t, y: wl_fixed_t) {
        let pixel = |at| wl_fixed_to_double(at).round().clamp(0.0, 65535.0) as u16;
        self.at = (pixel(x), pixel(y));
        let ((x, y), buttons) = (self.at, self.buttons);
        self.session
            .act(move |offing| offing.move_pointer_to(x, y, buttons));
    }

    fn move_relative(&mut self, dx: wl_fixed_t, dy: wl_fixed_t) {
        let pixels = |by| wl_fixed_to_double(by).round() as i32;
        let (dx, dy, buttons) = (pixels(dx), pixels(dy), self.buttons);
        self.session
            .act(move |offing| offing.move_pointer_by(dx, dy, buttons));
    }

    fn button_up(&mut self, button: i32) {
        self.hold(button, false);
    }

    fn button_down(&mut self, button: i32) {
        self.hold(button, true);
    }
}

/// A finger. The coordinates are whole numbers, whatever their type says.
struct SessionTouch {
    session: Arc<Session>,
}

impl Touch for SessionTouch {
    fn touch_down(&mut self, x: wl_fixed_t, y: wl_fixed_t) {
        self.session.act(move |offing| offing.touch_down(x, y));
    }

    fn touch_move(&mut self, x: wl_fixed_t, y: wl_fixed_t) {
        self.session.act(move |offing| offing.touch_move(x, y));
    }

    fn touch_up(&mut self) {
        self.session.act(|offing| offing.touch_up());
    }
}
