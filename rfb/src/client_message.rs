//! What a viewer says once it is in (RFC 6143 §7.5): bytes become values that mean
//! something by themselves.

use crate::clipboard::{self, MAX_TEXT};
use crate::encoding::Encoding;
use crate::error::Error;
use crate::geometry::{Rect, Size};
use crate::inbox::Fault;
use crate::pixel_format::PixelFormat;
use crate::wire::{Incomplete, Reader};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientMessage {
    SetPixelFormat(PixelFormat),
    /// In the viewer's order of preference.
    SetEncodings(Vec<Encoding>),
    FramebufferUpdateRequest {
        incremental: bool,
        area: Rect,
    },
    KeyEvent {
        keysym: u32,
        pressed: bool,
    },
    PointerEvent {
        x: u16,
        y: u16,
        buttons: u8,
    },
    ClientCutText(String),
    /// The head of a ClientCutText whose body, so many bytes, is to be read past:
    /// too long, or of the extended clipboard, which was not agreed on.
    UnwantedCutText {
        length: usize,
    },
    SetDesktopSize(Layout),
}

/// A desktop: its size, and the screens in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) size: Size,
    pub(crate) screens: Vec<Screen>,
}

/// A part of the desktop that belongs to one monitor (rfbproto "ExtendedDesktopSize
/// Pseudo-encoding", the SCREEN structure).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Screen {
    /// Tells a screen that moved from a new one.
    pub id: u32,
    /// Where it lies, in pixels of the desktop.
    pub area: Rect,
    /// Undefined bits, to be passed on as they came.
    pub flags: u32,
}

/// The size of a SCREEN structure in bytes.
const SCREEN: usize = 16;

impl ClientMessage {
    /// Reads the message at the front of `bytes`, which end with it.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        match reader.u8()? {
            0 => set_pixel_format(&mut reader),
            2 => Ok(set_encodings(&mut reader)?),
            3 => Ok(framebuffer_update_request(&mut reader)?),
            4 => Ok(key_event(&mut reader)?),
            5 => Ok(pointer_event(&mut reader)?),
            6 => Ok(client_cut_text(&mut reader)?),
            251 => Ok(set_desktop_size(&mut reader)?),
            number => Err(Error::UnknownMessage(number).into()),
        }
    }
}

/// RFC 6143 §7.5.1.
fn set_pixel_format(reader: &mut Reader) -> Result<ClientMessage, Fault> {
    let [_, _, _, format @ ..] = reader.array::<19>()?;
    let format = PixelFormat::parse(format).map_err(Error::from)?;
    Ok(ClientMessage::SetPixelFormat(format))
}

/// RFC 6143 §7.5.2.
fn set_encodings(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let [_, high, low] = reader.array()?;
    let count = u16::from_be_bytes([high, low]);
    let (numbers, _) = reader.take(usize::from(count) * 4)?.as_chunks();
    let encodings = numbers
        .iter()
        .map(|number| Encoding(i32::from_be_bytes(*number)));
    Ok(ClientMessage::SetEncodings(encodings.collect()))
}

/// RFC 6143 §7.5.3.
fn framebuffer_update_request(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let body: [u8; 9] = reader.array()?;
    let mut body = Reader::new(&body);
    Ok(ClientMessage::FramebufferUpdateRequest {
        incremental: body.u8()? != 0,
        area: body.rect()?,
    })
}

/// RFC 6143 §7.5.4.
fn key_event(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let [pressed, _, _, keysym @ ..] = reader.array::<7>()?;
    Ok(ClientMessage::KeyEvent {
        keysym: u32::from_be_bytes(keysym),
        pressed: pressed != 0,
    })
}

/// RFC 6143 §7.5.5.
fn pointer_event(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let [buttons, x_high, x_low, y_high, y_low] = reader.array()?;
    Ok(ClientMessage::PointerEvent {
        x: u16::from_be_bytes([x_high, x_low]),
        y: u16::from_be_bytes([y_high, y_low]),
        buttons,
    })
}

/// RFC 6143 §7.5.6; a negative length announces so many bytes of the extended
/// clipboard (rfbproto "Extended Clipboard Pseudo-Encoding").
fn client_cut_text(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let [_, _, _, length @ ..] = reader.array::<7>()?;
    let signed = i32::from_be_bytes(length);
    let length = usize::try_from(signed.unsigned_abs()).unwrap_or(usize::MAX);
    if signed < 0 || length > MAX_TEXT {
        return Ok(ClientMessage::UnwantedCutText { length });
    }
    let text = clipboard::from_latin1(reader.take(length)?);
    Ok(ClientMessage::ClientCutText(text))
}

