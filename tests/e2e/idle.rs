//! Programs that want to know when nobody is there, and those that hold that back.

use std::time::{Duration, Instant};

use offing_tests::wayland_client::{WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols::ext::idle_notify::v1::client::ext_idle_notification_v1::ExtIdleNotificationV1;
use wayland_protocols::ext::idle_notify::v1::client::ext_idle_notifier_v1::ExtIdleNotifierV1;
use wayland_protocols::wp::idle_inhibit::zv1::client::zwp_idle_inhibit_manager_v1::ZwpIdleInhibitManagerV1;

use crate::fixture::{Fixture, expect_equal};
use crate::raw::{Own, bind};
use crate::virtual_keyboard::virtual_keyboard;

/// What a notification says.
const IDLED: &str = "Idled";
/// See [`IDLED`].
const RESUMED: &str = "Resumed";

/// Who wants to be told when nobody has done anything for so long.
struct Watch {
    own: Own,
    _notification: ExtIdleNotificationV1,
}

impl Watch {
    fn new(client: &mut WaylandClient, millis: u32, heeds_inhibitors: bool) -> Result<Self> {
        let own = Own::default();
        let handle = client.queue_handle();
        let notifier: ExtIdleNotifierV1 = bind(client, 2, &own)?;
        let seat: WlSeat = bind(client, 1, &own)?;
        let notification = match heeds_inhibitors {
            true => notifier.get_idle_notification(millis, &seat, &handle, own.clone()),
            false => notifier.get_input_idle_notification(millis, &seat, &handle, own.clone()),
        };
        client.roundtrip()?;
        Ok(Self {
            own,
            _notification: notification,
        })
    }

    fn said(&self) -> Vec<String> {
        self.own.told().events.clone()
    }

    fn wait_for(&self, client: &mut WaylandClient, expected: &[&str]) -> Result {
        let what = format!("{expected:?}");
        client.dispatch_until(soon(), &what, |_| self.said() == expected)
    }
}

#[test]
fn programs_are_told_when_nobody_is_there_and_when_somebody_comes_back() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let start = Instant::now();
    let watch = Watch::new(&mut client, 300, true)?;
    let never = Watch::new(&mut client, u32::MAX, true)?;
    watch.wait_for(&mut client, &[IDLED])?;
    assert!(start.elapsed() >= Duration::from_millis(300));
    let mut viewer = fixture.viewer()?;
    viewer.pointer(9, 9, 0)?;
    watch.wait_for(&mut client, &[IDLED, RESUMED])?;
    let start = Instant::now();
    watch.wait_for(&mut client, &[IDLED, RESUMED, IDLED])?;
    assert!(start.elapsed() >= Duration::from_millis(200));
    viewer.tap('a'.into())?;
    watch.wait_for(&mut client, &[IDLED, RESUMED, IDLED, RESUMED])?;
    expect_equal("who waits for ever", never.said(), Vec::new())
}

#[test]
fn a_window_that_is_shown_holds_idleness_back() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut player = fixture.client()?;
    let window = player.open(Window::new("film", 100, 80).content([9; 3]))?;
    let own = Own::default();
    let inhibitors: ZwpIdleInhibitManagerV1 = bind(&player, 1, &own)?;
    let handle = player.queue_handle();
    let watch = Watch::new(&mut client, 100, true)?;
    watch.wait_for(&mut client, &[IDLED])?;
    let inhibitor = inhibitors.create_inhibitor(player.wl_surface(window), &handle, own.clone());
    player.roundtrip()?;
    watch.wait_for(&mut client, &[IDLED, RESUMED])?;
    // Who asks about input only is told all the same.
    let input = Watch::new(&mut client, 200, false)?;
    input.wait_for(&mut client, &[IDLED])?;
    expect_equal("the other", watch.said().len(), 2)?;
    player.unmap(window)?;
    watch.wait_for(&mut client, &[IDLED, RESUMED, IDLED])?;

    inhibitor.destroy();
    let window = player.open(Window::new("another", 100, 80).content([9; 3]))?;
    inhibitors.create_inhibitor(player.wl_surface(window), &handle, own);
    player.roundtrip()?;
    watch.wait_for(&mut client, &[IDLED, RESUMED, IDLED, RESUMED])?;
    drop(player);
    watch.wait_for(&mut client, &[IDLED, RESUMED, IDLED, RESUMED, IDLED])?;
    expect_equal("what input says", input.said(), vec![IDLED.to_owned()])
}

#[test]
fn a_window_behind_a_lock_holds_nothing_back() -> Result {
    let fixture = Fixture::new()?;
    let mut player = fixture.client()?;
    let window = player.open(Window::new("film", 100, 80).content([9; 3]))?;
    let own = Own::default();
    let inhibitors: ZwpIdleInhibitManagerV1 = bind(&player, 1, &own)?;
    inhibitors.create_inhibitor(player.wl_surface(window), &player.queue_handle(), own);
    player.roundtrip()?;
    let mut client = fixture.client()?;
    let held_back = Watch::new(&mut client, 100, true)?;
    let input = Watch::new(&mut client, 300, false)?;
    input.wait_for(&mut client, &[IDLED])?;
    expect_equal("who heeds the film", held_back.said(), Vec::new())?;
    let mut locker = fixture.client()?;
    let lock = locker.locked()?;
    held_back.wait_for(&mut client, &[IDLED])?;
    locker.unlock(lock)?;
    locker.roundtrip()?;
    held_back.wait_for(&mut client, &[IDLED, RESUMED])
}

#[test]
fn a_finger_on_the_screen_is_somebody() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let watch = Watch::new(&mut client, 100, true)?;
    let mut expected = vec![IDLED];
    watch.wait_for(&mut client, &expected)?;
    let acts: [fn(&mut offing::Offing); 3] = [
        |it| it.touch_down(9, 9),
        |it| it.touch_move(19, 19),
        |it| it.touch_up(),
    ];
    for act in acts {
        fixture.with(act)?;
        expected.extend([RESUMED, IDLED]);
        watch.wait_for(&mut client, &expected)?;
    }
    Ok(())
}

#[test]
fn a_virtual_keyboard_that_goes_is_nobody() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let watch = Watch::new(&mut client, 100, true)?;
    watch.wait_for(&mut client, &[IDLED])?;
    let mut typist = fixture.client()?;
    virtual_keyboard(&typist)?.destroy();
    typist.roundtrip()?;
    fixture.settle()?;
    client.roundtrip()?;
    expect_equal("what is said", watch.said(), vec![IDLED.to_owned()])
}
