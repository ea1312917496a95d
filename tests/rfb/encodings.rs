//! Every encoding in every pixel format, for pictures of many sizes and contents: what the
//! viewer has is right to the last bit, after every update, also when it asks for another
//! encoding.

use std::collections::HashSet;

use offing_tests::picture::{Rgb, pattern};
use offing_tests::vnc_client::{PixelFormat, UpdateRect, VncClient, encoding};
use offing_tests::{Error, Result, soon};
use rfb::encoding::Method;
use rfb::{Encoding, Rect, Region, Size};

use crate::canvas::{Canvas, Content, Random};
use crate::server::{Server, viewer};

/// Those that keep every pixel exact.
pub(crate) const ENCODINGS: [i32; 9] = [
    encoding::RAW,
    encoding::RRE,
    encoding::CORRE,
    encoding::HEXTILE,
    encoding::ZLIB,
    encoding::TIGHT,
    encoding::TIGHT_PNG,
    encoding::TRLE,
    encoding::ZRLE,
];

/// How often the picture changes after it was shown whole.
const CHANGES: u32 = 20;

#[test]
fn one_pixel() -> Result {
    with_all_contents(Size::new(1, 1))
}

#[test]
fn a_row() -> Result {
    with_all_contents(Size::new(50, 1))
}

#[test]
fn a_column() -> Result {
    with_all_contents(Size::new(1, 150))
}

#[test]
fn a_tile_and_a_bit() -> Result {
    with_all_contents(Size::new(17, 33))
}

#[test]
fn a_small_screen() -> Result {
    with_some_contents(Size::new(640, 480))
}

#[test]
fn more_columns_than_a_rectangle_has() -> Result {
    with_some_contents(Size::new(2049, 65))
}

fn with_all_contents(size: Size) -> Result {
    for encoding in ENCODINGS {
        for format in PixelFormat::ALL {
            for content in Content::ALL {
                Case::new(encoding, format, content, size).run()?;
            }
        }
    }
    Ok(())
}

