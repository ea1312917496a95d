//! Runs WLCS, the Wayland conformance test suite, against the compositor.
//!
//! `cargo build -p offing-wlcs && cargo run -p offing-wlcs --bin run-wlcs [FILTER]`
//!
//! `FILTER` is one of GoogleTest's, such as `*TouchTest*`. The tests are shared among some processes,
//! each with a directory of its own for its sockets. What fails without being in
//! `expected-failures.txt`, or does not end in time, is an error, and what it printed is shown.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Processes that run at the same time: they wait more than they work.
const SHARDS: usize = 4;
/// All has to be done by then.
const TIME: Duration = Duration::from_secs(180);
/// Where Debian installs it, on whatever machine.
const PLACES: [&str; 2] = ["/usr/lib", "/usr/libexec"];

/// Names of tests, and why they fail.
const EXPECTED: &str = include_str!("../expected-failures.txt");

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Skipped,
    Failed,
}

/// How a test ended, and what it printed.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    verdict: Verdict,
    output: String,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("wlcs: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is as expected.
fn run() -> Result<bool, Box<dyn Error>> {
    let filter = std::env::args().nth(1).unwrap_or_else(|| "*".to_owned());
    let suite = find_suite()?;
    let module = std::env::current_exe()?.with_file_name("liboffing_wlcs.so");
    if !module.exists() {
        return Err("the module is not there: cargo build -p offing-wlcs".into());
    }
    let deadline = Instant::now() + TIME;
    let shards = (0..SHARDS).map(|shard| {
        let (suite, module, filter) = (suite.clone(), module.clone(), filter.clone());
        thread::spawn(move || run_shard(&suite, &module, &filter, shard, deadline))
    });
    let shards: Vec<_> = shards.collect();
    let mut outcomes = BTreeMap::new();
    for shard in shards {
        let output = shard.join().map_err(|_| "a thread panicked")??;
        outcomes.append(&mut parse(&output));
    }
    if outcomes.is_empty() {
        return Err(format!("{} ran no test", suite.display()).into());
    }
    Ok(report(&outcomes))
}

/// The program: what `WLCS` says, or Debian's.
fn find_suite() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("WLCS") {
        return Ok(path.into());
    }
    let machine = format!("{}-linux-gnu", std::env::consts::ARCH);
    let places = PLACES.iter().flat_map(|place| {
        let place = Path::new(place);
        [
            place.join("wlcs/wlcs"),
            place.join(&machine).join("wlcs/wlcs"),
        ]
    });
    let found = places.into_iter().find(|place| place.exists());
    found.ok_or_else(|| "wlcs is missing: apt install wlcs, or set WLCS to its path".to_owned())
}

/// What the tests of one share print.
fn run_shard(
    suite: &Path,
    module: &Path,
    filter: &str,
    shard: usize,
    deadline: Instant,
) -> std::io::Result<String> {
    let runtime_dir = tempfile::tempdir()?;
    let mut child = Command::new(suite)
        .arg(module)
        .env("XDG_RUNTIME_DIR", runtime_dir.path())
        .env("GTEST_TOTAL_SHARDS", SHARDS.to_string())
        .env("GTEST_SHARD_INDEX", shard.to_string())
        .env("GTEST_FILTER", filter)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let output = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        output.map(|mut output| output.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    });
    wait_until(&mut child, deadline)?;
    let status = child.wait()?;
    let output = reader.join().unwrap_or_default();
    // It exits with 1 if a test fails; after a crash nobody knows what was still to come.
    match status.code() {
        Some(0 | 1) => Ok(output),
        _ => Err(std::io::Error::other(format!(
            "a share of the tests did not end by itself ({status}):\n{}",
            last_lines(&output)
        ))),
    }
}

/// The end of what was printed.
fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Waits for the end of a process, or ends it.
fn wait_until(child: &mut Child, deadline: Instant) -> std::io::Result<()> {
    while child.try_wait()?.is_none() {
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// How each test ended. One that did not has failed.
fn parse(output: &str) -> BTreeMap<String, Outcome> {
    let mut outcomes = BTreeMap::new();
    let mut running: Option<(String, String)> = None;
    for line in output.lines() {
        let event = line
            .strip_prefix('[')
            .and_then(|line| line.split_once(']'))
            .map(|(event, rest)| (event.trim(), name(rest)));
        let verdict = match event {
            Some(("RUN", name)) => {
                let broken = running.replace((name.to_owned(), String::new()));
                outcomes.extend(broken.map(unfinished));
                continue;
            }
            Some(("OK", _)) => Verdict::Passed,
            Some(("SKIP", _)) => Verdict::Skipped,
            Some(("FAILED", _)) => Verdict::Failed,
            _ => {
                if let Some((_, output)) = &mut running {
                    output.push_str(line);
                    output.push('\n');
                }
                continue;
            }
        };
        if let Some((name, output)) = running.take() {
            outcomes.insert(name, Outcome { verdict, output });
        }
    }
    outcomes.extend(running.map(unfinished));
    outcomes
}

/// A test whose end is missing.
fn unfinished((name, mut output): (String, String)) -> (String, Outcome) {
    output.push_str("it did not end\n");
    let verdict = Verdict::Failed;
    (name, Outcome { verdict, output })
}

/// The name of a test, without its parameters and its time.
fn name(text: &str) -> &str {
    let text = text.trim();
    text.split([',', ' ']).next().unwrap_or(text)
}

/// Prints what is not as expected, and the sums; whether nothing failed that should not.
fn report(outcomes: &BTreeMap<String, Outcome>) -> bool {
    let expected: Vec<&str> = EXPECTED
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let mut is_good = true;
    for (name, Outcome { verdict, output }) in outcomes {
        let is_expected = expected.contains(&name.as_str());
        if *verdict == Verdict::Failed && !is_expected {
            is_good = false;
            println!("failed: {name}\n{output}");
        } else if *verdict == Verdict::Passed && is_expected {
            println!("passed, and is in expected-failures.txt: {name}");
        }
    }
    let count = |verdict| outcomes.values().filter(|it| it.verdict == verdict).count();
    println!(
        "wlcs: {} passed, {} failed, {} skipped of {}",
        count(Verdict::Passed),
        count(Verdict::Failed),
        count(Verdict::Skipped),
        outcomes.len()
    );
    is_good
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read() {
        let output = "\
[==========] Running 4 tests.
[ RUN      ] A.passes
[       OK ] A.passes (12 ms)
[ RUN      ] A.fails/3
tests/a.cpp:1: Failure
[  FAILED  ] A.fails/3, where GetParam() = (a, b) (10 ms)
[ RUN      ] A.is_skipped
[     SKIP ] A.is_skipped (30ms)
[ RUN      ] A.crashes
";
        let verdicts = parse(output);
        let verdicts = verdicts.iter().map(|(name, it)| (&name[..], it.verdict));
        let expected = [
            ("A.crashes", Verdict::Failed),
            ("A.fails/3", Verdict::Failed),
            ("A.is_skipped", Verdict::Skipped),
            ("A.passes", Verdict::Passed),
        ];
        assert_eq!(verdicts.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_failed_is_told_with_what_it_printed() {
        let output = "[ RUN      ] A.b\nwhy\n[  FAILED  ] A.b (1 ms)\n[  FAILED  ] 1 test\n";
        let outcomes = parse(output);
        assert_eq!(outcomes["A.b"].output, "why\n");
        assert!(!report(&outcomes));
    }
}
