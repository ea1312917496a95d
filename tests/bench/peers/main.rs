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
//! What can be chosen: `levels=2` (the compression levels of Tight and ZRLE, such as 1,6: 2 is what
//! TigerVNC's viewer asks for), `films=text,photo` (the sorts of pictures), `frames=20`, `rounds=3`.

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
use measure::{Request, measure};
use peer::Peer;
use table::Row;

/// The screen of all peers.
const SIZE: (u16, u16) = (1920, 1080);

/// What the command line says.
struct Options {
    offing: String,
    levels: Vec<u8>,
    films: Vec<Film>,
    frames: usize,
    rounds: usize,
}

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let Some(offing) = arguments.next() else {
        let films = FILMS.map(|film| film.name).join(",");
        eprintln!(
            "usage: bench-peers PATH-OF-OFFING [levels=2] [films={films}] [frames=20] [rounds=3]"
        );
        std::process::exit(2);
    };
    let mut options = Options {
        offing: std::fs::canonicalize(offing)?.display().to_string(),
        levels: vec![2],
        films: FILMS.to_vec(),
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
        let wrong = || {
            Error::other(format!(
                "{argument} is not understood: see bench-peers without arguments"
            ))
        };
        let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
        let (name, value) = argument.split_once('=').ok_or_else(wrong)?;
        let values = value.split(',');
        match name {
            "levels" => {
                let level = |text: &str| text.parse().ok().filter(|level| *level <= 9);
                let levels = values.map(|text| level(text).ok_or_else(wrong));
                self.levels = levels.collect::<Result<_>>()?;
            }
            "films" => {
                let film = |name: &str| FILMS.into_iter().find(|film| film.name == name);
                let films = values.map(|name| film(name).ok_or_else(wrong));
                self.films = films.collect::<Result<_>>()?;
            }
            "frames" => self.frames = number(value)?.max(1),
            "rounds" => self.rounds = number(value)?.max(1),
            _ => return Err(wrong()),
        }
        Ok(())
    }
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
    let requests = Request::all(&options.levels);
    for film in &options.films {
        let pictures = film.pictures(measure::WARM_UP + options.frames);
        for request in &requests {
            let mut row = Row::new(film.name, &request.name, peers.len());
            for _ in 0..options.rounds {
                for (peer, costs) in peers.iter_mut().zip(&mut row.costs) {
                    let context = format!("{}, {}, {}", film.name, request.name, peer.name);
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
