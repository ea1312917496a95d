//! The library's examples as programs of their own: what they show and tell.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_10X20;
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::{Drawable, Pixel, Point};
use embedded_graphics::text::{Baseline, Text};
use offing_tests::picture::{Picture, Rgb};
use offing_tests::process::{Home, Running};
use offing_tests::vnc_client::{Login, PixelFormat, VncClient, button, encoding};
use offing_tests::{Error, ErrorKind, Result, soon};

const PASSWORD: &str = "secret";

/// An example that runs.
struct Example {
    process: Running,
    address: SocketAddr,
    home: Home,
}

impl Example {
    /// Starts one on a free port of the loopback device.
    fn start(name: &str, arguments: &[&str]) -> Result<Self> {
        Self::start_in(
            Home::new()?,
            name,
            &[&["--listen=127.0.0.1:0"], arguments].concat(),
        )
    }

    fn start_in(home: Home, name: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = home.command(program(name)?);
        command.args(arguments);
        Self::start_command(home, command)
    }

    fn start_command(home: Home, command: Command) -> Result<Self> {
        let process = Running::start(command)?;
        let output = process.stdout();
        let line = output.wait_until(soon(), "an address", |text| text.ends_with('\n'))?;
        let address = line.trim_end().strip_prefix("listening on ");
        let address = address.and_then(|address| address.parse().ok());
        Ok(Self {
            address: address.ok_or_else(|| Error::other(line))?,
            process,
            home,
        })
    }

    fn stream(&self) -> Result<TcpStream> {
        Ok(TcpStream::connect(self.address)?)
    }

    fn viewer(&self, encodings: &[i32]) -> Result<VncClient> {
        let mut viewer = VncClient::connect(self.stream()?, &Login::new())?;
        viewer.set_encodings(encodings)?;
        Ok(viewer)
    }

    /// Waits until it has printed this.
    fn expect(&self, text: &str) -> Result {
        let has = |printed: &str| printed.contains(text);
        self.process.stdout().wait_until(soon(), text, has)?;
        Ok(())
    }
}

/// The path of an example: cargo puts them beside the tests.
fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).unwrap_or(&test).join("examples");
    let path = folder.join(name);
    match path.exists() {
        true => Ok(path),
        false => Err(Error::other(format!(
            "there is no {}: run `cargo build -p offing-rfb --examples` first",
            path.display()
        ))),
    }
}

/// A home with a password file, and the option that names it.
fn home_with_password() -> Result<(Home, String)> {
    let home = Home::new()?;
    let path = home.path().join("password");
    std::fs::write(&path, format!("{PASSWORD}\nand more"))?;
    Ok((home, format!("--password-file={}", path.display())))
}

// share_image

#[test]
fn a_picture_is_shared() -> Result {
    let home = Home::new()?;
    let picture = Picture::pattern(301, 130, 7);
    picture.save_png(home.path().join("picture.png"))?;
    let arguments = ["--listen=127.0.0.1:0", "picture.png"];
    let example = Example::start_in(home, "share_image", &arguments)?;
    let mut one = example.viewer(&[encoding::RAW])?;
    let mut two = example.viewer(&[encoding::ZLIB, encoding::EXTENDED_DESKTOP_SIZE])?;
    one.wait_for_picture(soon(), &picture)?;
    two.wait_for_picture(soon(), &picture)?;

    two.set_desktop_size(400, 300)?;
    let is_answer = |viewer: &VncClient| viewer.resizes.iter().any(|r| r.reason == 1);
    two.wait_until(soon(), "an answer", is_answer)?;
    assert_eq!(two.resizes.last().map(|resize| resize.status), Some(1));
    assert_eq!(two.size(), (301, 130));
    Ok(())
}

#[test]
fn a_gradient_moves() -> Result {
    let example = Example::start("share_image", &[])?;
    let mut viewer = example.viewer(&[encoding::HEXTILE])?;
    let wave = |at: usize| {
        let at = at % 512;
        if at < 256 { at as u8 } else { (511 - at) as u8 }
    };
    let mut steps = HashSet::new();
    let mut updates = 0;
    while steps.len() < 3 {
        viewer.update()?;
        updates += 1;
        // Up to the first frame it is black.
        if viewer.pixel(5, 0) == [0; 3] {
            assert!(steps.is_empty() && updates < 10);
            continue;
        }
        let step = (0..512).find(|step| {
            let colour = |x, y| [wave(x + y), wave(y + step), wave(x + step)];
            (0..480)
                .step_by(7)
                .all(|x| viewer.pixel(x, x) == colour(x, x))
        });
        let step = step.ok_or_else(|| Error::other("no picture of the row"))?;
        let expected = Picture::draw(640, 480, |x, y| {
            [wave(x + y), wave(y + step), wave(x + step)]
        });
        viewer.picture().expect(&expected)?;
        steps.insert(step);
    }
    Ok(())
}

