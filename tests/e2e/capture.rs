//! Clients that copy the screen: pictures, and films.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use offing::config::Share;
use offing_tests::picture::{Picture, Rect};
use offing_tests::wayland_client::protocol::wl_output::WlOutput;
use offing_tests::wayland_client::protocol::wl_shm::{Format, WlShm};
use offing_tests::wayland_client::{Client, Content, Surface, WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::{Connection, Dispatch, QueueHandle, WEnum};
use wayland_protocols::ext::image_capture_source::v1::client::ext_image_capture_source_v1::ExtImageCaptureSourceV1;
use wayland_protocols::ext::image_capture_source::v1::client::ext_output_image_capture_source_manager_v1::ExtOutputImageCaptureSourceManagerV1;
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_frame_v1::{
    self, ExtImageCopyCaptureFrameV1, FailureReason,
};
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_manager_v1::{
    ExtImageCopyCaptureManagerV1, Options,
};
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_session_v1::{
    self, ExtImageCopyCaptureSessionV1,
};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_frame_v1::{
    self, ZwlrScreencopyFrameV1,
};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1;

use crate::fixture::{Fixture, HEIGHT, WIDTH, config, expect_equal, listener, wait_for_pointer};
use crate::raw::{Own, bind, memory};

/// The whole screen of most tests.
const SCREEN: Rect = Rect {
    x: 0,
    y: 0,
    width: WIDTH,
    height: HEIGHT,
};

/// What clients that copy were told.
#[derive(Default)]
pub(crate) struct Told {
    /// How large a copy is.
    pub(crate) size: (usize, usize),
    /// How often that was said to the end.
    pub(crate) announced: usize,
    /// How often a copy was ready.
    pub(crate) ready: usize,
    /// What had changed in the last one.
    pub(crate) damage: Vec<Rect>,
    pub(crate) failed: bool,
    pub(crate) reason: Option<FailureReason>,
    pub(crate) stopped: bool,
}

/// A client that copies by screencopy.
pub(crate) struct Copier {
    client: WaylandClient,
    own: Own,
    manager: ZwlrScreencopyManagerV1,
    output: WlOutput,
}

impl Copier {
    pub(crate) fn new(fixture: &Fixture) -> Result<Self> {
        let client = fixture.client()?;
        let own = Own::default();
        Ok(Self {
            manager: bind(&client, 3, &own)?,
            output: bind(&client, 4, &own)?,
            client,
            own,
        })
    }

    /// A frame of the screen, or of this part of it in logical units, and its buffer.
    fn frame(
        &mut self,
        part: Option<(i32, i32, i32, i32)>,
        with_cursor: bool,
    ) -> Result<(ZwlrScreencopyFrameV1, Buffer)> {
        let before = self.own.told().capture.announced;
        let handle = self.client.queue_handle();
        let (manager, own, cursor) = (&self.manager, self.own.clone(), with_cursor.into());
        let frame = match part {
            None => manager.capture_output(cursor, &self.output, &handle, own),
            Some((x, y, w, h)) => {
                manager.capture_output_region(cursor, &self.output, x, y, w, h, &handle, own)
            }
        };
        self.client.dispatch_until(soon(), "the size", |_| {
            self.own.told().capture.announced > before
        })?;
        let size = self.own.told().capture.size;
        Ok((frame, Buffer::new(&self.client, &self.own, size)?))
    }

    /// Copies at once.
    pub(crate) fn copy(
        &mut self,
        part: Option<(i32, i32, i32, i32)>,
        with_cursor: bool,
    ) -> Result<Picture> {
        let before = self.own.told().capture.ready;
        let (frame, buffer) = self.frame(part, with_cursor)?;
        frame.copy(&buffer.object);
        self.wait(before)?;
        buffer.picture()
    }

    /// Waits for a change, beginning now.
    pub(crate) fn follow(&mut self, with_cursor: bool) -> Result<Buffer> {
        let (frame, buffer) = self.frame(None, with_cursor)?;
        self.own.told().capture.damage.clear();
        frame.copy_with_damage(&buffer.object);
        self.client.roundtrip()?;
        Ok(buffer)
    }

    /// Waits for one more than so many copies.
    pub(crate) fn wait(&mut self, before: usize) -> Result {
        let own = &self.own;
        let is_ready = |_: &WaylandClient| own.told().capture.ready > before;
        self.client.dispatch_until(soon(), "a copy", is_ready)
    }

    fn ready(&self) -> usize {
        self.own.told().capture.ready
    }

    /// What changed, as one rectangle.
    fn damage(&self) -> Option<Rect> {
        bounds(&self.own.told().capture.damage)
    }
}

pub(crate) fn bounds(rects: &[Rect]) -> Option<Rect> {
    rects.iter().copied().reduce(|a, b| {
        let (x, y) = (a.x.min(b.x), a.y.min(b.y));
        let right = (a.x + a.width).max(b.x + b.width);
        let bottom = (a.y + a.height).max(b.y + b.height);
        Rect::new(x, y, right - x, bottom - y)
    })
}

/// A buffer to copy into.
pub(crate) struct Buffer {
    file: File,
    size: (usize, usize),
    pub(crate) object: WlBuffer,
}

impl Buffer {
    pub(crate) fn new(
        client: &WaylandClient,
        own: &Own,
        (width, height): (usize, usize),
    ) -> Result<Self> {
        let bytes = width * height * 4;
        let file = memory(&vec![0; bytes])?;
        let (handle, own) = (client.queue_handle(), own.clone());
        let shm: WlShm = bind(client, 1, &own)?;
        let pool = shm.create_pool(file.as_fd(), bytes as i32, &handle, own.clone());
        let (width, height) = (width as i32, height as i32);
        let object =
            pool.create_buffer(0, width, height, width * 4, Format::Xrgb8888, &handle, own);
        pool.destroy();
        Ok(Self {
            file,
            size: (width as usize, height as usize),
            object,
        })
    }

    /// Puts a picture of its size into it.
    pub(crate) fn fill(&self, picture: &Picture) -> Result {
        let pixels = picture.rgb.chunks_exact(3);
        let pixels = pixels.flat_map(|it| [it[2], it[1], it[0], 255]);
        let bytes: Vec<u8> = pixels.collect();
        Ok(self.file.write_all_at(&bytes, 0)?)
    }

    pub(crate) fn picture(&self) -> Result<Picture> {
        let (width, height) = self.size;
        let mut bytes = vec![0; width * height * 4];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(Picture::draw(width, height, |x, y| {
            let at = (y * width + x) * 4;
            [bytes[at + 2], bytes[at + 1], bytes[at]]
        }))
    }
}

/// A window in the middle of the screen, and a picture of the screen with it.
fn open_window(fixture: &Fixture, seed: u32) -> Result<(WaylandClient, Surface, Picture)> {
    let mut client = fixture.client()?;
    let window = client.open(Window::new("window", 100, 80).content(Content::Pattern(seed)))?;
    client.roundtrip()?;
    Ok((client, window, with_window(fixture, seed)))
}

fn with_window(fixture: &Fixture, seed: u32) -> Picture {
    let window = Picture::pattern(100, 80, seed);
    fixture.empty().with(&window, 110, 80)
}

#[test]
fn a_copy_is_what_is_on_the_screen() -> Result {
    let fixture = Fixture::new()?;
    let (_client, _window, screen) = open_window(&fixture, 1)?;
    let mut copier = Copier::new(&fixture)?;
    copier.copy(None, false)?.expect(&screen)?;
    let part = copier.copy(Some((100, 70, 30, 20)), false)?;
    part.expect(&screen.crop(Rect::new(100, 70, 30, 20)))?;
    // It is cut to the screen.
    let part = copier.copy(Some((-50, 200, 100, 100)), false)?;
    part.expect(&screen.crop(Rect::new(0, 200, 50, 40)))?;
    let (width, height) = (i32::MAX, i32::MAX);
    copier
        .copy(Some((0, 0, width, height)), false)?
        .expect(&screen)
}

#[test]
fn a_part_is_as_sharp_as_the_screen() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.scale = 1.5;
    let fixture = Fixture::start(config)?;
    let mut client = fixture.client()?;
    client.open(Window::new("window", 100, 80).content(Content::Pattern(1)))?;
    let screen = fixture.screenshot()?;
    let mut copier = Copier::new(&fixture)?;
    copier.copy(None, false)?.expect(&screen)?;
    let part = copier.copy(Some((40, 30, 50, 60)), false)?;
    part.expect(&screen.crop(Rect::new(60, 45, 75, 90)))
}

