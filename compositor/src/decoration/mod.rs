//! What we draw around a window whose client does not: a title bar with buttons, and thin edges,
//! by which the pointer also takes hold of it from a little outside.

mod paint;
mod press;

use smithay::backend::renderer::element::solid::SolidColorRenderElement;
use smithay::backend::renderer::element::{Id, Kind};
use smithay::backend::renderer::utils::CommitCounter;
use smithay::input::pointer::CursorIcon;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::ResizeEdge;
use smithay::utils::{Logical, Physical, Point, Rectangle, Size};
use tracing::debug;

use crate::render::{Painter, Picture, SceneElement, covered};
use crate::state::Offing;
use crate::text::Line;
use crate::window::{Fill, Window};
use paint::Look;
pub(crate) use press::Pointed;

/// The height of a title bar, in logical units.
const TITLE: i32 = 28;
/// The width of an edge, in logical units.
const EDGE: i32 = 1;
/// How far outside of it the pointer takes hold of an edge, in logical units.
const GRIP: i32 = 6;
/// How far from a corner both edges are taken hold of, in logical units.
const CORNER: i32 = 16;
/// The width of a button, in logical units.
const BUTTON: i32 = 34;
/// The size of a title's letters, in logical units.
const LETTERS: f64 = 13.0;
/// Between the edge of a title bar and the title, in logical units.
const INDENT: i32 = 10;
/// The steps in which a title gets room, in pixels.
const STEP: i32 = 32;

/// How much a decoration takes up on each side of a window's own geometry, in logical units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Margins {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
}

/// A part of a decoration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Title,
    Button(Button),
    Edge(ResizeEdge),
}

/// The buttons in a title bar, the rightmost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Button {
    Close,
    Maximize,
    Minimize,
}

/// Those of a title bar, from the right.
fn buttons(can_maximize: bool) -> &'static [Button] {
    match can_maximize {
        true => &[Button::Close, Button::Maximize, Button::Minimize],
        false => &[Button::Close, Button::Minimize],
    }
}

impl Margins {
    /// Those of a window that fills this.
    pub(crate) fn of(fill: Option<Fill>) -> Self {
        let edge = match fill {
            Some(Fill::Fullscreen) => return Self::default(),
            Some(Fill::Maximized) => 0,
            Some(Fill::Tiled(_)) | None => EDGE,
        };
        Self {
            left: edge,
            top: TITLE,
            right: edge,
            bottom: edge,
        }
    }

    /// The frame around a window's geometry.
    pub(crate) fn around(self, inner: Rectangle<i32, Logical>) -> Rectangle<i32, Logical> {
        let more = (self.left + self.right, self.top + self.bottom);
        Rectangle::new(inner.loc - self.offset(), inner.size + Size::from(more))
    }

    /// The window's geometry inside of a frame.
    pub(crate) fn inside(self, outer: Rectangle<i32, Logical>) -> Rectangle<i32, Logical> {
        let side = |side: i32, less: i32| (side - less).max(1);
        let size = Size::from((
            side(outer.size.w, self.left + self.right),
            side(outer.size.h, self.top + self.bottom),
        ));
        Rectangle::new(outer.loc + self.offset(), size)
    }

    /// From the corner of the frame to that of the window's geometry.
    pub(crate) fn offset(self) -> Point<i32, Logical> {
        (self.left, self.top).into()
    }

    /// The part of a decoration at a point that the window itself does not cover. `frame`: around
    /// the window's geometry and these margins.
    fn part_at(
        self,
        frame: Rectangle<i32, Logical>,
        takes: Takes,
        point: Point<f64, Logical>,
    ) -> Option<Part> {
        let point = Point::<i32, Logical>::from((point.x.floor() as i32, point.y.floor() as i32));
        let inner = self.inside(frame);
        if inner.contains(point) {
            return None;
        }
        if !frame.contains(point) || point.y >= inner.loc.y {
            return takes
                .resize
                .then(|| edge_at(frame, point))
                .flatten()
                .map(Part::Edge);
        }
        let from_right = frame.loc.x + frame.size.w - 1 - point.x;
        let button = usize::try_from(from_right / BUTTON).ok();
        let button = button.and_then(|at| buttons(takes.maximize).get(at));
        Some(button.map_or(Part::Title, |button| Part::Button(*button)))
    }
}

