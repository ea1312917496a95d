//! What a viewer costs when others see the same: one session, 1 and 64 viewers.
//!
//! `cargo run --release -p offing-tests --bin bench-sharing -- target/release/offing [ENCODING]`
//!
//! Runs a session of 1920x1080 in which text scrolls all the time, as fast as the viewers take it.
//! They ask for `zlib` (or the encoding named) and read without decoding. Prints the session's
//! processor time for each update that a viewer got, and how often the picture was sent to all.

use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use offing_tests::process::Offing;
use offing_tests::scene::Scene;
use offing_tests::vnc_client::{VncClient, encoding};
use offing_tests::wayland_client::{WaylandClient, Window};
use offing_tests::{Error, Result, soon};

const SIZE: (u16, u16) = (1920, 1080);
/// How long each number of viewers is measured.
const TIME: Duration = Duration::from_secs(8);
/// The argument with which this program paints in the session.
const PAINT: &str = "--paint";

fn main() -> Result {
    let mut arguments: VecDeque<String> = std::env::args().skip(1).collect();
    let Some(binary) = arguments.pop_front() else {
        eprintln!("usage: bench-sharing PATH-OF-OFFING [raw|zlib]");
        std::process::exit(2);
    };
    if binary == PAINT {
        return paint();
    }
    let binary = std::fs::canonicalize(binary)?.display().to_string();
    let encoding = match arguments.pop_front().as_deref() {
        None | Some("zlib") => encoding::ZLIB,
        Some("raw") => encoding::RAW,
        Some(other) => return Err(Error::other(format!("no encoding {other} here"))),
    };
    println!(
        "{:>7} {:>10} {:>9} {:>22}",
        "viewers", "pictures/s", "CPU %", "CPU ms/update/viewer"
    );
    let mut costs = Vec::new();
    for viewers in [1, 4, 16, 64] {
        let cost = measure(&binary, encoding, viewers)?;
        costs.push(cost);
    }
    if let [one, .., many] = costs.as_slice() {
        println!(
            "64 viewers: {:.3} times the cost of 1, for each",
            many / one
        );
    }
    Ok(())
}

/// Runs a session with so many viewers. Returns milliseconds of processor time for each update
/// and viewer.
fn measure(binary: &str, encoding: i32, count: u64) -> Result<f64> {
    let this = std::env::current_exe()?.display().to_string();
    let size = format!("{}x{}", SIZE.0, SIZE.1);
    let options = ["--auth", "none", "--kiosk", "--size", &size];
    let session = Offing::run(binary, &[&options[..], &["--", &this, PAINT]].concat())?;
    let updates = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let viewers: Vec<JoinHandle<Result>> = (0..count)
        .map(|_| {
            let mut viewer = session.viewer()?;
            viewer.set_encodings(&[encoding])?;
            let (updates, over) = (updates.clone(), over.clone());
            Ok(thread::spawn(move || {
                watch(&mut viewer, encoding, &updates, &over)
            }))
        })
        .collect::<Result<_>>()?;

    // Until everyone has seen some pictures.
    let deadline = soon();
    while updates.load(Ordering::SeqCst) < 10 * count && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(50));
    }
    let (began, cpu, before) = (
        Instant::now(),
        session.process.cpu_time()?,
        updates.load(Ordering::SeqCst),
    );
    thread::sleep(TIME);
    let cpu = (session.process.cpu_time()? - cpu).as_secs_f64();
    let seen = (updates.load(Ordering::SeqCst) - before) as f64;
    let seconds = began.elapsed().as_secs_f64();
    over.store(true, Ordering::SeqCst);
    for viewer in viewers {
        viewer
            .join()
            .map_err(|_| Error::other("a viewer panicked"))??;
    }
    let cost = cpu * 1000.0 / seen;
    println!(
        "{count:7} {:10.1} {:9.1} {cost:22.3}",
        seen / seconds / count as f64,
        100.0 * cpu / seconds,
    );
    Ok(cost)
}

/// Takes updates, as quickly as they come, and counts them.
fn watch(viewer: &mut VncClient, encoding: i32, updates: &AtomicU64, over: &AtomicBool) -> Result {
    let mut incremental = false;
    while !over.load(Ordering::SeqCst) {
        viewer.request(incremental, 0, 0, SIZE.0, SIZE.1)?;
        incremental = true;
        skip_update(viewer, encoding)?;
        updates.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

/// Reads a FramebufferUpdate and drops it.
fn skip_update(viewer: &mut VncClient, encoding: i32) -> Result {
    let wire = viewer.wire();
    let [_, _, high, low] = wire.array::<4>("an update")?;
    for _ in 0..u16::from_be_bytes([high, low]) {
        let header = wire.array::<12>("a rectangle")?;
        let side = |at: usize| usize::from(u16::from_be_bytes([header[at], header[at + 1]]));
        let length = match encoding {
            encoding::ZLIB => wire.u32("a length")? as usize,
            _ => side(4) * side(6) * 4,
        };
        wire.bytes(length, "pixels")?;
    }
    Ok(())
}

/// Scrolls text in a window that fills the screen, a picture for each frame callback.
fn paint() -> Result {
    let variable = |name| std::env::var_os(name).ok_or_else(|| Error::other(format!("no {name}")));
    let folder = PathBuf::from(variable("XDG_RUNTIME_DIR")?);
    let socket = UnixStream::connect(folder.join(variable("WAYLAND_DISPLAY")?))?;
    let mut client = WaylandClient::connect(socket)?;
    let pictures: Vec<_> = (0..2)
        .map(|step| Scene::Text.picture(SIZE.0.into(), SIZE.1.into(), step))
        .collect();
    let first = pictures[0].clone();
    let window = client.open(Window::new("text", SIZE.0.into(), SIZE.1.into()).content(first))?;
    for picture in pictures.iter().cycle() {
        let before = client.surface(window).frames;
        client.draw(window, picture.clone())?;
        client.dispatch_until(soon(), "a frame callback", |client| {
            client.surface(window).frames > before
        })?;
    }
    Ok(())
}
