//! zwp_pointer_gestures_v1 (unstable, version 3): there for programs that want to know of gestures.
//! Viewers have no touchpad, so there never are any.

use smithay::reexports::wayland_protocols::wp::pointer_gestures::zv1::server::zwp_pointer_gesture_hold_v1::{
    self, ZwpPointerGestureHoldV1,
};
use smithay::reexports::wayland_protocols::wp::pointer_gestures::zv1::server::zwp_pointer_gesture_pinch_v1::{
    self, ZwpPointerGesturePinchV1,
};
use smithay::reexports::wayland_protocols::wp::pointer_gestures::zv1::server::zwp_pointer_gesture_swipe_v1::{
    self, ZwpPointerGestureSwipeV1,
};
use smithay::reexports::wayland_protocols::wp::pointer_gestures::zv1::server::zwp_pointer_gestures_v1::{
    Request, ZwpPointerGesturesV1,
};
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New,
};

use crate::state::Offing;

/// Offers the protocol.
pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwpPointerGesturesV1, ()>(3, ());
}

impl GlobalDispatch<ZwpPointerGesturesV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        gestures: New<ZwpPointerGesturesV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(gestures, ());
    }
}

impl Dispatch<ZwpPointerGesturesV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _gestures: &ZwpPointerGesturesV1,
        request: Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        match request {
            Request::GetSwipeGesture { id, .. } => _ = init.init(id, ()),
            Request::GetPinchGesture { id, .. } => _ = init.init(id, ()),
            Request::GetHoldGesture { id, .. } => _ = init.init(id, ()),
            _ => {}
        }
    }
}

/// A gesture that never happens.
macro_rules! dispatch_gesture {
    ($gesture:ty, $request:ident) => {
        impl Dispatch<$gesture, ()> for Offing {
            fn request(
                _state: &mut Self,
                _client: &Client,
                _gesture: &$gesture,
                _request: $request::Request,
                _data: &(),
                _display: &DisplayHandle,
                _init: &mut DataInit<'_, Self>,
            ) {
            }
        }
    };
}

dispatch_gesture!(ZwpPointerGestureSwipeV1, zwp_pointer_gesture_swipe_v1);
dispatch_gesture!(ZwpPointerGesturePinchV1, zwp_pointer_gesture_pinch_v1);
dispatch_gesture!(ZwpPointerGestureHoldV1, zwp_pointer_gesture_hold_v1);
