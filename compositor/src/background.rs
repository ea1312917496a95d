//! What is behind all windows and panels: bands of colour, one colour, or a picture that covers the
//! screen.

use fast_image_resize::PixelType;
use smithay::backend::renderer::element::Id;
use tracing::{debug, warn};

use crate::canvas::Rgb;
use crate::render::{GradientElement, Picture, SceneElement};
use crate::scaling::cover;
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
    fn cover(&self, width: usize, height: usize) -> Option<Vec<u8>> {
        let (picture, from) = (self.rgb.as_flattened(), (self.width, self.height));
        let rgb = cover(picture, PixelType::U8x3, from, (width, height))?;
        let pixels = rgb.as_chunks::<3>().0.iter();
        Some(
            pixels
                .flat_map(|[red, green, blue]| [*red, *green, *blue, u8::MAX])
                .collect(),
        )
    }
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
            self.scaled = pixels.map(|pixels| {
                let picture = Picture::opaque(&pixels, size.width.into(), size.height.into());
                (size, picture)
            });
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

    #[test]
    fn a_picture_has_no_holes() {
        let image = Image::new(2, 1, vec![[1, 2, 3]; 2]).unwrap();
        assert_eq!(image.cover(3, 3), Some([1, 2, 3, 255].repeat(9)));
    }

    #[test]
    fn a_picture_has_as_many_pixels_as_it_says() {
        assert!(Image::new(2, 2, vec![[0; 3]; 4]).is_some());
        assert!(Image::new(2, 2, vec![[0; 3]; 3]).is_none());
        assert!(Image::new(0, 2, vec![]).is_none());
        assert!(Image::new(usize::MAX, 2, vec![[0; 3]; 2]).is_none());
    }
}
