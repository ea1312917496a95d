//! The pointer's picture, and who draws it.

use std::sync::Arc;

use crate::encoding::Cursor;
use crate::geometry::{Point, Rect};

/// The picture, and where it is drawn for a viewer that does not draw it itself.
#[derive(Debug, Default)]
pub(crate) struct Pointer {
    /// Unknown until the caller names one: then viewers keep their own.
    cursor: Option<Option<Arc<Cursor>>>,
    at: Point,
    /// The viewer draws the picture.
    is_remote: bool,
    /// The viewer does not have this picture.
    is_news: bool,
}

impl Pointer {
    /// Takes another picture. Returns what has to be drawn anew.
    pub(crate) fn set_cursor(&mut self, cursor: Option<Arc<Cursor>>) -> [Rect; 2] {
        let before = self.area();
        self.cursor = Some(cursor);
        self.is_news = true;
        [before, self.area()]
    }

    /// Points somewhere else. Returns what has to be drawn anew.
    pub(crate) fn move_to(&mut self, at: Point) -> [Rect; 2] {
        let before = self.area();
        self.at = at;
        match self.area() {
            same if same == before => [Rect::default(); 2],
            after => [before, after],
        }
    }

    /// Says who draws from now on. Returns what has to be drawn anew.
    pub(crate) fn set_remote(&mut self, is_remote: bool) -> Rect {
        if is_remote == self.is_remote {
            return Rect::default();
        }
        let before = self.area();
        self.is_remote = is_remote;
        self.is_news = true;
        // One of both is empty.
        before.bounds(self.area())
    }

    /// What is to be drawn over the pixels, and where it points.
    pub(crate) fn drawn(&self) -> Option<(&Arc<Cursor>, Point)> {
        match &self.cursor {
            Some(Some(cursor)) if !self.is_remote => Some((cursor, self.at)),
            _ => None,
        }
    }

    /// The picture that the viewer has to be sent; inside, None is none.
    pub(crate) fn news(&self) -> Option<Option<&Cursor>> {
        if !self.is_remote || !self.is_news {
            return None;
        }
        self.cursor.as_ref().map(Option::as_deref)
    }

    /// Notes that the news are sent.
    pub(crate) fn told(&mut self) {
        self.is_news = false;
    }

    /// What the drawn picture covers.
    fn area(&self) -> Rect {
        self.drawn()
            .map_or(Rect::default(), |(cursor, at)| cursor.area(at))
    }
}