/// The edge or corner of a frame that is near a point.
fn edge_at(frame: Rectangle<i32, Logical>, point: Point<i32, Logical>) -> Option<ResizeEdge> {
    let end = frame.loc + frame.size;
    let reach = Rectangle::new(
        frame.loc - Point::from((GRIP, GRIP)),
        frame.size + Size::from((2 * GRIP, 2 * GRIP)),
    );
    if !reach.contains(point) {
        return None;
    }
    let left = point.x < frame.loc.x + CORNER;
    let right = point.x >= end.x - CORNER;
    let top = point.y < frame.loc.y + CORNER;
    let bottom = point.y >= end.y - CORNER;
    let is_beside = point.x < frame.loc.x + EDGE || point.x >= end.x - EDGE;
    Some(match (left, right, top, bottom) {
        (true, _, true, _) => ResizeEdge::TopLeft,
        (_, true, true, _) => ResizeEdge::TopRight,
        (true, _, _, true) => ResizeEdge::BottomLeft,
        (_, true, _, true) => ResizeEdge::BottomRight,
        (true, ..) if is_beside => ResizeEdge::Left,
        (_, true, ..) if is_beside => ResizeEdge::Right,
        (_, _, true, _) => ResizeEdge::Top,
        _ => ResizeEdge::Bottom,
    })
}

/// How the pointer looks on a part of a decoration.
fn cursor(part: Part) -> CursorIcon {
    match part {
        Part::Title | Part::Button(_) => CursorIcon::Default,
        Part::Edge(edge) => match edge {
            ResizeEdge::Top | ResizeEdge::Bottom => CursorIcon::NsResize,
            ResizeEdge::Left | ResizeEdge::Right => CursorIcon::EwResize,
            ResizeEdge::TopLeft | ResizeEdge::BottomRight => CursorIcon::NwseResize,
            ResizeEdge::TopRight | ResizeEdge::BottomLeft => CursorIcon::NeswResize,
            _ => CursorIcon::Default,
        },
    }
}

/// What a window wears, as it was painted last.
#[derive(Clone)]
pub(crate) struct Decoration {
    look: Look,
    bar: Picture,
    /// Of the left, right and bottom edge.
    edges: [Id; 3],
    /// Counts changes of the edges' colour.
    painted: CommitCounter,
}

impl Decoration {
    /// Paints what is to look otherwise than before, or for the first time.
    fn update(decoration: &mut Option<Self>, mut look: Look) {
        let before = decoration.as_ref();
        if look.title.is_none() {
            // Until it is drawn anew.
            look.title = before.and_then(|before| before.look.title.clone());
        }
        if before.is_some_and(|before| before.look == look) {
            return;
        }
        let Some(bar) = paint::bar(&look) else {
            return;
        };
        match decoration {
            Some(decoration) => {
                if decoration.look.is_active != look.is_active {
                    decoration.painted.increment();
                }
                (decoration.bar, decoration.look) = (bar, look);
            }
            None => {
                *decoration = Some(Self {
                    look,
                    bar,
                    edges: [Id::new(), Id::new(), Id::new()],
                    painted: CommitCounter::default(),
                });
            }
        }
    }
}

/// What can be done to a window by its decoration.
#[derive(Clone, Copy)]
pub(crate) struct Takes {
    /// It is resized by its edges.
    pub(crate) resize: bool,
    /// It is maximized.
    pub(crate) maximize: bool,
}

