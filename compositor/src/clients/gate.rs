//! Between the clients' sockets and the Wayland display. The display serves a client for as long as
//! there is something to read from it, which for a client that never pauses is for ever. So each of
//! them is given a socket of ours instead, and through the gate come only pieces of what it sends:
//! one from each client in turn, until the loop has to go on with other things.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calloop::generic::Generic;
use calloop::{Interest, LoopHandle, Mode, PostAction};
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use smithay::reexports::wayland_server::Client;
use smithay::reexports::wayland_server::backend::ClientId;
use tracing::warn;

use crate::clients::socket::ClientState;
use crate::descriptors::FileId;
use crate::state::Offing;

/// The bytes of a piece. The display's buffer for a client is no larger.
const PIECE: usize = 4096;
/// The descriptors that come with a piece. The display takes no more at once.
const DESCRIPTORS: usize = 28;
/// Clients that are served before the loop is asked again who is ready.
const BATCH: usize = 64;

/// The clients' sockets.
pub(crate) struct Gate {
    clients: BTreeMap<u64, Passage>,
    last: u64,
    /// Clients that are not served for now.
    held_up: BTreeSet<u64>,
    /// Watches what clients send.
    requests: Arc<OwnedFd>,
    /// Watches what is for clients, and those that did not take all.
    events: Arc<OwnedFd>,
    ended: Ended,
}

/// The numbers of clients that the display has disconnected.
#[derive(Clone, Default)]
pub(crate) struct Ended(Arc<Mutex<Vec<u64>>>);

impl Ended {
    pub(crate) fn add(&self, number: u64) {
        self.numbers().push(number);
    }

    fn numbers(&self) -> MutexGuard<'_, Vec<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's own socket, and our end of the pair whose other end the display has.
struct Passage {
    outer: UnixStream,
    inner: UnixStream,
    client: ClientId,
    state: Arc<ClientState>,
    /// For the client, which did not take it yet.
    held: Parcel,
}

/// What is passed on at once.
#[derive(Default)]
struct Parcel {
    bytes: Vec<u8>,
    descriptors: Vec<OwnedFd>,
}

/// Requests that the display has now.
pub(crate) struct Passed {
    pub(crate) client: ClientId,
    pub(crate) state: Arc<ClientState>,
    pub(crate) bytes: usize,
    /// What the descriptors that came with them are of, one each.
    pub(crate) files: Vec<FileId>,
}

impl Gate {
    pub(crate) fn new(handle: &LoopHandle<'static, Offing>) -> io::Result<Self> {
        let watch = || -> io::Result<Arc<OwnedFd>> {
            let watched = Arc::new(epoll::create(epoll::CreateFlags::CLOEXEC)?);
            // It only ends the wait: who is ready is looked for in every turn.
            handle
                .insert_source(
                    Generic::new(watched.clone(), Interest::READ, Mode::Level),
                    |_, _, _| Ok(PostAction::Continue),
                )
                .map_err(|error| io::Error::from(error.error))?;
            Ok(watched)
        };
        Ok(Self {
            clients: BTreeMap::new(),
            last: 0,
            held_up: BTreeSet::new(),
            requests: watch()?,
            events: watch()?,
            ended: Ended::default(),
        })
    }

    /// All clients that are connected.
    pub(crate) fn clients(&self) -> impl ExactSizeIterator<Item = &ClientId> {
        self.clients.values().map(|passage| &passage.client)
    }

    /// What is kept for each client that is connected.
    pub(crate) fn states(&self) -> impl Iterator<Item = &ClientState> {
        self.clients.values().map(|passage| passage.state.as_ref())
    }

    /// Whether events wait for this client because it does not read.
    pub(crate) fn is_full(&self, client: &Client) -> bool {
        let state = client.get_data::<ClientState>();
        let passage = state.and_then(|state| self.clients.get(&state.number()));
        passage.is_some_and(|passage| !passage.held.is_empty())
    }

    /// Lets no more requests of this client through: what it wants takes longer than to want it.
    pub(crate) fn hold_up(&mut self, client: &Client) {
        if let Some(state) = client.get_data::<ClientState>() {
            self.held_up.insert(state.number());
        }
    }

    /// Serves all clients again.
    pub(crate) fn let_go_on(&mut self) {
        self.held_up.clear();
    }

    /// A number for the next client, and where to say that the display has disconnected it.
    pub(crate) fn next_client(&mut self) -> (u64, Ended) {
        self.last += 1;
        (self.last, self.ended.clone())
    }

    /// Serves a client. `inner`: our end of the pair whose other end the display has.
    pub(crate) fn add(
        &mut self,
        outer: UnixStream,
        inner: UnixStream,
        client: ClientId,
        state: Arc<ClientState>,
    ) -> io::Result<()> {
        let number = state.number();
        let data = epoll::EventData::new_u64(number);
        epoll::add(&self.requests, &outer, data, epoll::EventFlags::IN)?;
        epoll::add(&self.events, &inner, data, epoll::EventFlags::IN)?;
        let held = Parcel::default();
        let passage = Passage {
            outer,
            inner,
            client,
            state,
            held,
        };
        self.clients.insert(number, passage);
        Ok(())
    }