#[test]
fn a_copy_has_the_cursor_if_it_is_to() -> Result {
    const CURSOR: [u8; 3] = [0, 0, 200];
    let fixture = Fixture::new()?;
    let (mut client, window, screen) = open_window(&fixture, 1)?;
    let mut viewer = fixture.viewer()?;
    viewer.pointer(150, 110, 0)?;
    wait_for_pointer(&mut client, window, (40.0, 30.0))?;
    client.set_cursor((16, 12), (4, 3), CURSOR)?;
    client.roundtrip()?;
    let mut copier = Copier::new(&fixture)?;
    copier.copy(None, false)?.expect(&screen)?;
    let cursor = Picture::solid(16, 12, CURSOR);
    let expected = screen.clone().with(&cursor, 146, 107);
    copier.copy(None, true)?.expect(&expected)?;
    // A part has what of the cursor is in it.
    let part = copier.copy(Some((150, 100, 30, 30)), true)?;
    part.expect(&expected.crop(Rect::new(150, 100, 30, 30)))?;

    // Whoever follows the cursor is told that it moves.
    let ready = copier.ready();
    let buffer = copier.follow(true)?;
    expect_equal("copies", copier.ready(), ready)?;
    viewer.pointer(170, 130, 0)?;
    copier.wait(ready)?;
    buffer
        .picture()?
        .expect(&screen.clone().with(&cursor, 166, 127))?;
    let damage = Rect::new(146, 107, 36, 32);
    expect_equal("the damage", copier.damage(), Some(damage))?;
    // Nothing changes for those who do not follow it.
    let ready = copier.ready();
    copier.copy(None, false)?;
    copier.follow(false)?;
    viewer.pointer(180, 140, 0)?;
    wait_for_pointer(&mut client, window, (70.0, 60.0))?;
    copier.client.roundtrip()?;
    expect_equal("copies", copier.ready(), ready + 1)
}

