mod decoder;

use super::*;
use crate::encoding::{self, Subsampling};
use crate::frame::Frame;
use crate::geometry::random::Random;
use decoder::{Decoder, Kind, Pixel, Sent};

/// Encodes a rectangle and compares all its pixels with those of Raw: they are to be
/// equal, but in JPEG to differ by at most `tolerance` in the mean of a rectangle.
fn check(frame: &Frame, rect: Rect, format: &PixelFormat, method: Method) -> Vec<Sent> {
    let made = |method| encoding::encode(method, frame, rect, format, None);
    let segment = made(method);
    let mut decoder = Decoder::new(segment.bytes(), method, *format, rect);
    let sent: Vec<Sent> = (0..segment.rectangles())
        .map(|_| decoder.rectangle())
        .collect();
    assert!(decoder.bytes.is_empty(), "bytes left over");
    let mut lossy = Region::new();
    for jpeg in sent.iter().filter(|sent| sent.kind == Kind::Jpeg) {
        lossy.add(jpeg.rect);
    }
    assert_eq!(*segment.lossy(), lossy);

    let raw = made(Encoding::RAW.into());
    let rgb = encoding::encode(Encoding::RAW.into(), frame, rect, &PixelFormat::BGRX, None);
    let raw = raw.bytes()[12..].chunks(format.bytes_per_pixel());
    let rgb = rgb.bytes()[12..].as_chunks::<4>().0;
    let is_short = decoder.pixel() == 3;
    let (mut error, mut lossy) = (0, 0);
    for ((pixel, raw), [blue, green, red, _]) in decoder.pixels.iter().zip(raw).zip(rgb) {
        let rgb = [*red, *green, *blue];
        match pixel.as_ref().expect("a pixel was not painted") {
            Pixel::Exact(own) if is_short => assert_eq!(own[..], rgb),
            Pixel::Exact(own) => assert_eq!(own, raw),
            Pixel::Rgb(own) => assert_eq!(*own, rgb),
            Pixel::Lossy(own) => {
                let pairs = own.iter().zip(rgb);
                error += pairs.map(|(a, b)| u64::from(a.abs_diff(b))).sum::<u64>();
                lossy += 3;
            }
        }
    }
    assert!(
        error <= 8 * lossy,
        "JPEG differs by {error} in {lossy} values"
    );
    sent
}

/// A frame whose pixels `colour` gives: blue, green and red. The fourth byte is noise, as
/// it has no meaning.
fn frame(size: Size, mut colour: impl FnMut(u16, u16) -> [u8; 3]) -> Frame {
    let mut pixels = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            let [blue, green, red] = colour(x, y);
            pixels.extend_from_slice(&[blue, green, red, (x * 7 + y) as u8]);
        }
    }
    Frame::from_pixels(size, &pixels)
}

/// The colour of a photograph at a point: waves and a little noise.
fn photo(x: u16, y: u16) -> [u8; 3] {
    let (x, y) = (f32::from(x), f32::from(y));
    let grain = ((x * 12.9898 + y * 78.233).sin() * 43_758.547).fract();
    let light = (x / 37.0).sin() + (y / 23.0).cos() + (x * y / 900.0).sin();
    [0.9, 1.0, 1.1].map(|tint| (120.0 + 25.0 * tint * light + 3.0 * grain) as u8)
}

/// The colour of text at a point: black strokes with grey edges on white.
fn text(x: u16, y: u16) -> [u8; 3] {
    let letter = (x / 9 * 31 + y / 18 * 17) % 23;
    let stroke = (x % 9)
        .abs_diff(letter % 7)
        .min((y % 18).abs_diff(letter % 13));
    [[0; 3], [140; 3], [255; 3]][usize::from(stroke.min(2))]
}

fn method(encoding: Encoding, level: u8) -> Method {
    Method {
        level,
        ..encoding.into()
    }
}

fn with_jpeg(encoding: Encoding) -> Method {
    Method {
        jpeg: Some(Jpeg::USUAL),
        ..encoding.into()
    }
}

