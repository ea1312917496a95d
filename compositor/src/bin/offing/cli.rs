//! The command line: its options, and what their values may be.

use crate::{
    auth::AuthOptions, background, listen::Address, pixel_options::PixelOptions,
    runtime_dir::parse_name,
};
use clap::{
    Args, Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser},
};
use offing::config::{Exchange, Keys, MAX_SIDE, MIN_SIDE, SCALES, Share};
use std::{ffi::OsString, path::PathBuf};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

/// A remote desktop session in one program: a Wayland compositor with a VNC
/// server inside
#[derive(Debug, Parser)]
#[command(
    name = "offing",
    version,
    arg_required_else_help = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs"
)]
pub(crate) struct Cli {
    /// What to log: error, warn, info, debug or trace [default: $OFFING_LOG or warn]
    #[arg(long, value_name = "LEVEL", global = true, value_parser = parse_log)]
    pub(crate) log: Option<String>,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start a session; it ends with COMMAND and returns its exit code
    Run(Box<RunOptions>),
    /// Start a session with a built-in program, write a picture of it, and exit
    Demo(DemoOptions),
    /// Write a picture of what a running session shares
    Screenshot(ScreenshotOptions),
    /// Show which sessions are running
    List(ListOptions),
    /// End a session
    Stop(StopOptions),
    /// Connect a viewer through standard input and output, without a password
    Attach(AttachOptions),
    /// Ask a running session something
    Msg(MsgOptions),
}

/// The options of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunOptions {
    /// Where viewers connect: IP:PORT (port 0: any free one, -1: of 5900-5999), unix:PATH, fd:N
    /// or none; repeatable [default: 127.0.0.1:-1]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<Address>,

    /// Size of the screen in pixels
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = parse_size)]
    pub(crate) size: (u16, u16),

    /// Do not let viewers resize the screen
    #[arg(long)]
    pub(crate) fixed_size: bool,

    /// How much larger programs draw
    #[arg(long, value_name = "F", default_value = "1", value_parser = parse_scale)]
    pub(crate) scale: f64,

    /// Name of the session and of the desktop [default: offing-N, the first free]
    #[arg(long, value_parser = parse_name)]
    pub(crate) name: Option<String>,

    #[command(flatten)]
    pub(crate) auth: AuthOptions,

    #[command(flatten)]
    pub(crate) pixels: PixelOptions,

    /// Ignore the keyboards and mice of all viewers
    #[arg(long)]
    pub(crate) view_only: bool,

    /// Which ways the clipboard is shared with viewers: both, to-viewers, from-viewers or off
    #[arg(long, value_name = "WAYS", default_value = "both", value_parser = parse_exchange)]
    pub(crate) clipboard: Exchange,

    /// The same for the primary selection, which is what is marked
    #[arg(long, value_name = "WAYS", default_value = "off", value_parser = parse_exchange)]
    pub(crate) primary: Exchange,

    /// What viewers see: desktop, window:APP_ID, isolated:APP_ID (nothing over it), or
    /// rect:X,Y,WxH in pixels; of a window they also reach nothing else
    #[arg(long, value_name = "WHAT", default_value = "desktop", value_parser = parse_share)]
    pub(crate) share: Share,

    /// Show a red dot to viewers while there are any
    #[arg(long)]
    pub(crate) indicator: bool,

    /// When the last viewer has left, lock the session with this command of the shell, such as
    /// swaylock [default: leave it open]
    #[arg(long, value_name = "COMMAND")]
    pub(crate) lock: Option<OsString>,

    /// Start this command of the shell beside COMMAND, such as waybar; it ends with the session.
    /// Can be given several times
    #[arg(long, value_name = "COMMAND")]
    pub(crate) also: Vec<OsString>,

    /// What is behind all windows: '#rrggbb' for a colour, or the path of a PNG picture, which
    /// covers the screen [default: dark blue]
    #[arg(long, value_name = "WHAT", value_parser = OsStringValueParser::new().try_map(background::parse))]
    pub(crate) background: Option<background::Choice>,

    /// Let the first window fill the screen, without decorations
    #[arg(long)]
    pub(crate) kiosk: bool,

    /// Leave all keys to programs: no Alt+Tab, no Alt+F4, no Super with arrows or Space
    #[arg(long)]
    pub(crate) no_shortcuts: bool,

    /// Start no X server (none is started yet, with or without this)
    #[arg(long)]
    pub(crate) no_xwayland: bool,

    /// Go on in the background, when the terminal or connection is gone, too
    #[arg(long)]
    pub(crate) detach: bool,

    // This process is the one in the background; whether it may tell the password.
    #[arg(long, hide = true, value_name = "TELL", require_equals = true)]
    pub(crate) detached: Option<bool>,

    /// Where to write the connection file as well, besides $XDG_RUNTIME_DIR/offing/NAME.json
    #[arg(long, value_name = "PATH")]
    pub(crate) connection_file: Option<PathBuf>,

    /// Which key a viewer presses: keysym, one with its symbol; scancode, the one in its place;
    /// auto, the one in its place if that has its symbol
    #[arg(long, value_name = "HOW", default_value = "auto", value_parser = parse_keys)]
    pub(crate) keys: Keys,

    #[command(flatten)]
    pub(crate) keyboard: KeyboardOptions,

    /// The program to run, and its arguments [default: a terminal]
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// The keyboard's layout, in the words of xkeyboard-config(7).
#[derive(Args, Debug)]
pub(crate) struct KeyboardOptions {
    /// Layouts of the keyboard, such as de,us [default: $XKB_DEFAULT_LAYOUT or us]
    #[arg(long, value_name = "LIST")]
    pub(crate) xkb_layout: Option<String>,

