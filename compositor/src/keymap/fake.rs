//! Modifier keys pressed and released around a key, so that it gives the symbol that was asked
//! for whatever is held and locked. Every plan is tried on a copy of the state first.

use super::keysym::Kind;
use super::layout::{Layout, gives};
use super::{Modifiers, Stroke};
use xkbcommon::xkb::{self, KeyDirection, Keycode, Keysym, keysyms};

/// A press: the key, and the strokes around it.
pub(super) struct Plan {
    pub(super) keycode: Keycode,
    pub(super) before: Vec<Stroke>,
    pub(super) after: Vec<Stroke>,
}

impl Plan {
    /// The key alone.
    pub(super) fn plain(keycode: Keycode) -> Plan {
        Plan {
            keycode,
            before: Vec::new(),
            after: Vec::new(),
        }
    }
}

/// Finds the key for `keysym` in this state, with as little faking as possible. `down` are the
/// keys that are down.
pub(super) fn plan(
    layout: &Layout,
    state: &xkb::State,
    down: &[Keycode],
    keysym: Keysym,
    kind: Kind,
) -> Option<Plan> {
    let places = layout.places(keysym);
    let given_by = |state: &xkb::State| {
        let place = places
            .iter()
            .find(|place| gives(state, place.keycode, keysym));
        place.map(|place| place.keycode)
    };
    if places.is_empty() {
        return None;
    }
    if let Some(keycode) = given_by(state) {
        return Some(Plan::plain(keycode));
    }
    for switches in subsets(&switches(layout, kind)) {
        let Some(before) = flip(layout.xkb(), state, down, &switches) else {
            continue;
        };
        let after: Vec<Stroke> = before.iter().rev().map(opposite).collect();
        let mut copy = copy(layout.xkb(), state, down);
        let modifiers = Modifiers::of(&copy);
        play(&mut copy, &before);
        let Some(keycode) = given_by(&copy) else {
            continue;
        };
        play(&mut copy, &after);
        if Modifiers::of(&copy) == modifiers {
            return Some(Plan {
                keycode,
                before,
                after,
            });
        }
    }
    None
}

/// A copy of a state, which xkb cannot clone: the keys that are down are pressed again, then the
/// masks are set.
fn copy(xkb: &xkb::Keymap, state: &xkb::State, down: &[Keycode]) -> xkb::State {
    let mut copy = xkb::State::new(xkb);
    for &keycode in down {
        update(&mut copy, keycode, true);
    }
    copy.update_mask(
        state.serialize_mods(xkb::STATE_MODS_DEPRESSED),
        state.serialize_mods(xkb::STATE_MODS_LATCHED),
        state.serialize_mods(xkb::STATE_MODS_LOCKED),
        state.serialize_layout(xkb::STATE_LAYOUT_DEPRESSED),
        state.serialize_layout(xkb::STATE_LAYOUT_LATCHED),
        state.serialize_layout(xkb::STATE_LAYOUT_LOCKED),
    );
    copy
}

/// The state of a seat that gets the new keymap `xkb` in this state: keys that lock have done so;
/// latches are lost, and locks other than Caps and Num Lock, and what a held key does to the
/// layout.
pub(super) fn carry_over(xkb: &xkb::Keymap, mut state: xkb::State, down: &[Keycode]) -> xkb::State {
    // What a lock key does when it goes up would be forgotten: do it now.
    for &keycode in down {
        if effect(&state.get_keymap(), keycode).locks() {
            update(&mut state, keycode, false);
        }
    }
    let mut state = copy(xkb, &state, down);
    let kept = mask(xkb, xkb::MOD_NAME_CAPS) | mask(xkb, xkb::MOD_NAME_NUM);
    let locked = state.serialize_mods(xkb::STATE_MODS_LOCKED) & kept;
    state.update_mask(
        state.serialize_mods(xkb::STATE_MODS_DEPRESSED) & !locked,
        0,
        locked,
        0,
        0,
        state.serialize_layout(xkb::STATE_LAYOUT_LOCKED),
    );
    state
}

/// The mask of a modifier; 0 if there is none of this name.
fn mask(xkb: &xkb::Keymap, name: &str) -> u32 {
    1_u32.checked_shl(xkb.mod_get_index(name)).unwrap_or(0)
}

/// What a key does to the modifiers when it is pressed alone.
pub(super) struct Effect {
    depressed: u32,
    locked: u32,
    locks_layout: bool,
}

impl Effect {
    /// Whether it locks a modifier or a layout.
    pub(super) fn locks(&self) -> bool {
        self.locked != 0 || self.locks_layout
    }
}

