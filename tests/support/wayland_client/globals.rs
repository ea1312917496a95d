use wayland_client::protocol::wl_compositor::WlCompositor;
use wayland_client::protocol::wl_data_device_manager::WlDataDeviceManager;
use wayland_client::protocol::wl_output::{self, WlOutput};
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_region::WlRegion;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::protocol::wl_shm::WlShm;
use wayland_client::protocol::wl_subcompositor::WlSubcompositor;
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, WEnum, delegate_noop};
use wayland_protocols::ext::session_lock::v1::client::ext_session_lock_manager_v1::ExtSessionLockManagerV1;
use wayland_protocols::wp::cursor_shape::v1::client::wp_cursor_shape_manager_v1::WpCursorShapeManagerV1;
use wayland_protocols::wp::fractional_scale::v1::client::wp_fractional_scale_manager_v1::WpFractionalScaleManagerV1;
use wayland_protocols::wp::pointer_constraints::zv1::client::zwp_pointer_constraints_v1::ZwpPointerConstraintsV1;
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_device_manager_v1::ZwpPrimarySelectionDeviceManagerV1;
use wayland_protocols::wp::relative_pointer::zv1::client::zwp_relative_pointer_manager_v1::ZwpRelativePointerManagerV1;
use wayland_protocols::wp::viewporter::client::wp_viewporter::WpViewporter;
use wayland_protocols::xdg::decoration::zv1::client::zxdg_decoration_manager_v1::ZxdgDecorationManagerV1;
use wayland_protocols::xdg::shell::client::xdg_wm_base::{self, XdgWmBase};
use wayland_protocols_wlr::layer_shell::v1::client::zwlr_layer_shell_v1::ZwlrLayerShellV1;

use super::{Client, WaylandClient};

/// A global that the compositor offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// Its number, to bind it by.
    pub name: u32,
    /// Its interface, as `wl_compositor`.
    pub interface: String,
    /// The highest version.
    pub version: u32,
}

/// The globals of a compositor, and those of them that this client uses.
#[derive(Default)]
pub(super) struct Globals {
    pub(super) advertised: Vec<Advertised>,
    pub(super) compositor: Option<WlCompositor>,
    pub(super) subcompositor: Option<WlSubcompositor>,
    pub(super) shm: Option<WlShm>,
    pub(super) wm_base: Option<XdgWmBase>,
    pub(super) layer_shell: Option<ZwlrLayerShellV1>,
    pub(super) seat: Option<WlSeat>,
    pub(super) output: Option<WlOutput>,
    pub(super) lock_manager: Option<ExtSessionLockManagerV1>,
    pub(super) data_device_manager: Option<WlDataDeviceManager>,
    pub(super) primary_selection_manager: Option<ZwpPrimarySelectionDeviceManagerV1>,
    pub(super) viewporter: Option<WpViewporter>,
    pub(super) fractional_scale_manager: Option<WpFractionalScaleManagerV1>,
    pub(super) decoration_manager: Option<ZxdgDecorationManagerV1>,
    pub(super) cursor_shape_manager: Option<WpCursorShapeManagerV1>,
    pub(super) pointer_constraints: Option<ZwpPointerConstraintsV1>,
    pub(super) relative_pointer_manager: Option<ZwpRelativePointerManagerV1>,
}

/// An output, as it described itself last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputState {
    /// Its name.
    pub name: String,
    /// Width and height of its current mode, in its own pixels.
    pub mode: (i32, i32),
    /// Whether that is the preferred one.
    pub is_preferred: bool,
    /// Its refresh rate in millihertz.
    pub refresh: i32,
    /// Its size in millimetres.
    pub physical_size: (i32, i32),
    /// Its whole-number scale.
    pub scale: i32,
    /// How often it finished describing itself.
    pub changes: usize,
}

impl WaylandClient {
    /// The globals that the compositor offers now.
    pub fn advertised(&self) -> &[Advertised] {
        &self.client.globals.advertised
    }

    /// The highest version of a global, if it is offered.
    pub fn version_of(&self, interface: &str) -> Option<u32> {
        let global = self
            .advertised()
            .iter()
            .find(|global| global.interface == interface);
        global.map(|global| global.version)
    }

    /// The outputs, in the order they were offered.
    pub fn outputs(&self) -> &[OutputState] {
        &self.client.outputs
    }

