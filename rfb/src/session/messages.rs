//! What a viewer says once it is in, message by message.

use std::time::Instant;

use super::{Event, Session, Xvp};
use crate::client_message::{ClientMessage, Dialect, Layout};
use crate::encoding::Encoding;
use crate::fence::Fence;
use crate::geometry::Point;
use crate::security::Rights;
use crate::server_message;

/// The most bytes of answers that wait in the output before nothing more is taken.
const MAX_REPLIES: usize = 4096;
/// A viewer that does not know yet that it is to send motion sends places: they look like
/// very long motions. What it sends until it knows that it is to send places again looks
/// like places far outside.
const MAX_MOTION: u16 = 0x2000;

/// What a viewer was told because it listed an encoding, or waits for.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// The bytes of answers in the output.
    bytes: usize,
    /// A fence that comes back after the next message.
    held: Option<Fence>,
    /// These were told that they are understood here.
    fences: bool,
    continuous_updates: bool,
    xvp: bool,
}

impl Replies {
    /// Whether nothing may be taken that could want an answer.
    pub(super) fn are_full(&self) -> bool {
        self.bytes >= MAX_REPLIES
    }

    /// Notes that the output is written.
    pub(super) fn written(&mut self) {
        self.bytes = 0;
    }
}

impl Session {
    /// What was agreed on about messages.
    pub(super) fn dialect(&self) -> Dialect {
        let features = self.updates.features();
        Dialect {
            extended_mouse_buttons: features.sends(Encoding::EXTENDED_MOUSE_BUTTONS),
            extended_clipboard: features.extended_clipboard,
        }
    }

    pub(super) fn handle(&mut self, message: ClientMessage, now: Instant) {
        if let Some(fence) = self.replies.held.take() {
            // What comes behind it knows of the message, and nothing ahead of it does.
            self.reply(|out| server_message::server_fence(out, &fence.answer()));
        }
        match message {
            ClientMessage::SetPixelFormat(format) => {
                self.updates.set_pixel_format(format);
                self.report_request(Event::SetPixelFormat(format));
            }
            ClientMessage::SetEncodings(encodings) => self.handle_set_encodings(encodings),
            ClientMessage::FramebufferUpdateRequest { incremental, area } => {
                self.has_said_encodings = true;
                self.updates.request(incremental, area);
                self.report_request(Event::FramebufferUpdateRequest { incremental, area });
            }
            ClientMessage::KeyEvent {
                keysym,
                keycode,
                pressed,
            } => self.report_input(Event::Key {
                keysym,
                keycode,
                pressed,
            }),
            ClientMessage::PointerEvent { x, y, buttons } => self.handle_pointer(x, y, buttons),
            ClientMessage::ClientCutText(text) => self.report_input(Event::CutText(text)),
            ClientMessage::Clipboard(message) => self.handle_clipboard(message),
            ClientMessage::EnableContinuousUpdates { enable, area } => {
                self.updates.set_continuous(enable.then_some(area));
                if !enable {
                    self.reply(server_message::end_of_continuous_updates);
                }
            }
            ClientMessage::ClientFence(fence) => self.handle_fence(fence, now),
            ClientMessage::Xvp { version, code } => self.handle_xvp(version, code),
            ClientMessage::SetDesktopSize(layout) => self.handle_set_desktop_size(layout),
            ClientMessage::Unwanted { rest } => self.inbox.skip(rest),
        }
    }

    fn handle_set_encodings(&mut self, encodings: Vec<Encoding>) {
        self.updates.set_encodings(&encodings);
        self.has_said_encodings = true;
        let features = self.updates.features();
        let is_new = |told: &mut bool, listed: bool| listed && !std::mem::replace(told, true);
        let replies = &mut self.replies;
        let fences = is_new(&mut replies.fences, features.fences);
        let continuous = is_new(&mut replies.continuous_updates, features.continuous_updates);
        let xvp = is_new(&mut replies.xvp, features.xvp);
        if features.extended_clipboard {
            self.say_caps();
        }
        if fences {
            self.ping();
        }
        if continuous {
            self.reply(server_message::end_of_continuous_updates);
        }
        if xvp {
            self.reply(|out| server_message::xvp(out, server_message::Xvp::Init));
        }
        self.report_request(Event::SetEncodings(encodings));
    }

    fn handle_pointer(&mut self, x: u16, y: u16, buttons: u16) {
        if !self.has_full_rights() {
            return;
        }
        let motion = [x, y].map(|place| place.wrapping_sub(0x7fff).cast_signed());
        let is_short = motion.iter().all(|it| it.unsigned_abs() <= MAX_MOTION);
        let is_place = self.updates.size().rect().contains_point(Point::new(x, y));
        let sends_motion = self.updates.features().pointer_motion;
        let [dx, dy] = match self.updates.is_relative() {
            true if is_short => motion,
            // Of what was sent before the viewer knew, the buttons count.
            true => [0, 0],
            false if sends_motion && is_short && !is_place => [0, 0],
            false => return self.handle_place(x, y, buttons),
        };
        self.events.push(Event::Motion { dx, dy, buttons });
    }

    fn handle_place(&mut self, x: u16, y: u16, buttons: u16) {
        self.updates.take_pointer();
        let size = self.updates.size();
        self.events.push(Event::Pointer {
            x: x.min(size.width.saturating_sub(1)),
            y: y.min(size.height.saturating_sub(1)),
            buttons,
        });
    }

    fn handle_fence(&mut self, fence: Fence, now: Instant) {
        if let Some(number) = fence.pong() {
            self.flow.pong(now, number, self.output.end());
        } else if fence.is_request() && fence.waits_for_next() {
            self.replies.held = Some(fence);
        } else if fence.is_request() {
            self.reply(|out| server_message::server_fence(out, &fence.answer()));
        }
    }

    fn handle_xvp(&mut self, version: u8, code: u8) {
        let action = match (version, code) {
            (1, 2) => Some(Xvp::Shutdown),
            (1, 3) => Some(Xvp::Reboot),
            (1, 4) => Some(Xvp::Reset),
            _ => None,
        };
        match action {
            Some(action) if self.has_full_rights() && self.updates.features().xvp => {
                self.events.push(Event::Xvp(action));
            }
            _ => self.reply(|out| server_message::xvp(out, server_message::Xvp::Fail)),
        }
    }

    fn handle_set_desktop_size(&mut self, layout: Layout) {
        let wanted = self.updates.wish(layout, self.has_full_rights());
        if let Some(Layout { size, screens }) = wanted {
            self.events.push(Event::SetDesktopSize { size, screens });
        }
    }

    /// Sends a fence whose time on the way tells how full that is.
    pub(super) fn ping(&mut self) {
        if let Some(number) = self.flow.ping(self.output.end()) {
            let fence = Fence::ping(number);
            self.output
                .write(|out| server_message::server_fence(out, &fence));
        }
    }

    /// Answers at once.
    pub(super) fn reply(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.replies.bytes += self.output.write(write);
    }

    pub(super) fn report_input(&mut self, event: Event) {
        if self.has_full_rights() {
            self.events.push(event);
        }
    }

    fn report_request(&mut self, event: Event) {
        if self.reports_requests {
            self.events.push(event);
        }
    }

    fn has_full_rights(&self) -> bool {
        self.rights() == Some(Rights::Full)
    }
}
