//! Who may connect: the security types, the passwords, and what is refused.

use crate::password;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// A security type, by the name that `--auth` and the connection file use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Security {
    // No password (RFC 6143 §7.2.1). No doc comments here: they would become help.
    None,
    // VNC Authentication: a password of 8 characters (RFC 6143 §7.2.2).
    #[value(name = "vncauth")]
    VncAuth,
}

impl Security {
    /// The name that `--auth` takes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Security::None => "none",
            Security::VncAuth => "vncauth",
        }
    }
}

/// The options about who may connect.
#[derive(Args, Clone, Debug)]
pub(crate) struct AuthOptions {
    /// Security types to offer, in this order
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "vncauth"
    )]
    pub(crate) auth: Vec<Security>,

    /// Take the password from the first line of this file [default: one is made]
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Take a second password, for viewers that only watch, from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) view_only_password_file: Option<PathBuf>,

    /// Accept connections without encryption from other machines
    #[arg(long)]
    pub(crate) insecure: bool,

    /// Accept VNC Authentication, which is weak, from other machines
    #[arg(long)]
    pub(crate) allow_vncauth: bool,

    /// Accept connections from other machines although the session runs as root
    #[arg(long)]
    pub(crate) allow_root: bool,
}

/// The passwords of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passwords {
    pub(crate) full: Option<String>,
    pub(crate) view_only: Option<String>,
}

impl Passwords {
    /// # Errors
    /// A sentence: both passwords are alike.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (&self.full, &self.view_only) {
            (Some(full), Some(view_only)) if password::are_alike(full, view_only) => Err(
                "the view-only password is like the other one in its first 8 characters: choose \
                 another"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }
}

impl AuthOptions {
    /// The security types by name.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.auth.iter().map(|security| security.name().to_owned());
        names.collect()
    }

    /// Checks that what is asked for is safe enough.
    ///
    /// `public` are the addresses that other machines can reach.
    ///
    /// # Errors
    /// A sentence that says what to do instead.
    pub(crate) fn check(&self, public: &[String], is_root: bool) -> Result<(), String> {
        let files = [
            ("--password-file", &self.password_file),
            ("--view-only-password-file", &self.view_only_password_file),
        ];
        if !self.auth.contains(&Security::VncAuth)
            && let Some((option, _)) = files.iter().find(|(_, file)| file.is_some())
        {
            return Err(format!(
                "{option} has no effect with --auth none: drop one of them"
            ));
        }
        let Some(address) = public.first() else {
            return Ok(());
        };
        if is_root && !self.allow_root {
            return Err(format!(
                "listening on {address} as root is refused: run offing as another user, or use \
                 `offing run --allow-root`"
            ));
        }
        if self.auth.contains(&Security::None) {
            return Err(format!(
                "access to {address} without a password is refused: listen on 127.0.0.1 or \
                 unix:PATH, or use a password"
            ));
        }
        if !(self.insecure && self.allow_vncauth) {
            return Err(format!(
                "listening on {address} without encryption is refused: listen on 127.0.0.1 and \
                 connect through `ssh -L 5900:127.0.0.1:5900 HOST`, or use `offing run --insecure \
                 --allow-vncauth`"
            ));
        }
        Ok(())
    }

    /// Reads the passwords, or makes one.
    ///
    /// # Errors
    /// A sentence: a file cannot be used, or both passwords are alike.
    pub(crate) fn passwords(&self) -> Result<Passwords, String> {
        if !self.auth.contains(&Security::VncAuth) {
            return Ok(Passwords::default());
        }
        let view_only = self.view_only_password_file.as_deref();
        let view_only = view_only.map(password::read).transpose()?;
        let full = match &self.password_file {
            Some(path) => password::read(path)?,
            None => password::make()?,
        };
        let passwords = Passwords {
            full: Some(full),
            view_only,
        };
        passwords.check().map(|()| passwords)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    fn options(auth: &[Security]) -> AuthOptions {
        AuthOptions {
            auth: auth.to_vec(),
            password_file: None,
            view_only_password_file: None,
            insecure: false,
            allow_vncauth: false,
            allow_root: false,
        }
    }

    fn password_file(dir: &Path, name: &str, text: &str) -> Option<PathBuf> {
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Some(path)
    }

    #[test]
    fn names_are_those_that_the_option_takes() {
        for security in Security::value_variants() {
            assert_eq!(
                Security::from_str(security.name(), false).unwrap(),
                *security
            );
        }
    }

    #[test]
    fn this_machine_and_user_may_have_anything() {
        options(&[Security::None]).check(&[], true).unwrap();
        options(&[Security::VncAuth]).check(&[], true).unwrap();
    }

    #[test]
    fn other_machines_need_both_overrides_and_never_none() {
        let public = ["0.0.0.0:5900".to_owned()];
        let refused = |options: &AuthOptions, root| options.check(&public, root).unwrap_err();

        let mut options = options(&[Security::VncAuth]);
        assert!(refused(&options, false).contains("ssh -L"));
        options.insecure = true;
        assert!(refused(&options, false).contains("--allow-vncauth"));
        options.insecure = false;
        options.allow_vncauth = true;
        assert!(refused(&options, false).contains("--insecure"));
        options.insecure = true;
        options.check(&public, false).unwrap();

        assert!(refused(&options, true).contains("--allow-root"));
        options.allow_root = true;
        options.check(&public, true).unwrap();

        options.auth = vec![Security::VncAuth, Security::None];
        assert!(refused(&options, false).contains("use a password"));
    }

    #[test]
    fn an_option_without_effect_is_refused() {
        let mut options = options(&[Security::None]);
        options.view_only_password_file = Some("x".into());
        let error = options.check(&[], false).unwrap_err();
        assert!(error.contains("--view-only-password-file"), "{error}");
    }

    #[test]
    fn passwords_are_made_or_read() {
        assert_eq!(
            options(&[Security::None]).passwords().unwrap(),
            Passwords::default()
        );
        let mut options = options(&[Security::VncAuth]);
        let made = options.passwords().unwrap();
        assert_eq!(made.full.as_ref().map(String::len), Some(8));
        assert_eq!(made.view_only, None);
        assert_ne!(made.full, options.passwords().unwrap().full);

        let dir = tempfile::tempdir().unwrap();
        options.password_file = password_file(dir.path(), "full", "secret99x");
        options.view_only_password_file = password_file(dir.path(), "watch", "watch");
        let expected = Passwords {
            full: Some("secret99x".to_owned()),
            view_only: Some("watch".to_owned()),
        };
        assert_eq!(options.passwords().unwrap(), expected);

        options.view_only_password_file = password_file(dir.path(), "watch", "secret99y");
        assert!(options.passwords().unwrap_err().contains("choose another"));
    }
}