/// Tries the key on a fresh state.
pub(super) fn effect(xkb: &xkb::Keymap, keycode: Keycode) -> Effect {
    let mut state = xkb::State::new(xkb);
    update(&mut state, keycode, true);
    Effect {
        depressed: state.serialize_mods(xkb::STATE_MODS_DEPRESSED),
        locked: state.serialize_mods(xkb::STATE_MODS_LOCKED),
        locks_layout: state.serialize_layout(xkb::STATE_LAYOUT_LOCKED) != 0,
    }
}

/// Tells a state of a stroke.
pub(super) fn update(state: &mut xkb::State, keycode: Keycode, pressed: bool) {
    let direction = if pressed {
        KeyDirection::Down
    } else {
        KeyDirection::Up
    };
    state.update_key(keycode, direction);
}

/// A modifier that may be faked, with a key that does it.
#[derive(Clone, Copy)]
struct Switch {
    keycode: Keycode,
    mask: u32,
    locks: bool,
    cost: u32,
}

/// The switches that help with this kind of symbol, as far as the layout has keys for them.
/// Costs add up; a lock is dear because applications and people see it change.
fn switches(layout: &Layout, kind: Kind) -> Vec<Switch> {
    let wanted: &[(u32, u32)] = match kind {
        Kind::Character => &[
            (keysyms::KEY_Shift_L, 1),
            (keysyms::KEY_ISO_Level3_Shift, 2),
            (keysyms::KEY_ISO_Level5_Shift, 4),
            (keysyms::KEY_Caps_Lock, 8),
            (keysyms::KEY_Num_Lock, 16),
        ],
        // Shift with a motion of the keypad would select.
        Kind::Keypad => &[(keysyms::KEY_Num_Lock, 1), (keysyms::KEY_Shift_L, 2)],
        Kind::Function => &[],
    };
    let switch = |&(keysym, cost): &(u32, u32)| {
        let mut places = layout.places(Keysym::new(keysym)).iter();
        let keycode = places.find(|place| place.level == 0)?.keycode;
        let effect = effect(layout.xkb(), keycode);
        let mask = if effect.locks() {
            effect.locked
        } else {
            effect.depressed
        };
        (mask != 0).then_some(Switch {
            keycode,
            mask,
            locks: effect.locks(),
            cost,
        })
    };
    wanted.iter().filter_map(switch).collect()
}

/// All sets of switches but the empty one, the cheapest first.
fn subsets(switches: &[Switch]) -> Vec<Vec<Switch>> {
    let chosen = |bits: u32| {
        let chosen = switches.iter().enumerate();
        let chosen = chosen.filter(move |(at, _)| bits & (1 << at) != 0);
        chosen.map(|(_, switch)| *switch).collect::<Vec<Switch>>()
    };
    let mut subsets: Vec<_> = (1..1 << switches.len()).map(chosen).collect();
    subsets.sort_by_key(|subset| subset.iter().map(|switch| switch.cost).sum::<u32>());
    subsets
}

/// The strokes that turn these modifiers to their opposites. `None` where a key that is needed is
/// down for something else, or no key that is down accounts for a modifier.
fn flip(
    xkb: &xkb::Keymap,
    state: &xkb::State,
    down: &[Keycode],
    switches: &[Switch],
) -> Option<Vec<Stroke>> {
    let depressed = state.serialize_mods(xkb::STATE_MODS_DEPRESSED);
    let mut strokes = Vec::new();
    for switch in switches {
        let release = !switch.locks && depressed & switch.mask != 0;
        if !release && down.contains(&switch.keycode) {
            return None;
        }
        if release {
            let presses = |keycode: &&Keycode| {
                let effect = effect(xkb, **keycode);
                !effect.locks() && effect.depressed & switch.mask != 0
            };
            let mut any = false;
            for keycode in down.iter().rev().filter(presses) {
                any = true;
                let stroke = stroke(*keycode, false);
                if !strokes.contains(&stroke) {
                    strokes.push(stroke);
                }
            }
            if !any {
                return None;
            }
        } else {
            strokes.push(stroke(switch.keycode, true));
            if switch.locks {
                strokes.push(stroke(switch.keycode, false));
            }
        }
    }
    Some(strokes)
}

fn play(state: &mut xkb::State, strokes: &[Stroke]) {
    for stroke in strokes {
        update(state, stroke.keycode.into(), stroke.pressed);
    }
}

fn stroke(keycode: Keycode, pressed: bool) -> Stroke {
    Stroke {
        keycode: keycode.raw(),
        pressed,
        given_back: false,
    }
}

fn opposite(stroke: &Stroke) -> Stroke {
    Stroke {
        keycode: stroke.keycode,
        pressed: !stroke.pressed,
        ..*stroke
    }
}
