//! Any pictures, one after the other on one connection: what the viewer has is right to the last
//! bit, in every encoding and pixel format. Pictures for which it is not are made simpler until
//! there is nothing to leave out, and named then.

use offing_tests::picture::{Rgb, pattern};
use offing_tests::vnc_client::{PixelFormat, encoding};
use offing_tests::{Error, Result};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use rfb::{Rect, Size};

use crate::canvas::Canvas;
use crate::encodings::ENCODINGS;
use crate::server::viewer;

/// The longest side.
const LONGEST: u16 = 200;

/// Sides at the edges of tiles.
const EDGES: [u16; 14] = [1, 15, 16, 17, 32, 33, 63, 64, 65, 127, 128, 129, 192, 193];

#[derive(Clone, Debug)]
struct Case {
    size: Size,
    encoding: i32,
    level: Option<u8>,
    format: PixelFormat,
    background: Rgb,
    /// What each picture has over the one before.
    pictures: Vec<Vec<Mark>>,
}

/// Something drawn, cut at the edges of the picture.
#[derive(Clone, Debug)]
struct Mark {
    place: Rect,
    paint: Paint,
}

#[derive(Clone, Debug)]
enum Paint {
    Solid(Rgb),
    /// Noise of so many colours.
    Noise(u32, u32),
}

impl Paint {
    fn colour(&self, x: usize, y: usize) -> Rgb {
        match *self {
            Self::Solid(colour) => colour,
            Self::Noise(colours, seed) => {
                let [red, green, blue] = pattern(seed, x, y).map(u32::from);
                let number = (red << 16 | green << 8 | blue) % colours;
                pattern(seed, number as usize, 0)
            }
        }
    }
}

impl Case {
    fn run(&self) -> Result {
        let level = self.level.map(encoding::compression);
        let encodings = [Some(self.encoding), level];
        let encodings: Vec<i32> = encodings.into_iter().flatten().collect();
        let (server, mut viewer) = viewer(self.size, &encodings)?;
        viewer.set_pixel_format(self.format)?;
        let all = self.size.rect();
        let mut canvas = Canvas::new(self.size);
        canvas.draw(all, |_, _| self.background);
        for (number, marks) in self.pictures.iter().enumerate() {
            for mark in marks {
                if let Some(place) = mark.place.clip(self.size) {
                    canvas.draw(place, |x, y| mark.paint.colour(x, y));
                }
            }
            // It may be the same as the one before.
            let Some((frame, changed)) = canvas.frame(&[all]) else {
                continue;
            };
            server.with(|session| session.show(&frame, &changed, &[]));
            viewer.update()?;
            self.expect(&viewer.framebuffer.pixels, &canvas)
                .map_err(|error| error.context(format!("picture {number}")))?;
        }
        Ok(())
    }

    /// Fails unless these pixel values are those of the picture.
    fn expect(&self, found: &[u32], canvas: &Canvas) -> Result {
        let format = self.format.with_values_as_colours();
        let picture = canvas.picture();
        let colours = picture.rgb.as_chunks().0;
        let mut pixels = found.iter().zip(colours);
        let wrong = pixels.position(|(found, colour)| *found != format.nearest(*colour));
        let Some(at) = wrong else {
            return Ok(());
        };
        Err(Error::other(format!(
            "the pixel at ({}, {}) is {:#x}, not {:#x}",
            at % picture.width,
            at / picture.width,
            found[at],
            format.nearest(colours[at]),
        )))
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let size = (side(), side()).prop_map(|(width, height)| Size::new(width, height));
    let level = proptest::option::of(0..=9_u8);
    let pictures = vec(vec(mark(), 0..10), 1..5);
    let parts = (
        size,
        select(&ENCODINGS),
        level,
        select(&PixelFormat::ALL),
        colour(),
        pictures,
    );
    parts.prop_map(
        |(size, encoding, level, format, background, pictures)| Case {
            size,
            encoding,
            level,
            format,
            background,
            pictures,
        },
    )
}

fn side() -> impl Strategy<Value = u16> {
    prop_oneof![1..=LONGEST, select(&EDGES)]
}

fn mark() -> impl Strategy<Value = Mark> {
    let place = (0..LONGEST, 0..LONGEST, side(), side())
        .prop_map(|(x, y, width, height)| Rect::new(x, y, width, height));
    let paint = prop_oneof![
        4 => colour().prop_map(Paint::Solid),
        1 => (1..300_u32, any::<u32>()).prop_map(|(colours, seed)| Paint::Noise(colours, seed)),
        1 => any::<u32>().prop_map(|seed| Paint::Noise(1 << 24, seed)),
    ];
    (place, paint).prop_map(|(place, paint)| Mark { place, paint })
}

/// Any colour, or one of those that there are often.
fn colour() -> impl Strategy<Value = Rgb> {
    prop_oneof![select(&[[0; 3], [255; 3], [20, 20, 30]]), any::<Rgb>()]
}

#[test]
fn any_pictures_arrive() -> Result {
    let usual = ProptestConfig::default();
    let config = ProptestConfig {
        cases: 2 * usual.cases,
        // What fails becomes a test of its own.
        failure_persistence: None,
        ..usual
    };
    let run = |case: Case| {
        let fail = |error: Error| TestCaseError::fail(error.to_string());
        case.run().map_err(fail)
    };
    let result = TestRunner::new(config).run(&cases(), run);
    result.map_err(|error| Error::other(error.to_string()))
}
