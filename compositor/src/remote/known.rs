//! What viewers that join are told.

use std::sync::Arc;

use rfb::{ClipboardFormats, Cursor, Frame, Leds, Mover, Point, Region, Size};

use super::mailbox::Outbox;
use super::viewer::Viewer;
use super::{MovedBy, ViewerId};

/// What a new viewer is to know.
pub(super) struct Known {
    pub(super) name: String,
    pub(super) size: Size,
    frame: Option<Frame>,
    /// `None`: the compositor has not said yet; `Some(None)`: hidden.
    cursor: Option<Option<Arc<Cursor>>>,
    pointer: Option<(Point, MovedBy)>,
    relative_pointer: bool,
    leds: Option<Leds>,
    /// The formats in which what was copied can be had.
    offered: ClipboardFormats,
}

impl Known {
    /// Before anything is shown.
    pub(super) fn new(name: String, size: Size) -> Self {
        Self {
            name,
            size,
            frame: None,
            cursor: None,
            pointer: None,
            relative_pointer: false,
            leds: None,
            offered: ClipboardFormats::NONE,
        }
    }

    /// Takes in what the compositor has left.
    pub(super) fn remember(&mut self, mail: &Outbox) {
        if let Some(new) = &mail.frame {
            self.size = new.frame.size();
            self.frame = Some(new.frame.clone());
        }
        if let Some(cursor) = &mail.cursor {
            self.cursor = Some(cursor.clone());
        }
        if let Some(name) = &mail.name {
            self.name.clone_from(name);
        }
        self.pointer = mail.pointer.or(self.pointer);
        self.relative_pointer = mail.relative_pointer.unwrap_or(self.relative_pointer);
        self.leds = mail.leds.or(self.leds);
        self.offered = mail.offer.map_or(self.offered, |offer| offer.formats);
    }

    /// Tells a new viewer.
    pub(super) fn introduce(&self, id: ViewerId, viewer: &mut Viewer) {
        let session = &mut viewer.session;
        if let Some(frame) = &self.frame {
            session.show(frame, &Region::from(frame.size().rect()), &[]);
        }
        if let Some(cursor) = &self.cursor {
            session.set_cursor(cursor.clone());
        }
        if let Some((at, moved_by)) = self.pointer {
            session.set_pointer(at, moved_by.seen_by(id));
        }
        session.set_relative_pointer(self.relative_pointer);
        if let Some(leds) = self.leds {
            session.set_leds(leds);
        }
        if !self.offered.is_empty() {
            viewer.offer_clipboard(self.offered);
        }
    }
}

impl MovedBy {
    /// As a viewer sees it.
    pub(super) fn seen_by(self, viewer: ViewerId) -> Mover {
        match self {
            Self::Viewer(other) if other != viewer => Mover::OtherViewer,
            Self::Nobody | Self::Viewer(_) => Mover::ThisViewer,
            Self::Program => Mover::Program,
        }
    }
}
