//! JPEG: how pictures are compressed with loss, for viewers that ask for it; and the
//! encoding of that name (rfbproto "JPEG Encoding"), whose rectangles are whole files.

use super::source::Source;
use super::{Encoding, HEADER, Segment, put_header};
use crate::geometry::{Rect, Size};
use crate::pixel_format::PixelFormat;

/// How much may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Jpeg {
    /// From 1 (worst) to 100, as libjpeg counts.
    pub quality: u8,
    /// How many pixels share a colour.
    pub subsampling: Subsampling,
}

/// How many pixels share a colour, while each has a brightness of its own (rfbproto
/// "JPEG Subsampling Level Pseudo-Encoding").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subsampling {
    /// None: each has its own (4:4:4).
    None,
    /// Two side by side (4:2:2).
    Two,
    /// Four in a square (4:2:0).
    Four,
    /// There are no colours.
    Grey,
}

/// What the ten quality levels stand for. The specification leaves it open; these are
/// the values of TurboVNC and TigerVNC.
const LEVELS: [Jpeg; 10] = [
    Jpeg::new(15, Subsampling::Four),
    Jpeg::new(29, Subsampling::Four),
    Jpeg::new(41, Subsampling::Four),
    Jpeg::new(42, Subsampling::Two),
    Jpeg::new(62, Subsampling::Two),
    Jpeg::new(77, Subsampling::Two),
    Jpeg::new(79, Subsampling::None),
    Jpeg::new(86, Subsampling::None),
    Jpeg::new(92, Subsampling::None),
    Jpeg::new(100, Subsampling::None),
];

impl Jpeg {
    /// For viewers that want JPEG and leave open how good: level 8, where nobody sees
    /// what is lost.
    pub const USUAL: Self = LEVELS[8];

    const fn new(quality: u8, subsampling: Subsampling) -> Self {
        Self {
            quality,
            subsampling,
        }
    }

    /// What a viewer allows that lists `encodings`: none, unless one of them is about
    /// JPEG ("JPEG Quality Level", "JPEG Fine-Grained Quality Level" or "JPEG Subsampling
    /// Level Pseudo-encoding"). Of several of a kind the first counts, and the finer kind
    /// overrules the level.
    pub fn wanted(encodings: &[Encoding]) -> Option<Self> {
        let first = |kind: fn(Encoding) -> Option<u8>| encodings.iter().copied().find_map(kind);
        let level = first(Encoding::jpeg_quality).and_then(|level| LEVELS.get(usize::from(level)));
        let quality = first(Encoding::fine_jpeg_quality).map(|quality| quality.max(1));
        let subsampling = first(Encoding::jpeg_subsampling).map(|number| match number {
            0 => Subsampling::None,
            2 => Subsampling::Two,
            3 => Subsampling::Grey,
            // Not more than four pixels share a colour here.
            _ => Subsampling::Four,
        });
        if level.is_none() && quality.is_none() && subsampling.is_none() {
            return None;
        }
        let base = level.copied().unwrap_or(Self::USUAL);
        Some(Self {
            quality: quality.unwrap_or(base.quality),
            subsampling: subsampling.unwrap_or(base.subsampling),
        })
    }

    /// A whole file, with all tables, of a picture of this size: width × height × 4 bytes
    /// (blue, green, red and one without meaning). None if it is empty.
    pub(crate) fn compress(self, bgrx: &[u8], size: Size) -> Option<Vec<u8>> {
        if size.is_empty() {
            return None;
        }
        library::compress(self, bgrx, size)
    }
}

/// Encodes a source that lies at `rect` in the JPEG encoding. None where Raw is no
/// longer, and for pixels of one byte.
pub(crate) fn encode(
    source: &Source<'_>,
    rect: Rect,
    format: &PixelFormat,
    jpeg: Option<Jpeg>,
) -> Option<Segment> {
    let bytes = format.bytes_per_pixel();
    if bytes == 1 {
        return None;
    }
    let pixels = source.rows().collect::<Vec<_>>().concat();
    let file = jpeg.unwrap_or(Jpeg::USUAL).compress(&pixels, rect.size())?;
    if file.len() >= rect.area() as usize * bytes {
        return None;
    }
    let mut bytes = Vec::with_capacity(HEADER + file.len());
    put_header(&mut bytes, rect, Encoding::JPEG);
    bytes.extend_from_slice(&file);
    Some(Segment::new(bytes, 1, rect.into()))
}

#[cfg(not(feature = "turbojpeg"))]
mod library {
    use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

    use super::{Jpeg, Subsampling};
    use crate::geometry::Size;

