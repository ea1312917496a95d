//! Pictures to draw, to expect and to compare.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Context;
use crate::{Error, ErrorKind, Result};

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

/// The environment variable that names a folder for the pictures of failed comparisons.
pub const ARTIFACTS: &str = "OFFING_TEST_ARTIFACTS";

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Left edge.
    pub x: usize,
    /// Upper edge.
    pub y: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
}

impl Rect {
    /// The rectangle of `width` × `height` pixels whose upper left pixel is (`x`, `y`).
    pub fn new(x: usize, y: usize, width: usize, height: usize) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// Whether the pixel (`x`, `y`) is inside.
    pub fn contains(&self, x: usize, y: usize) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}+{}+{}", self.width, self.height, self.x, self.y)
    }
}

/// The colour at (`x`, `y`) of the endless picture number `seed`. Neighbours differ, no two small
/// pieces are alike, and so a shifted, stale or swapped piece is noticed.
pub fn pattern(seed: u32, x: usize, y: usize) -> Rgb {
    let mut mixed = seed
        .wrapping_mul(0x9e37_79b1)
        .wrapping_add((x as u32).wrapping_mul(0x85eb_ca6b))
        .wrapping_add((y as u32).wrapping_mul(0xc2b2_ae35));
    mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d);
    mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x297a_2d39);
    mixed ^= mixed >> 15;
    let [red, green, blue, _] = mixed.to_le_bytes();
    [red, green, blue]
}

/// A picture of 8-bit RGB pixels, row by row from the upper left, 3 bytes each, no padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Picture {}x{}, {} colours",
            self.width,
            self.height,
            self.colours()
        )
    }
}

