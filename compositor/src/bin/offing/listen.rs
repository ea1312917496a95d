//! Where viewers connect: the addresses that `--listen` takes, and binding them.

use crate::{
    connection::Endpoint,
    failure::{reason, remedy},
    own_file::OwnFile,
};
use rustix::{
    io::Errno,
    net::{AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType, shutdown, sockopt},
    process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open},
};
use std::{
    fmt, fs,
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    os::{
        fd::OwnedFd,
        unix::{fs::FileTypeExt, net::UnixListener},
    },
    path::{Path, PathBuf},
    rc::Rc,
    str::FromStr,
};

/// The ports that are tried where none is given: displays 0 to 99 of VNC.
const PORTS: std::ops::RangeInclusive<u16> = 5900..=5999;

/// One address of `--listen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// TCP. No port, or -1: the first free one of 5900–5999. Port 0: any free one.
    Tcp { ip: IpAddr, port: Option<u16> },
    /// A Unix socket at this path, for this user alone.
    Unix(PathBuf),
    /// A listening socket that was inherited under this number.
    Fd(i32),
    /// No listener at all.
    None,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        let usage =
            || "use IP:PORT (127.0.0.1:5900, [::1]:0), IP, unix:PATH, fd:N or none".to_owned();
        if text == "none" {
            return Ok(Address::None);
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err(usage()),
                _ => Ok(Address::Unix(path.into())),
            };
        }
        if let Some(number) = text.strip_prefix("fd:") {
            return match number.parse() {
                Ok(number @ 0..) => Ok(Address::Fd(number)),
                _ => Err(usage()),
            };
        }
        let numeric = match text.strip_prefix("localhost") {
            Some(rest) => format!("{}{rest}", Ipv4Addr::LOCALHOST),
            None => text.to_owned(),
        };
        // As Qt VNC Server spells it.
        let numeric = numeric.strip_suffix(":-1").unwrap_or(&numeric);
        if let Ok(address) = numeric.parse::<SocketAddr>() {
            return Ok(Address::Tcp {
                ip: address.ip(),
                port: Some(address.port()),
            });
        }
        let bare = numeric
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(numeric);
        match bare.parse() {
            Ok(ip) => Ok(Address::Tcp { ip, port: None }),
            Err(_) => Err(usage()),
        }
    }
}

impl Address {
    /// The address, with a path that is the same in all directories.
    pub(crate) fn absolute(self) -> Address {
        match self {
            Address::Unix(path) => Address::Unix(std::path::absolute(&path).unwrap_or(path)),
            other => other,
        }
    }

    /// Whether a socket at this endpoint is what the address asks for.
    fn fits(&self, endpoint: &Endpoint) -> bool {
        match (self, endpoint) {
            (Address::Tcp { ip, port: wanted }, Endpoint::Vnc { address, port }) => {
                ip == address && wanted.map_or(PORTS.contains(port), |wanted| wanted == *port)
            }
            (Address::Unix(wanted), Endpoint::Unix { path }) => {
                std::path::absolute(wanted).is_ok_and(|wanted| wanted == *path)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp {
                ip,
                port: Some(port),
            } => SocketAddr::new(*ip, *port).fmt(f),
            Address::Tcp { ip, port: None } => ip.fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
            Address::Fd(number) => write!(f, "fd:{number}"),
            Address::None => f.write_str("none"),
        }
    }
}

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A listening socket, and what there is to say about it.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) socket: Socket,
    pub(crate) endpoint: Endpoint,
    /// The socket's file, which goes with the last of those that share it.
    pub(crate) file: Option<Rc<OwnFile>>,
    /// Whether it was inherited, so that it stays open under its number.
    is_adopted: bool,
}

impl Bound {
    /// The same socket once more.
    ///
    /// # Errors
    /// The system has no descriptor to spare.
    pub(crate) fn share(&self) -> io::Result<Bound> {
        Ok(Bound {
            socket: match &self.socket {
                Socket::Tcp(listener) => Socket::Tcp(listener.try_clone()?),
                Socket::Unix(listener) => Socket::Unix(listener.try_clone()?),
            },
            endpoint: self.endpoint.clone(),
            file: self.file.clone(),
            is_adopted: self.is_adopted,
        })
    }

