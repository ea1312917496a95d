//! Tight and TightPNG (rfbproto "Tight Encoding", "Tight PNG Encoding").

use super::asked::Asked;
use super::encoding;
use super::framebuffer::{Area, Framebuffer};
use super::pixel_format::PixelFormat;
use super::tight_filter::Filter;
use super::wire::{Source, Wire, broken};
use super::zlib::{Inflated, ZlibStream};
use super::{jpeg, png};
use crate::Result;

const MOST_COLUMNS: usize = 2048;

/// Shorter data is neither compressed nor has it a length.
const SHORTEST_COMPRESSED: usize = 12;

/// The bit of a basic compression, without the reset bits, that says that a filter is named.
const NAMES_FILTER: u8 = 4;

/// The four streams of Tight.
#[derive(Default)]
pub(super) struct Tight {
    streams: [Stream; 4],
}

impl Tight {
    /// Reads the body of a rectangle, Tight or TightPNG, and paints it.
    pub(super) fn decode(
        &mut self,
        encoding: i32,
        asked: &Asked,
        wire: &mut Wire,
        format: PixelFormat,
        framebuffer: &mut Framebuffer,
        area: Area,
    ) -> Result {
        match self.control(wire, area)? {
            8 => fill(wire, format, framebuffer, area),
            9 => jpeg(asked, wire, format, framebuffer, area),
            10 if encoding == encoding::TIGHT_PNG => png(wire, format, framebuffer, area),
            other if encoding == encoding::TIGHT_PNG => Err(broken(format!(
                "the compression method {other} of TightPNG"
            ))),
            method @ 0..=7 => {
                let stream = Some(usize::from(method & 3));
                let names_filter = method & NAMES_FILTER != 0;
                self.basic(stream, names_filter, wire, format, framebuffer, area)
            }
            method @ (10 | 14) if asked.allows(encoding::TIGHT_WITHOUT_ZLIB) => {
                let names_filter = method & NAMES_FILTER != 0;
                self.basic(None, names_filter, wire, format, framebuffer, area)
            }
            10 | 14 => Err(broken("Tight without zlib was not asked for")),
            other => Err(broken(format!("the compression method {other} of Tight"))),
        }
    }

    /// Reads the first byte: resets streams, and returns the method.
    fn control(&mut self, wire: &mut Wire, area: Area) -> Result<u8> {
        if area.width > MOST_COLUMNS {
            return Err(broken(format!("{} columns in Tight", area.width)));
        }
        let control = wire.u8("the control byte of Tight")?;
        for (number, stream) in self.streams.iter_mut().enumerate() {
            if control & 1 << number != 0 {
                stream.reset();
            }
        }
        Ok(control >> 4)
    }

    /// Basic compression, in a stream or without zlib.
    fn basic(
        &mut self,
        stream: Option<usize>,
        names_filter: bool,
        wire: &mut Wire,
        format: PixelFormat,
        framebuffer: &mut Framebuffer,
        area: Area,
    ) -> Result {
        let filter = match names_filter {
            true => Filter::read(wire, format)?,
            false => Filter::Copy,
        };
        let length = filter.length(format, area);
        let data = match length {
            ..SHORTEST_COMPRESSED => wire.bytes(length, "short Tight data")?,
            _ => self.long_data(stream, wire, length)?,
        };
        let values = filter.values(&data, format, area.width)?;
        framebuffer.paint(area, values.into_iter());
        Ok(())
    }

    /// `length` bytes, of which `stream` is the zlib stream. Without zlib they are as they are,
    /// behind their length: the specification leaves that open, but all who read it do it so
    /// (libvncclient and TurboVNC).
    fn long_data(
        &mut self,
        stream: Option<usize>,
        wire: &mut Wire,
        length: usize,
    ) -> Result<Vec<u8>> {
        let sent = compact_length(wire)?;
        let bytes = wire.take(sent, "Tight data")?;
        let data = match stream {
            Some(number) => self.streams[number].inflate(bytes, length)?,
            None => bytes.to_vec(),
        };
        match data.len() {
            found if found == length => Ok(data),
            found => Err(broken(format!("{found} bytes of Tight data, not {length}"))),
        }
    }
}

/// One of the four zlib streams.
#[derive(Default)]
struct Stream {
    zlib: ZlibStream,
    state: State,
}

