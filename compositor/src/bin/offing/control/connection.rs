//! One client of the control socket, as a source of the event loop.

use super::{
    Answer,
    protocol::{LONGEST_REQUEST, Request, line},
};
use crate::picture::Picture;
use calloop::{
    EventSource, Interest, Mode, Poll, PostAction, Readiness, Token, TokenFactory, generic::Generic,
};
use serde_json::{Value, json};
use std::{
    io::{self, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    rc::Rc,
};

/// How much of a picture is copied ahead of the socket, in bytes.
const CHUNK: usize = 64 * 1024;

/// How much is written before the loop sees to others, in bytes.
const TURN: usize = 1024 * 1024;

/// What a client has done.
pub(super) enum Event {
    /// It asks something.
    Request(Request),
    /// It has become a viewer: its connection, which is ours no more.
    Viewer(UnixStream),
    /// It waits for events, on this stream.
    Reader(Rc<UnixStream>),
}

/// A client: reads requests, has them answered, writes the answers.
pub(super) struct Connection {
    source: Generic<Rc<UnixStream>>,
    /// What was read and not yet taken: at most [`LONGEST_REQUEST`] bytes.
    input: Vec<u8>,
    output: Output,
    /// Whether nothing more is read.
    closing: bool,
    /// Whether it only waits for events.
    is_reader: bool,
}

/// What is still to be written.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    /// How many of the bytes have been written.
    written: usize,
    /// The picture that follows them, and its next row.
    picture: Option<(Box<dyn Picture>, u16)>,
}

impl Connection {
    /// A client on a socket that does not block.
    pub(super) fn new(stream: UnixStream) -> Connection {
        Connection {
            source: Generic::new(Rc::new(stream), Interest::READ, Mode::Level),
            input: Vec::new(),
            output: Output::default(),
            closing: false,
            is_reader: false,
        }
    }

    /// Reads once, answers one request and writes what the socket takes, so that
    /// no client holds up the loop; false once the connection is over.
    fn turn(&mut self, mut report: impl FnMut(Event) -> Answer) -> io::Result<bool> {
        if self.is_reader {
            // What it says does not count, but its end does.
            self.read()?;
            self.input.clear();
            return Ok(!self.closing);
        }
        self.output.write(self.source.get_ref())?;
        if self.output.is_empty() {
            if !self.holds_request() && !self.closing {
                self.read()?;
            }
            if let Some(request) = self.take_request() {
                let answer = match request {
                    Ok(request) => report(Event::Request(request)),
                    Err(sentence) => Answer::Error(sentence),
                };
                match answer {
                    Answer::Viewer => return self.become_viewer(report),
                    Answer::Events => return self.become_reader(report),
                    Answer::Value(value) => self.output.say(&json!({ "ok": value })),
                    Answer::Error(sentence) => self.output.refuse(sentence),
                    Answer::Picture(picture) => self.output.show(picture),
                }
                self.output.write(self.source.get_ref())?;
            }
        }
        Ok(!self.closing || self.is_busy())
    }

    /// Gives the connection away. What was read after the request would be lost.
    fn become_viewer(&mut self, mut report: impl FnMut(Event) -> Answer) -> io::Result<bool> {
        if !self.input.is_empty() {
            let early = "attach is not answered yet: wait for that before you send more";
            self.output.refuse(early.to_owned());
            self.input.clear();
            self.closing = true;
            self.output.write(self.source.get_ref())?;
            return Ok(self.is_busy());
        }
        self.tell_now()?;
        report(Event::Viewer(self.source.get_ref().try_clone()?));
        Ok(false)
    }

    fn become_reader(&mut self, mut report: impl FnMut(Event) -> Answer) -> io::Result<bool> {
        self.tell_now()?;
        self.is_reader = true;
        self.input.clear();
        report(Event::Reader(self.source.get_ref().clone()));
        Ok(!self.closing)
    }

