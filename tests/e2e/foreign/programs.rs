//! The programs.

use std::fs;
use std::process::Command;

use offing_tests::Result;
use offing_tests::process::{Home, Xvfb, require_tools};

use super::capture::Capture;
use super::script::Script;
use super::window::{Window, Windows};
use super::{Door, Program, Viewer, finds, succeed};

/// The folder of the sources of those that are small programs.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/viewers");
/// Compiles the first argument.
const COMPILE: &str = "cc -o viewer \"$1\" $(pkg-config --cflags --libs libvncclient)";
/// Gives the password, if there is one, to the command in the arguments.
const WITH_PASSWORD: &str = "printf '%s\\n' \"$PASSWORD\" | exec \"$@\"";
/// Runs Remmina with its profile, in which the password must be encrypted as it does it.
const REMMINA: &str = "[ -z \"$PASSWORD\" ] || printf '%s\\n' \"$PASSWORD\" | \
    remmina --update-profile film.remmina --set-option password; exec remmina -c film.remmina";

/// A small program on libvncclient, with the library's own encodings.
pub(crate) const LIBVNCCLIENT: Program = Program {
    name: "libvncclient",
    installed: || {
        let exists = ["--exists", "libvncclient"];
        Ok(require_tools(&["cc"])? && finds("libvncclient", "pkg-config", &exists)?)
    },
    start: |door| libvncclient("tight zrle ultra copyrect hextile zlib corre rre raw", door),
};

/// The same, which prefers Zlib.
pub(crate) const LIBVNCCLIENT_ZLIB: Program = Program {
    start: |door| libvncclient("copyrect zlib hextile raw", door),
    ..LIBVNCCLIENT
};

/// A small program on asyncvnc, which knows Zlib only.
pub(crate) const ASYNCVNC: Program = Program {
    name: "asyncvnc",
    installed: || finds("asyncvnc", "python3", &["-c", "import asyncvnc"]),
    start: |door| python("asyncvnc_viewer.py", door),
};

/// A small program on vncdotool.
pub(crate) const VNCDOTOOL: Program = Program {
    name: "vncdotool",
    installed: || finds("vncdotool", "python3", &["-c", "import vncdotool"]),
    start: |door| python("vncdotool_viewer.py", door),
};

/// A small program on rfb2 for Node.js.
pub(crate) const RFB2: Program = Program {
    name: "rfb2",
    installed: || finds_package("rfb2"),
    start: |door| node("rfb2_viewer.js", door),
};

/// noVNC in Chromium.
pub(crate) const NOVNC: Program = Program {
    name: "noVNC",
    installed: || {
        Ok(require_tools(&["chromium"])?
            && finds_package("@novnc/novnc")?
            && finds_package("playwright-core")?
            && finds_package("ws")?)
    },
    start: |door| node("novnc_viewer.js", door),
};

pub(crate) const TIGERVNC: Program = Program {
    name: "TigerVNC",
    installed: || window_tools("xtigervncviewer"),
    start: |door| {
        let windows = Windows {
            main: " - TigerVNC$",
            ..Windows::default()
        };
        window(windows, |x| {
            let mut command = x.command("xtigervncviewer");
            command.env("VNC_PASSWORD", door.password.unwrap_or_default());
            command.arg(format!("127.0.0.1::{}", door.port));
            Ok(command)
        })
    },
};

pub(crate) const GVNCVIEWER: Program = Program {
    name: "gvncviewer",
    installed: || window_tools("gvncviewer"),
    start: |door| {
        let windows = Windows {
            main: "GVncViewer",
            login: &["^Authentication required$"],
            ..Windows::default()
        };
        window(windows, |x| {
            let mut command = x.command("gvncviewer");
            command.arg(display_of(door));
            Ok(command)
        })
    },
};

pub(crate) const GVNCCAPTURE: Program = Program {
    name: "gvnccapture",
    installed: || require_tools(&["gvnccapture", "setsid"]),
    start: |door| Ok(Box::new(Capture::start(door)?)),
};

pub(crate) const XTIGHTVNCVIEWER: Program = Program {
    name: "xtightvncviewer",
    installed: || window_tools("xtightvncviewer"),
    // It would ask for Raw alone, as the server is on the same machine.
    start: |door| xtightvncviewer("tight copyrect hextile zlib corre rre raw", door),
};

/// The same, which asks for Zlib only.
pub(crate) const XTIGHTVNCVIEWER_ZLIB: Program = Program {
    start: |door| xtightvncviewer("zlib", door),
    ..XTIGHTVNCVIEWER
};

pub(crate) const SSVNC: Program = Program {
    name: "ssvncviewer",
    installed: || window_tools("ssvncviewer"),
    start: |door| {
        let windows = Windows {
            main: "^SSVNC: ",
            ..Windows::default()
        };
        window(windows, |x| {
            let mut command = with_password(x.command("sh"), door);
            command.args(["ssvncviewer", "-autopass"]);
            command.arg(format!("127.0.0.1::{}", door.port));
            Ok(command)
        })
    },
};

/// Remmina at its best quality, for which it does not ask for Tight.
pub(crate) const REMMINA_BEST: Program = Program {
    name: "Remmina best",
    start: |door| remmina(9, door),
    ..REMMINA_POOR
};

