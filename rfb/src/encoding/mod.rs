//! Encodings: the numbers a viewer lists, and the rectangles made of them.
//!
//! [`encode`] turns a rectangle of a [`Frame`] into a [`Segment`]: bytes that
//! depend on nothing sent before, so that one segment serves every viewer of the
//! same pixel format and encoding. A [`Cache`] keeps segments for that.
//!
//! Those of Zlib continue the one stream of a connection (rfbproto "Zlib Encoding"),
//! and its start, the bytes 78 01, is in none of them: ahead of the first one a
//! [`Session`](crate::Session) sends a rectangle of one pixel that begins with it. It
//! does the same for those of ZRLE, which have a stream of their own.

mod cache;
pub mod cursor;
mod deflate;
mod hextile;
mod huffman;
mod jpeg;
mod palette;
mod raw;
mod rre;
mod source;
#[cfg(test)]
mod testing;
mod tight;
mod trle;
mod zlib;
mod zrle;

use std::fmt;
use std::sync::Arc;

use crate::frame::{CELL, Frame};
use crate::geometry::{Point, Rect};
use crate::pixel_format::PixelFormat;
use crate::region::Region;
use crate::wire::{put_i32, put_rect};

pub use cache::{Cache, Key};
pub use cursor::Cursor;
pub use jpeg::{Jpeg, Subsampling};
use source::Source;
pub(crate) use tight::variant as tight_variant;

/// The number of an encoding or pseudo-encoding (RFC 6143 §7.7 and §7.8, and the
/// sections of rfbproto with the same names, or its list of registered numbers). Every number is a value; the ones
/// that have no constant here print as numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Encoding(pub i32);

/// Defines the constants, and the table of their names.
macro_rules! encodings {
    ($($constant:ident = $number:expr, $name:literal;)*) => {
        impl Encoding {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Self = Self($number as i32);
            )*
        }

        const NAMES: &[(Encoding, &str)] = &[$((Encoding::$constant, $name),)*];
    };
}

encodings! {
    RAW = 0, "raw";
    COPY_RECT = 1, "copyrect";
    RRE = 2, "rre";
    CORRE = 4, "corre";
    HEXTILE = 5, "hextile";
    ZLIB = 6, "zlib";
    TIGHT = 7, "tight";
    ZLIBHEX = 8, "zlibhex";
    ULTRA = 9, "ultra";
    ULTRA2 = 10, "ultra2";
    TRLE = 15, "trle";
    ZRLE = 16, "zrle";
    ZYWRLE = 17, "zywrle";
    H264 = 20, "h264";
    JPEG = 21, "jpeg";
    JRLE = 22, "jrle";
    OPEN_H264 = 50, "open-h264";
    DESKTOP_SIZE = -223, "desktop-size";
    LAST_RECT = -224, "last-rect";
    POINTER_POS = -232, "pointer-pos";
    CURSOR = -239, "cursor";
    X_CURSOR = -240, "x-cursor";
    QEMU_POINTER_MOTION_CHANGE = -257, "qemu-pointer-motion-change";
    QEMU_EXTENDED_KEY_EVENT = -258, "qemu-extended-key-event";
    QEMU_AUDIO = -259, "qemu-audio";
    TIGHT_PNG = -260, "tight-png";
    QEMU_LED_STATE = -261, "qemu-led-state";
    GII = -305, "gii";
    POPA = -306, "popa";
    DESKTOP_NAME = -307, "desktop-name";
    EXTENDED_DESKTOP_SIZE = -308, "extended-desktop-size";
    XVP = -309, "xvp";
    OLIVE_CALL_CONTROL = -310, "olive-call-control";
    CLIENT_REDIRECT = -311, "client-redirect";
    FENCE = -312, "fence";
    CONTINUOUS_UPDATES = -313, "continuous-updates";
    CURSOR_WITH_ALPHA = -314, "cursor-with-alpha";
    EXTENDED_MOUSE_BUTTONS = -316, "extended-mouse-buttons";
    TIGHT_WITHOUT_ZLIB = -317, "tight-without-zlib";
    VA_H264 = 0x4832_3634, "va-h264";
    VMWARE_CURSOR = 0x574d_5664, "vmware-cursor";
    VMWARE_CURSOR_STATE = 0x574d_5665, "vmware-cursor-state";
    VMWARE_CURSOR_POSITION = 0x574d_5666, "vmware-cursor-position";
    VMWARE_KEY_REPEAT = 0x574d_5667, "vmware-key-repeat";
    VMWARE_LED_STATE = 0x574d_5668, "vmware-led-state";
    VMWARE_DISPLAY_MODE_CHANGE = 0x574d_5669, "vmware-display-mode-change";
    VMWARE_VIRTUAL_MACHINE_STATE = 0x574d_566a, "vmware-virtual-machine-state";
    EXTENDED_CLIPBOARD = 0xc0a1_e5ce_u32, "extended-clipboard";
    PLUGIN_STREAMING = 0xc0a1_e5cf_u32, "plugin-streaming";
    KEYBOARD_LED_STATE = 0xfffe_0000_u32, "keyboard-led-state";
    SUPPORTED_MESSAGES = 0xfffe_0001_u32, "supported-messages";
    SUPPORTED_ENCODINGS = 0xfffe_0002_u32, "supported-encodings";
    SERVER_IDENTITY = 0xfffe_0003_u32, "server-identity";
    ULTRA_CACHE = 0xffff_0000_u32, "cache";
    ULTRA_CACHE_ENABLE = 0xffff_0001_u32, "cache-enable";
    ULTRA_XOR_ZLIB = 0xffff_0002_u32, "xor-zlib";
    ULTRA_XOR_MONO_RECT_ZLIB = 0xffff_0003_u32, "xor-mono-rect-zlib";
    ULTRA_XOR_MULTI_COLOUR = 0xffff_0004_u32, "xor-multi-colour-zlib";
    ULTRA_SOLID_COLOUR = 0xffff_0005_u32, "solid-colour";
    ULTRA_XOR_ENABLE = 0xffff_0006_u32, "xor-enable";
    ULTRA_CACHE_ZIP = 0xffff_0007_u32, "cache-zip";
    ULTRA_SOL_MONO_ZIP = 0xffff_0008_u32, "sol-mono-zip";
    ULTRA_ZIP = 0xffff_0009_u32, "ultra-zip";
    SERVER_STATE = 0xffff_8000_u32, "server-state";
    ENABLE_KEEP_ALIVE = 0xffff_8001_u32, "enable-keep-alive";
    FT_PROTOCOL_VERSION = 0xffff_8002_u32, "ft-protocol-version";
    ULTRA_SESSION = 0xffff_8003_u32, "session";
}

