//! The size of the desktop, and what the viewer knows of it.

use std::collections::VecDeque;

use crate::client_message::{Layout, Screen};
use crate::geometry::Size;
use crate::server_message;

/// How a viewer learns of another size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Resizing {
    /// Not at all.
    #[default]
    Never,
    /// By DesktopSize (RFC 6143 §7.8.2).
    Plain,
    /// By ExtendedDesktopSize (rfbproto, section of that name).
    Extended,
}

/// What became of a viewer's wish for another size (rfbproto "ExtendedDesktopSize
/// Pseudo-encoding", the status codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResizeStatus {
    /// The desktop has the size and the screens that were asked for.
    Done,
    /// It is forbidden.
    Prohibited,
    /// There is not enough memory, say.
    OutOfResources,
    /// These screens cannot be had.
    InvalidLayout,
}

/// The desktop as it is, and as the viewer knows it.
#[derive(Debug)]
pub(crate) struct Desktop {
    layout: Layout,
    /// The size of the viewer's framebuffer.
    known: Size,
    /// An ExtendedDesktopSize is owed, though nothing may have changed.
    is_owed: bool,
    /// The viewer's SetDesktopSize messages whose answers are not sent, in order.
    wishes: VecDeque<Wish>,
}

#[derive(Debug)]
struct Wish {
    layout: Layout,
    status: Option<ResizeStatus>,
}

/// What a viewer was told of the size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) rectangles: u16,
    /// Its framebuffer had another size meanwhile, though maybe has the old one again: it
    /// may have lost its pixels.
    pub(crate) is_resized: bool,
}

/// The number of the only screen. libvncclient ignores the sizes of a desktop whose screen is 0.
const SCREEN: u32 = 1;

/// The most wishes that are remembered. A viewer of good manners has one.
const MAX_WISHES: usize = 64;

/// Why an ExtendedDesktopSize is sent.
const BY_SERVER: u16 = 0;
const BY_THIS_VIEWER: u16 = 1;

impl Desktop {
    pub(crate) fn new(size: Size) -> Self {
        let screen = Screen {
            id: SCREEN,
            area: size.rect(),
            flags: 0,
        };
        Self {
            layout: Layout {
                size,
                screens: vec![screen],
            },
            known: size,
            is_owed: false,
            wishes: VecDeque::new(),
        }
    }

    pub(crate) fn size(&self) -> Size {
        self.layout.size
    }

    /// The size of the viewer's framebuffer.
    pub(crate) fn known(&self) -> Size {
        self.known
    }

    /// Takes over the size: the viewer is told it in ServerInit.
    pub(crate) fn introduce(&mut self) -> Size {
        self.known = self.layout.size;
        self.known
    }

    /// Sets another size. The first screen, which the viewer may know, stays and
    /// covers all.
    pub(crate) fn resize(&mut self, size: Size) {
        if size == self.layout.size {
            return;
        }
        self.layout.size = size;
        self.layout.screens.truncate(1);
        for screen in &mut self.layout.screens {
            screen.area = size.rect();
        }
    }

    /// Sees to it that the viewer is told the layout.
    pub(crate) fn owe(&mut self) {
        self.is_owed = true;
    }

    /// Notes a SetDesktopSize. Returns what the caller has to be asked for.
    pub(crate) fn wish(&mut self, mut layout: Layout, is_allowed: bool) -> Option<Layout> {
        if self.wishes.len() >= MAX_WISHES {
            // So many can only wait when the viewer asks for no updates. It will
            // not miss the oldest answer; and with nothing answered yet, the caller
            // is busy with older wishes.
            let oldest = self.wishes.front();
            if oldest.is_none_or(|wish| wish.status.is_none()) {
                return None;
            }
            self.wishes.pop_front();
        }
        let status = if !is_allowed {
            Some(ResizeStatus::Prohibited)
        } else if !layout.has_one_screen() {
            Some(ResizeStatus::InvalidLayout)
        } else {
            None
        };
        let wanted = status.is_none().then(|| layout.clone());
        self.wishes.push_back(Wish { layout, status });
        wanted
    }

    /// Answers the oldest wish without an answer. Without such a wish, nothing.
    pub(crate) fn answer(&mut self, status: ResizeStatus) {
        let mut open = self.wishes.iter_mut().filter(|wish| wish.status.is_none());
        let Some(wish) = open.next() else {
            return;
        };
        wish.status = Some(status);
        if status == ResizeStatus::Done {
            self.layout = wish.layout.clone();
        }
    }

