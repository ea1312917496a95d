//! Wayland clients that copy the screen, and resize it.

use std::os::fd::AsFd;

use offing_tests::Result;
use rustix::fs::ftruncate;

use super::Argument::{Int, Uint};
use super::{Meanwhile, Peer};
use crate::peers::Scene;
use crate::raw::memory;

/// Requests of zwlr_screencopy_manager_v1.
const CAPTURE_OUTPUT: u16 = 0;
const CAPTURE_REGION: u16 = 1;
/// Requests of zwlr_screencopy_frame_v1.
const COPY: u16 = 0;
const DESTROY: u16 = 1;
const COPY_WITH_DAMAGE: u16 = 2;
/// `zwlr_screencopy_frame_v1.error`.
const ALREADY_USED: u32 = 0;
const INVALID_BUFFER: u32 = 1;
/// `wl_shm.format`.
const ARGB: u32 = 0;
const XRGB: u32 = 1;
/// The bytes of the screen.
const BYTES: i32 = 320 * 240 * 4;

/// A client that copies the screen.
struct Copier {
    peer: Peer,
    manager: u32,
    output: u32,
    pool: u32,
    buffer: u32,
    file: std::fs::File,
}

impl Copier {
    fn new(scene: &Scene) -> Result<Self> {
        let mut peer = Peer::connect(scene.fixture.client_socket()?)?;
        let manager = peer.bind("zwlr_screencopy_manager_v1", 3)?;
        let output = peer.bind("wl_output", 4)?;
        let shm = peer.bind("wl_shm", 1)?;
        let file = memory(&vec![0; BYTES as usize])?;
        let pool = peer.pool(shm, file.as_fd(), BYTES)?;
        let mut copier = Self {
            peer,
            manager,
            output,
            pool,
            buffer: 0,
            file,
        };
        copier.buffer = copier.buffer(320, 240, XRGB);
        Ok(copier)
    }

    fn buffer(&mut self, width: i32, height: i32, format: u32) -> u32 {
        let arguments = [
            Int(0),
            Int(width),
            Int(height),
            Int(width * 4),
            Uint(format),
        ];
        self.peer.make(self.pool, 0, &arguments)
    }

    fn frame(&mut self) -> u32 {
        let arguments = [Int(0), Uint(self.output)];
        self.peer.make(self.manager, CAPTURE_OUTPUT, &arguments)
    }

    fn copy(&mut self, request: u16) -> u32 {
        let frame = self.frame();
        self.peer.ask(frame, request, &[Uint(self.buffer)]);
        frame
    }
}

#[test]
fn a_buffer_whose_memory_is_gone() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Copier::new(&scene)?;
    bad.copy(COPY);
    bad.peer.sync()?;
    ftruncate(&bad.file, 0)?;
    bad.copy(COPY);
    bad.peer.send()?;
    let ended = bad.peer.ended()?;
    assert!(ended.is_some(), "it is told what it has done");
    scene.goes_on()
}

#[test]
fn buffers_that_do_not_fit() -> Result {
    for (width, height, format) in [(320, 239, XRGB), (240, 320, XRGB), (320, 240, ARGB)] {
        let mut scene = Scene::new()?;
        let mut bad = Copier::new(&scene)?;
        bad.buffer = bad.buffer(width, height, format);
        let frame = bad.copy(COPY);
        bad.peer.send()?;
        let error = bad.peer.ended()?.map(|(object, code, _)| (object, code));
        assert_eq!(error, Some((frame, INVALID_BUFFER)));
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn a_frame_is_copied_once() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Copier::new(&scene)?;
    let frame = bad.copy(COPY);
    bad.peer.sync()?;
    bad.peer.ask(frame, COPY, &[Uint(bad.buffer)]);
    bad.peer.send()?;
    let error = bad.peer.ended()?.map(|(object, code, _)| (object, code));
    assert_eq!(error, Some((frame, ALREADY_USED)));
    scene.goes_on()
}

#[test]
fn copies_that_wait_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Copier::new(&scene)?;
    // Nothing changes after the first.
    bad.copy(COPY_WITH_DAMAGE);
    for _ in 0..15 {
        bad.copy(COPY_WITH_DAMAGE);
    }
    bad.peer.sync()?;
    for _ in 0..2 {
        bad.copy(COPY_WITH_DAMAGE);
    }
    bad.peer.send()?;
    bad.peer.expect_no_memory("more than 16 copies")?;
    scene.goes_on()
}

