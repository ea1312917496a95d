//! What the pictures of a film cost a server.

use std::fmt;
use std::time::Duration;

use offing_tests::picture::Picture;
use offing_tests::vnc_client::{PixelFormat, VncClient, encoding};
use offing_tests::{Result, soon};

use crate::SIZE;
use crate::peer::Peer;

/// The side of a cell of the picture in which errors are summed up: it divides both sides.
const CELL: usize = 40;
/// What a pixel may be off there, on average, after JPEG: the sum of its channels. In the worst
/// cell of another picture it is more than 60.
const TOLERANCE: u32 = 40;

/// The pictures that are shown before those that count.
pub(crate) const WARM_UP: usize = 2;

/// An encoding that is compared.
#[derive(Clone, Copy)]
pub(crate) struct Encoding {
    pub(crate) name: &'static str,
    number: i32,
    /// Viewers ask for a compression level with it, 0 to 9.
    has_levels: bool,
    /// The quality of JPEG, 0 to 9; pixels are exact without it.
    quality: Option<u8>,
}

/// All encodings that are compared.
pub(crate) const ENCODINGS: [Encoding; 5] = [
    encoding("tight", encoding::TIGHT, true, None),
    encoding("zrle", encoding::ZRLE, true, None),
    encoding("raw", encoding::RAW, false, None),
    encoding("hextile", encoding::HEXTILE, false, None),
    encoding("tight-jpeg8", encoding::TIGHT, true, Some(8)),
];

const fn encoding(
    name: &'static str,
    number: i32,
    has_levels: bool,
    quality: Option<u8>,
) -> Encoding {
    Encoding {
        name,
        number,
        has_levels,
        quality,
    }
}

/// What a viewer asks for.
pub(crate) struct Request {
    encoding: Encoding,
    /// The compression level.
    level: Option<u8>,
}

/// What a picture costs, on average.
pub(crate) struct Cost {
    /// All that the server sent.
    pub(crate) bytes: f64,
    /// The processor time of the server.
    pub(crate) time: Duration,
}

impl Request {
    /// All with these encodings, and each of these compression levels where there are some.
    pub(crate) fn all(encodings: &[Encoding], levels: &[u8]) -> Vec<Self> {
        let mut all = Vec::new();
        for &encoding in encodings {
            let with = |level| Self { encoding, level };
            match encoding.has_levels {
                true => all.extend(levels.iter().map(|level| with(Some(*level)))),
                false => all.push(with(None)),
            }
        }
        all
    }

    /// As a viewer lists it.
    fn encodings(&self) -> Vec<i32> {
        let mut encodings = vec![self.encoding.number, encoding::COPY_RECT];
        encodings.extend([encoding::CURSOR, encoding::LAST_RECT]);
        encodings.extend(self.level.map(encoding::compression));
        encodings.extend(self.encoding.quality.map(encoding::quality));
        encodings
    }

    /// Whether the viewer has this picture.
    fn is_shown(&self, viewer: &VncClient, picture: &Picture) -> bool {
        match self.encoding.quality {
            None => errors(viewer, picture).all(|error| error == 0),
            Some(_) => is_near(errors(viewer, picture)),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "{} {level}", self.encoding.name),
            None => f.write_str(self.encoding.name),
        }
    }
}

/// Paints the pictures one after the other, as soon as a new viewer has the one before. Nothing if
/// the server does not know the encoding.
pub(crate) fn measure(
    peer: &mut Peer,
    request: &Request,
    pictures: &[Picture],
) -> Result<Option<Cost>> {
    let mut viewer = peer.viewer()?;
    viewer.set_pixel_format(PixelFormat::BGRX)?;
    viewer.set_encodings(&request.encodings())?;
    let (warm_up, counted) = pictures.split_at(WARM_UP);
    for picture in warm_up {
        show(peer, &mut viewer, request, picture)?;
    }
    let mut rects = viewer.updates.iter().flat_map(|update| &update.rects);
    if !rects.any(|rect| rect.encoding == request.encoding.number) {
        return Ok(None);
    }
    let (bytes, time) = (viewer.wire().position(), peer.cpu_time()?);
    for picture in counted {
        show(peer, &mut viewer, request, picture)?;
    }
    let count = counted.len() as u32;
    Ok(Some(Cost {
        bytes: (viewer.wire().position() - bytes) as f64 / f64::from(count),
        time: (peer.cpu_time()? - time) / count,
    }))
}

/// Paints a picture, and returns when the viewer has it.
fn show(peer: &mut Peer, viewer: &mut VncClient, request: &Request, picture: &Picture) -> Result {
    peer.painter.paint(picture)?;
    viewer.wait_until(soon(), "the picture", |viewer| {
        request.is_shown(viewer, picture)
    })
}

/// How far each pixel of the viewer is off: the sum of the three channels.
fn errors(viewer: &VncClient, picture: &Picture) -> impl Iterator<Item = u32> {
    let wanted = picture.rgb.chunks_exact(3);
    let pixels = viewer.framebuffer.pixels.iter().zip(wanted);
    pixels.map(|(found, wanted)| {
        let [blue, green, red, _] = found.to_le_bytes();
        let channels = [red, green, blue].into_iter().zip(wanted);
        channels.map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
    })
}

/// Whether no cell of the picture is far off.
fn is_near(errors: impl Iterator<Item = u32>) -> bool {
    let (columns, rows) = (usize::from(SIZE.0) / CELL, usize::from(SIZE.1) / CELL);
    let mut sums = vec![0; columns * rows];
    for (at, error) in errors.enumerate() {
        let (x, y) = (at % usize::from(SIZE.0), at / usize::from(SIZE.0));
        sums[y / CELL * columns + x / CELL] += error;
    }
    let limit = TOLERANCE * (CELL * CELL) as u32;
    sums.iter().all(|sum| *sum <= limit)
}