#[derive(Default, PartialEq)]
enum State {
    /// It holds nothing yet.
    #[default]
    New,
    /// It goes on from one rectangle to the next.
    Used,
    /// It was used, and was reset just now.
    Reset,
    /// It was used after that.
    UsedAfterReset,
}

impl Stream {
    fn reset(&mut self) {
        self.zlib = ZlibStream::default();
        if self.state != State::New {
            self.state = State::Reset;
        }
    }

    /// Inflates a piece. Stricter than the specification: a stream that was reset when it had
    /// been used must be reset for each rectangle, since some viewers (noVNC) lose its history.
    fn inflate(&mut self, bytes: &[u8], limit: usize) -> Result<Vec<u8>> {
        self.state = match self.state {
            State::New | State::Used => State::Used,
            State::Reset => State::UsedAfterReset,
            State::UsedAfterReset => {
                return Err(broken(
                    "a Tight stream goes on that was reset after it had been used",
                ));
            }
        };
        self.zlib.inflate(bytes, limit)
    }
}

fn fill(wire: &mut Wire, format: PixelFormat, framebuffer: &mut Framebuffer, area: Area) -> Result {
    framebuffer.fill(area, tpixel(wire, format)?);
    Ok(())
}

/// JPEG, if the viewer may be sent any: a whole JFIF file.
fn jpeg(
    asked: &Asked,
    wire: &mut Wire,
    format: PixelFormat,
    framebuffer: &mut Framebuffer,
    area: Area,
) -> Result {
    if !asked.wants_quality() {
        return Err(broken("JPEG in Tight, though no quality was asked for"));
    }
    if format.bits_per_pixel == 8 {
        return Err(broken("JPEG in Tight with 8 bits per pixel"));
    }
    let length = compact_length(wire)?;
    let mut file = Inflated::new(wire.bytes(length, "a JPEG")?);
    let bytes = jpeg::read(&mut file)?;
    file.end()?;
    if !jpeg::is_jfif(&bytes) {
        return Err(broken("a JPEG in Tight that is not JFIF"));
    }
    jpeg::paint(&bytes, format, framebuffer, area)
}

fn png(wire: &mut Wire, format: PixelFormat, framebuffer: &mut Framebuffer, area: Area) -> Result {
    let length = compact_length(wire)?;
    png::paint(wire.take(length, "a PNG")?, format, framebuffer, area)
}

/// A length of 1 to 3 bytes, of which 7, 7 and 8 bits count, the lowest first: no longer than it
/// has to be.
fn compact_length(wire: &mut Wire) -> Result<usize> {
    let mut length = 0;
    for (number, bits) in [7, 7, 8].into_iter().enumerate() {
        let byte = usize::from(wire.u8("a length in Tight")?);
        let more = number < 2 && byte & 0x80 != 0;
        length |= (byte & ((1 << bits) - 1)) << (7 * number);
        if !more {
            return match number > 0 && byte == 0 {
                true => Err(broken(format!("{length} in more bytes than it takes"))),
                false => Ok(length),
            };
        }
    }
    Ok(length)
}

/// A colour, as Tight has it.
pub(super) fn tpixel(source: &mut impl Source, format: PixelFormat) -> Result<u32> {
    Ok(format.tpixel(source.take(format.bytes_per_tpixel(), "a colour")?))
}

#[cfg(test)]
mod tests {
    use super::super::decode::Decoders;
    use super::super::decode::tests::{painted, painted_with};
    use super::super::encoding::{TIGHT, TIGHT_PNG, TIGHT_WITHOUT_ZLIB, quality};
    use super::super::jpeg::tests::{JFIF, grey_200};
    use super::super::wire::tests::Script;
    use super::super::zlib::tests::stored;
    use super::*;
    use crate::picture::Picture;
    use crate::vnc_client::Fidelity;

    const FORMAT: PixelFormat = PixelFormat::BGRX;

    fn message(painted: Result<Framebuffer>) -> String {
        painted.unwrap_err().to_string()
    }

    /// The examples of rfbproto, and the bounds of each length.
    #[test]
    fn lengths_are_compact() -> Result {
        let cases: [(usize, &[u8]); 7] = [
            (0, &[0]),
            (127, &[0x7f]),
            (128, &[0x80, 0x01]),
            (10000, &[0x90, 0x4e]),
            (16383, &[0xff, 0x7f]),
            (16384, &[0x80, 0x80, 0x01]),
            (4_194_303, &[0xff, 0xff, 0xff]),
        ];
        for (length, bytes) in cases {
            assert_eq!(compact_length(&mut Script::wire(bytes))?, length);
        }
        for longer in [&[0x80, 0][..], &[0x81, 0x80, 0]] {
            assert!(compact_length(&mut Script::wire(longer)).is_err());
        }
        Ok(())
    }

