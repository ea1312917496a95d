mod places;

use super::*;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use xkbcommon::xkb::keysyms::*;

const LAYOUTS: [(&str, &str); 9] = [
    ("us", ""),
    ("us", "intl"),
    ("de", ""),
    ("de", "neo"),
    ("fr", ""),
    ("gr", ""),
    ("ru", ""),
    ("us,de", ""),
    ("jp", ""),
];
const ALICE: u64 = 1;
const BOB: u64 = 2;
/// The mask of Caps Lock and Num Lock.
const LOCKS: u32 = 0b1_0010;
const LEFT_SHIFT: u32 = 50;
const C: u32 = 54;

fn keymap(layout: &str, variant: &str, options: &str) -> Keymap {
    let config = KeyboardConfig {
        layout: layout.to_owned(),
        variant: variant.to_owned(),
        options: Some(options.to_owned()),
        ..KeyboardConfig::default()
    };
    Keymap::new(&config, Keys::default()).unwrap()
}

/// A key of which the viewer tells the symbol only.
fn sym(keysym: u32) -> Key {
    Key {
        keysym,
        scancode: None,
    }
}

fn compile(text: &str) -> xkb::Keymap {
    let context = xkb::Context::new(xkb::CONTEXT_NO_FLAGS);
    let text = text.to_owned();
    xkb::Keymap::new_from_string(&context, text, xkb::KEYMAP_FORMAT_TEXT_V1, 0).unwrap()
}

/// A seat as a compositor keeps it, and a client that knows only what is sent to it.
struct Seat {
    state: xkb::State,
    client: xkb::State,
    down: BTreeSet<u32>,
    typed: Vec<Typed>,
}

/// What a client makes of a key that goes down.
#[derive(Debug)]
struct Typed {
    keysym: Keysym,
    text: String,
    modifiers: Modifiers,
}

impl Seat {
    fn new(keymap: &Keymap) -> Seat {
        let xkb = compile(keymap.text());
        Seat {
            state: xkb::State::new(&xkb),
            client: xkb::State::new(&xkb),
            down: BTreeSet::new(),
            typed: Vec::new(),
        }
    }

    fn play(&mut self, keymap: &Keymap, strokes: &Strokes) {
        if let Some(modifiers) = strokes.keymap_changed {
            let xkb = compile(keymap.text());
            self.state = xkb::State::new(&xkb);
            self.client = xkb::State::new(&xkb);
            // As smithay does it: all keys that are down, in no special order, then the masks. It
            // knows no other locks than Caps and Num Lock.
            for &key in &self.down {
                self.state.update_key(key.into(), xkb::KeyDirection::Down);
            }
            let depressed = self.state.serialize_mods(xkb::STATE_MODS_DEPRESSED);
            let (locked, layout) = (modifiers.locked & LOCKS, modifiers.layout);
            self.state
                .update_mask(depressed & !LOCKS, 0, locked, 0, 0, layout);
            self.send_modifiers();
        }
        for stroke in &strokes.keys {
            let keycode = Keycode::new(stroke.keycode);
            if stroke.pressed {
                assert!(self.down.insert(stroke.keycode), "{stroke:?} is down");
                self.typed.push(Typed {
                    keysym: self.client.key_get_one_sym(keycode),
                    text: self.client.key_get_utf8(keycode),
                    modifiers: Modifiers::of(&self.client),
                });
                self.state.update_key(keycode, xkb::KeyDirection::Down);
            } else {
                assert!(self.down.remove(&stroke.keycode), "{stroke:?} is up");
                self.state.update_key(keycode, xkb::KeyDirection::Up);
            }
            self.send_modifiers();
        }
        assert_eq!(Modifiers::of(&self.state), keymap.modifiers());
        let held: BTreeSet<u32> = keymap.held.iter().map(|held| held.keycode.raw()).collect();
        assert_eq!(self.down, held);
    }

    fn send_modifiers(&mut self) {
        let now = Modifiers::of(&self.state);
        self.client
            .update_mask(now.depressed, now.latched, now.locked, 0, 0, now.layout);
    }

    fn press(&mut self, keymap: &mut Keymap, viewer: u64, keysym: u32) -> Strokes {
        let strokes = keymap.press(viewer, sym(keysym));
        self.play(keymap, &strokes);
        strokes
    }

