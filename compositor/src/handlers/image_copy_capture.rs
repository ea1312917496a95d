//! ext_image_copy_capture_manager_v1 (staging, version 1). What it copies comes from
//! `image_capture_source`.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
use crate::capture::{Copy, FORMAT, Failure, Recipient, Series, Source};
use crate::clients::devices::Device;
use crate::clients::socket::is_trusted;
use crate::lock::lock;
use crate::state::Offing;

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ExtImageCopyCaptureManagerV1, ()>(1, ());
}

/// What is known of a session.
#[derive(Default)]
pub(crate) struct Session {
    source: Option<Source>,
    with_cursor: bool,
    series: Arc<Series>,
    /// How large its client was told that copies are; none if it has stopped.
    told: Mutex<Option<rfb::Size>>,
    /// Its last frame.
    frame: Mutex<Option<Weak<ExtImageCopyCaptureFrameV1>>>,
}

/// What is known of a frame.
pub(crate) struct Frame {
    session: Arc<Session>,
    buffer: Mutex<Option<Weak<WlBuffer>>>,
    used: AtomicBool,
}

impl Offing {
    /// Tells clients that what they copy has another size, or is gone.
    pub(crate) fn tell_capture_sessions(&mut self) {
        let before = std::mem::take(&mut self.protocols.capture_sessions);
        for session in before {
            let Some(data) = session.data::<Arc<Session>>() else {
                continue;
            };
            if self.tell_size(&session, data) {
                self.protocols.capture_sessions.push(session);
            } else if let Some(client) = session.client() {
                self.device_destroyed(client.id(), Device::CaptureSession);
            }
        }
        self.end_copies_of_gone();
    }

    /// Tells which buffers a session takes, unless its client knows; returns false if it takes none
    /// any more.
    fn tell_size(&self, session: &ExtImageCopyCaptureSessionV1, data: &Session) -> bool {
        let source = data.source.as_ref();
        let size = source.and_then(|source| self.size_of_source(source));
        let before = std::mem::replace(&mut *lock(&data.told), size);
        match size {
            Some(size) if before != Some(size) => constrain_buffers(session, size),
            Some(_) => {}
            None => session.stopped(),
        }
        size.is_some()
    }

    fn start_session(
        &mut self,
        client: &Client,
        session: New<ExtImageCopyCaptureSessionV1>,
        source: Option<Source>,
        with_cursor: bool,
        init: &mut DataInit<'_, Self>,
    ) {
        let data = Arc::new(Session {
            source,
            with_cursor,
            ..Session::default()
        });
        let session = init.init(session, data.clone());
        let source = data.source.as_ref();
        if source.and_then(|it| self.size_of_source(it)).is_none() {
            // Clients wait for a size before they look whether there is anything to copy.
            constrain_buffers(&session, self.screen.size());
        }
        if self.tell_size(&session, &data) {
            self.protocols.capture_sessions.push(session);
            self.device_made(client, Device::CaptureSession);
        }
    }
}

/// Tells a session's client how large copies are, and of which format.
fn constrain_buffers(session: &ExtImageCopyCaptureSessionV1, size: rfb::Size) {
    session.buffer_size(size.width.into(), size.height.into());
    session.shm_format(FORMAT);
    session.done();
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
                session,
                source,
                options,
            } => {
                let WEnum::Value(options) = options else {
                    manager.post_error(Error::InvalidOption, "there is no such option");
                    return;
                };
                let with_cursor = options.contains(Options::PaintCursors);
                let source = source.data::<Option<Source>>().cloned().flatten();
                state.start_session(client, session, source, with_cursor, init);
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
        let new = init.init(new, Arc::default());
        if has_session.swap(true, Relaxed) {
            session.post_error(Error::DuplicateSession, "it has a session already");
        } else {
            new.stopped();
        }
    }
}

impl Dispatch<ExtImageCopyCaptureSessionV1, Arc<Session>> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        session: &ExtImageCopyCaptureSessionV1,
        request: ext_image_copy_capture_session_v1::Request,
        data: &Arc<Session>,
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        use ext_image_copy_capture_session_v1::{Error, Request};
        let Request::CreateFrame { frame } = request else {
            return;
        };
        let frame_data = Frame {
            session: data.clone(),
            buffer: Mutex::default(),
            used: AtomicBool::new(false),
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
        _data: &Arc<Session>,
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
        let session = &data.session;
        let is_going_on = lock(&session.told).is_some();
        let source = session.source.clone().filter(|_| is_going_on);
        let subject = source.and_then(|source| self.subject(source, session.with_cursor));
        let Some(subject) = subject else {
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
            series: session.series.clone(),
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

    fn failed(&self, why: Failure) {
        let reason = match why {
            Failure::Buffer => FailureReason::BufferConstraints,
            Failure::Gone => FailureReason::Stopped,
        };
        ExtImageCopyCaptureFrameV1::failed(self, reason);
    }
}
