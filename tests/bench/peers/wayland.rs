//! A window of a Wayland compositor.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use offing_tests::picture::Picture;
use offing_tests::wayland_client::protocol::wl_shm::{Format, WlShm};
use offing_tests::wayland_client::{Client, Surface, WaylandClient, Window};
use offing_tests::{Error, Result};
use wayland_client::protocol::wl_buffer::{self, WlBuffer};
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle};

use crate::SIZE;
use crate::painter::{BYTES, Painter, STRIDE, bgrx, memory};

/// A client of Wayland with two buffers, as programs have.
pub(crate) struct WaylandPainter {
    client: WaylandClient,
    window: Surface,
    memory: File,
    /// Each with its place in the memory; the one that is shown comes first.
    buffers: [(u64, WlBuffer); 2],
}

impl WaylandPainter {
    /// Opens the window in the compositor that listens at this path.
    pub(crate) fn new(socket: &Path) -> Result<Self> {
        let mut client = WaylandClient::connect(UnixStream::connect(socket)?)?;
        let window = Window::new("bench", SIZE.0.into(), SIZE.1.into());
        let window = client.open(window.fullscreen().content([0; 3]))?;
        let mut globals = client.advertised().iter();
        let shm = globals.find(|global| global.interface == WlShm::interface().name);
        let shm = shm.ok_or_else(|| Error::other("the compositor offers no wl_shm"))?;
        let (handle, name) = (client.queue_handle(), shm.name);
        let shm: WlShm = client.registry().bind(name, 1, &handle, ());
        let memory = memory(2 * BYTES)?;
        let pool = shm.create_pool(memory.as_fd(), 2 * BYTES as i32, &handle, ());
        let (width, height) = (i32::from(SIZE.0), i32::from(SIZE.1));
        let buffers = [0, BYTES].map(|at| {
            let (place, stride, format) = (at as i32, STRIDE as i32, Format::Xrgb8888);
            let buffer = pool.create_buffer(place, width, height, stride, format, &handle, Kept);
            (at as u64, buffer)
        });
        client.flush()?;
        Ok(Self {
            client,
            window,
            memory,
            buffers,
        })
    }
}

impl Painter for WaylandPainter {
    fn paint(&mut self, picture: &Picture) -> Result {
        // It was given back: the picture after it has been seen.
        self.buffers.reverse();
        let (at, buffer) = &self.buffers[0];
        self.memory.write_all_at(&bgrx(picture), *at)?;
        let surface = self.client.wl_surface(self.window);
        surface.attach(Some(buffer), 0, 0);
        surface.damage_buffer(0, 0, i32::MAX, i32::MAX);
        self.client.commit(self.window)?;
        self.client.roundtrip()
    }
}

/// Marks a buffer that is kept when it is given back.
struct Kept;

impl Dispatch<WlBuffer, Kept> for Client {
    fn event(
        _: &mut Self,
        _: &WlBuffer,
        _: wl_buffer::Event,
        _: &Kept,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}
