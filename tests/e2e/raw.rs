//! Objects of the protocol that the tests' usual client has no words for.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use offing_tests::wayland_client::protocol::{
    State, wl_compositor, wl_output, wl_region, wl_seat, wl_shm, wl_shm_pool, xdg_popup,
    xdg_surface, xdg_toplevel, xdg_wm_base,
};
use offing_tests::wayland_client::{Client, Positioner, Surface, WaylandClient};
use offing_tests::{Error, Result, soon};
use rustix::fs::{MemfdFlags, memfd_create};
use wayland_client::protocol::wl_keyboard::KeyState;
use wayland_client::protocol::{wl_buffer, wl_pointer};
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, WEnum};
use wayland_protocols::ext::idle_notify::v1::client::{
    ext_idle_notification_v1, ext_idle_notifier_v1,
};
use wayland_protocols::ext::image_capture_source::v1::client::{
    ext_foreign_toplevel_image_capture_source_manager_v1, ext_image_capture_source_v1,
    ext_output_image_capture_source_manager_v1,
};
use wayland_protocols::ext::image_copy_capture::v1::client::{
    ext_image_copy_capture_cursor_session_v1, ext_image_copy_capture_manager_v1,
};
use wayland_protocols::wp::commit_timing::v1::client::{
    wp_commit_timer_v1, wp_commit_timing_manager_v1,
};
use wayland_protocols::wp::content_type::v1::client::{
    wp_content_type_manager_v1, wp_content_type_v1,
};
use wayland_protocols::wp::fifo::v1::client::{wp_fifo_manager_v1, wp_fifo_v1};
use wayland_protocols::wp::idle_inhibit::zv1::client::{
    zwp_idle_inhibit_manager_v1, zwp_idle_inhibitor_v1,
};
use wayland_protocols::wp::keyboard_shortcuts_inhibit::zv1::client::{
    zwp_keyboard_shortcuts_inhibit_manager_v1, zwp_keyboard_shortcuts_inhibitor_v1,
};
use wayland_protocols::wp::pointer_gestures::zv1::client::{
    zwp_pointer_gesture_hold_v1, zwp_pointer_gesture_pinch_v1, zwp_pointer_gesture_swipe_v1,
    zwp_pointer_gestures_v1,
};
use wayland_protocols::wp::presentation_time::client::wp_presentation::{self, WpPresentation};
use wayland_protocols::wp::presentation_time::client::wp_presentation_feedback::{
    self, WpPresentationFeedback,
};
use wayland_protocols::wp::security_context::v1::client::{
    wp_security_context_manager_v1, wp_security_context_v1,
};
use wayland_protocols::wp::single_pixel_buffer::v1::client::wp_single_pixel_buffer_manager_v1;
use wayland_protocols::wp::tablet::zv2::client::{zwp_tablet_manager_v2, zwp_tablet_seat_v2};
use wayland_protocols::wp::text_input::zv3::client::{
    zwp_text_input_manager_v3, zwp_text_input_v3,
};
use wayland_protocols::xdg::activation::v1::client::xdg_activation_token_v1::{
    self, XdgActivationTokenV1,
};
use wayland_protocols::xdg::activation::v1::client::xdg_activation_v1;
use wayland_protocols::xdg::decoration::zv1::client::{
    zxdg_decoration_manager_v1, zxdg_toplevel_decoration_v1,
};
use wayland_protocols::xdg::dialog::v1::client::{xdg_dialog_v1, xdg_wm_dialog_v1};
use wayland_protocols::xdg::foreign::zv2::client::zxdg_exported_v2::{self, ZxdgExportedV2};
use wayland_protocols::xdg::foreign::zv2::client::{
    zxdg_exporter_v2, zxdg_imported_v2, zxdg_importer_v2,
};
use wayland_protocols::xdg::shell::client::xdg_positioner;
use wayland_protocols::xdg::system_bell::v1::client::xdg_system_bell_v1;
use wayland_protocols::xdg::toplevel_icon::v1::client::{
    xdg_toplevel_icon_manager_v1, xdg_toplevel_icon_v1,
};
use wayland_protocols::xdg::toplevel_tag::v1::client::xdg_toplevel_tag_manager_v1;
use wayland_protocols::xdg::xdg_output::zv1::client::{zxdg_output_manager_v1, zxdg_output_v1};
use wayland_protocols_misc::server_decoration::client::{
    org_kde_kwin_server_decoration, org_kde_kwin_server_decoration_manager,
};
use wayland_protocols_misc::zwp_input_method_v2::client::{
    zwp_input_method_keyboard_grab_v2, zwp_input_method_manager_v2, zwp_input_method_v2,
    zwp_input_popup_surface_v2,
};
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::{
    zwp_virtual_keyboard_manager_v1, zwp_virtual_keyboard_v1,
};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_manager_v1;
use wayland_protocols_wlr::virtual_pointer::v1::client::{
    zwlr_virtual_pointer_manager_v1, zwlr_virtual_pointer_v1,
};
use xdg_surface::XdgSurface;
use xdg_toplevel::XdgToplevel;
use xdg_wm_base::XdgWmBase;
use zwp_input_method_keyboard_grab_v2::ZwpInputMethodKeyboardGrabV2;
use zxdg_output_v1::ZxdgOutputV1;

