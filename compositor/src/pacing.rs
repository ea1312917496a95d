//! What programs that draw again and again wait for besides frame callbacks: that a barrier falls
//! (fifo) or a time comes (commit timing), and when what they drew was shown (presentation time).
//! The frame clock says when.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rustix::time::Timespec;
use smithay::desktop::utils::with_surfaces_surface_tree;
use smithay::reexports::wayland_protocols::wp::presentation_time::server::wp_presentation_feedback::Kind;
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{Client, Resource};
use smithay::utils::{Clock, Monotonic, Time};
use smithay::wayland::commit_timing::CommitTimerBarrierStateUserData;
use smithay::wayland::compositor::{SurfaceData, with_states};
use smithay::wayland::fifo::FifoBarrierCachedState;
use smithay::wayland::presentation::{
    PresentationFeedbackCachedState as Feedback, PresentationFeedbackCallback, Refresh,
};

use crate::clients::socket::ClientState;
use crate::frame_clock::FRAME;
use crate::lock::lock;
use crate::state::Offing;

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Pacing {
    /// The surfaces whose next state waits behind a barrier, or may.
    barriers: HashSet<WlSurface>,
    /// The surfaces with states that wait for a time.
    timed: HashSet<WlSurface>,
    /// The first of these times that can be waited for.
    deadline: Option<Instant>,
    /// Some surface waits to be told when it was shown.
    feedback: bool,
}

impl Pacing {
    /// A surface has a new state: whether it waits for the next frame.
    pub(crate) fn surface_committed(&mut self, surface: &WlSurface) -> bool {
        let (barrier, feedback) = with_states(surface, |states| {
            (has_barrier(states), has_feedback(states))
        });
        if barrier {
            self.barriers.insert(surface.clone());
        }
        self.feedback |= feedback;
        barrier || feedback
    }

    /// When something is to be done, whatever else there is.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// A surface is gone.
    pub(crate) fn surface_gone(&mut self, surface: &WlSurface) {
        self.barriers.remove(surface);
        self.timed.remove(surface);
    }
}

/// Clients by their numbers.
type Clients = HashMap<ClientId, Client>;

/// The first time that a surface's states wait for, as the clock of all times tells it; none if
/// they wait for nothing.
fn next_time(surface: &WlSurface) -> Option<Timespec> {
    with_states(surface, |states| {
        let timer = states.data_map.get::<CommitTimerBarrierStateUserData>()?;
        let time: Time<Monotonic> = lock(timer).next_deadline()?.into();
        Some(time.into())
    })
}

fn has_barrier(states: &SurfaceData) -> bool {
    let cached = &states.cached_state;
    let get = || cached.get::<FifoBarrierCachedState>();
    cached.has::<FifoBarrierCachedState>() && get().current().barrier.is_some()
}

fn has_feedback(states: &SurfaceData) -> bool {
    let cached = &states.cached_state;
    cached.has::<Feedback>() && !cached.get::<Feedback>().current().callbacks.is_empty()
}

impl Offing {
    /// A frame's time has come: what waits behind barriers goes on, whether or not it is seen, as
    /// nobody could wait for what is hidden.
    pub(crate) fn lift_barriers(&mut self) {
        let mut clients = Clients::new();
        for surface in std::mem::take(&mut self.pacing.barriers) {
            let barrier = with_states(&surface, |states| {
                let mut cached = states.cached_state.get::<FifoBarrierCachedState>();
                cached.current().barrier.take()
            });
            if let (Some(barrier), Some(client)) = (barrier, surface.client()) {
                barrier.signal();
                clients.insert(client.id(), client);
            }
        }
        self.go_on(&clients);
    }

    /// A surface was committed: if that waits for a time, it is seen to.
    pub(crate) fn watch_deadline(&mut self, surface: &WlSurface) {
        let Some(time) = next_time(surface) else {
            return;
        };
        self.pacing.timed.insert(surface.clone());
        // One that is out of reach never comes.
        let seconds = u64::try_from(time.tv_sec).ok();
        let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
        let wait = seconds
            .map(|seconds| Duration::new(seconds, nanoseconds).saturating_sub(self.clock.now()));
        let deadline = wait.and_then(|wait| Instant::now().checked_add(wait));
        let deadlines = [self.pacing.deadline, deadline].into_iter();
        self.pacing.deadline = deadlines.flatten().min();
    }

    /// What waits for a time that has come goes on.
    pub(crate) fn pass_deadline(&mut self) {
        if self.pacing.deadline.is_none_or(|it| it > Instant::now()) {
            return;
        }
        self.pacing.deadline = None;
        let now = Clock::<Monotonic>::new().now();
        let mut clients = Clients::new();
        for surface in std::mem::take(&mut self.pacing.timed) {
            let passed = with_states(&surface, |states| {
                let timer = states.data_map.get::<CommitTimerBarrierStateUserData>();
                timer.is_some_and(|timer| lock(timer).signal_until(now))
            });
            if let Some(client) = surface.client().filter(|_| passed) {
                clients.insert(client.id(), client);
            }
            self.watch_deadline(&surface);
        }
        self.go_on(&clients);
    }

    /// Some states of these clients wait no longer.
    fn go_on(&mut self, clients: &Clients) {
        let display = self.display.clone();
        for client in clients.values() {
            if let Some(state) = client.get_data::<ClientState>() {
                state.compositor.blocker_cleared(self, &display);
            }
        }
    }

    /// Tells programs that what they committed last is shown, if it was drawn; else that nobody saw
    /// it.
    pub(crate) fn answer_feedback(&mut self, drawn: bool) {
        if !std::mem::take(&mut self.pacing.feedback) {
            return;
        }
        let time = self.clock.now();
        for callback in self.waiting_feedback() {
            match drawn {
                // There is no vertical blank to be in step with, nor a count of them.
                true => {
                    let refresh = Refresh::variable(FRAME);
                    callback.presented(self.screen.output(), time, refresh, 0, Kind::empty());
                }
                false => callback.discarded(),
            }
        }
    }

    /// Surfaces are shown that were not: what they waited for meanwhile is still to come.
    pub(crate) fn serve_hidden(&mut self) {
        self.pacing.feedback = true;
        self.clock.expect_callbacks();
        self.clock.queue();
    }

    /// Takes what waits for the surfaces that are drawn to be shown.
    fn waiting_feedback(&self) -> Vec<PresentationFeedbackCallback> {
        let mut waiting = Vec::new();
        let mut take = |surface: &WlSurface| {
            with_surfaces_surface_tree(surface, |_, states| {
                if has_feedback(states) {
                    let mut cached = states.cached_state.get::<Feedback>();
                    waiting.append(&mut cached.current().callbacks);
                }
            });
        };
        for tree in self.trees() {
            tree.surfaces().for_each(|(surface, _)| take(&surface));
        }
        self.cursor.surfaces().for_each(take);
        waiting
    }
}
