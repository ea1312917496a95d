//! Keys of which viewers tell the place, and the lights.

use super::*;

/// Places: the keys that are Q, A, 7 of the keypad and beside the left Shift on a US keyboard.
const Q_PLACE: u32 = 0x10;
const A_PLACE: u32 = 0x1e;
const KEYPAD_7: u32 = 0x47;
const BESIDE_SHIFT: u32 = 0x56;
/// xkb's keycodes of the first two.
const Q: u32 = 24;
const A: u32 = 38;

fn keymap(layout: &str, keys: Keys) -> Keymap {
    let config = KeyboardConfig {
        layout: layout.to_owned(),
        options: Some(String::new()),
        ..KeyboardConfig::default()
    };
    Keymap::new(&config, keys).unwrap()
}

/// A key of which the viewer tells symbol and place.
fn at(scancode: u32, keysym: u32) -> Key {
    Key {
        keysym,
        scancode: Some(scancode),
    }
}

#[test]
fn the_key_in_its_place_is_pressed_if_it_gives_the_symbol() {
    for (place, keysym, keycode) in [
        (A_PLACE, KEY_a, A),
        (BESIDE_SHIFT, KEY_less, 94),
        (KEYPAD_7, KEY_KP_Home, 79),
        (0x9c, KEY_KP_Enter, 104),
        (0x9d, KEY_Control_R, 105),
        (0xc6, KEY_Pause, 127),
    ] {
        let mut keymap = keymap("us", Keys::Auto);
        assert_eq!(
            keymap.press(ALICE, at(place, keysym)).keys,
            [down(keycode)],
            "{place:#x}"
        );
    }
    // By its symbol alone it would be the full stop's key.
    let mut keymap = keymap("us", Keys::Auto);
    keymap.press(ALICE, at(0x36, KEY_Shift_R));
    let greater = keymap.press(ALICE, at(BESIDE_SHIFT, KEY_greater));
    assert_eq!(greater.keys, [down(94)]);
}

#[test]
fn the_symbol_counts_where_the_key_in_its_place_gives_another() {
    // A French keyboard in front of a US session.
    let mut keymap = keymap("us", Keys::Auto);
    let mut seat = Seat::new(&keymap);
    for (place, character) in [
        (Q_PLACE, 'a'),
        (A_PLACE, 'q'),
        (0x03, 'é'),
        (0x33, ';'),
        // Shift is down at the viewer only.
        (A_PLACE, 'Q'),
        (0x1f, 'S'),
    ] {
        let keysym = xkb::utf32_to_keysym(character.into()).raw();
        let strokes = keymap.press(ALICE, at(place, keysym));
        seat.play(&keymap, &strokes);
        assert_eq!(seat.text().chars().last(), Some(character));
        let strokes = keymap.release(ALICE, at(place, keysym));
        seat.play(&keymap, &strokes);
        assert!(seat.down.is_empty(), "{character}");
    }
    // Num Lock is on at the viewer only.
    let seven = keymap.press(ALICE, at(KEYPAD_7, KEY_KP_7)).keys;
    assert_eq!(seven, [down(77), up(77), down(79), down(77), up(77)]);
}

#[test]
fn a_key_without_a_symbol_is_pressed_in_its_place() {
    for keys in [Keys::Auto, Keys::Scancode] {
        let mut keymap = keymap("us", keys);
        for unknown in [0, 0x00ff_ffff, 0x0111_0000] {
            assert_eq!(keymap.press(ALICE, at(A_PLACE, unknown)).keys, [down(A)]);
            assert_eq!(keymap.release(ALICE, at(A_PLACE, 0)).keys, [up(A)]);
        }
        assert_eq!(keymap.press(ALICE, at(0x80, 0)), Strokes::default());
        assert_eq!(keymap.release(ALICE, at(0x80, 0)), Strokes::default());
    }
}

