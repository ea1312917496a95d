//! Lists to choose from, over everything: the windows while Alt+Tab is held, and the menu of the
//! desktop.

mod menu;
mod paint;
mod switcher;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::Arc;

use smithay::input::keyboard::Keysym;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Rectangle, Size};
use tracing::debug;

pub use menu::Application;
use paint::{Look, Painted};

use crate::icon::{self, Icon};
use crate::render::{Picture, SceneElement, covered};
use crate::state::Offing;
use crate::text::Line;

/// The height of a row that can be chosen, in logical units.
const ROW: i32 = 28;
/// The height of what is written above others, in logical units.
const HEADING: i32 = 22;
/// The height of a line between others and what is free around it, in logical units.
const LINE: i32 = 9;
/// Around the rows, in logical units.
const PADDING: i32 = 6;
/// Before and after a text, in logical units.
const INDENT: i32 = 12;
/// Between an icon and a text, in logical units.
const GAP: i32 = 8;
/// The size of letters, in logical units.
const LETTERS: f64 = 13.0;
/// The same in headings.
const SMALL_LETTERS: f64 = 11.0;

/// What can be chosen from, if anything.
#[derive(Default)]
pub(crate) struct Chooser {
    list: Option<List>,
    /// The installed programs are asked for.
    wants_applications: bool,
    applications: Vec<Application>,
    /// Buttons that went down for a list, and not for clients.
    pressed: BTreeSet<u32>,
    /// What has been chosen to run.
    launch: Option<Vec<OsString>>,
}

/// A list that is shown.
struct List {
    kind: Kind,
    rows: Vec<Row>,
    chosen: Option<usize>,
    /// The first row that is shown, if there are too many.
    first: usize,
    /// In logical units, if there is room.
    width: i32,
    /// Where it is, in logical units of the screen.
    place: Rectangle<i32, Logical>,
    painted: Option<(Look, Picture)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// As long as Alt is held.
    Switcher,
    /// Until something is chosen. `armed`: the pointer has moved, or been released, since it came.
    Menu { armed: bool },
}

struct Row {
    text: String,
    /// Less important than others.
    is_faint: bool,
    icon: Option<Arc<Icon>>,
    choice: Choice,
}

#[derive(Clone)]
enum Choice {
    Window(WlSurface),
    /// Another list in the place of this one.
    Category(String),
    Top,
    Launch(Vec<OsString>),
    /// What is written above others.
    Heading,
    /// A line between others.
    Line,
}

impl Row {
    fn new(text: impl Into<String>, choice: Choice) -> Self {
        Self {
            text: text.into(),
            is_faint: false,
            icon: None,
            choice,
        }
    }

    fn heading(text: &str) -> Self {
        Self {
            is_faint: true,
            ..Self::new(text, Choice::Heading)
        }
    }

    fn line() -> Self {
        Self::new("", Choice::Line)
    }

    /// In logical units.
    fn height(&self) -> i32 {
        match self.choice {
            Choice::Heading => HEADING,
            Choice::Line => LINE,
            _ => ROW,
        }
    }
}

/// How many of these rows have room in this height.
fn fitting<'a>(rows: impl Iterator<Item = &'a Row>, height: i32) -> usize {
    let bottoms = rows.scan(0_i32, |bottom, row| {
        *bottom = bottom.saturating_add(row.height());
        Some(*bottom)
    });
    bottoms.take_while(|bottom| *bottom <= height).count()
}

impl List {
    /// With its upper left corner here, or where it fits into the room.
    fn new(
        kind: Kind,
        rows: Vec<Row>,
        width: i32,
        corner: Point<i32, Logical>,
        room: Rectangle<i32, Logical>,
    ) -> Self {
        let mut list = Self {
            kind,
            rows,
            chosen: None,
            first: 0,
            width,
            place: Rectangle::new(corner, Size::default()),
            painted: None,
        };
        list.fit(room);
        list
    }

