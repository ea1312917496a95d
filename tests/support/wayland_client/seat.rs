use std::fs::File;
use std::os::unix::fs::FileExt;

use wayland_client::protocol::wl_keyboard::{self, KeyState, WlKeyboard};
use wayland_client::protocol::wl_pointer::{self, Axis, AxisSource, ButtonState, WlPointer};
use wayland_client::protocol::wl_seat::{self, Capability, WlSeat};
use wayland_client::{Connection, Dispatch, QueueHandle, WEnum};
use xkbcommon::xkb;

use super::surface::{Surface, name_of};
use super::window::numbers;
use super::{Client, WaylandClient};

/// What the keyboard did so far.
#[derive(Debug, Default)]
pub struct KeyboardState {
    /// The surface that has the focus.
    pub focus: Option<Surface>,
    /// The keymap, in xkb's text format: the last one.
    pub keymap: String,
    /// Repeated keys a second, and the delay before in milliseconds.
    pub repeat: Option<(i32, i32)>,
    /// Everything, in order.
    pub events: Vec<KeyboardEvent>,
    device: Option<WlKeyboard>,
}

/// An event of the keyboard. Keys are evdev codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyboardEvent {
    /// A keymap came: see [`KeyboardState::keymap`] for the last one.
    Keymap(String),
    /// A surface got the focus while these keys were down.
    Enter {
        /// The surface, unless it is gone.
        surface: Option<Surface>,
        /// The keys.
        keys: Vec<u32>,
        /// The event's serial.
        serial: u32,
    },
    /// A surface lost the focus.
    Leave {
        /// The surface, unless it is gone.
        surface: Option<Surface>,
    },
    /// A key was pressed or released.
    Key {
        /// The key.
        code: u32,
        /// It was pressed.
        pressed: bool,
        /// The event's serial.
        serial: u32,
        /// When, in milliseconds.
        time: u32,
    },
    /// The modifiers that hold from now on, and the layout.
    Modifiers {
        /// Those whose keys are down.
        depressed: u32,
        /// Those that hold for one key.
        latched: u32,
        /// Those that hold until pressed again.
        locked: u32,
        /// The layout's number.
        group: u32,
    },
}

/// What the pointer did so far.
#[derive(Debug, Default)]
pub struct PointerState {
    /// The surface it is on.
    pub focus: Option<Surface>,
    /// Where it is on that surface.
    pub position: (f64, f64),
    /// Everything, in order.
    pub events: Vec<PointerEvent>,
    pub(super) device: Option<WlPointer>,
    pub(super) entered: u32,
}

/// An event of the pointer. Buttons are evdev codes, places are in surface coordinates, times in
/// milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum PointerEvent {
    /// It is now on this surface.
    Enter {
        /// The surface, unless it is gone.
        surface: Option<Surface>,
        /// From its left edge.
        x: f64,
        /// From its upper edge.
        y: f64,
    },
    /// It left this surface.
    Leave {
        /// The surface, unless it is gone.
        surface: Option<Surface>,
    },
    /// It moved.
    Motion {
        /// From the surface's left edge.
        x: f64,
        /// From the surface's upper edge.
        y: f64,
        /// When.
        time: u32,
    },
    /// It moved by this much, or would have if it were not kept. Only after
    /// [`WaylandClient::watch_motion`].
    Relative {
        /// To the right.
        dx: f64,
        /// Down.
        dy: f64,
        /// When, in microseconds.
        micros: u64,
    },
    /// A button was pressed or released.
    Button {
        /// The button.
        button: u32,
        /// It was pressed.
        pressed: bool,
        /// The event's serial.
        serial: u32,
        /// When.
        time: u32,
    },
    /// It scrolled by a distance.
    Axis {
        /// Which way.
        axis: Axis,
        /// How far, in surface coordinates; down and right are positive.
        value: f64,
        /// When.
        time: u32,
    },
    /// It scrolled by steps of a wheel, before version 8.
    AxisDiscrete {
        /// Which way.
        axis: Axis,
        /// How many steps.
        steps: i32,
    },
    /// It scrolled by parts of a step of a wheel.
    AxisValue120 {
        /// Which way.
        axis: Axis,
        /// How many 120th of a step.
        value: i32,
    },
    /// What scrolled.
    AxisSource(AxisSource),
    /// The scrolling ended.
    AxisStop {
        /// Which way.
        axis: Axis,
    },
    /// What came since the last frame belongs together.
    Frame,
}

impl WaylandClient {
    /// What the keyboard did so far.
    pub fn keyboard(&self) -> &KeyboardState {
        &self.client.keyboard
    }

    /// What the pointer did so far.
    pub fn pointer(&self) -> &PointerState {
        &self.client.pointer
    }

