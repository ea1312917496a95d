//! What is copied, between Wayland clients and viewers, both ways.
//!
//! Viewers and the session share one thing: what was copied last, whoever did. At first only its
//! formats are told. Its data is fetched when somebody wants it ([`fetch`]): a viewer, which is
//! given it packed ([`answer`]), or a Wayland client that pastes what a viewer copied ([`paste`]).
//! Only what a viewer copied is fetched unasked when something else is copied that leaves it
//! selected: the viewer, which has one clipboard, could not give it later.
//! Pipes never block ([`pipe`]), what takes time is done by a worker, and whoever neither gives
//! nor takes is given up after a while.

mod answer;
mod dib;
mod fetch;
mod mime;
mod paste;
mod picture;
mod pipe;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};

use calloop::LoopHandle;
use calloop::ping::make_ping;
use rfb::{ClipboardFormat, ClipboardFormats};
use smithay::wayland::selection::SelectionTarget;
use smithay::wayland::selection::data_device::{
    clear_data_device_selection, current_data_device_selection_userdata, set_data_device_selection,
};
use smithay::wayland::selection::primary_selection::{
    clear_primary_selection, current_primary_selection_userdata, set_primary_selection,
};

use crate::remote::{Answer, ViewerId, Wanted};
use crate::state::Offing;
use crate::workers::Workers;
use fetch::Waiting;
use mime::MimeType;
use pipe::Transfer;

/// How many tasks the worker may have at the same time. Each may keep 16 MiB, or a picture.
const MAX_TASKS: usize = 32;
/// How many clients may be pasting at the same time.
const MAX_PASTES: usize = 16;

/// Both clipboards of the session.
const TARGETS: [SelectionTarget; 2] = [SelectionTarget::Clipboard, SelectionTarget::Primary];

/// Which ways one of the session's clipboards is shared with viewers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Viewers get what Wayland clients copy.
    pub to_viewers: bool,
    /// Wayland clients get what viewers copy.
    pub from_viewers: bool,
}

impl Exchange {
    /// Both ways.
    pub const BOTH: Self = Self {
        to_viewers: true,
        from_viewers: true,
    };
    /// Not at all.
    pub const OFF: Self = Self {
        to_viewers: false,
        from_viewers: false,
    };
}

/// The data of a copy in one format, as viewers' clipboards have it.
type Data = Arc<Vec<u8>>;

/// Something that was copied: its formats, and as much of its data as has come.
pub struct Copied(BTreeMap<ClipboardFormat, OnceLock<Data>>);

impl Copied {
    fn new(formats: ClipboardFormats) -> Self {
        Self(formats.iter().map(|it| (it, OnceLock::new())).collect())
    }

    fn formats(&self) -> ClipboardFormats {
        self.0.keys().copied().collect()
    }

    fn get(&self, format: ClipboardFormat) -> Option<&Data> {
        self.0.get(&format)?.get()
    }

    /// Puts data in, unless there is some, or the format is none of its own.
    fn put(&self, format: ClipboardFormat, data: Vec<u8>) {
        if let Some(place) = self.0.get(&format) {
            let _ = place.set(Arc::new(data));
        }
    }

    fn has_data(&self) -> bool {
        self.0.values().any(|place| place.get().is_some())
    }
}

/// Who has the data of a copy.
#[derive(Debug, PartialEq, Eq)]
enum Owner {
    /// A Wayland client, in this clipboard, under these names.
    Client(SelectionTarget, Vec<MimeType>),
    Viewer(ViewerId),
    /// What has come is all that there will be.
    Nobody,
}

/// What was copied last, or is kept.
struct Current {
    copied: Arc<Copied>,
    owner: Owner,
    /// The viewer that copied it, if one did: it does not get it back.
    from: Option<ViewerId>,
    /// Viewers may have it.
    to_viewers: bool,
    /// Who waits for data.
    waiting: Vec<Waiting>,
    /// What is being read from the client that has it; `None` once the worker has that.
    reads: BTreeMap<ClipboardFormat, Option<Transfer>>,
    /// What the worker packs, and the viewers that wait for it.
    packing: Vec<(Wanted, Vec<ViewerId>)>,
    /// What was packed last, for others that want the same.
    packed: Option<(Wanted, Answer)>,
}

