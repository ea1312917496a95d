//! Whatever a picture looks like, a viewer that shares no code with the library sees it: in
//! every encoding and pixel format, exactly unless it asked for JPEG.

#![no_main]

use std::io::{Read, Result, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use offing_tests::vnc_client::{Login, PixelFormat, Stream, VncClient};
use rfb::{Config, Diff, Encoding, Event, Region, Rights, Security, Session, Size};

/// Something drawn.
#[derive(Arbitrary, Debug)]
enum Mark {
    /// A rectangle of one colour.
    Fill(u8, u8, u8, u8, [u8; 3]),
    /// One of noise, in so many colours.
    Noise(u8, u8, u8, u8, u8, u32),
    /// One whose colours change slowly.
    Gradient(u8, u8, u8, u8, [u8; 3]),
}

#[derive(Arbitrary, Debug)]
struct Input {
    width: u8,
    height: u8,
    encoding: u8,
    level: u8,
    format: u8,
    frames: Vec<Vec<Mark>>,
}

/// A connection without a network: what is written, the session takes at once, and what is
/// read, it makes then.
#[derive(Clone)]
struct Connection(Arc<Mutex<Session>>);

impl Connection {
    fn with<T>(&self, act: impl FnOnce(&mut Session) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.with(|session| {
            if !session.has_output() {
                session.send_frame(Instant::now());
            }
            let output = session.output();
            let count = output.len().min(buffer.len());
            buffer[..count].copy_from_slice(&output[..count]);
            session.consume(Instant::now(), count);
            Ok(count)
        })
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.with(|session| {
            let taken = session.receive(Instant::now(), bytes).expect("no error");
            while let Some(event) = session.poll_event() {
                if matches!(event, Event::Authenticate(_)) {
                    session.accept(Rights::Full);
                }
            }
            Ok(taken)
        })
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Stream for Connection {
    fn set_timeout(&self, _: Duration) -> Result<()> {
        Ok(())
    }
}

/// A picture of blue, green, red and 0.
struct Canvas {
    size: Size,
    pixels: Vec<[u8; 4]>,
}

impl Canvas {
    fn draw(&mut self, mark: &Mark) {
        let &(Mark::Fill(x, y, width, height, _)
        | Mark::Noise(x, y, width, height, ..)
        | Mark::Gradient(x, y, width, height, _)) = mark;
        let columns = usize::from(self.size.width);
        for row in 0..usize::from(height) {
            for column in 0..usize::from(width) {
                let (x, y) = (usize::from(x) + column, usize::from(y) + row);
                if x >= columns || y >= self.size.height.into() {
                    continue;
                }
                let [red, green, blue] = match mark {
                    Mark::Fill(.., colour) => *colour,
                    Mark::Noise(.., colours, seed) => {
                        let mixed = ((row * 256 + column) as u32 ^ seed).wrapping_mul(0x9e37_79b1);
                        let index = (mixed >> 16) % (u32::from(*colours) + 1);
                        let [blue, green, red, _] = index.wrapping_mul(0x0045_1b27).to_le_bytes();
                        [red, green, blue]
                    }
                    Mark::Gradient(.., [red, green, blue]) => [
                        red.wrapping_add(row as u8),
                        green.wrapping_add(column as u8),
                        *blue,
                    ],
                };
                self.pixels[y * columns + x] = [blue, green, red, 0];
            }
        }
    }
}

fuzz_target!(|input: Input| {
    let size = Size::new(
        u16::from(input.width % 150) + 1,
        u16::from(input.height % 150) + 1,
    );
    let encodings = Encoding::PIXELS;
    let encoding = encodings[usize::from(input.encoding) % encodings.len()];
    let format = PixelFormat::ALL[usize::from(input.format) % PixelFormat::ALL.len()];
    let config = Config {
        name: String::new(),
        size,
        security: vec![Security::NONE],
        encodings: vec![encoding],
        without: Vec::new(),
        challenge: [0; 16],
    };
    let connection = Connection(Arc::new(Mutex::new(Session::new(config, Instant::now()))));
    let mut viewer = VncClient::connect(connection.clone(), &Login::new()).expect("a login");
    viewer.set_pixel_format(format).expect("a format");
    let level = -256 + i32::from(input.level % 10);
    viewer
        .set_encodings(&[encoding.0, Encoding::TIGHT.0, level])
        .expect("encodings");
    let mut canvas = Canvas {
        size,
        pixels: vec![[0; 4]; size.area() as usize],
    };
    let mut diff = Diff::new();
    for marks in input.frames.iter().take(6) {
        marks.iter().for_each(|mark| canvas.draw(mark));
        let pixels = canvas.pixels.as_flattened();
        let stride = usize::from(size.width) * 4;
        let row = |y: u16| &pixels[usize::from(y) * stride..][..stride];
        let Some((frame, damage)) = diff.update(size, row, &[size.rect()]) else {
            continue;
        };
        let damage = if encoding == Encoding::JPEG {
            Region::from(size.rect())
        } else {
            damage
        };
        connection.with(|session| session.show(&frame, &damage, &[]));
        viewer.update().expect("an update");
        if encoding == Encoding::JPEG {
            continue;
        }
        let reduced = format.with_values_as_colours();
        for (found, [blue, green, red, _]) in
            viewer.framebuffer.pixels.iter().zip(&canvas.pixels)
        {
            assert_eq!(*found, reduced.nearest([*red, *green, *blue]));
        }
    }
});