    /// Tells the client that what it asked for is done, before others write to its stream.
    fn tell_now(&mut self) -> io::Result<()> {
        self.output.say(&json!({ "ok": {} }));
        self.output.write(self.source.get_ref())?;
        match self.output.is_empty() {
            true => Ok(()),
            // It has not read the answers to its last thousands of requests.
            false => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Whether there is something to do without hearing from the client.
    fn is_busy(&self) -> bool {
        !self.output.is_empty() || self.holds_request()
    }

    fn holds_request(&self) -> bool {
        self.input.contains(&b'\n')
    }

    /// The next request. One that is too long is the last one.
    fn take_request(&mut self) -> Option<Result<Request, String>> {
        if let Some(end) = self.input.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.input.drain(..=end).collect();
            return Some(Request::decode(&line));
        }
        if self.input.len() < LONGEST_REQUEST {
            return None;
        }
        self.input.clear();
        self.closing = true;
        let sentence = format!("the request is longer than {LONGEST_REQUEST} bytes: shorten it");
        Some(Err(sentence))
    }

    fn read(&mut self) -> io::Result<()> {
        let mut stream: &UnixStream = self.source.get_ref();
        let mut bytes = [0; 4096];
        let room = bytes.len().min(LONGEST_REQUEST - self.input.len());
        match stream.read(&mut bytes[..room]) {
            Ok(0) => self.closing = true,
            Ok(count) => self.input.extend(&bytes[..count]),
            Err(error) => pass_over(error)?,
        }
        Ok(())
    }
}

/// Takes away the errors after which the loop tells us when to go on.
fn pass_over(error: io::Error) -> io::Result<()> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(()),
        _ => Err(error),
    }
}

impl Output {
    fn say(&mut self, value: &Value) {
        self.bytes.extend(line(value));
    }

    fn refuse(&mut self, sentence: String) {
        self.say(&json!({ "error": sentence }));
    }

    fn show(&mut self, picture: Box<dyn Picture>) {
        let (width, height) = picture.size();
        self.picture = Some((picture, 0));
        self.say(&json!({"ok": {"width": width, "height": height, "format": "bgrx"}}));
    }

    /// Writes what the socket takes, up to [`TURN`] bytes.
    fn write(&mut self, mut stream: &UnixStream) -> io::Result<()> {
        let mut total = 0;
        while total < TURN && (self.written < self.bytes.len() || self.refill()) {
            match stream.write(self.bytes.get(self.written..).unwrap_or_default()) {
                Ok(count) => {
                    self.written += count;
                    total += count;
                }
                Err(error) => return pass_over(error),
            }
        }
        Ok(())
    }

    /// Copies the next rows of the picture; false if nothing is left.
    fn refill(&mut self) -> bool {
        self.bytes.clear();
        self.written = 0;
        let Some((picture, next)) = &mut self.picture else {
            return false;
        };
        let (_, height) = picture.size();
        while *next < height && self.bytes.len() < CHUNK {
            self.bytes.extend(picture.row(*next));
            *next += 1;
        }
        if *next == height {
            self.picture = None;
        }
        !self.bytes.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.written == self.bytes.len() && self.picture.is_none()
    }
}

impl EventSource for Connection {
    type Event = Event;
    type Metadata = ();
    type Ret = Answer;
    type Error = io::Error;

    fn process_events<F>(
        &mut self,
        readiness: Readiness,
        token: Token,
        mut callback: F,
    ) -> io::Result<PostAction>
    where
        F: FnMut(Event, &mut ()) -> Answer,
    {
        let mut ours = false;
        self.source.process_events(readiness, token, |_, _| {
            ours = true;
            Ok(PostAction::Continue)
        })?;
        if !ours {
            return Ok(PostAction::Continue);
        }
        // An error ends this connection, not the loop.
        let goes_on = self.turn(|event| callback(event, &mut ())).unwrap_or(false);
        let interest = match self.is_busy() {
            true => Interest::WRITE,
            false => Interest::READ,
        };
        if !goes_on {
            Ok(PostAction::Remove)
        } else if self.source.interest.writable != interest.writable {
            self.source.interest = interest;
            Ok(PostAction::Reregister)
        } else {
            Ok(PostAction::Continue)
        }
    }

    fn register(&mut self, poll: &mut Poll, tokens: &mut TokenFactory) -> calloop::Result<()> {
        self.source.register(poll, tokens)
    }

    fn reregister(&mut self, poll: &mut Poll, tokens: &mut TokenFactory) -> calloop::Result<()> {
        self.source.reregister(poll, tokens)
    }

    fn unregister(&mut self, poll: &mut Poll) -> calloop::Result<()> {
        self.source.unregister(poll)
    }
}
