//! Viewers that others wrote, shown the same film and put to the same use: each does all that is
//! expected of it, and nothing else.
//!
//! What is expected is written down for each viewer, the encodings that it is sent and what it
//! cannot do included: whatever changes, for better or worse, is noticed.

use std::io::Write;

use offing_tests::{Error, Result};

use expected::{EXPECTED, Expected};
use table::Table;

mod acts;
mod expected;
mod stage;
mod table;

/// The environment variable that chooses those viewers whose names contain its text.
const CHOICE: &str = "OFFING_TEST_VIEWERS";

#[test]
#[ignore = "needs many viewers: see `make test-viewers`"]
fn viewers_do_what_is_expected_of_them() -> Result {
    let choice = std::env::var(CHOICE).unwrap_or_default();
    let is_chosen = |it: &&Expected| it.program.name.contains(&choice);
    let chosen: Vec<&Expected> = EXPECTED.iter().filter(is_chosen).collect();
    assert!(!chosen.is_empty(), "{CHOICE} chooses no viewer");
    let mut table = Table::default();
    let mut faults = Vec::new();
    for expected in chosen {
        if !expected.program.is_installed()? {
            continue;
        }
        let found = match acts::see(expected) {
            Ok(seen) => {
                table.add(expected, &seen);
                expected.faults(&seen)
            }
            Err(error) => vec![error.to_string()],
        };
        let name = expected.program.name;
        faults.extend(found.iter().map(|fault| format!("{name}: {fault}")));
    }
    // On stderr itself: what a test prints with a macro is shown only if it fails.
    write!(std::io::stderr(), "\n{table}")?;
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Error::other(faults.join("\n"))),
    }
}
