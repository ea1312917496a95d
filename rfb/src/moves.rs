//! Which of the pixels that changed were moved: windows that somebody drags, and text
//! that scrolls.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use crate::frame::{Frame, PIXEL};
use crate::geometry::{Point, Rect};
use crate::region::Region;
use crate::update::Move;

/// A table that draws no random number.
type Table<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// A move is of use if it brings so many changed pixels.
const MIN_GAIN: u64 = 1024;
/// It is of so many rows at least.
const MIN_ROWS: u16 = 8;
/// A part that changed is looked at for scrolling if it has so many pixels and rows.
const MIN_SCROLL: u32 = 16 * 1024;
const MIN_SCROLL_ROWS: u16 = 32;
/// Parts that changed belong together if they are so near in a row.
const NEAR: u32 = 64;
/// The most columns at each side of what scrolls that may not scroll along.
const EDGE: u16 = 24;
/// Of a row, so many samples of so many pixels are compared to find where it was.
const SAMPLES: usize = 24;
const SAMPLE: usize = 8;
/// One row in so many is looked for.
const LOOKED_FOR: usize = 3;

/// Finds moves between two frames of one size, and takes what they bring out of
/// `changed`, where the frames differ. `hints` are moves that may have happened; what
/// scrolled is found without. The moves speak of pixels as they were in `last`, and no
/// source is where an earlier one has its destination: what
/// [`Session::show`](crate::Session::show) wants.
pub fn find_moves(last: &Frame, next: &Frame, changed: &mut Region, hints: &[Move]) -> Vec<Move> {
    let mut moves: Vec<Move> = Vec::new();
    let scrolls = groups(changed).into_iter();
    let scrolls = scrolls.filter_map(|area| scroll(last, next, area));
    let mut hints: Vec<Move> = hints.iter().copied().chain(scrolls).collect();
    // What has parts that moved along moves them, too.
    hints.sort_by_key(|hint| Reverse(hint.from.area()));
    for hint in hints {
        for found in verified(last, next, hint) {
            let to = found.destination();
            let is_unmoved = |other: &Move| {
                let place = other.destination();
                place.intersection(found.from).is_none() && place.intersection(to).is_none()
            };
            let gain = changed.intersection(&to.into()).area();
            if gain >= MIN_GAIN && moves.iter().all(is_unmoved) {
                changed.subtract(to);
                moves.push(found);
            }
        }
    }
    moves
}

/// The rows of a move that did happen, as moves of as many rows as possible, in an order
/// in which each can be made after the ones before.
fn verified(last: &Frame, next: &Frame, hint: Move) -> Vec<Move> {
    let whole = next.size().rect();
    let is_inside = whole.contains(hint.from) && whole.contains(hint.destination());
    if hint.from.is_empty() || hint.from.origin() == hint.to || !is_inside {
        return Vec::new();
    }
    let mut moves = Vec::new();
    let mut start = None;
    for row in 0..=hint.from.height {
        let is_moved = row < hint.from.height && is_moved(last, next, hint, row);
        match (start, is_moved) {
            (None, true) => start = Some(row),
            (Some(first), false) => {
                start = None;
                let Rect { x, y, width, .. } = hint.from;
                if row - first >= MIN_ROWS {
                    moves.push(Move {
                        from: Rect::new(x, y + first, width, row - first),
                        to: Point::new(hint.to.x, hint.to.y + first),
                    });
                }
            }
            _ => {}
        }
    }
    if hint.to.y > hint.from.y {
        // Down: the lowest makes room for the others.
        moves.reverse();
    }
    moves
}

/// Pixels of a row.
fn columns(frame: &Frame, y: u16, x: u16, width: u16) -> &[u8] {
    let start = usize::from(x) * PIXEL;
    let end = start + usize::from(width) * PIXEL;
    frame.row(y).get(start..end).unwrap_or_default()
}

/// The bounds of parts that lie in the same columns.
fn groups(changed: &Region) -> Vec<Rect> {
    let mut rects = changed.rects().to_vec();
    rects.sort_unstable_by_key(|rect| rect.x);
    let mut groups: Vec<Rect> = Vec::new();
    for rect in rects {
        match groups.last_mut() {
            Some(last) if u32::from(rect.x) <= last.right() + NEAR => *last = last.bounds(rect),
            _ => groups.push(rect),
        }
    }
    groups.retain(|it| it.area() >= MIN_SCROLL && it.height >= MIN_SCROLL_ROWS);
    groups
}

