use offing_tests::wayland_client::Surface;
use offing_tests::{Result, soon};

use super::chance::Chance;
use super::program::Program;

/// What a program does to lock the session, and what it has then.
impl Program {
    pub(super) fn lock(&mut self, chance: &mut Chance) -> Result<String> {
        let lock = self.client.lock()?;
        self.client
            .dispatch_until(soon(), "an answer to a lock", |client| {
                let state = client.lock_state(lock);
                state.locked || state.finished
            })?;
        if self.client.lock_state(lock).finished {
            self.client.abandon(lock)?;
            return Ok("may not lock".to_owned());
        }
        let surface = self.client.open_lock(lock)?;
        let is_shown = !chance.once_in(4);
        self.lock_size = match is_shown {
            true => self.client.surface(surface).size,
            false => (0, 0),
        };
        if is_shown {
            self.client.draw(surface, [90, 0, 0])?;
        }
        self.lock = Some((lock, surface));
        Ok("locks".to_owned())
    }

    /// What has the keyboard. Nobody is told that what was destroyed has it no longer.
    pub(super) fn focus(&self) -> Option<Surface> {
        let focus = self.client.keyboard().focus;
        let mut shown = self.things.iter().map(|thing| thing.surface);
        let lock = self.lock.map(|(_, surface)| surface);
        focus.filter(|focus| lock == Some(*focus) || shown.any(|it| it == *focus))
    }

    /// Whether the session is locked by it.
    pub(super) fn holds_lock(&self) -> bool {
        self.lock.is_some()
    }

    /// The size at which it was told to lock the session, if it shows something there.
    pub(super) fn locks_with(&self) -> Option<(i32, i32)> {
        let (_, surface) = self.lock?;
        let state = self.client.surface(surface);
        state.is_drawn().then_some(state.size)
    }

    /// Unlocks the session, if it is locked by this program.
    pub(super) fn unlock(&mut self) -> Result<String> {
        if let Some((lock, surface)) = self.lock.take() {
            self.client.unlock(lock)?;
            self.client.destroy(surface)?;
        }
        self.client.roundtrip()?;
        Ok("unlocks".to_owned())
    }

    /// Locks a session that another program has left locked, and unlocks it.
    pub(super) fn relieve(&mut self, chance: &mut Chance) -> Result<String> {
        if self.lock.is_none() {
            self.lock(chance)?;
        }
        self.unlock()?;
        Ok("locks and unlocks".to_owned())
    }
}