#[test]
fn a_copy_waits_for_a_change() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, window, screen) = open_window(&fixture, 1)?;
    let mut copier = Copier::new(&fixture)?;
    // The first is of all.
    let buffer = copier.follow(false)?;
    copier.wait(0)?;
    buffer.picture()?.expect(&screen)?;
    expect_equal("the damage", copier.damage(), Some(SCREEN))?;
    for seed in 2..6 {
        let ready = copier.ready();
        let buffer = copier.follow(false)?;
        // Drawing what is there already is no change.
        client.draw(window, Content::Pattern(seed - 1))?;
        client.roundtrip()?;
        fixture.screenshot()?;
        copier.client.roundtrip()?;
        expect_equal("copies", copier.ready(), ready)?;
        client.draw(window, Content::Pattern(seed))?;
        copier.wait(ready)?;
        buffer.picture()?.expect(&with_window(&fixture, seed))?;
        let damage = copier.damage().unwrap_or(Rect::new(0, 0, 0, 0));
        let is_near = damage.contains(110, 80) && damage.contains(209, 159);
        assert!(is_near && damage != SCREEN, "{damage:?}");
    }
    Ok(())
}

#[test]
fn a_recorder_gets_frames_at_the_full_rate() -> Result {
    const FRAMES: u32 = 30;
    let mut config = config(WIDTH, HEIGHT);
    // A session that viewers can reach, which hurries for nobody else.
    config.listeners = vec![listener()?];
    let fixture = Fixture::start(config)?;
    let (mut client, window, _) = open_window(&fixture, 0)?;
    let mut copier = Copier::new(&fixture)?;
    copier.copy(None, false)?;
    let start = Instant::now();
    for seed in 1..=FRAMES {
        let (ready, frames) = (copier.ready(), client.surface(window).frames);
        let buffer = copier.follow(false)?;
        client.draw(window, Content::Pattern(seed))?;
        copier.wait(ready)?;
        client.dispatch_until(soon(), "a frame callback", |client| {
            client.surface(window).frames > frames
        })?;
        buffer.picture()?.expect(&with_window(&fixture, seed))?;
    }
    let slow = Duration::from_millis(100) * (FRAMES - 1);
    let took = start.elapsed();
    assert!(took < slow, "{FRAMES} frames took {took:?}");
    Ok(())
}

