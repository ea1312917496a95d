//! zwlr_screencopy_manager_v1 (wlr-screencopy-unstable-v1, version 3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use smithay::reexports::wayland_protocols_wlr::screencopy::v1::server::zwlr_screencopy_frame_v1::{
    self, Flags, ZwlrScreencopyFrameV1,
};
use smithay::reexports::wayland_protocols_wlr::screencopy::v1::server::zwlr_screencopy_manager_v1::{
    self, ZwlrScreencopyManagerV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource,
};
use smithay::utils::Rectangle;

use super::split_time;
use crate::capture::{Copy, FORMAT, Failure, Recipient, Series, Source, Subject};
use crate::clients::socket::is_trusted;
use crate::state::Offing;

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwlrScreencopyManagerV1, ()>(3, ());
}

/// What is known of a frame.
pub(crate) struct Frame {
    /// None if the client was told that it has failed.
    subject: Option<Subject>,
    series: Arc<Series>,
    used: AtomicBool,
}

impl GlobalDispatch<ZwlrScreencopyManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ZwlrScreencopyManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, Arc::default());
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ZwlrScreencopyManagerV1, Arc<Series>> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        _manager: &ZwlrScreencopyManagerV1,
        request: zwlr_screencopy_manager_v1::Request,
        series: &Arc<Series>,
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        use zwlr_screencopy_manager_v1::Request;
        // There is one output: whichever is named, it is that.
        let (frame, part, overlay_cursor) = match request {
            Request::CaptureOutput {
                frame,
                overlay_cursor,
                ..
            } => (frame, None, overlay_cursor),
            Request::CaptureOutputRegion {
                frame,
                overlay_cursor,
                x,
                y,
                width,
                height,
                ..
            } => {
                let part = Rectangle::new((x, y).into(), (width.max(0), height.max(0)).into());
                (frame, Some(part), overlay_cursor)
            }
            _ => return,
        };
        let with_cursor = overlay_cursor != 0;
        let subject = match part {
            None => state.subject(Source::Screen, with_cursor),
            Some(part) => state.subject_in(part, with_cursor),
        };
        let area = subject.as_ref().map(|subject| subject.area);
        let frame = init.init(
            frame,
            Frame {
                subject,
                series: series.clone(),
                used: AtomicBool::new(false),
            },
        );
        let Some(area) = area else {
            return frame.failed();
        };
        let (width, height) = (u32::from(area.width), u32::from(area.height));
        frame.buffer(FORMAT, width, height, width * 4);
        if frame.version() >= zwlr_screencopy_frame_v1::EVT_BUFFER_DONE_SINCE {
            frame.buffer_done();
        }
    }
}

impl Dispatch<ZwlrScreencopyFrameV1, Frame> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        frame: &ZwlrScreencopyFrameV1,
        request: zwlr_screencopy_frame_v1::Request,
        data: &Frame,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        use zwlr_screencopy_frame_v1::{Error, Request};
        let (buffer, when_changed) = match request {
            Request::Copy { buffer } => (buffer, false),
            Request::CopyWithDamage { buffer } => (buffer, true),
            _ => return,
        };
        let Some(subject) = data.subject.clone() else {
            return;
        };
        if data.used.swap(true, Relaxed) {
            frame.post_error(Error::AlreadyUsed, "a frame is copied once");
        } else if !subject.fits(&buffer) {
            frame.post_error(Error::InvalidBuffer, "the buffer is not as was announced");
        } else {
            state.request_copy(Copy {
                recipient: Box::new(FrameRecipient {
                    frame: frame.clone(),
                    tells_damage: when_changed,
                }),
                buffer,
                subject,
                when_changed,
                series: data.series.clone(),
            });
        }
    }
}

/// A frame that waits for its copy.
struct FrameRecipient {
    frame: ZwlrScreencopyFrameV1,
    tells_damage: bool,
}

impl Recipient for FrameRecipient {
    fn client(&self) -> Option<ClientId> {
        let client = self.frame.client()?;
        self.frame.is_alive().then(|| client.id())
    }

    fn copied(&self, damage: &[rfb::Rect], time: Duration) {
        self.frame.flags(Flags::empty());
        for rect in damage.iter().filter(|_| self.tells_damage) {
            let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(u32::from);
            self.frame.damage(x, y, width, height);
        }
        let (high, low, nanoseconds) = split_time(time);
        self.frame.ready(high, low, nanoseconds);
    }

    fn failed(&self, _why: Failure) {
        self.frame.failed();
    }
}
