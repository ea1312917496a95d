//! Who is at the other end (RFC 6143 §7.2).

mod vnc_auth;

use std::fmt;

pub use vnc_auth::VncResponse;

/// The number of a security type (RFC 6143 §7.1.2, rfbproto "Security Types").
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Security(pub u8);

impl Security {
    /// No authentication.
    pub const NONE: Self = Self(1);
    /// A challenge encrypted with the password by DES (RFC 6143 §7.2.2).
    pub const VNC_AUTH: Self = Self(2);
    /// RSA-AES.
    pub const RA2: Self = Self(5);
    /// RSA-AES, unencrypted after the login.
    pub const RA2_NE: Self = Self(6);
    /// Tight.
    pub const TIGHT: Self = Self(16);
    /// TLS as Vino has it.
    pub const TLS: Self = Self(18);
    /// VeNCrypt.
    pub const VENCRYPT: Self = Self(19);
    /// SASL.
    pub const SASL: Self = Self(20);
    /// Diffie-Hellman as Apple's Remote Desktop has it.
    pub const DIFFIE_HELLMAN: Self = Self(30);
    /// RSA-AES with 256 bits.
    pub const RA2_256: Self = Self(129);
    /// RSA-AES with 256 bits, unencrypted after the login.
    pub const RA2_NE_256: Self = Self(130);

    /// Whether this library can carry it out.
    pub fn is_implemented(self) -> bool {
        matches!(self, Self::NONE | Self::VNC_AUTH)
    }

    /// The name of a known type, in the spelling of the specification.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NONE => "None",
            Self::VNC_AUTH => "VncAuth",
            Self::RA2 => "RA2",
            Self::RA2_NE => "RA2ne",
            Self::TIGHT => "Tight",
            Self::TLS => "TLS",
            Self::VENCRYPT => "VeNCrypt",
            Self::SASL => "SASL",
            Self::DIFFIE_HELLMAN => "DH",
            Self::RA2_256 => "RA2_256",
            Self::RA2_NE_256 => "RA2ne_256",
            _ => return None,
        })
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "security type {} ({name})", self.0),
            None => write!(f, "security type {}", self.0),
        }
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Security({})", self.0),
        }
    }
}

/// What a viewer shows to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// Nothing: security type None.
    None,
    /// The answer to a challenge: security type VncAuth.
    Vnc(VncResponse),
}

/// What a viewer that was let in may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// See and control.
    Full,
    /// See only: its keys, pointer, clipboard and wishes for another size have no
    /// effect.
    ViewOnly,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_numbers_survive_and_print() {
        assert_eq!(format!("{:?}", Security(77)), "Security(77)");
        assert_eq!(Security(77).to_string(), "security type 77");
        assert_eq!(format!("{:?}", Security(19)), "VeNCrypt");
        assert_eq!(Security::VNC_AUTH.to_string(), "security type 2 (VncAuth)");
    }
}
