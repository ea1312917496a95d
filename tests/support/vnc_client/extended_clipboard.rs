use super::wire::{Source, broken};
use super::zlib::{Inflated, ZlibStream};
use super::{VncClient, encoding};
use crate::{Error, Result};

/// Bits of the extended clipboard (rfbproto "Extended Clipboard Pseudo-Encoding").
pub mod clipboard {
    /// The format plain text.
    pub const TEXT: u32 = 1;
    /// The format RTF.
    pub const RTF: u32 = 2;
    /// The format HTML.
    pub const HTML: u32 = 4;
    /// The format of pictures.
    pub const DIB: u32 = 8;
    /// What the sender takes.
    pub const CAPS: u32 = 1 << 24;
    /// Asks for what is on the clipboard.
    pub const REQUEST: u32 = 1 << 25;
    /// Asks which formats are on the clipboard.
    pub const PEEK: u32 = 1 << 26;
    /// Tells which formats are on the clipboard.
    pub const NOTIFY: u32 = 1 << 27;
    /// Gives what is on the clipboard.
    pub const PROVIDE: u32 = 1 << 28;

    /// All formats.
    pub const FORMATS: u32 = TEXT | RTF | HTML | DIB;
    /// All that can be done with them.
    pub const ACTIONS: u32 = REQUEST | PEEK | NOTIFY | PROVIDE;
}

/// The most that a message may hold when it is inflated.
const MOST_DATA: usize = 32 << 20;

/// A message of the extended clipboard. Formats are bits of [`clipboard`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipboardMessage {
    /// What the sender takes.
    Caps(ClipboardCaps),
    /// Asks for these formats.
    Request(u32),
    /// Asks for a notification.
    Peek,
    /// These formats are there.
    Notify(u32),
    /// This is there.
    Provide(Vec<ClipboardData>),
}

/// What one side takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipboardCaps {
    /// Bits of formats and actions.
    pub flags: u32,
    /// For each of the formats, in the order of their bits, the most bytes that may come without
    /// a request.
    pub sizes: Vec<u32>,
}

/// What is on a clipboard, in one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipboardData {
    /// Text, whose lines end with "\n" here.
    Text(String),
    /// RTF.
    Rtf(Vec<u8>),
    /// HTML.
    Html(Vec<u8>),
    /// A picture, without the header of a file.
    Dib(Vec<u8>),
}

impl Default for ClipboardCaps {
    /// Those of a viewer that has not told its own.
    fn default() -> Self {
        use clipboard::{HTML, NOTIFY, PROVIDE, REQUEST, RTF, TEXT};
        Self {
            flags: TEXT | RTF | HTML | REQUEST | NOTIFY | PROVIDE,
            sizes: vec![20 << 20, 0, 0],
        }
    }
}

impl ClipboardCaps {
    /// The most bytes of a format that may come without a request.
    fn size(&self, format: u32) -> usize {
        let place = (self.flags & (format - 1)).count_ones() as usize;
        let known = self.flags & format != 0;
        let size = known.then(|| self.sizes.get(place)).flatten();
        size.map_or(0, |size| *size as usize)
    }
}

impl ClipboardData {
    fn format(&self) -> u32 {
        match self {
            Self::Text(_) => clipboard::TEXT,
            Self::Rtf(_) => clipboard::RTF,
            Self::Html(_) => clipboard::HTML,
            Self::Dib(_) => clipboard::DIB,
        }
    }

    /// Its bytes in a message: text has lines that end with "\r\n", and ends with a zero.
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => [text.replace('\n', "\r\n").as_bytes(), &[0]].concat(),
            Self::Rtf(bytes) | Self::Html(bytes) | Self::Dib(bytes) => bytes.clone(),
        }
    }

    fn from_bytes(format: u32, bytes: &[u8]) -> Result<Self> {
        Ok(match format {
            clipboard::TEXT => Self::Text(text(bytes)?),
            clipboard::RTF => Self::Rtf(bytes.to_vec()),
            clipboard::HTML => Self::Html(bytes.to_vec()),
            _ => Self::Dib(bytes.to_vec()),
        })
    }
}

