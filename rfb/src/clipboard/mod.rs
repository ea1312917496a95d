//! What goes between clipboards: text as RFC 6143 has it (§7.5.6, §7.6.4), in Latin-1 and
//! with LF at the end of a line, and all that peers of the extended clipboard exchange.

mod contents;
mod format;
mod html;
mod message;

pub use contents::ClipboardContents;
pub(crate) use contents::MAX_CONTENTS;
pub use format::{ClipboardFormat, ClipboardFormats};
pub(crate) use message::{Caps, ClipboardMessage};

/// The longest text that a viewer is sent without asking for it, in Latin-1 bytes: 1 MiB.
/// It goes to all of them, and holds up their pictures.
pub(crate) const MAX_TEXT: usize = 1 << 20;

/// A text that came from a viewer.
pub(crate) fn from_latin1(bytes: &[u8]) -> String {
    with_line_feeds(bytes.iter().copied().map(char::from)).collect()
}

/// A text as it goes to a viewer: a character that Latin-1 lacks becomes `?`. None
/// if the text is too long.
pub(crate) fn to_latin1(text: &str) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = with_line_feeds(text.chars())
        .take(MAX_TEXT + 1)
        .map(|character| u8::try_from(character).unwrap_or(b'?'))
        .collect();
    (bytes.len() <= MAX_TEXT).then_some(bytes)
}

/// Ends lines by LF where they are ended by CR LF, or by CR alone.
fn with_line_feeds(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut after_return = false;
    text.filter_map(move |character| {
        let ends_return = after_return && character == '\n';
        after_return = character == '\r';
        match character {
            '\n' if ends_return => None,
            '\r' => Some('\n'),
            other => Some(other),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends() {
        assert_eq!(from_latin1(b"a\r\nb\rc\nd\r\r\n\n"), "a\nb\nc\nd\n\n\n");
        assert_eq!(to_latin1("a\r\nb").as_deref(), Some(&b"a\nb"[..]));
        assert_eq!(from_latin1(b""), "");
    }

    #[test]
    fn latin1() {
        assert_eq!(from_latin1(b"caf\xe9 \xff\0"), "caf\u{e9} \u{ff}\0");
        assert_eq!(
            to_latin1("caf\u{e9} \u{20ac} \u{1f600}").as_deref(),
            Some(&b"caf\xe9 ? ?"[..])
        );
    }

    #[test]
    fn length_is_counted_in_latin1() {
        let longest = "\u{e9}".repeat(MAX_TEXT);
        assert_eq!(to_latin1(&longest).map(|text| text.len()), Some(MAX_TEXT));
        assert_eq!(to_latin1(&(longest + "a")), None);
        // Line ends that shrink do not count twice.
        let windows = "\r\n".repeat(MAX_TEXT);
        assert_eq!(to_latin1(&windows).map(|text| text.len()), Some(MAX_TEXT));
    }
}
