//! wp_viewporter (stable, version 1).

use smithay::delegate_viewporter;

use crate::state::Offing;

delegate_viewporter!(Offing);
