//! What viewers type becomes keys of the seat.
//!
//! A viewer names keys by keysym (RFC 6143 §7.5.4), a Wayland client gets keycodes and looks the
//! symbols up in the keymap. So for each keysym this finds a key that gives it, changes modifiers
//! around the press where the held ones would give another symbol, and puts a symbol that the
//! layout lacks on a spare key. If the viewer also tells where its key is, the key in that place
//! comes first, as far as [`Keys`] allow.
//!
//! All keys of the seat must come from here: the modifiers are tracked in a state of our own, and
//! a key that several viewers hold goes up when the last one lets go.

mod fake;
mod keysym;
mod layout;
mod scancode;
mod spare;
#[cfg(test)]
mod tests;

use fake::Plan;
use keysym::Kind;
use layout::Layout;
use rfb::Leds;
use spare::Spares;
use std::fmt;
use xkbcommon::xkb::{self, Keycode, Keysym};

/// Which keyboard the seat has, in xkb's words (`man xkeyboard-config`). An empty string means
/// xkb's default, which the environment (`XKB_DEFAULT_RULES` and so on) may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyboardConfig {
    /// The rules file, nearly always `evdev`.
    pub rules: String,
    /// The model, such as `pc105`.
    pub model: String,
    /// The layouts, comma-separated, such as `us` or `us,de`.
    pub layout: String,
    /// One variant for each layout, comma-separated, such as `intl`.
    pub variant: String,
    /// Options, comma-separated, such as `caps:escape`. `None` means xkb's default, `Some("")`
    /// no options.
    pub options: Option<String>,
}

impl Default for KeyboardConfig {
    fn default() -> KeyboardConfig {
        KeyboardConfig {
            rules: String::new(),
            model: String::new(),
            layout: "us".to_owned(),
            variant: String::new(),
            options: None,
        }
    }
}

/// Which key is pressed when a viewer tells a symbol and a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// The key in that place if it gives that symbol with the modifiers as they are, or if the
    /// viewer does not know the symbol. Else one that gives it.
    #[default]
    Auto,
    /// One that gives the symbol. Viewers are not asked for places.
    Keysym,
    /// The key in that place, whatever it gives.
    Scancode,
}

/// A key as a viewer names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The X11 keysym; 0 if the viewer does not know it.
    pub keysym: u32,
    /// Where the key is, if the viewer tells: the XT scancode, with the high bit set where that
    /// begins with E0 (rfbproto, QEMU Extended Key Event Message).
    pub scancode: Option<u32>,
}

/// Why there is no keymap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeymapError {
    /// The files of xkb are not installed.
    NoData,
    /// The configuration does not compile.
    Layout {
        /// The layouts asked for.
        layout: String,
        /// Their variants.
        variant: String,
    },
}

impl fmt::Display for KeymapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeymapError::NoData => write!(
                f,
                "no keyboard layouts found: install the package xkb-data or xkeyboard-config"
            ),
            KeymapError::Layout { layout, variant } => write!(
                f,
                "keyboard layout \"{layout}\" with variant \"{variant}\" does not compile: \
                 choose names from \"man xkeyboard-config\""
            ),
        }
    }
}

impl std::error::Error for KeymapError {}

/// One key going down or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// The xkb keycode: the evdev code plus 8.
    pub keycode: u32,
    /// Whether the key goes down.
    pub pressed: bool,
    /// It is for the window, whatever an input method takes: that gave the key back.
    pub given_back: bool,
}

/// What the seat has to do, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strokes {
    /// If the keymap changed: give [`Keymap::text`] to the seat, then set Caps Lock, Num Lock and
    /// the layout as they are here, which a seat forgets with its keymap.
    pub keymap_changed: Option<Modifiers>,
    /// Then these keys, in order.
    pub keys: Vec<Stroke>,
}

