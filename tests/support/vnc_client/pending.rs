use std::collections::VecDeque;

use super::fences::{Fence, fence};
use super::wire::broken;
use super::{Resize, VncClient};
use crate::Result;

/// What the viewer asked for, so that answers are told from what nobody asked for.
#[derive(Default)]
pub(super) struct Pending {
    /// An update was requested, and none came since.
    pub(super) requested: bool,
    /// How many updates may still come for what was requested: one can answer many requests.
    updates: usize,
    /// Continuous updates are enabled.
    pub(super) continuous: bool,
    /// How often they were disabled without an answer so far.
    pub(super) disabled: usize,
    /// The sizes asked for, as they would be granted.
    pub(super) sizes: VecDeque<Resize>,
    /// The fences not answered yet.
    pub(super) fences: Vec<Fence>,
    /// Others asked for more than is known here.
    others_ask: bool,
}

impl Pending {
    pub(super) fn request(&mut self) {
        self.requested = true;
        self.updates += 1;
    }

    /// Whether an update may be on its way.
    pub(super) fn awaits_update(&self) -> bool {
        self.requested || self.continuous || self.disabled > 0
    }

    /// An update came.
    pub(super) fn updated(&mut self) -> Result {
        let asked_for = self.updates > 0 || self.continuous || self.disabled > 0;
        if !asked_for && !self.others_ask {
            return Err(broken("an update that was not asked for"));
        }
        self.requested = false;
        self.updates = self.updates.saturating_sub(1);
        Ok(())
    }

    /// A size came. Answers come in order, one for each question, and grant what was asked for or
    /// nothing (rfbproto "SetDesktopSize").
    pub(super) fn resized(&mut self, resize: &Resize) -> Result {
        if resize.reason != 1 || self.others_ask {
            return Ok(());
        }
        let asked = self.sizes.pop_front();
        let asked = asked.ok_or_else(|| broken("an answer to a size that was not asked for"))?;
        if resize.status != 0 || *resize == asked {
            return Ok(());
        }
        Err(broken(format!(
            "{}x{} with {} screens was granted, but {}x{} with {} was asked for",
            resize.width,
            resize.height,
            resize.screens.len(),
            asked.width,
            asked.height,
            asked.screens.len()
        )))
    }

    /// A fence was answered: with its payload, and with those of its flags that the server knows.
    pub(super) fn answered(&mut self, answer: &Fence) -> Result {
        let payload = |it: &Fence| it.payload == answer.payload;
        let Some(place) = self.fences.iter().position(payload) else {
            return match self.others_ask {
                true => Ok(()),
                false => Err(broken(format!("{answer:?} answers no fence"))),
            };
        };
        let asked = self.fences.remove(place);
        match answer.flags & !(asked.flags & fence::ALL) {
            0 => Ok(()),
            _ => Err(broken(format!("{answer:?} answers {asked:?}"))),
        }
    }

    /// Continuous updates have ended.
    pub(super) fn ended(&mut self) -> Result {
        match self.disabled.checked_sub(1) {
            Some(left) => self.disabled = left,
            None if self.others_ask => {}
            None => {
                return Err(broken(
                    "an end of continuous updates that were not disabled",
                ));
            }
        }
        Ok(())
    }
}

impl VncClient {
    /// Takes updates, sizes and answers as if they had been asked for: others, or bytes that this
    /// client does not look into, ask for them.
    pub fn assume_asked(&mut self) {
        self.pending.others_ask = true;
        self.clipboard_state.takes_everything();
        self.audio.assume_enabled();
    }
}