    /// Whether the viewer is to be told something.
    pub(crate) fn has_news(&self, resizing: Resizing) -> bool {
        let is_answered = |wish: &Wish| wish.status.is_some();
        match resizing {
            Resizing::Never => false,
            Resizing::Plain => self.known != self.size(),
            Resizing::Extended => {
                self.is_owed
                    || self.known != self.size()
                    || self.wishes.front().is_some_and(is_answered)
            }
        }
    }

    /// Appends what the viewer is to be told.
    pub(crate) fn write_news(&mut self, resizing: Resizing, out: &mut Vec<u8>) -> Told {
        match resizing {
            Resizing::Never => Told::default(),
            Resizing::Plain if self.known == self.size() => Told::default(),
            Resizing::Plain => {
                server_message::desktop_size(out, self.size());
                self.known = self.size();
                Told {
                    rectangles: 1,
                    is_resized: true,
                }
            }
            Resizing::Extended => self.write_extended(out),
        }
    }

    /// The answers in the order of the wishes, then the state as it is.
    fn write_extended(&mut self, out: &mut Vec<u8>) -> Told {
        let mut told = Told::default();
        while let Some(Wish {
            layout,
            status: Some(status),
        }) = self.wishes.front()
        {
            // A success repeats what the viewer asked for. What a failure holds is
            // undefined; the state as it is does no harm.
            let screens = match status {
                ResizeStatus::Done => {
                    told.is_resized |= self.known != layout.size;
                    self.known = layout.size;
                    &layout.screens
                }
                _ => &self.layout.screens,
            };
            let (status, size) = (status.code(), self.known);
            server_message::extended_desktop_size(out, BY_THIS_VIEWER, status, size, screens);
            self.wishes.pop_front();
            told.rectangles += 1;
        }
        if self.is_owed || self.known != self.size() {
            let Layout { size, screens } = &self.layout;
            server_message::extended_desktop_size(out, BY_SERVER, 0, *size, screens);
            told.is_resized |= self.known != *size;
            self.known = *size;
            self.is_owed = false;
            told.rectangles += 1;
        }
        told
    }
}

impl Layout {
    /// Whether it has one screen and pixels. A screen that is not inside is made to cover all
    /// of it, and one without a number gets one: libvncclient leaves both to chance.
    fn has_one_screen(&mut self) -> bool {
        let all = self.size.rect();
        match self.screens.as_mut_slice() {
            [screen] if !all.is_empty() => {
                screen.id = screen.id.max(SCREEN);
                if screen.area.is_empty() || !all.contains(screen.area) {
                    screen.area = all;
                }
                true
            }
            _ => false,
        }
    }
}

impl ResizeStatus {
    /// The number on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::Done => 0,
            Self::Prohibited => 1,
            Self::OutOfResources => 2,
            Self::InvalidLayout => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;

    fn layout(size: Size, areas: &[Rect]) -> Layout {
        let screen = |area: &Rect| Screen {
            id: 7,
            area: *area,
            flags: 9,
        };
        Layout {
            size,
            screens: areas.iter().map(screen).collect(),
        }
    }

    fn one_screen(width: u16, height: u16) -> Layout {
        let size = Size::new(width, height);
        layout(size, &[size.rect()])
    }

    /// x (reason), y (status), size and first screen's id of each rectangle.
    fn news(desktop: &mut Desktop) -> Vec<(u16, u16, Size, u32)> {
        let mut out = Vec::new();
        let told = desktop.write_news(Resizing::Extended, &mut out);
        let mut reader = crate::wire::Reader::new(&out);
        let mut rectangles = Vec::new();
        for _ in 0..told.rectangles {
            let rect = reader.rect().unwrap();
            assert_eq!(reader.u32(), Ok(-308_i32 as u32));
            assert_eq!(reader.u32(), Ok(1 << 24), "one screen");
            rectangles.push((rect.x, rect.y, rect.size(), reader.u32().unwrap()));
            reader.take(12).unwrap();
        }
        assert!(reader.u8().is_err(), "nothing more");
        rectangles
    }

