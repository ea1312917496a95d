//! Wayland clients that lock the session, and break the rules of that.

use offing_tests::Result;

use super::Argument::{Int, Uint};
use super::{Event, Peer};
use crate::fixture::expect_equal;
use crate::peers::Scene;
use crate::raw::memory;

/// Requests of ext_session_lock_v1.
const DESTROY: u16 = 0;
const GET_SURFACE: u16 = 1;
const UNLOCK: u16 = 2;
/// Its events.
const LOCKED: u16 = 0;
const FINISHED: u16 = 1;
/// Its errors.
const INVALID_DESTROY: u32 = 0;
const INVALID_UNLOCK: u32 = 1;
const ROLE: u32 = 2;
const DUPLICATE_OUTPUT: u32 = 3;
const ALREADY_CONSTRUCTED: u32 = 4;
/// Request and errors of ext_session_lock_surface_v1.
const ACKNOWLEDGE: u16 = 1;
const COMMIT_BEFORE_FIRST_ACK: u32 = 0;
const NULL_BUFFER: u32 = 1;
const DIMENSIONS_MISMATCH: u32 = 2;
const INVALID_SERIAL: u32 = 3;
/// Requests of wl_surface.
const ATTACH: u16 = 1;
const COMMIT: u16 = 6;

/// A client that has asked for a lock.
struct Locker {
    peer: Peer,
    lock: u32,
    compositor: u32,
    output: u32,
    /// Of one pixel.
    buffer: u32,
}

impl Locker {
    fn new(scene: &Scene) -> Result<Self> {
        let mut peer = Peer::connect(scene.fixture.client_socket()?)?;
        let manager = peer.bind("ext_session_lock_manager_v1", 1)?;
        let compositor = peer.bind("wl_compositor", 6)?;
        let output = peer.bind("wl_output", 4)?;
        let shm = peer.bind("wl_shm", 1)?;
        let pool = peer.pool(shm, memory(&[0; 4])?, 4)?;
        let buffer = peer.make(pool, 0, &[Int(0), Int(1), Int(1), Int(4), Uint(1)]);
        let lock = peer.make(manager, 1, &[]);
        Ok(Self {
            peer,
            lock,
            compositor,
            output,
            buffer,
        })
    }

    /// Waits for what the lock is told.
    fn told(&mut self, event: u16) -> Result {
        self.peer.send()?;
        loop {
            let Event { object, number, .. } = self.peer.event()?;
            if (object, number) == (self.lock, event) {
                return Ok(());
            }
        }
    }

    fn surface(&mut self) -> u32 {
        self.peer.make(self.compositor, 0, &[])
    }

    /// Gives the lock a surface: what it is to the lock.
    fn show(&mut self, surface: u32) -> u32 {
        let arguments = [Uint(surface), Uint(self.output)];
        self.peer.make(self.lock, GET_SURFACE, &arguments)
    }

    /// Acknowledges the last configure of a surface.
    fn acknowledge(&mut self, role: u32) -> Result {
        let events = self.peer.sync()?;
        let configure = events.iter().rfind(|event| event.object == role);
        let serial = configure.map_or(0, |event| event.uint(0));
        self.peer.ask(role, ACKNOWLEDGE, &[Uint(serial)]);
        Ok(())
    }

    fn attach(&mut self, surface: u32, buffer: u32) {
        self.peer
            .ask(surface, ATTACH, &[Uint(buffer), Int(0), Int(0)]);
    }

    /// Expects that this is told to be wrong.
    fn expect_error(mut self, object: u32, code: u32) -> Result {
        self.peer.send()?;
        let error = self.peer.ended()?;
        let error = error.map(|(object, code, _)| (object, code));
        expect_equal("the error", error, Some((object, code)))
    }
}

/// What a client does that has not been told that the session is locked: the object that is wrong,
/// and how.
type Act = fn(&mut Locker) -> Result<(u32, u32)>;

