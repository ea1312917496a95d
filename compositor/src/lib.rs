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
mod clipboard;
mod consistency;
mod constraint;
mod cursor;
mod decoration;
mod descriptors;
mod desktop;
mod drive;
mod frame_clock;
mod gate;
mod grabs;
mod handlers;
mod icon;
mod idle;
mod input;
mod limits;
mod lock;
mod pacing;
mod panel;
mod render;
mod sandbox;
mod screen;
mod server;
mod session_lock;
mod share;
mod shortcuts;
mod socket;
mod state;
mod text;
mod toplevels;
mod touch;
mod tree;
mod typing;
mod virtual_keyboard;
mod virtual_pointer;
mod window;
mod workers;

pub use chooser::Application;
pub use config::Config;
pub use cursor::built_in_cursor;
pub use keymap::KeyboardConfig;
pub use limits::Limits;
pub use smithay::reexports::wayland_server::backend::ClientId;

pub use server::{Server, ServerError};
pub use state::Offing;
