//! The session as a whole.

mod film;
mod fixture;
mod foreign;
mod raw;
mod scene;

mod activation;
mod clipboard;
mod copies;
mod cursor;
mod decoders;
mod decorations;
mod extensions;
mod hostile;
mod input;
mod keys;
mod lock;
mod pacing;
mod panels;
mod peers;
mod pixels;
mod pointer_constraints;
mod popups;
mod process;
mod real_viewers;
mod relations;
mod remote;
mod resize;
mod sandbox;
mod share;
mod toplevels;
mod viewers;
mod virtual_pointer;
mod windows;
