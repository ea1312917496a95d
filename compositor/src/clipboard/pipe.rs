//! Pipes to and from Wayland clients, which are never waited for.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::os::fd::OwnedFd;
use std::time::Duration;

use calloop::generic::Generic;
use calloop::timer::{TimeoutAction, Timer};
use calloop::{EventSource, Interest, LoopHandle, Mode, PostAction, RegistrationToken};
use rustix::fs::{OFlags, fcntl_setfl};

use super::Data;
use crate::state::Offing;

/// How long a client may take to give or to take something, or a viewer to give it.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes that are read from a client: 16 MiB.
const MAX_BYTES: usize = 16 << 20;
/// So many bytes are read at once.
const CHUNK: usize = 64 << 10;

/// A source of the loop that goes with this value.
pub(super) struct Source {
    handle: LoopHandle<'static, Offing>,
    token: RegistrationToken,
}

impl Source {
    fn new<S: EventSource + 'static>(
        handle: &LoopHandle<'static, Offing>,
        source: S,
        callback: impl FnMut(S::Event, &mut S::Metadata, &mut Offing) -> S::Ret + 'static,
    ) -> io::Result<Self> {
        let token = handle
            .insert_source(source, callback)
            .map_err(|error| io::Error::from(error.error))?;
        let handle = handle.clone();
        Ok(Self { handle, token })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.handle.remove(self.token);
    }
}

/// A pipe that is being read or written. It ends with this value.
pub(super) struct Transfer {
    _pipe: Source,
    _deadline: Source,
}

impl Offing {
    /// Does something when patience is over, unless the value is dropped before.
    pub(super) fn when_late(&self, act: impl Fn(&mut Offing) + 'static) -> io::Result<Source> {
        let timer = Timer::from_duration(PATIENCE);
        Source::new(&self.handle, timer, move |_, (), offing| {
            act(offing);
            TimeoutAction::Drop
        })
    }

    /// Reads a pipe to its end. `done` gets all of it, or why that is not to be had, and drops the
    /// transfer.
    pub(super) fn read_pipe(
        &self,
        pipe: OwnedFd,
        done: impl Fn(&mut Offing, Result<Vec<u8>, String>) + Clone + 'static,
    ) -> io::Result<Transfer> {
        let late = done.clone();
        let mut data = Vec::new();
        self.transfer(
            pipe,
            Interest::READ,
            move |offing, mut pipe| {
                let mut chunk = [0; CHUNK];
                let result = match pipe.read(&mut chunk) {
                    Ok(0) => Ok(mem::take(&mut data)),
                    Ok(count) if data.len() + count <= MAX_BYTES => {
                        data.extend_from_slice(chunk.get(..count).unwrap_or_default());
                        return PostAction::Continue;
                    }
                    Ok(_) => Err(format!("it has more than {MAX_BYTES} bytes")),
                    Err(error) if is_nothing(&error) => return PostAction::Continue,
                    Err(error) => Err(error.to_string()),
                };
                done(offing, result);
                PostAction::Remove
            },
            move |offing| late(offing, Err(format!("it did not come in {PATIENCE:?}"))),
        )
    }

    /// Writes data into a pipe, as far as its reader takes it. `done` drops the transfer.
    pub(super) fn write_pipe(
        &self,
        pipe: OwnedFd,
        data: Data,
        done: impl Fn(&mut Offing, Result<(), String>) + Clone + 'static,
    ) -> io::Result<Transfer> {
        let late = done.clone();
        let mut written = 0;
        self.transfer(
            pipe,
            Interest::WRITE,
            move |offing, mut pipe| {
                let rest = data.get(written..).unwrap_or_default();
                let result = match pipe.write(rest) {
                    Ok(count) if count < rest.len() => {
                        written += count;
                        return PostAction::Continue;
                    }
                    Ok(_) => Ok(()),
                    Err(error) if is_nothing(&error) => return PostAction::Continue,
                    Err(error) => Err(error.to_string()),
                };
                done(offing, result);
                PostAction::Remove
            },
            move |offing| late(offing, Err(format!("it was not read in {PATIENCE:?}"))),
        )
    }

    fn transfer(
        &self,
        pipe: OwnedFd,
        interest: Interest,
        mut ready: impl FnMut(&mut Offing, &File) -> PostAction + 'static,
        late: impl Fn(&mut Offing) + 'static,
    ) -> io::Result<Transfer> {
        fcntl_setfl(&pipe, OFlags::NONBLOCK)?;
        let pipe = Generic::new(File::from(pipe), interest, Mode::Level);
        let pipe = Source::new(&self.handle, pipe, move |_, pipe, offing| {
            Ok(ready(offing, pipe))
        })?;
        Ok(Transfer {
            _pipe: pipe,
            _deadline: self.when_late(late)?,
        })
    }
}

/// Whether there is only nothing to be done now.
fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