/// The kinds of the rectangles, each once, in the order in which they came first.
fn kinds(sent: &[Sent]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for sent in sent {
        if !kinds.contains(&sent.kind) {
            kinds.push(sent.kind);
        }
    }
    kinds
}

fn bytes(sent: &[Sent]) -> usize {
    sent.iter().map(|sent| sent.bytes).sum()
}

fn formats() -> [PixelFormat; 6] {
    let parse = |bytes| PixelFormat::parse(bytes).unwrap();
    [
        PixelFormat::BGRX,
        PixelFormat::BGR233,
        PixelFormat::COLOUR_MAP,
        // RGB565, big-endian
        parse([16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0]),
        // RGBX, little-endian
        parse([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]),
        // 10 bits a colour
        parse([32, 30, 0, 1, 3, 255, 3, 255, 3, 255, 20, 10, 0, 0, 0, 0]),
    ]
}

#[test]
fn random_pictures_come_back() {
    let mut random = Random(21);
    for round in 0..60 {
        let size = Size::new(1 + random.below(300), 1 + random.below(100));
        // From few colours and long runs to noise.
        let colours = 1 + random.below(1 << (round % 15));
        let run = 1 + random.below(40);
        let mut current = [0; 3];
        let picture = frame(size, |x, y| {
            if x > size.width / 2 && round % 3 == 0 {
                return photo(x, y);
            }
            if random.below(run) == 0 || y % 16 == 0 && random.below(20) == 0 {
                let colour = random.below(colours);
                current = [
                    colour as u8,
                    (colour >> 3) as u8,
                    colour.wrapping_mul(101) as u8,
                ];
            }
            current
        });
        let rect = match round % 2 {
            0 => size.rect(),
            _ => random.rect(size, 90),
        };
        let level = [0, 1, 2, 6, 9][round % 5];
        for format in formats() {
            check(&picture, rect, &format, method(Encoding::TIGHT, level));
            if !format.is_colour_map() {
                check(&picture, rect, &format, method(Encoding::TIGHT_PNG, level));
            }
            check(&picture, rect, &format, with_jpeg(Encoding::TIGHT));
            check(&picture, rect, &format, Encoding::TIGHT_WITHOUT_ZLIB.into());
        }
    }
}

#[test]
fn sizes_at_which_something_is_cut() {
    let picture = frame(Size::new(4200, 150), |x, y| match x {
        ..700 => text(x, y),
        700..1500 => photo(x, y),
        1500..1900 => [9, 9, 9],
        _ => [(x / 50) as u8, (y / 3) as u8, (x % 3) as u8],
    });
    let sizes = [
        (1, 1),
        (1, 130),
        (150, 1),
        (3, 3),
        (2048, 2),
        (2049, 3),
        (2100, 65),
        (63, 64),
        (65, 17),
    ];
    for (width, height) in sizes {
        for (x, y) in [(0, 0), (650, 7), (1480, 11)] {
            let rect = Rect::new(x, y, width, height);
            for encoding in [
                Encoding::TIGHT,
                Encoding::TIGHT_PNG,
                Encoding::TIGHT_WITHOUT_ZLIB,
            ] {
                check(&picture, rect, &PixelFormat::BGRX, encoding.into());
                check(&picture, rect, &PixelFormat::BGRX, with_jpeg(encoding));
            }
        }
    }
}

#[test]
fn many_small_things_come_back() {
    // Pictures in every second cell, and lines between.
    let picture = frame(Size::new(2048, 64), |x, y| match (x / 64 + y / 16) % 2 {
        0 => photo(x, y),
        _ => text(x, y),
    });
    let sent = check(
        &picture,
        picture.size().rect(),
        &PixelFormat::BGRX,
        with_jpeg(Encoding::TIGHT),
    );
    assert!(sent.len() > 50);
}

