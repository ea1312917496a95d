//! The viewers' side with real sockets and an independent viewer.

mod changes;
mod desk;

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use desk::{Desk, config, tcp};
use offing::remote::{Answer, Config, Listener, MovedBy, Request, ViewerId};
use offing_tests::picture::Picture;
use offing_tests::vnc_client::{Login, VncClient, Wire};
use offing_tests::{ErrorKind, Result, soon};
use rfb::{Point, Size};
use rfb::{ResizeStatus, Security};

const SIZE: Size = Size::new(640, 400);
const FIRST: ViewerId = ViewerId(1);

fn whole(seed: u32) -> Picture {
    Picture::pattern(640, 400, seed)
}

#[test]
fn a_viewer_sees_what_is_captured() -> Result {
    let mut desk = Desk::new(SIZE);
    assert!(desk.paint(&whole(1), 0, 0));
    let mut viewer = desk.viewer()?;
    viewer.wait_for_picture(soon(), &whole(1))?;
    let piece = Picture::pattern(16, 16, 2);
    desk.paint(&piece, 100, 70);
    let seen = viewer.updates.len();
    viewer.wait_for_picture(soon(), &whole(1).with(&piece, 100, 70))?;
    assert_eq!(viewer.updates.len(), seen + 1);
    let area: u32 = viewer.updates[seen]
        .rects
        .iter()
        .map(|r| u32::from(r.width) * u32::from(r.height))
        .sum();
    assert_eq!(area, 256, "only what changed is sent");
    assert!(!desk.capture(&[SIZE.rect()]), "nothing changed");
    assert_eq!(desk.remote.frame().unwrap().size(), SIZE);
    Ok(())
}

#[test]
fn viewers_come_by_tcp_and_unix_sockets() -> Result {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vnc");
    let mut settings = config(SIZE);
    settings
        .listeners
        .push(Listener::Unix(UnixListener::bind(&path).unwrap()));
    let (mut desk, address) = Desk::listening(settings);
    desk.paint(&whole(3), 0, 0);
    let mut by_tcp = VncClient::connect(tcp(address), &Login::new())?;
    let mut by_unix = VncClient::connect(UnixStream::connect(&path).unwrap(), &Login::new())?;
    by_tcp.wait_for_picture(soon(), &whole(3))?;
    by_unix.wait_for_picture(soon(), &whole(3))?;
    assert_eq!(by_tcp.name, "desk");
    assert_eq!(desk.remote.viewer_count(), 2);
    let mut peers: Vec<String> = desk
        .remote
        .viewers()
        .into_iter()
        .map(|it| it.peer)
        .collect();
    peers.sort();
    assert!(peers[0].starts_with("127.0.0.1:"), "{peers:?}");
    assert_eq!(peers[1], "unix");
    Ok(())
}

#[test]
fn requests_come_in_order() -> Result {
    let mut desk = Desk::new(SIZE);
    let mut viewer = desk.viewer()?;
    viewer.key(0x61, true)?;
    viewer.pointer(10, 20, 0)?;
    viewer.pointer(10, 20, 1)?;
    viewer.pointer(10, 20, 0)?;
    viewer.cut_text("caf\u{e9}")?;
    viewer.key(0x61, false)?;
    drop(viewer);
    let viewer = FIRST;
    let pointer = |buttons| Request::Pointer {
        viewer,
        x: 10,
        y: 20,
        buttons,
    };
    assert_eq!(
        desk.requests(8)?,
        [
            Request::Joined { viewer },
            Request::Key {
                viewer,
                keysym: 0x61,
                keycode: None,
                pressed: true
            },
            pointer(0),
            pointer(1),
            pointer(0),
            Request::CutText {
                viewer,
                text: "caf\u{e9}".to_owned()
            },
            Request::Key {
                viewer,
                keysym: 0x61,
                keycode: None,
                pressed: false
            },
            Request::Left { viewer },
        ]
    );
    assert_eq!(desk.remote.viewer_count(), 0);
    Ok(())
}

