//! What the VNC server is told: who may connect, where, and what viewers get.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use rfb::{Encoding, Size};

/// The settings of a [`Remote`](super::Remote).
pub struct Config {
    /// The desktop's name, as viewers show it.
    pub name: String,
    /// The screen's size in pixels until the first [`capture`](super::Remote::capture).
    pub size: Size,
    /// Who may connect.
    pub auth: Auth,
    /// All viewers only watch, whatever password they have: see
    /// [`Remote::set_view_only`](super::Remote::set_view_only).
    pub view_only: bool,
    /// The encodings of pixels to use, the best first; empty: as each viewer likes.
    pub encodings: Vec<Encoding>,
    /// What viewers list and is not to be used.
    pub without: Vec<Encoding>,
    /// Where viewers connect; bound already.
    pub listeners: Vec<Listener>,
    /// Compare frames inside their damage, so that only what really changed is sent.
    pub diff: bool,
}

/// Who may connect.
pub struct Auth {
    /// The security types that are offered, in this order.
    pub security: Vec<rfb::Security>,
    /// The password that gives all rights. VNC Authentication compares its first 8 bytes.
    pub password: Option<String>,
    /// The password for those who only watch.
    pub view_only_password: Option<String>,
}

/// A socket on which viewers connect.
#[derive(Debug)]
pub enum Listener {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A Unix socket. Its file is not ours: whoever bound it removes it.
    Unix(UnixListener),
}
