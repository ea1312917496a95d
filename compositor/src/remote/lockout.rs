//! Slows down whoever guesses passwords.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// So many failed logins are free.
const FREE_FAILURES: u32 = 5;
/// The wait after the first failure too many; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// A failure is forgotten after this time without another.
const MEMORY: Duration = Duration::from_secs(2 * 3600);
/// How many addresses are remembered; the one that failed longest ago makes room.
const MAX_ADDRESSES: usize = 1024;

/// Failed logins by address. Only attempts that came to their end count: a connection that breaks
/// off has learned nothing about the password.
#[derive(Default)]
pub(super) struct Lockout {
    failures: HashMap<IpAddr, Failures>,
}

struct Failures {
    count: u32,
    last: Instant,
}

impl Lockout {
    /// How long this address still has to wait before it may try again.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let failures = self.failures.get(&network(address))?;
        let end = failures.last + failures.wait()?;
        end.checked_duration_since(now)
            .filter(|wait| !wait.is_zero())
    }

    /// Counts a login that failed.
    pub(super) fn failed(&mut self, address: IpAddr, now: Instant) {
        let address = network(address);
        self.failures
            .retain(|_, f| now.saturating_duration_since(f.last) < MEMORY);
        if self.failures.len() >= MAX_ADDRESSES
            && !self.failures.contains_key(&address)
            && let Some(oldest) = self
                .failures
                .iter()
                .min_by_key(|(_, f)| f.last)
                .map(|(&a, _)| a)
        {
            self.failures.remove(&oldest);
        }
        let failures = self.failures.entry(address).or_insert(Failures {
            count: 0,
            last: now,
        });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// Forgets the failures of an address that has logged in.
    pub(super) fn succeeded(&mut self, address: IpAddr) {
        self.failures.remove(&network(address));
    }
}

impl Failures {
    fn wait(&self) -> Option<Duration> {
        let doublings = self.count.checked_sub(FREE_FAILURES)?.min(16);
        Some((FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT))
    }
}

/// What one person holds: an IPv4 address (also when it comes as an IPv6 one), but a whole /64 of
/// IPv6 addresses.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn fail(lockout: &mut Lockout, text: &str, times: u32, now: Instant) {
        for _ in 0..times {
            lockout.failed(address(text), now);
        }
    }

    #[test]
    fn the_fifth_failure_locks_out_and_further_ones_double_the_wait() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        let me = address("192.0.2.1");
        fail(&mut lockout, "192.0.2.1", 4, now);
        assert_eq!(lockout.wait(me, now), None);
        fail(&mut lockout, "192.0.2.1", 1, now);
        assert_eq!(lockout.wait(me, now), Some(Duration::from_secs(10)));
        assert_eq!(
            lockout.wait(me, now + Duration::from_secs(7)),
            Some(Duration::from_secs(3))
        );
        assert_eq!(lockout.wait(me, now + Duration::from_secs(10)), None);
        assert_eq!(
            lockout.wait(address("192.0.2.2"), now),
            None,
            "others are not affected"
        );
        let later = now + Duration::from_secs(10);
        fail(&mut lockout, "192.0.2.1", 1, later);
        assert_eq!(lockout.wait(me, later), Some(Duration::from_secs(20)));
        fail(&mut lockout, "192.0.2.1", 100, later);
        assert_eq!(lockout.wait(me, later), Some(LONGEST_WAIT));
    }

    #[test]
    fn success_and_time_forget() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        fail(&mut lockout, "192.0.2.1", 4, now);
        lockout.succeeded(address("192.0.2.1"));
        fail(&mut lockout, "192.0.2.1", 4, now);
        assert_eq!(lockout.wait(address("192.0.2.1"), now), None);
        let later = now + MEMORY;
        fail(&mut lockout, "192.0.2.1", 1, later);
        assert_eq!(lockout.wait(address("192.0.2.1"), later), None);
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        for host in 1..=5 {
            fail(&mut lockout, &format!("2001:db8:1:2::{host}"), 1, now);
        }
        assert!(lockout.wait(address("2001:db8:1:2:ffff::"), now).is_some());
        assert!(lockout.wait(address("2001:db8:1:3::1"), now).is_none());
        fail(&mut lockout, "::ffff:192.0.2.1", 5, now);
        assert!(lockout.wait(address("192.0.2.1"), now).is_some());
        assert!(lockout.wait(address("::ffff:192.0.2.2"), now).is_none());
    }

    #[test]
    fn the_memory_is_bounded() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        for n in 0..MAX_ADDRESSES as u32 + 10 {
            lockout.failed(IpAddr::V4(n.into()), now + Duration::from_millis(n.into()));
        }
        assert_eq!(lockout.failures.len(), MAX_ADDRESSES);
        assert!(!lockout.failures.contains_key(&IpAddr::V4(0.into())));
    }
}
