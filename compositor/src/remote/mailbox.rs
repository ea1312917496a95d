//! What the compositor's thread and the viewers' thread leave for each other. Both boxes are
//! bounded by how they are made: the outbox keeps the latest of each thing, and the inbox has a
//! number of places after which viewers are not read any more.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use rfb::{ClipboardFormats, Cursor, Frame, Leds, Move, Point, Region, ResizeStatus};

use super::listeners::Incoming;
use super::{Answer, Auth, Listener, MovedBy, Request, ViewerId};

/// How many requests of viewers may wait for the compositor.
const MAX_REQUESTS: usize = 256;
/// While this many bytes of clipboards wait for the compositor, no further request is taken.
const MAX_BYTES: usize = 1 << 20;
/// More moves than these in one frame are cheaper as damage.
const MAX_MOVES: usize = 64;

/// From the compositor to the viewers: the latest of each thing since it was last emptied.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) frame: Option<NewFrame>,
    /// `Some(None)` hides the cursor.
    pub(super) cursor: Option<Option<Arc<Cursor>>>,
    pub(super) pointer: Option<(Point, MovedBy)>,
    pub(super) relative_pointer: Option<bool>,
    pub(super) leds: Option<Leds>,
    pub(super) name: Option<String>,
    pub(super) offer: Option<Offer>,
    /// What the viewer that has copied last is asked for.
    pub(super) clipboard_request: Option<(ViewerId, ClipboardFormats)>,
    /// For viewers that want what is copied: one for each request that was taken from the inbox,
    /// so no more of them than the inbox has places.
    pub(super) answers: Vec<(ViewerId, Answer)>,
    pub(super) bell: bool,
    /// One for each resize request that the compositor has taken from the inbox, so no more of
    /// them than the inbox has places.
    pub(super) resize_answers: Vec<(ViewerId, ResizeStatus)>,
    /// One for each request that was taken from the inbox, likewise.
    pub(super) failed_xvp: Vec<ViewerId>,
    pub(super) disconnect: Disconnect,
    /// Whether viewers may connect.
    pub(super) connections: Option<bool>,
    pub(super) auth: Option<Auth>,
    pub(super) listeners: Option<Vec<Listener>>,
    pub(super) incoming: Vec<Incoming>,
}

impl Outbox {
    /// Puts in a frame and what changed since the one before.
    pub(super) fn show(&mut self, new: NewFrame) {
        self.frame = Some(match self.frame.take() {
            Some(waiting) => waiting.followed_by(new),
            None => new.with_few_moves(),
        });
    }

    /// Puts in that something new can be had. Nobody gets the old for the new.
    pub(super) fn offer(&mut self, offer: Offer) {
        self.answers.clear();
        self.offer = Some(offer);
    }

    /// Takes everything out.
    pub(super) fn take(&mut self) -> Outbox {
        mem::take(self)
    }
}

/// What is copied, and by which viewer, if by one.
#[derive(Clone, Copy)]
pub(super) struct Offer {
    pub(super) formats: ClipboardFormats,
    pub(super) from: Option<ViewerId>,
}

/// Which viewers to disconnect.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Disconnect {
    #[default]
    Nobody,
    These(Vec<ViewerId>),
    All,
}

impl Disconnect {
    /// Adds one viewer, or all.
    pub(super) fn add(&mut self, viewer: Option<ViewerId>) {
        match (viewer, &mut *self) {
            (None, _) => *self = Disconnect::All,
            (Some(id), Disconnect::Nobody) => *self = Disconnect::These(vec![id]),
            (Some(id), Disconnect::These(ids)) if !ids.contains(&id) => ids.push(id),
            (Some(_), _) => {}
        }
    }

    pub(super) fn includes(&self, viewer: ViewerId) -> bool {
        match self {
            Disconnect::Nobody => false,
            Disconnect::These(ids) => ids.contains(&viewer),
            Disconnect::All => true,
        }
    }
}

/// A frame with what changed in it since the frame before.
pub(super) struct NewFrame {
    pub(super) frame: Frame,
    pub(super) damage: Region,
    pub(super) moves: Vec<Move>,
}

impl NewFrame {
    /// The later frame with the changes of both. A move speaks of the frame just before its own,
    /// which nobody has seen now: moves become damage.
    fn followed_by(self, later: NewFrame) -> NewFrame {
        let mut damage = self.damage;
        damage.union(&later.damage);
        if self.frame.size() == later.frame.size() {
            for r#move in self.moves.iter().chain(&later.moves) {
                damage.add(r#move.destination());
            }
        } else {
            damage = Region::from(later.frame.size().rect());
        }
        NewFrame {
            frame: later.frame,
            damage,
            moves: Vec::new(),
        }
    }

