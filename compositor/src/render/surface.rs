//! A client's surface in a frame.

use smithay::backend::renderer::RendererSuper;
use smithay::backend::renderer::element::surface::WaylandSurfaceRenderElement;
use smithay::backend::renderer::element::{Element, Id, Kind, RenderElement, UnderlyingStorage};
use smithay::backend::renderer::pixman::PixmanRenderer;
use smithay::backend::renderer::utils::{CommitCounter, DamageSet, OpaqueRegions};
use smithay::utils::{Buffer, Physical, Point, Rectangle, Scale, Transform};
use tracing::debug;

/// The most pixels at an edge that are drawn on their own: those of a surface that is stretched 129
/// times. So their places are in pixman's reach, which is 32768.
const MAX_EDGE: i32 = 64;
/// Between two pixels of a buffer pixman tells so many places apart.
const PLACES: i32 = 128;

type Inner = WaylandSurfaceRenderElement<PixmanRenderer>;

/// A surface that cannot spoil a frame: where pixman cannot draw it, as its client asks for a
/// scale that is out of pixman's reach or its memory is gone, the rest is drawn without it.
pub(crate) struct SurfaceElement(Inner);

impl From<Inner> for SurfaceElement {
    fn from(surface: Inner) -> Self {
        Self(surface)
    }
}

impl Element for SurfaceElement {
    fn id(&self) -> &Id {
        self.0.id()
    }

    fn current_commit(&self) -> CommitCounter {
        self.0.current_commit()
    }

    fn location(&self, scale: Scale<f64>) -> Point<i32, Physical> {
        self.0.location(scale)
    }

    fn src(&self) -> Rectangle<f64, Buffer> {
        self.0.src()
    }

    fn transform(&self) -> Transform {
        self.0.transform()
    }

    fn geometry(&self, scale: Scale<f64>) -> Rectangle<i32, Physical> {
        self.0.geometry(scale)
    }

    fn damage_since(
        &self,
        scale: Scale<f64>,
        commit: Option<CommitCounter>,
    ) -> DamageSet<i32, Physical> {
        self.0.damage_since(scale, commit)
    }

    /// What is below is drawn too where it is not sure that the surface can be.
    fn opaque_regions(&self, scale: Scale<f64>) -> OpaqueRegions<i32, Physical> {
        let (source, drawn) = (self.src().size, self.geometry(scale).size);
        if (source.w, source.h) == (drawn.w.into(), drawn.h.into()) {
            self.0.opaque_regions(scale)
        } else {
            OpaqueRegions::default()
        }
    }

    fn alpha(&self) -> f32 {
        self.0.alpha()
    }

    fn kind(&self) -> Kind {
        self.0.kind()
    }
}

impl RenderElement<PixmanRenderer> for SurfaceElement {
    fn draw(
        &self,
        frame: &mut <PixmanRenderer as RendererSuper>::Frame<'_, '_>,
        src: Rectangle<f64, Buffer>,
        dst: Rectangle<i32, Physical>,
        damage: &[Rectangle<i32, Physical>],
        opaque_regions: &[Rectangle<i32, Physical>],
    ) -> Result<(), <PixmanRenderer as RendererSuper>::Error> {
        let drawn = match self.transform() {
            Transform::Normal => pieces(src.to_i32_up(), dst).try_for_each(|piece| {
                let shown = Rectangle::new(piece.shown.loc - piece.dst.loc, piece.shown.size);
                let offset = dst.loc - piece.dst.loc;
                let damage = damage.iter().filter_map(|rect| {
                    Rectangle::new(rect.loc + offset, rect.size).intersection(shown)
                });
                let damage: Vec<_> = damage.collect();
                if damage.is_empty() {
                    return Ok(());
                }
                self.0
                    .draw(frame, piece.src.to_f64(), piece.dst, &damage, &[])
            }),
            _ => self.0.draw(frame, src, dst, damage, opaque_regions),
        };
        if let Err(error) = drawn {
            debug!("a surface is not drawn: {error}");
        }
        Ok(())
    }

    fn underlying_storage(&self, renderer: &mut PixmanRenderer) -> Option<UnderlyingStorage<'_>> {
        self.0.underlying_storage(renderer)
    }
}

/// A part of a surface that is drawn on its own.
struct Piece {
    src: Rectangle<i32, Buffer>,
    /// Where `src` comes to be.
    dst: Rectangle<i32, Physical>,
    /// What is drawn of it.
    shown: Rectangle<i32, Physical>,
}