    /// Ends listening there. Where only a copy of a socket would be closed, viewers would go on to
    /// connect, and nobody would answer.
    pub(crate) fn close(self) {
        if self.is_adopted {
            // One that is closed already is what is wanted.
            let _ = match &self.socket {
                Socket::Tcp(listener) => shutdown(listener, Shutdown::Both),
                Socket::Unix(listener) => shutdown(listener, Shutdown::Both),
            };
        }
    }

    /// Whether other machines or other users could reach it.
    pub(crate) fn is_public(&self) -> bool {
        match self.endpoint {
            Endpoint::Vnc { address, .. } => !address.to_canonical().is_loopback(),
            _ => false,
        }
    }
}

/// Binds all addresses; without any, the first free port of 127.0.0.1. What is `held` already is
/// shared.
///
/// # Errors
/// A sentence about the first address that cannot be had.
pub(crate) fn bind_all(addresses: &[Address], held: &[Bound]) -> Result<Vec<Bound>, String> {
    let default = [Address::Tcp {
        ip: Ipv4Addr::LOCALHOST.into(),
        port: None,
    }];
    let addresses = match addresses {
        [] => &default[..],
        [Address::None] => &[],
        _ => addresses,
    };
    let mut bound: Vec<Bound> = Vec::new();
    for address in addresses {
        let is_free = |one: &&Bound| bound.iter().all(|taken| taken.endpoint != one.endpoint);
        let ours = held.iter().filter(is_free);
        bound.push(match ours.clone().find(|one| address.fits(&one.endpoint)) {
            Some(ours) => ours.share().map_err(|error| {
                let (reason, remedy) = (reason(&error), remedy(&error));
                format!("cannot listen on {address} ({reason}): {remedy}")
            })?,
            None => bind(address)?,
        });
    }
    Ok(bound)
}

fn bind(address: &Address) -> Result<Bound, String> {
    match address {
        Address::Tcp {
            ip,
            port: Some(port),
        } => bind_tcp(SocketAddr::new(*ip, *port)),
        Address::Tcp { ip, port: None } => bind_first_free(*ip),
        Address::Unix(path) => bind_unix(path),
        Address::Fd(number) => adopt(*number),
        Address::None => Err("none goes with no other address: drop one of them".to_owned()),
    }
}

fn bind_tcp(address: SocketAddr) -> Result<Bound, String> {
    TcpListener::bind(address)
        .and_then(tcp)
        .map_err(|error| tcp_sentence(&address, &error))
}

fn bind_first_free(ip: IpAddr) -> Result<Bound, String> {
    for port in PORTS {
        let address = SocketAddr::new(ip, port);
        match TcpListener::bind(address).and_then(tcp) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            done => return done.map_err(|error| tcp_sentence(&address, &error)),
        }
    }
    Err(format!(
        "the ports 5900 to 5999 of {ip} are all in use: listen on any other with {}",
        SocketAddr::new(ip, 0)
    ))
}

fn tcp_sentence(address: &SocketAddr, error: &io::Error) -> String {
    let remedy = match error.kind() {
        ErrorKind::AddrInUse => "choose another port, or 0 for any free one",
        ErrorKind::PermissionDenied => "choose a port above 1023",
        _ if Errno::from_io_error(error) == Some(Errno::MFILE) => remedy(error),
        _ => "choose an address of this machine, such as 127.0.0.1",
    };
    format!("cannot listen on {address} ({}): {remedy}", reason(error))
}

fn tcp(listener: TcpListener) -> io::Result<Bound> {
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok(Bound {
        socket: Socket::Tcp(listener),
        endpoint: Endpoint::Vnc {
            address: address.ip(),
            port: address.port(),
        },
        file: None,
        is_adopted: false,
    })
}

