//! Lists of windows, as taskbars have them, and windows that are minimized.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offing_tests::vnc_client::VncClient;
use offing_tests::wayland_client::protocol::State as WindowState;
use offing_tests::wayland_client::{Client, Surface, WaylandClient, Window};
use offing_tests::{Error, Result, soon};
use wayland_client::protocol::wl_output::WlOutput;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, event_created_child};
use wayland_protocols::ext::foreign_toplevel_list::v1::client::ext_foreign_toplevel_handle_v1::{
    self, ExtForeignToplevelHandleV1,
};
use wayland_protocols::ext::foreign_toplevel_list::v1::client::ext_foreign_toplevel_list_v1::{
    self, ExtForeignToplevelListV1,
};
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_handle_v1::{
    self, State, ZwlrForeignToplevelHandleV1,
};
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_manager_v1::{
    self, ZwlrForeignToplevelManagerV1,
};

use crate::fixture::{Fixture, expect_equal, wait_for_focus};
use crate::raw::{Own, bind};

/// What a list was told, window by window.
#[derive(Clone, Default)]
pub(crate) struct Taskbar(Arc<Mutex<Vec<Slot>>>);

/// Where the events of a handle go.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<Mutex<Row>>);

/// What a list was told of one window.
#[derive(Clone, Default)]
pub(crate) struct Row {
    pub(crate) wlr: Option<ZwlrForeignToplevelHandleV1>,
    pub(crate) ext: Option<ExtForeignToplevelHandleV1>,
    pub(crate) title: String,
    app_id: String,
    identifier: String,
    states: Vec<u8>,
    parent: Option<ZwlrForeignToplevelHandleV1>,
    outputs: usize,
    pub(crate) dones: usize,
    pub(crate) closed: bool,
}

impl Slot {
    pub(crate) fn row(&self) -> MutexGuard<'_, Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    pub(crate) fn is(&self, state: State) -> bool {
        let number = u32::from(state).to_ne_bytes();
        self.states.chunks_exact(4).any(|it| it == number)
    }

    /// The handle of a list that only shows.
    pub(crate) fn ext(&self) -> Option<&ExtForeignToplevelHandleV1> {
        self.ext.as_ref()
    }

    fn handle(&self) -> Result<&ZwlrForeignToplevelHandleV1> {
        self.wlr.as_ref().ok_or_else(|| Error::other("no handle"))
    }
}

impl Taskbar {
    /// Begins a list.
    pub(crate) fn bind<I>(&self, client: &WaylandClient, version: u32) -> Result<I>
    where
        I: Proxy + 'static,
        Client: Dispatch<I, Self>,
    {
        let interface = I::interface().name;
        let mut advertised = client.advertised().iter();
        let global = advertised.find(|global| global.interface == interface);
        let global = global.ok_or_else(|| Error::other(format!("no {interface}")))?;
        let (registry, handle) = (client.registry(), client.queue_handle());
        Ok(registry.bind(global.name, version, &handle, self.clone()))
    }

    pub(crate) fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.slots().iter().map(|slot| slot.row().clone()).collect()
    }

    /// The titles of the windows that are there.
    fn titles(&self) -> Vec<String> {
        let rows = self.rows().into_iter().filter(|row| !row.closed);
        rows.map(|row| row.title).collect()
    }

    /// The window with this title, once `condition` holds for it.
    pub(crate) fn wait_for(
        &self,
        client: &mut WaylandClient,
        title: &str,
        condition: impl Fn(&Row) -> bool,
    ) -> Result<Row> {
        let find = || {
            let mut rows = self.rows().into_iter();
            rows.find(|row| row.title == title && row.dones > 0 && condition(row))
        };
        let what = format!("what the list is to say of {title:?}");
        client.dispatch_until(soon(), &what, |_| find().is_some())?;
        find().ok_or_else(|| Error::other(what))
    }
}

