//! What one Wayland client may take up. Whoever wants more is told "no memory", and disconnected.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::time::{Duration, Instant};

use smithay::reexports::wayland_server::backend::{ClientId, ObjectId};
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_shm_pool::WlShmPool;
use smithay::reexports::wayland_server::{Client, Resource};
use smithay::wayland::shm::with_buffer_contents;

use crate::clients::devices::Device;
use crate::clients::gate::Passed;
use crate::clients::socket::ClientState;
use crate::descriptors::{self, FileId};
use crate::state::Offing;

/// The shortest request that makes an object, in bytes: a header and the object's number.
const SHORTEST: usize = 12;
/// `wl_display.error.no_memory`.
const NO_MEMORY: u32 = 2;
/// A client with no more descriptors than these is never disconnected for them.
const UNSUSPICIOUS: usize = 64;
/// How many states of a client's surfaces wait: each commit looks through all of them.
const MAX_WAITING: usize = 256;
/// More keymaps in a second than these nobody needs, and each takes milliseconds.
const MAX_KEYMAPS: u32 = 8;

/// What Wayland clients may take up. Each but the first is for one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Clients at the same time. Those that come when there are so many are turned away, and those
    /// of sandboxes when these have half of the places.
    pub clients: usize,
    /// Objects: surfaces, buffers, callbacks and all others.
    pub objects: usize,
    /// Surfaces among them.
    pub surfaces: usize,
    /// Pools of shared memory that exist, or that buffers are still in.
    pub pools: usize,
    /// Bytes of these pools.
    pub pool_bytes: u64,
    /// Bytes that requests leave in objects: the rectangles of regions, icons, and the names of
    /// types of copied data and of programs.
    pub left_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 256,
            objects: 16_384,
            // smithay looks through all of them for each that goes.
            surfaces: 4096,
            pools: 1024,
            pool_bytes: 4 << 30,
            left_bytes: 4 << 20,
        }
    }
}

/// What a client takes up. Counting costs time, so what is kept is an upper bound (but for the few
/// offers that come with the keyboard), and is counted only when it passes a limit.
#[derive(Default)]
pub(crate) struct Ledger {
    objects: usize,
    surfaces: usize,
    /// States of surfaces that were committed and wait for something.
    waiting: usize,
    pools: usize,
    pool_bytes: u64,
    /// The bytes of each pool that the client has not destroyed, by its number.
    existing: BTreeMap<u32, u64>,
    /// Descriptors that came and may still be open: of pools, whoever holds these, and for pasting.
    descriptors: usize,
    /// How many of them are of the same file.
    files: BTreeMap<FileId, usize>,
    /// How many devices of each kind there are.
    pub(super) devices: BTreeMap<Device, usize>,
    /// The bytes that requests left in parts of objects, by the objects' numbers.
    left: BTreeMap<(u32, Part), usize>,
    left_bytes: usize,
    /// Keymaps that came, and when the first of them did.
    keymaps: (Option<Instant>, u32),
}

/// Where in an object requests leave something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// What the object is there for.
    Own,
    /// A surface's copy of a region.
    OpaqueRegion,
    /// See [`Part::OpaqueRegion`].
    InputRegion,
    /// Copies of these two that a surface has committed.
    Committed,
}

impl Ledger {
    /// Counts the descriptors that are still open, given how many are of each file: not those of
    /// others who passed the same file.
    fn count_descriptors(&mut self, open: &BTreeMap<FileId, usize>) -> usize {
        self.files.retain(|file, count| {
            *count = (*count).min(open.get(file).copied().unwrap_or(0));
            *count > 0
        });
        self.descriptors = self.files.values().sum();
        self.descriptors
    }
}

impl Offing {
    /// Clients' requests have been served: sees whether they made too much of anything.
    pub(crate) fn bound_clients(&mut self, passed: &[Passed]) {
        for Passed {
            client,
            state,
            bytes,
            files,
        } in passed
        {
            let mut ledger = state.ledger();
            ledger.objects += bytes / SHORTEST;
            ledger.descriptors += files.len();
            for file in files {
                *ledger.files.entry(*file).or_default() += 1;
            }
            let is_suspect = ledger.objects > self.limits.objects;
            drop(ledger);
            if is_suspect {
                let objects = self.objects_of(client).len();
                state.ledger().objects = objects;
                if objects > self.limits.objects {
                    let most = self.limits.objects;
                    self.expel(client, &format!("more than {most} objects"));
                }
            }
        }
        if passed.iter().any(|passed| !passed.files.is_empty()) {
            self.bound_descriptors(passed);
        }
    }

    /// A client made a surface.
    pub(crate) fn surface_made(&mut self, client: &Client) {
        let Some(state) = client.get_data::<ClientState>() else {
            return;
        };
        let mut ledger = state.ledger();
        ledger.surfaces += 1;
        let too_much = ledger.surfaces > self.limits.surfaces;
        drop(ledger);
        if too_much {
            let reason = format!("more than {} surfaces", self.limits.surfaces);
            self.expel(&client.id(), &reason);
        }
    }

