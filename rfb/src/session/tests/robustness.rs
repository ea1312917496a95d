use super::*;
use crate::clipboard::MAX_TEXT;

/// What the viewer of a conversation sends. After each part it reads an update.
fn script() -> Vec<Vec<u8>> {
    let encodings = [
        Encoding::HEXTILE,
        Encoding::CURSOR,
        Encoding::DESKTOP_NAME,
        Encoding(12_345),
        Encoding::EXTENDED_DESKTOP_SIZE,
    ];
    let other = Size::new(120, 90);
    vec![
        [b"RFB 003.008\n".as_slice(), &[2], &RESPONSE, &[1]].concat(),
        [
            set_encodings(&encodings),
            request(false, ALL),
            key(0x61, true),
            pointer(1, 30, 40),
        ]
        .concat(),
        [
            cut_text(b"a\r\nb\xe9"),
            request(true, ALL),
            key(0x61, false),
        ]
        .concat(),
        [
            set_desktop_size(other, &[other.rect()]),
            set_desktop_size(other, &[]),
            set_pixel_format(PixelFormat::COLOUR_MAP),
            request(true, ALL),
            vec![6, 0, 0, 0, 255, 255, 255, 253, 7, 7, 7],
        ]
        .concat(),
        [
            set_encodings(&[]),
            request(false, ALL),
            pointer(0, 999, 999),
        ]
        .concat(),
        [request(true, other.rect()), vec![9]].concat(),
    ]
}

/// Holds the conversation, with each part of the script cut into pieces.
fn converse(cut: impl Fn(usize, &[u8]) -> Vec<usize>) -> (Vec<Event>, Vec<u8>, Option<Error>) {
    let mut peer = Peer::new(&[Security::VNC_AUTH]);
    peer.show(SIZE, BLUE);
    peer.session.set_cursor(Some(Arc::new(Cursor {
        size: Size::new(3, 3),
        hotspot: Point::default(),
        pixels: vec![200; 36],
    })));
    let mut error = None;
    for (number, part) in script().iter().enumerate() {
        let mut start = 0;
        for end in cut(number, part).into_iter().chain([part.len()]) {
            error = error.or(peer.try_send(&part[start..end]).err());
            start = end;
        }
        if let Some(Event::SetDesktopSize { size, .. }) = peer.events.last() {
            peer.session.answer_resize(ResizeStatus::Done);
            peer.show(*size, GREEN);
        }
        peer.session.send_frame(peer.now);
        peer.settle();
    }
    (peer.events, peer.output, error)
}

#[test]
fn however_the_bytes_are_cut_the_conversation_is_the_same() {
    let whole = converse(|_, _| Vec::new());
    assert_eq!(whole.2, Some(Error::UnknownMessage(9)));
    assert_eq!(whole.0.len(), 8, "{:?}", whole.0);
    assert!(whole.1.len() > 1000);

    assert!(converse(|_, part| (1..part.len()).collect()) == whole);
    for (number, part) in script().iter().enumerate() {
        for at in 0..part.len() {
            let split = converse(|other, _| if other == number { vec![at] } else { vec![] });
            assert!(split == whole, "part {number} split at {at}");
        }
    }
}

/// xorshift64: random enough, and the same in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    fn size(&mut self) -> u16 {
        match self.below(4) {
            0 => self.next() as u16,
            _ => self.below(300) as u16,
        }
    }

    fn rect(&mut self) -> Rect {
        Rect::new(self.size(), self.size(), self.size(), self.size())
    }

    /// A rectangle inside another one, with a pixel at least.
    pub(super) fn inside(&mut self, outer: Rect) -> Rect {
        let mut span = |start: u16, length: u16| {
            let at = self.below(length.into()) as u16;
            (start + at, 1 + self.below(u64::from(length - at)) as u16)
        };
        let ((x, width), (y, height)) = (span(outer.x, outer.width), span(outer.y, outer.height));
        Rect::new(x, y, width, height)
    }

    /// A message that is mostly well made.
    fn message(&mut self) -> Vec<u8> {
        const KNOWN: [Encoding; 6] = [
            Encoding::RAW,
            Encoding::HEXTILE,
            Encoding::CURSOR,
            Encoding::DESKTOP_SIZE,
            Encoding::EXTENDED_DESKTOP_SIZE,
            Encoding::DESKTOP_NAME,
        ];
        match self.below(11) {
            0 => {
                let mut bytes = vec![0, 0, 0, 0];
                let bits = [8, 16, 32][self.below(3) as usize];
                bytes.extend([bits, 24, self.next() as u8 & 1, self.next() as u8 & 1]);
                bytes.extend([0, 7, 0, 7, 0, 3]);
                bytes.extend([0, 3, 6, 0, 0, 0]);
                bytes
            }
            1 => {
                let count = self.below(8);
                let pick = |_| KNOWN[self.below(6) as usize];
                set_encodings(&(0..count).map(pick).collect::<Vec<_>>())
            }
            2..=4 => request(self.below(2) == 0, self.rect()),
            5 => key(self.next() as u32, self.below(2) == 0),
            6 => pointer(self.next() as u8, self.size(), self.size()),
            7 => {
                let length = self.below(100);
                cut_text(&self.bytes(length))
            }
            8 => {
                let mut bytes = vec![6, 0, 0, 0];
                bytes.extend((self.next() as u32 | 0xffff_ff00).to_be_bytes());
                let length = self.below(300);
                bytes.extend(self.bytes(length));
                bytes
            }
            9 => {
                let size = Size::new(self.below(300) as u16, self.below(300) as u16);
                let screens = vec![size.rect(); [0, 1, 1, 1, 2][self.below(5) as usize]];
                set_desktop_size(size, &screens)
            }
            _ => {
                let length = self.below(20);
                self.bytes(length)
            }
        }
    }
}

