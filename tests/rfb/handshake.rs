//! Logging in: the versions of the protocol, with and without a password.

use std::time::Duration;

use offing_tests::vnc_client::{
    Login, PixelFormat, Version, VncClient, Wire, agree_on_security, encoding, exchange_versions,
    log_in, read_security_result,
};
use offing_tests::{Error, ErrorKind, Result, soon};
use rfb::{Event, Rights, Security, Size};

use crate::server::{Encoder, NAME, PASSWORD, REASON, Server, VIEW_ONLY, config};

const SIZE: Size = Size::new(300, 2);

/// What viewers name as their version, the dialect that they speak, and the one that the
/// library has to speak with them.
const DIALECTS: [(&str, Version, rfb::Version); 12] = [
    ("RFB 003.003\n", Version::V3_3, rfb::Version::V3_3),
    ("RFB 003.007\n", Version::V3_7, rfb::Version::V3_7),
    ("RFB 003.008\n", Version::V3_8, rfb::Version::V3_8),
    // Nobody published these, but there are viewers that name them.
    ("RFB 003.005\n", Version::V3_3, rfb::Version::V3_3),
    ("RFB 003.006\n", Version::V3_3, rfb::Version::V3_3),
    ("RFB 003.016\n", Version::V3_8, rfb::Version::V3_8),
    ("RFB 003.889\n", Version::V3_8, rfb::Version::V3_8),
    ("RFB 004.000\n", Version::V3_8, rfb::Version::V3_8),
    ("RFB 004.001\n", Version::V3_8, rfb::Version::V3_8),
    ("RFB 005.000\n", Version::V3_8, rfb::Version::V3_8),
    ("RFB 000.000\n", Version::V3_3, rfb::Version::V3_3),
    ("RFB 999.999\n", Version::V3_3, rfb::Version::V3_3),
];

/// The server's end, and the viewer's before a word is said.
fn start(security: &[Security]) -> Result<(Server, Wire)> {
    let (server, stream) = Server::start(config(SIZE, security), Encoder::new(0))?;
    Ok((server, Wire::new(stream)))
}

fn login(password: Option<&str>) -> Login {
    password.map_or_else(Login::new, Login::with_password)
}

#[test]
fn who_gets_in() -> Result {
    for (announced, dialect, version) in DIALECTS {
        for (security, password, rights) in [
            (Security::NONE, None, Some(Rights::Full)),
            (Security::VNC_AUTH, Some(PASSWORD), Some(Rights::Full)),
            (Security::VNC_AUTH, Some(VIEW_ONLY), Some(Rights::ViewOnly)),
            (Security::VNC_AUTH, Some("Secret"), None),
            (Security::VNC_AUTH, Some("secret and more"), None),
            (Security::VNC_AUTH, Some(""), None),
        ] {
            let login = login(password).version(dialect).announcing(announced);
            try_login(&login, dialect, version, security, rights).map_err(|error| {
                error.context(format!("{announced:?}, {security:?}, {password:?}"))
            })?;
        }
    }
    Ok(())
}

fn try_login(
    login: &Login,
    dialect: Version,
    version: rfb::Version,
    security: Security,
    rights: Option<Rights>,
) -> Result {
    let (server, mut wire) = start(&[security])?;
    let result = log_in(&mut wire, login);
    assert_eq!(server.with(|session| session.version()), Some(version));
    assert_eq!(server.with(|session| session.security()), Some(security));
    assert_eq!(server.with(|session| session.rights()), rights);
    if rights.is_some() {
        let welcome = result?;
        assert_eq!(welcome.server_version, "RFB 003.008\n");
        assert_eq!(welcome.security_types, [security.0]);
        assert_eq!((welcome.width, welcome.height), (SIZE.width, SIZE.height));
        assert_eq!(welcome.format, PixelFormat::BGRX);
        assert_eq!(welcome.name, NAME);
        assert_eq!(server.event()?, Event::Ready { shared: true });
        return Ok(());
    }
    let error = refusal(result.map(drop))?;
    assert_eq!(
        error.to_string().contains(REASON),
        dialect == Version::V3_8,
        "{error}"
    );
    assert_eq!(wire.expect_closed(soon())?, b"");
    assert_eq!(server.end()?, None);
    assert_eq!(server.events(), []);
    Ok(())
}

/// The error of one who is refused.
fn refusal(result: Result) -> Result<Error> {
    match result {
        Err(error) if error.kind() == ErrorKind::Refused => Ok(error),
        Err(error) => Err(error.context("not refused")),
        Ok(()) => Err(Error::other("not refused")),
    }
}