#[test]
fn what_is_beyond_the_largest_picture_is_left_out() {
    let picture = Frame::solid(Size::new(8, 8), [1, 2, 3, 0]);
    let rect = Rect::new(65_500, 65_530, 100, 50);
    let format = PixelFormat::BGRX;
    let segment = encoding::encode(Encoding::TIGHT.into(), &picture, rect, &format, None);
    assert_eq!(segment.rectangles(), 1);
    let header = [0xff, 0xdc, 0xff, 0xfa, 0, 35, 0, 5, 0, 0, 0, 7];
    assert_eq!(segment.bytes()[..12], header);
    assert_eq!(segment.bytes()[12..], [0x80, 0, 0, 0]);
    for rect in [
        Rect::new(65_535, 0, 9, 9),
        Rect::new(1, 1, 0, 5),
        Rect::new(1, 1, 5, 0),
    ] {
        let segment = encoding::encode(Encoding::TIGHT.into(), &picture, rect, &format, None);
        assert_eq!((segment.rectangles(), segment.bytes().len()), (0, 0));
    }
}

/// The bytes of a rectangle of black and white, without its header.
fn body(size: Size, encoding: Encoding, is_white: impl Fn(u16, u16) -> bool) -> Vec<u8> {
    let picture = frame(size, |x, y| if is_white(x, y) { [255; 3] } else { [0; 3] });
    let rect = size.rect();
    let format = PixelFormat::BGRX;
    let segment = encoding::encode(encoding.into(), &picture, rect, &format, None);
    assert_eq!(segment.rectangles(), 1);
    segment.bytes()[12..].to_vec()
}

#[test]
fn one_colour_is_four_bytes() {
    let picture = Frame::solid(Size::new(1920, 64), [10, 20, 30, 40]);
    for encoding in [Encoding::TIGHT, Encoding::TIGHT_PNG] {
        let rect = Rect::new(0, 0, 1920, 64);
        let format = PixelFormat::BGRX;
        let segment = encoding::encode(encoding.into(), &picture, rect, &format, None);
        assert_eq!(segment.bytes()[..8], [0, 0, 0, 0, 0x07, 0x80, 0, 64]);
        assert_eq!(segment.bytes()[8..12], encoding.0.to_be_bytes());
        assert_eq!(segment.bytes()[12..], [0x80, 30, 20, 10]);
    }
    let format = PixelFormat::BGR233;
    let rect = Rect::new(0, 0, 9, 9);
    let segment = encoding::encode(Encoding::TIGHT.into(), &picture, rect, &format, None);
    assert_eq!(segment.bytes()[12..], [0x80, 0b00_001_001]);
}

#[test]
fn two_colours_are_a_bit_each() {
    // Under 12 bytes are sent as they are.
    let mono = body(Size::new(9, 2), Encoding::TIGHT, |x, y| (x + y) % 2 == 1);
    let head = [0x52, 1, 1, 0, 0, 0, 255, 255, 255];
    let bits = [0b0101_0101, 0, 0b1010_1010, 0b1000_0000];
    assert_eq!(mono, [head.as_slice(), &bits].concat());

    // Twelve are compressed. Eight rows repeat the first four, and 16 in their middle.
    let mono = body(Size::new(8, 12), Encoding::TIGHT, |x, _| x == 7);
    assert_eq!(mono[..9], head);
    assert_eq!(usize::from(mono[9]), mono.len() - 10);
    assert_eq!(mono[10..12], [0x78, 0x01]);
    assert_eq!(mono[mono.len() - 4..], [0, 0, 255, 255]);

    // Without zlib the length is still there.
    let mono = body(Size::new(8, 12), Encoding::TIGHT_WITHOUT_ZLIB, |x, _| {
        x == 7
    });
    let head = [0xe0, 1, 1, 0, 0, 0, 255, 255, 255, 12];
    assert_eq!(mono, [head.as_slice(), &[1; 12]].concat());
    let mono = body(Size::new(8, 11), Encoding::TIGHT_WITHOUT_ZLIB, |x, _| {
        x == 7
    });
    assert_eq!(mono, [&head[..9], &[1; 11]].concat());
}

