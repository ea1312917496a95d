//! A session with a client, its window, and a viewer.

use offing_tests::Result;
use offing_tests::picture::Picture;
use offing_tests::vnc_client::VncClient;
use offing_tests::wayland_client::{Content, Surface, WaylandClient, Window};

use crate::fixture::{Fixture, sync, wait_for_focus, wait_for_pointer};

/// A session with one window of 120x80 at (100, 80), which has the keyboard.
pub(crate) struct Scene {
    pub(crate) fixture: Fixture,
    pub(crate) client: WaylandClient,
    pub(crate) window: Surface,
    pub(crate) viewer: VncClient,
}

impl Scene {
    /// Nobody has moved the pointer yet.
    pub(crate) fn new() -> Result<Self> {
        let fixture = Fixture::new()?;
        let mut client = fixture.client()?;
        let window = client.open(Window::new("target", 120, 80).content(Content::Pattern(1)))?;
        wait_for_focus(&mut client, Some(window))?;
        let viewer = fixture.viewer()?;
        client.forget_input();
        Ok(Self {
            fixture,
            client,
            window,
            viewer,
        })
    }

    /// The viewer has moved the pointer to (50, 40) of the window.
    pub(crate) fn pointed() -> Result<Self> {
        let mut scene = Self::new()?;
        scene.viewer.pointer(150, 120, 0)?;
        wait_for_pointer(&mut scene.client, scene.window, (50.0, 40.0))?;
        scene.settle()?;
        scene.client.forget_input();
        Ok(scene)
    }

    /// Returns when all that the viewer sent has been acted on, and the client has been told.
    pub(crate) fn settle(&mut self) -> Result {
        sync(&mut self.viewer)?;
        self.fixture.settle()?;
        self.client.roundtrip()
    }

    /// What the screen looks like without a cursor.
    pub(crate) fn picture(&self) -> Picture {
        let window = Picture::pattern(120, 80, 1);
        self.fixture.empty().with(&window, 100, 80)
    }
}