    /// There are other rows, or there is other room.
    fn fit(&mut self, room: Rectangle<i32, Logical>) {
        let shown = fitting(self.rows.iter(), room.size.h - 2 * PADDING).max(1);
        let height: i32 = self.rows.iter().take(shown).map(Row::height).sum();
        let size = Size::from((self.width.min(room.size.w), height + 2 * PADDING));
        let fit =
            |at: i32, size: i32, start: i32, room: i32| at.min(start + room - size).max(start);
        let corner = self.place.loc;
        let corner = (
            fit(corner.x, size.w, room.loc.x, room.size.w),
            fit(corner.y, size.h, room.loc.y, room.size.h),
        );
        self.place = Rectangle::new(corner.into(), size);
        self.show_chosen();
    }

    /// Scrolls to where the chosen row is shown.
    fn show_chosen(&mut self) {
        if let Some(chosen) = self.chosen {
            self.first = self.first.clamp(self.first_for(chosen), chosen);
        }
    }

    /// Leaves out a window that is gone. Returns whether there is still something to choose.
    fn forget(&mut self, window: &WlSurface) -> bool {
        let is_it = |row: &Row| matches!(&row.choice, Choice::Window(it) if it == window);
        if let Some(gone) = self.rows.iter().position(is_it) {
            self.rows.remove(gone);
            let chosen = self.chosen.filter(|chosen| *chosen != gone);
            self.chosen = chosen.map(|chosen| chosen - usize::from(chosen > gone));
        }
        (0..self.rows.len()).any(|row| self.can_choose(row))
    }

    /// The rows that are shown: their numbers, and how far below the list's upper edge they begin.
    fn shown(&self) -> impl Iterator<Item = (usize, &Row, i32)> {
        let rows = || self.rows.iter().skip(self.first);
        let count = fitting(rows(), self.place.size.h - 2 * PADDING);
        let tops = rows().scan(PADDING, |bottom, row| {
            let top = *bottom;
            *bottom += row.height();
            Some(top)
        });
        let rows = (self.first..).zip(rows()).zip(tops).take(count);
        rows.map(|((number, row), top)| (number, row, top))
    }

    /// The first row from which on this one is shown too.
    fn first_for(&self, row: usize) -> usize {
        let above = self.rows.iter().take(row + 1).rev();
        (row + 1).saturating_sub(fitting(above, self.place.size.h - 2 * PADDING).max(1))
    }

    /// How far right its texts begin, in logical units: behind icons, if any row has one.
    fn indent(&self) -> i32 {
        match self.rows.iter().any(|row| row.icon.is_some()) {
            true => INDENT + icon::SIDE + GAP,
            false => INDENT,
        }
    }

    fn can_choose(&self, row: usize) -> bool {
        self.rows
            .get(row)
            .is_some_and(|row| !matches!(row.choice, Choice::Heading | Choice::Line))
    }

    /// The row at a point of the screen that can be chosen.
    fn row_at(&self, point: Point<f64, Logical>) -> Option<usize> {
        let point = point.to_i32_floor();
        if !self.place.contains(point) {
            return None;
        }
        let below = point.y - self.place.loc.y;
        let mut shown = self.shown();
        let (row, ..) = shown.find(|(_, row, top)| (*top..top + row.height()).contains(&below))?;
        self.can_choose(row).then_some(row)
    }

    /// Chooses the next row, or the one before; after the last comes the first.
    fn step(&mut self, back: bool) {
        let count = self.rows.len();
        let start = match (self.chosen, back) {
            (Some(chosen), _) => chosen,
            (None, false) => count.saturating_sub(1),
            (None, true) => 0,
        };
        let by = if back { count.saturating_sub(1) } else { 1 };
        let mut rows = (1..=count).map(|steps| (start + steps * by) % count);
        self.chosen = rows.find(|row| self.can_choose(*row));
        self.show_chosen();
    }

    fn scroll(&mut self, by: isize) {
        let last = self.first_for(self.rows.len().saturating_sub(1));
        self.first = self.first.saturating_add_signed(by).min(last);
    }
}

impl Offing {
    /// Whether all input is for a list.
    pub(crate) fn is_choosing(&self) -> bool {
        self.chooser.list.is_some()
    }

