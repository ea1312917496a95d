//! The connection file: how programs and people find a running session.

use crate::{failure::reason, own_file::OwnFile, runtime_dir::SessionName};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// What the connection file says. Readers ignore fields that they do not know;
/// a field never changes its meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Connection {
    /// The version of this layout.
    pub(crate) version: u32,
    /// The session's process.
    pub(crate) pid: i32,
    pub(crate) name: String,
    /// The value of WAYLAND_DISPLAY for programs of the session.
    pub(crate) wayland_display: String,
    /// The value of XDG_RUNTIME_DIR for programs of the session.
    pub(crate) xdg_runtime_dir: PathBuf,
    /// The control socket.
    pub(crate) control: PathBuf,
    /// Where viewers connect.
    pub(crate) endpoints: Vec<Endpoint>,
    /// The security types that are offered, by the names that `--auth` takes.
    pub(crate) auth: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view_only_password: Option<String>,
}

/// One place where viewers connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Endpoint {
    /// VNC over TCP.
    Vnc { address: IpAddr, port: u16 },
    /// VNC over a Unix socket.
    Unix { path: PathBuf },
    /// A kind that a later version writes.
    #[serde(other)]
    Other,
}

impl Endpoint {
    /// The command that makes the endpoint reachable on another machine, which
    /// knows this one as `host`; none where it is reachable as it is.
    pub(crate) fn tunnel(&self, host: &str) -> Option<String> {
        match self {
            Endpoint::Vnc { address, port } if address.is_loopback() => {
                let far = SocketAddr::new(*address, *port);
                Some(format!("ssh -L {port}:{far} {host}"))
            }
            Endpoint::Unix { path } => Some(format!("ssh -L 5900:{} {host}", path.display())),
            _ => None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Vnc { address, port } => {
                write!(f, "vnc://{}", SocketAddr::new(*address, *port))
            }
            Endpoint::Unix { path } => write!(f, "unix:{}", path.display()),
            Endpoint::Other => f.write_str("unknown"),
        }
    }
}

impl Connection {
    /// Writes the file: nobody ever sees a part of it, and only this user can
    /// read it. It is removed when the returned value is dropped.
    ///
    /// # Errors
    /// A sentence with the path.
    pub(crate) fn publish(&self, path: &Path) -> Result<OwnFile, String> {
        let write = || -> io::Result<OwnFile> {
            let path = std::path::absolute(path)?;
            let mut text = serde_json::to_vec(self)?;
            text.push(b'\n');
            let name = path
                .file_name()
                .ok_or_else(|| io::Error::other("it names no file"))?;
            let mut temporary = std::ffi::OsString::from(".");
            temporary.push(name);
            temporary.push(format!(".{}", std::process::id()));
            let temporary = path.with_file_name(temporary);
            replace(&temporary, &path, &text).inspect_err(|_| {
                let _ = fs::remove_file(&temporary);
            })?;
            OwnFile::adopt(path)
        };
        write().map_err(|error| {
            format!(
                "cannot write the connection file {} ({}): make its directory writable, or choose \
                 another path with `offing run --connection-file`",
                path.display(),
                reason(&error)
            )
        })
    }

    /// Reads a connection file.
    ///
    /// # Errors
    /// A sentence with the path.
    pub(crate) fn read(path: &Path) -> Result<Connection, String> {
        let shown = path.display();
        let text = fs::read(path).map_err(|error| {
            format!(
                "cannot read {shown} ({}): name the connection file of a running session",
                reason(&error)
            )
        })?;
        serde_json::from_slice(&text)
            .map_err(|_| format!("{shown} is no connection file: name one that `offing run` wrote"))
    }

    /// The session that `--session` names, or the only one that runs.
    ///
    /// # Errors
    /// A sentence: none runs, the named one does not, or several do.
    pub(crate) fn find(sessions: &Path, name: Option<&str>) -> Result<Connection, String> {
        let mut running = Connection::running(sessions);
        if let Some(name) = name {
            return running
                .into_iter()
                .find(|session| session.name == name)
                .ok_or_else(|| {
                    format!(
                        "no session named {name} is running: `offing list` shows those that are"
                    )
                });
        }
        match running.len() {
            0 => Err("no session is running: start one with `offing run`".to_owned()),
            1 => Ok(running.remove(0)),
            _ => {
                let names: Vec<String> = running.into_iter().map(|session| session.name).collect();
                Err(format!(
                    "several sessions are running: choose one with --session: {}",
                    names.join(", ")
                ))
            }
        }
    }

    /// The sessions that run, by name. Files that cannot be read are passed over.
    pub(crate) fn running(sessions: &Path) -> Vec<Connection> {
        let entries = fs::read_dir(sessions).into_iter().flatten().flatten();
        let mut found: Vec<Connection> = entries
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .filter_map(|path| Connection::read(&path).ok())
            .filter(|session| session.is_running(sessions))
            .collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }

    /// Whether the session's process lives. Its number may be another's by now, but not its lock.
    fn is_running(&self, sessions: &Path) -> bool {
        SessionName::is_taken(sessions, &self.name)
    }
}

/// Writes `text` to a new file and moves that to `path`.
fn replace(temporary: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    // What a killed process with our number left.
    let _ = fs::remove_file(temporary);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)?;
    file.write_all(text)?;
    fs::rename(temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        os::unix::fs::MetadataExt,
        sync::atomic::{AtomicBool, Ordering},
    };

    fn sample(name: &str) -> Connection {
        Connection {
            version: 1,
            pid: i32::try_from(std::process::id()).unwrap(),
            name: name.to_owned(),
            wayland_display: "wayland-0".to_owned(),
            xdg_runtime_dir: "/run/user/1000".into(),
            control: "/run/user/1000/offing/one.sock".into(),
            endpoints: vec![
                Endpoint::Vnc {
                    address: "127.0.0.1".parse().unwrap(),
                    port: 5900,
                },
                Endpoint::Unix {
                    path: "/tmp/vnc.sock".into(),
                },
            ],
            auth: vec!["vncauth".to_owned()],
            password: Some("secret78".to_owned()),
            view_only_password: None,
        }
    }

    #[test]
    fn the_text_is_what_is_documented() {
        let text = serde_json::to_string(&sample("one")).unwrap();
        let expected = format!(
            r#"{{"version":1,"pid":{},"name":"one","wayland_display":"wayland-0","xdg_runtime_dir":"/run/user/1000","control":"/run/user/1000/offing/one.sock","endpoints":[{{"kind":"vnc","address":"127.0.0.1","port":5900}},{{"kind":"unix","path":"/tmp/vnc.sock"}}],"auth":["vncauth"],"password":"secret78"}}"#,
            std::process::id()
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn it_is_private_and_goes_with_the_session() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one.json");
        let published = sample("one").publish(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(Connection::read(&path).unwrap(), sample("one"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        drop(published);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_old_file_with_another_mode_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one.json");
        fs::write(&path, "old").unwrap();
        let _published = sample("one").publish(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    }

    #[test]
    fn a_reader_never_sees_a_part() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one.json");
        let mut large = sample("one");
        large.auth = vec!["x".repeat(1000); 200];
        let _first = large.publish(&path).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut count = 0_usize;
                while !done.load(Ordering::Relaxed) || count == 0 {
                    Connection::read(&path).unwrap();
                    count += 1;
                }
            });
            for _ in 0..50 {
                // Kept, or the file would go between two writes.
                std::mem::forget(large.publish(&path).unwrap());
            }
            done.store(true, Ordering::Relaxed);
            reader.join().unwrap();
        });
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        fs::create_dir(&path).unwrap();
        let error = sample("one").publish(&path).unwrap_err();
        assert!(error.contains("--connection-file"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        sample("one")
            .publish(Path::new("/does/not/exist"))
            .unwrap_err();
    }

    #[test]
    fn readers_ignore_what_they_do_not_know() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one.json");
        let mut value = serde_json::to_value(sample("one")).unwrap();
        value["fingerprint"] = "SHA256:x".into();
        value["endpoints"] = serde_json::json!([{"kind": "web", "url": "http://x"}]);
        fs::write(&path, value.to_string()).unwrap();
        let read = Connection::read(&path).unwrap();
        assert_eq!(read.endpoints, [Endpoint::Other]);

        fs::write(&path, "{}").unwrap();
        let error = Connection::read(&path).unwrap_err();
        assert!(error.contains("no connection file"), "{error}");
    }

    #[test]
    fn sessions_are_found_by_name_or_alone() {
        let dir = tempfile::tempdir().unwrap();
        let find = |name| Connection::find(dir.path(), name);
        assert!(find(None).unwrap_err().contains("offing run"));

        let take = |name| SessionName::take(dir.path(), Some(name)).unwrap();
        let publish = |name: &str| {
            let path = dir.path().join(format!("{name}.json"));
            sample(name).publish(&path).unwrap()
        };
        let (_lock, _one) = (take("one"), publish("one"));
        fs::write(dir.path().join("broken.json"), "{").unwrap();
        fs::write(dir.path().join("one.lock"), "").unwrap();
        assert_eq!(find(None).unwrap().name, "one");

        // What a killed session leaves, whoever has its number now.
        let _dead = publish("dead");
        fs::write(dir.path().join("dead.lock"), "").unwrap();
        assert_eq!(find(None).unwrap().name, "one");
        assert!(
            find(Some("dead"))
                .unwrap_err()
                .contains("no session named dead")
        );

        let (_lock, _two) = (take("two"), publish("two"));
        let error = find(None).unwrap_err();
        assert!(error.ends_with("one, two"), "{error}");
        assert_eq!(find(Some("two")).unwrap().name, "two");
        assert!(find(Some("three")).is_err());
    }
}