    fn with_few_moves(mut self) -> NewFrame {
        if self.moves.len() > MAX_MOVES {
            for r#move in mem::take(&mut self.moves) {
                self.damage.add(r#move.destination());
            }
        }
        self
    }
}

/// From the viewers to the compositor, in order. Motion of a viewer replaces its motion just
/// before; nothing else is ever dropped, and buttons go down and up where they did.
#[derive(Default)]
pub(super) struct Inbox {
    requests: VecDeque<Request>,
    /// The bytes of clipboards in `requests`.
    bytes: usize,
    /// Some viewer is not read because there was no room.
    blocked: bool,
}

impl Inbox {
    /// Whether a request can be put in. If not, the box remembers to say when it has been drained.
    pub(super) fn has_room(&mut self) -> bool {
        let room = self.requests.len() < MAX_REQUESTS && self.bytes < MAX_BYTES;
        self.blocked |= !room;
        room
    }

    /// Puts a request in; returns whether the compositor has to be roused for it. Ask
    /// [`has_room`](Self::has_room) before; only [`Request::Left`] may be put in without.
    pub(super) fn push(&mut self, request: Request) -> bool {
        let rouse = self.requests.is_empty();
        let request = match self.is_motion_after_motion(&request) {
            true => joined(self.requests.pop_back(), request),
            false => request,
        };
        self.bytes += bytes_of(&request);
        self.requests.push_back(request);
        rouse
    }

    /// Whether `request` and the last one are motions of the same viewer. A press or a release is
    /// the first with its buttons: it stays, so that it happens where it did.
    fn is_motion_after_motion(&self, request: &Request) -> bool {
        let mut requests = self.requests.iter().rev();
        let held = |request: &Request| match request {
            Request::Pointer {
                viewer, buttons, ..
            }
            | Request::Motion {
                viewer, buttons, ..
            } => Some((mem::discriminant(request), *viewer, *buttons)),
            _ => None,
        };
        let now = held(request);
        now.is_some()
            && requests.next().is_some_and(|last| held(last) == now)
            && requests.next().is_some_and(|before| held(before) == now)
    }

    /// Takes the oldest request; the flag says that the viewers' thread waits to be told that
    /// there is room again.
    pub(super) fn pop(&mut self) -> (Option<Request>, bool) {
        let request = self.requests.pop_front();
        self.bytes -= request.as_ref().map_or(0, bytes_of);
        let unblock =
            self.blocked && self.requests.len() <= MAX_REQUESTS / 2 && self.bytes <= MAX_BYTES / 2;
        self.blocked &= !unblock;
        (request, unblock)
    }
}

/// A motion and the one just before it as one.
fn joined(before: Option<Request>, mut request: Request) -> Request {
    if let Request::Motion { dx, dy, .. } = &mut request
        && let Some(Request::Motion { dx: x, dy: y, .. }) = before
    {
        *dx = dx.saturating_add(x);
        *dy = dy.saturating_add(y);
    }
    request
}

