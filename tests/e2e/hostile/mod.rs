//! Peers that break the rules, or stretch them: they harm only themselves, and a client and a
//! viewer that behave are served all the while.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use offing_tests::{Error, PATIENCE, Result};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

mod capture;
mod clipboard;
mod endurance;
mod icons;
mod keyboards;
mod lock;
mod memory;
mod nesting;
mod objects;
mod pacing;
mod panels;
mod pointers;
mod rfb;
mod roles;
mod sandbox;
mod states;
mod wayland;

/// The object that every connection begins with.
const DISPLAY: u32 = 1;
/// `wl_display.error.no_memory`.
const NO_MEMORY: u32 = 2;

/// A Wayland client without a library: it can say anything, however often.
struct Peer {
    socket: UnixStream,
    /// The number of the next object.
    next: u32,
    /// What the compositor offers: names and interfaces.
    globals: Vec<(u32, String)>,
    outbox: Vec<u8>,
    /// What came, from the first event that is not whole.
    inbox: Vec<u8>,
}

/// What a Wayland client is told: the object, the number of the event, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    object: u32,
    number: u16,
    arguments: Vec<u8>,
}

/// An argument of a request.
enum Argument<'a> {
    /// Also objects and new objects.
    Uint(u32),
    Int(i32),
    Text(&'a str),
}

use Argument::{Int, Text, Uint};

impl Peer {
    /// Learns what is offered.
    fn connect(socket: UnixStream) -> Result<Self> {
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let mut peer = Self {
            socket,
            next: 2,
            globals: Vec::new(),
            outbox: Vec::new(),
            inbox: Vec::new(),
        };
        let registry = peer.make(DISPLAY, 1, &[]);
        for event in peer.sync()? {
            if (event.object, event.number) == (registry, 0) {
                peer.globals.push((event.uint(0), event.text(4)));
            }
        }
        Ok(peer)
    }

    /// Queues a request.
    fn ask(&mut self, object: u32, request: u16, arguments: &[Argument]) {
        let start = self.outbox.len();
        self.outbox.extend(object.to_ne_bytes());
        self.outbox.extend([0; 4]);
        for argument in arguments {
            match argument {
                Uint(number) => self.outbox.extend(number.to_ne_bytes()),
                Int(number) => self.outbox.extend(number.to_ne_bytes()),
                Text(text) => {
                    self.outbox.extend((text.len() as u32 + 1).to_ne_bytes());
                    self.outbox.extend(text.bytes());
                    let end = (self.outbox.len() + 1).next_multiple_of(4);
                    self.outbox.resize(end, 0);
                }
            }
        }
        let length = (self.outbox.len() - start) as u32;
        let word = length << 16 | u32::from(request);
        self.outbox[start + 4..start + 8].copy_from_slice(&word.to_ne_bytes());
    }

    /// Queues a request whose first argument is a new object: its number.
    fn make(&mut self, object: u32, request: u16, arguments: &[Argument]) -> u32 {
        let new = self.new_number();
        let mut all = vec![Uint(new)];
        all.extend(arguments.iter().map(|argument| match argument {
            Uint(number) => Uint(*number),
            Int(number) => Int(*number),
            Text(text) => Text(text),
        }));
        self.ask(object, request, &all);
        new
    }

