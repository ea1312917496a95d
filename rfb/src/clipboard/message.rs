//! What two peers say about their clipboards (rfbproto "Extended Clipboard
//! Pseudo-Encoding").

use super::contents::ClipboardContents;
use super::format::{ClipboardFormat, ClipboardFormats};
use crate::wire::{Reader, put_u32};

/// The body of a ClientCutText or ServerCutText with a negative length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClipboardMessage {
    /// What the sender understands.
    Caps(Caps),
    /// It wants the contents in these formats.
    Request(ClipboardFormats),
    /// It wants to know which formats there are.
    Peek,
    /// It has something new, in these formats.
    Notify(ClipboardFormats),
    /// The contents.
    Provide(ClipboardContents),
}

/// What a peer understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caps {
    /// The formats that it takes.
    pub(crate) formats: ClipboardFormats,
    actions: u32,
}

const CAPS: u32 = 1 << 24;
const REQUEST: u32 = 1 << 25;
const PEEK: u32 = 1 << 26;
const NOTIFY: u32 = 1 << 27;
const PROVIDE: u32 = 1 << 28;
const ACTIONS: u32 = CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
/// The bits of formats, known or not.
const FORMATS: u32 = 0xffff;

impl Caps {
    /// What is understood here.
    pub(crate) fn own() -> Self {
        Self {
            formats: ClipboardFormat::ALL.into_iter().collect(),
            actions: REQUEST | PEEK | NOTIFY | PROVIDE,
        }
    }

    /// What a viewer understands that does not say.
    pub(crate) fn unsaid() -> Self {
        use ClipboardFormat::{Html, Rtf, Text};
        Self {
            formats: [Text, Rtf, Html].into_iter().collect(),
            actions: REQUEST | NOTIFY | PROVIDE,
        }
    }

    /// Whether it can be told of something new, and asks for it.
    pub(crate) fn takes_notify(self) -> bool {
        self.actions & NOTIFY != 0
    }

    /// Whether it can be sent contents.
    pub(crate) fn takes_provide(self) -> bool {
        self.actions & PROVIDE != 0
    }

    /// Whether it can be asked for contents.
    pub(crate) fn takes_request(self) -> bool {
        self.actions & REQUEST != 0
    }
}

impl ClipboardMessage {
    /// Reads a message. None if it makes no sense.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let flags = reader.u32().ok()?;
        let formats = ClipboardFormats::from_bits(flags);
        // The sizes of caps are for contents that nobody asked for: those are never sent.
        match flags & ACTIONS {
            actions if actions & CAPS != 0 => Some(Self::Caps(Caps { formats, actions })),
            REQUEST => Some(Self::Request(formats)),
            PEEK => Some(Self::Peek),
            NOTIFY => Some(Self::Notify(formats)),
            // The data of other formats would stand between.
            PROVIDE if flags & FORMATS == formats.bits() => {
                let compressed = bytes.get(4..)?;
                let contents = ClipboardContents::received(formats, compressed);
                Some(Self::Provide(contents))
            }
            _ => None,
        }
    }

    /// Appends the message, but for the bytes of contents, which go behind it as they are.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Caps(caps) => {
                put_u32(out, CAPS | caps.actions | caps.formats.bits());
                // Nothing is taken that was not asked for.
                caps.formats.iter().for_each(|_| put_u32(out, 0));
            }
            Self::Request(formats) => put_u32(out, REQUEST | formats.bits()),
            Self::Peek => put_u32(out, PEEK),
            Self::Notify(formats) => put_u32(out, NOTIFY | formats.bits()),
            Self::Provide(contents) => {
                put_u32(out, PROVIDE | contents.formats().bits());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ClipboardFormat::{Dib, Html, Rtf, Text};
    use super::*;

    fn formats(formats: &[ClipboardFormat]) -> ClipboardFormats {
        formats.iter().copied().collect()
    }

    fn written(message: &ClipboardMessage) -> Vec<u8> {
        let mut out = Vec::new();
        message.write(&mut out);
        out
    }

    #[test]
    fn caps_ask_for_notifications() {
        let own = ClipboardMessage::Caps(Caps::own());
        let mut expected = vec![0x1f, 0, 0, 0x0f];
        expected.extend([0; 16]);
        assert_eq!(written(&own), expected);
        // TigerVNC's, with text alone.
        let other = ClipboardMessage::read(&[0x1f, 0, 0, 1, 0, 0, 0, 0]);
        let Some(ClipboardMessage::Caps(caps)) = other else {
            panic!("{other:?}");
        };
        assert_eq!(caps.formats, formats(&[Text]));
        assert!(caps.takes_notify() && caps.takes_provide() && caps.takes_request());
        let none = ClipboardMessage::read(&[1, 0, 0, 0]);
        let Some(ClipboardMessage::Caps(caps)) = none else {
            panic!("{none:?}");
        };
        assert!(!caps.takes_notify() && !caps.takes_provide() && !caps.takes_request());
    }

    #[test]
    fn what_is_written_is_read() {
        let contents = ClipboardContents::new(&[(Text, b"a"), (Dib, b"d")]);
        for (message, head) in [
            (ClipboardMessage::Request(formats(&[Html])), [2, 0, 0, 4]),
            (ClipboardMessage::Peek, [4, 0, 0, 0]),
            (
                ClipboardMessage::Notify(formats(&[Text, Rtf])),
                [8, 0, 0, 3],
            ),
            (ClipboardMessage::Provide(contents), [0x10, 0, 0, 9]),
        ] {
            let mut bytes = written(&message);
            assert_eq!(bytes[..4], head);
            if let ClipboardMessage::Provide(contents) = &message {
                bytes.extend(contents.compressed());
            }
            assert_eq!(ClipboardMessage::read(&bytes), Some(message));
        }
    }

    #[test]
    fn nonsense_is_nothing() {
        for bytes in [
            &[][..],
            &[8, 0, 0],
            &[0, 0, 0, 1],
            // Two actions at once.
            &[6, 0, 0, 1],
            // Contents of a format that has no name yet.
            &[0x10, 0, 0, 0x20, 0x78, 1],
        ] {
            assert_eq!(ClipboardMessage::read(bytes), None, "{bytes:?}");
        }
    }
}
