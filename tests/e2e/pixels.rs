//! What clients draw is what viewers see, pixel by pixel.

use offing_tests::picture::{Picture, Rect, Rgb, pattern};
use offing_tests::vnc_client::{PixelFormat, VncClient, encoding};
use offing_tests::wayland_client::protocol::wl_output::Transform;
use offing_tests::wayland_client::protocol::wl_surface::WlSurface;
use offing_tests::wayland_client::{Content, Positioner, Surface, WaylandClient, Window};
use offing_tests::{Result, soon};
use wayland_protocols::wp::single_pixel_buffer::v1::client::wp_single_pixel_buffer_manager_v1::WpSinglePixelBufferManagerV1;

use crate::fixture::{Fixture, HEIGHT, WIDTH, WITH_CURSOR, config, expect_equal, wait_for_near};
use crate::raw::{Own, bind};

const ENCODINGS: [i32; 2] = [encoding::RAW, encoding::HEXTILE];

const FORMATS: [(&str, PixelFormat); 11] = [
    ("BGRX", PixelFormat::BGRX),
    ("RGBX", PixelFormat::RGBX),
    ("BGRX, big-endian", PixelFormat::BGRX.big_endian()),
    ("RGBX, big-endian", PixelFormat::RGBX.big_endian()),
    ("RGB565", PixelFormat::RGB565),
    ("RGB555", PixelFormat::RGB555),
    ("RGB565, big-endian", PixelFormat::RGB565.big_endian()),
    ("RGB555, big-endian", PixelFormat::RGB555.big_endian()),
    ("BGR233", PixelFormat::BGR233),
    ("RGB222", PixelFormat::RGB222),
    ("colour map", PixelFormat::COLOUR_MAP),
];

/// Noise, areas of one colour, of two and of a few: whatever an encoder tells apart.
fn varied(width: usize, height: usize, seed: u32) -> Picture {
    Picture::draw(width, height, |x, y| match (x / 24 + y / 20) % 4 {
        0 => pattern(seed, x, y),
        1 => pattern(seed, 0, 0),
        2 if (x + y) % 3 == 0 => [0; 3],
        2 => [255; 3],
        _ => pattern(seed, x / 7, y / 5),
    })
}

/// Opens a window in the middle of the screen; returns where its upper left pixel is.
fn open(
    fixture: &Fixture,
    client: &mut WaylandClient,
    window: Window,
    title: &str,
) -> Result<(Surface, usize, usize)> {
    let surface = client.open(window)?;
    let frame = fixture.frame(title)?;
    Ok((surface, frame.x as usize, frame.y as usize))
}

/// `over`, not multiplied by its opacity (of 255), seen over `under`.
fn blend(under: Rgb, over: Rgb, opacity: u8) -> Rgb {
    std::array::from_fn(|c| {
        let (under, over, opacity) = (u32::from(under[c]), u32::from(over[c]), u32::from(opacity));
        let mixed = over * opacity + under * (255 - opacity);
        ((mixed + 127) / 255) as u8
    })
}

#[test]
fn every_encoding_in_every_format() -> Result {
    // Odd sides, so that tiles are cut.
    let (width, height) = (323, 241);
    let fixture = Fixture::start(config(width, height))?;
    let mut client = fixture.client()?;
    let picture = varied(151, 110, 1);
    let window = Window::new("varied", 151, 110).content(picture.clone());
    let (window, x, y) = open(&fixture, &mut client, window, "varied")?;
    let empty = Picture::solid(width, height, fixture.background);
    let expected = empty.with(&picture, x, y);

    // All at the same time: they share what is encoded, but for the formats.
    let mut viewers: Vec<(String, VncClient)> = Vec::new();
    for number in ENCODINGS {
        for (name, format) in FORMATS {
            let mut viewer = fixture.viewer_knowing(&[number, encoding::CURSOR])?;
            viewer.set_pixel_format(format)?;
            let name = format!("encoding {number}, {name}");
            viewer
                .wait_for_picture(soon(), &expected)
                .map_err(|error| error.context(&name))?;
            viewers.push((name, viewer));
        }
    }
    let patch = Rect::new(20, 30, 67, 41);
    let changed = picture
        .clone()
        .with(&varied(151, 110, 2).crop(patch), patch.x, patch.y);
    let expected = expected.with(&changed, x, y);
    client.draw_damaging(window, changed, patch)?;
    for (name, viewer) in &mut viewers {
        viewer
            .wait_for_picture(soon(), &expected)
            .map_err(|error| error.context(&*name))?;
        let used = viewer.encodings()[0];
        let rects = || viewer.updates.iter().flat_map(|update| &update.rects);
        let of_pixels = rects().filter(|rect| rect.encoding != encoding::CURSOR);
        assert!(of_pixels.clone().count() > 0, "{name}: no pixels came");
        for rect in of_pixels {
            assert_eq!(rect.encoding, used, "{name}: {rect}");
        }
    }
    Ok(())
}

