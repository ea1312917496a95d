//! Many viewers of one picture, whose sessions share what was encoded.

use std::sync::Arc;

use offing_tests::picture::{Picture, pattern};
use offing_tests::vnc_client::{PixelFormat, VncClient, encoding};
use offing_tests::{Error, Result};
use rfb::{Cursor, Frame, Mover, Point, Rect, Region, Size};

use crate::canvas::{Canvas, Random};
use crate::server::{Encoder, Server, viewer_with};

/// More than a cell of a frame wide and high.
const SIZE: Size = Size::new(200, 100);

/// Viewers of one picture.
struct Audience {
    canvas: Canvas,
    frame: Frame,
    encoder: Arc<Encoder>,
    viewers: Vec<(Server, VncClient)>,
}

impl Audience {
    /// Nobody yet, and a cache of `limit` bytes.
    fn new(limit: usize) -> Result<Self> {
        let mut canvas = Canvas::pattern(SIZE, 1);
        let (frame, _) = canvas.frame(&[]).ok_or_else(|| Error::other("no frame"))?;
        Ok(Self {
            canvas,
            frame,
            encoder: Encoder::new(limit),
            viewers: Vec::new(),
        })
    }

    /// Lets a viewer in and shows it the picture.
    fn join(&mut self, encodings: &[i32], format: PixelFormat) -> Result {
        let (server, mut viewer) = viewer_with(SIZE, encodings, self.encoder.clone())?;
        viewer.set_pixel_format(format)?;
        server.with(|session| session.show(&self.frame, &Region::new(), &[]));
        self.viewers.push((server, viewer));
        Ok(())
    }

    /// Draws into the rectangles, and shows it to all.
    fn draw(&mut self, rects: &[Rect], seed: u32) -> Result {
        for rect in rects {
            self.canvas.draw(*rect, |x, y| pattern(seed, x / 3, y));
        }
        let change = self.canvas.frame(rects);
        let (frame, region) = change.ok_or_else(|| Error::other("the picture did not change"))?;
        for (server, _) in &self.viewers {
            server.with(|session| session.show(&frame, &region, &[]));
        }
        self.frame = frame;
        Ok(())
    }

    /// Lets a viewer get what is new to it. Returns how many jobs were run for it, and the bytes
    /// that it was sent.
    fn update(&mut self, number: usize) -> Result<(usize, Vec<u8>)> {
        let (server, viewer) = &mut self.viewers[number];
        let (runs, sent) = (self.encoder.runs(), server.sent()?.len());
        viewer.update()?;
        Ok((self.encoder.runs() - runs, server.sent()?.split_off(sent)))
    }

    /// Fails unless a viewer sees this picture.
    fn expect(&self, number: usize, picture: &Picture) -> Result {
        match self.viewers[number].1.diff(picture) {
            None => Ok(()),
            Some((_, difference)) => {
                Err(Error::other(format!("for viewer {number}, {difference}")))
            }
        }
    }

    /// Lets a viewer get what is new to it, and fails unless it sees the picture then.
    fn look(&mut self, number: usize) -> Result<(usize, Vec<u8>)> {
        let update = self.update(number)?;
        self.expect(number, &self.canvas.picture())?;
        Ok(update)
    }
}

/// Some rectangles: anywhere, or in the same places again and again.
fn some_rects(random: &mut Random) -> Vec<Rect> {
    let count = 1 + random.below(3);
    let rects = (0..count).map(|_| match random.below(2) {
        0 => random.rect(SIZE, 3),
        // Each inside another cell.
        _ => Rect::new(
            20 + 120 * random.below(2),
            10 + 60 * random.below(2),
            30,
            20,
        ),
    });
    rects.collect()
}

