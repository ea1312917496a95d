//! The cursor: who chooses it, and who draws it.

use offing_tests::picture::{Picture, Rect, Rgb};
use offing_tests::vnc_client::{Cursor, Rgba, TRANSPARENT, VncClient, button, encoding};
use offing_tests::wayland_client::protocol::Shape;
use offing_tests::wayland_client::{Content, Window};
use offing_tests::{Error, Result, soon};

use crate::fixture::{Fixture, config, expect_equal, sync, wait_for_buttons, wait_for_pointer};
use crate::scene::Scene;

/// The built-in cursor of this name at a scale, its colours multiplied by alpha.
pub(crate) fn multiplied(name: &str, scale: f64) -> Result<Cursor> {
    let missing = || Error::other(format!("no shape {name}"));
    let cursor = offing::built_in_cursor(name, scale).ok_or_else(missing)?;
    let pixels = cursor.pixels.as_chunks::<4>().0.iter();
    let pixels = pixels.map(|[blue, green, red, alpha]| [*red, *green, *blue, *alpha]);
    Ok(Cursor {
        encoding: encoding::CURSOR,
        width: cursor.size.width.into(),
        height: cursor.size.height.into(),
        hotspot: (cursor.hotspot.x.into(), cursor.hotspot.y.into()),
        pixels: pixels.collect(),
    })
}

/// The same as viewers get it that know no alpha: it is cut in the middle.
pub(crate) fn shape(name: &str, scale: f64) -> Result<Cursor> {
    let mut cursor = multiplied(name, scale)?;
    for pixel in &mut cursor.pixels {
        let [red, green, blue, alpha] = pixel.map(u32::from);
        let divided = |part: u32| ((part * 255 + alpha / 2) / alpha) as u8;
        *pixel = match alpha {
            128.. => [divided(red), divided(green), divided(blue), 255],
            _ => TRANSPARENT,
        };
    }
    Ok(cursor)
}

/// A cursor that is opaque everywhere.
pub(crate) fn opaque(picture: &Picture, hotspot: (usize, usize)) -> Cursor {
    let pixels = picture.rgb.chunks_exact(3);
    Cursor {
        encoding: encoding::CURSOR,
        width: picture.width,
        height: picture.height,
        hotspot,
        pixels: pixels
            .map(|pixel| [pixel[0], pixel[1], pixel[2], 255])
            .collect(),
    }
}

/// `picture` with a cursor, whose colours are multiplied by alpha, that points at (`x`, `y`).
pub(crate) fn drawn(picture: &Picture, cursor: &Cursor, (x, y): (usize, usize)) -> Picture {
    let (left, top) = (
        x as i32 - cursor.hotspot.0 as i32,
        y as i32 - cursor.hotspot.1 as i32,
    );
    Picture::draw(picture.width, picture.height, |x, y| {
        let (x0, y0) = (x as i32 - left, y as i32 - top);
        let inside =
            (0..cursor.width as i32).contains(&x0) && (0..cursor.height as i32).contains(&y0);
        let dot = inside.then(|| cursor.pixels[y0 as usize * cursor.width + x0 as usize]);
        let under = picture.pixel(x, y);
        let Some([red, green, blue, alpha]) = dot else {
            return under;
        };
        let shine = u32::from(255 - alpha);
        let mut mixed = under.map(|part| ((u32::from(part) * shine + 127) / 255) as u8);
        for (part, over) in mixed.iter_mut().zip([red, green, blue]) {
            *part += over;
        }
        mixed
    })
}

fn wait_for_cursor(viewer: &mut VncClient, what: &str, expected: &Cursor) -> Result {
    let found = viewer.wait_until(soon(), what, |viewer| {
        viewer.cursor.as_ref() == Some(expected)
    });
    found.map_err(|error| {
        let size = viewer
            .cursor
            .as_ref()
            .map(|it| (it.width, it.height, it.hotspot));
        let wanted = (expected.width, expected.height, expected.hotspot);
        error.context(format!(
            "the last was {size:?}, not {wanted:?} with the right pixels"
        ))
    })
}

#[test]
fn it_is_an_arrow_until_a_client_chooses() -> Result {
    let fixture = Fixture::new()?;
    let mut viewer = fixture.viewer()?;
    wait_for_cursor(&mut viewer, "an arrow", &shape("default", 1.0)?)?;
    // At once, without a request to spare for it.
    assert_eq!(viewer.cursors, 1);
    Ok(())
}

