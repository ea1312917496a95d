//! `offing msg`: asks a running session something.

use super::find_session;
use crate::{
    cli::{Message, MsgOptions},
    control::{Request, client},
    failure::Failure,
};
use serde_json::Value;
use std::io::{self, Write};

/// Sends the message and prints the answer; returns the exit code.
///
/// # Errors
/// No such session, or the session's own sentence.
pub(crate) fn msg(options: &MsgOptions) -> Result<u8, Failure> {
    let session = find_session(&options.session)?;
    let request = match options.message {
        Message::State => Request::State,
        Message::Resize {
            size: (width, height),
        } => Request::Resize { width, height },
        Message::Disconnect { viewer } => Request::Disconnect { viewer: viewer.0 },
        Message::Quit => Request::Quit,
    };
    let (answer, _) = client::call(&session.control, &request)?;
    let text = match options.json {
        true => format!("{answer}\n"),
        false => readable(&answer, 0),
    };
    // A reader that has seen enough is no failure.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(0)
}

/// A JSON object as lines of `name: value`, objects and lists indented below
/// their names.
fn readable(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let line = |name: &str, value: &Value| match value {
        Value::String(text) => format!("{indent}{name}: {text}\n"),
        Value::Array(list) if list.is_empty() => format!("{indent}{name}: none\n"),
        Value::Array(_) | Value::Object(_) => {
            format!("{indent}{name}:\n{}", readable(value, depth + 1))
        }
        Value::Null => format!("{indent}{name}: none\n"),
        plain => format!("{indent}{name}: {plain}\n"),
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| line(&name.replace('_', " "), value))
            .collect(),
        Value::Array(items) => (1..)
            .zip(items)
            .map(|(number, item)| line(&number.to_string(), item))
            .collect(),
        plain => format!("{indent}{plain}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_printed_for_people() {
        let state = json!({
            "name": "offing-1",
            "size": {"height": 800, "width": 1280},
            "viewers": [{"id": 3, "view_only": false}],
            "windows": [],
            "x_display": null,
        });
        let expected = "name: offing-1\n\
                        size:\n  height: 800\n  width: 1280\n\
                        viewers:\n  1:\n    id: 3\n    view only: false\n\
                        windows: none\n\
                        x display: none\n";
        assert_eq!(readable(&state, 0), expected);
        assert_eq!(readable(&json!({}), 0), "");
    }
}