use crate::capture;

/// Marks the objects of these tests, and collects what they are told.
#[derive(Clone, Default)]
pub(crate) struct Own(Arc<Mutex<Told>>);

/// What the objects with the same [`Own`] were told.
#[derive(Default)]
pub(crate) struct Told {
    /// Width, height and states of each configuration of a window.
    pub(crate) configures: Vec<(i32, i32, Vec<u8>)>,
    /// The last size of an xdg_output, in logical units.
    pub(crate) logical_size: (i32, i32),
    /// The clock of wp_presentation.
    pub(crate) clock: Option<u32>,
    /// What wp_presentation told of commits, in order.
    pub(crate) feedback: Vec<Feedback>,
    /// A token of xdg_activation, or the handle of an exported window.
    pub(crate) token: Option<String>,
    /// The events of objects that have no field of their own here, as Rust writes them.
    pub(crate) events: Vec<String>,
    /// The keys of an input method's grab: evdev codes.
    pub(crate) keys: Vec<(u32, bool)>,
    /// The last keymap of such a grab, and its size.
    pub(crate) keymap: Option<(OwnedFd, u32)>,
    /// What a client that copies the screen was told.
    pub(crate) capture: capture::Told,
}

/// Whether what was committed was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feedback {
    /// It was, at this time; refresh in nanoseconds.
    Presented {
        time: Duration,
        refresh: u32,
        sequence: u64,
        flags: u32,
    },
    /// It was not.
    Discarded,
}

impl Own {
    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Binds a global once more.
pub(crate) fn bind<I>(client: &WaylandClient, version: u32, own: &Own) -> Result<I>
where
    I: Proxy + 'static,
    Client: Dispatch<I, Own>,
{
    let interface = I::interface().name;
    let mut advertised = client.advertised().iter();
    let global = advertised.find(|global| global.interface == interface);
    let global = global.ok_or_else(|| Error::other(format!("no {interface} is offered")))?;
    let handle = client.queue_handle();
    Ok(client
        .registry()
        .bind(global.name, version, &handle, own.clone()))
}

/// A file in memory with these bytes.
pub(crate) fn memory(bytes: &[u8]) -> Result<File> {
    let file = File::from(memfd_create("offing-tests", MemfdFlags::CLOEXEC)?);
    file.write_all_at(bytes, 0)?;
    Ok(file)
}

/// A window all of whose protocol is at hand.
pub(crate) struct RawWindow {
    /// What it is drawn with.
    pub(crate) surface: Surface,
    pub(crate) xdg_surface: XdgSurface,
    pub(crate) toplevel: XdgToplevel,
    pub(crate) own: Own,
}

impl RawWindow {
    /// A window that wishes to have this size, with nothing drawn: waits for its configuration.
    /// It has its parent from the start.
    pub(crate) fn open(
        client: &mut WaylandClient,
        title: &str,
        (width, height): (i32, i32),
        parent: Option<Surface>,
    ) -> Result<Self> {
        let own = Own::default();
        let handle = client.queue_handle();
        let wm_base: XdgWmBase = bind(client, 6, &own)?;
        let surface = client.create_surface(width, height)?;
        let wl_surface = client.wl_surface(surface);
        let xdg_surface = wm_base.get_xdg_surface(wl_surface, &handle, own.clone());
        let toplevel = xdg_surface.get_toplevel(&handle, own.clone());
        toplevel.set_title(title.to_owned());
        if let Some(parent) = parent {
            toplevel.set_parent(Some(client.toplevel(parent)?));
        }
        client.commit(surface)?;
        client.dispatch_until(soon(), "the configuration of a window", |_| {
            !own.told().configures.is_empty()
        })?;
        Ok(Self {
            surface,
            xdg_surface,
            toplevel,
            own,
        })
    }

