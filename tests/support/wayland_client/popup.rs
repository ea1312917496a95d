use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, delegate_noop};
use wayland_protocols::xdg::shell::client::xdg_popup::{self, XdgPopup};
use wayland_protocols::xdg::shell::client::xdg_positioner::{
    Anchor, ConstraintAdjustment, Gravity, XdgPositioner,
};

use super::content::Content;
use super::surface::{Role, Surface};
use super::{Client, WaylandClient, required};
use crate::{Error, Result, soon};

/// Where a popup wants to be. The fields are those of xdg_positioner.
#[derive(Clone, Copy, Debug)]
pub struct Positioner {
    /// Width and height of the popup.
    pub size: (i32, i32),
    /// The rectangle of the parent it belongs to: x, y, width, height.
    pub anchor_rect: (i32, i32, i32, i32),
    /// The point of that rectangle where it is anchored.
    pub anchor: Anchor,
    /// The way it grows from there.
    pub gravity: Gravity,
    /// What may be done if it does not fit.
    pub adjustment: ConstraintAdjustment,
    /// By how much it is moved from there.
    pub offset: (i32, i32),
    /// It is placed anew when something about it changes.
    pub reactive: bool,
}

impl Positioner {
    /// A popup of this size with its upper left corner at the lower left one of the rectangle
    /// (x, y, width, height) of its parent: a menu below its button. Nothing may be adjusted.
    pub fn below(anchor_rect: (i32, i32, i32, i32), width: i32, height: i32) -> Self {
        Self {
            size: (width, height),
            anchor_rect,
            anchor: Anchor::BottomLeft,
            gravity: Gravity::BottomRight,
            adjustment: ConstraintAdjustment::empty(),
            offset: (0, 0),
            reactive: false,
        }
    }
}

/// A configuration of a popup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its left edge in the parent's window geometry.
    pub x: i32,
    /// Its upper edge in the parent's window geometry.
    pub y: i32,
    /// Its width.
    pub width: i32,
    /// Its height.
    pub height: i32,
    /// The token of the repositioning that this answers.
    pub token: Option<u32>,
}

impl WaylandClient {
    /// Opens a popup of a window, a panel or another popup. Waits until it is configured, and then drawn
    /// with `content`, or until it is dismissed.
    pub fn open_popup(
        &mut self,
        parent: Surface,
        positioner: &Positioner,
        content: impl Into<Content>,
    ) -> Result<Surface> {
        self.create_popup(parent, positioner, content.into(), false)
    }

    /// Opens a popup that grabs the input, with the serial of the last input event. See
    /// [`WaylandClient::open_popup`].
    pub fn open_grabbing_popup(
        &mut self,
        parent: Surface,
        positioner: &Positioner,
        content: impl Into<Content>,
    ) -> Result<Surface> {
        self.create_popup(parent, positioner, content.into(), true)
    }

    fn create_popup(
        &mut self,
        parent: Surface,
        positioner: &Positioner,
        content: Content,
        grab: bool,
    ) -> Result<Surface> {
        let wm_base = required(&self.client.globals.wm_base, "xdg_wm_base")?;
        let (above, panel) = match &self.client.surfaces[parent.0].role {
            Role::Toplevel(above, _) | Role::Popup(above, _) => (Some(above.clone()), None),
            Role::Panel(panel) => (None, Some(panel.clone())),
            _ => return Err(Error::other("this surface has no popups")),
        };
        let id = self.create_surface(positioner.size.0, positioner.size.1)?;
        let handle = self.queue.handle();
        let position = self.create_positioner(positioner)?;
        let xdg_surface = wm_base.get_xdg_surface(self.wl_surface(id), &handle, id);
        let popup = xdg_surface.get_popup(above.as_ref(), &position, &handle, id);
        position.destroy();
        if let Some(panel) = panel {
            panel.get_popup(&popup);
        }
        if grab {
            let seat = required(&self.client.globals.seat, "wl_seat")?;
            popup.grab(&seat, self.client.serial);
        }
        self.client.surfaces[id.0].role = Role::Popup(xdg_surface, popup);
        self.commit(id)?;
        self.dispatch_until(soon(), "the configuration of a popup", |client| {
            let popup = client.surface(id);
            popup.dismissed || !popup.placements.is_empty()
        })?;
        if !self.surface(id).dismissed {
            self.draw(id, content)?;
            self.roundtrip()?;
        }
        Ok(id)
    }

    /// Asks for another place of a popup; the answer is a [`Placement`] with this token.
    pub fn reposition(&mut self, popup: Surface, positioner: &Positioner, token: u32) -> Result {
        self.need_reposition()?;
        let position = self.create_positioner(positioner)?;
        let Role::Popup(_, popup) = &self.client.surfaces[popup.0].role else {
            return Err(Error::other("this surface is no popup"));
        };
        popup.reposition(&position, token);
        position.destroy();
        self.flush()
    }

    /// Popups can be placed anew since version 3.
    fn need_reposition(&self) -> Result {
        match required(&self.client.globals.wm_base, "xdg_wm_base")?.version() {
            0..3 => Err(Error::other(
                "the compositor's xdg_wm_base places no popup anew",
            )),
            _ => Ok(()),
        }
    }

    fn create_positioner(&self, wanted: &Positioner) -> Result<XdgPositioner> {
        let wm_base = required(&self.client.globals.wm_base, "xdg_wm_base")?;
        let positioner = wm_base.create_positioner(&self.queue.handle(), ());
        let (x, y, width, height) = wanted.anchor_rect;
        positioner.set_size(wanted.size.0, wanted.size.1);
        positioner.set_anchor_rect(x, y, width, height);
        positioner.set_anchor(wanted.anchor);
        positioner.set_gravity(wanted.gravity);
        positioner.set_constraint_adjustment(wanted.adjustment);
        positioner.set_offset(wanted.offset.0, wanted.offset.1);
        if wanted.reactive {
            self.need_reposition()?;
            positioner.set_reactive();
        }
        Ok(positioner)
    }
}

impl Dispatch<XdgPopup, Surface> for Client {
    fn event(
        client: &mut Self,
        _: &XdgPopup,
        event: xdg_popup::Event,
        surface: &Surface,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        client.note(&event);
        let state = &mut client.surfaces[surface.0];
        match event {
            // The token of a repositioning comes first.
            xdg_popup::Event::Configure {
                x,
                y,
                width,
                height,
            } => {
                let token = state
                    .pending_placement
                    .and_then(|placement| placement.token);
                state.pending_placement = Some(Placement {
                    x,
                    y,
                    width,
                    height,
                    token,
                });
            }
            xdg_popup::Event::Repositioned { token } => {
                let empty = Placement {
                    x: 0,
                    y: 0,
                    width: 0,
                    height: 0,
                    token: None,
                };
                let placement = state.pending_placement.unwrap_or(empty);
                state.pending_placement = Some(Placement {
                    token: Some(token),
                    ..placement
                });
            }
            xdg_popup::Event::PopupDone => state.dismissed = true,
            _ => {}
        }
    }
}

delegate_noop!(Client: XdgPositioner);