/// Saves a PNG file whose samples are these, in a row.
fn save_row(path: PathBuf, colour: png::ColorType, samples: &[u8]) -> Result {
    let pixels = samples.len() / colour.samples();
    let mut encoder = png::Encoder::new(std::fs::File::create(path)?, pixels as u32, 1);
    encoder.set_color(colour);
    let mut writer = encoder.write_header().map_err(std::io::Error::from)?;
    let written = writer.write_image_data(samples);
    Ok(written.map_err(std::io::Error::from)?)
}

#[test]
fn what_is_transparent_is_white() -> Result {
    use png::ColorType::{GrayscaleAlpha, Rgba};
    for (colour, samples, expected) in [
        (
            Rgba,
            &[200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 51][..],
            [[200, 100, 0], [255; 3], [244, 224, 204]],
        ),
        (
            GrayscaleAlpha,
            &[90, 255, 90, 0, 90, 51],
            [[90; 3], [255; 3], [222; 3]],
        ),
    ] {
        let home = Home::new()?;
        save_row(home.path().join("row.png"), colour, samples)?;
        let arguments = ["--listen=127.0.0.1:0", "row.png"];
        let example = Example::start_in(home, "share_image", &arguments)?;
        let mut viewer = example.viewer(&[encoding::RAW])?;
        let picture = Picture::draw(3, 1, |x, _| expected[x]);
        viewer.wait_for_picture(soon(), &picture)?;
    }
    Ok(())
}

#[test]
fn a_picture_that_cannot_be_read_is_named() -> Result {
    let home = Home::new()?;
    let mut command = home.command(program("share_image")?);
    command.args(["--listen=127.0.0.1:0", "no.png"]);
    let finished = Running::start(command)?.finish(soon())?;
    assert_eq!(finished.status.code(), Some(1));
    assert!(
        finished
            .stderr
            .starts_with("cannot share no.png: No such file")
    );
    Ok(())
}

#[test]
fn too_many_connections_end_nothing() -> Result {
    let home = Home::new()?;
    let mut command = home.command("sh");
    let limited = r#"ulimit -n 24; exec "$0" --listen=127.0.0.1:0"#;
    command.args(["-c", limited]).arg(program("share_image")?);
    let example = Example::start_command(home, command)?;
    let streams: Vec<_> = (0..30).map(|_| example.stream()).collect::<Result<_>>()?;
    let is_told = |text: &str| text.contains("a viewer could not connect: ");
    let told = example.process.stderr();
    told.wait_until(soon(), "a refusal", is_told)?;
    drop(streams);
    // It may take a moment until all of them are closed.
    let deadline = soon();
    loop {
        match example.viewer(&[]).and_then(|mut viewer| viewer.update()) {
            Err(_) if Instant::now() < deadline => {}
            result => return result.map(drop),
        }
    }
}

// chat

const PAPER: Rgb = [255, 250, 240];
const CARET: Rgb = [220, 20, 60];
/// Where the first character is, and how large each is.
const ORIGIN: (usize, usize) = (28, 72);
const CELL: (usize, usize) = (10, 20);
const COLUMNS: usize = 58;
const ROWS: usize = 19;

/// The text of a chat, drawn once more.
struct Ink(HashSet<(i32, i32)>);

impl Ink {
    fn of(lines: &[&str]) -> Self {
        let mut ink = Self(HashSet::new());
        let style = MonoTextStyle::new(&FONT_10X20, BinaryColor::On);
        for (line, y) in lines.iter().zip((0..).step_by(CELL.1)) {
            let text = Text::with_baseline(line, Point::new(0, y), style, Baseline::Top);
            let Ok(_) = text.draw(&mut ink);
        }
        ink
    }
}

