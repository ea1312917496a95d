//! wp_presentation (stable, version 2).

use smithay::delegate_presentation;

use crate::state::Offing;

delegate_presentation!(Offing);