/// Listens on a Unix socket that only this user can connect to. A socket file
/// that nobody listens on any more is replaced.
///
/// # Errors
/// A sentence: the path is in use, too long, or cannot be made.
pub(crate) fn bind_unix(path: &Path) -> Result<Bound, String> {
    let shown = path.display();
    let failed = |error: io::Error| {
        format!(
            "cannot listen on unix:{shown} ({}): choose a path in a directory of yours",
            reason(&error)
        )
    };
    let path = std::path::absolute(path).map_err(failed)?;
    let address = SocketAddrUnix::new(&path)
        .map_err(|_| format!("unix:{shown} is too long: use a path of at most 107 bytes"))?;
    let socket = match private_socket(&address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            remove_stale(&path, &address)?;
            private_socket(&address).map_err(failed)?
        }
        done => done.map_err(failed)?,
    };
    let file = OwnFile::adopt(&path).map_err(failed)?;
    Ok(Bound {
        socket: Socket::Unix(socket),
        endpoint: Endpoint::Unix { path },
        file: Some(Rc::new(file)),
        is_adopted: false,
    })
}

/// A listening socket whose file has the mode 0600 from its first moment: Linux
/// makes it with the mode of the unbound socket.
fn private_socket(address: &SocketAddrUnix) -> io::Result<UnixListener> {
    let socket = unix_socket()?;
    rustix::fs::fchmod(&socket, 0o600.into())?;
    rustix::net::bind(&socket, address)?;
    rustix::net::listen(&socket, 128)?;
    Ok(socket.into())
}

/// A Unix socket that neither blocks nor is inherited.
fn unix_socket() -> rustix::io::Result<OwnedFd> {
    rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )
}

/// Removes a socket file that nobody listens on.
fn remove_stale(path: &Path, address: &SocketAddrUnix) -> Result<(), String> {
    let shown = path.display();
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if !is_socket {
        return Err(format!(
            "unix:{shown} is a file, not a socket: choose another path"
        ));
    }
    // Where somebody listens this waits for nobody: too many may wait there already.
    match unix_socket().and_then(|socket| rustix::net::connect(&socket, address)) {
        Err(Errno::CONNREFUSED) => fs::remove_file(path).map_err(|error| {
            format!(
                "cannot remove the old socket {shown} ({}): choose another path",
                reason(&error)
            )
        }),
        _ => Err(format!(
            "unix:{shown} is in use by another program: choose another path"
        )),
    }
}

/// Adopts an inherited listening socket: a duplicate of it is taken from this
/// very process, which needs no trust in the number.
fn adopt(number: i32) -> Result<Bound, String> {
    let duplicate = || -> io::Result<OwnedFd> {
        let process = pidfd_open(getpid(), PidfdFlags::empty())?;
        Ok(pidfd_getfd(process, number, PidfdGetfdFlags::empty())?)
    };
    let socket = duplicate().map_err(|error| {
        format!(
            "cannot take fd:{number} ({}): pass a listening socket under that number",
            reason(&error)
        )
    })?;
    let unfit = || format!("fd:{number} is not a listening TCP or Unix socket: pass one");
    if !sockopt::socket_acceptconn(&socket).unwrap_or(false) {
        return Err(unfit());
    }
    let bound = match sockopt::socket_domain(&socket) {
        Ok(AddressFamily::INET | AddressFamily::INET6) => tcp(TcpListener::from(socket)),
        Ok(AddressFamily::UNIX) => unix(UnixListener::from(socket)),
        _ => return Err(unfit()),
    };
    let bound = bound.map_err(|_| unfit())?;
    Ok(Bound {
        is_adopted: true,
        ..bound
    })
}

