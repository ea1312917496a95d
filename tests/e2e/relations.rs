//! What windows have to do with each other, and what their clients tell of them.

use offing_tests::picture::Picture;
use offing_tests::vnc_client::button;
use offing_tests::wayland_client::Window;
use offing_tests::{Result, soon};
use wayland_protocols::xdg::foreign::zv2::client::zxdg_exporter_v2::ZxdgExporterV2;
use wayland_protocols::xdg::foreign::zv2::client::zxdg_importer_v2::ZxdgImporterV2;

use crate::fixture::{Fixture, expect_equal, wait_for_focus};
use crate::raw::{Own, bind};

#[test]
fn a_dialog_of_another_program_stays_above_its_parent() -> Result {
    let fixture = Fixture::new()?;
    let (mut program, mut portal) = (fixture.client()?, fixture.client()?);
    let mut viewer = fixture.viewer()?;
    let parent = program.open(Window::new("parent", 200, 160).content([0, 200, 0]))?;
    let own = Own::default();
    let exporter: ZxdgExporterV2 = bind(&program, 1, &own)?;
    let surface = program.wl_surface(parent);
    exporter.export_toplevel(surface, &program.queue_handle(), own.clone());
    program.dispatch_until(soon(), "a handle", |_| own.told().token.is_some())?;
    let handle = own.told().token.clone().unwrap_or_default();

    let dialog = portal.open(Window::new("dialog", 60, 40).content([0, 0, 200]))?;
    let importer: ZxdgImporterV2 = bind(&portal, 1, &own)?;
    let imported = importer.import_toplevel(handle, &portal.queue_handle(), own.clone());
    imported.set_parent_of(portal.wl_surface(dialog));
    portal.roundtrip()?;

    viewer.click(70, 50, button::LEFT)?;
    wait_for_focus(&mut program, Some(parent))?;
    let expected = fixture
        .empty()
        .with(&Picture::solid(200, 160, [0, 200, 0]), 60, 40)
        .with(&Picture::solid(60, 40, [0, 0, 200]), 130, 100);
    viewer.wait_for_picture(soon(), &expected)?;
    expect_equal("the screen", fixture.screenshot()?, expected)
}
