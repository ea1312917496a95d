//! The session as a whole.

mod fixture;
mod raw;
mod told;

mod clipboard;
mod copies;
mod cursor;
mod decoders;
mod hostile;
mod input;
mod keys;
mod peers;
mod pixels;
mod pointer_constraints;
mod popups;
mod process;
mod remote;
mod resize;
mod share;
mod viewers;
mod windows;
