//! What Qt VNC Server says of preferred encodings and of the dirty map, a test for each sentence.

use offing_tests::picture::pattern;
use offing_tests::vnc_client::{Login, VncClient, encoding};
use offing_tests::{Result, soon};
use rfb::{Config, Diff, Encoding, Event, Rect, Region, Security, Size};

use crate::canvas::Canvas;
use crate::server::{Encoder, Server, config};

const SIZE: Size = Size::new(100, 70);

const RAW: i32 = encoding::RAW;
const HEXTILE: i32 = encoding::HEXTILE;
const ZLIB: i32 = encoding::ZLIB;
/// Encodings and pseudo-encodings that are not for choosing: CopyRect, Ultra, ZYWRLE, the cursor.
const COPY_RECT: i32 = encoding::COPY_RECT;
const ULTRA: i32 = 9;
const ZYWRLE: i32 = 17;
const CURSOR: i32 = encoding::CURSOR;

/// What the server prefers, what the viewer lists, and what is used.
struct Row(&'static [i32], &'static [i32], i32);

/// Fails unless each row's encoding is used for a whole picture, which arrives.
fn check(rows: &[Row]) -> Result {
    for (seed, Row(preferred, listed, expected)) in (1..).zip(rows) {
        let case = format!("{preferred:?} preferred, {listed:?} listed");
        let config = Config {
            encodings: preferred.iter().copied().map(Encoding).collect(),
            ..config(SIZE, &[Security::NONE])
        };
        let (server, stream) = Server::start(config, Encoder::new(0))?;
        let mut viewer = VncClient::connect(stream, &Login::new())?;
        assert_eq!(server.event()?, Event::Ready { shared: true });
        viewer.set_encodings(listed)?;
        let mut canvas = Canvas::new(SIZE);
        canvas.draw(SIZE.rect(), |x, y| pattern(seed, x / 9, y));
        let (frame, _) = canvas.frame(&[]).expect("a first frame");
        server.with(|session| session.show(&frame, &Region::new(), &[]));
        let rects = viewer.update()?;
        let used: Vec<i32> = rects.iter().map(|rect| rect.encoding).collect();
        assert!(used.iter().all(|used| used == expected), "{case}: {used:?}");
        assert_eq!(server.with(|session| session.encoding().0), *expected);
        viewer
            .wait_for_picture(soon(), &canvas.picture())
            .map_err(|error| error.context(case))?;
    }
    Ok(())
}

#[test]
fn the_list_overrides_the_viewers_order() -> Result {
    check(&[
        Row(&[HEXTILE, ZLIB, RAW], &[ZLIB, HEXTILE, RAW], HEXTILE),
        Row(&[ZLIB, HEXTILE, RAW], &[HEXTILE, ZLIB, RAW], ZLIB),
        Row(&[RAW, ZLIB], &[ZLIB, HEXTILE, RAW], RAW),
        Row(&[ZLIB], &[RAW, HEXTILE, ZLIB], ZLIB),
    ])
}

#[test]
fn the_first_that_the_viewer_supports_is_used() -> Result {
    check(&[
        Row(&[ZLIB, HEXTILE, RAW], &[RAW, HEXTILE], HEXTILE),
        Row(&[HEXTILE, ZLIB], &[RAW, ZLIB], ZLIB),
        // Every viewer supports Raw, whether it says so or not.
        Row(&[RAW, ZLIB], &[ZLIB], RAW),
        // What the server cannot make is passed over.
        Row(
            &[ULTRA, ZYWRLE, HEXTILE],
            &[ULTRA, ZYWRLE, HEXTILE],
            HEXTILE,
        ),
        // What is not for pixels does not count.
        Row(&[CURSOR, COPY_RECT, ZLIB], &[CURSOR, COPY_RECT, ZLIB], ZLIB),
    ])
}

#[test]
fn raw_is_the_fallback_even_if_it_is_not_listed() -> Result {
    check(&[
        Row(&[ZLIB], &[HEXTILE], RAW),
        Row(&[HEXTILE, ZLIB], &[ULTRA, ZYWRLE, CURSOR], RAW),
        Row(&[ZLIB], &[], RAW),
        Row(&[ULTRA], &[ULTRA, HEXTILE], RAW),
        Row(&[], &[ULTRA, ZYWRLE], RAW),
        Row(&[], &[], RAW),
    ])
}

#[test]
fn without_a_list_the_viewers_order_counts() -> Result {
    check(&[
        Row(&[], &[ZLIB, HEXTILE, RAW], ZLIB),
        Row(&[], &[HEXTILE, ZLIB, RAW], HEXTILE),
        Row(&[], &[RAW, HEXTILE, ZLIB], RAW),
        Row(&[], &[COPY_RECT, ULTRA, ZLIB, HEXTILE], ZLIB),
    ])
}

/// What of a change is sent: of a picture in which one pixel changes while more is said to have.
fn sent(diff: &mut Diff, damage: Rect) -> Region {
    let stride = usize::from(SIZE.width) * 4;
    let mut pixels = vec![9; stride * usize::from(SIZE.height)];
    let first = pixels.clone();
    diff.update(SIZE, |y| &first[usize::from(y) * stride..][..stride], &[]);
    pixels[stride * 40 + 4 * 50] = 1;
    let row = |y: u16| &pixels[usize::from(y) * stride..][..stride];
    let (frame, region) = diff.update(SIZE, row, &[damage]).expect("a change");
    assert_eq!(frame.row(40)[4 * 50], 1);
    region
}

#[test]
fn updated_frames_are_searched_for_what_really_changed_by_default() {
    let region = sent(&mut Diff::new(), SIZE.rect());
    assert!(region.intersects(Rect::new(50, 40, 1, 1)));
    assert!(region.area() < 64, "{region:?}");
}

#[test]
fn without_the_dirty_map_all_that_is_said_to_have_changed_is_sent() {
    let mut diff = Diff::new();
    diff.set_enabled(false);
    assert_eq!(sent(&mut diff, SIZE.rect()).rects(), [SIZE.rect()]);
    let damage = Rect::new(30, 30, 40, 20);
    let mut diff = Diff::new();
    diff.set_enabled(false);
    assert_eq!(sent(&mut diff, damage).rects(), [damage]);
}
