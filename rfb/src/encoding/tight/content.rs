//! Cuts a band into pieces, each of which holds one kind of thing.

use super::band::{Band, WORD, colour};
use super::palette::Palette;
use super::picture;
use crate::geometry::{Rect, Size};
use crate::region::Region;

/// A part of a band, and what is in it.
pub(super) struct Piece {
    pub(super) area: Rect,
    pub(super) content: Content,
}

/// What a piece shows.
#[derive(Clone)]
pub(super) enum Content {
    /// Some colours, or just one, among these.
    Palette(Palette),
    /// Many colours, as of text with coloured edges.
    Full,
    /// Many colours that change little by little, as of a photograph.
    Picture,
}

/// The most rows of a piece of many colours: whatever becomes of it is far below the
/// 4,194,303 bytes that a length can tell.
const MOST_ROWS: u16 = 64;

/// What of one colour is smaller is no piece of its own: it would cut others in two.
const SMALLEST_SOLID: u32 = 2048;

/// The same of two colours, as of stripes.
const SMALLEST_PLAIN: u32 = 8192;

/// Rows of one colour at the top and the bottom of a piece are cut off if they are so
/// many.
const ROWS_CUT_OFF: u16 = 8;

/// All of a band as pixels.
pub(super) fn uncut(band: &Band) -> Vec<Piece> {
    let area = band.size().rect();
    let content = Content::Full;
    low(Piece { area, content }).collect()
}

/// The number of pieces of [`uncut`].
pub(super) fn count_uncut(size: Size) -> usize {
    size.height.div_ceil(MOST_ROWS).into()
}

/// Cuts a band into pieces. No palette has more colours than `limit`.
pub(super) fn cut(band: &Band, limit: usize) -> Vec<Piece> {
    let pictures = picture::find(band);
    let mut rest = Region::from(band.size().rect());
    for area in &pictures {
        rest.subtract(*area);
    }
    let mut pieces = Vec::new();
    for area in rest.rects() {
        for columns in blocks(band, *area, limit) {
            for piece in join_columns(columns, limit) {
                cut_off_rows(band, piece, &mut pieces);
            }
        }
    }
    // They come last, as a region may cover more than it was asked to.
    pieces.extend(pictures.into_iter().map(|area| Piece {
        area,
        content: Content::Picture,
    }));
    pieces.into_iter().flat_map(low).collect()
}

/// Cuts an area into blocks, each made of columns that show one kind of thing from top to
/// bottom. They are as high as that lets them be: what repeats below, as in a list, is near
/// enough in a narrow piece for zlib to find it.
fn blocks(band: &Band, area: Rect, limit: usize) -> Vec<Vec<Piece>> {
    let mut blocks: Vec<Vec<Piece>> = Vec::new();
    for y in (area.y..area.y + area.height).step_by(WORD.into()) {
        let height = WORD.min(area.y + area.height - y);
        let row = columns(band, Rect { y, height, ..area }, limit);
        match blocks.last_mut() {
            Some(block) if goes_below(block, &row, limit) => {
                for (column, below) in block.iter_mut().zip(row) {
                    column.content.join(&below.content);
                    column.area.height += height;
                }
            }
            _ => blocks.push(row),
        }
    }
    blocks
}

/// The columns of an area, not higher than a word of the band's masks is wide, and each in
/// one word.
fn columns(band: &Band, area: Rect, limit: usize) -> Vec<Piece> {
    let mut columns = Vec::new();
    let mut left = u32::from(area.x);
    while left < area.right() {
        let right = (left + 1).next_multiple_of(WORD.into()).min(area.right());
        let column = Rect::between(left, area.y.into(), right, area.bottom()).unwrap_or_default();
        columns.push(Piece {
            area: column,
            content: content(band, column, limit),
        });
        left = right;
    }
    columns
}

/// Whether a row of columns goes together with the block above. What is of one colour from
/// left to right goes with nothing else.
fn goes_below(block: &[Piece], row: &[Piece], limit: usize) -> bool {
    single_colour(block) == single_colour(row)
        && block
            .iter()
            .zip(row)
            .all(|(column, below)| column.content.fits(&below.content, limit))
}

/// The colour of all columns, if there is just one.
fn single_colour(columns: &[Piece]) -> Option<u32> {
    let mut colours = columns.iter().map(|column| column.content.single_colour());
    let first = colours.next()??;
    colours.all(|other| other == Some(first)).then_some(first)
}

