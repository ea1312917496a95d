use wayland_client::protocol::wl_pointer::WlPointer;
use wayland_client::protocol::wl_region::WlRegion;
use wayland_client::{Connection, Dispatch, QueueHandle, delegate_noop};
use wayland_protocols::wp::pointer_constraints::zv1::client::zwp_confined_pointer_v1::{
    self, ZwpConfinedPointerV1,
};
use wayland_protocols::wp::pointer_constraints::zv1::client::zwp_locked_pointer_v1::{
    self, ZwpLockedPointerV1,
};
use wayland_protocols::wp::pointer_constraints::zv1::client::zwp_pointer_constraints_v1::{
    Lifetime, ZwpPointerConstraintsV1,
};
use wayland_protocols::wp::relative_pointer::zv1::client::zwp_relative_pointer_manager_v1::ZwpRelativePointerManagerV1;
use wayland_protocols::wp::relative_pointer::zv1::client::zwp_relative_pointer_v1::{
    self, ZwpRelativePointerV1,
};

use super::seat::PointerEvent;
use super::surface::Surface;
use super::{Client, WaylandClient, required};
use crate::{Error, Result};

/// The name that a test has for a lock of the pointer, or a confinement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraint(usize);

/// What a lock or a confinement was told so far.
#[derive(Debug)]
pub struct ConstraintState {
    /// It holds now.
    pub is_active: bool,
    /// How often it began to hold.
    pub activations: usize,
    /// How often it was told that it no longer holds.
    pub ends: usize,
    object: Object,
}

/// What keeps the pointer.
enum Kind {
    Lock,
    Confinement,
}

#[derive(Debug)]
enum Object {
    Locked(ZwpLockedPointerV1),
    Confined(ZwpConfinedPointerV1),
}

/// A piece of a surface: left, top, width, height.
pub type Piece = (i32, i32, i32, i32);

/// Motions, locks and confinements of the pointer.
impl WaylandClient {
    /// Is told from now on how far the pointer moves: see [`PointerEvent::Relative`].
    pub fn watch_motion(&mut self) -> Result {
        let globals = &self.client.globals;
        let manager = required(
            &globals.relative_pointer_manager,
            "zwp_relative_pointer_manager_v1",
        )?;
        manager.get_relative_pointer(&self.pointer_device()?, &self.queue.handle(), ());
        self.flush()
    }

    /// Asks to keep the pointer in its place while it is on a surface, and in one of these pieces
    /// if there are any.
    pub fn lock_pointer(
        &mut self,
        surface: Surface,
        pieces: &[Piece],
        lifetime: Lifetime,
    ) -> Result<Constraint> {
        self.constrain(Kind::Lock, surface, pieces, lifetime)
    }

    /// Asks to keep the pointer on a surface, and in these pieces if there are any.
    pub fn confine_pointer(
        &mut self,
        surface: Surface,
        pieces: &[Piece],
        lifetime: Lifetime,
    ) -> Result<Constraint> {
        self.constrain(Kind::Confinement, surface, pieces, lifetime)
    }

    fn constrain(
        &mut self,
        kind: Kind,
        surface: Surface,
        pieces: &[Piece],
        lifetime: Lifetime,
    ) -> Result<Constraint> {
        let constraints = &self.client.globals.pointer_constraints;
        let manager = required(constraints, "zwp_pointer_constraints_v1")?;
        let (surface, pointer) = (self.wl_surface(surface), self.pointer_device()?);
        let pieces = self.region(pieces)?;
        let region = pieces.as_ref();
        let (queue, id) = (
            self.queue.handle(),
            Constraint(self.client.constraints.len()),
        );
        let object = match kind {
            Kind::Lock => Object::Locked(
                manager.lock_pointer(surface, &pointer, region, lifetime, &queue, id),
            ),
            Kind::Confinement => Object::Confined(
                manager.confine_pointer(surface, &pointer, region, lifetime, &queue, id),
            ),
        };
        pieces.inspect(WlRegion::destroy);
        self.client.constraints.push(ConstraintState {
            is_active: false,
            activations: 0,
            ends: 0,
            object,
        });
        self.flush()?;
        Ok(id)
    }

