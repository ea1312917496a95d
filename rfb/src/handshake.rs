//! The handshake (RFC 6143 §7.1 to §7.3), in the order of its messages:
//!
//! 1. server: ProtocolVersion; viewer: ProtocolVersion
//! 2. server: the security types; viewer: one of them (RFB 3.3: the server decides)
//! 3. VncAuth only: server: a challenge; viewer: its response
//! 4. the caller decides; server: SecurityResult (not for None before RFB 3.8)
//! 5. viewer: ClientInit (server: ServerInit, which the session writes)

use std::fmt;

use crate::error::Error;
use crate::inbox::Fault;
use crate::output::Output;
use crate::security::{Credentials, Rights, Security, VncResponse};
use crate::wire::{Reader, put_string, put_u32};

/// The version of the protocol that a viewer chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// RFB 3.3, also for viewers that name a version nobody published.
    V3_3,
    /// RFB 3.7.
    V3_7,
    /// RFB 3.8, also for the later ones that some viewers name.
    V3_8,
}

/// The way to a session that is ready.
#[derive(Debug)]
pub(crate) struct Handshake {
    offered: Vec<Security>,
    challenge: [u8; 16],
    step: Step,
    version: Option<Version>,
    security: Option<Security>,
    rights: Option<Rights>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Version,
    Choice,
    Response,
    Decision,
    ClientInit,
    Done,
}

/// What a message of the viewer led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Another message is to come.
    Going,
    /// The caller has to decide.
    Authenticate(Credentials),
    /// The viewer is in, and nothing but ServerInit is missing.
    Ready { shared: bool },
}

impl Handshake {
    pub(crate) fn new(offered: Vec<Security>, challenge: [u8; 16], output: &mut Output) -> Self {
        output.write(|out| out.extend_from_slice(b"RFB 003.008\n"));
        Self {
            offered,
            challenge,
            step: Step::Version,
            version: None,
            security: None,
            rights: None,
        }
    }

    pub(crate) fn version(&self) -> Option<Version> {
        self.version
    }

    pub(crate) fn security(&self) -> Option<Security> {
        self.security
    }

    pub(crate) fn rights(&self) -> Option<Rights> {
        self.rights
    }

    pub(crate) fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Whether nothing may be taken before the caller has decided.
    pub(crate) fn is_undecided(&self) -> bool {
        self.step == Step::Decision
    }

    /// Takes the viewer's next message.
    pub(crate) fn receive(&mut self, bytes: &[u8], output: &mut Output) -> Result<Progress, Fault> {
        let mut reader = Reader::new(bytes);
        match self.step {
            Step::Version => {
                let version = Version::parse(reader.array()?).ok_or(Error::NotRfb)?;
                Ok(self.set_version(version, output)?)
            }
            Step::Choice => {
                let security = Security(reader.u8()?);
                Ok(self.choose(security, output)?)
            }
            Step::Response => {
                let response = VncResponse::new(self.challenge, reader.array()?);
                self.step = Step::Decision;
                Ok(Progress::Authenticate(Credentials::Vnc(response)))
            }
            Step::ClientInit => {
                let shared = reader.u8()? != 0;
                self.step = Step::Done;
                Ok(Progress::Ready { shared })
            }
            // The session asks for neither.
            Step::Decision | Step::Done => Ok(Progress::Going),
        }
    }

    /// Names the security types. RFB 3.3 gives the viewer no choice.
    fn set_version(&mut self, version: Version, output: &mut Output) -> Result<Progress, Error> {
        self.version = Some(version);
        self.offered.retain(|security| security.is_implemented());
        let Some(first) = self.offered.first().copied() else {
            let error = Error::NoSecurityType(version);
            output.write(|out| {
                match version {
                    Version::V3_3 => put_u32(out, 0),
                    Version::V3_7 | Version::V3_8 => out.push(0),
                }
                put_string(out, error.to_string().as_bytes());
            });
            return Err(error);
        };
        if version == Version::V3_3 {
            output.write(|out| put_u32(out, first.0.into()));
            return Ok(self.begin(first, output));
        }
        self.offered.truncate(u8::MAX.into());
        output.write(|out| {
            out.push(self.offered.len() as u8);
            out.extend(self.offered.iter().map(|security| security.0));
        });
        self.step = Step::Choice;
        Ok(Progress::Going)
    }