/// An inherited Unix socket; its file belongs to whoever made it.
fn unix(listener: UnixListener) -> io::Result<Bound> {
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let path = address
        .as_pathname()
        .map(Path::to_owned)
        .unwrap_or_default();
    Ok(Bound {
        socket: Socket::Unix(listener),
        endpoint: Endpoint::Unix { path },
        file: None,
        is_adopted: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        net::TcpStream,
        os::{
            fd::AsRawFd,
            unix::{fs::MetadataExt, net::UnixStream},
        },
    };

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn one(text: &str) -> Result<Bound, String> {
        bind_all(&[address(text)], &[]).map(|mut bound| bound.remove(0))
    }

    #[test]
    fn addresses() {
        let tcp = |ip: &str, port| Address::Tcp {
            ip: ip.parse().unwrap(),
            port,
        };
        assert_eq!(address("127.0.0.1:5900"), tcp("127.0.0.1", Some(5900)));
        assert_eq!(address("[::1]:0"), tcp("::1", Some(0)));
        assert_eq!(address("0.0.0.0"), tcp("0.0.0.0", None));
        assert_eq!(address("::1"), tcp("::1", None));
        assert_eq!(address("[::1]"), tcp("::1", None));
        assert_eq!(address("localhost"), tcp("127.0.0.1", None));
        assert_eq!(address("localhost:7"), tcp("127.0.0.1", Some(7)));
        assert_eq!(address("unix:/a/b"), Address::Unix("/a/b".into()));
        assert_eq!(address("unix:b"), Address::Unix("b".into()));
        assert_eq!(address("127.0.0.1:-1"), tcp("127.0.0.1", None));
        assert_eq!(address("[::1]:-1"), tcp("::1", None));
        assert_eq!(address("fd:3"), Address::Fd(3));
        assert_eq!(address("none"), Address::None);
        for text in [
            "127.0.0.1:5900",
            "[::1]:0",
            "::1",
            "unix:/a/b",
            "fd:3",
            "none",
        ] {
            assert_eq!(address(text).to_string(), text);
        }
        for bad in [
            "",
            ":-1",
            "127.0.0.1:-2",
            "5900",
            ":5900",
            "unix:",
            "fd:",
            "fd:-1",
            "fd:x",
            "host:5900",
            "1.2.3.4:70000",
            "[::1",
            "localhosts",
            "None",
        ] {
            let error = bad.parse::<Address>().unwrap_err();
            assert!(error.contains("unix:PATH"), "{bad}: {error}");
        }
    }

    #[test]
    fn nothing_and_none() {
        assert!(bind_all(&[Address::None], &[]).unwrap().is_empty());
        let error = bind_all(&[Address::None, address("127.0.0.1:0")], &[]).unwrap_err();
        assert!(error.contains("drop one"), "{error}");
    }

    #[test]
    fn without_a_port_the_first_free_display_is_taken() {
        let (first, second) = (bind_all(&[], &[]).unwrap(), bind_all(&[], &[]).unwrap());
        let port = |bound: &[Bound]| match &bound[0].endpoint {
            Endpoint::Vnc { address, port } => {
                assert_eq!(*address, IpAddr::from(Ipv4Addr::LOCALHOST));
                *port
            }
            other => panic!("{other:?}"),
        };
        assert!(PORTS.contains(&port(&first)));
        assert!(PORTS.contains(&port(&second)));
        assert_ne!(port(&first), port(&second));
    }

    #[test]
    fn what_is_held_already_is_shared() {
        let dir = tempfile::tempdir().unwrap();
        let unix = format!("unix:{}", dir.path().join("s").display());
        let held = [one("127.0.0.1:0").unwrap(), one(&unix).unwrap()];
        let tcp = held[0].endpoint.to_string();
        let tcp = address(tcp.strip_prefix("vnc://").unwrap());
        let both = [address(&unix), tcp.clone()];
        let again = bind_all(&both, &held).unwrap();
        assert_eq!(again[0].endpoint, held[1].endpoint);
        assert_eq!(again[1].endpoint, held[0].endpoint);
        // Its file goes with the last one.
        drop(held);
        UnixStream::connect(dir.path().join("s")).unwrap();
        // But nothing is had twice.
        let error = bind_all(&[tcp.clone(), tcp], &again).unwrap_err();
        assert!(error.contains("already in use"), "{error}");
        drop(again);
        assert!(!dir.path().join("s").exists());
    }

    #[test]
    fn port_zero_is_any_free_one_and_a_taken_one_is_told() {
        let bound = one("127.0.0.1:0").unwrap();
        let Endpoint::Vnc { port, .. } = bound.endpoint else {
            panic!("{bound:?}");
        };
        assert_ne!(port, 0);
        let error = one(&format!("127.0.0.1:{port}")).unwrap_err();
        assert!(error.contains("choose another port"), "{error}");
    }

    #[test]
    fn only_loopback_and_unix_are_not_public() {
        let dir = tempfile::tempdir().unwrap();
        let unix = format!("unix:{}", dir.path().join("s").display());
        assert!(!one("127.0.0.1:0").unwrap().is_public());
        assert!(!one("127.9.9.9:0").unwrap().is_public());
        assert!(!one(&unix).unwrap().is_public());
        assert!(one("0.0.0.0:0").unwrap().is_public());
        let mapped = Bound {
            endpoint: Endpoint::Vnc {
                address: "::ffff:127.0.0.1".parse().unwrap(),
                port: 1,
            },
            ..one("127.0.0.1:0").unwrap()
        };
        assert!(!mapped.is_public());
    }

    #[test]
    fn a_unix_socket_is_private_and_goes_with_the_session() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vnc.sock");
        let bound = bind_unix(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        UnixStream::connect(&path).unwrap();
        let error = bind_unix(&path).unwrap_err();
        assert!(error.contains("in use"), "{error}");
        drop(bound);
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_file_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vnc.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let bound = bind_unix(&path).unwrap();
        UnixStream::connect(&path).unwrap();
        drop(bound);

        fs::write(&path, "precious").unwrap();
        let error = bind_unix(&path).unwrap_err();
        assert!(error.contains("not a socket"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn a_socket_where_others_wait_already_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vnc.sock");
        let address = SocketAddrUnix::new(&path).unwrap();
        let deaf = unix_socket().unwrap();
        rustix::net::bind(&deaf, &address).unwrap();
        rustix::net::listen(&deaf, 0).unwrap();
        let _waiting = UnixStream::connect(&path).unwrap();
        let another = unix_socket().unwrap();
        assert_eq!(rustix::net::connect(&another, &address), Err(Errno::AGAIN));
        let error = bind_unix(&path).unwrap_err();
        assert!(error.contains("in use"), "{error}");
    }

    #[test]
    fn unfit_paths_are_told() {
        let error = bind_unix(Path::new(&format!("/tmp/{}", "x".repeat(120)))).unwrap_err();
        assert!(error.contains("107 bytes"), "{error}");
        let error = bind_unix(Path::new("/does/not/exist/s")).unwrap_err();
        assert!(error.contains("no such file or directory"), "{error}");
    }

    #[test]
    fn inherited_sockets_are_adopted() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let bound = one(&format!("fd:{}", tcp.as_raw_fd())).unwrap();
        let expected = tcp.local_addr().unwrap();
        let endpoint = Endpoint::Vnc {
            address: expected.ip(),
            port: expected.port(),
        };
        assert_eq!(bound.endpoint, endpoint);

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let unix = UnixListener::bind(&path).unwrap();
        let bound = one(&format!("fd:{}", unix.as_raw_fd())).unwrap();
        assert_eq!(bound.endpoint, Endpoint::Unix { path: path.clone() });
        drop(bound);
        assert!(path.exists(), "the file is not ours");
    }

    #[test]
    fn an_inherited_socket_is_closed_for_all_who_have_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let unix = UnixListener::bind(&path).unwrap();
        for number in [tcp.as_raw_fd(), unix.as_raw_fd()] {
            let bound = one(&format!("fd:{number}")).unwrap();
            bound.share().unwrap().close();
        }
        let refused = |error: io::Error| error.kind() == ErrorKind::ConnectionRefused;
        let address = tcp.local_addr().unwrap();
        assert!(TcpStream::connect(address).is_err_and(refused));
        assert!(UnixStream::connect(&path).is_err_and(refused));
    }

    #[test]
    fn other_descriptors_are_refused() {
        let file = tempfile::tempfile().unwrap();
        let (stream, _other) = UnixStream::pair().unwrap();
        for number in [file.as_raw_fd(), stream.as_raw_fd()] {
            let error = one(&format!("fd:{number}")).unwrap_err();
            assert!(error.contains("not a listening"), "{error}");
        }
        let error = one("fd:987654").unwrap_err();
        assert!(error.contains("pass a listening socket"), "{error}");
    }
}
