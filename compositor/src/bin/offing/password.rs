//! Passwords: made for a session, or read from a file.

use crate::failure::{Failure, reason};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// Letters and digits that are not mistaken for one another (no 0 and o, no 1,
/// i and l) and that are typed without Shift.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// How many characters of a password count with VNC Authentication
/// (RFC 6143 §7.2.2).
const COUNTED: usize = 8;

/// More than any password; a file is not read beyond it.
const LONGEST_FILE: u64 = 4096;

/// Makes a password of 8 unambiguous characters: 39 bits.
///
/// # Errors
/// A sentence, where the system gives no random numbers.
pub(crate) fn make() -> Result<String, String> {
    let mut password = String::new();
    while password.len() < COUNTED {
        let mut random = [0; 2 * COUNTED];
        getrandom::fill(&mut random).map_err(|error| {
            format!("the system gives no random numbers ({error}): give a --password-file")
        })?;
        // Each letter is as likely as any other: what is left over is not used.
        let even = LETTERS.iter().cycle().take(256 - 256 % LETTERS.len());
        let letters = random
            .iter()
            .filter_map(|&byte| even.clone().nth(byte.into()));
        password.extend(letters.map(|&letter| char::from(letter)));
    }
    password.truncate(COUNTED);
    Ok(password)
}

/// Reads a password: the first line of a file that only its owner can read.
///
/// # Errors
/// A sentence: the file cannot be read, others can read it, or it holds no
/// password.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let failed = |error: io::Error| {
        format!(
            "cannot read the password file {shown} ({}): name a file that you can read",
            reason(&error)
        )
    };
    let file = File::open(path).map_err(failed)?;
    // The open file is asked, not the path, which may change meanwhile.
    let metadata = file.metadata().map_err(failed)?;
    if metadata.mode() & 0o077 != 0 {
        let remedy = match (metadata.is_file(), path.canonicalize()) {
            // Not a link, such as /dev/stdin, which means another file to each program.
            (true, Ok(real)) => format!("run `chmod 600 {}`", real.display()),
            _ => "it is no regular file: name one that only you can read".to_owned(),
        };
        return Err(format!(
            "the password file {shown} is open to other users: {remedy}"
        ));
    }
    first_line(file, &format!("the password file {shown}"))
}

/// Reads a password: the first line of standard input. On a terminal it is asked for, and not
/// shown.
///
/// # Errors
/// There is none, or the key that interrupts was pressed: with exit code 130, as if by a signal.
pub(crate) fn read_stdin() -> Result<String, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(first_line(stdin, "standard input")?);
    }
    let failed = |error: rustix::io::Errno| {
        format!(
            "cannot hide what is typed ({}): use --file",
            reason(&error.into())
        )
    };
    let shown = tcgetattr(&stdin).map_err(failed)?;
    let interrupt = shown.special_codes[SpecialCodeIndex::VINTR];
    let mut hidden = shown.clone();
    // A signal would end us with the terminal left as it is then: the key ends the line instead.
    hidden
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ISIG);
    hidden.local_modes.insert(LocalModes::ECHONL);
    hidden.special_codes[SpecialCodeIndex::VEOL] = interrupt;
    let _ = write!(io::stderr(), "new password: ");
    tcsetattr(&stdin, OptionalActions::Flush, &hidden).map_err(failed)?;
    // A terminal gives one line at a time, which has at most 4096 bytes.
    let mut line = [0; LONGEST_FILE as usize];
    let read = stdin.lock().read(&mut line);
    tcsetattr(&stdin, OptionalActions::Now, &shown).map_err(failed)?;
    let count =
        read.map_err(|error| format!("cannot read the password ({}): use --file", reason(&error)))?;
    let line = line.get(..count).unwrap_or_default();
    // 0 stands for no key.
    if interrupt != 0 && line.last() == Some(&interrupt) {
        let _ = writeln!(io::stderr());
        let sentence = "no password was typed: nothing has changed";
        return Err(Failure::with_code(130, sentence));
    }
    Ok(first_line(line, "what you typed")?)
}

