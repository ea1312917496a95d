//! Clients that come through the socket of a sandbox (security-context).

use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use offing_tests::picture::Picture;
use offing_tests::wayland_client::{Content, WaylandClient, Window};
use offing_tests::{Error, Result, soon};
use tempfile::TempDir;
use wayland_protocols::wp::security_context::v1::client::wp_security_context_manager_v1::WpSecurityContextManagerV1;

use crate::fixture::{Fixture, HEIGHT, WIDTH, config, expect_equal};
use crate::raw::{Own, bind};

/// What could spy on the session, or take it over.
const PRIVILEGED: [&str; 15] = [
    "ext_data_control_manager_v1",
    "ext_foreign_toplevel_image_capture_source_manager_v1",
    "ext_foreign_toplevel_list_v1",
    "ext_image_copy_capture_manager_v1",
    "ext_output_image_capture_source_manager_v1",
    "ext_session_lock_manager_v1",
    "wp_security_context_manager_v1",
    "zwlr_data_control_manager_v1",
    "zwlr_foreign_toplevel_manager_v1",
    "zwlr_layer_shell_v1",
    "zwlr_output_manager_v1",
    "zwlr_screencopy_manager_v1",
    "zwlr_virtual_pointer_manager_v1",
    "zwp_input_method_manager_v2",
    "zwp_virtual_keyboard_manager_v1",
];

/// A sandbox: the socket that its clients connect to.
struct Sandbox {
    _dir: TempDir,
    path: PathBuf,
    /// The sandbox ends with it.
    close: UnixStream,
}

impl Sandbox {
    fn new(engine: &mut WaylandClient) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("wayland");
        let listener = UnixListener::bind(&path)?;
        let (close, theirs) = UnixStream::pair()?;
        let own = Own::default();
        let manager: WpSecurityContextManagerV1 = bind(engine, 1, &own)?;
        let (listen, theirs) = (listener.as_fd(), theirs.as_fd());
        let context = manager.create_listener(listen, theirs, &engine.queue_handle(), own);
        context.set_sandbox_engine("org.example".to_owned());
        context.set_app_id("org.example.App".to_owned());
        context.commit();
        context.destroy();
        engine.roundtrip()?;
        Ok(Self {
            _dir: dir,
            path,
            close,
        })
    }

    fn connect(&self) -> Result<WaylandClient> {
        WaylandClient::connect(UnixStream::connect(&self.path)?)
    }
}

fn privileged(client: &WaylandClient) -> Vec<&'static str> {
    let is_offered = |interface: &&str| client.version_of(interface).is_some();
    PRIVILEGED.into_iter().filter(is_offered).collect()
}

#[test]
fn clients_of_a_sandbox_see_nothing_that_is_privileged() -> Result {
    let fixture = Fixture::new()?;
    let mut engine = fixture.client()?;
    let sandbox = Sandbox::new(&mut engine)?;
    let mut client = sandbox.connect()?;
    expect_equal("what others see", privileged(&engine), PRIVILEGED.to_vec())?;
    expect_equal("what it sees", privileged(&client), vec![])?;
    client.open(Window::new("inside", 100, 80).content(Content::Pattern(1)))?;
    let expected = fixture.empty().with(&Picture::pattern(100, 80, 1), 110, 80);
    fixture.viewer()?.wait_for_picture(soon(), &expected)?;

    // Who guesses a number gets nothing either.
    let mut offered = engine.advertised().iter();
    let manager = offered.find(|it| it.interface == "wp_security_context_manager_v1");
    let number = manager.map_or(0, |global| global.name);
    let handle = client.queue_handle();
    client
        .registry()
        .bind::<WpSecurityContextManagerV1, _, _>(number, 1, &handle, Own::default());
    client.expect_protocol_error(soon()).map(drop)
}

#[test]
fn the_socket_of_a_sandbox_ends_with_it() -> Result {
    let fixture = Fixture::new()?;
    let mut engine = fixture.client()?;
    let sandbox = Sandbox::new(&mut engine)?;
    let mut client = sandbox.connect()?;
    // It does not matter whether who made it is still there.
    drop(engine);
    sandbox.connect()?;
    let Sandbox { close, path, _dir } = sandbox;
    drop(close);
    let deadline = soon();
    loop {
        match UnixStream::connect(&path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => break,
            Err(error) => return Err(error.into()),
            Ok(_) if Instant::now() >= deadline => {
                return Err(Error::other("the socket is still served"));
            }
            Ok(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    // Who has come in stays.
    client.roundtrip()
}

#[test]
fn a_sandbox_leaves_half_of_the_places_to_others() -> Result {
    let mut config = config(WIDTH, HEIGHT);
    config.limits.clients = 8;
    let fixture = Fixture::start(config)?;
    let mut engine = fixture.client()?;
    let sandbox = Sandbox::new(&mut engine)?;
    let mut inside = Vec::new();
    while let Ok(client) = sandbox.connect() {
        inside.push(client);
        assert!(inside.len() < 100);
    }
    expect_equal("the clients inside", inside.len(), 4)?;
    let _others = [fixture.client()?, fixture.client()?, fixture.client()?];
    expect_equal("one more", fixture.client().is_err(), true)?;
    // Who goes makes room.
    drop(inside.pop());
    fixture.settle()?;
    let deadline = soon();
    while sandbox.connect().is_err() {
        assert!(Instant::now() < deadline, "there is room");
    }
    Ok(())
}
