//! Wayland clients.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use offing_tests::picture::Picture;
use offing_tests::vnc_client::VncClient;
use offing_tests::wayland_client::Content;
use offing_tests::{Error, ErrorKind, Result, soon};

use super::Argument::{Int, Text, Uint};
use super::{DISPLAY, Meanwhile, Peer};
use crate::fixture::{expect_equal, sync};
use crate::peers::Scene;
use crate::raw::memory;

/// A million: of what nobody needs so many.
pub(super) const MILLION: usize = 1_000_000;
/// `wl_shm.format.xrgb8888`.
pub(super) const XRGB: u32 = 1;

pub(super) fn peer(scene: &Scene) -> Result<Peer> {
    Peer::connect(scene.fixture.client_socket()?)
}

/// A peer, a surface of its and wl_compositor.
pub(super) fn peer_with_surface(scene: &Scene) -> Result<(Peer, u32, u32)> {
    let mut peer = peer(scene)?;
    let compositor = peer.bind("wl_compositor", 6)?;
    let surface = peer.make(compositor, 0, &[]);
    Ok((peer, surface, compositor))
}

/// A window whose first configure is acknowledged.
pub(super) struct Toplevel {
    pub(super) surface: u32,
    pub(super) xdg_surface: u32,
    pub(super) toplevel: u32,
    pub(super) wm_base: u32,
    pub(super) compositor: u32,
}

impl Toplevel {
    pub(super) fn open(peer: &mut Peer) -> Result<Self> {
        let compositor = peer.bind("wl_compositor", 6)?;
        let wm_base = peer.bind("xdg_wm_base", 3)?;
        let surface = peer.make(compositor, 0, &[]);
        let xdg_surface = peer.make(wm_base, 2, &[Uint(surface)]);
        let toplevel = peer.make(xdg_surface, 1, &[]);
        peer.ask(surface, 6, &[]);
        let events = peer.sync()?;
        let configure = events
            .iter()
            .rev()
            .find(|event| event.object == xdg_surface);
        let serial = configure.map(|event| event.uint(0));
        peer.ask(xdg_surface, 4, &[Uint(serial.ok_or_else(no_configure)?)]);
        Ok(Self {
            surface,
            xdg_surface,
            toplevel,
            wm_base,
            compositor,
        })
    }

    /// Shows a buffer.
    pub(super) fn show(&self, peer: &mut Peer, buffer: u32) {
        peer.ask(self.surface, 1, &[Uint(buffer), Int(0), Int(0)]);
        peer.ask(self.surface, 9, &[Int(0), Int(0), Int(9999), Int(9999)]);
        peer.ask(self.surface, 6, &[]);
    }

    pub(super) fn xdg_surface_of_another(&self, peer: &mut Peer) -> (u32, u32) {
        let surface = peer.make(self.compositor, 0, &[]);
        (surface, peer.make(self.wm_base, 2, &[Uint(surface)]))
    }

    pub(super) fn positioner(&self, peer: &mut Peer) -> u32 {
        let positioner = peer.make(self.wm_base, 1, &[]);
        peer.ask(positioner, 1, &[Int(9), Int(9)]);
        peer.ask(positioner, 2, &[Int(0), Int(0), Int(1), Int(1)]);
        positioner
    }
}

pub(super) fn no_configure() -> Error {
    Error::other("there was no configure")
}

/// A buffer of 160 × 120 grey pixels, in a pool of a file of this many bytes.
pub(super) fn grey_buffer(peer: &mut Peer, bytes: usize) -> Result<(u32, u32)> {
    let shm = peer.bind("wl_shm", 1)?;
    let file = memory(&vec![200; bytes])?;
    let pool = peer.pool(shm, file, 160 * 120 * 4)?;
    let arguments = [Int(0), Int(160), Int(120), Int(640), Uint(XRGB)];
    Ok((pool, peer.make(pool, 0, &arguments)))
}

