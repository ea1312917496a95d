//! How a verb that could not do its work ends: one sentence and an exit code.

use rustix::io::Errno;
use std::io;

/// Why a verb failed, as one lower-case sentence that says what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code of the process: 127 for a command that was not found, else 1.
    pub(crate) code: u8,
    /// What failed and what to do, without the program's name and without a full stop.
    pub(crate) message: String,
}

impl Failure {
    /// A failure with an exit code of its own.
    pub(crate) fn with_code(code: u8, message: impl Into<String>) -> Failure {
        Failure {
            code,
            message: message.into(),
        }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure::with_code(1, message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Failure {
        Failure::with_code(1, message)
    }
}

/// An error of the system in a few lower-case words, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let mut text = error.to_string();
    if let Some(at) = text.find(" (os error") {
        text.truncate(at);
    }
    let mut letters = text.chars();
    match letters.next() {
        // "I/O error" keeps its capitals.
        Some(first) if !letters.as_str().starts_with('/') => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text,
    }
}

/// What to do about an error of the system that no choice of the user's has led to.
pub(crate) fn remedy(error: &io::Error) -> &'static str {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => "close programs, or raise the limit of open files",
        Some(Errno::NOMEM | Errno::NOBUFS) => "close programs",
        Some(Errno::NOSPC | Errno::DQUOT) => "remove files",
        _ => "try again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_lower_case_and_without_numbers() {
        let missing = io::Error::from_raw_os_error(2);
        assert_eq!(reason(&missing), "no such file or directory");
        assert_eq!(reason(&io::Error::other("Too odd")), "too odd");
        assert_eq!(reason(&io::Error::other("I/O error")), "I/O error");
    }

    #[test]
    fn what_the_system_is_short_of_can_be_had() {
        let remedy = |errno: Errno| remedy(&errno.into());
        assert!(remedy(Errno::MFILE).contains("limit of open files"));
        assert_eq!(remedy(Errno::NOMEM), "close programs");
        assert_eq!(remedy(Errno::NOSPC), "remove files");
        assert_eq!(remedy(Errno::IO), "try again");
    }

    #[test]
    fn a_plain_sentence_exits_with_one() {
        assert_eq!(Failure::from("no"), Failure::with_code(1, "no"));
    }
}
