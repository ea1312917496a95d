//! Cuts a band into pieces, each of which holds one kind of thing.

use super::band::{Band, WORD};
use super::palette::Palette;
use super::picture;
use crate::geometry::Rect;
use crate::region::Region;

/// A part of a band, and what is in it.
pub(super) struct Piece {
    pub(super) area: Rect,
    pub(super) content: Content,
}

/// What a piece shows.
pub(super) enum Content {
    /// One colour.
    Solid(u32),
    /// Some colours, among these.
    Palette(Palette),
    /// Many colours, as of text with coloured edges.
    Full,
    /// Many colours that change little by little, as of a photograph.
    Picture,
}

/// What of one colour is smaller is no piece of its own: it would cut others in two.
const SMALLEST_SOLID: u32 = 2048;

/// Rows of one colour at the top and the bottom of a piece are cut off if they are so
/// many.
const ROWS_CUT_OFF: u16 = 8;

impl Piece {
    /// All of a band in one piece.
    pub(super) fn whole(band: &Band) -> Self {
        Self {
            area: band.size().rect(),
            content: Content::Full,
        }
    }
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
        for piece in columns(band, *area, limit) {
            cut_off_rows(band, piece, &mut pieces);
        }
    }
    // They come last, as a region may cover more than it was asked to.
    pieces.extend(pictures.into_iter().map(|area| Piece {
        area,
        content: Content::Picture,
    }));
    pieces
}

/// Cuts an area into columns, and joins neighbours that go together.
fn columns(band: &Band, area: Rect, limit: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut left = u32::from(area.x);
    while left < area.right() {
        let right = (left + 1).next_multiple_of(WORD.into()).min(area.right());
        let column = Rect::between(left, area.y.into(), right, area.bottom()).unwrap_or_default();
        let content = content(band, column, limit);
        let joins = pieces
            .last_mut()
            .is_some_and(|last| last.content.join(&content, limit));
        match pieces.last_mut().filter(|_| joins) {
            Some(last) => last.area.width += column.width,
            None => pieces.push(Piece {
                area: column,
                content,
            }),
        }
        left = right;
    }
    pieces
}

/// What a column shows. A palette is to be smaller than the pixels.
fn content(band: &Band, column: Rect, limit: usize) -> Content {
    if column.area() >= SMALLEST_SOLID
        && let Some(colour) = band.solid(column)
    {
        return Content::Solid(colour);
    }
    let limit = limit.min(column.area() as usize / 4).max(2);
    Palette::of(band, column, limit).map_or(Content::Full, Content::Palette)
}

impl Content {
    /// The colour, if there is just one.
    pub(super) fn single_colour(&self) -> Option<u32> {
        match self {
            Self::Solid(colour) => Some(*colour),
            Self::Palette(palette) => match palette.colours() {
                [colour] => Some(*colour),
                _ => None,
            },
            Self::Full | Self::Picture => None,
        }
    }

    /// Becomes what a neighbour shows too, if both make one good piece.
    fn join(&mut self, neighbour: &Self, limit: usize) -> bool {
        match (self, neighbour) {
            (Self::Solid(own), Self::Solid(other)) => own == other,
            (Self::Palette(own), Self::Palette(other)) => own.join(other, limit),
            (Self::Full, Self::Full) => true,
            _ => false,
        }
    }
}

/// Appends a piece, but what is of one colour at its top and bottom as pieces of its own.
fn cut_off_rows(band: &Band, piece: Piece, pieces: &mut Vec<Piece>) {
    let Piece { area, content } = piece;
    if let Content::Solid(_) = content {
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
            let content = Content::Solid(band.row(area, y)[0]);
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
