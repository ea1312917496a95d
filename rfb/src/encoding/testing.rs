//! Pictures and pixel formats for the tests of encodings.

use crate::frame::Frame;
use crate::geometry::{Rect, Size, random::Random};
use crate::pixel_format::PixelFormat;

/// A frame whose pixels `colour` gives. The fourth byte is 0, as it is lost.
pub(crate) fn frame(size: Size, mut colour: impl FnMut(u16, u16) -> [u8; 3]) -> Frame {
    let mut pixels = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            let [blue, green, red] = colour(x, y);
            pixels.extend_from_slice(&[blue, green, red, 0]);
        }
    }
    Frame::from_pixels(size, &pixels)
}

/// A picture that no encoding makes smaller.
pub(crate) fn noise(size: Size) -> Frame {
    let mut random = Random(3);
    frame(size, |_, _| {
        let [blue, green, red, ..] = random.next().to_le_bytes();
        [blue, green, red]
    })
}

/// Number `round` of pictures from few colours and long runs to noise.
pub(crate) fn random_picture(random: &mut Random, size: Size, round: u16) -> Frame {
    let colours = 1 + random.below(1 << (round % 9));
    let run = 1 + random.below(30);
    let mut current = [0; 3];
    frame(size, |_, y| {
        if random.below(run) == 0 || y % 16 == 0 && random.below(20) == 0 {
            let colour = random.below(colours);
            current = [colour as u8, (colour * 37) as u8, (colour * 101) as u8];
        }
        current
    })
}

/// A picture of rectangles of up to 7 colours, one over the other.
pub(crate) fn random_rectangles(random: &mut Random, size: Size) -> Frame {
    let rects: Vec<Rect> = (0..random.below(40))
        .map(|_| random.rect(size, 20))
        .collect();
    let colours = 2 + random.below(6) as usize;
    frame(size, |x, y| {
        let point = crate::geometry::Point::new(x, y);
        let top = rects.iter().rposition(|rect| rect.contains_point(point));
        [top.map_or(0, |index| (index % colours * 40) as u8); 3]
    })
}

/// Gives many pictures to `check`, with a rectangle of each and a pixel format.
pub(crate) fn for_random_pictures(seed: u64, mut check: impl FnMut(&Frame, Rect, &PixelFormat)) {
    let formats = [
        PixelFormat::BGRX,
        PixelFormat::BGR233,
        PixelFormat::parse(RGB565).unwrap(),
    ];
    let mut random = Random(seed);
    for round in 0..90 {
        let size = Size::new(1 + random.below(70), 1 + random.below(50));
        let picture = random_picture(&mut random, size, round);
        for format in &formats {
            check(&picture, size.rect(), format);
            check(&picture, random.rect(size, 40), format);
        }
        let picture = random_rectangles(&mut random, size);
        check(&picture, size.rect(), &PixelFormat::BGRX);
    }
}

pub(crate) const RGB565: [u8; 16] = [16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0];
