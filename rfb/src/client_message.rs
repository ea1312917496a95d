//! What a viewer says once it is in (RFC 6143 §7.5): bytes become values that mean
//! something by themselves.

use crate::clipboard::{self, ClipboardMessage, MAX_CONTENTS};
use crate::encoding::Encoding;
use crate::error::Error;
use crate::fence::Fence;
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
        /// If the viewer tells it: as [`Event::Key`](crate::Event::Key) has it.
        keycode: Option<u32>,
        pressed: bool,
    },
    PointerEvent {
        x: u16,
        y: u16,
        /// As [`Event::Pointer`](crate::Event::Pointer) has them.
        buttons: u16,
    },
    ClientCutText(String),
    /// A ClientCutText of the extended clipboard.
    Clipboard(ClipboardMessage),
    EnableContinuousUpdates {
        enable: bool,
        area: Rect,
    },
    ClientFence(Fence),
    Xvp {
        version: u8,
        code: u8,
    },
    SetDesktopSize(Layout),
    /// The head of a message whose rest, so many bytes, is to be read past, as nothing comes
    /// of it.
    Unwanted {
        rest: usize,
    },
}

/// What was agreed on about the messages of a viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// The highest bit of the buttons says that a byte with more of them follows.
    pub(crate) extended_mouse_buttons: bool,
    /// A negative length of a text is understood.
    pub(crate) extended_clipboard: bool,
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
    pub(crate) fn decode(bytes: &[u8], dialect: Dialect) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        let message = match reader.u8()? {
            0 => set_pixel_format(&mut reader)?,
            2 => set_encodings(&mut reader)?,
            3 => framebuffer_update_request(&mut reader)?,
            4 => key_event(&mut reader)?,
            5 => pointer_event(&mut reader, dialect)?,
            6 => client_cut_text(&mut reader, dialect)?,
            150 => enable_continuous_updates(&mut reader)?,
            248 => client_fence(&mut reader)?,
            250 => xvp(&mut reader)?,
            251 => set_desktop_size(&mut reader)?,
            253 => gii(&mut reader)?,
            255 => qemu(&mut reader)?,
            number => return Err(Error::UnknownMessage(number).into()),
        };
        Ok(message)
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
        keycode: None,
        pressed: pressed != 0,
    })
}

/// RFC 6143 §7.5.5; rfbproto "PointerEvent" with a byte of more buttons.
fn pointer_event(reader: &mut Reader, dialect: Dialect) -> Result<ClientMessage, Incomplete> {
    const EXTENDED: u8 = 0x80;
    let [buttons, x_high, x_low, y_high, y_low] = reader.array()?;
    let buttons = match dialect.extended_mouse_buttons {
        true if buttons & EXTENDED != 0 => {
            u16::from(buttons & !EXTENDED) | u16::from(reader.u8()?) << 7
        }
        _ => buttons.into(),
    };
    Ok(ClientMessage::PointerEvent {
        x: u16::from_be_bytes([x_high, x_low]),
        y: u16::from_be_bytes([y_high, y_low]),
        buttons,
    })
}

/// RFC 6143 §7.5.6; a negative length announces so many bytes of the extended
/// clipboard (rfbproto "Extended Clipboard Pseudo-Encoding"). No content of a clipboard is
/// an error.
fn client_cut_text(reader: &mut Reader, dialect: Dialect) -> Result<ClientMessage, Incomplete> {
    let [_, _, _, length @ ..] = reader.array::<7>()?;
    let signed = i32::from_be_bytes(length);
    let length = usize::try_from(signed.unsigned_abs()).unwrap_or(usize::MAX);
    let is_extended = signed < 0;
    if length > MAX_CONTENTS || is_extended && !dialect.extended_clipboard {
        return Ok(ClientMessage::Unwanted { rest: length });
    }
    let body = reader.take(length)?;
    Ok(match is_extended {
        true => ClipboardMessage::read(body).map_or(
            ClientMessage::Unwanted { rest: 0 },
            ClientMessage::Clipboard,
        ),
        false => ClientMessage::ClientCutText(clipboard::from_latin1(body)),
    })
}

/// rfbproto "EnableContinuousUpdates".
fn enable_continuous_updates(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let body: [u8; 9] = reader.array()?;
    let mut body = Reader::new(&body);
    Ok(ClientMessage::EnableContinuousUpdates {
        enable: body.u8()? != 0,
        area: body.rect()?,
    })
}

/// rfbproto "ClientFence". One with too long a payload is nothing.
fn client_fence(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let [_, _, _, flags @ .., length] = reader.array::<8>()?;
    let fence = Fence::new(u32::from_be_bytes(flags), reader.take(length.into())?);
    Ok(fence.map_or(
        ClientMessage::Unwanted { rest: 0 },
        ClientMessage::ClientFence,
    ))
}

/// rfbproto "xvp Client Message".
fn xvp(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let [_, version, code] = reader.array()?;
    Ok(ClientMessage::Xvp { version, code })
}

/// rfbproto "gii Client Message": of what it brings, nothing is used.
fn gii(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    const BIG_ENDIAN: u8 = 0x80;
    let [kind, length @ ..] = reader.array::<3>()?;
    let length = match kind & BIG_ENDIAN {
        0 => u16::from_le_bytes(length),
        _ => u16::from_be_bytes(length),
    };
    Ok(ClientMessage::Unwanted {
        rest: length.into(),
    })
}

/// rfbproto "QEMU Client Message".
fn qemu(reader: &mut Reader) -> Result<ClientMessage, Fault> {
    match reader.u8()? {
        0 => Ok(qemu_extended_key_event(reader)?),
        1 => qemu_audio(reader),
        other => Err(Error::UnknownQemuMessage(other).into()),
    }
}

/// rfbproto "QEMU Extended Key Event Message".
fn qemu_extended_key_event(reader: &mut Reader) -> Result<ClientMessage, Incomplete> {
    let body: [u8; 10] = reader.array()?;
    let mut body = Reader::new(&body);
    Ok(ClientMessage::KeyEvent {
        pressed: body.u16()? != 0,
        keysym: body.u32()?,
        keycode: Some(body.u32()?).filter(|keycode| *keycode != 0),
    })
}

/// rfbproto "QEMU Audio Client Message": there is no sound to send.
fn qemu_audio(reader: &mut Reader) -> Result<ClientMessage, Fault> {
    let format = match reader.u16()? {
        0 | 1 => 0,
        2 => 6,
        other => return Err(Error::UnknownAudioOperation(other).into()),
    };
    reader.take(format)?;
    Ok(ClientMessage::Unwanted { rest: 0 })
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
mod tests;