/// The state of the modifiers. The masks are as in `wl_keyboard.modifiers`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modifiers {
    /// Mask of the modifiers whose keys are down.
    pub depressed: u32,
    /// Mask of the modifiers that hold for the next key.
    pub latched: u32,
    /// Mask of the locked modifiers.
    pub locked: u32,
    /// The active layout, counted from 0.
    pub layout: u32,
    /// Whether Caps Lock is locked.
    pub caps_lock: bool,
    /// Whether Num Lock is locked.
    pub num_lock: bool,
}

impl Modifiers {
    fn of(state: &xkb::State) -> Modifiers {
        Modifiers {
            depressed: state.serialize_mods(xkb::STATE_MODS_DEPRESSED),
            latched: state.serialize_mods(xkb::STATE_MODS_LATCHED),
            locked: state.serialize_mods(xkb::STATE_MODS_LOCKED),
            layout: state.serialize_layout(xkb::STATE_LAYOUT_EFFECTIVE),
            caps_lock: state.mod_name_is_active(xkb::MOD_NAME_CAPS, xkb::STATE_MODS_LOCKED),
            num_lock: state.mod_name_is_active(xkb::MOD_NAME_NUM, xkb::STATE_MODS_LOCKED),
        }
    }
}

/// The seat's keymap and what viewers hold.
pub struct Keymap {
    context: xkb::Context,
    keys: Keys,
    layout: Layout,
    spares: Spares,
    /// Follows the seat's state, stroke by stroke.
    state: xkb::State,
    /// In the order of the presses; at most one entry for a viewer and a key.
    held: Vec<Held>,
}

struct Held {
    viewer: u64,
    /// As the viewer named it last, if it did.
    keysym: Option<Keysym>,
    scancode: Option<u32>,
    keycode: Keycode,
    /// See [`Stroke::given_back`].
    given_back: bool,
}

impl Keymap {
    /// Compiles the keymap of this configuration.
    ///
    /// # Errors
    /// When xkb's files are missing, or have no such layout or variant.
    pub fn new(config: &KeyboardConfig, keys: Keys) -> Result<Keymap, KeymapError> {
        // A context with the default paths would be null where there are none: add them after.
        let mut context = xkb::Context::new(xkb::CONTEXT_NO_DEFAULT_INCLUDES);
        // xkb prints to stderr; our caller has the error.
        context.set_log_level(xkb::LogLevel::Critical);
        if !context.include_path_append_default() {
            return Err(KeymapError::NoData);
        }
        let error = || KeymapError::Layout {
            layout: config.layout.clone(),
            variant: config.variant.clone(),
        };
        let base = layout::from_names(&context, config).ok_or_else(error)?;
        let spares = Spares::new(&base);
        let layout = Layout::compile(&context, spares.text()).ok_or_else(error)?;
        let state = xkb::State::new(layout.xkb());
        Ok(Keymap {
            context,
            keys,
            layout,
            spares,
            state,
            held: Vec::new(),
        })
    }

    /// The keymap in xkb's text format, version 1, complete. It changes when [`Strokes`] say so.
    #[must_use]
    pub fn text(&self) -> &str {
        self.layout.text()
    }

    /// The state of a keyboard with the keymap of this text, in xkb's text format; `None` if that
    /// is wrong. It has nothing to do with the seat.
    pub(crate) fn compile(&self, text: &str) -> Option<xkb::State> {
        let keymap = xkb::Keymap::new_from_string(
            &self.context,
            text.to_owned(),
            xkb::KEYMAP_FORMAT_TEXT_V1,
            xkb::KEYMAP_COMPILE_NO_FLAGS,
        )?;
        Some(xkb::State::new(&keymap))
    }

    /// The modifiers after all strokes so far.
    #[must_use]
    pub fn modifiers(&self) -> Modifiers {
        Modifiers::of(&self.state)
    }

    /// Which lights of the keyboard are on after all strokes so far.
    #[must_use]
    pub fn leds(&self) -> Leds {
        let is_on = |name: &str| self.state.led_name_is_active(name);
        Leds {
            scroll_lock: is_on(xkb::LED_NAME_SCROLL),
            num_lock: is_on(xkb::LED_NAME_NUM),
            caps_lock: is_on(xkb::LED_NAME_CAPS),
        }
    }

