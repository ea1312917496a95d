//! What is copied, between clients and viewers.

mod extended;
mod latin1;
mod patience;
mod primary;
mod viewer;

use offing::Config;
use offing_tests::vnc_client::VncClient;
use offing_tests::wayland_client::{Clipboard, Surface, WaylandClient, Window};
use offing_tests::{Result, soon};

use crate::fixture::{Fixture, HEIGHT, WIDTH, config, wait_for_focus};

const UTF8: &str = "text/plain;charset=utf-8";

/// A session with a window that has the keyboard.
struct Scene {
    fixture: Fixture,
    client: WaylandClient,
    window: Surface,
    /// Knows Latin-1 only.
    viewer: VncClient,
}

impl Scene {
    fn new() -> Result<Self> {
        Self::start(config(WIDTH, HEIGHT))
    }

    fn start(config: Config) -> Result<Self> {
        let fixture = Fixture::start(config)?;
        let mut client = fixture.client()?;
        let window = client.open(Window::new("editor", 100, 80).content([200, 200, 200]))?;
        wait_for_focus(&mut client, Some(window))?;
        let viewer = fixture.viewer()?;
        Ok(Self {
            fixture,
            client,
            window,
            viewer,
        })
    }

    /// Another client with a window, which has the keyboard now.
    fn other(&mut self) -> Result<(WaylandClient, Surface)> {
        let mut other = self.fixture.client()?;
        let window = other.open(Window::new("other", 50, 40).content([0, 0, 200]))?;
        wait_for_focus(&mut other, Some(window))?;
        wait_for_focus(&mut self.client, None)?;
        Ok((other, window))
    }

    /// Waits until the client was asked for what it copied, `count` times by now.
    fn wait_to_be_asked(&mut self, clipboard: Clipboard, count: usize) -> Result {
        self.client.dispatch_until(soon(), "to be asked", |client| {
            client.clipboard(clipboard).asked_for.len() >= count
        })
    }
}

/// What is on offer to a client.
fn offered(client: &WaylandClient, clipboard: Clipboard) -> Vec<String> {
    client
        .clipboard(clipboard)
        .offered
        .clone()
        .unwrap_or_default()
}
