//! What the server says once the viewer is in (RFC 6143 §7.3.2, §7.6): each
//! function appends one whole message, or one whole rectangle of an update.

use crate::client_message::Screen;
use crate::clipboard::ClipboardMessage;
use crate::encoding::{Encoding, put_header};
use crate::fence::Fence;
use crate::geometry::{Point, Rect, Size};
use crate::pixel_format::{PixelFormat, bgr233_palette};
use crate::update::{Leds, Move};
use crate::wire::{put_i32, put_rect, put_string, put_u16, put_u32};

/// ServerInit (RFC 6143 §7.3.2). The name is UTF-8.
pub(crate) fn server_init(out: &mut Vec<u8>, size: Size, name: &str) {
    put_u16(out, size.width);
    put_u16(out, size.height);
    out.extend_from_slice(&PixelFormat::BGRX.write());
    put_string(out, name.as_bytes());
}

/// FramebufferUpdate (RFC 6143 §7.6.1), up to its rectangles.
pub(crate) fn framebuffer_update(out: &mut Vec<u8>, rectangles: u16) {
    out.extend_from_slice(&[0, 0]);
    put_u16(out, rectangles);
}

/// SetColourMapEntries (RFC 6143 §7.6.2) with the colours that
/// [`PixelFormat::COLOUR_MAP`] stands for.
pub(crate) fn set_colour_map_entries(out: &mut Vec<u8>) {
    out.extend_from_slice(&[1, 0]);
    put_u16(out, 0);
    put_u16(out, 256);
    for value in bgr233_palette().as_flattened() {
        put_u16(out, *value);
    }
}

/// Bell (RFC 6143 §7.6.3).
pub(crate) fn bell(out: &mut Vec<u8>) {
    out.push(2);
}

/// ServerCutText (RFC 6143 §7.6.4). The text is Latin-1.
pub(crate) fn server_cut_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&[3, 0, 0, 0]);
    put_string(out, text);
}

/// ServerCutText of the extended clipboard (rfbproto "Extended Clipboard Pseudo-Encoding").
/// The bytes of contents have to follow.
pub(crate) fn extended_cut_text(out: &mut Vec<u8>, message: &ClipboardMessage) {
    let mut body = Vec::new();
    message.write(&mut body);
    let contents = match message {
        ClipboardMessage::Provide(contents) => contents.compressed().len(),
        _ => 0,
    };
    out.extend_from_slice(&[3, 0, 0, 0]);
    let length = i32::try_from(body.len() + contents).unwrap_or(i32::MAX);
    put_i32(out, -length);
    out.append(&mut body);
}

/// EndOfContinuousUpdates (rfbproto, section of that name).
pub(crate) fn end_of_continuous_updates(out: &mut Vec<u8>) {
    out.push(150);
}

/// ServerFence (rfbproto, section of that name).
pub(crate) fn server_fence(out: &mut Vec<u8>, fence: &Fence) {
    out.extend_from_slice(&[248, 0, 0, 0]);
    put_u32(out, fence.flags);
    let payload = fence.payload();
    out.push(payload.len() as u8);
    out.extend_from_slice(payload);
}

/// What the server says about xvp.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Xvp {
    /// What was asked for cannot be done.
    Fail = 0,
    /// It can be asked for.
    Init = 1,
}

/// The xvp message of a server (rfbproto "xvp Server Message").
pub(crate) fn xvp(out: &mut Vec<u8>, code: Xvp) {
    const VERSION: u8 = 1;
    out.extend_from_slice(&[250, 0, VERSION, code as u8]);
}

/// A CopyRect rectangle (RFC 6143 §7.7.2).
pub(crate) fn copy_rect(out: &mut Vec<u8>, copy: Move) {
    put_header(out, copy.destination(), Encoding::COPY_RECT);
    put_u16(out, copy.from.x);
    put_u16(out, copy.from.y);
}

/// A DesktopSize rectangle (RFC 6143 §7.8.2).
pub(crate) fn desktop_size(out: &mut Vec<u8>, size: Size) {
    put_header(out, size.rect(), Encoding::DESKTOP_SIZE);
}

/// An ExtendedDesktopSize rectangle (rfbproto "ExtendedDesktopSize
/// Pseudo-encoding"). `reason` and `status` travel in the place of x and y. There
/// are at most 255 screens.
pub(crate) fn extended_desktop_size(
    out: &mut Vec<u8>,
    reason: u16,
    status: u16,
    size: Size,
    screens: &[Screen],
) {
    let header = Rect::new(reason, status, size.width, size.height);
    put_header(out, header, Encoding::EXTENDED_DESKTOP_SIZE);
    let count = u8::try_from(screens.len()).unwrap_or(u8::MAX);
    out.extend_from_slice(&[count, 0, 0, 0]);
    for screen in screens.iter().take(count.into()) {
        put_u32(out, screen.id);
        put_rect(out, screen.area);
        put_u32(out, screen.flags);
    }
}

