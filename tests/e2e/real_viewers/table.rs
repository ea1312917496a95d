//! What was seen, beside what was expected: the differences, and a table.

use std::fmt::{self, Debug};

use super::acts::{Seen, SeenActs};
use super::expected::{Acts, Cursor, Expected, LATIN1, LOGINS, TEXT};

/// The columns, and how wide each is.
const COLUMNS: [(&str, usize); 9] = [
    ("viewer", 16),
    ("logs in by", 13),
    ("is sent", 9),
    ("follows", 8),
    ("leads", 6),
    ("gives text", 11),
    ("takes text", 11),
    ("cursor", 17),
    ("asks for", 0),
];
const NOTHING: &str = "–";

/// The rows, and under them why some viewers do not do something.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<[String; COLUMNS.len()]>,
    /// A column and a reason, and for which viewers it holds.
    reasons: Vec<(String, Vec<&'static str>)>,
}

impl Table {
    pub(super) fn add(&mut self, expected: &Expected, seen: &Seen) {
        let name = expected.program.name;
        let acts = match &seen.acts {
            Some(acts) => cells(acts),
            None => [NOTHING; 5].map(str::to_owned),
        };
        let [follows, leads, gives, takes, cursor] = acts;
        self.rows.push([
            name.to_owned(),
            seen.security.join(" "),
            seen.is_sent.clone(),
            follows,
            leads,
            gives,
            takes,
            cursor,
            seen.asks_for.clone(),
        ]);
        for reason in reasons(expected.acts.as_ref()) {
            match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, names)) => names.push(name),
                None => self.reasons.push((reason, vec![name])),
            }
        }
    }
}

fn cells(acts: &SeenActs) -> [String; 5] {
    let yes = |it| if it { "yes" } else { NOTHING }.to_owned();
    let text = |it: &Option<String>| match it.as_deref() {
        Some(TEXT) => "Unicode".to_owned(),
        Some(LATIN1) => "Latin-1".to_owned(),
        Some(other) => format!("\"{other}\""),
        None => NOTHING.to_owned(),
    };
    [
        yes(acts.follows),
        yes(acts.leads),
        text(&acts.gives),
        text(&acts.takes),
        acts.cursor.to_string(),
    ]
}

/// Why something is not done.
fn reasons(acts: Option<&Acts>) -> Vec<String> {
    let Some(acts) = acts else {
        return vec!["it takes one picture and ends".to_owned()];
    };
    let all = [
        ("follows", acts.follows.reason()),
        ("leads", acts.leads.reason()),
        ("gives text", acts.gives.reason()),
        ("takes text", acts.takes.reason()),
    ];
    let known = all.into_iter().filter_map(|(what, why)| Some((what, why?)));
    known.map(|(what, why)| format!("{what}: {why}")).collect()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = COLUMNS.map(|(title, _)| title.to_owned());
        for row in [&titles].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (cell, (_, width)) in row.iter().zip(COLUMNS) {
                line += &format!("{cell:width$} ");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        // A viewer in which one pixel is another has no row.
        writeln!(f, "pixels: exact in every row")?;
        for (reason, names) in &self.reasons {
            writeln!(f, "{reason} ({})", names.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(encoding) => write!(f, "{encoding}"),
            Self::Painted => f.write_str("painted"),
        }
    }
}

impl Expected {
    /// How what was seen differs from what is expected.
    pub(super) fn faults(&self, seen: &Seen) -> Vec<String> {
        let security = seen.security.join(" ");
        let mut faults = vec![
            differ("logs in by", security.as_str(), LOGINS),
            differ("asks for", seen.asks_for.as_str(), self.asks_for),
            differ("is sent", seen.is_sent.as_str(), self.is_sent),
        ];
        if let (Some(seen), Some(acts)) = (&seen.acts, &self.acts) {
            faults.extend([
                differ("follows", seen.follows, acts.follows.is_there()),
                differ("leads", seen.leads, acts.leads.is_there()),
                differ("gives text", seen.gives.as_deref(), acts.gives.arrives()),
                differ("takes text", seen.takes.as_deref(), acts.takes.arrives()),
                differ("cursor", seen.cursor, acts.cursor),
            ]);
        }
        faults.into_iter().flatten().collect()
    }
}

fn differ<T: PartialEq + Debug>(what: &str, seen: T, expected: T) -> Option<String> {
    (seen != expected).then(|| format!("{what}: {seen:?}, not {expected:?}"))
}
