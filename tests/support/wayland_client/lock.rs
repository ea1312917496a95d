use wayland_client::{Connection, Dispatch, QueueHandle, delegate_noop};
use wayland_protocols::ext::session_lock::v1::client::ext_session_lock_manager_v1::ExtSessionLockManagerV1;
use wayland_protocols::ext::session_lock::v1::client::ext_session_lock_surface_v1::{
    self, ExtSessionLockSurfaceV1,
};
use wayland_protocols::ext::session_lock::v1::client::ext_session_lock_v1::{
    self, ExtSessionLockV1,
};

use super::surface::{Role, Surface};
use super::window::Configure;
use super::{Client, WaylandClient, required};
use crate::{Result, soon};

/// The name that a test has for a lock of the session (ext_session_lock_v1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock(usize);

/// What a lock was told so far.
#[derive(Debug)]
pub struct LockState {
    /// The session is locked by it.
    pub locked: bool,
    /// The session is not, or no longer, locked by it.
    pub finished: bool,
    lock: ExtSessionLockV1,
}

impl WaylandClient {
    /// Asks for the session to be locked.
    pub fn lock(&mut self) -> Result<Lock> {
        let manager = &self.client.globals.lock_manager;
        let manager = required(manager, "ext_session_lock_manager_v1")?;
        let id = Lock(self.client.locks.len());
        let lock = manager.lock(&self.queue.handle(), id);
        self.client.locks.push(LockState {
            locked: false,
            finished: false,
            lock,
        });
        self.flush()?;
        Ok(id)
    }

    /// Asks for the session to be locked, and waits until it is.
    pub fn locked(&mut self) -> Result<Lock> {
        let lock = self.lock()?;
        self.dispatch_until(soon(), "the session to be locked", |client| {
            client.lock_state(lock).locked
        })?;
        Ok(lock)
    }

    /// What a lock was told so far.
    pub fn lock_state(&self, lock: Lock) -> &LockState {
        &self.client.locks[lock.0]
    }

    /// Makes the surface of a lock, and waits for its first configuration.
    pub fn open_lock(&mut self, lock: Lock) -> Result<Surface> {
        let output = required(&self.client.globals.output, "wl_output")?.clone();
        let id = self.create_surface(1, 1)?;
        let (surface, handle) = (self.wl_surface(id), self.queue.handle());
        let lock = &self.client.locks[lock.0].lock;
        let role = lock.get_lock_surface(surface, &output, &handle, id);
        self.client.surfaces[id.0].role = Role::Lock(role);
        self.dispatch_until(soon(), "the configuration of a lock", |client| {
            !client.surface(id).configures.is_empty()
        })?;
        Ok(id)
    }

    /// Gives a lock up that does not, or no longer, hold the session.
    pub fn abandon(&mut self, lock: Lock) -> Result {
        self.client.locks[lock.0].lock.destroy();
        self.flush()
    }

    /// Unlocks the session.
    pub fn unlock(&mut self, lock: Lock) -> Result {
        self.client.locks[lock.0].lock.unlock_and_destroy();
        self.flush()
    }
}

impl Dispatch<ExtSessionLockV1, Lock> for Client {
    fn event(
        client: &mut Self,
        _: &ExtSessionLockV1,
        event: ext_session_lock_v1::Event,
        lock: &Lock,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let state = &mut client.locks[lock.0];
        match event {
            ext_session_lock_v1::Event::Locked => state.locked = true,
            ext_session_lock_v1::Event::Finished => state.finished = true,
            _ => {}
        }
    }
}

impl Dispatch<ExtSessionLockSurfaceV1, Surface> for Client {
    fn event(
        client: &mut Self,
        role: &ExtSessionLockSurfaceV1,
        event: ext_session_lock_surface_v1::Event,
        surface: &Surface,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let state = &mut client.surfaces[surface.0];
        if let ext_session_lock_surface_v1::Event::Configure {
            serial,
            width,
            height,
        } = event
        {
            role.ack_configure(serial);
            state.size = (width as i32, height as i32);
            state.configures.push(Configure {
                serial,
                width: width as i32,
                height: height as i32,
                ..Configure::default()
            });
        }
    }
}

delegate_noop!(Client: ExtSessionLockManagerV1);