/// UTF-8 with one zero, at its end, and "\r\n" at the ends of lines and nowhere else.
fn text(bytes: &[u8]) -> Result<String> {
    let text = bytes.strip_suffix(&[0]);
    let text = text.ok_or_else(|| broken("a text that no zero ends"))?;
    let text = str::from_utf8(text).map_err(|error| broken(format!("a text: {error}")))?;
    if text.contains('\0') {
        return Err(broken("a text with a zero inside"));
    }
    let joined = text.replace("\r\n", "");
    if joined.contains(['\r', '\n']) {
        return Err(broken("a text with lines that do not end with CR and LF"));
    }
    Ok(text.replace("\r\n", "\n"))
}

/// What the viewer's side of the clipboard has said.
#[derive(Default)]
pub(super) struct ClipboardState {
    /// What it takes.
    caps: ClipboardCaps,
    /// The formats that it has asked for and not got.
    requested: u32,
}

impl ClipboardState {
    pub(super) fn takes_everything(&mut self) {
        self.caps = ClipboardCaps {
            flags: clipboard::FORMATS | clipboard::ACTIONS,
            sizes: vec![u32::MAX; 4],
        };
    }
}

/// The extended clipboard. Nothing is answered by itself. All that is sent needs the server's caps,
/// which tell that it knows the extension.
impl VncClient {
    /// Tells what the viewer takes. See [`ClipboardCaps`].
    pub fn clipboard_caps(&mut self, flags: u32, sizes: &[u32]) -> Result {
        let body: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
        self.send_clipboard(clipboard::CAPS | flags, &body)?;
        self.clipboard_state.caps = ClipboardCaps {
            flags,
            sizes: sizes.to_vec(),
        };
        Ok(())
    }

    /// Asks for what is on the clipboard in these formats.
    pub fn clipboard_request(&mut self, formats: u32) -> Result {
        self.send_clipboard(clipboard::REQUEST | formats, &[])?;
        self.clipboard_state.requested |= formats;
        Ok(())
    }

    /// Asks which formats are on the clipboard.
    pub fn clipboard_peek(&mut self) -> Result {
        self.send_clipboard(clipboard::PEEK, &[])
    }

    /// Tells which formats are on the viewer's clipboard.
    pub fn clipboard_notify(&mut self, formats: u32) -> Result {
        self.send_clipboard(clipboard::NOTIFY | formats, &[])
    }

    /// Gives what is on the viewer's clipboard, in the order of the formats.
    pub fn clipboard_provide(&mut self, data: &[ClipboardData]) -> Result {
        self.send_clipboard_message(&clipboard_provide_message(data))
    }

    fn send_clipboard(&mut self, flags: u32, body: &[u8]) -> Result {
        self.send_clipboard_message(&message(flags, body))
    }

    fn send_clipboard_message(&mut self, message: &[u8]) -> Result {
        let is_caps = |it: &ClipboardMessage| matches!(it, ClipboardMessage::Caps(_));
        if !self.clipboard.iter().any(is_caps) {
            let error = "the server has not said that it knows the extended clipboard";
            return Err(Error::other(error));
        }
        self.wire.send(message)
    }

    /// ServerCutText with a negative length (rfbproto), of which `length` bytes follow.
    pub(super) fn read_clipboard(&mut self, length: usize) -> Result {
        self.expect_extension(encoding::EXTENDED_CLIPBOARD)?;
        let body = length.checked_sub(4);
        let body = body.ok_or_else(|| broken("a clipboard without flags"))?;
        let flags = self.wire.u32("the flags of the clipboard")?;
        let body = self.wire.bytes(body, "the clipboard")?;
        let known = clipboard::FORMATS | clipboard::ACTIONS | clipboard::CAPS;
        if flags & !known != 0 {
            return Err(broken(format!("the flags {flags:#x} of the clipboard")));
        }
        let message = match flags & clipboard::CAPS {
            0 => self.clipboard_action(flags, &body)?,
            _ => ClipboardMessage::Caps(caps(flags & !clipboard::CAPS, &body)?),
        };
        self.clipboard.push(message);
        Ok(())
    }

