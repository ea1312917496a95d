//! The private directory where sessions put their sockets and files, and the
//! names of sessions.

use crate::{failure::reason, own_file::OwnFile};
use std::{
    env,
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// What `XDG_RUNTIME_DIR` is for a session: the variable's directory if it can
/// be used, else `offing-UID` under the temporary directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RuntimeDir(PathBuf);

impl RuntimeDir {
    /// The directory that every verb of this user finds.
    ///
    /// # Errors
    /// A sentence, where no private directory can be had.
    pub(crate) fn find() -> Result<RuntimeDir, String> {
        let user = rustix::process::geteuid().as_raw();
        RuntimeDir::choose(env::var_os("XDG_RUNTIME_DIR"), &env::temp_dir(), user)
    }

    fn choose(given: Option<OsString>, temporary: &Path, user: u32) -> Result<RuntimeDir, String> {
        if let Some(given) = given.map(PathBuf::from)
            && is_usable(&given, user)
        {
            return Ok(RuntimeDir(given));
        }
        let path = std::path::absolute(temporary)
            .unwrap_or_else(|_| PathBuf::from("/tmp"))
            .join(format!("offing-{user}"));
        make_private(&path, user)
            .map_err(|error| format!("{error}, or set XDG_RUNTIME_DIR to a private directory"))?;
        Ok(RuntimeDir(path))
    }

    /// The directory itself: Wayland sockets are made here.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Where sessions keep their locks, control sockets and connection files;
    /// made if it is missing.
    ///
    /// # Errors
    /// A sentence, where it cannot be made or others can reach into it.
    pub(crate) fn sessions(&self) -> Result<PathBuf, String> {
        let path = self.0.join("offing");
        make_private(&path, rustix::process::geteuid().as_raw())?;
        Ok(path)
    }
}

/// Whether the directory that XDG_RUNTIME_DIR names is really this user's own
/// (it is not after `sudo -E`) and nobody else can put files into it.
fn is_usable(path: &Path, user: u32) -> bool {
    path.is_absolute()
        && fs::metadata(path).is_ok_and(|metadata| {
            metadata.is_dir() && metadata.uid() == user && metadata.mode() & 0o022 == 0
        })
}

/// Makes a directory that only `user` can enter, or checks the one that is there.
fn make_private(path: &Path, user: u32) -> Result<(), String> {
    let shown = path.display();
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(format!(
                "cannot make the directory {shown} ({}): make the one above it writable",
                reason(&error)
            ));
        }
        _ => {}
    }
    // Looked at without following a link, for others may have made it.
    let metadata = fs::symlink_metadata(path)
        .map_err(|error| format!("cannot look at {shown} ({}): remove it", reason(&error)))?;
    if !metadata.is_dir() {
        Err(format!("{shown} is not a directory: remove it"))
    } else if metadata.uid() != user {
        Err(format!(
            "{shown} belongs to another user: have it removed by its owner"
        ))
    } else if metadata.mode() & 0o077 != 0 {
        Err(format!(
            "{shown} is open to other users: run `chmod 700 {shown}`"
        ))
    } else {
        Ok(())
    }
}

/// The name of a session, which no other session of this user has while this
/// value lives.
#[derive(Debug)]
pub(crate) struct SessionName {
    name: String,
    // Removed before the lock is given up: fields are dropped in this order.
    _path: OwnFile,
    _lock: File,
}

