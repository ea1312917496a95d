//! What `offing run` refuses, in one sentence, and what it warns of.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use offing_tests::process::{Home, Offing, Running};
use offing_tests::vnc_client::Login;
use offing_tests::{Result, soon};

use super::OFFING;

/// Expects that `offing run ARGUMENTS -- sleep 1000` says one sentence with these parts in it,
/// and ends with this code, having left nothing behind.
fn expect_refusal(home: &Home, arguments: &[&str], code: i32, parts: &[&str]) -> Result {
    let mut command = home.command(OFFING);
    command.arg("run").args(arguments);
    if !arguments.contains(&"--") {
        command.args(["--", "sleep", "1000"]);
    }
    let finished = Running::start(command)?.finish(soon())?;
    let said = finished.stderr;
    assert_eq!(finished.status.code(), Some(code), "{arguments:?}: {said}");
    assert_eq!(finished.stdout, "", "{arguments:?}");
    // As root there is a warning before.
    let start = if code == 2 { "error: " } else { "offing: " };
    let sentences = said.lines().filter(|line| line.starts_with(start));
    assert_eq!(sentences.count(), 1, "{arguments:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "{arguments:?}: no {part:?} in: {said}");
    }
    assert_eq!(files(&home.runtime_dir())?, [""; 0], "{arguments:?}");
    Ok(())
}

/// The names of the files in a folder and in those below.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => names.extend(files(&entry.path())?),
            false => names.push(entry.file_name().display().to_string()),
        }
    }
    Ok(names)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn without_any_private_folder_there_is_no_session() -> Result {
    let home = Home::new()?;
    for (temporary, part) in [
        ("missing", "make the one above it writable"),
        ("taken", "is not a directory: remove it"),
        ("open", "run `chmod 700 "),
    ] {
        let temporary = home.path().join(temporary);
        let user = rustix::process::geteuid().as_raw();
        let private = temporary.join(format!("offing-{user}"));
        if part.contains("not a directory") {
            fs::create_dir(&temporary)?;
            fs::write(&private, "")?;
        } else if part.contains("chmod") {
            fs::create_dir_all(&private)?;
            fs::set_permissions(&private, fs::Permissions::from_mode(0o755))?;
        }
        let mut command = home.command(OFFING);
        command.args(["run", "--listen", "127.0.0.1:0", "--", "sleep", "1000"]);
        command
            .env_remove("XDG_RUNTIME_DIR")
            .env("TMPDIR", temporary);
        let finished = Running::start(command)?.finish(soon())?;
        assert_eq!(finished.status.code(), Some(1));
        let said = finished
            .stderr
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned();
        assert!(said.starts_with("offing: "), "{said}");
        for part in [part, ", or set XDG_RUNTIME_DIR to a private directory"] {
            assert!(said.contains(part), "no {part:?} in: {said}");
        }
    }
    Ok(())
}

#[test]
fn addresses_that_cannot_be_had() -> Result {
    let home = Home::new()?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("127.0.0.1:{}", taken.local_addr()?.port());
    let in_use = format!("cannot listen on {address} (address already in use)");
    let parts = [
        in_use.as_str(),
        "choose another port, or 0 for any free one",
    ];
    expect_refusal(&home, &["--listen", &address], 1, &parts)?;

    // 192.0.2.1 is in nobody's network (RFC 5737).
    let foreign = ["--listen", "192.0.2.1:0"];
    expect_refusal(&home, &foreign, 1, &["choose an address of this machine"])?;
    let missing = ["--listen", "unix:/does/not/exist"];
    expect_refusal(
        &home,
        &missing,
        1,
        &["choose a path in a directory of yours"],
    )?;
    expect_refusal(
        &home,
        &["--listen", "fd:99"],
        1,
        &["pass a listening socket"],
    )?;
    expect_refusal(&home, &["--listen", "fd:0"], 1, &["not a listening"])?;
    expect_refusal(
        &home,
        &["--listen", "5900"],
        2,
        &["use IP:PORT", "unix:PATH"],
    )
}

#[test]
fn what_is_unsafe_beyond_this_machine() -> Result {
    let home = Home::new()?;
    let public = ["--listen", "0.0.0.0:0"];
    let refuse = |more: &[&str], parts: &[&str]| {
        // Root needs one flag more.
        let arguments = [&public, &["--allow-root"][..], more].concat();
        expect_refusal(&home, &arguments, 1, parts)
    };
    refuse(
        &["--auth", "none", "--insecure", "--allow-vncauth"],
        &["without a password is refused", "use a password"],
    )?;
    refuse(&["--auth", "vncauth,none"], &["without a password"])?;
    let unencrypted = [
        "without encryption is refused",
        "`ssh -L 5900:127.0.0.1:5900 HOST`",
        "--insecure --allow-vncauth",
    ];
    refuse(&[], &unencrypted)?;
    refuse(&["--insecure"], &unencrypted)?;
    refuse(&["--allow-vncauth"], &unencrypted)?;
    if is_root() {
        let root = [
            "as root is refused",
            "run offing as another user",
            "--allow-root",
        ];
        expect_refusal(&home, &public, 1, &root)?;
    }

    let allowed = ["--insecure", "--allow-vncauth", "--allow-root"];
    let mut session = Offing::run_in(home, OFFING, &[&public[..], &allowed].concat())?;
    session.viewer()?;
    assert!(session.connection.password.is_some());
    session.stop()?;
    let warned = session.process.stderr().text().contains("running as root");
    assert_eq!(warned, is_root());
    Ok(())
}

