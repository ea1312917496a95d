//! What screens show, for benchmarks: pictures of the kinds that encodings differ on.

use std::convert::Infallible;

use embedded_graphics::mono_font::ascii::{FONT_8X13_BOLD, FONT_9X18};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Circle, Line, PrimitiveStyle, Rectangle, RoundedRectangle};
use embedded_graphics::text::Text;

use crate::picture::{Picture, Rgb, pattern};

/// A kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// A terminal full of coloured source text, which scrolls.
    Text,
    /// A window with buttons, a list and icons on a gradient; the list scrolls.
    Interface,
    /// A landscape of clouds with the noise of a camera, which moves.
    Photo,
    /// One colour.
    Solid,
}

/// The height of a line of text in pixels.
const LINE: i32 = 18;

impl Scene {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Text, Self::Interface, Self::Photo, Self::Solid];

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Interface => "interface",
            Self::Photo => "photo",
            Self::Solid => "solid",
        }
    }

    /// Picture number `step` of it.
    pub fn picture(self, width: usize, height: usize, step: usize) -> Picture {
        match self {
            Self::Text => text(width, height, step),
            Self::Interface => interface(width, height, step),
            Self::Photo => Picture::draw(width, height, |x, y| landscape(x + 7 * step, y, step)),
            Self::Solid => Picture::solid(width, height, pattern(step as u32, 0, 0)),
        }
    }
}

fn text(width: usize, height: usize, step: usize) -> Picture {
    let mut sheet = Sheet(Picture::solid(width, height, [24, 26, 31]));
    let source = include_str!("scene.rs").lines().cycle().skip(3 * step);
    for (top, line) in (0..height as i32).step_by(LINE as usize).zip(source) {
        let mut x = 4;
        for word in line.split_inclusive(' ') {
            x = sheet.write(word, (x, top + 13), &FONT_9X18, colour_of(word.trim()));
        }
    }
    sheet.smooth()
}

fn colour_of(word: &str) -> Rgb {
    match word {
        "fn" | "let" | "for" | "use" | "match" | "pub" | "const" | "impl" => [198, 120, 221],
        word if word.starts_with("//") => [92, 99, 112],
        word if word.starts_with('"') => [152, 195, 121],
        word if word.starts_with(|c: char| c.is_ascii_uppercase()) => [229, 192, 123],
        word if word.starts_with(|c: char| c.is_ascii_digit()) => [209, 154, 102],
        _ => [171, 178, 191],
    }
}

fn interface(width: usize, height: usize, step: usize) -> Picture {
    let sky = |x: usize, y: usize| {
        [
            40,
            60 + (y * 60 / height) as u8,
            90 + (x * 70 / width) as u8,
        ]
    };
    let mut sheet = Sheet(Picture::draw(width, height, sky));
    let (right, bottom) = (width as i32 - 90, height as i32 - 60);
    sheet.fill((90, 60), (right, bottom), [250, 250, 250]);
    sheet.fill((90, 60), (right, 96), [222, 221, 218]);
    sheet.write(
        "Files and folders",
        (120, 84),
        &FONT_8X13_BOLD,
        [46, 52, 54],
    );
    for (number, label) in ["Back", "Forward", "Search", "New folder"]
        .iter()
        .enumerate()
    {
        let left = 110 + 130 * number as i32;
        sheet.button((left, 108), label);
    }
    let names = include_str!("scene.rs")
        .split_whitespace()
        .cycle()
        .skip(step);
    for (row, name) in names
        .enumerate()
        .take_while(|(row, _)| 170 + 26 * (*row as i32) < bottom)
    {
        let top = 150 + 26 * row as i32;
        if row % 2 == step % 2 {
            sheet.fill((90, top), (right, top + 26), [242, 242, 241]);
        }
        sheet.icon((104, top + 4), row + step);
        sheet.write(name, (134, top + 18), &FONT_8X13_BOLD, [46, 52, 54]);
        sheet.write(
            "4,096 bytes",
            (right - 260, top + 18),
            &FONT_8X13_BOLD,
            [119, 118, 123],
        );
    }
    sheet.smooth()
}

/// The colour of clouds, hills and noise at a point of an endless landscape.
fn landscape(x: usize, y: usize, step: usize) -> Rgb {
    let octaves = [(256, 96), (96, 64), (32, 40), (11, 24), (4, 12)];
    let height: usize = octaves
        .iter()
        .map(|(cell, weight)| smooth_noise(x, y, *cell) * weight / 255)
        .sum();
    let [noise, tint, ..] = pattern(step as u32, x, y);
    let light = height + usize::from(noise % 9);
    let channel =
        |part: usize, noise: u8| (light * part / 100 + usize::from(noise % 4)).min(255) as u8;
    [
        channel(95, tint),
        channel(85 + wave(y, 420, 10), noise),
        channel(65 + wave(y, 700, 30), tint),
    ]
}

