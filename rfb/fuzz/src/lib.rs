//! A session and a driver around it that does what random input says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use rfb::{
    ClipboardContents, ClipboardFormat, ClipboardFormats, Config, Cursor, Encoding, Error, Event,
    Frame, Leds, Move, Mover, Plan, Point, Rect, Region, ResizeStatus, Rights, Security, Session,
    Size,
};

/// The session's desktop at first.
const SIZE: Size = Size::new(150, 80);
/// More bytes never wait in the output of one that nobody reads.
const MAX_OUTPUT: usize = 64 << 20;

/// A step of a conversation: of the viewer, or of the caller.
#[derive(Arbitrary, Clone, Debug)]
pub enum Step {
    /// Any bytes from the viewer.
    Bytes(Vec<u8>),
    /// SetEncodings with numbers of which most are known.
    Encodings(Vec<Number>),
    /// FramebufferUpdateRequest.
    Request(bool, Area),
    /// EnableContinuousUpdates.
    Continuous(bool, Area),
    /// ClientFence.
    Fence(u32, Vec<u8>),
    /// PointerEvent.
    Pointer(u8, u16, u16, u8),
    /// ClientCutText of the extended clipboard.
    Clipboard(u32, Vec<u8>),
    /// SetDesktopSize.
    DesktopSize(u16, u16),
    /// A picture of one colour, with damage and moves.
    Show {
        /// Its size, if it is not the same as before.
        size: Option<(u8, u8)>,
        /// Its colour.
        colour: u8,
        /// Where it changed.
        damage: Vec<Area>,
        /// What moved.
        moves: Vec<(Area, u16, u16)>,
    },
    /// Another cursor.
    Cursor(Option<(u8, u8, u8)>),
    /// The pointer's place, moved by one of three.
    Place(u16, u16, u8),
    /// Motion in place of places.
    Relative(bool),
    /// The keyboard's lights.
    Leds(bool, bool, bool),
    /// Another name.
    Name(String),
    /// A text for the clipboard.
    Text(String),
    /// Something new in the clipboard.
    Offer(u8),
    /// The viewer's clipboard is wanted.
    Fetch(u8),
    /// What is in the clipboard.
    Provide(Vec<u8>),
    /// The answer to a wish for another size.
    Resize(u8),
    /// The bell.
    Bell,
    /// An update is planned.
    Plan,
    /// And made, or dropped.
    Finish(bool),
    /// Some output is written, or all.
    Consume(Option<u16>),
    /// Time passes.
    Wait(u16),
}

/// The number of an encoding: one of those that matter, or any.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Number {
    /// One of a table.
    Known(u8),
    /// Any.
    Any(i32),
}

/// A rectangle, mostly inside the picture.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Area {
    /// Near.
    Near(u8, u8, u8, u8),
    /// Anywhere.
    Any(u16, u16, u16, u16),
}

const KNOWN: [Encoding; 34] = [
    Encoding::RAW,
    Encoding::COPY_RECT,
    Encoding::RRE,
    Encoding::CORRE,
    Encoding::HEXTILE,
    Encoding::ZLIB,
    Encoding::TIGHT,
    Encoding::TRLE,
    Encoding::ZRLE,
    Encoding::JPEG,
    Encoding::TIGHT_PNG,
    Encoding::TIGHT_WITHOUT_ZLIB,
    Encoding::DESKTOP_SIZE,
    Encoding::EXTENDED_DESKTOP_SIZE,
    Encoding::CURSOR,
    Encoding::X_CURSOR,
    Encoding::CURSOR_WITH_ALPHA,
    Encoding::VMWARE_CURSOR,
    Encoding::VMWARE_CURSOR_POSITION,
    Encoding::POINTER_POS,
    Encoding::QEMU_POINTER_MOTION_CHANGE,
    Encoding::QEMU_EXTENDED_KEY_EVENT,
    Encoding::EXTENDED_MOUSE_BUTTONS,
    Encoding::QEMU_LED_STATE,
    Encoding::VMWARE_LED_STATE,
    Encoding::DESKTOP_NAME,
    Encoding::XVP,
    Encoding::FENCE,
    Encoding::CONTINUOUS_UPDATES,
    Encoding::EXTENDED_CLIPBOARD,
    Encoding(-24),  // a quality for JPEG
    Encoding(-254), // a level of compression
    Encoding(-490), // a fine quality
    Encoding(-766), // a subsampling
];

impl Number {
    fn number(self) -> i32 {
        match self {
            Self::Known(index) => KNOWN[usize::from(index) % KNOWN.len()].0,
            Self::Any(number) => number,
        }
    }
}

