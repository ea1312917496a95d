//! Tight (rfbproto "Tight Encoding"), also without zlib, and "Tight PNG Encoding".
//!
//! A rectangle is cut into bands, and these into [pieces](content) that show one kind of
//! thing each. Every piece becomes a rectangle of its own: one colour, numbers of
//! colours, all pixels, or JPEG where the viewer allows it.

mod band;
mod basic;
mod content;
mod filter;
mod palette;
mod picture;
mod pixels;
mod png;

use super::deflate::zlib_level;
use super::source::Source;
use super::{Encoding, Jpeg, Method, Segment, put_header};
use crate::frame::CELL;
use crate::geometry::{Point, Rect, Size};
use crate::pixel_format::PixelFormat;
use crate::region::Region;
use band::{Band, Pixel};
use basic::Basic;
use content::{Content, Piece};
use pixels::Pixels;

/// The largest band: as wide as a rectangle may be, and so low that a byte for each pixel
/// is far below the 4,194,303 that a length can tell.
const BAND: Size = Size::new(2048, 1088);

/// The largest band where viewers have a buffer of a fixed size, 307,200 bytes in
/// libvncclient: for data without zlib, and for JPEG that becomes pixels of 16 bits.
const LOW_BAND: Size = Size::new(2048, 32);

/// The compression-control bytes.
const FILL: u8 = 0x80;
const JPEG: u8 = 0x90;
const PNG: u8 = 0xa0;

/// The variant of Tight for a viewer that lists `encodings`.
///
/// Without zlib if it asks for no compression at all and understands that. TightPNG for
/// noVNC before 1.5, which fails on the gradient filter: noVNC alone lists TightPNG, and
/// knows of the LEDs since 1.5.
pub(crate) fn variant(encodings: &[Encoding]) -> Encoding {
    let has = |encoding| encodings.contains(&encoding);
    let level = encodings
        .iter()
        .find_map(|encoding| encoding.compression_level());
    if has(Encoding::TIGHT_WITHOUT_ZLIB) && level == Some(0) {
        Encoding::TIGHT_WITHOUT_ZLIB
    } else if has(Encoding::TIGHT_PNG) && !has(Encoding::QEMU_LED_STATE) {
        Encoding::TIGHT_PNG
    } else {
        Encoding::TIGHT
    }
}

/// Encodes a source that lies at `rect`.
pub(crate) fn encode(
    source: &Source<'_>,
    rect: Rect,
    format: &PixelFormat,
    method: Method,
) -> Segment {
    let mut writer = Writer::new(format, method);
    let bands = bands(rect, writer.largest_band());
    let mut to_come: usize = bands
        .iter()
        .map(|band| content::count_uncut(band.size()))
        .sum();
    for band in bands {
        to_come -= content::count_uncut(band.size());
        let left = usize::from(u16::MAX - writer.rectangles);
        writer.put_band(source, rect, band, left.saturating_sub(to_come));
    }
    writer.out.shrink_to_fit();
    Segment::new(writer.out, writer.rectangles, writer.lossy)
}

/// The bands of a rectangle, counted from its corner. Nothing begins beyond the largest
/// picture there can be.
fn bands(rect: Rect, largest: Size) -> Vec<Rect> {
    let visible = rect.clip(Size::new(u16::MAX, u16::MAX));
    let size = visible.unwrap_or_default().size();
    let lines = (0..size.height).step_by(largest.height.into());
    let bands = lines.flat_map(|y| {
        let columns = (0..size.width).step_by(largest.width.into());
        columns.filter_map(move |x| Rect::new(x, y, largest.width, largest.height).clip(size))
    });
    bands.collect()
}

/// Appends rectangles.
struct Writer {
    encoding: Encoding,
    /// The level of zlib.
    level: u8,
    jpeg: Option<Jpeg>,
    pixels: Pixels,
    /// The size of a pixel of the viewer in bytes.
    pixel: usize,
    out: Vec<u8>,
    rectangles: u16,
    lossy: Region,
}

impl Writer {
    fn new(format: &PixelFormat, method: Method) -> Self {
        let pixel = format.bytes_per_pixel();
        Self {
            encoding: method.encoding,
            level: zlib_level(method.level),
            // The specification allows no JPEG for smaller pixels.
            jpeg: method.jpeg.filter(|_| pixel > 1),
            pixels: Pixels::of(format),
            pixel,
            out: Vec::new(),
            rectangles: 0,
            lossy: Region::new(),
        }
    }

