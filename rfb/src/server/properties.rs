//! What can be asked and changed at any time.

use super::{Server, ServerState, ViewerId};
use crate::encoding::Encoding;
use crate::frame::Frame;
use crate::geometry::Size;
use crate::session::Session;

impl Server {
    /// The desktop's name, which viewers show in their title.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the desktop another name, also for viewers that can be told.
    pub fn set_name(&mut self, name: &str) {
        self.name = name.to_owned();
        self.each(|session| session.set_name(name));
    }

    /// The password of those who may do everything.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Sets the password for who connects from now on; an empty one is none. Only its
    /// first eight bytes count. Without any password everyone is let in. If it
    /// changes, who is logging in is sent away, and who is in stays.
    pub fn set_password(&mut self, password: Option<&str>) {
        let before = std::mem::replace(&mut self.password, some(password));
        if before != self.password {
            self.disconnect_strangers();
        }
    }

    /// The password of those who may only look.
    pub fn view_only_password(&self) -> Option<&str> {
        self.view_only_password.as_deref()
    }

    /// Sets the password with which one may only look, as
    /// [`set_password`](Self::set_password) does. If it is the only one, nobody may
    /// do more.
    pub fn set_view_only_password(&mut self, password: Option<&str>) {
        let before = std::mem::replace(&mut self.view_only_password, some(password));
        if before != self.view_only_password {
            self.disconnect_strangers();
        }
    }

    /// Forgets who has not joined: it may have been accepted by another password.
    fn disconnect_strangers(&mut self) {
        self.viewers.retain(|_, viewer| viewer.has_joined);
    }

    /// The encodings of pixels to use, the best first.
    pub fn encodings(&self) -> &[Encoding] {
        &self.encodings
    }

    /// Sets the encodings to use for who connects from now on, the best first (see
    /// [`Config::encodings`](crate::Config::encodings)). An empty list, as it is at
    /// the start, leaves the choice to each viewer.
    pub fn set_encodings(&mut self, encodings: &[Encoding]) {
        self.encodings = encodings.to_vec();
    }

    /// Whether viewers may connect, as they may from the start.
    pub fn is_connection_enabled(&self) -> bool {
        self.is_connection_enabled
    }

    /// Lets viewers connect, or sends all away and takes no new ones.
    pub fn set_connection_enabled(&mut self, is_enabled: bool) {
        self.is_connection_enabled = is_enabled;
        if !is_enabled {
            for id in self.viewers.keys().copied().collect::<Vec<_>>() {
                self.remove(id);
            }
        }
        self.tell_state();
    }

    /// Whether viewers have an effect, as they have from the start.
    pub fn is_input_enabled(&self) -> bool {
        self.is_input_enabled
    }

    /// Heeds the keys, pointers, clipboards and wishes for another size of viewers,
    /// or drops them. With that, what viewers hold down is released.
    pub fn set_input_enabled(&mut self, is_enabled: bool) {
        self.is_input_enabled = is_enabled;
        if !is_enabled {
            for (id, viewer) in &mut self.viewers {
                self.events.extend(viewer.input.release(*id));
            }
        }
    }

    /// What the server is doing.
    pub fn state(&self) -> ServerState {
        if !self.is_connection_enabled {
            ServerState::NotStarted
        } else if self.viewers().next().is_some() {
            ServerState::Connected
        } else {
            self.listener
        }
    }

    /// The port that was announced.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The picture.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The picture's size.
    pub fn size(&self) -> Size {
        self.frame.size()
    }

    /// The viewers that have logged in, and what is known of each.
    pub fn viewers(&self) -> impl Iterator<Item = (ViewerId, &Session)> {
        let joined = self.viewers.iter().filter(|(_, viewer)| viewer.has_joined);
        joined.map(|(id, viewer)| (*id, &viewer.session))
    }
}

/// A password, unless it is empty.
fn some(password: Option<&str>) -> Option<String> {
    password.filter(|text| !text.is_empty()).map(str::to_owned)
}
