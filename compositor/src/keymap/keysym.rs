//! Keysyms as viewers send them, brought to one form.

use xkbcommon::xkb::{self, Keysym};

/// How a keysym is looked for on the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It names a character or a dead key: exactly this symbol must arrive.
    Character,
    /// A key of the keypad that has a digit and a motion, told apart by Num Lock.
    Keypad,
    /// It names a key: modifiers stay as they are held.
    Function,
}

/// The kind of a keysym in the form that [`read`] gives.
pub(super) fn kind(keysym: Keysym) -> Kind {
    match keysym.raw() {
        0xff95..=0xff9f | 0xffac | 0xffae | 0xffb0..=0xffb9 => Kind::Keypad,
        // Latin-1 and the other legacy sets, dead keys, Unicode.
        0x20..=0xfcff | 0xfe50..=0xfe6f | 0xfe80..=0xfecf | 0x0100_0000..=0x0110_ffff => {
            Kind::Character
        }
        _ => Kind::Function,
    }
}

/// Reads a keysym of the wire. Numbers that are no keysym but a Unicode code point are read as
/// that, since some viewers send it. `None` for those that mean nothing.
pub(super) fn read(raw: u32) -> Option<Keysym> {
    match raw {
        0 | 0x00ff_ffff => None,
        0x0100_0000..=0x0110_ffff => from_code_point(raw - 0x0100_0000),
        _ if has_name(raw) => Some(one_form(Keysym::new(raw))),
        0..=0x0010_ffff => from_code_point(raw),
        // Vendors' keys that this xkb has no name for.
        0x1000_0000..=0x1fff_ffff => Some(Keysym::new(raw)),
        _ => None,
    }
}

/// Brings all keysyms of one character to one form: the legacy keysym where there is one, so
/// `U20AC` becomes `EuroSign`.
pub(super) fn one_form(keysym: Keysym) -> Keysym {
    if kind(keysym) == Kind::Character {
        let character = xkb::keysym_to_utf32(keysym);
        let form = xkb::utf32_to_keysym(character);
        if character != 0 && form.raw() != 0 {
            return form;
        }
    }
    keysym
}

/// The xkb type and the symbols of a key that is to carry `keysym`, level by level.
///
/// A letter gets both its cases, as on a keyboard's own keys: applications compare shortcuts with
/// the first level. The type also keeps Caps Lock from changing letters that have one case only.
pub(super) fn levels(keysym: Keysym) -> (&'static str, Vec<Keysym>) {
    let character = match kind(keysym) {
        Kind::Character => char::from_u32(xkb::keysym_to_utf32(keysym)),
        Kind::Keypad | Kind::Function => None,
    };
    match character {
        Some(c) if c.is_lowercase() || c.is_uppercase() => {
            let lower = single(c.to_lowercase()).unwrap_or(c);
            let upper = single(c.to_uppercase()).unwrap_or(c);
            let pair = single(lower.to_uppercase()) == Some(upper)
                && single(upper.to_lowercase()) == Some(lower);
            let symbols = if pair {
                [lower, upper].map(|c| xkb::utf32_to_keysym(c.into()))
            } else {
                [keysym; 2]
            };
            ("ALPHABETIC", symbols.to_vec())
        }
        _ => ("ONE_LEVEL", vec![keysym]),
    }
}

fn from_code_point(code_point: u32) -> Option<Keysym> {
    let character = char::from_u32(code_point)?;
    let keysym = xkb::utf32_to_keysym(code_point);
    // Control characters are keys (Return, Tab) or nothing.
    let named = !character.is_control() || kind(keysym) == Kind::Function;
    (keysym.raw() != 0 && named).then_some(keysym)
}

fn has_name(raw: u32) -> bool {
    let name = xkb::keysym_get_name(Keysym::new(raw));
    !name.is_empty() && !name.starts_with("0x")
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}