impl Dispatch<ZwlrForeignToplevelManagerV1, Taskbar> for Client {
    fn event(
        _: &mut Self,
        _: &ZwlrForeignToplevelManagerV1,
        event: zwlr_foreign_toplevel_manager_v1::Event,
        taskbar: &Taskbar,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let zwlr_foreign_toplevel_manager_v1::Event::Toplevel { toplevel } = event
            && let Some(slot) = toplevel.data::<Slot>()
        {
            taskbar.slots().push(slot.clone());
            slot.row().wlr = Some(toplevel.clone());
        }
    }

    event_created_child!(Self, ZwlrForeignToplevelManagerV1, [
        zwlr_foreign_toplevel_manager_v1::EVT_TOPLEVEL_OPCODE =>
            (ZwlrForeignToplevelHandleV1, Slot::default()),
    ]);
}

impl Dispatch<ZwlrForeignToplevelHandleV1, Slot> for Client {
    fn event(
        _: &mut Self,
        _: &ZwlrForeignToplevelHandleV1,
        event: zwlr_foreign_toplevel_handle_v1::Event,
        slot: &Slot,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use zwlr_foreign_toplevel_handle_v1::Event;
        let mut row = slot.row();
        match event {
            Event::Title { title } => row.title = title,
            Event::AppId { app_id } => row.app_id = app_id,
            Event::OutputEnter { .. } => row.outputs += 1,
            Event::State { state } => row.states = state,
            Event::Parent { parent } => row.parent = parent,
            Event::Done => row.dones += 1,
            Event::Closed => row.closed = true,
            _ => {}
        }
    }
}

impl Dispatch<ExtForeignToplevelListV1, Taskbar> for Client {
    fn event(
        _: &mut Self,
        _: &ExtForeignToplevelListV1,
        event: ext_foreign_toplevel_list_v1::Event,
        taskbar: &Taskbar,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let ext_foreign_toplevel_list_v1::Event::Toplevel { toplevel } = event
            && let Some(slot) = toplevel.data::<Slot>()
        {
            taskbar.slots().push(slot.clone());
            slot.row().ext = Some(toplevel.clone());
        }
    }

    event_created_child!(Self, ExtForeignToplevelListV1, [
        ext_foreign_toplevel_list_v1::EVT_TOPLEVEL_OPCODE =>
            (ExtForeignToplevelHandleV1, Slot::default()),
    ]);
}

impl Dispatch<ExtForeignToplevelHandleV1, Slot> for Client {
    fn event(
        _: &mut Self,
        _: &ExtForeignToplevelHandleV1,
        event: ext_foreign_toplevel_handle_v1::Event,
        slot: &Slot,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        use ext_foreign_toplevel_handle_v1::Event;
        let mut row = slot.row();
        match event {
            Event::Title { title } => row.title = title,
            Event::AppId { app_id } => row.app_id = app_id,
            Event::Identifier { identifier } => row.identifier = identifier,
            Event::Done => row.dones += 1,
            Event::Closed => row.closed = true,
            _ => {}
        }
    }
}

const RED: [u8; 3] = [200, 0, 0];

#[test]
fn a_taskbar_sees_windows_come_change_and_go() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut bar) = (fixture.client()?, fixture.client()?);
    let parent = client.open(Window::new("one", 100, 80).app_id("first").content(RED))?;
    let (managing, showing) = (Taskbar::default(), Taskbar::default());
    let _manager: ZwlrForeignToplevelManagerV1 = managing.bind(&bar, 3)?;
    let _list: ExtForeignToplevelListV1 = showing.bind(&bar, 1)?;
    let row = managing.wait_for(&mut bar, "one", |row| row.is(State::Activated))?;
    expect_equal("the app id", row.app_id.as_str(), "first")?;
    expect_equal("its outputs", row.outputs, 1)?;
    let seen = showing.wait_for(&mut bar, "one", |row| row.app_id == "first")?;

    let dialog = client.open(Window::new("two", 50, 40).content(RED))?;
    client
        .toplevel(dialog)?
        .set_parent(Some(client.toplevel(parent)?));
    client.roundtrip()?;
    let row = managing.wait_for(&mut bar, "two", |row| row.parent.is_some())?;
    let one = managing.wait_for(&mut bar, "one", |row| !row.is(State::Activated))?;
    expect_equal("the parent", &row.parent, &one.wlr)?;
    let other = showing.wait_for(&mut bar, "two", |_| true)?;
    assert_ne!(other.identifier, seen.identifier);

    client.set_title(dialog, "three")?;
    managing.wait_for(&mut bar, "three", |row| row.dones > 1)?;
    showing.wait_for(&mut bar, "three", |row| row.identifier == other.identifier)?;

    // What was said once is not said again.
    client.roundtrip()?;
    bar.roundtrip()?;
    let dones = showing.wait_for(&mut bar, "one", |_| true)?.dones;
    expect_equal("how often the other window was told of", dones, 1)?;

    client.unmap(dialog)?;
    managing.wait_for(&mut bar, "three", |row| row.closed)?;
    showing.wait_for(&mut bar, "three", |row| row.closed)?;
    expect_equal("what is left", &managing.titles(), &vec!["one".to_owned()])?;
    expect_equal("what is left", &showing.titles(), &vec!["one".to_owned()])
}

