//! Real panels: a taskbar, a wallpaper and notifications.

use std::fs;

use offing_tests::picture::{Picture, Rect, Rgb};
use offing_tests::process::{Home, Offing, Running, require_tools};
use offing_tests::vnc_client::{VncClient, button};
use offing_tests::wayland_client::Window;
use offing_tests::{Result, soon};

use super::{OFFING, Session, done, keep, look_until};

/// Starts a program in a session.
fn start(session: &Offing, program: &str, arguments: &[&str]) -> Result<Running> {
    let mut command = session.command(program);
    command.args(arguments);
    Running::start(command)
}

const BAR_HEIGHT: usize = 28;
const BAR: Rgb = [0x20, 0x40, 0x60];
/// A window's button in the bar, by what the window is.
const ACTIVE: Rgb = [0x40, 0xa0, 0x40];
const MINIMIZED: Rgb = [0xa0, 0x40, 0x40];

const BAR_CONFIG: &str = r#"{
    "height": 28,
    "modules-left": ["wlr/taskbar"],
    "wlr/taskbar": { "format": "{title}", "on-click": "minimize-raise", "tooltip": false }
}"#;
const BAR_STYLE: &str = "
    * { border: none; border-radius: 0; min-height: 0; padding: 0; margin: 0; transition: none;
        background-image: none; box-shadow: none; text-shadow: none; }
    window { background: #204060; }
    button, button:hover { background: #606060; color: white; }
    button.active, button.active:hover { background: #40a040; }
    button.minimized, button.minimized:hover { background: #a04040; }
";

/// How wide the buttons of this colour are in the bar: its second row has no letters.
fn button_width(viewer: &VncClient, colour: Rgb) -> usize {
    let row = (0..viewer.size().0).map(|x| viewer.pixel(x, 1));
    row.filter(|pixel| *pixel == colour).count()
}

#[test]
fn a_taskbar_lists_windows_and_puts_them_away() -> Result {
    if !require_tools(&["waybar", "foot"])? {
        return Ok(());
    }
    let home = Home::new()?;
    fs::write(home.path().join("bar.json"), BAR_CONFIG)?;
    fs::write(home.path().join("bar.css"), BAR_STYLE)?;
    let programs = "foot --title short; exec sleep 1000";
    let background = ["--background", "#203040"];
    let arguments = ["--size", "800x600", "--", "sh", "-c", programs];
    let arguments = [&background[..], &arguments].concat();
    let session = Offing::run_in(home, OFFING, &arguments)?;
    session.wait_for_window()?;
    let _bar = start(&session, "waybar", &["-c", "bar.json", "-s", "bar.css"])?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    viewer.wait_until(soon(), "the bar with a button", |viewer| {
        let rest = button_width(viewer, BAR);
        rest > 400 && rest + button_width(viewer, ACTIVE) == 800
    })?;
    let short = button_width(&viewer, ACTIVE);

    // The button tells the title, whatever that becomes.
    viewer.type_text("printf '\\033]2;a title that is much longer\\007'\n")?;
    viewer.wait_until(soon(), "a longer title", |viewer| {
        button_width(viewer, ACTIVE) > short + 50
    })?;
    let screen = viewer.picture();
    keep(&screen, "waybar")?;
    let long = button_width(&viewer, ACTIVE);
    let button = screen.crop(Rect::new(0, 0, long, BAR_HEIGHT));
    assert!(button.colours() > 10, "no letters: {button:?}");

    let desktop = viewer.pixel(2, BAR_HEIGHT + 100);
    assert_eq!(desktop, [0x20, 0x30, 0x40]);
    let window = session.wait_for_window()?;
    let inside = Rect::new(window.x, window.y, window.width, window.height - 40);
    let shown = |viewer: &VncClient| viewer.picture().crop(inside).count(desktop);
    assert_eq!(shown(&viewer), 0);
    viewer.click(short as u16 / 2, BAR_HEIGHT as u16 / 2, button::LEFT)?;
    viewer.wait_until(soon(), "a window that is put away", |viewer| {
        button_width(viewer, MINIMIZED) == long && shown(viewer) == inside.width * inside.height
    })?;
    keep(&viewer.picture(), "waybar-minimized")?;
    viewer.click(short as u16 / 2, BAR_HEIGHT as u16 / 2, button::LEFT)?;
    viewer.wait_until(soon(), "the window again", |viewer| {
        button_width(viewer, ACTIVE) == long && shown(viewer) == 0
    })?;
    keep(&viewer.picture(), "waybar-restored")?;
    // It has the keyboard.
    viewer.type_text("exit\n")?;
    viewer.wait_until(soon(), "the bar alone", |viewer| {
        button_width(viewer, BAR) == 800
    })
}

#[test]
fn a_wallpaper_fills_the_screen_below_windows() -> Result {
    const TILE: usize = 64;
    if !require_tools(&["swaybg"])? {
        return Ok(());
    }
    let home = Home::new()?;
    let tile = Picture::pattern(TILE, TILE, 1);
    tile.save_png(home.path().join("tile.png"))?;
    let arguments = ["--size", "320x240", "--", "sleep", "1000"];
    let session = Offing::run_in(home, OFFING, &arguments)?;
    let _wallpaper = start(&session, "swaybg", &["-i", "tile.png", "-m", "tile"])?;
    let mut client = session.wayland_client()?;
    client.open(Window::new("window", 100, 80).content([200, 0, 0]))?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    let wallpaper =
        |width, height| Picture::draw(width, height, |x, y| tile.pixel(x % TILE, y % TILE));
    let window = Picture::solid(100, 80, [200, 0, 0]);
    let expected = wallpaper(320, 240).with(&window, 110, 80);
    viewer.wait_for_picture(soon(), &expected)?;

    // It follows the screen, and the window stays where it is.
    done(session.verb("msg", &["resize", "400x300"])?)?;
    let expected = wallpaper(400, 300).with(&window, 110, 80);
    viewer.wait_for_picture(soon(), &expected)
}

const NOTIFICATION: Rgb = [0x20, 0xc0, 0x60];
const NOTIFIER: &str = "
background-color=#20c060
text-color=#000000
border-size=0
width=200
margin=10
";

#[test]
fn a_notification_is_shown_until_it_is_clicked() -> Result {
    if !require_tools(&["mako", "notify-send", "dbus-run-session"])? {
        return Ok(());
    }
    let home = Home::new()?;
    let config = home.path().join(".config/mako");
    fs::create_dir_all(&config)?;
    fs::write(config.join("config"), NOTIFIER)?;
    let arguments = ["--size", "640x480", "--", "sleep", "1000"];
    let session = Offing::run_in(home, OFFING, &arguments)?;
    let mut viewer = session.viewer()?;
    viewer.set_usual_encodings()?;
    let notify = [
        "--",
        "notify-send",
        "--action=default=Yes",
        "A title",
        "Text",
    ];
    let mut notifier = start(&session, "dbus-run-session", &notify)?;
    viewer.wait_until(soon(), "a notification", |viewer| {
        viewer.pixel(430, 10) == NOTIFICATION && viewer.pixel(629, 10) == NOTIFICATION
    })?;
    let screen = viewer.picture();
    keep(&screen, "mako")?;
    let title = screen.crop(Rect::new(430, 10, 200, 30));
    assert!(title.colours() > 10, "no letters: {title:?}");

    viewer.click(500, 20, button::LEFT)?;
    viewer.wait_until(soon(), "an empty screen", |viewer| {
        viewer.picture().count(NOTIFICATION) == 0
    })?;
    assert!(notifier.wait(soon())?.success());
    // That is the action of a click.
    let said = notifier
        .stdout()
        .wait_until(soon(), "the action", |said| said.ends_with('\n'))?;
    assert_eq!(said, "default\n");
    look_until("no windows", || {
        Ok(session.state()?.windows.is_empty().then_some(()))
    })
}
