//! Where a key is: the scancodes of XT keyboards, as QEMU numbers them.

use xkbcommon::xkb::Keycode;

/// The evdev codes (linux/input-event-codes.h) by scancode, 16 in a row; 0 where there is no key.
/// A scancode that begins with E0 has its high bit set. The numbers are those of keycodemapdb,
/// which QEMU and all viewers go by.
const KEYS: [[u8; 16]; 16] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    ],
    [
        32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
    ],
    [
        48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    ],
    [
        64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79,
    ],
    // 0x54 is Print with Alt held; 0x56, the key beside the left Shift, F11 and F12.
    [
        80, 81, 82, 83, 99, 186, 86, 87, 88, 117, 190, 101, 95, 183, 184, 185,
    ],
    [
        0, 0, 0, 169, 134, 135, 141, 144, 145, 146, 151, 153, 161, 193, 0, 194,
    ],
    // Keys of Japanese, Korean and Brazilian keyboards.
    [
        93, 123, 122, 89, 191, 177, 85, 91, 90, 92, 0, 94, 0, 124, 121, 0,
    ],
    // From here on those that begin with E0.
    [
        0, 171, 150, 187, 189, 129, 130, 131, 176, 181, 182, 120, 132, 0, 233, 178,
    ],
    // Among media and others: Enter of the keypad (0x9c), the right Control (0x9d).
    [
        165, 0, 152, 147, 222, 0, 0, 149, 168, 163, 0, 0, 96, 97, 139, 148,
    ],
    // Mute (0xa0), play (0xa2), volume down (0xae).
    [
        113, 140, 164, 160, 166, 205, 154, 0, 200, 201, 0, 202, 203, 204, 114, 206,
    ],
    // Volume up (0xb0), the slash of the keypad (0xb5), Print (0xb7), AltGr (0xb8).
    [
        115, 167, 172, 207, 208, 98, 209, 99, 100, 210, 211, 212, 137, 213, 214, 215,
    ],
    // Pause (0xc6), then Home and the arrows.
    [
        216, 136, 218, 219, 220, 221, 119, 102, 103, 104, 223, 105, 224, 106, 118, 107,
    ],
    // Insert (0xd2), Delete (0xd3), the Windows keys (0xdb, 0xdc), Menu (0xdd).
    [
        108, 109, 110, 111, 225, 234, 227, 228, 229, 230, 231, 125, 126, 127, 116, 142,
    ],
    // The keys of browsers.
    [
        0, 0, 0, 143, 232, 217, 156, 173, 128, 159, 158, 157, 155, 226, 0, 112,
    ],
    [
        235, 236, 237, 238, 239, 138, 179, 188, 133, 192, 0, 180, 0, 162, 0, 0,
    ],
];

/// How far xkb's keycodes are from those of evdev.
const XKB_OFFSET: u32 = 8;

/// The key with this scancode, if there is one. It has no higher keycode than X knows.
pub(super) fn keycode(scancode: u32) -> Option<Keycode> {
    let scancode = usize::try_from(scancode).ok()?;
    let evdev = *KEYS.get(scancode / 16)?.get(scancode % 16)?;
    (evdev != 0).then(|| Keycode::new(u32::from(evdev) + XKB_OFFSET))
}

#[cfg(test)]
mod tests {
    use super::super::layout::KEYCODES;
    use super::*;

    /// The evdev code.
    fn evdev(scancode: u32) -> Option<u32> {
        keycode(scancode).map(|keycode| keycode.raw() - XKB_OFFSET)
    }

    #[test]
    fn keys_have_the_codes_that_linux_gives_them() {
        for (scancode, code, name) in [
            (0x01, 1, "KEY_ESC"),
            (0x1e, 30, "KEY_A"),
            (0x2a, 42, "KEY_LEFTSHIFT"),
            (0x45, 69, "KEY_NUMLOCK"),
            (0x46, 70, "KEY_SCROLLLOCK"),
            (0x53, 83, "KEY_KPDOT"),
            (0x54, 99, "KEY_SYSRQ"),
            (0x56, 86, "KEY_102ND"),
            (0x57, 87, "KEY_F11"),
            (0x58, 88, "KEY_F12"),
            (0x59, 117, "KEY_KPEQUAL"),
            (0x5d, 183, "KEY_F13"),
            (0x6f, 194, "KEY_F24"),
            (0x70, 93, "KEY_KATAKANAHIRAGANA"),
            (0x71, 123, "KEY_HANJA"),
            (0x72, 122, "KEY_HANGEUL"),
            (0x73, 89, "KEY_RO"),
            (0x79, 92, "KEY_HENKAN"),
            (0x7b, 94, "KEY_MUHENKAN"),
            (0x7d, 124, "KEY_YEN"),
            (0x7e, 121, "KEY_KPCOMMA"),
            (0x90, 165, "KEY_PREVIOUSSONG"),
            (0x99, 163, "KEY_NEXTSONG"),
            (0x9c, 96, "KEY_KPENTER"),
            (0x9d, 97, "KEY_RIGHTCTRL"),
            (0xa0, 113, "KEY_MUTE"),
            (0xa2, 164, "KEY_PLAYPAUSE"),
            (0xae, 114, "KEY_VOLUMEDOWN"),
            (0xb0, 115, "KEY_VOLUMEUP"),
            (0xb5, 98, "KEY_KPSLASH"),
            (0xb7, 99, "KEY_SYSRQ"),
            (0xb8, 100, "KEY_RIGHTALT"),
            (0xc6, 119, "KEY_PAUSE"),
            (0xc7, 102, "KEY_HOME"),
            (0xc8, 103, "KEY_UP"),
            (0xcb, 105, "KEY_LEFT"),
            (0xd1, 109, "KEY_PAGEDOWN"),
            (0xd2, 110, "KEY_INSERT"),
            (0xd3, 111, "KEY_DELETE"),
            (0xdb, 125, "KEY_LEFTMETA"),
            (0xdc, 126, "KEY_RIGHTMETA"),
            (0xdd, 127, "KEY_COMPOSE"),
            (0xde, 116, "KEY_POWER"),
            (0xe5, 217, "KEY_SEARCH"),
            (0xea, 158, "KEY_BACK"),
            (0xf8, 133, "KEY_COPY"),
        ] {
            assert_eq!(evdev(scancode), Some(code), "{scancode:#x}: {name}");
        }
    }

    #[test]
    fn what_is_no_scancode_is_no_key() {
        for scancode in [0, 0x60, 0x80, 0xe0, 0xff, 0x100, 0xe01d, u32::MAX] {
            assert_eq!(keycode(scancode), None, "{scancode:#x}");
        }
    }

    #[test]
    fn two_scancodes_share_a_key_only_where_print_has_two() {
        let mut seen = Vec::new();
        for scancode in 0..=0xff {
            let Some(keycode) = keycode(scancode) else {
                continue;
            };
            assert!(KEYCODES.contains(&keycode.raw()), "{scancode:#x}");
            assert!(
                !seen.contains(&keycode) || scancode == 0xb7,
                "{scancode:#x}"
            );
            seen.push(keycode);
        }
        assert!(seen.len() > 220, "{}", seen.len());
    }
}
