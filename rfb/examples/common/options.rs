//! What the examples have in common on their command lines.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::{fs, io};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where viewers connect, and port 0 for any free one [default: the first free
    /// port of 127.0.0.1:5900-5999]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Ask viewers for the password in the first line of this file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Options {
    /// A socket that listens, whose address has been printed.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        let usual = (5900..6000).map(|port| (IpAddr::from(Ipv4Addr::LOCALHOST), port).into());
        let addresses = self.listen.map_or_else(|| usual.collect(), |one| vec![one]);
        let listener = TcpListener::bind(&addresses[..])?;
        println!("listening on {}", listener.local_addr()?);
        Ok(listener)
    }

    /// The password, if there is to be one.
    pub(crate) fn password(&self) -> io::Result<Option<String>> {
        let Some(path) = &self.password_file else {
            return Ok(None);
        };
        match fs::read_to_string(path)?.lines().next() {
            Some(password) if !password.is_empty() => Ok(Some(password.to_owned())),
            _ => Err(io::Error::other(
                "the first line of the password file is empty: write the password there",
            )),
        }
    }
}
