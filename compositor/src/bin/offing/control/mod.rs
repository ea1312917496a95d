//! The control socket: what programs of the same user ask of a running session.
//!
//! Nothing here waits for a client: a connection takes its next request only
//! when the answer to the last one has been written. What is done about requests
//! is [`Control`]'s.

pub(crate) mod client;
mod connection;
mod protocol;

pub(crate) use protocol::{Request, Setting, line};

use crate::{
    failure::{reason, remedy},
    picture::Picture,
};
use calloop::{
    Interest, LoopHandle, Mode, PostAction, RegistrationToken,
    generic::Generic,
    timer::{TimeoutAction, Timer},
};
use connection::{Connection, Event};
use rustix::net::sockopt::socket_peercred;
use serde_json::Value;
use std::{
    cell::{Cell, RefCell},
    io::{self, ErrorKind},
    os::unix::net::{UnixListener, UnixStream},
    rc::Rc,
    time::Duration,
};

/// How many clients are served at a time; further ones are turned away.
const CLIENTS: usize = 16;

/// How many are accepted before the session goes on.
const BATCH: usize = 16;

/// How long no client is accepted once that has failed, for example because all
/// descriptors are in use.
const PAUSE: Duration = Duration::from_secs(1);

/// What does as requests say, with a session `S`.
pub(crate) trait Control<S> {
    /// Does what a client asks.
    fn perform(&mut self, session: &mut S, request: Request) -> Answer;

    /// Takes a client as a viewer, once it has been told so: see [`Answer::Viewer`].
    fn attach(&mut self, session: &mut S, stream: UnixStream);

    /// Tells a client of events from now on: see [`Answer::Events`]. The stream does not block.
    /// Who keeps no more than a weak reference learns that way that the client has gone.
    fn subscribe(&mut self, session: &mut S, reader: &Rc<UnixStream>);
}

/// The answer to a request.
pub(crate) enum Answer {
    /// Done.
    Value(Value),
    /// Not done: a sentence.
    Error(String),
    /// A picture, after a line that tells its size.
    Picture(Box<dyn Picture>),
    /// From now on the connection is a viewer's.
    Viewer,
    /// From now on the connection carries events.
    Events,
}

impl Answer {
    /// The answer to what has no result.
    pub(crate) fn done(result: Result<(), String>) -> Answer {
        match result {
            Ok(()) => Answer::nothing(),
            Err(sentence) => Answer::Error(sentence),
        }
    }

    fn nothing() -> Answer {
        Answer::Value(Value::Object(Default::default()))
    }
}

/// Serves a control socket in a loop. The listener does not block.
///
/// # Errors
/// The loop cannot watch the socket.
pub(crate) fn serve<S: 'static>(
    handle: &LoopHandle<'static, S>,
    listener: UnixListener,
    control: Rc<RefCell<impl Control<S> + 'static>>,
) -> io::Result<()> {
    let mut door = Door::default();
    let own_token = Rc::new(Cell::new(None));
    let token = own_token.clone();
    // Weak, for the loop owns this closure and would otherwise own itself.
    let weak = handle.downgrade();
    let source = Generic::new(listener, Interest::READ, Mode::Level);
    let inserted = handle.insert_source(source, move |_, listener, _| {
        let Some(handle) = weak.upgrade() else {
            return Ok(PostAction::Remove);
        };
        Ok(match door.accept(&handle, listener, &control) {
            true => PostAction::Continue,
            false => pause(&handle, token.get()),
        })
    });
    own_token.set(Some(
        inserted.map_err(|error| io::Error::other(error.error))?,
    ));
    Ok(())
}

/// Who comes in.
#[derive(Default)]
struct Door {
    /// One more than there are clients share this.
    clients: Rc<()>,
    /// The last one was turned away, and that was logged.
    turning_away: bool,
}

impl Door {
    /// Accepts clients that wait, but not so many that the session would wait for them. False:
    /// that has failed, and would fail again at once.
    fn accept<S: 'static>(
        &mut self,
        handle: &LoopHandle<'static, S>,
        listener: &UnixListener,
        control: &Rc<RefCell<impl Control<S> + 'static>>,
    ) -> bool {
        for _ in 0..BATCH {
            match listener.accept() {
                Ok((stream, _)) => {
                    let admitted = admit(handle, stream, &self.clients, control);
                    self.accepted(admitted);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return true,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => {
                        self.accepted(Err(failed(&error)));
                        return false;
                    }
                },
            }
        }
        true
    }

    /// A client has come in, or could not. Of those that cannot the first alone is logged.
    fn accepted(&mut self, result: Result<(), String>) {
        if let Err(reason) = &result
            && !self.turning_away
        {
            tracing::warn!("clients of the control socket are turned away: {reason}");
        }
        self.turning_away = result.is_err();
    }
}

