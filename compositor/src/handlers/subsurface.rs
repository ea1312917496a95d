//! wl_subsurface (Wayland core, version 1): smithay moves a subsurface when it is committed itself;
//! here its place belongs to its parent's state, as the protocol has it.

use std::sync::Mutex;

use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_subsurface::{self, WlSubsurface};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{Client, DataInit, Dispatch, DisplayHandle};
use smithay::utils::{Logical, Point};
use smithay::wayland::compositor::{
    Cacheable, CompositorState, SubsurfaceCachedState, SubsurfaceUserData, get_children,
    get_parent, with_states,
};

use crate::lock::lock;
use crate::state::Offing;

/// Where the subsurfaces of a surface are to be with its next state.
#[derive(Default)]
struct Places(Vec<(WlSurface, Point<i32, Logical>)>);

/// Where a subsurface is to be once its parent is committed. Not with what is pending there, which
/// smithay takes with the commit of a surface further up, too.
#[derive(Default)]
struct Wanted(Mutex<Option<Point<i32, Logical>>>);

/// Where a subsurface is. smithay's own notion of it comes and goes with states that wait.
#[derive(Default)]
struct Place(Mutex<Point<i32, Logical>>);

impl Cacheable for Places {
    fn commit(&mut self, _display: &DisplayHandle) -> Self {
        std::mem::take(self)
    }

    fn merge_into(self, into: &mut Self, _display: &DisplayHandle) {
        into.0.extend(self.0);
    }
}

/// A client commits a surface.
pub(super) fn commit_places(parent: &WlSurface) {
    let wanted = |child: WlSurface| {
        let wanted = with_states(&child, |states| {
            lock(&states.data_map.get::<Wanted>()?.0).take()
        });
        wanted.map(|place| (child, place))
    };
    let places: Vec<_> = get_children(parent)
        .into_iter()
        .filter_map(wanted)
        .collect();
    if !places.is_empty() {
        with_states(parent, |states| {
            states
                .cached_state
                .get::<Places>()
                .pending()
                .0
                .extend(places);
        });
    }
}

/// The state of a surface counts: those on it move, and it stays where it is.
pub(super) fn apply_places(surface: &WlSurface) {
    let places = with_states(surface, |states| {
        std::mem::take(states.cached_state.get::<Places>().current())
    });
    for (child, place) in places.0 {
        if get_parent(&child).as_ref() == Some(surface) {
            put(&child, Some(place));
        }
    }
    put(surface, None);
}

fn put(surface: &WlSurface, place: Option<Point<i32, Logical>>) {
    with_states(surface, |states| {
        if place.is_some() {
            states.data_map.insert_if_missing_threadsafe(Place::default);
        }
        if let Some(known) = states.data_map.get::<Place>() {
            let mut known = lock(&known.0);
            *known = place.unwrap_or(*known);
            let mut state = states.cached_state.get::<SubsurfaceCachedState>();
            state.current().location = *known;
        }
    });
}

impl Dispatch<WlSubsurface, SubsurfaceUserData> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        subsurface: &WlSubsurface,
        request: wl_subsurface::Request,
        data: &SubsurfaceUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let wl_subsurface::Request::SetPosition { x, y } = request {
            return with_states(data.surface(), |states| {
                let wanted = states.data_map.get_or_insert_threadsafe(Wanted::default);
                *lock(&wanted.0) = Some((x, y).into());
            });
        }
        <CompositorState as Dispatch<_, _, Self>>::request(
            state, client, subsurface, request, data, display, init,
        );
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        subsurface: &WlSubsurface,
        data: &SubsurfaceUserData,
    ) {
        put(data.surface(), Some(Point::default()));
        <CompositorState as Dispatch<_, _, Self>>::destroyed(state, client, subsurface, data);
    }
}
