//! Clients that resize the screen, as display settings do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offing_tests::wayland_client::{Client, WaylandClient};
use offing_tests::{Error, Result, soon};
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, event_created_child};
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_configuration_head_v1::{
    self, ZwlrOutputConfigurationHeadV1,
};
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_configuration_v1::{
    self, ZwlrOutputConfigurationV1,
};
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_head_v1::{
    self, ZwlrOutputHeadV1,
};
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_manager_v1::{
    self, ZwlrOutputManagerV1,
};
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_mode_v1::{
    self, ZwlrOutputModeV1,
};

use crate::fixture::{Fixture, config, expect_equal};

/// What a client that manages outputs was told.
#[derive(Clone, Default)]
struct Settings(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    heads: Vec<ZwlrOutputHeadV1>,
    serial: u32,
    answer: Option<Answer>,
}

/// What was told of a head.
#[derive(Clone, Default)]
struct Head(Arc<Mutex<HeadState>>);

#[derive(Clone, Default)]
struct HeadState {
    name: String,
    scale: f64,
    modes: Vec<Mode>,
    current: Option<Mode>,
}

/// What was told of a mode.
#[derive(Clone, Default)]
struct Mode(Arc<Mutex<ModeState>>);

#[derive(Clone, Copy, Default)]
struct ModeState {
    size: (i32, i32),
    finished: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Succeeded,
    Failed,
    Cancelled,
}

use Answer::{Cancelled, Failed, Succeeded};

/// A wish of a test.
type Wish = fn(&ZwlrOutputConfigurationHeadV1);

/// A client that manages outputs.
struct Manager {
    client: WaylandClient,
    settings: Settings,
    manager: ZwlrOutputManagerV1,
}

impl Settings {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Head {
    fn told(&self) -> MutexGuard<'_, HeadState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mode {
    fn told(&self) -> MutexGuard<'_, ModeState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Manager {
    fn new(fixture: &Fixture) -> Result<Self> {
        let mut client = fixture.client()?;
        let settings = Settings::default();
        let interface = ZwlrOutputManagerV1::interface().name;
        let mut advertised = client.advertised().iter();
        let global = advertised.find(|global| global.interface == interface);
        let name = global
            .ok_or_else(|| Error::other("no output manager"))?
            .name;
        let handle = client.queue_handle();
        let manager = client.registry().bind(name, 4, &handle, settings.clone());
        client.roundtrip()?;
        Ok(Self {
            client,
            settings,
            manager,
        })
    }

    /// What was told of the head.
    fn head(&self) -> HeadState {
        let told = self.settings.told();
        let head = told.heads.first().and_then(|head| head.data::<Head>());
        head.map(|head| head.told().clone()).unwrap_or_default()
    }

    /// The size of the current mode, and how many modes there are.
    fn modes(&self) -> ((i32, i32), usize) {
        let head = self.head();
        let size = head.current.map(|mode| mode.told().size);
        let modes = head.modes.iter().filter(|mode| !mode.told().finished);
        (size.unwrap_or_default(), modes.count())
    }

    /// Asks for something of the head, which is named by this configuration.
    fn configure(&mut self, serial: u32, wish: Wish) -> Result<ZwlrOutputConfigurationV1> {
        let (handle, settings) = (self.client.queue_handle(), self.settings.clone());
        let head = self.settings.told().heads.first().cloned();
        let head = head.ok_or_else(|| Error::other("no head"))?;
        let configuration = self
            .manager
            .create_configuration(serial, &handle, settings.clone());
        wish(&configuration.enable_head(&head, &handle, settings));
        Ok(configuration)
    }

    fn answer(&mut self) -> Result<Option<Answer>> {
        let settings = &self.settings;
        let is_answered = |_: &WaylandClient| settings.told().answer.is_some();
        self.client
            .dispatch_until(soon(), "an answer", is_answered)?;
        Ok(self.settings.told().answer.take())
    }

    fn test(&mut self, wish: Wish) -> Result<Option<Answer>> {
        let serial = self.settings.told().serial;
        self.configure(serial, wish)?.test();
        self.answer()
    }