impl Encoding {
    /// The encodings of pixels that [`encode`] makes, the smallest result first.
    pub const PIXELS: &[Self] = &[
        Self::TIGHT,
        Self::TIGHT_PNG,
        Self::JPEG,
        Self::ZRLE,
        Self::ZLIB,
        Self::TRLE,
        Self::HEXTILE,
        Self::CORRE,
        Self::RRE,
        Self::RAW,
    ];

    /// The encoding with a name as [`Encoding::name`] gives it, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(name))
            .map(|(encoding, _)| *encoding)
    }

    /// The name, in lower case; none for a number without a constant.
    pub fn name(self) -> Option<&'static str> {
        NAMES
            .iter()
            .find(|(known, _)| *known == self)
            .map(|(_, name)| *name)
    }

    /// The quality, 0 to 9, that a "JPEG Quality Level" asks for (−32 to −23).
    pub fn jpeg_quality(self) -> Option<u8> {
        offset(self.0, -32..=-23)
    }

    /// The level, 0 to 9, that a "Compression Level" asks for (−256 to −247).
    pub fn compression_level(self) -> Option<u8> {
        offset(self.0, -256..=-247)
    }

    /// The quality, 0 to 100, that a "JPEG Fine-Grained Quality Level" asks for
    /// (−512 to −412).
    pub fn fine_jpeg_quality(self) -> Option<u8> {
        offset(self.0, -512..=-412)
    }

    /// What a "JPEG Subsampling Level" asks for (−768 to −763), counted from −768:
    /// one colour for 1, 4 or 2 pixels, none, one for 8 or for 16.
    pub fn jpeg_subsampling(self) -> Option<u8> {
        offset(self.0, -768..=-763)
    }
}

/// How pixels are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Method {
    /// One of [`Encoding::PIXELS`], or [`Encoding::TIGHT_WITHOUT_ZLIB`] for Tight whose
    /// data is not compressed.
    pub encoding: Encoding,
    /// How hard to compress: 0 (not at all) to 9, as which more counts. Without effect
    /// for encodings that compress nothing.
    pub level: u8,
    /// Where JPEG may be used, and how; none keeps all pixels exact. Without effect
    /// for encodings that know no JPEG.
    pub jpeg: Option<Jpeg>,
}

impl Method {
    /// The level for viewers that ask for none. The quickest, 1, saves a third of the
    /// time and costs half as many bytes again.
    pub const USUAL_LEVEL: u8 = 2;

    /// The height, in pixels, of the pieces that [`Session`](crate::Session) cuts an update
    /// into.
    ///
    /// What is compressed without loss repeats more in a high one: all of 1920 × 1080 is in
    /// one. With JPEG more time is spent, and several threads are to share in it. For all
    /// others it makes no difference.
    pub fn piece_height(self) -> u16 {
        let cells = match (self.encoding, self.jpeg) {
            (Encoding::ZRLE, _) | (Encoding::TIGHT | Encoding::TIGHT_PNG, None) => 17,
            (Encoding::TIGHT | Encoding::TIGHT_PNG, Some(_)) => 3,
            _ => 1,
        };
        cells * CELL.height
    }
}