#[test]
fn it_grows_with_the_scale() -> Result {
    let arrows = [
        (0.5, (7, 10), (0, 0)),
        (1.0, (13, 20), (1, 1)),
        (1.25, (17, 25), (1, 1)),
        (1.5, (20, 30), (1, 1)),
        (2.0, (26, 40), (2, 2)),
        (3.0, (39, 59), (3, 3)),
    ];
    for (scale, size, hotspot) in arrows {
        let mut config = config(480, 360);
        config.scale = scale;
        let fixture = Fixture::start(config)?;
        let mut viewer = fixture.viewer()?;
        let arrow = shape("default", scale)?;
        expect_equal("the size", (arrow.width, arrow.height), size)?;
        expect_equal("the hotspot", arrow.hotspot, hotspot)?;
        wait_for_cursor(&mut viewer, &format!("scale {scale}"), &arrow)?;
    }
    Ok(())
}

#[test]
fn viewers_that_know_alpha_get_smooth_edges() -> Result {
    let fixture = Fixture::new()?;
    let known = [encoding::CURSOR_WITH_ALPHA, encoding::RAW];
    let mut viewer = fixture.viewer_knowing(&known)?;
    let arrow = multiplied("default", 1.0)?;
    viewer.wait_until(soon(), "an arrow", |viewer| {
        let Some(found) = &viewer.cursor else {
            return false;
        };
        let alpha = |cursor: &Cursor| -> Vec<u8> {
            cursor.pixels.iter().map(|[.., alpha]| *alpha).collect()
        };
        alpha(found) == alpha(&arrow)
    })?;
    let is_between = |pixel: &Rgba| (1..255).contains(&pixel[3]);
    assert!(arrow.pixels.iter().any(is_between));
    Ok(())
}

#[test]
fn a_clients_own_has_its_size_at_a_fractional_scale() -> Result {
    for (scale, size, hotspot) in [(1.25, (21, 29), (4, 6)), (1.5, (26, 35), (5, 8))] {
        let mut config = config(480, 360);
        config.scale = scale;
        let fixture = Fixture::start(config)?;
        let mut client = fixture.client()?;
        let window = client.open(Window::new("target", 120, 80).content([0; 3]))?;
        let mut viewer = fixture.viewer()?;
        viewer.pointer(250, 190, 0)?;
        client.dispatch_until(soon(), "the pointer", |client| {
            client.pointer().focus == Some(window)
        })?;
        client.set_cursor((17, 23), (3, 5), [200, 100, 50])?;
        let expected = opaque(&Picture::solid(size.0, size.1, [200, 100, 50]), hotspot);
        wait_for_cursor(&mut viewer, &format!("scale {scale}"), &expected)?;
    }
    Ok(())
}

#[test]
fn clients_choose_a_shape() -> Result {
    let mut scene = Scene::pointed()?;
    let shapes = [
        (Shape::Text, "text"),
        (Shape::Pointer, "pointer"),
        (Shape::Crosshair, "crosshair"),
        (Shape::Move, "move"),
        (Shape::NsResize, "ns-resize"),
        (Shape::ColResize, "ew-resize"),
        (Shape::SeResize, "nwse-resize"),
        (Shape::SwResize, "nesw-resize"),
        (Shape::NotAllowed, "not-allowed"),
        (Shape::Wait, "wait"),
        (Shape::Progress, "progress"),
        (Shape::Help, "help"),
        (Shape::ContextMenu, "context-menu"),
        (Shape::Alias, "alias"),
        (Shape::Copy, "copy"),
        (Shape::Grab, "grab"),
        (Shape::Grabbing, "grabbing"),
        (Shape::ZoomIn, "zoom-in"),
        (Shape::ZoomOut, "zoom-out"),
        (Shape::VerticalText, "vertical-text"),
        (Shape::Default, "default"),
    ];
    for (chosen, name) in shapes {
        scene.client.set_cursor_shape(chosen)?;
        wait_for_cursor(&mut scene.viewer, name, &shape(name, 1.0)?)?;
    }
    Ok(())
}

#[test]
fn a_client_draws_its_own() -> Result {
    let mut scene = Scene::pointed()?;
    let cursor = scene
        .client
        .set_cursor((17, 23), (3, 5), Content::Pattern(7))?;
    let expected = opaque(&Picture::pattern(17, 23, 7), (3, 5));
    wait_for_cursor(&mut scene.viewer, "a picture", &expected)?;
    // It is animated: each picture waits for the callback of the one before.
    for seed in 8..12 {
        let frames = scene.client.surface(cursor).frames;
        scene
            .client
            .dispatch_until(soon(), "a frame callback of the cursor", |client| {
                client.surface(cursor).frames > frames || frames as u32 > seed - 8
            })?;
        scene.client.draw(cursor, Content::Pattern(seed))?;
        let expected = opaque(&Picture::pattern(17, 23, seed), (3, 5));
        wait_for_cursor(&mut scene.viewer, "the next picture", &expected)?;
    }
    // It is not part of the picture.
    let picture = scene.picture();
    sync(&mut scene.viewer)?;
    scene.viewer.wait_for_picture(soon(), &picture)
}

