//! wl_shm (Wayland core, version 2).

use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_shm::{self, WlShm};
use smithay::reexports::wayland_server::protocol::wl_shm_pool::{self, WlShmPool};
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, Resource, delegate_dispatch,
    delegate_global_dispatch,
};
use smithay::wayland::shm::{ShmBufferUserData, ShmHandler, ShmPoolUserData, ShmState};

use crate::state::Offing;

impl ShmHandler for Offing {
    fn shm_state(&self) -> &ShmState {
        &self.protocols.shm
    }
}

impl Dispatch<WlShm, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        shm: &WlShm,
        request: wl_shm::Request,
        data: &(),
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        let size = match &request {
            wl_shm::Request::CreatePool { size, .. } => u64::try_from(*size).ok(),
            _ => None,
        };
        <ShmState as Dispatch<_, _, Self>>::request(
            state, client, shm, request, data, display, init,
        );
        if let Some(size) = size {
            state.pool_made(client, size);
        }
    }
}

impl Dispatch<WlShmPool, ShmPoolUserData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        pool: &WlShmPool,
        request: wl_shm_pool::Request,
        data: &ShmPoolUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let wl_shm_pool::Request::Resize { size } = &request {
            // smithay 0.7 complains of these, and panics.
            let Some(size) = u64::try_from(*size).ok().filter(|size| *size > 0) else {
                pool.post_error(wl_shm::Error::InvalidFd, "invalid wl_shm_pool size");
                return;
            };
            state.pool_resized(client, pool, size);
        }
        <ShmState as Dispatch<_, _, Self>>::request(
            state, client, pool, request, data, display, init,
        );
    }

    fn destroyed(state: &mut Self, client: ClientId, pool: &WlShmPool, data: &ShmPoolUserData) {
        state.pool_destroyed(client.clone(), pool);
        <ShmState as Dispatch<_, _, Self>>::destroyed(state, client, pool, data);
    }
}

delegate_global_dispatch!(Offing: [WlShm: ()] => ShmState);
delegate_dispatch!(Offing: [WlBuffer: ShmBufferUserData] => ShmState);