    fn largest_band(&self) -> Size {
        let is_limited =
            self.encoding == Encoding::TIGHT_WITHOUT_ZLIB || self.jpeg.is_some() && self.pixel == 2;
        if is_limited { LOW_BAND } else { BAND }
    }

    /// Appends a band of a source that lies at `at`, in at most `most` rectangles.
    fn put_band(&mut self, source: &Source<'_>, at: Rect, band: Rect, most: usize) {
        let origin = Point::new(at.x + band.x, at.y + band.y);
        if let Some(colour) = solid(source.part(band)) {
            return self.put_solid(placed(band.size().rect(), origin), colour);
        }
        // Numbers of colours are no shorter than pixels of one byte.
        let most_colours = if self.pixel > 1 { palette::MOST } else { 2 };
        let band = Band::new(band.size(), source.part(band));
        let mut pieces = content::cut(&band, most_colours);
        if pieces.len() > most {
            pieces = content::uncut(&band);
        }
        for Piece { area, content } in pieces {
            self.put_piece(&band, area, &content, placed(area, origin));
        }
    }

    /// Appends the piece of a band that lies at `rect`.
    fn put_piece(&mut self, band: &Band, area: Rect, content: &Content, rect: Rect) {
        if let Some(colour) = content.single_colour() {
            return self.put_solid(rect, colour);
        }
        self.put_header(rect);
        if let Content::Picture = content
            && let Some(file) = self.jpeg(band, area)
        {
            self.out.push(JPEG);
            put_with_length(&file, &mut self.out);
            self.lossy.add(rect);
        } else if self.encoding == Encoding::TIGHT_PNG {
            self.out.push(PNG);
            let file = png::file(band, area, content, self.level);
            put_with_length(&file, &mut self.out);
        } else {
            let is_zlib = self.encoding != Encoding::TIGHT_WITHOUT_ZLIB;
            let turn = self.rectangles.wrapping_add(rect.y / CELL.height);
            let basic = Basic {
                pixels: &self.pixels,
                stream: (turn % basic::STREAMS) as u8,
                level: is_zlib.then_some(self.level),
            };
            basic.put(band, area, content, &mut self.out);
        }
    }

    fn put_solid(&mut self, rect: Rect, colour: u32) {
        self.put_header(rect);
        self.out.push(FILL);
        self.pixels.put_colours(&[colour], &mut self.out);
    }

    fn put_header(&mut self, rect: Rect) {
        let encoding = match self.encoding {
            Encoding::TIGHT_PNG => Encoding::TIGHT_PNG,
            _ => Encoding::TIGHT,
        };
        put_header(&mut self.out, rect, encoding);
        self.rectangles = self.rectangles.saturating_add(1);
    }

    /// A JPEG file of an area, if it may be lossy.
    fn jpeg(&self, band: &Band, area: Rect) -> Option<Vec<u8>> {
        let jpeg = self.jpeg?;
        let rows: Vec<&[Pixel]> = band.rows(area).collect();
        let pixels = rows.concat();
        jpeg.compress(pixels.as_flattened(), area.size())
    }
}

/// An area of a band whose corner is at `origin`.
fn placed(area: Rect, origin: Point) -> Rect {
    Rect {
        x: origin.x + area.x,
        y: origin.y + area.y,
        ..area
    }
}

/// The colour of rows (blue, green, red and a byte without meaning) that have just one.
fn solid<'a>(mut rows: impl Iterator<Item = &'a [u8]> + Clone) -> Option<u32> {
    const COLOUR: u32 = 0x00ff_ffff;
    let number = |pixel: &[u8; 4]| u32::from_le_bytes(*pixel) & COLOUR;
    let (first, _) = rows.clone().next()?.as_chunks();
    let colour = number(first.first()?);
    let is_solid = rows.all(|row| {
        let (pixels, _) = row.as_chunks();
        // Looking at all of a row is faster than to stop at the first that differs.
        pixels
            .iter()
            .fold(0, |other, pixel| other | (number(pixel) ^ colour))
            == 0
    });
    is_solid.then_some(colour)
}

/// Appends bytes behind their length in its compact form.
fn put_with_length(bytes: &[u8], out: &mut Vec<u8>) {
    let length = bytes.len();
    let [low, middle, high] = [length, length >> 7, length >> 14].map(|bits| bits as u8);
    match length {
        ..0x80 => out.push(low),
        0x80..0x4000 => out.extend_from_slice(&[low | 0x80, middle]),
        _ => out.extend_from_slice(&[low | 0x80, middle | 0x80, high]),
    }
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests;