    /// One action, of those that the viewer takes.
    fn clipboard_action(&mut self, flags: u32, body: &[u8]) -> Result<ClipboardMessage> {
        let (action, formats) = (flags & clipboard::ACTIONS, flags & clipboard::FORMATS);
        if action & self.clipboard_state.caps.flags == 0 || !action.is_power_of_two() {
            return Err(broken(format!("the actions {action:#x} of the clipboard")));
        }
        if action == clipboard::PROVIDE {
            return self.provided(formats, body).map(ClipboardMessage::Provide);
        }
        if !body.is_empty() {
            return Err(broken("a clipboard with data where there is none"));
        }
        match (action, formats) {
            (clipboard::REQUEST, 1..) => Ok(ClipboardMessage::Request(formats)),
            (clipboard::PEEK, 0) => Ok(ClipboardMessage::Peek),
            (clipboard::NOTIFY, _) if formats & !self.clipboard_state.caps.flags == 0 => {
                Ok(ClipboardMessage::Notify(formats))
            }
            _ => Err(broken(format!(
                "the formats {formats:#x} with the action {action:#x} of the clipboard"
            ))),
        }
    }

    /// The data of each format, in the order of their bits: what was asked for, or is so small that
    /// it needs not be.
    fn provided(&mut self, formats: u32, body: &[u8]) -> Result<Vec<ClipboardData>> {
        if formats == 0 {
            return Err(broken("a clipboard without formats"));
        }
        let mut inflated = Inflated::new(ZlibStream::inflate_all(body, MOST_DATA)?);
        let mut data = Vec::new();
        for format in (0..u32::BITS).map(|bit| 1 << bit) {
            if formats & format == 0 {
                continue;
            }
            let [a, b, c, d] = *inflated.take(4, "the size of a format")? else {
                return Err(broken("no size of a format"));
            };
            let size = u32::from_be_bytes([a, b, c, d]) as usize;
            let requested = self.clipboard_state.requested & format != 0;
            if !requested && size > self.clipboard_state.caps.size(format) {
                return Err(broken(format!(
                    "{size} bytes of the format {format:#x}, which was not asked for"
                )));
            }
            data.push(ClipboardData::from_bytes(
                format,
                inflated.take(size, "a format")?,
            )?);
        }
        inflated.end()?;
        self.clipboard_state.requested &= !formats;
        Ok(data)
    }
}

/// The bytes of [`VncClient::clipboard_provide`], to be sent in pieces.
pub fn clipboard_provide_message(data: &[ClipboardData]) -> Vec<u8> {
    let formats = data.iter().fold(0, |formats, it| formats | it.format());
    let mut plain = Vec::new();
    for data in data {
        let bytes = data.to_bytes();
        plain.extend((bytes.len() as u32).to_be_bytes());
        plain.extend(bytes);
    }
    let body = miniz_oxide::deflate::compress_to_vec_zlib(&plain, 6);
    message(clipboard::PROVIDE | formats, &body)
}

/// ClientCutText with a negative length (rfbproto).
fn message(flags: u32, body: &[u8]) -> Vec<u8> {
    let length = -4 - body.len() as i32;
    let length = length.to_be_bytes();
    [&[6, 0, 0, 0], &length[..], &flags.to_be_bytes(), body].concat()
}

