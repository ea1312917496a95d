//! What ends a session.

use std::fmt;

use crate::handshake::Version;
use crate::pixel_format::InvalidPixelFormat;
use crate::security::Security;

/// Why a session cannot go on. Every error is fatal to its session: write what
/// [`Session::output`](crate::Session::output) still holds (it may tell the viewer
/// the reason), then close the connection. The session takes nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The first twelve bytes are not a ProtocolVersion (RFC 6143 §7.1.1).
    NotRfb,
    /// None of the security types in [`Config`](crate::Config) can be used with
    /// this version.
    NoSecurityType(Version),
    /// The viewer chose a security type that it was not offered.
    SecurityTypeNotOffered(Security),
    /// SetPixelFormat asks for pixels that cannot be served (RFC 6143 §7.5.1).
    PixelFormat(InvalidPixelFormat),
    /// A message of an unknown type, so nobody knows where the next one begins.
    UnknownMessage(u8),
    /// A QEMU Client Message of an unknown type, so nobody knows where the next one
    /// begins.
    UnknownQemuMessage(u8),
    /// An unknown operation of a QEMU Audio Client Message, likewise.
    UnknownAudioOperation(u16),
    /// The viewer did not finish the handshake in time.
    Timeout,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRfb => f.write_str("the peer does not speak RFB: connect with a VNC viewer"),
            Self::NoSecurityType(version) => write!(
                f,
                "no offered security type works with RFB {version}: offer none or vncauth, \
                 or use a newer viewer"
            ),
            Self::SecurityTypeNotOffered(security) => write!(
                f,
                "the viewer chose {security}, which is not offered: choose from the server's list"
            ),
            Self::PixelFormat(error) => write!(f, "{error}"),
            Self::UnknownMessage(number) => write!(
                f,
                "unknown message type {number}: switch off the viewer's private extensions"
            ),
            Self::UnknownQemuMessage(number) => write!(
                f,
                "unknown qemu message type {number}: switch off the viewer's private extensions"
            ),
            Self::UnknownAudioOperation(number) => write!(
                f,
                "unknown audio operation {number}: switch off the viewer's sound"
            ),
            Self::Timeout => {
                f.write_str("the viewer did not finish the handshake in time: connect again")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::PixelFormat(error) => Some(error),
            _ => None,
        }
    }
}

impl From<InvalidPixelFormat> for Error {
    fn from(error: InvalidPixelFormat) -> Self {
        Self::PixelFormat(error)
    }
}
