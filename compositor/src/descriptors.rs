//! How many file descriptors this process can still open, and what they are of.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;

use rustix::fs::fstat;
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// So many are kept for those who are connected already: their shared memory comes as descriptors,
/// and who cannot pass any is lost.
const RESERVE: u64 = 64;

/// A file, pipe or socket, as its device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(u64, u64);

impl FileId {
    pub(crate) fn of(descriptor: BorrowedFd) -> Option<Self> {
        let stat = fstat(descriptor).ok()?;
        Some(Self(stat.st_dev, stat.st_ino))
    }
}

/// Whether so few are left that nobody new is to be let in.
pub(crate) fn are_short() -> bool {
    let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as u64;
    open.saturating_add(RESERVE) > most
}

/// Whether an error stays until something else ends.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| shortages.contains(&errno))
}

/// How many descriptors are open of each file.
pub(crate) fn open_files() -> BTreeMap<FileId, usize> {
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten();
    let stats = open.filter_map(|entry| fs::metadata(entry.ok()?.path()).ok());
    let mut files = BTreeMap::new();
    for stat in stats {
        *files.entry(FileId(stat.dev(), stat.ino())).or_default() += 1;
    }
    files
}
