//! Whole conversations: the viewer's bytes go in, its view comes out.

mod clipboard;
mod copies;
mod extensions;
mod handshake;
mod messages;
mod pointer;
mod robustness;
mod updates;

use super::*;
use crate::client_message::Screen;
use crate::geometry::Rect;
use crate::security::Credentials;
use crate::wire::Reader;

const CHALLENGE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/// The answer to it of one who knows "password": see `security/vnc_auth.rs` for its
/// origin.
const RESPONSE: [u8; 16] = 0xb866_9241_25c8_eebb_9deb_c1db_61c5_38e2_u128.to_be_bytes();

const SIZE: Size = Size::new(200, 100);
const BLUE: [u8; 4] = [255, 0, 0, 0];
const GREEN: [u8; 4] = [0, 255, 0, 0];
const BLACK: [u8; 4] = [0; 4];

const ALL: Rect = SIZE.rect();

/// A session, and a viewer that has read all that it said.
struct Peer {
    session: Session,
    now: Instant,
    output: Vec<u8>,
    events: Vec<Event>,
    rights: Rights,
}

impl Peer {
    fn new(security: &[Security]) -> Self {
        let now = Instant::now();
        let config = Config {
            name: "desk".into(),
            size: SIZE,
            security: security.to_vec(),
            encodings: Vec::new(),
            without: Vec::new(),
            challenge: CHALLENGE,
        };
        Self {
            session: Session::new(config, now),
            now,
            output: Vec::new(),
            events: Vec::new(),
            rights: Rights::Full,
        }
    }

    /// A viewer that is in, and has no output or event left over.
    fn ready() -> Self {
        Self::ready_with(Rights::Full)
    }

    fn ready_with(rights: Rights) -> Self {
        let mut peer = Self::new(&[Security::NONE]);
        peer.rights = rights;
        peer.send(&hello());
        assert_eq!(peer.events.pop(), Some(Event::Ready { shared: true }));
        peer.events.clear();
        peer.output.clear();
        peer
    }

    /// A viewer that knows these encodings, and was shown a blue desktop.
    fn watching(encodings: &[Encoding]) -> Self {
        let mut peer = Self::ready();
        peer.send(&set_encodings(encodings));
        peer.show(SIZE, BLUE);
        peer
    }

    fn show(&mut self, size: Size, colour: [u8; 4]) {
        let everything = size.rect().into();
        self.session
            .show(&Frame::solid(size, colour), &everything, &[]);
    }

    fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).unwrap();
    }

    fn try_send(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        loop {
            let result = self.session.receive(self.now, bytes);
            self.settle();
            bytes = &bytes[result?..];
            if bytes.is_empty() {
                return Ok(());
            }
        }
    }

    /// Reads the output, and fetches the events and answers them.
    fn settle(&mut self) {
        while let Some(event) = self.session.poll_event() {
            match &event {
                Event::Authenticate(Credentials::Vnc(response))
                    if !response.matches(b"password") =>
                {
                    self.session.reject("wrong password");
                }
                Event::Authenticate(_) => self.session.accept(self.rights),
                _ => {}
            }
            self.events.push(event);
        }
        self.read();
    }

    fn read(&mut self) {
        while self.session.has_output() {
            let first = self.session.output();
            let count = first.len();
            self.output.extend_from_slice(first);
            self.session.consume(self.now, count);
        }
    }

    /// Lets the session send an update. Returns it, or None if there is none.
    fn update(&mut self) -> Option<Vec<Rectangle>> {
        assert!(self.output.is_empty());
        let is_sent = self.session.send_frame(self.now);
        self.read();
        assert_eq!(is_sent, !self.output.is_empty());
        if !is_sent {
            return None;
        }
        let format = self.session.pixel_format();
        let output = std::mem::take(&mut self.output);
        let mut reader = Reader::new(&output);
        let update = read_update(&mut reader, format);
        assert!(reader.u8().is_err(), "nothing after the update");
        Some(update)
    }

    /// What the session said since the last call.
    fn said(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Asks for everything that changed, and reads the update.
    fn next(&mut self) -> Option<Vec<Rectangle>> {
        self.send(&request(true, ALL));
        self.update()
    }
}

/// A rectangle of an update: Raw or a pseudo-encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rectangle {
    rect: Rect,
    encoding: i32,
    data: Vec<u8>,
}

impl Rectangle {
    fn is_pixels(&self) -> bool {
        self.encoding == 0
    }

    /// Whether it is of this one colour (BGRX).
    fn is_all(&self, colour: [u8; 4]) -> bool {
        self.data.chunks(4).all(|pixel| pixel == colour)
    }
}

