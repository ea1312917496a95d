//! A session on a thread of its own, and what is done with it from outside.

use std::sync::Mutex;
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use calloop::channel::{self, Event, Sender};
use offing::{Config, Offing, Server};

/// What is to be done, and who waits for it.
struct Command {
    act: Box<dyn FnOnce(&mut Offing) + Send>,
    done: SyncSender<()>,
}

/// A running session.
pub(crate) struct Session {
    commands: Sender<Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Session {
    /// With a screen of the size that WLCS reckons with.
    pub(crate) fn start() -> Self {
        let (commands, inbox) = channel::channel::<Command>();
        let thread = thread::spawn(move || {
            let config = Config::new("wlcs", rfb::Size::new(1280, 1024));
            let mut server = Server::new(config).expect("a session without listeners");
            let (queue, waiting) = mpsc::channel();
            let inserted = server.handle().insert_source(inbox, move |event, (), _| {
                if let Event::Msg(command) = event {
                    let _ = queue.send(command);
                }
            });
            inserted.expect("a new loop takes a source");
            // Clients look for it when they connect.
            server.state.add_touch();
            // Where no window goes by itself: tests expect no window to have the pointer.
            server.state.move_pointer_to(1279, 1023, 0);
            let turn = |server: &mut Server, timeout| {
                server.turn(timeout).expect("the loop goes on");
                // All is drawn, though nobody watches.
                server.state.screenshot();
            };
            while server.state.is_running() {
                // What clients sent before is served first, what follows from it afterwards.
                turn(&mut server, None);
                for Command { act, done } in waiting.try_iter() {
                    act(&mut server.state);
                    turn(&mut server, Some(Duration::ZERO));
                    let _ = done.send(());
                }
            }
        });
        Self {
            commands,
            thread: Mutex::new(Some(thread)),
        }
    }

    /// Does something between two turns of the session's loop, and waits for the second.
    pub(crate) fn act<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Offing) -> T + Send + 'static,
    ) -> T {
        let (reply, answer) = mpsc::sync_channel(1);
        let (done, finished) = mpsc::sync_channel(1);
        let act = Box::new(move |offing: &mut Offing| {
            let _ = reply.send(act(offing));
        });
        let sent = self.commands.send(Command { act, done });
        sent.expect("the session runs");
        finished.recv().expect("the session goes on");
        answer.recv().expect("it has been done")
    }

    /// Ends it, and waits until it has.
    pub(crate) fn stop(&self) {
        self.act(Offing::stop);
        let thread = self.thread.lock().expect("no test panics with it").take();
        if let Some(thread) = thread {
            thread.join().expect("the session did not panic");
        }
    }
}
