//! xdg_toplevel_tag_manager_v1 (staging, version 1): a hint that nothing here goes by.

use smithay::delegate_xdg_toplevel_tag;
use smithay::wayland::xdg_toplevel_tag::XdgToplevelTagHandler;

use crate::state::Offing;

impl XdgToplevelTagHandler for Offing {}

delegate_xdg_toplevel_tag!(Offing);
