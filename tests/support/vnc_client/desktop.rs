use super::framebuffer::Framebuffer;
use super::wire::broken;
use super::{UpdateRect, VncClient, encoding};
use crate::Result;

/// A DesktopSize or ExtendedDesktopSize rectangle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resize {
    /// It was an ExtendedDesktopSize; a DesktopSize has no reason, status or screens.
    pub extended: bool,
    /// 0: the server's side, 1: this viewer asked, 2: another viewer asked.
    pub reason: u16,
    /// 0: done, 1: prohibited, 2: out of resources, 3: invalid layout, 4: passed on.
    pub status: u16,
    /// The width of the framebuffer in pixels.
    pub width: u16,
    /// The height of the framebuffer in pixels.
    pub height: u16,
    /// The layout.
    pub screens: Vec<Screen>,
}

impl Resize {
    /// Fails unless it makes sense (rfbproto "ExtendedDesktopSize Pseudo-encoding").
    fn check(&self) -> Result {
        if self.reason > 2 {
            return Err(broken(format!("reason {} of a size", self.reason)));
        }
        if self.status > 4 {
            return Err(broken(format!("status {} of a size", self.status)));
        }
        match self.status {
            0 => self.check_screens(),
            // All but the status is undefined.
            _ if self.reason == 1 => Ok(()),
            status => Err(broken(format!(
                "status {status} of a size that nobody asked for"
            ))),
        }
    }

    /// There is one screen at least, each has a number of its own and lies inside.
    fn check_screens(&self) -> Result {
        if self.screens.is_empty() {
            return Err(broken("a layout of 0 screens"));
        }
        for (number, screen) in self.screens.iter().enumerate() {
            let (right, bottom) = (
                screen.x.checked_add(screen.width),
                screen.y.checked_add(screen.height),
            );
            if right.is_none_or(|it| it > self.width) || bottom.is_none_or(|it| it > self.height) {
                return Err(broken("a screen beyond the framebuffer"));
            }
            if self.screens[..number].iter().any(|it| it.id == screen.id) {
                return Err(broken(format!("two screens with the number {}", screen.id)));
            }
        }
        Ok(())
    }
}

/// A screen of the desktop's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Chosen by whoever made the screen.
    pub id: u32,
    /// Left edge in pixels.
    pub x: u16,
    /// Upper edge in pixels.
    pub y: u16,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Unused by the protocol.
    pub flags: u32,
}

impl Screen {
    /// A screen without flags.
    pub fn new(id: u32, x: u16, y: u16, width: u16, height: u16) -> Self {
        Self {
            id,
            x,
            y,
            width,
            height,
            flags: 0,
        }
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let place = [self.x, self.y, self.width, self.height];
        let mut bytes = self.id.to_be_bytes().to_vec();
        bytes.extend(place.iter().flat_map(|number| number.to_be_bytes()));
        bytes.extend(self.flags.to_be_bytes());
        bytes
    }
}

/// The size and the name of the desktop.
impl VncClient {
    /// Asks for another size of the desktop, with one screen of that size. The answer is read
    /// with updates, and ends up in [`VncClient::resizes`].
    pub fn set_desktop_size(&mut self, width: u16, height: u16) -> Result {
        let id = self
            .resizes
            .last()
            .and_then(|resize| resize.screens.first())
            .map_or(1, |s| s.id);
        self.set_desktop_layout(width, height, &[Screen::new(id, 0, 0, width, height)])
    }

    /// Asks for another size and layout of the desktop.
    pub fn set_desktop_layout(&mut self, width: u16, height: u16, screens: &[Screen]) -> Result {
        let mut message = vec![251, 0];
        message.extend(
            [width, height]
                .iter()
                .flat_map(|number| number.to_be_bytes()),
        );
        message.extend([screens.len() as u8, 0]);
        message.extend(screens.iter().flat_map(|screen| screen.to_bytes()));
        self.wire.send(&message)?;
        self.pending.sizes.push_back(Resize {
            extended: true,
            reason: 1,
            status: 0,
            width,
            height,
            screens: screens.to_vec(),
        });
        Ok(())
    }

    /// DesktopSize (RFC 6143 §7.8.2, rfbproto "DesktopSize Pseudo-encoding"): only for who does
    /// not know ExtendedDesktopSize, and only where there is another size.
    pub(super) fn read_size(&mut self, rect: UpdateRect) -> Result {
        if self.asked.listed.contains(&encoding::EXTENDED_DESKTOP_SIZE) {
            return Err(broken(
                "a DesktopSize, though the extended one was asked for",
            ));
        }
        let UpdateRect { width, height, .. } = rect;
        if (usize::from(width), usize::from(height)) == self.size() {
            return Err(broken("a DesktopSize with the size there is"));
        }
        self.resize(Resize {
            extended: false,
            reason: 0,
            status: 0,
            width,
            height,
            screens: vec![],
        });
        Ok(())
    }

    /// ExtendedDesktopSize (rfbproto).
    pub(super) fn read_layout(&mut self, rect: UpdateRect) -> Result {
        let [count, ..] = self.wire.array::<4>("the number of screens")?;
        let mut screens = Vec::new();
        for _ in 0..count {
            screens.push(Screen {
                id: self.wire.u32("a screen")?,
                x: self.wire.u16("a screen")?,
                y: self.wire.u16("a screen")?,
                width: self.wire.u16("a screen")?,
                height: self.wire.u16("a screen")?,
                flags: self.wire.u32("a screen")?,
            });
        }
        let resize = Resize {
            extended: true,
            reason: rect.x,
            status: rect.y,
            width: rect.width,
            height: rect.height,
            screens,
        };
        resize.check()?;
        self.pending.resized(&resize)?;
        self.resize(resize);
        Ok(())
    }

