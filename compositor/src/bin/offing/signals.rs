//! The signals that end a session: SIGINT, SIGTERM and SIGHUP.
//!
//! Handlers are used, not signalfd: a blocked signal would stay blocked in the
//! programs that we start.

use calloop::{Interest, LoopHandle, Mode, PostAction, generic::Generic};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    low_level::pipe,
};
use std::{
    fs,
    io::{self, Read},
    os::unix::net::UnixStream,
};

/// Has `ended` called in the loop when one of the signals arrives.
///
/// Those that the process was told to ignore (by `nohup`, or by a shell that
/// started it in the background) stay ignored.
///
/// # Errors
/// The system has no descriptor to spare.
pub(crate) fn watch<S: 'static>(
    handle: &LoopHandle<'static, S>,
    mut ended: impl FnMut(&mut S) + 'static,
) -> io::Result<()> {
    let (reader, writer) = UnixStream::pair()?;
    reader.set_nonblocking(true)?;
    let ignored = ignored(&fs::read_to_string("/proc/self/status").unwrap_or_default());
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        if ignored & 1 << (signal - 1) == 0 {
            pipe::register(signal, writer.try_clone()?)?;
        }
    }
    let source = Generic::new(reader, Interest::READ, Mode::Level);
    handle
        .insert_source(source, move |_, reader, state| {
            let mut stream: &UnixStream = reader;
            // How many came does not matter.
            let _ = stream.read(&mut [0; 64]);
            ended(state);
            Ok(PostAction::Continue)
        })
        .map(|_| ())
        .map_err(|error| io::Error::other(error.error))
}

/// The set of ignored signals in the text of proc_pid_status(5): bit 0 is
/// signal 1.
fn ignored(status: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read() {
        let status = "Name:\tsh\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001003\n";
        assert_eq!(ignored(status), 0x1003);
        assert_eq!(ignored("SigIgn:\tnonsense\n"), 0);
        assert_eq!(ignored(""), 0);
        // The runtime of Rust ignores SIGPIPE.
        let own = fs::read_to_string("/proc/self/status").unwrap();
        assert_ne!(ignored(&own) & 1 << (signal_hook::consts::SIGPIPE - 1), 0);
    }
}
