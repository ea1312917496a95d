//! The Wayland clients: where they come in, what is let through of what they send, and what they
//! may take up.

pub(crate) mod devices;
pub(crate) mod gate;
pub(crate) mod limits;
pub(crate) mod sandbox;
pub(crate) mod socket;
