use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Home, Running};
use crate::error::Context;
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result, soon};

/// An X server without a screen, for viewers to run in. Its display is a free one.
pub struct Xvfb {
    process: Running,
    home: Home,
    display: String,
}

impl Xvfb {
    /// Starts a server of this size. Needs `Xvfb`.
    pub fn start(width: usize, height: usize) -> Result<Self> {
        let home = Home::new()?;
        let screens = home.path().join("screens");
        fs::create_dir(&screens)?;
        let mut command = home.command("Xvfb");
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset"]);
        // No repetition of keys: a busy machine holds them too long.
        command.arg("-r");
        command
            .args(["-screen", "0", &format!("{width}x{height}x24"), "-fbdir"])
            .arg(screens);
        let process = Running::start(command)?;
        let number = process
            .stdout()
            .wait_until(soon(), "Xvfb", |text| text.ends_with('\n'));
        let number = number.map_err(|error| process.failure(error.kind(), error))?;
        Ok(Self {
            display: format!(":{}", number.trim()),
            process,
            home,
        })
    }

    /// Its display, as `:99`.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// A command that will run in it, in the server's own home.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.home.command(program);
        command.env("DISPLAY", &self.display);
        command
    }

    /// Starts a program in it: a viewer.
    pub fn start_program(&self, program: &str, arguments: &[&str]) -> Result<Running> {
        let mut command = self.command(program);
        command.args(arguments);
        Running::start(command)
    }

    /// Runs `xdotool`, and returns what it says.
    pub fn xdotool(&self, arguments: &[&str]) -> Result<String> {
        let finished = self.start_program("xdotool", arguments)?.finish(soon())?;
        if finished.status.success() {
            return Ok(finished.stdout);
        }
        let what = format!(
            "xdotool {} failed: {}",
            arguments.join(" "),
            finished.stderr
        );
        Err(Error::other(what))
    }

    /// Waits for a window whose name matches this regular expression, and returns its number.
    pub fn wait_for_window(&self, name: &str) -> Result<String> {
        let arguments = ["search", "--sync", "--onlyvisible", "--name", name];
        let deadline = soon();
        loop {
            match self.xdotool(&arguments) {
                Ok(numbers) => return Ok(numbers.lines().next().unwrap_or_default().to_owned()),
                // It fails, too, when another window goes away while it looks through them.
                Err(error) if Instant::now() >= deadline => return Err(error.context("no window")),
                Err(_) => {}
            }
        }
    }

    /// What the whole screen looks like, with the X server's cursor.
    pub fn picture(&self) -> Result<Picture> {
        let path = self.screen_file();
        let bytes = fs::read(&path).context(|| format!("cannot read {}", path.display()))?;
        decode_xwd(&bytes)
    }

    /// Waits until the screen satisfies `condition`, looking at it again and again. `what` says in
    /// the error what did not come before `deadline`.
    pub fn wait_until(
        &self,
        deadline: Instant,
        what: &str,
        condition: impl Fn(&Picture) -> bool,
    ) -> Result<Picture> {
        loop {
            let picture = self.picture()?;
            if condition(&picture) {
                return Ok(picture);
            }
            if Instant::now() >= deadline {
                let message = format!("waited in vain for {what}; the screen is {picture:?}");
                return Err(self.process.failure(ErrorKind::Stalled, message));
            }
            // X does not tell without an X client that something was drawn.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where the server keeps its pixels.
    fn screen_file(&self) -> PathBuf {
        self.home.path().join("screens/Xvfb_screen0")
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        // So that it removes its socket.
        let _ = self.process.stop(Instant::now() + Duration::from_secs(5));
    }
}

/// Decodes a window dump of X11 of 32 bits a pixel (XWDFile.h, version 7): a header of big-endian
/// numbers of 4 bytes, a name, a colour map, and the rows.
fn decode_xwd(bytes: &[u8]) -> Result<Picture> {
    let number = |index: usize| {
        let bytes = bytes.get(4 * index..4 * index + 4)?;
        Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    };
    let field = |index| number(index).ok_or_else(|| Error::other("the window dump has no header"));
    let (header_size, version) = (field(0)?, field(1)?);
    let (width, height) = (field(4)?, field(5)?);
    let (bits_per_pixel, stride, colours) = (field(11)?, field(12)?, field(19)?);
    let little_endian = field(7)? == 0;
    let masks = (field(14)?, field(15)?, field(16)?);
    if version != 7 || bits_per_pixel != 32 || masks != (0xff_0000, 0xff00, 0xff) {
        return Err(Error::other(
            "the window dump is not one of 32 bits a pixel",
        ));
    }
    let pixels = bytes.get(header_size + 12 * colours..).unwrap_or_default();
    if stride < width * 4 || pixels.len() < stride * height {
        return Err(Error::other("the window dump is too short"));
    }
    Ok(Picture::draw(width, height, |x, y| {
        let at = y * stride + x * 4;
        match little_endian {
            true => [pixels[at + 2], pixels[at + 1], pixels[at]],
            false => [pixels[at + 1], pixels[at + 2], pixels[at + 3]],
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::super::require_tools;
    use super::*;

    #[test]
    fn a_program_in_an_x_server_is_seen_and_driven() -> Result {
        if !require_tools(&["Xvfb", "xdotool"])? {
            return Ok(());
        }
        let screen = Xvfb::start(320, 200)?;
        let picture = screen.picture()?;
        assert_eq!((picture.width, picture.height), (320, 200));
        screen.xdotool(&["mousemove", "100", "50"])?;
        assert!(
            screen
                .xdotool(&["getmouselocation"])?
                .starts_with("x:100 y:50 ")
        );
        assert!(screen.xdotool(&["no-such-command"]).is_err());
        Ok(())
    }

    #[test]
    fn window_dumps_are_decoded() -> Result {
        let mut dump: Vec<u8> = Vec::new();
        // Header of 100 bytes with a name of 4, little-endian pixels, 2 colours, 12-byte rows.
        let header = [
            104, 7, 2, 24, 2, 1, 0, 0, 32, 0, 32, 32, 12, 4, 0xff_0000, 0xff00, 0xff, 8,
        ];
        header
            .iter()
            .chain(&[2, 2, 2, 1, 0, 0, 0])
            .for_each(|n: &u32| dump.extend(n.to_be_bytes()));
        dump.extend(b"abc\0");
        dump.extend([0; 24]);
        dump.extend([3, 2, 1, 0, 6, 5, 4, 0, 9, 9, 9, 9]);
        let picture = decode_xwd(&dump)?;
        assert_eq!(
            (picture.pixel(0, 0), picture.pixel(1, 0)),
            ([1, 2, 3], [4, 5, 6])
        );
        assert!(decode_xwd(&dump[..dump.len() - 1]).is_err());
        Ok(())
    }
}
