//! The pointer's picture and place, and who draws it.

use std::sync::Arc;

use super::features::Features;
use crate::encoding::{Cursor, cursor};
use crate::geometry::{Point, Rect, Size};

/// Who moved the pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mover {
    /// The viewer itself, or nobody yet: it knows where the pointer is.
    #[default]
    ThisViewer,
    /// Another viewer.
    OtherViewer,
    /// A program on the desktop.
    Program,
}

/// The picture, its place, and what the viewer knows of both.
///
/// A viewer draws the picture where its own mouse is. So while another one moves the
/// pointer, the picture is drawn over the pixels and hidden in the viewer, unless it can be
/// told the place.
#[derive(Debug, Default)]
pub(crate) struct Pointer {
    /// Unknown until the caller names one: then viewers keep their own.
    cursor: Option<Option<Arc<Cursor>>>,
    at: Point,
    mover: Mover,
    /// The form in which the viewer takes the picture; none if it cannot draw it.
    kind: Option<cursor::Kind>,
    /// The viewer can be told where others moved the pointer to.
    follows: bool,
    /// The viewer can be told where programs moved the pointer to.
    warps: bool,
    /// The viewer is to be told the picture.
    is_news: bool,
    /// The viewer is to be told the place.
    is_place_news: bool,
}

/// What the viewer is to be told about its picture of the pointer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picture<'a> {
    pub(crate) kind: cursor::Kind,
    /// None hides it.
    pub(crate) cursor: Option<&'a Cursor>,
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
    pub(crate) fn move_to(&mut self, at: Point, mover: Mover) -> [Rect; 2] {
        let is_elsewhere = at != self.at;
        self.is_place_news |= match mover {
            Mover::ThisViewer => false,
            Mover::OtherViewer => self.follows && is_elsewhere,
            Mover::Program => (self.follows || self.warps) && is_elsewhere,
        };
        self.change(|pointer| {
            pointer.at = at;
            if mover != Mover::Program {
                pointer.mover = mover;
            }
        })
    }

    /// The viewer moved the pointer. Returns what has to be drawn anew.
    pub(crate) fn take_over(&mut self) -> [Rect; 2] {
        self.is_place_news = false;
        self.change(|pointer| pointer.mover = Mover::ThisViewer)
    }

    /// Says what the viewer can do from now on. Returns what has to be drawn anew.
    pub(crate) fn set_features(&mut self, features: &Features) -> [Rect; 2] {
        self.is_news |= self.kind != features.cursor;
        // It does not know yet where another one moved it.
        self.is_place_news |=
            features.pointer_position && !self.follows && self.mover == Mover::OtherViewer;
        self.change(|pointer| {
            pointer.kind = features.cursor;
            pointer.follows = features.pointer_position;
            pointer.warps = features.pointer_warp;
            pointer.is_place_news &= pointer.follows || pointer.warps;
        })
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) -> [Rect; 2] {
        let (before, was_remote) = (self.area(), self.is_remote());
        change(self);
        self.is_news |= was_remote != self.is_remote();
        match self.area() {
            same if same == before => [Rect::default(); 2],
            after => [before, after],
        }
    }

    /// Whether the viewer draws the picture.
    fn is_remote(&self) -> bool {
        self.kind.is_some() && (self.mover == Mover::ThisViewer || self.follows)
    }

    /// What is to be drawn over the pixels, and where it points.
    pub(crate) fn drawn(&self) -> Option<(&Arc<Cursor>, Point)> {
        match &self.cursor {
            Some(Some(cursor)) if !self.is_remote() => Some((cursor, self.at)),
            _ => None,
        }
    }

    /// The picture that the viewer has to be sent.
    pub(crate) fn news(&self) -> Option<Picture<'_>> {
        let kind = self.kind.filter(|_| self.is_news)?;
        let cursor = self.cursor.as_ref()?;
        let shown = cursor.as_deref().filter(|_| self.is_remote());
        Some(Picture {
            kind,
            cursor: shown,
        })
    }

    /// Where a viewer whose picture has this size has to be told that the pointer is. A place
    /// beyond it is of another picture, which is yet to come.
    pub(crate) fn place_news(&self, size: Size) -> Option<Point> {
        let is_inside = size.rect().contains_point(self.at);
        (self.is_place_news && is_inside).then_some(self.at)
    }

    /// Notes that the news are sent to a viewer whose picture has this size.
    pub(crate) fn told(&mut self, size: Size) {
        self.is_news = false;
        self.is_place_news &= self.place_news(size).is_none();
    }

    /// What the drawn picture covers.
    pub(crate) fn area(&self) -> Rect {
        self.drawn()
            .map_or(Rect::default(), |(cursor, at)| cursor.area(at))
    }
}
