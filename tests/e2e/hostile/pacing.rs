//! Wayland clients that let commits pile up behind barriers, or want to be told too much.

use offing_tests::Result;

use super::Argument::{Int, Uint};
use super::Peer;
use crate::fixture::expect_equal;
use crate::peers::Scene;
use crate::raw::memory;

/// Requests of wl_surface.
const ATTACH: u16 = 1;
const COMMIT: u16 = 6;
/// Requests of wp_fifo_v1.
const SET_BARRIER: u16 = 0;
const WAIT_BARRIER: u16 = 1;

/// A surface, and how it waits.
fn fifo(peer: &mut Peer) -> Result<(u32, u32)> {
    let compositor = peer.bind("wl_compositor", 6)?;
    let manager = peer.bind("wp_fifo_manager_v1", 1)?;
    let surface = peer.make(compositor, 0, &[]);
    Ok((surface, peer.make(manager, 1, &[Uint(surface)])))
}

#[test]
fn commits_behind_barriers_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    let (surface, fifo) = fifo(&mut bad)?;
    bad.repeat(2000, |bad| {
        bad.ask(fifo, SET_BARRIER, &[]);
        bad.ask(fifo, WAIT_BARRIER, &[]);
        bad.ask(surface, COMMIT, &[]);
    })?;
    bad.expect_no_memory("more than 256 commits that wait")?;
    scene.goes_on()
}

#[test]
fn surfaces_that_are_never_shown_do_not_wait_for_ever() -> Result {
    let mut scene = Scene::new()?;
    let mut hidden = Peer::connect(scene.fixture.client_socket()?)?;
    let (surface, fifo) = fifo(&mut hidden)?;
    let shm = hidden.bind("wl_shm", 1)?;
    let pool = hidden.pool(shm, memory(&[0; 4])?, 4)?;
    let mut buffers = Vec::new();
    for _ in 0..3 {
        let buffer = hidden.make(pool, 0, &[Int(0), Int(1), Int(1), Int(4), Uint(1)]);
        hidden.ask(fifo, SET_BARRIER, &[]);
        hidden.ask(fifo, WAIT_BARRIER, &[]);
        hidden.ask(surface, ATTACH, &[Uint(buffer), Int(0), Int(0)]);
        hidden.ask(surface, COMMIT, &[]);
        buffers.push(buffer);
    }
    hidden.send()?;
    // The last one has replaced the others.
    for buffer in &buffers[..2] {
        while hidden.event()?.object != *buffer {}
    }
    scene.goes_on()
}

#[test]
fn surfaces_may_go_before_their_barriers() -> Result {
    let mut scene = Scene::new()?;
    let mut busy = Peer::connect(scene.fixture.client_socket()?)?;
    for _ in 0..300 {
        let (surface, fifo) = fifo(&mut busy)?;
        for _ in 0..3 {
            busy.ask(fifo, SET_BARRIER, &[]);
            busy.ask(fifo, WAIT_BARRIER, &[]);
            busy.ask(surface, COMMIT, &[]);
        }
        busy.ask(surface, 0, &[]);
    }
    busy.sync()?;
    scene.goes_on()
}

#[test]
fn feedback_of_a_client_is_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    let compositor = bad.bind("wl_compositor", 6)?;
    let presentation = bad.bind("wp_presentation", 2)?;
    let surface = bad.make(compositor, 0, &[]);
    bad.repeat(20_000, |bad| {
        let feedback = bad.new_number();
        bad.ask(presentation, 1, &[Uint(surface), Uint(feedback)]);
    })?;
    bad.expect_no_memory("objects")?;
    scene.goes_on()
}

#[test]
fn outputs_of_a_client_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    for _ in 0..16 {
        let output = bad.bind("wl_output", 4)?;
        bad.ask(output, 0, &[]);
    }
    bad.sync()?;
    for _ in 0..17 {
        bad.bind("wl_output", 4)?;
    }
    bad.send()?;
    bad.expect_no_memory("more than 16 outputs")?;
    scene.goes_on()
}

/// Modes of org_kde_kwin_server_decoration.
const CLIENT: u32 = 1;
const SERVER: u32 = 2;

#[test]
fn decorations_are_answered_whatever_is_asked() -> Result {
    let mut scene = Scene::new()?;
    let mut peer = Peer::connect(scene.fixture.client_socket()?)?;
    let compositor = peer.bind("wl_compositor", 6)?;
    let manager = peer.bind("org_kde_kwin_server_decoration_manager", 1)?;
    let surface = peer.make(compositor, 0, &[]);
    let decoration = peer.make(manager, 0, &[Uint(surface)]);
    for mode in [0, 1, 2, 4711] {
        peer.ask(decoration, 1, &[Int(mode)]);
    }
    let events = peer.sync()?;
    let told = events.iter().filter(|event| event.object == decoration);
    let told: Vec<u32> = told.map(|event| event.uint(0)).collect();
    let expected = vec![SERVER, CLIENT, CLIENT, SERVER, CLIENT];
    expect_equal("the modes", told, expected)?;
    scene.goes_on()
}

/// `wp_commit_timer_v1.set_timestamp`, and an error of it.
const SET_TIMESTAMP: u16 = 0;
const INVALID_TIMESTAMP: u32 = 0;

/// A surface, and its timer.
fn timer(peer: &mut Peer) -> Result<(u32, u32)> {
    let compositor = peer.bind("wl_compositor", 6)?;
    let manager = peer.bind("wp_commit_timing_manager_v1", 1)?;
    let surface = peer.make(compositor, 0, &[]);
    Ok((surface, peer.make(manager, 1, &[Uint(surface)])))
}

#[test]
fn absurd_times() -> Result {
    let mut scene = Scene::new()?;
    let max = u32::MAX;
    for (high, low, nanoseconds) in [(0, 0, 0), (max, max, 0), (max >> 1, max, 999_999_999)] {
        let mut odd = Peer::connect(scene.fixture.client_socket()?)?;
        let (surface, timer) = timer(&mut odd)?;
        for _ in 0..9 {
            odd.ask(
                timer,
                SET_TIMESTAMP,
                &[Uint(high), Uint(low), Uint(nanoseconds)],
            );
            odd.ask(surface, COMMIT, &[]);
        }
        odd.sync()?;
        scene.goes_on()?;
    }
    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    let (_, timer) = timer(&mut bad)?;
    bad.ask(
        timer,
        SET_TIMESTAMP,
        &[Uint(0), Uint(0), Uint(1_000_000_000)],
    );
    bad.send()?;
    let error = bad.ended()?.map(|(object, code, _)| (object, code));
    expect_equal("the error", error, Some((timer, INVALID_TIMESTAMP)))?;
    scene.goes_on()
}

#[test]
fn commits_that_wait_for_a_time_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    let (surface, timer) = timer(&mut bad)?;
    bad.repeat(300, |bad| {
        bad.ask(timer, SET_TIMESTAMP, &[Uint(1), Uint(0), Uint(0)]);
        bad.ask(surface, COMMIT, &[]);
    })?;
    bad.expect_no_memory("more than 256 commits that wait")?;
    scene.goes_on()
}
