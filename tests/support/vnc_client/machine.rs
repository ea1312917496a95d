use super::wire::broken;
use super::{VncClient, encoding};
use crate::{Error, Result};

/// Codes of xvp messages (rfbproto "xvp Client Message", "xvp Server Message").
pub mod xvp {
    /// The server cannot do what it was asked for.
    pub const FAIL: u8 = 0;
    /// The server knows the extension.
    pub const INIT: u8 = 1;
    /// Shut down.
    pub const SHUTDOWN: u8 = 2;
    /// Begin anew, in order.
    pub const REBOOT: u8 = 3;
    /// Begin anew, at once.
    pub const RESET: u8 = 4;
}

/// The versions of the General Input Interface that the server knows (rfbproto "gii Server
/// Message").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GiiVersions {
    /// The least.
    pub minimum: u16,
    /// The greatest.
    pub maximum: u16,
}

/// The bit of the kind of a gii message that says that its numbers are big-endian.
const BIG_ENDIAN: u8 = 0x80;

/// The machine as a whole, and its input devices.
impl VncClient {
    /// Asks for a shutdown or the like: see [`xvp`]. The server must have said that it knows xvp.
    pub fn xvp(&mut self, code: u8) -> Result {
        if !self.xvp.contains(&xvp::INIT) {
            return Err(Error::other("the server has not said that it knows xvp"));
        }
        self.wire.send(&[250, 0, 1, code])
    }

    /// Chooses a version of gii, with the most significant byte first. The server must have said
    /// which it knows.
    pub fn gii_version(&mut self, version: u16) -> Result {
        if self.gii.is_none() {
            return Err(Error::other("the server has not said that it knows gii"));
        }
        let [high, low] = version.to_be_bytes();
        self.wire.send(&[253, BIG_ENDIAN | 1, 0, 2, high, low])
    }

    /// xvp Server Message (rfbproto): there is one version.
    pub(super) fn read_xvp(&mut self) -> Result {
        self.expect_extension(encoding::XVP)?;
        let [_, version, code] = self.wire.array("an xvp message")?;
        if version != 1 || code > xvp::INIT {
            return Err(broken(format!("code {code} of version {version} of xvp")));
        }
        if code == xvp::FAIL && !self.xvp.contains(&xvp::INIT) {
            return Err(broken("a failure of xvp before its beginning"));
        }
        self.xvp.push(code);
        Ok(())
    }

    /// gii Server Message (rfbproto), of which the viewer can only be sent the versions.
    pub(super) fn read_gii(&mut self) -> Result {
        self.expect_extension(encoding::GII)?;
        let kind = self.wire.u8("the kind of a gii message")?;
        let numbers: [[u8; 2]; 3] = [
            self.wire.array("a gii message")?,
            self.wire.array("a gii message")?,
            self.wire.array("a gii message")?,
        ];
        let [length, maximum, minimum] = match kind & BIG_ENDIAN {
            0 => numbers.map(u16::from_le_bytes),
            _ => numbers.map(u16::from_be_bytes),
        };
        if kind & !BIG_ENDIAN != 1 || length != 4 || !(1..=maximum).contains(&minimum) {
            return Err(broken(format!(
                "a gii message of kind {kind} and {length} bytes: {minimum} to {maximum}"
            )));
        }
        self.gii = Some(GiiVersions { minimum, maximum });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::PixelFormat;
    use super::super::tests::script_and_sent;
    use super::*;

    const FORMAT: PixelFormat = PixelFormat::BGR233;
    const LISTED: &[i32] = &[encoding::XVP, encoding::GII];

    #[test]
    fn xvp_begins_and_can_fail() -> Result {
        // rfbproto: type, padding, version, code.
        let messages = [250, 0, 1, 1, 250, 0, 1, 0, 250, 0, 2, 1];
        let (mut viewer, sent) = script_and_sent(FORMAT, (2, 1), LISTED, &messages)?;
        assert!(viewer.xvp(xvp::SHUTDOWN).is_err());
        viewer.read_message()?;
        viewer.xvp(xvp::REBOOT)?;
        assert_eq!(sent.take(), [250, 0, 1, 3]);
        viewer.read_message()?;
        assert_eq!(viewer.xvp, [xvp::INIT, xvp::FAIL]);
        let error = viewer.read_message().unwrap_err();
        assert_eq!(error.to_string(), "code 1 of version 2 of xvp");
        let (mut viewer, _) = script_and_sent(FORMAT, (2, 1), LISTED, &messages[4..])?;
        assert!(viewer.read_message().is_err(), "a failure first");
        Ok(())
    }

    #[test]
    fn gii_has_versions_in_either_byte_order() -> Result {
        // rfbproto: type, kind, length, maximum, minimum.
        let right = [[253, 0x81, 0, 4, 1, 2, 0, 1], [253, 0x01, 4, 0, 2, 1, 1, 0]];
        let expected = GiiVersions {
            minimum: 1,
            maximum: 0x0102,
        };
        for message in right {
            let (mut viewer, sent) = script_and_sent(FORMAT, (2, 1), LISTED, &message)?;
            assert!(viewer.gii_version(1).is_err());
            viewer.read_message()?;
            assert_eq!(viewer.gii, Some(expected));
            viewer.gii_version(1)?;
            assert_eq!(sent.take(), [253, 0x81, 0, 2, 0, 1]);
        }
        let wrong = [
            [253, 0x82, 0, 4, 0, 1, 0, 1],
            [253, 0x81, 0, 5, 0, 1, 0, 1],
            [253, 0x81, 0, 4, 0, 1, 0, 2],
        ];
        for message in wrong {
            let (mut viewer, _) = script_and_sent(FORMAT, (2, 1), LISTED, &message)?;
            assert!(viewer.read_message().is_err(), "{message:?}");
        }
        Ok(())
    }
}
