//! The table of results.

use std::fmt;

use crate::measure::{Cost, Request};

/// A film in an encoding.
pub(crate) struct Row {
    film: String,
    request: String,
    /// What was measured, for each peer in the order of the header: nothing if it does not know
    /// the encoding.
    pub(crate) costs: Vec<Vec<Cost>>,
}

/// The first lines, for peers with these names, ours first.
pub(crate) fn header(names: &[&str]) -> String {
    let mut columns = String::new();
    for name in names {
        columns += &format!(" {name:>8}");
    }
    let columns = format!("{columns} {:>6}", "ratio");
    let width = columns.len();
    format!(
        "{:37}{:>width$} {:>width$}\n{:20} {:16}{columns} {columns}",
        "", "kB per frame", "CPU ms per frame", "film", "encoding"
    )
}

impl Row {
    /// A row in which nothing is measured yet.
    pub(crate) fn new(film: &str, request: &Request, peers: usize) -> Self {
        let costs = (0..peers).map(|_| Vec::new()).collect();
        Self {
            film: film.to_owned(),
            request: request.to_string(),
            costs,
        }
    }

    /// Writes the medians of all peers, and the ratio of the first to the best of the others.
    fn write_columns(&self, f: &mut fmt::Formatter<'_>, of: impl Fn(&Cost) -> f64) -> fmt::Result {
        let medians: Vec<_> = self.costs.iter().map(|costs| median(costs, &of)).collect();
        for value in &medians {
            write_number(f, *value, 9)?;
        }
        let (ours, others) = medians.split_first().unwrap_or((&None, &[]));
        let best = others.iter().flatten().copied().reduce(f64::min);
        write_number(f, ours.zip(best).map(|(ours, best)| ours / best), 7)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:20} {:16}", self.film, self.request)?;
        self.write_columns(f, |cost| cost.bytes / 1000.0)?;
        f.write_str(" ")?;
        self.write_columns(f, |cost| cost.time.as_secs_f64() * 1000.0)
    }
}

fn median(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> Option<f64> {
    let mut values: Vec<f64> = costs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Writes a number to the right of a column, or a dash.
fn write_number(f: &mut fmt::Formatter<'_>, number: Option<f64>, width: usize) -> fmt::Result {
    match number {
        Some(number) if number < 100.0 => write!(f, "{number:width$.2}"),
        Some(number) => write!(f, "{number:width$.0}"),
        None => write!(f, "{:>width$}", "–"),
    }
}
