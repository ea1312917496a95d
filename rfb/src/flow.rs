//! How much may be on its way to a viewer that is sent updates without asking for them
//! (rfbproto "ContinuousUpdates Pseudo-encoding").
//!
//! The kernel and the network take far more than a viewer can show in time, and all of it
//! is old when it arrives. So a fence goes behind each update, and by the time that it
//! takes to come back one sees how full the way is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The bytes on the way, and how many there may be.
#[derive(Debug)]
pub(crate) struct Flow {
    pings: VecDeque<Ping>,
    numbers: u64,
    /// The place in the output up to which all has arrived.
    arrived: u64,
    /// The most bytes on the way, unless it is a single update.
    window: u64,
    /// The window does not shrink again before this ping is back.
    shrunk_at: u64,
    /// How long a fence takes while nothing else is on the way.
    base: Option<Duration>,
    /// The viewer does not send fences back.
    is_deaf: bool,
}

/// A fence on its way.
#[derive(Debug)]
struct Ping {
    number: u64,
    /// Its place in the output.
    place: u64,
    /// The bytes on the way before it.
    ahead: u64,
    /// When it was written.
    written: Option<Instant>,
}

const FIRST_WINDOW: u64 = 64 << 10;
const MIN_WINDOW: u64 = 8 << 10;
const MAX_WINDOW: u64 = 16 << 20;
/// How long bytes may wait on their way.
const PATIENCE: Duration = Duration::from_millis(50);
/// An update of at most so many bytes takes no time by itself.
const SMALL: u64 = 4 << 10;
/// When a fence that does not come back is given up.
const DEAF: Duration = Duration::from_secs(20);

impl Default for Flow {
    fn default() -> Self {
        Self {
            pings: VecDeque::new(),
            numbers: 0,
            arrived: 0,
            window: FIRST_WINDOW,
            shrunk_at: 0,
            base: None,
            is_deaf: false,
        }
    }
}

impl Flow {
    /// Whether an update may be sent when the output ends at `end`.
    pub(crate) fn has_room(&self, end: u64) -> bool {
        self.pings.is_empty() || end - self.arrived < self.window
    }

    /// The number of a fence to send when the output ends at `end`. None if it is of no use.
    pub(crate) fn ping(&mut self, end: u64) -> Option<u64> {
        if self.is_deaf {
            return None;
        }
        self.numbers += 1;
        self.pings.push_back(Ping {
            number: self.numbers,
            place: end,
            ahead: end - self.arrived,
            written: None,
        });
        Some(self.numbers)
    }

    /// The output is written up to `end`.
    pub(crate) fn written(&mut self, now: Instant, end: u64) {
        let unwritten = self.pings.iter_mut().rev();
        unwritten
            .take_while(|ping| ping.written.is_none())
            .filter(|ping| ping.place < end)
            .for_each(|ping| ping.written = Some(now));
    }

    /// A fence is back, while the output ends at `end`.
    pub(crate) fn pong(&mut self, now: Instant, number: u64, end: u64) {
        let was_full = !self.has_room(end);
        let Some(at) = self.pings.iter().position(|ping| ping.number == number) else {
            return;
        };
        let Some(ping) = self.pings.drain(..=at).next_back() else {
            return;
        };
        self.arrived = ping.place;
        if let Some(written) = ping.written {
            self.adapt(&ping, now.saturating_duration_since(written), was_full);
        }
    }

    /// Learns from the time that a fence took, and whether something waited for it.
    fn adapt(&mut self, ping: &Ping, took: Duration, was_full: bool) {
        let base = match self.base {
            Some(base) if ping.ahead > SMALL => base.min(took),
            _ => took,
        };
        self.base = Some(base);
        let limit = base + PATIENCE;
        if took > limit {
            if ping.number > self.shrunk_at {
                let part = limit.as_secs_f64() / took.as_secs_f64();
                self.window = ((self.window as f64 * part) as u64).max(MIN_WINDOW);
                self.shrunk_at = self.numbers;
            }
        } else if was_full {
            self.window = (self.window + self.window / 2).min(MAX_WINDOW);
        }
    }

