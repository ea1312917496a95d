//! What is behind all windows and panels: bands of colour, one colour, or a picture that covers the
//! screen.

use smithay::backend::renderer::element::Id;
use tracing::{debug, warn};

use crate::canvas::Rgb;
use crate::render::{GradientElement, Picture, SceneElement};
use crate::share::Content;
use crate::state::Offing;

/// A screen of more pixels than this has no picture, which would take up as much memory again.
const MAX_PIXELS: usize = 1 << 26;

/// What is behind all windows.
#[derive(Clone, Debug, Default)]
pub enum Background {
    /// Dark blue that becomes lighter from top to bottom.
    #[default]
    Gradient,
    /// Red, green and blue.
    Plain([u8; 3]),
    /// A picture in the middle of the screen, scaled so that it covers all of it.
    Picture(Image),
}

/// A picture for the [`Background`].
#[derive(Clone, Debug)]
pub struct Image {
    width: usize,
    height: usize,
    rgb: Vec<[u8; 3]>,
}

impl Background {
    /// The colour where there is no other: red, green and blue.
    pub const COLOUR: [u8; 3] = [0x21, 0x30, 0x40];
}

impl Image {
    /// The picture of this size in pixels, row by row from the top: red, green and blue of each.
    /// None if there are none, or not as many as it says.
    pub fn new(width: usize, height: usize, rgb: Vec<[u8; 3]>) -> Option<Self> {
        let is_whole = width.checked_mul(height) == Some(rgb.len()) && !rgb.is_empty();
        is_whole.then_some(Self { width, height, rgb })
    }

    /// Red, green, blue and alpha of a screen of this size that it covers.
    fn cover(&self, width: usize, height: usize) -> Vec<u8> {
        let step = f32::min(
            self.width as f32 / width as f32,
            self.height as f32 / height as f32,
        );
        let (columns, rows) = (
            taps(self.width, width, step),
            taps(self.height, height, step),
        );
        let mut pixels = Vec::with_capacity(width * height * 4);
        let mut mixed = vec![[0.0; 3]; self.width];
        for (first, weights) in rows {
            mixed.fill([0.0; 3]);
            let lines = self.rgb.chunks_exact(self.width).skip(first);
            for (line, weight) in lines.zip(&weights) {
                for (sum, pixel) in mixed.iter_mut().zip(line) {
                    add(sum, pixel.map(f32::from), *weight);
                }
            }
            for (first, weights) in &columns {
                let mut sum = [0.0; 3];
                for (pixel, weight) in mixed.iter().skip(*first).zip(weights) {
                    add(&mut sum, *pixel, *weight);
                }
                pixels.extend(sum.map(|part| part.round() as u8));
                pixels.push(u8::MAX);
            }
        }
        pixels
    }
}

fn add(sum: &mut [f32; 3], parts: [f32; 3], weight: f32) {
    for (sum, part) in sum.iter_mut().zip(parts) {
        *sum += part * weight;
    }
}

/// For each of `count` pixels in a row those of `from` that it is mixed from: the first, and how
/// much it takes of that and those that follow. They are `step` apart, and in the middle.
fn taps(from: usize, count: usize, step: f32) -> Vec<(usize, Vec<f32>)> {
    let start = (from as f32 - count as f32 * step) / 2.0;
    // It reaches to the neighbours where the picture grows, else to all that it stands for.
    let reach = step.max(1.0);
    let taps = (0..count).map(|at| {
        let middle = start + (at as f32 + 0.5) * step - 0.5;
        let last = from.saturating_sub(1) as f32;
        let first = (middle - reach).ceil().clamp(0.0, last) as usize;
        let last = (middle + reach).floor().clamp(0.0, last) as usize;
        let weights = (first..=last).map(|it| (1.0 - (it as f32 - middle).abs() / reach).max(0.0));
        let weights: Vec<f32> = weights.collect();
        // At the edges there are fewer.
        let sum: f32 = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        (first, weights.into_iter().map(|it| it / sum).collect())
    });
    taps.collect()
}

/// The background, and what of it is kept from frame to frame.
pub(crate) struct Backdrop {
    background: Background,
    /// Of the gradient.
    id: Id,
    /// The picture, as it covers a screen of a size.
    scaled: Option<(rfb::Size, Picture)>,
}

impl Backdrop {
    pub(crate) fn new(background: Background) -> Self {
        Self {
            background,
            id: Id::new(),
            scaled: None,
        }
    }

