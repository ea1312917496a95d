use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind as Io, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use wayland_client::backend::ObjectId;
use wayland_client::protocol::wl_data_device::{self, WlDataDevice};
use wayland_client::protocol::wl_data_device_manager::DndAction;
use wayland_client::protocol::wl_data_offer::{self, WlDataOffer};
use wayland_client::protocol::wl_data_source::{self, WlDataSource};
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, event_created_child};
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_device_v1::{
    self as primary_device, ZwpPrimarySelectionDeviceV1,
};
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_offer_v1::{
    self as primary_offer, ZwpPrimarySelectionOfferV1,
};
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_source_v1::{
    self as primary_source, ZwpPrimarySelectionSourceV1,
};

use super::surface::Surface;
use super::{Client, WaylandClient, pipe, required};
use crate::{Error, ErrorKind, Result, soon};

/// Which of the two clipboards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clipboard {
    /// What was copied on purpose (wl_data_device).
    Selection,
    /// What is marked (zwp_primary_selection).
    Primary,
}

/// What is known of a clipboard.
#[derive(Debug, Default)]
pub struct SelectionState {
    /// The MIME types on offer, if there is something. Told only to the client that has the
    /// keyboard.
    pub offered: Option<Vec<String>>,
    /// How often the compositor told what is on offer.
    pub changes: usize,
    /// The MIME types that this client was asked for.
    pub asked_for: Vec<String>,
    /// How often what this client offered was replaced by something else.
    pub cancelled: usize,
}

#[derive(Default)]
pub(super) struct Selections {
    data_device: Option<WlDataDevice>,
    primary_device: Option<ZwpPrimarySelectionDeviceV1>,
    selection: SelectionState,
    primary: SelectionState,
    selection_offer: Option<WlDataOffer>,
    primary_offer: Option<ZwpPrimarySelectionOfferV1>,
    /// What is dragged over a window.
    dragged: Option<WlDataOffer>,
    /// The MIME types of the offers, which come one by one.
    mime_types: HashMap<ObjectId, Vec<String>>,
    /// Nothing is given any more.
    keeps_pipes: bool,
    kept_pipes: Vec<OwnedFd>,
}

/// What a source has to give: MIME types and bytes.
type Data = Vec<(String, Vec<u8>)>;

impl WaylandClient {
    /// What is known of a clipboard.
    pub fn clipboard(&self, clipboard: Clipboard) -> &SelectionState {
        match clipboard {
            Clipboard::Selection => &self.client.selections.selection,
            Clipboard::Primary => &self.client.selections.primary,
        }
    }

    /// Copies: offers these bytes under these MIME types, with the serial of the last input event.
    pub fn copy(&mut self, clipboard: Clipboard, data: &[(&str, &[u8])]) -> Result {
        let data: Data = data
            .iter()
            .map(|(m, bytes)| ((*m).to_owned(), bytes.to_vec()))
            .collect();
        let mime_types: Vec<String> = data
            .iter()
            .map(|(mime_type, _)| mime_type.clone())
            .collect();
        let (handle, serial) = (self.queue.handle(), self.client.serial);
        let selections = &self.client.selections;
        match clipboard {
            Clipboard::Selection => {
                let manager = required(
                    &self.client.globals.data_device_manager,
                    "wl_data_device_manager",
                )?;
                let source = manager.create_data_source(&handle, data);
                mime_types
                    .into_iter()
                    .for_each(|mime_type| source.offer(mime_type));
                required(&selections.data_device, "wl_data_device")?
                    .set_selection(Some(&source), serial);
            }
            Clipboard::Primary => {
                let manager = required(
                    &self.client.globals.primary_selection_manager,
                    "zwp_primary_selection_device_manager_v1",
                )?;
                let source = manager.create_source(&handle, data);
                mime_types
                    .into_iter()
                    .for_each(|mime_type| source.offer(mime_type));
                required(
                    &selections.primary_device,
                    "zwp_primary_selection_device_v1",
                )?
                .set_selection(Some(&source), serial);
            }
        }
        self.flush()
    }

    /// Takes back what was copied, by whomever.
    pub fn clear(&mut self, clipboard: Clipboard) -> Result {
        let (selections, serial) = (&self.client.selections, self.client.serial);
        match clipboard {
            Clipboard::Selection => {
                required(&selections.data_device, "wl_data_device")?.set_selection(None, serial);
            }
            Clipboard::Primary => {
                let device = &selections.primary_device;
                required(device, "zwp_primary_selection_device_v1")?.set_selection(None, serial);
            }
        }
        self.flush()
    }

