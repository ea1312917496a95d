//! What a program that embeds the compositor does in the place of viewers and of the user: tests,
//! above all. Input takes the way of a viewer's.

use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;

use crate::remote::ViewerId;
use crate::state::Offing;

/// No viewer has this number.
const DRIVER: ViewerId = ViewerId(u64::MAX);

impl Offing {
    /// Moves the pointer to a pixel of what is shared, with these buttons held, as in RFB's
    /// PointerEvent (RFC 6143, section 7.5.5).
    pub fn move_pointer_to(&mut self, x: u16, y: u16, buttons: u16) {
        self.pointer(DRIVER, x, y, buttons);
    }

    /// Moves the pointer by so many pixels, with these buttons held.
    pub fn move_pointer_by(&mut self, dx: i32, dy: i32, buttons: u16) {
        self.motion(DRIVER, dx, dy, buttons);
    }

    /// Moves a window or panel to a place, in logical units of the screen, and leaves all else as
    /// it is. `surface` is the number of its wl_surface in the client's protocol; others are left
    /// alone.
    pub fn place(&mut self, client: &ClientId, surface: u32, x: i32, y: i32) {
        let handle = self.display.backend_handle();
        let object = handle.object_for_protocol_id(client.clone(), WlSurface::interface(), surface);
        let surface = object.and_then(|object| WlSurface::from_id(&self.display, object));
        if let Ok(surface) = surface {
            self.desktop.set_position(&surface, (x, y).into());
            self.clock.queue();
        }
    }
}