/// No input makes a session panic, or hold much. The caller is as careless as it
/// may be.
#[test]
fn random_messages() {
    for seed in 1..400 {
        let mut random = Random(seed * 0x9e37_79b9);
        let mut peer = Peer::ready();
        let mut plan = None;
        for _ in 0..60 {
            let bytes = random.message();
            if peer.try_send(&bytes).is_err() {
                assert!(peer.session.is_closing());
            }
            peer.output.clear();
            match random.below(12) {
                0 => peer.show(Size::new(random.below(300) as u16, 70), GREEN),
                1 => peer.session.answer_resize(ResizeStatus::Done),
                2 => peer
                    .session
                    .set_pointer(Point::new(random.size(), random.size()), Mover::ThisViewer),
                3 => peer.session.set_cursor(Some(Arc::new(Cursor {
                    size: Size::new(random.below(40) as u16, random.below(40) as u16),
                    hotspot: Point::new(random.size(), random.size()),
                    pixels: random.bytes(900),
                }))),
                4 => peer.session.set_name(&format!("{seed}")),
                5 => peer.session.cut_text("text"),
                6 => {
                    let moves = [Move {
                        from: random.rect(),
                        to: Point::new(random.size(), random.size()),
                    }];
                    let damage = random.rect().into();
                    peer.session
                        .show(&Frame::solid(SIZE, BLUE), &damage, &moves);
                }
                7 => plan = plan.or(peer.session.plan_update(peer.now)),
                8 => {
                    if let Some(plan) = plan.take() {
                        let segments = plan.jobs().iter().map(Job::run).collect();
                        peer.session.finish_update(plan, segments);
                    }
                }
                _ => {
                    peer.session.send_frame(peer.now);
                }
            }
            peer.settle();
            peer.events.clear();
        }
    }
}

#[test]
fn random_bytes_from_the_start() {
    let starts: [&[u8]; 4] = [
        b"",
        b"RFB 003.003\n",
        b"RFB 003.007\n\x02",
        b"RFB 003.008\n\x02",
    ];
    for seed in 1..2000 {
        let mut random = Random(seed * 0x9e37_79b9);
        let mut peer = Peer::new(&[Security::VNC_AUTH, Security::NONE]);
        let mut bytes = starts[random.below(4) as usize].to_vec();
        let length = random.below(200);
        bytes.extend(random.bytes(length));
        if peer.try_send(&bytes).is_err() {
            assert!(peer.session.is_closing());
        }
        if peer.session.security() == Some(Security::VNC_AUTH) {
            assert_eq!(peer.session.rights(), None, "let in by chance");
        }
    }
}

/// Whatever a viewer sends without reading, the output stays within one update and
/// one text.
#[test]
fn output_is_bounded_when_nobody_reads() {
    let mut peer = Peer::watching(&[Encoding::CURSOR, Encoding::EXTENDED_DESKTOP_SIZE]);
    let mut flood = Vec::new();
    for _ in 0..200 {
        flood.extend(set_pixel_format(PixelFormat::COLOUR_MAP));
        flood.extend(request(false, ALL));
        flood.extend(set_desktop_size(SIZE, &[]));
    }
    for _ in 0..5 {
        assert_eq!(peer.session.receive(peer.now, &flood), Ok(flood.len()));
        peer.session.cut_text(&"x".repeat(MAX_TEXT));
        peer.session.bell();
        peer.session.send_frame(peer.now);
    }
    let mut slices = [IoSlice::new(&[]); 8];
    let filled = peer.session.output_vectored(&mut slices);
    let length: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
    assert_eq!(length, MAX_TEXT + 8);
}
