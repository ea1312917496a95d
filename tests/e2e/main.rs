//! The session as a whole.

mod film;
mod fixture;
mod raw;

mod clipboard;
mod cursor;
mod decoders;
mod hostile;
mod input;
mod peers;
mod pixels;
mod popups;
mod process;
mod remote;
mod resize;
mod share;
mod viewers;
mod windows;
