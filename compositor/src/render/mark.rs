//! The sign that somebody watches: a red dot.

use super::Picture;

/// Its width and height, in logical units.
pub(super) const SIDE: i32 = 12;
/// How far it is from the edges, in logical units.
pub(super) const MARGIN: i32 = 8;
/// How far its edge fades, in logical units.
const EDGE: f64 = 2.0;
/// Red, green and blue.
const COLOUR: [f64; 3] = [220.0, 40.0, 40.0];

/// Draws it for a screen of this scale.
pub(crate) fn picture(scale: f64) -> Picture {
    let side = (f64::from(SIDE) * scale).round() as i32;
    let middle = f64::from(side) / 2.0;
    let mut pixels = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let centre = |at: i32| f64::from(at) + 0.5 - middle;
            let inside = middle - centre(x).hypot(centre(y));
            let alpha = (inside / (EDGE * scale)).clamp(0.0, 1.0);
            // Multiplied by alpha, as renderers want it.
            pixels.extend(COLOUR.map(|part| (part * alpha).round() as u8));
            pixels.push((255.0 * alpha).round() as u8);
        }
    }
    Picture::new(&pixels, side, side)
}
