//! Devices that no viewer has, and programs that ask for them all the same.

use offing_tests::Result;
use offing_tests::wayland_client::WaylandClient;
use wayland_client::protocol::wl_pointer::WlPointer;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols::wp::pointer_gestures::zv1::client::zwp_pointer_gestures_v1::ZwpPointerGesturesV1;
use wayland_protocols::wp::tablet::zv2::client::zwp_tablet_manager_v2::ZwpTabletManagerV2;

use crate::fixture::{Fixture, expect_equal};
use crate::raw::{Own, bind};

#[test]
fn there_are_no_gestures_and_no_tablets() -> Result {
    let fixture = Fixture::new()?;
    let mut client: WaylandClient = fixture.client()?;
    let (own, handle) = (Own::default(), client.queue_handle());
    let seat: WlSeat = bind(&client, 1, &own)?;
    let pointer: WlPointer = seat.get_pointer(&handle, own.clone());
    let gestures: ZwpPointerGesturesV1 = bind(&client, 3, &own)?;
    let swipe = gestures.get_swipe_gesture(&pointer, &handle, own.clone());
    let pinch = gestures.get_pinch_gesture(&pointer, &handle, own.clone());
    let hold = gestures.get_hold_gesture(&pointer, &handle, own.clone());
    let tablets: ZwpTabletManagerV2 = bind(&client, 1, &own)?;
    let tablet_seat = tablets.get_tablet_seat(&seat, &handle, own.clone());
    fixture.viewer()?.click(9, 9, 1)?;
    client.roundtrip()?;
    swipe.destroy();
    pinch.destroy();
    hold.destroy();
    tablet_seat.destroy();
    gestures.release();
    tablets.destroy();
    client.roundtrip()?;
    expect_equal("what was told", own.told().events.clone(), Vec::new())
}
