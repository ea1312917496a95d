//! What stands for a window in a client's list, and what it says of the window.

use smithay::reexports::wayland_protocols::ext::foreign_toplevel_list::v1::server::ext_foreign_toplevel_handle_v1::ExtForeignToplevelHandleV1;
use smithay::reexports::wayland_protocols::ext::foreign_toplevel_list::v1::server::ext_foreign_toplevel_list_v1::ExtForeignToplevelListV1;
use smithay::reexports::wayland_protocols_wlr::foreign_toplevel::v1::server::zwlr_foreign_toplevel_handle_v1::{
    self, ZwlrForeignToplevelHandleV1,
};
use smithay::reexports::wayland_protocols_wlr::foreign_toplevel::v1::server::zwlr_foreign_toplevel_manager_v1::ZwlrForeignToplevelManagerV1;
use smithay::reexports::wayland_server::backend::InvalidId;
use smithay::reexports::wayland_server::protocol::wl_output::WlOutput;
use smithay::reexports::wayland_server::{Client, DisplayHandle, Resource};

use crate::state::Offing;
use crate::window::Summary;

/// The object that a list's handles come from.
pub(crate) enum Manager {
    /// The windows can be managed, too.
    Wlr(ZwlrForeignToplevelManagerV1),
    /// The windows can be seen.
    Ext(ExtForeignToplevelListV1),
}

/// A window, as one client sees it. When the client destroys it, it gets no other one.
#[derive(Clone)]
pub(crate) enum Handle {
    Wlr(ZwlrForeignToplevelHandleV1),
    Ext(ExtForeignToplevelHandleV1),
}

impl Manager {
    /// Whether its client wants to know of new windows.
    pub(super) fn is_alive(&self) -> bool {
        match self {
            Self::Wlr(manager) => manager.is_alive(),
            Self::Ext(list) => list.is_alive(),
        }
    }

    /// Tells the client that there is such a window.
    pub(super) fn announce(
        &self,
        client: &Client,
        display: &DisplayHandle,
        window: &Summary,
    ) -> Result<Handle, InvalidId> {
        let surface = window.surface.clone();
        Ok(match self {
            Self::Wlr(manager) => {
                let handle =
                    client.create_resource::<_, _, Offing>(display, manager.version(), surface)?;
                manager.toplevel(&handle);
                Handle::Wlr(handle)
            }
            Self::Ext(list) => {
                let handle =
                    client.create_resource::<_, _, Offing>(display, list.version(), surface)?;
                list.toplevel(&handle);
                handle.identifier(window.number.to_string());
                Handle::Ext(handle)
            }
        })
    }
}

impl Handle {
    pub(super) fn is_alive(&self) -> bool {
        match self {
            Self::Wlr(handle) => handle.is_alive(),
            Self::Ext(handle) => handle.is_alive(),
        }
    }

    /// The window is gone.
    pub(super) fn closed(&self) {
        match self {
            Self::Wlr(handle) => handle.closed(),
            Self::Ext(handle) => handle.closed(),
        }
    }

    /// The window is on this output.
    pub(super) fn entered(&self, output: &WlOutput) {
        if let Self::Wlr(handle) = self {
            handle.output_enter(output);
        }
    }

    /// The window is not as it was told to be before. `parent`: its parent in the same list.
    pub(super) fn changed(&self, before: Option<&Summary>, now: &Summary, parent: Option<&Self>) {
        let title = (before.is_none_or(|it| it.title != now.title)).then(|| now.title.clone());
        let app_id = (before.is_none_or(|it| it.app_id != now.app_id)).then(|| now.app_id.clone());
        match self {
            Self::Wlr(handle) => {
                title.into_iter().for_each(|title| handle.title(title));
                app_id.into_iter().for_each(|app_id| handle.app_id(app_id));
                handle.state(states(now, handle.version()));
                let parent = match parent {
                    Some(Self::Wlr(parent)) => Some(parent).filter(|parent| parent.is_alive()),
                    _ => None,
                };
                if handle.version() >= zwlr_foreign_toplevel_handle_v1::EVT_PARENT_SINCE
                    && before.and_then(|it| it.parent) != now.parent
                {
                    handle.parent(parent);
                }
                handle.done();
            }
            Self::Ext(handle) => {
                if title.is_some() || app_id.is_some() {
                    title.into_iter().for_each(|title| handle.title(title));
                    app_id.into_iter().for_each(|app_id| handle.app_id(app_id));
                    handle.done();
                }
            }
        }
    }
}

/// zwlr_foreign_toplevel_handle_v1.state: an array of 32-bit numbers in the machine's byte order.
fn states(window: &Summary, version: u32) -> Vec<u8> {
    use zwlr_foreign_toplevel_handle_v1::State;
    [
        (window.maximized, State::Maximized, 1),
        (window.minimized, State::Minimized, 1),
        (window.active, State::Activated, 1),
        (window.fullscreen, State::Fullscreen, 2),
    ]
    .into_iter()
    .filter(|(is_so, _, since)| *is_so && version >= *since)
    .flat_map(|(_, state, _)| (state as u32).to_ne_bytes())
    .collect()
}
