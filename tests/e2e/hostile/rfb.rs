//! Viewers.

use std::io::Write;
use std::os::unix::net::UnixStream;

use offing_tests::vnc_client::{Login, PixelFormat, Version, Wire, button, encoding, log_in};
use offing_tests::{ErrorKind, Result, soon};
use rfb::Security;

use super::Meanwhile;
use crate::fixture::{Fixture, HEIGHT, WIDTH, config, expect_equal, sync, wait_for_buttons};
use crate::peers::Scene;

const LEFT: u32 = 0x110;

/// A viewer that has logged in, and need not keep to anything.
fn wire(scene: &Scene) -> Result<Wire> {
    let mut wire = Wire::new(scene.fixture.viewer_socket()?);
    log_in(&mut wire, &Login::new())?;
    Ok(wire)
}

// Illegal.

#[test]
fn handshakes_that_break_off() -> Result {
    let mut scene = Scene::new()?;
    for script in [
        b"RFB 003.003\n\x01".as_slice(),
        b"RFB 003.007\n\x01\x01",
        b"RFB 003.008\n\x01\x01",
    ] {
        for length in 0..=script.len() {
            for vanishes in [false, true] {
                let mut socket = scene.fixture.viewer_socket()?;
                socket.write_all(&script[..length])?;
                if !vanishes {
                    let mut wire = Wire::new(socket);
                    wire.finish()?;
                    wire.expect_closed(soon())?;
                }
            }
        }
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn types_of_security_that_are_not_offered() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.auth.security = vec![Security::VNC_AUTH];
    config.auth.password = Some("secret".to_owned());
    let login = Login::with_password("secret");
    let mut scene = Scene::start(Fixture::start(config)?, &login)?;
    for version in [b"RFB 003.007\n", b"RFB 003.008\n"] {
        // Nobody gets in by naming another type, None above all.
        for security in [0, 1, 3, 16, 19, 255] {
            let mut wire = Wire::new(scene.fixture.viewer_socket()?);
            wire.send(&[version.as_slice(), &[security, 1]].concat())?;
            let said = wire.expect_closed(soon())?;
            assert!(said.starts_with(b"RFB 003.008\n\x01\x02"), "{said:?}");
        }
    }
    for (version, says_why) in [
        (Version::V3_3, false),
        (Version::V3_7, false),
        (Version::V3_8, true),
    ] {
        let login = Login::with_password("wrong").version(version);
        let refusal = scene.fixture.viewer_with(&login).err();
        let refusal = refusal.map(|error| (error.kind(), error.to_string()));
        let (kind, text) = refusal.unwrap_or((ErrorKind::Other, "any password is taken".into()));
        assert_eq!(kind, ErrorKind::Refused, "{text}");
        assert_eq!(text.contains("wrong password"), says_why, "{text}");
    }
    scene.goes_on()
}

#[test]
fn messages_that_make_no_sense() -> Result {
    let mut scene = Scene::new()?;
    let valid = PixelFormat::BGRX;
    let formats = [
        PixelFormat {
            bits_per_pixel: 0,
            ..valid
        },
        PixelFormat {
            bits_per_pixel: 24,
            ..valid
        },
        PixelFormat {
            bits_per_pixel: 33,
            ..valid
        },
        PixelFormat {
            shift: [32, 8, 0],
            ..valid
        },
        PixelFormat {
            shift: [16, 8, 255],
            ..valid
        },
        PixelFormat {
            max: [255, 0, 255],
            ..valid
        },
    ];
    let formats = formats.map(|format| [&[0; 4], format.to_bytes().as_slice()].concat());
    let unknown = [1, 7, 8, 127, 252, 254, 255].map(|number| vec![number; 20]);
    for message in formats.into_iter().chain(unknown) {
        let mut wire = wire(&scene)?;
        wire.send(&message)?;
        wire.expect_closed(soon())?;
        scene.goes_on()?;
    }
    Ok(())
}

// Excessive.

#[test]
fn long_lists_and_rectangles_out_of_reach() -> Result {
    let mut scene = Scene::new()?;
    let mut viewer = scene.fixture.viewer()?;
    let mut encodings: Vec<i32> = (100_000..165_535).collect();
    encodings[65_532] = encoding::HEXTILE;
    encodings[65_533] = encoding::POINTER_POS;
    encodings[65_534] = encoding::CURSOR;
    viewer.set_encodings(&encodings)?;
    scene.goes_on()?;
    const MAX: u16 = u16::MAX;
    for (x, y, width, height) in [
        (0, 0, 0, 0),
        (MAX, MAX, MAX, MAX),
        (0, 0, MAX, MAX),
        (319, 239, MAX, MAX),
        (320, 240, 1, 1),
        (5, 5, 0, MAX),
    ] {
        viewer.request(false, x, y, width, height)?;
        scene.goes_on()?;
    }
    let seen = scene.viewer.picture();
    viewer.wait_for_picture(soon(), &seen)
}

#[test]
fn floods_of_requests_for_updates() -> Result {
    let mut scene = Scene::new()?;
    let mut wire = wire(&scene)?;
    let requests = [3, 0, 0, 0, 0, 0, 1, 64, 0, 240].repeat(1000);
    // It never reads what it asked for.
    let flood = Meanwhile::repeat(move || wire.send(&requests));
    for _ in 0..10 {
        scene.goes_on()?;
    }
    assert!(flood.end()? > 0);
    Ok(())
}

#[test]
fn floods_of_motions_lose_no_button() -> Result {
    const CLICKS: usize = 200;
    let mut scene = Scene::new()?;
    let mut clicking = wire(&scene)?;
    let event = |x: u8, buttons: u8| [5, buttons, 0, 115 + x % 90, 0, 100];
    // Over the window, to and fro.
    let motions: Vec<u8> = (0..=255).flat_map(|x| event(x, 0)).collect();
    let mut flooding = wire(&scene)?;
    let flood = Meanwhile::repeat(move || flooding.send(&motions));
    for _ in 0..5 {
        scene.goes_on()?;
    }
    scene.client.forget_input();
    let mut clicks: Vec<u8> = Vec::new();
    for n in 0..CLICKS {
        clicks.extend((0..20).flat_map(|x| event(x, 0)));
        clicks.extend(event(n as u8, button::LEFT));
        clicks.extend((0..20).flat_map(|x| event(x, button::LEFT)));
        clicks.extend(event(n as u8, 0));
    }
    clicking.send(&clicks)?;
    let expected = [(LEFT, true), (LEFT, false)].repeat(CLICKS);
    wait_for_buttons(&mut scene.client, &expected)?;
    assert!(flood.end()? > 0);
    scene.goes_on()
}

#[test]
fn viewers_that_read_a_byte_now_and_then() -> Result {
    let mut scene = Scene::new()?;
    let slow = (0..8).map(|_| {
        let mut wire = wire(&scene)?;
        wire.send(&[3, 0, 0, 0, 0, 0, 1, 64, 0, 240].repeat(100))?;
        Ok(wire)
    });
    let mut slow = slow.collect::<Result<Vec<Wire>>>()?;
    for _ in 0..20 {
        for wire in &mut slow {
            wire.u8("a byte")?;
        }
        scene.goes_on()?;
    }
    Ok(())
}

#[test]
fn connections_that_say_nothing_keep_nobody_out() -> Result {
    let mut scene = Scene::new()?;
    let silent: Vec<UnixStream> = (0..100)
        .map(|_| scene.fixture.viewer_socket())
        .collect::<Result<_>>()?;
    let mut late = scene.fixture.viewer()?;
    sync(&mut late)?;
    scene.goes_on()?;
    // Most of them had to give way.
    let is_served = |socket: UnixStream| {
        let mut wire = Wire::new(socket);
        wire.expect(b"RFB 003.008\n", "the version").is_ok()
            && wire.send(b"RFB 003.003\n").is_ok()
            && wire.u32("the security type").is_ok()
    };
    let served = silent.into_iter().map(is_served).filter(|it| *it).count();
    expect_equal("those that did not", served, 31)
}
