//! What others are told of a window.

use serde::Serialize;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::compositor::with_states;
use smithay::wayland::shell::xdg::{XdgToplevelSurfaceData, XdgToplevelSurfaceRoleAttributes};

use super::Window;

/// Texts are told to others up to this length in bytes.
const MAX_TEXT: usize = 256;

/// A window as the control socket tells it.
#[derive(Clone, Debug, Serialize)]
pub struct WindowInfo {
    /// The application's id, as the client set it.
    pub app_id: Option<String>,
    /// The window's title.
    pub title: Option<String>,
    /// The left edge, in logical units, without what the compositor draws around it.
    pub x: i32,
    /// The top edge, in logical units, without what the compositor draws around it.
    pub y: i32,
    /// The width, in logical units.
    pub width: i32,
    /// The height, in logical units.
    pub height: i32,
    /// It is the active one.
    pub active: bool,
    /// It is put away, and not on the screen.
    pub minimized: bool,
}

/// What the clients that list windows are told of one.
#[derive(Clone, PartialEq)]
pub(crate) struct Summary {
    /// No other window of the session has or had it.
    pub(crate) number: u64,
    pub(crate) surface: WlSurface,
    /// Cut, if it is long.
    pub(crate) title: String,
    /// Cut, if it is long.
    pub(crate) app_id: String,
    pub(crate) maximized: bool,
    pub(crate) minimized: bool,
    pub(crate) fullscreen: bool,
    pub(crate) active: bool,
    /// The number of its parent, if that is listed.
    pub(crate) parent: Option<u64>,
}

impl Window {
    /// The application's id, as the client set it.
    pub(crate) fn app_id(&self) -> Option<String> {
        self.role(|role| role.app_id.clone())
    }

    /// The window's title, as the client set it.
    pub(crate) fn title(&self) -> String {
        cut(self.role(|role| role.title.clone()))
    }

    fn role<T: Default>(&self, look: impl FnOnce(&XdgToplevelSurfaceRoleAttributes) -> T) -> T {
        with_states(self.surface(), |states| {
            states
                .data_map
                .get::<XdgToplevelSurfaceData>()
                .and_then(|data| data.lock().ok().map(|role| look(&role)))
                .unwrap_or_default()
        })
    }

    pub(crate) fn info(&self, active: bool) -> WindowInfo {
        let frame = self.place();
        WindowInfo {
            app_id: self.app_id(),
            title: self.role(|role| role.title.clone()),
            x: frame.loc.x,
            y: frame.loc.y,
            width: frame.size.w,
            height: frame.size.h,
            active,
            minimized: self.minimized,
        }
    }

    /// What others are told of it. `parent`: its parent's number.
    pub(crate) fn summary(&self, active: bool, parent: Option<u64>) -> Summary {
        Summary {
            number: self.number,
            surface: self.surface().clone(),
            title: self.title(),
            app_id: cut(self.app_id()),
            maximized: self.maximized,
            minimized: self.minimized,
            fullscreen: self.fullscreen,
            active,
            parent,
        }
    }
}

fn cut(text: Option<String>) -> String {
    let mut text = text.unwrap_or_default();
    let mut places = (0..=MAX_TEXT.min(text.len())).rev();
    let end = places.find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    text
}
