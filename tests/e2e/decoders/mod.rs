//! Zlib rectangles that several viewers share, in decoders that others wrote: each viewer sees the
//! exact pixels after a thousand frames, and one that joins late is sent the very same bytes.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use offing::remote::Listener;
use offing_tests::picture::Picture;
use offing_tests::tap::{Asked, SentRect, Tap, Witness};
use offing_tests::vnc_client::{PixelFormat, encoding};
use offing_tests::wayland_client::{Surface, WaylandClient, Window};
use offing_tests::{Error, Result};

use crate::film::{self, Film};
use crate::fixture::{Fixture, WITH_CURSOR, config, wait_for_pointer};
use programs::{Program, Viewer};

mod programs;

const FRAMES: usize = 1000;
/// The frame after which each program joins for a second time.
const LATE: usize = 400;
/// How long a program may take to start: a busy machine takes long to load all of its Python.
const START: Duration = Duration::from_secs(60);

#[test]
fn viewers_of_others_decode_what_they_share() -> Result {
    show_film_to(&[
        Program::Own,
        Program::Libvncclient,
        Program::Asyncvnc,
        Program::Xtightvncviewer,
    ])
}

#[test]
#[ignore = "needs Remmina: see `make test-viewers`"]
fn remmina_decodes_what_it_shares() -> Result {
    show_film_to(&[Program::Own, Program::Remmina])
}

fn show_film_to(programs: &[Program]) -> Result {
    let mut installed = Vec::new();
    for program in programs {
        if program.is_installed()? {
            installed.push(*program);
        }
    }
    let mut cinema = Cinema::open()?;
    cinema.admit(&installed)?;
    for _ in 0..LATE {
        cinema.show_next_frame()?;
    }
    cinema.admit(&installed)?;
    for _ in LATE..FRAMES {
        cinema.show_next_frame()?;
    }
    cinema.close()
}

/// A session that shows a film, frame by frame, to viewers in step.
struct Cinema {
    _fixture: Fixture,
    address: SocketAddr,
    client: WaylandClient,
    window: Surface,
    film: Film,
    seats: Vec<Seat>,
}

/// A viewer in the cinema.
struct Seat {
    program: Program,
    viewer: Viewer,
    tap: Tap,
    witness: Witness,
    /// What it asked for when it came.
    asked: Asked,
    /// The number of the first frame it saw.
    joined: usize,
    /// The rectangles of pixels that brought it the last frame, since the whole picture.
    rects: Vec<SentRect>,
    /// The first seat whose viewer has the same wishes, if it is another one.
    twin: Option<usize>,
}

impl Cinema {
    fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let mut config = config(film::WIDTH, film::HEIGHT);
        config.listeners.push(Listener::Tcp(listener));
        let fixture = Fixture::start(config)?;
        let mut client = fixture.client()?;
        let film = Film::new();
        let window = Window::new("film", 100, 100).fullscreen();
        let window = client.open(window.content(film.picture.clone()))?;

