//! ext_image_copy_capture_manager_v1 (staging, version 1), and the sources of what it copies,
//! ext_output_image_capture_source_manager_v1 (ext-image-capture-source-v1, staging, version 1).

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smithay::reexports::wayland_protocols::ext::image_capture_source::v1::server::ext_image_capture_source_v1::{
    self, ExtImageCaptureSourceV1,
};
use smithay::reexports::wayland_protocols::ext::image_capture_source::v1::server::ext_output_image_capture_source_manager_v1::{
    self, ExtOutputImageCaptureSourceManagerV1,
};
use smithay::reexports::wayland_protocols::ext::image_copy_capture::v1::server::ext_image_copy_capture_cursor_session_v1::{
    self, ExtImageCopyCaptureCursorSessionV1,
};
use smithay::reexports::wayland_protocols::ext::image_copy_capture::v1::server::ext_image_copy_capture_frame_v1::{
    self, ExtImageCopyCaptureFrameV1, FailureReason,
};
use smithay::reexports::wayland_protocols::ext::image_copy_capture::v1::server::ext_image_copy_capture_manager_v1::{
    self, ExtImageCopyCaptureManagerV1, Options,
};
use smithay::reexports::wayland_protocols::ext::image_copy_capture::v1::server::ext_image_copy_capture_session_v1::{
    self, ExtImageCopyCaptureSessionV1,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_output::Transform;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource, WEnum, Weak,
};

use super::split_time;
use crate::capture::{Copy, FORMAT, Recipient, Series};
use crate::limits::Device;
use crate::lock::lock;
use crate::socket::is_trusted;
use crate::state::Offing;

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ExtImageCopyCaptureManagerV1, ()>(1, ());
    display.create_global::<Offing, ExtOutputImageCaptureSourceManagerV1, ()>(1, ());
}

/// What is known of a session.
#[derive(Default)]
pub(crate) struct Session {
    with_cursor: bool,
    series: Arc<Series>,
    has_stopped: bool,
    /// Its last frame.
    frame: Mutex<Option<Weak<ExtImageCopyCaptureFrameV1>>>,
}

/// What is known of a frame.
#[derive(Default)]
pub(crate) struct Frame {
    with_cursor: bool,
    series: Arc<Series>,
    has_stopped: bool,
    buffer: Mutex<Option<Weak<WlBuffer>>>,
    used: AtomicBool,
}

impl Offing {
    /// Tells clients that copy the screen that it has another size.
    pub(crate) fn tell_capture_sessions(&mut self) {
        for session in &self.protocols.capture_sessions {
            self.constrain_buffers(session);
        }
    }

    /// Tells which buffers a session takes.
    fn constrain_buffers(&self, session: &ExtImageCopyCaptureSessionV1) {
        let size = self.screen.size();
        session.buffer_size(size.width.into(), size.height.into());
        session.shm_format(FORMAT);
        session.done();
    }

    fn start_session(
        &mut self,
        client: &Client,
        session: New<ExtImageCopyCaptureSessionV1>,
        with_cursor: bool,
        init: &mut DataInit<'_, Self>,
    ) {
        let has_stopped = self.subject(None, with_cursor).is_none();
        let data = Session {
            with_cursor,
            has_stopped,
            ..Session::default()
        };
        let session = init.init(session, data);
        self.constrain_buffers(&session);
        if has_stopped {
            session.stopped();
        } else {
            self.protocols.capture_sessions.push(session);
            self.device_made(client, Device::CaptureSession);
        }
    }
}

impl GlobalDispatch<ExtOutputImageCaptureSourceManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ExtOutputImageCaptureSourceManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ExtOutputImageCaptureSourceManagerV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _manager: &ExtOutputImageCaptureSourceManagerV1,
        request: ext_output_image_capture_source_manager_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        // There is one output: whichever is named, it is that.
        if let ext_output_image_capture_source_manager_v1::Request::CreateSource {
            source, ..
        } = request
        {
            init.init(source, ());
        }
    }
}

impl Dispatch<ExtImageCaptureSourceV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _source: &ExtImageCaptureSourceV1,
        _request: ext_image_capture_source_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
    }
}

impl GlobalDispatch<ExtImageCopyCaptureManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<ExtImageCopyCaptureManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ExtImageCopyCaptureManagerV1, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        manager: &ExtImageCopyCaptureManagerV1,
        request: ext_image_copy_capture_manager_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        use ext_image_copy_capture_manager_v1::{Error, Request};
        match request {
            Request::CreateSession {
                session, options, ..
            } => {
                let WEnum::Value(options) = options else {
                    manager.post_error(Error::InvalidOption, "there is no such option");
                    return;
                };
                let with_cursor = options.contains(Options::PaintCursors);
                state.start_session(client, session, with_cursor, init);
            }
            Request::CreatePointerCursorSession { session, .. } => {
                init.init(session, AtomicBool::new(false));
            }
            _ => {}
        }
    }
}