    pub(super) fn bind_globals(&mut self) {
        let binder = Binder {
            advertised: self.client.globals.advertised.clone(),
            registry: self.registry.clone(),
            handle: self.queue.handle(),
        };
        for global in &binder.advertised {
            if global.interface == WlOutput::interface().name {
                let version = global.version.min(4);
                let number = self.client.outputs.len();
                let output = self.registry.bind::<WlOutput, _, _>(
                    global.name,
                    version,
                    &binder.handle,
                    number,
                );
                self.client.globals.output = Some(output);
                self.client.outputs.push(OutputState::default());
            }
        }
        let globals = &mut self.client.globals;
        globals.compositor = binder.bind(6);
        globals.subcompositor = binder.bind(1);
        globals.shm = binder.bind(1);
        globals.wm_base = binder.bind(6);
        globals.layer_shell = binder.bind(4);
        globals.seat = binder.bind(9);
        globals.data_device_manager = binder.bind(3);
        globals.primary_selection_manager = binder.bind(1);
        globals.viewporter = binder.bind(1);
        globals.fractional_scale_manager = binder.bind(1);
        globals.decoration_manager = binder.bind(1);
        globals.cursor_shape_manager = binder.bind(1);
        globals.pointer_constraints = binder.bind(1);
        globals.relative_pointer_manager = binder.bind(1);
        globals.lock_manager = binder.bind(1);
        self.open_selections();
    }
}

struct Binder {
    advertised: Vec<Advertised>,
    registry: WlRegistry,
    handle: QueueHandle<Client>,
}

impl Binder {
    /// Binds the first global of this interface, in a version of at most `version`.
    fn bind<I>(&self, version: u32) -> Option<I>
    where
        I: Proxy + 'static,
        Client: Dispatch<I, ()>,
    {
        let global = self
            .advertised
            .iter()
            .find(|g| g.interface == I::interface().name)?;
        Some(
            self.registry
                .bind(global.name, global.version.min(version), &self.handle, ()),
        )
    }
}

impl Dispatch<WlRegistry, ()> for Client {
    fn event(
        client: &mut Self,
        _: &WlRegistry,
        event: wl_registry::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            wl_registry::Event::Global {
                name,
                interface,
                version,
            } => {
                client.globals.advertised.push(Advertised {
                    name,
                    interface,
                    version,
                });
            }
            wl_registry::Event::GlobalRemove { name } => {
                client
                    .globals
                    .advertised
                    .retain(|global| global.name != name);
            }
            _ => {}
        }
    }
}

impl Dispatch<WlOutput, usize> for Client {
    fn event(
        client: &mut Self,
        _: &WlOutput,
        event: wl_output::Event,
        number: &usize,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let output = &mut client.outputs[*number];
        match event {
            wl_output::Event::Geometry {
                physical_width,
                physical_height,
                ..
            } => {
                output.physical_size = (physical_width, physical_height);
            }
            wl_output::Event::Mode {
                flags: WEnum::Value(flags),
                width,
                height,
                refresh,
            } if flags.contains(wl_output::Mode::Current) => {
                (output.mode, output.refresh) = ((width, height), refresh);
                output.is_preferred = flags.contains(wl_output::Mode::Preferred);
            }
            wl_output::Event::Scale { factor } => output.scale = factor,
            wl_output::Event::Name { name } => output.name = name,
            wl_output::Event::Done => output.changes += 1,
            _ => {}
        }
    }
}

impl Dispatch<XdgWmBase, ()> for Client {
    fn event(
        _: &mut Self,
        wm_base: &XdgWmBase,
        event: xdg_wm_base::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            wm_base.pong(serial);
        }
    }
}

delegate_noop!(Client: ignore WlShm);
delegate_noop!(Client: WlCompositor);
delegate_noop!(Client: WlRegion);
delegate_noop!(Client: WlSubcompositor);
delegate_noop!(Client: WlDataDeviceManager);
delegate_noop!(Client: ZwpPrimarySelectionDeviceManagerV1);
delegate_noop!(Client: WpViewporter);
delegate_noop!(Client: WpFractionalScaleManagerV1);
delegate_noop!(Client: ZxdgDecorationManagerV1);
delegate_noop!(Client: WpCursorShapeManagerV1);
