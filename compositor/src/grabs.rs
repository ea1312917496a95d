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

use crate::desktop::keep_in_reach;
use crate::state::Offing;
use crate::window::{Fill, Window};

/// The pointer holds a window by its title or an edge.
struct WindowGrab {
    start: GrabStartData<Offing>,
    window: WlSurface,
    /// The window's place when the grab began.
    frame: Rectangle<i32, Logical>,
    /// Resized by these edges; moved if none.
    edges: Option<ResizeEdge>,
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
        if self
            .desktop
            .window(surface)
            .is_some_and(|window| window.fill() == Some(Fill::Maximized))
        {
            self.take_off(surface, start.location);
        }
        self.start_grab(surface, serial, start, None);
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
        self.start_grab(surface, serial, start, Some(edges));
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

    fn start_grab(
        &mut self,
        surface: &WlSurface,
        serial: Serial,
        start: GrabStartData<Offing>,
        edges: Option<ResizeEdge>,
    ) {
        let Some(window) = self.desktop.window_mut(surface) else {
            return;
        };
        if !window.is_shown() || window.fill().is_some() {
            return;
        }
        match edges {
            Some(edges) => window.start_resize(edges),
            None => window.release_anchor(),
        }
        let grab = WindowGrab {
            start,
            window: surface.clone(),
            frame: window.frame(),
            edges,
        };
        let pointer = self.input.pointer.clone();
        pointer.set_grab(self, grab, serial, Focus::Clear);
    }

    /// A maximised window that is dragged becomes a floating one under the pointer.
    fn take_off(&mut self, surface: &WlSurface, pointer: Point<f64, Logical>) {
        let Some(window) = self.desktop.window(surface) else {
            return;
        };
        let (toplevel, width) = (window.toplevel.clone(), window.frame().size.w);
        let top = self.desktop.work().loc.y;
        self.fill(&toplevel, Fill::Maximized, false);
        if let Some(window) = self.desktop.window_mut(surface) {
            let floating = window
                .toplevel
                .with_pending_state(|state| state.size)
                .map_or(width, |size| size.w);
            let share = pointer.x / f64::from(width.max(1));
            window.position.x = (pointer.x - f64::from(floating) * share).round() as i32;
            window.position.y = top;
        }
    }
}

impl WindowGrab {
    fn dragged(&self, data: &mut Offing, location: Point<f64, Logical>) {
        let delta = (location - self.start.location).to_i32_round();
        let work = data.desktop.work();
        let Some(window) = data.desktop.window_mut(&self.window) else {
            return;
        };
        match self.edges {
            Some(edges) => window.resize(resized(window, self.frame.size, edges, delta), false),
            None => {
                let frame = Rectangle::new(self.frame.loc + delta, window.frame().size);
                window.position = keep_in_reach(frame, work);
                data.clock.queue();
            }
        }
    }

    fn ended(&self, data: &mut Offing) {
        if self.edges.is_some()
            && let Some(window) = data.desktop.window_mut(&self.window)
            && let Some(size) = window.toplevel.with_pending_state(|state| state.size)
        {
            window.resize(size, true);
        }
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
    let (min, max) = window.size_limits();
    let limit = |side: i32, min: i32, max: i32| {
        let min = min.max(1);
        if max > 0 {
            side.clamp(min, max.max(min))
        } else {
            side.max(min)
        }
    };
    (
        limit(size.w + dw, min.w, max.w),
        limit(size.h + dh, min.h, max.h),
    )
        .into()
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
