//! What a running session owns besides its compositor: where viewers connect, the passwords, the
//! connection file. It does what is asked over the control socket.

use crate::{
    auth::{AuthOptions, Passwords, Security},
    connection::Connection,
    control::{Answer, Control, Request, Setting},
    events::{Events, Snapshot},
    listen::{Address, Bound, Socket, bind_all},
    own_file::OwnFile,
    password,
};
use offing::{Offing, remote};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    io, mem,
    os::unix::net::UnixStream,
    path::PathBuf,
    rc::Rc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The longest name of a desktop, in bytes.
const LONGEST_NAME: usize = 256;

/// The session, as its owner sees it.
pub(crate) struct Session {
    /// What the connection file says.
    connection: Connection,
    /// Where it has been written.
    files: Vec<OwnFile>,
    bound: Vec<Bound>,
    auth: AuthOptions,
    desktop: Desktop,
    start: Start,
    events: Events,
}

/// What viewers get, as far as it can be changed.
struct Desktop {
    name: String,
    connections: bool,
    input: bool,
}

/// How the session was started.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Start {
    /// The program that it runs, and its arguments.
    pub(crate) command: Vec<String>,
    /// When, in seconds since 1970.
    pub(crate) started: u64,
    /// Whether it was started with `--detach`.
    pub(crate) detached: bool,
}

impl Start {
    /// A session that starts now.
    pub(crate) fn now(command: &[OsString], detached: bool) -> Start {
        let started = SystemTime::now().duration_since(UNIX_EPOCH);
        let text = |word: &OsString| word.to_string_lossy().into_owned();
        Start {
            command: command.iter().map(text).collect(),
            started: started.map_or(0, |since| since.as_secs()),
            detached,
        }
    }
}

impl Session {
    /// A session that begins as `connection` says, and as its options do.
    pub(crate) fn new(
        connection: Connection,
        bound: Vec<Bound>,
        auth: &AuthOptions,
        view_only: bool,
        start: Start,
    ) -> Session {
        Session {
            desktop: Desktop {
                name: connection.name.clone(),
                connections: true,
                input: !view_only,
            },
            connection,
            files: Vec::new(),
            bound,
            // What the files say may change.
            auth: AuthOptions {
                password_file: None,
                view_only_password_file: None,
                ..auth.clone()
            },
            start,
            events: Events::default(),
        }
    }

    /// What the connection file says.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Writes the connection file to these paths, from where it goes with this value.
    ///
    /// # Errors
    /// A sentence with the path.
    pub(crate) fn publish(&mut self, paths: &[PathBuf]) -> Result<(), String> {
        for path in paths {
            self.files.push(self.connection.publish(path)?);
        }
        Ok(())
    }

    /// Tells those who wait for events what has changed.
    pub(crate) fn announce(&mut self, offing: &Offing) {
        if self.events.are_awaited() {
            let now = self.snapshot(offing);
            self.events.announce(now);
        }
    }

    fn snapshot(&self, offing: &Offing) -> Snapshot {
        let size = offing.size();
        Snapshot {
            state: self.state(offing),
            name: self.desktop.name.clone(),
            size: (size.width, size.height),
            viewers: offing.viewers(),
        }
    }