/// A decoration and where it is.
pub(crate) struct Worn {
    pub(crate) margins: Margins,
    /// The window's geometry with the margins, in logical units of the screen.
    pub(crate) frame: Rectangle<i32, Logical>,
    /// Where the window's surface begins.
    pub(crate) origin: Point<i32, Logical>,
    pub(crate) takes: Takes,
    /// None: it has not been painted.
    pub(crate) decoration: Option<Decoration>,
}

impl Worn {
    /// The part of it at a point that its window does not cover.
    pub(crate) fn part_at(&self, point: Point<f64, Logical>) -> Option<Part> {
        self.margins.part_at(self.frame, self.takes, point)
    }

    /// The pixels of the frame, and of the window's geometry in it.
    fn covers(&self, scale: f64) -> (Rectangle<i32, Physical>, Rectangle<i32, Physical>) {
        let pixels = |part: Rectangle<i32, Logical>| {
            let part = Rectangle::new(part.loc - self.origin, part.size);
            covered(self.origin, part, scale)
        };
        (pixels(self.frame), pixels(self.margins.inside(self.frame)))
    }

    /// What to draw of it.
    pub(crate) fn elements(&self, renderer: &mut Painter, scale: f64) -> Vec<SceneElement> {
        let Some(decoration) = &self.decoration else {
            return Vec::new();
        };
        let mut elements = Vec::new();
        let (outer, inner) = self.covers(scale);
        match decoration.bar.at(renderer, outer.loc) {
            Ok(bar) => elements.push(bar.into()),
            Err(error) => debug!("a title bar is not drawn: {error}"),
        }
        let (start, end) = (inner.loc, inner.loc + inner.size);
        let outer_end = outer.loc + outer.size;
        let sides = [
            ((outer.loc.x, start.y), (start.x, end.y)),
            ((end.x, start.y), (outer_end.x, end.y)),
            ((outer.loc.x, end.y), (outer_end.x, outer_end.y)),
        ];
        for (id, (from, to)) in decoration.edges.iter().zip(sides) {
            let place = Rectangle::from_extremities(from, to);
            if !place.is_empty() {
                let (painted, colour) = (decoration.painted, decoration.look.edge());
                let plain = SolidColorRenderElement::new(
                    id.clone(),
                    place,
                    painted,
                    colour,
                    Kind::Unspecified,
                );
                elements.push(plain.into());
            }
        }
        elements
    }
}

impl Offing {
    /// Paints the decorations that are to look otherwise than before.
    pub(crate) fn paint_decorations(&mut self) {
        let scale = self.screen.scale();
        let pixels = |logical: i32| (f64::from(logical) * scale).round() as i32;
        let decorated = self.desktop.shown().filter(|window| window.is_decorated());
        let looks: Vec<_> = decorated
            .map(|window| (window.surface().clone(), window.title(), self.look(window)))
            .collect();
        for (surface, title, mut look) in looks {
            let buttons = BUTTON * buttons(look.can_maximize).len() as i32;
            let room = (look.size.w - pixels(buttons + 2 * INDENT)).max(0);
            look.title = self.text(Line {
                text: title,
                size: (LETTERS * scale).round() as u16,
                bold: true,
                // In steps: while it is resized it is not drawn anew all the time.
                width: u16::try_from(room / STEP * STEP).unwrap_or(u16::MAX),
            });
            if let Some(window) = self.desktop.window_mut(&surface) {
                Decoration::update(&mut window.decoration, look);
            }
        }
    }

    fn look(&self, window: &Window) -> Look {
        let scale = self.screen.scale();
        let (outer, inner) = window.worn().covers(scale);
        let surface = window.surface();
        Look {
            size: Size::from((outer.size.w, inner.loc.y - outer.loc.y)),
            scale,
            is_active: self.desktop.active().is_some_and(|it| it.is(surface)),
            is_floating: window.fill().is_none(),
            is_maximized: window.fill() == Some(Fill::Maximized),
            can_maximize: window.is_resizable(),
            pointed: self.desktop.pointed.button_of(surface),
            title: None,
        }
    }
}
