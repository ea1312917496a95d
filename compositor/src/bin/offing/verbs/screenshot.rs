//! `offing screenshot`: a picture of a running session's screen.

use super::{find_session, write_picture};
use crate::{cli::ScreenshotOptions, control::client, failure::Failure};

/// Writes the picture; returns the exit code.
///
/// # Errors
/// No such session, or the file cannot be written.
pub(crate) fn screenshot(options: &ScreenshotOptions) -> Result<u8, Failure> {
    let session = find_session(&options.session)?;
    let (_, png) = client::screenshot(&session.control)?;
    write_picture(&options.output, &png)?;
    Ok(0)
}
