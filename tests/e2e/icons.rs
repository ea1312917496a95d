//! The icons that programs give to their windows, where windows are listed.

use offing_tests::picture::{Picture, Rect};
use offing_tests::vnc_client::VncClient;
use offing_tests::wayland_client::{Surface, WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_protocols::xdg::toplevel_icon::v1::client::xdg_toplevel_icon_manager_v1::XdgToplevelIconManagerV1;
use wayland_protocols::xdg::toplevel_icon::v1::client::xdg_toplevel_icon_v1::XdgToplevelIconV1;

use crate::capture::Buffer;
use crate::fixture::{Fixture, HEIGHT, WIDTH, config, expect_equal, wait_for_focus};
use crate::raw::{Own, bind};

const ALT: u32 = 0xffe9;
const TAB: u32 = 0xff09;
const ESCAPE: u32 = 0xff1b;
/// Where the icon of the first of two rows is.
const FIRST: Rect = Rect {
    x: 18,
    y: 100,
    width: 24,
    height: 24,
};
/// See [`FIRST`].
const SECOND: Rect = Rect { y: 128, ..FIRST };

/// A session with two windows, of which the first gets icons.
struct Scene {
    client: WaylandClient,
    viewer: VncClient,
    manager: XdgToplevelIconManagerV1,
    own: Own,
    window: Surface,
    fixture: Fixture,
}

impl Scene {
    fn new(fixture: Fixture) -> Result<Self> {
        let mut client = fixture.client()?;
        let own = Own::default();
        let manager = bind(&client, 1, &own)?;
        client.open(Window::new("", 60, 40).content([0; 3]))?;
        let window = client.open(Window::new("", 60, 40).content([0; 3]))?;
        wait_for_focus(&mut client, Some(window))?;
        Ok(Self {
            client,
            viewer: fixture.viewer()?,
            manager,
            own,
            window,
            fixture,
        })
    }

    fn icon(&self) -> XdgToplevelIconV1 {
        let handle = self.client.queue_handle();
        self.manager.create_icon(&handle, self.own.clone())
    }

    fn buffer(&self, picture: &Picture) -> Result<Buffer> {
        let size = (picture.width, picture.height);
        let buffer = Buffer::new(&self.client, &self.own, size)?;
        buffer.fill(picture)?;
        Ok(buffer)
    }

    fn set(&mut self, icon: Option<&XdgToplevelIconV1>) -> Result {
        let toplevel = self.client.toplevel(self.window)?;
        self.manager.set_icon(toplevel, icon);
        self.client.roundtrip()
    }

    fn commit(&mut self) -> Result {
        self.client.commit(self.window)?;
        self.client.roundtrip()
    }

    /// What Alt+Tab brings, once this holds for it.
    fn expect_list(&mut self, what: &str, is: impl Fn(&Picture) -> bool) -> Result {
        for (key, pressed) in [(ALT, true), (TAB, true), (TAB, false)] {
            self.viewer.key(key, pressed)?;
        }
        let seen = |viewer: &VncClient| is(&viewer.picture());
        self.viewer.wait_until(soon(), what, seen)?;
        for (key, pressed) in [(ESCAPE, true), (ESCAPE, false), (ALT, false)] {
            self.viewer.key(key, pressed)?;
        }
        let gone = |viewer: &VncClient| !is(&viewer.picture());
        self.viewer.wait_until(soon(), "no list", gone)
    }

    /// Alt+Tab shows this icon for the window, and none for the other one.
    fn expect_icon(&mut self, icon: &Picture) -> Result {
        self.expect_list("an icon", |screen| {
            screen.crop(FIRST) == *icon && screen.crop(SECOND).colours() == 1
        })
    }

    /// Alt+Tab shows windows without icons: at their place the texts begin.
    fn expect_none(&mut self) -> Result {
        self.expect_list("titles without icons", |screen| {
            let text = screen.crop(FIRST);
            text.colours() > 1 && text.crop(Rect::new(0, 0, 24, 3)).colours() == 1
        })
    }
}

#[test]
fn an_icon_is_shown_where_windows_are_listed() -> Result {
    let mut it = Scene::new(Fixture::new()?)?;
    it.client.roundtrip()?;
    let told = it.own.told().events.clone();
    expect_equal(
        "the sizes",
        told.join(" "),
        "IconSize { size: 24 } Done".to_owned(),
    )?;
    it.expect_none()?;

    let picture = Picture::pattern(24, 24, 1);
    let (icon, buffer) = (it.icon(), it.buffer(&picture)?);
    // There are no names to be looked up, and of the sizes the one that suits is taken.
    icon.set_name("utilities-terminal".to_owned());
    let others = [16, 64, 600].map(|side| it.buffer(&Picture::solid(side, side, [9; 3])));
    let others = others.into_iter().collect::<Result<Vec<_>>>()?;
    icon.add_buffer(&others[0].object, 1);
    icon.add_buffer(&buffer.object, 1);
    icon.add_buffer(&others[1].object, 2);
    icon.add_buffer(&others[2].object, 1);
    it.set(Some(&icon))?;
    it.expect_none()?;
    it.commit()?;
    it.expect_icon(&picture)?;

    // What becomes of the icon and its picture does not matter any more.
    buffer.fill(&Picture::solid(24, 24, [255; 3]))?;
    icon.destroy();
    buffer.object.destroy();
    it.client.roundtrip()?;
    it.expect_icon(&picture)?;

    it.set(None)?;
    it.expect_icon(&picture)?;
    it.commit()?;
    it.expect_none()
}

#[test]
fn a_picture_is_scaled_to_what_is_shown() -> Result {
    let mut it = Scene::new(Fixture::new()?)?;
    let stripes = |colours: [[u8; 3]; 2]| {
        move |_: usize, y: usize, side: usize| if y < side / 2 { colours[0] } else { colours[1] }
    };
    let draw = stripes([[200, 0, 0], [0, 0, 200]]);
    let (upper, lower) = (
        Rect { height: 8, ..FIRST },
        Rect {
            y: FIRST.y + 16,
            height: 8,
            ..FIRST
        },
    );
    // Between them the colours are mixed.
    let is_scaled = |screen: &Picture| {
        screen.crop(upper) == Picture::solid(24, 8, [200, 0, 0])
            && screen.crop(lower) == Picture::solid(24, 8, [0, 0, 200])
    };
    for side in [8, 48, 512] {
        let (icon, picture) = (
            it.icon(),
            Picture::draw(side, side, |x, y| draw(x, y, side)),
        );
        let buffer = it.buffer(&picture)?;
        icon.add_buffer(&buffer.object, 1);
        it.set(Some(&icon))?;
        it.commit()?;
        it.expect_list("an icon", is_scaled)?;
    }
    // One that is empty is none.
    let empty = it.icon();
    it.set(Some(&empty))?;
    it.commit()?;
    it.expect_none()
}

#[test]
fn icons_are_as_sharp_as_the_screen() -> Result {
    let mut config = config(2 * WIDTH, 2 * HEIGHT);
    config.scale = 2.0;
    let mut it = Scene::new(Fixture::start(config)?)?;
    let picture = Picture::pattern(48, 48, 1);
    let (icon, buffer) = (it.icon(), it.buffer(&picture)?);
    icon.add_buffer(&buffer.object, 2);
    it.set(Some(&icon))?;
    it.commit()?;
    let place = Rect::new(36, 200, 48, 48);
    it.expect_list("an icon", |screen| screen.crop(place) == picture)?;
    it.fixture.settle()
}