    /// Takes the list away.
    pub(crate) fn stop_choosing(&mut self) {
        if self.chooser.list.take().is_some() {
            self.clock.queue();
        }
    }

    /// There is another screen.
    pub(crate) fn fit_chooser(&mut self) {
        let room = self.seen();
        if let Some(list) = &mut self.chooser.list {
            list.fit(room);
            self.clock.queue();
        }
    }

    /// A window is gone, and no longer to be chosen.
    pub(crate) fn forget_choice(&mut self, window: &WlSurface) {
        let room = self.seen();
        let list = self.chooser.list.as_mut();
        let stays = list.is_none_or(|list| {
            let stays = list.forget(window);
            list.fit(room);
            stays
        });
        if !stays {
            self.stop_choosing();
        }
    }

    fn show_list(&mut self, list: List) {
        self.leave_popups();
        self.chooser.list = Some(list);
        self.clock.queue();
        self.refresh_pointer();
    }

    /// A key is pressed while there is a list.
    pub(crate) fn choose_by_key(&mut self, key: Keysym) {
        let Some(list) = &mut self.chooser.list else {
            return;
        };
        match key {
            Keysym::Down | Keysym::Tab => list.step(false),
            Keysym::Up | Keysym::ISO_Left_Tab => list.step(true),
            Keysym::Return | Keysym::KP_Enter | Keysym::space => return self.choose(),
            Keysym::Escape => return self.stop_choosing(),
            _ => return,
        }
        self.clock.queue();
    }

    /// Does what is chosen.
    fn choose(&mut self) {
        let Some(list) = self.chooser.list.take() else {
            return;
        };
        self.clock.queue();
        let row = list.chosen.and_then(|row| list.rows.into_iter().nth(row));
        match row.map(|row| row.choice) {
            Some(Choice::Window(surface)) => self.activate(&surface),
            Some(Choice::Category(category)) => self.show_category(&category, list.place.loc),
            Some(Choice::Top) => self.show_menu(list.place.loc, true),
            Some(Choice::Launch(command)) => self.chooser.launch = Some(command),
            Some(Choice::Heading | Choice::Line) | None => {}
        }
    }

    /// Paints the list, if it is to look otherwise than before.
    pub(crate) fn paint_chooser(&mut self) {
        let scale = self.screen.scale();
        let Some(mut list) = self.chooser.list.take() else {
            return;
        };
        let indent = list.indent();
        let room = list.place.size.w - 2 * PADDING - INDENT - indent;
        let pixels = |logical: i32| (f64::from(logical) * scale).round().max(0.0);
        let mut rows = Vec::new();
        for (number, row, top) in list.shown() {
            let size = match row.choice {
                Choice::Heading => SMALL_LETTERS,
                _ => LETTERS,
            };
            let text = Line {
                text: row.text.clone(),
                size: (size * scale).round() as u16,
                bold: false,
                width: pixels(room) as u16,
            };
            rows.push(Painted {
                top,
                height: row.height(),
                is_line: matches!(row.choice, Choice::Line),
                is_chosen: list.chosen == Some(number),
                is_faint: row.is_faint,
                icon: row.icon.clone(),
                indent: match row.choice {
                    Choice::Heading => INDENT,
                    _ => indent,
                },
                text: self.text(text),
            });
        }
        let whole = Rectangle::from_size(list.place.size);
        let look = Look {
            size: covered(Point::default(), whole, scale).size,
            scale,
            rows,
        };
        if list
            .painted
            .as_ref()
            .is_none_or(|(before, _)| *before != look)
        {
            list.painted = paint::list(&look).map(|picture| (look, picture));
        }
        self.chooser.list = Some(list);
    }

    /// What shows the list.
    pub(crate) fn chooser_element(&mut self) -> Option<SceneElement> {
        let scale = self.screen.scale();
        let list = self.chooser.list.as_ref()?;
        let (_, picture) = list.painted.as_ref()?;
        let corner = list.place.loc.to_physical_precise_round(scale);
        match picture.at(self.renderer.painter(), corner) {
            Ok(element) => Some(element.into()),
            Err(error) => {
                debug!("a list is not drawn: {error}");
                None
            }
        }
    }
}