impl Area {
    /// The rectangle.
    pub fn rect(self) -> Rect {
        match self {
            Self::Near(x, y, width, height) => {
                Rect::new(x.into(), y.into(), width.into(), height.into())
            }
            Self::Any(x, y, width, height) => Rect::new(x, y, width, height),
        }
    }

    fn bytes(self) -> Vec<u8> {
        let Rect {
            x,
            y,
            width,
            height,
        } = self.rect();
        [x, y, width, height]
            .iter()
            .flat_map(|it| it.to_be_bytes())
            .collect()
    }
}

impl Step {
    /// What the viewer sends, if it is a step of the viewer.
    fn message(&self) -> Option<Vec<u8>> {
        let mut bytes;
        match self {
            Self::Bytes(any) => bytes = any.clone(),
            Self::Encodings(numbers) => {
                bytes = vec![2, 0];
                bytes.extend((numbers.len() as u16).to_be_bytes());
                let numbers = numbers.iter().take(u16::MAX.into());
                bytes.extend(numbers.flat_map(|it| it.number().to_be_bytes()));
            }
            Self::Request(incremental, area) => {
                bytes = vec![3, (*incremental).into()];
                bytes.extend(area.bytes());
            }
            Self::Continuous(enable, area) => {
                bytes = vec![150, (*enable).into()];
                bytes.extend(area.bytes());
            }
            Self::Fence(flags, payload) => {
                let payload = payload.get(..80).unwrap_or(payload);
                bytes = vec![248, 0, 0, 0];
                bytes.extend(flags.to_be_bytes());
                bytes.push(payload.len() as u8);
                bytes.extend(payload);
            }
            Self::Pointer(buttons, x, y, more) => {
                bytes = vec![5, *buttons];
                bytes.extend(x.to_be_bytes());
                bytes.extend(y.to_be_bytes());
                // Without the extension this begins another message.
                if buttons & 0x80 != 0 {
                    bytes.push(*more);
                }
            }
            Self::Clipboard(flags, body) => {
                bytes = vec![6, 0, 0, 0];
                bytes.extend((-(4 + body.len() as i32)).to_be_bytes());
                bytes.extend(flags.to_be_bytes());
                bytes.extend(body);
            }
            Self::DesktopSize(width, height) => {
                let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
                bytes = vec![251, 0];
                bytes.extend(&size);
                bytes.extend([1, 0, 0, 0, 0, 7, 0, 0, 0, 0]);
                bytes.extend(size);
                bytes.extend([0; 4]);
            }
            _ => return None,
        }
        Some(bytes)
    }
}

/// What came of a conversation.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// What the caller was told.
    pub events: Vec<Event>,
    /// What the viewer was sent.
    pub output: Vec<u8>,
    /// What ended it.
    pub error: Option<Error>,
}

/// A session and what its caller keeps.
pub struct Driver {
    session: Session,
    now: Instant,
    size: Size,
    planned: Option<Plan>,
    outcome: Outcome,
    /// The viewer's bytes are given in pieces of at most so many.
    piece: usize,
}

impl Driver {
    /// Before the first byte.
    pub fn new(now: Instant, piece: usize, security: Security) -> Self {
        let config = Config {
            name: "fuzz".into(),
            size: SIZE,
            security: vec![security],
            encodings: Vec::new(),
            without: Vec::new(),
            challenge: [7; 16],
        };
        let mut session = Session::new(config, now);
        session.report_requests();
        session.show(&Frame::solid(SIZE, [1, 2, 3, 0]), &Region::new(), &[]);
        Self {
            session,
            now,
            size: SIZE,
            planned: None,
            outcome: Outcome {
                events: Vec::new(),
                output: Vec::new(),
                error: None,
            },
            piece: piece.max(1),
        }
    }

    /// A viewer that is in.
    pub fn ready(now: Instant, piece: usize) -> Self {
        let mut driver = Self::new(now, piece, Security::NONE);
        driver.send(b"RFB 003.008\n\x01\x01");
        driver.write(None);
        driver
    }

    /// Sends bytes of the viewer, piece by piece.
    pub fn send(&mut self, bytes: &[u8]) {
        for mut piece in bytes.chunks(self.piece) {
            while !piece.is_empty() && self.outcome.error.is_none() {
                match self.session.receive(self.now, piece) {
                    Ok(0) => self.write(None),
                    Ok(taken) => piece = &piece[taken..],
                    Err(error) => self.outcome.error = Some(error),
                }
                self.heed();
            }
        }
    }

    fn heed(&mut self) {
        while let Some(event) = self.session.poll_event() {
            if matches!(event, Event::Authenticate(_)) {
                self.session.accept(Rights::Full);
            }
            if let Event::ClipboardProvide(contents) = &event {
                contents.unpack();
            }
            self.outcome.events.push(event);
        }
    }