    /// What a lock or a confinement was told so far.
    pub fn constraint(&self, constraint: Constraint) -> &ConstraintState {
        &self.client.constraints[constraint.0]
    }

    /// Says, with the next commit, where on its surface the pointer is drawn while it is locked.
    pub fn hint_cursor(&mut self, constraint: Constraint, x: f64, y: f64) -> Result {
        match &self.constraint(constraint).object {
            Object::Locked(locked) => locked.set_cursor_position_hint(x, y),
            Object::Confined(_) => return Err(Error::other("a confinement takes no hint")),
        }
        self.flush()
    }

    /// Changes, with the next commit, where the pointer is kept: anywhere if there are no pieces.
    pub fn set_constraint_region(&mut self, constraint: Constraint, pieces: &[Piece]) -> Result {
        let region = self.region(pieces)?;
        match &self.constraint(constraint).object {
            Object::Locked(locked) => locked.set_region(region.as_ref()),
            Object::Confined(confined) => confined.set_region(region.as_ref()),
        }
        region.inspect(WlRegion::destroy);
        self.flush()
    }

    /// Gives a lock or a confinement up.
    pub fn destroy_constraint(&mut self, constraint: Constraint) -> Result {
        let state = &mut self.client.constraints[constraint.0];
        state.is_active = false;
        match &state.object {
            Object::Locked(locked) => locked.destroy(),
            Object::Confined(confined) => confined.destroy(),
        }
        self.flush()
    }

    fn pointer_device(&self) -> Result<WlPointer> {
        required(&self.client.pointer.device, "wl_pointer")
    }

    /// These pieces; none for all.
    fn region(&self, pieces: &[Piece]) -> Result<Option<WlRegion>> {
        if pieces.is_empty() {
            return Ok(None);
        }
        let compositor = required(&self.client.globals.compositor, "wl_compositor")?;
        let region = compositor.create_region(&self.queue.handle(), ());
        for &(x, y, width, height) in pieces {
            region.add(x, y, width, height);
        }
        Ok(Some(region))
    }
}

impl ConstraintState {
    fn begin(&mut self) {
        self.is_active = true;
        self.activations += 1;
    }

    fn end(&mut self) {
        self.is_active = false;
        self.ends += 1;
    }
}

impl Dispatch<ZwpLockedPointerV1, Constraint> for Client {
    fn event(
        client: &mut Self,
        _: &ZwpLockedPointerV1,
        event: zwp_locked_pointer_v1::Event,
        constraint: &Constraint,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let state = &mut client.constraints[constraint.0];
        match event {
            zwp_locked_pointer_v1::Event::Locked => state.begin(),
            zwp_locked_pointer_v1::Event::Unlocked => state.end(),
            _ => {}
        }
    }
}

impl Dispatch<ZwpConfinedPointerV1, Constraint> for Client {
    fn event(
        client: &mut Self,
        _: &ZwpConfinedPointerV1,
        event: zwp_confined_pointer_v1::Event,
        constraint: &Constraint,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let state = &mut client.constraints[constraint.0];
        match event {
            zwp_confined_pointer_v1::Event::Confined => state.begin(),
            zwp_confined_pointer_v1::Event::Unconfined => state.end(),
            _ => {}
        }
    }
}

impl Dispatch<ZwpRelativePointerV1, ()> for Client {
    fn event(
        client: &mut Self,
        _: &ZwpRelativePointerV1,
        event: zwp_relative_pointer_v1::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        if let zwp_relative_pointer_v1::Event::RelativeMotion {
            utime_hi,
            utime_lo,
            dx,
            dy,
            ..
        } = event
        {
            let micros = u64::from(utime_hi) << 32 | u64::from(utime_lo);
            let events = &mut client.pointer.events;
            events.push(PointerEvent::Relative { dx, dy, micros });
        }
    }
}

delegate_noop!(Client: ZwpPointerConstraintsV1);
delegate_noop!(Client: ZwpRelativePointerManagerV1);
