//! The session's lock: while a program holds it, its surface is all that is drawn and all that
//! input reaches. The program may end without unlocking; then the session stays locked until
//! another one takes the lock over.

use smithay::backend::renderer::buffer_dimensions;
use smithay::reexports::wayland_protocols::ext::session_lock::v1::server::ext_session_lock_surface_v1::ExtSessionLockSurfaceV1;
use smithay::reexports::wayland_protocols::ext::session_lock::v1::server::ext_session_lock_v1::ExtSessionLockV1;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, SERIAL_COUNTER, Serial, Size};
use smithay::wayland::compositor::{BufferAssignment, SurfaceAttributes, with_states};
use smithay::wayland::viewporter::ViewportCachedState;
use tracing::{info, warn};

use crate::desktop::has_buffer;
use crate::state::Offing;
use crate::tree::Tree;
use crate::window::MAX_CONFIGURES;

/// Who holds the session locked, if anybody does.
#[derive(Default)]
pub(crate) struct SessionLock(Option<Lock>);

struct Lock {
    /// The program's lock, unless it is gone.
    holder: Option<ExtSessionLockV1>,
    /// The program was told that the session is locked.
    told: bool,
    /// Some program was told so: only unlocking ends it.
    lasting: bool,
    surface: Option<LockSurface>,
}

/// What is shown while the session is locked.
struct LockSurface {
    role: ExtSessionLockSurfaceV1,
    surface: WlSurface,
    /// The configures that its client has not acknowledged.
    waiting: Vec<(Serial, Size<i32, Logical>)>,
    acknowledged: Option<Size<i32, Logical>>,
    /// The size that its client was asked for last.
    wanted: Option<Size<i32, Logical>>,
}

/// What a lock's surface must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// It is committed before a configure was acknowledged.
    NotAcknowledged,
    /// Its buffer is taken away.
    NoBuffer,
    /// It has not the size that was acknowledged.
    Size,
}

impl SessionLock {
    fn surface(&self) -> Option<&LockSurface> {
        self.0.as_ref()?.surface.as_ref()
    }

    fn surface_mut(&mut self) -> Option<&mut LockSurface> {
        self.0.as_mut()?.surface.as_mut()
    }

    fn is(&self, surface: &WlSurface) -> bool {
        self.surface().is_some_and(|it| it.surface == *surface)
    }

    /// The surface that has the keyboard while the session is locked: only once it shows
    /// something, as a client may not cope with keys before.
    fn shown(&self) -> Option<&WlSurface> {
        let surface = &self.surface()?.surface;
        (surface.is_alive() && has_buffer(surface)).then_some(surface)
    }

    /// All that is drawn while the session is locked.
    fn tree(&self) -> Option<Tree> {
        let surface = self.shown()?.clone();
        Some(Tree {
            surface,
            origin: (0, 0).into(),
            position: (0, 0).into(),
            worn: None,
        })
    }

    /// What is wrong with what a surface is about to commit, if it is the lock's.
    pub(crate) fn misuse(&self, surface: &WlSurface) -> Option<(&ExtSessionLockSurfaceV1, Misuse)> {
        let lock = self.surface().filter(|it| it.surface == *surface)?;
        let Some(acknowledged) = lock.acknowledged else {
            return Some((&lock.role, Misuse::NotAcknowledged));
        };
        let misuse = match pending_size(surface)? {
            None => Misuse::NoBuffer,
            Some(size) if size != acknowledged => Misuse::Size,
            Some(_) => return None,
        };
        Some((&lock.role, misuse))
    }

    /// What is to be told to the program that waits for the session to be locked.
    fn unconfirmed(&mut self) -> Option<&ExtSessionLockV1> {
        let lock = self.0.as_mut().filter(|lock| !lock.told)?;
        let holder = lock.holder.as_ref()?;
        (lock.told, lock.lasting) = (true, true);
        Some(holder)
    }
}

