//! Who is let in, and with what rights.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use rfb::{Credentials, Rights, Security, VncResponse};

use super::Auth;
use super::lockout::{Lockout, network};

/// Where a viewer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Tcp(SocketAddr),
    /// A Unix socket: its file's permissions have let the viewer through already.
    Unix,
    /// Someone who was let in by other means: no login.
    Attached,
}

impl Peer {
    /// The address of whoever is there, or all that one holder has; `None` for Unix sockets.
    pub(super) fn network(self) -> Option<IpAddr> {
        self.address().map(network)
    }

    fn address(self) -> Option<IpAddr> {
        match self {
            Peer::Tcp(address) => Some(address.ip()),
            Peer::Unix | Peer::Attached => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address) => address.fmt(f),
            Peer::Unix => f.write_str("unix"),
            Peer::Attached => f.write_str("attached"),
        }
    }
}

/// Answers logins.
pub(super) struct Policy {
    auth: Auth,
    /// Nobody may connect.
    closed: bool,
    lockout: Lockout,
}

impl Policy {
    pub(super) fn new(auth: Auth) -> Self {
        Self {
            auth,
            closed: false,
            lockout: Lockout::default(),
        }
    }

    /// What the compositor has decided since.
    pub(super) fn change(&mut self, auth: Option<Auth>, connections: Option<bool>) {
        if let Some(auth) = auth {
            self.auth = auth;
        }
        if let Some(on) = connections {
            self.closed = !on;
        }
    }

    /// The security types that this peer is offered.
    pub(super) fn security(&self, peer: Peer) -> Vec<Security> {
        match peer {
            Peer::Attached => vec![Security::NONE],
            _ => self.auth.security.clone(),
        }
    }

    /// Why this peer may not even try to log in, if so.
    pub(super) fn refusal(&self, peer: Peer, now: Instant) -> Option<String> {
        if self.closed {
            return Some("connections are switched off: try again later".to_owned());
        }
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
            Credentials::None if self.security(peer).contains(&Security::NONE) => (true, false),
            // It was offered until a moment ago.
            Credentials::None => {
                return Err("the way to log in has changed: connect again".to_owned());
            }
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
        Ok(if full { Rights::Full } else { Rights::ViewOnly })
    }
}

fn is_password(response: &VncResponse, password: Option<&str>) -> bool {
    password.is_some_and(|password| response.matches(password.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_needed_no_password_a_moment_ago_is_not_told_of_a_wrong_one() {
        let auth = |security| Auth {
            security: vec![security],
            password: Some("secret".to_owned()),
            view_only_password: None,
        };
        let peer = Peer::Tcp(SocketAddr::from(([192, 0, 2, 1], 5900)));
        let now = Instant::now();
        let mut policy = Policy::new(auth(Security::NONE));
        let judged = policy.judge(&Credentials::None, peer, now);
        assert_eq!(judged, Ok(Rights::Full));
        policy.change(Some(auth(Security::VNC_AUTH)), None);
        for _ in 0..100 {
            let judged = policy.judge(&Credentials::None, peer, now);
            let reason = "the way to log in has changed: connect again";
            assert_eq!(judged, Err(reason.to_owned()));
        }
        // Nor is it taken for somebody who guesses.
        assert_eq!(policy.refusal(peer, now), None);
    }
}
