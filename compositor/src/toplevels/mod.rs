//! Lists of windows, which taskbars and the like show. What has changed is told once a turn, a
//! part at a time, and to no client that reads so little that it would pile up.

mod handle;

use std::collections::{BTreeMap, BTreeSet};

use smithay::reexports::wayland_protocols::ext::foreign_toplevel_list::v1::server::ext_foreign_toplevel_list_v1::ExtForeignToplevelListV1;
use smithay::reexports::wayland_server::backend::InvalidId;
use smithay::reexports::wayland_server::protocol::wl_output::WlOutput;
use smithay::reexports::wayland_server::{Client, DisplayHandle};

use crate::state::Offing;
use crate::window::Summary;

pub(crate) use handle::{Handle, Manager};

/// So many windows are told of in one turn in each list: there is room for that many, however long
/// their titles are.
const BATCH: usize = 64;

/// The lists that clients have.
#[derive(Default)]
pub(crate) struct Toplevels {
    lists: Vec<List>,
    /// The windows that were told of last.
    windows: Vec<Summary>,
    /// Somebody does not know everything.
    behind: bool,
}

/// One client's list.
struct List {
    client: Client,
    manager: Manager,
    /// The client wants to know of no more windows than it knows.
    stopped: bool,
    /// By the windows' numbers.
    entries: BTreeMap<u64, Entry>,
}

/// A window in a list.
struct Entry {
    handle: Handle,
    /// What the client knows of the window.
    told: Option<Summary>,
    /// On which outputs it knows it to be.
    outputs: Vec<WlOutput>,
}

/// How far a list has come.
#[derive(PartialEq)]
enum Progress {
    Done,
    /// The rest is told in the next turn.
    More,
}

impl Toplevels {
    /// A client wants to know of no more windows than it knows.
    pub(crate) fn stop(&mut self, stopped: &ExtForeignToplevelListV1) {
        let is_it = |list: &&mut List| matches!(&list.manager, Manager::Ext(it) if it == stopped);
        if let Some(list) = self.lists.iter_mut().find(is_it) {
            list.stopped = true;
        }
    }

    /// How many lists there are.
    pub(crate) fn count(&self) -> usize {
        self.lists.len()
    }

    /// A client has an output more.
    pub(crate) fn output_bound(&mut self) {
        self.behind = true;
    }
}

impl Offing {
    /// A client wants to know the windows.
    pub(crate) fn list_toplevels(&mut self, client: &Client, manager: Manager) {
        self.toplevels.lists.push(List {
            client: client.clone(),
            manager,
            stopped: false,
            entries: BTreeMap::new(),
        });
        self.toplevels.behind = true;
    }

    /// Tells all lists what they do not know yet.
    pub(crate) fn tell_toplevels(&mut self) {
        let toplevels = &mut self.toplevels;
        toplevels.lists.retain(List::is_used);
        if toplevels.lists.is_empty() {
            return;
        }
        let windows = self.desktop.summaries();
        if windows == toplevels.windows && !toplevels.behind {
            return;
        }
        toplevels.behind = false;
        let mut lists = std::mem::take(&mut toplevels.lists);
        for list in &mut lists {
            if self.gate.is_full(&list.client) {
                // There will be a turn when it reads.
                self.toplevels.behind = true;
                continue;
            }
            let outputs: Vec<_> = self.screen.output().client_outputs(&list.client).collect();
            let before = list.entries.len();
            let progress = list.tell(&windows, &outputs, &self.display);
            let more = list.entries.len().saturating_sub(before);
            self.objects_given(&list.client, more);
            if progress == Progress::More {
                self.toplevels.behind = true;
                self.wake.ping();
            }
        }
        self.toplevels.lists = lists;
        self.toplevels.windows = windows;
    }
}

impl List {
    /// Whether its client can still be told anything.
    fn is_used(&self) -> bool {
        let mut handles = self.entries.values().map(|entry| &entry.handle);
        self.takes_more() || handles.any(Handle::is_alive)
    }

    /// Whether its client wants to know of new windows.
    fn takes_more(&self) -> bool {
        !self.stopped && self.manager.is_alive()
    }

    /// Tells the client of these windows.
    fn tell(
        &mut self,
        windows: &[Summary],
        outputs: &[WlOutput],
        display: &DisplayHandle,
    ) -> Progress {
        let numbers: BTreeSet<u64> = windows.iter().map(|window| window.number).collect();
        self.entries.retain(|number, entry| {
            let stays = numbers.contains(number);
            if !stays {
                entry.handle.closed();
            }
            stays
        });
        let is_new = |window: &&Summary| !self.entries.contains_key(&window.number);
        let new = windows.iter().filter(is_new);
        let new: Vec<_> = new.take_while(|_| self.takes_more()).collect();
        // All of them first: one may be another's parent.
        for window in new.iter().take(BATCH) {
            // Fails if the client is gone.
            let _ = self.announce(window, display);
        }
        if new.len() > BATCH {
            return Progress::More;
        }
        let mut told = 0;
        for window in windows {
            let is_known =
                |entry: &Entry| entry.told.as_ref() == Some(window) && entry.outputs == outputs;
            if self.entries.get(&window.number).is_none_or(is_known) {
                continue;
            }
            if told == BATCH {
                return Progress::More;
            }
            told += 1;
            self.tell_of(window, outputs);
        }
        Progress::Done
    }

    fn announce(&mut self, window: &Summary, display: &DisplayHandle) -> Result<(), InvalidId> {
        let entry = Entry {
            handle: self.manager.announce(&self.client, display, window)?,
            told: None,
            outputs: Vec::new(),
        };
        self.entries.insert(window.number, entry);
        Ok(())
    }

    fn tell_of(&mut self, window: &Summary, outputs: &[WlOutput]) {
        let parent = window.parent.and_then(|parent| self.entries.get(&parent));
        let parent = parent.map(|parent| parent.handle.clone());
        if let Some(entry) = self.entries.get_mut(&window.number) {
            let new_outputs = outputs.iter().filter(|it| !entry.outputs.contains(it));
            new_outputs.for_each(|output| entry.handle.entered(output));
            entry
                .handle
                .changed(entry.told.as_ref(), window, parent.as_ref());
            entry.told = Some(window.clone());
            entry.outputs = outputs.to_vec();
        }
    }
}
