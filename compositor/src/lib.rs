//! Offing: a remote desktop session in one process, without a display, a GPU, a seat or root.
//!
//! A [`Server`] is a headless Wayland compositor with a VNC server inside. Wayland clients connect
//! through a socket or a connected stream, viewers through RFB listeners. Several servers can live
//! in one process: there are no globals, no signal handlers and no fixed names here; the binary
//! adds those.

#![deny(unsafe_code)]

pub mod config;
pub mod keymap;
pub mod remote;

mod background;
mod canvas;
mod capture;
mod chooser;
mod clients;
mod clipboard;
mod consistency;
mod cursor;
mod decoration;
mod descriptors;
mod desktop;
mod drive;
mod frame_clock;
mod grabs;
mod handlers;
mod icon;
mod input;
mod lock;
mod pacing;
mod panel;
mod render;
mod scaling;
mod screen;
mod server;
mod session_lock;
mod share;
mod state;
mod text;
mod toplevels;
mod tree;
mod window;
mod workers;

pub use chooser::Application;
pub use clients::limits::Limits;
pub use config::Config;
pub use cursor::built_in_cursor;
pub use keymap::KeyboardConfig;
pub use smithay::reexports::wayland_server::backend::ClientId;

pub use server::{Server, ServerError};
pub use state::Offing;