/// Checks that the good ones are served, whatever is shown over the client's window.
pub(super) fn served(scene: &mut Scene) -> Result {
    scene.client.roundtrip()?;
    sync(&mut scene.viewer)
}

#[test]
fn a_flood_of_requests_starves_nobody() -> Result {
    let mut scene = Scene::new()?;
    // As much as this client can say, from two threads, and it never reads.
    let floods = (0..2).map(|_| {
        let (mut peer, surface, _) = peer_with_surface(&scene)?;
        peer.sync()?;
        Ok(Meanwhile::repeat(move || {
            for _ in 0..2000 {
                peer.ask(surface, 9, &[Int(1), Int(2), Int(3), Int(4)]);
            }
            peer.send()
        }))
    });
    let floods = floods.collect::<Result<Vec<Meanwhile>>>()?;
    for _ in 0..10 {
        scene.goes_on()?;
    }
    let mut late = scene.fixture.client()?;
    late.roundtrip()?;
    drop(late);
    for flood in floods {
        assert!(flood.end()? > 0);
    }
    Ok(())
}

#[test]
fn who_does_not_read_its_events_is_disconnected() -> Result {
    let mut scene = Scene::new()?;
    let mut deaf = peer(&scene)?;
    let flood = Meanwhile::repeat(move || {
        deaf.repeat(1000, |peer| {
            peer.make(DISPLAY, 0, &[]);
        })?;
        match deaf.is_closed_for_writing() {
            true => Err(Error::new(ErrorKind::Closed, "it was disconnected")),
            false => Ok(()),
        }
    });
    while !flood.is_over() {
        scene.goes_on()?;
    }
    expect_equal(
        "the end",
        flood.end().map_err(|e| e.kind()),
        Err(ErrorKind::Closed),
    )
}

#[test]
fn descriptors_come_in_small_numbers_only() -> Result {
    let mut scene = Scene::new()?;
    let (mut bad, surface, _) = peer_with_surface(&scene)?;
    bad.sync()?;
    let file = memory(&[0; 4])?;
    bad.ask(surface, 6, &[]);
    let _ = bad.send_with(&[file.as_fd(); 200]);
    expect_equal("the error", bad.ended()?, None)?;
    scene.goes_on()
}

#[test]
fn many_clients_are_turned_away_and_the_first_stay() -> Result {
    let mut scene = Scene::new()?;
    let mut clients: Vec<UnixStream> = Vec::new();
    while let Ok(client) = scene.fixture.client_socket() {
        clients.push(client);
        assert!(clients.len() < 1000);
    }
    expect_equal("the clients", clients.len(), 255)?;
    scene.goes_on()?;
    drop(clients);
    scene.client.roundtrip()?;
    let mut late = scene.fixture.client()?;
    late.roundtrip()?;
    drop(late);
    scene.goes_on()
}