    /// In the words of Qt VNC Server.
    fn state(&self, offing: &Offing) -> &'static str {
        if !offing.is_serving() {
            "failed"
        } else if !offing.viewers().is_empty() {
            "connected"
        } else if self.desktop.connections && !self.bound.is_empty() {
            "listening"
        } else {
            "not-started"
        }
    }

    fn describe(&self, offing: &Offing) -> Value {
        let size = offing.size();
        json!({
            "session": self.connection.name,
            "name": self.desktop.name,
            "state": self.state(offing),
            "connections": self.desktop.connections,
            "input": self.desktop.input,
            "endpoints": self.connection.endpoints,
            "size": {"width": size.width, "height": size.height},
            "scale": offing.scale(),
            "viewers": offing.viewers(),
            "windows": offing.windows(),
            "command": self.start.command,
            "started": self.start.started,
            "detached": self.start.detached,
        })
    }

    fn set(&mut self, offing: &mut Offing, setting: Setting) -> Result<(), String> {
        match setting {
            Setting::Name(name) => {
                check_name(&name)?;
                offing.set_name(&name);
                self.desktop.name = name;
            }
            Setting::Connections(on) => {
                offing.set_connections(on);
                self.desktop.connections = on;
            }
            Setting::Input(on) => {
                offing.set_view_only(!on);
                self.desktop.input = on;
            }
            Setting::Password(password) => self.set_password(offing, password)?,
            Setting::ViewOnlyPassword(password) => self.set_view_only_password(offing, password)?,
        }
        Ok(())
    }

    fn passwords(&self) -> Passwords {
        Passwords {
            full: self.connection.password.clone(),
            view_only: self.connection.view_only_password.clone(),
        }
    }

    fn set_password(
        &mut self,
        offing: &mut Offing,
        password: Option<String>,
    ) -> Result<(), String> {
        let Some(password) = password else {
            // Without a password there is nobody left who would give the lesser one.
            return self.change_auth(offing, vec![Security::None], Passwords::default());
        };
        let passwords = Passwords {
            full: Some(password::check(&password)?.to_owned()),
            ..self.passwords()
        };
        let security = match self.auth.auth.contains(&Security::VncAuth) {
            true => self.auth.auth.clone(),
            false => vec![Security::VncAuth],
        };
        self.change_auth(offing, security, passwords)
    }

    fn set_view_only_password(
        &mut self,
        offing: &mut Offing,
        password: Option<String>,
    ) -> Result<(), String> {
        if self.connection.password.is_none() {
            return Err(
                "viewers need no password at all: use `offing msg set password` first".to_owned(),
            );
        }
        let password = password.as_deref().map(password::check).transpose()?;
        let passwords = Passwords {
            view_only: password.map(str::to_owned),
            ..self.passwords()
        };
        self.change_auth(offing, self.auth.auth.clone(), passwords)
    }

    fn change_auth(
        &mut self,
        offing: &mut Offing,
        security: Vec<Security>,
        passwords: Passwords,
    ) -> Result<(), String> {
        passwords.check()?;
        let auth = AuthOptions {
            auth: security,
            ..self.auth.clone()
        };
        check_safety(&auth, &self.bound)?;
        self.change_connection(Connection {
            auth: auth.names(),
            password: passwords.full.clone(),
            view_only_password: passwords.view_only.clone(),
            ..self.connection.clone()
        })?;
        offing.set_auth(remote_auth(&auth, &passwords));
        self.auth = auth;
        Ok(())
    }

    /// Listens at these addresses instead of the old ones.
    fn listen(&mut self, offing: &mut Offing, addresses: &[String]) -> Result<Value, String> {
        let addresses: Vec<Address> = addresses
            .iter()
            .map(|text| match text.parse() {
                Ok(Address::Fd(_)) => Err(format!("{text} goes with `offing run --listen` only")),
                parsed => parsed.map_err(|error| format!("{text} is no address: {error}")),
            })
            .collect::<Result<_, _>>()?;
        let bound = bind_all(&addresses, &self.bound)?;
        check_safety(&self.auth, &bound)?;
        let listeners = listeners(&bound)
            .map_err(|error| format!("cannot listen there ({error}): close programs"))?;
        let endpoints: Vec<_> = bound.iter().map(|bound| bound.endpoint.clone()).collect();
        let answer = json!({ "endpoints": endpoints });
        self.change_connection(Connection {
            endpoints,
            ..self.connection.clone()
        })?;
        offing.set_listeners(listeners);
        for old in mem::replace(&mut self.bound, bound) {
            if self.bound.iter().all(|new| new.endpoint != old.endpoint) {
                old.close();
            }
        }
        Ok(answer)
    }

    /// Writes the connection file anew; if that fails, everything stays as it was.
    fn change_connection(&mut self, connection: Connection) -> Result<(), String> {
        let write = |file: &mut OwnFile| -> Result<(), String> {
            *file = connection.publish(file.path())?;
            Ok(())
        };
        if let Err(error) = self.files.iter_mut().try_for_each(write) {
            // One of several files may have been written.
            for file in &mut self.files {
                if let Ok(restored) = self.connection.publish(file.path()) {
                    *file = restored;
                }
            }
            return Err(error);
        }
        self.connection = connection;
        Ok(())
    }
}

