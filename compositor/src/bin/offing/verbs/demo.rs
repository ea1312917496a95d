//! `offing demo`: a session with a built-in program, whose picture is written to
//! a file. It shows that everything works, with nothing but this one program.

mod client;
mod painting;

use super::write_picture;
use crate::{
    cli::DemoOptions,
    failure::Failure,
    picture::{Picture, png_of},
};
use calloop::{
    channel::{Event, channel},
    timer::{TimeoutAction, Timer},
};
use offing::{Config, Offing, Server};
use painting::paint;
use std::{
    cell::RefCell, fmt::Display, os::unix::net::UnixStream, rc::Rc, sync::mpsc, thread,
    time::Duration,
};

/// How long the program's window may take to be shown.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the session and writes the picture; returns the exit code.
///
/// # Errors
/// The window is not shown, or the file cannot be written.
pub(crate) fn demo(options: &DemoOptions) -> Result<u8, Failure> {
    let frame = show(options.size)?;
    let png = png_of(&frame).map_err(failed)?;
    write_picture(&options.output, &png)?;
    Ok(0)
}

/// Runs a session until its screen shows the program's picture.
fn show(size: (u16, u16)) -> Result<rfb::Frame, String> {
    let mut server = Server::new(config(size)).map_err(failed)?;
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    server.insert_client(ours).map_err(failed)?;

    let (events, received) = channel();
    let (go_on, told) = mpsc::channel();
    thread::spawn(move || {
        let shown = || events.send(Ok(())).is_ok() && told.recv().unwrap_or(false);
        if let Err(error) = client::show(theirs, shown) {
            // Nobody listens any more if the session has ended.
            let _ = events.send(Err(failed(error)));
        }
    });

    let (width, height) = size;
    let expected = paint(width.into(), height.into());
    let result = Rc::new(RefCell::new(Err(format!(
        "the demo's window was not shown within {} seconds: try again with --log debug",
        PATIENCE.as_secs()
    ))));
    let found = result.clone();
    let judge = move |shown: Result<(), String>, session: &mut Offing| {
        let frame = shown.map(|()| session.screenshot());
        let done = !frame.as_ref().is_ok_and(|frame| !shows(frame, &expected));
        if done {
            *found.borrow_mut() = frame;
            session.stop();
        }
        let _ = go_on.send(!done);
    };
    let handle = server.handle();
    handle
        .insert_source(received, move |event, (), session| {
            if let Event::Msg(shown) = event {
                judge(shown, session);
            }
        })
        .map_err(|error| failed(error.error))?;
    handle
        .insert_source(Timer::from_duration(PATIENCE), |_, (), session| {
            session.stop();
            TimeoutAction::Drop
        })
        .map_err(|error| failed(error.error))?;
    server.run().map_err(failed)?;
    result.replace(Err(String::new()))
}

/// Whether the screen shows the program's pixels, all of them.
fn shows(frame: &rfb::Frame, expected: &[u8]) -> bool {
    let colours = |pixels: &[u8]| -> Vec<[u8; 3]> {
        let pixels = pixels.as_chunks::<4>().0.iter();
        pixels
            .map(|&[blue, green, red, _]| [red, green, blue])
            .collect()
    };
    let (width, height) = Picture::size(frame);
    let rows = expected.chunks(usize::from(width).max(1) * 4);
    rows.len() == usize::from(height)
        && (0..height)
            .zip(rows)
            .all(|(y, row)| colours(frame.row(y)) == colours(row))
}

fn failed(error: impl Display) -> String {
    format!("cannot run the demo: {error}")
}

/// A session that nobody can connect to, where the window fills the screen.
fn config((width, height): (u16, u16)) -> Config {
    Config {
        fixed_size: true,
        kiosk: true,
        view_only: true,
        ..Config::new("offing-demo", rfb::Size::new(width, height))
    }
}