pub(crate) const REMMINA_GOOD: Program = Program {
    name: "Remmina good",
    start: |door| remmina(2, door),
    ..REMMINA_POOR
};

pub(crate) const REMMINA_MEDIUM: Program = Program {
    name: "Remmina medium",
    start: |door| remmina(1, door),
    ..REMMINA_POOR
};

pub(crate) const REMMINA_POOR: Program = Program {
    name: "Remmina poor",
    installed: || Ok(window_tools("remmina")? && require_tools(&["dbus-run-session"])?),
    start: |door| remmina(0, door),
};

pub(crate) const VINAGRE: Program = Program {
    name: "Vinagre",
    installed: || Ok(window_tools("vinagre")? && require_tools(&["dbus-run-session"])?),
    start: |door| {
        // The dialog has the name that the main window had before.
        let windows = Windows {
            main: ". - Remote Desktop Viewer$",
            login: &[". - Remote Desktop Viewer$", "^Remote Desktop Viewer$"],
            size: Some((1000, 740)),
        };
        window(windows, |x| {
            let mut command = x.command("dbus-run-session");
            // Else it greets with a message over the picture.
            let home = command.get_current_dir().unwrap_or(".".as_ref());
            let state = home.join(".local/share/vinagre");
            fs::create_dir_all(&state)?;
            fs::write(state.join("first_run"), "")?;
            command.args(["--", "vinagre"]);
            command.arg(format!("127.0.0.1::{}", door.port));
            command.env("NO_AT_BRIDGE", "1");
            Ok(command)
        })
    },
};

/// A viewer with a window.
fn window(
    windows: Windows,
    command: impl FnOnce(&Xvfb) -> Result<Command>,
) -> Result<Box<dyn Viewer>> {
    Ok(Box::new(Window::start(windows, command)?))
}

fn window_tools(program: &str) -> Result<bool> {
    require_tools(&["Xvfb", "xclip", "xdotool", "xsel", program])
}

/// A small program, whose first argument is the port.
fn script(home: Home, mut command: Command, door: Door) -> Result<Box<dyn Viewer>> {
    command.arg(door.port.to_string());
    command.envs(door.password.map(|password| ("PASSWORD", password)));
    Ok(Box::new(Script::start(home, command)?))
}

fn libvncclient(encodings: &str, door: Door) -> Result<Box<dyn Viewer>> {
    let home = Home::new()?;
    let mut compiler = home.command("sh");
    compiler.args(["-c", COMPILE, "sh", &format!("{SOURCES}/libvncclient.c")]);
    succeed(compiler)?;
    let mut command = home.command(home.path().join("viewer"));
    command.arg(encodings);
    script(home, command, door)
}

fn python(source: &str, door: Door) -> Result<Box<dyn Viewer>> {
    let home = Home::new()?;
    let mut command = home.command("python3");
    command.arg(format!("{SOURCES}/{source}"));
    script(home, command, door)
}

/// A shell that is to run the command in its arguments with the password as its input.
fn with_password(mut shell: Command, door: Door) -> Command {
    shell.env("PASSWORD", door.password.unwrap_or_default());
    shell.args(["-c", WITH_PASSWORD, "sh"]);
    shell
}

fn xtightvncviewer(encodings: &str, door: Door) -> Result<Box<dyn Viewer>> {
    let windows = Windows {
        main: "^TightVNC: ",
        ..Windows::default()
    };
    window(windows, |x| {
        let mut command = with_password(x.command("sh"), door);
        command.args(["xtightvncviewer", "-autopass", "-encodings", encodings]);
        command.arg(format!("127.0.0.1::{}", door.port));
        Ok(command)
    })
}

fn node(source: &str, door: Door) -> Result<Box<dyn Viewer>> {
    let home = Home::new()?;
    let mut command = home.command("node");
    command.arg(format!("{SOURCES}/{source}"));
    script(home, command, door)
}

fn finds_package(name: &str) -> Result<bool> {
    finds(name, "node", &["-e", &format!("require.resolve('{name}')")])
}

fn remmina(quality: u8, door: Door) -> Result<Box<dyn Viewer>> {
    let windows = Windows {
        main: "^film$",
        ..Windows::default()
    };
    window(windows, |x| {
        let mut command = x.command("dbus-run-session");
        let home = command.get_current_dir().unwrap_or(".".as_ref());
        let text = format!(
            "[remmina]\nname=film\nprotocol=VNC\nserver=127.0.0.1:{}\nquality={quality}\n\
             colordepth=32\nviewmode=1\nscale=0\nwindow_width=900\nwindow_height=700\n\
             window_maximize=0\n",
            door.port
        );
        fs::write(home.join("film.remmina"), text)?;
        command.env("PASSWORD", door.password.unwrap_or_default());
        command.args(["--", "sh", "-c", REMMINA]);
        command.env("NO_AT_BRIDGE", "1");
        Ok(command)
    })
}

/// The server as gtk-vnc takes it: it counts displays from port 5900.
pub(super) fn display_of(door: Door) -> String {
    format!("127.0.0.1:{}", i32::from(door.port) - 5900)
}