impl OriginDimensions for Ink {
    fn size(&self) -> Size {
        Size::new((COLUMNS * CELL.0) as u32, (ROWS * CELL.1) as u32)
    }
}

impl DrawTarget for Ink {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> std::result::Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<BinaryColor>>,
    {
        self.0
            .extend(pixels.into_iter().map(|Pixel(at, _)| (at.x, at.y)));
        Ok(())
    }
}

/// Waits until a viewer of a chat sees these lines, and the caret in this column and row.
fn wait_for_text(viewer: &mut VncClient, lines: &[&str], caret: Option<(usize, usize)>) -> Result {
    let ink = Ink::of(lines);
    let what = format!("{lines:?} with the caret at {caret:?}");
    viewer.wait_until(soon(), &what, |viewer| {
        let mut found = None;
        for y in 0..ROWS * CELL.1 {
            for x in 0..COLUMNS * CELL.0 + 2 {
                let colour = viewer.pixel(ORIGIN.0 + x, ORIGIN.1 + y);
                if colour == CARET {
                    found = found.or(Some((x / CELL.0, y / CELL.1)));
                } else if (colour != PAPER) != ink.0.contains(&(x as i32, y as i32)) {
                    return false;
                }
            }
        }
        found == caret
    })
}

#[test]
fn viewers_write_one_text() -> Result {
    let example = Example::start("chat", &[])?;
    let mut one = example.viewer(&[encoding::HEXTILE])?;
    let mut two = example.viewer(&[encoding::ZLIB])?;
    wait_for_text(&mut one, &[], Some((0, 0)))?;
    one.type_text("Hi, all\n")?;
    wait_for_text(&mut two, &["Hi, all"], Some((0, 1)))?;
    two.type_text("\u{c5}kex\u{8}!")?;
    for viewer in [&mut one, &mut two] {
        wait_for_text(viewer, &["Hi, all", "\u{c5}ke!"], Some((4, 1)))?;
    }

    // Into the middle.
    let (x, y) = (ORIGIN.0 + 4 * CELL.0 + 3, ORIGIN.1 + 5);
    one.click(x as u16, y as u16, button::LEFT)?;
    one.type_text("you, ")?;
    wait_for_text(&mut two, &["Hi, you, all", "\u{c5}ke!"], Some((9, 0)))?;
    // End, Down, Home, Right, Delete, Up, Left, and what is no text: Control+x.
    for keysym in [0xff57, 0xff54, 0xff50, 0xff53, 0xffff, 0xff52, 0xff51] {
        two.tap(keysym)?;
    }
    two.key(0xffe3, true)?;
    two.tap('x'.into())?;
    two.key(0xffe3, false)?;
    wait_for_text(&mut one, &["Hi, you, all", "\u{c5}e!"], Some((0, 0)))
}

#[test]
fn a_long_text_is_wrapped_and_scrolls() -> Result {
    let example = Example::start("chat", &[])?;
    let mut viewer = example.viewer(&[encoding::HEXTILE])?;
    let (words, word) = ("word ".repeat(11), "a".repeat(COLUMNS));
    viewer.type_text(&format!("{words}wrapped {word}b"))?;
    let lines = [&words, "wrapped ", &word, "b"];
    wait_for_text(&mut viewer, &lines, Some((1, 3)))?;

    // The text moves up under the caret, and the wheel moves it back.
    viewer.type_text(&"\n".repeat(ROWS - 3))?;
    wait_for_text(&mut viewer, &lines[1..], Some((0, ROWS - 1)))?;
    viewer.click(100, 100, button::WHEEL_UP)?;
    wait_for_text(&mut viewer, &lines, None)?;
    viewer.click(100, 100, button::WHEEL_DOWN)?;
    wait_for_text(&mut viewer, &lines[1..], Some((0, ROWS - 1)))?;
    // So does a caret that is not seen.
    viewer.click(100, 100, button::WHEEL_UP)?;
    viewer.type_text("c")?;
    let mut below = lines[1..].to_vec();
    below.resize(ROWS - 1, "");
    below.push("c");
    wait_for_text(&mut viewer, &below, Some((1, ROWS - 1)))
}