    /// Variants of the layouts, such as nodeadkeys [default: $XKB_DEFAULT_VARIANT]
    #[arg(long, value_name = "LIST")]
    pub(crate) xkb_variant: Option<String>,

    /// Options of the layout, such as compose:menu [default: $XKB_DEFAULT_OPTIONS]
    #[arg(long, value_name = "LIST")]
    pub(crate) xkb_options: Option<String>,

    /// Model of the keyboard, such as pc105 [default: $XKB_DEFAULT_MODEL]
    #[arg(long, value_name = "MODEL")]
    pub(crate) xkb_model: Option<String>,
}

/// The options of `demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoOptions {
    /// The PNG file to write; - for standard output
    #[arg(short, long, value_name = "PNG", default_value = "demo.png")]
    pub(crate) output: PathBuf,

    /// Size of the screen in pixels
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = parse_size)]
    pub(crate) size: (u16, u16),
}

/// The options of `screenshot`.
#[derive(Args, Debug)]
pub(crate) struct ScreenshotOptions {
    /// The PNG file to write; - for standard output
    #[arg(short, long, value_name = "PNG", default_value = "screenshot.png")]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) session: SessionOptions,
}

/// Which session is meant.
#[derive(Args, Debug)]
pub(crate) struct SessionOptions {
    /// The session's name [default: the only one that runs]
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) session: Option<String>,

    /// The session's connection file
    #[arg(long, value_name = "PATH", global = true, conflicts_with = "session")]
    pub(crate) connection_file: Option<PathBuf>,
}

/// The options of `list`.
#[derive(Args, Debug)]
pub(crate) struct ListOptions {
    /// Print a list of JSON objects
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `stop`.
#[derive(Args, Debug)]
pub(crate) struct StopOptions {
    #[command(flatten)]
    pub(crate) session: NamedSession,

    /// End all sessions
    #[arg(long, conflicts_with_all = ["name", "session", "connection_file"])]
    pub(crate) all: bool,
}

/// The options of `attach`.
#[derive(Args, Debug)]
pub(crate) struct AttachOptions {
    /// Standard input and output are the viewer's connection (required, as there is no other way)
    #[arg(long, required = true)]
    pub(crate) stdio: bool,

    #[command(flatten)]
    pub(crate) session: NamedSession,
}

/// Which session is meant, where its name needs no option.
#[derive(Args, Debug)]
pub(crate) struct NamedSession {
    /// The session's name [default: the only one that runs]
    #[arg(conflicts_with_all = ["session", "connection_file"])]
    name: Option<String>,

    #[command(flatten)]
    options: SessionOptions,
}

impl NamedSession {
    /// The same with its name in the option.
    pub(crate) fn options(&self) -> SessionOptions {
        SessionOptions {
            session: self.name.clone().or(self.options.session.clone()),
            connection_file: self.options.connection_file.clone(),
        }
    }
}

/// The options of `msg`.
#[derive(Args, Debug)]
#[command(
    subcommand_value_name = "MESSAGE",
    subcommand_help_heading = "Messages"
)]
pub(crate) struct MsgOptions {
    #[command(flatten)]
    pub(crate) session: SessionOptions,

    /// Print the answer as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) message: Message,
}

