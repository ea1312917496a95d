use wayland_client::{Connection, Dispatch, QueueHandle, WEnum};
use wayland_protocols::xdg::decoration::zv1::client::zxdg_toplevel_decoration_v1::{
    self, Mode, ZxdgToplevelDecorationV1,
};
use wayland_protocols::xdg::shell::client::xdg_surface::{self, XdgSurface};
use wayland_protocols::xdg::shell::client::xdg_toplevel::{self, ResizeEdge, State, XdgToplevel};

use super::content::Content;
use super::surface::{Role, Surface};
use super::{Client, WaylandClient, required};
use crate::{Error, Result, soon};

/// A window to be opened.
#[derive(Clone, Debug)]
pub struct Window {
    title: String,
    app_id: String,
    size: (i32, i32),
    min_size: (i32, i32),
    max_size: (i32, i32),
    content: Option<Content>,
    decoration: Option<Mode>,
    maximized: bool,
    fullscreen: bool,
}

impl Window {
    /// A window that wishes to have this size, with nothing drawn in it.
    pub fn new(title: &str, width: i32, height: i32) -> Self {
        Self {
            title: title.to_owned(),
            app_id: "org.example.offing-tests".to_owned(),
            size: (width, height),
            min_size: (0, 0),
            max_size: (0, 0),
            content: None,
            decoration: None,
            maximized: false,
            fullscreen: false,
        }
    }

    /// Draws this in it as soon as it is configured, so that it shows.
    #[must_use]
    pub fn content(mut self, content: impl Into<Content>) -> Self {
        self.content = Some(content.into());
        self
    }

    /// Names the program.
    #[must_use]
    pub fn app_id(mut self, app_id: &str) -> Self {
        self.app_id = app_id.to_owned();
        self
    }

    /// The smallest size it wants to have; 0 is no limit.
    #[must_use]
    pub fn min_size(mut self, width: i32, height: i32) -> Self {
        self.min_size = (width, height);
        self
    }

    /// The largest size it wants to have; 0 is no limit.
    #[must_use]
    pub fn max_size(mut self, width: i32, height: i32) -> Self {
        self.max_size = (width, height);
        self
    }

    /// Asks for decorations by the compositor, or says that it draws its own.
    #[must_use]
    pub fn decoration(mut self, mode: Mode) -> Self {
        self.decoration = Some(mode);
        self
    }

    /// Asks to be opened maximised.
    #[must_use]
    pub fn maximized(mut self) -> Self {
        self.maximized = true;
        self
    }

    /// Asks to be opened over the whole screen.
    #[must_use]
    pub fn fullscreen(mut self) -> Self {
        self.fullscreen = true;
        self
    }
}

/// A configuration of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configure {
    /// Its serial.
    pub serial: u32,
    /// Width in surface coordinates; 0 leaves the choice to the client.
    pub width: i32,
    /// Height in surface coordinates; 0 leaves the choice to the client.
    pub height: i32,
    /// The states, such as [`State::Activated`].
    pub states: Vec<State>,
    /// The size that it should not exceed, as told last; 0 is unknown.
    pub bounds: (i32, i32),
}

impl Configure {
    /// Whether the window is in this state.
    pub fn is(&self, state: State) -> bool {
        self.states.contains(&state)
    }
}

impl WaylandClient {
    /// Opens a window: waits for its first configuration, and draws what it has to show.
    pub fn open(&mut self, window: Window) -> Result<Surface> {
        let wm_base = required(&self.client.globals.wm_base, "xdg_wm_base")?;
        let (width, height) = window.size;
        let id = self.create_surface(width, height)?;
        let handle = self.queue.handle();
        let xdg_surface = wm_base.get_xdg_surface(self.wl_surface(id), &handle, id);
        let toplevel = xdg_surface.get_toplevel(&handle, id);
        toplevel.set_title(window.title);
        toplevel.set_app_id(window.app_id);
        toplevel.set_min_size(window.min_size.0, window.min_size.1);
        toplevel.set_max_size(window.max_size.0, window.max_size.1);
        if window.maximized {
            toplevel.set_maximized();
        }
        if window.fullscreen {
            toplevel.set_fullscreen(None);
        }
        if let Some(mode) = window.decoration {
            let manager = required(
                &self.client.globals.decoration_manager,
                "zxdg_decoration_manager_v1",
            )?;
            let decoration = manager.get_toplevel_decoration(&toplevel, &handle, id);
            decoration.set_mode(mode);
            self.client.surfaces[id.0].decoration = Some(decoration);
        }
        self.client.surfaces[id.0].role = Role::Toplevel(xdg_surface, toplevel);
        self.commit(id)?;
        self.dispatch_until(soon(), "the configuration of a window", |client| {
            !client.surface(id).configures.is_empty()
        })?;
        if let Some(content) = window.content {
            self.draw(id, content)?;
            self.roundtrip()?;
        }
        Ok(id)
    }

