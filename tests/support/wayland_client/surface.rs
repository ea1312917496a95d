use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, memfd_create};
use wayland_client::protocol::wl_buffer::{self, WlBuffer};
use wayland_client::protocol::wl_shm::Format;
use wayland_client::protocol::wl_shm_pool::WlShmPool;
use wayland_client::protocol::wl_subsurface::WlSubsurface;
use wayland_client::protocol::wl_surface::{self, WlSurface};
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, delegate_noop};
use wayland_protocols::ext::session_lock::v1::client::ext_session_lock_surface_v1::ExtSessionLockSurfaceV1;
use wayland_protocols::wp::fractional_scale::v1::client::wp_fractional_scale_v1::{
    self, WpFractionalScaleV1,
};
use wayland_protocols::wp::viewporter::client::wp_viewport::WpViewport;
use wayland_protocols::xdg::decoration::zv1::client::zxdg_toplevel_decoration_v1::{
    Mode, ZxdgToplevelDecorationV1,
};
use wayland_protocols::xdg::shell::client::xdg_popup::XdgPopup;
use wayland_protocols::xdg::shell::client::xdg_surface::XdgSurface;
use wayland_protocols::xdg::shell::client::xdg_toplevel::XdgToplevel;
use wayland_protocols_wlr::layer_shell::v1::client::zwlr_layer_surface_v1::ZwlrLayerSurfaceV1;

use super::content::Content;
use super::popup::Placement;
use super::window::Configure;
use super::{Callback, Client, WaylandClient, required};
use crate::picture::Rect;
use crate::{Error, Result};

/// The name that a test has for a surface: a window, a panel, a popup, a subsurface or a
/// cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Surface(pub(super) usize);

/// What a surface was told so far.
#[derive(Debug)]
pub struct SurfaceState {
    /// The size to draw next, in surface coordinates: the one last configured, or else the one
    /// wished for.
    pub size: (i32, i32),
    /// The size that was drawn last.
    pub drawn: (i32, i32),
    /// The configurations of a window, panel or lock. Each was acknowledged at once.
    pub configures: Vec<Configure>,
    /// The configurations of a popup. Each was acknowledged at once.
    pub placements: Vec<Placement>,
    /// How often a window was asked to close.
    pub close_requests: usize,
    /// A popup was dismissed.
    pub dismissed: bool,
    /// How many frame callbacks were answered. Each drawing asks for one.
    pub frames: usize,
    /// How many buffers were given back.
    pub releases: usize,
    /// On how many outputs it is.
    pub outputs: usize,
    /// The scale it should be drawn at (wp_fractional_scale_v1).
    pub preferred_scale: Option<f64>,
    /// The scale it should be drawn at, as a whole number (wl_surface, version 6).
    pub preferred_buffer_scale: Option<i32>,
    /// The modes of decoration it was told.
    pub decorations: Vec<Mode>,
    pub(super) surface: WlSurface,
    pub(super) role: Role,
    pub(super) decoration: Option<ZxdgToplevelDecorationV1>,
    viewport: Option<WpViewport>,
    /// What is drawn around a window's geometry: left, top, right, bottom.
    pub(super) shadow: Option<[i32; 4]>,
    fractional_scale: Option<WpFractionalScaleV1>,
    buffer_scale: i32,
    has_buffer: bool,
    /// The parts of the next configuration that came so far.
    pub(super) pending_configure: Configure,
    pub(super) pending_placement: Option<Placement>,
}

#[derive(Debug)]
pub(super) enum Role {
    None,
    Toplevel(XdgSurface, XdgToplevel),
    Popup(XdgSurface, XdgPopup),
    Subsurface(WlSubsurface),
    Panel(ZwlrLayerSurfaceV1),
    Lock(ExtSessionLockSurfaceV1),
}

impl WaylandClient {
    /// What a surface was told so far.
    pub fn surface(&self, surface: Surface) -> &SurfaceState {
        &self.client.surfaces[surface.0]
    }

    /// The protocol's object, to be used at will.
    pub fn wl_surface(&self, surface: Surface) -> &WlSurface {
        &self.client.surfaces[surface.0].surface
    }

    /// A surface without a role and content.
    pub fn create_surface(&mut self, width: i32, height: i32) -> Result<Surface> {
        let compositor = required(&self.client.globals.compositor, "wl_compositor")?;
        let id = Surface(self.client.surfaces.len());
        let handle = self.queue.handle();
        let surface = compositor.create_surface(&handle, id);
        let manager = self.client.globals.fractional_scale_manager.as_ref();
        let fractional_scale =
            manager.map(|manager| manager.get_fractional_scale(&surface, &handle, id));
        self.client.surfaces.push(SurfaceState {
            size: (width, height),
            drawn: (0, 0),
            configures: Vec::new(),
            placements: Vec::new(),
            close_requests: 0,
            dismissed: false,
            frames: 0,
            releases: 0,
            outputs: 0,
            preferred_scale: None,
            preferred_buffer_scale: None,
            decorations: Vec::new(),
            surface,
            role: Role::None,
            decoration: None,
            viewport: None,
            shadow: None,
            fractional_scale,
            buffer_scale: 1,
            has_buffer: false,
            pending_configure: Configure::default(),
            pending_placement: None,
        });
        Ok(id)
    }

