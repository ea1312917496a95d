//! Wayland clients that paste what a viewer copied.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use tracing::debug;

use super::fetch::Goal;
use super::mime::MimeType;
use super::{Copied, Data, Finish, Place};
use crate::state::Offing;

/// A Wayland client that pastes.
pub(super) struct Paste {
    mime_type: MimeType,
    pipe: OwnedFd,
    copied: Arc<Copied>,
    place: Place,
}

impl Offing {
    /// A Wayland client pastes what a viewer copied, under this name: its pipe is written as soon
    /// as there is something, or closed if nothing comes.
    pub(crate) fn client_pastes(&mut self, copied: &Arc<Copied>, name: &str, pipe: OwnedFd) {
        let Some(mime_type) = MimeType::find(name) else {
            return;
        };
        let Some(place) = self.clipboard.pastes.take() else {
            return;
        };
        let paste = Paste {
            mime_type,
            pipe,
            copied: copied.clone(),
            place,
        };
        match self.clipboard.find(copied) {
            Some(_) => {
                let formats = [mime_type.format()].into_iter().collect();
                self.wait_for_data(copied, formats, Goal::Paste(paste));
            }
            // Nothing more will come.
            None => self.give(paste),
        }
    }

    /// Gives a client what it pastes, if it has come.
    pub(super) fn give(&mut self, paste: Paste) {
        let mime_type = paste.mime_type;
        let Some(data) = paste.copied.get(mime_type.format()).cloned() else {
            return debug!("nothing is pasted as {}: it did not come", mime_type.name());
        };
        if mime_type.is_encoded() {
            let encode = move || -> Finish {
                let encoded = mime_type.encode(&data);
                Box::new(move |offing| offing.write_paste(paste, encoded))
            };
            // Without it the pipe is closed.
            self.work(encode, |_| ());
        } else {
            self.write_paste(paste, Ok(data));
        }
    }

    fn write_paste(&mut self, paste: Paste, data: Result<Data, String>) {
        let name = paste.mime_type.name();
        let number = self.clipboard.next_number();
        let written = data.and_then(|data| {
            let done = move |offing: &mut Offing, result| {
                if let Err(error) = result {
                    debug!("something was not pasted as {name}: {error}");
                }
                offing.clipboard.writes.remove(&number);
            };
            let transfer = self.write_pipe(paste.pipe, data, done);
            transfer.map_err(|error| error.to_string())
        });
        match written {
            Ok(transfer) => {
                let writes = &mut self.clipboard.writes;
                writes.insert(number, (transfer, paste.place));
            }
            Err(error) => debug!("something is not pasted as {name}: {error}"),
        }
    }
}