    fn write(&mut self, count: Option<u16>) {
        let mut left = count.map_or(usize::MAX, usize::from);
        while self.session.has_output() && left > 0 {
            let output = self.session.output();
            let output = output.get(..left).unwrap_or(output);
            self.outcome.output.extend_from_slice(output);
            let count = output.len();
            left -= count;
            self.session.consume(self.now, count);
        }
    }

    fn show(
        &mut self,
        size: Option<(u8, u8)>,
        colour: u8,
        damage: &[Area],
        moves: &[(Area, u16, u16)],
    ) {
        if let Some((width, height)) = size {
            self.size = Size::new(width.into(), height.into());
        }
        let frame = Frame::solid(self.size, [colour, 1, 2, 0]);
        let damage = damage.iter().map(|area| area.rect()).collect();
        let moves = moves.iter().map(|(from, x, y)| Move {
            from: from.rect(),
            to: Point::new(*x, *y),
        });
        let moves: Vec<Move> = moves.collect();
        self.session.show(&frame, &damage, &moves);
    }

    /// Does a step.
    pub fn step(&mut self, step: &Step) {
        if let Some(bytes) = step.message() {
            return self.send(&bytes);
        }
        let formats = |bits: u8| -> ClipboardFormats {
            let all = ClipboardFormat::ALL.into_iter().enumerate();
            all.filter(|(at, _)| bits & 1 << at != 0)
                .map(|(_, format)| format)
                .collect()
        };
        match step {
            Step::Show {
                size,
                colour,
                damage,
                moves,
            } => self.show(*size, *colour, damage, moves),
            Step::Cursor(cursor) => {
                let cursor = cursor.map(|(width, height, value)| Cursor {
                    size: Size::new((width % 40).into(), (height % 40).into()),
                    hotspot: Point::new(value.into(), 1),
                    pixels: vec![value; usize::from(width) * 9],
                });
                self.session.set_cursor(cursor.map(Arc::new));
            }
            Step::Place(x, y, mover) => {
                let movers = [Mover::ThisViewer, Mover::OtherViewer, Mover::Program];
                let mover = movers[usize::from(*mover) % movers.len()];
                self.session.set_pointer(Point::new(*x, *y), mover);
            }
            Step::Relative(relative) => self.session.set_relative_pointer(*relative),
            Step::Leds(scroll_lock, num_lock, caps_lock) => self.session.set_leds(Leds {
                scroll_lock: *scroll_lock,
                num_lock: *num_lock,
                caps_lock: *caps_lock,
            }),
            Step::Name(name) => self.session.set_name(name),
            Step::Text(text) => self.session.cut_text(text),
            Step::Offer(bits) => self.session.offer_clipboard(formats(*bits)),
            Step::Fetch(bits) => self.session.request_clipboard(formats(*bits)),
            Step::Provide(bytes) => {
                let all = ClipboardFormat::ALL.map(|format| (format, bytes.as_slice()));
                self.session
                    .provide_clipboard(&ClipboardContents::new(&all));
            }
            Step::Resize(status) => self.session.answer_resize(match status % 3 {
                0 => ResizeStatus::Done,
                1 => ResizeStatus::Prohibited,
                _ => ResizeStatus::OutOfResources,
            }),
            Step::Bell => self.session.bell(),
            Step::Plan if self.planned.is_none() => {
                self.planned = self.session.plan_update(self.now);
            }
            Step::Finish(is_whole) => {
                if let Some(plan) = self.planned.take() {
                    let jobs = plan.jobs().iter().skip(usize::from(!is_whole));
                    let segments = jobs.map(rfb::Job::run).collect();
                    self.session.finish_update(plan, segments);
                }
            }
            Step::Consume(count) => self.write(*count),
            Step::Wait(milliseconds) => {
                self.now += Duration::from_millis((*milliseconds).into());
                let result = self.session.handle_timeout(self.now);
                if let Err(error) = result {
                    self.outcome.error.get_or_insert(error);
                }
            }
            _ => {}
        }
        let waiting = self.waiting();
        assert!(waiting <= MAX_OUTPUT, "{waiting} bytes of output wait");
    }

    fn waiting(&self) -> usize {
        let mut slices = [std::io::IoSlice::new(&[]); 64];
        let filled = self.session.output_vectored(&mut slices);
        slices[..filled].iter().map(|slice| slice.len()).sum()
    }

    /// Ends the conversation.
    pub fn end(mut self) -> Outcome {
        self.write(None);
        self.outcome
    }
}