/// See the [module](self).
pub(crate) struct Clipboard {
    clipboard: Exchange,
    primary: Exchange,
    current: Option<Current>,
    /// What a viewer copied before, while its data is on the way: it is still selected.
    kept: Option<Current>,
    /// What Wayland clients have in the clipboards that viewers get something of.
    of_clients: Vec<(SelectionTarget, Vec<MimeType>)>,
    /// The formats that viewers were told of last, or are to be told of.
    offered: ClipboardFormats,
    /// Viewers get nothing for now.
    withheld: bool,
    worker: Workers<Finish>,
    tasks: Places,
    /// What is to be done if a task fails.
    failures: BTreeMap<u64, Failed>,
    pastes: Places,
    /// What is being written to clients that paste.
    writes: BTreeMap<u64, (Transfer, Place)>,
    last_number: u64,
}

/// A limited number of places.
struct Places {
    /// Each place is a clone.
    taken: Place,
    most: usize,
    /// The last one to come found none, and that was logged.
    are_full: bool,
}

/// A place that is taken for as long as the value is there.
type Place = Arc<()>;

impl Places {
    fn new(most: usize) -> Self {
        Self {
            taken: Place::default(),
            most,
            are_full: false,
        }
    }

    fn take(&mut self) -> Option<Place> {
        let are_full = Arc::strong_count(&self.taken) > self.most;
        if are_full && !self.are_full {
            tracing::warn!("too much is copied and pasted at once: some of it does not come");
        }
        self.are_full = are_full;
        (!are_full).then(|| self.taken.clone())
    }
}

/// What is to be done when the worker has done its part.
type Finish = Box<dyn FnOnce(&mut Offing) + Send>;
/// What is to be done when it could not.
type Failed = Box<dyn FnOnce(&mut Offing)>;

impl Clipboard {
    pub(crate) fn new(
        handle: &LoopHandle<'static, Offing>,
        clipboard: Exchange,
        primary: Exchange,
    ) -> io::Result<Self> {
        let (done, finished) = make_ping()?;
        handle
            .insert_source(finished, |(), (), offing| offing.finish_tasks())
            .map_err(|error| io::Error::from(error.error))?;
        Ok(Self {
            clipboard,
            primary,
            current: None,
            kept: None,
            of_clients: Vec::new(),
            offered: ClipboardFormats::NONE,
            withheld: false,
            worker: Workers::start("clipboard", 1, done)?,
            tasks: Places::new(MAX_TASKS),
            failures: BTreeMap::new(),
            pastes: Places::new(MAX_PASTES),
            writes: BTreeMap::new(),
            last_number: 0,
        })
    }

    fn exchange(&self, target: SelectionTarget) -> Exchange {
        match target {
            SelectionTarget::Clipboard => self.clipboard,
            SelectionTarget::Primary => self.primary,
        }
    }

    /// What was copied last, if it is this.
    fn current_if(&mut self, copied: &Arc<Copied>) -> Option<&mut Current> {
        let current = self.current.as_mut();
        current.filter(|current| Arc::ptr_eq(&current.copied, copied))
    }

    /// All whose data can still be had.
    fn all(&mut self) -> impl Iterator<Item = &mut Current> {
        self.current.iter_mut().chain(&mut self.kept)
    }

    /// This, if its data can still be had.
    fn find(&mut self, copied: &Arc<Copied>) -> Option<&mut Current> {
        self.all().find(|it| Arc::ptr_eq(&it.copied, copied))
    }