    fn release(&mut self, keymap: &mut Keymap, viewer: u64, keysym: u32) -> Strokes {
        let strokes = keymap.release(viewer, sym(keysym));
        self.play(keymap, &strokes);
        strokes
    }

    fn tap(&mut self, keymap: &mut Keymap, keysym: u32) {
        self.press(keymap, ALICE, keysym);
        self.release(keymap, ALICE, keysym);
    }

    fn text(&mut self) -> String {
        let typed = std::mem::take(&mut self.typed);
        typed.into_iter().map(|typed| typed.text).collect()
    }
}

fn down(keycode: u32) -> Stroke {
    Stroke {
        keycode,
        pressed: true,
        given_back: false,
    }
}

fn up(keycode: u32) -> Stroke {
    Stroke {
        keycode,
        pressed: false,
        given_back: false,
    }
}

/// Locked keys are tapped, the others are held while the text is typed.
const HELD: [(&[u32], &[u32]); 10] = [
    (&[], &[]),
    (&[], &[KEY_Shift_L]),
    (&[], &[KEY_Shift_R]),
    (&[], &[KEY_Shift_L, KEY_Shift_R]),
    (&[], &[KEY_ISO_Level3_Shift]),
    (&[], &[KEY_ISO_Level3_Shift, KEY_Shift_L]),
    (&[KEY_Caps_Lock], &[]),
    (&[KEY_Caps_Lock], &[KEY_Shift_L]),
    (&[KEY_Num_Lock], &[KEY_Shift_L]),
    (&[KEY_Num_Lock, KEY_Caps_Lock], &[KEY_ISO_Level3_Shift]),
];

fn characters() -> impl Iterator<Item = char> {
    let latin = (' '..='~').chain('\u{a0}'..='ÿ');
    latin.chain("αΩ€你Аяё😀Σςİıẞǅœŵ„“–ﬁ①Ⓐの한ไ".chars())
}

#[test]
fn every_character_arrives_on_every_layout_whatever_is_held() {
    for (layout, variant) in LAYOUTS {
        let mut keymap = keymap(layout, variant, "");
        let mut seat = Seat::new(&keymap);
        for (at, character) in characters().enumerate() {
            let keysym = xkb::utf32_to_keysym(character.into()).raw();
            // Each begins with another one, since the first may change the keymap.
            for (locked, held) in HELD.into_iter().cycle().skip(at % 10).take(10) {
                // In neo, both Shift keys together are Caps Lock.
                if variant == "neo" && held == [KEY_Shift_L, KEY_Shift_R] {
                    continue;
                }
                for &key in locked {
                    seat.tap(&mut keymap, key);
                }
                for &key in held {
                    seat.press(&mut keymap, ALICE, key);
                }
                let before = keymap.modifiers();
                seat.text();
                seat.press(&mut keymap, ALICE, keysym);
                assert_eq!(
                    seat.text(),
                    character.to_string(),
                    "{layout} {variant} with {held:x?} and {locked:x?} locked"
                );
                seat.release(&mut keymap, ALICE, keysym);
                assert_eq!(keymap.modifiers(), before, "{layout} {variant} {character}");
                for &key in held {
                    seat.release(&mut keymap, ALICE, key);
                }
                for &key in locked {
                    seat.tap(&mut keymap, key);
                }
                assert_eq!(keymap.modifiers(), Modifiers::default());
            }
        }
        assert!(seat.down.is_empty());
    }
}

#[test]
fn every_character_arrives_in_the_second_layout() {
    let mut keymap = keymap("us,ru", "", "");
    let mut seat = Seat::new(&keymap);
    seat.tap(&mut keymap, KEY_ISO_Next_Group);
    assert_eq!(keymap.modifiers().layout, 1);
    for character in "привет, Мир! hello €/|".chars() {
        seat.text();
        seat.tap(&mut keymap, xkb::utf32_to_keysym(character.into()).raw());
        assert_eq!(seat.text(), character.to_string());
        assert_eq!(keymap.modifiers().layout, 1);
    }
}

