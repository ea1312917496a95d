//! Wayland requests, one file per protocol. A handler turns a request into a call on the desktop,
//! the screen, the input or the clipboard; what should happen is decided there, not here.

mod commit_timing;
mod compositor;
mod content_type;
mod cursor_shape;
mod data_control;
mod decoration;
mod fifo;
mod foreign_toplevel_list;
mod foreign_toplevel_management;
mod fractional_scale;
mod idle_inhibit;
mod idle_notify;
mod image_capture_source;
mod image_copy_capture;
mod input_method;
mod kde_decoration;
mod keyboard_shortcuts_inhibit;
mod layer_shell;
mod output;
mod output_management;
mod pointer_constraints;
mod pointer_gestures;
mod presentation;
mod relative_pointer;
mod screencopy;
mod seat;
mod security_context;
mod selection;
mod session_lock;
mod shm;
mod single_pixel_buffer;
mod subsurface;
mod system_bell;
mod tablet;
mod text_input;
mod viewporter;
mod virtual_keyboard;
mod virtual_pointer;
mod xdg_activation;
mod xdg_dialog;
mod xdg_foreign;
mod xdg_rules;
mod xdg_shell;
mod xdg_toplevel_icon;
mod xdg_toplevel_tag;

use std::time::Duration;

use smithay::input::SeatState;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::WmCapabilities;
use smithay::reexports::wayland_protocols_misc::server_decoration::server::org_kde_kwin_server_decoration_manager::Mode as KdeMode;
use smithay::reexports::wayland_server::DisplayHandle;
use smithay::wayland::commit_timing::CommitTimingManagerState;
use smithay::reexports::wayland_protocols::ext::image_copy_capture::v1::server::ext_image_copy_capture_session_v1::ExtImageCopyCaptureSessionV1;
use smithay::wayland::compositor::CompositorState;
use smithay::wayland::content_type::ContentTypeState;
use smithay::wayland::cursor_shape::CursorShapeManagerState;
use smithay::wayland::fifo::FifoManagerState;
use smithay::wayland::fractional_scale::FractionalScaleManagerState;
use smithay::wayland::output::OutputManagerState;
use smithay::wayland::pointer_constraints::PointerConstraintsState;
use smithay::wayland::presentation::PresentationState;
use smithay::wayland::relative_pointer::RelativePointerManagerState;
use smithay::wayland::selection::data_device::DataDeviceState;
use smithay::wayland::selection::primary_selection::PrimarySelectionState;
use smithay::wayland::selection::{ext_data_control, wlr_data_control};
use smithay::wayland::shell::kde::decoration::KdeDecorationState;
use smithay::wayland::shell::wlr_layer::WlrLayerShellState;
use smithay::wayland::shell::xdg::XdgShellState;
use smithay::wayland::shell::xdg::decoration::XdgDecorationState;
use smithay::wayland::shell::xdg::dialog::XdgDialogState;
use smithay::wayland::shm::ShmState;
use smithay::wayland::single_pixel_buffer::SinglePixelBufferState;
use smithay::wayland::viewporter::ViewporterState;
use smithay::wayland::xdg_activation::XdgActivationState;
use smithay::wayland::xdg_foreign::XdgForeignState;
use smithay::wayland::xdg_system_bell::XdgSystemBellState;
use smithay::wayland::xdg_toplevel_tag::XdgToplevelTagManager;

use crate::clients::socket::is_trusted;
use crate::state::Offing;

use output_management::OutputManagers;

/// The clock of all times that clients are told: Linux's CLOCK_MONOTONIC.
const MONOTONIC: u32 = 1;

/// The part of each protocol that is smithay's, or in the place of that.
pub(crate) struct Protocols {
    pub(crate) compositor: CompositorState,
    pub(crate) shm: ShmState,
    pub(crate) seat: SeatState<Offing>,
    pub(crate) xdg_shell: XdgShellState,
    pub(crate) layer_shell: WlrLayerShellState,
    pub(crate) activation: XdgActivationState,
    pub(crate) data_device: DataDeviceState,
    pub(crate) primary_selection: PrimarySelectionState,
    pub(crate) ext_data_control: ext_data_control::DataControlState,
    pub(crate) wlr_data_control: wlr_data_control::DataControlState,
    pub(crate) foreign: XdgForeignState,
    pub(crate) kde_decoration: KdeDecorationState,
    /// Those that are told of a new size of what they copy.
    pub(crate) capture_sessions: Vec<ExtImageCopyCaptureSessionV1>,
    pub(crate) output_managers: OutputManagers,
    /// Those that only have to stay alive.
    _globals: Globals,
}

