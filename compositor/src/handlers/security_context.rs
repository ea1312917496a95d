//! wp_security_context_manager_v1 (staging, version 1). Not smithay's: there a socket that cannot
//! accept ends the session, and one where many connect holds up everybody else.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use smithay::reexports::wayland_protocols::wp::security_context::v1::server::wp_security_context_manager_v1::{
    self, WpSecurityContextManagerV1,
};
use smithay::reexports::wayland_protocols::wp::security_context::v1::server::wp_security_context_v1::{
    self, WpSecurityContextV1,
};
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource,
};

use crate::clients::sandbox::is_listening;
use crate::clients::socket::is_trusted;
use crate::lock::lock;
use crate::state::Offing;

/// A context that may not have been committed yet.
pub(crate) struct Context(Mutex<Option<Pending>>);

struct Pending {
    listen: OwnedFd,
    close: OwnedFd,
    /// What was told of the sandbox; each is told once.
    set: BTreeSet<&'static str>,
}

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, WpSecurityContextManagerV1, ()>(1, ());
}

impl GlobalDispatch<WpSecurityContextManagerV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        manager: New<WpSecurityContextManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(manager, ());
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<WpSecurityContextManagerV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        manager: &WpSecurityContextManagerV1,
        request: wp_security_context_manager_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let wp_security_context_manager_v1::Request::CreateListener {
            id,
            listen_fd,
            close_fd,
        } = request
        {
            let can_accept = is_listening(&listen_fd);
            let pending = Pending {
                listen: listen_fd,
                close: close_fd,
                set: BTreeSet::new(),
            };
            init.init(id, Context(Mutex::new(Some(pending))));
            if !can_accept {
                let error = wp_security_context_manager_v1::Error::InvalidListenFd;
                manager.post_error(error, "listen_fd is no Unix socket that listens");
            }
        }
    }
}

impl Dispatch<WpSecurityContextV1, Context> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        context: &WpSecurityContextV1,
        request: wp_security_context_v1::Request,
        data: &Context,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        // Which sandbox it is nobody here asks.
        let set = match request {
            wp_security_context_v1::Request::SetSandboxEngine { .. } => Some("sandbox engine"),
            wp_security_context_v1::Request::SetAppId { .. } => Some("app id"),
            wp_security_context_v1::Request::SetInstanceId { .. } => Some("instance id"),
            wp_security_context_v1::Request::Commit => None,
            _ => return,
        };
        let mut data = lock(&data.0);
        match (&mut *data, set) {
            (None, _) => {
                let error = wp_security_context_v1::Error::AlreadyUsed;
                context.post_error(error, "the context was committed already");
            }
            (Some(pending), Some(set)) => {
                if !pending.set.insert(set) {
                    let error = wp_security_context_v1::Error::AlreadySet;
                    context.post_error(error, format!("the {set} was set already"));
                }
            }
            (Some(_), None) => {
                if let Some(Pending { listen, close, .. }) = data.take() {
                    state.listen_for_sandbox(client, listen, close);
                }
            }
        }
    }
}
