//! When to draw, without a vblank.
//!
//! Nothing runs while nothing changes. After quiet, a change is drawn at once; from then on the
//! clock caps the rate. Without anybody who waits for a frame, a viewer or a client that copies the
//! screen, nothing is drawn, unless what is shared has another size or place or the session is being
//! locked, and programs that wait for a frame callback get it at a slower pace.

use std::time::{Duration, Instant};

use calloop::RegistrationToken;
use calloop::timer::{TimeoutAction, Timer};
use smithay::desktop::utils::send_frames_surface_tree;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Clock, Monotonic};
use smithay::wayland::compositor::{SurfaceAttributes, with_states};
use tracing::warn;

use crate::render::Drawn;
use crate::state::Offing;

/// Between two frames that are drawn: 60 a second at most.
pub(crate) const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// Between two rounds of frame callbacks when nobody waits for a frame.
const UNSEEN: Duration = Duration::from_millis(100);

/// What is to be drawn or answered, and when that was done last.
pub(crate) struct FrameClock {
    /// The picture may differ from the last one drawn.
    dirty: bool,
    /// The last frame could not be drawn, and that was logged.
    failing: bool,
    /// Something changed in this turn that the desktop has to look at.
    scene_changed: bool,
    /// A surface waits for a frame callback, or its like.
    callbacks: bool,
    /// What has changed last was drawn.
    drawn: bool,
    /// What is answered without being drawn is answered in the next turn.
    put_off: bool,
    /// When something was drawn or callbacks were sent last.
    last: Option<Instant>,
    /// When the next frame is due if frames come at the full rate. Up to one frame earlier will
    /// do: what comes at 60 a second, but not evenly, need not wait.
    next: Option<Instant>,
    /// The timer that is armed, and for when.
    timer: Option<(Instant, RegistrationToken)>,
    /// Between two rounds of frame callbacks when nobody waits for a frame.
    unseen: Duration,
}

impl FrameClock {
    /// A clock with everything still to draw. In a session that no viewer can reach and that is
    /// not detached, programs are tested: they get frame callbacks at the full rate.
    pub(crate) fn new(reachable: bool) -> Self {
        Self {
            dirty: true,
            failing: false,
            scene_changed: true,
            callbacks: false,
            put_off: false,
            drawn: false,
            last: None,
            next: None,
            timer: None,
            unseen: if reachable { UNSEEN } else { FRAME },
        }
    }

    /// Whether viewers can reach the session from now on.
    pub(crate) fn set_reachable(&mut self, reachable: bool) {
        self.unseen = if reachable { UNSEEN } else { FRAME };
    }

    /// Something on the screen may have changed.
    pub(crate) fn queue(&mut self) {
        self.dirty = true;
        self.drawn = false;
        self.scene_changed = true;
    }

    /// Somebody wants a frame, though nothing on the screen may have changed.
    pub(crate) fn redraw(&mut self) {
        self.dirty = true;
    }

    /// A surface has a new state, and perhaps waits for a frame callback.
    pub(crate) fn surface_committed(&mut self, surface: &WlSurface) {
        self.queue();
        self.callbacks |= with_states(surface, |states| {
            !states
                .cached_state
                .get::<SurfaceAttributes>()
                .current()
                .frame_callbacks
                .is_empty()
        });
    }

    /// Something waits for the next frame's time, as for a frame callback.
    pub(crate) fn expect_callbacks(&mut self) {
        self.callbacks = true;
    }

    /// Whether the desktop changed since the last call.
    pub(crate) fn scene_changed(&mut self) -> bool {
        std::mem::take(&mut self.scene_changed)
    }

    /// The compositor's time, as in input events and frame callbacks.
    pub(crate) fn now(&self) -> Duration {
        Clock::<Monotonic>::new().now().into()
    }

    /// The time in milliseconds, as Wayland events carry it.
    pub(crate) fn millis(&self) -> u32 {
        Clock::<Monotonic>::new().now().as_millis()
    }

    /// The time in microseconds, as events of relative motion carry it.
    pub(crate) fn micros(&self) -> u64 {
        Clock::<Monotonic>::new().now().as_micros()
    }

    /// When the next round is due: in the past, if it is to be now; `None` if nothing is to be done.
    fn due(&self, wanted: bool, now: Instant) -> Option<Instant> {
        if self.dirty && wanted {
            Some(self.next.map_or(now, |next| next - FRAME))
        } else if self.callbacks {
            Some(self.last.map_or(now, |last| last + self.unseen))
        } else {
            None
        }
    }

    /// A frame was not drawn: it is tried again, and said once.
    fn failed(&mut self, what: &str, error: &dyn std::fmt::Display) {
        self.dirty = true;
        if !std::mem::replace(&mut self.failing, true) {
            warn!("{what}: {error}");
        }
    }

    /// A frame is drawn now.
    fn drawing(&mut self, now: Instant) {
        self.next = Some(self.next.map_or(now, |next| next.max(now)) + FRAME);
    }
}