#[test]
fn a_full_inbox_stops_the_viewer_and_loses_nothing() -> Result {
    const KEYS: u32 = 200_000;
    let mut desk = Desk::new(SIZE);
    let mut viewer = desk.viewer()?;
    assert_eq!(desk.request()?, Request::Joined { viewer: FIRST });
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let typist = thread::spawn({
        let sent = sent.clone();
        move || -> Result {
            for keysym in 0..KEYS {
                viewer.key(keysym, keysym % 2 == 0)?;
                sent.store(keysym + 1, std::sync::atomic::Ordering::SeqCst);
            }
            Ok(())
        }
    });
    // The typist gets stuck: what it sent does not grow any more. (A look every 20 ms, five
    // equal ones in a row, because nothing announces that nothing happens.)
    let mut looks = [0; 5];
    while looks.iter().any(|&look| look != looks[0]) || looks[0] == 0 {
        thread::sleep(Duration::from_millis(20));
        looks.rotate_left(1);
        looks[4] = sent.load(std::sync::atomic::Ordering::SeqCst);
    }
    assert!(
        looks[0] < KEYS,
        "the sockets and boxes took all {KEYS} keys"
    );
    assert!(!typist.is_finished());
    for keysym in 0..KEYS {
        let expected = Request::Key {
            viewer: FIRST,
            keysym,
            keycode: None,
            pressed: keysym % 2 == 0,
        };
        assert_eq!(desk.request()?, expected);
    }
    typist.join().unwrap()?;
    assert_eq!(desk.request()?, Request::Left { viewer: FIRST });
    Ok(())
}

#[test]
fn what_a_viewer_typed_before_it_closed_counts() -> Result {
    let (mut desk, address) = Desk::listening(config(SIZE));
    desk.paint(&whole(1), 0, 0);
    for round in 1..=20 {
        let mut viewer = VncClient::connect(tcp(address), &Login::new())?;
        // It asks for pixels that it never reads, so its socket closes with a reset. The keys
        // are more than the inbox holds, and leave in one piece.
        viewer.request_everything()?;
        let keys = (0..400u32).flat_map(|keysym| {
            let [a, b, c, d] = keysym.to_be_bytes();
            [4, 1, 0, 0, a, b, c, d]
        });
        viewer.wire().send(&keys.collect::<Vec<u8>>())?;
        drop(viewer);
        let viewer = ViewerId(round);
        assert_eq!(desk.request()?, Request::Joined { viewer });
        for keysym in 0..400 {
            assert_eq!(
                desk.request()?,
                Request::Key {
                    viewer,
                    keysym,
                    keycode: None,
                    pressed: true
                }
            );
        }
        assert_eq!(desk.request()?, Request::Left { viewer });
    }
    Ok(())
}

#[test]
fn a_viewer_that_never_reads_disturbs_nobody() -> Result {
    let size = Size::new(1024, 768);
    let mut desk = Desk::new(size);
    let mut stuck = VncClient::connect(desk.connect(), &Login::new())?;
    desk.paint(&Picture::pattern(1024, 768, 0), 0, 0);
    for _ in 0..1000 {
        stuck.request_everything()?;
    }
    let mut viewer = VncClient::connect(desk.connect(), &Login::new())?;
    for seed in 1..6 {
        let picture = Picture::pattern(1024, 768, seed);
        desk.paint(&picture, 0, 0);
        viewer.wait_for_picture(soon(), &picture)?;
    }
    let sent: Vec<u64> = desk
        .remote
        .viewers()
        .into_iter()
        .map(|c| c.bytes_sent)
        .collect();
    assert!(
        sent[0] < size.area().into(),
        "the stuck viewer was sent {} bytes",
        sent[0]
    );
    assert!(sent[1] > u64::from(size.area()) * 4 * 5);
    // It is alive: once it reads, it catches up.
    stuck.wait_for_picture(soon(), &Picture::pattern(1024, 768, 5))?;
    Ok(())
}

#[test]
fn many_viewers_get_the_same() -> Result {
    let size = Size::new(1280, 720);
    let mut desk = Desk::new(size);
    let picture = Picture::pattern(1280, 720, 9);
    desk.paint(&picture, 0, 0);
    let viewers: Vec<_> = (0..8)
        .map(|n| {
            let stream = desk.connect();
            let picture = picture.clone();
            thread::spawn(move || -> Result<VncClient> {
                let mut viewer = VncClient::connect(stream, &Login::new())?;
                if n % 2 == 0 {
                    viewer.set_usual_encodings()?;
                }
                viewer.wait_for_picture(soon(), &picture)?;
                Ok(viewer)
            })
        })
        .collect();
    let viewers: Vec<VncClient> = viewers
        .into_iter()
        .map(|v| v.join().unwrap())
        .collect::<Result<_>>()?;
    let piece = Picture::pattern(700, 500, 10);
    desk.paint(&piece, 300, 100);
    for mut viewer in viewers {
        viewer.wait_for_picture(soon(), &picture.clone().with(&piece, 300, 100))?;
    }
    Ok(())
}