#[test]
fn layouts_own_symbols_need_no_change_of_the_keymap() {
    for (layout, variant, text) in [
        ("us", "", "Hello, World! <({[~]})>"),
        ("us", "intl", "é ñ ß €"),
        ("de", "", "Grüße @ {[]} € ~ | µ ²"),
        ("fr", "", "ça, où? 1234 @ # € {[]}"),
        ("gr", "", "αβγ ΑΒΓ €"),
        ("ru", "", "Съешь ещё этих булок №"),
    ] {
        let mut keymap = keymap(layout, variant, "");
        for character in text.chars() {
            let keysym = xkb::utf32_to_keysym(character.into()).raw();
            let strokes = keymap.press(ALICE, sym(keysym));
            assert_eq!(strokes.keymap_changed, None, "{layout}: {character}");
            assert!(!strokes.keys.is_empty());
            keymap.release(ALICE, sym(keysym));
        }
    }
}

#[test]
fn keysyms_are_read_in_all_their_forms() {
    for (raw, text) in [
        (0x61, "a"),
        (0x0100_0061, "a"),
        (0xe9, "é"),
        (0x0100_00e9, "é"),
        (0x20ac, "€"),
        (0x0100_20ac, "€"),
        (0x06c1, "а"),
        (0x0100_0430, "а"),
        (0x4f60, "你"),
        (0x0100_4f60, "你"),
        (0x1f600, "😀"),
        (0x0101_f600, "😀"),
        (0x0100_000d, "\r"),
        (0x0d, "\r"),
        (0x09, "\t"),
        (KEY_Return, "\r"),
        (KEY_Tab, "\t"),
        (KEY_BackSpace, "\u{8}"),
        (KEY_Escape, "\u{1b}"),
        (KEY_KP_Enter, "\r"),
        (KEY_KP_Add, "+"),
    ] {
        for layout in ["us", "ru"] {
            let mut keymap = keymap(layout, "", "");
            let mut seat = Seat::new(&keymap);
            seat.tap(&mut keymap, raw);
            assert_eq!(seat.text(), text, "{raw:#x} on {layout}");
        }
    }
    // Both forms are one key, in either order.
    let mut keymap = keymap("de", "", "");
    keymap.press(ALICE, sym(0x0100_00e4));
    assert_eq!(keymap.release(ALICE, sym(0xe4)).keys, [up(48)]);
}

#[test]
fn what_means_nothing_is_ignored() {
    let mut keymap = keymap("us", "", "");
    for raw in [
        0,
        0x00ff_ffff,
        0x0100_0000,
        0x0100_0001,
        0x0100_0085,
        0x0100_d800,
        0x0100_ffff,
        0x0110_ffff,
        0x0111_0000,
        0x0011_0000,
        0x00ab_cdef,
        0x2000_0000,
        0x85,
        u32::MAX,
    ] {
        assert_eq!(
            keymap.press(ALICE, sym(raw)),
            Strokes::default(),
            "{raw:#x}"
        );
        assert_eq!(
            keymap.release(ALICE, sym(raw)),
            Strokes::default(),
            "{raw:#x}"
        );
    }
    assert_eq!(keymap.release(ALICE, sym(KEY_a)), Strokes::default());
    assert_eq!(keymap.release_all(ALICE), Strokes::default());
}

#[test]
fn keys_are_sent_as_they_are_held() {
    let mut keymap = keymap("us", "", "");
    for (held, keysym, keycode) in [
        (KEY_Shift_L, KEY_Tab, 23),
        (KEY_Shift_L, KEY_ISO_Left_Tab, 23),
        (KEY_Control_L, KEY_ISO_Left_Tab, 23),
        (KEY_Shift_L, KEY_F1, 67),
        (KEY_Alt_L, KEY_F1, 67),
        (KEY_Alt_L, KEY_Sys_Req, 107),
        (KEY_Alt_L, KEY_Print, 107),
        (KEY_Control_L, KEY_Break, 127),
        (KEY_Shift_L, KEY_Left, 113),
        (KEY_Shift_L, KEY_Meta_L, 64),
        (KEY_Shift_L, KEY_Alt_L, 64),
        (KEY_ISO_Level3_Shift, KEY_Delete, 119),
        (KEY_Control_L, KEY_XF86Switch_VT_1, 67),
        (KEY_Shift_L, KEY_XF86AudioMute, 121),
        (KEY_Shift_L, KEY_KP_Enter, 104),
    ] {
        keymap.press(ALICE, sym(held));
        assert_eq!(
            keymap.press(ALICE, sym(keysym)),
            Strokes {
                keymap_changed: None,
                keys: vec![down(keycode)]
            },
            "{keysym:#x}"
        );
        assert_eq!(keymap.release(ALICE, sym(keysym)).keys, [up(keycode)]);
        keymap.release(ALICE, sym(held));
    }
}

