//! Going from window to window while Alt is held.

use smithay::utils::Point;

use super::{Choice, Kind, List, ROW, Row};
use crate::icon::icon_of;
use crate::state::Offing;
use crate::window::Window;

/// How wide the list is, in logical units, if there is room.
const WIDTH: i32 = 480;

impl Offing {
    /// Chooses the next window, or the one before: those that were used last come first.
    pub(crate) fn switch_windows(&mut self, back: bool) {
        if self.chooser.list.is_none() {
            let rows = self.rows_of_windows();
            if rows.is_empty() {
                return;
            }
            let room = self.seen();
            let height = ROW.saturating_mul(i32::try_from(rows.len()).unwrap_or(i32::MAX));
            let (free_x, free_y) = (room.size.w - WIDTH, room.size.h.saturating_sub(height));
            let corner = room.loc + Point::from((free_x / 2, free_y / 2));
            let mut list = List::new(Kind::Switcher, rows, WIDTH, corner, room);
            // The one that has the keyboard is not what is looked for.
            let active = self.desktop.active().map(Window::surface);
            let is_active =
                |row: &Row| matches!(&row.choice, Choice::Window(it) if Some(it) == active);
            list.chosen = list.rows.iter().position(is_active);
            self.show_list(list);
        }
        if let Some(list) = &mut self.chooser.list {
            list.step(back);
            self.clock.queue();
        }
    }

    /// A modifier was released: without Alt the window that is chosen is switched to.
    pub(crate) fn finish_switching(&mut self) {
        let is_switching = self
            .chooser
            .list
            .as_ref()
            .is_some_and(|it| it.kind == Kind::Switcher);
        if is_switching && !self.input.keyboard.modifier_state().alt {
            self.choose();
        }
    }

    /// All windows, those that were used last first.
    pub(super) fn rows_of_windows(&self) -> Vec<Row> {
        let windows = self.desktop.summaries().into_iter().rev();
        let rows = windows.map(|window| {
            let icon = icon_of(&window.surface);
            let text = match (window.title.is_empty(), window.app_id.is_empty()) {
                (false, _) => window.title,
                (true, false) => window.app_id,
                (true, true) => "(a window without a title)".to_owned(),
            };
            let mut row = Row::new(text, Choice::Window(window.surface));
            row.is_faint = window.minimized;
            row.icon = icon;
            row
        });
        rows.collect()
    }
}