    /// Draws a surface anew, at the size it has, and commits it.
    pub fn draw(&mut self, surface: Surface, content: impl Into<Content>) -> Result {
        let everything = Rect::new(0, 0, i32::MAX as usize, i32::MAX as usize);
        self.draw_damaging(surface, content, everything)
    }

    /// Draws a surface anew, but says that only the pixels of the buffer inside `damage` changed.
    pub fn draw_damaging(
        &mut self,
        surface: Surface,
        content: impl Into<Content>,
        damage: Rect,
    ) -> Result {
        let state = &self.client.surfaces[surface.0];
        let scale = state.buffer_scale;
        let (width, height) = state.extent();
        let (width, height) = (width * scale, height * scale);
        let buffer = self.create_buffer(surface, width, height, &content.into())?;
        let state = &mut self.client.surfaces[surface.0];
        state.has_buffer = true;
        state.drawn = state.size;
        if let (Some([left, top, ..]), Role::Toplevel(window, _)) = (state.shadow, &state.role) {
            window.set_window_geometry(left, top, state.size.0, state.size.1);
        }
        state.surface.attach(Some(&buffer), 0, 0);
        let Rect {
            x,
            y,
            width,
            height,
        } = damage;
        state
            .surface
            .damage_buffer(x as i32, y as i32, width as i32, height as i32);
        state
            .surface
            .frame(&self.queue.handle(), Callback::Frame(surface));
        self.commit(surface)
    }

    /// Wishes another size for what is drawn next.
    pub fn resize(&mut self, surface: Surface, width: i32, height: i32) {
        self.client.surfaces[surface.0].size = (width, height);
    }

    /// Takes the content away.
    pub fn unmap(&mut self, surface: Surface) -> Result {
        let state = &mut self.client.surfaces[surface.0];
        state.has_buffer = false;
        state.surface.attach(None, 0, 0);
        self.commit(surface)
    }

    /// Commits what was set, without drawing.
    pub fn commit(&mut self, surface: Surface) -> Result {
        self.client.surfaces[surface.0].surface.commit();
        self.flush()
    }

    /// Moves the content by this much with the next commit.
    pub fn offset(&mut self, surface: Surface, x: i32, y: i32) {
        self.client.surfaces[surface.0].surface.offset(x, y);
    }

    /// Draws from now on `scale` pixels of the buffer for each of the surface, both ways.
    pub fn set_buffer_scale(&mut self, surface: Surface, scale: i32) {
        let state = &mut self.client.surfaces[surface.0];
        state.buffer_scale = scale;
        state.surface.set_buffer_scale(scale);
    }

    /// Shows, from the next commit on, the part `source` of the buffer (x, y, width, height) at
    /// the size `destination`; each is left as it is where it is `None`.
    pub fn set_viewport(
        &mut self,
        surface: Surface,
        source: Option<(f64, f64, f64, f64)>,
        destination: Option<(i32, i32)>,
    ) -> Result {
        let viewporter = required(&self.client.globals.viewporter, "wp_viewporter")?;
        let handle = self.queue.handle();
        let state = &mut self.client.surfaces[surface.0];
        let viewport = state
            .viewport
            .get_or_insert_with(|| viewporter.get_viewport(&state.surface, &handle, ()));
        if let Some((x, y, width, height)) = source {
            viewport.set_source(x, y, width, height);
        }
        if let Some((width, height)) = destination {
            viewport.set_destination(width, height);
        }
        Ok(())
    }

    /// A child of `parent`, drawn above it at (`x`, `y`). It shows once the parent is committed,
    /// and is in step with it unless `desync`.
    pub fn add_subsurface(
        &mut self,
        parent: Surface,
        (x, y): (i32, i32),
        (width, height): (i32, i32),
        content: impl Into<Content>,
        desync: bool,
    ) -> Result<Surface> {
        let subcompositor = required(&self.client.globals.subcompositor, "wl_subcompositor")?;
        let child = self.create_surface(width, height)?;
        let (surface, above) = (self.wl_surface(child), self.wl_surface(parent));
        let subsurface = subcompositor.get_subsurface(surface, above, &self.queue.handle(), ());
        subsurface.set_position(x, y);
        if desync {
            subsurface.set_desync();
        }
        self.client.surfaces[child.0].role = Role::Subsurface(subsurface);
        self.draw(child, content)?;
        Ok(child)
    }

