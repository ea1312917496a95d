//! What real servers sent, as `vectors/README.md` tells: they show that the client decodes as
//! others encode.

use std::io::{self, Cursor, Read, Write};
use std::time::Duration;

use offing_tests::Result;
use offing_tests::picture::{Picture, Rect, Rgb, pattern};
use offing_tests::vnc_client::{
    Fidelity, PixelFormat, Rgba, Stream, VncClient, Welcome, Wire, encoding, security,
};

const BGRX: PixelFormat = PixelFormat::BGRX;
const RGB565: PixelFormat = PixelFormat::RGB565.big_endian();

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("vectors/servers/", $name, ".bin"))
    };
}

/// What the servers showed: on a plain ground a smooth piece, pieces of two, of 11 and of about
/// 150 colours, and noise.
fn picture() -> Picture {
    Picture::draw(200, 112, |x, y| match (x, y) {
        (4..108, 4..100) => smooth(x as u8, y as u8),
        (112..176, 4..36) if (x * 7 + y * 3) % 11 < 4 => [20, 20, 20],
        (112..176, 4..36) => [250, 250, 240],
        (112..160, 40..64) => few(pattern(1, x / 3, y / 2)[0] % 11),
        (164..196, 40..64) => [((x * 7) ^ y) as u8, 9, 200 - y as u8],
        (112..144, 68..100) => pattern(2, x, y),
        _ => [30, 90, 160],
    })
}

fn smooth(x: u8, y: u8) -> Rgb {
    let [red, green, blue] = pattern(3, x.into(), y.into()).map(|noise| noise % 3);
    [x + y / 2 + red, 250 - x - y / 2 + green, 100 + y + blue]
}

fn few(number: u8) -> Rgb {
    [number * 23, 255 - number * 20, number * 7]
}

/// The pieces of the picture that were asked for, one after the other, the last by some only.
const PIECES: [(usize, usize, usize, usize); 6] = [
    (112, 4, 64, 32),
    (112, 40, 48, 24),
    (164, 40, 32, 24),
    (112, 68, 32, 32),
    (148, 68, 48, 32),
    (4, 4, 104, 96),
];

/// What a viewer has seen when it was sent all of these bytes.
fn seen(bytes: &'static [u8], format: PixelFormat, encodings: &[i32]) -> Result<VncClient> {
    let welcome = Welcome {
        server_version: String::new(),
        security_types: vec![],
        security: security::NONE,
        width: 200,
        height: 112,
        format,
        name: String::new(),
    };
    let mut viewer = VncClient::new(Wire::new(Recorded(Cursor::new(bytes))), welcome);
    viewer.assume_asked();
    viewer.set_encodings(encodings)?;
    while viewer.wire().position() < bytes.len() as u64 {
        viewer.read_message()?;
    }
    Ok(viewer)
}

struct Recorded(Cursor<&'static [u8]>);

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Recorded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Recorded {
    fn set_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }
}

/// Fails unless the first `count` pieces are seen in a recording, in this encoding: as they were,
/// and where they came with loss near to that.
fn expect_pieces(
    name: &str,
    bytes: &'static [u8],
    format: PixelFormat,
    encodings: &[i32],
    count: usize,
) -> Result {
    let viewer = seen(bytes, format, encodings).map_err(|error| error.context(name))?;
    let mut rects = viewer.updates.iter().flat_map(|update| &update.rects);
    assert!(rects.any(|rect| rect.encoding == encodings[0]), "{name}");
    let mut lossy = 0;
    for (x, y, width, height) in &PIECES[..count] {
        let (x, y) = (*x, *y);
        let expected = picture().crop(Rect::new(x, y, *width, *height));
        let found = viewer.picture().crop(Rect::new(x, y, *width, *height));
        if viewer.framebuffer.fidelity[y * 200 + x] == Fidelity::Lossy {
            let psnr = found.psnr(&expected);
            assert!(psnr > 30.0, "{name}: {psnr} dB at ({x}, {y})");
            lossy += 1;
        } else {
            let difference = viewer
                .diff_at(x, y, &expected)
                .map(|(_, it)| it.to_string());
            assert_eq!(difference, None, "{name} at ({x}, {y})");
        }
    }
    let wants_loss = encodings.contains(&encoding::quality(8));
    assert_eq!(lossy > 0, wants_loss, "{name}");
    Ok(())
}

