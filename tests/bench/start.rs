//! How long a session takes to show itself, and what it costs while nothing happens.
//!
//! `cargo run --release -p offing-tests --bin bench-start -- target/release/offing | tail -n 4`
//!
//! Starts `offing run` and Xvnc (if it is installed) in turns, without a program in them, at
//! 1280x800. A viewer tries to connect from the start on. Prints, for each, the time from exec to
//! the last byte of the first full update, in milliseconds, and the memory at that moment, in
//! megabytes, from the process's own accounts: medians of all rounds.

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use offing_tests::process::{Home, Running};
use offing_tests::vnc_client::{Login, VncClient};
use offing_tests::{Result, soon};

const ROUNDS: usize = 5;
/// Between two tries to connect.
const RETRY: Duration = Duration::from_millis(1);

fn main() -> Result {
    let Some(binary) = std::env::args().nth(1) else {
        eprintln!("usage: bench-start PATH-OF-OFFING");
        std::process::exit(2);
    };
    let binary = std::fs::canonicalize(binary)?;
    let has_xvnc = Command::new("Xtigervnc")
        .arg("-version")
        .stderr(Stdio::null())
        .status()
        .is_ok();
    let (mut offing, mut xvnc) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        offing.push(measure(|home, port| {
            let mut command = home.command(&binary);
            let listen = format!("127.0.0.1:{port}");
            command.args([
                "run", "--auth", "none", "--size", "1280x800", "--listen", &listen,
            ]);
            command.args(["--", "sleep", "1000"]);
            command
        })?);
        if has_xvnc {
            xvnc.push(measure(|home, port| {
                let mut command = home.command("Xtigervnc");
                // A display number that no other server here takes: the port's own.
                command.args([format!(":{port}"), format!("-rfbport={port}")]);
                command.args([
                    "-geometry",
                    "1280x800",
                    "-depth",
                    "24",
                    "-SecurityTypes",
                    "None",
                ]);
                command.args(["-localhost", "-nolisten", "tcp", "-nolisten", "unix"]);
                command
            })?);
        }
    }
    println!("{:8} {:>9} {:>8} {:>8}", "", "start ms", "RSS MB", "PSS MB");
    report("offing", &offing);
    report("Xvnc", &xvnc);
    if let (Some(ours), Some(theirs)) =
        (median(&offing, |it| it.start), median(&xvnc, |it| it.start))
    {
        println!("start: {:.2} times that of Xvnc", ours / theirs);
    }
    Ok(())
}

/// One start.
struct Start {
    start: f64,
    rss: f64,
    pss: f64,
}

fn measure(command: impl FnOnce(&Home, u16) -> Command) -> Result<Start> {
    let home = Home::new()?;
    // Free a moment ago; nobody else is asked to take it in between.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let began = Instant::now();
    let running = Running::start(command(&home, port))?;
    let stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(error) if Instant::now() > began + Duration::from_secs(20) => {
                return Err(error.into());
            }
            Err(_) => thread::sleep(RETRY),
        }
    };
    let mut viewer = VncClient::connect(stream, &Login::new())?;
    viewer.set_usual_encodings()?;
    viewer.wait_until(soon(), "the first full update", |viewer| {
        let rects = viewer.updates.iter().flat_map(|update| &update.rects);
        let painted = rects.filter(|rect| rect.encoding >= 0);
        painted
            .map(|rect| u32::from(rect.width) * u32::from(rect.height))
            .sum::<u32>()
            >= 1280 * 800
    })?;
    let start = began.elapsed().as_secs_f64() * 1000.0;
    let memory = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", running.pid()))?;
    let megabytes = |name: &str| {
        let line = memory.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        kilobytes
            .and_then(|text| text.parse::<f64>().ok())
            .map_or(f64::NAN, |it| it / 1024.0)
    };
    Ok(Start {
        start,
        rss: megabytes("Rss:"),
        pss: megabytes("Pss:"),
    })
}

fn median(starts: &[Start], of: impl Fn(&Start) -> f64) -> Option<f64> {
    let mut values: Vec<f64> = starts.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn report(name: &str, starts: &[Start]) {
    match (
        median(starts, |it| it.start),
        median(starts, |it| it.rss),
        median(starts, |it| it.pss),
    ) {
        (Some(start), Some(rss), Some(pss)) => println!("{name:8} {start:9.1} {rss:8.1} {pss:8.1}"),
        _ => println!("{name:8} not installed"),
    }
}
