use offing_tests::vnc_client::{VncClient, button, encoding, keysym};
use offing_tests::{Result, soon};

use super::chance::Chance;
use crate::fixture::{Fixture, Frame};

/// The sizes of screens that viewers ask for.
pub(super) const SIZES: [(u16, u16); 6] = [
    (320, 240),
    (400, 300),
    (240, 320),
    (160, 120),
    (480, 200),
    (321, 241),
];
const KEYS: [char; 9] = ['a', 'B', 'é', '1', '\n', '\t', '\u{1b}', '€', '漢'];
const BUTTONS: [u8; 5] = [
    button::LEFT,
    button::LEFT,
    button::LEFT,
    button::RIGHT,
    button::MIDDLE,
];
const WHEELS: [u8; 2] = [button::WHEEL_UP, button::WHEEL_LEFT];

/// Someone who does anything.
pub(super) struct Viewer {
    pub(super) client: VncClient,
    /// The encoding that it likes best.
    likes: i32,
    at: (u16, u16),
    buttons: u8,
    keys: Vec<u32>,
}

impl Viewer {
    pub(super) fn join(fixture: &Fixture, likes: i32) -> Result<Self> {
        let mut client = fixture.viewer_knowing(&[
            likes,
            encoding::COPY_RECT,
            encoding::RAW,
            encoding::CURSOR,
            encoding::POINTER_POS,
            encoding::EXTENDED_DESKTOP_SIZE,
            encoding::LAST_RECT,
            encoding::FENCE,
        ])?;
        client.wait_until(soon(), "a fence", |client| !client.fences.is_empty())?;
        Ok(Self {
            client,
            likes,
            at: (0, 0),
            buttons: 0,
            keys: Vec::new(),
        })
    }

    /// Returns when the server has read all that was sent, taking in what it sends.
    pub(super) fn sync(&mut self) -> Result {
        self.client.fences.truncate(1);
        self.client.fence(0, b"sync")?;
        let answered = |client: &VncClient| client.fences.len() > 1;
        self.client.wait_until(soon(), "a fence", answered)?;
        // What is kept for tests of another sort.
        self.client.updates.clear();
        self.client.cut_texts.clear();
        self.client.leds.clear();
        let sizes = self.client.resizes.len().saturating_sub(1);
        self.client.resizes.drain(..sizes);
        Ok(())
    }

    fn send(&mut self) -> Result {
        self.client.pointer(self.at.0, self.at.1, self.buttons)
    }

    /// Moves to a place of the screen, if it is there.
    pub(super) fn move_to(&mut self, x: i32, y: i32) -> Result {
        let (width, height) = self.client.size();
        let inside = |at: i32, side: usize| at.clamp(0, side as i32 - 1) as u16;
        self.at = (inside(x, width), inside(y, height));
        self.send()
    }

    pub(super) fn press(&mut self, button: u8) -> Result {
        self.buttons |= button;
        self.send()
    }

    pub(super) fn release(&mut self) -> Result {
        self.buttons = 0;
        self.send()
    }

    /// Does something; returns what. `frames`: where it sees windows.
    pub(super) fn act(
        &mut self,
        chance: &mut Chance,
        fixture: &Fixture,
        frames: &[(String, Frame)],
    ) -> Result<String> {
        let did = match chance.below(32) {
            0..6 => self.wander(chance)?,
            6..13 => self.approach(chance, frames)?,
            13..17 => self.push(chance)?,
            17..22 => {
                self.release()?;
                "releases".to_owned()
            }
            22 => {
                let wheel = chance.pick(&WHEELS).copied().unwrap_or_default();
                self.press(wheel)?;
                self.buttons &= !wheel;
                self.send()?;
                "turns the wheel".to_owned()
            }
            23..27 => self.type_something(chance)?,
            27 if chance.once_in(3) => self.resize(chance)?,
            28 => {
                self.client.cut_text("cut")?;
                "cuts".to_owned()
            }
            29 if chance.once_in(8) => {
                *self = Self::join(fixture, self.likes)?;
                "leaves and comes".to_owned()
            }
            30 => self.drag_somewhere(chance, frames)?,
            _ => {
                self.client.request_everything()?;
                "looks".to_owned()
            }
        };
        self.sync()?;
        Ok(did)
    }

    fn wander(&mut self, chance: &mut Chance) -> Result<String> {
        let (width, height) = self.client.size();
        let mut along = |side: usize| match chance.below(6) {
            0 => 0,
            1 => side as i32 - 1,
            _ => chance.between(0, side as i32),
        };
        let (x, y) = (along(width), along(height));
        self.move_to(x, y)?;
        Ok(format!("moves to {:?}", self.at))
    }

    /// Moves to where something can be taken hold of.
    fn approach(&mut self, chance: &mut Chance, frames: &[(String, Frame)]) -> Result<String> {
        let Some((_, frame)) = chance.pick(frames).cloned() else {
            return self.wander(chance);
        };
        let Frame {
            x,
            y,
            width,
            height,
        } = frame;
        let (right, bottom) = (x + width, y + height);
        let place = match chance.below(10) {
            0 => (right, bottom),
            1 => (x - 1, y - 28),
            2 => (x - 1, y + height / 2),
            3 => (x + width / 2, bottom),
            4 => (right - 10, y - 10),
            5 => (right - 44, y - 10),
            6 => (right - 78, y - 10),
            7 => (x + width / 2, y - 14),
            8 => (x + 5, y - 14),
            _ => (x + width / 2, y + height / 2),
        };
        self.move_to(place.0, place.1)?;
        Ok(format!("moves to {:?} of {frame:?}", self.at))
    }

    fn push(&mut self, chance: &mut Chance) -> Result<String> {
        let button = chance.pick(&BUTTONS).copied().unwrap_or(button::LEFT);
        self.press(button)?;
        let click = chance.once_in(3);
        if click {
            self.release()?;
        }
        Ok(format!("presses {button}, and releases: {click}"))
    }

    fn drag_somewhere(
        &mut self,
        chance: &mut Chance,
        frames: &[(String, Frame)],
    ) -> Result<String> {
        let from = self.approach(chance, frames)?;
        self.press(button::LEFT)?;
        let to = self.wander(chance)?;
        let and = self.wander(chance)?;
        self.release()?;
        Ok(format!("{from}, presses, {to}, {and}, releases"))
    }

    fn type_something(&mut self, chance: &mut Chance) -> Result<String> {
        if self.keys.len() > 2 || chance.flip() {
            for key in std::mem::take(&mut self.keys) {
                self.client.key(key, false)?;
            }
            return Ok("releases its keys".to_owned());
        }
        let key = keysym(chance.pick(&KEYS).copied().unwrap_or('x'));
        self.client.key(key, true)?;
        self.keys.push(key);
        Ok(format!("presses the key {key:#x}"))
    }

    fn resize(&mut self, chance: &mut Chance) -> Result<String> {
        let (width, height) = chance.pick(&SIZES).copied().unwrap_or((320, 240));
        self.client.set_desktop_size(width, height)?;
        Ok(format!("wants {width}x{height}"))
    }
}
