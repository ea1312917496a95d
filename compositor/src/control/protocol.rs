//! What is said over the control socket.
//!
//! One JSON object a line, in both directions: a request
//! `{"method": NAME, "params": {…}}` is answered with `{"ok": VALUE}` or with
//! `{"error": SENTENCE}`. The answer to `screenshot`,
//! `{"ok": {"width": W, "height": H, "format": "bgrx"}}`, is followed by
//! W × H × 4 bytes: rows from the top, without padding, four bytes a pixel.

use serde_json::{Value, json};

/// The longest request, its line feed included, in bytes.
pub(super) const LONGEST_REQUEST: usize = 64 * 1024;

/// What a client asks of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// How the session is: an object.
    State,
    /// Resize the screen, in pixels.
    Resize { width: u16, height: u16 },
    /// Disconnect one viewer, or all of them.
    Disconnect { viewer: Option<u64> },
    /// A picture of the screen.
    Screenshot,
    /// End the session.
    Quit,
}

impl Request {
    /// The line, with its line feed.
    pub(super) fn encode(&self) -> Vec<u8> {
        let value = match self {
            Request::State => json!({"method": "state"}),
            Request::Resize { width, height } => {
                json!({"method": "resize", "params": {"width": width, "height": height}})
            }
            Request::Disconnect { viewer: None } => json!({"method": "disconnect"}),
            Request::Disconnect {
                viewer: Some(viewer),
            } => {
                json!({"method": "disconnect", "params": {"viewer": viewer}})
            }
            Request::Screenshot => json!({"method": "screenshot"}),
            Request::Quit => json!({"method": "quit"}),
        };
        line(&value)
    }

    /// # Errors
    /// A sentence for the answer.
    pub(super) fn decode(line: &[u8]) -> Result<Request, String> {
        let request: Value = serde_json::from_slice(line)
            .map_err(|_| "the request is not JSON: send one object a line".to_owned())?;
        let method = request.get("method").and_then(Value::as_str);
        let number = |name: &str| request.get("params").and_then(|params| params.get(name));
        let side = |name: &str| {
            number(name)
                .and_then(Value::as_u64)
                .and_then(|side| u16::try_from(side).ok())
                .ok_or_else(|| format!("resize needs a {name} in pixels, 1 to 65535"))
        };
        match method {
            Some("state") => Ok(Request::State),
            Some("resize") => Ok(Request::Resize {
                width: side("width")?,
                height: side("height")?,
            }),
            Some("disconnect") => match number("viewer") {
                None | Some(Value::Null) => Ok(Request::Disconnect { viewer: None }),
                Some(viewer) => match viewer.as_u64() {
                    Some(viewer) => Ok(Request::Disconnect {
                        viewer: Some(viewer),
                    }),
                    None => Err("disconnect needs a viewer's number, or none for all".to_owned()),
                },
            },
            Some("screenshot") => Ok(Request::Screenshot),
            Some("quit") => Ok(Request::Quit),
            _ => {
                Err("unknown method: use state, resize, disconnect, screenshot or quit".to_owned())
            }
        }
    }
}

/// A value as one line.
pub(super) fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_the_way() {
        for request in [
            Request::State,
            Request::Resize {
                width: 1,
                height: 65535,
            },
            Request::Disconnect { viewer: None },
            Request::Disconnect {
                viewer: Some(u64::MAX),
            },
            Request::Screenshot,
            Request::Quit,
        ] {
            let line = request.encode();
            assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
            assert_eq!(Request::decode(&line), Ok(request));
        }
    }

    #[test]
    fn requests_may_hold_more_than_is_known() {
        let line = br#"{"id":7,"method":"state","params":{"x":1}}"#;
        assert_eq!(Request::decode(line), Ok(Request::State));
        let line = br#"{"method":"disconnect","params":{"viewer":null}}"#;
        assert_eq!(
            Request::decode(line),
            Ok(Request::Disconnect { viewer: None })
        );
    }

    #[test]
    fn bad_requests_are_answered_with_a_sentence() {
        for (line, part) in [
            ("", "not JSON"),
            ("{", "not JSON"),
            ("\u{fffd}", "not JSON"),
            (&"[".repeat(10_000), "not JSON"),
            ("{}", "unknown method"),
            ("[]", "unknown method"),
            ("7", "unknown method"),
            (r#"{"method":7}"#, "unknown method"),
            (r#"{"method":"fly"}"#, "unknown method"),
            (r#"{"method":"resize"}"#, "a width"),
            (r#"{"method":"resize","params":{"width":9}}"#, "a height"),
            (r#"{"method":"resize","params":{"width":65536}}"#, "a width"),
            (r#"{"method":"resize","params":{"width":-1}}"#, "a width"),
            (r#"{"method":"resize","params":[1,2]}"#, "a width"),
            (
                r#"{"method":"disconnect","params":{"viewer":"x"}}"#,
                "number",
            ),
        ] {
            let error = Request::decode(line.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