impl LockSurface {
    /// Asks for this size, unless that was the last one asked for.
    fn configure(&mut self, size: Size<i32, Logical>) {
        if self.wanted == Some(size) || self.waiting.len() >= MAX_CONFIGURES {
            // What is left out is made up for when the client acknowledges some.
            return;
        }
        let serial = SERIAL_COUNTER.next_serial();
        let side = |side: i32| u32::try_from(side).unwrap_or(0);
        self.role
            .configure(serial.into(), side(size.w), side(size.h));
        self.wanted = Some(size);
        self.waiting.push((serial, size));
    }
}

impl Offing {
    /// Whether the session is locked, or about to be.
    pub fn is_locked(&self) -> bool {
        self.session_lock.0.is_some()
    }

    /// Whether the program that locked the session has ended without unlocking it.
    pub fn is_lock_abandoned(&self) -> bool {
        let lock = self.session_lock.0.as_ref();
        lock.is_some_and(|lock| lock.holder.is_none())
    }

    /// Whether a program waits to be told that the session is locked: it is once it is drawn so.
    pub(crate) fn lock_is_pending(&self) -> bool {
        let lock = self.session_lock.0.as_ref();
        lock.is_some_and(|lock| !lock.told && lock.holder.is_some())
    }

    /// All that is drawn, topmost first.
    pub(crate) fn trees(&self) -> impl Iterator<Item = Tree> {
        let desktop = (!self.is_locked()).then(|| self.desktop.trees());
        let lock = self.session_lock.tree();
        lock.into_iter().chain(desktop.into_iter().flatten())
    }

    /// The lock's surface, if it takes keys.
    pub(crate) fn lock_with_keyboard(&self) -> Option<&WlSurface> {
        self.session_lock.shown()
    }

    /// A program wants to lock the session. It may if nobody else does, or nobody any more.
    pub(crate) fn lock(&mut self, lock: ExtSessionLockV1) {
        let before = self.session_lock.0.as_ref();
        if before.is_some_and(|before| before.holder.is_some()) {
            return lock.finished();
        }
        let was_locked = before.is_some();
        self.session_lock.0 = Some(Lock {
            holder: Some(lock),
            told: false,
            lasting: was_locked,
            surface: None,
        });
        self.clock.queue();
        if !was_locked {
            self.withhold_clipboard(true);
            self.end_grabs();
        }
    }

    /// Menus, drags and what else holds the pointer and the keyboard ends; what is dragged is
    /// dropped nowhere.
    fn end_grabs(&mut self) {
        self.stop_choosing();
        self.leave_popups();
        self.refresh_pointer();
        let (keyboard, pointer) = (self.input.keyboard.clone(), self.input.pointer.clone());
        pointer.unset_grab(self, SERIAL_COUNTER.next_serial(), self.clock.millis());
        keyboard.unset_grab(self);
        if let Some(touch) = self.input.seat.get_touch() {
            touch.cancel(self);
            touch.unset_grab(self);
            self.input.touched = None;
        }
        self.set_drag_icon(None);
        self.refresh_keyboard();
        self.refresh_pointer();
    }

    /// A frame was drawn: if the session is locked in it, its program is told.
    pub(crate) fn confirm_lock(&mut self) {
        if let Some(holder) = self.session_lock.unconfirmed() {
            holder.locked();
            info!("the session is locked");
        }
    }

    /// Whether this is the lock that the session is locked with.
    pub(crate) fn holds(&self, lock: &ExtSessionLockV1) -> bool {
        let held = self.session_lock.0.as_ref();
        held.is_some_and(|held| held.told && held.holder.as_ref() == Some(lock))
    }

    /// A program unlocks the session. Returns whether it may.
    pub(crate) fn unlock(&mut self, lock: &ExtSessionLockV1) -> bool {
        let may = self.holds(lock);
        if may {
            info!("the session is unlocked");
            self.end_lock();
        }
        may
    }

    fn end_lock(&mut self) {
        self.session_lock.0 = None;
        self.withhold_clipboard(false);
        self.refresh_keyboard();
        self.serve_hidden();
    }

