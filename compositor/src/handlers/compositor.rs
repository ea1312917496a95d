//! wl_compositor and wl_subcompositor (Wayland core, version 6).

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use smithay::backend::renderer::utils::on_commit_buffer_handler;
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_callback::WlCallback;
use smithay::reexports::wayland_server::protocol::wl_compositor::WlCompositor;
use smithay::reexports::wayland_server::protocol::wl_region::{self, WlRegion};
use smithay::reexports::wayland_server::protocol::wl_subcompositor::WlSubcompositor;
use smithay::reexports::wayland_server::protocol::wl_surface::{self, WlSurface};
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, Resource, delegate_dispatch,
    delegate_global_dispatch,
};
use smithay::utils::{Point, Rectangle};
use smithay::wayland::buffer::BufferHandler;
use smithay::wayland::compositor::{
    CompositorClientState, CompositorHandler, CompositorState, Damage, RegionUserData,
    SurfaceAttributes, SurfaceUserData, get_children, get_parent, is_sync_subsurface, with_states,
};

use super::subsurface::{apply_places, commit_places};
use crate::clients::limits::Part;
use crate::clients::socket::ClientState;
use crate::state::Offing;

/// More pieces of damage than these are united.
const MAX_DAMAGE: usize = 64;
/// How deep subsurfaces can be nested: smithay goes through them by recursion.
const MAX_DEPTH: usize = 64;
/// How many states of a subsurface wait for its parent's commit.
const MAX_WAITING: usize = 64;
/// Opaque regions of more rectangles than these are ignored.
const MAX_OPAQUE: usize = 64;
/// The bytes of a rectangle of a region.
const RECTANGLE: usize = 20;

impl CompositorHandler for Offing {
    fn compositor_state(&mut self) -> &mut CompositorState {
        &mut self.protocols.compositor
    }

    fn client_compositor_state<'a>(&self, client: &'a Client) -> &'a CompositorClientState {
        match client.get_data::<ClientState>() {
            Some(state) => &state.compositor,
            // Every client is inserted with this state, in `clients::socket`.
            None => unreachable!("a client without its state"),
        }
    }

    fn new_surface(&mut self, surface: &WlSurface) {
        self.screen.announce_scale(surface);
        if let Some(client) = surface.client() {
            self.surface_made(&client);
        }
    }

    fn new_subsurface(&mut self, surface: &WlSurface, parent: &WlSurface) {
        let above = std::iter::successors(Some(parent.clone()), get_parent);
        if above.take(MAX_DEPTH).count() + height(surface) > MAX_DEPTH
            && let Some(client) = surface.client()
        {
            let reason = format!("subsurfaces nested deeper than {MAX_DEPTH}");
            self.expel(&client.id(), &reason);
        }
    }

    fn commit(&mut self, surface: &WlSurface) {
        let regions = waiting(surface, |waiting| {
            waiting.states.store(0, Relaxed);
            waiting.regions.load(Relaxed)
        });
        // What was committed before is replaced.
        if let Some(client) = surface.client() {
            self.set_left(&client, surface, Part::Committed, regions);
            self.states_gone(client.id(), waiting(surface, Waiting::leave));
        }
        apply_places(surface);
        on_commit_buffer_handler::<Self>(surface);
        self.surface_committed(surface);
    }

    fn destroyed(&mut self, surface: &WlSurface) {
        self.touched_surface_gone(surface);
        self.pacing.surface_gone(surface);
        self.clock.queue();
    }
}

/// How many surfaces are on the longest way down.
fn height(surface: &WlSurface) -> usize {
    let below = get_children(surface).iter().map(height).max();
    1 + below.unwrap_or(0)
}

/// What was committed of a surface.
#[derive(Default)]
struct Waiting {
    /// How many states wait for its parent's commit.
    states: AtomicUsize,
    /// The bytes of the regions of the last one.
    regions: AtomicUsize,
    /// How many states wait for a barrier, or are on their way.
    queued: AtomicUsize,
}

impl Waiting {
    /// A state has been applied: how many of those that were queued that is, one or none.
    fn leave(&self) -> usize {
        let left = self.queued.load(Relaxed).min(1);
        self.queued.fetch_sub(left, Relaxed);
        left
    }
}