/// A session for the cursor alone: it never enters, so there is nothing to copy. Clients have it
/// painted into the picture.
impl Dispatch<ExtImageCopyCaptureCursorSessionV1, AtomicBool> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        session: &ExtImageCopyCaptureCursorSessionV1,
        request: ext_image_copy_capture_cursor_session_v1::Request,
        has_session: &AtomicBool,
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        use ext_image_copy_capture_cursor_session_v1::{Error, Request};
        let Request::GetCaptureSession { session: new } = request else {
            return;
        };
        let stopped = Session {
            has_stopped: true,
            ..Session::default()
        };
        let new = init.init(new, stopped);
        if has_session.swap(true, Relaxed) {
            session.post_error(Error::DuplicateSession, "it has a session already");
        } else {
            new.stopped();
        }
    }
}

impl Dispatch<ExtImageCopyCaptureSessionV1, Session> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        session: &ExtImageCopyCaptureSessionV1,
        request: ext_image_copy_capture_session_v1::Request,
        data: &Session,
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        use ext_image_copy_capture_session_v1::{Error, Request};
        let Request::CreateFrame { frame } = request else {
            return;
        };
        let frame_data = Frame {
            with_cursor: data.with_cursor,
            series: data.series.clone(),
            has_stopped: data.has_stopped,
            ..Frame::default()
        };
        let frame = init.init(frame, frame_data);
        let before = lock(&data.frame).replace(frame.downgrade());
        if before.is_some_and(|before| before.upgrade().is_ok()) {
            session.post_error(Error::DuplicateFrame, "it has a frame already");
        }
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        session: &ExtImageCopyCaptureSessionV1,
        _data: &Session,
    ) {
        let sessions = &mut state.protocols.capture_sessions;
        let before = sessions.len();
        sessions.retain(|it| it != session);
        if sessions.len() < before {
            state.device_destroyed(client, Device::CaptureSession);
        }
    }
}

impl Dispatch<ExtImageCopyCaptureFrameV1, Frame> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        frame: &ExtImageCopyCaptureFrameV1,
        request: ext_image_copy_capture_frame_v1::Request,
        data: &Frame,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        use ext_image_copy_capture_frame_v1::{Error, Request};
        if matches!(request, Request::Destroy) {
            return;
        }
        if data.used.load(Relaxed) {
            frame.post_error(Error::AlreadyCaptured, "a frame is captured once");
            return;
        }
        match request {
            Request::AttachBuffer { buffer } => *lock(&data.buffer) = Some(buffer.downgrade()),
            // Else it does not matter: all of the buffer is written in any case.
            Request::DamageBuffer {
                x,
                y,
                width,
                height,
            } if x < 0 || y < 0 || width <= 0 || height <= 0 => {
                frame.post_error(Error::InvalidBufferDamage, "no such part of a buffer");
            }
            Request::Capture => {
                let Some(buffer) = lock(&data.buffer).take() else {
                    frame.post_error(Error::NoBuffer, "there is no buffer");
                    return;
                };
                data.used.store(true, Relaxed);
                state.capture(frame, data, buffer.upgrade().ok());
            }
            _ => {}
        }
    }
}

impl Offing {
    fn capture(
        &mut self,
        frame: &ExtImageCopyCaptureFrameV1,
        data: &Frame,
        buffer: Option<WlBuffer>,
    ) {
        let subject = self.subject(None, data.with_cursor);
        let Some(subject) = subject.filter(|_| !data.has_stopped) else {
            return frame.failed(FailureReason::Stopped);
        };
        let Some(buffer) = buffer.filter(|buffer| subject.fits(buffer)) else {
            return frame.failed(FailureReason::BufferConstraints);
        };
        self.request_copy(Copy {
            recipient: Box::new(frame.clone()),
            buffer,
            subject,
            when_changed: true,
            series: data.series.clone(),
        });
    }
}

impl Recipient for ExtImageCopyCaptureFrameV1 {
    fn client(&self) -> Option<ClientId> {
        let client = Resource::client(self)?;
        self.is_alive().then(|| client.id())
    }

    fn copied(&self, damage: &[rfb::Rect], time: Duration) {
        self.transform(Transform::Normal);
        for rect in damage {
            let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(i32::from);
            self.damage(x, y, width, height);
        }
        let (high, low, nanoseconds) = split_time(time);
        self.presentation_time(high, low, nanoseconds);
        self.ready();
    }

    fn failed(&self) {
        ExtImageCopyCaptureFrameV1::failed(self, FailureReason::BufferConstraints);
    }
}
