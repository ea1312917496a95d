//! What is said over the control socket.
//!
//! One JSON object a line, in both directions: a request
//! `{"method": NAME, "params": {…}}` is answered with `{"ok": VALUE}` or with
//! `{"error": SENTENCE}`.
//!
//! | method | params | what it does |
//! |---|---|---|
//! | `state` | | the value says how the session is |
//! | `resize` | `width`, `height`: pixels | resizes the screen |
//! | `disconnect` | `viewer`: a number; none for all | disconnects viewers |
//! | `screenshot` | | the answer, `{"ok": {"width": W, "height": H, "format": "bgrx"}}`, is followed by a picture of what is shared: W × H × 4 bytes: rows from the top, without padding, four bytes a pixel |
//! | `set` | one of those below | changes a property |
//! | | `name`: text | the desktop's name, as viewers show it |
//! | | `password`: text or null | the password of new viewers; null for none at all |
//! | | `view_only_password`: text or null | the one of those who only watch |
//! | | `connections`: true or false | false disconnects all viewers and turns new ones away |
//! | | `input`: true or false | false lets all viewers only watch |
//! | `listen` | `addresses`: texts as for `--listen` | where viewers connect from now on; the value is `{"endpoints": […]}`, as in the connection file |
//! | `events` | | the answer is followed by events until the session ends |
//! | `attach` | | what follows the answer is RFB, without a password: the client is a viewer |
//! | `quit` | | ends the session |
//!
//! Events are objects, too:
//! `{"event": "state", "state": S}` with S of `not-started` (viewers cannot connect), `listening`
//! (nobody has), `connected` and `failed`, which is also the first event;
//! `{"event": "joined", "viewer": {…}}` and `{"event": "left", "viewer": {…}}` with what `state`
//! tells of viewers; `{"event": "name", "name": TEXT}`;
//! `{"event": "size", "width": W, "height": H}`. A client that does not read them is disconnected.

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
    /// A picture of what is shared.
    Screenshot,
    /// Change a property.
    Set(Setting),
    /// Let viewers connect at these addresses, and at no others.
    Listen { addresses: Vec<String> },
    /// Tell what happens from now on.
    Events,
    /// Take this connection as a viewer.
    Attach,
    /// End the session.
    Quit,
}

/// A property that can be changed, with its new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// The desktop's name.
    Name(String),
    /// The password; none lets everyone in.
    Password(Option<String>),
    /// The password of those who only watch.
    ViewOnlyPassword(Option<String>),
    /// Whether viewers may connect.
    Connections(bool),
    /// Whether viewers' input counts.
    Input(bool),
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
            Request::Set(setting) => json!({"method": "set", "params": setting.params()}),
            Request::Listen { addresses } => {
                json!({"method": "listen", "params": {"addresses": addresses}})
            }
            Request::Events => json!({"method": "events"}),
            Request::Attach => json!({"method": "attach"}),
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
        let params = request.get("params");
        let number = |name: &str| params.and_then(|params| params.get(name));
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
            Some("set") => Setting::from_params(params).map(Request::Set),
            Some("listen") => {
                let addresses = number("addresses").and_then(texts);
                let addresses = addresses.ok_or("listen needs addresses: a list of texts")?;
                Ok(Request::Listen { addresses })
            }
            Some("events") => Ok(Request::Events),
            Some("attach") => Ok(Request::Attach),
            Some("quit") => Ok(Request::Quit),
            _ => Err(
                "unknown method: use state, resize, disconnect, screenshot, set, listen, events, \
                 attach or quit"
                    .to_owned(),
            ),
        }
    }
}

impl Setting {
    fn params(&self) -> Value {
        match self {
            Setting::Name(name) => json!({ "name": name }),
            Setting::Password(password) => json!({ "password": password }),
            Setting::ViewOnlyPassword(password) => json!({ "view_only_password": password }),
            Setting::Connections(on) => json!({ "connections": on }),
            Setting::Input(on) => json!({ "input": on }),
        }
    }

    fn from_params(params: Option<&Value>) -> Result<Setting, String> {
        let unknown = || {
            "set needs one of name, password, view_only_password, connections and input".to_owned()
        };
        let params = params.and_then(Value::as_object).ok_or_else(unknown)?;
        let mut params = params.iter();
        let (Some((name, value)), None) = (params.next(), params.next()) else {
            return Err(unknown());
        };
        let text = || value.as_str().map(str::to_owned);
        let password = || match value {
            Value::Null => Some(None),
            _ => text().map(Some),
        };
        let (setting, wanted) = match name.as_str() {
            "name" => (text().map(Setting::Name), "a text"),
            "password" => (password().map(Setting::Password), "a text or null"),
            "view_only_password" => (password().map(Setting::ViewOnlyPassword), "a text or null"),
            "connections" => (
                value.as_bool().map(Setting::Connections),
                "to be true or false",
            ),
            "input" => (value.as_bool().map(Setting::Input), "to be true or false"),
            _ => return Err(unknown()),
        };
        setting.ok_or_else(|| format!("{name} needs {wanted}"))
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    value.as_array()?.iter().map(text).collect()
}

/// A value as one line.
pub(crate) fn line(value: &Value) -> Vec<u8> {
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
            Request::Set(Setting::Name("a \"desk\"\n".to_owned())),
            Request::Set(Setting::Password(Some("secret".to_owned()))),
            Request::Set(Setting::Password(None)),
            Request::Set(Setting::ViewOnlyPassword(None)),
            Request::Set(Setting::Connections(false)),
            Request::Set(Setting::Input(true)),
            Request::Listen {
                addresses: vec!["127.0.0.1:0".to_owned(), "unix:/s".to_owned()],
            },
            Request::Events,
            Request::Attach,
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
            (r#"{"method":"set"}"#, "one of name"),
            (r#"{"method":"set","params":{}}"#, "one of name"),
            (r#"{"method":"set","params":{"colour":1}}"#, "one of name"),
            (
                r#"{"method":"set","params":{"name":"a","input":true}}"#,
                "one of name",
            ),
            (r#"{"method":"set","params":{"name":null}}"#, "a text"),
            (r#"{"method":"set","params":{"password":7}}"#, "or null"),
            (r#"{"method":"set","params":{"input":"on"}}"#, "true or"),
            (r#"{"method":"listen"}"#, "a list of texts"),
            (
                r#"{"method":"listen","params":{"addresses":[7]}}"#,
                "a list of texts",
            ),
        ] {
            let error = Request::decode(line.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
