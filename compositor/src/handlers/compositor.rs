//! wl_compositor and wl_subcompositor (Wayland core, version 6).

use smithay::backend::renderer::utils::on_commit_buffer_handler;
use smithay::delegate_compositor;
use smithay::reexports::wayland_server::Client;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::buffer::BufferHandler;
use smithay::wayland::compositor::{CompositorClientState, CompositorHandler, CompositorState};

use crate::socket::ClientState;
use crate::state::Offing;

impl CompositorHandler for Offing {
    fn compositor_state(&mut self) -> &mut CompositorState {
        &mut self.protocols.compositor
    }

    fn client_compositor_state<'a>(&self, client: &'a Client) -> &'a CompositorClientState {
        match client.get_data::<ClientState>() {
            Some(state) => &state.compositor,
            // Every client is inserted with this state, in socket.rs.
            None => unreachable!("a client without its state"),
        }
    }

    fn new_surface(&mut self, surface: &WlSurface) {
        self.screen.announce_scale(surface);
    }

    fn commit(&mut self, surface: &WlSurface) {
        on_commit_buffer_handler::<Self>(surface);
        self.surface_committed(surface);
    }

    fn destroyed(&mut self, _surface: &WlSurface) {
        self.clock.queue();
    }
}

impl BufferHandler for Offing {
    fn buffer_destroyed(&mut self, _buffer: &WlBuffer) {}
}

delegate_compositor!(Offing);