fn waiting<T>(surface: &WlSurface, act: impl FnOnce(&Waiting) -> T) -> T {
    with_states(surface, |states| {
        act(states.data_map.get_or_insert_threadsafe(Waiting::default))
    })
}

impl Dispatch<WlSurface, SurfaceUserData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        surface: &WlSurface,
        mut request: wl_surface::Request,
        data: &SurfaceUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        let commits = matches!(request, wl_surface::Request::Commit);
        let damages = matches!(
            request,
            wl_surface::Request::Damage { .. } | wl_surface::Request::DamageBuffer { .. }
        );
        match &request {
            // What is pending then is not lost: the parent's commit takes it.
            wl_surface::Request::Commit
                if is_sync_subsurface(surface)
                    && waiting(surface, |waiting| waiting.states.fetch_add(1, Relaxed))
                        >= MAX_WAITING =>
            {
                return;
            }
            wl_surface::Request::Commit => {
                commit_places(surface);
                state.regions_committed(client, surface);
                if !is_sync_subsurface(surface) {
                    waiting(surface, |waiting| waiting.queued.fetch_add(1, Relaxed));
                    state.state_made(client);
                }
            }
            // Only a hint, and smithay takes one rectangle from another.
            wl_surface::Request::SetOpaqueRegion { region }
                if state.is_intricate(client, region.as_ref(), MAX_OPAQUE) =>
            {
                request = wl_surface::Request::SetOpaqueRegion { region: None };
                state.copy_region(client, None, surface, Part::OpaqueRegion);
            }
            wl_surface::Request::SetOpaqueRegion { region } => {
                state.copy_region(client, region.as_ref(), surface, Part::OpaqueRegion);
            }
            wl_surface::Request::SetInputRegion { region } => {
                state.copy_region(client, region.as_ref(), surface, Part::InputRegion);
            }
            _ => {}
        }
        <CompositorState as Dispatch<_, _, Self>>::request(
            state, client, surface, request, data, display, init,
        );
        if damages {
            unite_damage(surface);
        }
        if commits {
            state.watch_deadline(surface);
        }
    }

    fn destroyed(state: &mut Self, client: ClientId, surface: &WlSurface, data: &SurfaceUserData) {
        state.cleared(client.clone(), surface);
        state.surface_destroyed(client.clone());
        let queued = waiting(surface, |waiting| waiting.queued.swap(0, Relaxed));
        state.states_gone(client.clone(), queued);
        <CompositorState as Dispatch<_, _, Self>>::destroyed(state, client, surface, data);
    }
}

impl Offing {
    /// Each state that is committed has copies of the regions.
    fn regions_committed(&mut self, client: &Client, surface: &WlSurface) {
        let left = |part| self.left_in(client, surface, part);
        let regions = left(Part::OpaqueRegion) + left(Part::InputRegion);
        let committed = left(Part::Committed) + regions;
        waiting(surface, |waiting| waiting.regions.store(regions, Relaxed));
        self.set_left(client, surface, Part::Committed, committed);
    }

    /// Whether a region has more than so many rectangles.
    pub(super) fn is_intricate(
        &self,
        client: &Client,
        region: Option<&WlRegion>,
        rectangles: usize,
    ) -> bool {
        let bytes = region.map_or(0, |region| self.left_in(client, region, Part::Own));
        bytes > rectangles * RECTANGLE
    }

    fn copy_region(
        &mut self,
        client: &Client,
        region: Option<&WlRegion>,
        surface: &WlSurface,
        part: Part,
    ) {
        let bytes = region.map_or(0, |region| self.left_in(client, region, Part::Own));
        self.set_left(client, surface, part, bytes);
    }
}