#[test]
fn places_alone_count_if_that_is_wanted() {
    let mut keymap = keymap("us", Keys::Scancode);
    assert_eq!(keymap.press(ALICE, at(Q_PLACE, KEY_a)).keys, [down(Q)]);
    assert_eq!(keymap.press(ALICE, at(0x03, KEY_eacute)).keys, [down(11)]);
    // As far as they are told, and there is such a key.
    assert_eq!(keymap.press(ALICE, sym(KEY_a)).keys, [down(A)]);
    assert_eq!(keymap.press(ALICE, at(0x80, KEY_b)).keys, [down(56)]);
}

#[test]
fn symbols_alone_count_if_that_is_wanted() {
    let mut keymap = keymap("us", Keys::Keysym);
    keymap.press(ALICE, at(0x36, KEY_Shift_R));
    // The full stop's.
    let greater = keymap.press(ALICE, at(BESIDE_SHIFT, KEY_greater));
    assert_eq!(greater.keys, [down(60)]);
    assert_eq!(keymap.press(ALICE, at(A_PLACE, 0)), Strokes::default());
    assert_eq!(keymap.release(ALICE, at(A_PLACE, 0)), Strokes::default());
    let released = keymap.release(ALICE, at(A_PLACE, KEY_greater));
    assert_eq!(released.keys, [up(60)]);
}

#[test]
fn a_release_in_a_place_lets_go_of_what_was_pressed_there() {
    for keys in [Keys::Auto, Keys::Scancode] {
        for pressed in [KEY_a, KEY_q, KEY_eacute, KEY_Cyrillic_ya] {
            for released in [pressed, KEY_A, KEY_x, 0] {
                let mut keymap = keymap("us", keys);
                let mut seat = Seat::new(&keymap);
                for key in [at(Q_PLACE, pressed), sym(KEY_x)] {
                    let strokes = keymap.press(ALICE, key);
                    seat.play(&keymap, &strokes);
                }
                assert_eq!(seat.down.len(), 2);
                let strokes = keymap.release(ALICE, at(Q_PLACE, released));
                seat.play(&keymap, &strokes);
                assert_eq!(
                    seat.down,
                    BTreeSet::from([53]),
                    "{keys:?}: {pressed:#x} {released:#x}"
                );
            }
        }
    }
}

#[test]
fn a_key_whose_symbol_changed_while_it_was_held_is_released_whole() {
    let mut keymap = keymap("us", Keys::Auto);
    let mut seat = Seat::new(&keymap);
    for keysym in [KEY_a, KEY_eacute, KEY_q] {
        let strokes = keymap.press(ALICE, at(A_PLACE, keysym));
        seat.play(&keymap, &strokes);
    }
    let strokes = keymap.release(ALICE, at(A_PLACE, KEY_q));
    seat.play(&keymap, &strokes);
    assert!(seat.down.is_empty());
}

#[test]
fn places_may_be_told_with_the_press_only_or_with_the_release_only() {
    for keys in [Keys::Auto, Keys::Scancode] {
        for (pressed, released) in [
            (at(A_PLACE, KEY_a), sym(KEY_a)),
            (at(A_PLACE, KEY_a), sym(KEY_A)),
            (at(A_PLACE, 0), sym(KEY_a)),
            (at(Q_PLACE, KEY_a), sym(KEY_a)),
            (sym(KEY_a), at(A_PLACE, KEY_a)),
            (sym(KEY_a), at(A_PLACE, 0)),
            (sym(KEY_a), at(Q_PLACE, KEY_a)),
            (sym(KEY_a), at(Q_PLACE, KEY_A)),
        ] {
            let mut keymap = keymap("us", keys);
            assert_eq!(keymap.press(ALICE, pressed).keys.len(), 1);
            let strokes = keymap.release(ALICE, released);
            assert_eq!(strokes.keys.len(), 1, "{keys:?}: {pressed:?} {released:?}");
        }
    }
}

#[test]
fn another_viewers_place_is_its_own() {
    let mut keymap = keymap("us", Keys::Auto);
    keymap.press(ALICE, at(A_PLACE, KEY_a));
    assert_eq!(keymap.press(BOB, at(A_PLACE, KEY_a)).keys, [up(A), down(A)]);
    assert_eq!(keymap.release(ALICE, at(A_PLACE, KEY_a)).keys, []);
    assert_eq!(keymap.release(ALICE, at(A_PLACE, KEY_a)).keys, []);
    assert_eq!(keymap.release(BOB, at(A_PLACE, KEY_a)).keys, [up(A)]);
}

