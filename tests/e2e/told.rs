//! A viewer to which only matters what it is told besides pixels.

use offing_tests::vnc_client::{Login, Wire, log_in};
use offing_tests::{Error, ErrorKind, Result, soon};

use crate::fixture::Fixture;

/// Numbers of pseudo-encodings (rfbproto "Encodings").
pub(crate) mod encoding {
    pub(crate) const QEMU_POINTER_MOTION: i32 = -257;
    pub(crate) const QEMU_EXTENDED_KEY: i32 = -258;
    pub(crate) const QEMU_LED_STATE: i32 = -261;
    pub(crate) const EXTENDED_MOUSE_BUTTONS: i32 = -316;
    pub(crate) const VMWARE_CURSOR_POSITION: i32 = 0x574d_5666;
}

/// What is no motion in a message about motion.
const NO_MOTION: u16 = 0x7fff;

/// The viewer, and what it was told so far.
pub(crate) struct Told {
    wire: Wire,
    size: (u16, u16),
    requested: bool,
    /// The states of the keyboard's lights, one after the other.
    pub(crate) leds: Vec<u8>,
    /// Whether it is to tell how far the pointer moved, one wish after the other.
    pub(crate) relative: Vec<bool>,
    /// The extensions that the server knows.
    pub(crate) confirmed: Vec<i32>,
    /// Where a program moved the pointer to.
    pub(crate) warps: Vec<(u16, u16)>,
}

impl Told {
    /// A viewer that lists these pseudo-encodings, and no others.
    pub(crate) fn connect(fixture: &Fixture, encodings: &[i32]) -> Result<Self> {
        let mut wire = Wire::new(fixture.viewer_socket()?);
        let welcome = log_in(&mut wire, &Login::new())?;
        let mut message = vec![2, 0];
        message.extend((encodings.len() as u16).to_be_bytes());
        message.extend(encodings.iter().flat_map(|encoding| encoding.to_be_bytes()));
        wire.send(&message)?;
        Ok(Self {
            wire,
            size: (welcome.width, welcome.height),
            requested: false,
            leds: Vec::new(),
            relative: Vec::new(),
            confirmed: Vec::new(),
            warps: Vec::new(),
        })
    }

    /// Presses or releases a key: its keysym, and its place.
    pub(crate) fn key(&mut self, keysym: u32, scancode: u32, pressed: bool) -> Result {
        let mut message = vec![255, 0, 0, pressed.into()];
        message.extend(keysym.to_be_bytes());
        message.extend(scancode.to_be_bytes());
        self.wire.send(&message)
    }

    /// Moves the pointer to a place.
    pub(crate) fn pointer(&mut self, x: u16, y: u16, buttons: u8) -> Result {
        let mut message = vec![5, buttons];
        message.extend([x, y].iter().flat_map(|number| number.to_be_bytes()));
        self.wire.send(&message)
    }

    /// Moves the pointer by so much.
    pub(crate) fn motion(&mut self, dx: i16, dy: i16, buttons: u8) -> Result {
        let wire = |delta: i16| NO_MOTION.wrapping_add_signed(delta);
        self.pointer(wire(dx), wire(dy), buttons)
    }

    /// Holds these buttons: the low seven bits, and those above them.
    pub(crate) fn extended_pointer(&mut self, x: u16, y: u16, low: u8, high: u8) -> Result {
        self.pointer(x, y, low | 0x80)?;
        self.wire.send(&[high])
    }

    /// Waits until `condition` holds, asking for updates.
    pub(crate) fn wait_until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) -> Result {
        let deadline = soon();
        while !condition(self) {
            if !self.requested {
                self.request(true)?;
            }
            if !self.wire.wait_readable(deadline)? {
                let message = format!("waited in vain for {what}");
                return Err(Error::new(ErrorKind::Stalled, message));
            }
            self.read_update()?;
        }
        Ok(())
    }

    /// Returns when the server has read all that was sent, and told all that it had to tell.
    pub(crate) fn sync(&mut self) -> Result {
        if self.requested {
            self.read_update()?;
        }
        self.request(false)?;
        self.read_update()
    }

    fn request(&mut self, incremental: bool) -> Result {
        let mut message = vec![3, incremental.into(), 0, 0, 0, 0];
        let (width, height) = self.size;
        message.extend([width, height].iter().flat_map(|side| side.to_be_bytes()));
        self.requested = true;
        self.wire.send(&message)
    }

    fn read_update(&mut self) -> Result {
        self.wire.expect(&[0, 0], "an update")?;
        for _ in 0..self.wire.u16("the number of rectangles")? {
            let x = self.wire.u16("a rectangle")?;
            let y = self.wire.u16("a rectangle")?;
            let width = self.wire.u16("a rectangle")?;
            let height = self.wire.u16("a rectangle")?;
            match self.wire.i32("a rectangle")? {
                0 => {
                    let bytes = 4 * usize::from(width) * usize::from(height);
                    self.wire.bytes(bytes, "pixels")?;
                }
                encoding::QEMU_LED_STATE => self.leds.push(self.wire.u8("the lights")?),
                encoding::QEMU_POINTER_MOTION => self.relative.push(x == 0),
                encoding::VMWARE_CURSOR_POSITION => self.warps.push((x, y)),
                other => self.confirmed.push(other),
            }
        }
        self.requested = false;
        Ok(())
    }
}