#[test]
fn where_one_window_is_shared_there_is_no_screen_to_copy() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.share = Share::Window("secret".to_owned());
    let fixture = Fixture::start(config)?;
    let mut copier = Copier::new(&fixture)?;
    let handle = copier.client.queue_handle();
    let own = copier.own.clone();
    copier
        .manager
        .capture_output(0, &copier.output, &handle, own);
    copier.client.roundtrip()?;
    assert!(copier.own.told().capture.failed);

    let session = Session::start(&mut copier.client, &Own::default(), false)?;
    copier.client.roundtrip()?;
    assert!(session.own.told().capture.stopped);
    Ok(())
}

/// A session of ext-image-copy-capture.
pub(crate) struct Session {
    session: ExtImageCopyCaptureSessionV1,
    pub(crate) own: Own,
}

impl Session {
    /// Waits until it is told how large copies are.
    fn start(client: &mut WaylandClient, own: &Own, with_cursor: bool) -> Result<Self> {
        let (handle, own) = (client.queue_handle(), own.clone());
        let sources: ExtOutputImageCaptureSourceManagerV1 = bind(client, 1, &own)?;
        let output: WlOutput = bind(client, 4, &own)?;
        let source = sources.create_source(&output, &handle, own.clone());
        Self::of(client, &source, &own, with_cursor)
    }

    /// A session of this source, which is destroyed. Waits until it is told how large copies are.
    pub(crate) fn of(
        client: &mut WaylandClient,
        source: &ExtImageCaptureSourceV1,
        own: &Own,
        with_cursor: bool,
    ) -> Result<Self> {
        let (handle, own) = (client.queue_handle(), own.clone());
        let manager: ExtImageCopyCaptureManagerV1 = bind(client, 1, &own)?;
        let options = match with_cursor {
            true => Options::PaintCursors,
            false => Options::empty(),
        };
        let session = manager.create_session(source, options, &handle, own.clone());
        source.destroy();
        client.roundtrip()?;
        expect_equal("announcements", own.told().capture.announced, 1)?;
        Ok(Self { session, own })
    }

    /// How large copies are.
    pub(crate) fn size(&self) -> (usize, usize) {
        self.own.told().capture.size
    }

    /// A buffer of that size.
    pub(crate) fn buffer(&self, client: &WaylandClient) -> Result<Buffer> {
        Buffer::new(client, &self.own, self.size())
    }

    pub(crate) fn capture(
        &self,
        client: &WaylandClient,
        buffer: &Buffer,
    ) -> ExtImageCopyCaptureFrameV1 {
        let own = self.own.clone();
        own.told().capture.damage.clear();
        let frame = self.session.create_frame(&client.queue_handle(), own);
        frame.attach_buffer(&buffer.object);
        frame.damage_buffer(0, 0, i32::MAX, i32::MAX);
        frame.capture();
        frame
    }

    fn wait(&self, client: &mut WaylandClient, before: usize) -> Result {
        client.dispatch_until(soon(), "a copy", |_| self.own.told().capture.ready > before)
    }
}

