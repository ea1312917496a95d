//! What moves on the desktop is copied by viewers that can: no pixels are sent for it.

use offing_tests::picture::Picture;
use offing_tests::vnc_client::{VncClient, button, encoding};
use offing_tests::wayland_client::{Content, Window};
use offing_tests::{Result, soon};

use crate::fixture::{Fixture, Frame, config, wait_for_buttons};

/// The number of pixels in updates from this one on: those that were copied, and others.
fn pixels(viewer: &VncClient, first: usize) -> (u64, u64) {
    let rects = viewer.updates[first..].iter().flat_map(|it| &it.rects);
    let (mut copied, mut sent) = (0, 0);
    for rect in rects.filter(|rect| rect.encoding >= 0) {
        let area = u64::from(rect.width) * u64::from(rect.height);
        match rect.encoding {
            encoding::COPY_RECT => copied += area,
            _ => sent += area,
        }
    }
    (copied, sent)
}

#[test]
fn a_window_that_is_dragged() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer =
        fixture.viewer_knowing(&[encoding::RAW, encoding::COPY_RECT, encoding::CURSOR])?;
    let window = client.open(Window::new("moved", 100, 80).content(Content::Pattern(1)))?;
    let picture = Picture::pattern(100, 80, 1);
    viewer.pointer(120, 90, 0)?;
    viewer.pointer(120, 90, button::LEFT)?;
    wait_for_buttons(&mut client, &[(0x110, true)])?;
    client.start_move(window)?;
    client.roundtrip()?;
    let expected = fixture.empty().with(&picture, 110, 80);
    viewer.wait_for_picture(soon(), &expected)?;
    let before = viewer.updates.len();
    viewer.pointer(125, 93, button::LEFT)?;
    fixture.wait_for_frame("moved", Frame::new(115, 83, 100, 80))?;
    let expected = fixture.empty().with(&picture, 115, 83);
    viewer.wait_for_picture(soon(), &expected)?;
    let (copied, sent) = pixels(&viewer, before);
    assert_eq!(copied, 100 * 80);
    // The strips along its left and upper edges, where it was.
    assert!(sent <= 105 * 83 - copied, "{sent} pixels sent");
    Ok(())
}

#[test]
fn a_text_that_scrolls() -> Result {
    let (width, height) = (320, 240);
    let fixture = Fixture::start(config(width, height))?;
    let mut client = fixture.client()?;
    let mut viewer =
        fixture.viewer_knowing(&[encoding::RAW, encoding::COPY_RECT, encoding::CURSOR])?;
    let text = |line: usize| Picture::pattern(width, height + line, 1);
    let scrolled = |line: usize| {
        let all = text(line);
        Picture::draw(width, height, |x, y| all.pixel(x, y + line))
    };
    let window = Window::new("text", 100, 100).fullscreen();
    let window = client.open(window.content(scrolled(0)))?;
    viewer.wait_for_picture(soon(), &scrolled(0))?;
    for line in [16, 32, 20] {
        let before = viewer.updates.len();
        client.draw(window, scrolled(line))?;
        viewer.wait_for_picture(soon(), &scrolled(line))?;
        let (copied, sent) = pixels(&viewer, before);
        let fresh = if line == 20 { 12 } else { 16 };
        assert_eq!(copied, (width * (height - fresh)) as u64, "to {line}");
        assert_eq!(sent, (width * fresh) as u64, "to {line}");
    }
    Ok(())
}