    /// The serial of the last input event, which requests are made with.
    pub fn serial(&self) -> u32 {
        self.client.serial
    }

    /// Makes requests with the serial of an earlier input event, until the next one.
    pub fn set_serial(&mut self, serial: u32) {
        self.client.serial = serial;
    }

    /// Forgets the events of keyboard and pointer, but not what holds: the focus, the keymap and
    /// the modifiers.
    pub fn forget_input(&mut self) {
        self.client.pointer.events.clear();
        let is_state = |event: &KeyboardEvent| {
            matches!(
                event,
                KeyboardEvent::Keymap(_) | KeyboardEvent::Modifiers { .. }
            )
        };
        self.client.keyboard.events.retain(is_state);
    }

    /// The text that the keys pressed so far mean, by the keymaps and modifiers that held then.
    /// Keys that mean no text are left out, and Return is a line feed.
    pub fn typed_text(&self) -> String {
        self.client.keyboard.typed_text()
    }
}

impl KeyboardState {
    /// The keys that were pressed (true) and released (false) so far: evdev codes.
    pub fn keys(&self) -> Vec<(u32, bool)> {
        let key = |event: &KeyboardEvent| match event {
            KeyboardEvent::Key { code, pressed, .. } => Some((*code, *pressed)),
            _ => None,
        };
        self.events.iter().filter_map(key).collect()
    }

    fn typed_text(&self) -> String {
        let context = xkb::Context::new(xkb::CONTEXT_NO_FLAGS);
        let mut state = None;
        let mut text = String::new();
        for event in &self.events {
            match (event, &mut state) {
                (KeyboardEvent::Keymap(keymap), _) => {
                    let format = xkb::KEYMAP_FORMAT_TEXT_V1;
                    let flags = xkb::KEYMAP_COMPILE_NO_FLAGS;
                    let keymap =
                        xkb::Keymap::new_from_string(&context, keymap.clone(), format, flags);
                    state = keymap.map(|keymap| xkb::State::new(&keymap));
                }
                (
                    KeyboardEvent::Modifiers {
                        depressed,
                        latched,
                        locked,
                        group,
                    },
                    Some(state),
                ) => {
                    state.update_mask(*depressed, *latched, *locked, 0, 0, *group);
                }
                (
                    KeyboardEvent::Key {
                        code,
                        pressed: true,
                        ..
                    },
                    Some(state),
                ) => {
                    // xkb's codes are 8 above evdev's.
                    text += &state.key_get_utf8((code + 8).into());
                }
                _ => {}
            }
        }
        text.replace('\r', "\n")
    }
}

impl PointerState {
    /// The buttons that were pressed (true) and released (false) so far: evdev codes.
    pub fn buttons(&self) -> Vec<(u32, bool)> {
        let button = |event: &PointerEvent| match event {
            PointerEvent::Button {
                button, pressed, ..
            } => Some((*button, *pressed)),
            _ => None,
        };
        self.events.iter().filter_map(button).collect()
    }
}

impl Dispatch<WlSeat, ()> for Client {
    fn event(
        client: &mut Self,
        seat: &WlSeat,
        event: wl_seat::Event,
        _: &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let wl_seat::Event::Capabilities {
            capabilities: WEnum::Value(has),
        } = event
        else {
            return;
        };
        let (keyboard, pointer) = (&mut client.keyboard.device, &mut client.pointer.device);
        if has.contains(Capability::Keyboard) {
            keyboard.get_or_insert_with(|| seat.get_keyboard(handle, ()));
        } else if let Some(keyboard) = keyboard.take() {
            keyboard.release();
        }
        if has.contains(Capability::Pointer) {
            pointer.get_or_insert_with(|| seat.get_pointer(handle, ()));
        } else if let Some(pointer) = pointer.take() {
            pointer.release();
        }
    }
}

