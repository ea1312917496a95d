//! Moving and resizing windows with the pointer.

use smithay::input::pointer::{
    AxisFrame, ButtonEvent, Focus, GestureHoldBeginEvent, GestureHoldEndEvent,
    GesturePinchBeginEvent, GesturePinchEndEvent, GesturePinchUpdateEvent, GestureSwipeBeginEvent,
    GestureSwipeEndEvent, GestureSwipeUpdateEvent, GrabStartData, MotionEvent, PointerGrab,
    PointerInnerHandle, RelativeMotionEvent,
};
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::ResizeEdge;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Rectangle, Serial, Size};

use crate::decoration::Button;
use crate::desktop::{drop_at, keep_in_reach};
use crate::state::Offing;
use crate::window::{Fill, Window};

/// How far a window that fills something is dragged before it comes off, in logical units.
const LOOSE: f64 = 8.0;
/// A click moves no further, in logical units.
const CLICK: f64 = 4.0;

/// The pointer holds a window.
struct WindowGrab {
    start: GrabStartData<Offing>,
    window: WlSurface,
    /// The frame's corner, and the size of the geometry, when the grab began.
    corner: Point<i32, Logical>,
    size: Size<i32, Logical>,
    by: Grip,
}

/// What the pointer holds a window by.
#[derive(Clone, Copy)]
enum Grip {
    /// It is moved.
    Title,
    /// It is resized.
    Edges(ResizeEdge),
    /// Nothing happens before it is released.
    Button(Button),
}

impl Offing {
    /// A client lets the user move its window, if `serial` is a button that is still held on it.
    pub(crate) fn start_move(&mut self, surface: &WlSurface, serial: Serial) {
        if self.moves_the_picture(surface) {
            return;
        }
        let Some(start) = self.held_button(surface, serial) else {
            return;
        };
        self.hold_window(surface, serial, start, None);
    }

    /// A client lets the user resize its window by `edges`, if `serial` is a button that is still
    /// held on it.
    pub(crate) fn start_resize(&mut self, surface: &WlSurface, serial: Serial, edges: ResizeEdge) {
        let right_or_down = [
            ResizeEdge::Right,
            ResizeEdge::Bottom,
            ResizeEdge::BottomRight,
        ];
        if self.moves_the_picture(surface) && !right_or_down.contains(&edges) {
            return;
        }
        let Some(start) = self.held_button(surface, serial) else {
            return;
        };
        self.hold_window(surface, serial, start, Some(edges));
    }

    /// Whether a window's upper left corner is that of viewers' picture: it stays where it is. If
    /// it moved, what is under the pointer would move away from it, and the window on and on.
    fn moves_the_picture(&self, surface: &WlSurface) -> bool {
        self.shared.shown().window() == Some(surface)
    }

    fn held_button(&self, surface: &WlSurface, serial: Serial) -> Option<GrabStartData<Offing>> {
        let pointer = &self.input.pointer;
        let start = pointer
            .has_grab(serial)
            .then(|| pointer.grab_start_data())
            .flatten()?;
        let (focus, _) = start.focus.as_ref()?;
        focus.id().same_client_as(&surface.id()).then_some(start)
    }

    /// The pointer takes hold of a window, to move it or to resize it by these edges.
    pub(crate) fn hold_window(
        &mut self,
        surface: &WlSurface,
        serial: Serial,
        start: GrabStartData<Offing>,
        edges: Option<ResizeEdge>,
    ) {
        let Some(window) = self.desktop.window_mut(surface) else {
            return;
        };
        let by = match (edges, window.fill()) {
            (_, Some(Fill::Fullscreen)) | (Some(_), Some(_)) => return,
            (Some(edges), None) => {
                window.start_resize(edges);
                Grip::Edges(edges)
            }
            (None, _) => {
                window.release_anchor();
                Grip::Title
            }
        };
        self.take_hold(surface, serial, start, by);
    }