impl From<Encoding> for Method {
    fn from(encoding: Encoding) -> Self {
        Self {
            encoding,
            level: Self::USUAL_LEVEL,
            jpeg: None,
        }
    }
}

/// How far `number` lies into `range`.
fn offset(number: i32, range: std::ops::RangeInclusive<i32>) -> Option<u8> {
    if !range.contains(&number) {
        return None;
    }
    u8::try_from(number - range.start()).ok()
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.write_str(name);
        }
        let levels = [
            ("jpeg-quality", self.jpeg_quality()),
            ("compression-level", self.compression_level()),
            ("fine-jpeg-quality", self.fine_jpeg_quality()),
            ("jpeg-subsampling", self.jpeg_subsampling()),
        ];
        for (name, level) in levels {
            if let Some(level) = level {
                return write!(f, "{name}-{level}");
            }
        }
        write!(f, "encoding {}", self.0)
    }
}

/// Encodes what `frame` shows in `rect`, as one rectangle with its header (RFC
/// 6143 §7.6.1), or as several in Tight and CoRRE. What lies beyond the frame is black. A
/// cursor is drawn over it with its hotspot at the point.
///
/// An encoding that is not one of [`Encoding::PIXELS`] becomes Raw, which every
/// viewer has to take; so does what JPEG does not suit. A rectangle in Zlib or ZRLE
/// continues a stream that has begun: see the [module's description](self).
pub fn encode(
    method: Method,
    frame: &Frame,
    rect: Rect,
    format: &PixelFormat,
    cursor: Option<(&Cursor, Point)>,
) -> Segment {
    let source = Source::new(frame, rect, cursor);
    let segment = match method.encoding {
        // A file of numbers of a colour map makes no sense to anybody.
        Encoding::TIGHT_PNG if format.is_colour_map() => None,
        Encoding::TIGHT | Encoding::TIGHT_WITHOUT_ZLIB | Encoding::TIGHT_PNG => {
            Some(tight::encode(&source, rect, format, method))
        }
        Encoding::JPEG => jpeg::encode(&source, rect, format, method.jpeg),
        _ => None,
    };
    if let Some(segment) = segment {
        return segment;
    }
    let translator = format.translator();
    let level = method.level.min(9);
    let mut bytes = Vec::new();
    let mut rectangles = 1;
    match method.encoding {
        Encoding::RRE => {
            rre::put_rectangle(Encoding::RRE, rect, &source, &translator, &mut bytes);
        }
        Encoding::CORRE => {
            let pieces: Vec<Rect> = rre::cut(rect).collect();
            let Ok(count) = u16::try_from(pieces.len()) else {
                return encode(Encoding::RAW.into(), frame, rect, format, cursor);
            };
            rectangles = count;
            for piece in pieces {
                let source = Source::new(frame, piece, cursor);
                rre::put_rectangle(Encoding::CORRE, piece, &source, &translator, &mut bytes);
            }
        }
        Encoding::HEXTILE => {
            put_header(&mut bytes, rect, Encoding::HEXTILE);
            hextile::encode(&source, &translator, &mut bytes);
        }
        Encoding::TRLE => {
            put_header(&mut bytes, rect, Encoding::TRLE);
            let translator = format.compact_translator();
            trle::encode(&source, &translator, trle::SIDE, &mut bytes);
        }
        Encoding::ZLIB => {
            put_header(&mut bytes, rect, Encoding::ZLIB);
            zlib::encode(&source, &translator, level, &mut bytes);
        }
        Encoding::ZRLE => {
            put_header(&mut bytes, rect, Encoding::ZRLE);
            let translator = format.compact_translator();
            zrle::encode(&source, &translator, level, &mut bytes);
        }
        _ => {
            let pixels = rect.area() as usize * format.bytes_per_pixel();
            bytes.reserve_exact(HEADER + pixels);
            put_header(&mut bytes, rect, Encoding::RAW);
            raw::encode(&source, &translator, &mut bytes);
        }
    }
    // Segments are kept; the room to grow is not needed any more.
    bytes.shrink_to_fit();
    Segment::new(bytes, rectangles, Region::new())
}

/// The rectangle that has to come before the first one of an encoding on a
/// connection, if its viewer needs one: the first pixel of `rect`, with what starts
/// the viewer's stream. So all other rectangles are the same for all viewers.
pub(crate) fn prime(
    encoding: Encoding,
    frame: &Frame,
    rect: Rect,
    format: &PixelFormat,
) -> Option<Segment> {
    if !matches!(encoding, Encoding::ZLIB | Encoding::ZRLE) {
        return None;
    }
    let pixel = Rect::new(rect.x, rect.y, 1, 1);
    let segment = encode(encoding.into(), frame, pixel, format, None);
    let (header, body) = segment.bytes().split_at(HEADER);
    let mut bytes = header.to_vec();
    deflate::put_first_body(body, &mut bytes);
    Some(Segment::new(bytes, 1, Region::new()))
}

