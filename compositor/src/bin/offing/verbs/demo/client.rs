//! The demo's program: a Wayland client with one full-screen window.

use super::painting::paint;
use rustix::fs::{MemfdFlags, memfd_create};
use std::{
    error::Error,
    fs::File,
    os::{
        fd::AsFd,
        unix::{fs::FileExt, net::UnixStream},
    },
};
use wayland_client::{
    Connection, Dispatch, QueueHandle, delegate_noop,
    globals::{GlobalListContents, registry_queue_init},
    protocol::{
        wl_buffer::WlBuffer,
        wl_callback::{self, WlCallback},
        wl_compositor::WlCompositor,
        wl_registry::{self, WlRegistry},
        wl_shm::{Format, WlShm},
        wl_shm_pool::WlShmPool,
        wl_surface::WlSurface,
    },
};
use wayland_protocols::xdg::shell::client::{
    xdg_surface::{self, XdgSurface},
    xdg_toplevel::{self, XdgToplevel},
    xdg_wm_base::{self, XdgWmBase},
};

/// The window's size where the compositor leaves it to us.
const SIZE: (u32, u32) = (640, 480);

struct Client {
    shm: WlShm,
    surface: WlSurface,
    /// The size that the next configure event applies.
    size: (u32, u32),
    /// Whether the picture has come onto the screen.
    shown: bool,
    /// Why the picture could not be drawn.
    failure: Option<Box<dyn Error>>,
}

/// Shows the window on a connection to a compositor and calls `shown` each time
/// it has come onto the screen, until that returns false.
///
/// # Errors
/// The compositor is gone before that, or lacks something.
pub(super) fn show(stream: UnixStream, shown: impl Fn() -> bool) -> Result<(), Box<dyn Error>> {
    let connection = Connection::from_socket(stream)?;
    let (globals, mut queue) = registry_queue_init::<Client>(&connection)?;
    let handle = queue.handle();
    let compositor: WlCompositor = globals.bind(&handle, 1..=4, ())?;
    let shell: XdgWmBase = globals.bind(&handle, 1..=1, ())?;
    let surface = compositor.create_surface(&handle, ());
    let window = shell.get_xdg_surface(&surface, &handle, ());
    let toplevel = window.get_toplevel(&handle, ());
    toplevel.set_title("Offing".to_owned());
    toplevel.set_app_id("offing-demo".to_owned());
    toplevel.set_fullscreen(None);
    surface.commit();

    let mut client = Client {
        shm: globals.bind(&handle, 1..=1, ())?,
        surface,
        size: SIZE,
        shown: false,
        failure: None,
    };
    loop {
        queue.blocking_dispatch(&mut client)?;
        if let Some(failure) = client.failure.take() {
            return Err(failure);
        }
        if std::mem::take(&mut client.shown) {
            if !shown() {
                return Ok(());
            }
            // To be asked again after the next frame.
            client.surface.frame(&handle, ());
            client.surface.commit();
        }
    }
}

impl Client {
    fn draw(&self, handle: &QueueHandle<Self>) -> Result<(), Box<dyn Error>> {
        let (width, height) = self.size;
        let pixels = paint(width, height);
        let (width, height) = (i32::try_from(width)?, i32::try_from(height)?);
        let length = i32::try_from(pixels.len())?;
        let file = File::from(memfd_create("offing-demo", MemfdFlags::CLOEXEC)?);
        file.write_all_at(&pixels, 0)?;

        let pool = self.shm.create_pool(file.as_fd(), length, handle, ());
        let buffer = pool.create_buffer(0, width, height, width * 4, Format::Xrgb8888, handle, ());
        pool.destroy();
        self.surface.attach(Some(&buffer), 0, 0);
        self.surface.damage(0, 0, width, height);
        self.surface.frame(handle, ());
        self.surface.commit();
        Ok(())
    }
}

impl Dispatch<XdgSurface, ()> for Client {
    fn event(
        client: &mut Self,
        surface: &XdgSurface,
        event: xdg_surface::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        if let xdg_surface::Event::Configure { serial } = event {
            surface.ack_configure(serial);
            client.failure = client.draw(handle).err();
        }
    }
}

impl Dispatch<XdgToplevel, ()> for Client {
    fn event(
        client: &mut Self,
        _: &XdgToplevel,
        event: xdg_toplevel::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_toplevel::Event::Configure { width, height, .. } = event {
            let or = |side: i32, own: u32| match u32::try_from(side) {
                Ok(side @ 1..=16384) => side,
                _ => own,
            };
            client.size = (or(width, SIZE.0), or(height, SIZE.1));
        }
    }
}

impl Dispatch<XdgWmBase, ()> for Client {
    fn event(
        _: &mut Self,
        shell: &XdgWmBase,
        event: xdg_wm_base::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            shell.pong(serial);
        }
    }
}

impl Dispatch<WlCallback, ()> for Client {
    fn event(
        client: &mut Self,
        _: &WlCallback,
        _: wl_callback::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.shown = true;
    }
}

impl Dispatch<WlRegistry, GlobalListContents> for Client {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

delegate_noop!(Client: ignore WlCompositor);
delegate_noop!(Client: ignore WlShm);
delegate_noop!(Client: ignore WlShmPool);
delegate_noop!(Client: ignore WlBuffer);
delegate_noop!(Client: ignore WlSurface);