    /// The pointer is pressed on a button in a window's title bar.
    pub(crate) fn hold_button(
        &mut self,
        surface: &WlSurface,
        serial: Serial,
        start: GrabStartData<Offing>,
        button: Button,
    ) {
        self.take_hold(surface, serial, start, Grip::Button(button));
    }

    fn take_hold(
        &mut self,
        surface: &WlSurface,
        serial: Serial,
        start: GrabStartData<Offing>,
        by: Grip,
    ) {
        let Some(window) = self.desktop.window(surface).filter(|it| it.is_shown()) else {
            return;
        };
        let grab = WindowGrab {
            start,
            window: surface.clone(),
            corner: window.frame().loc,
            size: window.geometry().size,
            by,
        };
        let pointer = self.input.pointer.clone();
        pointer.set_grab(self, grab, serial, Focus::Clear);
    }

    /// A window that fills something becomes a floating one under the pointer, which has dragged it
    /// by `delta`; returns the corner of its frame.
    fn take_off(
        &mut self,
        surface: &WlSurface,
        pointer: Point<f64, Logical>,
        delta: Point<f64, Logical>,
    ) -> Option<Point<i32, Logical>> {
        let window = self.desktop.window(surface)?;
        let (toplevel, before) = (window.toplevel.clone(), window.frame());
        self.float(&toplevel);
        let work = self.desktop.work();
        let window = self.desktop.window_mut(surface)?;
        let told = window.toplevel.with_pending_state(|state| state.size);
        let width = told.map_or(before.size.w, |size| size.w);
        let share = (pointer.x - f64::from(before.loc.x)) / f64::from(before.size.w.max(1));
        let left = (pointer.x - f64::from(width) * share).round() as i32;
        let corner = Point::from((left, before.loc.y + delta.y.round() as i32));
        let size = Size::from((width, before.size.h));
        window.move_to(keep_in_reach(Rectangle::new(corner, size), work));
        Some(corner)
    }
}

impl WindowGrab {
    fn dragged(&mut self, data: &mut Offing, location: Point<f64, Logical>) {
        let work = data.desktop.work();
        let fill = data.desktop.window(&self.window).and_then(Window::fill);
        let delta = location - self.start.location;
        if delta.x.abs().max(delta.y.abs()) >= CLICK {
            data.desktop.pointed.drag();
        }
        match (self.by, fill) {
            (Grip::Title, Some(fill)) => {
                if delta.x.abs().max(delta.y.abs()) < LOOSE || fill == Fill::Fullscreen {
                    return;
                }
                if let Some(corner) = data.take_off(&self.window, location, delta) {
                    (self.corner, self.start.location) = (corner, location);
                }
            }
            (Grip::Title, None) => {
                let corner = self.corner + delta.to_i32_round();
                let drop = drop_at(location, work);
                if let Some(window) = data.desktop.window_mut(&self.window) {
                    let drop = drop.filter(|_| window.is_resizable());
                    let frame = Rectangle::new(corner, window.frame().size);
                    window.move_to(keep_in_reach(frame, work));
                    data.desktop.drop.fill = drop;
                }
                data.clock.queue();
            }
            // Its program made it fill something meanwhile, which has its size.
            (Grip::Edges(_), Some(_)) => {}
            (Grip::Edges(edges), None) => {
                if let Some(window) = data.desktop.window_mut(&self.window) {
                    let size = resized(window, self.size, edges, delta.to_i32_round());
                    window.resize(size, false);
                }
            }
            (Grip::Button(_), _) => {}
        }
    }

