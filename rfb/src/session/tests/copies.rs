//! Moves that viewers make themselves.

use super::robustness::Random;
use super::*;

/// A picture of one byte for each pixel, with the frame of it.
#[derive(Clone)]
struct Canvas {
    pixels: Vec<u8>,
}

/// What a viewer sees.
struct Screen {
    pixels: Vec<[u8; 4]>,
    copies: usize,
}

fn places(rect: Rect) -> impl Iterator<Item = usize> {
    let rows = usize::from(rect.y)..rect.bottom() as usize;
    let columns = usize::from(rect.x)..rect.right() as usize;
    rows.flat_map(move |y| columns.clone().map(move |x| y * 200 + x))
}

impl Canvas {
    /// Every pixel differs from those around it.
    fn new() -> Self {
        let pixels = (0..SIZE.area()).map(|at| (at * 7 + at / 200 * 3) as u8);
        Self {
            pixels: pixels.collect(),
        }
    }

    fn fill(&mut self, rect: Rect, colour: u8) {
        for place in places(rect) {
            self.pixels[place] = colour;
        }
    }

    /// Moves pixels, which are those of `before`.
    fn apply(&mut self, copy: Move, before: &Self) {
        for (to, from) in places(copy.destination()).zip(places(copy.from)) {
            self.pixels[to] = before.pixels[from];
        }
    }

    fn frame(&self) -> Frame {
        let pixels = self.pixels.iter().flat_map(|colour| [*colour, 1, 2, 0]);
        Frame::from_pixels(SIZE, &pixels.collect::<Vec<u8>>())
    }
}

impl Screen {
    fn new() -> Self {
        Self {
            pixels: vec![[9; 4]; SIZE.area() as usize],
            copies: 0,
        }
    }

    fn take(&mut self, update: &[Rectangle]) {
        for rectangle in update {
            match Encoding(rectangle.encoding) {
                Encoding::RAW => {
                    let (pixels, _) = rectangle.data.as_chunks();
                    for (place, pixel) in places(rectangle.rect).zip(pixels) {
                        self.pixels[place] = *pixel;
                    }
                }
                Encoding::COPY_RECT => {
                    let mut from = Reader::new(&rectangle.data);
                    let (x, y) = (from.u16().unwrap(), from.u16().unwrap());
                    let Rect { width, height, .. } = rectangle.rect;
                    let from = Rect::new(x, y, width, height);
                    assert!(ALL.contains(from) && ALL.contains(rectangle.rect));
                    let before = self.pixels.clone();
                    for (to, from) in places(rectangle.rect).zip(places(from)) {
                        self.pixels[to] = before[from];
                    }
                    self.copies += 1;
                }
                other => panic!("{other}"),
            }
        }
    }

    /// Whether it shows the canvas, with a cursor of one pixel.
    fn shows(&self, canvas: &Canvas, cursor: Option<Point>) -> bool {
        let cursor = cursor.map(|at| usize::from(at.y) * 200 + usize::from(at.x));
        let pixels = self.pixels.iter().zip(&canvas.pixels).enumerate();
        pixels
            .into_iter()
            .all(|(place, (found, colour))| match cursor {
                Some(at) if at == place => *found == [255, 255, 255, 0],
                _ => *found == [*colour, 1, 2, 0],
            })
    }
}

fn watching(encodings: &[Encoding]) -> (Peer, Canvas, Screen) {
    let canvas = Canvas::new();
    let mut peer = Peer::ready();
    peer.send(&set_encodings(encodings));
    peer.session.show(&canvas.frame(), &Region::new(), &[]);
    let mut screen = Screen::new();
    screen.take(&peer.next().unwrap());
    assert!(screen.shows(&canvas, None));
    (peer, canvas, screen)
}

fn copy(from: Rect, x: u16, y: u16) -> Move {
    let to = Point::new(x, y);
    Move { from, to }
}

/// Shows the canvas after this move.
fn make(peer: &mut Peer, canvas: &mut Canvas, copy: Move) {
    let before = canvas.clone();
    canvas.apply(copy, &before);
    peer.session.show(&canvas.frame(), &Region::new(), &[copy]);
}

#[test]
fn a_move_is_a_copy() {
    let (mut peer, mut canvas, mut screen) = watching(&[Encoding::COPY_RECT]);
    make(
        &mut peer,
        &mut canvas,
        copy(Rect::new(10, 10, 100, 50), 20, 15),
    );
    let update = peer.next().unwrap();
    assert_eq!(rects(&update), [Rect::new(20, 15, 100, 50)]);
    assert_eq!(
        (update[0].encoding, &*update[0].data),
        (1, &[0, 10, 0, 10][..])
    );
    screen.take(&update);
    assert!(screen.shows(&canvas, None));
    assert_eq!(peer.next(), None);
}

#[test]
fn viewers_that_know_no_copies_get_pixels() {
    let (mut peer, mut canvas, mut screen) = watching(&[]);
    make(
        &mut peer,
        &mut canvas,
        copy(Rect::new(10, 10, 100, 50), 20, 15),
    );
    screen.take(&peer.next().unwrap());
    assert!(screen.shows(&canvas, None));
    assert_eq!(screen.copies, 0);
}

