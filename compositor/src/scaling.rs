//! Pictures made larger or smaller.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// A picture of `from` pixels, width and height, scaled so that it covers one of `to`: what of it
/// does not fit is left out on both sides. None if it has no pixels, or not as many as it says.
pub(crate) fn cover(
    picture: &[u8],
    kind: PixelType,
    from: (usize, usize),
    to: (usize, usize),
) -> Option<Vec<u8>> {
    let side = |side: usize| u32::try_from(side).ok().filter(|side| *side > 0);
    let from = ImageRef::new(side(from.0)?, side(from.1)?, picture, kind).ok()?;
    let mut scaled = Image::new(side(to.0)?, side(to.1)?, kind);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .fit_into_destination(None)
        // It is multiplied in already, or there is none.
        .use_alpha(false);
    Resizer::new().resize(&from, &mut scaled, &options).ok()?;
    Some(scaled.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of grey pixels.
    fn grey(picture: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
        cover(picture, PixelType::U8, from, to).unwrap()
    }

    #[test]
    fn in_its_own_size_a_picture_stays_as_it_is() {
        let noise: Vec<u8> = (0..35).map(|it: u32| (it * 91) as u8).collect();
        assert_eq!(grey(&noise, (7, 5), (7, 5)), noise);
    }

    #[test]
    fn what_does_not_fit_is_cut_on_both_sides() {
        // A wide one on a high screen, and the reverse: only the middle third is to be seen.
        let middle = |at: usize| if (30..60).contains(&at) { 200 } else { 10 };
        let wide: Vec<u8> = (0..90 * 30).map(|at| middle(at % 90)).collect();
        assert_eq!(grey(&wide, (90, 30), (30, 30)), [200; 900]);
        let high: Vec<u8> = (0..30 * 90).map(|at| middle(at / 30)).collect();
        assert_eq!(grey(&high, (30, 90), (30, 30)), [200; 900]);
    }

    #[test]
    fn a_picture_that_shrinks_is_mixed_from_all_its_pixels() {
        let stripes: Vec<u8> = (0..64 * 64).map(|at| [200, 100][at % 2]).collect();
        let small = grey(&stripes, (64, 64), (8, 8));
        assert!(small.iter().all(|it| it.abs_diff(150) <= 4), "{small:?}");
    }

    #[test]
    fn a_picture_that_grows_is_smooth_and_keeps_its_edges() {
        let row = grey(&[0, 200], (2, 1), (8, 4));
        assert_eq!(row[..8], [0, 0, 25, 75, 125, 175, 200, 200]);
    }

    #[test]
    fn there_is_a_picture_where_there_are_pixels() {
        for (from, to) in [((0, 2), (2, 2)), ((2, 2), (2, 0)), ((3, 2), (2, 2))] {
            assert_eq!(cover(&[0; 4], PixelType::U8, from, to), None);
        }
    }
}