#[test]
fn what_a_lock_must_not_do() -> Result {
    let acts: [(&str, Act); 9] = [
        ("to unlock before it is locked", |bad| {
            bad.peer.ask(bad.lock, UNLOCK, &[]);
            Ok((bad.lock, INVALID_UNLOCK))
        }),
        ("a role twice", |bad| {
            let surface = bad.surface();
            let wm_base = bad.peer.bind("xdg_wm_base", 3)?;
            let xdg_surface = bad.peer.make(wm_base, 2, &[Uint(surface)]);
            bad.peer.make(xdg_surface, 1, &[]);
            bad.show(surface);
            Ok((bad.lock, ROLE))
        }),
        ("a buffer before", |bad| {
            let surface = bad.surface();
            bad.attach(surface, bad.buffer);
            bad.peer.ask(surface, COMMIT, &[]);
            bad.show(surface);
            Ok((bad.lock, ALREADY_CONSTRUCTED))
        }),
        ("two surfaces", |bad| {
            for _ in 0..2 {
                let surface = bad.surface();
                bad.show(surface);
            }
            Ok((bad.lock, DUPLICATE_OUTPUT))
        }),
        ("a commit at once", |bad| {
            let surface = bad.surface();
            let role = bad.show(surface);
            bad.peer.ask(surface, COMMIT, &[]);
            Ok((role, COMMIT_BEFORE_FIRST_ACK))
        }),
        ("no configure", |bad| {
            let surface = bad.surface();
            let role = bad.show(surface);
            bad.peer.ask(role, ACKNOWLEDGE, &[Uint(4711)]);
            Ok((role, INVALID_SERIAL))
        }),
        ("no buffer", |bad| {
            let surface = bad.surface();
            let role = bad.show(surface);
            bad.acknowledge(role)?;
            bad.attach(surface, 0);
            bad.peer.ask(surface, COMMIT, &[]);
            Ok((role, NULL_BUFFER))
        }),
        ("another size", |bad| {
            let surface = bad.surface();
            let role = bad.show(surface);
            bad.acknowledge(role)?;
            bad.attach(surface, bad.buffer);
            bad.peer.ask(surface, COMMIT, &[]);
            Ok((role, DIMENSIONS_MISMATCH))
        }),
        ("to go once it is locked", |bad| {
            bad.told(LOCKED)?;
            bad.peer.ask(bad.lock, DESTROY, &[]);
            Ok((bad.lock, INVALID_DESTROY))
        }),
    ];
    for (what, act) in acts {
        let scene = Scene::new()?;
        let mut bad = Locker::new(&scene)?;
        let (object, code) = act(&mut bad)?;
        bad.expect_error(object, code)
            .map_err(|error| error.context(what))?;
        // Another one can still lock and unlock.
        scene.unlocks().map_err(|error| error.context(what))?;
    }
    Ok(())
}

impl Scene {
    /// Checks that the session can be locked and unlocked, and goes on then.
    fn unlocks(mut self) -> Result {
        let mut locker = Locker::new(&self)?;
        locker.told(LOCKED)?;
        locker.peer.ask(locker.lock, UNLOCK, &[]);
        locker.peer.sync()?;
        self.goes_on()
    }
}

#[test]
fn who_gives_up_at_once_leaves_the_session_open() -> Result {
    let mut scene = Scene::new()?;
    let mut locker = Locker::new(&scene)?;
    locker.peer.ask(locker.lock, DESTROY, &[]);
    locker.peer.sync()?;
    scene.goes_on()
}

#[test]
fn only_who_holds_the_session_unlocks_it() -> Result {
    let scene = Scene::new()?;
    let mut good = Locker::new(&scene)?;
    good.told(LOCKED)?;
    let mut bad = Locker::new(&scene)?;
    bad.told(FINISHED)?;
    let surface = bad.surface();
    let role = bad.show(surface);
    let events = bad.peer.sync()?;
    let configured = events.iter().any(|event| event.object == role);
    expect_equal("configures", configured, false)?;
    bad.peer.ask(bad.lock, UNLOCK, &[]);
    let lock = bad.lock;
    bad.expect_error(lock, INVALID_UNLOCK)?;
    expect_equal("locked", scene.fixture.with(|it| it.is_locked())?, true)?;
    good.peer.ask(good.lock, UNLOCK, &[]);
    good.peer.sync()?;
    scene.unlocks()
}

#[test]
fn configures_of_a_lock_do_not_pile_up() -> Result {
    let scene = Scene::new()?;
    let mut busy = Locker::new(&scene)?;
    let surface = busy.surface();
    let role = busy.show(surface);
    busy.told(LOCKED)?;
    let (mut configures, mut last) = (0, 0);
    for side in 1..300 {
        let size = rfb::Size::new(100 + side, 100);
        let resized = scene.fixture.with(move |it| it.resize(size))?;
        resized.map_err(offing_tests::Error::other)?;
        for event in busy.peer.sync()? {
            if event.object == role {
                (configures, last) = (configures + 1, event.uint(0));
            }
        }
    }
    assert!((64..=130).contains(&configures), "{configures} configures");
    busy.peer.ask(role, ACKNOWLEDGE, &[Uint(last)]);
    let events = busy.peer.sync()?;
    let newest = events.iter().rfind(|event| event.object == role);
    expect_equal("the size", newest.map(|event| event.uint(4)), Some(399))
}
