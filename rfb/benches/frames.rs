//! The costs of a frame of 1920 × 1080: finding what changed and what moved, and each encoding of
//! all of it.
//!
//! `cargo bench -p offing-rfb` prints the time for each, and before that the bytes of each
//! encoding. Pictures are made by the tests' support library.

use criterion::{Criterion, criterion_group, criterion_main};
use offing_tests::picture::Picture;
use offing_tests::scene::Scene;
use rfb::encoding::{Jpeg, Method, encode};
use rfb::{Diff, Encoding, Frame, PixelFormat, Rect, Region, Size, find_moves};

const SIZE: Size = Size::new(1920, 1080);

/// The encodings, with the levels of those that compress, and Tight with JPEG.
fn methods() -> Vec<(String, Method)> {
    let mut methods = Vec::new();
    for encoding in Encoding::PIXELS.iter().copied() {
        let levels: &[u8] = match encoding {
            Encoding::TIGHT | Encoding::ZLIB | Encoding::ZRLE => &[1, 2, 3, 6],
            Encoding::TIGHT_PNG => &[Method::USUAL_LEVEL],
            _ => &[0],
        };
        for level in levels.iter().copied() {
            let name = match level {
                0 => encoding.to_string(),
                _ => format!("{encoding}-{level}"),
            };
            methods.push((
                name,
                Method {
                    level,
                    ..encoding.into()
                },
            ));
        }
    }
    let lossy = Method {
        jpeg: Some(Jpeg::USUAL),
        ..Encoding::TIGHT.into()
    };
    methods.push(("tight-jpeg".to_owned(), lossy));
    methods
}

/// A picture's pixels: blue, green, red and an unused byte.
fn bgrx(picture: &Picture) -> Vec<u8> {
    let (pixels, _) = picture.rgb.as_chunks::<3>();
    let pixels = pixels
        .iter()
        .map(|[red, green, blue]| [*blue, *green, *red, 0]);
    pixels.flatten().collect()
}

/// Makes the next frame of `diff`; returns the pixels that changed.
fn update(diff: &mut Diff, pixels: &[u8], damage: &[Rect]) -> u64 {
    let row = |y: u16| &pixels[usize::from(y) * 7680..][..7680];
    diff.update(SIZE, row, damage)
        .map_or(0, |(_, region)| region.area())
}

fn frame(scene: Scene) -> Frame {
    let mut diff = Diff::new();
    let pixels = bgrx(&scene.picture(SIZE.width.into(), SIZE.height.into(), 0));
    update(&mut diff, &pixels, &[]);
    diff.frame().cloned().expect("a frame")
}

/// The pieces in which sessions have a frame encoded.
fn pieces(method: Method) -> impl Iterator<Item = Rect> {
    let height = method.piece_height();
    (0..SIZE.height)
        .step_by(height.into())
        .map(move |top| Rect::new(0, top, SIZE.width, height.min(SIZE.height - top)))
}

/// Encodes all of a frame; returns the bytes.
fn encode_all(method: Method, frame: &Frame, format: &PixelFormat) -> usize {
    let lengths =
        pieces(method).map(|piece| encode(method, frame, piece, format, None).bytes().len());
    lengths.sum()
}

fn encodings(criterion: &mut Criterion) {
    println!("{:12} {:10} {:>12}", "encoding", "content", "bytes");
    for scene in Scene::ALL {
        let frame = frame(scene);
        for (name, method) in methods() {
            let bytes = encode_all(method, &frame, &PixelFormat::BGRX);
            println!("{name:12} {:10} {bytes:12}", scene.name());
            criterion.bench_function(&format!("{name}/{}", scene.name()), |bencher| {
                bencher.iter(|| encode_all(method, &frame, &PixelFormat::BGRX));
            });
        }
    }
}

fn diffs(criterion: &mut Criterion) {
    let scroll =
        [0, 1].map(|step| bgrx(&Scene::Text.picture(SIZE.width.into(), SIZE.height.into(), step)));
    let mut dotted = scroll[0].clone();
    for cell in dotted.chunks_mut(64 * 7680) {
        cell[30 * 7680..]
            .iter_mut()
            .step_by(512)
            .for_each(|byte| *byte ^= 1);
    }
    let all = [SIZE.rect()];
    for (name, other) in [
        ("unchanged", &scroll[0]),
        ("dots", &dotted),
        ("scrolled", &scroll[1]),
    ] {
        let mut diff = Diff::new();
        update(&mut diff, &scroll[0], &all);
        let mut pictures = [other, &scroll[0]].into_iter().cycle();
        criterion.bench_function(&format!("diff/{name}"), |bencher| {
            bencher.iter(|| {
                pictures
                    .next()
                    .map(|pixels| update(&mut diff, pixels, &all))
            });
        });
    }
}

fn moves(criterion: &mut Criterion) {
    let frames = |scene: Scene, steps: [usize; 2]| {
        steps.map(|step| {
            let picture = scene.picture(SIZE.width.into(), SIZE.height.into(), step);
            Frame::from_pixels(SIZE, &bgrx(&picture))
        })
    };
    for (name, [last, next]) in [
        ("scrolled", frames(Scene::Text, [0, 1])),
        ("new text", frames(Scene::Text, [0, 51])),
        ("new colour", frames(Scene::Solid, [0, 1])),
    ] {
        criterion.bench_function(&format!("moves/{name}"), |bencher| {
            bencher.iter(|| {
                let mut changed = Region::from(SIZE.rect());
                find_moves(&last, &next, &mut changed, &[])
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = diffs, moves, encodings
}
criterion_main!(benches);
