//! `offing msg`: asks a running session something.

use super::{find_session, pass_on};
use crate::{
    cli::{Message, MsgOptions, Set, SetPassword, Switch},
    control::{Request, Setting, client},
    failure::{Failure, reason},
    listen::Address,
    password,
};
use serde_json::Value;
use std::{
    io::{self, BufReader, Write},
    os::unix::net::UnixStream,
};

/// Sends the message and prints the answer; returns the exit code.
///
/// # Errors
/// No such session, or the session's own sentence.
pub(crate) fn msg(options: &MsgOptions) -> Result<u8, Failure> {
    let session = find_session(&options.session)?;
    let request = request(&options.message)?;
    let (answer, events) = client::call(&session.control, &request)?;
    if request == Request::Events {
        return print_events(events);
    }
    let text = match options.json {
        true => format!("{answer}\n"),
        false => readable(&answer, 0),
    };
    // A reader that has seen enough is no failure.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(0)
}

fn request(message: &Message) -> Result<Request, Failure> {
    Ok(match message {
        Message::State => Request::State,
        Message::Resize {
            size: (width, height),
        } => Request::Resize {
            width: *width,
            height: *height,
        },
        Message::Disconnect { viewer } => Request::Disconnect { viewer: viewer.0 },
        Message::Set(set) => Request::Set(setting(set)?),
        Message::Listen { addresses } => Request::Listen {
            addresses: addresses.iter().map(address).collect(),
        },
        Message::Events => Request::Events,
        Message::Quit => Request::Quit,
    })
}

fn setting(set: &Set) -> Result<Setting, Failure> {
    Ok(match set {
        Set::Name { name } => Setting::Name(name.clone()),
        Set::Password(source) => Setting::Password(password(source)?),
        Set::ViewOnlyPassword(source) => Setting::ViewOnlyPassword(password(source)?),
        Set::Connections { on: Switch(on) } => Setting::Connections(*on),
        Set::Input { on: Switch(on) } => Setting::Input(*on),
    })
}

fn password(source: &SetPassword) -> Result<Option<String>, Failure> {
    Ok(match &source.file {
        _ if source.none => None,
        Some(path) => Some(password::read(path)?),
        None => Some(password::read_stdin()?),
    })
}

/// The address as the session is to read it, which has another current directory.
fn address(address: &Address) -> String {
    address.clone().absolute().to_string()
}

/// Prints what happens until the session ends, or nobody reads it any more.
fn print_events(events: BufReader<UnixStream>) -> Result<u8, Failure> {
    let failed = |error: io::Error| {
        format!(
            "the session was lost ({}): see with `offing list` whether it goes on",
            reason(&error)
        )
    };
    events.get_ref().set_read_timeout(None).map_err(failed)?;
    match pass_on(events, io::stdout()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(error).into()),
        _ => Ok(0),
    }
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
