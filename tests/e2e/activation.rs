//! Programs that pass the keyboard on, and those that ring.

use offing_tests::vnc_client::button;
use offing_tests::wayland_client::protocol::{Layer, PanelAnchor};
use offing_tests::wayland_client::{Panel, WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_protocols::xdg::activation::v1::client::xdg_activation_v1::XdgActivationV1;
use wayland_protocols::xdg::system_bell::v1::client::xdg_system_bell_v1::XdgSystemBellV1;

use crate::fixture::{Fixture, expect_equal, wait_for_buttons, wait_for_focus, wait_for_pointer};
use crate::raw::{Own, bind};

/// A token for another window of whoever gets it.
fn token(client: &mut WaylandClient, serial: Option<u32>) -> Result<String> {
    let own = Own::default();
    let activation: XdgActivationV1 = bind(client, 1, &own)?;
    let token = activation.get_activation_token(&client.queue_handle(), own.clone());
    if let Some(serial) = serial {
        let seat: WlSeat = bind(client, 1, &own)?;
        token.set_serial(serial, &seat);
    }
    token.commit();
    client.dispatch_until(soon(), "a token", |_| own.told().token.is_some())?;
    let token = own.told().token.take();
    Ok(token.unwrap_or_default())
}

#[test]
fn the_program_in_use_passes_the_keyboard_on() -> Result {
    let fixture = Fixture::new()?;
    let (mut one, mut two) = (fixture.client()?, fixture.client()?);
    let below = two.open(Window::new("below", 100, 80).content([0, 200, 0]))?;
    wait_for_focus(&mut two, Some(below))?;
    // Not in use any more, so it cannot bring itself back.
    let window = one.open(Window::new("above", 100, 80).content([200, 0, 0]))?;
    wait_for_focus(&mut one, Some(window))?;
    wait_for_focus(&mut two, None)?;
    let mut tokens = vec![token(&mut two, Some(1))?, token(&mut one, None)?];
    tokens.push("none at all".to_owned());

    let own = Own::default();
    let activation: XdgActivationV1 = bind(&two, 1, &own)?;
    for useless in tokens {
        activation.activate(useless, two.wl_surface(below));
        two.roundtrip()?;
        expect_equal("the window", fixture.active()?.as_deref(), Some("above"))?;
    }

    let good = token(&mut one, Some(1))?;
    activation.activate(good.clone(), two.wl_surface(below));
    two.roundtrip()?;
    wait_for_focus(&mut two, Some(below))?;
    expect_equal("the topmost", &fixture.windows()?[1].0, &"below".to_owned())?;

    // It counts once.
    one.destroy(window)?;
    let window = one.open(Window::new("again", 100, 80).content([200, 0, 0]))?;
    wait_for_focus(&mut one, Some(window))?;
    activation.activate(good, two.wl_surface(below));
    two.roundtrip()?;
    expect_equal("the window", fixture.active()?.as_deref(), Some("again"))
}

#[test]
fn what_is_clicked_passes_the_keyboard_on_without_having_it() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, mut other) = (fixture.client()?, fixture.client()?);
    let mut viewer = fixture.viewer()?;
    let notice = Panel::new(Layer::Top, PanelAnchor::Top | PanelAnchor::Left, 40, 20);
    let notice = client.open_panel(notice.content([0, 0, 200]))?;
    let below = client.open(Window::new("below", 100, 80).content([200, 0, 0]))?;
    wait_for_focus(&mut client, Some(below))?;
    let window = other.open(Window::new("window", 100, 80).content([0, 200, 0]))?;
    wait_for_focus(&mut other, Some(window))?;
    let activation: XdgActivationV1 = bind(&client, 1, &Own::default())?;
    let pass_on = |client: &mut WaylandClient| -> Result {
        let serial = client.input_serial();
        let token = token(client, Some(serial))?;
        activation.activate(token, client.wl_surface(below));
        client.roundtrip()
    };
    // To be pointed at is not enough.
    viewer.pointer(20, 10, 0)?;
    wait_for_pointer(&mut client, notice, (20.0, 10.0))?;
    pass_on(&mut client)?;
    expect_equal("the window", fixture.active()?.as_deref(), Some("window"))?;
    viewer.click(20, 10, button::LEFT)?;
    wait_for_buttons(&mut client, &[(0x110, true), (0x110, false)])?;
    pass_on(&mut client)?;
    wait_for_focus(&mut client, Some(below))
}

#[test]
fn a_program_rings_the_bells_of_viewers() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewers = [fixture.viewer()?, fixture.viewer()?];
    let bell: XdgSystemBellV1 = bind(&client, 1, &Own::default())?;
    bell.ring(None);
    client.roundtrip()?;
    for viewer in &mut viewers {
        viewer.wait_until(soon(), "a bell", |viewer| viewer.bells == 1)?;
    }
    Ok(())
}