#[test]
fn a_taskbar_that_learns_of_the_screen_later_is_told_what_is_on_it() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut bar) = (fixture.client()?, fixture.client()?);
    client.open(Window::new("one", 100, 80).content(RED))?;
    let taskbar = Taskbar::default();
    let _manager: ZwlrForeignToplevelManagerV1 = taskbar.bind(&bar, 3)?;
    taskbar.wait_for(&mut bar, "one", |row| row.outputs == 1)?;
    let _output: WlOutput = bind(&bar, 4, &Own::default())?;
    taskbar.wait_for(&mut bar, "one", |row| row.outputs == 2)?;
    Ok(())
}

#[test]
fn a_taskbar_manages_windows() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut bar) = (fixture.client()?, fixture.client()?);
    let one = client.open(Window::new("one", 100, 80).content(RED))?;
    let two = client.open(Window::new("two", 100, 80).content(RED))?;
    wait_for_focus(&mut client, Some(two))?;
    let taskbar = Taskbar::default();
    let _manager: ZwlrForeignToplevelManagerV1 = taskbar.bind(&bar, 3)?;
    let row = taskbar.wait_for(&mut bar, "one", |_| true)?;
    let (handle, seat) = (row.handle()?, bind::<WlSeat>(&bar, 1, &Own::default())?);

    handle.activate(&seat);
    bar.roundtrip()?;
    wait_for_focus(&mut client, Some(one))?;
    handle.set_maximized();
    bar.roundtrip()?;
    client.dispatch_until(soon(), "a maximized window", |client| {
        let last = client.surface(one).configures.last();
        last.is_some_and(|it| it.is(WindowState::Maximized))
    })?;
    taskbar.wait_for(&mut bar, "one", |row| row.is(State::Maximized))?;
    handle.set_fullscreen(None);
    handle.unset_maximized();
    bar.roundtrip()?;
    taskbar.wait_for(&mut bar, "one", |row| {
        row.is(State::Fullscreen) && !row.is(State::Maximized)
    })?;
    handle.unset_fullscreen();
    handle.close();
    bar.roundtrip()?;
    client.dispatch_until(soon(), "a wish to close", |client| {
        client.surface(one).close_requests == 1
    })
}