/// The length of a rectangle's header in bytes.
const HEADER: usize = 12;

/// Appends the header of a rectangle (RFC 6143 §7.6.1).
pub(crate) fn put_header(out: &mut Vec<u8>, rect: Rect, encoding: Encoding) {
    put_rect(out, rect);
    put_i32(out, encoding.0);
}

/// Encoded rectangles of a FramebufferUpdate, headers included, that depend on
/// nothing sent before them. A clone shares the bytes.
#[derive(Clone, Debug)]
pub struct Segment {
    bytes: Arc<Vec<u8>>,
    rectangles: u16,
    lossy: Region,
}

impl Segment {
    /// A segment of `rectangles` whole rectangles. In the region `lossy` their pixels are
    /// only similar to those of the frame.
    pub fn new(bytes: Vec<u8>, rectangles: u16, lossy: Region) -> Self {
        Self {
            bytes: Arc::new(bytes),
            rectangles,
            lossy,
        }
    }

    /// What to send.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What to send, without a copy.
    pub(crate) fn into_bytes(self) -> Arc<Vec<u8>> {
        self.bytes
    }

    /// The number of rectangles.
    pub fn rectangles(&self) -> u16 {
        self.rectangles
    }

    /// Where the pixels are only similar to those of the frame.
    pub fn lossy(&self) -> &Region {
        &self.lossy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    #[test]
    fn names() {
        assert_eq!(Encoding::from_name("HexTile"), Some(Encoding::HEXTILE));
        assert_eq!(Encoding::from_name("zrl"), None);
        assert_eq!(Encoding(5).name(), Some("hextile"));
        assert_eq!(format!("{:?}", Encoding(-308)), "extended-desktop-size");
        assert_eq!(
            format!("{:?}", Encoding(-1_063_131_698)),
            "extended-clipboard"
        );
        assert_eq!(format!("{:?}", Encoding(-232)), "pointer-pos");
        assert_eq!(format!("{:?}", Encoding(-23)), "jpeg-quality-9");
        assert_eq!(format!("{:?}", Encoding(-256)), "compression-level-0");
        assert_eq!(format!("{:?}", Encoding(-412)), "fine-jpeg-quality-100");
        assert_eq!(format!("{:?}", Encoding(-765)), "jpeg-subsampling-3");
        assert_eq!(format!("{:?}", Encoding(-769)), "encoding -769");
    }

    #[test]
    fn every_name_and_number_is_there_once() {
        for (index, (encoding, name)) in NAMES.iter().enumerate() {
            assert_eq!(Encoding::from_name(name), Some(*encoding));
            for (other, other_name) in &NAMES[index + 1..] {
                assert_ne!(encoding, other);
                assert_ne!(name, other_name);
            }
        }
    }

    #[test]
    fn what_cannot_be_encoded_becomes_raw() {
        let frame = Frame::solid(Size::new(4, 4), [1, 2, 3, 4]);
        let rect = Rect::new(3, 2, 2, 1);
        let segment = encode(
            Encoding::H264.into(),
            &frame,
            rect,
            &PixelFormat::BGRX,
            None,
        );
        let header = [0, 3, 0, 2, 0, 2, 0, 1, 0, 0, 0, 0];
        assert_eq!(segment.bytes()[..12], header);
        // The second pixel lies beyond the frame.
        assert_eq!(segment.bytes()[12..], [1, 2, 3, 0, 0, 0, 0, 0]);
        assert_eq!(segment.rectangles(), 1);
        assert!(segment.lossy().is_empty());
    }

    #[test]
    fn a_level_of_more_than_9_is_9() {
        let frame = Frame::solid(Size::new(40, 40), [1, 2, 3, 0]);
        for encoding in [Encoding::ZLIB, Encoding::ZRLE] {
            let made = |level| {
                let method = Method {
                    level,
                    ..encoding.into()
                };
                let rect = frame.size().rect();
                encode(method, &frame, rect, &PixelFormat::BGRX, None)
            };
            for level in [10, 255] {
                assert_eq!(made(level).bytes(), made(9).bytes());
            }
            assert_ne!(made(9).bytes(), made(0).bytes());
        }
    }

    #[test]
    fn clones_share_their_bytes() {
        let segment = Segment::new(vec![1, 2, 3], 1, Region::new());
        assert_eq!(segment.clone().bytes().as_ptr(), segment.bytes().as_ptr());
    }
}