#[test]
fn whoever_copies_without_a_pause_holds_up_nobody() -> Result {
    let mut scene = Scene::new()?;
    let mut busy = Copier::new(&scene)?;
    let copying = Meanwhile::repeat(move || {
        let frames: Vec<u32> = (0..8).map(|_| busy.copy(COPY)).collect();
        busy.peer.sync()?;
        // Whatever has not come by now is not wanted any more.
        for frame in frames {
            busy.peer.ask(frame, DESTROY, &[]);
        }
        busy.peer.sync().map(drop)
    });
    for _ in 0..10 {
        scene.goes_on()?;
    }
    assert!(copying.end()? > 0);
    scene.goes_on()
}

#[test]
fn who_copies_may_die_at_any_time() -> Result {
    let mut scene = Scene::new()?;
    for request in [COPY, COPY_WITH_DAMAGE] {
        let mut bad = Copier::new(&scene)?;
        bad.copy(request);
        bad.copy(COPY_WITH_DAMAGE);
        // The buffer goes before it is written to.
        bad.peer.ask(bad.buffer, 0, &[]);
        bad.peer.sync()?;
        drop(bad);
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn absurd_parts_of_the_screen() -> Result {
    let (min, max) = (i32::MIN, i32::MAX);
    let mut scene = Scene::new()?;
    let mut bad = Copier::new(&scene)?;
    for [x, y, width, height] in [
        [0, 0, 0, 0],
        [0, 0, -5, -5],
        [min, min, max, max],
        [max, max, max, max],
        [320, 240, 1, 1],
        [0, 0, min, min],
    ] {
        let part = [
            Int(0),
            Uint(bad.output),
            Int(x),
            Int(y),
            Int(width),
            Int(height),
        ];
        let frame = bad.peer.make(bad.manager, CAPTURE_REGION, &part);
        let events = bad.peer.sync()?;
        let told: Vec<u16> = events
            .iter()
            .filter(|it| it.object == frame)
            .map(|it| it.number)
            .collect();
        // It has failed.
        assert_eq!(told, [3], "{x} {y} {width} {height}");
        // Then it is not copied, however often that is asked for.
        bad.peer.ask(frame, COPY, &[Uint(bad.buffer)]);
    }
    bad.peer.sync()?;
    scene.goes_on()
}

#[test]
fn sessions_of_windows_are_bounded_and_end_with_their_client() -> Result {
    let mut scene = Scene::new()?;
    for one_too_many in [false, true] {
        let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
        let list = bad.bind("ext_foreign_toplevel_list_v1", 1)?;
        let sources = bad.bind("ext_foreign_toplevel_image_capture_source_manager_v1", 1)?;
        let sessions = bad.bind("ext_image_copy_capture_manager_v1", 1)?;
        let mut events = bad.sync()?;
        events.extend(bad.sync()?);
        let mut windows = events
            .iter()
            .filter(|it| (it.object, it.number) == (list, 0));
        let handle = windows.next().map(|it| it.uint(0)).expect("a window");
        let source = bad.make(sources, 0, &[Uint(handle)]);
        // What it stands for stays.
        bad.ask(handle, 0, &[]);
        for _ in 0..16 {
            let session = bad.make(sessions, 0, &[Uint(source), Uint(0)]);
            bad.make(session, 0, &[]);
        }
        bad.sync()?;
        if one_too_many {
            bad.make(sessions, 0, &[Uint(source), Uint(0)]);
            bad.send()?;
            bad.expect_no_memory("more than 16 sessions")?;
        }
        drop(bad);
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn sessions_and_output_managers_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    let sources = bad.bind("ext_output_image_capture_source_manager_v1", 1)?;
    let sessions = bad.bind("ext_image_copy_capture_manager_v1", 1)?;
    let output = bad.bind("wl_output", 4)?;
    let source = bad.make(sources, 0, &[Uint(output)]);
    for _ in 0..16 {
        bad.make(sessions, 0, &[Uint(source), Uint(0)]);
    }
    bad.sync()?;
    bad.make(sessions, 0, &[Uint(source), Uint(0)]);
    bad.send()?;
    bad.expect_no_memory("more than 16 sessions")?;

    let mut bad = Peer::connect(scene.fixture.client_socket()?)?;
    for _ in 0..16 {
        bad.bind("zwlr_output_manager_v1", 4)?;
    }
    bad.sync()?;
    bad.bind("zwlr_output_manager_v1", 4)?;
    bad.send()?;
    bad.expect_no_memory("more than 16 output managers")?;
    scene.goes_on()
}