    /// Lets a piece of each client's requests through to the display, which has to be dispatched
    /// then. Empty if there are none.
    pub(crate) fn pass_requests(&mut self) -> Vec<Passed> {
        let mut all = Vec::new();
        for number in ready(&self.requests) {
            let Some(passage) = self.clients.get(&number) else {
                continue;
            };
            if self.held_up.contains(&number) {
                continue;
            }
            match passage.pass_requests() {
                Ok(passed) => all.push(passed),
                Err(Errno::AGAIN) => {}
                Err(errno) => {
                    passage.state.leave(errno);
                    self.clients.remove(&number);
                }
            }
        }
        all
    }

    /// Takes the display's events to their clients, as far as these have room; the display must
    /// have been flushed.
    pub(crate) fn pass_events(&mut self) {
        for number in ready(&self.events) {
            let Some(passage) = self.clients.get_mut(&number) else {
                continue;
            };
            if let Err(errno) = passage.pass_events(&self.events) {
                // If the display has ended it, that is logged.
                if errno != Errno::SHUTDOWN {
                    passage.state.leave(errno);
                }
                self.clients.remove(&number);
            }
        }
        let ended = std::mem::take(&mut *self.ended.numbers());
        for number in ended {
            if let Some(mut passage) = self.clients.remove(&number) {
                // Why it was disconnected, if it reads.
                let _ = passage.pass_events_on();
            }
        }
    }
}

/// Who is ready, as far as one look shows.
fn ready(watched: &OwnedFd) -> Vec<u64> {
    let mut events = Vec::<epoll::Event>::with_capacity(BATCH);
    let buffer = rustix::buffer::spare_capacity(&mut events);
    // What is missed now is still there in the next turn.
    if let Err(error) = epoll::wait(watched, buffer, Some(&Timespec::default())) {
        warn!("wayland clients could not be looked for: {error}");
    }
    events.iter().map(|event| event.data.u64()).collect()
}

impl Passage {
    fn pass_requests(&self) -> rustix::io::Result<Passed> {
        let mut parcel = Parcel::receive(self.outer.as_fd())?;
        let (bytes, files) = (parcel.bytes.len(), parcel.files());
        // There is room: the display has read what was let through before.
        while !parcel.is_empty() {
            match parcel.send(self.inner.as_fd()) {
                // The display has ended it, which is noticed when its last events are passed on.
                Err(Errno::PIPE | Errno::CONNRESET) => break,
                // A part of what it said is lost: not the same as nothing to read.
                Err(Errno::AGAIN) => return Err(Errno::NOBUFS),
                sent => sent?,
            }
        }
        Ok(Passed {
            client: self.client.clone(),
            state: self.state.clone(),
            bytes,
            files,
        })
    }

    /// Fails when it is over: with [`Errno::SHUTDOWN`] if the display has ended it.
    fn pass_events(&mut self, watched: &OwnedFd) -> rustix::io::Result<()> {
        let was_held = !self.held.is_empty();
        let passed = self.pass_events_on();
        let is_held = !self.held.is_empty();
        if is_held != was_held {
            let data = epoll::EventData::new_u64(self.state.number());
            // What is for a client that takes nothing is left alone until it does.
            if is_held {
                epoll::delete(watched, &self.inner)?;
                epoll::add(watched, &self.outer, data, epoll::EventFlags::OUT)?;
            } else {
                epoll::delete(watched, &self.outer)?;
                epoll::add(watched, &self.inner, data, epoll::EventFlags::IN)?;
            }
        }
        match passed {
            Err(Errno::AGAIN) => Ok(()),
            passed => passed,
        }
    }

    fn pass_events_on(&mut self) -> rustix::io::Result<()> {
        loop {
            while !self.held.is_empty() {
                match self.held.send(self.outer.as_fd()) {
                    // Nobody reads it; but requests that came before the end still count.
                    Err(Errno::PIPE | Errno::CONNRESET) => self.held = Parcel::default(),
                    sent => sent?,
                }
            }
            self.held = Parcel::receive(self.inner.as_fd()).map_err(|errno| match errno {
                Errno::PIPE | Errno::CONNRESET => Errno::SHUTDOWN,
                errno => errno,
            })?;
        }
    }
}

impl Parcel {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What a socket has. The errors include [`Errno::PIPE`], when nothing will come any more, and
    /// [`Errno::MFILE`], when not all descriptors could be taken.
    fn receive(socket: BorrowedFd) -> rustix::io::Result<Self> {
        let mut bytes = vec![0; PIECE];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let received = rustix::io::retry_on_intr(|| {
            recvmsg(
                socket,
                &mut [IoSliceMut::new(&mut bytes)],
                &mut control,
                flags,
            )
        })?;
        let descriptors = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        let descriptors = descriptors.flatten().collect();
        if received.bytes == 0 {
            return Err(Errno::PIPE);
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            return Err(Errno::MFILE);
        }
        bytes.truncate(received.bytes);
        Ok(Self { bytes, descriptors })
    }

    fn files(&self) -> Vec<FileId> {
        let files = self.descriptors.iter();
        files.filter_map(|it| FileId::of(it.as_fd())).collect()
    }

    /// Sends what the socket takes.
    fn send(&mut self, socket: BorrowedFd) -> rustix::io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors: Vec<BorrowedFd> = self.descriptors.iter().map(AsFd::as_fd).collect();
        if !descriptors.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(&descriptors));
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent = rustix::io::retry_on_intr(|| {
            sendmsg(socket, &[IoSlice::new(&self.bytes)], &mut control, flags)
        })?;
        // They went with the first byte.
        self.descriptors.clear();
        self.bytes.drain(..sent);
        Ok(())
    }
}
