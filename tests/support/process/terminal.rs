use std::fs::File;
use std::io::Write;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

use super::{Home, Output, Running};
use crate::Result;
use crate::error::Context;

/// A process on a terminal of its own: a pty whose other side the test has.
#[derive(Debug)]
pub struct Terminal {
    /// The process. Its standard output and error are the terminal.
    pub process: Running,
    /// What was shown.
    pub output: Output,
    keyboard: File,
}

impl Terminal {
    /// Starts a program in `home` with the terminal as its standard streams and as the one that
    /// controls it. Needs `setsid` of util-linux.
    pub fn start(home: &Home, program: &str, arguments: &[&str]) -> Result<Self> {
        let context = || "cannot open a pty".to_owned();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).context(context)?;
        grantpt(&ours).context(context)?;
        unlockpt(&ours).context(context)?;
        let theirs = ioctl_tiocgptpeer(&ours, flags).context(context)?;
        // To have a controlling terminal takes a system call between fork and exec: setsid's.
        let mut command = home.command("setsid");
        command
            .arg("--ctty")
            .arg(program)
            .args(arguments)
            .env("TERM", "xterm");
        command.stdin(Stdio::from(theirs.try_clone()?));
        command
            .stdout(Stdio::from(theirs.try_clone()?))
            .stderr(Stdio::from(theirs));
        let process = Running::spawn(command)?;
        let keyboard = File::from(ours);
        let output = Output::read_from(keyboard.try_clone()?);
        Ok(Self {
            process,
            output,
            keyboard,
        })
    }

    /// Types a text. `"\x03"` is Ctrl-C, `"\x04"` the end of the input.
    pub fn type_text(&mut self, text: &str) -> Result {
        Ok(self.keyboard.write_all(text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soon;

    #[test]
    fn a_program_has_a_terminal_and_is_interrupted_by_it() -> Result {
        let home = Home::new()?;
        let script = "trap 'echo interrupted; exit 7' INT; tty; test -t 2 && echo ready; read x";
        let mut terminal = Terminal::start(&home, "sh", &["-c", script])?;
        let text = terminal
            .output
            .wait_until(soon(), "a prompt", |text| text.contains("ready"))?;
        assert!(text.starts_with("/dev/pts/"), "{text}");
        terminal.type_text("\x03")?;
        terminal
            .output
            .wait_until(soon(), "the end", |text| text.contains("interrupted"))?;
        assert_eq!(terminal.process.wait(soon())?.code(), Some(7));
        Ok(())
    }
}