#[test]
fn viewers_in_step_get_the_very_same_bytes() -> Result {
    for encoding in [encoding::RAW, encoding::HEXTILE, encoding::ZLIB] {
        for format in [PixelFormat::BGRX, PixelFormat::RGB565.big_endian()] {
            let mut audience = Audience::new(4 << 20)?;
            let mut random = Random(7);
            for seed in 2..10 {
                // Two more join with every second picture, and get all of it.
                if seed % 2 == 0 {
                    let number = audience.viewers.len();
                    audience.join(&[encoding], format)?;
                    audience.look(number)?;
                    audience.join(&[encoding], format)?;
                    assert_eq!(audience.update(number + 1)?.0, 0);
                }
                audience.draw(&some_rects(&mut random), seed)?;
                let (runs, first) = audience.look(0)?;
                assert!(runs > 0);
                for number in 1..audience.viewers.len() {
                    assert!(audience.update(number)? == (0, first.clone()));
                    let pixels = |number: usize| &audience.viewers[number].1.framebuffer.pixels;
                    assert!(pixels(number) == pixels(0));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn viewers_that_want_something_else_share_nothing() -> Result {
    let mut audience = Audience::new(4 << 20)?;
    audience.join(&[encoding::HEXTILE], PixelFormat::BGRX)?;
    audience.join(&[encoding::HEXTILE], PixelFormat::RGBX)?;
    audience.join(&[encoding::RAW], PixelFormat::BGRX)?;
    let all = [0, 1, 2].map(|number| audience.look(number));
    audience.draw(&[Rect::new(20, 30, 150, 60)], 2)?;
    let changes = [0, 1, 2].map(|number| audience.look(number));
    for looks in [all, changes] {
        let [first, second, third] = looks;
        let (first, second, third) = (first?, second?, third?);
        assert!(first.0 > 0 && first.0 == second.0 && first.0 == third.0);
        assert!(first.1 != second.1 && first.1 != third.1 && second.1 != third.1);
    }
    Ok(())
}

#[test]
fn everyone_sees_the_picture_at_their_own_pace() -> Result {
    for limit in [50_000, 4 << 20] {
        let mut audience = Audience::new(limit)?;
        audience.join(&[encoding::RAW], PixelFormat::BGRX)?;
        audience.join(&[encoding::HEXTILE], PixelFormat::BGRX)?;
        audience.join(&[encoding::HEXTILE], PixelFormat::BGRX)?;
        audience.join(&[encoding::HEXTILE], PixelFormat::RGB565)?;
        audience.join(&[encoding::HEXTILE], PixelFormat::COLOUR_MAP)?;
        let mut random = Random(11);
        for seed in 2..26 {
            audience.draw(&some_rects(&mut random), seed)?;
            for number in 0..audience.viewers.len() {
                if random.below(number as u16 + 1) == 0 {
                    audience.look(number)?;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_drawn_cursor_is_for_its_viewer_alone() -> Result {
    const SIDE: u16 = 8;
    let mut audience = Audience::new(4 << 20)?;
    let red = Picture::solid(SIDE.into(), SIDE.into(), [255, 0, 0]);
    let cursor = Arc::new(Cursor {
        size: Size::new(SIDE, SIDE),
        hotspot: Point::default(),
        pixels: [0, 0, 255, 255].repeat(64),
    });
    audience.join(&[encoding::HEXTILE], PixelFormat::BGRX)?;
    audience.join(&[encoding::HEXTILE], PixelFormat::BGRX)?;
    audience.join(&[encoding::HEXTILE, encoding::CURSOR], PixelFormat::BGRX)?;
    let places = [Some(Point::new(60, 60)), Some(Point::new(130, 80)), None];
    for ((server, _), place) in audience.viewers.iter().zip(places) {
        server.with(|session| {
            session.set_cursor(Some(cursor.clone()));
            session.set_pointer(place.unwrap_or_default(), Mover::ThisViewer);
        });
    }
    for seed in 2..12 {
        audience.draw(&[Rect::new(50, 50, 100, 45)], seed)?;
        for (number, place) in places.into_iter().enumerate() {
            let mut expected = audience.canvas.picture();
            if let Some(Point { x, y }) = place {
                expected = expected.with(&red, x.into(), y.into());
            }
            audience.update(number)?;
            audience.expect(number, &expected)?;
        }
    }
    Ok(())
}