macro_rules! expect_pieces {
    ($($name:literal, $format:expr, [$($encoding:expr),+], $count:literal;)+) => {$(
        expect_pieces($name, vector!($name), $format, &[$($encoding),+], $count)?;
    )+};
}

#[test]
fn pictures_are_seen_as_servers_show_them() -> Result {
    use encoding::{
        CORRE, HEXTILE, LAST_RECT, RRE, TIGHT, TIGHT_WITHOUT_ZLIB, ZLIB, ZRLE, quality,
    };
    expect_pieces! {
        "x11vnc-rre-bgr233", PixelFormat::BGR233, [RRE], 5;
        "x11vnc-hextile-rgb565-big-endian", RGB565, [HEXTILE], 5;
        "tigervnc-zrle-bgrx", BGRX, [ZRLE], 5;
        "tigervnc-zrle-colour-map", PixelFormat::COLOUR_MAP, [ZRLE], 5;
        "tigervnc-tight-bgrx", BGRX, [TIGHT], 5;
        "tigervnc-tight-jpeg-bgrx", BGRX, [TIGHT, quality(8), LAST_RECT], 5;
        "x11vnc-tight-jpeg-rgb565-big-endian", RGB565, [TIGHT, quality(8), LAST_RECT], 5;
        "x11vnc-corre-rgb565-big-endian", RGB565, [CORRE], 5;
        "x11vnc-zlib-bgrx", BGRX, [ZLIB], 5;
        "x11vnc-zrle-rgb565-big-endian", RGB565, [ZRLE], 5;
        "x11vnc-tight-nozlib-bgrx", BGRX, [TIGHT, TIGHT_WITHOUT_ZLIB], 5;
        "tightvnc-corre-bgr233", PixelFormat::BGR233, [CORRE], 5;
        "tightvnc-tight9-bgrx", BGRX, [TIGHT, LAST_RECT], 6;
        "tightvnc-tight9-rgb565-big-endian", RGB565, [TIGHT, LAST_RECT], 6;
    }
    Ok(())
}

/// The cursor that TigerVNC showed, of 9 × 7 pixels that points at (2, 3).
fn cursor_pixel(x: usize, y: usize) -> Rgba {
    let alpha = match (x + y) % 3 {
        0 => 255,
        _ => (x + y) * 17,
    };
    [x * 28, y * 36, 200, alpha].map(|channel| channel as u8)
}

#[test]
fn a_cursor_is_the_same_in_each_of_its_encodings() -> Result {
    let recordings: [(i32, &[u8]); 4] = [
        (encoding::CURSOR, vector!("tigervnc-cursor")),
        (encoding::X_CURSOR, vector!("tigervnc-x-cursor")),
        (
            encoding::CURSOR_WITH_ALPHA,
            vector!("tigervnc-cursor-with-alpha"),
        ),
        (encoding::VMWARE_CURSOR, vector!("tigervnc-vmware-cursor")),
    ];
    for (encoding, bytes) in recordings {
        let viewer = seen(bytes, BGRX, &[encoding::RRE, encoding])?;
        let cursor = viewer.cursor.expect("a cursor");
        assert_eq!(
            (cursor.width, cursor.height, cursor.hotspot),
            (9, 7, (2, 3))
        );
        for (at, found) in cursor.pixels.into_iter().enumerate() {
            let expected = cursor_pixel(at % 9, at / 9);
            let right = match encoding {
                // One has two colours, the other none that is translucent.
                encoding::X_CURSOR => expected[3] < 255 || found[3] == 255,
                encoding::CURSOR => expected[3] < 255 || found == expected,
                _ => found[3] == expected[3] && like(found, expected),
            };
            assert!(
                right,
                "pixel {at} in {encoding} is {found:?}, not {expected:?}"
            );
        }
    }
    Ok(())
}

/// Whether colours are the same as far as one that is multiplied by alpha can tell.
fn like(found: Rgba, expected: Rgba) -> bool {
    let alpha = u32::from(expected[3]);
    let mut channels = found.iter().zip(expected);
    channels.all(|(a, b)| u32::from(a.abs_diff(b)) * alpha <= 2 * 255)
}