#[test]
fn a_viewer_changes_its_format_and_its_encodings() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let picture = varied(150, 110, 3);
    let window = Window::new("varied", 150, 110).content(picture.clone());
    let (_, x, y) = open(&fixture, &mut client, window, "varied")?;
    let expected = fixture.empty().with(&picture, x, y);
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    viewer.wait_for_picture(soon(), &expected)?;
    for (index, (name, format)) in FORMATS.iter().chain(FORMATS.iter().rev()).enumerate() {
        viewer.set_encodings(&[ENCODINGS[index % 2], encoding::CURSOR])?;
        viewer.set_pixel_format(*format)?;
        viewer
            .wait_for_picture(soon(), &expected)
            .map_err(|error| error.context(name))?;
    }
    Ok(())
}

#[test]
fn only_what_changed_is_sent() -> Result {
    // What the client says that it changed, of a window of 120x90, and what it really changes.
    let everything = Rect::new(0, 0, 120, 90);
    let cases = [
        (Rect::new(10, 12, 7, 5), Rect::new(10, 12, 7, 5)),
        (Rect::new(0, 0, 1, 1), Rect::new(0, 0, 1, 1)),
        (Rect::new(119, 89, 1, 1), Rect::new(119, 89, 1, 1)),
        (everything, everything),
        (everything, Rect::new(33, 44, 20, 10)),
        (Rect::new(5, 5, 100, 80), Rect::new(100, 80, 2, 3)),
    ];
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut picture = Picture::pattern(120, 90, 1);
    let window = Window::new("patched", 120, 90).content(picture.clone());
    let (window, x, y) = open(&fixture, &mut client, window, "patched")?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let empty = fixture.empty();
    viewer.wait_for_picture(soon(), &empty.clone().with(&picture, x, y))?;
    for (seed, (damage, change)) in (2..).zip(cases) {
        let patch = Picture::pattern(120, 90, seed).crop(change);
        picture = picture.with(&patch, change.x, change.y);
        let before = viewer.updates.len();
        client.draw_damaging(window, picture.clone(), damage)?;
        viewer.wait_for_picture(soon(), &empty.clone().with(&picture, x, y))?;
        for rect in viewer.updates[before..]
            .iter()
            .flat_map(|update| &update.rects)
        {
            let (left, top) = (usize::from(rect.x), usize::from(rect.y));
            let inside = left >= x + change.x
                && top >= y + change.y
                && left + usize::from(rect.width) <= x + change.x + change.width
                && top + usize::from(rect.height) <= y + change.y + change.height;
            assert!(inside, "{change} of {damage} changed, but {rect} came");
        }
    }
    Ok(())
}

#[test]
fn subsurfaces_come_move_and_go() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let parent = Picture::pattern(120, 90, 1);
    let window = Window::new("parent", 120, 90).content(parent.clone());
    let (window, x, y) = open(&fixture, &mut client, window, "parent")?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let alone = fixture.empty().with(&parent, x, y);
    let with_child = |seed, left: i32, top: i32| {
        let child = Picture::pattern(30, 20, seed);
        let at = |side: usize, by: i32| (side as i32 + by) as usize;
        alone.clone().with(&child, at(x, left), at(y, top))
    };
    // Partly outside of its parent, which stays where it is.
    let child = client.add_subsurface(window, (100, -10), (30, 20), Content::Pattern(2), false)?;
    client.commit(window)?;
    viewer.wait_for_picture(soon(), &with_child(2, 100, -10))?;

    // In step with its parent: what it draws shows with the parent's commit.
    client.draw(child, Content::Pattern(3))?;
    client.roundtrip()?;
    fixture.screenshot()?.expect(&with_child(2, 100, -10))?;
    client.commit(window)?;
    viewer.wait_for_picture(soon(), &with_child(3, 100, -10))?;

    client.place_subsurface(child, -15, 40)?;
    client.commit(window)?;
    viewer.wait_for_picture(soon(), &with_child(3, -15, 40))?;

    // A child of the child.
    let inner = client.add_subsurface(child, (5, 5), (10, 8), Content::Pattern(4), false)?;
    client.commit(child)?;
    client.commit(window)?;
    let smallest = Picture::pattern(10, 8, 4);
    let both = with_child(3, -15, 40).with(&smallest, x - 10, y + 45);
    viewer.wait_for_picture(soon(), &both)?;

    client.destroy(inner)?;
    viewer.wait_for_picture(soon(), &with_child(3, -15, 40))?;
    client.unmap(child)?;
    client.commit(window)?;
    viewer.wait_for_picture(soon(), &alone)
}