#[test]
fn a_minimized_window_is_put_away_with_its_dialog_until_it_is_activated() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut bar) = (fixture.client()?, fixture.client()?);
    let mut viewer = fixture.viewer()?;
    let other = client.open(Window::new("other", 20, 20).content([0, 200, 0]))?;
    let window = client.open(Window::new("window", 100, 80).content(RED))?;
    let dialog = client.open(Window::new("dialog", 50, 40).content([0, 0, 200]))?;
    client
        .toplevel(dialog)?
        .set_parent(Some(client.toplevel(window)?));
    client.roundtrip()?;
    let taskbar = Taskbar::default();
    let _manager: ZwlrForeignToplevelManagerV1 = taskbar.bind(&bar, 3)?;
    let is_shown = |colour| move |viewer: &VncClient| viewer.picture().count(colour) > 0;
    viewer.wait_until(soon(), "the dialog", is_shown([0, 0, 200]))?;

    client.toplevel(window)?.set_minimized();
    client.roundtrip()?;
    wait_for_focus(&mut client, Some(other))?;
    viewer.wait_until(soon(), "no window", |viewer| {
        !is_shown(RED)(viewer) && !is_shown([0, 0, 200])(viewer)
    })?;
    for title in ["window", "dialog"] {
        taskbar.wait_for(&mut bar, title, |row| row.is(State::Minimized))?;
    }
    // They need not draw.
    for (surface, is_suspended) in [(window, true), (dialog, true), (other, false)] {
        expect_suspended(&mut client, surface, is_suspended)?;
    }

    let row = taskbar.wait_for(&mut bar, "window", |_| true)?;
    row.handle()?.unset_minimized();
    bar.roundtrip()?;
    wait_for_focus(&mut client, Some(window))?;
    viewer.wait_until(soon(), "the window with its dialog", |viewer| {
        is_shown(RED)(viewer) && is_shown([0, 0, 200])(viewer)
    })?;
    taskbar.wait_for(&mut bar, "dialog", |row| !row.is(State::Minimized))?;
    for surface in [window, dialog] {
        expect_suspended(&mut client, surface, false)?;
    }
    // One that goes while it is minimized is not so when it is there again.
    client.toplevel(window)?.set_minimized();
    client.roundtrip()?;
    expect_suspended(&mut client, window, true)?;
    client.unmap(window)?;
    client.roundtrip()?;
    client.commit(window)?;
    client.draw(window, RED)?;
    wait_for_focus(&mut client, Some(window))?;
    expect_suspended(&mut client, window, false)
}

/// Waits until a window was told that it is suspended, or is not.
fn expect_suspended(client: &mut WaylandClient, window: Surface, expected: bool) -> Result {
    let what = format!("{window:?} to be suspended: {expected}");
    client.dispatch_until(soon(), &what, |client| {
        let last = client.surface(window).configures.last();
        last.is_some_and(|it| it.is(WindowState::Suspended) == expected)
    })
}

#[test]
fn a_list_that_is_stopped_still_tells_of_the_windows_that_it_knows() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut bar) = (fixture.client()?, fixture.client()?);
    let one = client.open(Window::new("one", 100, 80).content(RED))?;
    let (managing, showing) = (Taskbar::default(), Taskbar::default());
    let manager: ZwlrForeignToplevelManagerV1 = managing.bind(&bar, 3)?;
    let list: ExtForeignToplevelListV1 = showing.bind(&bar, 1)?;
    managing.wait_for(&mut bar, "one", |_| true)?;
    showing.wait_for(&mut bar, "one", |_| true)?;
    manager.stop();
    list.stop();
    bar.roundtrip()?;
    client.open(Window::new("two", 100, 80).content(RED))?;
    client.set_title(one, "uno")?;
    managing.wait_for(&mut bar, "uno", |_| true)?;
    showing.wait_for(&mut bar, "uno", |_| true)?;
    expect_equal("those that are known", managing.rows().len(), 1)?;
    expect_equal("those that are known", showing.rows().len(), 1)
}

#[test]
fn many_windows_with_long_titles_are_all_told() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut bar) = (fixture.client()?, fixture.client()?);
    let long = "é".repeat(1000);
    for _ in 0..200 {
        client.open(Window::new(&long, 20, 20).content(RED))?;
    }
    let taskbar = Taskbar::default();
    let _manager: ZwlrForeignToplevelManagerV1 = taskbar.bind(&bar, 3)?;
    bar.dispatch_until(soon(), "all windows", |_| {
        let rows = taskbar.rows();
        rows.len() == 200 && rows.iter().all(|row| row.dones > 0)
    })?;
    let is_cut = |title: &String| title.len() <= 256 && long.starts_with(title.as_str());
    assert!(taskbar.titles().iter().all(is_cut));
    Ok(())
}
