//! The session as a whole.

mod film;
mod fixture;
mod foreign;
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
mod real_viewers;
mod remote;
mod resize;
mod share;
mod viewers;
mod windows;
