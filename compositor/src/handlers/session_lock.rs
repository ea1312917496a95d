//! ext_session_lock_manager_v1 (staging, version 1). Not smithay's: there, whoever was refused a
//! lock can end that of another, and an output that was locked once is for ever.

use smithay::reexports::wayland_protocols::ext::session_lock::v1::server::ext_session_lock_manager_v1::{
    self, ExtSessionLockManagerV1,
};
use smithay::reexports::wayland_protocols::ext::session_lock::v1::server::ext_session_lock_surface_v1::{
    self, ExtSessionLockSurfaceV1,
};
use smithay::reexports::wayland_protocols::ext::session_lock::v1::server::ext_session_lock_v1::{
    self, ExtSessionLockV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource,
};
use smithay::wayland::compositor::{add_pre_commit_hook, give_role, with_states};

use super::xdg_rules::is_attached;
use crate::clients::socket::is_trusted;
use crate::desktop::has_buffer;
use crate::session_lock::Misuse;
use crate::state::Offing;

/// What surfaces of a lock are.
const ROLE: &str = "ext_session_lock_surface_v1";

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ExtSessionLockManagerV1, ()>(1, ());
}

impl GlobalDispatch<ExtSessionLockManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ExtSessionLockManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ExtSessionLockManagerV1, ()> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        _manager: &ExtSessionLockManagerV1,
        request: ext_session_lock_manager_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let ext_session_lock_manager_v1::Request::Lock { id } = request {
            let lock = init.init(id, ());
            state.lock(lock);
        }
    }
}

impl Dispatch<ExtSessionLockV1, ()> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        lock: &ExtSessionLockV1,
        request: ext_session_lock_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        match request {
            ext_session_lock_v1::Request::GetLockSurface { id, surface, .. } => {
                let role = init.init(id, ());
                state.get_lock_surface(lock, role, surface);
            }
            ext_session_lock_v1::Request::UnlockAndDestroy if !state.unlock(lock) => {
                let error = ext_session_lock_v1::Error::InvalidUnlock;
                lock.post_error(error, "this lock does not hold the session");
            }
            ext_session_lock_v1::Request::Destroy if state.holds(lock) => {
                let error = ext_session_lock_v1::Error::InvalidDestroy;
                lock.post_error(error, "this lock holds the session");
            }
            _ => {}
        }
    }

    fn destroyed(state: &mut Self, _client: ClientId, lock: &ExtSessionLockV1, _data: &()) {
        state.lock_gone(lock);
    }
}

impl Offing {
    fn get_lock_surface(
        &mut self,
        lock: &ExtSessionLockV1,
        role: ExtSessionLockSurfaceV1,
        surface: WlSurface,
    ) {
        let used = is_attached(&surface) || has_buffer(&surface);
        if give_role(&surface, ROLE).is_err() {
            let error = ext_session_lock_v1::Error::Role;
            return lock.post_error(error, "the surface has a role already");
        }
        if used {
            let error = ext_session_lock_v1::Error::AlreadyConstructed;
            return lock.post_error(error, "the surface has a buffer already");
        }
        let is_new = with_states(&surface, |states| {
            states.data_map.insert_if_missing_threadsafe(|| Watched)
        });
        if is_new {
            add_pre_commit_hook::<Self, _>(&surface, |state, _, surface| {
                state.check_lock_surface(surface);
            });
        }
        if !self.show_lock(lock, role, surface) {
            let error = ext_session_lock_v1::Error::DuplicateOutput;
            lock.post_error(error, "the output has a surface of this lock already");
        }
    }

    fn check_lock_surface(&self, surface: &WlSurface) {
        let Some((role, misuse)) = self.session_lock.misuse(surface) else {
            return;
        };
        let (error, text) = match misuse {
            Misuse::NotAcknowledged => (
                ext_session_lock_surface_v1::Error::CommitBeforeFirstAck,
                "no configure was acknowledged yet",
            ),
            Misuse::NoBuffer => (
                ext_session_lock_surface_v1::Error::NullBuffer,
                "a lock has a buffer for as long as it is there",
            ),
            Misuse::Size => (
                ext_session_lock_surface_v1::Error::DimensionsMismatch,
                "the surface is not as large as was acknowledged",
            ),
        };
        role.post_error(error, text);
    }
}

/// The surface's commits are looked at.
struct Watched;

impl Dispatch<ExtSessionLockSurfaceV1, ()> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        role: &ExtSessionLockSurfaceV1,
        request: ext_session_lock_surface_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        if let ext_session_lock_surface_v1::Request::AckConfigure { serial } = request
            && !state.lock_acknowledged(role, serial.into())
        {
            let error = ext_session_lock_surface_v1::Error::InvalidSerial;
            role.post_error(error, "there is no configure with this serial");
        }
    }

    fn destroyed(state: &mut Self, _client: ClientId, role: &ExtSessionLockSurfaceV1, _data: &()) {
        state.lock_surface_gone(role);
    }
}
