//! Keys that are shortcuts of the session: clients see nothing of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::compositor::with_states;

/// A shortcut so soon after the release of its key is a repetition: viewers that repeat by releases
/// and presses send both at once, and no finger is as quick.
const REPETITION: Duration = Duration::from_millis(20);

/// What a stroke of a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The shortcut: something is to be done.
    Shortcut,
    /// The shortcut's release or repetition: nothing is to be done, and it is not for clients.
    Rest,
    /// It is for clients.
    Input,
}

/// The keys whose press was a shortcut, and when they were released since.
#[derive(Default)]
pub(crate) struct Shortcuts(HashMap<u32, Option<Instant>>);

impl Shortcuts {
    /// What it means that the key `code` is pressed or released now. `is_shortcut`: if it is
    /// pressed, and that is no repetition, it is a shortcut.
    pub(crate) fn read(
        &mut self,
        code: u32,
        pressed: bool,
        is_shortcut: bool,
        now: Instant,
    ) -> Meaning {
        let before = self.0.remove(&code);
        if !pressed {
            return match before {
                Some(None) => {
                    self.0.insert(code, Some(now));
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
        self.0.insert(code, None);
        match repeats {
            true => Meaning::Rest,
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
        let mut shortcuts = Shortcuts::default();
        let now = Instant::now();
        assert_eq!(shortcuts.read(F4, true, true, now), Meaning::Shortcut);
        // As the seat's keys repeat, with the modifier and without it.
        for is_shortcut in [true, false] {
            let now = now + 500 * MS;
            assert_eq!(shortcuts.read(F4, false, is_shortcut, now), Meaning::Rest);
            assert_eq!(shortcuts.read(F4, true, is_shortcut, now), Meaning::Rest);
        }
        // As some viewers repeat keys.
        let now = now + 530 * MS;
        assert_eq!(shortcuts.read(F4, false, true, now), Meaning::Rest);
        assert_eq!(shortcuts.read(F4, true, true, now + MS), Meaning::Rest);
        assert_eq!(
            shortcuts.read(F4, false, true, now + 900 * MS),
            Meaning::Rest
        );
    }

    #[test]
    fn whoever_presses_again_means_it() {
        let mut shortcuts = Shortcuts::default();
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
        let mut shortcuts = Shortcuts::default();
        let now = Instant::now();
        assert_eq!(shortcuts.read(F4, true, true, now), Meaning::Shortcut);
        assert_eq!(shortcuts.read(38, true, false, now), Meaning::Input);
        assert_eq!(shortcuts.read(38, false, false, now), Meaning::Input);
        assert_eq!(shortcuts.read(F4, false, false, now), Meaning::Rest);
    }
}
