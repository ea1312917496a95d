use offing_tests::Result;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols::ext::foreign_toplevel_list::v1::client::ext_foreign_toplevel_list_v1::ExtForeignToplevelListV1;
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_handle_v1::State;
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_manager_v1::ZwlrForeignToplevelManagerV1;

use super::chance::Chance;
use super::program::Program;
use crate::raw::{Own, bind};
use crate::toplevels::{Row, Taskbar};

/// What a list should say of a window.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) title: Option<String>,
    pub(super) active: bool,
    pub(super) minimized: bool,
}

/// The lists of windows that a program has.
#[derive(Default)]
pub(super) struct Lists {
    managing: List<ZwlrForeignToplevelManagerV1>,
    showing: List<ExtForeignToplevelListV1>,
}

/// A list, and what comes into it while that is wanted.
struct List<M> {
    manager: Option<M>,
    rows: Taskbar,
    /// It does not know all windows.
    has_gaps: bool,
}

impl<M> Default for List<M> {
    fn default() -> Self {
        Self {
            manager: None,
            rows: Taskbar::default(),
            has_gaps: false,
        }
    }
}

impl<M> List<M> {
    /// A window that is in it.
    fn pick(&self, chance: &mut Chance) -> Option<Row> {
        let rows = self.rows.rows();
        let rows: Vec<_> = rows.iter().filter(|row| !row.closed).collect();
        chance.pick(&rows).copied().cloned()
    }

    /// Gives up the windows that are gone, and those for which `is_wanted` does not hold.
    fn tidy(&mut self, mut is_wanted: impl FnMut() -> bool) {
        let mut has_gaps = false;
        self.rows.slots().retain(|slot| {
            let row = slot.row();
            let stays = !row.closed && is_wanted();
            if !stays {
                has_gaps |= !row.closed;
                row.wlr.iter().for_each(|handle| handle.destroy());
                row.ext.iter().for_each(|handle| handle.destroy());
            }
            stays
        });
        self.has_gaps |= has_gaps;
    }

    /// What it says that is not so.
    fn fault(&self, windows: &[Known]) -> Option<String> {
        let rows: Vec<_> = self.rows.rows();
        let rows: Vec<_> = rows.iter().filter(|row| !row.closed).collect();
        for row in &rows {
            let title = Some(row.title.as_str());
            let window = windows.iter().find(|it| it.title.as_deref() == title);
            let Some(window) = window else {
                return Some(format!("{title:?} is listed and not there"));
            };
            let said = (row.is(State::Activated), row.is(State::Minimized));
            if row.wlr.is_some() && said != (window.active, window.minimized) {
                return Some(format!(
                    "{window:?} is listed as active, minimized: {said:?}"
                ));
            }
        }
        let is_whole = self.manager.is_some() && !self.has_gaps;
        (is_whole && rows.len() != windows.len())
            .then(|| format!("{} of {} windows are listed", rows.len(), windows.len()))
    }
}

/// What a program does with the windows of others.
impl Program {
    pub(super) fn use_lists(&mut self, chance: &mut Chance) -> Result<String> {
        let (client, lists) = (&self.client, &mut self.lists);
        let (managing, showing) = (&mut lists.managing, &mut lists.showing);
        managing.tidy(|| true);
        showing.tidy(|| true);
        let did = match chance.below(16) {
            0 if managing.manager.is_some() => {
                // It is gone with that.
                managing.manager.take().inspect(|it| it.stop());
                "stops managing windows"
            }
            1 if showing.manager.is_some() => {
                let list = showing.manager.take();
                if chance.flip() {
                    list.inspect(|it| it.stop());
                } else {
                    list.inspect(|it| it.destroy());
                }
                "stops listing windows"
            }
            2 => {
                managing.tidy(|| chance.flip());
                showing.tidy(|| chance.flip());
                "gives up windows of its lists"
            }
            3 if managing.manager.is_none() => {
                managing.tidy(|| false);
                *managing = List::default();
                managing.manager = Some(managing.rows.bind(client, 3)?);
                "begins to manage windows"
            }
            4 if showing.manager.is_none() => {
                showing.tidy(|| false);
                *showing = List::default();
                showing.manager = Some(showing.rows.bind(client, 1)?);
                "begins to list windows"
            }
            _ => return self.manage(chance),
        };
        self.client.flush()?;
        Ok(did.to_owned())
    }

    /// Does something with a window that is listed.
    fn manage(&mut self, chance: &mut Chance) -> Result<String> {
        let row = self.lists.managing.pick(chance);
        let Some((title, handle)) = row.and_then(|row| Some((row.title, row.wlr?))) else {
            return Ok("has no list of windows".to_owned());
        };
        let did = match chance.below(16) {
            0..4 => {
                let seat: WlSeat = bind(&self.client, 1, &Own::default())?;
                handle.activate(&seat);
                "activates"
            }
            4..7 => {
                handle.set_minimized();
                "minimizes"
            }
            7 | 8 => {
                handle.unset_minimized();
                "brings back"
            }
            9 => {
                handle.set_maximized();
                "maximizes"
            }
            10 => {
                handle.unset_maximized();
                "no longer maximizes"
            }
            11 => {
                handle.set_fullscreen(None);
                "fills the screen with"
            }
            12 => {
                handle.unset_fullscreen();
                "no longer fills the screen with"
            }
            13 if chance.flip() => {
                handle.close();
                "closes"
            }
            _ => {
                if let Some(thing) = self.things.first() {
                    let surface = self.client.wl_surface(thing.surface);
                    handle.set_rectangle(surface, 0, 0, chance.between(0, 20), 10);
                }
                "has a place in its bar for"
            }
        };
        self.client.flush()?;
        Ok(format!("{did} the listed {title}"))
    }

    /// What its lists say that is not so.
    pub(super) fn lists_at_fault(&self, windows: &[Known]) -> Option<String> {
        let managing = self.lists.managing.fault(windows);
        managing.or_else(|| self.lists.showing.fault(windows))
    }
}