#[test]
fn subsurfaces_move_with_the_state_of_their_parent() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let parent = Picture::pattern(120, 90, 1);
    let window = Window::new("parent", 120, 90).content(parent.clone());
    let (window, x, y) = open(&fixture, &mut client, window, "parent")?;
    let alone = fixture.empty().with(&parent, x, y);
    let (free, held) = (Picture::pattern(30, 20, 2), Picture::pattern(10, 8, 3));
    let child = client.add_subsurface(window, (10, 10), (30, 20), free.clone(), true)?;
    let inner = client.add_subsurface(child, (5, 5), (10, 8), held.clone(), false)?;
    client.commit(child)?;
    client.commit(window)?;
    client.roundtrip()?;
    let seen = |left: usize, inner: usize| {
        let child = alone.clone().with(&free, x + left, y + 10);
        child.with(&held, x + left + inner, y + 15)
    };
    fixture.screenshot()?.expect(&seen(10, 5))?;

    // Not with its own, though that shows at once.
    client.place_subsurface(child, 60, 10)?;
    client.draw(child, free.clone())?;
    client.roundtrip()?;
    fixture.screenshot()?.expect(&seen(10, 5))?;
    client.commit(window)?;
    client.roundtrip()?;
    fixture.screenshot()?.expect(&seen(60, 5))?;

    // Not with that of a surface further up.
    client.place_subsurface(inner, 15, 5)?;
    client.commit(window)?;
    client.roundtrip()?;
    fixture.screenshot()?.expect(&seen(60, 5))?;
    client.commit(child)?;
    client.roundtrip()?;
    fixture.screenshot()?.expect(&seen(60, 15))
}

#[test]
fn a_free_subsurface_draws_without_its_parent() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let parent = Picture::pattern(120, 90, 1);
    let window = Window::new("parent", 120, 90).content(parent.clone());
    let (window, x, y) = open(&fixture, &mut client, window, "parent")?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let child = client.add_subsurface(window, (20, 10), (30, 20), Content::Pattern(2), true)?;
    client.commit(window)?;
    for seed in 3..8 {
        client.draw(child, Content::Pattern(seed))?;
        let expected = fixture.empty().with(&parent, x, y);
        let expected = expected.with(&Picture::pattern(30, 20, seed), x + 20, y + 10);
        viewer.wait_for_picture(soon(), &expected)?;
    }
    Ok(())
}

#[test]
fn popups_are_drawn_over_their_windows() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let parent = Picture::pattern(120, 90, 1);
    let window = Window::new("parent", 120, 90).content(parent.clone());
    let (window, x, y) = open(&fixture, &mut client, window, "parent")?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let alone = fixture.empty().with(&parent, x, y);
    let menu = Positioner::below((90, 60, 20, 10), 60, 50);
    let popup = client.open_popup(window, &menu, Content::Pattern(2))?;
    let menu = Picture::pattern(60, 50, 2);
    let expected = alone.clone().with(&menu, x + 90, y + 70);
    viewer.wait_for_picture(soon(), &expected)?;
    client.draw(popup, Content::Pattern(3))?;
    let menu = Picture::pattern(60, 50, 3);
    viewer.wait_for_picture(soon(), &alone.clone().with(&menu, x + 90, y + 70))?;
    client.destroy(popup)?;
    viewer.wait_for_picture(soon(), &alone)
}