/// By how much most rows of an area went up or down, if they did.
fn scroll(last: &Frame, next: &Frame, area: Rect) -> Option<Move> {
    let side = side(area.width);
    let mark_of = |frame: &Frame, row: u16| {
        let (x, width) = (area.x + side, area.width - 2 * side);
        mark(columns(frame, area.y + row, x, width))
    };
    // Where each row was; rows that look alike say nothing.
    let old: Vec<u64> = (0..area.height).map(|row| mark_of(last, row)).collect();
    let mut places: Table<u64, Option<i32>> = Table::default();
    for (mark, y) in old.iter().zip(0_i32..) {
        places
            .entry(*mark)
            .and_modify(|place| *place = None)
            .or_insert(Some(y));
    }
    let looked_for = (0..area.height).zip(&old).step_by(LOOKED_FOR);
    let enough = looked_for.len().div_ceil(8);
    let mut votes: Table<i32, usize> = Table::default();
    for (row, before) in looked_for {
        let mark = mark_of(next, row);
        if mark != *before
            && let Some(Some(place)) = places.get(&mark)
        {
            *votes.entry(i32::from(row) - place).or_default() += 1;
        }
    }
    let (down, count) = votes
        .into_iter()
        .max_by_key(|(down, count)| (*count, *down))?;
    if count < enough {
        return None;
    }
    let distance = u16::try_from(down.unsigned_abs()).ok()?;
    let height = area.height.checked_sub(distance)?;
    let (from, to) = match down > 0 {
        true => (area.y, area.y + distance),
        false => (area.y + distance, area.y),
    };
    let all = Move {
        from: Rect::new(area.x, from, area.width, height),
        to: Point::new(area.x, to),
    };
    let inner = inset(all);
    let rows = |hint: Move| {
        let rows = (0..height).step_by(LOOKED_FOR);
        rows.filter(|row| is_moved(last, next, hint, *row)).count()
    };
    Some(match rows(inner) > 2 * rows(all) {
        true => inner,
        false => all,
    })
}

/// The columns at each side of what scrolls that may not: a scroll bar, or a shadow.
fn side(width: u16) -> u16 {
    EDGE.min(width / 4)
}

/// A move without the columns at its sides.
fn inset(hint: Move) -> Move {
    let side = side(hint.from.width);
    Move {
        from: Rect {
            x: hint.from.x + side,
            width: hint.from.width - 2 * side,
            ..hint.from
        },
        to: Point::new(hint.to.x + side, hint.to.y),
    }
}

/// Whether a row of a move did move.
fn is_moved(last: &Frame, next: &Frame, hint: Move, row: u16) -> bool {
    let Move { from, to } = hint;
    columns(last, from.y + row, from.x, from.width) == columns(next, to.y + row, to.x, from.width)
}

