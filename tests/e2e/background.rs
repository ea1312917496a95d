//! What is behind all windows.

use offing::Config;
use offing::config::{Background, Image, Share};
use offing_tests::picture::{Picture, Rgb, pattern};
use offing_tests::wayland_client::{Content, Window};
use offing_tests::{Error, Result, soon};

use crate::fixture::{Fixture, config, expect_equal};

/// The uppermost and the lowest colour of the gradient.
const ENDS: (Rgb, Rgb) = ([0x1f, 0x2e, 0x47], [0x29, 0x3e, 0x5f]);

fn with(background: Background, width: usize, height: usize, scale: f64) -> Config {
    Config {
        background,
        scale,
        ..config(width, height)
    }
}

/// A picture that differs everywhere, and the same for a session.
fn image(width: usize, height: usize) -> (Picture, Background) {
    let picture = Picture::draw(width, height, |x, y| pattern(3, x, y));
    let rgb = picture.rgb.as_chunks::<3>().0.to_vec();
    let image = Image::new(width, height, rgb).expect("it has as many pixels as it says");
    (picture, Background::Picture(image))
}

/// Each row of a gradient has one colour, and becomes lighter from row to row or stays so.
fn expect_gradient(picture: &Picture) -> Result {
    let mut above = ENDS.0;
    for y in 0..picture.height {
        let colour = picture.pixel(0, y);
        let is_plain = (1..picture.width).all(|x| picture.pixel(x, y) == colour);
        assert!(is_plain, "row {y} has more than one colour");
        let is_lighter = above.iter().zip(colour).all(|(above, it)| *above <= it);
        assert!(is_lighter, "row {y} is {colour:?} below {above:?}");
        above = colour;
    }
    expect_equal("the first row", picture.pixel(0, 0), ENDS.0)?;
    expect_equal("the last row", above, ENDS.1)
}

#[test]
fn a_gradient_is_behind_a_desktop() -> Result {
    for scale in [1.0, 1.5] {
        let fixture = Fixture::start(with(Background::Gradient, 320, 240, scale))?;
        let mut viewer = fixture.viewer()?;
        let empty = fixture.screenshot()?;
        expect_gradient(&empty)?;
        viewer.wait_for_picture(soon(), &empty)?;
        // What a window leaves is as before.
        let mut client = fixture.client()?;
        let window = client.open(Window::new("a", 64, 48).content(Content::Pattern(1)))?;
        viewer.wait_until(soon(), "a window", |viewer| viewer.picture() != empty)?;
        client.destroy(window)?;
        viewer.wait_for_picture(soon(), &empty)?;
        // It follows the screen.
        fixture
            .with(|offing| offing.resize(rfb::Size::new(200, 400)))?
            .map_err(Error::other)?;
        viewer.wait_until(soon(), "the size", |viewer| viewer.size() == (200, 400))?;
        let resized = fixture.screenshot()?;
        expect_gradient(&resized)?;
        viewer.wait_for_picture(soon(), &resized)?;
    }
    Ok(())
}

#[test]
fn one_colour_is_behind_a_desktop() -> Result {
    let colour = [1, 130, 255];
    let fixture = Fixture::start(with(Background::Plain(colour), 320, 240, 1.5))?;
    let mut viewer = fixture.viewer()?;
    viewer.wait_for_picture(soon(), &Picture::solid(320, 240, colour))
}

#[test]
fn a_picture_is_sharp_at_every_scale_and_covers_the_screen() -> Result {
    for scale in [1.0, 1.5, 2.0] {
        let (picture, background) = image(320, 240);
        let fixture = Fixture::start(with(background, 320, 240, scale))?;
        let mut viewer = fixture.viewer()?;
        viewer.wait_for_picture(soon(), &picture)?;
        let mut client = fixture.client()?;
        let window = client.open(Window::new("a", 64, 48).content(Content::Pattern(1)))?;
        viewer.wait_until(soon(), "a window", |viewer| viewer.picture() != picture)?;
        client.destroy(window)?;
        viewer.wait_for_picture(soon(), &picture)?;
        // On a narrower screen of the same height its middle is to be seen.
        fixture
            .with(|offing| offing.resize(rfb::Size::new(200, 240)))?
            .map_err(Error::other)?;
        let middle = Picture::draw(200, 240, |x, y| picture.pixel(x + 60, y));
        viewer.wait_for_picture(soon(), &middle)?;
    }
    Ok(())
}

#[test]
fn one_window_alone_has_one_colour_behind_it() -> Result {
    let (_, background) = image(320, 240);
    for background in [background, Background::Gradient] {
        let mut config = with(background, 320, 240, 1.0);
        config.share = Share::Isolated("nobody".to_owned());
        let fixture = Fixture::start(config)?;
        let mut viewer = fixture.viewer()?;
        viewer.wait_for_picture(soon(), &Picture::solid(320, 240, Background::COLOUR))?;
    }
    Ok(())
}
