use crate::picture::{Picture, Rgb, pattern};

/// What a surface shows.
#[derive(Clone, Debug)]
pub enum Content {
    /// One colour.
    Solid(Rgb),
    /// One colour with its opacity, of 255: red, green, blue, alpha, not multiplied.
    Translucent([u8; 4]),
    /// The upper left piece of [`pattern`] with this seed.
    Pattern(u32),
    /// A picture, from the upper left; black beyond it.
    Picture(Picture),
}

impl From<Rgb> for Content {
    fn from(colour: Rgb) -> Self {
        Self::Solid(colour)
    }
}

impl From<Picture> for Content {
    fn from(picture: Picture) -> Self {
        Self::Picture(picture)
    }
}

impl Content {
    /// What `width` × `height` pixels of it look like; over black, if they are translucent.
    pub fn picture(&self, width: usize, height: usize) -> Picture {
        Picture::draw(width, height, |x, y| {
            let [blue, green, red, _] = self.pixel(x, y);
            [red, green, blue]
        })
    }

    /// Whether nothing shines through.
    pub(super) fn is_opaque(&self) -> bool {
        !matches!(self, Self::Translucent(_))
    }

    /// The pixels of a buffer of `width` × `height`: blue, green, red, alpha, multiplied.
    pub(super) fn bytes(&self, width: usize, height: usize) -> Vec<u8> {
        if let Self::Solid(_) | Self::Translucent(_) = self {
            return self.pixel(0, 0).repeat(width * height);
        }
        let mut bytes = Vec::with_capacity(width * height * 4);
        for y in 0..height {
            for x in 0..width {
                bytes.extend(self.pixel(x, y));
            }
        }
        bytes
    }

    fn pixel(&self, x: usize, y: usize) -> [u8; 4] {
        let ([red, green, blue], alpha) = match self {
            Self::Solid(colour) => (*colour, 255),
            Self::Translucent([red, green, blue, alpha]) => {
                let multiplied = |c: u8| ((u16::from(c) * u16::from(*alpha) + 127) / 255) as u8;
                (
                    [multiplied(*red), multiplied(*green), multiplied(*blue)],
                    *alpha,
                )
            }
            Self::Pattern(seed) => (pattern(*seed, x, y), 255),
            Self::Picture(picture) if x < picture.width && y < picture.height => {
                (picture.pixel(x, y), 255)
            }
            Self::Picture(_) => ([0; 3], 255),
        };
        [blue, green, red, alpha]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_multiplied_and_in_the_byte_order_of_shm() {
        assert_eq!(Content::Solid([1, 2, 3]).bytes(1, 1), [3, 2, 1, 255]);
        assert_eq!(
            Content::Translucent([255, 100, 0, 128]).bytes(1, 1),
            [0, 50, 128, 128]
        );
        let pattern = Content::Pattern(3).picture(5, 4);
        assert_eq!(pattern, Picture::pattern(5, 4, 3));
        let larger = Content::from(pattern.clone()).picture(6, 4);
        assert_eq!(larger, Picture::solid(6, 4, [0; 3]).with(&pattern, 0, 0));
    }
}
