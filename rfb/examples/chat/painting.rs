//! What it looks like.

use std::convert::Infallible;

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::iso_8859_1::{FONT_6X12, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor, WebColors};
use embedded_graphics::prelude::{Drawable, Pixel, Primitive};
use embedded_graphics::primitives::{PrimitiveStyle, Rectangle, RoundedRectangle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};

use rfb::{Diff, Server, ServerState};

use crate::text_area::TextArea;

/// The picture's size.
pub(crate) const SIZE: rfb::Size = rfb::Size::new(640, 480);
/// How many characters fit into a row, and how many rows there are.
pub(crate) const COLUMNS: usize = 58;
pub(crate) const ROWS: usize = 19;

const FONT: MonoFont = FONT_10X20;
const CELL: Size = FONT.character_size;
/// Where the first character is.
const ORIGIN: Point = Point::new(28, 72);
const PAPER: Rectangle = Rectangle::new(Point::new(16, 60), Size::new(608, 404));

/// The pixels, and what was shown of them.
pub(crate) struct Painting {
    /// Blue, green, red, and a byte without meaning.
    pixels: Vec<[u8; 4]>,
    diff: Diff,
}

/// The column and row of text at a pixel, or the nearest. A caret is between two
/// columns.
pub(crate) fn cell_at(at: rfb::Point) -> (usize, usize) {
    let from = |at: u16, origin: i32, half: u32, step: u32| {
        let inside = (i32::from(at) - origin).max(0) as u32;
        ((inside + half) / step) as usize
    };
    let column = from(at.x, ORIGIN.x, CELL.width / 2, CELL.width);
    (column, from(at.y, ORIGIN.y, 0, CELL.height).min(ROWS - 1))
}

impl Painting {
    pub(crate) fn new() -> Self {
        Self {
            pixels: vec![[0; 4]; SIZE.area() as usize],
            diff: Diff::new(),
        }
    }

    /// Draws everything anew, and shows what changed.
    pub(crate) fn show(&mut self, text: &TextArea, server: &mut Server) {
        let Ok(()) = self.draw(text, server);
        let stride = usize::from(SIZE.width);
        let row = |y: u16| self.pixels[usize::from(y) * stride..][..stride].as_flattened();
        if let Some((frame, damage)) = self.diff.update(SIZE, row, &[SIZE.rect()]) {
            server.show(&frame, &damage, &[]);
        }
    }

    fn draw(&mut self, text: &TextArea, server: &Server) -> Result<(), Infallible> {
        let is_connected = server.state() == ServerState::Connected;
        self.clear(if is_connected {
            Rgb888::CSS_DARK_SLATE_GRAY
        } else {
            Rgb888::CSS_DIM_GRAY
        })?;
        let title = MonoTextStyle::new(&FONT, Rgb888::WHITE);
        Text::with_baseline("Chat", Point::new(18, 22), title, Baseline::Top).draw(self)?;
        let viewers = server.viewers().count();
        let port = server.port().unwrap_or_default();
        let status = format!("port {port}, viewers: {viewers}");
        let right = TextStyleBuilder::new()
            .alignment(Alignment::Right)
            .baseline(Baseline::Top)
            .build();
        let small = MonoTextStyle::new(&FONT_6X12, Rgb888::CSS_LIGHT_GRAY);
        Text::with_text_style(&status, Point::new(622, 28), small, right).draw(self)?;

        RoundedRectangle::with_equal_corners(PAPER, Size::new(8, 8))
            .into_styled(PrimitiveStyle::with_fill(Rgb888::CSS_FLORAL_WHITE))
            .draw(self)?;
        self.draw_scroll_bar(text)?;
        let ink = MonoTextStyle::new(&FONT, Rgb888::CSS_DARK_SLATE_GRAY);
        for (row, line) in text.visible().iter().enumerate() {
            Text::with_baseline(line, place(0, row), ink, Baseline::Top).draw(self)?;
        }
        if let Some((column, row)) = text.caret() {
            let caret = Rectangle::new(place(column, row), Size::new(2, CELL.height));
            self.fill_solid(&caret, Rgb888::CSS_CRIMSON)?;
        }
        Ok(())
    }

    fn draw_scroll_bar(&mut self, text: &TextArea) -> Result<(), Infallible> {
        let (above, seen, all) = text.extent();
        if all <= seen {
            return Ok(());
        }
        let height = PAPER.size.height as usize - 16;
        let bar = Rectangle::new(
            PAPER.top_left + Point::new(600, (8 + height * above / all) as i32),
            Size::new(4, (height * seen / all) as u32),
        );
        self.fill_solid(&bar, Rgb888::CSS_DARK_GRAY)
    }
}

/// Where a character is.
fn place(column: usize, row: usize) -> Point {
    ORIGIN
        + Point::new(column as i32, row as i32)
            .component_mul(Point::new(CELL.width as i32, CELL.height as i32))
}

impl OriginDimensions for Painting {
    fn size(&self) -> Size {
        Size::new(SIZE.width.into(), SIZE.height.into())
    }
}

impl DrawTarget for Painting {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(Point { x, y }, colour) in pixels {
            let at = usize::try_from(y * i32::from(SIZE.width) + x);
            let is_inside = (0..i32::from(SIZE.width)).contains(&x);
            let pixel = at.ok().and_then(|at| self.pixels.get_mut(at));
            if let Some(pixel) = pixel.filter(|_| is_inside) {
                *pixel = [colour.b(), colour.g(), colour.r(), 0];
            }
        }
        Ok(())
    }
}