#[test]
fn absurd_sizes() -> Result {
    let mut scene = Scene::new()?;
    const BYTES: i32 = 65_535 * 4;
    type Act = fn(&mut Peer, &Toplevel, u32);
    let acts: [(&str, Act); 7] = [
        ("a long row", |peer, window, pool| {
            let row = [Int(0), Int(65_535), Int(1), Int(BYTES), Uint(XRGB)];
            let buffer = peer.make(pool, 0, &row);
            window.show(peer, buffer);
        }),
        ("a long column", |peer, window, pool| {
            let column = [Int(0), Int(1), Int(65_535), Int(4), Uint(XRGB)];
            let buffer = peer.make(pool, 0, &column);
            window.show(peer, buffer);
        }),
        ("a large scale", |peer, window, pool| {
            let buffer = peer.make(pool, 0, &[Int(0), Int(9), Int(9), Int(36), Uint(XRGB)]);
            peer.ask(window.surface, 8, &[Int(1 << 30)]);
            window.show(peer, buffer);
        }),
        ("negative least sizes", |peer, window, _| {
            peer.ask(window.toplevel, 8, &[Int(-1), Int(i32::MIN)]);
            peer.ask(window.surface, 6, &[]);
        }),
        ("a least size above the largest", |peer, window, _| {
            peer.ask(window.toplevel, 8, &[Int(500), Int(500)]);
            peer.ask(window.toplevel, 7, &[Int(5), Int(5)]);
            peer.ask(window.surface, 6, &[]);
        }),
        ("a geometry far away", |peer, window, pool| {
            let buffer = peer.make(pool, 0, &[Int(0), Int(9), Int(9), Int(36), Uint(XRGB)]);
            let far = [Int(i32::MIN), Int(i32::MIN), Int(i32::MAX), Int(i32::MAX)];
            peer.ask(window.xdg_surface, 3, &far);
            window.show(peer, buffer);
        }),
        ("a parent of itself", |peer, window, _| {
            peer.ask(window.toplevel, 1, &[Uint(window.toplevel)]);
        }),
    ];
    for (what, act) in acts {
        let mut bad = peer(&scene)?;
        let window = Toplevel::open(&mut bad)?;
        let shm = bad.bind("wl_shm", 1)?;
        let pool = bad.pool(shm, memory(&vec![99; BYTES as usize])?, BYTES)?;
        act(&mut bad, &window, pool);
        // It may be told off, or be taken at its word.
        let _ = bad.sync();
        let result = served(&mut scene).and_then(|()| {
            drop(bad);
            scene.goes_on()
        });
        result.map_err(|error| error.context(what))?;
    }
    Ok(())
}

#[test]
fn stretched_beyond_what_can_be_drawn() -> Result {
    let mut scene = Scene::new()?;
    for (width, height) in [(100_000, 100_000), (1, i32::MAX), (i32::MAX, i32::MAX)] {
        let mut bad = peer(&scene)?;
        let window = Toplevel::open(&mut bad)?;
        let viewporter = bad.bind("wp_viewporter", 1)?;
        let viewport = bad.make(viewporter, 1, &[Uint(window.surface)]);
        bad.ask(viewport, 2, &[Int(width), Int(height)]);
        let shm = bad.bind("wl_shm", 1)?;
        let pool = bad.pool(shm, memory(&[99; 4])?, 4)?;
        let pixel = bad.make(pool, 0, &[Int(0), Int(1), Int(1), Int(4), Uint(XRGB)]);
        window.show(&mut bad, pixel);
        bad.sync()?;
        // It is there, and all others are seen.
        for seed in [70, 71] {
            scene.client.draw(scene.window, Content::Pattern(seed))?;
            let expected = Picture::pattern(100, 80, seed);
            let seen = |viewer: &VncClient| viewer.shows(110, 80, &expected);
            let what = format!("a frame beside {width} x {height}");
            scene.viewer.wait_until(soon(), &what, seen)?;
        }
        bad.sync()?;
        drop(bad);
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn long_titles() -> Result {
    let mut scene = Scene::new()?;
    // As long as a message can be, and longer: libwayland's limit is the same.
    for (length, fits) in [(4000, true), (4096, false), (65_000, false)] {
        let mut peer = peer(&scene)?;
        let window = Toplevel::open(&mut peer)?;
        let (_, buffer) = grey_buffer(&mut peer, 160 * 120 * 4)?;
        window.show(&mut peer, buffer);
        peer.sync()?;
        let title = "title".repeat(length / 5);
        for request in [2, 3] {
            peer.ask(window.toplevel, request, &[Text(&title)]);
        }
        if fits {
            peer.sync()?;
            let titles: Vec<String> = scene
                .fixture
                .windows()?
                .into_iter()
                .map(|(it, _)| it)
                .collect();
            assert!(titles.contains(&title), "{titles:?}");
        } else {
            let _ = peer.send();
            expect_equal("the error", peer.ended()?, None)?;
        }
        drop(peer);
        scene.goes_on()?;
    }
    Ok(())
}
