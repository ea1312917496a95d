//! wp_cursor_shape_manager_v1 (staging, version 2).

use smithay::delegate_cursor_shape;
use smithay::wayland::tablet_manager::TabletSeatHandler;

use crate::state::Offing;

// The protocol names tablet tools; there are none here.
impl TabletSeatHandler for Offing {}

delegate_cursor_shape!(Offing);
