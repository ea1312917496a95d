//! Spare keys for symbols that the layout lacks, and the text of the keymap with them.

use super::{keysym, layout};
use std::fmt::Write as _;
use xkbcommon::xkb::{self, Keycode, Keysym};

/// Keycodes that may be spare, the best first.
///
/// Chromium drops keys whose evdev code it has no DOM name for, and takes some others (back,
/// reload, media, volume) as commands whatever their symbol. These it knows, and takes as text:
/// F13 to F24 and keys of Japanese keyboards, then rare keys of media and mail.
const CANDIDATES: [u32; 35] = [
    93, 97, 132, 217, 202, 197, 191, 192, 193, 194, 195, 196, 198, 199, 200, 201, // F13…
    140, 142, 252, 243, 242, 241, 240, 239, 238, 237, 236, 216, 212, 182, 179, 177, 176, 175, 128,
];

/// The spare keys and what they carry now.
#[derive(Clone)]
pub(super) struct Spares {
    /// The keymap's text up to the place for our keys, and the rest.
    head: String,
    tail: String,
    keys: Vec<Spare>,
    clock: u64,
}

#[derive(Clone)]
struct Spare {
    keycode: Keycode,
    /// Its name in the keymap, without brackets.
    name: String,
    kind: &'static str,
    /// Level by level; empty as long as the key is not in use.
    symbols: Vec<Keysym>,
    /// When it was last pressed, by `Spares::clock`.
    used: u64,
}

impl Spares {
    /// Finds the keys of `base` that are free: those without symbols, or with vendors' only,
    /// which a viewer that sends one then gets on a spare key like any other.
    pub(super) fn new(base: &xkb::Keymap) -> Spares {
        let text = base.get_as_string(xkb::KEYMAP_FORMAT_TEXT_V1);
        let mut names = String::new();
        let mut keys = Vec::new();
        for keycode in CANDIDATES.map(Keycode::new) {
            if layout::symbols(base, keycode).any(|(_, symbol)| symbol.raw() < 0x1000_0000) {
                continue;
            }
            let name = match base.key_get_name(keycode) {
                Some(name) => name.to_owned(),
                None => {
                    let name = format!("O{:03}", keycode.raw());
                    if base.key_by_name(&name).is_some() {
                        continue;
                    }
                    _ = writeln!(names, "\t<{name}> = {};", keycode.raw());
                    name
                }
            };
            if !is_modifier(&text, &name) {
                keys.push(Spare {
                    keycode,
                    name,
                    kind: "",
                    symbols: Vec::new(),
                    used: 0,
                });
            }
        }
        let (head, tail) = split(text, &names);
        Spares {
            head,
            tail,
            keys,
            clock: 0,
        }
    }

    /// The keymap's text with what the spare keys carry.
    pub(super) fn text(&self) -> String {
        let mut text = self.head.clone();
        for key in self.keys.iter().filter(|key| !key.symbols.is_empty()) {
            let symbols: Vec<_> = key.symbols.iter().copied().map(symbol).collect();
            _ = writeln!(
                text,
                "\treplace key <{}> {{ type= \"{}\", symbols[Group1]= [ {} ] }};",
                key.name,
                key.kind,
                symbols.join(", ")
            );
        }
        text.push_str(&self.tail);
        text
    }

    /// The spare key that carries `keysym`.
    pub(super) fn find(&self, keysym: Keysym) -> Option<Keycode> {
        let mut keys = self.keys.iter();
        let key = keys.find(|key| key.symbols.contains(&keysym))?;
        Some(key.keycode)
    }

    /// Whether this is a spare key that carries a symbol.
    pub(super) fn is_used(&self, keycode: Keycode) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|key| key.keycode == keycode && !key.symbols.is_empty())
    }

    /// Notes that a key is pressed.
    pub(super) fn touch(&mut self, keycode: Keycode) {
        self.clock += 1;
        if let Some(key) = self.keys.iter_mut().find(|key| key.keycode == keycode) {
            key.used = self.clock;
        }
    }

    /// The spare keys with `keysym` on that which was not used for the longest time and is not
    /// down, and the text with it. `None` if all are down.
    pub(super) fn with(&self, keysym: Keysym, down: &[Keycode]) -> Option<(Spares, String)> {
        let mut spares = self.clone();
        let free = |key: &&mut Spare| !down.contains(&key.keycode);
        let keys = spares.keys.iter_mut().filter(free);
        let key = keys.min_by_key(|key| key.used)?;
        (key.kind, key.symbols) = keysym::levels(keysym);
        let text = spares.text();
        Some((spares, text))
    }

    /// How many keys can carry a symbol at a time.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

/// A symbol as keymaps write it.
fn symbol(keysym: Keysym) -> String {
    xkb::keysym_get_name(keysym)
}

/// Whether the keymap makes the key a modifier whatever its symbols.
fn is_modifier(text: &str, name: &str) -> bool {
    let name = format!("<{name}>");
    let mut maps = text
        .lines()
        .filter(|line| line.trim_start().starts_with("modifier_map"));
    maps.any(|line| line.contains(&name))
}

/// Adds names of keys to the section of keycodes, and cuts the text at the end of the last
/// section, which is that of symbols.
fn split(mut text: String, names: &str) -> (String, String) {
    let maximum = text.find("maximum").unwrap_or_default();
    if let Some(end) = text[maximum..].find('\n') {
        text.insert_str(maximum + end + 1, names);
    }
    let keymap_end = text.rfind("};").unwrap_or_default();
    let symbols_end = text[..keymap_end].rfind("};").unwrap_or_default();
    let tail = text.split_off(symbols_end);
    (text, tail)
}