/// A number that rows have in common only if they look alike, or by chance.
fn mark(row: &[u8]) -> u64 {
    let distance = (row.len() / PIXEL).div_ceil(SAMPLES).max(SAMPLE);
    let samples = row.chunks(distance * PIXEL);
    let samples = samples.map(|part| part.get(..SAMPLE * PIXEL).unwrap_or(part));
    let words = samples.flat_map(|sample| sample.as_chunks::<8>().0);
    words.fold(0, |mark: u64, word| {
        (mark.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    const SIZE: Size = Size::new(300, 200);

    /// Rows of text: no two are alike, but for empty ones between.
    fn text(x: u16, y: u32) -> u8 {
        match y % 10 {
            0..3 => 255,
            _ => (u32::from(x) * 31 + y * 77 + ((u32::from(x) * y) >> 3)) as u8,
        }
    }

    fn frame(colour: impl Fn(u16, u16) -> u8) -> Frame {
        let pixels = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y)));
        let pixels = pixels.flat_map(|(x, y)| [colour(x, y), 5, 6, 0]);
        Frame::from_pixels(SIZE, &pixels.collect::<Vec<u8>>())
    }

    /// Makes the moves, and fails unless what was not taken out of `changed` is right.
    fn check(last: &Frame, next: &Frame, moves: &[Move], changed: &Region) {
        let pixel = |frame: &Frame, x: u16, y: u16| columns(frame, y, x, 1).to_vec();
        let mut found: Vec<Vec<u8>> = Vec::new();
        for y in 0..SIZE.height {
            found.extend((0..SIZE.width).map(|x| pixel(last, x, y)));
        }
        for copy in moves {
            let to = copy.destination();
            let before = found.clone();
            for (row, column) in (0..to.height).flat_map(|y| (0..to.width).map(move |x| (y, x))) {
                let at = |x: u16, y: u16| usize::from(y) * 300 + usize::from(x);
                let from = at(copy.from.x + column, copy.from.y + row);
                found[at(to.x + column, to.y + row)] = before[from].clone();
            }
        }
        for y in 0..SIZE.height {
            for x in 0..SIZE.width {
                let at = usize::from(y) * 300 + usize::from(x);
                let is_right = found[at] == pixel(next, x, y);
                assert!(
                    is_right || changed.intersects(Rect::new(x, y, 1, 1)),
                    "{x}, {y}"
                );
            }
        }
    }

    #[test]
    fn text_that_scrolls_is_moved() {
        let window = Rect::new(20, 30, 200, 150);
        let scrolled = |by: u32| {
            frame(move |x, y| match window.contains_point(Point::new(x, y)) {
                true => text(x, u32::from(y) + by),
                false => 9,
            })
        };
        for (before, after, fresh) in [(0, 13, 13), (13, 0, 13), (50, 10, 40)] {
            let (last, next) = (scrolled(before), scrolled(after));
            let mut changed = Region::from(window);
            let moves = find_moves(&last, &next, &mut changed, &[]);
            assert_eq!(moves.len(), 1);
            assert_eq!(changed.area(), 200 * fresh);
            check(&last, &next, &moves, &changed);
        }
    }

    #[test]
    fn short_lines_in_a_wide_window_are_moved() {
        let size = Size::new(1920, 200);
        let scrolled = |by: u16| {
            let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
            let pixels = places.flat_map(|(x, y)| match x < 400 {
                true => [text(x, u32::from(y + by)), 5, 6, 0],
                false => [9; 4],
            });
            Frame::from_pixels(size, &pixels.collect::<Vec<u8>>())
        };
        let last = scrolled(0);
        for by in [1, 7, 54, 150] {
            let mut changed = Region::from(size.rect());
            let moves = find_moves(&last, &scrolled(by), &mut changed, &[]);
            let up = Move {
                from: Rect::new(0, by, size.width, size.height - by),
                to: Point::new(0, 0),
            };
            assert_eq!(moves, [up]);
            assert_eq!(changed.area(), u64::from(size.width) * u64::from(by));
        }
    }

    #[test]
    fn a_scroll_bar_stays_while_text_is_moved() {
        let scrolled = |by: u16| {
            frame(move |x, y| match x {
                0 => (y / 18) as u8,
                285.. => (y + 7 * by) as u8,
                _ => text(x, u32::from(y + by)),
            })
        };
        let (last, next) = (scrolled(0), scrolled(9));
        let mut changed = Region::from(SIZE.rect());
        let moves = find_moves(&last, &next, &mut changed, &[]);
        assert_eq!(moves.len(), 1);
        assert!(moves[0].from.area() > 250 * 190, "{moves:?}");
        check(&last, &next, &moves, &changed);
    }

    #[test]
    fn what_does_not_scroll_along_is_left_out() {
        let window = SIZE.rect();
        let scrolled = |by: u32| {
            frame(move |x, y| match y {
                // A line that blinks in place.
                100..110 => (by as u8).wrapping_add(x as u8),
                _ => text(x, u32::from(y) + by),
            })
        };
        let (last, next) = (scrolled(0), scrolled(7));
        let mut changed = Region::from(window);
        let moves = find_moves(&last, &next, &mut changed, &[]);
        assert_eq!(moves.len(), 2);
        assert!(changed.area() <= 300 * 30, "{}", changed.area());
        check(&last, &next, &moves, &changed);
        // The other way round.
        let mut changed = Region::from(window);
        let moves = find_moves(&next, &last, &mut changed, &[]);
        assert_eq!(moves.len(), 2);
        check(&next, &last, &moves, &changed);
    }

    #[test]
    fn a_window_that_is_dragged_is_moved() {
        let window = |at: Point| {
            frame(move |x, y| {
                let window = Rect::new(at.x, at.y, 100, 80);
                match window.contains_point(Point::new(x, y)) {
                    true => text(x - at.x, u32::from(y - at.y)),
                    false => (x + y) as u8,
                }
            })
        };
        let (from, to) = (Point::new(50, 40), Point::new(61, 33));
        let (last, next) = (window(from), window(to));
        let hint = Move {
            from: Rect::new(50, 40, 100, 80),
            to,
        };
        let mut changed = Region::from(Rect::new(50, 33, 111, 87));
        let moves = find_moves(&last, &next, &mut changed, &[hint]);
        assert_eq!(moves, [hint]);
        assert_eq!(changed.area(), 111 * 87 - 8000);
        check(&last, &next, &moves, &changed);
    }

    #[test]
    fn hints_that_are_not_true_are_dropped() {
        let (last, next) = (
            frame(|x, y| text(x, y.into())),
            frame(|x, y| text(x + 7, (y + 1).into())),
        );
        let hint = |from: Rect, x, y| Move {
            from,
            to: Point::new(x, y),
        };
        let all = SIZE.rect();
        let mut changed = Region::from(all);
        for wrong in [
            hint(Rect::new(0, 0, 100, 100), 50, 50),
            hint(Rect::new(0, 0, 100, 100), 0, 0),
            hint(Rect::new(250, 0, 100, 100), 0, 0),
            hint(Rect::new(0, 0, 100, 100), 250, 50),
            hint(Rect::new(65_000, 65_000, 1_000, 1_000), 65_500, 3),
            hint(Rect::default(), 3, 3),
        ] {
            assert_eq!(find_moves(&last, &next, &mut changed, &[wrong]), []);
            assert_eq!(changed, all.into());
        }
    }

    #[test]
    fn plain_areas_move_nowhere() {
        let (last, next) = (frame(|_, _| 1), frame(|_, _| 2));
        let mut changed = Region::from(SIZE.rect());
        assert_eq!(find_moves(&last, &next, &mut changed, &[]), []);
    }
}