impl Offing {
    /// Draws, or answers frame callbacks, if it is time; else arms the timer for when it will be.
    pub(crate) fn tick(&mut self) {
        self.pass_deadline();
        // Viewers of later are to find the right size at once, which some cannot change.
        let wanted = self.remote.wants_frame()
            || self.lock_is_pending()
            || self.are_copies_wanted()
            || self.clock.dirty && self.view() != *self.shared.shown();
        if self.clock.dirty && !wanted {
            self.remote.mark_stale();
        }
        let now = Instant::now();
        match self.clock.due(wanted, now) {
            None => self.set_timer(None),
            Some(due) if due > now => self.set_timer(Some(due)),
            // In a turn of its own: whoever drives the loop may draw what there is before, and what
            // cannot be drawn is not to be answered.
            Some(_) if !wanted && !std::mem::replace(&mut self.clock.put_off, true) => {
                self.set_timer(Some(now));
            }
            Some(_) => {
                self.set_timer(None);
                self.clock.put_off = false;
                self.clock.last = Some(now);
                if wanted && self.clock.dirty {
                    self.clock.drawing(now);
                    self.draw();
                }
                self.send_frame_callbacks();
                self.answer_feedback(self.clock.drawn);
                self.lift_barriers();
                // What failed, or came from behind a barrier, has its time later.
                self.set_timer(if wanted && self.clock.dirty {
                    Some(now + FRAME)
                } else {
                    self.clock.due(wanted, now)
                });
            }
        }
    }

    /// Draws what changed and hands it to the viewers, and to clients that copy the screen.
    pub(crate) fn draw(&mut self) {
        if !std::mem::take(&mut self.clock.dirty) {
            return;
        }
        if let Err(error) = self.follow_view() {
            self.clock.failed("what is shared cannot be drawn", &error);
            return;
        }
        self.begin_texts();
        self.paint_decorations();
        self.paint_chooser();
        let elements = self.elements();
        let indicator = self.indicator().cloned();
        match self.renderer.draw(elements, indicator.as_ref()) {
            Ok(Drawn { damage, moved }) => {
                self.clock.failing = false;
                self.clock.drawn = true;
                let (size, renderer) = (self.shared.shown().size(), &self.renderer);
                self.remote
                    .capture(size, |y| renderer.row(y), &damage, &moved);
                self.confirm_lock();
                self.serve_copies();
            }
            Err(error) => {
                // A client's buffer was not readable; the next frame is drawn whole.
                self.clock.failed("a frame could not be drawn", &error);
            }
        }
    }

    fn send_frame_callbacks(&mut self) {
        if !std::mem::take(&mut self.clock.callbacks) {
            return;
        }
        let time = self.clock.now();
        let output = self.screen.output();
        let send = |surface: &WlSurface| {
            send_frames_surface_tree(surface, output, time, Some(Duration::ZERO), |_, _| None);
        };
        for tree in self.trees().chain(self.trees_copied_unseen()) {
            tree.surfaces().for_each(|(surface, _)| send(&surface));
        }
        self.cursor.surfaces().for_each(send);
    }

    fn set_timer(&mut self, due: Option<Instant>) {
        let due = [due, self.pacing.deadline()].into_iter().flatten().min();
        if self.clock.timer.as_ref().map(|(armed, _)| *armed) == due {
            return;
        }
        if let Some((_, token)) = self.clock.timer.take() {
            self.handle.remove(token);
        }
        let Some(due) = due else { return };
        let armed =
            self.handle
                .insert_source(Timer::from_deadline(due), |_, (), state: &mut Offing| {
                    state.clock.timer = None;
                    // The end of the turn does the rest.
                    TimeoutAction::Drop
                });
        match armed {
            Ok(token) => self.clock.timer = Some((due, token)),
            Err(error) => warn!("the frame timer could not be armed: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_do_arms_nothing() {
        let now = Instant::now();
        let mut clock = FrameClock::new(true);
        assert_eq!(clock.due(false, now), None);
        clock.dirty = false;
        assert_eq!(clock.due(true, now), None);
    }

    #[test]
    fn a_frame_that_failed_is_tried_again() {
        let now = Instant::now();
        let mut clock = FrameClock::new(true);
        clock.dirty = false;
        clock.failed("a test", &"it failed");
        assert_eq!(clock.due(true, now), Some(now));
        assert!(clock.failing);
    }

    #[test]
    fn callbacks_are_slower_when_nobody_looks() {
        let now = Instant::now();
        let mut clock = FrameClock::new(true);
        clock.dirty = false;
        clock.callbacks = true;
        clock.last = Some(now);
        assert_eq!(clock.due(false, now), Some(now + UNSEEN));
        clock.unseen = FrameClock::new(false).unseen;
        assert_eq!(clock.due(false, now), Some(now + FRAME));
    }

    #[test]
    fn frames_are_drawn_at_once_after_quiet_and_at_the_full_rate_afterwards() {
        let start = Instant::now();
        let mut clock = FrameClock::new(true);
        let mut now = start;
        let mut drawn = 0;
        while now < start + Duration::from_secs(1) {
            clock.drawing(now);
            drawn += 1;
            now = now.max(clock.due(true, now).expect("a frame is due"));
        }
        assert!((60..=62).contains(&drawn), "{drawn} frames in a second");
        let later = now + Duration::from_secs(1);
        assert!(clock.due(true, later).expect("a frame is due") <= later);
    }

    #[test]
    fn frames_that_come_unevenly_do_not_wait() {
        let start = Instant::now();
        let mut clock = FrameClock::new(true);
        for frame in 0..60 {
            let early = Duration::from_millis(if frame % 2 == 0 { 0 } else { 8 });
            let now = start + FRAME * (frame + 1) - early;
            assert!(
                clock.due(true, now).expect("a frame is due") <= now,
                "frame {frame}"
            );
            clock.drawing(now);
        }
    }
}