impl Control<Offing> for Session {
    fn perform(&mut self, offing: &mut Offing, request: Request) -> Answer {
        match request {
            Request::State => Answer::Value(self.describe(offing)),
            Request::Resize { width, height } => {
                Answer::done(offing.resize(rfb::Size::new(width, height)))
            }
            Request::Disconnect { viewer } => {
                offing.disconnect(viewer.map(remote::ViewerId));
                Answer::done(Ok(()))
            }
            Request::Screenshot => Answer::Picture(Box::new(offing.screenshot())),
            Request::Set(setting) => Answer::done(self.set(offing, setting)),
            Request::Listen { addresses } => match self.listen(offing, &addresses) {
                Ok(value) => Answer::Value(value),
                Err(sentence) => Answer::Error(sentence),
            },
            Request::Events => Answer::Events,
            Request::Attach => Answer::Viewer,
            Request::Quit => {
                offing.stop();
                Answer::done(Ok(()))
            }
        }
    }

    fn attach(&mut self, offing: &mut Offing, stream: UnixStream) {
        if let Err(error) = offing.attach_viewer(stream) {
            tracing::warn!("a viewer of the control socket is turned away: {error}");
        }
    }

    fn subscribe(&mut self, offing: &mut Offing, reader: &Rc<UnixStream>) {
        let now = self.snapshot(offing);
        self.events.subscribe(reader, now);
    }
}

/// Who may connect, as the compositor wants it.
pub(crate) fn remote_auth(auth: &AuthOptions, passwords: &Passwords) -> remote::Auth {
    let security = auth.auth.iter().map(|security| match security {
        Security::None => rfb::Security::NONE,
        Security::VncAuth => rfb::Security::VNC_AUTH,
    });
    remote::Auth {
        security: security.collect(),
        password: passwords.full.clone(),
        view_only_password: passwords.view_only.clone(),
    }
}

/// The listeners for the compositor; ours stay, so that they can be had again.
///
/// # Errors
/// The system has no descriptor to spare.
pub(crate) fn listeners(bound: &[Bound]) -> io::Result<Vec<remote::Listener>> {
    let listener = |bound: &Bound| -> io::Result<remote::Listener> {
        Ok(match bound.share()?.socket {
            Socket::Tcp(listener) => remote::Listener::Tcp(listener),
            Socket::Unix(listener) => remote::Listener::Unix(listener),
        })
    };
    bound.iter().map(listener).collect()
}

/// Checks that what is asked for is safe enough where viewers connect.
///
/// # Errors
/// A sentence that says what to do instead.
pub(crate) fn check_safety(auth: &AuthOptions, bound: &[Bound]) -> Result<(), String> {
    let public: Vec<String> = bound
        .iter()
        .filter(|bound| bound.is_public())
        .map(|bound| bound.endpoint.to_string())
        .collect();
    auth.check(&public, rustix::process::geteuid().is_root())
}

fn check_name(name: &str) -> Result<(), String> {
    let is_plain = !name.contains(char::is_control);
    match !name.is_empty() && name.len() <= LONGEST_NAME && is_plain {
        true => Ok(()),
        false => Err(format!(
            "the desktop's name has 1 to {LONGEST_NAME} bytes, on one line"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_desktops_are_one_line_of_any_letters() {
        for good in ["a", "the desk of Zoë", &"n".repeat(LONGEST_NAME)] {
            check_name(good).unwrap();
        }
        for bad in ["", "a\nb", "\u{1b}[2J", &"n".repeat(LONGEST_NAME + 1)] {
            let error = check_name(bad).unwrap_err();
            assert!(error.contains("on one line"), "{bad:?}: {error}");
        }
    }
}
