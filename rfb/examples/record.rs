//! Logs what a VNC viewer says, one viewer after the other: an `rfb::Session` in the
//! shortest loop there is.
//!
//! `cargo run -p offing-rfb --example record -- --bytes viewer.bin`

use std::error::Error;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use rfb::{Config, Credentials, Event, Frame, Region, ResizeStatus, Rights, Security};
use rfb::{Session, Size};

#[path = "common/options.rs"]
mod options;

/// Logs what a VNC viewer says
#[derive(clap::Parser)]
struct Arguments {
    /// Write the bytes of the latest viewer to this file
    #[arg(long, value_name = "FILE")]
    bytes: Option<PathBuf>,
    #[command(flatten)]
    options: options::Options,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { bytes, options } = Arguments::parse();
    let password = options.password()?;
    let listener = options.listen()?;
    loop {
        let (stream, address) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                eprintln!("a viewer could not connect: {error}");
                // There may be too many open files. Some will be closed.
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        println!("a viewer connects from {address}");
        let file = bytes.as_ref().map(File::create).transpose()?;
        match record(stream, file, password.as_deref()) {
            Ok(()) => println!("the viewer is gone"),
            Err(error) => println!("the viewer is gone: {error}"),
        }
    }
}

fn record(
    mut stream: TcpStream,
    mut file: Option<File>,
    password: Option<&str>,
) -> Result<(), Box<dyn Error>> {
    stream.set_nodelay(true)?;
    let mut challenge = [0; 16];
    getrandom::fill(&mut challenge)?;
    let size = Size::new(640, 480);
    let config = Config {
        name: "record".into(),
        size,
        security: vec![password.map_or(Security::NONE, |_| Security::VNC_AUTH)],
        encodings: Vec::new(),
        without: Vec::new(),
        challenge,
    };
    let started = Instant::now();
    let mut session = Session::new(config, started);
    session.report_requests();
    session.show(&Frame::solid(size, [96, 64, 32, 0]), &Region::new(), &[]);
    let mut failure: Option<rfb::Error> = None;
    let (mut buffer, mut input) = ([0; 4096], 0..0);
    loop {
        while session.has_output() {
            let count = stream.write(session.output())?;
            session.consume(Instant::now(), count);
        }
        while let Some(event) = session.poll_event() {
            let seconds = started.elapsed().as_secs_f64();
            println!("{seconds:9.3} {}", describe(&session, &event));
            answer(&mut session, &event, password);
        }
        if session.send_frame(Instant::now()) || session.has_output() {
            continue;
        }
        if session.is_closing() {
            return failure.map_or(Ok(()), |error| Err(error.into()));
        }
        if input.is_empty() {
            let timeout = session.poll_timeout();
            let left = timeout.map(|at| at.saturating_duration_since(Instant::now()));
            stream.set_read_timeout(left.map(|left| left.max(Duration::from_millis(1))))?;
            input = match stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => 0..count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0..0,
                Err(error) => return Err(error.into()),
            };
            if let Some(file) = &mut file {
                file.write_all(&buffer[input.clone()])?;
            }
        }
        match session.receive(Instant::now(), &buffer[input.clone()]) {
            Ok(taken) => input.start += taken,
            // The output may tell the viewer why.
            Err(error) => failure = Some(error),
        }
    }
}

/// Answers what wants an answer.
fn answer(session: &mut Session, event: &Event, password: Option<&str>) {
    match (event, password) {
        (Event::Authenticate(Credentials::Vnc(response)), Some(password))
            if !response.matches(password.as_bytes()) =>
        {
            session.reject("wrong password");
        }
        (Event::Authenticate(_), _) => session.accept(Rights::Full),
        (Event::SetDesktopSize { .. }, _) => session.answer_resize(ResizeStatus::Prohibited),
        _ => {}
    }
}

/// An event, in a line.
fn describe(session: &Session, event: &Event) -> String {
    match event {
        Event::Authenticate(_) => {
            let version = session.version().map(|version| version.to_string());
            let security = session.security().map(|security| security.to_string());
            format!(
                "RFB {}, {}",
                version.unwrap_or_default(),
                security.unwrap_or_default()
            )
        }
        Event::Ready { shared: true } => "is in".into(),
        Event::Ready { shared: false } => "is in, and would like to be the only one".into(),
        Event::SetPixelFormat(format) => format!("pixel format: {format}"),
        Event::SetEncodings(encodings) => {
            let names: Vec<_> = encodings.iter().map(|e| e.to_string()).collect();
            format!("encodings: {}", names.join(", "))
        }
        Event::FramebufferUpdateRequest { incremental, area } => {
            let rfb::Rect {
                x,
                y,
                width,
                height,
            } = area;
            let what = if *incremental {
                "what changed in"
            } else {
                "all of"
            };
            format!("wants {what} {width}x{height}+{x}+{y}")
        }
        Event::Key {
            keysym,
            keycode,
            pressed,
        } => {
            let character = u8::try_from(*keysym).map(char::from);
            let printed = character.ok().filter(|character| !character.is_control());
            let printed = printed.map(|character| format!(" ({character})"));
            let place = keycode.map(|keycode| format!(", scancode 0x{keycode:02x},"));
            let pressed = if *pressed { "down" } else { "up" };
            format!(
                "key 0x{keysym:04x}{}{} {pressed}",
                printed.unwrap_or_default(),
                place.unwrap_or_default()
            )
        }
        Event::Pointer { x, y, buttons } => format!("pointer at {x}, {y}, buttons {buttons:#010b}"),
        Event::CutText(text) => format!("text: {text:?}"),
        Event::ClipboardNotify(formats) => format!("has in its clipboard: {formats:?}"),
        Event::SetDesktopSize { size, .. } => {
            format!("wants a desktop of {}x{}", size.width, size.height)
        }
        other => format!("{other:?}"),
    }
}
