//! RFB, the protocol of VNC, for servers: put a VNC server into any program.
//!
//! The library does no I/O. It opens no socket, reads no clock, starts no thread
//! and draws no random number: bytes, times and randomness are arguments. So it
//! fits into any event loop, and a whole conversation can be tested in memory.
//!
//! A [`Session`] is the server's end of one connection. Pictures go in as
//! [`Frame`]s, which a [`Diff`] makes from your pixels; input of the viewer comes
//! out as [`Event`]s. A [`Server`] keeps the sessions of all viewers of one picture:
//! begin with it, unless you need what only sessions can do.
//!
//! # The loop around a session
//!
//! **After any call write the output, drain the events, then plan if a frame is
//! wanted.** In full:
//!
//! 1. [`Session::new`] for each viewer that connects. There is output at once.
//! 2. Bytes from the socket go to [`Session::receive`]. If it does not take all,
//!    offer the rest again after step 4.
//! 3. [`Session::output`] goes to the socket, and what was written to
//!    [`Session::consume`].
//! 4. [`Session::poll_event`] until there is none. Some events want an answer:
//!    [`Event::Authenticate`] and [`Event::SetDesktopSize`] always,
//!    [`Event::ClipboardRequest`] and [`Event::Xvp`] where these are used.
//! 5. When the picture changes, [`Session::show`].
//! 6. If [`Session::wants_frame`]: [`Session::send_frame`]. If there was anything to
//!    send, step 3 again.
//! 7. At the time of [`Session::poll_timeout`], [`Session::handle_timeout`].
//! 8. After an error, and when [`Session::is_closing`], write the output and close
//!    the connection.
//!
//! A whole conversation, with a viewer that sends a script:
//!
//! ```
//! use std::time::Instant;
//! use rfb::{Config, Event, Frame, Region, Rights, Security, Session, Size};
//!
//! # fn main() -> Result<(), rfb::Error> {
//! let config = Config {
//!     name: "two pixels".into(),
//!     size: Size::new(2, 1),
//!     security: vec![Security::NONE],
//!     encodings: Vec::new(), // as the viewer likes
//!     without: Vec::new(),
//!     challenge: [0; 16], // 16 random bytes, if VNC_AUTH is offered
//! };
//! let mut session = Session::new(config, Instant::now());
//! let blue = Frame::solid(Size::new(2, 1), [255, 0, 0, 0]);
//! session.show(&blue, &Region::new(), &[]);
//!
//! let script = [
//!     b"RFB 003.008\n".as_slice(),      // ProtocolVersion
//!     &[1],                             // the security type: None
//!     &[1],                             // ClientInit: shared
//!     &[4, 1, 0, 0, 0, 0, 0, b'a'],     // KeyEvent: "a" goes down
//!     &[3, 0, 0, 0, 0, 0, 0, 2, 0, 1],  // FramebufferUpdateRequest: all
//! ]
//! .concat();
//!
//! let mut input = script.as_slice(); // from the socket
//! let mut written = Vec::new(); // to the socket
//! let mut typed = Vec::new();
//! while !input.is_empty() || session.has_output() {
//!     let now = Instant::now();
//!     let taken = session.receive(now, input)?;
//!     input = &input[taken..];
//!     while session.has_output() {
//!         let output = session.output();
//!         let count = output.len();
//!         written.extend_from_slice(output);
//!         session.consume(now, count);
//!     }
//!     while let Some(event) = session.poll_event() {
//!         match event {
//!             Event::Authenticate(_) => session.accept(Rights::Full),
//!             Event::Key { keysym, pressed, .. } => typed.push((keysym, pressed)),
//!             _ => {}
//!         }
//!     }
//!     if session.wants_frame() {
//!         session.send_frame(now);
//!     }
//! }
//!
//! assert_eq!(typed, [(0x61, true)]);
//! let update = [
//!     0, 0, 0, 1, // FramebufferUpdate with one rectangle
//!     0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, // all of it, Raw
//!     255, 0, 0, 0, 255, 0, 0, 0, // two blue pixels
//! ];
//! assert!(written.ends_with(&update));
//! # Ok(())
//! # }
//! ```
//!
//! # A transport
//!
//! What carries the bytes is the caller's: TCP, a Unix socket, TLS, WebSocket frames, a
//! pipe to a test. It has to keep their order, and no more. These rules keep a session
//! quick and bounded on any of them:
//!
//! - Offer what came at once, in pieces of any size. While [`Session::receive`] does not
//!   take all, do not read on: that is how a session says that it has enough.
//! - Write until the transport takes no more, then wait until it does. The output is the
//!   back-pressure: while there is any, [`Session::wants_frame`] is false, and what changes
//!   meanwhile is sent as it is then.
//! - Use [`Session::output_vectored`] where the transport can: encoded rectangles are shared
//!   between viewers and not copied.
//! - Switch off Nagle's algorithm, and keep buffers below small: what waits there is old
//!   when it arrives. A viewer that can fence ([`Encoding::FENCE`]) and is sent updates
//!   without asking ([`Encoding::CONTINUOUS_UPDATES`]) has its way watched and is not sent
//!   more than that holds in 50 ms.
//!
//! # Encodings
//!
//! A viewer lists what it can decode, the best first (RFC 6143 §7.5.2), and with it what it
//! wants: a level of compression, a quality for JPEG. The first encoding of pixels that this
//! library has ([`Encoding::PIXELS`]) is used, with Raw as the last resort;
//! [`Config::encodings`] prefers others. Within it the content counts: of Tight, ZRLE and
//! TRLE each piece of a picture is sent as one colour, a palette, runs or pixels, whatever is
//! shortest, and in Tight what looks like a photo as JPEG, if the viewer asked for a quality.
//! What was sent with loss is sent again without once it has not changed for a moment.
//!
//! Moves of pixels that [`Session::show`] is told of become CopyRect where the viewer takes
//! it and has what is to be copied; [`find_moves`] finds them between two frames. All else
//! that a viewer lists is used by itself, as far as the caller says what is to be told:
//! the pointer's picture, names, lights, sizes. [`Config::without`] leaves out what a caller
//! has no use for.
//!
//! # Many viewers
//!
//! `send_frame` encodes here and now. To encode elsewhere, take
//! [`Session::plan_update`], run the plan's [`Job`]s on any thread, and hand the
//! results to [`Session::finish_update`]. An [`encoding::Cache`] lets viewers that
//! see the same picture share the results: look up [`Job::key`] before running a
//! job. A [`Server`] has such a cache.

#![forbid(unsafe_code)]

mod client_message;
mod clipboard;
mod diff;
pub mod encoding;
mod error;
mod fence;
mod flow;
mod frame;
mod geometry;
mod handshake;
mod inbox;
mod moves;
mod output;
mod pixel_format;
mod region;
mod security;
mod server;
mod server_message;
mod session;
mod update;
mod wire;

pub use client_message::Screen;
pub use clipboard::{ClipboardContents, ClipboardFormat, ClipboardFormats};
pub use diff::Diff;
pub use encoding::{Cursor, Encoding, Segment};
pub use error::Error;
pub use frame::{CELL, Frame};
pub use geometry::{Point, Rect, Size};
pub use handshake::Version;
pub use moves::find_moves;
pub use pixel_format::{InvalidPixelFormat, PixelFormat, Translator, bgr233_palette};
pub use region::Region;
pub use security::{Credentials, Rights, Security, VncResponse};
pub use server::{Modifiers, Server, ServerEvent, ServerState, ViewerId};
pub use session::{Config, Event, Session, Xvp};
pub use update::{Job, Leds, Move, Mover, Plan, ResizeStatus};

/// The code in the README is tested, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