/// What to ask a session.
#[derive(Debug, Subcommand)]
pub(crate) enum Message {
    /// Print how the session is
    State,
    /// Resize the screen
    Resize {
        /// The new size in pixels
        #[arg(value_name = "WxH", value_parser = parse_size)]
        size: (u16, u16),
    },
    /// Disconnect viewers
    Disconnect {
        /// A viewer's number, from `offing msg state`, or all
        #[arg(value_name = "ID", default_value = "all")]
        viewer: Viewers,
    },
    /// Change the desktop's name, the passwords, or what viewers may do
    #[command(
        subcommand,
        subcommand_value_name = "WHAT",
        subcommand_help_heading = "What"
    )]
    Set(Set),
    /// Let viewers connect at other addresses; those that are connected stay
    Listen {
        /// As for `offing run --listen`, without fd:N
        #[arg(value_name = "ADDR", required = true)]
        addresses: Vec<Address>,
    },
    /// Print what happens, one JSON object a line, until the session ends
    Events,
    /// End the session
    Quit,
}

/// What can be changed.
#[derive(Debug, Subcommand)]
pub(crate) enum Set {
    /// The desktop's name, as viewers show it
    Name {
        /// One line of text
        name: String,
    },
    /// The password of viewers that connect from now on, from standard input
    Password(SetPassword),
    /// The password of viewers that only watch, from standard input
    ViewOnlyPassword(SetPassword),
    /// Off: disconnect all viewers, and turn new ones away
    Connections {
        /// on or off
        #[arg(value_name = "on|off")]
        on: Switch,
    },
    /// Off: let all viewers only watch
    Input {
        /// on or off
        #[arg(value_name = "on|off")]
        on: Switch,
    },
}

/// Where a new password comes from.
#[derive(Args, Debug)]
pub(crate) struct SetPassword {
    /// Take it from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Need no password; not possible where other machines can connect
    #[arg(long, conflicts_with = "file")]
    pub(crate) none: bool,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Switch(pub(crate) bool);

impl std::str::FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Switch, String> {
        match text {
            "on" => Ok(Switch(true)),
            "off" => Ok(Switch(false)),
            _ => Err("use on or off".to_owned()),
        }
    }
}

/// One viewer, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Viewers(pub(crate) Option<u64>);

impl std::str::FromStr for Viewers {
    type Err = String;

    fn from_str(text: &str) -> Result<Viewers, String> {
        match text {
            "all" => Ok(Viewers(None)),
            _ => match text.parse() {
                Ok(number) => Ok(Viewers(Some(number))),
                Err(_) => Err("use a viewer's number from `offing msg state`, or all".to_owned()),
            },
        }
    }
}

fn parse_size(text: &str) -> Result<(u16, u16), String> {
    let (width, height) = text
        .split_once(['x', 'X'])
        .ok_or("use WIDTHxHEIGHT in pixels, such as 1280x800")?;
    let side = |text: &str| match text.parse() {
        Ok(side) if (MIN_SIDE..=MAX_SIDE).contains(&side) => Ok(side),
        _ => Err(format!("each side must be {MIN_SIDE} to {MAX_SIDE} pixels")),
    };
    Ok((side(width)?, side(height)?))
}

fn parse_scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(scale) if SCALES.contains(&scale) => Ok(scale),
        _ => Err(format!(
            "use a number from {} to {}",
            SCALES.start(),
            SCALES.end()
        )),
    }
}

fn parse_exchange(text: &str) -> Result<Exchange, String> {
    let (to_viewers, from_viewers) = match text {
        "both" => (true, true),
        "to-viewers" => (true, false),
        "from-viewers" => (false, true),
        "off" => (false, false),
        _ => return Err("use both, to-viewers, from-viewers or off".to_owned()),
    };
    Ok(Exchange {
        to_viewers,
        from_viewers,
    })
}

fn parse_share(text: &str) -> Result<Share, String> {
    let (kind, what) = text.split_once(':').unwrap_or((text, ""));
    match (kind, what) {
        ("desktop", "") => Ok(Share::Desktop),
        ("window" | "isolated", "") => Err(format!(
            "use {kind}:APP_ID: `offing msg state` tells the app ids of windows"
        )),
        ("window", app_id) => Ok(Share::Window(app_id.to_owned())),
        ("isolated", app_id) => Ok(Share::Isolated(app_id.to_owned())),
        ("rect", rect) => parse_rect(rect)
            .map(Share::Rect)
            .ok_or_else(|| "use rect:X,Y,WxH in pixels, such as rect:0,0,640x480".to_owned()),
        _ => Err("use desktop, window:APP_ID, isolated:APP_ID or rect:X,Y,WxH".to_owned()),
    }
}

