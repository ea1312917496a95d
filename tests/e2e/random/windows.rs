use offing_tests::Result;
use offing_tests::wayland_client::protocol::{Mode, State};

use super::chance::Chance;
use super::program::Program;
use super::things::Kind;

/// What a program does with its windows.
impl Program {
    /// Chooses another size for a window, where that is for its program to choose.
    pub(super) fn resize(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick(chance, |it| it.is_window() && it.drawn.is_some()) else {
            return Ok("has no window to resize".to_owned());
        };
        let surface = self.things[at].surface;
        let last = self.client.surface(surface).configures.last();
        let filling = [
            State::Maximized,
            State::Fullscreen,
            State::TiledLeft,
            State::TiledRight,
        ];
        if last.is_some_and(|last| filling.iter().any(|it| last.is(*it))) {
            return Ok("may not resize its window".to_owned());
        }
        let (width, height) = (chance.between(1, 260), chance.between(1, 200));
        self.client.resize(surface, width, height);
        self.draw(at)?;
        let title = &self.things[at].title;
        Ok(format!("makes {title} {width}x{height}"))
    }

    /// Draws more or less around a window than before.
    pub(super) fn cast_shadow(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick(chance, |it| it.is_window() && it.drawn.is_some()) else {
            return Ok("has no window for a shadow".to_owned());
        };
        let shadow = [0; 4].map(|_| chance.between(0, 40));
        self.client.set_shadow(self.things[at].surface, shadow);
        self.draw(at)?;
        Ok(format!("draws {shadow:?} around {}", self.things[at].title))
    }

    pub(super) fn fill(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick_window(chance) else {
            return Ok("has no window to fill the screen".to_owned());
        };
        let (surface, title) = (self.things[at].surface, &self.things[at].title);
        let on = chance.flip();
        match chance.below(5) {
            0 | 1 => {
                self.client.set_maximized(surface, on)?;
                Ok(format!("maximizes {title}: {on}"))
            }
            2 | 3 => {
                self.client.set_fullscreen(surface, on)?;
                Ok(format!("fills the screen with {title}: {on}"))
            }
            _ => {
                self.client.toplevel(surface)?.set_minimized();
                self.client.flush()?;
                Ok(format!("minimizes {title}"))
            }
        }
    }

    pub(super) fn change_parent(&mut self, chance: &mut Chance) -> Result<String> {
        let windows: Vec<_> = (0..self.things.len())
            .filter(|at| self.things[*at].is_window())
            .collect();
        let child = chance.below(windows.len());
        // One that was opened before: no circles.
        let parent = match child {
            0 => None,
            child if chance.once_in(3) || child >= windows.len() => None,
            child => windows.get(chance.below(child)),
        };
        let Some(child) = windows.get(child) else {
            return Ok("has no window for a parent".to_owned());
        };
        let parent = parent.map(|at| &self.things[*at]);
        let parent = parent.filter(|parent| parent.drawn.is_some());
        let child = &self.things[*child];
        let toplevel = self.client.toplevel(child.surface)?;
        match parent {
            Some(parent) => {
                toplevel.set_parent(Some(self.client.toplevel(parent.surface)?));
            }
            None => toplevel.set_parent(None),
        }
        let title = parent.map(|parent| &parent.title);
        let what = format!("says that {} belongs to {title:?}", child.title);
        self.client.flush()?;
        Ok(what)
    }

    pub(super) fn change_title(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick_window(chance) else {
            return Ok("has no window to name".to_owned());
        };
        self.opened += 1;
        let thing = &mut self.things[at];
        thing.title = format!("{}-{}", self.name, self.opened);
        self.client.set_title(thing.surface, &thing.title)?;
        Ok(format!("names a window {}", thing.title))
    }

    pub(super) fn limit(&mut self, chance: &mut Chance) -> Result<String> {
        let Some(at) = self.pick_window(chance) else {
            return Ok("has no window to limit".to_owned());
        };
        let surface = self.things[at].surface;
        let min = (chance.between(0, 60), chance.between(0, 60));
        let max = match chance.below(3) {
            0 => (0, 0),
            1 => min,
            _ => (min.0 + 50, min.1 + 50),
        };
        let toplevel = self.client.toplevel(surface)?;
        toplevel.set_min_size(min.0, min.1);
        toplevel.set_max_size(max.0, max.1);
        if self.things[at].drawn.is_some() {
            self.client.commit(surface)?;
        }
        Ok(format!("limits a window to {min:?} … {max:?}"))
    }

    pub(super) fn change_decoration(&mut self, chance: &mut Chance) -> Result<String> {
        let asks = Kind::Window {
            asks_for_decoration: true,
        };
        let Some(at) = self.pick(chance, |thing| thing.kind == asks) else {
            return Ok("has no window to decorate".to_owned());
        };
        let mode = match chance.flip() {
            true => Mode::ServerSide,
            false => Mode::ClientSide,
        };
        self.client.set_decoration(self.things[at].surface, mode)?;
        Ok(format!("has {} decorated: {mode:?}", self.things[at].title))
    }
}
