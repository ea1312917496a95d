//! Who is let in, and with what rights.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use rfb::{Credentials, Rights, VncResponse};

use super::Auth;
use super::lockout::Lockout;

/// Where a viewer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Tcp(SocketAddr),
    /// A Unix socket: its file's permissions have let the viewer through already.
    Unix,
}

impl Peer {
    fn address(self) -> Option<IpAddr> {
        match self {
            Peer::Tcp(address) => Some(address.ip()),
            Peer::Unix => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address) => address.fmt(f),
            Peer::Unix => f.write_str("unix"),
        }
    }
}

/// Answers logins.
pub(super) struct Policy {
    auth: Auth,
    view_only: bool,
    lockout: Lockout,
}

impl Policy {
    pub(super) fn new(auth: Auth, view_only: bool) -> Self {
        Self {
            auth,
            view_only,
            lockout: Lockout::default(),
        }
    }

    pub(super) fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Why this peer may not even try to log in, if so.
    pub(super) fn refusal(&self, peer: Peer, now: Instant) -> Option<String> {
        let wait = self.lockout.wait(peer.address()?, now)?;
        let seconds = wait.as_millis().div_ceil(1000);
        Some(format!("too many failed logins: wait {seconds} seconds"))
    }

    /// The rights that these credentials give, or why they give none.
    pub(super) fn judge(
        &mut self,
        credentials: &Credentials,
        peer: Peer,
        now: Instant,
    ) -> Result<Rights, String> {
        if let Some(reason) = self.refusal(peer, now) {
            return Err(reason);
        }
        let (full, view_only) = match credentials {
            Credentials::None => (true, false),
            // Both are always compared, so that time does not tell which one it was.
            Credentials::Vnc(response) => (
                is_password(response, self.auth.password.as_deref()),
                is_password(response, self.auth.view_only_password.as_deref()),
            ),
            // Nothing else is offered.
            _ => (false, false),
        };
        if full {
            // The lesser password forgives nothing: who has it could guess the other for ever.
            if let Some(address) = peer.address() {
                self.lockout.succeeded(address);
            }
        } else if !view_only {
            if let Some(address) = peer.address() {
                self.lockout.failed(address, now);
            }
            tracing::warn!("a viewer at {peer} gave a wrong password");
            return Err("wrong password".to_owned());
        }
        Ok(if full && !self.view_only {
            Rights::Full
        } else {
            Rights::ViewOnly
        })
    }
}

fn is_password(response: &VncResponse, password: Option<&str>) -> bool {
    password.is_some_and(|password| response.matches(password.as_bytes()))
}
