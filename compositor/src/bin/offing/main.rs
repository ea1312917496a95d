//! `offing`: the command line of the remote desktop session.

mod applications;
mod auth;
mod background;
mod cli;
mod connection;
mod control;
mod events;
mod failure;
mod leftovers;
mod listen;
mod locker;
mod own_file;
mod password;
mod picture;
mod pixel_options;
mod programs;
mod runtime_dir;
mod session;
mod signals;
mod spawn;
mod verbs;

use clap::Parser;
use cli::{Cli, Verb};
use failure::Failure;
use std::{
    env,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = start_log(cli.log.as_deref()).and_then(|()| match cli.verb {
        Verb::Run(options) => verbs::run::run(*options),
        Verb::Demo(options) => verbs::demo::demo(&options),
        Verb::Screenshot(options) => verbs::screenshot::screenshot(&options),
        Verb::List(options) => verbs::list::list(&options),
        Verb::Stop(options) => verbs::stop::stop(&options),
        Verb::Attach(options) => verbs::attach::attach(&options),
        Verb::Msg(options) => verbs::msg::msg(&options),
    });
    match done {
        Ok(code) => ExitCode::from(code),
        Err(Failure { code, message }) => {
            say(&format!("offing: {message}"));
            ExitCode::from(code)
        }
    }
}

/// Prints lines to standard error, which may be closed.
fn say(lines: &str) {
    let _ = writeln!(io::stderr(), "{lines}");
}

/// Logs to standard error from now on.
fn start_log(option: Option<&str>) -> Result<(), Failure> {
    let variable = env::var("OFFING_LOG").ok().filter(|text| !text.is_empty());
    let filter = match (option, variable) {
        (Some(text), _) => cli::log_filter(text)?,
        (None, Some(text)) => {
            cli::log_filter(&text).map_err(|error| format!("OFFING_LOG is {text}: {error}"))?
        }
        (None, None) => cli::log_filter("warn")?,
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        // It would panic where standard error is closed.
        .log_internal_errors(false)
        .init();
    Ok(())
}
