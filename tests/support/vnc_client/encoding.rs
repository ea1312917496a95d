//! Numbers of encodings and pseudo-encodings (RFC 6143 §7.7, §7.8, and rfbproto "Encodings").

/// Pixels as they are.
pub const RAW: i32 = 0;
/// A copy of another place of the framebuffer.
pub const COPY_RECT: i32 = 1;
/// Rectangles of one colour on a background.
pub const RRE: i32 = 2;
/// RRE with shorter numbers, for small rectangles.
pub const CORRE: i32 = 4;
/// Tiles of 16 × 16 pixels.
pub const HEXTILE: i32 = 5;
/// Raw pixels in one zlib stream.
pub const ZLIB: i32 = 6;
/// Palettes, filters and JPEG, in four zlib streams.
pub const TIGHT: i32 = 7;
/// Tiles of 16 × 16 pixels with palettes and runs.
pub const TRLE: i32 = 15;
/// The like in tiles of 64 × 64 pixels, in one zlib stream.
pub const ZRLE: i32 = 16;
/// A JPEG picture.
pub const JPEG: i32 = 21;
/// Tight with PNG pictures instead of zlib streams.
pub const TIGHT_PNG: i32 = -260;

/// The size can change.
pub const DESKTOP_SIZE: i32 = -223;
/// An update can end before its announced number of rectangles.
pub const LAST_RECT: i32 = -224;
/// The viewer shows where the pointer is.
pub const POINTER_POS: i32 = -232;
/// The viewer draws the cursor.
pub const CURSOR: i32 = -239;
/// The viewer draws a cursor of two colours.
pub const X_CURSOR: i32 = -240;
/// The server can ask for relative motions of the pointer.
pub const QEMU_POINTER_MOTION: i32 = -257;
/// Keys can be sent as keycodes.
pub const QEMU_EXTENDED_KEY: i32 = -258;
/// The viewer can play sound.
pub const QEMU_AUDIO: i32 = -259;
/// The state of the lock keys.
pub const QEMU_LED_STATE: i32 = -261;
/// The General Input Interface.
pub const GII: i32 = -305;
/// The name can change.
pub const DESKTOP_NAME: i32 = -307;
/// The size can change, and the viewer can ask for that.
pub const EXTENDED_DESKTOP_SIZE: i32 = -308;
/// The viewer can ask for a shutdown.
pub const XVP: i32 = -309;
/// Points in the streams that the other side answers.
pub const FENCE: i32 = -312;
/// Updates without requests.
pub const CONTINUOUS_UPDATES: i32 = -313;
/// The viewer draws a cursor with an alpha channel.
pub const CURSOR_WITH_ALPHA: i32 = -314;
/// Pointer events can have more buttons.
pub const EXTENDED_MOUSE_BUTTONS: i32 = -316;
/// Tight can leave zlib out.
pub const TIGHT_WITHOUT_ZLIB: i32 = -317;
/// The viewer draws the cursor, in VMware's form.
pub const VMWARE_CURSOR: i32 = 0x574d_5664;
/// The viewer shows where the pointer is, in VMware's form.
pub const VMWARE_CURSOR_POSITION: i32 = 0x574d_5666;
/// The state of the lock keys, in VMware's form.
pub const VMWARE_LED_STATE: i32 = 0x574d_5668;
/// Cut texts can be more than Latin-1.
pub const EXTENDED_CLIPBOARD: i32 = 0xc0a1_e5ce_u32 as i32;

/// The quality of JPEG from 0 (low) to 9 (high).
pub const fn quality(level: u8) -> i32 {
    -32 + level as i32
}

/// The quality of JPEG in percent.
pub const fn fine_quality(percent: u8) -> i32 {
    -512 + percent as i32
}

/// How much to compress, from 0 (quick) to 9 (small).
pub const fn compression(level: u8) -> i32 {
    -256 + level as i32
}

/// How many pixels of a JPEG share a colour.
pub mod subsampling {
    /// Each has its own.
    pub const NONE: i32 = -768;
    /// Four share one.
    pub const FOUR: i32 = -767;
    /// Two share one.
    pub const TWO: i32 = -766;
    /// There are no colours.
    pub const GREY: i32 = -765;
}