    /// A client destroyed a surface.
    pub(crate) fn surface_destroyed(&self, client: ClientId) {
        if let Some(state) = self.state_of(client) {
            state.ledger().surfaces -= 1;
        }
    }

    /// A client committed a state of a surface, which may have to wait.
    pub(crate) fn state_made(&mut self, client: &Client) {
        let Some(state) = client.get_data::<ClientState>() else {
            return;
        };
        let mut ledger = state.ledger();
        ledger.waiting += 1;
        let too_much = ledger.waiting > MAX_WAITING;
        drop(ledger);
        if too_much {
            let reason = format!("more than {MAX_WAITING} commits that wait");
            self.expel(&client.id(), &reason);
        }
    }

    /// So many states of a client's surface wait no longer.
    pub(crate) fn states_gone(&self, client: ClientId, count: usize) {
        if let Some(state) = self.state_of(client) {
            let mut ledger = state.ledger();
            ledger.waiting = ledger.waiting.saturating_sub(count);
        }
    }

    /// A descriptor that came is open for as long as its pool, a buffer of that or a surface with
    /// such a buffer is there, or until a request takes it. When hardly any are left, whoever has
    /// the most is disconnected.
    fn bound_descriptors(&mut self, passed: &[Passed]) {
        let most = self.limits.pools + UNSUSPICIOUS;
        let suspects: Vec<&Passed> = passed
            .iter()
            .filter(|passed| passed.state.ledger().descriptors > most)
            .collect();
        let are_short = descriptors::are_short();
        if suspects.is_empty() && !are_short {
            return;
        }
        let open = descriptors::open_files();
        for Passed { client, state, .. } in suspects {
            let held = state.ledger().count_descriptors(&open);
            if held > most {
                self.expel(client, &format!("more than {most} descriptors"));
            }
        }
        if !are_short {
            return;
        }
        let clients: Vec<ClientId> = self.gate.clients().cloned().collect();
        let held = clients.into_iter().filter_map(|client| {
            let state = self.state_of(client.clone())?;
            let held = state.ledger().count_descriptors(&open);
            Some((held, client))
        });
        if let Some((held, client)) = held.max_by_key(|(held, _)| *held)
            && held > UNSUSPICIOUS
        {
            self.expel(
                &client,
                &format!("{held} descriptors, and hardly any are left"),
            );
        }
    }

    /// A client got objects that it did not make.
    pub(crate) fn objects_given(&self, client: &Client, objects: usize) {
        if let Some(state) = client.get_data::<ClientState>() {
            state.ledger().objects += objects;
        }
    }

    /// A client copied something: each of its data devices gets an offer.
    pub(crate) fn offers_made(&self, client: &Client) {
        if let Some(state) = client.get_data::<ClientState>() {
            let mut ledger = state.ledger();
            ledger.objects += ledger.devices.get(&Device::Data).copied().unwrap_or(0);
        }
    }

    /// A client made a keymap, which is read and compiled.
    pub(crate) fn keymap_made(&mut self, client: &Client) {
        let Some(state) = client.get_data::<ClientState>() else {
            return;
        };
        let now = Instant::now();
        let mut ledger = state.ledger();
        match ledger.keymaps {
            (Some(start), count) if now - start < Duration::from_secs(1) => {
                ledger.keymaps = (Some(start), count + 1);
            }
            _ => ledger.keymaps = (Some(now), 1),
        }
        let too_much = ledger.keymaps.1 > MAX_KEYMAPS;
        drop(ledger);
        if too_much {
            let reason = format!("more than {MAX_KEYMAPS} keymaps in a second");
            self.expel(&client.id(), &reason);
        }
    }

    /// A client made a pool of so many bytes.
    pub(crate) fn pool_made(&mut self, client: &Client, bytes: u64) {
        let Some(state) = client.get_data::<ClientState>() else {
            return;
        };
        let objects = self.objects_of(&client.id());
        let pools = objects.iter().filter(|it| is_a::<WlShmPool>(it));
        let mut ledger = state.ledger();
        for pool in pools {
            // The one that is not known yet.
            ledger.existing.entry(pool.protocol_id()).or_insert(bytes);
        }
        ledger.pools += 1;
        ledger.pool_bytes += bytes;
        drop(ledger);
        self.bound_pools(client);
    }

    /// A client's pool grew.
    pub(crate) fn pool_resized(&mut self, client: &Client, pool: &WlShmPool, bytes: u64) {
        let Some(state) = client.get_data::<ClientState>() else {
            return;
        };
        let mut ledger = state.ledger();
        let before = ledger.existing.insert(pool.id().protocol_id(), bytes);
        ledger.pool_bytes += bytes.saturating_sub(before.unwrap_or(0));
        drop(ledger);
        self.bound_pools(client);
    }

    /// A client destroyed a pool. There may still be buffers in it.
    pub(crate) fn pool_destroyed(&self, client: ClientId, pool: &WlShmPool) {
        if let Some(state) = self.state_of(client) {
            state.ledger().existing.remove(&pool.id().protocol_id());
        }
    }

