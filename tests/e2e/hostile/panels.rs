//! Wayland clients with panels (the layer shell).

use offing_tests::Result;

use super::Argument::{Int, Text, Uint};
use super::Peer;
use crate::fixture::sync;
use crate::peers::Scene;

/// Requests of zwlr_layer_surface_v1.
const SET_SIZE: u16 = 0;
const SET_ANCHOR: u16 = 1;
const SET_ZONE: u16 = 2;
const SET_MARGIN: u16 = 3;
const GET_POPUP: u16 = 5;
const ACKNOWLEDGE: u16 = 6;
const DESTROY: u16 = 7;
/// `wl_surface.commit`.
const COMMIT: u16 = 6;
/// All four edges.
const ALL: u32 = 15;

/// A client with panels.
struct Panels {
    peer: Peer,
    compositor: u32,
    shell: u32,
}

impl Panels {
    fn new(scene: &Scene) -> Result<Self> {
        let mut peer = Peer::connect(scene.fixture.client_socket()?)?;
        let compositor = peer.bind("wl_compositor", 6)?;
        let shell = peer.bind("zwlr_layer_shell_v1", 4)?;
        Ok(Self {
            peer,
            compositor,
            shell,
        })
    }

    /// A surface that fills what room there is, and its panel.
    fn open(&mut self) -> (u32, u32) {
        let surface = self.peer.make(self.compositor, 0, &[]);
        let panel = self.panel(surface);
        (surface, panel)
    }

    fn panel(&mut self, surface: u32) -> u32 {
        let arguments = [Uint(surface), Uint(0), Uint(2), Text("panel")];
        let panel = self.peer.make(self.shell, 0, &arguments);
        self.peer.ask(panel, SET_ANCHOR, &[Uint(ALL)]);
        self.peer.ask(surface, COMMIT, &[]);
        panel
    }
}

#[test]
fn panels_of_a_client_are_bounded() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Panels::new(&scene)?;
    for _ in 0..64 {
        bad.open();
    }
    bad.peer.sync()?;
    bad.open();
    bad.peer.send()?;
    bad.peer.expect_no_memory("more than 64 surfaces")?;
    scene.goes_on()
}

#[test]
fn configures_of_panels_do_not_pile_up() -> Result {
    let mut scene = Scene::new()?;
    let mut busy = Panels::new(&scene)?;
    let (surface, panel) = busy.open();
    let (mut configures, mut last) = (0, 0);
    for size in 1..500 {
        busy.peer.ask(panel, SET_SIZE, &[Uint(size), Uint(9)]);
        busy.peer.ask(surface, COMMIT, &[]);
        for event in busy.peer.sync()? {
            if event.object == panel {
                configures += 1;
                last = event.uint(0);
            }
        }
    }
    assert!((64..=130).contains(&configures), "{configures} configures");
    // What it missed it gets once it has caught up.
    busy.peer.ask(panel, ACKNOWLEDGE, &[Uint(last)]);
    let events = busy.peer.sync()?;
    let newest = events.iter().rfind(|event| event.object == panel);
    assert_eq!(newest.map(|event| event.uint(4)), Some(499));
    scene.goes_on()
}

#[test]
fn absurd_panels() -> Result {
    let (min, max) = (i32::MIN, i32::MAX);
    for (size, zone, margin) in [
        ((u32::MAX, u32::MAX), max, [max; 4]),
        ((0, 0), max, [min; 4]),
        ((1 << 31, 1), min, [max, min, max, min]),
        ((1, 1), 1 << 30, [0, max, 0, max]),
    ] {
        let mut scene = Scene::new()?;
        let mut bad = Panels::new(&scene)?;
        let (surface, panel) = bad.open();
        for anchor in 0..16 {
            bad.peer.ask(panel, SET_ANCHOR, &[Uint(anchor)]);
            bad.peer.ask(panel, SET_SIZE, &[Uint(size.0), Uint(size.1)]);
            bad.peer.ask(panel, SET_ZONE, &[Int(zone)]);
            bad.peer.ask(panel, SET_MARGIN, &margin.map(Int));
            bad.peer.ask(surface, COMMIT, &[]);
        }
        // It may be told off, or be taken at its word.
        let _ = bad.peer.sync();
        sync(&mut scene.viewer)?;
        drop(bad);
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn popups_of_a_panel_that_is_gone() -> Result {
    let mut scene = Scene::new()?;
    let mut bad = Panels::new(&scene)?;
    let (surface, panel) = bad.open();
    let wm_base = bad.peer.bind("xdg_wm_base", 3)?;
    let positioner = bad.peer.make(wm_base, 1, &[]);
    bad.peer.ask(positioner, 1, &[Int(9), Int(9)]);
    bad.peer
        .ask(positioner, 2, &[Int(0), Int(0), Int(9), Int(9)]);
    for _ in 0..3 {
        let below = bad.peer.make(bad.compositor, 0, &[]);
        let xdg_surface = bad.peer.make(wm_base, 2, &[Uint(below)]);
        let popup = bad.peer.make(xdg_surface, 2, &[Uint(0), Uint(positioner)]);
        bad.peer.ask(panel, GET_POPUP, &[Uint(popup)]);
        bad.peer.ask(below, COMMIT, &[]);
        bad.peer.sync()?;
    }
    bad.peer.ask(panel, DESTROY, &[]);
    // The surface can be a panel again, and its popups are those of the new one.
    bad.panel(surface);
    let _ = bad.peer.sync();
    sync(&mut scene.viewer)?;
    drop(bad);
    scene.goes_on()
}
