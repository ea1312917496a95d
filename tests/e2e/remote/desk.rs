//! A [`Remote`] with a stand-in for the compositor.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use calloop::EventLoop;
use calloop::ping::make_ping;
use offing::remote::{Auth, Config, Listener, Remote, Request};
use offing_tests::picture::{Picture, Rgb};
use offing_tests::vnc_client::{Login, VncClient};
use offing_tests::{Error, ErrorKind, Result, soon};
use rfb::Security;
use rfb::{Rect, Size};

/// Settings without listeners or passwords.
pub(super) fn config(size: Size) -> Config {
    Config {
        name: "desk".to_owned(),
        size,
        auth: Auth {
            security: vec![Security::NONE],
            password: None,
            view_only_password: None,
        },
        view_only: false,
        encodings: Vec::new(),
        without: Vec::new(),
        listeners: Vec::new(),
        diff: true,
    }
}

/// A server with a screen to paint on.
pub(super) struct Desk {
    pub(super) remote: Remote,
    event_loop: EventLoop<'static, usize>,
    pub(super) size: Size,
    pub(super) pixels: Vec<u8>,
    /// How often the server roused the compositor.
    pub(super) wakes: usize,
}

impl Desk {
    pub(super) fn new(size: Size) -> Self {
        Self::with(config(size))
    }

    pub(super) fn with(config: Config) -> Self {
        let (ping, source) = make_ping().expect("an eventfd");
        let event_loop = EventLoop::try_new().expect("an event loop");
        event_loop
            .handle()
            .insert_source(source, |(), (), wakes: &mut usize| *wakes += 1)
            .expect("a watched eventfd");
        let size = config.size;
        let remote = Remote::start(config, ping).expect("a server");
        let pixels = vec![0; size.area() as usize * 4];
        Self {
            remote,
            event_loop,
            size,
            pixels,
            wakes: 0,
        }
    }

    /// A server that listens on a free port.
    pub(super) fn listening(mut config: Config) -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        config.listeners.push(Listener::Tcp(listener));
        (Self::with(config), address)
    }

    pub(super) fn connect(&self) -> UnixStream {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        self.remote.insert(theirs).expect("a place");
        ours
    }

    pub(super) fn viewer(&self) -> Result<VncClient> {
        let mut viewer = VncClient::connect(self.connect(), &Login::new())?;
        viewer.set_usual_encodings()?;
        Ok(viewer)
    }

    /// Paints a picture at a place, and captures that.
    pub(super) fn paint(&mut self, picture: &Picture, x: u16, y: u16) -> bool {
        let (width, height) = (picture.width as u16, picture.height as u16);
        for row in 0..height {
            for column in 0..width {
                let [r, g, b]: Rgb = picture.pixel(column.into(), row.into());
                let at = (usize::from(y + row) * usize::from(self.size.width)
                    + usize::from(x + column))
                    * 4;
                self.pixels[at..at + 4].copy_from_slice(&[b, g, r, 255]);
            }
        }
        self.capture(&[Rect::new(x, y, width, height)])
    }

    pub(super) fn capture(&mut self, damage: &[Rect]) -> bool {
        let stride = usize::from(self.size.width) * 4;
        let pixels = &self.pixels;
        self.remote.capture(
            self.size,
            |y| &pixels[usize::from(y) * stride..][..stride],
            damage,
            &[],
        )
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.size = size;
        self.pixels = vec![0; size.area() as usize * 4];
    }

    /// Waits for wake-ups until `condition` gives something.
    pub(super) fn wait<T>(
        &mut self,
        what: &str,
        mut condition: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<T> {
        let deadline = soon();
        loop {
            if let Some(value) = condition(self) {
                return Ok(value);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::Stalled,
                    format!("waited in vain for {what}"),
                ));
            }
            self.event_loop
                .dispatch(left, &mut self.wakes)
                .expect("a turn");
        }
    }

    /// Waits for the next request.
    pub(super) fn request(&mut self) -> Result<Request> {
        self.wait("a request", |desk| desk.remote.next_request())
    }

    /// Takes `count` requests.
    pub(super) fn requests(&mut self, count: usize) -> Result<Vec<Request>> {
        (0..count).map(|_| self.request()).collect()
    }

    pub(super) fn wait_for_demand(&mut self) -> Result {
        self.wait("the wish for a frame", |desk| {
            desk.remote.wants_frame().then_some(())
        })
    }
}

/// A connection whose bytes leave at once, not only when the ones before have arrived.
pub(super) fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("a connection");
    stream
}
