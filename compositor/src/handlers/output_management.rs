//! zwlr_output_manager_v1 (wlr-output-management-unstable-v1, version 4): the screen is the one
//! head, and has the one mode that it is in; others are custom.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use smithay::reexports::wayland_protocols_wlr::output_management::v1::server::zwlr_output_configuration_head_v1::{
    self, ZwlrOutputConfigurationHeadV1,
};
use smithay::reexports::wayland_protocols_wlr::output_management::v1::server::zwlr_output_configuration_v1::{
    self, ZwlrOutputConfigurationV1,
};
use smithay::reexports::wayland_protocols_wlr::output_management::v1::server::zwlr_output_head_v1::{
    self, AdaptiveSyncState, ZwlrOutputHeadV1,
};
use smithay::reexports::wayland_protocols_wlr::output_management::v1::server::zwlr_output_manager_v1::{
    self, ZwlrOutputManagerV1,
};
use smithay::reexports::wayland_protocols_wlr::output_management::v1::server::zwlr_output_mode_v1::{
    self, ZwlrOutputModeV1,
};
use smithay::reexports::wayland_server::backend::{ClientId, InvalidId};
use smithay::reexports::wayland_server::protocol::wl_output::Transform;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, GlobalDispatch, New, Resource, WEnum,
};
use tracing::debug;

use crate::clients::devices::Device;
use crate::clients::socket::is_trusted;
use crate::lock::lock;
use crate::screen::{REFRESH, Wish};
use crate::state::Offing;

/// The version of modes is that of their manager, but no higher.
const MODE_VERSION: u32 = 3;

pub(super) fn offer(display: &DisplayHandle) {
    display.create_global::<Offing, ZwlrOutputManagerV1, ()>(4, ());
}

/// Those that clients have bound.
pub(crate) struct OutputManagers {
    managers: Vec<Managed>,
    /// Counts the screen's changes, from 1: programs take 0 for none yet.
    serial: u32,
}

impl Default for OutputManagers {
    fn default() -> Self {
        Self {
            managers: Vec::new(),
            serial: 1,
        }
    }
}

/// What a client was told of.
struct Managed {
    manager: ZwlrOutputManagerV1,
    head: ZwlrOutputHeadV1,
    mode: ZwlrOutputModeV1,
}

/// What a mode is, in pixels.
pub(crate) struct Mode {
    size: (i32, i32),
}

/// What is known of a configuration.
pub(crate) struct Configuration {
    serial: u32,
    /// None as long as its head is not mentioned.
    wish: Mutex<Option<Arc<Mutex<Wish>>>>,
    used: AtomicBool,
}

impl Offing {
    /// Tells those that manage outputs that the screen has another size.
    pub(crate) fn tell_output_managers(&mut self) {
        let serial = self.protocols.output_managers.serial.wrapping_add(1).max(1);
        self.protocols.output_managers.serial = serial;
        let mut managers = std::mem::take(&mut self.protocols.output_managers.managers);
        for Managed {
            manager,
            head,
            mode,
        } in &mut managers
        {
            mode.finished();
            // None for a client that is gone, or that has released the head.
            if let Ok(new) = self.introduce_mode(head) {
                *mode = new;
            }
            manager.done(serial);
        }
        self.protocols.output_managers.managers = managers;
    }

    /// Tells of a head all that there is to know.
    fn introduce_head(&self, manager: &ZwlrOutputManagerV1) -> Result<Managed, InvalidId> {
        let client = manager.client().ok_or(InvalidId)?;
        let display = &self.display;
        let head =
            client.create_resource::<ZwlrOutputHeadV1, _, Self>(display, manager.version(), ())?;
        manager.head(&head);
        let output = self.screen.output();
        head.name(output.name());
        head.description(output.description());
        if head.version() >= zwlr_output_head_v1::EVT_MAKE_SINCE {
            let properties = output.physical_properties();
            head.make(properties.make);
            head.model(properties.model);
        }
        head.enabled(1);
        let mode = self.introduce_mode(&head)?;
        head.position(0, 0);
        head.transform(Transform::Normal);
        head.scale(self.screen.scale());
        if head.version() >= zwlr_output_head_v1::EVT_ADAPTIVE_SYNC_SINCE {
            head.adaptive_sync(AdaptiveSyncState::Disabled);
        }
        manager.done(self.protocols.output_managers.serial);
        Ok(Managed {
            manager: manager.clone(),
            head,
            mode,
        })
    }

    /// Tells a head's mode, which is current.
    fn introduce_mode(&self, head: &ZwlrOutputHeadV1) -> Result<ZwlrOutputModeV1, InvalidId> {
        let client = head.client().filter(|_| head.is_alive()).ok_or(InvalidId)?;
        let size = self.screen.size();
        let size = (i32::from(size.width), i32::from(size.height));
        let version = head.version().min(MODE_VERSION);
        let display = &self.display;
        let mode = client.create_resource::<_, _, Self>(display, version, Mode { size })?;
        self.objects_given(&client, 1);
        head.mode(&mode);
        mode.size(size.0, size.1);
        mode.refresh(REFRESH);
        mode.preferred();
        head.current_mode(&mode);
        Ok(mode)
    }
}

impl GlobalDispatch<ZwlrOutputManagerV1, ()> for Offing {
    fn bind(
        state: &mut Self,
        _display: &DisplayHandle,
        client: &Client,
        manager: New<ZwlrOutputManagerV1>,
        _data: &(),
        init: &mut DataInit<'_, Self>,
    ) {
        let manager = init.init(manager, ());
        // A client that is gone needs to know of nothing.
        if let Ok(managed) = state.introduce_head(&manager) {
            state.protocols.output_managers.managers.push(managed);
        }
        state.device_made(client, Device::OutputManager);
    }