#[test]
fn keys_that_the_layout_lacks_get_a_spare_key() {
    // Above 255 in the keymap, absent, dead in their first level, unknown to xkb.
    for keysym in [
        KEY_XF86CycleAngle,
        KEY_Multi_key,
        KEY_Hyper_L,
        KEY_F30,
        KEY_dead_acute,
        0x1008_fabc,
    ] {
        let mut keymap = keymap("us", "", "");
        let mut seat = Seat::new(&keymap);
        let strokes = seat.press(&mut keymap, ALICE, keysym);
        assert!(strokes.keymap_changed.is_some(), "{keysym:#x}");
        assert_eq!(seat.typed[0].keysym.raw(), keysym);
        seat.release(&mut keymap, ALICE, keysym);
        assert_eq!(keymap.modifiers(), Modifiers::default());
    }
    // Alt_R is AltGr on German keyboards, so it needs a key of its own, which works as Alt.
    let mut keymap = keymap("de", "", "");
    let mut seat = Seat::new(&keymap);
    seat.press(&mut keymap, ALICE, KEY_Alt_R);
    seat.press(&mut keymap, ALICE, KEY_Alt_R);
    let alt = keymap.modifiers().depressed;
    seat.release(&mut keymap, ALICE, KEY_Alt_R);
    seat.press(&mut keymap, ALICE, KEY_Alt_L);
    assert_eq!(keymap.modifiers().depressed, alt);
    assert_ne!(alt, 0);
}

#[test]
fn the_keypad_types_digits_or_moves_whatever_num_lock_is() {
    for (layout, variant) in LAYOUTS {
        for locked in [false, true] {
            for shift in [false, true] {
                let mut keymap = keymap(layout, variant, "");
                let mut seat = Seat::new(&keymap);
                if locked {
                    seat.tap(&mut keymap, KEY_Num_Lock);
                }
                if shift {
                    seat.press(&mut keymap, ALICE, KEY_Shift_L);
                }
                let before = keymap.modifiers();
                for keysym in (KEY_KP_Home..=KEY_KP_Delete)
                    .chain(KEY_KP_0..=KEY_KP_9)
                    .chain([KEY_KP_Decimal, KEY_KP_Separator])
                {
                    seat.press(&mut keymap, ALICE, keysym);
                    let keysyms = seat.typed.iter().map(|typed| typed.keysym.raw());
                    assert_eq!(keysyms.filter(|&found| found == keysym).count(), 1);
                    seat.typed.clear();
                    seat.release(&mut keymap, ALICE, keysym);
                    assert_eq!(keymap.modifiers(), before);
                }
            }
        }
    }
    let mut keymap = keymap("us", "", "");
    let around = |key| [down(77), up(77), down(key), down(77), up(77)];
    assert_eq!(keymap.press(ALICE, sym(KEY_KP_7)).keys, around(79));
}

#[test]
fn shortcuts_press_the_key_of_the_symbol() {
    let mut keymap = keymap("us", "", "");
    assert_eq!(keymap.press(ALICE, sym(KEY_Control_L)).keys, [down(37)]);
    assert_eq!(keymap.press(ALICE, sym(KEY_c)).keys, [down(C)]);
    assert_eq!(keymap.release(ALICE, sym(KEY_c)).keys, [up(C)]);
    keymap.press(ALICE, sym(KEY_Shift_L));
    assert_eq!(keymap.press(ALICE, sym(KEY_C)).keys, [down(C)]);
}

#[test]
fn shortcuts_work_on_layouts_without_latin_letters() {
    for (layout, switch) in [("ru", false), ("gr", false), ("us,ru", true)] {
        let mut keymap = keymap(layout, "", "");
        let mut seat = Seat::new(&keymap);
        if switch {
            seat.tap(&mut keymap, KEY_ISO_Next_Group);
        }
        seat.press(&mut keymap, ALICE, KEY_Control_L);
        let control = keymap.modifiers();
        seat.typed.clear();
        let strokes = seat.press(&mut keymap, ALICE, KEY_c);
        assert_eq!(strokes.keys.len(), 1);
        assert_eq!(seat.typed[0].keysym.raw(), KEY_c);
        assert_eq!(seat.typed[0].modifiers, control);
        seat.release(&mut keymap, ALICE, KEY_c);
        // The capital is the second level of the same key, as on Latin keyboards.
        seat.press(&mut keymap, ALICE, KEY_Shift_L);
        seat.typed.clear();
        let capital = seat.press(&mut keymap, ALICE, KEY_C);
        assert_eq!(capital.keymap_changed, None);
        assert_eq!(capital.keys, strokes.keys);
        assert_eq!(seat.typed[0].keysym.raw(), KEY_C);
    }
}

