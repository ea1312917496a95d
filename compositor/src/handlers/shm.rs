//! wl_shm (Wayland core, version 2).

use smithay::delegate_shm;
use smithay::wayland::shm::{ShmHandler, ShmState};

use crate::state::Offing;

impl ShmHandler for Offing {
    fn shm_state(&self) -> &ShmState {
        &self.protocols.shm
    }
}

delegate_shm!(Offing);