    fn ended(&self, data: &mut Offing) {
        let drop = data.desktop.drop.fill.take();
        let Some(window) = data.desktop.window_mut(&self.window) else {
            return;
        };
        match (self.by, drop) {
            (Grip::Edges(_), _) => {
                if let Some(size) = window.toplevel.with_pending_state(|state| state.size) {
                    window.resize(size, true);
                }
            }
            (Grip::Title, Some(fill)) => {
                let toplevel = window.toplevel.clone();
                // Where it was before it was dragged it comes back to.
                window.move_to(self.corner);
                data.fill(&toplevel, fill, true);
            }
            (Grip::Title, None) => {}
            (Grip::Button(button), _) => data.desktop.pointed.release(&self.window, button),
        }
        data.clock.queue();
    }
}

/// The size that a drag by `delta` asks for, within what the client takes.
fn resized(
    window: &Window,
    size: Size<i32, Logical>,
    edges: ResizeEdge,
    delta: Point<i32, Logical>,
) -> Size<i32, Logical> {
    let (dw, dh) = match edges {
        ResizeEdge::Left => (-delta.x, 0),
        ResizeEdge::Right => (delta.x, 0),
        ResizeEdge::Top => (0, -delta.y),
        ResizeEdge::Bottom => (0, delta.y),
        ResizeEdge::TopLeft => (-delta.x, -delta.y),
        ResizeEdge::TopRight => (delta.x, -delta.y),
        ResizeEdge::BottomLeft => (-delta.x, delta.y),
        ResizeEdge::BottomRight => (delta.x, delta.y),
        _ => (0, 0),
    };
    window.within_limits((size.w + dw, size.h + dh).into())
}

type Handle<'a> = PointerInnerHandle<'a, Offing>;
type Under = Option<(WlSurface, Point<f64, Logical>)>;

impl PointerGrab<Offing> for WindowGrab {
    fn motion(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        _focus: Under,
        event: &MotionEvent,
    ) {
        // No client has the pointer while a window is held.
        handle.motion(data, None, event);
        self.dragged(data, event.location);
    }

    fn relative_motion(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        focus: Under,
        event: &RelativeMotionEvent,
    ) {
        handle.relative_motion(data, focus, event);
    }

    fn button(&mut self, data: &mut Offing, handle: &mut Handle<'_>, event: &ButtonEvent) {
        handle.button(data, event);
        if handle.current_pressed().is_empty() {
            handle.unset_grab(self, data, event.serial, event.time, true);
        }
    }

    fn axis(&mut self, data: &mut Offing, handle: &mut Handle<'_>, details: AxisFrame) {
        handle.axis(data, details);
    }

    fn frame(&mut self, data: &mut Offing, handle: &mut Handle<'_>) {
        handle.frame(data);
    }

    fn gesture_swipe_begin(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        event: &GestureSwipeBeginEvent,
    ) {
        handle.gesture_swipe_begin(data, event);
    }

    fn gesture_swipe_update(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        event: &GestureSwipeUpdateEvent,
    ) {
        handle.gesture_swipe_update(data, event);
    }

    fn gesture_swipe_end(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        event: &GestureSwipeEndEvent,
    ) {
        handle.gesture_swipe_end(data, event);
    }

    fn gesture_pinch_begin(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        event: &GesturePinchBeginEvent,
    ) {
        handle.gesture_pinch_begin(data, event);
    }

    fn gesture_pinch_update(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        event: &GesturePinchUpdateEvent,
    ) {
        handle.gesture_pinch_update(data, event);
    }

    fn gesture_pinch_end(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        event: &GesturePinchEndEvent,
    ) {
        handle.gesture_pinch_end(data, event);
    }

    fn gesture_hold_begin(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        event: &GestureHoldBeginEvent,
    ) {
        handle.gesture_hold_begin(data, event);
    }

    fn gesture_hold_end(
        &mut self,
        data: &mut Offing,
        handle: &mut Handle<'_>,
        event: &GestureHoldEndEvent,
    ) {
        handle.gesture_hold_end(data, event);
    }

    fn start_data(&self) -> &GrabStartData<Offing> {
        &self.start
    }

    fn unset(&mut self, data: &mut Offing) {
        self.ended(data);
    }
}