    fn new_number(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    /// Queues the bind of a global, in a version.
    fn bind(&mut self, interface: &str, version: u32) -> Result<u32> {
        let mut globals = self.globals.iter();
        let global = globals.find(|(_, offered)| offered == interface);
        let missing = || Error::other(format!("no {interface} is offered"));
        let name = global.ok_or_else(missing)?.0;
        let new = self.new_number();
        let arguments = [Uint(name), Text(interface), Uint(version), Uint(new)];
        self.ask(2, 0, &arguments);
        Ok(new)
    }

    /// Sends what is queued.
    fn send(&mut self) -> Result {
        self.send_with(&[])
    }

    /// Sends what is queued, with descriptors.
    fn send_with(&mut self, descriptors: &[BorrowedFd]) -> Result {
        let mut space = vec![MaybeUninit::uninit(); 16 + 4 * descriptors.len().max(2)];
        let mut descriptors = descriptors;
        let mut bytes = std::mem::take(&mut self.outbox);
        while !bytes.is_empty() {
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !descriptors.is_empty() {
                assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
            }
            let slices = [IoSlice::new(&bytes)];
            let sent = sendmsg(&self.socket, &slices, &mut control, SendFlags::NOSIGNAL)?;
            bytes.drain(..sent);
            descriptors = &[];
        }
        Ok(())
    }

    /// Sends what is queued and waits until the compositor has dealt with it: what it said.
    fn sync(&mut self) -> Result<Vec<Event>> {
        let callback = self.make(DISPLAY, 0, &[]);
        self.send()?;
        let mut events = Vec::new();
        loop {
            let event = self.event()?;
            if (event.object, event.number) == (DISPLAY, 0) {
                return Err(Error::other(format!("it was told off: {event:?}")));
            }
            if event.object == callback {
                return Ok(events);
            }
            events.push(event);
        }
    }

    /// The next event.
    fn event(&mut self) -> Result<Event> {
        loop {
            if let Some((head, rest)) = self.inbox.split_first_chunk::<8>() {
                let word = |at: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|i| head[at + i]));
                let length = (word(4) >> 16) as usize;
                if let Some(arguments) = rest.get(..length.saturating_sub(8)) {
                    let event = Event {
                        object: word(0),
                        number: word(4) as u16,
                        arguments: arguments.to_vec(),
                    };
                    self.inbox.drain(..length.max(8));
                    return Ok(event);
                }
            }
            let mut chunk = [0; 4096];
            let count = self.socket.read(&mut chunk)?;
            if count == 0 {
                return Err(Error::new(
                    offing_tests::ErrorKind::Closed,
                    "the compositor closed the connection",
                ));
            }
            self.inbox.extend_from_slice(&chunk[..count]);
        }
    }

    /// Waits until the compositor ends the connection: the code and the text of its error, if it
    /// gave one.
    fn ended(&mut self) -> Result<Option<(u32, u32, String)>> {
        let mut error = None;
        loop {
            match self.event() {
                Ok(event) if (event.object, event.number) == (DISPLAY, 0) => {
                    error = Some((event.uint(0), event.uint(4), event.text(8)));
                }
                Ok(_) => {}
                Err(_) if self.is_closed() => return Ok(error),
                Err(failure) => return Err(failure),
            }
        }
    }

    fn is_closed(&mut self) -> bool {
        match self.socket.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    /// Expects to be told that it wants too much: the text says of what.
    fn expect_no_memory(&mut self, text: &str) -> Result {
        let error = self.ended()?;
        match &error {
            Some((DISPLAY, NO_MEMORY, reason)) if reason.contains(text) => Ok(()),
            _ => Err(Error::other(format!(
                "it ended with {error:?}, not {text:?}"
            ))),
        }
    }

    /// Whether nothing can be sent any more.
    fn is_closed_for_writing(&mut self) -> bool {
        self.make(DISPLAY, 0, &[]);
        self.send().is_err()
    }

    /// Syncs, and gives the descriptor that came with the events.
    fn sync_for_descriptor(&mut self) -> Result<File> {
        self.send()?;
        let mut space = [MaybeUninit::uninit(); 64];
        let mut bytes = [0; 4096];
        loop {
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let slices = &mut [IoSliceMut::new(&mut bytes)];
            let received = recvmsg(&self.socket, slices, &mut control, RecvFlags::CMSG_CLOEXEC)?;
            if received.bytes == 0 {
                return Err(Error::other("no descriptor came"));
            }
            self.inbox.extend_from_slice(&bytes[..received.bytes]);
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(mut descriptors) = message
                    && let Some(descriptor) = descriptors.next()
                {
                    return Ok(File::from(descriptor));
                }
            }
            bytes = [0; 4096];
        }
    }

    /// Sends these requests often, in pieces, until that is enough or the connection is ended.
    fn repeat(&mut self, count: usize, mut ask: impl FnMut(&mut Self)) -> Result {
        for _ in 0..count {
            ask(self);
            if self.outbox.len() >= 60_000 && self.send().is_err() {
                self.outbox.clear();
                return Ok(());
            }
        }
        // Whether it was ended is seen by what is read next.
        let _ = self.send();
        Ok(())
    }

    /// A pool of this memory.
    fn pool(&mut self, shm: u32, memory: impl AsFd, size: i32) -> Result<u32> {
        self.send()?;
        let pool = self.make(shm, 0, &[Int(size)]);
        self.send_with(&[memory.as_fd()])?;
        Ok(pool)
    }
}

impl Event {
    /// The text whose length stands at an offset. What fills it up to four bytes may be anything.
    fn text(&self, at: usize) -> String {
        let end = at + 3 + self.uint(at) as usize;
        let text = self.arguments.get(at + 4..end).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    fn uint(&self, at: usize) -> u32 {
        let bytes = self.arguments.get(at..at + 4);
        bytes.map_or(0, |bytes| {
            u32::from_ne_bytes([0, 1, 2, 3].map(|i| bytes[i]))
        })
    }
}

/// Something that is done again and again on a thread of its own, until this is dropped.
struct Meanwhile {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<u64>>>,
}

impl Meanwhile {
    /// Begins. What is done must end within [`PATIENCE`].
    fn repeat(mut act: impl FnMut() -> Result + Send + 'static) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let over = over.clone();
            move || {
                let mut count = 0;
                while !over.load(Ordering::Relaxed) {
                    act()?;
                    count += 1;
                }
                Ok(count)
            }
        });
        Self {
            over,
            thread: Some(thread),
        }
    }

    /// Whether it has failed.
    fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ends it: how often it was done.
    fn end(mut self) -> Result<u64> {
        self.over.store(true, Ordering::Relaxed);
        let thread = self.thread.take();
        let done = thread.map(JoinHandle::join);
        done.and_then(std::result::Result::ok)
            .unwrap_or_else(|| Err(Error::other("the thread panicked")))
    }
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