#[test]
fn a_word_that_fits_is_not_wrapped() -> Result {
    let example = Example::start("chat", &[])?;
    let mut viewer = example.viewer(&[encoding::HEXTILE])?;
    let words = format!("{}fits", "word and ".repeat(6));
    assert_eq!(words.len(), COLUMNS);
    viewer.type_text(&words)?;
    wait_for_text(&mut viewer, &[&words], Some((COLUMNS, 0)))?;
    // Spaces hang over.
    viewer.type_text("   ")?;
    wait_for_text(&mut viewer, &[&words], Some((COLUMNS, 0)))?;
    viewer.type_text("ab")?;
    wait_for_text(&mut viewer, &[&words, "ab"], Some((2, 1)))
}

#[test]
fn an_empty_password_is_refused() -> Result {
    let home = Home::new()?;
    std::fs::write(home.path().join("password"), "\nsecret\n")?;
    let mut command = home.command(program("chat")?);
    command.args(["--listen=127.0.0.1:0", "--password-file=password"]);
    let finished = Running::start(command)?.finish(soon())?;
    assert_eq!(finished.status.code(), Some(1));
    assert!(finished.stderr.contains("write the password there"));
    assert_eq!(finished.stdout, "", "it does not listen");
    Ok(())
}

#[test]
fn a_wrong_password_is_refused() -> Result {
    let (home, option) = home_with_password()?;
    let example = Example::start_in(home, "chat", &["--listen=127.0.0.1:0", &option])?;
    let refused = VncClient::connect(example.stream()?, &Login::with_password("guess"));
    let refused = refused.err().map(|error| error.kind());
    assert_eq!(refused, Some(ErrorKind::Refused));
    VncClient::connect(example.stream()?, &Login::with_password(PASSWORD))?;
    Ok(())
}

// record

#[test]
fn what_a_viewer_says_is_logged() -> Result {
    let (home, option) = home_with_password()?;
    let arguments = ["--listen=127.0.0.1:0", &option, "--bytes=bytes"];
    let example = Example::start_in(home, "record", &arguments)?;
    let mut viewer = VncClient::connect(example.stream()?, &Login::with_password(PASSWORD))?;
    viewer.set_pixel_format(PixelFormat::RGB565.big_endian())?;
    viewer.set_encodings(&[encoding::HEXTILE, encoding::CURSOR, -23, 4711])?;
    viewer.wait_for_picture(soon(), &Picture::solid(640, 480, [32, 64, 96]))?;
    viewer.request(true, 1, 2, 30, 40)?;
    viewer.tap(0x61)?;
    viewer.tap(0xff0d)?;
    viewer.pointer(10, 20, button::RIGHT)?;
    viewer.cut_text("a \"text\"")?;
    drop(viewer);
    for line in [
        "a viewer connects from 127.0.0.1:",
        "RFB 3.8, security type 2 (VncAuth)\n",
        "is in\n",
        "pixel format: 16 bits a pixel, depth 16, big-endian, red 31 << 11, green 63 << 5, \
         blue 31 << 0\n",
        "encodings: hextile, cursor, jpeg-quality-9, encoding 4711\n",
        "wants all of 640x480+0+0\n",
        "wants what changed in 30x40+1+2\n",
        "key 0x0061 (a) down\n",
        "key 0x0061 (a) up\n",
        "key 0xff0d down\n",
        "pointer at 10, 20, buttons 0b00000100\n",
        "text: \"a \\\"text\\\"\"\n",
        "the viewer is gone\n",
    ] {
        example.expect(line)?;
    }
    let bytes = std::fs::read(example.home.path().join("bytes"))?;
    assert!(bytes.starts_with(b"RFB 003.008\n\x02"));
    assert!(bytes.ends_with(b"\x06\0\0\0\0\0\0\x08a \"text\""));

    // The next one is no viewer.
    let mut stream = example.stream()?;
    stream.write_all(b"GET / HTTP/1.1\r\n")?;
    example.expect("the viewer is gone: the peer does not speak RFB")?;
    let bytes = std::fs::read(example.home.path().join("bytes"))?;
    assert_eq!(bytes, b"GET / HTTP/1.1\r\n");
    Ok(())
}

#[test]
fn a_port_of_vnc_is_found() -> Result {
    let first = Example::start_in(Home::new()?, "record", &[])?;
    let second = Example::start_in(Home::new()?, "record", &[])?;
    for example in [&first, &second] {
        assert!(example.address.ip().is_loopback());
        assert!((5900..=5999).contains(&example.address.port()));
    }
    assert_ne!(first.address, second.address);
    Ok(())
}
