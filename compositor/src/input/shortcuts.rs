//! Keys that are shortcuts of the session: clients see nothing of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use smithay::input::keyboard::{Keysym, ModifiersState};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::compositor::with_states;

use crate::desktop::Tile;
use crate::state::Offing;
use crate::window::Fill;

/// A shortcut so soon after the release of its key is a repetition: viewers that repeat by releases
/// and presses send both at once, and no finger is as quick.
const REPETITION: Duration = Duration::from_millis(20);

/// What a key does for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortcut {
    /// Alt+F4 closes the active window.
    Close,
    /// Alt+Tab goes to another window, and with Shift the other way round.
    Switch { back: bool },
    /// Super+Left and Super+Right put the active window into a half of the screen, Super+Up
    /// maximizes it.
    Fill(Fill),
    /// Super+Down gives it back its own size, or minimizes it if it has that.
    Shrink,
    /// Super+Space brings the menu.
    Menu,
    /// All keys are for a list that is shown.
    Choose(Keysym),
}

impl Shortcut {
    /// Whether it acts again and again as long as its key is held.
    pub(crate) fn repeats(self) -> bool {
        match self {
            Self::Switch { .. } => true,
            // What has been chosen is done once, and what follows is not chosen by the same key.
            Self::Choose(key) => is_step(key),
            _ => false,
        }
    }
}

/// Whether a key goes on in a list.
fn is_step(key: Keysym) -> bool {
    [Keysym::Up, Keysym::Down, Keysym::Tab, Keysym::ISO_Left_Tab].contains(&key)
}

impl Offing {
    /// What a key does for the session when it is pressed, if it is not for clients.
    /// `are_inhibited`: the window that has the keyboard wants all keys.
    pub(crate) fn shortcut(
        &self,
        modifiers: &ModifiersState,
        key: Keysym,
        are_inhibited: bool,
    ) -> Option<Shortcut> {
        let switch = match key {
            Keysym::Tab => Some(Shortcut::Switch { back: false }),
            Keysym::ISO_Left_Tab => Some(Shortcut::Switch { back: true }),
            _ => None,
        };
        let switch = switch.filter(|_| modifiers.alt);
        if self.is_choosing() {
            let choose = (!key.is_modifier_key()).then_some(Shortcut::Choose(key));
            return switch.or(choose);
        }
        // What locks the session gets all keys.
        if are_inhibited || self.is_locked() || !self.input.shortcuts.are_on() {
            return None;
        }
        if modifiers.alt && key == Keysym::F4 {
            return Some(Shortcut::Close);
        }
        let arrange = match key {
            Keysym::space => Some(Shortcut::Menu),
            Keysym::Left => Some(Shortcut::Fill(Fill::Tiled(Tile::LEFT))),
            Keysym::Right => Some(Shortcut::Fill(Fill::Tiled(Tile::RIGHT))),
            Keysym::Up => Some(Shortcut::Fill(Fill::Maximized)),
            Keysym::Down => Some(Shortcut::Shrink),
            _ => None,
        };
        let arrange = arrange.filter(|_| modifiers.logo);
        switch.or(arrange).filter(|_| self.desktop.decorates())
    }

    /// Does what a key is for.
    pub(crate) fn act_on(&mut self, shortcut: Shortcut) {
        match shortcut {
            Shortcut::Close => self.close_active(),
            Shortcut::Switch { back } => self.switch_windows(back),
            Shortcut::Fill(fill) => self.fill_active(fill),
            Shortcut::Shrink => self.shrink_active(),
            Shortcut::Menu => self.open_menu_by_key(),
            Shortcut::Choose(key) => self.choose_by_key(key),
        }
    }
}

/// What a stroke of a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The shortcut: something is to be done.
    Shortcut,
    /// The shortcut again, as its key is held.
    Repetition,
    /// The shortcut's release: nothing is to be done, and it is not for clients.
    Rest,
    /// It is for clients.
    Input,
}

/// Which keys are shortcuts.
pub(crate) struct Shortcuts {
    are_on: bool,
    /// The keys whose press was a shortcut, and when they were released since.
    pressed: HashMap<u32, Option<Instant>>,
}

impl Shortcuts {
    pub(crate) fn new(are_on: bool) -> Self {
        Self {
            are_on,
            pressed: HashMap::new(),
        }
    }

    /// Whether there are any.
    pub(crate) fn are_on(&self) -> bool {
        self.are_on
    }

