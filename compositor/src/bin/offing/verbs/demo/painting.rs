//! The picture that the demo shows: a gradient, eight colour bars and a frame.

/// Width of the frame in pixels.
const FRAME: u32 = 4;

/// Red, green and blue of the bars, from the left.
const BARS: [[u8; 3]; 8] = [
    [255, 255, 255],
    [255, 255, 0],
    [0, 255, 255],
    [0, 255, 0],
    [255, 0, 255],
    [255, 0, 0],
    [0, 0, 255],
    [0, 0, 0],
];

/// Paints the picture: rows from the top, four bytes a pixel in the order of
/// wl_shm's xrgb8888: blue, green, red, nothing.
pub(super) fn paint(width: u32, height: u32) -> Vec<u8> {
    let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    rows.flat_map(|(x, y)| {
        let [red, green, blue] = colour(x, y, width, height);
        [blue, green, red, 0]
    })
    .collect()
}

fn colour(x: u32, y: u32, width: u32, height: u32) -> [u8; 3] {
    let edge = x.min(y).min(width - 1 - x).min(height - 1 - y);
    if edge < FRAME {
        return [255, 140, 0];
    }
    // 0 to 255 over the length: never more, for `at` is below `length`.
    let part = |at: u32, length: u32| (at * 256 / length).min(255) as u8;
    let (bars_top, bars_bottom) = (height / 3, height * 2 / 3);
    if (bars_top..bars_bottom).contains(&y) {
        let bar = usize::from(part(x, width)) * BARS.len() / 256;
        return BARS.get(bar).copied().unwrap_or_default();
    }
    [part(x, width), 64, part(y, height)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(picture: &[u8], width: usize, x: usize, y: usize) -> [u8; 4] {
        *picture[(y * width + x) * 4..].first_chunk().unwrap()
    }

    #[test]
    fn frame_bars_and_gradient_are_where_they_belong() {
        let (width, height) = (800, 600);
        let picture = paint(800, 600);
        assert_eq!(picture.len(), width * height * 4);
        let at = |x, y| pixel(&picture, width, x, y);
        for (x, y) in [(0, 0), (799, 0), (0, 599), (799, 599), (400, 3), (796, 300)] {
            assert_eq!(at(x, y), [0, 140, 255, 0], "{x},{y}");
        }
        for (bar, [red, green, blue]) in BARS.into_iter().enumerate() {
            assert_eq!(at(bar * 100 + 50, 300), [blue, green, red, 0], "bar {bar}");
        }
        assert_eq!(at(400, 60), [25, 64, 128, 0]);
    }

    #[test]
    fn any_size_can_be_painted() {
        for (width, height) in [(1, 1), (7, 2), (9, 9), (64, 900), (900, 64)] {
            assert_eq!(paint(width, height).len(), (width * height * 4) as usize);
        }
        assert!(paint(0, 5).is_empty());
    }
}
