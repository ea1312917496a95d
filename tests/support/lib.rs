//! What the tests of this workspace share.
//!
//! - [`vnc_client`]: a VNC client written from RFC 6143 alone. It shares no code with the `rfb`
//!   library, so that a misunderstanding there is not repeated here.
//! - [`wayland_client`]: a Wayland client that does what a test tells it and records what it sees.
//! - [`process`]: `offing`, viewers, X servers and terminals as processes that end with the test.
//! - [`tap`]: looks over the shoulder of a viewer that others wrote.
//! - [`picture`]: pictures to draw, to expect and to compare; [`scene`]: those for benchmarks.
//!
//! Whatever waits has a deadline ([`soon`] is the usual one) and an error that names what it
//! waited for. A test is a function that returns [`Result`]:
//!
//! ```no_run
//! use offing_tests::picture::Picture;
//! use offing_tests::vnc_client::{Login, VncClient, encoding};
//! use offing_tests::{Result, soon};
//!
//! fn a_viewer_sees_the_screen(stream: std::os::unix::net::UnixStream) -> Result {
//!     let mut viewer = VncClient::connect(stream, &Login::with_password("secret"))?;
//!     viewer.set_encodings(&[encoding::HEXTILE, encoding::CURSOR])?;
//!     viewer.wait_for_picture(soon(), &Picture::solid(64, 48, [255, 0, 0]))
//! }
//! ```

#![forbid(unsafe_code)]

pub mod picture;
pub mod process;
pub mod scene;
pub mod tap;
pub mod vnc_client;
pub mod wayland_client;

mod error;

pub use error::{Error, ErrorKind, Result};

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up: long enough for a busy machine, and only
/// ever waited out by a test that fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The deadline of a step that should take moments: [`PATIENCE`] from now.
pub fn soon() -> Instant {
    Instant::now() + PATIENCE
}

/// What is left until `deadline`, as poll(2) takes it.
pub(crate) fn time_left(deadline: Instant) -> rustix::event::Timespec {
    let left = deadline.saturating_duration_since(Instant::now());
    rustix::event::Timespec {
        tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    }
}