#[test]
fn a_type_that_is_not_offered() -> Result {
    for version in [Version::V3_7, Version::V3_8] {
        for pick in [0, 1, 16, 255] {
            let login = Login::new().version(version).picking(pick);
            let (server, mut wire) = start(&[Security::VNC_AUTH])?;
            exchange_versions(&mut wire, &login)?;
            agree_on_security(&mut wire, &login)?;
            let error = refusal(read_security_result(&mut wire, version))?.to_string();
            assert_eq!(
                error.contains("not offered"),
                version == Version::V3_8,
                "{error}"
            );
            assert_eq!(wire.expect_closed(soon())?, b"");
            let expected = rfb::Error::SecurityTypeNotOffered(Security(pick));
            assert_eq!(server.end()?, Some(expected));
        }
    }
    Ok(())
}

#[test]
fn nothing_is_offered() -> Result {
    let unimplemented = [Security::VENCRYPT, Security::TIGHT, Security(0)];
    for security in [&[], unimplemented.as_slice()] {
        for (announced, dialect, version) in DIALECTS {
            let login = Login::new().version(dialect).announcing(announced);
            let (server, mut wire) = start(security)?;
            let error = refusal(log_in(&mut wire, &login).map(drop))?.to_string();
            let expected = rfb::Error::NoSecurityType(version);
            assert!(error.ends_with(&expected.to_string()), "{error}");
            assert_eq!(wire.expect_closed(soon())?, b"");
            assert_eq!(server.end()?, Some(expected));
        }
    }
    Ok(())
}

#[test]
fn several_types_are_offered_in_order() -> Result {
    let offered = [Security::VENCRYPT, Security::VNC_AUTH, Security::NONE];
    for (version, password, types, chosen) in [
        // The server decides.
        (Version::V3_3, Some(PASSWORD), [2].as_slice(), 2),
        (Version::V3_7, None, &[2, 1], 1),
        (Version::V3_8, None, &[2, 1], 1),
        (Version::V3_8, Some(PASSWORD), &[2, 1], 2),
    ] {
        let (server, mut wire) = start(&offered)?;
        let welcome = log_in(&mut wire, &login(password).version(version))?;
        assert_eq!(welcome.security_types, types);
        assert_eq!(welcome.security, chosen);
        assert_eq!(
            server.with(|session| session.security()),
            Some(Security(chosen))
        );
    }
    Ok(())
}

#[test]
fn the_shared_flag_is_reported() -> Result {
    let (server, mut wire) = start(&[Security::NONE])?;
    log_in(&mut wire, &Login::new().exclusive())?;
    assert_eq!(server.event()?, Event::Ready { shared: false });
    Ok(())
}

#[test]
fn who_may_only_look_changes_nothing() -> Result {
    let (server, stream) = Server::start(config(SIZE, &[Security::VNC_AUTH]), Encoder::new(0))?;
    let mut viewer = VncClient::connect(stream, &Login::with_password(VIEW_ONLY))?;
    assert_eq!(server.event()?, Event::Ready { shared: true });
    viewer.set_encodings(&[encoding::EXTENDED_DESKTOP_SIZE])?;
    viewer.tap(0x61)?;
    viewer.click(1, 1, 1)?;
    viewer.cut_text("mine")?;
    viewer.set_desktop_size(400, 300)?;
    viewer.update()?;
    let answers: Vec<_> = viewer
        .resizes
        .iter()
        .map(|r| (r.reason, r.status))
        .collect();
    assert_eq!(answers, [(1, 1), (0, 0)], "prohibited, and the layout");
    assert_eq!(viewer.size(), (SIZE.width.into(), SIZE.height.into()));
    assert_eq!(server.events(), []);
    Ok(())
}

#[test]
fn slow_viewers_are_left_until_they_are_in() -> Result {
    let nearly = Duration::from_millis(1);
    let timeout = Some(rfb::Error::Timeout);

    let (server, mut wire) = start(&[Security::VNC_AUTH])?;
    server.pass(Duration::from_secs(10) - nearly);
    assert!(!server.with(|session| session.is_closing()));
    server.pass(nearly);
    assert_eq!(wire.expect_closed(soon())?, b"RFB 003.008\n");
    assert_eq!(server.end()?, timeout);

    let (server, mut wire) = start(&[Security::VNC_AUTH])?;
    exchange_versions(&mut wire, &Login::new())?;
    assert_eq!(wire.u8("the number of security types")?, 1);
    server.pass(Duration::from_secs(120) - nearly);
    assert!(!server.with(|session| session.is_closing()));
    server.pass(nearly);
    assert_eq!(wire.expect_closed(soon())?, [2]);
    assert_eq!(server.end()?, timeout);

    let (server, mut wire) = start(&[Security::NONE])?;
    log_in(&mut wire, &Login::new())?;
    assert_eq!(server.event()?, Event::Ready { shared: true });
    server.pass(Duration::from_secs(1_000_000));
    assert_eq!(server.with(|session| session.poll_timeout()), None);
    assert!(!server.with(|session| session.is_closing()));
    Ok(())
}
