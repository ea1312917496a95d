//! Getting the data of what was copied, once for all that wait for it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rfb::{ClipboardContents, ClipboardFormat, ClipboardFormats};
use rustix::pipe::{PipeFlags, pipe_with};
use smithay::wayland::selection::SelectionTarget;
use smithay::wayland::selection::data_device::request_data_device_client_selection;
use smithay::wayland::selection::primary_selection::request_primary_client_selection;
use tracing::debug;

use super::mime::MimeType;
use super::paste::Paste;
use super::pipe::Source;
use super::{Copied, Current, Finish, Owner, TARGETS};
use crate::remote::{ViewerId, Wanted};
use crate::state::Offing;

/// Someone who waits for data.
pub(super) struct Waiting {
    number: u64,
    /// What did not come yet.
    missing: Vec<ClipboardFormat>,
    goal: Goal,
    _deadline: Source,
}

/// What data is for.
pub(super) enum Goal {
    /// These viewers want it.
    Answer(Wanted, Vec<ViewerId>),
    Paste(Paste),
    /// It is kept until it is here.
    Keep,
}

impl Current {
    /// The viewers that wait for the same, if there are any.
    pub(super) fn waiting_for(&mut self, wanted: Wanted) -> Option<&mut Vec<ViewerId>> {
        let waiting = self.waiting.iter_mut().filter_map(|it| match &mut it.goal {
            Goal::Answer(wanted, viewers) => Some((*wanted, viewers)),
            Goal::Paste(_) | Goal::Keep => None,
        });
        let packing = self.packing.iter_mut().map(|(it, viewers)| (*it, viewers));
        let mut all = waiting.chain(packing);
        all.find_map(|(it, viewers)| (it == wanted).then_some(viewers))
    }

    /// What somebody waits for.
    fn missing(&self) -> ClipboardFormats {
        let waiting = self.waiting.iter();
        waiting.flat_map(|it| &it.missing).copied().collect()
    }
}

impl Offing {
    /// Sees to it that a goal is reached as soon as the data of what was copied has come in these
    /// formats, or as much of it as will come.
    pub(super) fn wait_for_data(
        &mut self,
        copied: &Arc<Copied>,
        formats: ClipboardFormats,
        goal: Goal,
    ) {
        let number = self.clipboard.next_number();
        let is_missing = |format: &ClipboardFormat| copied.get(*format).is_none();
        let missing: Vec<_> = formats.iter().filter(is_missing).collect();
        if missing.is_empty() {
            return self.reach(goal);
        }
        let deadline = match self.when_late(move |offing| offing.stop_waiting(number)) {
            Ok(deadline) => deadline,
            Err(error) => return debug!("what was copied is not fetched: {error}"),
        };
        let Some(current) = self.clipboard.find(copied) else {
            return;
        };
        let expected = current.missing();
        let is_new = missing.iter().any(|format| !expected.contains(*format));
        current.waiting.push(Waiting {
            number,
            missing,
            goal,
            _deadline: deadline,
        });
        if is_new {
            self.fetch(copied);
        }
    }

    /// Something else is selected in this clipboard, and viewers are told. What one of them copied
    /// may be selected in the other one: it is fetched as long as that viewer has it.
    pub(super) fn keep_elsewhere(&mut self, target: SelectionTarget) {
        let Some(current) = &self.clipboard.current else {
            return;
        };
        let copied = current.copied.clone();
        let is_viewers = matches!(current.owner, Owner::Viewer(_));
        let mut others = TARGETS.into_iter().filter(|it| *it != target);
        if !is_viewers || !others.any(|it| self.is_selected(it, &copied)) {
            return;
        }
        self.clipboard.kept = self.clipboard.current.take();
        if let Some(kept) = &mut self.clipboard.kept {
            // Other viewers do not get it any more.
            kept.waiting
                .retain(|it| !matches!(it.goal, Goal::Answer(..)));
        }
        self.wait_for_data(&copied, copied.formats(), Goal::Keep);
    }

    /// Asks whoever has it for the data that is waited for.
    pub(super) fn fetch(&mut self, copied: &Arc<Copied>) {
        let Some(current) = self.clipboard.find(copied) else {
            return;
        };
        let missing = current.missing();
        match &current.owner {
            Owner::Client(target, types) => {
                let target = *target;
                let unread = |it: &&MimeType| {
                    missing.contains(it.format()) && !current.reads.contains_key(&it.format())
                };
                let types: Vec<_> = types.iter().filter(unread).copied().collect();
                for mime_type in types {
                    self.read_selection(target, mime_type, copied);
                }
            }
            Owner::Viewer(viewer) => self.remote.request_clipboard(*viewer, missing),
            Owner::Nobody => {
                for format in missing.iter() {
                    self.settle(copied, format);
                }
            }
        }
    }

