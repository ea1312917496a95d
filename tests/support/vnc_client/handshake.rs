use super::pixel_format::PixelFormat;
use super::vnc_auth::vnc_auth_response;
use super::wire::{Wire, broken};
use crate::{Error, ErrorKind, Result};

/// Security types (RFC 6143 §7.1.2).
pub mod security {
    /// The connection failed; a reason follows.
    pub const INVALID: u8 = 0;
    /// No authentication.
    pub const NONE: u8 = 1;
    /// A DES challenge.
    pub const VNC_AUTH: u8 = 2;
}

/// The dialects of the handshake (RFC 6143 §7.1.1 and appendix A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The server decides the security type.
    V3_3,
    /// A list of security types; no result follows the type None, and no reason a failure.
    V3_7,
    /// A result always follows, and a reason a failure.
    V3_8,
}

/// How to log in: by default with version 3.8, the type None, and the shared flag set.
#[derive(Clone, Debug)]
pub struct Login {
    version: Version,
    announced: Option<String>,
    password: Option<String>,
    security: Option<u8>,
    shared: bool,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            version: Version::V3_8,
            announced: None,
            password: None,
            security: None,
            shared: true,
        }
    }
}

impl Login {
    /// Without a password.
    pub fn new() -> Self {
        Self::default()
    }

    /// With VNC authentication.
    pub fn with_password(password: &str) -> Self {
        Self {
            password: Some(password.to_owned()),
            ..Self::default()
        }
    }

    /// Speaks, and announces, another version.
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Announces this text instead of the version spoken: 12 bytes, as `"RFB 003.889\n"`.
    #[must_use]
    pub fn announcing(mut self, text: &str) -> Self {
        self.announced = Some(text.to_owned());
        self
    }

    /// Picks this security type, offered or not.
    #[must_use]
    pub fn picking(mut self, security: u8) -> Self {
        self.security = Some(security);
        self
    }

    /// Clears the shared flag: asks to be the only viewer.
    #[must_use]
    pub fn exclusive(mut self) -> Self {
        self.shared = false;
        self
    }

    fn announcement(&self) -> &str {
        match (&self.announced, self.version) {
            (Some(text), _) => text,
            (None, Version::V3_3) => "RFB 003.003\n",
            (None, Version::V3_7) => "RFB 003.007\n",
            (None, Version::V3_8) => "RFB 003.008\n",
        }
    }

    /// The security type to pick of those offered.
    fn pick(&self, offered: &[u8]) -> Result<u8> {
        let wanted = match (self.security, &self.password) {
            (Some(security), _) => return Ok(security),
            (None, Some(_)) => security::VNC_AUTH,
            (None, None) => security::NONE,
        };
        if offered.contains(&wanted) {
            return Ok(wanted);
        }
        let message = format!("security type {wanted} is wanted, but {offered:?} are offered");
        Err(Error::new(ErrorKind::Refused, message))
    }
}

/// What the server said until the session began.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// Its version, 12 bytes as sent.
    pub server_version: String,
    /// The security types it offered, in its order: with version 3.3 the one it chose.
    pub security_types: Vec<u8>,
    /// The security type used.
    pub security: u8,
    /// Width of the framebuffer in pixels.
    pub width: u16,
    /// Height of the framebuffer in pixels.
    pub height: u16,
    /// The server's own pixel format.
    pub format: PixelFormat,
    /// The name of the desktop.
    pub name: String,
}

/// Goes through the whole handshake (RFC 6143 §7.1 to §7.3). A server that refuses gives an error
/// of the kind [`ErrorKind::Refused`] with its reason, if it gave one.
pub fn log_in(wire: &mut Wire, login: &Login) -> Result<Welcome> {
    let server_version = exchange_versions(wire, login)?;
    let (security_types, security) = agree_on_security(wire, login)?;
    if security == security::VNC_AUTH {
        let challenge = wire.array("the challenge")?;
        let password = login.password.as_deref().unwrap_or_default();
        wire.send(&vnc_auth_response(password, challenge))?;
    }
    if security != security::NONE || login.version == Version::V3_8 {
        read_security_result(wire, login.version)?;
    }
    wire.send(&[u8::from(login.shared)])?;
    let welcome = Welcome {
        server_version,
        security_types,
        security,
        width: wire.u16("the width in ServerInit")?,
        height: wire.u16("the height in ServerInit")?,
        format: PixelFormat::from_bytes(wire.array("the pixel format in ServerInit")?),
        name: wire.string("the name in ServerInit")?,
    };
    if !welcome.format.is_valid() {
        return Err(broken(format!("ServerInit has {:?}", welcome.format)));
    }
    Ok(welcome)
}