fn read_update(reader: &mut Reader, format: PixelFormat) -> Vec<Rectangle> {
    assert_eq!(reader.u16(), Ok(0), "FramebufferUpdate");
    let count = reader.u16().unwrap();
    let rectangle = |_| {
        let rect = reader.rect().unwrap();
        let encoding = reader.u32().unwrap() as i32;
        let pixels = rect.area() as usize * format.bytes_per_pixel();
        let mask = usize::from(rect.width.div_ceil(8)) * usize::from(rect.height);
        let length = match Encoding(encoding) {
            Encoding::RAW => pixels,
            Encoding::COPY_RECT | Encoding::VMWARE_LED_STATE => 4,
            Encoding::QEMU_LED_STATE => 1,
            Encoding::DESKTOP_SIZE
            | Encoding::POINTER_POS
            | Encoding::VMWARE_CURSOR_POSITION
            | Encoding::QEMU_POINTER_MOTION_CHANGE
            | Encoding::QEMU_EXTENDED_KEY_EVENT
            | Encoding::EXTENDED_MOUSE_BUTTONS => 0,
            Encoding::CURSOR => pixels + mask,
            Encoding::X_CURSOR if mask == 0 => 0,
            Encoding::X_CURSOR => 6 + 2 * mask,
            Encoding::CURSOR_WITH_ALPHA => 4 + rect.area() as usize * 4,
            Encoding::VMWARE_CURSOR => 2 + rect.area() as usize * 4,
            // One screen; the header's x, y and size are not those of pixels.
            Encoding::EXTENDED_DESKTOP_SIZE => 4 + 16,
            Encoding::DESKTOP_NAME => return read_name(reader, rect),
            other => panic!("{other}"),
        };
        Rectangle {
            rect,
            encoding,
            data: reader.take(length).unwrap().to_vec(),
        }
    };
    (0..count).map(rectangle).collect()
}

fn read_name(reader: &mut Reader, rect: Rect) -> Rectangle {
    let length = reader.u32().unwrap() as usize;
    Rectangle {
        rect,
        encoding: -307,
        data: reader.take(length).unwrap().to_vec(),
    }
}

/// The area of the pixels in an update, which must not overlap.
fn area(update: &[Rectangle]) -> u32 {
    let region: Region = update.iter().map(|rectangle| rectangle.rect).collect();
    let area = update.iter().map(|rectangle| rectangle.rect.area()).sum();
    assert_eq!(region.area(), u64::from(area));
    area
}

/// An update of nothing but pixels of this colour.
fn all_pixels(update: &[Rectangle], colour: [u8; 4]) -> bool {
    update
        .iter()
        .all(|rectangle| rectangle.is_pixels() && rectangle.is_all(colour))
}

fn rects(update: &[Rectangle]) -> Vec<Rect> {
    update.iter().map(|rectangle| rectangle.rect).collect()
}

fn damaged(peer: &mut Peer, rects: &[Rect]) {
    let damage = rects.iter().copied().collect();
    peer.session.show(&Frame::solid(SIZE, GREEN), &damage, &[]);
}

fn run(plan: &Plan) -> Vec<Segment> {
    plan.jobs().iter().map(Job::run).collect()
}

// What a viewer says.

fn hello() -> Vec<u8> {
    [b"RFB 003.008\n".as_slice(), &[1], &[1]].concat()
}

fn set_pixel_format(format: PixelFormat) -> Vec<u8> {
    [[0; 4].as_slice(), &format.write()].concat()
}

fn set_encodings(encodings: &[Encoding]) -> Vec<u8> {
    let mut bytes = vec![2, 0];
    bytes.extend((encodings.len() as u16).to_be_bytes());
    bytes.extend(
        encodings
            .iter()
            .flat_map(|encoding| encoding.0.to_be_bytes()),
    );
    bytes
}

fn request(incremental: bool, area: Rect) -> Vec<u8> {
    let mut bytes = vec![3, incremental.into()];
    crate::wire::put_rect(&mut bytes, area);
    bytes
}

fn key(keysym: u32, pressed: bool) -> Vec<u8> {
    let mut bytes = vec![4, pressed.into(), 0, 0];
    bytes.extend(keysym.to_be_bytes());
    bytes
}

fn pointer(buttons: u8, x: u16, y: u16) -> Vec<u8> {
    let mut bytes = vec![5, buttons];
    bytes.extend(x.to_be_bytes());
    bytes.extend(y.to_be_bytes());
    bytes
}

fn cut_text(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![6, 0, 0, 0];
    crate::wire::put_string(&mut bytes, text);
    bytes
}

fn set_desktop_size(size: Size, screens: &[Rect]) -> Vec<u8> {
    let mut bytes = vec![251, 0];
    bytes.extend(size.width.to_be_bytes());
    bytes.extend(size.height.to_be_bytes());
    bytes.extend([screens.len() as u8, 0]);
    for screen in screens {
        bytes.extend([0, 0, 0, 7]);
        crate::wire::put_rect(&mut bytes, *screen);
        bytes.extend([0, 0, 0, 9]);
    }
    bytes
}
