//! Viewers that want what was copied.

use std::sync::Arc;

use rfb::{ClipboardContents, ClipboardFormat, ClipboardFormats};

use super::fetch::Goal;
use super::{Copied, Data};
use crate::remote::{Answer, ViewerId, Wanted};
use crate::state::Offing;

impl Wanted {
    fn formats(self) -> ClipboardFormats {
        match self {
            Self::Text => [ClipboardFormat::Text].into_iter().collect(),
            Self::Contents(formats) => formats,
        }
    }
}

impl Offing {
    /// A viewer wants what was copied last: it gets it as soon as it has come. Viewers that want
    /// the same share what was read and packed.
    pub(crate) fn viewer_asks(&mut self, viewer: ViewerId, wanted: Wanted) {
        let Some(current) = &mut self.clipboard.current else {
            return;
        };
        if !current.to_viewers || current.from == Some(viewer) || self.clipboard.withheld {
            return;
        }
        if let Some((_, answer)) = current.packed.as_ref().filter(|(it, _)| *it == wanted) {
            return self.remote.answer_clipboard(viewer, answer.clone());
        }
        if let Some(viewers) = current.waiting_for(wanted) {
            if !viewers.contains(&viewer) {
                viewers.push(viewer);
            }
            return;
        }
        let formats = wanted.formats().intersection(current.copied.formats());
        if !formats.is_empty() {
            let copied = current.copied.clone();
            self.wait_for_data(&copied, formats, Goal::Answer(wanted, vec![viewer]));
        }
    }

    /// Has the data of what was copied last packed for viewers, as far as it has come.
    pub(super) fn pack(&mut self, wanted: Wanted, viewers: Vec<ViewerId>) {
        let Some(current) = &mut self.clipboard.current else {
            return;
        };
        let copied = current.copied.clone();
        let come = |format| Some((format, copied.get(format)?.clone()));
        let data: Vec<_> = wanted.formats().iter().filter_map(come).collect();
        if data.is_empty() {
            return;
        }
        current.packing.push((wanted, viewers));
        let its = copied.clone();
        self.work(
            move || {
                let answer = packed(wanted, &data);
                Box::new(move |offing| offing.answer(&its, wanted, answer))
            },
            move |offing| offing.answer(&copied, wanted, None),
        );
    }

    /// Gives what is packed to all viewers that wait for it, and keeps it for others. Without an
    /// answer nobody waits any more.
    fn answer(&mut self, copied: &Arc<Copied>, wanted: Wanted, answer: Option<Answer>) {
        let withheld = self.clipboard.withheld;
        let Some(current) = self.clipboard.current_if(copied) else {
            return;
        };
        let waiting = current.packing.extract_if(.., |(it, _)| *it == wanted);
        let viewers: Vec<ViewerId> = waiting.flat_map(|(_, viewers)| viewers).collect();
        current.packed = answer.map(|answer| (wanted, answer));
        if let Some((_, answer)) = current.packed.as_ref().filter(|_| !withheld) {
            for viewer in viewers {
                self.remote.answer_clipboard(viewer, answer.clone());
            }
        }
    }
}

/// Data as viewers get it, if it is not too long. It takes time.
fn packed(wanted: Wanted, data: &[(ClipboardFormat, Data)]) -> Option<Answer> {
    match wanted {
        Wanted::Text => {
            let (_, text) = data.first()?;
            Some(Answer::Text(String::from_utf8_lossy(text).into()))
        }
        Wanted::Contents(_) => {
            let data: Vec<_> = data.iter().map(|(it, bytes)| (*it, &***bytes)).collect();
            let contents = ClipboardContents::new(&data);
            (!contents.formats().is_empty()).then_some(Answer::Contents(contents))
        }
    }
}