impl Picture {
    /// A picture whose pixel at (x, y) is `pixel(x, y)`.
    pub fn draw(width: usize, height: usize, mut pixel: impl FnMut(usize, usize) -> Rgb) -> Self {
        let mut rgb = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                rgb.extend(pixel(x, y));
            }
        }
        Self { width, height, rgb }
    }

    /// A picture of one colour.
    pub fn solid(width: usize, height: usize, colour: Rgb) -> Self {
        Self::draw(width, height, |_, _| colour)
    }

    /// The upper left piece of [`pattern`] number `seed`.
    pub fn pattern(width: usize, height: usize, seed: u32) -> Self {
        Self::draw(width, height, |x, y| pattern(seed, x, y))
    }

    /// The pixel at (`x`, `y`), which must be inside.
    pub fn pixel(&self, x: usize, y: usize) -> Rgb {
        assert!(
            x < self.width && y < self.height,
            "{self:?} has no pixel ({x}, {y})"
        );
        let at = (y * self.width + x) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// Puts `other` over this picture with its upper left pixel at (`x`, `y`), cut at the edges.
    #[must_use]
    pub fn with(mut self, other: &Picture, x: usize, y: usize) -> Self {
        let width = other.width.min(self.width.saturating_sub(x));
        for row in 0..other.height.min(self.height.saturating_sub(y)) {
            let from = row * other.width * 3;
            let to = ((y + row) * self.width + x) * 3;
            self.rgb[to..][..width * 3].copy_from_slice(&other.rgb[from..][..width * 3]);
        }
        self
    }

    /// The piece inside `rect`, cut at the edges of the picture.
    #[must_use]
    pub fn crop(&self, rect: Rect) -> Self {
        let width = rect.width.min(self.width.saturating_sub(rect.x));
        let height = rect.height.min(self.height.saturating_sub(rect.y));
        Self::draw(width, height, |x, y| self.pixel(rect.x + x, rect.y + y))
    }

    /// Where `piece` first is in this picture, to the last bit: x and y of its upper left pixel.
    pub fn find(&self, piece: &Picture) -> Option<(usize, usize)> {
        let row = |picture: &Picture, x: usize, y: usize| {
            let start = (y * picture.width + x) * 3;
            start..start + piece.width * 3
        };
        let is_at = |x: usize, y: usize| {
            (0..piece.height)
                .all(|line| self.rgb[row(self, x, y + line)] == piece.rgb[row(piece, 0, line)])
        };
        let columns = 0..(self.width + 1).saturating_sub(piece.width);
        let lines = 0..(self.height + 1).saturating_sub(piece.height);
        lines
            .flat_map(|y| columns.clone().map(move |x| (x, y)))
            .find(|&(x, y)| is_at(x, y))
    }

    /// How many different colours there are: 1 means that nothing is drawn.
    pub fn colours(&self) -> usize {
        self.rgb.chunks_exact(3).collect::<HashSet<_>>().len()
    }

    /// How many pixels have this very colour.
    pub fn count(&self, colour: Rgb) -> usize {
        self.rgb
            .chunks_exact(3)
            .filter(|pixel| *pixel == colour)
            .count()
    }

    /// How this picture differs from `expected`, if it does: a pixel differs when one of its
    /// channels is off by more than `tolerance`, and is not looked at inside `ignored`.
    pub fn diff(&self, expected: &Picture, tolerance: u8, ignored: &[Rect]) -> Option<Difference> {
        self.diff_by(expected, |x, y| {
            near(self.pixel(x, y), expected.pixel(x, y), tolerance)
                || ignored.iter().any(|rect| rect.contains(x, y))
        })
    }

    /// Fails, with the first differing pixel and their count, unless this picture is `expected`
    /// to the last bit. With [`ARTIFACTS`] set, both pictures are kept as PNG.
    pub fn expect(&self, expected: &Picture) -> Result {
        self.expect_near(expected, 0, &[])
    }

    /// As [`Picture::expect`], with the tolerance and the ignored places of [`Picture::diff`].
    pub fn expect_near(&self, expected: &Picture, tolerance: u8, ignored: &[Rect]) -> Result {
        match self.diff(expected, tolerance, ignored) {
            None => Ok(()),
            Some(difference) => Err(difference.into_error(self, expected)),
        }
    }

    /// How like `other`, of the same size, this picture is as a whole: the peak signal-to-noise
    /// ratio in dB, infinite if it is the same. 30 is a good JPEG.
    pub fn psnr(&self, other: &Picture) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let squares = self.rgb.iter().zip(&other.rgb).map(|(a, b)| {
            let error = f64::from(a.abs_diff(*b));
            error * error
        });
        let mean = squares.sum::<f64>() / self.rgb.len() as f64;
        10.0 * (255.0 * 255.0 / mean).log10()
    }

    /// Reads a PNG file of 8-bit RGB, RGBA, grey or palette pixels. Alpha is dropped.
    pub fn load_png(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).context(|| format!("cannot read {}", path.display()))?;
        Self::from_png(&bytes).context(|| format!("{} is no usable PNG", path.display()))
    }

    /// Decodes a PNG. See [`Picture::load_png`].
    pub fn from_png(bytes: &[u8]) -> Result<Self> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let size = reader
            .output_buffer_size()
            .ok_or_else(|| Error::other("PNG is too large"))?;
        let mut pixels = vec![0; size];
        let info = reader.next_frame(&mut pixels)?;
        pixels.truncate(info.buffer_size());
        let rgb = match info.color_type.samples() {
            3 => pixels,
            4 => pixels
                .chunks_exact(4)
                .flat_map(|p| [p[0], p[1], p[2]])
                .collect(),
            2 => pixels.chunks_exact(2).flat_map(|p| [p[0]; 3]).collect(),
            _ => pixels.iter().flat_map(|grey| [*grey; 3]).collect(),
        };
        Ok(Self {
            width: info.width as usize,
            height: info.height as usize,
            rgb,
        })
    }

    /// The picture as an RGB PNG.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let size = |pixels: usize| u32::try_from(pixels).map_err(|e| Error::other(e.to_string()));
        let mut encoder = png::Encoder::new(&mut bytes, size(self.width)?, size(self.height)?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        writer.finish()?;
        Ok(bytes)
    }

    /// Writes the picture as a PNG file.
    pub fn save_png(&self, path: impl AsRef<Path>) -> Result {
        let path = path.as_ref();
        std::fs::write(path, self.to_png()?).context(|| format!("cannot write {}", path.display()))
    }

    /// The difference of two pictures by a test of one's own: `same(x, y)` tells whether the
    /// pixel is right.
    pub(crate) fn diff_by(
        &self,
        expected: &Picture,
        same: impl Fn(usize, usize) -> bool,
    ) -> Option<Difference> {
        if (self.width, self.height) != (expected.width, expected.height) {
            return Some(Difference::Size {
                found: (self.width, self.height),
                expected: (expected.width, expected.height),
            });
        }
        let mut wrong = (0..self.height)
            .flat_map(|y| (0..self.width).map(move |x| (x, y)))
            .filter(|&(x, y)| !same(x, y));
        let first = wrong.next()?;
        let (mut pixels, mut right, mut bottom, mut left) = (1, first.0, first.1, first.0);
        for (x, y) in wrong {
            pixels += 1;
            (left, right, bottom) = (left.min(x), right.max(x), y);
        }
        Some(Difference::Pixels {
            pixels,
            of: self.width * self.height,
            first,
            found: self.pixel(first.0, first.1),
            expected: expected.pixel(first.0, first.1),
            bounds: Rect::new(left, first.1, right - left + 1, bottom - first.1 + 1),
        })
    }
}

/// Whether no channel is off by more than `tolerance`.
pub(crate) fn near(found: Rgb, expected: Rgb, tolerance: u8) -> bool {
    let mut channels = found.iter().zip(expected);
    channels.all(|(a, b)| a.abs_diff(b) <= tolerance)
}

/// How two pictures differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// They have not the same size: width and height of each.
    Size {
        /// The size there is.
        found: (usize, usize),
        /// The size there should be.
        expected: (usize, usize),
    },
    /// Some pixels differ.
    Pixels {
        /// How many.
        pixels: usize,
        /// Of how many.
        of: usize,
        /// The first of them, in reading order: x, y.
        first: (usize, usize),
        /// Its colour.
        found: Rgb,
        /// The colour it should have.
        expected: Rgb,
        /// The smallest rectangle around all of them.
        bounds: Rect,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { found, expected } => write!(
                f,
                "the picture is {}x{} pixels, not {}x{}",
                found.0, found.1, expected.0, expected.1
            ),
            Self::Pixels {
                pixels,
                of,
                first,
                found,
                expected,
                bounds,
            } => write!(
                f,
                "{pixels} of {of} pixels differ, inside {bounds}: the first, ({}, {}), is {}, not {}",
                first.0,
                first.1,
                hex(*found),
                hex(*expected)
            ),
        }
    }
}

