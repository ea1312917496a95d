use offing_tests::Result;
use offing_tests::wayland_client::protocol::Lifetime;
use offing_tests::wayland_client::{Constraint, Piece, Surface};

use super::chance::Chance;
use super::program::Program;

/// What a program asks for so that the pointer stays where it is: one for a surface.
#[derive(Default)]
pub(super) struct Constraints(Vec<Kept>);

/// A lock of the pointer, or a confinement.
#[derive(Clone, Copy)]
struct Kept {
    surface: Surface,
    constraint: Constraint,
    locks: bool,
}

fn pieces(chance: &mut Chance) -> Vec<Piece> {
    let mut piece = || {
        let (x, y) = (chance.between(-10, 100), chance.between(-10, 80));
        (x, y, chance.between(1, 90), chance.between(1, 90))
    };
    let two = [piece(), piece()];
    two[..chance.below(3)].to_vec()
}

/// What a program does so that the pointer stays where it is.
impl Program {
    pub(super) fn constrain(&mut self, chance: &mut Chance) -> Result<String> {
        let at = chance.below(self.constraints.0.len());
        let Some(Kept {
            surface,
            constraint,
            locks,
        }) = self.constraints.0.get(at).copied()
        else {
            return self.begin_to_constrain(chance);
        };
        // It may outlive its surface.
        let is_there = self.things.iter().any(|thing| thing.surface == surface);
        match chance.below(6) {
            0 => {
                self.client.destroy_constraint(constraint)?;
                self.constraints.0.remove(at);
                Ok("lets the pointer go".to_owned())
            }
            1 | 2 if is_there => {
                let pieces = pieces(chance);
                self.client.set_constraint_region(constraint, &pieces)?;
                self.client.commit(surface)?;
                Ok(format!("keeps the pointer in {pieces:?} from now on"))
            }
            3 if is_there && locks => {
                let (x, y) = (chance.between(-20, 200), chance.between(-20, 200));
                self.client.hint_cursor(constraint, x.into(), y.into())?;
                self.client.commit(surface)?;
                Ok(format!("draws the pointer at ({x}, {y})"))
            }
            _ => self.begin_to_constrain(chance),
        }
    }

    fn begin_to_constrain(&mut self, chance: &mut Chance) -> Result<String> {
        let kept = &self.constraints.0;
        let is_kept = |surface: Surface| kept.iter().any(|it| it.surface == surface);
        let at = self.pick(chance, |it| it.drawn.is_some() && !is_kept(it.surface));
        let Some(at) = at.filter(|_| kept.len() < 3) else {
            return Ok("has nothing to keep the pointer on".to_owned());
        };
        let (surface, kind) = (self.things[at].surface, self.things[at].kind);
        let pieces = match chance.flip() {
            true => pieces(chance),
            false => Vec::new(),
        };
        let lifetime = match chance.flip() {
            true => Lifetime::Oneshot,
            false => Lifetime::Persistent,
        };
        let locks = chance.flip();
        let constraint = match locks {
            true => self.client.lock_pointer(surface, &pieces, lifetime)?,
            false => self.client.confine_pointer(surface, &pieces, lifetime)?,
        };
        self.constraints.0.push(Kept {
            surface,
            constraint,
            locks,
        });
        let title = &self.things[at].title;
        Ok(format!(
            "keeps the pointer in {pieces:?} of {kind:?} {title}, locks: {locks}"
        ))
    }

    /// How many of its constraints hold, as far as it was told.
    pub(super) fn count_constraints(&self) -> usize {
        let held = self.constraints.0.iter();
        held.filter(|it| self.client.constraint(it.constraint).is_active)
            .count()
    }
}