#[test]
fn frames_are_wanted_only_when_somebody_asks() -> Result {
    let mut desk = Desk::new(SIZE);
    assert!(!desk.remote.wants_frame());
    desk.paint(&whole(1), 0, 0);
    let mut viewer = desk.viewer()?;
    desk.request()?;
    assert!(!desk.remote.wants_frame(), "no request yet");
    viewer.wait_for_picture(soon(), &whole(1))?;
    viewer.request_update()?;
    desk.wait_for_demand()?;
    desk.paint(&whole(2), 0, 0);
    viewer.wait_for_picture(soon(), &whole(2))?;
    drop(viewer);
    desk.wait("the viewer's end", |desk| desk.remote.next_request())?;
    desk.wait("the end of the wish", |desk| {
        (!desk.remote.wants_frame()).then_some(())
    })?;
    Ok(())
}

#[test]
fn an_old_picture_is_not_sent_when_there_is_a_new_one() -> Result {
    let mut desk = Desk::new(SIZE);
    desk.paint(&whole(1), 0, 0);
    // Something changes while nobody looks.
    desk.remote.mark_stale();
    let mut viewer = VncClient::connect(desk.connect(), &Login::new())?;
    viewer.request_everything()?;
    desk.wait_for_demand()?;
    desk.paint(&whole(2), 0, 0);
    viewer.update()?;
    assert_eq!(
        viewer
            .diff(&whole(2))
            .map(|(_, difference)| difference.to_string()),
        None
    );
    // It turns out that nothing changed: the wait ends all the same.
    desk.remote.mark_stale();
    viewer.request_everything()?;
    desk.wait_for_demand()?;
    assert!(!desk.capture(&[]));
    viewer.update()?;
    Ok(())
}

#[test]
fn passwords_give_rights() -> Result {
    let mut settings = config(SIZE);
    settings.auth.security = vec![Security::VNC_AUTH];
    settings.auth.password = Some("secret".to_owned());
    settings.auth.view_only_password = Some("look".to_owned());
    let mut desk = Desk::with(settings);
    desk.paint(&whole(1), 0, 0);
    let refused = VncClient::connect(desk.connect(), &Login::with_password("guess"))
        .err()
        .unwrap();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert!(refused.to_string().contains("wrong password"), "{refused}");
    let mut watcher = VncClient::connect(desk.connect(), &Login::with_password("look"))?;
    watcher.key(1, true)?;
    watcher.wait_for_picture(soon(), &whole(1))?;
    let mut user = VncClient::connect(desk.connect(), &Login::with_password("secret"))?;
    user.key(2, true)?;
    user.wait_for_picture(soon(), &whole(1))?;
    let requests = desk.requests(3)?;
    assert!(matches!(
        requests[..],
        [
            Request::Joined { .. },
            Request::Joined { .. },
            Request::Key { keysym: 2, .. }
        ]
    ));
    let view_only: Vec<bool> = desk
        .remote
        .viewers()
        .into_iter()
        .map(|c| c.view_only)
        .collect();
    assert_eq!(view_only, [true, false]);
    Ok(())
}

#[test]
fn a_session_may_be_for_watching_only() -> Result {
    let mut desk = Desk::with(Config {
        view_only: true,
        ..config(SIZE)
    });
    desk.paint(&whole(1), 0, 0);
    let mut viewer = desk.viewer()?;
    viewer.key(1, true)?;
    viewer.wait_for_picture(soon(), &whole(1))?;
    drop(viewer);
    let viewer = FIRST;
    assert_eq!(
        desk.requests(2)?,
        [Request::Joined { viewer }, Request::Left { viewer }]
    );
    Ok(())
}