    /// When to give up waiting.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let oldest = self.pings.front()?.written?;
        Some(oldest + DEAF)
    }

    /// Gives up waiting, if it is time.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.is_deaf = true;
            self.pings.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A way with so many bytes a second, and a fence's time on it.
    struct Way {
        speed: f64,
        base: Duration,
    }

    /// Sends updates of `size` bytes as often as there is room, up to `rate` a second, for
    /// some seconds. Returns the bytes a second in the last one, and the longest time that
    /// something took then.
    fn send(flow: &mut Flow, way: &Way, size: u64, rate: u32) -> (f64, Duration) {
        let start = Instant::now();
        let mut end = 0;
        let mut free_at = start;
        let mut back: VecDeque<(Instant, Instant, u64)> = VecDeque::new();
        let (mut sent, mut longest) = (0, Duration::ZERO);
        for step in 0..10 * rate {
            let now = start + Duration::from_secs(1) / rate * step;
            while back.front().is_some_and(|(at, ..)| *at <= now) {
                let (at, written, number) = back.pop_front().expect("a fence");
                flow.pong(at, number, end);
                if at > start + Duration::from_secs(9) {
                    longest = longest.max(at - written);
                }
            }
            if !flow.has_room(end) {
                continue;
            }
            end += size;
            let number = flow.ping(end).expect("a fence");
            end += 17;
            flow.written(now, end);
            free_at = free_at.max(now) + Duration::from_secs_f64(size as f64 / way.speed);
            back.push_back((free_at + way.base, now, number));
            if step >= 9 * rate {
                sent += size;
            }
        }
        (sent as f64, longest)
    }

    #[test]
    fn a_fast_way_is_used() {
        let way = Way {
            speed: 1e9,
            base: Duration::from_millis(1),
        };
        let (speed, _) = send(&mut Flow::default(), &way, 1_000_000, 60);
        assert!(speed >= 59e6, "{speed}");
    }

    #[test]
    fn a_long_way_is_filled() {
        let way = Way {
            speed: 10e6,
            base: Duration::from_millis(200),
        };
        let (speed, longest) = send(&mut Flow::default(), &way, 100_000, 60);
        assert!(speed > 5e6, "{speed}");
        assert!(longest < Duration::from_millis(450), "{longest:?}");
    }

    #[test]
    fn a_slow_way_does_not_fill_up() {
        let way = Way {
            speed: 200e3,
            base: Duration::from_millis(20),
        };
        let (speed, longest) = send(&mut Flow::default(), &way, 5_000, 60);
        assert!(speed > 120e3, "{speed}");
        assert!(longest < Duration::from_millis(250), "{longest:?}");
    }

    #[test]
    fn an_update_larger_than_the_window_goes_alone() {
        let mut flow = Flow::default();
        assert!(flow.has_room(0));
        let number = flow.ping(10 << 20).unwrap();
        assert!(!flow.has_room(10 << 20));
        flow.written(Instant::now(), 11 << 20);
        flow.pong(Instant::now(), number + 1, 10 << 20);
        assert!(!flow.has_room(10 << 20), "an answer to nothing");
        flow.pong(Instant::now(), number, 10 << 20);
        assert!(flow.has_room(10 << 20));
    }

    #[test]
    fn who_never_answers_is_not_waited_for() {
        let mut flow = Flow::default();
        let now = Instant::now();
        flow.ping(1 << 20);
        assert_eq!(flow.deadline(), None, "not written yet");
        flow.written(now, 2 << 20);
        let deadline = flow.deadline().unwrap();
        flow.handle_timeout(deadline - Duration::from_millis(1));
        assert!(!flow.has_room(2 << 20));
        flow.handle_timeout(deadline);
        assert!(flow.has_room(2 << 20));
        assert_eq!(flow.ping(3 << 20), None);
        assert_eq!(flow.deadline(), None);
    }
}