#[test]
fn commands_that_cannot_be_run() -> Result {
    let home = Home::new()?;
    let local = ["--listen", "127.0.0.1:0", "--"];
    let refuse = |command: &str, code, part: &str| {
        expect_refusal(&home, &[&local[..], &[command]].concat(), code, &[part])
    };
    let missing = "offing: command not found: no-such-command: install it or give its path\n";
    refuse("no-such-command", 127, missing)?;
    refuse("/etc/passwd", 1, "name a program that you may run")
}

#[test]
fn passwords_that_cannot_be_used() -> Result {
    let home = Home::new()?;
    let write = |name: &str, text: &str, mode| -> Result<String> {
        let path = home.path().join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        Ok(path.display().to_string())
    };
    let refuse = |path: &str, parts: &[&str]| -> Result {
        for option in ["--password-file", "--view-only-password-file"] {
            let arguments = ["--listen", "127.0.0.1:0", option, path];
            expect_refusal(&home, &arguments, 1, &[parts, &[path]].concat())?;
        }
        Ok(())
    };
    refuse(
        "/does/not/exist",
        &["cannot read", "name a file that you can read"],
    )?;
    let open = write("open", "secret", 0o644)?;
    refuse(
        &open,
        &["is open to other users", &format!("`chmod 600 {open}`")],
    )?;
    let empty = ["is empty", "write the password as its first line"];
    refuse(&write("empty", "", 0o600)?, &empty)?;
    refuse(&write("blank", "\nsecret", 0o600)?, &empty)?;
    refuse(
        &write("binary", "\u{1}\u{2}", 0o600)?,
        &["is not text", "vncpasswd"],
    )?;

    let full = write("full", "12345678a", 0o600)?;
    let alike = write("alike", "12345678b", 0o600)?;
    let both = [
        "--password-file",
        &full,
        "--view-only-password-file",
        &alike,
    ];
    expect_refusal(&home, &both, 1, &["first 8 characters", "choose another"])?;
    let none = ["--auth", "none", "--password-file", &full];
    expect_refusal(&home, &none, 1, &["has no effect with --auth none"])
}

#[test]
fn of_a_long_password_only_the_beginning_counts() -> Result {
    let home = Home::new()?;
    let path = home.path().join("password");
    fs::write(&path, "correct horse\n")?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    let arguments = [
        "--password-file",
        &path.display().to_string(),
        "--",
        "sleep",
        "1000",
    ];
    let session = Offing::run_in(home, OFFING, &arguments)?;
    let warning = "only the first 8 characters of the password";
    let said = session.process.stderr();
    said.wait_until(soon(), warning, |text| text.contains(warning))?;
    session.viewer_with(&Login::with_password("correct "))?;
    Ok(())
}

#[test]
fn values_that_make_no_sense() -> Result {
    let home = Home::new()?;
    for (arguments, part) in [
        (["--size", "0x0"], "each side must be"),
        (["--size", "15x600"], "each side must be"),
        (["--size", "800x16385"], "each side must be"),
        (["--size", "800"], "use WIDTHxHEIGHT in pixels"),
        (["--scale", "0.1"], "use a number from 0.5 to 4"),
        (["--name", "a/b"], "letters, digits"),
        (["--auth", "tls"], "none, vncauth"),
        (["--log", "loud"], "use error, warn, info, debug or trace"),
        (["--no-such-option", "1"], "--no-such-option"),
    ] {
        expect_refusal(&home, &arguments, 2, &[part])?;
    }
    let layout = ["--listen", "127.0.0.1:0", "--xkb-layout", "nowhere"];
    expect_refusal(&home, &layout, 1, &["nowhere"])
}

#[test]
fn a_background_is_a_colour_or_a_picture() -> Result {
    let home = Home::new()?;
    fs::write(home.path().join("text.png"), "no picture")?;
    let huge = fs::File::create(home.path().join("huge.png"))?;
    let mut encoder = png::Encoder::new(huge, 8192, 8192);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    let written = writer.write_image_data(&vec![0; 8192 * 1024]);
    written?;
    writer.finish()?;
    let refused = |what, code, part| {
        let arguments = ["--listen", "none", "--background", what];
        expect_refusal(&home, &arguments, code, &[part, "#rrggbb", "PNG picture"])
    };
    refused("#fff", 2, "use '#rrggbb'")?;
    refused(
        "missing.png",
        1,
        "cannot use missing.png as the background (no such file",
    )?;
    refused(".", 1, "is a directory")?;
    refused("text.png", 1, "it is no PNG, or damaged")?;
    refused(
        "huge.png",
        1,
        "8192x8192 pixels are too many, 7680x4320 are not",
    )
}
