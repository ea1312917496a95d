use wayland_client::{Connection, Dispatch, QueueHandle, delegate_noop};
use wayland_protocols_wlr::layer_shell::v1::client::zwlr_layer_shell_v1::{
    Layer, ZwlrLayerShellV1,
};
use wayland_protocols_wlr::layer_shell::v1::client::zwlr_layer_surface_v1::{
    self, Anchor, KeyboardInteractivity, ZwlrLayerSurfaceV1,
};

use super::content::Content;
use super::surface::{Role, Surface};
use super::window::Configure;
use super::{Client, WaylandClient, required};
use crate::{Error, Result, soon};

/// A panel (a surface of the layer shell) to be opened.
#[derive(Clone, Debug)]
pub struct Panel {
    layer: Layer,
    anchor: Anchor,
    size: (u32, u32),
    zone: i32,
    keyboard: KeyboardInteractivity,
    content: Option<Content>,
}

impl Panel {
    /// A panel at these edges; a side of 0 is as long as there is room.
    pub fn new(layer: Layer, anchor: Anchor, width: u32, height: u32) -> Self {
        Self {
            layer,
            anchor,
            size: (width, height),
            zone: 0,
            keyboard: KeyboardInteractivity::None,
            content: None,
        }
    }

    /// Reserves so much of the screen; -1 ignores what others reserve.
    #[must_use]
    pub fn zone(mut self, zone: i32) -> Self {
        self.zone = zone;
        self
    }

    /// Says whether it wants keys.
    #[must_use]
    pub fn keyboard(mut self, keyboard: KeyboardInteractivity) -> Self {
        self.keyboard = keyboard;
        self
    }

    /// Draws this in it as soon as it is configured, so that it shows.
    #[must_use]
    pub fn content(mut self, content: impl Into<Content>) -> Self {
        self.content = Some(content.into());
        self
    }
}

impl WaylandClient {
    /// Opens a panel: waits for its first configuration, and draws what it has to show.
    pub fn open_panel(&mut self, panel: Panel) -> Result<Surface> {
        let shell = required(&self.client.globals.layer_shell, "zwlr_layer_shell_v1")?;
        let (width, height) = panel.size;
        let id = self.create_surface(width as i32, height as i32)?;
        let (surface, handle) = (self.wl_surface(id), self.queue.handle());
        let namespace = "offing-tests".to_owned();
        let role = shell.get_layer_surface(surface, None, panel.layer, namespace, &handle, id);
        role.set_anchor(panel.anchor);
        role.set_size(width, height);
        role.set_exclusive_zone(panel.zone);
        role.set_keyboard_interactivity(panel.keyboard);
        self.client.surfaces[id.0].role = Role::Panel(role);
        self.configured(id)?;
        if let Some(content) = panel.content {
            self.draw(id, content)?;
            self.roundtrip()?;
        }
        Ok(id)
    }

    /// Commits a panel that shows nothing, and waits for the answer.
    pub fn configured(&mut self, panel: Surface) -> Result {
        let before = self.surface(panel).configures.len();
        self.commit(panel)?;
        self.dispatch_until(soon(), "the configuration of a panel", |client| {
            client.surface(panel).configures.len() > before
        })
    }

    /// The protocol's object of a panel, to be used at will.
    pub fn panel(&self, panel: Surface) -> Result<&ZwlrLayerSurfaceV1> {
        match &self.client.surfaces[panel.0].role {
            Role::Panel(role) => Ok(role),
            _ => Err(Error::other("this surface is no panel")),
        }
    }
}

impl Dispatch<ZwlrLayerSurfaceV1, Surface> for Client {
    fn event(
        client: &mut Self,
        role: &ZwlrLayerSurfaceV1,
        event: zwlr_layer_surface_v1::Event,
        surface: &Surface,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let state = &mut client.surfaces[surface.0];
        match event {
            zwlr_layer_surface_v1::Event::Configure {
                serial,
                width,
                height,
            } => {
                role.ack_configure(serial);
                state.size = (width as i32, height as i32);
                state.configures.push(Configure {
                    serial,
                    width: width as i32,
                    height: height as i32,
                    ..Configure::default()
                });
            }
            zwlr_layer_surface_v1::Event::Closed => state.close_requests += 1,
            _ => {}
        }
    }
}

delegate_noop!(Client: ZwlrLayerShellV1);
