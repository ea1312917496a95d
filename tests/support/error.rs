use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;

/// What the steps of a test return.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why a step of a test failed. Both its `Debug` and its `Display` form are the message, and
/// `Debug` adds where it arose when `RUST_BACKTRACE` is set.
pub struct Error {
    kind: ErrorKind,
    message: String,
    backtrace: Backtrace,
}

/// The sort of failure, for tests that expect one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was awaited did not come in time.
    Stalled,
    /// The other side closed the connection.
    Closed,
    /// The other side said no, in the protocol's own words.
    Refused,
    /// The other side broke the protocol.
    Protocol,
    /// A picture is not as expected.
    Picture,
    /// Anything else: mostly the system's own errors.
    Other,
}

impl Error {
    /// An error of `kind` that reads `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind,
            message,
            backtrace: Backtrace::capture(),
        }
    }

    /// An error of no special kind, for a test's own findings.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Other, message)
    }

    /// The sort of failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The same error with `context` and a colon ahead of its message.
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.backtrace.status() {
            BacktraceStatus::Captured => write!(f, "\n{}", self.backtrace),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Makes `?` work on the errors of the standard library and of the crates used here.
macro_rules! from_errors {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::other(error.to_string())
            }
        }
    )+};
}

from_errors!(
    std::io::Error,
    rustix::io::Errno,
    serde_json::Error,
    png::DecodingError,
    png::EncodingError,
    std::string::FromUtf8Error,
    x11rb::errors::ConnectError,
    x11rb::errors::ConnectionError,
    x11rb::errors::ReplyError,
    x11rb::errors::ReplyOrIdError,
);

/// Adds what was being done to an error.
pub(crate) trait Context<T> {
    /// Puts `context()` and a colon ahead of the error's message.
    fn context(self, context: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, context: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| error.into().context(context()))
    }
}