    /// Drags an icon, and nothing else, from a window on which a button has just been pressed.
    pub fn drag(&mut self, window: Surface, icon: Surface) -> Result {
        let device = required(&self.client.selections.data_device, "wl_data_device")?;
        device.start_drag(
            None,
            self.wl_surface(window),
            Some(self.wl_surface(icon)),
            self.client.serial,
        );
        self.flush()
    }

    /// Drags a text from a window on which a button has just been pressed.
    pub fn drag_text(&mut self, window: Surface, text: &str) -> Result {
        let manager = &self.client.globals.data_device_manager;
        let manager = required(manager, "wl_data_device_manager")?;
        let device = required(&self.client.selections.data_device, "wl_data_device")?;
        let data: Data = vec![("text/plain".to_owned(), text.as_bytes().to_vec())];
        let source = manager.create_data_source(&self.queue.handle(), data);
        source.offer("text/plain".to_owned());
        source.set_actions(DndAction::Copy);
        let (origin, serial) = (self.wl_surface(window), self.client.serial);
        device.start_drag(Some(&source), origin, None, serial);
        self.flush()
    }

    /// Pastes: asks for what is on offer under a MIME type, and waits for all of it.
    pub fn paste(&mut self, clipboard: Clipboard, mime_type: &str) -> Result<Vec<u8>> {
        let pipe = self.begin_paste(clipboard, mime_type)?;
        self.finish_paste(pipe)
            .map_err(|error| error.context(mime_type))
    }

    /// Asks for what is on offer under a MIME type. It can be read from the pipe.
    pub fn begin_paste(&mut self, clipboard: Clipboard, mime_type: &str) -> Result<File> {
        let (read, write) = pipe()?;
        let selections = &self.client.selections;
        let nothing = || Error::other(format!("nothing is on offer in {clipboard:?}"));
        match clipboard {
            Clipboard::Selection => {
                let offer = selections.selection_offer.as_ref().ok_or_else(nothing)?;
                offer.receive(mime_type.to_owned(), write.as_fd());
            }
            Clipboard::Primary => {
                let offer = selections.primary_offer.as_ref().ok_or_else(nothing)?;
                offer.receive(mime_type.to_owned(), write.as_fd());
            }
        }
        self.flush()?;
        // The end of the data is seen only when nobody can write.
        drop(write);
        Ok(read)
    }

