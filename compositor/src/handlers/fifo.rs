//! wp_fifo_manager_v1 (staging, version 1).

use smithay::delegate_fifo;

use crate::state::Offing;

delegate_fifo!(Offing);
