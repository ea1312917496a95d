//! How many file descriptors this process can still open.

use std::fs;

use rustix::process::{Resource, getrlimit};

/// So many are kept for those who are connected already: their shared memory comes as descriptors,
/// and who cannot pass any is lost.
const RESERVE: u64 = 64;

/// Whether so few are left that nobody new is to be let in.
pub(crate) fn are_short() -> bool {
    let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as u64;
    open.saturating_add(RESERVE) > most
}