#[test]
fn another_pixel_of_it_points() -> Result {
    let mut scene = Scene::pointed()?;
    let cursor = scene
        .client
        .set_cursor((17, 23), (3, 5), Content::Pattern(7))?;
    let pointing = |hotspot| opaque(&Picture::pattern(17, 23, 7), hotspot);
    wait_for_cursor(&mut scene.viewer, "a picture", &pointing((3, 5)))?;
    scene.client.point_with(cursor, (8, 9))?;
    wait_for_cursor(&mut scene.viewer, "another hotspot", &pointing((8, 9)))?;
    // What moves under a still pointer does so by its hotspot, too.
    for hotspot in [(10, 8), (12, 7)] {
        scene.client.offset(cursor, -2, 1);
        scene.client.commit(cursor)?;
        wait_for_cursor(&mut scene.viewer, "a moved one", &pointing(hotspot))?;
    }
    // Once, and not with each commit that follows.
    scene.client.draw(cursor, Content::Pattern(8))?;
    let next = opaque(&Picture::pattern(17, 23, 8), (12, 7));
    wait_for_cursor(&mut scene.viewer, "the next picture", &next)?;
    scene.client.offset(cursor, i32::MAX, i32::MIN);
    scene.client.commit(cursor)?;
    scene.client.offset(cursor, i32::MAX, i32::MIN);
    scene.client.draw(cursor, Content::Pattern(7))?;
    wait_for_cursor(&mut scene.viewer, "an edge", &pointing((0, 22)))
}

#[test]
fn the_icon_of_a_drag_is_where_its_client_moves_it() -> Result {
    let mut scene = Scene::pointed()?;
    scene.viewer.pointer(150, 120, button::LEFT)?;
    wait_for_buttons(&mut scene.client, &[(0x110, true)])?;
    let icon = scene.client.create_surface(16, 12)?;
    scene.client.drag(scene.window, icon)?;
    scene.client.draw(icon, Content::Pattern(7))?;
    let picture = scene.picture();
    let icon_at = |x, y| picture.clone().with(&Picture::pattern(16, 12, 7), x, y);
    scene.viewer.wait_for_picture(soon(), &icon_at(150, 120))?;
    for (x, y) in [(142, 124), (134, 128)] {
        scene.client.offset(icon, -8, 4);
        scene.client.commit(icon)?;
        scene.viewer.wait_for_picture(soon(), &icon_at(x, y))?;
    }
    // It stays beside the pointer.
    scene.viewer.pointer(160, 130, button::LEFT)?;
    scene.viewer.wait_for_picture(soon(), &icon_at(144, 138))?;
    for _ in 0..2 {
        scene.client.offset(icon, i32::MAX, i32::MAX);
        scene.client.commit(icon)?;
    }
    scene.viewer.wait_for_picture(soon(), &picture)?;
    scene.viewer.pointer(160, 130, 0)
}

#[test]
fn a_translucent_one_is_cut_in_the_middle() -> Result {
    let mut scene = Scene::pointed()?;
    for (opacity, colour) in [
        (127, TRANSPARENT),
        (128, [200, 100, 50, 255]),
        (255, [200, 100, 50, 255]),
    ] {
        let content = Content::Translucent([200, 100, 50, opacity]);
        scene.client.set_cursor((8, 8), (0, 0), content)?;
        let what = format!("opacity {opacity}");
        scene.viewer.wait_until(soon(), &what, |viewer| {
            let Some(cursor) = &viewer.cursor else {
                return false;
            };
            let near = |found: &Rgba| {
                let mut channels = found.iter().zip(colour);
                channels.all(|(a, b)| a.abs_diff(b) <= 2)
            };
            (cursor.width, cursor.height) == (8, 8) && cursor.pixels.iter().all(near)
        })?;
    }
    Ok(())
}

#[test]
fn it_is_hidden_and_comes_back_when_the_pointer_leaves() -> Result {
    let mut scene = Scene::pointed()?;
    let arrow = shape("default", 1.0)?;
    for _ in 0..2 {
        wait_for_cursor(&mut scene.viewer, "an arrow", &arrow)?;
        scene.client.hide_cursor()?;
        let none = Cursor {
            encoding: encoding::CURSOR,
            width: 0,
            height: 0,
            hotspot: (0, 0),
            pixels: vec![],
        };
        wait_for_cursor(&mut scene.viewer, "no cursor", &none)?;
        scene.viewer.pointer(10, 10, 0)?;
        wait_for_cursor(&mut scene.viewer, "an arrow", &arrow)?;
        scene.client.roundtrip()?;
        scene.viewer.pointer(150, 120, 0)?;
        wait_for_pointer(&mut scene.client, scene.window, (50.0, 40.0))?;
    }
    Ok(())
}