    fn bound_pools(&mut self, client: &Client) {
        let Some(state) = client.get_data::<ClientState>() else {
            return;
        };
        let Limits {
            pools, pool_bytes, ..
        } = self.limits;
        let too_much = |ledger: &Ledger| ledger.pools > pools || ledger.pool_bytes > pool_bytes;
        if !too_much(&state.ledger()) {
            return;
        }
        let (held, held_bytes) = self.pools_with_buffers(&client.id());
        let mut ledger = state.ledger();
        // Most pools that exist have buffers, and are not to count twice.
        ledger.pools = held.max(ledger.existing.len());
        ledger.pool_bytes = held_bytes.max(ledger.existing.values().sum());
        let expel = too_much(&ledger);
        drop(ledger);
        if expel {
            let reason = format!("more than {pools} pools, or {pool_bytes} bytes in them");
            self.expel(&client.id(), &reason);
        }
    }

    /// How many pools a client's buffers are in, and the bytes of all these pools.
    fn pools_with_buffers(&self, client: &ClientId) -> (usize, u64) {
        let objects = self.objects_of(client).into_iter();
        let buffers = objects
            .filter(is_a::<WlBuffer>)
            .filter_map(|id| WlBuffer::from_id(&self.display, id).ok());
        let pools: BTreeSet<(usize, u64)> = buffers
            .filter_map(|buffer| {
                let place = |start: *const u8, bytes: usize, _| (start.addr(), bytes as u64);
                with_buffer_contents(&buffer, place).ok()
            })
            .collect();
        (pools.len(), pools.iter().map(|(_, bytes)| bytes).sum())
    }

    /// A request left bytes in this part of an object, beside what is there.
    pub(crate) fn leave_in(&mut self, client: &Client, object: &impl Resource, bytes: usize) {
        let before = self.left_in(client, object, Part::Own);
        self.set_left(client, object, Part::Own, before + bytes);
    }

    /// A request left bytes in this part of an object, in place of what was there.
    pub(crate) fn set_left(
        &mut self,
        client: &Client,
        object: &impl Resource,
        part: Part,
        bytes: usize,
    ) {
        let Some(state) = client.get_data::<ClientState>() else {
            return;
        };
        let mut ledger = state.ledger();
        let key = (object.id().protocol_id(), part);
        let before = match bytes {
            0 => ledger.left.remove(&key),
            bytes => ledger.left.insert(key, bytes),
        };
        ledger.left_bytes = ledger.left_bytes - before.unwrap_or(0) + bytes;
        let too_much = ledger.left_bytes > self.limits.left_bytes;
        drop(ledger);
        if too_much {
            let most = self.limits.left_bytes;
            let reason = format!(
                "more than {most} bytes of rectangles, icons, and names of types and programs"
            );
            self.expel(&client.id(), &reason);
        }
    }

    /// How many bytes requests have left in this part of an object.
    pub(crate) fn left_in(&self, client: &Client, object: &impl Resource, part: Part) -> usize {
        let state = client.get_data::<ClientState>();
        let left = state.and_then(|state| {
            let ledger = state.ledger();
            ledger.left.get(&(object.id().protocol_id(), part)).copied()
        });
        left.unwrap_or(0)
    }

    /// This object is gone, with all that requests left in it.
    pub(crate) fn cleared(&self, client: ClientId, object: &impl Resource) {
        // Nobody asks what a client that is gone has left.
        let Some(state) = self.state_of(client) else {
            return;
        };
        let mut ledger = state.ledger();
        for part in [
            Part::Own,
            Part::OpaqueRegion,
            Part::InputRegion,
            Part::Committed,
        ] {
            let bytes = ledger.left.remove(&(object.id().protocol_id(), part));
            ledger.left_bytes -= bytes.unwrap_or(0);
        }
    }

    /// Disconnects a client, and tells it and the log why.
    pub(crate) fn expel(&mut self, client: &ClientId, reason: &str) {
        let objects = self.objects_of(client).into_iter();
        let display = objects.min_by_key(ObjectId::protocol_id);
        if let (Some(display), Ok(reason)) = (display, CString::new(reason)) {
            let handle = self.display.backend_handle();
            handle.post_error(display, NO_MEMORY, reason);
        }
    }

    fn objects_of(&self, client: &ClientId) -> Vec<ObjectId> {
        let mut objects = Vec::new();
        let handle = self.display.backend_handle();
        // A client that is gone has none.
        let _ = handle.with_all_objects_for(client.clone(), |object| objects.push(object));
        objects
    }

    pub(super) fn state_of(&self, client: ClientId) -> Option<std::sync::Arc<ClientState>> {
        let data = self.display.backend_handle().get_client_data(client).ok()?;
        data.into_any_arc().downcast().ok()
    }
}

fn is_a<I: Resource>(object: &ObjectId) -> bool {
    object.interface().name == I::interface().name
}