    /// The protocol's object of a window, to be used at will.
    pub fn toplevel(&self, window: Surface) -> Result<&XdgToplevel> {
        match &self.client.surfaces[window.0].role {
            Role::Toplevel(_, toplevel) => Ok(toplevel),
            _ => Err(Error::other("this surface is no window")),
        }
    }

    /// Draws so much around a window from now on, which is no part of it: left, top, right, bottom.
    pub fn set_shadow(&mut self, window: Surface, shadow: [i32; 4]) {
        self.client.surfaces[window.0].shadow = Some(shadow);
    }

    /// Says who shall draw a window's decorations, which it asked about when it was opened.
    pub fn set_decoration(&mut self, window: Surface, mode: Mode) -> Result {
        let decoration = &self.client.surfaces[window.0].decoration;
        let decoration = decoration
            .as_ref()
            .ok_or_else(|| Error::other("this window has no say in its decorations"))?;
        decoration.set_mode(mode);
        self.flush()
    }

    /// Changes the title.
    pub fn set_title(&mut self, window: Surface, title: &str) -> Result {
        self.toplevel(window)?.set_title(title.to_owned());
        self.flush()
    }

    /// Asks to be maximised, or to be no longer.
    pub fn set_maximized(&mut self, window: Surface, maximized: bool) -> Result {
        let toplevel = self.toplevel(window)?;
        if maximized {
            toplevel.set_maximized()
        } else {
            toplevel.unset_maximized()
        }
        self.flush()
    }

    /// Asks to fill the screen, or to do so no longer.
    pub fn set_fullscreen(&mut self, window: Surface, fullscreen: bool) -> Result {
        let toplevel = self.toplevel(window)?;
        if fullscreen {
            toplevel.set_fullscreen(None)
        } else {
            toplevel.unset_fullscreen()
        }
        self.flush()
    }

    /// Asks that the pointer, whose button is held, move the window.
    pub fn start_move(&mut self, window: Surface) -> Result {
        let seat = required(&self.client.globals.seat, "wl_seat")?;
        self.toplevel(window)?._move(&seat, self.client.serial);
        self.flush()
    }

    /// Asks that the pointer, whose button is held, resize the window.
    pub fn start_resize(&mut self, window: Surface, edge: ResizeEdge) -> Result {
        let seat = required(&self.client.globals.seat, "wl_seat")?;
        self.toplevel(window)?
            .resize(&seat, self.client.serial, edge);
        self.flush()
    }
}

impl Dispatch<XdgSurface, Surface> for Client {
    fn event(
        client: &mut Self,
        xdg_surface: &XdgSurface,
        event: xdg_surface::Event,
        surface: &Surface,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let xdg_surface::Event::Configure { serial } = event else {
            return;
        };
        xdg_surface.ack_configure(serial);
        let state = &mut client.surfaces[surface.0];
        match state.role {
            Role::Toplevel(..) => {
                let configure = Configure {
                    serial,
                    ..state.pending_configure.clone()
                };
                if configure.width > 0 {
                    state.size.0 = configure.width;
                }
                if configure.height > 0 {
                    state.size.1 = configure.height;
                }
                state.configures.push(configure);
            }
            _ => {
                if let Some(placement) = state.pending_placement.take() {
                    state.size = (placement.width, placement.height);
                    state.placements.push(placement);
                }
            }
        }
    }
}

impl Dispatch<XdgToplevel, Surface> for Client {
    fn event(
        client: &mut Self,
        _: &XdgToplevel,
        event: xdg_toplevel::Event,
        surface: &Surface,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let state = &mut client.surfaces[surface.0];
        let pending = &mut state.pending_configure;
        match event {
            xdg_toplevel::Event::Configure {
                width,
                height,
                states,
            } => {
                (pending.width, pending.height) = (width, height);
                pending.states = numbers(&states)
                    .filter_map(|s| State::try_from(s).ok())
                    .collect();
            }
            xdg_toplevel::Event::ConfigureBounds { width, height } => {
                pending.bounds = (width, height);
            }
            xdg_toplevel::Event::Close => state.close_requests += 1,
            _ => {}
        }
    }
}

impl Dispatch<ZxdgToplevelDecorationV1, Surface> for Client {
    fn event(
        client: &mut Self,
        _: &ZxdgToplevelDecorationV1,
        event: zxdg_toplevel_decoration_v1::Event,
        surface: &Surface,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        if let zxdg_toplevel_decoration_v1::Event::Configure {
            mode: WEnum::Value(mode),
        } = event
        {
            client.surfaces[surface.0].decorations.push(mode);
        }
    }
}

/// The numbers of a protocol array.
pub(super) fn numbers(array: &[u8]) -> impl Iterator<Item = u32> + '_ {
    array
        .chunks_exact(4)
        .map(|bytes| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