    /// `viewer` presses `key`. A press of what it already holds is a repetition: the key goes
    /// up and down again, but nothing happens if it is a modifier.
    pub fn press(&mut self, viewer: u64, key: Key) -> Strokes {
        self.press_for(viewer, key, false)
    }

    /// As [`press`](Self::press), by an input method that gives the key back to the window. Whether
    /// others hold it does not matter, as that is told the input method and not the window.
    pub fn give_back(&mut self, viewer: u64, key: Key) -> Strokes {
        self.press_for(viewer, key, true)
    }

    fn press_for(&mut self, viewer: u64, key: Key, given_back: bool) -> Strokes {
        let mut strokes = Strokes::default();
        let (keysym, scancode) = self.read(key);
        let Some(plan) = self.plan(keysym, scancode, &mut strokes) else {
            return strokes;
        };
        let keycode = plan.keycode;
        self.spares.touch(keycode);
        let down = self.is_down(keycode, given_back);
        let repeats = self.layout.xkb().key_repeats(keycode);
        let mut send = |keycode, pressed| {
            self.send(&mut strokes, keycode, pressed, given_back);
        };
        if repeats && down {
            send(keycode, false);
        }
        if repeats || !down {
            for stroke in plan.before {
                send(stroke.keycode.into(), stroke.pressed);
            }
            send(keycode, true);
            for stroke in plan.after {
                send(stroke.keycode.into(), stroke.pressed);
            }
        }
        let mine = |held: &Held| {
            held.viewer == viewer && held.keycode == keycode && held.given_back == given_back
        };
        match self.held.iter_mut().find(|held| mine(held)) {
            // The newest name counts: a viewer may send `a`, Shift, `A`, and release only `A`.
            Some(held) => {
                held.keysym = keysym.or(held.keysym);
                held.scancode = scancode.or(held.scancode);
            }
            None => self.held.push(Held {
                viewer,
                keysym,
                scancode,
                keycode,
                given_back,
            }),
        }
        strokes
    }

    /// `viewer` releases `key`: the key that its press used goes up, unless another viewer holds
    /// it too. Where it is counts more than its symbol, which may be another one by now. A viewer
    /// that names only the symbol, and another one of the same key (`A` after a press of `a`), is
    /// understood. What was never pressed is ignored.
    pub fn release(&mut self, viewer: u64, key: Key) -> Strokes {
        let mut strokes = Strokes::default();
        let (keysym, scancode) = self.read(key);
        let in_place =
            |held: &Held| held.viewer == viewer && scancode.is_some() && held.scancode == scancode;
        if self.held.iter().any(in_place) {
            // Several if a repetition had another symbol, which is on another key here.
            while let Some(at) = self.held.iter().rposition(in_place) {
                self.let_go(&mut strokes, at);
            }
        } else if let Some(at) = self.find_held(viewer, keysym, scancode) {
            self.let_go(&mut strokes, at);
        }
        strokes
    }

    /// What `viewer` holds of a key by this symbol, by another symbol of it, or in this place.
    fn find_held(
        &self,
        viewer: u64,
        keysym: Option<Keysym>,
        scancode: Option<u32>,
    ) -> Option<usize> {
        let keycode = scancode.and_then(scancode::keycode);
        let ways: [&dyn Fn(&Held) -> bool; 3] = [
            &|held| keysym.is_some() && held.keysym == keysym,
            &|held| keysym.is_some_and(|keysym| self.layout.carries(held.keycode, keysym)),
            &|held| keycode == Some(held.keycode),
        ];
        let find = |without_place: bool| {
            let mine =
                |held: &Held| held.viewer == viewer && (held.scancode.is_none() || !without_place);
            let mut found = ways.iter().map(|is_it| {
                let mut held = self.held.iter();
                held.rposition(|held| mine(held) && is_it(held))
            });
            found.find_map(|at| at)
        };
        // What was pressed in a place will be released there.
        find(true).or_else(|| find(false))
    }