    /// The colour where nothing else is.
    pub(crate) fn plain(&self) -> Rgb {
        match self.background {
            Background::Plain(colour) => colour,
            Background::Gradient | Background::Picture(_) => Background::COLOUR,
        }
    }

    fn scale(&mut self, size: rfb::Size) {
        if self.scaled.as_ref().is_some_and(|(of, _)| *of == size) {
            return;
        }
        self.scaled = None;
        let (width, height) = (usize::from(size.width), usize::from(size.height));
        if let Background::Picture(image) = &self.background {
            if width * height > MAX_PIXELS {
                warn!("a screen of {width}x{height} is too large for a picture behind it");
                return;
            }
            let pixels = image.cover(width, height);
            let picture = Picture::opaque(&pixels, size.width.into(), size.height.into());
            self.scaled = Some((size, picture));
        }
    }
}

impl Offing {
    /// What is behind all else, if it is more than a colour. Where one window alone is shared, and
    /// while the session is locked, it is that only.
    pub(crate) fn backdrop_element(&mut self) -> Option<SceneElement> {
        let is_desktop = match &self.shared.shown().content {
            Content::Desktop | Content::Window(_) => !self.is_locked(),
            Content::Isolated(_) | Content::Nothing => false,
        };
        if !is_desktop {
            return None;
        }
        match &self.backdrop.background {
            Background::Plain(_) => None,
            Background::Gradient => {
                let (id, size) = (self.backdrop.id.clone(), self.screen.area().size);
                Some(GradientElement::new(id, size).into())
            }
            Background::Picture(_) => {
                self.backdrop.scale(self.screen.size());
                let (_, picture) = self.backdrop.scaled.as_ref()?;
                match picture.at(self.renderer.painter(), (0, 0).into()) {
                    Ok(element) => Some(element.into()),
                    Err(error) => {
                        debug!("the background is not drawn: {error}");
                        None
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Image {
        let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Image::new(width, height, rows.map(|(x, y)| pixel(x, y)).collect()).unwrap()
    }

    fn colours(rgba: &[u8]) -> Vec<[u8; 3]> {
        let pixels = rgba.as_chunks::<4>().0.iter();
        pixels
            .map(|[red, green, blue, alpha]| {
                assert_eq!(*alpha, 255);
                [*red, *green, *blue]
            })
            .collect()
    }

    #[test]
    fn in_its_own_size_a_picture_stays_as_it_is() {
        let noise = image(7, 5, |x, y| {
            [(x * 37) as u8, (y * 91) as u8, (x * y * 13) as u8]
        });
        assert_eq!(colours(&noise.cover(7, 5)), noise.rgb);
    }

    #[test]
    fn what_does_not_fit_is_cut_on_both_sides() {
        // A wide one on a high screen, and the reverse: only the middle third is to be seen.
        let (red, blue) = ([255, 0, 0], [0, 0, 255]);
        let wide = image(
            90,
            30,
            |x, _| if (30..60).contains(&x) { red } else { blue },
        );
        assert_eq!(colours(&wide.cover(30, 30)), vec![red; 900]);
        let high = image(
            30,
            90,
            |_, y| if (30..60).contains(&y) { red } else { blue },
        );
        assert_eq!(colours(&high.cover(30, 30)), vec![red; 900]);
    }

    #[test]
    fn a_picture_that_shrinks_is_mixed_from_all_its_pixels() {
        let stripes = image(64, 64, |x, _| if x % 2 == 0 { [200; 3] } else { [100; 3] });
        let small = colours(&stripes.cover(8, 8));
        assert!(
            small.iter().all(|[grey, ..]| grey.abs_diff(150) <= 4),
            "{small:?}"
        );
    }

    #[test]
    fn a_picture_that_grows_is_smooth_and_keeps_its_edges() {
        let two = image(2, 1, |x, _| if x == 0 { [0; 3] } else { [200; 3] });
        let row = colours(&two.cover(8, 4));
        let row: Vec<u8> = row[..8].iter().map(|[grey, ..]| *grey).collect();
        assert_eq!(row, [0, 0, 25, 75, 125, 175, 200, 200]);
    }

    #[test]
    fn a_picture_has_as_many_pixels_as_it_says() {
        assert!(Image::new(2, 2, vec![[0; 3]; 4]).is_some());
        assert!(Image::new(2, 2, vec![[0; 3]; 3]).is_none());
        assert!(Image::new(0, 2, vec![]).is_none());
        assert!(Image::new(usize::MAX, 2, vec![[0; 3]; 2]).is_none());
    }
}
