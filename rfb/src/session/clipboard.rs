//! The clipboards of both sides.

use super::{Event, Session};
use crate::clipboard::{self, Caps, ClipboardContents, ClipboardFormats, ClipboardMessage};
use crate::server_message;

/// What the viewer understands, and what it is still to be told.
#[derive(Debug, Default)]
pub(super) struct Clipboard {
    /// What the viewer says that it understands.
    caps: Option<Caps>,
    /// What it was last told of.
    offered: ClipboardFormats,
    /// It asked for these, and has no answer.
    requested: ClipboardFormats,
    /// What waits for the output to be empty.
    text: Option<Vec<u8>>,
    notify: bool,
    request: Option<ClipboardFormats>,
    /// Each has a format that no other has.
    provide: Vec<ClipboardContents>,
}

impl Session {
    /// Whether the viewer knows the extended clipboard: it can be told of more than text,
    /// and asks for what it wants. Others are given each text with [`Session::cut_text`].
    pub fn has_extended_clipboard(&self) -> bool {
        self.updates.features().extended_clipboard
    }

    /// Gives the viewer a text for its clipboard, in place of one that was not sent yet. By
    /// this message RFB knows Latin-1 only: other characters become `?`. A text of more than
    /// 1 MiB is dropped.
    pub fn cut_text(&mut self, text: &str) {
        if let Some(text) = clipboard::to_latin1(text) {
            self.clipboard.text = Some(text);
            self.flush();
        }
    }

    /// Tells a viewer with the [extended clipboard](Session::has_extended_clipboard) that
    /// there is something new, in these formats; none if there is nothing any more. It asks
    /// for it by [`Event::ClipboardRequest`] when it wants it.
    pub fn offer_clipboard(&mut self, formats: ClipboardFormats) {
        let clipboard = &mut self.clipboard;
        clipboard.offered = formats;
        // Nobody gets the old for the new.
        clipboard.requested = ClipboardFormats::NONE;
        clipboard.provide.clear();
        clipboard.notify = true;
        self.flush();
    }

    /// Asks the viewer for what [`Event::ClipboardNotify`] told of, in these formats. The
    /// answer is an [`Event::ClipboardProvide`], and may never come.
    pub fn request_clipboard(&mut self, formats: ClipboardFormats) {
        self.clipboard.request = Some(formats);
        self.flush();
    }

    /// Gives the viewer what it [asked for](Event::ClipboardRequest). If it did not ask for
    /// any of it, nothing is sent.
    pub fn provide_clipboard(&mut self, contents: &ClipboardContents) {
        let clipboard = &mut self.clipboard;
        let formats = contents.formats();
        if !clipboard.requested.intersection(formats).is_empty() {
            clipboard.requested = clipboard.requested.without(formats);
            clipboard.provide.push(contents.clone());
            self.flush();
        }
    }

    /// Says what is understood here.
    pub(super) fn say_caps(&mut self) {
        let caps = ClipboardMessage::Caps(Caps::own());
        self.reply(|out| server_message::extended_cut_text(out, &caps));
    }

    pub(super) fn handle_clipboard(&mut self, message: ClipboardMessage) {
        match message {
            ClipboardMessage::Caps(caps) => {
                let clipboard = &mut self.clipboard;
                let before = clipboard.caps.replace(caps).unwrap_or_else(Caps::unsaid);
                let told = |caps: Caps| clipboard.offered.intersection(caps.formats);
                // It was told of what viewers usually take.
                clipboard.notify |= told(before) != told(caps);
            }
            ClipboardMessage::Request(formats) => {
                let clipboard = &mut self.clipboard;
                let mut formats = formats.intersection(clipboard.offered);
                // It gets those anyway.
                for contents in &clipboard.provide {
                    formats = formats.without(contents.formats());
                }
                if !formats.is_empty() {
                    clipboard.requested = clipboard.requested.union(formats);
                    self.events.push(Event::ClipboardRequest(formats));
                }
            }
            ClipboardMessage::Peek => self.clipboard.notify = true,
            ClipboardMessage::Notify(formats) => {
                self.report_input(Event::ClipboardNotify(formats));
            }
            ClipboardMessage::Provide(contents) => {
                self.report_input(Event::ClipboardProvide(contents));
            }
        }
        self.flush();
    }

    /// Moves to the output what waits for it to be empty. Contents are not copied.
    pub(super) fn flush_clipboard(&mut self) {
        let Self {
            clipboard, output, ..
        } = self;
        if let Some(text) = clipboard.text.take() {
            output.write(|out| server_message::server_cut_text(out, &text));
        }
        if !self.updates.features().extended_clipboard {
            return;
        }
        let caps = clipboard.caps.unwrap_or_else(Caps::unsaid);
        let mut say = |message: &ClipboardMessage| {
            output.write(|out| server_message::extended_cut_text(out, message));
        };
        // What the viewer has it may replace by what it is told of.
        if let Some(formats) = clipboard.request.take().filter(|_| caps.takes_request()) {
            say(&ClipboardMessage::Request(formats));
        }
        if std::mem::take(&mut clipboard.notify) && caps.takes_notify() {
            let formats = clipboard.offered.intersection(caps.formats);
            say(&ClipboardMessage::Notify(formats));
        }
        for contents in clipboard.provide.drain(..) {
            if caps.takes_provide() {
                output.write(|out| {
                    let message = ClipboardMessage::Provide(contents.clone());
                    server_message::extended_cut_text(out, &message);
                });
                output.push(contents.into_compressed());
            }
        }
    }
}