#[test]
fn guessing_passwords_locks_out() -> Result {
    let mut settings = config(SIZE);
    settings.auth.security = vec![Security::VNC_AUTH];
    settings.auth.password = Some("secret".to_owned());
    settings.auth.view_only_password = Some("look".to_owned());
    let (desk, address) = Desk::listening(settings);
    // Begun before the lockout, finished after it.
    let mut slow = Wire::new(tcp(address));
    slow.expect(b"RFB 003.008\n", "the version")?;
    slow.send(b"RFB 003.008\n")?;
    slow.expect(&[1, 2], "the security types")?;
    for _ in 0..5 {
        // Who only has the lesser password cannot use it to be forgiven.
        VncClient::connect(tcp(address), &Login::with_password("look"))?;
        let refused = VncClient::connect(tcp(address), &Login::with_password("guess"));
        let refused = refused.err().unwrap();
        assert!(refused.to_string().contains("wrong password"), "{refused}");
    }
    let mut wire = Wire::new(tcp(address));
    wire.expect(b"RFB 003.003\n\0\0\0\0", "the version and security type 0")?;
    let reason = wire.string("the reason")?;
    assert!(
        reason.starts_with("too many failed logins: wait "),
        "{reason}"
    );
    wire.expect_closed(soon())?;
    slow.send(&[2])?;
    slow.bytes(16, "the challenge")?;
    slow.send(&[0; 16])?;
    slow.expect(&[0, 0, 0, 1], "the result")?;
    let reason = slow.string("the reason")?;
    assert!(
        reason.starts_with("too many failed logins: wait "),
        "{reason}"
    );
    // A Unix socket has no address to lock out.
    VncClient::connect(desk.connect(), &Login::with_password("secret"))?;
    Ok(())
}

/// All that come from one machine have one address: those who say nothing must not keep others out.
#[test]
fn the_oldest_stranger_gives_way_to_a_new_one() -> Result {
    let mut desk = Desk::new(SIZE);
    desk.paint(&whole(1), 0, 0);
    let mut viewer = desk.viewer()?;
    let stranger = || -> Result<Wire> {
        let mut stranger = Wire::new(desk.connect());
        stranger.expect(b"RFB 003.008\n", "the version")?;
        Ok(stranger)
    };
    let mut strangers = (0..32).map(|_| stranger()).collect::<Result<Vec<Wire>>>()?;
    for oldest in 0..10 {
        strangers.push(stranger()?);
        strangers[oldest].expect_closed(soon())?;
        strangers[oldest + 1].expect_silence(Duration::from_millis(1))?;
    }
    // Who logs in is none any more, and nobody's place is taken by those who come then.
    let mut late = desk.viewer()?;
    strangers.extend((0..40).map(|_| stranger()).collect::<Result<Vec<Wire>>>()?);
    viewer.wait_for_picture(soon(), &whole(1))?;
    late.wait_for_picture(soon(), &whole(1))?;
    strangers[70].send(b"GET / HTTP/1.1\r\n\r\n")?;
    strangers[70].expect_closed(soon())?;
    Ok(())
}

#[test]
fn nonsense_ends_only_its_own_connection() -> Result {
    let mut desk = Desk::new(SIZE);
    desk.paint(&whole(1), 0, 0);
    let mut viewer = desk.viewer()?;
    let mut other = desk.viewer()?;
    other.key(5, true)?;
    other.wire().send(&[99])?;
    other.wire().expect_closed(soon())?;
    viewer.wait_for_picture(soon(), &whole(1))?;
    let requests = desk.requests(4)?;
    assert_eq!(
        requests[2],
        Request::Key {
            viewer: ViewerId(2),
            keysym: 5,
            keycode: None,
            pressed: true
        }
    );
    assert_eq!(
        requests[3],
        Request::Left {
            viewer: ViewerId(2)
        }
    );
    Ok(())
}

#[test]
fn a_viewer_resizes_the_screen() -> Result {
    let mut desk = Desk::new(SIZE);
    desk.paint(&whole(1), 0, 0);
    let mut viewer = desk.viewer()?;
    viewer.wait_for_picture(soon(), &whole(1))?;
    desk.request()?;
    viewer.set_desktop_size(800, 600)?;
    let size = Size::new(800, 600);
    assert_eq!(
        desk.request()?,
        Request::Resize {
            viewer: FIRST,
            size
        }
    );
    desk.remote.answer_resize(FIRST, ResizeStatus::Done);
    desk.resize(size);
    let larger = Picture::pattern(800, 600, 2);
    desk.paint(&larger, 0, 0);
    viewer.wait_for_picture(soon(), &larger)?;
    let answer = viewer
        .resizes
        .iter()
        .find(|resize| resize.reason == 1)
        .unwrap();
    assert_eq!((answer.status, answer.width, answer.height), (0, 800, 600));
    viewer.set_desktop_size(100, 100)?;
    desk.request()?;
    desk.remote.answer_resize(FIRST, ResizeStatus::Prohibited);
    viewer.wait_until(soon(), "the refusal", |v| {
        v.resizes.iter().any(|r| r.status == 1)
    })?;
    assert_eq!(viewer.size(), (800, 600));
    Ok(())
}