        // Some viewers cannot draw cursors: the server would paint it over the picture.
        let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
        viewer.pointer(9, 9, 0)?;
        wait_for_pointer(&mut client, window, (9.0, 9.0))?;
        client.hide_cursor()?;
        client.roundtrip()?;
        Ok(Self {
            _fixture: fixture,
            address,
            client,
            window,
            film,
            seats: Vec::new(),
        })
    }

    /// Starts these programs, and waits until each has got the whole picture.
    fn admit(&mut self, programs: &[Program]) -> Result {
        for &program in programs {
            let seat = self.seat(program);
            self.seats
                .push(seat.map_err(|error| error.context(program))?);
        }
        Ok(())
    }

    fn seat(&self, program: Program) -> Result<Seat> {
        let door = TcpListener::bind("127.0.0.1:0")?;
        let viewer = program.start(door.local_addr()?.port())?;
        let tap = Tap::between(&door, self.address, Instant::now() + START)?;
        let mut witness = tap.witness()?;
        let picture = &self.film.picture;
        witness
            .watch_until("the whole picture", |it| it.shows(0, 0, picture))
            .map_err(|error| explain(error, &witness, picture))?;
        let mut seat = Seat {
            program,
            viewer,
            asked: tap.asked()?,
            tap,
            witness,
            joined: self.film.number,
            rects: Vec::new(),
            twin: None,
        };
        let wishes = seat.wishes();
        seat.twin = self.seats.iter().position(|it| it.wishes() == wishes);
        Ok(seat)
    }

    /// Shows the next frame, and waits until every viewer has got it. A viewer gets it only if it
    /// asked for it, and so has decoded the one before.
    fn show_next_frame(&mut self) -> Result {
        self.film.advance();
        self.client.draw(self.window, self.film.picture.clone())?;
        self.client.roundtrip()?;
        let film = &self.film;
        let frame = format!("frame {}", film.number);
        for seat in &mut self.seats {
            seat.rects = seat
                .witness
                .watch_until(&frame, |it| film.is_shown(it))
                .map_err(|error| explain(error, &seat.witness, &film.picture))
                .map_err(|error| error.context(seat.program))?;
            seat.rects.retain(|sent| sent.rect.encoding >= 0);
            let is_zlib = |sent: &SentRect| sent.rect.encoding == encoding::ZLIB;
            assert!(seat.rects.iter().all(is_zlib), "{}", seat.program);
        }
        for seat in &self.seats {
            let Some(twin) = seat.twin.map(|twin| &self.seats[twin]) else {
                continue;
            };
            if seat.rects != twin.rects {
                let (late, first) = (seat.program, twin.program);
                let message = format!("{late} and {first} were sent other bytes in {frame}");
                return Err(Error::other(message));
            }
        }
        Ok(())
    }

    /// Compares what the viewers see in the end, and prints how it went.
    fn close(self) -> Result {
        let names: Vec<String> = self.seats.iter().map(Seat::name).collect();
        let mut table = format!(
            "{:42} {:7}  {:6}  {:36}  asked for\n",
            "viewer", "updates", "pixels", "same bytes"
        );
        for (seat, name) in self.seats.into_iter().zip(&names) {
            let frames = FRAMES - seat.joined;
            let updates = seat.witness.client().updates.len();
            assert!(updates > frames, "{name}: {updates} updates");
            assert!(seat.twin.is_some() || seat.joined == 0, "{name}");
            let same = seat.twin.map_or_else(String::new, |twin| {
                format!("as {}, {frames} frames", names[twin])
            });
            let asked = seat.tap.asked()?;
            assert_eq!(asked.encodings, seat.asked.encodings, "{name}");
            assert_eq!(asked.format, seat.asked.format, "{name}");
            let of_pixels = asked.encodings.iter().filter(|it| **it >= 0);
            assert!(of_pixels.eq(seat.program.encodings()), "{name}");
            let encodings = asked.encodings.iter();
            let encodings: Vec<_> = encodings.map(|it| rfb::Encoding(*it).to_string()).collect();
            seat.viewer
                .expect(&seat.tap, &self.film.picture)
                .map_err(|error| error.context(name))?;
            let encodings = encodings.join(" ");
            table += &format!("{name:42} {updates:7}  exact   {same:36}  {encodings}\n");
        }
        print!("{table}");
        Ok(())
    }
}

/// Says as well how what was sent differs from the picture.
fn explain(error: Error, witness: &Witness, picture: &Picture) -> Error {
    match witness.client().picture().expect(picture) {
        Ok(()) => error,
        Err(difference) => difference.context(error),
    }
}

impl Seat {
    fn name(&self) -> String {
        match self.joined {
            0 => self.program.to_string(),
            frame => format!("{} from frame {frame} on", self.program),
        }
    }

    /// What the bytes that it is sent depend on beside the picture: its pixels, and the level of
    /// compression.
    fn wishes(&self) -> (PixelFormat, Option<i32>) {
        let mut encodings = self.asked.encodings.iter().copied();
        let level = encodings.find(|it| (-256..=-247).contains(it));
        (self.witness.client().format(), level)
    }
}