    /// Moves a subsurface. It moves once the parent is committed.
    pub fn place_subsurface(&mut self, child: Surface, x: i32, y: i32) -> Result {
        let Role::Subsurface(subsurface) = &self.client.surfaces[child.0].role else {
            return Err(Error::other("this surface is no subsurface"));
        };
        subsurface.set_position(x, y);
        self.flush()
    }

    /// Destroys a surface and its role. What it was told can still be looked at.
    pub fn destroy(&mut self, surface: Surface) -> Result {
        let state = &mut self.client.surfaces[surface.0];
        if let Some(decoration) = state.decoration.take() {
            decoration.destroy();
        }
        if let Some(viewport) = state.viewport.take() {
            viewport.destroy();
        }
        if let Some(fractional_scale) = state.fractional_scale.take() {
            fractional_scale.destroy();
        }
        match std::mem::replace(&mut state.role, Role::None) {
            Role::None => {}
            Role::Toplevel(xdg_surface, toplevel) => {
                toplevel.destroy();
                xdg_surface.destroy();
            }
            Role::Popup(xdg_surface, popup) => {
                popup.destroy();
                xdg_surface.destroy();
            }
            Role::Subsurface(subsurface) => subsurface.destroy(),
            Role::Panel(role) => role.destroy(),
            Role::Lock(role) => role.destroy(),
        }
        state.surface.destroy();
        self.flush()
    }

    /// A buffer of its own memory. It is destroyed when the compositor gives it back.
    fn create_buffer(
        &mut self,
        surface: Surface,
        width: i32,
        height: i32,
        content: &Content,
    ) -> Result<WlBuffer> {
        let shm = required(&self.client.globals.shm, "wl_shm")?;
        let bytes = content.bytes(width.max(0) as usize, height.max(0) as usize);
        let file = File::from(memfd_create("offing-tests", MemfdFlags::CLOEXEC)?);
        file.write_all_at(&bytes, 0)?;
        let format = if content.is_opaque() {
            Format::Xrgb8888
        } else {
            Format::Argb8888
        };
        let handle = self.queue.handle();
        let pool = shm.create_pool(file.as_fd(), bytes.len() as i32, &handle, ());
        let buffer = pool.create_buffer(0, width, height, width * 4, format, &handle, surface);
        pool.destroy();
        // The file must live until it is sent.
        self.flush()?;
        Ok(buffer)
    }
}

impl SurfaceState {
    /// Whether it was given content that was not taken away.
    pub fn is_drawn(&self) -> bool {
        self.has_buffer
    }

    /// The size of all that is drawn next, in surface coordinates: a window's with its shadow.
    pub fn extent(&self) -> (i32, i32) {
        let [left, top, right, bottom] = self.shadow.unwrap_or_default();
        (self.size.0 + left + right, self.size.1 + top + bottom)
    }
}

/// The name that a test has for a surface of the protocol.
pub(super) fn name_of(surface: &WlSurface) -> Option<Surface> {
    surface.data::<Surface>().copied()
}

impl Dispatch<WlSurface, Surface> for Client {
    fn event(
        client: &mut Self,
        _: &WlSurface,
        event: wl_surface::Event,
        surface: &Surface,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let state = &mut client.surfaces[surface.0];
        match event {
            wl_surface::Event::Enter { .. } => state.outputs += 1,
            wl_surface::Event::Leave { .. } => state.outputs = state.outputs.saturating_sub(1),
            wl_surface::Event::PreferredBufferScale { factor } => {
                state.preferred_buffer_scale = Some(factor);
            }
            _ => {}
        }
    }
}

impl Dispatch<WlBuffer, Surface> for Client {
    fn event(
        client: &mut Self,
        buffer: &WlBuffer,
        event: wl_buffer::Event,
        surface: &Surface,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_buffer::Event::Release = event {
            buffer.destroy();
            client.surfaces[surface.0].releases += 1;
        }
    }
}

impl Dispatch<WpFractionalScaleV1, Surface> for Client {
    fn event(
        client: &mut Self,
        _: &WpFractionalScaleV1,
        event: wp_fractional_scale_v1::Event,
        surface: &Surface,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        if let wp_fractional_scale_v1::Event::PreferredScale { scale } = event {
            client.surfaces[surface.0].preferred_scale = Some(f64::from(scale) / 120.0);
        }
    }
}

delegate_noop!(Client: WlShmPool);
delegate_noop!(Client: WlSubsurface);
delegate_noop!(Client: WpViewport);
