//! Pictures of sessions, for people to look at: what a desktop looks like, on a coarse and on a
//! fine screen, in a kiosk, locked, shared.
//!
//! `make gallery`, or `cargo run -p offing-tests --bin gallery -- PATH-OF-OFFING FOLDER [NAME…]`
//!
//! Starts a session for each picture and writes `FOLDER/NAME.png`. Nothing is compared: that is
//! what the tests do. A picture whose programs are not installed is left out.

use std::path::{Path, PathBuf};

use offing_tests::Result;
use offing_tests::process::require_tools;
use offing_tests::vnc_client::button;

mod stage;

use stage::{Stage, TERMINAL};

const RETURN: u32 = 0xff0d;

/// How the title of GTK's example of an editor begins.
const EDITOR: &str = "GTK Print Editor";

/// A picture.
struct Scene {
    name: &'static str,
    /// The programs that it takes.
    tools: &'static [&'static str],
    show: fn(&Path) -> Result<Stage>,
}

const SCENES: [Scene; 11] = [
    Scene {
        name: "desktop",
        tools: &["waybar", "foot", "gtk4-print-editor"],
        show: desktop,
    },
    Scene {
        name: "scale-1.5",
        tools: &["waybar", "foot", "gtk4-print-editor"],
        show: |binary| scaled(binary, "1.5", "1440x900"),
    },
    Scene {
        name: "scale-2",
        tools: &["waybar", "foot", "gtk4-print-editor"],
        show: |binary| scaled(binary, "2", "1920x1200"),
    },
    Scene {
        name: "kiosk",
        tools: &["gtk4-widget-factory"],
        show: kiosk,
    },
    Scene {
        name: "tiled",
        tools: &["waybar", "foot"],
        show: tiled,
    },
    Scene {
        name: "locked",
        tools: &["swaylock", "foot"],
        show: locked,
    },
    Scene {
        name: "menu",
        tools: &["weston-terminal"],
        show: menu,
    },
    Scene {
        name: "desktop-menu",
        tools: &["waybar", "foot"],
        show: desktop_menu,
    },
    Scene {
        name: "switcher",
        tools: &["waybar", "foot", "gtk4-print-editor"],
        show: switcher,
    },
    Scene {
        name: "launcher",
        tools: &["waybar", "foot", "fuzzel"],
        show: launcher,
    },
    Scene {
        name: "isolated",
        tools: &["foot"],
        show: isolated,
    },
];

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let (Some(binary), Some(folder)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: gallery PATH-OF-OFFING FOLDER [NAME…]");
        std::process::exit(2);
    };
    let binary = std::fs::canonicalize(binary)?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    let names: Vec<String> = arguments.collect();
    for scene in &SCENES {
        if !names.is_empty() && !names.iter().any(|name| name == scene.name) {
            continue;
        }
        if !require_tools(scene.tools)? {
            continue;
        }
        let mut stage = (scene.show)(&binary)?;
        let path = folder.join(format!("{}.png", scene.name));
        stage.settle()?;
        stage.viewer.picture().save_png(&path)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// A terminal, and a desktop around it.
fn terminal_on_a_desktop(binary: &Path, options: &[&str]) -> Result<Stage> {
    let mut stage = Stage::start(binary, options, &TERMINAL)?;
    stage.wait_for_windows(1)?;
    stage.add_bar()?;
    Ok(stage)
}

/// Two terminals and a program of GTK.
fn desktop(binary: &Path) -> Result<Stage> {
    let mut stage = terminal_on_a_desktop(binary, &["--size", "1280x800"])?;
    stage.drag_window("Terminal", (60, 90))?;
    stage.type_line("offing list")?;
    stage.add("gtk4-print-editor", &["letter"])?;
    stage.wait_for_windows(2)?;
    stage.settle()?;
    stage.drag_window(EDITOR, (780, 70))?;
    stage.add(
        "foot",
        &["--title", "Colours", "--window-size-pixels=640x300"],
    )?;
    stage.wait_for_windows(3)?;
    stage.drag_window("Colours", (330, 440))?;
    stage.type_line("printf '\\033[48;5;%dm ' $(seq 0 255)")?;
    Ok(stage)
}

/// The same on a screen with more pixels.
fn scaled(binary: &Path, scale: &str, size: &str) -> Result<Stage> {
    let mut stage = terminal_on_a_desktop(binary, &["--scale", scale, "--size", size])?;
    stage.type_line("offing list")?;
    stage.add("gtk4-print-editor", &["letter"])?;
    stage.wait_for_windows(2)?;
    Ok(stage)
}

/// One program that fills the screen.
fn kiosk(binary: &Path) -> Result<Stage> {
    let options = ["--kiosk", "--size", "1600x1000"];
    let mut stage = Stage::start(binary, &options, &["gtk4-widget-factory"])?;
    stage.wait_for_windows(1)?;
    Ok(stage)
}

/// Two windows side by side: each was dropped at an edge.
fn tiled(binary: &Path) -> Result<Stage> {
    let mut stage = terminal_on_a_desktop(binary, &["--size", "1280x800"])?;
    stage.type_line("offing list")?;
    stage.drop_window("Terminal", (0, 400))?;
    stage.add("foot", &["--title", "Colours"])?;
    stage.wait_for_windows(2)?;
    stage.type_line("printf '\\033[48;5;%dm ' $(seq 0 255)")?;
    stage.drop_window("Colours", (1279, 400))?;
    Ok(stage)
}

/// A locked session, with a letter typed.
fn locked(binary: &Path) -> Result<Stage> {
    let mut stage = Stage::start(binary, &["--size", "800x600"], &TERMINAL)?;
    stage.wait_for_windows(1)?;
    let arguments = ["-c", "224488", "--indicator-idle-visible"];
    stage.add("swaylock", &arguments)?;
    stage.wait_for_colour([0x22, 0x44, 0x88])?;
    stage.viewer.type_text("a")?;
    Ok(stage)
}

/// A menu that reaches over the edge of its window.
fn menu(binary: &Path) -> Result<Stage> {
    let mut stage = Stage::start(binary, &["--size", "1024x768"], &["weston-terminal"])?;
    let window = stage.wait_for_windows(1)?.remove(0);
    stage.settle()?;
    let right = window.x + window.width - 60;
    let bottom = window.y + window.height - 60;
    stage
        .viewer
        .click(right as u16, bottom as u16, button::RIGHT)?;
    Ok(stage)
}

/// What the right button brings on the bare desktop, beside a terminal.
fn desktop_menu(binary: &Path) -> Result<Stage> {
    let mut stage = terminal_on_a_desktop(binary, &["--size", "1280x800"])?;
    stage.drag_window("Terminal", (540, 120))?;
    stage.viewer.click(120, 120, button::RIGHT)?;
    Ok(stage)
}

/// All windows while Alt is held and Tab was typed.
fn switcher(binary: &Path) -> Result<Stage> {
    const ALT: u32 = 0xffe9;
    const TAB: u32 = 0xff09;
    let mut stage = desktop(binary)?;
    stage.viewer.key(ALT, true)?;
    stage.viewer.tap(TAB)?;
    Ok(stage)
}

/// A launcher above a terminal.
fn launcher(binary: &Path) -> Result<Stage> {
    let mut stage = terminal_on_a_desktop(binary, &["--size", "1024x768"])?;
    stage.add("fuzzel", &["--no-icons"])?;
    stage.settle()?;
    stage.viewer.type_text("gtk")?;
    Ok(stage)
}

/// What viewers see of one window, though another is above it.
fn isolated(binary: &Path) -> Result<Stage> {
    let options = ["--share", "isolated:shared", "--indicator"];
    let mut stage = Stage::start(binary, &options, &TERMINAL)?;
    stage.wait_for_windows(1)?;
    stage.add("foot", &["--app-id=shared", "--title", "Shared"])?;
    stage.wait_for_windows(2)?;
    stage.settle()?;
    stage.viewer.type_text("echo nobody sees the rest")?;
    stage.viewer.tap(RETURN)?;
    stage.add("foot", &["--title", "Above"])?;
    stage.wait_for_windows(3)?;
    Ok(stage)
}