#[test]
fn a_spare_key_in_use_is_no_place() {
    // Where the first spare key is: Zenkaku/Hankaku, which US keyboards lack.
    const SPARE: u32 = 0x76;
    for keys in [Keys::Auto, Keys::Scancode] {
        let mut unused = keymap("us", keys);
        assert_eq!(unused.press(ALICE, at(SPARE, 0)).keys, [down(93)]);
        let mut keymap = keymap("us", keys);
        let strokes = keymap.press(ALICE, sym(0x0100_4f60));
        assert_eq!(strokes.keys.last(), Some(&down(93)));
        keymap.release(ALICE, sym(0x0100_4f60));
        assert_eq!(keymap.press(ALICE, at(SPARE, 0)), Strokes::default());
    }
}

#[test]
fn random_keys_of_a_viewer_are_up_when_it_has_let_go() {
    let places = [Q_PLACE, A_PLACE, KEYPAD_7, BESIDE_SHIFT, 0x2a, 0x38, 0x76];
    let keysyms = [
        KEY_a,
        KEY_A,
        KEY_q,
        KEY_less,
        KEY_KP_7,
        KEY_Shift_L,
        KEY_eacute,
        0x0100_4f60,
        0,
    ];
    for (seed, keys) in [Keys::Auto, Keys::Keysym, Keys::Scancode]
        .into_iter()
        .enumerate()
    {
        let mut random = Random(0x51ed_270b + seed as u64);
        let mut keymap = keymap("us", keys);
        let mut seat = Seat::new(&keymap);
        for _ in 0..300 {
            let mut held = Vec::new();
            for place in places {
                let place = (random.below(2) == 0).then_some(place);
                let keysym = keysyms[random.below(keysyms.len() as u32) as usize];
                let key = Key {
                    keysym,
                    scancode: place,
                };
                for _ in 0..=random.below(2) {
                    let strokes = keymap.press(ALICE, key);
                    seat.play(&keymap, &strokes);
                }
                held.push(key);
            }
            while !held.is_empty() {
                let mut key = held.swap_remove(random.below(held.len() as u32) as usize);
                // With a place, the symbol may be any by now; without one, it may be told.
                match key.scancode {
                    Some(_) if keys != Keys::Keysym => key.keysym = KEY_x,
                    _ => key.scancode = Some(0x80).filter(|_| random.below(2) == 0),
                }
                let strokes = keymap.release(ALICE, key);
                seat.play(&keymap, &strokes);
            }
            assert!(seat.down.is_empty(), "{keys:?}: {:?}", seat.down);
        }
    }
}

#[test]
fn lights_follow_the_locks() {
    let mut keymap = keymap("us", Keys::Auto);
    let mut seat = Seat::new(&keymap);
    let mut leds = Leds::default();
    assert_eq!(keymap.leds(), leds);
    seat.tap(&mut keymap, KEY_Caps_Lock);
    leds.caps_lock = true;
    assert_eq!(keymap.leds(), leds);
    seat.tap(&mut keymap, KEY_Num_Lock);
    leds.num_lock = true;
    assert_eq!(keymap.leds(), leds);
    // A change of the keymap, and faked locks.
    for keysym in [0x0100_4f60, KEY_KP_Home, KEY_A, KEY_a] {
        seat.tap(&mut keymap, keysym);
        assert_eq!(keymap.leds(), leds);
    }
    seat.tap(&mut keymap, KEY_Caps_Lock);
    seat.tap(&mut keymap, KEY_Num_Lock);
    assert_eq!(keymap.leds(), Leds::default());
}

#[test]
fn the_light_of_scroll_lock_is_what_the_options_make_it() {
    let mut keymap = super::keymap("us,de", "", "grp_led:scroll");
    keymap.press(ALICE, sym(KEY_ISO_Next_Group));
    keymap.release(ALICE, sym(KEY_ISO_Next_Group));
    let expected = Leds {
        scroll_lock: true,
        ..Leds::default()
    };
    assert_eq!(keymap.leds(), expected);
}
