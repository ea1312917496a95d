//! wp_commit_timing_manager_v1 (staging, version 1).

use smithay::reexports::wayland_protocols::wp::commit_timing::v1::server::wp_commit_timer_v1::{
    self, WpCommitTimerV1,
};
use smithay::reexports::wayland_protocols::wp::commit_timing::v1::server::wp_commit_timing_manager_v1::WpCommitTimingManagerV1;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, Resource, Weak, delegate_dispatch,
    delegate_global_dispatch,
};
use smithay::wayland::commit_timing::CommitTimingManagerState;

use crate::state::Offing;

/// In a second.
const NANOSECONDS: u32 = 1_000_000_000;

impl Dispatch<WpCommitTimerV1, Weak<WlSurface>> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        timer: &WpCommitTimerV1,
        request: wp_commit_timer_v1::Request,
        surface: &Weak<WlSurface>,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        // smithay takes any.
        if let wp_commit_timer_v1::Request::SetTimestamp { tv_nsec, .. } = request
            && tv_nsec >= NANOSECONDS
        {
            let error = wp_commit_timer_v1::Error::InvalidTimestamp;
            timer.post_error(error, "a second has a billion nanoseconds");
            return;
        }
        <CommitTimingManagerState as Dispatch<_, _, Self>>::request(
            state, client, timer, request, surface, display, init,
        );
    }
}

delegate_global_dispatch!(Offing: [WpCommitTimingManagerV1: bool] => CommitTimingManagerState);
delegate_dispatch!(Offing: [WpCommitTimingManagerV1: bool] => CommitTimingManagerState);
