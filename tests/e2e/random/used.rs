use std::time::{Duration, Instant};
use std::{fs, thread};

use offing_tests::{Error, Result, soon};

/// How much more memory may be in use after many rounds than after two, in bytes: allocators keep
/// what they had.
const MORE_MEMORY: usize = 48 << 20;

/// What this process takes up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    pub(super) descriptors: usize,
    pub(super) memory: usize,
}

impl Used {
    pub(super) fn now() -> Result<Self> {
        let pages = fs::read_to_string("/proc/self/statm")?;
        let pages = pages.split_whitespace().nth(1);
        let pages = pages.and_then(|pages| pages.parse::<usize>().ok());
        Ok(Self {
            descriptors: fs::read_dir("/proc/self/fd")?.count(),
            memory: pages.ok_or_else(|| Error::other("no pages in statm"))? * 4096,
        })
    }

    /// No more is used now than was, some memory aside.
    pub(super) fn expect_no_more(self) -> Result {
        let deadline = soon();
        loop {
            let now = Self::now()?;
            let memory = now.memory.saturating_sub(self.memory);
            if now.descriptors <= self.descriptors && memory <= MORE_MEMORY {
                println!("random: {self:?} became {now:?}");
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Error::other(format!("{self:?} became {now:?}")));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
