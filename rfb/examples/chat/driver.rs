//! An `rfb::Server` behind a TCP socket. Every viewer has a thread that reads and one
//! that writes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rfb::{Server, ServerEvent, ViewerId};

pub(crate) struct Driver {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    server: Server,
    on_events: Box<Handler>,
}

type Handler = dyn FnMut(&mut Server, Vec<ServerEvent>) + Send;

impl Driver {
    /// Drives a server whose events go to `on_events`.
    pub(crate) fn new(
        server: Server,
        on_events: impl FnMut(&mut Server, Vec<ServerEvent>) + Send + 'static,
    ) -> Arc<Self> {
        let on_events = Box::new(on_events);
        Arc::new(Self {
            state: Mutex::new(State { server, on_events }),
            changed: Condvar::new(),
        })
    }

    /// Lets viewers connect, for ever.
    pub(crate) fn serve(self: &Arc<Self>, listener: &TcpListener) -> io::Result<()> {
        let port = listener.local_addr()?.port();
        self.with(|server| server.listening(port));
        loop {
            let connected = listener.accept();
            if let Err(error) = connected.and_then(|(stream, _)| self.connect(stream)) {
                eprintln!("a viewer could not connect: {error}");
                // There may be too many. Some will go.
                thread::sleep(Duration::from_millis(100));
            }
        }
    }

    /// Does something with the server, and what follows from it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Server) -> T) -> T {
        let mut state = self.lock();
        let State { server, on_events } = &mut *state;
        let result = act(server);
        let events: Vec<_> = std::iter::from_fn(|| server.poll_event()).collect();
        if !events.is_empty() {
            on_events(server, events);
        }
        server.update(Instant::now());
        self.changed.notify_all();
        result
    }

    fn connect(self: &Arc<Self>, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (reader, mut challenge) = (stream.try_clone()?, [0; 16]);
        getrandom::fill(&mut challenge)?;
        if let Some(id) = self.with(|server| server.connect(Instant::now(), challenge)) {
            let (for_reader, for_writer) = (self.clone(), self.clone());
            thread::spawn(move || for_reader.read(id, reader));
            thread::spawn(move || for_writer.write(id, stream));
        }
        Ok(())
    }

    fn read(&self, id: ViewerId, mut stream: TcpStream) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let mut rest = &buffer[..count];
            while !rest.is_empty() {
                let result = self.with(|server| server.receive(id, Instant::now(), rest));
                // After an error the writer closes the connection.
                rest = result.map_or(&[], |taken| &rest[taken..]);
            }
        }
        self.with(|server| server.disconnect(id));
    }

    fn write(&self, id: ViewerId, mut stream: TcpStream) {
        loop {
            let output = self.next_output(id);
            match stream.write(&output) {
                Ok(count @ 1..) => self.with(|server| server.consume(id, Instant::now(), count)),
                _ => break,
            }
        }
        // This ends the reader.
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Waits for something to write. Nothing if that is over.
    fn next_output(&self, id: ViewerId) -> Vec<u8> {
        let mut state = self.lock();
        while state.server.output(id).is_empty() && !state.server.is_closing(id) {
            let timeout = state.server.poll_timeout();
            let left = timeout.map_or(Duration::MAX, |at| {
                at.saturating_duration_since(Instant::now())
            });
            let result = self.changed.wait_timeout(state, left);
            state = result.unwrap_or_else(PoisonError::into_inner).0;
            state.server.handle_timeout(Instant::now());
        }
        state.server.output(id).to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