/// The bytes of a clipboard in a request.
fn bytes_of(request: &Request) -> usize {
    match request {
        Request::CutText { text, .. } => text.len(),
        Request::ClipboardProvide { contents, .. } => contents.compressed_len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rfb::{ClipboardContents, ClipboardFormat, Rect, Size};

    const A: ViewerId = ViewerId(1);
    const B: ViewerId = ViewerId(2);

    fn motion(viewer: ViewerId, x: u16, buttons: u16) -> Request {
        Request::Pointer {
            viewer,
            x,
            y: 0,
            buttons,
        }
    }

    fn key(keysym: u32, pressed: bool) -> Request {
        Request::Key {
            viewer: A,
            keysym,
            keycode: None,
            pressed,
        }
    }

    fn drain(inbox: &mut Inbox) -> Vec<Request> {
        std::iter::from_fn(|| inbox.pop().0).collect()
    }

    #[test]
    fn motion_replaces_only_the_motion_just_before_it() {
        let mut inbox = Inbox::default();
        let requests = [
            motion(A, 1, 0),
            motion(A, 2, 0),
            motion(A, 3, 0),
            motion(A, 4, 1), // a press
            motion(A, 5, 1),
            motion(A, 6, 1),
            motion(B, 7, 1),
            motion(A, 8, 1),
            key(97, true),
            motion(A, 9, 1),
            motion(A, 10, 0), // the release
            motion(A, 11, 0),
            motion(A, 12, 0),
        ];
        let roused: Vec<bool> = requests.into_iter().map(|r| inbox.push(r)).collect();
        assert_eq!(
            roused.iter().filter(|&&r| r).count(),
            1,
            "one wake-up until it is drained"
        );
        assert_eq!(
            drain(&mut inbox),
            [
                motion(A, 1, 0),
                motion(A, 3, 0),
                motion(A, 4, 1),
                motion(A, 6, 1),
                motion(B, 7, 1),
                motion(A, 8, 1),
                key(97, true),
                motion(A, 9, 1),
                motion(A, 10, 0),
                motion(A, 12, 0)
            ]
        );
    }

    #[test]
    fn relative_motions_add_up() {
        let motion = |dx, dy, buttons| Request::Motion {
            viewer: A,
            dx,
            dy,
            buttons,
        };
        let mut inbox = Inbox::default();
        for request in [
            motion(1, 1, 0),
            motion(2, -1, 0),
            motion(3, 5, 0),
            motion(0, 0, 1), // a press
            motion(7, 7, 1),
            motion(8, 8, 1),
        ] {
            inbox.push(request);
        }
        assert_eq!(
            drain(&mut inbox),
            [
                motion(1, 1, 0),
                motion(5, 4, 0),
                motion(0, 0, 1),
                motion(15, 15, 1)
            ]
        );
    }

    #[test]
    fn a_full_inbox_says_when_it_has_been_drained() {
        let mut inbox = Inbox::default();
        let mut pushed = 0;
        while inbox.has_room() {
            inbox.push(key(pushed, true));
            pushed += 1;
        }
        assert_eq!(pushed as usize, MAX_REQUESTS);
        inbox.push(Request::Left { viewer: A });
        let unblocked: Vec<bool> = std::iter::from_fn(|| {
            let (request, unblock) = inbox.pop();
            request.map(|_| unblock)
        })
        .collect();
        assert_eq!(unblocked.len(), MAX_REQUESTS + 1, "nothing is lost");
        assert_eq!(unblocked.iter().filter(|&&u| u).count(), 1);
        assert!(inbox.has_room());
    }

    #[test]
    fn clipboards_are_bounded_by_their_bytes() {
        let mut inbox = Inbox::default();
        let text = "x".repeat(MAX_BYTES / 4);
        let mut pushed = 0;
        while inbox.has_room() {
            inbox.push(Request::CutText {
                viewer: A,
                text: text.clone(),
            });
            pushed += 1;
        }
        assert_eq!(pushed, 4);
        assert!(!inbox.pop().1);
        assert!(inbox.has_room());
        while !inbox.pop().1 {}
        assert_eq!(drain(&mut inbox).len(), 2);
        assert_eq!(inbox.bytes, 0);
        let noise: Vec<u8> = (0..MAX_BYTES as u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
            .collect();
        inbox.push(Request::ClipboardProvide {
            viewer: A,
            contents: ClipboardContents::new(&[(ClipboardFormat::Rtf, &noise)]),
        });
        assert!(!inbox.has_room());
    }

    #[test]
    fn frames_unite_their_damage_and_their_moves_become_damage() {
        let size = Size::new(100, 100);
        let moved = Move {
            from: Rect::new(0, 0, 10, 10),
            to: Point::new(50, 50),
        };
        let new = |colour: u8, damage: Rect, moves: Vec<Move>| NewFrame {
            frame: Frame::solid(size, [colour; 4]),
            damage: Region::from(damage),
            moves,
        };
        let mut outbox = Outbox::default();
        outbox.show(new(1, Rect::new(0, 0, 5, 5), vec![moved]));
        assert_eq!(
            outbox.frame.as_ref().map(|f| f.moves.len()),
            Some(1),
            "a move alone stays a move"
        );
        outbox.show(new(2, Rect::new(20, 20, 5, 5), Vec::new()));
        let united = outbox.take().frame.expect("a frame");
        assert_eq!(united.frame.row(0)[0], 2);
        assert!(united.moves.is_empty());
        assert_eq!(united.damage.area(), 25 + 25 + 100);
        assert!(united.damage.intersects(Rect::new(59, 59, 1, 1)));
        assert!(outbox.take().frame.is_none());
    }

    #[test]
    fn a_frame_of_another_size_is_all_damage() {
        let new = |size: Size| NewFrame {
            frame: Frame::solid(size, [0; 4]),
            damage: Region::from(Rect::new(0, 0, 1, 1)),
            moves: Vec::new(),
        };
        let mut outbox = Outbox::default();
        outbox.show(new(Size::new(10, 10)));
        outbox.show(new(Size::new(20, 20)));
        let united = outbox.take().frame.expect("a frame");
        assert_eq!(united.damage.area(), 400);
    }

    #[test]
    fn disconnecting_all_includes_everybody() {
        let mut disconnect = Disconnect::default();
        assert!(!disconnect.includes(A));
        disconnect.add(Some(A));
        disconnect.add(Some(A));
        assert_eq!(disconnect, Disconnect::These(vec![A]));
        assert!(disconnect.includes(A) && !disconnect.includes(B));
        disconnect.add(None);
        disconnect.add(Some(A));
        assert!(disconnect.includes(B));
    }
}