    /// What it means that the key `code` is pressed or released now. `is_shortcut`: if it is
    /// pressed, and that is no repetition, it is a shortcut.
    pub(crate) fn read(
        &mut self,
        code: u32,
        pressed: bool,
        is_shortcut: bool,
        now: Instant,
    ) -> Meaning {
        let before = self.pressed.remove(&code);
        if pressed {
            // With another key between, the next press of a key is no repetition.
            self.pressed.retain(|_, released| released.is_none());
        }
        if !pressed {
            return match before {
                Some(None) => {
                    self.pressed.insert(code, Some(now));
                    Meaning::Rest
                }
                _ => Meaning::Input,
            };
        }
        let repeats = match before {
            // A repetition of ours, also when the shortcut's modifier is no longer held.
            Some(Some(released)) if released == now => true,
            Some(Some(released)) => {
                is_shortcut && now.saturating_duration_since(released) < REPETITION
            }
            Some(None) => true,
            None => false,
        };
        if !repeats && !is_shortcut {
            return Meaning::Input;
        }
        self.pressed.insert(code, None);
        match repeats {
            true => Meaning::Repetition,
            false => Meaning::Shortcut,
        }
    }
}

/// Whether a surface wants the keys of shortcuts for itself, while it has the keyboard.
#[derive(Default)]
struct Inhibits(AtomicBool);

/// Notes whether a surface wants the keys of shortcuts for itself; returns whether it did before.
pub(crate) fn inhibit(surface: &WlSurface, on: bool) -> bool {
    with_states(surface, |states| {
        let inhibits = states.data_map.get_or_insert_threadsafe(Inhibits::default);
        inhibits.0.swap(on, Relaxed)
    })
}

/// Whether a surface wants the keys of shortcuts for itself.
pub(crate) fn are_inhibited(surface: &WlSurface) -> bool {
    with_states(surface, |states| {
        let inhibits = states.data_map.get::<Inhibits>();
        inhibits.is_some_and(|inhibits| inhibits.0.load(Relaxed))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const F4: u32 = 70;
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_shortcut_acts_once_however_it_is_repeated() {
        let mut shortcuts = Shortcuts::new(true);
        let now = Instant::now();
        assert_eq!(shortcuts.read(F4, true, true, now), Meaning::Shortcut);
        // As the seat's keys repeat, with the modifier and without it.
        for is_shortcut in [true, false] {
            let now = now + 500 * MS;
            assert_eq!(shortcuts.read(F4, false, is_shortcut, now), Meaning::Rest);
            let repeated = shortcuts.read(F4, true, is_shortcut, now);
            assert_eq!(repeated, Meaning::Repetition);
        }
        // As some viewers repeat keys.
        let now = now + 530 * MS;
        assert_eq!(shortcuts.read(F4, false, true, now), Meaning::Rest);
        let repeated = shortcuts.read(F4, true, true, now + MS);
        assert_eq!(repeated, Meaning::Repetition);
        assert_eq!(
            shortcuts.read(F4, false, true, now + 900 * MS),
            Meaning::Rest
        );
    }

    #[test]
    fn a_key_after_another_one_is_no_repetition() {
        let mut shortcuts = Shortcuts::new(true);
        let now = Instant::now();
        for code in [F4, F4 + 1, F4] {
            assert_eq!(shortcuts.read(code, true, true, now), Meaning::Shortcut);
            assert_eq!(shortcuts.read(code, false, true, now), Meaning::Rest);
        }
    }

    #[test]
    fn a_held_key_goes_through_a_list_and_chooses_nothing() {
        let repeats = |key| Shortcut::Choose(key).repeats();
        assert!(repeats(Keysym::Down) && repeats(Keysym::ISO_Left_Tab));
        // The space that brought the menu is still held.
        assert!(!repeats(Keysym::space) && !repeats(Keysym::Return));
        assert!(Shortcut::Switch { back: true }.repeats() && !Shortcut::Menu.repeats());
    }

    #[test]
    fn whoever_presses_again_means_it() {
        let mut shortcuts = Shortcuts::new(true);
        let now = Instant::now();
        for after in [0, 100] {
            let now = now + after * MS;
            assert_eq!(shortcuts.read(F4, true, true, now), Meaning::Shortcut);
            let now = now + 50 * MS;
            assert_eq!(shortcuts.read(F4, false, true, now), Meaning::Rest);
        }
        let now = now + 151 * MS;
        assert_eq!(shortcuts.read(F4, true, false, now), Meaning::Input);
        assert_eq!(shortcuts.read(F4, false, false, now), Meaning::Input);
    }

    #[test]
    fn other_keys_are_input() {
        let mut shortcuts = Shortcuts::new(true);
        let now = Instant::now();
        assert_eq!(shortcuts.read(F4, true, true, now), Meaning::Shortcut);
        assert_eq!(shortcuts.read(38, true, false, now), Meaning::Input);
        assert_eq!(shortcuts.read(38, false, false, now), Meaning::Input);
        assert_eq!(shortcuts.read(F4, false, false, now), Meaning::Rest);
    }
}
