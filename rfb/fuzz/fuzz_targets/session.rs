//! Whatever a viewer and the caller do, a session stays sane: it does not panic, what it
//! holds is bounded, and it is all the same in which pieces the bytes come.

#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use offing_rfb_fuzz::{Driver, Outcome, Step};

fuzz_target!(|steps: Vec<Step>| {
    let now = Instant::now();
    let converse = |piece| -> Outcome {
        let mut driver = Driver::ready(now, piece);
        steps.iter().take(100).for_each(|step| driver.step(step));
        driver.end()
    };
    let whole = converse(usize::MAX);
    assert!(converse(1) == whole);
    assert!(converse(7) == whole);
});