#[test]
fn fakes_are_undone_right_after_the_press() {
    let mut keymap = keymap("us", "", "");
    let shifted = [down(LEFT_SHIFT), down(38), up(LEFT_SHIFT)];
    assert_eq!(keymap.press(ALICE, sym(KEY_A)).keys, shifted);
    assert_eq!(keymap.release(ALICE, sym(KEY_A)).keys, [up(38)]);
    keymap.press(ALICE, sym(KEY_Shift_R));
    assert_eq!(
        keymap.press(ALICE, sym(KEY_a)).keys,
        [up(62), down(38), down(62)]
    );
    assert_eq!(keymap.release(ALICE, sym(KEY_a)).keys, [up(38)]);
    // With Caps Lock, Shift makes the small letter.
    keymap.release(ALICE, sym(KEY_Shift_R));
    keymap.press(ALICE, sym(KEY_Caps_Lock));
    keymap.release(ALICE, sym(KEY_Caps_Lock));
    assert_eq!(keymap.press(ALICE, sym(KEY_a)).keys, shifted);
}

#[test]
fn a_release_lets_go_of_the_key_that_was_pressed() {
    // (pressed, Shift or AltGr pressed then, released)
    for (layout, pressed, modifier, released) in [
        ("us", KEY_a, KEY_Shift_L, KEY_A),
        ("us", KEY_A, KEY_Shift_L, KEY_a),
        ("us", KEY_1, KEY_Shift_L, KEY_exclam),
        ("us", KEY_Tab, KEY_Shift_L, KEY_ISO_Left_Tab),
        ("us", KEY_KP_Home, KEY_Num_Lock, KEY_KP_7),
        ("us", KEY_Alt_L, KEY_Shift_L, KEY_Meta_L),
        ("de", KEY_q, KEY_ISO_Level3_Shift, KEY_at),
        ("us", KEY_Cyrillic_ya, KEY_Shift_L, KEY_Cyrillic_YA),
        ("us", 0x0100_4f60, KEY_Shift_L, 0x4f60),
    ] {
        let mut keymap = keymap(layout, "", "");
        let mut seat = Seat::new(&keymap);
        seat.press(&mut keymap, ALICE, pressed);
        seat.press(&mut keymap, ALICE, modifier);
        assert_eq!(seat.down.len(), 2);
        seat.release(&mut keymap, ALICE, released);
        assert_eq!(seat.down.len(), 1, "{layout}: {pressed:#x} {released:#x}");
        seat.release(&mut keymap, ALICE, modifier);
        assert!(seat.down.is_empty());
    }
}

#[test]
fn a_key_under_two_names_is_held_once() {
    let mut keymap = keymap("us", "", "");
    let mut seat = Seat::new(&keymap);
    // What a viewer sends whose user holds A, then Shift: repetitions change their name.
    seat.press(&mut keymap, ALICE, KEY_a);
    seat.press(&mut keymap, ALICE, KEY_Shift_L);
    seat.press(&mut keymap, ALICE, KEY_A);
    assert_eq!(seat.text(), "aA");
    seat.release(&mut keymap, ALICE, KEY_A);
    seat.release(&mut keymap, ALICE, KEY_Shift_L);
    assert!(seat.down.is_empty());
}