fn failed(error: &io::Error) -> String {
    format!("{}: {}", reason(error), remedy(error))
}

fn admit<S: 'static>(
    handle: &LoopHandle<'static, S>,
    stream: UnixStream,
    clients: &Rc<()>,
    control: &Rc<RefCell<impl Control<S> + 'static>>,
) -> Result<(), String> {
    let peer = socket_peercred(&stream).map_err(|error| failed(&error.into()))?;
    if !peer.uid.is_root() && peer.uid != rustix::process::geteuid() {
        return Err("one belongs to another user: run it as the user of the session".to_owned());
    }
    if Rc::strong_count(clients) > CLIENTS {
        return Err(format!("{CLIENTS} are connected: end some of them"));
    }
    stream
        .set_nonblocking(true)
        .map_err(|error| failed(&error))?;
    let counted = clients.clone();
    let control = control.clone();
    handle
        .insert_source(Connection::new(stream), move |event, (), session| {
            let _ = &counted;
            let mut control = control.borrow_mut();
            match event {
                Event::Request(request) => return control.perform(session, request),
                Event::Viewer(stream) => control.attach(session, stream),
                Event::Reader(reader) => control.subscribe(session, &reader),
            }
            Answer::nothing()
        })
        .map(|_| ())
        .map_err(|error| failed(&error.error.into()))
}

