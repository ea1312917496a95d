//! A session, as a process of its own, that has to do with many of them.

use std::fs;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use offing_tests::process::{Home, Offing};
use offing_tests::vnc_client::{VncClient, Wire, encoding};
use offing_tests::wayland_client::{Content, Surface, WaylandClient, Window};
use offing_tests::{Error, Result, soon};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::{Argument, DISPLAY, Peer};
use crate::process::{OFFING, look_until};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;
/// The pixels of a frame, in bytes.
const FRAME: usize = WIDTH * HEIGHT * 4;

fn start() -> Result<Offing> {
    let size = format!("{WIDTH}x{HEIGHT}");
    Offing::run(OFFING, &["--size", &size, "--", "sleep", "1000"])
}

/// How many descriptors a session has open.
fn descriptors(session: &Offing) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{}/fd", session.process.pid()))?.count())
}

/// How many descriptors a session has open once it has closed those that it does not need.
fn settled_descriptors(session: &Offing) -> Result<usize> {
    let (mut last, mut times) = (0, 0);
    look_until("descriptors to be closed", || {
        let open = descriptors(session)?;
        times = if open == last { times + 1 } else { 0 };
        last = open;
        Ok((times == 10).then_some(open))
    })
}

/// A line of what the kernel says of a session's memory, in KiB.
fn memory(session: &Offing, file: &str, line: &str) -> Result<usize> {
    let text = fs::read_to_string(format!("/proc/{}/{file}", session.process.pid()))?;
    let found = text.lines().find_map(|it| it.strip_prefix(line));
    let number = found.and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
    number.ok_or_else(|| Error::other(format!("no {line} in {file}")))
}

/// What a session has for itself, in KiB. Not its share of its program's pages, which depends on
/// how many others run that.
fn own(session: &Offing) -> Result<usize> {
    memory(session, "smaps_rollup", "Anonymous")
}

/// The most that a session ever had in memory, in KiB.
fn peak(session: &Offing) -> Result<usize> {
    memory(session, "status", "VmHWM")
}

fn wayland_socket(session: &Offing) -> PathBuf {
    let connection = &session.connection;
    connection.xdg_runtime_dir.join(&connection.wayland_display)
}

/// A client and a viewer of a session that are served all the while.
struct Good {
    client: WaylandClient,
    window: Surface,
    viewer: VncClient,
    number: u32,
}

impl Good {
    fn join(session: &Offing) -> Result<Self> {
        let mut client = session.wayland_client()?;
        let window = Window::new("good", 100, 80).fullscreen();
        let window = client.open(window.content(Content::Pattern(0)))?;
        let mut viewer = session.viewer()?;
        viewer.set_usual_encodings()?;
        Ok(Self {
            client,
            window,
            viewer,
            number: 0,
        })
    }

    /// Types, which the client sees.
    fn types(&mut self) -> Result {
        self.client.forget_input();
        self.viewer.type_text("x")?;
        self.client
            .dispatch_until(soon(), "the text", |client| client.typed_text() == "x")
    }

    /// Draws a frame, which the viewer sees, and types.
    fn goes_on(&mut self) -> Result {
        self.number += 1;
        let content = Content::Pattern(self.number);
        self.client.draw(self.window, content.clone())?;
        self.viewer
            .wait_for_picture(soon(), &content.picture(WIDTH, HEIGHT))?;
        self.types()
    }
}

#[test]
fn a_thousand_viewers_one_after_the_other_leave_nothing_behind() -> Result {
    let session = start()?;
    // Each comes before the one before it goes, always: what is shared takes memory too.
    let mut last = session.viewer()?;
    let mut visit = || -> Result {
        let mut viewer = session.viewer()?;
        viewer.set_encodings(&[encoding::HEXTILE])?;
        viewer.request_everything()?;
        while viewer.update()?.iter().all(|rect| rect.encoding < 0) {}
        last = viewer;
        Ok(())
    };
    (0..200).try_for_each(|_| visit())?;
    let open = settled_descriptors(&session)?;
    let before = own(&session)?;
    (200..1000).try_for_each(|_| visit())?;
    let open_after = settled_descriptors(&session)?;
    let after = own(&session)?;
    println!(
        "after 200 viewers {open} descriptors and {before} KiB, after 1000 {open_after} and {after}"
    );
    assert_eq!(open_after, open);
    assert!(
        after.abs_diff(before) <= 1024,
        "{before} KiB became {after}"
    );
    Ok(())
}

