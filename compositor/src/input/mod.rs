//! What viewers type and point at, on its way to the seat.

pub(crate) mod constraint;
pub(crate) mod idle;
mod keys;
mod pointer;
pub(crate) mod shortcuts;
mod touch;
pub(crate) mod typing;
pub(crate) mod virtual_keyboard;
pub(crate) mod virtual_pointer;

use std::collections::{BTreeMap, HashMap};

use rfb::Leds;
use smithay::input::Seat;
use smithay::input::SeatState;
use smithay::input::keyboard::{KeyboardHandle, XkbConfig};
use smithay::input::pointer::PointerHandle;
use smithay::reexports::wayland_server::DisplayHandle;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Serial};

use crate::config::Config;
use crate::input::shortcuts::Shortcuts;
use crate::keymap::Keymap;
use crate::remote::{MovedBy, ViewerId};
use crate::server::ServerError;
use crate::state::Offing;

/// A viewer's pointer.
#[derive(Clone, Copy, Default)]
struct ViewerPointer {
    /// Where it is, if that is what the viewer told last.
    pixel: Option<(u16, u16)>,
    /// The buttons that it holds.
    buttons: u16,
}

/// The seat, and what each viewer holds.
pub(crate) struct Input {
    pub(crate) seat: Seat<Offing>,
    pub(crate) keyboard: KeyboardHandle<Offing>,
    pub(crate) pointer: PointerHandle<Offing>,
    keymap: Keymap,
    /// What viewers were told of the keyboard's lights.
    leds: Option<Leds>,
    /// Who moved the pointer last.
    moved_by: MovedBy,
    /// Where the pointer was when a client locked it.
    pub(crate) locked: Option<Point<f64, Logical>>,
    /// What each viewer's pointer did last.
    pointers: HashMap<ViewerId, ViewerPointer>,
    /// How many hold each button, by its code.
    held: BTreeMap<u32, usize>,
    pub(crate) shortcuts: Shortcuts,
    /// The surface that a button was pressed on last, and the serial that says so.
    clicked: Option<(WlSurface, Serial)>,
    /// The surface that a finger is on.
    pub(crate) touched: Option<WlSurface>,
    /// The surface that the pointer was over last, and its origin.
    under: Option<(WlSurface, Point<f64, Logical>)>,
}

impl Input {
    pub(crate) fn new(
        state: &mut SeatState<Offing>,
        display: &DisplayHandle,
        config: &Config,
    ) -> Result<Self, ServerError> {
        let shortcuts = Shortcuts::new(config.shortcuts);
        let (config, keys) = (&config.keyboard, config.keys);
        let keymap =
            Keymap::new(config, keys).map_err(|error| ServerError::Keymap(error.to_string()))?;
        let mut seat = state.new_wl_seat(display, "seat0");
        let xkb = XkbConfig {
            rules: &config.rules,
            model: &config.model,
            layout: &config.layout,
            variant: &config.variant,
            options: config.options.clone(),
        };
        // Viewers repeat keys themselves: no runaway keys when the network stalls.
        let keyboard = seat.add_keyboard(xkb, 0, 0).map_err(|_| {
            ServerError::Keymap(format!(
                "no keyboard layout \"{}\": choose names from \"man xkeyboard-config\"",
                config.layout
            ))
        })?;
        let pointer = seat.add_pointer();
        Ok(Self {
            seat,
            keyboard,
            pointer,
            keymap,
            leds: None,
            moved_by: MovedBy::Nobody,
            locked: None,
            pointers: HashMap::new(),
            held: BTreeMap::new(),
            shortcuts,
            clicked: None,
            touched: None,
            under: None,
        })
    }

    /// The seat's keymap as it is now, in xkb's text format.
    pub(crate) fn keymap_text(&self) -> &str {
        self.keymap.text()
    }

    /// The state of a keyboard with the keymap of this text; none if that is wrong.
    pub(crate) fn compile(&self, text: &str) -> Option<xkbcommon::xkb::State> {
        self.keymap.compile(text)
    }

    /// The surface that a button was pressed on last, if this is the press's serial or that of
    /// something after it.
    pub(crate) fn clicked(&self, serial: Option<Serial>) -> Option<WlSurface> {
        let (surface, press) = self.clicked.as_ref()?;
        serial.filter(|it| it >= press).map(|_| surface.clone())
    }

    /// Who moved the pointer last.
    pub(crate) fn moved_by(&self) -> MovedBy {
        self.moved_by
    }

    /// How many buttons somebody holds.
    pub(crate) fn count_held(&self) -> usize {
        self.held.len()
    }

    /// What a viewer's pointer did last.
    fn last_of(&self, viewer: ViewerId) -> ViewerPointer {
        self.pointers.get(&viewer).copied().unwrap_or_default()
    }
}

impl Offing {
    /// A viewer left: what it held is released.
    pub(crate) fn release_viewer(&mut self, viewer: ViewerId) {
        self.release_keys(viewer.0);
        let last = self.input.pointers.remove(&viewer);
        if let Some(last) = last.filter(|last| last.buttons != 0) {
            self.change_buttons(last.buttons, 0);
            let pointer = self.input.pointer.clone();
            pointer.frame(self);
        }
    }
}