impl SessionName {
    /// Takes the wanted name, or the first free of `offing-1`, `offing-2`, … by
    /// locking `NAME.lock` in the directory of sessions.
    ///
    /// # Errors
    /// A sentence, where the name is taken or the lock cannot be made.
    pub(crate) fn take(sessions: &Path, wanted: Option<&str>) -> Result<SessionName, String> {
        if let Some(name) = wanted {
            return SessionName::lock(sessions, name.to_owned())?.ok_or_else(|| {
                format!("a session named {name} is running: choose another --name")
            });
        }
        for number in 1..10_000 {
            if let Some(taken) = SessionName::lock(sessions, format!("offing-{number}"))? {
                return Ok(taken);
            }
        }
        Err("no free name for the session: choose one with --name".to_owned())
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    /// Whether a session has this name, rather than only its files being left.
    pub(crate) fn is_taken(sessions: &Path, name: &str) -> bool {
        File::open(sessions.join(format!("{name}.lock")))
            .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// None if another session holds it.
    fn lock(sessions: &Path, name: String) -> Result<Option<SessionName>, String> {
        let path = sessions.join(format!("{name}.lock"));
        let failed = |error: &io::Error| {
            format!(
                "cannot lock {} ({}): make the directory writable",
                path.display(),
                reason(error)
            )
        };
        loop {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
                .map_err(|error| failed(&error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed(&error)),
            }
            // A session that ended between our open and our lock has removed
            // the file: the lock is on nothing then, so try again.
            let locked = file.metadata().map_err(|error| failed(&error))?;
            if let Some(path) = OwnFile::if_same(&path, &locked) {
                return Ok(Some(SessionName {
                    name,
                    _path: path,
                    _lock: file,
                }));
            }
        }
    }
}

/// Checks a session's name, which becomes part of file names.
///
/// # Errors
/// A sentence that says which names are taken.
pub(crate) fn parse_name(text: &str) -> Result<String, String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if text.is_empty()
        || text.len() > 64
        || text.starts_with(['.', '-'])
        || !text.chars().all(plain)
    {
        return Err(
            "use 1 to 64 letters, digits, `.`, `_` or `-`, with a letter, a digit or `_` first"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_usable_variable_is_taken_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let found =
            RuntimeDir::choose(Some(dir.path().into()), Path::new("/nowhere"), user()).unwrap();
        assert_eq!(found.path(), dir.path());
    }

    #[test]
    fn a_missing_or_unsafe_variable_becomes_a_private_directory() {
        let temporary = tempfile::tempdir().unwrap();
        let expected = temporary.path().join(format!("offing-{}", user()));
        let open = tempfile::tempdir().unwrap();
        set_mode(open.path(), 0o1777);
        for given in [
            None,
            Some(OsString::new()),
            Some("relative".into()),
            Some("/does/not/exist".into()),
            Some("/dev/null".into()),
            Some(open.path().into()),
        ] {
            let found = RuntimeDir::choose(given, temporary.path(), user()).unwrap();
            assert_eq!(found.path(), expected);
        }
        let mode = fs::metadata(&expected).unwrap().mode();
        assert_eq!(mode & 0o7777, 0o700);
    }

    #[test]
    fn anothers_directory_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_usable(dir.path(), user() + 1));
        let error = make_private(dir.path(), user() + 1).unwrap_err();
        assert!(error.contains("belongs to another user"), "{error}");
    }

    #[test]
    fn a_link_a_file_and_an_open_directory_are_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join(format!("offing-{}", user()));
        let refused = || RuntimeDir::choose(None, temporary.path(), user()).unwrap_err();

        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), &path).unwrap();
        assert!(refused().contains("is not a directory"));

        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        assert!(refused().contains("is not a directory"));

        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        set_mode(&path, 0o755);
        assert!(refused().contains("chmod 700"));
    }

    #[test]
    fn the_directory_of_sessions_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = RuntimeDir(dir.path().to_owned());
        let sessions = runtime.sessions().unwrap();
        assert_eq!(sessions, dir.path().join("offing"));
        assert_eq!(fs::metadata(&sessions).unwrap().mode() & 0o777, 0o700);
        assert_eq!(runtime.sessions().unwrap(), sessions);
        set_mode(&sessions, 0o750);
        assert!(runtime.sessions().unwrap_err().contains("chmod 700"));
    }

    #[test]
    fn the_first_free_name_is_taken_and_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let take = || SessionName::take(dir.path(), None).unwrap();
        let first = take();
        let second = take();
        assert_eq!(first.as_str(), "offing-1");
        assert_eq!(second.as_str(), "offing-2");
        drop(first);
        assert!(!dir.path().join("offing-1.lock").exists());
        assert_eq!(take().as_str(), "offing-1");
        assert!(dir.path().join("offing-2.lock").exists());
    }

    #[test]
    fn a_name_is_taken_once() {
        let dir = tempfile::tempdir().unwrap();
        let taken = SessionName::take(dir.path(), Some("mine")).unwrap();
        let error = SessionName::take(dir.path(), Some("mine")).unwrap_err();
        assert!(error.contains("choose another --name"), "{error}");
        assert!(SessionName::is_taken(dir.path(), "mine"));
        drop(taken);
        assert!(!SessionName::is_taken(dir.path(), "mine"));
        SessionName::take(dir.path(), Some("mine")).unwrap();
    }

    #[test]
    fn the_lock_file_a_killed_session_left_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("mine.lock"), "").unwrap();
        assert!(!SessionName::is_taken(dir.path(), "mine"));
        SessionName::take(dir.path(), Some("mine")).unwrap();
    }

    #[test]
    fn names_are_plain() {
        for good in ["a", "offing-1", "Desk_2.b", "7", "_x", &"n".repeat(64)] {
            assert_eq!(parse_name(good).unwrap(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            ".x",
            "-x",
            "a/b",
            "a b",
            "ü",
            &"n".repeat(65),
        ] {
            parse_name(bad).unwrap_err();
        }
    }
}
