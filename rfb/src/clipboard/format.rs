//! The formats in which a clipboard holds the same thing.

use std::fmt;

/// What a clipboard can hold (rfbproto "Extended Clipboard Pseudo-Encoding").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClipboardFormat {
    /// Text in UTF-8, whose lines end with LF.
    Text,
    /// Rich Text Format.
    Rtf,
    /// HTML in UTF-8: a piece or a whole document.
    Html,
    /// A picture: a device-independent bitmap, which is a BMP file without its first 14
    /// bytes.
    Dib,
}

/// A set of formats.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ClipboardFormats(u32);

impl ClipboardFormat {
    /// All of them, in the order of their bits.
    pub const ALL: [Self; 4] = [Self::Text, Self::Rtf, Self::Html, Self::Dib];

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl ClipboardFormats {
    /// No format.
    pub const NONE: Self = Self(0);

    /// Whether this format is one of them.
    pub fn contains(self, format: ClipboardFormat) -> bool {
        self.0 & format.bit() != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are in both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in one set or both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are not in the other set.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Each of them, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = ClipboardFormat> {
        let all = ClipboardFormat::ALL.into_iter();
        all.filter(move |format| self.contains(*format))
    }

    /// By the bits of a message. Bits that stand for nothing known are left out.
    pub(super) fn from_bits(bits: u32) -> Self {
        let all = ClipboardFormat::ALL.into_iter();
        all.filter(|format| bits & format.bit() != 0).collect()
    }

    pub(super) fn bits(self) -> u32 {
        self.0
    }
}

impl FromIterator<ClipboardFormat> for ClipboardFormats {
    fn from_iter<T: IntoIterator<Item = ClipboardFormat>>(formats: T) -> Self {
        let bits = formats.into_iter().map(ClipboardFormat::bit);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

impl fmt::Debug for ClipboardFormats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
