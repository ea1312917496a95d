//! Whatever a peer says from its first byte on, with a password and without.

#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use offing_rfb_fuzz::Driver;
use rfb::Security;

fuzz_target!(|bytes: &[u8]| {
    let now = Instant::now();
    for security in [Security::NONE, Security::VNC_AUTH] {
        let converse = |piece| {
            let mut driver = Driver::new(now, piece, security);
            driver.send(bytes);
            driver.end()
        };
        assert!(converse(1) == converse(usize::MAX));
    }
});