/// rfbproto "SetDesktopSize".
fn set_desktop_size(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let head: [u8; 7] = reader.array()?;
    let mut head = Reader::new(&head);
    head.u8()?;
    let size = head.size()?;
    let count = head.u8()?;
    let mut body = Reader::new(reader.take(usize::from(count) * SCREEN)?);
    let screen = |_| {
        Ok(Screen {
            id: body.u32()?,
            area: body.rect()?,
            flags: body.u32()?,
        })
    };
    let screens = (0..count).map(screen).collect::<Result<_, _>>()?;
    Ok(ClientMessage::SetDesktopSize(Layout { size, screens }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel_format::InvalidPixelFormat;

    fn complete(bytes: &[u8]) -> ClientMessage {
        match ClientMessage::decode(bytes) {
            Ok(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn set_pixel_format() {
        let mut bytes = vec![0, 9, 9, 9];
        bytes.extend(PixelFormat::BGRX.write());
        assert_eq!(
            complete(&bytes),
            ClientMessage::SetPixelFormat(PixelFormat::BGRX)
        );
        bytes[4] = 24;
        let fault = ClientMessage::decode(&bytes);
        let expected = Error::PixelFormat(InvalidPixelFormat::BitsPerPixel(24));
        assert!(matches!(fault, Err(Fault::Fatal(error)) if error == expected));
    }

    #[test]
    fn set_encodings() {
        let bytes = [2, 0, 0, 3, 0, 0, 0, 5, 255, 255, 255, 0x11, 0, 0, 0, 0];
        assert_eq!(
            complete(&bytes),
            ClientMessage::SetEncodings(vec![Encoding(5), Encoding(-239), Encoding(0)])
        );
        assert_eq!(
            complete(&[2, 0, 0, 0]),
            ClientMessage::SetEncodings(Vec::new())
        );
    }

    #[test]
    fn fixed_sizes() {
        assert_eq!(
            complete(&[3, 1, 0, 1, 0, 2, 1, 0, 2, 0]),
            ClientMessage::FramebufferUpdateRequest {
                incremental: true,
                area: Rect::new(1, 2, 256, 512),
            }
        );
        assert_eq!(
            complete(&[4, 1, 0, 0, 0, 0, 255, 13]),
            ClientMessage::KeyEvent {
                keysym: 0xff0d,
                pressed: true,
            }
        );
        assert_eq!(
            complete(&[5, 0b1000_0001, 1, 0, 2, 3]),
            ClientMessage::PointerEvent {
                x: 256,
                y: 515,
                buttons: 129,
            }
        );
    }

    #[test]
    fn cut_text() {
        assert_eq!(
            complete(&[6, 0, 0, 0, 0, 0, 0, 2, b'a', 0xe9]),
            ClientMessage::ClientCutText("a\u{e9}".into())
        );
        assert_eq!(
            complete(&[6, 0, 0, 0, 0, 0, 0, 0]),
            ClientMessage::ClientCutText(String::new())
        );
        for (length, unwanted) in [
            ([0, 0x10, 0, 1], MAX_TEXT + 1),
            ([0x7f, 255, 255, 255], 0x7fff_ffff),
            ([255, 255, 255, 252], 4),
            ([0x80, 0, 0, 0], 0x8000_0000),
        ] {
            let [a, b, c, d] = length;
            assert_eq!(
                complete(&[6, 0, 0, 0, a, b, c, d]),
                ClientMessage::UnwantedCutText { length: unwanted }
            );
        }
    }

    #[test]
    fn set_desktop_size() {
        let screen = [0, 0, 0, 7, 0, 1, 0, 2, 2, 128, 1, 224, 0, 0, 0, 9];
        let mut bytes = vec![251, 0, 2, 128, 1, 224, 1, 0];
        bytes.extend(screen);
        let layout = Layout {
            size: Size::new(640, 480),
            screens: vec![Screen {
                id: 7,
                area: Rect::new(1, 2, 640, 480),
                flags: 9,
            }],
        };
        assert_eq!(complete(&bytes), ClientMessage::SetDesktopSize(layout));
    }

    #[test]
    fn unknown_messages_are_fatal() {
        for number in (0..=255).filter(|number| ![0, 2, 3, 4, 5, 6, 251].contains(number)) {
            let fault = ClientMessage::decode(&[number; 40]);
            let expected = Error::UnknownMessage(number);
            assert!(matches!(fault, Err(Fault::Fatal(error)) if error == expected));
        }
    }

    /// Every shorter piece of a message asks for more, a few times at most.
    #[test]
    fn asks_for_more_and_not_too_often() {
        let mut encodings = vec![2, 0, 255, 255];
        encodings.resize(4 + 65_535 * 4, 1);
        let mut desktop = vec![251, 0, 2, 128, 1, 224, 255, 0];
        desktop.resize(8 + 255 * SCREEN, 1);
        let mut text = vec![6, 0, 0, 0, 0, 0x10, 0, 0];
        text.resize(8 + MAX_TEXT, b'a');
        for message in [
            vec![0; 20],
            encodings,
            vec![3; 10],
            vec![4; 8],
            vec![5; 6],
            text,
            desktop,
        ] {
            let mut length = 0;
            let mut attempts = 0;
            loop {
                match ClientMessage::decode(&message[..length]) {
                    Err(Fault::Incomplete(incomplete)) => {
                        assert!(incomplete.needed > length);
                        length = incomplete.needed;
                        attempts += 1;
                    }
                    // All zeros are no pixel format.
                    Ok(_) | Err(Fault::Fatal(Error::PixelFormat(_))) => break,
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(length, message.len());
            assert!(attempts <= 3, "{attempts} attempts");
        }
    }
}
