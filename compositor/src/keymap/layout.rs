//! A compiled keymap, and where each symbol is on it.

use super::{KeyboardConfig, keysym};
use std::collections::HashMap;
use xkbcommon::xkb::{self, Keycode, Keysym};

/// The keycodes that are used: 0 to 8 have no evdev code of a key, and X has none above 255.
pub(super) const KEYCODES: std::ops::RangeInclusive<u32> = 9..=255;

/// A compiled keymap with the text that it is made of.
pub(super) struct Layout {
    text: String,
    xkb: xkb::Keymap,
    /// By keysym in its one form; ordered by keycode, layout, level.
    places: HashMap<Keysym, Vec<Place>>,
}

/// Where a symbol is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) keycode: Keycode,
    pub(super) layout: u32,
    pub(super) level: u32,
}

impl Layout {
    /// Compiles a keymap's text. `None` if it is wrong.
    pub(super) fn compile(context: &xkb::Context, text: String) -> Option<Layout> {
        let xkb = xkb::Keymap::new_from_string(
            context,
            text.clone(),
            xkb::KEYMAP_FORMAT_TEXT_V1,
            xkb::KEYMAP_COMPILE_NO_FLAGS,
        )?;
        let mut places: HashMap<Keysym, Vec<Place>> = HashMap::new();
        for keycode in KEYCODES.map(Keycode::new) {
            for (place, symbol) in symbols(&xkb, keycode) {
                places
                    .entry(keysym::one_form(symbol))
                    .or_default()
                    .push(place);
            }
        }
        Some(Layout { text, xkb, places })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn xkb(&self) -> &xkb::Keymap {
        &self.xkb
    }

    /// All places of a symbol, in any layout and level.
    pub(super) fn places(&self, keysym: Keysym) -> &[Place] {
        self.places.get(&keysym).map_or(&[], Vec::as_slice)
    }

    /// Whether the key has the symbol in any layout and level.
    pub(super) fn carries(&self, keycode: Keycode, keysym: Keysym) -> bool {
        self.places(keysym)
            .iter()
            .any(|place| place.keycode == keycode)
    }

    /// The key for a symbol that names a key, in the active layout: the lowest level, then the
    /// lowest keycode. The level need not be the active one (`ISO_Left_Tab` is the Tab key), but
    /// the key must not be dead in its first.
    pub(super) fn key_for(&self, state: &xkb::State, keysym: Keysym) -> Option<Keycode> {
        let usable = |place: &&Place| {
            state.key_get_layout(place.keycode) == place.layout
                && (self.has_first_level(place) || gives(state, place.keycode, keysym))
        };
        let places = self.places(keysym).iter().filter(usable);
        let best = places.min_by_key(|place| (place.level, place.keycode))?;
        Some(best.keycode)
    }

    fn has_first_level(&self, place: &Place) -> bool {
        let symbols = self
            .xkb
            .key_get_syms_by_level(place.keycode, place.layout, 0);
        !symbols.is_empty()
    }
}

/// Whether the key types the symbol in this state.
pub(super) fn gives(state: &xkb::State, keycode: Keycode, keysym: Keysym) -> bool {
    keysym::one_form(state.key_get_one_sym(keycode)) == keysym
}

/// The symbols of a key, without those levels that have none or several.
pub(super) fn symbols(
    xkb: &xkb::Keymap,
    keycode: Keycode,
) -> impl Iterator<Item = (Place, Keysym)> {
    let layouts = 0..xkb.num_layouts_for_key(keycode);
    layouts.flat_map(move |layout| {
        let levels = 0..xkb.num_levels_for_key(keycode, layout);
        levels.filter_map(move |level| {
            let place = Place {
                keycode,
                layout,
                level,
            };
            match xkb.key_get_syms_by_level(keycode, layout, level) {
                [symbol] => Some((place, *symbol)),
                _ => None,
            }
        })
    })
}

/// Compiles the keymap that rules, model, layout, variant and options name.
pub(super) fn from_names(context: &xkb::Context, config: &KeyboardConfig) -> Option<xkb::Keymap> {
    let options = config.options.as_deref().unwrap_or_default();
    let names = [
        &config.rules,
        &config.model,
        &config.layout,
        &config.variant,
        options,
    ];
    // The bindings panic on a zero byte.
    if names.iter().any(|name| name.contains('\0')) {
        return None;
    }
    xkb::Keymap::new_from_names(
        context,
        config.rules.as_str(),
        config.model.as_str(),
        config.layout.as_str(),
        config.variant.as_str(),
        config.options.clone(),
        xkb::KEYMAP_COMPILE_NO_FLAGS,
    )
}