/// Joins columns side by side that go together.
fn join_columns(columns: Vec<Piece>, limit: usize) -> Vec<Piece> {
    let alike = join_neighbours(columns, |own, next| own.content.is_like(&next.content));
    join_neighbours(alike, |own, next| {
        !own.is_plain() && !next.is_plain() && own.content.fits(&next.content, limit)
    })
}

/// Joins each piece to the one before, if they are to be joined.
fn join_neighbours(pieces: Vec<Piece>, are_joined: impl Fn(&Piece, &Piece) -> bool) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if are_joined(last, &piece) => {
                last.content.join(&piece.content);
                last.area.width += piece.area.width;
            }
            _ => joined.push(piece),
        }
    }
    joined
}

/// What a column shows. A palette is to be smaller than the pixels.
fn content(band: &Band, column: Rect, limit: usize) -> Content {
    let limit = limit.min(column.area() as usize / 4).max(2);
    Palette::of(band, column, limit).map_or(Content::Full, Content::Palette)
}

impl Piece {
    /// Whether it is large and has one or two colours.
    fn is_plain(&self) -> bool {
        match self.content.colours().len() {
            1 => self.area.area() >= SMALLEST_SOLID,
            2 => self.area.area() >= SMALLEST_PLAIN,
            _ => false,
        }
    }
}

impl Content {
    /// The colours, if they are not too many.
    fn colours(&self) -> &[u32] {
        match self {
            Self::Palette(palette) => palette.colours(),
            Self::Full | Self::Picture => &[],
        }
    }

    /// The colour, if there is just one.
    pub(super) fn single_colour(&self) -> Option<u32> {
        match self.colours() {
            [colour] => Some(*colour),
            _ => None,
        }
    }

    /// Whether it has the same one or two colours as a neighbour.
    fn is_like(&self, other: &Self) -> bool {
        match (self.colours(), other.colours()) {
            ([own], [other]) => own == other,
            ([a, b], [c, d]) => (a, b) == (c, d) || (a, b) == (d, c),
            _ => false,
        }
    }

    /// Whether it and a neighbour make one good piece.
    fn fits(&self, other: &Self, limit: usize) -> bool {
        match (self, other) {
            (Self::Palette(own), Self::Palette(other)) => own.fits(other, limit),
            (Self::Full, Self::Full) => true,
            _ => false,
        }
    }

    /// Becomes what a neighbour that fits shows too.
    fn join(&mut self, other: &Self) {
        if let (Self::Palette(own), Self::Palette(other)) = (self, other) {
            own.join(other);
        }
    }
}

/// Appends a piece, but what is of one colour at its top and bottom as pieces of its own.
fn cut_off_rows(band: &Band, piece: Piece, pieces: &mut Vec<Piece>) {
    let Piece { area, content } = piece;
    if content.single_colour().is_some() {
        return pieces.push(Piece { area, content });
    }
    let enough = |rows| if rows < ROWS_CUT_OFF { 0 } else { rows };
    let top = enough(band.solid_rows_at_top(area));
    let bottom = match area.height - top {
        0 => 0,
        _ => enough(band.solid_rows_at_bottom(area)),
    };
    let rest = area.height - top - bottom;
    for (y, height) in [(area.y, top), (area.y + top + rest, bottom)] {
        if height > 0 {
            let area = Rect { y, height, ..area };
            let content = Content::Palette(Palette::single(colour(band.row(area, y)[0])));
            pieces.push(Piece { area, content });
        }
    }
    if rest > 0 {
        let area = Rect {
            y: area.y + top,
            height: rest,
            ..area
        };
        pieces.push(Piece { area, content });
    }
}

/// Cuts a piece of many colours into low ones.
fn low(piece: Piece) -> impl Iterator<Item = Piece> {
    let Piece { area, content } = piece;
    let most = match content {
        Content::Palette(_) => area.height,
        Content::Full | Content::Picture => MOST_ROWS,
    };
    let rows = (area.y..area.y + area.height).step_by(most.into());
    rows.map(move |y| Piece {
        area: Rect {
            y,
            height: most.min(area.y + area.height - y),
            ..area
        },
        content: content.clone(),
    })
}
