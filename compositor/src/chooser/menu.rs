//! The menu of the desktop: its windows, and the programs that are installed.

use std::collections::BTreeSet;
use std::ffi::OsString;

use smithay::backend::input::Axis;
use smithay::utils::{Logical, Point};

use super::{Choice, Kind, List, Row};
use crate::state::Offing;

/// How wide it is, in logical units.
const WIDTH: i32 = 260;
/// The right button's code in linux/input-event-codes.h.
const RIGHT: u32 = 0x111;
/// The rows that a notch of a wheel scrolls.
const WHEEL: isize = 3;
/// So many programs are listed without a list for each category.
const FEW: usize = 12;

/// A program that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name, for people.
    pub name: String,
    /// What sort of program it is, for people; those without any are listed before all others.
    pub category: String,
    /// How it is started: a program and its arguments.
    pub command: Vec<OsString>,
}

impl Offing {
    /// Whether the menu has come, and shows the programs that were installed when it came last.
    /// Says so once.
    pub fn wants_applications(&mut self) -> bool {
        std::mem::take(&mut self.chooser.wants_applications)
    }

    /// What the menu offers to start.
    pub fn set_applications(&mut self, mut applications: Vec<Application>) {
        applications.sort_by_cached_key(|it| it.name.to_lowercase());
        if self.chooser.applications == applications {
            return;
        }
        self.chooser.applications = applications;
        let menu = self
            .chooser
            .list
            .as_ref()
            .filter(|it| it.kind != Kind::Switcher);
        let menu = menu.map(|menu| (menu.place.loc, menu.kind != Kind::Menu { armed: false }));
        if let Some((corner, armed)) = menu {
            self.show_menu(corner, armed);
        }
    }

    /// A program that was chosen from the menu, and is to be started: it and its arguments. Says so
    /// once.
    pub fn take_launch(&mut self) -> Option<Vec<OsString>> {
        self.chooser.launch.take()
    }

    /// A button went down: on the bare desktop the right one brings the menu, beside a list any
    /// takes that away. Returns whether it is not for clients.
    pub(crate) fn press_chooser(&mut self, button: u32) -> bool {
        let location = self.input.pointer.current_location();
        let is_mine = match &self.chooser.list {
            Some(list) => {
                if !list.place.contains(location.to_i32_floor()) {
                    self.stop_choosing();
                }
                true
            }
            None => {
                let is_desktop = self.desktop.decorates() && !self.is_locked();
                let is_bare = is_desktop && self.reachable_under(location).is_none();
                if is_bare && button == RIGHT {
                    self.open_menu(location.to_i32_floor(), false);
                }
                is_bare && button == RIGHT
            }
        };
        if is_mine {
            self.chooser.pressed.insert(button);
        }
        is_mine
    }

    /// A button went up. Returns whether it is not for clients.
    pub(crate) fn release_chooser(&mut self, button: u32) -> bool {
        let is_mine = self.chooser.pressed.remove(&button);
        let location = self.input.pointer.current_location();
        if let Some(list) = self.chooser.list.as_mut().filter(|_| is_mine) {
            // The click that brought the menu chooses nothing.
            let is_armed = list.kind != Kind::Menu { armed: false };
            if let Kind::Menu { armed } = &mut list.kind {
                *armed = true;
            }
            if is_armed && let Some(row) = list.row_at(location) {
                list.chosen = Some(row);
                self.choose();
                // There may be another list now.
                self.point_at_chooser(location);
            }
        }
        is_mine
    }

    /// The pointer was moved, perhaps over a list.
    pub(crate) fn point_at_chooser(&mut self, location: Point<f64, Logical>) {
        let Some(list) = &mut self.chooser.list else {
            return;
        };
        let row = list.row_at(location);
        if row.is_some() && list.chosen != row {
            if let Kind::Menu { armed } = &mut list.kind {
                *armed = true;
            }
            list.chosen = row;
            self.clock.queue();
        }
    }

    /// A wheel is turned while there is a list. `direction`: 1 is down, -1 up.
    pub(crate) fn scroll_chooser(&mut self, axis: Axis, direction: i32) {
        let location = self.input.pointer.current_location();
        if let Some(list) = &mut self.chooser.list
            && axis == Axis::Vertical
        {
            list.scroll(direction as isize * WHEEL);
            list.chosen = list.row_at(location);
            self.clock.queue();
        }
    }

    /// Brings the menu, whatever covers the desktop: in the middle of what viewers see.
    pub(crate) fn open_menu_by_key(&mut self) {
        let room = self.seen();
        let corner = room.loc + Point::from(((room.size.w - WIDTH) / 2, room.size.h / 4));
        self.open_menu(corner, true);
    }

    fn open_menu(&mut self, corner: Point<i32, Logical>, armed: bool) {
        self.chooser.wants_applications = true;
        self.show_menu(corner, armed);
    }

    /// `armed`: see [`Kind::Menu`].
    pub(super) fn show_menu(&mut self, corner: Point<i32, Logical>, armed: bool) {
        let mut rows = self.rows_of_windows();
        // A program often has the name of its window.
        if !rows.is_empty() && !self.chooser.applications.is_empty() {
            rows.insert(0, Row::heading("Windows"));
            rows.extend([Row::line(), Row::heading("Programs")]);
        }
        let applications = &self.chooser.applications;
        let is_listed = |it: &&Application| applications.len() <= FEW || it.category.is_empty();
        rows.extend(applications.iter().filter(is_listed).map(launch));
        if applications.len() > FEW {
            let others = applications.iter().filter(|it| !it.category.is_empty());
            let categories: BTreeSet<&str> = others.map(|it| it.category.as_str()).collect();
            let categories = categories.into_iter();
            rows.extend(categories.map(|category| {
                Row::new(
                    format!("{category} ›"),
                    Choice::Category(category.to_owned()),
                )
            }));
        }
        self.show_rows(rows, corner, armed);
    }

    pub(super) fn show_category(&mut self, category: &str, corner: Point<i32, Logical>) {
        let applications = self.chooser.applications.iter();
        let applications = applications.filter(|it| it.category == category);
        let mut rows = vec![Row::new("‹ Back", Choice::Top)];
        rows.extend(applications.map(launch));
        self.show_rows(rows, corner, true);
    }

    fn show_rows(&mut self, rows: Vec<Row>, corner: Point<i32, Logical>, armed: bool) {
        let list = List::new(Kind::Menu { armed }, rows, WIDTH, corner, self.seen());
        self.show_list(list);
    }
}

fn launch(application: &Application) -> Row {
    Row::new(
        application.name.clone(),
        Choice::Launch(application.command.clone()),
    )
}