#[test]
fn a_viewport_crops_and_stretches() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let (window, x, y) = {
        let window = client.open(Window::new("viewed", 60, 40))?;
        let source = (10.0, 20.0, 60.0, 40.0);
        client.set_viewport(window, Some(source), Some((60, 40)))?;
        client.resize(window, 100, 80);
        client.draw(window, Content::Pattern(1))?;
        client.roundtrip()?;
        let frame = fixture.frame("viewed")?;
        expect_equal("the size", (frame.width, frame.height), (60, 40))?;
        (window, frame.x as usize, frame.y as usize)
    };
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let cropped = Picture::pattern(100, 80, 1).crop(Rect::new(10, 20, 60, 40));
    viewer.wait_for_picture(soon(), &fixture.empty().with(&cropped, x, y))?;

    // Larger and smaller than the buffer; of one colour, so that no filter shows but at its edges.
    for (width, height) in [(150, 120), (25, 20), (101, 81)] {
        client.set_viewport(window, Some((0.0, 0.0, 100.0, 80.0)), Some((width, height)))?;
        client.draw(window, [200, 30, 60])?;
        let (width, height) = (width as usize, height as usize);
        let stretched = Picture::solid(width, height, [200, 30, 60]);
        let expected = fixture.empty().with(&stretched, x, y);
        let edges = [
            Rect::new(x, y, width, 1),
            Rect::new(x, y + height - 1, width, 1),
            Rect::new(x, y, 1, height),
            Rect::new(x + width - 1, y, 1, height),
        ];
        let what = format!("a window of {width}x{height}");
        viewer.wait_until(soon(), &what, |viewer| {
            viewer.picture().diff(&expected, 0, &edges).is_none()
        })?;
    }
    Ok(())
}

#[test]
fn a_turned_buffer_is_turned_back() -> Result {
    use Transform as T;
    // Where the buffer's pixel (x, y) is in the surface of 60x40, and whether sides are swapped.
    type Place = fn(usize, usize) -> (usize, usize);
    let cases: [(T, bool, Place); 8] = [
        (T::Normal, false, |x, y| (x, y)),
        (T::_90, true, |x, y| (59 - y, x)),
        (T::_180, false, |x, y| (59 - x, 39 - y)),
        (T::_270, true, |x, y| (y, 39 - x)),
        (T::Flipped, false, |x, y| (59 - x, y)),
        (T::Flipped90, true, |x, y| (y, x)),
        (T::Flipped180, false, |x, y| (x, 39 - y)),
        (T::Flipped270, true, |x, y| (59 - y, 39 - x)),
    ];
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let window = client.open(Window::new("turned", 60, 40).content([0; 3]))?;
    let frame = fixture.frame("turned")?;
    for (seed, (transform, swapped, place)) in (1..).zip(cases) {
        let surface = Picture::pattern(60, 40, seed);
        let (width, height) = if swapped { (40, 60) } else { (60, 40) };
        let buffer = Picture::draw(width, height, |x, y| {
            let (x, y) = place(x, y);
            surface.pixel(x, y)
        });
        client.wl_surface(window).set_buffer_transform(transform);
        client.resize(window, width as i32, height as i32);
        client.draw(window, buffer)?;
        let expected = fixture
            .empty()
            .with(&surface, frame.x as usize, frame.y as usize);
        viewer
            .wait_for_picture(soon(), &expected)
            .map_err(|error| error.context(format!("{transform:?}")))?;
    }
    Ok(())
}

#[test]
fn a_buffer_of_twice_the_pixels_is_halved() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let window = client.open(Window::new("dense", 60, 40))?;
    client.set_buffer_scale(window, 2);
    // Each pixel four times, so that no filter shows.
    client.draw(
        window,
        Picture::draw(120, 80, |x, y| pattern(1, x / 2, y / 2)),
    )?;
    client.roundtrip()?;
    let frame = fixture.frame("dense")?;
    expect_equal("the size", (frame.width, frame.height), (60, 40))?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let halved = Picture::pattern(60, 40, 1);
    let (x, y) = (frame.x as usize, frame.y as usize);
    viewer.wait_for_picture(soon(), &fixture.empty().with(&halved, x, y))
}

#[test]
fn clients_that_know_the_scale_are_sharp() -> Result {
    for scale in [1.25, 1.5, 2.0] {
        let pixels = |logical: i32| (f64::from(logical) * scale) as usize;
        let mut config = config(pixels(320), pixels(240));
        config.scale = scale;
        let fixture = Fixture::start(config)?;
        let mut client = fixture.client()?;
        let window = client.open(Window::new("sharp", 96, 80))?;
        client.dispatch_until(soon(), "the scale", |client| {
            client.surface(window).preferred_scale == Some(scale)
        })?;
        client.set_viewport(window, None, Some((96, 80)))?;
        client.resize(window, pixels(96) as i32, pixels(80) as i32);
        client.draw(window, Content::Pattern(1))?;
        client.roundtrip()?;
        let frame = fixture.frame("sharp")?;
        let place = (frame.x, frame.y, frame.width, frame.height);
        expect_equal("the place", place, (112, 80, 96, 80))?;
        let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
        let empty = Picture::solid(pixels(320), pixels(240), fixture.background);
        let picture = Picture::pattern(pixels(96), pixels(80), 1);
        viewer
            .wait_for_picture(soon(), &empty.with(&picture, pixels(112), pixels(80)))
            .map_err(|error| error.context(format!("at scale {scale}")))?;
    }
    Ok(())
}