struct Globals {
    _output_manager: OutputManagerState,
    _decoration: XdgDecorationState,
    _viewporter: ViewporterState,
    _fractional_scale: FractionalScaleManagerState,
    _single_pixel_buffer: SinglePixelBufferState,
    _cursor_shape: CursorShapeManagerState,
    _pointer_constraints: PointerConstraintsState,
    _relative_pointer: RelativePointerManagerState,
    _system_bell: XdgSystemBellState,
    _presentation: PresentationState,
    _content_type: ContentTypeState,
    _fifo: FifoManagerState,
    _commit_timing: CommitTimingManagerState,
    _dialog: XdgDialogState,
    _toplevel_tag: XdgToplevelTagManager,
}

impl Protocols {
    pub(crate) fn new(display: &DisplayHandle) -> Self {
        let primary = PrimarySelectionState::new::<Offing>(display);
        foreign_toplevel_list::offer(display);
        foreign_toplevel_management::offer(display);
        idle_inhibit::offer(display);
        idle_notify::offer(display);
        image_capture_source::offer(display);
        image_copy_capture::offer(display);
        input_method::offer(display);
        keyboard_shortcuts_inhibit::offer(display);
        output_management::offer(display);
        pointer_gestures::offer(display);
        screencopy::offer(display);
        tablet::offer(display);
        text_input::offer(display);
        virtual_keyboard::offer(display);
        virtual_pointer::offer(display);
        security_context::offer(display);
        session_lock::offer(display);
        xdg_toplevel_icon::offer(display);
        Self {
            compositor: CompositorState::new_v6::<Offing>(display),
            shm: ShmState::new::<Offing>(display, []),
            seat: SeatState::new(),
            xdg_shell: XdgShellState::new_with_capabilities::<Offing>(
                display,
                [
                    WmCapabilities::Maximize,
                    WmCapabilities::Fullscreen,
                    WmCapabilities::Minimize,
                ],
            ),
            layer_shell: WlrLayerShellState::new_with_filter::<Offing, _>(display, is_trusted),
            activation: XdgActivationState::new::<Offing>(display),
            data_device: DataDeviceState::new::<Offing>(display),
            ext_data_control: ext_data_control::DataControlState::new::<Offing, _>(
                display,
                Some(&primary),
                is_trusted,
            ),
            wlr_data_control: wlr_data_control::DataControlState::new::<Offing, _>(
                display,
                Some(&primary),
                is_trusted,
            ),
            primary_selection: primary,
            foreign: XdgForeignState::new::<Offing>(display),
            kde_decoration: KdeDecorationState::new::<Offing>(display, KdeMode::Server),
            capture_sessions: Vec::new(),
            output_managers: OutputManagers::default(),
            _globals: Globals {
                _output_manager: OutputManagerState::new_with_xdg_output::<Offing>(display),
                _decoration: XdgDecorationState::new::<Offing>(display),
                _viewporter: ViewporterState::new::<Offing>(display),
                _fractional_scale: FractionalScaleManagerState::new::<Offing>(display),
                _single_pixel_buffer: SinglePixelBufferState::new::<Offing>(display),
                _cursor_shape: CursorShapeManagerState::new::<Offing>(display),
                _pointer_constraints: PointerConstraintsState::new::<Offing>(display),
                _relative_pointer: RelativePointerManagerState::new::<Offing>(display),
                _system_bell: XdgSystemBellState::new::<Offing>(display),
                _presentation: PresentationState::new::<Offing>(display, MONOTONIC),
                _content_type: ContentTypeState::new::<Offing>(display),
                _fifo: FifoManagerState::new::<Offing>(display),
                _commit_timing: CommitTimingManagerState::new::<Offing>(display),
                _dialog: XdgDialogState::new::<Offing>(display),
                _toplevel_tag: XdgToplevelTagManager::new::<Offing>(display),
            },
        }
    }
}

/// A time as events carry it: the high and the low half of its seconds, and nanoseconds.
fn split_time(time: Duration) -> (u32, u32, u32) {
    let seconds = time.as_secs();
    ((seconds >> 32) as u32, seconds as u32, time.subsec_nanos())
}