    /// Waits for all that comes from a pipe of [`WaylandClient::begin_paste`].
    pub fn finish_paste(&mut self, mut read: File) -> Result<Vec<u8>> {
        let (mut data, mut chunk) = (Vec::new(), [0; 4096]);
        let deadline = soon();
        loop {
            match read.read(&mut chunk) {
                Ok(0) => return Ok(data),
                Ok(count) => data.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == Io::WouldBlock => {
                    if !self.dispatch(deadline, Some(read.as_fd()))? {
                        let message = format!("it stalled after {} bytes", data.len());
                        return Err(Error::new(ErrorKind::Stalled, message));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Copies as [`WaylandClient::copy`] does, but gives nothing to those who ask: their pipes are
    /// [kept](WaylandClient::kept_pipes).
    pub fn copy_in_vain(&mut self, clipboard: Clipboard, mime_type: &str) -> Result {
        self.client.selections.keeps_pipes = true;
        self.copy(clipboard, &[(mime_type, &[])])
    }

    /// The pipes of those who wait for what is not given.
    pub fn kept_pipes(&self) -> &[OwnedFd] {
        &self.client.selections.kept_pipes
    }

    /// Gets the devices of both clipboards, as far as they are offered.
    pub(super) fn open_selections(&mut self) {
        let handle = self.queue.handle();
        let Client {
            globals,
            selections,
            ..
        } = &mut self.client;
        let Some(seat) = &globals.seat else { return };
        selections.data_device = globals
            .data_device_manager
            .as_ref()
            .map(|manager| manager.get_data_device(seat, &handle, ()));
        selections.primary_device = globals
            .primary_selection_manager
            .as_ref()
            .map(|manager| manager.get_device(seat, &handle, ()));
    }
}

impl Dispatch<WlDataDevice, ()> for Client {
    fn event(
        client: &mut Self,
        _: &WlDataDevice,
        event: wl_data_device::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let selections = &mut client.selections;
        match event {
            wl_data_device::Event::Selection { id } => {
                if let Some(old) = std::mem::replace(&mut selections.selection_offer, id.clone()) {
                    selections.mime_types.remove(&old.id());
                    old.destroy();
                }
                let offered = id.map(|offer| selections.mime_types_of(offer.id()));
                selections.selection.offered = offered;
                selections.selection.changes += 1;
            }
            wl_data_device::Event::Enter { serial, id, .. } => {
                selections.forget_dragged();
                if let Some(offer) = &id {
                    let first = selections.mime_types_of(offer.id()).into_iter().next();
                    offer.accept(serial, first);
                    offer.set_actions(DndAction::Copy, DndAction::Copy);
                }
                selections.dragged = id;
            }
            // What is dropped is not looked at.
            wl_data_device::Event::Leave | wl_data_device::Event::Drop => {
                selections.forget_dragged();
            }
            _ => {}
        }
    }

    event_created_child!(Client, WlDataDevice, [
        wl_data_device::EVT_DATA_OFFER_OPCODE => (WlDataOffer, ()),
    ]);
}

impl Dispatch<ZwpPrimarySelectionDeviceV1, ()> for Client {
    fn event(
        client: &mut Self,
        _: &ZwpPrimarySelectionDeviceV1,
        event: primary_device::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        if let primary_device::Event::Selection { id } = event {
            let selections = &mut client.selections;
            if let Some(old) = std::mem::replace(&mut selections.primary_offer, id.clone()) {
                selections.mime_types.remove(&old.id());
                old.destroy();
            }
            let offered = id.map(|offer| selections.mime_types_of(offer.id()));
            selections.primary.offered = offered;
            selections.primary.changes += 1;
        }
    }

    event_created_child!(Client, ZwpPrimarySelectionDeviceV1, [
        primary_device::EVT_DATA_OFFER_OPCODE => (ZwpPrimarySelectionOfferV1, ()),
    ]);
}

impl Selections {
    /// Gives the data of a MIME type to whoever asked, in a thread of its own: a pipe holds little,
    /// and its reader may be this thread.
    fn give(&mut self, data: &Data, mime_type: &str, fd: OwnedFd) {
        if self.keeps_pipes {
            return self.kept_pipes.push(fd);
        }
        let found = data.iter().find(|(offered, _)| offered == mime_type);
        let bytes = found.map(|(_, bytes)| bytes.clone()).unwrap_or_default();
        // A reader that hangs up early wants no more.
        std::thread::spawn(move || File::from(fd).write_all(&bytes));
    }

    fn forget_dragged(&mut self) {
        if let Some(old) = self.dragged.take() {
            self.mime_types.remove(&old.id());
            old.destroy();
        }
    }

    fn mime_types_of(&self, offer: ObjectId) -> Vec<String> {
        self.mime_types.get(&offer).cloned().unwrap_or_default()
    }
}

impl Dispatch<WlDataOffer, ()> for Client {
    fn event(
        client: &mut Self,
        offer: &WlDataOffer,
        event: wl_data_offer::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_data_offer::Event::Offer { mime_type } = event {
            client
                .selections
                .mime_types
                .entry(offer.id())
                .or_default()
                .push(mime_type);
        }
    }
}

impl Dispatch<ZwpPrimarySelectionOfferV1, ()> for Client {
    fn event(
        client: &mut Self,
        offer: &ZwpPrimarySelectionOfferV1,
        event: primary_offer::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let primary_offer::Event::Offer { mime_type } = event {
            client
                .selections
                .mime_types
                .entry(offer.id())
                .or_default()
                .push(mime_type);
        }
    }
}

impl Dispatch<WlDataSource, Data> for Client {
    fn event(
        client: &mut Self,
        source: &WlDataSource,
        event: wl_data_source::Event,
        data: &Data,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        match event {
            wl_data_source::Event::Send { mime_type, fd } => {
                client.selections.give(data, &mime_type, fd);
                client.selections.selection.asked_for.push(mime_type);
            }
            wl_data_source::Event::Cancelled => {
                source.destroy();
                client.selections.selection.cancelled += 1;
            }
            wl_data_source::Event::DndFinished => source.destroy(),
            _ => {}
        }
    }
}

impl Dispatch<ZwpPrimarySelectionSourceV1, Data> for Client {
    fn event(
        client: &mut Self,
        source: &ZwpPrimarySelectionSourceV1,
        event: primary_source::Event,
        data: &Data,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        match event {
            primary_source::Event::Send { mime_type, fd } => {
                client.selections.give(data, &mime_type, fd);
                client.selections.primary.asked_for.push(mime_type);
            }
            primary_source::Event::Cancelled => {
                source.destroy();
                client.selections.primary.cancelled += 1;
            }
            _ => {}
        }
    }
}
