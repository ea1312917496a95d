//! What a viewer does, in the words of a program that is controlled: a wheel is no
//! button, and what is held is told with each event.

use std::fmt;

use super::{ServerEvent, ViewerId};
use crate::clipboard::ClipboardFormat;
use crate::geometry::Point;
use crate::session::Event;

/// What a viewer holds, and where it points.
#[derive(Debug, Default)]
pub(super) struct Input {
    modifiers: Modifiers,
    /// As they came, with the wheel.
    buttons: u16,
    told: Told,
}

/// What events told of a viewer.
#[derive(Debug, Default)]
struct Told {
    /// The keys that are down, in the order in which they went down.
    keys: Vec<u32>,
    /// The buttons that are down, without the wheel.
    buttons: u16,
    /// Where the pointer is.
    at: Option<Point>,
}

/// The modifier keys that a viewer holds down, as far as their keysyms tell.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Modifiers(u16);

/// The most keys that a viewer can hold: more go down without being told.
const MAX_KEYS: usize = 256;

/// The wheel's bits, and the step that each means: right and down.
const WHEEL: [(u16, i8, i8); 4] = [(8, 0, -1), (16, 0, 1), (32, -1, 0), (64, 1, 0)];
/// All of them.
const WHEELS: u16 = 8 | 16 | 32 | 64;

/// The keysyms of modifiers, in the order of their bits: left and right can both be
/// held.
const KEYSYMS: [u32; 12] = [
    0xffe1, 0xffe2, // Shift
    0xffe3, 0xffe4, // Control
    0xffe9, 0xffea, 0xffe7, 0xffe8, // Alt, Meta
    0xffeb, 0xffec, // Super
    0xfe03, 0xff7e, // ISO_Level3_Shift, Mode_switch
];

impl Input {
    /// Takes what a viewer did. Returns what to tell of it, in order.
    pub(super) fn translate(&mut self, viewer: ViewerId, event: Event) -> Vec<ServerEvent> {
        match event {
            Event::Key {
                keysym, pressed, ..
            } => {
                self.modifiers.note(keysym, pressed);
                if !self.told.key(keysym, pressed) {
                    return Vec::new();
                }
                vec![ServerEvent::Key {
                    viewer,
                    keysym,
                    pressed,
                    modifiers: self.modifiers,
                }]
            }
            Event::Pointer { x, y, buttons } => self.point(viewer, Point::new(x, y), buttons),
            Event::CutText(text) => vec![ServerEvent::CutText { viewer, text }],
            Event::SetDesktopSize { size, .. } => {
                vec![ServerEvent::SetDesktopSize { viewer, size }]
            }
            Event::ClipboardProvide(contents) => {
                let data = contents.unpack().into_iter();
                let texts = data.filter(|(format, _)| *format == ClipboardFormat::Text);
                let texts = texts.filter_map(|(_, text)| String::from_utf8(text).ok());
                texts
                    .map(|text| ServerEvent::CutText { viewer, text })
                    .collect()
            }
            // They were heeded when they came, or are not asked for.
            Event::Authenticate(_)
            | Event::Ready { .. }
            | Event::Motion { .. }
            | Event::ClipboardNotify(_)
            | Event::ClipboardRequest(_)
            | Event::Xvp(_)
            | Event::SetPixelFormat(_)
            | Event::SetEncodings(_)
            | Event::FramebufferUpdateRequest { .. } => Vec::new(),
        }
    }

    /// Takes what a viewer did and nobody is told of.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Key {
                keysym, pressed, ..
            } => self.modifiers.note(*keysym, *pressed),
            Event::Pointer { buttons, .. } => self.buttons = *buttons,
            _ => {}
        }
    }

    /// Lets go of all that was told as down, the last first. Returns what to tell.
    pub(super) fn release(&mut self, viewer: ViewerId) -> Vec<ServerEvent> {
        let Told { keys, buttons, at } = std::mem::take(&mut self.told);
        let mut modifiers = self.modifiers;
        let mut events = Vec::new();
        for keysym in keys.into_iter().rev() {
            modifiers.note(keysym, false);
            events.push(ServerEvent::Key {
                viewer,
                keysym,
                pressed: false,
                modifiers,
            });
        }
        if let Some(at) = at.filter(|_| buttons != 0) {
            events.push(ServerEvent::Pointer {
                viewer,
                at,
                buttons: 0,
                changed: buttons,
                modifiers,
            });
        }
        events
    }

    fn point(&mut self, viewer: ViewerId, at: Point, buttons: u16) -> Vec<ServerEvent> {
        let turned = buttons & !std::mem::replace(&mut self.buttons, buttons);
        let buttons = buttons & !WHEELS;
        let changed = std::mem::replace(&mut self.told.buttons, buttons) ^ buttons;
        let before = self.told.at.replace(at);
        let modifiers = self.modifiers;
        let mut events = Vec::new();
        if changed != 0 || before != Some(at) {
            events.push(ServerEvent::Pointer {
                viewer,
                at,
                buttons,
                changed,
                modifiers,
            });
        }
        for (_, x, y) in WHEEL.into_iter().filter(|(bit, ..)| turned & bit != 0) {
            events.push(ServerEvent::Wheel {
                viewer,
                at,
                x,
                y,
                modifiers,
            });
        }
        events
    }
}

impl Told {
    /// Notes a key. Returns whether to tell it.
    fn key(&mut self, keysym: u32, pressed: bool) -> bool {
        let held = self.keys.iter().position(|known| *known == keysym);
        match (held, pressed) {
            (Some(at), false) => _ = self.keys.remove(at),
            (None, true) if self.keys.len() == MAX_KEYS => return false,
            (None, true) => self.keys.push(keysym),
            (Some(_), true) | (None, false) => {}
        }
        true
    }
}

impl Modifiers {
    /// Shift.
    pub fn shift(self) -> bool {
        self.holds(0..2)
    }

    /// Control.
    pub fn control(self) -> bool {
        self.holds(2..4)
    }

    /// Alt, or Meta, which some viewers send in its place.
    pub fn alt(self) -> bool {
        self.holds(4..8)
    }

    /// Super: the key with the logo.
    pub fn logo(self) -> bool {
        self.holds(8..10)
    }

    /// AltGr: the third level of the keyboard.
    pub fn alt_gr(self) -> bool {
        self.holds(10..12)
    }

    fn holds(self, mut bits: std::ops::Range<u16>) -> bool {
        bits.any(|bit| self.0 & (1 << bit) != 0)
    }

    fn note(&mut self, keysym: u32, pressed: bool) {
        if let Some(bit) = KEYSYMS.iter().position(|known| *known == keysym) {
            self.0 = self.0 & !(1 << bit) | u16::from(pressed) << bit;
        }
    }
}

impl fmt::Debug for Modifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.shift(), "shift"),
            (self.control(), "control"),
            (self.alt(), "alt"),
            (self.logo(), "logo"),
            (self.alt_gr(), "alt_gr"),
        ];
        let held = all.iter().filter(|(held, _)| *held).map(|(_, name)| name);
        f.debug_set().entries(held).finish()
    }
}
