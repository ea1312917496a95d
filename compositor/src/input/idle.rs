//! Idleness: programs are told when viewers have done nothing for as long as they asked for, unless
//! a window that is shown holds that back, as players of films do.
//!
//! Input only notes the time, so it costs nothing whoever wants to know of it; one timer wakes up
//! when the next notification may be due, and looks. There is none when nobody waits.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use calloop::RegistrationToken;
use calloop::timer::{TimeoutAction, Timer};
use smithay::reexports::wayland_protocols::ext::idle_notify::v1::server::ext_idle_notification_v1::ExtIdleNotificationV1;
use smithay::reexports::wayland_protocols::wp::idle_inhibit::zv1::server::zwp_idle_inhibitor_v1::ZwpIdleInhibitorV1;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use tracing::warn;

use crate::desktop::root;
use crate::state::Offing;

/// Nobody is idle sooner: a client that asks for nothing at all would be told twice for each input.
const SHORTEST: Duration = Duration::from_millis(100);

/// What a notification heeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heeds {
    /// Input, and windows that hold idleness back.
    InputAndInhibitors,
    /// Input alone.
    Input,
}

/// A client that wants to be told.
struct Notification {
    object: ExtIdleNotificationV1,
    timeout: Duration,
    heeds: Heeds,
    /// When it was asked for: nothing before counts.
    since: Instant,
    /// The client was told that nobody is there.
    told: bool,
}

/// Since when nothing has happened, and who wants to know.
pub(crate) struct Idle {
    notifications: Vec<Notification>,
    inhibitors: Vec<(ZwpIdleInhibitorV1, WlSurface)>,
    /// A window that is shown holds idleness back.
    is_inhibited: bool,
    /// The last input.
    last_input: Instant,
    /// When the last window stopped holding idleness back.
    released: Instant,
    /// Somebody was told that nobody is there.
    any_told: bool,
    timer: Option<RegistrationToken>,
}

impl Default for Idle {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            notifications: Vec::new(),
            inhibitors: Vec::new(),
            is_inhibited: false,
            last_input: now,
            released: now,
            any_told: false,
            timer: None,
        }
    }
}

impl Idle {
    /// When this notification is due; `None` as long as a window holds it back.
    fn due(&self, notification: &Notification) -> Option<Instant> {
        let start = notification.since.max(self.last_input);
        match notification.heeds {
            Heeds::Input => Some(start + notification.timeout),
            Heeds::InputAndInhibitors if self.is_inhibited => None,
            Heeds::InputAndInhibitors => Some(start.max(self.released) + notification.timeout),
        }
    }

    /// Tells those whose time has come; returns when the next one is due.
    fn tell(&mut self, now: Instant) -> Option<Instant> {
        let mut waiting = std::mem::take(&mut self.notifications);
        let mut next: Option<Instant> = None;
        for notification in waiting.iter_mut().filter(|it| !it.told) {
            match self.due(notification) {
                Some(due) if due <= now => {
                    notification.object.idled();
                    notification.told = true;
                    self.any_told = true;
                }
                Some(due) => next = Some(next.map_or(due, |next| next.min(due))),
                None => {}
            }
        }
        self.notifications = waiting;
        next
    }

    /// Tells those who thought that nobody was there, and heed this, that it is over.
    fn resume(&mut self, concerns: impl Fn(&Notification) -> bool) {
        let told = self.notifications.iter_mut().filter(|it| it.told);
        for notification in told.filter(|it| concerns(it)) {
            notification.object.resumed();
            notification.told = false;
        }
        self.any_told = self.notifications.iter().any(|it| it.told);
    }

    /// A client does not want to know any more.
    pub(crate) fn forget_notification(&mut self, notification: &ExtIdleNotificationV1) {
        self.notifications.retain(|it| it.object != *notification);
    }
}

impl Offing {
    /// Somebody did something.
    pub(crate) fn notice_input(&mut self) {
        self.idle.last_input = Instant::now();
        if self.idle.any_told {
            self.idle.resume(|_| true);
            self.wait_for_idleness();
        }
    }

    /// A client wants to be told when nobody has done anything for so long.
    pub(crate) fn notify_when_idle(
        &mut self,
        object: ExtIdleNotificationV1,
        timeout: Duration,
        heeds: Heeds,
    ) {
        self.idle.notifications.push(Notification {
            object,
            timeout: timeout.max(SHORTEST),
            heeds,
            since: Instant::now(),
            told: false,
        });
        self.wait_for_idleness();
    }

    /// A client wants nobody to be idle while this surface is shown.
    pub(crate) fn inhibit_idleness(&mut self, inhibitor: ZwpIdleInhibitorV1, surface: WlSurface) {
        self.idle.inhibitors.push((inhibitor, surface));
        self.refresh_inhibition();
    }

    /// An inhibitor is gone.
    pub(crate) fn end_inhibition(&mut self, inhibitor: &ZwpIdleInhibitorV1) {
        self.idle.inhibitors.retain(|(it, _)| it != inhibitor);
        self.refresh_inhibition();
    }

    /// Sees whether a surface that is shown holds idleness back.
    pub(crate) fn refresh_inhibition(&mut self) {
        let is_inhibited = !self.idle.inhibitors.is_empty() && self.shows_an_inhibitor();
        let was_inhibited = std::mem::replace(&mut self.idle.is_inhibited, is_inhibited);
        if is_inhibited && !was_inhibited {
            self.idle.resume(|it| it.heeds == Heeds::InputAndInhibitors);
        } else if was_inhibited && !is_inhibited {
            self.idle.released = Instant::now();
            self.wait_for_idleness();
        }
    }

    fn shows_an_inhibitor(&self) -> bool {
        let shown = self.trees().flat_map(|tree| tree.surfaces());
        let shown: HashSet<WlSurface> = shown.map(|(surface, _)| surface).collect();
        let mut surfaces = self.idle.inhibitors.iter().map(|(_, surface)| surface);
        surfaces.any(|surface| surface.is_alive() && shown.contains(&root(surface)))
    }

    /// Tells those whose time has come, and wakes up when the next one may be due.
    fn wait_for_idleness(&mut self) {
        if let Some(token) = self.idle.timer.take() {
            self.handle.remove(token);
        }
        let Some(due) = self.idle.tell(Instant::now()) else {
            return;
        };
        let armed =
            self.handle
                .insert_source(Timer::from_deadline(due), |_, (), state: &mut Offing| {
                    state.idle.timer = None;
                    state.wait_for_idleness();
                    TimeoutAction::Drop
                });
        match armed {
            Ok(token) => self.idle.timer = Some(token),
            Err(error) => warn!("the timer of idleness could not be armed: {error}"),
        }
    }
}