    fn can_view(client: Client, _data: &()) -> bool {
        is_trusted(&client)
    }
}

impl Dispatch<ZwlrOutputManagerV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        manager: &ZwlrOutputManagerV1,
        request: zwlr_output_manager_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        use zwlr_output_manager_v1::Request;
        match request {
            Request::CreateConfiguration { id, serial } => {
                let configuration = Configuration {
                    serial,
                    wish: Mutex::new(None),
                    used: AtomicBool::new(false),
                };
                init.init(id, configuration);
            }
            Request::Stop => manager.finished(),
            _ => {}
        }
    }

    fn destroyed(state: &mut Self, client: ClientId, manager: &ZwlrOutputManagerV1, _data: &()) {
        let managers = &mut state.protocols.output_managers.managers;
        managers.retain(|managed| managed.manager != *manager);
        state.device_destroyed(client, Device::OutputManager);
    }
}

impl Dispatch<ZwlrOutputHeadV1, ()> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _head: &ZwlrOutputHeadV1,
        _request: zwlr_output_head_v1::Request,
        _data: &(),
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
    }
}

impl Dispatch<ZwlrOutputModeV1, Mode> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        _mode: &ZwlrOutputModeV1,
        _request: zwlr_output_mode_v1::Request,
        _data: &Mode,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
    }
}

impl Dispatch<ZwlrOutputConfigurationV1, Configuration> for Offing {
    fn request(
        state: &mut Self,
        _client: &Client,
        configuration: &ZwlrOutputConfigurationV1,
        request: zwlr_output_configuration_v1::Request,
        data: &Configuration,
        _display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        use zwlr_output_configuration_v1::{Error, Request};
        let is_used = data.used.load(Relaxed);
        let mention = |wish: Wish| {
            let wish = Arc::new(Mutex::new(wish));
            let before = lock(&data.wish).replace(wish.clone());
            if is_used {
                configuration.post_error(Error::AlreadyUsed, "it was applied or tested");
            } else if before.is_some() {
                configuration.post_error(Error::AlreadyConfiguredHead, "a head is named once");
            }
            wish
        };
        match request {
            Request::EnableHead { id, .. } => {
                init.init(id, mention(Wish::default()));
            }
            Request::DisableHead { .. } => {
                mention(Wish {
                    off: true,
                    ..Wish::default()
                });
            }
            Request::Apply if !is_used => state.configure_output(configuration, data, true),
            Request::Test if !is_used => state.configure_output(configuration, data, false),
            Request::Apply | Request::Test => {
                configuration.post_error(Error::AlreadyUsed, "it was applied or tested");
            }
            _ => {}
        }
    }
}

impl Offing {
    /// Applies a configuration, or says whether it could be applied.
    fn configure_output(
        &mut self,
        configuration: &ZwlrOutputConfigurationV1,
        data: &Configuration,
        apply: bool,
    ) {
        data.used.store(true, Relaxed);
        if data.serial != self.protocols.output_managers.serial {
            return configuration.cancelled();
        }
        let Some(wish) = lock(&data.wish).as_ref().map(|wish| *lock(wish)) else {
            let error = zwlr_output_configuration_v1::Error::UnconfiguredHead;
            return configuration.post_error(error, "it says nothing of the head");
        };
        let configuration = configuration.clone();
        let answer = move |granted| match granted {
            true => configuration.succeeded(),
            false => configuration.failed(),
        };
        match self.consider(&wish) {
            Ok(size) if apply && size != self.screen.size() => self.client_resizes(size, answer),
            Ok(_) => answer(true),
            Err(error) => {
                debug!("a client's wish is not granted: {error}");
                answer(false);
            }
        }
    }
}

impl Dispatch<ZwlrOutputConfigurationHeadV1, Arc<Mutex<Wish>>> for Offing {
    fn request(
        _state: &mut Self,
        _client: &Client,
        head: &ZwlrOutputConfigurationHeadV1,
        request: zwlr_output_configuration_head_v1::Request,
        wish: &Arc<Mutex<Wish>>,
        _display: &DisplayHandle,
        _init: &mut DataInit<'_, Self>,
    ) {
        use zwlr_output_configuration_head_v1::{Error, Request};
        let mut wish = lock(wish);
        let was_set = match request {
            Request::SetMode { mode } => {
                let size = mode.data::<Mode>().map(|mode| mode.size);
                std::mem::replace(&mut wish.size, size).is_some()
            }
            Request::SetCustomMode { width, height, .. } => {
                if width <= 0 || height <= 0 {
                    head.post_error(Error::InvalidCustomMode, "a mode has a size");
                }
                wish.size.replace((width, height)).is_some()
            }
            Request::SetPosition { x, y } => wish.position.replace((x, y)).is_some(),
            Request::SetTransform { transform } => {
                let WEnum::Value(transform) = transform else {
                    return head.post_error(Error::InvalidTransform, "no such transform");
                };
                wish.transform.replace(transform.into()).is_some()
            }
            Request::SetScale { scale } => {
                if scale <= 0.0 {
                    head.post_error(Error::InvalidScale, "a scale is positive");
                }
                wish.scale.replace(scale).is_some()
            }
            Request::SetAdaptiveSync { state } => {
                let WEnum::Value(state) = state else {
                    return head.post_error(Error::InvalidAdaptiveSyncState, "no such state");
                };
                let enabled = state == AdaptiveSyncState::Enabled;
                wish.adaptive_sync.replace(enabled).is_some()
            }
            _ => false,
        };
        if was_set {
            head.post_error(Error::AlreadySet, "each property is set once");
        }
    }
}
