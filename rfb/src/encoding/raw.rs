//! Raw (RFC 6143 §7.7.1): the pixels, row after row.

use super::source::Source;
use crate::pixel_format::Translator;

/// Appends the body of a rectangle.
pub(crate) fn encode(source: &Source<'_>, translator: &Translator, out: &mut Vec<u8>) {
    for row in source.rows() {
        translator.append(row, out);
    }
}
