//! What a viewer did that the caller has not fetched yet.

use std::collections::VecDeque;

use super::Event;
use crate::clipboard;

/// What the caller has not fetched yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    queue: VecDeque<Event>,
    /// The bytes of all texts and lists in it.
    bytes: usize,
}

impl Events {
    /// The most events that wait.
    const MAX: usize = 64;

    pub(super) fn are_full(&self) -> bool {
        self.queue.len() >= Self::MAX || self.bytes >= clipboard::MAX_TEXT
    }

    pub(super) fn push(&mut self, event: Event) {
        self.bytes += event.bytes();
        self.queue.push_back(event);
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        let event = self.queue.pop_front()?;
        self.bytes -= event.bytes();
        Some(event)
    }
}

impl Event {
    /// The bytes that it takes besides its own size.
    fn bytes(&self) -> usize {
        match self {
            Self::CutText(text) => text.len(),
            Self::SetEncodings(encodings) => size_of_val(encodings.as_slice()),
            _ => 0,
        }
    }
}
