//! What holds whatever programs and viewers do, for tests that do anything: nothing else asks.

use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::State;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::IsAlive;
use smithay::wayland::compositor::get_role;
use smithay::wayland::shell::xdg::ToplevelState;

use crate::desktop::keep_in_reach;
use crate::state::Offing;
use crate::window::Window;

impl Offing {
    /// What should hold of windows, the keyboard and the pointer and does not, in words, between
    /// two turns of the loop. `None` is how it should be.
    pub fn inconsistency(&self) -> Option<String> {
        let windows = self.windows_at_fault();
        windows
            .or_else(|| self.fills_at_fault())
            .or_else(|| self.keyboard_at_fault())
            .or_else(|| self.pointer_at_fault())
    }

    /// How many there are of what programs and viewers leave in the session, with names: all 0 when
    /// they have gone.
    pub fn holdings(&self) -> [(&'static str, usize); 6] {
        [
            ("clients", self.gate.clients().count()),
            ("windows", self.desktop.count_windows()),
            ("panels", self.desktop.count_panels()),
            ("lists of windows", self.toplevels.count()),
            ("pressed buttons", self.input.count_held()),
            ("viewers", self.viewers().len()),
        ]
    }

    /// Windows can be taken hold of, and one of those that are shown is active.
    fn windows_at_fault(&self) -> Option<String> {
        let work = self.desktop.work();
        let lost = |window: &&Window| {
            // What fills something is there, however small that is.
            window.fill().is_none() && keep_in_reach(window.frame(), work) != window.frame().loc
        };
        if let Some(window) = self.desktop.shown().find(lost) {
            let (title, frame) = (window.title(), window.frame());
            return Some(format!("{title:?} is out of reach: {frame:?} in {work:?}"));
        }
        let dead = self.desktop.shown().any(|it| !it.surface().alive());
        let active = self.desktop.active();
        match (active, self.desktop.shown().next_back()) {
            _ if dead => Some("a window is shown that is gone".to_owned()),
            (Some(active), _) if !active.is_shown() => {
                Some(format!("{:?} is active and not shown", active.title()))
            }
            (None, Some(top)) => Some(format!("none is active, not even {:?}", top.title())),
            _ => None,
        }
    }

    /// Windows that fill something are told its size.
    fn fills_at_fault(&self) -> Option<String> {
        let (screen, work) = (self.screen.logical_size(), self.desktop.work());
        self.desktop.shown().find_map(|window| {
            let place = window.filled(screen, work)?;
            let told = window.toplevel.with_pending_state(|state| state.size)?;
            let (title, fill) = (window.title(), window.fill());
            (told != place.size || window.position != place.loc).then(|| {
                let position = window.position;
                format!("{title:?} fills {fill:?}, {place:?}, and is {told:?} at {position:?}")
            })
        })
    }

    /// What the pointer does to windows, and what it drags, ends when it is let go.
    fn pointer_at_fault(&self) -> Option<String> {
        if self.is_locked() && self.cursor.is_dragging() {
            return Some("something is dragged in a locked session".to_owned());
        }
        if self.input.pointer.is_grabbed() {
            return None;
        }
        // One that is gone is told nothing.
        let focus = self.input.pointer.current_focus().filter(IsAlive::alive);
        let under = self.pointed();
        if focus != under {
            let (focus, under) = (self.describe(focus), self.describe(under));
            return Some(format!("{focus} has the pointer, which is on {under}"));
        }
        if self.input.locked.is_some() != focus.is_some_and(|it| self.locks_pointer(&it)) {
            let locked = self.input.locked;
            return Some(format!(
                "the pointer is locked at {locked:?} by nobody, or not"
            ));
        }
        let is_resized = |window: &&Window| {
            let pending = |state: &mut ToplevelState| state.states.contains(State::Resizing);
            window.toplevel.with_pending_state(pending)
        };
        if let Some(window) = self.desktop.shown().find(is_resized) {
            return Some(format!("{:?} is being resized by nobody", window.title()));
        }
        if self.desktop.drop.fill.is_some() {
            return Some("a place is shown for what nobody drags".to_owned());
        }
        self.cursor
            .is_dragging()
            .then(|| "what nobody drags is shown".to_owned())
    }

    /// Who has the keyboard is drawn, and is who should have it.
    fn keyboard_at_fault(&self) -> Option<String> {
        let keyboard = &self.input.keyboard;
        let (focus, owner) = (keyboard.current_focus(), self.keyboard_owner());
        if !keyboard.is_grabbed() && focus != owner {
            let (focus, owner) = (self.describe(focus), self.describe(owner));
            return Some(format!("{focus} has the keyboard of {owner}"));
        }
        if keyboard.is_grabbed() && self.is_locked() {
            return Some("the keyboard is held in a locked session".to_owned());
        }
        let focus = focus?;
        let mut drawn = self.trees().flat_map(|tree| tree.surfaces());
        match drawn.any(|(surface, _)| surface == focus) {
            true => None,
            false => {
                let focus = self.describe(Some(focus));
                Some(format!("{focus} has the keyboard and is not drawn"))
            }
        }
    }

    /// What a surface is, for people.
    fn describe(&self, surface: Option<WlSurface>) -> String {
        let Some(surface) = surface else {
            return "nobody".to_owned();
        };
        let window = self.desktop.window(&surface);
        let (title, id) = (window.map(Window::title), surface.id());
        let (role, is_alive) = (get_role(&surface), surface.alive());
        format!("{id} ({role:?}, alive: {is_alive}, titled {title:?})")
    }
}