#[test]
fn it_comes_back_when_its_client_is_gone() -> Result {
    let mut scene = Scene::pointed()?;
    scene
        .client
        .set_cursor((17, 23), (3, 5), Content::Pattern(7))?;
    let own = opaque(&Picture::pattern(17, 23, 7), (3, 5));
    wait_for_cursor(&mut scene.viewer, "a picture", &own)?;
    drop(scene.client);
    wait_for_cursor(&mut scene.viewer, "an arrow", &shape("default", 1.0)?)
}

#[test]
fn it_is_drawn_for_viewers_that_cannot() -> Result {
    let mut scene = Scene::pointed()?;
    let mut plain = scene.fixture.viewer_knowing(&[encoding::HEXTILE])?;
    let arrow = multiplied("default", 1.0)?;
    let picture = scene.picture();
    plain.wait_for_picture(soon(), &drawn(&picture, &arrow, (150, 120)))?;
    // Wherever it goes, what was behind it comes back; also when another viewer moves it.
    let places = [
        (151, 121),
        (10, 10),
        (0, 0),
        (319, 239),
        (315, 3),
        (99, 79),
        (160, 130),
    ];
    for (number, (x, y)) in places.into_iter().enumerate() {
        let mover = if number % 2 == 0 {
            &mut plain
        } else {
            &mut scene.viewer
        };
        mover.pointer(x, y, 0)?;
        let place = (usize::from(x), usize::from(y));
        plain
            .wait_for_picture(soon(), &drawn(&picture, &arrow, place))
            .map_err(|error| error.context(format!("at {place:?}")))?;
    }
    wait_for_pointer(&mut scene.client, scene.window, (60.0, 50.0))?;
    // A client's own, with its hotspot; and what changes below it.
    scene
        .client
        .set_cursor((17, 23), (3, 5), Content::Pattern(7))?;
    let own = opaque(&Picture::pattern(17, 23, 7), (3, 5));
    plain.wait_for_picture(soon(), &drawn(&picture, &own, (160, 130)))?;
    scene.client.draw(scene.window, Content::Pattern(2))?;
    let picture = scene
        .fixture
        .empty()
        .with(&Picture::pattern(120, 80, 2), 100, 80);
    plain.wait_for_picture(soon(), &drawn(&picture, &own, (160, 130)))?;
    scene.client.hide_cursor()?;
    plain.wait_for_picture(soon(), &picture)?;
    // A viewer that draws it itself does not see it in the picture at any time.
    sync(&mut scene.viewer)?;
    scene.viewer.wait_for_picture(soon(), &picture)
}

#[test]
fn a_viewer_begins_and_ceases_to_draw_it() -> Result {
    let mut scene = Scene::pointed()?;
    let arrow = multiplied("default", 1.0)?;
    let picture = scene.picture();
    let mut viewer = scene.fixture.viewer_knowing(&[encoding::RAW])?;
    for _ in 0..2 {
        viewer.wait_for_picture(soon(), &drawn(&picture, &arrow, (150, 120)))?;
        let cursors = viewer.cursors;
        viewer.set_encodings(&[encoding::RAW, encoding::CURSOR, encoding::POINTER_POS])?;
        viewer.wait_for_picture(soon(), &picture)?;
        viewer.wait_until(soon(), "the cursor", |viewer| viewer.cursors > cursors)?;
        viewer.set_encodings(&[encoding::RAW])?;
    }
    scene.viewer.click(150, 120, button::LEFT)
}

#[test]
fn a_blended_one_is_drawn_with_its_opacity() -> Result {
    let mut scene = Scene::pointed()?;
    let mut plain = scene.fixture.viewer_knowing(&[encoding::RAW])?;
    scene.client.draw(scene.window, [100, 100, 100])?;
    let content = Content::Translucent([200, 100, 0, 128]);
    scene.client.set_cursor((16, 16), (8, 8), content)?;
    let area = Rect::new(142, 112, 16, 16);
    // Half of the one and half of the other, rounded in any way.
    plain.wait_until(soon(), "a translucent cursor", |viewer| {
        (110..130).all(|y| {
            (140..160).all(|x| {
                let expected: Rgb = match area.contains(x, y) {
                    true => [150, 100, 50],
                    false => [100, 100, 100],
                };
                let found = viewer.pixel(x, y);
                found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1)
            })
        })
    })
}