#[test]
fn viewers_hear_of_cursor_name_text_and_bell() -> Result {
    let mut desk = Desk::new(SIZE);
    desk.paint(&whole(1), 0, 0);
    let cursor = |colour: [u8; 4]| {
        let pixels = colour.repeat(16);
        std::sync::Arc::new(rfb::encoding::Cursor {
            size: Size::new(4, 4),
            hotspot: Point::new(1, 2),
            pixels,
        })
    };
    desk.remote.set_cursor(Some(cursor([0, 0, 255, 255])));
    let mut viewer = desk.viewer()?;
    viewer.wait_until(soon(), "the cursor", |v| v.cursor.is_some())?;
    let seen = viewer.cursor.clone().unwrap();
    assert_eq!(
        (seen.width, seen.hotspot, seen.pixels[0]),
        (4, (1, 2), [255, 0, 0, 255])
    );
    desk.remote.set_name("other");
    let text = Answer::Text("caf\u{e9}".into());
    desk.remote.answer_clipboard(FIRST, text);
    desk.remote.bell();
    desk.remote.set_cursor(None);
    viewer.wait_until(soon(), "all news", |v| {
        v.name == "other"
            && v.bells == 1
            && v.cut_texts == ["caf\u{e9}"]
            && v.cursor.as_ref().is_some_and(|c| c.width == 0)
    })
}

#[test]
fn a_cursor_is_drawn_for_viewers_that_do_not() -> Result {
    let mut desk = Desk::new(SIZE);
    desk.paint(&Picture::solid(640, 400, [1, 2, 3]), 0, 0);
    let pixels = [0, 0, 255, 255].repeat(16);
    let cursor = rfb::encoding::Cursor {
        size: Size::new(4, 4),
        hotspot: Point::new(0, 0),
        pixels,
    };
    desk.remote.set_cursor(Some(cursor.into()));
    desk.remote.set_pointer(Point::new(50, 60), MovedBy::Nobody);
    let mut viewer = VncClient::connect(desk.connect(), &Login::new())?;
    let drawn =
        |x, y| Picture::solid(640, 400, [1, 2, 3]).with(&Picture::solid(4, 4, [255, 0, 0]), x, y);
    viewer.wait_for_picture(soon(), &drawn(50, 60))?;
    desk.remote
        .set_pointer(Point::new(300, 200), MovedBy::Nobody);
    viewer.wait_for_picture(soon(), &drawn(300, 200))
}

#[test]
fn viewers_can_be_disconnected() -> Result {
    let mut desk = Desk::new(SIZE);
    let mut viewers = [desk.viewer()?, desk.viewer()?, desk.viewer()?];
    desk.requests(3)?;
    desk.remote.disconnect(Some(ViewerId(2)));
    viewers[1].wire().expect_closed(soon())?;
    assert_eq!(
        desk.request()?,
        Request::Left {
            viewer: ViewerId(2)
        }
    );
    assert_eq!(desk.remote.viewer_count(), 2);
    desk.remote.disconnect(None);
    viewers[0].wire().expect_closed(soon())?;
    viewers[2].wire().expect_closed(soon())?;
    desk.requests(2)?;
    Ok(())
}

#[test]
fn dropping_it_closes_all_connections_at_once() -> Result {
    let size = Size::new(1920, 1080);
    let (mut desk, address) = Desk::listening(config(size));
    desk.paint(&Picture::pattern(1920, 1080, 1), 0, 0);
    let mut viewers = Vec::new();
    for _ in 0..5 {
        let mut viewer = VncClient::connect(tcp(address), &Login::new())?;
        viewer.request_everything()?; // an update is under way when it ends
        viewers.push(viewer);
    }
    let stranger = tcp(address);
    let begun = Instant::now();
    drop(desk);
    assert!(begun.elapsed() < Duration::from_secs(5));
    for mut viewer in viewers {
        viewer.wire().expect_closed(soon())?;
    }
    Wire::new(stranger).expect_closed(soon())?;
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "nobody listens any more"
    );
    Ok(())
}

#[test]
fn a_handshake_may_come_byte_by_byte() -> Result {
    let desk = Desk::new(SIZE);
    let mut stream = desk.connect();
    for byte in b"RFB 003.008\n\x01\x01" {
        stream.write_all(&[*byte]).unwrap();
    }
    let mut expected = b"RFB 003.008\n\x01\x01\0\0\0\0".to_vec();
    expected.extend([
        2, 128, 1, 144, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0, 0, 0, 0, 4,
    ]);
    expected.extend(b"desk");
    let mut came = vec![0; expected.len()];
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.read_exact(&mut came).unwrap();
    assert_eq!(came, expected);
    Ok(())
}