    pub(super) fn compress(jpeg: Jpeg, bgrx: &[u8], size: Size) -> Option<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, jpeg.quality);
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        encoder.set_sampling_factor(match jpeg.subsampling {
            Subsampling::None | Subsampling::Grey => SamplingFactor::R_4_4_4,
            Subsampling::Two => SamplingFactor::R_4_2_2,
            Subsampling::Four => SamplingFactor::R_4_2_0,
        });
        let Size { width, height } = size;
        let made = match jpeg.subsampling {
            Subsampling::Grey => {
                let (pixels, _) = bgrx.as_chunks();
                let grey: Vec<u8> = pixels.iter().map(brightness).collect();
                encoder.encode(&grey, width, height, ColorType::Luma)
            }
            _ => encoder.encode(bgrx, width, height, ColorType::Bgra),
        };
        made.ok().map(|()| file)
    }

    /// The brightness that JPEG gives a colour (JFIF 1.02, "Standard").
    fn brightness([blue, green, red, _]: &[u8; 4]) -> u8 {
        let [blue, green, red] = [blue, green, red].map(|value| u32::from(*value));
        ((red * 299 + green * 587 + blue * 114 + 500) / 1000) as u8
    }
}

#[cfg(feature = "turbojpeg")]
mod library {
    use turbojpeg::{Image, PixelFormat, Subsamp};

    use super::{Jpeg, Subsampling};
    use crate::geometry::Size;