#[test]
fn what_is_stretched_keeps_its_colour_up_to_its_edges() -> Result {
    let colour = [250, 240, 230];
    for (content, seen) in [
        (Content::Solid(colour), colour),
        (Content::Translucent([250, 240, 230, 128]), [142, 144, 147]),
    ] {
        for (scale, width, height) in [
            (1.25, 125, 100),
            (1.5, 150, 120),
            (2.0, 200, 160),
            (4.0, 400, 320),
        ] {
            let mut config = config(480, 360);
            config.scale = scale;
            let fixture = Fixture::start(config)?;
            let mut client = fixture.client()?;
            let window = Window::new("old", 100, 80).content(content.clone());
            let (_, x, y) = open(&fixture, &mut client, window, "old")?;
            let place = |logical: usize| (logical as f64 * scale).round() as usize;
            let window = Picture::solid(width, height, seen);
            let empty = Picture::solid(480, 360, fixture.background);
            let expected = empty.with(&window, place(x), place(y));
            let mut viewer = fixture.viewer()?;
            wait_for_near(&mut viewer, &expected, 1)
                .map_err(|error| error.context(format!("at scale {scale}")))?;
        }
    }
    Ok(())
}

#[test]
fn translucent_content_is_blended() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let parent = Picture::pattern(120, 90, 1);
    let window = Window::new("parent", 120, 90).content(parent.clone());
    let (window, x, y) = open(&fixture, &mut client, window, "parent")?;
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let below = fixture.empty().with(&parent, x, y);
    // Over its parent, which has no alpha, and over the desktop.
    let glass = client.add_subsurface(window, (90, 20), (60, 40), [0; 3], true)?;
    client.commit(window)?;
    for opacity in [0, 1, 64, 128, 200, 254, 255] {
        let [red, green, blue] = [250, 120, 10];
        client.draw(glass, Content::Translucent([red, green, blue, opacity]))?;
        let area = Rect::new(x + 90, y + 20, 60, 40);
        let blended = Picture::draw(WIDTH, HEIGHT, |x, y| match area.contains(x, y) {
            true => blend(below.pixel(x, y), [red, green, blue], opacity),
            false => below.pixel(x, y),
        });
        wait_for_near(&mut viewer, &blended, 1)
            .map_err(|error| error.context(format!("opacity {opacity}")))?;
    }
    Ok(())
}

#[test]
fn a_single_pixel_fills_a_viewport() -> Result {
    let fixture = Fixture::new()?;
    let mut client = fixture.client()?;
    let handle = client.queue_handle();
    let own = Own::default();
    let manager: WpSinglePixelBufferManagerV1 = bind(&client, 1, &own)?;
    let attach = |surface: &WlSurface, [red, green, blue, alpha]: [u8; 4]| {
        // Premultiplied, and all bits of 32.
        let part = |value: u8| u32::from(value) * 0x0101_0101;
        let parts = (part(red), part(green), part(blue), part(alpha));
        let buffer = manager.create_u32_rgba_buffer(
            parts.0,
            parts.1,
            parts.2,
            parts.3,
            &handle,
            own.clone(),
        );
        surface.attach(Some(&buffer), 0, 0);
        surface.damage_buffer(0, 0, i32::MAX, i32::MAX);
    };
    let window = client.open(Window::new("pixel", 60, 40))?;
    client.set_viewport(window, None, Some((60, 40)))?;
    attach(client.wl_surface(window), [40, 90, 200, 255]);
    client.commit(window)?;
    client.roundtrip()?;
    let frame = fixture.frame("pixel")?;
    expect_equal("the size", (frame.width, frame.height), (60, 40))?;
    let (x, y) = (frame.x as usize, frame.y as usize);
    let mut viewer = fixture.viewer_knowing(&WITH_CURSOR)?;
    let opaque = Picture::solid(60, 40, [40, 90, 200]);
    viewer.wait_for_picture(soon(), &fixture.empty().with(&opaque, x, y))?;

    attach(client.wl_surface(window), [100, 0, 50, 128]);
    client.commit(window)?;
    let [red, green, blue] = blend(fixture.background, [0; 3], 128);
    let translucent = Picture::solid(60, 40, [red + 100, green, blue + 50]);
    wait_for_near(&mut viewer, &fixture.empty().with(&translucent, x, y), 1)
}
