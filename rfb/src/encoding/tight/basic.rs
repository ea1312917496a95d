//! BasicCompression: a filter, then zlib.
//!
//! Every rectangle resets the one stream that it uses, and holds a stream of its own,
//! which ends with a sync flush and is neither finished nor continued. So it depends on
//! nothing before it; and some viewers fail on finished streams, others on streams that
//! go on after a reset. The streams take turns, as some viewers decode rectangles side
//! by side that use different ones.

use super::band::Band;
use super::content::Content;
use super::filter;
use super::pixels::Pixels;
use super::put_with_length;
use crate::encoding::deflate::{STREAM_HEADER, deflate};
use crate::encoding::huffman::huffman;
use crate::geometry::Rect;

/// Bits of the compression-control byte.
const WITHOUT_ZLIB: u8 = 0xa0;
const READ_FILTER_ID: u8 = 0x40;

/// How many streams a viewer has.
pub(super) const STREAMS: u16 = 4;

/// Shorter data is sent as it is.
const SHORTEST_WITH_LENGTH: usize = 12;

/// What pixels are made into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    Copy = 0,
    Palette = 1,
    Gradient = 2,
}

/// Writes the body of a rectangle.
pub(super) struct Basic<'a> {
    pub(super) pixels: &'a Pixels,
    /// The stream to use.
    pub(super) stream: u8,
    /// The level of zlib; none for data without it.
    pub(super) level: Option<u8>,
}

impl Basic<'_> {
    /// Appends an area that has more than one colour.
    pub(super) fn put(&self, band: &Band, area: Rect, content: &Content, out: &mut Vec<u8>) {
        let compresses = self.level.is_some_and(|level| level > 0);
        match (content, self.pixels) {
            (Content::Palette(palette), _) => {
                let colours = palette.colours();
                self.put_head(Filter::Palette, out);
                out.push((colours.len() - 1) as u8);
                self.pixels.put_colours(colours, out);
                let data = match colours {
                    [first, _] => filter::mono(band, area, *first),
                    _ => filter::indices(band, area, palette),
                };
                self.put_data(Filter::Palette, &data, out);
            }
            (Content::Picture, Pixels::Rgb) if compresses => {
                self.put_head(Filter::Gradient, out);
                self.put_data(Filter::Gradient, &filter::gradient(band, area), out);
            }
            _ => {
                self.put_head(Filter::Copy, out);
                let mut data = Vec::new();
                for row in band.rows(area) {
                    self.pixels.put(row, &mut data);
                }
                self.put_data(Filter::Copy, &data, out);
            }
        }
    }

    fn put_head(&self, filter: Filter, out: &mut Vec<u8>) {
        let control = match self.level {
            Some(_) => self.stream << 4 | 1 << self.stream,
            None => WITHOUT_ZLIB,
        };
        match filter {
            Filter::Copy => out.push(control),
            _ => out.extend_from_slice(&[control | READ_FILTER_ID, filter as u8]),
        }
    }

    fn put_data(&self, filter: Filter, data: &[u8], out: &mut Vec<u8>) {
        if data.len() < SHORTEST_WITH_LENGTH {
            return out.extend_from_slice(data);
        }
        let Some(level) = self.level else {
            return put_with_length(data, out);
        };
        let mut compressed = STREAM_HEADER.to_vec();
        match filter {
            Filter::Gradient => huffman(data, &mut compressed),
            _ => deflate(level, &mut compressed, |writer| writer.write(data)),
        }
        put_with_length(&compressed, out);
    }
}