    /// Takes a size on. All pixels are undefined then, unless it is the old size, and so are
    /// those of a request that failed (rfbproto, ExtendedDesktopSize).
    fn resize(&mut self, resize: Resize) {
        let size = (usize::from(resize.width), usize::from(resize.height));
        if resize.status == 0 && size != self.size() {
            self.framebuffer = Framebuffer::new(resize.width, resize.height);
        }
        self.resizes.push(resize);
    }

    /// DesktopName (rfbproto).
    pub(super) fn read_name(&mut self, rect: UpdateRect) -> Result {
        if [rect.x, rect.y, rect.width, rect.height] != [0; 4] {
            return Err(broken("a DesktopName whose place and size are not zero"));
        }
        self.name = self.wire.string("the desktop's name")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::PixelFormat;
    use super::super::tests::{rect, script, update_of};
    use super::*;

    const EXTENDED: i32 = encoding::EXTENDED_DESKTOP_SIZE;

    /// An update with an ExtendedDesktopSize: reason, status, size, and screens of id, x and width.
    fn layout(place: [u16; 4], screens: &[[u16; 3]]) -> Vec<u8> {
        let screens = screens
            .iter()
            .map(|[id, x, width]| Screen::new((*id).into(), *x, 0, *width, 1).to_bytes());
        let body = [
            vec![screens.len() as u8, 0, 0, 0],
            screens.flatten().collect(),
        ]
        .concat();
        update_of(&[rect(place, EXTENDED, &body)])
    }

    fn message(encodings: &[i32], update: &[u8]) -> String {
        let mut viewer = script(PixelFormat::BGR233, (2, 1), encodings, update).unwrap();
        viewer.update().unwrap_err().to_string()
    }

    #[test]
    fn a_layout_makes_sense() {
        type Case = (&'static str, [u16; 4], &'static [[u16; 3]]);
        let cases: [Case; 7] = [
            ("reason 3 of a size", [3, 0, 2, 1], &[[1, 0, 2]]),
            ("status 5 of a size", [1, 5, 2, 1], &[[1, 0, 2]]),
            (
                "status 2 of a size that nobody asked for",
                [0, 2, 2, 1],
                &[[1, 0, 2]],
            ),
            ("a layout of 0 screens", [0, 0, 2, 1], &[]),
            (
                "two screens with the number 1",
                [0, 0, 2, 1],
                &[[1, 0, 1], [1, 1, 1]],
            ),
            (
                "a screen beyond the framebuffer",
                [0, 0, 2, 1],
                &[[1, 1, 2]],
            ),
            (
                "an answer to a size that was not asked for",
                [1, 0, 2, 1],
                &[[1, 0, 2]],
            ),
        ];
        for (expected, place, screens) in cases {
            let found = message(&[EXTENDED], &layout(place, screens));
            assert!(found.ends_with(expected), "{found}");
        }
    }

    #[test]
    fn answers_come_in_order_and_grant_what_was_asked_for() -> Result {
        let answers = [
            layout([1, 0, 3, 1], &[[1, 0, 3]]),
            layout([1, 3, 0, 0], &[]),
            layout([1, 0, 6, 1], &[[1, 0, 6]]),
        ];
        let mut viewer = script(PixelFormat::BGR233, (2, 1), &[EXTENDED], &answers.concat())?;
        for width in 3..6 {
            viewer.set_desktop_size(width, 1)?;
        }
        viewer.update()?;
        assert_eq!(viewer.size(), (3, 1));
        viewer.update()?;
        assert_eq!((viewer.size(), viewer.resizes[1].status), ((3, 1), 3));
        let error = viewer.update().unwrap_err().to_string();
        assert!(
            error.ends_with("6x1 with 1 screens was granted, but 5x1 with 1 was asked for"),
            "{error}"
        );
        Ok(())
    }

    #[test]
    fn a_plain_size_is_another_one_for_who_knows_no_better() -> Result {
        let plain = encoding::DESKTOP_SIZE;
        let size = |width| update_of(&[rect([0, 0, width, 1], plain, &[])]);
        let mut viewer = script(PixelFormat::BGR233, (2, 1), &[plain], &size(3))?;
        viewer.update()?;
        assert_eq!(viewer.size(), (3, 1));
        assert!(message(&[plain], &size(2)).ends_with("with the size there is"));
        let both = message(&[plain, EXTENDED], &size(3));
        assert!(both.ends_with("a DesktopSize, though the extended one was asked for"));
        Ok(())
    }

    #[test]
    fn a_size_comes_without_pixels() {
        let pixel = rect([0, 0, 1, 1], encoding::RAW, &[7]);
        let size = &layout([0, 0, 2, 1], &[[1, 0, 2]])[4..];
        let update = update_of(&[pixel, size.to_vec()]);
        let found = message(&[EXTENDED], &update);
        assert_eq!(found, "an update with a size and with pixels");
    }

    #[test]
    fn a_name_has_no_place() {
        let name = rect([0, 0, 1, 0], encoding::DESKTOP_NAME, b"\0\0\0\x01a");
        let found = message(&[encoding::DESKTOP_NAME], &update_of(&[name]));
        assert!(found.ends_with("a DesktopName whose place and size are not zero"));
    }
}