/// What the server takes: a size for each format.
fn caps(flags: u32, body: &[u8]) -> Result<ClipboardCaps> {
    let formats = (flags & clipboard::FORMATS).count_ones() as usize;
    if body.len() != 4 * formats {
        return Err(broken(format!(
            "caps with {} bytes for {formats} formats",
            body.len()
        )));
    }
    let sizes = body.as_chunks().0.iter();
    Ok(ClipboardCaps {
        flags,
        sizes: sizes.map(|size| u32::from_be_bytes(*size)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::PixelFormat;
    use super::super::tests::{Sent, script, script_and_sent};
    use super::super::zlib::tests::stored;
    use super::*;

    const LISTED: &[i32] = &[encoding::EXTENDED_CLIPBOARD];

    /// ServerCutText (rfbproto): type, padding, minus the length, flags, and what follows.
    fn message(flags: u32, body: &[u8]) -> Vec<u8> {
        let length = -(4 + body.len() as i32);
        [
            &[3, 0, 0, 0][..],
            &length.to_be_bytes(),
            &flags.to_be_bytes(),
            body,
        ]
        .concat()
    }

    fn provide(formats: u32, plain: &[u8]) -> Vec<u8> {
        message(clipboard::PROVIDE | formats, &stored(true, plain))
    }

    /// A viewer that was told caps, and is then sent these messages.
    fn viewer(messages: &[Vec<u8>]) -> Result<(VncClient, Sent)> {
        let caps = message(0x1f00_0001, &[0, 0, 0, 9]);
        let messages = [caps, messages.concat()].concat();
        let (mut viewer, sent) = script_and_sent(PixelFormat::BGR233, (2, 1), LISTED, &messages)?;
        assert!(
            viewer.clipboard_peek().is_err(),
            "before the server knows it"
        );
        viewer.read_message()?;
        sent.take();
        Ok((viewer, sent))
    }

    #[test]
    fn all_messages_are_told_apart() -> Result {
        let messages = [
            message(clipboard::REQUEST | clipboard::TEXT, &[]),
            message(clipboard::NOTIFY | clipboard::TEXT | clipboard::HTML, &[]),
            message(clipboard::NOTIFY, &[]),
            provide(clipboard::TEXT, b"\0\0\0\x06a\r\n\xc3\xa9\0"),
        ];
        let (mut viewer, _) = viewer(&messages)?;
        for _ in 0..4 {
            viewer.read_message()?;
        }
        let caps = ClipboardCaps {
            flags: 0x1e00_0001,
            sizes: vec![9],
        };
        let expected = [
            ClipboardMessage::Caps(caps),
            ClipboardMessage::Request(clipboard::TEXT),
            ClipboardMessage::Notify(clipboard::TEXT | clipboard::HTML),
            ClipboardMessage::Notify(0),
            ClipboardMessage::Provide(vec![ClipboardData::Text("a\né".into())]),
        ];
        assert_eq!(viewer.clipboard, expected);
        Ok(())
    }

    #[test]
    fn messages_are_laid_out_as_in_the_specification() -> Result {
        let (mut viewer, sent) = viewer(&[])?;
        let flags = clipboard::TEXT | clipboard::NOTIFY;
        viewer.clipboard_caps(flags, &[258])?;
        let expected = [
            6, 0, 0, 0, 0xff, 0xff, 0xff, 0xf8, 0x09, 0, 0, 1, 0, 0, 1, 2,
        ];
        assert_eq!(sent.take(), expected);
        viewer.clipboard_request(clipboard::TEXT | clipboard::DIB)?;
        assert_eq!(
            sent.take(),
            [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 0x02, 0, 0, 9]
        );
        viewer.clipboard_peek()?;
        assert_eq!(
            sent.take(),
            [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 0x04, 0, 0, 0]
        );
        viewer.clipboard_notify(clipboard::HTML)?;
        assert_eq!(
            sent.take(),
            [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 0x08, 0, 0, 4]
        );
        let text = ClipboardData::Text("a\n".into());
        viewer.clipboard_provide(&[text, ClipboardData::Html(b"<b>".to_vec())])?;
        let provided = sent.take();
        let length = (-(provided.len() as i32 - 8)).to_be_bytes();
        assert_eq!(
            provided[..12],
            [&[6, 0, 0, 0], &length[..], &[0x10, 0, 0, 5]].concat()
        );
        let plain = ZlibStream::inflate_all(&provided[12..], 99)?;
        assert_eq!(plain, b"\0\0\0\x04a\r\n\0\0\0\0\x03<b>");
        Ok(())
    }

    #[test]
    fn data_comes_if_it_was_asked_for_or_is_small() -> Result {
        let html = provide(clipboard::HTML, b"\0\0\0\x01a");
        let text = |length: u32| {
            let bytes = vec![b'a'; length as usize - 1];
            provide(
                clipboard::TEXT,
                &[&length.to_be_bytes(), &bytes[..], &[0]].concat(),
            )
        };
        // By default text may be large, and HTML must be asked for.
        let (mut viewer, _) = viewer(&[text(60_000), html.clone(), html, text(5), text(6)])?;
        viewer.read_message()?;
        viewer.clipboard_request(clipboard::HTML)?;
        viewer.read_message()?;
        let again = viewer.read_message().unwrap_err().to_string();
        assert_eq!(again, "1 bytes of the format 0x4, which was not asked for");
        viewer.clipboard_caps(clipboard::TEXT | clipboard::PROVIDE, &[5])?;
        viewer.read_message()?;
        let large = viewer.read_message().unwrap_err().to_string();
        assert_eq!(large, "6 bytes of the format 0x1, which was not asked for");
        Ok(())
    }

    #[test]
    fn text_has_a_form() {
        let cases: [(&str, &[u8]); 5] = [
            ("a text that no zero ends", b"a"),
            ("a text with a zero inside", b"a\0b\0"),
            (
                "a text with lines that do not end with CR and LF",
                b"a\nb\0",
            ),
            (
                "a text with lines that do not end with CR and LF",
                b"a\r\r\nb\0",
            ),
            ("a text: invalid utf-8 sequence", b"\xff\0"),
        ];
        for (expected, bytes) in cases {
            let found = text(bytes).unwrap_err().to_string();
            assert!(found.starts_with(expected), "{found}");
        }
    }

    #[test]
    fn what_the_specification_forbids_is_an_error() -> Result {
        let cases = [
            (
                "the flags 0x8000010 of the clipboard",
                message(0x0800_0010, &[]),
            ),
            (
                "the actions 0xa000000 of the clipboard",
                message(0x0a00_0001, &[]),
            ),
            ("the actions 0x0 of the clipboard", message(1, &[])),
            // A viewer that has told nothing does not want to be peeked at.
            (
                "the actions 0x4000000 of the clipboard",
                message(clipboard::PEEK, &[]),
            ),
            (
                "the formats 0x8 with the action 0x8000000 of the clipboard",
                message(clipboard::NOTIFY | clipboard::DIB, &[]),
            ),
            (
                "the formats 0x0 with the action 0x2000000 of the clipboard",
                message(clipboard::REQUEST, &[]),
            ),
            (
                "a clipboard with data where there is none",
                message(clipboard::NOTIFY | clipboard::TEXT, &[0]),
            ),
            (
                "caps with 4 bytes for 2 formats",
                message(clipboard::CAPS | 3, &[0; 4]),
            ),
            ("a clipboard without formats", provide(0, b"")),
            (
                "the inflated bytes end before a format",
                provide(clipboard::TEXT, b"\0\0\0\x03a\0"),
            ),
            (
                "1 inflated bytes are left over",
                provide(clipboard::TEXT, b"\0\0\0\x02a\0b"),
            ),
            (
                "a clipboard without flags",
                vec![3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0],
            ),
        ];
        for (expected, bytes) in cases {
            let (mut viewer, _) = viewer(&[bytes])?;
            let error = viewer.read_message().unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let notify = message(clipboard::NOTIFY, &[]);
        let mut stranger = script(PixelFormat::BGR233, (2, 1), &[], &notify)?;
        assert!(stranger.read_message().is_err());
        Ok(())
    }
}
