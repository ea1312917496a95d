//! zwp_pointer_constraints_v1 (unstable, version 1). Two faults of smithay 0.7 stay, as nothing here
//! can reach what it keeps. When the pointer leaves a surface whose constraint has not begun, the
//! client is told that it ended all the same (`unlocked` without `locked`), and one that is to hold
//! once is used up. And a constraint is forgotten when an older object of the same surface, which
//! held once and is over, is destroyed after the new one was made.

use smithay::input::pointer::PointerHandle;
use smithay::reexports::wayland_protocols::wp::pointer_constraints::zv1::server::zwp_confined_pointer_v1::{
    self, ZwpConfinedPointerV1,
};
use smithay::reexports::wayland_protocols::wp::pointer_constraints::zv1::server::zwp_locked_pointer_v1::{
    self, ZwpLockedPointerV1,
};
use smithay::reexports::wayland_protocols::wp::pointer_constraints::zv1::server::zwp_pointer_constraints_v1::{
    self, ZwpPointerConstraintsV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_region::WlRegion;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, delegate_global_dispatch,
};
use smithay::utils::{Logical, Point};
use smithay::wayland::pointer_constraints::{
    PointerConstraintUserData, PointerConstraintsHandler, PointerConstraintsState,
};

use crate::state::Offing;

/// Regions of more rectangles than these are taken for the whole surface: smithay copies them with
/// each commit, and each motion looks through them.
const MAX_RECTANGLES: usize = 16;

impl PointerConstraintsHandler for Offing {
    fn new_constraint(&mut self, _surface: &WlSurface, _pointer: &PointerHandle<Self>) {
        // At once: to move the pointer, some clients lock it, say where it is, and unlock it.
        self.refresh_constraint();
    }

    fn cursor_position_hint(
        &mut self,
        surface: &WlSurface,
        _pointer: &PointerHandle<Self>,
        place: Point<f64, Logical>,
    ) {
        self.hint_pointer(surface, place);
    }
}

impl Offing {
    fn bound_constraint(&self, client: &Client, region: &mut Option<WlRegion>) {
        if self.is_intricate(client, region.as_ref(), MAX_RECTANGLES) {
            *region = None;
        }
    }
}

impl Dispatch<ZwpPointerConstraintsV1, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        constraints: &ZwpPointerConstraintsV1,
        mut request: zwp_pointer_constraints_v1::Request,
        data: &(),
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let zwp_pointer_constraints_v1::Request::LockPointer { region, .. }
        | zwp_pointer_constraints_v1::Request::ConfinePointer { region, .. } = &mut request
        {
            state.bound_constraint(client, region);
        }
        <PointerConstraintsState as Dispatch<_, _, Self>>::request(
            state,
            client,
            constraints,
            request,
            data,
            display,
            init,
        );
    }
}

/// A constraint, whose region its client can change.
macro_rules! dispatch_constraint {
    ($constraint:ty, $request:ident) => {
        impl Dispatch<$constraint, PointerConstraintUserData<Self>> for Offing {
            fn request(
                state: &mut Self,
                client: &Client,
                constraint: &$constraint,
                mut request: $request::Request,
                data: &PointerConstraintUserData<Self>,
                display: &DisplayHandle,
                init: &mut DataInit<'_, Self>,
            ) {
                if let $request::Request::SetRegion { region } = &mut request {
                    state.bound_constraint(client, region);
                }
                <PointerConstraintsState as Dispatch<_, _, Self>>::request(
                    state, client, constraint, request, data, display, init,
                );
            }

            fn destroyed(
                state: &mut Self,
                client: ClientId,
                constraint: &$constraint,
                data: &PointerConstraintUserData<Self>,
            ) {
                <PointerConstraintsState as Dispatch<_, _, Self>>::destroyed(
                    state, client, constraint, data,
                );
            }
        }
    };
}

dispatch_constraint!(ZwpLockedPointerV1, zwp_locked_pointer_v1);
dispatch_constraint!(ZwpConfinedPointerV1, zwp_confined_pointer_v1);

delegate_global_dispatch!(Offing: [ZwpPointerConstraintsV1: ()] => PointerConstraintsState);