/// Stops accepting for a while: trying again at once would keep the loop busy.
fn pause<S: 'static>(
    handle: &LoopHandle<'static, S>,
    listener: Option<RegistrationToken>,
) -> PostAction {
    let weak = handle.downgrade();
    let resumed = handle.insert_source(Timer::from_duration(PAUSE), move |_, _, _| {
        if let (Some(handle), Some(token)) = (weak.upgrade(), &listener)
            && let Err(error) = handle.enable(token)
        {
            tracing::error!("the control socket stays closed: {error}");
        }
        TimeoutAction::Drop
    });
    match resumed {
        Ok(_) => PostAction::Disable,
        Err(_) => PostAction::Continue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calloop::EventLoop;
    use serde_json::json;
    use std::{
        io::{BufRead, BufReader, Read, Write},
        path::{Path, PathBuf},
        sync::mpsc,
        thread,
    };

    /// A session of which only the answers matter.
    struct Fake {
        calls: mpsc::Sender<String>,
        size: (u16, u16),
    }

    struct Rows(Vec<u8>, (u16, u16));

    impl Picture for Rows {
        fn size(&self) -> (u16, u16) {
            self.1
        }

        fn row(&self, y: u16) -> &[u8] {
            let length = usize::from(self.1.0) * 4;
            &self.0[usize::from(y) * length..][..length]
        }
    }

    impl Control<bool> for Fake {
        fn perform(&mut self, goes_on: &mut bool, request: Request) -> Answer {
            match request {
                Request::State => Answer::Value(json!({"size": [self.size.0, self.size.1]})),
                Request::Resize { width: 1, .. } => {
                    Answer::Error("the screen cannot be as narrow as this".to_owned())
                }
                Request::Resize { width, height } => {
                    self.size = (width, height);
                    Answer::done(Ok(()))
                }
                Request::Screenshot => {
                    let (width, height) = self.size;
                    let bytes = usize::from(width) * usize::from(height) * 4;
                    let rows = Rows((0..=250).cycle().take(bytes).collect(), self.size);
                    Answer::Picture(Box::new(rows))
                }
                Request::Attach => Answer::Viewer,
                Request::Events => Answer::Events,
                Request::Quit => {
                    *goes_on = false;
                    Answer::done(Ok(()))
                }
                other => {
                    self.calls.send(format!("{other:?}")).unwrap();
                    Answer::done(Ok(()))
                }
            }
        }

        fn attach(&mut self, _: &mut bool, mut stream: UnixStream) {
            stream.set_nonblocking(false).unwrap();
            stream.write_all(b"RFB").unwrap();
            // It ends when the other side does, which the test's thread decides.
            thread::spawn(move || stream.read(&mut [0]));
        }

        fn subscribe(&mut self, _: &mut bool, reader: &Rc<UnixStream>) {
            let mut stream: &UnixStream = reader;
            stream.write_all(b"{\"event\":1}\n").unwrap();
        }
    }

    struct Session {
        socket: PathBuf,
        calls: mpsc::Receiver<String>,
        thread: Option<thread::JoinHandle<()>>,
        _dir: tempfile::TempDir,
    }

    impl Session {
        fn start() -> Session {
            let dir = tempfile::tempdir().unwrap();
            let socket = dir.path().join("control.sock");
            let listener = UnixListener::bind(&socket).unwrap();
            listener.set_nonblocking(true).unwrap();
            let (calls, received) = mpsc::channel();
            let thread = thread::spawn(move || {
                let mut event_loop = EventLoop::try_new().unwrap();
                let size = (320, 200);
                let fake = Rc::new(RefCell::new(Fake { calls, size }));
                serve(&event_loop.handle(), listener, fake).unwrap();
                let mut goes_on = true;
                while goes_on {
                    event_loop.dispatch(None, &mut goes_on).unwrap();
                }
            });
            Session {
                socket,
                calls: received,
                thread: Some(thread),
                _dir: dir,
            }
        }

        fn connect(&self) -> BufReader<UnixStream> {
            let stream = UnixStream::connect(&self.socket).unwrap();
            let patience = Some(Duration::from_secs(20));
            stream.set_read_timeout(patience).unwrap();
            stream.set_write_timeout(patience).unwrap();
            BufReader::new(stream)
        }
    }

    impl Drop for Session {
        fn drop(&mut self) {
            let mut quitter = self.connect();
            send(&mut quitter, "{\"method\":\"quit\"}\n");
            let ended = self.thread.take().unwrap().join();
            assert!(ended.is_ok() || thread::panicking());
        }
    }

    fn send(client: &mut BufReader<UnixStream>, text: &str) {
        client.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn receive(client: &mut BufReader<UnixStream>) -> Value {
        let mut line = String::new();
        client.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn requests_are_answered_in_order() {
        let session = Session::start();
        let mut client = session.connect();
        send(
            &mut client,
            "{\"method\":\"state\"}\n\
             {\"method\":\"resize\",\"params\":{\"width\":800,\"height\":600}}\n\
             {\"method\":\"resize\",\"params\":{\"width\":1,\"height\":600}}\n\
             nonsense\n\
             {\"method\":\"disconnect\",\"params\":{\"viewer\":7}}\n\
             {\"method\":\"disconnect\"}\n\
             {\"method\":\"st",
        );
        assert_eq!(receive(&mut client), json!({"ok": {"size": [320, 200]}}));
        assert_eq!(receive(&mut client), json!({"ok": {}}));
        let narrow = json!({"error": "the screen cannot be as narrow as this"});
        assert_eq!(receive(&mut client), narrow);
        assert!(receive(&mut client)["error"].is_string());
        assert_eq!(receive(&mut client), json!({"ok": {}}));
        assert_eq!(receive(&mut client), json!({"ok": {}}));
        assert_eq!(
            session.calls.recv().unwrap(),
            "Disconnect { viewer: Some(7) }"
        );
        assert_eq!(session.calls.recv().unwrap(), "Disconnect { viewer: None }");
        send(&mut client, "ate\"}\n");
        assert_eq!(receive(&mut client), json!({"ok": {"size": [800, 600]}}));
    }

    #[test]
    fn a_client_that_shuts_its_side_gets_all_answers_and_the_end() {
        let session = Session::start();
        let mut client = session.connect();
        send(&mut client, &"{\"method\":\"state\"}\n".repeat(100));
        client
            .get_ref()
            .shutdown(std::net::Shutdown::Write)
            .unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text.lines().count(), 100);
    }

    #[test]
    fn a_client_becomes_a_viewer() {
        let session = Session::start();
        let mut client = session.connect();
        send(&mut client, "{\"method\":\"attach\"}\n");
        assert_eq!(receive(&mut client), json!({"ok": {}}));
        let mut version = [0; 3];
        client.read_exact(&mut version).unwrap();
        assert_eq!(&version, b"RFB");

        let mut hasty = session.connect();
        send(&mut hasty, "{\"method\":\"attach\"}\nRFB 003.008\n");
        let error = receive(&mut hasty);
        assert!(error["error"].as_str().unwrap().contains("wait"), "{error}");
        assert_eq!(hasty.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_client_is_told_of_events_until_it_leaves() {
        let session = Session::start();
        let mut clients: Vec<_> = (0..CLIENTS).map(|_| session.connect()).collect();
        for client in &mut clients {
            send(client, "{\"method\":\"events\"}\nwhatever\n");
            assert_eq!(receive(client), json!({"ok": {}}));
            assert_eq!(receive(client), json!({"event": 1}));
        }
        // It counts as a client as long as it stays.
        assert_eq!(session.connect().read(&mut [0]).unwrap(), 0);
        for client in &mut clients {
            client
                .get_ref()
                .shutdown(std::net::Shutdown::Write)
                .unwrap();
            assert_eq!(client.read(&mut [0]).unwrap(), 0);
        }
        let mut client = session.connect();
        send(&mut client, "{\"method\":\"state\"}\n");
        receive(&mut client);
    }

    #[test]
    fn a_screenshot_is_a_line_and_the_pixels() {
        let session = Session::start();
        let mut client = session.connect();
        send(
            &mut client,
            "{\"method\":\"screenshot\"}\n{\"method\":\"state\"}\n",
        );
        let header = receive(&mut client);
        assert_eq!(
            header,
            json!({"ok": {"width": 320, "height": 200, "format": "bgrx"}})
        );
        let mut pixels = vec![0; 320 * 200 * 4];
        client.read_exact(&mut pixels).unwrap();
        assert!(
            pixels
                .iter()
                .copied()
                .eq((0..=250).cycle().take(pixels.len()))
        );
        assert_eq!(receive(&mut client), json!({"ok": {"size": [320, 200]}}));
    }

    #[test]
    fn a_client_that_never_reads_keeps_nobody_waiting() {
        let session = Session::start();
        let mut deaf: Vec<_> = (0..4).map(|_| session.connect()).collect();
        for client in &mut deaf {
            send(client, &"{\"method\":\"screenshot\"}\n".repeat(3));
        }
        let mut client = session.connect();
        for _ in 0..100 {
            send(&mut client, "{\"method\":\"state\"}\n");
            assert_eq!(receive(&mut client), json!({"ok": {"size": [320, 200]}}));
        }
        // And it still gets all of it once it reads.
        for _ in 0..3 {
            receive(&mut deaf[0]);
            let pixels = io::copy(&mut (&mut deaf[0]).take(320 * 200 * 4), &mut io::sink());
            assert_eq!(pixels.unwrap(), 320 * 200 * 4);
        }
    }

    #[test]
    fn a_request_without_end_is_cut_off() {
        let session = Session::start();
        let mut client = session.connect();
        send(&mut client, &"x".repeat(protocol::LONGEST_REQUEST));
        let error = receive(&mut client);
        assert!(error["error"].as_str().unwrap().contains("65536 bytes"));
        assert_eq!(client.read(&mut [0]).unwrap(), 0);

        let mut client = session.connect();
        let mut longest = "{\"method\":\"state\"}".to_owned();
        longest += &" ".repeat(protocol::LONGEST_REQUEST - 1 - longest.len());
        longest.push('\n');
        send(&mut client, &longest);
        assert!(receive(&mut client)["ok"].is_object());
    }

    #[test]
    fn further_clients_are_turned_away_until_one_leaves() {
        let session = Session::start();
        let mut clients: Vec<_> = (0..CLIENTS).map(|_| session.connect()).collect();
        for client in &mut clients {
            send(client, "{\"method\":\"state\"}\n");
            receive(client);
        }
        assert_eq!(session.connect().read(&mut [0]).unwrap(), 0);
        let mut leaving = clients.pop().unwrap();
        leaving
            .get_ref()
            .shutdown(std::net::Shutdown::Write)
            .unwrap();
        assert_eq!(leaving.read(&mut [0]).unwrap(), 0);
        let mut client = session.connect();
        send(&mut client, "{\"method\":\"state\"}\n");
        receive(&mut client);
        drop(client);
        clients.clear();
    }

    #[test]
    fn the_client_side_understands_the_server() {
        let session = Session::start();
        let call = |request| client::call(&session.socket, &request);
        let (state, _) = call(Request::State).unwrap();
        assert_eq!(state, json!({"size": [320, 200]}));
        let narrow = Request::Resize {
            width: 1,
            height: 1,
        };
        assert_eq!(
            call(narrow).unwrap_err(),
            "the screen cannot be as narrow as this"
        );
        let (size, png) = client::screenshot(&session.socket).unwrap();
        assert_eq!(size, (320, 200));
        assert!(png.starts_with(b"\x89PNG"));
    }

    #[test]
    fn a_session_that_is_gone_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        let call = |path: &Path| client::call(path, &Request::State).unwrap_err();
        assert!(call(&path).contains("offing run"));
        drop(UnixListener::bind(&path).unwrap());
        assert!(call(&path).contains("offing run"));
    }
}
