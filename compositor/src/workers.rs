//! A few threads that run pure functions, such as encoding jobs, and hand their results back.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use calloop::ping::Ping;

use crate::lock::lock;

/// Threads that run tasks in the order of their coming. Dropping it waits for the tasks that run
/// already, and drops the others.
pub(crate) struct Workers<R: Send + 'static> {
    shared: Arc<Shared<R>>,
    threads: Vec<JoinHandle<()>>,
}

type Task<R> = Box<dyn FnOnce() -> R + Send>;

struct Shared<R> {
    queue: Mutex<Queue<R>>,
    /// There is a task, or it is over.
    wake: Condvar,
    finished: Mutex<Vec<(u64, Option<R>)>>,
    done: Ping,
}

struct Queue<R> {
    tasks: VecDeque<(u64, Task<R>)>,
    over: bool,
}

impl<R: Send + 'static> Workers<R> {
    /// Starts `count` threads of this name. `done` is pinged when results wait.
    pub(crate) fn start(name: &str, count: usize, done: Ping) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue {
                tasks: VecDeque::new(),
                over: false,
            }),
            wake: Condvar::new(),
            finished: Mutex::new(Vec::new()),
            done,
        });
        let mut workers = Self {
            shared,
            threads: Vec::with_capacity(count),
        };
        for n in 0..count {
            let shared = workers.shared.clone();
            let thread = thread::Builder::new()
                .name(format!("{name}-{n}"))
                .spawn(move || shared.work())?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Queues a task; its result comes out of [`finished`](Self::finished) with this number.
    pub(crate) fn submit(&self, number: u64, task: impl FnOnce() -> R + Send + 'static) {
        lock(&self.shared.queue)
            .tasks
            .push_back((number, Box::new(task)));
        self.shared.wake.notify_one();
    }

    /// Takes the results that have come; `None` for a task that panicked.
    pub(crate) fn finished(&self) -> Vec<(u64, Option<R>)> {
        mem::take(&mut lock(&self.shared.finished))
    }
}

impl<R: Send + 'static> Drop for Workers<R> {
    fn drop(&mut self) {
        {
            let mut queue = lock(&self.shared.queue);
            queue.over = true;
            queue.tasks.clear();
        }
        self.shared.wake.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker's thread panicked");
            }
        }
    }
}

impl<R> Shared<R> {
    fn work(&self) {
        while let Some((number, task)) = self.next() {
            // A panic is a bug of ours: it costs those who wait for this result, and nobody else
            // anything.
            let result = catch_unwind(AssertUnwindSafe(task)).ok();
            let first = {
                let mut finished = lock(&self.finished);
                finished.push((number, result));
                finished.len() == 1
            };
            if first {
                self.done.ping();
            }
        }
    }

    fn next(&self) -> Option<(u64, Task<R>)> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.over {
                return None;
            }
            if let Some(task) = queue.tasks.pop_front() {
                return Some(task);
            }
            queue = self
                .wake
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use calloop::EventLoop;
    use calloop::ping::make_ping;
    use std::time::{Duration, Instant};

    /// A loop that workers ping.
    pub(crate) struct Pinged(EventLoop<'static, ()>);

    impl Pinged {
        pub(crate) fn new() -> (Ping, Self) {
            let (ping, source) = make_ping().unwrap();
            let event_loop = EventLoop::try_new().unwrap();
            event_loop
                .handle()
                .insert_source(source, |(), (), ()| ())
                .unwrap();
            (ping, Self(event_loop))
        }

        /// Waits for `count` results, sleeping only in the loop.
        pub(crate) fn collect<T>(
            &mut self,
            count: usize,
            mut finished: impl FnMut() -> Vec<T>,
        ) -> Vec<T> {
            let deadline = Instant::now() + Duration::from_secs(20);
            let mut results = finished();
            while results.len() < count {
                let left = deadline
                    .checked_duration_since(Instant::now())
                    .expect("results in time");
                self.0.dispatch(left, &mut ()).unwrap();
                results.extend(finished());
            }
            results
        }
    }

    fn start(count: usize) -> (Workers<u32>, Pinged) {
        let (ping, pinged) = Pinged::new();
        (Workers::start("test", count, ping).unwrap(), pinged)
    }

    #[test]
    fn every_task_is_run_once() {
        let (workers, mut pinged) = start(3);
        for n in 0..500 {
            workers.submit(n.into(), move || n * 2);
        }
        let mut results = pinged.collect(500, || workers.finished());
        results.sort_unstable_by_key(|(number, _)| *number);
        assert!(
            results
                .into_iter()
                .eq((0..500).map(|n| (u64::from(n), Some(n * 2))))
        );
    }

    #[test]
    fn a_panic_costs_only_its_own_task() {
        let (workers, mut pinged) = start(1);
        workers.submit(1, || panic!("a test of panics: this message is expected"));
        workers.submit(2, || 7);
        assert_eq!(
            pinged.collect(2, || workers.finished()),
            [(1, None), (2, Some(7))]
        );
    }

    #[test]
    fn dropping_drops_what_is_queued() {
        let (workers, _pinged) = start(1);
        let token = Arc::new(());
        let (started, running) = std::sync::mpsc::channel();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        workers.submit(0, move || {
            started.send(()).unwrap();
            let _ = wait.recv_timeout(Duration::from_secs(20));
            0
        });
        for n in 1..100 {
            let token = token.clone();
            workers.submit(n, move || Arc::strong_count(&token) as u32);
        }
        running.recv_timeout(Duration::from_secs(20)).unwrap();
        let shared = workers.shared.clone();
        let dropper = thread::spawn(move || drop(workers));
        // The one that runs holds the drop up; the others are gone before it ends.
        let deadline = Instant::now() + Duration::from_secs(20);
        while !lock(&shared.queue).over {
            assert!(Instant::now() < deadline);
            thread::yield_now();
        }
        assert_eq!(Arc::strong_count(&token), 1);
        go.send(()).unwrap();
        dropper.join().unwrap();
        assert_eq!(lock(&shared.finished).len(), 1);
    }
}