/// The pieces in which a surface is drawn. Where it is stretched pixman mixes the pixels at its
/// edges with what is beyond, which is nothing: they would be dark, or translucent. So these are
/// drawn from the outermost pixels of the buffer alone.
fn pieces(
    src: Rectangle<i32, Buffer>,
    dst: Rectangle<i32, Physical>,
) -> impl Iterator<Item = Piece> {
    let columns = spans(src.loc.x, src.size.w, dst.loc.x, dst.size.w);
    let rows = spans(src.loc.y, src.size.h, dst.loc.y, dst.size.h);
    rows.into_iter().flat_map(move |row| {
        let piece = move |column: Span| {
            let pair = |of: fn(&Span) -> i32| (of(&column), of(&row));
            Piece {
                src: Rectangle::new(pair(|it| it.from).into(), pair(|it| it.length).into()),
                dst: Rectangle::new(pair(|it| it.at).into(), pair(|it| it.size).into()),
                shown: Rectangle::new(
                    pair(|it| it.shown_at).into(),
                    pair(|it| it.shown_size).into(),
                ),
            }
        };
        columns.map(piece)
    })
}

/// A piece in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: i32,
    length: i32,
    at: i32,
    size: i32,
    shown_at: i32,
    shown_size: i32,
}

/// The edge at the start, what is between, and the edge at the end; edges may be empty.
fn spans(from: i32, length: i32, at: i32, size: i32) -> [Span; 3] {
    // Those whose middle is less than half a pixel of the buffer from its edge.
    let edge = match i64::from(length) {
        length @ 1.. => (i64::from(size) + length - 1) / (2 * length),
        _ => 0,
    };
    let edge = (edge as i32).clamp(0, MAX_EDGE.min(size / 2));
    // So small a part of the middle of one pixel that its neighbours do not count.
    let stretched = 2 * PLACES * (edge.max(1) as u32).next_power_of_two() as i32;
    let outermost = |from: i32, shown_at: i32| Span {
        from,
        length: 1,
        at: shown_at.saturating_sub(stretched / 2),
        size: stretched,
        shown_at,
        shown_size: edge,
    };
    let between = Span {
        from,
        length,
        at,
        size,
        shown_at: at.saturating_add(edge),
        shown_size: size - 2 * edge,
    };
    [
        outermost(from, at),
        between,
        outermost(
            from.saturating_add(length - 1),
            at.saturating_add(size - edge),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places in the buffer of all pixels, in order, and how far they reach to neighbours.
    fn places(from: i32, length: i32, at: i32, size: i32) -> Vec<f64> {
        let spans = spans(from, length, at, size);
        let shown = spans.iter().flat_map(|span| {
            let middle = move |pixel: i32| {
                let part = (f64::from(pixel - span.at) + 0.5) / f64::from(span.size);
                f64::from(span.from) + part * f64::from(span.length)
            };
            (span.shown_at..span.shown_at + span.shown_size).map(middle)
        });
        shown.collect()
    }

    #[test]
    fn no_pixel_reaches_beyond_a_buffer_that_is_stretched() {
        for (length, size) in [
            (100, 150),
            (80, 120),
            (7, 8),
            (10, 25),
            (3, 9),
            (2, 100),
            (1, 120),
            (1, 2),
        ] {
            let places = places(5, length, -20, size);
            assert_eq!(places.len(), size as usize, "{length} to {size}");
            for place in places {
                let (first, last) = (5.5, 4.5 + f64::from(length));
                let near = 1.0 / f64::from(PLACES);
                assert!(
                    (first..last + near).contains(&place),
                    "{length} to {size}: {place}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_stretched_has_no_edges() {
        for (length, size) in [(100, 100), (200, 150), (2, 1), (1, 1), (0, 0), (0, 5)] {
            let [start, between, end] = spans(3, length, 4, size);
            assert_eq!(
                (start.shown_size, end.shown_size),
                (0, 0),
                "{length} to {size}"
            );
            assert_eq!((between.shown_at, between.shown_size), (4, size));
        }
    }

    #[test]
    fn pieces_are_in_pixmans_reach() {
        // Beside the largest screen, on it, and half beyond it.
        for at in [-16384, 0, 16383] {
            for span in spans(0, 1, at, 16384) {
                assert!(i16::try_from(span.at).is_ok(), "{span:?}");
            }
        }
    }
}