    /// A number that nothing else here has.
    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

impl Offing {
    /// A Wayland client copied something that it has under these names; none if it takes back what
    /// it copied.
    pub(crate) fn client_copied(&mut self, target: SelectionTarget, names: &[String]) {
        if !self.clipboard.exchange(target).to_viewers {
            return;
        }
        let of_clients = &mut self.clipboard.of_clients;
        of_clients.retain(|(it, _)| *it != target);
        if names.is_empty() {
            return self.client_withdraws(target);
        }
        let types = mime::best(names);
        of_clients.push((target, types.clone()));
        self.keep_elsewhere(target);
        self.offer_of_client(target, types);
    }

    /// Viewers get what a Wayland client has in a clipboard under these names.
    fn offer_of_client(&mut self, target: SelectionTarget, types: Vec<MimeType>) {
        let formats: ClipboardFormats = types.iter().map(|it| it.format()).collect();
        let copied = Arc::new(Copied::new(formats));
        self.set_current(copied, Owner::Client(target, types), true, None);
    }

    /// There is nothing in a clipboard any more: viewers get what there is in the other one.
    fn client_withdraws(&mut self, target: SelectionTarget) {
        if let Some(current) = &self.clipboard.current {
            let mut others = TARGETS.into_iter().filter(|it| *it != target);
            let stays = others.any(|other| {
                matches!(current.owner, Owner::Client(its, _) if its == other)
                    || self.is_selected(other, &current.copied)
            });
            if stays {
                return;
            }
        }
        match self.clipboard.of_clients.first().cloned() {
            Some((other, types)) => self.offer_of_client(other, types),
            None => self.offer_of_client(target, Vec::new()),
        }
    }

    /// A viewer copied a text.
    pub(crate) fn viewer_copied_text(&mut self, viewer: ViewerId, text: String) {
        let copied = Copied::new([ClipboardFormat::Text].into_iter().collect());
        copied.put(ClipboardFormat::Text, text.into_bytes());
        self.select(viewer, copied, Owner::Nobody);
    }

    /// A viewer copied something; none if it has nothing any more.
    pub(crate) fn viewer_copied(&mut self, viewer: ViewerId, formats: ClipboardFormats) {
        match formats.is_empty() {
            true => self.viewer_withdraws(viewer),
            false => self.select(viewer, Copied::new(formats), Owner::Viewer(viewer)),
        }
    }

    /// A viewer will give nothing any more: it left, or may only watch. What has come stays.
    pub(crate) fn viewer_withdraws(&mut self, viewer: ViewerId) {
        let owner = Owner::Viewer(viewer);
        let Some(current) = self.clipboard.all().find(|it| it.owner == owner) else {
            return;
        };
        current.owner = Owner::Nobody;
        let copied = current.copied.clone();
        self.fetch(&copied);
        if copied.has_data() {
            return;
        }
        for target in TARGETS {
            if self.is_selected(target, &copied) {
                self.deselect(target);
            }
        }
        if self.clipboard.current_if(&copied).is_some() {
            let nothing = Arc::new(Copied::new(ClipboardFormats::NONE));
            self.set_current(nothing, Owner::Nobody, false, Some(viewer));
        }
    }

    /// Whether Wayland clients can paste this, which a viewer copied, from a clipboard.
    fn is_selected(&self, target: SelectionTarget, copied: &Arc<Copied>) -> bool {
        let seat = &self.input.seat;
        let selected = match target {
            SelectionTarget::Clipboard => current_data_device_selection_userdata(seat),
            SelectionTarget::Primary => current_primary_selection_userdata(seat),
        };
        selected.is_some_and(|it| Arc::ptr_eq(&it, copied))
    }

    fn deselect(&self, target: SelectionTarget) {
        let (display, seat) = (&self.display, &self.input.seat);
        match target {
            SelectionTarget::Clipboard => clear_data_device_selection(display, seat),
            SelectionTarget::Primary => clear_primary_selection(display, seat),
        }
    }