impl Difference {
    /// The difference as an error. With [`ARTIFACTS`] set, keeps the pictures and says where.
    pub(crate) fn into_error(self, found: &Picture, expected: &Picture) -> Error {
        let kept = match std::env::var_os(ARTIFACTS) {
            None => String::new(),
            Some(folder) => match keep(&PathBuf::from(folder), found, expected) {
                Ok(path) => format!(" (see {}-*.png)", path.display()),
                Err(error) => format!(" (the pictures could not be kept: {error})"),
            },
        };
        Error::new(ErrorKind::Picture, format!("{self}{kept}"))
    }
}

/// Saves both pictures in `folder`, named after the running test. Returns what their paths begin
/// with.
fn keep(folder: &Path, found: &Picture, expected: &Picture) -> Result<PathBuf> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    std::fs::create_dir_all(folder)?;
    // The test harness gives each test's thread the test's name.
    let test = std::thread::current()
        .name()
        .unwrap_or("test")
        .replace("::", "-");
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let base = folder.join(format!("{test}-{}-{number}", std::process::id()));
    found.save_png(base.with_file_name(format!("{}-found.png", file_name(&base))))?;
    expected.save_png(base.with_file_name(format!("{}-expected.png", file_name(&base))))?;
    Ok(base)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_comes_back_as_it_was() -> Result {
        let picture = Picture::pattern(13, 7, 5);
        Picture::from_png(&picture.to_png()?)?.expect(&picture)
    }

    #[test]
    fn the_first_differing_pixel_and_the_bounds_are_named() {
        let expected = Picture::solid(10, 8, [0, 0, 0]);
        let found = expected
            .clone()
            .with(&Picture::solid(2, 3, [0, 9, 0]), 4, 2);
        let difference = found.diff(&expected, 8, &[]).unwrap();
        assert_eq!(
            difference.to_string(),
            "6 of 80 pixels differ, inside 2x3+4+2: the first, (4, 2), is #000900, not #000000"
        );
        assert_eq!(found.diff(&expected, 9, &[]), None);
        assert_eq!(found.diff(&expected, 0, &[Rect::new(4, 2, 2, 3)]), None);
        assert!(found.diff(&expected, 0, &[Rect::new(4, 2, 2, 2)]).is_some());
    }

    #[test]
    fn likeness_is_measured_in_decibels() {
        let grey = Picture::solid(10, 8, [100; 3]);
        assert_eq!(grey.psnr(&grey), f64::INFINITY);
        // An error of 25.5 everywhere would be 20 dB; 10 · log10(255² / 25²) = 20.17.
        let psnr = grey.psnr(&Picture::solid(10, 8, [125; 3]));
        assert!((psnr - 20.17).abs() < 0.01, "{psnr}");
    }

    #[test]
    fn other_sizes_differ() {
        let error = Picture::solid(2, 3, [0; 3])
            .expect(&Picture::solid(3, 2, [0; 3]))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Picture);
        assert_eq!(error.to_string(), "the picture is 2x3 pixels, not 3x2");
    }

    #[test]
    fn pieces_are_cut_and_put_at_the_edges() {
        let picture = Picture::pattern(6, 4, 1);
        let piece = picture.crop(Rect::new(4, 1, 9, 9));
        assert_eq!((piece.width, piece.height), (2, 3));
        assert_eq!(piece.pixel(0, 0), pattern(1, 4, 1));
        assert_eq!(
            Picture::solid(6, 4, [0; 3])
                .with(&picture, 5, 3)
                .pixel(5, 3),
            pattern(1, 0, 0)
        );
    }

    #[test]
    fn pieces_are_found() {
        let picture = Picture::pattern(6, 4, 1);
        for (x, y) in [(0, 0), (2, 1), (4, 2)] {
            assert_eq!(
                picture.find(&picture.crop(Rect::new(x, y, 2, 2))),
                Some((x, y))
            );
        }
        assert_eq!(picture.find(&Picture::pattern(2, 2, 2)), None);
        assert_eq!(picture.find(&Picture::pattern(6, 5, 1)), None);
    }

    #[test]
    fn the_pattern_tells_places_and_seeds_apart() {
        let pieces: HashSet<Vec<u8>> = (0..64)
            .flat_map(|at| [(1, at % 8 * 8, at / 8 * 8), (2, at % 8 * 8, at / 8 * 8)])
            .map(|(seed, x, y)| {
                Picture::pattern(64, 64, seed)
                    .crop(Rect::new(x, y, 4, 1))
                    .rgb
            })
            .collect();
        assert_eq!(pieces.len(), 128);
    }
}