/// The first line of a source that errors speak of as `what`.
fn first_line(source: impl Read, what: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    BufReader::new(source.take(LONGEST_FILE))
        .read_until(b'\n', &mut bytes)
        .map_err(|error| format!("cannot read {what} ({}): use a file", reason(&error)))?;
    let first = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    match std::str::from_utf8(first).map(check) {
        Ok(Ok(text)) => {
            if text.len() > COUNTED {
                tracing::warn!(
                    "only the first {COUNTED} characters of the password in {what} count with VNC \
                     Authentication"
                );
            }
            Ok(text.to_owned())
        }
        _ if first.is_empty() => Err(format!(
            "{what} is empty: write the password as its first line"
        )),
        _ => Err(format!(
            "{what} is not text: write the password itself as its first line (what vncpasswd \
             writes cannot be used)"
        )),
    }
}

/// Whether a text can be a password.
///
/// # Errors
/// A sentence.
pub(crate) fn check(text: &str) -> Result<&str, String> {
    match !text.is_empty() && !text.contains(char::is_control) {
        true => Ok(text),
        false => Err("a password is one line of text, which is not empty".to_owned()),
    }
}

/// Whether VNC Authentication cannot tell two passwords apart.
pub(crate) fn are_alike(one: &str, other: &str) -> bool {
    one.bytes().take(COUNTED).eq(other.bytes().take(COUNTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        collections::BTreeSet,
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
    };

    fn read_bytes(bytes: &[u8], mode: u32) -> Result<String, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        read(&path)
    }

    #[test]
    fn made_passwords_are_unambiguous_and_never_the_same() {
        let made: BTreeSet<String> = (0..50).map(|_| make().unwrap()).collect();
        assert_eq!(made.len(), 50);
        let letters: BTreeSet<char> = made.iter().flat_map(|password| password.chars()).collect();
        assert!(made.iter().all(|password| password.len() == 8));
        assert!(letters.len() > 24, "{letters:?}");
        assert!(letters.is_disjoint(&"0O1lIio".chars().collect()));
        let distinct: BTreeSet<&u8> = LETTERS.iter().collect();
        assert_eq!(distinct.len(), LETTERS.len());
    }

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(read_bytes(b"secret", 0o600).unwrap(), "secret");
        assert_eq!(read_bytes(b"secret\n", 0o400).unwrap(), "secret");
        assert_eq!(
            read_bytes(b"two words \r\nmore\n", 0o600).unwrap(),
            "two words "
        );
    }

    #[test]
    fn files_open_to_others_are_refused() {
        for mode in [0o604, 0o640, 0o602, 0o777] {
            let error = read_bytes(b"secret", mode).unwrap_err();
            assert!(error.contains("chmod 600"), "{mode:o}: {error}");
        }
    }

    #[test]
    fn no_mode_is_advised_for_what_is_no_file() {
        for odd in ["/dev/null", "/"] {
            let error = read(Path::new(odd)).unwrap_err();
            assert!(error.contains("no regular file"), "{error}");
        }
    }

    #[test]
    fn empty_missing_and_obfuscated_files_are_refused() {
        for empty in [&b""[..], b"\n", b"\r\n", b"\nsecond"] {
            assert!(read_bytes(empty, 0o600).unwrap_err().contains("is empty"));
        }
        for odd in [&b"\xdb\xd8\x3c\xfd\x72\x7a\x14\x58"[..], b"a\0b"] {
            assert!(read_bytes(odd, 0o600).unwrap_err().contains("vncpasswd"));
        }
        let error = read(Path::new("/does/not/exist")).unwrap_err();
        assert!(error.contains("no such file"), "{error}");
    }

    #[test]
    fn only_eight_characters_tell_passwords_apart() {
        assert!(are_alike("12345678a", "12345678b"));
        assert!(!are_alike("1234567", "12345678"));
        assert!(!are_alike("a", "b"));
    }
}
