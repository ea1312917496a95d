//! Wayland clients with sandboxes (security-context).

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};

use offing_tests::Result;

use super::Argument::Text;
use super::{Meanwhile, Peer};
use crate::fixture::expect_equal;
use crate::peers::Scene;
use crate::raw::memory;

/// Requests of wp_security_context_v1.
const SET_APP_ID: u16 = 2;
const COMMIT: u16 = 4;
/// Its errors, and one of the manager.
const ALREADY_USED: u32 = 1;
const ALREADY_SET: u32 = 2;
const INVALID_LISTEN_FD: u32 = 1;

/// A client that has the manager.
fn engine(scene: &Scene) -> Result<(Peer, u32)> {
    let mut peer = Peer::connect(scene.fixture.client_socket()?)?;
    let manager = peer.bind("wp_security_context_manager_v1", 1)?;
    peer.send()?;
    Ok((peer, manager))
}

fn context(peer: &mut Peer, manager: u32, listen: BorrowedFd, close: BorrowedFd) -> Result<u32> {
    let context = peer.make(manager, 1, &[]);
    peer.send_with(&[listen, close])?;
    Ok(context)
}

fn expect_error(peer: &mut Peer, object: u32, code: u32) -> Result {
    let error = peer.ended()?.map(|(object, code, _)| (object, code));
    expect_equal("the error", error, Some((object, code)))
}

#[test]
fn what_cannot_listen_is_no_sandbox() -> Result {
    let mut scene = Scene::new()?;
    let (close, _theirs) = UnixStream::pair()?;
    let file = memory(&[0])?;
    for bad in [file.as_fd(), close.as_fd()] {
        let (mut peer, manager) = engine(&scene)?;
        context(&mut peer, manager, bad, close.as_fd())?;
        expect_error(&mut peer, manager, INVALID_LISTEN_FD)?;
    }
    scene.goes_on()
}

#[test]
fn a_sandbox_is_described_and_committed_once() -> Result {
    let mut scene = Scene::new()?;
    let dir = tempfile::tempdir()?;
    let listener = UnixListener::bind(dir.path().join("socket"))?;
    let (close, _theirs) = UnixStream::pair()?;
    for (request, code) in [(SET_APP_ID, ALREADY_SET), (COMMIT, ALREADY_USED)] {
        let (mut peer, manager) = engine(&scene)?;
        let context = context(&mut peer, manager, listener.as_fd(), close.as_fd())?;
        for _ in 0..2 {
            match request {
                SET_APP_ID => peer.ask(context, request, &[Text("app")]),
                _ => peer.ask(context, request, &[]),
            }
        }
        peer.send()?;
        expect_error(&mut peer, context, code)?;
    }
    scene.goes_on()
}

#[test]
fn a_sandbox_that_cannot_end_is_not_served() -> Result {
    let mut scene = Scene::new()?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("socket");
    let listener = UnixListener::bind(&path)?;
    let (mut peer, manager) = engine(&scene)?;
    // Nobody can wait for a file.
    let file = memory(&[0])?;
    let context = context(&mut peer, manager, listener.as_fd(), file.as_fd())?;
    peer.ask(context, COMMIT, &[]);
    peer.sync()?;
    drop(listener);
    expect_equal("refused", UnixStream::connect(&path).is_err(), true)?;
    scene.goes_on()
}

#[test]
fn sandboxes_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let dir = tempfile::tempdir()?;
    let listener = UnixListener::bind(dir.path().join("socket"))?;
    let (_ours, close) = UnixStream::pair()?;
    let (mut peer, manager) = engine(&scene)?;
    for _ in 0..257 {
        let context = context(&mut peer, manager, listener.as_fd(), close.as_fd())?;
        peer.ask(context, COMMIT, &[]);
        if peer.send().is_err() {
            break;
        }
    }
    peer.expect_no_memory("more than 256 sandboxes")?;
    scene.goes_on()
}

#[test]
fn who_connects_to_a_sandbox_without_a_pause_holds_up_nobody() -> Result {
    let mut scene = Scene::new()?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("socket");
    let listener = UnixListener::bind(&path)?;
    let (_ours, close) = UnixStream::pair()?;
    let (mut peer, manager) = engine(&scene)?;
    let context = context(&mut peer, manager, listener.as_fd(), close.as_fd())?;
    peer.ask(context, COMMIT, &[]);
    peer.sync()?;
    let flood = Meanwhile::repeat(move || {
        let _ = UnixStream::connect(&path)?;
        Ok(())
    });
    for _ in 0..5 {
        scene.goes_on()?;
    }
    assert!(!flood.is_over(), "the flood ended by itself");
    flood.end().map(drop)
}
