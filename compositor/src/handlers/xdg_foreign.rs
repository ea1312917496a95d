//! zxdg_exporter_v2 and zxdg_importer_v2 (unstable, version 1): a window's parent may be of another
//! program.

use smithay::delegate_xdg_foreign;
use smithay::wayland::xdg_foreign::{XdgForeignHandler, XdgForeignState};

use crate::state::Offing;

impl XdgForeignHandler for Offing {
    fn xdg_foreign_state(&mut self) -> &mut XdgForeignState {
        &mut self.protocols.foreign
    }
}

delegate_xdg_foreign!(Offing);
