//! What programs say of their windows that nothing here goes by: they can say it by the rules, and
//! only so.

use offing_tests::picture::Picture;
use offing_tests::vnc_client::button;
use offing_tests::wayland_client::{Surface, WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_protocols::wp::content_type::v1::client::wp_content_type_manager_v1::WpContentTypeManagerV1;
use wayland_protocols::wp::content_type::v1::client::wp_content_type_v1::Type;
use wayland_protocols::xdg::dialog::v1::client::xdg_wm_dialog_v1::XdgWmDialogV1;
use wayland_protocols::xdg::toplevel_tag::v1::client::xdg_toplevel_tag_manager_v1::XdgToplevelTagManagerV1;

use crate::fixture::{Fixture, expect_equal, wait_for_focus};
use crate::raw::{Own, bind};

const PARENT: [u8; 3] = [0, 200, 0];
const DIALOG: [u8; 3] = [0, 0, 200];

/// A window, and one that belongs to it.
fn with_dialog(fixture: &Fixture) -> Result<(WaylandClient, Surface, Surface)> {
    let mut client = fixture.client()?;
    let parent = client.open(Window::new("parent", 200, 160).content(PARENT))?;
    let dialog = client.open(Window::new("dialog", 60, 40).content(DIALOG))?;
    let toplevel = client.toplevel(dialog)?;
    toplevel.set_parent(Some(client.toplevel(parent)?));
    client.roundtrip()?;
    Ok((client, parent, dialog))
}

/// Waits for the error with this number, of an object of this sort.
fn expect_error(client: &mut WaylandClient, interface: &str, code: u32) -> Result {
    let error = client.expect_protocol_error(soon())?;
    let found = (error.object_interface.as_str(), error.code);
    expect_equal("the error", found, (interface, code))
}

#[test]
fn a_modal_dialog_is_a_dialog() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    let (mut client, parent, dialog) = with_dialog(&fixture)?;
    let (own, handle) = (Own::default(), client.queue_handle());
    let dialogs: XdgWmDialogV1 = bind(&client, 1, &own)?;
    let modal = dialogs.get_xdg_dialog(client.toplevel(dialog)?, &handle, own.clone());
    modal.set_modal();
    client.roundtrip()?;
    // Its parent can be used all the same, below it.
    viewer.click(70, 50, button::LEFT)?;
    wait_for_focus(&mut client, Some(parent))?;
    let expected = fixture
        .empty()
        .with(&Picture::solid(200, 160, PARENT), 60, 40)
        .with(&Picture::solid(60, 40, DIALOG), 130, 100);
    viewer.wait_for_picture(soon(), &expected)?;

    // It may end, come again, and outlive its window.
    modal.unset_modal();
    modal.destroy();
    let modal = dialogs.get_xdg_dialog(client.toplevel(dialog)?, &handle, own.clone());
    client.destroy(dialog)?;
    modal.set_modal();
    modal.destroy();
    client.roundtrip()?;
    for _ in 0..2 {
        dialogs.get_xdg_dialog(client.toplevel(parent)?, &handle, own.clone());
    }
    expect_error(&mut client, "xdg_wm_dialog_v1", 0)
}

#[test]
fn a_window_has_a_tag_and_a_description() -> Result {
    let fixture = Fixture::new()?;
    let (mut client, parent, dialog) = with_dialog(&fixture)?;
    let tags: XdgToplevelTagManagerV1 = bind(&client, 1, &Own::default())?;
    for window in [parent, dialog, parent] {
        let toplevel = client.toplevel(window)?;
        tags.set_toplevel_tag(toplevel, "main window".to_owned());
        tags.set_toplevel_description(toplevel, "what it is for".to_owned());
    }
    tags.destroy();
    client.roundtrip()?;
    expect_equal("the windows", fixture.windows()?.len(), 2)
}

#[test]
fn a_surface_says_once_what_sort_of_content_it_has() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("film", 100, 80).content(PARENT))?;
    let (own, handle) = (Own::default(), client.queue_handle());
    let types: WpContentTypeManagerV1 = bind(&client, 1, &own)?;
    let surface = client.wl_surface(window).clone();
    let content = types.get_surface_content_type(&surface, &handle, own.clone());
    content.set_content_type(Type::Video);
    client.draw(window, DIALOG)?;
    let picture = Picture::solid(100, 80, DIALOG);
    viewer.wait_for_picture(soon(), &fixture.empty().with(&picture, 110, 80))?;

    content.destroy();
    // Again, after the first one; and after its surface.
    let content = types.get_surface_content_type(&surface, &handle, own.clone());
    client.destroy(window)?;
    content.set_content_type(Type::Game);
    content.destroy();
    let other = client.create_surface(10, 10)?;
    let other = client.wl_surface(other).clone();
    client.roundtrip()?;
    for _ in 0..2 {
        types.get_surface_content_type(&other, &handle, own.clone());
    }
    expect_error(&mut client, "wp_content_type_manager_v1", 0)
}
