use wayland_client::delegate_noop;
use wayland_client::protocol::wl_pointer::WlPointer;
use wayland_protocols::wp::cursor_shape::v1::client::wp_cursor_shape_device_v1::{
    Shape, WpCursorShapeDeviceV1,
};

use super::content::Content;
use super::surface::Surface;
use super::{Client, WaylandClient, required};
use crate::{Error, Result};

/// The cursor, while the pointer is on one of this client's surfaces.
impl WaylandClient {
    /// Makes a surface the cursor: its size, the place in it that points, and what it shows.
    pub fn set_cursor(
        &mut self,
        (width, height): (i32, i32),
        hotspot: (i32, i32),
        content: impl Into<Content>,
    ) -> Result<Surface> {
        let surface = self.create_surface(width, height)?;
        self.point_with(surface, hotspot)?;
        self.draw(surface, content)?;
        Ok(surface)
    }

    /// Makes a surface the cursor as it is, with this place of it pointing.
    pub fn point_with(&mut self, surface: Surface, hotspot: (i32, i32)) -> Result {
        let (pointer, serial) = self.entered_pointer()?;
        pointer.set_cursor(serial, Some(self.wl_surface(surface)), hotspot.0, hotspot.1);
        self.flush()
    }

    /// Hides the cursor.
    pub fn hide_cursor(&mut self) -> Result {
        let (pointer, serial) = self.entered_pointer()?;
        pointer.set_cursor(serial, None, 0, 0);
        self.flush()
    }

    /// Chooses one of the compositor's own cursors (cursor-shape).
    pub fn set_cursor_shape(&mut self, shape: Shape) -> Result {
        let (pointer, serial) = self.entered_pointer()?;
        let manager = required(
            &self.client.globals.cursor_shape_manager,
            "wp_cursor_shape_manager_v1",
        )?;
        let device = manager.get_pointer(&pointer, &self.queue.handle(), ());
        device.set_shape(serial, shape);
        device.destroy();
        self.flush()
    }

    /// The pointer and the serial with which it entered.
    fn entered_pointer(&self) -> Result<(WlPointer, u32)> {
        let pointer = &self.client.pointer;
        match (&pointer.device, pointer.focus) {
            (Some(device), Some(_)) => Ok((device.clone(), pointer.entered)),
            _ => Err(Error::other("the pointer is on no surface of this client")),
        }
    }
}

delegate_noop!(Client: WpCursorShapeDeviceV1);