#[test]
fn repetitions() {
    let mut keymap = keymap("us", "", "");
    let mut seat = Seat::new(&keymap);
    seat.press(&mut keymap, ALICE, KEY_a);
    let again = seat.press(&mut keymap, ALICE, KEY_a);
    assert_eq!(again.keys, [up(38), down(38)]);
    seat.press(&mut keymap, ALICE, KEY_B);
    let again = seat.press(&mut keymap, ALICE, KEY_B).keys;
    assert_eq!(again, [up(56), down(LEFT_SHIFT), down(56), up(LEFT_SHIFT)]);
    assert_eq!(seat.text(), "aaBB");
    for modifier in [
        KEY_Shift_L,
        KEY_Control_L,
        KEY_Caps_Lock,
        KEY_Num_Lock,
        KEY_Super_L,
    ] {
        assert_eq!(seat.press(&mut keymap, ALICE, modifier).keys.len(), 1);
        assert_eq!(seat.press(&mut keymap, ALICE, modifier).keys, []);
        seat.release(&mut keymap, ALICE, modifier);
    }
    seat.release(&mut keymap, ALICE, KEY_a);
    seat.release(&mut keymap, ALICE, KEY_B);
    assert!(seat.down.is_empty());
}

#[test]
fn several_viewers_share_the_keyboard() {
    let mut keymap = keymap("us", "", "");
    let mut seat = Seat::new(&keymap);
    seat.press(&mut keymap, ALICE, KEY_Shift_L);
    assert_eq!(seat.press(&mut keymap, BOB, KEY_Shift_L).keys, []);
    // Bob's letter is not changed by Alice's Shift.
    seat.press(&mut keymap, BOB, KEY_x);
    assert_eq!(seat.text(), "x");
    assert_eq!(seat.release(&mut keymap, ALICE, KEY_x).keys, []);
    assert_eq!(
        seat.press(&mut keymap, ALICE, KEY_X).keys,
        [up(53), down(53)]
    );
    assert_eq!(seat.release(&mut keymap, BOB, KEY_x).keys, []);
    assert_eq!(seat.release(&mut keymap, ALICE, KEY_X).keys, [up(53)]);
    assert_eq!(seat.release(&mut keymap, ALICE, KEY_Shift_L).keys, []);
    seat.press(&mut keymap, BOB, KEY_y);
    let left = keymap.release_all(BOB);
    seat.play(&keymap, &left);
    assert_eq!(left.keys, [up(29), up(LEFT_SHIFT)]);
    assert_eq!(keymap.modifiers(), Modifiers::default());
}

#[test]
fn a_change_of_the_keymap_keeps_what_is_held_and_locked() {
    let mut keymap = keymap("us,de", "", "");
    let mut seat = Seat::new(&keymap);
    seat.tap(&mut keymap, KEY_Caps_Lock);
    seat.tap(&mut keymap, KEY_Num_Lock);
    seat.tap(&mut keymap, KEY_ISO_Next_Group);
    seat.press(&mut keymap, ALICE, KEY_Control_L);
    seat.press(&mut keymap, ALICE, KEY_q);
    let before = keymap.modifiers();
    assert!(before.caps_lock && before.num_lock && before.layout == 1);
    let strokes = seat.press(&mut keymap, BOB, 0x0100_4f60);
    assert_eq!(strokes.keymap_changed, Some(before));
    assert_eq!(keymap.modifiers(), before);
    assert!(seat.down.contains(&24) && seat.down.contains(&37));
    seat.release(&mut keymap, ALICE, KEY_q);
    seat.release(&mut keymap, ALICE, KEY_Control_L);
    let free = Modifiers {
        depressed: 0,
        ..before
    };
    assert_eq!(keymap.modifiers(), free);
}

#[test]
fn locks_that_a_seat_forgets_with_its_keymap_are_forgotten() {
    let mut keymap = keymap("us", "", "shift:both_shiftlock");
    let mut seat = Seat::new(&keymap);
    for shift in [KEY_Shift_L, KEY_Shift_R] {
        seat.press(&mut keymap, ALICE, shift);
    }
    for shift in [KEY_Shift_R, KEY_Shift_L] {
        seat.release(&mut keymap, ALICE, shift);
    }
    assert_eq!(keymap.modifiers().locked, 1, "Shift is locked");
    seat.tap(&mut keymap, u32::from('a'));
    assert_eq!(seat.text(), "a");
    for character in ['é', 'b', 'B'] {
        seat.tap(&mut keymap, u32::from(character));
        assert_eq!(seat.text(), character.to_string());
    }
    assert_eq!(keymap.modifiers().locked, 0);
}