#[test]
fn a_small_palette_stands_ahead_of_a_number_for_each_pixel() {
    let picture = frame(Size::new(12, 1), |x, _| [x as u8 / 4, 7, 9]);
    let rect = picture.size().rect();
    let format = PixelFormat::BGRX;
    let segment = encoding::encode(Encoding::TIGHT.into(), &picture, rect, &format, None);
    let head = [0x52, 1, 2, 9, 7, 0, 9, 7, 1, 9, 7, 2];
    assert_eq!(segment.bytes()[12..24], head);
    let without = Encoding::TIGHT_WITHOUT_ZLIB.into();
    let segment = encoding::encode(without, &picture, rect, &format, None);
    let numbers = [12, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
    assert_eq!(
        segment.bytes()[12..],
        [&[0xe0], &head[1..], &numbers].concat()
    );
}

#[test]
fn few_pixels_of_many_colours_are_sent_as_they_are() {
    let picture = frame(Size::new(3, 1), |x, _| [x as u8, 1, 2]);
    let rect = picture.size().rect();
    let format = PixelFormat::BGRX;
    let segment = encoding::encode(Encoding::TIGHT.into(), &picture, rect, &format, None);
    assert_eq!(segment.bytes()[12..], [0x12, 2, 1, 0, 2, 1, 1, 2, 1, 2]);
}

#[test]
fn lengths_are_compact() {
    for (length, head) in [
        (0, &[0][..]),
        (127, &[0x7f]),
        (128, &[0x80, 0x01]),
        (10_000, &[0x90, 0x4e]),
        (16_383, &[0xff, 0x7f]),
        (16_384, &[0x80, 0x80, 0x01]),
        (4_194_303, &[0xff, 0xff, 0xff]),
    ] {
        let mut out = Vec::new();
        put_with_length(&vec![5; length], &mut out);
        assert_eq!(out[..head.len()], *head);
        assert_eq!(out.len(), head.len() + length);
    }
}

#[test]
fn jpeg_only_where_it_was_asked_for_and_allowed() {
    let picture = frame(Size::new(640, 64), photo);
    let rect = picture.size().rect();
    let is_jpeg = |format: &PixelFormat, method| {
        kinds(&check(&picture, rect, format, method)).contains(&Kind::Jpeg)
    };
    for encoding in [
        Encoding::TIGHT,
        Encoding::TIGHT_PNG,
        Encoding::TIGHT_WITHOUT_ZLIB,
    ] {
        for format in formats() {
            if encoding == Encoding::TIGHT_PNG && format.is_colour_map() {
                continue;
            }
            assert!(!is_jpeg(&format, encoding.into()));
            let is_allowed = format.bytes_per_pixel() > 1;
            assert_eq!(is_jpeg(&format, with_jpeg(encoding)), is_allowed);
        }
    }
}

#[test]
fn viewers_with_a_small_buffer_get_lower_rectangles() {
    let picture = frame(Size::new(2048, 64), photo);
    let rect = picture.size().rect();
    let rgb565 = formats()[3];
    for (format, method) in [
        (rgb565, with_jpeg(Encoding::TIGHT)),
        (PixelFormat::BGRX, Encoding::TIGHT_WITHOUT_ZLIB.into()),
    ] {
        for sent in check(&picture, rect, &format, method) {
            assert!(sent.rect.area() <= 102_400, "{sent:?}");
        }
    }
}

#[test]
fn text_stays_exact_beside_a_photograph() {
    // The photograph neither begins nor ends with a cell.
    let photo_at = Rect::new(205, 37, 310, 80);
    let picture = frame(Size::new(800, 128), |x, y| {
        let point = Point::new(x, y);
        let beside = Rect::new(195, 31, 330, 92);
        match photo_at.contains_point(point) {
            true => photo(x, y),
            false if beside.contains_point(point) => [255; 3],
            false => text(x, y),
        }
    });
    let rect = picture.size().rect();
    let jpeg = with_jpeg(Encoding::TIGHT);
    let sent = check(&picture, rect, &PixelFormat::BGRX, jpeg);
    let lossy: Vec<Rect> = sent
        .iter()
        .filter(|sent| sent.kind == Kind::Jpeg)
        .map(|sent| sent.rect)
        .collect();
    assert!(
        lossy.iter().all(|rect| photo_at.contains(*rect)),
        "{lossy:?}"
    );
    let area: u32 = lossy.iter().map(|rect| rect.area()).sum();
    assert!(area * 10 > photo_at.area() * 9, "most of it: {area}");
}

#[test]
fn patterns_and_text_are_no_photographs() {
    let mut random = Random(4);
    let dithered = |x: u16, y: u16| [200 + ((x * 5 + y * 3) % 7 / 3) as u8, 210, 220];
    let pictures = [
        frame(Size::new(300, 64), |_, _| [random.below(8) as u8 * 30; 3]),
        frame(Size::new(300, 64), dithered),
        frame(Size::new(300, 64), text),
        frame(Size::new(300, 64), |x, y| match text(x, y) {
            [255, ..] => dithered(x, y),
            ink => ink,
        }),
        // A slow gradient.
        frame(Size::new(300, 64), |x, y| {
            [(x / 20) as u8, (y / 8) as u8, 0]
        }),
    ];
    for picture in pictures {
        let rect = picture.size().rect();
        let sent = check(
            &picture,
            rect,
            &PixelFormat::BGRX,
            with_jpeg(Encoding::TIGHT),
        );
        assert_eq!(kinds(&sent), [Kind::Indexed]);
    }
}

#[test]
fn photographs_without_loss_are_halved() {
    let picture = frame(Size::new(640, 64), photo);
    let rect = picture.size().rect();
    for level in [1, 2, 9] {
        let tight = method(Encoding::TIGHT, level);
        let sent = check(&picture, rect, &PixelFormat::BGRX, tight);
        assert_eq!(kinds(&sent), [Kind::Gradient]);
        assert!(bytes(&sent) < rect.area() as usize * 3 / 2);
    }
}

#[test]
fn noise_does_not_grow() {
    let mut random = Random(8);
    let picture = frame(Size::new(700, 64), |_, _| {
        let [blue, green, red, ..] = random.next().to_le_bytes();
        [blue, green, red]
    });
    let rect = picture.size().rect();
    for level in [0, 1, 2, 6] {
        let tight = method(Encoding::TIGHT, level);
        let sent = check(&picture, rect, &PixelFormat::BGRX, tight);
        let most = rect.area() as usize * 3;
        assert!(bytes(&sent) <= most + most / 1000 + 100);
    }
}

#[test]
fn plain_areas_are_cut_out() {
    let picture = frame(Size::new(1920, 64), |x, y| match (x, y) {
        (300..500, 20..40) => text(x, y),
        _ => [240; 3],
    });
    let sent = check(
        &picture,
        picture.size().rect(),
        &PixelFormat::BGRX,
        Encoding::TIGHT.into(),
    );
    let filled: u32 = sent
        .iter()
        .filter(|sent| sent.kind == Kind::Fill)
        .map(|sent| sent.rect.area())
        .sum();
    assert!(filled > 1920 * 64 - 256 * 24, "{sent:?}");
    assert!(bytes(&sent) < 700);
}

#[test]
fn what_repeats_below_is_found() {
    // Lines of the same letters on stripes, with much room between their beginnings and
    // ends.
    let size = Size::new(1200, 512);
    let mut random = Random(6);
    let letters: Vec<u8> = (0..100 * 50).map(|_| random.below(3) as u8 * 90).collect();
    let list = frame(size, |x, y| match x {
        100..1100 => [230 + (y / 25 % 2) as u8 * 20; 3],
        _ => [letters[usize::from(y % 50 * 100 + x % 100)]; 3],
    });
    let encode = |rect| check(&list, rect, &PixelFormat::BGRX, Encoding::TIGHT.into());
    let sent = encode(size.rect());
    let high = |kind| sent.iter().find(|sent| sent.kind == kind).unwrap();
    assert!(high(Kind::Indexed).rect.height > 400 && high(Kind::Indexed).rect.width <= 128);
    assert!(high(Kind::Mono).rect.height > 400 && high(Kind::Mono).rect.width > 900);
    let slices = (0..size.height).step_by(64);
    let slices = slices.map(|y| bytes(&encode(Rect::new(0, y, size.width, 64))));
    let (whole, slices): (_, usize) = (bytes(&sent), slices.sum());
    assert!(whole * 3 < slices, "{whole}, {slices}");
}

#[test]
fn a_rectangle_is_the_same_bytes_whatever_came_before() {
    let picture = frame(Size::new(900, 64), |x, y| match x {
        ..500 => text(x, y),
        _ => photo(x, y),
    });
    let made = |level| {
        let rect = picture.size().rect();
        let tight = method(Encoding::TIGHT, level);
        encoding::encode(tight, &picture, rect, &PixelFormat::BGRX, None)
    };
    let first = made(2);
    made(9);
    assert_eq!(first.bytes(), made(2).bytes());
}

#[test]
fn streams_take_turns() {
    let picture = frame(Size::new(64, 256), photo);
    let rect = picture.size().rect();
    let sent = check(&picture, rect, &PixelFormat::BGRX, Encoding::TIGHT.into());
    let mut streams: Vec<u8> = sent.iter().map(|sent| sent.control >> 4 & 3).collect();
    streams.sort_unstable();
    streams.dedup();
    assert!(streams.len() > 1, "{sent:?}");
}

#[test]
fn grey_is_a_kind_of_jpeg() {
    let picture = frame(Size::new(128, 64), |x, y| [photo(x, y)[0]; 3]);
    let grey = Method {
        jpeg: Some(Jpeg {
            quality: 80,
            subsampling: Subsampling::Grey,
        }),
        ..Encoding::TIGHT.into()
    };
    let sent = check(&picture, picture.size().rect(), &PixelFormat::BGRX, grey);
    assert_eq!(kinds(&sent), [Kind::Jpeg]);
}

#[test]
fn old_browsers_and_fast_networks_get_a_variant() {
    let tight = Encoding::TIGHT;
    let (png, leds) = (Encoding::TIGHT_PNG, Encoding::QEMU_LED_STATE);
    let without = Encoding::TIGHT_WITHOUT_ZLIB;
    let level = |level| Encoding(-256 + level);
    assert_eq!(variant(&[tight, level(2)]), tight);
    assert_eq!(variant(&[tight, png, level(0)]), png);
    assert_eq!(variant(&[tight, png, level(2), leds]), tight);
    assert_eq!(variant(&[tight, without]), tight);
    assert_eq!(variant(&[tight, without, level(1)]), tight);
    assert_eq!(variant(&[tight, without, level(0)]), without);
}

#[test]
fn a_palette_has_up_to_256_colours() {
    for (colours, kind) in [
        (2, Kind::Mono),
        (3, Kind::Indexed),
        (256, Kind::Indexed),
        (257, Kind::Full),
    ] {
        // Squares of 4 × 4, and one pixel more.
        let picture = frame(Size::new(64, 64), |x, y| match (x, y) {
            (63, 63) => [(colours - 1) as u8, 1 + (colours / 257) as u8, 0],
            _ => [((y / 4 * 16 + x / 4) % colours.min(256)) as u8, 1, 0],
        });
        let rect = picture.size().rect();
        let sent = check(&picture, rect, &PixelFormat::BGRX, Encoding::TIGHT.into());
        assert_eq!(kinds(&sent), [kind], "{colours}");
    }
}

#[test]
fn no_file_has_numbers_of_a_colour_map() {
    let picture = frame(Size::new(64, 64), photo);
    let rect = picture.size().rect();
    let made = |encoding: Encoding| {
        encoding::encode(
            encoding.into(),
            &picture,
            rect,
            &PixelFormat::COLOUR_MAP,
            None,
        )
    };
    assert_eq!(
        made(Encoding::TIGHT_PNG).bytes(),
        made(Encoding::RAW).bytes()
    );
}