    /// Begins to read what a Wayland client has copied.
    fn read_selection(
        &mut self,
        target: SelectionTarget,
        mime_type: MimeType,
        copied: &Arc<Copied>,
    ) {
        let format = mime_type.format();
        let begin = || -> io::Result<_> {
            let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
            self.request_selection(target, mime_type.name(), writer)?;
            self.read_pipe(reader, move |offing, result| {
                offing.selection_read(mime_type, result);
            })
        };
        match begin() {
            Ok(transfer) => {
                if let Some(current) = self.clipboard.find(copied) {
                    current.reads.insert(format, Some(transfer));
                }
            }
            Err(error) => {
                debug!(
                    "what was copied as {} is not read: {error}",
                    mime_type.name()
                );
                self.settle(copied, format);
            }
        }
    }

    fn request_selection(
        &self,
        target: SelectionTarget,
        name: &str,
        pipe: OwnedFd,
    ) -> io::Result<()> {
        let (seat, name) = (&self.input.seat, name.to_owned());
        match target {
            SelectionTarget::Clipboard => {
                request_data_device_client_selection(seat, name, pipe).map_err(io::Error::other)
            }
            SelectionTarget::Primary => {
                request_primary_client_selection(seat, name, pipe).map_err(io::Error::other)
            }
        }
    }

    /// A Wayland client has given what it copied, or has not.
    fn selection_read(&mut self, mime_type: MimeType, result: Result<Vec<u8>, String>) {
        let Some(current) = &mut self.clipboard.current else {
            return;
        };
        let format = mime_type.format();
        // The transfer is over.
        current.reads.insert(format, None);
        let copied = current.copied.clone();
        let given = result.and_then(|bytes| match bytes.is_empty() {
            true => Err("its client gave nothing".to_owned()),
            false => Ok(bytes),
        });
        let bytes = match given {
            Ok(bytes) => bytes,
            Err(error) => return self.data_came(&copied, format, Err(error)),
        };
        let its = copied.clone();
        self.work(
            move || {
                let data = mime_type.decode(bytes);
                Box::new(move |offing| offing.data_came(&its, format, data))
            },
            move |offing| offing.data_came(&copied, format, Err("it is not decoded".to_owned())),
        );
    }

    /// A viewer gives what it copied.
    pub(crate) fn viewer_gives(&mut self, viewer: ViewerId, contents: ClipboardContents) {
        let owner = Owner::Viewer(viewer);
        let Some(current) = self.clipboard.all().find(|it| it.owner == owner) else {
            return debug!("viewer {viewer} gives what it was not asked for");
        };
        let copied = current.copied.clone();
        let unpack = move || -> Finish {
            let data = contents.unpack();
            Box::new(move |offing| {
                for (format, bytes) in data {
                    offing.data_came(&copied, format, Ok(bytes));
                }
            })
        };
        // Without it, who waits is given up.
        self.work(unpack, |_| ());
    }

    /// The data of a copy has come in this format, or will not.
    fn data_came(
        &mut self,
        copied: &Arc<Copied>,
        format: ClipboardFormat,
        data: Result<Vec<u8>, String>,
    ) {
        match data {
            Ok(data) => copied.put(format, data),
            Err(error) => debug!("what was copied is not to be had as {format:?}: {error}"),
        }
        if let Some(current) = self.clipboard.find(copied) {
            current.reads.remove(&format);
            self.settle(copied, format);
        }
    }

    /// Nobody needs to wait any more for this format of what was copied.
    fn settle(&mut self, copied: &Arc<Copied>, format: ClipboardFormat) {
        let Some(current) = self.clipboard.find(copied) else {
            return;
        };
        for waiting in &mut current.waiting {
            waiting.missing.retain(|it| *it != format);
        }
        let done = current.waiting.extract_if(.., |it| it.missing.is_empty());
        for waiting in done.collect::<Vec<_>>() {
            self.reach(waiting.goal);
        }
    }

    /// Goes on without what has not come.
    fn stop_waiting(&mut self, number: u64) {
        let waiting = self.clipboard.all().find_map(|current| {
            let mut late = current.waiting.extract_if(.., |it| it.number == number);
            late.next()
        });
        if let Some(waiting) = waiting {
            debug!(
                "{:?} of what was copied did not come in time",
                waiting.missing
            );
            self.reach(waiting.goal);
        }
    }

    fn reach(&mut self, goal: Goal) {
        match goal {
            Goal::Answer(wanted, viewers) => self.pack(wanted, viewers),
            Goal::Paste(paste) => self.give(paste),
            Goal::Keep => self.clipboard.kept = None,
        }
    }
}