/// A DesktopName rectangle (rfbproto "DesktopName Pseudo-encoding"). The name is
/// UTF-8.
pub(crate) fn desktop_name(out: &mut Vec<u8>, name: &str) {
    put_header(out, Rect::default(), Encoding::DESKTOP_NAME);
    put_string(out, name.as_bytes());
}

/// A rectangle that says which locks are on, in the form of `encoding` (rfbproto "QEMU LED
/// State Pseudo-encoding" and "VMware LED State Pseudo-encoding").
pub(crate) fn led_state(out: &mut Vec<u8>, encoding: Encoding, leds: Leds) {
    put_header(out, Rect::default(), encoding);
    let bits = [leds.scroll_lock, leds.num_lock, leds.caps_lock];
    let state = (0..)
        .zip(bits)
        .map(|(at, is_on)| u8::from(is_on) << at)
        .sum();
    match encoding {
        Encoding::VMWARE_LED_STATE => put_u32(out, u32::from(state)),
        _ => out.push(state),
    }
}

/// A rectangle that asks for the pointer's motion, or for its place (rfbproto "QEMU Pointer
/// Motion Change Pseudo-encoding").
pub(crate) fn pointer_motion(out: &mut Vec<u8>, relative: bool) {
    let place = Rect::new(u16::from(!relative), 0, 0, 0);
    put_header(out, place, Encoding::QEMU_POINTER_MOTION_CHANGE);
}

/// A rectangle that says where the pointer is, in the form of `encoding` (rfbproto "VMware
/// Cursor Position Pseudo-encoding"; TightVNC's PointerPos has no section).
pub(crate) fn pointer_position(out: &mut Vec<u8>, encoding: Encoding, at: Point) {
    put_header(out, Rect::new(at.x, at.y, 0, 0), encoding);
}

/// An empty rectangle: the server understands what this encoding stands for.
pub(crate) fn acknowledgement(out: &mut Vec<u8>, encoding: Encoding) {
    put_header(out, Rect::default(), encoding);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    #[test]
    fn server_init_as_rfc_6143_has_it() {
        let bytes = written(|out| server_init(out, Size::new(1280, 800), "x\u{e9}"));
        let expected = [
            5, 0, 3, 32, // size
            32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0, // BGRX
            0, 0, 0, 3, b'x', 0xc3, 0xa9,
        ];
        assert_eq!(bytes, expected);
    }

    #[test]
    fn short_messages() {
        assert_eq!(written(bell), [2]);
        assert_eq!(
            written(|out| framebuffer_update(out, 0x1234)),
            [0, 0, 0x12, 0x34]
        );
        assert_eq!(
            written(|out| server_cut_text(out, b"hi")),
            [3, 0, 0, 0, 0, 0, 0, 2, b'h', b'i']
        );
    }

    #[test]
    fn pseudo_rectangles() {
        let size = Size::new(640, 480);
        assert_eq!(
            written(|out| desktop_size(out, size)),
            [0, 0, 0, 0, 2, 128, 1, 224, 255, 255, 255, 0x21] // -223
        );
        let screen = Screen {
            id: 7,
            area: size.rect(),
            flags: 9,
        };
        assert_eq!(
            written(|out| extended_desktop_size(out, 1, 3, size, &[screen])),
            [
                0, 1, 0, 3, 2, 128, 1, 224, 255, 255, 254, 0xcc, // -308
                1, 0, 0, 0, // one screen
                0, 0, 0, 7, 0, 0, 0, 0, 2, 128, 1, 224, 0, 0, 0, 9,
            ]
        );
        assert_eq!(
            written(|out| desktop_name(out, "n")),
            [
                0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 254, 0xcd, 0, 0, 0, 1, b'n'
            ] // -307
        );
    }

    #[test]
    fn colour_map_is_complete() {
        let bytes = written(set_colour_map_entries);
        assert_eq!(bytes.len(), 6 + 256 * 6);
        assert_eq!(bytes[..6], [1, 0, 0, 0, 1, 0]);
        // Index 0 is black, index 7 pure red, index 255 white.
        assert_eq!(bytes[6..12], [0; 6]);
        assert_eq!(bytes[6 + 7 * 6..][..6], [255, 255, 0, 0, 0, 0]);
        assert_eq!(bytes[6 + 255 * 6..], [255; 6]);
    }
}
