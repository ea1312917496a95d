//! Shares a picture with VNC viewers, a PNG file or a gradient that moves, with all
//! that a server needs: `cargo run -p offing-rfb --example share_image -- picture.png`

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{process, thread};

use clap::Parser;
use rfb::{Frame, Region, ResizeStatus, Server, ServerEvent, ServerState, Size, ViewerId};

#[path = "common/picture.rs"]
mod picture;

/// Shares a picture with VNC viewers
#[derive(Parser)]
struct Arguments {
    /// The PNG file to share [default: a gradient that moves]
    picture: Option<PathBuf>,
    /// Where viewers connect [default: the first free port of 127.0.0.1:5900-5999]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { picture, listen } = Arguments::parse();
    let usual = (5900..6000).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let addresses = listen.map_or_else(|| usual.collect(), |one| vec![one]);
    let shared = Arc::new(Shared {
        server: Server::new("share_image", SIZE).into(),
        changed: Condvar::new(),
    });
    if let Some(path) = picture {
        let frame = picture::load(&path).unwrap_or_else(|error| {
            eprintln!("cannot share {}: {error}", path.display());
            process::exit(1);
        });
        shared.with(|server| server.show(&frame, &Region::new(), &[]));
    } else {
        let shared = shared.clone();
        thread::spawn(move || animate(&shared));
    }

    let listener = TcpListener::bind(&addresses[..])?;
    println!("listening on {}", listener.local_addr()?);
    let port = listener.local_addr()?.port();
    shared.with(|server| server.listening(port));
    loop {
        let connected = listener.accept();
        if let Err(error) = connected.and_then(|(stream, _)| shared.connect(stream)) {
            eprintln!("a viewer could not connect: {error}");
            // There may be too many. Some will go.
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The server, and what tells the writing threads to look at it.
struct Shared {
    server: Mutex<Server>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the server, and what has to follow.
    fn with<T>(&self, act: impl FnOnce(&mut Server) -> T) -> T {
        let mut server = self.lock();
        let result = act(&mut server);
        while let Some(event) = server.poll_event() {
            if let ServerEvent::SetDesktopSize { viewer, .. } = event {
                server.answer_resize(viewer, ResizeStatus::Prohibited);
            }
        }
        server.update(Instant::now());
        self.changed.notify_all();
        result
    }

    fn connect(self: &Arc<Self>, writer: TcpStream) -> io::Result<()> {
        writer.set_nodelay(true)?;
        let (reader, mut challenge) = (writer.try_clone()?, [0; 16]);
        getrandom::fill(&mut challenge)?;
        if let Some(id) = self.with(|server| server.connect(Instant::now(), challenge)) {
            let (for_reader, for_writer) = (self.clone(), self.clone());
            thread::spawn(move || for_reader.read(id, reader));
            thread::spawn(move || for_writer.write(id, writer));
        }
        Ok(())
    }

    fn read(&self, id: ViewerId, mut stream: TcpStream) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let mut rest = &buffer[..count];
            while !rest.is_empty() {
                let taken = self.with(|server| server.receive(id, Instant::now(), rest));
                // After an error the writer closes the connection.
                rest = taken.map_or(&[], |taken| &rest[taken..]);
            }
        }
        self.with(|server| server.disconnect(id));
    }

    fn write(&self, id: ViewerId, mut stream: TcpStream) {
        let mut server = self.lock();
        while !server.output(id).is_empty() || !server.is_closing(id) {
            let output = server.output(id).to_vec();
            if output.is_empty() {
                let wait = self.changed.wait_timeout(server, Duration::from_secs(1));
                server = wait.unwrap_or_else(PoisonError::into_inner).0;
                server.handle_timeout(Instant::now());
                continue;
            }
            drop(server);
            let Ok(count) = stream.write(&output) else {
                break;
            };
            self.with(|server| server.consume(id, Instant::now(), count));
            server = self.lock();
        }
        // This ends the reader.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

const SIZE: Size = Size::new(640, 480);

/// Shows one gradient after the other while somebody looks.
fn animate(shared: &Shared) {
    let wave = |at: u16| (at % 512).min(511 - at % 512) as u8;
    for step in (0..512).cycle() {
        thread::sleep(Duration::from_millis(40));
        if shared.with(|server| server.state() == ServerState::Connected) {
            let pixels = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y)));
            let bgrx = pixels.flat_map(|(x, y)| [wave(x + step), wave(y + step), wave(x + y), 0]);
            let frame = Frame::from_pixels(SIZE, &bgrx.collect::<Vec<_>>());
            shared.with(|server| server.show(&frame, &SIZE.rect().into(), &[]));
        }
    }
}
