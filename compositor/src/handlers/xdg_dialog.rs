//! xdg_wm_dialog_v1 (staging, version 1): a hint; that a dialog stays above its parent follows from
//! its parent.

use smithay::delegate_xdg_dialog;
use smithay::wayland::shell::xdg::dialog::XdgDialogHandler;

use crate::state::Offing;

impl XdgDialogHandler for Offing {}

delegate_xdg_dialog!(Offing);