#[test]
fn a_lock_key_that_is_down_during_a_change_takes_effect_once() {
    let mut keymap = keymap("us", "", "");
    let mut seat = Seat::new(&keymap);
    for locked in [true, false] {
        seat.press(&mut keymap, ALICE, KEY_Caps_Lock);
        let new = 0x0100_4f60 + u32::from(locked);
        assert!(seat.press(&mut keymap, ALICE, new).keymap_changed.is_some());
        seat.release(&mut keymap, ALICE, KEY_Caps_Lock);
        assert_eq!(keymap.modifiers().caps_lock, locked);
        seat.release(&mut keymap, ALICE, new);
        assert!(seat.down.is_empty());
    }
}

#[test]
fn the_spare_key_that_rested_longest_is_reused_but_never_one_that_is_held() {
    let mut keymap = keymap("us", "", "");
    let mut seat = Seat::new(&keymap);
    let spares = u32::try_from(keymap.spares.len()).unwrap();
    assert!(spares >= 30, "{spares}");
    let cjk = |at: u32| 0x0100_4e00 + at;
    let held = cjk(0);
    seat.press(&mut keymap, ALICE, held);
    for at in 1..spares {
        seat.tap(&mut keymap, cjk(at));
    }
    // All are known now; use the second again.
    for at in 0..spares {
        assert!(keymap.spares.find(Keysym::new(cjk(at))).is_some());
    }
    assert_eq!(keymap.press(ALICE, sym(cjk(1))).keymap_changed, None);
    let one = keymap.release(ALICE, sym(cjk(1)));
    assert_eq!(one.keys.len(), 1);
    seat = Seat::new(&keymap);
    let strokes = Strokes {
        keymap_changed: None,
        keys: vec![down(keymap.held[0].keycode.raw())],
    };
    seat.play(&keymap, &strokes);
    seat.tap(&mut keymap, cjk(spares));
    let known = |keymap: &Keymap, at| keymap.spares.find(Keysym::new(cjk(at))).is_some();
    assert!(known(&keymap, 0) && known(&keymap, 1) && !known(&keymap, 2));
    // Far more than there are spare keys, with one held all the time.
    seat.text();
    for at in 0..3 * spares {
        seat.tap(&mut keymap, cjk(100 + at));
        let text = char::from_u32(0x4e00 + 100 + at).unwrap().to_string();
        assert_eq!(seat.text(), text);
    }
    assert!(known(&keymap, 0));
    assert_eq!(seat.release(&mut keymap, ALICE, held).keys.len(), 1);
}

#[test]
fn when_all_spare_keys_are_held_a_new_symbol_is_dropped() {
    let mut keymap = keymap("us", "", "");
    let spares = u32::try_from(keymap.spares.len()).unwrap();
    for at in 0..spares {
        assert!(!keymap.press(ALICE, sym(0x0100_4e00 + at)).keys.is_empty());
    }
    assert_eq!(keymap.press(ALICE, sym(0x0100_5e00)), Strokes::default());
    assert_eq!(keymap.release(ALICE, sym(0x0100_5e00)), Strokes::default());
    keymap.release(ALICE, sym(0x0100_4e00));
    assert_eq!(keymap.press(ALICE, sym(0x0100_5e00)).keys.len(), 1);
    assert_eq!(keymap.release_all(ALICE).keys.len(), spares as usize);
}

#[test]
fn a_vendors_key_that_became_spare_still_arrives() {
    let mut keymap = keymap("us", "", "");
    let mut seat = Seat::new(&keymap);
    let spares = u32::try_from(keymap.spares.len()).unwrap();
    for at in 0..spares {
        seat.tap(&mut keymap, 0x0100_4e00 + at);
    }
    for keysym in [KEY_XF86MailForward, KEY_XF86Tools, KEY_XF86AudioMute] {
        seat.typed.clear();
        seat.tap(&mut keymap, keysym);
        assert_eq!(seat.typed[0].keysym.raw(), keysym);
    }
}

#[test]
fn modifiers_that_do_more_than_their_name_says_are_seen_through() {
    for options in [
        "shift:breaks_caps",
        "caps:shiftlock",
        "caps:none",
        "caps:escape",
        "shift:both_capslock",
        "lv3:ralt_switch_multikey",
        "numpad:mac",
        "keypad:oss",
        "grp:alt_shift_toggle",
    ] {
        for locked in [false, true] {
            let mut keymap = keymap("de", "", options);
            let mut seat = Seat::new(&keymap);
            if locked {
                seat.tap(&mut keymap, KEY_Caps_Lock);
            }
            for character in "aAäÄ1!@€яЯ你".chars() {
                let before = keymap.modifiers();
                seat.text();
                seat.tap(&mut keymap, xkb::utf32_to_keysym(character.into()).raw());
                assert_eq!(seat.text(), character.to_string(), "{options} {locked}");
                assert_eq!(keymap.modifiers(), before, "{options} {locked} {character}");
            }
        }
    }
}