#[test]
fn what_the_viewer_does_not_have_cannot_be_copied() {
    let (mut peer, mut canvas, mut screen) = watching(&[Encoding::COPY_RECT]);
    let changed = Rect::new(50, 20, 10, 10);
    canvas.fill(changed, 77);
    peer.session.show(&canvas.frame(), &changed.into(), &[]);
    make(
        &mut peer,
        &mut canvas,
        copy(Rect::new(0, 0, 60, 30), 100, 50),
    );
    screen.take(&peer.next().unwrap());
    assert!(screen.shows(&canvas, None));
    assert_eq!(screen.copies, 0);
}

#[test]
fn a_viewer_that_asks_for_everything_gets_pixels() {
    let (mut peer, mut canvas, mut screen) = watching(&[Encoding::COPY_RECT]);
    make(
        &mut peer,
        &mut canvas,
        copy(Rect::new(0, 0, 60, 30), 100, 50),
    );
    peer.send(&request(false, ALL));
    screen.take(&peer.update().unwrap());
    assert!(screen.shows(&canvas, None));
    assert_eq!(screen.copies, 0);
}

#[test]
fn copies_go_where_updates_were_asked_for() {
    let (mut peer, mut canvas, mut screen) = watching(&[Encoding::COPY_RECT]);
    make(
        &mut peer,
        &mut canvas,
        copy(Rect::new(0, 0, 60, 30), 100, 50),
    );
    peer.send(&request(true, Rect::new(0, 0, 120, 100)));
    screen.take(&peer.update().unwrap());
    screen.take(&peer.next().unwrap());
    assert!(screen.shows(&canvas, None));
    assert_eq!(screen.copies, 0);
}

/// Moves, changes, requests of parts, dropped updates, changes of pixels and a drawn cursor,
/// in any order: what the viewer sees in the end is right.
#[test]
fn whatever_happens_between_the_picture_is_right() {
    let mut copies = 0;
    for seed in 1..25 {
        let mut random = Random(seed);
        let (mut peer, mut canvas, mut screen) = watching(&[Encoding::COPY_RECT]);
        let mut planned = None;
        let mut cursor = None;
        for step in 0..80 {
            match random.below(12) {
                0..=3 => {
                    let from = random.inside(ALL);
                    let (x, y) = (
                        random.below(u64::from(201 - from.width)) as u16,
                        random.below(u64::from(101 - from.height)) as u16,
                    );
                    let mut moves = vec![copy(from, x, y)];
                    if random.below(2) == 0 {
                        let from = random.inside(moves[0].destination());
                        moves.push(copy(from, 200 - from.width, 100 - from.height));
                    }
                    // All of a frame speak of the frame before.
                    let before = canvas.clone();
                    for copy in &moves {
                        canvas.apply(*copy, &before);
                    }
                    let changed = random.inside(ALL);
                    let damage = match random.below(2) {
                        0 => Region::new(),
                        _ => {
                            canvas.fill(changed, step);
                            changed.into()
                        }
                    };
                    peer.session.show(&canvas.frame(), &damage, &moves);
                }
                4 => {
                    let changed = random.inside(ALL);
                    canvas.fill(changed, step);
                    peer.session.show(&canvas.frame(), &changed.into(), &[]);
                }
                5 => peer.send(&request(true, random.inside(ALL))),
                6 => peer.send(&request(false, random.inside(ALL))),
                7 => {
                    let dot = Arc::new(Cursor {
                        size: Size::new(1, 1),
                        hotspot: Point::default(),
                        pixels: vec![255; 4],
                    });
                    let at = random.inside(ALL).origin();
                    peer.session.set_cursor(Some(dot));
                    peer.session.set_pointer(at, Mover::OtherViewer);
                    cursor = Some(at);
                }
                8 if planned.is_none() => planned = peer.session.plan_update(peer.now),
                9 => {
                    if let Some(plan) = planned.take() {
                        let mut segments = run(&plan);
                        if random.below(3) == 0 {
                            segments.push(Segment::new(vec![0], 1, Region::new()));
                        }
                        peer.session.finish_update(plan, segments);
                        peer.read();
                        let said = peer.said();
                        if !said.is_empty() {
                            let update = read_update(&mut Reader::new(&said), PixelFormat::BGRX);
                            screen.take(&update);
                        }
                    }
                }
                _ if planned.is_none() => {
                    peer.send(&request(true, ALL));
                    if let Some(update) = peer.update() {
                        screen.take(&update);
                    }
                }
                _ => {}
            }
        }
        if let Some(plan) = planned {
            // Nothing comes of it.
            peer.session.finish_update(plan, Vec::new());
            let said = peer.said();
            assert!(said.is_empty() || peer.session.has_output());
        }
        peer.read();
        let said = peer.said();
        if !said.is_empty() {
            screen.take(&read_update(&mut Reader::new(&said), PixelFormat::BGRX));
        }
        while let Some(update) = peer.next() {
            screen.take(&update);
        }
        assert!(screen.shows(&canvas, cursor), "seed {seed}");
        copies += screen.copies;
    }
    assert!(copies > 50, "{copies} copies");
}
