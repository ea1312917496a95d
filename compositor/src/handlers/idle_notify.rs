//! ext_idle_notifier_v1 (staging, version 2). smithay 0.7 arms a timer for each notification anew
//! with each input; see `input::idle` for ours.

use std::time::Duration;

use smithay::reexports::wayland_protocols::ext::idle_notify::v1::server::ext_idle_notification_v1::{
    self, ExtIdleNotificationV1,
};
use smithay::reexports::wayland_protocols::ext::idle_notify::v1::server::ext_idle_notifier_v1::{
    ExtIdleNotifierV1, Request,
};
use smithay::reexports::wayland_server::backend::ClientId;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New,
};

use crate::clients::devices::Device;
use crate::input::idle::Heeds;
use crate::state::Offing;

/// Offers the protocol.
pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ExtIdleNotifierV1, ()>(2, ());
}

impl GlobalDispatch<ExtIdleNotifierV1, ()> for Offing {
    fn bind(
        _state: &mut Self,
        _display: &DisplayHandle,
        _client: &Client,
        notifier: New<ExtIdleNotifierV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(notifier, ());
    }
}

impl Dispatch<ExtIdleNotifierV1, ()> for Offing {
    fn request(
        state: &mut Self,
        client: &Client,
        _notifier: &ExtIdleNotifierV1,
        request: Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        let (id, timeout, heeds) = match request {
            Request::GetIdleNotification { id, timeout, .. } => {
                (id, timeout, Heeds::InputAndInhibitors)
            }
            Request::GetInputIdleNotification { id, timeout, .. } => (id, timeout, Heeds::Input),
            _ => return,
        };
        let notification = init.init(id, ());
        let timeout = Duration::from_millis(timeout.into());
        state.notify_when_idle(notification, timeout, heeds);
        state.device_made(client, Device::IdleNotification);
    }
}

impl Dispatch<ExtIdleNotificationV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _notification: &ExtIdleNotificationV1,
        _request: ext_idle_notification_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
    }

    fn destroyed(
        state: &mut Self,
        client: ClientId,
        notification: &ExtIdleNotificationV1,
        _data: &(),
    ) {
        state.device_destroyed(client, Device::IdleNotification);
        state.idle.forget_notification(notification);
    }
}