#[test]
fn random_input_ends_with_no_key_down() {
    let special = [
        KEY_Shift_L,
        KEY_Shift_R,
        KEY_Control_L,
        KEY_Alt_L,
        KEY_Meta_L,
        KEY_Super_L,
        KEY_ISO_Level3_Shift,
        KEY_ISO_Level5_Shift,
        KEY_Mode_switch,
        KEY_Caps_Lock,
        KEY_Num_Lock,
        KEY_Scroll_Lock,
        KEY_ISO_Next_Group,
        KEY_ISO_Left_Tab,
        KEY_Tab,
        KEY_KP_7,
        KEY_KP_Home,
        KEY_dead_acute,
        KEY_F1,
        KEY_Print,
    ];
    for (seed, (layout, variant)) in LAYOUTS.into_iter().enumerate() {
        // In neo, what a Shift key is depends on the other one, and so on their order.
        if variant == "neo" {
            continue;
        }
        let mut random = Random(0x9e37_79b9 + seed as u64);
        let mut keymap = keymap(layout, variant, "");
        let mut seat = Seat::new(&keymap);
        for _ in 0..400 {
            let keysym = match random.below(8) {
                0..=2 => special[random.below(special.len() as u32) as usize],
                3..=5 => 0x20 + random.below(0xe0),
                6 => 0x0100_4e00 + random.below(60),
                _ => random.below(u32::MAX),
            };
            let viewer = u64::from(random.below(3));
            let strokes = match random.below(20) {
                0 => keymap.release_all(viewer),
                1..=9 => keymap.release(viewer, sym(keysym)),
                _ => keymap.press(viewer, sym(keysym)),
            };
            seat.play(&keymap, &strokes);
        }
        for viewer in 0..3 {
            let strokes = keymap.release_all(viewer);
            seat.play(&keymap, &strokes);
        }
        assert!(seat.down.is_empty() && keymap.held.is_empty());
        assert_eq!(keymap.modifiers().depressed, 0);
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 32) % u64::from(end)) as u32
    }
}

#[test]
fn the_text_compiles_with_the_compiler_of_x() {
    if Command::new("xkbcomp").arg("-version").output().is_err() {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "xkbcomp is missing");
        eprintln!("skipped: xkbcomp is missing");
        return;
    }
    for (layout, variant) in LAYOUTS {
        let mut keymap = keymap(layout, variant, "");
        let spares = u32::try_from(keymap.spares.len()).unwrap();
        for keysym in [0x20ac, KEY_Cyrillic_ya, 0x0101_f600, 0x1008_fabc] {
            keymap.press(ALICE, sym(keysym));
        }
        for at in 0..spares {
            keymap.press(ALICE, sym(0x0100_4e00 + at));
        }
        // Not to a device file: xkbcomp unlinks its output first.
        let folder = tempfile::tempdir().unwrap();
        let mut xkbcomp = Command::new("xkbcomp")
            .args(["-w0", "-xkm", "-"])
            .arg(folder.path().join("keymap.xkm"))
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = xkbcomp.stdin.take().unwrap();
        input.write_all(keymap.text().as_bytes()).unwrap();
        drop(input);
        let output = xkbcomp.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{layout}: {errors}");
    }
}

#[test]
fn a_wrong_layout_is_an_error_with_its_remedy() {
    let wrong = |layout: &str, variant: &str| KeyboardConfig {
        layout: layout.to_owned(),
        variant: variant.to_owned(),
        ..KeyboardConfig::default()
    };
    for (layout, variant) in [("nowhere", ""), ("us", "nothing"), ("u\0s", "")] {
        let error = Keymap::new(&wrong(layout, variant), Keys::default())
            .err()
            .unwrap();
        let message = error.to_string();
        assert!(message.contains(layout) && message.contains("man xkeyboard-config"));
        assert!(!message.contains('\n'));
    }
    assert!(Keymap::new(&KeyboardConfig::default(), Keys::default()).is_ok());
}