/// Reads the server's version and answers with the client's.
pub fn exchange_versions(wire: &mut Wire, login: &Login) -> Result<String> {
    let version = wire.bytes(12, "the server's version")?;
    let version = String::from_utf8_lossy(&version).into_owned();
    let well_formed = version.starts_with("RFB ")
        && version.as_bytes()[7] == b'.'
        && version.ends_with('\n')
        && version[4..7]
            .bytes()
            .chain(version[8..11].bytes())
            .all(|b| b.is_ascii_digit());
    if !well_formed {
        return Err(broken(format!("the server's version is {version:?}")));
    }
    wire.send(login.announcement().as_bytes())?;
    Ok(version)
}

/// Agrees on a security type: returns those offered and the one in use.
pub fn agree_on_security(wire: &mut Wire, login: &Login) -> Result<(Vec<u8>, u8)> {
    let offered = if login.version == Version::V3_3 {
        let chosen = wire.u32("the security type")?;
        vec![u8::try_from(chosen).map_err(|_| broken(format!("security type {chosen}")))?]
    } else {
        let count = wire.u8("the number of security types")?;
        wire.bytes(count.into(), "the security types")?
    };
    if offered.is_empty() || offered == [security::INVALID] {
        return Err(refused(
            "the connection",
            &wire.string("the reason of the refusal")?,
        ));
    }
    let security = login.pick(&offered)?;
    if login.version == Version::V3_3 {
        return Ok((offered.clone(), offered[0]));
    }
    wire.send(&[security])?;
    Ok((offered, security))
}

/// Reads a SecurityResult, and with version 3.8 the reason of a failure.
pub fn read_security_result(wire: &mut Wire, version: Version) -> Result {
    match wire.u32("the security result")? {
        0 => Ok(()),
        1 | 2 if version == Version::V3_8 => Err(refused(
            "the login",
            &wire.string("the reason of the failed login")?,
        )),
        1 | 2 => Err(refused("the login", "no reason, as this version has none")),
        other => Err(broken(format!("security result {other}"))),
    }
}

fn refused(what: &str, reason: &str) -> Error {
    Error::new(
        ErrorKind::Refused,
        format!("the server refused {what}: {reason}"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::wire::tests::Script;
    use super::*;

    const INIT: &[u8] =
        b"\x00\x02\x00\x01\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\0\0\0\0\0\0\x02hi";

    fn try_log_in(login: &Login, parts: &[&[u8]]) -> Result<Welcome> {
        log_in(&mut Script::wire(&parts.concat()), login)
    }

    #[test]
    fn each_version_has_its_own_results() -> Result {
        let none = |version| Login::new().version(version);
        let v3_3: [&[u8]; 3] = [b"RFB 003.008\n", &[0, 0, 0, 1], INIT];
        assert_eq!(try_log_in(&none(Version::V3_3), &v3_3)?.name, "hi");
        let v3_7: [&[u8]; 3] = [b"RFB 003.008\n", &[2, 2, 1], INIT];
        let welcome = try_log_in(&none(Version::V3_7), &v3_7)?;
        assert_eq!((welcome.security_types, welcome.security), (vec![2, 1], 1));
        assert_eq!((welcome.width, welcome.height), (2, 1));
        let v3_8: [&[u8]; 4] = [b"RFB 003.008\n", &[1, 1], &[0; 4], INIT];
        assert_eq!(
            try_log_in(&none(Version::V3_8), &v3_8)?.format,
            PixelFormat::BGRX
        );
        Ok(())
    }

    #[test]
    fn refusals_carry_the_reason() {
        let kept_out: [&[u8]; 2] = [b"RFB 003.008\n", b"\0\0\0\0\x04busy"];
        let error = try_log_in(&Login::new(), &kept_out).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.to_string(), "the server refused the connection: busy");

        let wrong: [&[u8]; 4] = [
            b"RFB 003.008\n",
            &[1, 2],
            &[7; 16],
            b"\0\0\0\x01\0\0\0\x05wrong",
        ];
        let error = try_log_in(&Login::with_password("x"), &wrong).unwrap_err();
        assert_eq!(error.to_string(), "the server refused the login: wrong");

        let nothing_fits: [&[u8]; 2] = [b"RFB 003.008\n", &[1, 2]];
        let error = try_log_in(&Login::new(), &nothing_fits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
    }
}
