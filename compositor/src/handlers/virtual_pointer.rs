//! zwlr_virtual_pointer_manager_v1 (unstable, version 2). There is one seat and one output, so it
//! does not matter which ones are asked for.

use std::sync::Mutex;

use smithay::backend::input::{Axis, AxisSource};
use smithay::reexports::wayland_protocols_wlr::virtual_pointer::v1::server::zwlr_virtual_pointer_manager_v1::{
    self, ZwlrVirtualPointerManagerV1,
};
use smithay::reexports::wayland_protocols_wlr::virtual_pointer::v1::server::zwlr_virtual_pointer_v1::{
    self, ZwlrVirtualPointerV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_pointer;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource, WEnum,
};

use crate::clients::devices::Device;
use crate::clients::socket::is_trusted;
use crate::input::virtual_pointer::{Act, VirtualPointer};
use crate::lock::lock;
use crate::state::Offing;

/// A notch of a wheel in wl_pointer.axis_value120.
const NOTCH: i32 = 120;
/// Nobody turns a wheel further than this at once.
const MAX_STEPS: i32 = 1000;

/// What an object stands for.
#[derive(Default)]
pub(crate) struct Slot(Mutex<VirtualPointer>);

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwlrVirtualPointerManagerV1, ()>(2, ());
}

impl GlobalDispatch<ZwlrVirtualPointerManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ZwlrVirtualPointerManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ZwlrVirtualPointerManagerV1, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        _manager: &ZwlrVirtualPointerManagerV1,
        request: zwlr_virtual_pointer_manager_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        use zwlr_virtual_pointer_manager_v1::Request;
        if let Request::CreateVirtualPointer { id, .. }
        | Request::CreateVirtualPointerWithOutput { id, .. } = request
        {
            init.init(id, Slot::default());
            state.device_made(client, Device::VirtualPointer);
        }
    }
}

impl Dispatch<ZwlrVirtualPointerV1, Slot> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        object: &ZwlrVirtualPointerV1,
        request: zwlr_virtual_pointer_v1::Request,
        slot: &Slot,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        use zwlr_virtual_pointer_v1::Request;
        let pointer = &mut *lock(&slot.0);
        match request {
            Request::Motion { dx, dy, .. } => state.act(pointer, Act::MoveBy((dx, dy).into())),
            Request::MotionAbsolute {
                x,
                y,
                x_extent,
                y_extent,
                ..
            } => {
                // Of nothing there is no share.
                let share = |at: u32, of: u32| f64::from(at) / f64::from(of.max(1));
                state.act(pointer, Act::MoveTo(share(x, x_extent), share(y, y_extent)));
            }
            Request::Button {
                button,
                state: WEnum::Value(pressed),
                ..
            } => {
                let pressed = pressed == wl_pointer::ButtonState::Pressed;
                state.act(pointer, Act::Button(button, pressed));
            }
            Request::Axis { axis, value, .. } => {
                if let Some(axis) = known_axis(object, axis) {
                    state.turn(pointer, |frame| frame.value(axis, value));
                }
            }
            Request::AxisDiscrete {
                axis,
                value,
                discrete,
                ..
            } => {
                if let Some(axis) = known_axis(object, axis) {
                    let steps = discrete.clamp(-MAX_STEPS, MAX_STEPS);
                    state.turn(pointer, |frame| {
                        frame.value(axis, value).v120(axis, NOTCH * steps)
                    });
                }
            }
            Request::AxisStop { axis, .. } => {
                if let Some(axis) = known_axis(object, axis) {
                    state.turn(pointer, |frame| frame.stop(axis));
                }
            }
            Request::AxisSource { axis_source } => {
                if let Some(source) = known_source(object, axis_source) {
                    state.turn(pointer, |frame| frame.source(source));
                }
            }
            Request::Frame => state.finish_acts(pointer),
            _ => {}
        }
    }

    fn destroyed(state: &mut Self, client: ClientId, _object: &ZwlrVirtualPointerV1, slot: &Slot) {
        state.device_destroyed(client, Device::VirtualPointer);
        state.release_virtual(&mut lock(&slot.0));
    }
}

fn known_axis(object: &ZwlrVirtualPointerV1, axis: WEnum<wl_pointer::Axis>) -> Option<Axis> {
    match axis {
        WEnum::Value(wl_pointer::Axis::VerticalScroll) => Some(Axis::Vertical),
        WEnum::Value(wl_pointer::Axis::HorizontalScroll) => Some(Axis::Horizontal),
        _ => {
            let error = zwlr_virtual_pointer_v1::Error::InvalidAxis;
            object.post_error(error, "no such axis");
            None
        }
    }
}

fn known_source(
    object: &ZwlrVirtualPointerV1,
    source: WEnum<wl_pointer::AxisSource>,
) -> Option<AxisSource> {
    match source {
        WEnum::Value(wl_pointer::AxisSource::Wheel) => Some(AxisSource::Wheel),
        WEnum::Value(wl_pointer::AxisSource::Finger) => Some(AxisSource::Finger),
        WEnum::Value(wl_pointer::AxisSource::Continuous) => Some(AxisSource::Continuous),
        WEnum::Value(wl_pointer::AxisSource::WheelTilt) => Some(AxisSource::WheelTilt),
        _ => {
            let error = zwlr_virtual_pointer_v1::Error::InvalidAxisSource;
            object.post_error(error, "no such source");
            None
        }
    }
}