    /// Releases everything that `viewer` holds: for a viewer that leaves or loses its rights.
    pub fn release_all(&mut self, viewer: u64) -> Strokes {
        let mut strokes = Strokes::default();
        while let Some(at) = self.held.iter().rposition(|held| held.viewer == viewer) {
            self.let_go(&mut strokes, at);
        }
        strokes
    }

    fn let_go(&mut self, strokes: &mut Strokes, at: usize) {
        let Held {
            keycode,
            given_back,
            ..
        } = self.held.remove(at);
        if !self.is_down(keycode, given_back) {
            self.send(strokes, keycode, false, given_back);
        }
    }

    fn send(&mut self, strokes: &mut Strokes, keycode: Keycode, pressed: bool, given_back: bool) {
        fake::update(&mut self.state, keycode, pressed);
        strokes.keys.push(Stroke {
            keycode: keycode.raw(),
            pressed,
            given_back,
        });
    }

    fn is_down(&self, keycode: Keycode, given_back: bool) -> bool {
        let mut held = self.held.iter();
        held.any(|held| held.keycode == keycode && held.given_back == given_back)
    }

    /// The keys that are down, in the order of the presses: each once, or twice if it was also
    /// given back.
    fn down(&self) -> Vec<Keycode> {
        let mut down = Vec::new();
        for held in &self.held {
            let key = (held.keycode, held.given_back);
            if !down.contains(&key) {
                down.push(key);
            }
        }
        down.into_iter().map(|(keycode, _)| keycode).collect()
    }

    /// What is made of a viewer's words: a symbol, and a place.
    fn read(&self, key: Key) -> (Option<Keysym>, Option<u32>) {
        let scancode = key.scancode.filter(|_| self.keys != Keys::Keysym);
        (keysym::read(key.keysym), scancode)
    }

    /// How to press a key; `None` if there is no way.
    fn plan(
        &mut self,
        keysym: Option<Keysym>,
        scancode: Option<u32>,
        strokes: &mut Strokes,
    ) -> Option<Plan> {
        let in_place =
            scancode
                .and_then(scancode::keycode)
                .filter(|keycode| match (self.keys, keysym) {
                    (Keys::Auto, Some(keysym)) => layout::gives(&self.state, *keycode, keysym),
                    // What a spare key carries has nothing to do with its place.
                    _ => !self.spares.is_used(*keycode),
                });
        match in_place {
            Some(keycode) => Some(Plan::plain(keycode)),
            None => self.find_or_define(keysym?, strokes),
        }
    }

    fn find_or_define(&mut self, keysym: Keysym, strokes: &mut Strokes) -> Option<Plan> {
        if let Some(plan) = self.find(keysym) {
            return Some(plan);
        }
        if self.spares.find(keysym).is_none() {
            self.define(keysym, strokes);
        }
        // On its spare key a symbol is plain, or needs Shift at most.
        self.find(keysym)
            .or_else(|| self.spares.find(keysym).map(Plan::plain))
    }

    /// How to type `keysym` with the keymap as it is.
    fn find(&self, keysym: Keysym) -> Option<Plan> {
        match keysym::kind(keysym) {
            Kind::Function => self.layout.key_for(&self.state, keysym).map(Plan::plain),
            kind => fake::plan(&self.layout, &self.state, &self.down(), keysym, kind),
        }
    }

    /// Puts `keysym` on a spare key. When that fails, nothing has changed.
    fn define(&mut self, keysym: Keysym, strokes: &mut Strokes) {
        let Some((spares, text)) = self.spares.with(keysym, &self.down()) else {
            return;
        };
        let Some(layout) = Layout::compile(&self.context, text) else {
            return;
        };
        let old = std::mem::replace(&mut self.state, xkb::State::new(layout.xkb()));
        self.state = fake::carry_over(layout.xkb(), old, &self.down());
        self.layout = layout;
        self.spares = spares;
        strokes.keymap_changed = Some(self.modifiers());
    }
}
