//! What `offing` can do: one file a verb.

pub(crate) mod attach;
pub(crate) mod demo;
mod detach;
pub(crate) mod list;
pub(crate) mod msg;
pub(crate) mod run;
pub(crate) mod screenshot;
pub(crate) mod stop;

use crate::{
    cli::SessionOptions, connection::Connection, failure::reason, runtime_dir::RuntimeDir,
};
use std::{
    fs,
    io::{self, ErrorKind, IsTerminal, Read, Write},
    path::Path,
};

/// The running session that the options mean.
///
/// # Errors
/// A sentence.
fn find_session(options: &SessionOptions) -> Result<Connection, String> {
    match &options.connection_file {
        Some(path) => Connection::read(path),
        None => Connection::find(&RuntimeDir::find()?.sessions()?, options.session.as_deref()),
    }
}

/// Passes all bytes on, as they come. Unlike [`io::copy`], which may use splice(2): that keeps a
/// pipe locked while it waits, so that whoever is at its other end waits as well, in vain.
///
/// # Errors
/// Reading or writing failed.
fn pass_on(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                to.write_all(buffer.get(..count).unwrap_or_default())?;
                to.flush()?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes a picture's file; `-` is standard output.
///
/// # Errors
/// A sentence with the path.
fn write_picture(output: &Path, png: &[u8]) -> Result<(), String> {
    if output != Path::new("-") {
        return fs::write(output, png).map_err(|error| {
            let shown = output.display();
            format!(
                "cannot write {shown} ({}): choose another -o",
                reason(&error)
            )
        });
    }
    let mut stdout = io::stdout().lock();
    if stdout.is_terminal() {
        return Err("standard output is a terminal: send it to a file or use -o".to_owned());
    }
    stdout
        .write_all(png)
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("cannot write the picture ({}): use -o", reason(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_written_whole_or_a_sentence_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        fs::write(&path, "something longer than the picture").unwrap();
        write_picture(&path, b"picture").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"picture");
        let error = write_picture(dir.path(), b"picture").unwrap_err();
        assert!(error.contains("is a directory"), "{error}");
    }

    #[test]
    fn a_connection_file_is_read_where_it_is_named() {
        let options = SessionOptions {
            session: None,
            connection_file: Some("/does/not/exist".into()),
        };
        assert!(
            find_session(&options)
                .unwrap_err()
                .contains("/does/not/exist")
        );
    }
}