    pub(super) fn compress(jpeg: Jpeg, bgrx: &[u8], size: Size) -> Option<Vec<u8>> {
        let width = usize::from(size.width);
        let image = Image {
            pixels: bgrx,
            width,
            pitch: width * 4,
            height: size.height.into(),
            format: PixelFormat::BGRX,
        };
        let subsampling = match jpeg.subsampling {
            Subsampling::None => Subsamp::None,
            Subsampling::Two => Subsamp::Sub2x1,
            Subsampling::Four => Subsamp::Sub2x2,
            Subsampling::Grey => Subsamp::Gray,
        };
        let file = turbojpeg::compress(image, jpeg.quality.into(), subsampling).ok()?;
        Some(file.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{self, Method};
    use crate::frame::Frame;

    #[test]
    fn nothing_is_lost_unless_a_viewer_asks() {
        assert_eq!(Jpeg::wanted(&[]), None);
        let others = [
            Encoding::TIGHT,
            Encoding::JPEG,
            Encoding(-250),
            Encoding(-33),
        ];
        assert_eq!(Jpeg::wanted(&others), None);
    }

    #[test]
    fn levels_are_those_of_other_servers() {
        let level = |number| Jpeg::wanted(&[Encoding::TIGHT, Encoding(number)]);
        assert_eq!(level(-32), Some(Jpeg::new(15, Subsampling::Four)));
        assert_eq!(level(-30), Some(Jpeg::new(41, Subsampling::Four)));
        assert_eq!(level(-29), Some(Jpeg::new(42, Subsampling::Two)));
        assert_eq!(level(-27), Some(Jpeg::new(77, Subsampling::Two)));
        assert_eq!(level(-26), Some(Jpeg::new(79, Subsampling::None)));
        assert_eq!(level(-23), Some(Jpeg::new(100, Subsampling::None)));
    }

    #[test]
    fn finer_wishes_overrule_the_level() {
        let wanted = |numbers: &[i32]| {
            let encodings: Vec<Encoding> = numbers.iter().copied().map(Encoding).collect();
            Jpeg::wanted(&encodings)
        };
        // Quality 60, and each subsampling.
        let quality = -452;
        assert_eq!(
            wanted(&[quality, -32]),
            Some(Jpeg::new(60, Subsampling::Four))
        );
        assert_eq!(wanted(&[quality]), Some(Jpeg::new(60, Subsampling::None)));
        for (number, subsampling) in [
            (-768, Subsampling::None),
            (-767, Subsampling::Four),
            (-766, Subsampling::Two),
            (-765, Subsampling::Grey),
            (-764, Subsampling::Four),
            (-763, Subsampling::Four),
        ] {
            assert_eq!(
                wanted(&[-27, number, quality]),
                Some(Jpeg::new(60, subsampling))
            );
            assert_eq!(wanted(&[number]), Some(Jpeg::new(92, subsampling)));
        }
        // The worst is 1, as libjpeg knows no 0.
        assert_eq!(wanted(&[-512]), Some(Jpeg::new(1, Subsampling::None)));
        assert_eq!(wanted(&[-412]), Some(Jpeg::new(100, Subsampling::None)));
        // Of two the first counts.
        assert_eq!(wanted(&[-23, -32]), wanted(&[-23]));
    }

    /// Soft colours.
    fn picture(size: Size) -> Vec<u8> {
        let (width, height) = (usize::from(size.width), usize::from(size.height));
        let colour = |x: usize, y: usize| {
            [
                (40 + 150 * x / width) as u8,
                (200 - 140 * y / height) as u8,
                (60 + 90 * (x + y) / (width + height)) as u8,
                (x * 31 + y * 17) as u8,
            ]
        };
        let rows = (0..height).flat_map(|y| (0..width).map(move |x| colour(x, y)));
        rows.flatten().collect()
    }

    fn decode(file: &[u8]) -> (Size, Vec<u8>) {
        let mut decoder = jpeg_decoder::Decoder::new(file);
        let pixels = decoder.decode().unwrap();
        let info = decoder.info().unwrap();
        (Size::new(info.width, info.height), pixels)
    }

    /// How far two pictures differ, in the mean of all values.
    fn error(bgrx: &[u8], rgb: &[u8]) -> f64 {
        let (pixels, _) = bgrx.as_chunks::<4>();
        let wanted = pixels
            .iter()
            .flat_map(|[blue, green, red, _]| [red, green, blue]);
        let sum: u64 = wanted
            .zip(rgb)
            .map(|(a, b)| u64::from(a.abs_diff(*b)))
            .sum();
        sum as f64 / rgb.len() as f64
    }

    #[test]
    fn files_show_the_picture() {
        for (width, height) in [(1, 1), (1, 40), (40, 1), (17, 33), (200, 64)] {
            let size = Size::new(width, height);
            let pixels = picture(size);
            for (quality, most) in [(30, 6.0), (75, 3.0), (92, 2.0), (100, 1.5)] {
                for subsampling in [Subsampling::None, Subsampling::Two, Subsampling::Four] {
                    let file = Jpeg::new(quality, subsampling).compress(&pixels, size);
                    let (found, rgb) = decode(&file.unwrap());
                    assert_eq!(found, size);
                    let error = error(&pixels, &rgb);
                    assert!(error <= most, "{size:?} {quality} {subsampling:?}: {error}");
                }
            }
        }
        assert!(Jpeg::USUAL.compress(&[], Size::new(0, 5)).is_none());
    }

    #[test]
    fn better_is_larger() {
        let size = Size::new(300, 64);
        let mut pixels = picture(size);
        for (index, byte) in pixels.iter_mut().enumerate() {
            *byte ^= ((index * index) >> 7) as u8 & 15;
        }
        let length = |quality, subsampling| {
            let file = Jpeg::new(quality, subsampling).compress(&pixels, size);
            file.map_or(0, |file| file.len())
        };
        assert!(length(40, Subsampling::None) < length(80, Subsampling::None));
        assert!(length(80, Subsampling::Two) < length(80, Subsampling::None));
        assert!(length(80, Subsampling::Four) < length(80, Subsampling::Two));
        assert!(length(80, Subsampling::Grey) < length(80, Subsampling::Four));
    }

    #[test]
    fn grey_has_the_brightness_of_the_colour() {
        let size = Size::new(16, 16);
        let red = [0, 0, 255, 9].repeat(256);
        let grey = Jpeg::new(95, Subsampling::Grey);
        let (_, pixels) = decode(&grey.compress(&red, size).unwrap());
        assert_eq!(pixels.len(), 256);
        assert!(
            pixels.iter().all(|value| value.abs_diff(76) <= 1),
            "{pixels:?}"
        );
    }

    fn encode(frame: &Frame, rect: Rect, format: &PixelFormat, jpeg: Option<Jpeg>) -> Segment {
        let method = Method {
            jpeg,
            ..Encoding::JPEG.into()
        };
        encoding::encode(method, frame, rect, format, None)
    }

    #[test]
    fn a_rectangle_is_a_whole_file() {
        let size = Size::new(320, 70);
        let frame = Frame::from_pixels(size, &picture(size));
        let rect = Rect::new(11, 2, 300, 64);
        let rgb565 = PixelFormat::parse([16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0]);
        for format in [PixelFormat::BGRX, rgb565.unwrap()] {
            for jpeg in [None, Some(Jpeg::new(80, Subsampling::Four))] {
                let segment = encode(&frame, rect, &format, jpeg);
                assert_eq!(segment.lossy().bounds(), rect);
                assert_eq!(segment.rectangles(), 1);
                let (header, file) = segment.bytes().split_at(12);
                assert_eq!(header, [0, 11, 0, 2, 1, 44, 0, 64, 0, 0, 0, 21]);
                for marker in [[0xff, 0xdb], [0xff, 0xc4]] {
                    assert!(file.windows(2).any(|bytes| bytes == marker), "a table");
                }
                assert!(file.starts_with(&[0xff, 0xd8]) && file.ends_with(&[0xff, 0xd9]));
                let raw = Encoding::RAW.into();
                let raw = encoding::encode(raw, &frame, rect, &PixelFormat::BGRX, None);
                let (found, rgb) = decode(file);
                assert_eq!(found, rect.size());
                assert!(error(&raw.bytes()[12..], &rgb) < 3.0);
            }
        }
    }

    #[test]
    fn raw_where_it_is_shorter_and_for_pixels_of_one_byte() {
        let frame = Frame::solid(Size::new(100, 64), [1, 2, 3, 0]);
        let small = Rect::new(0, 0, 10, 10);
        let large = frame.size().rect();
        for (rect, format) in [
            (small, PixelFormat::BGRX),
            (Rect::default(), PixelFormat::BGRX),
            (large, PixelFormat::BGR233),
            (large, PixelFormat::COLOUR_MAP),
        ] {
            let segment = encode(&frame, rect, &format, Some(Jpeg::USUAL));
            let raw = encoding::encode(Encoding::RAW.into(), &frame, rect, &format, None);
            assert_eq!(segment.bytes(), raw.bytes());
            assert!(segment.lossy().is_empty());
        }
    }
}
