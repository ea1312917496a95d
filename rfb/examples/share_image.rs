//! Shares a picture with VNC viewers: a PNG file, or a gradient that moves.
//!
//! `cargo run -p offing-rfb --example share_image -- picture.png`

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::Parser;
use rfb::{Frame, Region, ResizeStatus, Server, ServerEvent, ServerState, Size};

#[path = "common/driver.rs"]
mod driver;
#[path = "common/options.rs"]
mod options;

/// Shares a picture with VNC viewers
#[derive(clap::Parser)]
struct Arguments {
    /// The PNG file to share [default: a gradient that moves]
    picture: Option<PathBuf>,
    #[command(flatten)]
    options: options::Options,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { picture, options } = Arguments::parse();
    let mut server = Server::new("share_image", SIZE);
    server.set_password(options.password()?.as_deref());
    if let Some(path) = &picture {
        let frame = load(path)?;
        server.show(&frame, &Region::new(), &[]);
    }
    let driver = driver::Driver::new(server, |server, events| {
        for event in events {
            if let ServerEvent::SetDesktopSize { viewer, .. } = event {
                server.answer_resize(viewer, ResizeStatus::Prohibited);
            }
        }
    });
    if picture.is_none() {
        let driver = driver.clone();
        thread::spawn(move || animate(&driver));
    }
    Ok(driver.serve(&options.listen()?)?)
}

/// Reads a PNG file.
fn load(path: &Path) -> Result<Frame, Box<dyn Error>> {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(path)?));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut samples = vec![
        0;
        reader
            .output_buffer_size()
            .ok_or("the picture is too large")?
    ];
    let info = reader.next_frame(&mut samples)?;
    let size = Size::new(info.width.try_into()?, info.height.try_into()?);
    let pixels = samples.chunks_exact(info.color_type.samples());
    let bgrx = pixels.flat_map(|pixel| match *pixel {
        [red, green, blue, ..] => [blue, green, red, 0],
        [grey, ..] => [grey, grey, grey, 0],
        [] => [0; 4],
    });
    Ok(Frame::from_pixels(size, &bgrx.collect::<Vec<_>>()))
}

const SIZE: Size = Size::new(640, 480);

/// Shows a picture after the other, for ever.
fn animate(driver: &driver::Driver) {
    for step in (0..512).cycle() {
        // Nobody looks, so nothing moves.
        while driver.with(|server| server.state() != ServerState::Connected) {
            thread::sleep(Duration::from_millis(100));
        }
        let frame = Frame::from_pixels(SIZE, &gradient(step));
        driver.with(|server| server.show(&frame, &SIZE.rect().into(), &[]));
        thread::sleep(Duration::from_millis(40));
    }
}

/// The pixels at a step: blue, green, red, and a byte without meaning.
fn gradient(step: u16) -> Vec<u8> {
    // Up and down again, so that there is no edge.
    let wave = |at: u16| (at % 512).min(511 - at % 512) as u8;
    let pixel = |x, y| [wave(x + step), wave(y + step), wave(x + y), 0];
    let rows = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y)));
    rows.flat_map(|(x, y)| pixel(x, y)).collect()
}