/// For large pictures: each content with some of the formats, and every other content with the
/// other encoding.
fn with_some_contents(size: Size) -> Result {
    for (number, format) in PixelFormat::ALL.into_iter().enumerate() {
        for (shift, encoding) in ENCODINGS.into_iter().enumerate() {
            let content = Content::ALL[(number + shift) % Content::ALL.len()];
            Case::new(encoding, format, content, size).run()?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
struct Case {
    encoding: i32,
    format: PixelFormat,
    content: Content,
    size: Size,
}

impl Case {
    fn new(encoding: i32, format: PixelFormat, content: Content, size: Size) -> Self {
        Self {
            encoding,
            format,
            content,
            size,
        }
    }

    fn run(self) -> Result {
        self.try_run()
            .map_err(|error| error.context(format!("{self:?}")))
    }

    fn try_run(self) -> Result {
        let (server, mut viewer) = viewer(self.size, &[self.encoding])?;
        viewer.set_pixel_format(self.format)?;
        let all = self.size.rect();
        let mut canvas = Canvas::new(self.size);
        let mut pixels = Pixels::new(self);
        self.change(&server, &mut canvas, &mut pixels, all, 0)?;
        let rects = viewer.update()?;
        pixels.show(all);
        pixels.expect(&viewer, &rects)?;
        self.expect_colour_map(&viewer);

        let mut random = Random(1 + u64::from(self.size.area()));
        for number in 1..=CHANGES {
            let damage = random.rect(self.size, 4);
            self.change(&server, &mut canvas, &mut pixels, damage, number)?;
            // Something of it is asked for, so that there is an answer; in the end all that
            // was not asked for before.
            let wanted = match number {
                CHANGES => all,
                _ => random.rect_around(self.size, damage.x, damage.y),
            };
            request(&mut viewer, number % 8 != 0, wanted)?;
            let rects = viewer.update()?;
            pixels.show(wanted);
            pixels
                .expect(&viewer, &rects)
                .map_err(|error| error.context(format!("change {number}, {wanted:?} asked for")))?;
        }
        Ok(())
    }

    /// Draws picture number `seed` inside `rect`, and gives it to the session. The first pixel
    /// changes in any case.
    fn change(
        self,
        server: &Server,
        canvas: &mut Canvas,
        pixels: &mut Pixels,
        rect: Rect,
        seed: u32,
    ) -> Result {
        let first = (usize::from(rect.x), usize::from(rect.y));
        canvas.draw(rect, |x, y| {
            let colour = match (x, y) == first {
                true => [0, 60, seed as u8 + 1],
                false => self.content.colour(seed, x, y),
            };
            pixels.set(x, y, colour);
            colour
        });
        let change = canvas.frame(&[rect]);
        let (frame, region) = change.ok_or_else(|| Error::other("the picture did not change"))?;
        server.with(|session| session.show(&frame, &region, &[]));
        Ok(())
    }

    /// A viewer that wants a colour map has it, and no other has.
    fn expect_colour_map(self, viewer: &VncClient) {
        if self.format.true_colour {
            assert!(viewer.colour_map.is_empty());
            return;
        }
        assert_eq!(viewer.colour_map.len(), 256);
        for (index, colour) in (0..).zip(&viewer.colour_map) {
            let expected = PixelFormat::BGR233.colour(index);
            let near = colour.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1);
            assert!(near, "colour {index} is {colour:?}, not {expected:?}");
        }
    }
}

fn request(viewer: &mut VncClient, incremental: bool, rect: Rect) -> Result {
    viewer.request(incremental, rect.x, rect.y, rect.width, rect.height)
}

/// The picture in the viewer's pixel format.
struct Pixels {
    case: Case,
    /// All of it.
    current: Vec<u32>,
    /// What the viewer is to have.
    shown: Vec<u32>,
    /// The bits of red, green and blue for each intensity.
    tables: [[u32; 256]; 3],
}

impl Pixels {
    fn new(case: Case) -> Self {
        let format = case.format.with_values_as_colours();
        let table = |channel: usize| {
            std::array::from_fn(|value| {
                let mut colour = [0; 3];
                colour[channel] = value as u8;
                format.nearest(colour)
            })
        };
        let black = vec![0; case.size.area() as usize];
        Self {
            case,
            current: black.clone(),
            shown: black,
            tables: [table(0), table(1), table(2)],
        }
    }

    fn set(&mut self, x: usize, y: usize, [red, green, blue]: Rgb) {
        let [reds, greens, blues] = &self.tables;
        let value = reds[usize::from(red)] | greens[usize::from(green)] | blues[usize::from(blue)];
        self.current[y * usize::from(self.case.size.width) + x] = value;
    }

    /// Notes that the viewer has a rectangle as it is now.
    fn show(&mut self, rect: Rect) {
        for y in rect.y.into()..rect.bottom() as usize {
            let start = y * usize::from(self.case.size.width) + usize::from(rect.x);
            let row = start..start + usize::from(rect.width);
            self.shown[row.clone()].copy_from_slice(&self.current[row]);
        }
    }

    /// Fails unless the viewer has these pixels, and the update that brought the last of them
    /// was as it should be.
    fn expect(&self, viewer: &VncClient, rects: &[UpdateRect]) -> Result {
        for rect in rects {
            let is_raw = rect.encoding == encoding::RAW;
            let may_be_raw = match self.case.encoding {
                encoding::RRE | encoding::CORRE => true,
                encoding::TIGHT_PNG => !self.case.format.true_colour,
                _ => false,
            };
            assert!(rect.encoding == self.case.encoding || is_raw && may_be_raw);
            let pixels = u64::from(rect.width) * u64::from(rect.height);
            let tiles = u64::from(rect.width.div_ceil(16)) * u64::from(rect.height.div_ceil(16));
            let raw = 12 + pixels * self.case.format.bytes_per_pixel() as u64;
            let overhead = match rect.encoding {
                encoding::ZLIB | encoding::TIGHT => 80 + raw / 1000,
                // A file of three bytes a pixel.
                encoding::TIGHT_PNG => 120 + pixels * 4,
                encoding::ZRLE => 80 + raw / 1000 + tiles,
                _ => tiles,
            };
            assert!(rect.bytes <= raw + overhead, "{rect} is larger than raw");
        }
        let found = &viewer.framebuffer.pixels;
        if *found == self.shown {
            return Ok(());
        }
        let mut pixels = found.iter().zip(&self.shown);
        let at = pixels.position(|(found, expected)| found != expected);
        let at = at.unwrap_or_default();
        let width = usize::from(self.case.size.width);
        Err(Error::other(format!(
            "the pixel at ({}, {}) is {:#x}, not {:#x}",
            at % width,
            at / width,
            found[at],
            self.shown[at]
        )))
    }
}

#[test]
fn a_connection_has_one_zlib_stream() -> Result {
    use encoding::{HEXTILE, ZLIB};
    let size = Size::new(70, 90);
    let (server, mut viewer) = viewer(size, &[])?;
    let formats = [PixelFormat::BGRX, PixelFormat::RGB565, PixelFormat::RGBX];
    let mut canvas = Canvas::new(size);
    for (seed, format) in (1..).zip(formats) {
        viewer.set_pixel_format(format)?;
        for (step, encoding) in (0..).zip([ZLIB, ZLIB, HEXTILE, ZLIB]) {
            viewer.set_encodings(&[encoding])?;
            canvas.draw(size.rect(), |x, y| pattern(4 * seed + step, x, y));
            let change = canvas.frame(&[size.rect()]);
            let (frame, region) = change.ok_or_else(|| Error::other("nothing changed"))?;
            server.with(|session| session.show(&frame, &region, &[]));
            let rects = viewer.update()?;
            assert!(rects.iter().all(|rect| rect.encoding == encoding));
        }
    }
    viewer.set_pixel_format(PixelFormat::BGRX)?;
    viewer.request(false, 0, 0, size.width, size.height)?;
    viewer.wait_for_picture(soon(), &canvas.picture())
}

#[test]
fn the_compression_level_is_the_viewers() -> Result {
    // One band, so that there is one rectangle.
    let size = Size::new(120, 60);
    let usual = Method::USUAL_LEVEL;
    let mut lengths = HashSet::new();
    for (levels, level) in [
        (&[-247][..], 9),
        (&[-256], 0),
        (&[], usual),
        (&[-248, -256], 8),
    ] {
        let (server, mut viewer) = viewer(size, &[&[encoding::ZLIB], levels].concat())?;
        let mut canvas = Canvas::new(size);
        canvas.draw(size.rect(), |x, y| pattern(1, x / 3, y));
        let (frame, _) = canvas.frame(&[]).expect("a first frame");
        server.with(|session| session.show(&frame, &Region::new(), &[]));
        viewer.update()?;
        let method = Method {
            level,
            ..Encoding::ZLIB.into()
        };
        let format = server.with(|session| session.pixel_format());
        let expected = rfb::encoding::encode(method, &frame, size.rect(), &format, None);
        assert!(server.sent()?.ends_with(expected.bytes()), "level {level}");
        assert!(lengths.insert(expected.bytes().len()), "as another level");
    }
    Ok(())
}