/// Keeps what a client damages before it commits to a few rectangles.
fn unite_damage(surface: &WlSurface) {
    with_states(surface, |states| {
        let mut attributes = states.cached_state.get::<SurfaceAttributes>();
        let damage = &mut attributes.pending().damage;
        if damage.len() <= MAX_DAMAGE {
            return;
        }
        let in_surface = damage.iter().filter_map(|damage| match damage {
            Damage::Surface(rect) => Some(*rect),
            Damage::Buffer(_) => None,
        });
        let in_buffer = damage.iter().filter_map(|damage| match damage {
            Damage::Surface(_) => None,
            Damage::Buffer(rect) => Some(*rect),
        });
        let in_surface = bounds(in_surface).map(Damage::Surface);
        let in_buffer = bounds(in_buffer).map(Damage::Buffer);
        *damage = in_surface.into_iter().chain(in_buffer).collect();
    });
}

/// The smallest rectangle around all these, as far as they are right of and below the origin:
/// no surface and no buffer is elsewhere.
fn bounds<Kind>(rects: impl Iterator<Item = Rectangle<i32, Kind>>) -> Option<Rectangle<i32, Kind>> {
    let corners = rects.map(|rect| {
        let start = (rect.loc.x.max(0), rect.loc.y.max(0));
        let end = (
            rect.loc.x.saturating_add(rect.size.w),
            rect.loc.y.saturating_add(rect.size.h),
        );
        (start, end)
    });
    let corners = corners.filter(|(start, end)| start.0 < end.0 && start.1 < end.1);
    let (start, end) = corners.reduce(|(start, end), (other_start, other_end)| {
        (
            (start.0.min(other_start.0), start.1.min(other_start.1)),
            (end.0.max(other_end.0), end.1.max(other_end.1)),
        )
    })?;
    Some(Rectangle::from_extremities(
        Point::from(start),
        Point::from(end),
    ))
}

impl Dispatch<WlRegion, RegionUserData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        region: &WlRegion,
        request: wl_region::Request,
        data: &RegionUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if !matches!(request, wl_region::Request::Destroy) {
            state.leave_in(client, region, RECTANGLE);
        }
        <CompositorState as Dispatch<_, _, Self>>::request(
            state, client, region, request, data, display, init,
        );
    }

    fn destroyed(state: &mut Self, client: ClientId, region: &WlRegion, data: &RegionUserData) {
        state.cleared(client.clone(), region);
        <CompositorState as Dispatch<_, _, Self>>::destroyed(state, client, region, data);
    }
}

impl BufferHandler for Offing {
    fn buffer_destroyed(&mut self, _buffer: &WlBuffer) {}
}

delegate_global_dispatch!(Offing: [WlCompositor: ()] => CompositorState);
delegate_global_dispatch!(Offing: [WlSubcompositor: ()] => CompositorState);
delegate_dispatch!(Offing: [WlCompositor: ()] => CompositorState);
delegate_dispatch!(Offing: [WlCallback: ()] => CompositorState);
delegate_dispatch!(Offing: [WlSubcompositor: ()] => CompositorState);

#[cfg(test)]
mod tests {
    use super::*;
    use smithay::utils::Buffer;

    fn united(rects: &[(i32, i32, i32, i32)]) -> Option<(i32, i32, i32, i32)> {
        let rects = rects
            .iter()
            .map(|&(x, y, w, h)| Rectangle::<i32, Buffer>::new((x, y).into(), (w, h).into()));
        bounds(rects).map(|rect| (rect.loc.x, rect.loc.y, rect.size.w, rect.size.h))
    }

    #[test]
    fn united_damage_covers_all_that_a_buffer_can_have() {
        assert_eq!(united(&[]), None);
        assert_eq!(united(&[(5, 5, 0, 9)]), None);
        assert_eq!(united(&[(5, 6, 7, 8), (1, 20, 2, 2)]), Some((1, 6, 11, 16)));
        assert_eq!(united(&[(-5, -6, 7, 8)]), Some((0, 0, 2, 2)));
        assert_eq!(united(&[(-9, -9, 3, 3)]), None);
        let (min, max) = (i32::MIN, i32::MAX);
        assert_eq!(
            united(&[(min, min, max, max), (9, 9, max, max)]),
            Some((9, 9, max - 9, max - 9))
        );
        assert_eq!(
            united(&[(0, 0, max, max), (max, max, max, max)]),
            Some((0, 0, max, max))
        );
        assert_eq!(united(&[(9, 9, -5, -5), (9, 9, min, 5)]), None);
    }
}