#[test]
fn two_hundred_viewers_that_never_read() -> Result {
    const VIEWERS: usize = 200;
    let session = start()?;
    let mut good = Good::join(&session)?;
    good.goes_on()?;
    let before = own(&session)?;
    let mut stuck = Vec::new();
    for n in 0..VIEWERS {
        let mut viewer = session.viewer()?;
        viewer.set_encodings(&[encoding::RAW])?;
        // More than the kernel takes for it. The frame is another one for every few of them.
        viewer.send(&[3, 0, 0, 0, 0, 0, 2, 128, 1, 224].repeat(100))?;
        stuck.push(viewer);
        if n % 4 == 0 {
            good.goes_on()?;
        }
    }
    for _ in 0..10 {
        good.goes_on()?;
    }
    let after = own(&session)?;
    println!("{before} KiB before, {after} KiB with {VIEWERS} viewers that never read");
    // Each has at most one update on its way, of which each distinct frame is kept once, and
    // a few buffers.
    let most = VIEWERS * (64 << 10) + (VIEWERS / 4 + 10) * FRAME + (64 << 20);
    assert!(after - before < most >> 10, "{before} KiB became {after}");
    drop(stuck);
    good.goes_on()
}

#[test]
fn two_gibibytes_of_text_that_nobody_wants() -> Result {
    let session = start()?;
    let mut good = Good::join(&session)?;
    // Two announce it, and one of them goes on for some hundred megabytes.
    let mut silent = session.viewer()?;
    let announced = [&[6, 0, 0, 0], i32::MAX.to_be_bytes().as_slice()].concat();
    silent.send(&announced)?;
    let mut speaking = session.viewer()?;
    speaking.send(&announced)?;
    good.goes_on()?;
    let before = peak(&session)?;
    let piece = vec![b'x'; 1 << 20];
    for megabyte in 0..300 {
        speaking.send(&piece)?;
        if megabyte % 50 == 0 {
            good.types()?;
        }
    }
    let after = peak(&session)?;
    println!("at most {before} KiB before 300 MiB of text, and {after} KiB after it");
    assert!(after - before <= 1024, "{before} KiB became {after}");
    good.goes_on()
}

/// A session in which few descriptors can be open.
fn start_narrow() -> Result<Offing> {
    let home = Home::new()?;
    let file = home.path().join("connection.json");
    let mut command = home.command("sh");
    let script = format!("ulimit -n 200; exec {OFFING} run \"$@\"");
    command.args(["-c", &script, "sh", "--connection-file"]);
    command.arg(&file);
    command.args(["--listen", "127.0.0.1:0", "--size", "640x480"]);
    command.args(["--", "sleep", "1000"]);
    Offing::start(home, command, file)
}

#[test]
fn descriptors_that_no_request_takes() -> Result {
    let session = start_narrow()?;
    let mut good = Good::join(&session)?;
    let mut bad = Peer::connect(UnixStream::connect(wayland_socket(&session))?)?;
    let file = memfd_create("offing-tests", MemfdFlags::CLOEXEC)?;
    for _ in 0..100 {
        bad.make(DISPLAY, 0, &[]);
        if bad.send_with(&[file.as_fd(); 20]).is_err() {
            break;
        }
    }
    bad.expect_no_memory("descriptors, and hardly any are left")?;
    good.goes_on()
}

#[test]
fn more_connections_than_there_can_be_descriptors() -> Result {
    let session = start_narrow()?;
    let mut good = Good::join(&session)?;
    let before = descriptors(&session)?;
    let path = wayland_socket(&session);
    let clients: Vec<UnixStream> = (0..1000)
        .map_while(|_| connect_at_once(&path).ok())
        .collect();
    let viewers: Vec<TcpStream> = (0..100).map_while(|_| session.tcp_stream().ok()).collect();
    for _ in 0..3 {
        good.goes_on()?;
    }
    assert!(clients.len() > 100 && viewers.len() == 100);
    drop((clients, viewers));
    look_until("the descriptors to be closed", || {
        Ok((descriptors(&session)? == before).then_some(()))
    })?;
    // There is room for others again.
    let mut late = session.wayland_client()?;
    late.roundtrip()?;
    session.viewer()?.request_update()?;
    good.goes_on()
}

/// A connection, unless too many wait already.
fn connect_at_once(path: &Path) -> Result<UnixStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(UnixStream::from(socket))
}

#[test]
fn the_log_says_who_was_disconnected_and_why() -> Result {
    let session = start()?;
    let says = |text: &str| {
        let log = session.process.stderr();
        log.wait_until(soon(), text, |log| log.contains(text))
            .map(drop)
    };
    let mut wire = Wire::new(session.tcp_stream()?);
    wire.send(b"GET / HTTP/1.1\r\n\r\n")?;
    says(" from 127.0.0.1:")?;
    says("was disconnected: the peer does not speak RFB")?;
    let mut viewer = session.viewer()?;
    viewer.send(&[99; 20])?;
    says("was disconnected: unknown message type 99")?;

    let client = || Peer::connect(UnixStream::connect(wayland_socket(&session))?);
    let own = format!("(process {}) was disconnected: ", std::process::id());
    let mut nonsense = client()?;
    nonsense.ask(77, 0, &[Argument::Uint(0)]);
    nonsense.send()?;
    says(&format!(
        "{own}it sent what is no request, or did not read its events"
    ))?;
    let mut greedy = client()?;
    let compositor = greedy.bind("wl_compositor", 4)?;
    greedy.repeat(20_000, |peer| {
        peer.make(compositor, 1, &[]);
    })?;
    says(&own)?;
    says("more than 16384 objects")
}