    #[test]
    fn only_one_screen_is_legal() {
        let size = Size::new(640, 480);
        let good = layout(size, &[Rect::new(10, 10, 630, 470)]);
        let mut desktop = Desktop::new(size);
        assert!(desktop.wish(good.clone(), true).is_some());
        desktop.answer(ResizeStatus::Done);
        assert_eq!(desktop.layout, good, "as the viewer wants it");
        for bad in [
            layout(size, &[]),
            layout(size, &[size.rect(), size.rect()]),
            layout(Size::new(0, 0), &[Rect::default()]),
            layout(Size::new(640, 0), &[Rect::new(0, 0, 640, 1)]),
        ] {
            let mut desktop = Desktop::new(size);
            assert_eq!(desktop.wish(bad, true), None);
            assert_eq!(news(&mut desktop), [(1, 3, size, SCREEN)]);
        }
        let mut desktop = Desktop::new(size);
        assert_eq!(desktop.wish(one_screen(800, 600), false), None);
        assert_eq!(news(&mut desktop), [(1, 1, size, SCREEN)]);
    }

    #[test]
    fn a_screen_that_is_not_inside_covers_all() {
        let size = Size::new(800, 600);
        for area in [
            Rect::new(9, 9, 800, 600),
            Rect::new(65535, 7, 800, 600),
            Rect::default(),
        ] {
            let mut wish = layout(size, &[area]);
            wish.screens[0].id = 0;
            let mut desktop = Desktop::new(Size::new(640, 480));
            let asked = desktop.wish(wish, true).unwrap();
            assert_eq!(asked.screens[0].area, size.rect());
            desktop.answer(ResizeStatus::Done);
            assert_eq!(desktop.layout.screens[0].area, size.rect());
            assert_eq!(news(&mut desktop), [(1, 0, size, SCREEN)]);
        }
    }

    #[test]
    fn answers_keep_the_order_of_the_wishes() {
        let size = Size::new(640, 480);
        let mut desktop = Desktop::new(size);
        assert!(desktop.wish(one_screen(800, 600), true).is_some());
        assert_eq!(desktop.wish(layout(size, &[]), true), None);
        assert!(desktop.wish(one_screen(1024, 768), true).is_some());
        assert!(!desktop.has_news(Resizing::Extended), "the first is open");
        assert!(!desktop.has_news(Resizing::Never));
        desktop.answer(ResizeStatus::OutOfResources);
        assert!(desktop.has_news(Resizing::Extended));
        assert_eq!(
            news(&mut desktop),
            [(1, 2, size, SCREEN), (1, 3, size, SCREEN)]
        );
        assert!(!desktop.has_news(Resizing::Extended));
        desktop.answer(ResizeStatus::Done);
        assert_eq!(desktop.size(), Size::new(1024, 768));
        assert_eq!(news(&mut desktop), [(1, 0, Size::new(1024, 768), 7)]);
        desktop.answer(ResizeStatus::Done);
        assert_eq!(news(&mut desktop), [], "nothing was asked");
    }

    #[test]
    fn another_size_than_promised_is_told_too() {
        let mut desktop = Desktop::new(Size::new(640, 480));
        desktop.wish(one_screen(800, 600), true);
        desktop.answer(ResizeStatus::Done);
        desktop.resize(Size::new(700, 500));
        assert_eq!(
            news(&mut desktop),
            [
                (1, 0, Size::new(800, 600), 7),
                (0, 0, Size::new(700, 500), 7)
            ]
        );
        assert_eq!(desktop.known(), Size::new(700, 500));
    }

    #[test]
    fn what_is_owed_is_sent_once() {
        let mut desktop = Desktop::new(Size::new(640, 480));
        desktop.owe();
        desktop.owe();
        assert!(!desktop.has_news(Resizing::Plain));
        assert_eq!(news(&mut desktop), [(0, 0, Size::new(640, 480), SCREEN)]);
        assert_eq!(news(&mut desktop), []);
    }

    #[test]
    fn wishes_are_bounded() {
        let size = Size::new(640, 480);
        let mut desktop = Desktop::new(size);
        for _ in 0..1000 {
            desktop.wish(layout(size, &[]), true);
        }
        assert_eq!(news(&mut desktop).len(), MAX_WISHES);
        let asked = (0..1000).filter_map(|_| desktop.wish(one_screen(800, 600), true));
        assert_eq!(asked.count(), MAX_WISHES);
        desktop.answer(ResizeStatus::Prohibited);
        assert!(
            desktop.wish(one_screen(800, 600), true).is_some(),
            "room again"
        );
        assert_eq!(news(&mut desktop), [], "the answer gave way");
    }
}