    fn choose(&mut self, security: Security, output: &mut Output) -> Result<Progress, Error> {
        if !self.offered.contains(&security) {
            let error = Error::SecurityTypeNotOffered(security);
            self.write_failure(&error.to_string(), output);
            return Err(error);
        }
        Ok(self.begin(security, output))
    }

    fn begin(&mut self, security: Security, output: &mut Output) -> Progress {
        self.security = Some(security);
        if security == Security::VNC_AUTH {
            output.write(|out| out.extend_from_slice(&self.challenge));
            self.step = Step::Response;
            return Progress::Going;
        }
        self.step = Step::Decision;
        Progress::Authenticate(Credentials::None)
    }

    /// Lets the viewer in, if that is what is to be decided now.
    pub(crate) fn accept(&mut self, rights: Rights, output: &mut Output) {
        if self.step != Step::Decision {
            return;
        }
        self.rights = Some(rights);
        if self.has_result() {
            output.write(|out| put_u32(out, 0));
        }
        self.step = Step::ClientInit;
    }

    /// Keeps the viewer out, if that is what is to be decided now. Returns whether
    /// it was.
    pub(crate) fn reject(&mut self, reason: &str, output: &mut Output) -> bool {
        if self.step != Step::Decision {
            return false;
        }
        if self.has_result() {
            self.write_failure(reason, output);
        }
        true
    }

    /// Whether a SecurityResult follows (RFC 6143 §7.1.3, §7.2.1): not for None in
    /// the versions before 3.8.
    fn has_result(&self) -> bool {
        self.version == Some(Version::V3_8) || self.security != Some(Security::NONE)
    }

    /// A SecurityResult of "failed"; RFB 3.8 adds the reason.
    fn write_failure(&self, reason: &str, output: &mut Output) {
        output.write(|out| {
            put_u32(out, 1);
            if self.version == Some(Version::V3_8) {
                put_string(out, reason.as_bytes());
            }
        });
    }
}

impl Version {
    /// Reads a ProtocolVersion message (RFC 6143 §7.1.1). Besides the published
    /// versions there are 3.5 and 3.6, which mean 3.3, and 3.889 (Apple), 4.0, 4.1
    /// and 5.0 (RealVNC, AMT), which mean 3.8.
    fn parse(bytes: [u8; 12]) -> Option<Self> {
        let [b'R', b'F', b'B', b' ', a, b, c, b'.', d, e, f, b'\n'] = bytes else {
            return None;
        };
        match (number([a, b, c])?, number([d, e, f])?) {
            (3, 7) => Some(Self::V3_7),
            (3, 8..) | (4 | 5, _) => Some(Self::V3_8),
            _ => Some(Self::V3_3),
        }
    }
}

/// The value of three digits.
fn number(digits: [u8; 3]) -> Option<u16> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        Some(value * 10 + digit as u16)
    })
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V3_3 => "3.3",
            Self::V3_7 => "3.7",
            Self::V3_8 => "3.8",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, version) in [
            (b"RFB 003.003\n", Some(Version::V3_3)),
            (b"RFB 003.004\n", Some(Version::V3_3)),
            (b"RFB 003.005\n", Some(Version::V3_3)),
            (b"RFB 003.006\n", Some(Version::V3_3)),
            (b"RFB 003.007\n", Some(Version::V3_7)),
            (b"RFB 003.008\n", Some(Version::V3_8)),
            (b"RFB 003.016\n", Some(Version::V3_8)),
            (b"RFB 003.889\n", Some(Version::V3_8)),
            (b"RFB 004.000\n", Some(Version::V3_8)),
            (b"RFB 004.001\n", Some(Version::V3_8)),
            (b"RFB 005.000\n", Some(Version::V3_8)),
            (b"RFB 000.000\n", Some(Version::V3_3)),
            (b"RFB 002.002\n", Some(Version::V3_3)),
            (b"RFB 999.999\n", Some(Version::V3_3)),
            (b"RFB 003.008\r", None),
            (b"RFB 003,008\n", None),
            (b"RFB 003.00x\n", None),
            (b"RFB +03.008\n", None),
            (b"rfb 003.008\n", None),
            (b"GET / HTTP/1", None),
        ] {
            assert_eq!(Version::parse(*text), version, "{}", text.escape_ascii());
        }
    }
}
