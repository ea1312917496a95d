//! The `rfb` library against a client that shares no code with it, over a socket.
//!
//! [`server::Server`] is the loop of the library's documentation, and
//! [`canvas::Canvas`] the picture that it shows.

mod any_picture;
mod canvas;
mod encodings;
mod examples;
mod handshake;
mod hostile;
mod qt;
mod recordings;
mod server;
mod servers;
mod session;
mod traps;
mod viewers;
