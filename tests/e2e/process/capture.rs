//! Programs in a session that take pictures of it, record it, and resize it.

use std::process::Command;
use std::time::Instant;

use offing_tests::picture::{Picture, Rect};
use offing_tests::process::{Offing, Running, Signal, require_tools};
use offing_tests::wayland_client::{Content, Window};
use offing_tests::{Result, soon};

use crate::window_capture::Copier;

use super::{OFFING, Session, done, look_until};

/// What `grim` writes with these arguments.
fn grim(session: &Offing, arguments: &[&str]) -> Result<Picture> {
    let mut command = session.command("grim");
    command.args(arguments).arg("grim.png");
    done(Running::start(command)?.finish(soon())?)?;
    Picture::load_png(session.home.path().join("grim.png"))
}

#[test]
fn grim_sees_what_is_on_the_screen() -> Result {
    if !require_tools(&["grim"])? {
        return Ok(());
    }
    for scale in ["1", "1.5"] {
        let options = ["--size", "480x360", "--scale", scale, "--", "sleep", "1000"];
        let session = Offing::run(OFFING, &options)?;
        let mut client = session.wayland_client()?;
        let window = client.open(Window::new("window", 160, 120).content(Content::Pattern(1)))?;
        let screen = session.screenshot()?;
        grim(&session, &[])?.expect(&screen)?;
        let part = grim(&session, &["-g", "20,30 200x100"])?;
        let place = match scale {
            "1" => Rect::new(20, 30, 200, 100),
            _ => Rect::new(30, 45, 300, 150),
        };
        // A part at a fractional scale it puts together from pixels between pixels.
        let tolerance = if scale == "1" { 0 } else { 2 };
        part.expect_near(&screen.crop(place), tolerance, &[])?;

        let with_cursor = grim(&session, &["-c"])?;
        let different = with_cursor.diff(&screen, 0, &[]);
        assert!(different.is_some(), "the cursor is drawn");
        let around_pointer = Rect::new(200, 140, 80, 80);
        with_cursor.expect_near(&screen, 0, &[around_pointer])?;
        client.destroy(window)?;
    }
    Ok(())
}

#[test]
fn wf_recorder_records_what_changes() -> Result {
    if !require_tools(&["wf-recorder"])? {
        return Ok(());
    }
    let session = Offing::run(OFFING, &["--size", "320x240", "--", "sleep", "1000"])?;
    let mut client = session.wayland_client()?;
    let window = client.open(Window::new("window", 160, 120).content([200, 0, 0]))?;
    let mut command = session.command("wf-recorder");
    command.args(["-f", "film.mkv"]);
    let mut recorder = Running::start(command)?;
    let film = session.home.path().join("film.mkv");
    look_until("a film", || Ok(film.exists().then_some(())))?;
    // It encodes some seconds before it writes, and looks for the end with each picture.
    let mut seed = 0;
    let mut next = |client: &mut offing_tests::wayland_client::WaylandClient| {
        seed += 1;
        let frames = client.surface(window).frames;
        client.draw(window, Content::Pattern(seed))?;
        client.dispatch_until(soon(), "a frame callback", |client| {
            client.surface(window).frames > frames
        })
    };
    for _ in 0..60 {
        next(&mut client)?;
    }
    recorder.signal(Signal::INT)?;
    let status = look_until("the end of the recording", || {
        next(&mut client)?;
        recorder.wait_exit(Instant::now())
    })?;
    assert!(status.success(), "{status}");
    if !require_tools(&["ffprobe"])? {
        return Ok(());
    }
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-count_frames", "-of", "csv=p=0"]);
    probe.args(["-show_entries", "stream=nb_read_frames,width,height"]);
    probe.arg(&film);
    let probed = done(Running::start(probe)?.finish(soon())?)?;
    let numbers = probed.stdout.trim().split(',');
    let numbers: Vec<u32> = numbers.filter_map(|it| it.parse().ok()).collect();
    assert!(
        matches!(numbers[..], [320, 240, frames] if frames >= 30),
        "{}",
        probed.stdout
    );
    Ok(())
}

#[test]
fn a_terminal_is_copied_while_another_window_covers_it() -> Result {
    const RED: [u8; 3] = [200, 0, 0];
    if !require_tools(&["foot"])? {
        return Ok(());
    }
    // It writes on where nobody sees it.
    let script = "printf '\\033[?25lready'; read go; while sleep 0.02; do printf x; done";
    let arguments = ["--size", "640x480", "--", "foot", "-e", "sh", "-c", script];
    let session = Offing::run(OFFING, &arguments)?;
    let place = session.wait_for_window()?.rect();
    let is_written = |screen: &Picture| screen.crop(place).colours() > 4;
    let screen = session.wait_for_screen("a text", is_written)?;
    let mut viewer = session.viewer()?;
    viewer.type_text("\n")?;
    let mut client = session.wayland_client()?;
    client.open(Window::new("cover", 640, 480).fullscreen().content(RED))?;
    let is_covered = |screen: &Picture| screen.count(RED) == 640 * 480;
    session.wait_for_screen("a covered terminal", is_covered)?;

    let mut copier = Copier::of(session.wayland_client()?)?;
    let mut film = copier.film("foot", false)?;
    film.ask(&mut copier.client)?;
    let mut last = film.next(&mut copier.client)?;
    let first_line = Rect::new(0, 0, 40, 14);
    last.crop(first_line)
        .expect(&screen.crop(place).crop(first_line))?;
    for _ in 0..10 {
        film.ask(&mut copier.client)?;
        let next = film.next(&mut copier.client)?;
        assert!(next != last, "nothing has been written");
        last = next;
    }
    Ok(())
}

#[test]
fn wlr_randr_resizes_the_screen() -> Result {
    if !require_tools(&["wlr-randr"])? {
        return Ok(());
    }
    let session = Offing::run(OFFING, &["--size", "640x480", "--", "sleep", "1000"])?;
    let run = |arguments: &[&str]| {
        let mut command = session.command("wlr-randr");
        command.args(arguments);
        Running::start(command)?.finish(soon())
    };
    let listed = done(run(&[])?)?.stdout;
    assert!(
        listed.contains("OFFING-1") && listed.contains("640x480"),
        "{listed}"
    );
    done(run(&["--output", "OFFING-1", "--custom-mode", "900x700"])?)?;
    let size = session.state()?.size;
    assert_eq!((size.width, size.height), (900, 700));
    assert!(done(run(&[])?)?.stdout.contains("900x700"));
    let refused = run(&["--output", "OFFING-1", "--scale", "2"])?;
    assert!(!refused.status.success());
    Ok(())
}