    fn apply(&mut self, wish: Wish) -> Result<Option<Answer>> {
        let serial = self.settings.told().serial;
        self.configure(serial, wish)?.apply();
        self.answer()
    }
}

fn size(fixture: &Fixture) -> Result<(u16, u16)> {
    let size = fixture.with(|offing| offing.size())?;
    Ok((size.width, size.height))
}

#[test]
fn a_program_resizes_the_screen() -> Result {
    let fixture = Fixture::new()?;
    let mut manager = Manager::new(&fixture)?;
    let head = manager.head();
    expect_equal("the name", head.name.as_str(), "OFFING-1")?;
    expect_equal("the scale", head.scale, 1.0)?;
    expect_equal("the modes", manager.modes(), ((320, 240), 1))?;
    let wish: Wish = |head| head.set_custom_mode(500, 400, 0);
    expect_equal("the answer", manager.test(wish)?, Some(Succeeded))?;
    expect_equal("the screen", size(&fixture)?, (320, 240))?;
    expect_equal("the answer", manager.apply(wish)?, Some(Succeeded))?;
    expect_equal("the screen", size(&fixture)?, (500, 400))?;
    manager.client.roundtrip()?;
    expect_equal("the modes", manager.modes(), ((500, 400), 1))?;

    // What it is already can be asked for, and a viewer's wish is told as well.
    let same: Wish = |head| {
        head.set_position(0, 0);
        head.set_scale(1.0);
    };
    expect_equal("the answer", manager.apply(same)?, Some(Succeeded))?;
    let mut viewer = fixture.viewer()?;
    viewer.set_desktop_size(300, 200)?;
    fixture.wait_until("the size", |offing| {
        offing.size() == rfb::Size::new(300, 200)
    })?;
    manager.client.roundtrip()?;
    expect_equal("the modes", manager.modes(), ((300, 200), 1))
}

#[test]
fn what_cannot_be_is_refused() -> Result {
    let fixture = Fixture::new()?;
    let mut manager = Manager::new(&fixture)?;
    let wishes: [(&str, Wish); 6] = [
        ("too small", |head| head.set_custom_mode(15, 15, 0)),
        ("too large", |head| head.set_custom_mode(100_000, 100, 0)),
        ("another place", |head| head.set_position(10, 0)),
        ("another scale", |head| head.set_scale(2.0)),
        ("turned", |head| {
            head.set_transform(wayland_client::protocol::wl_output::Transform::_90);
        }),
        ("adaptive", |head| {
            head.set_adaptive_sync(zwlr_output_head_v1::AdaptiveSyncState::Enabled);
        }),
    ];
    for (what, wish) in wishes {
        expect_equal(what, manager.test(wish)?, Some(Failed))?;
        expect_equal(what, manager.apply(wish)?, Some(Failed))?;
    }
    let (handle, settings) = (manager.client.queue_handle(), manager.settings.clone());
    let serial = settings.told().serial;
    let off = manager
        .manager
        .create_configuration(serial, &handle, settings.clone());
    off.disable_head(&settings.told().heads[0]);
    off.apply();
    expect_equal("off", manager.answer()?, Some(Failed))?;
    // Whoever does not know how the screen is now, is told to look again.
    let stale = manager.configure(serial + 7, |head| head.set_custom_mode(500, 400, 0))?;
    stale.apply();
    expect_equal("a stale wish", manager.answer()?, Some(Cancelled))?;
    expect_equal("the screen", size(&fixture)?, (320, 240))
}

#[test]
fn a_screen_of_fixed_size_stays_so() -> Result {
    let mut config = config(320, 240);
    config.fixed_size = true;
    let fixture = Fixture::start(config)?;
    let mut manager = Manager::new(&fixture)?;
    let wish: Wish = |head| head.set_custom_mode(500, 400, 0);
    expect_equal("the answer", manager.apply(wish)?, Some(Failed))?;
    let same: Wish = |head| head.set_custom_mode(320, 240, 0);
    expect_equal("the answer", manager.apply(same)?, Some(Succeeded))?;
    expect_equal("the screen", size(&fixture)?, (320, 240))
}

impl Dispatch<ZwlrOutputManagerV1, Settings> for Client {
    fn event(
        _: &mut Self,
        _: &ZwlrOutputManagerV1,
        event: zwlr_output_manager_v1::Event,
        settings: &Settings,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use zwlr_output_manager_v1::Event;
        match event {
            Event::Head { head } => settings.told().heads.push(head),
            Event::Done { serial } => settings.told().serial = serial,
            _ => {}
        }
    }

    event_created_child!(Self, ZwlrOutputManagerV1, [
        zwlr_output_manager_v1::EVT_HEAD_OPCODE => (ZwlrOutputHeadV1, Head::default()),
    ]);
}

impl Dispatch<ZwlrOutputHeadV1, Head> for Client {
    fn event(
        _: &mut Self,
        _: &ZwlrOutputHeadV1,
        event: zwlr_output_head_v1::Event,
        head: &Head,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use zwlr_output_head_v1::Event;
        let mode_of = |mode: ZwlrOutputModeV1| mode.data::<Mode>().cloned();
        match event {
            Event::Name { name } => head.told().name = name,
            Event::Scale { scale } => head.told().scale = scale,
            Event::Mode { mode } => head.told().modes.extend(mode_of(mode)),
            Event::CurrentMode { mode } => head.told().current = mode_of(mode),
            _ => {}
        }
    }

    event_created_child!(Self, ZwlrOutputHeadV1, [
        zwlr_output_head_v1::EVT_MODE_OPCODE => (ZwlrOutputModeV1, Mode::default()),
    ]);
}

impl Dispatch<ZwlrOutputModeV1, Mode> for Client {
    fn event(
        _: &mut Self,
        _: &ZwlrOutputModeV1,
        event: zwlr_output_mode_v1::Event,
        mode: &Mode,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use zwlr_output_mode_v1::Event;
        match event {
            Event::Size { width, height } => mode.told().size = (width, height),
            Event::Finished => mode.told().finished = true,
            _ => {}
        }
    }
}

impl Dispatch<ZwlrOutputConfigurationV1, Settings> for Client {
    fn event(
        _: &mut Self,
        configuration: &ZwlrOutputConfigurationV1,
        event: zwlr_output_configuration_v1::Event,
        settings: &Settings,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use zwlr_output_configuration_v1::Event;
        settings.told().answer = match event {
            Event::Succeeded => Some(Succeeded),
            Event::Failed => Some(Failed),
            Event::Cancelled => Some(Cancelled),
            _ => None,
        };
        configuration.destroy();
    }
}

impl Dispatch<ZwlrOutputConfigurationHeadV1, Settings> for Client {
    fn event(
        _: &mut Self,
        _: &ZwlrOutputConfigurationHeadV1,
        _: zwlr_output_configuration_head_v1::Event,
        _: &Settings,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}
