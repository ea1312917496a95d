//! wl_output (Wayland core, version 4) and zxdg_output_manager_v1 (unstable, version 3).

use smithay::delegate_output;
use smithay::wayland::output::OutputHandler;

use crate::state::Offing;

impl OutputHandler for Offing {}

delegate_output!(Offing);
