//! What a frame costs in bytes and in processor time, beside Xvnc of TigerVNC, and sway with wayvnc.
//!
//! `cargo run --release -p offing-tests --bin bench-peers -- target/release/offing [NAME=VALUE...]`
//!
//! Starts them, each in a home of its own, and paints the same pictures of 1920x1080 in all. For
//! each sort of picture and each encoding a viewer connects that asks for it, and the next picture
//! is painted as soon as the viewer has the one before, which it compares pixel by pixel. Counts
//! what the server sends, and the processor time of all its processes: a frame, the median of
//! rounds in which the peers take turns. The ratio is that to the best of the others. A dash is an
//! encoding that a peer does not know; peers that are not installed are left out.
//!
//! What is measured can be chosen: without arguments it says how. Compression level 2 is what
//! TigerVNC's viewer asks for.

#![forbid(unsafe_code)]

use offing_tests::{Error, Result};

mod film;
mod measure;
mod painter;
mod peer;
mod table;
mod wayland;
mod x11;

use film::{FILMS, Film};
use measure::{ENCODINGS, Encoding, Request, measure};
use peer::Peer;
use table::Row;

/// The screen of all peers.
const SIZE: (u16, u16) = (1920, 1080);

/// What the command line says.
struct Options {
    offing: String,
    films: Vec<Film>,
    encodings: Vec<Encoding>,
    levels: Vec<u8>,
    frames: usize,
    rounds: usize,
}

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let Some(offing) = arguments.next() else {
        eprintln!("usage: bench-peers PATH-OF-OFFING [NAME=VALUE...]; if nothing is chosen:");
        eprintln!("  films={}", FILMS.map(|it| it.name).join(","));
        eprintln!("  encodings={}", ENCODINGS.map(|it| it.name).join(","));
        eprintln!("  levels=2 frames=20 rounds=3");
        std::process::exit(2);
    };
    let mut options = Options {
        offing: std::fs::canonicalize(offing)?.display().to_string(),
        films: FILMS.to_vec(),
        encodings: ENCODINGS.to_vec(),
        levels: vec![2],
        frames: 20,
        rounds: 3,
    };
    for argument in arguments {
        options.set(&argument)?;
    }
    run(&options)
}

impl Options {
    /// Takes in an argument such as `levels=2,6`.
    fn set(&mut self, argument: &str) -> Result {
        let film = |name: &str| FILMS.into_iter().find(|film| film.name == name);
        let encoding = |name: &str| ENCODINGS.into_iter().find(|it| it.name == name);
        let level = |text: &str| text.parse().ok().filter(|level| *level <= 9);
        let count = |text: &str| text.parse().ok().filter(|count| *count > 0);
        let done = argument.split_once('=').and_then(|(name, value)| {
            match name {
                "films" => self.films = list(value, film)?,
                "encodings" => self.encodings = list(value, encoding)?,
                "levels" => self.levels = list(value, level)?,
                "frames" => self.frames = count(value)?,
                "rounds" => self.rounds = count(value)?,
                _ => return None,
            }
            Some(())
        });
        let message = "is not understood: see bench-peers without arguments";
        done.ok_or_else(|| Error::other(format!("{argument} {message}")))
    }
}

/// The values between commas, if all of them are right.
fn list<T>(text: &str, value: impl FnMut(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(value).collect()
}

/// Measures all that is asked for. Prints the table when the peers have ended, even if one of them
/// failed: what they wrote to their standard errors stands above it then.
fn run(options: &Options) -> Result {
    let load_before = load()?;
    let mut peers = Peer::start_all(&options.offing)?;
    let names: Vec<_> = peers.iter().map(|peer| peer.name).collect();
    let mut rows = Vec::new();
    let result = measure_all(options, &mut peers, &mut rows);
    let load_after = load()?;
    drop(peers);
    println!("load average {load_before} before, {load_after} after");
    println!("{}", table::header(&names));
    for row in rows {
        println!("{row}");
    }
    result
}

fn measure_all(options: &Options, peers: &mut [Peer], rows: &mut Vec<Row>) -> Result {
    let requests = Request::all(&options.encodings, &options.levels);
    for film in &options.films {
        let pictures = film.pictures(measure::WARM_UP + options.frames);
        for request in &requests {
            let mut row = Row::new(film.name, request, peers.len());
            for _ in 0..options.rounds {
                for (peer, costs) in peers.iter_mut().zip(&mut row.costs) {
                    let context = format!("{}, {request}, {}", film.name, peer.name);
                    let cost = measure(peer, request, &pictures);
                    costs.extend(cost.map_err(|error| error.context(context))?);
                }
            }
            eprintln!("{row}");
            rows.push(row);
        }
    }
    Ok(())
}

/// How many processes wanted to run: on average in the last 1, 5 and 15 minutes.
fn load() -> Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    let numbers: Vec<_> = text.split_whitespace().take(3).collect();
    Ok(numbers.join(" "))
}
