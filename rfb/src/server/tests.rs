//! A server and several viewers: their bytes go in, its bytes and events come out.

mod input;
mod login;
mod picture;

use super::*;
use crate::encoding::Encoding;
use crate::geometry::Rect;

const SIZE: Size = Size::new(200, 100);
const CHALLENGE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/// The answer to it of one who knows "password": see `security/vnc_auth.rs` for its
/// origin.
const RESPONSE: [u8; 16] = 0xb866_9241_25c8_eebb_9deb_c1db_61c5_38e2_u128.to_be_bytes();
/// A version, security type None, and a shared desktop.
const HELLO: &[u8] = b"RFB 003.008\n\x01\x01";
/// A version, VncAuth, its response is missing.
const HELLO_AUTH: &[u8] = b"RFB 003.008\n\x02";

const RED: [u8; 4] = [0, 0, 255, 0];
const GREEN: [u8; 4] = [0, 255, 0, 0];

/// A server, and all that it said.
struct Desk {
    server: Server,
    now: Instant,
}

impl Desk {
    fn new() -> Self {
        Self {
            server: Server::new("desk", SIZE),
            now: Instant::now(),
        }
    }

    fn connect(&mut self) -> ViewerId {
        self.server.connect(self.now, CHALLENGE).unwrap()
    }

    /// A viewer that is in, and whose output is read.
    fn join(&mut self) -> ViewerId {
        let id = self.connect();
        self.send(id, HELLO);
        self.read(id);
        self.events();
        id
    }

    fn send(&mut self, id: ViewerId, bytes: &[u8]) {
        let taken = self.server.receive(id, self.now, bytes);
        assert_eq!(taken, Ok(bytes.len()));
    }

    /// All that a viewer is sent now.
    fn read(&mut self, id: ViewerId) -> Vec<u8> {
        let mut read = Vec::new();
        loop {
            self.server.update(self.now);
            let output = self.server.output(id);
            let count = output.len();
            if count == 0 {
                return read;
            }
            read.extend_from_slice(output);
            self.server.consume(id, self.now, count);
        }
    }

    /// The pixels of an update that is asked for: their area, and the one colour of it.
    fn look(&mut self, id: ViewerId) -> Option<(Rect, [u8; 4])> {
        self.send(id, &[3, 1, 0, 0, 0, 0, 255, 255, 255, 255]);
        let update = self.read(id);
        let (head, rectangles) = update.split_at_checked(4)?;
        assert_eq!(head[0], 0, "an update");
        let mut reader = crate::wire::Reader::new(rectangles);
        let mut seen: Option<(Rect, [u8; 4])> = None;
        for _ in 0..head[3] {
            let rect = reader.rect().unwrap();
            assert_eq!(reader.u32(), Ok(0), "Raw");
            let pixels = reader.take(rect.area() as usize * 4).unwrap();
            let colour = pixels[..4].try_into().unwrap();
            assert!(pixels.chunks(4).all(|pixel| pixel == colour));
            let (area, before) = seen.unwrap_or((rect, colour));
            assert_eq!(before, colour);
            seen = Some((area.bounds(rect), colour));
        }
        seen
    }

    fn events(&mut self) -> Vec<ServerEvent> {
        std::iter::from_fn(|| self.server.poll_event()).collect()
    }
}

fn all() -> Region {
    SIZE.rect().into()
}