fn parse_keys(text: &str) -> Result<Keys, String> {
    match text {
        "auto" => Ok(Keys::Auto),
        "keysym" => Ok(Keys::Keysym),
        "scancode" => Ok(Keys::Scancode),
        _ => Err("use auto, keysym or scancode".to_owned()),
    }
}

/// X,Y,WxH.
fn parse_rect(text: &str) -> Option<rfb::Rect> {
    let (x, rest) = text.split_once(',')?;
    let (y, size) = rest.split_once(',')?;
    let (width, height) = size.split_once(['x', 'X'])?;
    let side = |text: &str| text.parse().ok().filter(|side: &u16| *side > 0);
    Some(rfb::Rect::new(
        x.parse().ok()?,
        y.parse().ok()?,
        side(width)?,
        side(height)?,
    ))
}

fn parse_log(text: &str) -> Result<String, String> {
    log_filter(text).map(|_| text.to_owned())
}

/// What is logged at a level, or by directives such as `offing=debug`.
///
/// # Errors
/// A sentence that names the levels.
pub(crate) fn log_filter(text: &str) -> Result<EnvFilter, String> {
    let wrong = "use error, warn, info, debug or trace";
    // A bare word that is no level would be taken for a module's name, and
    // nothing at all for a level.
    if text.is_empty() || !text.contains('=') && text.parse::<LevelFilter>().is_err() {
        return Err(wrong.to_owned());
    }
    EnvFilter::try_new(text).map_err(|_| wrong.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Security;
    use clap::CommandFactory;

    fn parse(arguments: &str) -> Result<Verb, String> {
        let words = std::iter::once("offing").chain(arguments.split_whitespace());
        Cli::try_parse_from(words)
            .map(|cli| cli.verb)
            .map_err(|error| {
                assert_eq!(error.exit_code(), 2, "{error}");
                error.to_string()
            })
    }

    fn run(arguments: &str) -> RunOptions {
        match parse(&format!("run {arguments}")) {
            Ok(Verb::Run(options)) => *options,
            other => panic!("{other:?}"),
        }
    }

    fn msg(arguments: &str) -> MsgOptions {
        match parse(&format!("msg {arguments}")) {
            Ok(Verb::Msg(options)) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_needs_nothing() {
        let options = run("");
        assert!(options.listen.is_empty());
        assert_eq!(options.size, (1280, 800));
        assert_eq!(options.scale, 1.0);
        assert_eq!(options.name, None);
        assert_eq!(options.auth.auth, [Security::VncAuth]);
        assert!(options.command.is_empty());
        assert!(!options.fixed_size && !options.view_only && !options.kiosk);
        assert_eq!(options.share, Share::Desktop);
        assert!(!options.indicator && options.lock.is_none());
        assert_eq!(options.keys, Keys::Auto);
        let exchange = (options.clipboard, options.primary);
        assert_eq!(exchange, (Exchange::BOTH, Exchange::OFF));
    }

    #[test]
    fn which_ways_clipboards_go() {
        for (text, to_viewers, from_viewers) in [
            ("both", true, true),
            ("to-viewers", true, false),
            ("from-viewers", false, true),
            ("off", false, false),
        ] {
            let options = run(&format!("--clipboard {text} --primary {text}"));
            for exchange in [options.clipboard, options.primary] {
                let found = (exchange.to_viewers, exchange.from_viewers);
                assert_eq!(found, (to_viewers, from_viewers), "{text}");
            }
        }
    }

    #[test]
    fn what_is_shared() {
        assert!(run("--indicator").indicator);
        for (text, share) in [
            ("desktop", Share::Desktop),
            ("window:foot", Share::Window("foot".to_owned())),
            ("isolated:a:b", Share::Isolated("a:b".to_owned())),
            ("rect:1,2,30x40", Share::Rect(rfb::Rect::new(1, 2, 30, 40))),
        ] {
            assert_eq!(run(&format!("--share {text}")).share, share);
        }
        for (text, remedy) in [
            ("all", "use desktop, window:APP_ID"),
            ("desktop:1", "use desktop, window:APP_ID"),
            ("window", "use window:APP_ID"),
            ("isolated:", "use isolated:APP_ID"),
            ("rect", "rect:0,0,640x480"),
            ("rect:1,2,0x9", "rect:0,0,640x480"),
            ("rect:-1,2,9x9", "rect:0,0,640x480"),
            ("rect:1,2,9x65536", "rect:0,0,640x480"),
        ] {
            let error = parse(&format!("run --share {text}")).unwrap_err();
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }

    #[test]
    fn run_takes_its_options() {
        let options = run(
            "--listen 127.0.0.1:0 --listen unix:/s --size 800x600 --fixed-size \
             --scale 1.5 --name desk --auth none,vncauth --password-file p \
             --view-only-password-file v --insecure --allow-vncauth --allow-root --view-only \
             --kiosk --no-shortcuts --no-xwayland --connection-file c --log debug --xkb-layout de \
             --xkb-variant neo --xkb-options compose:menu --xkb-model pc104 --keys scancode -- foot --size 1 -e",
        );
        assert_eq!(options.listen.len(), 2);
        assert_eq!(options.size, (800, 600));
        assert_eq!(options.scale, 1.5);
        assert_eq!(options.name.as_deref(), Some("desk"));
        assert_eq!(options.auth.auth, [Security::None, Security::VncAuth]);
        assert!(options.auth.insecure && options.auth.allow_vncauth && options.auth.allow_root);
        assert!(options.fixed_size && options.view_only && options.kiosk);
        assert!(options.no_shortcuts);
        assert_eq!(options.keyboard.xkb_layout.as_deref(), Some("de"));
        assert_eq!(options.keys, Keys::Scancode);
        assert_eq!(options.command, ["foot", "--size", "1", "-e"]);
    }

    #[test]
    fn wrong_usage_says_what_is_right() {
        for (arguments, part) in [
            ("run --size 1280", "1280x800"),
            ("run --size 15x16", "16 to 16384"),
            ("run --size 16x16385", "16 to 16384"),
            ("run --size=-1x5", "16 to 16384"),
            ("run --size x", "16 to 16384"),
            ("run --encodings png", "corre, rre, raw"),
            ("run --scale 0", "0.5 to 4"),
            ("run --clipboard on", "to-viewers, from-viewers or off"),
            ("run --scale NaN", "0.5 to 4"),
            ("run --scale 4.1", "0.5 to 4"),
            ("run --name a/b", "letters"),
            ("run --auth tls", "none, vncauth"),
            ("run --listen 5900", "unix:PATH"),
            ("run --keys qwerty", "auto, keysym or scancode"),
            ("run --log loud", "debug or trace"),
            ("run --log a=loud", "debug or trace"),
            ("run foot", "[-- <COMMAND>...]"),
            ("fly", "unrecognized"),
            ("msg disconnect x", "or all"),
            ("msg resize", "WxH"),
            ("msg listen", "<ADDR>"),
            ("msg listen 5900", "unix:PATH"),
            ("msg set", "WHAT"),
            ("msg set input maybe", "use on or off"),
            ("msg set password secret", "unexpected argument"),
            ("msg set password --none --file f", "cannot be used with"),
            ("stop a --all", "cannot be used with"),
            ("attach", "--stdio"),
            ("attach --stdio a --session b", "cannot be used with"),
            (
                "msg --session a --connection-file b state",
                "cannot be used with",
            ),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(part), "{arguments}: {error}");
        }
    }

    #[test]
    fn messages() {
        assert!(matches!(msg("state").message, Message::State));
        assert!(msg("state --json").json && msg("--json state").json);
        assert_eq!(
            msg("quit --session a").session.session.as_deref(),
            Some("a")
        );
        assert!(matches!(
            msg("resize 800X600").message,
            Message::Resize { size: (800, 600) }
        ));
        assert!(matches!(
            msg("set connections off").message,
            Message::Set(Set::Connections { on: Switch(false) })
        ));
        assert!(matches!(
            msg("set view-only-password --none --session a").message,
            Message::Set(Set::ViewOnlyPassword(SetPassword { none: true, .. }))
        ));
        for (arguments, expected) in [
            ("disconnect", None),
            ("disconnect all", None),
            ("disconnect 7", Some(7)),
        ] {
            match msg(arguments).message {
                Message::Disconnect { viewer } => assert_eq!(viewer.0, expected),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_session_is_named_in_two_ways() {
        let session = |arguments: &str| match parse(&format!("attach --stdio {arguments}")) {
            Ok(Verb::Attach(options)) => options.session.options().session,
            other => panic!("{other:?}"),
        };
        assert_eq!(session("a").as_deref(), Some("a"));
        assert_eq!(session("--session a").as_deref(), Some("a"));
        assert_eq!(session(""), None);
    }

    #[test]
    fn log_filters() {
        for good in ["warn", "TRACE", "off", "offing=debug", "warn,offing=trace"] {
            log_filter(good).unwrap();
        }
        for bad in ["", "loud", "offing=loud"] {
            log_filter(bad).unwrap_err();
        }
    }
}