    #[test]
    fn fills_and_short_copies_are_not_compressed() -> Result {
        // A fill that resets all streams; then a copy of 3 pixels, 9 bytes.
        assert_eq!(
            painted(&[TIGHT], FORMAT, (2, 2), &[0x8f, 1, 2, 3])?.pixels,
            [0x01_0203; 4]
        );
        let copy = [0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        let expected = [0x01_0203, 0x04_0506, 0x07_0809];
        assert_eq!(painted(&[TIGHT], FORMAT, (3, 1), &copy)?.pixels, expected);
        let short = PixelFormat::RGB565.big_endian();
        assert_eq!(
            painted(&[TIGHT], short, (1, 1), &[0x80, 1, 2])?.pixels,
            [0x0102]
        );
        assert_eq!(
            painted(&[TIGHT], short, (1, 1), &[0x00, 1, 2])?.pixels,
            [0x0102]
        );
        let map = PixelFormat::COLOUR_MAP;
        assert_eq!(painted(&[TIGHT], map, (1, 1), &[0x80, 200])?.pixels, [200]);
        Ok(())
    }

    /// A copy of 4 pixels, 12 bytes, in a stored block: the first in stream `number`, or another.
    fn long_copy(control: u8, first: bool, colour: u8) -> Vec<u8> {
        let data = stored(first, &[colour; 12]);
        [&[control, data.len() as u8], data.as_slice()].concat()
    }

    #[test]
    fn each_of_four_streams_goes_on_until_it_is_reset() -> Result {
        let mut tight = Decoders::default();
        let mut paint = |bytes: &[u8]| painted_with(&mut tight, &[TIGHT], FORMAT, (4, 1), bytes);
        for number in 0..4 {
            let stream = number << 4;
            assert_eq!(
                paint(&long_copy(stream, true, number))?.pixels[3],
                0x01_0101 * u32::from(number)
            );
            assert_eq!(paint(&long_copy(stream, false, 9))?.pixels[3], 0x09_0909);
        }
        // Streams 0 and 1 begin anew, as a fill says; 2 and 3 go on.
        paint(&[0x83, 0, 0, 0])?;
        paint(&long_copy(0x00, true, 1))?;
        paint(&long_copy(0x20, false, 2))?;
        assert!(
            paint(&long_copy(0x10, false, 3)).is_err(),
            "stream 1 has no header"
        );
        paint(&long_copy(0x31, false, 4))?;
        // A stream that was reset must be reset each time.
        paint(&long_copy(0x01, true, 1))?;
        let error = message(paint(&long_copy(0x00, false, 1)));
        assert_eq!(
            error,
            "a Tight stream goes on that was reset after it had been used"
        );
        Ok(())
    }

    #[test]
    fn a_reset_before_the_first_use_means_nothing() -> Result {
        let mut tight = Decoders::default();
        for bytes in [long_copy(0x01, true, 1), long_copy(0x00, false, 1)] {
            painted_with(&mut tight, &[TIGHT], FORMAT, (4, 1), &bytes)?;
        }
        Ok(())
    }

    #[test]
    fn data_is_as_long_as_the_pixels() {
        for (size, found) in [
            ((5, 1), "12 bytes of Tight data, not 15"),
            ((1, 12), "not 36"),
        ] {
            let error = message(painted(&[TIGHT], FORMAT, size, &long_copy(0, true, 1)));
            assert!(error.ends_with(found), "{error}");
        }
    }

    #[test]
    fn zlib_is_left_out_only_for_who_can_do_without() -> Result {
        let plain = [&[0xa0, 12][..], &[7; 12]].concat();
        let filtered = [&[0xe0, 0, 12][..], &[7; 12]].concat();
        let short = [0xa0, 1, 2, 3];
        let asked = [TIGHT, TIGHT_WITHOUT_ZLIB];
        for data in [&plain, &filtered] {
            assert_eq!(
                painted(&asked, FORMAT, (4, 1), data)?.pixels,
                [0x07_0707; 4]
            );
        }
        assert_eq!(painted(&asked, FORMAT, (1, 1), &short)?.pixels, [0x01_0203]);
        let error = message(painted(&[TIGHT], FORMAT, (4, 1), &plain));
        assert_eq!(error, "Tight without zlib was not asked for");
        let error = message(painted(&asked, FORMAT, (5, 1), &plain));
        assert_eq!(error, "12 bytes of Tight data, not 15");
        Ok(())
    }

    /// A control byte, a length of 2 bytes, and a file of at least 128 bytes.
    fn file(control: u8, file: &[u8]) -> Vec<u8> {
        assert!((128..16384).contains(&file.len()));
        let length = [0x80 | (file.len() & 0x7f) as u8, (file.len() >> 7) as u8];
        [&[control], &length[..], file].concat()
    }

    #[test]
    fn jpeg_is_for_those_who_asked_for_a_quality_and_have_the_bits() -> Result {
        let data = file(0x90, &grey_200());
        for encoding in [TIGHT, TIGHT_PNG] {
            let asked = [encoding, quality(5)];
            let painted = |asked: &[i32], format, size| painted(asked, format, size, &data);
            let framebuffer = painted(&asked, FORMAT, (8, 8))?;
            assert_eq!(framebuffer.pixels, [0xc8_c8c8; 64]);
            assert_eq!(framebuffer.count(Fidelity::Lossy), 64);
            // 200 · 31 / 255 = 24.3, 200 · 63 / 255 = 49.4.
            let small = painted(&asked, PixelFormat::RGB565, (8, 8))?;
            assert_eq!(small.pixels, [24 << 11 | 49 << 5 | 24; 64]);
            let error = message(painted(&[encoding], FORMAT, (8, 8)));
            assert_eq!(error, "JPEG in Tight, though no quality was asked for");
            for format in [PixelFormat::BGR233, PixelFormat::COLOUR_MAP] {
                let error = message(painted(&asked, format, (8, 8)));
                assert_eq!(error, "JPEG in Tight with 8 bits per pixel");
            }
            let error = message(painted(&asked, FORMAT, (8, 7)));
            assert_eq!(error, "a JPEG of 8x8 pixels for 8x7");
        }
        Ok(())
    }

    #[test]
    fn jpeg_is_a_jfif_file_and_nothing_behind_it() {
        let longer = file(0x90, &[&grey_200()[..], &[0]].concat());
        let asked = [TIGHT, quality(5)];
        let error = message(painted(&asked, FORMAT, (8, 8), &longer));
        assert_eq!(error, "1 inflated bytes are left over");
        let mut bare = grey_200();
        bare.drain(JFIF);
        let data = file(0x90, &bare);
        let error = message(painted(&asked, FORMAT, (8, 8), &data));
        assert_eq!(error, "a JPEG in Tight that is not JFIF");
    }

    #[test]
    fn tight_png_has_pictures_instead_of_streams() -> Result {
        let picture = Picture::pattern(9, 7, 1);
        let data = file(0xa0, &picture.to_png()?);
        let painted = |encodings: &[i32], bytes: &[u8]| painted(encodings, FORMAT, (9, 7), bytes);
        let framebuffer = painted(&[TIGHT_PNG], &data)?;
        let expected = picture
            .rgb
            .as_chunks::<3>()
            .0
            .iter()
            .map(|it| FORMAT.nearest(*it));
        assert!(framebuffer.pixels.into_iter().eq(expected));
        assert!(
            painted(&[TIGHT, TIGHT_WITHOUT_ZLIB], &data).is_err(),
            "no PNG in Tight"
        );
        assert_eq!(
            painted(&[TIGHT_PNG], &[0x80, 1, 2, 3])?.pixels,
            [0x01_0203; 63]
        );
        let error = message(painted(&[TIGHT_PNG], &[0x00]));
        assert_eq!(error, "the compression method 0 of TightPNG");
        Ok(())
    }

    #[test]
    fn what_the_specification_forbids_is_an_error() {
        let error = message(painted(&[TIGHT], FORMAT, (2049, 1), &[0x80, 0, 0, 0]));
        assert_eq!(error, "2049 columns in Tight");
        for method in [11, 12, 13, 15] {
            let error = message(painted(&[TIGHT], FORMAT, (1, 1), &[method << 4]));
            assert_eq!(error, format!("the compression method {method} of Tight"));
        }
    }
}
