//! Finds photographs and the like: what may be compressed with loss.

use super::band::{Band, Pixel, WORD, colour};
use super::palette::Palette;
use crate::geometry::{Point, Rect};

/// The height of the cells that are looked at, as wide as a word of the band's masks.
const HEIGHT: u16 = 16;

/// The smallest picture, in pixels.
const SMALLEST: u32 = 1024;

/// What a cell looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Drawn: text, lines, patterns and plain areas.
    Drawn,
    /// Changes softly, but not much: part of a picture between parts of pictures.
    Soft,
    Picture,
}

/// The pictures in a band. No two overlap.
pub(super) fn find(band: &Band) -> Vec<Rect> {
    let size = band.size();
    let (columns, rows) = (size.width.div_ceil(WORD), size.height.div_ceil(HEIGHT));
    let pixels = |cells: Rect| {
        let (x, y) = (cells.x * WORD, cells.y * HEIGHT);
        let area = Rect::new(x, y, cells.width * WORD, cells.height * HEIGHT);
        area.clip(size).unwrap_or_default()
    };
    let look = |x, y| look(band, pixels(Rect::new(x, y, 1, 1)));
    let mut grid: Vec<Vec<Look>> = (0..rows)
        .map(|y| (0..columns).map(|x| look(x, y)).collect())
        .collect();
    fill_gaps(&mut grid);
    let mut pictures = Vec::new();
    for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
        if grid[usize::from(y)][usize::from(x)] == Look::Picture {
            pictures.push(framed(band, pixels(take(&mut grid, Point::new(x, y)))));
        }
    }
    pictures.retain(|area| area.area() >= SMALLEST);
    pictures
}

/// The part of an area of cells that lies between plain lines in its outermost cells, so
/// that a picture ends where it does, and text beside it is no part of it.
fn framed(band: &Band, area: Rect) -> Rect {
    let (end, bottom) = (area.x + area.width, area.y + area.height);
    // What is in one corner must not hide the lines at the other side.
    let (x, width) = middle(area.x, area.width, WORD);
    let (y, height) = middle(area.y, area.height, HEIGHT);

    let plain_columns = |x: u16| {
        let width = WORD.min(end - x);
        band.plain_columns(Rect {
            x,
            y,
            width,
            height,
        })
    };
    let left = plain_columns(area.x).last().map_or(area.x, |x| x + 1);
    let last = (end - 1) / WORD * WORD;
    let right = plain_columns(last).find(|x| *x >= left).unwrap_or(end);

    let is_plain = |y: &u16| band.is_one_run(Rect { x, width, ..area }, *y);
    let first = area.y..bottom.min(area.y + HEIGHT);
    let top = first.rev().find(is_plain).map_or(area.y, |y| y + 1);
    let mut last = top.max((bottom - 1) / HEIGHT * HEIGHT)..bottom;
    let bottom = last.find(is_plain).unwrap_or(bottom);
    Rect::new(left, top, right - left, bottom - top)
}

/// Where a row of cells begins and how long it is, without the first and the last one if
/// there are more.
fn middle(start: u16, length: u16, cell: u16) -> (u16, u16) {
    match length > 2 * cell {
        true => (start + cell, length - 2 * cell),
        false => (start, length),
    }
}

/// Makes soft cells between two pictures, left and right or above and below, pictures.
fn fill_gaps(grid: &mut [Vec<Look>]) {
    for row in grid.iter_mut() {
        fill_gaps_of_line(row.iter_mut());
    }
    for x in 0..grid.first().map_or(0, Vec::len) {
        fill_gaps_of_line(grid.iter_mut().map(|row| &mut row[x]));
    }
}

fn fill_gaps_of_line<'a>(cells: impl Iterator<Item = &'a mut Look>) {
    let mut gap: Option<Vec<&mut Look>> = None;
    for cell in cells {
        match (*cell, &mut gap) {
            (Look::Drawn, _) => gap = None,
            (Look::Soft, None) => {}
            (Look::Soft, Some(cells)) => cells.push(cell),
            (Look::Picture, _) => {
                for cell in gap.replace(Vec::new()).unwrap_or_default() {
                    *cell = Look::Picture;
                }
            }
        }
    }
}

/// Takes the rectangle of cells that begins with a picture out of a grid: as wide as
/// there are pictures, then as high.
fn take(grid: &mut [Vec<Look>], at: Point) -> Rect {
    let (x, y) = (usize::from(at.x), usize::from(at.y));
    let is_picture = |look: &&Look| **look == Look::Picture;
    let width = grid[y][x..].iter().take_while(is_picture).count();
    let span = x..x + width;
    let rows = grid[y..].iter();
    let height = rows
        .take_while(|row| row[span.clone()].iter().all(|look| is_picture(&look)))
        .count();
    for row in &mut grid[y..y + height] {
        row[span.clone()].fill(Look::Drawn);
    }
    Rect::new(at.x, at.y, width as u16, height as u16)
}

/// Judges a cell by the pixels that begin something new. Pictures have many of them,
/// with small steps in more than a few colours, or with nearly as many colours as
/// pixels. Text has large steps and many pixels of few colours, patterns have few
/// colours.
fn look(band: &Band, cell: Rect) -> Look {
    const FEW_COLOURS: usize = 16;
    const LARGE_STEP: u8 = 32;
    let new = band.count_new(cell);
    if new < 2 {
        return Look::Drawn;
    }
    let has_much = new * 8 >= cell.area();
    // A part of the rows is enough for the rest.
    let rows = (cell.y..cell.y + cell.height).step_by(4);
    let most = rows.len() * usize::from(cell.width) / 2;
    let (mut seen, mut large) = (0, 0);
    let mut colours = Palette::new();
    for y in rows {
        let row = band.row(cell, y);
        band.new_pixels(cell, y).filter(|x| *x > 0).for_each(|x| {
            seen += 1;
            large += u32::from(step(row[x - 1], row[x]) >= LARGE_STEP);
            colours.insert(colour(row[x]));
        });
        if has_much && colours.colours().len() >= most {
            return Look::Picture;
        }
    }
    let is_soft = large * 16 <= seen;
    match is_soft {
        true if has_much && colours.colours().len() > FEW_COLOURS => Look::Picture,
        true => Look::Soft,
        false => Look::Drawn,
    }
}

/// The largest difference of the channels of two pixels.
fn step([blue, green, red, _]: Pixel, other: Pixel) -> u8 {
    let blue = blue.abs_diff(other[0]);
    let green = green.abs_diff(other[1]);
    let red = red.abs_diff(other[2]);
    blue.max(green).max(red)
}
