//! wl_output (Wayland core, version 4) and zxdg_output_manager_v1 (unstable, version 3).

use smithay::delegate_output;
use smithay::output::Output;
use smithay::reexports::wayland_server::protocol::wl_output::WlOutput;
use smithay::wayland::output::OutputHandler;

use crate::state::Offing;

impl OutputHandler for Offing {
    fn output_bound(&mut self, _output: Output, _wl_output: WlOutput) {
        self.toplevels.output_bound();
    }
}

delegate_output!(Offing);
