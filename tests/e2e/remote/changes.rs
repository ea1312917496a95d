//! What changes while viewers are served: who may connect, where, and what they may do.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;

use offing::remote::{Auth, Listener, Request, ViewerId};
use offing_tests::vnc_client::{Login, VncClient, Wire};
use offing_tests::{ErrorKind, Result, soon};
use rfb::{Security, Size};

use super::desk::{Desk, config, tcp};
use super::{FIRST, SIZE, whole};

fn auth(password: &str) -> Auth {
    Auth {
        security: vec![Security::VNC_AUTH],
        password: Some(password.to_owned()),
        view_only_password: None,
    }
}

/// A server that listens, with the password `first`, and a viewer that has logged in.
fn with_password() -> Result<(Desk, std::net::SocketAddr, VncClient)> {
    let mut settings = config(SIZE);
    settings.auth = auth("first");
    let (mut desk, address) = Desk::listening(settings);
    desk.paint(&whole(1), 0, 0);
    let mut viewer = VncClient::connect(tcp(address), &Login::with_password("first"))?;
    viewer.wait_for_picture(soon(), &whole(1))?;
    assert_eq!(desk.request()?, Request::Joined { viewer: FIRST });
    Ok((desk, address, viewer))
}

#[test]
fn a_new_password_is_for_new_viewers() -> Result {
    let (mut desk, address, mut viewer) = with_password()?;
    desk.remote.set_auth(auth("second"));
    let login = |password| VncClient::connect(tcp(address), &Login::with_password(password));
    let refused = login("first").err().unwrap();
    assert!(refused.to_string().contains("wrong password"), "{refused}");
    login("second")?;
    desk.paint(&whole(2), 0, 0);
    viewer.wait_for_picture(soon(), &whole(2))
}

#[test]
fn an_attached_viewer_needs_no_password() -> Result {
    let (desk, _address, _viewer) = with_password()?;
    let (ours, theirs) = UnixStream::pair().unwrap();
    desk.remote.attach(theirs).unwrap();
    let mut attached = VncClient::connect(ours, &Login::new())?;
    attached.wait_for_picture(soon(), &whole(1))?;
    let peers: Vec<String> = desk
        .remote
        .viewers()
        .into_iter()
        .map(|it| it.peer)
        .collect();
    assert!(peers[0].starts_with("127.0.0.1:"), "{peers:?}");
    assert_eq!(peers[1], "attached");
    // Everybody else still does.
    let refused = VncClient::connect(desk.connect(), &Login::new());
    assert_eq!(refused.err().unwrap().kind(), ErrorKind::Refused);
    Ok(())
}

#[test]
fn connections_are_switched_off_and_on() -> Result {
    let (mut desk, address, mut viewer) = with_password()?;
    desk.remote.set_connections(false);
    let end = viewer.wait_until(soon(), "the end", |_| false);
    assert_eq!(end.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(desk.request()?, Request::Left { viewer: FIRST });
    for attached in [false, true] {
        let mut wire = if attached {
            let (ours, theirs) = UnixStream::pair().unwrap();
            desk.remote.attach(theirs).unwrap();
            Wire::new(ours)
        } else {
            Wire::new(tcp(address))
        };
        wire.expect(b"RFB 003.003\n\0\0\0\0", "the version and security type 0")?;
        let reason = wire.string("the reason")?;
        assert!(reason.contains("switched off"), "{reason}");
        wire.expect_closed(soon())?;
    }
    desk.remote.set_connections(true);
    VncClient::connect(tcp(address), &Login::with_password("first"))?;
    Ok(())
}

#[test]
fn viewers_move_to_other_listeners() -> Result {
    let (mut desk, address, mut viewer) = with_password()?;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = listener.local_addr().unwrap();
    desk.remote.set_listeners(vec![Listener::Tcp(listener)]);
    VncClient::connect(tcp(other), &Login::with_password("first"))?;
    let refused = std::net::TcpStream::connect(address);
    assert!(refused.is_err(), "{refused:?}");
    desk.paint(&whole(2), 0, 0);
    viewer.wait_for_picture(soon(), &whole(2))
}

#[test]
fn all_viewers_only_watch_for_a_while() -> Result {
    let (mut desk, address, mut viewer) = with_password()?;
    viewer.set_usual_encodings()?;
    viewer.key(1, true)?;
    let key = |viewer, keysym| Request::Key {
        viewer,
        keysym,
        keycode: None,
        pressed: true,
    };
    assert_eq!(desk.request()?, key(FIRST, 1));
    desk.remote.set_view_only(true);
    assert!(desk.remote.viewers().iter().all(|it| it.view_only));
    viewer.key(2, true)?;
    viewer.pointer(1, 1, 1)?;
    viewer.cut_text("text")?;
    viewer.set_desktop_size(100, 100)?;
    let second = VncClient::connect(tcp(address), &Login::with_password("first"))?;
    let (id, size) = (ViewerId(2), SIZE);
    assert_eq!(desk.request()?, Request::Joined { viewer: id });
    // Its wish was turned down meanwhile.
    viewer.wait_until(soon(), "an answer", |viewer| {
        viewer.resizes.iter().any(|resize| resize.status == 1)
    })?;
    assert_eq!(viewer.size(), (size.width.into(), size.height.into()));

    desk.remote.set_view_only(false);
    assert!(desk.remote.viewers().iter().all(|it| !it.view_only));
    viewer.key(3, true)?;
    assert_eq!(desk.request()?, key(FIRST, 3));
    viewer.set_desktop_size(100, 100)?;
    let resize = Request::Resize {
        viewer: FIRST,
        size: Size::new(100, 100),
    };
    assert_eq!(desk.request()?, resize);
    drop(second);
    Ok(())
}
