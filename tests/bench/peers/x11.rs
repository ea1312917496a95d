//! A window of an X server.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use offing_tests::Result;
use offing_tests::picture::Picture;
use x11rb::connection::Connection;
use x11rb::protocol::shm::{ConnectionExt as _, Seg};
use x11rb::protocol::xproto::{
    ConnectionExt as _, CreateGCAux, CreateWindowAux, Gcontext, ImageFormat, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

use crate::SIZE;
use crate::painter::{BYTES, Painter, STRIDE, bgrx, memory};

/// A client of X11, which shares its memory with the server.
pub(crate) struct X11Painter {
    connection: RustConnection,
    window: Window,
    context: Gcontext,
    depth: u8,
    memory: File,
    segment: Seg,
    /// What the window shows: blue, green, red and a byte for nothing.
    shown: Vec<u8>,
}

impl X11Painter {
    /// Opens the window on a display such as `:7`.
    pub(crate) fn new(display: &str) -> Result<Self> {
        let (connection, number) = RustConnection::connect(Some(display))?;
        let screen = &connection.setup().roots[number];
        let (root, depth) = (screen.root, screen.root_depth);
        let window = connection.generate_id()?;
        let context = connection.generate_id()?;
        let segment = connection.generate_id()?;
        let (class, options) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
        connection.create_window(
            0,
            window,
            root,
            0,
            0,
            SIZE.0,
            SIZE.1,
            0,
            class,
            0,
            &options.override_redirect(1),
        )?;
        connection.map_window(window)?;
        connection.create_gc(context, window, &CreateGCAux::new().graphics_exposures(0))?;
        let memory = memory(BYTES)?;
        let shared: OwnedFd = memory.try_clone()?.into();
        let attached = connection.shm_attach_fd(segment, shared, true);
        attached?.check()?;
        Ok(Self {
            connection,
            window,
            context,
            depth,
            memory,
            segment,
            shown: Vec::new(),
        })
    }

    /// Paints the rows from `top` on out of the shared memory.
    fn put(&self, top: usize) -> Result {
        let (width, height) = SIZE;
        let top = top as u16;
        let format = ImageFormat::Z_PIXMAP.into();
        self.connection.shm_put_image(
            self.window,
            self.context,
            width,
            height,
            0,
            top,
            width,
            height - top,
            0,
            top as i16,
            self.depth,
            format,
            false,
            self.segment,
            0,
        )?;
        Ok(())
    }
}

impl Painter for X11Painter {
    /// As a terminal does: what scrolls up is copied.
    fn paint(&mut self, picture: &Picture) -> Result {
        let pixels = bgrx(picture);
        self.memory.write_all_at(&pixels, 0)?;
        match rows_scrolled(&self.shown, &pixels) {
            None => self.put(0)?,
            Some(rows) => {
                let (width, height) = (SIZE.0, SIZE.1 - rows as u16);
                let window = self.window;
                self.connection.copy_area(
                    window,
                    window,
                    self.context,
                    0,
                    rows as i16,
                    0,
                    0,
                    width,
                    height,
                )?;
                self.put(height.into())?;
            }
        }
        self.shown = pixels;
        // A round trip: the server has painted then, and the memory can be written again.
        self.connection.get_input_focus()?.reply()?;
        Ok(())
    }
}

/// By how many rows a picture went up, if the rest of it is in the next one.
fn rows_scrolled(before: &[u8], after: &[u8]) -> Option<usize> {
    (1..usize::from(SIZE.1) / 2).find(|rows| {
        let rest = before.get(rows * STRIDE..).unwrap_or_default();
        !rest.is_empty() && after.starts_with(rest)
    })
}