/// Goes up from 0 to `top` and down again in each `period`.
fn wave(at: usize, period: usize, top: usize) -> usize {
    let half = period / 2;
    half.abs_diff(at % period) * top / half
}

/// Random values at the corners of cells, 0 to 255, and what is between them.
fn smooth_noise(x: usize, y: usize, cell: usize) -> usize {
    let corner = |right: usize, down: usize| {
        let [value, ..] = pattern(cell as u32, x / cell + right, y / cell + down);
        usize::from(value)
    };
    let (right, down) = (x % cell, y % cell);
    let row = |down| (corner(0, down) * (cell - right) + corner(1, down) * right) / cell;
    (row(0) * (cell - down) + row(1) * down) / cell
}

/// A picture to draw on.
struct Sheet(Picture);

impl Sheet {
    fn fill(&mut self, (left, top): (i32, i32), (right, bottom): (i32, i32), colour: Rgb) {
        let size = Size::new((right - left).max(0) as u32, (bottom - top).max(0) as u32);
        let style = PrimitiveStyle::with_fill(rgb888(colour));
        let Ok(()) = Rectangle::new(Point::new(left, top), size)
            .into_styled(style)
            .draw(self);
    }

    /// Writes on a baseline. Returns where the text ends.
    fn write(&mut self, text: &str, at: (i32, i32), font: &MonoFont<'_>, colour: Rgb) -> i32 {
        let style = MonoTextStyle::new(font, rgb888(colour));
        let Ok(end) = Text::new(text, at.into(), style).draw(self);
        end.x
    }

    fn button(&mut self, (left, top): (i32, i32), label: &str) {
        let shape = Rectangle::new(Point::new(left, top), Size::new(116, 30));
        for (inset, colour) in [(0, [200, 199, 196]), (1, [236, 235, 233])] {
            let shape = RoundedRectangle::with_equal_corners(shape.offset(-inset), Size::new(6, 6));
            let style = PrimitiveStyle::with_fill(rgb888(colour));
            let Ok(()) = shape.into_styled(style).draw(self);
        }
        self.write(label, (left + 14, top + 20), &FONT_8X13_BOLD, [46, 52, 54]);
    }

    fn icon(&mut self, (left, top): (i32, i32), kind: usize) {
        let colour = rgb888(pattern(kind as u32 % 5, 1, 1));
        let Ok(()) = Circle::new(Point::new(left, top), 17)
            .into_styled(PrimitiveStyle::with_fill(colour))
            .draw(self);
        let stroke = PrimitiveStyle::with_stroke(Rgb888::WHITE, 2);
        let (start, end) = (
            Point::new(left + 4, top + 12),
            Point::new(left + 12, top + 4),
        );
        let Ok(()) = Line::new(start, end).into_styled(stroke).draw(self);
    }

    /// The picture with soft edges, as fonts have them on screens.
    fn smooth(self) -> Picture {
        let Picture { width, height, rgb } = self.0;
        let mut soft = rgb.clone();
        for (at, value) in soft.iter_mut().enumerate().skip(3) {
            if at / 3 % width > 0 {
                let (own, left) = (u16::from(rgb[at]), u16::from(rgb[at - 3]));
                *value = ((3 * own + left) / 4) as u8;
            }
        }
        Picture {
            width,
            height,
            rgb: soft,
        }
    }
}

fn rgb888([red, green, blue]: Rgb) -> Rgb888 {
    Rgb888::new(red, green, blue)
}

impl OriginDimensions for Sheet {
    fn size(&self) -> Size {
        Size::new(self.0.width as u32, self.0.height as u32)
    }
}

impl DrawTarget for Sheet {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(Point { x, y }, colour) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
                continue;
            };
            if x < self.0.width && y < self.0.height {
                let at = (y * self.0.width + x) * 3;
                self.0.rgb[at..at + 3].copy_from_slice(&[colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_are_what_they_say() {
        let colours = |scene: Scene| scene.picture(960, 540, 0).colours();
        assert_eq!(colours(Scene::Solid), 1);
        assert!((10..3000).contains(&colours(Scene::Text)));
        assert!((100..10_000).contains(&colours(Scene::Interface)));
        assert!(colours(Scene::Photo) > 10_000);
    }

    #[test]
    fn every_step_is_another_picture_and_the_same_each_time() {
        for scene in Scene::ALL {
            let picture = |step| scene.picture(320, 240, step);
            assert_eq!(picture(1), picture(1));
            assert_ne!(picture(1), picture(2));
        }
    }
}
