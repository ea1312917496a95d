//! `offing list`: which sessions run.

use crate::{
    cli::ListOptions,
    connection::Connection,
    control::{Request, client},
    failure::Failure,
    runtime_dir::RuntimeDir,
    say,
};
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How long a session may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// Prints the sessions; returns the exit code.
///
/// # Errors
/// There is no private directory.
pub(crate) fn list(options: &ListOptions) -> Result<u8, Failure> {
    let running = Connection::running(&RuntimeDir::find()?.sessions()?);
    let entries: Vec<Value> = running.iter().map(entry).collect();
    let text = if options.json {
        format!("{}\n", Value::Array(entries))
    } else if entries.is_empty() {
        say("offing: no session is running: start one with `offing run`");
        return Ok(0);
    } else {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        table(entries.iter().map(|entry| row(entry, now)).collect())
    };
    // A reader that has seen enough is no failure.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(0)
}

/// What is told of a session. What only the session itself knows is null if it does not answer.
fn entry(session: &Connection) -> Value {
    let asked = client::call_within(&session.control, &Request::State, PATIENCE);
    let state = asked.map_or(Value::Null, |(state, _)| state);
    json!({
        "name": session.name,
        "pid": session.pid,
        "endpoints": session.endpoints,
        "state": state["state"],
        "size": state["size"],
        "viewers": state["viewers"].as_array().map(Vec::len),
        "command": state["command"],
        "started": state["started"],
        "detached": state["detached"],
    })
}

/// The columns of a line.
type Row = [String; 7];

fn row(entry: &Value, now: u64) -> Row {
    let text = |name: &str| match &entry[name] {
        Value::String(text) => text.clone(),
        Value::Null => "?".to_owned(),
        other => other.to_string(),
    };
    let endpoints: Vec<String> = serde_json::from_value(entry["endpoints"].clone())
        .map(|endpoints: Vec<crate::connection::Endpoint>| {
            endpoints.iter().map(ToString::to_string).collect()
        })
        .unwrap_or_default();
    let size = &entry["size"];
    let words: Vec<&str> = entry["command"].as_array().map_or_else(Vec::new, |words| {
        words.iter().filter_map(Value::as_str).collect()
    });
    [
        text("name"),
        text("pid"),
        match endpoints.is_empty() {
            true => "none".to_owned(),
            false => endpoints.join(","),
        },
        match size.is_null() {
            true => "does not answer".to_owned(),
            false => format!("{}x{}", size["width"], size["height"]),
        },
        text("viewers"),
        match entry["started"].as_u64() {
            Some(started) => age(now.saturating_sub(started)),
            None => "?".to_owned(),
        },
        match entry["detached"].as_bool() {
            Some(true) => format!("{} (detached)", words.join(" ")),
            _ => words.join(" "),
        }
        .trim_start()
        // A command may be a script of many lines.
        .replace(char::is_control, " "),
    ]
}

/// A time in seconds, as people say it.
fn age(seconds: u64) -> String {
    match (seconds / 60, seconds / 3600, seconds / 86400) {
        (0, ..) => format!("{seconds} s"),
        (minutes, 0, _) => format!("{minutes} min"),
        (minutes, hours, 0) => format!("{hours} h {} min", minutes % 60),
        (_, hours, days) => format!("{days} d {} h", hours % 24),
    }
}

/// Lines with a heading, in columns.
fn table(rows: Vec<Row>) -> String {
    let heading = [
        "NAME", "PID", "CONNECT", "SIZE", "VIEWERS", "FOR", "COMMAND",
    ];
    let mut lines = vec![heading.map(str::to_owned)];
    lines.extend(rows);
    let mut widths = [0; 7];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(widths);
        let cells: String = cells
            .map(|(cell, width)| format!("{cell:<width$}  "))
            .collect();
        text.push_str(cells.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h 0 min"),
            (86399, "23 h 59 min"),
            (86400, "1 d 0 h"),
            (200_000, "2 d 7 h"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }

    #[test]
    fn sessions_are_lines() {
        let first = json!({
            "name": "desk",
            "pid": 42,
            "endpoints": [
                {"kind": "vnc", "address": "127.0.0.1", "port": 5900},
                {"kind": "unix", "path": "/s"},
            ],
            "size": {"width": 1280, "height": 800},
            "viewers": 2,
            "command": ["foot", "-e\ntop"],
            "started": 1000,
            "detached": true,
        });
        let silent = json!({"name": "offing-1", "pid": 7, "endpoints": []});
        let rows = vec![row(&first, 1090), row(&silent, 1090)];
        let expected = "\
NAME      PID  CONNECT                       SIZE             VIEWERS  FOR    COMMAND
desk      42   vnc://127.0.0.1:5900,unix:/s  1280x800         2        1 min  foot -e top (detached)
offing-1  7    none                          does not answer  ?        ?
";
        assert_eq!(table(rows), expected);
    }
}
