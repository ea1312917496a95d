//! Who is let in.

use std::time::Duration;

use super::*;

#[test]
fn passwords_decide() {
    use Rights::{Full, ViewOnly};
    let is = Some("password");
    let other = Some("other");
    for (password, view_only, rights) in [
        (None, None, Some(Full)),
        (Some(""), Some(""), Some(Full)),
        (is, None, Some(Full)),
        (is, is, Some(Full)),
        (other, is, Some(ViewOnly)),
        (None, is, Some(ViewOnly)),
        (other, None, None),
        (other, other, None),
        (None, other, None),
    ] {
        let mut desk = Desk::new();
        desk.server.set_password(password);
        desk.server.set_view_only_password(view_only);
        let is_open = password.or(view_only).unwrap_or("").is_empty();
        let id = desk.connect();
        if is_open {
            desk.send(id, HELLO);
            assert_eq!(desk.server.password(), None);
        } else {
            desk.send(id, HELLO_AUTH);
            let offer = [&[1, 2], &CHALLENGE[..]].concat();
            assert!(desk.read(id).ends_with(&offer), "only VncAuth");
            desk.send(id, &RESPONSE);
            assert_eq!(desk.server.password(), password);
            assert_eq!(desk.server.view_only_password(), view_only);
        }
        if rights.is_some() && !is_open {
            assert_eq!(desk.read(id), [0; 4]);
            desk.send(id, &[1]);
        }
        let found: Vec<_> = desk.server.viewers().map(|(_, s)| s.rights()).collect();
        if rights.is_some() {
            assert_eq!(found, [rights]);
            assert!(desk.events().contains(&ServerEvent::Joined(id)));
        } else {
            assert_eq!(found, []);
            assert!(desk.server.is_closing(id));
            assert!(desk.read(id).ends_with(b"wrong password"));
            assert_eq!(desk.events(), []);
        }
    }
}

#[test]
fn a_new_password_sends_away_who_is_logging_in() {
    let set: [fn(&mut Server, Option<&str>); 2] =
        [Server::set_password, Server::set_view_only_password];
    for set in set {
        let mut desk = Desk::new();
        let (joined, accepted, early) = (desk.join(), desk.connect(), desk.connect());
        // All but the last byte of it.
        desk.send(accepted, &HELLO[..HELLO.len() - 1]);
        set(&mut desk.server, Some("password"));
        for gone in [accepted, early] {
            assert!(desk.server.is_closing(gone));
            desk.send(gone, &[1]);
        }
        assert!(!desk.server.is_closing(joined));
        let authenticating = desk.connect();
        desk.send(authenticating, HELLO_AUTH);
        set(&mut desk.server, Some("password"));
        assert!(!desk.server.is_closing(authenticating), "nothing changed");
        set(&mut desk.server, None);
        assert!(desk.server.is_closing(authenticating));
        assert_eq!(desk.events(), []);
        assert_eq!(desk.server.viewers().count(), 1);
    }
}

#[test]
fn connections_can_be_off() {
    let mut desk = Desk::new();
    desk.server.listening(5901);
    let (id, other, stranger) = (desk.join(), desk.join(), desk.connect());
    desk.server.set_connection_enabled(false);
    assert!(!desk.server.is_connection_enabled());
    let off = ServerEvent::StateChanged(ServerState::NotStarted);
    let left = ServerEvent::Left;
    assert_eq!(desk.events(), [left(id), left(other), off]);
    for gone in [id, other, stranger] {
        assert!(desk.server.is_closing(gone));
        assert_eq!(desk.read(gone), b"");
        desk.send(gone, b"anything");
        desk.server.disconnect(gone);
    }
    assert_eq!(desk.server.connect(desk.now, CHALLENGE), None);
    desk.server.set_connection_enabled(true);
    let on = ServerEvent::StateChanged(ServerState::Listening);
    assert_eq!(desk.events(), [on]);
    assert_ne!(desk.join(), id, "numbers are not used twice");
}

#[test]
fn the_state_is_told() {
    use ServerState::{Connected, Failed, Listening, NotStarted};
    let mut desk = Desk::new();
    assert_eq!(desk.server.state(), NotStarted);
    desk.server.failed();
    assert_eq!(desk.server.port(), None);
    desk.server.listening(5900);
    desk.server.listening(5901);
    assert_eq!(desk.server.port(), Some(5901));
    let changed = ServerEvent::StateChanged;
    assert_eq!(desk.events(), [changed(Failed), changed(Listening)]);

    let (one, two) = (desk.connect(), desk.connect());
    assert_eq!(desk.events(), [], "nobody has logged in");
    desk.send(one, HELLO);
    desk.send(two, HELLO);
    assert_eq!(desk.server.state(), Connected);
    let joined = ServerEvent::Joined;
    assert_eq!(
        desk.events(),
        [joined(one), changed(Connected), joined(two)]
    );
    desk.server.disconnect(one);
    desk.server.disconnect(two);
    let left = ServerEvent::Left;
    assert_eq!(desk.events(), [left(one), left(two), changed(Listening)]);
}

#[test]
fn who_is_slow_or_wrong_is_closed() {
    let mut desk = Desk::new();
    let (slow, wrong, joined) = (desk.connect(), desk.connect(), desk.join());
    let error = desk.server.receive(wrong, desk.now, b"GET / HTTP/1.1\r\n");
    assert_eq!(error, Err(Error::NotRfb));
    assert!(desk.server.is_closing(wrong));
    let timeout = desk.server.poll_timeout().unwrap();
    assert_eq!(timeout, desk.now + Duration::from_secs(10));
    desk.server
        .handle_timeout(timeout - Duration::from_nanos(1));
    assert!(!desk.server.is_closing(slow));
    desk.server.handle_timeout(timeout);
    assert!(desk.server.is_closing(slow));
    assert!(!desk.server.is_closing(joined));
    assert_eq!(desk.server.poll_timeout(), None);

    // One that was in, and then says what nobody understands.
    assert!(desk.server.receive(joined, desk.now, &[77]).is_err());
    assert!(desk.server.is_closing(joined));
    assert_eq!(desk.events(), []);
    desk.server.disconnect(joined);
    assert_eq!(desk.events()[0], ServerEvent::Left(joined));
}

#[test]
fn events_are_bounded() {
    let mut desk = Desk::new();
    let mut joined = 0;
    while let Some(id) = desk.server.connect(desk.now, CHALLENGE) {
        desk.send(id, HELLO);
        joined += 1;
        assert!(joined < 100);
    }
    // And the change of the state.
    assert_eq!(desk.events().len(), joined + 1);
    let id = desk.connect();
    desk.send(id, HELLO);
    let keys = [4, 1, 0, 0, 0, 0, 0, 0x61].repeat(1000);
    let (mut rest, mut seen) = (&keys[..], 0);
    while !rest.is_empty() {
        let taken = desk.server.receive(id, desk.now, rest).unwrap();
        assert!(taken <= 64 * 8);
        rest = &rest[taken..];
        seen += desk.events().len();
    }
    assert_eq!(seen, 1 + 1000);
}

#[test]
fn debug_tells_no_password() {
    let mut server = Server::new("desk", SIZE);
    server.set_password(Some("secret"));
    server.set_view_only_password(Some("secret"));
    assert!(!format!("{server:?}").contains("secret"));
}
