//! What happens in a session, told to those who wait for it: one JSON object a line.

use crate::control::line;
use offing::remote::ViewerInfo;
use rustix::net::{SendFlags, Shutdown, send, shutdown};
use serde_json::{Value, json};
use std::{
    os::unix::net::UnixStream,
    rc::{Rc, Weak},
};

/// What of a session is told when it changes.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) state: &'static str,
    pub(crate) name: String,
    /// Of the screen, in pixels.
    pub(crate) size: (u16, u16),
    pub(crate) viewers: Vec<ViewerInfo>,
}

/// Those who wait for events. They are told by comparing the session with what it was: nothing
/// is kept for anyone, and what they have not read is in the kernel, which keeps only so much.
#[derive(Default)]
pub(crate) struct Events {
    readers: Vec<Weak<UnixStream>>,
    /// What they were told last.
    told: Option<Snapshot>,
}

impl Events {
    /// Whether anybody waits for events.
    pub(crate) fn are_awaited(&self) -> bool {
        !self.readers.is_empty()
    }

    /// Tells `reader`, too, from now on; first of all the state.
    pub(crate) fn subscribe(&mut self, reader: &Rc<UnixStream>, now: Snapshot) {
        tell(reader, &line(&state(&now)));
        // The others learn at once what they would at the end of this turn.
        self.announce(now.clone());
        self.told = Some(now);
        self.readers.push(Rc::downgrade(reader));
    }

    /// Tells what has changed.
    pub(crate) fn announce(&mut self, now: Snapshot) {
        let lines: Vec<u8> = match &self.told {
            Some(told) => changes(told, &now).iter().flat_map(line).collect(),
            None => Vec::new(),
        };
        self.told = Some(now);
        self.readers.retain(|reader| match reader.upgrade() {
            Some(reader) => lines.is_empty() || tell(&reader, &lines),
            None => false,
        });
        if self.readers.is_empty() {
            self.told = None;
        }
    }
}

/// Writes to a reader; one that has not read what came before is disconnected.
fn tell(reader: &UnixStream, lines: &[u8]) -> bool {
    let sent = send(reader, lines, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    if sent == Ok(lines.len()) {
        return true;
    }
    tracing::warn!("a client does not read its events: it is disconnected");
    let _ = shutdown(reader, Shutdown::Both);
    false
}

/// The events between two snapshots, in an order that makes sense.
fn changes(before: &Snapshot, now: &Snapshot) -> Vec<Value> {
    let mut events = Vec::new();
    let has = |viewers: &[ViewerInfo], viewer: &ViewerInfo| {
        viewers.iter().any(|other| other.id == viewer.id)
    };
    for viewer in &before.viewers {
        if !has(&now.viewers, viewer) {
            events.push(json!({"event": "left", "viewer": viewer}));
        }
    }
    for viewer in &now.viewers {
        if !has(&before.viewers, viewer) {
            events.push(json!({"event": "joined", "viewer": viewer}));
        }
    }
    if before.state != now.state {
        events.push(state(now));
    }
    if before.name != now.name {
        events.push(json!({"event": "name", "name": now.name}));
    }
    if before.size != now.size {
        let (width, height) = now.size;
        events.push(json!({"event": "size", "width": width, "height": height}));
    }
    events
}

fn state(now: &Snapshot) -> Value {
    json!({"event": "state", "state": now.state})
}

#[cfg(test)]
mod tests {
    use super::*;
    use offing::remote::ViewerId;
    use std::io::{BufRead, BufReader, Read};

    fn snapshot(state: &'static str, viewers: &[u64]) -> Snapshot {
        let viewer = |id: &u64| ViewerInfo {
            id: ViewerId(*id),
            peer: "unix".to_owned(),
            view_only: false,
            encoding: "raw".to_owned(),
            pixel_format: String::new(),
            bytes_sent: 0,
            connected: 0,
        };
        Snapshot {
            state,
            name: "desk".to_owned(),
            size: (320, 200),
            viewers: viewers.iter().map(viewer).collect(),
        }
    }

    fn pair() -> (Rc<UnixStream>, BufReader<UnixStream>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Rc::new(ours), BufReader::new(theirs))
    }

    fn read(reader: &mut BufReader<UnixStream>) -> Value {
        let mut text = String::new();
        reader.read_line(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn each_change_is_told_once() {
        let mut events = Events::default();
        assert!(!events.are_awaited());
        let (first, mut first_reads) = pair();
        events.subscribe(&first, snapshot("listening", &[]));
        assert_eq!(read(&mut first_reads)["state"], "listening");
        events.announce(snapshot("connected", &[7]));
        events.announce(snapshot("connected", &[7]));
        let (second, mut second_reads) = pair();
        events.subscribe(&second, snapshot("connected", &[7, 8]));
        assert_eq!(read(&mut second_reads)["state"], "connected");
        events.announce(Snapshot {
            name: "other".to_owned(),
            size: (640, 480),
            ..snapshot("connected", &[8])
        });
        let joined = |id: u64, event: &Value| {
            assert_eq!(
                (&event["event"], &event["viewer"]["id"]),
                (&json!("joined"), &json!(id))
            );
        };
        joined(7, &read(&mut first_reads));
        assert_eq!(
            read(&mut first_reads),
            json!({"event": "state", "state": "connected"})
        );
        joined(8, &read(&mut first_reads));
        for reader in [&mut first_reads, &mut second_reads] {
            let left = read(reader);
            assert_eq!(
                (&left["event"], &left["viewer"]["id"]),
                (&json!("left"), &json!(7))
            );
            assert_eq!(read(reader), json!({"event": "name", "name": "other"}));
            assert_eq!(
                read(reader),
                json!({"event": "size", "width": 640, "height": 480})
            );
        }
        drop(first);
        events.announce(snapshot("listening", &[]));
        assert!(events.are_awaited());
        drop(second);
        events.announce(snapshot("listening", &[]));
        assert!(!events.are_awaited());
    }

    #[test]
    fn who_does_not_read_is_disconnected_and_others_are_not() {
        let mut events = Events::default();
        let (deaf, mut deaf_reads) = pair();
        let (good, mut good_reads) = pair();
        events.subscribe(&deaf, snapshot("listening", &[]));
        events.subscribe(&good, snapshot("listening", &[]));
        read(&mut good_reads);
        let mut told = 0;
        // The kernel keeps some hundred KiB at most.
        while events.readers.len() == 2 {
            told += 1;
            assert!(told < 100_000);
            events.announce(snapshot(["listening", "connected"][told % 2], &[]));
            read(&mut good_reads);
        }
        let mut kept = String::new();
        deaf_reads.read_to_string(&mut kept).unwrap();
        assert!(kept.lines().count() > 1);
        events.announce(snapshot("failed", &[]));
        assert_eq!(read(&mut good_reads)["state"], "failed");
        drop(good);
    }
}
