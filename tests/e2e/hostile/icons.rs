//! Wayland clients that give windows icons that are none.

use std::fs::File;
use std::os::fd::AsFd;

use offing_tests::Result;
use rustix::fs::ftruncate;

use super::Argument::{Int, Text, Uint};
use super::Peer;
use crate::fixture::expect_equal;
use crate::peers::Scene;
use crate::raw::memory;

/// Requests of xdg_toplevel_icon_manager_v1.
const CREATE_ICON: u16 = 1;
const SET_ICON: u16 = 2;
/// Requests of xdg_toplevel_icon_v1.
const SET_NAME: u16 = 1;
const ADD_BUFFER: u16 = 2;
/// Its errors.
const INVALID_BUFFER: u32 = 1;
const IMMUTABLE: u32 = 2;
const NO_BUFFER: u32 = 3;
/// The bytes of a picture of 24x24.
const BYTES: i32 = 24 * 24 * 4;

/// A client with a window and a picture for its icon.
struct Owner {
    peer: Peer,
    manager: u32,
    toplevel: u32,
    pool: u32,
    buffer: u32,
    file: File,
}

impl Owner {
    fn new(scene: &Scene) -> Result<Self> {
        let mut peer = Peer::connect(scene.fixture.client_socket()?)?;
        let compositor = peer.bind("wl_compositor", 6)?;
        let wm_base = peer.bind("xdg_wm_base", 3)?;
        let manager = peer.bind("xdg_toplevel_icon_manager_v1", 1)?;
        let shm = peer.bind("wl_shm", 1)?;
        let surface = peer.make(compositor, 0, &[]);
        let xdg_surface = peer.make(wm_base, 2, &[Uint(surface)]);
        let toplevel = peer.make(xdg_surface, 1, &[]);
        let file = memory(&vec![0; BYTES as usize])?;
        let pool = peer.pool(shm, file.as_fd(), BYTES)?;
        let mut owner = Self {
            peer,
            manager,
            toplevel,
            pool,
            buffer: 0,
            file,
        };
        owner.buffer = owner.picture(24, 24);
        owner.peer.sync()?;
        Ok(owner)
    }

    fn picture(&mut self, width: i32, height: i32) -> u32 {
        let arguments = [Int(0), Int(width), Int(height), Int(width * 4), Uint(0)];
        self.peer.make(self.pool, 0, &arguments)
    }

    fn icon(&mut self) -> u32 {
        self.peer.make(self.manager, CREATE_ICON, &[])
    }

    fn add(&mut self, icon: u32, buffer: u32) {
        self.peer.ask(icon, ADD_BUFFER, &[Uint(buffer), Int(1)]);
    }

    fn set(&mut self, icon: u32) {
        let arguments = [Uint(self.toplevel), Uint(icon)];
        self.peer.ask(self.manager, SET_ICON, &arguments);
    }

    /// An icon that the window has.
    fn given(&mut self) -> u32 {
        let (icon, buffer) = (self.icon(), self.buffer);
        self.add(icon, buffer);
        self.set(icon);
        icon
    }
}

/// What is done with an icon: the object that is at fault.
type Act = fn(&mut Owner) -> Result<u32>;

#[test]
fn icons_that_are_against_the_rules() -> Result {
    let acts: [(&str, u32, Act); 6] = [
        ("wide", INVALID_BUFFER, |owner| {
            let (icon, wide) = (owner.icon(), owner.picture(24, 12));
            owner.add(icon, wide);
            Ok(icon)
        }),
        ("not in shared memory", INVALID_BUFFER, |owner| {
            let pixels = owner.peer.bind("wp_single_pixel_buffer_manager_v1", 1)?;
            let colour = [Uint(0), Uint(0), Uint(0), Uint(0)];
            let (icon, pixel) = (owner.icon(), owner.peer.make(pixels, 1, &colour));
            owner.add(icon, pixel);
            Ok(icon)
        }),
        ("changed", IMMUTABLE, |owner| {
            let (icon, buffer) = (owner.given(), owner.buffer);
            owner.add(icon, buffer);
            Ok(icon)
        }),
        ("named", IMMUTABLE, |owner| {
            let icon = owner.given();
            owner.peer.ask(icon, SET_NAME, &[Text("a-name")]);
            Ok(icon)
        }),
        ("empty, and changed", IMMUTABLE, |owner| {
            let (icon, buffer) = (owner.icon(), owner.buffer);
            owner.set(icon);
            owner.add(icon, buffer);
            Ok(icon)
        }),
        ("of a picture that is gone", NO_BUFFER, |owner| {
            let (icon, buffer) = (owner.icon(), owner.buffer);
            owner.add(icon, buffer);
            owner.peer.ask(buffer, 0, &[]);
            owner.set(icon);
            Ok(icon)
        }),
    ];
    let mut scene = Scene::new()?;
    for (what, error, act) in acts {
        let mut bad = Owner::new(&scene)?;
        let icon = act(&mut bad)?;
        bad.peer.send()?;
        let ended = bad.peer.ended()?.map(|(object, error, _)| (object, error));
        expect_equal(what, ended, Some((icon, error)))?;
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn an_icon_whose_memory_is_gone() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Owner::new(&scene)?;
    ftruncate(&bad.file, 0)?;
    bad.given();
    bad.peer.send()?;
    assert!(bad.peer.ended()?.is_some(), "it is told what it has done");
    scene.goes_on()
}

#[test]
fn icons_of_windows_that_are_gone() -> Result {
    let mut scene = Scene::new()?;
    let mut odd = Owner::new(&scene)?;
    let icon = odd.given();
    // Neither the icon nor the window is needed any more.
    odd.peer.ask(icon, 0, &[]);
    odd.peer.ask(odd.toplevel, 0, &[]);
    odd.peer.ask(odd.manager, 0, &[]);
    odd.peer.sync()?;
    scene.goes_on()
}

#[test]
fn icons_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Owner::new(&scene)?;
    let (manager, toplevel, buffer) = (bad.manager, bad.toplevel, bad.buffer);
    bad.peer.repeat(2000, |peer| {
        let icon = peer.make(manager, CREATE_ICON, &[]);
        peer.ask(icon, ADD_BUFFER, &[Uint(buffer), Int(1)]);
        peer.ask(manager, SET_ICON, &[Uint(toplevel), Uint(icon)]);
    })?;
    bad.peer.expect_no_memory("icons")?;
    scene.goes_on()?;

    // Those that are destroyed do not count.
    let mut good = Owner::new(&scene)?;
    let (manager, toplevel, buffer) = (good.manager, good.toplevel, good.buffer);
    good.peer.repeat(2000, |peer| {
        let icon = peer.make(manager, CREATE_ICON, &[]);
        peer.ask(icon, ADD_BUFFER, &[Uint(buffer), Int(1)]);
        peer.ask(manager, SET_ICON, &[Uint(toplevel), Uint(icon)]);
        peer.ask(icon, 0, &[]);
    })?;
    good.peer.sync()?;
    scene.goes_on()
}
