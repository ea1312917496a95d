//! Text between the Wayland clipboard and viewers, both ways, up to 1 MiB, without ever waiting
//! for a client.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use calloop::generic::Generic;
use calloop::{Interest, Mode, PostAction, RegistrationToken};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pipe::{PipeFlags, pipe_with};
use smithay::wayland::selection::data_device::{
    request_data_device_client_selection, set_data_device_selection,
};
use tracing::{debug, warn};

use crate::state::Offing;

/// The longest text that is passed on, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// How many clients may be reading a viewer's text at the same time.
const MAX_READERS: usize = 16;
/// The names of plain text, the best first. Those without a charset are UTF-8 in practice.
const TEXT_TYPES: [&str; 4] = [
    "text/plain;charset=utf-8",
    "UTF8_STRING",
    "text/plain",
    "TEXT",
];

/// A text that a viewer copied.
#[derive(Clone, Debug)]
pub struct ViewerText(Arc<str>);

/// Transfers under way.
#[derive(Default)]
pub(crate) struct Clipboard {
    /// The name of the text that a client has copied in this turn.
    copied: Option<&'static str>,
    /// The client's text that is being read; a newer one takes its place.
    reading: Option<RegistrationToken>,
    readers: usize,
}

impl Offing {
    /// A viewer copied a text: it becomes the clipboard of the Wayland clients.
    pub(crate) fn offer_text(&mut self, text: String) {
        let types = TEXT_TYPES.map(str::to_owned).to_vec();
        set_data_device_selection(
            &self.display,
            &self.input.seat,
            types,
            ViewerText(text.into()),
        );
    }

    /// A Wayland client pastes a viewer's text: it is written as the client reads.
    pub(crate) fn send_text(&mut self, text: ViewerText, fd: OwnedFd) {
        if self.clipboard.readers == MAX_READERS || fcntl_setfl(&fd, OFlags::NONBLOCK).is_err() {
            warn!("a client pastes too often at once: its request is dropped");
            return;
        }
        let mut written = 0;
        let pipe = Generic::new(std::fs::File::from(fd), Interest::WRITE, Mode::Level);
        let inserted = self
            .handle
            .insert_source(pipe, move |_, pipe, state: &mut Offing| {
                let rest = text.0.as_bytes().get(written..).unwrap_or_default();
                match (&**pipe).write(rest) {
                    Ok(count) if count < rest.len() => {
                        written += count;
                        return Ok(PostAction::Continue);
                    }
                    Err(e)
                        if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
                    {
                        return Ok(PostAction::Continue);
                    }
                    Ok(_) => {}
                    Err(error) => debug!("a client stopped reading a text: {error}"),
                }
                state.clipboard.readers -= 1;
                Ok(PostAction::Remove)
            });
        match inserted {
            Ok(_) => self.clipboard.readers += 1,
            Err(error) => warn!("a text could not be pasted: {error}"),
        }
    }

    /// A Wayland client copied something: if it has text, viewers get it.
    pub(crate) fn client_copied(&mut self, types: Vec<String>) {
        let Some(text) = TEXT_TYPES
            .into_iter()
            .find(|text| types.iter().any(|offered| offered == text))
        else {
            return;
        };
        // The selection can be asked for once it is set, which it is at the end of the turn.
        self.clipboard.copied = Some(text);
    }

    /// Begins to read what a Wayland client has copied in this turn, for the viewers.
    pub(crate) fn read_copied_text(&mut self) {
        if let Some(text) = self.clipboard.copied.take() {
            self.read_selection(text);
        }
    }

    fn read_selection(&mut self, mime_type: &str) {
        if let Some(token) = self.clipboard.reading.take() {
            self.handle.remove(token);
        }
        let (reader, writer) = match pipe_with(PipeFlags::CLOEXEC) {
            Ok(pipe) => pipe,
            Err(error) => return warn!("a copied text could not be read: {error}"),
        };
        if let Err(error) = fcntl_setfl(&reader, OFlags::NONBLOCK) {
            return warn!("a copied text could not be read: {error}");
        }
        if let Err(error) =
            request_data_device_client_selection(&self.input.seat, mime_type.to_owned(), writer)
        {
            return debug!("the copied text is gone: {error}");
        }
        let mut text = Vec::new();
        let pipe = Generic::new(std::fs::File::from(reader), Interest::READ, Mode::Level);
        let inserted = self
            .handle
            .insert_source(pipe, move |_, pipe, state: &mut Offing| {
                let mut chunk = [0; 65536];
                match (&**pipe).read(&mut chunk) {
                    // Its client died before it gave anything.
                    Ok(0) if text.is_empty() => {}
                    Ok(0) => state.remote.cut_text(&String::from_utf8_lossy(&text)),
                    Ok(count) if text.len() + count <= MAX_TEXT => {
                        text.extend_from_slice(chunk.get(..count).unwrap_or_default());
                        return Ok(PostAction::Continue);
                    }
                    Ok(_) => debug!(
                        "a copied text is longer than {MAX_TEXT} bytes: viewers do not get it"
                    ),
                    Err(e)
                        if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
                    {
                        return Ok(PostAction::Continue);
                    }
                    Err(error) => debug!("a copied text could not be read: {error}"),
                }
                state.clipboard.reading = None;
                Ok(PostAction::Remove)
            });
        match inserted {
            Ok(token) => self.clipboard.reading = Some(token),
            Err(error) => warn!("a copied text could not be read: {error}"),
        }
    }
}