#[test]
fn a_session_copies_the_screen_as_it_changes() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, window, screen) = open_window(&fixture, 1)?;
    let mut copier = fixture.client()?;
    let session = Session::start(&mut copier, &Own::default(), false)?;
    let size = session.own.told().capture.size;
    expect_equal("the size", size, (WIDTH, HEIGHT))?;
    let buffer = Buffer::new(&copier, &session.own, size)?;

    let frame = session.capture(&copier, &buffer);
    session.wait(&mut copier, 0)?;
    buffer.picture()?.expect(&screen)?;
    let damage = bounds(&session.own.told().capture.damage);
    expect_equal("the damage", damage, Some(SCREEN))?;
    frame.destroy();

    let frame = session.capture(&copier, &buffer);
    copier.roundtrip()?;
    expect_equal("copies", session.own.told().capture.ready, 1)?;
    client.draw(window, Content::Pattern(2))?;
    session.wait(&mut copier, 1)?;
    buffer.picture()?.expect(&with_window(&fixture, 2))?;
    frame.destroy();

    // Another size is told, and an old buffer is not good enough, even one that waits.
    let frame = session.capture(&copier, &buffer);
    copier.roundtrip()?;
    fixture
        .with(|offing| offing.resize(rfb::Size::new(200, 150)))?
        .map_err(offing_tests::Error::other)?;
    copier.dispatch_until(soon(), "a failure", |_| {
        session.own.told().capture.reason == Some(FailureReason::BufferConstraints)
    })?;
    frame.destroy();
    let size = session.own.told().capture.size;
    expect_equal("the size", size, (200, 150))?;
    let buffer = Buffer::new(&copier, &session.own, size)?;
    session.capture(&copier, &buffer);
    session.wait(&mut copier, 2)?;
    buffer.picture()?.expect(&fixture.screenshot()?)
}

#[test]
fn the_cursor_alone_cannot_be_copied() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let own = Own::default();
    let handle = client.queue_handle();
    let sources: ExtOutputImageCaptureSourceManagerV1 = bind(&client, 1, &own)?;
    let manager: ExtImageCopyCaptureManagerV1 = bind(&client, 1, &own)?;
    let output: WlOutput = bind(&client, 4, &own)?;
    let seat: WlSeat = bind(&client, 1, &own)?;
    let source = sources.create_source(&output, &handle, own.clone());
    let pointer = seat.get_pointer(&handle, own.clone());
    let cursor = manager.create_pointer_cursor_session(&source, &pointer, &handle, own.clone());
    cursor.get_capture_session(&handle, own.clone());
    client.roundtrip()?;
    assert!(own.told().capture.stopped);
    Ok(())
}

impl Dispatch<ZwlrScreencopyFrameV1, Own> for Client {
    fn event(
        _: &mut Self,
        frame: &ZwlrScreencopyFrameV1,
        event: zwlr_screencopy_frame_v1::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use zwlr_screencopy_frame_v1::Event;
        let told = &mut own.told().capture;
        match event {
            Event::Buffer {
                format: WEnum::Value(Format::Xrgb8888),
                width,
                height,
                stride,
            } if stride == width * 4 => told.size = (width as usize, height as usize),
            Event::BufferDone => told.announced += 1,
            Event::Damage {
                x,
                y,
                width,
                height,
            } => {
                let [x, y, width, height] = [x, y, width, height].map(|it| it as usize);
                told.damage.push(Rect::new(x, y, width, height));
            }
            Event::Ready { .. } => {
                told.ready += 1;
                frame.destroy();
            }
            Event::Failed => told.failed = true,
            _ => {}
        }
    }
}

impl Dispatch<ExtImageCopyCaptureSessionV1, Own> for Client {
    fn event(
        _: &mut Self,
        _: &ExtImageCopyCaptureSessionV1,
        event: ext_image_copy_capture_session_v1::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use ext_image_copy_capture_session_v1::Event;
        let told = &mut own.told().capture;
        match event {
            Event::BufferSize { width, height } => told.size = (width as usize, height as usize),
            Event::Done => told.announced += 1,
            Event::Stopped => told.stopped = true,
            _ => {}
        }
    }
}

impl Dispatch<ExtImageCopyCaptureFrameV1, Own> for Client {
    fn event(
        _: &mut Self,
        _: &ExtImageCopyCaptureFrameV1,
        event: ext_image_copy_capture_frame_v1::Event,
        own: &Own,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use ext_image_copy_capture_frame_v1::Event;
        let told = &mut own.told().capture;
        match event {
            Event::Damage {
                x,
                y,
                width,
                height,
            } => {
                let [x, y, width, height] = [x, y, width, height].map(|it| it as usize);
                told.damage.push(Rect::new(x, y, width, height));
            }
            Event::Ready => told.ready += 1,
            Event::Failed {
                reason: WEnum::Value(reason),
            } => told.reason = Some(reason),
            _ => {}
        }
    }
}
