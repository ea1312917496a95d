use offing_tests::wayland_client::protocol::wl_output::WlOutput;
use offing_tests::wayland_client::WaylandClient;
use offing_tests::{Result, soon};
use wayland_protocols::ext::image_capture_source::v1::client::ext_output_image_capture_source_manager_v1::ExtOutputImageCaptureSourceManagerV1;
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_frame_v1::ExtImageCopyCaptureFrameV1;
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_manager_v1::{
    ExtImageCopyCaptureManagerV1, Options,
};
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_session_v1::ExtImageCopyCaptureSessionV1;
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_frame_v1::ZwlrScreencopyFrameV1;
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1;

use super::chance::Chance;
use super::program::Program;
use crate::capture::Buffer;
use crate::raw::{Own, bind};

/// The copies of the screen that a program waits for.
#[derive(Default)]
pub(super) struct Copies {
    pictures: Vec<Copy>,
    film: Option<Film>,
    output: Option<WlOutput>,
}

/// A copy by screencopy.
struct Copy {
    frame: ZwlrScreencopyFrameV1,
    buffer: Buffer,
    own: Own,
    /// It waits for a change.
    waits: bool,
}

/// Copies by ext-image-copy-capture.
struct Film {
    session: ExtImageCopyCaptureSessionV1,
    frame: Option<(ExtImageCopyCaptureFrameV1, Buffer)>,
    own: Own,
}

impl Copy {
    fn is_done(&self) -> bool {
        let told = &self.own.told().capture;
        told.ready > 0 || told.failed
    }

    fn destroy(self) {
        // It is destroyed already when it is ready.
        if self.own.told().capture.ready == 0 {
            self.frame.destroy();
        }
        self.buffer.object.destroy();
    }
}

impl Film {
    fn begin(client: &mut WaylandClient, output: &WlOutput, with_cursor: bool) -> Result<Self> {
        let (handle, own) = (client.queue_handle(), Own::default());
        let sources: ExtOutputImageCaptureSourceManagerV1 = bind(client, 1, &own)?;
        let manager: ExtImageCopyCaptureManagerV1 = bind(client, 1, &own)?;
        let source = sources.create_source(output, &handle, own.clone());
        let options = match with_cursor {
            true => Options::PaintCursors,
            false => Options::empty(),
        };
        let session = manager.create_session(&source, options, &handle, own.clone());
        source.destroy();
        client.roundtrip()?;
        Ok(Self {
            session,
            frame: None,
            own,
        })
    }

    /// Gives up what was the last picture, whether it has come or not.
    fn cut(&mut self) {
        if let Some((frame, buffer)) = self.frame.take() {
            frame.destroy();
            buffer.object.destroy();
        }
        self.own.told().capture.damage.clear();
    }

    fn capture(&mut self, client: &WaylandClient) -> Result {
        let size = self.own.told().capture.size;
        let buffer = Buffer::new(client, &self.own, size)?;
        let frame = self
            .session
            .create_frame(&client.queue_handle(), self.own.clone());
        frame.attach_buffer(&buffer.object);
        frame.damage_buffer(0, 0, i32::MAX, i32::MAX);
        frame.capture();
        self.frame = Some((frame, buffer));
        Ok(())
    }
}

/// What a program does to copy the screen.
impl Program {
    pub(super) fn copy_screen(&mut self, chance: &mut Chance) -> Result<String> {
        let pictures = &mut self.copies.pictures;
        let (done, waiting) = pictures.drain(..).partition(Copy::is_done);
        *pictures = waiting;
        let done: Vec<Copy> = done;
        done.into_iter().for_each(Copy::destroy);
        match chance.below(8) {
            0 if !pictures.is_empty() => {
                let at = chance.below(pictures.len());
                pictures.swap_remove(at).destroy();
                self.client.flush()?;
                Ok("does not wait for a copy any more".to_owned())
            }
            1 if !pictures.is_empty() => {
                let at = chance.below(pictures.len());
                pictures[at].buffer.object.destroy();
                self.client.flush()?;
                Ok("destroys the memory of a copy".to_owned())
            }
            2..5 => self.film(chance),
            _ if pictures.len() < 4 => self.take_picture(chance),
            _ => Ok("waits for copies enough".to_owned()),
        }
    }

    fn take_picture(&mut self, chance: &mut Chance) -> Result<String> {
        let (handle, own) = (self.client.queue_handle(), Own::default());
        let manager: ZwlrScreencopyManagerV1 = bind(&self.client, 3, &own)?;
        let output = self.output()?;
        let cursor = chance.flip().into();
        let frame = if chance.flip() {
            manager.capture_output(cursor, &output, &handle, own.clone())
        } else {
            let (x, y) = (chance.between(-50, 300), chance.between(-50, 200));
            let (w, h) = (chance.between(1, 200), chance.between(1, 200));
            let own = own.clone();
            manager.capture_output_region(cursor, &output, x, y, w, h, &handle, own)
        };
        manager.destroy();
        self.client.roundtrip()?;
        if own.told().capture.failed {
            frame.destroy();
            self.client.flush()?;
            return Ok("has nothing to copy".to_owned());
        }
        let size = own.told().capture.size;
        let buffer = Buffer::new(&self.client, &own, size)?;
        let waits = chance.flip();
        match waits {
            true => frame.copy_with_damage(&buffer.object),
            false => frame.copy(&buffer.object),
        }
        self.client.flush()?;
        self.copies.pictures.push(Copy {
            frame,
            buffer,
            own,
            waits,
        });
        Ok(format!("copies {size:?}, when it changes: {waits}"))
    }

    fn film(&mut self, chance: &mut Chance) -> Result<String> {
        let output = self.output()?;
        let Some(film) = &mut self.copies.film else {
            self.copies.film = Some(Film::begin(&mut self.client, &output, chance.flip())?);
            return Ok("begins to film the screen".to_owned());
        };
        film.cut();
        let ends = film.own.told().capture.stopped || chance.once_in(8);
        if ends {
            film.session.destroy();
            self.copies.film = None;
        } else {
            film.capture(&self.client)?;
        }
        self.client.flush()?;
        Ok(format!("films the screen, for the last time: {ends}"))
    }

    /// The screen: a program can have few.
    fn output(&mut self) -> Result<WlOutput> {
        let output = match self.copies.output.take() {
            Some(output) => output,
            None => bind(&self.client, 4, &Own::default())?,
        };
        Ok(self.copies.output.insert(output).clone())
    }

    /// Waits for the copies that wait for no change.
    pub(super) fn finish_copies(&mut self) -> Result {
        let copies = &self.copies.pictures;
        let is_there = |_: &WaylandClient| {
            let mut copies = copies.iter().filter(|copy| !copy.waits);
            copies.all(Copy::is_done)
        };
        self.client.dispatch_until(soon(), "copies", is_there)
    }
}