    /// Makes what a viewer copied the selections of the Wayland clients that viewers may set.
    fn select(&mut self, viewer: ViewerId, copied: Copied, owner: Owner) {
        let exchange = |target| self.clipboard.exchange(target);
        let mut targets = TARGETS.to_vec();
        targets.retain(|target| exchange(*target).from_viewers);
        if targets.is_empty() {
            return;
        }
        let to_viewers = targets.iter().any(|target| exchange(*target).to_viewers);
        let names = mime::names(copied.formats());
        let copied = Arc::new(copied);
        for target in targets {
            self.clipboard.of_clients.retain(|(it, _)| *it != target);
            let (names, copied) = (names.clone(), copied.clone());
            let (display, seat) = (&self.display, &self.input.seat);
            match target {
                SelectionTarget::Clipboard => {
                    set_data_device_selection(display, seat, names, copied);
                }
                SelectionTarget::Primary => set_primary_selection(display, seat, names, copied),
            }
        }
        self.clipboard.kept = None;
        self.set_current(copied, owner, to_viewers, Some(viewer));
    }

    /// Something else was copied: nobody gets the old for the new. Viewers are told, but for the one
    /// that it is from.
    fn set_current(
        &mut self,
        copied: Arc<Copied>,
        owner: Owner,
        to_viewers: bool,
        from: Option<ViewerId>,
    ) {
        let formats = match to_viewers {
            true => copied.formats(),
            false => ClipboardFormats::NONE,
        };
        self.clipboard.current = Some(Current {
            copied,
            owner,
            from,
            to_viewers,
            waiting: Vec::new(),
            reads: BTreeMap::new(),
            packing: Vec::new(),
            packed: None,
        });
        if !formats.is_empty() || !self.clipboard.offered.is_empty() {
            self.clipboard.offered = formats;
            if !self.clipboard.withheld {
                self.remote.offer_clipboard(formats, from);
            }
        }
    }

    /// Viewers get nothing of what was copied from now on, or can have it again.
    pub(crate) fn withhold_clipboard(&mut self, withheld: bool) {
        self.clipboard.withheld = withheld;
        let offered = self.clipboard.offered;
        if offered.is_empty() {
            return;
        }
        let from = self.clipboard.current.as_ref().and_then(|it| it.from);
        match withheld {
            true => self.remote.offer_clipboard(ClipboardFormats::NONE, None),
            false => self.remote.offer_clipboard(offered, from),
        }
    }

    /// Has the worker do something. If it has too much to do, or panics, `failed` is done.
    fn work(
        &mut self,
        task: impl FnOnce() -> Finish + Send + 'static,
        failed: impl FnOnce(&mut Self) + 'static,
    ) {
        let clipboard = &mut self.clipboard;
        let Some(place) = clipboard.tasks.take() else {
            return failed(self);
        };
        let number = clipboard.next_number();
        clipboard.failures.insert(number, Box::new(failed));
        clipboard.worker.submit(number, move || {
            let finish = task();
            drop(place);
            finish
        });
    }

    /// Goes on with what the worker has done.
    fn finish_tasks(&mut self) {
        for (number, finish) in self.clipboard.worker.finished() {
            let failed = self.clipboard.failures.remove(&number);
            match (finish, failed) {
                (Some(finish), _) => finish(self),
                (None, Some(failed)) => failed(self),
                (None, None) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::{Config, Server};

    #[test]
    fn what_the_worker_cannot_do_is_a_failure() {
        let config = Config::new("test", rfb::Size::new(16, 16));
        let mut server = Server::new(config).unwrap();
        let failures = Rc::new(Cell::new(0));
        let fail = |offing: &mut Offing| {
            let failures = failures.clone();
            offing.work(
                || panic!("a test of panics: this message is expected"),
                move |_| failures.set(failures.get() + 1),
            );
        };
        fail(&mut server.state);
        let deadline = Instant::now() + Duration::from_secs(20);
        while failures.get() == 0 {
            assert!(Instant::now() < deadline, "nobody hears of the panic");
            let left = deadline.saturating_duration_since(Instant::now());
            server.turn(Some(left)).unwrap();
        }
        server.state.clipboard.tasks = Places::new(0);
        fail(&mut server.state);
        assert_eq!(failures.get(), 2);
        assert!(server.state.clipboard.failures.is_empty());
    }
}