impl Dispatch<WlKeyboard, ()> for Client {
    fn event(
        client: &mut Self,
        _: &WlKeyboard,
        event: wl_keyboard::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let keyboard = &mut client.keyboard;
        let event = match event {
            wl_keyboard::Event::Keymap { fd, size, .. } => {
                let mut text = vec![0; size as usize];
                // A keymap that cannot be read is an empty one: no test gets text out of it.
                let read = File::from(fd).read_exact_at(&mut text, 0);
                let text = if read.is_ok() { text } else { Vec::new() };
                let text = String::from_utf8_lossy(&text)
                    .trim_end_matches('\0')
                    .to_owned();
                keyboard.keymap.clone_from(&text);
                KeyboardEvent::Keymap(text)
            }
            wl_keyboard::Event::Enter {
                serial,
                surface,
                keys,
            } => {
                client.serial = serial;
                keyboard.focus = name_of(&surface);
                let keys = numbers(&keys).collect();
                KeyboardEvent::Enter {
                    surface: keyboard.focus,
                    keys,
                    serial,
                }
            }
            wl_keyboard::Event::Leave { surface, .. } => {
                keyboard.focus = None;
                KeyboardEvent::Leave {
                    surface: name_of(&surface),
                }
            }
            wl_keyboard::Event::Key {
                serial,
                time,
                key: code,
                state,
            } => {
                client.serial = serial;
                let pressed = state == WEnum::Value(KeyState::Pressed);
                KeyboardEvent::Key {
                    code,
                    pressed,
                    serial,
                    time,
                }
            }
            wl_keyboard::Event::Modifiers {
                mods_depressed: depressed,
                mods_latched: latched,
                mods_locked: locked,
                group,
                ..
            } => KeyboardEvent::Modifiers {
                depressed,
                latched,
                locked,
                group,
            },
            wl_keyboard::Event::RepeatInfo { rate, delay } => {
                keyboard.repeat = Some((rate, delay));
                return;
            }
            _ => return,
        };
        keyboard.events.push(event);
    }
}

impl Dispatch<WlPointer, ()> for Client {
    fn event(
        client: &mut Self,
        _: &WlPointer,
        event: wl_pointer::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let pointer = &mut client.pointer;
        let event = match event {
            wl_pointer::Event::Enter {
                serial,
                surface,
                surface_x: x,
                surface_y: y,
            } => {
                (client.serial, pointer.entered) = (serial, serial);
                (pointer.focus, pointer.position) = (name_of(&surface), (x, y));
                PointerEvent::Enter {
                    surface: pointer.focus,
                    x,
                    y,
                }
            }
            wl_pointer::Event::Leave { surface, .. } => {
                pointer.focus = None;
                PointerEvent::Leave {
                    surface: name_of(&surface),
                }
            }
            wl_pointer::Event::Motion {
                time,
                surface_x: x,
                surface_y: y,
            } => {
                pointer.position = (x, y);
                PointerEvent::Motion { x, y, time }
            }
            wl_pointer::Event::Button {
                serial,
                time,
                button,
                state,
            } => {
                client.serial = serial;
                let pressed = state == WEnum::Value(ButtonState::Pressed);
                PointerEvent::Button {
                    button,
                    pressed,
                    serial,
                    time,
                }
            }
            wl_pointer::Event::Axis {
                time,
                axis: WEnum::Value(axis),
                value,
            } => PointerEvent::Axis { axis, value, time },
            wl_pointer::Event::AxisDiscrete {
                axis: WEnum::Value(axis),
                discrete: steps,
            } => PointerEvent::AxisDiscrete { axis, steps },
            wl_pointer::Event::AxisValue120 {
                axis: WEnum::Value(axis),
                value120: value,
            } => PointerEvent::AxisValue120 { axis, value },
            wl_pointer::Event::AxisSource {
                axis_source: WEnum::Value(source),
            } => PointerEvent::AxisSource(source),
            wl_pointer::Event::AxisStop {
                axis: WEnum::Value(axis),
                ..
            } => PointerEvent::AxisStop { axis },
            wl_pointer::Event::Frame => PointerEvent::Frame,
            _ => return,
        };
        pointer.events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: u32, pressed: bool) -> KeyboardEvent {
        KeyboardEvent::Key {
            code,
            pressed,
            serial: 0,
            time: 0,
        }
    }

    fn modifiers(depressed: u32) -> KeyboardEvent {
        KeyboardEvent::Modifiers {
            depressed,
            latched: 0,
            locked: 0,
            group: 0,
        }
    }

    fn keymap(layout: &str) -> KeyboardEvent {
        let context = xkb::Context::new(xkb::CONTEXT_NO_FLAGS);
        let flags = xkb::KEYMAP_COMPILE_NO_FLAGS;
        let keymap = xkb::Keymap::new_from_names(&context, "", "", layout, "", None, flags);
        KeyboardEvent::Keymap(keymap.unwrap().get_as_string(xkb::KEYMAP_FORMAT_TEXT_V1))
    }

    #[test]
    fn text_follows_the_keymaps_and_modifiers_of_its_time() {
        let (shift, y, enter, left_shift) = (1, 21, 28, 42);
        let events = vec![
            key(y, true), // no keymap yet
            keymap("us"),
            key(left_shift, true),
            modifiers(shift),
            key(y, true),
            key(y, false),
            modifiers(0),
            keymap("de"),
            key(y, true),
            key(enter, true),
        ];
        let keyboard = KeyboardState {
            events,
            ..KeyboardState::default()
        };
        assert_eq!(keyboard.typed_text(), "Yz\n");
        assert_eq!(keyboard.keys().len(), 6);
    }
}