    /// Opens a popup of it, drawn with 9x9 pixels whatever its size.
    pub(crate) fn open_popup(&self, client: &mut WaylandClient, wanted: &Positioner) -> Result {
        let own = &self.own;
        let handle = client.queue_handle();
        let wm_base: XdgWmBase = bind(client, 6, own)?;
        let positioner = wm_base.create_positioner(&handle, own.clone());
        let (x, y, width, height) = wanted.anchor_rect;
        positioner.set_size(wanted.size.0, wanted.size.1);
        positioner.set_anchor_rect(x, y, width, height);
        positioner.set_anchor(wanted.anchor);
        positioner.set_gravity(wanted.gravity);
        positioner.set_constraint_adjustment(wanted.adjustment);
        positioner.set_offset(wanted.offset.0, wanted.offset.1);
        let surface = client.create_surface(9, 9)?;
        let wl_surface = client.wl_surface(surface);
        let xdg_surface = wm_base.get_xdg_surface(wl_surface, &handle, own.clone());
        xdg_surface.get_popup(Some(&self.xdg_surface), &positioner, &handle, own.clone());
        client.commit(surface)?;
        client.roundtrip()?;
        client.draw(surface, [0; 3])?;
        client.roundtrip()
    }

    /// Whether its last configuration has this state.
    pub(crate) fn is(&self, state: State) -> bool {
        let told = self.own.told();
        let number = u32::from(state).to_ne_bytes();
        let last = told.configures.last();
        last.is_some_and(|(_, _, states)| states.chunks_exact(4).any(|it| it == number))
    }
}

/// Objects whose events do not matter.
macro_rules! ignore_events {
    ($($module:ident :: $interface:ident),+ $(,)?) => {$(
        impl Dispatch<$module::$interface, Own> for Client {
            fn event(
                _: &mut Self,
                _: &$module::$interface,
                _: $module::Event,
                _: &Own,
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
            }
        }
    )+};
}

impl Dispatch<WpPresentation, Own> for Client {
    fn event(
        _: &mut Self,
        _: &WpPresentation,
        event: wp_presentation::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wp_presentation::Event::ClockId { clk_id } = event {
            own.told().clock = Some(clk_id);
        }
    }
}

impl Dispatch<WpPresentationFeedback, Own> for Client {
    fn event(
        _: &mut Self,
        _: &WpPresentationFeedback,
        event: wp_presentation_feedback::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let feedback = match event {
            wp_presentation_feedback::Event::Presented {
                tv_sec_hi,
                tv_sec_lo,
                tv_nsec,
                refresh,
                seq_hi,
                seq_lo,
                flags,
            } => Feedback::Presented {
                time: Duration::new(u64::from(tv_sec_hi) << 32 | u64::from(tv_sec_lo), tv_nsec),
                refresh,
                sequence: u64::from(seq_hi) << 32 | u64::from(seq_lo),
                flags: flags.into(),
            },
            wp_presentation_feedback::Event::Discarded => Feedback::Discarded,
            _ => return,
        };
        own.told().feedback.push(feedback);
    }
}

impl Dispatch<ZxdgExportedV2, Own> for Client {
    fn event(
        _: &mut Self,
        _: &ZxdgExportedV2,
        event: zxdg_exported_v2::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let zxdg_exported_v2::Event::Handle { handle } = event {
            own.told().token = Some(handle);
        }
    }
}

ignore_events!(
    org_kde_kwin_server_decoration::OrgKdeKwinServerDecoration,
    zxdg_decoration_manager_v1::ZxdgDecorationManagerV1,
    zxdg_toplevel_decoration_v1::ZxdgToplevelDecorationV1,
    org_kde_kwin_server_decoration_manager::OrgKdeKwinServerDecorationManager,
    wl_buffer::WlBuffer,
    wl_compositor::WlCompositor,
    wl_output::WlOutput,
    wl_pointer::WlPointer,
    wl_region::WlRegion,
    wl_seat::WlSeat,
    wl_shm::WlShm,
    wl_shm_pool::WlShmPool,
    wp_commit_timer_v1::WpCommitTimerV1,
    wp_commit_timing_manager_v1::WpCommitTimingManagerV1,
    wp_content_type_manager_v1::WpContentTypeManagerV1,
    wp_content_type_v1::WpContentTypeV1,
    wp_fifo_manager_v1::WpFifoManagerV1,
    wp_fifo_v1::WpFifoV1,
    wp_security_context_manager_v1::WpSecurityContextManagerV1,
    wp_security_context_v1::WpSecurityContextV1,
    ext_foreign_toplevel_image_capture_source_manager_v1::ExtForeignToplevelImageCaptureSourceManagerV1,
    ext_image_capture_source_v1::ExtImageCaptureSourceV1,
    ext_image_copy_capture_cursor_session_v1::ExtImageCopyCaptureCursorSessionV1,
    ext_image_copy_capture_manager_v1::ExtImageCopyCaptureManagerV1,
    ext_output_image_capture_source_manager_v1::ExtOutputImageCaptureSourceManagerV1,
    wp_single_pixel_buffer_manager_v1::WpSinglePixelBufferManagerV1,
    xdg_activation_v1::XdgActivationV1,
    xdg_dialog_v1::XdgDialogV1,
    xdg_popup::XdgPopup,
    xdg_positioner::XdgPositioner,
    xdg_system_bell_v1::XdgSystemBellV1,
    xdg_toplevel_icon_v1::XdgToplevelIconV1,
    xdg_toplevel_tag_manager_v1::XdgToplevelTagManagerV1,
    xdg_wm_dialog_v1::XdgWmDialogV1,
    zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1,
    zwlr_virtual_pointer_manager_v1::ZwlrVirtualPointerManagerV1,
    zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1,
    ext_idle_notifier_v1::ExtIdleNotifierV1,
    zwp_idle_inhibit_manager_v1::ZwpIdleInhibitManagerV1,
    zwp_idle_inhibitor_v1::ZwpIdleInhibitorV1,
    zwp_input_method_manager_v2::ZwpInputMethodManagerV2,
    zwp_keyboard_shortcuts_inhibit_manager_v1::ZwpKeyboardShortcutsInhibitManagerV1,
    zwp_pointer_gestures_v1::ZwpPointerGesturesV1,
    zwp_tablet_manager_v2::ZwpTabletManagerV2,
    zwp_text_input_manager_v3::ZwpTextInputManagerV3,
    zwp_virtual_keyboard_manager_v1::ZwpVirtualKeyboardManagerV1,
    zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1,
    zxdg_exporter_v2::ZxdgExporterV2,
    zxdg_imported_v2::ZxdgImportedV2,
    zxdg_importer_v2::ZxdgImporterV2,
    zxdg_output_manager_v1::ZxdgOutputManagerV1,
);

/// Objects whose events are noted as they are.
macro_rules! note_events {
    ($($module:ident :: $interface:ident),+ $(,)?) => {$(
        impl Dispatch<$module::$interface, Own> for Client {
            fn event(
                _: &mut Self,
                _: &$module::$interface,
                event: $module::Event,
                own: &Own,
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
                own.told().events.push(format!("{event:?}"));
            }
        }
    )+};
}

note_events!(
    xdg_toplevel_icon_manager_v1::XdgToplevelIconManagerV1,
    ext_idle_notification_v1::ExtIdleNotificationV1,
    zwp_input_method_v2::ZwpInputMethodV2,
    zwp_input_popup_surface_v2::ZwpInputPopupSurfaceV2,
    zwp_keyboard_shortcuts_inhibitor_v1::ZwpKeyboardShortcutsInhibitorV1,
    zwp_pointer_gesture_hold_v1::ZwpPointerGestureHoldV1,
    zwp_pointer_gesture_pinch_v1::ZwpPointerGesturePinchV1,
    zwp_pointer_gesture_swipe_v1::ZwpPointerGestureSwipeV1,
    zwp_tablet_seat_v2::ZwpTabletSeatV2,
    zwp_text_input_v3::ZwpTextInputV3,
);

impl Dispatch<ZwpInputMethodKeyboardGrabV2, Own> for Client {
    fn event(
        _: &mut Self,
        _: &ZwpInputMethodKeyboardGrabV2,
        event: zwp_input_method_keyboard_grab_v2::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use zwp_input_method_keyboard_grab_v2::Event;
        match event {
            Event::Keymap { fd, size, .. } => own.told().keymap = Some((fd, size)),
            Event::Key { key, state, .. } => {
                let pressed = state == WEnum::Value(KeyState::Pressed);
                own.told().keys.push((key, pressed));
            }
            _ => {}
        }
    }
}

impl Dispatch<XdgActivationTokenV1, Own> for Client {
    fn event(
        _: &mut Self,
        _: &XdgActivationTokenV1,
        event: xdg_activation_token_v1::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_activation_token_v1::Event::Done { token } = event {
            own.told().token = Some(token);
        }
    }
}

impl Dispatch<ZxdgOutputV1, Own> for Client {
    fn event(
        _: &mut Self,
        _: &ZxdgOutputV1,
        event: zxdg_output_v1::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let zxdg_output_v1::Event::LogicalSize { width, height } = event {
            own.told().logical_size = (width, height);
        }
    }
}

impl Dispatch<XdgWmBase, Own> for Client {
    fn event(
        _: &mut Self,
        wm_base: &XdgWmBase,
        event: xdg_wm_base::Event,
        _: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            wm_base.pong(serial);
        }
    }
}

impl Dispatch<XdgSurface, Own> for Client {
    fn event(
        _: &mut Self,
        surface: &XdgSurface,
        event: xdg_surface::Event,
        _: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_surface::Event::Configure { serial } = event {
            surface.ack_configure(serial);
        }
    }
}

impl Dispatch<XdgToplevel, Own> for Client {
    fn event(
        _: &mut Self,
        _: &XdgToplevel,
        event: xdg_toplevel::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_toplevel::Event::Configure {
            width,
            height,
            states,
        } = event
        {
            own.told().configures.push((width, height, states));
        }
    }
}