    /// A lock is gone, and its program perhaps too.
    pub(crate) fn lock_gone(&mut self, lock: &ExtSessionLockV1) {
        let Some(held) = &mut self.session_lock.0 else {
            return;
        };
        if held.holder.as_ref() != Some(lock) {
            return;
        }
        if !held.lasting {
            return self.end_lock();
        }
        warn!(
            "the program that locked the session has ended without unlocking it: the session stays \
             locked until a program that locks is started"
        );
        held.holder = None;
        held.surface = None;
        self.refresh_keyboard();
        self.clock.queue();
    }

    /// A program gives its lock a surface. Returns false if it has one already; that of a lock
    /// that does not hold the session is not shown.
    pub(crate) fn show_lock(
        &mut self,
        lock: &ExtSessionLockV1,
        role: ExtSessionLockSurfaceV1,
        surface: WlSurface,
    ) -> bool {
        let size = self.screen.logical_size();
        let held = self.session_lock.0.as_mut();
        let Some(held) = held.filter(|held| held.holder.as_ref() == Some(lock)) else {
            return true;
        };
        if held
            .surface
            .as_ref()
            .is_some_and(|it| it.surface.is_alive())
        {
            return false;
        }
        let mut shown = LockSurface {
            role,
            surface,
            waiting: Vec::new(),
            acknowledged: None,
            wanted: None,
        };
        shown.configure(size);
        held.surface = Some(shown);
        true
    }

    /// A lock's client has acknowledged a configure. Returns whether there was one.
    pub(crate) fn lock_acknowledged(
        &mut self,
        role: &ExtSessionLockSurfaceV1,
        serial: Serial,
    ) -> bool {
        let size = self.screen.logical_size();
        let shown = self.session_lock.surface_mut();
        let Some(shown) = shown.filter(|it| it.role == *role) else {
            return true;
        };
        let mut waiting = shown.waiting.iter();
        let Some(at) = waiting.position(|(sent, _)| *sent == serial) else {
            return false;
        };
        let acknowledged = shown.waiting.drain(..=at).next_back();
        shown.acknowledged = acknowledged.map(|(_, size)| size);
        shown.configure(size);
        true
    }

    /// A surface was committed. Returns whether it is the lock's.
    pub(crate) fn lock_committed(&mut self, surface: &WlSurface) -> bool {
        let is_lock = self.session_lock.is(surface);
        if is_lock {
            self.refresh_keyboard();
        }
        is_lock
    }

    /// A lock's surface is gone.
    pub(crate) fn lock_surface_gone(&mut self, role: &ExtSessionLockSurfaceV1) {
        if let Some(lock) = &mut self.session_lock.0
            && lock.surface.as_ref().is_some_and(|it| it.role == *role)
        {
            lock.surface = None;
            self.refresh_keyboard();
            self.clock.queue();
        }
    }

    /// The screen has a new size.
    pub(crate) fn fit_lock(&mut self) {
        let size = self.screen.logical_size();
        if let Some(shown) = self.session_lock.surface_mut() {
            shown.configure(size);
        }
    }
}

/// The size that a surface will have with what it is about to commit: none inside if it will have
/// no buffer, none at all if that stays as it is.
fn pending_size(surface: &WlSurface) -> Option<Option<Size<i32, Logical>>> {
    with_states(surface, |states| {
        let mut attributes = states.cached_state.get::<SurfaceAttributes>();
        let pending = attributes.pending();
        let buffer = match pending.buffer.as_ref()? {
            BufferAssignment::Removed => return Some(None),
            BufferAssignment::NewBuffer(buffer) => buffer,
        };
        let mut viewport = states.cached_state.get::<ViewportCachedState>();
        let size = viewport.pending().dst.or_else(|| {
            let (scale, transform) = (pending.buffer_scale, pending.buffer_transform);
            let size = buffer_dimensions(buffer)?;
            Some(size.to_logical(scale, transform.into()))
        });
        size.map(Some)
    })
}
